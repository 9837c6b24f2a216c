package engine

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// TestStepsAreBounded: what a step of a build takes of the machine is bounded, where this process may
// write into its control group.
func TestStepsAreBounded(t *testing.T) { // alone, since of builds that go on at once the widest limits hold
	if os.Geteuid() != 0 {
		t.Skip("who is not root may not bound a step")
	}
	const eat = `python3 -c "exec('x = []\nwhile 1: x.append(bytearray(1 << 20))')"`
	const fork = `python3 -c "exec('import os, time\nwhile 1:\n try:\n  os.fork() or time.sleep(99)\n ` +
		`except OSError: time.sleep(1)')"`
	about, err := tested.about(t.Context())
	require.NoError(t, err)
	var other neighbours // of another grader on this machine, which must leave these steps to this one
	defer other.begin(about.DockerRootDir, check.BuildLimits{Memory: 100_000_000, PIDs: 50, Disk: 100_000_000},
		func() []string { return nil })()
	for run, c := range map[string]struct {
		memory option.Size
		want   string
	}{
		eat + " || " + eat: {100_000_000, "it took more than 100MB of memory"},
		fork:               {100_000_000, "it had more than 50 processes"},
		"while true; do head -c 9000000 /dev/zero >/var/tmp/$(date +%N); done": {100_000_000,
			"it wrote more than 100MB to the disk"},
	} {
		job := jobOf(t, folder(t, map[string]string{"Dockerfile": python + "RUN " + run + "\n"}))
		job.Limits.Build.Memory, job.Limits.Build.PIDs, job.Limits.Build.Disk = c.memory, 50, 100_000_000
		failure := fails(t, open(t, job))
		require.Equal(t, check.TooMuch, failure.Reason, failure.Message)
		require.Equal(t, 2, failure.Line)
		require.Contains(t, failure.Message, " was ended because "+c.want)
	}
}

// TestMergedFrom: what fuse-overlayfs writes lies beside the root that the machine has of it.
func TestMergedFrom(t *testing.T) {
	t.Parallel()
	const step = "192 57 0:41 / / rw master:5 - fuse.fuse-overlayfs fuse-overlayfs rw\n" +
		"195 192 0:47 / /proc rw - proc proc rw\n"
	const own = "42 1 0:30 / /mnt/merged rw - tmpfs tmpfs rw\n" +
		"56 42 0:41 / /d/buildkit/executor/x/rootfs rw shared:5 - fuse.fuse-overlayfs fuse-overlayfs rw\n" +
		"49 42 0:41 / /d/fuse-overlayfs/y/merged rw shared:5 - fuse.fuse-overlayfs fuse-overlayfs rw\n"
	require.Equal(t, "/d/fuse-overlayfs/y/diff", mergedFrom(step, own))
	require.Empty(t, mergedFrom("", own))
	require.Empty(t, mergedFrom(step, ""))
}

// TestEndedSince: that a step was ended is said of the build whose step it was, and of no other that
// failed beside it.
func TestEndedSince(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	b := stepBounds{ended: []endedStep{{begun.Add(-1), "make all", "old"}, {begun.Add(1), "make all", "large"},
		{begun.Add(2), "", "unseen"}}}
	require.Equal(t, "large", b.since(begun, []string{"make all"}))
	require.Empty(t, b.since(begun, []string{"pip install -r requirements.txt"}))
	require.Empty(t, b.since(begun.Add(1), []string{"make all"}))
	require.Empty(t, b.since(begun, nil))
}
