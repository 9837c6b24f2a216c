package crud

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
)

// failure is where a walk and the model part.
type failure struct {
	at        int // the operation
	want, got string
	story     []string
	twice     bool // an id was given out that another thing has
}

// walk does the operations and compares each answer with the model. The items are of what was
// passed over on the way, by the fault that all share who may meet it.
func (c *CRUD) walk(ctx context.Context, t check.Target,
	plan []operation) (*failure, map[string]check.Item, error) {
	w := &walker{options: c, target: t, ids: map[int]any{}, model: map[int]steps.Object{},
		passed: map[string]check.Item{}}
	for i, op := range plan {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		want, got, err := w.do(ctx, op)
		if err != nil {
			return nil, w.passed, err
		}
		if want != "" {
			return &failure{at: i, want: want, got: got, story: append(w.story, "   want "+want, "   got  "+got),
				twice: w.twice}, w.passed, nil
		}
	}
	return nil, w.passed, nil
}

type walker struct {
	options *CRUD
	target  check.Target
	ids     map[int]any
	model   map[int]steps.Object
	passed  map[string]check.Item // what was passed over: a redirect, an object around the list
	twice   bool                  // an id was given out that another thing has
	story   []string
}

func (w *walker) do(ctx context.Context, op operation) (want, got string, err error) {
	c := w.options
	// ask sends one of the requests for the thing.
	ask := func(what, as string, body steps.Object) (any, string, error) {
		method, path := c.route(what, url.PathEscape(text(w.ids[op.thing])))
		return w.send(ctx, as, method, path, body)
	}
	switch op.what {
	case "create":
		method, path := c.route("create", url.PathEscape(text(op.id)))
		answer, wrong, err := w.send(ctx, "create", method, path, op.body)
		if err != nil || wrong != "" {
			return w.code("create"), wrong, err
		}
		if !c.Echo {
			return w.find(ctx, op)
		}
		id := c.id(at(answer, c.Item.Answered))
		if op.id != nil && (answer == nil || id == nil) { // the path says it
			id = op.id
		}
		if op.id != nil && text(id) != text(op.id) {
			return fmt.Sprintf("%s %s, as the path says", c.ID, steps.Show(op.id)), steps.Show(id), nil
		}
		if id == nil {
			return "an answer with " + c.inAnswer(c.ID), steps.Show(answer), nil
		}
		for other, known := range w.ids {
			if w.model[other] != nil && text(known) == text(id) {
				w.twice = true
				return "an id that no live thing has", fmt.Sprintf("%s %s was given out twice", c.ID,
					steps.Show(id)), nil
			}
		}
		w.ids[op.thing], w.model[op.thing] = id, c.seen(op.body)
		if op.id != nil && answer == nil {
			return "", "", nil
		}
		return w.same(op.thing, at(answer, c.Item.Answered))
	case "get":
		answer, wrong, err := ask("get", "get", nil)
		if err != nil || wrong != "" {
			return w.code("get"), wrong, err
		}
		return w.same(op.thing, at(answer, c.Item.Answered))
	case "update":
		body := identified(op.body, w.ids[op.thing])
		_, wrong, err := ask("update", "update", body)
		if err != nil || wrong != "" {
			return w.code("update"), wrong, err
		}
		changed := c.seen(body)
		if c.Update == http.MethodPatch {
			kept := maps.Clone(w.model[op.thing])
			maps.Copy(kept, changed)
			changed = kept
		}
		w.model[op.thing] = changed
		answer, wrong, err := ask("get", "get", nil)
		if err != nil || wrong != "" {
			return w.code("get"), wrong, err
		}
		return w.same(op.thing, at(answer, c.Item.Answered))
	case "delete":
		_, wrong, err := ask("delete", "delete", nil)
		delete(w.model, op.thing)
		if err != nil || wrong != "" {
			return w.code("delete"), wrong, err
		}
		return "", "", nil
	case "gone":
		if w.reused(op.thing) {
			return "", "", nil // its id is another's now
		}
		for _, what := range []string{"get", "delete"} {
			if _, wrong, err := ask(what, "gone", nil); err != nil || wrong != "" {
				return w.code("gone") + ", because it was deleted", wrong, err
			}
		}
		return "", "", nil
	}
	if op.what == "refuse" {
		return w.refuse(ctx, op)
	}
	return w.list(ctx)
}

