package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/result"
)

// TextOptions say how a terminal wants it.
type TextOptions struct {
	Color bool
	Width int      // columns, of which 40 to 120 are used; 0 is 80. Commands stay in one piece
	Page  string   // the path of the page, or empty
	Only  []string // the checks that were asked for; empty is all
	Args  []string // what else grades the same again, such as the folder
}

const (
	textWidth  = 80  // columns where none are said
	textRunes  = 480 // of one paragraph
	textItems  = 6   // of one check
	textLines  = 8   // of one exchange
	storyLines = 16  // of a walk
)

var marks = map[result.Status]struct{ word, color string }{
	result.Pass: {"PASS", "32"}, result.Partial: {"PART", "33"}, result.Fail: {"FAIL", "31"},
	result.Blocked: {"BLOCKED", "36"}, result.Error: {"ERROR", "35"},
}

// Text writes the verdict for a terminal: every check on one line, what failed with its reason,
// what waits for it, and the score.
func Text(out io.Writer, r result.Report, o TextOptions) error {
	b := bufio.NewWriter(out)
	t := newTerminal(b, o)
	id := oneLine(r.Submission.ID, t.width/2)
	fmt.Fprintf(t, "%s — %s\n\n", t.paint("1", id), oneLine(r.Rubric.Title, t.width-3-len([]rune(id))))
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
		mastered, got, name := " ", points(s.Points), min(34, t.width-17)
		switch {
		case r.Score == nil:
			got = "–"
		case s.Mastered:
			mastered = t.paint("32", "✓")
		}
		fmt.Fprintf(t, "  %s %-*s %6s / %s\n", mastered, name, oneLine(s.Name, name), got, points(s.MaxPoints))
	}
	for _, n := range r.Notes {
		t.paragraph("  note: ", "", n)
	}
	if r.Score != nil {
		fmt.Fprintf(t, "\n%s\n", t.paint("1", fmt.Sprintf("Score %s of %s", points(*r.Score), points(r.MaxScore))))
	} else {
		fmt.Fprintln(t)
		t.paragraph("", "1;35", "No score: the grader could not finish. This is not the student's fault.")
		if r.Problem != nil {
			t.paragraph("  "+oneLine(r.Problem.Phase, 20)+": ", "", r.Problem.Message)
			t.paragraph("  hint: ", "", r.Problem.Hint)
		}
	}
	if o.Page != "" {
		fmt.Fprintf(t, "Page  %s\n", o.Page)
	}
	fmt.Fprintf(t, "Again %s\n", again(r, o.Args, o.Only...))
	if ids := missedIDs(r); len(ids) > 0 && !slices.Equal(slices.Sorted(slices.Values(ids)),
		slices.Sorted(slices.Values(o.Only))) {
		fmt.Fprintf(t, "      %s\n", again(r, o.Args, ids...))
	}
	return b.Flush()
}

// ofEachRun are the parts of a reason that differ from run to run: ids, lines, times.
var ofEachRun = regexp.MustCompile(`[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9]+`)

// reason returns why a check lost points; nothing where it lost none, whatever was measured.
func reason(c result.Check) string {
	if c.Status == result.Pass {
		return ""
	}
	text := c.Hint + "\n" + c.Got
	for _, item := range c.Items {
		if item.Status != result.Pass {
			text += "\n" + item.Hint + "\n" + item.Got
		}
	}
	return ofEachRun.ReplaceAllString(text, "#")
}

// Change writes what became of a check since an earlier verdict on it, and reports whether it wrote
// anything: nothing where that is as it was, or where the check could not be judged.
func Change(out io.Writer, before, after result.Check, o TextOptions) (bool, error) {
	same := before.Status == after.Status && before.Points == after.Points && reason(before) == reason(after)
	if same || after.Status == result.Blocked || after.Status == result.Error {
		return false, nil
	}
	b := bufio.NewWriter(out)
	newTerminal(b, o).verdict(result.Report{}, after)
	return true, b.Flush()
}

