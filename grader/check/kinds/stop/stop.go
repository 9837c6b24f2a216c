// Package stop is the kind `stop`: whether the program ends when it is asked to.
//
// It is asked last, since it ends the container: the image's stop signal is sent, and the end must
// come from it and in time. Where it does not, who is process 1 and who kept the signal is looked
// at inside (why.go), and the line that gives the program the signal is written (exec.go).
package stop

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind returns the kind `stop`, which asks whether the program ends when it is asked to.
func Kind() check.Kind {
	return check.Kind{Name: "stop", Phase: check.Last,
		New: func() check.Check { return &Stop{Within: option.Duration(5 * time.Second)} }, Manual: check.Manual{
			Summary: "does the program end when docker stop asks it to",
			Text: `The image's stop signal, SIGTERM unless it says otherwise, is sent to the container's first process,
as docker stop does. Any exit code is right, as long as the end comes in time and by the signal: not that of a kill
(137), and not of a program whose first process has no handler for the signal, to which the kernel gives none then.
Where the end took more than a second, another container is left alone for longer, and gets the signal then: one that
ends by itself, or that does not end, was not ended by the signal.
docker itself kills after ten seconds. A STOPSIGNAL of SIGKILL fails: no program can tidy up on it. It is asked last of
all.`,
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

// Tell says how soon it must end.
func (s *Stop) Tell() []string {
	return []string{fmt.Sprintf("docker stop ends it within %s", s.Within)}
}

// Ask stops the container.
func (s *Stop) Ask(ctx context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
	inside, _, _ := t.Processes(ctx) // who was there when the signal came; without them less is said
	stopped, err := t.Stop(ctx, s.Within.Std())
	if err != nil {
		return check.Outcome{}, err
	}
	first := slices.IndexFunc(inside, func(p check.Process) bool { return p.ID == 1 })
	number, known := numberOf(stopped.Signal)
	seen := first >= 0 && known
	name := "ends on " + stopped.Signal
	want, got := "an end within "+s.Within.String(), "it was still running and had to be killed"
	switch {
	case number == sigkill:
		want, got = "a signal on which the program can end by itself",
			stopped.Signal+" ends it at once, whatever it is doing"
	case stopped.Before:
		want, got = "a program that runs until it is told to end", "it had ended before the signal was sent"
	case stopped.InTime && stopped.ExitCode == killed:
		want, got = "an end by itself", fmt.Sprintf("it was killed after %.1fs (exit code %d)", stopped.Took.Seconds(),
			killed)
	case stopped.InTime && seen && (!inside[first].Answers(number) || inside[first].Ignores>>(number-1)&1 == 1):
		want, got = "an end because of "+stopped.Signal,
			fmt.Sprintf("it ended after %.1fs with exit code %d, but not because of the signal", stopped.Took.Seconds(),
				stopped.ExitCode)
	case stopped.InTime:
		want, got = "an end because of "+stopped.Signal, ""
		if stopped.Took > slow {
			if got, err = s.otherwise(ctx, t, stopped); err != nil {
				return check.Outcome{}, err
			}
		}
	}
	if got == "" {
		return check.Pass(name, fmt.Sprintf("it ended after %.1fs with exit code %d", stopped.Took.Seconds(),
			stopped.ExitCode)), nil
	}
	var o check.Outcome
	file, line := check.LastLine(t, "ENTRYPOINT")
	if parsed, err := t.Dockerfile(); err == nil && parsed.Last("STOPSIGNAL") != nil && !(seen && number == sigint) {
		in := parsed.Last("STOPSIGNAL")
		file, line = parsed.Name, in.Line
		o = check.Fail(name, want, got, check.Hint{Cause: "Without this line docker stop sends SIGTERM.",
			Edit: check.EditOf(file, parsed.Change(*in))})
	} else if seen {
		o = check.Fail(name, want, got, why(t, inside, inside[first], stopped.Signal, number))
	} else {
		o = check.Fail(name, want, got, check.Advisef(
			"Let what CMD starts end on %s: docker stop sends it to process 1 alone.", stopped.Signal))
	}
	if line == 0 {
		file, line = check.LastLine(t, "CMD")
	}
	o.Items[0].File, o.Items[0].Line = file, line
	return o, nil
}

// slow is an end that may have had another cause than the signal.
const slow = time.Second

// otherwise looks at another container, which is asked nothing for longer than the first took to
// end, and sends it the signal then. It returns what shows that the signal is not what ends the
// program; or empty. Where no other comes up, nothing is shown.
func (s *Stop) otherwise(ctx context.Context, t check.Target, first check.Stopped) (got string, _ error) {
	c, err := t.Second(ctx, nil, 0)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }() // the run removes what is left
	if !c.Started().Answered {
		return "", nil
	}
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(first.Took + slow):
	}
	a, err := c.Do(ctx, check.Request{Method: http.MethodGet, Path: "/"})
	if err != nil {
		return "", err
	}
	ended := fmt.Sprintf("it ended after %.1fs with exit code %d", first.Took.Seconds(), first.ExitCode)
	if a.Exited {
		return ended + ", but another that nobody asked for so long ended without the signal", nil
	}
	if second, err := c.Stop(ctx, s.Within.Std()); err != nil || !second.InTime {
		return ended + ", but another that was started anew did not end on the signal", err
	}
	return "", nil
}

// killed is the exit code of a process that SIGKILL ended.
const killed = 128 + sigkill

const (
	sigint  = 2
	sigkill = 9
)

// numbers are the signals that images name.
var numbers = map[string]int{"HUP": 1, "INT": sigint, "QUIT": 3, "KILL": sigkill, "USR1": 10, "USR2": 12, "TERM": 15,
	"WINCH": 28}

// numberOf returns the number of a signal, written in any of the ways that Docker takes: SIGTERM,
// term, 15, 015.
func numberOf(signal string) (number int, known bool) {
	if n, err := strconv.Atoi(signal); err == nil && n > 0 && n < 64 {
		return n, true
	}
	number, known = numbers[strings.TrimPrefix(strings.ToUpper(signal), "SIG")]
	return number, known
}
