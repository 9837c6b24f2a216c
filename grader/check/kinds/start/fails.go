package start

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/readings"
)

// fails judges a program that must not come up. Where it never does, whatever it is given, there is
// nothing to judge.
func (s *Start) fails(t check.Target, started check.Started) check.Outcome {
	const name = "a start that fails"
	advice := check.Advisef("Look at what the program needs before anything else, and where it is missing say so, and "+
		"end with a code that is not 0: its log must match /%s/.", s.Fails)
	want := fmt.Sprintf("an end by itself, with a code that is not 0, and /%s/ in the log", s.Fails)
	end := ended(started)
	var o check.Outcome
	switch {
	case started.Answered:
		o = check.Fail(name, want, fmt.Sprintf("it comes up, and answers on port %d", started.Port), advice)
	case started.Refused:
		o = check.Fail(name, want, "Docker could not start it", check.Advise(
			"Look at USER, WORKDIR and CMD: one of them asks for what the image has not."))
	case started.OOM || started.Full:
		o = check.Fail(name, want, "it used more memory or disk than it may, and was ended", advice)
	case !started.Exited:
		o = check.Fail(name, want, "it goes on, and does not answer", advice)
	case started.ExitCode == 0:
		o = check.Fail(name, want, end, advice)
	case !s.Fails.MatchString(started.Log):
		o = check.Fail(name, want, end+said(started.Log), advice)
	default:
		o = check.Pass(name, end+": "+cmp.Or(strings.TrimSpace(s.line(started.Log)), s.Fails.String()))
	}
	if o.Until = check.Running; o.Items[0].Share < 1 {
		o.Items[0].File, o.Items[0].Line = check.LastLine(t, "CMD", "ENTRYPOINT")
		if log := readings.Tail(started.Log, shown); log != "" {
			o.Evidence = []check.Evidence{{Kind: "log", Title: "What it said", Text: log}}
		}
	}
	return o
}

// line returns the last line of a log that matches; where the match is of several, nothing.
func (s *Start) line(log string) (found string) {
	for line := range strings.Lines(log) {
		if s.Fails.MatchString(line) {
			found = line
		}
	}
	return found
}

// said returns the last line of a log that says something, as the end of a sentence.
func said(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return ": " + last[:min(len(last), 200)]
	}
	return ", and says nothing"
}
