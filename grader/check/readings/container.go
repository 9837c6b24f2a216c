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

// container are the engine's words for a program that it does not start.
var container = tool{name: "docker", entries: []entry{
	on("list-in-other-quotes", `exec: "(\[[^"\n]*)": [^\n]*`, "", "").with(singleQuotes),
	on("not-executable", `exec:? "?([^"\s:]+)"?: permission denied`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if s.venvBrought(m[1], h) || notExecutable(s, m, h) {
			return true
		}
		h.Cause, h.Advice = fmt.Sprintf("%s may not be run in the image.", m[1]),
			fmt.Sprintf("Give it the right with RUN chmod +x %s.", m[1])
		if at := inside(s.workdir(), m[1]); s.has(strings.TrimPrefix(at, "/")) || s.arrives(path.Base(m[1])) {
			h.Edit = s.asRoot("RUN chmod +x " + at)
		} else if own := s.ownPath(s.folderPath(at)); own != "" && s.isFolder(own) {
			h.Cause, h.Advice = fmt.Sprintf("%s is a folder, and no program.", m[1]), "Let CMD name the program in it."
		}
		return true
	}),
	on("a-folder", `exec: "([^"]+)": is a directory`, `$1 is a folder, and no program.`, `Let CMD name a program.`),
	on("not-found",
		`(?:exec: "([^"]+)": executable file not found in \$PATH|exec: "([^"]+)": stat [^\n]*: no such file or `+
			`directory|exec:? "?([^"\s:]+)"?: no such file or directory)`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		name := m[1] + m[2] + m[3]
		switch {
		case s.shellWords(name, h):
			return true
		case strings.Contains(name, " "):
			h.Cause = fmt.Sprintf(
				"CMD's list has the whole command as one word, %q: Docker looks for a program of that name.", name)
			h.Advice = "Write each word as an element of its own."
			words := strings.Fields(name)
			quoted := make([]string, len(words))
			for i, w := range words {
				quoted[i] = fmt.Sprintf("%q", w)
			}
			h.Edit = s.inCommand(regexp.MustCompile(`"`+regexp.QuoteMeta(name)+`"`),
				strings.ReplaceAll(strings.Join(quoted, ", "), "$", "$$"))
			return true
		case regexp.MustCompile(`^\w+=`).MatchString(name):
			h.Cause, h.Advice = fmt.Sprintf("CMD begins with an assignment, %s, which only a shell understands.", name),
				"Write it as a line of its own."
			h.Edit = s.above(false, "ENV "+name)
			return true
		case s.venvBrought(name, h), s.venvMoved(h), strings.Contains(name, "/bin/") && s.venvUnused(h),
			strings.Contains(name, "/bin/") &&
				s.otherPython(h):
			return true
		case strings.Contains(name, "venv/") && !strings.Contains(strings.Join(s.lines(s.File.Name), "\n"), " venv"):
			h.Cause = fmt.Sprintf(
				"CMD names a program of a virtual environment, %s, and no line of the Dockerfile makes one.", name)
			h.Advice = "Name the program alone, as the build installs it."
			h.Edit = s.inCommand(regexp.MustCompile(regexp.QuoteMeta(name)), path.Base(name))
			return true
		case !strings.Contains(name, "/") && s.landed()[inside(s.workdir(), name)] != "" && !scripted(name) &&
			!strings.HasSuffix(name, ".py"):
			h.Cause = fmt.Sprintf("%s is at %s, and a name without / is looked for in PATH alone.", name,
				inside(s.workdir(), name))
			h.Advice = "Name it with its folder."
			h.Edit = s.inCommand(regexp.MustCompile(`"`+regexp.QuoteMeta(name)+`"`), `"./`+name+`"`)
			return true
		case scripted(name) && !strings.Contains(name, "/"):
			h.Cause = fmt.Sprintf("CMD names %s as a program, and Docker finds none of that name.", name)
			h.Advice = "Let Node start it."
			h.Edit = s.inCommand(regexp.MustCompile(`\[\s*"`+regexp.QuoteMeta(name)+`"`), `["node", "`+name+`"`)
			return true
		case strings.Contains(name, "/"), strings.HasSuffix(name, ".sh"):
			if base := path.Base(name); provides[base] != "" && path.IsAbs(name) && len(s.named(base)) == 0 {
				return notInPath(s, name, h)
			}
			if s.alienBinary(name, h) || s.builtElsewhere(name, h) || script(s, name, h) {
				return true
			}
			h.Cause, h.Advice = fmt.Sprintf(
				"%s is not in the image, or the interpreter that its first line names is not.", name),
				"COPY it, and let CMD name it as it is called there."
			return true
		case strings.HasSuffix(name, ".py"):
			h.Cause, h.Advice = fmt.Sprintf("CMD names %s as a program, and Docker finds none of that name.", name),
				"Let Python start it."
			h.Edit = s.inCommand(regexp.MustCompile(`\[\s*"`+regexp.QuoteMeta(name)+`"`), `["python", "`+name+`"`)
			return true
		}
		return notInPath(s, name, h)
	}),
	on("format", `(?:exec "?([^"\s:]+)"?: )?exec format error`,
		`What CMD names is no program of this kind of machine, nor a script with #!/bin/sh as its first line.`,
		`Give a script that first line, or build the program for this kind of machine.`).with(func(s *Scene, m []string,
		h *check.Hint) bool {
		if s.alienBinary(m[1], h) {
			return true
		}
		if by := map[string]string{".js": "node", ".mjs": "node", ".cjs": "node",
			".py": "python"}[path.Ext(m[1])]; by != "" {
			h.Cause = fmt.Sprintf("%s is started as a program, and its first line does not say with #! what runs it.",
				m[1])
			h.Advice = fmt.Sprintf("Let %s start it.", by)
			h.Edit = s.inCommand(regexp.MustCompile(`\[\s*"`+regexp.QuoteMeta(m[1])+`"`), `["`+by+`", `+
				`"`+strings.TrimPrefix(m[1],
				"./")+`"`)
			return true
		}
		for _, file := range s.files() {
			if lines := s.lines(file); len(lines) > 0 && strings.HasPrefix(lines[0], "\ufeff#!") {
				h.Cause = fmt.Sprintf("%s begins with a byte order mark (BOM), which an editor of Windows writes, and "+
					"not with #!, so Docker does not know what to run it with.", file)
				h.Advice = "Save it as UTF-8 without BOM."
				if at := s.where(file); at != "" {
					h.Advice = "Save it as UTF-8 without BOM, or let the build take the mark out."
					h.Edit = s.asRoot(`RUN sed -i '1s/^\xEF\xBB\xBF//' ` + at)
				}
				break
			}
			if lines := s.lines(file); strings.HasSuffix(file, ".sh") &&
				strings.Contains(strings.Join(s.File.Lines, "\n"), path.Base(file)) && len(lines) > 0 &&
				!strings.HasPrefix(lines[0], "#!") {
				h.Cause = fmt.Sprintf("%s does not begin with #!/bin/sh, so Docker does not know what to run it with.",
					file)
				h.Advice, h.Edit = "Write it there.", &check.Edit{File: file, New: "#!/bin/sh"}
				break
			}
		}
		return true
	}),
	on("no-user", `unable to find (user|group) ([^:\s]+)`, `The image has no $1 $2, which USER names.`,
		`Make it before USER names it.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if plain := strings.Trim(m[2], `;,"'`); plain != m[2] {
			h.Cause = fmt.Sprintf("The image has no %s %s: what stands around the name is a part of it.", m[1], m[2])
			h.Advice = "Write the name alone."
			for _, in := range s.File.Effective() {
				if in.Name == "USER" && strings.Contains(in.Text, m[2]) {
					h.Edit = s.inInstruction(&in, regexp.MustCompile(regexp.QuoteMeta(m[2])), plain)
				}
			}
			return true
		}
		if m[1] == "user" {
			line := "RUN useradd --create-home " + m[2]
			if _, alpine := s.system(); alpine {
				line = "RUN adduser -D " + m[2]
			}
			h.Edit = s.above(true, line)
		}
		return true
	}),
	on("workdir", `chdir to cwd \("?([^")]+)"?\)[^\n]*permission denied`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		who, line := s.user()
		h.Cause = fmt.Sprintf("The program runs as %s (USER, line %d), who may not enter the WORKDIR %s.", who, line,
			m[1])
		h.Advice = "Choose a WORKDIR outside of root's own folder, or give it to that user."
		h.Edit = s.asRoot("RUN chown -R " + who + " " + m[1])
		return who != ""
	}),
	on("no-command", `(?i)no command specified`, "", "").with(noCommand),
	on("refused", `^Error response from daemon: ([^\n]*)`, `Docker does not start the image: $1`,
		`Look at USER, WORKDIR and VOLUME.`),
}}

