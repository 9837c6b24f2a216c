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
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// Blobs are what is too large for a message: large submissions, the canary's samples, base images
// that no registry has. They are files of the hub's by their digest, of which a worker asks for one
// piece after another. A store in NATS would need a right that opens all of it to each worker.

const piece = 256 << 10

// imageBlob begins the name of a base image, which is made when somebody asks for it.
const imageBlob = "image-"

// ImageBlob returns the name of the blob that holds a base image of some content. The engine that
// loads it compares that; what is fetched is not compared by itself.
func ImageBlob(content string) string { return imageBlob + content }

var blobName = regexp.MustCompile(`^(image-)?[0-9a-f]{64}$`)

// Headers of an answer that has no piece.
const (
	headerWait  = "Taskgrader-Wait"
	headerError = "Taskgrader-Error"
)

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

// KeepBlob does what AddBlob does, for what is wanted as long as the hub is there.
func (h *Hub) KeepBlob(write func(io.Writer) error) (name string, err error) {
	if name, err = h.AddBlob(write); err == nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.kept[name] = true
	}
	return name, err
}

// Offer has a blob written when a worker asks for it first.
func (h *Hub) Offer(name string, write func(io.Writer) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offers[name] = &offer{write: write}
}

// offer is a blob that is made when it is asked for.
type offer struct {
	write  func(io.Writer) error
	making bool
	failed error // the last time
}

// make makes an offered blob, and reports whether somebody is at it, and why it failed the last
// time; it is tried again when it is asked for again.
func (h *Hub) make(name string) (making bool, failed error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.offers[name]
	if o == nil {
		return false, errors.New("there is no such blob")
	}
	if o.making {
		return true, nil
	}
	if o.failed != nil {
		failed, o.failed = o.failed, nil
		return false, failed
	}
	o.making = true
	h.running.Go(func() {
		made, err := h.AddBlob(o.write)
		if err == nil {
			err = os.Rename(filepath.Join(h.blobs(), made), filepath.Join(h.blobs(), name))
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		o.making, o.failed = false, err
	})
	return true, nil
}

func (h *Hub) forget(blob string) {
	h.mu.Lock()
	kept := h.kept[blob]
	h.mu.Unlock()
	if blob != "" && !kept {
		_ = os.Remove(filepath.Join(h.blobs(), blob)) // it is looked for again when it is queued
	}
}

// fetched answers a worker that asks for a piece. An empty answer is the end.
func (h *Hub) fetched(m *nats.Msg) {
	var ask fetch
	if json.Unmarshal(m.Data, &ask) != nil || !blobName.MatchString(ask.Blob) || ask.Offset < 0 {
		return
	}
	f, err := os.Open(filepath.Join(h.blobs(), ask.Blob))
	if err != nil {
		answer := nats.NewMsg(m.Reply)
		switch making, failed := h.make(ask.Blob); {
		case making:
			answer.Header.Set(headerWait, "it is made")
		default:
			answer.Header.Set(headerError, plain.Line(failed.Error(), 300))
		}
		_ = m.RespondMsg(answer) // it asks again
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
	folder, remove, err := submission.Temporary()
	if err != nil {
		return "", nil, fmt.Errorf("fetching from the hub: %w", err)
	}
	f, err := os.Create(filepath.Join(folder, "blob"))
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("fetching from the hub: %w", err)
	}
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
			w.wait(ctx, w.o.Timing.Give/5) // the hub may be away for a moment
			continue
		}
		failed = 0
		if m.Header.Get(headerWait) != "" {
			w.wait(ctx, w.o.Timing.Give/20)
			continue
		}
		if said := m.Header.Get(headerError); said != "" {
			return errors.New(said)
		}
		if len(m.Data) == 0 {
			if !strings.HasPrefix(blob, imageBlob) && hex.EncodeToString(sum.Sum(nil)) != blob {
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
