package checktest_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/rubrics"
)

type (
	api  = checktest.API
	task = checktest.Task
)

// program is a variant of the right program, and the checks that must not pass of it.
type program struct {
	name  string
	bend  func(*api)
	wrap  func(http.Handler) http.Handler // nil is as it is
	fails []string
}

func find(a *api, id string) task {
	if i := a.Index(id); i >= 0 {
		return a.Tasks[i]
	}
	return nil
}

// rights are programs that do otherwise than the lesson's and break no law.
var rights = []program{
	{name: "the lesson's"},
	{name: "text ids", bend: func(a *api) { a.ID = func(n int, _ string) any { return fmt.Sprintf("task-%d", n) } }},
	{name: "uuids", bend: func(a *api) {
		a.ID = func(n int, _ string) any { return fmt.Sprintf("6ba7b810-9dad-41d1-80b4-%012x", n) }
	}},
	{name: "201 and 204", bend: func(a *api) { a.Created, a.Deleted = http.StatusCreated, http.StatusNoContent }},
	{name: "more fields", bend: func(a *api) {
		a.Insert = func(a *api, sent task) task {
			t := a.Append(sent)
			t["created_at"], t["tags"] = "2026-01-01T00:00:00Z", []string{}
			return t
		}
	}},
	{name: "other tasks there before", bend: func(a *api) {
		for i := range 12 {
			a.Append(task{"title": fmt.Sprintf("task %d", i), "completed": true})
		}
	}},
	{name: "ids used again", bend: func(a *api) {
		a.ID = func(int, string) any {
			for n := 1; ; n++ {
				if a.Index(fmt.Sprint(n)) < 0 {
					return n
				}
			}
		}
	}},
	{name: "the newest first", bend: func(a *api) {
		a.All = func(a *api) []task { out := slices.Clone(a.Tasks); slices.Reverse(out); return out }
	}},
	{name: "400 instead of 422", wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&renamed{w, http.StatusUnprocessableEntity, http.StatusBadRequest}, r)
		})
	}},
	{name: "each connection closed", wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close")
			next.ServeHTTP(w, r)
		})
	}},
	{name: "HTTP/1.0, without a length", wrap: http10},
	{name: "slow, but in time", wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter,
			r *http.Request) {
			time.Sleep(2 * time.Millisecond)
			next.ServeHTTP(w, r)
		})
	}},
}

