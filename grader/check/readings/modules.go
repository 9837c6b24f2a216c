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

// moduleFile returns the student's file that a module is, or empty. It may lie in another folder
// than Python looks in.
func (s *Scene) moduleFile(module string) string {
	all := s.files()
	for name := strings.ReplaceAll(module, ".", "/"); name != ""; {
		best := ""
		for _, file := range all {
			for _, end := range []string{name + ".py", name + "/__init__.py"} {
				if (file == end || strings.HasSuffix(file, "/"+end)) && (best == "" ||
					strings.Count(file, "/") < strings.Count(best, "/")) {
					best = file
				}
			}
		}
		if best != "" {
			return best
		}
		_, after, ok := strings.Cut(name, "/")
		if !ok {
			break
		}
		name = after
	}
	return ""
}

// moduleFolder returns the student's folder that is a package without __init__.py, or empty.
func (s *Scene) moduleFolder(module string) string {
	top, _, _ := strings.Cut(module, ".")
	best := ""
	for _, file := range s.files() {
		if !strings.HasSuffix(file, ".py") {
			continue
		}
		for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
			if path.Base(dir) == top && (best == "" || len(dir) < len(best)) {
				best = dir
			}
		}
	}
	return best
}

// asked returns the module that the server is to load, as CMD has it (app.main of app.main:app),
// and the name in it.
func (s *Scene) asked() (module, attribute string) {
	for _, in := range s.File.Lasts("CMD", "ENTRYPOINT") {
		if m := regexp.MustCompile(
			`(?:^|[\s"'])([A-Za-z_][\w.]*):([A-Za-z_]\w*)(?:\(\))?(?:$|[\s"'])`).FindStringSubmatch(
			strings.Join(in.Args, " ")); m != nil {
			return m[1], m[2]
		}
	}
	return "", ""
}

// noModule says why Python finds no module: it is the student's own file that is elsewhere, or a
// package that nothing installs.
func noModule(s *Scene, m []string, h *check.Hint) bool {
	module := strings.TrimSuffix(m[1], ".")
	top, _, _ := strings.Cut(module, ".")
	if s.started && s.otherPython(h) {
		return true
	}
	if gone[top] != "" && s.moduleFile(top) == "" {
		return goneModule(s, top, h)
	}
	if since := newer[top]; since != "" && s.moduleFile(top) == "" {
		h.Cause = fmt.Sprintf("%s %s, which Python has since %s%s.", capital(s.importedBy()), top, since, s.imageHas())
		h.Advice = fmt.Sprintf("Begin with Python %s or newer.", since)
		h.Edit = s.newerPython(since)
		return true
	}
	if asked, _ := s.asked(); asked != "" && (asked == module || strings.HasPrefix(asked, top+".") || asked == top) &&
		s.started {
		if _, inside := s.frame(); !inside || s.moduleFile(top) == "" && s.moduleFolder(top) == "" {
			return noServed(s, asked, h)
		}
	}
	if isolated(s, module, h) {
		return true
	}
	if s.lacksPart(module, h) {
		return true
	}
	file := s.moduleFile(module)
	dir := s.moduleFolder(module)
	if file == "" || dir != "" && path.Base(path.Dir(file)) != top &&
		path.Base(strings.TrimSuffix(file, ".py")) != top {
		file = s.moduleFile(top)
	}
	if file != "" || dir != "" {
		return ownModule(s, top, file, dir, h)
	}
	if otherCase(s, top, h) {
		return true
	}
	if top == "tkinter" || top == "turtle" {
		h.Cause, h.Advice = fmt.Sprintf(
			"%s %s, which draws windows: the image has no part of Python for that, and no screen.",
			capital(s.importedBy()), top), "Take the import out: a server needs none."
		return true
	}
	return noPackage(s, top, h)
}

