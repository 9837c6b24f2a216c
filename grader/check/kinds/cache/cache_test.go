package cache_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/cache"
)

const (
	name = "an edit keeps the dependencies"
	good = "ok " + name + ": the edit installed no dependency again"
)

func from(lines string) *checktest.Target {
	return checktest.New().With("Dockerfile", "FROM python:3.12-slim\nWORKDIR /app\n"+lines).With("requirements.txt",
		"fastapi\n").With("uv.lock", "")
}

func again(command, line, hint string) string {
	return "0 " + name + ": want every installing step from the cache after an edit of main.py; got run again: " +
		command + "; hint: " + hint + "; at Dockerfile:" + line
}

func TestOrder(t *testing.T) {
	const advice = "Copy the file that lists the dependencies first, install, and copy the program after that."
	for _, c := range []struct{ lines, want string }{
		{"COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n", good},
		{"COPY . .\nRUN pip install -r requirements.txt\n", again("RUN pip install -r requirements.txt", "4",
			"Line 3, `COPY . .`, brings the program in before line 4 installs. Make lines 3 to 4 of Dockerfile `COPY "+
				"requirements.txt .`, `RUN pip install -r requirements.txt`, `COPY . .`, one a line.")},
		{"ADD . /app\nRUN python -m pip install -r requirements.txt\n",
			again("RUN python -m pip install -r requirements.txt", "4",
				"Line 3, `ADD . /app`, brings the program in before line 4 installs. Make lines 3 to 4 of Dockerfile "+
					"`COPY requirements.txt /app/`, `RUN python -m pip install -r requirements.txt`, `ADD . "+
					"/app`, one a line.")},
		{"COPY main.py .\nCOPY requirements.txt .\nRUN uv pip install -r requirements.txt\n",
			again("RUN uv pip install -r requirements.txt", "5",
				"Line 3, `COPY main.py .`, brings the program in before line 5 installs. "+advice)},
		{"COPY . .\nRUN <<EOF\npip install -r requirements.txt\nEOF\n",
			again("RUN <<EOF", "4", "Line 3, `COPY . .`, brings the program in before line 4 installs. "+advice)},
		{"COPY . .\nRUN echo done\n", "ok " + name + ": nothing is installed, so nothing can be installed again"},
		{"RUN apt-get update && apt-get install -y curl\nCOPY . .\n", good},
		{"copy . .\nrun pip install -r requirements.txt\n", again("RUN pip install -r requirements.txt", "4",
			"Line 3, `COPY . .`, brings the program in before line 4 installs. Make lines 3 to 4 of Dockerfile `COPY "+
				"requirements.txt .`, `run pip install -r requirements.txt`, `copy . .`, one a line.")},
		// uv's own advice: the dependencies first, the project after the program
		{"COPY pyproject.toml uv.lock ./\nRUN uv sync --locked --no-install-project\nCOPY . .\nRUN uv sync --locked\n",
			good},
		{"COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nRUN pip install --no-deps .\n", good},
		{"COPY pyproject.toml .\nRUN uv sync --no-install-project\nCOPY . .\nRUN pip install -r requirements.txt\n",
			again("RUN pip install -r requirements.txt", "6",
				"Line 5, `COPY . .`, brings the program in before line 6 installs. Make lines 5 to 6 of Dockerfile "+
					"`COPY requirements.txt .`, `RUN pip install -r requirements.txt`, `COPY . .`, one a line.")},
	} {
		assert.Equal(t, c.want, checktest.Asked(t, cache.Kind(), "cache: {edit: [main.py]}", from(c.lines)), c.lines)
	}
}

// TestStages: the program of one stage is no fault of another.
func TestStages(t *testing.T) {
	assert.Equal(t, good, checktest.Asked(t, cache.Kind(), "cache: {}", checktest.New().With("Dockerfile",
		"FROM python:3.12-slim AS builder\nCOPY pyproject.toml .\nRUN uv sync\nFROM python:3.12-slim\nCOPY "+
			"--from=builder /pyproject.toml /x\nCOPY main.py .\n")))
}

