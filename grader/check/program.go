package check

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

var (
	module  = regexp.MustCompile(`^([A-Za-z_][\w.]*):[A-Za-z_]\w*(\(.*\))?$`)
	program = regexp.MustCompile(`\.(py|js|mjs|cjs|ts|go|rb|php|java|rs|sh)$`)
	entry   = regexp.MustCompile(`"main"\s*:\s*"([^"]+)"|"start"\s*:\s*"[^"]*?([\w./-]+\.[mc]?[jt]s)`)
)

// IsProgram reports whether a file is of a program, by its name.
func IsProgram(name string) bool { return program.MatchString(name) && path.Ext(name) != ".sh" }

// EachFile visits the files of a folder, but for those in folders of other people's files.
func EachFile(folder fs.FS, visit func(name string)) { walk(folder, "", visit) }

// mostProgram is how long a file of a program may be, in bytes.
const mostProgram = 256 << 10

// EachProgram visits the files of a program whose names match, in their order, and none of its
// tests; none where there is no folder.
func EachProgram(folder fs.FS, named *regexp.Regexp, visit func(name, text string)) {
	if folder == nil {
		return
	}
	EachFile(folder, func(name string) {
		dir, base := path.Split(name)
		aside := slices.ContainsFunc(strings.Split(dir, "/"),
			func(part string) bool { return strings.HasPrefix(part, ".") || strings.HasPrefix(part, "test") })
		if aside || strings.HasPrefix(base, "test") || !named.MatchString(name) {
			return
		}
		if text := Text(folder, name); text != "" && len(text) <= mostProgram {
			visit(name, text)
		}
	})
}

// Mentions reports whether a file of the folder with one of the endings has a word in it.
func Mentions(folder fs.FS, word string, endings ...string) (found bool) {
	EachFile(folder, func(name string) {
		found = found || slices.Contains(endings, path.Ext(name)) && strings.Contains(Text(folder, name), word)
	})
	return found
}

// StartedFile returns the file of the folder that CMD or ENTRYPOINT starts: server.py of `python
// server.py`, app/main.py of `uvicorn app.main:app`, index.js of `npm start`. It is empty where
// none can be told.
func StartedFile(s Source) string {
	file, err := s.Dockerfile()
	if err != nil {
		return ""
	}
	var words []string
	for _, in := range file.Lasts("ENTRYPOINT", "CMD") {
		words = append(words, strings.FieldsFunc(strings.Join(in.Args, " "),
			func(r rune) bool { return strings.ContainsRune(" \t\"'[],;&", r) })...)
	}
	var files []string
	EachFile(s.FS(), func(name string) { files = append(files, name) })
	find := func(wanted string) string {
		for wanted = strings.TrimPrefix(path.Clean("/"+wanted), "/"); wanted != ""; _, wanted,
			_ = strings.Cut(wanted, "/") {
			if slices.Contains(files, wanted) {
				return wanted
			}
			if i := slices.IndexFunc(files, func(f string) bool { return strings.HasSuffix(f, "/"+wanted) }); i >= 0 {
				return files[i]
			}
		}
		return ""
	}
	for i, word := range words {
		var wanted []string
		switch m := module.FindStringSubmatch(word); {
		case m != nil:
			base := strings.ReplaceAll(m[1], ".", "/")
			wanted = []string{base + ".py", base + "/__init__.py"}
		case program.MatchString(word):
			wanted = []string{word}
		case word == "-m" && i+1 < len(words):
			base := strings.ReplaceAll(words[i+1], ".", "/")
			wanted = []string{base + ".py", base + "/__main__.py"}
		case word == "npm" || word == "yarn" || word == "pnpm" || word == "node" && i+1 < len(words) &&
			words[i+1] == ".":
			for _, m := range entry.FindAllStringSubmatch(Text(s.FS(), "package.json"), -1) {
				wanted = append(wanted, m[2], m[1])
			}
		}
		for _, w := range wanted {
			if found := find(w); w != "" && found != "" {
				return found
			}
		}
	}
	return ""
}

var (
	listed  = regexp.MustCompile(`^-r=?(.*)|^--requirement=?(.*)`)
	include = regexp.MustCompile(`(?m)^\s*(-r|-c|-e|--requirement|--constraint|--editable|\.)`)
	hooks   = regexp.MustCompile(`"(preinstall|install|postinstall|prepare)"\s*:`)
)

