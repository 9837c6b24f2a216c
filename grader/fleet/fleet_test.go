package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/reports"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

const rubricText = `rubric: tiny
title: Tiny
points: 3
skills:
  s: {name: S}
checks:
- {id: one, title: One, points: 1, skill: s, files: {require: [Dockerfile]}}
- {id: two, title: Two, points: 2, skill: s, files: {require: [Dockerfile]}}
`

var quick = Timing{Lease: 2 * time.Second, Pause: 300 * time.Millisecond, Tend: 100 * time.Millisecond,
	Alive: 200 * time.Millisecond, Give: 2 * time.Second, Beyond: 300 * time.Millisecond}

// play is a class with its hub. The gradings are fake; the queue, the keys and TLS are real.
type play struct {
	*testing.T
	rubric  *rubric.Rubric
	folder  Folder
	store   string
	out     reports.Dir
	entries []submission.Entry
	listen  string
	options HubOptions
	timing  Timing
	hub     *Hub
	token   map[string]Token
	graded  atomic.Int64
}

func newPlay(t *testing.T, students int) *play {
	t.Helper()
	r, err := rubric.Parse("tiny.yaml", []byte(rubricText), kinds.All())
	require.NoError(t, err)
	p := &play{T: t, rubric: r, folder: Folder(filepath.Join(t.TempDir(), "fleet")), store: t.TempDir(),
		timing: quick, options: HubOptions{Sample: -1}, out: reports.Dir(filepath.Join(t.TempDir(), "reports")),
		listen: "127.0.0.1:0", token: map[string]Token{}}
	dir := t.TempDir()
	for n := range students {
		at := filepath.Join(dir, fmt.Sprintf("student-%04d", n))
		require.NoError(t, os.Mkdir(at, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(at, "Dockerfile"), fmt.Appendf(nil, "FROM scratch\n# %d\n", n),
			0o644))
	}
	p.entries, _, err = submission.List(dir)
	require.NoError(t, err)
	return p
}

func (p *play) manifest() Manifest {
	return Manifest{RubricFile: "tiny.yaml", RubricText: rubricText, RubricDigest: p.rubric.Digest, Version: "v1",
		Build: "build", Platform: "linux", Deadline: 10 * time.Second}
}

// open starts the hub, at the address that it had before.
func (p *play) open() *Hub {
	p.Helper()
	o := p.options
	o.Folder, o.Store, o.Listen, o.Timing = p.folder, p.store, p.listen, p.timing
	if o.Say == nil {
		o.Say = func(line string) { p.Log("hub:", line) }
	}
	hub, err := Open(p.Context(), o)
	require.NoError(p, err)
	p.hub, p.listen = hub, hub.Address()
	p.Cleanup(func() { _ = hub.Close() })
	return hub
}

// tokenOf returns the token of a worker, made when it is asked for first.
func (p *play) tokenOf(name string) Token {
	p.Helper()
	if _, ok := p.token[name]; !ok {
		token, err := p.folder.Token(name, p.listen)
		require.NoError(p, err)
		p.token[name] = token
		if p.hub != nil && p.hub.nc.IsConnected() {
			require.NoError(p, p.hub.server.reload())
		}
	}
	return p.token[name]
}

func platform(name string) func(context.Context) (Profile, error) {
	return func(context.Context) (Profile, error) { return Profile{Platform: name}, nil }
}

