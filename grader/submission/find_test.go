package submission

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func nothing(string) bool { return false }

// TestFind: the submissions of a class are found where they are, and it is said where.
func TestFind(t *testing.T) {
	three := []string{"ana.zip", "bo.zip", "cy.zip"}
	lms := zipped(t, []member{{name: "ana.zip"}, {name: "bo.zip"}, {name: "cy.zip"}})
	moodle := zipped(t, []member{{name: "Jane Roe_77_assignsubmission_file_/Dockerfile"},
		{name: "Jane Roe_77_assignsubmission_file_/main.py"}})
	for name, c := range map[string]struct {
		files []string
		zips  map[string][]byte
		named string
		want  []string // files
		note  string
	}{
		"the folder": {files: three, want: three},
		"the folder above": {files: []string{"in/ana.zip", "in/bo.zip", "in/cy.zip", "quick.yaml"}, want: three,
			note: `"DIR" holds the folder "in", and this the submissions (3): they are graded`},
		"two above": {files: []string{"a/in/ana/Dockerfile", "a/in/bo/Dockerfile"},
			want: []string{"ana", "bo"},
			note: `"DIR/a" holds the folder "in", and this the submissions (2): they are graded`},
		"an archive in it": {zips: map[string][]byte{"all.zip": lms}, want: three,
			note: `"DIR/all.zip" holds the submissions (3): they are graded`},
		"the archive": {zips: map[string][]byte{"all.zip": lms}, named: "all.zip", want: three,
			note: `"DIR/all.zip" holds the submissions (3): they are graded`},
		"Moodle's, of one": {zips: map[string][]byte{"all.zip": moodle},
			want: []string{"Jane Roe_77_assignsubmission_file_"},
			note: `"DIR/all.zip" holds the submissions (1): they are graded`},
		"both": {files: []string{"all/ana.zip", "all/bo.zip", "all/cy.zip"},
			zips: map[string][]byte{"all.zip": lms}, want: three,
			note: `"DIR" holds the folder "all", and this the submissions (3): they are graded`},
		"a class of one": {files: []string{"ana/Dockerfile"}, want: []string{"ana"}},
		"a class of one zip": {zips: map[string][]byte{"ana.zip": zipped(t, []member{{name: "Dockerfile"}})},
			want: []string{"ana.zip"}},
		"work without a file": {files: []string{"ana/main.py", "bo/main.py"}, want: []string{"ana", "bo"}},
		"two services each": {files: []string{"ana/api/Dockerfile", "ana/web/Dockerfile", "bo/api/Dockerfile",
			"bo/web/Dockerfile"}, want: []string{"ana", "bo"}},
		"one of many": {files: []string{"ana/x.zip", "ana/y.zip", "bo/Dockerfile"},
			want: []string{"ana", "bo"}},
		"beside the reports": {files: []string{"in/ana.zip", "in/bo.zip", "reports/class.json"}, want: three[:2],
			note: `"DIR" holds the folder "in", and this the submissions (2): they are graded`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("TMPDIR", t.TempDir())
			for _, file := range c.files {
				put(t, dir, file)
			}
			for file, data := range c.zips {
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), data, 0o644))
			}
			f, err := Find(filepath.Join(dir, c.named),
				func(full string) bool { return filepath.Base(full) == "reports" })
			require.NoError(t, err)
			var got []string
			for _, e := range f.Entries {
				got = append(got, e.File)
			}
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.note, replaceAll(f.Note, dir, "DIR"))
			require.NoError(t, f.Close())
			assert.Empty(t, must(os.ReadDir(os.TempDir())), "nothing unpacked stays")
		})
	}
}

func TestFindSeveral(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{"a/ana.zip", "a/bo.zip", "b/Jane Roe_77_assignsubmission_file_/Dockerfile"} {
		put(t, dir, file)
	}
	_, err := Find(dir, nothing)
	var several *SeveralError
	require.ErrorAs(t, err, &several)
	assert.Equal(t, `the folder "DIR" holds no submissions, but 2 folders with submissions`,
		replaceAll(err.Error(), dir, "DIR"))
	assert.Equal(t, "grade them one by one: taskgrader class DIR/a, taskgrader class DIR/b",
		replaceAll(several.Hint(), dir, "DIR"))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "one.zip"), zipped(t, members(lesson)), 0o644))
	_, err = Find(filepath.Join(dir, "one.zip"), nothing)
	assert.EqualError(t, err, `the archive "`+filepath.Join(dir, "one.zip")+`" holds no submissions`)
}

