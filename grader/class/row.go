package class

import (
	"fmt"
	"slices"
	"strings"
	"sync"

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
	// Second says that the student handed in more than one; the one without it counts.
	Second bool `json:"second,omitempty"`

	State         State      `json:"state"`
	Score         *float64   `json:"score,omitempty"` // of Graded and Stale
	MaxScore      float64    `json:"max_score,omitempty"`
	Checks        []Verdict  `json:"checks,omitempty"`
	Skills        []Mastered `json:"skills,omitempty"`
	Problem       *Problem   `json:"error,omitempty"`  // why State is Error, or Stale
	Unread        string     `json:"unread,omitempty"` // why nothing of what was handed in could be read: a verdict, to be asked for again
	Digest        string     `json:"digest,omitempty"`
	ProgramDigest string     `json:"program_digest,omitempty"`
	Rubric        string     `json:"rubric_digest,omitempty"`
	Version       string     `json:"grader_version,omitempty"`
	Seed          string     `json:"seed,omitempty"`
	DurationMS    int64      `json:"duration_ms,omitempty"`
	Steps         int        `json:"build_steps,omitempty"`
	Cached        int        `json:"cached_steps,omitempty"`
	Attempts      int        `json:"attempts,omitempty"` // more than one when a fault of ours went away
	Before        *Before    `json:"before,omitempty"`   // the verdict that this one replaced
	Due           string     `json:"due,omitempty"`      // why it is to be graded again, of Stale and Waiting
	Now           bool       `json:"-"`                  // graded in this run, not kept

	Packed string `json:"packed_digest,omitempty"` // of the archive as it lies there
	Report *Stamp `json:"report,omitempty"`        // the instructor's JSON that this row was made of
}

// Verdict is what became of one check.
type Verdict struct {
	ID        string        `json:"id"`
	Status    result.Status `json:"status"`
	Points    float64       `json:"points"`
	Hint      string        `json:"hint,omitempty"`
	BlockedBy string        `json:"blocked_by,omitempty"`
}

// Mastered is how far a student came in one skill.
type Mastered struct {
	ID        string  `json:"id"`
	Points    float64 `json:"points"`
	MaxPoints float64 `json:"max_points"`
	Mastered  bool    `json:"mastered"`
}

// Problem is a fault of ours.
type Problem struct {
	Phase   string `json:"phase"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Stamp tells a file that was not written since.
type Stamp struct {
	Bytes    int64 `json:"bytes"`
	Modified int64 `json:"modified"` // nanoseconds
}

// Before is an earlier verdict on the same student, and what is different now.
type Before struct {
	Why     string   `json:"why"` // it was graded again
	Score   *float64 `json:"score,omitempty"`
	Changes []Change `json:"changes,omitempty"`
}

// Change is a check whose verdict is another than before.
type Change = result.Change

const hintLength = 240

// rowOf sums a report up. Texts that many reports share are kept once.
func rowOf(r result.Report, texts *intern) Row {
	row := Row{ID: strings.Clone(r.Submission.ID), Name: strings.Clone(r.Submission.Name), Email: strings.Clone(r.Submission.Email), State: Graded,
		Score: r.Score, MaxScore: r.MaxScore, Digest: r.Submission.Digest, ProgramDigest: r.Submission.ProgramDigest,
		Rubric: texts.keep(r.Rubric.Digest), Version: texts.keep(r.Grader.Version), Seed: r.Seed, DurationMS: r.DurationMS}
	if r.Status == result.Error || r.Score == nil {
		row.State, row.Score, row.Problem = Error, nil, &Problem{Phase: "check", Message: "the report says no reason"}
	}
	if p := r.Problem; p != nil && row.State == Error {
		row.Problem = &Problem{Phase: texts.keep(p.Phase), Message: texts.keep(oneLine(p.Message, 2*hintLength)), Hint: texts.keep(oneLine(p.Hint, hintLength))}
	}
	if row.State == Graded && row.Digest == empty {
		row.Unread = "there is nothing in it"
		if i := slices.IndexFunc(r.Checks, func(c result.Check) bool { return c.Status == result.Fail && c.Got != "" }); i >= 0 {
			row.Unread = oneLine(r.Checks[i].Got, hintLength)
		}
	}
	row.Checks = make([]Verdict, 0, len(r.Checks))
	for _, c := range r.Checks {
		row.Checks = append(row.Checks, Verdict{ID: texts.keep(c.ID), Status: result.Status(texts.keep(string(c.Status))), Points: c.Points,
			Hint: texts.keep(oneLine(c.Hint, hintLength)), BlockedBy: texts.keep(c.BlockedBy)})
	}
	for _, s := range r.Skills {
		row.Skills = append(row.Skills, Mastered{ID: texts.keep(s.ID), Points: s.Points, MaxPoints: s.MaxPoints, Mastered: s.Mastered})
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

// compare is what was, and what is different now.
func compare(was, now Row, why string) *Before {
	b := &Before{Why: why, Score: was.Score}
	find := func(in []Verdict, id string) *Verdict {
		for i := range in {
			if in[i].ID == id {
				return &in[i]
			}
		}
		return nil
	}
	for _, n := range now.Checks {
		switch w := find(was.Checks, n.ID); {
		case w == nil:
			b.Changes = append(b.Changes, Change{ID: n.ID, Now: n.Status, After: n.Points})
		case w.Status != n.Status || w.Points != n.Points:
			b.Changes = append(b.Changes, Change{ID: n.ID, Was: w.Status, Now: n.Status, Before: w.Points, After: n.Points})
		}
	}
	for _, w := range was.Checks {
		if find(now.Checks, w.ID) == nil {
			b.Changes = append(b.Changes, Change{ID: w.ID, Was: w.Status, Before: w.Points})
		}
	}
	return b
}

// intern keeps each text once. It may be used by many goroutines.
type intern struct {
	mu    sync.Mutex
	texts map[string]string
}

func (t *intern) keep(s string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.texts == nil {
		t.texts = map[string]string{}
	}
	if kept, ok := t.texts[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	t.texts[s] = s
	return s
}

// Line is what became of the student on one line.
func (r Row) Line() string {
	switch {
	case r.Problem != nil:
		return fmt.Sprintf("%s: %s: %s", r.StateWord(), r.Problem.Phase, oneLine(r.Problem.Message, hintLength))
	case r.Score != nil:
		return fmt.Sprintf("%s of %s", points(*r.Score), points(r.MaxScore))
	}
	return r.StateWord()
}
