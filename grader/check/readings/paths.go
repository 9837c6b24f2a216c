package readings

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// syncs reports whether uv installs into a .venv of the image.
func (s *Scene) syncs() bool {
	for _, stage := range s.File.Stages {
		for _, in := range stage.Instructions {
			for _, a := range in.Assignments() {
				if a.Name == "UV_PROJECT_ENVIRONMENT" || a.Name == "UV_SYSTEM_PYTHON" {
					return false
				}
			}
			for _, c := range in.Commands() {
				if in.Name == "RUN" && c.Program == "uv" && len(c.Args) > 0 && c.Args[0] == "sync" {
					return true
				}
			}
		}
	}
	return false
}

// venvPath returns the edit that puts the programs of .venv before the others.
func (s *Scene) venvPath() *check.Edit {
	for i, stage := range s.File.Stages {
		for dir, in := range placed(stage.Instructions) {
			for _, c := range in.Commands() {
				if in.Name == "RUN" && c.Program == "uv" && len(c.Args) > 0 && c.Args[0] == "sync" {
					if i < len(s.File.Stages)-1 {
						dir = s.workdir()
					}
					return s.above(false, `ENV PATH="`+path.Join(dir, ".venv/bin")+`:$PATH"`)
				}
			}
		}
	}
	return nil
}

// venv returns the folder of a virtual environment that the image has, and into which a RUN
// installs by naming it, or since a stage has its programs come first; or empty.
func (s *Scene) venv() string {
	dir, named, installed := "", "", false
	for _, stage := range s.File.Stages {
		first := false // whether the environment's programs come first
		for at, in := range placed(stage.Instructions) {
			for _, c := range in.Commands() {
				if in.Name == "RUN" && (c.Program == "venv" || c.Program == "virtualenv") && len(c.Args) > 0 {
					named = c.Args[len(c.Args)-1]
					dir = inside(at, named)
				}
				installed = installed || in.Name == "RUN" && first && c.Pip() && c.Installs()
			}
			installed = installed || dir != "" && in.Name == "RUN" && strings.Contains(in.Text, named+"/bin/")
			first = first || dir != "" && in.Name == "ENV" && strings.Contains(in.Text, dir+"/bin")
		}
	}
	if !installed {
		return ""
	}
	for _, in := range s.File.Effective() { // made there, or brought from another stage
		if in.Name == "RUN" && strings.Contains(in.Text, "venv "+named) ||
			in.Name == "COPY" && len(in.Args) > 1 && path.Clean(in.Args[len(in.Args)-1]) == dir {
			return dir
		}
	}
	return ""
}

