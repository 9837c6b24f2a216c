package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/result"
)

//go:embed page.html
var pageText string

//go:embed style.css
var style string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"clean": clean, "points": points, "mb": megabytes, "word": statusWord, "icon": statusIcon, "percent": percent,
	"style": func() template.CSS { return template.CSS(style) }, "lines": func(s string) []string { return strings.Split(s, "\n") },
	"open":  func(c result.Check) bool { return c.Status == result.Fail || c.Status == result.Partial },
	"short": func(s string) string { return oneLine(s, 90) },
}).Parse(pageText))

// HTML writes a report as one page: no script, no network, readable light and dark, narrow and printed.
func HTML(w io.Writer, r result.Report) error {
	return page.Execute(w, view{Report: r, First: firsts(r), Code: code(r), Bars: bars(r)})
}

// view is the report with what the page makes of it.
type view struct {
	result.Report
	First []result.Check // what to mend first
	Code  []codeLine
	Bars  []bar
}

// Percent is the score for the ring.
func (v view) Percent() float64 {
	if v.Score == nil {
		return 0
	}
	return percent(min(*v.Score, v.MaxScore), v.MaxScore)
}

// Holds says whether all that is not bonus passed.
func (v view) Holds() bool {
	return !slices.ContainsFunc(v.Checks, func(c result.Check) bool { return c.Status != result.Pass && !c.Bonus })
}

// Lost is the points that a check lost.
func (v view) Lost(c result.Check) string { return points(c.MaxPoints - c.Points) }

// firsts are the checks that lost most points by their own fault.
func firsts(r result.Report) []result.Check {
	var out []result.Check
	for _, c := range r.Checks {
		if (c.Status == result.Fail || c.Status == result.Partial) && !c.Bonus {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b result.Check) int {
		switch d := (b.MaxPoints - b.Points) - (a.MaxPoints - a.Points); {
		case d > 0:
			return 1
		case d < 0:
			return -1
		}
		return 0
	})
	return out[:min(len(out), 3)]
}

// codeLine is a line of the Dockerfile with what was found there.
type codeLine struct {
	Number   int
	Text     string
	Findings []string
}

func code(r result.Report) []codeLine {
	if r.Source == nil || r.Source.Dockerfile == "" {
		return nil
	}
	found := map[int][]string{}
	for _, c := range r.Checks {
		for _, item := range c.Items {
			if item.File == "Dockerfile" && item.Line > 0 && (item.Status == result.Fail || item.Status == result.Partial) {
				found[item.Line] = append(found[item.Line], c.ID+": "+item.Got+". "+item.Hint)
			}
		}
	}
	var out []codeLine
	for i, text := range strings.Split(strings.TrimRight(r.Source.Dockerfile, "\r\n"), "\n") {
		out = append(out, codeLine{Number: i + 1, Text: clean(text), Findings: found[i+1]})
	}
	return out
}

// bar is one layer in the picture of the image.
type bar struct {
	X, Width float64 // of 1000
	Class    string
	Label    string
}

func bars(r result.Report) []bar {
	if r.Image == nil || r.Image.SizeBytes == 0 {
		return nil
	}
	var sum int64
	for _, l := range r.Image.Layers {
		sum += l.Bytes
	}
	if sum == 0 {
		return nil
	}
	var out []bar
	x := 0.0
	for i, l := range r.Image.Layers {
		b := bar{X: x, Width: 1000 * float64(l.Bytes) / float64(sum), Class: fmt.Sprintf("own%d", i%3), Label: megabytes(l.Bytes) + "  " + clean(l.Instruction)}
		if l.Base {
			b.Class = "base"
		}
		x += b.Width
		out = append(out, b)
	}
	return out
}

func percent(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(int(1000*part/whole+0.5)) / 10
}

func statusWord(s result.Status) string {
	return map[result.Status]string{result.Pass: "passed", result.Partial: "partly", result.Fail: "failed", result.Blocked: "blocked", result.Error: "grader error"}[s]
}

func statusIcon(s result.Status) string {
	return map[result.Status]string{result.Pass: "✓", result.Partial: "◐", result.Fail: "✗", result.Blocked: "⏸", result.Error: "!"}[s]
}
