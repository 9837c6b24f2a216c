package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/taskgrader/taskgrader/grader/class"
)

// SummaryOptions say how a terminal wants it.
type SummaryOptions struct {
	Color  bool
	Page   string // where the class's page is
	Grades string // where the table of the grades is
}

const (
	summaryLines = 5 // of each list
	summaryWidth = 100
	summaryHint  = 240 // of a fix
)

// Summary writes what a person wants to know of a class in ten seconds.
func Summary(out io.Writer, c class.Class, o SummaryOptions) error {
	w := bufio.NewWriter(out)
	paint := func(color, s string) string {
		if !o.Color {
			return s
		}
		return "\x1b[" + color + "m" + s + "\x1b[0m"
	}
	line := func(label, format string, args ...any) {
		for _, part := range folded(fmt.Sprintf(format, args...)) {
			fmt.Fprintf(w, "%-9s %s\n", label, part)
			label = ""
		}
	}
	f := figuresOf(c)
	fmt.Fprintf(w, "%s — %s\n\n", paint("1", oneLine(c.Rubric.Title, 70)), f.sentence())
	if f.Scored() {
		line("Score", "%s of %s on average, median %s, from %s to %s", paint("1", points(f.Mean)), points(c.MaxScore),
			points(f.Median), points(f.Lowest), points(f.Highest))
	}
	for i, m := range f.Missed[:min(len(f.Missed), 3)] {
		line(label(i, "Missed"), "%s by %d: %s", m.ID, m.Missed+m.Blocked, oneLine(m.Reason, summaryWidth))
	}
	faults := troubles(c)
	for _, t := range faults[:min(len(faults), summaryLines)] {
		line("Error", "%s: %s: %s", t.who(), t.Phase, oneLine(t.Message, 2*summaryWidth))
		if t.Hint != "" {
			line("Fix", "%s", oneLine(t.Hint, summaryHint))
		}
	}
	if more := len(faults) - summaryLines; more > 0 {
		line("", "… and %d more, on the page", more)
	}
	lists(c, func(name string, all []string) {
		for i, s := range all[:min(len(all), summaryLines)] {
			line(label(i, name), "%s", s)
		}
		if more := len(all) - summaryLines; more > 0 {
			line("", "… and %d more, on the page", more)
		}
	})
	line("Time", "%s graded in %s, %d kept", plural(c.Graded, "submission"), lasted(c.DurationMS), kept(c))
	line("Page", "%s", o.Page)
	line("Grades", "%s", o.Grades)
	if f.Errors+f.Stale+f.Waiting > 0 {
		fmt.Fprintf(w, "\n%s\n", paint("1;35", "Not everybody is graded: run the same command again to finish."))
	}
	return w.Flush()
}

// folded returns a line as several that fit a terminal beside their label.
func folded(s string) (lines []string) {
	const room = 80 - 10
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > room {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

// lists calls do with each list that is not empty.
func lists(c class.Class, do func(name string, lines []string)) {
	var corrupt, unsteady, disagree, unlisted, twice, changed, same, ignored []string
	for _, row := range unread(c) {
		corrupt = append(corrupt, fmt.Sprintf("%s: %s", oneLine(row.File, 60), oneLine(row.Unread, summaryWidth)))
	}
	for _, row := range restless(c) {
		unsteady = append(unsteady, oneLine(row.Who(), 40)+": "+strings.Join(row.Unsteady(), ", "))
	}
	for _, row := range disputed(c) {
		disagree = append(disagree, oneLine(row.Who(), 40)+": "+oneLine(row.Machine+" and "+row.Opinion.Machine, 85))
	}
	for _, row := range strangers(c) {
		unlisted = append(unlisted, oneLine(row.File, 60)+": in no row of the roster")
	}
	for _, row := range seconds(c) {
		twice = append(twice, oneLine(row.Who(), 40)+": "+oneLine(row.Instead, 60)+" counts, not "+
			oneLine(row.File, 60))
	}
	for _, row := range c.Students {
		if row.Now && row.Before != nil && len(row.Before.Changes) > 0 {
			changed = append(changed, oneLine(row.Who(), 40)+": "+difference(row))
		}
	}
	for _, d := range c.Duplicates {
		what := map[string]string{"content": "every file", "program": "Dockerfile and program"}[d.Same]
		same = append(same, oneLine(strings.Join(d.IDs, ", "), summaryWidth)+": "+what)
	}
	for _, name := range c.Ignored {
		ignored = append(ignored, oneLine(name, 60)+": no folder and no archive that can be read")
	}
	for _, list := range []struct {
		name  string
		lines []string
	}{{"Unread", corrupt}, {"Unsteady", unsteady}, {"Disagree", disagree}, {"Unlisted", unlisted}, {"Twice", twice},
		{"Changed", changed}, {"Same", same}, {"Ignored", ignored}} {
		if len(list.lines) > 0 {
			do(list.name, list.lines)
		}
	}
}

func label(i int, name string) string {
	if i > 0 {
		return ""
	}
	return name
}

// difference returns what another verdict is on one line.
func difference(row class.Row) string {
	number := func(n *float64) string {
		if n == nil {
			return "no score"
		}
		return points(*n)
	}
	var parts []string
	for _, k := range row.Before.Changes {
		parts = append(parts, fmt.Sprintf("%s %s → %s", k.ID, points(k.Before), points(k.After)))
	}
	return oneLine(fmt.Sprintf("%s → %s (%s)", number(row.Before.Score), number(row.Score), strings.Join(parts, ", ")),
		summaryWidth)
}

func kept(c class.Class) (n int) {
	seen := map[string]bool{} // a team has a row for each member
	for _, row := range c.Students {
		if !row.Now && (row.State == class.Graded || row.State == class.Stale) && !seen[row.ID] {
			seen[row.ID] = true
			n++
		}
	}
	return n
}
