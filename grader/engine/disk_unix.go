//go:build unix

package engine

import (
	"io/fs"
	"syscall"
)

// onDisk is which file it is, and what it takes of the disk in bytes: at least one block, since names are not free.
func onDisk(info fs.FileInfo) (id fileID, bytes int64) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}, info.Size()
	}
	return fileID{uint64(s.Dev), uint64(s.Ino)}, max(4096, int64(s.Blocks)*512)
}
