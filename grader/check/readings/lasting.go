package readings

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// lost returns what to say where the step, or the program, does without what an earlier line of the
// Dockerfile did for its own RUN or stage alone, or lacks a line that another swallowed; nil where
// nothing is lost.
func (s *Scene) lost() *check.Hint {
	for _, lose := range []func(*Scene) *check.Hint{(*Scene).swallowed, (*Scene).shellWithoutC, (*Scene).oneWord,
		(*Scene).unknownArgument, (*Scene).heaped, (*Scene).carriageReturns, (*Scene).lostFolder, (*Scene).lostExport} {
		if h := lose(s); h != nil {
			return h
		}
	}
	return nil
}

var (
	variable    = regexp.MustCompile(`\$\{?([A-Za-z_]\w*)`)
	instruction = regexp.MustCompile(`^\s*(FROM|RUN|COPY|ADD|CMD|ENTRYPOINT|WORKDIR|ENV|EXPOSE|USER)\s+\S`)
	carriesOn   = regexp.MustCompile(`\s*(?:&&\s*)?\\\s*$`)
	absent      = regexp.MustCompile(
		`(?i)no such file|not found|cannot find|can't (?:open|find)|ENOENT|could not (?:open|find|read|import)|` +
			`does not exist|cannot (?:stat|open|access)|no module|no .* found`)
)

// swallowed returns that a backslash at the end of a line makes the instruction below it a part of
// its own.
func (s *Scene) swallowed() *check.Hint {
	for _, in := range s.before() {
		if h := s.swallows(in); h != nil {
			return h
		}
	}
	if s.Step != nil {
		return s.swallows(*s.Step)
	}
	return nil
}

