package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/result"
)

// TextOptions say how a terminal wants it.
type TextOptions struct {
	Color bool
	Page  string // the path of the page, or empty
}

const (
	textWidth = 80 // columns, but for commands, which stay in one piece
	textItems = 6  // of one check
	textLines = 8  // of one exchange
)

var marks = map[result.Status]struct{ word, color string }{
	result.Pass: {"PASS", "32"}, result.Partial: {"PART", "33"}, result.Fail: {"FAIL", "31"},
	result.Blocked: {"BLOCKED", "36"}, result.Error: {"ERROR", "35"},
}

// Text writes the verdict for a terminal: every check on one line, what failed with its reason, what waits for it, and the
// score.
func Text(out io.Writer, r result.Report, o TextOptions) error {
	b := bufio.NewWriter(out)
	t := terminal{b, o.Color}
	fmt.Fprintf(t, "%s — %s\n\n", t.paint("1", oneLine(r.Submission.ID, 40)), oneLine(r.Rubric.Title, 36))
	for _, c := range r.Checks {
		if c.Status != result.Blocked {
			t.verdict(r, c)
		}
	}
	for _, w := range waits(r) {
		t.waiting(w)
	}
	fmt.Fprintln(t)
	for _, s := range r.Skills {
		mastered := " "
		if s.Mastered {
			mastered = t.paint("32", "✓")
		}
		fmt.Fprintf(t, "  %s %-34s %6s / %s\n", mastered, oneLine(s.Name, 34), points(s.Points), points(s.MaxPoints))
	}
	for _, n := range r.Notes {
		t.paragraph("  note: ", "", n)
	}
	if r.Score != nil {
		fmt.Fprintf(t, "\n%s\n", t.paint("1", fmt.Sprintf("Score %s of %s", points(*r.Score), points(r.MaxScore))))
	} else {
		fmt.Fprintf(t, "\n%s\n", t.paint("1;35", "No score: the grader could not finish. This is not the student's fault."))
		if r.Problem != nil {
			t.paragraph("  "+oneLine(r.Problem.Phase, 20)+": ", "", r.Problem.Message)
			t.paragraph("  hint: ", "", r.Problem.Hint)
		}
	}
	if o.Page != "" {
		fmt.Fprintf(t, "Page  %s\n", o.Page)
	}
	fmt.Fprintf(t, "Again %s\n", again(r))
	if ids := missedIDs(r); len(ids) > 0 {
		fmt.Fprintf(t, "      … --only %s\n", strings.Join(ids, ","))
	}
	return b.Flush()
}

// Change writes what became of a check since an earlier verdict on it, and says whether it wrote anything: nothing where
// that is as it was, or where the check could not be judged.
func Change(out io.Writer, before, after result.Check, o TextOptions) (bool, error) {
	same := before.Status == after.Status && before.Points == after.Points && before.Hint == after.Hint
	if same || after.Status == result.Blocked || after.Status == result.Error {
		return false, nil
	}
	b := bufio.NewWriter(out)
	terminal{b, o.Color}.verdict(result.Report{}, after)
	return true, b.Flush()
}

// missedIDs are the checks that lost points and can be asked alone.
func missedIDs(r result.Report) (ids []string) {
	for _, c := range r.Checks {
		if checkViewOf(r, c).Again != "" {
			ids = append(ids, oneLine(c.ID, 24))
		}
	}
	return ids
}

// terminal writes lines for people. The error is kept by the writer until it is flushed.
type terminal struct {
	io.Writer
	color bool
}

