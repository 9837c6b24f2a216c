//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/fleet"
	"github.com/taskgrader/taskgrader/grader/reports"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// The fleet is measured with gradings that sleep, in processes of this program's own: what they
// cost is the queue's alone.

// roleVariable says what a process of this program's own is; its value is a role as JSON.
const roleVariable = "TASKGRADER_BENCH_ROLE"

// role is what one process does.
type role struct {
	Token  string        // of a worker; empty is a class
	Slots  int           // of the worker
	Takes  time.Duration // one grading
	Class  string        // the folder of submissions
	Out    string
	Keys   string
	Listen string // of the class's hub; empty grades in the process itself, Slots at once
}

// sleepyChecks is how many checks the rubric has: as many as task-api.
const sleepyChecks = 18

// sleepyRubric is what gradings that sleep are by.
var sleepyRubric = func() string {
	text := fmt.Sprintf("rubric: sleepy\ntitle: Sleepy\npoints: %d\nchecks:\n", sleepyChecks)
	for n := range sleepyChecks {
		text += fmt.Sprintf("- {id: check-%d, points: 1, files: {require: [Dockerfile]}}\n", n)
	}
	return text
}()

func (r role) sleep(of *rubric.Rubric) batch.Grade {
	return func(ctx context.Context, t batch.Task, _ func(string)) result.Report {
		rep := batch.Failed(of, t, "bench", "build", errors.New("the time is up"))
		sub, err := t.Entry.Open()
		if err != nil {
			return rep
		}
		defer sub.Close()
		select {
		case <-ctx.Done():
			return rep
		case <-time.After(r.Takes):
		}
		score := sleepyChecks - 3.0
		rep.Status, rep.Problem, rep.Score, rep.DurationMS = result.Graded, nil, &score, r.Takes.Milliseconds()
		rep.Submission.Digest, rep.Submission.ProgramDigest = sub.Digest, sub.ProgramDigest
		for n := range sleepyChecks {
			c := result.Check{ID: fmt.Sprintf("check-%d", n), Status: result.Pass, Points: 1, MaxPoints: 1}
			if n < 3 { // in words that each student has for itself
				c.Status, c.Points, c.Want, c.Got = result.Fail, 0, "it", strings.Repeat("not it ", 100)
				c.Hint = strings.Repeat("Do it in the way that is asked for. ", 4) + t.Entry.ID
			}
			rep.Checks = append(rep.Checks, c)
		}
		return rep
	}
}

// play does what a process of this program's own is for.
func play(ctx context.Context, text string) error {
	var r role
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	of, err := rubric.Parse("sleepy.yaml", []byte(sleepyRubric), kinds.All())
	if err != nil {
		return err
	}
	if r.Token == "" {
		return r.class(ctx, of)
	}
	token, err := fleet.ParseToken(r.Token, "")
	if err != nil {
		return err
	}
	return fleet.Work(ctx, token, fleet.WorkerOptions{Slots: r.Slots, Version: "bench", Build: "bench",
		Profile: func(context.Context) (fleet.Profile, error) { return fleet.Profile{Platform: "bench"}, nil },
		Prepare: func(context.Context, fleet.Manifest, fleet.Fetch) (*fleet.Prepared, error) {
			return &fleet.Prepared{Grade: r.sleep(of)}, nil
		}})
}

