package engine

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	content "github.com/containerd/containerd/api/services/content/v1"
	"github.com/klauspost/compress/zstd"

	"github.com/taskgrader/taskgrader/grader/check"
)

// WalkImage visits each file of each layer that is not the base's.
func (s *Session) WalkImage(ctx context.Context, imageID string, visit func(check.LayerFile, io.Reader) error) error {
	s.mu.Lock()
	image := s.images[imageID]
	s.mu.Unlock()
	own := func(layer int, _ string) bool {
		return image == nil || layer >= len(image.Layers) || !image.Layers[layer].Base
	}
	return s.engine.eachLayer(ctx, imageID, own, func(layer int, _ string, r io.Reader) error {
		return eachEntry(r, func(h *tar.Header, r io.Reader) error { return visit(layerFile(layer, h), r) })
	})
}

// layerFile returns an entry of a layer's archive. One of a certain name says that something of the
// layers below is gone.
func layerFile(layer int, h *tar.Header) check.LayerFile {
	f := check.LayerFile{Layer: layer, Path: strings.TrimPrefix(path.Clean("/"+h.Name), "/"), Size: h.Size,
		Dir: h.Typeflag == tar.TypeDir, Link: h.Linkname}
	for name, value := range h.PAXRecords {
		if attribute, ok := strings.CutPrefix(name, "SCHILY.xattr."); ok {
			f.Attributes += attribute + "=" + value + "\n"
		}
	}
	if base := path.Base(f.Path); base == ".wh..wh..opq" {
		f.Opaque, f.Path = true, path.Dir(f.Path)
	} else if gone, ok := strings.CutPrefix(base, ".wh."); ok {
		f.Delete, f.Path = true, path.Join(path.Dir(f.Path), gone)
	}
	return f
}

// eachLayer visits the archives of an image's layers, of those that are wanted: from where the
// engine keeps them packed, if BuildKit shows that, else as the engine saves the whole image. A
// layer has a number, from the oldest on, and a name that another has only with the same content.
func (e *Engine) eachLayer(ctx context.Context, imageID string, wanted func(int, string) bool,
	visit func(int, string, io.Reader) error) error {
	about, err := e.about(ctx)
	if err != nil {
		return err
	}
	if keepsBlobs(about) {
		if layers, err := e.layersOf(ctx, imageID); err == nil {
			return e.eachBlob(ctx, layers, wanted, visit)
		}
	}
	return e.eachSaved(ctx, imageID, wanted, visit)
}

// manifest is what of an image's manifest is read here, or of the index above it.
type manifest struct {
	Manifests []struct {
		Digest   string
		Platform struct{ OS string }
	}
	Layers []struct{ Digest string }
}

// mostManifest bounds a manifest, in bytes.
const mostManifest = 16 << 20

// layersOf returns the digests of an image's layers, oldest first.
func (e *Engine) layersOf(ctx context.Context, digest string) ([]string, error) {
	for range 2 { // an index, then its manifest
		var m manifest
		err := e.blob(ctx, digest, func(r io.Reader) error {
			return json.NewDecoder(io.LimitReader(r, mostManifest)).Decode(&m)
		})
		if err != nil {
			return nil, fmt.Errorf("reading manifest %q: %w", digest, err)
		}
		if m.Manifests == nil {
			var layers []string
			for _, l := range m.Layers {
				layers = append(layers, l.Digest)
			}
			return layers, nil
		}
		for _, one := range slices.Backward(m.Manifests) {
			if one.Platform.OS != "unknown" { // that is an attestation's
				digest = one.Digest
			}
		}
	}
	return nil, fmt.Errorf("reading manifest %q: it holds none", digest)
}

func (e *Engine) eachBlob(ctx context.Context, layers []string, wanted func(int, string) bool,
	visit func(int, string, io.Reader) error) error {
	for i, digest := range layers {
		if !wanted(i, digest) {
			continue
		}
		if err := e.blob(ctx, digest, func(r io.Reader) error { return visit(i, digest, r) }); err != nil {
			return fmt.Errorf("reading layer %d of the image: %w", i, err)
		}
	}
	return nil
}

// blob reads something of the engine's content by its digest.
func (e *Engine) blob(ctx context.Context, digest string, read func(io.Reader) error) error {
	if e.builder.client == nil {
		return errors.New(e.Builder())
	}
	ctx, cancel := context.WithCancel(ctx) // ends the stream where it is not read to its end
	defer cancel()
	stream, err := e.builder.client.ContentClient().Read(ctx, &content.ReadContentRequest{Digest: digest})
	if err != nil {
		return err
	}
	return read(&streamed{stream: stream})
}

// streamed is a stream of messages as a reader.
type streamed struct {
	stream content.Content_ReadClient
	left   []byte
}

func (s *streamed) Read(p []byte) (int, error) {
	for len(s.left) == 0 {
		m, err := s.stream.Recv()
		if err != nil {
			return 0, err
		}
		s.left = m.Data
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

// eachSaved has the engine save the image. The archive names its layers only at its end, so it is
// read twice, as a stream: no copy of an image is kept, which may be as large as the disk.
func (e *Engine) eachSaved(ctx context.Context, imageID string, wanted func(int, string) bool,
	visit func(int, string, io.Reader) error) (err error) {
	var images []struct{ Layers []string }
	err = e.inSaved(ctx, imageID, func(name string, r io.Reader) error {
		if name == "manifest.json" {
			return json.NewDecoder(io.LimitReader(r, mostManifest)).Decode(&images)
		}
		return nil
	})
	if err == nil && len(images) == 0 {
		err = errors.New("the saved image has no manifest")
	}
	if err != nil {
		return err
	}
	return e.inSaved(ctx, imageID, func(name string, r io.Reader) error {
		layer := slices.Index(images[0].Layers, name)
		if layer < 0 || !wanted(layer, name) {
			return nil
		}
		if err := visit(layer, name, r); err != nil {
			return fmt.Errorf("reading layer %d of the image: %w", layer, err)
		}
		return nil
	})
}

// inSaved visits the files of an image as the engine saves it.
func (e *Engine) inSaved(ctx context.Context, imageID string, visit func(string, io.Reader) error) error {
	saved, err := e.api.ImageSave(ctx, []string{imageID})
	if err != nil {
		return fmt.Errorf("saving the image: %w", err)
	}
	defer saved.Close()
	archive := tar.NewReader(saved)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the saved image: %w", err)
		}
		if h.Typeflag == tar.TypeReg {
			if err := visit(path.Clean(h.Name), archive); err != nil {
				return err
			}
		}
	}
}

// eachEntry visits the entries of a layer's archive, packed or not.
func eachEntry(r io.Reader, visit func(*tar.Header, io.Reader) error) error {
	buffered := bufio.NewReaderSize(r, 1<<16)
	r = buffered
	switch magic, _ := buffered.Peek(4); {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return err
		}
		r = unzipped
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		unpacked, err := zstd.NewReader(buffered)
		if err != nil {
			return err
		}
		defer unpacked.Close()
		r = unpacked
	}
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(h, archive); err != nil {
			return err
		}
	}
}
