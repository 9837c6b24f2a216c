package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/moby/moby/client"

	"github.com/taskgrader/taskgrader/grader/baseimage"
	"github.com/taskgrader/taskgrader/grader/engine/buildtrace"
)

// Store is the engine's images, as base images are made ready in them.
type Store struct{ api client.APIClient }

var _ baseimage.Store = (*Store)(nil)

// Store gives the engine's images.
func (e *Engine) Store() *Store { return &Store{e.api} }

// Lookup gives the labels of a local image.
func (s *Store) Lookup(ctx context.Context, ref string) (map[string]string, bool, error) {
	image, err := s.api.ImageInspect(ctx, ref)
	if isNotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if image.Config == nil {
		return nil, true, nil
	}
	return image.Config.Labels, true, nil
}

// Pull fetches an image, and says each step of it once.
func (s *Store) Pull(ctx context.Context, ref string, progress func(string)) error {
	response, err := s.api.ImagePull(ctx, ref, client.ImagePullOptions{})
	if err != nil {
		return pullError(ref, err)
	}
	defer response.Close()
	lines := bufio.NewScanner(response)
	lines.Buffer(nil, 1<<20)
	last := ""
	for lines.Scan() {
		var m struct{ ID, Status, Error string }
		if json.Unmarshal(lines.Bytes(), &m) != nil {
			continue
		}
		if m.Error != "" {
			return pullError(ref, errors.New(m.Error))
		}
		if line := ref + ": " + m.Status + " " + m.ID; line != last && m.Status != "Downloading" &&
			m.Status != "Extracting" {
			last = line
			progress(line)
		}
	}
	return lines.Err()
}

func pullError(ref string, err error) error {
	switch text := err.Error(); {
	case buildtrace.NoNetwork(text):
		return fmt.Errorf("pulling %q: %w: %w", ref, baseimage.ErrUnreachable, err)
	case buildtrace.NoImage(text):
		return fmt.Errorf("pulling %q: %w", ref, baseimage.ErrNotFound)
	}
	return fmt.Errorf("pulling %q: %w", ref, err)
}

// Import makes an image of one layer.
func (s *Store) Import(ctx context.Context, ref string, root io.Reader, config baseimage.Config) error {
	var changes []string
	for _, env := range config.Env {
		changes = append(changes, "ENV "+env)
	}
	if len(config.Cmd) > 0 {
		cmd, err := json.Marshal(config.Cmd)
		if err != nil {
			return err
		}
		changes = append(changes, "CMD "+string(cmd))
	}
	for name, value := range config.Labels {
		changes = append(changes, "LABEL "+name+"="+strconv.Quote(value))
	}
	done, err := s.api.ImageImport(ctx, client.ImageImportSource{Source: root, SourceName: "-"}, ref,
		client.ImageImportOptions{Changes: changes})
	if err != nil {
		return err
	}
	defer done.Close()
	_, err = io.Copy(io.Discard, done)
	return err
}

// Tag gives a local image another name.
func (s *Store) Tag(ctx context.Context, from, to string) error {
	_, err := s.api.ImageTag(ctx, client.ImageTagOptions{Source: from, Target: to})
	return err
}
