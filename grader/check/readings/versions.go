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

// newer are names of Python's own modules, and modules, with the version that brought them.
var newer = map[string]string{"tomllib": "3.11", "zoneinfo": "3.9", "graphlib": "3.9",
	"typing.override": "3.12", "typing.TypeAliasType": "3.12", "itertools.batched": "3.12",
	"typing.ReadOnly": "3.13", "typing.TypeIs": "3.13", "warnings.deprecated": "3.13",
	"typing.Self": "3.11", "typing.Never": "3.11", "typing.assert_never": "3.11", "typing.LiteralString": "3.11",
	"typing.Required": "3.11", "typing.NotRequired": "3.11", "typing.Unpack": "3.11", "typing.TypeVarTuple": "3.11",
	"typing.dataclass_transform": "3.11", "typing.assert_type": "3.11", "enum.StrEnum": "3.11",
	"enum.verify": "3.11", "datetime.UTC": "3.11", "asyncio.TaskGroup": "3.11", "asyncio.timeout": "3.11",
	"asyncio.Runner": "3.11", "contextlib.chdir": "3.11", "http.HTTPMethod": "3.11", "itertools.pairwise": "3.10",
	"typing.TypeAlias": "3.10", "typing.ParamSpec": "3.10", "typing.Concatenate": "3.10", "typing.TypeGuard": "3.10",
	"types.UnionType": "3.10", "contextlib.aclosing": "3.10", "typing.Annotated": "3.9"}

// older reports whether a version of Python, as 3.9, comes before another.
func older(a, b string) bool {
	var one, two int
	_, _ = fmt.Sscanf(a, "3.%d", &one)
	_, _ = fmt.Sscanf(b, "3.%d", &two)
	return one < two
}

var inLog = regexp.MustCompile(`/lib/python(\d+\.\d+)/`)

// runs returns the version of Python that the program ran with, as its log or the base image has
// it; or empty.
func (s *Scene) runs() string {
	if m := inLog.FindStringSubmatch(s.log); m != nil {
		return m[1]
	}
	return s.python()
}

// imageHas returns the end of a sentence that says which Python the image has, or nothing.
func (s *Scene) imageHas() string {
	if version := s.runs(); version != "" {
		return fmt.Sprintf("; the image has %s", version)
	}
	return ""
}

var pythonImage = regexp.MustCompile(`(?i)^(\s*FROM\s+(?:--\S+\s+)*\S*\bpython:?)(3\.\d+)(?:\.\d+)?`)

// newerPython returns the line that begins the last stage with a newer Python, where it names one.
func (s *Scene) newerPython(version string) *check.Edit {
	stage := s.File.Final()
	for i := range s.File.Stages {
		if s.File.Stages[i].Line == stage.Line && stage.From >= 0 && stage.From < i {
			stage = &s.File.Stages[stage.From]
		}
	}
	p := s.dockerfileLine(stage.Line)
	return p.replace(pythonImage, "${1}"+version)
}

// movedName says of a name that a module has not where it is: in a newer Python, or in another
// module.
func movedName(s *Scene, name, module string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok || !strings.Contains(p.text, name) {
		return false
	}
	if since := newer[module+"."+name]; since != "" && (s.runs() == "" || older(s.runs(), since)) {
		h.Cause = fmt.Sprintf("%s, imports %s from %s, which has it since Python %s%s.", p, name, module, since,
			s.imageHas())
		h.Advice = fmt.Sprintf("Begin with Python %s or newer.", since)
		if module == "typing" {
			h.Advice = fmt.Sprintf("Begin with Python %s or newer, or take it from typing_extensions.", since)
		}
		h.Edit = s.newerPython(since)
		return true
	}
	home := known[name]
	if home == "" || home == module {
		return false
	}
	h.Cause = fmt.Sprintf("%s, imports %s from %s, and it is in %s.", p, name, module, home)
	h.Advice = "Import it from there."
	line := regexp.MustCompile(`^(\s*)from ` + regexp.QuoteMeta(module) + ` import ([\w ,]+)$`)
	m := line.FindStringSubmatch(p.text)
	if m == nil || strings.Contains(m[2], " as ") {
		return true
	}
	var rest []string
	for _, n := range strings.Split(m[2], ",") {
		if n = strings.TrimSpace(n); n != name && n != "" {
			rest = append(rest, n)
		}
	}
	by := m[1] + "from " + home + " import " + name
	if len(rest) > 0 {
		by = m[1] + "from " + module + " import " + strings.Join(rest, ", ") + "\n" + by
	}
	h.Edit = &check.Edit{File: p.file, Line: p.line, Old: p.text, New: by}
	return true
}

