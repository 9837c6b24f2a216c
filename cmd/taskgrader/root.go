package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// The user interface: results on stdout; progress, errors and hints on stderr, without capitals and
// full stops; an error in a file says file:line:column.

const (
	exitBelow       = 1
	exitUsage       = 2
	exitGrader      = 3
	exitInterrupted = 130
)

const exitCodes = `Exit codes:
  0    graded
  1    below --fail-under
  2    usage or rubric error
  3    the grader or Docker failed for at least one submission
  130  interrupted
`

// errBelow and errGrader end the process with their code, after everything was said.
var (
	errBelow  = errors.New("below --fail-under")
	errGrader = errors.New("the grader failed")
)

// graderError is a fault of ours that is still to be said.
type graderError struct{ error }

func (e graderError) Unwrap() error { return e.error }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use: "taskgrader", Short: "grade student containers",
		Long: `taskgrader builds a student's folder with Docker, runs it, asks it what a rubric says, and writes a
report that the student can act on alone.

  $ taskgrader images            make the base images ready, once
  $ taskgrader grade ./my-work   grade a folder
  $ taskgrader watch ./my-work   and again whenever a file is saved
  $ taskgrader explain cache     how a kind of check judges

` + exitCodes,
		SilenceErrors: true, SilenceUsage: true,
		Version: version(),
		Args:    cobra.ArbitraryArgs,
		RunE:    subcommand,
	}
	root.SetVersionTemplate("taskgrader {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp())
	root.AddCommand(newGrade(), newClass(), newWorker(), newWorkers(), newWatch(), newAction(), newRubric(),
		newExplain(), newExport(), newReport(), newImages(), newDoctor(), newClean(), newVersion(), newMan())
	return root
}

// newHelp returns cobra's own help command, but for a word that is no command.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]...", Short: "help on a command",
		Long: "help prints what a command's --help does.\n\n  $ taskgrader help grade\n\n" + exitCodes,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, rest, err := cmd.Root().Find(args)
			switch {
			case err != nil:
				return err
			case len(rest) > 0 && c.HasSubCommands():
				return subcommand(c, rest)
			}
			return c.Help()
		},
	}
}

// subcommand returns what a command does that is only there for those below it.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return unknownWord("command", args[0], names)
}

// exitCode returns what went wrong, once, and turns it into a code.
func exitCode(ctx context.Context, err error, w io.Writer) int {
	var ours graderError
	var below exited
	switch {
	case errors.As(err, &below):
		return int(below)
	case ctx.Err() != nil:
		fmt.Fprintln(w, "taskgrader: interrupted")
		sayHint(w, err)
		return exitInterrupted
	case err == nil:
		return 0
	case errors.Is(err, errBelow):
		return exitBelow
	case errors.Is(err, errGrader):
		return exitGrader
	}
	sayError(w, err)
	if errors.As(err, &ours) {
		return exitGrader
	}
	return exitUsage
}

// isTerminal reports whether a person is looking, through something that knows colours and can go
// back on its line.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}
