package grader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

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
	// Decided is told each verdict as soon as it is there, one at a time, in the order in which they come. It must not
	// block. It may be nil.
	Decided func(result.Check)
}

// sideBySide is how many checks that need no turn of the main container may be asked at once. More gain nothing: they
// wait for the same daemon.
const sideBySide = 2

// Grade grades one submission and gives the instructor's report; [result.Report.For] makes the student's. A fault of
// ours, an interruption too, is a report with status error and no score. It may be called for many submissions at once.
func Grade(ctx context.Context, engine Engine, r *rubric.Rubric, sub submission.Submission, o Options) result.Report {
	g := newGrading(r, sub, o)
	if err := g.run(ctx, engine); err != nil {
		g.problem(err)
	}
	return g.report()
}

// errTimeUp is why the context of the running program's checks ends when the rubric's limit is reached: the program was
// too slow. When it ends for another reason, the run was interrupted.
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
	rubric  *rubric.Rubric
	sub     submission.Submission
	options Options
	started time.Time

	slots    chan struct{} // one for each check that is asked side by side
	up       chan struct{} // closed when it is known whether the main container answers
	asked    []int         // indices into rubric.Checks
	verdicts []verdict
	done     []chan struct{} // closed when the check of that index has its verdict
	memory   check.Memory    // of the checks that take turns

	mu      sync.Mutex
	phases  []result.Phase
	faults  []*PhaseError
	built   *check.Built
	start   *check.Started
	log     string
	sandbox *check.Sandbox
	source  check.Source

	texts result.Source
	kept  []string
	left  error // why something of the submission is still there
}

func newGrading(r *rubric.Rubric, sub submission.Submission, o Options) *grading {
	if o.Seed == "" {
		o.Seed = NewSeed()
	}
	g := &grading{rubric: r, sub: sub, options: o, started: time.Now(), slots: make(chan struct{}, sideBySide), up: make(chan struct{}), asked: selection(r, o.Only),
		verdicts: make([]verdict, len(r.Checks)), done: make([]chan struct{}, len(r.Checks))}
	for i := range g.done {
		g.done[i] = make(chan struct{})
	}
	return g
}

// judges reports whether a check sends a request that others may be given.
func judges(c rubric.Check, request string) bool {
	sender, ok := c.Asks.(check.Sender)
	return ok && c.Kind.Phase == check.Running && slices.Contains(sender.Sends(), request)
}

// selection is the indices of the checks to ask, in an order in which needs come first and the rubric's order is kept
// otherwise. Those that a person names bring along what judges what they are given.
func selection(r *rubric.Rubric, only []string) []int {
	index := map[string]int{}
	for i, c := range r.Checks {
		index[c.ID] = i
	}
	var order []int
	var add func(i int)
	add = func(i int) {
		if slices.Contains(order, i) {
			return
		}
		for _, id := range r.Checks[i].Needs {
			add(index[id])
		}
		if sender, ok := r.Checks[i].Asks.(check.Sender); ok && len(only) > 0 {
			for n, c := range r.Checks[:i] {
				if slices.ContainsFunc(sender.Givens(), func(given string) bool { return judges(c, given) }) {
					add(n)
				}
			}
		}
		order = append(order, i)
	}
	for i, c := range r.Checks {
		if len(only) == 0 || slices.Contains(only, c.ID) {
			add(i)
		}
	}
	return order
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
	setup := check.Setup{}
	for _, c := range g.rubric.Checks {
		if s, ok := c.Asks.(check.Shaper); ok {
			s.Shape(&setup)
		}
	}

	var beside errgroup.Group
	defer func() { _ = beside.Wait() }()
	inPhase := func(target check.Target, match func(check.Kind) bool) {
		for _, i := range g.asked {
			if match(g.rubric.Checks[i].Kind) {
				beside.Go(func() error { g.askBeside(ctx, i, target); return nil })
			}
		}
	}
	unasked := check.Context
	if g.sub.Refused != nil { // the folder is empty, and what is missing in it is no second fault
		unasked = check.Folder
	} else {
		inPhase(onlyFolder{Source: g.source}, func(k check.Kind) bool { return k.Phase == check.Folder })
	}
	known := sync.OnceFunc(func() { close(g.up) })
	defer known()
	defer g.abandon(unasked) // after the phase that failed nothing can be asked; before the Wait above, which needs it

	w, err := engine.Open(ctx, check.Job{ID: g.sub.ID, Dir: g.sub.Dir, Source: g.source, Setup: setup,
		Limits: g.rubric.Limits, Port: g.rubric.Port, Keep: g.options.Keep})
	if err != nil {
		return &PhaseError{"open", err}
	}
	defer func() {
		if err := w.Close(); err != nil {
			g.set(func() { g.left = err })
		}
	}()
	target := target{g.source, w, g}

	g.progress("building")
	built, err := timed(g, "build", func() (check.Built, error) { return g.build(ctx, w) })
	if err != nil {
		return &PhaseError{"build", err}
	}
	g.set(func() { g.built = &built })
	meanwhile := sync.OnceFunc(func() {
		if built.Image != nil {
			inPhase(target, func(k check.Kind) bool { return k.Phase == check.Beside }) // first, as it takes longest
		}
		inPhase(target, func(k check.Kind) bool { return k.Phase == check.Image && (k.Gate || built.Image != nil) })
		if built.Failure == nil || !built.Failure.Unsent {
			inPhase(target, func(k check.Kind) bool { return k.Phase == check.Context })
		}
	})
	if built.Image == nil {
		meanwhile()
		g.block(check.Image)
		return wait(&beside)
	}

	g.progress("starting")
	running, stop := context.WithTimeoutCause(ctx, 2*g.rubric.Limits.Run.Start.Std()+g.rubric.Limits.Run.Time.Std(), errTimeUp)
	defer stop()
	started, err := timed(g, "start", func() (check.Started, error) { return w.Start(running, meanwhile) })
	meanwhile()
	sandbox := w.Sandbox()
	g.set(func() { g.sandbox = &sandbox })
	if err == nil {
		g.set(func() { g.start = &started })
	}
	known()
	if err != nil {
		g.abandon(check.Running) // what was asked before may wait for these
		return errors.Join(&PhaseError{"start", err}, wait(&beside))
	}
	begun := time.Now()
	g.takeTurns(running, target, started)
	if log, err := w.Logs(ctx); err == nil {
		g.set(func() { g.log = log })
	}
	err = wait(&beside)
	g.timing("checks", time.Since(begun))
	g.kept = w.Kept()
	return err
}

