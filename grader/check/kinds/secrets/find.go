package secrets

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

const (
	deepest     = 4              // archives inside archives that are looked into
	mostUnpack  = 256 << 20      // bytes that are unpacked of all archives of an image
	mostInPiece = 32 << 20       // bytes of a file that is read as a whole, since nothing of it can be read alone
	mostZip     = 128 << 20      // bytes of a zip archive, such as a jar with all that a program needs
	mostList    = 8 << 20        // bytes of its list of files, which is ten times as long in memory
	mostWork    = 2 << 30        // bytes that are read of all that may be packed, and what trying costs besides:
	tryCost     = 1 << 10        // as long as reading so many bytes takes it to see that nothing is,
	openCost    = 64 << 10       // and so many to make ready where something is
	longest     = 16 * keyLength // bytes that one text takes, of a list with what stands between
	keyLength   = 40
)

// planted are texts that stand nowhere else, one for each path. They look like what people keep in
// such files.
type planted struct {
	keys    map[string]string // by path
	needles needles
	loose   []byte            // of what was looked at last, so that its room is used again
	rooms   [deepest + 1]room // of files that are packed in one another
	left    int64             // bytes that may be unpacked still
	work    int64             // what may be tried still, see spend

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
	p := &planted{keys: map[string]string{}, needles: needles{known: map[uint64][]needle{}}, left: mostUnpack,
		work: mostWork}
	for _, name := range paths {
		p.keys[name] = word(r, keyLength)
		for _, form := range forms(p.keys[name]) {
			p.needles.add(name, form)
		}
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

// appendLoose appends a text without what stands between its pieces, nor what says that numbers are
// hexadecimal: "ab" + "cd", [0x61, 0x62], \x61\x62 and two letters of UTF-16 are as if they were
// written in one.
func appendLoose(out, text []byte) []byte {
	for i, b := range text {
		marks := (b == 'x' || b == 'X') && i > 0
		switch {
		case separates[b], marks && (text[i-1] == '\\' || text[i-1] == '#'):
		case marks && text[i-1] == '0' && (i == 1 || separates[text[i-2]]):
			out = out[:len(out)-1]
		default:
			out = append(out, b)
		}
	}
	return out
}

// separates says of each byte whether it stands between: whatever is no letter and no number.
var separates = func() (is [256]bool) {
	for b := range is {
		is[b] = strings.IndexByte(letters, byte(b)) < 0
	}
	return is
}()

// in reports whether a text holds what was planted as a path.
func (p *planted) in(text string) (names []string) {
	p.look([]byte(text), func(name string) { names = append(names, name) })
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// search reads a file to its end, and what is packed in it, and reports each planted text that is
// there.
func (p *planted) search(r io.Reader, report func(string)) error {
	return p.within(r, 0, report)
}

func (p *planted) within(r io.Reader, depth int, report func(string)) error {
	room := &p.rooms[depth]
	buffered := room.open(r)
	head, _ := buffered.Peek(512)
	if depth == deepest || p.left <= 0 || p.work <= 0 {
		p.unseen = p.unseen || packed(head)
		return p.scan(buffered, report, packs...)
	}
	// both looks for the texts as they stand, too, in what need not be what it looks like
	both := func(most int64, look func(whole []byte)) error {
		whole, err := io.ReadAll(io.LimitReader(buffered, most)) // what came before an error counts
		p.unseen = p.unseen || int64(len(whole)) == most
		look(whole)
		return cmp.Or(err, p.scan(io.MultiReader(bytes.NewReader(whole), buffered), report))
	}
	if unpacked, done := check.Unpack(buffered); unpacked != nil {
		defer done()
		p.spend(openCost)
		p.unpacked(unpacked, depth, report)
		return nil
	}
	switch {
	case begins(head, closed):
		p.unseen = true
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return both(mostZip, func(whole []byte) { p.zipped(whole, depth, report) })
	case encoded(head):
		return both(mostInPiece, func(whole []byte) {
			plain := bytes.NewReader(bytes.Map(standard, whole))
			p.unpacked(base64.NewDecoder(base64.RawStdEncoding, plain), depth, report)
		})
	}
	for {
		read, err := room.piece.ReadFrom(io.LimitReader(buffered, mostInPiece))
		whole := room.piece.Bytes()
		if len(whole) > 0 {
			p.deflated(whole, depth, report)
		}
		p.inside(whole, depth, report)
		for at := 0; at < len(whole); at += windowBytes {
			p.look(whole[max(0, at-longest):min(at+windowBytes, len(whole))], report)
		}
		if err != nil || read < mostInPiece { // an archive may be broken behind what is looked for
			return err
		}
		room.piece.Next(len(whole) - overlap)
	}
}

// room is what a file is read into; the next takes it again.
type room struct {
	reader *bufio.Reader
	piece  bytes.Buffer
	packed bytes.Reader
	zlib   io.ReadCloser // of what is packed
	flate  io.ReadCloser
}

// open makes ready for another file.
func (r *room) open(file io.Reader) *bufio.Reader {
	if r.reader == nil {
		r.reader = bufio.NewReaderSize(file, windowBytes)
	}
	r.reader.Reset(file)
	if r.piece.Reset(); r.piece.Cap() > mostInPiece/4 {
		r.piece = bytes.Buffer{}
	}
	return r.reader
}

// windowBytes is how much of a file is looked at in one.
const windowBytes = 64 << 10

// overlap is how much of one piece of a long file is looked at with the next, too, in bytes.
const overlap = 1 << 20

// mostInside is how often it is tried to unpack something that stands inside a file.
const mostInside = 100

// packs are how something packed begins, or a zip archive ends, wherever in a file it stands; the
// last is gzip in base64.
var packs = [][]byte{[]byte("PK\x05\x06"), {0x1f, 0x8b, 8}, {0x28, 0xb5, 0x2f, 0xfd}, []byte("BZh"), []byte("H4sI")}

// inside looks into what is packed behind something else, such as the script that unpacks it.
func (p *planted) inside(whole []byte, depth int, report func(string)) {
	for at := 0; ; at++ {
		next := bytes.Index(whole[at:], packs[0])
		if next < 0 {
			break
		}
		at += next
		if end := zipEnd(whole, at); end > 0 && (p.work <= 0 || !p.zipped(whole[:end], depth, report)) {
			p.unseen = true
		}
	}
	for _, c := range signed {
		for at := 0; ; at++ {
			next := bytes.Index(whole[at:], []byte(c.mark))
			if next < 0 {
				break
			}
			at += next
			p.unseen = p.unseen || c.is(whole[at:])
		}
	}
	for at := bytes.IndexByte(whole, 'x'); at >= 0 && p.left > 0 && p.work > 0; {
		if zlibbed(whole[at:]) {
			p.inflate(whole[at:], depth, report)
		}
		next := bytes.IndexByte(whole[at+1:], 'x')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	tries := 0
	for _, begin := range packs[1:] {
		for at := 0; ; at++ {
			next := bytes.Index(whole[at:], begin)
			if next < 0 || p.left <= 0 || p.work <= 0 {
				break
			}
			if tries++; tries > mostInside {
				p.unseen = true
				return
			}
			at += next
			p.begun(whole[at:], depth, report)
		}
	}
}

// signed are archives that nothing here opens and that say by a sum over their own beginning that
// they are: what stands in a program that reads such archives does not.
var signed = []struct {
	mark string
	is   func([]byte) bool
}{
	{"\xfd7zXZ\x00", func(b []byte) bool { return summed(b, 6, 8, 8) }},
	{"7z\xbc\xaf\x27\x1c", func(b []byte) bool { return summed(b, 12, 32, 8) }},
}

// summed reports whether the bytes from one place to another have the sum that stands at a third.
func summed(b []byte, from, to, sum int) bool {
	return len(b) >= max(to, sum+4) && crc32.ChecksumIEEE(b[from:to]) == binary.LittleEndian.Uint32(b[sum:])
}

// zlibbed reports whether a text begins as what zlib packs, such as an object of git or of a PDF.
func zlibbed(text []byte) bool {
	return len(text) > 2 && text[0] == 'x' && (int(text[0])<<8|int(text[1]))%31 == 0 && text[1]&0x20 == 0
}

// inflate looks into what zlib packed. What only begins alike ends soon, in an error.
func (p *planted) inflate(packed []byte, depth int, report func(string)) {
	room := &p.rooms[depth]
	if room.packed.Reset(packed); room.zlib == nil {
		room.zlib, _ = zlib.NewReader(&room.packed)
	} else if room.zlib.(zlib.Resetter).Reset(&room.packed, nil) != nil {
		return
	}
	if room.zlib != nil {
		p.unpacked(room.zlib, depth, report)
		p.spend(len(packed) - room.packed.Len())
	}
}

// deflated looks into what is packed as in a zip archive, with nothing around it that says so. Most of
// what is not ends at its first letters.
func (p *planted) deflated(packed []byte, depth int, report func(string)) {
	room := &p.rooms[depth]
	if room.packed.Reset(packed); room.flate == nil {
		room.flate = flate.NewReader(&room.packed)
	} else if room.flate.(flate.Resetter).Reset(&room.packed, nil) != nil {
		return
	}
	p.unpacked(room.flate, depth, report)
	p.spend(len(packed) - room.packed.Len())
}

// spend takes what a try costs from what may be tried: what begins as if something were packed, at each
// letter and without end, would keep the grader busy for hours.
func (p *planted) spend(bytes int) {
	p.work -= int64(bytes)
	p.unseen = p.unseen || p.work <= 0
}

// zipEnd returns where a zip archive ends whose last record stands at a place; 0 where that is none,
// as in programs that read such archives.
func zipEnd(whole []byte, at int) int {
	const record, size, comment = 22, 12, 20 // bytes, and where in it these numbers are
	if len(whole)-at < record {
		return 0
	}
	list := int(binary.LittleEndian.Uint32(whole[at+size:]))
	if list == 0 || list > at || !bytes.HasPrefix(whole[at-list:], []byte("PK\x01\x02")) {
		return 0
	}
	return min(len(whole), at+record+int(binary.LittleEndian.Uint16(whole[at+comment:])))
}

// begun looks into what a file holds from a mark of something packed on. Where that is none, as in
// most programs, there is nothing to read.
func (p *planted) begun(rest []byte, depth int, report func(string)) {
	p.spend(openCost)
	if rest[0] != 'H' {
		packed := bytes.NewReader(rest)
		if unpacked, done := check.Unpack(bufio.NewReader(packed)); unpacked != nil {
			defer done()
			p.unpacked(unpacked, depth, report)
		}
		p.spend(len(rest) - packed.Len())
		return
	}
	if end := slices.IndexFunc(rest, func(b byte) bool { return !inBase64[b] }); end >= 0 {
		rest = rest[:end]
	}
	p.spend(len(rest))
	p.unpacked(base64.NewDecoder(base64.RawStdEncoding, bytes.NewReader(bytes.Map(standard, rest))), depth, report)
}

// unpacked looks into what an archive holds. What is broken in it ends the look, and is nobody's
// fault.
func (p *planted) unpacked(r io.Reader, depth int, report func(string)) {
	p.spend(tryCost)
	counted := &io.LimitedReader{R: r, N: p.left}
	_ = p.within(counted, depth+1, report)
	p.left = min(p.left, counted.N)
	p.unseen = p.unseen || p.left <= 0
}

// zipped looks into the files of a zip archive, and at their names, and says whether it is one.
func (p *planted) zipped(whole []byte, depth int, report func(string)) bool {
	list := &bounded{ReaderAt: bytes.NewReader(whole), most: mostList}
	archive, err := zip.NewReader(list, int64(len(whole)))
	p.spend(list.read)
	if err != nil {
		p.unseen = p.unseen || errors.Is(err, errTooLong)
		return false
	}
	list.most = math.MaxInt
	for _, f := range archive.File {
		for _, name := range p.in(f.Name + f.Comment) {
			report(name)
		}
		if p.spend(tryCost); p.left <= 0 || p.work <= 0 {
			break
		}
		if opened, err := f.Open(); err == nil {
			p.unpacked(opened, depth, report)
			_ = opened.Close()
		}
	}
	return true
}

var errTooLong = errors.New("the list of its files is too long")

// bounded is a file of which no more is read than may be.
type bounded struct {
	io.ReaderAt
	read, most int
}

func (c *bounded) ReadAt(b []byte, at int64) (int, error) {
	if c.read += len(b); c.read > c.most {
		return 0, errTooLong
	}
	return c.ReaderAt.ReadAt(b, at)
}

// packed reports whether a file begins as an archive does that is looked into.
func packed(head []byte) bool {
	return begins(head, []string{"\x1f\x8b", "BZh", "PK\x03\x04", "\x28\xb5\x2f\xfd"}) || begins(head, closed)
}

// closed is how archives begin, and what is encrypted, that nothing here opens: xz, lzma, 7z, rar,
// lz4, lzip, compress, openssl.
var closed = []string{"\xfd7zXZ\x00", "\x5d\x00\x00", "7z\xbc\xaf\x27\x1c", "Rar!\x1a\x07", "\x04\x22\x4d\x18", "LZIP",
	"\x1f\x9d", "Salted__"}

// begins reports whether a file begins with one of several marks.
func begins(head []byte, marks []string) bool {
	return slices.ContainsFunc(marks, func(mark string) bool { return bytes.HasPrefix(head, []byte(mark)) })
}

// encoded reports whether a file begins as base64 does, in either alphabet.
func encoded(head []byte) bool {
	return len(head) > 40 && !slices.ContainsFunc(head, func(b byte) bool { return !inBase64[b] })
}

// inBase64 says of each byte whether it stands in base64, in either alphabet.
var inBase64 = func() (is [256]bool) {
	for _, b := range []byte(letters + "+/-_=\r\n") {
		is[b] = true
	}
	return is
}()

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

// scan looks for the texts as they stand, also across two reads, and across lines where a tool has
// broken them, and for what shows that there is more than is looked into.
func (p *planted) scan(r io.Reader, report func(string), more ...[]byte) error {
	buffer := make([]byte, windowBytes)
	kept := 0
	for {
		n, err := r.Read(buffer[kept:])
		window := buffer[:kept+n]
		p.look(window, report)
		p.unseen = p.unseen || slices.ContainsFunc(more, func(m []byte) bool { return bytes.Contains(window, m) })
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

// look looks for the texts in a piece of a file, and in what is left of it without what stands
// between.
func (p *planted) look(window []byte, report func(string)) {
	p.needles.in(window, report)
	p.loose = appendLoose(p.loose[:0], window)
	p.needles.in(p.loose, report)
}
