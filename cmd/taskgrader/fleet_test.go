//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/fleet"
	"github.com/taskgrader/taskgrader/grader/reports"
)

// started is a taskgrader that runs beside the test.
type started struct {
	*exec.Cmd
	said  *counter
	ended chan error
}

// counter keeps what is written, and says how often a line of it matched.
type counter struct {
	listener
	seen chan struct{}
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.listener.Write(p)
	for range c.pattern.FindAll(p, -1) {
		select {
		case c.seen <- struct{}{}:
		default:
		}
	}
	return n, err
}

func start(t *testing.T, home, pattern string, args ...string) *started {
	t.Helper()
	s := &started{Cmd: exec.Command("taskgrader", args...), ended: make(chan error, 1),
		said: &counter{listener{pattern: regexp.MustCompile(pattern), found: make(chan struct{})},
			make(chan struct{}, 100)}}
	s.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home)
	s.Stdout, s.Stderr = io.Discard, s.said
	require.NoError(t, s.Start())
	go func() { s.ended <- s.Wait() }()
	t.Cleanup(func() {
		_ = s.Process.Kill()
		if t.Failed() {
			t.Logf("%v:\n%s", args, s.said.String())
		}
	})
	return s
}

// await waits until the pattern was said so many times more.
func (s *started) await(t *testing.T, times int) {
	t.Helper()
	for range times {
		select {
		case <-s.said.seen:
		case err := <-s.ended:
			require.Fail(t, "it ended", "%v\n%s", err, s.said.String())
		case <-time.After(5 * time.Minute):
			require.Fail(t, "never said", "%s", s.said.String())
		}
	}
}

// TestFleet: a class over three workers, of which one is killed and one is stopped, and whose own
// process is killed and started again, comes to what one machine comes to, to the byte.
func TestFleet(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	samples := filepath.Join(dir, "class")
	for _, name := range []string{"lesson", "no-expose", "typo", "missing-module", "localhost", "copy-all",
		"wrong-port", "no-dockerfile", "same-id", "no-ignore", "shell-form", "deaf"} {
		require.NoError(t, os.CopyFS(filepath.Join(samples, name), os.DirFS(filepath.Join("../../submissions", name))))
	}
	one, many := filepath.Join(dir, "one"), filepath.Join(dir, "many")
	common := []string{"class", samples, "--seed", "ab", "--out"}
	alone := start(t, home, "x", append(common, one, "--jobs", "2", "--quiet")...)
	require.NoError(t, <-alone.ended, "%s", alone.said)

	const at = "127.0.0.1:24228"
	var workers []*started
	for _, name := range []string{"lab-1", "lab-2", "lab-3"} {
		cmd := exec.Command("taskgrader", "workers", "token", "--at", at, name)
		cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+home)
		token, err := cmd.Output()
		require.NoError(t, err)
		workers = append(workers, start(t, home, "ready", "worker", "--jobs", "1", strings.TrimSpace(string(token))))
	}
	spread := append(common, many, "--fleet", "--jobs", "0", "--listen", at)
	first := start(t, home, `(?m)^\d+/12 `, spread...)
	first.await(t, 2)
	require.NoError(t, workers[0].Process.Kill())
	require.NoError(t, workers[1].Process.Signal(syscall.SIGSTOP))
	first.await(t, 2)
	require.NoError(t, first.Process.Kill())
	<-first.ended
	second := start(t, home, `(?m)^\d+/12 `, spread...)
	select {
	case err := <-second.ended:
		require.NoError(t, err, "%s", second.said)
	case <-time.After(10 * time.Minute):
		require.Fail(t, "it does not end", "%s", second.said)
	}
	require.NoError(t, workers[1].Process.Signal(syscall.SIGCONT))
	for _, w := range workers[1:] {
		require.NoError(t, w.Process.Signal(syscall.SIGTERM))
		<-w.ended
	}

	grades := func(dir string) string {
		text, err := os.ReadFile(reports.Dir(dir).Grades())
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, grades(one), grades(many))
	verdicts := func(dir string) map[string][]class.Verdict {
		c, err := reports.Dir(dir).Class()
		require.NoError(t, err)
		all := map[string][]class.Verdict{}
		for _, row := range c.Students {
			all[row.ID] = row.Checks
		}
		return all
	}
	assert.Empty(t, cmp.Diff(verdicts(one), verdicts(many)))
	assert.NoDirExists(t, reports.Dir(many).Queue())

	out, err := exec.Command("taskgrader", "clean").CombinedOutput() // what the killed worker left
	require.NoError(t, err, "%s", out)
	for _, w := range workers {
		label := "label=org.taskgrader.pid=" + strconv.Itoa(w.Process.Pid)
		for _, list := range [][]string{{"ps", "-aq"}, {"network", "ls", "-q"}} {
			left, err := exec.Command("docker", append(list, "--filter", label)...).Output()
			require.NoError(t, err)
			assert.Empty(t, string(bytes.TrimSpace(left)), "docker %v", list)
		}
	}
}

// TestBuildIdentity: what is equal is the program, not the text of its version.
func TestBuildIdentity(t *testing.T) {
	is := func(version, sum string, settings ...debug.BuildSetting) string {
		return builtFrom(&debug.BuildInfo{Main: debug.Module{Version: version, Sum: sum}, Settings: settings})
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123"}
	clean, dirty := debug.BuildSetting{Key: "vcs.modified", Value: "false"},
		debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	assert.Equal(t, "v1.2.3 h1:abc", is("v1.2.3", "h1:abc"))
	assert.Equal(t, "v1.2.3 0123456789abcdef", is("v1.2.3", "", revision, clean))
	assert.Empty(t, is("v1.2.3+dirty", "", revision, dirty))
	assert.Empty(t, is("(devel)", ""), "the file itself tells")
	built, err := build()
	require.NoError(t, err)
	assert.Regexp(t, ` sha256:[0-9a-f]{16}$`, built)
}

// TestListedWorkers: who has a token, who is there, and why one takes nothing.
func TestListedWorkers(t *testing.T) {
	there := []fleet.Machine{{Presence: fleet.Presence{Name: "lab-2", State: fleet.Refused, Why: "no\x1b[31m Docker",
		Slots: 2}},
		{Presence: fleet.Presence{Name: "here", State: fleet.Ready, Slots: 4, Busy: 3, Platform: "linux/amd64",
			Engine: "Docker 28"},
			Tally: fleet.Tally{Verdicts: 7, Agreed: 2}}}
	var b bytes.Buffer
	require.NoError(t, printWorkers(&b, members([]string{"lab-1", "lab-2"}, map[string]string{"lab-1": "removed"},
		there)))
	assert.Equal(t, `WORKER  STATE    IN HAND  VERDICTS  AGREED  DIFFERED  FAULTS  MACHINE
here    ready    3 of 4   7         2       0         0       linux/amd64, Docker 28
lab-1   away     0 of 0   0         0       0         0       
lab-2   refused  0 of 2   0         0       0         0       

lab-1 may not join: removed

lab-2 takes nothing: no␛[31m Docker
`, b.String())
}
