package steps_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/crud"
	kind "github.com/taskgrader/taskgrader/grader/check/kinds/http"
)

// spread is a program of which another handler answers each time.
func spread(handlers ...http.Handler) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers[int(n.Add(1))%len(handlers)].ServeHTTP(w, r)
	})
}

const (
	python  = "/usr/bin/python3"
	started = "0 POST /tasks: want what is created in every answer that follows, whichever process gives it; "
	memory  = "processes serve port 8000, and each has a memory of its own; hint: GET /tasks/1 answers after POST /tasks in one process, " +
		"and does not know it in another. Start one process, or store where all of them look: in a file or a database."
)

// below are the processes of a program: the first, and as many children of it, which wait for connections as they are said to.
func below(children int, first, child []int) []check.Process {
	all := []check.Process{{ID: 1, Command: []string{python, "-m", "program"}, Serves: first}}
	for i := range children {
		all = append(all, check.Process{ID: i + 7, Parent: 1, Command: []string{"python3"}, Serves: child})
	}
	return all
}

// TestProcesses: where several processes serve, and not all have what was stored, the POST says so and what needs it is
// not asked.
func TestProcesses(t *testing.T) {
	apart := func() http.Handler { return spread(checktest.NewAPI().Handler(), checktest.NewAPI().Handler()) }
	together := func() http.Handler {
		api := checktest.NewAPI().Handler()
		return spread(api, api)
	}
	port := []int{8000}
	const create = "fresh: [a]\nhttp:\n- {send: POST /tasks, body: {title: $a}, json: {title: $a}, save: {x: id}}\n- {send: POST /tasks, body: {title: b}, json: {id: <not $x>}}"
	const rest = "\n- POST /tasks: not asked: what it would answer is chance"
	const all = "ok POST /tasks\nok POST /tasks"
	for _, c := range []struct {
		name, cmd string
		inside    []check.Process
		program   http.Handler
		want      string
	}{
		{"workers below one that holds the port", `CMD ["uvicorn", "main:app", "--workers", "4", "--port", "8000"]`, below(4, port, port), apart(),
			started + "got 4 " + memory + " Make line 2 of Dockerfile `CMD [\"uvicorn\", \"main:app\", \"--port\", \"8000\"]`." + rest},
		{"a cluster, whose first process hands on what it accepts", "CMD node server.js", below(3, port, nil), apart(), started + "got 3 " + memory + rest},
		{"workers in the shell form", "CMD gunicorn -w 2 main:app", below(2, port, port), apart(),
			started + "got 2 " + memory + " Make line 2 of Dockerfile `CMD gunicorn main:app`." + rest},
		{"workers of an entry point", "ENTRYPOINT [\"gunicorn\", \"--workers=2\"]\nCMD [\"main:app\"]", below(2, port, port), apart(),
			started + "got 2 " + memory + " Make line 2 of Dockerfile `ENTRYPOINT [\"gunicorn\"]`." + rest},
		{"a store that all share", "CMD gunicorn -w 2 main:app", below(2, port, port), together(), all},
		{"one process", "CMD gunicorn main:app", below(1, port, port), together(), all},
		{"another port", "CMD gunicorn -w 2 main:app", below(2, port, []int{9000}), apart(),
			"ok POST /tasks\n0 POST /tasks: want $.id = anything but 1; got $.id = 1; hint: Answer with a new id each time, such as a counter that only goes up, or uuid4."},
	} {
		target := checktest.New().With("Dockerfile", "FROM python\n"+c.cmd+"\n").Serve(c.program)
		target.Inside = c.inside
		assert.Equal(t, c.want, checktest.Asked(t, kind.Kind(), create, target), c.name)
	}
}

// TestScattered: what needs what was stored is not asked once that was seen to be chance, and the rest is.
func TestScattered(t *testing.T) {
	target := checktest.New().Serve(spread(checktest.NewAPI().Handler(), checktest.NewAPI().Handler()))
	defer target.Close()
	target.Inside = below(2, []int{8000}, []int{8000})
	ask := func(k check.Kind, entry string) (string, string) {
		o, err := checktest.Ask(context.Background(), checktest.Entry(t, k, entry), target, 1)
		require.NoError(t, err)
		return checktest.Say(o), o.Given
	}
	const chance = "- what was stored: not asked: each process of the program has a memory of its own, so what it would answer is chance"
	said, given := ask(kind.Kind(), "fresh: [a]\nhttp: [{given: POST /tasks, body: {title: $a}, save: {x: id}}, {send: GET /tasks/$x}]")
	assert.Equal(t, started+"got 2 "+memory+"\n- GET /tasks/$x: not asked: what it would answer is chance", said)
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
	said, given = ask(crud.Kind(), "crud: {new: {title: $word, completed: false}, edit: {title: $word, completed: true}}")
	assert.Equal(t, chance, said)
	assert.Equal(t, "POST /tasks", given)
	said, given = ask(kind.Kind(), "http:\n- {given: POST /tasks, body: {title: b}, save: {x: id}}\n- {send: \"GET /tasks/${not x}\", want: 404}")
	assert.Equal(t, "ok POST /tasks\nok GET /tasks/${not x}", said)
	assert.Empty(t, given)
}
