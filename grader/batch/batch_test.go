package batch

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/report"
	"github.com/taskgrader/taskgrader/grader/reports"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/roster"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// testRubric asks three checks, one of them hidden.
func testRubric() *rubric.Rubric {
	return &rubric.Rubric{ID: "task-api", Title: "Task API", Digest: "sha256:rubric", Points: 100,
		Limits: check.DefaultLimits(),
		Skills: []rubric.Skill{{ID: "building", Name: "Building", Mastery: 80},
			{ID: "running", Name: "Running", Mastery: 80}},
		Checks: []rubric.Check{
			{ID: "builds", Title: "It builds", Points: 40, Skill: "building"},
			{ID: "create", Title: "It creates", Points: 35.5, Skill: "running", Needs: []string{"builds"}},
			{ID: "walk", Title: "It remembers", Points: 24.5, Skill: "running", Hidden: true},
		}}
}

// fakeGrader grades by a file of the submission that names the checks that fail, and counts.
type fakeGrader struct {
	rubric  *rubric.Rubric
	version string
	delay   time.Duration
	before  func(ctx context.Context, id string) *result.Problem // may be nil

	mu     sync.Mutex
	graded []string
}

func (f *fakeGrader) ids() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := slices.Clone(f.graded)
	slices.Sort(out)
	f.graded = nil
	return out
}

func (f *fakeGrader) grade(ctx context.Context, t Task, progress func(string)) result.Report {
	f.mu.Lock()
	f.graded = append(f.graded, t.Entry.ID)
	f.mu.Unlock()
	progress("building")
	sub, err := t.Entry.Open()
	if err != nil {
		return Failed(f.rubric, t, f.version, "open", err)
	}
	defer sub.Close()
	r := Failed(f.rubric, t, f.version, "", errors.New(""))
	r.Submission.Digest, r.Submission.ProgramDigest = sub.Digest, sub.ProgramDigest
	select {
	case <-ctx.Done():
		r.Problem = &result.Problem{Phase: "build", Message: ctx.Err().Error()}
		return r
	case <-time.After(f.delay):
	}
	if f.before != nil {
		if r.Problem = f.before(ctx, t.Entry.ID); r.Problem != nil {
			return r
		}
	}
	text, _ := os.ReadFile(filepath.Join(sub.Dir, "fails"))
	r.Status, r.Problem = result.Graded, nil
	var sum []float64
	for _, c := range f.rubric.Checks {
		k := result.Check{ID: c.ID, Kind: "http", Title: c.Title, Skill: c.Skill, Status: result.Pass, Points: c.Points,
			MaxPoints: c.Points,
			Hidden:    c.Hidden, Want: "SECRET-WANT-" + c.ID}
		if strings.Contains(string(text), c.ID) {
			k.Status, k.Points, k.Hint = result.Fail, 0, "Fix "+c.ID+" of <b>this</b>."
		}
		sum = append(sum, k.Points)
		r.Checks = append(r.Checks, k)
	}
	score := result.Sum(sum...)
	r.Score = &score
	for _, s := range f.rubric.Skills {
		r.Skills = append(r.Skills, result.Skill{ID: s.ID, Name: s.Name, Points: 1, MaxPoints: 1, Mastered: true})
	}
	return r
}

// world is a class folder, a reports folder and a grader.
type world struct {
	t       *testing.T
	dir     string
	out     string
	grader  *fakeGrader
	options Options
}

func newWorld(t *testing.T, students map[string]string) *world {
	w := &world{t: t, dir: t.TempDir(), out: filepath.Join(t.TempDir(), "reports"),
		grader: &fakeGrader{rubric: testRubric(), version: "v1"}}
	for id, fails := range students {
		w.write(id, fails)
	}
	w.options = Options{Out: reports.Dir(w.out), Jobs: 3, Version: "v1", Wait: time.Millisecond}
	return w
}

func (w *world) write(id, fails string) {
	folder := filepath.Join(w.dir, id)
	require.NoError(w.t, os.MkdirAll(folder, 0o755))
	require.NoError(w.t, os.WriteFile(filepath.Join(folder, "fails"), []byte(fails), 0o644))
	require.NoError(w.t, os.WriteFile(filepath.Join(folder, "Dockerfile"), []byte("FROM "+id+"\n"), 0o644))
}

func (w *world) try(ctx context.Context, change ...func(*Options)) (*class.Class, error) {
	o := w.options
	for _, f := range change {
		f(&o)
	}
	w.grader.version = o.Version
	entries, ignored, err := submission.List(w.dir)
	require.NoError(w.t, err)
	o.Ignored = ignored
	return RunFunc(ctx, w.grader.grade, w.grader.rubric, entries, o)
}

func (w *world) run(change ...func(*Options)) *class.Class {
	w.t.Helper()
	c, err := w.try(context.Background(), change...)
	require.NoError(w.t, err)
	return c
}

func (w *world) read(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.out, name))
	require.NoError(w.t, err)
	return string(text)
}

