package grader

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

// counting is a check that counts how often it is asked.
type counting struct{ n *int }

func (c counting) ask(context.Context, check.Target, check.Input) (check.Outcome, error) {
	*c.n++
	return check.Pass("asked", "as wanted"), nil
}

// TestLoop: an edit of the rubric builds nothing, starts one container, and asks what changed, what
// needs it and what was blocked; an edit of the folder asks all.
func TestLoop(t *testing.T) {
	asked := map[string]*int{"a": new(int), "b": new(int), "c": new(int), "d": new(int)}
	kind := check.Kind{Name: "asks", Phase: check.Running, New: func() check.Check { return new(nothing) }}
	parsed := func(text string) *rubric.Rubric {
		r, err := rubric.Parse("r.yaml", []byte("rubric: loop\npoints: 4\nchecks:\n"+text), []check.Kind{kind})
		require.NoError(t, err)
		for i, c := range r.Checks {
			r.Checks[i].Asks = ask(counting{asked[c.ID]}.ask)
		}
		return r
	}
	const first = `- {id: a, points: 1, asks: {}}
- {id: b, points: 1, needs: [a], asks: {}}
- {id: c, points: 1, asks: {}}
- {id: d, points: 1, asks: {}}
`
	m, sub := works(), work(t)
	require.NoError(t, os.WriteFile(filepath.Join(sub.Dir, "Dockerfile"), []byte("FROM x\n"), 0o644))
	sub.Digest = "sha256:1"
	l := NewLoop(m)
	grade := func(text string) (score float64) {
		for _, n := range asked {
			*n = 0
		}
		rep := l.Grade(t.Context(), parsed(text), sub, Options{Seed: "ab"})
		require.NotNil(t, rep.Score)
		file, err := m.job.Source.FS().Open("Dockerfile") // which a check may read again later
		require.NoError(t, err)
		require.NoError(t, file.Close())
		return *rep.Score
	}
	counts := func() (out []int) {
		for _, id := range []string{"a", "b", "c", "d"} {
			out = append(out, *asked[id])
		}
		return out
	}
	assert.InDelta(t, 4, grade(first), 0)
	assert.Equal(t, []int{1, 1, 1, 1}, counts())
	assert.InDelta(t, 4, grade(first+"# a comment\n"), 0)
	assert.Equal(t, []int{0, 0, 0, 0}, counts())
	assert.InDelta(t, 4, grade(strings.Replace(first, "{id: a,", "{id: a, title: Another,", 1)), 0)
	assert.Equal(t, []int{1, 1, 0, 0}, counts(), "b needs a")
	assert.InDelta(t, 4, grade(first+"container: {port: 3000}\n"), 0)
	assert.Equal(t, []int{1, 1, 1, 1}, counts(), "another container")
	sub.Digest = "sha256:2"
	assert.InDelta(t, 4, grade(first+"container: {port: 3000}\n"), 0)
	assert.Equal(t, []int{1, 1, 1, 1}, counts(), "another folder")
	require.NoError(t, l.Close())

	builds, opened, closed := 0, 0, 0
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, call := range m.calls {
		switch call {
		case "build":
			builds++
		case "open":
			opened++
		case "close":
			closed++
		}
	}
	assert.Equal(t, []int{3, 3, 3}, []int{builds, opened, closed}, m.calls)
}

// nothing is a kind's options without any.
type nothing struct{}

func (*nothing) Ask(context.Context, check.Target, check.Input) (check.Outcome, error) {
	return check.Outcome{}, errors.New("not to be asked")
}

func (*nothing) UnmarshalOption(option.Value) option.Problems { return nil }
