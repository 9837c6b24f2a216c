package engine

import (
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

// name gives an image that stands for a reference a name of ours, and says which image that is.
func (e *Engine) name(ctx context.Context, ref string, image client.ImageInspectResult) (base, error) {
	content, err := contentOf(image)
	if err != nil {
		return base{}, err
	}
	tag, err := e.alias(ctx, ref, image)
	if err != nil {
		return base{}, err
	}
	b := base{Base: Base{Digest: image.ID, Content: content}, tag: tag}
	for _, d := range image.RepoDigests {
		if repository, digest, ok := strings.Cut(d, "@"); ok && sameRepository(repository, ref) {
			b.Digest = digest
		}
	}
	return b, nil
}

// alias gives an image that stands for a reference a name of ours.
func (e *Engine) alias(ctx context.Context, ref string, image client.ImageInspectResult) (string, error) {
	if image.Architecture != e.arch {
		return "", fmt.Errorf("image %q is for %s", ref, image.Architecture) // BuildKit looks for another
	}
	tag := e.owner.Tag("base-" + strconv.Itoa(e.number()) + "-")
	if _, err := e.api.ImageTag(ctx, client.ImageTagOptions{Source: image.ID, Target: tag}); err != nil {
		return "", fmt.Errorf("naming image %q: %w", ref, err)
	}
	return tag, nil
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

// rebased returns the text of the Dockerfile with names of this session's own for images from
// outside, and what turns them back where the engine tells of them: pairs of ours and the student's.
// It is the same for all builds of the session.
//
// BuildKit takes two builds that begin with the same names for one while both go on, and then runs
// what comes after that again in each further build, though it is in the cache (20.10 to 28.5): an
// edit would seem to install everything anew.
func (s *Session) rebased(ctx context.Context) (lines, names []string) {
	s.rebasing.Do(func() {
		own := map[string]string{}
		s.lines = s.file.Rebased(func(image, written string) string {
			if strings.Contains(written, "$") && len(s.job.Setup.BuildArgs) > 0 { // the build may put in another
				return ""
			}
			if own[image] == "" && image != "scratch" {
				own[image] = s.ownBase(ctx, image)
			}
			if own[image] != "" {
				s.names = append(s.names, own[image], image)
			}
			return own[image]
		})
	})
	return s.lines, s.names
}

// ownBase returns a name for an image that is this session's alone. It is the engine's where the
// image cannot be had, so that the build itself says why; empty where that has none either.
func (s *Session) ownBase(ctx context.Context, ref string) string {
	name := s.engine.pinned(ctx, ref)
	image, err := s.engine.api.ImageInspect(ctx, name)
	if err == nil {
		var own string
		if own, err = s.engine.alias(ctx, ref, image); err == nil {
			s.bases = append(s.bases, own)
			return own
		}
	}
	if name == ref {
		return ""
	}
	return name
}
