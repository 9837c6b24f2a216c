package check

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/dockerignore"
)

// NewSource returns the folder as checks see it. Its files are parsed once, when first asked for;
// it may be used by many at once.
func NewSource(root fs.FS) Source {
	bounded := folder{root}
	return source{
		folder: bounded,
		file: sync.OnceValues(func() (*dockerfile.File, error) {
			file, err := dockerfile.Load(bounded)
			return file, unreadable(err)
		}),
		rules: sync.OnceValues(func() (*dockerignore.Rules, error) {
			rules, err := dockerignore.Load(bounded, dockerfile.Name)
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

// Legible returns the folder with what can be read of its Dockerfile, where lines of it cannot.
func Legible(s Source) Source { return legible{s} }

type legible struct{ Source }

func (l legible) Dockerfile() (*dockerfile.File, error) {
	file, err := l.Source.Dockerfile()
	if bad := (*dockerfile.Error)(nil); errors.As(err, &bad) && bad.Rest != nil {
		return bad.Rest, nil
	}
	return file, err
}

// Unreadable is that a file of the submission is there and cannot be read: the grader's fault.
type Unreadable struct{ Err error }

func (e *Unreadable) Error() string { return fmt.Sprintf("reading the submission: %v", e.Err) }

// Unwrap gives the cause.
func (e *Unreadable) Unwrap() error { return e.Err }

// Hint returns how to fix it.
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

// DockerfileName returns the name of the folder's Dockerfile, for pointing at its lines.
func DockerfileName(s Source) string { return dockerfile.Find(s.FS()) }

// EditOf returns a change of a file as an edit, or nil where there is none.
func EditOf(file string, c *dockerfile.Change) *Edit {
	if c == nil {
		return nil
	}
	return &Edit{File: file, Line: c.Line, Old: c.Old, New: c.New}
}

// SyntaxHint returns what to do about a Dockerfile that Docker cannot read, or that is not there.
func SyntaxHint(bad *dockerfile.Error) Hint {
	return Hint{Advice: bad.Hint, Edit: EditOf(bad.File, bad.Fix)}
}

// LastLine returns where the instruction of one of these names stands that counts for the image, or
// nothing where there is none: it is for pointing at, so a Dockerfile that cannot be read has none.
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
