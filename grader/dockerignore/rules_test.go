package dockerignore

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		text, path string
		ignored    bool
		line       int
		why        string
	}{
		{".env\n", ".env", true, 1, ""},
		{"# x\n\n.env\r\n", ".env", true, 3, ""},
		{"\ufeff.env\n", ".env", true, 1, ""},
		{".env # secret\n", ".env", false, 0,
			`line 1 reads as the one pattern ".env # secret": a # begins a comment only at the start of a line`},
		{".env *.key\n", ".env", false, 0,
			`line 1 reads as the one pattern ".env *.key", blanks and all: write one pattern a line`},
		{".env\n", "app/.env", false, 0,
			"line 1, .env, matches only at the top of the folder: write **/.env to match below it too"},
		{"**/.env\n", "app/.env", true, 1, ""},
		{".env\n!.env\n", ".env", false, 2,
			"line 1, .env, ignores it, but line 2, !.env, comes later and takes it back: the last line that matches " +
				"decides"},
		{"!main.py\n*\n", "main.py", true, 2, ""},
		{"*\n! main.py\n", "main.py", false, 2,
			"line 1, *, ignores it, but line 2, ! main.py, comes later and takes it back: the last line that matches " +
				"decides"},
		{"/x\n", "x", true, 1, ""},
		{"x/\n", "x", true, 1, ""},
		{"tests/\n", "tests/test_main.py", true, 1, ""},
		{"*\n", ".env", true, 1, ""},
		{"[.]env\n", ".env", true, 1, ""},
		{".ENV\n", ".env", false, 0, "line 1, .ENV, differs in capital letters, and Docker tells them apart"},
		{"*.{pem,key}\n", "server.pem", false, 0,
			"line 1, *.{pem,key}, uses braces, which Docker takes literally: write one pattern a line"},
		{"../x\n", "x", false, 0, ""},
	} {
		r, err := Parse(".dockerignore", []byte(c.text))
		require.NoError(t, err, c.text)
		d := r.Decide(c.path)
		assert.Equal(t, c.ignored, d.Ignored, "%q %s", c.text, c.path)
		assert.Equal(t, c.ignored, r.Ignores(c.path), "%q %s", c.text, c.path)
		assert.Equal(t, c.line, d.Line, "%q %s", c.text, c.path)
		assert.Equal(t, c.why, d.Why)
	}
}

func TestErrors(t *testing.T) {
	for text, message := range map[string]string{
		"ok\n!\n":                       `Docker cannot read the pattern "!": illegal exclusion pattern: "!"`,
		"[a\n":                          `Docker cannot read the pattern "[a": syntax error in pattern`,
		"a\ab\n":                        `Docker cannot read the pattern "a\ab": it holds a control character`,
		strings.Repeat("abc\n", 20_000): "this is pattern 2001, and no more than 2000 are read",
		strings.Repeat("*?", 30_000):    "the pattern has 60000 wildcards, and no more than 200 are read",
		strings.Repeat(strings.Repeat("a", 1000)+"\n", 1000): "the patterns up to this line are more than Docker can " +
			"send",
		"\xff\xfe.\x00e\x00": "the file is UTF-16, as PowerShell writes it, and Docker reads UTF-8",
	} {
		_, err := Parse(".dockerignore", []byte(text))
		require.EqualError(t, err, message)
	}
}

// TestNoPlainFile: a pipe in the place of an ignore file is refused, since whoever opens it waits.
func TestNoPlainFile(t *testing.T) {
	_, err := Load(fstest.MapFS{".dockerignore": {Mode: fs.ModeNamedPipe}}, "Dockerfile")
	require.EqualError(t, err, ".dockerignore is not a plain file")
	_, err = Load(fstest.MapFS{".dockerignore/x": {}}, "Dockerfile")
	require.NoError(t, err)
}

// TestOtherTexts: what is no UTF-8 matches nothing, and costs no other line.
func TestOtherTexts(t *testing.T) {
	r, err := Parse(".dockerignore", []byte("gr\xf6\xdfe\na\tb\n.env\n"))
	require.NoError(t, err)
	assert.False(t, r.Decide("größe").Ignored)
	assert.True(t, r.Decide("a\tb").Ignored)
	assert.True(t, r.Decide(".env").Ignored)
}

func TestLoadPrefersTheDockerfilesOwn(t *testing.T) {
	r, err := Load(fstest.MapFS{".dockerignore": {Data: []byte("a")}, "Dockerfile.dockerignore": {Data: []byte("b")}},
		"Dockerfile")
	require.NoError(t, err)
	assert.Equal(t, "Dockerfile.dockerignore", r.File)
	assert.False(t, r.Decide("a").Ignored)
	assert.True(t, r.Decide("b").Ignored)
}
