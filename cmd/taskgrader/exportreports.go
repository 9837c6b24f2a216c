package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/export"
	"github.com/taskgrader/taskgrader/grader/report"
	"github.com/taskgrader/taskgrader/grader/result"
)

// readReports reads a folder of reports. Where class.json is, it says who is in the class and whose score counts.
func readReports(dir string) (export.Class, []export.Note, error) {
	ids, err := reportIDs(dir)
	if err != nil {
		return export.Class{}, nil, err
	}
	f, err := os.Open(filepath.Join(dir, "class.json"))
	if errors.Is(err, fs.ErrNotExist) {
		c, err := gradedAlone(dir, ids)
		return c, nil, err
	}
	if err != nil {
		return export.Class{}, nil, fmt.Errorf("reading the reports: %w", err)
	}
	defer f.Close()
	graded, err := class.Read(f)
	if err != nil {
		return export.Class{}, nil, usageError{fmt.Sprintf("%s: %v", f.Name(), err), "Take the file away and run class again, which makes it anew."}
	}
	c := export.Of(*graded)
	var notes []export.Note
	known := map[string]bool{}
	for i := range c.Students {
		s := &c.Students[i]
		known[s.Submission] = true
		if s.Report == nil {
			continue
		}
		score := s.Report.Score
		r, err := readReport(dir, s.Submission)
		if s.State == class.Error && (errors.Is(err, fs.ErrNotExist) || err == nil && r.Rubric.Digest != c.Rubric.Digest) { // it could not be written
			continue
		}
		if err != nil {
			return c, nil, err
		}
		s.Report = r
		if now := r.Score; score != nil && now != nil && *now != *score {
			notes = append(notes, export.Note{Who: s.ID, What: fmt.Sprintf("graded alone since the class was: %v, not %v", *now, *score)})
		}
	}
	for _, id := range ids {
		if !known[id] {
			notes = append(notes, export.Note{Who: id, What: "left out: there is a report, but the class was graded without it"})
		}
	}
	return c, notes, nil
}

// describe says of a class that grade left what it was graded by, and refuses what does not go together.
func describe(c *export.Class) error {
	var first string
	for _, s := range c.Students {
		if _, ok := s.Score(); !ok {
			continue
		}
		r := s.Report
		if c.Rubric.Digest == "" {
			first, c.Rubric, c.MaxScore = s.ID, r.Rubric, r.MaxScore
			for _, k := range r.Checks {
				c.Checks = append(c.Checks, k.ID)
			}
		}
		if r.Rubric.Digest != c.Rubric.Digest || r.MaxScore != c.MaxScore {
			return usageError{fmt.Sprintf("the reports of %q and %q are not of the same rubric and checks", cmp.Or(first, "the class"), s.ID),
				"Export one student with --student, or grade all alike, with class."}
		}
	}
	return nil
}

// gradedAlone is what grade left: each report is a student's.
func gradedAlone(dir string, ids []string) (export.Class, error) {
	var c export.Class
	if len(ids) == 0 {
		return c, usageError{fmt.Sprintf("the folder %q holds no reports", dir), `Name the folder that grade or class wrote to: "reports" unless --out named another.`}
	}
	for _, id := range ids {
		r, err := readReport(dir, id)
		if err != nil {
			return c, err
		}
		s := export.Student{ID: id, Submission: id, Name: r.Submission.Name, Email: r.Submission.Email, State: class.Graded, Report: r}
		if r.Score == nil {
			s.State = class.Error
			if p := r.Problem; p != nil {
				s.Note = p.Phase + ": " + p.Message
			}
		}
		c.Students = append(c.Students, s)
	}
	return c, nil
}

// reportIDs are the ids of the submissions that have a report, in their order.
func reportIDs(dir string) ([]string, error) {
	children, err := os.ReadDir(filepath.Join(dir, "instructor"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the reports: %w", err)
	}
	var ids []string
	for _, child := range children {
		if id, ok := strings.CutSuffix(child.Name(), ".json"); ok && !strings.HasPrefix(id, ".") {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// readReport reads one instructor's report, without what no format has room for.
func readReport(dir, id string) (*result.Report, error) {
	f, err := os.Open(filepath.Join(dir, "instructor", id+".json"))
	if err != nil {
		return nil, unreadable{err}
	}
	defer f.Close()
	r, err := report.Read(f)
	if err != nil {
		return nil, unreadable{fmt.Errorf("%s: %w", f.Name(), err)}
	}
	r.Source, r.Image, r.Build, r.Run = nil, nil, nil, nil
	return &r, nil
}

// unreadable is a report that is not there any more, or is none.
type unreadable struct{ error }

func (e unreadable) Unwrap() error { return e.error }

// Hint is the fix.
func (e unreadable) Hint() string {
	return "Run the command that wrote the reports again: what cannot be read is graded anew."
}