// definedElsewhere adds to a hint that another file of the program defines a name, and imports it
// from there.
func (s *Scene) definedElsewhere(name, module, file string, h *check.Hint) {
	p, ok := s.frame()
	defines := regexp.MustCompile(`^(?:(?:async )?def|class) ` + name + `\b|^` + name + `\s*(?::[^=]+)?=[^=]`)
	at, _ := s.grep(defines, ".py")
	if !ok || at.file == "" || at.file == file || s.where(at.file) == "" {
		return
	}
	h.Cause = strings.TrimSuffix(h.Cause, ".") + fmt.Sprintf("; %s, defines it.", place{file: at.file, line: at.line})
	h.Advice = "Import it from there."
	dir := path.Dir(file)
	rest, within := strings.CutPrefix(at.file, dir+"/")
	if !within || !strings.HasSuffix(file, "__init__.py") || strings.Contains(rest, "/") {
		return
	}
	by := module + "." + strings.TrimSuffix(rest, ".py")
	h.Edit = p.replace(regexp.MustCompile(`\bfrom (\.*)`+regexp.QuoteMeta(strings.TrimLeft(module, "."))+` import `+
		name+`\s*$`),
		"from ${1}"+by+" import "+name)
}

// hiddenByFile says of a module that is looked for inside another that a file of the folder has its
// name.
func hiddenByFile(s *Scene, m []string, h *check.Hint) bool {
	file := s.moduleFile(m[2])
	if name := m[1]; strings.HasSuffix(name, ".py") && file != "" {
		who, _ := s.namer(name)
		app, line := s.appIn(file)
		h.Cause = fmt.Sprintf("%s names %s, a file: a server wants the module without .py, and the app in it.", who,
			name)
		h.Advice = "Write MODULE:APP, such as main:app."
		if app != "" {
			h.Cause = fmt.Sprintf("%s names %s, a file: a server wants the module without .py, and the app in it, "+
				"which is %s (line %d).", who, name, app, line)
			h.Edit = s.inCommand(word(name), "${1}"+strings.TrimSuffix(name, ".py")+":"+app+"${2}")
			if h.Edit != nil {
				h.Advice = "Name both."
			}
		}
		return true
	}
	if in, a := s.assignment(nil, "'"+m[1]+"'"); in != nil && file != "" {
		h.Cause = fmt.Sprintf("%s, line %d, sets %s to %s, and %s is a file, %s: it has no module %s in it.",
			s.File.Name, in.Line,
			a.Name, m[1], m[2], file, strings.TrimPrefix(m[1], m[2]+"."))
		h.Advice = "Name the file itself."
		h.Edit = s.inInstruction(in, word(m[1]), "${1}"+m[2]+"${2}")
		return true
	}
	if file == "" || strings.HasSuffix(file, "__init__.py") {
		return false
	}
	what := "the package " + m[2]
	if slices.Contains(stdlib, m[2]) {
		what = "Python's own " + m[2]
	}
	if dir := strings.TrimSuffix(file, ".py"); s.isFolder(dir) {
		what = "the folder " + dir
	}
	h.Cause = fmt.Sprintf("%s is looked for in %s, and Python takes the file %s for it, which has the same name.", m[1],
		what, file)
	h.Advice = fmt.Sprintf("Give %s another name, wherever it is named.", file)
	return true
}

// marks are what git writes into a file where two changes do not go together.
var marks = regexp.MustCompile(`^(?:<{7}|={7}|>{7})(?:\s|$)`)

