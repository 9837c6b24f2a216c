package submission

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

type unpacker struct {
	root    *os.Root
	packed  int64
	limits  limits
	written int64
	entries int             // and the folders that their paths imply
	folders map[string]bool // those counted
}

// entry lays out one entry of an archive, whose name has slashes. The root refuses every way out of
// the folder once more.
func (u *unpacker) entry(name string, mode fs.FileMode, open func() (io.ReadCloser, error)) error {
	clean := path.Clean(name)
	if strings.HasPrefix(name, "/") || clean == ".." || strings.HasPrefix(clean, "../") ||
		strings.ContainsRune(name, 0) || strings.Contains(clean, ":") {
		return &Refused{Message: fmt.Sprintf("the archive holds a path that leads out of it: %q", name),
			Hint: "Pack the folder again with your system's own archive program."}
	}
	u.entries++
	if u.entries > u.limits.entries {
		return tooMany(u.limits)
	}
	if litter(clean) || clean == "." {
		return nil
	}
	for dir := path.Dir(clean); dir != "." && !u.folders[dir]; dir = path.Dir(dir) {
		u.folders[dir] = true
		u.entries++
	}
	if u.entries > u.limits.entries {
		return tooMany(u.limits)
	}
	switch {
	case mode.IsDir():
		u.folders[clean] = true
		return laidOut(clean, u.root.MkdirAll(clean, 0o755))
	case mode&fs.ModeSymlink != 0 && slices.ContainsFunc(strings.Split(clean, "/"), installed):
		return nil // a virtual environment is made of links, and no build needs the one that was handed in
	case mode&fs.ModeSymlink != 0:
		return &Refused{Message: fmt.Sprintf("the archive holds a link: %q", clean),
			Hint: "Hand in files, not links to them."}
	case !mode.IsRegular():
		return &Refused{Message: fmt.Sprintf("the archive holds what is neither file nor folder: %q", clean),
			Hint: "Hand in plain files."}
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
	allowed := min(u.limits.bytes, max(u.packed*maxRatio, 10<<20)) - u.written
	source := &reading{Reader: in}
	n, err := io.Copy(out, io.LimitReader(source, allowed+1))
	u.written += n
	switch {
	case err != nil && source.err == nil:
		return fmt.Errorf("unpacking: %w", err)
	case n > allowed:
		return tooLarge()
	case err != nil:
		return damaged(err)
	}
	return nil
}

func tooLarge() error {
	return &Refused{Message: "the archive unpacks to far more than a submission needs",
		Hint: "Leave .venv, data and built files out of what you hand in."}
}

// reading remembers the error of a reader, to tell it from that of the writer it is copied to: a
// full disk is no damage.
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

// laidOut returns whose fault it is that a path cannot be made: the archive's, when it holds a file
// and a folder of one name, or a name that is too long.
func laidOut(name string, err error) error {
	for _, theirs := range []error{syscall.ENOTDIR, syscall.EISDIR, syscall.EEXIST, syscall.ENAMETOOLONG,
		syscall.EINVAL, syscall.EILSEQ} {
		if errors.Is(err, theirs) {
			return &Refused{Message: fmt.Sprintf("the archive holds a path that no folder can: %q", name),
				Hint: "Pack the folder again with your system's own archive program."}
		}
	}
	if err != nil {
		return fmt.Errorf("unpacking: %w", err)
	}
	return nil
}

// installed reports whether a folder is one into which a tool installs what others wrote.
func installed(folder string) bool {
	return folder == ".venv" || folder == "venv" || folder == "node_modules"
}

// litter reports whether a name is one that macOS adds to archives unasked.
func litter(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	base := path.Base(name)
	return first == "__MACOSX" || strings.HasPrefix(base, "._") || base == ".DS_Store"
}
