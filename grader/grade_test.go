package grader

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

var (
	_ Engine  = (*machine)(nil)
	_ Session = (*machine)(nil)
	_ Engine  = EngineFunc(nil)
)

// machine is an engine and its one session in memory: it builds and runs nothing, and says what
// it is told to.
type machine struct {
	openErr, buildErr, startErr, reviveErr, closeErr error
	built                                            check.Built
	started                                          check.Started
	log                                              string
	kept                                             []string

	mu       sync.Mutex
	job      check.Job
	calls    []string
	second   func() check.SecondContainer
	ended    bool                 // the main container, until it is revived
	busy     error                // why the time of the main container ends, in place of its being up
	starting func(running func()) // what Start does besides; may be nil
}

func works() *machine {
	return &machine{built: check.Built{Image: &check.ImageInfo{ID: "sha256:image"}},
		started: check.Started{Answered: true, Port: 8000, After: time.Second}}
}

func (m *machine) Stage(context.Context, int) (check.Built, error) { return m.built, nil }

func (m *machine) UID(context.Context) (int, bool, error) { return 1000, true, nil }

func (m *machine) called(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, what)
}

func (m *machine) Open(_ context.Context, job check.Job) (Session, error) {
	m.called("open")
	m.job = job
	return m, m.openErr
}
func (m *machine) Build(context.Context) (check.Built, error) {
	m.called("build")
	return m.built, m.buildErr
}
func (m *machine) Start(_ context.Context, running func()) (check.Started, error) {
	m.called("start")
	if m.starting != nil {
		m.starting(running)
	}
	return m.started, m.startErr
}
func (m *machine) Within(ctx context.Context, limit time.Duration, up error) (context.Context, context.CancelFunc) {
	if m.busy != nil {
		up = m.busy
	}
	return context.WithTimeoutCause(ctx, limit, up)
}
func (m *machine) Revive(context.Context) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.ended
	m.ended = false
	return was, m.reviveErr
}
func (m *machine) Kept() []string { return m.kept }
func (m *machine) Sandbox() check.Sandbox {
	return check.Sandbox{Memory: "enforced", Network: "isolated"}
}
func (m *machine) Close() error { m.called("close"); return m.closeErr }

// Built is that of a session which was never asked to build: the grader knows better.
func (m *machine) Built() check.Built { return check.Built{} }
func (m *machine) Retrace(context.Context, ...check.Patch) (check.Built, error) {
	return check.Built{}, nil
}
func (m *machine) Rebuild(context.Context, ...check.Patch) (check.Built, error) {
	return check.Built{}, errors.ErrUnsupported
}
func (m *machine) Context(context.Context) ([]string, error) {
	return nil, errors.ErrUnsupported
}
func (m *machine) WalkImage(context.Context, string, func(check.LayerFile, io.Reader) error) error {
	return errors.ErrUnsupported
}
func (m *machine) Started() check.Started { return m.started }
func (m *machine) Do(context.Context, check.Request) (check.Answer, error) {
	return check.Answer{Status: 200}, nil
}
func (m *machine) DoAtOnce(context.Context, check.Request, int) ([]check.Answer, []int, error) {
	return nil, nil, nil
}
func (m *machine) Listeners(context.Context) ([]check.Listener, bool, error) { return nil, false, nil }
func (m *machine) Processes(context.Context) ([]check.Process, bool, error)  { return nil, false, nil }
func (m *machine) Environments(context.Context) ([]map[string]string, bool, error) {
	return nil, false, nil
}
func (m *machine) Exec(context.Context, []string) (check.Output, error) { return check.Output{}, nil }
func (m *machine) Logs(context.Context) (string, error)                 { return m.log, nil }
func (m *machine) Stop(context.Context, time.Duration) (check.Stopped, error) {
	return check.Stopped{InTime: true}, nil
}
func (m *machine) StartedWith(context.Context, map[string]string) (check.SecondContainer, error) {
	return nil, errors.ErrUnsupported
}
func (m *machine) Own(context.Context, map[string]string, int) (check.SecondContainer, error) {
	return nil, errors.ErrUnsupported
}
func (m *machine) Second(context.Context, map[string]string, int) (check.SecondContainer, error) {
	if m.second == nil {
		return nil, errors.ErrUnsupported
	}
	m.called("second")
	return m.second(), nil
}

// ask is a check that is a function.
type ask func(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error)

func (a ask) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	return a(ctx, t, in)
}

func passes(context.Context, check.Target, check.Input) (check.Outcome, error) {
	return check.Pass("it", "yes"), nil
}

func fails(context.Context, check.Target, check.Input) (check.Outcome, error) {
	return check.Fail("it", "yes", "no", check.Advise("fix it")), nil
}

// shares answers items that hold so far.
func shares(of ...float64) ask {
	return func(context.Context, check.Target, check.Input) (check.Outcome, error) {
		var o check.Outcome
		for i, s := range of {
			o.Items = append(o.Items, check.Item{Name: fmt.Sprint(i), Share: s, Want: fmt.Sprintf("want %d", i),
				Got: fmt.Sprintf("got %d", i)})
		}
		return o, nil
	}
}

// one returns a check of one point in a phase; gates are called so.
func one(id string, phase check.Phase, a ask, needs ...string) rubric.Check {
	gate := strings.HasPrefix(id, "gate")
	return rubric.Check{ID: id, Title: "Title of " + id, Points: 1, Needs: needs, Asks: a,
		Kind: check.Kind{Name: "kind-" + id, Phase: phase, Gate: gate}}
}

func of(checks ...rubric.Check) *rubric.Rubric {
	return &rubric.Rubric{ID: "r", Title: "R", File: "r.yaml", Digest: "sha256:r", Limits: check.DefaultLimits(),
		Port: 8000, Checks: checks,
		Skills: []rubric.Skill{{ID: "web", Name: "Web", Mastery: 80}, {ID: "none", Name: "None", Mastery: 80}}}
}

