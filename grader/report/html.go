package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/taskgrader/taskgrader/grader/result"
)

//go:embed page.html
var pageText string

//go:embed style.css
var style string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"clean": clean, "brief": brief, "marked": func(s string) template.HTML { return marked(brief(s)) },
	"several": several, "whole": whole, "tail": tail, "points": points, "size": size, "percent": percent,
	"plural": plural,
	"word":   result.Status.Word, "checkWord": checkWord, "itemWord": itemWord,
	"advises": advises, "foreseen": foreseen, "icon": statusIcon, "lost": lost, "took": took,
	"style": func() template.CSS { return template.CSS(style) },
	"lines": func(s string) []string { return strings.Split(s, "\n") },
	"short": func(s string) string { return oneLine(s, 90) },
}).Parse(pageText))

// HTML writes a report as one page: no script, no network, readable light and dark, narrow and
// printed.
func HTML(w io.Writer, r result.Report) error {
	return page.Execute(w, viewOf(r))
}

// What a page shows of a text; the JSON has all of it.
const (
	briefRunes = 1200 // of a text that is no block
	blockLines = 200
	blockRunes = 4000 // of a line in a block
)

// brief returns clean and cut.
func brief(s string) string { return cut(clean(s), briefRunes) }

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	if runes := []rune(s); len(runes) > most {
		return fmt.Sprintf("%s … (%d more characters)", string(runes[:most]), len(runes)-most)
	}
	return s
}

// whole returns a text of many lines, cut at its end.
func whole(s string) string {
	lines := blockOf(s)
	if more := len(lines) - blockLines; more > 0 {
		lines = append(lines[:blockLines:blockLines], fmt.Sprintf("… and %s", plural(more, "more line")))
	}
	return strings.Join(lines, "\n")
}

// tail returns a text of many lines whose end matters most, cut at its beginning.
func tail(s string) string {
	lines := blockOf(s)
	if more := len(lines) - blockLines; more > 0 {
		lines = append([]string{fmt.Sprintf("%s before this …", plural(more, "line"))}, lines[more:]...)
	}
	return strings.Join(lines, "\n")
}

func blockOf(s string) []string {
	lines := strings.Split(strings.TrimRight(clean(s), "\n"), "\n")
	for i, line := range lines {
		lines[i] = cut(line, blockRunes)
	}
	return lines
}

// took returns a time as a person reads it.
func took(ms int64) string {
	if ms < 1000 {
		return fmt.Sprintf("%d ms", ms)
	}
	return fmt.Sprintf("%.1f s", float64(ms)/1000)
}

func statusIcon(s result.Status) string {
	return map[result.Status]string{result.Pass: "✓", result.Partial: "◐", result.Fail: "✗", result.Blocked: "‖",
		result.Error: "!"}[s]
}

// marked returns a text, cleaned already, with what stands between backticks as code.
func marked(text string) template.HTML {
	parts := strings.Split(text, "`")
	if len(parts)%2 == 0 { // one of them is part of what is quoted
		return template.HTML(template.HTMLEscapeString(text))
	}
	for i, part := range parts {
		parts[i] = template.HTMLEscapeString(part)
		if i%2 == 1 && part != "" {
			parts[i] = "<code>" + parts[i] + "</code>"
		}
	}
	return template.HTML(strings.Join(parts, ""))
}

// several reports whether an edit writes more than one line, which are then shown as they are to
// stand.
func several(e *result.Edit) bool { return e != nil && strings.Contains(e.New, "\n") }