// refuse sends what is no thing. Whether it is refused is not asked here; where it is, the list
// must be as before.
func (w *walker) refuse(ctx context.Context, op operation) (want, got string, err error) {
	before, want, got, err := w.items(ctx)
	if err != nil || want != "" {
		return want, got, err
	}
	method, path := w.options.route("create", url.PathEscape(text(op.id)))
	answer, _, err := steps.Follow(ctx, w.target, w.options.request(method, path, op.body))
	if err != nil {
		return "", "", err
	}
	w.story = append(w.story, fmt.Sprintf("%s %s%s %s  -> %d", method, path, w.options.by(),
		steps.Show(op.body), answer.Status))
	if answer.Status/100 != 4 {
		return "", "", nil
	}
	after, want, got, err := w.items(ctx)
	if err == nil && want == "" && len(after) != len(before) {
		want, got = fmt.Sprintf("a list of %d, since the create was refused", len(before)),
			fmt.Sprintf("a list of %d", len(after))
	}
	return want, got, err
}

// mostPages bounds how many pages of a list are asked for.
const mostPages = 200

// items asks for the list, page by page where it comes so.
func (w *walker) items(ctx context.Context) (items steps.List, want, got string, err error) {
	l, told := w.options.List, len(w.story)
	var first, next string
	for n := range mostPages {
		asked := l.page(w.options.At, len(items), n, next)
		var more steps.List
		if more, next, want, got, err = w.page(ctx, asked); err != nil || want != "" {
			return nil, want, got, err
		}
		if n > 0 { // one line for all pages
			w.story = append(w.story[:told], first+", and so on to "+asked)
		} else {
			first = w.story[told]
		}
		items = append(items, more...)
		if l.last(len(more), next) {
			break
		}
	}
	return items, "", "", nil
}

// page asks for a list, or one page of it, and returns what leads to the next.
func (w *walker) page(ctx context.Context, path string) (items steps.List, next, want, got string, err error) {
	a, answer, wrong, err := w.exchange(ctx, "list", http.MethodGet, path, nil)
	if err != nil || wrong != "" {
		return nil, "", w.code("list"), wrong, err
	}
	if w.options.List.Next != nil {
		next = w.options.List.Next.Find(a)
	}
	answer = at(answer, w.options.List.At)
	items, ok := answer.(steps.List)
	if !ok && w.options.List.At == "" {
		var key string
		if items, key, ok = steps.Inside(answer); ok {
			w.passed["list "+steps.Route(w.options.At)] = steps.Wrapped("GET "+path, key)
		}
	}
	if !ok {
		return nil, "", "an array", steps.Show(answer), nil
	}
	return items, next, "", "", nil
}

// find looks in the list for what a create made, where its answer does not tell.
func (w *walker) find(ctx context.Context, op operation) (want, got string, err error) {
	items, want, got, err := w.items(ctx)
	if err != nil || want != "" {
		return want, got, err
	}
	sent := w.options.seen(op.body)
	for _, item := range items {
		id := w.options.id(item)
		known := slices.ContainsFunc(slices.Collect(maps.Values(w.ids)),
			func(other any) bool { return text(other) == text(id) })
		if path, _, _ := steps.Difference(sent, item); path == "" && id != nil && !known {
			w.ids[op.thing], w.model[op.thing] = id, sent
			return "", "", nil
		}
	}
	return fmt.Sprintf("a list with a new %s in it", steps.Show(sent)),
		fmt.Sprintf("it is not there; the list has %s", steps.Plural(len(items), "item")), nil
}

