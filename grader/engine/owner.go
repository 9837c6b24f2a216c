package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// The labels of everything that can carry any; images carry the owner in their tag, since a label would change the id.
const (
	labelRun   = "org.taskgrader.run"
	labelHost  = "org.taskgrader.host"
	labelBoot  = "org.taskgrader.boot"
	labelPID   = "org.taskgrader.pid"
	labelStart = "org.taskgrader.start"
	labelKeep  = "org.taskgrader.keep"
	repository = "taskgrader/"
)

// owner is a process, named so that another process of the same machine can tell whether it still lives.
type owner struct {
	host, boot string // shortened digests
	pid        int
	start      string // clock ticks since boot; empty where they cannot be read
}

func self() (owner, error) {
	name, err := os.Hostname()
	if err != nil {
		return owner{}, err
	}
	pid := os.Getpid()
	start, _ := startOf(pid)
	return owner{host: short(name), boot: bootID(), pid: pid, start: start}, nil
}

// bootID tells one boot of a machine from the next. Where the kernel does not say, every process is of one boot, and
// only its number and start tell it apart.
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

// startOf is when a process began, in clock ticks since boot, from /proc/<pid>/stat.
func startOf(pid int) (string, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", false
	}
	_, after, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')')+1:]), " ")
	fields := strings.Fields(after)
	const starttime = 22 - 3 // the fields after the name begin with the third
	if len(fields) <= starttime {
		return "", false
	}
	return fields[starttime], true
}

// dead says whether the owner was a process of this machine and boot that is no more. Of other machines nothing is known,
// so their things stay.
func (o owner) dead(me owner) bool {
	if o.host != me.host {
		return false
	}
	if o.boot != me.boot {
		return true
	}
	if o.pid == me.pid && o.start == me.start {
		return false
	}
	start, alive := startOf(o.pid)
	if !alive && me.start == "" { // no /proc here: ask by signal
		return !exists(o.pid)
	}
	return !alive || o.start != "" && start != o.start
}

func (o owner) labels() map[string]string {
	return map[string]string{labelRun: o.String(), labelHost: o.host, labelBoot: o.boot, labelPID: strconv.Itoa(o.pid), labelStart: o.start}
}

// String is the owner as part of an image's name.
func (o owner) String() string {
	return fmt.Sprintf("%s-%s-%d-%s", o.host, o.boot, o.pid, o.start)
}

func ownerOf(labels map[string]string) (owner, bool) {
	pid, err := strconv.Atoi(labels[labelPID])
	return owner{host: labels[labelHost], boot: labels[labelBoot], pid: pid, start: labels[labelStart]}, err == nil
}

// ownerOfTag reads the owner out of taskgrader/<owner>:<name>.
func ownerOfTag(tag string) (owner, bool) {
	name, ok := strings.CutPrefix(tag, repository)
	if !ok {
		return owner{}, false
	}
	name, _, _ = strings.Cut(name, ":")
	parts := strings.Split(name, "-")
	if len(parts) != 4 {
		return owner{}, false
	}
	pid, err := strconv.Atoi(parts[2])
	return owner{host: parts[0], boot: parts[1], pid: pid, start: parts[3]}, err == nil
}

// exists says whether there is a process of that number.
func exists(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer func() { _ = p.Release() }()
	return p.Signal(syscall.Signal(0)) == nil
}
