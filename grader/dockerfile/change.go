package dockerfile

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Change returns the change that puts lines in place of an instruction, or takes it away where
// there are none. It is nil where Docker could not read the file then.
func (f *File) Change(in Instruction, lines ...string) *Change {
	if in.Line < 1 || in.EndLine > len(f.Lines) {
		return nil
	}
	return f.parsed(Change{Line: in.Line, Old: strings.Join(f.Lines[in.Line-1:in.EndLine], "\n"),
		New: strings.Join(lines, "\n")})
}

// Replace returns the change that replaces what a pattern first matches in an instruction, nil
// where it matches nothing.
func (f *File) Replace(in Instruction, pattern *regexp.Regexp, with string) *Change {
	if in.Line < 1 || in.EndLine > len(f.Lines) || len(in.Heredocs) > 0 {
		return nil
	}
	old := strings.Join(f.Lines[in.Line-1:in.EndLine], "\n")
	m := pattern.FindStringSubmatchIndex(old)
	if m == nil {
		return nil
	}
	return f.Change(in, old[:m[0]]+string(pattern.ExpandString(nil, with, old, m))+old[m[1]:])
}

// WithoutSource returns the change that takes a path out of what a COPY or ADD brings in, and the
// whole line where it brings in nothing else; nil where the path is not written there.
func (f *File) WithoutSource(in Instruction, source string) *Change {
	if len(in.Sources()) < 2 {
		return f.Change(in)
	}
	return f.Replace(in, regexp.MustCompile(`\s+(?:\./)?`+regexp.QuoteMeta(path.Clean(source))+`(\s)`), "${1}")
}

// Above returns the change that writes lines above an instruction.
func (f *File) Above(in Instruction, lines ...string) *Change {
	return f.parsed(Change{Line: in.Line - 1, New: strings.Join(lines, "\n")})
}

// Move returns the change that writes one instruction directly above another that stands before it,
// and comments between them stay where they are.
func (f *File) Move(in, above Instruction) *Change {
	if above.Line >= in.Line || in.EndLine > len(f.Lines) {
		return nil
	}
	between := slices.Concat(f.Lines[in.Line-1:in.EndLine], f.Lines[above.Line-1:in.Line-1])
	return f.parsed(Change{Line: above.Line, Old: strings.Join(f.Lines[above.Line-1:in.EndLine], "\n"),
		New: strings.Join(between, "\n")})
}

// parsed returns a change, where Docker can read the file with it.
func (f *File) parsed(c Change) *Change {
	if f.Changed(c) == nil {
		return nil
	}
	return &c
}

// Changed returns the file with a change made, or nil where Docker could not read it, or the change
// is of another text.
func (f *File) Changed(c Change) *File {
	lines, ok := c.apply(f.Lines)
	if !ok {
		return nil
	}
	changed, err := parse(f.Name, []byte(strings.Join(lines, "\n")+"\n"))
	if err != nil {
		return nil
	}
	return changed
}

// keyword returns an instruction's name as it is written.
func (in Instruction) keyword() string {
	word, _, _ := strings.Cut(in.Text, " ")
	return word
}

// How a command in the shell form is best written.
const (
	AsList   = "list"   // the words as a list
	AsQuoted = "quoted" // it was meant as a list, and lacks its double quotes
	AsEnv    = "env"    // what it sets for the program becomes an ENV line
	AsAlone  = "alone"  // what stands behind the server is left out
	AsShell  = "shell"  // a shell is needed, and hands its place to the program with exec
)

