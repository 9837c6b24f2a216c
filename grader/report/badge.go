package report

import (
	"fmt"
	"io"

	"github.com/taskgrader/taskgrader/grader/result"
)

// Badge writes the score as a small picture (SVG) with an accessible title: no font, no network,
// one size everywhere.
func Badge(w io.Writer, r result.Report) error {
	text, color := "no score", "#7a2a94"
	if r.Score != nil {
		text = points(*r.Score) + " of " + points(r.MaxScore)
		switch p := percent(*r.Score, r.MaxScore); {
		case p >= 80:
			color = "#19703c"
		case p >= 50:
			color = "#8a5300"
		default:
			color = "#b3261e"
		}
	}
	const label, letter, margin = "taskgrader", 7, 8 // pixels
	left, right := len(label)*letter+2*margin, len(text)*letter+2*margin
	part := func(x, width int, s string) string {
		return fmt.Sprintf(`<text x="%d" y="14" textLength="%d">%s</text>`, x+margin, width-2*margin, s)
	}
	_, err := fmt.Fprintf(w,
		`<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="20" role="img" aria-label="%[2]s: `+
			`%[3]s"><title>%[2]s: %[3]s</title><clipPath id="c"><rect width="%[1]d" height="20" `+
			`rx="3"/></clipPath><g clip-path="url(#c)"><rect width="%[4]d" height="20" fill="#2b303b"/><rect `+
			`x="%[4]d" width="%[5]d" height="20" fill="%[6]s"/></g><g fill="#fff" font-family="Verdana,DejaVu `+
			`Sans,sans-serif" font-size="11">%[7]s%[8]s</g></svg>`+"\n",
		left+right, label, text, left, right, color, part(0, left, label), part(left, right, text))
	return err
}
