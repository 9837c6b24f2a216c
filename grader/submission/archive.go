package submission

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// What an archive may unpack to.
const (
	maxUnpacked = 500 << 20 // bytes
	maxEntries  = 20_000
	maxRatio    = 200 // unpacked bytes for each packed one, beyond the first 10 MB
)

var archiveEndings = []string{".tar.gz", ".tgz", ".zip"}

// IsArchive says whether a file's name is that of an archive that Open unpacks.
func IsArchive(name string) bool { return trimArchive(name) != name }

func trimArchive(name string) string {
	for _, ending := range archiveEndings {
		if len(name) > len(ending) && strings.EqualFold(name[len(name)-len(ending):], ending) {
			return name[:len(name)-len(ending)]
		}
	}
	return name
}

// unpack lays an archive out in a temporary folder. What is wrong with the archive is noted in Refused; the error is
// ours.
func (s *Submission) unpack(full string) error {
	folder, err := os.MkdirTemp("", "taskgrader-submission-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	s.temporary, s.Dir = folder, filepath.Join(folder, "content")
	if err := os.Mkdir(s.Dir, 0o755); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	root, err := os.OpenRoot(s.Dir)
	if err != nil {
		return fmt.Errorf("opening a folder: %w", err)
	}
	defer root.Close()
	info, err := os.Stat(full)
	if err != nil {
		return fmt.Errorf("opening the archive: %w", err)
	}
	u := &unpacker{root: root, packed: info.Size(), folders: map[string]bool{}}
	switch {
	case !IsArchive(full):
		err = &Refused{Message: fmt.Sprintf("%q is no folder and no archive", filepath.Base(full)), Hint: "Hand in a folder, a .zip or a .tar.gz."}
	case strings.HasSuffix(strings.ToLower(full), ".zip"):
		err = u.zip(full)
	default:
		err = u.tar(full)
	}
	if errors.As(err, &s.Refused) {
		if err := os.RemoveAll(s.Dir); err != nil {
			return fmt.Errorf("emptying a folder: %w", err)
		}
		return os.Mkdir(s.Dir, 0o755)
	}
	if err != nil {
		return err
	}
	return s.lookThrough()
}

// lookThrough goes into the one folder that an archive's content is wrapped in.
func (s *Submission) lookThrough() error {
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return fmt.Errorf("reading what was unpacked: %w", err)
	}
	if len(entries) == 1 && entries[0].IsDir() {
		s.Dir = filepath.Join(s.Dir, entries[0].Name())
	}
	return nil
}

type unpacker struct {
	root    *os.Root
	packed  int64
	written int64
	entries int             // and the folders that their paths imply
	folders map[string]bool // those counted
}

func damaged(err error) error {
	return &Refused{Message: "the archive is damaged: " + err.Error(), Hint: "Pack the folder again and try to unpack it yourself before you hand it in."}
}

