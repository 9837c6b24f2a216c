package start_test

import (
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/start"
	"github.com/taskgrader/taskgrader/grader/option"
)

const entry = "start: {json: {status: healthy}, within: 1s}"

func health(status int, body string) *checktest.Target {
	return checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		entry  string
		target *checktest.Target
		want   string
	}{
		{entry, checktest.New(), "ok GET /health"},
		{entry, health(200, `{"status":"ok"}`),
			`0 GET /health: want $.status = "healthy"; got $.status = "ok"; hint: Answer GET /health with ` +
				`"status": "healthy".`},
		{entry, health(200, `{}`),
			`0 GET /health: want $.status = "healthy"; got $.status = nothing; hint: Put "status" into what GET ` +
				`/health answers.`},
		{entry, health(404, `{}`),
			"0 GET /health: want an answer with 200; got 404 Not Found; hint: There is no route GET /health. Add a " +
				"function with @app.get(\"/health\"). It answers `{\"status\":\"healthy\"}`."},
		{entry, health(500, ``),
			"0 GET /health: want an answer with 200; got 500 Internal Server Error; hint: The program failed with " +
				"500, and its log names no exception: print what it does there."},
		{"start: {want: [204]}", health(204, ``), "ok GET /health"},
		{"start: {want: [204], within: 1s}", health(200, ``),
			"0 GET /health: want an answer with 204; got 200 OK; hint: Set the status in the route: @app.get(…, " +
				"status_code=204)."},
	} {
		assert.Equal(t, c.want, checktest.Asked(t, start.Kind(), c.entry, c.target))
	}
}

// TestNotReadyYet: a program that says 503 while it loads gets all of its time.
func TestNotReadyYet(t *testing.T) {
	var asked atomic.Int64
	target := checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 15 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"status":"healthy"}`)
	}))
	assert.Equal(t, "ok GET /health", checktest.Asked(t, start.Kind(), "start: {json: {status: healthy}}", target))
}

// TestLogOfAnAnswer: of an answer that is the program's own fault, what its log means is said.
func TestLogOfAnAnswer(t *testing.T) {
	target := health(500, ``)
	target.Log = "Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in health\n" +
		"sqlite3.OperationalError: no such table: tasks\n"
	assert.Equal(t, "0 GET /health: want an answer with 200; got 500 Internal Server Error; its log says: "+
		"sqlite3.OperationalError: no such table: tasks; hint: The database has no table tasks: nothing has made it. "+
		"Make the tables before they are used, as with Base.metadata.create_all(engine).",
		checktest.Asked(t, start.Kind(), entry, target))
}

func TestTooLate(t *testing.T) {
	target := checktest.New()
	target.Up.After = 3 * time.Second
	assert.Equal(t,
		"0 GET /health: want an answer within 1s; got the first answer after 3.0s; hint: Do less before the program "+
			"listens.", checktest.Asked(t, start.Kind(), entry, target))
}

// TestCrash: what the table of readings says of the log, and how the program came to its end.
func TestCrash(t *testing.T) {
	for _, c := range []struct {
		up   check.Started
		want string
	}{
		{check.Started{Exited: true, ExitCode: 1, Lasted: 2300 * time.Millisecond,
			Log: "  File \"/app/main.py\", line 3, in <module>\nKeyError: 'DATABASE_URL'\n"},
			"got it ended after 2.3s with exit code 1: KeyError: 'DATABASE_URL'; hint: The program wants the " +
				"variable DATABASE_URL (main.py, line 3), which nothing sets. " +
				"Set it in the image. Write `ENV DATABASE_URL=postgresql://localhost/tasks` below line 7 of " +
				"Dockerfile."},
		{check.Started{Exited: true, ExitCode: 1, Lasted: 300 * time.Millisecond, Log: "just this\n"},
			"got it ended at once with exit code 1: just this; hint: Look at this line of its log, and at those " +
				"above it."},
		{check.Started{Exited: true, ExitCode: 127, Refused: true,
			Log: "Error response from daemon: OCI runtime create failed: container_linux.go:380: starting container " +
				"process caused: exec: \"uvicorn\": executable file not found in $PATH: unknown"},
			"got Docker could not start it: exec: \"uvicorn\": executable file not found in $PATH; hint: The image " +
				"has no program uvicorn."},
	} {
		target := checktest.New()
		target.Up = c.up
		said := checktest.Asked(t, start.Kind(), entry, target)
		assert.Contains(t, said, c.want)
		assert.Contains(t, said, "; at Dockerfile:8")
	}
}

