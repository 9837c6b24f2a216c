package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/export"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/reports"
)

func exportClass(cmd *cobra.Command, f export.Format, c export.Class, o exportOptions) ([]export.Note, error) {
	if isFolder(o.out) {
		return nil, usageError{fmt.Sprintf("--out %q is a folder, and %s is one file for the class", o.out, f.Name),
			"name a file: --out " + filepath.Join(o.out, "grades"+f.Ending)}
	}
	if err := c.Describe(); err != nil {
		return nil, err
	}
	if o.dryRun {
		o.options.Filled = func(f export.Filled) { sayFilled(cmd, f.Row, f.Student, f.By) }
	}
	var b bytes.Buffer // nothing half is written
	notes, err := f.All(&b, c, o.options)
	if err != nil {
		return nil, err
	}
	if o.dryRun {
		sayLeftOver(cmd, c)
		return notes, nil
	}
	return notes, put(cmd, o.out, b.Bytes())
}

// exportStudents writes a file for each student who has one.
func exportStudents(cmd *cobra.Command, f export.Format, c export.Class, o exportOptions) ([]export.Note, error) {
	folder, err := o.folder(f, c.Students)
	if err != nil && !o.dryRun {
		return nil, err
	}
	var notes []export.Note
	written := map[string]bool{}
	for _, s := range c.Students {
		if n := export.SecondOf(s); n != nil && o.student == "" { // its file would be taken for the student's
			notes = append(notes, *n)
			continue
		}
		if n := export.NoteOf(s); n != nil {
			notes = append(notes, *n)
		}
		var b bytes.Buffer
		err := f.One(&b, s, o.options)
		var none *export.NoScoreError
		if errors.As(err, &none) {
			continue // the note says so
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.ID, err)
		}
		file := o.out
		if folder {
			file = filepath.Join(o.out, s.Submission+f.Ending)
		}
		if o.dryRun {
			sayFilled(cmd, s.Submission+f.Ending, s, "its own file")
			continue
		}
		if written[file] && folder { // a team's, which has a row for each member
			continue
		}
		if err := put(cmd, file, b.Bytes()); err != nil {
			return nil, err
		}
		written[file] = true
	}
	if o.dryRun {
		sayLeftOver(cmd, c)
		return notes, nil
	}
	if folder && o.student == "" {
		notes = append(notes, leftovers(o.out, f.Ending, written)...)
	}
	return notes, nil
}

// folder reports whether the students' files go into a folder, which is made, or one of them is
// --out itself, or stdout.
func (o *exportOptions) folder(f export.Format, students []export.Student) (bool, error) {
	files := 0
	for _, s := range students {
		if s.Submission != "" {
			files++
		}
	}
	if o.dryRun {
		return false, nil
	}
	_, err := os.Lstat(o.out)
	file := o.out == "" || err == nil && !isFolder(o.out)
	switch {
	case files > 1 && o.out == "":
		return false, usageError{fmt.Sprintf("%s is one file for each student, and there are %d", f.Name, files),
			"name a folder for them with --out, or one student with --student"}
	case files > 1 && file:
		return false, usageError{fmt.Sprintf("--out %q is a file, and %s is one file for each student", o.out, f.Name),
			"name a folder, or one student with --student"}
	case file, files == 1 && err != nil && filepath.Ext(o.out) == f.Ending:
		return false, nil
	}
	return true, os.MkdirAll(o.out, 0o755)
}

// leftovers returns the files that an earlier export may have left, of students who are gone or
// have no score now. They may as well be anybody's, so they are named and stay.
func leftovers(folder, ending string, written map[string]bool) []export.Note {
	const few = 5
	var left []string
	children, _ := os.ReadDir(folder)
	for _, child := range children {
		if file := filepath.Join(folder, child.Name()); strings.HasSuffix(file, ending) && !written[file] {
			left = append(left, fmt.Sprintf("%q", file))
		}
	}
	if more := len(left) - few; more > 0 {
		left = append(left[:few], fmt.Sprintf("and %d more", more))
	}
	if len(left) == 0 {
		return nil
	}
	return []export.Note{{What: "not of this export; remove what an earlier one left: " + strings.Join(left, ", ")}}
}

// sayFilled says which submission fills a row.
func sayFilled(cmd *cobra.Command, row string, s export.Student, by string) {
	score, _ := s.Score()
	fmt.Fprintf(cmd.OutOrStdout(), "%s ← %s: %s points, by %s\n", plain.Line(row, 100),
		plain.Line(cmp.Or(s.File, s.Submission), 100), plain.Points(score), by)
}

// sayLeftOver says who of the roster handed in nothing, and whose submissions are nobody's of the
// roster.
func sayLeftOver(cmd *cobra.Command, c export.Class) {
	roster := slices.ContainsFunc(c.Students, func(s export.Student) bool {
		return s.Matched != "" || s.State == class.Missing
	})
	for _, s := range c.Students {
		switch {
		case s.State == class.Missing:
			fmt.Fprintf(cmd.OutOrStdout(), "%s: in the roster, and handed in nothing\n",
				plain.Line(cmp.Or(s.Name, s.ID), 100))
		case roster && s.Matched == "" && !s.Second:
			fmt.Fprintf(cmd.OutOrStdout(), "%s: handed in, and in no row of the roster\n",
				plain.Line(cmp.Or(s.File, s.Submission), 100))
		}
	}
}

// put writes a file whole or not at all, or to stdout when it has no name.
func put(cmd *cobra.Command, file string, text []byte) error {
	if file == "" {
		_, err := cmd.OutOrStdout().Write(text)
		return err
	}
	if folder := filepath.Dir(file); !isFolder(folder) {
		return noFolder(folder)
	}
	return reports.WriteFile(file, func(w io.Writer) error { _, err := w.Write(text); return err })
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// pick returns the one student whose id it is, or whose submission's.
func pick(students []export.Student, id string) ([]export.Student, error) {
	var ids []string
	for _, is := range []func(export.Student) string{
		func(s export.Student) string { return s.Submission },
		func(s export.Student) string { return s.ID },
	} {
		for _, s := range students {
			if is(s) == id {
				return []export.Student{s}, nil
			}
			ids = append(ids, is(s))
		}
	}
	return nil, unknownWord("student", id, ids)
}
