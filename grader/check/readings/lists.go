package readings

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

var (
	listLine    = regexp.MustCompile(`\(from line (\d+) of ([^)\n]+)\)|at line (\d+) of ([^\s:\n]+)`)
	condaExport = regexp.MustCompile(`^\s*([\w.-]+)=([\w.]+)=[\w.]+\s*$`)
	pipTable    = regexp.MustCompile(`^\s*([A-Za-z][\w.-]*)\s+(\d[\w.]*)(?:\s+\S.*)?$`)
	pipRule     = regexp.MustCompile(`^\s*(?:Package\s+Version\b.*|-{3,}[\s-]*|)$`)
	turned      = regexp.MustCompile(`^(\s*[A-Za-z][\w.-]*(?:\[[\w,-]+\])?\s*)(=>|=<|=~|=!|=)(\s*\d[\w.*]*\s*)$`)
	quotedName  = regexp.MustCompile(`^\s*["']([A-Za-z][^"']*)["'],?\s*$`)
	toRight     = map[string]string{"=>": ">=", "=<": "<=", "=~": "~=", "=!": "!=", "=": "=="}
)

var (
	openExtra = regexp.MustCompile(`^(\s*[A-Za-z][\w.-]*\[[\w, -]+)(\s*(?:[=<>~!].*)?)$`)
	latest    = regexp.MustCompile(`(?i)^(\s*[A-Za-z][\w.-]*(?:\[[\w,-]+\])?)\s*(?:==|=|@|:)\s*(?:latest|newest)\s*$`)
	caret     = regexp.MustCompile(`^(\s*[A-Za-z][\w.-]*(?:\[[\w,-]+\])?)\s*(?:==|=)?\s*[\^~@]\s*(\d[\w.]*)\s*$`)
	noComma   = regexp.MustCompile(`(["'])(\s+)(["'])`)
	barePy    = regexp.MustCompile(`^(\s*requires-python\s*=\s*")(\d)`)
)

// mostLines is how many lines of a list at most are written anew.
const mostLines = 14

// listed returns the line of a list that pip's words name.
func (s *Scene) listed() (place, bool) {
	m := listLine.FindAllStringSubmatch(s.log, -1)
	if m == nil {
		return place{}, false
	}
	last := m[len(m)-1]
	return s.lineOf(s.own(inside(s.workdir(), last[2]+last[4])), last[1]+last[3])
}