// worker starts one, which the returned function ends at once, as a power cut does.
func (p *play) worker(name string, slots int, grade batch.Grade, changes ...func(*WorkerOptions)) (kill func()) {
	p.Helper()
	token := p.tokenOf(name)
	o := WorkerOptions{Slots: slots, Version: "v1", Build: "build", Profile: platform("linux"), Timing: p.timing,
		Hasty: true, Say: func(line string) { p.Log(name+":", line) },
		Prepare: func(_ context.Context, m Manifest, _ Fetch) (*Prepared, error) {
			if m.RubricDigest != p.rubric.Digest {
				return nil, errors.New("another rubric")
			}
			return &Prepared{Grade: func(ctx context.Context, t batch.Task, say func(string)) result.Report {
				p.graded.Add(1)
				return grade(ctx, t, say)
			}}, nil
		}}
	for _, change := range changes {
		change(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { assert.NoError(p, Work(ctx, token, o)) })
	kill = func() { cancel(); ended.Wait() }
	p.Cleanup(kill)
	return kill
}

// await waits for so many workers.
func (p *play) await(workers int) {
	p.Helper()
	require.Eventually(p, func() bool { return len(p.hub.Machines()) == workers }, 10*time.Second, 10*time.Millisecond)
}

// right grades as it should be, after some time.
func (p *play) right(takes time.Duration) batch.Grade {
	return func(ctx context.Context, t batch.Task, progress func(string)) result.Report {
		progress("building")
		sub, err := t.Entry.Open()
		if err != nil {
			return batch.Failed(p.rubric, t, "v1", "open", err)
		}
		defer sub.Close()
		select {
		case <-ctx.Done():
			return batch.Failed(p.rubric, t, "v1", "build", ctx.Err())
		case <-time.After(takes):
		}
		r := batch.Failed(p.rubric, t, "v1", "", errors.New(""))
		r.Status, r.Problem, r.DurationMS = result.Graded, nil, takes.Milliseconds()
		r.Submission.Digest, r.Submission.ProgramDigest = sub.Digest, sub.ProgramDigest
		r.Checks = []result.Check{{ID: "one", Status: result.Pass, Points: 1, MaxPoints: 1},
			{ID: "two", Status: result.Fail, MaxPoints: 2}}
		score := 1.0
		r.Score = &score
		return r
	}
}

func broken(p *play) batch.Grade {
	return func(_ context.Context, t batch.Task, _ func(string)) result.Report {
		return batch.Failed(p.rubric, t, "v1", "build", errors.New("the engine is gone"))
	}
}

// run grades the class with the hub that is open, and finishes it.
func (p *play) run(ctx context.Context, changes ...func(*batch.Options)) *class.Class {
	p.Helper()
	o := batch.Options{Out: p.out, Jobs: 5000, Version: "v1", Seed: "0123456789abcdef", Deadline: time.Hour,
		Retries: -1, Progress: p.hub.Saved(func(batch.Event) {})}
	for _, change := range changes {
		change(&o)
	}
	_, err := p.hub.Begin(ctx, p.manifest(), o.Fresh)
	require.NoError(p, err)
	c, err := batch.RunFunc(ctx, p.hub.Grade(p.rubric), p.rubric, p.entries, o)
	if ctx.Err() == nil {
		require.NoError(p, err)
		require.NoError(p, p.hub.Finish(ctx))
	}
	return c
}

// empty holds that nothing is left in the queue, and no verdict that is not on disk.
func (p *play) empty() {
	p.Helper()
	assert.EventuallyWithT(p, func(t *assert.CollectT) {
		for _, name := range []string{workStream, resultStream} {
			s, err := p.hub.js.Stream(context.Background(), name)
			if assert.NoError(t, err) {
				assert.Zero(t, s.CachedInfo().State.Msgs, name)
			}
		}
	}, 5*time.Second, 50*time.Millisecond)
}

func (p *play) allRight(c *class.Class) {
	p.Helper()
	require.Len(p, c.Students, len(p.entries))
	for _, row := range c.Students {
		if assert.Equal(p, class.Graded, row.State, "%s: %s", row.ID, row.Line()) {
			assert.InDelta(p, 1, *row.Score, 0)
		}
	}
}

func TestClassOverTwoWorkers(t *testing.T) {
	p := newPlay(t, 40)
	p.open()
	p.worker("lab-1", 2, p.right(20*time.Millisecond))
	p.worker("lab-2", 2, p.right(20*time.Millisecond))
	p.await(2)
	c := p.run(t.Context())
	p.allRight(c)
	p.empty()
	machines := p.hub.Machines()
	require.Len(t, machines, 2)
	sum := 0
	for _, m := range machines {
		assert.Positive(t, m.Verdicts, m.Name)
		sum += m.Verdicts
	}
	assert.Equal(t, 40, sum)
	rep, err := p.out.Read(result.Instructor, "student-0000")
	require.NoError(t, err)
	assert.Contains(t, []string{"lab-1", "lab-2"}, rep.Machine)
	student, err := p.out.Read(result.Student, "student-0000")
	require.NoError(t, err)
	assert.Empty(t, student.Machine)

	graded := p.graded.Load()
	p.allRight(p.run(t.Context()))
	assert.Equal(t, graded, p.graded.Load(), "a second run grades nothing")
}

func TestWorkerBesideTheHub(t *testing.T) {
	p := newPlay(t, 3)
	hub := p.open()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Work(ctx, hub.Here(), WorkerOptions{Build: "build", Profile: platform("linux"), Hasty: true,
			Timing: quick, Prepare: func(context.Context, Manifest, Fetch) (*Prepared, error) {
				return &Prepared{Grade: p.right(0)}, nil
			}})
	}()
	p.allRight(p.run(t.Context()))
	cancel()
	require.NoError(t, <-ended)
	assert.Equal(t, Here, hub.Machines()[0].Name)
}

// What is large, and what is an archive, comes whole.
func TestLargeSubmissionsAndArchives(t *testing.T) {
	p := newPlay(t, 2)
	random := make([]byte, 3<<20)
	for i := range random {
		random[i] = byte(i * i >> 3 * 7919)
	}
	require.NoError(t, os.WriteFile(filepath.Join(p.entries[0].Path, "data"), random, 0o644))
	var odd strings.Builder
	for i := range 400_000 {
		fmt.Fprintf(&odd, "%x", i*2654435761)
	}
	require.NoError(t, os.WriteFile(filepath.Join(p.entries[0].Path, "large"), []byte(odd.String()), 0o644))
	archive := filepath.Join(t.TempDir(), "work.zip")
	require.NoError(t, os.WriteFile(archive, []byte("damaged"), 0o644))
	p.entries[1].Path = archive
	p.open()
	blobs := false
	p.worker("lab-1", 1, func(ctx context.Context, task batch.Task, progress func(string)) result.Report {
		left, err := os.ReadDir(filepath.Join(p.store, "blobs"))
		blobs = blobs || err == nil && len(left) > 0
		return p.right(0)(ctx, task, progress)
	})
	c := p.run(t.Context())
	p.allRight(c)
	assert.True(t, blobs, "one is too large to travel inline")
	left, err := os.ReadDir(filepath.Join(p.store, "blobs"))
	require.NoError(t, err)
	assert.Empty(t, left, "what is graded is forgotten")
	refused, err := submission.Open(archive)
	require.NoError(t, err)
	defer refused.Close()
	for _, row := range c.Students {
		if row.ID == p.entries[1].ID {
			assert.Equal(t, refused.Digest, row.Digest)
		}
	}
}
