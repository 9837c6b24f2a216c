package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/moby/moby/client"
)

// Swept counts what was removed.
type Swept struct{ Containers, Networks, Images int }

// Sweep removes what processes of this machine left that are no more: containers, then networks, then images. What a
// living process owns stays, and what another machine's owns, and what was kept on purpose.
func (e *Engine) Sweep(ctx context.Context) (Swept, error) { return e.sweep(ctx, false) }

// Clean is Sweep, and removes also what dead processes kept on purpose.
func (e *Engine) Clean(ctx context.Context) (Swept, error) { return e.sweep(ctx, true) }

func (e *Engine) sweep(ctx context.Context, kept bool) (Swept, error) {
	var swept Swept
	var errs []error
	mine := client.Filters{}.Add("label", labelRun)
	keeping := map[string]bool{} // owners of kept containers keep their image too
	containers, err := e.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: mine})
	if err != nil {
		return swept, fmt.Errorf("listing containers: %w", err)
	}
	for _, c := range containers.Items {
		o, ok := ownerOf(c.Labels)
		if !ok || !o.dead(e.owner) {
			continue
		}
		if c.Labels[labelKeep] != "" && !kept {
			keeping[o.String()] = true
			continue
		}
		_, err := e.api.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil && !isNotFound(err) && !strings.Contains(err.Error(), "already in progress") {
			errs = append(errs, fmt.Errorf("removing a container: %w", err))
			continue
		}
		swept.Containers++
	}
	networks, err := e.api.NetworkList(ctx, client.NetworkListOptions{Filters: mine})
	if err != nil {
		return swept, fmt.Errorf("listing networks: %w", err)
	}
	for _, n := range networks.Items {
		if o, ok := ownerOf(n.Labels); !ok || !o.dead(e.owner) || keeping[o.String()] {
			continue
		}
		if _, err := e.api.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{}); err != nil && !isNotFound(err) {
			errs = append(errs, fmt.Errorf("removing a network: %w", err))
			continue
		}
		swept.Networks++
	}
	images, err := e.api.ImageList(ctx, client.ImageListOptions{})
	if err != nil {
		return swept, fmt.Errorf("listing images: %w", err)
	}
	for _, image := range images.Items {
		for _, tag := range image.RepoTags {
			if o, ok := ownerOfTag(tag); !ok || !o.dead(e.owner) || keeping[o.String()] {
				continue
			}
			if err := e.untag(ctx, tag); err != nil {
				errs = append(errs, err)
				continue
			}
			swept.Images++
		}
	}
	return swept, errors.Join(errs...)
}
