package build_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/build"
)

func TestBuild(t *testing.T) {
	assert.Equal(t, "ok docker build: built in 2.5s", checktest.Asked(t, build.Kind(), "build: {}", checktest.New()))
	assert.Equal(t,
		`0 docker build: want an image; got unknown instruction: WROKDIR (did you mean WORKDIR?); hint: Write `+
			`WORKDIR instead of WROKDIR. `+"Make line 2 of Dockerfile `WORKDIR /app`.; at Dockerfile:2",
		checktest.Asked(t, build.Kind(), "build: {}", checktest.New().With("Dockerfile", "FROM x\nWROKDIR /app\n")))
	assert.Equal(t,
		`0 docker build: want an image; got there is no file named Dockerfile; hint: Rename "dockerfile.txt" to `+
			`"Dockerfile": Docker looks for exactly that name.`,
		checktest.Asked(t, build.Kind(), "build: {}", checktest.New().Without("Dockerfile").With("dockerfile.txt",
			"FROM x\n")))
}

// TestNextMistakes: all that Docker would meet one after another is told at once.
func TestNextMistakes(t *testing.T) {
	said := checktest.Asked(t, build.Kind(), "build: {}", checktest.New().With("Dockerfile",
		"FROM x # base\nCOPY requirements.txt\nEXPOZE 8000\n"))
	assert.Contains(t, said, "\n0 line 2: want a line that Docker can read; got `COPY requirements.txt`")
	assert.Contains(t, said, "Make line 2 of Dockerfile `COPY requirements.txt .`.; at Dockerfile:2")
	assert.Contains(t, said, "Make line 3 of Dockerfile `EXPOSE 8000`.; at Dockerfile:3")
}

