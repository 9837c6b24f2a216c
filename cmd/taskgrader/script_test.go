package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/taskgrader/taskgrader/grader/result"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"taskgrader": main, "dies": dies})
}

// TestScripts runs testdata/script: the promises of the command line, one file for each command or
// promise. Every script finds in its folder: right, a submission that is graded in a second, and
// tiny.yaml, its rubric.
func TestScripts(t *testing.T) {
	if out, err := exec.Command("docker", "version").CombinedOutput(); err != nil {
		t.Fatalf("these tests need Docker (https://docs.docker.com/get-docker/): %v\n%s", err, out)
	}
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("OWN_DOCKER_HOST", os.Getenv("DOCKER_HOST")) // for a script that set another
			for _, name := range []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"} {
				if value, ok := os.LookupEnv(name); ok {
					e.Setenv(name, value)
				}
			}
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("REPO", repository)
			return os.CopyFS(e.WorkDir, os.DirFS("testdata/tiny"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "interrupt": interrupt,
			"valid": valid, "same": same, "podman": podman},
	})
}

// exits CODE COMMAND...: run the command and want that exit code; stdout and stderr look at what it
// said.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// interrupt PATTERN COMMAND...: run the command until it prints a line that matches, send it
// Ctrl-C, and want it to end with code 130 and to have removed what it made.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: interrupt pattern command...")
	}
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Dir, cmd.Env = ts.Getenv("WORK"), append(os.Environ(), "HOME="+ts.Getenv("HOME"))
	seen := &listener{pattern: regexp.MustCompile(args[0]), found: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = seen, seen
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-seen.found:
	case err := <-ended:
		ts.Fatalf("ended before it was interrupted: %v\n%s", err, seen)
	case <-time.After(2 * time.Minute):
		_ = cmd.Process.Kill()
		ts.Fatalf("never printed %q:\n%s", args[0], seen)
	}
	ts.Check(cmd.Process.Signal(syscall.SIGINT))
	<-ended
	ts.Logf("%s", seen)
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		ts.Fatalf("exit code %d, want %d", code, exitInterrupted)
	}
	label := "label=org.taskgrader.pid=" + strconv.Itoa(cmd.Process.Pid)
	for _, list := range [][]string{{"ps", "-aq"}, {"network", "ls", "-q"}} {
		left, err := exec.Command("docker", append(list, "--filter", label)...).Output()
		ts.Check(err)
		if len(left) > 0 {
			ts.Fatalf("docker %v still lists %s", list, left)
		}
	}
	images, err := exec.Command("docker", "images", "--format", "{{.Repository}}").Output()
	for range 20 { // the containerd store refuses to list while another test removes an image
		if err == nil {
			break
		}
		time.Sleep(200 * time.Millisecond)
		images, err = exec.Command("docker", "images", "--format", "{{.Repository}}").Output()
	}
	ts.Check(err)
	if regexp.MustCompile(`taskgrader/\w+-\w+-` + strconv.Itoa(cmd.Process.Pid) + `-`).Match(images) {
		ts.Fatalf("an image is left:\n%s", images)
	}
}

// listener keeps what is written, and says when a pattern is in it.
type listener struct {
	pattern *regexp.Regexp
	found   chan struct{}

	mu   sync.Mutex
	text bytes.Buffer
	once sync.Once
}

var _ io.Writer = (*listener)(nil)

func (w *listener) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	if w.pattern.Match(w.text.Bytes()) {
		w.once.Do(func() { close(w.found) })
	}
	return len(p), nil
}

func (w *listener) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// valid SCHEMA FILE: the JSON file, or stdout, is valid against the schema of the repository.
func valid(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: valid schema file")
	}
	var schema jsonschema.Schema
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &schema))
	resolved, err := schema.Resolve(nil)
	ts.Check(err)
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &value))
	ts.Check(resolved.Validate(value))
}

// same A B: two JSON reports asked the same and judged the same.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: same a.json b.json")
	}
	judged := func(file string) (out []result.Check) {
		var r result.Report
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &r))
		for _, c := range r.Checks {
			commands := slices.DeleteFunc(c.Evidence, func(e result.Evidence) bool { return e.Kind != "command" })
			out = append(out, result.Check{ID: c.ID, Status: c.Status, Points: c.Points, Want: c.Want, Hint: c.Hint,
				Evidence: commands})
		}
		return out
	}
	if diff := cmp.Diff(judged(args[0]), judged(args[1])); diff != "" {
		ts.Fatalf("they differ:\n%s", diff)
	}
}
