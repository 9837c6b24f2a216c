package engine

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/engine/buildtrace"
)

// A build's limit on time is a limit on the build: what others took from its share of the
// processors is given back, as to a program. Its share is that of the builds that go on at once.
// The processes of its steps are found by the control group that the engine gives each step and by
// the command that the step runs; where they are not this machine's, nothing is given back.

// buildTime returns a context that ends when a build has had the time. told gives the trace of what
// goes on.
func (e *Engine) buildTime(ctx context.Context, limit time.Duration, file *dockerfile.File,
	told *atomic.Pointer[buildtrace.Trace]) (context.Context, context.CancelFunc) {
	most := e.builds.Add(1)
	threads := func() []string { return threadsOf(stepsUnder(told.Load(), file)) }
	share := func() float64 {
		most = max(most, e.builds.Load())
		return max(float64(runtime.NumCPU())/float64(most), 0.1)
	}
	timed, cancel := fairly(ctx, limit, func() *meter { return newMeter(threads, share, nil) },
		context.DeadlineExceeded, func(time.Duration) error { return context.DeadlineExceeded })
	return timed, func() {
		cancel()
		e.builds.Add(-1)
	}
}

// stepsUnder returns the commands of the steps that run.
func stepsUnder(t *buildtrace.Trace, file *dockerfile.File) (commands []string) {
	if t == nil {
		return nil
	}
	return commandsOf(t.Steps(file), func(s check.Step) bool { return !s.Done && s.Error == "" })
}

// commandsOf returns what some steps run.
func commandsOf(steps []check.Step, of func(check.Step) bool) (commands []string) {
	for _, s := range steps {
		if _, command, ok := strings.Cut(s.Name, "] RUN "); ok && of(s) {
			words := strings.Fields(command)
			for len(words) > 0 && strings.HasPrefix(words[0], "--") { // of the RUN itself
				words = words[1:]
			}
			commands = append(commands, strings.Join(words, " "))
		}
	}
	return commands
}

// runsOne reports whether the last word of a process, which is what a shell is given, is one of the
// commands, or most of one: a short word stands in many.
func runsOne(text string, commands []string) bool {
	return text != "" && slices.ContainsFunc(commands, func(c string) bool {
		return strings.Contains(c, text) && 2*len(text) >= len(c)
	})
}

// firstOfAll is how the status of a process says that it is the first of its container.
var firstOfAll = regexp.MustCompile(`(?m)^NSpid:.*\t1$`)

// commandOf returns what the first of a step's processes was given last, which is what a shell runs;
// empty where there is none.
func commandOf(pids []string) string {
	for _, pid := range pids {
		if status, err := os.ReadFile("/proc/" + pid + "/status"); err == nil && firstOfAll.Match(status) {
			words := commandLine(pid)
			return squeezed(words[len(words)-1])
		}
	}
	return ""
}

func squeezed(text string) string { return strings.Join(strings.Fields(text), " ") }

// threadsOf returns the threads, as folders below /proc, of all build steps of this machine's
// engine that run one of the commands.
func threadsOf(commands []string) (threads []string) {
	if len(commands) == 0 {
		return nil
	}
	groups := map[string][]string{} // processes, by the control group of a step
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		text, err := readUpTo("/proc/"+e.Name()+"/cgroup", 8<<10)
		if _, group, ok := strings.Cut(string(text), "/buildkit/"); err == nil && ok {
			group, _, _ = strings.Cut(group, "\n")
			groups[group] = append(groups[group], e.Name())
		}
	}
	for _, pids := range groups {
		if !runsOne(commandOf(pids), commands) {
			continue
		}
		for _, pid := range pids {
			found, _ := filepath.Glob("/proc/" + pid + "/task/*")
			threads = append(threads, found...)
		}
	}
	return threads
}
