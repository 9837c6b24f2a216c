package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
)

// packedFile is one entry of a hand-made layer: a file of so many bytes, or a link.
type packedFile struct {
	name       string
	bytes      int
	soft, hard string
}

func layerOf(t *testing.T, program []byte, entries ...packedFile) []byte {
	t.Helper()
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, e := range entries {
		content := bytes.Repeat([]byte("x"), e.bytes)
		if e.name == "do" {
			content = program
		}
		h := &tar.Header{Name: e.name, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}
		switch {
		case e.soft != "":
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.soft
		case e.hard != "":
			h.Typeflag, h.Linkname = tar.TypeLink, e.hard
		}
		require.NoError(t, w.WriteHeader(h))
		_, err := w.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return layer.Bytes()
}

func digestOf(content []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(content)) }

func jsonOf(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return text
}

// configOf returns an image's configuration.
func configOf(t *testing.T, layers [][]byte) []byte {
	var ids []string
	var history []map[string]string
	for i, l := range layers {
		ids = append(ids, digestOf(l))
		history = append(history, map[string]string{"created_by": fmt.Sprintf("COPY %d /", i)})
	}
	return jsonOf(t, map[string]any{"architecture": "amd64", "os": "linux", "config": map[string]any{},
		"history": history,
		"rootfs":  map[string]any{"type": "layers", "diff_ids": ids}})
}

// loaded gives the engine an image as docker load does.
func loaded(t *testing.T, name string, layers [][]byte) {
	t.Helper()
	files := map[string]string{"config.json": string(configOf(t, layers))}
	var names []string
	for i, l := range layers {
		names = append(names, fmt.Sprintf("%d.tar", i))
		files[names[i]] = string(l)
	}
	files["manifest.json"] = string(jsonOf(t,
		[]any{map[string]any{"Config": "config.json", "RepoTags": []string{name}, "Layers": names}}))
	var archive bytes.Buffer
	require.NoError(t, tarOf(t, &archive, files))
	done, err := tested.api.ImageLoad(t.Context(), &archive)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, done)
	require.NoError(t, errors.Join(err, done.Close()))
}

// gzipped packs a layer as docker push does.
func gzipped(t *testing.T, layer []byte) []byte {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write(layer)
	require.NoError(t, errors.Join(err, w.Close()))
	return packed.Bytes()
}

// pulled gives the engine an image by way of a registry, gzipped.
func pulled(t *testing.T, name string, layers [][]byte) {
	t.Helper()
	push(t, name, layers, gzipped, "application/vnd.docker.image.rootfs.diff.tar.gzip",
		"application/vnd.docker.container.image.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
}

// pulledZstd is the same with zstd, which Docker 23 and later take.
func pulledZstd(t *testing.T, name string, layers [][]byte) {
	t.Helper()
	version, err := tested.api.ServerVersion(t.Context(), client.ServerVersionOptions{})
	require.NoError(t, err)
	if older(version.APIVersion, 1, 42) {
		t.Skip("this engine reads no layers packed with zstd")
	}
	packer, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	push(t, name, layers, func(_ *testing.T, layer []byte) []byte { return packer.EncodeAll(layer, nil) },
		"application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.oci.image.config.v1+json",
		"application/vnd.oci.image.manifest.v1+json")
}

// push has the engine pull an image whose layers are packed so.
func push(t *testing.T, name string, layers [][]byte, pack func(*testing.T, []byte) []byte, layerType, configType,
	manifestType string) {
	t.Helper()
	blobs := map[string][]byte{}
	about := func(kind string, blob []byte) map[string]any {
		blobs[digestOf(blob)] = blob
		return map[string]any{"mediaType": kind, "digest": digestOf(blob), "size": len(blob)}
	}
	var packed []any
	for _, l := range layers {
		packed = append(packed, about(layerType, pack(t, l)))
	}
	manifest := jsonOf(t, map[string]any{"schemaVersion": 2, "mediaType": manifestType,
		"config": about(configType, configOf(t, layers)), "layers": packed})
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		blob, kind := blobs[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]], "application/octet-stream"
		switch {
		case r.URL.Path == "/v2/":
		case strings.Contains(r.URL.Path, "/manifests/"):
			blob, kind = manifest, manifestType
		case blob == nil:
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Docker-Content-Digest", digestOf(blob))
		w.Header().Set("Content-Length", fmt.Sprint(len(blob)))
		_, _ = w.Write(blob)
	}))
	defer registry.Close()
	ref := strings.TrimPrefix(registry.URL, "http://") + "/base:latest"
	require.NoError(t, tested.Store().Pull(t.Context(), ref, func(string) {}))
	require.NoError(t, tested.Store().Tag(t.Context(), ref, name))
	require.NoError(t, tested.untag(t.Context(), ref))
}