// lacksPart says of a module inside another, which Python names whole where it has found the other,
// that the other has none of that name; and reports whether that is so.
func (s *Scene) lacksPart(module string, h *check.Hint) bool {
	at := strings.LastIndexByte(module, '.')
	if at < 0 {
		return false
	}
	parent, part := module[:at], module[at+1:]
	p, by := s.namesModule(module)
	dir := strings.ReplaceAll(parent, ".", "/")
	var there []string
	for _, file := range s.files() {
		for _, head := range []string{dir + "/", "src/" + dir + "/"} {
			if rest, ok := strings.CutPrefix(file, head); ok {
				name, _, _ := strings.Cut(strings.TrimSuffix(rest, ".py"), "/")
				there = append(there, name)
			}
		}
	}
	switch {
	case slices.Contains(there, part):
		return s.partNotCopied(dir, part, by, module, h)
	case len(there) > 0:
		h.Cause = fmt.Sprintf("%s %s, and %s has no %s.", by, module, dir, part)
		h.Advice = fmt.Sprintf("Hand in %s/%s.py, or name a file that is there.", dir, part)
		if near := nearest(part, there); near != "" {
			h.Advice = fmt.Sprintf("Is %s.%s meant?", parent, near)
			h.Edit = p.replace(regexp.MustCompile(`\b`+regexp.QuoteMeta(module)+`\b`), parent+"."+near)
		}
	case s.moduleFile(strings.SplitN(parent, ".", 2)[0]) == "" && s.moduleFolder(parent) == "":
		h.Cause = fmt.Sprintf("%s %s, and the installed %s has no %s.", by, module, parent, part)
		h.Advice = fmt.Sprintf("Check its spelling, and where the installed version has it; or ask for the version "+
			"of %s "+
			"that the program is written for.", strings.SplitN(parent, ".", 2)[0])
		old := ""
		for name := range moved {
			if strings.HasPrefix(name, module) && strings.Contains(p.text, name) && len(name) > len(old) {
				old = name
			}
		}
		if old != "" {
			h.Advice = "It is " + moved[old] + "."
			h.Edit = p.replace(regexp.MustCompile(`\b`+regexp.QuoteMeta(old)+`\b`), moved[old])
		}
	default:
		return false
	}
	return true
}

// partNotCopied says of a module that the folder has inside another, which Python has found, why it
// is not in the image; and reports whether that is so.
func (s *Scene) partNotCopied(dir, part, by, module string, h *check.Hint) bool {
	for _, file := range s.files() {
		rest, ok := strings.CutPrefix(strings.TrimPrefix(file, "src/"), dir+"/"+part)
		if !ok || rest != ".py" && !strings.HasPrefix(rest, "/") || !strings.HasSuffix(file, ".py") {
			continue
		}
		if line := s.hidden(file); line != "" {
			h.Cause = fmt.Sprintf("%s %s, which is %s; %s, keeps it out of the image.", by, module, file, line)
			h.Advice = "Take that line out of the ignore file, or add !" + file + " below it."
			return true
		}
		if s.where(file) != "" {
			return false
		}
		own := file
		if rest != ".py" {
			own = strings.TrimSuffix(file, rest)
		}
		h.Cause = fmt.Sprintf("%s %s, which is the folder's own %s: no COPY brings it into the image.", by, module, own)
		h.Advice = fmt.Sprintf("COPY %s as well.", own)
		to := own
		if parent := s.moduleFile(strings.ReplaceAll(dir, "/", ".")); parent != "" {
			if at := s.where(parent); at != "" && path.Base(parent) == "__init__.py" {
				to = path.Join(path.Dir(at), path.Base(own))
			}
		}
		if h.Edit = s.beside(own + " " + to); h.Edit != nil {
			h.Advice = ""
		}
		return true
	}
	return false
}

// moved are modules of libraries that are often named as they are not, or as they were.
var moved = map[string]string{"fastapi.middlewares": "fastapi.middleware", "fastapi.response": "fastapi.responses",
	"fastapi.template": "fastapi.templating", "fastapi.templates": "fastapi.templating",
	"fastapi.static": "fastapi.staticfiles", "fastapi.middleware.sessions": "starlette.middleware.sessions",
	"fastapi.router": "fastapi.routing", "starlette.template": "starlette.templating",
	"sqlalchemy.orms": "sqlalchemy.orm", "sqlalchemy.exec": "sqlalchemy.exc",
	"sqlalchemy.exceptions": "sqlalchemy.exc", "pydantic.settings": "pydantic_settings",
	"werkzeug.contrib.fixers": "werkzeug.middleware.proxy_fix", "pymongo.error": "pymongo.errors",
	"fastapi.dependencies.utils": "fastapi.dependencies", "passlib.contexts": "passlib.context",
	"jose.jwts": "jose.jwt", "redis.exception": "redis.exceptions", "flask.ext": "flask"}

