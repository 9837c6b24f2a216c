package batch

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/export"
	"github.com/taskgrader/taskgrader/grader/report"
)

// The class's files below the reports folder.
const (
	classFile  = "class.json"
	gradesFile = "grades.csv"
	indexFile  = "index.html"
	lockFile   = ".class.lock"
)

// load reads the class of an earlier run, or nil.
func load(out string) (*class.Class, error) {
	f, err := os.Open(filepath.Join(out, classFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading an earlier run: %w", err)
	}
	defer f.Close()
	c, err := class.Read(f)
	if err != nil {
		return nil, &RefusedError{Text: fmt.Sprintf("%q: %v", f.Name(), err), Fix: "Name another folder with --out, or remove that file: the reports stay, and all are graded again."}
	}
	return c, nil
}

// save writes the class's files, each whole or not at all: class.json, and the rest for people when all is true.
func (r *run) save(begun time.Time, all bool) error {
	c := r.class(begun)
	files := []struct {
		name  string
		write func(io.Writer, class.Class) error
	}{{classFile, class.JSON}, {gradesFile, grades}, {indexFile, report.Index}}
	if !all {
		files = files[:1]
	}
	for _, f := range files {
		if err := report.WriteFile(filepath.Join(r.options.Out, f.name), func(w io.Writer) error { return f.write(w, c) }); err != nil {
			return err
		}
	}
	return nil
}

func grades(w io.Writer, c class.Class) error { return export.CSV(w, export.Of(c)) }

// lock makes the folder this run's own until unlock, and removes what killed runs left half written.
func lock(out string) (unlock func(), err error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, fmt.Errorf("making the reports folder: %w", err)
	}
	l := flock.New(filepath.Join(out, lockFile))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the reports folder: %w", err)
	}
	if !ok {
		return nil, &RefusedError{Text: fmt.Sprintf("another run is writing to the folder %q", out), Fix: "Wait for it, or name another folder with --out."}
	}
	for _, folder := range []string{out, filepath.Join(out, "students"), filepath.Join(out, "instructor")} {
		removeHalves(folder)
	}
	return func() { _ = l.Unlock() }, nil
}

// removeHalves removes files that were not renamed, unless another command may be about to.
func removeHalves(folder string) {
	children, _ := os.ReadDir(folder)
	for _, c := range children {
		if info, err := c.Info(); err == nil && strings.HasPrefix(c.Name(), ".taskgrader-") && time.Since(info.ModTime()) > 10*time.Second {
			_ = os.Remove(filepath.Join(folder, c.Name()))
		}
	}
}
