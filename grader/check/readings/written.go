package readings

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// texts are what a program has in quotes.
var texts = regexp.MustCompile("\"((?:[^\"\\\\]|\\\\.)*)\"|'((?:[^'\\\\]|\\\\.)*)'|`((?:[^`\\\\]|\\\\.)*)`")

// holes are what a program puts other text in for, inside of quotes.
var holes = regexp.MustCompile(`\$\{[^}]*\}|\{[^}]*\}|%[-+ #0-9.]*[a-zA-Z]|\$\w+|\\[nt]`)

// leastWritten is how many bytes of a line must be in the program for it to be the program's.
const leastWritten = 8

// writes returns the line of the student's programs that has most of a text in quotes: the one that
// writes it.
func (s *Scene) writes(text string) (found place, ok bool) {
	most := leastWritten - 1
	for _, name := range s.files() {
		if !speaks.MatchString(name) {
			continue
		}
		for i, line := range s.lines(name) {
			if strings.HasPrefix(strings.TrimSpace(line), "#") || strings.HasPrefix(strings.TrimSpace(line), "//") {
				continue
			}
			for _, m := range texts.FindAllStringSubmatch(line, -1) {
				sum := 0
				for _, part := range holes.Split(m[1]+m[2]+m[3], -1) {
					part = strings.TrimSpace(part)
					if part != "" && !strings.Contains(text, part) {
						sum = 0
						break
					}
					sum += len(part)
				}
				if sum > most {
					most, found, ok = sum, place{name, i + 1, line}, true
				}
			}
		}
	}
	return found, ok
}

// speaks is a program, and no list of settings.
var speaks = regexp.MustCompile(`\.(py|js|mjs|cjs|ts|go|java|rb|php|rs|sh)$`)

// unset is a text that says of something that it is not there.
var unset = regexp.MustCompile(
	`(?i)\b(?:not|no|missing|requir\w*|must|needs?|unset|undefined|empty|without|please|set|provide|configure|` +
		`expected|` +
		`cannot|can't|invalid|fehl\w*|nicht|kein\w*|leer|erforderlich|benötigt)\b|n't\b`)

var capitals = regexp.MustCompile(`\b[A-Z][A-Z0-9_]{2,}\b`)

// asks reports whether a program of the student's reads a variable by that name.
func (s *Scene) asks(name string) bool {
	p, _ := s.grep(regexp.MustCompile(`(?i:env|viper)[\w.]*\s*(?:\.|\[|\(|\?\.)\s*["']?`+name+`\b|\$\{?`+name+`\b|`+
		`["']`+name+`["']`), ".js.mjs.cjs.ts.py.go.java.rb.php.rs.sh")
	return p.file != ""
}

// ownWords returns what the program itself says in the line that it ended with: of a variable that
// it reads and nothing sets, or by a line of its own that writes it.
func (s *Scene) ownWords(line string) *check.Hint {
	if line == "" {
		return nil
	}
	var h check.Hint
	if unset.MatchString(line) {
		names := slices.DeleteFunc(capitals.FindAllString(line, -1),
			func(name string) bool { return s.sets(name) || !s.asks(name) })
		if len(names) > 0 {
			slices.Sort(names)
			missing(s, slices.Compact(names), &h)
			return &h
		}
	}
	p, ok := s.writes(line)
	if !ok {
		return nil
	}
	h.Cause = fmt.Sprintf("The program itself says so, on line %d of %s: `%s`.", p.line, p.file,
		p.code())
	h.Advice = "Look at what leads there, just above that line."
	if path.Ext(p.file) == ".sh" {
		h.Cause = fmt.Sprintf("The script %s says so, on line %d: `%s`.", p.file, p.line,
			p.code())
	}
	return &h
}

var testing = regexp.MustCompile(`(?:\btest|\[\[?)\s+(!\s+)?-([fdexsrw])\s+["']?([^\s"'\]]+)`)

// tested returns what a step tests that ended without a word; where it tests nothing, what it ended
// with.
func (s *Scene) tested() *check.Hint {
	if s.Step == nil || s.Step.Name != "RUN" {
		return nil
	}
	var h check.Hint
	text := s.Step.Shell()
	if m := testing.FindStringSubmatch(text); m != nil && !strings.Contains(m[3], "$") {
		what := map[string]string{"d": "folder"}[m[2]]
		if what == "" {
			what = "file"
		}
		if m[1] == "" {
			h.Cause = fmt.Sprintf("Line %d tests whether there is a %s %s, and says nothing where there is none.",
				s.Step.Line,
				what, m[3])
			h.Advice = "Let a line above make it, or COPY it; or take the test out."
			own := s.ownPath(s.folderPath(inside(s.workdir(), m[3])))
			if line := s.hidden(own); own != "" && line != "" {
				h.Cause += fmt.Sprintf(" %s, keeps %s out of the image.", line, own)
				h.Advice = "Take that line out of the ignore file."
			}
			return &h
		}
		h.Cause = fmt.Sprintf("Line %d tests something of %s, which is not so, and says nothing of it.", s.Step.Line,
			m[3])
		h.Advice = "Let an earlier line make it so; ls -l in a RUN above shows what is there."
		return &h
	}
	commands := s.Step.Commands()
	if len(commands) == 0 {
		return nil
	}
	last := commands[len(commands)-1]
	h.Cause = fmt.Sprintf("The step wrote nothing; it ends with `%s`.",
		short(strings.Join(append([]string{last.Program}, last.Args...), " ")))
	h.Advice = "Run its commands one by one, each in a RUN of its own, to see which of them fails."
	if len(commands) == 1 {
		h.Cause = fmt.Sprintf("`%s` failed without a word.", short(strings.Join(append([]string{last.Program},
			last.Args...), " ")))
		h.Advice = "Look at what makes that command end with another code than 0."
		if last.Program == "grep" {
			h.Advice = "grep ends so where it finds no such line."
		}
	}
	return &h
}

// Exits returns the line of the student's programs that ends them with a code, where the log does
// not say why, and whether there is one.
func Exits(s Scene, code int) (h check.Hint, ok bool) {
	number := fmt.Sprint(code)
	p, _ := s.grep(regexp.MustCompile(`\bprocess\.exit\(`+number+`\)|\b(?:sys\.|os\.|os\._|System\.)?(?:exit|`+
		`Exit)\(`+number+
		`\)|\bexit `+number+`\b|process\.exitCode\s*=\s*`+number+`\b`), ".js.mjs.cjs.ts.py.go.java.rb.sh")
	if p.file == "" {
		return h, false
	}
	h.Cause = fmt.Sprintf("It wrote nothing; %s, ends it with this code: `%s`.", p, p.code())
	h.Advice = "Look at what leads to that line, and let the program say there why it ends."
	return h, true
}
