package check

import (
	"errors"
	"fmt"
	"io/fs"
)

// longestFile is how many bytes of a file of the submission are read as a whole, at most: what of it
// says anything is some thousand.
const longestFile = 8 << 20

// folder is a submission's folder of which no file is read that is longer, and none that is no
// plain file: a pipe would never end.
type folder struct{ fs.FS }

var (
	_ fs.ReadFileFS = folder{}
	_ fs.StatFS     = folder{}
	_ fs.ReadDirFS  = folder{}
	_ fs.ReadLinkFS = folder{}
)

var errNotRead = errors.New("it is no plain file")

// Open opens a plain file, or a folder.
func (f folder) Open(name string) (fs.File, error) {
	if info, err := fs.Stat(f.FS, name); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("opening %q: %w", name, errNotRead)
	}
	return f.FS.Open(name)
}

// ReadFile reads a plain file that is not too long.
func (f folder) ReadFile(name string) ([]byte, error) {
	switch info, err := fs.Stat(f.FS, name); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("reading %q: %w", name, errNotRead)
	case info.Size() > longestFile:
		return nil, fmt.Errorf("reading %q: it has more than %d bytes", name, longestFile)
	}
	return fs.ReadFile(f.FS, name)
}

// Stat follows a link.
func (f folder) Stat(name string) (fs.FileInfo, error) { return fs.Stat(f.FS, name) }

// ReadDir lists a folder.
func (f folder) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(f.FS, name) }

// Lstat follows none.
func (f folder) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(f.FS, name) }

// ReadLink says where a link leads.
func (f folder) ReadLink(name string) (string, error) { return fs.ReadLink(f.FS, name) }
