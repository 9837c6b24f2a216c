package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/moby/moby/client"

	"github.com/taskgrader/taskgrader/grader/check"
)

// Again opens sessions of one folder that is graded again and again as it changes: ordinary ones, and glances.
//
// Some engines take seconds to make an image of a file that changed: those that compare whole file trees to find out what
// is in a layer, or compress it. A glance goes without: its containers are of the image of the folder as it was, with the
// files put in that changed, where and as the Dockerfile's own COPY would. It is for what asks the running program alone.
type Again struct {
	engine *Engine

	mu   sync.Mutex
	last *earlier
	fast bool // making an image took no time worth saving when there was one to make
}

// earlier is an image of the folder as it was.
type earlier struct {
	seen    snapshot
	built   check.Built
	started check.Started
	tag     string
}

// snapshot is the plain files, links and the like that the ignore file lets into a build, by their paths.
type snapshot map[string]fs.FileInfo

// fastWriting is how long making an image may take before a glance gains something.
const fastWriting = 300 * time.Millisecond

// lateBytes is how large the files may be together that are put into a container.
const lateBytes = 8 << 20

// ErrNoGlance is that a glance would not show what the image will be, or not sooner.
var ErrNoGlance = errors.New("the image has to be made first")

// Again is for one folder.
func (e *Engine) Again() *Again { return &Again{engine: e} }

// Open is [Engine.Open]; the image stays until there is a newer one.
func (a *Again) Open(ctx context.Context, job check.Job) (*Session, error) {
	s, err := a.engine.Open(ctx, job)
	if err != nil {
		return nil, err
	}
	s.again = a
	if s.seen, err = newSnapshot(job.Source); err != nil {
		s.seen = nil // it is no earlier one then
	}
	return s, nil
}

// Glance opens a session whose Build and Start show what the running program of the folder's image will do, or is
// [ErrNoGlance].
func (a *Again) Glance(ctx context.Context, job check.Job) (*Session, error) {
	a.mu.Lock()
	last, fast := a.last, a.fast
	a.mu.Unlock()
	if fast || last == nil || job.Setup.Target != "" {
		return nil, ErrNoGlance
	}
	now, err := newSnapshot(job.Source)
	if err != nil {
		return nil, err
	}
	changed := last.seen.changed(now)
	if changed == nil {
		return nil, ErrNoGlance
	}
	s, err := a.engine.Open(ctx, job)
	if err != nil {
		return nil, err
	}
	s.earlier = last
	if failure, err := s.look(); failure != nil || err != nil {
		return nil, errors.Join(ErrNoGlance, err, s.Close())
	}
	s.prepare(ctx)
	if s.late, err = s.lateFiles(ctx, changed); err != nil {
		return nil, errors.Join(ErrNoGlance, err, s.Close())
	}
	return s, nil
}

// keeps says whether a session's image is now the last one's, and not to be removed with the session.
func (a *Again) keeps(s *Session) bool {
	if a == nil || s.seen == nil {
		return false
	}
	a.mu.Lock()
	old := a.last
	a.last = &earlier{seen: s.seen, built: s.built, tag: s.tags[0]}
	if s.main != nil {
		a.last.started = s.main.started
	}
	a.mu.Unlock()
	if old != nil {
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTime)
		defer cancel()
		_ = a.engine.untag(ctx, old.tag) // else it goes with the engine's own
	}
	return true
}

// timed is told how long it took to make an image of these steps.
func (a *Again) timed(steps []check.Step, writing time.Duration) {
	if a == nil || !slices.ContainsFunc(steps, func(s check.Step) bool { return !s.Cached }) {
		return // there was nothing new to write
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fast = writing < fastWriting
}

// newSnapshot looks at the folder.
func newSnapshot(source check.Source) (snapshot, error) {
	rules, err := source.Ignore()
	if err != nil {
		return nil, err
	}
	found := snapshot{}
	return found, fs.WalkDir(source.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || rules.Decide(name).Ignored && !decides(name) {
			return err
		}
		found[name], err = d.Info()
		return err
	})
}

// decides says whether a file says how the folder is built.
func decides(name string) bool {
	return slices.Contains([]string{"Dockerfile", "dockerfile", "Dockerfile.dockerignore", ignoreFile}, name)
}

// changed are the files of which the content alone has changed, or nil: nothing has, or something else too.
func (f snapshot) changed(now snapshot) (paths []string) {
	if len(f) != len(now) {
		return nil
	}
	total := int64(0)
	for name, is := range now {
		was, there := f[name]
		switch {
		case there && was.Mode() == is.Mode() && was.Size() == is.Size() && was.ModTime().Equal(is.ModTime()):
			continue
		case !there, was.Mode() != is.Mode(), !is.Mode().IsRegular(), is.Size() == 0, decides(name):
			return nil
		}
		total += is.Size()
		paths = append(paths, name)
	}
	if total > lateBytes {
		return nil
	}
	return paths
}

// lateFiles is a tar archive of the changed files, as the Dockerfile copies them.
func (s *Session) lateFiles(ctx context.Context, changed []string) ([]byte, error) {
	text := s.file.Late(changed)
	if text == "" {
		return nil, ErrNoGlance
	}
	folder, err := newOverlay(s.job.Dir)
	if err != nil {
		return nil, err
	}
	var late bytes.Buffer
	w := tar.NewWriter(&late)
	err = s.copied(ctx, folder, hollow{FS: folder, whole: changed}, text, func(h *tar.Header, content io.Reader) error {
		if h.Typeflag != tar.TypeReg || h.Size == 0 {
			return nil // a folder is there already, and what is empty is not what changed
		}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err := io.CopyN(w, content, h.Size)
		return err
	})
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("copying what changed: %w", err)
	}
	return late.Bytes(), nil
}

// putLate puts what changed into a container that is not started yet.
func (s *Session) putLate(ctx context.Context, container string) error {
	if s.late == nil {
		return nil
	}
	if _, err := s.engine.api.CopyToContainer(ctx, container, client.CopyToContainerOptions{DestinationPath: "/", Content: bytes.NewReader(s.late)}); err != nil {
		return fmt.Errorf("putting in what changed: %w", err)
	}
	return nil
}
