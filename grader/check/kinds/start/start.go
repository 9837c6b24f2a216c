// Package start is the kind `start`: whether the program comes up.
//
// The grader starts the container once for the whole rubric; this check asks one path of it, and
// says how the start ended. Where nothing came up it says why, from the program's log and package
// readings.
package start

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/advice"
	"github.com/taskgrader/taskgrader/grader/check/readings"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind returns the kind `start`, which asks whether the program comes up.
func Kind() check.Kind {
	return check.Kind{Name: "start", Phase: check.Running, Gate: true,
		New: func() check.Check {
			return &Start{Get: "/health", Want: steps.Codes{"200"}, Within: option.Duration(20 * time.Second)}
		},
		Manual: check.Manual{
			Summary: "does the program come up and say that it is healthy",
			Text: `The container is started, and the path is asked until the answer is as wanted or the time is up. When
nothing ever answers, every check of the running program is blocked by this one. A program that comes up only with a
network fails this and nothing else: whoever runs the image may have none. When the program listens on another port than
it should, or on localhost alone, it is asked there, and only the kind listen takes points for it.

A program that must not come up is asked for by fails: /SECRET_KEY/, in a container of the check's own: container: {env:
{}} starts it without the variables of the rubric. It must end by itself, with a code that is not 0, and its log must
match.`,
			Example: `id: starts
points: 6
start: {get: /health, want: 200, json: {status: healthy}, within: 20s}`,
			Every: []string{`id: starts
points: 6
start: {get: /health, want: 200, json: {status: healthy}, within: 20s}`, `id: needs-key
points: 2
container: {env: {}}
start: {fails: /SECRET_KEY/}`}}}
}

// Start is the options.
type Start struct {
	Get    string          `json:"get,omitempty" jsonschema:"the path that is asked; /health unless given"`
	Want   steps.Codes     `json:"want,omitzero" jsonschema:"the status code, as in steps; 200 unless given"`
	JSON   option.Value    `json:"json,omitzero" jsonschema:"what the answer must contain at least"`
	Within option.Duration `json:"within,omitzero" jsonschema:"how long it may take from the start; 20s unless given"`
	Fails  option.Regexp   `json:"fails,omitzero" jsonschema:"it must end by itself, with a code that is not 0, and its log must match this"`
}

// OptionSynonyms returns words that are near, with what is meant here.
func (Start) OptionSynonyms() map[string]string {
	return map[string]string{"path": "get", "url": "get", "send": "get", "status": "want", "code": "want",
		"expect": "want", "body": "json", "has": "json", "timeout": "within", "time": "within"}
}

var (
	_ check.Phased          = (*Start)(nil)
	_ check.SetupConfigurer = (*Start)(nil)
	_ check.StartJudge      = (*Start)(nil)
)

// Phase returns OwnContainer where the program must not come up, which is asked of a container of
// its own.
func (s *Start) Phase() check.Phase {
	if s.Fails.Regexp != nil {
		return check.OwnContainer
	}
	return check.Running
}

// Configure says which path tells that the program is up.
func (s *Start) Configure(to *check.Setup) {
	if s.Fails.Regexp == nil {
		to.Ready = s.Get
	}
}

// JudgesStart reports whether it judges how a container of its own ends.
func (s *Start) JudgesStart() bool { return s.Fails.Regexp != nil }

// ValidateOption wants a path, and an answer that there can be.
func (s *Start) ValidateOption(at option.Value) option.Problems {
	if fails, ok := at.Get("fails"); ok && len(at.Fields) > 1 {
		return fails.Problem("fails stands alone: what does not come up answers nothing")
	}
	get, _ := at.Get("get")
	return append(steps.CheckPath(get), steps.CheckWanted(s.JSON)...)
}

// ValidateLimits wants an end to the waiting before that of the limits.
func (s *Start) ValidateLimits(at option.Value, l check.Limits) option.Problems {
	within, _ := at.Get("within")
	return check.Outlasts(within, l.Run.Start, "limits.run.start")
}

