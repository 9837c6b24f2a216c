package submission

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lesson is a small submission.
var lesson = map[string]string{
	"Dockerfile":     "FROM python:3.12-slim\n# why\nWORKDIR /app\n",
	"main.py":        "x = 1\n",
	"pyproject.toml": "[project]\n",
	"app/util.py":    "def f():\n    return 1\n",
}

// lay makes a folder of the files.
func lay(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(text), 0o644))
	}
	return dir
}

// open opens what must be openable, and closes it when the test ends.
func open(t *testing.T, name string) *Submission {
	t.Helper()
	s, err := Open(name)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// with returns a copy with one file changed; an empty text removes it.
func with(files map[string]string, name, text string) map[string]string {
	out := map[string]string{}
	for n, x := range files {
		out[n] = x
	}
	out[name] = text
	if text == "" {
		delete(out, name)
	}
	return out
}

func TestOpenFolder(t *testing.T) {
	dir := lay(t, lesson)
	named := filepath.Join(filepath.Dir(dir), "Ada Lovelace")
	require.NoError(t, os.Rename(dir, named))
	s, err := Open(named)
	require.NoError(t, err)
	assert.Equal(t, "Ada-Lovelace", s.ID)
	assert.Equal(t, named, s.Dir, "a folder is used where it is")
	assert.Nil(t, s.Refused)
	assert.Regexp(t, `^sha256:[0-9a-f]{64}$`, s.Digest)
	assert.Regexp(t, `^sha256:[0-9a-f]{64}$`, s.ProgramDigest)
	require.NoError(t, s.Close())
	assert.FileExists(t, filepath.Join(named, "main.py"), "Close leaves the student's own folder")
}

func TestOpenNothing(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "opening the submission: ")
}

func TestOpenRelative(t *testing.T) {
	dir := lay(t, lesson)
	t.Chdir(dir)
	s := open(t, ".")
	assert.Equal(t, SafeID(filepath.Base(dir)), s.ID)
	assert.True(t, filepath.IsAbs(s.Dir))
}

func TestDigest(t *testing.T) {
	of := func(files map[string]string) string { return open(t, lay(t, files)).Digest }
	base := of(lesson)
	assert.Equal(t, base, of(lesson), "the folder's own name does not count")
	assert.Equal(t, base, of(with(lesson, ".git/HEAD", "ref: x")), "nor does a version control's folder")
	for what, files := range map[string]map[string]string{
		"another text":    with(lesson, "main.py", "x = 2\n"),
		"another comment": with(lesson, "Dockerfile", lesson["Dockerfile"]+"# more\n"),
		"a file more":     with(lesson, ".env", "x"),
		"a file less":     with(lesson, "pyproject.toml", ""),
		"another path":    with(with(lesson, "main.py", ""), "app/main.py", lesson["main.py"]),
	} {
		assert.NotEqual(t, base, of(files), what)
	}
	// one file's end is not another's beginning
	assert.NotEqual(t, of(map[string]string{"a": "b", "c": ""}), of(map[string]string{"a": "", "c": "b"}))

	program := lay(t, lesson)
	require.NoError(t, os.Chmod(filepath.Join(program, "main.py"), 0o755))
	assert.NotEqual(t, base, open(t, program).Digest, "whether a file is a program counts")
	linked := lay(t, lesson)
	require.NoError(t, os.Symlink("main.py", filepath.Join(linked, "link.py")))
	other := lay(t, lesson)
	require.NoError(t, os.Symlink("Dockerfile", filepath.Join(other, "link.py")))
	assert.NotEqual(t, open(t, linked).Digest, open(t, other).Digest, "where a link leads counts")
	assert.NotEqual(t, base, open(t, linked).Digest)
}

