package steps

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/taskgrader/taskgrader/grader/check"
)

const exchangeBytes = 2000

// evidence is what a student needs to see the failure, and to see it again.
func (r *runner) evidence(number int, s Step, request check.Request, a check.Answer, m miss) []check.Evidence {
	var exchange strings.Builder
	for _, line := range r.past[max(0, len(r.past)-5):] {
		exchange.WriteString(line + "\n")
	}
	fmt.Fprintf(&exchange, "%s   (step %d, %d ms)\n", oneLine(request, a), number, a.Took.Milliseconds())
	if t := a.Header.Get("Content-Type"); t != "" {
		exchange.WriteString(cut(t, 100) + "\n")
	}
	if len(a.Body) > 0 {
		exchange.WriteString(cut(strings.ToValidUTF8(string(a.Body), "\ufffd"), exchangeBytes) + "\n")
	}
	out := []check.Evidence{{Kind: "exchange", Title: "Request and answer", Text: strings.TrimSuffix(exchange.String(), "\n")}}
	if len(m.differences) > 0 {
		rows := [][]string{{"where", "want", "got"}}
		for _, d := range m.differences[:min(len(m.differences), 20)] {
			rows = append(rows, []string{d.path, d.want, annotate(d.got, d.want, r.vars)})
		}
		out = append(out, check.Evidence{Kind: "diff", Title: "What differs", Rows: rows})
	}
	if line := strings.TrimSpace(r.in.Line(s.Line)); line != "" {
		out = append(out, check.Evidence{Kind: "rubric", Title: "The rubric's line", Text: line, File: s.File, Line: s.Line})
	}
	return append(out, check.Evidence{Kind: "command", Title: "Try it yourself", Text: curl(request, r.target.Started().Port)})
}

// oneLine is a request and what came of it.
func oneLine(r check.Request, a check.Answer) string {
	got := status(a.Status)
	if a.Fault != "" {
		got = a.Fault
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, cut(r.Path, 300), cut(string(r.Body), 160))) + "  -> " + got
}

// status is a status code with its words.
func status(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}

// quoted is the beginning of a body as a finding shows it.
func quoted(body []byte) string {
	if !utf8.Valid(body) {
		return fmt.Sprintf("%d bytes that are no text", len(body))
	}
	if len(body) == 0 {
		return "an empty answer"
	}
	return fmt.Sprintf("%q", cut(string(body), showBytes))
}

var safeArgument = regexp.MustCompile(`^[a-zA-Z0-9@%+=:,./_-]+$`)

// curl is the command that repeats a request against a container published on its own port.
func curl(r check.Request, port int) string {
	words := []string{"curl", "-i"}
	if r.Method != http.MethodGet {
		words = append(words, "-X", r.Method)
	}
	if t := r.Header.Get("Content-Type"); t != "" {
		words = append(words, "-H", "Content-Type: "+t)
	}
	if len(r.Body) > 0 {
		words = append(words, "-d", cut(string(r.Body), exchangeBytes))
	}
	words = append(words, fmt.Sprintf("http://127.0.0.1:%d%s", port, cut(r.Path, exchangeBytes)))
	for i, w := range words {
		if !safeArgument.MatchString(w) {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
