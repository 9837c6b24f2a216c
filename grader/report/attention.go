package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/result"
)

// trouble is a fault of ours, and whom it met.
type trouble struct {
	result.Problem
	Rows []class.Row
}

// troubles returns the faults of ours, each once, in the order of the students.
func troubles(c class.Class) []trouble {
	var out []trouble
	for _, row := range c.Students {
		if row.Problem == nil {
			continue
		}
		i := slices.IndexFunc(out, func(t trouble) bool { return t.Problem == *row.Problem })
		if i < 0 {
			i, out = len(out), append(out, trouble{Problem: *row.Problem})
		}
		out[i].Rows = append(out[i].Rows, row)
	}
	return out
}

// who returns the names of the first few, and how many more there are.
func (t trouble) who() string {
	const few = 4
	var names []string
	for _, row := range t.Rows[:min(len(t.Rows), few)] {
		names = append(names, oneLine(row.Who(), 40))
	}
	if more := len(t.Rows) - few; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), more)
	}
	return strings.Join(names, ", ")
}

// unread returns the rows of submissions of which nothing could be read.
func unread(c class.Class) []class.Row {
	return rowsOf(c, func(row class.Row) bool { return row.Unread != "" })
}

// restless returns the rows of programs that answered otherwise when they were asked again.
func restless(c class.Class) []class.Row {
	return rowsOf(c, func(row class.Row) bool { return len(row.Unsteady()) > 0 })
}

// disputed returns the rows on which two machines came to different verdicts.
func disputed(c class.Class) []class.Row {
	return rowsOf(c, func(row class.Row) bool { return row.Opinion != nil })
}

// strangers returns the rows of submissions that are in no row of the roster; none where there is
// no roster.
func strangers(c class.Class) []class.Row {
	listed := func(row class.Row) bool { return row.Student != "" }
	if !slices.ContainsFunc(c.Students, listed) {
		return nil
	}
	return rowsOf(c, func(row class.Row) bool { return !listed(row) && !row.Second })
}

// second is a submission that does not count, and the file of the one that does.
type second struct {
	class.Row
	Instead string
}

// seconds returns the submissions of those who handed in several, but for the one that counts.
func seconds(c class.Class) (out []second) {
	files := map[string]string{}
	for _, row := range c.Students {
		files[row.ID] = row.File
	}
	for _, row := range c.Students {
		if row.Second {
			instead := files[row.Counts]
			if instead == "" {
				instead = "another"
			}
			out = append(out, second{row, instead})
		}
	}
	return out
}

// absent returns the rows of the roster of which nothing was handed in.
func absent(c class.Class) []class.Row {
	return rowsOf(c, func(row class.Row) bool { return row.State == class.Missing })
}

func rowsOf(c class.Class, match func(class.Row) bool) (out []class.Row) {
	for _, row := range c.Students {
		if match(row) {
			out = append(out, row)
		}
	}
	return out
}
