package check

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/dockerignore"
)

// NewSource is the folder as checks see it. Its files are parsed once, when first asked for; it may be used by many at
// once.
func NewSource(folder fs.FS) Source {
	return source{
		folder: folder,
		file: sync.OnceValues(func() (*dockerfile.File, error) {
			file, err := dockerfile.Load(folder, "Dockerfile")
			return file, unreadable(err)
		}),
		rules: sync.OnceValues(func() (*dockerignore.Rules, error) {
			rules, err := dockerignore.Load(folder, "Dockerfile")
			return rules, unreadable(err)
		}),
	}
}

type source struct {
	folder fs.FS
	file   func() (*dockerfile.File, error)
	rules  func() (*dockerignore.Rules, error)
}

func (s source) FS() fs.FS                             { return s.folder }
func (s source) Dockerfile() (*dockerfile.File, error) { return s.file() }
func (s source) Ignore() (*dockerignore.Rules, error)  { return s.rules() }

// Unreadable is that a file of the submission is there and cannot be read: the grader's fault.
type Unreadable struct{ Err error }

func (e *Unreadable) Error() string { return fmt.Sprintf("reading the submission: %v", e.Err) }

// Unwrap gives the cause.
func (e *Unreadable) Unwrap() error { return e.Err }

// Hint is how to mend it.
func (e *Unreadable) Hint() string {
	if errors.Is(e.Err, fs.ErrPermission) {
		return "let the user who grades read all of the folder: chmod -R u+rX, or sudo chown -R $USER"
	}
	return "grade again when nothing writes to the folder"
}

// unreadable marks what the file system says, as against what is wrong in a text.
func unreadable(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return &Unreadable{err}
	}
	return err
}

// LastLine is where the instruction of one of these names stands that counts for the image, or nothing where there is
// none: it is for pointing at, so a Dockerfile that cannot be read has none.
func LastLine(s Source, names ...string) (file string, line int) {
	f, err := s.Dockerfile()
	if err != nil {
		return "", 0
	}
	if in := f.Last(names...); in != nil {
		return f.Name, in.Line
	}
	return "", 0
}