// class grades a class, on other machines where it has a hub.
func (r role) class(ctx context.Context, of *rubric.Rubric) error {
	entries, _, err := submission.List(r.Class)
	if err != nil {
		return err
	}
	if len(entries) > 5000 {
		debug.SetGCPercent(30) // as the command does
	}
	o := batch.Options{Out: reports.Dir(r.Out), Jobs: r.Slots, Version: "bench", Seed: "ab"}
	grade := r.sleep(of)
	if r.Listen != "" {
		hub, err := fleet.Open(ctx, fleet.HubOptions{Folder: fleet.Folder(r.Keys), Store: o.Out.Queue(),
			Listen: r.Listen, Sample: -1, Say: func(line string) { fmt.Println(line) }})
		if err != nil {
			return err
		}
		defer hub.Close()
		if _, err := hub.Begin(ctx, fleet.Manifest{RubricFile: "sleepy.yaml", RubricText: sleepyRubric,
			RubricDigest: of.Digest, Version: "bench", Build: "bench", Platform: "bench", Deadline: time.Minute},
			false); err != nil {
			return err
		}
		o.Jobs, o.Retries, o.Deadline = 2000, -1, 24*time.Hour
		o.Progress, grade = hub.Saved(func(batch.Event) {}), hub.Grade(of)
		for ready := 0; ready < r.Slots; time.Sleep(20 * time.Millisecond) { // the start is no part of what is measured
			ready = 0
			for _, m := range hub.Machines() {
				if m.State == fleet.Ready {
					ready += m.Slots
				}
			}
		}
	}
	begun := time.Now()
	c, err := batch.RunFunc(ctx, grade, of, entries, o)
	if err != nil {
		return err
	}
	right := 0
	for _, row := range c.Students {
		if row.State == class.Graded && *row.Score == sleepyChecks-3 {
			right++
		}
	}
	fmt.Printf("took %f right %d\n", time.Since(begun).Seconds(), right)
	return nil
}

// child is a process of this program's own.
type child struct {
	*exec.Cmd
	out strings.Builder
}

func (r role) start(ctx context.Context) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	c := &child{Cmd: exec.CommandContext(ctx, self)}
	c.Env = append(os.Environ(), roleVariable+"="+string(text))
	c.Stdout, c.Stderr = &c.out, os.Stderr
	return c, c.Start()
}

// outcome is what a class came to.
type outcome struct {
	seconds, memory float64
	right           int
}

func (c *child) outcome() (o outcome, err error) {
	if err := c.Wait(); err != nil {
		return o, fmt.Errorf("a class: %w: %s", err, &c.out)
	}
	lines := strings.Split(strings.TrimSpace(c.out.String()), "\n")
	if _, err := fmt.Sscanf(lines[len(lines)-1], "took %f right %d", &o.seconds, &o.right); err != nil {
		return o, fmt.Errorf("a class said %q: %w", &c.out, err)
	}
	if used, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		o.memory = float64(used.Maxrss) / 1024
	}
	return o, nil
}