func work(t *testing.T) submission.Submission {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM x\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".dockerignore"), []byte(".env\n"), 0o644))
	return submission.Submission{ID: "ada", Name: "Ada", Dir: dir, Digest: "sha256:d", ProgramDigest: "sha256:p"}
}

// graded grades. What never ends is ended by go test, which says where it waits.
func graded(t *testing.T, m *machine, r *rubric.Rubric, o Options) result.Report {
	t.Helper()
	return Grade(t.Context(), m, r, work(t), o)
}

// verdicts returns id, status and points of each check, a line each.
func verdicts(r result.Report) (out []string) {
	for _, c := range r.Checks {
		s := fmt.Sprintf("%s %s %v/%v", c.ID, c.Status, c.Points, c.MaxPoints)
		if c.BlockedBy != "" {
			s += " by " + c.BlockedBy
		}
		out = append(out, s)
	}
	return out
}

func TestPoints(t *testing.T) {
	for _, c := range []struct {
		name    string
		points  float64
		partial bool
		shares  []float64
		want    string
	}{
		{"all", 6, false, []float64{1, 1}, "a pass 6/6"},
		{"none", 6, false, []float64{0}, "a fail 0/6"},
		{"all or nothing", 6, false, []float64{1, 1, 0}, "a fail 0/6"},
		{"shared", 6, true, []float64{1, 1, 0}, "a partial 4/6"},
		{"shared, all", 6, true, []float64{1, 1, 1}, "a pass 6/6"},
		{"shared, none", 6, true, []float64{0, 0, 0}, "a fail 0/6"},
		{"shared, rounded", 1, true, []float64{1, 0, 0}, "a partial 0.33/1"},
		{"shared, rounded up", 1, true, []float64{1, 1, 0}, "a partial 0.67/1"},
		{"linear", 6, false, []float64{0.5}, "a partial 3/6"},
		{"the worst counts", 6, false, []float64{0.75, 0.25}, "a partial 1.5/6"},
		{"the worst counts, wherever it is", 6, false, []float64{0.25, 0.75}, "a partial 1.5/6"},
		{"all or nothing, wherever it is", 6, false, []float64{0, 1}, "a fail 0/6"},
		{"shared, linear", 6, true, []float64{1, 0.5}, "a partial 4.5/6"},
		{"worth nothing", 0, false, []float64{1}, "a pass 0/0"},
	} {
		a := one("a", check.Folder, shares(c.shares...))
		a.Points, a.Partial = c.points, c.partial
		r := graded(t, works(), of(a), Options{})
		assert.Equal(t, []string{c.want}, verdicts(r), c.name)
		require.NotNil(t, r.Score)
		assert.Equal(t, r.Checks[0].Points, *r.Score)
		assert.Equal(t, c.points, r.MaxScore)
	}
}

func TestBonusIsOnTop(t *testing.T) {
	a, b, c := one("a", check.Folder, passes), one("b", check.Folder, passes), one("c", check.Folder, fails)
	a.Points, a.Skill = 0.1, "web"
	b.Points, b.Skill, b.Bonus = 0.2, "web", true
	c.Points, c.Skill = 9.9, "none"
	r := graded(t, works(), of(a, b, c), Options{})
	assert.Equal(t, result.Graded, r.Status)
	assert.Equal(t, 0.3, *r.Score)
	assert.Equal(t, 10.0, r.MaxScore)
	assert.Equal(t, []result.Skill{{ID: "web", Name: "Web", Mastery: 80, Points: 0.1, MaxPoints: 0.1, Mastered: true},
		{ID: "none", Name: "None", Mastery: 80, Points: 0, MaxPoints: 9.9}}, r.Skills)
}

func TestSkillIsMasteredFromItsPerCent(t *testing.T) {
	for _, c := range []struct {
		mastery, points float64
		share           []float64
		want            bool
	}{
		{80, 10, []float64{1, 1, 1, 1, 0}, true}, {81, 10, []float64{1, 1, 1, 1, 0}, false},
		{100, 10, []float64{1, 1}, true}, {0, 1, []float64{0}, true},
		{57, 1, []float64{0.57, 0.57}, true}, {58, 1, []float64{0.57, 0.57}, false},
	} {
		a := one("a", check.Folder, shares(c.share...))
		a.Skill, a.Points, a.Partial = "web", c.points, true
		rub := of(a)
		rub.Skills[0].Mastery = c.mastery
		r := graded(t, works(), rub, Options{})
		require.Len(t, r.Skills, 1, "a skill without points is left out")
		assert.Equal(t, c.want, r.Skills[0].Mastered, "%+v", c)
	}
}

func TestNeeds(t *testing.T) {
	broken := func(context.Context, check.Target, check.Input) (check.Outcome, error) {
		return check.Outcome{}, errors.New("no daemon")
	}
	asked := func(context.Context, check.Target, check.Input) (check.Outcome, error) {
		t.Error("a blocked check was asked")
		return check.Outcome{}, nil
	}
	r := graded(t, works(), of(
		one("late", check.Folder, asked, "bad"), one("later", check.Folder, asked, "good", "late"),
		one("bad", check.Folder, fails), one("good", check.Folder, passes), one("fine", check.Folder, passes, "good"),
		one("half", check.Folder, shares(0.5)), one("after-half", check.Running, asked, "half"),
	), Options{})
	assert.Equal(t, []string{"late blocked 0/1 by bad", "later blocked 0/1 by late", "bad fail 0/1", "good pass 1/1",
		"fine pass 1/1",
		"half partial 0.5/1", "after-half blocked 0/1 by half"}, verdicts(r))
	assert.Equal(t, result.Graded, r.Status)
	assert.Equal(t, 2.5, *r.Score)

	r = graded(t, works(), of(one("a", check.Folder, broken), one("b", check.Folder, asked, "a"),
		one("c", check.Running, asked, "b"), one("d", check.Last, passes)), Options{})
	assert.Equal(t, []string{"a error 0/1", "b error 0/1", "c error 0/1", "d pass 1/1"}, verdicts(r))
	assert.Equal(t, result.Error, r.Status)
	assert.Nil(t, r.Score, "our fault is no score, not 0")
	assert.Equal(t, &result.Problem{Phase: "check", Message: `asking "a": no daemon`}, r.Problem)
}

