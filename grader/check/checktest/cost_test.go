package checktest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

// costs returns what a submission loses of task-api's points, and what is said of each check that
// did not pass.
func costs(t *testing.T, target *checktest.Target, checks []rubric.Check) (lost float64, said map[string]string) {
	t.Helper()
	defer target.Close()
	said = map[string]string{}
	for _, c := range checks {
		if i := slices.IndexFunc(c.Needs, func(id string) bool { return said[id] != "" }); i >= 0 {
			said[c.ID] = "blocked by " + c.Needs[i]
			lost += c.Points
			continue
		}
		o, err := checktest.Ask(context.Background(), c, target, 1)
		require.NoError(t, err, c.ID)
		i := slices.IndexFunc(checks, func(other rubric.Check) bool {
			sender, ok := other.Asks.(check.Sender)
			return ok && said[other.ID] != "" && slices.Contains(sender.Sends(), o.Given)
		})
		if i >= 0 {
			said[c.ID] = "blocked by " + checks[i].ID
			lost += c.Points
			continue
		}
		sum, worst, n := 0.0, 1.0, 0
		for _, item := range o.Items {
			if item.Free && o.Given == "" {
				continue
			}
			sum, worst, n = sum+item.Share, min(worst, item.Share), n+1
			if item.Share < 1 && said[c.ID] == "" {
				said[c.ID] = item.Got + "; " + item.Hint.String()
			}
		}
		if c.Partial {
			worst = sum / float64(n)
		}
		lost += c.Points * (1 - worst)
	}
	return lost, said
}

// routed returns the right program under another path, which says so.
func routed(to string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch rest, ok := strings.CutPrefix(r.URL.Path, to); {
			case ok:
				r.URL.Path = "/tasks" + rest
				next.ServeHTTP(w, r)
			case r.URL.Path == "/openapi.json":
				fmt.Fprintf(w, `{"paths":{"/health":{"get":{}},"%[1]s":{"get":{},"post":{}},"%[1]s/{id}":{"get":{}}}}`,
					to)
			case r.URL.Path == "/health":
				next.ServeHTTP(w, r)
			default:
				w.WriteHeader(http.StatusNotFound)
				fmt.Fprint(w, `{"detail":"Not Found"}`)
			}
		})
	}
}

// enveloped puts what POST answers into another object.
func enveloped(key string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				next.ServeHTTP(w, r)
				return
			}
			recorded := httptest.NewRecorder()
			next.ServeHTTP(recorded, r)
			w.WriteHeader(recorded.Code)
			fmt.Fprintf(w, `{"success":true,%q:%s}`, key, recorded.Body)
		})
	}
}

// refusing answers every request about tasks with the same.
func refusing(status int, body string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/health" {
				next.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
}

// demanding returns a program whose model has one more required field.
func demanding(field string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				next.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(http.StatusUnprocessableEntity)
			_ = json.NewEncoder(w).Encode(map[string]any{"detail": []any{map[string]any{"type": "missing",
				"loc": []string{"body", field}, "msg": "Field required"}}})
		})
	}
}

// TestOneFaultOneDeduction: what one fault costs at most, of 100.
func TestOneFaultOneDeduction(t *testing.T) {
	checks := laws(t, "task-api", "instructions", "practice", "starts", "listens", "create", "read", "update", "delete",
		"errors", "walk", "stops")
	rest := map[string]string{}
	for _, id := range []string{"read", "update", "delete", "errors", "walk"} {
		rest[id] = "blocked by create"
	}
	as := func(name string) program {
		i := slices.IndexFunc(wrongs, func(p program) bool { return p.name == name })
		require.GreaterOrEqual(t, i, 0, name)
		return wrongs[i]
	}
	dockerfile := func(from, to string) func(*checktest.Target) {
		return func(t *checktest.Target) { t.With("Dockerfile", strings.Replace(checktest.Dockerfile, from, to, 1)) }
	}
	for _, c := range []struct {
		name    string
		program program
		change  func(*checktest.Target)
		most    float64
		said    string // by the check that costs
		by      string
		blocked map[string]string
	}{
		{name: "nothing"},
		{name: "a slash", program: as("only a redirect leads there"), most: 7, by: "create",
			said: "a redirect to /tasks/, which answers; the rest was asked there"},
		{name: "done for completed", program: as("a task is done, not completed"), most: 10, by: "create",
			said: "The answer has `done` in its place: call it `completed`."},
		{name: "POST ignores completed", program: as("a create takes no completed"), most: 8, by: "create",
			said: "$.completed = false"},
		{name: "no GET by id", program: as("no task can be read by its id"), most: 10, by: "read",
			said: "405 Method Not Allowed"},
		{name: "ids = len + 1", program: as("ids count what there is"), most: 12, by: "walk", said: "given out twice"},
		{name: "a DELETE that does nothing", program: as("a delete does nothing"), most: 4 + 2, by: "delete",
			said: "200 OK"},
		{name: "no EXPOSE", change: dockerfile("EXPOSE 8000\n", ""), most: 2, by: "instructions", said: "EXPOSE"},
		{name: "the shell form", change: func(t *checktest.Target) {
			dockerfile(`["uv", "run", "uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]`,
				"uv run uvicorn main:app --host 0.0.0.0 --port 8000")(t)
			t.End = check.Stopped{Took: 5 * time.Second, ExitCode: 137, Signal: "SIGTERM"}
		}, most: 4, by: "stops", said: "it was still running and had to be killed"},
		{name: "no /health", program: program{wrap: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/health" {
					w.WriteHeader(http.StatusNotFound)
					fmt.Fprint(w, `{"detail":"Not Found"}`)
					return
				}
				next.ServeHTTP(w, r)
			})
		}}, most: 6, by: "starts", said: "404 Not Found"},

		{name: "another path", program: program{wrap: routed("/todos")}, most: 23, by: "create", blocked: rest,
			said: "There is no route POST /tasks; your program has POST /todos, GET /todos and GET /todos/{id}."},
		{name: "a login", program: program{wrap: refusing(http.StatusUnauthorized, `{"detail":"Not authenticated"}`)},
			most: 23, by: "create", blocked: rest, said: "It asks for a login"},
		{name: "an envelope", program: program{wrap: enveloped("data")}, most: 23, by: "create", blocked: rest,
			said: "What was made is inside `data`: answer with it alone."},
		{name: "a further required field", program: program{wrap: demanding("description")}, most: 23, by: "create",
			blocked: rest,
			said:    "`description` is required, and what was sent has none: give it a default."},
	} {
		target := checktest.New().Serve(c.program.handler())
		if c.change != nil {
			c.change(target)
		}
		lost, said := costs(t, target, checks)
		assert.LessOrEqual(t, lost, c.most+1e-9, "%s: %v", c.name, said)
		if c.by == "" {
			assert.Empty(t, said, c.name)
			continue
		}
		assert.Contains(t, said[c.by], c.said, c.name)
		for id, by := range c.blocked {
			assert.Equal(t, by, said[id], "%s: %s", c.name, id)
		}
	}
}