func TestShape(t *testing.T) {
	var s check.Setup
	checktest.Entry(t, build.Kind(), "build: {args: {A: b}, target: final}").Asks.(check.SetupConfigurer).Configure(&s)
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
		{from("COPY pyproject.tml ."),
			`got COPY pyproject.tml .: "pyproject.tml" is not in the build context; hint: There is a file ` +
				`"pyproject.toml": is that the one you mean?`},
		{from("COPY requirements.txt .\nRUN pip install -r requirements.txt").With("requirments.txt", "x\n"),
			"Make line 2 of Dockerfile `COPY requirments.txt requirements.txt`."},
		{from("COPY requirements.txt /b/\nRUN pip install -r /b/requirements.txt").With("requirments.txt", "x\n"),
			"Make line 2 of Dockerfile `COPY requirments.txt /b/requirements.txt`."},
		{from("COPY pyproject.toml uv.lock ./\nRUN uv sync --frozen --no-dev\nCOPY . ."),
			"hint: The folder has no uv.lock, which uv lock makes. Run that and hand the file in; or do without. " +
				"Make lines 2 to 3 of Dockerfile `COPY pyproject.toml ./` and below it `RUN uv sync --no-dev`."},
		{from("COPY pyproject.toml ./poetry.lock .\nRUN poetry install"),
			"hint: The folder has no poetry.lock, which poetry lock makes. Run that and hand the file in; or do " +
				"without. Make line 2 of Dockerfile `COPY pyproject.toml .`."},
		{from("COPY package-lock.json .\nCOPY package.json .\nRUN npm ci"),
			"Make lines 2 to 4 of Dockerfile `COPY package.json .` and below it `RUN npm install`."},
		{from("COPY requirements.txt ."),
			`hint: Add the file, or change the COPY line. The folder holds: Dockerfile, main.py, pyproject.toml.`},
		{from("COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .").With("pyproject.toml",
			"[project]\nname = \"x\"\ndependencies = [\"flask\"]\n"),
			"hint: The folder has no requirements.txt; what the program needs is listed in pyproject.toml. Bring " +
				"that in, and install from it. Make lines 2 to 3 of Dockerfile `COPY pyproject.toml .` and below it " +
				"`RUN pip install .`."},
		{from("COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .").With("pyproject.toml",
			"[project]\nname = \"x\"\nreadme = \"README.md\"\ndependencies = [\"flask\"]\n"),
			"is listed in pyproject.toml. Bring that in, and install from it.; at"},
		{from("COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .").With("pyproject.toml",
			"[tool.poetry]\nname = \"x\"\n[tool.poetry.dependencies]\nflask = \"*\"\n"),
			"Make lines 2 to 3 of Dockerfile `COPY pyproject.toml .` and below it `RUN pip install --no-cache-dir " +
				"poetry && poetry config virtualenvs.create false && poetry install --no-root --only main`."},
		{from("COPY requirements.txt .\nRUN pip install -r requirements.txt\nCMD [\"uvicorn\", \"main:app\"]").Without(
			"pyproject.toml").With("main.py", "import os\nfrom fastapi import FastAPI\nimport jwt, db\n"),
			"hint: The folder has no requirements.txt, which lists what is to be installed. Make one, with what the " +
				"program imports. Write `PyJWT`, `fastapi`, `uvicorn`, one a line, at the top of " +
				"requirements.txt.; at"},
		{from("COPY go.mod go.sum ./\nRUN go mod download").With("go.mod", "module x\n"),
			"hint: The folder has no go.sum, which go mod tidy makes. Run that and hand the file in; or do without. " +
				"Make line 2 of Dockerfile `COPY go.mod ./`."},
		{from("COPY go.mod go.sum ./").With("go.mod", "module x\nrequire example.com/y v1.0.0\n"),
			"hint: The folder has no go.sum, which go mod tidy makes. Run that and hand the file in.; at"},
		{from("COPY package.json .\nCOPY server.js .\nCMD [\"node\", \"server.js\"]").Without("main.py").
			Without("pyproject.toml").With("server.js", ""),
			"hint: The folder has no package.json, and no step installs what one lists. Do without. Take `COPY " +
				"package.json .` out of Dockerfile, line 2."},
		{from("COPY package.json .\nCMD [\"npm\", \"start\"]"), "hint: Add the file, or change the COPY line."},
		{from("COPY main.py .").With(".dockerignore", "# all\n*\n!pyproject.toml\n"),
			`got COPY main.py .: "main.py" is not in the build context; hint: The file is there, but line 2 of ` +
				`.dockerignore, *, keeps it out of the build. Write ` + "`!main.py` below line 3 of .dockerignore."},
		{from("COPY ./main.py .").With(".dockerignore", "main.py\n"),
			`hint: The file is there, but line 1 of .dockerignore, main.py, keeps it out`},
		{from("COPY settings.py .").With("app/settings.py", "x"),
			`hint: It is at "app/settings.py" in the folder. Make line 2 of Dockerfile ` + "`COPY app/settings.py .`."},
		{from("COPY app/main.py ."), `hint: It is at "main.py" in the folder. Make line 2 of Dockerfile ` +
			"`COPY main.py .`."},
		{from("COPY /home/me/work/main.py ."), `hint: It is at "main.py" in the folder. Make line 2 of Dockerfile ` +
			"`COPY main.py .`."},
		{from("COPY config/base.json ."), `hint: There is no folder "config": add the file, or change the COPY line.`},
		{from("COPY app/x.py .").With("app/routes.py", ""),
			`hint: Add the file, or change the COPY line. The folder "app" holds: routes.py.`},
		{from("COPY .env .").With(".env", "A=1\n").With(".dockerignore", ".env\n"),
			"keeps it out of the build.; at Dockerfile:2"},
		{from("COPY app/ ./app/").With("App/main.py", ""),
			"There is a file \"App\": is that the one you mean? Make line 2 of Dockerfile `COPY App ./app/`."},
		{from("COPY .env main.py ./"), "hint: The folder has no .env, and need not: secrets do not belong into an " +
			"image. " +
			"Leave it out of the COPY; ENV sets what is no secret, and docker run -e the rest. Make line 2 of " +
			"Dockerfile " +
			"`COPY main.py ./`."},
		{from("COPY main.py,pyproject.toml ./"), "hint: Blanks stand between the files of a COPY, and no commas: " +
			"line 2 " +
			"names one called main.py,pyproject.toml. Take the comma out. Make line 2 of Dockerfile `COPY main.py " +
			"pyproject.toml ./`."},
		{from("COPY [\"a\", \"b\", \"/app/\"]"), `"a" is not in the build context`},
	} {
		said := checktest.Asked(t, build.Kind(), "build: {}", c.target)
		assert.Contains(t, said, c.want)
		assert.Contains(t, said, "; at Dockerfile:2")
	}
}

