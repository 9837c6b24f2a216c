// Package result is the report on one submission as plain data.
//
// Everything that is shown or exported — JSON, HTML, gradebooks — is made from a [Report] alone.
// The package knows nothing of how a report came about, and imports nothing of this module.
package result

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Schema names the format of a report; it changes when a reader of the old one would misread the
// new one.
const Schema = "taskgrader/report/v1"

// Audience says who may read a report.
type Audience string

// The two audiences. Of a hidden check a student's report holds title, points, status and hint, and
// nothing else.
const (
	Student    Audience = "student"
	Instructor Audience = "instructor"
)

// Status is the verdict on a check, on an item of a check, or on a whole report.
type Status string

// The verdicts. Graded belongs to reports alone; Error to all three; the others to checks and
// items.
const (
	Pass    Status = "pass"    // all that was wanted holds
	Partial Status = "partial" // some of it, of a check whose points are shared among its items
	Fail    Status = "fail"    // the student's fault
	Blocked Status = "blocked" // could not be judged because another check did not pass
	Error   Status = "error"   // could not be judged for a reason of ours; never costs a point
	Graded  Status = "graded"  // every check was asked
)

// Word returns the verdict as a page says it; of a check that was not asked, that it is not there.
func (s Status) Word() string {
	switch s {
	case Pass:
		return "passed"
	case Partial:
		return "partly"
	case Fail:
		return "failed"
	case Error:
		return "grader error"
	case "":
		return "not there"
	}
	return string(s)
}

// Report is the whole verdict on one submission, for one audience.
type Report struct {
	Schema     string     `json:"schema"`
	Audience   Audience   `json:"audience"`
	Status     Status     `json:"status"`
	Score      *float64   `json:"score,omitempty"` // points with bonus; absent when Status is Error
	MaxScore   float64    `json:"max_score"`       // points without bonus
	Submission Submission `json:"submission"`
	Rubric     Rubric     `json:"rubric"`
	Grader     Grader     `json:"grader"`
	Seed       string     `json:"seed"` // hexadecimal; --seed replays it
	StartedAt  time.Time  `json:"started_at"`
	DurationMS int64      `json:"duration_ms"`
	// that graded it, of several; the instructor's report alone says it
	Machine string   `json:"machine,omitempty"`
	Opinion *Opinion `json:"second_opinion,omitempty"`
	Image   *Image   `json:"image,omitempty"` // absent when nothing was built
	Build   *Build   `json:"build,omitempty"`
	Run     *Run     `json:"run,omitempty"`
	Sandbox *Sandbox `json:"sandbox,omitempty"`
	Source  *Source  `json:"source,omitempty"`
	Phases  []Phase  `json:"phases"`
	Skills  []Skill  `json:"skills"`
	Checks  []Check  `json:"checks"`
	Notes   []string `json:"notes,omitempty"` // what a reader must know: a stand-in base, a syntax line left out
	Problem *Problem `json:"error,omitempty"` // why Status is Error
	// History is the verdicts that this one replaced, oldest first; the instructor's report alone
	// holds it.
	History []Earlier `json:"history,omitempty"`
	// Withheld are the words of hidden checks, which no answer may bring onto a student's page; the
	// instructor's report alone holds them.
	Withheld []string `json:"withheld,omitempty"`
}