func (s *Scene) swallows(in dockerfile.Instruction) *check.Hint {
	for n := in.Line + 1; n <= in.EndLine && n <= len(s.File.Lines) && len(in.Heredocs) == 0; n++ {
		before := s.File.Lines[n-2]
		m := instruction.FindStringSubmatch(s.File.Lines[n-1])
		if m == nil || !strings.HasSuffix(strings.TrimSpace(before), `\`) {
			continue
		}
		return &check.Hint{
			Cause: fmt.Sprintf("Line %d ends with a backslash, so %s on line %d is no instruction, but a part of "+
				"the %s "+
				"above it.", n-1, m[1], n, in.Name),
			Advice: "End the line without it.",
			Edit: &check.Edit{File: s.File.Name, Line: n - 1, Old: before,
				New: carriesOn.ReplaceAllString(before, "")}}
	}
	return nil
}

// shellWithoutC returns that SHELL names a shell and not that it is to take a command.
func (s *Scene) shellWithoutC() *check.Hint {
	if s.Step == nil || s.Step.Exec {
		return nil
	}
	var last *dockerfile.Instruction
	for _, in := range s.before() {
		if in.Name == "SHELL" {
			last = &in
		}
	}
	if last == nil || len(last.Args) != 1 {
		return nil
	}
	return &check.Hint{
		Cause: fmt.Sprintf("SHELL, line %d, names %s without -c, so it takes each command for the name of a file.",
			last.Line, last.Args[0]),
		Advice: "Say -c, too.",
		Edit:   check.EditOf(s.File.Name, s.File.Change(*last, "SHELL "+dockerfile.List([]string{last.Args[0], "-c"})))}
}

// oneWord returns that the list of a RUN has a whole command as its first word.
func (s *Scene) oneWord() *check.Hint {
	if s.Step == nil || s.Step.Name != "RUN" || !s.Step.Exec || len(s.Step.Args) == 0 ||
		!strings.Contains(s.Step.Args[0], " ") {
		return nil
	}
	return &check.Hint{
		Cause: fmt.Sprintf("RUN's list has the whole command as one word, %q: Docker looks for a program of that name.",
			s.Step.Args[0]),
		Advice: "Write it without a list.",
		Edit:   check.EditOf(s.File.Name, s.File.Change(*s.Step, "RUN "+strings.Join(s.Step.Args, " ")))}
}

// heaped returns that a COPY brings several files to what is no folder, so that the last of them is
// there alone, under that name.
func (s *Scene) heaped() *check.Hint {
	if !absent.MatchString(s.log) && !strings.Contains(s.log, "Not a directory") {
		return nil
	}
	folders := map[string]bool{}
	for dir, in := range placed(s.before()) {
		for at := dir; !folders[at]; at = path.Dir(at) {
			folders[at] = true
		}
		if in.Name != "COPY" || in.Exec || len(in.Args) < 3 || len(in.Sources()) < len(in.Args)-1 {
			if in.Name == "COPY" || in.Name == "ADD" || in.Name == "RUN" {
				for _, word := range in.Args[max(0, len(in.Args)-1):] {
					folders[strings.TrimSuffix(inside(dir, word), "/")] = true
				}
			}
			continue
		}
		to := in.Args[len(in.Args)-1]
		at := inside(dir, to)
		if strings.HasSuffix(to, "/") || folders[at] || slices.ContainsFunc(in.Sources(), s.isFolder) ||
			strings.Contains(to, "$") {
			folders[at] = true
			continue
		}
		h := &check.Hint{
			Cause: fmt.Sprintf("Line %d copies several files to %s, which is no folder: without / at its end all of "+
				"them are written to one file of that name.", in.Line, to),
			Advice: "End it with /."}
		by := to + "/"
		if s.Step != nil && !strings.Contains(s.Step.Text, path.Base(to)) {
			h.Advice = fmt.Sprintf("Bring them to %s, where line %d looks for them.", s.workdir(), s.Step.Line)
			by = "./"
		}
		h.Edit = s.inInstruction(&in, regexp.MustCompile(`\s`+regexp.QuoteMeta(to)+`\s*$`), " "+by)
		return h
	}
	return nil
}

// gives reports whether an instruction is an ARG or ENV of that name.
func gives(in dockerfile.Instruction, name string) bool {
	return (in.Name == "ARG" || in.Name == "ENV") && slices.ContainsFunc(in.Assignments(),
		func(a dockerfile.Assignment) bool { return a.Name == name })
}

// unknownArgument returns that the step uses what an ARG above FROM, or an ARG or ENV of another
// stage, is known to alone.
func (s *Scene) unknownArgument() *check.Hint {
	if s.Step == nil || s.Step.Name != "RUN" || s.started {
		return nil
	}
	for _, m := range variable.FindAllStringSubmatch(s.Step.Text, -1) {
		name := m[1]
		given := func(in dockerfile.Instruction) bool { return gives(in, name) }
		if slices.ContainsFunc(s.before(), given) || strings.Contains(s.Step.Text, name+"=") {
			continue
		}
		if at := slices.IndexFunc(s.File.Global, given); at >= 0 {
			return &check.Hint{
				Cause: fmt.Sprintf("$%s is empty on line %d: ARG stands above FROM, on line %d, and what stands there "+
					"is known to FROM lines alone.", name, s.Step.Line, s.File.Global[at].Line),
				Advice: "Say it again below FROM.", Edit: s.above(false, "ARG "+name)}
		}
		if in := s.elsewhere(name); in != nil {
			return &check.Hint{
				Cause: fmt.Sprintf("$%s is empty on line %d: %s, line %d, is of another stage, and known to that "+
					"alone.",
					name, s.Step.Line, in.Name, in.Line),
				Advice: "Say it in this stage, too.", Edit: s.above(false, in.Text)}
		}
	}
	return nil
}

// elsewhere returns the ARG or ENV by which a stage that the step is not built on gives a variable
// a value; nil where none does.
func (s *Scene) elsewhere(name string) *dockerfile.Instruction {
	known := s.before()
	for _, stage := range s.File.Stages {
		for _, in := range stage.Instructions {
			if gives(in, name) && !slices.ContainsFunc(known,
				func(k dockerfile.Instruction) bool { return k.Line == in.Line }) &&
				(s.started || s.Step == nil || in.Line < s.Step.Line) {
				return &in
			}
		}
	}
	return nil
}

// lostFolder returns that a RUN before does nothing but cd, where something was not found.
func (s *Scene) lostFolder() *check.Hint {
	if !absent.MatchString(s.log) {
		return nil
	}
	for _, in := range s.before() {
		commands := in.Commands()
		if in.Name != "RUN" || len(commands) != 1 || commands[0].Program != "cd" || len(commands[0].Args) != 1 ||
			strings.ContainsAny(commands[0].Args[0], "~$") ||
			inside(s.workdir(), strings.Trim(commands[0].Args[0], `"'`)) == s.workdir() {
			continue
		}
		return &check.Hint{
			Cause: fmt.Sprintf("cd, line %d, lasts to the end of its own RUN: what comes after it is in %s again.",
				in.Line, s.workdir()),
			Advice: "WORKDIR lasts.",
			Edit: check.EditOf(s.File.Name, s.File.Change(in, "WORKDIR "+strings.Trim(commands[0].Args[0],
				`"'`)))}
	}
	return nil
}