// wrongs are programs that break one law each.
var wrongs = []program{
	{name: "the answer to a create is always the same", fails: []string{"create"}, bend: func(a *api) {
		a.Insert = func(a *api, sent task) task {
			a.Append(sent)
			return task{"id": 1, "title": "Learn Docker", "completed": false}
		}
	}},
	{name: "text is kept as ASCII", fails: []string{"create"}, bend: func(a *api) {
		a.Insert = func(a *api, sent task) task {
			title, _ := sent["title"].(string)
			sent["title"] = strings.Map(func(r rune) rune {
				if r > 127 {
					return '?'
				}
				return r
			}, title)
			return a.Append(sent)
		}
	}},
	{name: "a create stores nothing", fails: []string{"read", "update", "delete"}, bend: func(a *api) {
		a.Insert = func(a *api, sent task) task {
			t := a.Append(sent)
			a.Lock()
			defer a.Unlock()
			a.Tasks = nil
			return t
		}
	}},
	{name: "one task alone is kept", fails: []string{"read", "update", "delete"}, bend: func(a *api) {
		a.Insert = func(a *api, sent task) task {
			t := a.Append(sent)
			a.Lock()
			defer a.Unlock()
			a.Tasks = []task{t}
			return t
		}
	}},
	{name: "an update changes all", fails: []string{"update"}, bend: func(a *api) {
		a.Replace = func(a *api, id string, sent task) bool {
			for _, t := range a.Tasks {
				t["title"], t["completed"] = sent["title"], sent["completed"]
			}
			return a.Index(id) >= 0
		}
	}},
	{name: "an update stores nothing", fails: []string{"update"}, bend: func(a *api) {
		a.Replace = func(a *api, id string, _ task) bool { return a.Index(id) >= 0 }
	}},
	{name: "the second update is lost", fails: []string{"update"}, bend: func(a *api) {
		replace, seen := a.Replace, map[string]bool{}
		a.Replace = func(a *api, id string, sent task) bool {
			if seen[id] {
				return a.Index(id) >= 0
			}
			seen[id] = true
			return replace(a, id, sent)
		}
	}},
	{name: "an update adds a copy", fails: []string{"walk"}, bend: func(a *api) {
		replace := a.Replace
		a.Replace = func(a *api, id string, sent task) bool {
			old := find(a, id)
			if old != nil {
				a.Tasks = append(a.Tasks, task{"id": old["id"], "title": sent["title"], "completed": sent["completed"]})
			}
			return replace(a, id, sent)
		}
	}},
	{name: "an update creates what is not there", fails: []string{"errors"}, bend: func(a *api) {
		replace := a.Replace
		a.Replace = func(a *api, id string, sent task) bool {
			if !replace(a, id, sent) {
				a.Tasks = append(a.Tasks, task{"id": id, "title": sent["title"], "completed": sent["completed"]})
			}
			return true
		}
	}},
	{name: "a deleted task stays in the list", fails: []string{"delete"}, bend: func(a *api) {
		gone := map[string]bool{}
		get := a.Find
		a.Remove = func(a *api, id string) bool { was := find(a, id) != nil && !gone[id]; gone[id] = true; return was }
		a.Find = func(a *api, id string) (task, bool) {
			if gone[id] {
				return nil, false
			}
			return get(a, id)
		}
		replace := a.Replace
		a.Replace = func(a *api, id string, sent task) bool { return !gone[id] && replace(a, id, sent) }
	}},
	{name: "a deleted task can still be read", fails: []string{"delete"}, bend: func(a *api) {
		gone := map[string]task{}
		remove, get := a.Remove, a.Find
		a.Remove = func(a *api, id string) bool {
			t := find(a, id)
			ok := remove(a, id)
			if ok {
				gone[id] = t
			}
			return ok
		}
		a.Find = func(a *api, id string) (task, bool) {
			if t, ok := get(a, id); ok {
				return t, ok
			}
			t, ok := gone[id]
			return t, ok
		}
	}},
	{name: "a delete takes all", fails: []string{"delete"}, bend: func(a *api) {
		a.Remove = func(a *api, id string) bool {
			was := a.Index(id) >= 0
			if was {
				a.Tasks = nil
			}
			return was
		}
	}},
	{name: "a delete takes the last", fails: []string{"delete"}, bend: func(a *api) {
		a.Remove = func(a *api, id string) bool {
			was := a.Index(id) >= 0
			if was {
				a.Tasks = a.Tasks[:len(a.Tasks)-1]
			}
			return was
		}
	}},
	{name: "a second delete is 200", fails: []string{"delete"}, bend: func(a *api) {
		remove := a.Remove
		a.Remove = func(a *api, id string) bool { remove(a, id); return true }
	}},
	{name: "the first read is kept for good", fails: []string{"update"}, bend: func(a *api) {
		read, seen := a.Find, map[string]task{}
		a.Find = func(a *api, id string) (task, bool) {
			t, ok := read(a, id)
			if before, was := seen[id]; ok && was {
				return before, true
			}
			if ok {
				seen[id] = task{"id": t["id"], "title": t["title"], "completed": t["completed"]}
			}
			return t, ok
		}
	}},
	{name: "the first list is kept for good", fails: []string{"delete"}, bend: func(a *api) {
		var first []task
		a.All = func(a *api) []task {
			if first == nil {
				first = slices.Clone(a.Tasks)
			}
			return first
		}
	}},
	{name: "the list holds ten", fails: []string{"walk"}, bend: func(a *api) {
		a.All = func(a *api) []task { return a.Tasks[:min(len(a.Tasks), 10)] }
	}},
	{name: "the list holds the last five", fails: []string{"walk"}, bend: func(a *api) {
		a.All = func(a *api) []task { return a.Tasks[max(0, len(a.Tasks)-5):] }
	}},
	{name: "the list holds each twice", fails: []string{"read", "delete"}, bend: func(a *api) {
		a.All = func(a *api) []task { return append(slices.Clone(a.Tasks), a.Tasks...) }
	}},
	{name: "ids count what there is", fails: []string{"walk"}, bend: func(a *api) {
		a.ID = func(int, string) any { return len(a.Tasks) + 1 }
	}},
	{name: "the id is the title", fails: []string{"walk"}, bend: func(a *api) {
		a.ID = func(_ int, title string) any { return strings.ReplaceAll(title, " ", "-") }
	}},
	{name: "every id is 1", fails: []string{"create"}, bend: func(a *api) {
		a.ID = func(int, string) any { return 1 }
	}},
	{name: "what is refused is stored all the same", fails: []string{"walk"}, bend: func(a *api) {
		refuse := a.Refuse
		a.Refuse = func(a *api, body []byte, sent task) bool {
			bad := refuse(a, body, sent)
			if bad && sent != nil {
				a.Made++
				a.Tasks = append(a.Tasks, task{"id": a.Made, "title": sent["title"], "completed": sent["completed"]})
			}
			return bad
		}
	}},
	{name: "any body is taken", fails: []string{"errors"}, bend: func(a *api) {
		a.Refuse = func(_ *api, _ []byte, sent task) bool { return sent == nil }
	}},
	{name: "a read changes what is stored", fails: []string{"walk"}, bend: func(a *api) {
		a.Find = func(a *api, id string) (task, bool) {
			t := find(a, id)
			if t == nil {
				return nil, false
			}
			answer := task{"id": t["id"], "title": t["title"], "completed": t["completed"]}
			t["completed"] = t["completed"] != true
			return answer, true
		}
	}},
	{name: "what is not there is null", fails: []string{"delete", "errors"}, bend: func(a *api) {
		a.Missing = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "null") }
	}},
	{name: "only a redirect leads there", fails: []string{"create"}, wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/tasks":
				http.Redirect(w, r, "/tasks/", http.StatusTemporaryRedirect)
				return
			case "/tasks/":
				r.URL.Path = "/tasks"
			}
			next.ServeHTTP(w, r)
		})
	}},
	{name: "a redirect leads elsewhere", fails: []string{"create"}, wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/tasks" {
				http.Redirect(w, r, "/login", http.StatusTemporaryRedirect)
				return
			}
			next.ServeHTTP(w, r)
		})
	}},
	{name: "a task is done, not completed", fails: []string{"create"}, wrap: named("completed", "done")},
	{name: "a create takes no completed", fails: []string{"create"}, bend: func(a *api) {
		a.Insert = func(a *api, sent task) task { return a.Append(task{"title": sent["title"]}) }
	}},
	{name: "no task can be read by its id", fails: []string{"read", "errors"}, wrap: without(http.MethodGet)},
	{name: "no task can be deleted", fails: []string{"delete"}, wrap: without(http.MethodDelete)},
	{name: "a delete does nothing", fails: []string{"delete"},
		bend: func(a *api) { a.Remove = func(*api, string) bool { return true } }},
	{name: "every body is refused", fails: []string{"create"},
		bend: func(a *api) { a.Refuse = func(*api, []byte, task) bool { return true } }},
	{name: "two at once read one counter", fails: []string{"concurrent"}, bend: func(a *api) {
		var counter atomic.Int64
		a.Insert = func(a *api, sent task) task {
			n := counter.Load() + 1
			time.Sleep(time.Millisecond)
			counter.Store(n)
			a.Lock()
			defer a.Unlock()
			t := task{"id": n, "title": sent["title"], "completed": sent["completed"] == true}
			a.Tasks = append(a.Tasks, t)
			return t
		}
	}},
	{name: "of two at once one is lost", fails: []string{"concurrent"}, bend: func(a *api) {
		var counter atomic.Int64
		a.Insert = func(a *api, sent task) task {
			a.Lock()
			before := slices.Clone(a.Tasks)
			a.Unlock()
			time.Sleep(time.Millisecond)
			t := task{"id": counter.Add(1), "title": sent["title"], "completed": sent["completed"] == true}
			a.Lock()
			defer a.Unlock()
			a.Tasks = append(before, t)
			return t
		}
	}},
}

