package export

import (
	"encoding/csv"
	"io"
	"strings"

	"github.com/taskgrader/taskgrader/grader/plain"
)

func nbgrader() Format {
	return Format{Name: "nbgrader", Summary: "the columns of nbgrader's grade export", Ending: ".csv",
		Takes:   []string{TakesAssignment},
		Example: `nbgrader reports --assignment ps1 --out grades.csv`,
		Manual: `The columns are those that nbgrader's own CSV exporter writes: assignment, duedate, timestamp,
student_id, last_name, first_name, email, raw_score, late_submission_penalty, score, max_score. We know no due date and
no time of handing in, so these two are empty and the penalty is 0; take it off where you apply your rules for late
work.

The student_id is the roster's. A number that a learning platform gave to a download is nobody's id: without a roster
such a submission is left out, and named.

Whoever has no score, because we could not grade, or nothing was handed in, has no row, and is named on stderr. A score
with bonus may be above max_score.`,
		All: writeNbgrader}
}

func writeNbgrader(w io.Writer, c Class, o Options) ([]Note, error) {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
		"raw_score", "late_submission_penalty", "score", "max_score"})
	if o.Assignment == "" {
		o.Assignment = c.Rubric.ID
	}
	var strangers []Note
	notes := grades(c, func(s Student, score float64) {
		first, last := names(s.Name)
		points := plain.Points(score)
		if s.ID == s.Account.Value { // a platform's number is nobody's id
			strangers = append(strangers, Note{Who: who(s),
				What: "left out: the number of a download is nobody's id in nbgrader: give class a --roster",
				Left: true})
			return
		}
		o.fill(s.ID, s, "its id")
		_ = out.Write([]string{cell(title(c, o)), "", "", cell(s.ID), cell(last), cell(first), cell(s.Email), points,
			"0", points, plain.Points(c.MaxScore)})
	})
	out.Flush()
	return append(notes, strangers...), out.Error()
}

// names splits a name in two. Together they are always the whole: nobody's name is lost, whatever
// its order is.
func names(name string) (first, last string) {
	name = plain.Line(name, 500)
	if last, first, ok := strings.Cut(name, ", "); ok {
		return first, last
	}
	if i := strings.LastIndex(name, " "); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}
