package cache

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// used returns the files, other than one that was edited, that the program is known to use and that
// are in the image before the last RUN, where an edit of them can do harm: what CMD starts or the
// settings name, and what that imports or names. Where what is started cannot be told, or it loads
// what only runs tell, all of Python are taken to be used, but for those that an install needs.
func used(t check.Source, held []string, edited string) []string {
	file, err := t.Dockerfile()
	if err != nil {
		return nil
	}
	early := slices.DeleteFunc(slices.Clone(held),
		func(name string) bool { return name == edited || !before(file, name) })
	if len(early) == 0 {
		return nil
	}
	var found []string
	add := func(names ...string) {
		for _, name := range names {
			if !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	copies := copiedAs(file)
	started := check.StartedFile(t)
	if slices.Contains(held, started) {
		add(started)
	} else {
		add(mentioned(starts(file), held, copies)...)
	}
	loads := len(found) == 0
	for i := 0; i < len(found) && len(found) < mostUsed; i++ { // which grows meanwhile
		text := textOf(t.FS(), found[i])
		add(imports(text, found[i], held)...)
		if check.IsProgram(found[i]) || path.Ext(found[i]) == ".sh" {
			add(mentioned(text, held, copies)...)
		}
		loads = loads || loaders.MatchString(text)
	}
	for _, name := range early {
		if loads && path.Ext(name) == ".py" && !packaging.MatchString(path.Base(name)) {
			add(name)
		}
	}
	found = slices.DeleteFunc(found, func(name string) bool { return !slices.Contains(early, name) })
	return found[:min(len(found), mostUsed)]
}

// loaders are words of a program that loads or starts what its text need not name.
var loaders = regexp.MustCompile(`\b(importlib|__import__|runpy|exec[lv]?[pe]{0,2} *\(|eval *\(|Popen|subprocess)\b`)

// before reports whether a COPY or ADD above a RUN brings a path of the folder in.
func before(file *dockerfile.File, name string) bool {
	runs := 0
	for _, s := range slices.Backward(file.Stages) {
		for _, in := range slices.Backward(s.Instructions) {
			if in.Name == "RUN" {
				runs++
			}
			if runs > 0 && in.MayTake(name) {
				return true
			}
		}
	}
	return false
}

// starts returns what of a Dockerfile may say what is started: its commands and variables, and the
// texts that it writes into files.
func starts(file *dockerfile.File) string {
	var texts []string
	for _, s := range file.Stages {
		for _, in := range s.Instructions {
			switch {
			case in.Name == "CMD" || in.Name == "ENTRYPOINT" || in.Name == "ENV" || len(in.Heredocs) > 0,
				in.Name == "RUN" && strings.Contains(in.Shell(), ">"):
				texts = append(texts, in.Shell())
			}
		}
	}
	return strings.Join(texts, "\n")
}

// copiedAs returns under which other names a COPY of one file puts it into the image.
func copiedAs(file *dockerfile.File) map[string]string {
	other := map[string]string{}
	for _, s := range file.Stages {
		for _, in := range s.Instructions {
			if sources := in.Sources(); len(sources) == 1 && !strings.HasSuffix(in.Args[1], "/") {
				other[path.Clean(sources[0])] = path.Base(in.Args[1])
			}
		}
	}
	return other
}

const (
	mostUsed  = 50      // files that are edited at once
	mostBytes = 1 << 20 // of a file that is read for what it imports
)

var (
	pythonImport = regexp.MustCompile(
		`(?m)^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+\(?([\w, \t]+)|import[ \t]+([\w., \t]+))`)
	// packaging are files that an install may need
	packaging = regexp.MustCompile(
		`^(setup.*|versioneer|_*version_*|__about__|__init__|conftest|noxfile|.*build)\.py$`)
	scriptImport = regexp.MustCompile(`(?:require\(|from|import\(?)\s*["'](\.[^"'\n]+)["']`)
)

// mentioned returns the files among some that a command or a program names, by themselves or as a
// module; copies are their other names. What an install needs is named for other reasons.
func mentioned(text string, held []string, copies map[string]string) (found []string) {
	words := map[string]bool{}
	for _, word := range strings.FieldsFunc(text,
		func(r rune) bool { return strings.ContainsRune(" \t\n\"'`[](){},;&|:=<>\\", r) }) {
		words[strings.TrimPrefix(word, "./")] = true
		words[path.Base(word)] = true
	}
	for _, name := range held {
		if packaging.MatchString(path.Base(name)) {
			continue
		}
		for _, as := range []string{name, copies[name]} {
			stem := strings.TrimSuffix(as, path.Ext(as))
			if as != "" && (words[as] || words[path.Base(as)] || words[path.Base(stem)] ||
				words[strings.ReplaceAll(stem, "/", ".")]) {
				found = append(found, name)
				break
			}
		}
	}
	return found
}

// textOf returns the text of a file of a program; empty where it is too long to be one.
func textOf(folder fs.FS, file string) string {
	info, err := fs.Stat(folder, file)
	if err != nil || info.Size() > mostBytes {
		return ""
	}
	text, err := fs.ReadFile(folder, file)
	if err != nil {
		return ""
	}
	return string(text)
}

// imports returns the files among some that a file imports, as far as its text says.
func imports(text, file string, held []string) (found []string) {
	add := func(names ...string) {
		for _, name := range names {
			if slices.Contains(held, name) {
				found = append(found, name)
			}
		}
	}
	if path.Ext(file) != ".py" {
		for _, m := range scriptImport.FindAllStringSubmatch(text, -1) {
			base := path.Join(path.Dir(file), m[1])
			for _, end := range []string{"", ".js", ".mjs", ".cjs", ".ts", "/index.js", "/index.ts"} {
				add(base + end)
			}
		}
		return found
	}
	module := func(from, name string) {
		dots := len(from) - len(strings.TrimLeft(from, "."))
		folders := []string{path.Dir(file), "."} // beside the file, and at the top
		if dots > 0 {
			folders = []string{path.Join(path.Dir(file), strings.Repeat("../", dots-1))}
		}
		parts := strings.ReplaceAll(strings.TrimLeft(from, ".")+"."+name, ".", "/")
		for _, folder := range folders {
			for at := path.Join(folder, parts); at != "." && at != folder &&
				!strings.HasPrefix(at, ".."); at = path.Dir(at) {
				add(at+".py", at+"/__init__.py")
			}
		}
	}
	for _, m := range pythonImport.FindAllStringSubmatch(text, -1) {
		names := func(list string) []string {
			return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
		}
		for _, name := range names(m[2]) {
			module(m[1], name)
		}
		for _, name := range names(m[3]) {
			module("", name)
		}
	}
	return found
}