// TestLater: Canvas's number, then the newest file within, then the time of the file itself.
func TestLater(t *testing.T) {
	dir := t.TempDir()
	at := func(day int) time.Time { return time.Date(2026, 11, day, 10, 0, 0, 0, time.UTC) }
	folder := func(name string, day int) Entry {
		put(t, dir, name, "main.py")
		require.NoError(t, os.Chtimes(filepath.Join(dir, name, "main.py"), at(day), at(day)))
		return Entry{File: name, Path: filepath.Join(dir, name)}
	}
	file := func(name string, data []byte, day int) Entry {
		full := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(full, data, 0o644))
		require.NoError(t, os.Chtimes(full, at(day), at(day)))
		return Entry{File: name, Path: full}
	}
	named := func(name string) Entry { e := recognise(TrimArchive(name)); e.File = name; return e }
	old, young := folder("old", 1), folder("young", 2)
	none := zipped(t, []member{{name: "Dockerfile"}}) // without times
	for what, pair := range map[string][2]Entry{
		"Canvas's number": {named("coelena_503_10007_a.zip"), named("coelena_503_9003_b.zip")},
		"Brightspace's time": {named("1-2 - Jane Roe - Nov 13, 2025 1004 AM"),
			named("1-2 - Jane Roe - Nov 3, 2025 404 PM")},
		"Brightspace's hour": {named("1-2 - Jane Roe - Nov 3, 2025 404 PM"),
			named("1-2 - Jane Roe - Nov 3, 2025 1004 AM")},
		"the newest file":      {young, old},
		"the time of the file": {file("b.zip", none, 4), file("a.zip", none, 3)},
		"a folder, an archive": {file("c.zip", none, 5), old},
		"no damage counts":     {file("z.zip", []byte("x"), 7), file("y.zip", []byte("x"), 6)},
		"a tar":                {file("d.tgz", gzipped(t, []byte("x")), 9), file("e.tgz", gzipped(t, []byte("x")), 8)},
	} {
		assert.True(t, pair[0].Later(pair[1]), what)
		assert.False(t, pair[1].Later(pair[0]), what)
	}
}

func replaceAll(s, old, with string) string { return strings.ReplaceAll(s, old, with) }

// TestLaterIsBounded: which of two archives is the later is found without reading more of them than
// unpacking would.
func TestLaterIsBounded(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	head := func(size int64, modified time.Time) []byte {
		var b bytes.Buffer
		h := tar.Header{Name: "a", Size: size, Mode: 0o600, ModTime: modified}
		require.NoError(t, tar.NewWriter(&b).WriteHeader(&h))
		return gzipped(t, b.Bytes())
	}
	const piece, pieces = 10 << 20, 61
	long := slices.Concat(head(piece*pieces, at), bytes.Repeat(gzipped(t, make([]byte, piece)), pieces),
		head(0, at.AddDate(1, 0, 0)))
	file := filepath.Join(dir, "a.tar.gz")
	require.NoError(t, os.WriteFile(file, long, 0o600))
	require.Equal(t, at, Entry{Path: file}.made().UTC(), "of a tar, what comes before the bound")

	var list bytes.Buffer
	w := zip.NewWriter(&list)
	for i := range maxEntries * listBytes / 46 {
		_, err := w.CreateRaw(&zip.FileHeader{Name: strconv.Itoa(i), Modified: at.AddDate(1, 0, 0)})
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	file = filepath.Join(dir, "b.zip")
	require.NoError(t, os.WriteFile(file, list.Bytes(), 0o600))
	require.NoError(t, os.Chtimes(file, at, at))
	require.Equal(t, at, Entry{Path: file}.made().UTC(), "a zip's own time, where its list is too long")
}
