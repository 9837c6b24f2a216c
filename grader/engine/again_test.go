package engine

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
)

// graded grades the folder once, as watch does: build, start, close.
func (a *Again) graded(t *testing.T, dir string) *Session {
	t.Helper()
	s, err := a.Open(t.Context(), jobOf(t, dir))
	require.NoError(t, err)
	started(t, s)
	return s
}

// holds is what a container has of the submission: names, owners, modes and contents. The builder does not tell files apart
// by time, and rounds it.
func holds(t *testing.T, s *Session) string {
	t.Helper()
	out, err := s.Exec(t.Context(), []string{"sh", "-c", `find /app /srv -type f -exec stat -c '%n %u:%g %a' {} + -exec sha256sum {} + | sort`})
	require.NoError(t, err)
	require.Zero(t, out.ExitCode, out.Stderr)
	require.NotEmpty(t, out.Stdout)
	return out.Stdout
}

// TestGlance: a glance's container holds what the image of the changed folder will.
func TestGlance(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string]string{
		"the whole folder":    "COPY . .\n",
		"a folder":            "COPY data /srv/deep/er\n",
		"under another name":  "COPY --chown=1000:1001 --chmod=640 data/note /srv/text\nUSER 1000\n",
		"twice, and a volume": "COPY data/* ./\nVOLUME /app\nCOPY data/note data/other /srv/\n",
		"through a link":      "RUN mkdir /srv/real && ln -s real /srv/link && echo old > /srv/real/note\nCOPY data/note /srv/link/\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, map[string]string{"main.py": hostile, "data/note": "old", "data/other": "as it was", ".dockerignore": "*.log\n", "x.log": "x",
				"Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY main.py /main.py\nCMD [\"python3\", \"/main.py\"]\n" + lines})
			a := tested.Again()
			s := a.graded(t, dir)
			before := holds(t, s)
			require.NoError(t, s.Close())
			a.fast = false // of an engine that makes images at once, too

			write(t, filepath.Join(dir, "data/note"), unique())
			write(t, filepath.Join(dir, "x.log"), "of no account")
			glance, err := a.Glance(t.Context(), jobOf(t, dir))
			require.NoError(t, err)
			started(t, glance)
			seen := holds(t, glance)
			require.NotEqual(t, before, seen)
			second, err := glance.Second(t.Context(), nil, 0)
			require.NoError(t, err)
			out, err := second.Exec(t.Context(), []string{"sh", "-c", "cat /app/data/note /app/note /srv/*/note /srv/text /srv/*/*/note 2>/dev/null"})
			require.NoError(t, err)
			require.NotContains(t, out.Stdout, "old")
			require.NoError(t, second.Close())
			require.NoError(t, glance.Close())

			s = a.graded(t, dir)
			require.Equal(t, holds(t, s), seen)
			require.NoError(t, s.Close())
		})
	}
}

// TestNoGlance: what a glance could not show, and where it would gain nothing.
func TestNoGlance(t *testing.T) {
	t.Parallel()
	files := map[string]string{"main.py": hostile, "note": "old", "README.md": "", "Dockerfile": "FROM python:3.12-slim\nCOPY note main.py /\nCMD [\"python3\", \"/main.py\"]\n"}
	a := tested.Again()
	for name, c := range map[string]func(t *testing.T, dir string){
		"nothing is there before": func(*testing.T, string) { a = tested.Again() },
		"images are made at once": func(*testing.T, string) { a.fast = true },
		"nothing has changed":     func(*testing.T, string) {},
		"the Dockerfile": func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "Dockerfile"), files["Dockerfile"]+"\nUSER 1\n")
		},
		"an ignore file":      func(t *testing.T, dir string) { write(t, filepath.Join(dir, ".dockerignore"), "note") },
		"a new file":          func(t *testing.T, dir string) { write(t, filepath.Join(dir, "new"), "new") },
		"a file that is gone": func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "README.md"))) },
		"a mode":              func(t *testing.T, dir string) { require.NoError(t, os.Chmod(filepath.Join(dir, "note"), 0o755)) },
		"an empty file":       func(t *testing.T, dir string) { write(t, filepath.Join(dir, "note"), "") },
		"what is not copied":  func(t *testing.T, dir string) { write(t, filepath.Join(dir, "README.md"), "new") },
		"too much": func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, "note"), lateBytes+1))
		},
		"a link": func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "note")))
			require.NoError(t, os.Symlink("main.py", filepath.Join(dir, "note")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, files)
			a = tested.Again()
			was, err := newSnapshot(jobOf(t, dir).Source)
			require.NoError(t, err)
			a.last = &earlier{seen: was}
			c(t, dir)
			_, err = a.Glance(t.Context(), jobOf(t, dir))
			require.ErrorIs(t, err, ErrNoGlance)
		})
	}
}

// TestAgainKeepsOneImage: the last one.
func TestAgainKeepsOneImage(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY note /\n", "note": unique()})
	a, ids := tested.Again(), []string{}
	for range 3 {
		write(t, filepath.Join(dir, "note"), unique())
		s, err := a.Open(t.Context(), jobOf(t, dir))
		require.NoError(t, err)
		ids = append(ids, built(t, s).Image.ID)
		require.NoError(t, s.Close())
	}
	there := func(id string) bool {
		_, err := tested.api.ImageInspect(t.Context(), id)
		return err == nil
	}
	require.Equal(t, []bool{false, false, true}, []bool{there(ids[0]), there(ids[1]), there(ids[2])})
}

// TestWritingIsMeasured: by what was newly made alone.
func TestWritingIsMeasured(t *testing.T) {
	a := tested.Again()
	a.timed([]check.Step{{Cached: true}}, time.Millisecond)
	require.False(t, a.fast, "nothing was made")
	a.timed([]check.Step{{Cached: true}, {}}, time.Millisecond)
	require.True(t, a.fast)
	a.timed([]check.Step{{}}, time.Second)
	require.False(t, a.fast)
	(*Again)(nil).timed([]check.Step{{}}, 0)

	s := open(t, jobOf(t, folder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY note /\n", "note": unique()})))
	s.again = tested.Again()
	built(t, s)
	s.again.fast = false
	_, err := s.Retrace(t.Context(), check.Patch{Path: "note", Data: []byte(unique())})
	require.NoError(t, err)
	require.False(t, s.again.fast, "a build without an image says nothing")
}

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
}
