package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/actions"
	"github.com/taskgrader/taskgrader/grader/report"
	"github.com/taskgrader/taskgrader/grader/reports"
	"github.com/taskgrader/taskgrader/grader/result"
)

// reportOptions are what report is told.
type reportOptions struct {
	format, out, index string
	student, noColor   bool
}

func newReport() *cobra.Command {
	o := reportOptions{}
	cmd := &cobra.Command{
		Use: "report FILE.json", Short: "render a finished report again, or make a badge of it",
		Long: `report reads the JSON of a report and writes it as a page, as text, as Markdown, as JSON or as a badge of
the score (SVG). Nothing is graded. With --index it makes a page that leads each student of a class to their own,
without any grade.

  $ taskgrader report reports/students/ada.json --format text
  $ taskgrader report reports/students/ada.json --format badge --out badge.svg
  $ taskgrader report reports/instructor/ada.json --student --out ada.html
  $ taskgrader report --index reports                      reports/students/index.html

Exit codes:
  0    written
  2    usage error, or a file that is no report
  130  interrupted
`,
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.index == "":
				if err := takes(1, 1)(cmd, args); err != nil {
					return err
				}
				return runReport(cmd, args[0], o)
			case len(args) > 0 || cmd.Flags().NFlag() > 1:
				return fmt.Errorf("--index goes with no file and no other flag: it writes %q",
					reports.Dir(o.index).Links())
			}
			return runIndex(cmd, reports.Dir(o.index))
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "html", "html, text, json, markdown or badge")
	f.StringVar(&o.out, "out", "", "file to write; stdout unless given")
	f.BoolVar(&o.student, "student", false, "as the student may see it, whoever the file is for")
	f.StringVar(&o.index, "index", "",
		"reports folder of a class: make a page of links for its students, without grades")
	f.BoolVar(&o.noColor, "no-color", false, "no colour; also NO_COLOR")
	return cmd
}

func runReport(cmd *cobra.Command, file string, o reportOptions) error {
	writers := map[string]func(io.Writer, result.Report) error{
		"html": report.HTML, "json": report.JSON, "badge": report.Badge, "markdown": actions.Summary,
		"text": func(w io.Writer, r result.Report) error {
			if o.out != "" {
				return report.Text(w, r, report.TextOptions{})
			}
			color := gradeOptions{noColor: o.noColor}
			return report.Text(w, r, report.TextOptions{Color: color.color(cmd), Width: width(cmd.OutOrStdout())})
		},
	}
	write, ok := writers[o.format]
	if !ok {
		return unknownWord("format", o.format, []string{"html", "text", "json", "markdown", "badge"})
	}
	if isFolder(file) {
		return usageError{fmt.Sprintf("%q is a folder", file), "name the JSON of one report: " +
			reports.Dir(file).Report(result.Student, "NAME")}
	}
	r, err := reports.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return notThere("file", file)
	}
	if err != nil {
		return err
	}
	if o.student {
		r = r.For(result.Student)
	}
	if o.out != "" {
		return reports.WriteFile(o.out, func(w io.Writer) error { return write(w, r) })
	}
	var b bytes.Buffer
	if err := write(&b, r); err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(b.Bytes())
	return err
}

// runIndex writes the page of links beside the students' pages, and says where.
func runIndex(cmd *cobra.Command, dir reports.Dir) error {
	c, err := dir.Class()
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder %q holds no class: %w", dir, err)
	}
	if err != nil {
		return err
	}
	if err := dir.WriteLinks(*c); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), dir.Links())
	return nil
}
