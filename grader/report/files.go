// Package report shows reports: as JSON, as one HTML page, and as text for a terminal. It knows the report and nothing
// else, and writes to an io.Writer; [WriteFiles] alone names files.
package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/taskgrader/taskgrader/grader/result"
)

// JSON writes a report as JSON.
func JSON(w io.Writer, r result.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// SchemaError is that a file holds something else than a report that this version reads.
type SchemaError struct {
	Schema string // what it says it is; may be empty
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("reading a report: its schema is %q, and this version reads %q", e.Schema, result.Schema)
}

// Hint is the fix.
func (e *SchemaError) Hint() string {
	switch {
	case strings.HasPrefix(e.Schema, "taskgrader/class/"):
		return "It is the file of a class: name a report below students or instructor."
	case strings.HasPrefix(e.Schema, "taskgrader/report/"):
		return "Read it with the version that wrote it, or grade again."
	}
	return "Name a JSON file that grade or class wrote, below students or instructor."
}

// Read reads a report that JSON wrote. The error is a [SchemaError] when the file is of another kind or version.
func Read(in io.Reader) (result.Report, error) {
	var r result.Report
	err := json.NewDecoder(in).Decode(&r)
	var other *json.UnmarshalTypeError
	switch {
	case (err == nil || errors.As(err, &other)) && r.Schema != result.Schema:
		return r, &SchemaError{r.Schema}
	case other != nil:
		return r, fmt.Errorf("reading a report: %q holds a %s, which no report has there", other.Field, other.Value)
	case err != nil:
		return r, fmt.Errorf("reading a report: it is no whole JSON: %w", err)
	}
	return r, nil
}

// WriteFiles writes the student's and the instructor's files below a folder, each whole or not at all. The instructor's
// JSON comes last: where it is, all four are.
func WriteFiles(dir string, r result.Report) error {
	for _, audience := range []result.Audience{result.Student, result.Instructor} {
		folder := filepath.Join(dir, map[result.Audience]string{result.Student: "students", result.Instructor: "instructor"}[audience])
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("making the reports folder: %w", err)
		}
		view := r.For(audience)
		if err := WriteFile(filepath.Join(folder, r.Submission.ID+".html"), func(w io.Writer) error { return HTML(w, view) }); err != nil {
			return err
		}
		if err := WriteFile(filepath.Join(folder, r.Submission.ID+".json"), func(w io.Writer) error { return JSON(w, view) }); err != nil {
			return err
		}
	}
	return nil
}

// WriteFile writes a file whole or not at all: under another name first, then renamed.
func WriteFile(path string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".taskgrader-*")
	if err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b.Bytes())
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	return nil
}
