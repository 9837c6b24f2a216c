package engine

import (
	"context"
	"errors"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
)

// What checks ask of a session's running container is asked of the main one.

var errNotStarted = errors.New("asking a container that was never started")

func (s *Session) current() *container {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.main
}

// Started returns how the main container came up.
func (s *Session) Started() check.Started {
	if c := s.current(); c != nil {
		return c.Started()
	}
	return check.Started{}
}

// Within returns a context that ends when the main container has had the time, with up as its cause: what
// other work of this machine took from its share of the processors is given back. Where that is too much,
// the cause is that the machine was too busy.
func (s *Session) Within(ctx context.Context, limit time.Duration, up error) (context.Context, context.CancelFunc) {
	if c := s.current(); c != nil {
		return c.ownTimeUntil(ctx, limit, up)
	}
	return context.WithTimeoutCause(ctx, limit, up)
}

// Do sends one request to the main container.
func (s *Session) Do(ctx context.Context, r check.Request) (check.Answer, error) {
	if c := s.current(); c != nil {
		return c.Do(ctx, r)
	}
	return check.Answer{}, errNotStarted
}

// DoAtOnce sends one request to the main container several times at once.
func (s *Session) DoAtOnce(ctx context.Context, r check.Request, n int) ([]check.Answer, []int, error) {
	if c := s.current(); c != nil {
		return c.DoAtOnce(ctx, r, n)
	}
	return nil, nil, errNotStarted
}

// Listeners returns the main container's.
func (s *Session) Listeners(ctx context.Context) ([]check.Listener, bool, error) {
	if c := s.current(); c != nil {
		return c.Listeners(ctx)
	}
	return nil, false, errNotStarted
}

// Environments returns those of the main container's processes.
func (s *Session) Environments(ctx context.Context) ([]map[string]string, bool, error) {
	if c := s.current(); c != nil {
		return c.Environments(ctx)
	}
	return nil, false, errNotStarted
}

// Processes returns those of the main container.
func (s *Session) Processes(ctx context.Context) ([]check.Process, bool, error) {
	if c := s.current(); c != nil {
		return c.Processes(ctx)
	}
	return nil, false, errNotStarted
}

// Exec runs a command in the main container.
func (s *Session) Exec(ctx context.Context, command []string) (check.Output, error) {
	if c := s.current(); c != nil {
		return c.Exec(ctx, command)
	}
	return check.Output{}, errNotStarted
}

// Logs returns the tail of the main container's log.
func (s *Session) Logs(ctx context.Context) (string, error) {
	if c := s.current(); c != nil {
		return c.Logs(ctx)
	}
	return "", errNotStarted
}

// Stop stops the main container.
func (s *Session) Stop(ctx context.Context, within time.Duration) (check.Stopped, error) {
	if c := s.current(); c != nil {
		return c.Stop(ctx, within)
	}
	return check.Stopped{}, errNotStarted
}