// list compares the list with the model: everything that lives once, nothing that is gone.
func (w *walker) list(ctx context.Context) (want, got string, err error) {
	items, want, got, err := w.items(ctx)
	if err != nil || want != "" {
		return want, got, err
	}
	for _, thing := range slices.Sorted(maps.Keys(w.ids)) {
		var found steps.List
		for _, item := range items {
			if id := w.options.id(item); id != nil && text(id) == text(w.ids[thing]) {
				found = append(found, item)
			}
		}
		switch {
		case w.model[thing] == nil && len(found) > 0 && !w.reused(thing):
			return fmt.Sprintf("a list without %s, which was deleted", steps.Show(w.ids[thing])), steps.Show(found[0]),
				nil
		case w.model[thing] != nil && len(found) > 1 && !slices.ContainsFunc(found[1:],
			func(other any) bool { return steps.Show(other) == steps.Show(found[0]) }):
			w.twice = true // what another check left may have it, too
			return "ids that differ", fmt.Sprintf("%s %s was given out twice: %d things have it", w.options.ID,
				steps.Show(w.ids[thing]), len(found)), nil
		case w.model[thing] != nil && len(found) != 1:
			return fmt.Sprintf("a list with %s in it, once", steps.Show(w.ids[thing])),
				fmt.Sprintf("it is there %d times", len(found)), nil
		case w.model[thing] != nil:
			if want, got, _ := w.same(thing, found[0]); want != "" {
				return want + " in the list", got, nil
			}
		}
	}
	return "", "", nil
}

// reused reports whether the id of a thing that is gone was given to one that lives: that is
// allowed.
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
	if _, ok := got.(steps.Object); !ok {
		return "an object", steps.Show(got), nil
	}
	if id := w.options.id(got); text(id) != text(w.ids[thing]) && (id != nil || w.options.One.Create.Path == "") {
		return fmt.Sprintf("%s %s", w.options.ID, steps.Show(w.ids[thing])), steps.Show(id), nil
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
func (w *walker) send(ctx context.Context, what, method, path string,
	body steps.Object) (value any, wrong string, err error) {
	_, value, wrong, err = w.exchange(ctx, what, method, path, body)
	return value, wrong, err
}

// exchange is send with the answer itself.
func (w *walker) exchange(ctx context.Context, what, method, path string,
	body steps.Object) (answer check.Answer, value any, wrong string, err error) {
	line := method + " " + path + w.options.by()
	if body != nil {
		line += " " + steps.Show(body)
	}
	answer, to, err := steps.Follow(ctx, w.target, w.options.request(method, path, body))
	if err != nil {
		return answer, nil, "", err
	}
	if to != "" {
		w.passed["slash "+steps.Route(w.options.At)] = steps.Redirected(method+" "+path, method, path, to)
		line += ", redirected to " + to
	}
	if answer.Fault != "" {
		w.story = append(w.story, line+"  -> "+answer.Fault)
		return answer, nil, answer.Fault, nil
	}
	w.story = append(w.story, fmt.Sprintf("%s  -> %d", line, answer.Status))
	if !w.codes(what).Match(answer.Status) {
		return answer, nil, fmt.Sprintf("status %d", answer.Status), nil
	}
	if what == "delete" || what == "gone" || what == "create" && !w.options.Echo {
		return answer, nil, "", nil
	}
	if value, err = steps.Decode(answer.Body); err != nil {
		if what == "update" || what == "create" && w.options.One.Create.Path != "" {
			return answer, nil, "", nil // which may answer nothing
		}
		return answer, nil, "an answer that is no JSON", nil
	}
	return answer, value, "", nil
}

// by returns who asks, for a line of a story.
func (c *CRUD) by() string {
	if name := c.caller.Name(); name != "" {
		return " as " + name
	}
	return ""
}

// id returns the id of a thing; nil where it has none.
func (c *CRUD) id(thing any) any { return at(thing, c.ID) }

// at returns the value at a path; nil where there is none.
func at(value any, path string) any {
	if found, ok := steps.At(value, path); ok {
		return found
	}
	return nil
}

// text returns an id as it stands in a path.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return steps.Show(v)
}

// seen returns what answers hold of a body.
func (c *CRUD) seen(body steps.Object) steps.Object {
	seen := maps.Clone(c.thing(body))
	for _, key := range c.Unseen {
		delete(seen, key)
	}
	return seen
}

// request returns what is sent.
func (c *CRUD) request(method, path string, body steps.Object) check.Request {
	r := check.Request{Method: method, Path: path, Header: http.Header{}}
	if body == nil {
		return r
	}
	fields := url.Values{}
	for name, value := range body {
		list, many := value.(steps.List)
		if !many {
			list = steps.List{value}
		}
		for _, one := range list {
			fields.Add(name, text(one))
		}
	}
	switch c.Body {
	case "form":
		r.Body = []byte(fields.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case "query":
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		r.Path += separator + fields.Encode()
	default:
		r.Body = steps.Encode(body)
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}
