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
