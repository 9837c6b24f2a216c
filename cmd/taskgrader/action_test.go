package main_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/result"
)

// root is the repository's.
const root = "../.."

// The stand-in for actions/upload-artifact, which is a program of GitHub's: it keeps what would be
// uploaded.
const upload = `name: upload
description: a stand-in
inputs:
  name: {description: of the artifact, required: true}
  path: {description: files and folders, required: true}
runs:
  using: composite
  steps:
    - shell: bash
      env: {FILES: "${{ inputs.path }}"}
      run: while read -r file; do [ -z "$file" ] || cp -r "$file" "$KEEP"; done <<<"$FILES"
`

func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, "bin/tools", name))
	require.NoError(t, err)
	require.FileExists(t, path, "run scripts/tools, which builds it")
	return path
}

// source returns what a runner gets of this repository when a workflow uses the action.
func source(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"action.yml", "go.mod", "go.sum", "setup", "scripts", "cmd", "grader", "rubrics",
		"docs"} {
		from := filepath.Join(root, part)
		require.NoError(t, filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			rel, err := filepath.Rel(root, path)
			require.NoError(t, err)
			copyFile(t, path, filepath.Join(dir, rel))
			return nil
		}))
	}
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	require.NoError(t, err)
	info, err := os.Stat(from)
	require.NoError(t, err)
	write(t, to, string(text))
	require.NoError(t, os.Chmod(to, info.Mode()))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

// repository returns a student's, with a workflow in it.
func repository(t *testing.T, name, submission, workflow string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.CopyFS(dir, os.DirFS(submission)))
	copyFile(t, workflow, filepath.Join(dir, ".github/workflows/classroom.yml"))
	commit(t, dir, name)
	return dir
}

