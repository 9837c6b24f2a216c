package engine

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
)

func files(names ...string) (edits []check.Patch) {
	for _, name := range names {
		edits = append(edits, check.Patch{Path: name, Data: []byte("ten bytes\n")})
	}
	return edits
}

func TestMetered(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit check.BuildLimits
		opens []string
		want  string // of the failure
	}{
		{"within", check.BuildLimits{Context: 30, Files: 3}, []string{"a", "b", "c/d"}, ""},
		{"too many bytes", check.BuildLimits{Context: 29, Files: 3}, []string{"a", "b", "c/d"}, `the Dockerfile copies more than 29B or 3 files; the largest is "a"`},
		{"too many files", check.BuildLimits{Context: 1000, Files: 2}, []string{"a", "b", "c/d"}, `the Dockerfile copies more than 1KB or 2 files; the largest is "a"`},
		{"what is not sent costs nothing", check.BuildLimits{Context: 10, Files: 1}, []string{"a"}, ""},
	} {
		folder, err := newOverlay("", files("a", "b", "c/d")...)
		require.NoError(t, err)
		stopped := 0
		m := &metered{FS: folder, limits: c.limit, stop: func() { stopped++ }}
		for _, name := range c.opens {
			f, err := m.Open(name)
			if err == nil {
				_, err = io.ReadAll(f)
			}
			if err != nil {
				assert.ErrorIs(t, err, errTooMuch, c.name)
			}
		}
		if c.want == "" {
			assert.Nil(t, m.failure(), c.name)
			assert.Zero(t, stopped, c.name)
			continue
		}
		require.NotNil(t, m.failure(), c.name)
		assert.Equal(t, &check.BuildFailure{Reason: check.TooLarge, Subject: "a", Message: c.want}, m.failure(), c.name)
		assert.Equal(t, 1, stopped, c.name)
	}
}

func TestHollow(t *testing.T) {
	folder, err := newOverlay("", files("a", "c/d")...)
	require.NoError(t, err)
	var walked []string
	require.NoError(t, hollow{folder}.Walk(t.Context(), "/", func(name string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		assert.Zero(t, info.Size(), name)
		walked = append(walked, name)
		return nil
	}))
	assert.Equal(t, []string{"a", "c", "c/d"}, walked)
	f, err := hollow{folder}.Open("a")
	require.NoError(t, err)
	content, err := io.ReadAll(f)
	require.NoError(t, err)
	assert.Empty(t, content)
}

// The ignore file is obeyed, so it alone arrives whole.
func TestContextObeysTheIgnoreFile(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".dockerignore"), []byte("*.log\n.git\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("a"), 0o644))
	job := jobOf(t, dir)
	job.Setup.Plant = []string{"a.log", "b.txt", ".git/config"}
	s := open(t, job) // of the one engine: another's Close would remove all that this process made
	arrived, err := s.Context(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{".dockerignore", "a.txt", "b.txt"}, arrived)
}
