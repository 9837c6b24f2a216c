// Package owner tells whose leftovers something is.
//
// [Self] names this process. What it makes carries that name: in [Owner.Labels], or in an image's
// tag, since a label would change its id. [Of] and [OfTag] read it again, and [Owner.Dead] says
// whether nobody needs the thing any more.
package owner

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v4/process"
)

// The labels of everything that can carry any; images carry the owner in their tag, since a label
// would change the id.
const (
	LabelRun   = "org.taskgrader.run"
	labelHost  = "org.taskgrader.host"
	labelBoot  = "org.taskgrader.boot"
	labelSpace = "org.taskgrader.space"
	LabelPID   = "org.taskgrader.pid"
	labelStart = "org.taskgrader.start"
	LabelKeep  = "org.taskgrader.keep"
	repository = "taskgrader/"
	namePrefix = "taskgrader-"
	KeepTag    = "keep-" // begins the tag of an image that was kept on purpose
)

// Owner is a process, named so that another process of the same machine can tell whether it still
// lives.
type Owner struct {
	host, boot string // shortened digests
	space      string // in which the pid is a number: a container has one of its own
	PID        int
	start      string // as startOf gives it
}

// unknownStart stands where the start of a process cannot be read: the owner's name is part of an
// image's.
const unknownStart = "0"

// Self returns this process.
func Self() (Owner, error) {
	name, err := os.Hostname()
	if err != nil {
		return Owner{}, err
	}
	machine, _ := os.ReadFile("/etc/machine-id") // many machines go by the same name, and may share an engine
	pid := os.Getpid()
	start, _ := startOf(pid)
	if start == "" {
		start = unknownStart
	}
	space, _ := os.Readlink("/proc/self/ns/pid")
	return Owner{host: short(name + string(machine)), boot: bootID(), space: short(space), PID: pid, start: start}, nil
}

// bootID returns one boot of a machine from the next. Where the kernel does not say, every process
// is of one boot, and only its number and start tell it apart.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "none"
	}
	return short(string(id))
}

func short(s string) string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(s)))
	return hex.EncodeToString(sum[:4])
}

// startOf returns when a process began: from /proc/<pid>/stat in clock ticks since boot, which no
// change of the clock moves, elsewhere in milliseconds. It is empty where it cannot be read of a
// process that is there.
func startOf(pid int) (start string, alive bool) {
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		_, after, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')')+1:]), " ")
		fields := strings.Fields(after)
		const starttime = 22 - 3 // the fields after the name begin with the third
		if len(fields) <= starttime {
			return "", true
		}
		return fields[starttime], true
	}
	there, err := process.PidExists(int32(pid))
	if err != nil || !there {
		return "", err != nil // who cannot be asked about is taken to live
	}
	if p, err := process.NewProcess(int32(pid)); err == nil {
		if began, err := p.CreateTime(); err == nil {
			return strconv.FormatInt(began, 10), true
		}
	}
	return "", true
}

// Dead reports whether the owner was a process of this machine and boot that is no more. Of other
// machines nothing is known, so their things stay.
func (o Owner) Dead(me Owner) bool {
	if o.host != me.host {
		return false
	}
	if o.boot != me.boot {
		return true
	}
	if o.space != me.space { // its number is another process's here, or nobody's
		return false
	}
	start, alive := startOf(o.PID)
	return !alive || o.start != unknownStart && start != "" && start != o.start
}

// Labels returns what a container or a network of the owner carries.
func (o Owner) Labels() map[string]string {
	return map[string]string{LabelRun: o.String(), labelHost: o.host, labelBoot: o.boot, labelSpace: o.space,
		LabelPID: strconv.Itoa(o.PID), labelStart: o.start}
}

// String returns the owner as part of an image's name.
func (o Owner) String() string {
	return fmt.Sprintf("%s-%s-%s-%d-%s", o.host, o.boot, o.space, o.PID, o.start)
}

// Tag returns a name for an image of the owner's.
func (o Owner) Tag(name string) string { return repository + o.String() + ":" + name }

// Name returns a name for a container or a network of the owner's.
func (o Owner) Name(number int) string { return namePrefix + o.String() + "-" + strconv.Itoa(number) }

// OfName reads the owner out of a container's name. An image decides its container's labels, but
// not its name.
func OfName(name string) (Owner, bool) {
	own, ok := strings.CutPrefix(strings.TrimPrefix(name, "/"), namePrefix)
	at := strings.LastIndex(own, "-")
	if !ok || at < 0 {
		return Owner{}, false
	}
	return OfTag(repository + own[:at] + ":")
}

// Of reads the owner out of what a container or a network carries.
func Of(labels map[string]string) (Owner, bool) {
	pid, err := strconv.Atoi(labels[LabelPID])
	return Owner{host: labels[labelHost], boot: labels[labelBoot], space: labels[labelSpace], PID: pid,
		start: labels[labelStart]}, err == nil
}

// OfTag reads the owner out of taskgrader/<owner>:<name>.
func OfTag(tag string) (Owner, bool) {
	name, ok := strings.CutPrefix(tag, repository)
	if !ok {
		return Owner{}, false
	}
	name, _, _ = strings.Cut(name, ":")
	parts := strings.Split(name, "-")
	if len(parts) != 5 {
		return Owner{}, false
	}
	pid, err := strconv.Atoi(parts[3])
	return Owner{host: parts[0], boot: parts[1], space: parts[2], PID: pid, start: parts[4]}, err == nil
}