// TestEdit: which file is edited, so that the verdict is of one that the build takes notice of.
func TestEdit(t *testing.T) {
	const copyAll = "COPY . .\nRUN pip install -r requirements.txt\n"
	for _, c := range []struct {
		target *checktest.Target
		edit   string
		want   string
	}{
		{from(copyAll).Without("main.py").With("src/tasks/__init__.py", "").With("src/tasks/main.py", ""), "{}",
			"after an edit of src/tasks/main.py;"},
		{from(copyAll).Without("main.py").With("app/main.py", "").With("app/api.py", ""), "{}",
			"after an edit of app/main.py;"},
		{from(copyAll).Without("main.py").With("a.py", "").With("tests/main.py", ""), "{}", "after an edit of a.py;"},
		{from(copyAll).With("main.py", "").With(".dockerignore", "main.py\n").With("server.py", ""),
			"{edit: [main.py, server.py]}", "after an edit of server.py;"},
		// main.py is never copied
		{from("COPY src src\nRUN pip install -r requirements.txt\n").With("src/main.py", ""), "{}",
			"after an edit of src/main.py;"},
		{from("COPY requirements.txt .\nRUN pip install -r requirements.txt\n"), "{}",
			"- " + name + ": no file of a program is copied into the image, so there is nothing to judge"},
		{from(copyAll).Without("main.py"), "{}",
			"- " + name + ": no file of a program is copied into the image, so there is nothing to judge"},

		// what CMD starts, in any language
		{from("COPY requirements.txt .\nRUN pip install -r requirements.txt\nCMD [\"uvicorn\", \"main:app\"]\n"), "{}",
			"- " + name + ": no COPY brings main.py into the image, so there is nothing to judge"},
		{from(copyAll+"CMD [\"python\", \"server.py\"]\n").With("server.py", ""), "{}", "after an edit of server.py;"},
		{from(copyAll+"CMD node src/app.js\n").With("src/app.js", ""), "{edit: [nothing.py]}",
			"after an edit of src/app.js;"},
		{from("COPY . .\nRUN npm install\nCMD [\"npm\", \"start\"]\n").Without("main.py").With("index.js",
			"").With("package.json", `{"scripts": {"start": "node index.js"}}`), "{}",
			"after an edit of index.js; got run again: RUN npm install; hint: Line 3, `COPY . .`, brings the program " +
				"in before line 4 installs. " +
				"Make lines 3 to 4 of Dockerfile `COPY package.json .`, `RUN npm install`, `COPY . .`, one a line.; " +
				"at Dockerfile:4"},
		{from("COPY . .\nRUN pip install fastapi uvicorn\n"), "{}", "brings the program in before line 4 installs. " +
			"Make lines 3 to 4 of Dockerfile `RUN pip install fastapi uvicorn` and below it `COPY . .`.; at " +
			"Dockerfile:4"},
		{from("COPY . .\nRUN apt-get update\nRUN pip install fastapi\n"), "{}",
			"brings the program in before line 5 installs. Make lines 3 to 5 of Dockerfile `RUN apt-get update`, " +
				"`RUN pip install fastapi`, `COPY . .`, one a line.; at Dockerfile:5"},
		{from("COPY . .\nRUN python make.py\nRUN pip install fastapi\n"), "{}",
			"brings the program in before line 5 installs. Write line 5 above line 3.; at Dockerfile:5"},
		{from("COPY . /srv\nWORKDIR /srv\nENV A=b\nRUN pip install -r requirements.txt\n"), "{}", "brings the " +
			"program in before line 6 installs. Make lines 3 to 6 of Dockerfile `COPY requirements.txt /srv/`, " +
			"`WORKDIR /srv`, `ENV A=b`, `RUN pip install -r requirements.txt`, `COPY . /srv`, one a line."},
		{from("COPY . .\nWORKDIR src\nRUN pip install -r requirements.txt\n"), "{}", "brings the program in before " +
			"line 5 installs. Copy the file that lists the dependencies first"},
		{from("COPY . .\nRUN pip install --upgrade pip\nRUN pip install -r requirements.txt\nRUN python x\n"), "{}",
			"Make lines 3 to 5 of Dockerfile `COPY requirements.txt .`, `RUN pip install --upgrade pip`, " +
				"`RUN pip install -r requirements.txt`, `COPY . .`, one a line.; at Dockerfile:4"},
		{from(copyAll).With(".dockerignore", "main.py\n").With("Dockerfile",
			"FROM x\nCOPY . .\nRUN pip install x\nCMD [\"python\", \"main.py\"]\n"), "{}",
			"- " + name + ": line 1 of .dockerignore keeps main.py out of the image, so there is nothing to judge"},
	} {
		assert.Contains(t, checktest.Asked(t, cache.Kind(), "cache: "+c.edit, c.target), c.want)
	}
}

