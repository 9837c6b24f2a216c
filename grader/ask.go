package grader

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/result"
)

// verdict is what became of one check.
type verdict struct {
	status    result.Status
	share     float64
	outcome   check.Outcome
	blockedBy string
	took      time.Duration
	unsteady  bool   // it failed, and held when it was asked again in the same way
	after     string // what must come before it, where it holds on its own
}

// askConcurrently asks one check when what it needs is decided and a slot is free. It takes the
// slot after it waited, so that checks which wait for a later phase cannot keep that phase from
// beginning.
func (g *grading) askConcurrently(ctx context.Context, i int, t check.Target) {
	if !g.ready(ctx, i) {
		return
	}
	g.slots <- struct{}{}
	defer func() { <-g.slots }()
	g.ask(ctx, i, t, func(v verdict) verdict { return v })
}

// ready waits until what a check needs is decided. When that did not pass, so is the check.
func (g *grading) ready(ctx context.Context, i int) bool {
	for _, id := range g.rubric.Checks[i].Needs {
		n := g.index(id)
		if !g.decided(ctx, n) {
			g.fault("check", fmt.Errorf("waiting for %q: %w", id, ctx.Err()))
			g.decide(i, verdict{status: result.Error})
			return false
		}
		switch g.verdicts[n].status {
		case result.Pass:
		case result.Error:
			g.decide(i, verdict{status: result.Error})
			return false
		default:
			g.decide(i, verdict{status: result.Blocked, blockedBy: id})
			return false
		}
	}
	return true
}

// ask asks one check that is ready; last has a last word on the verdict.
func (g *grading) ask(ctx context.Context, i int, t check.Target, last func(verdict) verdict) {
	c := g.rubric.Checks[i]
	begun := time.Now()
	var memory *check.Memory
	if c.Kind.Phase == check.Running {
		memory = &g.memory // in the rubric's order, whatever the clock says
	}
	outcome, err := g.safely(ctx, i, t, memory)
	took := time.Since(begun)
	if c.Kind.Phase == check.OwnContainer && (err != nil || outcome.Down) && !g.answers() {
		g.decide(i, verdict{status: result.Blocked, blockedBy: g.gate(check.Running), took: took})
		return // no container comes up, whatever its variables are
	}
	if err != nil {
		g.fault("check", fmt.Errorf("asking %q: %w", c.ID, err))
		g.decide(i, verdict{status: result.Error, took: took})
		return
	}
	if outcome.Until == check.Running && g.judges(check.Running) && !g.answers() {
		g.decide(i, verdict{status: result.Blocked, blockedBy: g.gate(check.Running), outcome: check.Outcome{
			Got: outcome.Items[0].Got + ", while the program does not come up: there is nothing to judge"}, took: took})
		return
	}
	if by := g.judging(i, outcome.Given); by != "" {
		g.decide(i, verdict{status: result.Blocked, blockedBy: by, took: took})
		return
	}
	v := judge(outcome, c.Partial, took)
	if v.status == result.Blocked && outcome.Lacks > check.Folder {
		v.blockedBy = g.gate(outcome.Lacks)
	}
	g.decide(i, last(v))
}

// askRunning asks a check that has its turn of the main container, which is started again
// afterwards if it ended, as it reports.
func (g *grading) askRunning(ctx context.Context, i int, t target) (revived bool) {
	if !g.ready(ctx, i) {
		return false
	}
	c := g.rubric.Checks[i]
	g.ask(ctx, i, t, func(v verdict) verdict {
		if c.Kind.Phase == check.Last || c.Kind.Gate || ctx.Err() != nil {
			return v
		}
		ended, err := t.Revive(ctx)
		if err != nil {
			g.fault("start", fmt.Errorf("starting the container again: %w", err))
			return verdict{status: result.Error, took: v.took}
		}
		if revived = ended; ended {
			g.memory.Restart()
		}
		if ended && v.status == result.Pass && !c.Kind.Quiet {
			v.outcome.Items = append(v.outcome.Items, check.Item{Name: "the program goes on",
				Want: "the program goes on running", Got: "it ended during this check",
				Hint: check.Advise(
					"It ran before this check, and had ended after it: do the same yourself, and see what ends it.")})
			v.outcome.Want, v.outcome.Got, v.outcome.Hint = "", "", check.Hint{} // which spoke for a pass
			v = judge(v.outcome, c.Partial, v.took)
		}
		return v
	})
	return revived
}

// safely asks a check. A panic in it is a fault of ours, and the time that the program used up is
// the student's.
func (g *grading) safely(ctx context.Context, i int, t check.Target,
	memory *check.Memory) (outcome check.Outcome, err error) {
	c := g.rubric.Checks[i]
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	r := random(g.options.Seed, c.ID)
	fresh := map[string]any{}
	for _, value := range c.Fresh {
		fresh[value.Name] = value.Make(r)
	}
	in := check.Input{ID: c.ID, Fresh: fresh, Shared: g.fresh, Rand: r, Partial: c.Partial, Line: g.rubric.Line,
		Memory: memory, Port: g.rubric.Port}
	if c.Hidden {
		t = overheard{t, &g.withheld}
	}
	if c.Own {
		outcome, err = g.askOwn(ctx, c, t, in)
	} else {
		outcome, err = c.Asks.Ask(ctx, t, in)
	}
	cause := context.Cause(ctx)
	cut := cause != nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.Is(err, cause))
	switch {
	case cut && !errors.Is(cause, errTimeUp):
		err = cause // which says more
	case cut:
		limit := g.rubric.Limits.Run.Time.String()
		return check.Fail(c.Title, "all checks of the running program done within "+limit, "time was up",
			check.Advise("The program answers too slowly: look for work or sleeps that each request waits for.")), nil
	}
	if err == nil && len(outcome.Items) == 0 {
		err = errors.New("the check answered nothing")
	}
	return outcome, err
}

// judge makes a verdict of an outcome: its worst item, or of a partial check the mean. An item that
// earns nothing costs nothing either, and where it does not hold the check is partial with all of
// its points, unless it was to set up the rest.
func judge(o check.Outcome, partial bool, took time.Duration) verdict {
	sum, worst, earning, told := 0.0, 1.0, 0.0, false
	for _, item := range o.Items {
		if item.Free && o.Given == "" {
			told = told || item.Share < 1
			continue
		}
		worst = min(worst, item.Share)
		weight := cmp.Or(item.Weight, 1)
		sum += item.Share * weight
		earning += weight
	}
	v := verdict{share: worst, outcome: o, took: took}
	if partial && earning > 0 && o.Given == "" {
		v.share = sum / earning
	}
	switch {
	case worst >= 1 && !told:
		v.share, v.status = 1, result.Pass
	case v.share > 0:
		v.status = result.Partial
	case !slices.ContainsFunc(o.Items, func(i check.Item) bool { return i.Share < 1 && !i.Skipped }):
		v.status = result.Blocked
	default:
		v.status = result.Fail
	}
	return v
}
