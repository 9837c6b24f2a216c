package openapi

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
)

// finding is a fault that was repeated, with the requests that show it.
type finding struct {
	op        *operation
	fault     fault
	story     []told
	exception string // that the program's log ends with
}

// told is one request of a story.
type told struct {
	call    *call
	request check.Request
	answer  check.Answer
}

// stage is where stories are tried: a program that was started anew or, where it does not come up,
// the one that was asked.
type stage struct {
	check.Container
	login  *steps.Login
	close  func()
	played bool           // something was written there
	known  map[*thing]any // ids of what was made there
}

// mostStages is how many programs are started anew, and patience how long an exception may take to
// come into the log.
const (
	mostStages = 16
	patience   = 300 * time.Millisecond
)

// confirmer repeats what was suspected.
type confirmer struct {
	*explorer
	target check.Target
	in     check.Input
	stage  *stage
	stages int
}

// confirm returns what shows itself again, of each route and kind of fault the smallest story.
// Nothing is said of what does not.
func (e *explorer) confirm(ctx context.Context, t check.Target, in check.Input) (found []finding, err error) {
	c := &confirmer{explorer: e, target: t, in: in}
	defer c.leave()
	until := time.Now().Add(2 * e.options.Within.Std())
	order := slices.Clone(e.suspects)
	slices.SortStableFunc(order, func(a, b *suspect) int { // what only reads leaves the stage as it was
		switch {
		case a.call.op.safe() == b.call.op.safe():
			return 0
		case a.call.op.safe():
			return -1
		}
		return 1
	})
	for _, s := range order {
		if slices.ContainsFunc(found, func(f finding) bool {
			return f.op == s.call.op && f.fault.kind == s.fault.kind
		}) {
			continue
		}
		if len(found) > 0 && time.Now().After(until) {
			break // what was found is enough to go on with
		}
		f, err := c.repeat(ctx, s)
		if err != nil {
			return nil, err
		}
		if f != nil {
			found = append(found, *f)
		}
	}
	slices.SortStableFunc(found, func(a, b finding) int {
		return slices.Index(e.doc.operations, a.op) - slices.Index(e.doc.operations, b.op)
	})
	return found, nil
}

