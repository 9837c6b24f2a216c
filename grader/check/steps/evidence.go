package steps

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taskgrader/taskgrader/grader/check"
)

const exchangeBytes = 2000

// evidence returns what a student needs to see the failure, and to see it again.
func (r *runner) evidence(number int, s Step, request check.Request, a check.Answer, m miss) []check.Evidence {
	var exchange strings.Builder
	for _, line := range r.past[max(0, len(r.past)-5):] {
		exchange.WriteString(line + "\n")
	}
	fmt.Fprintf(&exchange, "%s   (step %d, %d ms)\n", r.oneLine(s, request, a), number, a.Took.Milliseconds())
	if t := a.Header.Get("Content-Type"); t != "" {
		exchange.WriteString(cut(t, 100) + "\n")
	}
	if len(a.Body) > 0 {
		exchange.WriteString(cut(strings.ToValidUTF8(string(a.Body), "\ufffd"), exchangeBytes) + "\n")
	}
	out := []check.Evidence{{Kind: "exchange", Title: "Request and answer",
		Text: strings.TrimSuffix(exchange.String(), "\n")}}
	if len(m.differences) > 0 {
		rows := [][]string{{"where", "want", "got"}}
		for _, d := range m.differences[:min(len(m.differences), 20)] {
			rows = append(rows, []string{d.path, d.want, judging{all: r.vars, origin: r.named}.annotate(d.got, d.want)})
		}
		out = append(out, check.Evidence{Kind: "diff", Title: "What differs", Rows: rows})
	}
	if text := r.written(s); text != "" {
		out = append(out, check.Evidence{Kind: "rubric", Title: "The rubric's line", Text: text, File: s.File,
			Line: s.Line})
	}
	return append(out, check.Evidence{Kind: "command", Title: "Try it yourself",
		Text: Curl(request, r.target.Started().Port)})
}

// written returns the lines of the rubric that a step is on.
func (r *runner) written(s Step) string {
	first, last := s.lines()
	var lines []string
	for n := first; n <= min(last, first+20); n++ {
		lines = append(lines, strings.TrimRight(r.in.Line(n), " "))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// oneLine returns a request and what came of it: who asked, the headers that the rubric set, and
// the body.
func (r *runner) oneLine(s Step, q check.Request, a check.Answer) string {
	got := status(a.Status)
	switch {
	case a.Fault != "":
		got = a.Fault
	case a.Status == 0:
		got = "not sent"
	}
	line := fmt.Sprintf("%s %s", q.Method, cut(q.Path, 300))
	if s.who != nil {
		line += " as " + s.who.name
	}
	for _, name := range slices.Sorted(maps.Keys(q.Header)) {
		if own := q.Header.Get(name); name != "Accept" && (name != "Content-Type" || own != "application/json") {
			line += ", " + name + ": " + cut(own, 80)
		}
	}
	body := strings.ToValidUTF8(string(q.Body), "\ufffd")
	return strings.TrimSpace(line+" "+cut(strings.TrimSpace(body), 160)) + "  -> " + got
}

// status returns a status code with its words.
func status(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}

// quoted returns the beginning of a body as a finding shows it.
func quoted(body []byte) string {
	if !utf8.Valid(body) {
		return fmt.Sprintf("%d bytes that are no text", len(body))
	}
	if len(body) == 0 {
		return "an empty answer"
	}
	return fmt.Sprintf("%q", cut(string(body), showBytes))
}
