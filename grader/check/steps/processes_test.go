package steps_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/crud"
	kind "github.com/taskgrader/taskgrader/grader/check/kinds/http"
)

// spread returns a program of which another handler answers each time.
func spread(handlers ...http.Handler) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers[int(n.Add(1))%len(handlers)].ServeHTTP(w, r)
	})
}

const (
	python  = "/usr/bin/python3"
	started = "0 POST /tasks: want what is created in every answer that follows, whichever process gives it; "
	memory  = "processes serve port 8000, and each has a memory of its own; hint: GET /tasks/1 answers after POST " +
		"/tasks in one process, " +
		"and does not know it in another. Start one process, or store where all of them look: in a file or a database."
)

// below returns the processes of a program: the first, and as many children of it, which wait for
// connections as they are said to.
func below(children int, first, child []int) []check.Process {
	all := []check.Process{{ID: 1, Command: []string{python, "-m", "program"}, Serves: first}}
	for i := range children {
		all = append(all, check.Process{ID: i + 7, Parent: 1, Command: []string{"python3"}, Serves: child})
	}
	return all
}

// TestProcesses: where several processes serve, and not all have what was stored, the POST says so
// and what needs it is not asked.
func TestProcesses(t *testing.T) {
	apart := func() http.Handler { return spread(checktest.NewAPI().Handler(), checktest.NewAPI().Handler()) }
	together := func() http.Handler {
		api := checktest.NewAPI().Handler()
		return spread(api, api)
	}
	port := []int{8000}
	const create = "fresh: [a]\nhttp:\n- {send: POST /tasks, body: {title: $a}, json: {title: $a}, save: {x: id}}\n- " +
		"{send: POST /tasks, body: {title: b}, json: {id: <not $x>}}"
	const rest = "\n- POST /tasks: not judged: what it answers is chance"
	const all = "ok POST /tasks\nok POST /tasks"
	for _, c := range []struct {
		name, cmd string
		inside    []check.Process
		program   http.Handler
		want      string
	}{
		{"workers below one that holds the port", `CMD ["uvicorn", "main:app", "--workers", "4", "--port", "8000"]`,
			below(4, port, port), apart(),
			started + "got 4 " + memory +
				" Make line 2 of Dockerfile `CMD [\"uvicorn\", \"main:app\", \"--port\", \"8000\"]`." + rest},
		{"a cluster, whose first process hands on what it accepts", "CMD node server.js", below(3, port, nil), apart(),
			started + "got 3 " + memory + rest},
		{"workers in the shell form", "CMD gunicorn -w 2 main:app", below(2, port, port), apart(),
			started + "got 2 " + memory + " Make line 2 of Dockerfile `CMD gunicorn main:app`." + rest},
		{"workers of an entry point", "ENTRYPOINT [\"gunicorn\", \"--workers=2\"]\nCMD [\"main:app\"]",
			below(2, port, port), apart(),
			started + "got 2 " + memory + " Make line 2 of Dockerfile `ENTRYPOINT [\"gunicorn\"]`." + rest},
		{"a store that all share", "CMD gunicorn -w 2 main:app", below(2, port, port), together(), all},
		{"one process", "CMD gunicorn main:app", below(1, port, port), together(), all},
		{"another port", "CMD gunicorn -w 2 main:app", below(2, port, []int{9000}), apart(),
			"ok POST /tasks\n0 POST /tasks: want $.id = anything but 1; got $.id = 1; hint: Answer with a new id " +
				"each time, such as a counter that only goes up, or uuid4."},
	} {
		target := checktest.New().With("Dockerfile", "FROM python\n"+c.cmd+"\n").Serve(c.program)
		target.Inside = c.inside
		assert.Equal(t, c.want, checktest.Asked(t, kind.Kind(), create, target), c.name)
	}
}

