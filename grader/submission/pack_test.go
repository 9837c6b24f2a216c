package submission

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// seen is what a build could see of a folder.
func seen(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(full string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		rel, err := filepath.Rel(dir, full)
		require.NoError(t, err)
		what := info.Mode().String()
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			what, err = os.Readlink(full)
		case info.Mode().IsRegular():
			var text []byte
			text, err = os.ReadFile(full)
			what += info.ModTime().String() + string(text)
		default:
			what += info.ModTime().String()
		}
		require.NoError(t, err)
		all[rel] = what
		return nil
	}))
	return all
}

func there(t *testing.T, name string) string {
	t.Helper()
	var packed bytes.Buffer
	require.NoError(t, Pack(&packed, name))
	back, remove, err := Unpack(&packed)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, remove())
		assert.NoDirExists(t, filepath.Dir(back))
	})
	return back
}

func TestPackKeepsAllOfAFolder(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode fs.FileMode) {
		full := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(text), 0o600))
		require.NoError(t, os.Chmod(full, mode))
		made := time.Date(2024, 2, 3, 4, 5, 6, 789, time.UTC)
		require.NoError(t, os.Chtimes(full, made, made))
	}
	write("Dockerfile", "FROM python:3.12-slim\n", 0o644)
	write("run.sh", "#!/bin/sh\n", 0o755)
	write("closed", "for the owner", 0o600)
	write(".git/HEAD", "ref: refs/heads/main\n", 0o644)
	write(".git/objects/ab/cd", "blob", 0o444)
	write(strings.Repeat("long/", 40)+strings.Repeat("n", 200), "deep", 0o644)
	write("with blank, ünïcode, 名", "odd", 0o644)
	write("node_modules/.bin/tool", "x", 0o755)
	if runtime.GOOS == "linux" {
		write("latin-\xe9", "no UTF-8", 0o644)
		write(`back\slash:colon`, "odd", 0o644)
		write("set", "uid", fs.ModeSetuid|0o755)
	}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "empty/within"), 0o755))
	require.NoError(t, os.Symlink("Dockerfile", filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "out")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, ".venv")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sealed"), 0o755))
	write("sealed/file", "x", 0o644)
	require.NoError(t, os.Chmod(filepath.Join(dir, "sealed"), 0o555))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "sealed"), 0o755) })

	back := there(t, dir)
	assert.Equal(t, seen(t, dir), seen(t, back))
	here, err := Open(dir)
	require.NoError(t, err)
	elsewhere, err := Open(back)
	require.NoError(t, err)
	assert.Equal(t, here.Digest, elsewhere.Digest)
	assert.Equal(t, here.ProgramDigest, elsewhere.ProgramDigest)
	assert.Nil(t, elsewhere.Refused)
}

// What is refused as an archive is graded as a folder, on any machine.
func TestPackHasNoStudentsLimits(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "zeros"))
	require.NoError(t, err)
	require.NoError(t, f.Truncate(30<<20)) // sparse: packed it is beyond the ratio
	require.NoError(t, f.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".DS_Store"), []byte("x"), 0o644))
	back := there(t, dir)
	info, err := os.Stat(filepath.Join(back, "zeros"))
	require.NoError(t, err)
	assert.EqualValues(t, 30<<20, info.Size())
	assert.FileExists(t, filepath.Join(back, ".DS_Store"))
}

func TestPackSendsAnArchiveAsItIs(t *testing.T) {
	for _, name := range []string{"Work.ZIP", "work.tar.gz", "folder.zip", "damaged.zip"} {
		t.Run(name, func(t *testing.T) {
			full := filepath.Join(t.TempDir(), name)
			require.NoError(t, os.WriteFile(full, []byte("no archive at all"), 0o644))
			back := there(t, full)
			assert.Equal(t, name, filepath.Base(back))
			here, err := Open(full)
			require.NoError(t, err)
			elsewhere, err := Open(back)
			require.NoError(t, err)
			assert.Equal(t, here.Refused, elsewhere.Refused)
			require.NoError(t, here.Close())
			require.NoError(t, elsewhere.Close())
		})
	}
}

func TestPackFollowsALinkToAFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "real"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "real", "Dockerfile"), []byte("FROM scratch\n"), 0o644))
	require.NoError(t, os.Symlink("real", filepath.Join(dir, "ann")))
	back := there(t, filepath.Join(dir, "ann"))
	assert.FileExists(t, filepath.Join(back, "Dockerfile"))
	here, err := Open(filepath.Join(dir, "ann"))
	require.NoError(t, err)
	elsewhere, err := Open(back)
	require.NoError(t, err)
	assert.Equal(t, here.Digest, elsewhere.Digest)
	assert.Equal(t, "ann", here.ID)
}

func TestUnpackStaysInItsFolder(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers []tar.Header
	}{
		{"a path", []tar.Header{{Name: "../out", Typeflag: tar.TypeReg, Mode: 0o644}}},
		{"an absolute path", []tar.Header{{Name: "/etc/out", Typeflag: tar.TypeReg, Mode: 0o644}}},
		{"through a link", []tar.Header{{Name: "folder/", Typeflag: tar.TypeDir, Mode: 0o755},
			{Name: "folder/up", Typeflag: tar.TypeSymlink, Linkname: "../../.."},
			{Name: "folder/up/out", Typeflag: tar.TypeReg, Mode: 0o644}}},
		{"a device", []tar.Header{{Name: "folder/", Typeflag: tar.TypeDir, Mode: 0o755},
			{Name: "folder/dev", Typeflag: tar.TypeChar, Mode: 0o644}}},
		{"nothing", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			var packed bytes.Buffer
			z, err := zstd.NewWriter(&packed)
			require.NoError(t, err)
			w := tar.NewWriter(z)
			for _, h := range c.headers {
				require.NoError(t, w.WriteHeader(&h))
			}
			require.NoError(t, w.Close())
			require.NoError(t, z.Close())
			_, _, err = Unpack(&packed)
			require.Error(t, err)
			left, err := os.ReadDir(temp)
			require.NoError(t, err)
			assert.Empty(t, left, "nothing stays of it, and nothing lies outside")
		})
	}
}
