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
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/moby/moby/client"

	"github.com/taskgrader/taskgrader/grader/check"
)

const (
	loopbackText = "127.0.0.1"
	tailBytes    = 64 << 10
)

// agents are the tool with which students test, as the systems have it that they use; the seed says
// which asks: a program shall not know that it is graded.
var agents = []string{"curl/7.81.0", "curl/7.88.1", "curl/8.5.0", "curl/8.7.1", "curl/8.14.1"}

var loopback = netip.MustParseAddr(loopbackText)

// route is how a port of the container is reached: from outside, or by a relay inside.
type route struct {
	port  int
	relay bool
}

// transport asks this container and nothing else, whatever name stands in a URL: no proxy, no
// unpacking. Its connections serve one request each, as those of curl do: a program that closes one
// when it likes costs nobody a point.
func (c *container) transport(w route) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			_, text, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			port, err := strconv.Atoi(text)
			if err != nil {
				return nil, err
			}
			return likeCurl(c.dial(ctx, route{port, w.relay}))
		},
		DisableCompression: true, MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: time.Second,
		MaxIdleConnsPerHost: 64,
	}
}

// ordered is a connection whose first request has its headers in the order in which curl sends them.
type ordered struct {
	net.Conn
	head []byte // which is held back until it is whole
	sent bool
}

func likeCurl(c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return &ordered{Conn: c}, nil
}

func (o *ordered) Write(p []byte) (int, error) {
	if o.sent {
		return o.Conn.Write(p)
	}
	o.head = append(o.head, p...)
	head, rest, whole := bytes.Cut(o.head, []byte("\r\n\r\n"))
	if !whole {
		return len(p), nil
	}
	o.sent = true
	lines := bytes.Split(head, []byte("\r\n"))
	slices.SortStableFunc(lines[1:], func(a, b []byte) int { return place(a) - place(b) })
	text := slices.Concat(bytes.Join(lines, []byte("\r\n")), []byte("\r\n\r\n"), rest)
	if _, err := o.Conn.Write(text); err != nil {
		return 0, err
	}
	o.head = nil
	return len(p), nil
}

// place returns where a header stands among those of curl: what -H adds is third from the end.
func place(header []byte) int {
	name, _, _ := bytes.Cut(header, []byte(":"))
	switch strings.ToLower(string(name)) {
	case "host":
		return 0
	case "user-agent":
		return 1
	case "accept":
		return 2
	case "content-length":
		return 4
	}
	return 3
}