// namesModule returns the line of the program that names a module, and the begin of a sentence that
// says so: the last of the traceback where that imports it, else one that has its name in quotes.
func (s *Scene) namesModule(module string) (p place, by string) {
	p, ok := s.frame()
	top, _, _ := strings.Cut(module, ".")
	if ok && strings.Contains(p.text, top) {
		return p, p.String() + ", imports"
	}
	quoted := regexp.MustCompile(`["']` + regexp.QuoteMeta(module) + `(?:["'.:])`)
	if other, _ := s.grep(quoted, ".py.toml.ini.cfg.yml.yaml"); other.file != "" {
		return other, other.String() + ", names"
	}
	if ok {
		return p, p.String() + ", imports"
	}
	return place{}, "The program imports"
}

// otherCase reports whether the folder has the module in other letters, capital or not, which
// Windows and macOS take for the same.
func otherCase(s *Scene, top string, h *check.Hint) bool {
	p, ok := s.frame()
	for _, file := range s.files() {
		head, _, within := strings.Cut(file, "/")
		name := strings.TrimSuffix(head, ".py")
		if !strings.EqualFold(name, top) || name == top || !strings.HasSuffix(file, ".py") || !ok {
			continue
		}
		if !within {
			name = strings.TrimSuffix(file, ".py")
		}
		h.Cause = fmt.Sprintf("%s, imports %s, and the folder has %s: Linux tells capital letters apart.", p, top, head)
		h.Advice = "Write it as the folder does."
		h.Edit = p.replace(regexp.MustCompile(`\b`+regexp.QuoteMeta(top)+`\b`), name)
		return true
	}
	return false
}

// ownModule says why Python does not find a file of the student's.
func ownModule(s *Scene, top, file, dir string, h *check.Hint) bool {
	own := file
	if own == "" {
		own = dir + "/"
	}
	probe := file
	if probe == "" || path.Base(path.Dir(probe)) == top {
		for _, name := range s.files() {
			if strings.HasPrefix(name, dir+"/") && dir != "" && strings.HasSuffix(name, ".py") {
				probe = name
				break
			}
		}
	}
	if dir == "" && file != "" && strings.HasSuffix(file, "__init__.py") {
		dir = path.Dir(file)
	}
	by := capital(s.importedBy())
	if line := s.hidden(probe); line != "" {
		h.Cause = fmt.Sprintf("%s %s, which is in the folder; %s, keeps it out of the image.", by, top, line)
		h.Advice = "Take that line out of the ignore file, or add one with ! below it."
		return true
	}
	at := s.where(probe)
	if at != "" && !s.started && s.earlier()[at] == "" {
		return s.notCopied(probe, at, h)
	}
	if at == "" {
		h.Cause = fmt.Sprintf("%s %s, which is the folder's own %s: no COPY brings it into the image.", by, top, own)
		what := strings.TrimSuffix(own, "/")
		if dir != "" {
			what = dir
			h.Edit = s.beside(dir + " " + path.Base(dir))
		} else {
			h.Edit = s.beside(file + " .")
		}
		h.Advice = fmt.Sprintf("COPY %s as well.", what)
		if h.Edit != nil {
			h.Advice = ""
		}
		return true
	}
	if dir != "" && !strings.HasSuffix(at, "/"+strings.TrimPrefix(probe, path.Dir(dir)+"/")) {
		return s.withoutFolder(top, dir, probe, at, h)
	}
	root := path.Dir(at)
	if dir != "" {
		root = strings.TrimSuffix(at, strings.TrimPrefix(probe, path.Dir(dir)+"/"))
		if path.Dir(dir) == "." {
			root = strings.TrimSuffix(at, probe)
		}
		root = path.Clean("/" + root)
	}
	there := path.Join(root, top)
	if dir == "" {
		there = at
	}
	h.Cause = fmt.Sprintf(
		"%s %s, which is at %s in the image: Python looks in the folder of the program and in %s, not in %s.", by, top,
		there, s.workdir(), root)
	h.Advice = "Put it where Python looks, or let PYTHONPATH name its folder."
	if root != s.workdir() {
		h.Edit = s.above(false, "ENV PYTHONPATH="+root)
		if h.Edit != nil {
			h.Advice = "Let Python look there too."
		}
	} else {
		h.Edit = s.above(false, "ENV PYTHONPATH="+root)
		h.Cause = fmt.Sprintf(
			"%s %s, which is at %s in the image: Python looks in the folder of the program that it was started with, "+
				"which is another.", by, top, there)
		h.Advice = "Let Python look there too."
	}
	return true
}

