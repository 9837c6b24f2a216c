package watch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// watched is a folder under watch, and each call's changes.
type watched struct {
	t     *testing.T
	dir   string
	also  []string
	calls chan []string
	stop  context.CancelFunc
	ended chan error
}

func watchFolder(t *testing.T, files ...string) *watched { return watchAlso(t, nil, files...) }

func watchAlso(t *testing.T, also []string, files ...string) *watched {
	t.Helper()
	w := &watched{t: t, dir: t.TempDir(), also: also, calls: make(chan []string, 100), ended: make(chan error, 1)}
	for _, name := range append(files, "main.py", "app/routes.py", ".git/config") {
		w.write(name, "begin")
	}
	ctx, stop := context.WithCancel(t.Context())
	w.stop = stop
	go func() {
		w.ended <- Run(ctx, w.dir, []string{filepath.Join(w.dir, "reports")}, w.also,
			func(_ context.Context, changed []string) { w.calls <- changed })
	}()
	require.Nil(t, w.next(), "the first call is for no change")
	return w
}

func (w *watched) write(name, text string) {
	w.t.Helper()
	full := filepath.Join(w.dir, name)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(full), 0o755))
	require.NoError(w.t, os.WriteFile(full, []byte(text), 0o644))
}

func (w *watched) next() []string {
	w.t.Helper()
	select {
	case changed := <-w.calls:
		return changed
	case <-time.After(patience):
		w.t.Fatal("no call")
		return nil
	}
}

// only wants the change of one file to be seen, and nothing before it: what was passed over is not
// told later either.
func (w *watched) only(name string) {
	w.t.Helper()
	w.write(name, "changed")
	assert.Equal(w.t, []string{name}, w.next())
}

func TestChanges(t *testing.T) {
	for name, change := range map[string]struct {
		do   func(w *watched)
		want []string
	}{
		"a file is saved": {func(w *watched) { w.write("main.py", "new") }, []string{"main.py"}},
		"one below":       {func(w *watched) { w.write("app/routes.py", "new") }, []string{"app/routes.py"}},
		"a new file":      {func(w *watched) { w.write("new.py", "") }, []string{"new.py"}},
		"in a new folder": {func(w *watched) { w.write("a/b/new.py", "") }, []string{"a/b/new.py"}},
		"a file is removed": {func(w *watched) { require.NoError(w.t, os.Remove(filepath.Join(w.dir, "main.py"))) },
			[]string{"main.py"}},
		"a folder is moved away": {func(w *watched) {
			require.NoError(w.t, os.Rename(filepath.Join(w.dir, "app"), filepath.Join(w.t.TempDir(), "app")))
		}, []string{"app"}},
		"a file becomes a program": {func(w *watched) {
			require.NoError(w.t, os.Chmod(filepath.Join(w.dir, "main.py"), 0o755))
		}, []string{"main.py"}},
		"an editor writes a copy and renames it": {func(w *watched) {
			w.write("sedX1", "new")
			require.NoError(w.t, os.Rename(filepath.Join(w.dir, "sedX1"), filepath.Join(w.dir, "main.py")))
		}, []string{"main.py"}},
		"an editor moves the old one away": {func(w *watched) {
			require.NoError(w.t, os.Rename(filepath.Join(w.dir, "main.py"), filepath.Join(w.dir, "main.py~")))
			w.write("main.py", "new")
		}, []string{"main.py"}},
		"several at once are one change": {func(w *watched) {
			w.write("main.py", "1")
			w.write("app/routes.py", "2")
			w.write("main.py", "3")
		}, []string{"app/routes.py", "main.py"}},
		"the ignore file, ignored or not": {func(w *watched) { w.write(".dockerignore", ".dockerignore\n*.log\n") },
			[]string{".dockerignore"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := watchFolder(t)
			change.do(w)
			assert.Equal(t, change.want, w.next())
			w.stop()
			require.NoError(t, <-w.ended)
		})
	}
}

func TestSaveInANewFolderAfterwards(t *testing.T) {
	w := watchFolder(t)
	w.only("a/b/new.py")
	w.only("a/b/new.py")
}

func TestPassedOver(t *testing.T) {
	for _, name := range []string{".git/config", ".git/new", ".venv/lib/x.py", "__pycache__/main.pyc",
		"app/__pycache__/x.pyc", "reports/students/me.html",
		".main.py.swp", "main.py~", "4913", "debug.log", "data/big.csv"} {
		t.Run(name, func(t *testing.T) {
			w := watchFolder(t, ".dockerignore")
			w.write(".dockerignore", "*.log\ndata\n")
			assert.Equal(t, []string{".dockerignore"}, w.next())
			w.write(name, "changed")
			w.only("main.py")
		})
	}
}

// TestIgnoreFileDecidesAnew: what the ignore file no longer ignores counts again.
func TestIgnoreFileDecidesAnew(t *testing.T) {
	w := watchFolder(t)
	w.write(".dockerignore", "*.log\n")
	assert.Equal(t, []string{".dockerignore"}, w.next())
	w.write(".dockerignore", "")
	assert.Equal(t, []string{".dockerignore"}, w.next())
	w.only("debug.log")
}

// TestChangeEndsTheWork: the call that still works is told to end, and the next begins after it
// has.
func TestChangeEndsTheWork(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	events, ended := make(chan string, 10), make(chan error, 1)
	next := func() string {
		select {
		case e := <-events:
			return e
		case <-time.After(patience):
			t.Fatal("nothing happened")
			return ""
		}
	}
	go func() {
		ended <- Run(ctx, dir, nil, nil, func(ctx context.Context, _ []string) {
			events <- "begin"
			<-ctx.Done()
			events <- "end"
		})
	}()
	assert.Equal(t, "begin", next())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.py"), nil, 0o644))
	assert.Equal(t, []string{"end", "begin"}, []string{next(), next()})
	stop()
	assert.Equal(t, "end", next(), "Run waits for the last call")
	require.NoError(t, <-ended)
}

func TestNoFolder(t *testing.T) {
	err := Run(t.Context(), filepath.Join(t.TempDir(), "none"), nil, nil,
		func(context.Context, []string) { t.Error("called") })
	assert.ErrorContains(t, err, "no such file or directory")
}

func TestFolderGoes(t *testing.T) {
	w := watchFolder(t)
	require.NoError(t, os.RemoveAll(w.dir))
	select {
	case err := <-w.ended:
		assert.ErrorContains(t, err, "the folder is gone")
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
}

// TestAlso: a file elsewhere counts, under the name that it was given, however an editor saves it,
// and nothing beside it does.
func TestAlso(t *testing.T) {
	beside := t.TempDir()
	rubric := filepath.Join(beside, "notes.yaml")
	require.NoError(t, os.WriteFile(rubric, []byte("a"), 0o644))
	w := watchAlso(t, []string{rubric})
	require.NoError(t, os.WriteFile(filepath.Join(beside, "other.yaml"), []byte("a"), 0o644))
	require.NoError(t, os.WriteFile(rubric, []byte("b"), 0o644))
	assert.Equal(t, []string{rubric}, w.next())
	saved := filepath.Join(beside, "notes.yaml.tmp")
	require.NoError(t, os.WriteFile(saved, []byte("c"), 0o644))
	require.NoError(t, os.Rename(saved, rubric))
	assert.Equal(t, []string{rubric}, w.next())
	w.write("main.py", "changed")
	assert.Equal(t, []string{"main.py"}, w.next())
}
