//go:build !unix

package engine

import "io/fs"

func onDisk(info fs.FileInfo) (id fileID, bytes int64) { return fileID{}, info.Size() }

func freeBytes(string) (free uint64, known bool) { return 0, false }
