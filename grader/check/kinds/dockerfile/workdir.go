package dockerfile

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	df "github.com/taskgrader/taskgrader/grader/dockerfile"
)

// workdir returns the change that gives the last stage a WORKDIR without moving what it names:
// where its own COPY lines bring the program to, or /app where they all are relative. It is nil
// where that cannot be known.
func workdir(file *df.File, folder fs.FS) *df.Change {
	stage := file.Final()
	if len(file.Stages) > 1 || len(stage.Instructions) == 0 {
		return nil // a stage may begin where the one before it works
	}
	dirs := map[string]bool{}
	for _, in := range stage.Instructions {
		if in.Name != "COPY" && in.Name != "ADD" {
			continue
		}
		sources := in.Sources()
		if len(sources) == 0 {
			return nil
		}
		to := in.Args[len(in.Args)-1]
		if strings.Contains(to, "$") {
			return nil
		}
		info, err := fs.Stat(folder, strings.TrimPrefix(path.Clean("/"+sources[0]), "/"))
		single := len(sources) == 1 && err == nil && !info.IsDir() && !strings.HasSuffix(to, "/")
		switch {
		case !path.IsAbs(to):
			to = ""
		case single && path.Base(to) == path.Base(sources[0]):
			to = path.Dir(to)
		}
		dirs[strings.TrimSuffix(to, "/")] = true
	}
	if len(dirs) != 1 {
		return nil
	}
	first := stage.Instructions[0]
	if !dirs[""] {
		for dir := range dirs {
			return file.Above(first, "WORKDIR "+dir)
		}
	}
	if slices.ContainsFunc(stage.Instructions, func(in df.Instruction) bool { return namesTop(in, folder) }) {
		return nil
	}
	return file.Above(first, "WORKDIR /app")
}

// namesTop reports whether an instruction names what the folder brings to the top of the image.
func namesTop(in df.Instruction, folder fs.FS) bool {
	entries, _ := fs.ReadDir(folder, ".")
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return strings.Contains(in.Text, " /"+e.Name()) || strings.Contains(in.Text, `"/`+e.Name()) ||
			strings.Contains(in.Text, "=/"+e.Name())
	})
}
