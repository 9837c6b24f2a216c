package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/engine/buildtrace"
)

// Started returns how the container came up.
func (c *container) Started() check.Started { return c.started }

// Listeners returns the sockets that wait for connections: read from the kernel where the
// container's process is one of this machine, else by a command inside.
func (c *container) Listeners(ctx context.Context) ([]check.Listener, bool, error) {
	if c.group != "" {
		v4, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", c.pid))
		v6, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp6", c.pid))
		if err == nil {
			return listeners(string(v4) + string(v6)), true, nil
		}
	}
	out, err := c.Exec(ctx, []string{"cat", "/proc/net/tcp", "/proc/net/tcp6"})
	if err != nil || out.NotFound || !strings.Contains(out.Stdout, "local_address") {
		return nil, false, err
	}
	return listeners(out.Stdout), true, nil
}

// listScript gives, for each process of the container but its own, its number and its environment:
// each text ends with a zero byte, and so does the whole. Of one that holds nothing it gives = and
// its length. Of a process that only its own user may look at, it gives that user and group
// instead.
const listScript = `for d in /proc/[0-9]*; do
[ "$d" = "/proc/$$" ] && continue
printf '%s\0' "$d"
if n=$(wc -c <"$d/environ" 2>/dev/null); then
if [ -z "$(tr -d '\0' <"$d/environ")" ]; then [ -n "$(tr -d '\0' <"$d/cmdline")" ] && printf '=%s' "$n"
else cat "$d/environ"; fi
else stat -c '?%u:%g' "$d" 2>/dev/null; fi
printf '\0\0'
done`

const listProgram = `import glob,os,sys
for d in glob.glob("/proc/[0-9]*"):
    if d=="/proc/%d"%os.getpid(): continue
    try:
        try: 
            e=open(d+"/environ","rb").read()
            if not e.strip(b"\0"): e=open(d+"/cmdline","rb").read() and b"=%d"%len(e)
        except PermissionError: s=os.stat(d); e=b"?%d:%d"%(s.st_uid,s.st_gid)
        sys.stdout.buffer.write(d.encode()+b"\0"+e+b"\0\0")
    except OSError: pass`

// Environments returns those of the processes inside: read from the kernel where they are processes
// of this machine and it lets them be read, else by a command inside.
func (c *container) Environments(ctx context.Context) ([]map[string]string, bool, error) {
	if found, ok := c.environmentsHere(); ok {
		return found, true, nil
	}
	asked := map[string]bool{}
	found := map[string]map[string]string{} // by process
	for users := []string{""}; len(users) > 0; users = users[1:] {
		others, err := c.environmentsAs(ctx, users[0], found)
		if err != nil {
			return nil, false, err
		}
		for _, other := range others {
			if !asked[other] {
				asked[other] = true
				users = append(users, other)
			}
		}
	}
	return slices.Collect(maps.Values(found)), len(found) > 0 || c.over.Load(), nil
}

func (c *container) environmentsHere() (all []map[string]string, ok bool) {
	if c.group == "" {
		return nil, false
	}
	processes, err := processesIn(c.group)
	if err != nil {
		return nil, false
	}
	over := false
	left := int64(mostEnvironment)
	for _, pid := range processes {
		text, err := readUpTo("/proc/"+pid+"/environ", left)
		left -= int64(len(text))
		if os.IsPermission(err) {
			return nil, false
		}
		switch {
		case err != nil || len(text) == 0 && !hasCommand(pid):
		case c.overwritten(len(text), strings.Trim(string(text), "\x00") == ""):
			over = true
		default:
			all = append(all, environment(string(text)))
		}
	}
	return all, over || len(all) > 0
}

