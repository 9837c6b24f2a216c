package grader

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/result"
)

// another is a container beside the main one; asked is what it was asked.
type another struct {
	*machine
	asked []string
}

func (*another) Close() error { return nil }

// TestAskedAgain: what fails is asked again of a container that was started anew, and the first
// verdict stands.
func TestAskedAgain(t *testing.T) {
	const text = "At first: no\nAsked in the same way of a container that was started anew: more of it holds.\n" +
		"And once more, behind all that was asked before it: more of it holds.\nThe first verdict stands."
	const luck = "fix it\nThe same requests were answered otherwise when they were sent again: look for what depends " +
		"on time, on chance, or on two requests at once."
	evidence := func(text string) []result.Evidence {
		return []result.Evidence{{Kind: "text", Title: "Asked again", Text: text}}
	}
	for name, c := range map[string]struct {
		holds    func(asked []string) bool // of the check that fails at first, where this was asked before it
		err      error                     // of asking it again
		hidden   bool
		got      string
		hint     string
		evidence []result.Evidence
		unsteady bool
		seconds  int
	}{
		"fails again": {holds: func([]string) bool { return false }, got: "no", hint: "fix it", seconds: 1},
		"holds when it is asked again": {holds: func([]string) bool { return true }, got: "no", hint: luck,
			evidence: evidence(text),
			unsteady: true, seconds: 2},
		"fails after a DELETE": {holds: func(asked []string) bool {
			return len(asked) == 0 || asked[len(asked)-1] != "delete"
		},
			got: "no; only after a DELETE", hint: "fix it", seconds: 3,
			evidence: evidence(
				"Asked of a container that was started anew, more of it holds; behind a DELETE, it fails again.")},
		"fails after another check": {holds: func(asked []string) bool {
			return len(asked) == 0 || asked[0] != "create"
		},
			got: "no; only after what create asks", hint: "fix it", seconds: 4,
			evidence: evidence(
				"Asked of a container that was started anew, more of it holds; behind what create asks, it " +
					"fails again.")},
		"fails after all of them": {holds: func(asked []string) bool { return len(asked) < 2 },
			got: "no; only after what was asked before it", hint: "fix it", seconds: 4,
			evidence: evidence(
				"Asked of a container that was started anew, more of it holds; behind what was asked before it, it " +
					"fails again.")},
		"cannot be asked": {holds: func([]string) bool { return true }, err: errors.New("no daemon"), got: "no",
			hint: "fix it", seconds: 1},
	} {
		m := works()
		m.second = func() check.SecondContainer { return &another{machine: m} }
		note := func(id string, first ask) ask {
			return func(ctx context.Context, target check.Target, in check.Input) (check.Outcome, error) {
				a, ok := target.(afresh)
				if !ok {
					return first(ctx, target, in)
				}
				other := a.Container.(*another)
				defer func() { other.asked = append(other.asked, id) }()
				if id != "walk" {
					return passes(ctx, target, in)
				}
				if c.err != nil {
					return check.Outcome{}, c.err
				}
				if c.holds(other.asked) {
					return passes(ctx, target, in)
				}
				return fails(ctx, target, in)
			}
		}
		create, remove := one("create", check.Running, nil), one("delete", check.Running, nil)
		create.Asks = giver{ask: note("create", passes), sends: []string{"POST /tasks"}}
		remove.Asks = giver{ask: note("delete", passes), sends: []string{"DELETE /tasks/$x"}}
		listen := one("listen", check.Running, fails)
		listen.Kind.Quiet = true
		r := graded(t, m, of(create, listen, remove, one("walk", check.Running, note("walk", fails)),
			one("stop", check.Last, fails)), Options{})
		assert.Equal(t, []string{"create pass 1/1", "listen fail 0/1", "delete pass 1/1", "walk fail 0/1",
			"stop fail 0/1"}, verdicts(r), name)
		walk := r.Checks[3]
		assert.Equal(t, c.got, walk.Got, name)
		assert.Equal(t, c.hint, walk.Hint, name)
		assert.Equal(t, c.evidence, walk.Evidence, name)
		assert.Equal(t, c.unsteady, walk.Unsteady, name)
		seconds := 0
		for _, call := range m.calls {
			if call == "second" {
				seconds++
			}
		}
		assert.Equal(t, c.seconds, seconds, name)
	}

	m := works()
	m.second = func() check.SecondContainer {
		t.Error("nothing failed, and something is asked again")
		return &another{machine: m}
	}
	graded(t, m, of(one("a", check.Running, passes), one("stop", check.Last, passes)), Options{})
}

// TestAskedAgainOfTheNewContainer: who asks for the container with the rubric's variables is given
// the one that was started anew, since the main one was stopped by then.
func TestAskedAgainOfTheNewContainer(t *testing.T) {
	m := works()
	m.second = func() check.SecondContainer { return &another{machine: m} }
	asked := false
	r := graded(t, m, of(one("env", check.Running,
		func(ctx context.Context, target check.Target, in check.Input) (check.Outcome, error) {
			if _, again := target.(afresh); again {
				asked = true
				c, err := target.StartedWith(ctx, nil)
				assert.NoError(t, err)
				assert.Equal(t, lent{target.(afresh).Container}, c)
				assert.NoError(t, c.Close())
				_, err = target.StartedWith(ctx, map[string]string{"A": "b"})
				assert.ErrorIs(t, err, errors.ErrUnsupported, "with others, the machine is asked")
			}
			return fails(ctx, target, in)
		}), one("stop", check.Last, passes)), Options{})
	assert.True(t, asked)
	assert.False(t, r.Checks[0].Unsteady)
}