func (w *world) grades() map[string][]string {
	w.t.Helper()
	records, err := csv.NewReader(strings.NewReader(w.read("grades.csv"))).ReadAll()
	require.NoError(w.t, err)
	out := map[string][]string{}
	for _, r := range records {
		out[r[0]] = r
	}
	return out
}

// whole checks that every file in the reports folder is whole, and that nothing else is there.
func (w *world) whole() {
	w.t.Helper()
	if _, err := os.Stat(w.out); errors.Is(err, fs.ErrNotExist) {
		return // it was killed before it began
	}
	require.NoError(w.t, filepath.WalkDir(w.out, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == ".class.lock" {
			return err
		}
		text, err := os.ReadFile(name)
		require.NoError(w.t, err)
		switch filepath.Ext(name) {
		case ".json":
			assert.True(w.t, json.Valid(text), name)
		case ".html":
			assert.True(w.t, strings.HasSuffix(strings.TrimSpace(string(text)), "</html>"), name)
		case ".csv":
			_, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
			assert.NoError(w.t, err, name)
		default:
			if time.Since(modified(w.t, name)) > time.Minute {
				w.t.Errorf("%s was left", name)
			}
		}
		return nil
	}))
}

func modified(t *testing.T, name string) time.Time {
	info, err := os.Stat(name)
	require.NoError(t, err)
	return info.ModTime()
}

func row(t *testing.T, c *class.Class, id string) class.Row {
	t.Helper()
	for _, r := range c.Students {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("no row %q", id)
	return class.Row{}
}

func statesOf(c *class.Class) map[class.State]int {
	states := map[class.State]int{}
	for _, r := range c.Students {
		states[r.State]++
	}
	return states
}

func fresh(o *Options) { o.Fresh = true }

func TestResumeGradesOnlyWhatIsMissingOrChanged(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": "", "bob": "create", "cyd": "builds create walk"})
	c := w.run()
	assert.Equal(t, []string{"ada", "bob", "cyd"}, w.grader.ids())
	assert.True(t, c.Complete)
	assert.Equal(t, 64.5, *row(t, c, "bob").Score)
	seed := c.Seed

	c = w.run()
	assert.Empty(t, w.grader.ids(), "nothing changed")
	assert.Equal(t, seed, c.Seed, "the seed is kept")
	assert.Equal(t, 0, c.Graded)
	assert.Equal(t, StudentSeed(seed, "bob"), row(t, c, "bob").Seed)

	w.write("dan", "")
	w.write("ada", "walk")
	c = w.run()
	assert.Equal(t, []string{"ada", "dan"}, w.grader.ids())
	assert.Equal(t, dueSubmission, row(t, c, "ada").Before.Why)
	assert.Equal(t, []result.Change{{ID: "walk", Was: result.Pass, Now: result.Fail, Before: 24.5}},
		row(t, c, "ada").Before.Changes)

	w.run(func(o *Options) { o.Version = "v2" })
	assert.Len(t, w.grader.ids(), 4, "the grader changed")
	w.options.Version = "v2"

	w.grader.rubric.Digest = "sha256:other"
	w.run()
	assert.Len(t, w.grader.ids(), 4, "the rubric changed")

	require.NoError(t, os.Remove(filepath.Join(w.out, "instructor", "dan.json")))
	w.run()
	assert.Equal(t, []string{"dan"}, w.grader.ids(), "its report is gone")

	require.NoError(t, os.Remove(filepath.Join(w.out, "students", "dan.html")))
	w.run()
	assert.Empty(t, w.grader.ids(), "a page is made again from the report")
	assert.FileExists(t, filepath.Join(w.out, "students", "dan.html"))

	require.NoError(t, os.Remove(filepath.Join(w.out, "class.json")))
	w.run(func(o *Options) { o.Seed = seed })
	assert.Empty(t, w.grader.ids(), "the reports are the truth")
	w.whole()
}

func TestArchiveIsKeptByItsDigest(t *testing.T) {
	w := newWorld(t, nil)
	pack := func(text string) {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(folder, "Dockerfile"), []byte(text), 0o644))
		out, err := exec.Command("tar", "-C", folder, "-czf", filepath.Join(w.dir, "ada.tgz"), ".").CombinedOutput()
		require.NoError(t, err, string(out))
	}
	pack("FROM a")
	w.run()
	w.run()
	assert.Equal(t, []string{"ada"}, w.grader.ids())
	assert.NotEmpty(t, row(t, w.run(), "ada").ArchiveDigest)
	time.Sleep(1100 * time.Millisecond) // packed again with other times, the content is the same
	pack("FROM a")
	w.run()
	assert.Empty(t, w.grader.ids())
	pack("FROM b")
	w.run()
	assert.Equal(t, []string{"ada"}, w.grader.ids())
}

