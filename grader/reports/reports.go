// Package reports is the folder in which finished reports lie: a report and a page for each
// student, once as the student may see it and once for the instructor, and the files of the class.
//
// Start with [Dir], which is the folder's name. It alone knows what lies where. Every file is
// written whole or not at all, so that what is there can be read while another run writes.
package reports

import (
	"bufio"
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
	"github.com/taskgrader/taskgrader/grader/result"
)

// Dir is a folder of reports. It need not be there before something is written.
type Dir string

const (
	classFile = "class.json"
	linksID   = "index" // the page of links lies where a student of this id would have theirs
	lockFile  = ".class.lock"
	half      = ".taskgrader-" // begins the name of a file that is not whole yet
)

// FormatError reports that a file is there and is not what its name says.
type FormatError struct {
	File string
	Err  error
}

func (e *FormatError) Error() string { return e.File + ": " + e.Err.Error() }

func (e *FormatError) Unwrap() error { return e.Err }

// ErrLocked is returned by [Dir.Lock] when another run holds the folder.
var ErrLocked = errors.New("another run is writing to the folder")

// Folder returns the folder of what one audience may see.
func (d Dir) Folder(a result.Audience) string {
	if a == result.Student {
		return filepath.Join(string(d), "students")
	}
	return filepath.Join(string(d), "instructor")
}

// Folders returns the folders below that hold what is about one student.
func (d Dir) Folders() []string {
	return []string{d.Folder(result.Student), d.Folder(result.Instructor)}
}

// Report returns the name of a report's JSON.
func (d Dir) Report(a result.Audience, id string) string {
	return filepath.Join(d.Folder(a), id+".json")
}

// Page returns the name of a report's page.
func (d Dir) Page(a result.Audience, id string) string { return filepath.Join(d.Folder(a), id+".html") }

// Index returns the name of the page of the class.
func (d Dir) Index() string { return filepath.Join(string(d), "index.html") }

// Grades returns the name of the table of the class.
func (d Dir) Grades() string { return filepath.Join(string(d), "grades.csv") }

// Links returns the name of the page that leads each student to their own.
func (d Dir) Links() string { return d.Page(result.Student, linksID) }

// Lockfile returns the name of what says on which base images the class was graded.
func (d Dir) Lockfile() string { return filepath.Join(string(d), "class.lock") }

// Queue returns the folder for what waits for other machines while the class is graded.
func (d Dir) Queue() string { return filepath.Join(string(d), ".fleet") }

// Write writes the student's and the instructor's files of a report. The instructor's JSON comes
// last: where it is, all four are.
func (d Dir) Write(r result.Report) error {
	for _, a := range []result.Audience{result.Student, result.Instructor} {
		if err := os.MkdirAll(d.Folder(a), 0o755); err != nil {
			return fmt.Errorf("making the reports folder: %w", err)
		}
		view := r.For(a)
		if err := WriteFile(d.Page(a, r.Submission.ID),
			func(w io.Writer) error { return report.HTML(w, view) }); err != nil {
			return err
		}
		if err := WriteFile(d.Report(a, r.Submission.ID),
			func(w io.Writer) error { return report.JSON(w, view) }); err != nil {
			return err
		}
	}
	return nil
}

// Read returns the report on a submission; see [ReadFile] for the error.
func (d Dir) Read(a result.Audience, id string) (result.Report, error) {
	return ReadFile(d.Report(a, id))
}

// Whole reports whether all four files of a submission are there.
func (d Dir) Whole(id string) bool {
	for _, a := range []result.Audience{result.Student, result.Instructor} {
		for _, name := range []string{d.Page(a, id), d.Report(a, id)} {
			if _, err := os.Lstat(name); err != nil {
				return false
			}
		}
	}
	return true
}

// Stat returns what tells whether the instructor's report was written since.
func (d Dir) Stat(id string) (class.FileStat, error) {
	info, err := os.Stat(d.Report(result.Instructor, id))
	if err != nil {
		return class.FileStat{}, err
	}
	return class.FileStat{Bytes: info.Size(), Modified: info.ModTime().UnixNano()}, nil
}

