// Package start is the kind `start`: whether the program comes up.
package start

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/readings"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind is the kind.
func Kind() check.Kind {
	return check.Kind{Name: "start", Phase: check.Running, Gate: true,
		New: func() check.Check {
			return &Start{Get: "/health", Want: steps.Codes{"200"}, Within: option.Duration(20 * time.Second)}
		},
		Manual: check.Manual{
			Summary: "does the program come up and say that it is healthy",
			Text: `The container is started, and the path is asked until the answer is as wanted or the time is up. When nothing ever
answers, every check of the running program is blocked by this one. When the program listens on another port than it should, or on
localhost alone, it is asked there, and only the kind listen takes points for it.`,
			Example: `id: starts
points: 6
start: {get: /health, want: 200, json: {status: healthy}, within: 20s}`}}
}

// Start is the options.
type Start struct {
	Get    string          `json:"get,omitempty" jsonschema:"the path that is asked; /health unless given"`
	Want   steps.Codes     `json:"want,omitzero" jsonschema:"the status code, as in steps; 200 unless given"`
	JSON   option.Value    `json:"json,omitzero" jsonschema:"what the answer must contain at least"`
	Within option.Duration `json:"within,omitzero" jsonschema:"how long it may take from the start; 20s unless given"`
}

// ValidateOption wants a path, and an answer that there can be.
func (s *Start) ValidateOption(at option.Value) option.Problems {
	get, _ := at.Get("get")
	return append(steps.CheckPath(get), steps.CheckWanted(s.JSON)...)
}

// ValidateLimits wants an end to the waiting before that of the limits.
func (s *Start) ValidateLimits(at option.Value, l check.Limits) option.Problems {
	within, _ := at.Get("within")
	return check.Outlasts(within, l.Run.Start, "limits.run.start")
}

// patience is how long the same wrong answer must come before it is believed: a program may say 404 while it loads.
const patience = time.Second

// Ask waits for the answer.
func (s *Start) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	started := t.Started()
	name := "GET " + s.Get
	if !started.Answered {
		return s.silent(t, started, name), nil
	}
	if started.After > s.Within.Std() {
		return check.Fail(name, "an answer within "+s.Within.String(), fmt.Sprintf("the first answer after %.1fs", started.After.Seconds()),
			check.Advise("Do less before the program listens.")), nil
	}
	step := steps.Step{Send: steps.Send{Method: http.MethodGet, Path: s.Get}, Want: s.Want, JSON: s.JSON}
	left := max(s.Within.Std()-started.After, patience)
	step.Within = option.Duration(min(left, patience))
	out, err := steps.Run(ctx, t, []steps.Step{step}, in)
	if err != nil || out.Items[0].Share == 1 {
		return out, err
	}
	if strings.HasPrefix(out.Items[0].Got, "5") { // not ready yet: it gets all of its time
		step.Within = option.Duration(left - patience)
		if step.Within > 0 {
			return steps.Run(ctx, t, []steps.Step{step}, in)
		}
	}
	return out, nil
}

// silent says why nothing ever answered.
func (s *Start) silent(t check.Target, started check.Started, name string) check.Outcome {
	want := "a program that answers within " + s.Within.String()
	why, fix, read := readings.Read(known, started.Log)
	fail := func(got, hint string) check.Outcome {
		if read {
			got, hint = got+": "+why, fix
		}
		return check.Fail(name, want, got, check.Advise(hint))
	}
	var o check.Outcome
	switch last := readings.LastLine(started.Log); {
	case started.OOM:
		o = check.Fail(name, want, "it used more memory than it may and was ended", check.Advise("Load less at start."))
	case started.Full:
		o = check.Fail(name, want, "it wrote more to the disk than it may and was ended", check.Advise("Write less at start."))
	case started.Exited && started.ExitCode == 0:
		o = fail("it ended at once with exit code 0", "CMD must name what keeps running: the web server, not a script that ends.")
	case started.Exited && last != "" && !read:
		o = fail(fmt.Sprintf("it ended at once with exit code %d: %s", started.ExitCode, last), "The last lines of its log say why. Try: docker run --rm -p 8000:8000 <image>.")
	case started.Exited:
		o = fail(fmt.Sprintf("it ended at once with exit code %d", started.ExitCode), "It wrote nothing. Try: docker run --rm -p 8000:8000 <image>.")
	case len(started.Listeners) > 0:
		var where []string
		for _, l := range started.Listeners {
			where = append(where, fmt.Sprintf("%s:%d", l.Address, l.Port))
		}
		o = check.Fail(name, want, "it runs, and listens on "+strings.Join(where, ", ")+", but does not answer HTTP", check.Advise("Start the web server, with --host 0.0.0.0 --port 8000."))
	default:
		o = fail("it runs, but listens on no port", "CMD must start the web server: [\"uv\", \"run\", \"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"].")
	}
	o.Items[0].File, o.Items[0].Line = check.LastLine(t, "CMD", "ENTRYPOINT")
	if log := readings.Tail(started.Log, 30); log != "" {
		o.Evidence = append(o.Evidence, check.Evidence{Kind: "log", Title: "The last lines of its log", Text: log})
	}
	return o
}
