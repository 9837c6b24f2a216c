package engine

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"github.com/taskgrader/taskgrader/grader/engine/buildcontext"
	"io"
	"path"
	"slices"
	"strings"
)

// probeFile copies the whole context onto nothing.
const probeFile = "FROM scratch\nCOPY . /\n"

// Context lists what the ignore file leaves of the folder with what checks want planted, by
// building it, once.
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

func (s *Session) probe(ctx context.Context) ([]string, error) {
	folder, err := buildcontext.New(s.job.Dir, s.job.Setup.Planted(s.job.Source.FS())...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.job.Limits.Build.Time.Std())
	defer cancel()
	in, out := io.Pipe()
	var paths []string
	read := make(chan error, 1)
	go func() {
		var err error
		paths, err = filesOf(in)
		_, _ = io.Copy(io.Discard, in)
		read <- err
	}()
	_, err = s.engine.build(ctx, buildOptions{context: buildcontext.Empty(folder), dockerfile: probeFile,
		ignore: s.ownIgnore(), network: "none",
		tag: s.engine.owner.Tag("probe"), tar: out, sharedKey: s.sharedKey() + "-empty"})
	_ = out.Close()
	if readErr := <-read; err == nil {
		err = readErr
	}
	if broken := folder.Err(); broken != nil {
		err = broken
	}
	if err != nil {
		return nil, fmt.Errorf("building the context: %w", err)
	}
	slices.Sort(paths)
	return paths, nil
}

// filesOf returns the paths of what is in a tar archive, but for its folders.
func filesOf(r io.Reader) (paths []string, err error) {
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return paths, nil
		case err != nil:
			return nil, err
		case h.Typeflag != tar.TypeDir:
			paths = append(paths, strings.TrimPrefix(path.Clean("/"+h.Name), "/"))
		}
	}
}