// withoutFolder says of a package of the folder that a COPY has brought in what is in it, and not the
// folder itself.
func (s *Scene) withoutFolder(top, dir, probe, at string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("%s %s, and COPY has brought in what is in %s without the folder: %s is at %s.",
		capital(s.importedBy()), top, dir, probe, at)
	if h.Edit = s.keepFolder(top, dir); h.Edit != nil {
		h.Advice = "Bring in the folder itself."
		return true
	}
	h.Advice = fmt.Sprintf("Import it without %s., or COPY %s %s and let CMD name it so too.", top, dir, dir)
	if p, ok := s.frame(); ok {
		h.Edit = p.replace(regexp.MustCompile(`\b(from|import)\s+`+regexp.QuoteMeta(top)+`\.`), "${1} ")
	}
	return true
}

// keepFolder returns the edit by which a COPY of what is in a folder brings in the folder itself, and by
// which CMD names it so; nil where the folder's files do not import each other by its name alone.
func (s *Scene) keepFolder(top, dir string) *check.Edit {
	whole, siblings := 0, []string{}
	for _, file := range s.files() {
		if strings.HasPrefix(file, dir+"/") && strings.HasSuffix(file, ".py") {
			siblings = append(siblings, regexp.QuoteMeta(strings.TrimSuffix(path.Base(file), ".py")))
		}
	}
	bare := regexp.MustCompile(`^\s*(?:from|import)\s+(?:` + strings.Join(siblings, "|") + `)\b`)
	byName := regexp.MustCompile(`^\s*(?:from|import)\s+(?:` + regexp.QuoteMeta(top) + `\b|\.)`)
	for _, file := range s.files() {
		if !strings.HasPrefix(file, dir+"/") {
			continue
		}
		if p, _ := s.grepIn(file, bare); p.file != "" {
			return nil
		}
		if p, _ := s.grepIn(file, byName); p.file != "" {
			whole++
		}
	}
	module, _ := s.asked()
	in := s.File.Last("CMD", "ENTRYPOINT")
	if whole == 0 || module == "" || in == nil {
		return nil
	}
	for _, c := range s.File.Final().Instructions {
		if c.Name != "COPY" || len(c.Args) != 2 || c.Exec || c.Line != c.EndLine || c.Line > in.Line ||
			path.Clean(c.Args[0]) != dir {
			continue
		}
		old := s.File.Lines[c.Line-1 : in.EndLine]
		lines := slices.Clone(old)
		lines[0] = regexp.MustCompile(`\S+\s*$`).ReplaceAllLiteralString(lines[0],
			strings.TrimSuffix(c.Args[1], "/")+"/"+top+"/")
		if strings.HasPrefix(module, top+".") {
			return &check.Edit{File: s.File.Name, Line: c.Line, Old: old[0], New: lines[0]}
		}
		for i := range lines {
			if c.Line+i >= in.Line {
				lines[i] = regexp.MustCompile(`\b`+regexp.QuoteMeta(module)+`:`).ReplaceAllLiteralString(lines[i],
					top+"."+module+":")
			}
		}
		return &check.Edit{File: s.File.Name, Line: c.Line, Old: strings.Join(old, "\n"),
			New: strings.Join(lines, "\n")}
	}
	return nil
}