// rewritten returns the edit that writes each line of a list anew which a function knows, or nil
// where there is one that it does not, or none to change.
func (s *Scene) rewritten(file string, by func(line string) (string, bool)) *check.Edit {
	lines := s.lines(file)
	if len(lines) > mostLines {
		return nil
	}
	var out []string
	for _, line := range lines {
		text, ok := by(line)
		if !ok {
			return nil
		}
		if text != "" {
			out = append(out, text)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return &check.Edit{File: file, Line: 1, Old: strings.Join(lines, "\n"), New: strings.Join(out, "\n")}
}

// plain returns a line of a list as it stands, where it is a requirement, a comment, or empty.
func plain(line string) (string, bool) {
	text := strings.TrimSpace(line)
	return line, text == "" || strings.HasPrefix(text, "#") || strings.HasPrefix(text, "-") ||
		specifier.MatchString(text)
}

// noRequirement says of a line that pip cannot read what it is, and how a list has it.
func noRequirement(s *Scene, m []string, h *check.Hint) bool {
	p, ok := s.listed()
	if !ok {
		return false
	}
	text := strings.TrimSpace(p.text)
	h.Cause = fmt.Sprintf("%s, is no requirement: `%s`.", p, short(text))
	change := func(pattern *regexp.Regexp, by func(m []string) string) *check.Edit {
		return s.rewritten(p.file, func(line string) (string, bool) {
			if m := pattern.FindStringSubmatch(line); m != nil {
				return by(m), true
			}
			return plain(line)
		})
	}
	switch ext := path.Ext(p.file); {
	case ext == ".yml" || ext == ".yaml":
		h.Cause = fmt.Sprintf("pip reads a list of packages, one on each line, and %s is none: conda reads such "+
			"files.", p.file)
		h.Advice = "Write the packages into a requirements.txt, as NAME==VERSION, and name that."
		if h.Edit = s.condaPackages(); h.Edit != nil {
			h.Advice = "Install its packages by name, or write them into a requirements.txt."
		}
		return true
	case ext == ".toml":
		h.Cause = fmt.Sprintf("pip's -r reads a list of packages, one on each line, and %s is none.", p.file)
		h.Advice = "Let pip install the project and what it depends on: pip install ."
		if path.Base(p.file) == "pyproject.toml" {
			if h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`(?:-r|--requirement)[ =]?\S*pyproject\.toml`),
				"."); h.Edit != nil {
				h.Advice = "Let pip install the project, with what it depends on."
			}
		}
		return true
	case path.Base(p.file) == "Pipfile" || ext == ".lock":
		h.Cause = fmt.Sprintf("pip's -r reads a list of packages, one on each line, and %s is pipenv's.", p.file)
		h.Advice = "Install pipenv, and run pipenv install --system; or name a requirements.txt."
		return true
	case marks.MatchString(text):
		h.Cause = fmt.Sprintf("%s, is a mark that git writes where two changes do not go together: `%s`.", p, text)
		h.Advice = "Keep one of the two parts between <<<<<<< and >>>>>>>, and take all three marks out."
	case strings.HasPrefix(text, "```"):
		h.Cause = fmt.Sprintf("%s, is a mark of Markdown, ```, and no requirement.", p)
		h.Advice = "Take all of them out."
		h.Edit = s.rewritten(p.file, func(line string) (string, bool) {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				return "", true
			}
			return plain(line)
		})
	case pipRule.MatchString(p.text) || pipTable.MatchString(p.text):
		h.Cause = fmt.Sprintf("%s, is a line of a table, as pip list prints it: `%s`. A list has NAME==VERSION.", p,
			short(text))
		h.Advice = "Make the file anew with pip freeze > requirements.txt, or write its lines so."
		h.Edit = s.rewritten(p.file, func(line string) (string, bool) {
			if m := pipTable.FindStringSubmatch(line); m != nil {
				return m[1] + "==" + m[2], true
			}
			return "", pipRule.MatchString(line)
		})
	case condaExport.MatchString(p.text):
		h.Cause = fmt.Sprintf("%s, is as conda list --export writes it, NAME=VERSION=BUILD: `%s`. pip wants "+
			"NAME==VERSION.", p,
			short(text))
		h.Advice = "Make the file anew with pip list --format=freeze, or write its lines so."
		h.Edit = change(condaExport, func(m []string) string { return m[1] + "==" + m[2] })
	case turned.MatchString(p.text):
		m := turned.FindStringSubmatch(p.text)
		h.Cause = fmt.Sprintf("%s, has %s, which is no sign that pip knows: `%s`.", p, m[2], short(text))
		h.Advice = fmt.Sprintf("Write %s.", toRight[m[2]])
		h.Edit = p.replace(turned, "${1}"+toRight[m[2]]+"${3}")
	case quotedName.MatchString(p.text):
		h.Cause = fmt.Sprintf("%s, has quotes as a program writes them, and a list has none: `%s`.", p, short(text))
		h.Advice = "Take quotes and commas out."
		h.Edit = change(quotedName, func(m []string) string { return m[1] })
	case openExtra.MatchString(p.text):
		h.Cause = fmt.Sprintf("%s, opens a bracket and does not close it: `%s`.", p, short(text))
		h.Advice = "Close it."
		h.Edit = p.replace(openExtra, "${1}]${2}")
	case latest.MatchString(p.text):
		h.Cause = fmt.Sprintf("%s, asks for a version called latest, which is none: pip takes the newest where none "+
			"is named.", p)
		h.Advice = "Name the package alone."
		h.Edit = p.replace(latest, "${1}")
	case caret.MatchString(p.text):
		h.Cause = fmt.Sprintf("%s, has a sign of Poetry's or npm's, which pip does not know: `%s`.", p, short(text))
		h.Advice = "Write >=."
		h.Edit = p.replace(caret, "${1}>=${2}")
	case strings.HasPrefix(text, "//") || strings.HasPrefix(text, "<!--"):
		h.Cause = fmt.Sprintf("%s, is a comment of another language: `%s`.", p, short(text))
		h.Advice = "Begin it with #."
		h.Edit = p.replace(regexp.MustCompile(`^\s*(?://|<!--)\s*`), "# ")
	default:
		return false
	}
	return true
}

