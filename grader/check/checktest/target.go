// Package checktest is what kinds of check are tested with.
//
// [New] is a submission in memory, whose program is a real HTTP server in this process and whose
// image is made of its own Dockerfile. [Verify] holds a kind to the rules that every kind must
// keep: its manual's example passes and fails as it says, an error of ours costs no point, the same
// seed asks the same. Only tests import it.
package checktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing/fstest"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/dockerignore"
)

// Dockerfile is the lesson's.
const Dockerfile = `FROM python:3.12-slim
COPY --from=ghcr.io/astral-sh/uv:latest /uv /uvx /bin/
WORKDIR /app
COPY pyproject.toml .
RUN uv sync --no-dev
COPY main.py .
EXPOSE 8000
CMD ["uv", "run", "uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
LABEL org.opencontainers.image.title=tasks
`

// Ignore is what an ignore file should keep out.
const Ignore = ".env\n.env.*\n*.pem\n*.key\n.git/\n.venv/\n__pycache__/\ntests/\n*.log\n.DS_Store\n"

// Folder returns a right submission.
func Folder() fstest.MapFS {
	text := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{"Dockerfile": text(Dockerfile), ".dockerignore": text(Ignore),
		"main.py":        text("from fastapi import FastAPI, HTTPException\n\napp = FastAPI()\n"),
		"pyproject.toml": text("[project]\nname = \"task-api\"\n")}
}

// Target is a submission in memory. As [New] makes it, it is right in everything; set fields before
// it is first used to make it otherwise. Its methods may be called at the same time.
type Target struct {
	Folder fstest.MapFS
	// a program that starts with these variables; called for each container
	Program func(env map[string]string) http.Handler
	Env     func(env map[string]string) []map[string]string // the environments of its processes
	Inside  []check.Process                                 // its processes
	Takes   func(check.Process) bool                        // whether one takes connections of a burst; nil is all
	Up      check.Started                                   // how every container comes up
	Accepts func(env map[string]string) bool                // whether those beside the main one come up with variables
	Beside  *check.Started                                  // how those beside the main one come up, where otherwise
	Run     map[string]check.Output                         // commands inside, by their words; others are not there
	UIDs    map[string]int                                  // of users that are not root, by USER
	End     check.Stopped
	// how those beside the main one end, where otherwise, and whether they have ended by then
	EndBeside  *check.Stopped
	GoneBeside bool
	Log        string
	logging    sync.Mutex
	Setup      check.Setup
	Failure    *check.BuildFailure    // in place of how the folder builds
	Shape      func(*check.ImageInfo) // changes what was built
	Timeout    time.Duration          // of a request
	Err        error                  // the error of every method that can give one
	Memory     check.Memory           // of the checks that were asked before

	env    map[string]string // that it was started with
	once   *sync.Once
	server *httptest.Server
	served *http.Client
	images *images
	gone   bool
}

var _ check.Target = (*Target)(nil)

// New returns the right submission. The caller closes it.
func New() *Target {
	api := func(map[string]string) http.Handler { return NewAPI().Handler() }
	return &Target{Folder: Folder(), Program: api,
		Env: func(env map[string]string) []map[string]string { return []map[string]string{env} },
		Up: check.Started{Answered: true, After: 700 * time.Millisecond, Port: 8000, Wanted: 8000,
			Listeners: []check.Listener{{Address: "0.0.0.0", Port: 8000}}},
		Run:     map[string]check.Output{"python --version": {Stdout: "Python 3.12.4\n"}},
		End:     check.Stopped{InTime: true, Took: 200 * time.Millisecond, Signal: "SIGTERM"},
		Timeout: 2 * time.Second,
		once:    new(sync.Once),
		images:  &images{cached: map[string]bool{}, layers: map[string][]layer{}}}
}

// With puts a file into the folder, and gives the target.
func (t *Target) With(name, text string) *Target {
	t.Folder[name] = &fstest.MapFile{Data: []byte(text)}
	return t
}

// Without takes a file out of the folder, and gives the target.
func (t *Target) Without(name string) *Target {
	delete(t.Folder, name)
	return t
}

// Serve makes the program one that this handler answers for, and gives the target.
func (t *Target) Serve(h http.Handler) *Target {
	t.Program = func(map[string]string) http.Handler { return h }
	return t
}

// Close ends the program.
func (t *Target) Close() error {
	if t.server != nil {
		t.served.CloseIdleConnections()
		t.server.Close()
	}
	return nil
}

// FS returns the folder.
func (t *Target) FS() fs.FS {
	if t.Err != nil {
		return broken{t.Err}
	}
	return t.Folder
}