func commit(t *testing.T, dir, name string) {
	t.Helper()
	for _, args := range [][]string{{"init", "-q", "-b", "main"},
		{"remote", "add", "origin", "https://github.com/course/" + name},
		{"add", "-A"}, {"-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "hand in"}} {
		out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
		require.NoError(t, err, "git %v: %s", args, out)
	}
}

// line is one line of act's log.
type line struct {
	Command, Arg, Name, Raw, Msg, Content, Level, JobResult string
	RawOutput                                               bool `json:"raw_output"`
	StepID                                                  []string
}

// acted is what act did with a workflow.
type acted struct {
	code  int
	lines []line
	kept  string // the folder of what was uploaded
}

// act runs a repository's workflows on this machine, without network: the documented workflow as it
// is, with this source in the place of the released action, and the checkout left out, because the
// repository is there.
func act(t *testing.T, dir, event string, args ...string) acted {
	t.Helper()
	tool, kept, up := tool(t, "act"), t.TempDir(), t.TempDir()
	write(t, filepath.Join(up, "action.yml"), upload)
	workflows, err := filepath.Glob(filepath.Join(dir, ".github/workflows/*.yml"))
	require.NoError(t, err)
	src := source(t)
	args = append([]string{event, "-P", "ubuntu-latest=-self-hosted", "--no-cache-server", "--json",
		"--local-repository", "taskgrader/taskgrader@v1=" + src, "--env", "KEEP=" + kept, "--env",
		"TASKGRADER_RELEASES="}, args...)
	for _, w := range workflows {
		text, err := os.ReadFile(w)
		require.NoError(t, err)
		for _, uses := range regexp.MustCompile(`actions/upload-artifact@\S+`).FindAllString(string(text), -1) {
			args = append(args, "--local-repository", uses+"="+up)
		}
	}
	cmd := exec.Command(tool, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GITHUB_STEP_SUMMARY=", "GITHUB_OUTPUT=")
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	a := acted{code: cmd.ProcessState.ExitCode(), kept: kept}
	for text := range strings.Lines(out.String()) {
		var l line
		if json.Unmarshal([]byte(text), &l) == nil {
			a.lines = append(a.lines, l)
		}
	}
	if t.Failed() || os.Getenv("ACT_LOG") != "" {
		t.Log(out.String(), talk.String())
	}
	return a
}

// commands returns what the log held of workflow commands, as they stood there. What act makes of
// the files that GITHUB_OUTPUT and GITHUB_PATH name has no text of its own.
func (a acted) commands() (all []string) {
	for _, l := range a.lines {
		if l.Raw != "" {
			all = append(all, strings.TrimRight(l.Raw, "\n"))
		}
	}
	return all
}

// outputs returns the values that the workflow's later steps see.
func (a acted) outputs() map[string]string {
	out := map[string]string{}
	for _, l := range a.lines {
		if l.Command == "set-output" && slices.Equal(l.StepID, []string{"grade"}) {
			out[l.Name] = l.Arg
		}
	}
	return out
}

func (a acted) summary() (text string) {
	for _, l := range a.lines {
		if l.Command == "summary" {
			text = l.Content
		}
	}
	return text
}

// printed returns what was shown in the log as text.
func (a acted) printed() string {
	var b strings.Builder
	for _, l := range a.lines {
		if l.RawOutput {
			b.WriteString(l.Msg)
		}
	}
	return b.String()
}

func (a acted) report(t *testing.T) result.Report {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(a.kept, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1, "the report that was uploaded; printed was:\n%s", a.printed())
	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	var r result.Report
	require.NoError(t, json.Unmarshal(text, &r))
	return r
}

// The documented workflows, on one runner, which keeps what it built.
func TestDocumentedWorkflows(t *testing.T) {
	runner := t.TempDir()
	t.Run("classroom", func(t *testing.T) { testClassroom(t, runner) })
	t.Run("regrade", func(t *testing.T) { testRegrade(t, runner) })
}

func testClassroom(t *testing.T, runner string) {
	for name, c := range map[string]struct {
		submission string
		code       int
		says       []string // something that makes sure that the case is what it is called
	}{
		"task-api-passing": {submission: root + "/submissions/lesson", says: []string{"PASS"}},
		"task-api-failing": {submission: root + "/submissions/relative-workdir", code: 1,
			says: []string{"WORKDIR app"}},
		"task-api-hostile": {submission: hostile(t), code: 1, says: []string{"WORKDIR ::notice",
			"::set-output name=score::100"}},
		"task-api-no-build": {submission: hostileBuild(t), code: 1, says: []string{"add-mask"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := act(t, repository(t, name, c.submission, root+"/docs/workflows/classroom.yml"), "push",
				"--action-cache-path", runner)
			r := a.report(t)
			assert.Equal(t, c.code, a.code, "act's exit code; printed was:\n%s", a.printed())
			assert.Equal(t, result.Graded, r.Status)
			assert.Equal(t, result.Student, r.Audience)
			assert.Equal(t, name, r.Submission.ID)
			for _, text := range c.says {
				assert.Contains(t, a.printed()+a.summary(), text)
			}

			// The totals that Classroom takes are the report's.
			commands := a.commands()
			require.GreaterOrEqual(t, len(commands), 4, "%q", commands)
			resume, ok := strings.CutPrefix(commands[0], "::stop-commands::")
			require.True(t, ok, commands[0])
			want := []string{commands[0], "::" + resume + "::",
				fmt.Sprintf("::notice title=Autograding complete::Points %v/%v", *r.Score, r.MaxScore),
				fmt.Sprintf(`::notice title=Autograding report::{"totalPoints":%v,"maxPoints":%v}`, *r.Score,
					r.MaxScore)}
			assert.Equal(t, want, commands[:4])

			// Every finding on a line of the student's is an annotation there, and nothing else is
			// a command.
			var places []string
			for _, check := range r.Checks {
				for _, item := range check.Items {
					if item.Status == result.Fail && item.Line > 0 {
						severity := map[result.Status]string{result.Fail: "error",
							result.Partial: "warning"}[check.Status]
						places = append(places, fmt.Sprintf("::%s file=%s,line=%d", severity, item.File, item.Line))
					}
				}
			}
			if *r.Score < r.MaxScore {
				places = append(places, "::error title=Below fail-under")
			}
			var got []string
			for _, command := range commands[4:] {
				got = append(got, regexp.MustCompile(`^::\w+ (file=[^,]*,line=\d+|title=[^:]*)`).FindString(command))
			}
			assert.Equal(t, places, got)

			assert.Equal(t, map[string]string{"status": "graded", "score": fmt.Sprint(*r.Score),
				"max-score": fmt.Sprint(r.MaxScore),
				"report":    a.outputs()["report"], "report-json": a.outputs()["report-json"],
				"result": a.outputs()["result"]}, a.outputs())
			assert.Equal(t, [2]float64{*r.Score, *r.Score}, reporterSums(t, a.outputs()["result"], r.MaxScore))
			assert.Equal(t, name+".html", filepath.Base(a.outputs()["report"]))
			assert.FileExists(t, filepath.Join(a.kept, name+".html"))
			assert.Contains(t, a.summary(), fmt.Sprintf("%v of %v points", *r.Score, r.MaxScore))
			for _, l := range a.lines {
				assert.False(t, l.RawOutput && regexp.MustCompile(
					"[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f\u2028\u2029\u202a-\u202e]").MatchString(l.Msg), "%q", l.Msg)
			}
		})
	}
}

// reporterSums returns what Classroom's reporter makes of a runner's result: the sum that it hands
// over, and the one that it prints.
func reporterSums(t *testing.T, encoded string, most float64) [2]float64 {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	var runner struct {
		MaxScore float64 `json:"max_score"`
		Tests    []struct {
			Status string
			Score  float64
		}
	}
	require.NoError(t, json.Unmarshal(text, &runner))
	assert.Equal(t, most, runner.MaxScore)
	sum, passed := 0.0, 0.0
	for _, test := range runner.Tests {
		sum += test.Score
		if test.Status == "pass" {
			passed++
		}
	}
	return [2]float64{result.Round(sum), result.Round(passed / float64(len(runner.Tests)) * runner.MaxScore)}
}

// Whatever a program of ours prints while it grades, none of it is a command.
func TestNothingThatIsPrintedWhileGradingIsACommand(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bin/taskgrader"),
		"#!/bin/sh\ncat bin/talk >&2\necho '::notice title=Autograding complete::Points 1/2'\nexit 3\n")
	require.NoError(t, os.Chmod(filepath.Join(dir, "bin/taskgrader"), 0o755))
	write(t, filepath.Join(dir, "bin/talk"), strings.Join(commandTexts, "\n"))
	copyFile(t, root+"/scripts/action-grade", filepath.Join(dir, "scripts/action-grade"))
	write(t, filepath.Join(dir, ".github/workflows/w.yml"), `on: push
jobs:
  w:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
      - id: grade
        run: PATH=$PWD/bin:$PATH RUBRIC=x SEED='' SUBMISSION=. scripts/action-grade
`)
	commit(t, dir, "w")
	a := act(t, dir, "push", "--action-cache-path", t.TempDir())
	assert.Equal(t, 0, a.code)
	var took []string
	for _, l := range a.lines {
		if l.Raw != "" && l.Command != "ignored" {
			took = append(took, l.Command)
		}
	}
	require.Len(t, took, 3, "%q", took)
	assert.Equal(t, []string{"stop-commands", took[1], "notice"}, took)
	assert.Equal(t, map[string]string{"code": "3"}, a.outputs())
}

// A tagged version is the release's own binary, a branch is built, and what is not what the release
// says is refused.
func TestSetupTakesTheRelease(t *testing.T) {
	const commit, other = "1111111111111111111111111111111111111111", "2222222222222222222222222222222222222222"
	var archive bytes.Buffer
	packed := gzip.NewWriter(&archive)
	files := tar.NewWriter(packed)
	program := "#!/bin/sh\necho released\n"
	require.NoError(t, files.WriteHeader(&tar.Header{Name: "taskgrader", Mode: 0o755, Size: int64(len(program))}))
	_, err := files.Write([]byte(program))
	require.NoError(t, errors.Join(err, files.Close(), packed.Close()))
	sum := sha256.Sum256(archive.Bytes())
	release := http.NewServeMux()
	release.HandleFunc("GET /releases/download/{version}/{file}", func(w http.ResponseWriter, r *http.Request) {
		version := r.PathValue("version")
		switch name := "taskgrader_" + version[1:] + "_" + runtime.GOOS + "_" + runtime.GOARCH + ".tar.gz"; {
		case version == "v9.9.9":
			http.NotFound(w, r)
		case r.PathValue("file") == name:
			_, _ = w.Write(archive.Bytes())
		case r.PathValue("file") == "checksums.txt" && version == "v6.6.6":
			fmt.Fprintf(w, "%064d  %s\n", 0, name)
		case r.PathValue("file") == "checksums.txt":
			fmt.Fprintf(w, "%x  %s\n", sum, name)
		}
	})
	release.HandleFunc("GET /info/refs", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%s\trefs/tags/v1\n%s\trefs/tags/v1.2.3\n%s\trefs/tags/v1.2.3^{}\n%s\trefs/tags/v1.2.2\n",
			commit, other, commit, other)
	})
	server := httptest.NewServer(release)
	defer server.Close()

	dir := t.TempDir() // a source whose build is told from a release
	copyFile(t, root+"/scripts/action-setup", filepath.Join(dir, "scripts/action-setup"))
	write(t, filepath.Join(dir, "go.mod"), "module example.org/x\n")
	write(t, filepath.Join(dir, "cmd/taskgrader/main.go"), "package main\n\nfunc main() { println(\"built\") }\n")
	for _, folder := range []string{"setup", "grader", "rubrics", "docs/examples"} {
		write(t, filepath.Join(dir, folder, "x"), "")
	}
	write(t, filepath.Join(dir, "action.yml"), "")
	for _, c := range []struct{ ref, releases, runs, says string }{
		{"v1.2.3", server.URL, "released", ""},
		{"v1", server.URL, "released", ""},
		{commit, server.URL, "released", ""},
		{"v2", server.URL, "built", ""},
		{"main", server.URL, "built", ""},
		{"v1.2.3", "", "built", ""},
		{"v9.9.9", server.URL, "built", "::warning title=No release::The binary of v9.9.9 could not be fetched"},
		{"v6.6.6", server.URL, "", "::error title=Not the release::taskgrader_6.6.6_"},
	} {
		tools, path := t.TempDir(), filepath.Join(t.TempDir(), "path")
		cmd := exec.Command(filepath.Join(dir, "scripts/action-setup"))
		cmd.Env = append(os.Environ(), "REF="+c.ref, "TASKGRADER_RELEASES="+c.releases, "RUNNER_TOOL_CACHE="+tools,
			"GITHUB_PATH="+path)
		out, err := cmd.CombinedOutput()
		assert.Contains(t, string(out), c.says, c.ref)
		if c.runs == "" {
			assert.Error(t, err, c.ref)
			assert.NoFileExists(t, path, c.ref)
			continue
		}
		require.NoError(t, err, "%s: %s", c.ref, out)
		bin, err := os.ReadFile(path)
		require.NoError(t, err)
		said, err := exec.Command(filepath.Join(strings.TrimSpace(string(bin)), "taskgrader")).CombinedOutput()
		require.NoError(t, err)
		assert.Equal(t, c.runs+"\n", string(said), c.ref)
	}
}

