package engine

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"

	control "github.com/moby/buildkit/api/services/control"
	buildkit "github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"
)

// stepLog is how much of a step's output is kept, in bytes: a build may print without end.
const stepLog = 64 << 10

// trace is what BuildKit said of a build, step by step.
type trace struct {
	mu      sync.Mutex
	order   []digest.Digest
	steps   map[digest.Digest]*buildkit.Vertex
	logs    map[digest.Digest]*tail
	message string // the engine's own word on why the build failed
}

func newTrace() *trace {
	return &trace{steps: map[digest.Digest]*buildkit.Vertex{}, logs: map[digest.Digest]*tail{}}
}

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
	if m.Error != "" {
		t.end(m.Error)
	}
	if m.ID == "moby.buildkit.trace" {
		var encoded []byte
		var status control.StatusResponse
		if json.Unmarshal(m.Aux, &encoded) == nil && proto.Unmarshal(encoded, &status) == nil {
			t.merge(buildkit.NewSolveStatus(&status))
		}
	}
}

// end notes the engine's own word on why the build failed.
func (t *trace) end(message string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.message = message
}

// merge takes in what BuildKit tells.
func (t *trace) merge(s *buildkit.SolveStatus) {
	t.mu.Lock()
	defer t.mu.Unlock()
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
