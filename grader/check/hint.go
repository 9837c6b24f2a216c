package check

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// Hint is what a student is told of a lost point, as data; [Hint.String] draws it.
type Hint struct {
	Cause  string // what was looked at and seen, as a sentence; empty where Got says it already
	Advice string // what to do, as a sentence that names no line to write
	Edit   *Edit  // the line to write; nil where none can be made of the student's own words
}

// Edit is a change of lines in a file of the submission, made from the parsed file and parsed back.
type Edit struct {
	File string
	Line int    // where Old begins, from 1; where Old is empty, the line below which New goes in, and 0 is the top
	Old  string // whole lines as they stand, without the last line end; empty where none is taken away
	New  string // whole lines to write; empty where Old is to be taken away
}

// Advise returns a hint that is advice alone.
func Advise(text string) Hint { return Hint{Advice: text} }

// Advisef returns a hint that is advice alone, formatted as by fmt.Sprintf.
func Advisef(format string, args ...any) Hint { return Hint{Advice: fmt.Sprintf(format, args...)} }

// IsZero reports whether there is nothing to tell.
func (h Hint) IsZero() bool { return h == Hint{} }

// String returns the hint as a student reads it: cause, advice, and the line to write with its
// place.
func (h Hint) String() string {
	text := strings.TrimSpace(h.Cause + " " + h.Advice)
	if h.Edit != nil {
		text = strings.TrimSpace(text + " " + h.Edit.String())
	}
	return text
}

// String returns the edit in one sentence.
func (e Edit) String() string {
	if out := e.takenOut(); out != "" {
		return fmt.Sprintf("Take %s out of %s.", out, e.File)
	}
	lines := slices.DeleteFunc(strings.Split(e.New, "\n"),
		func(line string) bool { return strings.TrimSpace(line) == "" })
	quoted := "`" + strings.Join(lines, "` and below it `") + "`"
	if len(lines) > 2 {
		quoted = "`" + strings.Join(lines, "`, `") + "`, one a line,"
	}
	switch {
	case e.New == "":
		return fmt.Sprintf("Take `%s` out of %s, line %d.", e.Old, e.File, e.Line)
	case strings.Contains(e.Old, "\n"):
		return fmt.Sprintf("Make lines %d to %d of %s %s.", e.Line, e.Line+strings.Count(e.Old, "\n"), e.File,
			strings.TrimSuffix(quoted, ","))
	case e.Old != "":
		return fmt.Sprintf("Make line %d of %s %s.", e.Line, e.File, strings.TrimSuffix(quoted, ","))
	case e.Line == 0:
		return fmt.Sprintf("Write %s at the top of %s.", quoted, e.File)
	}
	return fmt.Sprintf("Write %s below line %d of %s.", quoted, e.Line, e.File)
}

// takenOut names the lines that an edit of several takes out, where that is all it does; else it is
// empty.
func (e Edit) takenOut() string {
	old, kept := strings.Split(e.Old, "\n"), strings.Split(e.New, "\n")
	if e.New == "" {
		kept = nil
	}
	var gone []int
	for i, line := range old {
		if len(kept) > 0 && kept[0] == line {
			kept = kept[1:]
		} else {
			gone = append(gone, e.Line+i)
		}
	}
	if len(old) < 2 || len(kept) > 0 || len(gone) == 0 {
		return ""
	}
	var parts []string
	for i := 0; i < len(gone); i++ {
		first := gone[i]
		for i+1 < len(gone) && gone[i+1] == gone[i]+1 {
			i++
		}
		if gone[i] > first {
			parts = append(parts, fmt.Sprintf("lines %d to %d", first, gone[i]))
		} else {
			parts = append(parts, fmt.Sprintf("line %d", first))
		}
	}
	return strings.Join(parts, " and ")
}

// And returns names as a sentence has them: a, b and c.
func And(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Rewrite returns the edit that changes the first of some lines of a file that a pattern matches,
// each match expanded as by regexp.Expand; nil where none of them is matched, or the file cannot be
// read.
func Rewrite(folder fs.FS, file string, first, last int, pattern *regexp.Regexp, with string) *Edit {
	text, err := fs.ReadFile(folder, file)
	if err != nil {
		return nil
	}
	lines := strings.Split(string(text), "\n")
	for n := max(first, 1); n <= min(last, len(lines)); n++ {
		old := strings.TrimSuffix(lines[n-1], "\r")
		if changed := pattern.ReplaceAllString(old, with); changed != old {
			return &Edit{File: file, Line: n, Old: old, New: changed}
		}
	}
	return nil
}

// Apply returns the text of a file with the edit made. The error says that the text is not the one
// that the edit was made from.
func (e Edit) Apply(text string) (string, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if text == "" {
		lines = nil
	}
	var old, replacement []string
	if e.Old != "" {
		old = strings.Split(e.Old, "\n")
	}
	if e.New != "" {
		replacement = strings.Split(e.New, "\n")
	}
	at := e.Line
	if e.Old != "" {
		at--
	}
	if at < 0 || at+len(old) > len(lines) {
		return "", fmt.Errorf("%s has no line %d", e.File, e.Line)
	}
	for i, want := range old {
		if got := strings.TrimSuffix(lines[at+i], "\r"); got != want {
			return "", fmt.Errorf("line %d of %s is %q, and %q was expected", e.Line+i, e.File, got, want)
		}
	}
	out := append([]string{}, lines[:at]...)
	out = append(append(out, replacement...), lines[at+len(old):]...)
	return strings.Join(out, "\n") + "\n", nil
}
