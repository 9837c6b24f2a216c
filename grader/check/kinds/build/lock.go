package build

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/advice"
	"github.com/taskgrader/taskgrader/grader/check/readings"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// lock is a file in which a tool writes down the versions that it took.
type lock struct {
	by      string         // the command that makes it
	insists *regexp.Regexp // in a RUN, that there must be one; nil where nothing says so
	without string         // in its place
}

var locks = map[string]lock{
	"uv.lock":     {"uv lock", regexp.MustCompile(`(\buv sync\b[^&|;\n]*?) --(?:frozen|locked)\b`), "${1}"},
	"poetry.lock": {"poetry lock", nil, ""},
	"Pipfile.lock": {"pipenv lock",
		regexp.MustCompile(`(\bpipenv install\b[^&|;\n]*?)(?: --(?:deploy|ignore-pipfile)\b)+|` +
			`(\bpipenv install\b[^&|;\n]* --system\b)`), "${1}${2} --skip-lock"},
	"package-lock.json": {"npm install", regexp.MustCompile(`\bnpm (?:ci|clean-install)\b`), "npm install"},
	"yarn.lock": {"yarn install",
		regexp.MustCompile(`(\byarn\b[^&|;\n]*?) --(?:frozen-lockfile|immutable)\b`), "${1}"},
	"pnpm-lock.yaml": {"pnpm install",
		regexp.MustCompile(`(\bpnpm (?:i|install)\b[^&|;\n]*?) --frozen-lockfile\b`), "${1}"},
	"go.sum": {"go mod tidy", nil, ""},
}

// ofNode is what in a line of the Dockerfile has use for package.json.
var ofNode = regexp.MustCompile(`\b(?:npm|npx|yarn|pnpm|bun)\b`)

// neverUsed returns what to say of a COPY that names a package.json which the folder has not, where
// no step would read it and the program brings nothing in.
func neverUsed(t check.Source, f *check.BuildFailure) (h check.Hint, ok bool) {
	file, err := t.Dockerfile()
	if err != nil || path.Base(f.Subject) != "package.json" || elsewhere(t.FS(), "package.json") != "" {
		return h, false
	}
	if program := advice.Of(t.FS()); program.Name != program.Language {
		return h, false
	}
	var change *dockerfile.Change
	for _, stage := range file.Stages {
		for _, in := range stage.Instructions {
			named := slices.ContainsFunc(in.Sources(),
				func(source string) bool { return path.Clean(source) == path.Clean(f.Subject) })
			switch {
			case named && change == nil:
				change = file.WithoutSource(in, f.Subject)
			case named || ofNode.MatchString(in.Text):
				return h, false
			}
		}
	}
	h = check.Hint{Cause: fmt.Sprintf("The folder has no %s, and no step installs what one lists.", f.Subject),
		Advice: "Do without.", Edit: check.EditOf(file.Name, change)}
	return h, h.Edit != nil
}

// requires is a line of go.mod that names a module, whose sums must then be there.
var requires = regexp.MustCompile(`(?m)^\s*require\b`)

// neverLocked returns what to say of a COPY that names a lock file which the folder has not: who
// makes it, and how the lines read without it.
func neverLocked(t check.Source, f *check.BuildFailure) (h check.Hint, ok bool) {
	name := path.Base(f.Subject)
	l, known := locks[name]
	file, err := t.Dockerfile()
	if !known || err != nil || elsewhere(t.FS(), name) != "" {
		return h, false
	}
	h = check.Hint{Cause: fmt.Sprintf("The folder has no %s, which %s makes.", f.Subject, l.by),
		Advice: "Run that and hand the file in; or do without."}
	if name == "go.sum" && requires.MatchString(check.Text(t.FS(), "go.mod")) {
		h.Advice = "Run that and hand the file in."
		return h, true
	}
	for _, stage := range file.Stages {
		for i, in := range stage.Instructions {
			if slices.ContainsFunc(in.Sources(),
				func(source string) bool { return path.Clean(source) == path.Clean(f.Subject) }) {
				h.Edit = l.left(file, in, f.Subject, stage.Instructions[i+1:])
				return h, true
			}
		}
	}
	return h, true
}