// beside returns the edit that copies something more, below the last COPY from the folder.
func (s *Scene) beside(copied string) *check.Edit {
	last := 0
	for _, in := range s.File.Final().Instructions {
		if _, other := s.from(in, len(s.File.Stages)-1); in.Name == "COPY" && !other {
			last = in.EndLine
		}
	}
	if last == 0 {
		return s.above(true, "COPY "+copied)
	}
	return &check.Edit{File: s.File.Name, Line: last, New: "COPY " + copied}
}

// lateWorkdir reports whether WORKDIR stands below the COPY that brought a file of the folder to a
// place in the image, and so was not yet there.
func (s *Scene) lateWorkdir(file, at string, h *check.Hint) bool {
	var first, bring, late *dockerfile.Instruction
	for _, in := range s.File.Final().Instructions {
		switch {
		case in.Name == "WORKDIR":
			late = &in
		case slices.ContainsFunc(in.Sources(), func(source string) bool { return dockerfile.Covers(source, file) }):
			bring = &in
		}
		if first == nil && slices.Contains([]string{"COPY", "ADD", "RUN"}, in.Name) {
			first = &in
		}
	}
	if late == nil || bring == nil || late.Line < bring.Line || path.IsAbs(bring.Args[len(bring.Args)-1]) {
		return false
	}
	h.Cause = fmt.Sprintf(
		"WORKDIR stands on line %d, below the COPY of line %d: %s went to %s, and the program runs in %s.", late.Line,
		bring.Line, file, at, s.workdir())
	h.Advice = "Put WORKDIR above what is copied."
	if h.Edit = check.EditOf(s.File.Name, s.File.Move(*late, *first)); h.Edit != nil {
		h.Advice = "It belongs above what is copied."
	}
	return true
}

// namer returns what names a module for a server: the line of the program that does, as in
// uvicorn.run("main:app"), where no word of CMD has it; else CMD.
func (s *Scene) namer(module string) (who string, p place) {
	quoted := regexp.QuoteMeta(module)
	for _, in := range s.File.Lasts("CMD", "ENTRYPOINT") {
		if regexp.MustCompile(`(^|[\s"'=])` + quoted + `(:|$|[\s"'])`).MatchString(strings.Join(in.Args, " ")) {
			return "CMD", place{}
		}
	}
	if p, _ = s.grep(regexp.MustCompile(`["']`+quoted+`(?::[\w.]+(?:\(\))?)?["']`), ".py.sh.toml"); p.file != "" {
		return p.String() + ",", p
	}
	return "CMD", place{}
}

// noServed says why a server does not find the module that CMD names.
func noServed(s *Scene, asked string, h *check.Hint) bool {
	who, by := s.namer(asked)
	if !servedFrom(s, asked, h) {
		return false
	}
	if who != "CMD" {
		h.Cause = strings.Replace(h.Cause, "CMD names", who+" names", 1)
		h.Advice = strings.Replace(strings.Replace(h.Advice, "Let CMD name it", "Name it", 1), "Let CMD name",
			"Name", 1)
		if got := regexp.MustCompile(`^It is ([\w.]+:\w+) there\.$`).FindStringSubmatch(h.Advice); got != nil {
			h.Edit = by.replace(regexp.MustCompile(`(["'])`+regexp.QuoteMeta(asked)+`(?::\w+)?(["'])`), "${1}"+
				got[1]+"${2}")
			if h.Edit != nil {
				h.Advice = "Name it as it is there."
			}
		}
	}
	return true
}