// profile is a file of settings for the shell of a terminal.
var profile = regexp.MustCompile(`(?:[~\w/$-]*/)?\.(?:bashrc|bash_profile|profile|zshrc)\b|/etc/(?:profile|` +
	`environment)\S*`)

var exports = regexp.MustCompile(`\bexport\s+([A-Za-z_]\w*)=("[^"\n]*"|'[^'\n]*'|[^\s;&|]+)`)

// lostExport returns that a RUN before exports the variable which the step uses, or the PATH on
// which a program was not found.
func (s *Scene) lostExport() *check.Hint {
	noProgram := regexp.MustCompile(`not found|not set|unbound`).MatchString(s.log)
	for _, in := range s.before() {
		if in.Name != "RUN" {
			continue
		}
		for _, m := range exports.FindAllStringSubmatch(in.Shell(), -1) {
			name, value := m[1], m[2]
			file := profile.FindString(in.Shell())
			if file != "" {
				value = strings.TrimRight(value, `"'`)
			}
			used := s.Step != nil && regexp.MustCompile(`\$\{?`+name+`\b`).MatchString(s.Step.Text) ||
				regexp.MustCompile(`\b`+name+`\b`).MatchString(s.log)
			if !used && !(name == "PATH" && noProgram) || slices.ContainsFunc(s.before(),
				func(other dockerfile.Instruction) bool { return other.Line > in.Line && gives(other, name) }) ||
				s.Step != nil && strings.Contains(s.Step.Text, name+"=") {
				continue
			}
			h := &check.Hint{
				Cause:  fmt.Sprintf("export %s, line %d, lasts to the end of its own RUN.", name, in.Line),
				Advice: fmt.Sprintf("Say it with ENV, which lasts: ENV %s=%s.", name, value)}
			if file != "" {
				h.Cause = fmt.Sprintf("Line %d writes export %s into %s, which a terminal's shell reads, and no "+
					"RUN or CMD.",
					in.Line, name, file)
			}
			if !strings.ContainsAny(value, "`(") && !secret(name) {
				h.Advice = "ENV lasts."
				h.Edit = &check.Edit{File: s.File.Name, Line: in.EndLine, New: "ENV " + name + "=" + value}
			}
			return h
		}
	}
	return nil
}

var openMark = regexp.MustCompile(`<<-?(\w+)`)

// emptied returns that a here-document of a COPY has variables which are put in while the image is
// built, where nothing sets them.
func (s *Scene) emptied() *check.Hint {
	for i, in := range s.before() {
		mark := openMark.FindStringSubmatch(in.Text)
		if in.Name != "COPY" || len(in.Heredocs) == 0 || mark == nil {
			continue
		}
		for _, m := range regexp.MustCompile(`(?:^|[^\\])\$\{?([A-Za-z_]\w*)`).FindAllStringSubmatch(in.Heredocs[0],
			-1) {
			if slices.ContainsFunc(s.before()[:i], func(other dockerfile.Instruction) bool {
				return gives(other,
					m[1])
			}) {
				continue
			}
			h := &check.Hint{
				Cause: fmt.Sprintf("COPY, line %d, puts $%s into its text while the image is built, where it is "+
					"empty: so "+
					"what is written has none.", in.Line, m[1]),
				Advice: "In quotes, the mark of its end keeps the text as it is."}
			h.Edit = s.dockerfileLine(in.Line).replace(openMark, `<<"${1}"`)
			return h
		}
	}
	return nil
}

