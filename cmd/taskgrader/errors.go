package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/option"
	"github.com/taskgrader/taskgrader/grader/plain"
)

// usageError is a mistake in the command line, with the fix.
type usageError struct{ text, fix string }

func (e usageError) Error() string { return e.text }

// Hint returns the fix.
func (e usageError) Hint() string { return e.fix }

// several are the errors of several things, each to be said by itself.
type several []error

func (e several) Error() string { return errors.Join(e...).Error() }

// say writes a line in which nothing does more to a terminal than be seen: it may name a file of a
// student's.
func say(w io.Writer, line string) { fmt.Fprintln(w, plain.Text(line)) }

// sayError says an error and its fix, each on a line of its own.
func sayError(w io.Writer, err error) {
	var all several
	var problems option.Problems
	switch {
	case errors.As(err, &all):
		for _, err := range all {
			sayError(w, err)
		}
	case errors.As(err, &problems):
		for _, p := range problems {
			say(w, "taskgrader: "+p.Error())
			if p.Hint != "" {
				say(w, "hint: "+p.Hint)
			}
		}
	default:
		say(w, fmt.Sprintf("taskgrader: %v", err))
		sayHint(w, err)
	}
}

func sayHint(w io.Writer, err error) {
	if hint := grader.HintOf(err); hint != "" {
		say(w, "hint: "+hint)
	}
}

// unknownWord reports that a word is none of those known, with the one that was probably meant, or
// all of them.
func unknownWord(what, word string, known []string) error {
	e := usageError{text: fmt.Sprintf("unknown %s %q", what, word)}
	if near := option.Suggest(word, known); near != "" {
		e.text += fmt.Sprintf(" (did you mean %q?)", near)
	} else {
		e.fix = "known: " + strings.Join(known, ", ")
	}
	return e
}

// takes returns how many arguments a command takes; most is -1 where any number will do.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		e := usageError{fix: cmd.UseLine()}
		switch {
		case len(args) < least:
			words := strings.Fields(cmd.Use)
			e.text = cmd.CommandPath() + " needs " + strings.TrimSuffix(words[1+len(args)], "...")
		case most >= 0 && len(args) > most:
			e.text = fmt.Sprintf("%s has no use for %q", cmd.CommandPath(), args[most])
		default:
			return nil
		}
		return e
	}
}

// flagError returns a mistake in a flag in the words of all other errors.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var wrong *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
		if unknown.GetSpecifiedShortnames() != "" {
			return usageError{fmt.Sprintf("unknown flag %q", "-"+unknown.GetSpecifiedName()),
				"known: " + strings.Join(known, ", ")}
		}
		return unknownWord("flag", "--"+unknown.GetSpecifiedName(), known)
	case errors.As(err, &missing):
		f := missing.GetFlag()
		return fmt.Errorf("--%s needs a value: %s", f.Name, f.Usage)
	case errors.As(err, &wrong):
		want := map[string]string{"int": "a whole number", "float64": "a number", "bool": "true or false",
			"stringSlice": "words with commas between them"}[wrong.GetFlag().Value.Type()]
		return fmt.Errorf("--%s: want %s, not %q", wrong.GetFlag().Name, want, wrong.GetValue())
	}
	return err
}
