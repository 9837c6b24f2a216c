// Package crud is the kind `crud`: random walks against a model.
package crud

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind is the kind.
func Kind() check.Kind {
	return check.Kind{Name: "crud", Phase: check.Running, New: func() check.Check { return &CRUD{At: "/tasks", ID: "id", Walks: 8, Steps: 20} }, Manual: check.Manual{
		Summary: "does the program keep what it was told, whatever the order",
		Text: `Each walk is a random sequence of create, get, list, update and delete over several live things, and get and delete of what
is gone. After each operation the answer is compared with a model in memory: what was created is as it was sent, a change changes one
thing, what is deleted is 404 and out of the list. Only what the walk itself made counts, so other data does no harm. The
first walk opens with two creates, each other with one more than the walk before it, and then lists them. A walk that fails is shortened to the fewest operations that still fail, and told as a story.`,
		Example: `id: walk
points: 2
crud: {at: /tasks, id: id, new: {title: $word, completed: false}, edit: {title: $word, completed: true}, walks: 8, steps: 20}`}}
}

// CRUD is the options.
type CRUD struct {
	At     string                 `json:"at,omitempty" jsonschema:"the path of the collection"`
	ID     string                 `json:"id,omitempty" jsonschema:"the field that holds the id"`
	List   string                 `json:"list,omitempty" jsonschema:"where in the answer the array is; the answer itself unless given"`
	New    option.Value           `json:"new" jsonschema:"the body of a create; $word is new each time"`
	Edit   option.Value           `json:"edit" jsonschema:"the body of an update"`
	Walks  int                    `json:"walks,omitempty" jsonschema:"how many; 8 unless given"`
	Steps  int                    `json:"steps,omitempty" jsonschema:"how long; 20 unless given"`
	Status map[string]steps.Codes `json:"status,omitempty" jsonschema:"accepted codes of create, get, list, update, delete, gone"`
}

var operations = []string{"create", "get", "list", "update", "delete", "gone"}

// ValidateOption bounds the work and finds misspelt operations.
func (c *CRUD) ValidateOption(at option.Value) option.Problems {
	var ps option.Problems
	if c.Walks < 1 || c.Walks > 100 || c.Steps < 2 || c.Steps > 200 {
		ps = append(ps, at.Problem("walks are from 1 to 100, steps from 2 to 200")...)
	}
	status, _ := at.Get("status")
	for _, f := range status.Fields {
		if !slices.Contains(operations, f.Key.Text) {
			ps = append(ps, option.Unknown("operation", f.Key, operations)...)
		}
	}
	for _, body := range []option.Value{c.New, c.Edit} {
		if body.Line > 0 && body.Kind != option.Map {
			ps = append(ps, body.Problem("want a mapping, not %s", body.Describe())...)
		}
	}
	return ps
}

// operation is one step of a walk. It names things by the order of their creation, so that it can be replayed with
// others left out.
type operation struct {
	what  string
	thing int // that the operation is about
	body  map[string]any
}

// Ask walks.
func (c *CRUD) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	var o check.Outcome
	for n := range c.Walks {
		plan := c.plan(in.Rand, min(n+2, max(c.Steps/2, 1)))
		failure, err := c.walk(ctx, t, plan)
		if err != nil {
			return check.Outcome{}, err
		}
		name := fmt.Sprintf("walk %d of %d", n+1, c.Walks)
		if failure == nil {
			o.Items = append(o.Items, check.Passed(name))
			continue
		}
		failure, err = c.shrink(ctx, t, plan, failure)
		if err != nil {
			return check.Outcome{}, err
		}
		o.Items = append(o.Items, check.Item{Name: name, Want: failure.want, Got: failure.got,
			Hint: "The story is the shortest that fails: follow it with curl, and print what the program stores after each step."})
		o.Evidence = append(o.Evidence, check.Evidence{Kind: "story", Title: "What happened", Text: strings.Join(failure.story, "\n")})
		return o, nil
	}
	return o, nil
}

