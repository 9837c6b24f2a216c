// Package packaging holds what taskgrader is handed out as; its tests try it.
package packaging

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/result"
)

const image = "taskgrader-test:packaging"

const rubric = `rubric: tiny
title: A Tiny Service
points: 10
limits: {run: {start: 5s}}
checks:
- {id: starts, points: 5, start: {get: /health}}
- {id: echo, points: 5, http: [{send: GET /echo/word, json: {word: word}}]}
`

// The image grades with the socket of the engine beside which it runs; where it cannot reach what
// the engine runs, it says so, and no student loses a point.
func TestImage(t *testing.T) {
	docker(t, "version")
	// Its real base cannot always be had; any base will do for a static binary.
	out, err := exec.Command("../scripts/image", image, "python:3.12-slim").CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Cleanup(func() { docker(t, "rmi", image) })
	work := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(work, "right"), os.DirFS("../cmd/taskgrader/testdata/tiny/right")))
	require.NoError(t, os.WriteFile(filepath.Join(work, "tiny.yaml"), []byte(rubric), 0o644))
	grade := []string{image, "grade", "right", "--rubric", "tiny.yaml", "--quiet"}
	run := []string{"run", "--rm", "-v", "/var/run/docker.sock:/var/run/docker.sock", "-v", work + ":/work"}

	docker(t, append(append(run, "--network", "host", "--pid", "host", "-v", "/sys/fs/cgroup:/sys/fs/cgroup:ro"),
		grade...)...)
	rep := report(t, work)
	require.NotNil(t, rep.Score)
	assert.Equal(t, 10.0, *rep.Score)
	assert.Equal(t, "isolated", rep.Sandbox.Network)

	said, err := exec.Command("docker", append(run, grade...)...).CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 3, exit.ExitCode(), "%s", said)
	rep = report(t, work)
	assert.Equal(t, result.Error, rep.Status)
	require.NotNil(t, rep.Problem)
	assert.Contains(t, rep.Problem.Hint, "--network host")
}

func docker(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.Command("docker", args...).CombinedOutput()
	require.NoError(t, err, "docker %s: %s\nthese tests need Docker: https://docs.docker.com/get-docker/",
		strings.Join(args, " "), out)
}

func report(t *testing.T, work string) (rep result.Report) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(work, "reports", "instructor", "right.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &rep))
	return rep
}
