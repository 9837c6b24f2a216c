package start_test

import (
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/start"
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
		{entry, health(200, `{"status":"ok"}`), `0 GET /health: want $.status = "healthy"; got $.status = "ok"; hint: Answer GET /health with "status": "healthy".`},
		{entry, health(200, `{}`), `0 GET /health: want $.status = "healthy"; got $.status = nothing; hint: Put "status" into what GET /health answers.`},
		{entry, health(404, `{}`), "0 GET /health: want an answer with 200; got 404 Not Found; hint: Nothing answers GET /health: check the route's path and that it finds what was stored."},
		{entry, health(500, ``), "0 GET /health: want an answer with 200; got 500 Internal Server Error; hint: The program raised an exception: its traceback is in the log."},
		{"start: {want: [204]}", health(204, ``), "ok GET /health"},
		{"start: {want: [204], within: 1s}", health(200, ``), "0 GET /health: want an answer with 204; got 200 OK; hint: Set the status in the route: @app.get(…, status_code=204)."},
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

func TestTooLate(t *testing.T) {
	target := checktest.New()
	target.Up.After = 3 * time.Second
	assert.Equal(t, "0 GET /health: want an answer within 1s; got the first answer after 3.0s; hint: Do less before the program listens.", checktest.Asked(t, start.Kind(), entry, target))
}

// logs are what programs print before they end, and what a student reads of it.
var logs = []struct {
	log, got, hint string
}{
	{"Traceback (most recent call last):\n  File \"/app/main.py\", line 1, in <module>\n    from fastapi import FastAPI\nModuleNotFoundError: No module named 'fastapi'\n",
		`no module named "fastapi"`, `Python finds no module "fastapi": is it in pyproject.toml or requirements.txt, and did the install step of the Dockerfile run?`},
	{"/usr/local/bin/python: No module named uvicorn\n", `no module named "uvicorn"`, `Python finds no module "uvicorn": is it in pyproject.toml or requirements.txt, and did the install step of the Dockerfile run?`},
	{"ERROR:    Error loading ASGI app. Could not import module \"main\".\n", `uvicorn could not import "main"`, `The image has no "main" where uvicorn looks for a Python file: check what COPY copies, and where WORKDIR is.`},
	{"ERROR:    Error loading ASGI app. Attribute \"app\" not found in module \"main\".\n", `there is no "app" in "main"`, `main.py must hold a variable named app, or CMD must name another.`},
	{"python: can't open file '/main.py': [Errno 2] No such file or directory\n", "/main.py is not in the image", "COPY the file into the image, and let CMD name it as it is called there."},
	{"OCI runtime create failed: exec: \"uvicorn\": executable file not found in $PATH: unknown\n", `"uvicorn" is not in the image`, "The image has no program \"uvicorn\": install it in a RUN step, or start it with `uv run`."},
	{"error: Failed to spawn: `uvicorn`\n  Caused by: No such file or directory (os error 2)\n", `"uvicorn" is not in the image`, "The image has no program \"uvicorn\": install it in a RUN step, or start it with `uv run`."},
	{"/bin/sh: 1: uvicorn: not found\n", `"uvicorn" is not in the image`, "The image has no program \"uvicorn\": install it in a RUN step, or start it with `uv run`."},
	{"OCI runtime create failed: exec: \"./start.sh\": permission denied\n", `"./start.sh" may not be run`, `Make it executable: RUN chmod +x ./start.sh, or start it with its interpreter, as in CMD ["sh", "./start.sh"].`},
	{"exec /app/start.sh: exec format error\n", "what CMD names cannot be run here", "A script needs #!/bin/sh as its first line, with plain line ends; a program must be built for this kind of machine."},
	{"[Errno 13] error while attempting to bind on address ('0.0.0.0', 80): permission denied\n", "it may not listen on port 80", "Only root may listen below port 1024: start the server with --port 8000."},
	{"[Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use\n", "its port is taken inside the container", "Start the server once: CMD, or the script that it starts, starts it twice."},
	{"  File \"/app/main.py\", line 3, in <module>\nKeyError: 'DATABASE_URL'\n", "KeyError: 'DATABASE_URL'", "The program wants a variable DATABASE_URL, which nothing sets: give it a default with os.environ.get, or an ENV line."},
	{"Error response from daemon: unable to find user app: no matching entries in passwd file", `the image has no user "app"`, "Make it before USER names it: RUN useradd --create-home app."},
	{"Error response from daemon: uids and gids must be in range 0-2147483647", "Docker does not start the image: uids and gids must be in range 0-2147483647", "The Dockerfile asks for what cannot be: look at USER, WORKDIR and VOLUME."},
	{"  File \"/app/main.py\", line 7\n    def f(\n         ^\nSyntaxError: '(' was never closed\n", "SyntaxError: '(' was never closed (/app/main.py, line 7)", "Python cannot read the program: mend line 7 of /app/main.py."},
	{"pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\n", "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings", "The program raised an exception while it started: run it outside the container with the same command."},
	{"Usage: uvicorn [OPTIONS] APP\n\nError: No such option: --prot\n", "No such option: --prot", "The command in CMD is not as the server wants it: try it outside the container."},
	{"just this\n", "just this", "The last lines of its log say why. Try: docker run --rm -p 8000:8000 <image>."},
}

func TestCrash(t *testing.T) {
	for _, c := range logs {
		target := checktest.New()
		target.Up = check.Started{Exited: true, ExitCode: 1, Log: c.log}
		assert.Equal(t, "0 GET /health: want a program that answers within 1s; got it ended at once with exit code 1: "+c.got+"; hint: "+c.hint+"; at Dockerfile:8",
			checktest.Asked(t, start.Kind(), entry, target), c.log)
	}
}

func TestSilence(t *testing.T) {
	for _, c := range []struct {
		started check.Started
		want    string
	}{
		{check.Started{OOM: true, Exited: true, ExitCode: 137}, "got it used more memory than it may and was ended; hint: Load less at start."},
		{check.Started{Full: true, Exited: true}, "got it wrote more to the disk than it may and was ended; hint: Write less at start."},
		{check.Started{Exited: true, ExitCode: 3}, "got it ended at once with exit code 3; hint: It wrote nothing. Try: docker run --rm -p 8000:8000 <image>."},
		{check.Started{Exited: true}, "got it ended at once with exit code 0; hint: CMD must name what keeps running: the web server, not a script that ends."},
		{check.Started{Listeners: []check.Listener{{Address: "0.0.0.0", Port: 5432}}}, "got it runs, and listens on 0.0.0.0:5432, but does not answer HTTP; hint: Start the web server, with --host 0.0.0.0 --port 8000."},
		{check.Started{}, `got it runs, but listens on no port; hint: CMD must start the web server: ["uv", "run", "uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"].`},
		{check.Started{Log: "ModuleNotFoundError: No module named 'x'\n"}, `got it runs, but listens on no port: no module named "x"; hint: Python finds no module "x"`},
	} {
		target := checktest.New()
		target.Up = c.started
		said := checktest.Asked(t, start.Kind(), entry, target)
		assert.Contains(t, said, c.want)
		assert.Contains(t, said, "; at Dockerfile:8")
	}
}

// FuzzLog: whatever a log holds, what is said of it is one short line.
func FuzzLog(f *testing.F) {
	for _, c := range logs {
		f.Add(c.log)
	}
	f.Fuzz(func(t *testing.T, log string) {
		target := checktest.New()
		target.Up = check.Started{Exited: true, ExitCode: 1, Log: log}
		if said := checktest.Asked(t, start.Kind(), entry, target); len(said) > 1200 {
			t.Fatalf("%d bytes: %s", len(said), said)
		}
	})
}
