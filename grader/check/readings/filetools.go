package readings

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// makesFile is what a command of files does that writes a new one.
var makesFile = regexp.MustCompile(`cannot (?:touch|create)|\b(?:tee|install|touch): `)

// toolPath says of a path that a command of files, or a shell that writes into one, does not find
// whether its folder is to be made, or the file to be copied.
func toolPath(s *Scene, m []string, h *check.Hint) bool {
	name := m[1] + m[2] + m[3]
	if folder, pattern, ok := cutPattern(name); ok && !s.started {
		return s.fitsNothing(folder, pattern, h)
	}
	if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, `*?$\`) ||
		regexp.MustCompile(`(?:^|\s|/)(?:mkdir|rm|ln|env): `).MatchString(m[0]) { // which have entries of their own
		return false
	}
	at := inside(s.workdir(), name)
	dir := path.Dir(at)
	if strings.HasSuffix(name, "/") {
		dir = at
	}
	if !makesFile.MatchString(m[0]) && !strings.Contains(m[0], "nonexistent") {
		return notThere(s, name, h)
	}
	if dir == "/" || dir == s.workdir() {
		return false
	}
	h.Cause = fmt.Sprintf("The image has no folder %s, and %s is to be written there.", dir, path.Base(name))
	if dir == at {
		h.Cause = fmt.Sprintf("The image has no folder %s.", dir)
	}
	h.Advice = "Make it before, with mkdir -p."
	if s.started {
		h.Edit = s.makes(dir)
	} else if s.Step != nil && !s.Step.Exec && len(s.Step.Heredocs) == 0 {
		short := strings.TrimPrefix(dir, strings.TrimSuffix(s.workdir(), "/")+"/")
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`^(\s*(?i:RUN)\s+(?:--\S+\s+)*)`), "${1}mkdir -p "+short+
			" && ")
	}
	if h.Edit != nil {
		h.Advice = "Make it before."
	}
	return true
}

// cutPattern cuts a path of the image with an asterisk in its last part.
func cutPattern(name string) (folder, pattern string, ok bool) {
	folder, pattern = path.Split(name)
	return strings.TrimSuffix(folder, "/"), pattern, strings.Contains(pattern, "*") && !strings.ContainsAny(folder,
		`*?$\`)
}

// fitsNothing says of a pattern of files that none of the image fits it.
func (s *Scene) fitsNothing(folder, pattern string, h *check.Hint) bool {
	at := inside(s.workdir(), folder)
	h.Cause = fmt.Sprintf("No file in %s fits %s at this step.", at, pattern)
	h.Advice = "COPY what it means before this step, or name the folder that has it."
	var fit []string
	for inner, file := range s.earlier() {
		if ok, _ := path.Match(pattern, path.Base(inner)); ok && file != "" && !slices.Contains(fit, path.Dir(inner)) {
			fit = append(fit, path.Dir(inner))
		}
	}
	if slices.Contains(fit, at) {
		return false
	}
	if len(fit) > 0 {
		slices.Sort(fit)
		h.Cause = fmt.Sprintf("No file in %s fits %s at this step; in %s there is one.", at, pattern, check.And(fit))
		h.Advice = "Name the folder that is meant."
	}
	return true
}

// toolDenied says of a path that a command of a script may not write who may not, and where.
func toolDenied(s *Scene, m []string, h *check.Hint) bool {
	if name := m[1] + m[2]; s.started && name != "" {
		return mayNotWrite(s, name, h)
	}
	return false
}

// quotedCommand says of a whole command that the shell takes for the name of one program what makes
// one word of it.
func quotedCommand(s *Scene, m []string, h *check.Hint) bool {
	words, ok := dockerfile.ShellWords(m[3])
	if !ok || len(words) < 2 {
		return false
	}
	h.Cause = fmt.Sprintf("The shell takes %q, blanks and all, for the name of one program: quotes make one word "+
		"of it.",
		m[3])
	h.Advice = "Write it without them."
	quoted := regexp.MustCompile(`["']` + regexp.QuoteMeta(m[3]) + `["']`)
	if file := s.scriptOf(m[1]); file != "" {
		if p, ok := s.lineOf(file, m[2]); ok {
			h.Edit = p.replace(quoted, strings.ReplaceAll(m[3], "$", "$$"))
		}
		return true
	}
	in := s.Step
	if s.started {
		in = s.commandInstruction()
	}
	if in == nil {
		return true
	}
	switch {
	case in.Exec && isShell(in.Args[0]):
		h.Edit = s.inInstruction(in, regexp.MustCompile(`'`+regexp.QuoteMeta(m[3])+`'`), m[3])
	case s.started && !in.Exec && strings.Trim(strings.TrimSpace(in.Args[0]), `"'`) == m[3]:
		h.Advice = "Write it as a list."
		if h.Edit = check.EditOf(s.File.Name, s.File.Change(*in, in.Name+" "+dockerfile.List(words))); h.Edit != nil {
			h.Advice = ""
		}
	case !in.Exec:
		h.Edit = s.inInstruction(in, quoted, strings.ReplaceAll(m[3], "$", "$$"))
	}
	return true
}

// pipedAway reports whether a step before pipes what curl fetches into a shell where the image has
// no curl, and says so: a pipe ends as its last command does.
func (s *Scene) pipedAway(base string, h *check.Hint) bool {
	if s.Step == nil {
		return false
	}
	stage := s.stageOf()
	for _, in := range s.before() {
		m := piped.FindStringSubmatch(in.Text)
		if in.Name != "RUN" || m == nil || !strings.Contains(stage.Base, "slim") ||
			slices.ContainsFunc(s.before(), func(other dockerfile.Instruction) bool {
				return other.Name == "RUN" && slices.ContainsFunc(other.Commands(), func(c dockerfile.Command) bool {
					return c.Installs() && c.Has(m[1])
				})
			}) {
			continue
		}
		h.Cause = fmt.Sprintf("The image has no program %s: line %d pipes what %s fetches into a shell, and the "+
			"image has "+
			"no %s; a pipe hides that.", base, in.Line, m[1], m[1])
		h.Advice = fmt.Sprintf("Install %s above that line.", m[1])
		h.Edit = &check.Edit{File: s.File.Name, Line: in.Line - 1,
			New: "RUN apt-get update && apt-get install -y --no-install-recommends " + m[1] + " ca-certificates"}
		return true
	}
	return false
}

var piped = regexp.MustCompile(`\b(curl|wget)\b[^|;&]*\|\s*(?:\S+=\S+\s+)*(?:ba|z|da)?sh\b`)

// portGiven returns what to say of an ENV that gives the program what is no port; nil where none
// does.
func (s *Scene) portGiven() *check.Hint {
	for _, set := range s.File.Effective() {
		if set.Name != "ENV" {
			continue
		}
		if got := blanksAround.FindStringSubmatch(set.Text); got != nil && serves.MatchString(strings.ToLower(got[1])) {
			return &check.Hint{
				Cause: fmt.Sprintf("Line %d sets %s to \"= %s\": with blanks before it, the = is a part of the "+
					"value, and "+
					"that is no port.", set.Line, got[1], got[2]),
				Advice: "Write it without blanks.",
				Edit:   check.EditOf(s.File.Name, s.File.Change(set, "ENV "+got[1]+"="+got[2]))}
		}
		for _, a := range set.Assignments() {
			if !serves.MatchString(strings.ToLower(a.Name)) || a.Value == "" || strings.Contains(a.Value, "$") ||
				regexp.MustCompile(`^\d+$`).MatchString(a.Value) {
				continue
			}
			h := &check.Hint{
				Cause: fmt.Sprintf("Line %d sets %s to `%s`, which is no number, and so no port.", set.Line, a.Name,
					a.Value),
				Advice: "Write the number alone."}
			number := regexp.MustCompile(`\d{2,5}`).FindString(a.Value)
			h.Edit = s.inInstruction(&set, regexp.MustCompile(`\b(`+a.Name+`[= ])("[^"]*"|'[^']*'|\S+)`),
				"${1}"+cmp.Or(number, "8000"))
			return h
		}
	}
	return nil
}

// carrier returns what is wrong where ENTRYPOINT is a shell that takes CMD for a script, or the
// first word of it for the whole command; nil elsewhere.
func (s *Scene) carrier() *check.Hint {
	entry, command := s.both()
	if command == nil || len(command.Args) == 0 || !isShell(entry.Args[0]) || len(entry.Args) > 2 {
		return nil
	}
	h := &check.Hint{Advice: "Keep the ENTRYPOINT out, so that CMD is the whole command.",
		Edit: s.dockerfileLine(entry.Line).without()}
	whole := strings.Join(append(slices.Clone(entry.Args), command.Args...), " ")
	switch {
	case len(entry.Args) == 1 && !strings.HasSuffix(command.Args[0], ".sh") && !strings.HasPrefix(command.Args[0], "-"):
		h.Cause = fmt.Sprintf("ENTRYPOINT and CMD are one command together, %s: %s takes %s for a script of its own.",
			whole, path.Base(entry.Args[0]), command.Args[0])
	case len(entry.Args) == 2 && entry.Args[1] == "-c" && len(command.Args) > 1:
		h.Cause = fmt.Sprintf("ENTRYPOINT and CMD are one command together, %s: %s -c takes the word behind it for "+
			"the "+
			"whole command, so only %s is run.", whole, path.Base(entry.Args[0]), command.Args[0])
	default:
		return nil
	}
	return h
}
