package grader

import (
	"context"
	"slices"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// Loop grades one folder again and again while it and its rubric are worked at. Where the rubric
// alone has changed, nothing is built, only the checks that changed are asked, of a container that
// was started meanwhile, and the others keep their verdicts. What fails then is asked once. It may
// be used by one goroutine at a time, and must be closed.
type Loop struct {
	engine   standing
	rubric   *rubric.Rubric // of the last grading that came to its end
	digest   string         // of its submission
	seed     string
	verdicts map[string]verdict
}

// NewLoop returns a loop that grades with the engine.
func NewLoop(engine Engine) *Loop { return &Loop{engine: standing{engine: engine}} }

// Close removes what the last grading left for the next.
func (l *Loop) Close() error { return l.engine.close() }

// Grade does what [Grade] does, in less time where it can.
func (l *Loop) Grade(ctx context.Context, r *rubric.Rubric, sub submission.Submission, o Options) result.Report {
	g := newGrading(r, sub, o)
	if l.rubric != nil && l.digest == sub.Digest && l.seed == o.Seed {
		g.keep(l.known(r))
	} else {
		l.engine.forget()
	}
	l.rubric = nil
	if err := g.run(ctx, &l.engine); err != nil {
		g.problem(err)
	}
	rep := g.report()
	if ctx.Err() == nil && rep.Score != nil {
		l.rubric, l.digest, l.seed, l.verdicts = r, sub.Digest, o.Seed, map[string]verdict{}
		for _, i := range g.all {
			l.verdicts[r.Checks[i].ID] = g.verdicts[i]
		}
	}
	return rep
}

// known returns the verdicts that an edit of the rubric leaves as they are: not those of checks
// that changed, that were blocked, or that need one whose verdict may be another now.
func (l *Loop) known(r *rubric.Rubric) map[string]verdict {
	open := r.Changed(l.rubric)
	for grew := true; grew; {
		grew = false
		for _, c := range r.Checks {
			if slices.Contains(open, c.ID) || !l.hangs(r, c, open) {
				continue
			}
			open, grew = append(open, c.ID), true
		}
	}
	known := map[string]verdict{}
	for _, c := range r.Checks {
		if v, ok := l.verdicts[c.ID]; ok && !slices.Contains(open, c.ID) {
			known[c.ID] = v
		}
	}
	return known
}

// hangs reports whether the verdict on a check may be another because of those that are open.
func (l *Loop) hangs(r *rubric.Rubric, c rubric.Check, open []string) bool {
	if l.verdicts[c.ID].status == result.Blocked ||
		slices.ContainsFunc(c.Needs, func(id string) bool { return slices.Contains(open, id) }) {
		return true
	}
	sender, ok := c.Asks.(check.Sender)
	return ok && slices.ContainsFunc(r.Checks, func(other rubric.Check) bool {
		return slices.Contains(open, other.ID) && slices.ContainsFunc(sender.Givens(), other.Judges)
	})
}

// keep gives checks the verdicts that are known, so that they are not asked.
func (g *grading) keep(known map[string]verdict) {
	g.brief = true
	g.asked = slices.DeleteFunc(slices.Clone(g.all), func(i int) bool {
		v, ok := known[g.rubric.Checks[i].ID]
		if ok {
			g.decide(i, v)
		}
		return ok
	})
}