// forgetful is an engine that keeps nothing in its cache.
type forgetful struct{ *checktest.Target }

func (f forgetful) Retrace(context.Context, ...check.Patch) (check.Built, error) {
	built := f.Built()
	for i := range built.Steps {
		built.Steps[i].Cached = false
	}
	return built, nil
}

func (f forgetful) WalkImage(context.Context, string, func(check.LayerFile, io.Reader) error) error {
	return nil
}

func TestNothingCachedIsOurs(t *testing.T) {
	_, err := checktest.Ask(context.Background(), checktest.Entry(t, cache.Kind(), "cache: {}"),
		forgetful{checktest.New()}, 1)
	require.EqualError(t, err,
		"the cache cannot be judged: an unchanged build did again: [2/6] COPY --from=ghcr.io/astral-sh/uv:latest /uv "+
			"/uvx /bin/; [3/6] WORKDIR /app; [4/6] COPY pyproject.toml .; [5/6] RUN uv sync --no-dev; [6/6] COPY "+
			"main.py .")
}

// forgot is an engine that has thrown all away when the first edit is tried.
type forgot struct {
	*checktest.Target
	tries int
}

func (f *forgot) Retrace(ctx context.Context, edits ...check.Patch) (check.Built, error) {
	built, err := f.Target.Retrace(ctx, edits...)
	if len(edits) == 0 {
		return built, err
	}
	if f.tries++; f.tries == 1 {
		for i := range built.Steps {
			built.Steps[i].Cached = false
		}
	}
	return built, err
}

// TestForgottenIsAskedAgain: what was thrown away between two builds is none of the edit's doing.
func TestForgottenIsAskedAgain(t *testing.T) {
	target := &forgot{Target: checktest.New()}
	said, err := checktest.Ask(t.Context(), checktest.Entry(t, cache.Kind(), "cache: {edit: [main.py]}"), target, 1)
	require.NoError(t, err)
	assert.Equal(t, 1.0, said.Items[0].Share, said.Items[0].Got)
}

// logging is a target whose steps say something when they are run.
type logging struct {
	*checktest.Target
	log string
}

func (l logging) Retrace(ctx context.Context, edits ...check.Patch) (check.Built, error) {
	built, err := l.Target.Retrace(ctx, edits...)
	for i := range built.Steps {
		if !built.Steps[i].Cached {
			built.Steps[i].Log = l.log
		}
	}
	return built, err
}

