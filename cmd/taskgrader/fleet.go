package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/fleet"
	"github.com/taskgrader/taskgrader/grader/reports"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
	"github.com/taskgrader/taskgrader/rubrics"
)

const (
	fleetHere   = "here" // the queue is in this process
	fleetListen = "127.0.0.1:4227"
	// outstanding is how many submissions are asked for at once: 20 for each slot of a hundred.
	outstanding = 2000
)

// fleetOptions are what class takes for several machines.
type fleetOptions struct{ at, listen, name, keys, samples string }

func (o *fleetOptions) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.at, "fleet", "", "let workers on other machines help; =URL of a NATS server, else one in "+
		"this process")
	f.Lookup("fleet").NoOptDefVal = fleetHere
	f.StringVar(&o.listen, "listen", fleetListen, "with --fleet, address and port at which workers join")
	f.StringVar(&o.name, "fleet-class", fleet.DefaultClass, "with --fleet=URL, the name of the class there")
	f.StringVar(&o.samples, "samples", "", "with --fleet, EXPECTED.yaml of samples that each machine must grade as it "+
		"says; the one beside the rubric unless given")
	addKeys(cmd, &o.keys)
}

// addKeys adds the flag of all that knows the fleet's keys.
func addKeys(cmd *cobra.Command, keys *string) {
	cmd.Flags().StringVar(keys, "keys", "", "folder of the fleet's keys and workers; one of yours unless given")
	offer(cmd, "keys", completeFolder)
}

// keysFolder returns the folder that was given, or the one of whoever runs this.
func keysFolder(given string) (fleet.Folder, error) {
	if given != "" {
		return fleet.Folder(given), nil
	}
	home, err := os.UserConfigDir()
	if err != nil {
		return "", usageError{fmt.Sprintf("there is no folder for the fleet's keys: %v", err), "name one with --keys"}
	}
	return fleet.Folder(filepath.Join(home, "taskgrader", "fleet")), nil
}

// leastJobs returns how few may be graded at once on this machine: none, where others do.
func (o *fleetOptions) leastJobs() int {
	if o.at != "" {
		return 0
	}
	return 1
}

// check refuses flags that do not go together.
func (o *fleetOptions) check(cmd *cobra.Command, c *classOptions) error {
	if o.at == "" {
		for _, name := range []string{"listen", "keys", "fleet-class", "samples"} {
			if cmd.Flags().Changed(name) {
				return usageError{fmt.Sprintf("--%s is for a class on several machines", name), "write --fleet, too"}
			}
		}
		return nil
	}
	if _, _, err := net.SplitHostPort(o.listen); err != nil {
		return usageError{fmt.Sprintf("--listen is an address and a port, not %q", o.listen),
			"for this machine alone " + fleetListen + ", for the network 0.0.0.0:4227"}
	}
	if !fleet.IsName(o.name) {
		return usageError{fmt.Sprintf("--fleet-class: %q is no name", o.name), "small letters, digits and hyphens"}
	}
	if c.keep {
		return usageError{"--keep leaves images and containers on this machine, and --fleet grades on others",
			"grade the one submission alone: taskgrader grade --keep"}
	}
	return nil
}

// coordinator hands a class to the workers that join, this machine among them.
type coordinator struct {
	cmd    *cobra.Command
	o      classOptions
	rubric *rubric.Rubric
	here   *machine
	show   progress
	refs   func() []string // the base images that the submissions name
	gone   []string        // those of them that cannot be had here

	hub     *fleet.Hub // open when there is something to grade
	stop    context.CancelFunc
	running sync.WaitGroup
}

// spread returns what grades the class on several machines, and changes the options to it.
func (c *coordinator) spread(o *batch.Options) batch.Grade {
	o.Ready = c.ready
	o.Jobs, o.Deadline, o.Retries = outstanding, 365*24*time.Hour, -1 // what a worker has is bounded there
	o.Machines = c.machines
	o.Progress = c.progress()
	here := *o
	here.Deadline = 0
	alone := batch.Bounded(batch.Local(grader.EngineFunc(c.here.open), c.rubric, here), c.rubric, here)
	return func(ctx context.Context, t batch.Task, progress func(string)) result.Report {
		if c.namesGone(t.Entry) {
			rep := alone(ctx, t, progress)
			rep.Machine = fleet.Here
			return rep
		}
		return c.hub.Grade(c.rubric)(ctx, t, progress)
	}
}

