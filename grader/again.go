package grader

import (
	"context"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/result"
)

// What the running program was asked and did not pass is asked again of a container that was
// started anew, with the same seed and so with the same words. What does not hold there either is a
// plain failure. What holds is asked once more behind all that came before it: what fails then
// needs a history, and what holds again is unsteady. The first verdict stands in each case, for the
// better of two would pay for luck.

// turn is one asking of the main container.
type turn struct {
	check  int
	memory *check.Memory // as it was before
	begins bool          // the container was started again before it
}

// afresh is the submission with another container in the place of the main one.
type afresh struct {
	check.Source
	check.Builder
	check.Container
	check.Spawner
	env map[string]string // what it was started with
}

// StartedWith gives the container that was started anew where it has the variables, and not the
// main one, which may have been stopped by now.
func (a afresh) StartedWith(ctx context.Context, env map[string]string) (check.SecondContainer, error) {
	for name, value := range env {
		if got, there := a.env[name]; !there || got != value {
			return a.Spawner.StartedWith(ctx, env)
		}
	}
	return lent{a.Container}, nil
}

// lent is a container that somebody else closes.
type lent struct{ check.Container }

// Close does nothing.
func (lent) Close() error { return nil }

// askAgain asks again what failed. A fault of ours in it changes nothing: each check has its
// verdict.
func (g *grading) askAgain(ctx context.Context, t target, turns []turn) {
	failed := slices.DeleteFunc(slices.Clone(turns), func(u turn) bool {
		status := g.verdicts[u.check].status
		return status != result.Fail && status != result.Partial || g.rubric.Checks[u.check].Kind.Quiet
	})
	if len(failed) == 0 || ctx.Err() != nil {
		return
	}
	g.progress("asking again what failed")
	for i, holds := range g.hold(ctx, t, failed, failed) {
		if !holds {
			continue
		}
		before := g.history(turns, i)
		again := g.hold(ctx, t, append(before, turns[at(turns, i)]), failed)
		switch holds, asked := again[i]; {
		case !asked:
		case holds:
			g.amend(i, func(v *verdict) { v.unsteady = true })
		default:
			after := g.shortest(ctx, t, before, turns[at(turns, i)])
			g.amend(i, func(v *verdict) { v.after = after })
		}
	}
}

func at(turns []turn, i int) int {
	return slices.IndexFunc(turns, func(u turn) bool { return u.check == i })
}

// history returns what the main container was sent before a check, since it was started.
func (g *grading) history(turns []turn, i int) []turn {
	n := at(turns, i)
	first := n
	for first > 0 && !turns[first].begins {
		first--
	}
	return slices.DeleteFunc(slices.Clone(turns[first:n]),
		func(u turn) bool { return g.rubric.Checks[u.check].Kind.Quiet })
}

// hold asks turns of one container of their own, and reports of those that are of interest whether
// more holds than at first. What could not be asked is not among them.
func (g *grading) hold(ctx context.Context, t target, turns, of []turn) map[int]bool {
	found := map[int]bool{}
	env := g.setup.Env
	c, err := t.Second(ctx, env, 0)
	if err == nil && !c.Started().Answered && len(env) > 0 && c.Close() == nil {
		env = nil
		c, err = t.Second(ctx, nil, 0)
	}
	if err != nil {
		return found
	}
	defer func() { _ = c.Close() }() // the run removes what is left
	other := afresh{t.Source, t, c, t, env}
	for _, u := range turns {
		memory := u.memory.Clone()
		memory.Restart()
		outcome, err := g.safely(ctx, u.check, other, memory)
		if err != nil || ctx.Err() != nil {
			return found
		}
		if at(of, u.check) >= 0 {
			v := judge(outcome, g.rubric.Checks[u.check].Partial, 0)
			found[u.check] = v.share > g.verdicts[u.check].share && v.status != result.Blocked
		}
	}
	return found
}

// shortest returns after what a check fails that holds on its own: the nearest check before it that
// is enough, or all.
func (g *grading) shortest(ctx context.Context, t target, before []turn, u turn) string {
	for _, one := range slices.Backward(before) {
		c := g.rubric.Checks[one.check]
		if holds, asked := g.hold(ctx, t, []turn{one, u}, []turn{u})[u.check]; !asked || holds || c.Hidden {
			continue
		}
		if s, ok := c.Asks.(check.Sender); ok && slices.ContainsFunc(s.Sends(),
			func(send string) bool { return strings.HasPrefix(send, "DELETE ") }) {
			return "a DELETE"
		}
		return "what " + c.ID + " asks"
	}
	return "what was asked before it"
}

// amend adds to a verdict that was given, of which status and points stay.
func (s *schedule) amend(i int, change func(*verdict)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.verdicts[i])
}
