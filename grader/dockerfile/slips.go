package dockerfile

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// fence returns a line of a page on which a Dockerfile is shown. What stands below the end of the
// block is taken out, too, unless it goes on with the Dockerfile.
func fence(s slip) *cause {
	marks := func(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "```") }
	if !marks(s.line) {
		return nil
	}
	c := &cause{words: "is a mark of Markdown around code, and no instruction",
		hint: "Take out the lines that begin with ```, and what is no part of a Dockerfile."}
	rest := s.lines[s.number-1:]
	block := rest[1:]
	if slices.Contains(written(s.lines[:s.number-1]), "FROM") {
		block = nil // it ends here
	} else if end := slices.IndexFunc(block, marks); end >= 0 {
		block = block[:end]
	}
	change := Change{Line: s.number, Old: strings.Join(rest, "\n"),
		New: strings.Join(slices.DeleteFunc(slices.Clone(rest), marks), "\n")}
	if !s.helps(change) {
		change.New = strings.Join(block, "\n")
	}
	if s.instructs(change) {
		c.change, c.hint = &change, ""
	}
	return c
}

var invisible = regexp.MustCompile("[\u00a0\u2000-\u200b\u202f\u2060\u3000\ufeff]+")

// noBlank returns a line with a space that is none for Docker, as pages and word processors have.
func noBlank(s slip) *cause {
	if !invisible.MatchString(s.line) {
		return nil
	}
	line := strings.TrimSpace(invisible.ReplaceAllString(s.line, " "))
	return &cause{words: "has a space of a web page or word processor in it (no-break space), which Docker takes " +
		"for a letter",
		change: s.write(line)}
}

var (
	behindBackslash = regexp.MustCompile(`^(.*\\)\s+#.*$`)
	pairs           = regexp.MustCompile(`^[A-Za-z_][\w.-]*=`)
)

// continuation returns a line that goes on with one which does not say so.
func continuation(s slip) *cause {
	if s.number < 2 || !strings.HasPrefix(s.said, "unknown instruction") {
		return nil
	}
	before := strings.TrimRightFunc(s.lines[s.number-2], unicode.IsSpace)
	if m := behindBackslash.FindStringSubmatch(before); m != nil {
		return &cause{words: fmt.Sprintf("does not go on with line %d: behind its backslash stands a comment, and "+
			"nothing may",
			s.number-1), change: &Change{Line: s.number - 1, Old: s.lines[s.number-2], New: m[1]}}
	}
	if first, _, _ := strings.Cut(strings.TrimSpace(before), " "); pairs.MatchString(s.word) &&
		slices.Contains([]string{"ENV", "ARG", "LABEL"}, strings.ToUpper(first)) || strings.HasPrefix(s.word, "-") &&
		len(written([]string{before})) > 0 {
		return &cause{words: fmt.Sprintf("goes on with line %d, which has no backslash at its end", s.number-1),
			change: &Change{Line: s.number - 1, Old: s.lines[s.number-2], New: before + " \\"}}
	}
	if line, comment, ok := CutComment(before); ok && strings.HasSuffix(line, "&&") {
		return &cause{words: fmt.Sprintf("does not go on with line %d, which ends with a comment", s.number-1),
			change: &Change{Line: s.number - 1, Old: s.lines[s.number-2], New: comment + "\n" + line + " \\"}}
	}
	if !slices.Contains([]string{"&&", "||", "|", ";"}, s.word) && !strings.HasSuffix(before, "&&") {
		return nil
	}
	return &cause{words: fmt.Sprintf("goes on with line %d, which has no backslash at its end", s.number-1),
		change: &Change{Line: s.number - 1, Old: s.lines[s.number-2], New: before + " \\"}}
}

var straight = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "‘", "'", "’", "'")

// curly returns the quotes of a text editor.
func curly(s slip) *cause {
	line := straight.Replace(s.line)
	if line == s.line {
		return nil
	}
	return &cause{words: "has the curly quotes of a text editor, and Docker knows the straight ones alone",
		change: s.write(line)}
}

// commentBehind returns a comment that does not begin its line.
func commentBehind(s slip) *cause {
	line, comment, ok := CutComment(s.line)
	if !ok || strings.HasPrefix(s.said, "unknown instruction") {
		return nil
	}
	return &cause{words: "has a comment behind the instruction: # begins one at the start of a line alone",
		change: s.write(comment, line)}
}

// CutComment splits an instruction from what was meant as a comment behind it.
func CutComment(line string) (instruction, comment string, ok bool) {
	if at := behind.FindStringIndex(line); at != nil {
		return line[:at[0]], strings.TrimSpace(line[at[0]:]), true
	}
	return line, "", false
}

