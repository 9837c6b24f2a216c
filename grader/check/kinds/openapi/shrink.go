package openapi

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/check/steps"
)

// tries bounds how many requests the shortening of one may cost.
const tries = 60

// shrink returns the smallest call that still shows the fault. What waits for no answer, or ends the
// program, is left as it is. A call that changes something is tried on a new thing each time: on one
// that it has changed before, whatever is asked may show the fault.
func (e *confirmer) shrink(ctx context.Context, c *call, f fault) (*call, error) {
	if f.kind == noAnswer && (f.exited || strings.Contains(f.got, "within")) {
		return c, nil
	}
	deadline := time.Now().Add(e.options.Within.Std() / 2)
	for n := 0; ; {
		smaller := (*call)(nil)
		for _, candidate := range simpler(c) {
			if n++; n > tries || time.Now().After(deadline) {
				return c, ctx.Err()
			}
			if !c.op.safe() && len(candidate.links) > 0 {
				anew, err := e.remade(ctx, candidate)
				if err != nil {
					return nil, err
				}
				candidate = anew
			}
			shows, err := e.shows(ctx, candidate, f)
			if err != nil {
				return nil, err
			}
			if shows {
				smaller = candidate
				break
			}
		}
		if smaller == nil {
			return c, nil
		}
		c = smaller
	}
}

// shows reports whether a call shows a fault.
func (e *explorer) shows(ctx context.Context, c *call, f fault) (bool, error) {
	a, err := exchange(ctx, e.target, e.login, c, c.request(nil))
	return err == nil && e.options.judge(e.doc, c.op, a).same(f), err
}

// simpler returns calls that are simpler by one thing: those first that leave out the most.
func simpler(c *call) (all []*call) {
	without := func(change func(*call)) {
		other := c.clone()
		change(other)
		all = append(all, other)
	}
	if _, none := c.body.(nothing); !none {
		without(func(o *call) { o.body = nothing{} })
	}
	for _, p := range c.op.params {
		key := p.key()
		value, ok := c.params[key]
		if !ok {
			continue
		}
		if !p.required {
			without(func(o *call) { delete(o.params, key) })
		}
		if c.links[key] != nil && c.op.body != nil { // another thing may be broken by what was sent before
			continue
		}
		for _, smaller := range smallerThan(value) {
			if p.fits(smaller) && len(p.text(smaller)) > 0 {
				without(func(o *call) {
					o.params[key] = smaller
					delete(o.links, key)
				})
			}
		}
	}
	for _, body := range lesser(c.body) {
		without(func(o *call) { o.body = body })
	}
	return all
}

// lesser returns a body with less in it, in one place.
func lesser(v any) (all steps.List) {
	switch v := v.(type) {
	case nothing, raw:
		return nil
	case steps.Object:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			less := maps.Clone(v)
			delete(less, key)
			all = append(all, less)
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			for _, part := range lesser(v[key]) {
				less := maps.Clone(v)
				less[key] = part
				all = append(all, less)
			}
		}
		return all
	case steps.List:
		for i := range v {
			all = append(all, slices.Delete(slices.Clone(v), i, i+1))
		}
		for i := range v {
			for _, part := range lesser(v[i]) {
				less := slices.Clone(v)
				less[i] = part
				all = append(all, less)
			}
		}
		return all
	}
	return smallerThan(v)
}

// smallerThan returns values that are simpler than one that has no parts.
func smallerThan(v any) (all steps.List) {
	add := func(other any) {
		if len(steps.Encode(other)) < len(steps.Encode(v)) {
			all = append(all, other)
		}
	}
	switch v := v.(type) {
	case string:
		add("")
		add("a")
		letters := []rune(v)
		for _, letter := range letters {
			if letter > 0x7f || letter < ' ' {
				add(string(letter))
				break
			}
		}
		if len(letters) > 3 {
			add(string(letters[:len(letters)/2]))
			add(string(letters[len(letters)/2:]))
		}
		if len(letters) > 16 {
			add(string(letters[:len(letters)*9/10]))
		}
	case json.Number:
		if zero := json.Number("0"); v != zero && len(v) == 1 {
			all = append(all, zero)
		}
		add(json.Number("0"))
		add(json.Number("1"))
		if !strings.HasPrefix(v.String(), "-") {
			add(tooLarge)
		}
	case steps.List:
		add(steps.List{})
	}
	return all
}