// notInPath says of a program that the image has not what would bring it.
func notInPath(s *Scene, name string, h *check.Hint) bool {
	base := path.Base(name)
	h.Cause = fmt.Sprintf("The image has no program %s.", base)
	if !s.started {
		h.Cause = fmt.Sprintf("The image has no program %s at this step.", base)
	}
	if lost := s.lostPath(); lost != nil {
		*h = *lost
		return true
	}
	if s.ofAnother(base, h) || s.inOtherStage(base, h) || s.pipedAway(base, h) {
		return true
	}
	if m := regexp.MustCompile(`^(pip|python)\d+\.\d+$`).FindStringSubmatch(base); m != nil {
		h.Cause += " It is made for another Python than the image has."
		h.Advice = fmt.Sprintf("Write %s.", m[1])
		if h.Edit = s.inStep(name, m[1]); s.started {
			h.Edit = s.inCommand(word(name), "${1}"+m[1]+"${2}")
		}
		return true
	}
	asked := slices.DeleteFunc(slices.Sorted(maps.Keys(brings)),
		func(program string) bool { _, ok := s.requires(brings[program]); return !ok })
	if near := nearest(base, asked); near != "" && brings[base] == "" && provides[base] == "" {
		h.Advice = fmt.Sprintf("Is %s meant?", near)
		if h.Edit = s.inStep(name, near); s.started {
			h.Edit = s.inCommand(word(name), "${1}"+near+"${2}")
		}
		return true
	}
	if name := brings[base]; name != "" {
		s.notInstalled(base, name, h)
		return true
	}
	debian, alpine := s.system()
	what, known := provides[base]
	switch {
	case base == "conda" || base == "mamba":
		condaMissing(s, h)
	case (base == "python3" || base == "pip3") && debian && s.has("package.json"):
		h.Advice = fmt.Sprintf("Install %s on a line before.", base)
		h.Edit = s.above(true, "RUN apt-get update && apt-get install -y --no-install-recommends "+what)
	case base == "python" || base == "pip" || base == "python3" || base == "pip3":
		h.Advice = "Begin with a python base image, such as python:3.12-slim."
	case (base == "node" || base == "npm" || base == "npx") && s.started && !s.has("package.json") &&
		s.Command() != "" && s.File.Last("ENTRYPOINT") == nil:
		h.Advice = "The program is Python's: let CMD start it."
		h.Edit = check.EditOf(s.File.Name, s.File.Change(*s.File.Last("CMD"), s.Command()))
	case (base == "node" || base == "npm" || base == "npx") && debian:
		h.Advice = "Begin with a node base image, or install nodejs and npm with apt-get on a line before."
	case base == "yarn" || base == "pnpm":
		h.Advice = fmt.Sprintf("Install it on a line before: npm install -g %s.", base)
		h.Edit = s.above(true, "RUN npm install -g "+base)
	case s.nodeTool(base) || !known && s.inScript(base):
		s.nodeToolMissing(base, h)
	case known && debian:
		h.Advice = fmt.Sprintf("Install %s on a line before.", base)
		if e := s.above(true, "RUN apt-get update && apt-get install -y --no-install-recommends "+what+
			extra(base)); e != nil {
			h.Edit = e
		}
	case known && alpine:
		if at := strings.Fields(what); len(at) == 1 && base != "gcc" && base != "g++" {
			h.Edit = s.above(true, "RUN apk add --no-cache "+base)
		}
		h.Advice = fmt.Sprintf("Install %s with apk on a line before.", base)
	case base == "bash" && alpine:
		h.Advice, h.Edit = "Alpine has sh alone.", s.above(true, "RUN apk add --no-cache bash")
	case images[base] != "":
		h.Advice = fmt.Sprintf("Begin with an image that has it, such as %s; or let a stage with that build what the "+
			"image needs.", images[base])
	case s.started:
		h.Advice = "Let CMD name a program that is there, or install it in a RUN."
	default:
		h.Advice = fmt.Sprintf("Install what has %s on a line before, or copy it in.", base)
	}
	return true
}

