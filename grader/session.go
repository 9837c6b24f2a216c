package grader

import (
	"context"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
)

// Engine opens a session for a submission. Its error is ours.
type Engine interface {
	Open(ctx context.Context, job check.Job) (Session, error)
}

// EngineFunc is a function as an Engine.
type EngineFunc func(ctx context.Context, job check.Job) (Session, error)

// Open calls f.
func (f EngineFunc) Open(ctx context.Context, job check.Job) (Session, error) { return f(ctx, job) }

// Session is where one submission is built and run. The grader calls Build once, then Start, which
// a second time starts another container in the place of the first;
// what checks use of it is [check.Builder] and [check.Container].
type Session interface {
	check.Builder
	check.Container
	check.Spawner
	// Build builds the folder. A build that fails by the student's fault is no error.
	Build(ctx context.Context) (check.Built, error)
	// Start starts the main container and waits until it answers or fails to. A program that does
	// not come up is no error. It calls running when the container runs and the waiting begins:
	// until then, nothing else should keep the engine busy.
	Start(ctx context.Context, running func()) (check.Started, error)
	// Within returns a context that ends when the main container has had the time, with up as its
	// cause; or with another, where the machine gave it too little of its processors.
	Within(ctx context.Context, limit time.Duration, up error) (context.Context, context.CancelFunc)
	// Revive starts the main container again if it has ended; it reports whether it had.
	Revive(ctx context.Context) (bool, error)
	// Kept names what Job.Keep left: image and container, for a person to use.
	Kept() []string
	// Sandbox says which limits hold for this submission.
	Sandbox() check.Sandbox
	// Close removes everything of the submission, also after an error, with a time limit of its
	// own.
	Close() error
}
