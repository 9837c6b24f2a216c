// Package actions says a report in the words of GitHub Actions: workflow commands for its log,
// values for GITHUB_OUTPUT, and a summary of the job. It knows the report and nothing else, and
// writes to an io.Writer.
//
// [Points] and [Annotations] are what a grading prints, [Failure] what it prints when there is no
// report, [Outputs] and [Summary] are the texts of the two files. All of them show the student's
// view, whichever report they are given, and no text of a student can become a command, end a value
// early, or be more than text in the summary.
package actions

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

// shown is how many characters of one text an annotation holds.
const shown = 400

// Points writes the notices from which GitHub Classroom takes points. A report without a score
// gives none: neither 0 nor anything else that could be read as points.
//
// They belong before everything else, because of one step no more than ten notices are kept.
func Points(w io.Writer, r result.Report) error {
	if r.Score == nil {
		return nil
	}
	totals, err := json.Marshal(struct {
		Total float64 `json:"totalPoints"`
		Max   float64 `json:"maxPoints"`
	}{result.Round(*r.Score), result.Round(r.MaxScore)})
	if err != nil {
		return fmt.Errorf("writing the points: %w", err)
	}
	// These two titles and these two texts are Classroom's contract.
	return write(w, command{name: "notice", title: "Autograding complete",
		message: fmt.Sprintf("Points %s/%s", plain.Points(*r.Score), plain.Points(r.MaxScore))},
		command{name: "notice", title: "Autograding report", message: string(totals)})
}

// Annotations writes why there is no score, if there is none, and one annotation for every finding
// on a line of the student's files, whose names are put below dir: the submission's folder as the
// repository's root sees it.
func Annotations(w io.Writer, r result.Report, dir string) error {
	r = r.For(result.Student)
	var all []command
	if r.Score == nil {
		all = append(all, withoutScore(r))
	}
	for _, c := range r.Checks {
		for _, item := range c.Items {
			if a, ok := annotation(c, item, dir); ok {
				all = append(all, a)
			}
		}
	}
	return write(w, all...)
}

// Failure writes that something went wrong, and the way out of it.
func Failure(w io.Writer, title, message, hint string) error {
	return write(w, command{name: "error", title: title, message: lines(message, hint)})
}

func withoutScore(r result.Report) command {
	c := command{name: "error", title: "No score",
		message: "The grader could not finish. This is not the student's fault."}
	if p := r.Problem; p != nil {
		c.message = lines(c.message, p.Phase+": "+p.Message, p.Hint)
	}
	return c
}

// annotation returns an item that lost points, where the student's own text did it: an error where
// the check has no points left, else a warning.
func annotation(c result.Check, item result.Item, dir string) (command, bool) {
	severity, lost := map[result.Status]string{result.Fail: "error", result.Partial: "warning"}[c.Status]
	if !lost || item.File == "" || item.Line <= 0 || item.Status != result.Fail && item.Status != result.Partial {
		return command{}, false
	}
	return command{name: severity, file: path.Join(dir, item.File), line: item.Line, title: c.Title,
		message: lines(item.Name+": "+item.Got, item.Hint)}, true
}

// lines returns texts of anybody as the lines of one message.
func lines(texts ...string) string {
	var out []string
	for _, text := range texts {
		if text = plain.Line(text, shown); text != "" {
			out = append(out, text)
		}
	}
	return strings.Join(out, "\n")
}

// command is one workflow command.
type command struct {
	name, file, title, message string
	line                       int
}

var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func (c command) String() string {
	var properties []string
	if c.file != "" {
		properties = append(properties, "file="+property.Replace(plain.Line(c.file, shown)),
			fmt.Sprintf("line=%d", c.line))
	}
	properties = append(properties, "title="+property.Replace(plain.Line(c.title, shown)))
	return fmt.Sprintf("::%s %s::%s\n", c.name, strings.Join(properties, ","), data.Replace(c.message))
}

func write(w io.Writer, commands ...command) error {
	var text strings.Builder
	for _, c := range commands {
		text.WriteString(c.String())
	}
	if _, err := io.WriteString(w, text.String()); err != nil {
		return fmt.Errorf("writing workflow commands: %w", err)
	}
	return nil
}

// Output is one value that later steps can read.
type Output struct{ Name, Value string }

// Outputs writes values for the file that GITHUB_OUTPUT names. Each ends with a word that nobody
// can know beforehand, so that no value can bring another with it.
func Outputs(w io.Writer, outputs ...Output) error {
	for _, o := range outputs {
		end := "end-" + rand.Text()
		if _, err := fmt.Fprintf(w, "%s<<%s\n%s\n%s\n", o.Name, end, o.Value, end); err != nil {
			return fmt.Errorf("writing output %q: %w", o.Name, err)
		}
	}
	return nil
}