// namesGone reports whether a submission names a base image that cannot be had here. Another
// machine may have one of that name, and nobody knows which; so it is judged here, as one machine
// would.
func (c *coordinator) namesGone(e submission.Entry) bool {
	return len(c.gone) > 0 && slices.ContainsFunc(referencesOf([]submission.Entry{e}, nil),
		func(ref string) bool { return slices.Contains(c.gone, ref) })
}

// ready opens the hub and says what is to be graded.
func (c *coordinator) ready(bases map[string]string) error {
	if err := c.here.ready(bases); err != nil {
		return err
	}
	m, err := c.manifest()
	if err != nil {
		return err
	}
	folder, samples, err := samplesOf(c.rubric, m.RubricFile, c.o.fleet.samples)
	if err != nil {
		return err
	}
	keys, err := keysFolder(c.o.fleet.keys)
	if err != nil {
		return err
	}
	url := c.o.fleet.at
	if url == fleetHere {
		url = ""
	}
	c.hub, err = fleet.Open(c.cmd.Context(), fleet.HubOptions{Folder: keys, Store: reports.Dir(c.o.out).Queue(),
		URL: url, Class: c.o.fleet.name, Listen: c.o.fleet.listen, Say: c.say, Differ: c.differ})
	if errors.Is(err, syscall.EADDRINUSE) {
		return usageError{err.Error(), "another class may be going on; wait for it, or name another port with --listen"}
	}
	if err != nil {
		return graderError{err}
	}
	if m.Samples, err = packSamples(c.hub, folder, samples); err != nil {
		return graderError{err}
	}
	c.offer(m.Bases)
	if m, err = c.hub.Begin(c.cmd.Context(), m, c.o.fresh); err != nil {
		return graderError{err}
	}
	ctx, stop := context.WithCancel(c.cmd.Context())
	c.stop = stop
	if !c.cmd.Flags().Changed("jobs") || c.o.jobs > 0 {
		c.running.Go(func() { c.work(ctx) })
	}
	c.running.Go(func() { c.watch(ctx) })
	if !c.o.quiet {
		c.say("workers join at " + c.hub.Address() + "; who is there: taskgrader workers")
	}
	return nil
}

// manifest returns all that a worker must know of the class.
func (c *coordinator) manifest() (m fleet.Manifest, err error) {
	file, text, builtIn, err := rubric.Find(c.o.rubric, rubrics.FS)
	if err != nil {
		return m, err
	}
	is, err := c.here.engine.Profile(c.cmd.Context())
	if err != nil {
		return m, graderError{err}
	}
	built, err := build()
	if err != nil {
		return m, graderError{err}
	}
	e := c.here.engine
	named := c.refs()
	e.Resolve(c.cmd.Context(), append(slices.Clone(named), canaryBase))
	bases := map[string]fleet.Base{}
	for ref, b := range e.Bases() {
		bases[ref] = fleet.Base(b)
	}
	c.gone = slices.DeleteFunc(named, func(ref string) bool { _, had := bases[ref]; return had })
	return fleet.Manifest{Bases: bases, RubricFile: file, RubricText: string(text), RubricDigest: c.rubric.Digest,
		BuiltIn: builtIn, Only: c.o.only, Version: version(), Build: built, Platform: is.Need(),
		Deadline: batch.Deadline(c.rubric)}, nil
}

// offer has the hub send base images to whoever has no other way to them.
func (c *coordinator) offer(bases map[string]fleet.Base) {
	for ref, b := range bases {
		c.hub.Offer(fleet.ImageBlob(b.Content), func(w io.Writer) error {
			return c.here.engine.Save(c.cmd.Context(), ref, w)
		})
	}
}

