package submission

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"github.com/taskgrader/taskgrader/grader/person"
)

// Entry is one submission of a class folder, found but not read yet.
type Entry struct {
	ID   string // safe as a file name, and no other entry's even where upper and lower case are the same
	Name string // of the student, where the form of the submission tells
	Path string // the folder or archive to open
	File string // the child of the class folder it was found as
	Form Form   // whose form of submission it is
	Late bool   // the form says that it came late

	Account person.ID // of the student, or the team, on the platform that the form is of

	attempt int       // Canvas's number of the file, which grows
	sent    time.Time // as the form tells; zero where it does not
}

// List returns every child folder, .zip, .tar.gz and .tgz of a class folder, sorted by name. What
// it passed over, other than hidden files, is in ignored, so that nobody's work goes missing
// unseen. The error is the caller's: there is no such folder, or it cannot be read.
//
// A folder that holds nothing but one archive, as Moodle hands them out, or nothing but one folder
// with a Dockerfile, up to three folders deep, stands for what it holds.
func List(dir string) (entries []Entry, ignored []string, err error) {
	children, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the class folder: %w", err)
	}
	for _, child := range children {
		name, full := child.Name(), filepath.Join(dir, child.Name())
		if hidden(name) {
			continue
		}
		info, err := os.Stat(full) // a link to a folder is the instructor's own arrangement
		if err != nil || !info.IsDir() && !(info.Mode().IsRegular() && IsArchive(name)) {
			ignored = append(ignored, name)
			continue
		}
		base := name
		if info.IsDir() {
			full = inside(full)
		} else {
			base = TrimArchive(name)
		}
		e := recognise(base)
		e.Path, e.File = full, name
		entries = append(entries, e)
	}
	entries, texts := dropTexts(entries)
	trimAssignment(dir, entries)
	distinct(entries)
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) })
	ignored = append(ignored, texts...)
	slices.Sort(ignored)
	return entries, ignored, nil
}

// Open reads the submission; it is [Open] with the entry's id and name.
func (e Entry) Open() (*Submission, error) {
	s, err := Open(e.Path)
	if err != nil {
		return nil, err
	}
	s.ID, s.Name = e.ID, e.Name
	s.own()
	return s, nil
}

// ArchiveDigest returns the digest of an archive as it lies there, and empty for a folder: where it
// is the same the content is the same, which spares unpacking it.
func (e Entry) ArchiveDigest() (string, error) {
	f, err := os.Open(e.Path)
	if err != nil {
		return "", fmt.Errorf("opening the submission: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return "", err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", fmt.Errorf("reading the submission: %w", err)
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") || litter(name) }

// inside returns what a folder stands for.
func inside(folder string) string {
	at := folder
	for range wrappings {
		children := visible(at)
		if len(children) != 1 || recognise(children[0].Name()).Form != Plain { // a platform's name is a student's
			break
		}
		only := filepath.Join(at, children[0].Name())
		switch {
		case children[0].Type().IsRegular() && IsArchive(only), children[0].IsDir() && hasDockerfile(only):
			return only
		case !children[0].IsDir():
			return folder
		}
		at = only
	}
	return folder
}

// visible returns the children of a folder that are somebody's work.
func visible(folder string) []os.DirEntry {
	children, _ := os.ReadDir(folder) // what cannot be read has none
	return slices.DeleteFunc(children, func(d os.DirEntry) bool { return hidden(d.Name()) })
}

func hasDockerfile(folder string) bool {
	return slices.ContainsFunc(visible(folder), func(d os.DirEntry) bool {
		return d.Type().IsRegular() && (d.Name() == "Dockerfile" || d.Name() == "dockerfile")
	})
}

// dropTexts drops the folders in which Moodle hands out what a student typed, where there is one of
// what they uploaded.
func dropTexts(entries []Entry) (kept []Entry, dropped []string) {
	uploaded := map[string]bool{}
	for _, e := range entries {
		uploaded[e.ID] = uploaded[e.ID] || e.Form == Moodle && !typed(e.File)
	}
	for _, e := range entries {
		if e.Form == Moodle && typed(e.File) && uploaded[e.ID] {
			dropped = append(dropped, e.File)
		} else {
			kept = append(kept, e)
		}
	}
	return kept, dropped
}

// distinct sees to it that no two entries share an id. Of those that would, one keeps it, and the
// others go by the whole name of their file.
func distinct(entries []Entry) {
	taken := map[string]bool{}
	for i := range entries {
		e := &entries[i]
		if taken[strings.ToLower(e.ID)] {
			e.ID = SafeID(e.File)
		}
		if taken[strings.ToLower(e.ID)] {
			sum := sha256.Sum256([]byte(e.File))
			e.ID = SafeID(fmt.Sprintf("%.80s-%x", e.ID, sum[:4]))
		}
		taken[strings.ToLower(e.ID)] = true
	}
}

const ownerFile = "owner"

// own marks what was unpacked as that of this process, so that [Sweep] leaves it while the process
// lives.
func (s *Submission) own() {
	if s.temporary != "" { // without the mark it is swept by its age
		_ = os.WriteFile(filepath.Join(s.temporary, ownerFile), []byte(strconv.Itoa(os.Getpid())), 0o600)
	}
}

// Sweep removes what killed processes left unpacked: whose owner is dead, or, where no owner is
// named, what is older than an hour.
func Sweep() {
	folders, _ := filepath.Glob(filepath.Join(os.TempDir(), "taskgrader-submission-*"))
	for _, folder := range folders {
		info, err := os.Lstat(folder)
		if err != nil || !info.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, ownerFile))
		pid, notNumber := strconv.Atoi(string(text))
		if old := time.Since(info.ModTime()) > time.Hour; err == nil && notNumber == nil && dead(pid) || err != nil &&
			old {
			_ = os.RemoveAll(folder)
		}
	}
}

func dead(pid int) bool {
	there, err := process.PidExists(int32(pid))
	return err == nil && !there
}
