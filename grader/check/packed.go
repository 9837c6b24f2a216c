package check

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"io"

	"github.com/klauspost/compress/zstd"
)

// mostWindow bounds the memory that a stream may ask for to be unpacked, in bytes.
const mostWindow = 32 << 20

// Unpack returns what a stream holds that begins as gzip, bzip2 or zstd does, and what is to be
// called when enough of it was read; nil where it is none of them.
func Unpack(packed *bufio.Reader) (unpacked io.Reader, done func()) {
	head, _ := packed.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		if z, err := gzip.NewReader(packed); err == nil {
			return z, func() {}
		}
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		if z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxMemory(mostWindow)); err == nil {
			return z, z.Close
		}
	case bytes.HasPrefix(head, []byte("BZh")):
		return bzip2.NewReader(packed), func() {}
	}
	return nil, nil
}
