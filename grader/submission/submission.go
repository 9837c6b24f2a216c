// Package submission reads what students hand in: folders and archives, their digests, their size.
//
// [Open] takes either, within limits, and gives the folder with an id and a digest; [List] finds
// the submissions of a class. An archive is unpacked without trust: no path leaves the folder, no
// link is followed, and what it would expand to is counted while it expands. What learning
// platforms name a download is read here too.
package submission

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Submission is one student's work, laid out as a folder on this machine.
type Submission struct {
	ID            string // safe as a file name
	Name          string // of the student, where the form of the submission tells
	Dir           string
	Digest        string // sha256:… of paths and contents, whatever it came packed in
	ProgramDigest string // the same, without white space and comments in the Dockerfile and the Python files
	// Refused is why what was handed in could not be laid out; the folder is then empty.
	Refused *Refused

	temporary string
}

// Refused is that what was handed in cannot be read: the student's fault, and graded as a build
// that fails.
type Refused struct {
	Message string
	Hint    string
}

func (r *Refused) Error() string { return r.Message }

// Close removes what was unpacked. The student's own folder stays.
func (s *Submission) Close() error {
	if s.temporary == "" {
		return nil
	}
	return os.RemoveAll(s.temporary)
}

// Open reads a folder, which is used where it is, or an archive, which is unpacked into a temporary
// folder until Close. The error is ours, or the caller's: there is nothing of that name.
func Open(name string) (*Submission, error) {
	full, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("finding %q: %w", name, err)
	}
	info, err := os.Stat(full)
	if err != nil {
		return nil, fmt.Errorf("opening the submission: %w", err)
	}
	s := &Submission{Dir: full, ID: SafeID(TrimArchive(filepath.Base(full)))}
	if info.IsDir() { // a link to a folder is the folder
		if s.Dir, err = filepath.EvalSymlinks(full); err != nil {
			return nil, fmt.Errorf("opening the submission: %w", err)
		}
	} else {
		if err := s.unpack(full, limits{bytes: maxUnpacked, entries: maxEntries}, s.lookThrough); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	if err := s.digest(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

var (
	unsafe   = regexp.MustCompile(`[^\p{L}\p{N}._-]+`)
	reserved = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])$`) // names of devices on Windows
)

// SafeID returns a name that can be a file's on every system.
func SafeID(name string) string {
	id := strings.Trim(unsafe.ReplaceAllString(strings.ToValidUTF8(name, "-"), "-"), "-. ")
	if len(id) > 100 {
		id = strings.TrimRight(strings.ToValidUTF8(id[:100], ""), "-.")
	}
	if base, _, _ := strings.Cut(id, "."); base == "" || reserved.MatchString(base) {
		id = "submission-" + id
	}
	return strings.TrimSuffix(id, "-")
}

const (
	digestBytes = 200 << 20 // of contents; beyond, size and name stand for a file
	digestFiles = 20_000
	// of a program that is compared without white space and comments; a longer one is compared as it is
	programBytes = 1 << 20
)

// digest reads the folder once. What a submission is does not depend on how it was packed: only
// paths, contents and whether a file is a program count. A version control's own folder does not.
func (s *Submission) digest() error {
	whole, program := sha256.New(), sha256.New()
	left, files := int64(digestBytes), 0
	err := filepath.WalkDir(s.Dir, func(full string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // whether it can be read is the build's question
		}
		rel, _ := filepath.Rel(s.Dir, full)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if d.Name() == ".git" {
				return fs.SkipDir
			}
			return nil
		}
		if files++; files > digestFiles {
			return fs.SkipAll
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			target, _ := os.Readlink(full)
			fmt.Fprintf(whole, "link %q %q\n", rel, target)
			return nil
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		fmt.Fprintf(whole, "file %q %t %d\n", rel, info.Mode()&0o111 != 0, info.Size())
		if left -= info.Size(); left < 0 {
			return nil
		}
		return hashFile(full, rel, whole, program)
	})
	if err != nil {
		return fmt.Errorf("reading the submission: %w", err)
	}
	s.Digest = "sha256:" + hex.EncodeToString(whole.Sum(nil))
	s.ProgramDigest = "sha256:" + hex.EncodeToString(program.Sum(nil))
	return nil
}

func hashFile(full, rel string, whole, program hash.Hash) error {
	f, err := os.Open(full)
	if err != nil {
		return nil
	}
	defer f.Close()
	if base := path.Base(rel); !strings.EqualFold(base, "Dockerfile") && path.Ext(base) != ".py" {
		_, err = io.Copy(whole, f)
		return err
	}
	text, err := io.ReadAll(io.LimitReader(f, programBytes+1))
	whole.Write(text)
	if len(text) > programBytes {
		fmt.Fprintf(program, "%q\n", rel)
		program.Write(text)
		_, err = io.Copy(io.MultiWriter(whole, program), f)
		return err
	}
	fmt.Fprintf(program, "%q %q\n", rel, bare(text))
	return err
}

// bare returns a program without white space and comments.
func bare(text []byte) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		if trimmed := bytes.TrimSpace(line); !bytes.HasPrefix(trimmed, []byte("#")) {
			before, _, _ := bytes.Cut(trimmed, []byte("  #"))
			out = append(out, bytes.Join(bytes.Fields(before), nil)...)
		}
	}
	return out
}
