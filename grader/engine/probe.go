package engine

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// probeFile copies the whole context onto nothing.
const probeFile = "FROM scratch\nCOPY . /\n"

// Context lists what the ignore file leaves of the folder with what checks want planted, by building it, once.
func (s *Session) Context(ctx context.Context) ([]string, error) {
	s.probing.Lock()
	defer s.probing.Unlock()
	if s.context == nil {
		paths, err := s.probe(ctx)
		if err != nil {
			return nil, err
		}
		s.context = &paths
	}
	return *s.context, nil
}

func (s *Session) probe(ctx context.Context) (paths []string, err error) {
	folder, err := newOverlay(s.job.Dir, s.job.Setup.Planted(s.job.Source.FS())...)
	if err != nil {
		return nil, err
	}
	err = s.copied(ctx, folder, hollow{FS: folder}, probeFile, func(h *tar.Header, _ io.Reader) error {
		if h.Typeflag != tar.TypeDir {
			paths = append(paths, strings.TrimPrefix(path.Clean("/"+h.Name), "/"))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("building the context: %w", err)
	}
	slices.Sort(paths)
	return paths, nil
}

// copied builds a Dockerfile that only copies from the folder, hollowed out, and calls visit for each file that comes of it.
func (s *Session) copied(ctx context.Context, folder *overlay, hollowed hollow, text string, visit func(*tar.Header, io.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.job.Limits.Build.Time.Std())
	defer cancel()
	key := s.sharedKey() + "-hollow"
	if hollowed.whole != nil {
		key = s.sharedKey() + "-late" // else each would send anew what the other had emptied
	}
	in, out := io.Pipe()
	read := make(chan error, 1)
	go func() {
		err := eachFile(in, visit)
		_, _ = io.Copy(io.Discard, in)
		read <- err
	}()
	_, err := s.engine.build(ctx, buildOptions{context: hollowed, dockerfile: text, ignore: s.ownIgnore(), network: "none",
		tag: repository + s.engine.owner.String() + ":probe", tar: out, sharedKey: key})
	_ = out.Close()
	if readErr := <-read; err == nil {
		err = readErr
	}
	if broken := folder.failure(); broken != nil {
		err = broken
	}
	return err
}

// eachFile visits what is in a tar archive.
func eachFile(r io.Reader, visit func(*tar.Header, io.Reader) error) error {
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = visit(h, archive)
		}
		if err != nil {
			return err
		}
	}
}
