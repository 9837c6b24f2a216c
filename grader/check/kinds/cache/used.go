package cache

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// used returns the files, other than one that was edited, that the program is known to use: what
// CMD starts, and what that imports. Only what the image may hold is among them.
func used(t check.Source, held []string, edited string) []string {
	found := []string{}
	if started := check.StartedFile(t); slices.Contains(held, started) {
		found = append(found, started)
	} else if file, err := t.Dockerfile(); err == nil {
		for _, name := range []string{"ENTRYPOINT", "CMD"} {
			if in := file.Last(name); in != nil {
				found = append(found, mentioned(in.Shell(), held)...)
			}
		}
	}
	for i := 0; i < len(found) && len(found) < mostUsed; i++ { // which grows meanwhile
		for _, name := range imports(t.FS(), found[i], held) {
			if !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	return slices.DeleteFunc(found, func(name string) bool { return name == edited })
}

const (
	mostUsed  = 50      // files that are edited at once
	mostBytes = 1 << 20 // of a file that is read for what it imports
)

var (
	pythonImport = regexp.MustCompile(
		`(?m)^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+\(?([\w, \t]+)|import[ \t]+([\w., \t]+))`)
	scriptImport = regexp.MustCompile(`(?:require\(|from|import\(?)\s*["'](\.[^"'\n]+)["']`)
)

// mentioned returns the files among some that a command or a script names, by themselves or as a
// module.
func mentioned(text string, held []string) (found []string) {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\n\"'`[](){},;&|:=<>", r) })
	for _, name := range held {
		stem := strings.TrimSuffix(name, path.Ext(name))
		if slices.Contains(words, path.Base(name)) || slices.Contains(words, name) ||
			slices.Contains(words, "./"+name) ||
			slices.Contains(words, path.Base(stem)) || slices.Contains(words, strings.ReplaceAll(stem, "/", ".")) {
			found = append(found, name)
		}
	}
	return found
}

// imports returns the files among some that a file imports, as far as its text says.
func imports(folder fs.FS, file string, held []string) (found []string) {
	info, err := fs.Stat(folder, file)
	if err != nil || info.Size() > mostBytes {
		return nil
	}
	text, err := fs.ReadFile(folder, file)
	if err != nil {
		return nil
	}
	add := func(names ...string) {
		for _, name := range names {
			if slices.Contains(held, name) {
				found = append(found, name)
			}
		}
	}
	if path.Ext(file) == ".sh" {
		return mentioned(string(text), held)
	}
	if path.Ext(file) != ".py" {
		for _, m := range scriptImport.FindAllStringSubmatch(string(text), -1) {
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
	for _, m := range pythonImport.FindAllStringSubmatch(string(text), -1) {
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