// TestNeedsAcrossPhases: checks that wait for a later phase do not keep it from beginning, however
// many they are. giver is a check of steps: what it sends, what it is given, and whether that
// failed.
type giver struct {
	ask
	sends, givens []string
}

func (g giver) Sends() []string  { return g.sends }
func (g giver) Givens() []string { return g.givens }

func TestGiven(t *testing.T) {
	given := giver{ask: func(context.Context, check.Target, check.Input) (check.Outcome, error) {
		o := check.Fail("POST /tasks", "201", "404", check.Advise("define the route"))
		o.Given = "POST /tasks"
		return o, nil
	}, sends: []string{"GET /tasks"}, givens: []string{"POST /tasks"}}
	read, create := one("read", check.Running, nil), one("create", check.Running, nil)
	read.Asks = given
	create.Asks = giver{ask: fails, sends: []string{"POST /tasks"}}
	r := graded(t, works(), of(create, read), Options{})
	assert.Equal(t, []string{"create fail 0/1", "read blocked 0/1 by create"}, verdicts(r))
	assert.Equal(t, []string{"create fail 0/1", "read blocked 0/1 by create"},
		verdicts(graded(t, works(), of(create, read), Options{Only: []string{"read"}})), "what judges it comes along")

	create.Asks = giver{ask: passes, sends: []string{"POST /tasks"}}
	assert.Equal(t, []string{"create pass 1/1", "read fail 0/1"},
		verdicts(graded(t, works(), of(create, read), Options{})), "no check that did not pass judges it")
	assert.Equal(t, []string{"read fail 0/1"}, verdicts(graded(t, works(), of(read), Options{})))

	free := shares(1, 0, 1)
	read.Partial, read.Asks = true, ask(func(ctx context.Context, target check.Target,
		in check.Input) (check.Outcome, error) {
		o, err := free(ctx, target, in)
		o.Items[0].Free = true
		return o, err
	})
	r = graded(t, works(), of(read), Options{})
	assert.Equal(t, 0.5*read.Points, r.Checks[0].Points, "what sets up earns nothing")

	for _, partial := range []bool{true, false} {
		told := shares(1, 0)
		read.Partial, read.Asks = partial, ask(func(ctx context.Context, target check.Target,
			in check.Input) (check.Outcome, error) {
			o, err := told(ctx, target, in)
			o.Items[1].Free = true
			return o, err
		})
		assert.Equal(t, []string{"read partial 1/1"}, verdicts(graded(t, works(), of(read), Options{})),
			"what is told costs nothing")
	}
}

func TestNeedsAcrossPhases(t *testing.T) {
	var all []rubric.Check
	for i := range 3 * maxConcurrent {
		all = append(all, one(fmt.Sprintf("folder-%d", i), check.Folder, passes, "run"),
			one(fmt.Sprintf("image-%d", i), check.Image, passes, "last"),
			one(fmt.Sprintf("beside-%d", i), check.OwnContainer, passes, "last"))
	}
	all = append(all, one("run", check.Running, passes), one("last", check.Last, passes))
	alone := one("alone", check.OwnContainer, passes) // it waits for none, and may be asked before the start fails
	r := graded(t, works(), of(append(all, alone)...), Options{})
	assert.Equal(t, float64(len(all)+1), *r.Score)

	m := works()
	m.startErr = errors.New("no daemon")
	r = graded(t, m, of(all...), Options{})
	assert.Equal(t, &result.Problem{Phase: "start", Message: "no daemon"}, r.Problem)
	for _, v := range verdicts(r) {
		assert.Contains(t, v, " error ")
	}
}

func TestGates(t *testing.T) {
	asked := func(context.Context, check.Target, check.Input) (check.Outcome, error) {
		t.Error("what was not reached was asked")
		return check.Outcome{}, nil
	}
	build := func(_ context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
		if f := t.Built().Failure; f != nil {
			return check.Fail("build", "an image", f.Message, check.Advise(f.Subject)), nil
		}
		return check.Pass("build", ""), nil
	}
	start := func(_ context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
		if !t.Started().Answered {
			return check.Fail("start", "an answer", "none", check.Hint{}), nil
		}
		return check.Pass("start", ""), nil
	}
	broken := func(context.Context, check.Target, check.Input) (check.Outcome, error) {
		return check.Outcome{}, errors.New("its own container did not come up")
	}
	all := func(image, later, beside ask) *rubric.Rubric {
		return of(one("folder", check.Folder, passes), one("context", check.Context, passes),
			one("run", check.Running, later), one("gate-start", check.Running, start),
			one("beside", check.OwnContainer, beside), one("last", check.Last, later), one("image", check.Image, image),
			one("gate-build", check.Image, build))
	}
	for _, c := range []struct {
		name   string
		break_ func(*machine)
		rubric *rubric.Rubric
		want   []string
		calls  []string
	}{
		{"all is well", func(*machine) {}, all(passes, passes, passes),
			[]string{"folder pass 1/1", "context pass 1/1", "run pass 1/1", "gate-start pass 1/1", "beside pass 1/1",
				"last pass 1/1", "image pass 1/1", "gate-build pass 1/1"}, []string{"open", "build", "start", "close"}},
		{"no image", func(m *machine) { m.built = check.Built{Failure: &check.BuildFailure{Message: "no"}} },
			all(asked, asked, asked),
			[]string{"folder pass 1/1", "context pass 1/1", "run blocked 0/1 by gate-build",
				"gate-start blocked 0/1 by gate-build", "beside blocked 0/1 by gate-build",
				"last blocked 0/1 by gate-build", "image blocked 0/1 by gate-build", "gate-build fail 0/1"},
			[]string{"open", "build", "close"}},
		{"no answer", func(m *machine) { m.started = check.Started{Exited: true, Log: "its log"} },
			all(passes, asked, broken),
			[]string{"folder pass 1/1", "context pass 1/1", "run blocked 0/1 by gate-start", "gate-start fail 0/1",
				"beside blocked 0/1 by gate-start",
				"last blocked 0/1 by gate-start", "image pass 1/1", "gate-build pass 1/1"},
			[]string{"open", "build", "start", "close"}},
	} {
		m := works()
		c.break_(m)
		r := graded(t, m, c.rubric, Options{})
		assert.Equal(t, c.want, verdicts(r), c.name)
		assert.Equal(t, c.calls, m.calls, c.name)
		assert.Equal(t, result.Graded, r.Status, c.name)
		assert.Nil(t, r.Problem)
	}
	m := works()
	m.built = check.Built{Failure: &check.BuildFailure{Message: "no"}}
	r := graded(t, m, of(one("run", check.Running, asked)), Options{})
	assert.Equal(t, []string{"run blocked 0/1 by build"}, verdicts(r),
		"the build blocks also where no check asks for it")
	m = works()
	m.started = check.Started{Log: "its log"}
	r = graded(t, m, of(one("run", check.Running, asked)), Options{})
	assert.Equal(t, []string{"run blocked 0/1 by start"}, verdicts(r))
	assert.Equal(t, &result.Run{Log: "its log"}, r.Run)
}