// grammars are what newer versions of Python can read, by what the line has.
var grammars = []struct{ since, what, line string }{
	{"3.12", "a type parameter in brackets", `^\s*(?:async\s+)?(?:def|class)\s+\w+\[`},
	{"3.12", "the statement type", `^\s*type\s+\w+(?:\[[^\]]*\])?\s*=`},
	{"3.11", "except*", `^\s*except\s*\*`},
	{"3.10", "match", `^\s*(?:match\s.*|case\s.*):\s*$`},
	{"3.8", ":= in an expression", `\(\s*\w+\s*:=`},
	{"3.14", "except without brackets around several", `^\s*except\s+[\w.]+\s*,\s*[\w.]+`},
}

// sameQuotes is an f-string that has its own quotes within.
var sameQuotes = regexp.MustCompile(`\bf'[^']*\{[^}']*'|\bf"[^"]*\{[^}"]*"`)

var (
	invalidSign = regexp.MustCompile(`invalid (?:non-printable )?character '?(.*?)'?\s*\(?(U\+\w+)`)
	plainSigns  = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "‘", "'", "’", "'", "\u00a0", " ", "\u200b", "",
		"–", "-", "−", "-", "\ufeff", "")
)

// syntaxOf says more of a line that Python cannot read, where it is known what it is.
func (s *Scene) syntaxOf(file, number string, h *check.Hint) {
	p, ok := s.lineOf(file, number)
	if !ok {
		return
	}
	lines := s.lines(file)
	for i, line := range lines {
		if marks.MatchString(line) && line[0] != '=' {
			h.Cause = fmt.Sprintf("%s, line %d, is a mark that git writes where two changes do not go together: "+
				"`%s`.", file,
				i+1, line)
			h.Advice = "Keep one of the two parts between <<<<<<< and >>>>>>>, and take all three marks out."
			return
		}
	}
	have := s.runs()
	for _, g := range grammars {
		if have != "" && older(have, g.since) && regexp.MustCompile(g.line).MatchString(p.text) {
			h.Cause = fmt.Sprintf("%s, has %s, which Python can read since %s; the image has %s: `%s`.", p, g.what,
				g.since,
				have, p.code())
			h.Advice, h.Edit = fmt.Sprintf("Begin with Python %s or newer.", g.since), s.newerPython(g.since)
			return
		}
	}
	if have != "" && older(have, "3.12") && sameQuotes.MatchString(p.text) {
		h.Cause = fmt.Sprintf("%s, has an f-string with its own quotes within, which Python can read since 3.12; "+
			"the image has %s: `%s`.", p, have, p.code())
		h.Advice = "Write the other quotes within, or begin with Python 3.12 or newer."
		h.Edit = s.newerPython("3.12")
		return
	}
	if m := invalidSign.FindStringSubmatch(h.Cause); m != nil {
		h.Cause = fmt.Sprintf("%s, has the sign %s, which a web page or a word processor writes and Python does not "+
			"know: `%s`.",
			p, strings.TrimSpace(m[1]+" "+m[2]), p.code())
		h.Advice = "Write the plain sign of the keyboard."
		if by := plainSigns.Replace(p.text); by != p.text {
			h.Advice, h.Edit = "Write it plain.", &check.Edit{File: file, Line: p.line, Old: p.text, New: by}
		}
		return
	}
	if m := regexp.MustCompile(`^(\s*)print\s+([^(].*)$`).FindStringSubmatch(p.text); m != nil {
		h.Cause = fmt.Sprintf("%s, writes print as Python 2 had it; in Python 3 it is a function.", p)
		h.Advice = "Write brackets around what is printed."
		h.Edit = &check.Edit{File: file, Line: p.line, Old: p.text,
			New: m[1] + "print(" + strings.TrimSpace(m[2]) + ")"}
		return
	}
	said := regexp.MustCompile(`(?:Syntax|Indentation|Tab)Error: (.*?)\.?$`).FindStringSubmatch(h.Cause)
	if said != nil && s.mended(p, said[1], h) {
		return
	}
	h.Cause += fmt.Sprintf(" The line is `%s`.", p.code())
}

