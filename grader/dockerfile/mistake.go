package dockerfile

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Change is lines of a file to write in place of others.
type Change struct {
	Line     int    // where Old begins, from 1; where Old is empty, the line below which New goes in, and 0 is the top
	Old, New string // whole lines, without the last line end; New is empty where Old is to be taken away
}

// Names are the instructions of Docker.
var names = []string{"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL",
	"MAINTAINER", "ONBUILD", "RUN", "SHELL",
	"STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}

// slip is a line that Docker cannot read, and what is around it.
type slip struct {
	lines  []string
	number int    // of the line, from 1
	line   string // without blanks around it
	word   string // its first
	rest   string // what follows
	said   string // by Docker
	folder fs.FS  // where the file lies; nil when not known
}

// cause is why a line cannot be read: the words follow the quoted line.
type cause struct {
	words, hint string
	change      *Change
}

// mistakes are what a line can be wrong in, asked in this order; each gives nil where it is
// something else.
var mistakes = []func(slip) *cause{fence, noBlank, continuation, curly, commentBehind, otherWord, glued, bareCommand,
	compose,
	sentence, noColon, noTarget, noType, unquoted, noValue, noArgument, otherFlag, noUnit, openDocument, noFrom,
	noText}

// explain says what is wrong with the line that Docker cannot read, and which line to write, where
// that can be told.
func (e *Error) explain(text []byte, folder fs.FS) {
	lines := linesOf([]byte(strings.TrimPrefix(string(text), "\ufeff")))
	if e.Line < 1 || e.Line > len(lines) {
		return
	}
	s := slip{lines: lines, number: e.Line, line: strings.TrimSpace(lines[e.Line-1]), said: e.Message, folder: folder}
	s.word, s.rest, _ = strings.Cut(s.line, " ")
	s.rest = strings.TrimSpace(s.rest)
	for _, mistake := range mistakes {
		if c := mistake(s); c != nil {
			if c.words != "" {
				e.Message = fmt.Sprintf("`%s` %s", s.line, c.words)
			}
			e.Hint = c.hint
			if c.change != nil && (s.helps(*c.change) || s.instructs(*c.change)) {
				e.Fix = c.change
			}
			return
		}
	}
	if m := unknown.FindStringSubmatch(e.Message); m != nil && m[2] != "" {
		if c := s.write(m[2] + s.line[len(s.word):]); s.helps(*c) {
			e.Fix = c
		}
	}
}

// write returns the change that puts a line in place of the slip, or several.
func (s slip) write(lines ...string) *Change {
	return &Change{Line: s.number, Old: s.lines[s.number-1], New: strings.Join(lines, "\n")}
}

// helps reports whether Docker reads further once a change is made.
func (s slip) helps(c Change) bool {
	lines, ok := c.apply(s.lines)
	if !ok {
		return false
	}
	_, err := parse(Name, []byte(strings.Join(lines, "\n")+"\n"))
	return err == nil || err.Line > s.number+strings.Count(c.New, "\n")
}

// instructs reports whether the file that a change makes is read, or a line that begins with an
// instruction is all that Docker stumbles over: a slip of another kind.
func (s slip) instructs(c Change) bool {
	lines, ok := c.apply(s.lines)
	if !ok {
		return false
	}
	_, err := parse(Name, []byte(strings.Join(lines, "\n")+"\n"))
	return err == nil || strings.Count(c.Old, "\n") > 0 && err.Line > 0 && err.Line <= len(lines) &&
		len(written(lines[err.Line-1:err.Line])) > 0
}

// apply makes a change to lines. It is not ok where they are not what the change was made from.
func (c Change) apply(lines []string) (out []string, ok bool) {
	at, old := c.Line, []string(nil)
	if c.Old != "" {
		at, old = c.Line-1, strings.Split(c.Old, "\n")
	}
	if at < 0 || at+len(old) > len(lines) || !slices.Equal(lines[at:at+len(old)], old) {
		return nil, false
	}
	out = slices.Clone(lines[:at])
	if c.New != "" {
		out = append(out, strings.Split(c.New, "\n")...)
	}
	return append(out, lines[at+len(old):]...), true
}

// written returns the instructions that lines begin with, whether or not Docker can read what
// follows.
func written(lines []string) (found []string) {
	goesOn := false
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if goesOn {
			goesOn = strings.HasSuffix(line, `\`) || strings.HasPrefix(line, "#")
			continue
		}
		goesOn = strings.HasSuffix(line, `\`)
		// a sentence
		if strings.HasSuffix(line, ".") && len(strings.Fields(line)) > 3 && !strings.HasSuffix(line, " .") {
			continue
		}
		for _, name := range names {
			if rest, ok := cutFold(line, name); ok && !goesOnAsWord(line[:len(name)], rest) &&
				!slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	return found
}