// TestTheContainerFirst: what can be asked of the image waits until the container runs, and is then
// asked while it comes up. TestReasonWithoutAGate: a rubric that has no check of the build or the
// start says all the same why nothing came of it.
func TestReasonWithoutAGate(t *testing.T) {
	gate := one("build", check.Image, func(context.Context, check.Target, check.Input) (check.Outcome, error) {
		return check.Fail("docker build", "an image", "COPY a .: it is not there", check.Advise("Add it.")), nil
	})
	gate.Kind.Gate = true
	m := works()
	m.built = check.Built{Failure: &check.BuildFailure{Reason: check.MissingFile}}
	r := of(one("a", check.Running, passes), one("b", check.Running, passes, "a"))
	r.Gates = []rubric.Check{gate}
	report := graded(t, m, r, Options{})
	assert.Equal(t, []string{"a blocked 0/1 by build", "b blocked 0/1 by build"}, verdicts(report))
	assert.Equal(t, "COPY a .: it is not there", report.Checks[0].Got)
	assert.Equal(t, "Add it.", report.Checks[0].Hint)
}

func TestTheContainerFirst(t *testing.T) {
	var waiting atomic.Bool
	waiting.Store(true)
	asked := make(chan string, 3)
	beside := func(name string) ask {
		return func(context.Context, check.Target, check.Input) (check.Outcome, error) {
			assert.False(t, waiting.Load(), name)
			asked <- name
			return check.Pass(name, ""), nil
		}
	}
	m := works()
	m.starting = func(running func()) {
		waiting.Store(false)
		running()
		for range 3 {
			<-asked
		}
	}
	r := graded(t, m, of(one("image", check.Image, beside("image")), one("context", check.Context, beside("context")),
		one("beside", check.OwnContainer, beside("beside"))), Options{})
	assert.Equal(t, 3.0, *r.Score)
}

// TestRefused: what cannot even be unpacked is a build that fails, and nothing is built.
func TestRefused(t *testing.T) {
	build := func(_ context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
		if f := t.Built().Failure; f != nil {
			return check.Fail("build", "an image", f.Message, check.Advise(f.Subject)), nil
		}
		return check.Pass("build", ""), nil
	}
	s := work(t)
	s.Refused = &submission.Refused{Message: "a bomb", Hint: "Leave it out."}
	m := works()
	r := Grade(t.Context(), m, of(one("gate-build", check.Image, build), one("folder", check.Folder, passes),
		one("context", check.Context, passes), one("image", check.Image, passes), one("run", check.Running, passes)), s,
		Options{})
	assert.Equal(t, []string{"gate-build fail 0/1", "folder blocked 0/1 by gate-build",
		"context blocked 0/1 by gate-build", "image blocked 0/1 by gate-build", "run blocked 0/1 by gate-build"},
		verdicts(r))
	assert.Equal(t, "a bomb", r.Checks[0].Got)
	assert.Equal(t, "Leave it out.", r.Checks[0].Hint)
	assert.Equal(t, []string{"open", "close"}, m.calls)
	assert.Equal(t, 0.0, *r.Score)
}

func TestFaultsOfOurs(t *testing.T) {
	hinted := fmt.Errorf("wrapped: %w", withHint{errors.New("no daemon")})
	for _, c := range []struct {
		name    string
		break_  func(*machine)
		want    []string
		problem result.Problem
	}{
		{"open", func(m *machine) { m.openErr = hinted }, []string{"folder pass 1/1", "image error 0/1",
			"run error 0/1"},
			result.Problem{Phase: "open", Message: "wrapped: no daemon", Hint: "start Docker"}},
		{"build", func(m *machine) { m.buildErr = hinted }, []string{"folder pass 1/1", "image error 0/1",
			"run error 0/1"},
			result.Problem{Phase: "build", Message: "wrapped: no daemon", Hint: "start Docker"}},
		{"start", func(m *machine) { m.startErr = hinted }, []string{"folder pass 1/1", "image pass 1/1",
			"run error 0/1"},
			result.Problem{Phase: "start", Message: "wrapped: no daemon", Hint: "start Docker"}},
		{"revive", func(m *machine) { m.reviveErr = hinted }, []string{"folder pass 1/1", "image pass 1/1",
			"run error 0/1"},
			result.Problem{Phase: "start", Message: "starting the container again: wrapped: no daemon",
				Hint: "start Docker"}},
	} {
		m := works()
		c.break_(m)
		r := graded(t, m, of(one("folder", check.Folder, passes), one("image", check.Image, passes),
			one("run", check.Running, passes)), Options{})
		assert.Equal(t, c.want, verdicts(r), c.name)
		assert.Equal(t, result.Error, r.Status, c.name)
		assert.Nil(t, r.Score, c.name)
		assert.Equal(t, &c.problem, r.Problem, c.name)
	}

	m := works()
	m.closeErr = hinted
	r := graded(t, m, of(one("run", check.Running, passes)), Options{})
	assert.Equal(t, []string{"run pass 1/1"}, verdicts(r))
	assert.Equal(t, result.Graded, r.Status, "what is left behind takes no verdict away")
	assert.Equal(t,
		[]string{"The grader could not remove all that it made; its next run does, or taskgrader clean: " +
			"wrapped: no daemon"}, r.Notes)

	gone := work(t)
	require.NoError(t, os.RemoveAll(gone.Dir))
	r = Grade(t.Context(), works(), of(one("folder", check.Folder, passes)), gone, Options{})
	assert.Equal(t, []string{"folder error 0/1"}, verdicts(r))
	assert.Equal(t, "open", r.Problem.Phase)
	assert.Contains(t, r.Problem.Message, "opening the submission: ")
	assert.Nil(t, r.Score)
}

