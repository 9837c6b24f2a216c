// Package exec is the kind `exec`: a command inside the container.
//
// Its exit code and its output are compared with what the rubric wants. The command runs beside the
// program, without a shell unless it names one, in the container's own folder and as its own user.
package exec

import (
	"context"
	"fmt"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind returns the kind `exec`, which runs a command in the container.
func Kind() check.Kind {
	return check.Kind{Name: "exec", Phase: check.Running, New: func() check.Check { return new(Exec) },
		Manual: check.Manual{
			Summary: "what does a command inside the running container say",
			Text: `The command is run in the main container, without a shell, and its exit code and standard output are
compared. It has ten times as long as one request.`,
			Example: `id: python-version
points: 1
exec: {run: [python, --version], want: 0, stdout: /Python 3/}`}}
}

// Exec is the options.
type Exec struct {
	Run    []string      `json:"run" option:"any" jsonschema:"the program and its arguments"`
	Want   int           `json:"want,omitempty" option:"0..255" jsonschema:"the exit code; 0 unless given"`
	Stdout option.Regexp `json:"stdout,omitzero" jsonschema:"what its standard output must match"`
}

// OptionSynonyms returns words that are near, with what is meant here.
func (Exec) OptionSynonyms() map[string]string {
	return map[string]string{"cmd": "run", "command": "run", "exit": "want", "code": "want", "status": "want",
		"output": "stdout", "text": "stdout"}
}

// ValidateOption wants a program.
func (e *Exec) ValidateOption(at option.Value) option.Problems {
	if len(e.Run) == 0 || strings.TrimSpace(e.Run[0]) == "" {
		return at.Problem("run wants at least the name of a program")
	}
	return nil
}

const shownBytes = 2000

// Tell says the command.
func (e *Exec) Tell() []string {
	return []string{fmt.Sprintf("%s ends with %d", strings.Join(e.Run, " "), e.Want)}
}

// Ask runs the command.
func (e *Exec) Ask(ctx context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
	out, err := t.Exec(ctx, e.Run)
	if err != nil {
		return check.Outcome{}, err
	}
	name := strings.Join(e.Run, " ")
	var o check.Outcome
	switch {
	case out.NotFound && e.Want != out.ExitCode:
		o = check.Fail(name, fmt.Sprintf("exit code %d", e.Want), fmt.Sprintf("there is no program %q in the image",
			e.Run[0]), check.Advise("Install it in the Dockerfile."))
	case out.TimedOut:
		o = check.Fail(name, fmt.Sprintf("exit code %d", e.Want), "it did not end in time",
			check.Advise("Let the command end by itself."))
	case out.ExitCode != e.Want:
		o = check.Fail(name, fmt.Sprintf("exit code %d", e.Want), fmt.Sprintf("exit code %d", out.ExitCode),
			check.Advise("Run it yourself: docker exec <container> "+name))
	case e.Stdout.Regexp != nil && !e.Stdout.MatchString(out.Stdout):
		o = check.Fail(name, fmt.Sprintf("output matching /%s/", e.Stdout),
			fmt.Sprintf("%q", cut(strings.TrimSpace(out.Stdout))),
			check.Advise("Run it yourself: docker exec <container> "+name))
	default:
		return check.Pass(name, fmt.Sprintf("exit code %d", out.ExitCode)), nil
	}
	if text := strings.TrimSpace(cut(out.Stdout) + cut(out.Stderr)); text != "" {
		o.Evidence = []check.Evidence{{Kind: "log", Title: "What it wrote", Text: text}}
	}
	return o, nil
}

func cut(s string) string { return s[:min(len(s), shownBytes)] }