func TestSilence(t *testing.T) {
	for _, c := range []struct {
		started check.Started
		want    string
	}{
		{check.Started{OOM: true, Exited: true, ExitCode: 137, Limits: check.DefaultLimits().Run},
			"got it used more than 512MB of memory, which is the limit, and was ended; hint: Load less at start."},
		{check.Started{Full: true, Exited: true, Limits: check.DefaultLimits().Run},
			"got it wrote more than 1GB to the disk, which is the limit, and was ended; hint: Write less at start."},
		{check.Started{OOM: true, Exited: true, Limits: check.RunLimits{Start: option.Duration(time.Second / 2)}},
			"want a program that answers within 500ms; got it used more"},
		{check.Started{Exited: true, ExitCode: 3},
			"got it ended with exit code 3; hint: It wrote nothing: let the program say what it does before it ends."},
		{check.Started{Exited: true, ExitCode: 139},
			"got it ended with exit code 139; hint: Exit code 139 is the end by a signal, SIGSEGV: compiled code " +
				"crashed. Look at what it does before: compiled code of a package, or something that ends it."},
		{check.Started{Exited: true},
			"got it ended with exit code 0; hint: What CMD starts came to its end. Let CMD start the web server, " +
				"which keeps running."},
		{check.Started{Listeners: []check.Listener{{Address: "0.0.0.0", Port: 5432}}, Wanted: 8000},
			"got it runs, and listens on 0.0.0.0:5432, but does not answer HTTP; hint: Start uvicorn with --host " +
				"0.0.0.0 --port 8000."},
		{check.Started{Listeners: []check.Listener{{Address: "0.0.0.0", Port: 8000}}, Wanted: 8000},
			"got it runs, and listens on 0.0.0.0:8000, but does not answer HTTP; hint: It listens where it should, " +
				"and gives no answer in HTTP. Look at what each request waits for, such as a lock, a sleep, or " +
				"another server that is not there."},
		{check.Started{Wanted: 8000},
			"got it runs, but listens on no port; hint: What CMD starts goes on, and has not come to " +
				"listen, though CMD names the right address. Look at what the program does while its files are " +
				"loaded: a " +
				"loop, or waiting for another server."},
		{check.Started{Log: "ModuleNotFoundError: No module named 'x'\n"},
			`got it runs, but listens on no port: ModuleNotFoundError: No module named 'x'; hint: The program wants x`},
		{check.Started{Exited: true, ExitCode: 1, Log: "just this\n", Offline: "just this\n"},
			"got it ended with exit code 1: just this; a second start, with a network, ended the same; hint: "},
		{check.Started{Log: "Waiting for postgres...\n"}, "hint: The program is still waiting for its database"},
	} {
		target := checktest.New()
		target.Up = c.started
		said := checktest.Asked(t, start.Kind(), entry, target)
		assert.Contains(t, said, c.want)
		assert.Contains(t, said, "; at Dockerfile:8")
	}
}

// TestComesUpOnlyWithANetwork: that alone is said, whatever else holds.
func TestComesUpOnlyWithANetwork(t *testing.T) {
	target := checktest.New()
	target.Up.Offline = "  File \"/app/warm.py\", line 3, in <module>\nurllib.error.URLError: <urlopen error [Errno " +
		"-3] Temporary failure in name resolution>\n"
	assert.Equal(t,
		"0 GET /health: want a program that comes up without a network; got it comes up only with a network; without "+
			"one it says: "+
			"urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>; hint: The "+
			"program asks another host for something each time "+
			"that it starts, and where there is no network it does not come up. Fetch it when the image is built, "+
			"with RUN, or let the start go on without it.; "+
			"at Dockerfile:8", checktest.Asked(t, start.Kind(), entry, target))
}

// TestInstallsAtEveryStart: where uv installs when the program starts, what ends that is told.
func TestInstallsAtEveryStart(t *testing.T) {
	target := checktest.New()
	target.Up.Offline = "error: Failed to download `pytest==9.2.0`\n  cause: Request failed after 3 retries in 5.6s\n"
	said := checktest.Asked(t, start.Kind(), entry, target)
	assert.Contains(t, said, "got it comes up only with a network; without one it says: error: Failed to download")
	assert.Contains(t, said, "uv run fetches pytest==9.2.0 each time that the program starts")
}

// FuzzLog: whatever a log holds, what is said of it is one short line.
func FuzzLog(f *testing.F) {
	f.Add("KeyError: 'DATABASE_URL'\n")
	f.Fuzz(func(t *testing.T, log string) {
		target := checktest.New()
		target.Up = check.Started{Exited: true, ExitCode: 1, Log: log}
		if said := checktest.Asked(t, start.Kind(), entry, target); len(said) > 2400 {
			t.Fatalf("%d bytes: %s", len(said), said)
		}
	})
}

// lineFor returns the line to write where each answer is a 500 and the log says why.
func lineFor(t *testing.T, target *checktest.Target, log string) string {
	target.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer target.Close()
	target.Log = log
	o, err := checktest.Ask(t.Context(), checktest.Entry(t, start.Kind(), "start: {get: /health}"), target, 1)
	require.NoError(t, err)
	require.NotNil(t, o.Items[0].Hint.Edit)
	return o.Items[0].Hint.Edit.New
}

// TestWorker: gunicorn without the worker that serves FastAPI has its line to write.
func TestWorker(t *testing.T) {
	target := checktest.New().With("requirements.txt", "gunicorn\nuvicorn\n").
		With("Dockerfile", "FROM python:3.12-slim\nCMD [\"gunicorn\", \"main:app\"]\n")
	assert.Equal(t, `CMD ["gunicorn", "-k", "uvicorn.workers.UvicornWorker", "main:app"]`, lineFor(t, target,
		"Traceback (most recent call last):\n"+
			"TypeError: FastAPI.__call__() missing 1 required positional argument: 'send'\n"))
}

// TestOtherServer: uvicorn before a program of WSGI has the line that starts a server of its kind.
func TestOtherServer(t *testing.T) {
	target := checktest.New().With("requirements.txt", "flask\nuvicorn\n").
		With("main.py", "from flask import Flask\n\napp = Flask(__name__)\n").
		With("Dockerfile", "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCMD [\"uvicorn\", \"main:app\"]\n")
	assert.Equal(t, `CMD ["flask", "--app", "main:app", "run", "--host", "0.0.0.0", "--port", "8000"]`,
		lineFor(t, target, "Traceback (most recent call last):\n"+
			"TypeError: Flask.__call__() missing 1 required positional argument: 'start_response'\n"))
}
