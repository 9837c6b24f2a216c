package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"
	"github.com/taskgrader/taskgrader/grader/engine/owner"
)

// Swept counts what was removed.
type Swept struct{ Containers, Networks, Volumes, Images int }

// Sweep removes what processes of this machine left that are no more: containers, then networks,
// then images. What a living process owns stays, and what another machine's owns, and what was kept
// on purpose.
func (e *Engine) Sweep(ctx context.Context) (Swept, error) {
	return e.sweep(ctx, func(o owner.Owner) bool { return o.Dead(e.owner) }, false)
}

// SweepBeside does what Sweep does, while others go on, and calls failed with its error. Close waits
// for it.
func (e *Engine) SweepBeside(ctx context.Context, failed func(error)) {
	e.removing.Go(func() {
		if _, err := e.Sweep(ctx); err != nil {
			failed(err)
		}
	})
}

// Clean does what Sweep does, and removes also what dead processes kept on purpose.
func (e *Engine) Clean(ctx context.Context) (Swept, error) {
	return e.sweep(ctx, func(o owner.Owner) bool { return o.Dead(e.owner) }, true)
}

// sweepOwn removes what this process made and lost sight of: an engine may finish what it was asked
// for after the asking was given up.
func (e *Engine) sweepOwn(ctx context.Context) error {
	_, err := e.sweep(ctx, func(o owner.Owner) bool { return o == e.owner }, false)
	return err
}

func (e *Engine) sweep(ctx context.Context, match func(owner.Owner) bool, kept bool) (Swept, error) {
	var swept Swept
	var errs []error
	removed := func(count *int, what string, err error) {
		switch {
		case err == nil:
			*count++
		case !isNotFound(err) && !errdefs.IsConflict(err): // conflict: somebody is at it already
			errs = append(errs, fmt.Errorf("removing %s: %w", what, err))
		}
	}
	mine := client.Filters{}.Add("label", owner.LabelRun)
	keeping := map[string]bool{} // owners of kept containers keep their networks too
	containers, err := e.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: mine})
	if err != nil {
		return swept, fmt.Errorf("listing containers: %w", err)
	}
	for _, c := range containers.Items {
		var o owner.Owner
		ours := slices.ContainsFunc(c.Names, func(name string) (ok bool) { o, ok = owner.OfName(name); return ok })
		if !ours || !match(o) {
			continue
		}
		if c.Labels[owner.LabelKeep] != "" && !kept {
			keeping[o.String()] = true
			continue
		}
		_, err := e.api.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		removed(&swept.Containers, "a container", err)
	}
	networks, err := e.api.NetworkList(ctx, client.NetworkListOptions{Filters: mine})
	if err != nil {
		return swept, fmt.Errorf("listing networks: %w", err)
	}
	for _, n := range networks.Items {
		if o, ok := owner.Of(n.Labels); ok && match(o) && !keeping[o.String()] {
			_, err := e.api.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
			removed(&swept.Networks, "a network", err)
		}
	}
	volumes, err := e.api.VolumeList(ctx, client.VolumeListOptions{Filters: mine})
	if err != nil {
		return swept, fmt.Errorf("listing volumes: %w", err)
	}
	for _, v := range volumes.Items {
		if o, ok := owner.Of(v.Labels); ok && match(o) && !keeping[o.String()] {
			_, err := e.api.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{})
			removed(&swept.Volumes, "a volume", err)
		}
	}
	images, err := e.listImages(ctx, client.ImageListOptions{})
	if err != nil {
		return swept, fmt.Errorf("listing images: %w", err)
	}
	for _, listed := range images {
		for _, tag := range listed.RepoTags {
			_, name, _ := strings.Cut(tag, ":")
			if o, ok := owner.OfTag(tag); ok && match(o) && (kept || !strings.HasPrefix(name, owner.KeepTag)) {
				_, err := e.api.ImageRemove(ctx, tag, client.ImageRemoveOptions{PruneChildren: true})
				removed(&swept.Images, fmt.Sprintf("image %q", tag), err)
			}
		}
	}
	return swept, errors.Join(errs...)
}

// listImages returns the images that the options ask for. On the containerd store the engine refuses to list
// while another process removes an image ("content digest …: not found"); it is then asked again,
// for five seconds at most.
func (e *Engine) listImages(ctx context.Context, options client.ImageListOptions) ([]image.Summary, error) {
	for deadline := time.Now().Add(5 * time.Second); ; {
		images, err := e.api.ImageList(ctx, options)
		if err == nil || !strings.Contains(err.Error(), "not found") || time.Now().After(deadline) {
			return images.Items, err
		}
		time.Sleep(pollTime)
	}
}
