package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A limit on time is a limit on the program. Where other work of this machine keeps the program from a processor, it
// gets that time back, up to patience times the limit; after that it is the machine's fault, not the program's.
const patience = 6

// errStarved is why a wait ends when the program had no fair share of a processor: ours.
type errStarved struct{ limit, starved time.Duration }

func (e *errStarved) Error() string {
	return fmt.Sprintf("this machine was too busy: within %d times %s the program waited %s for a processor that others had", patience, e.limit, e.starved.Round(100*time.Millisecond))
}

// Hint returns how to fix it.
func (e *errStarved) Hint() string { return "grade again when less is going on, or with fewer --jobs" }

// ownTime is a context that ends when the container has had the time. Its cause is then context.DeadlineExceeded, or an
// *errStarved.
func (c *container) ownTime(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	timed, cancel := context.WithCancelCause(ctx)
	begun := time.Now()
	go func() {
		select { // most answers come long before, and a meter is dear
		case <-timed.Done():
			return
		case <-time.After(limit / 8):
		}
		meter := c.meter()
		for wait := limit - limit/8; ; {
			select {
			case <-timed.Done():
				return
			case <-time.After(min(wait, time.Second)): // often, since a thread that ends takes its count with it
			}
			passed, starved := time.Since(begun), meter.starved()
			wait = limit - (passed - starved)
			switch {
			case wait <= 0:
				cancel(context.DeadlineExceeded)
				return
			case passed > patience*limit:
				cancel(&errStarved{limit, starved})
				return
			}
		}
	}()
	return timed, func() { cancel(context.Canceled) }
}

// meter adds up how long the threads of a container were ready to run and had no processor. Only the Linux kernel of this
// machine says; of containers elsewhere it counts nothing.
type meter struct {
	tasks string // the control group's list of threads; empty: there is none to be seen
	cpus  float64
	begun time.Time
	last  map[string][2]time.Duration // of each thread: ran, waited
	sums  [2]time.Duration
}

func (c *container) meter() *meter {
	m := &meter{cpus: c.limits.Run.CPUs, begun: time.Now(), last: map[string][2]time.Duration{}}
	if c.group != "" {
		for _, name := range []string{"cgroup.threads", "tasks"} {
			if _, err := os.Stat(filepath.Join(c.group, name)); err == nil {
				m.tasks = filepath.Join(c.group, name)
				break
			}
		}
	}
	m.read()
	m.sums = [2]time.Duration{}
	return m
}

func (m *meter) read() {
	if m.tasks == "" {
		return
	}
	list, err := os.ReadFile(m.tasks)
	if err != nil {
		return
	}
	now := map[string][2]time.Duration{}
	for _, id := range strings.Fields(string(list)) {
		text, err := os.ReadFile("/proc/" + id + "/schedstat")
		fields := strings.Fields(string(text))
		if err != nil || len(fields) < 2 {
			continue
		}
		var times [2]time.Duration
		for i := range times {
			n, _ := strconv.ParseInt(fields[i], 10, 64)
			times[i] = time.Duration(n)
			m.sums[i] += max(0, times[i]-m.last[id][i])
		}
		now[id] = times
	}
	m.last = now
}

// starved is how long the program could have run and did not. Threads that wait for each other within the container's own
// share of the processors do not count, so that a program which starts a thousand of them gains nothing.
func (m *meter) starved() time.Duration {
	m.read()
	share := time.Duration(float64(time.Since(m.begun)) - float64(m.sums[0])/m.cpus)
	return max(0, min(m.sums[1], share))
}

// groupOf is the folder of the control group that a process of this machine is in, if it is the container's: the engine
// may be on another machine.
func groupOf(pid int, id string) (string, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil || pid == 0 {
		return "", false
	}
	for _, line := range strings.Split(string(text), "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 || !strings.Contains(parts[2], id[:12]) {
			continue
		}
		folder := filepath.Join("/sys/fs/cgroup", parts[1], parts[2])
		if _, err := os.Stat(filepath.Join(folder, "cgroup.procs")); err == nil {
			return folder, true
		}
	}
	return "", false
}

// timedOut says whether a wait ended because its time was up.
func timedOut(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), context.DeadlineExceeded)
}
