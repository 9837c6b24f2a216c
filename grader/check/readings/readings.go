// Package readings reads what programs write when they fail. The kinds build and start share it.
package readings

import (
	"regexp"
	"strings"
)

// Reading is one text by which a program says what is wrong.
type Reading struct {
	pattern   *regexp.Regexp
	got, hint string
}

// On is that a log which the pattern matches means what got says, and that hint is the fix; $1 and so on are what the
// pattern found.
func On(pattern, got, hint string) Reading { return Reading{regexp.MustCompile(pattern), got, hint} }

var (
	escapes = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)
	frames  = regexp.MustCompile(`[│╰├─▶×╵└┬]+|\s+`)
)

// Read finds the first of the readings that a log has, at its last place, since that is what ended the program. uv draws
// frames and breaks its sentences over lines, so the log is also looked at as one line.
func Read(readings []Reading, log string) (got, hint string, ok bool) {
	log = escapes.ReplaceAllString(log, "")
	line := strings.Join(strings.Fields(frames.ReplaceAllString(log, " ")), " ")
	for _, r := range readings {
		for _, text := range []string{log, line} {
			if all := r.pattern.FindAllStringSubmatchIndex(text, -1); all != nil {
				put := func(template string) string {
					return short(string(r.pattern.ExpandString(nil, template, text, all[len(all)-1])))
				}
				return put(r.got), put(r.hint), true
			}
		}
	}
	return "", "", false
}

// longest is how many bytes of a program's text are repeated in one sentence.
const longest = 400

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return s
}

// LastLine is the last line that says something, or empty.
func LastLine(log string) string { return short(Tail(escapes.ReplaceAllString(log, ""), 1)) }

// Tail is the last lines.
func Tail(log string, lines int) string {
	all := strings.Split(strings.TrimSpace(log), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
