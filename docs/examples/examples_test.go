package examples

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/rubrics"
)

// longest are the lines that a rubric may have: these are quoted for their brevity.
var longest = map[string]int{"login": 45, "todo-backend": 40}

// TestExamples: each has a rubric without mistakes and warnings, a sample that is right, and at
// least four that are not, of which each fails one check or more; no folder is forgotten.
func TestExamples(t *testing.T) {
	require.GreaterOrEqual(t, len(Names()), 8)
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(name, name+".yaml"))
			require.NoError(t, err)
			r, err := rubric.Parse(name+".yaml", text, kinds.All())
			require.NoError(t, err)
			assert.Empty(t, r.Warnings)
			assert.Equal(t, name, r.ID)
			if most, ok := longest[name]; ok {
				assert.LessOrEqual(t, strings.Count(string(text), "\n"), most)
			}
			expected, err := rubric.LoadExpected(filepath.Join(name, "expected.yaml"))
			require.NoError(t, err)
			assert.Equal(t, "./"+name+".yaml", expected.Rubric)
			assert.Empty(t, expected.Check(r, os.DirFS(name)))
			assert.Empty(t, expected.Unnamed(os.DirFS(name)))
			broken := 0
			for _, s := range expected.Submissions {
				if len(s.Fails) > 0 {
					broken++
					assert.NotEmpty(t, s.Why, s.ID)
				}
			}
			assert.GreaterOrEqual(t, broken, 4)
			assert.Less(t, broken, len(expected.Submissions))
		})
	}
}

// TestRubric: under another name it is a rubric, and its schema lies beside it.
func TestRubric(t *testing.T) {
	for _, name := range Names() {
		text, err := Rubric(name, "shop")
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(text), "# yaml-language-server: $schema=./rubric.schema.json\n"), name)
		r, err := rubric.Parse("shop.yaml", text, kinds.All())
		require.NoError(t, err)
		assert.Equal(t, "shop", r.ID)
	}
	_, err := Rubric("nothing", "shop")
	assert.EqualError(t, err, `reading the example "nothing": open nothing/nothing.yaml: file does not exist`)
}

// TestWrite: what is written can be tested where it is, and nothing is written over.
func TestWrite(t *testing.T) {
	for _, name := range Names() {
		folder := filepath.Join(t.TempDir(), "shop")
		require.NoError(t, Write(folder, name, "shop"))
		expected, err := rubric.LoadExpected(filepath.Join(folder, "expected.yaml"))
		require.NoError(t, err)
		r, err := rubric.Load(filepath.Join(folder, expected.Rubric), rubrics.FS, kinds.All())
		require.NoError(t, err)
		assert.Empty(t, expected.Check(r, os.DirFS(folder)))
		assert.Empty(t, expected.Unnamed(os.DirFS(folder)))
		text, err := os.ReadFile(filepath.Join(folder, "expected.yaml"))
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(text),
			"# What shop.yaml says of the folders here: taskgrader rubric test expected.yaml\n"))
		assert.False(t, slices.ContainsFunc([]string{name + ".yaml", "docs/"},
			func(s string) bool { return strings.Contains(string(text), s) }), string(text))
		assert.ErrorIs(t, Write(folder, name, "shop"), os.ErrExist)
	}
}
