package batch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// Why a submission is graded (again).
const (
	dueNew        = "it was not graded yet"
	dueFresh      = "all are graded again"
	dueError      = "the grader failed last time"
	dueSubmission = "the submission changed"
	dueRubric     = "the rubric changed"
	dueGrader     = "the grader changed"
	dueSeed       = "the seed changed"
	dueChecks     = "other checks are asked"
)

// todo is one submission that is to be graded.
type todo struct {
	index int        // of the entry
	why   string     // one of the above
	was   *class.Row // the verdict it has, or nil
}

// plan fills the rows with what is on disk and says what is to be graded.
func (r *run) plan(ctx context.Context, before *class.Class) ([]todo, error) {
	prior := map[string]*class.Row{}
	if before != nil {
		for _, row := range before.Students {
			if row.Team != "" { // as its report has it
				row.Name, row.Email = row.Team, ""
			}
			prior[row.ID] = &row
		}
	}
	due := make([]*todo, len(r.entries))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * runtime.GOMAXPROCS(0))
	for i, e := range r.entries {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			var err error
			due[i], err = r.inspect(i, prior[e.ID])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var out []todo
	for i, t := range due {
		if t != nil {
			out = append(out, *t)
		} else {
			r.say(Event{Worker: -1, ID: r.entries[i].ID, Row: &r.rows[i]})
		}
	}
	return out, nil
}

// inspect fills the row of one entry, and says what is to be done about it; nil is nothing.
func (r *run) inspect(i int, prior *class.Row) (*todo, error) {
	e := r.entries[i]
	row, err := r.known(e, prior)
	if err != nil {
		return nil, err
	}
	if row == nil {
		row = &class.Row{ID: e.ID, State: class.Waiting, Due: dueNew}
		r.place(i, *row)
		return &todo{index: i, why: dueNew}, nil
	}
	why := r.due(e, row)
	if why == "" {
		if row, err = r.refresh(i, row); err != nil {
			return nil, err
		}
		r.place(i, *row)
		return nil, nil
	}
	was := *row
	switch {
	case why == dueRubric, why == dueChecks, why == dueSubmission: // the points are not of this
		row = &class.Row{ID: e.ID, State: class.Waiting}
	case row.State == class.Error:
	default:
		row.State = class.Stale
	}
	row.Due = why
	r.place(i, *row)
	return &todo{index: i, why: why, was: &was}, nil
}

// place puts a row in its place, with what the submission says of itself.
func (r *run) place(i int, row class.Row) {
	e := r.entries[i]
	row.File, row.Late, row.Student, row.Matched, row.Team, row.Second, row.Counts = e.File, e.Late, "", "", "", false,
		""
	row.Platform, row.Number = string(e.Account.Scope), e.Account.Value
	row.Name, row.Email = r.person(i)
	r.rows[i] = row
}

// known returns the row of what is on disk, or nil. The report is the truth, and class.json spares
// reading it.
func (r *run) known(e submission.Entry, prior *class.Row) (*class.Row, error) {
	// it could not be written, and what is there is older
	if prior != nil && prior.Report == nil && prior.State == class.Error {
		row := *prior
		return &row, nil
	}
	stamp, err := r.options.Out.Stat(e.ID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking at an earlier report: %w", err)
	}
	if prior != nil && prior.Report != nil && *prior.Report == stamp {
		row := *prior
		return &row, nil
	}
	rep, err := r.options.Out.Read(result.Instructor, e.ID)
	if err != nil {
		return nil, nil // it is no report, so there is none
	}
	replaced := prior != nil && prior.Due == dueRubric // by a run that was interrupted
	if rep.Rubric.ID != r.rubric.ID && !r.options.Fresh && !replaced {
		return nil, r.mixed(rep.Rubric.ID)
	}
	row := class.RowOf(rep, &r.texts)
	row.Report = &stamp
	// a run was killed after this was graded again
	if prior != nil && prior.State == class.Stale && row.State == class.Graded {
		row.Before = class.Compare(*prior, row, prior.Due)
	}
	return &row, nil
}

// due returns why a submission with a verdict is to be graded again, or empty.
func (r *run) due(e submission.Entry, row *class.Row) string {
	switch {
	case row.Rubric != r.rubric.Digest:
		return dueRubric
	case row.State == class.Error:
		return dueError
	case len(row.Checks) != r.asked:
		return dueChecks
	case r.options.Fresh:
		return dueFresh
	case row.Version != r.options.Version:
		return dueGrader
	case row.Seed != StudentSeed(r.seed, e.ID):
		return dueSeed
	case changed(e, row):
		return dueSubmission
	case row.State == class.Stale:
		return row.Due
	}
	return ""
}

// changed reports whether a submission is another than the one its row is of.
func changed(e submission.Entry, row *class.Row) bool {
	packed, err := e.ArchiveDigest()
	if err != nil {
		return true // grading it will say what is wrong
	}
	if packed != "" && packed == row.ArchiveDigest {
		return false
	}
	sub, err := e.Open()
	if err != nil {
		return true
	}
	defer sub.Close()
	if sub.Digest != row.Digest || sub.Refused != nil { // all that is refused has the same digest
		return true
	}
	row.ArchiveDigest = packed
	return false
}

// refresh makes the files of a kept report again when one is gone, or the student's name is
// another.
func (r *run) refresh(i int, row *class.Row) (*class.Row, error) {
	name, email := r.person(i)
	if row.Name == name && row.Email == email && r.options.Out.Whole(row.ID) {
		return row, nil
	}
	rep, err := r.options.Out.Read(result.Instructor, row.ID)
	if err != nil {
		return nil, err
	}
	rep.Submission.Name, rep.Submission.Email = name, email
	if err := r.options.Out.Write(rep); err != nil {
		return nil, err
	}
	stamp, err := r.options.Out.Stat(row.ID)
	row.Report = &stamp
	return row, err
}