func (s *Scene) isFolder(name string) bool {
	entries, err := s.Folder.Open(name)
	if err != nil {
		return false
	}
	defer entries.Close()
	info, err := entries.Stat()
	return err == nil && info.IsDir()
}

// noCommand reports whether nothing is started, and what the folder has to start.
func noCommand(s *Scene, _ []string, h *check.Hint) bool {
	h.Cause = "The Dockerfile has no CMD, so the container runs what its base image starts by itself."
	h.Advice = "Add a CMD that starts the program."
	if in, stage := s.commandOfAnother(); in != nil {
		h.Cause = fmt.Sprintf("%s, line %d, is of another stage: the image is the last stage, which begins on line "+
			"%d and has none.", in.Name, in.Line, s.File.Final().Line)
		h.Advice = fmt.Sprintf("Write it there, or take the stage out which begins on line %d.", stage.Line)
		if final := s.File.Final(); final.Name != "" && regexp.MustCompile(`(?i)--from=`+regexp.QuoteMeta(final.Name)+
			`\b`).MatchString(strings.Join(s.File.Lines[stage.Line-1:final.Line-1], "\n")) {
			h.Cause = fmt.Sprintf("The stages stand in the wrong order: that of line %d, with CMD, takes files from "+
				"%s, which begins on line %d, and the last stage is the image.", stage.Line, final.Name, final.Line)
			h.Advice = fmt.Sprintf("Move lines %d to %d above line %d.", final.Line, len(s.File.Lines), stage.Line)
			return true
		}
		if in.Line == in.EndLine {
			h.Advice = "Write it there."
			h.Edit = &check.Edit{File: s.File.Name, Line: len(s.File.Lines), New: s.File.Lines[in.Line-1]}
		}
		return true
	}
	if command := s.Command(); command != "" && len(s.File.Lines) > 0 {
		h.Edit = &check.Edit{File: s.File.Name, Line: len(s.File.Lines), New: command}
		h.Advice = "Start the program."
	}
	return true
}

