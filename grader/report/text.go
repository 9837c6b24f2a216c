package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/taskgrader/taskgrader/grader/result"
)

// TextOptions say how a terminal wants it.
type TextOptions struct {
	Color bool
	Page  string // the path of the page, or empty
}

const textWidth = 110

var marks = map[result.Status]struct{ word, color string }{
	result.Pass: {"PASS", "32"}, result.Partial: {"PART", "33"}, result.Fail: {"FAIL", "31"},
	result.Blocked: {"BLOCKED", "36"}, result.Error: {"ERROR", "35"},
}

// Text writes the verdict for a terminal: every check on one line, what failed with its reason, and the score.
func Text(out io.Writer, r result.Report, o TextOptions) error {
	w := bufio.NewWriter(out)
	paint := func(color, s string) string {
		if !o.Color {
			return s
		}
		return "\x1b[" + color + "m" + s + "\x1b[0m"
	}
	fmt.Fprintf(w, "%s — %s\n\n", paint("1", oneLine(r.Submission.ID, 60)), oneLine(r.Rubric.Title, 80))
	for _, c := range r.Checks {
		m := marks[c.Status]
		score := fmt.Sprintf("%s/%s", points(c.Points), points(c.MaxPoints))
		fmt.Fprintf(w, "%s %7s  %-16s %s\n", paint(m.color, fmt.Sprintf("%-7s", m.word)), score, oneLine(c.ID, 24), oneLine(c.Title, 70))
		switch c.Status {
		case result.Blocked:
			fmt.Fprintf(w, "                 could not be judged, because %s did not pass\n", oneLine(c.BlockedBy, 40))
		case result.Fail, result.Partial:
			failure(w, c)
		}
	}
	fmt.Fprintln(w)
	for _, s := range r.Skills {
		mastered := " "
		if s.Mastered {
			mastered = paint("32", "✓")
		}
		fmt.Fprintf(w, "  %s %-34s %6s / %s\n", mastered, oneLine(s.Name, 34), points(s.Points), points(s.MaxPoints))
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "  note: %s\n", oneLine(n, 2*textWidth))
	}
	if r.Score != nil {
		fmt.Fprintf(w, "\n%s\n", paint("1", fmt.Sprintf("Score %s of %s", points(*r.Score), points(r.MaxScore))))
	} else {
		fmt.Fprintf(w, "\n%s\n", paint("1;35", "No score: the grader could not finish. This is not the student's fault."))
		if r.Problem != nil {
			fmt.Fprintf(w, "  %s: %s\n", oneLine(r.Problem.Phase, 20), oneLine(r.Problem.Message, 3*textWidth))
			if r.Problem.Hint != "" {
				fmt.Fprintf(w, "  hint: %s\n", oneLine(r.Problem.Hint, 2*textWidth))
			}
		}
	}
	if o.Page != "" {
		fmt.Fprintf(w, "Page  %s\n", o.Page)
	}
	fmt.Fprintf(w, "Again taskgrader grade --seed %s\n", oneLine(r.Seed, 64))
	return w.Flush()
}

// failure is why a check lost points.
func failure(w io.Writer, c result.Check) {
	const indent = "                 "
	line := func(format string, args ...any) { fmt.Fprintf(w, indent+format+"\n", args...) }
	failed := 0
	for _, item := range c.Items {
		if item.Status != result.Fail && item.Status != result.Partial {
			continue
		}
		if failed++; failed > 6 {
			line("… and more, on the page")
			break
		}
		where := ""
		if item.Line > 0 {
			where = fmt.Sprintf("  (%s:%d)", oneLine(item.File, 40), item.Line)
		}
		line("%s%s", oneLine(item.Name, 60), where)
		line("  want %s", oneLine(item.Want, textWidth))
		line("  got  %s", oneLine(item.Got, textWidth))
		if item.Hint != "" {
			line("  hint %s", oneLine(item.Hint, 2*textWidth))
		}
	}
	for _, e := range c.Evidence {
		switch e.Kind {
		case "rubric":
			line("%s:%d | %s", oneLine(e.File, 60), e.Line, oneLine(e.Text, textWidth))
		case "exchange":
			lines := strings.Split(e.Text, "\n")
			for _, l := range lines[:min(len(lines), 8)] {
				line("| %s", oneLine(l, textWidth))
			}
		case "command":
			line("again: %s", oneLine(e.Text, 2*textWidth))
		}
	}
}
