package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/taskgrader/taskgrader/grader/result"
)

// work is the head of what a worker is given; the packed submission follows it, unless it is large.
type work struct {
	Manifest string `json:"manifest"` // its id
	Key      string `json:"key"`
	Nonce    string `json:"nonce"` // to be repeated: who was not given the submission does not know it
	ID       string `json:"id"`    // of the submission
	Seed     string `json:"seed"`
	Blob     string `json:"blob,omitempty"` // of the packed submission, where it is large
	Not      string `json:"not,omitempty"`  // the worker that must not take it, of a second opinion
	// Deaths is how many workers ended without a word that had it before it was queued this time.
	Deaths uint64 `json:"deaths,omitempty"`
}

// inline is how large a packed submission may be to travel with the message. Most are; and a worker
// that is given it needs the right to read nothing else.
const inline = 512 << 10

// answer is the head of a verdict; the report follows it.
type answer struct {
	Nonce    string `json:"nonce"`
	Delivery uint64 `json:"delivery"`           // counted from one, without those that were given back
	Poisoned bool   `json:"poisoned,omitempty"` // workers died of it too often, and it was not graded
	Back     bool   `json:"back,omitempty"`     // it is given back, to be graded elsewhere
	Turn     string `json:"turn,omitempty"`     // of the worker, as its events name it
	Fault    string `json:"fault,omitempty"`    // of the machine, why it is given back; empty is that the worker ends
}

// event is what a worker tells while it works. It is not stored.
type event struct {
	Key  string `json:"key"`
	Turn string `json:"turn,omitempty"`
	Kind string `json:"kind"` // started, progress
	What string `json:"what,omitempty"`
}

// encode writes a head and what follows it.
func encode(head any, body []byte) ([]byte, error) {
	line, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	return append(append(line, '\n'), body...), nil
}

// decode reads a head and returns what follows it.
func decode(data []byte, head any) (body []byte, err error) {
	line, body, found := bytes.Cut(data, []byte("\n"))
	if !found {
		return nil, errors.New("the message has no head")
	}
	return body, json.Unmarshal(line, head)
}

// largestReport is what a report may unpack to.
const largestReport = 64 << 20

func packReport(r result.Report) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("writing a report: %w", err)
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("writing a report: %w", err)
	}
	defer z.Close()
	return z.EncodeAll(text, nil), nil
}

func unpackReport(packed []byte) (r result.Report, err error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(largestReport))
	if err != nil {
		return r, fmt.Errorf("reading a report: %w", err)
	}
	defer z.Close()
	text, err := z.DecodeAll(packed, nil)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return r, fmt.Errorf("reading a report: %w", err)
	}
	return r, nil
}