// TestScripts: a step that names no installer is judged by what it says and by what it leaves.
func TestScripts(t *testing.T) {
	const script = "COPY . .\nRUN sh install.sh\n"
	const advice = "Copy the file that lists the dependencies first, install, and copy the program after that."
	fails := again("RUN sh install.sh", "4", "Line 3, `COPY . .`, brings the program in before line 4 installs. "+
		advice)
	passes := "ok " + name + ": nothing is installed, so nothing can be installed again"
	for log, want := range map[string]string{
		"Resolved 12 packages in 1ms\nInstalled 12 packages in 8ms\n": fails,
		"Resolved and installed 2 packages\n":                         fails,
		"Successfully installed fastapi-0.115.0 uvicorn-0.30.0\n":     fails,
		"\nadded 57 packages, and audited 58 packages in 1s\n":        fails,
		"Successfully installed app-0.1\n":                            passes, // the program alone
		"Installed 1 package in 1ms\n":                                passes,
		"Audited 12 packages in 1ms\n":                                passes,
		"collected 2 items, 2 passed\n":                               passes,
		"":                                                            passes,
	} {
		assert.Equal(t, want, checktest.Asked(t, cache.Kind(), "cache: {}", logging{from(script), log}), log)
	}
	const fill = "fill /app/.venv/lib/python3.12/site-packages/"
	for run, want := range map[string]string{
		fill + "a-1.dist-info/METADATA 90000 && " + fill + "b-1.dist-info/METADATA 90000": again("RUN "+fill+
			"a-1.dist-info/METADATA 90000 && "+fill+"b-1.dist-info/METADATA 90000", "4",
			"Line 3, `COPY . .`, brings the program in before line 4 installs. "+advice),
		fill + "a-1.dist-info/METADATA 90000 && " + fill + "a-1.dist-info/RECORD 90000": passes,
		fill + "a.py 90000 && " + fill + "b.py 90000":                                   passes,
		fill + "a-1.dist-info/METADATA 10 && " + fill + "b-1.dist-info/METADATA 10":     passes,
	} {
		assert.Equal(t, want, checktest.Asked(t, cache.Kind(), "cache: {}", from("COPY . .\nRUN "+run+"\n")), run)
	}
	// what was installed before, and has another owner now, is not installed again
	assert.Equal(t, passes, checktest.Asked(t, cache.Kind(), "cache: {}",
		from("COPY requirements.txt .\nRUN "+fill+"a-1.dist-info/METADATA 90000 && "+fill+
			"b-1.dist-info/METADATA 90000\n"+
			"COPY . .\nRUN "+fill+"a-1.dist-info/METADATA 90000 && "+fill+"b-1.dist-info/METADATA 90000 && true\n")))
}

// fetching is an engine that fetches something else at each ADD of a URL, and so builds all that
// follows.
type fetching struct{ *checktest.Target }

func (f fetching) Retrace(ctx context.Context, edits ...check.Patch) (check.Built, error) {
	built, err := f.Target.Retrace(ctx, edits...)
	return stale(built), err
}

func (f fetching) Built() check.Built { return stale(f.Target.Built()) }

func stale(built check.Built) check.Built {
	fetched := false
	for i, s := range built.Steps {
		fetched = fetched || strings.Contains(s.Name, "ADD http")
		built.Steps[i].Cached = s.Cached && !fetched
	}
	return built
}

func TestFetched(t *testing.T) {
	const add = "ADD https://example.org/now /now\n"
	assert.Equal(t,
		"0 "+name+
			": want every installing step from the cache after no edit at all; got run again: RUN pip install -r "+
			"requirements.txt; "+
			"hint: Line 3, `ADD https://example.org/now /now`, may fetch something else each time. Write it below "+
			"line 5.; at Dockerfile:5",
		checktest.Asked(t, cache.Kind(), "cache: {}",
			fetching{from(add + "COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n")}))
	assert.Equal(t, good, checktest.Asked(t, cache.Kind(), "cache: {}",
		fetching{from("COPY requirements.txt .\nRUN pip install -r requirements.txt\n" + add + "COPY . .\n")}))
}

