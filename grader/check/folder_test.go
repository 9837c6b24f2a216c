package check_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
)

// TestFolderIsBounded: no file of a submission is read that is longer than any that says something,
// and none that would never end.
func TestFolderIsBounded(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "long.json"), nil, 0o644))
	require.NoError(t, os.Truncate(filepath.Join(dir, "long.json"), 8<<20+1))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe.py"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.py"), []byte("x"), 0o644))
	folder := check.NewSource(os.DirFS(dir)).FS()
	_, err := fs.ReadFile(folder, "long.json")
	require.EqualError(t, err, `reading "long.json": it has more than 8388608 bytes`)
	_, err = fs.ReadFile(folder, "pipe.py")
	require.EqualError(t, err, `reading "pipe.py": it is no plain file`)
	_, err = folder.Open("pipe.py")
	require.EqualError(t, err, `opening "pipe.py": it is no plain file`)
	text, err := fs.ReadFile(folder, "main.py")
	require.NoError(t, err)
	assert.Equal(t, "x", string(text))
}