// noDashR reports whether what pip is to install as a package is a list of the folder.
func (s *Scene) noDashR(name string, h *check.Hint) bool {
	if !strings.HasSuffix(name, ".txt") || s.Step == nil {
		return false
	}
	h.Cause = fmt.Sprintf("pip takes %s for the name of a package: -r before it is missing.", name)
	h.Advice = "Write it."
	if h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`(\s)(\S*`+regexp.QuoteMeta(name)+`)`),
		"${1}-r ${2}"); h.Edit == nil {
		h.Advice = fmt.Sprintf("Write -r %s.", name)
	}
	return true
}

// hashes says of a list in which some packages have a hash that then all must.
func hashes(s *Scene, _ []string, h *check.Hint) bool {
	var with []place
	for _, file := range s.files() {
		for i, line := range s.lines(file) {
			if requirers.MatchString(file) && strings.Contains(line, "--hash=") {
				with = append(with, place{file, i + 1, line})
			}
		}
	}
	h.Cause = "A package of the list has a hash, so pip wants the version and the hash of every one, also of what " +
		"they need in turn."
	h.Advice = "Take the hashes out, or make the list with pip-compile --generate-hashes."
	if len(with) == 1 {
		h.Cause = fmt.Sprintf("%s, has a hash, so pip wants the version and the hash of every package, also of what "+
			"they need in turn.", with[0])
		if h.Edit = with[0].replace(regexp.MustCompile(`\s*\\?\s*(?:--hash=\S+\s*)+`), ""); h.Edit != nil {
			h.Advice = "Take the hash out, or make the list with pip-compile --generate-hashes."
		}
	}
	return true
}

// editableElsewhere says of a folder that is to be installed that it is of another machine, or none
// of the image.
func editableElsewhere(s *Scene, m []string, h *check.Hint) bool {
	p, found := s.grepRequirements(m[1])
	h.Cause = fmt.Sprintf("pip is to install the folder %s, and the image has none.", m[1])
	h.Advice = "Take it out."
	if found {
		h.Cause = fmt.Sprintf("%s, names the folder %s, and the image has none.", p, m[1])
		if ofLaptop.MatchString(m[1]) {
			h.Cause = fmt.Sprintf("%s, names the folder %s, a path of another machine.", p, m[1])
		}
		h.Advice = "The program itself comes with COPY."
		h.Edit = p.without()
	}
	return true
}

// standingAlone says of a folder that is to be installed that it is no project.
func standingAlone(s *Scene, _ []string, h *check.Hint) bool {
	if file := s.project(); s.has(file) {
		if s.earlier()[inside(s.workdir(), file)] == "" {
			return s.notCopied(file, inside(s.workdir(), file), h)
		}
		return true
	}
	for _, file := range s.files() {
		for i, line := range s.lines(file) {
			if requirers.MatchString(file) && strings.HasSuffix(file, ".txt") &&
				regexp.MustCompile(`^\s*(?:-e\s*)?\.\s*$`).MatchString(line) {
				p := place{file, i + 1, line}
				h.Cause = fmt.Sprintf("%s, says %s, so pip is to install the folder itself, which holds neither "+
					"setup.py nor pyproject.toml.", p, strings.TrimSpace(line))
				h.Advice, h.Edit = "The program itself comes with COPY.", p.without()
				return true
			}
		}
	}
	if s.has("requirements.txt") {
		if e := s.listInstead(); e != nil {
			h.Edit = e
		}
	}
	return true
}

// unquoted is a version of a TOML file that lacks its quotes.
var unquoted = regexp.MustCompile(`^(\s*[\w.-]+\s*=\s*)([\^~<>=!]+\s*[\d.*]+(?:,\s*[<>=!]+[\d.*]+)*|` +
	`\d+\.\d+\.[\w.]+|\*)\s*$`)

// ofList is a line within a list of TOML.
var ofList = regexp.MustCompile(`^\s*(?:["'][^"']*["']\s*,?\s*)?(?:#.*)?$`)