func (t terminal) paint(color, s string) string {
	if !t.color || color == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// verdict is a check with the reason why it lost points.
func (t terminal) verdict(r result.Report, c result.Check) {
	t.check(c)
	if missed(c) {
		t.failure(checkViewOf(r, c))
	}
}

// check is a check on one line.
func (t terminal) check(c result.Check) {
	score := points(c.Points)
	if c.Status == result.Error {
		score = "–"
	}
	m, id := marks[c.Status], fmt.Sprintf("%-16s", oneLine(c.ID, 24))
	fmt.Fprintf(t, "%s %8s  %s %s\n", t.paint(m.color, fmt.Sprintf("%-7s", m.word)), score+"/"+points(c.MaxPoints), id, oneLine(c.Title, textWidth-19-len([]rune(id))))
}

// waiting is what could not be judged, on one line for all that wait for the same.
func (t terminal) waiting(w wait) {
	var ids []string
	for _, c := range w.Checks {
		ids = append(ids, oneLine(c.ID, 24))
	}
	why := w.Text
	if w.By != nil {
		why = w.By.ID + " did not pass"
	}
	m := marks[result.Blocked]
	fmt.Fprintf(t, "%s %8s  not judged, because %s\n", t.paint(m.color, m.word), "–/"+points(w.Points), oneLine(why, 40))
	t.paragraph(strings.Repeat(" ", 18), "", strings.Join(ids, ", "))
}

const indent = "    "

// failure is why a check lost points: what was asked, what came of it, and how to see it again.
func (t terminal) failure(c checkView) {
	for _, e := range evidence(c, "rubric") {
		t.paragraph(fmt.Sprintf("%s%s:%d | ", indent, oneLine(e.File, 40), e.Line), "", e.Text)
	}
	for _, e := range evidence(c, "exchange") {
		lines := strings.Split(clean(e.Text), "\n")
		for _, l := range lines[max(0, len(lines)-textLines):] {
			fmt.Fprintf(t, "%s%s\n", indent, oneLine(l, textWidth-len(indent)))
		}
	}
	differs := false
	for _, e := range evidence(c, "diff") {
		differs = t.differences(e.Rows) || differs
	}
	if c.Many {
		t.items(c)
	} else if !differs {
		t.paragraph(indent+"want  ", "", c.Want)
		t.paragraph(indent+"got   ", "31", c.Got)
	}
	for _, hint := range c.Hints {
		t.paragraph(indent+"hint  ", "", hint)
	}
	for _, e := range evidence(c, "command") { // not cut and not wrapped, so that it can be copied
		fmt.Fprintf(t, "%scurl  %s\n", indent, strings.ReplaceAll(clean(e.Text), "\n", "\u2424"))
	}
}

func evidence(c checkView, kind string) []result.Evidence {
	return slices.DeleteFunc(slices.Clone(c.Evidence), func(e result.Evidence) bool { return e.Kind != kind })
}

// differences are the paths that differ, and whether there are any.
func (t terminal) differences(rows [][]string) bool {
	widest, shown := 0, 0
	for _, row := range rows[:min(len(rows), textItems+1)] {
		if len(row) > 0 {
			widest = max(widest, len([]rune(oneLine(row[0], 30))))
		}
	}
	for i, row := range rows {
		if i == 0 || len(row) < 3 { // the header
			continue
		}
		if shown++; shown > textItems {
			fmt.Fprintf(t, "%s… and more, on the page\n", indent)
			break
		}
		fmt.Fprintf(t, "%s  %-*s  want %s  got %s\n", indent, widest, oneLine(row[0], 30), oneLine(row[1], 50), t.paint("31", oneLine(row[2], 60)))
	}
	return shown > 0
}

// items are the parts of a check that did not hold.
func (t terminal) items(c checkView) {
	shown := 0
	for _, item := range c.Items {
		if item.Status != result.Fail && item.Status != result.Partial {
			continue
		}
		if shown++; shown > textItems {
			fmt.Fprintf(t, "%s… and more, on the page\n", indent)
			break
		}
		where := ""
		if item.Line > 0 {
			where = fmt.Sprintf("  (%s:%d)", oneLine(item.File, 30), item.Line)
		}
		fmt.Fprintf(t, "%s%s%s\n", indent, oneLine(item.Name, 40), where)
		t.paragraph(indent+"  want  ", "", item.Want)
		t.paragraph(indent+"  got   ", "31", item.Got)
		t.paragraph(indent+"  hint  ", "", item.Hint)
	}
}

// paragraph writes a text after its label, over several lines where one is too short, and nothing where it is empty.
func (t terminal) paragraph(label, color, text string) {
	width := max(textWidth-len([]rune(label)), 20)
	line := ""
	flush := func() {
		fmt.Fprintf(t, "%s%s\n", label, t.paint(color, line))
		label, line = strings.Repeat(" ", len([]rune(label))), ""
	}
	for _, word := range strings.Fields(oneLine(text, 6*textWidth)) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			flush()
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		flush()
	}
}
