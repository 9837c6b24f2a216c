package export

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

const (
	// classroomLimit is how long the base64 may be: Linux gives one environment variable 128 KiB.
	classroomLimit = 96 << 10
	// classroomUnits is how many tests are shown for the sake of the points, and classroomMost how
	// many fit at all.
	classroomUnits, classroomMost = 200, 1200
)

func classroom() Format {
	return Format{Name: "classroom", Summary: "a runner's result for GitHub Classroom's grading reporter",
		Ending:  ".txt",
		Example: `classroom reports --student ada`,
		Manual: `Prints the result in base64, as the reporter takes it from an environment variable:

  - id: grade
    run: echo "result=$(taskgrader export classroom reports)" >> "$GITHUB_OUTPUT"
  - uses: classroom-resources/autograding-grading-reporter@v1
    env: {TASKGRADER_RESULTS: "${{ steps.grade.outputs.result }}"}
    with: {runners: taskgrader}

The reporter has two sums. The one that Classroom takes adds up the scores of the tests; the one that it prints is the
share of the tests that passed, whatever their scores. So that both are the report's points, a check is not one test but
as many of equal value as it takes. Where that would be more than an environment variable holds, which whole and half
points never need, the printed one may be a few hundredths off; the one that Classroom takes is always the report's.

Points are out of the rubric's, or out of the score where a bonus makes that more. Of a hidden check there is the title
and the hint. For a student whom we could not grade nothing is written, and the exit code is 3: any result would be
points.`,
		One: writeClassroom}
}

type classroomResult struct {
	Version  int             `json:"version"`
	Status   string          `json:"status"`
	MaxScore float64         `json:"max_score"`
	Tests    []classroomTest `json:"tests"`
}

type classroomTest struct {
	Name   string  `json:"name"`
	Status string  `json:"status"`
	Score  float64 `json:"score"` // a test without one makes a report without points
	Code   string  `json:"test_code,omitempty"`
	LineNo int     `json:"line_no"` // 0 is none
}

func writeClassroom(w io.Writer, s Student, _ Options) error {
	if _, ok := s.Score(); !ok {
		return &NoScoreError{s}
	}
	r := s.Report.For(result.Student)
	for width, text := 80, 600; ; width, text = width*2/3, text/3 {
		out, err := json.Marshal(classroomOf(r, width, text))
		if err != nil {
			return err
		}
		if encoded := base64.StdEncoding.EncodeToString(out); len(encoded) < classroomLimit {
			_, err = fmt.Fprintln(w, encoded)
			return err
		}
		if width < 2 {
			return fmt.Errorf("the report has too many checks for one environment variable")
		}
	}
}

// numbered tells tests of one name apart.
func numbered(tests []classroomTest) {
	all, now := map[string]int{}, map[string]int{}
	for _, t := range tests {
		all[t.Name]++
	}
	for i, t := range tests {
		if now[t.Name]++; all[t.Name] > 1 {
			tests[i].Name += fmt.Sprintf(" (%d of %d)", now[t.Name], all[t.Name])
		}
	}
}

// share is points of one check that were earned, or that were not.
type share struct {
	check  result.Check
	points int // hundredths
	earned bool
}

// classroomOf makes tests of equal value, so that counting those that passed and adding their
// scores is the same.
func classroomOf(r result.Report, width, text int) classroomResult {
	shares, score, total := sharesOf(r)
	out := classroomResult{Version: 1, Status: "pass", MaxScore: float64(total) / 100, Tests: []classroomTest{}}
	units := unitsOf(shares, score, total)
	passed := passedOf(score, units, total)
	explained := map[string]bool{}
	for i := range units {
		earned, at, of := i < passed, i, passed
		all := score
		if !earned {
			at, of, all, out.Status = i-passed, units-passed, total-score, "fail"
		}
		// The middle of the unit lies in the points of one check.
		c := shareAt(shares, earned, (2*at+1)*all/(2*of)).check
		t := classroomTest{Name: strings.ReplaceAll(heading(c, width), command, "# #["), Status: "fail"}
		if earned {
			t.Status, t.Score = "pass", float64((at+1)*all/of-at*all/of)/100
		} else if !explained[c.ID] {
			explained[c.ID], t.Code = true, harmless(explain(c, text))
		}
		out.Tests = append(out.Tests, t)
	}
	if units <= classroomUnits {
		numbered(out.Tests)
	}
	// What adds up the scores has a computer's fractions: the last one makes it exact.
	sum := 0.0
	for i := range out.Tests {
		if i == passed-1 {
			out.Tests[i].Score = float64(score)/100 - sum
		}
		sum += out.Tests[i].Score
	}
	return out
}

// sharesOf returns the points of each check, earned and not, the sum of the former, and of both.
// Points of a bonus stand in for points that were lost.
func sharesOf(r result.Report) (shares []share, score, total int) {
	for _, c := range r.Checks {
		earned, lost := hundredths(c.Points), hundredths(most(c))-hundredths(c.Points)
		if earned > 0 {
			shares = append(shares, share{c, earned, true})
		}
		if lost > 0 {
			shares = append(shares, share{c, lost, false})
		}
	}
	score = hundredths(*r.Score)
	total = max(score, hundredths(r.MaxScore))
	return shares, score, total
}

// unitsOf returns into how many tests of equal value all points are cut.
func unitsOf(shares []share, score, total int) int {
	if total == 0 {
		return 0
	}
	value := gcd(score, total)
	for _, s := range shares {
		value = gcd(value, s.points)
	}
	if total/value <= classroomUnits {
		return total / value
	}
	// Not every check has its share exactly, but the sums are right to the hundredth.
	best, off := 0, math.Inf(1)
	for n := 2; n <= classroomMost; n++ {
		if d := math.Abs(float64(passedOf(score, n, total))/float64(n)*float64(total) - float64(score)); d < off {
			best, off = n, d
		}
		if off < 0.45 && n >= len(shares) {
			break
		}
	}
	return best
}

// passedOf returns how many of so many tests passed. Who has points has one, and who has not all of
// them lacks one.
func passedOf(score, units, total int) int {
	switch {
	case score == 0:
		return 0
	case score == total:
		return units
	}
	return min(max((2*score*units+total)/(2*total), 1), units-1)
}

// shareAt returns the share in which a point lies, counted in hundredths over those that were
// earned, or those that were not.
func shareAt(shares []share, earned bool, at int) share {
	var last share
	for _, s := range shares {
		if s.earned == earned {
			last = s
			if at -= s.points; at < 0 {
				return s
			}
		}
	}
	return last
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, 1)
}

const command = "##["

// harmless makes a text that the reporter prints into the log of a workflow no command of it: a
// command begins a line with ::, or has ##[ anywhere.
func harmless(s string) string {
	if s == "" {
		return ""
	}
	s = strings.ReplaceAll(plain.Text(strings.TrimSuffix(s, "\n")), command, "# #[")
	return "| " + strings.ReplaceAll(s, "\n", "\n| ")
}
