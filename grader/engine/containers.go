package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"sync"

	"github.com/moby/moby/client"

	"github.com/taskgrader/taskgrader/grader/check"
)

// Start starts the main container; running is called when it runs.
func (s *Session) Start(ctx context.Context, running func()) (check.Started, error) {
	if err := s.clear(ctx); err != nil {
		return check.Started{}, err
	}
	told := sync.OnceFunc(func() { s.prefetch.Go(running) })
	always := s.job.Setup.Always
	started, err := s.startMain(ctx, joined(always, s.job.Setup.Env), check.Started{}, told)
	if err != nil || len(s.job.Setup.Env) == 0 || started.AsWanted() {
		return started, err
	}
	// The variables may have done it, so the image is judged without them, and what they did by who
	// asked for them.
	s.mu.Lock()
	s.withEnv = s.main
	s.extra[s.withEnv] = true
	s.mu.Unlock()
	again, err := s.startMain(ctx, always, started, func() {})
	if err == nil && !again.Answered {
		s.main.started = started // it did not come up in either way, and the first is told
		again = started
	}
	return again, err
}

// clear removes the main container of an earlier start, and the one that its variables kept down.
func (s *Session) clear(ctx context.Context) error {
	s.mu.Lock()
	main, withEnv := s.main, s.withEnv
	s.main, s.withEnv = nil, nil
	delete(s.extra, withEnv)
	s.mu.Unlock()
	var errs []error
	for _, c := range []*container{main, withEnv} {
		if c != nil {
			errs = append(errs, c.remove(ctx))
		}
	}
	return errors.Join(errs...)
}

// joined returns variables with others added, or put in their place.
func joined(env, more map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, env)
	maps.Copy(all, more)
	return all
}

func (s *Session) startMain(ctx context.Context, env map[string]string, before check.Started,
	running func()) (check.Started, error) {
	return s.bringUp(ctx, env, s.job.Port, before, func(c *container) {
		s.mu.Lock()
		s.main = c
		s.mu.Unlock()
		running()
	})
}

// bringUp starts a container and waits for it; made is told of it in between. Where the rubric
// leaves the network to the grader, and the container of a network of its own does not come up and
// its log says that it wants another's host, it is another with a way out, once for all containers
// of the session.
func (s *Session) bringUp(ctx context.Context, env map[string]string, port int, before check.Started,
	made func(*container)) (check.Started, error) {
	for {
		c, err := s.newContainer(ctx, env, port, "")
		if err != nil {
			return check.Started{}, err
		}
		c.before = before
		made(c)
		up, err := c.await(ctx)
		if err != nil || up.Answered || c.net == nil || s.job.Limits.Run.Network != "auto" ||
			!wantsHost.MatchString(up.Log) {
			return up, err
		}
		s.mu.Lock()
		s.offline = up.Log
		s.mu.Unlock()
		if err := c.remove(ctx); err != nil {
			return up, err
		}
	}
}

// wantsHost are the words by which programs and libraries say that they found no host by its name,
// or no way to it.
var wantsHost = regexp.MustCompile(
	`(?i)name resolution|name or service not known|nodename nor servname|no address associated|` +
		`could not (resolve|translate) host|(unable|failed) to (resolve|lookup)|getaddrinfo|no such host|` +
		`unknown ?host|bad address|EAI_AGAIN|ENOTFOUND|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|network (is )?unreachable|` +
		`no route to host|connect(ion)? time(d )?out|server misbehaving`)

// Revive starts the main container again if it has ended.
func (s *Session) Revive(ctx context.Context) (bool, error) {
	if s.main == nil || !s.main.started.Answered {
		return false, nil
	}
	if lives, known := s.main.lives(); known && lives { // the kernel knows sooner than the engine, and at no cost
		return false, nil
	}
	info, err := s.engine.api.ContainerInspect(ctx, s.main.id, client.ContainerInspectOptions{})
	if err != nil {
		return false, fmt.Errorf("inspecting the container: %w", err)
	}
	if info.Container.State != nil && info.Container.State.Running {
		return false, nil
	}
	first := s.main.started
	s.main.lends = true
	if err := s.main.remove(ctx); err != nil {
		return true, err
	}
	c, err := s.newContainer(ctx, s.main.env, s.job.Port, s.main.volume)
	if err != nil {
		return true, err
	}
	c.before = first
	again, err := c.await(ctx)
	s.mu.Lock()
	s.main = c
	s.mu.Unlock()
	if again.Answered {
		first.Port, first.Loopback, first.Relayed = again.Port, again.Loopback, again.Relayed
	}
	c.started = first // how it came up at first is what is judged
	return true, err
}

// StartedWith gives the main container if it has the variables, else the one that was put aside
// because of them, else a new one.
func (s *Session) StartedWith(ctx context.Context, env map[string]string) (check.SecondContainer, error) {
	for _, c := range []*container{s.main, s.withEnv} {
		if c != nil && c.has(env) {
			return borrowed{c}, nil
		}
	}
	return s.Second(ctx, env, 0)
}

// has reports whether the container was started with these variables.
func (c *container) has(env map[string]string) bool {
	for name, value := range env {
		if got, there := c.env[name]; !there || got != value {
			return false
		}
	}
	return true
}

// borrowed is a container that goes when the session does.
type borrowed struct{ *container }

// Close does nothing.
func (borrowed) Close() error { return nil }

// Second starts another container of the image, with these variables beside those of all.
func (s *Session) Second(ctx context.Context, env map[string]string, port int) (check.SecondContainer, error) {
	return s.Own(ctx, joined(s.job.Setup.Always, env), port)
}

// Own starts another container of the image, with these variables alone.
func (s *Session) Own(ctx context.Context, env map[string]string, port int) (check.SecondContainer, error) {
	if port == 0 {
		port = s.job.Port
	}
	var c *container
	_, err := s.bringUp(ctx, env, port, check.Started{}, func(made *container) {
		c = made
		s.mu.Lock()
		s.extra[c] = true
		s.mu.Unlock()
	})
	switch {
	case c == nil:
		return nil, err
	case err != nil:
		return nil, errors.Join(err, (&second{c}).Close())
	}
	return &second{c}, nil
}

type second struct{ *container }

// Close removes the container.
func (c *second) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTime)
	defer cancel()
	return c.remove(ctx)
}