// overwritten reports whether a process wrote nothing else over the memory where its variables
// stood, as some do to be called otherwise: it must once have had room for all that the container
// was started with, so that who drops them is seen to have dropped them.
func (c *container) overwritten(size int, empty bool) bool {
	if !empty || size == 0 {
		return false
	}
	given := map[string]string{}
	for _, variable := range c.image.Config.Env {
		name, value, _ := strings.Cut(variable, "=")
		given[name] = value
	}
	maps.Copy(given, c.env)
	need := 0
	for name, value := range given {
		need += len(name) + len("=") + len(value) + 1
	}
	return size >= need
}

// hasCommand reports whether a process lives: one that has ended, or that is the kernel's own, has
// no command any more.
func hasCommand(pid string) bool {
	text, err := readUpTo("/proc/"+pid+"/cmdline", 1)
	return err == nil && len(text) > 0
}

// mostEnvironment is how much of all environments is read, in bytes: a program may have a hundred
// processes with megabytes each.
const mostEnvironment = 8 << 20

func readUpTo(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// environmentsAs asks a shell, or Python where there is none, run as a user, or as the image's own.
// What it may not read belongs to others.
func (c *container) environmentsAs(ctx context.Context, user string,
	found map[string]map[string]string) (others []string, err error) {
	for _, command := range [][]string{{"sh", "-c", listScript}, {"python3", "-c", listProgram}} {
		out, err := c.exec(ctx, user, command)
		if err != nil {
			return nil, err
		}
		if out.ExitCode != 0 { // there is no such program
			continue
		}
		for _, block := range strings.Split(out.Stdout, "\x00\x00") {
			process, text, _ := strings.Cut(strings.TrimLeft(block, "\x00\n"), "\x00")
			if user, hidden := strings.CutPrefix(strings.TrimSpace(text), "?"); hidden {
				others = append(others, user)
			} else if size, empty := strings.CutPrefix(text, "="); empty {
				if n, _ := strconv.Atoi(size); !c.overwritten(n, true) {
					found[process] = map[string]string{}
				} else {
					c.over.Store(true)
				}
			} else if text != "" {
				found[process] = environment(text)
			}
		}
		return others, nil
	}
	return nil, nil
}

// environment reads variables that end with zero bytes.
func environment(text string) map[string]string {
	found := map[string]string{}
	for _, variable := range strings.Split(text, "\x00") {
		if name, value, ok := strings.Cut(variable, "="); ok {
			found[name] = value
		}
	}
	return found
}

// listeners reads the kernel's tables: addresses are hexadecimal, 32 bits at a time in the
// machine's byte order, and state 0A is LISTEN.
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
func (c *container) Exec(ctx context.Context, command []string) (check.Output, error) {
	return c.exec(ctx, "", command)
}

func (c *container) exec(ctx context.Context, user string, command []string) (check.Output, error) {
	limit := 10 * c.limits.HTTP.Timeout.Std()
	running, cancel := c.ownTime(ctx, limit)
	defer cancel()
	made, err := c.session.engine.api.ExecCreate(running, c.id, client.ExecCreateOptions{Cmd: command, User: user,
		AttachStdout: true, AttachStderr: true})
	if err != nil {
		return c.execError(ctx, err)
	}
	attached, err := c.session.engine.api.ExecAttach(running, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return c.execError(ctx, err)
	}
	defer attached.Close()
	stop := context.AfterFunc(running, func() { attached.Close() })
	defer stop()
	stdout, stderr := buildtrace.NewTail(tailBytes), buildtrace.NewTail(tailBytes)
	_, err = stdcopy.StdCopy(stdout, stderr, attached.Reader)
	out := check.Output{Stdout: stdout.String(), Stderr: stderr.String()}
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	var busy *errStarved
	switch {
	case errors.As(context.Cause(running), &busy):
		return out, busy
	case running.Err() != nil:
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

// execError returns no error when the container has ended meanwhile: that is not ours.
func (c *container) execError(ctx context.Context, err error) (check.Output, error) {
	if ended, endedErr := c.ended(ctx, false); endedErr == nil && ended != "" {
		return check.Output{ExitCode: -1, Stderr: ended}, nil
	}
	return check.Output{}, fmt.Errorf("running a command in the container: %w", err)
}

// logTime is what the engine may take to give the tail of a log.
const logTime = 20 * time.Second

// Logs returns the tail of what the program wrote. An engine that was just turning the log over has
// been seen to give it all and never to end its answer (Docker 28.5, json-file): what came in
// logTime counts.
func (c *container) Logs(ctx context.Context) (string, error) {
	reading, cancel := context.WithTimeout(ctx, logTime)
	defer cancel()
	logs, err := c.session.engine.api.ContainerLogs(reading, c.id, client.ContainerLogsOptions{ShowStdout: true,
		ShowStderr: true, Tail: "200"})
	if err != nil {
		return "", fmt.Errorf("reading the log: %w", err)
	}
	defer logs.Close()
	out := buildtrace.NewTail(tailBytes)
	_, err = stdcopy.StdCopy(out, out, logs)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return out.String(), nil
	}
	if err != nil {
		return out.String(), fmt.Errorf("reading the log: %w", err)
	}
	return out.String(), nil
}

// Stop sends the stop signal and waits.
func (c *container) Stop(ctx context.Context, within time.Duration) (check.Stopped, error) {
	signal := c.image.Config.StopSignal
	if signal == "" {
		signal = "SIGTERM"
	}
	wait := c.session.engine.api.ContainerWait(ctx, c.id, client.ContainerWaitOptions{Condition: "not-running"})
	gone := false
	kill := func(signal string) error {
		_, err := c.session.engine.api.ContainerKill(ctx, c.id, client.ContainerKillOptions{Signal: signal})
		if isNotFound(err) || errdefs.IsConflict(err) { // it has ended by itself
			gone = true
			return nil
		}
		return err
	}
	begun := time.Now()
	err := kill(signal)
	unsupported := err != nil && strings.Contains(err.Error(), "does not support signal") // from 26 on invalid, too
	// docker stop does the same with a signal that is none
	if !unsupported && errdefs.IsInvalidArgument(err) {
		signal = "SIGTERM"
		err = kill(signal)
	}
	s := check.Stopped{Signal: signal, Before: gone}
	switch {
	case unsupported:
		return s, kill("SIGKILL") // docker stop does the same
	case err != nil:
		return s, fmt.Errorf("sending %s: %w", signal, err)
	}
	// nothing else of the container is changed until it ends, which a program could see, and end by that
	stopping, cancel := c.ownTime(ctx, within)
	defer cancel()
	ending := time.NewTicker(pollTime) // the engine takes the network away before it tells of the end
	defer ending.Stop()
	for waiting := stopping; ; {
		select {
		case ended := <-wait.Result:
			s.InTime, s.Took, s.ExitCode = true, cmp.Or(s.Took, time.Since(begun)), int(ended.StatusCode)
			return s, nil
		case err := <-wait.Error:
			return s, fmt.Errorf("waiting for the container's end: %w", err)
		case <-ending.C:
			if lives, known := c.lives(); s.Took == 0 && known && !lives {
				s.Took = time.Since(begun)
			}
			continue
		case <-waiting.Done():
			waiting = ctx
		}
		// else it has ended, and the engine is late to say so
		if lives, known := c.lives(); ctx.Err() != nil || lives || !known {
			break
		}
	}
	var busy *errStarved
	switch {
	case ctx.Err() != nil:
		return s, ctx.Err()
	case errors.As(context.Cause(stopping), &busy):
		return s, busy
	}
	s.Took = time.Since(begun)
	if err := kill("SIGKILL"); err != nil {
		return s, fmt.Errorf("ending the container: %w", err)
	}
	return s, nil
}

// lives reports whether the first process is there still, where this machine's kernel knows.
func (c *container) lives() (lives, known bool) {
	if c.group == "" {
		return false, false
	}
	_, lives = groupOf(c.pid, c.id)
	return lives, true
}
