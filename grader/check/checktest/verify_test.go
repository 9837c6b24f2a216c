package checktest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// toy is a kind of one option, which asks for a file. Its ask is replaced to break one rule each.
type toy struct {
	File string `json:"file" jsonschema:"the file that must be there"`
	ask  *asking
}

type asking func(*toy, context.Context, check.Target, check.Input) (check.Outcome, error)

func (t *toy) Ask(ctx context.Context, target check.Target, in check.Input) (check.Outcome, error) {
	return (*t.ask)(t, ctx, target, in)
}

var right asking = askRight

func askRight(t *toy, ctx context.Context, target check.Target, _ check.Input) (check.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return check.Outcome{}, err
	}
	f, err := target.FS().Open(t.File)
	if err != nil && strings.Contains(err.Error(), "daemon") {
		return check.Outcome{}, fmt.Errorf("opening: %w", err)
	}
	if err != nil {
		return check.Fail(t.File, "the file", "none", check.Advise("Add it.")), nil
	}
	return check.Pass(t.File, "it is there"), f.Close()
}

// kind returns a toy, broken by bend.
func kind(bend func(*check.Kind, *toy)) check.Kind {
	k := check.Kind{Name: "toy", Phase: check.Folder, Manual: check.Manual{Summary: "is it there", Text: "It looks.",
		Example: "id: t\npoints: 1\ntoy: {file: main.py}"}}
	k.New = func() check.Check {
		made := &toy{ask: &right}
		bend(&check.Kind{}, made)
		return made
	}
	bend(&k, &toy{})
	return k
}

func asks(ask asking) func(*check.Kind, *toy) {
	return func(_ *check.Kind, t *toy) { t.ask = &ask }
}

// loose takes whatever is written.
type loose struct{ toy }

func (l *loose) UnmarshalOption(v option.Value) option.Problems {
	file, _ := v.Get("file")
	l.File = file.Text
	return nil
}

// speechless says nothing of its option.
type speechless struct {
	File string `json:"file"`
	toy  `json:"-"`
}

func TestTheSuiteFindsWhatBreaksARule(t *testing.T) {
	var calls, changes atomic.Int64
	for name, c := range map[string]struct {
		kind check.Kind
		want string // in one of the rules that are broken; empty is none broken
	}{
		"right":      {kind(func(*check.Kind, *toy) {}), ""},
		"no text":    {kind(func(k *check.Kind, _ *toy) { k.Manual.Text = "" }), "the manual has no text"},
		"two lines":  {kind(func(k *check.Kind, _ *toy) { k.Manual.Summary = "a\nb" }), "summary is not one line"},
		"no example": {kind(func(k *check.Kind, _ *toy) { k.Manual.Example = "" }), "the example is no entry"},
		"bad example": {kind(func(k *check.Kind, _ *toy) { k.Manual.Example = "id: t\npoints: 1\ntoy: {fiel: x}" }),
			`unknown key "fiel" (did you mean "file"?)`},
		"not strict": {kind(func(k *check.Kind, _ *toy) {
			k.New = func() check.Check { return &loose{toy{ask: &right}} }
		}), `a key that no one knows is taken`},
		"speechless": {kind(func(k *check.Kind, _ *toy) {
			k.New = func() check.Check { return &speechless{toy: toy{ask: &right, File: "main.py"}} }
		}), "the schema says nothing of toy.file"},
		"nothing answered": {kind(asks(func(*toy, context.Context, check.Target, check.Input) (check.Outcome, error) {
			return check.Outcome{}, nil
		})), "the outcome has no items"},
		"cannot fail": {kind(asks(func(_ *toy, ctx context.Context, _ check.Target,
			_ check.Input) (check.Outcome, error) {
			return check.Pass("x", ""), ctx.Err()
		})), "no wrong submission fails it"},
		"no hint": {kind(asks(func(t *toy, ctx context.Context, target check.Target,
			in check.Input) (check.Outcome, error) {
			o, err := askRight(t, ctx, target, in)
			for i := range o.Items {
				o.Items[i].Hint = check.Hint{}
			}
			return o, err
		})), "lacks its name, want, got or hint"},
		"our fault": {kind(asks(func(t *toy, ctx context.Context, target check.Target,
			in check.Input) (check.Outcome, error) {
			o, err := askRight(t, ctx, target, in)
			if err != nil && ctx.Err() == nil {
				return check.Fail("x", "a", "b", check.Advise("c")), nil
			}
			return o, err
		})), "a fault of ours costs points"},
		"deaf to the end": {kind(asks(func(t *toy, _ context.Context, target check.Target,
			in check.Input) (check.Outcome, error) {
			return askRight(t, context.Background(), target, in)
		})), "an ended context is no error"},
		"changes itself": {kind(asks(func(t *toy, ctx context.Context, target check.Target,
			in check.Input) (check.Outcome, error) {
			o, err := askRight(&toy{File: "main.py"}, ctx, target, in)
			if changes.Add(1) == 1 { // once: that it is a race too is for the race detector
				t.File = "other"
			}
			return o, err
		})), "asking changes the check"},
		"another each time": {kind(asks(func(t *toy, ctx context.Context, target check.Target,
			in check.Input) (check.Outcome, error) {
			o, err := askRight(t, ctx, target, in)
			for i := range o.Items {
				o.Items[i].Name += fmt.Sprint(calls.Add(1))
			}
			return o, err
		})), "the same seed gives two outcomes"},
		"panics": {kind(asks(func(*toy, context.Context, check.Target,
			check.Input) (check.Outcome, error) {
			panic("oh")
		})), "panic: oh"},
		"topic without a reason": {kind(func(k *check.Kind, _ *toy) {
			k.Manual.Topics = []check.Topic{{ID: "x", Summary: "x", Bad: "FROM y\n", Good: "FROM x\n"}}
		}), `the manual of "x" lacks a part`},
		"topic that no option names": {kind(func(k *check.Kind, _ *toy) {
			k.Manual.Topics = []check.Topic{{ID: "x", Summary: "x", Why: "x", Bad: "FROM y\n", Good: "FROM x\n"}}
		}), `"x" cannot be asked for`},
	} {
		t.Run(name, func(t *testing.T) {
			broken := strings.Join(Verify(c.kind), "\n")
			if c.want == "" {
				assert.Empty(t, broken)
			} else {
				assert.Contains(t, broken, c.want)
			}
		})
	}
}