// TestSizesAreOneNumber: an image has one size, whatever the engine keeps it in and however its
// base came. It is what docker images shows with overlay2.
func TestSizesAreOneNumber(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "do")
	compile := exec.Command("go", "build", "-o", program, "./testdata/files")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=-buildvcs=false")
	out, err := compile.CombinedOutput()
	require.NoError(t, err, "%s", out)
	binary, err := os.ReadFile(program)
	require.NoError(t, err)
	for way, give := range map[string]func(*testing.T, string, [][]byte){"loaded": loaded, "pulled": pulled,
		"pulled-zstd": pulledZstd} {
		t.Run(way, func(t *testing.T) {
			name := "taskgrader-test-" + way + "-" + strings.ToLower(unique()) + ":latest"
			give(t, name, [][]byte{
				layerOf(t, binary, packedFile{name: "do"}, packedFile{name: "old", bytes: 1000},
					packedFile{name: "gone", bytes: 2000},
					packedFile{name: "soft", soft: "gone"}, packedFile{name: "hard", hard: "gone"},
					packedFile{name: way, bytes: 10}),
				layerOf(t, nil, packedFile{name: "more", bytes: 500}, packedFile{name: "far", soft: "/proc/self/exe"},
					packedFile{name: ".wh.hard"}),
			})
			t.Cleanup(func() { require.NoError(t, tested.untag(context.Background(), name)) })
			s := open(t, jobOf(t, folder(t, map[string]string{
				"Dockerfile": "FROM " + name + "\nCOPY old /old\nRUN [\"/do\"]\nWORKDIR /away\n",
				"old":        strings.Repeat("y", 300)})))
			image := built(t, s).Image
			require.NoError(t, image.Unmeasured)
			want := []int64{int64(len(binary)) + 1000 + 2000 + 4 + 10, 500 + 14, 300, 700, 0}
			sizes := func(image *check.ImageInfo) (all []int64) {
				for _, l := range image.Layers {
					all = append(all, l.Size)
				}
				return append(all, image.Size, image.Added)
			}
			want = append(want, want[0]+want[1]+1000, 1000)
			require.Equal(t, want, sizes(image))
			about, err := tested.about(t.Context())
			require.NoError(t, err)
			if keepsBlobs(about) {
				_, err := tested.layersOf(t.Context(), image.ID)
				require.NoError(t, err, "no image is saved where its layers can be read")
			} else {
				shown, err := tested.api.ImageInspect(t.Context(), image.ID)
				require.NoError(t, err)
				require.Equal(t, shown.Size, image.Size)
			}
			refused := &Engine{api: tested.api, builder: &builder{refused: "by this test"}}
			require.NoError(t, refused.weigh(t.Context(), image))
			require.Equal(t, want, sizes(image), "the saved image says the same")
		})
	}
}

// TestWeightsAreKept: a later process finds what a layer weighs, by its content alone; what is no
// name of a content, or was not written whole, it reads again. Too many begin anew.
func TestWeightsAreKept(t *testing.T) {
	t.Parallel()
	name, folder := "sha256:"+strings.Repeat("0a", 32), filepath.Join(t.TempDir(), "layers")
	first, later := &weights{kept: folder}, &weights{kept: folder}
	_, ok := later.lookUp(name)
	require.False(t, ok)
	first.keep(name, weight{Files: 3, Links: 4})
	first.keep("../layer.tar", weight{Files: 5})
	found, ok := later.lookUp(name)
	require.True(t, ok)
	require.Equal(t, weight{Files: 3, Links: 4}, found)
	kept, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, kept, 1)
	require.NoError(t, os.WriteFile(filepath.Join(folder, kept[0].Name()), []byte(`{"Files":3`), 0o600))
	_, ok = later.lookUp(name)
	require.False(t, ok)
	for i := range mostKept {
		require.NoError(t, os.WriteFile(filepath.Join(folder, strconv.Itoa(i)), nil, 0o600))
	}
	first.keep(name, weight{Files: 3})
	kept, err = os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, kept, 1)
	first.kept = ""
	first.keep(name, weight{}) // without a folder it is as before
	_, ok = first.lookUp(name)
	require.False(t, ok)
}
