// Package crud is the kind `crud`: random walks against a model.
//
// A walk is drawn from the seed before anything is sent (plan.go), then sent step by step and
// compared with what a program that keeps what it is told would answer (walk.go). A walk that fails
// is cut down to the shortest that still fails (shrink.go), which is the story that the student
// reads.
package crud

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind returns the kind `crud`, which walks at random through a service.
func Kind() check.Kind {
	return check.Kind{Name: "crud", Phase: check.Running,
		New: func() check.Check { return &CRUD{At: "/tasks", ID: "id", Walks: 8, Steps: 20} }, Manual: check.Manual{
			Summary: "does the program keep what it was told, whatever the order",
			Text: `Each walk is a random sequence of create, get, list, update and delete over several live things, and get and delete of what
is gone. After each operation the answer is compared with a model in memory: what was created is as it was sent, a change changes one
thing, what is deleted is 404 and out of the list. Only what the walk itself made counts, so other data does no harm, and an id may
be used again once its thing is gone. Each walk opens with more creates than the one before it and a list; every other one goes on
with two changes of one thing, a delete, a create with a body that was there before, and one with the body of refuse, which may
change nothing where it is refused. What these find is found whatever the seed; then chance decides.

A thing is created by POST and listed by GET at the path of the collection, and read by GET, changed by PUT and deleted by DELETE
below it, at its id. gone is a GET or a DELETE of what was deleted before. Where several processes serve and each has a memory of
its own, that is the fault, and nothing is walked. A walk that fails is shortened to the fewest operations that still fail, and told as a story.`,
			Example: `id: walk
points: 2
crud:
  at: /tasks
  id: id
  list: ""
  new: {title: $word, completed: false}
  edit: {title: $word, completed: true}
  refuse: {completed: true}
  walks: 8
  steps: 20
  status: {create: [200, 201], delete: [200, 204], gone: 404}`}}
}

// CRUD is the options.
type CRUD struct {
	At     string                 `json:"at,omitempty" jsonschema:"the path of the collection; /tasks unless given"`
	ID     string                 `json:"id,omitempty" jsonschema:"the key of a thing that holds its id; id unless given"`
	List   string                 `json:"list,omitempty" option:"any" jsonschema:"where in the answer of a list the array is, such as items; the answer itself unless given"`
	New    option.Value           `json:"new" jsonschema:"the body of a create; $word is new each time"`
	Edit   option.Value           `json:"edit" jsonschema:"the body of an update"`
	Refuse option.Value           `json:"refuse,omitzero" jsonschema:"a body that is refused, and must then leave nothing behind"`
	Walks  int                    `json:"walks,omitempty" option:"1..100" jsonschema:"how many walks; 8 unless given"`
	Steps  int                    `json:"steps,omitempty" option:"2..200" jsonschema:"how many operations each has; 20 unless given"`
	Status map[string]steps.Codes `json:"status,omitempty" jsonschema:"accepted codes of create, get, list, update, delete and gone; 2xx unless given, gone 404"`
}

var operations = []string{"create", "get", "list", "update", "delete", "gone"}

// ValidateOption bounds the work and finds misspelt operations.
func (c *CRUD) ValidateOption(at option.Value) option.Problems {
	var ps option.Problems
	status, _ := at.Get("status")
	for _, f := range status.Fields {
		if !slices.Contains(operations, f.Key.Text) {
			ps = append(ps, option.Unknown("operation", f.Key, operations)...)
		}
	}
	for _, body := range []option.Value{c.New, c.Edit, c.Refuse} {
		if body.Line > 0 && body.Kind != option.Map {
			ps = append(ps, body.Wrong("a mapping")...)
			continue
		}
		body.EachText(func(text option.Value) { ps = append(ps, unknown(text)...) })
	}
	if path, _ := at.Get("at"); len(steps.CheckPath(path)) > 0 || strings.HasSuffix(c.At, "/") ||
		strings.ContainsAny(c.At, "?#") {
		ps = append(ps, path.Problem("want the path of a collection, such as /tasks, not %s", path.Describe())...)
	}
	if id, _ := at.Get("id"); strings.ContainsAny(c.ID, ".[") {
		ps = append(ps, id.Problem("want the key of a thing that holds its id, not the path %s", id.Describe())...)
	}
	if list, _ := at.Get("list"); !steps.IsPath(c.List) {
		ps = append(ps, list.Problem("want a path into the answer, such as items, not %s", list.Describe())...)
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

// Ask walks.
func (c *CRUD) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	if by := steps.Scattered(in.Memory); by != "" {
		return steps.Scatters(by), nil
	}
	if apart, err := c.apart(ctx, t, in); err != nil {
		return check.Outcome{}, err
	} else if apart != nil {
		return check.Outcome{Items: []check.Item{*apart}}, nil
	}
	var o check.Outcome
	var led *check.Item
	for n := range c.Walks {
		item := check.Passed(fmt.Sprintf("walk %d of %d", n+1, c.Walks))
		if len(o.Evidence) > 0 {
			o.Items = append(o.Items, check.Item{Name: item.Name, Skipped: true,
				Got: "not asked: the walk before it failed"})
			continue
		}
		plan := c.plan(in.Rand, n)
		failed, detour, err := c.walk(ctx, t, plan)
		if err == nil && failed != nil {
			failed, err = c.shrink(ctx, t, plan, failed)
		}
		if err != nil {
			return check.Outcome{}, err
		}
		if detour != nil {
			led = detour
		}
		if failed != nil {
			item = check.Item{Name: item.Name, Want: failed.want, Got: failed.got, Hint: check.Advise(failed.hint())}
			o.Evidence = append(o.Evidence, check.Evidence{Kind: "story", Title: "What happened",
				Text: strings.Join(failed.story, "\n")})
		}
		o.Items = append(o.Items, item)
	}
	if led != nil && len(o.Evidence) == 0 && in.Memory.First("slash "+steps.Route(c.At)) {
		o.Items = append(o.Items, *led)
	}
	return o, nil
}

// apart creates one thing where several processes serve and no check before looked at what they
// share. Its item is that not all of them have it; nil where they do.
func (c *CRUD) apart(ctx context.Context, t check.Target, in check.Input) (*check.Item, error) {
	if crowded, err := steps.Crowded(ctx, t, in.Memory, c.At); err != nil || !crowded {
		return nil, err
	}
	body := c.body(c.New, in.Rand)
	p := steps.Posted{Name: http.MethodPost + " " + c.At, Request: request(http.MethodPost, c.At, body),
		IDs: []string{c.ID}}
	for _, key := range slices.Sorted(maps.Keys(body)) {
		if word, ok := body[key].(string); ok {
			p.Words = append(p.Words, word)
		}
	}
	var err error
	if p.Answer, p.To, err = steps.Follow(ctx, t, p.Request); err != nil || p.Answer.Status/100 != 2 {
		return nil, err
	}
	return steps.Scatter(ctx, t, in.Memory, p)
}

// hint returns what to do about it.
func (f failure) hint() string {
	if f.twice {
		return "Give each thing an id that no other has: the number of things is one that is there already after a " +
			"delete; a counter that only goes up is not, nor is uuid4."
	}
	return "The story is the shortest that fails: follow it with curl, and print what the program stores after each step."
}
