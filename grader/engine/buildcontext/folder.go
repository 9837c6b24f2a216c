// Package buildcontext is the folder that a build sees.
//
// [New] lays edits over a submission's folder without copying it. [Limit] sends no more of it than
// a rubric allows, and [Empty] sends its names without their content. All are what BuildKit's
// session serves, and know neither an engine nor a submission's state.
package buildcontext

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"

	"github.com/taskgrader/taskgrader/grader/check"
)

// Folder is a folder as a build sees it, with edits laid over it. Nothing is copied: what is edited
// is served from memory, and all else from where it lies, unchanged in mode and kind. What stands
// where an edit needs a folder is replaced by one, a link too, so that no edit leaves the folder.
type Folder struct {
	root  string // empty: there is nothing under the edits
	files map[string]*edited
	dirs  map[string]bool // folders that were made for files

	mu     sync.Mutex
	broken error // what of it could not be read first
}

// edited is a file that an edit made or changed.
type edited struct {
	stat *types.Stat
	data []byte
	onto string // the path of the file whose content comes first, or empty
}

var (
	_ fsutil.FS     = (*Folder)(nil)
	_ fs.ReadDirFS  = tree{}
	_ fs.StatFS     = tree{}
	_ io.ReadCloser = joined{}
)

// New lays edits over the folder root. Later edits of a path come on top of earlier ones.
func New(root string, edits ...check.Patch) (*Folder, error) {
	o := &Folder{root: root, files: map[string]*edited{}, dirs: map[string]bool{}}
	if root != "" {
		resolved, err := filepath.EvalSymlinks(root)
		if err != nil {
			return nil, err
		}
		o.root = resolved
	}
	now := time.Now().UnixNano() // the builder tells files apart by size and time
	for _, e := range edits {
		name := path.Clean(e.Path)
		if name == "." || !filepath.IsLocal(filepath.FromSlash(name)) {
			return nil, fmt.Errorf("editing %q: the path leads out of the folder", e.Path)
		}
		if err := o.lay(name, e, now); err != nil {
			return nil, fmt.Errorf("editing %q: %w", e.Path, err)
		}
	}
	return o, nil
}

func (o *Folder) lay(name string, e check.Patch, now int64) error {
	for i, c := range name { // from the top, so that nothing is looked for behind a link
		if c != '/' {
			continue
		}
		if under, err := o.lstat(name[:i]); err != nil || !under.IsDir() {
			delete(o.files, name[:i])
			o.dirs[name[:i]] = true
		}
	}
	for other := range o.files { // a file that stands where a folder was
		if strings.HasPrefix(other, name+"/") {
			delete(o.files, other)
		}
	}
	made := o.dirs[name]
	for other := range o.dirs {
		if other == name || strings.HasPrefix(other, name+"/") {
			delete(o.dirs, other)
		}
	}
	before := o.files[name]
	f := &edited{stat: &types.Stat{Mode: 0o644}, data: e.Data}
	under, err := o.lstat(name)
	if err == nil && !made && fs.FileMode(under.Mode).IsRegular() { // it stays what it is, but for the content
		f.stat = under.Clone()
		if e.Append && before != nil {
			f.onto, f.data = before.onto, slices.Concat(before.data, e.Data)
		} else if e.Append {
			f.onto = name
		}
	}
	f.stat.Path, f.stat.ModTime, f.stat.Size = filepath.FromSlash(name), now, int64(len(f.data))
	if f.onto != "" {
		base, err := os.Lstat(o.under(f.onto))
		if err != nil {
			return err
		}
		f.stat.Size += base.Size()
	}
	o.files[name] = f
	return nil
}

// under returns where a path of the folder lies on this machine.
func (o *Folder) under(name string) string { return filepath.Join(o.root, filepath.FromSlash(name)) }

// lstat returns what stands at a slash-separated path.
func (o *Folder) lstat(name string) (*types.Stat, error) {
	if f := o.files[name]; f != nil {
		return f.stat.Clone(), nil
	}
	if name == "." || o.dirs[name] {
		return &types.Stat{Path: filepath.FromSlash(name), Mode: uint32(fs.ModeDir | 0o755)}, nil
	}
	if o.root == "" || o.made(path.Dir(name)) {
		return nil, fs.ErrNotExist
	}
	s, err := fsutil.Stat(o.under(name))
	if err != nil {
		return nil, err
	}
	s.Path = filepath.FromSlash(name)
	return s, nil
}

