package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watching is a running watch: its folder, and the lines that it prints.
type watching struct {
	tb    testing.TB
	dir   string
	lines chan string
	stop  context.CancelFunc
	ended chan error
}

func startWatch(tb testing.TB, from string, flags ...string) *watching {
	tb.Helper()
	w := &watching{tb: tb, dir: filepath.Join(tb.TempDir(), "work"), lines: make(chan string, 1000),
		ended: make(chan error, 1)}
	require.NoError(tb, os.CopyFS(w.dir, os.DirFS(from)))
	for i := range flags {
		flags[i] = strings.Replace(flags[i], "DIR", w.dir, 1)
	}
	var ctx context.Context
	ctx, w.stop = context.WithCancel(context.Background())
	out, in := io.Pipe()
	root := newRoot()
	root.SetArgs(append([]string{"watch", w.dir, "--seed", "ab12", "--out", filepath.Join(tb.TempDir(), "reports")},
		flags...))
	root.SetOut(in)
	root.SetErr(in)
	go func() {
		err := root.ExecuteContext(ctx)
		_ = in.Close()
		w.ended <- err
	}()
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			w.lines <- s.Text()
		}
		close(w.lines)
	}()
	tb.Cleanup(w.end)
	return w
}

// until gives what is printed up to a line that begins so.
func (w *watching) until(begin string) (lines []string) {
	w.tb.Helper()
	late := time.After(3 * time.Minute)
	for {
		select {
		case line, open := <-w.lines:
			if !open {
				w.tb.Fatalf("it ended before it said %q: %v\n%s", begin, <-w.ended, strings.Join(lines, "\n"))
			}
			if lines = append(lines, line); strings.HasPrefix(line, begin) {
				return lines
			}
		case <-late:
			w.tb.Fatalf("it never said %q:\n%s", begin, strings.Join(lines, "\n"))
		}
	}
}

func (w *watching) write(name, text string) {
	w.tb.Helper()
	require.NoError(w.tb, os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o644))
}

func (w *watching) end() {
	w.stop()
	for range w.lines { // what it still says must not hold it up
	}
}

func TestWatch(t *testing.T) {
	w := startWatch(t, "testdata/tiny/right", "--rubric", "testdata/tiny/tiny.yaml")
	first := strings.Join(w.until("watching "), "\n")
	assert.Contains(t, first, "PASS         2/2  echo")
	assert.Contains(t, first, "Score 10 of 10")
	right, err := os.ReadFile("testdata/tiny/right/main.py")
	require.NoError(t, err)

	// A fault: the check that is lost, why, and the score; of the others, nothing.
	w.write("main.py", strings.Replace(string(right), `"word"`, `"wort"`, 1))
	lost := strings.Join(w.until("Score "), "\n")
	assert.Regexp(t, `\d\d:\d\d:\d\d  main.py\n`, lost)
	assert.Contains(t, lost, "FAIL         0/2  echo")
	assert.Contains(t, lost, "hint  Take the word from the path.")
	assert.Contains(t, lost, "Score 10 → 8 of 10")
	assert.NotContains(t, lost, "PASS")

	// Undone before the score was told: what was told does not stand.
	w.write("main.py", string(right))
	w.until("PASS         2/2  echo")
	w.write("main.py", strings.Replace(string(right), `"word"`, `"wort"`, 1))
	undone := strings.Join(w.until("Score "), "\n")
	if strings.Contains(undone, "Score 8 → 10") { // it was done before the file was undone
		undone = strings.Join(w.until("Score "), "\n")
	}
	assert.Contains(t, undone, "FAIL         0/2  echo")
	assert.Regexp(t, "Score (10 → 8 of 10|8 of 10, as before)", undone)

	// Another fault of the same kind is no news; the build that fails blocks what comes after it.
	w.write("Dockerfile", "FROM python:3.12-slim\nRUN false\n")
	broken := strings.Join(w.until("Score "), "\n")
	assert.Contains(t, broken, "FAIL         0/3  builds")
	assert.Contains(t, broken, "2 more could not be judged, because builds did not pass")
	assert.Contains(t, broken, "Score 8 → 2 of 10")

	// Fixed, both at once: what passes again, each once.
	w.write("main.py", string(right))
	dockerfile, err := os.ReadFile("testdata/tiny/right/Dockerfile")
	require.NoError(t, err)
	w.write("Dockerfile", string(dockerfile))
	fixed := strings.Join(w.until("Score 2 → 10 of 10"), "\n")
	assert.Equal(t, 1, strings.Count(fixed, "PASS         2/2  echo"))
	assert.NotContains(t, fixed, "starts ", "it passed when it was last judged")

	report, err := filepath.Glob(filepath.Join(filepath.Dir(w.dir), "..", "*", "reports", "students", "work.json"))
	require.NoError(t, err)
	assert.Len(t, report, 1)
	w.stop()
	for range w.lines {
	}
	assert.ErrorIs(t, <-w.ended, context.Canceled)
}