// TestCommandError: a log that the table of readings knows is told with its line, its cause and the
// line to write; of another, the line that most likely says why.
func TestCommandError(t *testing.T) {
	for _, c := range []struct{ log, want string }{
		{"Creating environment\nerror: Unable to find lockfile at `uv.lock`, but `--locked` was provided.\n",
			"got line 5, RUN x ended with exit code 1: error: Unable to find lockfile at `uv.lock`, but `--locked` " +
				"was provided.; hint: This step wants uv.lock, and the folder has none."},
		{"ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\nSee above for details.\n",
			"A package that was fetched is not the one whose hash the requirements name. Make the list anew, " +
				"with the hashes of today's files, as pip-compile --generate-hashes does.; at Dockerfile:5"},
		{"something\nwent wrong\n",
			"got line 5, RUN x ended with exit code 1: went wrong; hint: Look at this line of its log, and at those " +
				"above it.; at Dockerfile:5"},
		{"", "got line 5, RUN x ended with exit code 1; hint: `uv sync --no-dev` failed without a word."},
	} {
		target := checktest.New()
		target.Failure = &check.BuildFailure{Reason: check.CommandError, Line: 5, Subject: "RUN x",
			Message: "RUN x ended with exit code 1", Log: c.log}
		assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target), c.want)
	}
}

func TestOtherFailures(t *testing.T) {
	for _, c := range []struct {
		failure check.BuildFailure
		want    string
	}{
		{check.BuildFailure{Reason: check.NoSuchImage, Subject: "pyhton:3.12",
			Message: `the registry has no image "pyhton:3.12"`, Line: 1},
			`got the registry has no image "pyhton:3.12"; hint: Name one that is there, such as ` +
				`python:3.12.; at Dockerfile:1`},
		{check.BuildFailure{Reason: check.TooLong, Message: "the build was not done within 5m"},
			"hint: Does a RUN step wait for input, or start the server? Servers belong into CMD, which runs when the " +
				"container starts."},
		{check.BuildFailure{Reason: check.TooLarge, Subject: "data.bin", Message: "too large"},
			`hint: Copy only what the program needs: list "data.bin" and whatever else it does without in ` +
				`.dockerignore.`},
		{check.BuildFailure{Reason: check.TooLarge, Message: "the image has 3GB, and no more than 2GB are allowed"},
			"hint: Look at what each RUN and COPY leaves in the image, and leave out what the program does not need."},
		{check.BuildFailure{Reason: check.OtherFailure, Message: "oh"},
			"hint: Run docker build . in the folder and read the error."},
	} {
		target := checktest.New()
		target.Failure = &c.failure
		assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target), c.want)
	}
}

// TestServing: a build that does not end since a RUN starts the server has its line to write.
func TestServing(t *testing.T) {
	target := checktest.New().With("Dockerfile", "FROM python:3.12-slim\nRUN pip install uvicorn\n"+
		"RUN uvicorn main:app --port 8000\n")
	target.Failure = &check.BuildFailure{Reason: check.TooLong, Message: "the build did not end within 5m"}
	assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target),
		"hint: Line 3, RUN, starts the server while the image is built, and it does not end. Servers belong into CMD, "+
			"which runs when the container starts. Make line 3 of Dockerfile `CMD [\"uvicorn\", \"main:app\", "+
			"\"--port\", \"8000\"]`.; at Dockerfile:3")
}

