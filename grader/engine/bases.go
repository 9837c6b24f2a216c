package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"

	"github.com/moby/moby/client"
)

// bases are the images that FROM and COPY --from lead to, each resolved once: a class is graded on
// the same images from its first submission to its last, even where somebody pulls a newer
// python:3.12-slim in the middle of it.
type bases struct {
	asking sync.Mutex // held while a name is resolved, so that it is done once

	mu    sync.Mutex
	on    bool
	kept  map[string]string // digests of an earlier run, by the names in Dockerfiles
	known map[string]base
}

// base is what a name was resolved to.
type base struct {
	Base
	tag string // a name of ours, which nobody moves
}

// Pin has each base image resolved once from now on: to the digest that is kept of an earlier run,
// where the image is still to be had, else to what its name means when it is first asked for.
func (e *Engine) Pin(kept map[string]string) {
	e.bases.mu.Lock()
	defer e.bases.mu.Unlock()
	e.bases.on, e.bases.kept, e.bases.known = true, maps.Clone(kept), map[string]base{}
}

// Pinned returns the digests of what was resolved, or is kept, by the names in Dockerfiles.
func (e *Engine) Pinned() map[string]string {
	e.bases.mu.Lock()
	defer e.bases.mu.Unlock()
	digests := maps.Clone(e.bases.kept)
	if digests == nil {
		digests = map[string]string{}
	}
	for ref, b := range e.bases.known {
		digests[ref] = b.Digest
	}
	return digests
}

// pinned returns our own name for an image, or the given one where nothing is pinned or it cannot
// be had: then the build itself says why.
func (e *Engine) pinned(ctx context.Context, ref string) string {
	b := &e.bases
	b.mu.Lock()
	on, kept, found := b.on, b.kept[ref], b.known[ref]
	b.mu.Unlock()
	if !on || ref == "scratch" {
		return ref
	}
	if found.tag != "" {
		return found.tag
	}
	b.asking.Lock()
	defer b.asking.Unlock()
	b.mu.Lock()
	found = b.known[ref] // by who asked before
	b.mu.Unlock()
	if found.tag != "" {
		return found.tag
	}
	found, err := e.resolve(ctx, ref, kept)
	if err != nil {
		return ref
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known[ref] = found
	return found.tag
}

// resolve finds the image of that name, and gives it a name of ours.
func (e *Engine) resolve(ctx context.Context, ref, kept string) (base, error) {
	for _, name := range alternatives(ref, kept) {
		image, err := e.api.ImageInspect(ctx, name)
		if isNotFound(err) && !strings.HasPrefix(name, "sha256:") {
			if err = e.Store().Pull(ctx, name, func(string) {}); err == nil {
				image, err = e.api.ImageInspect(ctx, name)
			}
		}
		if err != nil {
			if name != ref {
				continue // it is no more
			}
			return base{}, err
		}
		return e.name(ctx, ref, image)
	}
	return base{}, nil
}

// name gives an image that stands for a reference a name of ours.
func (e *Engine) name(ctx context.Context, ref string, image client.ImageInspectResult) (base, error) {
	if image.Architecture != e.arch {
		return base{}, fmt.Errorf("image %q is for %s", ref, image.Architecture) // BuildKit looks for another
	}
	content, err := contentOf(image)
	if err != nil {
		return base{}, err
	}
	b := base{Base: Base{Digest: image.ID, Content: content},
		tag: e.owner.Tag("base-" + strconv.Itoa(e.number()) + "-")}
	for _, d := range image.RepoDigests {
		if repository, digest, ok := strings.Cut(d, "@"); ok && sameRepository(repository, ref) {
			b.Digest = digest
		}
	}
	if _, err := e.api.ImageTag(ctx, client.ImageTagOptions{Source: image.ID, Target: b.tag}); err != nil {
		return base{}, fmt.Errorf("naming image %q: %w", ref, err)
	}
	return b, nil
}

// alternatives returns the names under which the image of an earlier run is looked for, and then
// that of today.
func alternatives(ref, kept string) []string {
	if kept == "" || strings.Contains(ref, "@") {
		return []string{ref}
	}
	return []string{kept, repositoryOf(ref) + "@" + kept, ref}
}

// repositoryOf returns a reference without its tag.
func repositoryOf(ref string) string {
	if colon := strings.LastIndexByte(ref, ':'); colon > strings.LastIndexByte(ref, '/') {
		return ref[:colon]
	}
	return ref
}

// sameRepository reports whether a repository, as the engine writes it, is a reference's.
func sameRepository(repository, ref string) bool {
	name, _, _ := strings.Cut(ref, "@")
	name = repositoryOf(name)
	name = strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
	return repository == name
}

// ownBase returns a name for an image that is this session's alone, or the engine's where the image is
// not here. BuildKit takes two builds that begin with the same names for one while both go on, and
// then runs what comes after that again in each further build, though it is in the cache (20.10 to
// 28.5): an edit would seem to install everything anew.
func (s *Session) ownBase(ctx context.Context, ref string) string {
	s.mu.Lock()
	own := s.bases[ref]
	s.mu.Unlock()
	if own != "" || ref == "scratch" {
		return cmp.Or(own, ref)
	}
	name := s.engine.pinned(ctx, ref)
	image, err := s.engine.api.ImageInspect(ctx, name)
	if err != nil {
		return name
	}
	b, err := s.engine.name(ctx, ref, image)
	if err != nil {
		return name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bases[ref] = b.tag
	return b.tag
}

// rebased returns the text of the Dockerfile with our own names for images from outside, and what
// turns them back where the engine tells of them: pairs of ours and the student's.
func (s *Session) rebased(ctx context.Context) (lines, names []string) {
	lines = s.file.Rebased(func(image, written string) string {
		if strings.Contains(written, "$") && len(s.job.Setup.BuildArgs) > 0 { // the build may put in another
			return ""
		}
		name := s.ownBase(ctx, image)
		if name == image {
			return ""
		}
		names = append(names, name, image)
		return name
	})
	return lines, names
}