var behind = regexp.MustCompile(`\s+#(\s.*|\w[^"'\]]*)$`)

// meant are instructions by the words that are taken for them.
var meant = map[string]string{"WORKDIRECTORY": "WORKDIR", "WORK_DIR": "WORKDIR", "DIRECTORY": "WORKDIR",
	"DIR": "WORKDIR", "CD": "WORKDIR", "COMMAND": "CMD", "START": "CMD", "EXEC": "CMD", "EXECUTE": "RUN",
	"INSTALL": "RUN", "ENTRY": "ENTRYPOINT", "ENTRY_POINT": "ENTRYPOINT", "ENTRYPOINTS": "ENTRYPOINT", "PORT": "EXPOSE",
	"PORTS": "EXPOSE", "OPEN": "EXPOSE", "LISTEN": "EXPOSE", "ENVIRONMENT": "ENV", "ENVS": "ENV", "SET": "ENV",
	"EXPORT": "ENV", "IMAGE": "FROM", "BASE": "FROM", "INCLUDE": "COPY", "VOLUMES": "VOLUME", "LABELS": "LABEL",
	"ARGS": "ARG", "HEALTH_CHECK": "HEALTHCHECK", "USERS": "USER"}

// otherWord returns a word in capitals that stands for an instruction.
func otherWord(s slip) *cause {
	name := meant[s.word]
	if name == "" || !strings.HasPrefix(s.said, "unknown instruction") || s.rest == "" {
		return nil
	}
	return &cause{words: fmt.Sprintf("begins with %s, which is no instruction: %s is", s.word, name),
		change: s.write(name + " " + s.rest)}
}

// glued returns an instruction without a space behind it, or with a colon.
func glued(s slip) *cause {
	if !strings.HasPrefix(s.said, "unknown instruction") {
		return nil
	}
	for _, name := range names {
		rest, ok := cutFold(s.line, name)
		if !ok || rest == "" || goesOnAsWord(s.line[:len(name)], rest) {
			continue
		}
		words := "lacks a space behind " + name
		if rest[0] == ':' || rest[0] == '=' {
			words, rest = fmt.Sprintf("has a %c behind %s, where a space belongs", rest[0], name),
				strings.TrimSpace(rest[1:])
		}
		if rest == ".." {
			rest = ". ."
		}
		return &cause{words: words, change: s.write(name + " " + rest)}
	}
	return nil
}

// goesOnAsWord reports whether what follows an instruction's letters makes another word of them:
// RUNNING, but not RUNpip.
func goesOnAsWord(name, rest string) bool {
	return rest != "" && unicode.IsLetter(rune(rest[0])) && (name != strings.ToUpper(name) ||
		!unicode.IsLower(rune(rest[0])))
}

// cutFold returns strings.CutPrefix whatever the case.
func cutFold(text, prefix string) (string, bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return text, false
	}
	return text[len(prefix):], true
}

var (
	builders = []string{"pip", "pip3", "apt", "apt-get", "apk", "npm", "yarn", "uv", "poetry", "mkdir", "chmod",
		"chown", "useradd", "adduser"}
	starters = []string{"uvicorn", "gunicorn", "fastapi", "flask", "python", "python3", "node"}
)

// bareCommand returns a command of the shell without RUN or CMD.
func bareCommand(s slip) *cause {
	switch {
	case !strings.HasPrefix(s.said, "unknown instruction") || s.rest == "":
	case slices.Contains(builders, s.word) || strings.HasPrefix(s.line, "python -m pip"):
		return &cause{words: "is a command, and RUN is what runs one in the build", change: s.write("RUN " + s.line)}
	case slices.Contains(starters, s.word):
		if words, ok := ShellWords(s.line); ok {
			return &cause{words: "is a command, and CMD is what starts one in the container",
				change: s.write("CMD " + List(words))}
		}
	}
	return nil
}

// compose returns a file for docker compose.
func compose(s slip) *cause {
	if !slices.Contains([]string{"version:", "services:", "name:", "networks:", "volumes:"}, s.word) {
		return nil
	}
	return &cause{words: "belongs to a file for docker compose, and is no instruction",
		hint: "Call the file docker-compose.yml, and write the Dockerfile beside it: its first instruction is FROM."}
}

// sentence returns prose.
func sentence(s slip) *cause {
	if !strings.HasPrefix(s.said, "unknown instruction") || strings.Contains(s.said, "did you mean") ||
		len(strings.Fields(s.line)) < 3 {
		return nil
	}
	c := &cause{words: "is a sentence, and no instruction"}
	if slices.Contains(written(s.lines), "FROM") {
		c.change = s.write("# " + s.line)
	} else {
		c.hint = "Write the instructions themselves into the file, one a line: the first is FROM and a base image."
	}
	return c
}

