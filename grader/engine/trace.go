package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	control "github.com/moby/buildkit/api/services/control"
	buildkit "github.com/moby/buildkit/client"
	"github.com/moby/moby/client"
	"github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"
)

// stepLog is how much of a step's output is kept, in bytes: a build may print without end.
const stepLog = 64 << 10

// trace is what BuildKit said of a build, step by step, and the id of the image.
type trace struct {
	mu      sync.Mutex
	order   []digest.Digest
	steps   map[digest.Digest]*buildkit.Vertex
	logs    map[digest.Digest]*tail
	imageID string
	message string // the error that ended the stream
}

func newTrace() *trace {
	return &trace{steps: map[digest.Digest]*buildkit.Vertex{}, logs: map[digest.Digest]*tail{}}
}

type traceKey struct{}

func withTrace(ctx context.Context, t *trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// tracing is the API client with one change: the answer to a build is read beside whoever else reads it, because
// testcontainers-go throws away all that is not text for a terminal.
type tracing struct{ client.APIClient }

func (c tracing) ImageBuild(ctx context.Context, body io.Reader, o client.ImageBuildOptions) (client.ImageBuildResult, error) {
	result, err := c.APIClient.ImageBuild(ctx, body, o)
	if t, ok := ctx.Value(traceKey{}).(*trace); ok && err == nil {
		result.Body = &tracedBody{ReadCloser: result.Body, trace: t}
	}
	if err != nil {
		err = final{err}
	}
	return result, err
}

// final is an error after which testcontainers-go does not try again: the build's session is over by then, and trying
// again is the caller's.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// System makes it an internal error, in the sense of containerd's errdefs.
func (final) System() {}

// errGone is that an image was removed after it was built. The engine itself does so now and then where two submissions
// build an equal image: one's is removed with its last name while the other's is about to get its first.
var errGone = errors.New("is gone: it was removed after it was built")

// ImagePull is what testcontainers-go would do where the image to start is gone. It was built here, so no registry has it.
func (tracing) ImagePull(_ context.Context, ref string, _ client.ImagePullOptions) (client.ImagePullResponse, error) {
	return nil, final{fmt.Errorf("image %q %w", ref, errGone)}
}

// Close leaves the connection open: testcontainers-go closes it after each call, and it is not its own.
func (tracing) Close() error { return nil }

// tracedBody hands each whole line of a body to the trace as it is read.
type tracedBody struct {
	io.ReadCloser
	trace *trace
	line  []byte
}

func (b *tracedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.line = append(b.line, p[:n]...)
	for {
		end := bytes.IndexByte(b.line, '\n')
		if end < 0 {
			break
		}
		b.trace.add(b.line[:end])
		b.line = b.line[end+1:]
	}
	if err != nil && len(b.line) > 0 {
		b.trace.add(b.line)
		b.line = nil
	}
	return n, err
}

func (t *trace) add(line []byte) {
	var m struct {
		ID    string
		Aux   json.RawMessage
		Error string
	}
	if json.Unmarshal(line, &m) != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if m.Error != "" {
		t.message = m.Error
	}
	switch m.ID {
	case "moby.image.id":
		var image struct{ ID string }
		if json.Unmarshal(m.Aux, &image) == nil {
			t.imageID = image.ID
		}
	case "moby.buildkit.trace":
		var encoded []byte
		var status control.StatusResponse
		if json.Unmarshal(m.Aux, &encoded) == nil && proto.Unmarshal(encoded, &status) == nil {
			t.merge(buildkit.NewSolveStatus(&status))
		}
	}
}

func (t *trace) merge(s *buildkit.SolveStatus) {
	for _, v := range s.Vertexes {
		if t.steps[v.Digest] == nil {
			t.order = append(t.order, v.Digest)
		}
		t.steps[v.Digest] = v
	}
	for _, l := range s.Logs {
		if t.logs[l.Vertex] == nil {
			t.logs[l.Vertex] = &tail{limit: stepLog}
		}
		t.logs[l.Vertex].add(l.Data)
	}
}

// writing is how long the engine took to make an image of what was built.
func (t *trace) writing() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, v := range t.steps {
		if v.Name == "exporting to image" && v.Started != nil && v.Completed != nil {
			return v.Completed.Sub(*v.Started)
		}
	}
	return 0
}

// tail keeps the end of what is written.
type tail struct {
	limit int
	data  []byte
}

func (t *tail) add(p []byte) {
	t.data = append(t.data, p...)
	if len(t.data) > 2*t.limit { // cut seldom, so that each byte is moved once
		t.data = append(t.data[:0], t.data[len(t.data)-t.limit:]...)
	}
}

func (t *tail) Write(p []byte) (int, error) { t.add(p); return len(p), nil }

func (t *tail) String() string {
	if t == nil {
		return ""
	}
	return string(t.data[max(0, len(t.data)-t.limit):])
}