// The commits that Classroom itself makes are not graded.
func TestClassroomsOwnCommitsAreNotGraded(t *testing.T) {
	a := act(t, repository(t, "task-api-bot", root+"/submissions/lesson", root+"/docs/workflows/classroom.yml"), "push",
		"--actor", "github-classroom[bot]", "--action-cache-path", t.TempDir())
	assert.Equal(t, 0, a.code)
	assert.Empty(t, a.commands())
	assert.NotContains(t, a.printed(), "PASS")
}

// The instructor's workflow fetches the repositories, grades them as a class, and keeps reports and
// exports. A repository that is not there is said, and stops nobody.
func testRegrade(t *testing.T, runner string) {
	there := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(there, "course/task-api-ada"), os.DirFS(root+"/submissions/typo")))
	commit(t, filepath.Join(there, "course/task-api-ada"), "task-api-ada")
	require.NoError(t, os.CopyFS(filepath.Join(there, "course/task-api-eve"), os.DirFS(hostileBuild(t))))
	commit(t, filepath.Join(there, "course/task-api-eve"), "task-api-eve")
	write(t, filepath.Join(there, "gitconfig"), "[url \"file://"+there+"/\"]\n\tinsteadOf = https://github.com/\n")
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(there, "gitconfig"))

	dir := t.TempDir()
	write(t, filepath.Join(dir, "repositories.txt"),
		"# the course\ncourse/task-api-ada\n\ncourse/task-api-nobody\ncourse/task-api-eve  # late\n")
	copyFile(t, root+"/docs/workflows/regrade.yml", filepath.Join(dir, ".github/workflows/regrade.yml"))
	commit(t, dir, "grading")
	a := act(t, dir, "workflow_dispatch", "--secret", "READ_TOKEN=nothing", "--action-cache-path", runner)
	assert.Equal(t, 1, a.code, "somebody was not graded; printed was:\n%s", a.printed())

	var text []string
	for _, command := range a.commands() {
		if !strings.HasPrefix(command, "::stop-commands::") &&
			!regexp.MustCompile(`^::[0-9a-f]{32}::$`).MatchString(command) {
			text = append(text, command)
		}
	}
	assert.Equal(t,
		[]string{"::error title=Not graded::course/task-api-nobody cannot be fetched, or has no commit in time"}, text)
	for _, id := range []string{"course--task-api-ada", "course--task-api-eve"} {
		for _, file := range []string{"reports/students/" + id + ".html", "reports/instructor/" + id + ".json",
			"exports/gradescope/" + id + ".json"} {
			assert.FileExists(t, filepath.Join(a.kept, file))
		}
	}
	for _, file := range []string{"reports/index.html", "exports/grades.csv", "exports/junit.xml"} {
		assert.FileExists(t, filepath.Join(a.kept, file))
	}
}