// noColon returns a FROM whose image was written as several words.
func noColon(s slip) *cause {
	if !strings.HasPrefix(s.said, "FROM requires") {
		return nil
	}
	image, stage := strings.Fields(s.rest), ""
	var flags string
	for len(image) > 0 && strings.HasPrefix(image[0], "--") {
		flags, image = flags+image[0]+" ", image[1:]
	}
	if n := len(image); n > 2 && strings.EqualFold(image[n-2], "as") {
		image, stage = image[:n-2], " "+image[n-2]+" "+image[n-1]
	}
	n := len(image)
	switch {
	case n == 2 && (image[0] == "=" || image[0] == ":"):
		return &cause{words: fmt.Sprintf("has a %s behind FROM, where the image belongs", image[0]),
			change: s.write(s.word + " " + flags + image[1] + stage)}
	case n == 0:
		return &cause{words: "names no image", hint: "Write the base image behind FROM, with a version."}
	case strings.EqualFold(image[n-1], "as"):
		return &cause{words: "has AS, and no name behind it",
			change: s.write(s.word + " " + flags + strings.Join(image[:n-1], " "))}
	case strings.ContainsAny(strings.Join(image[1:], ""), ":/@"):
		return &cause{words: "names more than one image", hint: "Keep the one that the program needs."}
	}
	name, tag, tagged := strings.Cut(image[0], ":")
	words := "has a space where a colon belongs"
	parts := image[1:]
	if tag != "" {
		words, parts = "has a space where a hyphen belongs", append([]string{tag}, parts...)
	} else if tagged {
		words = "has a space behind the colon"
	}
	return &cause{words: words, change: s.write(s.word + " " + flags + name + ":" + strings.Join(parts, "-") + stage)}
}

var dots = regexp.MustCompile(`^\.\.[\d/]*$`)

// noTarget returns a COPY or ADD of which there is only half.
func noTarget(s slip) *cause {
	if !strings.Contains(s.said, "requires at least two arguments") {
		return nil
	}
	words := strings.Fields(s.rest)
	var flags string
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		flags, words = flags+words[0]+" ", words[1:]
	}
	if len(words) != 1 || strings.HasPrefix(words[0], "[") || strings.Contains(flags, "--from") {
		return &cause{words: "says not all of what to copy and where to",
			hint: "Write both behind it: first what, then where."}
	}
	write := func(from, to string) *Change { return s.write(s.word + " " + flags + from + " " + to) }
	only := words[0]
	source := strings.TrimSuffix(strings.TrimSuffix(only, "/"), ".")
	folder := strings.TrimSuffix(strings.TrimPrefix(only, "./"), "/")
	switch {
	case dots.MatchString(only):
		return &cause{words: "lacks a space: the first dot is what to copy, the second where to",
			change: write(".", ".")}
	case only == "." || only == "./":
		return &cause{words: "says what to copy, and not where to", change: write(only, ".")}
	case source != only && source+"/" != only && source != "" && s.is(source) != 0:
		return &cause{words: "lacks a space before the dot, which is where to",
			change: write(source, only[len(source):])}
	case strings.HasPrefix(only, "./") && s.folder != nil && s.is(folder) == 0:
		return &cause{words: "lacks a space behind the dot, which is what to copy", change: write(".", only[1:])}
	case s.is(folder) == 'd' || s.folder == nil && path.Ext(folder) == "":
		return &cause{words: "says what to copy, and not where to", change: write(only, "./"+folder)}
	}
	return &cause{words: "says what to copy, and not where to", change: write(only, ".")}
}

// is returns what a path of the folder is: 'd' for a folder, 'f' for a file, 0 for nothing. Where
// the folder is not known, all that has an extension is a file.
func (s slip) is(name string) byte {
	if s.folder == nil {
		if path.Ext(name) != "" {
			return 'f'
		}
		return 0
	}
	switch info, err := fs.Stat(s.folder, path.Clean(name)); {
	case err != nil:
		return 0
	case info.IsDir():
		return 'd'
	}
	return 'f'
}

// noType returns a HEALTHCHECK without CMD.
func noType(s slip) *cause {
	if !strings.HasPrefix(s.said, "Unknown type") {
		return nil
	}
	words := strings.Fields(s.rest)
	n := max(0, slices.IndexFunc(words, func(w string) bool { return !strings.HasPrefix(w, "--") }))
	return &cause{words: "lacks CMD before the command",
		change: s.write(s.word + " " + strings.Join(slices.Insert(words, n, "CMD"), " "))}
}

