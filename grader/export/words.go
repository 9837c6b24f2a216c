package export

import (
	"fmt"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

// explain returns why a check has the points that it has, as plain text for the student; empty when
// all is well. No line is longer than a screen is wide by much, and the whole has at most limit
// bytes and a little.
func explain(c result.Check, limit int) string {
	var b strings.Builder
	line := func(indent, label, text string) {
		if b.Len() >= limit {
			return
		}
		if text = plain.Line(text, 300); text != "" {
			fmt.Fprintf(&b, "%s%s%s\n", indent, label, text)
		}
	}
	switch c.Status {
	case result.Pass:
		return ""
	case result.Blocked:
		line("", "", blocked(c))
	case result.Error:
		line("", "", "could not be judged, for a reason of the grader's; this is not the student's fault")
	}
	same := func(get func(result.Item) string, text string) bool { // most checks take what they say from their items
		return slices.ContainsFunc(c.Items, func(i result.Item) bool {
			return i.Status != result.Pass && get(i) == text
		})
	}
	if !same(func(i result.Item) string { return i.Got }, c.Got) {
		line("", "want: ", c.Want)
		line("", "got:  ", c.Got)
	}
	for _, item := range c.Items {
		if item.Status == result.Pass {
			continue
		}
		where := ""
		if item.Line > 0 {
			where = fmt.Sprintf(" (%s:%d)", item.File, item.Line)
		}
		line("", "- ", item.Name+where)
		line("  ", "want: ", item.Want)
		line("  ", "got:  ", item.Got)
		line("  ", "hint: ", item.Hint)
	}
	if !same(func(i result.Item) string { return i.Hint }, c.Hint) {
		line("", "hint: ", c.Hint)
	}
	for _, e := range c.Evidence {
		switch e.Kind {
		case "exchange", "story":
			for _, l := range strings.Split(plain.Text(e.Text), "\n") {
				line("", "| ", l)
			}
		case "command":
			line("", "again: ", e.Text)
		}
	}
	return b.String()
}

func blocked(c result.Check) string {
	if c.BlockedBy == "" {
		return "could not be judged: " + c.Got
	}
	why := fmt.Sprintf("could not be judged, because %s did not pass", c.BlockedBy)
	if c.Got != "" { // no check of its own says it
		why += strings.TrimSpace(": " + c.Got + ". " + c.Hint)
	}
	return why
}

// heading returns the name of a check for people.
func heading(c result.Check, width int) string {
	name := c.Title
	if name == "" {
		name = c.ID
	}
	if c.Bonus {
		name += " (bonus)"
	}
	return plain.Line(name, width)
}

// most returns what a check adds to the points that can be had: nothing when it is a bonus.
func most(c result.Check) float64 {
	if c.Bonus {
		return 0
	}
	return c.MaxPoints
}

// summary returns the verdict in one line.
func summary(r result.Report) string {
	passed := 0
	for _, c := range r.Checks {
		if c.Status == result.Pass {
			passed++
		}
	}
	return fmt.Sprintf("%s of %s points; %d of %d checks passed.", plain.Points(*r.Score), plain.Points(r.MaxScore),
		passed, len(r.Checks))
}
