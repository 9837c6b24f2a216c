package export

import (
	"io"

	"github.com/taskgrader/taskgrader/grader/result"
)

// gradescopeLimit is ours: no limit is published, and a results.json of megabytes is slow to show.
const gradescopeLimit = 1 << 20

func gradescope() Format {
	return Format{Name: "gradescope", Summary: "results.json of a Gradescope autograder", Ending: ".json",
		Example: "gradescope reports --student ada > /autograder/results/results.json",
		Manual: `Each check is a test with its points; the score is the report's. All text is of the format "text",
which Gradescope escapes. Of a hidden check there is the title, the points, the status and the hint, as in the student's
own report. A bonus has a maximum of 0, so that its points come on top.

For a student whom we could not grade nothing is written, and the exit code is 3: Gradescope then says that the
autograder failed, and gives no points, rather than 0. A Gradescope autograder has no Docker: grade elsewhere, and hand
this in.`,
		One: writeGradescope}
}

type gradescopeResults struct {
	Score            float64          `json:"score"`
	ExecutionTime    float64          `json:"execution_time"` // seconds
	Output           string           `json:"output"`
	OutputFormat     string           `json:"output_format"`
	TestOutputFormat string           `json:"test_output_format"`
	TestNameFormat   string           `json:"test_name_format"`
	Visibility       string           `json:"visibility"`
	StdoutVisibility string           `json:"stdout_visibility"`
	ExtraData        gradescopeExtra  `json:"extra_data"`
	Tests            []gradescopeTest `json:"tests"`
}

// gradescopeExtra comes back with a later submission of the same student.
type gradescopeExtra struct {
	Schema     string  `json:"schema"`
	Rubric     string  `json:"rubric"`
	Digest     string  `json:"rubric_digest"`
	Submission string  `json:"submission_digest"`
	Grader     string  `json:"grader_version"`
	Score      float64 `json:"score"`
	MaxScore   float64 `json:"max_score"`
}

type gradescopeTest struct {
	Score      float64  `json:"score"`
	MaxScore   float64  `json:"max_score"`
	Status     string   `json:"status"`
	Name       string   `json:"name"`
	Output     string   `json:"output,omitempty"`
	Tags       []string `json:"tags,omitempty"`
	Visibility string   `json:"visibility"`
}

func writeGradescope(w io.Writer, s Student, _ Options) error {
	score, ok := s.Score()
	if !ok {
		return &NoScoreError{s}
	}
	r := s.Report.For(result.Student)
	return writeFitting(w, gradescopeLimit, func(text int) any {
		out := gradescopeResults{Score: score, ExecutionTime: float64(r.DurationMS) / 1000, Output: summary(r),
			OutputFormat: "text", TestOutputFormat: "text",
			TestNameFormat: "text", Visibility: "visible", StdoutVisibility: "hidden", Tests: []gradescopeTest{},
			ExtraData: gradescopeExtra{Schema: r.Schema, Rubric: r.Rubric.ID, Digest: r.Rubric.Digest,
				Submission: r.Submission.Digest, Grader: r.Grader.Version, Score: score, MaxScore: r.MaxScore}}
		for _, c := range r.Checks {
			t := gradescopeTest{Score: c.Points, MaxScore: most(c), Status: "failed", Name: heading(c, 200),
				Output: explain(c, text), Visibility: "visible"}
			if c.Status == result.Pass {
				t.Status = "passed"
			}
			if c.Skill != "" {
				t.Tags = []string{c.Skill}
			}
			out.Tests = append(out.Tests, t)
		}
		return out
	})
}
