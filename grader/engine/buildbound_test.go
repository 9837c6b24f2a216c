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
	defer other.begin(about.DockerRootDir, check.BuildLimits{Memory: 4_000_000_000, PIDs: 4000, Disk: 100_000_000},
		func() []string { return nil })()
	for run, c := range map[string]struct {
		memory option.Size
		want   string
	}{
		eat + " || " + eat: {100_000_000, "it took more than 100MB of memory"},
		fork:               {400_000_000, "it had more than 50 processes"},
		"while true; do head -c 9000000 /dev/zero >/var/tmp/$(date +%N); done": {100_000_000,
			"it wrote more than 100MB to the disk"},
		"--mount=type=cache,target=/c while true; do head -c 9000000 /dev/zero >/c/$(date +%N); done": {100_000_000,
			"it wrote more than 100MB to the disk"},
		"--mount=type=bind,target=/s,rw while true; do head -c 9000000 /dev/zero >/s/$(date +%N); done": {100_000_000,
			"it wrote more than 100MB to the disk"},
		`python3 -c "exec('import os\nos.chroot(\'/var/tmp\')\nfor i in range(10**9): open(str(i), \'w\').close()')"`: {
			100_000_000, "it wrote more than 100MB to the disk"},
	} {
		job := jobOf(t, folder(t, map[string]string{"Dockerfile": python + "RUN " + run + "\n"}))
		job.Limits.Build.Memory, job.Limits.Build.PIDs, job.Limits.Build.Disk = c.memory, 50, 100_000_000
		failure := fails(t, open(t, job))
		require.Equal(t, check.TooMuch, failure.Reason, run+": "+failure.Message)
		require.Equal(t, 2, failure.Line)
		require.Contains(t, failure.Message, " was ended because "+c.want)
	}
}

// TestWrittenAt: what a step writes lies in the upper folder of its mount, with fuse-overlayfs beside the
// folder in which the machine has the same, and else where the mount is from.
func TestWrittenAt(t *testing.T) {
	t.Parallel()
	const own = "42 1 0:30 / /mnt/merged rw - tmpfs tmpfs rw\n" +
		"56 42 0:41 / /d/buildkit/executor/x/rootfs rw shared:5 - fuse.fuse-overlayfs fuse-overlayfs rw\n" +
		"49 42 0:41 / /d/fuse-overlayfs/y/merged rw shared:5 - fuse.fuse-overlayfs fuse-overlayfs rw\n" +
		"57 42 0:42 / /d/buildkit/executor/z/rootfs rw - overlay overlay rw,lowerdir=/a:/b,upperdir=/c/diff\n"
	require.Equal(t, "/d/fuse-overlayfs/y/diff", writtenAt(own, "/d/buildkit/executor/x/rootfs", nil))
	require.Equal(t, "/c/diff", writtenAt(own, "/d/buildkit/executor/z/rootfs", nil))
	require.Equal(t, "/up", writtenAt(own, "overlay", []string{"rw", "upperdir=/up"}))
	require.Equal(t, "/d/cache/diff", writtenAt(own, "/d/cache/diff", []string{"rbind"}))
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

// TestBoundless: a step that another grader bounds is left to it, whose limits may be other ones.
func TestBoundless(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, limit string
		want        bool
	}{
		{"pids.max", "max", true}, {"pids.max", "50", false}, {"memory.max", "max", true},
		{"memory.limit_in_bytes", "9223372036854771712", true}, {"memory.limit_in_bytes", "399998976", false},
		{"memory.stat", "max", false},
	} {
		require.Equal(t, c.want, boundless(folder(t, map[string]string{c.file: c.limit + "\n"})), c)
	}
}