// broken is a folder that cannot be read.
type broken struct{ err error }

func (b broken) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: b.err}
}

// Dockerfile returns the folder's, parsed.
func (t *Target) Dockerfile() (*dockerfile.File, error) {
	if t.Err != nil {
		return nil, t.Err
	}
	return check.NewSource(t.Folder).Dockerfile()
}

// Ignore returns the folder's ignore file.
func (t *Target) Ignore() (*dockerignore.Rules, error) {
	if t.Err != nil {
		return nil, t.Err
	}
	return check.NewSource(t.Folder).Ignore()
}

// Built returns the build of the folder.
func (t *Target) Built() check.Built {
	if t.Failure != nil {
		return check.Built{Failure: t.Failure}
	}
	built, err := t.images.build(t.Folder, t.Setup)
	if err != nil {
		return check.Built{Failure: &check.BuildFailure{Reason: check.OtherFailure, Message: err.Error()}}
	}
	if built.Took = 2500 * time.Millisecond; built.Image != nil && t.Shape != nil {
		t.Shape(built.Image)
	}
	return built
}

// Rebuild builds a copy with edits.
func (t *Target) Rebuild(ctx context.Context, edits ...check.Patch) (check.Built, error) {
	if err := t.failing(ctx); err != nil {
		return check.Built{}, err
	}
	t.Built() // which came first
	return t.images.build(edited(t.Folder, edits), t.Setup)
}

// Stage builds up to a stage.
func (t *Target) Stage(ctx context.Context, index int) (check.Built, error) {
	if err := t.failing(ctx); err != nil {
		return check.Built{}, err
	}
	return t.images.build(t.Folder, check.Setup{Target: strconv.Itoa(index)})
}

// Retrace does what Rebuild does, without the image.
func (t *Target) Retrace(ctx context.Context, edits ...check.Patch) (check.Built, error) {
	built, err := t.Rebuild(ctx, edits...)
	built.Image = nil
	return built, err
}

// Context lists what a `COPY . .` of a copy with what is to be planted would get.
func (t *Target) Context(ctx context.Context) ([]string, error) {
	if err := t.failing(ctx); err != nil {
		return nil, err
	}
	files, err := contextOf(check.NewSource(edited(t.Folder, t.Setup.Planted(t.Folder))))
	return slices.Sorted(maps.Keys(files)), err
}

// UID returns what UIDs says of the image's user, where it says of any; of a number, the number.
func (t *Target) UID(ctx context.Context) (uid int, known bool, err error) {
	user := ""
	if image := t.Built().Image; image != nil {
		user, _, _ = strings.Cut(image.Config.User, ":")
	}
	if user == "" || user == "root" {
		return 0, true, t.failing(ctx)
	}
	if n, err := strconv.Atoi(user); err == nil {
		return n, true, t.failing(ctx)
	}
	if t.UIDs == nil {
		return 1000, true, t.failing(ctx)
	}
	uid, known = t.UIDs[user]
	return uid, known, t.failing(ctx)
}

// WalkImage visits the files of the layers.
func (t *Target) WalkImage(ctx context.Context, id string, visit func(check.LayerFile, io.Reader) error) error {
	if err := t.failing(ctx); err != nil {
		return err
	}
	return t.images.walk(id, visit)
}

func (t *Target) failing(ctx context.Context) error { return errors.Join(ctx.Err(), t.Err) }

// Started returns how it came up.
func (t *Target) Started() check.Started { return t.Up }

const bodyLimit = 1_000_000

// Do sends a request to the program, as an engine does.
func (t *Target) Do(ctx context.Context, r check.Request) (check.Answer, error) {
	if err := t.failing(ctx); err != nil {
		return check.Answer{}, err
	}
	if t.gone {
		return check.Answer{Exited: true, Fault: "the program had ended before the request, with exit code 0"}, nil
	}
	t.once.Do(func() {
		t.server = httptest.NewServer(t.Program(t.env))
		t.served = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	})
	timeout := r.Timeout
	if timeout == 0 {
		timeout = t.Timeout
	}
	asking, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(asking, r.Method, t.server.URL+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return check.Answer{}, fmt.Errorf("making a request: %w", err)
	}
	request.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(t.Up.Port))
	maps.Copy(request.Header, r.Header)
	var a check.Answer
	begun := time.Now()
	response, err := t.served.Do(request)
	a.Took = time.Since(begun).Truncate(100 * time.Millisecond) // so that what is said of it is always the same
	if err == nil {
		defer response.Body.Close()
		a.Status, a.Header = response.StatusCode, response.Header
		a.Body, err = io.ReadAll(io.LimitReader(response.Body, bodyLimit+1))
		if len(a.Body) > bodyLimit {
			a.Body, a.Truncated = a.Body[:bodyLimit], true
		}
	}
	switch {
	case ctx.Err() != nil:
		return check.Answer{}, ctx.Err()
	case err == nil:
	case errors.Is(err, context.DeadlineExceeded):
		a.Fault = fmt.Sprintf("no answer within %s", timeout)
	case errors.Is(err, syscall.ECONNREFUSED):
		a.Fault = "connection refused"
	case a.Status != 0:
		a.Fault = "the connection was closed in the middle of the answer"
	default:
		a.Fault = "the connection was closed without an answer"
	}
	return a, nil
}