type withHint struct{ error }

func (withHint) Hint() string { return "start Docker" }

func TestPanicIsOurFault(t *testing.T) {
	r := graded(t, works(), of(one("a", check.Running, func(context.Context, check.Target,
		check.Input) (check.Outcome, error) {
		panic("index out of range")
	}),
		one("b", check.Running, passes), one("nothing", check.Folder, shares()),
		one("too-early", check.Folder, func(_ context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
			t.Built() // a kind that asks for more than its phase allows
			return check.Pass("", ""), nil
		})), Options{})
	assert.Equal(t, []string{"a error 0/1", "b pass 1/1", "nothing error 0/1", "too-early error 0/1"}, verdicts(r))
	assert.Equal(t, result.Error, r.Status)
	assert.Nil(t, r.Score)

	r = graded(t, works(), of(one("a", check.Running, func(context.Context, check.Target,
		check.Input) (check.Outcome, error) {
		panic("index out of range")
	})), Options{})
	assert.Regexp(t, `(?s)^asking "a": panic: index out of range\n.*grade_test\.go`, r.Problem.Message)
	r = graded(t, works(), of(one("a", check.Folder, shares())), Options{})
	assert.Equal(t, `asking "a": the check answered nothing`, r.Problem.Message)
}

// TestOrder: the gate first, then the rubric's order, then what ends the container; a report keeps
// the rubric's order.
func TestOrder(t *testing.T) {
	var mu sync.Mutex
	var order []string
	note := func(_ context.Context, _ check.Target, in check.Input) (check.Outcome, error) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, in.ID)
		return check.Pass("", ""), nil
	}
	r := graded(t, works(), of(one("last", check.Last, note), one("b", check.Running, note, "d"),
		one("a", check.Running, note),
		one("d", check.Running, note), one("gate", check.Running, note), one("c", check.Running, note)), Options{})
	assert.Equal(t, []string{"gate", "d", "b", "a", "c", "last"}, order)
	assert.Equal(t, []string{"last pass 1/1", "b pass 1/1", "a pass 1/1", "d pass 1/1", "gate pass 1/1", "c pass 1/1"},
		verdicts(r))
}

func TestTurnsAreTakenOneByOne(t *testing.T) {
	var now, most atomic.Int32
	busy := func(context.Context, check.Target, check.Input) (check.Outcome, error) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(time.Millisecond)
		now.Add(-1)
		return check.Pass("", ""), nil
	}
	var turns, besides []rubric.Check
	for i := range 8 {
		turns = append(turns, one(fmt.Sprint("turn", i), check.Running, busy))
		besides = append(besides, one(fmt.Sprint("beside", i), check.OwnContainer, busy))
	}
	graded(t, works(), of(turns...), Options{})
	assert.Equal(t, int32(1), most.Load())
	most.Store(0)
	graded(t, works(), of(besides...), Options{})
	assert.LessOrEqual(t, most.Load(), int32(maxConcurrent))
}

func TestOnly(t *testing.T) {
	r := graded(t, works(), of(one("a", check.Folder, passes), one("b", check.Folder, passes, "c"),
		one("c", check.Folder, passes), one("d", check.Folder, fails)), Options{Only: []string{"b"}})
	assert.Equal(t, []string{"b pass 1/1", "c pass 1/1"}, verdicts(r), "what is asked, with what it needs")
	assert.Equal(t, 2.0, *r.Score)
	assert.Equal(t, 2.0, r.MaxScore)
}

func TestCrashFailsTheCheckAndTheNextGoesOn(t *testing.T) {
	m := works()
	crash := func(context.Context, check.Target, check.Input) (check.Outcome, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.ended = true
		return check.Pass("answers", "yes"), nil
	}
	half := one("half", check.Running, crash)
	half.Partial = true
	r := graded(t, m, of(one("a", check.Running, crash), half, one("b", check.Running, passes),
		one("last", check.Last, crash), one("gate", check.Running, crash)), Options{})
	assert.Equal(t, []string{"a fail 0/1", "half partial 0.5/1", "b pass 1/1", "last pass 1/1", "gate pass 1/1"},
		verdicts(r))
	assert.Equal(t, []string{"the program goes on running", "it ended during this check",
		"It ran before this check, and had ended after it: do the same yourself, and see what ends it."},
		[]string{r.Checks[0].Want, r.Checks[0].Got, r.Checks[0].Hint})
}

