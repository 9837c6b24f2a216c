package rubric

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check/kinds"
)

// TestChanged: an edit is of the checks that it is in, or of all.
func TestChanged(t *testing.T) {
	const text = `rubric: notes
title: Notes
points: 3
limits: {run: {start: 30s}}
checks:

# the build
- {id: builds, points: 1, build: {}}
- id: list
  points: 1
  http:
  - {send: GET /notes}
- id: one
  points: 1
  http: [{send: GET /notes/1}]
container: {port: 3000}
`
	parsed := func(text string) *Rubric {
		r, err := Parse("r.yaml", []byte(text), kinds.All())
		require.NoError(t, err)
		return r
	}
	all := []string{"builds", "list", "one"}
	for _, c := range []struct {
		old, new string
		want     []string
	}{
		{"title: Notes", "title: All Notes # of mine", nil},
		{"# the build", "", nil},
		{"GET /notes}", "GET /notes, want: 200}", []string{"list"}},
		{"GET /notes}", "GET /notes} # all", []string{"list"}},
		{"GET /notes}", "GET /notes}\n  - {send: GET /x}", []string{"list"}},
		{"id: list", "id: lists", []string{"lists"}},
		{"GET /notes/1", "GET /notes/2", []string{"one"}},
		{"30s", "40s", all},
		{"3000", "8000", all},
	} {
		edited := strings.Replace(text, c.old, c.new, 1)
		require.NotEqual(t, text, edited)
		assert.Equal(t, c.want, parsed(edited).Changed(parsed(text)), c.new)
	}
}
