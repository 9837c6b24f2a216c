package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/engine/buildtrace"
	"github.com/taskgrader/taskgrader/grader/option"
)

// fails builds what must not build, by the student's fault.
func fails(t *testing.T, s *Session) *check.BuildFailure {
	t.Helper()
	b, err := s.Build(t.Context())
	require.NoError(t, err)
	require.NotNil(t, b.Failure)
	require.Nil(t, b.Image)
	return b.Failure
}

const python = "FROM python:3.12-slim\n"

// unique makes a build that no other has in the cache.
func unique() string {
	return strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36)
}

func TestBuildSaysWhatItDid(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a": unique(), "b": unique(),
		"Dockerfile": "# syntax=docker/dockerfile:1\nFROM scratch AS one\nCOPY a /a\nFROM one AS two\nARG WHO\nLABEL " +
			"who=$WHO\nCOPY --from=one /a /b\n\nCOPY b \\\n  /c\nENV X=1\nFROM two AS three\nCOPY a /d\n"}
	job := jobOf(t, folder(t, files))
	job.Setup = check.Setup{Target: "two", BuildArgs: map[string]string{"WHO": "me"}}
	s := open(t, job)
	b := built(t, s)
	require.Equal(t,
		[]string{"Line 1 of the Dockerfile, # syntax=docker/dockerfile:1, was left out: the engine's own frontend " +
			"built it, so that nothing had to be fetched."}, b.Notes)
	var names []string
	for _, step := range b.Steps {
		require.True(t, step.Done, step.Name)
		require.False(t, step.Cached, step.Name)
		names = append(names, strconv.Itoa(step.Line)+" "+step.Name)
	}
	require.Equal(t, []string{"3 [one 1/1] COPY a /a", "7 [two 1/2] COPY --from=one /a /b", "9 [two 2/2] COPY b   /c"},
		names)
	require.Len(t, b.Image.Layers, 3)
	require.Equal(t, []int{3, 7, 9}, []int{b.Image.Layers[0].Line, b.Image.Layers[1].Line, b.Image.Layers[2].Line})
	require.Contains(t, b.Image.Config.Env, "X=1")

	again, err := s.Retrace(t.Context())
	require.NoError(t, err)
	require.Nil(t, again.Image)
	require.Nil(t, again.Failure)
	require.False(t, slices.ContainsFunc(again.Steps, func(s check.Step) bool { return !s.Cached }),
		"nothing changed: %+v", again.Steps)
	edited, err := s.Rebuild(t.Context(), check.Patch{Path: "b", Append: true, Data: []byte(unique())})
	require.NoError(t, err)
	require.Equal(t, []bool{true, true, false}, []bool{edited.Steps[0].Cached, edited.Steps[1].Cached,
		edited.Steps[2].Cached})
}

// TestControlIsCached: what stays must be the same for the builder, links and modes too, else the
// cache could not be judged.
func TestControlIsCached(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"main.py": unique(), "run.sh": "#!/bin/sh\n", "lib/a": "x",
		"Dockerfile": "FROM scratch\nCOPY . /\n"})
	require.NoError(t, os.Chmod(filepath.Join(dir, "run.sh"), 0o700))
	require.NoError(t, os.Chmod(filepath.Join(dir, "lib"), 0o711))
	require.NoError(t, os.Symlink("main.py", filepath.Join(dir, "link")))
	s := open(t, jobOf(t, dir))
	built(t, s)
	control, err := s.Retrace(t.Context())
	require.NoError(t, err)
	require.True(t, control.Steps[0].Cached)
	planted, err := s.Rebuild(t.Context(), check.Patch{Path: "lib/planted", Data: []byte("x")})
	require.NoError(t, err)
	require.False(t, planted.Steps[0].Cached)
}