// Of hidden checks a change says no more than the first report does, and calls them the same.
func TestWatchKeepsWhatIsHidden(t *testing.T) {
	rubric := filepath.Join(t.TempDir(), "hidden.yaml")
	require.NoError(t, os.WriteFile(rubric, []byte(`rubric: hidden
points: 5
checks:
- {id: riddle, title: One, points: 1, hidden: true, files: {require: [README.md]}}
- {id: enigma, title: Two, points: 1, hidden: true, http: [{send: GET /echo/hello, json: {word: hello}}]}
- {id: builds, title: It builds, points: 3, build: {}}
`), 0o644))
	w := startWatch(t, "testdata/tiny/right", "--rubric", rubric)
	assert.Contains(t, strings.Join(w.until("watching "), "\n"), "PASS         1/1  hidden-2         Two")
	right, err := os.ReadFile("testdata/tiny/right/main.py")
	require.NoError(t, err)
	w.write("main.py", strings.Replace(string(right), `"word"`, `"wort"`, 1))
	lost := strings.Join(w.until("Score "), "\n")
	assert.Contains(t, lost, "FAIL         0/1  hidden-2         Two\n")
	assert.NotRegexp(t, "enigma|echo", lost)
	w.write("Dockerfile", "FROM python:3.12-slim\nRUN false\n")
	assert.Contains(t, strings.Join(w.until("Score "), "\n"),
		"1 more could not be judged, because something before did not pass")
}

// An edit of the rubric asks what changed, of a new container and without a build; what is wrong
// with it is said, and the verdicts stay.
func TestWatchTheRubric(t *testing.T) {
	const first = `rubric: edited
points: 8
checks:
- {id: builds, points: 3, build: {}}
- {id: starts, points: 2, start: {get: /health}}
- id: echo
  points: 2
  http: [{send: GET /echo/hello, json: {word: hello}}]
- id: other
  points: 1
  needs: [echo]
  http: [{send: GET /echo/other, json: {word: other}}]
`
	// It may lie in the folder that is watched: it is no part of what is built.
	from := t.TempDir()
	require.NoError(t, os.CopyFS(from, os.DirFS("testdata/tiny/right")))
	require.NoError(t, os.WriteFile(filepath.Join(from, "edited.yaml"), []byte(first), 0o644))
	w := startWatch(t, from, "--rubric", "DIR/edited.yaml")
	write := func(text string) { w.write("edited.yaml", text) }
	w.until("Score 8 of 8")
	w.until("watching ")

	// Another want: that check, what hangs on it, and no build.
	write(strings.Replace(first, "{word: hello}", "{word: hallo}", 1))
	w.until("FAIL         0/2  echo")
	lost := strings.Join(w.until("Score "), "\n")
	assert.Contains(t, lost, `$.word  want "hallo"  got "hello"`)
	assert.Contains(t, lost, "1 more could not be judged, because echo did not pass")
	assert.Contains(t, lost, "Score 8 → 5 of 8")
	assert.NotContains(t, lost, "building")

	// A mistake is said, and nothing else.
	write(strings.Replace(first, "json: {word: hello}", "jsno: {word: hello}", 1))
	said := strings.Join(w.until("taskgrader: "), "\n")
	assert.Contains(t, said, `:8:34: unknown key "jsno" (did you mean "json"?)`)

	// Right again: what was lost; what it blocked is as it was when it was last judged.
	write(first)
	fixed := strings.Join(w.until("Score 5 → 8 of 8"), "\n")
	assert.Contains(t, fixed, "PASS         2/2  echo")
	assert.NotContains(t, fixed, "build")

	// A title and more points are no reason to ask; a new check is.
	write(strings.Replace(strings.Replace(first, "points: 8", "points: 9", 1), "checks:\n",
		"checks:\n- {id: new, points: 1, http: [{send: GET /nowhere, want: 404}]}\n", 1))
	grown := strings.Join(w.until("Score 8 → 9 of 9"), "\n")
	assert.Contains(t, grown, "PASS         1/1  new")
	assert.NotContains(t, grown, "echo")

	// The program counts as ever.
	right, err := os.ReadFile("testdata/tiny/right/main.py")
	require.NoError(t, err)
	w.write("main.py", strings.Replace(string(right), `"word"`, `"wort"`, 1))
	w.until("FAIL         0/2  echo")
}

// BenchmarkWatch is the time from saving main.py to the score that it comes to.
func BenchmarkWatch(b *testing.B) {
	w := startWatch(b, "../../submissions/lesson", "--quiet")
	w.until("Score ")
	right, err := os.ReadFile("../../submissions/lesson/main.py")
	require.NoError(b, err)
	wrong := strings.Replace(string(right), "status_code=404", "status_code=500", 1)
	require.NotEqual(b, string(right), wrong)
	var toScore time.Duration
	for n := range b.N {
		text, mark := wrong, "FAIL"
		if n%2 == 1 {
			text, mark = string(right), "PASS"
		}
		begun := time.Now()
		w.write("main.py", fmt.Sprintf("%s\n# %d\n", text, begun.UnixNano())) // built never before
		w.until(mark)
		w.until("Score ")
		toScore += time.Since(begun)
	}
	b.ReportMetric(toScore.Seconds()/float64(b.N), "s/score")
}
