package steps_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	kind "github.com/taskgrader/taskgrader/grader/check/kinds/http"
	"github.com/taskgrader/taskgrader/grader/check/steps"
)

// logged is a container that has written this.
type logged string

func (l logged) Logs(context.Context) (string, error) { return string(l), nil }

// TestLastException: Node's own errors have no name before the word, and Python's may be called anything.
func TestLastException(t *testing.T) {
	const traceback = "Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in one\n    next(found)\n\n"
	for log, want := range map[string]string{
		"up\nError: EACCES: permission denied\n    at save (/app/a.js:4:6)\n": "Error: EACCES: permission denied",
		"sqlite3.OperationalError: no such\n":                                 "sqlite3.OperationalError: no such",
		"ERROR: Exception in ASGI application\nError handling is on\n":        "",
		traceback + "StopIteration\nup\n":                                     "StopIteration",
	} {
		said, err := steps.LastException(t.Context(), logged(log))
		require.NoError(t, err)
		assert.Equal(t, want, said)
	}
}

// TestSlips: what the program's text shows of a wrong answer is said with its lines.
func TestSlips(t *testing.T) {
	serve := func(notFound string) *checktest.Target {
		return checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/b" || r.URL.Path == "/openapi.json":
				w.WriteHeader(http.StatusNotFound)
				fmt.Fprint(w, "404 page not found")
			case r.Method == http.MethodPost:
				fmt.Fprint(w, `{"id":7,"title":null}`)
			case r.Method == http.MethodDelete:
				w.WriteHeader(http.StatusNoContent)
			case r.URL.Path == "/a":
				fmt.Fprint(w, `[{"id":7,"on":false}]`)
			case r.URL.Path == "/true":
				fmt.Fprint(w, `{"done":true}`)
			case r.URL.Path == "/keyed":
				fmt.Fprint(w, `{"7":{"id":7}}`)
			default:
				w.WriteHeader(http.StatusNotFound)
				fmt.Fprint(w, notFound)
			}
		}))
	}
	const (
		made  = `{send: POST /a, body: {title: x}, save: {x: id}}, `
		own   = `{"error":"none"}`
		again = "An id in a path is text, which is never equal to a number, and the ids that were given " +
			"out are numbers. "
	)
	for _, c := range []struct{ file, text, step, want string }{
		{"index.js", "app.get('/a/:id', (req, res) => {\n  const t = tasks.find((t) => t.id === req.params.id)\n",
			made + "{send: GET /a/$x, want: 200}", again + "These lines take the id of the path as it is: index.js, " +
				"line 2. In each, write Number(req.params.id) there."},
		{"index.js", "\ntasks = tasks.filter((t) => t.id !== req.params.id)\n",
			made + "{send: DELETE /a/$x, want: 204}, {send: GET /a, lacks: [{id: $x}]}", "index.js, line 2."},
		{"index.js", "const { id } = req.params;\n", made + "{send: GET /a/$x, want: 200}",
			"write const id = Number(req.params.id)."},
		{"index.js", "const id = Number(req.params.id);\n", made + "{send: GET /a/$x, want: 200}",
			"there is nothing at /a/7"},
		{"main.py", "@app.get('/a/<id>')\ndef one(id):\n", made + "{send: GET /a/$x, want: 200}", "main.py, line 1. " +
			"In each, write <int:id> there"},
		{"main.py", "@app.get('/a/{task_id}')\ndef one(task_id: str):\n", made + "{send: GET /a/$x, want: 200}",
			"main.py, line 2. In each, write : int behind its name."},
		{"main.py", "from flask import request\ntitle = request.form.get('title')\n",
			"{send: POST /a, body: {title: x}, json: {title: x}}", "What is sent is JSON, and the program reads a " +
				"form or the query: main.py, line 2. Write request.get_json() in place of that there."},
		{"main.py", "if data.done:\n    task.done = data.done\n", "{send: GET /true, json: {done: false}}",
			"takes \"done\" only where it is true, so false is never stored: main.py, line 1. There, write `is not " +
				"None` before the colon."},
		{"app.js", "task.done = req.body.done || task.done;\n", "{send: GET /true, json: {done: false}}",
			"app.js, line 1. There, write ?? in place of ||."},
		{"main.py", "class A(BaseModel):\n    title: str | None = None\n    on: bool = False\n",
			made + "{send: POST /a, body: {on: true}, want: 422}", "The program accepts a body without \"title\", " +
				"since that has a default: main.py, line 2. Make line 2 of main.py `    title: str | None`."},
		{"main.py", "def make(t, done=True):\n    t.done = True\n",
			"{send: PUT /true, body: {done: false}, json: {done: false}}",
			"The program writes true for \"done\", whatever was sent: main.py, line 2. Take there what was sent."},
		{"app.js", "const a = {\n  id: 1,\n  done: true\n};\nb.push({\n  id: n,\n  title,\n  done: true });\n",
			"{send: PUT /true, body: {done: false}, json: {done: false}}", "whatever was sent: app.js, line 8."},
		{"main.py", "@app.get('/true')\n@app.put('/true')\n@app.put('/true/{id}/off')\n",
			"{send: PUT /true, body: {}, want: 404}", "as if it were there (main.py, line 2): answer"},
		{"app.js", "app.get('/b', f)\napp.patch('/b/:id', f)\n", "{send: PUT /b, body: {title: x}}",
			"your program has GET /b and PATCH /b/:id. app.js has PATCH in line 2, and is to have PUT there."},
		{"main.py", "def all(limit: int = 1):\n", "{send: GET /a, has: [{id: 8}]}", "The list ends after 1 item, as " +
			"many as is given out where the request does not say: main.py, line 1. Answer with all of them then."},
		{"main.py", "def all(limit: int = 1):\n", "{send: DELETE /a/9, want: 204}, {send: GET /a, has: [{id: 8}]}",
			"The list ends after 1 item"},
		{"main.py", "import flask\n", "{send: POST /a, body: {on: true}}, {send: GET /a, has: [{id: 8}]}",
			"All items of the list have \"on\": false, and others were sent"},
		{"app.js", "const router = express.Router()\nrouter.post('/', f)\napp.use('/api/b', router)\n",
			"{send: POST /b, body: {title: x}, want: 201}", "no route POST /b; your program has POST /api/b. " +
				"In app.js, line 3, write \"/b\" in place of \"/api/b\"."},
		{"main.py", "p = Blueprint('b', __name__)\n@p.post('/b')\napp.register_blueprint(p, url_prefix='/api/v1')\n",
			"{send: POST /b, body: {title: x}, want: 201}", "no route POST /b; your program has POST /api/v1/b. " +
				"In main.py, line 3, take the prefix \"/api/v1\" out."},
		{"main.py", "import flask\n", "{send: GET /keyed, has: [{id: 7}]}", "answer with the items alone, as an " +
			"array, as list(tasks.values()) does."},
	} {
		target := serve(own).Without("main.py").With(c.file, c.text)
		assert.Contains(t, checktest.Asked(t, kind.Kind(), "http: ["+c.step+"]", target), c.want, c.text)
	}
}