func TestBuildsThatFail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files map[string]string
		link  func(t *testing.T, dir string)
		want  check.BuildFailure
	}{
		{name: "missing file",
			files: map[string]string{"Dockerfile": "FROM scratch\nCOPY Dockerfile /\nCOPY main.py /\n"},
			want: check.BuildFailure{Reason: check.MissingFile, Subject: "main.py", Line: 3,
				Message: `COPY main.py /: "main.py" is not in the build context`}},
		{name: "ignored file", files: map[string]string{"Dockerfile": "FROM scratch\nCOPY main.py /\n", "main.py": "",
			".dockerignore": "*.py\n"},
			want: check.BuildFailure{Reason: check.MissingFile, Subject: "main.py", Line: 2,
				Message: `COPY main.py /: "main.py" is not in the build context`}},
		{name: "link out of the folder", files: map[string]string{"Dockerfile": "FROM scratch\nCOPY secret /\n"},
			link: func(t *testing.T, dir string) {
				require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "secret")))
			},
			want: check.BuildFailure{Reason: check.MissingFile}},
		{name: "no Dockerfile", files: map[string]string{"main.py": ""},
			want: check.BuildFailure{Reason: check.NoDockerfile, Message: "there is no file named Dockerfile"}},
		{name: "Dockerfile is a link out of the folder", files: map[string]string{"x": ""},
			link: func(t *testing.T, dir string) {
				require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "Dockerfile")))
			},
			want: check.BuildFailure{Reason: check.NoDockerfile,
				Message: "Dockerfile is a link to what is not in the folder"}},
		{name: "Dockerfile is a folder", files: map[string]string{"Dockerfile/x": ""},
			want: check.BuildFailure{Reason: check.NoDockerfile, Message: "Dockerfile is not a plain file"}},
		{name: "Dockerfile is a pipe", files: map[string]string{"x": ""},
			link: func(t *testing.T, dir string) {
				require.NoError(t, exec.Command("mkfifo", filepath.Join(dir, "Dockerfile")).Run())
			},
			want: check.BuildFailure{Reason: check.NoDockerfile, Message: "Dockerfile is not a plain file"}},
		{name: "bad syntax", files: map[string]string{"Dockerfile": "FROM scratch\nCOPPY . /\n"},
			want: check.BuildFailure{Reason: check.BadSyntax, Line: 2}},
		{name: "bad pattern", files: map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\n",
			".dockerignore": "[\n"}, want: check.BuildFailure{Reason: check.BadSyntax}},
		{name: "command", files: map[string]string{"Dockerfile": python + "RUN echo why; exit 3\n"},
			want: check.BuildFailure{Reason: check.CommandError, Line: 2, Log: "why\n", Subject: "RUN echo why; exit 3",
				Message: "RUN echo why; exit 3 ended with exit code 3"}},
		{name: "no program", files: map[string]string{"Dockerfile": "FROM scratch\nCOPY Dockerfile /\nRUN true\n"},
			want: check.BuildFailure{Reason: check.CommandError, Line: 3}},
		{name: "words of an engine that is lost",
			files: map[string]string{"Dockerfile": python + "USER transport is closing\nRUN id\n"},
			want:  check.BuildFailure{Reason: check.OtherFailure, Line: 3}},
		{name: "words of a disk that is full",
			files: map[string]string{"Dockerfile": python + "ARG A=left\nSTOPSIGNAL no space $A on device\n"},
			want:  check.BuildFailure{Reason: check.OtherFailure}},
		{name: "words of a layer that is gone", files: map[string]string{"Dockerfile": python +
			"WORKDIR \"/etc/passwd/failed to prepare extraction snapshot a parent snapshot b does not exist\"\n"},
			want: check.BuildFailure{Reason: check.OtherFailure, Line: 2}},
		{name: "words of a connection that broke, which a step made", files: map[string]string{"Dockerfile": python +
			"RUN mkdir -p \"/a/broken$(printf ' ')pipe\" /b && touch \"/b/broken$(printf ' ')pipe\"\n" + python +
			"COPY --from=0 /b /b/\nCOPY --from=0 /a /b/\n"},
			want: check.BuildFailure{Reason: check.OtherFailure, Line: 5}},
		{name: "words of a registry", files: map[string]string{"Dockerfile": python +
			"WORKDIR \"/etc/passwd/python:3.12-slim/certificate\"\n"},
			want: check.BuildFailure{Reason: check.OtherFailure, Line: 2}},
		{name: "words of an old frontend", files: map[string]string{"Dockerfile": python +
			"WORKDIR \"/etc/passwd/dockerfile parse error\"\n"}, want: check.BuildFailure{Reason: check.OtherFailure,
			Line: 2}},
		{name: "words of a step that another ended", files: map[string]string{"Dockerfile": python +
			"RUN exit 3 # exit code: 0, context canceled\n"}, want: check.BuildFailure{Reason: check.CommandError,
			Line: 2, Subject: "RUN exit 3 # exit code: 0, context canceled",
			Message: "RUN exit 3 # exit code: 0, context canceled ended with exit code 3"}},
		{name: "no such stage", files: map[string]string{"Dockerfile": "FROM scratch\nCOPY --from=nowhere-" +
			"x /a /b\n"}, want: check.BuildFailure{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, c.files)
			if c.link != nil {
				c.link(t, dir)
			}
			s := open(t, jobOf(t, dir))
			// where no registry answers it cannot be known whether there is such an image: ours
			if c.want.Reason == "" {
				b, err := s.Build(t.Context())
				require.True(t, err != nil || b.Failure.Reason == check.NoSuchImage, "%+v, %v", b.Failure, err)
				return
			}
			got := *fails(t, s)
			require.Equal(t, c.want.Reason, got.Reason, "%+v", got)
			if c.want.Message != "" {
				got.Unsent = false
				if c.want.Subject == "" {
					got.Subject = "" // a hint, which the parser's own tests hold
				}
				require.Equal(t, c.want, got)
			} else if c.want.Line != 0 {
				require.Equal(t, c.want.Line, got.Line)
			}
			require.NotContains(t, got.Log+got.Message, "root:")
		})
	}
}

