package secrets

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const (
	deepest     = 4         // archives inside archives that are looked into
	mostUnpack  = 256 << 20 // bytes that are unpacked of all archives of an image
	mostInPiece = 32 << 20  // bytes of a file that is read as a whole, since nothing of it can be read alone
	markLength  = 12
	keyLength   = 40
)

// planted are texts that stand nowhere else, one for each path. They look like what people keep in
// such files, and begin alike, so that a file can be passed over at once that holds none.
type planted struct {
	keys  map[string]string // by path
	forms map[string][][]byte
	marks [][]byte // how the beginning of each may stand
	left  int64    // bytes that may be unpacked still

	unseen bool // something packed was not looked into, or not to its end
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func word(r *rand.Rand, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = letters[r.IntN(len(letters))]
	}
	return string(out)
}

func plant(r *rand.Rand, paths []string) *planted {
	mark := word(r, markLength)
	p := &planted{keys: map[string]string{}, forms: map[string][][]byte{}, marks: forms(mark), left: mostUnpack}
	for _, name := range paths {
		p.keys[name] = mark + word(r, keyLength-markLength)
		p.forms[name] = forms(p.keys[name])
	}
	return p
}

// text returns what is written into a file: a key, or a password.
func (p *planted) text(name string, r *rand.Rand) []byte {
	key := p.keys[name]
	switch path.Ext(name) {
	case ".pem", ".key":
		return []byte("\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI" + key + "\n-----END PRIVATE KEY-----\n")
	}
	names := []string{"DB_PASSWORD", "API_KEY", "JWT_SECRET", "SECRET_KEY"}
	return []byte("\n" + names[r.IntN(len(names))] + "=" + key + "\n")
}

// forms returns the ways in which a text is written in a file by tools that everybody has.
func forms(text string) [][]byte {
	reversed := []byte(text)
	slices.Reverse(reversed)
	wide := make([]byte, 0, 2*len(text)) // UTF-16, in either order
	for i := range len(text) {
		wide = append(wide, text[i], 0)
	}
	low := hex.EncodeToString([]byte(text))
	found := [][]byte{[]byte(text), reversed, []byte(low), []byte(strings.ToUpper(low)), wide[:len(wide)-1]}
	for shift, skip := range []int{0, 2, 3} { // of four letters, those that what stands before decides
		encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), text...))
		whole := (shift + len(text)) / 3 * 4
		found = append(found, []byte(encoded[skip:whole]))
	}
	return found
}

// in reports whether a text holds what was planted as a path.
func (p *planted) in(text string) (names []string) {
	for name := range p.keys {
		if slices.ContainsFunc(p.forms[name], func(f []byte) bool { return strings.Contains(text, string(f)) }) {
			names = append(names, name)
		}
	}
	return names
}

// search reads a file to its end, and what is packed in it, and reports each planted text that is
// there.
func (p *planted) search(r io.Reader, report func(string)) error {
	return p.within(r, 0, report)
}

func (p *planted) within(r io.Reader, depth int, report func(string)) error {
	buffered := bufio.NewReaderSize(r, 1<<16)
	head, _ := buffered.Peek(512)
	if depth == deepest || p.left <= 0 {
		p.unseen = p.unseen || packed(head)
		return p.plain(buffered, report)
	}
	// both looks for the texts as they stand, too, in what need not be what it looks like
	both := func(look func(whole []byte)) error {
		whole, err := io.ReadAll(io.LimitReader(buffered, mostInPiece))
		if err != nil {
			return err
		}
		p.unseen = p.unseen || len(whole) == mostInPiece
		look(whole)
		return p.scan(io.MultiReader(bytes.NewReader(whole), buffered), report)
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		if unpacked, err := gzip.NewReader(buffered); err == nil {
			p.unpacked(unpacked, depth, report)
			return nil
		}
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		if unpacked, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxMemory(mostInPiece)); err == nil {
			p.unpacked(unpacked, depth, report)
			unpacked.Close()
			return nil
		}
	case begins(head, closed):
		p.unseen = true
	case bytes.HasPrefix(head, []byte("BZh")):
		p.unpacked(bzip2.NewReader(buffered), depth, report)
		return nil
	case len(head) > 2 && head[0] == 0x78 && (int(head[0])<<8|int(head[1]))%31 == 0:
		return both(func(whole []byte) {
			if unpacked, err := zlib.NewReader(bytes.NewReader(whole)); err == nil {
				p.unpacked(unpacked, depth, report)
			}
		})
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return both(func(whole []byte) { p.zipped(whole, depth, report) })
	case encoded(head):
		return both(func(whole []byte) {
			plain := bytes.NewReader(bytes.Map(standard, whole))
			p.unpacked(base64.NewDecoder(base64.RawStdEncoding, plain), depth, report)
		})
	}
	return p.plain(buffered, report)
}