// plan is a random walk. It opens with some creates and a list, so that programs that lose things only when there are
// many of them are found whatever the seed; then it goes on with all sorts.
func (c *CRUD) plan(r *rand.Rand, opening int) []operation {
	var plan []operation
	var live, gone []int
	made := 0
	for step := range c.Steps {
		what := operations[r.IntN(len(operations))]
		switch {
		case len(live) == 0 || made < opening:
			what = "create"
		case step == opening:
			what = "list"
		}
		switch what {
		case "create":
			plan = append(plan, operation{what, made, c.body(c.New, r)})
			live = append(live, made)
			made++
			continue
		case "list":
			plan = append(plan, operation{what: what})
			continue
		case "gone":
			if len(gone) == 0 {
				what = "get"
				break
			}
			plan = append(plan, operation{what: what, thing: gone[r.IntN(len(gone))]})
			continue
		}
		i := r.IntN(len(live))
		op := operation{what: what, thing: live[i]}
		if what == "update" {
			op.body = c.body(c.Edit, r)
		}
		if what == "delete" {
			gone = append(gone, live[i])
			live = slices.Delete(live, i, i+1)
		}
		plan = append(plan, op)
	}
	return append(plan, operation{what: "list"})
}

// body fills $word with a new title.
func (c *CRUD) body(v option.Value, r *rand.Rand) map[string]any {
	body, _ := v.Interface().(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(body)) {
		if text, ok := body[key].(string); ok && strings.Contains(text, "$word") {
			body[key] = strings.ReplaceAll(text, "$word", check.Word(r))
		}
	}
	return body
}

// failure is where a walk and the model part.
type failure struct {
	want, got string
	story     []string
}

// shrink leaves operations out as long as the rest still fails.
func (c *CRUD) shrink(ctx context.Context, t check.Target, plan []operation, last *failure) (*failure, error) {
	const tries = 60
	plan = plan[:min(len(last.story), len(plan))]
	for i, n := len(plan)-2, 0; i >= 0 && n < tries; i, n = i-1, n+1 {
		if plan[i].what == "create" && slices.ContainsFunc(plan[i+1:], func(op operation) bool { return op.what != "list" && op.thing == plan[i].thing }) {
			continue
		}
		if plan[i].what == "delete" && slices.ContainsFunc(plan[i+1:], func(op operation) bool { return op.what == "gone" && op.thing == plan[i].thing }) {
			continue
		}
		shorter := slices.Delete(slices.Clone(plan), i, i+1)
		failure, err := c.walk(ctx, t, shorter)
		if err != nil {
			return nil, err
		}
		if failure != nil {
			plan, last = shorter, failure
		}
	}
	return last, nil
}

// walk does the operations and compares each answer with the model.
func (c *CRUD) walk(ctx context.Context, t check.Target, plan []operation) (*failure, error) {
	w := &walker{options: c, target: t, ids: map[int]any{}, model: map[int]map[string]any{}}
	for _, op := range plan {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		want, got, err := w.do(ctx, op)
		if err != nil {
			return nil, err
		}
		if want != "" {
			return &failure{want: want, got: got, story: append(w.story, "   want "+want, "   got  "+got)}, nil
		}
	}
	return nil, nil
}

type walker struct {
	options *CRUD
	target  check.Target
	ids     map[int]any
	model   map[int]map[string]any
	story   []string
}

func (w *walker) do(ctx context.Context, op operation) (want, got string, err error) {
	c := w.options
	one := c.At + "/" + url.PathEscape(text(w.ids[op.thing]))
	switch op.what {
	case "create":
		answer, wrong, err := w.send(ctx, "create", http.MethodPost, c.At, op.body)
		if err != nil || wrong != "" {
			return w.code("create"), wrong, err
		}
		thing, ok := answer.(map[string]any)
		if !ok || thing[c.ID] == nil {
			return "an answer with " + c.ID, show(answer), nil
		}
		for other, id := range w.ids {
			if w.model[other] != nil && text(id) == text(thing[c.ID]) {
				return "an id that no live thing has", show(thing[c.ID]), nil
			}
		}
		w.ids[op.thing], w.model[op.thing] = thing[c.ID], op.body
		return w.same(op.thing, thing)
	case "get":
		answer, wrong, err := w.send(ctx, "get", http.MethodGet, one, nil)
		if err != nil || wrong != "" {
			return w.code("get"), wrong, err
		}
		return w.same(op.thing, answer)
	case "update":
		_, wrong, err := w.send(ctx, "update", http.MethodPut, one, op.body)
		if err != nil || wrong != "" {
			return w.code("update"), wrong, err
		}
		w.model[op.thing] = op.body
		answer, wrong, err := w.send(ctx, "get", http.MethodGet, one, nil)
		if err != nil || wrong != "" {
			return w.code("get"), wrong, err
		}
		return w.same(op.thing, answer)
	case "delete":
		_, wrong, err := w.send(ctx, "delete", http.MethodDelete, one, nil)
		delete(w.model, op.thing)
		if err != nil || wrong != "" {
			return w.code("delete"), wrong, err
		}
		return "", "", nil
	case "gone":
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			if _, wrong, err := w.send(ctx, "gone", method, one, nil); err != nil || wrong != "" {
				return w.code("gone") + ", because it was deleted", wrong, err
			}
		}
		return "", "", nil
	}
	return w.list(ctx)
}