// TestTimeIsUp: a program that is too slow loses points; an interruption costs none.
func TestTimeIsUp(t *testing.T) {
	slow := func(ctx context.Context, _ check.Target, _ check.Input) (check.Outcome, error) {
		<-ctx.Done()
		return check.Outcome{}, fmt.Errorf("sending: %w", ctx.Err())
	}
	cut := func(ctx context.Context, _ check.Target, _ check.Input) (check.Outcome, error) {
		<-ctx.Done()
		return check.Outcome{}, fmt.Errorf("sending SIGTERM: %w", context.Cause(ctx)) // as the API's client says it
	}
	for range 20 { // whether the next check's need or the end of time is seen first must not matter
		rub := of(one("ok", check.Running, passes), one("slow", check.Running, slow),
			one("next", check.Running, cut, "ok"), one("folder", check.Folder, passes))
		rub.Limits.Run.Start, rub.Limits.Run.Time = option.Duration(time.Millisecond),
			option.Duration(3*time.Millisecond)
		r := graded(t, works(), rub, Options{})
		require.Equal(t, []string{"ok pass 1/1", "slow fail 0/1", "next fail 0/1", "folder pass 1/1"}, verdicts(r))
		assert.Equal(t, result.Graded, r.Status)
		assert.Equal(t, "all checks of the running program done within 3ms", r.Checks[1].Want)
		assert.Equal(t, "time was up", r.Checks[1].Got)
	}
	starved := works()
	starved.busy = errors.New("this machine was too busy")
	rub := of(one("slow", check.Running, slow))
	rub.Limits.Run.Time = option.Duration(time.Millisecond)
	busy := graded(t, starved, rub, Options{})
	assert.Equal(t, []string{"slow error 0/1"}, verdicts(busy), "nor what the machine did not give")
	assert.Contains(t, busy.Problem.Message, "this machine was too busy")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	r := Grade(ctx, works(), of(one("slow", check.Running, slow)), work(t), Options{})
	assert.Equal(t, []string{"slow error 0/1"}, verdicts(r), "the caller's own deadline is not the student's")
	assert.Nil(t, r.Score)
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stop := func(ctx context.Context, _ check.Target, _ check.Input) (check.Outcome, error) {
		cancel()
		<-ctx.Done()
		return check.Outcome{}, ctx.Err()
	}
	m := works()
	r := Grade(ctx, m, of(one("before", check.Running, passes), one("stop", check.Running, stop),
		one("after", check.Running, passes, "stop"), one("waits", check.Folder, passes, "after")), work(t), Options{})
	assert.Equal(t, result.Error, r.Status)
	assert.Nil(t, r.Score)
	require.NotNil(t, r.Problem)
	assert.Contains(t, r.Problem.Message, "context canceled")
	assert.Equal(t, "before pass 1/1", verdicts(r)[0], "what was judged is still shown")
	assert.Equal(t, "stop error 0/1", verdicts(r)[1])
	assert.Equal(t, "after error 0/1", verdicts(r)[2])
	assert.Equal(t, "waits error 0/1", verdicts(r)[3])
	assert.Equal(t, "close", m.calls[len(m.calls)-1], "an interruption leaves nothing behind")
}

// TestSeed: the same seed is the same report, whatever else is asked and in whatever order; another
// seed is another.
func TestSeed(t *testing.T) {
	random := func(_ context.Context, _ check.Target, in check.Input) (check.Outcome, error) {
		return check.Pass(fmt.Sprint(in.Fresh["a"]), fmt.Sprint(in.Fresh["b"], in.Rand.Uint64())), nil
	}
	var all []rubric.Check
	for i := range 12 {
		c := one(fmt.Sprint("c", i), []check.Phase{check.Folder, check.Image, check.Running, check.OwnContainer}[i%4],
			random)
		c.Fresh = check.Fresh{{Name: "a"}, {Name: "b"}}
		all = append(all, c)
	}
	text := func(r result.Report) string {
		r.StartedAt, r.DurationMS, r.Phases = time.Time{}, 0, nil
		for i := range r.Checks {
			r.Checks[i].DurationMS = 0
		}
		out, err := json.Marshal(r)
		require.NoError(t, err)
		return string(out)
	}
	first := graded(t, works(), of(all...), Options{Seed: "abc"})
	again := graded(t, works(), of(all...), Options{Seed: "abc"})
	assert.Equal(t, text(first), text(again))
	other := graded(t, works(), of(all...), Options{Seed: "abd"})
	alone := graded(t, works(), of(all...), Options{Seed: "abc", Only: []string{"c7"}})
	assert.Equal(t, first.Checks[7].Items, alone.Checks[0].Items, "a check replays by itself")
	seen := map[string]bool{}
	for i, c := range first.Checks {
		assert.NotEqual(t, c.Items, other.Checks[i].Items)
		assert.False(t, seen[c.Items[0].Name], "two checks get other values")
		seen[c.Items[0].Name] = true
	}
	assert.Regexp(t, `^[0-9a-f]{16}$`, graded(t, works(), of(all...), Options{}).Seed, "a random one is in the report")
	assert.NotEqual(t, NewSeed(), NewSeed())
}

func TestCheckSeed(t *testing.T) {
	for _, right := range []string{"", "0", "abcDEF0123456789", strings.Repeat("f", 64)} {
		assert.NoError(t, CheckSeed(right), right)
	}
	for _, wrong := range []string{"x", "0x1", "a b", strings.Repeat("f", 65)} {
		assert.EqualError(t, CheckSeed(wrong), fmt.Sprintf("a seed is up to 64 hexadecimal digits, not %q", wrong))
	}
}

// TestProgress: a student reads along, and is not told what a hidden check is called.
func TestProgress(t *testing.T) {
	hidden := one("b", check.Running, passes)
	hidden.Hidden = true
	var told []string
	graded(t, works(), of(one("a", check.Running, passes), hidden, one("c", check.Running, passes)),
		Options{Progress: func(what string) { told = append(told, what) }})
	assert.Equal(t, []string{"building", "starting", "checking a", "checking c"}, told)
}

