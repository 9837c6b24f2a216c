package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
)

// BuildKit bounds no step of a build, and takes no limit from who asks for one. But each step has a
// control group of its own, into which root on the engine's machine can write limits: of memory and
// of processes the kernel keeps them, the disk is looked at from time to time. A step that goes
// beyond is ended, and so the build is over.

// stepGroups are where an engine puts the control groups of its steps: by controller, or all in one.
var stepGroups = []string{"/sys/fs/cgroup/pids/docker/buildkit/", "/sys/fs/cgroup/memory/docker/buildkit/",
	"/sys/fs/cgroup/docker/buildkit/"}

// stepBounds holds the steps of builds to limits.
type stepBounds struct {
	mu    sync.Mutex
	steps map[string]*boundStep // that go on, by the name of their groups
	ended []endedStep
}

// boundStep is a step of a build that goes on.
type boundStep struct {
	limited int       // of its groups have their limits
	look    time.Time // at its disk, the next
	command string    // what it runs
	since   time.Time // when it was first seen to have passed a limit
	why     string    // it is ended; empty where it is not
}

// endedStep is a step of a build that was ended.
type endedStep struct {
	at           time.Time
	command, why string
}

// stepGroupsOf returns the control groups of each step of the engine that has this root, by their
// name: there may be other engines on this machine.
func stepGroupsOf(root string) map[string][]string {
	found := map[string][]string{}
	for _, at := range stepGroups {
		groups, _ := os.ReadDir(at)
		for _, g := range groups {
			if _, err := os.Stat(filepath.Join(root, "buildkit", "executor", g.Name())); g.IsDir() && err == nil {
				found[g.Name()] = append(found[g.Name()], filepath.Join(at, g.Name()))
			}
		}
	}
	return found
}

// othersTime is how long a step that went beyond and is not known as this process's own is left to
// another grader of this machine, which can tell its student.
const othersTime = 2 * time.Second

// keep gives each new step its limits, and ends those that went beyond. own reports whether a
// command is of a build of this process.
func (b *stepBounds) keep(root string, l check.BuildLimits, own func(command string) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := map[string]*boundStep{}
	for name, groups := range stepGroupsOf(root) {
		step := b.steps[name]
		if step == nil {
			step = &boundStep{}
		}
		now[name] = step
		if step.limited != len(groups) { // a controller's may come a moment after another's
			step.limited = len(groups)
			for _, group := range groups {
				limitStep(group, l)
			}
		}
		pids, _ := processesIn(groups[0])
		if c := commandOf(pids); c != "" { // before its shell runs, it is another
			step.command = c
		}
		if why := step.beyond(groups, pids, l); why != "" && step.why == "" {
			if step.since.IsZero() {
				step.since = time.Now()
			}
			if own(step.command) || time.Since(step.since) > othersTime {
				step.why = why
				b.ended = append(b.ended, endedStep{time.Now(), step.command, why})
			}
		}
		if step.why == "" {
			continue
		}
		for _, pid := range pids { // again and again, since they may multiply
			if n, err := strconv.Atoi(pid); err == nil {
				_ = syscall.Kill(n, syscall.SIGKILL)
			}
		}
	}
	b.steps = now
}

// beyond returns which limit a step has passed, or empty.
func (s *boundStep) beyond(groups, pids []string, l check.BuildLimits) string {
	if begun := time.Now(); begun.After(s.look) {
		why := writtenBy(pids, l)
		s.look = time.Now().Add(max(diskTime, 2*time.Since(begun))) // a look costs as much as there are files
		if why != "" {
			return why
		}
	}
	for _, group := range groups {
		switch {
		case counted(group, "pids.events", "max") > 0:
			return fmt.Sprintf("it had more than %d processes", l.PIDs)
		case counted(group, "memory.oom_control", "oom_kill")+counted(group, "memory.events", "oom_kill") > 0:
			return fmt.Sprintf("it took more than %s of memory", l.Memory)
		}
	}
	return ""
}

// since returns why a step that ran one of the commands was ended since a time; empty where none
// was. That of another build is none of this one's.
func (b *stepBounds) since(begun time.Time, commands []string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range slices.Backward(b.ended) {
		if e.at.After(begun) && runsOne(e.command, commands) {
			return e.why
		}
	}
	return ""
}

// limitStep writes the limits into a step's control group, of either kind; what a kind does not have
// is not written.
func limitStep(group string, l check.BuildLimits) {
	memory := strconv.FormatInt(int64(l.Memory), 10)
	for _, file := range []struct{ name, value string }{
		{"pids.max", strconv.Itoa(l.PIDs)},
		{"memory.limit_in_bytes", memory}, {"memory.memsw.limit_in_bytes", memory}, // with swap, after that without
		{"memory.max", memory}, {"memory.swap.max", "0"},
	} {
		if f, err := os.OpenFile(filepath.Join(group, file.name), os.O_WRONLY, 0); err == nil {
			_, _ = f.WriteString(file.value)
			_ = f.Close()
		}
	}
}

// counted returns a number that a control group counts; 0 where it does not.
func counted(group, file, name string) int {
	text, err := os.ReadFile(filepath.Join(group, file))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == name {
			n, _ := strconv.Atoi(fields[1])
			return n
		}
	}
	return 0
}

// writtenBy returns that a step wrote more into its root than it may, or empty.
func writtenBy(pids []string, l check.BuildLimits) string {
	if len(pids) == 0 {
		return ""
	}
	mounts, err := os.ReadFile("/proc/" + pids[0] + "/mountinfo")
	if err != nil {
		return ""
	}
	upper := upperFolder(string(mounts))
	if own, err := os.ReadFile("/proc/self/mountinfo"); upper == "" && err == nil {
		upper = mergedFrom(string(mounts), string(own))
	}
	if upper == "" {
		return ""
	}
	most, total := check.RunLimits{Disk: l.Disk}, tally{}
	total.below(upper, most)
	return total.over(most)
}

// mergedFrom returns where fuse-overlayfs, which does not say it, puts what is written into the root
// of a step: beside the folder in which the engine's machine has the same root.
func mergedFrom(step, own string) string {
	device := ""
	for line := range strings.Lines(step) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[4] == "/" {
			device = fields[2]
		}
	}
	for line := range strings.Lines(own) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[2] == device && device != "" &&
			filepath.Base(fields[4]) == "merged" && fields[3] == "/" {
			return filepath.Join(filepath.Dir(fields[4]), "diff")
		}
	}
	return ""
}
