package submission

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// member is one entry of an archive.
type member struct {
	name string
	text string
	mode fs.FileMode // 0 is a plain file
	link string
	kind byte // of tar; 0 is what mode says
}

func members(files map[string]string) (out []member) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		out = append(out, member{name: name, text: files[name]})
	}
	return out
}

func under(folder string, files map[string]string) map[string]string {
	out := map[string]string{}
	for name, text := range files {
		out[folder+"/"+name] = text
	}
	return out
}

func zipped(t testing.TB, all []member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range all {
		h := &zip.FileHeader{Name: m.name, Method: zip.Deflate}
		h.SetMode(0o644 | m.mode)
		f, err := w.CreateHeader(h)
		require.NoError(t, err)
		if m.link != "" {
			m.text = m.link
		}
		if !strings.HasSuffix(m.name, "/") {
			_, err = io.WriteString(f, m.text)
			require.NoError(t, err)
		}
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func tarred(t testing.TB, all []member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range all {
		h := &tar.Header{Name: m.name, Mode: int64(0o644 | m.mode.Perm()), Size: int64(len(m.text)), Linkname: m.link,
			Typeflag: tar.TypeReg}
		switch {
		case m.kind != 0:
			h.Typeflag = m.kind
		case m.mode&fs.ModeSymlink != 0:
			h.Typeflag = tar.TypeSymlink
		case strings.HasSuffix(m.name, "/"):
			h.Typeflag = tar.TypeDir
		}
		if h.Typeflag != tar.TypeReg {
			h.Size, m.text = 0, ""
		}
		require.NoError(t, w.WriteHeader(h))
		_, err := io.WriteString(w, m.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// packings are the ways in which students pack.
var packings = map[string]func(testing.TB, []member) []byte{
	"work.zip":    zipped,
	"WORK.ZIP":    zipped,
	"work.tar.gz": func(t testing.TB, all []member) []byte { return gzipped(t, tarred(t, all)) },
	"work.tgz":    func(t testing.TB, all []member) []byte { return gzipped(t, tarred(t, all)) },
}

// openPacked opens an archive of these bytes, in a machine with a temporary folder of its own, and
// gives that folder.
func openPacked(t *testing.T, name string, data []byte) (s *Submission, temporary string) {
	t.Helper()
	temporary = t.TempDir()
	t.Setenv("TMPDIR", temporary)
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, data, 0o644))
	return open(t, file), temporary
}

// list returns all paths below a folder.
func list(t testing.TB, dir string) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(full string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, full)
			paths = append(paths, filepath.ToSlash(rel))
		}
		return err
	}))
	return paths
}

func TestSameContentSameDigest(t *testing.T) {
	folder := open(t, lay(t, lesson))
	litter := map[string]string{"__MACOSX/._main.py": "x", "__MACOSX/work/._main.py": "x", "._main.py": "x",
		".DS_Store": "x"}
	both := maps.Clone(lesson)
	maps.Copy(both, litter)
	inner := under("work", lesson)
	inner["work/.DS_Store"], inner["work/app/._util.py"] = "x", "x"
	maps.Copy(inner, litter)
	contents := map[string][]member{
		"as it is":      members(lesson),
		"another order": reversed(members(lesson)),
		"in a folder":   members(under("work", lesson)),
		"with folders": append([]member{{name: "work/", mode: fs.ModeDir | 0o755},
			{name: "work/app/", mode: fs.ModeDir | 0o755}}, members(under("work", lesson))...),
		"with ./ in front": members(under(".", lesson)),
		"by a Mac":         members(both),
		"by a Mac, in one": members(inner),
	}
	for what, all := range contents {
		for name, pack := range packings {
			t.Run(what+" "+name, func(t *testing.T) {
				s, _ := openPacked(t, name, pack(t, all))
				require.Nil(t, s.Refused)
				assert.ElementsMatch(t, slices.Collect(maps.Keys(lesson)), list(t, s.Dir))
				assert.Equal(t, folder.Digest, s.Digest)
				assert.Equal(t, folder.ProgramDigest, s.ProgramDigest)
				assert.Equal(t, name[:4], s.ID, "the id is the name without its ending")
			})
		}
	}
}

func reversed(all []member) []member { slices.Reverse(all); return all }