// otherPython says of packages that come from another stage that they are for another Python than
// the image has, and reports whether that is so.
func (s *Scene) otherPython(h *check.Hint) bool {
	if len(s.File.Stages) < 2 {
		return false
	}
	final := s.File.Final()
	base := regexp.MustCompile(`python:(3\.\d+)`).FindStringSubmatch(final.Base)
	if base == nil {
		return false
	}
	for _, in := range final.Instructions {
		got := regexp.MustCompile(`/lib/python(3\.\d+)/`).FindStringSubmatch(in.Text)
		if in.Name != "COPY" || got == nil || got[1] == base[1] {
			continue
		}
		h.Cause = fmt.Sprintf("Line %d copies packages of Python %s, and the image that is started has Python %s, "+
			"which does not look there.", in.Line, got[1], base[1])
		h.Advice = "Begin both stages with the same Python."
		h.Edit = s.newerPython(got[1])
		return true
	}
	if p, ok := s.packs(); ok {
		by, _ := s.brought(p.stage, p.root)
		made := regexp.MustCompile(`python:(3\.\d+)`).FindStringSubmatch(s.File.Stages[p.stage].Base)
		if by != nil && made != nil && made[1] != base[1] {
			h.Cause = fmt.Sprintf("Line %d installs the packages for Python %s, and line %d copies them to an image "+
				"that has Python %s, which does not look there.", p.line, made[1], by.Line, base[1])
			h.Advice, h.Edit = "Begin both stages with the same Python.", s.newerPython(made[1])
			return true
		}
	}
	return false
}

// venvMoved says of a program of a virtual environment that this was made at another path than it
// has now, and reports whether that is so.
func (s *Scene) venvMoved(h *check.Hint) bool {
	if len(s.File.Stages) < 2 {
		return false
	}
	for _, stage := range s.File.Stages[:len(s.File.Stages)-1] {
		made := ""
		var by dockerfile.Instruction
		for dir, in := range placed(stage.Instructions) {
			for _, c := range in.Commands() {
				switch {
				case in.Name != "RUN":
				case (c.Program == "venv" || c.Program == "virtualenv") && len(c.Args) > 0:
					made, by = inside(dir, c.Args[len(c.Args)-1]), in
				case c.Program == "uv" && len(c.Args) > 0 && c.Args[0] == "sync":
					made, by = inside(dir, ".venv"), in
				}
			}
		}
		for _, in := range s.File.Final().Instructions {
			if made == "" || in.Name != "COPY" || len(in.Args) < 2 || len(in.Sources()) > 0 {
				continue
			}
			to := inside(s.workdir(), in.Args[len(in.Args)-1])
			if inside("/", in.Args[0]) != made || to == made {
				continue
			}
			h.Cause = fmt.Sprintf("Line %d makes the virtual environment at %s, and line %d copies it to %s: the "+
				"first line of its programs still names %s/bin/python, which the image has not.", by.Line, made,
				in.Line, to, made)
			h.Advice = fmt.Sprintf("Make it where it is to be, at %s, or copy it to the same path.", to)
			if c := s.commandInstruction(); c != nil && c.Exec && len(c.Args) > 0 && path.Dir(c.Args[0]) == to+"/bin" {
				h.Advice = "Let its Python start the program."
				h.Edit = s.inCommand(regexp.MustCompile(`"`+regexp.QuoteMeta(c.Args[0])+`"`),
					`"`+to+`/bin/python", "-m", "`+path.Base(c.Args[0])+`"`)
				return true
			}
			inPath := func(in dockerfile.Instruction) bool {
				return in.Name == "ENV" && strings.Contains(in.Text, to+"/bin")
			}
			if !slices.ContainsFunc(s.File.Effective(), inPath) && in.Line == in.EndLine {
				if h.Edit = s.inInstruction(&in, regexp.MustCompile(`\S+(\s*)$`), made+"${1}"); h.Edit != nil {
					h.Advice = "Copy it to the same path."
				}
				return true
			}
			if c := s.commandInstruction(); c != nil && c.Exec && len(c.Args) > 0 && !strings.Contains(c.Args[0], "/") {
				h.Edit = s.inCommand(regexp.MustCompile(`\[\s*"`+regexp.QuoteMeta(c.Args[0])+`"`),
					`["python", "-m", "`+c.Args[0]+`"`)
				if h.Edit != nil {
					h.Advice = fmt.Sprintf("Make it where it is to be, at %s; or let its Python start the program.", to)
				}
			}
			return true
		}
	}
	return false
}
