package buildcontext

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"

	"github.com/taskgrader/taskgrader/grader/check"
)

// listing returns all that a build learns of a folder, in its order, but for the times.
func listing(t *testing.T, folder fsutil.FS, target string) (lines []string) {
	t.Helper()
	var order fsutil.Validator
	err := folder.Walk(t.Context(), target, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			lines = append(lines, name+" is not there")
			return err
		}
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		stat := info.Sys().(*types.Stat)
		require.Equal(t, name, stat.Path)
		require.Equal(t, d.IsDir(), info.IsDir())
		if target == "/" {
			require.NoError(t, order.HandleChange(fsutil.ChangeKindAdd, name, info, nil),
				"the receiver of a build wants this order")
		}
		line := fmt.Sprintf("%s %v %s", name, fs.FileMode(stat.Mode), stat.Linkname)
		if fs.FileMode(stat.Mode).IsRegular() {
			f, err := folder.Open(name)
			require.NoError(t, err)
			content, err := io.ReadAll(f)
			require.NoError(t, err)
			require.NoError(t, f.Close())
			require.EqualValues(t, len(content), stat.Size, name)
			line += fmt.Sprintf("%q", content)
		}
		lines = append(lines, line)
		return nil
	})
	require.NoError(t, err)
	return lines
}

// apply makes an edit on disk: what a Folder must look like.
func apply(t *testing.T, root string, e check.Patch) {
	t.Helper()
	at := root
	names := strings.Split(path.Clean(e.Path), "/")
	for _, name := range names[:len(names)-1] {
		at = filepath.Join(at, name)
		if info, err := os.Lstat(at); err == nil && !info.IsDir() {
			require.NoError(t, os.Remove(at))
		}
		if err := os.Mkdir(at, 0o755); err == nil {
			require.NoError(t, os.Chmod(at, 0o755))
		}
	}
	at = filepath.Join(at, names[len(names)-1])
	data, mode := e.Data, fs.FileMode(0o644)
	if info, err := os.Lstat(at); err == nil {
		if info.Mode().IsRegular() {
			mode = info.Mode()
			if e.Append {
				before, err := os.ReadFile(at)
				require.NoError(t, err)
				data = append(before, data...)
			}
		}
		require.NoError(t, os.RemoveAll(at))
	}
	require.NoError(t, os.WriteFile(at, data, mode))
	require.NoError(t, os.Chmod(at, mode))
}

// grow makes a random tree. Few names make many collisions.
func grow(t *testing.T, r *rand.Rand, dir, outside string, depth int) {
	t.Helper()
	for _, name := range []string{"a", "a.b", "a-b", "ab", ".venv", "Z"} {
		full := filepath.Join(dir, name)
		switch r.IntN(6) {
		case 0:
			if depth > 0 {
				require.NoError(t, os.Mkdir(full, 0o755))
				require.NoError(t, os.Chmod(full, []fs.FileMode{0o755, 0o700}[r.IntN(2)]))
				grow(t, r, full, outside, depth-1)
			}
		case 1, 2:
			require.NoError(t, os.WriteFile(full, fmt.Appendf(nil, "content %d", r.IntN(100)), 0o600))
			require.NoError(t, os.Chmod(full, []fs.FileMode{0o644, 0o755, 0o600}[r.IntN(3)]))
		case 3:
			require.NoError(t, os.Symlink([]string{"a", "ab", "nowhere", outside, ".."}[r.IntN(5)], full))
		}
	}
}