// Submission says what was graded.
type Submission struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`  // from the roster or the form in which it was handed in
	Email  string `json:"email,omitempty"` // from the roster
	Digest string `json:"digest"`          // sha256 of the content, whatever it came packed in
	// ProgramDigest ignores white space and comments in the Dockerfile and the Python files.
	ProgramDigest string `json:"program_digest,omitempty"`
}

// Rubric says by what it was graded.
type Rubric struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Digest string `json:"digest"`
	File   string `json:"file,omitempty"` // where it is no built-in one
}

// Grader says what graded it.
type Grader struct {
	Version string `json:"version"`
}

// Image is what the student's build made.
type Image struct {
	ID         string  `json:"id"`
	SizeBytes  int64   `json:"size_bytes"`
	AddedBytes int64   `json:"added_bytes"` // without the base image's layers
	Base       string  `json:"base,omitempty"`
	StandIn    bool    `json:"stand_in,omitempty"` // the base was made here, not pulled
	Layers     []Layer `json:"layers"`
}

// Layer is one layer of the image, oldest first.
type Layer struct {
	Bytes       int64  `json:"bytes"`
	Instruction string `json:"instruction"`
	Line        int    `json:"line"` // of the Dockerfile; 0 for the base image's layers
	Base        bool   `json:"base,omitempty"`
}

// Build is what happened in the build.
type Build struct {
	Steps []Step `json:"steps"`
}

// Step is one instruction of the build, in the Dockerfile's order.
type Step struct {
	Name   string `json:"name"`
	Line   int    `json:"line"`
	Cached bool   `json:"cached"`
	MS     int64  `json:"ms"`
	Error  string `json:"error,omitempty"`
	Log    string `json:"log,omitempty"` // its tail, only of a step that failed
}

// Run is what was seen of the running container.
type Run struct {
	Port    int    `json:"port"`               // where it answered; 0 when nowhere
	ReadyMS int64  `json:"ready_ms,omitempty"` // from start to first answer
	Log     string `json:"log,omitempty"`      // its tail; the instructor's report only, unless it died
}

// Sandbox says which limit held: "enforced", "watched", "unenforced: why", or for the network
// "isolated", "published: why", "open", "open: why".
type Sandbox struct {
	Memory  string `json:"memory"`
	PIDs    string `json:"pids"`
	CPU     string `json:"cpu"`
	Disk    string `json:"disk,omitempty"`
	Network string `json:"network"`
	Log     string `json:"log"`
}

// Source is the student's own text that the page shows findings beside.
type Source struct {
	Dockerfile     string `json:"dockerfile,omitempty"`
	DockerfileName string `json:"dockerfile_name,omitempty"` // where it is another than Dockerfile
	IgnoreFile     string `json:"ignore_file,omitempty"`     // the name of the ignore file that Docker would use
	Ignore         string `json:"ignore,omitempty"`          // its text
}

// Phase is the time that one part of the work took. Parts overlap.
type Phase struct {
	Name string `json:"name"`
	MS   int64  `json:"ms"`
}

// Skill sums the checks of one skill, bonus left out.
type Skill struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Level     string  `json:"level,omitempty"`
	Mastery   float64 `json:"mastery,omitempty"` // per cent from which it counts as mastered
	Points    float64 `json:"points"`
	MaxPoints float64 `json:"max_points"`
	Mastered  bool    `json:"mastered"`
}

// Check is the verdict on one check of the rubric.
type Check struct {
	ID        string  `json:"id"`
	Kind      string  `json:"kind,omitempty"` // left out of a hidden check in a student's report
	Title     string  `json:"title"`
	Skill     string  `json:"skill,omitempty"`
	Status    Status  `json:"status"`
	Points    float64 `json:"points"`
	MaxPoints float64 `json:"max_points"`
	Bonus     bool    `json:"bonus"`
	Hidden    bool    `json:"hidden"`
	Want      string  `json:"want,omitempty"`
	Got       string  `json:"got,omitempty"`
	Hint      string  `json:"hint,omitempty"`
	Edit      *Edit   `json:"edit,omitempty"` // the lines to write that Hint speaks of
	BlockedBy string  `json:"blocked_by,omitempty"`
	// it held when it was asked again in the same way; this verdict, the first, stands
	Unsteady   bool       `json:"unsteady,omitempty"`
	Items      []Item     `json:"items,omitempty"`
	Evidence   []Evidence `json:"evidence,omitempty"`
	DurationMS int64      `json:"duration_ms"`
}

// Item is one of the things a check asked: a step, a rule, a path.
type Item struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Want   string `json:"want,omitempty"`
	Got    string `json:"got,omitempty"`
	Hint   string `json:"hint,omitempty"`
	Edit   *Edit  `json:"edit,omitempty"` // the lines to write that Hint speaks of
	File   string `json:"file,omitempty"` // the student's file that Line is of
	Line   int    `json:"line,omitempty"`
	Advice bool   `json:"advice,omitempty"` // it does not hold, and costs nothing
}

// Edit is a change of lines in a file of the submission.
type Edit struct {
	File string `json:"file"`
	// where Old begins, from 1; where there is no Old, the line below which New goes in, and 0 is
	// the top
	Line int    `json:"line"`
	Old  string `json:"old,omitempty"` // whole lines as they stand
	New  string `json:"new,omitempty"` // whole lines to write; absent where Old is to be taken away
}

// Evidence is something a reader can look at: text, or a table, under a heading.
type Evidence struct {
	// Kind is one of "exchange" (a request and its answer), "diff" (paths that differ), "rubric"
	// (the line that asked), "command" (what repeats it), "log", "text", "table", "ignore" (a
	// table: path, whether it is in the build, what decided) and "story" (numbered steps).
	Kind  string     `json:"kind"`
	Title string     `json:"title,omitempty"`
	Text  string     `json:"text,omitempty"`
	File  string     `json:"file,omitempty"`
	Line  int        `json:"line,omitempty"`
	Rows  [][]string `json:"rows,omitempty"` // the first row is the header
}

// Problem is a fault of ours that left the report without a score.
type Problem struct {
	Phase   string `json:"phase"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Earlier is a verdict that a later grading replaced.
