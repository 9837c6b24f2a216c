package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/engine/owner"
)

// victimVariable makes the test binary a process of its own that a test needs: one to be killed,
// one elsewhere, or one whose engine goes away.
const (
	victimVariable = "TASKGRADER_TEST_VICTIM"
	victimFolder   = "TASKGRADER_TEST_FOLDER"
)

// told is one line of what a victim says.
type told struct{ Step, Err, Failure, Fault string }

func beVictim(what string) {
	lines := bufio.NewScanner(os.Stdin)
	tell := func(t told) {
		_ = json.NewEncoder(os.Stdout).Encode(t)
		lines.Scan() // until the test has seen it
	}
	text := func(err error) string {
		if err != nil {
			return err.Error()
		}
		return ""
	}
	if what == "listen" {
		l, err := net.Listen("tcp", ":8000")
		if err != nil {
			os.Exit(1)
		}
		for {
			c, err := l.Accept()
			if err != nil {
				os.Exit(1)
			}
			c.Close()
		}
	}
	ctx := context.Background()
	e, err := Connect(ctx)
	if err != nil {
		tell(told{Step: "connect", Err: err.Error()})
		return
	}
	dir := os.Getenv(victimFolder)
	s, _ := e.Open(ctx, check.Job{ID: "victim", Dir: dir, Source: check.NewSource(os.DirFS(dir)), Limits: tight(),
		Port: 8000})
	if what == "build" {
		tell(told{Step: "building"})
	}
	b, err := s.Build(ctx)
	t := told{Step: "built", Err: text(err)}
	if b.Failure != nil {
		t.Failure = b.Failure.Message
	}
	tell(t)
	if b.Image != nil {
		up, err := s.Start(ctx, func() {})
		tell(told{Step: "started", Err: text(err), Fault: fmt.Sprint(up.Answered)})
		a, err := s.Do(ctx, check.Request{Method: "GET", Path: "/exit?3"})
		tell(told{Step: "asked", Err: text(err), Fault: a.Fault})
		_, err = s.Revive(ctx)
		tell(told{Step: "revived", Err: text(err)})
	}
	_ = s.Close()
	_ = e.Close()
}

// victim is such a process.
type victim struct {
	*exec.Cmd
	out *json.Decoder
	in  interface{ Write([]byte) (int, error) }
}

func startVictim(t *testing.T, what string, files map[string]string, env ...string) *victim {
	t.Helper()
	v := &victim{Cmd: exec.Command(os.Args[0])}
	v.Env = append(append(os.Environ(), victimVariable+"="+what, victimFolder+"="+folder(t, files)), env...)
	v.Stderr = os.Stderr
	out, err := v.StdoutPipe()
	require.NoError(t, err)
	v.out = json.NewDecoder(out)
	v.in, err = v.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, v.Start())
	t.Cleanup(func() {
		v.kill()
		_, err := tested.Sweep(context.Background())
		require.NoError(t, err)
	})
	return v
}

func (v *victim) kill() {
	_ = v.Process.Kill()
	_ = v.Wait()
}

// hears waits for the next step.
func (v *victim) hears(t *testing.T, step string) told {
	t.Helper()
	var line told
	require.NoError(t, v.out.Decode(&line))
	require.Equal(t, step, line.Step, "%+v", line)
	return line
}

// goOn lets it do the next.
func (v *victim) goOn(t *testing.T) {
	t.Helper()
	_, err := v.in.Write([]byte("\n"))
	require.NoError(t, err)
}

// things returns what there is of a process: containers, networks, images.
func things(t *testing.T, pid int) (all []string) {
	t.Helper()
	ctx := t.Context()
	mine := client.Filters{}.Add("label", fmt.Sprintf("%s=%d", owner.LabelPID, pid))
	containers, err := tested.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: mine})
	require.NoError(t, err)
	for range containers.Items {
		all = append(all, "container")
	}
	networks, err := tested.api.NetworkList(ctx, client.NetworkListOptions{Filters: mine})
	require.NoError(t, err)
	for range networks.Items {
		all = append(all, "network")
	}
	images, err := tested.listImages(ctx, client.ImageListOptions{})
	require.NoError(t, err)
	for _, image := range images {
		for _, tag := range image.RepoTags {
			if o, ok := owner.OfTag(tag); ok && o.PID == pid {
				all = append(all, "image")
			}
		}
	}
	return all
}

