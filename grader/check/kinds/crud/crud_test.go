package crud_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/crud"
)

const entry = "crud: {new: {title: $word, completed: false}, edit: {title: $word, completed: true}, refuse: " +
	"{completed: true}, walks: 2}"

func bent(bend func(*checktest.API)) *checktest.Target {
	a := checktest.NewAPI()
	bend(a)
	return checktest.New().Serve(a.Handler())
}

func ask(t *testing.T, target *checktest.Target, seed uint64) check.Outcome {
	t.Helper()
	defer target.Close()
	o, err := checktest.Ask(context.Background(), checktest.Entry(t, crud.Kind(), entry), target, seed)
	require.NoError(t, err)
	return o
}

// TestStory: what fails is shortened to the shortest story that does, whatever the seed.
func TestStory(t *testing.T) {
	const skipped = "\n- walk 2 of 2: not asked: the walk before it failed"
	for _, c := range []struct {
		name  string
		bend  func(*checktest.API)
		want  string // of the item
		story []string
	}{
		{"a delete takes all", func(a *checktest.API) {
			a.Remove = func(a *checktest.API, id string) bool {
				was := a.Index(id) >= 0
				if was {
					a.Tasks = nil
				}
				return was
			}
		}, "it is there 0 times", []string{"POST /tasks {T}  -> 200", "POST /tasks {T}  -> 200",
			"DELETE /tasks/N  -> 200", "GET /tasks  -> 200", "   want a list with N in it, once",
			"   got  it is there 0 times"}},
		{"an update is not stored", func(a *checktest.API) {
			a.Replace = func(a *checktest.API, id string, _ checktest.Task) bool { return a.Index(id) >= 0 }
		}, "false", []string{"POST /tasks {T}  -> 200", "PUT /tasks/N {T}  -> 200", "GET /tasks/N  -> 200",
			"   want completed true", "   got  false"}},
		{"a deleted task can be read", func(a *checktest.API) {
			kept := map[string]checktest.Task{}
			remove, find := a.Remove, a.Find
			a.Remove = func(a *checktest.API, id string) bool {
				kept[id], _ = find(a, id)
				return remove(a, id)
			}
			a.Find = func(a *checktest.API, id string) (checktest.Task, bool) {
				if t := kept[id]; t != nil {
					return t, true
				}
				return find(a, id)
			}
		}, "status 200", []string{"POST /tasks {T}  -> 200", "DELETE /tasks/N  -> 200", "GET /tasks/N  -> 200",
			"   want status 404, because it was deleted", "   got  status 200"}},
		{"what is refused is stored", func(a *checktest.API) {
			refuse := a.Refuse
			a.Refuse = func(a *checktest.API, body []byte, sent checktest.Task) bool {
				bad := refuse(a, body, sent)
				if bad {
					a.Tasks = append(a.Tasks, checktest.Task{"id": -len(a.Tasks)})
				}
				return bad
			}
		}, "a list of ", []string{"GET /tasks  -> 200", "POST /tasks {T}  -> 422", "GET /tasks  -> 200",
			"   want a list of N, since the create was refused", "   got  a list of N"}},
		{"exceptions", func(a *checktest.API) {
			a.All = func(*checktest.API) []checktest.Task { panic(http.ErrAbortHandler) }
		}, "the connection was closed without an answer",
			[]string{"GET /tasks  -> the connection was closed without an answer", "   want status 2xx",
				"   got  the connection was closed without an answer"}},
	} {
		for seed := range uint64(4) {
			o := ask(t, bent(c.bend), seed)
			said := checktest.Say(o)
			assert.Contains(t, said, c.want, c.name)
			assert.True(t, strings.HasPrefix(said, "0 walk 1 of 2: ") && strings.HasSuffix(said, skipped), said)
			assert.Contains(t, said,
				"hint: The story is the shortest that fails: follow it with curl, and print what the program stores "+
					"after each step.")
			require.Len(t, o.Evidence, 1)
			story := regexp.MustCompile(`\{.*\}`).ReplaceAllString(o.Evidence[0].Text, "{T}")
			story = regexp.MustCompile(`(tasks/|with |of )-?\d+`).ReplaceAllString(story, "${1}N")
			assert.Equal(t, c.story, strings.Split(story, "\n"), "%s, seed %d", c.name, seed)
		}
	}
}

// TestShapes: lists in an envelope, other names of the id, other status codes.
func TestShapes(t *testing.T) {
	inner := checktest.NewAPI()
	inner.Created = http.StatusAccepted
	target := checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/tasks" {
			_, _ = w.Write([]byte(`{"data":{"items":`))
			defer func() { _, _ = w.Write([]byte(`}}`)) }()
		}
		inner.Handler().ServeHTTP(w, r)
	}))
	assert.Equal(t, "ok walk 1 of 1", checktest.Asked(t, crud.Kind(),
		"crud: {list: data.items, new: {title: $word}, edit: {title: $word}, walks: 1, status: {create: 202}}", target))
	assert.Contains(t, checktest.Asked(t, crud.Kind(),
		"crud: {id: uid, new: {title: $word}, edit: {title: $word}, walks: 1}", checktest.New()),
		"want an answer with uid; got {")
	assert.Contains(t, checktest.Asked(t, crud.Kind(),
		"crud: {new: {title: $word}, edit: {title: $word}, walks: 1, status: {create: 201}}", checktest.New()),
		"want status 201; got status 200")
}

// TestTwice: an id that was given out twice is told as that, also where a check before left the
// thing that has it.
func TestTwice(t *testing.T) {
	target := bent(func(a *checktest.API) {
		a.Append(checktest.Task{"title": "left by another check"})
		a.ID = func(made int, _ string) any { return made - 1 }
	})
	said := checktest.Say(ask(t, target, 1))
	assert.Contains(t, said,
		"want ids that differ; got id 1 was given out twice: 2 things have it; hint: Give each thing an id that no "+
			"other has")
}
