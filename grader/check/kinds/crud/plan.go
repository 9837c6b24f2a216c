package crud

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// operation is one step of a walk. It names things by the order of their creation, so that it can
// be replayed with others left out.
type operation struct {
	what    string
	thing   int // that the operation is about
	body    steps.Object
	written option.Value // what the body was made of
	id      any          // that a create chooses; nil where the program does
}

// plan returns the n-th random walk, of c.Steps operations and a list. It opens with creates, one
// more than the walk before, and a list; every other walk goes on with what chance alone would not
// always bring: two changes of the first thing, a delete of one in the middle, one more create,
// with the body of the first, and a create to be refused. Where nothing is changed, a get stands in
// the place of each update.
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
		twin := &p.plan[len(p.plan)-2] // two things may be called the same
		twin.body, _ = again(c.New, p.plan[0].body, twin.body).(steps.Object)
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
	patched    int
	live, gone []int
}

// add plans one more operation, on the i-th thing that lives, or of those that are gone.
func (p *planner) add(what string, i int) {
	if what == "update" && p.options.Update == none {
		what = "get"
	}
	op := operation{what: what}
	switch what {
	case "create":
		op.thing, op.written = p.made, p.options.New
		op.body, op.id = p.options.body(op.written, p.rand), p.options.choose(p.rand)
		p.live = append(p.live, p.made)
		p.made++
	case "gone":
		op.thing = p.gone[i]
	case "refuse":
		op.body, op.id = p.options.body(p.options.Refuse, p.rand), p.options.choose(p.rand)
	case "update":
		op.thing, op.written = p.live[i], p.options.Edit
		op.body = p.options.body(op.written, p.rand)
		if p.options.Update == http.MethodPatch {
			op.body = p.part(op.body)
		}
	case "get":
		op.thing = p.live[i]
	case "delete":
		op.thing = p.live[i]
		p.live, p.gone = slices.Delete(p.live, i, i+1), append(p.gone, op.thing)
	}
	p.plan = append(p.plan, op)
}

// part returns now all of an edit, now one key of it, beside those that hold the id.
func (p *planner) part(body steps.Object) steps.Object {
	thing := p.options.thing(body)
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(thing)), func(key string) bool { return thing[key] == idText })
	if p.patched++; p.patched%2 == 1 || len(keys) < 2 {
		return body
	}
	kept := p.rand.IntN(len(keys))
	for i, key := range keys {
		if i != kept {
			delete(thing, key)
		}
	}
	return body
}

// again returns the body of a create once more, but for what is one thing's alone: its mail, slug
// and uuid are those of another body.
func again(written option.Value, before, other any) any {
	switch written.Kind {
	case option.List:
		list := slices.Clone(before.(steps.List))
		for i, item := range written.Items {
			list[i] = again(item, list[i], other.(steps.List)[i])
		}
		return list
	case option.Map:
		object := maps.Clone(before.(steps.Object))
		for _, f := range written.Fields {
			if value, ok := object[f.Key.Text]; ok {
				object[f.Key.Text] = again(f.Value, value, other.(steps.Object)[f.Key.Text])
			}
		}
		return object
	}
	if alone(written) {
		return other
	}
	return before
}

// alone reports whether a body holds what is one thing's alone.
func alone(written option.Value) (found bool) {
	written.EachText(func(text option.Value) {
		for _, m := range variable.FindAllStringSubmatch(text.Text, -1) {
			found = found || slices.Contains([]string{"mail", "slug", "uuid"}, m[1])
		}
	})
	return found
}

// renewed returns a plan that can be walked once more: what is one thing's alone is new.
func (c *CRUD) renewed(plan []operation, r *rand.Rand) []operation {
	plan = slices.Clone(plan)
	for i, op := range plan {
		if alone(op.written) {
			plan[i].body, _ = again(op.written, op.body, c.body(op.written, r)).(steps.Object)
		}
		if op.id != nil {
			plan[i].id = c.choose(r)
		}
	}
	return plan
}

// choose returns a new id for a create whose path chooses it; nil where the program does.
func (c *CRUD) choose(r *rand.Rand) any {
	m := chosen.FindString(c.One.Create.Path)
	if m == "" {
		return nil
	}
	return c.value(m, r)
}

// idText stands in an edit for the id of the thing, until it is sent.
const idText = "$id"

// identified returns a body with an id in the place of $id.
func identified(body steps.Object, id any) steps.Object {
	filled, _ := steps.Mapped(body, func(v any) any {
		if written, ok := v.(string); ok && written != idText {
			return strings.ReplaceAll(written, idText, text(id))
		} else if ok {
			return id
		}
		return v
	}).(steps.Object)
	return filled
}

// thing returns what of a body is the thing, where the body is written in an envelope.
func (c *CRUD) thing(body steps.Object) steps.Object {
	if inner, ok := at(body, c.Item.Sent).(steps.Object); ok {
		return inner
	}
	return body
}

// sorts are the variables of a body, each new in every request.
var sorts = []string{"word", "slug", "mail", "password", "int", "date", "uuid"}

// body fills the variables of a body.
func (c *CRUD) body(v option.Value, r *rand.Rand) steps.Object {
	body, _ := c.fill(v.Interface(), r).(steps.Object)
	return body
}

func (c *CRUD) fill(v any, r *rand.Rand) any {
	switch v := v.(type) {
	case string:
		return c.value(v, r)
	case steps.List:
		for i := range v {
			v[i] = c.fill(v[i], r)
		}
	case steps.Object:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			v[key] = c.fill(v[key], r)
		}
	}
	return v
}

// value fills the variables of a text. One that is a variable and no more takes its type.
func (c *CRUD) value(written string, r *rand.Rand) any {
	made := steps.Object{}
	value := func(name string) any {
		if _, ok := made[name]; !ok {
			switch {
			case name == "word":
				made[name] = check.Word(r)
			case name == "slug":
				made[name] = check.FreshValue{Sort: "word"}.Make(r)
			case slices.Contains(sorts, name):
				made[name] = check.FreshValue{Sort: name}.Make(r)
			case "$"+name == idText:
				made[name] = idText
			default:
				made[name] = c.login.Value(name)
			}
		}
		return made[name]
	}
	if m := variable.FindStringSubmatch(written); m != nil && m[0] == written {
		return value(m[1])
	}
	return variable.ReplaceAllStringFunc(written, func(ref string) string { return text(value(ref[1:])) })
}