func TestWhatAKilledProcessLeft(t *testing.T) {
	slow := map[string]string{"Dockerfile": python + "RUN sleep 3 # " + unique() + "\n"}
	quick := map[string]string{"Dockerfile": hostileFile, "main.py": hostile}
	for _, c := range []struct {
		name, what string
		files      map[string]string
		until      []string
		leaves     []string
	}{
		{"while it built", "build", slow, []string{"building"}, nil},
		{"when it had built", "run", quick, []string{"built"}, []string{"image"}},
		{"while the program ran", "run", quick, []string{"built", "started"},
			[]string{"container", "network", "image"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := startVictim(t, c.what, c.files)
			for i, step := range c.until {
				if i > 0 {
					v.goOn(t)
				}
				require.Empty(t, v.hears(t, step).Err)
			}
			if c.what == "build" {
				v.goOn(t)
			}
			_, err := tested.Sweep(t.Context())
			require.NoError(t, err)
			if c.what == "run" {
				has := things(t, v.Process.Pid)
				// a network is made ahead of it, and may or may not be there yet
				if !slices.Contains(c.leaves, "container") {
					has = slices.DeleteFunc(has, func(thing string) bool { return thing == "network" })
				}
				// a network may have been made ahead for the next container
				require.Equal(t, c.leaves, slices.Compact(has), "what a living process has stays")
			}
			v.kill()
			require.Eventually(t, func() bool { // the engine may finish a build after its asker is gone
				_, err := tested.Sweep(t.Context())
				return err == nil && len(things(t, v.Process.Pid)) == 0
			}, soon, pollTime)
		})
	}
}

// cut stands between a client and the engine, and can be taken away: the engine itself goes on.
type cut struct {
	net.Listener
	conns chan net.Conn
}

func cutBetween(t *testing.T) (*cut, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "tg") // a socket's path must be short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	c := &cut{l, make(chan net.Conn, 1000)}
	to, ok := strings.CutPrefix(tested.api.DaemonHost(), "unix://")
	require.True(t, ok, "this test stands at the engine's unix socket")
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", to)
			if err != nil {
				in.Close()
				continue
			}
			c.conns <- in
			c.conns <- out
			go pipe(in, out)
			go pipe(out, in)
		}
	}()
	t.Cleanup(c.away)
	return c, "unix://" + socket
}

// pipe copies one direction, and ends it alone: what is attached to a command needs the other one.
func pipe(from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	_ = to.(*net.UnixConn).CloseWrite()
}

func (c *cut) away() {
	_ = c.Close()
	for {
		select {
		case conn := <-c.conns:
			_ = conn.Close()
		default:
			return
		}
	}
}

func TestTheEngineGoesAway(t *testing.T) {
	t.Run("in a build", func(t *testing.T) {
		between, host := cutBetween(t)
		v := startVictim(t, "build", map[string]string{"Dockerfile": python + "RUN sleep 20 # " + unique() + "\n"},
			"DOCKER_HOST="+host)
		v.hears(t, "building")
		v.goOn(t)
		require.Eventually(t, func() bool { return len(between.conns) >= 6 }, soon, pollTime,
			"the build and its session have connections")
		between.away()
		got := v.hears(t, "built")
		require.NotEmpty(t, got.Err, "it is ours")
		require.Empty(t, got.Failure)
	})
	t.Run("while the program runs", func(t *testing.T) {
		between, host := cutBetween(t)
		v := startVictim(t, "run", map[string]string{"Dockerfile": hostileFile, "main.py": hostile},
			"DOCKER_HOST="+host)
		require.Empty(t, v.hears(t, "built").Err)
		v.goOn(t)
		require.Equal(t, told{Step: "started", Fault: "true"}, v.hears(t, "started"))
		between.away()
		v.goOn(t)
		got := v.hears(t, "asked")
		require.NotEmpty(t, got.Err, "whether the program failed cannot be known")
		require.Empty(t, got.Fault)
		v.goOn(t)
		require.NotEmpty(t, v.hears(t, "revived").Err)
	})
}
