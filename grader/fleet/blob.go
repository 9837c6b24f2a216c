package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/nats-io/nats.go"
)

// Blobs are what is too large for a message: large submissions, the canary's samples, base images
// that no registry has. They are files of the hub's by their digest, of which a worker asks for one
// piece after another. A store in NATS would need a right that opens all of it to each worker.

const piece = 256 << 10

var blobName = regexp.MustCompile(`^[0-9a-f]{64}$`)

type fetch struct {
	Blob   string `json:"blob"`
	Offset int64  `json:"offset"`
}

func (h *Hub) blobs() string { return filepath.Join(h.o.Store, "blobs") }

// AddBlob keeps what is written, and returns its name.
func (h *Hub) AddBlob(write func(io.Writer) error) (name string, err error) {
	f, err := os.CreateTemp(h.blobs(), ".half-*")
	if err != nil {
		return "", fmt.Errorf("keeping a blob: %w", err)
	}
	defer os.Remove(f.Name())
	sum := sha256.New()
	if err := errors.Join(write(io.MultiWriter(f, sum)), f.Close()); err != nil {
		return "", err
	}
	name = hex.EncodeToString(sum.Sum(nil))
	if err := os.Rename(f.Name(), filepath.Join(h.blobs(), name)); err != nil {
		return "", fmt.Errorf("keeping a blob: %w", err)
	}
	return name, nil
}

func (h *Hub) forget(blob string) {
	if blob != "" {
		_ = os.Remove(filepath.Join(h.blobs(), blob)) // it is looked for again when it is queued
	}
}

// fetched answers a worker that asks for a piece. An empty answer is the end; none, that there is
// no such blob.
func (h *Hub) fetched(m *nats.Msg) {
	var ask fetch
	if json.Unmarshal(m.Data, &ask) != nil || !blobName.MatchString(ask.Blob) || ask.Offset < 0 {
		return
	}
	f, err := os.Open(filepath.Join(h.blobs(), ask.Blob))
	if err != nil {
		return
	}
	defer f.Close()
	data := make([]byte, piece)
	n, err := f.ReadAt(data, ask.Offset)
	if err == nil || errors.Is(err, io.EOF) {
		_ = m.Respond(data[:n]) // it asks again
	}
}

// Fetch brings a blob of the hub's to a file of this machine, until remove.
type Fetch func(ctx context.Context, blob string) (file string, remove func(), err error)

func (w *worker) fetch(ctx context.Context, blob string) (file string, remove func(), err error) {
	f, err := os.CreateTemp("", "taskgrader-blob-*")
	if err != nil {
		return "", nil, fmt.Errorf("fetching: %w", err)
	}
	remove = func() { _ = os.Remove(f.Name()) }
	err = errors.Join(w.copyBlob(ctx, f, sha256.New(), blob), f.Close())
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("fetching from the hub: %w", err)
	}
	return f.Name(), remove, nil
}

func (w *worker) copyBlob(ctx context.Context, to io.Writer, sum hash.Hash, blob string) error {
	offset, failed := int64(0), 0
	for {
		ask, err := json.Marshal(fetch{blob, offset})
		if err != nil {
			return err
		}
		asking, cancel := context.WithTimeout(ctx, w.o.Timing.Give)
		m, err := w.nc.RequestWithContext(asking, fetchSubject(w.token.Class, w.token.Name), ask)
		cancel()
		if err != nil {
			if failed++; failed > 10 || ctx.Err() != nil {
				return err
			}
			select { // the hub may be away for a moment
			case <-ctx.Done():
			case <-time.After(w.o.Timing.Give / 5):
			}
			continue
		}
		failed = 0
		if len(m.Data) == 0 {
			if hex.EncodeToString(sum.Sum(nil)) != blob {
				return errors.New("what came is not what was asked for")
			}
			return nil
		}
		if _, err := io.MultiWriter(to, sum).Write(m.Data); err != nil {
			return err
		}
		offset += int64(len(m.Data))
	}
}