// unpacked looks into what an archive holds. What is broken in it ends the look, and is nobody's
// fault.
func (p *planted) unpacked(r io.Reader, depth int, report func(string)) {
	counted := &io.LimitedReader{R: r, N: p.left}
	_ = p.within(counted, depth+1, report)
	p.left = min(p.left, counted.N)
	p.unseen = p.unseen || p.left <= 0
}

// zipped looks into the files of a zip archive, and at their names.
func (p *planted) zipped(whole []byte, depth int, report func(string)) {
	archive, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		return
	}
	for _, f := range archive.File {
		for _, name := range p.in(f.Name + f.Comment) {
			report(name)
		}
		if p.left <= 0 {
			return
		}
		if opened, err := f.Open(); err == nil {
			p.unpacked(opened, depth, report)
			_ = opened.Close()
		}
	}
}

// packed reports whether a file begins as an archive does that is looked into.
func packed(head []byte) bool {
	return begins(head, []string{"\x1f\x8b", "BZh", "PK\x03\x04", "\x28\xb5\x2f\xfd"}) || begins(head, closed)
}

// closed is how archives begin, and what is encrypted, that nothing here opens: xz, 7z, rar, lz4,
// lzip, compress, openssl.
var closed = []string{"\xfd7zXZ\x00", "7z\xbc\xaf\x27\x1c", "Rar!\x1a\x07", "\x04\x22\x4d\x18", "LZIP", "\x1f\x9d",
	"Salted__"}

// begins reports whether a file begins with one of several marks.
func begins(head []byte, marks []string) bool {
	return slices.ContainsFunc(marks, func(mark string) bool { return bytes.HasPrefix(head, []byte(mark)) })
}

// encoded reports whether a file begins as base64 does, in either alphabet.
func encoded(head []byte) bool {
	return len(head) > 40 && !bytes.ContainsFunc(head, func(r rune) bool {
		return !strings.ContainsRune(letters+"+/-_=\r\n", r)
	})
}

// standard returns a letter of base64 as the first of its alphabets has it, and no padding.
func standard(r rune) rune {
	switch r {
	case '-':
		return '+'
	case '_':
		return '/'
	case '=':
		return -1
	}
	return r
}

// plain looks for the texts as they stand in what is no archive, as far as can be told: the end of a
// zip archive stands in one that begins with something else.
func (p *planted) plain(r io.Reader, report func(string)) error {
	return p.scan(r, report, []byte("PK\x05\x06"))
}

// scan looks for the texts as they stand, also across two reads, and across lines where a tool has
// broken them, and for what shows that there is more than is looked into.
func (p *planted) scan(r io.Reader, report func(string), more ...[]byte) error {
	const longest = 4 * keyLength
	buffer := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := r.Read(buffer[kept:])
		window := buffer[:kept+n]
		p.report(window, report)
		p.unseen = p.unseen || slices.ContainsFunc(more, func(m []byte) bool { return bytes.Contains(window, m) })
		if bytes.IndexByte(window, '\n') >= 0 && bytes.IndexByte(window, 0) < 0 {
			p.report(bytes.Join(bytes.Fields(window), nil), report)
		}
		kept = min(len(window), longest)
		copy(buffer, window[len(window)-kept:])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *planted) report(window []byte, report func(string)) {
	if !slices.ContainsFunc(p.marks, func(m []byte) bool { return bytes.Contains(window, m) }) {
		return
	}
	for name, forms := range p.forms {
		if slices.ContainsFunc(forms, func(f []byte) bool { return bytes.Contains(window, f) }) {
			report(name)
		}
	}
}