// brokenTOML says what is wrong with the line of a TOML file that cannot be read.
func brokenTOML(s *Scene, file, line, words string, h *check.Hint) bool {
	found := s.own(inside(s.workdir(), file))
	if found == "" {
		found = s.own(file)
	}
	p, ok := s.lineOf(found, line)
	if !ok {
		return false
	}
	h.Cause = fmt.Sprintf("%s, cannot be read", p)
	if words = strings.TrimRight(strings.TrimSpace(words), ".:"); words != "" {
		h.Cause += ": " + words
	}
	h.Cause += fmt.Sprintf(". The line is `%s`.", p.code())
	h.Advice = "Write it as TOML has it: NAME = \"TEXT\", and lists as [\"ONE\", \"TWO\"]; the mistake may begin " +
		"above it."
	for i, text := range s.lines(found) {
		if marks.MatchString(text) && text[0] != '=' {
			h.Cause = fmt.Sprintf("%s, line %d, is a mark that git writes where two changes do not go together: "+
				"`%s`.", found,
				i+1, text)
			h.Advice = "Keep one of the two parts between <<<<<<< and >>>>>>>, and take all three marks out."
			return true
		}
	}
	switch {
	case barePy.MatchString(p.text):
		h.Cause = fmt.Sprintf("%s, names a version of Python without a sign: `%s`.", p, p.code())
		h.Advice, h.Edit = "Write >= before it.", p.replace(barePy, "${1}>=${2}")
		return true
	case strings.HasSuffix(strings.TrimSpace(p.text), "["):
		lines, last := s.lines(found), p.line
		for last < len(lines) && ofList.MatchString(lines[last]) {
			last++
		}
		if last < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[last]), "]") {
			break
		}
		h.Cause = fmt.Sprintf("%s, begins a list that is never closed: `%s`.", p, p.code())
		h.Advice = "Close it."
		h.Edit = &check.Edit{File: p.file, Line: last, New: "]"}
		return true
	case strings.Contains(words, "comma") && noComma.MatchString(p.text):
		h.Advice = "Write the comma."
		h.Edit = &check.Edit{File: p.file, Line: p.line, Old: p.text, New: noComma.ReplaceAllString(p.text, "$1, $3")}
		return true
	}
	if h.Edit = p.replace(unquoted, `${1}"${2}"`); h.Edit != nil {
		h.Cause = fmt.Sprintf("%s, has a version without quotes: `%s`.", p, p.code())
		h.Advice = "Write it in quotes."
	}
	return true
}

// backends are what builds projects, with the package that has it.
var backends = map[string]string{"setuptools.build_meta": "setuptools", "hatchling.build": "hatchling",
	"poetry.core.masonry.api": "poetry-core", "flit_core.buildapi": "flit_core", "pdm.backend": "pdm-backend",
	"uv_build": "uv_build", "mesonpy": "meson-python", "maturin": "maturin"}

// noBackend says of a build backend that it is misspelt, or that nothing requires its package.
func noBackend(s *Scene, m []string, h *check.Hint) bool {
	named, _ := s.inProject(regexp.MustCompile(`^\s*build-backend\s*=`))
	h.Cause = fmt.Sprintf("pyproject.toml names the build backend %s, and there is no such module.", m[1])
	if named.file != "" {
		h.Cause = fmt.Sprintf("%s, names the build backend %s, and there is no such module.", named, m[1])
	}
	h.Advice = `Write build-backend = "setuptools.build_meta" and requires = ["setuptools"] below [build-system].`
	names := slices.Sorted(maps.Keys(backends))
	if by := backends[m[1]]; by != "" {
		p, ok := s.inProject(regexp.MustCompile(`^\s*requires\s*=\s*\[`))
		h.Cause = fmt.Sprintf("pyproject.toml names the build backend %s, and its [build-system] does not require "+
			"%s, which has it.", m[1], by)
		h.Advice = fmt.Sprintf(`Write requires = ["%s"] there.`, by)
		if ok {
			if h.Edit = p.replace(regexp.MustCompile(`\[.*\]`), `["`+by+`"]`); h.Edit != nil {
				h.Advice = "Require that."
			}
		}
	} else if near := nearest(m[1], names); near != "" && named.file != "" {
		h.Advice = fmt.Sprintf("Is %s meant?", near)
		h.Edit = named.replace(regexp.MustCompile(regexp.QuoteMeta(m[1])), near)
	}
	return true
}

// inProject returns the first line of pyproject.toml that the pattern matches.
func (s *Scene) inProject(pattern *regexp.Regexp) (place, bool) {
	for i, line := range s.lines("pyproject.toml") {
		if pattern.MatchString(line) {
			return place{"pyproject.toml", i + 1, line}, true
		}
	}
	return place{}, false
}