func (u *unpacker) zip(full string) error {
	r, err := zip.OpenReader(full)
	if errors.As(err, new(*fs.PathError)) {
		return fmt.Errorf("opening the archive: %w", err)
	}
	if err != nil {
		return damaged(err)
	}
	defer r.Close()
	for _, f := range r.File {
		if err := u.entry(f.Name, f.Mode(), func() (io.ReadCloser, error) { return f.Open() }); err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacker) tar(full string) error {
	f, err := os.Open(full)
	if err != nil {
		return fmt.Errorf("opening the archive: %w", err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return damaged(err)
	}
	r := tar.NewReader(unzipped)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return damaged(err)
		}
		mode := h.FileInfo().Mode()
		if h.Typeflag == tar.TypeLink {
			mode |= fs.ModeSymlink
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if err := u.entry(h.Name, mode, func() (io.ReadCloser, error) { return io.NopCloser(r), nil }); err != nil {
			return err
		}
	}
}

// entry lays out one entry of an archive. The root refuses every way out of the folder once more.
func (u *unpacker) entry(name string, mode fs.FileMode, open func() (io.ReadCloser, error)) error {
	name = strings.ReplaceAll(name, `\`, "/")
	clean := path.Clean(name)
	if strings.HasPrefix(name, "/") || clean == ".." || strings.HasPrefix(clean, "../") || strings.ContainsRune(name, 0) || strings.Contains(clean, ":") {
		return &Refused{Message: fmt.Sprintf("the archive holds a path that leads out of it: %q", name), Hint: "Pack the folder again with your system's own archive program."}
	}
	if litter(clean) || clean == "." {
		return nil
	}
	u.entries++
	for dir := path.Dir(clean); dir != "." && !u.folders[dir]; dir = path.Dir(dir) {
		u.folders[dir] = true
		u.entries++
	}
	if u.entries > maxEntries {
		return &Refused{Message: fmt.Sprintf("the archive holds more than %d files", maxEntries), Hint: "Leave .venv, node_modules and the like out of what you hand in."}
	}
	switch {
	case mode.IsDir():
		u.folders[clean] = true
		return laidOut(clean, u.root.MkdirAll(clean, 0o755))
	case mode&fs.ModeSymlink != 0 && slices.ContainsFunc(strings.Split(clean, "/"), installed):
		return nil // a virtual environment is made of links, and no build needs the one that was handed in
	case mode&fs.ModeSymlink != 0:
		return &Refused{Message: fmt.Sprintf("the archive holds a link: %q", clean), Hint: "Hand in files, not links to them."}
	case !mode.IsRegular():
		return &Refused{Message: fmt.Sprintf("the archive holds what is neither file nor folder: %q", clean), Hint: "Hand in plain files."}
	}
	if err := laidOut(clean, u.root.MkdirAll(path.Dir(clean), 0o755)); err != nil {
		return err
	}
	in, err := open()
	if err != nil {
		return damaged(err)
	}
	defer in.Close()
	out, err := u.root.OpenFile(clean, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644|mode&0o111)
	if err != nil {
		return laidOut(clean, err)
	}
	defer out.Close()
	allowed := min(maxUnpacked, max(u.packed*maxRatio, 10<<20)) - u.written
	source := &reading{Reader: in}
	n, err := io.Copy(out, io.LimitReader(source, allowed+1))
	u.written += n
	switch {
	case err != nil && source.err == nil:
		return fmt.Errorf("unpacking: %w", err)
	case n > allowed:
		return &Refused{Message: "the archive unpacks to far more than a submission needs", Hint: "Leave .venv, data and built files out of what you hand in."}
	case err != nil:
		return damaged(err)
	}
	return nil
}

// reading remembers the error of a reader, to tell it from that of the writer it is copied to: a full disk is no damage.
type reading struct {
	io.Reader
	err error
}

func (r *reading) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// laidOut says whose fault it is that a path cannot be made: the archive's, when it holds a file and a folder of one
// name, or a name that is too long.
func laidOut(name string, err error) error {
	for _, theirs := range []error{syscall.ENOTDIR, syscall.EISDIR, syscall.EEXIST, syscall.ENAMETOOLONG, syscall.EINVAL, syscall.EILSEQ} {
		if errors.Is(err, theirs) {
			return &Refused{Message: fmt.Sprintf("the archive holds a path that no folder can: %q", name), Hint: "Pack the folder again with your system's own archive program."}
		}
	}
	if err != nil {
		return fmt.Errorf("unpacking: %w", err)
	}
	return nil
}

// installed says whether a folder is one into which a tool installs what others wrote.
func installed(folder string) bool {
	return folder == ".venv" || folder == "venv" || folder == "node_modules"
}

// litter is what macOS adds to archives unasked.
func litter(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	base := path.Base(name)
	return first == "__MACOSX" || strings.HasPrefix(base, "._") || base == ".DS_Store"
}