// TestRefused: what an engine says of an instruction that it will not carry out, in its own words.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ line, message, want string }{
		{"EXPOSE 8000 # the port", "invalid containerPort: #", "hint: A comment begins at the start of a line alone: " +
			"behind EXPOSE Docker takes its words for ports. Make line 2 of Dockerfile `EXPOSE 8000`.; at " +
			"Dockerfile:2"},
		{"EXPOSE port", "invalid containerPort: port",
			"hint: EXPOSE wants the number of a port, such as EXPOSE 8000, and port is none.; at Dockerfile:2"},
		{"RUN --mount=type=cahce,target=/c true", `unsupported mount type "cahce" (did you mean cache?)`,
			"hint: RUN --mount knows bind, cache, tmpfs, secret and ssh. Make line 2 of Dockerfile " +
				"`RUN --mount=type=cache,target=/c true`.; at Dockerfile:2"},
		{"STOPSIGNAL FOO", "invalid signal: FOO",
			"hint: There is no signal FOO: SIGTERM is what docker stop sends where nothing else is said.; at " +
				"Dockerfile:2"},
		{"USER app\nRUN true", "unable to find user app: no matching entries in passwd file",
			"hint: The image has no user or group app at this step: make it on a line before. " +
				"Write `RUN useradd --create-home app` below line 1 of Dockerfile."},
		{"ADD https://files.example/x.tgz /x",
			`failed to load cache key: Get "https://files.example/x.tgz": dial tcp: ` +
				"lookup files.example: no such host",
			"hint: https://files.example did not answer while the image was built: " +
				"hand the file in, or take it from a host that answers.; at Dockerfile:2"},
		{"COPY requirements.txt /app\nWORKDIR /app", "mkdir /app: not a directory",
			"hint: A COPY above makes a file where /app wants a folder: a target is a folder where it ends with /. " +
				"Make line 2 of Dockerfile `COPY requirements.txt /app/`."},
		{"COPY requirements.txt /app\nWORKDIR /app/src", "lstat /app/src: not a directory",
			"where /app/src wants a folder: a target is a folder where it ends with /. Make line 2 of Dockerfile " +
				"`COPY requirements.txt /app/`."},
		{"EXPOSE 3000, 8000", "invalid containerPort: 3000,", "hint: Blanks stand between the ports of EXPOSE, and " +
			"nothing " +
			"else. Make line 2 of Dockerfile `EXPOSE 3000 8000`.; at Dockerfile:2"},
		{"COPY [\"a.txt\", \"./\"", "invalid includepatterns: [[a.txt,]: syntax error in pattern",
			"and a bracket behind. Make line 2 of Dockerfile `COPY [\"a.txt\", \"./\"]`."},
		{"RUN --mount=type=secret,id=token,required=true true", "secret token: not found", "hint: Nobody gives the " +
			"secret " +
			"token here: let the step do without it. Make line 2 of Dockerfile `RUN --mount=type=secret,id=token " +
			"true`."},
		{"COPY <<EOF /a.sh\necho ${HOST?}\nEOF", `failed to process "echo ${HOST?}": HOST: is not allowed to be unset`,
			"<<\"EOF\" in quotes keeps the text as it is. Make lines 2 to 4 of Dockerfile `COPY <<\"EOF\" /a.sh`"},
		{"RUN true", "something new", "hint: Run docker build . in the folder and read the error."},
	} {
		target := checktest.New().With("Dockerfile", "FROM python:3.12-slim\n"+c.line+"\n")
		target.Failure = &check.BuildFailure{Reason: check.OtherFailure, Message: c.message,
			Line: 2 + strings.Count(c.line, "\n")}
		assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target), c.want)
	}
	for _, c := range []struct{ from, message, want string }{
		{"FROM Python:3.12-slim AS base", `failed to parse stage name "Python:3.12-slim": invalid reference format: ` +
			"repository name (library/Python) must be lowercase",
			"hint: The name of an image has no capitals. Make line 1 of Dockerfile `FROM python:3.12-slim AS base`."},
		{"FROM python:${VERSION}", `failed to parse stage name "python:": invalid reference format`,
			"with a value for each variable. Write `ARG VERSION=3.12-slim` at the top of Dockerfile."},
		{"ARG VERSION\nFROM python:$VERSION", `failed to parse stage name "python:": invalid reference format`,
			"with a value for each variable.; at Dockerfile:2"},
		{"FROM python:${VERSION}-slim\nARG VERSION=3.12", `failed to parse stage name "python:-slim": invalid ` +
			`reference ` +
			`format`, "with a value for each variable. Make lines 1 to 2 of Dockerfile `ARG VERSION=3.12` and " +
			"below it " +
			"`FROM python:${VERSION}-slim`."},
		{"FROM python:3.12-slim\nEXPOSE http\nCMD [\"uvicorn\", \"main:app\", \"--port\", \"8000\"]",
			"invalid containerPort: http", "and http is none. Make line 2 of Dockerfile `EXPOSE 8000`."},
	} {
		target := checktest.New().With("Dockerfile", c.from+"\nUSER x\n")
		target.Failure = &check.BuildFailure{Reason: check.OtherFailure, Message: c.message}
		assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target), c.want)
	}
}

