package dockerignore

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// maxBytes is how long an ignore file may be.
const maxBytes = 1 << 20

// BuildKit asks for the folder with all patterns in one header, each beside its name and 32 bytes,
// and no more than these are taken (the limit of http2's header list in Go's servers).
const (
	maxHeader  = 1<<20 - 64<<10 // with room for what else is asked
	perPattern = len("exclude-patterns") + 32
)

// Each path of a folder is asked of each pattern, and a pattern takes as long as it has wildcards.
const (
	maxPatterns  = 2000
	maxWildcards = 200 // of one pattern
)

// Load reads the ignore file that Docker would use with the Dockerfile of that name:
// <name>.dockerignore, else .dockerignore. Where there is neither, the Rules ignore nothing and
// File is empty. Errors are of type *[Error], but for a file that is there and cannot be read.
func Load(folder fs.FS, dockerfile string) (*Rules, error) {
	for _, name := range []string{dockerfile + ".dockerignore", ".dockerignore"} {
		info, err := fs.Stat(folder, name)
		if err != nil || info.IsDir() {
			continue
		}
		if !info.Mode().IsRegular() { // the builder would wait for somebody to write into a pipe
			return nil, &Error{File: name, Message: name + " is not a plain file",
				Hint: "Docker reads what to leave out from a plain text file."}
		}
		if info.Size() > maxBytes {
			return nil, &Error{File: name, Message: fmt.Sprintf("%s is larger than %d bytes", name, maxBytes)}
		}
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		return Parse(name, text)
	}
	return &Rules{}, nil
}

// pattern is one line that ignores or keeps.
type pattern struct {
	line    int
	written string
	clean   string // as Docker reads it, with `!`
	matcher *patternmatcher.PatternMatcher
}

// Parse parses an ignore file. Errors are of type *[Error].
func Parse(file string, text []byte) (*Rules, error) {
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		return nil,
			&Error{File: file, Line: 1, Message: "the file is UTF-16, as PowerShell writes it, and Docker reads UTF-8",
				Hint: "Save it as UTF-8, in PowerShell with Set-Content -Encoding utf8."}
	}
	r := &Rules{File: file}
	lines := bufio.NewScanner(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff")))
	lines.Buffer(nil, maxBytes+1)
	header := 0
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		r.Lines = append(r.Lines, line)
		patterns, err := ignorefile.ReadAll(strings.NewReader(line))
		if err != nil || len(patterns) == 0 {
			continue
		}
		if strings.ContainsFunc(line, unsent) {
			return nil, &Error{File: file, Line: n, Message: fmt.Sprintf(
				"Docker cannot read the pattern %q: it holds a control character", line),
				Hint: "Write the line anew: with it, the build does not begin."}
		}
		patterns[0] = strings.ToValidUTF8(patterns[0], "\ufffd") // what is no UTF-8 names no file of a build
		tooMany := &Error{File: file, Line: n, Hint: "Write one pattern for each kind of file."}
		if wild := strings.Count(patterns[0], "*") + strings.Count(patterns[0], "?") + strings.Count(patterns[0],
			"["); wild > maxWildcards {
			tooMany.Message = fmt.Sprintf("the pattern has %d wildcards, and no more than %d are read", wild,
				maxWildcards)
			return nil, tooMany
		}
		if len(r.patterns) == maxPatterns {
			tooMany.Message = fmt.Sprintf("this is pattern %d, and no more than %d are read", maxPatterns+1,
				maxPatterns)
			return nil, tooMany
		}
		_, err = patternmatcher.New(patterns)
		var matcher *patternmatcher.PatternMatcher
		if err == nil {
			matcher, err = patternmatcher.New([]string{strings.TrimPrefix(patterns[0], "!")})
		}
		if err == nil {
			_, err = matcher.MatchesOrParentMatches("x")
		}
		if err != nil {
			return nil, &Error{File: file, Line: n, Message: fmt.Sprintf("Docker cannot read the pattern %q: %v",
				strings.TrimSpace(line), err),
				Hint: "Fix or remove the line: with it, the build does not begin."}
		}
		if header += len(patterns[0]) + perPattern; header > maxHeader {
			return nil, &Error{File: file, Line: n,
				Message: "the patterns up to this line are more than Docker can send",
				Hint:    "Write one pattern for each kind of file."}
		}
		r.patterns = append(r.patterns, pattern{line: n, written: strings.TrimSpace(line), clean: patterns[0],
			matcher: matcher})
	}
	return r, nil
}

