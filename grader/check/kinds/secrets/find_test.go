package secrets

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func written(t *testing.T, make func(io.Writer) io.WriteCloser, text []byte) []byte {
	var b bytes.Buffer
	w := make(&b)
	_, err := w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// TestSearch: what was planted is found in whatever form people pack or write it, and what was not
// is not.
func TestSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p := plant(r, []string{".env", "server.pem"})
	text := p.text(".env", r)
	zipped := func(text []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(text)
		_ = w.Close()
		return b.Bytes()
	}
	var tarred bytes.Buffer
	archive := tar.NewWriter(&tarred)
	require.NoError(t, archive.WriteHeader(&tar.Header{Name: "src/.env", Size: int64(len(text)), Mode: 0o600}))
	_, _ = archive.Write(text)
	require.NoError(t, archive.Close())
	var inZip bytes.Buffer
	z := zip.NewWriter(&inZip)
	w, err := z.Create("a/.env")
	require.NoError(t, err)
	_, _ = w.Write(text)
	require.NoError(t, z.Close())
	wrapped := func(text []byte) []byte {
		var lines []byte
		for part := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(text)), 76) {
			lines = append(append(lines, part...), '\n')
		}
		return lines
	}
	reversed := slices.Clone(text)
	slices.Reverse(reversed)
	long := append(bytes.Repeat([]byte("x"), 64<<10-7), text...)
	each := func(verb, between string) []byte {
		var all []string
		for _, b := range text {
			all = append(all, fmt.Sprintf(verb, b))
		}
		return []byte("x = [" + strings.Join(all, between) + "]\n")
	}
	var pieces []string
	for part := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(text)), 8) {
		pieces = append(pieces, fmt.Sprintf("%q", part))
	}
	script := []byte("#!/bin/sh\ntail -c +20 $0 | gunzip\n")
	mapped := func(change func(rune) rune) []byte { return bytes.Map(change, text) }
	deflated := written(t, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }, text)
	key := p.keys[".env"]
	for name, file := range map[string][]byte{
		"base32": []byte(base32.StdEncoding.EncodeToString(text)), "rot13": mapped(rot13),
		"small for large letters": mapped(swapped), "large letters": bytes.ToUpper(text),
		"small letters": bytes.ToLower(text),
		"ascii85":       []byte("<~" + ascii(text) + "~>"),
		"base85":        []byte("k=" + encodings[4].encode(text)),
		"uuencode":      []byte("begin 644 x\nM" + encodings[1].encode(text) + "\n"),
		"a dump":        []byte(hex.Dump(text)), "base64 twice": []byte("# a\n" + base64Of([]byte(base64Of(text)))),
		"base64 backwards": []byte("# a\n" + backwards(base64Of(text))),
		"hyphens":          each("%c", "-"), "per cent": each("%%%02X", ""), "entities": each("&#%d;", ""),
		"hexadecimal entities": each("&#x%x;", ""), "binary": each("%08b", " "),
		"UTF-32":         []byte(strings.Join(strings.Split(string(text), ""), "\x00\x00\x00")),
		"the first half": []byte("API_KEY=" + key[:20] + "\n"), "the second half": []byte(key[20:] + "\n"),
		"a third": []byte(key[13:28]),
		"deflate": written(t, func(w io.Writer) io.WriteCloser {
			f, err := flate.NewWriter(w, 9)
			require.NoError(t, err)
			return f
		}, text),
		"zlib behind a text":       append([]byte("PACK\x00\x00\x00\x02"), deflated...),
		"zlib behind what is none": slices.Concat([]byte("x\x9cx\x01x\xda"), deflated),
		"numbers":                  each("%d", ","), "numbers in lines": each("    %d", ",\n"),
		"an array of C": each("0x%02X", ", "), "escapes": each(`\x%02x`, ""),
		"escapes of JSON": each(`\u%04x`, ""), "octal": each(`\%03o`, ""),
		"hexadecimal with blanks": each("%02x", " "), "letters": each("'%c'", " + "),
		"base64 in pieces":   []byte("k = (" + strings.Join(pieces, " +\n     ") + ")\n"),
		"gzip before a text": append(zipped(text), "and more"...),
		"gzip behind a text": append(slices.Clone(script), zipped(text)...),
		"zip behind a text":  append(slices.Clone(script), inZip.Bytes()...),
		"zstd behind a text": append(slices.Clone(script), zstdOf(t, text)...),
		"base64 of gzip in a script": []byte("echo " + base64.StdEncoding.EncodeToString(zipped(text)) +
			" | base64 -d\n"),
		"gzip far behind": slices.Concat(make([]byte, mostInPiece-5), zipped(text), make([]byte, 100)),
		"zip far behind":  slices.Concat(make([]byte, mostInPiece-5), inZip.Bytes(), make([]byte, 100)),
		"plain":           text, "two reads": long, "gzip": zipped(text), "tar": tarred.Bytes(),
		"tar.gz": zipped(tarred.Bytes()),
		"zip":    inZip.Bytes(),
		"zlib":   written(t, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }, text),
		"base64": wrapped(text), "base64 of more": wrapped(append([]byte("AB"), long...)),
		"base64 of tar.gz": wrapped(zipped(tarred.Bytes())),
		"hexadecimal":      []byte(hex.EncodeToString(text)), "reversed": reversed,
		"base64 of addresses": []byte(base64.URLEncoding.EncodeToString(zipped(tarred.Bytes()))),
		"UTF-16":              utf16Of(text),
		"zstd":                zstdOf(t, text),
		"twice":               zipped(zipped(tarred.Bytes())),
		"lines":               []byte(strings.Join(strings.Split(string(text), ""), "\n")),
	} {
		var found []string
		require.NoError(t, p.search(bytes.NewReader(file), func(name string) { found = append(found, name) }), name)
		assert.Equal(t, []string{".env"}, slices.Compact(found), name)
	}
	for name, file := range map[string][]byte{"nothing": nil, "another's": []byte(word(r, 5000)),
		"a broken archive": {0x1f, 0x8b, 8, 0, 1, 2, 3}, "a broken zip": []byte("PK\x03\x04xx")} {
		require.NoError(t, p.search(bytes.NewReader(file), func(found string) { t.Error(name, found) }))
	}
}