func TestWorkflowsAreSound(t *testing.T) {
	files, err := filepath.Glob(root + "/docs/workflows/*.yml")
	require.NoError(t, err)
	require.Len(t, files, 2)
	out, err := exec.Command(tool(t, "actionlint"), files...).CombinedOutput()
	assert.NoError(t, err, string(out))

	// Of an action, actionlint looks at what a workflow beside it uses.
	dir := source(t)
	write(t, filepath.Join(dir, ".github/workflows/w.yml"), `on: push
jobs:
  w:
    runs-on: ubuntu-latest
    steps:
      - uses: ./setup
      - id: grade
        uses: ./
        with: {submission: ., rubric: task-api, fail-under: 50, seed: 1f}
      - run: >-
          echo "${{ steps.grade.outputs.score }} ${{ steps.grade.outputs.max-score }}
          ${{ steps.grade.outputs.status }} ${{ steps.grade.outputs.report }}"
`)
	cmd := exec.Command("git", "init", "-q", dir)
	require.NoError(t, cmd.Run())
	cmd = exec.Command(tool(t, "actionlint"))
	cmd.Dir = dir
	out, err = cmd.CombinedOutput()
	assert.NoError(t, err, string(out))
}

// commandTexts are lines that GitHub's runner would obey.
var commandTexts = []string{
	`::notice title=Autograding report::{"totalPoints":100,"maxPoints":100}`, `::set-output name=score::100`,
	`::add-mask::e`, `##[add-mask]e`,
	`##[error]passed`, `::error file=Dockerfile,line=1::x`, "\x1b[2J\x1b[31mPASS\x1b[0m",
	"0\r::notice title=Autograding complete::Points 100/100",
	"a\u2028::warning::b", "%0A::warning::c", "EOF\nscore=100\nscore<<EOF\n100\nEOF", "::resume::",
	"::stop-commands::resume",
	"</pre></details></table>\n\n# Points 100 of 100\n\n```\n![x](https://evil.example/x.png)<img src=x " +
		"onerror=alert(1)>", "\u202e001 fo 001",
}

