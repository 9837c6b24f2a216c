package check

import (
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
		file:   sync.OnceValues(func() (*dockerfile.File, error) { return dockerfile.Load(folder, "Dockerfile") }),
		rules:  sync.OnceValues(func() (*dockerignore.Rules, error) { return dockerignore.Load(folder, "Dockerfile") }),
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