// named returns a program whose tasks have another name for one of their keys. What it is sent
// under the old one it does not take.
func named(from, to string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorded := httptest.NewRecorder()
			next.ServeHTTP(recorded, r)
			w.WriteHeader(recorded.Code)
			_, _ = w.Write(bytes.ReplaceAll(recorded.Body.Bytes(), []byte(`"`+from+`"`), []byte(`"`+to+`"`)))
		})
	}
}

// without returns a program that has no such method for one task.
func without(method string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == method && strings.HasPrefix(r.URL.Path, "/tasks/") {
				http.Error(w, `{"detail":"Method Not Allowed"}`, http.StatusMethodNotAllowed)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// renamed answers with another status in place of one.
type renamed struct {
	http.ResponseWriter
	from, to int
}

func (r *renamed) WriteHeader(status int) {
	if status == r.from {
		status = r.to
	}
	r.ResponseWriter.WriteHeader(status)
}

// http10 answers as an old server does: no length, and the end of the connection is the end of the
// answer.
func http10(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		connection, buffer, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer connection.Close()
		writeHTTP10(connection, buffer.Writer, recorded)
	})
}

func writeHTTP10(_ net.Conn, w *bufio.Writer, r *httptest.ResponseRecorder) {
	fmt.Fprintf(w, "HTTP/1.0 %d %s\r\nContent-Type: application/json\r\n\r\n", r.Code, http.StatusText(r.Code))
	_, _ = w.Write(r.Body.Bytes())
	_ = w.Flush()
}