func TestOverlayIsTheFolderWithTheEditsMade(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes and links of another kind")
	}
	outside := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(outside, "a", "b"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(outside, "ab"), []byte("not yours"), 0o644))
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 1))
		root, copied := t.TempDir(), t.TempDir()
		grow(t, rand.New(rand.NewPCG(seed, 2)), root, outside, 3)
		grow(t, rand.New(rand.NewPCG(seed, 2)), copied, outside, 3)
		var edits []check.Patch
		for range r.IntN(6) {
			var names []string
			for range 1 + r.IntN(3) {
				names = append(names, []string{"a", "a.b", "a-b", "ab", ".venv", "Z", "new"}[r.IntN(7)])
			}
			e := check.Patch{Path: strings.Join(names, "/"), Data: fmt.Appendf(nil, "edit %d", r.IntN(1000)),
				Append: r.IntN(2) == 0}
			edits = append(edits, e)
			apply(t, copied, e)
		}
		laid, err := New(root, edits...)
		require.NoError(t, err)
		real, err := fsutil.NewFS(copied)
		require.NoError(t, err)
		if diff := cmp.Diff(listing(t, real, "/"), listing(t, laid, "/")); diff != "" {
			t.Fatalf("seed %d, edits %+v (-copy +folder):\n%s", seed, edits, diff)
		}
		for _, pattern := range []string{"a", "**/ab", "!a/ab"} { // as the ignore file and COPY are applied
			option := &fsutil.FilterOpt{ExcludePatterns: []string{"a", pattern}, FollowPaths: []string{"Z", "a*"}}
			wanted, err := fsutil.NewFilterFS(real, option)
			require.NoError(t, err)
			got, err := fsutil.NewFilterFS(laid, option)
			require.NoError(t, err)
			require.Equal(t, listing(t, wanted, "/"), listing(t, got, "/"), "seed %d, pattern %s", seed, pattern)
		}
		for _, target := range []string{"a", "nowhere", "Z"} {
			require.Equal(t, listing(t, real, target), listing(t, laid, target), "seed %d, below %s", seed, target)
		}
	}
}

func TestOverlayLeavesTheFolderAlone(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, ".git"), []byte("gitdir: ../x\n"), 0o644))
	require.NoError(t, os.Symlink(outside, filepath.Join(root, ".venv")))
	laid, err := New(root, check.Patch{Path: ".git/config", Data: []byte("planted")},
		check.Patch{Path: ".venv/pyvenv.cfg", Data: []byte("planted")})
	require.NoError(t, err)
	require.Equal(t, []string{
		".git drwxr-xr-x ", `.git/config -rw-r--r-- "planted"`, ".venv drwxr-xr-x ",
		`.venv/pyvenv.cfg -rw-r--r-- "planted"`,
	}, listing(t, laid, "/"))
	left, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Empty(t, left)
	text, err := os.ReadFile(filepath.Join(root, ".git"))
	require.NoError(t, err)
	require.Equal(t, "gitdir: ../x\n", string(text))
}

// TestOverlayLeavesOutNamesThatAreNoText: an archive made on Windows may hold them, and no build
// could be told of one.
func TestOverlayLeavesOutNamesThatAreNoText(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "l\x94"), 0o755))
	for _, name := range []string{"a", "L\x94sung.txt", "l\x94/b"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	o, err := New(dir)
	require.NoError(t, err)
	var seen []string
	require.NoError(t, o.Walk(t.Context(), "", func(name string, _ fs.DirEntry, err error) error {
		seen = append(seen, name)
		return err
	}))
	require.Equal(t, []string{"a"}, seen)
}

func TestOverlayRefusesPathsOutOfTheFolder(t *testing.T) {
	for _, name := range []string{"../x", "/etc/passwd", "a/../../x", ".", ""} {
		_, err := New(t.TempDir(), check.Patch{Path: name})
		require.EqualError(t, err, fmt.Sprintf("editing %q: the path leads out of the folder", name))
	}
}

func TestOverlayTellsAnEditFromWhatWasThere(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "main.py"), []byte("one"), 0o644))
	old := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(root, "main.py"), old, old))
	laid, err := New(root, check.Patch{Path: "main.py", Data: []byte("two")})
	require.NoError(t, err)
	stat, err := laid.lstat("main.py")
	require.NoError(t, err)
	require.Greater(t, stat.ModTime, old.UnixNano(),
		"the builder compares size and time: with both the same it would keep what it had")
}

// TestOverlayKnowsWhatCouldNotBeRead: BuildKit would take it for an empty file.
func TestOverlayKnowsWhatCouldNotBeRead(t *testing.T) {
	o, err := New(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, o.Err())
	_, err = o.Open("gone.py")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.EqualError(t, o.Err(), "reading the submission: openat gone.py: no such file or directory")
}

func TestOverlayEndsWithItsContext(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "a"), nil, 0o644))
	laid, err := New(root)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, laid.Walk(ctx, "/", func(string, fs.DirEntry, error) error { return nil }), context.Canceled)
}
