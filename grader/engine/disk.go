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
)

// diskTime is the pause between two looks at how much a container has written.
const diskTime = time.Second

// watchDisk ends the container when it has written more than it may, into itself and its volumes. Storage drivers that
// bound it themselves are rare, so it is looked at from time to time: between two looks a program may write what the disk
// takes in, and no single file grows beyond the limit. It returns when the container has ended.
func (c *container) watchDisk(ctx context.Context, info dockercontainer.InspectResponse) {
	written := c.writtenHere(info)
	if written == nil {
		written = c.writtenThere
	}
	for pause := diskTime; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		begun := time.Now()
		bytes, alive := written(ctx)
		if !alive {
			return
		}
		if bytes > int64(c.limits.Run.Disk) {
			c.mu.Lock()
			c.full = true
			c.mu.Unlock()
			_, _ = c.session.engine.api.ContainerKill(ctx, c.id, client.ContainerKillOptions{Signal: "SIGKILL"})
			return
		}
		pause = max(diskTime, 2*time.Since(begun)) // a look costs as much as there are files
	}
}

// writtenThere asks the engine. With some storage drivers it compares the container with all of its image to answer.
func (c *container) writtenThere(ctx context.Context) (int64, bool) {
	info, err := c.session.engine.api.ContainerInspect(ctx, c.id, client.ContainerInspectOptions{Size: true})
	if err != nil {
		return 0, !isNotFound(err)
	}
	if state := info.Container.State; state != nil && !state.Running {
		return 0, false
	}
	if info.Container.SizeRw == nil {
		return 0, true
	}
	return *info.Container.SizeRw, true
}

// writtenHere is nil where this process may not read the folders that the engine keeps the container's files in.
func (c *container) writtenHere(info dockercontainer.InspectResponse) func(context.Context) (int64, bool) {
	if c.group == "" {
		return nil
	}
	var upper string
	if info.GraphDriver != nil {
		upper = info.GraphDriver.Data["UpperDir"]
	}
	if upper == "" {
		mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", c.pid))
		if upper = upperFolder(string(mounts)); err != nil || upper == "" {
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
	return func(context.Context) (int64, bool) {
		processes, err := os.ReadFile(filepath.Join(c.group, "cgroup.procs"))
		if err != nil {
			return 0, false
		}
		seen := map[fileID]bool{}
		var total int64
		add := func(info fs.FileInfo, most int64) {
			if id, bytes := onDisk(info); !seen[id] {
				seen[id] = true
				total += max(bytes, most)
			}
		}
		for _, folder := range folders {
			_ = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
				if err != nil {
					return nil
				}
				if info, err := d.Info(); err == nil {
					add(info, 0)
				}
				return nil
			})
		}
		for _, pid := range strings.Fields(string(processes)) { // what was deleted and is still open has no name any more
			open, _ := filepath.Glob("/proc/" + pid + "/fd/*")
			for _, fd := range open {
				if to, err := os.Readlink(fd); err != nil || !strings.HasSuffix(to, " (deleted)") {
					continue
				}
				if info, err := os.Stat(fd); err == nil && info.Mode().IsRegular() {
					add(info, info.Size()) // some storage drivers do not say what it takes
				}
			}
		}
		return total, true
	}
}

// upperFolder is where what is written into a root of overlayfs goes, as the kernel's list of mounts tells; empty where
// it does not. An engine with the containerd image store says it nowhere else.
func upperFolder(mounts string) string {
	for line := range strings.Lines(mounts) {
		mount, device, _ := strings.Cut(strings.TrimSpace(line), " - ")
		at, system := strings.Fields(mount), strings.Fields(device)
		if len(at) < 5 || at[4] != "/" || len(system) < 3 || system[0] != "overlay" {
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

// wroteTooMuch says whether the container was ended for it.
func (c *container) wroteTooMuch() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.full
}