// list compares the list with the model: everything that lives once, nothing that is gone.
func (w *walker) list(ctx context.Context) (want, got string, err error) {
	answer, wrong, err := w.send(ctx, "list", http.MethodGet, w.options.At, nil)
	if err != nil || wrong != "" {
		return w.code("list"), wrong, err
	}
	if w.options.List != "" {
		for _, part := range strings.Split(w.options.List, ".") {
			m, _ := answer.(map[string]any)
			answer = m[part]
		}
	}
	items, ok := answer.([]any)
	if !ok {
		return "an array", show(answer), nil
	}
	for _, thing := range slices.Sorted(maps.Keys(w.ids)) {
		var found []any
		for _, item := range items {
			if m, ok := item.(map[string]any); ok && text(m[w.options.ID]) == text(w.ids[thing]) {
				found = append(found, item)
			}
		}
		switch {
		case w.model[thing] == nil && len(found) > 0 && !w.reused(thing):
			return fmt.Sprintf("a list without %s, which was deleted", show(w.ids[thing])), show(found[0]), nil
		case w.model[thing] != nil && len(found) != 1:
			return fmt.Sprintf("a list with %s in it, once", show(w.ids[thing])), fmt.Sprintf("it is there %d times", len(found)), nil
		case w.model[thing] != nil:
			if want, got, _ := w.same(thing, found[0]); want != "" {
				return want + " in the list", got, nil
			}
		}
	}
	return "", "", nil
}

// reused says whether the id of a thing that is gone was given to one that lives: that is allowed.
func (w *walker) reused(thing int) bool {
	for other := range w.model {
		if text(w.ids[other]) == text(w.ids[thing]) {
			return true
		}
	}
	return false
}

// same compares what came back with what was sent.
func (w *walker) same(thing int, got any) (string, string, error) {
	m, ok := got.(map[string]any)
	if !ok {
		return "an object", show(got), nil
	}
	if text(m[w.options.ID]) != text(w.ids[thing]) {
		return fmt.Sprintf("%s %s", w.options.ID, show(w.ids[thing])), show(m[w.options.ID]), nil
	}
	for _, key := range slices.Sorted(maps.Keys(w.model[thing])) {
		if want := w.model[thing][key]; show(m[key]) != show(want) {
			return fmt.Sprintf("%s %s", key, show(want)), show(m[key]), nil
		}
	}
	return "", "", nil
}

func (w *walker) code(what string) string { return "status " + w.codes(what).String() }

func (w *walker) codes(what string) steps.Codes {
	if codes, ok := w.options.Status[what]; ok {
		return codes
	}
	if what == "gone" {
		return steps.Codes{"404"}
	}
	return nil
}

// send sends one request; wrong is what is wrong with the answer.
func (w *walker) send(ctx context.Context, what, method, path string, body map[string]any) (value any, wrong string, err error) {
	r := check.Request{Method: method, Path: path, Header: http.Header{}}
	line := method + " " + path
	if body != nil {
		r.Body = []byte(show(body))
		r.Header.Set("Content-Type", "application/json")
		line += " " + show(body)
	}
	answer, err := w.target.Do(ctx, r)
	if err != nil {
		return nil, "", err
	}
	if answer.Fault != "" {
		w.story = append(w.story, line+"  -> "+answer.Fault)
		return nil, answer.Fault, nil
	}
	w.story = append(w.story, fmt.Sprintf("%s  -> %d", line, answer.Status))
	if !w.codes(what).Match(answer.Status) {
		return nil, fmt.Sprintf("status %d", answer.Status), nil
	}
	if what == "delete" || what == "gone" {
		return nil, "", nil
	}
	d := json.NewDecoder(bytes.NewReader(answer.Body))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		if what == "update" {
			return nil, "", nil // an update may answer nothing
		}
		return nil, "an answer that is no JSON", nil
	}
	return value, "", nil
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return show(v)
}

func show(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	s := strings.TrimSpace(b.String())
	return s[:min(len(s), 400)]
}
