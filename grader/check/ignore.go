package check

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/dockerignore"
)

// mostWalked is how many files of a folder are looked at.
const mostWalked = 20_000

// others are folders of other people's files.
var others = []string{".git", ".venv", "venv", "node_modules", "__pycache__", "site-packages"}

// whole reports whether all that is in a folder of this name is of one sort.
func whole(folder string) bool { return folder == "tests" || slices.Contains(others, folder) }

// sortOf returns what the names of a file's sort end with, if its ending says what it is.
func sortOf(name string) string {
	if ext := path.Ext(name); ext == ".pem" || ext == ".key" || ext == ".log" {
		return ext
	}
	return ""
}

// Alike reports of a path whether it is of another's sort: of .env those of that name, of
// server.key those with that ending, of tests/test_main.py all that is in a folder tests.
func Alike(name string) func(other string) bool {
	first, _, _ := strings.Cut(name, "/")
	return func(other string) bool {
		base := path.Base(other)
		switch {
		case whole(first):
			return slices.Contains(strings.Split(path.Dir(other), "/"), first)
		case strings.HasPrefix(path.Base(name), ".env."):
			return strings.HasPrefix(base, ".env.") && !IsExample(base)
		case sortOf(name) != "":
			return path.Ext(base) == sortOf(name)
		}
		return base == path.Base(name)
	}
}

// Kin returns the files of the folder, handed in, that are of a path's sort, at any depth. The path
// itself is none.
func Kin(folder fs.FS, name string) []string {
	first, _, _ := strings.Cut(name, "/")
	alike := Alike(name)
	var found []string
	walk(folder, first, func(file string) {
		if file != name && alike(file) {
			found = append(found, file)
		}
	})
	return found
}

// Sibling returns a path of the same sort that nobody can know beforehand, such as .env.staging-7f
// for .env.local, or empty where a path is the only one of its sort.
func Sibling(name string, r *rand.Rand) string {
	words := []string{"staging", "deploy", "backup", "review", "night", "office"}
	word := fmt.Sprintf("%s-%02x", words[r.IntN(len(words))], r.IntN(256))
	first, _, _ := strings.Cut(name, "/")
	switch base := path.Base(name); {
	case whole(first) && strings.HasPrefix(base, "test_"):
		return path.Join(path.Dir(name), "test_"+word+path.Ext(name))
	case whole(first):
		return path.Join(path.Dir(name), word+path.Ext(name))
	case strings.HasPrefix(base, ".env."):
		return path.Join(path.Dir(name), ".env."+word)
	case sortOf(name) != "":
		return path.Join(path.Dir(name), word+sortOf(name))
	}
	return ""
}

// IsExample reports whether a file is there to show what to write into another.
func IsExample(base string) bool {
	return slices.ContainsFunc([]string{"example", "sample", "template", "dist"},
		func(word string) bool { return strings.Contains(base, word) })
}

// IsPrivate reports whether the name of a file is one that is kept out of an image for a reason.
func IsPrivate(name string) bool { return private.MatchString(name) }

var private = regexp.MustCompile(`(^|/)\.env[^/]*$|\.(pem|key|p12|pfx)$|(^|/)id_\w+$|` +
	`(^|/)(?i:[\w-]*(?:credential|service[_-]?account|secret)[\w-]*)\.(json|ya?ml|txt)$`)

// walk visits the files of a folder, but for those of folders of other people's files, unless one
// is asked for.
func walk(folder fs.FS, wanted string, visit func(string)) {
	n := 0
	_ = fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		switch n++; {
		case err != nil:
			return nil // what cannot be read holds nothing for us
		case n > mostWalked:
			return fs.SkipAll
		case d.IsDir() && d.Name() != wanted && slices.Contains(others, d.Name()):
			return fs.SkipDir
		case d.Type().IsRegular():
			visit(name)
		}
		return nil
	})
}

