package stop

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// withExec returns the line in which the program takes the place of the shell that starts it: of
// CMD or ENTRYPOINT, or of the script that they name. It is nil where the line cannot be told.
func withExec(t check.Source, shell check.Process) *check.Edit {
	parsed, err := t.Dockerfile()
	if err != nil {
		return nil
	}
	for _, in := range parsed.Lasts("ENTRYPOINT", "CMD") {
		if !in.Exec {
			change, _ := parsed.ExecForm(*in)
			return check.EditOf(parsed.Name, change)
		}
		for i, word := range in.Args {
			if word != "-c" || i+1 != len(in.Args)-1 {
				continue
			}
			if text, ok := dockerfile.WithExec(in.Args[i+1]); ok {
				words := append(slices.Clone(in.Args[:i+1]), text)
				return check.EditOf(parsed.Name, parsed.Change(*in, in.Name+" "+dockerfile.List(words)))
			}
			return nil
		}
	}
	return script(t.FS(), shell)
}

// script returns the line of a script in the folder.
func script(folder fs.FS, shell check.Process) *check.Edit {
	for _, word := range shell.Command[1:] {
		if strings.HasPrefix(word, "-") {
			continue
		}
		name := path.Clean(strings.TrimPrefix(word, "/"))
		for ; name != "."; name = below(name) {
			text, err := fs.ReadFile(folder, name)
			if err != nil {
				continue
			}
			lines := strings.Split(strings.TrimRight(string(text), "\r\n"), "\n")
			begin := len(lines)
			for begin > 1 && strings.HasSuffix(strings.TrimSpace(lines[begin-2]), "\\") {
				begin-- // the command goes over several lines
			}
			last := strings.TrimSuffix(lines[begin-1], "\r")
			if with, ok := dockerfile.WithExec(strings.TrimSuffix(last, "\\")); ok && with != last {
				if begin < len(lines) {
					with += " \\"
				}
				return &check.Edit{File: name, Line: begin, Old: last, New: with}
			}
			return nil
		}
	}
	return nil
}
