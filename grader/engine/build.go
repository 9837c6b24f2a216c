package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/moby/api/types/build"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/tonistiigi/fsutil"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/engine/buildcontext"
	"github.com/taskgrader/taskgrader/grader/engine/buildtrace"
)

// buildOptions is one build: what to build, from where, to what.
type buildOptions struct {
	context    fsutil.FS
	dockerfile string   // the text
	names      []string // of images in it, each before the one that the student wrote
	ignore     string   // the text of Dockerfile.dockerignore, or empty; .dockerignore is read from the context
	args       map[string]string
	target     string
	network    string // open or none
	tag        string
	tar        io.WriteCloser // where the final stage's files go instead of an image; nil for an image
	traceOnly  bool           // make neither
	sharedKey  string
	told       *atomic.Pointer[buildtrace.Trace] // of the trace, while the build goes on; or nil
	// in which cache mounts are the build's own; empty where their names are
	cacheSpace string
	// the file declares the argument that turns the linter off, and so could read it
	checked bool
}

// build builds with testcontainers-go's BuildImage, given a BuildKit session that serves the files
// that the Dockerfile needs, and reads the trace beside it. The trace is valid after an error too.
func (e *Engine) build(ctx context.Context, o buildOptions) (*buildtrace.Trace, error) {
	if o.traceOnly && e.builder.images.Load() {
		return e.buildAndUntag(ctx, o)
	}
	t := buildtrace.New(o.names...)
	if o.told != nil {
		o.told.Store(t)
	}
	texts := []check.Patch{{Path: "Dockerfile", Data: []byte(o.dockerfile)}}
	if o.ignore != "" {
		texts = append(texts, check.Patch{Path: "Dockerfile.dockerignore", Data: []byte(o.ignore)})
	}
	dockerfile, err := buildcontext.New("", texts...)
	if err != nil {
		return t, err
	}
	s, err := session.NewSession(ctx, o.sharedKey)
	if err != nil {
		return t, fmt.Errorf("making a build session: %w", err)
	}
	s.Allow(filesync.NewFSSyncProvider(filesync.StaticDirSource{"context": o.context, "dockerfile": dockerfile}))
	if o.tar != nil {
		s.Allow(filesync.NewFSSyncTarget(filesync.WithFSSync(0,
			func(map[string]string) (io.WriteCloser, error) { return o.tar, nil })))
	}
	building, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	running := make(chan struct{})
	go func() {
		defer close(running)
		_ = s.Run(building, func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return e.api.DialHijack(ctx, "/session", proto, meta)
		})
		stop(buildtrace.ErrLost) // without it the engine would wait for files that never come
	}()
	number := e.owner.String() + "-" + strconv.Itoa(e.number())
	_, err = e.provider.BuildImage(withTraced(building, traced{t, s}),
		source{buildOptions: o, session: s.ID(), id: number})
	if err != nil && ctx.Err() == nil && context.Cause(building) != nil {
		err = fmt.Errorf("%w: %w", context.Cause(building), err)
	}
	stop(nil)
	_ = s.Close()
	<-running
	if o.traceOnly && err != nil && strings.Contains(err.Error(), `exporter "" could not be found`) {
		e.builder.images.Store(true)
		return e.buildAndUntag(ctx, o)
	}
	return t, err
}

// buildAndUntag builds an image that goes at once, for its trace, where POST /build cannot do
// without one.
func (e *Engine) buildAndUntag(ctx context.Context, o buildOptions) (*buildtrace.Trace, error) {
	o.traceOnly = false
	o.tag += strconv.Itoa(e.number()) // two at once must not take each other's
	t, err := e.build(ctx, o)
	if err == nil {
		err = e.untag(ctx, o.tag)
	}
	return t, err
}

// source is a build as testcontainers-go wants it.
type source struct {
	buildOptions
	session string
	id      string
}

// lintSwitch is the argument that turns BuildKit's linter off.
const lintSwitch = "BUILDKIT_DOCKERFILE_CHECK"

var _ testcontainers.ImageBuildInfo = source{}

func (s source) BuildOptions() (client.ImageBuildOptions, error) {
	noLint := "skip=all" // `# check=error=true` would end the build, on the engines that know it
	o := client.ImageBuildOptions{
		Version: build.BuilderBuildKit, BuildID: s.id, SessionID: s.session, RemoteContext: "client-session",
		Dockerfile: "Dockerfile", Tags: []string{s.tag}, Remove: true, ForceRemove: true, Target: s.target,
		BuildArgs: map[string]*string{}, NetworkMode: "default",
	}
	if !s.checked {
		o.BuildArgs[lintSwitch] = &noLint
	}
	if s.cacheSpace != "" {
		o.BuildArgs[cacheSpace] = &s.cacheSpace
	}
	if s.network == "none" {
		o.NetworkMode = "none"
	}
	for name, value := range s.args {
		o.BuildArgs[name] = &value
	}
	if s.traceOnly {
		o.Outputs = []client.ImageBuildOutput{{Type: "cacheonly"}}
	}
	if s.tar != nil {
		o.Outputs = []client.ImageBuildOutput{{Type: "tar"}}
	}
	return o, nil
}

func (s source) GetContext() (io.Reader, error)                 { return nil, errors.New("the context is a session") }
func (s source) GetDockerfile() string                          { return "Dockerfile" }
func (s source) GetRepo() string                                { repo, _, _ := strings.Cut(s.tag, ":"); return repo }
func (s source) GetTag() string                                 { _, tag, _ := strings.Cut(s.tag, ":"); return tag }
func (s source) BuildLogWriter() io.Writer                      { return io.Discard }
func (s source) ShouldBuildImage() bool                         { return true }
func (s source) GetBuildArgs() map[string]*string               { o, _ := s.BuildOptions(); return o.BuildArgs }
func (s source) GetAuthConfigs() map[string]registry.AuthConfig { return nil }
