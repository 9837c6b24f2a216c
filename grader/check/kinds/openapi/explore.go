package openapi

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
)

// doer sends requests.
type doer interface {
	Do(ctx context.Context, r check.Request) (check.Answer, error)
}

// explorer sends requests of a document, and remembers what was wrong with the answers.
type explorer struct {
	options  *OpenAPI
	doc      *document
	target   doer
	login    *steps.Login
	signIn   func(context.Context) (*steps.Login, error) // once more, as somebody new; nil where nobody signs in
	rand     *rand.Rand
	deadline time.Time

	draw     drawer
	sent     int
	ended    bool                // the program is no more
	things   map[string][]*thing // by the collection that they are in
	counts   map[*operation]int  // of what was asked
	taken    map[*operation]int  // of answers that are 2xx
	closed   map[*operation]int  // of answers that are 401 or 403
	barred   map[*operation]bool // by something else than a login that has ended
	fine     map[string]int      // how much was sent when what is asked so last answered as it should
	writes   []write             // that may have changed something
	suspects []*suspect          // in the order in which they were met
}

// write is a call that may have changed something, and how much was sent before it.
type write struct {
	*call
	at int
}

// suspect is a call whose answer was wrong.
type suspect struct {
	call  *call
	fault fault
	at    int     // how much was sent before it
	after []write // since its operation last answered as it should
}

// most is how many answers that are wrong in one way are looked at.
const most = 3

func newExplorer(o *OpenAPI, doc *document, target doer, login *steps.Login, r *rand.Rand) *explorer {
	e := &explorer{options: o, doc: doc, target: target, login: login, rand: r,
		deadline: time.Now().Add(o.Within.Std()), things: map[string][]*thing{}, counts: map[*operation]int{},
		taken: map[*operation]int{}, closed: map[*operation]int{}, barred: map[*operation]bool{},
		fine: map[string]int{}}
	e.draw = drawer{rand: r, known: e.known}
	return e
}

// done reports whether nothing more is to be sent.
func (e *explorer) done() bool {
	return e.ended || e.sent >= e.options.Requests || time.Now().After(e.deadline)
}

