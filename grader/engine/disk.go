package engine

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	dockercontainer "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/taskgrader/taskgrader/grader/check"
)

// diskTime is the pause between two looks at how much a container has written.
const diskTime = time.Second

// watchDisk ends the container when it has written more than it may, into itself and its volumes.
// Storage drivers that bound it themselves are rare, so it is looked at from time to time: between
// two looks a program may write what the disk takes in, and no single file grows beyond the limit.
// It returns when the container has ended.
func (c *container) watchDisk(ctx context.Context, info dockercontainer.InspectResponse) {
	look := c.writtenHere(info)
	if look == nil {
		look = c.writtenThere
	}
	for pause := diskTime; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		begun := time.Now()
		now, alive := look(ctx)
		if !alive {
			return
		}
		if why := now.over(c.limits.Run); why != "" {
			c.mu.Lock()
			c.full = why
			c.mu.Unlock()
			_, _ = c.session.engine.api.ContainerKill(ctx, c.id, client.ContainerKillOptions{Signal: "SIGKILL"})
			return
		}
		pause = max(diskTime, 2*time.Since(begun)) // a look costs as much as there are files
	}
}

// written is what a container has put on the disk. Where files cannot be counted, they are none.
type written struct {
	bytes int64
	files int
}

// over returns which limit is passed, as a student reads it; or empty.
func (w written) over(limits check.RunLimits) string {
	switch {
	case w.bytes > int64(limits.Disk):
		return fmt.Sprintf("it wrote more than %s to the disk", limits.Disk)
	case limits.Files > 0 && w.files > limits.Files:
		return fmt.Sprintf("it wrote more than %d files to the disk", limits.Files)
	}
	return ""
}

// tally adds up files, each once, whatever its names.
type tally struct {
	written
	seen map[fileID]bool
}

// add counts a file as what it takes of the disk, or as most where that is more.
func (t *tally) add(info fs.FileInfo, most int64) {
	if t.seen == nil {
		t.seen = map[fileID]bool{}
	}
	if id, bytes := onDisk(info); !t.seen[id] {
		t.seen[id] = true
		t.bytes += max(bytes, most)
		t.files++
	}
}

// below counts the files below a folder, until limits are passed: enough is known then.
func (t *tally) below(folder string, limits check.RunLimits) {
	_ = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if t.over(limits) != "" {
			return fs.SkipAll
		}
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil {
			t.add(info, 0)
		}
		return nil
	})
}

// writtenThere asks the engine. With some storage drivers it compares the container with all of its
// image to answer.
func (c *container) writtenThere(ctx context.Context) (written, bool) {
	info, err := c.session.engine.api.ContainerInspect(ctx, c.id, client.ContainerInspectOptions{Size: true})
	if err != nil {
		return written{}, !isNotFound(err)
	}
	if state := info.Container.State; state != nil && !state.Running {
		return written{}, false
	}
	w := written{bytes: c.inVolumes(ctx, info.Container.Mounts)}
	if info.Container.SizeRw != nil {
		w.bytes += *info.Container.SizeRw
	}
	return w, true
}

// inVolumes returns how much the engine says that a container's volumes hold.
func (c *container) inVolumes(ctx context.Context, mounts []dockercontainer.MountPoint) (bytes int64) {
	own := map[string]bool{}
	for _, m := range mounts {
		own[m.Name] = m.Name != ""
	}
	if len(own) == 0 {
		return 0
	}
	usage, err := c.session.engine.api.DiskUsage(ctx, client.DiskUsageOptions{Volumes: true, Verbose: true})
	if err != nil {
		return 0
	}
	for _, v := range usage.Volumes.Items {
		if own[v.Name] && v.UsageData != nil {
			bytes += max(0, v.UsageData.Size)
		}
	}
	return bytes
}

// writtenHere returns nil where this process may not read the folders that the engine keeps the
// container's files in.
func (c *container) writtenHere(info dockercontainer.InspectResponse) func(context.Context) (written, bool) {
	if c.group == "" {
		return nil
	}
	var upper string
	if info.GraphDriver != nil {
		upper = info.GraphDriver.Data["UpperDir"]
	}
	if upper == "" {
		mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", c.pid))
		if upper = upperFolder(string(mounts), "/"); err != nil || upper == "" {
			return nil
		}
	}
	folders := []string{upper}
	for _, m := range info.Mounts {
		folders = append(folders, m.Source)
	}
	for _, folder := range folders {
		if _, err := os.ReadDir(folder); err != nil {
			return nil
		}
	}
	return func(context.Context) (written, bool) {
		processes, err := processesIn(c.group)
		if err != nil {
			return written{}, false
		}
		var total tally
		for _, folder := range folders {
			total.below(folder, c.limits.Run)
		}
		// what was deleted and is still open has no name any more
		for _, pid := range processes {
			open, _ := filepath.Glob("/proc/" + pid + "/fd/*")
			for _, fd := range open {
				if to, err := os.Readlink(fd); err != nil || !strings.HasSuffix(to, " (deleted)") {
					continue
				}
				if info, err := os.Stat(fd); err == nil && info.Mode().IsRegular() {
					total.add(info, info.Size()) // some storage drivers do not say what it takes
				}
			}
		}
		return total.written, true
	}
}

// upperFolder returns where what is written into a mount of overlayfs goes, as the kernel's list of
// mounts tells; empty where it does not. An engine with the containerd image store says it nowhere
// else.
func upperFolder(mounts, mounted string) string {
	for line := range strings.Lines(mounts) {
		mount, device, _ := strings.Cut(strings.TrimSpace(line), " - ")
		at, system := strings.Fields(mount), strings.Fields(device)
		if len(at) < 5 || at[4] != mounted || len(system) < 3 || system[0] != "overlay" {
			continue
		}
		for _, option := range strings.Split(system[2], ",") {
			if folder, ok := strings.CutPrefix(option, "upperdir="); ok && filepath.IsAbs(folder) {
				return folder
			}
		}
	}
	return ""
}

// fileID tells two names of one file from two files.
type fileID struct{ device, file uint64 }

// wroteTooMuch returns why the container was ended for what it wrote; empty where it was not.
func (c *container) wroteTooMuch() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.full
}
