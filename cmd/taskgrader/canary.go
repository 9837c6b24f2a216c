package main

import (
	"context"
	"crypto/rand"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/fleet"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
	"github.com/taskgrader/taskgrader/rubrics"
)

// canaryFiles are graded where a rubric has no samples of its own.
//
//go:embed canary
var canaryFiles embed.FS

// canaryBase is the base image of the sample in canaryFiles.
const canaryBase = "python:3.12-slim"

// mostSamples is how many samples a machine grades before it takes anything: more would take longer
// than they tell.
const mostSamples = 5

// samplesOf returns the samples that lie beside a rubric, or those that a file of expectations
// names; none where the rubric has none.
func samplesOf(r *rubric.Rubric, file, given string) (folder string, samples []rubric.ExpectedSubmission, err error) {
	name := given
	if given == "" {
		name = filepath.Join(filepath.Dir(file), "expected.yaml")
		if _, err := os.Stat(name); r.BuiltIn || err != nil {
			return "", nil, nil
		}
	}
	expected, err := rubric.LoadExpected(name)
	if err != nil {
		return "", nil, err
	}
	folder = filepath.Dir(name)
	its, err := rubric.Load(expected.RubricIn(folder), rubrics.FS, kinds.All())
	if err != nil || its.Digest != r.Digest {
		if given == "" {
			return "", nil, nil // it is about another rubric
		}
		return "", nil, usageError{fmt.Sprintf("%s is about another rubric: %s", name, expected.Rubric),
			"name the samples of the rubric that the class is graded by"}
	}
	if problems := expected.Check(r, os.DirFS(folder)); len(problems) > 0 {
		return "", nil, problems
	}
	return folder, spread(expected.Submissions, mostSamples), nil
}

// spread returns no more than some, the first among them.
func spread[T any](all []T, most int) []T {
	if len(all) <= most {
		return all
	}
	var out []T
	for i := range most {
		out = append(out, all[i*len(all)/most])
	}
	return out
}

// canary grades what is known, on a machine that is to grade a class.
type canary struct {
	grade   batch.Grade
	samples []sample
	slots   int
	close   func()
}

// sample is a submission of which it is known what it must come to.
type sample struct {
	id       string
	path     string
	expected rubric.ExpectedSubmission
}

// unpackSamples fetches the class's samples.
func unpackSamples(ctx context.Context, m fleet.Manifest,
	fetch fleet.Fetch) (samples []sample, remove func(), err error) {
	var removes []func()
	remove = func() {
		for _, r := range removes {
			r()
		}
	}
	one := func(s fleet.Sample) error {
		file, done, err := fetch(ctx, s.Blob)
		if err != nil {
			return err
		}
		defer done()
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		path, gone, err := submission.Unpack(f)
		if err != nil {
			return err
		}
		removes = append(removes, func() { _ = gone() })
		samples = append(samples, sample{s.ID, path, s.Expected})
		return nil
	}
	for _, s := range m.Samples {
		if err := one(s); err != nil {
			remove()
			return nil, nil, fmt.Errorf("getting the sample %s: %w", s.ID, err)
		}
	}
	return samples, remove, nil
}

// ownSample lays out the sample that the program has, for a class that has none.
func ownSample(m fleet.Manifest, options batch.Options,
	local func(*rubric.Rubric, batch.Options) batch.Grade) (*canary, error) {
	text, err := canaryFiles.ReadFile("canary/rubric.yaml")
	if err != nil {
		return nil, err
	}
	r, err := rubric.Parse("canary.yaml", text, kinds.All())
	if err != nil {
		return nil, err
	}
	folder, remove, err := submission.Temporary()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "sample")
	c := &canary{close: remove, samples: []sample{{"its own", path,
		rubric.ExpectedSubmission{Fails: []string{"absent"}}}}}
	files, err := fs.Sub(canaryFiles, "canary/sample")
	if err == nil {
		err = os.CopyFS(path, files)
	}
	base := ""
	if _, ok := m.Bases[canaryBase]; !ok { // without Python nothing answers
		options.Only = []string{"builds", "absent"}
		for ref := range m.Bases {
			if base == "" || ref < base {
				base = ref
			}
		}
	} else {
		options.Only = nil
	}
	if err == nil && base != "" {
		err = os.WriteFile(filepath.Join(path, "Dockerfile"), []byte("FROM "+base+"\nCOPY mark /\n"), 0o644)
	}
	if err != nil {
		remove()
		return nil, fmt.Errorf("laying out a sample: %w", err)
	}
	grade := local(r, options)
	c.grade = func(ctx context.Context, t batch.Task, progress func(string)) result.Report {
		// with something new in it, so that something is built
		if err := os.WriteFile(filepath.Join(path, "mark"), []byte(rand.Text()), 0o644); err != nil {
			return batch.Failed(r, t, options.Version, "canary", err)
		}
		return grade(ctx, t, progress)
	}
	return c, nil
}

// ask grades the samples. The error is why the machine may take nothing.
func (c *canary) ask(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(max(1, c.slots))
	for _, s := range c.samples {
		group.Go(func() error {
			rep := c.grade(ctx, batch.Task{Entry: submission.Entry{ID: "canary", Path: s.path}}, func(string) {})
			switch differences := s.expected.Diff(rep); {
			case ctx.Err() != nil:
				return ctx.Err()
			case rep.Score == nil:
				return fmt.Errorf("the sample %s cannot be graded here: %s", s.id, differences[0])
			case len(differences) > 0:
				return fmt.Errorf("the sample %s comes out otherwise here: %s", s.id, strings.Join(differences, "; "))
			}
			return nil
		})
	}
	return group.Wait()
}

// packSamples has the hub keep the samples of a class.
func packSamples(hub *fleet.Hub, folder string, samples []rubric.ExpectedSubmission) (out []fleet.Sample, err error) {
	for _, s := range samples {
		blob, err := hub.KeepBlob(func(w io.Writer) error { return submission.Pack(w, filepath.Join(folder, s.ID)) })
		if err != nil {
			return nil, fmt.Errorf("packing the sample %s: %w", s.ID, err)
		}
		out = append(out, fleet.Sample{ID: s.ID, Blob: blob, Expected: s})
	}
	return out, nil
}
