package engine

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"

	"github.com/taskgrader/taskgrader/grader/check"
)

// another returns the engine of these tests with a memory of its own for base images.
func another(t *testing.T, kept map[string]string) *Engine {
	t.Helper()
	provider, err := testcontainers.NewDockerProvider()
	require.NoError(t, err)
	e := &Engine{api: tested.api, provider: provider, builder: tested.builder, owner: tested.owner, arch: tested.arch,
		watch: tested.watch, networks: tested.networks, open: map[*Session]bool{}}
	provider.SetClient(docker{tested.api, e.builder})
	e.next = tested.number() * 1_000_000 // names are those of one process
	e.Pin(kept)
	return e
}

// marked makes an image with a mark, and gives it a name.
func marked(t *testing.T, name, mark string) {
	t.Helper()
	s := open(t, jobOf(t, folder(t, map[string]string{"mark": mark,
		"Dockerfile": "FROM scratch\nCOPY mark /mark\nENV MARK=" + mark + "\n"})))
	image := built(t, s).Image
	_, err := tested.api.ImageTag(t.Context(), client.ImageTagOptions{Source: image.ID, Target: name})
	require.NoError(t, err)
}

// TestATagThatMoves: a class is graded on one image of a name, from its first submission to its
// last and in a later run, whatever becomes of the name meanwhile; and what is built is to the byte
// what docker build makes.
func TestATagThatMoves(t *testing.T) {
	t.Parallel()
	id := strings.ToLower(unique())
	name := "taskgrader-test-moves-" + id + ":1"
	one, two := "one-"+id, "two-"+id
	t.Cleanup(func() { require.NoError(t, tested.untag(context.Background(), name)) })
	const submission = "ARG TAG=1\nFROM NAME:$TAG AS base\nCOPY a /a\nFROM scratch\nCOPY --from=NAME:1 /mark " +
		"/copied\nCOPY --from=base /mark /\n"
	dir := folder(t, map[string]string{"a": id, "Dockerfile": strings.ReplaceAll(submission, "NAME",
		strings.TrimSuffix(name, ":1"))})
	last := folder(t, map[string]string{"a": id, "Dockerfile": "FROM " + name + "\nCOPY a /a\n"})
	build := func(e *Engine) (check.Built, string) {
		t.Helper()
		stages, err := openOn(t, e, jobOf(t, dir)).Build(t.Context())
		require.NoError(t, err)
		require.Nil(t, stages.Failure)
		require.Contains(t, stages.Steps[len(stages.Steps)-2].Name, "COPY --from="+name+" /mark /copied")
		b, err := openOn(t, e, jobOf(t, last)).Build(t.Context())
		require.NoError(t, err)
		require.Nil(t, b.Failure)
		require.Equal(t, name, b.Image.Base)
		require.Len(t, b.Image.Layers, 2)
		require.Equal(t, []bool{true, false}, []bool{b.Image.Layers[0].Base, b.Image.Layers[1].Base})
		b.Took = 0
		return b, strings.Join(b.Image.Config.Env, " ") + " " + stages.Image.ID
	}
	marked(t, name, one)
	plain, asDockerBuilds := build(tested)
	require.Contains(t, asDockerBuilds, "MARK="+one)

	class := another(t, nil)
	first, what := build(class)
	require.Equal(t, asDockerBuilds, what)
	require.Equal(t, plain.Image.ID, first.Image.ID)
	require.Equal(t, []string{name}, slices.Collect(maps.Keys(class.Pinned())))

	marked(t, name, two)
	_, moved := build(tested)
	require.Contains(t, moved, "MARK="+two, "the name has moved")
	_, after := build(class)
	require.Equal(t, what, after)
	_, resumed := build(another(t, class.Pinned()))
	require.Equal(t, what, resumed)
	_, fresh := build(another(t, nil))
	require.Equal(t, moved, fresh)
	_, gone := build(another(t, map[string]string{name: "sha256:" + strings.Repeat("0", 64)}))
	require.Equal(t, moved, gone, "what is kept of an earlier run is no more")
}

// TestWhatIsNotPinned: what is not here is asked of the registry by the build itself, which then
// says why it is not to be had.
func TestWhatIsNotPinned(t *testing.T) {
	t.Parallel()
	e := another(t, nil)
	b, err := openOn(t, e, jobOf(t, folder(t,
		map[string]string{"Dockerfile": "FROM scratch\nCOPY --from=127.0.0.1:1/none:1 /x /x\n"}))).Build(t.Context())
	require.NoError(t, err)
	require.Equal(t, `there is no registry at "127.0.0.1"`, b.Failure.Message)
	require.Empty(t, e.Pinned())
	require.Equal(t, "scratch", e.pinned(t.Context(), "scratch"))
}

func TestNamesOfRepositories(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		repository, ref string
		want            bool
	}{
		{"python", "python:3.12-slim", true},
		{"python", "docker.io/library/python", true},
		{"ghcr.io/astral-sh/uv", "ghcr.io/astral-sh/uv:latest", true},
		{"127.0.0.1:5000/base", "127.0.0.1:5000/base:1", true},
		{"127.0.0.1:5000/base", "127.0.0.1:5000/base", true},
		{"python", "python@sha256:abc", true},
		{"mirror/python", "python:3.12-slim", false},
	} {
		require.Equal(t, c.want, sameRepository(c.repository, c.ref), c.ref)
	}
}

// TestFirstOwn: a layer has its own line where the base is gone, too.
func TestFirstOwn(t *testing.T) {
	require.Equal(t, []int{4, 1, 0, 0},
		[]int{firstOwn(4, 7, 2), firstOwn(0, 4, 3), firstOwn(0, 3, 3), firstOwn(0, 2, 3)})
}
