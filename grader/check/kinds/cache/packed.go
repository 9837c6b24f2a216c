package cache

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

const (
	deepest    = 3       // archives inside archives whose names are read
	mostUnpack = 1 << 30 // bytes of one that are unpacked for its names
	longName   = 4096    // bytes of a name in a zip archive

	zipEntry  = "PK\x01\x02" // how an entry of a zip archive's list of files begins
	zipHeader = 46           // bytes before its name
)

// archived tells the names of the files that are packed in one, as far as they can be read: of zip
// archives, also behind a program that starts them, and of tar, as it is or compressed.
func archived(r io.Reader, tell func(string)) error {
	return archivedIn(io.LimitReader(r, mostUnpack), 0, tell)
}

func archivedIn(r io.Reader, depth int, tell func(string)) error {
	buffered := bufio.NewReaderSize(r, 64<<10)
	if depth == deepest {
		return zipNames(buffered, tell)
	}
	if unpacked, done := check.Unpack(buffered); unpacked != nil {
		defer done()
		_ = archivedIn(io.LimitReader(unpacked, mostUnpack), depth+1, tell)
		return nil
	}
	if head, _ := buffered.Peek(512); len(head) <= 262 || string(head[257:262]) != "ustar" {
		return zipNames(buffered, tell)
	}
	for archive := tar.NewReader(buffered); ; {
		h, err := archive.Next()
		if err != nil {
			return nil // its end, or what is broken, which is nobody's fault
		}
		tell(h.Name)
		_ = archivedIn(archive, depth+1, tell)
	}
}

// zipNames tells the names in the lists of files of zip archives, wherever in a file they stand.
func zipNames(r io.Reader, tell func(string)) error {
	buffer := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := io.ReadFull(r, buffer[kept:])
		window := buffer[:kept+n]
		last := err != nil
		at := 0
		for {
			next := bytes.Index(window[at:], []byte(zipEntry))
			if next < 0 {
				at = max(at, len(window)-len(zipEntry)+1)
				break
			}
			at += next
			if !last && len(window)-at < zipHeader+longName {
				break // the rest comes with the next piece
			}
			if entry := window[at:]; len(entry) > zipHeader {
				length := int(binary.LittleEndian.Uint16(entry[28:]))
				tell(string(entry[zipHeader:min(len(entry), zipHeader+min(length, longName))]))
			}
			at += len(zipEntry)
		}
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return nil
		case err != nil:
			return err
		}
		kept = copy(buffer, window[at:])
	}
}

// packageOf returns the package whose metadata a path is of, in a folder or an archive, or empty.
func packageOf(name string) string {
	found := metadata.FindString(name)
	if found == "" {
		return ""
	}
	return strings.ToLower(versioned.ReplaceAllString(path.Base(found), ""))
}

// versioned is what follows the name of a package in that of its metadata.
var versioned = regexp.MustCompile(`-\d.*$|\.(?:dist-info|egg-info|whl|list)$`)

// brought returns the COPY and ADD steps, by index, that were done again and bring packages of the
// folder along that no layer holds which came from the cache: the same is brought in again after
// each edit. A copy of what is installed besides, such as of a .venv, is not what the program uses.
func brought(ctx context.Context, t check.Target, held map[string][]string,
	steps []check.Step) (map[int]bool, error) {
	found := map[int]bool{}
	if len(held) == 0 || t.Built().Image == nil {
		return found, nil
	}
	file, err := t.Dockerfile()
	if err != nil {
		return found, err
	}
	rules, err := t.Ignore()
	if err != nil {
		return found, err
	}
	taken := func(in *dockerfile.Instruction) (packages []string) {
		for name, of := range held {
			if in.MayTake(name) && !rules.Ignores(name) {
				packages = append(packages, of...)
			}
		}
		slices.Sort(packages)
		return slices.Compact(packages)
	}
	again := map[int]bool{} // lines
	var kept []string       // packages that came from the cache
	for _, s := range steps {
		in := file.At(s.Line)
		again[s.Line] = again[s.Line] || !s.Cached
		if in != nil && s.Cached {
			kept = append(kept, taken(in)...)
		}
	}
	image := t.Built().Image
	err = t.WalkImage(ctx, image.ID, func(f check.LayerFile, _ io.Reader) error {
		if name := packageOf(f.Path); name != "" && f.Layer < len(image.Layers) && !again[image.Layers[f.Layer].Line] &&
			len(kept) < mostPackages {
			kept = append(kept, name)
		}
		return nil
	})
	for i, s := range steps {
		in := file.At(s.Line)
		if s.Cached || in == nil || in.Name != "COPY" && in.Name != "ADD" {
			continue
		}
		packages := taken(in)
		besides := slices.DeleteFunc(slices.Clone(packages), func(p string) bool { return slices.Contains(kept, p) })
		found[i] = len(besides) > max(1, projects(t)) && 2*len(besides) > len(packages)
	}
	return found, err
}

// vendored returns the packages that the folder holds, by the file that shows them: as they are
// installed, or in an archive.
func vendored(t check.Source) (map[string][]string, error) {
	held, n := map[string][]string{}, 0
	err := fs.WalkDir(t.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || n > mostPackages {
			return nil // what cannot be read has no package for us
		}
		add := func(of string) {
			if of != "" && !slices.Contains(held[name], of) {
				held[name] = append(held[name], of)
				n++
			}
		}
		add(packageOf(name))
		if info, err := d.Info(); err != nil || info.Size() < tooSmall || len(held[name]) > 0 {
			return nil
		}
		opened, err := t.FS().Open(name)
		if err != nil {
			return nil
		}
		defer opened.Close()
		return archived(opened, func(inside string) { add(packageOf(inside)) })
	})
	return held, err
}
