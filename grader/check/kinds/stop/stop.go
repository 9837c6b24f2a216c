// Package stop is the kind `stop`: whether the program ends when it is asked to.
package stop

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind is the kind.
func Kind() check.Kind {
	return check.Kind{Name: "stop", Phase: check.Last, New: func() check.Check { return &Stop{Within: option.Duration(5 * time.Second)} }, Manual: check.Manual{
		Summary: "does the program end when docker stop asks it to",
		Text: `The image's stop signal, SIGTERM unless it says otherwise, is sent to the container's first process, as docker stop does. Any
exit code is right, as long as the end comes in time; docker itself kills after ten seconds. A STOPSIGNAL of SIGKILL fails: no program
can tidy up on it. It is asked last of all.`,
		Example: `id: stops
points: 2
stop: {within: 5s}`}}
}

// Stop is the options.
type Stop struct {
	Within option.Duration `json:"within,omitzero" jsonschema:"how long it may take; 5s unless given"`
}

// ValidateLimits wants an end before that of the limits.
func (s *Stop) ValidateLimits(at option.Value, l check.Limits) option.Problems {
	within, _ := at.Get("within")
	return check.Outlasts(within, l.Run.Time, "limits.run.time")
}

// kills are the names of the signal that no program can catch.
var kills = []string{"SIGKILL", "KILL", "9"}

// Ask stops the container.
func (s *Stop) Ask(ctx context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
	stopped, err := t.Stop(ctx, s.Within.Std())
	if err != nil {
		return check.Outcome{}, err
	}
	name := "ends on " + stopped.Signal
	want, got := "an end within "+s.Within.String(), "it was still running and had to be killed"
	switch {
	case slices.Contains(kills, stopped.Signal):
		want, got = "a signal on which the program can end by itself", stopped.Signal+" ends it at once, whatever it is doing"
	case stopped.InTime:
		return check.Pass(name, fmt.Sprintf("it ended after %.1fs with exit code %d", stopped.Took.Seconds(), stopped.ExitCode)), nil
	}
	hint, file, line := advice(t)
	o := check.Fail(name, want, got, check.Advise(hint))
	o.Items[0].File, o.Items[0].Line = file, line
	return o, nil
}

// advice is what may keep the program from ending, and its line of the Dockerfile.
func advice(t check.Source) (hint, file string, line int) {
	const ends = "The program catches or ignores the signal: let it end when it arrives."
	parsed, err := t.Dockerfile()
	if err != nil {
		return ends, "", 0
	}
	if in := parsed.Last("STOPSIGNAL"); in != nil {
		return "Take " + in.Text + " out: docker stop then sends SIGTERM.", parsed.Name, in.Line
	}
	for _, name := range []string{"ENTRYPOINT", "CMD"} {
		if in := parsed.Last(name); in != nil && !in.Exec {
			return `The shell form of ` + name + ` starts a shell first, and the signal stops there: write it as a list, ` + name + ` ["uvicorn", …].`, parsed.Name, in.Line
		}
	}
	file, line = check.LastLine(t, "CMD", "ENTRYPOINT")
	return ends, file, line
}
