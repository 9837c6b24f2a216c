package engine

import (
	"fmt"
	"io/fs"
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
	mu     sync.Mutex
	known  map[string]boundStep // that have their limits, by their group
	broken map[string]string    // why a step was ended, by its group's name
	ended  []endedStep
}

// boundStep is a step of a build that goes on.
type boundStep struct {
	look    time.Time // at its disk, the next
	command string    // what it runs
}

// endedStep is a step of a build that was ended.
type endedStep struct {
	at           time.Time
	command, why string
}

// stepGroupsOf returns the control groups of the steps of the engine that has this root: there may be
// others on this machine.
func stepGroupsOf(root string) (found []string) {
	for _, at := range stepGroups {
		groups, _ := os.ReadDir(at)
		for _, g := range groups {
			if _, err := os.Stat(filepath.Join(root, "buildkit", "executor", g.Name())); g.IsDir() && err == nil {
				found = append(found, filepath.Join(at, g.Name()))
			}
		}
	}
	return found
}

// keep gives each new step its limits, and ends those that went beyond.
func (b *stepBounds) keep(root string, l check.BuildLimits) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := map[string]boundStep{}
	for _, group := range stepGroupsOf(root) {
		name := filepath.Base(group)
		step, known := b.known[group]
		if !known {
			limitStep(group, l)
		}
		if c := commandOf(processesIn(group)); c != "" { // before its shell runs, it is another
			step.command = c
		}
		if begun := time.Now(); begun.After(step.look) {
			if tooMuch(group, int64(l.Disk)) {
				b.end(name, step, fmt.Sprintf("it wrote more than %s to the disk", l.Disk))
			}
			step.look = time.Now().Add(max(diskTime, 2*time.Since(begun))) // a look costs as much as there are files
		}
		now[group] = step
		switch {
		case counted(group, "pids.events", "max") > 0:
			b.end(name, step, fmt.Sprintf("it had more than %d processes", l.PIDs))
		case counted(group, "memory.oom_control", "oom_kill")+counted(group, "memory.events", "oom_kill") > 0:
			b.end(name, step, fmt.Sprintf("it took more than %s of memory", l.Memory))
		}
		if b.broken[name] != "" {
			for _, pid := range processesIn(group) { // again and again, since they may multiply
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
	b.known = now
}

// end notes why a step is ended, once.
func (b *stepBounds) end(name string, step boundStep, why string) {
	if b.broken == nil {
		b.broken = map[string]string{}
	}
	if b.broken[name] == "" {
		b.broken[name] = why
		b.ended = append(b.ended, endedStep{time.Now(), step.command, why})
	}
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

func processesIn(group string) (pids []int) {
	text, _ := os.ReadFile(filepath.Join(group, "cgroup.procs"))
	for _, field := range strings.Fields(string(text)) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// tooMuch reports whether a step wrote more than so many bytes into its root.
func tooMuch(group string, most int64) bool {
	pids := processesIn(group)
	if len(pids) == 0 {
		return false
	}
	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pids[0]))
	if err != nil {
		return false
	}
	upper := upperFolder(string(mounts))
	if own, err := os.ReadFile("/proc/self/mountinfo"); upper == "" && err == nil {
		upper = mergedFrom(string(mounts), string(own))
	}
	if upper == "" {
		return false
	}
	var bytes int64
	_ = filepath.WalkDir(upper, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil {
			_, size := onDisk(info)
			bytes += size
		}
		if bytes > most {
			return fs.SkipAll
		}
		return nil
	})
	return bytes > most
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
