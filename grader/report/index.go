package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/result"
)

//go:embed index.html
var indexText string

//go:embed class.css
var classStyle string

//go:embed sort.js
var script string

// policy lets the page run its own script and no other.
var policy = func() string {
	sum := sha256.Sum256([]byte(script))
	return "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

var index = template.Must(template.New("index").Funcs(template.FuncMap{
	"marked": func(s string) template.HTML { return marked(line(s)) },
	"clean":  line, "points": points, "percent": percent, "plural": plural,
	"style":  func() template.CSS { return template.CSS(classStyle) },
	"script": func() template.HTML { return template.HTML("<script>" + script + "</script>") },
	"policy": func() string { return policy },
	"short":  func(n int, s string) string { return oneLine(s, n) },
	"took":   lasted,
	"word":   result.Status.Word,
	"each":   each,
}).Parse(indexText))

// Index writes a class as one page for the instructor. It works from a file and without network; a
// script of its own sorts and searches, and nothing is missing without it.
func Index(w io.Writer, c class.Class) error {
	return index.Execute(w, indexView{Class: c, Figures: figuresOf(c)})
}

// indexView is the class with what the page makes of it.
type indexView struct {
	class.Class
	Figures figures
}

// Sentence returns how many of what.
func (v indexView) Sentence() string { return v.Figures.sentence() }

// Top returns the checks that most students missed.
func (v indexView) Top() []missedFigure { return v.Figures.Missed[:min(len(v.Figures.Missed), 10)] }

// Troubles returns the faults of ours.
func (v indexView) Troubles() []trouble { return troubles(v.Class) }

// Restless returns the rows of programs that answered otherwise when they were asked again.
func (v indexView) Restless() []class.Row { return restless(v.Class) }

// Unread returns the rows of submissions of which nothing could be read.
func (v indexView) Unread() []class.Row { return unread(v.Class) }

// Strangers returns the rows that are not in the roster.
func (v indexView) Strangers() []class.Row { return strangers(v.Class) }

// Seconds returns the submissions of which another of the same student counts.
func (v indexView) Seconds() []second { return seconds(v.Class) }

// Absent returns the students of the roster who handed in nothing.
func (v indexView) Absent() []class.Row { return absent(v.Class) }

// Again returns the rows whose verdict replaced another one.
func (v indexView) Again() []class.Row {
	return rowsOf(v.Class, func(row class.Row) bool { return row.Before != nil && len(row.Before.Changes) > 0 })
}

// Disputed returns the rows on which two machines came to different verdicts.
func (v indexView) Disputed() []class.Row { return disputed(v.Class) }

// mostRows is how many students the page lists: with more it is slow to open.
const mostRows = 1000

// First returns the students that the page lists.
func (v indexView) First() []class.Row { return v.Students[:min(len(v.Students), mostRows)] }

// Beyond returns how many students it does not list.
func (v indexView) Beyond() int { return len(v.Students) - len(v.First()) }

// each returns how many seconds one of several took.
func each(ms int64, n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", float64(ms)/1000/float64(n))
}

// histogramBar is one column of the histogram.
type histogramBar struct {
	From, To, Students int
	Height             float64 // per cent of the highest
}

// Histogram returns how many students have how much of the points.
func (v indexView) Histogram() []histogramBar {
	highest := 1
	for _, n := range v.Figures.Bins {
		highest = max(highest, n)
	}
	var out []histogramBar
	for i, n := range v.Figures.Bins {
		out = append(out, histogramBar{From: 10 * i, To: 10*i + 10, Students: n,
			Height: percent(float64(n), float64(highest))})
	}
	return out
}

// mapCell is one check of one student.
type mapCell struct {
	Class, Word, Points string
}

// Cells returns a row's checks in the order of the class's.
func (v indexView) Cells(row class.Row) []mapCell {
	out := make([]mapCell, len(v.Checks))
	for i, k := range v.Checks {
		out[i] = mapCell{Class: "none", Word: "not graded"}
		for _, verdict := range row.Checks {
			if verdict.ID == k.ID {
				out[i] = mapCell{Class: string(verdict.Status), Word: verdict.Status.Word(),
					Points: points(verdict.Points)}
				// no 0 that looks like a failure
				if verdict.Status == result.Error || verdict.Status == result.Blocked {
					out[i].Points = ""
				}
			}
		}
	}
	return out
}

func lasted(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// line returns a student's text, harmless on one line.
func line(s string) string { return oneLine(s, 1000) }