// patience is how long the same wrong answer must come before it is believed: a program may say 404
// while it loads.
const patience = time.Second

// shown is how many lines of the log are shown.
const shown = 30

// Tell says what is asked until it is there.
func (s *Start) Tell() []string {
	if s.Fails.Regexp != nil {
		return []string{fmt.Sprintf("it ends by itself, with a code that is not 0, and its log matches /%s/", s.Fails)}
	}
	return []string{fmt.Sprintf("GET %s answers %s within %s", s.Get, s.Want, s.Within)}
}

// Ask waits for the answer.
func (s *Start) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	started := t.Started()
	if s.Fails.Regexp != nil {
		return s.fails(t, started), ctx.Err()
	}
	name := "GET " + s.Get
	if !started.Answered {
		return s.silent(t, started, name), nil
	}
	if started.Offline != "" {
		return s.wantsNetwork(t, started, name), nil
	}
	if started.After > s.Within.Std() {
		return check.Fail(name, "an answer within "+s.Within.String(),
			fmt.Sprintf("the first answer after %.1fs", started.After.Seconds()),
			check.Advise("Do less before the program listens.")), nil
	}
	step := steps.Step{Send: steps.Send{Method: http.MethodGet, Path: s.Get}, Want: steps.Want{Codes: s.Want},
		JSON: s.JSON}
	left := max(s.Within.Std()-started.After, patience)
	step.Within = option.Duration(min(left, patience))
	out, err := steps.Run(ctx, t, []steps.Step{step}, in)
	if err != nil || out.Items[0].Share == 1 {
		return out, err
	}
	if strings.HasPrefix(out.Items[0].Got, "5") { // not ready yet: it gets all of its time
		step.Within = option.Duration(left - patience)
		if step.Within > 0 {
			out, err = steps.Run(ctx, t, []steps.Step{step}, in)
		}
		if err != nil || out.Items[0].Share == 1 {
			return out, err
		}
		found, read, err := steps.Meaning(ctx, t)
		if err != nil {
			return check.Outcome{}, err
		}
		if read {
			out.Items[0].Got += "; its log says: " + found.Line
			out.Items[0].Hint = found.Hint
		}
	}
	return out, nil
}

// wantsNetwork returns that it came up only with a network.
func (s *Start) wantsNetwork(t check.Target, started check.Started, name string) check.Outcome {
	file, line := check.LastLine(t, "CMD", "ENTRYPOINT")
	found, read := readings.Start(started.Offline, readings.NewScene(t, line))
	log := readings.Tail(started.Offline, shown)
	if read {
		log = readings.From(started.Offline, found.Line, shown)
	}
	got := "it comes up only with a network"
	if found.Line != "" {
		got += "; without one it says: " + found.Line
	}
	hint := check.Hint{
		Cause: "The program asks another host for something each time that it starts, and where there is no network " +
			"it does not come up.",
		Advice: "Fetch it when the image is built, with RUN, or let the start go on without it."}
	if read && !found.Download {
		hint = found.Hint
	}
	o := check.Fail(name, "a program that comes up without a network", got, hint)
	o.Items[0].File, o.Items[0].Line = file, line
	o.Evidence = append(o.Evidence, check.Evidence{Kind: "log", Title: "What it said without a network", Text: log})
	return o
}

