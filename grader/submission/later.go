package submission

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Later reports whether an entry was handed in after another of the same student: by the number
// that Canvas counts files with, else by the time that its name tells, else by its newest file.
func (e Entry) Later(other Entry) bool {
	if e.attempt > 0 && other.attempt > 0 {
		return e.attempt > other.attempt
	}
	mine, others := e.made(), other.made()
	if mine.Equal(others) {
		return e.File > other.File
	}
	return mine.After(others)
}

// made returns when the newest file of an entry was, as far as it tells, or else the entry itself.
func (e Entry) made() (newest time.Time) {
	if !e.sent.IsZero() {
		return e.sent
	}
	see := func(t time.Time) {
		if t.Year() > 1980 && t.After(newest) { // what a zip says of a file without a time
			newest = t
		}
	}
	info, err := os.Stat(e.Path)
	switch {
	case err != nil:
		return newest
	case info.IsDir():
		_ = filepath.WalkDir(e.Path, func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil
			}
			if info, err := d.Info(); err == nil {
				see(info.ModTime())
			}
			return nil
		})
	case strings.EqualFold(filepath.Ext(e.Path), ".zip"):
		seeZip(e.Path, info.Size(), see)
	default:
		seeTar(e.Path, see)
	}
	if newest.IsZero() {
		return info.ModTime()
	}
	return newest
}

// seeZip and seeTar read no more of an archive than unpacking it would: it is not refused yet.
func seeZip(file string, size int64, see func(time.Time)) {
	f, err := os.Open(file)
	if err != nil {
		return
	}
	defer f.Close()
	r, err := zip.NewReader(&bounded{ReaderAt: f, left: maxEntries * listBytes}, size)
	if err != nil {
		return
	}
	for _, f := range r.File {
		see(f.Modified)
	}
}

func seeTar(file string, see func(time.Time)) {
	f, err := os.Open(file)
	if err != nil {
		return
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return
	}
	r := tar.NewReader(io.LimitReader(unzipped, maxUnpacked+maxSkipped))
	for {
		h, err := r.Next()
		if err != nil {
			return
		}
		see(h.ModTime)
	}
}
