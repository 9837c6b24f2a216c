// Package watch says when a student's folder changes.
//
// [Run] does the work once and again after each change, and gives up work that a later change has
// overtaken. Several changes that come together are one. It knows nothing of what the work is.
package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/taskgrader/taskgrader/grader/dockerignore"
)

// quiet is how long nothing must change before what changed is whole: an editor that saves writes,
// renames and removes within a few milliseconds.
const quiet = 25 * time.Millisecond

// Run calls do, and calls it again whenever files of the folder have changed, with their paths,
// slash-separated and sorted; the first call has none. A call that still works when something
// changes has its context ended, and is waited for. Changes in the folders except, of paths that
// the ignore file keeps out of the build, and of version control, caches and editors' own files are
// passed over.
//
// Files of also are watched besides; they are named as they are given.
//
// Run returns nil when ctx ends, after the last call has; an error is that the folder cannot be
// watched.
func Run(ctx context.Context, dir string, except, also []string, do func(ctx context.Context, changed []string)) error {
	f, err := newFolder(dir, except, also)
	if err != nil {
		return fmt.Errorf("watching %q: %w", dir, err)
	}
	defer f.watcher.Close()

	w := work{do: do}
	w.begin(ctx, nil)
	defer w.end()
	var changed []string
	settled := time.NewTimer(quiet)
	settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, open := <-f.watcher.Events:
			if !open {
				return errors.New("watching: the system ended it")
			}
			if paths := f.paths(e); len(paths) > 0 {
				changed = append(changed, paths...)
				settled.Reset(quiet)
			}
		case err := <-f.watcher.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return fmt.Errorf("watching %q: %w", dir, err)
			}
			changed = append(changed, ".") // too much at once to name
			settled.Reset(quiet)
		case <-settled.C:
			changed = f.relevant(changed)
			if len(changed) == 0 {
				continue
			}
			if _, err := os.Stat(f.dir); err != nil {
				return fmt.Errorf("watching %q: the folder is gone", dir)
			}
			w.begin(ctx, changed)
			changed = nil
		}
	}
}

// work is one call of do at a time.
type work struct {
	do     func(context.Context, []string)
	cancel context.CancelFunc
	done   chan struct{}
}

// begin ends the call that runs, and begins another.
func (w *work) begin(ctx context.Context, changed []string) {
	w.end()
	ctx, w.cancel = context.WithCancel(ctx)
	done := make(chan struct{})
	w.done = done
	go func() {
		defer close(done)
		w.do(ctx, changed)
	}()
}

// end ends the call that runs, and waits for it.
func (w *work) end() {
	if w.done != nil {
		w.cancel()
		<-w.done
	}
}

// folder is a folder with all that is in it under watch.
type folder struct {
	dir     string
	except  []string          // absolute
	also    map[string]string // files elsewhere, by their absolute path, as they are called
	watcher *fsnotify.Watcher
	known   map[string]bool // what was there when it was last looked at
}

func newFolder(dir string, except, also []string) (*folder, error) {
	f := &folder{known: map[string]bool{}, also: map[string]string{}}
	var err error
	if f.dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	for _, name := range except {
		if name, err = filepath.Abs(name); err != nil {
			return nil, err
		}
		f.except = append(f.except, name)
	}
	if f.watcher, err = fsnotify.NewWatcher(); err != nil {
		return nil, err
	}
	if _, err := f.add(f.dir); err != nil {
		f.watcher.Close()
		return nil, err
	}
	for _, name := range also {
		full, err := filepath.Abs(name)
		if err == nil { // its folder, since an editor may put another file in its place
			err = f.watcher.Add(filepath.Dir(full))
		}
		if err != nil {
			f.watcher.Close()
			return nil, err
		}
		f.also[full] = name
	}
	return f, nil
}

// add watches a folder and those in it, and gives the files that it holds. What goes away meanwhile
// is no error.
func (f *folder) add(top string) (files []string, err error) {
	err = filepath.WalkDir(top, func(full string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && full != f.dir:
			return nil
		case err != nil && full == f.dir:
			return err
		case err != nil || f.skips(full):
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !d.IsDir():
			files = append(files, full)
			f.known[full] = true
			return nil
		}
		f.known[full] = true
		if err := f.watcher.Add(full); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	return files, err
}

// paths returns the files that an event is about: those of a new folder too, which may have come
// before it was watched.
func (f *folder) paths(e fsnotify.Event) []string {
	if _, ok := f.also[e.Name]; ok {
		return []string{e.Name}
	}
	if e.Name != f.dir && !strings.HasPrefix(e.Name, f.dir+string(filepath.Separator)) || f.skips(e.Name) {
		return nil
	}
	info, err := os.Lstat(e.Name)
	if err != nil || !info.IsDir() {
		return []string{e.Name}
	}
	if !e.Has(fsnotify.Create) {
		return nil // a folder changes when something in it does, which is an event of its own
	}
	files, err := f.add(e.Name)
	if err != nil { // no more folders can be watched; this one's first state counts at least
		return append(files, e.Name)
	}
	return files
}

// Names that are never part of what is graded, whatever the ignore file says.
var (
	skippedNames = []string{".git", ".hg", ".svn", ".venv", "venv", "__pycache__", "node_modules", ".idea", ".vscode",
		".mypy_cache", ".pytest_cache", ".ruff_cache", ".DS_Store", "4913"}
	skippedShapes = []string{"*~", ".*.sw?", ".#*", "#*#", ".goutputstream-*", "*___jb_tmp___", "*___jb_old___",
		".taskgrader-*"}
)

// skips reports whether a path is of no interest at all.
func (f *folder) skips(full string) bool {
	if slices.Contains(f.except, full) {
		return true
	}
	for ; len(full) > len(f.dir); full = filepath.Dir(full) {
		name := filepath.Base(full)
		if slices.Contains(skippedNames, name) || slices.ContainsFunc(skippedShapes,
			func(shape string) bool { ok, _ := path.Match(shape, name); return ok }) ||
			slices.Contains(f.except, full) {
			return true
		}
	}
	return false
}

// relevant returns the paths, relative to the folder, that the ignore file lets into the build, and
// those that say how it is built. What came and went again meanwhile, such as the copy that an
// editor writes first, is none.
func (f *folder) relevant(files []string) (paths []string) {
	rules, err := dockerignore.Load(os.DirFS(f.dir), "Dockerfile")
	if err != nil {
		rules = &dockerignore.Rules{}
	}
	for _, full := range files {
		if name, ok := f.also[full]; ok {
			paths = append(paths, name)
			continue
		}
		_, err := os.Lstat(full)
		was, is := f.known[full], err == nil
		if f.known[full] = is; !was && !is {
			continue
		}
		rel, err := filepath.Rel(f.dir, full)
		if err != nil {
			continue
		}
		name := filepath.ToSlash(rel)
		decides := strings.EqualFold(name, "Dockerfile") || strings.HasSuffix(name, ".dockerignore")
		if decides || !rules.Decide(name).Ignored {
			paths = append(paths, name)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}
