// Package crud is the kind `crud`: random walks against a model.
package crud

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
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
thing, what is deleted is 404 and out of the list. Only what the walk itself made counts, so other data does no harm, and an id may
be used again once its thing is gone. Each walk opens with more creates than the one before it and a list; every other one goes on
with two changes of one thing, a delete, a create with a body that was there before, and one with the body of refuse, which may
change nothing where it is refused. What these find is found whatever the seed; then chance decides. A walk that fails is shortened to the fewest operations that still fail, and told as a story.`,
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
	Refuse option.Value           `json:"refuse,omitzero" jsonschema:"a body that is refused, and must then leave nothing behind"`
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
	for _, body := range []option.Value{c.New, c.Edit, c.Refuse} {
		if body.Line > 0 && body.Kind != option.Map {
			ps = append(ps, body.Problem("want a mapping, not %s", body.Describe())...)
		}
		body.EachText(func(text option.Value) { ps = append(ps, unknown(text)...) })
	}
	if path, ok := at.Get("at"); ok && (!strings.HasPrefix(c.At, "/") || strings.HasSuffix(c.At, "/")) {
		ps = append(ps, path.Problem("want the path of a collection, such as /tasks, not %s", path.Describe())...)
	}
	return ps
}

var variable = regexp.MustCompile(`\$(\w*[a-zA-Z_]\w*|\{.*)`)

// unknown finds variables in a text of a body: there is none but $word.
func unknown(text option.Value) (ps option.Problems) {
	for _, m := range variable.FindAllStringSubmatch(text.Text, -1) {
		if m[1] != "word" {
			word := text
			word.Text = m[1]
			ps = append(ps, option.Unknown("variable", word, []string{"word"})...)
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
		item := check.Passed(fmt.Sprintf("walk %d of %d", n+1, c.Walks))
		if len(o.Evidence) > 0 {
			o.Items = append(o.Items, check.Item{Name: item.Name, Skipped: true, Got: "not asked: the walk before it failed"})
			continue
		}
		failed, err := c.fails(ctx, t, c.plan(in.Rand, n))
		if err != nil {
			return check.Outcome{}, err
		}
		if failed != nil {
			item = check.Item{Name: item.Name, Want: failed.want, Got: failed.got,
				Hint: "The story is the shortest that fails: follow it with curl, and print what the program stores after each step."}
			o.Evidence = append(o.Evidence, check.Evidence{Kind: "story", Title: "What happened", Text: strings.Join(failed.story, "\n")})
		}
		o.Items = append(o.Items, item)
	}
	return o, nil
}

// fails walks, and shortens the plan when it fails; nil is a walk that holds.
func (c *CRUD) fails(ctx context.Context, t check.Target, plan []operation) (*failure, error) {
	failed, err := c.walk(ctx, t, plan)
	if failed == nil || err != nil {
		return nil, err
	}
	return c.shrink(ctx, t, plan, failed)
}

// plan is the n-th random walk, of c.Steps operations and a list. It opens with creates, one more than the walk before,
// and a list; every other walk goes on with what chance alone would not always bring: two changes of the first thing, a
// delete of one in the middle, one more create, with the body of the first, and a create to be refused.
func (c *CRUD) plan(r *rand.Rand, n int) []operation {
	p := planner{options: c, rand: r}
	creates := min(n+2, max(c.Steps/2, 1))
	for range creates {
		p.add("create", 0)
	}
	p.add("list", 0)
	if n%2 == 0 {
		for _, what := range []string{"update", "get", "update"} {
			p.add(what, 0)
		}
		p.add("delete", creates/2)
		for _, what := range []string{"list", "gone", "create", "list"} {
			p.add(what, 0)
		}
		p.plan[len(p.plan)-2].body = p.plan[0].body // two things may be called the same
		if c.Refuse.Line > 0 {
			p.add("refuse", 0)
		}
	}
	for len(p.plan) < c.Steps {
		switch what := operations[r.IntN(len(operations))]; {
		case what == "create" || what != "list" && len(p.live) == 0:
			p.add("create", 0)
		case what == "list":
			p.add(what, 0)
		case what == "gone" && len(p.gone) > 0:
			p.add(what, r.IntN(len(p.gone)))
		case what == "gone":
			p.add("get", r.IntN(len(p.live)))
		default:
			p.add(what, r.IntN(len(p.live)))
		}
	}
	return append(p.plan[:c.Steps], operation{what: "list"})
}

// planner knows which things live at each point of a plan.
type planner struct {
	options    *CRUD
	rand       *rand.Rand
	plan       []operation
	made       int
	live, gone []int
}

// add plans one more operation, on the i-th thing that lives, or of those that are gone.
func (p *planner) add(what string, i int) {
	op := operation{what: what}
	switch what {
	case "create":
		op.thing, op.body = p.made, p.options.body(p.options.New, p.rand)
		p.live = append(p.live, p.made)
		p.made++
	case "gone":
		op.thing = p.gone[i]
	case "refuse":
		op.body = p.options.body(p.options.Refuse, p.rand)
	case "update":
		op.thing, op.body = p.live[i], p.options.body(p.options.Edit, p.rand)
	case "get":
		op.thing = p.live[i]
	case "delete":
		op.thing = p.live[i]
		p.live, p.gone = slices.Delete(p.live, i, i+1), append(p.gone, op.thing)
	}
	p.plan = append(p.plan, op)
}

// body fills $word with a new title, wherever it stands.
func (c *CRUD) body(v option.Value, r *rand.Rand) map[string]any {
	body, _ := fill(v.Interface(), r).(map[string]any)
	return body
}

func fill(v any, r *rand.Rand) any {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "$word") {
			return strings.ReplaceAll(v, "$word", check.Word(r))
		}
	case []any:
		for i := range v {
			v[i] = fill(v[i], r)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			v[key] = fill(v[key], r)
		}
	}
	return v
}

// failure is where a walk and the model part.
type failure struct {
	at        int // the operation
	want, got string
	story     []string
}

// tries bounds how many walks the shortening of one may cost.
const tries = 120

// shrink leaves operations out, each with those that make no sense without it, until none can be spared.
func (c *CRUD) shrink(ctx context.Context, t check.Target, plan []operation, last *failure) (*failure, error) {
	plan = plan[:last.at+1]
	for i, n := len(plan)-2, 0; i >= 0 && n < tries; n++ {
		shorter := without(plan, i)
		failed, err := c.walk(ctx, t, shorter)
		if err != nil {
			return nil, err
		}
		if failed == nil {
			i--
			continue
		}
		plan, last = shorter[:failed.at+1], failed
		i = len(plan) - 2 // what could not be spared before may be now
	}
	return last, nil
}

// without is a plan without one operation: without a create, nothing is done with its thing, and without a delete, it
// is not gone.
func without(plan []operation, i int) []operation {
	var out []operation
	for n, op := range plan {
		same := n > i && op.thing == plan[i].thing && op.what != "list" && op.what != "refuse"
		switch {
		case n == i, same && plan[i].what == "create", same && plan[i].what == "delete" && op.what == "gone":
		default:
			out = append(out, op)
		}
	}
	return out
}

// walk does the operations and compares each answer with the model.
func (c *CRUD) walk(ctx context.Context, t check.Target, plan []operation) (*failure, error) {
	w := &walker{options: c, target: t, ids: map[int]any{}, model: map[int]map[string]any{}}
	for i, op := range plan {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		want, got, err := w.do(ctx, op)
		if err != nil {
			return nil, err
		}
		if want != "" {
			return &failure{at: i, want: want, got: got, story: append(w.story, "   want "+want, "   got  "+got)}, nil
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
			return "an answer with " + c.ID, steps.Show(answer), nil
		}
		for other, id := range w.ids {
			if w.model[other] != nil && text(id) == text(thing[c.ID]) {
				return "an id that no live thing has", steps.Show(thing[c.ID]), nil
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
		if w.reused(op.thing) {
			return "", "", nil // its id is another's now
		}
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			if _, wrong, err := w.send(ctx, "gone", method, one, nil); err != nil || wrong != "" {
				return w.code("gone") + ", because it was deleted", wrong, err
			}
		}
		return "", "", nil
	}
	if op.what == "refuse" {
		return w.refuse(ctx, op.body)
	}
	return w.list(ctx)
}

// refuse sends what is no thing. Whether it is refused is not asked here; where it is, the list must be as before.
func (w *walker) refuse(ctx context.Context, body map[string]any) (want, got string, err error) {
	before, want, got, err := w.items(ctx)
	if err != nil || want != "" {
		return want, got, err
	}
	answer, err := w.target.Do(ctx, request(http.MethodPost, w.options.At, body))
	if err != nil {
		return "", "", err
	}
	w.story = append(w.story, fmt.Sprintf("POST %s %s  -> %d", w.options.At, steps.Show(body), answer.Status))
	if answer.Status/100 != 4 {
		return "", "", nil
	}
	after, want, got, err := w.items(ctx)
	if err == nil && want == "" && len(after) != len(before) {
		want, got = fmt.Sprintf("a list of %d, since the create was refused", len(before)), fmt.Sprintf("a list of %d", len(after))
	}
	return want, got, err
}

// items asks for the list.
func (w *walker) items(ctx context.Context) (items []any, want, got string, err error) {
	answer, wrong, err := w.send(ctx, "list", http.MethodGet, w.options.At, nil)
	if err != nil || wrong != "" {
		return nil, w.code("list"), wrong, err
	}
	answer, _ = steps.At(answer, w.options.List)
	items, ok := answer.([]any)
	if !ok {
		return nil, "an array", steps.Show(answer), nil
	}
	return items, "", "", nil
}

// list compares the list with the model: everything that lives once, nothing that is gone.
func (w *walker) list(ctx context.Context) (want, got string, err error) {
	items, want, got, err := w.items(ctx)
	if err != nil || want != "" {
		return want, got, err
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
			return fmt.Sprintf("a list without %s, which was deleted", steps.Show(w.ids[thing])), steps.Show(found[0]), nil
		case w.model[thing] != nil && len(found) != 1:
			return fmt.Sprintf("a list with %s in it, once", steps.Show(w.ids[thing])), fmt.Sprintf("it is there %d times", len(found)), nil
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
		return "an object", steps.Show(got), nil
	}
	if text(m[w.options.ID]) != text(w.ids[thing]) {
		return fmt.Sprintf("%s %s", w.options.ID, steps.Show(w.ids[thing])), steps.Show(m[w.options.ID]), nil
	}
	if path, want, got := steps.Difference(w.model[thing], got); path != "" {
		return strings.TrimPrefix(path, "$.") + " " + want, got, nil
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
	line := method + " " + path
	if body != nil {
		line += " " + steps.Show(body)
	}
	answer, err := w.target.Do(ctx, request(method, path, body))
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
	if value, err = steps.Decode(answer.Body); err != nil {
		if what == "update" {
			return nil, "", nil // an update may answer nothing
		}
		return nil, "an answer that is no JSON", nil
	}
	return value, "", nil
}

// text is an id as it stands in a path.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return steps.Show(v)
}

func request(method, path string, body map[string]any) check.Request {
	r := check.Request{Method: method, Path: path, Header: http.Header{}}
	if body != nil {
		r.Body = steps.Encode(body)
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}