// dial connects to a port of the container.
func (c *container) dial(ctx context.Context, w route) (net.Conn, error) {
	if w.relay {
		return c.dialInside(ctx, w.port)
	}
	to := c.published[w.port]
	if c.address != "" {
		to = net.JoinHostPort(c.address, strconv.Itoa(w.port))
	}
	if to == "" {
		return nil, syscall.ECONNREFUSED
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", to)
}

// send sends one request and hands on the answer, before its body is read. Redirects are answers.
func (c *container) send(r *http.Request, w route, answered func(*http.Response) error) error {
	if c.relay != nil && w.relay { // a relay costs a process inside, so its connections are kept
		return c.requested(c.relay, r, answered)
	}
	transport := c.transport(w)
	defer transport.CloseIdleConnections()
	return c.requested(transport, r, answered)
}

// requested returns send by a transport.
func (c *container) requested(transport *http.Transport, r *http.Request, answered func(*http.Response) error) error {
	for name, value := range map[string]string{"User-Agent": c.session.agent, "Accept": "*/*"} {
		if _, written := r.Header[name]; !written {
			r.Header.Set(name, value)
		}
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return answered(response)
}

func url(port int, path string) string {
	return "http://" + net.JoinHostPort(loopbackText, strconv.Itoa(port)) + path
}

// Do sends one request.
func (c *container) Do(ctx context.Context, r check.Request) (check.Answer, error) {
	return c.do(ctx, r, func(request *http.Request, answered func(*http.Response) error) error {
		return c.send(request, route{c.started.Port, c.started.Relayed}, answered)
	})
}

// do sends one request in the way that is given.
func (c *container) do(ctx context.Context, r check.Request,
	send func(*http.Request, func(*http.Response) error) error) (check.Answer, error) {
	timeout := r.Timeout
	if timeout == 0 {
		timeout = c.limits.HTTP.Timeout.Std()
	}
	asking, cancel := c.ownTime(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(asking, r.Method, url(c.started.Port, r.Path), bytes.NewReader(r.Body))
	if err != nil {
		return check.Answer{}, fmt.Errorf("making a request: %w", err)
	}
	for name, values := range r.Header {
		request.Header[name] = values
	}
	var meter *meter
	if r.Fair {
		meter = c.meter()
	}
	begun := time.Now()
	answer := check.Answer{}
	err = send(request, func(response *http.Response) error {
		limit := int64(c.limits.HTTP.Body)
		answer.Status, answer.Header = response.StatusCode, response.Header
		if response.StatusCode == http.StatusSwitchingProtocols {
			return nil // the connection is the caller's now: no time limit holds for it, and it holds no answer
		}
		var err error
		answer.Body, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
		if int64(len(answer.Body)) > limit {
			answer.Body, answer.Truncated = answer.Body[:limit], true
		}
		return err
	})
	answer.Took = time.Since(begun)
	if meter != nil {
		answer.Others = min(answer.Took, meter.starved())
		answer.Took -= answer.Others
	}
	var unreached *net.OpError
	before := errors.As(err, &unreached) && unreached.Op == "dial" // there was nobody to send it to
	var busy *errStarved
	switch {
	case ctx.Err() != nil:
		return check.Answer{}, ctx.Err()
	case errors.As(context.Cause(asking), &busy):
		return check.Answer{}, busy
	case err == nil:
		return answer, nil
	case timedOut(asking):
		err = context.DeadlineExceeded
	}
	answer.Fault = fault(err, timeout, answer.Status != 0)
	ended, err := c.ended(ctx, before)
	for range 20 { // the engine learns of an end a moment after the connection does
		if err != nil || ended != "" || timedOut(asking) {
			break
		}
		time.Sleep(pollTime)
		ended, err = c.ended(ctx, before)
	}
	switch {
	case err != nil:
		return check.Answer{}, err
	case ended != "":
		answer.Exited, answer.Fault = true, ended
	case c.session.engine.watch.ranOut(c.id):
		answer.Fault += fmt.Sprintf("; a process of the program was ended because it used more than %s of memory",
			c.limits.Run.Memory)
	}
	return answer, nil
}

// ended returns how the container ended, before a request or during it; it is empty while it runs.
// The error is ours.
func (c *container) ended(ctx context.Context, before bool) (string, error) {
	info, err := c.session.engine.api.ContainerInspect(ctx, c.id, client.ContainerInspectOptions{})
	if err != nil {
		return "", fmt.Errorf("inspecting the container: %w", err)
	}
	state := info.Container.State
	if state == nil || state.Running {
		return "", nil
	}
	if c.session.engine.watch.lostSince(c.begun) {
		return "", errors.New("the engine went away while the container ran")
	}
	switch {
	case c.wroteTooMuch() != "":
		return "the program was ended because " + c.wroteTooMuch(), nil
	case state.OOMKilled || c.session.engine.watch.ranOut(c.id):
		return fmt.Sprintf("the program was ended because it used more than %s of memory", c.limits.Run.Memory), nil
	}
	if before {
		return fmt.Sprintf("the program had ended before the request, with exit code %d", state.ExitCode), nil
	}
	return fmt.Sprintf("the program ended with exit code %d during the request", state.ExitCode), nil
}

// fault returns why there was no whole answer, as a student reads it.
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
	case strings.Contains(err.Error(), "server response headers exceeded"):
		return "the headers of the answer are too long"
	case begun:
		return "the connection was closed in the middle of the answer"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), strings.Contains(err.Error(), "EOF"):
		return "the connection was closed without an answer"
	}
	text := err.Error()
	return "no valid answer: " + strings.ToValidUTF8(text[:min(len(text), 300)], "")
}
