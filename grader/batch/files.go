package batch

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/reports"
)

// load reads the class of an earlier run, or nil.
func load(out reports.Dir) (*class.Class, error) {
	c, err := out.Class()
	var wrong *reports.FormatError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.As(err, &wrong):
		return nil, &RefusedError{Text: err.Error(),
			Fix: "name another folder with --out, or remove that file: the reports stay, and all are graded again"}
	}
	return c, err
}

func lock(out reports.Dir) (unlock func(), err error) {
	unlock, err = out.Lock()
	if errors.Is(err, reports.ErrLocked) {
		return nil, &RefusedError{Text: fmt.Sprintf("%v %q", err, out),
			Fix: "wait for it, or name another folder with --out"}
	}
	return unlock, err
}
