package export

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

// classroom50Limit is well below the 10 MiB that its collector reads.
const classroom50Limit = 1 << 20

func classroom50() Format {
	return Format{Name: "classroom50", Summary: "result.json of a Classroom 50 autograder", Ending: ".json",
		Example: "classroom50 reports > result.json",
		Manual: `Who handed in what comes from the variables that Classroom 50's runner gives its autograder: CLASSROOM,
ASSIGNMENT, SUBMISSION_TAG, COMMIT_URL, RELEASE_URL, REVIEW_URL, USERNAME or OWNER, and ASSIGNMENT_TYPE. The runner
itself stamps the time of the commit.

Classroom 50 takes whole numbers only, so all points are in hundredths: 87.5 of 100 points are 8750 of 10000, for
everybody. Each test also has points and max-points as the report has them. A bonus has a maximum of 0. Of a hidden
check there is the title, the points, the status and the hint.

For a student whom we could not grade nothing is written, and the exit code is 3, which Classroom 50 takes for a fault
of the machine. Grades below the full score are exit code 0.`,
		One: writeClassroom50}
}

type classroom50Result struct {
	Schema         string            `json:"schema"`
	Classroom      string            `json:"classroom"`
	Assignment     string            `json:"assignment"`
	AssignmentType string            `json:"assignment_type"`
	Owner          string            `json:"owner"`
	Submission     string            `json:"submission"`
	Commit         string            `json:"commit"`
	Release        string            `json:"release"`
	Review         string            `json:"review"`
	Datetime       string            `json:"datetime"`
	GradedAt       string            `json:"graded_at"`
	Score          int               `json:"score"` // hundredths, as all below
	MaxScore       int               `json:"max-score"`
	Tests          []classroom50Test `json:"tests"`
}

type classroom50Test struct {
	Name      string  `json:"test-name"`
	Passed    bool    `json:"passed"`
	Score     int     `json:"score"`
	MaxScore  int     `json:"max-score"`
	Points    float64 `json:"points"`
	MaxPoints float64 `json:"max-points"`
	Status    string  `json:"status"`
	Output    string  `json:"output,omitempty"`
}

func writeClassroom50(w io.Writer, s Student, o Options) error {
	score, ok := s.Score()
	if !ok {
		return &NoScoreError{s}
	}
	var absent []string
	env := func(names ...string) string {
		for _, name := range names {
			if o.Env != nil && o.Env(name) != "" {
				return plain.Line(o.Env(name), 2000)
			}
		}
		absent = append(absent, names[0])
		return ""
	}
	r := s.Report.For(result.Student)
	at := r.StartedAt.UTC().Format(time.RFC3339)
	out := classroom50Result{Schema: "classroom50/result/v1", Classroom: env("CLASSROOM"),
		Assignment: env("ASSIGNMENT"), AssignmentType: env("ASSIGNMENT_TYPE"),
		Owner: env("OWNER", "USERNAME"), Submission: env("SUBMISSION_TAG"), Commit: env("COMMIT_URL"),
		Release: env("RELEASE_URL"), Review: env("REVIEW_URL", "COMMIT_URL"),
		Datetime: at, GradedAt: at, Score: hundredths(score), MaxScore: hundredths(r.MaxScore)}
	if len(absent) > 0 {
		return &OptionError{Text: fmt.Sprintf("classroom50 needs the variables %s", strings.Join(absent, ", ")),
			Fix: "Classroom 50's runner sets them for its autograder: run this there"}
	}
	return writeFitting(w, classroom50Limit, func(text int) any {
		out.Tests = []classroom50Test{}
		for _, c := range r.Checks {
			out.Tests = append(out.Tests, classroom50Test{Name: heading(c, 200), Passed: c.Status == result.Pass,
				Score: hundredths(c.Points), MaxScore: hundredths(most(c)),
				Points: c.Points, MaxPoints: most(c), Status: string(c.Status), Output: explain(c, text)})
		}
		return out
	})
}
