package engine

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/taskgrader/taskgrader/grader/baseimage"
	"github.com/taskgrader/taskgrader/grader/check"
)

// trialProgram runs into each limit, and tells how far it came.
//
//go:embed trial.py
var trialProgram string

// trialTime is what both containers of a trial may take: five seconds on a quiet machine.
const trialTime = 2 * time.Minute

// trialPort is where the second program waits for its word.
const trialPort = 8000

// trialMemory is what the second program takes in all, in MB.
const trialMemory = 256

// trialLimits returns soon reached. The memory is enough for Python.
func trialLimits() check.Limits {
	l := check.DefaultLimits()
	l.Run.Memory, l.Run.CPUs, l.Run.PIDs, l.Run.Disk = 64_000_000, 0.5, 16, 8_000_000
	return l
}

// trial is what became of two programs that were given limits and did not keep to them.
type trial struct {
	untried string // why nothing was tried; empty where it was

	// What the first came to, -1 where it did not come so far.
	Processes int     // beside itself
	Processor float64 // of one
	Held      int     // how often the kernel held it back
	Files     int     // open at once
	Size      int64   // of one file
	Written   int64   // in all
	Reached   []string

	ended    bool // it was, for what it wrote
	killed   bool // the second was, for the memory it took
	isolated bool // there was a network of the first's own

	// Where the first tried to get to.
	gateway string // of its own network, which is this machine
	other   string // address of this machine
	program string // the second
}

func untried(why string) *trial {
	return &trial{untried: why, Processes: -1, Processor: -1, Held: -1, Files: -1, Size: -1, Written: -1}
}

// try starts what hits the limits, in the way in which submissions are started.
func (e *Engine) try(ctx context.Context) *trial {
	t := untried("")
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	image, err := e.trialImage(ctx)
	if err == nil {
		err = t.run(ctx, e, image)
	}
	if err != nil {
		t.untried = err.Error()
	}
	return t
}

// trialImage finds a base image with Python.
func (e *Engine) trialImage(ctx context.Context) (*check.ImageInfo, error) {
	for _, ref := range baseimage.Default {
		if image, err := e.api.ImageInspect(ctx, ref); err == nil && strings.HasPrefix(ref, "python:") {
			return &check.ImageInfo{ID: image.ID}, nil
		}
	}
	return nil, errors.New("no image with Python is here: taskgrader images")
}

// outcome is what became of one limit; nothing was seen where it was not tried.
type outcome struct {
	holds bool
	seen  string
}

func (t *trial) memory() outcome {
	if t.untried != "" {
		return outcome{}
	}
	if !t.killed {
		return outcome{false, fmt.Sprintf("a program took %d MB where %s are allowed", trialMemory,
			trialLimits().Run.Memory)}
	}
	return outcome{true, fmt.Sprintf("a program that took more than %s was ended", trialLimits().Run.Memory)}
}

// swap is told from memory by nothing: a program that may swap lives on.
func (t *trial) swap() outcome {
	o := t.memory()
	if o.holds {
		o.seen = "it was ended, and had no swap to go on with"
	}
	return o
}

func (t *trial) processes() outcome {
	if t.Processes < 0 {
		return outcome{}
	}
	most := trialLimits().Run.PIDs
	return outcome{t.Processes < most, fmt.Sprintf(
		"a program that starts others without end had %d processes where %d are allowed", t.Processes+1, most)}
}

func (t *trial) processor() outcome {
	if t.Processor < 0 {
		return outcome{}
	}
	most := trialLimits().Run.CPUs
	if t.Held == 0 && t.Processor < most { // others had the processor
		return outcome{}
	}
	return outcome{t.Processor < 1.5*most, fmt.Sprintf(
		"a program that computes without end had %.2f of a processor where %.2f are allowed", t.Processor, most)}
}

func (t *trial) files() outcome {
	if t.Files < 0 {
		return outcome{}
	}
	return outcome{t.Files <= openFiles, fmt.Sprintf(
		"a program that opens files without end had %d where %d are allowed", t.Files, openFiles)}
}

// disk returns what became of a program that writes without end.
func (t *trial) disk() Finding {
	most := trialLimits().Run.Disk
	f := Finding{Name: "disk limit", Status: "ok"}
	switch {
	case t.Written < 0 && !t.ended:
		f.Status, f.Detail = "warn", "watched; not tried: "+t.why()
	case !t.ended:
		f.Status, f.Detail = "bad", fmt.Sprintf("not enforced: a program wrote %d bytes where %s are allowed",
			t.Written, most)
		f.Fix = "give the engine a disk of its own"
	case t.Size > int64(most):
		f.Status, f.Detail = "warn", fmt.Sprintf(
			"watched: a program that wrote more than %s was ended, looked at every %s; one file had grown to %d bytes",
			most, diskTime, t.Size)
	default:
		f.Detail = fmt.Sprintf(
			"watched: a program that wrote more than %s was ended, looked at every %s; no file grew beyond them", most,
			diskTime)
	}
	return f
}