// IgnorePattern returns the line of an ignore file for a path and those of its sort.
func IgnorePattern(s Source, name string) string {
	folders := strings.Split(path.Dir(name), "/")
	if i := slices.IndexFunc(folders, whole); i >= 0 {
		return strings.Repeat("**/", min(i, 1)) + folders[i] + "/"
	}
	first, _, below := strings.Cut(name, "/")
	if _, err := fs.Stat(s.FS(), name); below && err != nil {
		return first + "/"
	}
	pattern := path.Base(name)
	switch {
	case strings.HasPrefix(pattern, ".env") && pattern != ".env":
		pattern = ".env.*"
	case sortOf(name) != "":
		pattern = "*" + sortOf(name)
	}
	if below {
		return "**/" + pattern
	}
	return pattern
}

// IgnoreEdit returns the edit that keeps paths out of the build, in one place of the ignore file,
// or nil where there is none that would not keep out what a COPY names or the program reads; instead
// says what to do with that file.
func IgnoreEdit(s Source, paths ...string) (edit *Edit, instead Hint) {
	before, err := s.Ignore()
	if err != nil {
		return nil, Hint{}
	}
	after := before
	for _, name := range paths {
		if after.Decide(name).Ignored {
			continue
		}
		var changed *dockerignore.Rules
		for _, pattern := range []string{IgnorePattern(s, name), name} {
			if changed = after.Ignoring(pattern, name); changed == nil {
				continue
			}
			if instead = harms(s, after, changed); instead.IsZero() {
				break
			}
			changed = nil
		}
		if changed == nil {
			return nil, instead
		}
		after = changed
	}
	if after == before {
		return nil, Hint{}
	}
	c := before.ChangeTo(after)
	return &Edit{File: after.File, Line: c.Line, Old: c.Old, New: c.New}, Hint{}
}

// harms returns what to do with a file that rules keep out and others did not, though a COPY names it,
// or the program reads it; or nothing.
func harms(s Source, before, after *dockerignore.Rules) Hint {
	var gone, stay []string
	EachFile(s.FS(), func(name string) {
		if before.Decide(name).Ignored {
			return
		}
		if after.Decide(name).Ignored {
			gone = append(gone, name)
		} else {
			stay = append(stay, name)
		}
	})
	if len(gone) == 0 {
		return Hint{}
	}
	file, err := s.Dockerfile()
	if err == nil {
		for _, stage := range file.Stages {
			for _, in := range stage.Instructions {
				for _, source := range in.Sources() {
					takes := func(name string) bool { return dockerfile.Covers(source, name) }
					if i := slices.IndexFunc(gone, takes); i >= 0 && !slices.ContainsFunc(stay, takes) {
						return given("A COPY", gone[i])
					}
				}
			}
		}
	}
	var programs strings.Builder
	for _, name := range stay {
		if slices.Contains([]string{".py", ".js", ".mjs", ".cjs", ".ts", ".go", ".rb", ".sh"}, path.Ext(name)) {
			programs.WriteString(Text(s.FS(), name) + "\n")
		}
	}
	for _, lost := range gone {
		if sets := unset(file, Text(s.FS(), lost)); reads(programs.String(), path.Base(lost), sets) {
			if loads(programs.String(), lost) {
				return setInstead(file, lost, sets)
			}
			return given("The program", lost)
		}
	}
	return Hint{}
}

// reads reports whether programs read a file of this name: process.env and os.environ are no .env. A
// .env that they load wherever it is there is read where they have no other value for what it sets.
func reads(programs, base string, sets []dockerfile.Assignment) bool {
	if !loads(programs, base) {
		return regexp.MustCompile(`(^|[^\w.\])])` + regexp.QuoteMeta(base) + `($|\W)`).MatchString(programs)
	}
	for _, a := range sets {
		// of settings, without a default
		field := regexp.MustCompile(`(?m)^\s+` + strings.ToLower(a.Name) + `\s*:[^=\n]*$`)
		if field.MatchString(programs) {
			return true
		}
		for _, at := range regexp.MustCompile(`\b`+a.Name+`\b.{0,4}`).FindAllString(programs, -1) {
			if !otherwise.MatchString(at[len(a.Name):]) {
				return true
			}
		}
	}
	return false
}

