package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	buildkit "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/session"
	"github.com/moby/moby/client"
	"github.com/taskgrader/taskgrader/grader/engine/buildtrace"
)

// docker is the API client as testcontainers-go gets it, with three changes: a build is asked of
// BuildKit itself, and told to a trace, since testcontainers-go throws away all that is not text
// for a terminal; no image is pulled; and the connection, which is not testcontainers-go's own,
// stays open.
type docker struct {
	client.APIClient
	builder *builder
}

// traced is who listens to a build, and what serves its files.
type traced struct {
	trace   *buildtrace.Trace
	session *session.Session
}

type tracedKey struct{}

func withTraced(ctx context.Context, t traced) context.Context {
	return context.WithValue(ctx, tracedKey{}, t)
}

// ImageBuild builds. Where BuildKit is asked itself, the answer has no body.
func (d docker) ImageBuild(ctx context.Context, body io.Reader,
	o client.ImageBuildOptions) (result client.ImageBuildResult, err error) {
	t, _ := ctx.Value(tracedKey{}).(traced)
	if t.session != nil && d.builder.client != nil {
		result.Body, err = http.NoBody, d.solve(ctx, t, o)
	} else if result, err = d.APIClient.ImageBuild(ctx, body, o); err == nil && t.trace != nil {
		result.Body = t.trace.Body(result.Body)
	}
	if err != nil {
		err = final{err}
	}
	return result, err
}

// solve asks BuildKit for what POST /build would.
func (d docker) solve(ctx context.Context, t traced, o client.ImageBuildOptions) error {
	// What is here is not asked of a registry.
	attrs := map[string]string{"filename": o.Dockerfile, "image-resolve-mode": "local"}
	if o.Target != "" {
		attrs["target"] = o.Target
	}
	if o.NetworkMode == "none" {
		attrs["force-network-mode"] = "none"
	}
	for name, value := range o.BuildArgs {
		attrs["build-arg:"+name] = *value
	}
	for name, value := range o.Labels {
		attrs["label:"+name] = value
	}
	var exports []buildkit.ExportEntry // none: the trace alone
	switch {
	case len(o.Outputs) == 0:
		// The name in full: an engine with containerd's store takes it as it stands.
		exports = []buildkit.ExportEntry{{Type: "moby", Attrs: map[string]string{"name": "docker.io/" + o.Tags[0]}}}
	case o.Outputs[0].Type == "tar":
		exports = []buildkit.ExportEntry{{Type: "tar"}}
	}
	told := make(chan *buildkit.SolveStatus)
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for s := range told {
			t.trace.Merge(s)
		}
	}()
	_, err := d.builder.client.Solve(ctx, nil, buildkit.SolveOpt{Frontend: "dockerfile.v0", FrontendAttrs: attrs,
		Exports: exports, SharedSession: t.session, SessionPreInitialized: true}, told)
	<-heard
	if err != nil && !buildtrace.Unconnected(err.Error()) {
		t.trace.End(err.Error())
	}
	return err
}

// final is an error after which testcontainers-go does not try again: the build's session is over
// by then, and trying again is the caller's.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// System makes it an internal error, in the sense of containerd's errdefs.
func (final) System() {}

// errGone reports that an image was removed after it was built. The engine itself does so now and
// then where two submissions build an equal image: one's is removed with its last name while the
// other's is about to get its first.
var errGone = errors.New("is gone: it was removed after it was built")

// ImagePull returns what testcontainers-go would do where the image to start is gone. It was built
// here, so no registry has it.
func (docker) ImagePull(_ context.Context, ref string, _ client.ImagePullOptions) (client.ImagePullResponse, error) {
	return nil, final{fmt.Errorf("image %q %w", ref, errGone)}
}

// Close leaves the connection open.
func (docker) Close() error { return nil }