func base64Of(text []byte) string { return base64.StdEncoding.EncodeToString(text) }

func backwards(text string) string {
	letters := []byte(text)
	slices.Reverse(letters)
	return string(letters)
}

func zstdOf(t *testing.T, text []byte) []byte {
	return written(t, func(w io.Writer) io.WriteCloser {
		z, err := zstd.NewWriter(w)
		require.NoError(t, err)
		return z
	}, text)
}

func utf16Of(text []byte) []byte {
	wide := []byte{0xff, 0xfe}
	for _, b := range text {
		wide = append(wide, b, 0)
	}
	return wide
}

// TestPlantedIsNew: nothing of it can be known beforehand, and it looks like what people keep in
// such files.
func TestPlantedIsNew(t *testing.T) {
	one, other := plant(rand.New(rand.NewPCG(1, 2)), []string{".env"}),
		plant(rand.New(rand.NewPCG(1, 3)), []string{".env"})
	assert.NotEqual(t, one.keys, other.keys)
	assert.Regexp(t, `^\n[A-Z_]+=\w{40}\n$`, string(one.text(".env", rand.New(rand.NewPCG(1, 2)))))
	assert.Regexp(t, `PRIVATE KEY-----\n\w+`,
		string(plant(rand.New(rand.NewPCG(1, 2)), []string{"a.pem"}).text("a.pem", rand.New(rand.NewPCG(1, 2)))))
}

// signed7z returns how an archive of 7z begins, behind a script.
func signed7z() string {
	rest := strings.Repeat("\x01", 20)
	return "#!/bin/sh\n7z\xbc\xaf\x27\x1c\x00\x04" +
		string(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(rest)))) + rest
}

