package baseimage

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClassify(t *testing.T) {
	for ref, want := range map[string]family{
		"python": python, "python:latest": python, "python:slim": python, "python:3": python, "python:3.12": python,
		"python:3.12-slim":            python,
		"python:3.12.4-slim-bookworm": python, "python:3.13-trixie": python, "docker.io/library/python:3.12": python,
		"docker.io/python":   python,
		"python:3.12-alpine": none, "python:2.7": none, "python:": none, "python:3.12-slim@sha256:1234": none,
		"mypython:3.12": none, "me/python:3.12": none,
		"localhost:5000/python:3.12": none, "node:20": none, "debian:bookworm-slim": none, "": none,
		"ghcr.io/astral-sh/uv": uv, "ghcr.io/astral-sh/uv:latest": uv, "ghcr.io/astral-sh/uv:0.5": uv,
		"ghcr.io/astral-sh/uv:0.5.11": uv, "astral-sh/uv:latest": none,
		"ghcr.io/astral-sh/uv:python3.12-bookworm-slim": uvPython, "ghcr.io/astral-sh/uv:python3.12-alpine": none,
		"ghcr.io/astral-sh/uv:debian": none,
	} {
		assert.Equal(t, want, classify(ref), ref)
	}
}

// shelf is an engine's images in memory.
type shelf struct {
	labels map[string]map[string]string
	pull   error // of every pull
	did    []string
	files  map[string][]string // of what was imported
}

func (s *shelf) Lookup(_ context.Context, ref string) (map[string]string, bool, error) {
	labels, ok := s.labels[ref]
	return labels, ok, nil
}

func (s *shelf) Pull(_ context.Context, ref string, progress func(string)) error {
	s.did = append(s.did, "pull "+ref)
	progress("layer by layer")
	if s.pull == nil {
		s.labels[ref] = map[string]string{}
	}
	return s.pull
}

func (s *shelf) Import(_ context.Context, ref string, root io.Reader, c Config) error {
	s.did = append(s.did, "import "+ref)
	s.labels[ref] = c.Labels
	r := tar.NewReader(root)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if slices.Contains(s.files[ref], h.Name) {
			return fmt.Errorf("%q comes twice", h.Name) // as the engine refuses it
		}
		s.files[ref] = append(s.files[ref], h.Name)
	}
}

func (s *shelf) Tag(_ context.Context, from, to string) error {
	s.did = append(s.did, "tag "+from+" "+to)
	s.labels[to] = s.labels[from]
	return nil
}

// cache returns a folder in which a Python stand-in lies already, a small one.
func cache(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "./usr/bin/python3", Mode: 0o755}))
	require.NoError(t, w.Close())
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "python-"+recipe+".tar"), b.Bytes(), 0o644))
	return dir
}