func TestBuildLogFlood(t *testing.T) {
	t.Parallel()
	s := open(t, jobOf(t, folder(t, map[string]string{"Dockerfile": python +
		"RUN python3 -c \"for i in range(20000): print('x'*1000)\"; exit 1\n"})))
	require.LessOrEqual(t, len(fails(t, s).Log), buildtrace.StepLog)
}

func TestBuildThatHangs(t *testing.T) {
	t.Parallel()
	marker := "600." + strconv.Itoa(os.Getpid())
	job := jobOf(t, folder(t, map[string]string{"Dockerfile": python + "RUN sleep " + marker + "\n"}))
	job.Limits.Build.Time = option.Duration(10 * time.Second)
	sleeps := func() bool {
		commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		return slices.ContainsFunc(commands, func(name string) bool {
			text, _ := os.ReadFile(name)
			return string(text) == "sleep\x00"+marker+"\x00"
		})
	}
	seen := make(chan bool)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil && !sleeps() {
			time.Sleep(pollTime)
		}
		seen <- ctx.Err() == nil
	}()
	failure := fails(t, open(t, job))
	stop()
	require.True(t, <-seen, "the command ran")
	require.Equal(t, check.TooLong, failure.Reason)
	require.Equal(t, "the build did not end within 10s", failure.Message)
	require.Equal(t, 2, failure.Line)
	require.Eventually(t, func() bool { return !sleeps() }, soon, pollTime, "the process is gone")
}

func TestHugeContext(t *testing.T) {
	t.Parallel()
	sparse := func(t *testing.T, dockerfile, ignore string) *Session {
		files := map[string]string{"Dockerfile": dockerfile, "small": unique()}
		if ignore != "" {
			files[".dockerignore"] = ignore
		}
		dir := folder(t, files)
		require.NoError(t, os.Mkdir(filepath.Join(dir, "data"), 0o755))
		f, err := os.Create(filepath.Join(dir, "data", "huge"))
		require.NoError(t, err)
		require.NoError(t, f.Truncate(2_000_000_000))
		require.NoError(t, f.Close())
		return open(t, jobOf(t, dir))
	}
	const all, one = "FROM scratch\nCOPY . /\n", "FROM scratch\nCOPY small /\n"
	t.Run("copied", func(t *testing.T) {
		failure := fails(t, sparse(t, all, ""))
		require.Equal(t, check.TooLarge, failure.Reason)
		require.Equal(t, "data/huge", failure.Subject)
	})
	t.Run("ignored", func(t *testing.T) {
		require.Less(t, built(t, sparse(t, all, "data\n")).Image.Size, int64(1_000_000))
	})
	t.Run("not copied", func(t *testing.T) {
		require.Less(t, built(t, sparse(t, one, "")).Image.Size, int64(1_000_000))
	})
	t.Run("too many files", func(t *testing.T) {
		files := map[string]string{"Dockerfile": all}
		for i := range 60 {
			files["many/"+strconv.Itoa(i)] = strconv.Itoa(i)
		}
		job := jobOf(t, folder(t, files))
		job.Limits.Build.Files = 50
		require.Equal(t, check.TooLarge, fails(t, open(t, job)).Reason)
	})
}

func TestNoStudentPoisonsAnothersCache(t *testing.T) {
	t.Parallel()
	id := unique()
	cache := func(student, command string) *Session {
		job := jobOf(t, folder(t, map[string]string{"Dockerfile": python + "RUN --mount=type=cache,target=/c " +
			command + " # " + id + "\n"}))
		job.ID = student + id
		return open(t, job)
	}
	built(t, cache("mallory", "echo poison > /c/x"))
	built(t, cache("mallory", "cat /c/x"))
	built(t, cache("alice", "test ! -e /c/x"))
}

