package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/rubrics"
)

//go:embed proof
var proofFiles embed.FS

// proof is one thing that a hostile submission tries, as a check of proof/rubric.yaml asks for it.
type proof struct {
	submission, check string
	tries, holds      string         // what it does, and what holds it, as a table has them
	got               *regexp.Regexp // what the check must say; nil where it must pass
}

// proofs are tried by doctor --prove, and are the table in the README.
var proofs = []proof{
	{"program", "processes", "starts processes without end", "their number", nil},
	{"program", "memory", "takes memory without end", "the memory limit: what takes more is ended", nil},
	{"program", "files", "opens files without end", "the limit of open files", nil},
	{"program", "large-file", "writes one file without end", "the size of a file", nil},
	{"program", "many-files", "writes files without end", "the watched disk: the program is ended",
		regexp.MustCompile(`was ended because it wrote more than`)},
	{"program", "processor", "keeps four processors busy", "its share of the processors", nil},
	{"program", "rights", "wants an administrator's rights, raw network or a mount",
		"dropped capabilities, no new privileges", nil},
	{"program", "socket", "looks for Docker's socket", "it is not there", nil},
	{"program", "endless", "answers without end", "an answer is read to its limit", nil},
	{"program", "drip", "answers a byte at a time", "the time for one answer",
		regexp.MustCompile(`did not end within`)},
	{"program", "headers", "answers with headers without end", "headers are read to their limit",
		regexp.MustCompile(`headers of the answer are too long`)},
	{"program", "silent", "takes a request and says nothing", "the time for one answer",
		regexp.MustCompile(`no answer within`)},
	{"arguments", "builds", "multiplies a variable of its Dockerfile by ten, ten times",
		"the size with variables put in", regexp.MustCompile(`with the variables put in`)},
	{"hole", "builds", "makes an image of a gigabyte of nothing", "the size of an image",
		regexp.MustCompile(`the image has .* and no more than`)},
}

// prove runs the hostile submissions on this machine's engine, and says of each whether it was
// held.
func prove(cmd *cobra.Command) error {
	dir, err := os.MkdirTemp("", "taskgrader-proof-")
	if err != nil {
		return graderError{fmt.Errorf("making a folder for the proofs: %w", err)}
	}
	defer os.RemoveAll(dir)
	files, err := fs.Sub(proofFiles, "proof")
	if err == nil {
		err = os.CopyFS(dir, files)
	}
	if err != nil {
		return graderError{fmt.Errorf("laying out the proofs: %w", err)}
	}
	r, err := rubric.Load(filepath.Join(dir, "rubric.yaml"), rubrics.FS, kinds.All())
	if err != nil {
		return graderError{err}
	}
	e, err := connect(cmd)
	if err != nil {
		return err
	}
	defer e.Close()
	begun, reports, broken := time.Now(), map[string]result.Report{}, 0
	w := cmd.OutOrStdout()
	for _, p := range proofs {
		report, graded := reports[p.submission]
		if !graded {
			report = new(rubricTest).one(cmd.Context(), engineOf(e), r, filepath.Join(dir, p.submission))
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			reports[p.submission] = report
		}
		held, said := p.judge(report)
		mark := "held "
		if !held {
			mark = "BROKE"
			broken++
		}
		fmt.Fprintf(w, "%s  %s\n", mark, p.tries)
		if !held {
			fmt.Fprintf(w, "       %s\n", plain.Line(said, 300))
		}
	}
	fmt.Fprintf(w, "\n%d of %d held, in %.0f s\n", len(proofs)-broken, len(proofs), time.Since(begun).Seconds())
	if broken > 0 {
		return errGrader
	}
	return nil
}

// judge returns whether what was tried was held, and what was seen.
func (p proof) judge(report result.Report) (held bool, said string) {
	if report.Problem != nil && len(report.Checks) == 0 {
		return false, report.Problem.Message
	}
	for _, c := range report.Checks {
		if c.ID != p.check {
			continue
		}
		if p.got == nil {
			return c.Status == result.Pass, fmt.Sprintf("%s: %s", c.Status, c.Got)
		}
		return c.Status == result.Fail && p.got.MatchString(c.Got), fmt.Sprintf("%s: %s", c.Status, c.Got)
	}
	return false, "it was not asked"
}