func TestReport(t *testing.T) {
	m := works()
	m.log, m.kept = "its log", []string{"image x", "container y"}
	m.built = check.Built{Notes: []string{"a note"},
		Steps: []check.Step{{Name: "RUN a", Line: 2, Cached: true, Log: "long"},
			{Name: "RUN b", Line: 3, Took: 2 * time.Second, Error: "exit code 1", Log: "why"}},
		Image: &check.ImageInfo{ID: "sha256:i", Size: 100, Added: 40, Base: "python", StandIn: true,
			Layers: []check.ImageLayer{{Size: 60, Base: true}, {Size: 40, Instruction: "COPY", Line: 4}}}}
	var shaped shaper
	var told []string
	r := graded(t, m, of(rubric.Check{ID: "a", Title: "A", Points: 1, Kind: check.Kind{Name: "k", Phase: check.Image},
		Asks: shaped}),
		Options{Seed: "ab", Version: "v1", Keep: true, Progress: func(what string) { told = append(told, what) }})
	assert.Equal(t, result.Schema, r.Schema)
	assert.Equal(t, result.Instructor, r.Audience)
	assert.Equal(t, result.Submission{ID: "ada", Name: "Ada", Digest: "sha256:d", ProgramDigest: "sha256:p"},
		r.Submission)
	assert.Equal(t, result.Rubric{ID: "r", Title: "R", Digest: "sha256:r", File: "r.yaml"}, r.Rubric)
	assert.Equal(t, "v1", r.Grader.Version)
	assert.Equal(t, "ab", r.Seed)
	assert.Equal(t, &result.Build{Steps: []result.Step{{Name: "RUN a", Line: 2, Cached: true},
		{Name: "RUN b", Line: 3, MS: 2000, Error: "exit code 1", Log: "why"}}}, r.Build)
	assert.Equal(t, &result.Image{ID: "sha256:i", SizeBytes: 100, AddedBytes: 40, Base: "python", StandIn: true,
		Layers: []result.Layer{{Bytes: 60, Base: true}, {Bytes: 40, Instruction: "COPY", Line: 4}}}, r.Image)
	assert.Equal(t, &result.Run{Port: 8000, ReadyMS: 1000, Log: "its log"}, r.Run)
	assert.Equal(t, "enforced", r.Sandbox.Memory)
	assert.Equal(t, &result.Source{Dockerfile: "FROM x\n", IgnoreFile: ".dockerignore", Ignore: ".env\n"}, r.Source)
	assert.Equal(t,
		[]string{"a note",
			"The base image is a stand-in that was made on this machine, because no registry answered; sizes and " +
				"versions differ a little from the real one.",
			"kept: image x", "kept: container y"}, r.Notes)
	assert.Equal(t, []string{"building", "starting"}, told)
	var phases []string
	for _, p := range r.Phases {
		phases = append(phases, p.Name)
	}
	assert.Equal(t, []string{"build", "start", "checks"}, phases)
	assert.Equal(t, "release", m.job.Setup.Target, "a check has its say in the build")
	assert.True(t, m.job.Keep)
	assert.Equal(t, 8000, m.job.Port)
	assert.Equal(t, "ada", m.job.ID)
}

type shaper struct{}

func (shaper) Configure(s *check.Setup) { s.Target = "release" }
func (shaper) Ask(context.Context, check.Target, check.Input) (check.Outcome, error) {
	return check.Pass("", ""), nil
}

func TestHints(t *testing.T) {
	outcome := func(hint string) ask {
		return func(context.Context, check.Target, check.Input) (check.Outcome, error) {
			return check.Fail("it", "w", "g", check.Advise(hint)), nil
		}
	}
	for _, c := range []struct {
		own, author string
		hidden      bool
		want        string
	}{
		{"own", "", false, "own"}, {"", "author", false, "author"}, {"own", "author", false, "own\nauthor"},
		{"same", "same", false, "same"},
		{"own", "author", true, "author"}, {"own", "", true, ""},
	} {
		a := one("a", check.Folder, outcome(c.own))
		a.Hint, a.Hidden = c.author, c.hidden
		assert.Equal(t, c.want, graded(t, works(), of(a), Options{}).Checks[0].Hint, "%+v", c)
	}
	a := one("a", check.Folder, passes)
	a.Hint = "author"
	assert.Empty(t, graded(t, works(), of(a), Options{}).Checks[0].Hint, "a check that passed needs no hint")
}

// TestMergedEdits: what two checks would write in one line is one line, and what a hidden one would
// is its own.
func TestMergedEdits(t *testing.T) {
	writes := func(text string) ask {
		return func(context.Context, check.Target, check.Input) (check.Outcome, error) {
			return check.Fail("it", "w", "g", check.Hint{Edit: &check.Edit{File: "Dockerfile", Line: 2,
				Old: "CMD uvicorn main:app --port 80", New: text}}), nil
		}
	}
	const list = `CMD ["uvicorn", "main:app", "--port", "80"]`
	hidden := one("h", check.Folder, writes(list))
	hidden.Hidden = true
	r := graded(t, works(), of(one("a", check.Folder, writes(list)),
		one("b", check.Folder, writes("CMD uvicorn main:app --port 8000")), one("c", check.Folder, writes(list)),
		hidden),
		Options{})
	for _, c := range r.Checks[:3] {
		assert.Equal(t, `CMD ["uvicorn", "main:app", "--port", "8000"]`, c.Edit.New, c.ID)
		assert.Contains(t, c.Hint, c.Edit.New, c.ID)
	}
	assert.Equal(t, list, r.Checks[3].Items[0].Edit.New)
	moves := func(context.Context, check.Target, check.Input) (check.Outcome, error) {
		return check.Fail("it", "w", "g", check.Hint{Edit: &check.Edit{File: "Dockerfile", Line: 2,
			Old: "CMD uvicorn main:app --port 80\nWORKDIR /a", New: "WORKDIR /a\nCMD uvicorn main:app --port 80"}}), nil
	}
	r = graded(t, works(), of(one("a", check.Folder, moves), one("b", check.Folder, writes(list))), Options{})
	assert.Equal(t, "WORKDIR /a\n"+list, r.Checks[0].Edit.New)
}

// foreseer sees something in the folder alone.
type foreseer struct{ ask }

func (foreseer) Foresee(_ check.Source, port int) []check.Item {
	return []check.Item{{Name: "port", Got: fmt.Sprint(port), Hint: check.Advise("Mend it."), Share: 1}}
}