type Earlier struct {
	StartedAt time.Time `json:"started_at"`
	Score     *float64  `json:"score,omitempty"` // absent when the grader had failed
	Why       string    `json:"why"`             // the submission was graded again
	Changes   []Change  `json:"changes,omitempty"`
}

// Opinion is the verdict of a second machine that differs from the one that counts; the
// instructor's report alone holds it.
type Opinion struct {
	Machine string   `json:"machine"`
	Score   *float64 `json:"score,omitempty"`
	Changes []Change `json:"changes"` // from the verdict that counts
}

// Change is a check whose verdict is another than before; a check that was not there has no status.
type Change struct {
	ID     string  `json:"id"`
	Was    Status  `json:"was,omitempty"`
	Now    Status  `json:"now,omitempty"`
	Before float64 `json:"before"`
	After  float64 `json:"after"`
}

// Round rounds points to hundredths, which every check's points are before anything is summed.
func Round(points float64) float64 { return math.Round(points*100) / 100 }

// Sum adds points that were rounded to hundredths, exactly.
func Sum(points ...float64) float64 {
	var hundredths int64
	for _, p := range points {
		hundredths += int64(math.Round(p * 100))
	}
	return float64(hundredths) / 100
}

// For returns the report as the given audience may see it; the receiver is not changed. It is what
// every writer of a student's file goes through, so that a hidden check cannot leak by a writer
// that forgot.
func (r Report) For(a Audience) Report {
	r.Audience = a
	if a == Instructor {
		return r
	}
	r.History, r.Machine, r.Opinion = nil, "", nil
	words := r.Withheld
	r.Withheld = nil
	r.Checks = slices.Clone(r.Checks)
	alias, taken := map[string]string{}, map[string]bool{}
	for _, c := range r.Checks {
		taken[c.ID] = taken[c.ID] || !c.Hidden
	}
	n := 0
	for i, c := range r.Checks {
		if c.Hidden {
			for n++; taken[fmt.Sprintf("hidden-%d", n)]; n++ { // a check may be called so
			}
			alias[c.ID] = fmt.Sprintf("hidden-%d", n)
			r.Checks[i] = Check{ID: alias[c.ID], Title: c.Title, Status: c.Status, Points: c.Points,
				MaxPoints: c.MaxPoints, Bonus: c.Bonus, Hidden: true, Hint: c.Hint}
			continue
		}
		// the rubric's own lines speak of its variables, which tell a student nothing
		r.Checks[i].Evidence = slices.DeleteFunc(slices.Clone(c.Evidence),
			func(e Evidence) bool { return e.Kind == "rubric" })
	}
	for i, c := range r.Checks {
		r.Checks[i] = c.Without(words)
		if to, ok := alias[c.BlockedBy]; ok {
			r.Checks[i].BlockedBy = to
		}
	}
	if r.Problem != nil && len(alias) > 0 { // its message may name what a hidden check did
		r.Problem = &Problem{Phase: r.Problem.Phase, Message: "the grader could not finish", Hint: r.Problem.Hint}
	}
	if r.Run != nil && r.Run.Port != 0 { // the log tells what hidden checks sent
		run := *r.Run
		run.Log = ""
		r.Run = &run
	}
	return r
}
