package engine

import (
	_ "embed"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	kind "github.com/taskgrader/taskgrader/grader/check/kinds/http"
)

//go:embed testdata/workers.py
var workers string

var (
	// stored is a request for what was stored, whatever its id.
	stored = regexp.MustCompile(`GET /tasks/\d+`)
	// differs is what differed, which may be seen in either of two answers.
	differs = regexp.MustCompile(`hint: GET /tasks[^.]*\.`)
)

// TestWorkers: what several processes share is found out alike in each of many runs, however
// connections fall.
func TestWorkers(t *testing.T) {
	const entry = "fresh: [a]\nhttp:\n- {send: POST /tasks, body: {title: $a}, save: {x: id}}\n- {send: GET " +
		"/tasks/$x, json: {title: $a}}"
	const apart = "0 POST /tasks: want what is created in every answer that follows, whichever process gives it; " +
		"got 2 processes serve port 8000, and each has a memory of its own; hint: … Start one process, or " +
		"store where all of them look: in a file or a database." +
		"\n- GET /tasks/1: not judged: what it answers is chance"
	const together = "ok POST /tasks\nok GET /tasks/1"
	for _, c := range []struct {
		how, want string
		runs      int
	}{
		{"apart", apart, 6}, {"kept", apart, 6}, {"late", apart, 1}, {"grown", apart, 2}, {"file", together, 2},
		{"helpers", together, 1},
	} {
		t.Run(c.how, func(t *testing.T) {
			t.Parallel()
			job := jobOf(t, folder(t, map[string]string{"main.py": workers,
				"Dockerfile": "FROM python:3.12-slim\nCOPY main.py /main.py\nCMD [\"python3\", \"/main.py\", \"" +
					c.how + "\"]\n"}))
			for range c.runs {
				s, err := tested.Open(t.Context(), job)
				require.NoError(t, err)
				started(t, s)
				target := struct {
					check.Source
					*Session
				}{job.Source, s}
				o, err := checktest.Entry(t, kind.Kind(), entry).Asks.Ask(t.Context(), target,
					check.Input{Fresh: map[string]any{"a": "violet"}, Line: strconv.Itoa, Memory: &check.Memory{}})
				require.NoError(t, err)
				assert.Equal(t, c.want, stored.ReplaceAllString(
					differs.ReplaceAllString(checktest.Say(o), "hint: …"), "GET /tasks/1"))
				require.NoError(t, s.Close())
			}
		})
	}
}
