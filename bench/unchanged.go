//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/reports"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
	"github.com/taskgrader/taskgrader/rubrics"
)

// unchanged grades a class of 1,000 again in which nothing changed. The first time, which is not
// measured, each student gets a copy of one real report, since a thousand builds would take an
// hour; the second time is the real command.
func (b *bench) unchanged(ctx context.Context) ([]figure, error) {
	const n = 1000
	folder, out := filepath.Join(b.work, "thousand"), filepath.Join(b.work, "thousand-reports")
	for i := range n {
		student := filepath.Join(folder, fmt.Sprintf("student-%04d", i))
		if err := os.CopyFS(student, os.DirFS(lesson)); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(student, "notes.txt"), fmt.Append(nil, "student ", i), 0o644); err != nil {
			return nil, err
		}
	}
	one, err := b.oneReport(ctx)
	if err != nil {
		return nil, err
	}
	r, err := rubric.Load("task-api", rubrics.FS, kinds.All())
	if err != nil {
		return nil, err
	}
	entries, _, err := submission.List(folder)
	if err != nil {
		return nil, err
	}
	copied := func(_ context.Context, t batch.Task, _ func(string)) result.Report {
		rep := one
		rep.Seed = t.Seed
		sub, err := t.Entry.Open()
		if err != nil {
			return result.Report{Status: result.Error, Problem: &result.Problem{Phase: "open", Message: err.Error()}}
		}
		defer sub.Close()
		rep.Submission = result.Submission{ID: sub.ID, Digest: sub.Digest, ProgramDigest: sub.ProgramDigest}
		return rep
	}
	if _, err := batch.RunFunc(ctx, copied, r, entries, batch.Options{Out: reports.Dir(out),
		Version: one.Grader.Version}); err != nil {
		return nil, err
	}
	var took, memory []float64
	for range 5 {
		run, err := b.taskgrader(ctx, "class", folder, "--quiet", "--out", out)
		if err != nil {
			return nil, err
		}
		took, memory = append(took, run.took.Seconds()), append(memory, run.memory)
	}
	after, err := reports.Dir(out).Class()
	if err != nil {
		return nil, err
	}
	if after.Graded != 0 || len(after.Students) != n {
		return nil, fmt.Errorf("%d of %d students were graded again, and none should have been", after.Graded,
			len(after.Students))
	}
	return []figure{
		{Name: "class of 1,000 again, nothing changed", Value: median(took), Unit: "s", Target: 2},
		{Name: "memory of the grader", Value: median(memory), Unit: "MB"},
	}, nil
}

// oneReport returns a real report, of the grader that is measured.
func (b *bench) oneReport(ctx context.Context) (result.Report, error) {
	cmd := exec.CommandContext(ctx, b.grader, "grade", lesson, "--quiet", "--out", filepath.Join(b.work, "one"))
	if text, err := cmd.CombinedOutput(); err != nil {
		return result.Report{}, fmt.Errorf("%v: %w\n%s", cmd.Args, err, text)
	}
	return reports.Dir(filepath.Join(b.work, "one")).Read(result.Instructor, "lesson")
}
