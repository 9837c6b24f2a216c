package submission

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Found is where the submissions of a class are, and which.
type Found struct {
	Dir     string // the folder that holds them
	Entries []Entry
	Ignored []string // see [List]
	Note    string   // where they were found, when that is not the folder that was named; else empty

	unpacked *Submission
}

// Close removes what was unpacked.
func (f *Found) Close() error {
	if f.unpacked == nil {
		return nil
	}
	return f.unpacked.Close()
}

// Find lists the submissions of a class where they are: in the folder that was named; in the one
// folder that this holds; or in an archive, as a learning platform hands out a class, that is all
// there is in it, or was itself named. skip says of what a folder holds that it is no submission,
// as the reports are not. The error is that of [List], a [SeveralError], or [Refused].
func Find(name string, skip func(full string) bool) (*Found, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("reading the class folder: %w", err)
	}
	if !info.IsDir() && IsArchive(name) {
		found, err := unpackClass(name)
		if err == nil && found == nil {
			err = &Refused{Message: fmt.Sprintf("the archive %q holds no submissions", name),
				Hint: "If it is one submission: taskgrader grade " + name}
		}
		return found, err
	}
	f := &Found{Dir: name}
	if f.Entries, f.Ignored, err = List(name); err != nil {
		return nil, err
	}
	f.Entries = slices.DeleteFunc(f.Entries, func(e Entry) bool { return skip(filepath.Join(name, e.File)) })
	var classes []string
	for _, e := range f.Entries {
		if full := filepath.Join(name, e.File); e.Path == full && holdsClass(full, len(f.Entries) == 1) {
			classes = append(classes, full)
		}
	}
	// an archive lies beside what it unpacked to
	others := slices.DeleteFunc(slices.Clone(f.Entries), func(e Entry) bool {
		return slices.Contains(classes, filepath.Join(name, TrimArchive(e.File)))
	})
	switch {
	case len(classes) == 1 && len(others) == 0:
		inner, err := Find(classes[0], skip)
		if err == nil && inner.Note == "" {
			inner.Note = fmt.Sprintf("%q holds the folder %q, and this the submissions (%d): they are graded", name,
				filepath.Base(classes[0]), len(inner.Entries))
		}
		return inner, err
	case len(classes) > 1 && len(others) == 0:
		return nil, &SeveralError{Dir: name, Classes: classes}
	case len(f.Entries) == 1 && IsArchive(f.Entries[0].Path):
		if found, err := unpackClass(f.Entries[0].Path); err != nil || found != nil {
			return found, err
		}
	}
	return f, nil
}

// SeveralError is that a folder holds the folders of several classes, and no submission.
type SeveralError struct {
	Dir     string
	Classes []string
}

func (e *SeveralError) Error() string {
	return fmt.Sprintf("the folder %q holds no submissions, but %d folders with submissions", e.Dir, len(e.Classes))
}

// Hint returns the fix.
func (e *SeveralError) Hint() string {
	return "grade them one by one: taskgrader class " + strings.Join(e.Classes[:min(len(e.Classes), 3)],
		", taskgrader class ")
}

// holdsClass reports whether a folder is no submission but holds some: archives, folders that a
// platform named, or, when it is alone, several folders with a Dockerfile each.
func holdsClass(folder string, alone bool) bool {
	children := visible(folder)
	if hasDockerfile(folder) {
		return false
	}
	archives, named, programs := 0, 0, 0
	for _, child := range children {
		name := filepath.Join(folder, child.Name())
		switch {
		case child.Type().IsRegular() && IsArchive(name):
			archives++
		case child.IsDir() && recognise(child.Name()).Form != Plain:
			named++
		case child.IsDir() && (hasDockerfile(name) || inside(name) != name):
			programs++
		case child.IsDir() && len(children) == 1:
			return holdsClass(name, alone)
		}
	}
	return archives > 1 || named > 0 || alone && archives+programs > 1
}

// What the archive of a class may unpack to.
const (
	maxClass        = 50 << 30 // bytes
	maxClassEntries = 2_000_000
)

// unpackClass lists the submissions of an archive, or gives nil when it holds none.
func unpackClass(full string) (*Found, error) {
	s := &Submission{}
	err := s.unpack(full, limits{bytes: maxClass, entries: maxClassEntries}, func() error { return nil })
	s.own()
	if err == nil && holdsClass(s.Dir, true) {
		f, err := Find(s.Dir, func(string) bool { return false })
		if err == nil {
			f.unpacked, f.Note = s, fmt.Sprintf("%q holds the submissions (%d): they are graded", full, len(f.Entries))
			return f, nil
		}
	}
	return nil, errors.Join(err, s.Close())
}