// notInstalled says of a program that a package of Python's brings where that is installed, or how it
// is.
func (s *Scene) notInstalled(base, name string, h *check.Hint) {
	debian, alpine := s.system()
	plain, _, _ := strings.Cut(name, "[")
	p, ok := s.requires(plain)
	switch {
	case s.started && ok && (s.venvMoved(h) || s.otherPython(h) || s.leftBehind(h) || s.pipenvEarly(h)):
	case s.started && s.syncs() && ok:
		h.Cause = fmt.Sprintf("uv sync installs %s into .venv, where a plain %s is not found.", base, base)
		h.Advice = "Let the programs of .venv come first."
		h.Edit = s.venvPath()
	case s.started && ok && s.venv() != "":
		h.Cause = fmt.Sprintf(
			"The packages are installed in the virtual environment %s, where a plain %s is not found.",
			s.venv(), base)
		h.Advice = "Let its programs come first."
		h.Edit = s.above(false, `ENV PATH="`+path.Join(s.venv(), "bin")+`:$PATH"`)
	case s.started && ok && s.poetryApart(base, "a plain "+base+" is not found", h):
	case s.started && ok && s.pipenvVenv(h):
	case s.started && ok && s.intoHome(base, h):
	case s.started && ok && s.built() && len(s.File.Stages) > 1 && (s.locked(p, h) || s.broughtAside(h)):
	case s.started && ok && s.built() && len(s.File.Stages) > 1:
		h.Cause = fmt.Sprintf("%s, installs %s in another stage, and COPY --from brings no program %s from there.",
			p, base, base)
		h.Advice = fmt.Sprintf("COPY /usr/local/bin from that stage too, or start it with python -m %s.", base)
		if e := s.byPython(base); e != nil {
			h.Advice, h.Edit = "Python finds it as a module.", e
		}
	case ok && s.started:
		h.Cause = fmt.Sprintf(
			"The image has no program %s: %s names it, and no step of this image has installed it.", base, p)
		h.Advice = "Install the requirements in the image that is started."
		if e := s.install(p.file); e != nil {
			h.Advice, h.Edit = "", e
		}
	default:
		h.Cause += fmt.Sprintf(" No line installs %s.", plain)
		h.Advice = fmt.Sprintf("Install %s.", plain)
		if s.started {
			h.Edit = s.add(name)
		}
		if h.Edit == nil {
			h.Advice = fmt.Sprintf("Install %s on a line before: pip install %s.", plain, name)
			if e := s.above(true, "RUN pip install --no-cache-dir "+name); e != nil &&
				(s.started || debian || alpine) && !slices.Contains([]string{"uvicorn", "gunicorn"}, base) ||
				s.started && e != nil && !s.has("pyproject.toml") {
				h.Advice, h.Edit = fmt.Sprintf("Install %s on a line before.", plain), e
			}
		}
	}
}

// nodeTool reports whether a program is one that packages of Node bring.
func (s *Scene) nodeTool(name string) bool {
	return slices.Contains([]string{"tsc", "ts-node", "nodemon", "vite", "next", "nest", "webpack", "tsx", "prisma",
		"jest", "eslint", "rimraf", "babel", "react-scripts", "ng", "pm2", "sequelize", "sequelize-cli", "concurrently",
		"cross-env"}, name) && s.has("package.json")
}

// inScript reports whether it was a script of package.json that did not find a program.
func (s *Scene) inScript(name string) bool {
	if !regexp.MustCompile(`(?m)^> |npm (?:error|ERR!)|error Command failed|ELIFECYCLE`).MatchString(s.log) {
		return false
	}
	_, scripts := s.scripts()
	for _, text := range scripts {
		if word(name).MatchString(text) {
			return true
		}
	}
	return false
}

// poetryApart says that Poetry installs into an environment of its own, which is not the one that the
// program is started in, and reports whether that is so. missed says of what is installed there who does
// not see it.
func (s *Scene) poetryApart(what, missed string, h *check.Hint) bool {
	if in := s.poetryInstalls(); in != nil {
		h.Cause = fmt.Sprintf("Line %d: Poetry installs %s into an environment of its own, where %s.", in.Line, what,
			missed)
		h.Advice = "Let Poetry install into the image's own Python."
		h.Edit = &check.Edit{File: s.File.Name, Line: in.Line - 1, New: "ENV POETRY_VIRTUALENVS_CREATE=false"}
		return true
	}
	if !strings.Contains(s.log, "Creating virtualenv ") {
		return false
	}
	h.Cause = "poetry run makes an environment of its own where the image is started, and in that nothing is installed."
	h.Advice = "Start the program itself."
	h.Edit = s.inCommand(regexp.MustCompile(`"poetry",\s*"run",\s*|\bpoetry\s+run\s+`), "")
	return h.Edit != nil
}

