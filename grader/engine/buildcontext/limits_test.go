package buildcontext

import (
	"io"
	"io/fs"
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

func TestLimit(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit check.BuildLimits
		opens []string
		want  string // of the failure
	}{
		{"within", check.BuildLimits{Context: 30, Files: 3}, []string{"a", "b", "c/d"}, ""},
		{"too many bytes", check.BuildLimits{Context: 29, Files: 3}, []string{"a", "b", "c/d"},
			`the Dockerfile copies more than 29B or 3 files; the largest is "a"`},
		{"too many files", check.BuildLimits{Context: 1000, Files: 2}, []string{"a", "b", "c/d"},
			`the Dockerfile copies more than 1KB or 2 files; the largest is "a"`},
		{"what is not sent costs nothing", check.BuildLimits{Context: 10, Files: 1}, []string{"a"}, ""},
	} {
		folder, err := New("", files("a", "b", "c/d")...)
		require.NoError(t, err)
		stopped := 0
		m := Limit(folder, c.limit, func() { stopped++ })
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
			assert.Nil(t, m.Failure(), c.name)
			assert.Zero(t, stopped, c.name)
			continue
		}
		require.NotNil(t, m.Failure(), c.name)
		assert.Equal(t, &check.BuildFailure{Reason: check.TooLarge, Subject: "a", Message: c.want}, m.Failure(), c.name)
		assert.Equal(t, 1, stopped, c.name)
	}
}

func TestEmpty(t *testing.T) {
	folder, err := New("", files("a", "c/d")...)
	require.NoError(t, err)
	var walked []string
	require.NoError(t, Empty(folder).Walk(t.Context(), "/", func(name string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		assert.Zero(t, info.Size(), name)
		walked = append(walked, name)
		return nil
	}))
	assert.Equal(t, []string{"a", "c", "c/d"}, walked)
	f, err := Empty(folder).Open("a")
	require.NoError(t, err)
	content, err := io.ReadAll(f)
	require.NoError(t, err)
	assert.Empty(t, content)
}