// TestCacheBesideAnotherBuild: while a build goes on that began with the same steps, an unchanged
// build comes from the cache, and an edit has nothing done again but what depends on it.
func TestCacheBesideAnotherBuild(t *testing.T) {
	t.Parallel()
	shared := python + "RUN true # " + unique() + "\n"
	long := jobOf(t, folder(t, map[string]string{"Dockerfile": shared + "RUN sleep 20 # " + unique() + "\n"}))
	long.ID += "-long"
	other, ctx := open(t, long), t.Context()
	done := make(chan error, 1)
	go func() {
		_, err := other.Build(ctx)
		done <- err
	}()
	time.Sleep(3 * time.Second) // it has them done: where both do one at once, 28 has been seen to fail
	s := open(t, jobOf(t, folder(t, map[string]string{"a": "x",
		"Dockerfile": shared + "COPY Dockerfile /\nRUN true # " + unique() + "\nCOPY a /a\n"})))
	built(t, s)
	again := func(edits ...check.Patch) (lines []int) {
		b, err := s.Retrace(ctx, edits...)
		require.NoError(t, err)
		for _, step := range b.Steps {
			if !step.Cached {
				lines = append(lines, step.Line)
			}
		}
		return lines
	}
	require.Empty(t, again())
	require.Equal(t, []int{5}, again(check.Patch{Path: "a", Data: []byte(unique())}))
	require.Empty(t, done, "the other goes on")
	require.NoError(t, <-done)
}

// TestStepsOfAnotherBuild: what another student's build does at this moment is done for this one
// too, and what fails there fails here, with the same words on this one's own line.
func TestStepsOfAnotherBuild(t *testing.T) {
	t.Parallel()
	// Two folders with a common beginning; begun is when the first is in the midst of the step that
	// they share.
	two := func(t *testing.T, command string) (a, b *Session, begun func(ctx context.Context) chan check.Built) {
		shared := "COPY a /a\nRUN echo begun; " + command + " # " + unique() + "\n"
		files := func(head, rest string) check.Job {
			dir := folder(t, map[string]string{"a": "x", "Dockerfile": head + python + shared + rest})
			require.NoError(t, os.Chtimes(filepath.Join(dir, "a"), time.Unix(1e9, 0), time.Unix(1e9, 0)))
			return jobOf(t, dir)
		}
		first := files("", "RUN sleep 3 # "+unique()+"\nRUN true # "+unique()+"\n")
		first.ID += "-first"
		a, b = open(t, first), open(t, files("# one line more\n", ""))
		return a, b, func(ctx context.Context) chan check.Built {
			done := make(chan check.Built, 1)
			go func() {
				built, err := a.Build(ctx)
				if ctx.Err() == nil {
					assert.NoError(t, err)
				}
				done <- built
			}()
			time.Sleep(1500 * time.Millisecond)
			return done
		}
	}
	lines := func(steps []check.Step) (lines []int) {
		for _, s := range steps {
			lines = append(lines, s.Line)
		}
		return lines
	}
	t.Run("it succeeds", func(t *testing.T) {
		t.Parallel()
		_, b, begun := two(t, "sleep 4")
		first := begun(t.Context())
		for range 2 {
			steps := built(t, b).Steps
			require.Equal(t, []int{3, 4}, lines(steps))
			for _, s := range steps {
				require.True(t, s.Done && s.Cached, "%+v", s)
			}
		}
		require.Equal(t, []int{2, 3, 4, 5}, lines((<-first).Steps))
	})
	t.Run("it fails", func(t *testing.T) {
		t.Parallel()
		_, b, begun := two(t, "sleep 4; echo why; exit 3")
		first := begun(t.Context())
		second := fails(t, b)
		other := <-first
		for line, f := range map[int]*check.BuildFailure{3: other.Failure, 4: second} {
			require.NotNil(t, f)
			require.Equal(t, check.CommandError, f.Reason, f.Message)
			require.Equal(t, line, f.Line)
			require.Equal(t, "begun\nwhy\n", f.Log)
			require.Contains(t, f.Message, "ended with exit code 3")
		}
		require.Equal(t, []int{3, 4}, lines(b.Built().Steps))
	})
	t.Run("the other is given up", func(t *testing.T) {
		t.Parallel()
		_, b, begun := two(t, "sleep 4")
		ctx, giveUp := context.WithCancel(t.Context())
		first := begun(ctx)
		time.AfterFunc(time.Second, giveUp)
		require.Equal(t, []int{3, 4}, lines(built(t, b).Steps))
		<-first
	})
}

