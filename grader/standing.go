package grader

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync"

	"github.com/taskgrader/taskgrader/grader/check"
)

// standing is an engine whose session stays open, for who asks the same program again: nothing is
// built then, and a container was started meanwhile.
type standing struct {
	engine Engine
	work   *standingSession // nil where none is open

	closing sync.WaitGroup // of sessions that were open
	mu      sync.Mutex
	left    error // what could not be removed
}

// Open returns the session that is open, or opens one where the job is another.
func (s *standing) Open(ctx context.Context, job check.Job) (Session, error) {
	if s.work != nil && s.work.fits(job) {
		return s.work, nil
	}
	s.forget()
	root, err := os.OpenRoot(job.Dir)
	if err != nil {
		return nil, fmt.Errorf("opening the submission: %w", err)
	}
	job.Source = check.NewSource(root.FS()) // which outlives this grading
	w, err := s.engine.Open(ctx, job)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	s.work = &standingSession{Session: w, job: job, root: root}
	return s.work, nil
}

// forget begins to remove what is open.
func (s *standing) forget() {
	if s.work == nil {
		return
	}
	w := s.work
	s.work = nil
	s.closing.Go(func() {
		if w.next != nil {
			w.stop()
			<-w.next
		}
		err := errors.Join(w.Session.Close(), w.root.Close())
		s.mu.Lock()
		defer s.mu.Unlock()
		s.left = errors.Join(s.left, err)
	})
}

// close removes what is open, and waits until it is gone.
func (s *standing) close() error {
	s.forget()
	s.closing.Wait()
	return s.left
}

// standingSession is a session that is built once, and started again after each grading.
type standingSession struct {
	Session
	job   check.Job
	root  *os.Root
	built *check.Built
	next  chan beginning     // how the container of the next grading came up; nil where none is started
	stop  context.CancelFunc // gives that up
}

type beginning struct {
	started check.Started
	err     error
}

// fits reports whether a job is the one that the session was opened for.
func (w *standingSession) fits(job check.Job) bool {
	return job.Dir == w.job.Dir && job.Port == w.job.Port && job.Keep == w.job.Keep && job.Limits == w.job.Limits &&
		reflect.DeepEqual(job.Setup, w.job.Setup)
}

// Build builds the folder, once.
func (w *standingSession) Build(ctx context.Context) (check.Built, error) {
	if w.built != nil {
		return *w.built, nil
	}
	built, err := w.Session.Build(ctx)
	if err == nil {
		w.built = &built
	}
	return built, err
}

// Start gives the container that was started meanwhile.
func (w *standingSession) Start(ctx context.Context, running func()) (check.Started, error) {
	if w.next != nil {
		select {
		case next := <-w.next:
			w.stop()
			if w.next = nil; next.err == nil {
				running()
				return next.started, nil
			}
		case <-ctx.Done():
			return check.Started{}, ctx.Err()
		}
	}
	return w.Session.Start(ctx, running)
}

// Close starts the container of the next grading, and leaves the rest as it is.
func (w *standingSession) Close() error {
	if w.built == nil || w.built.Image == nil || w.next != nil {
		return nil
	}
	next := make(chan beginning, 1)
	var ctx context.Context
	ctx, w.stop = context.WithCancel(context.Background())
	w.next = next
	go func() {
		started, err := w.Session.Start(ctx, func() {})
		next <- beginning{started, err}
	}()
	return nil
}
