package build

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// refusal is a complaint of Docker's about an instruction that it can read, and cannot carry out.
type refusal struct {
	pattern *regexp.Regexp
	names   []string // of the instructions that it is about
	advice  string   // $1 and so on are what the pattern found
	// edit returns the line to write; nil where there is none to tell.
	edit func(f *dockerfile.File, in dockerfile.Instruction, m []string) *dockerfile.Change
}

// refusals are asked in this order.
var refusals = []refusal{
	{regexp.MustCompile(`invalid containerPort: (#\S*)`), []string{"EXPOSE"},
		"A comment begins at the start of a line alone: behind EXPOSE Docker takes its words for ports.", uncommented},
	{regexp.MustCompile(`invalid (?:containerPort|port range|proto)[^:]*: (\S*[,;])`), []string{"EXPOSE"},
		"Blanks stand between the ports of EXPOSE, and nothing else.", unpunctuated},
	{regexp.MustCompile(`invalid (?:containerPort|port range|proto)[^:]*: (\S+)`), []string{"EXPOSE"},
		"EXPOSE wants the number of a port, such as EXPOSE 8000, and $1 is none.", numbered},
	{regexp.MustCompile(`invalid reference format: repository name \(?\S*\)? ?must be lowercase`), []string{"FROM"},
		"The name of an image has no capitals.", lowered},
	{regexp.MustCompile(`failed to parse stage name "[^"]*": invalid reference format`), []string{"FROM"},
		"That is no name of an image: it is NAME or NAME:TAG, without blanks, and with a value for each variable.",
		valued},
	{regexp.MustCompile(`base name \([^)]*\) should not be blank`), []string{"FROM"},
		"The variable has no value at FROM: give it one on an ARG line above the first FROM.", valued},
	{regexp.MustCompile(`unsupported mount type "([^"]+)"(?: \(did you mean ([^)]+)\?\))?`), []string{"RUN"},
		"RUN --mount knows bind, cache, tmpfs, secret and ssh.", meant},
	{regexp.MustCompile(`secret (\S+): not found`), []string{"RUN"},
		"Nobody gives the secret $1 here: let the step do without it.", optional},
	{regexp.MustCompile(`failed to process "[^\n]*": (\w+): (?:is not allowed to be unset|[^\n]*)`), []string{"COPY",
		"ADD", "ENV",
		"WORKDIR", "USER", "EXPOSE", "LABEL"},
		"Docker puts variables in while the image is built, and $1 has no value there; in a here-document, " +
			"<<\"EOF\" in " +
			"quotes keeps the text as it is.", quoted},
	{regexp.MustCompile(`invalid signal: (\S+)`), []string{"STOPSIGNAL"},
		"There is no signal $1: SIGTERM is what docker stop sends where nothing else is said.", nil},
	{regexp.MustCompile(`unable to find (?:user|group) (\S+?):`), []string{"RUN", "USER", "WORKDIR", "COPY", "ADD"},
		"The image has no user or group $1 at this step: make it on a line before.", withUser},
	{regexp.MustCompile(`(?:mkdir|l?stat) (\S+): not a directory`), []string{"WORKDIR"},
		"A COPY above makes a file where $1 wants a folder: a target is a folder where it ends with /.", asFolder},
	{regexp.MustCompile(`failed to load cache key: Get "?([^":]+://[^"/]+)[^"]*"?: `), []string{"ADD"},
		"$1 did not answer while the image was built: hand the file in, or take it from a host that answers.", nil},
	{regexp.MustCompile(`invalid includepatterns: \[(\[.*)\]: syntax error in pattern`), []string{"COPY", "ADD"},
		"What begins with a bracket is a list, with each word in double quotes, commas between them, and a bracket " +
			"behind.",
		asList},
	{regexp.MustCompile(`invalid from flag value (\S+): `), []string{"COPY"},
		"$1 is neither a stage of this file nor the name of an image.", nil},
}

// refused returns what to do about an instruction that Docker would not carry out. ok is false
// where the complaint is none that is known.
func refused(t check.Source, failure *check.BuildFailure) (h check.Hint, ok bool) {
	file, err := t.Dockerfile()
	if err != nil {
		return h, false
	}
	for _, r := range refusals {
		at := r.pattern.FindStringSubmatchIndex(failure.Message)
		if at == nil {
			continue
		}
		h.Advice = string(r.pattern.ExpandString(nil, r.advice, failure.Message, at))
		in := about(file, failure.Line, r.names)
		if in == nil {
			return h, true
		}
		failure.Line = in.Line
		if r.edit != nil {
			h.Edit = check.EditOf(file.Name, r.edit(file, *in, r.pattern.FindStringSubmatch(failure.Message)))
		}
		return h, true
	}
	return h, false
}

// about returns the instruction on a line, or where the line is not known the only one of these
// names.
func about(f *dockerfile.File, line int, names []string) *dockerfile.Instruction {
	var all []dockerfile.Instruction
	for _, s := range f.Stages {
		all = append(all, dockerfile.Instruction{Name: "FROM", Line: s.Line, EndLine: s.Line, Text: f.Lines[s.Line-1]})
		all = append(all, s.Instructions...)
	}
	all = slices.DeleteFunc(all, func(in dockerfile.Instruction) bool { return !slices.Contains(names, in.Name) })
	for i, in := range all {
		if in.Line == line || len(all) == 1 {
			return &all[i]
		}
	}
	return nil
}

