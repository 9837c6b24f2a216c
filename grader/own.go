package grader

import (
	"context"
	"maps"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

// ownTarget is the submission with a container that is no other check's.
type ownTarget struct {
	check.Source
	check.Builder
	check.Spawner
	check.SecondContainer
}

// Restart starts the container again.
func (t ownTarget) Restart(ctx context.Context, anew bool) error {
	return t.SecondContainer.(check.Restarter).Restart(ctx, anew)
}

// askOwn asks a check of a container of its own.
func (g *grading) askOwn(ctx context.Context, c rubric.Check, t check.Target, in check.Input) (check.Outcome, error) {
	env := g.filled(c.Env)
	if c.Env == nil {
		env = g.filled(g.rubric.Env)
	}
	own, err := t.Own(ctx, env, 0)
	if err != nil {
		return check.Outcome{}, err
	}
	defer func() { _ = own.Close() }() // the run removes what is left
	judge, ok := c.Asks.(check.StartJudge)
	if started := own.Started(); !started.Answered && !(ok && judge.JudgesStart()) {
		o := check.Fail("a container of its own", "a program that answers", "it does not come up",
			check.Advise("Start it yourself as this check does: docker run"+check.Flags(env)+" <image>"))
		o.Down = true
		if started.Log != "" {
			o.Evidence = []check.Evidence{{Kind: "log", Title: "Its log",
				Text: started.Log[max(0, len(started.Log)-2000):]}}
		}
		return o, nil
	}
	return c.Asks.Ask(ctx, ownTarget{t, t, t, own}, in)
}

// filled returns variables with the rubric's fresh values put in.
func (g *grading) filled(env map[string]string) map[string]string {
	filled := maps.Clone(env)
	for name, text := range filled {
		filled[name] = rubric.Fill(text, g.fresh)
	}
	return filled
}
