package class

import (
	"fmt"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

// State is what became of one student.
type State string

// The states.
const (
	Graded  State = "graded"
	Error   State = "error"   // a fault of ours: no score
	Stale   State = "stale"   // graded before; it should be graded again, and that has not been done or failed
	Waiting State = "waiting" // the run was interrupted before it
	Missing State = "missing" // in the roster, and handed in nothing
)

// Row is what a class knows of one student: a summary of the instructor's report.
type Row struct {
	ID      string `json:"id,omitempty"`      // of the reports' files; empty when nothing was handed in
	Student string `json:"student,omitempty"` // the roster's id; empty when not in the roster
	Name    string `json:"name,omitempty"`
	Email   string `json:"email,omitempty"`
	File    string `json:"file,omitempty"` // what was handed in
	Late    bool   `json:"late,omitempty"`
	// Number is what the learning platform counts the student by, or a team; Platform says which
	// platform. Without a Number, as in an older file, it is ID.
	Number   string `json:"number,omitempty"`
	Platform string `json:"platform,omitempty"`
	// Matched is by what the student was recognised in the roster: "id", "name", and so on.
	Matched string `json:"matched_by,omitempty"`
	// Team is whose work it is, when several rows have the same.
	Team string `json:"team,omitempty"`
	// Second says that the student handed in more than one, and another counts: Counts is its ID.
	Second bool   `json:"second,omitempty"`
	Counts string `json:"counts,omitempty"`

	State    State           `json:"state"`
	Score    *float64        `json:"score,omitempty"` // of Graded and Stale
	MaxScore float64         `json:"max_score,omitempty"`
	Checks   []Verdict       `json:"checks,omitempty"`
	Skills   []SkillScore    `json:"skills,omitempty"`
	Problem  *result.Problem `json:"error,omitempty"` // why State is Error, or Stale
	// why nothing of what was handed in could be read: a verdict, to be asked for again
	Unread        string          `json:"unread,omitempty"`
	Digest        string          `json:"digest,omitempty"`
	ProgramDigest string          `json:"program_digest,omitempty"`
	Rubric        string          `json:"rubric_digest,omitempty"`
	Version       string          `json:"grader_version,omitempty"`
	Seed          string          `json:"seed,omitempty"`
	DurationMS    int64           `json:"duration_ms,omitempty"`
	Steps         int             `json:"build_steps,omitempty"`
	Cached        int             `json:"cached_steps,omitempty"`
	Machine       string          `json:"machine,omitempty"`        // that graded it, of several
	Opinion       *result.Opinion `json:"second_opinion,omitempty"` // of another machine, where it differs
	Attempts      int             `json:"attempts,omitempty"`       // more than one when a fault of ours went away
	Before        *Before         `json:"before,omitempty"`         // the verdict that this one replaced
	// why it is to be graded again, of Stale and Waiting
	Due string `json:"due,omitempty"`
	Now bool   `json:"-"` // graded in this run, not kept

	ArchiveDigest string    `json:"packed_digest,omitempty"` // of the archive as it lies there
	Report        *FileStat `json:"report,omitempty"`        // the instructor's JSON that this row was made of
}

// Verdict is what became of one check.
type Verdict struct {
	ID        string        `json:"id"`
	Status    result.Status `json:"status"`
	Points    float64       `json:"points"`
	Hint      string        `json:"hint,omitempty"`
	BlockedBy string        `json:"blocked_by,omitempty"`
	Unsteady  bool          `json:"unsteady,omitempty"` // the program answered otherwise when it was asked again
}

// SkillScore is how far a student came in one skill.
type SkillScore struct {
	ID        string  `json:"id"`
	Points    float64 `json:"points"`
	MaxPoints float64 `json:"max_points"`
	Mastered  bool    `json:"mastered"`
}

// FileStat tells a file that was not written since.
type FileStat struct {
	Bytes    int64 `json:"bytes"`
	Modified int64 `json:"modified"` // nanoseconds
}

// Before is an earlier verdict on the same student, and what is different now.
type Before struct {
	Why     string          `json:"why"` // it was graded again
	Score   *float64        `json:"score,omitempty"`
	Changes []result.Change `json:"changes,omitempty"`
}

// share keeps each text once that many rows have.
func (row *Row) share(texts *Interner) {
	for _, text := range []*string{&row.Rubric, &row.Version, &row.Machine, &row.Platform, &row.Matched, &row.Due} {
		*text = texts.Keep(*text)
	}
	row.Checks, row.Skills = slices.Clone(row.Checks), slices.Clone(row.Skills) // without room for more
	for i := range row.Checks {
		v := &row.Checks[i]
		v.ID, v.Status = texts.Keep(v.ID), result.Status(texts.Keep(string(v.Status)))
		v.Hint, v.BlockedBy = texts.Keep(v.Hint), texts.Keep(v.BlockedBy)
	}
	for i := range row.Skills {
		row.Skills[i].ID = texts.Keep(row.Skills[i].ID)
	}
}

const hintLength = 240

// RowOf sums a report up. Texts that many reports share are kept once.
func RowOf(r result.Report, texts *Interner) Row {
	row := Row{ID: strings.Clone(r.Submission.ID), Name: strings.Clone(r.Submission.Name),
		Email: strings.Clone(r.Submission.Email), State: Graded,
		Score: r.Score, MaxScore: r.MaxScore, Digest: r.Submission.Digest, ProgramDigest: r.Submission.ProgramDigest,
		Rubric: texts.Keep(r.Rubric.Digest), Version: texts.Keep(r.Grader.Version), Seed: r.Seed,
		DurationMS: r.DurationMS, Machine: texts.Keep(r.Machine), Opinion: r.Opinion}
	if r.Status == result.Error || r.Score == nil {
		row.State, row.Score, row.Problem = Error, nil, &result.Problem{Phase: "check",
			Message: "the report says no reason"}
	}
	if p := r.Problem; p != nil && row.State == Error {
		row.Problem = &result.Problem{Phase: texts.Keep(p.Phase),
			Message: texts.Keep(plain.Line(p.Message, 2*hintLength)), Hint: texts.Keep(plain.Line(p.Hint, hintLength))}
	}
	if row.State == Graded && row.Digest == EmptyDigest {
		row.Unread = "there is nothing in it"
		if i := slices.IndexFunc(r.Checks, func(c result.Check) bool {
			return c.Status == result.Fail && c.Got != ""
		}); i >= 0 {
			row.Unread = plain.Line(r.Checks[i].Got, hintLength)
		}
	}
	row.Checks = make([]Verdict, 0, len(r.Checks))
	for _, c := range r.Checks {
		row.Checks = append(row.Checks, Verdict{ID: texts.Keep(c.ID),
			Status: result.Status(texts.Keep(string(c.Status))), Points: c.Points,
			Hint: texts.Keep(plain.Line(c.Hint, hintLength)), BlockedBy: texts.Keep(c.BlockedBy),
			Unsteady: c.Unsteady})
	}
	for _, s := range r.Skills {
		row.Skills = append(row.Skills, SkillScore{ID: texts.Keep(s.ID), Points: s.Points, MaxPoints: s.MaxPoints,
			Mastered: s.Mastered})
	}
	if r.Build != nil {
		row.Steps = len(r.Build.Steps)
		for _, s := range r.Build.Steps {
			if s.Cached {
				row.Cached++
			}
		}
	}
	return row
}

// Unsteady returns the checks that held when they were asked again, and lost points all the same.
func (r Row) Unsteady() (ids []string) {
	for _, v := range r.Checks {
		if v.Unsteady {
			ids = append(ids, v.ID)
		}
	}
	return ids
}

// Line returns what became of the student on one line.
func (r Row) Line() string {
	switch {
	case r.Problem != nil:
		return fmt.Sprintf("%s: %s: %s", r.StateWord(), r.Problem.Phase, plain.Line(r.Problem.Message, hintLength))
	case r.Score != nil:
		return fmt.Sprintf("%s of %s", plain.Points(*r.Score), plain.Points(r.MaxScore))
	}
	return r.StateWord()
}

// StateWord returns a row's state for people.
func (r Row) StateWord() string {
	return map[State]string{Graded: "graded", Error: "grader error", Stale: "earlier grade", Waiting: "waiting",
		Missing: "nothing handed in"}[r.State]
}

// Who returns the name of a row, or what stands for it.
func (r Row) Who() string {
	for _, s := range []string{r.Name, r.Student, r.ID} {
		if s != "" {
			return s
		}
	}
	return r.File
}