// unpunctuated takes out what stands between the words of an instruction beside blanks.
func unpunctuated(f *dockerfile.File, in dockerfile.Instruction, _ []string) *dockerfile.Change {
	line := f.Lines[in.Line-1]
	return f.Change(in, strings.TrimSpace(regexp.MustCompile(`\s*[,;]\s*`).ReplaceAllString(line, " ")))
}

// asList writes the list that an instruction was to have.
func asList(f *dockerfile.File, in dockerfile.Instruction, _ []string) *dockerfile.Change {
	text := strings.TrimSpace(strings.TrimPrefix(f.Lines[in.Line-1], in.Name))
	words, ok := dockerfile.MeantAsList(strings.TrimSuffix(text, "]") + "]")
	if !ok || in.Line != in.EndLine {
		return nil
	}
	return f.Change(in, in.Name+" "+dockerfile.List(words))
}

// numbered writes the port that CMD has.
func numbered(f *dockerfile.File, in dockerfile.Instruction, _ []string) *dockerfile.Change {
	if port := f.Port(); port != "" && len(in.Args) == 1 {
		return f.Change(in, "EXPOSE "+port)
	}
	return nil
}

// optional lets a step do without a secret that nobody gives.
func optional(f *dockerfile.File, in dockerfile.Instruction, _ []string) *dockerfile.Change {
	return f.Replace(in, regexp.MustCompile(`,required(?:=true)?\b`), "")
}

// quoted lets a here-document keep its text as it is.
func quoted(f *dockerfile.File, in dockerfile.Instruction, _ []string) *dockerfile.Change {
	line := f.Lines[in.Line-1]
	if by := regexp.MustCompile(`<<(-?)(\w+)`).ReplaceAllString(line, `<<${1}"${2}"`); len(in.Heredocs) > 0 &&
		by != line {
		lines := append([]string{by}, f.Lines[in.Line:in.EndLine]...)
		return f.Change(in, lines...)
	}
	return nil
}

func uncommented(f *dockerfile.File, in dockerfile.Instruction, _ []string) *dockerfile.Change {
	line, _, ok := dockerfile.CutComment(f.Lines[in.Line-1])
	if !ok {
		return nil
	}
	return f.Change(in, line)
}

func lowered(f *dockerfile.File, in dockerfile.Instruction, _ []string) *dockerfile.Change {
	words := strings.Fields(f.Lines[in.Line-1])
	for _, word := range words[min(1, len(words)):] {
		if !strings.HasPrefix(word, "--") && !strings.Contains(word, "$") {
			return f.Replace(in, regexp.MustCompile(regexp.QuoteMeta(word)), strings.ToLower(word))
		}
	}
	return nil
}

// valued gives a variable of FROM's that has no value one, where the image is Python or Node.
func valued(f *dockerfile.File, in dockerfile.Instruction, _ []string) *dockerfile.Change {
	for _, stage := range f.Stages {
		for _, arg := range stage.Instructions {
			for _, a := range arg.Assignments() {
				if arg.Name == "ARG" && a.Value != "" &&
					regexp.MustCompile(`\$\{?`+a.Name+`\b`).MatchString(f.Lines[in.Line-1]) {
					return f.Move(arg, dockerfile.Instruction{Line: f.Stages[0].Line})
				}
			}
		}
	}
	m := regexp.MustCompile(`\b(python|node):\$\{?(\w+)\}?(?:\s|$)`).FindStringSubmatch(f.Lines[in.Line-1])
	if m == nil || in.Line != f.Stages[0].Line || slices.ContainsFunc(f.Global, func(arg dockerfile.Instruction) bool {
		return slices.ContainsFunc(arg.Args, func(a string) bool { return a == m[2] || strings.HasPrefix(a, m[2]+"=") })
	}) {
		return nil
	}
	return f.Above(in, "ARG "+m[2]+"="+map[string]string{"python": "3.12-slim", "node": "20-slim"}[m[1]])
}

// meant replaces a word by the one that Docker takes it for.
func meant(f *dockerfile.File, in dockerfile.Instruction, m []string) *dockerfile.Change {
	if m[2] == "" {
		return nil
	}
	return f.Replace(in, regexp.MustCompile(regexp.QuoteMeta(m[1])+`\b`), m[2])
}

// asFolder lets the COPY that made a file where WORKDIR wants a folder put it into a folder of that name.
func asFolder(f *dockerfile.File, in dockerfile.Instruction, m []string) *dockerfile.Change {
	for _, s := range f.Stages {
		for _, c := range s.Instructions {
			if (c.Name == "COPY" || c.Name == "ADD") && c.Line < in.Line && len(c.Args) == 2 &&
				strings.HasPrefix(m[1]+"/", c.Args[1]+"/") {
				return f.Replace(c, regexp.MustCompile(regexp.QuoteMeta(c.Args[1])+`\s*$`), c.Args[1]+"/")
			}
		}
	}
	return nil
}

// withUser makes the user above the USER line that names it, or above the step.
func withUser(f *dockerfile.File, in dockerfile.Instruction, m []string) *dockerfile.Change {
	if _, err := strconv.Atoi(m[1]); err == nil || strings.Contains(f.Lines[in.Line-1], "@") {
		return nil
	}
	for _, s := range f.Stages {
		for _, user := range s.Instructions {
			if user.Name == "USER" && user.Line < in.Line && len(user.Args) > 0 &&
				strings.HasPrefix(user.Args[0], m[1]) {
				in = user
			}
		}
	}
	return f.Above(in, fmt.Sprintf("RUN useradd --create-home %s", m[1]))
}
