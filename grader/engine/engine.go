// Package engine builds and runs submissions with Docker.
//
// [Connect] first, then [Engine.Open] for each submission; an Engine may be used by many at once.
// Everything that it makes carries the name of this process, so that [Engine.Sweep] of a later
// process can remove what a killed one left. It is the only package that knows testcontainers-go
// and asks BuildKit for anything. What needs no engine to be tested is below it: buildcontext, the
// folder that a build sees; buildtrace, what BuildKit says; dockerhost, where Docker is; and owner,
// whose leftovers something is.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
	"golang.org/x/sync/errgroup"

	"github.com/taskgrader/taskgrader/grader/engine/dockerhost"
	"github.com/taskgrader/taskgrader/grader/engine/owner"
)

// Engine is a connection to a Docker engine.
type Engine struct {
	api      client.APIClient
	provider *testcontainers.DockerProvider
	builder  *builder
	owner    owner.Owner
	arch     string // as Go names it
	watch    *watch
	networks *networks

	mu   sync.Mutex
	open map[*Session]bool
	next int

	noIPv6  atomic.Bool  // its kernel has none
	builds  atomic.Int64 // of students that go on
	apart   neighbours
	bases   bases
	weights weights

	removing sync.WaitGroup // of what nobody needs any more, beside what goes on

	asking sync.Mutex
	said   *system.Info // of itself; nil before it was asked
}

// setenv returns what testcontainers-go must find in the environment before its first call: its
// reaper needs an image that may not be had, where it believes itself inside a container it would
// ask the gateway instead of this machine, it asks the engine at length for a socket that only the
// reaper wants, and it knows nothing of the docker command's contexts.
func setenv(host string) error {
	tclog.SetDefault(stdlog.New(io.Discard, "", 0))
	errs := []error{os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true"),
		os.Setenv("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1"),
		os.Setenv("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", "/var/run/docker.sock")}
	if host != "" {
		errs = append(errs, os.Setenv("DOCKER_HOST", host))
	}
	return errors.Join(errs...)
}

// Connect connects to the engine that the environment names, as the docker command would. The error
// is an
// *[dockerhost.Unavailable].
func Connect(ctx context.Context) (*Engine, error) {
	at := dockerhost.Here()
	if at.From != "" && at.Host == "" {
		return nil, at.Unavailable(errors.New("no such context"))
	}
	if err := setenv(at.Host); err != nil {
		return nil, fmt.Errorf("preparing the environment: %w", err)
	}
	api, err := client.New(client.FromEnv)
	if err != nil {
		return nil, at.Unavailable(err)
	}
	pinging, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := api.Ping(pinging, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return nil, at.Unavailable(err)
	}
	version, err := api.ServerVersion(pinging, client.ServerVersionOptions{})
	if err != nil {
		return nil, at.Unavailable(err)
	}
	if unfit := unfit(version); unfit != nil {
		return nil, unfit
	}
	me, err := owner.Self()
	if err != nil {
		return nil, fmt.Errorf("naming this process: %w", err)
	}
	e := &Engine{api: api, owner: me, arch: version.Arch, open: map[*Session]bool{}}
	var asking errgroup.Group // each asks the engine for itself
	asking.Go(func() (err error) {
		e.provider, err = testcontainers.NewDockerProvider(testcontainers.WithLogger(stdlog.New(io.Discard, "", 0)))
		return err
	})
	asking.Go(func() (err error) {
		e.builder, err = newBuilder(ctx, api)
		return err
	})
	asking.Go(func() error {
		_, _ = e.about(ctx) // else it is asked again
		return nil
	})
	if err := asking.Wait(); err != nil {
		return nil, at.Unavailable(err)
	}
	e.provider.SetClient(docker{api, e.builder})
	if cache, err := os.UserCacheDir(); err == nil {
		e.weights.kept = filepath.Join(cache, "taskgrader", "layers")
	}
	e.networks = &networks{engine: e}
	e.watch = watchEvents(api)
	return e, nil
}

// unfit returns why an engine that answers is none to grade with, or nil.
func unfit(version client.ServerVersionResult) *dockerhost.Unavailable {
	for _, part := range version.Components {
		if strings.Contains(strings.ToLower(part.Name), "podman") {
			return &dockerhost.Unavailable{Reason: "podman",
				Err: fmt.Errorf("this is Podman %s, not Docker: its socket does not build with BuildKit", part.Version),
				Fix: "install Docker Engine beside it, and take DOCKER_HOST out of the environment: " +
					"https://docs.docker.com/engine/install/"}
		}
	}
	if older(version.APIVersion, 1, 41) {
		return &dockerhost.Unavailable{Reason: "old",
			Err: fmt.Errorf("the Docker engine is too old: API %s, and 1.41 is needed", version.APIVersion),
			Fix: "install Docker Engine 20.10 or later: https://docs.docker.com/engine/install/"}
	}
	return nil
}

func older(version string, major, minor int) bool {
	var a, b int
	if _, err := fmt.Sscanf(version, "%d.%d", &a, &b); err != nil {
		return false
	}
	return a < major || a == major && b < minor
}

// number gives each thing that this process makes a number of its own.
func (e *Engine) number() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.next++
	return e.next
}

// newName returns a name for a container or a network that no other has.
func (e *Engine) newName() string {
	return e.owner.Name(e.number())
}

// cleanupTime is what removing may take, with a context of its own: the run's is over when it is
// needed most.
const cleanupTime = 30 * time.Second

// Close removes what this process made and has not removed yet, then ends the connection. It may be
// called again.
func (e *Engine) Close() error {
	e.mu.Lock()
	var left []*Session
	for s := range e.open {
		left = append(left, s)
	}
	e.mu.Unlock()
	var errs []error
	for _, s := range left {
		errs = append(errs, s.Close())
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTime)
	defer cancel()
	errs = append(errs, e.networks.remove(ctx)) // while images go
	e.removing.Wait()
	errs = append(errs, e.sweepOwn(ctx))
	e.watch.stop()
	return errors.Join(append(errs, e.builder.close(), e.api.Close())...)
}
