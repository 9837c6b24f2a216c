package export

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

func junit() Format {
	return Format{Name: "junit", Summary: "JUnit XML: a suite for each student, a case for each check", Ending: ".xml",
		Example: "junit reports --out junit.xml",
		Manual: `Each student is a test suite, and each check a test case in the class of its skill. A check that was
failed, or passed in part, is a failure; one that we could not judge is an error; a blocked one is skipped. The
properties of a suite are its score and max_score, and points.ID for each check, so that no point is lost where a reader
counts cases alone.

A student whom we could not grade has no score, and one error at least. Who handed in nothing is a suite with one case
that was skipped. Of a hidden check there is the title, the points, the status and the hint, because Artemis and CI show
the file to students. What XML cannot hold is replaced.`,
		All: writeJUnit}
}

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	junitCounts
	Suites []junitSuite `xml:"testsuite"`
}

type junitCounts struct {
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"`
	Skipped  int    `xml:"skipped,attr"`
	Time     string `xml:"time,attr"` // seconds
}

type junitSuite struct {
	Name string `xml:"name,attr"`
	junitCounts
	Timestamp  string           `xml:"timestamp,attr,omitempty"`
	Properties *junitProperties `xml:"properties"`
	Cases      []junitCase      `xml:"testcase"`
}

type junitProperties struct {
	All []junitProperty `xml:"property"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	Time    string       `xml:"time,attr"`
	Failure *junitReason `xml:"failure"`
	Error   *junitReason `xml:"error"`
	Skipped *junitReason `xml:"skipped"`
}

type junitReason struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",cdata"`
}

func writeJUnit(w io.Writer, c Class, _ Options) ([]Note, error) {
	var all junitSuites
	var notes []Note
	ms := int64(0)
	for _, s := range c.Students {
		if n := NoteOf(s); n != nil {
			notes = append(notes, *n)
		}
		suite := junitSuiteOf(s)
		all.Suites = append(all.Suites, suite)
		all.Tests, all.Failures = all.Tests+suite.Tests, all.Failures+suite.Failures
		all.Errors, all.Skipped = all.Errors+suite.Errors, all.Skipped+suite.Skipped
		if s.Report != nil {
			ms += s.Report.DurationMS
		}
	}
	all.Time = seconds(ms)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return notes, err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return notes, err
	}
	_, err := io.WriteString(w, "\n")
	return notes, err
}

func junitSuiteOf(s Student) junitSuite {
	suite := junitSuite{Name: plain.Line(s.ID, 200)}
	if s.Second {
		suite.Name = plain.Line(cmp.Or(s.File, s.Submission), 200)
	}
	suite.Time = seconds(0)
	score, scored := s.Score()
	if s.Report != nil {
		r := s.Report.For(result.Student)
		suite.Time, suite.Timestamp = seconds(r.DurationMS), r.StartedAt.UTC().Format("2006-01-02T15:04:05")
		properties := []junitProperty{{"max_score", plain.Points(r.MaxScore)}}
		if scored {
			properties = append(properties, junitProperty{"score", plain.Points(score)})
		}
		for _, c := range r.Checks {
			if scored {
				properties = append(properties, junitProperty{"points." + plain.Line(c.ID, 200),
					plain.Points(c.Points)})
			}
			suite.add(junitCaseOf(c))
		}
		suite.Properties = &junitProperties{properties}
	}
	none := junitCase{Class: "taskgrader", Name: "graded", Time: seconds(0)}
	switch {
	case scored, suite.Errors > 0:
		return suite
	case s.Ours():
		none.Error = &junitReason{Message: "the grader could not finish; this is not the student's fault",
			Type: string(result.Error)}
	default:
		none.Skipped = &junitReason{Message: plain.Line(why(s), 300)}
	}
	suite.add(none)
	return suite
}

func (s *junitSuite) add(c junitCase) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

func junitCaseOf(c result.Check) junitCase {
	class := plain.Line(c.Skill, 200)
	if class == "" {
		class = "taskgrader"
	}
	out := junitCase{Class: class, Name: heading(c, 200), Time: seconds(c.DurationMS)}
	points := fmt.Sprintf("%s of %s points", plain.Points(c.Points), plain.Points(c.MaxPoints))
	switch c.Status {
	case result.Fail, result.Partial:
		message := points
		if got := plain.Line(c.Got, 200); got != "" {
			message += ": " + got
		}
		out.Failure = &junitReason{Message: message, Type: string(c.Status), Text: xmlText(explain(c, 4000))}
	case result.Error:
		out.Error = &junitReason{Message: "could not be judged, for a reason of the grader's",
			Type: string(result.Error)}
	case result.Blocked:
		out.Skipped = &junitReason{Message: plain.Line(blocked(c), 300)}
	}
	return out
}

func seconds(ms int64) string { return fmt.Sprintf("%.3f", float64(ms)/1000) }

// xmlText returns a text without the two characters that XML has no way to write; [plain] has taken
// the others.
func xmlText(s string) string {
	return strings.NewReplacer("\ufffe", "\ufffd", "\uffff", "\ufffd").Replace(s)
}
