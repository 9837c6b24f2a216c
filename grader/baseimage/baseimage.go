// Package baseimage makes the base images ready that submissions ask for: it leaves what is there,
// pulls what a registry gives, and where none answers makes stand-ins from Debian packages.
//
// Use [Prepare]. A stand-in carries [Label], is never put over a real image, and never passes for
// one: reports and doctor say so.
package baseimage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Label is on every stand-in; its value says what the stand-in is.
const Label = "org.taskgrader.stand-in"

// recipe changes when stand-ins made by an older grader must be made again.
const recipe = "5"

const recipeLabel = "org.taskgrader.recipe"

// Default are the images of the lesson's own Dockerfile.
var Default = []string{"python:3.12-slim", "ghcr.io/astral-sh/uv:latest"}

// The ways in which a pull fails. A Store wraps them.
var (
	ErrUnreachable = errors.New("no registry answers")    // ours
	ErrNotFound    = errors.New("there is no such image") // the student's
)

// Store is the part of a Docker engine that base images need. Its methods may be called one at a
// time.
type Store interface {
	// Lookup gives the labels of a local image.
	Lookup(ctx context.Context, ref string) (labels map[string]string, present bool, err error)
	// Pull fetches an image. The error is, or wraps, ErrUnreachable or ErrNotFound where it is one
	// of these.
	Pull(ctx context.Context, ref string, progress func(line string)) error
	// Import makes an image of one layer from a tar archive.
	Import(ctx context.Context, ref string, root io.Reader, config Config) error
	// Tag gives a local image another name.
	Tag(ctx context.Context, from, to string) error
}

// Config is what an imported image says of itself.
type Config struct {
	Env    []string
	Cmd    []string
	Labels map[string]string
}

// IsStandIn reports whether an image with these labels was made here.
func IsStandIn(labels map[string]string) bool { return labels[Label] != "" }

// Action is what became of one image.
type Action string

// What can become of an image.
const (
	Present Action = "present" // it was there
	Pulled  Action = "pulled"
	Made    Action = "made" // a stand-in
	Missing Action = "missing"
)

// Result is what became of one image that was asked for.
type Result struct {
	Ref     string
	Action  Action
	StandIn bool
	Note    string // why it is missing, or what a stand-in is
	Fix     string
}

// Options choose how images are made ready.
type Options struct {
	Offline  bool              // ask no registry
	Wheels   string            // folder of packages that stand-ins get besides Debian's; empty is none
	Cache    string            // folder for what stand-ins are made of; empty is the user's cache folder
	Progress func(line string) // may be nil
}

// Prepare makes the images ready, each once, and says of each what became of it. A missing image is
// no error; the error is the engine's, or that stand-ins cannot be made on this machine (a
// *[SetupError]). Two processes may prepare at once.
func Prepare(ctx context.Context, store Store, refs []string, o Options) ([]Result, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	all, err := readWheels(o.Wheels)
	if err != nil {
		return nil, err
	}
	var results []Result
	offline := o.Offline
	seen := map[string]bool{"scratch": true}
	for _, ref := range refs {
		if seen[ref] {
			continue
		}
		seen[ref] = true
		labels, present, err := store.Lookup(ctx, ref)
		if err != nil {
			return results, fmt.Errorf("looking up %q: %w", ref, err)
		}
		same, err := fits(labels[recipeLabel], all)
		if err != nil {
			return results, err
		}
		if present && (!IsStandIn(labels) || same) {
			results = append(results, Result{Ref: ref, Action: Present, StandIn: IsStandIn(labels),
				Note: labels[Label]})
			continue
		}
		if !offline {
			o.Progress("pulling " + ref)
			err := store.Pull(ctx, ref, o.Progress)
			switch {
			case err == nil:
				results = append(results, Result{Ref: ref, Action: Pulled})
				continue
			case errors.Is(err, ErrUnreachable):
				o.Progress("no registry answers: making stand-ins from Debian packages")
				offline = true
			case errors.Is(err, ErrNotFound):
				results = append(results, Result{Ref: ref, Action: Missing, Note: "the registry has no such image"})
				continue
			default:
				return results, fmt.Errorf("pulling %q: %w", ref, err)
			}
		}
		r, err := standIn(ctx, store, ref, all, o)
		if err != nil {
			return results, err
		}
		results = append(results, r)
	}
	return results, nil
}

// family is what kind of stand-in an image gets.
type family int

const (
	none family = iota
	python
	uv
	uvPython
)

var (
	pythonTag = regexp.MustCompile(`^(latest|slim|(3(\.\d+){0,2})?(-?(slim|bookworm|trixie|bullseye))*)$`)
	uvTag     = regexp.MustCompile(`^(latest|\d+(\.\d+){0,2})$`)
)

// classify returns which stand-in an image reference gets.
func classify(ref string) family {
	name, tag := ref, "latest"
	if i := strings.LastIndex(ref, ":"); i > strings.LastIndex(ref, "/") {
		name, tag = ref[:i], ref[i+1:]
	}
	if strings.Contains(ref, "@") {
		return none // a digest names one real image and no other
	}
	name = strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
	switch {
	case name == "python" && tag != "" && pythonTag.MatchString(tag):
		return python
	case name == "ghcr.io/astral-sh/uv" && uvTag.MatchString(tag):
		return uv
	case name == "ghcr.io/astral-sh/uv" && strings.HasPrefix(tag, "python3.") && !strings.Contains(tag, "alpine"):
		return uvPython
	}
	return none
}