// TestNoImage: what is near to what is there is told, with the line, and nothing of another course.
func TestNoImage(t *testing.T) {
	for _, c := range []struct{ ref, want string }{
		{"pyhton:3.12-slim", "hint: Make line 1 of Dockerfile `FROM python:3.12-slim AS base`."},
		{"nodejs:20", "hint: Make line 1 of Dockerfile `FROM node:20 AS base`."},
		{"python:3.12-slm", "hint: Make line 1 of Dockerfile `FROM python:3.12-slim AS base`."},
		{"python:3.99", "hint: python is there, and this tag of it is not: its tags are listed at " +
			"https://hub.docker.com/_/python/tags."},
		{"node:20-slim", "hint: node is there, and this tag of it is not: its tags are"},
		{"flaskapp", `hint: Check the spelling of "flaskapp": a name without / is that of one of Docker's official ` +
			`images.`},
		{"ana/tasks:1", `hint: Check the spelling of "ana/tasks:1", its name and its tag; if it is private, nobody ` +
			`else can build on it.`},
		{"ghcr.io/ana/tasks:1", `hint: Check the spelling of "ghcr.io/ana/tasks:1": its registry, its name ` +
			`and its tag.`},
	} {
		target := checktest.New().With("Dockerfile", "FROM "+c.ref+" AS base\nUSER x\n")
		target.Failure = &check.BuildFailure{Reason: check.NoSuchImage, Subject: c.ref, Line: 1,
			Message: fmt.Sprintf("the registry has no image %q", c.ref)}
		assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target), c.want)
	}
	target := checktest.New().With("Dockerfile", "FROM regsitry/ana/x\n")
	target.Failure = &check.BuildFailure{Reason: check.NoSuchImage, Subject: "localhost:1/ana/x", Line: 1,
		Message: `there is no registry at "localhost"`}
	assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target),
		`hint: What stands before the first / is taken for a registry: check the spelling of "localhost:1/ana/x".`)
}