// lostPath returns that an ENV PATH leaves out what PATH had, where a program is not found that its
// base image has; nil where PATH is whole.
func (s *Scene) lostPath() *check.Hint {
	var last *check.Hint
	for _, in := range s.before() {
		if in.Name != "ENV" {
			continue
		}
		for _, a := range in.Assignments() {
			if a.Name != "PATH" {
				continue
			}
			last = nil
			if !strings.Contains(a.Value, "$") && !slices.Contains(strings.Split(a.Value, ":"), "/usr/bin") {
				last = &check.Hint{
					Cause: fmt.Sprintf("ENV PATH, line %d, leaves out what PATH had before, so no program of the "+
						"image "+
						"is found.", in.Line),
					Advice: "Let it go on with what it had."}
				if in.Line == in.EndLine {
					last.Edit = s.dockerfileLine(in.Line).replace(
						regexp.MustCompile(`(PATH[= ]"?)`+regexp.QuoteMeta(a.Value)), "${1}"+a.Value+":$$PATH")
				}
			}
		}
	}
	return last
}

// asList returns what is wrong with a CMD or ENTRYPOINT that is a list: words of a shell's in it,
// or a shell that takes one word alone.
func (s *Scene) asList() *check.Hint {
	if h := s.carrier(); h != nil {
		return h
	}
	in := s.commandInstruction()
	if in == nil || !in.Exec || len(in.Args) < 2 || slices.Contains(builtins, in.Args[0]) {
		return nil
	}
	args := in.Args
	if n := slices.Index(args, "-c"); n >= 1 && n < len(args)-2 && isShell(args[0]) &&
		!strings.ContainsAny(args[n+1], " $") {
		h := &check.Hint{
			Cause: fmt.Sprintf("%s, line %d: %s -c takes the word behind it for the whole command, so only %s is run, "+
				"without %s.", in.Name, in.Line, args[0], args[n+1], strings.Join(args[n+2:], " ")),
			Advice: "Write the command as one word."}
		h.Edit = check.EditOf(s.File.Name, s.File.Change(*in, in.Name+" "+dockerfile.List(append(
			slices.Clone(args[:n+1]), "exec "+strings.Join(args[n+1:], " ")))))
		return h
	}
	at := slices.IndexFunc(args, func(w string) bool {
		return slices.Contains([]string{"&&", "||", ";", "|", "&", ">", ">>"}, w)
	})
	if at < 1 || slices.ContainsFunc(args, func(w string) bool { return strings.ContainsAny(w, `"' `) }) {
		return nil
	}
	if args[at] == "&" && at == len(args)-1 {
		return &check.Hint{
			Cause: fmt.Sprintf("%s, line %d, is a list, which no shell reads: & is a word for %s.", in.Name, in.Line,
				args[0]),
			Advice: "Take it out: what CMD starts is to stay in the foreground.",
			Edit:   check.EditOf(s.File.Name, s.File.Change(*in, in.Name+" "+dockerfile.List(args[:at])))}
	}
	h := &check.Hint{
		Cause: fmt.Sprintf("%s, line %d, is a list, which no shell reads: %s is a word for %s, as are those behind it.",
			in.Name, in.Line, args[at], args[0]),
		Advice: "Let sh read it."}
	words := slices.Clone(args)
	if last := slices.Index(words, "&&"); last >= 0 && !slices.Contains(words[last+1:], "&&") && len(words) > last+1 {
		words[last] += " exec"
	}
	h.Edit = check.EditOf(s.File.Name, s.File.Change(*in, in.Name+" "+dockerfile.List(
		[]string{"sh", "-c", strings.Join(words, " ")})))
	return h
}

func isShell(program string) bool {
	return slices.Contains([]string{"sh", "bash", "ash", "dash"}, path.Base(program))
}

var shellScript = regexp.MustCompile(`[\w./-]+\.sh\b`)

// carriageReturns returns that a script which the step or CMD runs has the line ends of Windows.
func (s *Scene) carriageReturns() *check.Hint {
	texts := []*dockerfile.Instruction{s.Step}
	if s.started {
		texts = s.File.Lasts("CMD", "ENTRYPOINT")
	}
	var h check.Hint
	for _, in := range texts {
		if in == nil || in.Name == "COPY" {
			continue
		}
		for _, name := range shellScript.FindAllString(in.Text, -1) {
			if crlf(s, name, &h) {
				return &h
			}
		}
	}
	return nil
}
