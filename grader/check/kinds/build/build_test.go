package build_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/build"
)

func TestBuild(t *testing.T) {
	assert.Equal(t, "ok docker build: built in 2.5s", checktest.Asked(t, build.Kind(), "build: {}", checktest.New()))
	assert.Equal(t, `0 docker build: want an image; got unknown instruction: WROKDIR (did you mean WORKDIR?); hint: Write WORKDIR instead of WROKDIR.; at Dockerfile:2`,
		checktest.Asked(t, build.Kind(), "build: {}", checktest.New().With("Dockerfile", "FROM x\nWROKDIR /app\n")))
	assert.Equal(t, `0 docker build: want an image; got there is no file named Dockerfile; hint: Rename "dockerfile.txt" to "Dockerfile": Docker looks for exactly that name.`,
		checktest.Asked(t, build.Kind(), "build: {}", checktest.New().Without("Dockerfile").With("dockerfile.txt", "FROM x\n")))
}

func TestShape(t *testing.T) {
	var s check.Setup
	checktest.Entry(t, build.Kind(), "build: {args: {A: b}, target: final}").Asks.(check.Shaper).Shape(&s)
	assert.Equal(t, check.Setup{BuildArgs: map[string]string{"A": "b"}, Target: "final"}, s)
}

// TestMissingFile: what is there, what is meant, or the line that hides it.
func TestMissingFile(t *testing.T) {
	from := func(line string) *checktest.Target {
		return checktest.New().With("Dockerfile", "FROM python:3.12-slim\n"+line+"\n")
	}
	for _, c := range []struct {
		target *checktest.Target
		want   string
	}{
		{from("COPY pyproject.tml ."), `got COPY pyproject.tml .: "pyproject.tml" is not in the build context; hint: There is a file "pyproject.toml": is that the one you mean?`},
		{from("COPY requirements.txt ."), `hint: Add the file, or change the COPY line. The folder holds: Dockerfile, main.py, pyproject.toml.`},
		{from("COPY main.py .").With(".dockerignore", "# all\n*\n!pyproject.toml\n"), `got COPY main.py .: "main.py" is not in the build context; hint: The file is there, but line 2 of .dockerignore, *, keeps it out of the build: remove the line, or add !main.py below it.`},
		{from("COPY ./main.py .").With(".dockerignore", "main.py\n"), `hint: The file is there, but line 1 of .dockerignore, main.py, keeps it out`},
		{from("COPY settings.py .").With("app/settings.py", "x"), `hint: It is at "app/settings.py": write COPY app/settings.py.`},
		{from("COPY app/main.py ."), `hint: It is at "main.py": write COPY main.py.`},
		{from("COPY config/base.json ."), `hint: There is no folder "config": add the file, or change the COPY line.`},
		{from("COPY app/x.py .").With("app/routes.py", ""), `hint: Add the file, or change the COPY line. The folder "app" holds: routes.py.`},
		{from("COPY [\"a\", \"b\", \"/app/\"]"), `"a" is not in the build context`},
	} {
		said := checktest.Asked(t, build.Kind(), "build: {}", c.target)
		assert.Contains(t, said, c.want)
		assert.Contains(t, said, "; at Dockerfile:2")
	}
}

