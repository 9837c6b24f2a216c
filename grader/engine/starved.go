package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A limit on time is a limit on the program. Where other work of this machine keeps the program
// from a processor, it gets that time back, up to patience times the limit; after that it is the
// machine's fault, not the program's.
const patience = 6

// errStarved is why a wait ends when the program had no fair share of a processor: ours.
type errStarved struct{ limit, starved time.Duration }

func (e *errStarved) Error() string {
	return fmt.Sprintf(
		"this machine was too busy: within %d times %s the program waited %s for a processor that others had", patience,
		e.limit, e.starved.Round(100*time.Millisecond))
}

// Hint returns how to fix it.
func (e *errStarved) Hint() string { return "grade again when less is going on, or with fewer --jobs" }

// ownTime returns a context that ends when the container has had the time. Its cause is then
// context.DeadlineExceeded, or an *errStarved.
func (c *container) ownTime(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return c.ownTimeUntil(ctx, limit, context.DeadlineExceeded)
}

func (c *container) ownTimeUntil(ctx context.Context, limit time.Duration, up error) (context.Context,
	context.CancelFunc) {
	return fairly(ctx, limit, c.meter, up, func(starved time.Duration) error { return &errStarved{limit, starved} })
}

// fairly returns a context that ends when something has had the time, with up as its cause; or when
// patience is over, with what worn says of how long it was starved. begin starts to measure what it was
// kept from.
func fairly(ctx context.Context, limit time.Duration, begin func() *meter, up error,
	worn func(starved time.Duration) error) (context.Context, context.CancelFunc) {
	timed, cancel := context.WithCancelCause(ctx)
	begun := time.Now()
	go func() {
		select { // most come to their end long before, and a meter is dear
		case <-timed.Done():
			return
		case <-time.After(limit / 8):
		}
		for meter := begin(); ; {
			passed, starved := time.Since(begun), meter.starved()
			wait := limit - (passed - starved)
			switch {
			case wait <= 0:
				cancel(up)
				return
			case passed > patience*limit:
				cancel(worn(starved))
				return
			}
			select {
			case <-timed.Done():
				return
			case <-time.After(min(wait, time.Second)): // often, since a thread that ends takes its count with it
			}
		}
	}()
	return timed, func() { cancel(context.Canceled) }
}

// meter adds up how long threads were ready to run and had no processor. Only the Linux kernel of
// this machine says; of those elsewhere it counts nothing.
type meter struct {
	threads func() []string // folders below /proc; nil: there are none to be seen
	used    func() time.Duration
	cpus    func() float64 // the share that is theirs
	begun   time.Time
	last    map[string][2]time.Duration // of each thread: ran, waited
	sums    [2]time.Duration
	busy    time.Duration // of all processors when it began
	before  time.Duration // that they had used then
}

// newMeter begins to measure threads. used is how long they and those before them have run, where
// that is known.
func newMeter(threads func() []string, cpus func() float64, used func() time.Duration) *meter {
	m := &meter{threads: threads, used: used, cpus: cpus, begun: time.Now(), last: map[string][2]time.Duration{}}
	m.read()
	m.sums = [2]time.Duration{}
	if m.busy = busyTime(); used != nil {
		m.before = used()
	}
	return m
}

func (c *container) meter() *meter {
	cpus := func() float64 { return c.limits.Run.CPUs }
	if c.group == "" {
		return newMeter(nil, cpus, nil)
	}
	threads := func() []string {
		list, err := os.ReadFile(filepath.Join(c.group, "cgroup.threads"))
		if err != nil {
			list, _ = os.ReadFile(filepath.Join(c.group, "tasks"))
		}
		ids := strings.Fields(string(list))
		for i := range ids {
			ids[i] = "/proc/" + ids[i]
		}
		return ids
	}
	return newMeter(threads, cpus, func() time.Duration { return usedBy(c.pid) })
}