// missedIDs returns the checks that lost points and can be asked alone.
func missedIDs(r result.Report) (ids []string) {
	for _, c := range r.Checks {
		if checkViewOf(r, c).Again != "" {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// terminal writes lines for people. The error is kept by the writer until it is flushed.
type terminal struct {
	io.Writer
	color bool
	width int
}

func newTerminal(w io.Writer, o TextOptions) terminal {
	return terminal{w, o.Color, min(max(cmp.Or(o.Width, textWidth), 40), 120)}
}

func (t terminal) paint(color, s string) string {
	if !t.color || color == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// verdict writes a check with the reason why it lost points.
func (t terminal) verdict(r result.Report, c result.Check) {
	t.check(c)
	if missed(c) {
		t.failure(checkViewOf(r, c))
	}
}

// check writes a check on one line, with its title below where that would be cut too short.
func (t terminal) check(c result.Check) {
	score := points(c.Points)
	if c.Status == result.Error {
		score = "–"
	}
	m, id := marks[c.Status], oneLine(c.ID, min(24, t.width-margin))
	if advises(c) {
		m.word = "ADVICE"
	}
	fmt.Fprintf(t, "%s %8s  ", t.paint(m.color, fmt.Sprintf("%-7s", m.word)), score+"/"+points(c.MaxPoints))
	if room := t.width - margin - 1 - max(16, len([]rune(id))); room >= 30 {
		fmt.Fprintf(t, "%-16s %s\n", id, oneLine(c.Title, room))
		return
	}
	fmt.Fprintln(t, id)
	t.paragraph(indent, "", c.Title)
}

const (
	indent = "    "
	margin = 18 // columns before a check's id
)

// waiting writes what could not be judged, on one line for all that wait for the same.
func (t terminal) waiting(w wait) {
	var ids []string
	for _, c := range w.Checks {
		ids = append(ids, oneLine(c.ID, 24))
	}
	why := w.Text
	if w.By != nil {
		why = w.By.ID + " did not pass"
	}
	m, blank := marks[result.Blocked], strings.Repeat(" ", margin)
	first, rest := fold("not judged, because "+why, t.width-margin)
	fmt.Fprintf(t, "%s %8s  %s\n", t.paint(m.color, m.word), "–/"+points(w.Points), first)
	t.paragraph(blank, "", rest)
	t.paragraph(blank, "", strings.Join(ids, ", "))
	for _, c := range w.Checks {
		for _, item := range foreseen(c) {
			t.paragraph(blank, "", "seen already: "+item.Got+". "+item.Hint)
		}
	}
}

// failure writes why a check lost points: what was asked, what came of it, and how to see it again.
func (t terminal) failure(c checkView) {
	for _, e := range evidence(c, "rubric") {
		t.paragraph(fmt.Sprintf("%s%s:%d | ", indent, oneLine(e.File, t.width/2-4), e.Line), "", e.Text)
	}
	for _, e := range evidence(c, "exchange") {
		lines := strings.Split(clean(e.Text), "\n")
		for _, l := range lines[max(0, len(lines)-textLines):] {
			fmt.Fprintf(t, "%s%s\n", indent, oneLine(l, t.width-len(indent)))
		}
	}
	for _, e := range evidence(c, "story") {
		lines := slices.DeleteFunc(strings.Split(clean(e.Text), "\n"),
			func(l string) bool { return strings.HasPrefix(l, " ") }) // what was wanted, which comes below
		for _, l := range lines[max(0, len(lines)-storyLines):] {
			fmt.Fprintf(t, "%s%s\n", indent, oneLine(l, t.width-len(indent)))
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

// differences writes the paths that differ, and reports whether there are any.
func (t terminal) differences(rows [][]string) bool {
	// without the header
	rows = slices.DeleteFunc(slices.Clone(rows[min(len(rows), 1):]), func(row []string) bool { return len(row) < 3 })
	shown := rows[:min(len(rows), textItems)]
	widest, longest := 0, 0
	for _, row := range shown {
		widest = max(widest, len([]rune(oneLine(row[0], 30))))
	}
	line := func(row []string, color string) string {
		return fmt.Sprintf("%s  %-*s  want %s  got %s", indent, widest, oneLine(row[0], 30), oneLine(row[1], 50),
			t.paint(color, oneLine(row[2], 60)))
	}
	for _, row := range shown {
		longest = max(longest, len([]rune(line(row, ""))))
	}
	for _, row := range shown {
		if longest <= t.width {
			fmt.Fprintln(t, line(row, "31"))
		} else {
			t.wantGot(row[0], row[1], row[2])
		}
	}
	t.more(len(rows))
	return len(rows) > 0
}

// wantGot writes one of several things that did not hold, over three lines or more.
func (t terminal) wantGot(name, want, got string) {
	t.paragraph(indent, "", name)
	t.paragraph(indent+"  want  ", "", want)
	t.paragraph(indent+"  got   ", "31", got)
}

// more says that not all of so many things were shown.
func (t terminal) more(n int) {
	if n > textItems {
		fmt.Fprintf(t, "%s… and %d more, on the page\n", indent, n-textItems)
	}
}

// items writes the parts of a check that did not hold.
func (t terminal) items(c checkView) {
	failed := slices.DeleteFunc(slices.Clone(c.Items), func(i result.Item) bool {
		return i.Status != result.Fail && i.Status != result.Partial
	})
	for _, item := range failed[:min(len(failed), textItems)] {
		name := oneLine(item.Name, 40)
		if item.Line > 0 {
			name += fmt.Sprintf("  (%s:%d)", oneLine(item.File, 30), item.Line)
		}
		t.wantGot(name, item.Want, item.Got)
		t.paragraph(indent+"  hint  ", "", item.Hint)
	}
	t.more(len(failed))
}

// paragraph writes a text after its label, over several lines where one is too short, and nothing
// where it is empty.
func (t terminal) paragraph(label, color, text string) {
	width := len([]rune(label))
	for text = oneLine(text, textRunes); text != ""; label = strings.Repeat(" ", width) {
		var line string
		line, text = fold(text, t.width-width)
		fmt.Fprintf(t, "%s%s\n", label, t.paint(color, line))
	}
}

// fold parts a line between words, so that the first part fits; a word that does not stays whole.
func fold(s string, width int) (first, rest string) {
	words := strings.Split(s, " ")
	n, length := 1, len([]rune(words[0]))
	for n < len(words) && length+1+len([]rune(words[n])) <= max(width, 10) {
		length += 1 + len([]rune(words[n]))
		n++
	}
	return strings.Join(words[:n], " "), strings.Join(words[n:], " ")
}