// work has this machine grade, too.
func (c *coordinator) work(ctx context.Context) {
	w := workplace{machine: c.here}
	jobs := cmp.Or(c.o.jobs, batch.DefaultJobs(int64(c.rubric.Limits.Run.Memory)))
	o, err := w.options(jobs, func(line string) {
		if line != string(fleet.Ready) {
			c.say(fleet.Here + ": " + line)
		}
	})
	if err == nil {
		o.Hasty = true
		err = fleet.Work(ctx, c.hub.Here(), o)
	}
	if err != nil {
		c.say(fmt.Sprintf("%s: %v", fleet.Here, err))
	}
}

// silence is how long nobody may take submissions before it is said why.
const silence = 20 * time.Second

// watch says why nothing goes on, where that is so.
func (c *coordinator) watch(ctx context.Context) {
	every := time.NewTicker(silence)
	defer every.Stop()
	said := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		why, working := []string{}, false
		for _, m := range c.hub.Machines() {
			working = working || !m.Gone && (m.State == fleet.Ready || m.State == fleet.Trying || m.Busy > 0)
			if why = append(why, m.Name+" "+string(m.State)+": "+m.Why); m.Gone {
				why[len(why)-1] = m.Name + " is gone"
			}
		}
		line := "no worker has joined: taskgrader workers token NAME makes what one joins with"
		if len(why) > 0 {
			line = "no worker takes submissions: " + strings.Join(why, "; ")
		}
		if !working && line != said {
			said = line
			c.say(line)
		}
	}
}

func (c *coordinator) say(line string) { c.show.say("taskgrader: " + line) }

// differ keeps a late verdict that differs with the one that counts.
func (c *coordinator) differ(d result.Opinion, id string, _ result.Report) {
	c.say(fmt.Sprintf("%s: the worker %s came late to another verdict, which its report shows", id, d.Machine))
	out := reports.Dir(c.o.out)
	rep, err := out.Read(result.Instructor, id)
	if err == nil {
		rep.Opinion = &d
		err = out.Write(rep)
	}
	if err != nil {
		c.say(fmt.Sprintf("%s: %v", id, err))
	}
}

// machines returns who graded, for the page of the class.
func (c *coordinator) machines() []class.Machine {
	if c.hub == nil {
		return nil
	}
	var out []class.Machine
	for _, m := range c.hub.Machines() {
		out = append(out, class.Machine{Name: m.Name, Platform: m.Platform, Engine: m.Engine, Slots: m.Slots,
			Verdicts: m.Verdicts, MS: m.MS, Agreed: m.Agreed, Differed: m.Differed, Invalid: m.Invalid,
			Faults: m.Faults, Why: m.Why})
	}
	return out
}

// mostBars is how many submissions have a line of their own on the terminal.
const mostBars = 16

// progress returns what shows the submissions that a machine has in hand: most only wait. It also
// has the hub know what is on disk.
func (c *coordinator) progress() func(batch.Event) {
	bars := map[int]int{} // by the place of who waits
	show := func(e batch.Event) {
		if e.Row != nil || e.Worker < 0 {
			c.show.event(e)
			return
		}
		bar, has := bars[e.Worker]
		switch {
		case e.What == fleet.Waiting, e.What == "" && !has, !has && len(bars) == mostBars:
			return
		case e.What == "":
			delete(bars, e.Worker)
		case !has:
			bar = freeBar(bars)
			bars[e.Worker] = bar
		}
		e.Worker = bar
		c.show.event(e)
	}
	return func(e batch.Event) {
		if c.hub == nil {
			show(e)
			return
		}
		c.hub.Saved(show)(e)
	}
}

func freeBar(bars map[int]int) int {
	used := map[int]bool{}
	for _, bar := range bars {
		used[bar] = true
	}
	n := 0
	for used[n] {
		n++
	}
	return n
}

// close ends the work here and the hub. What waits is kept for the next run, unless all is done.
func (c *coordinator) close() {
	if c.hub == nil {
		return
	}
	done := c.cmd.Context().Err() == nil
	if done {
		if err := c.hub.Finish(c.cmd.Context()); err != nil {
			c.say(err.Error())
		}
	}
	if c.stop != nil {
		c.stop()
	}
	c.running.Wait()
	if err := c.hub.Close(); err != nil {
		c.say(err.Error())
	}
	if done {
		_ = os.RemoveAll(reports.Dir(c.o.out).Queue()) // all that was in it is done
	}
}