// unset returns what the text of a .env sets and the image's ENV does not.
func unset(file *dockerfile.File, text string) (sets []dockerfile.Assignment) {
	known := map[string]bool{}
	if file != nil {
		for _, in := range file.Effective() {
			for _, a := range in.Assignments() {
				known[a.Name] = known[a.Name] || in.Name == "ENV"
			}
		}
	}
	for _, m := range setsVariable.FindAllStringSubmatch(text, -1) {
		if !known[m[1]] {
			sets = append(sets, dockerfile.Assignment{Name: m[1], Value: strings.Trim(m[2], `"'`)})
		}
	}
	return sets
}

// loads reports whether programs load a .env where there is one, and can do without.
func loads(programs, name string) bool {
	return strings.HasPrefix(path.Base(name), ".env") && loadsEnv.MatchString(programs)
}

// given returns what to do with a file that somebody needs.
func given(who, needs string) Hint {
	return Advisef("%s needs %s: give it to the container when it starts, with docker run -v, and then list it in "+
		".dockerignore.", who, needs)
}

// setInstead returns what to do with a .env that the program loads and that sets what the image does
// not: what is no secret may stand in the Dockerfile.
func setInstead(file *dockerfile.File, name string, sets []dockerfile.Assignment) Hint {
	var pairs, names []string
	for _, a := range sets {
		if names = append(names, a.Name); !a.Secret() && !a.Token() && plainValue.MatchString(a.Value) {
			pairs = append(pairs, a.Name+"="+a.Value)
		}
	}
	if len(pairs) == 0 || file == nil {
		return Advisef("The program reads %s from %s. Let it start without, or give it when the container starts, "+
			"with docker run -e, and list %s in .dockerignore.", And(names), name, name)
	}
	line := file.Final().Line
	for _, in := range file.Final().Instructions { // above what starts the program: an install may read ENV, too
		if in.Name == "CMD" || in.Name == "ENTRYPOINT" {
			break
		}
		line = in.EndLine
	}
	return Hint{Cause: fmt.Sprintf("The program reads %s.", name),
		Advice: "What of it is no secret may stand in the Dockerfile.",
		Edit:   &Edit{File: file.Name, Line: line, New: "ENV " + strings.Join(pairs, " ")}}
}

var (
	setsVariable = regexp.MustCompile(`(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(.*?)[ \t\r]*$`)
	// plainValue is one that means the same in a .env and in ENV.
	plainValue = regexp.MustCompile(`^[\w.,:/@+-]+$`)
	// loadsEnv is how programs load a .env where there is one.
	loadsEnv = regexp.MustCompile(`dotenv|env_file|environs|environ\.Env|decouple`)
	// otherwise is what follows the name of a variable where there is another value for it.
	otherwise = regexp.MustCompile(`^["']?(\s*,|\s*\|\||\s*\?\?|\]?\s*\|\|)`)
)

// Text returns the text of a file that is no longer than a person writes, or empty.
func Text(folder fs.FS, name string) string {
	if info, err := fs.Stat(folder, name); err != nil || info.Size() > 1<<20 {
		return ""
	}
	text, _ := fs.ReadFile(folder, name)
	return string(text)
}

// Sent returns in words what becomes of a path that the ignore file lets through: that a COPY of
// the Dockerfile takes it, or that one of everything would.
func Sent(s Source, name string) string {
	if file, err := s.Dockerfile(); err == nil {
		if brings, _ := file.Brings(name); brings {
			return "is sent to the build"
		}
	}
	return "would be sent to the build by a `COPY . .`"
}

// HandedIn names a path in words: one that is not in the folder was put there to try.
func HandedIn(s Source, name string) string {
	if _, err := fs.Stat(s.FS(), name); err != nil {
		return "the " + name + " that was put there to try"
	}
	return name
}
