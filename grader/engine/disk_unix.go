//go:build unix

package engine

import (
	"io/fs"
	"syscall"
)

// onDisk returns which file it is, and what it takes of the disk in bytes: at least one block,
// since names are not free.
func onDisk(info fs.FileInfo) (id fileID, bytes int64) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}, info.Size()
	}
	return fileID{uint64(s.Dev), uint64(s.Ino)}, max(4096, int64(s.Blocks)*512)
}

// freeBytes returns how much room is left where a folder is.
func freeBytes(folder string) (free uint64, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, false
	}
	return uint64(s.Bavail) * uint64(s.Bsize), true
}