// TestElsewhere: what FastAPI looks for in the query, since the path calls it otherwise.
func TestElsewhere(t *testing.T) {
	for text, want := range map[string]string{
		"@app.get('/a/{id}')\ndef one(a_id: int):\n": "let both have one name (main.py, line 1).",
		"@app.get('/a')\ndef all(a_id: int):\n":      "`a_id` in the query, which is not sent: give that parameter a",
	} {
		target := checktest.New().With("main.py", text).Serve(http.HandlerFunc(
			func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusUnprocessableEntity)
				fmt.Fprint(w, `{"detail":[{"type":"missing","loc":["query","a_id"],"msg":"Field required"}]}`)
			}))
		assert.Contains(t, checktest.Asked(t, kind.Kind(), "http: [{send: GET /a/7}]", target), want)
	}
}

// TestReturned: an HTTPException that is returned is told as that.
func TestReturned(t *testing.T) {
	target := checktest.New().With("main.py", "def one():\n    return HTTPException(404)\n").
		Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"status_code":404,"detail":"none","headers":null}`)
		}))
	assert.Contains(t, checktest.Asked(t, kind.Kind(), "http: [{send: GET /a/7, want: 404}]", target), "is an answer "+
		"like any other, with 200: main.py, line 2. Write raise in place of return there.")
}

// dying is a program that ends when it is asked for something.
type dying struct {
	*checktest.Target
	ended bool
}

func (d *dying) Do(ctx context.Context, q check.Request) (check.Answer, error) {
	switch {
	case d.ended:
		return check.Answer{Exited: true, Fault: "the program had ended before the request, with exit code 1"}, nil
	case q.Path == "/ends":
		d.ended = true
		return check.Answer{Exited: true, Fault: "the program ended with exit code 1 during the request"}, nil
	}
	return d.Target.Do(ctx, q)
}

// TestEnded: what is asked of a program that an earlier request ended is not charged to it.
func TestEnded(t *testing.T) {
	said := checktest.Asked(t, kind.Kind(), "partial: true\nhttp: [{send: GET /ends, want: 404}, "+
		"{send: POST /a, body: {n: 1}, want: 422}]", &dying{Target: checktest.New()})
	assert.Contains(t, said, "0 POST /a: want an answer with 422; got no answer: the program had ended; hint: "+
		"GET /ends, above, ended it.")
	assert.Contains(t, said, "during the request; hint: Send the same request yourself")
}

// TestUncalled: a reader of bodies that is named, and not made, lets every request wait.
func TestUncalled(t *testing.T) {
	target := checktest.New().With("app.js", "app.use(express.json)\n").Serve(http.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	target.Timeout = time.Millisecond
	silent := checktest.New().With("app.js", "app.delete('/a/:id', (req, res) => {\n});\n").Serve(http.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	silent.Timeout = time.Millisecond
	assert.Contains(t, checktest.Asked(t, kind.Kind(), "http: [{send: DELETE /a/7}]", silent), "a way through the "+
		"function of DELETE (app.js, line 1) that sends no answer")
	assert.Contains(t, checktest.Asked(t, kind.Kind(), "http: [{send: GET /a}]", target), "express.json makes what "+
		"reads the body, and is not that itself: write express.json() in app.js, line 1.")
}