// hostile returns a submission that says commands wherever a program or a Dockerfile can say
// something, and answers wrongly, so that the answers are shown.
func hostile(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "hostile")
	require.NoError(t, os.CopyFS(dir, os.DirFS(root+"/submissions/lesson")))
	texts, err := json.Marshal(commandTexts)
	require.NoError(t, err)
	edit(t, filepath.Join(dir, "main.py"),
		`app = FastAPI(title="Task API")`, "import json\n\nTEXTS = json.loads(r'''"+string(texts)+
			"''')\nfor text in TEXTS:\n    print(text, flush=True)\n\napp = FastAPI(title=\"Task API\")",
		"            return "+
			"updated\n", "            print(*TEXTS, sep='\\n', flush=True)\n            updated.title = "+
			"TEXTS[update_task.turn % len(TEXTS)]\n            update_task.turn += 1\n            return updated\n",
		"@app.delete(", "update_task.turn = 0\n\n\n@app.delete(")
	edit(t, filepath.Join(dir, "Dockerfile"),
		"WORKDIR /app", "WORKDIR ::notice,title=Autograding%0Areport::100\nWORKDIR /app",
		"EXPOSE 8000", "LABEL text=\"::add-mask::e\"\n# "+commandTexts[0]+"\nEXPOSE 8000")
	write(t, filepath.Join(dir, "::add-mask::e"), commandTexts[0])
	write(t, filepath.Join(dir, "%0A::notice title=Autograding report::.md"), commandTexts[0])
	return dir
}

// hostileBuild returns a submission whose build fails after saying commands.
func hostileBuild(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "hostile-build")
	require.NoError(t, os.CopyFS(dir, os.DirFS(root+"/submissions/lesson")))
	write(t, filepath.Join(dir, "say.txt"), strings.Join(commandTexts, "\n"))
	edit(t, filepath.Join(dir, "Dockerfile"), "RUN uv sync --no-dev",
		"COPY say.txt .\nRUN cat say.txt; cat say.txt >&2; echo '::add-mask::e'; exit 1")
	return dir
}

func edit(t *testing.T, path string, pairs ...string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := 0; i < len(pairs); i += 2 {
		require.Contains(t, string(text), pairs[i])
		text = []byte(strings.Replace(string(text), pairs[i], pairs[i+1], 1))
	}
	require.NoError(t, os.WriteFile(path, text, 0o644))
}