func TestFreshSaysWhatChanged(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": "", "bob": "create"})
	first := w.run()
	w.grader.ids()
	w.grader.before = func(context.Context, string) *result.Problem { return nil }
	w.write("bob", "walk")
	c := w.run(fresh)
	assert.Equal(t, []string{"ada", "bob"}, w.grader.ids())
	assert.Equal(t, first.Seed, c.Seed, "so that differences are not of chance")
	assert.Empty(t, row(t, c, "ada").Before.Changes)
	bob := row(t, c, "bob").Before
	assert.Equal(t, dueFresh, bob.Why)
	assert.Equal(t, 64.5, *bob.Score)
	assert.Equal(t, []result.Change{
		{ID: "create", Was: result.Fail, Now: result.Pass, After: 35.5},
		{ID: "walk", Was: result.Pass, Now: result.Fail, Before: 24.5},
	}, bob.Changes)
	var text strings.Builder
	require.NoError(t, report.Summary(&text, *c, report.SummaryOptions{Page: "reports/index.html",
		Grades: "reports/grades.csv"}))
	assert.Contains(t, text.String(), "Changed   bob: 64.5 → 75.5 (create 0 → 35.5, walk 24.5 → 0)\n")
	assert.Contains(t, w.read("index.html"), "Different from the time before")

	c = w.run(fresh, func(o *Options) { o.Seed = "abc" })
	assert.Equal(t, "abc", c.Seed)
}

// TestReportsRememberEarlierVerdicts: the instructor's report says what was before, the student's
// does not.
func TestReportsRememberEarlierVerdicts(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": "create walk"})
	w.run()
	w.write("ada", "walk")
	w.run()
	read := func(audience result.Audience) result.Report {
		rep, err := reports.Dir(w.out).Read(audience, "ada")
		require.NoError(t, err)
		return rep
	}
	rep := read(result.Instructor)
	require.Len(t, rep.History, 1)
	first := rep.History[0]
	assert.Equal(t, 40.0, *first.Score)
	assert.WithinDuration(t, time.Now(), first.StartedAt, time.Minute)
	assert.Equal(t, dueSubmission, first.Why)
	assert.Equal(t, []result.Change{{ID: "create", Was: result.Fail, Now: result.Pass, After: 35.5}}, first.Changes)
	assert.Empty(t, read(result.Student).History)

	w.run()
	assert.Len(t, read(result.Instructor).History, 1, "nothing was graded, and nothing is new")
	for range remembered + 2 {
		w.run(fresh)
	}
	rep = read(result.Instructor)
	require.Len(t, rep.History, remembered, "it does not grow without end")
	assert.Equal(t, dueFresh, rep.History[0].Why, "the oldest goes first")
	assert.Empty(t, rep.History[0].Changes)

	w.grader.before = func(context.Context, string) *result.Problem {
		return &result.Problem{Phase: "build", Message: "no daemon"}
	}
	w.write("ada", "")
	w.run(func(o *Options) { o.Retries = -1 })
	rep = read(result.Instructor)
	require.Equal(t, result.Error, rep.Status)
	assert.Equal(t, 75.5, *rep.History[remembered-1].Score, "what was before a fault of ours is remembered")
	assert.Empty(t, rep.History[remembered-1].Changes, "and is not compared with it")
	w.grader.before = nil
	w.run()
	rep = read(result.Instructor)
	assert.Equal(t, dueError, rep.History[remembered-1].Why)
	assert.Nil(t, rep.History[remembered-1].Score)
}

