package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

// A class is graded by a process of its own, below one that does nothing but to wait for it: what a
// submission did to the grader itself, such as to use up the memory, ends that process, and another
// goes on from there. Who was being graded then is graded once more, alone; where the process ends
// again, that submission is a fault of ours, and the class goes on without it.

// guardVariable tells a process that it is the one below.
const guardVariable = "TASKGRADER_GUARDED"

// mostDeaths is how often the grader may end over one submission.
const mostDeaths = 2

// mayGuard marks the context of a process that may start itself again.
type mayGuard struct{}

// note is a line that the process below says: a submission that it begins with or has finished, or
// that it comes to its end.
type note struct {
	Begun, Finished string
	Ends            bool
}

// before is what it is told first.
type before struct {
	Deaths map[string]int // by submission
	Again  bool           // it goes on with what another began
}

// exited ends this process as the one below ended, which has said all.
type exited int

func (e exited) Error() string { return fmt.Sprintf("ended with exit code %d", int(e)) }

// guardClass runs the command that this process was started with in processes below it, until one
// comes to its end.
func guardClass(cmd *cobra.Command) error {
	program, err := os.Executable()
	if err != nil {
		return graderError{err}
	}
	return keep(cmd.Context(), cmd.ErrOrStderr(), func() *exec.Cmd {
		return &exec.Cmd{Path: program, Args: os.Args, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	})
}

// keep runs a command until it comes to its end.
func keep(ctx context.Context, w io.Writer, command func() *exec.Cmd) error {
	told := before{Deaths: map[string]int{}}
	for {
		begun, ends, state, err := below(command(), told)
		if err != nil {
			return graderError{fmt.Errorf("starting the process that grades: %w", err)}
		}
		switch code := state.ExitCode(); {
		case ends:
			return exited(code)
		case ctx.Err() != nil:
			return exited(exitInterrupted)
		case len(begun) == 0:
			return graderError{fmt.Errorf("the process that grades ended (%s) before it graded anything", state)}
		}
		for _, id := range begun {
			told.Deaths[id]++
		}
		told.Again = true
		say(w, fmt.Sprintf("taskgrader: the process that grades ended (%s) over %s; another goes on", state,
			strings.Join(begun, ", ")))
	}
}

// below runs a command once, and says what it was at when it ended, and whether it came to its end.
// The error is that it could not be started.
func below(c *exec.Cmd, told before) (begun []string, ends bool, _ *os.ProcessState, _ error) {
	heard, notes, err := os.Pipe()
	if err != nil {
		return nil, false, nil, err
	}
	defer heard.Close()
	alive, telling, err := os.Pipe()
	if err != nil {
		_ = notes.Close()
		return nil, false, nil, err
	}
	defer telling.Close()
	c.ExtraFiles = []*os.File{notes, alive}
	c.Env = append(c.Environ(), guardVariable+"=1")
	c.SysProcAttr = ownGroup() // so that it hears of each signal once
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	err = c.Start()
	_, _ = notes.Close(), alive.Close()
	if err != nil {
		return nil, false, nil, err
	}
	_ = json.NewEncoder(telling).Encode(told) // one that has ended already is waited for below
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				_ = c.Process.Signal(s)
			case <-ended:
				return
			}
		}
	}()
	at := map[string]bool{}
	for lines := bufio.NewScanner(heard); lines.Scan(); {
		var n note
		if json.Unmarshal(lines.Bytes(), &n) != nil {
			continue
		}
		if n.Begun != "" {
			at[n.Begun] = true
		}
		delete(at, n.Finished)
		ends = ends || n.Ends
	}
	err = c.Wait()
	close(ended)
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return nil, false, nil, err
	}
	return slices.Sorted(maps.Keys(at)), ends, c.ProcessState, nil
}

// guarded is a process below another.
type guarded struct {
	before
	mu    sync.Mutex
	notes *os.File
	turn  sync.RWMutex // one over which the grader ended is graded alone
}

// guardedHere returns what this process is told by the one above, or nil where there is none. It ends
// with that one.
func guardedHere() (*guarded, error) {
	if os.Getenv(guardVariable) == "" {
		return nil, nil
	}
	if err := os.Unsetenv(guardVariable); err != nil {
		return nil, err
	}
	const firstExtra = 3
	g := &guarded{notes: os.NewFile(firstExtra, "notes")}
	alive := bufio.NewReader(os.NewFile(firstExtra+1, "alive"))
	line, err := alive.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &g.before)
	}
	if err != nil {
		return nil, fmt.Errorf("hearing from the process above: %w", err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, alive)
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill() // as the one above was: the next run finds what is left
		}
	}()
	return g, nil
}

// say writes a note. That nobody hears it is said by the end of this process.
func (g *guarded) say(n note) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = json.NewEncoder(g.notes).Encode(n)
}

// grade returns a Grade that notes what it is at.
func (g *guarded) grade(grade batch.Grade, r *rubric.Rubric, version string) batch.Grade {
	return func(ctx context.Context, t batch.Task, progress func(string)) result.Report {
		id := t.Entry.ID
		switch deaths := g.Deaths[id]; {
		case deaths >= mostDeaths:
			return batch.Failed(r, t, version, "check", errDies)
		case deaths > 0:
			g.turn.Lock()
			defer g.turn.Unlock()
		default:
			g.turn.RLock()
			defer g.turn.RUnlock()
		}
		g.say(note{Begun: id})
		defer g.say(note{Finished: id})
		return grade(ctx, t, progress)
	}
}

var errDies = diesError{}

// diesError is why a submission is not graded over which the grader ended.
type diesError struct{}

func (diesError) Error() string { return "the grader itself ended over this submission, twice" }

// Hint returns what to do.
func (diesError) Hint() string {
	return "look at what it handed in, and report it as SECURITY.md says; taskgrader grade tries it alone"
}
