package cache

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
)

func zipOf(t *testing.T, names ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	noise := make([]byte, 60_000)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	for _, name := range names {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write(noise)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func tarOf(t *testing.T, name string, data []byte) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o600}))
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func gzipOf(t *testing.T, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// TestArchived: names are read in whatever a program is packed, and of what is broken those before.
func TestArchived(t *testing.T) {
	names := []string{"a/__init__.py", "b/" + strings.Repeat("x", 300)}
	packed := zipOf(t, names...)
	many := zipOf(t, slices.Repeat([]string{strings.Repeat("n", 1000)}, 3)...)
	for name, c := range map[string]struct {
		file []byte
		want []string
	}{
		"zip": {packed, names}, "zipapp": {append([]byte("#!/usr/bin/env python\n"), packed...), names},
		"tar":                 {tarOf(t, "c.txt", []byte("x")), []string{"c.txt"}},
		"tar.gz":              {gzipOf(t, tarOf(t, "c.txt", []byte("x"))), []string{"c.txt"}},
		"zip in tar.gz":       {gzipOf(t, tarOf(t, "c.zip", packed)), append([]string{"c.zip"}, names...)},
		"zip across reads":    {append(make([]byte, 64<<10-20), packed...), names},
		"several of one name": {many, slices.Repeat([]string{strings.Repeat("n", 1000)}, 3)},
		"broken":              {gzipOf(t, packed)[:500], nil},
		"cut":                 {append(slices.Clone(packed), zipEntry...), names},
		"nothing":             {nil, nil},
	} {
		var got []string
		require.NoError(t, archived(bytes.NewReader(c.file), func(name string) { got = append(got, name) }), name)
		assert.Equal(t, c.want, got, name)
	}
}

// TestVendored: packages of the folder that a COPY brings along with the program come again with
// each edit, however they are packed; not so what a layer above holds.
func TestVendored(t *testing.T) {
	archive := string(zipOf(t, "fastapi-1.dist-info/METADATA", "starlette-1.dist-info/METADATA"))
	wheel := string(zipOf(t, "x/__init__.py"))
	with := func(lines string, files map[string]string) *checktest.Target {
		target := checktest.New().Without(".dockerignore").With("requirements.txt", "fastapi\n").
			With("Dockerfile", "FROM python:3.12-slim\nWORKDIR /app\n"+lines)
		for name, text := range files {
			target = target.With(name, text)
		}
		return target
	}
	installed := map[string]string{"lib/fastapi-1.0.dist-info/METADATA": "x", "lib/starlette-2.dist-info/METADATA": "x"}
	const lost = "0 an edit keeps the dependencies: want every installing step from the cache after an edit of " +
		"main.py; got run again: COPY . .; hint: Copy the dependencies in a COPY of their own, above that of the " +
		"program.; at Dockerfile:"
	const kept = "ok an edit keeps the dependencies"
	const install = "COPY requirements.txt .\nRUN pip install -r requirements.txt && " +
		"fill /p/fastapi-1.dist-info/METADATA 9 && fill /p/starlette-2.dist-info/METADATA 9\n"
	for name, c := range map[string]struct {
		lines string
		files map[string]string
		want  string
	}{
		"installed":         {"COPY . .\n", installed, lost},
		"a zip archive":     {"COPY . .\n", map[string]string{"deps.zip": archive}, lost},
		"a program and zip": {"COPY . .\n", map[string]string{"all.pyz": "#!/usr/bin/python\n" + archive}, lost},
		"wheels":            {"COPY . .\n", map[string]string{"w/a-1-any.whl": wheel, "w/b-1-any.whl": wheel}, lost},
		"of npm": {"COPY . .\n", map[string]string{"node_modules/a/i.js": "", "node_modules/b/i.js": ""},
			lost},
		"and a decoy": {"RUN pip install six && fill /p/six-1.dist-info/METADATA 9\nCOPY . .\n", installed,
			lost},
		"above the program":   {"COPY lib lib\nCOPY main.py .\n", installed, kept},
		"above it, and again": {"COPY lib lib\nCOPY . .\n", installed, kept},
		"of what RUN installs": {install + "COPY . .\n", map[string]string{
			".venv/fastapi-1.0.dist-info/METADATA": "x", ".venv/starlette-2.dist-info/METADATA": "x",
			".venv/pytest-2.dist-info/METADATA": "x"}, kept},
		"ignored":          {"COPY . .\n", map[string]string{"deps.zip": archive, ".dockerignore": "deps.zip\n"}, kept},
		"one, the program": {"COPY . .\n", map[string]string{"app.egg-info/PKG-INFO": "x"}, kept},
	} {
		assert.Contains(t, checktest.Asked(t, Kind(), "cache: {}", with(c.lines, c.files)), c.want, name)
	}
}
