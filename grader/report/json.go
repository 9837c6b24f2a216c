// Package report shows reports to people. [HTML], [Text], [Badge] and [JSON] show one report;
// [Index], [Summary] and [Links] a class. It knows what it is given and nothing else, and writes to
// an io.Writer.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

// JSON writes a report as JSON.
func JSON(w io.Writer, r result.Report) error {
	return plain.JSON(w, r, "  ")
}

// SchemaError reports that a file holds something else than a report that this version reads.
type SchemaError struct {
	Schema string // what it says it is; may be empty
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("reading a report: its schema is %q, and this version reads %q", e.Schema, result.Schema)
}

// Hint returns the fix.
func (e *SchemaError) Hint() string {
	switch {
	case strings.HasPrefix(e.Schema, "taskgrader/class/"):
		return "it is the file of a class: name a report below students or instructor"
	case strings.HasPrefix(e.Schema, "taskgrader/report/"):
		return "read it with the version that wrote it, or grade again"
	}
	return "name a JSON file that grade or class wrote, below students or instructor"
}

// Read reads a report that JSON wrote. The error is a [SchemaError] when the file is of another
// kind or version.
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