// explore asks for each route as its document says; then with something odd in each place, what
// shows most first; then by chance.
func (e *explorer) explore(ctx context.Context) error {
	order := slices.Clone(e.doc.operations)
	slices.SortStableFunc(order, func(a, b *operation) int {
		return slices.Index(asked, a.method)*100 + strings.Count(a.path, "/") - slices.Index(asked, b.method)*100 -
			strings.Count(b.path, "/")
	})
	for _, m := range []much{all, least} {
		for _, op := range order {
			if err := e.ordinary(ctx, op, m); err != nil {
				return err
			}
		}
	}
	for _, op := range order {
		if err := e.each(ctx, op); err != nil {
			return err
		}
	}
	for _, odd := range e.plan() {
		if err := e.oddly(ctx, odd.op, odd.oddity); err != nil {
			return err
		}
	}
	for !e.done() {
		op := order[e.rand.IntN(len(order))]
		odd := op.oddities()
		var chosen []oddity
		for range e.rand.IntN(3) {
			if len(odd) > 0 {
				chosen = append(chosen, odd[e.rand.IntN(len(odd))])
			}
		}
		if err := e.oddly(ctx, op, chosen...); err != nil {
			return err
		}
		if len(chosen) == 0 && !op.safe() {
			if err := e.ordinary(ctx, op, some); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// each asks for what is there once in each way that a query says how: all values of an enum, and for
// an order all keys that things have.
func (e *explorer) each(ctx context.Context, op *operation) error {
	for _, p := range op.params {
		if p.in != "query" || !op.safe() {
			continue
		}
		for _, value := range op.ways(p) {
			c, err := e.drawn(ctx, op, least)
			if err != nil || c == nil {
				return err
			}
			c.params[p.key()] = value
			if _, err := e.ask(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// mostWays is how many values of one parameter are asked for.
const mostWays = 12

// orders are names of parameters that say by what is sorted.
var orders = regexp.MustCompile(`(?i)^(sort|order)(_?by|ed)?$`)

// ways returns the values of a parameter that lead elsewhere each.
func (o *operation) ways(p param) (values steps.List) {
	s := whole(p.schema)
	if s == nil {
		return nil
	}
	for _, variant := range slices.Concat(s.AnyOf, s.OneOf) {
		if inner := whole(valueOf(variant)); inner != nil && len(inner.Enum) > 0 {
			s = inner
		}
	}
	for _, value := range s.Enum {
		if value != nil {
			values = append(values, value)
		}
	}
	if len(values) == 0 && orders.MatchString(p.name) {
		for _, name := range o.keys() {
			values = append(values, name)
		}
	}
	return values[:min(len(values), mostWays)]
}

// keys returns those that the things have which an operation lists.
func (o *operation) keys() (names []string) {
	declared := o.of.Responses.Status(http.StatusOK)
	if declared == nil || declared.Value == nil {
		return nil
	}
	var look func(s *openapi3.Schema, depth int)
	look = func(s *openapi3.Schema, depth int) {
		if s = whole(s); s == nil || depth > 2 {
			return
		}
		if s.Items != nil {
			if item := whole(valueOf(s.Items)); item != nil {
				names = append(names, slices.Sorted(maps.Keys(item.Properties))...)
			}
			return
		}
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			look(valueOf(s.Properties[name]), depth+1)
		}
	}
	for _, media := range declared.Value.Content {
		look(valueOf(media.Schema), 0)
	}
	return names
}

// planned is one odd call that is to be made.
type planned struct {
	op *operation
	oddity
}

// plan returns each odd thing once, shuffled among those that show as much.
func (e *explorer) plan() (all []planned) {
	for _, op := range e.doc.operations {
		for _, odd := range op.oddities() {
			all = append(all, planned{op, odd})
		}
	}
	e.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	slices.SortStableFunc(all, func(a, b planned) int { return a.tier - b.tier })
	return all
}

// ordinary asks as the document says. What is made is made twice in the same words, and what is
// deleted is asked for, changed and deleted again.
func (e *explorer) ordinary(ctx context.Context, op *operation, m much) error {
	c, err := e.drawn(ctx, op, m)
	if err != nil || c == nil {
		return err
	}
	a, err := e.ask(ctx, c)
	if err != nil {
		return err
	}
	switch {
	case op.method == "POST" && a.Status/100 == 2:
		_, err = e.ask(ctx, c.clone())
	case op.method == "DELETE" && a.Status/100 == 2:
		for _, other := range e.doc.operations {
			if e.done() || err != nil || collection(other.path) != collection(op.path) || other.method == "POST" {
				continue
			}
			again := e.fill(other, all)
			if again == nil {
				continue
			}
			maps.Copy(again.params, pathOf(c))
			again.links = maps.Clone(c.links)
			_, err = e.ask(ctx, again)
		}
	}
	if err == nil && e.options.As.Line+len(e.options.caller.Name()) > 0 && m == least && !e.done() {
		naked := c.clone()
		naked.naked = true
		_, err = e.ask(ctx, naked)
	}
	return err
}

// pathOf returns the path parameters of a call.
func pathOf(c *call) steps.Object {
	out := steps.Object{}
	for key, value := range c.params {
		if strings.HasPrefix(key, "path:") {
			out[key] = value
		}
	}
	return out
}

// oddly asks with something odd in a call.
func (e *explorer) oddly(ctx context.Context, op *operation, odd ...oddity) error {
	c, err := e.drawn(ctx, op, all)
	if err != nil || c == nil {
		return err
	}
	for _, o := range odd {
		if !c.put(o) {
			return nil
		}
	}
	_, err = e.ask(ctx, c)
	return err
}

// drawn returns a call of an operation, for whose path something is made first where nothing is
// there; nil where nothing more is to be sent.
func (e *explorer) drawn(ctx context.Context, op *operation, m much) (*call, error) {
	if params := op.pathParams(); len(params) > 0 && !params[len(params)-1].chosen() {
		above := collection(op.path[:strings.LastIndex(op.path, "{"+params[len(params)-1].name+"}")] + "{}")
		if e.living(above) == nil {
			for _, maker := range e.doc.operations {
				if maker.method != "POST" || normal(maker.path) != above || e.done() {
					continue
				}
				if c, err := e.drawn(ctx, maker, least); err != nil || c == nil {
					return nil, err
				} else if _, err := e.ask(ctx, c); err != nil {
					return nil, err
				}
			}
		}
	}
	if e.done() {
		return nil, ctx.Err()
	}
	return e.fill(op, m), nil
}

// fill returns a call of an operation, of what is known.
func (e *explorer) fill(op *operation, m much) *call {
	c := &call{op: op, params: steps.Object{}, links: map[string]*thing{}, body: nothing{}}
	e.address(c)
	for _, p := range op.params {
		if _, ok := c.params[p.key()]; ok || !p.required && (m == least || m == some && e.rand.IntN(2) == 0) {
			continue
		}
		value := e.draw.value(p.schema, p.name, m, 0)
		if !p.fits(value) {
			value = json.Number("1")
		}
		c.params[p.key()] = value
	}
	if op.body != nil && (op.body.required || m != least) {
		c.body = e.draw.value(op.body.schema, "", m, 0)
		e.linkBody(c)
	}
	return c
}

// linkBody notes which things the fields of a body name.
func (e *explorer) linkBody(c *call) {
	fields, _ := c.body.(steps.Object)
	for key, value := range fields {
		if e.known(key, true) == nil {
			continue
		}
		for _, things := range e.things {
			for _, t := range things {
				if t.by != nil && !t.gone && text(t.id) == text(value) && e.names(key, t) {
					c.links[inBody+key] = t
				}
			}
		}
	}
}

// address puts into the path of a call what was made there, the last parameter first, so that what
// is above it is what it was made below.
func (e *explorer) address(c *call) {
	for _, p := range slices.Backward(c.op.pathParams()) {
		if _, ok := c.params[p.key()]; ok || p.chosen() {
			continue
		}
		before, _, _ := strings.Cut(c.op.path, "{"+p.name+"}")
		t := e.living(normal(before))
		if t == nil {
			continue
		}
		c.params[p.key()], c.links[p.key()] = t.id, t
		if t.by == nil {
			continue
		}
		above := c.op.pathParams()
		for i, q := range t.by.op.pathParams() {
			if i < len(above) && above[i].key() != p.key() {
				c.params[above[i].key()] = t.by.params[q.key()]
				if link := t.by.links[q.key()]; link != nil {
					c.links[above[i].key()] = link
				}
			}
		}
	}
}

// chosen reports whether the parameter is one of a few words, and so no id.
func (p param) chosen() bool {
	s := whole(p.schema)
	return s != nil && (len(s.Enum) > 0 || s.Const != nil || kind(s) == "boolean")
}

// pathParams returns the parameters of the path, in its order.
func (o *operation) pathParams() (params []param) {
	for _, m := range pathParam.FindAllStringSubmatch(o.path, -1) {
		for _, p := range o.params {
			if p.in == "path" && p.name == m[1] {
				params = append(params, p)
			}
		}
	}
	return params
}

// normal returns a path without the names of its parameters and the slash at its end.
func normal(path string) string {
	return strings.TrimSuffix(pathParam.ReplaceAllString(path, "{}"), "/")
}

// collection returns where the thing is that a path leads to.
func collection(path string) string {
	return strings.TrimSuffix(strings.TrimSuffix(normal(path), "{}"), "/")
}

// ask sends a call and looks at the answer. After what may have changed something it looks at what
// came of it.
func (e *explorer) ask(ctx context.Context, c *call) (check.Answer, error) {
	a, err := e.send(ctx, c)
	if err != nil || c.op.safe() || c.op.method == "DELETE" || a.Status/100 != 2 && a.Status/100 != 5 {
		return a, err
	}
	for _, op := range e.doc.operations {
		if op.method != "GET" || e.done() {
			continue
		}
		var look *call
		switch {
		case normal(op.path) == normal(c.op.path), normal(op.path) == collection(c.op.path):
			look = e.fill(op, least)
			maps.Copy(look.params, pathOf(c))
			maps.Copy(look.links, c.links)
		case c.op.method == "POST" && collection(op.path) == normal(c.op.path) && a.Status/100 == 2:
			look = e.fill(op, least)
			if made := e.things[normal(c.op.path)]; len(made) > 0 {
				last := op.pathParams()
				t := made[len(made)-1]
				look.params[last[len(last)-1].key()], look.links[last[len(last)-1].key()] = t.id, t
			}
		default:
			continue
		}
		if _, err := e.send(ctx, look); err != nil {
			return a, err
		}
	}
	return a, nil
}

// send sends a call and notes what became of it.
func (e *explorer) send(ctx context.Context, c *call) (check.Answer, error) {
	a, err := exchange(ctx, e.target, e.login, c, c.request(nil))
	if err == nil && closed(a) && !c.naked && e.signIn != nil && !e.barred[c.op] {
		a, err = e.renewed(ctx, c, a)
	}
	if err != nil {
		return a, err
	}
	e.sent++
	e.counts[c.op]++
	switch {
	case a.Status/100 == 2:
		e.taken[c.op]++
	case closed(a):
		e.closed[c.op]++
	}
	if f := e.options.judge(e.doc, c.op, a); f.kind != "" {
		e.ended = a.Exited
		e.suspect(c, f)
	} else {
		e.fine[c.manner()] = e.sent
	}
	if !c.op.safe() && a.Status/100 != 4 {
		e.writes = append(e.writes, write{c, e.sent})
	}
	e.learn(c, a)
	return a, nil
}

// manner returns the operation of a call and, where it only reads, how it is asked: another query may
// find a fault in what one before did not look at.
func (c *call) manner() string {
	query := ""
	if c.op.safe() {
		for _, p := range c.op.params {
			if value, ok := c.params[p.key()]; ok && p.in != "path" {
				query += " " + p.key() + "=" + p.text(value)
			}
		}
	}
	return c.op.name() + query
}

// closed reports whether an answer wants a login, or another.
func closed(a check.Answer) bool {
	return a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden
}

// renewed signs in once more and sends a call again that was refused: the login may have ended, as
// by a route of the document that signs out. Where that changes nothing, the refusal is the
// route's own.
func (e *explorer) renewed(ctx context.Context, c *call, refused check.Answer) (check.Answer, error) {
	login, err := e.signIn(ctx)
	if err != nil || login == nil {
		e.barred[c.op] = true
		return refused, err
	}
	a, err := exchange(ctx, e.target, login, c, c.request(nil))
	if err != nil || closed(a) {
		e.barred[c.op] = true
		return refused, err
	}
	e.login = login
	clear(e.things) // which were another's
	return a, nil
}

// exchange sends a request of a call, as who is signed in.
func exchange(ctx context.Context, target doer, login *steps.Login, c *call, r check.Request) (check.Answer, error) {
	if !c.naked {
		r = login.Dress(r)
	}
	a, err := target.Do(ctx, r)
	if err == nil && !c.naked {
		login.Hear(r, a)
	}
	return a, err
}

// suspect remembers a wrong answer.
func (e *explorer) suspect(c *call, f fault) {
	same := 0
	for _, s := range e.suspects {
		if s.call.op == c.op && s.fault.kind == f.kind {
			same++
		}
	}
	if same >= most {
		return
	}
	s := &suspect{call: c, fault: f, at: e.sent}
	for _, w := range e.writes {
		if w.at >= e.fine[c.manner()] {
			s.after = append(s.after, w)
		}
	}
	e.suspects = append(e.suspects, s)
}
