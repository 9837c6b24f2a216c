package grader

import (
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

// What a report holds of one thing, at most: a student's text may be as long as a Dockerfile or an
// answer may be, and be said of each of a thousand things.
const (
	mostText  = 4000 // characters of a sentence, a name or a field of a table
	mostShown = 2 * shownBytes
	mostItems = 500 // things that one check asked, or rows of a table
)

// bounded returns a check of which no part is longer than people read.
func bounded(c result.Check) result.Check {
	for _, text := range []*string{&c.Want, &c.Got, &c.Hint} {
		*text = plain.Cut(*text, mostText)
	}
	c.Items = c.Items[:min(len(c.Items), mostItems)]
	for i := range c.Items {
		item := &c.Items[i]
		for _, text := range []*string{&item.Name, &item.Want, &item.Got, &item.Hint} {
			*text = plain.Cut(*text, mostText)
		}
	}
	for i := range c.Evidence {
		e := &c.Evidence[i]
		e.Title, e.Text = plain.Cut(e.Title, mostText), plain.Cut(e.Text, mostShown)
		e.Rows = e.Rows[:min(len(e.Rows), mostItems)]
		for _, row := range e.Rows {
			for n := range row {
				row[n] = plain.Cut(row[n], mostText)
			}
		}
	}
	return c
}
