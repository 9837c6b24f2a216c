package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/engine"
	"github.com/taskgrader/taskgrader/grader/reports"
)

// readLock reads a class.lock; none where there is no such file.
func readLock(name string) (*class.Lock, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l, err := class.ReadLock(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil
}

// lockGiven reads what --locked names.
func (o *classOptions) lockGiven() (*class.Lock, error) {
	if o.locked == "" {
		return nil, nil
	}
	l, err := readLock(o.locked)
	if err == nil && l == nil {
		err = notThere("file", o.locked)
	}
	if err != nil {
		return nil, usageError{err.Error(), `a class writes it beside its grades: reports/class.lock`}
	}
	return l, nil
}

// hold has the machine grade on the images of a lock, and says which of them cannot be had.
func (m *machine) hold(l *class.Lock) error {
	is, err := m.engine.Profile(m.cmd.Context())
	if err != nil {
		return graderError{err}
	}
	if need := is.Need(); need != l.Platform {
		return usageError{fmt.Sprintf("the lock is of a class on %s, and this machine is %s", l.Platform, need),
			"grade on such a machine, or without --locked"}
	}
	var missing []error
	for _, ref := range slices.Sorted(maps.Keys(l.Images)) {
		if err := m.engine.Lock(m.cmd.Context(), ref, engine.Base(l.Images[ref]), nil); err != nil {
			missing = append(missing, usageError{fmt.Sprintf("%s as it was is not to be had: %v", ref, err),
				fmt.Sprintf("load it where it was kept (docker save %s), or grade without --locked", ref)})
		}
	}
	if len(missing) > 0 {
		return several(missing)
	}
	return m.cmd.Context().Err()
}

// keepLock writes on which images a class was graded, those of earlier runs that still count among
// them.
func (m *machine) keepLock(out reports.Dir, c *class.Class) error {
	if m.engine == nil || len(c.Bases) == 0 {
		return nil // nothing was graded, so that what is there still says it
	}
	l := class.Lock{Images: map[string]class.Image{}}
	if is, err := m.engine.Profile(m.cmd.Context()); err == nil {
		l.Platform = is.Need()
	}
	if before, err := readLock(out.Lockfile()); err == nil && before != nil {
		for ref, image := range before.Images {
			if c.Bases[ref] == image.Digest {
				l.Images[ref] = image
			}
		}
		if l.Platform == "" {
			l.Platform = before.Platform
		}
	}
	for ref, b := range m.engine.Bases() {
		l.Images[ref] = class.Image(b)
	}
	return reports.WriteFile(out.Lockfile(), func(w io.Writer) error { return class.WriteLock(w, l) })
}

// unlocked returns the images that submissions name and a lock does not.
func unlocked(l *class.Lock, refs []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(refs), func(ref string) bool {
		_, ok := l.Images[ref]
		return ok
	}), ", ")
}