// logs are what tools print, in their own words, and what a student reads of it.
var logs = []struct{ log, got, hint string }{
	// uv, several versions
	{"  × No solution found when resolving dependencies:\n  ╰─▶ Because there is no version of fastapi==99.0.0 and your project depends\n      on fastapi==99.0.0, we can conclude that your project's requirements\n      are unsatisfiable.\n",
		`no package satisfies "fastapi==99.0.0"`, `Check the version of "fastapi==99.0.0" in pyproject.toml or requirements.txt: there is none.`},
	{"  × No solution found when resolving dependencies:\n  ╰─▶ Because there are no versions of fastapi and you require fastapi, we can conclude that your requirements are unsatisfiable.\n",
		`no package satisfies "fastapi"`, `Check the version of "fastapi" in pyproject.toml or requirements.txt: there is none.`},
	{"\x1b[31m×\x1b[0m No solution found when resolving dependencies:\n  ╰─▶ Because fastapii was not found in the package registry and your project\n      depends on fastapii>=0.115.0, we can conclude that your project's\n      requirements are unsatisfiable.\n",
		`there is no package "fastapii"`, `Check the spelling of "fastapii" in pyproject.toml or requirements.txt.`},
	{"  × No solution found when resolving dependencies for split\n  │ (python_full_version >= '3.13'):\n  ╰─▶ Because only fastapi<=0.115.6 is available and your project depends on\n      fastapi>=1.0, we can conclude that your project's requirements are\n      unsatisfiable.\n",
		`no package satisfies "fastapi>=1.0": only fastapi<=0.115.6 is available`, `Change "fastapi>=1.0" in pyproject.toml or requirements.txt to a version that there is.`},
	{"  ╰─▶ Because fastapi==0.115.0 depends on starlette>=0.37.2,<0.39.0 and your\n      project depends on fastapi==0.115.0, we can conclude that your project\n      depends on starlette>=0.37.2,<0.39.0.\n      And because your project depends on starlette==0.20, we can conclude\n      that your project's requirements are unsatisfiable.\n",
		"Because fastapi==0.115.0 depends on starlette>=0.37.2,<0.39.0 and your project depends on fastapi==0.115.0, we can conclude that your project depends on starlette>=0.37.2,<0.39.0. And because your project depends on starlette==0.20, we can conclude that your project's requirements are unsatisfiable",
		"Two of these do not go together: loosen the version of one in pyproject.toml."},
	{"error: Failed to resolve dependencies\n  Caused by: No solution found when resolving dependencies\n",
		"the dependencies do not go together", "Check names and versions of the dependencies in pyproject.toml or requirements.txt."},
	{"error: No interpreter found for Python >=3.14 in managed installations or search path\n",
		"the project wants Python >=3.14, which the image does not have", "Make requires-python in pyproject.toml and the version of the base image agree."},
	{"error: Failed to parse: `pyproject.toml`\n  Caused by: TOML parse error at line 6, column 5\n", "pyproject.toml cannot be read, from line 6 on", "Mend line 6 of pyproject.toml."},
	{"error: No `pyproject.toml` found in current directory or any parent directory\n", "there is no pyproject.toml at this step", "COPY pyproject.toml before this step."},
	{"error: Unable to find lockfile at `uv.lock`. To create a lockfile, run `uv lock` or `uv sync`.\n", "there is no uv.lock at this step", "COPY uv.lock before this step, or make it with uv lock."},
	{"error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.\n", "uv.lock is older than pyproject.toml", "Run uv lock, and hand in the new uv.lock."},
	{"error: Failed to build `pydantic-core==2.27.2`\n  Caused by: Failed to build wheel\n", `"pydantic-core==2.27.2" has to be compiled, and that failed`,
		`Take a version of "pydantic-core==2.27.2" that has a wheel for this Python, or a base image with a compiler in a first stage.`},
	{"OSError: Readme file does not exist: README.md\n", "the package wants a README.md, which is not there", "COPY README.md before this step, or take readme out of pyproject.toml."},
	// pip
	{"ERROR: Could not find a version that satisfies the requirement fastapi==99.0.0 (from versions: 0.1.0, 0.115.6)\nERROR: No matching distribution found for fastapi==99.0.0\n",
		`no package satisfies "fastapi==99.0.0"`, `Check the spelling and the version of "fastapi==99.0.0" in requirements.txt or pyproject.toml.`},
	{"ERROR: Could not find a version that satisfies the requirement fastapii (from versions: none)\nERROR: No matching distribution found for fastapii\n",
		`no package satisfies "fastapii"`, `Check the spelling and the version of "fastapii" in requirements.txt or pyproject.toml.`},
	{"ERROR: Cannot install -r requirements.txt (line 1) and starlette==0.20 because these package versions have conflicting dependencies.\n\nThe conflict is caused by:\n",
		"-r requirements.txt (line 1) and starlette==0.20 do not go together", "Loosen the version of one of them: the build's log says what each wants of the other."},
	{"ERROR: Could not open requirements file: [Errno 2] No such file or directory: 'requirements.txt'\n", "there is no requirements.txt at this step", "COPY requirements.txt before this step."},
	{"ERROR: Invalid requirement: 'fastapi=0.1': Expected end or semicolon\n", `"fastapi=0.1" is no requirement`, "Write it as NAME==VERSION or NAME>=VERSION in requirements.txt."},
	{"ERROR: Package 'x' requires a different Python: 3.12.4 not in '>=3.13'\n", "a package wants Python >=3.13, and the image has 3.12.4", "Begin with a base image of that Python version, or take another version of the package."},
	{"  error: command 'gcc' failed\nERROR: Failed building wheel for psycopg2\n", `"psycopg2" has to be compiled, and that failed`, `Take a version of "psycopg2" that has a wheel for this Python, or a base image with a compiler in a first stage.`},
	{"error: externally-managed-environment\n", "pip may not change this system's own Python", "Begin with a python base image, such as python:3.12-slim, or make a virtual environment."},
	// poetry, apt and the shells
	{"Because task-api depends on fastapi (99) which doesn't match any versions, version solving failed.\n", `no package satisfies "fastapi (99)"`, `Check the spelling and the version of "fastapi (99)" in pyproject.toml.`},
	{"E: Unable to locate package crul\n", `apt knows no package "crul"`, `Run apt-get update in the same RUN, before the install, and check the spelling of "crul".`},
	{"/bin/sh: 1: uv: not found\n", `the image has no program "uv" at this step`, "Install uv, or copy it in, on a line before."},
	{"/bin/sh: uv: not found\n", `the image has no program "uv" at this step`, "Install uv, or copy it in, on a line before."},
	{"/bin/bash: line 1: poetry: command not found\n", `the image has no program "poetry" at this step`, "Install poetry, or copy it in, on a line before."},
	{"python: can't open file '/app/setup.py': [Errno 2] No such file or directory\n", "there is no /app/setup.py at this step", "COPY the file before this step."},
	{"mkdir: cannot create directory '/data': Permission denied\n", "the user of this step may not do that", "Put the step before USER, or give the files to that user with COPY --chown."},
	// and where none of these is
	{"something\nwent wrong\n", "went wrong", "The last lines of the step's output say why the command failed."},
}