// TestNoStage: what COPY takes from is a stage where Docker's library has no image of that name.
func TestNoStage(t *testing.T) {
	for _, c := range []struct{ lines, ref, want string }{
		{"FROM node:20-slim\nRUN npm ci\nFROM python:3.12-slim\nCOPY --from=builder /app/dist ./dist\n", "builder",
			"hint: No stage above line 4 is called builder, and Docker's library has no image of that name. The " +
				"stage above, from line 1 on, has no name. Give it that name. Make line 1 of Dockerfile " +
				"`FROM node:20-slim AS builder`."},
		{"FROM node:20-slim AS deps\nFROM python:3.12-slim\nCOPY --from=builder /app/dist ./dist\n", "builder",
			"There is a stage deps. Name that. Make line 3 of Dockerfile `COPY --from=deps /app/dist ./dist`."},
		{"FROM node:20-slim AS node-deps\nFROM node:20-slim AS base\nFROM python:3.12-slim\n" +
			"RUN --mount=type=bind,from=bsae,target=/x true\n", "bsae",
			"There is a stage base. Name that. Make line 4 of Dockerfile " +
				"`RUN --mount=type=bind,from=base,target=/x true`."},
		{"FROM node:20-slim AS one\nFROM node:20-slim AS two\nFROM builder\n", "builder",
			"hint: No stage above line 3 is called builder, and Docker's library has no image of that name. Those " +
				"above are one and two. Name the stage that makes it, as its FROM … AS says."},
		{"FROM node:20-slim\nFROM node:18-slim\nFROM python:3.12-slim\nCOPY --from=builder /x /x\n", "builder",
			"Those above have no names. Write AS builder behind the FROM of the one that makes it."},
		{"FROM python:3.12-slim\nCOPY --from=builder /x /x\nFROM node:20-slim AS builder\n", "builder",
			"hint: Line 2 names the stage builder, which begins on line 3: a stage is known from there on."},
		{"FROM python:3.12-slim\nCOPY --from=builder /x /x\n", "builder",
			"hint: Line 2 takes from a stage builder, and there is none above."},
		{"FROM node:20-slim AS nginy\nFROM python:3.12-slim\nCOPY --from=nginx /x /x\n", "nginx",
			"hint: Check the spelling of"},
	} {
		target := checktest.New().With("Dockerfile", c.lines)
		target.Failure = &check.BuildFailure{Reason: check.NoSuchImage, Subject: c.ref, Line: 1, Message: "x"}
		said := checktest.Asked(t, build.Kind(), "build: {}", target)
		if c.ref == "nginx" {
			assert.NotContains(t, said, "stage")
			continue
		}
		assert.Contains(t, said, c.want)
	}
}

// TestBackslashes: Docker takes the separators of Windows away, and says that the rest is missing.
func TestBackslashes(t *testing.T) {
	target := checktest.New().With("Dockerfile", "FROM python:3.12-slim\nCOPY app\\main.py "+
		"/app/\n").With("app/main.py", "x")
	target.Failure = &check.BuildFailure{Reason: check.MissingFile, Subject: "appmain.py", Line: 2,
		Message: `"appmain.py" is not in the build context`}
	assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target), "hint: Line 2 has paths with a "+
		"backslash, as "+
		"Windows has them; in a Dockerfile folders have / between them. Write them with /. Make line 2 of Dockerfile "+
		"`COPY app/main.py /app/`.")
}

// TestStandalone: Next makes what is copied where its configuration says so.
func TestStandalone(t *testing.T) {
	for config, want := range map[string]string{
		"const nextConfig = {\n  a: 1,\n};\n": "Make line 1 of next.config.js `const nextConfig = {` and below it " +
			"`  output: 'standalone',`.",
		"module.exports = {};\n": "Make line 1 of next.config.js `module.exports = { output: 'standalone',};`.",
	} {
		target := checktest.New().With("Dockerfile", "FROM node:20-slim AS b\nRUN npm run build\nFROM node:20-slim\n"+
			"COPY --from=b /app/.next/standalone ./\n").With("next.config.js", config)
		target.Failure = &check.BuildFailure{Reason: check.MissingFile, Subject: "/app/.next/standalone",
			Stage: "b", Line: 4,
			Message: "there is none"}
		assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target), "next.config.js has output: "+
			"'standalone', and it has not. Let it say so. "+want)
	}
}

