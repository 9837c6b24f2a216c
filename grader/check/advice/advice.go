// Package advice says what to do in the words of the framework that a submission is written in.
//
// Begin with [Of], which finds the framework by the files of a folder. What it returns has a
// sentence for each thing that checks ask of a program, in that framework's words; one that is not
// known gets sentences that are true of any. No kind of check names a framework itself.
package advice

import (
	"cmp"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Framework is what a program is written with, and how things are done there. The sentences are
// whole, and end with a full stop.
type Framework struct {
	Name     string // FastAPI; the language where no framework is known, and empty where nothing is
	Language string // Python, Node, Go, Java, Ruby, PHP, Rust; empty where not known

	marks   *regexp.Regexp // in a program: what brings it in
	depends *regexp.Regexp // the same in a list of dependencies
	refuses *regexp.Regexp // in a program: what brings in the name that words.refuse has; nil where it has none
	without string         // words.refuse for a program that does not bring it in
	words   words
}

var braces = regexp.MustCompile(`\{(\w+)\}`)

// words are sentences with holes: {method} is post, {METHOD} is POST, then {path}, {code}, {name},
// {port}.
type words struct{ json, status, refuse, route, validate, listen, stop, failure string }

// JSON says how an answer is made JSON.
func (f Framework) JSON() string { return f.words.json }

// Status says how a route that answers as it should is given the status code.
func (f Framework) Status(method, path, code string) string {
	return fill(f.words.status, "method", strings.ToLower(method), "METHOD", method, "path", path, "code", code)
}

// Failure says how what goes wrong is answered in JSON, and not with a page of the framework's own.
func (f Framework) Failure(code string) string {
	return fill(cmp.Or(f.words.failure, "Answer with JSON where it goes wrong, too."), "code", code)
}

// Refuse says how a program answers with an error's code, as a clause: raise
// HTTPException(status_code=404).
func (f Framework) Refuse(code string) string { return fill(f.words.refuse, "code", code) }

// Route says how a method of a path gets an answer. What stands in braces in the path is written as
// the framework writes it.
func (f Framework) Route(method, path string) string {
	if parameter := parameters[f.Name]; parameter != "" {
		path = braces.ReplaceAllString(path, parameter)
	}
	return fill(f.words.route, "method", strings.ToLower(method), "METHOD", method, "path", path)
}

// Validate says how bodies that lack something are refused.
func (f Framework) Validate() string { return fill(f.words.validate, "refuse", f.Refuse("400")) }

// Truth says how a field that is 1 or 0 is made true or false, as the right side of an assignment.
func (f Framework) Truth(field string) string {
	return fill(cmp.Or(truths[f.Language], "one of those"), "field", field)
}

// Values says how the items of a mapping become an array, as the end of a sentence; empty where no way
// is known.
func (f Framework) Values() string { return values[f.Language] }

// Listen says where the program itself says on which address and port it listens.
func (f Framework) Listen(port int) string { return fill(f.words.listen, "port", strconv.Itoa(port)) }

// Stop says how the program comes to end on SIGTERM.
func (f Framework) Stop() string { return f.words.stop }

func fill(text string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}

const (
	mostFiles = 300       // that are looked into
	mostBytes = 256 << 10 // of each
	deepest   = 4         // folders below the top
)

// aside are folders that hold no program of the student's.
var aside = []string{"node_modules", "venv", "env", "site-packages", "__pycache__", "tests", "test", "vendor", "dist"}

// lists are the files that say what a program depends on.
var lists = regexp.MustCompile(
	`^(requirements[\w.-]*\.txt|pyproject\.toml|Pipfile|package\.json|go\.mod|pom\.xml|build\.gradle(\.kts)?|Gemfile|` +
		`composer\.json|Cargo\.toml)$`)

// languages are told by the end of a program's name.
var languages = map[string]string{".py": "Python", ".js": "Node", ".mjs": "Node", ".cjs": "Node", ".ts": "Node",
	".go": "Go", ".java": "Java", ".kt": "Java", ".rb": "Ruby", ".php": "PHP", ".rs": "Rust"}

// Of returns what the program of a folder is written with: what it brings in, then what its
// dependencies name, then the language that most of its files are in.
func Of(folder fs.FS) Framework {
	imported, named, files := map[string]int{}, map[string]int{}, map[string]int{}
	refuses := map[string]bool{}
	looked := 0
	_ = fs.WalkDir(folder, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case e.IsDir() && name != "." && (strings.HasPrefix(e.Name(), ".") || slices.Contains(aside, e.Name()) ||
			strings.Count(name, "/") >= deepest):
			return fs.SkipDir
		case looked >= mostFiles:
			return fs.SkipAll
		case !e.Type().IsRegular():
			return nil
		}
		language, list := languages[path.Ext(name)], lists.MatchString(e.Name())
		if language == "" && !list {
			return nil
		}
		if info, err := e.Info(); err != nil || info.Size() > mostBytes {
			return nil
		}
		looked++
		text, _ := fs.ReadFile(folder, name)
		for _, f := range frameworks {
			if list && f.depends != nil && f.depends.Match(text) {
				named[f.Name]++
			}
			if f.Language == language && f.marks != nil && f.marks.Match(text) {
				imported[f.Name]++
			}
			refuses[f.Name] = refuses[f.Name] || f.refuses != nil && f.refuses.Match(text)
		}
		files[language]++
		return nil
	})
	for _, found := range []map[string]int{imported, named} {
		if most, ok := most(found); ok {
			if imported[most.Name] > 0 && !refuses[most.Name] && most.without != "" {
				most.words.refuse = most.without
			}
			return most
		}
	}
	delete(files, "")
	if f, ok := most(files); ok {
		return f
	}
	return frameworks[len(frameworks)-1]
}

// most returns the entry of the table that was found most often, the first of the table among
// equals.
func most(found map[string]int) (best Framework, ok bool) {
	n := 0
	for _, f := range frameworks {
		if found[f.Name] > n {
			best, n = f, found[f.Name]
		}
	}
	return best, n > 0
}
