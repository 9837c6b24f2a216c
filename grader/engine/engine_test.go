package engine

import (
	"archive/tar"
	"context"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/engine/dockerhost"
	"github.com/taskgrader/taskgrader/grader/option"
)

// tested is the one engine of this process: what a process makes is named after it.
var tested *Engine

func TestMain(m *testing.M) {
	if victim := os.Getenv(victimVariable); victim != "" {
		beVictim(victim)
		return
	}
	var err error
	if tested, err = Connect(context.Background()); err != nil {
		fmt.Fprintf(os.Stderr, "these tests need Docker: %v\nhint: %s\n", err, err.(*dockerhost.Unavailable).Fix)
		os.Exit(1)
	}
	code := m.Run()
	if err := tested.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "closing the engine:", err)
		code = 1
	}
	os.Exit(code)
}

//go:embed testdata/hostile.py
var hostile string

// hostileFile runs the program that does what it is asked to.
const hostileFile = "FROM python:3.12-slim\nCOPY main.py /main.py\nEXPOSE 8000\nCMD [\"python3\", \"/main.py\"]\n"

// tight returns limits that a test reaches soon.
func tight() check.Limits {
	limits := check.DefaultLimits()
	limits.Run.Memory, limits.Run.PIDs, limits.Run.Disk = 128_000_000, 64, 60_000_000
	limits.Run.Start, limits.HTTP.Timeout = option.Duration(30*time.Second), option.Duration(20*time.Second)
	return limits
}

// folder returns a submission on disk.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(text), 0o644))
	}
	return dir
}

// jobOf returns the folder as a job; the test may change it before it opens a session.
func jobOf(t *testing.T, dir string) check.Job {
	t.Helper()
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, root.Close()) })
	return check.Job{ID: strings.ReplaceAll(t.Name(), "/", "-"), Dir: dir, Source: check.NewSource(root.FS()),
		Limits: tight(), Port: 8000}
}

func open(t *testing.T, job check.Job) *Session {
	t.Helper()
	s, err := tested.Open(t.Context(), job)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// built builds what must build.
func built(t *testing.T, s *Session) check.Built {
	t.Helper()
	b, err := s.Build(t.Context())
	require.NoError(t, err)
	require.Nil(t, b.Failure)
	return b
}

// started builds and starts what must answer.
func started(t *testing.T, s *Session) check.Started {
	t.Helper()
	built(t, s)
	up, err := s.Start(t.Context(), func() {})
	require.NoError(t, err)
	require.True(t, up.Answered, "%+v", up)
	return up
}

// running returns the hostile program, up, with changed limits and added files.
func running(t *testing.T, change func(*check.Job), more map[string]string) *Session {
	t.Helper()
	files := map[string]string{"Dockerfile": hostileFile, "main.py": hostile}
	maps.Copy(files, more)
	job := jobOf(t, folder(t, files))
	if change != nil {
		change(&job)
	}
	s := open(t, job)
	started(t, s)
	return s
}

// get asks the program for something.
func get(t *testing.T, c interface {
	Do(context.Context, check.Request) (check.Answer, error)
}, path string) check.Answer {
	t.Helper()
	a, err := c.Do(t.Context(), check.Request{Method: "GET", Path: path})
	require.NoError(t, err)
	return a
}

// says returns the text of an answer that must come.
func says(t *testing.T, s *Session, path string) string {
	t.Helper()
	a := get(t, s, path)
	require.Equal(t, 200, a.Status, "%s: %s", path, a.Fault)
	return string(a.Body)
}

// tarOf writes files into an archive, sorted by name.
func tarOf(t *testing.T, w io.Writer, files map[string]string) error {
	t.Helper()
	archive := tar.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(files[name])),
			Typeflag: tar.TypeReg, Mode: 0o644}))
		_, err := archive.Write([]byte(files[name]))
		require.NoError(t, err)
	}
	return archive.Close()
}