// build refuses what cannot even be tried.
func (g *grading) build(ctx context.Context, w Workplace) (check.Built, error) {
	if refused := g.sub.Refused; refused != nil {
		return check.Built{Failure: &check.BuildFailure{Reason: check.OtherFailure, Unsent: true, Message: refused.Message, Subject: refused.Hint}}, nil
	}
	return w.Build(ctx)
}

func wait(group *errgroup.Group) error { return group.Wait() }

// takeTurns asks, one after another, what talks to the main container: the gate first wherever it stands, since it
// says whether the rest can be asked, then the rubric's order, then what ends the container.
func (g *grading) takeTurns(ctx context.Context, t target, started check.Started) {
	turns := func(match func(check.Kind) bool) {
		for _, i := range g.asked {
			if c := g.rubric.Checks[i]; match(c.Kind) {
				if !c.Hidden { // a student reads it
					g.progress("checking " + c.ID)
				}
				g.askRunning(ctx, i, t)
			}
		}
	}
	turns(func(k check.Kind) bool { return k.Phase == check.Running && k.Gate })
	if !started.Answered {
		g.block(check.Running)
		return
	}
	turns(func(k check.Kind) bool { return k.Phase == check.Running && !k.Gate })
	turns(func(k check.Kind) bool { return k.Phase == check.Last })
}

// gate is the check that judges whether a phase was reached or, where the rubric has none, the phase's name.
func (g *grading) gate(phase check.Phase) string {
	for _, c := range g.rubric.Checks {
		if c.Kind.Gate && c.Kind.Phase == phase {
			return c.ID
		}
	}
	return map[check.Phase]string{check.Image: "build", check.Running: "start"}[phase]
}

// block blocks every check that needs the phase, by the gate that judged it.
func (g *grading) block(reached check.Phase) {
	gate := g.gate(reached)
	unsent := g.built != nil && g.built.Failure != nil && g.built.Failure.Unsent
	for _, i := range g.asked {
		k := g.rubric.Checks[i].Kind
		if k.Phase > reached || k.Phase == reached && !k.Gate || k.Phase == check.Context && unsent || k.Phase == check.Folder && g.sub.Refused != nil {
			g.decide(i, verdict{status: result.Blocked, blockedBy: gate})
		}
	}
}

// abandon gives what was never asked, of this phase and later ones, its verdict: error.
func (g *grading) abandon(from check.Phase) {
	for _, i := range g.asked {
		if g.rubric.Checks[i].Kind.Phase >= from {
			g.decide(i, verdict{status: result.Error})
		}
	}
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
	g.mu.Lock()
	defer g.mu.Unlock()
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

// target is the folder and the workplace as one.
type target struct {
	check.Source
	Workplace
	g *grading
}

// Built is how the build ended, also when the workplace was never asked to build.
func (t target) Built() check.Built {
	t.g.mu.Lock()
	defer t.g.mu.Unlock()
	return *t.g.built
}

// onlyFolder is the target before there is a workplace. A kind that asks more of it than its phase allows panics, which
// is reported as a fault of ours.
type onlyFolder struct {
	check.Source
	check.Builder
	check.Container
	check.Spawner
}

// texts are the files that a report shows.
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

// readFile is the text of a file of the folder, cut at the limit, or empty.
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