// silent returns why nothing ever answered.
func (s *Start) silent(t check.Target, started check.Started, name string) check.Outcome {
	within := s.Within
	if started.Limits.Start > 0 {
		within = min(within, started.Limits.Start)
	}
	want := "a program that answers within " + within.String()
	file, line := check.LastLine(t, "CMD", "ENTRYPOINT")
	scene := readings.NewScene(t, line)
	found, read := readings.Start(started.Log, scene)
	log := readings.Tail(started.Log, shown)
	if read {
		log = readings.From(started.Log, found.Line, shown)
	}
	fail := func(got string, hint check.Hint) check.Outcome {
		if found.Line != "" {
			got += ": " + found.Line
		}
		if read {
			hint = found.Hint
		}
		return check.Fail(name, want, got, hint)
	}
	program := advice.Of(t.FS())
	var o check.Outcome
	switch {
	case started.OOM:
		o = check.Fail(name, want, "it used more than "+started.Limits.Memory.String()+
			" of memory, which is the limit, and was ended", check.Advise("Load less at start."))
	case started.Full:
		o = check.Fail(name, want, "it wrote more than "+started.Limits.Disk.String()+
			" to the disk, which is the limit, and was ended", check.Advise("Write less at start."))
	case started.Refused:
		o = fail("Docker could not start it", check.Advise(
			"Look at USER, WORKDIR and CMD: one of them asks for what the image has not."))
	case started.Exited && started.ExitCode == 0:
		hint, alone := readings.HandsNothingOver(scene)
		if alone {
			read = false // what it says by the way is no fault
		} else {
			hint = readings.Ended(scene)
		}
		o = fail(ended(started), hint)
	case started.Exited && !read && signals[started.ExitCode-128] != "":
		o = fail(ended(started), check.Hint{Cause: fmt.Sprintf("Exit code %d is the end by a signal, %s.",
			started.ExitCode, signals[started.ExitCode-128]),
			Advice: "Look at what it does before: compiled code of a package, or something that ends it."})
	case started.Exited && found.Line != "":
		o = fail(ended(started), check.Advise("Look at this line of its log, and at those above it."))
	case started.Exited:
		hint, known := readings.Exits(scene, started.ExitCode)
		if !known {
			hint = check.Advise("It wrote nothing: let the program say what it does before it ends.")
		}
		o = fail(ended(started), hint)
	case len(started.Listeners) > 0:
		var where []string
		silent := "but does not answer HTTP"
		for _, l := range started.Listeners {
			where = append(where, fmt.Sprintf("%s:%d", l.Address, l.Port))
		}
		if !slices.ContainsFunc(started.Listeners, outside) {
			silent = "where nothing outside the container reaches it"
		}
		hint := check.Advise(program.Listen(started.Wanted))
		if slices.ContainsFunc(started.Listeners, func(l check.Listener) bool {
			return outside(l) && l.Port == started.Wanted
		}) {
			hint = readings.Mute(scene)
		}
		o = check.Fail(name, want, "it runs, and listens on "+strings.Join(where, ", ")+", "+silent, hint)
	default:
		if !read {
			found.Line = "" // a program that goes on says much that is no fault
		}
		hint, known := readings.Silent(scene, started.Wanted)
		if !known {
			hint = check.Hint{Cause: "What CMD starts goes on, and serves nothing.",
				Advice: program.Listen(started.Wanted)}
		}
		o = fail("it runs, but listens on no port", hint)
	}
	if started.Offline != "" {
		o.Items[0].Got += "; a second start, with a network, ended the same"
	}
	o.Items[0].File, o.Items[0].Line = file, line
	if log != "" {
		o.Evidence = append(o.Evidence, check.Evidence{Kind: "log", Title: "What it said before it ended", Text: log})
		if !started.Exited {
			o.Evidence[0].Title = "What it has said so far"
		}
	}
	return o
}

// signals are those by which programs often end, and how.
var signals = map[int]string{4: "SIGILL: it came to an instruction that this machine does not have",
	6: "SIGABRT: compiled code gave up", 8: "SIGFPE: compiled code divided by zero", 9: "SIGKILL: it was killed",
	11: "SIGSEGV: compiled code crashed"}

// outside reports whether a listener is one that is reached from outside the container.
func outside(l check.Listener) bool {
	address, err := netip.ParseAddr(l.Address)
	return err != nil || !address.IsLoopback()
}

// ended returns how the program came to its end, and after how long where that is known.
func ended(s check.Started) string {
	switch {
	case s.Lasted >= time.Second:
		return fmt.Sprintf("it ended after %.1fs with exit code %d", s.Lasted.Seconds(), s.ExitCode)
	case s.Lasted > 0:
		return fmt.Sprintf("it ended at once with exit code %d", s.ExitCode)
	}
	return fmt.Sprintf("it ended with exit code %d", s.ExitCode)
}
