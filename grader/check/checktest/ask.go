package checktest

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

// Entry returns the one check of a rubric that says this besides its id, it, and its points.
func Entry(t testing.TB, k check.Kind, text string) rubric.Check {
	t.Helper()
	r, err := rubric.Parse("r.yaml", []byte("rubric: r\npoints: 0\nchecks:\n- id: it\n  points: 0\n  "+
		strings.ReplaceAll(text, "\n", "\n  ")+"\n"), []check.Kind{k})
	if err != nil {
		t.Fatal(err)
	}
	return r.Checks[0]
}

// Ask asks a check of a rubric as a run with this seed does. A panic is an error.
func Ask(ctx context.Context, c rubric.Check, t check.Target, seed uint64) (o check.Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	id := fnv.New64()
	_, _ = id.Write([]byte(c.ID))
	in := check.Input{ID: c.ID, Port: 8000, Rand: rand.New(rand.NewPCG(seed, id.Sum64())), Fresh: map[string]any{},
		Partial: c.Partial, Line: func(n int) string { return fmt.Sprintf("the rubric's line %d", n) }}
	for _, name := range c.Fresh {
		in.Fresh[name.Name] = name.Make(in.Rand)
	}
	if own, ok := t.(*Target); ok {
		in.Memory = &own.Memory
		if s, ok := c.Asks.(check.SetupConfigurer); ok {
			own.Setup.Rand = rand.New(rand.NewPCG(seed, 0))
			s.Configure(&own.Setup)
		}
	}
	if c.Own {
		own, err := t.Own(ctx, c.Env, 0)
		if err != nil {
			return o, err
		}
		defer own.Close()
		t = own.(*Target)
	}
	return c.Asks.Ask(ctx, t, in)
}

// Say returns what an outcome says of its items, one a line, for tables of tests:
//
//	ok     what holds: what was found
//	0      what does not: want this; got that; hint: do so; at Dockerfile:3
//	-      what was not asked: why
func Say(o check.Outcome) string {
	var lines []string
	for _, i := range o.Items {
		switch {
		case i.Skipped:
			lines = append(lines, strings.TrimSuffix("- "+i.Name+": "+i.Got, ": "))
		case i.Share == 1:
			lines = append(lines, strings.TrimSuffix("ok "+i.Name+": "+i.Got, ": "))
		default:
			line := fmt.Sprintf("%s %s: want %s; got %s; hint: %s", strconv.FormatFloat(i.Share, 'g', 3, 64), i.Name,
				i.Want, i.Got, i.Hint)
			if i.File != "" {
				line += fmt.Sprintf("; at %s:%d", i.File, i.Line)
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// Asked returns what the check of a kind with these options says of a submission. An error ends the
// test.
func Asked(t testing.TB, k check.Kind, text string, target check.Target) string {
	t.Helper()
	if c, ok := target.(io.Closer); ok {
		defer c.Close()
	}
	o, err := Ask(context.Background(), Entry(t, k, text), target, 1)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return Say(o)
}

// Holds reports whether all of an outcome holds.
func Holds(o check.Outcome) bool {
	return !slices.ContainsFunc(o.Items, func(i check.Item) bool { return i.Share < 1 })
}
