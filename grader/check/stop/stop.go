// Package stop is the kind `stop`: whether the program ends when it is asked to.
package stop

import (
	"context"
	"fmt"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind is the kind.
func Kind() check.Kind {
	return check.Kind{Name: "stop", Phase: check.Last, New: func() check.Check { return &Stop{Within: option.Duration(5 * time.Second)} }, Manual: check.Manual{
		Summary: "does the program end when docker stop asks it to",
		Text: `The image's stop signal, SIGTERM unless it says otherwise, is sent to the container's first process, as docker stop does. Any
exit code is right, as long as the end comes in time; docker itself kills after ten seconds. It is asked last of all.`,
		Example: `id: stops
points: 2
stop: {within: 5s}`}}
}

// Stop is the options.
type Stop struct {
	Within option.Duration `json:"within,omitzero" jsonschema:"5s unless given"`
}

// Ask stops the container.
func (s *Stop) Ask(ctx context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
	stopped, err := t.Stop(ctx, s.Within.Std())
	if err != nil {
		return check.Outcome{}, err
	}
	name := "ends on " + stopped.Signal
	if stopped.InTime {
		return check.Pass(name, fmt.Sprintf("it ended after %.1fs with exit code %d", stopped.Took.Seconds(), stopped.ExitCode)), nil
	}
	hint := "The program catches or ignores the signal: let it end when it arrives."
	file, line := check.LastLine(t, "CMD", "ENTRYPOINT")
	if parsed, err := t.Dockerfile(); err == nil {
		for _, name := range []string{"CMD", "ENTRYPOINT"} {
			if in := parsed.Last(name); in != nil && !in.Exec {
				file, line = parsed.Name, in.Line
				hint = `The shell form of ` + in.Name + ` starts a shell first, and the signal stops there: write it as a list, ` + in.Name + ` ["uvicorn", …].`
			}
		}
	}
	o := check.Fail(name, "an end within "+s.Within.String(), "it was still running and had to be killed", hint)
	o.Items[0].File, o.Items[0].Line = file, line
	return o, nil
}