// DoAtOnce sends a request several times. Each of the processes that wait for connections takes
// some.
func (t *Target) DoAtOnce(ctx context.Context, r check.Request, n int) (answers []check.Answer, by []int, err error) {
	for range n {
		a, err := t.Do(ctx, r)
		if err != nil {
			return nil, nil, err
		}
		answers = append(answers, a)
	}
	for _, p := range t.Inside {
		if t.Takes == nil || t.Takes(p) {
			by = append(by, p.ID)
		}
	}
	return answers, by, nil
}

// Listeners returns those with which it came up.
func (t *Target) Listeners(ctx context.Context) ([]check.Listener, bool, error) {
	return t.Up.Listeners, true, t.failing(ctx)
}

// Environments returns those of its processes.
func (t *Target) Environments(ctx context.Context) ([]map[string]string, bool, error) {
	return t.Env(nil), true, t.failing(ctx)
}

// Processes returns those of Inside.
func (t *Target) Processes(ctx context.Context) ([]check.Process, bool, error) {
	return t.Inside, len(t.Inside) > 0, t.failing(ctx)
}

// Exec gives what Run says of the command.
func (t *Target) Exec(ctx context.Context, command []string) (check.Output, error) {
	if err := t.failing(ctx); err != nil {
		return check.Output{}, err
	}
	if out, ok := t.Run[strings.Join(command, " ")]; ok {
		return out, nil
	}
	return check.Output{NotFound: true, ExitCode: 127}, nil
}

// Logs returns the log.
func (t *Target) Logs(ctx context.Context) (string, error) {
	t.logging.Lock()
	defer t.logging.Unlock()
	return t.Log, t.failing(ctx)
}

// AddLog lets the program write to its log; a handler may do so while the log is read.
func (t *Target) AddLog(text string) {
	t.logging.Lock()
	defer t.logging.Unlock()
	t.Log += text
}

// Stop ends as End says.
func (t *Target) Stop(ctx context.Context, _ time.Duration) (check.Stopped, error) {
	return t.End, t.failing(ctx)
}

// StartedWith starts the program again, as if it were the main one.
func (t *Target) StartedWith(ctx context.Context, env map[string]string) (check.SecondContainer, error) {
	return t.Second(ctx, env, 0)
}

// Second starts the program again, with these variables.
func (t *Target) Second(ctx context.Context, env map[string]string, port int) (check.SecondContainer, error) {
	if err := t.failing(ctx); err != nil {
		return nil, err
	}
	second := New()
	second.Folder, second.Up, second.Run, second.Log, second.Timeout, second.images, second.Inside = t.Folder, t.Up,
		t.Run, t.Log, t.Timeout, t.images, t.Inside
	second.Program = func(map[string]string) http.Handler { return t.Program(env) }
	second.Env = func(map[string]string) []map[string]string { return t.Env(env) }
	if port != 0 {
		second.Up.Port = port
	}
	if t.Beside != nil {
		second.Up = *t.Beside
	}
	if t.Accepts != nil && !t.Accepts(env) {
		second.Up = check.Started{Exited: true, ExitCode: 1}
	}
	if second.End = t.End; t.EndBeside != nil {
		second.End = *t.EndBeside
	}
	second.gone = t.GoneBeside
	return second, nil
}

// Own starts the program again, with these variables.
func (t *Target) Own(ctx context.Context, env map[string]string, port int) (check.SecondContainer, error) {
	return t.Second(ctx, env, port)
}

// Restart starts the program again; what its Program keeps outside is its volume.
func (t *Target) Restart(ctx context.Context, _ bool) error {
	if err := t.failing(ctx); err != nil {
		return err
	}
	_ = t.Close() // which gives no error
	t.once = new(sync.Once)
	return nil
}