// TestEqualSubmissions: two that are the same to the byte are one image with two names, and one's
// end is not the other's.
func TestEqualSubmissions(t *testing.T) {
	t.Parallel()
	files := map[string]string{"Dockerfile": hostileFile, "main.py": hostile + "# " + unique()}
	first, second := jobOf(t, folder(t, maps.Clone(files))), jobOf(t, folder(t, files))
	for _, name := range []string{first.Dir, second.Dir} { // the times of files are part of a layer
		for file := range files {
			require.NoError(t, os.Chtimes(filepath.Join(name, file), time.Unix(1e9, 0), time.Unix(1e9, 0)))
		}
	}
	a, err := tested.Open(t.Context(), first)
	require.NoError(t, err)
	b := open(t, second)
	require.Equal(t, built(t, a).Image.ID, built(t, b).Image.ID)
	require.NotEqual(t, a.tags, b.tags)
	require.NoError(t, a.Close())
	up, err := b.Start(t.Context(), func() {})
	require.NoError(t, err)
	require.True(t, up.Answered)
}

func TestLayersOfAnImage(t *testing.T) {
	t.Parallel()
	s := open(t, jobOf(t, folder(t, map[string]string{"a": "content",
		"Dockerfile": python + "COPY a /one/a\nRUN mkdir /gone && echo x > /gone/y\nRUN rm -r /gone && rm /one/a\n"})))
	b := built(t, s)
	require.Positive(t, b.Image.Added)
	require.Less(t, b.Image.Added, b.Image.Size)
	var seen []string
	require.NoError(t, s.WalkImage(t.Context(), b.Image.ID, func(f check.LayerFile, r io.Reader) error {
		layer := b.Image.Layers[f.Layer]
		require.False(t, layer.Base)
		if f.Dir {
			return nil
		}
		content, err := io.ReadAll(r)
		line := strconv.Itoa(layer.Line) + " " + f.Path + " " + string(bytes.TrimSpace(content))
		if f.Delete {
			line = strconv.Itoa(layer.Line) + " deletes " + f.Path
		}
		seen = append(seen, line)
		return err
	}))
	for _, want := range []string{"2 one/a content", "3 gone/y x", "4 deletes gone", "4 deletes one/a"} {
		require.Contains(t, seen, want)
	}
}

func TestWalkLayerReadsWhiteouts(t *testing.T) {
	t.Parallel()
	var archive bytes.Buffer
	require.NoError(t, tarOf(t, &archive, map[string]string{"a/.wh..wh..opq": "", "b/.wh.c": "", "d/e": "text"}))
	var seen []check.LayerFile
	require.NoError(t, eachEntry(&archive, func(h *tar.Header, _ io.Reader) error {
		seen = append(seen, layerFile(2, h))
		return nil
	}))
	require.Equal(t, []check.LayerFile{{Layer: 2, Path: "a", Opaque: true}, {Layer: 2, Path: "b/c", Delete: true},
		{Layer: 2, Path: "d/e", Size: 4}}, seen)
}

func TestContextIsWhatArrives(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"no ignore file", nil, []string{".env", ".git/config", ".venv/pyvenv.cfg", "Dockerfile", "keep/.env",
			"main.py"}},
		{"an ignore file", map[string]string{".dockerignore": ".env\n.git\n.venv\n"},
			[]string{".dockerignore", "Dockerfile", "keep/.env", "main.py"}},
		{"one of the Dockerfile's own", map[string]string{".dockerignore": "main.py\n",
			"Dockerfile.dockerignore": "**/.env\n.git\n.venv\nDockerfile*\n"}, []string{".dockerignore", "main.py"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"Dockerfile": "FROM scratch\nCOPY main.py /\n", "main.py": "x",
				".git": "gitdir: elsewhere\n"}
			maps.Copy(files, c.files)
			dir := folder(t, files)
			require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(dir, ".venv")))
			job := jobOf(t, dir)
			job.Setup.Plant = []string{".env", ".git/config", ".venv/pyvenv.cfg", "keep/.env"}
			s := open(t, job)
			paths, err := s.Context(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.want, paths)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "late"), nil, 0o644))
			again, err := s.Context(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.want, again, "it is built once")
		})
	}
}

// The ignore file is obeyed, so it alone arrives whole.
func TestContextObeysTheIgnoreFile(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".dockerignore"), []byte("*.log\n.git\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("a"), 0o644))
	job := jobOf(t, dir)
	job.Setup.Plant = []string{"a.log", "b.txt", ".git/config"}
	s := open(t, job) // of the one engine: another's Close would remove all that this process made
	arrived, err := s.Context(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{".dockerignore", "a.txt", "b.txt"}, arrived)
}
