// Package report shows reports: as JSON, as one HTML page, and as text for a terminal. It knows the report and nothing
// else, and writes to an io.Writer; [WriteFiles] alone names files.
package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/taskgrader/taskgrader/grader/result"
)

// JSON writes a report as JSON.
func JSON(w io.Writer, r result.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Read reads a report that JSON wrote.
func Read(in io.Reader) (result.Report, error) {
	var r result.Report
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return r, fmt.Errorf("reading a report: %w", err)
	}
	if r.Schema != result.Schema {
		return r, fmt.Errorf("reading a report: its schema is %q, and this version reads %q", r.Schema, result.Schema)
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
