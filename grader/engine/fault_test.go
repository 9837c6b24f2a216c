package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/engine/buildtrace"
)

// TestWordsMakeNoFaultOurs: what a Dockerfile names that is nowhere, and what no frontend knows, is
// the student's, whatever the engine says of it.
func TestWordsMakeNoFaultOurs(t *testing.T) {
	file, err := dockerfile.Parse("Dockerfile", []byte("FROM localhost:1/nobody/x:1\nRUN --security=insecure id\n"))
	require.NoError(t, err)
	s := &Session{file: file, engine: &Engine{}}
	f, err := s.agreed(t.Context(), &buildtrace.ImageUnavailable{Ref: "localhost:1/nobody/x:1"})
	require.NoError(t, err)
	require.Equal(t, &check.BuildFailure{Reason: check.NoSuchImage, Subject: "localhost:1/nobody/x:1", Line: 1,
		Message: `there is no registry at "localhost"`}, f)
	f, err = s.agreed(t.Context(),
		&buildtrace.OldFrontend{Message: "dockerfile parse error line 2: Unknown flag: security"})
	require.NoError(t, err)
	require.Equal(t, check.BadSyntax, f.Reason)
	require.Equal(t, 2, f.Line)
	file, err = dockerfile.Parse("Dockerfile", []byte("FROM x:1\nARG A=transport\nUSER $A is  closing\nRUN id\n"))
	require.NoError(t, err)
	require.True(t, repeats(file, "transport is closing"))
	require.False(t, repeats(file, "no space left on device"))
	for ref, host := range map[string]string{"python:3.12": defaultRegistry, "a/b": defaultRegistry,
		"ghcr.io/a/b": "ghcr.io", "localhost:1/a": "localhost", "localhost/a": "localhost"} {
		require.Equal(t, host, registryOf(ref))
	}
}

// TestTaken: what others took of a share is what they used beyond what the share leaves them.
func TestTaken(t *testing.T) {
	for _, c := range []struct {
		others     time.Duration
		share      float64
		processors int
		want       time.Duration
	}{
		{0, 1, 2, 0},                // alone: who waits, waits for itself
		{10 * time.Second, 1, 2, 0}, // the other processor is theirs
		{20 * time.Second, 1, 2, 10 * time.Second},
		{4 * time.Second, 1, 1, 4 * time.Second},
		{10 * time.Second, 2, 2, 10 * time.Second},
	} {
		require.Equal(t, c.want, taken(10*time.Second, c.others, c.share, c.processors), c)
	}
}

// TestWhoseStepAProcessIs: no word of another build's step makes it one of this.
func TestWhoseStepAProcessIs(t *testing.T) {
	commands := []string{"pip install --no-cache-dir -r requirements.txt", "<<EOF (apt-get update...)"}
	require.True(t, runsOne("pip install --no-cache-dir -r requirements.txt", commands))
	for _, other := range []string{"", "i", "pip", "requirements.txt", "sleep 600"} {
		require.False(t, runsOne(other, commands), other)
	}
}

// TestOwnCaches: a file that could read with which argument its cache mounts are kept apart is
// given names for them instead.
func TestOwnCaches(t *testing.T) {
	session := func(dir, id, text string) (string, string) {
		file, err := dockerfile.Parse("Dockerfile", []byte(text))
		require.NoError(t, err)
		s := &Session{file: file, job: check.Job{ID: id, Dir: dir}}
		own, space, failure := s.ownCaches(text)
		if failure != nil {
			return failure.Message, ""
		}
		return own, space
	}
	const text = "FROM x\nRUN --mount=type=cache,target=/c true\n"
	own, space := session("/a/work", "work", text)
	require.Equal(t, text, own)
	_, other := session("/b/work", "work", text)
	require.NotEqual(t, space, other, "a folder of the same name in another class")
	const reads = "FROM x\nARG BUILDKIT_CACHE_MOUNT_NS\nRUN --mount=type=cache,target=/c " +
		"--mount=type=cache,id=d,target=/d true\n"
	own, none := session("/a/work", "work", reads)
	require.Empty(t, none)
	require.Equal(t, "FROM x\nARG BUILDKIT_CACHE_MOUNT_NS\nRUN --mount=type=cache,target=/c,id="+space+
		"--c --mount=type=cache,id="+space+"-d,target=/d true\n", own)
	for _, written := range []string{"ARG BUILDKIT_CACHE_MOUNT_NS\nRUN --mount=target=/c,type=ca\\\nche,id=d true",
		"ARG 'BUILDKIT_CACHE_MOUNT_NS'\nRUN --mount=type=\"cache\",id=a,id=d,target=/c true",
		"ARG N=CACHE T=cache BUILDKIT_${N}_MOUNT_NS\nRUN --mount=type=$T,target=/c true"} {
		own, _ = session("/a/work", "work", "FROM x\n"+written+"\n")
		require.Contains(t, own, "cannot be kept apart from those of others", written)
	}
}

// TestOver: bytes and files are bounded.
func TestOver(t *testing.T) {
	limits := check.RunLimits{Disk: 60_000_000, Files: 1000}
	require.Empty(t, written{60_000_000, 1000}.over(limits))
	require.Equal(t, "it wrote more than 60MB to the disk", written{60_000_001, 1}.over(limits))
	require.Equal(t, "it wrote more than 1000 files to the disk", written{1, 1001}.over(limits))
}
