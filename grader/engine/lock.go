package engine

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

// Base is which image the name of a base image stands for.
type Base struct {
	Digest  string // the registry's, or the image's id where it came by no registry
	Content string // digest of its layers and its configuration: equal in every engine and every store
}

// contentOf returns what is equal where two images are, whatever their engines call them: an id is
// that of the configuration in one store, and that of the manifest in another.
func contentOf(image client.ImageInspectResult) (string, error) {
	text, err := json.Marshal([]any{image.Os, image.Architecture, image.Variant, image.RootFS.Layers, image.Config})
	if err != nil {
		return "", fmt.Errorf("describing an image: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Resolve resolves names that [Engine.Pin] would only when they are built on. What cannot be had is
// left out: the build itself says why.
func (e *Engine) Resolve(ctx context.Context, refs []string) {
	for _, ref := range refs {
		e.pinned(ctx, ref)
	}
}

// Bases returns what was resolved since [Engine.Pin], by the names in Dockerfiles.
func (e *Engine) Bases() map[string]Base {
	e.bases.mu.Lock()
	defer e.bases.mu.Unlock()
	out := map[string]Base{}
	for ref, b := range e.bases.known {
		out[ref] = b.Base
	}
	return out
}

// pullTime is what a registry may take to give an image, before it is looked for elsewhere.
const pullTime = 5 * time.Minute

var errAnother = errors.New("what is had is another image")

// Lock has a name stand for one image alone: the one that is here, what the registry has by its
// digest, or what fetch brings, which [Engine.Save] wrote elsewhere; fetch may be nil. The error is
// that none of them is that image.
func (e *Engine) Lock(ctx context.Context, ref string, want Base, fetch func() (io.ReadCloser, error)) error {
	e.bases.asking.Lock()
	defer e.bases.asking.Unlock()
	found, err := e.find(ctx, ref, want, fetch)
	if err != nil {
		return fmt.Errorf("getting base image %q: %w", ref, err)
	}
	b, err := e.name(ctx, ref, found)
	if err != nil {
		return err
	}
	b.Digest = want.Digest
	if _, err := e.api.ImageInspect(ctx, ref); isNotFound(err) && !strings.Contains(ref, "@") {
		// it is found here the next time, and outlives this process
		if err := e.Store().Tag(ctx, found.ID, ref); err != nil {
			return fmt.Errorf("naming image %q: %w", ref, err)
		}
	}
	e.bases.mu.Lock()
	defer e.bases.mu.Unlock()
	e.bases.known[ref] = b
	return nil
}

// find returns the image that is wanted.
func (e *Engine) find(ctx context.Context, ref string, want Base,
	fetch func() (io.ReadCloser, error)) (found client.ImageInspectResult, err error) {
	right := func(name string) bool {
		found, err = e.api.ImageInspect(ctx, name)
		if err != nil {
			return false
		}
		content, failed := contentOf(found)
		return failed == nil && content == want.Content
	}
	distant := repositoryOf(strings.Split(ref, "@")[0]) + "@" + want.Digest
	for _, name := range []string{ref, want.Digest, distant} {
		if right(name) {
			return found, nil
		}
	}
	pulling, cancel := context.WithTimeout(ctx, pullTime)
	defer cancel()
	pulled := e.Store().Pull(pulling, distant, func(string) {})
	if pulled == nil && right(distant) {
		return found, nil
	}
	if pulled == nil {
		pulled = errAnother
	}
	if fetch == nil {
		return found, pulled
	}
	saved, err := fetch()
	if err != nil {
		return found, errors.Join(pulled, err)
	}
	defer saved.Close()
	loaded, err := e.load(ctx, saved)
	switch {
	case err != nil:
		return found, errors.Join(pulled, err)
	case !right(loaded):
		return found, errAnother
	}
	return found, nil
}

// Save writes the image that a name was resolved to, for [Engine.Lock] elsewhere.
func (e *Engine) Save(ctx context.Context, ref string, w io.Writer) error {
	e.bases.mu.Lock()
	b, ok := e.bases.known[ref]
	e.bases.mu.Unlock()
	if !ok {
		return fmt.Errorf("saving base image %q: it was not resolved", ref)
	}
	// by its id, so that it comes without a name, which would stay where it is loaded
	image, err := e.api.ImageInspect(ctx, b.tag)
	if err != nil {
		return fmt.Errorf("saving base image %q: %w", ref, err)
	}
	saved, err := e.api.ImageSave(ctx, []string{image.ID})
	if err != nil {
		return fmt.Errorf("saving base image %q: %w", ref, err)
	}
	defer saved.Close()
	if _, err := io.Copy(w, saved); err != nil {
		return fmt.Errorf("saving base image %q: %w", ref, err)
	}
	return nil
}

// load loads what docker save wrote of one image, and returns a name for it.
func (e *Engine) load(ctx context.Context, saved io.Reader) (string, error) {
	told, err := e.api.ImageLoad(ctx, saved, client.ImageLoadWithQuiet(true))
	if err != nil {
		return "", fmt.Errorf("loading an image: %w", err)
	}
	defer told.Close()
	name := ""
	lines := bufio.NewScanner(told)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m struct{ Stream, Error string }
		if json.Unmarshal(lines.Bytes(), &m) != nil {
			continue
		}
		if m.Error != "" {
			return "", fmt.Errorf("loading an image: %s", m.Error)
		}
		for _, before := range []string{"Loaded image ID: ", "Loaded image: "} {
			if loaded, ok := strings.CutPrefix(strings.TrimSpace(m.Stream), before); ok {
				name = loaded
			}
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("loading an image: %w", err)
	}
	if name == "" {
		return "", errors.New("loading an image: the engine does not say which it is")
	}
	return name, nil
}
