package reports

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/export"
	"github.com/taskgrader/taskgrader/grader/result"
)

// ExportError reports why the folder cannot be exported.
type ExportError struct {
	Err error
	Fix string
}

func (e *ExportError) Error() string { return e.Err.Error() }

func (e *ExportError) Unwrap() error { return e.Err }

// Hint returns the fix.
func (e *ExportError) Hint() string { return e.Fix }

// Export returns what lies in the folder as the outside formats take it, with what the person who
// exports must know. Where there is a class, it says who is in it and whose score counts. The error
// is an [ExportError].
func (d Dir) Export() (export.Class, []export.Note, error) {
	ids, err := d.IDs()
	if err != nil {
		return export.Class{}, nil, err
	}
	graded, err := d.Class()
	if errors.Is(err, fs.ErrNotExist) {
		c, err := d.gradedAlone(ids)
		return c, nil, err
	}
	if err != nil {
		return export.Class{}, nil, &ExportError{err, "take the file away and run class again, which makes it anew"}
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
		r, err := d.bare(s.Submission)
		gone := errors.Is(err, fs.ErrNotExist) || err == nil && r.Rubric.Digest != c.Rubric.Digest
		if s.State == class.Error && gone { // it could not be written
			continue
		}
		if err != nil {
			return c, nil, err
		}
		s.Report = r
		if now := r.Score; score != nil && now != nil && *now != *score {
			notes = append(notes, export.Note{Who: s.ID,
				What: fmt.Sprintf("graded alone since the class was: %v, not %v", *now, *score)})
		}
	}
	for _, id := range ids {
		if !known[id] {
			notes = append(notes, export.Note{Who: id,
				What: "left out: there is a report, but the class was graded without it"})
		}
	}
	return c, notes, nil
}

// gradedAlone returns what grade left: each report is a student's.
func (d Dir) gradedAlone(ids []string) (export.Class, error) {
	var c export.Class
	if len(ids) == 0 {
		return c, &ExportError{fmt.Errorf("the folder %q holds no reports", string(d)),
			`name the folder that grade or class wrote to: "reports" unless --out named another`}
	}
	for _, id := range ids {
		r, err := d.bare(id)
		if err != nil {
			return c, err
		}
		s := export.Student{ID: id, Submission: id, Name: r.Submission.Name, Email: r.Submission.Email,
			State: class.Graded, Report: r}
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

// bare returns an instructor's report without what no format has room for.
func (d Dir) bare(id string) (*result.Report, error) {
	r, err := d.Read(result.Instructor, id)
	if err != nil {
		return nil,
			&ExportError{err, "run the command that wrote the reports again: what cannot be read is graded anew"}
	}
	r.Source, r.Image, r.Build, r.Run = nil, nil, nil, nil
	return &r, nil
}