// made reports whether nothing of the folder itself can be below a path.
func (o *Folder) made(dir string) bool {
	for ; dir != "."; dir = path.Dir(dir) {
		if o.dirs[dir] || o.files[dir] != nil {
			return true
		}
	}
	return false
}

// Walk visits what is below a path, as fsutil's own walk of a folder would.
func (o *Folder) Walk(ctx context.Context, target string, visit fs.WalkDirFunc) error {
	target = path.Clean(strings.TrimLeft(filepath.ToSlash(target), "/"))
	return fs.WalkDir(tree{o}, target, func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if name == "." && err == nil {
			return nil
		}
		if !utf8.ValidString(name) { // BuildKit could not be told of it
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if errors.Is(err, fs.ErrPermission) {
			o.fail(err)
		}
		if err = visit(filepath.FromSlash(name), d, err); errors.Is(err, fs.ErrNotExist) {
			return fs.SkipDir
		}
		return err
	})
}

// fail notes what could not be read.
func (o *Folder) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken == nil {
		o.broken = &check.Unreadable{Err: err}
	}
}

// Err returns what could not be read, or nil. BuildKit takes a file that cannot be opened for an
// empty one.
func (o *Folder) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.broken
}

// Open opens a file.
func (o *Folder) Open(name string) (io.ReadCloser, error) {
	f, err := o.open(name)
	if err != nil {
		o.fail(err)
	}
	return f, err
}

func (o *Folder) open(name string) (io.ReadCloser, error) {
	name = path.Clean(strings.TrimLeft(filepath.ToSlash(name), "/"))
	f := o.files[name]
	switch {
	case f != nil && f.onto == "":
		return io.NopCloser(bytes.NewReader(f.data)), nil
	case f != nil:
		base, err := os.OpenInRoot(o.root, filepath.FromSlash(f.onto))
		if err != nil {
			return nil, err
		}
		return joined{io.MultiReader(base, bytes.NewReader(f.data)), base}, nil
	case o.root == "" || o.made(path.Dir(name)):
		return nil, fs.ErrNotExist
	}
	return os.OpenInRoot(o.root, filepath.FromSlash(name))
}

type joined struct {
	io.Reader
	io.Closer
}

// tree is a Folder as io/fs walks it; its Stat follows no links.
type tree struct{ *Folder }

// Open refuses: walking does not need it.
func (tree) Open(string) (fs.File, error) { return nil, errors.ErrUnsupported }

// Stat returns what stands at a path.
func (t tree) Stat(name string) (fs.FileInfo, error) {
	s, err := t.lstat(name)
	if err != nil {
		return nil, err
	}
	return &fsutil.StatInfo{Stat: s}, nil
}

// ReadDir returns what is in a folder, sorted by name.
func (t tree) ReadDir(dir string) ([]fs.DirEntry, error) {
	found := map[string]fs.DirEntry{}
	if t.root != "" && !t.made(dir) {
		entries, err := os.ReadDir(t.under(dir))
		if err != nil {
			return nil, err
		}
		for _, d := range entries {
			found[d.Name()] = entry{t, path.Join(dir, d.Name()), d.Type()}
		}
	}
	for name, f := range t.files {
		if path.Dir(name) == dir {
			found[path.Base(name)] = entry{t, name, fs.FileMode(f.stat.Mode).Type()}
		}
	}
	for name := range t.dirs {
		if path.Dir(name) == dir {
			found[path.Base(name)] = entry{t, name, fs.ModeDir}
		}
	}
	sorted := make([]fs.DirEntry, 0, len(found))
	for _, d := range found {
		sorted = append(sorted, d)
	}
	slices.SortFunc(sorted, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return sorted, nil
}

// entry is one name of a folder. What it is in full is looked up when it is asked for: most of what
// is ignored never is.
type entry struct {
	tree tree
	name string
	kind fs.FileMode
}

func (e entry) Name() string               { return path.Base(e.name) }
func (e entry) IsDir() bool                { return e.kind.IsDir() }
func (e entry) Type() fs.FileMode          { return e.kind }
func (e entry) Info() (fs.FileInfo, error) { return e.tree.Stat(e.name) }