func TestBackslashesAreFolders(t *testing.T) {
	all := []member{}
	for _, m := range members(lesson) {
		m.name = strings.ReplaceAll(`work\`+m.name, "/", `\`)
		all = append(all, m)
	}
	s, _ := openPacked(t, "work.zip", zipped(t, all))
	assert.Equal(t, open(t, lay(t, lesson)).Digest, s.Digest)
}

func TestProgramsStayPrograms(t *testing.T) {
	for name, pack := range packings {
		s, _ := openPacked(t, name, pack(t, []member{{name: "run.sh", mode: 0o755},
			{name: "setuid", mode: 0o755 | fs.ModeSetuid}, {name: "plain"}}))
		for file, want := range map[string]fs.FileMode{"run.sh": 0o111, "setuid": 0o111, "plain": 0} {
			info, err := os.Stat(filepath.Join(s.Dir, file))
			require.NoError(t, err)
			assert.Equal(t, want != 0, info.Mode()&0o100 != 0, "%s in %s", file, name)
			assert.Zero(t, info.Mode()&(fs.ModeSetuid|0o022))
		}
	}
}

func TestTwoTopFoldersAreNoWrapping(t *testing.T) {
	s, _ := openPacked(t, "a.zip", zipped(t, members(map[string]string{"a/x": "1", "b/y": "2"})))
	assert.Equal(t, []string{"a/x", "b/y"}, list(t, s.Dir))
}

func TestCloseRemovesWhatWasUnpacked(t *testing.T) {
	s, temporary := openPacked(t, "a.zip", zipped(t, members(lesson)))
	assert.Len(t, must(os.ReadDir(temporary)), 1)
	require.NoError(t, s.Close())
	assert.Empty(t, must(os.ReadDir(temporary)))
	require.NoError(t, s.Close(), "a second Close is nothing")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

const (
	repack  = "Pack the folder again with your system's own archive program."
	tryIt   = "Pack the folder again and try to unpack it yourself before you hand it in."
	leave   = "Leave .venv, data and built files out of what you hand in."
	noLinks = "Hand in files, not links to them."
)

func TestRefused(t *testing.T) {
	ok := member{name: "work/main.py", text: "x = 1\n"}
	noise := make([]byte, 60_000)
	_, _ = rand.Read(noise)
	for _, c := range []struct {
		name          string
		all           []member
		message, hint string
		tarOnly       bool
	}{
		{"a way up", []member{ok, {name: "../evil"}}, `the archive holds a path that leads out of it: "../evil"`,
			repack, false},
		{"a way up, hidden", []member{ok, {name: "work/../../evil"}},
			`the archive holds a path that leads out of it: "work/../../evil"`, repack, false},
		{"a way up, by backslash", []member{ok, {name: `..\evil`}},
			`the archive holds a path that leads out of it: "../evil"`, repack, false},
		{"the top itself", []member{ok, {name: ".."}}, `the archive holds a path that leads out of it: ".."`, repack,
			false},
		{"an absolute path", []member{ok, {name: "/tmp/evil"}},
			`the archive holds a path that leads out of it: "/tmp/evil"`, repack, false},
		{"a drive", []member{ok, {name: `C:\evil`}}, `the archive holds a path that leads out of it: "C:/evil"`, repack,
			false},
		{"litter that leads out", []member{ok, {name: "__MACOSX/../../evil"}},
			`the archive holds a path that leads out of it: "__MACOSX/../../evil"`, repack, false},
		{"a link out", []member{ok, {name: "work/link", mode: fs.ModeSymlink | 0o777, link: "/etc/passwd"}},
			`the archive holds a link: "work/link"`, noLinks, false},
		{"a link within", []member{ok, {name: "work/link", mode: fs.ModeSymlink | 0o777, link: "main.py"}},
			`the archive holds a link: "work/link"`, noLinks, false},
		{"a link beside a virtual environment", []member{ok, {name: "work/.venv/bin/python",
			mode: fs.ModeSymlink | 0o777, link: "/usr/bin/python3"}, {name: "work/venv.py",
			mode: fs.ModeSymlink | 0o777, link: "main.py"}}, `the archive holds a link: "work/venv.py"`, noLinks,
			false},
		{"a hard link", []member{ok, {name: "work/link", link: "/etc/passwd", kind: tar.TypeLink}},
			`the archive holds a link: "work/link"`, noLinks, true},
		{"a pipe", []member{ok, {name: "work/pipe", kind: tar.TypeFifo}},
			`the archive holds what is neither file nor folder: "work/pipe"`, "Hand in plain files.", true},
		{"a device", []member{ok, {name: "work/dev", kind: tar.TypeBlock}},
			`the archive holds what is neither file nor folder: "work/dev"`, "Hand in plain files.", true},
		{"a file and a folder of one name", []member{{name: "a", text: "x"}, {name: "a/b", text: "x"}},
			`the archive holds a path that no folder can: "a/b"`, repack, false},
		{"a folder and a file of one name", []member{{name: "a/b", text: "x"}, {name: "a", text: "x"}},
			`the archive holds a path that no folder can: "a"`, repack, false},
		{"a file and a folder entry of one name", []member{{name: "a", text: "x"},
			{name: "a/", mode: fs.ModeDir | 0o755}}, `the archive holds a path that no folder can: "a"`, repack, false},
		{"a file and a folder below it", []member{{name: "a", text: "x"}, {name: "a/b/c", text: "x"}},
			`the archive holds a path that no folder can: "a/b/c"`, repack, false},
		{"a name too long", []member{ok, {name: strings.Repeat("n", 300)}},
			fmt.Sprintf("the archive holds a path that no folder can: %q", strings.Repeat("n", 300)), repack, false},
		{"a bomb by ratio", []member{ok, {name: "zeros", text: strings.Repeat("\x00", 11<<20)}},
			"the archive unpacks to far more than a submission needs", leave, false},
		{"a bomb by ratio in parts", parts(6, 2<<20), "the archive unpacks to far more than a submission needs", leave,
			false},
		{"a bomb by ratio with ballast", []member{{name: "noise", text: string(noise)},
			{name: "zeros", text: strings.Repeat("\x00", 18<<20)}},
			"the archive unpacks to far more than a submission needs", leave, false},
	} {
		for name, pack := range packings {
			if c.tarOnly && strings.HasSuffix(strings.ToLower(name), ".zip") {
				continue
			}
			t.Run(c.name+" "+name, func(t *testing.T) {
				s, temporary := openPacked(t, name, pack(t, c.all))
				assert.Equal(t, &Refused{Message: c.message, Hint: c.hint}, s.Refused)
				assert.Empty(t, list(t, s.Dir), "what was refused leaves nothing behind")
				assert.Empty(t, list(t, temporary))
				assert.Regexp(t, `^sha256:`, s.Digest)
				assert.NoFileExists(t, filepath.Join(filepath.Dir(temporary), "evil"))
				assert.NoFileExists(t, "/tmp/evil")
			})
		}
	}
}

func parts(n, size int) (all []member) {
	for i := range n {
		all = append(all, member{name: fmt.Sprintf("part%d", i), text: strings.Repeat("\x00", size)})
	}
	return all
}

func TestTenMegabytesAreNoBomb(t *testing.T) {
	for name, pack := range packings {
		s, _ := openPacked(t, name, pack(t, parts(5, 2<<20)))
		assert.Nil(t, s.Refused, name)
		s, _ = openPacked(t, name, pack(t, append(parts(5, 2<<20), member{name: "one more", text: "x"})))
		assert.NotNil(t, s.Refused, name)
	}
}

func TestBombByCount(t *testing.T) {
	want := &Refused{Message: "the archive holds more than 20000 files",
		Hint: "Leave .venv, node_modules and the like out of what you hand in."}
	var many []member
	for range maxEntries + 1 { // the same again and again, so that the test is quick
		many = append(many, member{name: "d/", mode: fs.ModeDir | 0o755})
	}
	var passed []member // over
	for range maxEntries + 1 {
		passed = append(passed, member{name: "__MACOSX/x"})
	}
	deep := []member{{name: strings.Repeat("d/", maxEntries) + "f"}} // one entry, and very many folders
	for name, all := range map[string][]member{"many.zip": many, "deep.zip": deep, "passed.zip": passed} {
		s, _ := openPacked(t, name, zipped(t, all))
		assert.Equal(t, want, s.Refused, name)
		assert.Empty(t, must(os.ReadDir(s.Dir)))
	}
}

// TestListOfFiles: a zip whose list of files is longer than that of so many may be is not listed at
// all.
func TestListOfFiles(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for range maxEntries / 50 {
		_, err := w.CreateHeader(&zip.FileHeader{Name: "f", Comment: strings.Repeat("c", 60_000)})
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	s, _ := openPacked(t, "work.zip", b.Bytes())
	assert.Equal(t, &Refused{Message: "the archive holds more than 20000 files",
		Hint: "Leave .venv, node_modules and the like out of what you hand in."}, s.Refused)
}

// TestPassedOver: what of a tar is not laid out is read within limits, too.
func TestPassedOver(t *testing.T) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	require.NoError(t, err)
	w := tar.NewWriter(z)
	const size = maxSkipped + 1<<20
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "__MACOSX/x", Mode: 0o644, Size: size}))
	_, err = io.CopyN(w, zeros{}, size)
	require.NoError(t, err)
	require.NoError(t, errors.Join(w.Close(), z.Close()))
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer root.Close()
	name := filepath.Join(t.TempDir(), "work.tgz")
	require.NoError(t, os.WriteFile(name, b.Bytes(), 0o644))
	u := &unpacker{root: root, limits: limits{1 << 20, maxEntries}, packed: 1 << 20, folders: map[string]bool{}}
	assert.EqualError(t, u.tar(name), "the archive unpacks to far more than a submission needs")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestNotTheFolder: what was packed is said, so that nobody looks for a fault in the Dockerfile.
func TestNotTheFolder(t *testing.T) {
	for only, refused := range map[string]bool{"app.zip": true, "APP.RAR": true, "app.tar.gz": true, "report.pdf": true,
		"report.docx": true,
		"Dockerfile":  false, "main.py": false, "zip": false} {
		for _, all := range [][]member{{{name: only}}, {{name: "work/" + only}, {name: "__MACOSX/work/._" + only}}} {
			for name, pack := range packings {
				s, _ := openPacked(t, name, pack(t, all))
				if !refused {
					assert.Nil(t, s.Refused, only)
					continue
				}
				assert.Equal(t, &Refused{Message: fmt.Sprintf("the archive holds only %q", only),
					Hint: "Pack the folder itself, with the Dockerfile and the program in it."}, s.Refused)
				assert.Empty(t, list(t, s.Dir))
			}
		}
		s, _ := openPacked(t, "work.zip", zipped(t, []member{{name: only}, {name: "Dockerfile.txt"}}))
		assert.Nil(t, s.Refused, "beside another file it is one file more")
	}
}

func TestEncrypted(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	_, err := w.CreateHeader(&zip.FileHeader{Name: "Dockerfile", Flags: 1})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	s, _ := openPacked(t, "work.zip", b.Bytes())
	assert.Equal(t, &Refused{Message: "the archive is encrypted: it does not open without its password",
		Hint: "Pack the folder again without a password."}, s.Refused)
	assert.Empty(t, list(t, s.Dir))
}

// TestLimits asks the unpacker itself, since half a gigabyte would take long.
func TestLimits(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer root.Close()
	content := func(text string) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
	}
	u := &unpacker{root: root, limits: limits{maxUnpacked, maxEntries}, packed: 1 << 40, written: maxUnpacked - 10,
		folders: map[string]bool{}}
	require.NoError(t, u.entry("ten", 0o644, content("0123456789")))
	require.EqualError(t, u.entry("one", 0o644, content("x")),
		"the archive unpacks to far more than a submission needs")
	u = &unpacker{root: root, limits: limits{maxUnpacked, maxEntries}, packed: 1 << 20, entries: maxEntries - 2,
		folders: map[string]bool{}}
	require.NoError(t, u.entry("a/b", 0o644, content("")), "a file and its folder")
	require.EqualError(t, u.entry("a/c", 0o644, content("")), "the archive holds more than 20000 files")
}

// TestWhoseFault: an archive that cannot be read is the student's fault, a disk that cannot be
// written is ours.
func TestWhoseFault(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	u := &unpacker{root: root, limits: limits{maxUnpacked, maxEntries}, packed: 1 << 20, folders: map[string]bool{}}
	broken := func() (io.ReadCloser, error) { return io.NopCloser(brokenReader{}), nil }
	var refused *Refused
	require.ErrorAs(t, u.entry("a", 0o644, broken), &refused)
	assert.Equal(t, &Refused{Message: "the archive is damaged: bad sector", Hint: tryIt}, refused)
	if _, err := os.Stat("/dev/full"); err == nil {
		full, err := os.OpenRoot("/dev")
		require.NoError(t, err)
		defer full.Close()
		u := &unpacker{root: full, limits: limits{maxUnpacked, maxEntries}, packed: 1 << 20, folders: map[string]bool{}}
		err = u.entry("full", 0o644, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil })
		require.ErrorContains(t, err, "unpacking: write /dev/full: no space left on device")
		assert.False(t, errors.As(err, &refused), "a full disk is not the student's fault")
	}
	require.NoError(t, root.Close())
	err = u.entry("b/c", 0o644, broken)
	require.ErrorContains(t, err, "unpacking: ")
	assert.False(t, errors.As(err, &refused))
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("bad sector") }

func TestDamaged(t *testing.T) {
	right := map[string][]byte{"a.zip": zipped(t, members(lesson)), "a.tar.gz": gzipped(t, tarred(t, members(lesson)))}
	for name, data := range map[string][]byte{"a.zip": right["a.zip"][:len(right["a.zip"])/2],
		"b.zip": []byte("no zip"), "c.zip": nil,
		"a.tar.gz": right["a.tar.gz"][:len(right["a.tar.gz"])/2], "b.tgz": []byte("no gzip"),
		"c.tgz":      gzipped(t, []byte(strings.Repeat("no tar ", 200))),
		"zip.tar.gz": right["a.zip"], "tar.zip": right["a.tar.gz"]} {
		s, _ := openPacked(t, name, data)
		require.NotNil(t, s.Refused, name)
		assert.Regexp(t, `^the archive is damaged: `, s.Refused.Message, name)
		assert.Equal(t, tryIt, s.Refused.Hint)
		assert.Empty(t, list(t, s.Dir))
	}
}

func TestNoArchive(t *testing.T) {
	for _, name := range []string{"work.rar", "work.7z", "main.py", "zip"} {
		s, _ := openPacked(t, name, []byte("x"))
		assert.Equal(t, &Refused{Message: fmt.Sprintf("%q is no folder and no archive", name),
			Hint: "Hand in a folder, a .zip or a .tar.gz."}, s.Refused)
	}
}

func TestIsArchive(t *testing.T) {
	for name, want := range map[string]bool{"a.zip": true, "a.ZIP": true, "a.tar.gz": true, "a.tgz": true,
		"a.Tar.Gz": true,
		".zip":     false, "a.tar": false, "a.gz": false, "zip": false, "a.zip.bak": false, "": false} {
		assert.Equal(t, want, IsArchive(name), name)
	}
}

// FuzzArchive: whatever the bytes, Open gives a submission, refused or laid out, that stays in its
// folder and is gone after Close.
func FuzzArchive(f *testing.F) {
	seeds := [][]member{members(lesson), members(under("work", lesson)),
		{{name: "../evil"}}, {{name: "/evil"}}, {{name: "a"}, {name: "a/b"}},
		{{name: "l", mode: fs.ModeSymlink, link: "/"}, {name: "l/x"}},
		{{name: "__MACOSX/._x"}, {name: "d/", mode: fs.ModeDir | 0o755}}}
	for _, all := range seeds {
		f.Add(uint8(0), zipped(f, all))
		f.Add(uint8(1), gzipped(f, tarred(f, all)))
		f.Add(uint8(2), tarred(f, all))
	}
	f.Fuzz(func(t *testing.T, how uint8, data []byte) {
		outer := t.TempDir()
		temporary := filepath.Join(outer, "tmp")
		if err := os.Mkdir(temporary, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TMPDIR", temporary)
		name := []string{"a.zip", "a.tar.gz", "a.tgz"}[how%3]
		if how%3 == 2 {
			data = gzipped(t, data)
		}
		file := filepath.Join(outer, name)
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := Open(file)
		if err != nil {
			t.Fatalf("the student's archive is our fault: %v", err)
		}
		if rel, err := filepath.Rel(temporary, s.Dir); err != nil || strings.HasPrefix(rel, "..") {
			t.Fatalf("laid out in %q", s.Dir)
		}
		_ = filepath.WalkDir(s.Dir, func(full string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() && !d.Type().IsRegular() || s.Refused != nil && full != s.Dir {
				t.Fatalf("%q: %v, %v, refused %v", full, d, err, s.Refused)
			}
			return nil
		})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if left := list(t, outer); len(left) != 1 || left[0] != name {
			t.Fatalf("it left %q", left)
		}
	})
}
