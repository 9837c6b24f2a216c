package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/taskgrader/taskgrader/grader/check"
)

// userAgent is that of the tool which students test with: a program shall not know that it is graded.
const (
	userAgent    = "curl/8.5.0"
	loopbackText = "127.0.0.1"
	tailBytes    = 64 << 10
)

var loopback = netip.MustParseAddr(loopbackText)

// client asks this container and nothing else, whatever name stands in a URL: no proxy, no redirects, no unpacking.
func (c *instance) client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
				_, port, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				n, err := strconv.Atoi(port)
				if err != nil {
					return nil, err
				}
				return c.dial(ctx, n)
			},
			DisableCompression: true, MaxIdleConnsPerHost: 64, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Do sends one request.
func (c *instance) Do(ctx context.Context, r check.Request) (check.Answer, error) {
	timeout := r.Timeout
	if timeout == 0 {
		timeout = c.limits.HTTP.Timeout.Std()
	}
	asking, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(asking, r.Method, "http://"+net.JoinHostPort(loopbackText, strconv.Itoa(c.started.Port))+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return check.Answer{}, fmt.Errorf("making a request: %w", err)
	}
	for name, values := range r.Header {
		request.Header[name] = values
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", userAgent)
	}
	begun := time.Now()
	answer := check.Answer{}
	response, err := c.http.Do(request)
	if err == nil {
		defer response.Body.Close()
		limit := int64(c.limits.HTTP.Body)
		answer.Status, answer.Header = response.StatusCode, response.Header
		answer.Body, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
		if int64(len(answer.Body)) > limit {
			answer.Body, answer.Truncated = answer.Body[:limit], true
		}
	}
	answer.Took = time.Since(begun)
	if ctx.Err() != nil {
		return check.Answer{}, ctx.Err()
	}
	if err != nil {
		answer.Fault = fault(err, timeout, answer.Status != 0)
		info, inspectErr := c.session.engine.api.ContainerInspect(ctx, c.id, client.ContainerInspectOptions{})
		if inspectErr != nil {
			return check.Answer{}, fmt.Errorf("inspecting the container: %w", inspectErr)
		}
		if state := info.Container.State; state != nil && !state.Running {
			answer.Exited = true
			answer.Fault = fmt.Sprintf("the program ended with exit code %d during the request", state.ExitCode)
			if state.OOMKilled || c.session.engine.oom.saw(c.id) {
				answer.Fault = fmt.Sprintf("the program was ended because it used more than %s of memory", c.limits.Run.Memory)
			}
		}
	}
	return answer, nil
}

// fault is why there was no whole answer, as a student reads it.
func fault(err error, timeout time.Duration, begun bool) string {
	var timedOut interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timedOut) && timedOut.Timeout():
		if begun {
			return fmt.Sprintf("the answer did not end within %s", timeout)
		}
		return fmt.Sprintf("no answer within %s", timeout)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case strings.Contains(err.Error(), "malformed HTTP"):
		return "the answer is not HTTP"
	case begun:
		return "the connection was closed in the middle of the answer"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), strings.Contains(err.Error(), "EOF"):
		return "the connection was closed without an answer"
	}
	return "no valid answer: " + err.Error()
}

// Started says how the container came up.
func (c *instance) Started() check.Started { return c.started }

// Listeners are the sockets that wait for connections: read from the kernel where the container's process is one of this
// machine, else by a command inside.
func (c *instance) Listeners(ctx context.Context) ([]check.Listener, bool, error) {
	info, err := c.session.engine.api.ContainerInspect(ctx, c.id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, false, fmt.Errorf("inspecting the container: %w", err)
	}
	state := info.Container.State
	if state == nil || !state.Running {
		return nil, false, nil
	}
	if c.address != "" {
		v4, err4 := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", state.Pid))
		v6, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp6", state.Pid))
		if err4 == nil && ofContainer(state.Pid, c.id) {
			return listeners(string(v4) + string(v6)), true, nil
		}
	}
	out, err := c.Exec(ctx, []string{"cat", "/proc/net/tcp", "/proc/net/tcp6"})
	if err != nil || out.NotFound || !strings.Contains(out.Stdout, "local_address") {
		return nil, false, err
	}
	return listeners(out.Stdout), true, nil
}

// ofContainer says whether the process of that number here is the container's: the engine may be on another machine.
func ofContainer(pid int, id string) bool {
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	return err == nil && strings.Contains(string(groups), id[:12])
}

