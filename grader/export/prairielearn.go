package export

import (
	"io"

	"github.com/taskgrader/taskgrader/grader/result"
)

// prairielearnLimit leaves room below PrairieLearn's megabyte.
const prairielearnLimit = 1000 * 1000

func prairielearn() Format {
	return Format{Name: "prairielearn", Summary: "results.json of a PrairieLearn external grader", Ending: ".json",
		Example: "prairielearn reports --student ada > /grade/results/results.json",
		Manual: `Each check is a test with its points, and the score is their share of the rubric's, from 0 to 1:
PrairieLearn has no more than all, so a bonus counts up to there. Of a hidden check there is the title, the points, the
status and the hint.

A student whom we could not grade gets "gradable": false, which costs neither points nor an attempt, and the exit code
is 3. A file has less than 1 MB: where the texts are longer, they are cut.`,
		One: writePrairielearn}
}

type prairielearnResults struct {
	Gradable     bool               `json:"gradable"`
	Score        *float64           `json:"score,omitempty"` // 0 to 1
	FormatErrors []string           `json:"format_errors,omitempty"`
	Output       string             `json:"output,omitempty"`
	Tests        []prairielearnTest `json:"tests,omitempty"`
}

// prairielearnTest has points always: PrairieLearn shows none at all when one test has none.
type prairielearnTest struct {
	Name        string  `json:"name"`
	Description string  `json:"description,omitempty"`
	Points      float64 `json:"points"`
	MaxPoints   float64 `json:"max_points"`
	Message     string  `json:"message,omitempty"`
	Output      string  `json:"output,omitempty"`
}

func writePrairielearn(w io.Writer, s Student, _ Options) error {
	score, ok := s.Score()
	if !ok && !s.Ours() {
		return &NoScoreError{s}
	}
	if !ok {
		return writeFitting(w, prairielearnLimit, func(int) any {
			return prairielearnResults{FormatErrors: []string{"The grader could not finish. This is not your fault: " +
				"hand in again later."}}
		})
	}
	r := s.Report.For(result.Student)
	share := 1.0
	if r.MaxScore > 0 {
		share = min(max(score/r.MaxScore, 0), 1)
	}
	return writeFitting(w, prairielearnLimit, func(text int) any {
		out := prairielearnResults{Gradable: true, Score: &share, Output: summary(r)}
		for _, c := range r.Checks {
			out.Tests = append(out.Tests, prairielearnTest{Name: heading(c, 200), Description: string(c.Status),
				Points: c.Points, MaxPoints: most(c), Output: explain(c, text)})
		}
		return out
	})
}