// pipenvVenv says of pipenv that it installs into an environment of its own, and reports whether it
// does.
func (s *Scene) pipenvVenv(h *check.Hint) bool {
	for _, in := range s.File.Effective() {
		for _, c := range in.Commands() {
			if in.Name != "RUN" || c.Program != "pipenv" || c.Has("--system") || !c.Has("install") && !c.Has("sync") {
				continue
			}
			h.Cause = fmt.Sprintf("Line %d lets pipenv install into an environment of its own, where the image's "+
				"Python does not look.", in.Line)
			h.Advice = "Let it install into the image's own Python: --system."
			by := "${1} --system"
			if !s.has("Pipfile.lock") && !c.Has("--skip-lock") {
				h.Advice, by = "Let it install into the image's own Python, and do without Pipfile.lock, which the "+
					"folder has not.", by+" --skip-lock"
			}
			h.Edit = s.inInstruction(&in, regexp.MustCompile(`\b(pipenv (?:install|sync))\b`), by)
			return true
		}
	}
	return false
}

// poetryInstalls returns the RUN in which Poetry installs into an environment of its own, or nil.
func (s *Scene) poetryInstalls() (installs *dockerfile.Instruction) {
	for _, stage := range s.File.Stages {
		for _, in := range stage.Instructions {
			if regexp.MustCompile(`POETRY_VIRTUALENVS_(?:CREATE|IN_PROJECT)|virtualenvs\.(?:create|in-project) `).
				MatchString(in.Text) {
				return nil
			}
			for _, c := range in.Commands() {
				if in.Name == "RUN" && c.Program == "poetry" && c.Has("install") {
					installs = &in
				}
			}
		}
	}
	return installs
}

// built reports whether what asks for a package is used by a stage before the last alone.
func (s *Scene) built() bool {
	for _, in := range s.File.Effective() {
		for _, c := range in.Commands() {
			if in.Name == "RUN" && c.Pip() {
				return false
			}
		}
	}
	for _, stage := range s.File.Stages[:len(s.File.Stages)-1] {
		for _, in := range stage.Instructions {
			for _, c := range in.Commands() {
				if in.Name == "RUN" && c.Pip() {
					return true
				}
			}
		}
	}
	return false
}

// installsAside is a command that installs packages to a folder in which Python does not look by
// itself.
var installsAside = regexp.MustCompile(`\bpip[\d.]* install\b.*\s(?:--target[ =]|-t )\s*(/?[\w./-]+)`)

// aside says of packages that a step of this image installs them where Python does not look, and
// reports whether that is so.
func (s *Scene) aside(h *check.Hint) bool {
	for dir, in := range placed(s.File.Effective()) {
		m := installsAside.FindStringSubmatch(in.Text)
		if in.Name != "RUN" || m == nil || s.sets("PYTHONPATH") {
			continue
		}
		at := inside(dir, m[1])
		h.Cause = fmt.Sprintf("Line %d installs the packages into %s, and Python does not look there.", in.Line, at)
		h.Advice = "Install them without that, or let PYTHONPATH name it."
		if h.Edit = s.above(false, "ENV PYTHONPATH="+at); h.Edit != nil {
			h.Advice = "Let it look there."
		}
		return true
	}
	return false
}

// venvBrought says of a program of a virtual environment that COPY brings the folder's own over that of
// the image, and reports whether it does.
func (s *Scene) venvBrought(name string, h *check.Hint) bool {
	m := regexp.MustCompile(`(?:^|/)(\.?venv)/bin/`).FindStringSubmatch(name)
	if m == nil || !s.isFolder(m[1]) || s.hidden(m[1]) != "" {
		return false
	}
	for _, in := range s.File.Effective() {
		if in.Name != "COPY" || !slices.Contains(in.Sources(), ".") {
			continue
		}
		h.Cause = fmt.Sprintf("Line %d brings %s of the folder into the image, whose programs ask for the Python of "+
			"another machine.", in.Line, m[1])
		h.Advice = fmt.Sprintf("List %s in .dockerignore, and hand it in no more.", m[1])
		if s.Ignore != nil && s.Ignore.File != "" {
			h.Advice = "Keep it out."
			h.Edit = &check.Edit{File: s.Ignore.File, Line: len(s.Ignore.Lines), New: m[1]}
		}
		return true
	}
	return false
}