// IDs returns the ids of the submissions that have a report, sorted; none where there is no folder.
func (d Dir) IDs() ([]string, error) {
	children, err := os.ReadDir(d.Folder(result.Instructor))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the reports: %w", err)
	}
	var ids []string
	for _, child := range children {
		if id, ok := strings.CutSuffix(child.Name(), ".json"); ok && !strings.HasPrefix(id, ".") {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Class returns the class that lies in the folder. The error wraps [fs.ErrNotExist] where there is
// none, and is a [FormatError] where its file is none.
func (d Dir) Class() (*class.Class, error) {
	f, err := os.Open(filepath.Join(string(d), classFile))
	if err != nil {
		return nil, fmt.Errorf("reading the reports: %w", err)
	}
	defer f.Close()
	c, err := class.Read(f)
	if err != nil {
		return nil, &FormatError{f.Name(), err}
	}
	return c, d.applyJournal(c)
}

// WriteClass writes the class for [Dir.Class] alone.
func (d Dir) WriteClass(c class.Class) error {
	return WriteFile(filepath.Join(string(d), classFile), func(w io.Writer) error { return class.JSON(w, c) })
}

// WriteClassPages writes the class's table and page.
func (d Dir) WriteClassPages(c class.Class) error {
	if err := WriteFile(d.Grades(), func(w io.Writer) error { return export.ClassCSV(w, c) }); err != nil {
		return err
	}
	return WriteFile(d.Index(), func(w io.Writer) error { return report.Index(w, c) })
}

// WriteLinks writes the page that leads each student of the class to their own.
func (d Dir) WriteLinks(c class.Class) error {
	for _, row := range c.Students {
		if row.ID == linksID {
			return fmt.Errorf("a submission is called %q, and its page has the name that the list would get", linksID)
		}
	}
	return WriteFile(d.Links(), func(w io.Writer) error { return report.Links(w, c) })
}

// Lock makes the folder this run's own until unlock, and removes what killed runs left half
// written. The error is [ErrLocked] while another run has it.
func (d Dir) Lock() (unlock func(), err error) {
	if err := os.MkdirAll(string(d), 0o755); err != nil {
		return nil, fmt.Errorf("making the reports folder: %w", err)
	}
	l := flock.New(filepath.Join(string(d), lockFile))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the reports folder: %w", err)
	}
	if !ok {
		return nil, ErrLocked
	}
	for _, folder := range append(d.Folders(), string(d)) {
		removeHalves(folder)
	}
	return func() { _ = l.Unlock() }, nil
}

// removeHalves removes files that were not renamed, unless another command may be about to.
func removeHalves(folder string) {
	children, _ := os.ReadDir(folder)
	for _, c := range children {
		info, err := c.Info()
		if err == nil && strings.HasPrefix(c.Name(), half) && time.Since(info.ModTime()) > 10*time.Second {
			_ = os.Remove(filepath.Join(folder, c.Name()))
		}
	}
}

// Writable reports why nothing can be written to the folder, or nil: where it is not there yet, in
// the folder that it will be made in. It leaves nothing.
func (d Dir) Writable() error {
	for _, at := range d.Folders() {
		for _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at); _, err = os.Stat(at) {
			at = filepath.Dir(at)
		}
		f, err := os.CreateTemp(at, half+"*")
		if wrong := new(fs.PathError); errors.As(err, &wrong) {
			return wrong.Err
		}
		if err != nil {
			return err
		}
		_, _ = f.Close(), os.Remove(f.Name())
	}
	return nil
}

// ReadFile reads a report, wherever it lies. The error wraps [fs.ErrNotExist] where it is not
// there, and is a [FormatError] when the file is of another kind or version.
func ReadFile(name string) (result.Report, error) {
	f, err := os.Open(name)
	if err != nil {
		return result.Report{}, err
	}
	defer f.Close()
	r, err := report.Read(f)
	if err != nil {
		return r, &FormatError{name, err}
	}
	return r, nil
}

// WriteFile writes a file whole or not at all: under another name first, then renamed.
func WriteFile(name string, write func(io.Writer) error) error {
	if err := writeFile(name, write); err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return nil
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), half+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	out := bufio.NewWriterSize(f, 64<<10) // not in memory as a whole: that of a large class is large
	if err = write(out); err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