// TestBomb: an archive that unpacks to more than is looked at ends the look.
func TestBomb(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 6 {
		_, _ = w.Write(zeros)
	}
	require.NoError(t, w.Close())
	p := plant(rand.New(rand.NewPCG(1, 2)), []string{".env"})
	p.left = 5 << 20
	require.NoError(t, p.search(&b, func(string) { t.Error("found") }))
	assert.Zero(t, p.left)
	assert.True(t, p.unseen, "what was not looked into is no pass")
	deep := []byte("x")
	for range deepest + 1 {
		deep = written(t, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, deep)
	}
	for _, file := range []string{"#!/bin/sh\nPK\x01\x02" + strings.Repeat("x", 46) + "PK\x05\x06" +
		strings.Repeat("\x00", 4) + "\x01\x00\x01\x00\x32" + strings.Repeat("\x00", 9),
		"\xfd7zXZ\x00\x00", "\x5d\x00\x00\x80\x00\xff", "Salted__x",
		"#!/bin/sh\n\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46", signed7z()} {
		p = plant(rand.New(rand.NewPCG(1, 2)), []string{".env"})
		require.NoError(t, p.search(strings.NewReader(file), func(string) { t.Error("found") }))
		assert.True(t, p.unseen, "what nothing here opens: "+file)
	}
	large := slices.Concat([]byte("\x7fELF"), make([]byte, mostInPiece), []byte("PK\x05\x06\x1f\x8b\x08BZhH4sI"+
		"\xfd7zXZ\x00abcdefgh7z\xbc\xaf\x27\x1cx\x9c"))
	p = plant(rand.New(rand.NewPCG(1, 2)), []string{".env"})
	require.NoError(t, p.search(bytes.NewReader(append(large, make([]byte, 5<<20)...)),
		func(string) { t.Error("found") }))
	assert.False(t, p.unseen, "a program that reads archives is none, however long it is")
	p = plant(rand.New(rand.NewPCG(1, 2)), []string{".env"})
	require.NoError(t, p.search(bytes.NewReader(deep), func(string) { t.Error("found") }))
	assert.True(t, p.unseen)
}

// TestSearchIsBounded: what begins as if something were packed, again and again, is given up, and what
// is not seen to its end is said; ordinary bytes are not given up.
func TestSearchIsBounded(t *testing.T) {
	searched := func(text []byte) *planted {
		r := rand.New(rand.NewPCG(1, 2))
		p := plant(r, []string{".env"})
		require.NoError(t, p.search(bytes.NewReader(text), func(string) {}))
		return p
	}
	const often = 1 << 17
	entry := slices.Concat([]byte("PK\x01\x02"), make([]byte, 24), []byte{1}, make([]byte, 17), []byte("a"))
	list := bytes.Repeat(entry, often/64)
	for range often / 64 {
		end := slices.Concat([]byte("PK\x05\x06"), make([]byte, 18))
		binary.LittleEndian.PutUint16(end[8:], uint16(often/64))
		binary.LittleEndian.PutUint16(end[10:], uint16(often/64))
		binary.LittleEndian.PutUint32(end[12:], uint32(len(list)))
		list = append(list, end...)
	}
	for name, text := range map[string][]byte{
		"zlib, each with the next in it": bytes.Repeat([]byte("x\x9c\x00\x02\x00\xfd\xff"), often),
		"ends of a zip with one list":    append([]byte("#"), list...),
		"zstd, each with the next in it": append([]byte("#"),
			bytes.Repeat([]byte("\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00\x99\xe9\xd8\x51"), often)...),
	} {
		p := searched(text)
		require.True(t, p.unseen, name)
		require.Greater(t, p.work, int64(-mostList-mostInPiece), name)
	}
	r := rand.New(rand.NewPCG(3, 4))
	ordinary := make([]byte, 8<<20)
	for i := range ordinary {
		ordinary[i] = byte(r.Uint32())
	}
	p := searched(ordinary)
	require.False(t, p.unseen)
	require.Greater(t, p.work, int64(mostWork-len(ordinary)))
}