// venvUnused says of a virtual environment whose programs CMD names that the packages are installed
// beside it, and reports whether that is so.
func (s *Scene) venvUnused(h *check.Hint) bool {
	command := s.commandInstruction()
	if command == nil {
		return false
	}
	named, by, alone := "", 0, 0
	for dir, in := range placed(s.File.Effective()) {
		if in.Name == "ENV" && named != "" && strings.Contains(in.Text, path.Join(inside(dir, named), "bin")) {
			return false
		}
		for _, c := range in.Commands() {
			if in.Name == "RUN" && (c.Program == "venv" || c.Program == "virtualenv") && len(c.Args) > 0 {
				named, by = c.Args[len(c.Args)-1], in.Line
			}
		}
		if in.Name != "RUN" || named == "" {
			continue
		}
		if strings.Contains(in.Text, named+"/bin/") {
			if strings.Contains(in.Text, "pip") {
				return false
			}
			alone = in.Line
		}
		if in.Line == by || !regexp.MustCompile(`\bpip[\d.]* install\b`).MatchString(in.Text) ||
			!strings.Contains(strings.Join(command.Args, " "), strings.TrimPrefix(named, "./")+"/bin/") {
			continue
		}
		h.Cause = fmt.Sprintf("Line %d installs into the image's own Python; CMD starts what is in the virtual "+
			"environment %s "+
			"(line %d), which has none of it.", in.Line, named, by)
		if alone > 0 {
			h.Cause += fmt.Sprintf(" That line %d activates it holds to the end of that line.", alone)
		}
		h.Advice = "Let the environment's own pip install."
		h.Edit = s.inInstruction(&in, regexp.MustCompile(`\b(?:python3? -m )?pip[\d.]* install\b`),
			named+"/bin/pip install")
		return true
	}
	return false
}

// ofRoot says of packages that they are installed into root's own folder, where the user of the
// program may not look, and reports whether that is so.
func (s *Scene) ofRoot(h *check.Hint) bool {
	name, at := s.user()
	if name == "" {
		return false
	}
	for _, in := range s.File.Effective() {
		if in.Name != "RUN" || in.Line > at || !regexp.MustCompile(`\bpip[\d.]* `+
			`install\b.*--user\b`).MatchString(in.Text) {
			continue
		}
		h.Cause = fmt.Sprintf("Line %d installs with --user into root's own folder, /root/.local, and USER %s (line "+
			"%d) may not "+
			"look into it.", in.Line, name, at)
		h.Advice = "Install without --user, where everybody may read."
		if h.Edit = s.inInstruction(&in, regexp.MustCompile(`\s--user\b`), ""); h.Edit != nil {
			h.Advice = "Install where everybody may read."
		}
		return true
	}
	return false
}

// locked says that the packages are copied to where the user of the program may not look, and
// reports whether that is so: /root is root's alone.
func (s *Scene) locked(list place, h *check.Hint) bool {
	if s.ofRoot(h) {
		return true
	}
	name, at := s.user()
	if name == "" {
		return false
	}
	for _, in := range s.File.Final().Instructions {
		if in.Name != "COPY" || len(in.Args) < 2 || len(in.Sources()) > 0 ||
			!strings.HasPrefix(in.Args[len(in.Args)-1], "/root/") {
			continue
		}
		h.Cause = fmt.Sprintf("Line %d copies the packages to %s, and USER %s (line %d) may not look into /root.",
			in.Line,
			in.Args[len(in.Args)-1], name, at)
		h.Advice = "Install them in the image that is started, where everybody may read them."
		if lists := "requirements.txt"; path.Base(list.file) == lists {
			h.Edit = check.EditOf(s.File.Name, s.File.Change(in, "COPY "+list.file+" .",
				"RUN pip install --no-cache-dir -r "+lists))
		}
		return true
	}
	return false
}