// repeat tries ever longer stories of a suspect, until one shows the fault; nil where none does.
func (c *confirmer) repeat(ctx context.Context, s *suspect) (*finding, error) {
	small, err := c.small(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := c.enter(ctx); err != nil {
		return nil, err
	}
	for _, story := range c.stories(s, small) {
		played := c.stage.played
		f, err := c.play(ctx, story, s.fault)
		if err != nil || f != nil && !played {
			return f, err
		}
		if f == nil {
			continue
		}
		// what was tried before may have had a part in it
		if err := c.enter(ctx); err != nil {
			return nil, err
		}
		if f, err = c.play(ctx, story, s.fault); err != nil || f != nil {
			return f, err
		}
	}
	return nil, nil
}

// small returns the smallest call that shows what is suspected, as it is or, where what it is about
// has gone since, about something new; the call itself where neither shows it any more.
func (c *confirmer) small(ctx context.Context, s *suspect) (*call, error) {
	if c.ended {
		return s.call, nil
	}
	if !s.call.op.safe() && len(s.call.links) > 0 { // what it did to a thing may show in whatever is asked of that
		anew, err := c.remade(ctx, s.call)
		if err != nil {
			return nil, err
		}
		again, err := c.shows(ctx, anew, s.fault)
		if err != nil {
			return nil, err
		}
		if again {
			return c.shrink(ctx, anew, s.fault)
		}
	}
	again, err := c.shows(ctx, s.call, s.fault)
	if err != nil {
		return nil, err
	}
	if again {
		return c.shrink(ctx, s.call, s.fault)
	}
	anew, err := c.remade(ctx, s.call)
	if err != nil {
		return nil, err
	}
	if again, err = c.shows(ctx, anew, s.fault); err != nil || !again {
		return s.call, err
	}
	return c.shrink(ctx, anew, s.fault)
}

// remade returns a call about things that are made for it now.
func (c *confirmer) remade(ctx context.Context, of *call) (*call, error) {
	anew := of.clone()
	for _, key := range slices.Sorted(maps.Keys(of.links)) {
		t := of.links[key]
		if t.by == nil {
			continue
		}
		made := c.bare(t.by)
		if len(made) == 0 {
			continue
		}
		by, err := c.remade(ctx, made[len(made)-1])
		if err != nil {
			return nil, err
		}
		a, err := exchange(ctx, c.explorer.target, c.login, by, by.request(nil))
		if err != nil {
			return nil, err
		}
		value, wrong := steps.Decode(a.Body)
		if id := idOf(value, named(key), 0); wrong == nil && a.Status/100 == 2 && id != nil {
			anew.links[key] = &thing{id: id, by: by}
			if fields, ok := anew.body.(steps.Object); ok && strings.HasPrefix(key, inBody) {
				fields[named(key)] = id
			} else {
				anew.params[key] = id
			}
		}
	}
	return anew, nil
}

// stories returns what may show a fault, the shortest first: the call alone; what it is about made
// first, and changed; and what was written before it went wrong.
func (c *confirmer) stories(s *suspect, small *call) (all [][]*call) {
	add := func(calls ...*call) {
		for _, version := range [][]*call{c.lighter(calls), calls} {
			var story []*call
			for _, one := range version {
				story = with(story, one)
			}
			if n := len(all); n == 0 || !slices.Equal(all[n-1], story) {
				all = append(all, story)
			}
		}
	}
	if len(small.links) > 0 { // it may be so of what is not there, too
		alone := small.clone()
		alone.links = map[string]*thing{}
		add(alone)
	}
	add(small)
	if !small.op.safe() {
		add(small, small)
	}
	if small != s.call {
		add(s.call)
	}
	for _, key := range slices.Sorted(maps.Keys(s.call.links)) {
		t := s.call.links[key]
		if t.by != nil && s.call.op.body != nil && !strings.HasPrefix(key,
			inBody) { // another thing may be called the same
			for _, other := range c.bare(t.by) {
				other.body = copied(s.call.body)
				add(other, s.call)
			}
		}
		if n := len(t.writes); n > 0 {
			for _, less := range kept(t.writes[n-1]) {
				add(less, s.call)
			}
			add(append(slices.Clone(t.writes), s.call)...)
		}
	}
	for i := len(s.after) - 1; i >= max(0, len(s.after)-4); i-- {
		if before := s.after[i].call; before != s.call {
			for _, less := range c.bare(before) {
				add(less, small)
			}
			for _, less := range kept(before) {
				add(less, small)
				for _, made := range c.instead(less) {
					add(made, small)
				}
			}
			add(before, s.call)
		}
	}
	for _, op := range c.doc.operations { // two things of which one lacks what the other has
		if op.method == http.MethodPost && s.call.op.safe() && normal(op.path) == collection(s.call.op.path) {
			add(append(c.unlike(op), small)...)
		}
	}
	ends := 0
	for _, w := range slices.Backward(s.after) {
		if w.op.method != http.MethodDelete || ends >= most {
			continue
		}
		ends++
		for _, hangs := range c.hanging(w.call) {
			add(hangs, w.call, s.call)
		}
	}
	if n := len(s.after); n > 1 {
		var calls []*call
		for _, w := range s.after[max(0, n-6):] {
			calls = append(calls, w.call)
		}
		add(append(calls, s.call)...)
	}
	slices.SortStableFunc(all, func(a, b []*call) int { return len(a) - len(b) })
	return all
}

// hanging returns calls of before that name, in their bodies, what another call is about.
func (c *confirmer) hanging(on *call) (calls []*call) {
	about := slices.Collect(maps.Values(on.links))
	for _, w := range c.writes {
		for link, named := range w.links {
			if strings.HasPrefix(link, inBody) && slices.Contains(about, named) && w.call != on && len(calls) < most {
				calls = append(calls, w.call)
			}
		}
	}
	return calls
}

// bare returns calls with nothing in them but what must be there and what is odd, of which long
// texts come in several lengths.
func (c *confirmer) bare(of *call) (all []*call) {
	for _, most := range []int{100, 300, 1200, math.MaxInt} {
		less := c.fill(of.op, least)
		less.params, less.links = maps.Clone(of.params), maps.Clone(of.links)
		for _, p := range of.op.params {
			if !p.required {
				delete(less.params, p.key())
			}
		}
		long := false
		for _, o := range of.odd {
			if text, ok := o.value.(string); ok && len(text) > most {
				o.value, long = text[:most], true
			}
			if !less.put(o) {
				return nil
			}
		}
		if long || most == math.MaxInt {
			all = append(all, less)
		}
	}
	return all
}

// unlike returns calls that make two things: one with all that may be there, one with what must be.
func (e *explorer) unlike(op *operation) []*call { return []*call{e.fill(op, all), e.fill(op, least)} }

// kept returns a call with what it has and must have, and what is odd in it; then with one thing more
// of what it has.
func kept(of *call) (all []*call) {
	fields, ok := of.body.(steps.Object)
	if !ok || of.op.body == nil {
		return []*call{of}
	}
	s, needs := whole(of.op.body.schema), func(key string) bool {
		return slices.ContainsFunc(of.odd, func(o oddity) bool { return len(o.path) > 0 && o.path[0] == key })
	}
	if s != nil && len(s.Properties) > 0 {
		odd := needs
		needs = func(key string) bool { return slices.Contains(s.Required, key) || odd(key) }
	}
	optional := slices.DeleteFunc(slices.Sorted(maps.Keys(fields)), needs)
	for _, one := range append([]string{""}, optional...) {
		less := of.clone()
		for _, key := range optional {
			if key != one {
				delete(less.body.(steps.Object), key)
				delete(less.links, inBody+key)
			}
		}
		all = append(all, less)
	}
	return all[:min(len(all), mostKept)]
}

// mostKept is how many versions of a call with less in it are tried.
const mostKept = 6

// instead returns calls that make a thing with the body of one that changes a thing.
func (c *confirmer) instead(of *call) (all []*call) {
	for _, op := range c.doc.operations {
		if op.method == http.MethodPost && of.op.method != http.MethodPost && op.body != nil && of.op.body != nil &&
			normal(op.path) == collection(of.op.path) {
			made := c.fill(op, least)
			made.body = copied(of.body)
			all = append(all, made)
		}
	}
	return all
}

// lighter returns the calls of a story about things that are made with nothing in them but what
// must be there.
func (c *confirmer) lighter(calls []*call) (lighter []*call) {
	light := map[*thing]*thing{}
	var of func(one *call) *call
	of = func(one *call) *call {
		changed := one.clone()
		for key, t := range one.links {
			if t.by != nil && light[t] == nil {
				plain := c.fill(t.by.op, least)
				plain.links = maps.Clone(t.by.links)
				maps.Copy(plain.params, pathOf(t.by))
				light[t] = &thing{id: t.id, by: of(plain)}
			}
			if t.by != nil {
				changed.links[key] = light[t]
			}
		}
		if len(light) == 0 {
			return one
		}
		return changed
	}
	for _, one := range calls {
		lighter = append(lighter, of(one))
	}
	return lighter
}

// with returns a story and a call at its end, with what makes the things before it that it is
// about.
func with(story []*call, c *call) []*call {
	for _, key := range slices.Sorted(maps.Keys(c.links)) {
		t := c.links[key]
		if t.by != nil && !slices.Contains(story, t.by) {
			story = with(story, t.by)
		}
	}
	return append(story, c)
}

// play sends the requests of a story. It gives a finding where the last of them shows the fault.
func (c *confirmer) play(ctx context.Context, story []*call, f fault) (*finding, error) {
	var lines []told
	for i, one := range story {
		for _, t := range one.links {
			if t.by != nil && c.stage.known[t] == nil && slices.Contains(story[:i], t.by) {
				return nil, nil // what it is about was not made: it would be another story
			}
		}
		r := one.request(c.stage.known)
		a, err := exchange(ctx, c.stage, c.stage.login, one, r)
		if err != nil {
			return nil, err
		}
		c.stage.played = c.stage.played || !one.op.safe() && a.Status/100 != 4
		if !one.naked {
			r = c.stage.login.Dress(r)
		}
		lines = append(lines, told{one, r, a})
		if i < len(story)-1 {
			c.made(one, a, story[i+1:])
			continue
		}
		if wrong := c.options.judge(c.doc, one.op, a); wrong.same(f) {
			c.stage.played = c.stage.played || f.kind == noAnswer
			exception, err := c.exception(ctx, wrong)
			return &finding{one.op, wrong, lines, exception}, err
		}
	}
	return nil, nil
}

// exception returns the one that the program's log ends with, or empty.
func (c *confirmer) exception(ctx context.Context, f fault) (last string, err error) {
	if f.kind != serverError && f.kind != noAnswer {
		return "", nil
	}
	for until := time.Now().Add(patience); last == "" && err == nil && time.Now().Before(until); {
		if last, err = steps.LastException(ctx, c.stage); last == "" {
			time.Sleep(patience / 10)
		}
	}
	return strings.TrimSuffix(last, ":"), err
}

// made notes the id of what a call of a story made, for those that come after it.
func (c *confirmer) made(one *call, a check.Answer, after []*call) {
	value, err := steps.Decode(a.Body)
	if err != nil || a.Status/100 != 2 {
		return
	}
	for _, next := range after {
		for key, t := range next.links {
			if t.by == one {
				c.stage.known[t] = idOf(value, named(key), 0)
			}
		}
	}
}

// enter makes ready where stories are tried.
func (c *confirmer) enter(ctx context.Context) error {
	if c.stage != nil && !c.stage.played {
		return nil
	}
	c.leave()
	main := &stage{Container: c.target, login: c.login, close: func() {}, known: map[*thing]any{}}
	if c.stages++; c.stages > mostStages {
		c.stage = main
		return nil
	}
	second, err := c.target.Second(ctx, nil, 0)
	if err != nil {
		return fmt.Errorf("starting the program anew: %w", err)
	}
	if !second.Started().Answered {
		c.stage, c.stages = main, mostStages
		return second.Close()
	}
	login, missing, err := c.options.caller.SignIn(ctx, second, c.in)
	if err != nil || missing != nil {
		c.stage = main
		_ = second.Close() // the run removes what is left
		return err
	}
	c.stage = &stage{Container: second, login: login, known: map[*thing]any{}, close: func() { _ = second.Close() }}
	return nil
}

// leave ends the program that was started anew.
func (c *confirmer) leave() {
	if c.stage != nil {
		c.stage.close()
		c.stage = nil
	}
}
