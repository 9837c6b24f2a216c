package grader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// Options are what a caller may choose for one grading.
type Options struct {
	Seed     string            // hexadecimal; empty is random
	Only     []string          // check ids, asked with what they need; empty is all
	Keep     bool              // leave image and container; the report's notes name them
	Version  string            // of the grader, for the report
	Progress func(what string) // told what is going on, from one goroutine at a time; may be nil
	// Decided is told each verdict as soon as it is there, one at a time, in the order in which
	// they come. It must not block. It may be nil.
	Decided func(result.Check)
}

// Grade grades one submission and gives the instructor's report; [result.Report.For] makes the
// student's. A fault of ours, an interruption too, is a report with status error and no score. It
// may be called for many submissions at once.
func Grade(ctx context.Context, engine Engine, r *rubric.Rubric, sub submission.Submission, o Options) result.Report {
	g := newGrading(r, sub, o)
	if err := g.run(ctx, engine); err != nil {
		g.problem(err)
	}
	return g.report()
}

// errTimeUp is why the context of the running program's checks ends when the rubric's limit is
// reached: the program was too slow. When it ends for another reason, the run was interrupted.
var errTimeUp = errors.New("time is up")

// PhaseError is a fault of ours in one part of the work.
type PhaseError struct {
	Phase string // open, build, start, check
	Err   error
}

func (e *PhaseError) Error() string { return e.Err.Error() }
func (e *PhaseError) Unwrap() error { return e.Err }

// grading is one submission on its way through the rubric.
type grading struct {
	sub     submission.Submission
	options Options
	started time.Time

	*schedule
	*facts
	memory   check.Memory   // of the checks that take turns
	fresh    map[string]any // the rubric's own fresh values
	withheld withheld
	source   check.Source
	setup    check.Setup
	brief    bool // what fails is asked once
}

// facts are what the report holds besides the verdicts.
type facts struct {
	mu      sync.Mutex
	phases  []result.Phase
	faults  []*PhaseError
	built   *check.Built
	start   *check.Started
	log     string
	sandbox *check.Sandbox
	texts   result.Source
	kept    []string
	left    error // why something of the submission is still there
}

func newGrading(r *rubric.Rubric, sub submission.Submission, o Options) *grading {
	if o.Seed == "" {
		o.Seed = NewSeed()
	}
	g := &grading{sub: sub, options: o, started: time.Now(), facts: &facts{}}
	g.fresh = map[string]any{}
	shared := random(o.Seed, "\x00fresh") // which is no check's id
	for _, value := range r.Fresh {
		g.fresh[value.Name] = value.Make(shared)
	}
	g.schedule = newSchedule(r, o.Only, func(i int) {
		if o.Decided != nil {
			o.Decided(g.check(i).Without(g.withhold()))
		}
	})
	return g
}

// run does the work. The error, and every fault noted on the way, is ours.
func (g *grading) run(ctx context.Context, engine Engine) error {
	root, err := os.OpenRoot(g.sub.Dir)
	if err != nil {
		g.abandon(check.Folder)
		return &PhaseError{"open", fmt.Errorf("opening the submission: %w", err)}
	}
	defer root.Close()
	g.source = check.NewSource(root.FS())
	g.texts = texts(root.FS()) // now, since the folder is closed when the report is made
	g.setup.Always, g.setup.Volume = g.filled(g.rubric.Env), g.rubric.Volume
	g.setup.Rand = random(g.options.Seed, "\x00plant") // which is no check's id
	for _, c := range g.rubric.Checks {
		if s, ok := c.Asks.(check.SetupConfigurer); ok {
			s.Configure(&g.setup)
		}
	}

	unasked := check.Context
	if g.sub.Refused != nil { // the folder is empty, and what is missing in it is no second fault
		unasked = check.Folder
	} else {
		g.askPhase(ctx, onlyFolder{Source: g.source}, func(k check.Kind) bool { return k.Phase == check.Folder })
	}
	defer func() { // after the phase that failed nothing can be asked, and what waits for it must hear so
		g.abandon(unasked)
		g.known(false)
		g.beside.Wait()
	}()
	w, err := engine.Open(ctx, check.Job{ID: g.sub.ID, Dir: g.sub.Dir, Source: g.source, Setup: g.setup,
		Limits: g.rubric.Limits, Port: g.rubric.Port, Keep: g.options.Keep})
	if err != nil {
		return &PhaseError{"open", err}
	}
	defer func() {
		if err := w.Close(); err != nil {
			g.set(func() { g.left = err })
		}
	}()
	return g.work(ctx, w)
}

