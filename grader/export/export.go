// Package export writes finished reports in the formats of other programs: gradebooks, autograders,
// CI.
//
// [All] lists the formats. One for a single student has One, one for a whole class has All; both
// write to an io.Writer and know nothing but reports. Whatever the format, three things hold: the
// points are the report's, to the hundredth; what a student may read is made from
// [result.Report.For], so that a hidden check stays hidden; and a student whom we could not grade
// is never written with a 0, nor with an empty cell over an earlier grade.
package export

import (
	"fmt"
	"io"
	"math"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/person"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

// Format is one outside format.
type Format struct {
	Name    string // as it is typed
	Summary string // one line
	Manual  string // what goes where, and what to do with it
	Example string // arguments after "taskgrader export"
	Ending  string // of a file in this format, with its dot
	Takes   []string

	// One writes one student. It gives a [NoScoreError] when there is no score and the format has
	// no word for that.
	One func(io.Writer, Student, Options) error
	// All writes a class, and says who was left out, or is in it with a reservation.
	All func(io.Writer, Class, Options) ([]Note, error)
}

// The options that a format may heed.
const (
	TakesAssignment = "assignment"
	TakesGradebook  = "gradebook"
	TakesIDColumn   = "id-column"
	TakesWorksheet  = "worksheet"
	TakesHeader     = "header"
	TakesFeedback   = "feedback"
)

// Options are what a caller may choose. A format heeds those that it takes.
type Options struct {
	Assignment string              // what the other program calls it; empty is the rubric's title
	Sheet      *Sheet              // Canvas's gradebook or Moodle's worksheet, as downloaded; may be nil
	Headers    map[string]string   // what Moodle's columns are called there, by their English names
	IDColumn   string              // which of Canvas's columns holds our ids; empty is SIS Login ID
	Feedback   bool                // fill Moodle's feedback column, too
	Env        func(string) string // the environment; nil is an empty one
	Filled     func(Filled)        // told of each row that gets a score, of a format for a class; may be nil
}

// Filled is a row and whose score it gets.
type Filled struct {
	Row     string // as the file has it, for people
	Student Student
	By      string // what tells that it is the student's
}

func (o Options) fill(row string, s Student, by string) {
	if o.Filled != nil {
		o.Filled(Filled{row, s, by})
	}
}

// Sheet is a file that the other program gave.
type Sheet struct {
	Name string // for errors
	Text []byte
}

// Class is what a class's formats are made from.
type Class struct {
	Rubric   result.Rubric
	MaxScore float64  // without bonus
	Checks   []string // ids, in the rubric's order
	Students []Student
}

// Student is one submission, or a student of the roster without one.
type Student struct {
	ID         string // the roster's, or the submission's
	Submission string // its id; empty when nothing was handed in
	Name       string
	Email      string
	File       string    // what was handed in
	Account    person.ID // what the learning platform counts the student, or the team, by
	Team       string
	Matched    string // by what the student was recognised in the roster; empty when not in it
	State      class.State
	Note       string // why there is no score, or why it is an earlier one
	Late       bool
	Second     bool           // another submission of a student who has one that counts
	Report     *result.Report // the instructor's; may be nil
}

// Score returns the points, and whether there are any.
func (s Student) Score() (float64, bool) {
	if s.State != class.Graded && s.State != class.Stale || s.Report == nil || s.Report.Score == nil {
		return 0, false
	}
	return *s.Report.Score, true
}

// Ours reports whether the student has no score for a reason of ours.
func (s Student) Ours() bool {
	_, scored := s.Score()
	return !scored && s.State != class.Missing && s.State != class.Waiting
}

// Note is what the person who exports must know.
type Note struct {
	Who  string // the student's id; empty when it is about all
	What string
	Ours bool // somebody has no score for a reason of ours
	Left bool // a score is in no row, since nothing tells for sure whose row is theirs
}

func (n Note) String() string {
	if n.Who == "" {
		return n.What
	}
	return plain.Line(n.Who, 60) + ": " + plain.Line(n.What, 300)
}

// NoScoreError reports that a student has no score to write.
type NoScoreError struct{ Student Student }

func (e *NoScoreError) Error() string { return why(e.Student) }

// OptionError is an option that does not fit what is to be written.
type OptionError struct{ Text, Fix string }

func (e *OptionError) Error() string { return e.Text }

// Hint returns the fix; it may be empty.
func (e *OptionError) Hint() string { return e.Fix }

// All returns the formats, those for a class first.
func All() []Format {
	return []Format{canvas(), moodle(), nbgrader(), csvFormat(), junit(), gradescope(), classroom(), classroom50(),
		prairielearn()}
}

// NoteOf returns what must be said of a student whatever the format; nil is nothing.
func NoteOf(s Student) *Note {
	_, scored := s.Score()
	switch {
	case !scored:
		return &Note{Who: s.ID, What: "no score: " + why(s), Ours: s.Ours()}
	case s.State == class.Stale:
		return &Note{Who: s.ID, What: "an earlier score: " + s.Note}
	}
	return nil
}

// SecondOf returns what must be said of a submission of which another of the same student counts;
// nil is nothing.
func SecondOf(s Student) *Note {
	if _, scored := s.Score(); !scored || !s.Second {
		return nil
	}
	return &Note{Who: s.Submission, What: "left out: another submission of " + who(s) + " counts"}
}

// grades calls do with each student whose score belongs into a gradebook, and says of the others
// why theirs does not.
func grades(c Class, do func(Student, float64)) []Note {
	var notes []Note
	for _, s := range c.Students {
		score, scored := s.Score()
		if n := SecondOf(s); n != nil {
			notes = append(notes, *n)
			continue
		}
		if n := NoteOf(s); n != nil {
			notes = append(notes, *n)
		}
		if scored {
			do(s, score)
		}
	}
	return notes
}

// why a student has no score.
func why(s Student) string {
	switch {
	case s.State == class.Missing:
		return "handed in nothing"
	case s.State == class.Waiting && s.Note != "":
		return "not graded: " + s.Note
	case s.State == class.Waiting:
		return "not graded"
	case s.Note != "":
		return "the grader failed: " + s.Note
	}
	return "the grader failed"
}

// hundredths returns points as a whole number, which sums and compares exactly.
func hundredths(points float64) int { return int(math.Round(points * 100)) }

// fixed returns points with two decimals, as gradebooks compare them.
func fixed(points float64) string { return fmt.Sprintf("%.2f", points) }

// title returns what the assignment is called.
func title(c Class, o Options) string {
	for _, s := range []string{o.Assignment, c.Rubric.Title, c.Rubric.ID} {
		if s = plain.Line(s, 255); s != "" {
			return s
		}
	}
	return "taskgrader"
}