func (m *meter) read() {
	if m.threads == nil {
		return
	}
	now := map[string][2]time.Duration{}
	for _, thread := range m.threads() {
		text, err := os.ReadFile(thread + "/schedstat")
		fields := strings.Fields(string(text))
		if err != nil || len(fields) < 2 {
			continue
		}
		var times [2]time.Duration
		for i := range times {
			n, _ := strconv.ParseInt(fields[i], 10, 64)
			times[i] = time.Duration(n)
			m.sums[i] += max(0, times[i]-m.last[thread][i])
		}
		now[thread] = times
	}
	m.last = now
}

// starved returns how long the program could have run and did not because others ran. Threads that
// wait for each other do not count, so that a program which starts a thousand of them gains
// nothing: it is no more than what processes outside the container took of the share that was its
// own.
func (m *meter) starved() time.Duration {
	if m.threads == nil {
		return 0
	}
	m.read()
	passed := time.Since(m.begun)
	used := m.sums[0]
	if m.used != nil {
		used = max(used, m.used()-m.before)
	}
	cpus := m.cpus()
	share := time.Duration(float64(passed) - float64(m.sums[0])/cpus)
	return max(0, min(m.sums[1], share, taken(passed, busyTime()-m.busy-used, cpus, runtime.NumCPU())))
}

// taken returns how much of a share of the processors others took, where they were busy for so long
// in that time: what they used beyond the processors that the share leaves them.
func taken(passed, others time.Duration, share float64, processors int) time.Duration {
	left := max(0, float64(processors)-share)
	return max(0, others-time.Duration(left*float64(passed)))
}

// tick is the kernel's unit of processor time.
const tick = 10 * time.Millisecond

// busyTime returns how long this machine's processors have worked since it started, what a machine
// above it took included; 0 where it cannot be known.
func busyTime() (busy time.Duration) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		if n, err := strconv.ParseInt(field, 10, 64); err == nil && i != idle && i != waitsForDisk && i <= stolen {
			busy += time.Duration(n) * tick
		}
	}
	return busy
}

// The fields of /proc/stat, from the name on.
const (
	idle         = 4
	waitsForDisk = 5
	stolen       = 8
)

// usedBy returns how long the processes of a process's control group have run, those that ended
// included; 0 where it cannot be known.
func usedBy(pid int) time.Duration {
	for _, g := range groupsOf(pid) {
		if g.controllers != "" && !slices.Contains(strings.Split(g.controllers, ","), "cpuacct") {
			continue
		}
		if text, err := os.ReadFile(filepath.Join(g.folder(), "cpuacct.usage")); err == nil {
			n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
			return time.Duration(n)
		}
		if text, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", g.path, "cpu.stat")); err == nil {
			for line := range strings.Lines(string(text)) {
				if value, ok := strings.CutPrefix(line, "usage_usec "); ok {
					n, _ := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
					return time.Duration(n) * time.Microsecond
				}
			}
		}
	}
	return 0
}

// groupOf returns the folder of the control group that a process of this machine is in, if it is
// the container's: the engine may be on another machine.
func groupOf(pid int, id string) (string, bool) {
	for _, g := range groupsOf(pid) {
		if !strings.Contains(g.path, id[:12]) {
			continue
		}
		if _, err := os.Stat(filepath.Join(g.folder(), "cgroup.procs")); err == nil {
			return g.folder(), true
		}
	}
	return "", false
}

// controlGroup is one that a process is in: of controllers, of which v2 names none, at a path.
type controlGroup struct{ controllers, path string }

func (g controlGroup) folder() string { return filepath.Join("/sys/fs/cgroup", g.controllers, g.path) }

// groupsOf returns the control groups of a process of this machine; none of one that is not there.
func groupsOf(pid int) (groups []controlGroup) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil || pid == 0 {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		if parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3); len(parts) == 3 {
			groups = append(groups, controlGroup{parts[1], parts[2]})
		}
	}
	return groups
}

// timedOut reports whether a wait ended because its time was up.
func timedOut(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), context.DeadlineExceeded)
}