func TestInterruptedFreshIsFinished(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": "", "bob": "", "cyd": ""})
	w.run()
	w.grader.ids()
	ctx, cancel := context.WithCancel(context.Background())
	c, err := w.try(ctx, fresh, func(o *Options) {
		o.Jobs = 1
		o.Progress = func(e Event) {
			if e.Row != nil && e.ID == "ada" {
				cancel()
			}
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, class.Graded, row(t, c, "ada").State)
	assert.Equal(t, class.Stale, row(t, c, "cyd").State)
	assert.Equal(t, 100.0, *row(t, c, "cyd").Score, "the earlier score is kept")
	assert.False(t, c.Complete)
	assert.Equal(t, "stale", w.grades()["cyd"][3])

	done := w.grader.ids()
	c = w.run()
	assert.True(t, c.Complete)
	again := w.grader.ids()
	assert.NotContains(t, again, "ada")
	assert.Contains(t, again, "cyd")
	assert.Contains(t, done, "ada")
}

func TestOurFaultIsTriedAgainAndNeverPoints(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": "", "bob": "", "cyd": ""})
	tries, broken := map[string]int{}, true
	var mu sync.Mutex
	w.grader.before = func(_ context.Context, id string) *result.Problem {
		mu.Lock()
		defer mu.Unlock()
		if tries[id]++; id == "bob" && broken || id == "cyd" && tries[id] == 1 {
			return &result.Problem{Phase: "build", Message: "the daemon is <gone>"}
		}
		return nil
	}
	c := w.run()
	assert.Equal(t, map[string]int{"ada": 1, "bob": 3, "cyd": 2}, tries)
	assert.Equal(t, 2, row(t, c, "cyd").Attempts)
	bob := row(t, c, "bob")
	assert.Equal(t, class.Error, bob.State)
	assert.Nil(t, bob.Score)
	assert.True(t, c.Failed())
	assert.False(t, row(t, c, "ada").State == class.Error)
	grades := w.grades()
	assert.Equal(t, []string{"bob", "", "", "error", "error", "100", "", "bob", "error", "error", "error",
		"grader: build: the daemon is <gone>"}, grades["bob"])
	assert.Contains(t, w.read("index.html"), "build: the daemon is &lt;gone&gt;")
	assert.Contains(t, w.read("instructor/bob.json"), `"status": "error"`)

	broken = false
	w.grader.ids()
	c = w.run()
	assert.Equal(t, []string{"bob"}, w.grader.ids())
	assert.False(t, c.Failed())
}

func TestEarlierScoreOutlivesOurFault(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": "walk", "bob": ""})
	w.run()
	w.write("bob", "walk") // another submission: the old score is not of it
	w.grader.before = func(context.Context, string) *result.Problem {
		return &result.Problem{Phase: "open", Message: "no daemon"}
	}
	c := w.run(fresh)
	ada := row(t, c, "ada")
	assert.Equal(t, class.Stale, ada.State)
	assert.Equal(t, 75.5, *ada.Score)
	assert.Equal(t, "no daemon", ada.Problem.Message)
	assert.Equal(t, class.Error, row(t, c, "bob").State)
	assert.True(t, c.Failed())
	assert.Contains(t, w.read("instructor/ada.json"), `"score": 75.5`)
	assert.Equal(t, "75.5", w.grades()["ada"][4])

	w.grader.before = nil
	w.grader.ids()
	c = w.run()
	assert.Equal(t, []string{"ada", "bob"}, w.grader.ids())
	assert.True(t, c.Complete)
	assert.False(t, c.Failed())
}

func TestDaemonStoppedInTheMiddle(t *testing.T) {
	students := map[string]string{}
	for i := range 40 {
		students[fmt.Sprintf("s%02d", i)] = ""
	}
	w := newWorld(t, students)
	var mu sync.Mutex
	tries := 0
	w.grader.before = func(_ context.Context, id string) *result.Problem {
		mu.Lock()
		defer mu.Unlock()
		if tries++; tries > 10 {
			return &result.Problem{Phase: "build", Message: "no daemon"}
		}
		return nil
	}
	begun := time.Now()
	c := w.run(func(o *Options) { o.Wait = 100 * time.Millisecond })
	assert.Less(t, time.Since(begun), 4*time.Second, "not every student waits when all fail")
	assert.Equal(t, map[class.State]int{class.Graded: 10, class.Error: 30}, statesOf(c))
	w.grader.before = nil
	w.grader.ids()
	w.run()
	assert.Len(t, w.grader.ids(), 30)
}

func TestPanicAndDeadlineAreFaultsOfOurs(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": "", "bob": "", "cyd": ""})
	w.grader.before = func(ctx context.Context, id string) *result.Problem {
		switch id {
		case "ada":
			panic("oh no")
		case "bob":
			<-ctx.Done()
			return &result.Problem{Phase: "build", Message: ctx.Err().Error()}
		}
		return nil
	}
	c := w.run(func(o *Options) { o.Deadline, o.Retries = 50*time.Millisecond, -1 })
	assert.Contains(t, row(t, c, "ada").Problem.Message, "panic: oh no")
	assert.Equal(t, &result.Problem{Phase: "deadline", Message: "grading took longer than 50ms"},
		row(t, c, "bob").Problem)
	assert.Equal(t, class.Graded, row(t, c, "cyd").State)
}

func TestCancelLeavesWholeFiles(t *testing.T) {
	students := map[string]string{}
	for i := range 30 {
		students[fmt.Sprintf("s%02d", i)] = ""
	}
	w := newWorld(t, students)
	w.grader.delay = 5 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c, err := w.try(ctx, func(o *Options) {
		o.Progress = func(e Event) {
			if e.Done == 8 {
				cancel()
			}
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	states := statesOf(c)
	assert.GreaterOrEqual(t, states[class.Graded], 8)
	assert.Positive(t, states[class.Waiting])
	assert.Zero(t, states[class.Error], "what was interrupted is no error")
	assert.False(t, c.Complete)
	w.whole()
	assert.Equal(t, "waiting", w.grades()["s29"][4])
	w.grader.ids()
	c = w.run()
	assert.Len(t, w.grader.ids(), states[class.Waiting], "what was finished is kept")
	assert.True(t, c.Complete)
}

// TestMain is also the program that TestKill kills.
func TestMain(m *testing.M) {
	dir, out := os.Getenv("CLASS_TEST_DIR"), os.Getenv("CLASS_TEST_OUT")
	if dir == "" {
		os.Exit(m.Run())
	}
	entries, _, err := submission.List(dir)
	if err == nil {
		g := &fakeGrader{rubric: testRubric(), version: "v1", delay: 10 * time.Millisecond}
		_, err = RunFunc(context.Background(), g.grade, g.rubric, entries,
			Options{Out: reports.Dir(out), Jobs: 4, Version: "v1", Fresh: os.Getenv("CLASS_TEST_FRESH") != ""})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func TestKill(t *testing.T) {
	for _, again := range []bool{false, true} {
		t.Run(fmt.Sprintf("fresh %t", again), func(t *testing.T) {
			students := map[string]string{}
			for i := range 60 {
				students[fmt.Sprintf("s%02d", i)] = []string{"", "walk", "create walk"}[i%3]
			}
			w := newWorld(t, students)
			if again {
				w.run()
			}
			begun := time.Now()
			for n, more := range []int{0, 1, 5, 8, 13} { // reports until it is killed
				before := written(t, w.out, begun)
				cmd := exec.Command(os.Args[0], "-test.run=^$")
				cmd.Env = append(os.Environ(), "CLASS_TEST_DIR="+w.dir, "CLASS_TEST_OUT="+w.out)
				if again && n == 0 {
					cmd.Env = append(cmd.Env, "CLASS_TEST_FRESH=1")
					more = 4
				}
				require.NoError(t, cmd.Start())
				for limit := time.Now().Add(20 * time.Second); len(written(t, w.out, begun)) < len(before)+more &&
					time.Now().Before(limit); {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(time.Duration(3*n) * time.Millisecond)
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				w.whole()
				for name, at := range before {
					assert.Equal(t, at, modified(t, name), "graded twice")
				}
			}
			before := written(t, w.out, begun)
			require.NotEmpty(t, before, "something was graded before it was killed")
			c := w.run()
			assert.True(t, c.Complete)
			assert.LessOrEqual(t, len(w.grader.ids()), 60+map[bool]int{true: 60}[again]-len(before))
			for name, at := range before {
				assert.Equal(t, at, modified(t, name), "graded twice")
			}
			undisturbed := newWorld(t, students)
			undisturbed.run()
			assert.Equal(t, undisturbed.read("grades.csv"), w.read("grades.csv"))
			for _, r := range c.Students {
				assert.Equal(t, StudentSeed(c.Seed, r.ID), r.Seed)
			}
		})
	}
}

// written returns the times of the instructor's reports that were written since.
func written(t *testing.T, out string, since time.Time) map[string]time.Time {
	files, err := filepath.Glob(filepath.Join(out, "instructor", "*.json"))
	require.NoError(t, err)
	all := map[string]time.Time{}
	for _, f := range files {
		if at := modified(t, f); at.After(since) {
			all[f] = at
		}
	}
	return all
}

func TestReportsOfTwoRubricsAreNotMixed(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*world, *Options)
		want   string
	}{
		{"rubric", func(w *world, _ *Options) { w.grader.rubric.ID = "multi-stage" },
			`the folder "OUT" holds reports of the rubric "task-api", and these are of "multi-stage"`},
		{"rubric without class.json", func(w *world, _ *Options) {
			w.grader.rubric.ID = "multi-stage"
			require.NoError(w.t, os.Remove(filepath.Join(w.out, "class.json")))
		}, `the folder "OUT" holds reports of the rubric "task-api", and these are of "multi-stage"`},
		{"seed", func(_ *world, o *Options) { o.Seed = "ff" }, `the reports in "OUT" are of the seed aa`},
		{"only", func(_ *world, o *Options) { o.Only = []string{"walk"} }, `the reports in "OUT" are of all checks`},
		{"damaged", func(w *world, _ *Options) {
			require.NoError(w.t, os.WriteFile(filepath.Join(w.out, "class.json"), []byte("{"), 0o644))
		}, `OUT/class.json: reading a class: unexpected EOF`},
		{"other schema", func(w *world, _ *Options) {
			require.NoError(w.t, os.WriteFile(filepath.Join(w.out, "class.json"), []byte(`{"schema":"x"}`), 0o644))
		}, `OUT/class.json: reading a class: its schema is "x", and this version reads "taskgrader/class/v1"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, map[string]string{"ada": ""})
			w.run(func(o *Options) { o.Seed = "aa" })
			w.grader.ids()
			o := w.options
			test.change(w, &o)
			w.options = o
			_, err := w.try(context.Background())
			var refused *RefusedError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, test.want, strings.ReplaceAll(err.Error(), w.out, "OUT"))
			assert.NotEmpty(t, refused.Hint())
			assert.Empty(t, w.grader.ids())
			if test.name == "rubric" || test.name == "seed" || test.name == "only" {
				w.run(fresh)
				assert.Equal(t, []string{"ada"}, w.grader.ids())
			}
		})
	}
}

// TestPointsOfAnotherRubricAreGone: however a fresh run of another rubric ends, it shows no points
// of the one before, and the next run goes on with it.
func TestPointsOfAnotherRubricAreGone(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": "", "bob": "", "cyd": ""})
	faulty := func(id string) Grade { // what was judged before the fault is shown
		return func(ctx context.Context, task Task, progress func(string)) result.Report {
			r := w.grader.grade(ctx, task, progress)
			if task.Entry.ID == id {
				r.Status, r.Score, r.Problem = result.Error, nil, &result.Problem{Phase: "check", Message: "no daemon"}
			}
			return r
		}
	}
	entries, _, err := submission.List(w.dir)
	require.NoError(t, err)
	w.options.Retries = -1
	_, err = RunFunc(context.Background(), faulty("ada"), w.grader.rubric, entries, w.options)
	require.NoError(t, err)
	require.Equal(t, []string{"error", "40"}, []string{w.grades()["ada"][4], w.grades()["ada"][8]})

	w.grader.rubric.ID, w.grader.rubric.Digest = "multi-stage", "sha256:other"
	ctx, cancel := context.WithCancel(context.Background())
	w.grader.before = func(context.Context, string) *result.Problem { cancel(); return &result.Problem{} }
	_, err = w.try(ctx, fresh)
	require.ErrorIs(t, err, context.Canceled)
	for _, id := range []string{"ada", "bob", "cyd"} {
		assert.Equal(t, []string{"waiting", "waiting", "waiting"}, w.grades()[id][8:11], id)
	}

	w.grader.before = nil
	page := filepath.Join(w.out, "students", "bob.html") // what cannot be written
	require.NoError(t, os.Remove(page))
	require.NoError(t, os.MkdirAll(filepath.Join(page, "x"), 0o755))
	w.grader.ids()
	c := w.run()
	assert.Equal(t, []string{"ada", "bob", "cyd"}, w.grader.ids())
	assert.Equal(t, class.Error, row(t, c, "bob").State)
	bob, err := reports.Dir(w.out).Read(result.Instructor, "bob")
	require.NoError(t, err)
	assert.Equal(t, "task-api", bob.Rubric.ID, "it is still there")
	require.NoError(t, os.RemoveAll(page))
	c = w.run()
	assert.Equal(t, []string{"bob"}, w.grader.ids())
	assert.True(t, c.Complete)
}

func TestTwoRunsAtOnceAreRefused(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": ""})
	require.NoError(t, os.MkdirAll(w.out, 0o755))
	other := flock.New(filepath.Join(w.out, ".class.lock"))
	_, err := other.TryLock()
	require.NoError(t, err)
	defer other.Unlock()
	_, err = w.try(context.Background())
	assert.EqualError(t, err, fmt.Sprintf("another run is writing to the folder %q", w.out))
}

func rosterOf(t *testing.T, text string) *roster.Roster {
	t.Helper()
	r, err := roster.Parse("roster.csv", strings.NewReader(text))
	require.NoError(t, err)
	return r
}

func TestRosterHasOneRowForEachStudent(t *testing.T) {
	w := newWorld(t, map[string]string{"u1": "", "Bob Low_77_assignsubmission_file_": "walk", "stray": ""})
	w.options.Roster = rosterOf(t,
		"id,name,email\nu3,Cyd Nil,c@x.edu\nu1,\"Ada, =SUM(A1)\",a@x.edu\nu2,Bob Low,b@x.edu\n")
	c := w.run()
	var got []string
	for _, r := range c.Students {
		got = append(got, strings.Join([]string{r.Student, r.ID, r.Name, r.Email, string(r.State)}, "|"))
	}
	assert.Equal(t, []string{"u3||Cyd Nil|c@x.edu|missing", "u1|u1|Ada, =SUM(A1)|a@x.edu|graded",
		"u2|77|Bob Low|b@x.edu|graded", "|stray|||graded"}, got)
	grades := w.grades()
	assert.Equal(t, []string{"id", "name", "email", "status", "score", "max_score", "late", "submission", "builds",
		"create", "walk", "note"}, grades["id"])
	assert.Equal(t, []string{"u3", "Cyd Nil", "c@x.edu", "missing", "", "100", "", "", "", "", "", "handed in nothing"},
		grades["u3"])
	assert.Equal(t, []string{"u2", "Bob Low", "b@x.edu", "graded", "75.5", "100", "", "77", "40", "35.5", "0", ""},
		grades["u2"])
	assert.Contains(t, w.read("instructor/77.json"), `"email": "b@x.edu"`)

	w.grader.ids()
	w.options.Roster = rosterOf(t, "id,name,email\nu2,Robert Low,b@x.edu\nu1,Ada,a@x.edu\n")
	c = w.run()
	assert.Empty(t, w.grader.ids(), "a name is no reason to grade again")
	assert.Equal(t, "Ada", row(t, c, "u1").Name)
	assert.Contains(t, w.read("students/u1.html"), "<h1><bdi>Ada</bdi></h1>")
}

// TestTheLaterOfTwoCounts, whatever order they lie in, with a roster and without; KeepFirst turns
// it round.
func TestTheLaterOfTwoCounts(t *testing.T) {
	for _, text := range []string{"id,name\nu1,Ada\n", ""} {
		w := newWorld(t, map[string]string{"ada_123_9_first": "", "ada_123_10_second": "walk"})
		if text != "" {
			w.options.Roster = rosterOf(t, text)
		}
		c := w.run()
		require.Len(t, c.Students, 2)
		counts, other := c.Students[0], c.Students[1]
		if counts.Second {
			counts, other = other, counts
		}
		assert.Equal(t, "ada_123_10_second", counts.File)
		assert.Equal(t, 75.5, *counts.Score)
		assert.True(t, other.Second)
		assert.Equal(t, counts.ID, other.Counts)
		assert.Equal(t, "not counted", w.grades()[other.File][4])
		var out strings.Builder
		require.NoError(t, report.Summary(&out, *c, report.SummaryOptions{}))
		assert.Contains(t, out.String(), "ada_123_10_second counts, not")

		w.options.KeepFirst = true
		c = w.run()
		for _, row := range c.Students {
			assert.Equal(t, row.File != "ada_123_9_first", row.Second, row.File)
		}
	}
}

// TestATeamIsGradedOnce and has a row for each member, with what they handed in themselves if that
// is later.
func TestATeamIsGradedOnce(t *testing.T) {
	w := newWorld(t, map[string]string{"Team Blue_12_assignsubmission_file_": "walk", "red": ""})
	w.options.Roster = rosterOf(t,
		"id,name,email,team\nu1,Ada,a@x.edu,Team Blue\nu2,Bea,b@x.edu,team "+
			"blue\nu3,Cyd,c@x.edu,Red\nu4,Dan,,Red\nu5,Eve,,Green\n")
	c := w.run()
	var got []string
	for _, r := range c.Students {
		got = append(got, strings.Join([]string{r.Student, r.ID, r.Name, r.Team, r.Matched, string(r.State)}, "|"))
	}
	assert.Equal(t, []string{"u1|12|Ada|Team Blue|team|graded", "u2|12|Bea|Team Blue|team|graded",
		"u3|red|Cyd|Red|team|graded", "u4|red|Dan|Red|team|graded", "u5||Eve|||missing"}, got)
	assert.Equal(t, 2, c.Graded)
	assert.Len(t, w.grader.ids(), 2)
	assert.Equal(t, "75.5", w.grades()["u2"][4])
	assert.Contains(t, w.read("students/12.html"), "<h1><bdi>Team Blue</bdi></h1>")

	before := w.read("instructor/12.json")
	stamp, err := os.Stat(filepath.Join(w.out, "instructor", "12.json"))
	require.NoError(t, err)
	c = w.run()
	assert.Equal(t, 0, c.Graded)
	assert.Equal(t, before, w.read("instructor/12.json"))
	again, err := os.Stat(filepath.Join(w.out, "instructor", "12.json"))
	require.NoError(t, err)
	assert.Equal(t, stamp.ModTime(), again.ModTime(), "nothing is written anew")
}

func TestDuplicates(t *testing.T) {
	w := newWorld(t, nil)
	for id, files := range map[string]map[string]string{
		"ada": {"Dockerfile": "FROM x\n", "main.py": "a = 1\n"}, "bob": {"Dockerfile": "FROM x\n",
			"main.py": "a = 1\n"},
		"cyd": {"Dockerfile": "# mine\nFROM  x\n", "main.py": "a=1 \n"}, "dan": {"Dockerfile": "FROM y\n"},
		"empty1": {}, "empty2": {}, "text1": {"notes": "1"}, "text2": {"notes": "2"},
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(w.dir, id), 0o755))
		for name, text := range files {
			require.NoError(t, os.WriteFile(filepath.Join(w.dir, id, name), []byte(text), 0o644))
		}
	}
	assert.Equal(t, []class.Duplicate{{Same: "content", IDs: []string{"ada", "bob"}},
		{Same: "program", IDs: []string{"ada", "bob", "cyd"}}}, w.run().Duplicates)
}

func TestFormulasAreNeutralised(t *testing.T) {
	w := newWorld(t, map[string]string{"u1": ""})
	w.options.Roster = rosterOf(t, "id,name\nu1,\"=HYPERLINK(\"\"http://x\"\")\"\n-2,@evil\n")
	w.run()
	assert.Contains(t, w.read("grades.csv"), "u1,\"'=HYPERLINK(\"\"http://x\"\")\",")
	assert.Contains(t, w.read("grades.csv"), "\n'-2,'@evil,")
}

func TestStudentTextIsEscaped(t *testing.T) {
	w := newWorld(t, map[string]string{"u1": "walk"})
	w.options.Roster = rosterOf(t, "id,name,email\nu1,</script><script>alert(1)</script>,\"\"\"><img src=x>@x\"\n")
	c := w.run()
	page := w.read("index.html")
	assert.NotContains(t, page, "<script>alert")
	assert.NotContains(t, page, "<img")
	assert.NotContains(t, page, "<b>this</b>")
	assert.Equal(t, 1, strings.Count(page, "<script>"))
	c.Students[0].Name = "\x1b[31m::notice::\u202eevil"
	var out strings.Builder
	require.NoError(t, report.Summary(&out, *c, report.SummaryOptions{}))
	assert.NotContains(t, out.String(), "\x1b")
	assert.NotContains(t, out.String(), "\u202e")
}

func TestHiddenChecksStayHidden(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": "walk"})
	w.run()
	for _, name := range []string{"students/ada.json", "students/ada.html"} {
		assert.NotContains(t, w.read(name), "SECRET-WANT-walk", name)
		assert.NotContains(t, w.read(name), `"walk"`, name)
	}
	assert.Contains(t, w.read("instructor/ada.json"), "SECRET-WANT-walk")
}

func TestSummary(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": "", "bob": "create"})
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "eve.rar"), nil, 0o644))
	c := w.run()
	c.DurationMS = 1234
	var out strings.Builder
	require.NoError(t, report.Summary(&out, *c, report.SummaryOptions{Page: "reports/index.html",
		Grades: "reports/grades.csv"}))
	assert.Equal(t, `Task API — 2 students: 2 graded

Score     82.25 of 100 on average, median 82.25, from 64.5 to 100
Missed    create by 1: Fix create of <b>this</b>.
Ignored   eve.rar: no folder and no archive that can be read
Time      2 submissions graded in 1.2 s, 0 kept
Page      reports/index.html
Grades    reports/grades.csv
`, out.String())
}

func TestRunWithAnEngineThatFails(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": ""})
	engine := grader.EngineFunc(func(context.Context, check.Job) (grader.Session, error) {
		return nil, errors.New("no daemon")
	})
	entries, _, err := submission.List(w.dir)
	require.NoError(t, err)
	r := testRubric()
	r.Checks = nil
	c, err := Run(context.Background(), engine, r, entries, w.options)
	require.NoError(t, err)
	assert.Equal(t, &result.Problem{Phase: "open", Message: "no daemon"}, row(t, c, "ada").Problem)
	rep, err := reports.Dir(w.out).Read(result.Instructor, "ada")
	require.NoError(t, err)
	assert.Equal(t, StudentSeed(c.Seed, "ada"), rep.Seed)
}

func TestReadyIsAskedOnlyWhenThereIsWork(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": ""})
	ready := func(o *Options) { o.Ready = func(map[string]string) error { return errors.New("no daemon") } }
	_, err := w.try(context.Background(), ready)
	require.EqualError(t, err, "no daemon")
	w.run()
	w.run(ready)
}

// TestBasesOfAClass: what base images were resolved to is kept, and given to the next run, but
// where all are graded again.
func TestBasesOfAClass(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": ""})
	var given []map[string]string
	with := func(o *Options) {
		o.Ready = func(bases map[string]string) error { given = append(given, bases); return nil }
		o.Bases = func() map[string]string {
			if len(given) == 0 {
				return nil // not connected yet
			}
			return map[string]string{"python:3.12-slim": fmt.Sprintf("sha256:%d", len(given))}
		}
	}
	kept := func() map[string]string {
		c, err := reports.Dir(w.out).Class()
		require.NoError(t, err)
		return c.Bases
	}
	first := map[string]string{"python:3.12-slim": "sha256:1"}
	require.Equal(t, first, w.run(with).Bases)
	require.Equal(t, first, kept())
	w.run()
	require.Equal(t, first, kept(), "nothing was graded")
	w.write("ben", "")
	w.run(with)
	w.run(with, func(o *Options) { o.Fresh = true })
	require.Equal(t, []map[string]string{nil, first, nil}, given)
}

func TestJobs(t *testing.T) {
	assert.Equal(t, 8, jobsFor(4, 64<<30, 512e6))
	assert.Equal(t, 2, jobsFor(4, 3e9, 512e6))
	assert.Equal(t, 1, jobsFor(4, 1e8, 512e6))
	assert.Equal(t, 16, jobsFor(64, 64<<30, 512e6))
	assert.Positive(t, DefaultJobs(512e6))
}

// BenchmarkUnchanged runs a class of 1,000 again of which nothing changed.
func BenchmarkUnchanged(b *testing.B) {
	dir, out := b.TempDir(), b.TempDir()
	for i := range 1000 {
		folder := filepath.Join(dir, fmt.Sprintf("student-%04d", i))
		require.NoError(b, os.Mkdir(folder, 0o755))
		for _, name := range []string{"Dockerfile", "main.py", "fails", "requirements.txt", ".dockerignore",
			"README.md"} {
			require.NoError(b, os.WriteFile(filepath.Join(folder, name),
				fmt.Appendf(nil, "%d %s", i, strings.Repeat(name, 200)), 0o644))
		}
	}
	g := &fakeGrader{rubric: testRubric(), version: "v1"}
	entries, _, err := submission.List(dir)
	require.NoError(b, err)
	_, err = RunFunc(context.Background(), g.grade, g.rubric, entries, Options{Out: reports.Dir(out), Version: "v1"})
	require.NoError(b, err)
	g.ids()
	for b.Loop() {
		entries, _, err := submission.List(dir)
		require.NoError(b, err)
		_, err = RunFunc(context.Background(), g.grade, g.rubric, entries,
			Options{Out: reports.Dir(out), Version: "v1"})
		require.NoError(b, err)
		require.Empty(b, g.ids())
	}
	require.Less(b, b.Elapsed()/time.Duration(b.N), 2*time.Second)
}
