package env

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// What starts a program as it is, and what a RUN does that puts nothing in its place.
var (
	servers  = strings.Fields("uvicorn gunicorn hypercorn fastapi flask python python3 node uv")
	harmless = strings.Fields(
		"pip pip3 uv apt-get apt apk npm mkdir rm useradd adduser addgroup groupadd chown chmod true")
	// words of a program that may set its variables, or be another in the end
	setters = regexp.MustCompile(`environ\b[^\n]*\]\s*=[^=]|environ\s*\.\s*(update|setdefault|pop|clear|__)|putenv|` +
		`environ\s*\|=|\bexec\w*\s*\(|\bexec[lv]p?e?\b|spawn|ctypes|` +
		`subprocess|Popen|\bsystem\b|\beval\s*\(|__import__|importlib|runpy|__dict__|` +
		`getattr\s*\(\s*os|import\s+\*|process\.env\S*\s*=[^=]|override\s*=`)
	// endings of files that may hold programs and cannot be read here
	closed = strings.Fields(".whl .egg .zip .pyz .tar .gz .tgz .xz .bz2 .so .pyc .node")
	system = regexp.MustCompile(`^/(usr|bin|sbin|etc|lib\w*|opt|root)(/|$)`)
)

const (
	mostFiles = 200
	mostBytes = 256 << 10 // of one file
)

// plain reports whether nothing of the student's own is seen to stand between docker run and the
// program: then a variable that is there came with docker run. Where that is not certain, it is not.
func plain(t check.Source) bool {
	file, err := t.Dockerfile()
	if err != nil || file.Last("ENTRYPOINT") != nil {
		return false
	}
	start := file.Last("CMD")
	if start == nil || !start.Exec || len(start.Args) == 0 || !slices.Contains(servers, path.Base(start.Args[0])) {
		return false
	}
	for _, stage := range file.Stages {
		if slices.ContainsFunc(stage.Instructions, changes) {
			return false
		}
	}
	all := files(t.FS())
	return len(all) <= mostFiles && !slices.ContainsFunc(all, func(name string) bool { return stands(t.FS(), name) })
}

// changes reports whether an instruction may put something in the place of a program, or in its way.
func changes(in dockerfile.Instruction) bool {
	switch in.Name {
	case "RUN":
		return strings.Contains(in.Shell(), ">") || len(in.Heredocs) > 0 ||
			slices.ContainsFunc(in.Commands(), func(c dockerfile.Command) bool {
				return !slices.Contains(harmless, c.Program)
			})
	case "COPY", "ADD":
		foreign := slices.ContainsFunc(in.Flags,
			func(f string) bool { return strings.HasPrefix(f, "--from=ghcr.io/astral-sh/") })
		return len(in.Heredocs) > 0 || len(in.Args) > 0 && system.MatchString(in.Args[len(in.Args)-1]) && !foreign
	case "SHELL", "ONBUILD":
		return true
	}
	return false
}

// files returns the files of a folder, as many as are looked at and one more.
func files(folder fs.FS) (names []string) {
	_ = fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case d.IsDir() && (d.Name() == ".git" || d.Name() == ".venv"):
			return fs.SkipDir
		case len(names) > mostFiles:
			return fs.SkipAll
		case !d.IsDir():
			names = append(names, name)
		}
		return nil
	})
	return names
}

// stands reports whether a file is a script, is called as what starts the program, or holds words of
// one that sets its variables.
func stands(folder fs.FS, name string) bool {
	ending := path.Ext(name)
	stem := strings.TrimSuffix(path.Base(name), ending)
	switch {
	case ending == ".sh" || ending == ".pth" || slices.Contains(closed, ending) ||
		strings.HasSuffix(stem, "customize") || slices.Contains(servers, stem):
		return true
	case !slices.Contains([]string{".py", ".js", ".mjs", ".cjs", ".ts"}, ending):
		return false
	}
	info, err := fs.Stat(folder, name)
	if err != nil || info.Size() > mostBytes {
		return true
	}
	text, err := fs.ReadFile(folder, name)
	return err != nil || setters.Match(text)
}