// InstallFirst returns the edit that makes the instruction of one line install above the COPY of
// another line, which brings the program in: as it is where it needs no file of the folder, else
// behind a COPY of the files that list the dependencies. It is nil where that is not certain. lists
// reports whether there are such files.
func InstallFirst(s Source, copyLine, runLine int) (edit *Edit, lists bool) {
	file, err := s.Dockerfile()
	if err != nil || file.At(copyLine) == nil || file.At(runLine) == nil {
		return nil, true
	}
	bring, run := *file.At(copyLine), *file.At(runLine)
	needed, certain := listsOf(s.FS(), run)
	lists = !certain || len(needed) > 0
	sources := bring.Sources()
	if !certain || len(sources) == 0 || len(run.Heredocs) > 0 || run.Line < bring.Line {
		return nil, lists
	}
	run, needed, ok := withItsLike(s.FS(), file, bring, run)
	if !ok {
		return nil, lists
	}
	slices.Sort(needed)
	needed = slices.Compact(needed)
	if len(needed) == 0 {
		return EditOf(file.Name, file.Move(run, bring)), lists
	}
	to := bring.Args[len(bring.Args)-1]
	if len(sources) != 1 || path.Clean(sources[0]) != "." || len(bring.Flags) > 0 ||
		strings.Contains(to, "$") {
		return nil, lists
	}
	if rules, err := s.Ignore(); err != nil || slices.ContainsFunc(needed,
		func(name string) bool { return rules.Decide(name).Ignored }) {
		return nil, lists
	}
	if path.Clean(to) != "." && !strings.HasSuffix(to, "/") || len(needed) > 1 {
		to = strings.TrimSuffix(to, "/") + "/"
	}
	moved := file.Move(run, bring)
	if moved == nil {
		return nil, lists
	}
	moved.New = "COPY " + strings.Join(needed, " ") + " " + to + "\n" + moved.New
	if file.Changed(*moved) == nil {
		return nil, lists
	}
	return EditOf(file.Name, moved), lists
}

// withItsLike returns a RUN widened by what goes above a COPY with it, and what that needs of the
// folder: all between the two, and the installs right behind. ok is false where something else is
// between that may be needed.
func withItsLike(folder fs.FS, file *dockerfile.File, bring, run dockerfile.Instruction) (all dockerfile.Instruction,
	needed []string, ok bool) {
	all = run
	i := slices.IndexFunc(file.Stages, func(stage dockerfile.Stage) bool {
		return slices.ContainsFunc(stage.Instructions,
			func(in dockerfile.Instruction) bool { return in.Line == run.Line })
	})
	for _, in := range file.Stages[i].Instructions {
		lists, certain := listsOf(folder, in)
		switch moves := in.Name == "RUN" && len(in.Heredocs) == 0 && certain; {
		case in.Line <= bring.Line:
		case moves && (in.Line <= run.Line || slices.ContainsFunc(in.Commands(), dockerfile.Command.Installs)):
			all.Line, all.EndLine = min(all.Line, in.Line), max(all.EndLine, in.EndLine)
			needed = append(needed, lists...)
		case in.Line > run.Line:
			return all, needed, true
		case in.Name == "ENV", in.Name == "ARG", in.Name == "WORKDIR" && path.IsAbs(bring.Args[len(bring.Args)-1]):
			all.Line = min(all.Line, in.Line)
		case !slices.Contains([]string{"EXPOSE", "LABEL", "CMD", "ENTRYPOINT", "HEALTHCHECK"}, in.Name):
			return all, nil, false
		}
	}
	return all, needed, true
}

// listsOf returns the files at the top of the folder that a RUN needs to install what it does, and
// whether that is certain.
func listsOf(folder fs.FS, run dockerfile.Instruction) (files []string, certain bool) {
	add := func(names ...string) bool {
		for _, name := range names {
			if _, err := fs.Stat(folder, name); err == nil && !slices.Contains(files, name) {
				files = append(files, name)
			}
		}
		return len(files) > 0
	}
	if slices.ContainsFunc(run.Flags, func(f string) bool { return strings.Contains(f, "type=bind") }) {
		return nil, false
	}
	for _, c := range run.Commands() {
		switch {
		case c.Program == "npm" || c.Program == "yarn" || c.Program == "pnpm":
			if c.Has("run", "build", "start", "test") || hooks.MatchString(Text(folder, "package.json")) ||
				!add("package.json") {
				return nil, false
			}
			add("package-lock.json", "yarn.lock", "pnpm-lock.yaml")
		case c.Program == "uv" && c.Has("sync"):
			if strings.Contains(Text(folder, "pyproject.toml"), "[build-system]") && !c.WithoutProject() ||
				!add("pyproject.toml") {
				return nil, false
			}
			add("uv.lock", ".python-version")
		case c.Pip():
			for i, arg := range c.Args {
				m := listed.FindStringSubmatch(arg)
				switch {
				case m != nil:
					name := m[1] + m[2]
					if name == "" && i+1 < len(c.Args) {
						name = c.Args[i+1]
					}
					if name = path.Clean(name); include.MatchString(Text(folder, name)) || !add(name) {
						return nil, false
					}
				case i > 0 && listed.MatchString(c.Args[i-1]):
				case strings.HasPrefix(arg, ".") || strings.HasPrefix(arg, "/") || arg == "-e" || arg == "-c" ||
					strings.ContainsAny(arg, "$*"):
					return nil, false
				}
			}
		case c.Installs() && (strings.HasPrefix(c.Program, "apt") || c.Program == "apk"):
		case strings.HasPrefix(c.Program, "apt") || c.Program == "mkdir" || c.Program == "rm":
		default:
			return nil, false
		}
	}
	return files, true
}

// HoldsFiles reports whether the image holds anything that came from the folder: a COPY or ADD of
// some bytes, or what a RUN made that mounts the folder. Where it cannot be known, it is taken to.
func HoldsFiles(t Target) bool {
	file, err := t.Dockerfile()
	image := t.Built().Image
	if err != nil || image == nil || image.Unmeasured != nil {
		return true
	}
	return slices.ContainsFunc(image.Layers, func(l ImageLayer) bool {
		in := file.At(l.Line)
		return !l.Base && l.Size > 0 && (in == nil || in.FromFolder(file))
	})
}