// TestOutputOfAScript: where a script of package.json writes to is what is to be copied.
func TestOutputOfAScript(t *testing.T) {
	for script, want := range map[string]string{
		"vite build": "its own lines write to /app/dist. Copy that. Make line 3 of Dockerfile `COPY " +
			"--from=b /app/dist /x`.",
		"mkdir -p out && cp a out": "its own lines write to /app/out. Copy that.",
		"node make.js": "What it runs there is the script build of package.json, `node make.js`. Copy " +
			"from where that writes to.",
	} {
		target := checktest.New().With("package.json", `{"scripts": {"build": "`+script+`"}}`).With("Dockerfile",
			"FROM node:20-slim AS b\nRUN npm run build\nCOPY --from=b /app/build /x\n")
		target.Failure = &check.BuildFailure{Reason: check.MissingFile, Subject: "/app/build", Stage: "b", Line: 3,
			Message: `there is no /app/build in "b"`}
		assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target), want)
	}
}

// TestFromWorkdir: what a stage makes in its WORKDIR is copied by its whole path.
func TestFromWorkdir(t *testing.T) {
	target := checktest.New().With("Dockerfile", "FROM eclipse-temurin:21-jdk AS b\nWORKDIR /src\nRUN mkdir out && "+
		"javac -d out A.java\nFROM eclipse-temurin:21-jre\nCOPY --from=b out .\n")
	target.Failure = &check.BuildFailure{Reason: check.MissingFile, Subject: "out", Stage: "b", Line: 5,
		Message: `there is no out in "b"`}
	assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target), "A COPY --from counts from /, and not "+
		"from the WORKDIR of the stage b, which is /src. Name it from / on. Make line 5 of Dockerfile `COPY --from=b "+
		"/src/out .`.")
}

// TestNothingBuilt: where no line of a stage makes what is copied from it, it is said where that stage
// has what CMD starts.
func TestNothingBuilt(t *testing.T) {
	target := checktest.New().With("server.js", "x").With("Dockerfile", "FROM node:20-slim AS b\nWORKDIR /app\n"+
		"COPY . .\nFROM node:22-slim\nWORKDIR /app\nCOPY --from=b /app/dist ./dist\nCMD node dist/server.js\n")
	target.Failure = &check.BuildFailure{Reason: check.MissingFile, Subject: "/app/dist", Stage: "b", Line: 6,
		Message: `there is no /app/dist in "b"`}
	assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target), "No line of the stage b "+
		"makes /app/dist; server.js is in /app there. Copy that. Make line 6 of Dockerfile `COPY --from=b /app "+
		"./dist`.")
}

// TestAboveTheFolder: Docker takes the dots away, and says that the rest is missing.
func TestAboveTheFolder(t *testing.T) {
	target := checktest.New().With("Dockerfile", "FROM python:3.12-slim\nCOPY ../shared /app/shared\n")
	target.Failure = &check.BuildFailure{Reason: check.MissingFile, Subject: "shared", Line: 2,
		Message: `"shared" is not in the build context`}
	assert.Contains(t, checktest.Asked(t, build.Kind(), "build: {}", target),
		"hint: Docker copies only what is in the folder of the Dockerfile or below it.")
}

// FuzzLog: whatever a log holds, what is said of it is one short line.
func FuzzLog(f *testing.F) {
	f.Add("E: Unable to locate package crul\n")
	f.Fuzz(func(t *testing.T, log string) {
		target := checktest.New()
		target.Failure = &check.BuildFailure{Reason: check.CommandError, Message: "RUN x", Log: log}
		if said := checktest.Asked(t, build.Kind(), "build: {}", target); len(said) > 2400 {
			t.Fatalf("%d bytes: %s", len(said), said)
		}
	})
}