// unsent reports whether a letter is one that no pattern may hold on its way to the builder.
func unsent(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// matches reports whether the pattern matches the path or a folder above it, whatever its `!`.
func (p pattern) matches(path string) bool {
	ok, err := p.matcher.MatchesOrParentMatches(path)
	return err == nil && ok
}

func (p pattern) keeps() bool { return strings.HasPrefix(p.clean, "!") }

// Decide returns what the rules do to a path, slash-separated, relative to the folder: the last
// line that matches decides.
func (r *Rules) Decide(name string) Decision {
	name = path.Clean(name)
	i := r.deciding(name)
	if i < 0 {
		return r.nearMiss(name)
	}
	p := r.patterns[i]
	d := Decision{Ignored: !p.keeps(), Line: p.line, Pattern: p.written}
	if d.Ignored {
		return d
	}
	for _, earlier := range r.patterns[:i] {
		if !earlier.keeps() && earlier.matches(name) {
			d.Why = fmt.Sprintf(
				"line %d, %s, ignores it, but line %d, %s, comes later and takes it back: the last line that matches "+
					"decides",
				earlier.line, earlier.written, p.line, p.written)
			d.WhyLine = p.line
			break
		}
	}
	return d
}

// Ignores reports whether the rules keep a path out. It costs less than all that Decide says.
func (r *Rules) Ignores(name string) bool {
	i := r.deciding(path.Clean(name))
	return i >= 0 && !r.patterns[i].keeps()
}

// deciding returns which pattern decides about a path, the last that matches, or -1.
func (r *Rules) deciding(name string) int {
	for i, p := range slices.Backward(r.patterns) {
		if p.matches(name) {
			return i
		}
	}
	return -1
}

// Ignoring returns the rules with a pattern that keeps paths out as well: in place of the line that
// was meant to, where there is one, else on a line of its own at the end.
func (r *Rules) Ignoring(pattern string, names ...string) *Rules {
	file := cmp.Or(r.File, ".dockerignore")
	ignores := func(lines []string) *Rules {
		changed, err := Parse(file, []byte(strings.Join(lines, "\n")+"\n"))
		if err != nil || slices.ContainsFunc(names, func(name string) bool { return !changed.Decide(name).Ignored }) {
			return nil
		}
		return changed
	}
	for _, name := range names {
		if d := r.Decide(name); d.instead != nil {
			if changed := ignores(slices.Concat(r.Lines[:d.WhyLine-1], d.instead,
				r.Lines[d.WhyLine:])); changed != nil {
				return changed
			}
		}
	}
	return ignores(append(slices.Clone(r.Lines), pattern))
}

// Keeping returns the rules with a line at the end that lets a path in; nil where that does not.
func (r *Rules) Keeping(name string) *Rules {
	changed, err := Parse(r.File, []byte(strings.Join(append(slices.Clone(r.Lines), "!"+name), "\n")+"\n"))
	if err != nil || changed.Decide(name).Ignored {
		return nil
	}
	return changed
}

// ChangeTo returns the change of the text that makes these rules others.
func (r *Rules) ChangeTo(to *Rules) Change {
	old, lines := r.Lines, to.Lines
	same := 0
	for same < min(len(old), len(lines)) && old[same] == lines[same] {
		same++
	}
	old, lines = old[same:], lines[same:]
	for len(old) > 0 && len(lines) > 0 && old[len(old)-1] == lines[len(lines)-1] {
		old, lines = old[:len(old)-1], lines[:len(lines)-1]
	}
	c := Change{Line: same, Old: strings.Join(old, "\n"), New: strings.Join(lines, "\n")}
	if len(old) > 0 {
		c.Line++
	}
	return c
}

// nearMiss returns why a pattern that looks as if it meant the path does not match it.
func (r *Rules) nearMiss(name string) Decision {
	for _, p := range r.patterns {
		if p.keeps() {
			continue
		}
		try := func(text string) bool {
			matcher, err := patternmatcher.New([]string{text})
			if err != nil {
				return false
			}
			ok, err := matcher.MatchesOrParentMatches(name)
			return err == nil && ok
		}
		before, comment, commented := strings.Cut(p.clean, "#")
		first, _, several := strings.Cut(p.clean, " ")
		switch {
		case commented && strings.TrimSpace(before) != "" && try(strings.TrimSpace(before)):
			return missed(p, []string{"#" + comment, strings.TrimSpace(before)},
				"line %d reads as the one pattern %q: a # begins a comment only at the start of a line", p.line,
				p.written)
		case several && try(first):
			return missed(p, strings.Fields(p.written),
				"line %d reads as the one pattern %q, blanks and all: write one pattern a line", p.line, p.written)
		case !strings.HasPrefix(p.clean, "..") && try("**/"+p.clean):
			return missed(p, []string{"**/" + p.clean},
				"line %d, %s, matches only at the top of the folder: write **/%s to match below it too", p.line,
				p.written, p.clean)
		case strings.EqualFold(p.clean, name) || strings.EqualFold(p.clean, path.Base(name)):
			return missed(p, []string{"**/" + path.Base(name)},
				"line %d, %s, differs in capital letters, and Docker tells them apart", p.line, p.written)
		case strings.ContainsAny(p.clean, "{}"):
			for _, word := range strings.FieldsFunc(p.clean,
				func(c rune) bool { return strings.ContainsRune("{},", c) }) {
				if strings.Contains(name, word) {
					return missed(p, nil,
						"line %d, %s, uses braces, which Docker takes literally: write one pattern a line", p.line,
						p.written)
				}
			}
		}
	}
	return Decision{}
}

func missed(p pattern, instead []string, format string, args ...any) Decision {
	return Decision{Why: fmt.Sprintf(format, args...), WhyLine: p.line, instead: instead}
}