// lacksField says which field [project] lacks, and writes it.
func lacksField(s *Scene, m []string, h *check.Hint) bool {
	field := m[1]
	for _, other := range m[2:] {
		field += other
	}
	p, ok := s.inProject(regexp.MustCompile(`^\s*\[project\]`))
	h.Cause = fmt.Sprintf("[project] in pyproject.toml has no %s.", field)
	h.Advice = "Give it one."
	if !ok {
		return true
	}
	h.Cause = fmt.Sprintf("pyproject.toml, line %d: [project] has no %s.", p.line, field)
	if value := map[string]string{"version": "0.1.0", "name": "tasks"}[field]; value != "" {
		h.Edit = &check.Edit{File: p.file, Line: p.line, New: field + ` = "` + value + `"`}
	}
	return true
}

// noVenv says of a virtual environment that no line makes it, and that an image needs none.
func noVenv(s *Scene, m []string, h *check.Hint) bool {
	dir := strings.TrimSuffix(m[1], "/bin/")
	h.Cause = fmt.Sprintf("There is no virtual environment %s in the image at this step: no line above makes one.", dir)
	h.Advice = "An image needs none: install without."
	for _, in := range s.before() {
		for _, c := range in.Commands() {
			if in.Name == "RUN" && (c.Program == "venv" || c.Program == "virtualenv") && len(c.Args) > 0 {
				h.Cause = fmt.Sprintf("There is no virtual environment %s in the image: line %d makes %s.", dir,
					in.Line,
					c.Args[len(c.Args)-1])
				h.Advice = "Name that."
				return true
			}
		}
	}
	h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`(?:\.|source)\s+\S*/bin/activate\s*(?:&&|;)\s*`), "")
	return true
}

// condaMissing says of a file of conda's what pip installs in its place.
func condaMissing(s *Scene, h *check.Hint) {
	h.Cause = "The image has no conda: python images install with pip."
	h.Advice = "Install the packages with pip, or begin with an image of conda's, such as continuumio/miniconda3."
	if h.Edit = s.condaPackages(); h.Edit != nil {
		h.Advice = "Install what environment.yml lists with pip, or begin with an image of conda's, such as " +
			"continuumio/miniconda3."
	}
}

// condaPackages returns the line that installs with pip what the folder's environment.yml lists, or
// nil where there is none.
func (s *Scene) condaPackages() *check.Edit {
	var names []string
	for _, file := range s.files() {
		if base := path.Base(file); base != "environment.yml" && base != "environment.yaml" {
			continue
		}
		within := false
		for _, line := range s.lines(file) {
			if strings.HasPrefix(line, "dependencies:") {
				within = true
			} else if m := condaPackage.FindStringSubmatch(line); m != nil && within && m[1] != "python" &&
				m[1] != "pip" {
				names = append(names, m[1])
			}
		}
	}
	in := s.Step
	if len(names) == 0 || in == nil || in.Line != in.EndLine || s.started {
		return nil
	}
	return &check.Edit{File: s.File.Name, Line: in.Line, Old: s.File.Lines[in.Line-1],
		New: "RUN pip install --no-cache-dir " + strings.Join(names, " ")}
}

// condaPackage is a package that environment.yml lists.
var condaPackage = regexp.MustCompile(`^\s+-\s+([A-Za-z][\w.-]*)(?:[=<>].*)?$`)

// noTests says why pytest finds no test.
func noTests(s *Scene, _ []string, h *check.Hint) bool {
	if s.started {
		return false
	}
	h.Cause = "The build runs pytest, which finds no test, and ends with exit code 5 then."
	h.Advice = "Name files test_….py and functions test_…, or take this step out."
	for _, file := range s.files() {
		base := path.Base(file)
		if !strings.HasPrefix(base, "test_") && !strings.HasSuffix(base, "_test.py") || !strings.HasSuffix(base,
			".py") {
			continue
		}
		if line := s.hidden(file); line != "" {
			h.Cause = fmt.Sprintf("The build runs pytest, which finds no test: %s, keeps %s out of the image.",
				line, file)
			h.Advice = "Take that line out, or this step."
		} else if s.where(file) == "" {
			h.Cause = fmt.Sprintf("The build runs pytest, which finds no test: no COPY brings %s into the image.", file)
			h.Advice = "COPY it before this step, or take the step out."
		}
		break
	}
	return true
}
