package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/export"
	"github.com/taskgrader/taskgrader/grader/reports"
)

const exportCodes = `Exit codes:
  0    written
  2    usage error, or a file that cannot be used
  3    somebody has no score because the grader failed, or has one and no row that is theirs for sure; all others
       are written
  130  interrupted
`

func newExport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export FORMAT [REPORTS]",
		Short: "write finished reports in the format of a gradebook, an autograder or CI",
		Long: `export writes the reports that grade or class left in a folder ("reports" unless given) in an outside
format. A format for a class is one file; one for a student is one file for each. Who has no score is never written with
a 0, and is named on stderr. What students may read holds no more of a hidden check than their own report.

  $ taskgrader export canvas --gradebook Grades.csv --assignment "Task API (12345)" --out upload.csv
  $ taskgrader export moodle --worksheet Grades.csv --dry-run        who is who, and nothing is written
  $ taskgrader export moodle --worksheet Grades.csv --out upload.csv
  $ taskgrader export gradescope --out gradescope          one file for each student
  $ taskgrader export junit --student ada                  on stdout

` + exportCodes,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			var names []string
			for _, f := range export.All() {
				names = append(names, f.Name)
			}
			return unknownWord("format", args[0], names)
		},
	}
	for _, f := range export.All() {
		cmd.AddCommand(newExportFormat(f))
	}
	return cmd
}

// exportOptions are the flags; those that a format does not take it does not have.
type exportOptions struct {
	out, student         string
	gradebook, worksheet string
	headers              []string
	dryRun               bool
	options              export.Options
}

func newExportFormat(f export.Format) *cobra.Command {
	o := exportOptions{}
	cmd := &cobra.Command{
		Use: f.Name + " [REPORTS]", Short: f.Summary,
		Long: fmt.Sprintf("%s: %s.\n\n%s\n\n  $ taskgrader export %s\n\n%s", f.Name, f.Summary, f.Manual, f.Example,
			exportCodes),
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "reports"
			if len(args) > 0 {
				dir = args[0]
			}
			return runExport(cmd, f, dir, o)
		},
	}
	flags := cmd.Flags()
	out := "file to write; stdout unless given"
	if f.One != nil {
		out = "folder for one file for each student; one student alone may have the name of a file, and goes to " +
			"stdout without it"
	}
	flags.StringVar(&o.out, "out", "", out)
	flags.StringVar(&o.student, "student", "", "id of one student")
	flags.BoolVar(&o.dryRun, "dry-run", false,
		"write nothing: list each row, whose submission fills it and what tells so, and who is left over")
	for _, takes := range f.Takes {
		switch takes {
		case export.TakesAssignment:
			flags.StringVar(&o.options.Assignment, "assignment", "",
				"what the assignment is called there; the rubric's unless given")
		case export.TakesGradebook:
			flags.StringVar(&o.gradebook, "gradebook", "", "the gradebook as Canvas exports it, for the students' ids")
		case export.TakesIDColumn:
			flags.StringVar(&o.options.IDColumn, "id-column", "",
				`without --gradebook, the column for our ids: "SIS Login ID" unless given`)
		case export.TakesWorksheet:
			flags.StringVar(&o.worksheet, "worksheet", "", "the grading worksheet that was downloaded from Moodle")
		case export.TakesHeader:
			flags.StringArrayVar(&o.headers, "header", nil,
				`what a column is called there, as "Grade=Voto"; may be repeated`)
		case export.TakesFeedback:
			flags.BoolVar(&o.options.Feedback, "feedback", false,
				"fill the column of comments, too, over what is there")
		}
	}
	return cmd
}

func runExport(cmd *cobra.Command, f export.Format, dir string, o exportOptions) error {
	if err := o.read(); err != nil {
		return err
	}
	c, notes, err := reports.Dir(dir).Export()
	if err != nil {
		return err
	}
	if o.student != "" {
		if c.Students, err = pick(c.Students, o.student); err != nil {
			return err
		}
		notes = nil
	}
	var more []export.Note
	if f.All != nil {
		more, err = exportClass(cmd, f, c, o)
	} else {
		more, err = exportStudents(cmd, f, c, o)
	}
	if err != nil {
		return err
	}
	failed := false
	for _, n := range append(notes, more...) {
		say(cmd.ErrOrStderr(), fmt.Sprintf("taskgrader: %s", n))
		failed = failed || n.Ours || n.Left
	}
	if failed {
		return errGrader
	}
	return nil
}

// read reads the files that flags name.
func (o *exportOptions) read() error {
	o.options.Env = os.Getenv
	if o.out == "-" {
		o.out = ""
	}
	for _, name := range []string{o.gradebook, o.worksheet} {
		if name == "" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		o.options.Sheet = &export.Sheet{Name: name, Text: text}
	}
	o.options.Headers = map[string]string{}
	for _, h := range o.headers {
		english, local, ok := strings.Cut(h, "=")
		if !ok || english == "" || local == "" {
			return usageError{fmt.Sprintf("--header %q says nothing", h),
				`write the English name first: --header "Grade=Voto"`}
		}
		o.options.Headers[english] = local
	}
	return nil
}
