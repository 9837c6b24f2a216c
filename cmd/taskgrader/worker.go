package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/engine"
	"github.com/taskgrader/taskgrader/grader/fleet"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// tokenVariable holds the token where it is no argument, which others on the machine could read.
const tokenVariable = "TASKGRADER_TOKEN"

func newWorker() *cobra.Command {
	name, jobs := "", 0
	cmd := &cobra.Command{
		Use: "worker [TOKEN]", Short: "grade for a class on another machine",
		Long: `worker joins the class that "class --fleet" grades elsewhere, and grades what it is given, one class
after another, until Ctrl-C; then it finishes what it has in hand. It may be started before the class, and outlives it.
TOKEN is a line that "taskgrader workers token NAME" printed there, or the URL of a NATS server of your own; without it,
the variable ` + tokenVariable + ` is taken.

It takes nothing before it has graded samples as it should, and after each fault of its own machine it does so again.

  $ taskgrader worker tg1_eyJuIjoi…
  $ taskgrader worker --jobs 4 --name lab-1 tls://user:password@nats.example.org:4222#spring

` + exitCodes,
		Args: takes(0, 1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkJobs(cmd, jobs, 1); err != nil {
				return err
			}
			return runWorker(cmd, strings.Join(args, ""), name, jobs)
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "name", "", "what this worker is called, where TOKEN is a URL; the machine's name unless given")
	f.IntVar(&jobs, "jobs", 0, "how many are graded at once; from processors and memory unless given")
	return cmd
}

func runWorker(cmd *cobra.Command, text, name string, jobs int) error {
	if text == "" {
		text = os.Getenv(tokenVariable)
	}
	makeOne := "on the machine of the class: taskgrader workers token NAME"
	if text == "" {
		return usageError{"a worker needs a TOKEN to join with", makeOne}
	}
	if name == "" {
		name = machineName()
	}
	token, err := fleet.ParseToken(text, name)
	if err != nil {
		return usageError{err.Error(), makeOne}
	}
	submission.Sweep()
	if jobs == 0 {
		jobs = batch.DefaultJobs(int64(check.DefaultLimits().Run.Memory))
	}
	w := workplace{machine: &machine{cmd: cmd}, alone: true}
	defer w.machine.close()
	o, err := w.options(jobs, func(line string) { say(cmd.ErrOrStderr(), "taskgrader: "+line) })
	if err != nil {
		return graderError{err}
	}
	say(cmd.ErrOrStderr(), fmt.Sprintf("taskgrader: worker %s, %d at once", token.Name, jobs))
	unsaid := context.AfterFunc(cmd.Context(), func() {
		say(cmd.ErrOrStderr(), "finishing what is in hand; Ctrl-C again ends it at once")
	})
	defer unsaid()
	if err = fleet.Work(cmd.Context(), token, o); err != nil {
		return usageError{err.Error(), "ask for a new token, " + makeOne}
	}
	return nil
}

var noName = regexp.MustCompile(`[^a-z0-9]+`)

// machineName returns this machine's name as a worker may be called.
func machineName() string {
	host, _ := os.Hostname()
	name := strings.Trim(noName.ReplaceAllString(strings.ToLower(host), "-"), "-")
	return strings.Trim(name[max(0, len(name)-40):], "-") // a pod's begins as others do
}

// workplace is a machine as a worker of the fleet.
type workplace struct {
	machine *machine
	alone   bool // the engine is this worker's alone, connected for each class
	jobs    int
}

// options returns what the worker does, and how.
func (w *workplace) options(jobs int, said func(string)) (fleet.WorkerOptions, error) {
	built, err := build()
	w.jobs = jobs
	return fleet.WorkerOptions{Slots: jobs, Version: version(), Build: built, Profile: w.profile, Prepare: w.prepare,
		Say: said}, err
}

// profile connects to the engine and says what it is.
func (w *workplace) profile(ctx context.Context) (fleet.Profile, error) {
	if w.machine.engine == nil {
		if err := w.machine.ready(nil); err != nil {
			return fleet.Profile{}, withHint(err)
		}
	}
	is, err := w.machine.engine.Profile(ctx)
	if err != nil {
		w.end()
		return fleet.Profile{}, err
	}
	return fleet.Profile{Platform: is.Need(), Engine: is.String()}, nil
}

// end has the engine connected anew for the next class, or after what it failed at.
func (w *workplace) end() {
	if w.alone {
		w.machine.close()
	}
}

// withHint returns an error whose text has its fix.
func withHint(err error) error {
	if hint := grader.HintOf(err); hint != "" {
		return fmt.Errorf("%w (%s)", err, hint)
	}
	return err
}

// prepare makes the machine ready for a class.
func (w *workplace) prepare(ctx context.Context, m fleet.Manifest, fetch fleet.Fetch) (*fleet.Prepared, error) {
	r, err := rubric.Parse(m.RubricFile, []byte(m.RubricText), kinds.All())
	if err != nil {
		return nil, err
	}
	if r.BuiltIn = m.BuiltIn; r.Digest != m.RubricDigest {
		return nil, errors.New("the rubric is not the one that the class is graded by")
	}
	if w.alone {
		if err := w.lock(ctx, m, fetch); err != nil {
			w.end()
			return nil, err
		}
	}
	o := batch.Options{Only: m.Only, Version: m.Version, Deadline: m.Deadline}
	local := func(r *rubric.Rubric, o batch.Options) batch.Grade {
		return batch.Bounded(batch.Local(grader.EngineFunc(w.machine.open), r, o), r, o)
	}
	known, err := w.canary(ctx, m, fetch, r, o, local)
	if err != nil {
		w.end()
		return nil, err
	}
	return &fleet.Prepared{Grade: local(r, o), Canary: known.ask, Close: func() { known.close(); w.end() }}, nil
}

// lock has each base image be the one that it is where the class is.
func (w *workplace) lock(ctx context.Context, m fleet.Manifest, fetch fleet.Fetch) error {
	w.machine.engine.Pin(nil)
	for _, ref := range slices.Sorted(maps.Keys(m.Bases)) {
		want := m.Bases[ref]
		err := w.machine.engine.Lock(ctx, ref, engine.Base(want), func() (io.ReadCloser, error) {
			file, remove, err := fetch(ctx, fleet.ImageBlob(want.Content))
			if err != nil {
				return nil, err
			}
			f, err := os.Open(file)
			if err != nil {
				remove()
				return nil, err
			}
			return removedFile{f, remove}, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// removedFile is removed when it is closed.
type removedFile struct {
	*os.File
	remove func()
}

func (f removedFile) Close() error {
	defer f.remove()
	return f.File.Close()
}

// canary returns what the machine must grade as it should before it takes anything.
func (w *workplace) canary(ctx context.Context, m fleet.Manifest, fetch fleet.Fetch, r *rubric.Rubric, o batch.Options,
	local func(*rubric.Rubric, batch.Options) batch.Grade) (*canary, error) {
	if len(m.Samples) == 0 {
		return ownSample(m, o, local)
	}
	samples, remove, err := unpackSamples(ctx, m, fetch)
	if err != nil {
		return nil, err
	}
	o.Only = nil // what is expected of them is about all checks
	return &canary{grade: local(r, o), samples: samples, slots: w.jobs, close: remove}, nil
}