func TestPrepare(t *testing.T) {
	standIn := map[string]string{Label: "a stand-in", recipeLabel: recipe}
	unreachable := fmt.Errorf("pulling: %w", ErrUnreachable)
	refs := []string{"python:3.12-slim", "ghcr.io/astral-sh/uv:latest", "python:3.12-slim", "scratch",
		"python:3.11-slim", "node:20"}
	for _, c := range []struct {
		name    string
		offline bool
		pull    error
		there   map[string]map[string]string
		did     []string
		want    []string
	}{
		{"a registry answers", false, nil, nil,
			[]string{"pull python:3.12-slim", "pull ghcr.io/astral-sh/uv:latest", "pull python:3.11-slim",
				"pull node:20"},
			[]string{"pulled python:3.12-slim", "pulled ghcr.io/astral-sh/uv:latest", "pulled python:3.11-slim",
				"pulled node:20"}},
		{"none answers: it is asked once", false, unreachable, nil,
			[]string{"pull python:3.12-slim", "import python:3.12-slim", "import ghcr.io/astral-sh/uv:latest",
				"tag python:3.12-slim python:3.11-slim"},
			[]string{"made python:3.12-slim", "made ghcr.io/astral-sh/uv:latest", "made python:3.11-slim",
				"missing node:20"}},
		{"asked of none", true, nil, nil,
			[]string{"import python:3.12-slim", "import ghcr.io/astral-sh/uv:latest",
				"tag python:3.12-slim python:3.11-slim"},
			[]string{"made python:3.12-slim", "made ghcr.io/astral-sh/uv:latest", "made python:3.11-slim",
				"missing node:20"}},
		{"no such image", false, ErrNotFound, nil,
			[]string{"pull python:3.12-slim", "pull ghcr.io/astral-sh/uv:latest", "pull python:3.11-slim",
				"pull node:20"},
			[]string{"missing python:3.12-slim", "missing ghcr.io/astral-sh/uv:latest", "missing python:3.11-slim",
				"missing node:20"}},
		{"real images stay what they are", true, nil, map[string]map[string]string{"python:3.12-slim": nil,
			"ghcr.io/astral-sh/uv:latest": {}, "python:3.11-slim": nil, "node:20": nil}, nil,
			[]string{"present python:3.12-slim", "present ghcr.io/astral-sh/uv:latest", "present python:3.11-slim",
				"present node:20"}},
		{"a real image does not stand in for another", true, nil, map[string]map[string]string{"python:3.12-slim": nil},
			[]string{"import ghcr.io/astral-sh/uv:latest", "import python:3.11-slim"},
			[]string{"present python:3.12-slim", "made ghcr.io/astral-sh/uv:latest", "made python:3.11-slim",
				"missing node:20"}},
		{"stand-ins stay", true, nil, map[string]map[string]string{"python:3.12-slim": standIn,
			"ghcr.io/astral-sh/uv:latest": standIn},
			[]string{"tag python:3.12-slim python:3.11-slim"},
			[]string{"present python:3.12-slim", "present ghcr.io/astral-sh/uv:latest", "made python:3.11-slim",
				"missing node:20"}},
		{"old stand-ins are made again", true, nil,
			map[string]map[string]string{"python:3.12-slim": {Label: "a stand-in", recipeLabel: "old"},
				"ghcr.io/astral-sh/uv:latest": standIn},
			[]string{"import python:3.12-slim", "tag python:3.12-slim python:3.11-slim"},
			[]string{"made python:3.12-slim", "present ghcr.io/astral-sh/uv:latest", "made python:3.11-slim",
				"missing node:20"}},
	} {
		s := &shelf{labels: map[string]map[string]string{}, pull: c.pull, files: map[string][]string{}}
		for ref, labels := range c.there {
			s.labels[ref] = labels
		}
		results, err := Prepare(t.Context(), s, refs, Options{Offline: c.offline, Cache: cache(t)})
		require.NoError(t, err, c.name)
		var got []string
		for _, r := range results {
			got = append(got, string(r.Action)+" "+r.Ref)
			assert.Equal(t, IsStandIn(s.labels[r.Ref]), r.StandIn, "%s: %s", c.name, r.Ref)
		}
		assert.Equal(t, c.want, got, c.name)
		assert.Equal(t, c.did, s.did, c.name)
	}
}

func TestPrepareUVWithPython(t *testing.T) {
	s := &shelf{labels: map[string]map[string]string{}, files: map[string][]string{}}
	const ref = "ghcr.io/astral-sh/uv:python3.12-bookworm-slim"
	_, err := Prepare(t.Context(), s, []string{ref}, Options{Offline: true, Cache: cache(t)})
	require.NoError(t, err)
	assert.Equal(t, []string{"./usr/bin/python3", "usr/local/bin/uv", "usr/local/bin/uvx"}, s.files[ref])
}

func TestPreparePullFails(t *testing.T) {
	s := &shelf{labels: map[string]map[string]string{}, pull: errors.New("disk full")}
	_, err := Prepare(t.Context(), s, []string{"python"}, Options{})
	assert.EqualError(t, err, `pulling "python": disk full`)
}