// TestForeseen: a check that is blocked by the build tells what can be seen already, and a hidden
// one nothing.
func TestForeseen(t *testing.T) {
	m := works()
	m.built = check.Built{Failure: &check.BuildFailure{Reason: "x", Message: "y"}}
	shown, hidden := one("a", check.Running, passes), one("b", check.Running, passes)
	shown.Asks, hidden.Asks, hidden.Hidden = foreseer{passes}, foreseer{passes}, true
	rules := of(shown, hidden)
	rules.Port = 9000
	r := graded(t, m, rules, Options{})
	assert.Equal(t, []result.Item{{Name: "port", Status: result.Blocked, Got: "9000", Hint: "Mend it."}},
		r.Checks[0].Items)
	assert.Zero(t, r.Checks[0].Points)
	assert.Empty(t, r.Checks[1].Items)
}

func TestItems(t *testing.T) {
	a := one("a", check.Folder, func(context.Context, check.Target, check.Input) (check.Outcome, error) {
		return check.Outcome{Items: []check.Item{check.Passed("one"), {Name: "two", Skipped: true, Want: "skipped"},
			{Name: "three", Share: 0.5, Want: "w3", Got: "g3", Hint: check.Advise("h3")},
			{Name: "four", Want: "w4", Got: "g4", Hint: check.Advise("h4"), File: "Dockerfile", Line: 3}},
			Evidence: []check.Evidence{{Kind: "table", Title: "t", Text: "x", File: "f", Line: 1,
				Rows: [][]string{{"a"}}}}}, nil
	})
	a.Partial = true
	c := graded(t, works(), of(a), Options{}).Checks[0]
	assert.Equal(t, []result.Item{{Name: "one", Status: result.Pass},
		{Name: "two", Status: result.Blocked, Want: "skipped"},
		{Name: "three", Status: result.Partial, Want: "w3", Got: "g3", Hint: "h3"},
		{Name: "four", Status: result.Fail, Want: "w4", Got: "g4", Hint: "h4", File: "Dockerfile", Line: 3}}, c.Items)
	assert.Equal(t, []string{"w3", "g3", "h3"}, []string{c.Want, c.Got, c.Hint},
		"the first item that does not hold speaks for all")
	assert.Equal(t, []result.Evidence{{Kind: "table", Title: "t", Text: "x", File: "f", Line: 1,
		Rows: [][]string{{"a"}}}}, c.Evidence)
	assert.Equal(t, 0.38, c.Points)
}

// TestHiddenChecksComeLast: what a program was asked by a hidden check, no answer can repeat that a
// student reads, but for what needs it.
func TestHiddenChecksComeLast(t *testing.T) {
	var order []string
	asks := func(id string, hidden bool, needs ...string) rubric.Check {
		c := one(id, check.Running, func(context.Context, check.Target, check.Input) (check.Outcome, error) {
			order = append(order, id)
			return check.Pass("a", ""), nil
		}, needs...)
		c.Hidden = hidden
		return c
	}
	r := graded(t, works(), of(asks("a", true), asks("b", false), asks("c", false, "a"), asks("d", false, "b"),
		asks("e", true, "d"), asks("f", false)), Options{})
	assert.Equal(t, []string{"b", "d", "f", "a", "c", "e"}, order)
	assert.Equal(t, "a", r.Checks[0].ID, "the report keeps the rubric's order")
}

// TestReportIsBounded: a report is as long as people read, whatever was answered, written or copied.
func TestReportIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	asks := func(context.Context, check.Target, check.Input) (check.Outcome, error) {
		o := check.Fail("a", long, long, check.Advise(long))
		for range 5000 {
			o.Items = append(o.Items, check.Item{Name: long, Got: long})
		}
		o.Evidence = []check.Evidence{{Kind: "log", Title: long, Text: long,
			Rows: slices.Repeat([][]string{{long}}, 5000)}}
		return o, nil
	}
	m := works()
	m.built.Steps = []check.Step{{Name: long, Error: long}}
	var b bytes.Buffer
	require.NoError(t, json.NewEncoder(&b).Encode(graded(t, m, of(one("a", check.Running, asks)), Options{})))
	assert.Less(t, b.Len(), 8<<20)
}

// TestHiddenWords: what a hidden check sends is kept for the instructor's report, so that no answer
// to another check brings it onto a student's page; and so it is where checks are told as they are
// decided.
func TestHiddenWords(t *testing.T) {
	asks := func(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
		_, err := t.Do(ctx, check.Request{Method: "POST", Path: "/tasks", Body: []byte(`{"title":"Write HIDDENWORD"}`),
			Header: http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer HIDDENTOKEN"}}})
		return check.Pass("a", ""), err
	}
	hidden := one("secretcheck", check.Running, asks)
	hidden.Hidden, hidden.Title = true, "What is refused"
	repeats := func(context.Context, check.Target, check.Input) (check.Outcome, error) {
		return check.Fail("b", "x", "POST /tasks HIDDENWORD of secretcheck",
			check.Advise("Write application/json, Bearer HIDDENTOKEN.")), nil
	}
	var told []string
	r := graded(t, works(), of(hidden, one("b", check.Running, repeats, "secretcheck")),
		Options{Decided: func(c result.Check) { told = append(told, c.Got) }})
	assert.Contains(t, r.Withheld, "hiddenword")
	assert.Equal(t, "POST /tasks HIDDENWORD of secretcheck", r.Checks[1].Got)
	assert.NotContains(t, r.For(result.Student).Checks[1].Got, "HIDDENWORD")
	assert.NotContains(t, r.For(result.Student).Checks[1].Got, "secretcheck")
	assert.NotContains(t, strings.Join(told, "\n"), "HIDDENWORD")
	assert.Equal(t, "Write application/json, Bearer ▒▒▒▒.", r.For(result.Student).Checks[1].Hint,
		"words that titles are made of, and what any client says, are no secret")
}