// work builds, starts and asks.
func (g *grading) work(ctx context.Context, w Session) error {
	target := target{g.source, w, g}
	if !g.brief { // else there is an image, and a container
		g.progress("building")
	}
	built, err := timed(g, "build", func() (check.Built, error) { return g.build(ctx, w) })
	if err != nil {
		return &PhaseError{"build", err}
	}
	g.set(func() { g.built = &built })
	meanwhile := sync.OnceFunc(func() { g.askBuilt(ctx, target, built) })
	if built.Image == nil {
		meanwhile()
		g.block(ctx, check.Image, target)
		g.beside.Wait()
		return nil
	}

	if !g.brief {
		g.progress("starting")
	}
	limit := 3*g.rubric.Limits.Run.Start.Std() + g.rubric.Limits.Run.Time.Std()
	starting, stop := context.WithTimeoutCause(ctx, limit, errTimeUp) // of an engine that hangs
	defer stop()
	started, err := timed(g, "start", func() (check.Started, error) { return w.Start(starting, meanwhile) })
	meanwhile()
	sandbox := w.Sandbox()
	g.set(func() { g.sandbox = &sandbox })
	if err != nil {
		g.known(false)
		g.abandon(check.Running)
		g.beside.Wait()
		return &PhaseError{"start", err}
	}
	g.set(func() { g.start = &started })
	g.known(started.Answered)
	begun := time.Now()
	running, done := w.Within(ctx, limit, errTimeUp)
	defer done()
	g.takeTurns(running, target, started)
	if log, err := w.Logs(ctx); err == nil {
		g.set(func() { g.log = log })
	}
	g.beside.Wait()
	g.timing("checks", time.Since(begun))
	g.kept = w.Kept()
	return nil
}

// askPhase begins to ask the checks of these kinds, side by side.
func (g *grading) askPhase(ctx context.Context, t check.Target, match func(check.Kind) bool) {
	for _, i := range g.asked {
		if match(g.rubric.Checks[i].Kind) {
			g.beside.Go(func() { g.askConcurrently(ctx, i, t) })
		}
	}
}

// askBuilt begins to ask what can be asked when the build has ended.
func (g *grading) askBuilt(ctx context.Context, t check.Target, built check.Built) {
	if built.Image != nil {
		// first, as it takes longest
		g.askPhase(ctx, t, func(k check.Kind) bool { return k.Phase == check.OwnContainer })
	}
	g.askPhase(ctx, t, func(k check.Kind) bool { return k.Phase == check.Image && (k.Gate || built.Image != nil) })
	if built.Failure == nil || !built.Failure.Unsent {
		g.askPhase(ctx, t, func(k check.Kind) bool { return k.Phase == check.Context })
	}
}

// build refuses what cannot even be tried.
func (g *grading) build(ctx context.Context, w Session) (check.Built, error) {
	if refused := g.sub.Refused; refused != nil {
		return check.Built{Failure: &check.BuildFailure{Reason: check.OtherFailure, Unsent: true,
			Message: refused.Message, Subject: refused.Hint}}, nil
	}
	return w.Build(ctx)
}

// takeTurns asks, one after another, what talks to the main container: the gate first wherever it
// stands, since it reports whether the rest can be asked, then the rubric's order, then what ends
// the container.
func (g *grading) takeTurns(ctx context.Context, t target, started check.Started) {
	var taken []turn
	begins := true
	turns := func(match func(check.Kind) bool) {
		for _, i := range g.asked {
			if c := g.rubric.Checks[i]; match(c.Kind) {
				if !c.Hidden { // a student reads it
					g.progress("checking " + c.ID)
				}
				u := turn{check: i, memory: g.memory.Clone(), begins: begins}
				begins = g.askRunning(ctx, i, t)
				taken = append(taken, u)
			}
		}
	}
	turns(func(k check.Kind) bool { return k.Phase == check.Running && k.Gate })
	if !started.Answered {
		g.block(ctx, check.Running, t)
		return
	}
	turns(func(k check.Kind) bool { return k.Phase == check.Running && !k.Gate })
	again := taken
	turns(func(k check.Kind) bool { return k.Phase == check.Last })
	if !g.brief {
		g.askAgain(ctx, t, again)
	}
}