// network returns what the first reached from a network of its own.
func (t *trial) network() Finding {
	f := Finding{Name: "network isolation", Status: "warn", Fix: fmt.Sprintf(
		"sudo iptables -I INPUT -i %s+ -m conntrack --ctstate NEW -j DROP closes those, too", bridgePrefix)}
	reached := func(address string) bool { return slices.Contains(t.Reached, address) }
	const cut = "programs reach no other host and no other program"
	switch {
	case t.Reached == nil:
		f.Detail, f.Fix = "programs have a network of their own; not tried: "+t.why(), ""
	case reached(t.program):
		f.Status, f.Detail = "bad", "not enforced: a program reached another container"
		f.Fix = "see that the engine may write firewall rules: \"iptables\" in /etc/docker/daemon.json must " +
			"not be false"
	case reached(t.other):
		f.Detail = cut + "; services that listen on this machine's own addresses they do reach"
	case reached(t.gateway):
		f.Detail = cut +
			"; services of this machine they reach at their own network's gateway, and not at its other addresses"
	default:
		f.Status, f.Fix = "ok", ""
		f.Detail = cut + ", and no service of this machine"
	}
	return f
}

// awaited are the addresses at which this process waits for the first program.
type awaited struct {
	listeners []net.Listener
	addresses []string
}

// listen waits at an address of this machine, if it is one.
func (a *awaited) listen(host string) string {
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return ""
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	a.listeners, a.addresses = append(a.listeners, l), append(a.addresses, l.Addr().String())
	return l.Addr().String()
}

func (a *awaited) close() {
	for _, l := range a.listeners {
		_ = l.Close()
	}
}

func (t *trial) run(ctx context.Context, e *Engine, image *check.ImageInfo) (err error) {
	start := func(network string, args ...string) (*container, error) {
		job := check.Job{ID: "doctor", Limits: trialLimits(), Port: trialPort}
		job.Limits.Run.Network = network
		s := &Session{engine: e, job: job, built: check.Built{Image: image},
			command: append([]string{"python3", "-c", trialProgram}, args...)}
		return s.newContainer(ctx, s.job.Setup.Always, trialPort, "")
	}
	remove := func(c *container) {
		cleaning, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
		defer cancel()
		err = errors.Join(err, c.remove(cleaning))
	}
	taken, err := e.networks.take(ctx)
	if err != nil {
		return err
	}
	e.networks.give(taken) // the first takes it

	second, err := start("open", "memory", strconv.Itoa(trialMemory))
	if err != nil {
		return err
	}
	defer remove(second)
	var waiting awaited
	defer waiting.close()
	if t.gateway = waiting.listen(taken.gateway); t.gateway != "" {
		t.other = waiting.listen(otherAddress(taken.gateway))
	}
	if t.program, err = second.outside(ctx); err != nil {
		return err
	}
	first, err := start("isolated", append([]string{"limits", t.program}, waiting.addresses...)...)
	if err != nil {
		return err
	}
	defer remove(first)
	t.isolated = first.net != nil
	if err := first.ends(ctx); err != nil {
		return err
	}
	if err := errors.Join(second.tell(ctx, "go"), second.ends(ctx)); err != nil {
		return err
	}
	said, err := first.Logs(ctx)
	if err != nil {
		return err
	}
	for line := range strings.Lines(said) {
		_ = json.Unmarshal([]byte(line), t) // what is none was said by somebody else
	}
	t.ended = first.wroteTooMuch() != ""
	t.killed, err = second.ranOut(ctx)
	return err
}

// ends waits for a container's end.
func (c *container) ends(ctx context.Context) error {
	wait := c.session.engine.api.ContainerWait(ctx, c.id, client.ContainerWaitOptions{Condition: "not-running"})
	select {
	case <-wait.Result:
		return nil
	case err := <-wait.Error:
		return fmt.Errorf("waiting for a container's end: %w", err)
	}
}

// tell sends a word to the program as soon as it listens.
func (c *container) tell(ctx context.Context, word string) error {
	for {
		to, err := c.dial(ctx, route{port: trialPort})
		if err == nil {
			_, err = to.Write([]byte(word))
			return errors.Join(err, to.Close())
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pollTime):
		}
	}
}

// outside returns where a container on the engine's own network is found by others there, once it
// listens.
func (c *container) outside(ctx context.Context) (string, error) {
	info, err := c.session.engine.api.ContainerInspect(ctx, c.id, client.ContainerInspectOptions{})
	if err != nil {
		return "", fmt.Errorf("inspecting a container: %w", err)
	}
	for _, n := range info.Container.NetworkSettings.Networks {
		if n.IPAddress.IsValid() {
			return net.JoinHostPort(n.IPAddress.String(), strconv.Itoa(trialPort)), c.tell(ctx, "wait")
		}
	}
	return "", errors.New("inspecting a container: it has no address")
}

// ranOut reports whether a container was ended for its memory.
func (c *container) ranOut(ctx context.Context) (bool, error) {
	info, err := c.session.engine.api.ContainerInspect(ctx, c.id, client.ContainerInspectOptions{})
	if err != nil {
		return false, fmt.Errorf("inspecting a container: %w", err)
	}
	return info.Container.State != nil && info.Container.State.OOMKilled || c.session.engine.watch.ranOut(c.id), nil
}

// otherAddress returns an address of this machine besides one, at which no network of containers
// begins if there is such.
func otherAddress(gateway string) (found string) {
	interfaces, _ := net.Interfaces()
	for _, i := range interfaces {
		addresses, _ := i.Addrs()
		for _, a := range addresses {
			own, ok := a.(*net.IPNet)
			if !ok || own.IP.To4() == nil || own.IP.IsLoopback() || own.IP.String() == gateway {
				continue
			}
			if found == "" || !strings.HasPrefix(i.Name, "br-") && i.Name != "docker0" &&
				!strings.HasPrefix(i.Name, bridgePrefix) {
				found = own.IP.String()
			}
		}
	}
	return found
}

// why returns why something was not tried.
func (t *trial) why() string { return cmp.Or(t.untried, "the machine is too busy to tell") }
