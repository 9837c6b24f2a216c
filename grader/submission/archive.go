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
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// What an archive may unpack to.
const (
	maxUnpacked = 500 << 20 // bytes
	maxEntries  = 20_000
	maxRatio    = 200 // unpacked bytes for each packed one, beyond the first 10 MB

	maxSkipped = 100 << 20 // bytes that are read of a tar and not laid out: heads, and what is passed over
	listBytes  = 400       // of a zip's list for each file, with its name and times
)

var archiveEndings = []string{".tar.gz", ".tgz", ".zip"}

// IsArchive reports whether a file's name is that of an archive that Open unpacks.
func IsArchive(name string) bool { return TrimArchive(name) != name }

// TrimArchive returns a file's name without the ending of an archive.
func TrimArchive(name string) string {
	for _, ending := range archiveEndings {
		if len(name) > len(ending) && strings.EqualFold(name[len(name)-len(ending):], ending) {
			return name[:len(name)-len(ending)]
		}
	}
	return name
}

// limits are what an archive may unpack to.
type limits struct {
	bytes   int64
	entries int
}

// unpack lays an archive out in a temporary folder, and looks at what it laid out. What is wrong
// with the archive is noted in Refused; the error is ours.
func (s *Submission) unpack(full string, l limits, look func() error) error {
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
	u := &unpacker{root: root, packed: info.Size(), limits: l, folders: map[string]bool{}}
	switch {
	case !IsArchive(full):
		err = &Refused{Message: fmt.Sprintf("%q is no folder and no archive", filepath.Base(full)),
			Hint: "Hand in a folder, a .zip or a .tar.gz."}
	case strings.HasSuffix(strings.ToLower(full), ".zip"):
		err = u.zip(full)
	default:
		err = u.tar(full)
	}
	if err == nil {
		err = look()
	}
	if errors.As(err, &s.Refused) {
		if err := os.RemoveAll(s.Dir); err != nil {
			return fmt.Errorf("emptying a folder: %w", err)
		}
		return os.Mkdir(s.Dir, 0o755)
	}
	return err
}

// noFolder are files that stand for the folder they were handed in instead of: archives, and
// documents about it.
var noFolder = regexp.MustCompile(`(?i)\.(zip|tar|tgz|gz|bz2|xz|rar|7z|pdf|docx?|odt|rtf|pages)$`)

// wrappings are how many folders may lie around what was handed in: the program's, that of the
// archive, and one that unpacking it made.
const wrappings = 3

// lookThrough goes into the folders that an archive's content is wrapped in, and refuses content
// that is no folder.
func (s *Submission) lookThrough() error {
	entries, err := os.ReadDir(s.Dir)
	for range wrappings {
		if err != nil || len(entries) != 1 || !entries[0].IsDir() {
			break
		}
		s.Dir = filepath.Join(s.Dir, entries[0].Name())
		entries, err = os.ReadDir(s.Dir)
	}
	if err != nil {
		return fmt.Errorf("reading what was unpacked: %w", err)
	}
	if len(entries) == 1 && !entries[0].IsDir() && noFolder.MatchString(entries[0].Name()) {
		return &Refused{Message: fmt.Sprintf("the archive holds only %q", entries[0].Name()),
			Hint: "Pack the folder itself, with the Dockerfile and the program in it."}
	}
	return nil
}

// bounded is a zip of which no more is read than the list of its files may be long, until that is
// read: in memory it is ten times as long.
type bounded struct {
	io.ReaderAt
	left  int64
	whole bool // is asked for from now on
}

func (b *bounded) ReadAt(p []byte, at int64) (int, error) {
	if !b.whole {
		if b.left -= int64(len(p)); b.left < 0 {
			return 0, errors.New("the list of its files is too long")
		}
	}
	return b.ReaderAt.ReadAt(p, at)
}

func tooMany(l limits) error {
	return &Refused{Message: fmt.Sprintf("the archive holds more than %d files", l.entries),
		Hint: "Leave .venv, node_modules and the like out of what you hand in."}
}

func damaged(err error) error {
	return &Refused{Message: "the archive is damaged: " + err.Error(),
		Hint: "Pack the folder again and try to unpack it yourself before you hand it in."}
}

func (u *unpacker) zip(full string) error {
	f, err := os.Open(full)
	if err != nil {
		return fmt.Errorf("opening the archive: %w", err)
	}
	defer f.Close()
	list := &bounded{ReaderAt: f, left: int64(u.limits.entries) * listBytes}
	r, err := zip.NewReader(list, u.packed)
	if list.left < 0 {
		return tooMany(u.limits)
	}
	if err != nil {
		return damaged(err)
	}
	list.whole = true
	names := zipNames(r.File)
	for i, f := range r.File {
		if f.Flags&1 != 0 {
			return &Refused{Message: "the archive is encrypted: it does not open without its password",
				Hint: "Pack the folder again without a password."}
		}
		mode := f.Mode()
		if strings.HasSuffix(names[i], "/") { // written with a backslash, which the mode does not know of
			mode |= fs.ModeDir
		}
		if err := u.entry(names[i], mode, func() (io.ReadCloser, error) { return f.Open() }); err != nil {
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
	unpacked := &io.LimitedReader{R: unzipped, N: u.limits.bytes + maxSkipped}
	r := tar.NewReader(unpacked)
	for {
		h, err := r.Next()
		if unpacked.N <= 0 { // more was passed over than laid out
			return tooLarge()
		}
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
		name := h.Name
		if utf8.ValidString(name) { // else it may be a part of a character
			name = strings.ReplaceAll(name, `\`, "/")
		}
		if err := u.entry(name, mode, func() (io.ReadCloser, error) { return io.NopCloser(r), nil }); err != nil {
			return err
		}
	}
}
