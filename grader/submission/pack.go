package submission

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Pack writes what an entry's path names as bytes, for another machine to grade as it would be
// graded here; [Unpack] is the way back. An archive travels as it was handed in, so that it is
// judged there. Of a folder everything is kept that a build or a digest could see, with no limit:
// modes, links, times, empty folders, names of any bytes, a version control's own folder. Sockets
// and the like, which no build sees, are left out.
func Pack(w io.Writer, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("packing the submission: %w", err)
	}
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("packing the submission: %w", err)
	}
	t := tar.NewWriter(z)
	if info.IsDir() {
		if name, err = filepath.EvalSymlinks(name); err == nil { // it may be a link of the instructor's
			err = packFolder(t, name)
		}
	} else {
		err = packFile(t, name, filepath.Base(name), info)
	}
	if err := errors.Join(err, t.Close(), z.Close()); err != nil {
		return fmt.Errorf("packing the submission: %w", err)
	}
	return nil
}

// packedFolder is the folder that a folder's content is packed below: an archive, which has its own
// name, lies beside it.
const packedFolder = "folder/"

func packFolder(t *tar.Writer, dir string) error {
	return filepath.WalkDir(dir, func(full string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, full)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return packFile(t, full, packedFolder+filepath.ToSlash(rel), info)
	})
}

func packFile(t *tar.Writer, full, name string, info fs.FileInfo) error {
	target := ""
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		var err error
		if target, err = os.Readlink(full); err != nil {
			return err
		}
	case !info.IsDir() && !info.Mode().IsRegular():
		return nil
	}
	from, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	h := &tar.Header{Format: tar.FormatPAX, Typeflag: from.Typeflag, Name: name, Linkname: target, Size: from.Size,
		Mode: from.Mode, ModTime: from.ModTime} // not whose it is
	if info.IsDir() {
		h.Name += "/"
	}
	if err := t.WriteHeader(h); err != nil || h.Typeflag != tar.TypeReg {
		return err
	}
	f, err := os.Open(full)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(t, f)
	return err
}

// Temporary makes a folder until remove; one that a killed process left is removed by [Sweep].
func Temporary() (folder string, remove func(), err error) {
	folder, err = os.MkdirTemp("", "taskgrader-submission-")
	if err != nil {
		return "", nil, fmt.Errorf("making a folder: %w", err)
	}
	(&Submission{temporary: folder}).own()
	return folder, func() { _ = removeAll(folder) }, nil
}

// Unpack lays out what [Pack] wrote in a temporary folder until remove, and returns the path to
// open. No path in it leads out of the folder, whoever packed it.
func Unpack(r io.Reader) (name string, remove func() error, err error) {
	folder, _, err := Temporary()
	if err != nil {
		return "", nil, err
	}
	remove = func() error { return removeAll(folder) }
	content := filepath.Join(folder, "content")
	if err = os.Mkdir(content, 0o755); err == nil {
		name, err = unpackTo(content, r)
	}
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("unpacking the submission: %w", err), remove())
	}
	return name, remove, nil
}

func unpackTo(content string, r io.Reader) (name string, err error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return "", err
	}
	defer z.Close()
	root, err := os.OpenRoot(content)
	if err != nil {
		return "", err
	}
	defer root.Close()
	type folder struct {
		name string
		mode fs.FileMode
		made time.Time
	}
	var folders []folder
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		at := filepath.FromSlash(h.Name)
		if name == "" {
			name = filepath.Join(content, at) // the folder itself, or the archive
		}
		switch h.Typeflag {
		case tar.TypeDir: // may be closed to writing: its mode comes when all is in it
			err = root.MkdirAll(at, 0o700)
			folders = append(folders, folder{at, h.FileInfo().Mode(), h.ModTime})
		case tar.TypeSymlink:
			err = root.Symlink(h.Linkname, at)
		case tar.TypeReg:
			err = unpackFile(root, at, h, t)
		default:
			err = fmt.Errorf("%q is neither file nor folder", h.Name)
		}
		if err != nil {
			return "", err
		}
	}
	for i := len(folders) - 1; i >= 0; i-- {
		f := folders[i]
		if err := errors.Join(root.Chtimes(f.name, f.made, f.made), root.Chmod(f.name, f.mode)); err != nil {
			return "", err
		}
	}
	if name == "" {
		return "", io.ErrUnexpectedEOF
	}
	return name, nil
}

func unpackFile(root *os.Root, at string, h *tar.Header, r io.Reader) error {
	f, err := root.OpenFile(at, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close(), root.Chtimes(at, h.ModTime, h.ModTime), root.Chmod(at, h.FileInfo().Mode()))
}

// removeAll removes a folder, what is closed to writing too.
func removeAll(folder string) error {
	err := os.RemoveAll(folder)
	if err == nil || !errors.Is(err, syscall.EACCES) {
		return err
	}
	_ = filepath.WalkDir(folder, func(full string, d fs.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			return os.Chmod(full, 0o700)
		}
		return nil
	})
	return os.RemoveAll(folder)
}
