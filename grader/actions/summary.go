package actions

import (
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

// summaryBytes is how much GitHub shows of one step.
const summaryBytes = 1 << 20

//go:embed summary.html
var summaryText string

var summary = template.Must(template.New("summary").Funcs(template.FuncMap{
	"line": prose, "code": code, "pre": pre, "points": plain.Points, "word": word, "advice": advice, "lost": lost,
	"failed": failed,
}).Parse(summaryText))

// Summary writes the score, the skills, and what to fix, for the file that GITHUB_STEP_SUMMARY
// names.
//
// It is Markdown of one kind only: a single block of HTML. Such a block ends at the first empty
// line; this one has none, so that nothing in it is read as Markdown, and whatever a student wrote
// is text.
func Summary(w io.Writer, r result.Report) error {
	r = r.For(result.Student)
	var text string
	for _, evidence := range []bool{true, false} {
		var b strings.Builder
		if err := summary.Execute(&b, view{r, evidence}); err != nil {
			return fmt.Errorf("writing the summary: %w", err)
		}
		if text = squeeze(b.String()); len(text) < summaryBytes {
			break
		}
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	return nil
}

// view is a report with what the summary makes of it.
type view struct {
	result.Report
	Evidence bool // show what was asked and answered
}

// Failed returns the checks that lost points by their own fault.
func (v view) Failed() []result.Check {
	return slices.DeleteFunc(slices.Clone(v.Checks), func(c result.Check) bool {
		return c.Status != result.Fail && c.Status != result.Partial
	})
}

// Blocked returns the checks that could not be judged because of another.
func (v view) Blocked() []result.Check {
	return slices.DeleteFunc(slices.Clone(v.Checks), func(c result.Check) bool { return c.Status != result.Blocked })
}

// squeeze takes out empty lines and indentation.
func squeeze(text string) string {
	var out []string
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n") + "\n"
}

// A word joiner behind these marks keeps GitHub from making links of names and numbers.
var unlink = strings.NewReplacer("@", "@\u2060", "#", "#\u2060")

func prose(s string) string { return unlink.Replace(plain.Line(s, shown)) }

func code(s string) template.HTML {
	if s = plain.Line(s, shown); s == "" {
		return ""
	}
	return template.HTML("<code>" + html.EscapeString(s) + "</code>")
}

// pre returns a text of several lines on one line of the summary.
func pre(s string) template.HTML {
	return template.HTML("<pre>" + strings.ReplaceAll(html.EscapeString(plain.Cut(plain.Text(s), 5*shown)), "\n",
		"&#10;") + "</pre>")
}

func word(s result.Status) string {
	return map[result.Status]string{result.Pass: "✅ passed", result.Partial: "🟡 partly", result.Fail: "❌ failed",
		result.Blocked: "⏸️ blocked", result.Error: "⚠️ grader error"}[s]
}

func lost(c result.Check) string { return plain.Points(c.MaxPoints - c.Points) }

// failed returns the items of a check that lost points.
func failed(c result.Check) []result.Item {
	return slices.DeleteFunc(slices.Clone(c.Items), func(i result.Item) bool {
		return i.Status != result.Fail && i.Status != result.Partial
	})
}

// advice returns what a check's hint says beyond its items.
func advice(c result.Check) []string {
	var out []string
	for _, hint := range strings.Split(c.Hint, "\n") {
		if hint != "" && !slices.ContainsFunc(failed(c), func(i result.Item) bool { return i.Hint == hint }) {
			out = append(out, hint)
		}
	}
	return out
}