// TestReached: that all answer alike says nothing while one that serves was not reached, nor where
// none has what was stored by a process that is gone.
func TestReached(t *testing.T) {
	const create = "fresh: [a]\nhttp: [{send: POST /tasks, body: {title: $a}, json: {title: $a}}]"
	const all = "ok POST /tasks"
	one := started + "got 2 " + memory
	for name, c := range map[string]struct {
		late  int // bursts until the second process takes its first connection
		apart bool
		lost  bool // the process that answered the first POST is replaced by one that has nothing
		want  string
	}{
		"a process that is long in coming":                     {late: 5, apart: true, want: one},
		"a process that is long in coming, of a shared store":  {late: 5, want: all},
		"a process that is replaced":                           {apart: true, lost: true, want: one},
		"a process that is replaced, in front of one database": {lost: true, want: all},
	} {
		first := checktest.NewAPI().Handler()
		second, bursts, posts := first, 0, 0
		if c.apart {
			second = checktest.NewAPI().Handler()
		}
		target := checktest.New()
		target.Inside = below(2, []int{8000}, []int{8000})
		n := 0
		target.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n++; r.Method == http.MethodPost {
				if posts++; c.lost && posts == 2 {
					target.Inside[1].ID = 99
					if c.apart {
						first = checktest.NewAPI().Handler()
					}
				}
			}
			switch {
			case c.apart && c.lost && posts == 1 && r.Method == http.MethodGet:
				w.WriteHeader(http.StatusNotFound) // from the one that came in its place
			case bursts > c.late && n%2 == 0:
				second.ServeHTTP(w, r)
			default:
				first.ServeHTTP(w, r)
			}
		}))
		target.Takes = func(p check.Process) bool {
			if p.ID == 8 {
				bursts++
				return bursts > c.late
			}
			return true
		}
		assert.Equal(t, c.want, checktest.Asked(t, kind.Kind(), create, target), name)
	}
}

// TestLateProcess: a process that begins to serve while the steps are done is found after them, and
// nothing after the POST is judged by chance.
func TestLateProcess(t *testing.T) {
	for _, by := range []string{"send: POST /tasks, json: {title: $a}", "given: POST /tasks"} {
		target := checktest.New()
		target.Inside = below(1, nil, []int{8000})
		first, second := checktest.NewAPI().Handler(), checktest.NewAPI().Handler()
		apart := spread(first, second)
		target.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case len(target.Inside) == 3:
				apart.ServeHTTP(w, r)
			case r.Method == http.MethodGet:
				target.Inside = below(2, nil, []int{8000})
				fallthrough
			default:
				first.ServeHTTP(w, r)
			}
		}))
		assert.Equal(t, started+"got 2 "+memory+"\n- GET /tasks/1: not judged: what it answers is chance",
			checktest.Asked(t, kind.Kind(), "fresh: [a]\nhttp: [{"+by+
				", body: {title: $a}, save: {x: id}}, {send: GET /tasks/$x, json: {title: $a}}]", target), by)
	}
}

// TestHelpers: children that have the port from the process which serves, and take nothing, are
// none of those that serve.
func TestHelpers(t *testing.T) {
	target := checktest.New()
	target.Inside = below(3, []int{8000}, []int{8000})
	target.Takes = func(p check.Process) bool { return p.ID == 1 }
	assert.Equal(t, "ok POST /tasks", checktest.Asked(t, kind.Kind(),
		"fresh: [a]\nhttp: [{send: POST /tasks, body: {title: $a}}]", target))
}

