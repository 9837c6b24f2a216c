package engine

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/moby/moby/client"
)

// makeVolume makes what is mounted at the rubric's folder, where it names one and no other
// container has lent it.
func (c *container) makeVolume(ctx context.Context) error {
	if c.session.job.Setup.Volume == "" || c.volume != "" {
		return nil
	}
	name := c.session.engine.newName()
	_, err := c.session.engine.api.VolumeCreate(ctx, client.VolumeCreateOptions{Name: name,
		Labels: maps.Clone(c.session.engine.owner.Labels())})
	if err != nil {
		return fmt.Errorf("making a volume: %w", err)
	}
	c.volume = name
	return nil
}

// removeVolume removes it with the last container that has it. That there is none is as good.
func (c *container) removeVolume(ctx context.Context) error {
	if c.volume == "" || c.lends || c.session.job.Keep {
		return nil
	}
	if _, err := c.session.engine.api.VolumeRemove(ctx, c.volume,
		client.VolumeRemoveOptions{Force: true}); err != nil && !isNotFound(err) {
		return fmt.Errorf("removing volume %q: %w", c.volume, err)
	}
	return nil
}

// stopTime is how many seconds docker restart waits for the end.
const stopTime = 10

// Restart restarts the container or, where anew, starts another with the same volume in its place,
// and waits until it answers or fails to.
func (c *second) Restart(ctx context.Context, anew bool) error {
	if !anew {
		return c.restart(ctx)
	}
	s, old := c.session, c.container
	old.lends = true
	if err := old.remove(ctx); err != nil {
		return err
	}
	made, err := s.newContainer(ctx, old.env, old.port, old.volume)
	if err != nil {
		old.lends = false
		return err
	}
	made.before = old.started
	s.mu.Lock()
	delete(s.extra, old)
	s.extra[made] = true
	s.mu.Unlock()
	c.container = made
	_, err = made.await(ctx)
	return err
}

// restart returns docker restart.
func (c *container) restart(ctx context.Context) error {
	if c.unwatch != nil {
		c.unwatch()
	}
	seconds := stopTime
	if _, err := c.session.engine.api.ContainerRestart(ctx, c.id,
		client.ContainerRestartOptions{Timeout: &seconds}); err != nil {
		return fmt.Errorf("restarting the container: %w", err)
	}
	if c.relay != nil {
		c.relay.CloseIdleConnections()
		c.relay = nil
	}
	c.before, c.begun = c.started, time.Now()
	clear(c.published)
	if err := c.locate(ctx); err != nil {
		return err
	}
	_, err := c.await(ctx)
	return err
}