func servedFrom(s *Scene, asked string, h *check.Hint) bool {
	want := strings.ReplaceAll(asked, ".", "/") + ".py"
	dir := s.workdir()
	file := s.moduleFile(asked)
	option := regexp.MustCompile(`(?:,\s*)?"?--app-dir(?:"\s*,\s*"|[= ])([^"\s]+)"?\s*`)
	if in := s.commandInstruction(); in != nil && s.where(file) != "" {
		if m := option.FindStringSubmatch(strings.Join(s.File.Lines[in.Line-1:in.EndLine], "\n")); m != nil &&
			inside(dir, m[1]+"/"+want) != s.where(file) {
			h.Cause = fmt.Sprintf("--app-dir lets %s be looked for in %s, and it is at %s.", want, inside(dir, m[1]),
				s.where(file))
			h.Advice = "Name the folder that it lies in, or leave the option out."
			if inside(dir, want) == s.where(file) {
				if h.Edit = s.inCommand(option, ""); h.Edit != nil {
					h.Advice = "Leave the option out."
				}
			}
			return true
		}
	}
	if file == "" {
		var programs []string
		for _, name := range s.files() {
			if strings.HasSuffix(name, ".py") && regexp.MustCompile(
				`(?m)^\w+\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(?:FastAPI|Flask|Starlette|Sanic|Quart|Litestar|Bottle|`+
					`create_app|get_wsgi_application|get_asgi_application)\(`).MatchString(strings.Join(s.lines(name),
				"\n")) {
				programs = append(programs, name)
			}
		}
		if len(programs) == 0 {
			h.Cause = fmt.Sprintf("CMD names %s, which is %s, and the folder has no such file.", asked, want)
			h.Advice = "Let CMD name the file that makes the app."
			if s.isLink(want) {
				h.Cause = fmt.Sprintf("CMD names %s: %s is a link to a file that is not in the folder.", asked, want)
				h.Advice = "Hand in the file itself in its place."
			}
			return true
		}
		file = programs[0]
	}
	if line := s.hidden(file); line != "" {
		h.Cause = fmt.Sprintf("CMD names %s, and %s, keeps %s out of the image.", asked, line, file)
		h.Advice = "Take that line out of the ignore file, or add !" + file + " below it."
		return true
	}
	at := s.where(file)
	if at == "" {
		h.Cause = fmt.Sprintf("CMD names %s, and no COPY brings %s into the image.", asked, file)
		source, to := file, path.Dir(want)+"/"
		if dir := path.Dir(file); dir != "." {
			source = dir + "/"
		}
		h.Edit = s.beside(source + " " + to)
		if h.Edit == nil {
			h.Advice = fmt.Sprintf("COPY %s into it.", file)
		}
		return true
	}
	if s.lateWorkdir(file, at, h) {
		return true
	}
	h.Cause = fmt.Sprintf("CMD names %s, so %s is looked for in %s; %s is at %s.", asked, want, dir, file, at)
	if strings.Contains(asked, "/") || strings.HasSuffix(asked, ".py") {
		h.Cause = fmt.Sprintf("CMD names %s, which is a file's name: a module has dots for / and no .py.", asked)
	}
	h.Advice = "Let CMD name it as it lies there."
	if top, _, ok := strings.Cut(asked, "."); ok && path.Base(path.Dir(file)) == top {
		if h.Edit = s.keepFolder(top, path.Dir(file)); h.Edit != nil {
			h.Advice = fmt.Sprintf("Bring in the folder %s itself, by whose name its files import each other.", top)
			return true
		}
	}
	if rest, ok := strings.CutPrefix(at, strings.TrimSuffix(dir, "/")+"/"); ok {
		module := strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(rest, ".py"), "/__init__"), "/", ".")
		if module == asked {
			return false
		}
		_, attribute := s.asked()
		if attribute == "" {
			attribute = "app"
		}
		h.Edit = s.inCommand(regexp.MustCompile(`(^|[\s"'=])`+regexp.QuoteMeta(asked)+`(:|$|[\s"'])`),
			"${1}"+module+"${2}")
		if h.Edit == nil {
			h.Advice = fmt.Sprintf("It is %s:%s there.", module, attribute)
		}
		return true
	}
	home := strings.TrimSuffix(at, "/"+want)
	if home == at || home == "" {
		home = path.Dir(at)
	}
	if home == "/" && !strings.HasSuffix(at, want) {
		return true
	}
	h.Advice = "Let it be looked for there."
	h.Edit = s.above(false, "WORKDIR "+home)
	return true
}