func TestEvidence(t *testing.T) {
	o, err := checktest.Ask(context.Background(), checktest.Entry(t, cache.Kind(), "cache: {}"), checktest.New(), 1)
	require.NoError(t, err)
	assert.Equal(t, "The build after an edit of main.py", o.Evidence[0].Title)
	assert.Equal(t, [][]string{{"line", "step", "after an edit of main.py"},
		{"2", "COPY --from=ghcr.io/astral-sh/uv:latest /uv /uvx /bin/", "cached"}, {"3", "WORKDIR /app", "cached"},
		{"4", "COPY pyproject.toml .", "cached"},
		{"5", "RUN uv sync --no-dev", "cached"}, {"6", "COPY main.py .", "run again"}}, o.Evidence[0].Rows)
}

// counted counts the builds that a check asks for.
type counted struct {
	*checktest.Target
	builds int
}

func (c *counted) Retrace(ctx context.Context, edits ...check.Patch) (check.Built, error) {
	c.builds++
	return c.Target.Retrace(ctx, edits...)
}

// TestAgain: an edit that was built before would come from the cache, so that it is another each
// time, whatever the seed. What was all cached in the first place needs no control.
func TestAgain(t *testing.T) {
	for lines, holds := range map[string]bool{"COPY . .\nRUN pip install -r requirements.txt\n": false,
		"COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n": true} {
		target := &counted{Target: from(lines)}
		entry := checktest.Entry(t, cache.Kind(), "cache: {edit: [main.py]}")
		for _, builds := range []int{2, 3} {
			o, err := checktest.Ask(t.Context(), entry, target, 1)
			require.NoError(t, err)
			assert.Equal(t, holds, checktest.Holds(o), lines)
			assert.Equal(t, builds, target.builds, lines)
		}
	}
}

// TestDecoy: what CMD starts, and what that imports, is edited too, so that a file that nothing
// uses decides nothing.
func TestDecoy(t *testing.T) {
	const install = "RUN pip install -r requirements.txt\nCOPY main.py /decoy/\n"
	for name, target := range map[string]*checktest.Target{
		"started": from("COPY requirements.txt server.py ./\n"+install+
			"CMD [\"uvicorn\", \"server:app\"]\n").With("server.py", ""),
		"imported": from("COPY requirements.txt api.py ./\n"+install+
			"CMD [\"uvicorn\", \"main:app\"]\n").With("main.py", "import os\nfrom api import app\n").With("api.py", ""),
		"of a package": from("COPY requirements.txt .\nCOPY tasks tasks\n"+install+
			"CMD [\"python\", \"main.py\"]\n").With("main.py", "from tasks.api import app\n").With("tasks/api.py",
			"").With("tasks/__init__.py", ""),
		"by a script": from("COPY requirements.txt server.py run.sh ./\n"+install+
			"CMD [\"sh\", \"run.sh\"]\n").With("run.sh", "exec python server.py\n").With("server.py", ""),
		"in -c": from("COPY requirements.txt server.py ./\n"+install+
			"CMD [\"python\", \"-c\", \"import server\"]\n").With("server.py", ""),
	} {
		assert.Contains(t, checktest.Asked(t, cache.Kind(), "cache: {edit: [main.py]}", target),
			"got run again: RUN pip install", name)
	}
	for name, target := range map[string]*checktest.Target{
		"by one that a RUN writes": from("COPY requirements.txt server.py ./\n"+install+
			"RUN echo 'exec uvicorn server:app' >/start.sh\nCMD [\"sh\", \"/start.sh\"]\n").With("server.py", ""),
		"by a variable": from("COPY requirements.txt server.py ./\n"+install+
			"ENV APP=server:app\nCMD [\"sh\", \"-c\", \"exec uvicorn $APP\"]\n").With("server.py", ""),
		"under another name": from("COPY requirements.txt ./\nCOPY server.py ./api.py\n"+install+
			"CMD [\"uvicorn\", \"api:app\"]\n").With("server.py", ""),
		"named in a text": from("COPY requirements.txt server.py ./\n"+install+"COPY main.py .\n"+
			"CMD [\"python\", \"main.py\"]\n").With("main.py",
			"import os\nos.execvp('python', ['python', 'server.py'])\n").With("server.py", ""),
		"loaded by a name that is made": from("COPY requirements.txt server.py ./\n"+install+"COPY main.py .\n"+
			"CMD [\"uvicorn\", \"main:app\"]\n").With("main.py",
			"import importlib\napp = importlib.import_module('ser' + 'ver').app\n").With("server.py", ""),
		"started by what cannot be told": from("COPY requirements.txt server.py ./\n"+install+
			"COPY --from=x:1 /start /\nCMD [\"/start\"]\n").With("server.py", ""),
	} {
		assert.Contains(t, checktest.Asked(t, cache.Kind(), "cache: {edit: [main.py]}", target),
			"got run again: RUN pip install", name)
	}
	unused := from("COPY requirements.txt setup_tools.py ./\n"+install+
		"CMD [\"python\", \"main.py\"]\n").With("setup_tools.py", "")
	assert.Equal(t, good, checktest.Asked(t, cache.Kind(), "cache: {edit: [main.py]}", unused),
		"a file that the program does not use may be needed to install")
}