// ExecForm returns the change that gives a CMD or ENTRYPOINT in the shell form the exec form, in
// its own words, and how it is done. It is nil where that cannot be told: words that only a shell
// understands, or another instruction that would then mean something else.
func (f *File) ExecForm(in Instruction) (c *Change, how string) {
	other := map[string]string{"CMD": "ENTRYPOINT", "ENTRYPOINT": "CMD"}[in.Name]
	if in.Exec || len(in.Args) != 1 || len(in.Heredocs) > 0 || other == "" {
		return nil, ""
	}
	if beside := f.Last(other); beside != nil {
		if !completes(in, *beside) {
			return nil, ""
		}
		defer func() { // a list alone is what the other one goes with
			if how != AsList && how != AsQuoted {
				c, how = nil, ""
			}
		}()
	}
	command := strings.TrimSpace(continued.ReplaceAllString(in.Args[0], " "))
	if words, ok := MeantAsList(command); ok {
		lines := []string{in.keyword() + " " + List(words)}
		if _, comment, ok := CutComment(command); ok {
			lines = slices.Insert(lines, 0, comment)
		}
		return f.Change(in, lines...), AsQuoted
	}
	if strings.HasPrefix(command, "[") {
		return nil, ""
	}
	command, alone := server(command)
	if alone {
		defer func() {
			if c != nil {
				how = AsAlone
			}
		}()
	}
	sets, rest := leading(command)
	if words, ok := ShellWords(rest); ok && !slices.Contains(builtins, words[0]) {
		if words[0] == "exec" && len(words) > 1 {
			words = words[1:]
		}
		line := in.keyword() + " " + List(words)
		if len(sets) == 0 {
			return f.Change(in, line), AsList
		}
		env := "ENV " + strings.Join(sets, " ")
		if file, err := parse(f.Name, []byte("FROM scratch\n"+env+"\n")); err == nil &&
			!slices.ContainsFunc(file.Final().Instructions[0].Assignments(), Assignment.Secret) &&
			!strings.ContainsAny(env, "$`") {
			return f.Change(in, env, line), AsEnv
		}
	}
	if text, ok := WithExec(command); ok {
		shell := []string{"sh", "-c"}
		if last := f.Last("SHELL"); last != nil {
			shell = slices.Clone(last.Args)
		}
		return f.Change(in, in.keyword()+" "+List(append(shell, text))), AsShell
	}
	return nil, ""
}

// completes reports whether a CMD or ENTRYPOINT in the shell form, as a list, makes one command with
// the other: that is a list too, and what CMD has are words for it. As it is, Docker puts a shell
// between the two, or drops CMD.
func completes(in, beside Instruction) bool {
	switch {
	case !beside.Exec || len(beside.Args) == 0:
		return false
	case in.Name == "ENTRYPOINT":
		return strings.HasPrefix(beside.Args[0], "-")
	}
	return !slices.Contains(beside.Args, "-c") // a shell's
}

// InExecForm returns what [File.ExecForm] makes of one instruction that stands alone, or empty.
func InExecForm(instruction string) string {
	file, err := parse("", []byte("FROM scratch\n"+instruction+"\n"))
	if err != nil || len(file.Final().Instructions) != 1 {
		return ""
	}
	if c, _ := file.ExecForm(file.Final().Instructions[0]); c != nil {
		return c.New
	}
	return ""
}

var (
	builtins = []string{"cd", "export", "set", "source", ".", "umask", "ulimit", "eval", "unset", "wait", "if", "for",
		"while", "case", "until", "trap"}
	assigned = regexp.MustCompile(`^([A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|[^\s"';&|]*))\s+`)
	chain    = regexp.MustCompile(`&&|;`)
)

// serves is a command that goes on until it is stopped.
var serves = regexp.MustCompile(
	`^(?:exec |(?:poetry|uv|pipenv) run |python[\d.]* -m )*(?:uvicorn|gunicorn|hypercorn|waitress-serve|flask run|` +
		`fastapi (?:run|dev))\b`)

// server returns a command without what stands behind a web server, which never runs while that
// does, and whether anything stood there.
func server(command string) (text string, cut bool) {
	begin := 0
	for _, m := range chain.FindAllStringIndex(command, -1) {
		if strings.Count(command[:m[0]], `"`)%2 != 0 || strings.Count(command[:m[0]], "'")%2 != 0 {
			continue
		}
		if _, program := leading(strings.TrimSpace(command[begin:m[0]])); serves.MatchString(program) {
			return strings.TrimSpace(command[:m[0]]), true
		}
		begin = m[1]
	}
	return command, false
}

// leading splits the assignments from a command.
func leading(command string) (sets []string, rest string) {
	for rest = command; ; {
		m := assigned.FindStringSubmatch(rest)
		if m == nil {
			return sets, rest
		}
		sets, rest = append(sets, m[1]), rest[len(m[0]):]
	}
}

