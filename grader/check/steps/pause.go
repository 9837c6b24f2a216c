package steps

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
)

// What restarts are called in a story.
const (
	restarted    = "docker restart"
	newContainer = "a new container with the same volume"
)

// doing returns a step without a request, as a student reads it.
func (s Step) doing() string {
	switch {
	case s.Restart == "new":
		return newContainer
	case s.Restart != "":
		return restarted
	case s.Wait > 0:
		return "wait " + s.Wait.String()
	}
	return strings.Join(s.Exec, " ")
}

// pause does what a step says that sends nothing. It earns nothing; what comes after it is not
// asked where it fails.
func (r *runner) pause(ctx context.Context, number int, s Step) (check.Item, []check.Evidence, error) {
	item := check.Passed(s.doing())
	r.sent[number] = item.Name
	switch {
	case s.Wait > 0:
		select {
		case <-time.After(s.Wait.Std()):
		case <-ctx.Done():
			return check.Item{}, nil, ctx.Err()
		}
	case s.Restart != "":
		own, ok := r.target.(check.Restarter)
		if !ok {
			return check.Item{}, nil, fmt.Errorf("%s: the container is not the check's own", s.doing())
		}
		if err := own.Restart(ctx, s.Restart == "new"); err != nil {
			return check.Item{}, nil, err
		}
		if started := r.target.Started(); !started.Answered {
			item = check.Item{Name: item.Name, Want: "a program that answers again", Got: "it does not come up",
				Hint: check.Advise("Start it a second time yourself, with what the first left behind.")}
			if log := strings.TrimSpace(started.Log); log != "" {
				return item, []check.Evidence{{Kind: "log", Title: "What it said", Text: log[max(0, len(log)-2000):]}},
					nil
			}
		}
	default:
		container, ok := r.target.(check.Container)
		if !ok {
			return check.Item{}, nil, fmt.Errorf("%s: no command can be run here", item.Name)
		}
		command := make([]string, len(s.Exec))
		for i, word := range s.Exec {
			command[i] = r.vars.fill(word, asIs)
		}
		out, err := container.Exec(ctx, command)
		if err != nil {
			return check.Item{}, nil, err
		}
		item.Name = strings.Join(command, " ")
		stdout := s.Stdout.with(r.vars)
		switch {
		case out.NotFound:
			item = check.Item{Name: item.Name, Want: "exit code 0",
				Got:  fmt.Sprintf("there is no program %q in the image", command[0]),
				Hint: check.Advise("Install it in the Dockerfile.")}
		case out.TimedOut:
			item = check.Item{Name: item.Name, Want: "exit code 0", Got: "it did not end in time",
				Hint: check.Advise("Let the command end by itself.")}
		case out.ExitCode != 0:
			item = check.Item{Name: item.Name, Want: "exit code 0", Got: fmt.Sprintf("exit code %d", out.ExitCode),
				Hint: check.Advise("Run it yourself: docker exec <container> " + item.Name)}
		case stdout.written() && !stdout.holds(out.Stdout, out.Stdout != ""):
			item = check.Item{Name: item.Name, Want: "output " + stdout.String(),
				Got:  quoted([]byte(strings.TrimSpace(out.Stdout))),
				Hint: check.Advise("Run it yourself: docker exec <container> " + item.Name)}
		}
	}
	r.past = append(r.past, item.Name)
	return item, nil, nil
}

// logTime is how long a program may take to write its log.
const logTime = time.Second

// logBefore returns the program's log before a step that looks at it.
func (r *runner) logBefore(ctx context.Context, s Step) (string, error) {
	container, ok := r.target.(check.Container)
	if len(s.Log) == 0 || !ok {
		return "", nil
	}
	return container.Logs(ctx)
}

// logged compares what the program has written since with what the step wants.
func (r *runner) logged(ctx context.Context, s Step, before string) ([]miss, error) {
	container, ok := r.target.(check.Container)
	if len(s.Log) == 0 || !ok {
		return nil, nil
	}
	patterns := s.Log.with(r.vars)
	refuses := func(p Pattern) bool { return p.not || p.absent }
	for deadline := time.Now().Add(logTime); ; {
		log, err := container.Logs(ctx)
		if err != nil {
			return nil, err
		}
		said := since(before, log)
		late := time.Now().After(deadline)
		broken := slices.IndexFunc(patterns, func(p Pattern) bool { return !p.holds(said, said != "") })
		if broken < 0 && (late || !slices.ContainsFunc(patterns, refuses)) {
			return nil, nil
		}
		if broken >= 0 && (late || refuses(patterns[broken])) {
			hint := "Write it when the request comes, to the standard output, and flush it: docker logs shows it."
			if refuses(patterns[broken]) {
				hint = "Find what writes it, and what it is about: docker logs shows it."
			}
			got := quoted([]byte(strings.TrimSpace(said)))
			if strings.TrimSpace(said) == "" {
				got = "nothing new in the log"
			}
			return []miss{{want: "a log " + patterns[broken].String(), got: got, hint: hint}}, nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// since returns what a log has that it had not before; its beginning may be gone, since only its
// tail is kept.
func since(before, log string) string {
	if strings.HasPrefix(log, before) {
		return log[len(before):]
	}
	last := before[strings.LastIndex(strings.TrimRight(before, "\n"), "\n")+1:]
	if at := strings.LastIndex(log, last); at >= 0 && last != "" {
		return log[at+len(last):]
	}
	return log
}

// quick compares how long the answers took with what the step allows. A GET that was too slow is
// sent twice more, for a pause that was the machine's.
func (r *runner) quick(ctx context.Context, s Step, e exchange) ([]miss, error) {
	most := s.Faster.Most.Std()
	if s.Faster.IsZero() {
		return nil, nil
	}
	slowest, quickest := time.Duration(0), time.Duration(math.MaxInt64)
	for _, a := range e.answers { // what others had of the processors is no haste of the program's
		slowest, quickest = max(slowest, a.Took), min(quickest, a.Took+a.Others)
	}
	if least := s.Faster.Least; quickest < least.Std() {
		return []miss{{want: "an answer that takes " + least.String(),
			got:  fmt.Sprintf("an answer after %d ms", quickest.Milliseconds()),
			hint: "Wait as long as was asked for, unless what is waited for comes before."}}, nil
	}
	for n := 0; n < 2 && slowest > most && s.request().Method == http.MethodGet; n++ {
		a, _, err := r.ask(ctx, s, e.request)
		if err != nil {
			return nil, err
		}
		slowest = min(slowest, a.Took)
	}
	if slowest <= most {
		return nil, nil
	}
	return []miss{{want: "an answer within " + s.Faster.Most.String(),
		got:  fmt.Sprintf("an answer after %d ms", slowest.Milliseconds()),
		hint: "Look for work that each request does again, and for sleeps."}}, nil
}