func (p program) handler() http.Handler {
	a := checktest.NewAPI()
	if p.bend != nil {
		p.bend(a)
	}
	if p.wrap != nil {
		return p.wrap(a.Handler())
	}
	return a.Handler()
}

// laws returns the checks of a rubric that ships which ask for the laws of a CRUD service, in its
// order.
func laws(t *testing.T, name string, ids ...string) (out []rubric.Check) {
	t.Helper()
	r, err := rubric.Load(name, rubrics.FS, kinds.All())
	require.NoError(t, err)
	for _, c := range r.Checks {
		if slices.Contains(ids, c.ID) {
			out = append(out, c)
		}
	}
	require.Len(t, out, len(ids))
	return out
}

// verdicts returns the checks that do not pass of one program, asked one after another as in a run:
// a check that needs one which did not pass is not asked.
func verdicts(t *testing.T, p program, checks []rubric.Check, seed uint64) (fails []string) {
	t.Helper()
	target := checktest.New().Serve(p.handler())
	defer target.Close()
	for _, c := range checks {
		if slices.ContainsFunc(c.Needs, func(id string) bool { return slices.Contains(fails, id) }) {
			continue
		}
		o, err := checktest.Ask(context.Background(), c, target, seed)
		require.NoError(t, err, c.ID)
		judged := func(other rubric.Check) bool {
			sender, ok := other.Asks.(check.Sender)
			return ok && slices.Contains(fails, other.ID) && slices.Contains(sender.Sends(), o.Given)
		}
		if !checktest.Holds(o) && !slices.ContainsFunc(checks, judged) {
			fails = append(fails, c.ID)
			t.Logf("%s, seed %d: %+v", c.ID, seed, o.Items)
		}
	}
	return fails
}

// seeds are enough to show that chance has no say in a verdict.
const seeds = 3

var crud = []string{"create", "read", "update", "delete", "errors", "walk"}

func TestRightProgramsPass(t *testing.T) {
	checks := append(laws(t, "task-api", crud...), laws(t, "multi-stage", "concurrent")...)
	for _, p := range rights {
		t.Run(p.name, func(t *testing.T) {
			for seed := range uint64(seeds) {
				assert.Empty(t, verdicts(t, p, checks, seed), "seed %d", seed)
			}
		})
	}
}

// TestWrongProgramsLoseWhatTheyBreak: and nothing else, whatever the seed. That two requests at
// once disturb each other is not for task-api, whose lesson has an unlocked counter, but for
// multi-stage.
func TestWrongProgramsLoseWhatTheyBreak(t *testing.T) {
	all, together := laws(t, "task-api", crud...), laws(t, "multi-stage", "concurrent")
	assert.GreaterOrEqual(t, len(wrongs), 23)
	for _, p := range wrongs {
		t.Run(p.name, func(t *testing.T) {
			checks := all
			if slices.Equal(p.fails, []string{"concurrent"}) {
				checks = slices.Concat(all, together)
			}
			for seed := range uint64(seeds) {
				assert.Equal(t, p.fails, verdicts(t, p, checks, seed), "seed %d", seed)
			}
		})
	}
}
