package engine

import (
	"archive/tar"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"

	"github.com/taskgrader/taskgrader/grader/check"
)

// What an engine with the containerd image store says of an image's size depends on how its base
// came, packed or not, and counts blocks. There the layers are read, and counted as overlay2
// counts, so that one image has one size everywhere.

// weight is what a layer holds.
type weight struct {
	Files int64 // bytes of regular files; other names of a file, folders and whiteouts are nothing
	Links int64 // bytes of where symbolic links lead: overlay2 counts them in layers that it did not build itself
}

// weights remembers what layers weigh: a class has one base, and the next process has the same, and
// most layers of a folder that is graded again.
type weights struct {
	base  sync.Mutex // held while base layers are read, so that it is done once
	mu    sync.Mutex
	known map[string]weight
	kept  string // the folder in which layers stand for later processes, or empty
}

func (w *weights) get(name string) (weight, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	found, ok := w.known[name]
	return found, ok
}

func (w *weights) put(name string, one weight) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known == nil {
		w.known = map[string]weight{}
	}
	w.known[name] = one
}

// digest is a name of a layer that holds for its content in every engine.
var digest = regexp.MustCompile(`^sha256:([0-9a-f]{64})$`)

// lookUp returns what an earlier process found that a layer weighs.
func (w *weights) lookUp(name string) (found weight, ok bool) {
	m := digest.FindStringSubmatch(name)
	if m == nil || w.kept == "" {
		return found, false
	}
	text, err := os.ReadFile(filepath.Join(w.kept, m[1]))
	return found, err == nil && json.Unmarshal(text, &found) == nil
}

// mostKept bounds how many layers stand for later processes; above, it begins anew.
const mostKept = 10_000

// keep writes down what a layer weighs. Where that cannot be done, a later process reads the layer
// again.
func (w *weights) keep(name string, one weight) {
	m := digest.FindStringSubmatch(name)
	if m == nil || w.kept == "" || os.MkdirAll(w.kept, 0o755) != nil {
		return
	}
	if layers, _ := os.ReadDir(w.kept); len(layers) > mostKept {
		_ = os.RemoveAll(w.kept)
		_ = os.MkdirAll(w.kept, 0o755)
	}
	text, _ := json.Marshal(one)
	half := filepath.Join(w.kept, fmt.Sprintf(".%d", os.Getpid()))
	if os.WriteFile(half, text, 0o600) != nil || os.Rename(half, filepath.Join(w.kept, m[1])) != nil {
		_ = os.Remove(half)
	}
}

// about returns what the engine says of itself. It is asked once.
func (e *Engine) about(ctx context.Context) (system.Info, error) {
	e.asking.Lock()
	defer e.asking.Unlock()
	if e.said == nil {
		info, err := e.api.Info(ctx, client.InfoOptions{})
		if err != nil {
			return system.Info{}, fmt.Errorf("asking the engine: %w", err)
		}
		e.said = &info.Info
	}
	return *e.said, nil
}

// keepsBlobs reports whether the engine has the containerd image store, which keeps layers as they
// came, too.
func keepsBlobs(about system.Info) bool {
	return slices.Contains(about.DriverStatus, [2]string{"driver-type", "io.containerd.snapshotter.v1"})
}

// measure corrects the sizes of an image where the engine's own are others than overlay2's.
func (e *Engine) measure(ctx context.Context, info *check.ImageInfo) error {
	about, err := e.about(ctx)
	if err != nil || !keepsBlobs(about) {
		return err
	}
	return e.weigh(ctx, info)
}

// weigh counts the sizes of an image.
func (e *Engine) weigh(ctx context.Context, info *check.ImageInfo) error {
	isBase := func(layer int) bool { return layer < len(info.Layers) && info.Layers[layer].Base }
	e.weights.base.Lock()
	unlock := sync.OnceFunc(e.weights.base.Unlock)
	defer unlock()
	found := map[int]weight{}
	wanted := func(layer int, name string) bool {
		if !isBase(layer) {
			unlock()
		}
		w, known := e.weights.get(name)
		if !known {
			if w, known = e.weights.lookUp(name); known {
				e.weights.put(name, w)
			}
		}
		if known {
			found[layer] = w
		}
		return !known
	}
	err := e.eachLayer(ctx, info.ID, wanted, func(layer int, name string, r io.Reader) error {
		var w weight
		err := eachEntry(r, func(h *tar.Header, _ io.Reader) error {
			switch h.Typeflag {
			case tar.TypeReg:
				w.Files += h.Size
			case tar.TypeSymlink:
				w.Links += int64(len(h.Linkname))
			}
			return nil
		})
		if err == nil {
			found[layer] = w
			e.weights.put(name, w)
			e.weights.keep(name, w)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("measuring the image: %w", err)
	}
	info.Size, info.Added = 0, 0
	for layer, w := range found {
		size := w.Files
		if isBase(layer) {
			size += w.Links
		} else {
			info.Added += size
		}
		info.Size += size
		if layer < len(info.Layers) {
			info.Layers[layer].Size = size
		}
	}
	return nil
}