// TestLongProgram: a program as long as a disk takes no more memory than one.
func TestLongProgram(t *testing.T) {
	of := func(end string) *Submission {
		dir := lay(t, map[string]string{"main.py": "x"})
		require.NoError(t, os.Truncate(filepath.Join(dir, "main.py"), 30<<20))
		f, err := os.OpenFile(filepath.Join(dir, "main.py"), os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = f.WriteString(end)
		require.NoError(t, errors.Join(err, f.Close()))
		return open(t, dir)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	one := of("a")
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(20<<20))
	other := of("b")
	assert.NotEqual(t, one.Digest, other.Digest)
	assert.NotEqual(t, one.ProgramDigest, other.ProgramDigest)
}

func TestProgramDigest(t *testing.T) {
	of := func(files map[string]string) string { return open(t, lay(t, files)).ProgramDigest }
	base := of(lesson)
	for what, files := range map[string]map[string]string{
		"comments":            with(lesson, "main.py", "# mine\nx = 1  # one\n"),
		"blanks":              with(lesson, "main.py", "\n\nx  =   1\t\n\n"),
		"indentation":         with(lesson, "app/util.py", "def f():\n\treturn 1\n"),
		"line ends":           with(lesson, "main.py", "x = 1\r\n"),
		"a Dockerfile's note": with(lesson, "Dockerfile", "FROM   python:3.12-slim\n\nWORKDIR /app\n"),
		"what is no program":  with(with(lesson, "README.md", "hello"), "pyproject.toml", "[x]\n"),
	} {
		assert.Equal(t, base, of(files), what)
	}
	for what, files := range map[string]map[string]string{
		"the program":    with(lesson, "main.py", "x = 2\n"),
		"the Dockerfile": with(lesson, "Dockerfile", "FROM python:3.13-slim\nWORKDIR /app\n"),
		"a # in a text":  with(lesson, "main.py", "x = '#1'\n"),
		"a name":         with(with(lesson, "main.py", ""), "app.py", lesson["main.py"]),
	} {
		assert.NotEqual(t, base, of(files), what)
	}
}

func TestSafeID(t *testing.T) {
	for name, want := range map[string]string{
		"ada":                              "ada",
		"Ada Lovelace":                     "Ada-Lovelace",
		"Zoë Grüße 日本":                     "Zoë-Grüße-日本",
		"a/b\\c:d*e?f\"g<h>i|j":            "a-b-c-d-e-f-g-h-i-j",
		"../../etc/passwd":                 "etc-passwd",
		"..":                               "submission",
		".":                                "submission",
		"":                                 "submission",
		"---":                              "submission",
		" a ":                              "a",
		"a\x00b\nc\x1b[31m":                "a-b-c-31m",
		"a\xffb":                           "a-b",
		"v1.2_final-x":                     "v1.2_final-x",
		".hidden":                          "hidden",
		"CON":                              "submission-CON",
		"nul.tar":                          "submission-nul.tar",
		"com1":                             "submission-com1",
		"LPT9.txt":                         "submission-LPT9.txt",
		strings.Repeat("a", 99) + ".zip.b": strings.Repeat("a", 99),
		"console":                          "console",
		"<script>":                         "script",
		"a\u202eb":                         "a-b",
	} {
		assert.Equal(t, want, SafeID(name), "%q", name)
	}
}

func FuzzSafeID(f *testing.F) {
	for _, s := range []string{"ada", "../x", "CON", strings.Repeat("日", 200), "a\xff", "",
		strings.Repeat("a", 99) + "-b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		id := SafeID(name)
		switch {
		case id == "" || id == "." || id == "..", len(id) > 120, !utf8.ValidString(id),
			strings.ContainsAny(id, "/\\:*?\"<>|\x00\n \x1b"),
			strings.HasPrefix(id, "."), strings.HasPrefix(id, "-"), strings.HasSuffix(id, "."):
			t.Fatalf("%q is no safe name (of %q)", id, name)
		case SafeID(id) != id:
			t.Fatalf("%q is safe, and yet becomes %q", id, SafeID(id))
		}
	})
}