// TestOneProcess: the edit is made where the number of processes is set.
func TestOneProcess(t *testing.T) {
	for _, c := range []struct{ dockerfile, file, text, want string }{
		{"ENV PORT=8000 WEB_CONCURRENCY=4\nCMD [\"gunicorn\", \"main:app\"]", "", "",
			"Make line 2 of Dockerfile `ENV PORT=8000 WEB_CONCURRENCY=1`."},
		{"ENTRYPOINT [\"gunicorn\"]\nCMD [\"-w\", \"4\", \"main:app\"]", "", "", "Make line 3 of Dockerfile `CMD " +
			"[\"main:app\"]`."},
		{"ENV WEB_CONCURRENCY 4\nCMD uvicorn main:app", "", "", "Make line 2 of Dockerfile `ENV WEB_CONCURRENCY 1`."},
		{"ENV WORKERS=3\nCMD [\"sh\", \"-c\", \"exec gunicorn -w $WORKERS main:app\"]", "", "",
			"Make line 2 of Dockerfile `ENV WORKERS=1`."},
		{"CMD [\"gunicorn\", \"main:app\"]", "gunicorn.conf.py",
			"bind = \"0.0.0.0:8000\"\nworkers = multiprocessing.cpu_count() * 2 + 1\n",
			"Make line 2 of gunicorn.conf.py `workers = 1`."},
		{"CMD [\"python\", \"serve.py\"]", "serve.py",
			"uvicorn.run(\"main:app\", port=8000, workers=4, reload=False)\n",
			"Make line 1 of serve.py `uvicorn.run(\"main:app\", port=8000, workers=1, reload=False)`."},
		{"CMD [\"node\", \"server.js\"]", "server.js", "cluster.fork()\n", ""},
	} {
		target := checktest.New().With("Dockerfile", "FROM python\n"+c.dockerfile+
			"\n").Serve(spread(checktest.NewAPI().Handler(), checktest.NewAPI().Handler()))
		if c.file != "" {
			target.With(c.file, c.text)
		}
		target.Inside = below(2, []int{8000}, []int{8000})
		said := checktest.Asked(t, kind.Kind(), "fresh: [a]\nhttp: [{send: POST /tasks, body: {title: $a}}]", target)
		assert.Equal(t, strings.TrimSpace(started+"got 2 "+memory+" "+c.want), said)
	}
}

// TestScattered: what needs what was stored is not asked once that was seen to be chance, and the
// rest is.
func TestScattered(t *testing.T) {
	target := checktest.New().Serve(spread(checktest.NewAPI().Handler(), checktest.NewAPI().Handler()))
	defer target.Close()
	target.Inside = below(2, []int{8000}, []int{8000})
	ask := func(k check.Kind, entry string) (string, string) {
		o, err := checktest.Ask(context.Background(), checktest.Entry(t, k, entry), target, 1)
		require.NoError(t, err)
		return checktest.Say(o), o.Given
	}
	const chance = "- what was stored: not asked: each process of the program has a memory of its own, so what it " +
		"would answer is chance"
	said, given := ask(kind.Kind(),
		"fresh: [a]\nhttp: [{given: POST /tasks, body: {title: $a}, save: {x: id}}, {send: GET /tasks/$x}]")
	assert.Equal(t, started+"got 2 "+memory+"\n- GET /tasks/1: not judged: what it answers is chance", said)
	assert.Equal(t, "POST /tasks", given)
	for _, entry := range []string{
		"http: [{given: POST /tasks, body: {title: b}, save: {x: id}}, {send: GET /tasks/$x}]",
		"http: [{send: POST /tasks, body: {title: b}, save: {x: id}}, {send: GET /tasks, has: [{id: $x}]}]",
		"http: [{send: POST /tasks, body: {title: $i}, times: 3, distinct: id}]",
	} {
		said, given = ask(kind.Kind(), entry)
		assert.Equal(t, chance, said, entry)
		assert.Equal(t, "POST /tasks", given, entry)
	}
	said, given = ask(crud.Kind(),
		"crud: {new: {title: $word, completed: false}, edit: {title: $word, completed: true}}")
	assert.Equal(t, chance, said)
	assert.Equal(t, "POST /tasks", given)
	said, given = ask(kind.Kind(),
		"http:\n- {given: POST /tasks, body: {title: b}, save: {x: id}}\n- {send: \"GET /tasks/${not x}\", want: 404}")
	assert.Equal(t, "ok POST /tasks\nok GET /tasks/557406", said)
	assert.Empty(t, given)
}
