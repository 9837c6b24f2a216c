package baseimage

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wheelOf writes a wheel with these files.
func wheelOf(t *testing.T, dir, name string, files map[string]string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for file, text := range files {
		w, err := z.Create(file)
		require.NoError(t, err)
		_, err = io.WriteString(w, text)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644))
}

// contents returns the files of an archive.
func contents(t *testing.T, archive io.Reader) map[string]string {
	t.Helper()
	files := map[string]string{}
	for r := tar.NewReader(archive); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NotContains(t, files, h.Name)
		files[h.Name] = string(text)
	}
}

func added(t *testing.T, all wheels, uv bool) map[string]string {
	t.Helper()
	var base, out bytes.Buffer
	w := tar.NewWriter(&base)
	require.NoError(t, addFile(w, "etc/pip.conf", []byte("no-index"), 0o644))
	require.NoError(t, w.Close())
	require.NoError(t, extended(&out, &base, func(w *tar.Writer) error {
		if uv {
			return all.addUV(w, []byte("stand-in"), "usr/local/bin/")
		}
		return all.add(w)
	}))
	return contents(t, &out)
}

// TestWheels: what an instructor adds is installed from, and uv and pip among it are used in the
// place of the others.
func TestWheels(t *testing.T) {
	dir := t.TempDir()
	wheelOf(t, dir, "aiofiles-1.0-py3-none-any.whl", map[string]string{"aiofiles/__init__.py": ""})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "old-2.0.tar.gz"), []byte("an sdist"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README.md"), []byte("not for pip"), 0o644))
	few, err := readWheels(dir)
	require.NoError(t, err)
	assert.Len(t, few, 2)
	files := added(t, few, false)
	assert.Len(t, files, 3)
	assert.Equal(t, "no-index", files["etc/pip.conf"])
	assert.Equal(t, "an sdist", files["usr/local/share/wheelhouse/old-2.0.tar.gz"])
	assert.Contains(t, files, "usr/local/share/wheelhouse/aiofiles-1.0-py3-none-any.whl")
	assert.Equal(t, map[string]string{"etc/pip.conf": "no-index", "usr/local/bin/uv": "stand-in",
		"usr/local/bin/uvx": "stand-in"}, added(t, few, true))

	wheelOf(t, dir, "uv-0.13.9-py3-none-manylinux.whl", map[string]string{"uv-0.13.9.data/scripts/uv": "the real uv",
		"uv-0.13.9.data/scripts/uvx": "the real uvx", "uv/__init__.py": ""})
	wheelOf(t, dir, "pip-26.3-py3-none-any.whl", map[string]string{"pip/__init__.py": "26.3",
		"pip-26.3.dist-info/METADATA": "Name: pip"})
	all, err := readWheels(dir)
	require.NoError(t, err)
	files = added(t, all, false)
	assert.Equal(t, "26.3", files["usr/local/lib/python3.13/dist-packages/pip/__init__.py"])
	assert.Equal(t, "no-index = true\nfind-links = [\"/usr/local/share/wheelhouse\"]\n", files["etc/uv/uv.toml"])
	assert.Equal(t, map[string]string{"etc/pip.conf": "no-index", "usr/local/bin/uv": "the real uv",
		"usr/local/bin/uvx": "the real uvx"}, added(t, all, true))

	// a stand-in with other wheels is made again, and one with some stays where none are asked for
	label, err := few.recipe()
	require.NoError(t, err)
	for _, c := range []struct {
		label string
		all   wheels
		want  bool
	}{{recipe, nil, true}, {"2", nil, false}, {label, nil, true}, {label, few, true}, {recipe, few, false},
		{label, all, false}} {
		same, err := fits(c.label, c.all)
		require.NoError(t, err)
		assert.Equal(t, c.want, same, "%s, %d wheels", c.label, len(c.all))
	}

	empty := t.TempDir()
	_, err = readWheels(empty)
	var setup *SetupError
	require.ErrorAs(t, err, &setup)
	assert.Equal(t, "there are no wheels in \""+empty+"\"", setup.Message)
	_, err = readWheels(filepath.Join(empty, "nowhere"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}