// TestNothingInstalledCountsOnlyWhereItRuns: a program that needs nothing is one that comes up.
// TestSaysOtherwise: what a command says of itself is not what it does.
func TestSaysOtherwise(t *testing.T) {
	const fill = "fill /inst/"
	for name, lines := range map[string]string{
		"prepared by nothing": "RUN mkdir /e && cd /e && uv sync --no-install-project\nCOPY . .\nRUN uv sync && " +
			fill + "a-1.dist-info/METADATA 90000 && " + fill + "b-1.dist-info/METADATA 90000\n",
		"the program alone": "COPY . .\nRUN pip install --no-deps ./wheels/*.whl && " + fill +
			"a-1.dist-info/METADATA 90000 && " + fill + "b-1.dist-info/METADATA 90000\n",
		"without metadata": "COPY . .\nRUN " + fill + "a/__init__.py 50000 && " + fill +
			"b/__init__.py 50000 && " + fill + "c/__init__.py 50000\n",
		"wheels":        "COPY . .\nRUN fill /w/a.whl 90000 && fill /w/b.whl 90000\n",
		"at each start": "COPY . .\nRUN true\nCMD pip install -r requirements.txt && uvicorn main:app\n",
	} {
		assert.Contains(t, checktest.Asked(t, cache.Kind(), "cache: {}", from(lines)),
			"0 an edit keeps the dependencies: ", name)
	}
	for name, lines := range map[string]string{
		"the program alone, in truth": "COPY requirements.txt .\nRUN uv sync --no-install-project\nCOPY . .\n" +
			"RUN uv sync && " + fill + "a-1.dist-info/METADATA 190000\n",
		"a package of its own": "COPY . .\nRUN fill /x/app/__init__.py 190000\n",
	} {
		assert.NotContains(t, checktest.Asked(t, cache.Kind(), "cache: {}", from(lines)), "run again: ", name)
	}
}

func TestNothingInstalledCountsOnlyWhereItRuns(t *testing.T) {
	ask := func(lines string) check.Outcome {
		o, err := checktest.Ask(t.Context(), checktest.Entry(t, cache.Kind(), "cache: {}"), from(lines), 1)
		require.NoError(t, err)
		return o
	}
	assert.Equal(t, check.Running, ask("COPY . .\nRUN echo done\n").Until)
	assert.Zero(t, ask("COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n").Until)
}

// restless is an engine that keeps no WORKDIR in its cache, as some do on scratch.
type restless struct{ *checktest.Target }