// block blocks every check that needs the phase, by the gate that judged it.
func (g *grading) block(ctx context.Context, reached check.Phase, t check.Target) {
	gate, why := g.gate(reached), g.reason(ctx, reached, t)
	unsent := g.built != nil && g.built.Failure != nil && g.built.Failure.Unsent
	for _, i := range g.asked {
		k := g.rubric.Checks[i].Kind
		if k.Phase == check.OwnContainer && reached == check.Running {
			continue // with a container of its own, which may come up
		}
		if k.Phase > reached || k.Phase == reached && !k.Gate || k.Phase == check.Context && unsent ||
			k.Phase == check.Folder && g.sub.Refused != nil {
			told := why
			if reached == check.Image {
				told.Items = g.foreseen(i, t)
			}
			g.decide(i, verdict{status: result.Blocked, blockedBy: gate, outcome: told})
		}
	}
}

// foreseen returns what the folder alone shows of a check that is blocked by the build.
func (g *grading) foreseen(i int, t check.Source) []check.Item {
	c := g.rubric.Checks[i]
	f, ok := c.Asks.(check.Foreseer)
	if !ok || c.Hidden {
		return nil
	}
	items := f.Foresee(check.Legible(t), g.rubric.Port)
	for n := range items {
		items[n].Skipped, items[n].Share = true, 0
	}
	return items
}

// reason returns why a phase was not reached, where the rubric has no check that says it.
func (g *grading) reason(ctx context.Context, reached check.Phase, t check.Target) (why check.Outcome) {
	for _, c := range g.rubric.Gates {
		if c.Kind.Phase != reached {
			continue
		}
		o, err := c.Asks.Ask(ctx, t, check.Input{ID: c.ID, Rand: random(g.options.Seed, c.ID), Line: g.rubric.Line})
		if err == nil && len(o.Items) > 0 {
			why.Got, why.Hint = o.Items[0].Got, o.Items[0].Hint
		}
	}
	return why
}

func (g *grading) problem(err error) {
	var phase *PhaseError
	if !errors.As(err, &phase) {
		phase = &PhaseError{"check", err}
	}
	g.set(func() { g.faults = append([]*PhaseError{phase}, g.faults...) })
}

func (g *grading) fault(phase string, err error) {
	g.set(func() { g.faults = append(g.faults, &PhaseError{phase, err}) })
}

func (g *grading) set(change func()) {
	g.facts.mu.Lock()
	defer g.facts.mu.Unlock()
	change()
}

func (g *grading) progress(what string) {
	if g.options.Progress != nil {
		g.options.Progress(what)
	}
}

func (g *grading) timing(phase string, d time.Duration) {
	g.set(func() { g.phases = append(g.phases, result.Phase{Name: phase, MS: d.Milliseconds()}) })
}

func timed[T any](g *grading, phase string, do func() (T, error)) (T, error) {
	begun := time.Now()
	defer func() { g.timing(phase, time.Since(begun)) }()
	return do()
}

// target is the folder and the session as one.
type target struct {
	check.Source
	Session
	g *grading
}

// Built returns how the build ended, also when the session was never asked to build.
func (t target) Built() check.Built {
	t.g.facts.mu.Lock()
	defer t.g.facts.mu.Unlock()
	return *t.g.built
}

// onlyFolder is the target before there is a session. A kind that asks more of it than its phase
// allows panics, which is reported as a fault of ours.
type onlyFolder struct {
	check.Source
	check.Builder
	check.Container
	check.Spawner
}

// texts returns the files that a report shows.
func texts(folder fs.FS) result.Source {
	s := result.Source{Dockerfile: readFile(folder, dockerfile.Find(folder), shownBytes)}
	if name := dockerfile.Find(folder); name != dockerfile.Name {
		s.DockerfileName = name
	}
	for _, name := range []string{"Dockerfile.dockerignore", ".dockerignore"} { // Docker uses the first
		if s.Ignore = readFile(folder, name, shownBytes); s.Ignore != "" {
			s.IgnoreFile = name
			break
		}
	}
	return s
}

// readFile returns the text of a file of the folder, cut at the limit, or empty.
func readFile(folder fs.FS, name string, limit int) string {
	if info, err := fs.Stat(folder, name); err != nil || !info.Mode().IsRegular() {
		return "" // a pipe would never end
	}
	f, err := folder.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(limit)))
	if err != nil {
		return ""
	}
	return string(text)
}