func TestCommandError(t *testing.T) {
	for _, c := range logs {
		target := checktest.New()
		target.Failure = &check.BuildFailure{Reason: check.CommandError, Line: 5, Subject: "RUN x", Message: "RUN x ended with exit code 1", Log: c.log}
		assert.Equal(t, "0 docker build: want an image; got RUN x ended with exit code 1: "+c.got+"; hint: "+c.hint+"; at Dockerfile:5",
			checktest.Asked(t, build.Kind(), "build: {}", target), c.log)
	}
}

func TestOtherFailures(t *testing.T) {
	for _, c := range []struct {
		failure check.BuildFailure
		want    string
	}{
		{check.BuildFailure{Reason: check.NoSuchImage, Subject: "pyhton:3.12", Message: `the registry has no image "pyhton:3.12"`, Line: 1},
			`got the registry has no image "pyhton:3.12"; hint: Check the spelling of "pyhton:3.12"; the lesson uses python:3.12-slim.; at Dockerfile:1`},
		{check.BuildFailure{Reason: check.TooLong, Message: "the build was not done within 5m"}, "hint: Does a RUN step wait for input, or start the server? Servers belong into CMD, which runs when the container starts."},
		{check.BuildFailure{Reason: check.TooLarge, Subject: "data.bin", Message: "too large"}, `hint: Copy only what the program needs: list "data.bin" and whatever else it does without in .dockerignore.`},
		{check.BuildFailure{Reason: check.OtherFailure, Message: "oh"}, "hint: Run docker build . in the folder and read the error."},
	} {
		target := checktest.New()
		target.Failure = &c.failure
		assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target), c.want)
	}
}

// FuzzLog: whatever a log holds, what is said of it is one short line.
func FuzzLog(f *testing.F) {
	for _, c := range logs {
		f.Add(c.log)
	}
	f.Fuzz(func(t *testing.T, log string) {
		target := checktest.New()
		target.Failure = &check.BuildFailure{Reason: check.CommandError, Message: "RUN x", Log: log}
		if said := checktest.Asked(t, build.Kind(), "build: {}", target); len(said) > 1200 {
			t.Fatalf("%d bytes: %s", len(said), said)
		}
	})
}
