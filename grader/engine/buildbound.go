package engine

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
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
	look    time.Time // at its disk, the next
	command string    // what it runs, by what the engine says and not its own processes, which say what they like
	mine    bool      // it is known as one of this process's builds
	writes  []sink    // where it can write
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
		pids, _ := processesIn(groups[0])
		if step == nil {
			if step = begunStep(filepath.Join(root, "buildkit", "executor", name), mountsAround(pids)); step == nil {
				continue // the engine is about to say what it runs
			}
		}
		now[name] = step
		step.mine = step.mine || own(step.command)
		for _, group := range groups { // again and again: a controller's may come a moment after another's
			if step.mine || boundless(group) { // else it has the limits of whose it is
				limitStep(group, l)
			}
		}
		if why := step.beyond(groups, l); why != "" && step.why == "" {
			if step.since.IsZero() {
				step.since = time.Now()
			}
			if step.mine || time.Since(step.since) > othersTime {
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
func (s *boundStep) beyond(groups []string, l check.BuildLimits) string {
	if begun := time.Now(); begun.After(s.look) {
		why := overIn(s.writes, l)
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

// boundless reports whether nobody wrote a limit into a step's control group.
func boundless(group string) bool {
	for _, file := range []string{"pids.max", "memory.max", "memory.limit_in_bytes"} {
		text, err := os.ReadFile(filepath.Join(group, file))
		if limit := strings.TrimSpace(string(text)); err == nil && (limit == "max" || len(limit) > mostDigits) {
			return true
		}
	}
	return false
}

// mostDigits are those of a limit of memory that is one: without, control groups of the first kind
// say 9223372036854771712.
const mostDigits = 18

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

// sink is a folder of the engine's machine into which a step can write, such as a cache mount, and
// how much was in it before.
type sink struct {
	folder string
	before int64
}

// mountsAround returns the mounts that who started some processes has, which is the engine: it may have
// a mount namespace of its own. It is empty where the processes are not there yet, or are no more.
func mountsAround(pids []string) string {
	for _, pid := range pids {
		status, err := os.ReadFile("/proc/" + pid + "/status")
		if err != nil {
			continue
		}
		_, _, number := readProcess(string(status), nil, "", nil)
		parent := strconv.Itoa(number)
		if mounts, err := os.ReadFile("/proc/" + parent + "/mountinfo"); err == nil && !slices.Contains(pids, parent) {
			return string(mounts)
		}
	}
	return ""
}

// begunStep reads what the engine, with these mounts, says of a step in the folder where it keeps that;
// nil where it does not say it yet.
func begunStep(folder, mounts string) *boundStep {
	var spec struct {
		Root    struct{ Path string }
		Process struct{ Args []string }
		Mounts  []struct {
			Type, Source string
			Options      []string
		}
	}
	text, err := os.ReadFile(filepath.Join(folder, "config.json"))
	if err != nil || mounts == "" || json.Unmarshal(text, &spec) != nil || len(spec.Process.Args) == 0 {
		return nil
	}
	folders := []string{writtenAt(mounts, spec.Root.Path, nil)}
	for _, m := range spec.Mounts {
		own := strings.HasPrefix(m.Source, filepath.Dir(folder)) // such as /etc/hosts
		if (m.Type == "bind" || m.Type == "overlay") && !own && !slices.Contains(m.Options, "ro") {
			folders = append(folders, writtenAt(mounts, m.Source, m.Options))
		}
	}
	step := &boundStep{command: squeezed(spec.Process.Args[len(spec.Process.Args)-1])}
	for _, folder := range folders {
		var before tally
		before.below(folder, check.RunLimits{Disk: math.MaxInt64})
		step.writes = append(step.writes, sink{folder, before.bytes})
	}
	return step
}

// overIn returns that more was written into some folders than may be, or empty.
func overIn(sinks []sink, l check.BuildLimits) string {
	total := written{}
	most := check.RunLimits{Disk: l.Disk}
	for _, p := range sinks {
		var now tally
		now.below(p.folder, check.RunLimits{Disk: l.Disk + option.Size(p.before)})
		total.bytes += max(0, now.bytes-p.before)
	}
	return total.over(most)
}

// writtenAt returns where on the engine's machine lands what is written into a mount: the upper folder
// of an overlay, or of fuse-overlayfs, which does not say it, beside the folder in which the machine
// has the same; else the mount's source itself. own are the engine's mounts.
func writtenAt(own, source string, options []string) string {
	for _, option := range options {
		if upper, ok := strings.CutPrefix(option, "upperdir="); ok {
			return upper
		}
	}
	device := ""
	for line := range strings.Lines(own) {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[4] != source {
			continue
		}
		if upper := upperFolder(line, source); upper != "" {
			return upper
		}
		device = fields[2]
	}
	for line := range strings.Lines(own) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[2] == device && device != "" &&
			filepath.Base(fields[4]) == "merged" && fields[3] == "/" {
			return filepath.Join(filepath.Dir(fields[4]), "diff")
		}
	}
	return source
}
