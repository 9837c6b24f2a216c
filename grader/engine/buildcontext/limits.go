package buildcontext

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"

	"github.com/taskgrader/taskgrader/grader/check"
)

// Limited is the folder of a build that sends no more than the rubric's limits. What the Dockerfile
// does not copy is not sent, so it costs nothing, however large it is: a student's virtual
// environment beside a Dockerfile that takes two files.
type Limited struct {
	fsutil.FS
	limits check.BuildLimits
	stop   func() // ends the build: it would wait for the rest for ever

	mu      sync.Mutex
	files   int
	bytes   int64
	largest string
	size    int64
	over    bool
}

var errTooMuch = errors.New("the context is over its limit")

// Limit returns a folder that calls stop, which ends the build, when more of it is asked for than
// the limits allow.
func Limit(folder fsutil.FS, limits check.BuildLimits, stop func()) *Limited {
	return &Limited{FS: folder, limits: limits, stop: stop}
}

// Open opens a file that the build asks for.
func (m *Limited) Open(name string) (io.ReadCloser, error) {
	m.mu.Lock()
	m.files++
	over := m.check()
	m.mu.Unlock()
	if over {
		return nil, errTooMuch
	}
	f, err := m.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &limitedFile{ReadCloser: f, of: m, name: filepath.ToSlash(name)}, nil
}

type limitedFile struct {
	io.ReadCloser
	of   *Limited
	name string
	size int64
}

func (f *limitedFile) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	f.size += int64(n)
	m := f.of
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bytes += int64(n); f.size > m.size {
		m.largest, m.size = f.name, f.size
	}
	if m.check() {
		return 0, errTooMuch
	}
	return n, err
}

// check reports whether it is too much by now. The lock is held.
func (m *Limited) check() bool {
	if !m.over && (m.files > m.limits.Files || m.bytes > int64(m.limits.Context)) {
		m.over = true
		m.stop()
	}
	return m.over
}

// Failure returns that the build asked for too much, or nil.
func (m *Limited) Failure() *check.BuildFailure {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.over {
		return nil
	}
	return &check.BuildFailure{Reason: check.TooLarge, Subject: m.largest,
		Message: fmt.Sprintf("the Dockerfile copies more than %s or %d files; the largest is %q", m.limits.Context,
			m.limits.Files, m.largest)}
}

// Empty returns a folder in which every file is empty but the ignore file, which the builder obeys:
// enough to see which of them arrive, whatever they weigh.
func Empty(folder fsutil.FS) fsutil.FS { return emptyFiles{folder} }

type emptyFiles struct{ fsutil.FS }

const ignoreFile = ".dockerignore"

// Walk visits what is below a path.
func (e emptyFiles) Walk(ctx context.Context, target string, visit fs.WalkDirFunc) error {
	return e.FS.Walk(ctx, target, func(name string, d fs.DirEntry, err error) error {
		if d != nil && d.Type().IsRegular() && name != ignoreFile {
			d = emptyEntry{d}
		}
		return visit(name, d, err)
	})
}

// Open gives nothing of any file but the ignore file.
func (e emptyFiles) Open(name string) (io.ReadCloser, error) {
	if name == ignoreFile {
		return e.FS.Open(name)
	}
	return io.NopCloser(strings.NewReader("")), nil
}

type emptyEntry struct{ fs.DirEntry }

func (d emptyEntry) Info() (fs.FileInfo, error) {
	info, err := d.DirEntry.Info()
	if err != nil {
		return nil, err
	}
	stat, ok := info.Sys().(*types.Stat)
	if !ok {
		return nil, fmt.Errorf("looking at %q: the walk gives %T", info.Name(), info.Sys())
	}
	stat = stat.Clone()
	stat.Size = 0
	return &fsutil.StatInfo{Stat: stat}, nil
}