// commandOfAnother returns the last CMD of a stage that the image is not built on, and the
// stage; nil where there is none.
func (s *Scene) commandOfAnother() (*dockerfile.Instruction, *dockerfile.Stage) {
	known := s.File.Effective()
	for i := len(s.File.Stages) - 1; i >= 0; i-- {
		stage := &s.File.Stages[i]
		for j := len(stage.Instructions) - 1; j >= 0; j-- {
			in := &stage.Instructions[j]
			if in.Name == "CMD" && !slices.ContainsFunc(known,
				func(k dockerfile.Instruction) bool { return k.Line == in.Line }) {
				return in, stage
			}
		}
	}
	return nil, nil
}

var (
	testsOnly = regexp.MustCompile(`\b(?:pytest|unittest|jest|vitest|mocha|flake8|ruff|mypy|` +
		`(?:npm|yarn)\W+(?:run\W+)?test)\b`)
	startsServe = regexp.MustCompile(`\b(?:uvicorn|gunicorn|flask|fastapi|hypercorn|runserver|node|npm\W+start)\b`)
)

// testedLast returns that the last stage, which is the image, runs tests, where another one
// starts the server; nil where that is not so.
func (s *Scene) testedLast() *check.Hint {
	final, command := s.File.Final(), s.File.Last("CMD")
	if command == nil || !testsOnly.MatchString(command.Text) || s.File.Last("ENTRYPOINT") != nil {
		return nil
	}
	in, stage := s.commandOfAnother()
	if in == nil || !startsServe.MatchString(in.Text) || stage.Name == "" {
		return nil
	}
	return &check.Hint{
		Cause: fmt.Sprintf("The image is the last stage, which begins on line %d and runs tests (CMD, line %d); the "+
			"server is started by the stage %s, on line %d.", final.Line, command.Line, stage.Name, in.Line),
		Advice: "Let the last stage be that one.",
		Edit:   &check.Edit{File: s.File.Name, Line: len(s.File.Lines), New: "FROM " + stage.Name}}
}

// builtins are commands that are a shell's own, and no programs.
var builtins = []string{"cd", "export", "source", ".", "set", "ulimit", "umask"}

// shellWords reports whether CMD's list begins with a word that only a shell knows.
func (s *Scene) shellWords(name string, h *check.Hint) bool {
	in := s.commandInstruction()
	if in == nil || !in.Exec || !slices.Contains(builtins, name) || len(in.Args) == 0 || in.Args[0] != name {
		return false
	}
	h.Cause = fmt.Sprintf("%s is a word of the shell, and no program: a list is started without a shell.", name)
	h.Advice = "Let sh read it."
	words := slices.Clone(in.Args)
	if last := slices.Index(words, "&&"); last >= 0 && !slices.Contains(words[last+1:], "&&") && len(words) > last+1 {
		words[last] += " exec"
	}
	if slices.ContainsFunc(words, func(w string) bool { return strings.ContainsAny(w, `"'`) }) {
		return true
	}
	h.Edit = s.command("sh", "-c", strings.Join(words, " "))
	return true
}