func (r restless) Retrace(ctx context.Context, edits ...check.Patch) (check.Built, error) {
	built, err := r.Target.Retrace(ctx, edits...)
	for i, s := range built.Steps {
		built.Steps[i].Cached = s.Cached && !strings.Contains(s.Name, "WORKDIR")
	}
	return built, err
}

// TestControlAsksWhatIsJudged: a step that runs nothing may be done again.
func TestControlAsksWhatIsJudged(t *testing.T) {
	assert.Equal(t, good, checktest.Asked(t, cache.Kind(), "cache: {}",
		restless{from("COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n")}))
	assert.Contains(t, checktest.Asked(t, cache.Kind(), "cache: {}",
		restless{from("COPY . .\nRUN pip install -r requirements.txt\n")}), "run again: RUN pip install")
}

// TestOtherStages: what the layers of any stage hold is looked at, and not what a command is
// called.
func TestOtherStages(t *testing.T) {
	const fill = "fill /inst/"
	lines := "COPY . .\nRUN " + fill + "a-1.dist-info/METADATA 90000 && " + fill +
		"b-1.dist-info/METADATA 90000\nFROM python:3.12-slim\nCOPY --from=0 /app/main.py /inst/\nCOPY main.py .\n"
	assert.Contains(t, checktest.Asked(t, cache.Kind(), "cache: {}", from(lines)), "run again: RUN fill")
	assert.NotContains(t, checktest.Asked(t, cache.Kind(), "cache: {}",
		from("COPY requirements.txt .\nRUN pip install --no-deps .\nCOPY . .\n")), "run again")
	assert.Contains(t, checktest.Asked(t, cache.Kind(), "cache: {}",
		from(
			"COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nRUN pip install --no-deps -r "+
				"all.txt\n")), "run again: RUN pip install --no-deps -r all.txt")
}

// TestRewritten: a stage that takes comments away hides no edit.
func TestRewritten(t *testing.T) {
	const first = "COPY main.py .\nRUN uncomment main.py\nFROM python:3.12-slim\nWORKDIR /app\n" +
		"COPY requirements.txt .\n"
	const program, install = "COPY --from=0 /app/main.py .\n", "RUN pip install -r requirements.txt\n"
	assert.Contains(t, checktest.Asked(t, cache.Kind(), "cache: {}", from(first+program+install)),
		"run again: RUN pip install -r requirements.txt")
	assert.Equal(t, good, checktest.Asked(t, cache.Kind(), "cache: {}", from(first+install+program)))
}

// TestForesee: an install below what brings the program in is told while nothing is built.
func TestForesee(t *testing.T) {
	for _, c := range []struct{ lines, want string }{
		{"COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n", ""},
		{"COPY . .\nRUN python -m compileall .\n", ""},
		{"COPY . .\nRUN pip install -r requirements.txt\n", "line 2 brings the program in before line 3 installs; " +
			"Make lines 2 to 3 of Dockerfile `COPY requirements.txt .`, `RUN pip install -r requirements.txt`, " +
			"`COPY . .`, one a line."},
		{"COPY pyproject.toml .\nRUN uv sync --no-install-project\nCOPY . .\nRUN uv sync\n", ""},
		{"COPY . .\nRUN uv sync --no-install-project\n", "line 2 brings the program in before line 3 installs; " +
			"Make lines 2 to 3 of Dockerfile `COPY pyproject.toml .`, `RUN uv sync --no-install-project`, " +
			"`COPY . .`, one a line."},
	} {
		target := checktest.New().With("Dockerfile", "FROM python:3.12-slim\n"+c.lines).
			With("requirements.txt", "fastapi\n").With("pyproject.toml", "[project]\nname = \"tasks\"\n")
		said := ""
		for _, item := range new(cache.Cache).Foresee(target, 8000) {
			said += item.Got + "; " + item.Hint.String()
		}
		target.Close()
		assert.Equal(t, c.want, said, c.lines)
	}
}