// left returns the edit that takes the lock out of a COPY, and out of the first line below that
// insists on it.
func (l lock) left(file *dockerfile.File, in dockerfile.Instruction, name string,
	below []dockerfile.Instruction) *check.Edit {
	change := file.WithoutSource(in, name)
	if change == nil {
		return nil
	}
	for _, run := range below {
		if l.insists == nil || run.Name != "RUN" {
			continue
		}
		if then := file.Replace(run, l.insists, l.without); then != nil {
			lines := slices.Concat([]string{change.New}, file.Lines[in.EndLine:run.Line-1], []string{then.New})
			both := dockerfile.Change{Line: in.Line, Old: strings.Join(file.Lines[in.Line-1:run.EndLine], "\n"),
				New: strings.TrimPrefix(strings.Join(lines, "\n"), "\n")}
			if file.Changed(both) != nil {
				change = &both
			}
			break
		}
	}
	return check.EditOf(file.Name, change)
}

var (
	fromList  = regexp.MustCompile(`(\bpip[\d.]* install\b[^&|;\n]*?) (?:-r|--requirement)[ =]?\S*requirements\.txt\b`)
	ofPoetry  = regexp.MustCompile(`(?m)^\[tool\.poetry\]`)
	ofProject = regexp.MustCompile(`(?m)^\[project\]`)
	// needsMore is in a project that pip does not install from pyproject.toml alone.
	needsMore = regexp.MustCompile(`(?m)^\s*(?:readme|packages|py-modules|license-files)\s*=|` +
		`build-backend\s*=\s*"[^"]*(?:hatch|flit|uv_|pdm)`)
	poetryOnly = "RUN pip install --no-cache-dir poetry && poetry config virtualenvs.create false && " +
		"poetry install --no-root --only main"
)

// otherList returns what to say of a COPY that names a requirements.txt which the folder has not, where
// pyproject.toml lists what the program needs.
func otherList(t check.Source, f *check.BuildFailure) (h check.Hint, ok bool) {
	file, err := t.Dockerfile()
	text := check.Text(t.FS(), "pyproject.toml")
	if err != nil || path.Base(f.Subject) != "requirements.txt" || elsewhere(t.FS(), "requirements.txt") != "" ||
		!strings.Contains(text, "dependencies") {
		return h, false
	}
	h = check.Hint{Cause: fmt.Sprintf("The folder has no %s; what the program needs is listed in pyproject.toml.",
		f.Subject), Advice: "Bring that in, and install from it."}
	for _, stage := range file.Stages {
		for i, in := range stage.Instructions {
			if !slices.Equal(in.Sources(), []string{f.Subject}) || i+1 >= len(stage.Instructions) {
				continue
			}
			run := stage.Instructions[i+1]
			with := "${1} ."
			if !ofProject.MatchString(text) && ofPoetry.MatchString(text) {
				with = poetryOnly
			} else if needsMore.MatchString(text) {
				return h, true
			}
			install := file.Replace(run, fromList, with)
			if with == poetryOnly && install != nil && len(run.Commands()) == 1 {
				install = file.Change(run, poetryOnly)
			}
			copied := file.Replace(in, regexp.MustCompile(`\S*requirements\.txt`), "pyproject.toml")
			if install == nil || copied == nil || run.Line != in.EndLine+1 {
				return h, true
			}
			both := dockerfile.Change{Line: in.Line, Old: copied.Old + "\n" + install.Old,
				New: copied.New + "\n" + install.New}
			if file.Changed(both) != nil {
				h.Edit = check.EditOf(file.Name, &both)
			}
			return h, true
		}
	}
	return h, true
}

// unlisted returns what to say of a COPY that names a requirements.txt where nothing lists what the
// program needs, and its text imports some of that.
func unlisted(t check.Source, f *check.BuildFailure) (h check.Hint, ok bool) {
	file, err := t.Dockerfile()
	if err != nil || path.Clean(f.Subject) != "requirements.txt" ||
		elsewhere(t.FS(), "requirements.txt") != "" || near(t.FS(), f.Subject) != "" {
		return h, false
	}
	for _, list := range []string{f.Subject, "pyproject.toml", "Pipfile", "uv.lock", "setup.py", "environment.yml"} {
		if _, err := fs.Stat(t.FS(), list); err == nil {
			return h, false
		}
	}
	var words []string
	for _, name := range []string{"ENTRYPOINT", "CMD"} {
		if in := file.Last(name); in != nil {
			words = append(words, strings.Fields(strings.Join(in.Args, " "))...)
		}
	}
	packages := readings.Imported(t.FS(), words)
	if len(packages) == 0 {
		return h, false
	}
	return check.Hint{Cause: "The folder has no requirements.txt, which lists what is to be installed.",
		Advice: "Make one, with what the program imports.",
		Edit:   &check.Edit{File: "requirements.txt", New: strings.Join(packages, "\n")}}, true
}
