package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/taskgrader/taskgrader/grader/check"
)

// container is one running container.
type container struct {
	session *Session
	image   *check.ImageInfo
	env     map[string]string
	port    int           // where it is looked for first
	before  check.Started // how an earlier container of the image came up
	offline string        // what the program said without a network, where this container has one for that
	limits  check.Limits

	volume string // the name of what is mounted at the rubric's folder; empty where there is none
	lends  bool   // another container has the volume

	id, name  string
	begun     time.Time
	net       *isolated
	address   string // where it is asked, without a port; empty when its ports are published
	published map[int]string
	pid       int    // of its first process, where group is known
	group     string // the folder of its control group, where its processes are this machine's
	relay     *http.Transport
	joining   sync.Mutex
	joined    []string // the command that joins to a port of its loopback; empty until one was found
	without   int      // how many of the relays it is known not to have
	started   check.Started
	unwatch   context.CancelFunc

	over atomic.Bool // a process wrote over the memory where its variables stood

	mu   sync.Mutex
	full string // why it was ended for what it wrote; or empty
	gone bool
}

// newContainer makes and starts a container, without waiting for it; where no volume is named, with
// one of its own. It is removed when there is an error.
func (s *Session) newContainer(ctx context.Context, env map[string]string, port int,
	volume string) (_ *container, err error) {
	c := &container{session: s, image: s.built.Image, env: env, port: port, volume: volume, limits: s.job.Limits,
		published: map[int]string{}}
	s.mu.Lock()
	c.offline = s.offline
	s.mu.Unlock()
	if s.job.Limits.Run.Network != "open" && c.offline == "" {
		taken, err := s.engine.networks.take(ctx)
		if err != nil {
			return nil, err
		}
		if taken.reachable {
			c.net = &taken
		} else {
			s.engine.networks.give(taken)
		}
	}
	defer func() {
		if err != nil {
			c.net = nil // whatever is wrong may be wrong with the network, so nobody gets it again
			err = errors.Join(err, c.remove(context.WithoutCancel(ctx)))
		}
	}()
	if err := c.makeVolume(ctx); err != nil {
		return nil, err
	}
	refused, err := c.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("starting the container: %w", err)
	}
	if refused != "" {
		c.started = check.Started{Refused: true, Exited: true, ExitCode: notStarted, Log: refused}
		return c, nil
	}
	return c, c.locate(ctx)
}

// locate finds where the container can be asked.
func (c *container) locate(ctx context.Context) error {
	info, err := c.session.engine.api.ContainerInspect(ctx, c.id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("inspecting the container: %w", err)
	}
	settings := info.Container.NetworkSettings
	if settings == nil {
		return errors.New("inspecting the container: it has no network")
	}
	if c.net != nil {
		if own := settings.Networks[c.net.name]; own != nil && own.IPAddress.IsValid() {
			c.address = own.IPAddress.String()
		}
	}
	for port, bindings := range settings.Ports {
		for _, b := range bindings {
			c.published[int(port.Num())] = net.JoinHostPort(loopbackText, b.HostPort)
		}
	}
	if state := info.Container.State; state != nil {
		if group, here := groupOf(state.Pid, c.id); here {
			c.pid, c.group = state.Pid, group
		}
	}
	watching, unwatch := context.WithCancel(context.Background())
	c.unwatch = unwatch
	go c.watchDisk(watching, info.Container)
	return nil
}

// remove ends the container at once. That it is gone already is as good.
func (c *container) remove(ctx context.Context) error {
	c.mu.Lock()
	gone := c.gone
	c.gone = true
	c.mu.Unlock()
	if gone {
		return nil
	}
	if c.unwatch != nil {
		c.unwatch()
	}
	if c.relay != nil {
		c.relay.CloseIdleConnections()
	}
	if err := c.session.engine.removeContainer(ctx, c.id); err != nil {
		return err
	}
	c.release()
	return c.removeVolume(ctx)
}

// removeContainer ends and removes a container. That there is none is as good.
func (e *Engine) removeContainer(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	_, err := e.api.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !isNotFound(err) && !errdefs.IsConflict(err) { // a conflict: it is being removed already
		return fmt.Errorf("removing container %q: %w", id, err)
	}
	return nil
}

// keep leaves the container as it is.
func (c *container) keep() {
	if c.unwatch != nil {
		c.unwatch()
	}
	if c.net != nil {
		c.session.engine.networks.forget(*c.net)
	}
}

func (c *container) release() {
	if c.net != nil {
		c.session.engine.networks.give(*c.net)
		c.net = nil
	}
}
