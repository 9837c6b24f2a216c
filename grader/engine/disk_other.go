//go:build !unix

package engine

import "io/fs"

func onDisk(info fs.FileInfo) (id uint64, bytes int64) { return 0, info.Size() }
