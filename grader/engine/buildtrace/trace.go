// Package buildtrace is what BuildKit says of a build.
//
// A [Trace] takes in what is told while the build goes on. Then [Trace.Steps] gives the
// Dockerfile's instructions, each with its line and how it ended, and [Trace.Classify] why a build
// failed: the student's fault, or ours. It knows the texts of all engines, and asks none.
package buildtrace

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"

	control "github.com/moby/buildkit/api/services/control"
	buildkit "github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"
)

// StepLog is how much of a step's output is kept, in bytes: a build may print without end.
const StepLog = 64 << 10

// Trace is what BuildKit said of a build, step by step.
type Trace struct {
	mu      sync.Mutex
	order   []digest.Digest
	steps   map[digest.Digest]*buildkit.Vertex
	logs    map[digest.Digest]*Tail
	message string // the engine's own word on why the build failed
	names   *strings.Replacer
}

// New returns a trace of which nothing was told yet. Names come in pairs: what the engine was
// given, and what it is called here.
func New(names ...string) *Trace {
	return &Trace{names: strings.NewReplacer(names...), steps: map[digest.Digest]*buildkit.Vertex{},
		logs: map[digest.Digest]*Tail{}}
}

// Body returns the answer to POST /build, of which the trace hears as it is read.
func (t *Trace) Body(answer io.ReadCloser) io.ReadCloser { return &body{ReadCloser: answer, trace: t} }

// body hands each whole line of a body to the trace as it is read.
type body struct {
	io.ReadCloser
	trace *Trace
	line  []byte
}

func (b *body) Read(p []byte) (int, error) {
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

func (t *Trace) add(line []byte) {
	var m struct {
		ID    string
		Aux   json.RawMessage
		Error string
	}
	if json.Unmarshal(line, &m) != nil {
		return
	}
	if m.Error != "" {
		t.End(m.Error)
	}
	if m.ID == "moby.buildkit.trace" {
		var encoded []byte
		var status control.StatusResponse
		if json.Unmarshal(m.Aux, &encoded) == nil && proto.Unmarshal(encoded, &status) == nil {
			t.Merge(buildkit.NewSolveStatus(&status))
		}
	}
}

// End notes the engine's own word on why the build failed.
func (t *Trace) End(message string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.message = t.names.Replace(message)
}

// Merge takes in what BuildKit tells.
func (t *Trace) Merge(s *buildkit.SolveStatus) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, v := range s.Vertexes {
		v.Name, v.Error = t.names.Replace(v.Name), t.names.Replace(v.Error)
		if t.steps[v.Digest] == nil {
			t.order = append(t.order, v.Digest)
		}
		t.steps[v.Digest] = v
	}
	for _, l := range s.Logs {
		if t.logs[l.Vertex] == nil {
			t.logs[l.Vertex] = NewTail(StepLog)
		}
		_, _ = t.logs[l.Vertex].Write(l.Data)
	}
}
