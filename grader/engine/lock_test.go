package engine

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLock: what a name meant on one engine it means on another, which has another image of that
// name, or none.
func TestLock(t *testing.T) {
	t.Parallel()
	id := strings.ToLower(unique())
	name := "taskgrader-test-lock-" + id + ":1"
	marked(t, name, "one-"+id)
	here := another(t, nil)
	here.Resolve(t.Context(), []string{name, "taskgrader-test-nobody-has:1"})
	bases := here.Bases()
	require.Len(t, bases, 1, "what nobody has is left out")
	want := bases[name]
	assert.Len(t, want.Content, 64)
	var saved bytes.Buffer
	require.NoError(t, here.Save(t.Context(), name, &saved))
	require.ErrorContains(t, here.Save(t.Context(), "x:1", io.Discard), `saving base image "x:1": it was not resolved`)

	image, err := tested.api.ImageInspect(t.Context(), name)
	require.NoError(t, err)
	_, err = tested.api.ImageRemove(t.Context(), image.ID, client.ImageRemoveOptions{Force: true})
	require.NoError(t, err)
	there := another(t, nil)
	require.ErrorContains(t, there.Lock(t.Context(), name, want, nil), `getting base image "`+name+`": `)
	fetch := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(saved.Bytes())), nil }
	wrong := want
	wrong.Content = strings.Repeat("0", 64)
	require.ErrorIs(t, there.Lock(t.Context(), name, wrong, fetch), errAnother)
	require.NoError(t, there.Lock(t.Context(), name, want, fetch))
	t.Cleanup(func() { require.NoError(t, tested.untag(context.Background(), name)) })
	assert.Equal(t, bases, there.Bases())
	require.NoError(t, another(t, nil).Lock(t.Context(), name, want, nil), "it is here now")

	marked(t, name, "two-"+id) // somebody moves the name
	s := openOn(t, there, jobOf(t, folder(t, map[string]string{"Dockerfile": "FROM " + name + "\n"})))
	assert.Contains(t, built(t, s).Image.Config.Env, "MARK=one-"+id)
}