// WithExec returns a command for a shell whose last part, the program, takes the shell's place, and
// so gets its signals. It is not ok where that part cannot be told, or is none that could.
func WithExec(command string) (text string, ok bool) {
	command, _ = server(strings.TrimSpace(command))
	bare := unquote.ReplaceAllString(command, "")
	if command == "" || strings.ContainsAny(bare, "\n(){}<>`#") ||
		strings.ContainsAny(strings.ReplaceAll(bare, "&&", ""), "&|") {
		return "", false
	}
	at := 0
	for _, m := range chain.FindAllStringIndex(command, -1) {
		if strings.Count(command[:m[0]], `"`)%2 == 0 && strings.Count(command[:m[0]], "'")%2 == 0 {
			at = m[1]
		}
	}
	last := strings.TrimSpace(command[at:])
	sets, program := leading(last)
	word, _, _ := strings.Cut(program, " ")
	switch {
	case word == "" || slices.Contains(builtins, word) || assigns.MatchString(word):
		return "", false
	case word == "exec":
		return command, true
	}
	begin := strings.TrimSpace(command[:at])
	return strings.TrimSpace(begin + " " + strings.TrimSpace(strings.Join(sets, " ")+" exec "+program)), true
}

// unquote is what stands in quotes, and variables in braces.
var unquote = regexp.MustCompile(`'[^']*'|"[^"` + "`" + `]*"|\$\{[^{}]*\}`)

// Rebase returns the change that builds a stage on another image. It is nil where its FROM does not
// name the image as it is.
func (f *File) Rebase(s *Stage, image string) *Change {
	if s.Line < 1 || s.Line > len(f.Lines) {
		return nil
	}
	old := f.Lines[s.Line-1]
	word := regexp.MustCompile(`^(\s*\S+(?:\s+--\S+)*\s+)` + regexp.QuoteMeta(s.Base) + `(\s|$)`)
	if !word.MatchString(old) {
		return nil
	}
	return f.parsed(Change{Line: s.Line, Old: old, New: word.ReplaceAllString(old,
		"${1}"+strings.ReplaceAll(image, "$", "$$")+"${2}")})
}

// Absolute returns the change that gives a relative WORKDIR the whole path: joined with the one
// before, or below the folder that the base image begins in, where that is known. It is nil
// otherwise.
func (f *File) Absolute(in Instruction) *Change {
	folder := strings.Trim(strings.Join(in.Args, " "), `"'`)
	before := ""
	for i := range f.Stages {
		s := &f.Stages[i]
		if !slices.ContainsFunc(s.Instructions, func(other Instruction) bool { return other.Line == in.Line }) {
			continue
		}
		before = f.folderOf(s, in.Line)
	}
	if before == "" || strings.ContainsAny(before+folder, `$#`) {
		return nil
	}
	return f.Change(in, in.keyword()+" "+path.Join(before, folder))
}

// folderOf returns the folder in which a stage is before a line, or empty where the base image says
// that.
func (f *File) folderOf(s *Stage, line int) string {
	folder := ""
	switch name, _, _ := strings.Cut(path.Base(s.Base), ":"); {
	case s.From >= 0:
		folder = f.folderOf(&f.Stages[s.From], line)
	case slices.Contains([]string{"python", "node", "debian", "ubuntu", "alpine", "scratch"}, name):
		folder = "/"
	}
	for _, in := range s.Instructions {
		if in.Name == "WORKDIR" && in.Line < line {
			to := strings.Trim(strings.Join(in.Args, " "), `"'`)
			if path.IsAbs(to) {
				folder = path.Clean(to)
			} else if folder != "" {
				folder = path.Join(folder, to)
			}
		}
	}
	return folder
}

// Port returns the port that the command names on which the program is to listen, as it is written,
// or empty.
func (f *File) Port() string {
	var text string
	for _, in := range f.Lasts("ENTRYPOINT", "CMD") {
		words := in.Args
		if list, ok := MeantAsList(strings.Join(in.Args, " ")); ok {
			words = list
		}
		text += " " + strings.Join(words, " ")
	}
	for _, pattern := range ports {
		if m := pattern.FindStringSubmatch(text); m != nil {
			return m[1]
		}
	}
	for _, in := range f.Effective() {
		for _, a := range in.Assignments() {
			if in.Name == "ENV" && a.Name == "PORT" && digits.MatchString(a.Value) {
				return a.Value
			}
		}
	}
	return ""
}

var (
	ports = []*regexp.Regexp{regexp.MustCompile(`\s--port[ =](\d+)`),
		regexp.MustCompile(`\s(?:-b|--bind)[ =]?\S*:(\d+)`), regexp.MustCompile(`\$\{PORT:-(\d+)\}`),
		regexp.MustCompile(`\s-p[ =]?(\d+)`)}
	digits = regexp.MustCompile(`^\d+$`)
)