// noText returns a list with an element that is no text, such as a port without quotes.
func noText(s slip) *cause {
	var elements []json.RawMessage
	if !strings.Contains(s.said, "arrays must be comprised of strings") ||
		json.Unmarshal([]byte(s.rest), &elements) != nil {
		return nil
	}
	words, bare := make([]string, len(elements)), ""
	for i, element := range elements {
		if json.Unmarshal(element, &words[i]) != nil {
			words[i] = string(element)
			bare = words[i]
		}
	}
	return &cause{words: fmt.Sprintf("has %s without quotes, and a list has all its words in double quotes", bare),
		change: s.write(s.word + " " + List(words))}
}

// unquoted returns a value with blanks.
func unquoted(s slip) *cause {
	name, value, ok := strings.Cut(s.rest, "=")
	if !strings.Contains(s.said, "can't find = in") || !ok || strings.ContainsAny(name, " ") ||
		strings.ContainsAny(value, `="'\`) {
		return nil
	}
	return &cause{words: "has a value with blanks, which needs quotes",
		change: s.write(fmt.Sprintf("%s %s=%q", s.word, name, value))}
}

// noValue returns an ENV that gives no value.
func noValue(s slip) *cause {
	if !strings.Contains(s.said, "ENV must have two arguments") {
		return nil
	}
	if m := regexp.MustCompile(`^([A-Za-z_]\w*)\s*:\s*(\S.*)$`).FindStringSubmatch(s.rest); m != nil {
		return &cause{words: "has a colon where = belongs", change: s.write(s.word + " " + m[1] + "=" + m[2])}
	}
	return &cause{words: "names a variable, and gives it no value",
		hint: fmt.Sprintf("Write its value too, as in ENV %s=value; or take the line out, where docker run -e "+
			"is to set it.",
			s.rest)}
}

// noArgument returns an instruction that says nothing.
func noArgument(s slip) *cause {
	if s.rest != "" || !strings.Contains(s.said, "requires exactly one argument") &&
		!strings.Contains(s.said, "requires at least one") {
		return nil
	}
	example := map[string]string{"WORKDIR": "WORKDIR /app", "USER": "USER app", "EXPOSE": "EXPOSE 8000",
		"STOPSIGNAL": "STOPSIGNAL SIGTERM", "ARG": "ARG NAME"}[strings.ToUpper(s.word)]
	if example == "" {
		return nil
	}
	return &cause{words: "says nothing behind its name", hint: fmt.Sprintf("Write it as in %s, or take the line out.",
		example)}
}

var flagMeant = regexp.MustCompile(`unknown flag: --([\w-]+)(?: \(did you mean ([\w-]+)\?\))?`)

// otherFlag returns an instruction with an option that it has not.
func otherFlag(s slip) *cause {
	m := flagMeant.FindStringSubmatch(s.said)
	if m == nil {
		return nil
	}
	c := &cause{words: fmt.Sprintf("has the option --%s, which %s does not know", m[1], strings.ToUpper(s.word)),
		hint: "Take it out."}
	if m[2] != "" {
		c.change, c.hint = s.write(strings.Replace(s.line, "--"+m[1], "--"+m[2], 1)), ""
	}
	return c
}

var unitless = regexp.MustCompile(`missing unit in duration "?(\d+)"?`)

// noUnit returns a time without its unit.
func noUnit(s slip) *cause {
	m := unitless.FindStringSubmatch(s.said)
	if m == nil {
		return nil
	}
	return &cause{words: "has a time without a unit",
		change: s.write(regexp.MustCompile(`(=`+m[1]+`)(\s|$)`).ReplaceAllString(s.line, "${1}s${2}"))}
}

// openDocument returns a heredoc without its end.
func openDocument(s slip) *cause {
	m := regexp.MustCompile(`<<-?["']?(\w+)["']?`).FindStringSubmatch(s.line)
	if m == nil || !strings.Contains(s.said, "unterminated heredoc") {
		return nil
	}
	return &cause{words: fmt.Sprintf("begins a text that goes on to a line with %s alone, and there is none", m[1]),
		hint: fmt.Sprintf("Write %s on a line of its own where the text ends.", m[1])}
}

// noFrom returns an instruction above FROM.
func noFrom(s slip) *cause {
	if !strings.HasPrefix(s.said, "no build stage") {
		return nil
	}
	for n, line := range s.lines {
		if rest, ok := cutFold(strings.TrimSpace(line), "FROM "); ok && n >= s.number {
			return &cause{words: "stands above FROM, and only ARG may",
				hint: fmt.Sprintf("Move line %d, `FROM %s`, to the top of the file.", n+1, strings.TrimSpace(rest))}
		}
	}
	return &cause{hint: "Every Dockerfile begins with FROM and a base image: write that line first."}
}