// listeners reads the kernel's tables: addresses are hexadecimal, 32 bits at a time in the machine's byte order, and
// state 0A is LISTEN.
func listeners(table string) []check.Listener {
	var out []check.Listener
	for _, line := range strings.Split(table, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != "0A" {
			continue
		}
		address, port, ok := strings.Cut(fields[1], ":")
		n, err := strconv.ParseUint(port, 16, 16)
		if !ok || err != nil || len(address)%8 != 0 {
			continue
		}
		ip := make(net.IP, 0, 16)
		for i := 0; i < len(address); i += 8 {
			word, err := strconv.ParseUint(address[i:i+8], 16, 32)
			if err != nil {
				break
			}
			ip = append(ip, byte(word), byte(word>>8), byte(word>>16), byte(word>>24))
		}
		if text := ip.String(); text != dnsAddress {
			out = append(out, check.Listener{Address: text, Port: int(n)})
		}
	}
	return out
}

// Exec runs a command inside, for as long as the context and the run's limit on one request allow.
func (c *instance) Exec(ctx context.Context, command []string) (check.Output, error) {
	limit := 10 * c.limits.HTTP.Timeout.Std()
	running, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	made, err := c.session.engine.api.ExecCreate(running, c.id, client.ExecCreateOptions{Cmd: command, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return check.Output{}, c.execError(ctx, err)
	}
	attached, err := c.session.engine.api.ExecAttach(running, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return check.Output{}, c.execError(ctx, err)
	}
	defer attached.Close()
	stop := context.AfterFunc(running, func() { attached.Close() })
	defer stop()
	stdout, stderr := &tail{limit: tailBytes}, &tail{limit: tailBytes}
	_, err = stdcopy.StdCopy(stdout, stderr, attached.Reader)
	out := check.Output{Stdout: stdout.String(), Stderr: stderr.String()}
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	if running.Err() != nil {
		out.TimedOut = true
		return out, nil
	}
	if err != nil {
		return out, fmt.Errorf("reading the output of %q: %w", command[0], err)
	}
	ended, err := c.session.engine.api.ExecInspect(ctx, made.ID, client.ExecInspectOptions{})
	if err != nil {
		return out, fmt.Errorf("asking how %q ended: %w", command[0], err)
	}
	out.ExitCode = ended.ExitCode
	out.NotFound = ended.ExitCode == 126 || ended.ExitCode == 127
	return out, nil
}

// execError is nil when the container has ended meanwhile: that is not ours.
func (c *instance) execError(ctx context.Context, err error) error {
	info, inspectErr := c.session.engine.api.ContainerInspect(ctx, c.id, client.ContainerInspectOptions{})
	if inspectErr == nil && info.Container.State != nil && !info.Container.State.Running {
		return nil
	}
	return fmt.Errorf("running a command in the container: %w", err)
}

// Logs is the tail of what the program wrote.
func (c *instance) Logs(ctx context.Context) (string, error) {
	logs, err := c.session.engine.api.ContainerLogs(ctx, c.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: "200"})
	if err != nil {
		return "", fmt.Errorf("reading the log: %w", err)
	}
	defer logs.Close()
	out := &tail{limit: tailBytes}
	if _, err := stdcopy.StdCopy(out, out, logs); err != nil {
		return out.String(), fmt.Errorf("reading the log: %w", err)
	}
	return out.String(), nil
}

// Stop sends the stop signal and waits.
func (c *instance) Stop(ctx context.Context, within time.Duration) (check.Stopped, error) {
	signal := c.image.Config.StopSignal
	if signal == "" {
		signal = "SIGTERM"
	}
	wait := c.session.engine.api.ContainerWait(ctx, c.id, client.ContainerWaitOptions{Condition: "not-running"})
	begun := time.Now()
	if _, err := c.session.engine.api.ContainerKill(ctx, c.id, client.ContainerKillOptions{Signal: signal}); err != nil {
		return check.Stopped{}, fmt.Errorf("sending %s: %w", signal, err)
	}
	s := check.Stopped{Signal: signal}
	select {
	case ended := <-wait.Result:
		s.InTime, s.Took, s.ExitCode = true, time.Since(begun), int(ended.StatusCode)
		return s, nil
	case err := <-wait.Error:
		return s, fmt.Errorf("waiting for the container's end: %w", err)
	case <-ctx.Done():
		return s, ctx.Err()
	case <-time.After(within):
	}
	s.Took = time.Since(begun)
	if _, err := c.session.engine.api.ContainerKill(ctx, c.id, client.ContainerKillOptions{Signal: "SIGKILL"}); err != nil && !isNotFound(err) && !strings.Contains(err.Error(), "is not running") {
		return s, fmt.Errorf("ending the container: %w", err)
	}
	return s, nil
}