// small lays out a class of n small folders.
func (b *bench) small(name string, n int) (string, error) {
	dir := filepath.Join(b.work, name)
	for i := range n {
		folder := filepath.Join(dir, fmt.Sprintf("student-%05d", i))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
		text := fmt.Sprintf("FROM scratch\n# %d\n%s\n", i, strings.Repeat("# a line\n", 200))
		if err := os.WriteFile(filepath.Join(folder, "Dockerfile"), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// crew starts workers, which the returned function ends.
func (b *bench) crew(ctx context.Context, keys, listen string, workers int,
	r role) (all []*child, end func(), err error) {
	end = func() {
		for _, w := range all {
			_ = w.Process.Kill()
			_ = w.Wait()
		}
	}
	for n := range workers {
		token, err := fleet.Folder(keys).Token("w"+strconv.Itoa(n), listen)
		if err != nil {
			end()
			return nil, nil, err
		}
		r.Token = token.String()
		w, err := r.start(ctx)
		if err != nil {
			end()
			return nil, nil, err
		}
		all = append(all, w)
	}
	return all, end, nil
}

const benchListen = "127.0.0.1:24230"

// fleet measures what the queue costs, and counts what becomes of a class whose machines die.
func (b *bench) fleet(ctx context.Context) ([]figure, error) {
	figures, err := b.queueCost(ctx)
	if err != nil {
		return nil, err
	}
	for _, workers := range []int{2, 4, 8} {
		const takes = 500 * time.Millisecond
		n := 20 * workers
		o, err := b.spread(ctx, fmt.Sprintf("efficiency-%d", workers), n, workers, role{Slots: 1, Takes: takes})
		if err != nil {
			return nil, err
		}
		figures = append(figures, figure{Name: fmt.Sprintf("efficiency of %d workers, gradings of 0.5 s", workers),
			Value: 100 * takes.Seconds() * float64(n) / float64(workers) / o.seconds, Unit: "%", Target: 95,
			Least: true})
	}
	deaths, err := b.deaths(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := b.rowsOf(ctx)
	return append(append(figures, deaths...), rows...), err
}

// spread grades a class with workers of a slot each or more.
func (b *bench) spread(ctx context.Context, name string, n, workers int, r role) (outcome, error) {
	dir, err := b.small(name, n)
	if err != nil {
		return outcome{}, err
	}
	keys := filepath.Join(b.work, name+"-keys")
	_, end, err := b.crew(ctx, keys, benchListen, workers, r)
	if err != nil {
		return outcome{}, err
	}
	defer end()
	c, err := role{Class: dir, Out: dir + "-reports", Keys: keys, Listen: benchListen,
		Slots: workers * r.Slots}.start(ctx)
	if err != nil {
		return outcome{}, err
	}
	o, err := c.outcome()
	if err == nil && o.right != n {
		err = fmt.Errorf("%d of %d are right", o.right, n)
	}
	return o, err
}

// queueCost compares a class over one worker with the same class in one process.
func (b *bench) queueCost(ctx context.Context) ([]figure, error) {
	const n, slots, takes, real = 400, 4, 50 * time.Millisecond, 2700
	var costs []float64
	for round := range max(1, b.rounds/3) {
		name := fmt.Sprintf("cost-%d", round)
		over, err := b.spread(ctx, name, n, 1, role{Slots: slots, Takes: takes})
		if err != nil {
			return nil, err
		}
		c, err := role{Class: filepath.Join(b.work, name), Out: filepath.Join(b.work, name+"-alone"), Slots: slots,
			Takes: takes}.start(ctx)
		if err != nil {
			return nil, err
		}
		alone, err := c.outcome()
		if err != nil {
			return nil, err
		}
		costs = append(costs, 1000*(over.seconds-alone.seconds)*slots/n)
	}
	ms := median(costs)
	return []figure{{Name: "what a grading over the queue takes longer", Value: ms, Unit: "ms"},
		{Name: "the same, of a grading of 2.7 s", Value: 100 * ms / real, Unit: "%", Target: 3}}, nil
}

// deaths kills a worker, stops another for longer than its lease, and kills the class in the
// middle.
func (b *bench) deaths(ctx context.Context) ([]figure, error) {
	const n, workers = 2000, 3
	dir, err := b.small("deaths", n)
	if err != nil {
		return nil, err
	}
	keys, out := filepath.Join(b.work, "deaths-keys"), dir+"-reports"
	crew, end, err := b.crew(ctx, keys, benchListen, workers, role{Slots: 8, Takes: 50 * time.Millisecond})
	if err != nil {
		return nil, err
	}
	defer end()
	r := role{Class: dir, Out: out, Keys: keys, Listen: benchListen, Slots: workers * 8}
	first, err := r.start(ctx)
	if err != nil {
		return nil, err
	}
	until := func(done int) {
		for ids := 0; ids < done && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
			all, _ := reports.Dir(out).IDs()
			ids = len(all)
		}
	}
	until(n * 3 / 10)
	_ = crew[0].Process.Kill()
	_ = crew[1].Process.Signal(syscall.SIGSTOP)
	until(n * 6 / 10)
	_ = first.Process.Kill()
	_ = first.Wait()
	r.Slots = 1 // those that are left
	second, err := r.start(ctx)
	if err != nil {
		return nil, err
	}
	time.AfterFunc(40*time.Second, func() { _ = crew[1].Process.Signal(syscall.SIGCONT) })
	o, err := second.outcome()
	if err != nil {
		return nil, err
	}
	left, _ := reports.Dir(out).IDs()
	return []figure{{Name: "of 2,000 with a killed and a stopped worker and a killed class, right",
		Value: float64(o.right), Unit: "", Target: n, Least: true},
		{Name: "the same, reports", Value: float64(len(left)), Unit: "", Target: n}}, nil
}

// rowsOf grades so many that what is kept of each counts.
func (b *bench) rowsOf(ctx context.Context) ([]figure, error) {
	dir, err := b.small("rows", b.rows)
	if err != nil {
		return nil, err
	}
	c, err := role{Class: dir, Out: dir + "-reports", Slots: 8}.start(ctx)
	if err != nil {
		return nil, err
	}
	o, err := c.outcome()
	return []figure{{Name: fmt.Sprintf("memory of a class of %d", b.rows), Value: o.memory, Unit: "MB", Target: 300},
		{Name: "the same, each", Value: 1000 * o.seconds / float64(b.rows), Unit: "ms"}}, err
}
