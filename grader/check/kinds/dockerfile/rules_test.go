package dockerfile

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	df "github.com/taskgrader/taskgrader/grader/dockerfile"
)

func TestThereAreNineteenRules(t *testing.T) {
	assert.Len(t, rules, 19)
	seen := map[string]bool{}
	for _, r := range rules {
		assert.False(t, seen[r.ID], r.ID)
		seen[r.ID] = true
		assert.NotEmpty(t, r.Bad, r.ID)
		assert.NotEmpty(t, r.Good, r.ID)
	}
}

// found returns what a rule says of a Dockerfile, "line: got; hint", or ok.
func found(t *testing.T, id, text string) string {
	t.Helper()
	file, err := df.Parse("Dockerfile", []byte(text))
	require.NoError(t, err, text)
	for _, r := range rules {
		if r.ID == id {
			if f := r.find(file); f != nil {
				hint := f.hinted(check.NewSource(fstest.MapFS{"Dockerfile": {Data: []byte(text)},
					"requirements.txt": {Data: []byte("fastapi\n")}}))
				if e := hint.Edit; e != nil { // the line to write helps
					text, err := e.Apply(strings.Join(file.Lines, "\n"))
					require.NoError(t, err)
					changed, err := df.Parse("Dockerfile", []byte(text))
					require.NoError(t, err)
					assert.Nil(t, r.find(changed), text)
				}
				return strings.Join([]string{string(rune('0' + f.line)), f.got, hint.String()}, "; ")
			}
			return "ok"
		}
	}
	t.Fatalf("there is no rule %s", id)
	return ""
}

func TestRules(t *testing.T) {
	const (
		tag   = "; Make line 1 of Dockerfile `FROM python:3.12-slim`."
		order = "; Copy only the file that lists the dependencies, install, then copy the program."
		lists = " && rm -rf /var/lib/apt/lists/*\n"
	)
	for _, c := range []struct{ id, text, want string }{
		// references
		{"from-pinned", "FROM python\n", "1; FROM python" + tag},
		{"from-pinned", "FROM localhost:5000/python\n",
			"1; FROM localhost:5000/python; Write the version of localhost:5000/python that you use behind it, with " +
				"a colon between."},
		{"from-pinned", "FROM localhost:5000/python:3.12\n", "ok"},
		{"from-pinned", "FROM python@sha256:" + strings.Repeat("a", 64) + "\n", "ok"},
		{"from-pinned", "FROM --platform=linux/amd64 python:3.12\n", "ok"},
		// the second is the stage
		{"from-pinned", "FROM python AS python\nFROM python\n",
			"1; FROM python; Make line 1 of Dockerfile `FROM python:3.12-slim AS python`."},
		{"from-pinned", "FROM python:3.12 AS python\nFROM python\nFROM PYTHON\n", "ok"},
		{"from-pinned", "FROM scratch\n", "ok"},
		{"from-pinned", "ARG BASE=python\nFROM ${BASE}\n",
			"2; FROM python; Write the version of python that you use behind it, with a colon between."},
		{"from-pinned", "ARG BASE=python:3.12\nFROM ${BASE}\n", "ok"},
		{"from-pinned", "ARG V=\"3.12\"\nFROM python:${V}-slim as base\n", "ok"},
		{"from-pinned", "ARG BASE\nFROM ${BASE}\n", "ok"}, // not known here
		{"from-pinned", "ARG V\nFROM python:${V:-3.12}\n", "ok"},
		{"from-not-latest", "FROM python:latest\n", "1; FROM python:latest" + tag},
		{"from-not-latest", "FROM python:latest AS a\nFROM a\n",
			"1; FROM python:latest; Make line 1 of Dockerfile `FROM python:3.12-slim AS a`."},
		{"from-not-latest", "FROM python:latest AS a\nFROM python:3.12\nCOPY --from=a /x /x\n", "ok"},
		{"from-not-latest", "FROM python:latest@sha256:" + strings.Repeat("a", 64) + "\n", "ok"},
		{"from-not-latest", "FROM localhost:5000/latest\n", "ok"},
		{"from-not-latest", "ARG T=latest\nFROM python:$T\n",
			"2; FROM python:latest; Write the version of python that you use in the place of latest."},
		{"from-not-latest", "FROM python:3.12-slim\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/\n", "ok"},

		// folders and copies
		{"workdir-set", "FROM x:1\nCOPY *.py ./\n",
			"2; COPY *.py ./, with no WORKDIR before it; Write a WORKDIR above line 2, such as WORKDIR /app."},
		{"workdir-set", "FROM x:1\nCOPY a /app/\n", "ok"},
		{"workdir-set", "FROM x:1 AS a\nWORKDIR /b\nFROM a\nCOPY x .\n", "ok"},
		{"workdir-absolute", "FROM x:1\nWORKDIR ./app\n",
			"2; WORKDIR ./app; Write the whole path, from / on: it is joined with the WORKDIR before it, or with the " +
				"base image's."},
		{"workdir-absolute", "FROM x:1\nWORKDIR \"/app\"\n", "ok"},
		{"workdir-absolute", "FROM x:1\nENV H=/a\nWORKDIR $H\nworkdir\t/b\n", "ok"},
		{"copy-not-add", "FROM x:1\nADD main.py /app/\n",
			"2; ADD main.py /app/; Make line 2 of Dockerfile `COPY main.py /app/`."},
		{"copy-not-add", "FROM x:1\nADD https://x/y /y\nADD a.tar.gz /b\n", "ok"},

		// installs, as people write them
		{"deps-before-source", "FROM x:1\nCOPY . .\nRUN pip install -r requirements.txt\n",
			"2; COPY . . comes before the install; Make lines 2 to 3 of Dockerfile `COPY requirements.txt .`, `RUN " +
				"pip install -r requirements.txt`, `COPY . .`, one a line."},
		{"deps-before-source", "FROM x:1\nCOPY . /app\nRUN python -m pip install --upgrade pip\n",
			"2; COPY . /app comes before the install; Make lines 2 to 3 of Dockerfile `RUN python -m pip install " +
				"--upgrade pip` and below it `COPY . /app`."},
		{"deps-before-source",
			"FROM x:1\nCOPY --chown=app:app ./ ./\nRUN uv pip install --system -r requirements.txt\n",
			"2; COPY --chown=app:app ./ ./ comes before the install" + order},
		{"deps-before-source", "FROM x:1\nCOPY [\"main.py\", \"/app/\"]\nRUN [\"pip\", \"install\", \"fastapi\"]\n",
			"2; COPY [\"main.py\", \"/app/\"] comes before the install; Make lines 2 to 3 of Dockerfile `RUN " +
				"[\"pip\", \"install\", \"fastapi\"]` and below it `COPY [\"main.py\", \"/app/\"]`."},
		{"deps-before-source", "FROM x:1\nADD . .\nRUN poetry install\n",
			"2; ADD . . comes before the install" + order},
		{"deps-before-source",
			"FROM x:1\ncopy ./app ./app\nrun cd app && \\\n  /usr/local/bin/pip3 install \\\n  fastapi\n",
			"2; copy ./app ./app comes before the install" + order},
		{"deps-before-source", "FROM x:1\nCOPY src/tasks ./tasks\nRUN <<EOF\nset -e\npip install fastapi\nEOF\n",
			"2; COPY src/tasks ./tasks comes before the install" + order},
		{"deps-before-source", "# escape=`\nFROM x:1\nCOPY . .\nRUN pip `\n  install x\n",
			"3; COPY . . comes before the install; Make lines 3 to 5 of Dockerfile `RUN pip ``, `  install x`, `COPY " +
				". .`, one a line."},
		{"deps-before-source", "\ufeffFROM x:1\r\nCOPY . .\r\nRUN pip install x\r\n",
			"2; COPY . . comes before the install; Make lines 2 to 3 of Dockerfile `RUN pip install x` and below it " +
				"`COPY . .`."},
		{"deps-before-source", "FROM x:1\nRUN --mount=type=bind,target=. pip install -r requirements.txt\n",
			"2; RUN --mount=type=bind,target=. pip install -r requirements.txt mounts the program" + order},
		{"deps-before-source",
			"FROM x:1\nRUN --mount=type=bind,source=requirements.txt,target=r.txt pip install -r r.txt\nCOPY . .\n",
			"ok"},
		{"deps-before-source", "FROM x:1\nRUN --mount=type=bind,from=a,source=.,target=/a pip install /a/x.whl\n",
			"ok"},
		{"deps-before-source",
			"FROM x:1\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --locked --no-install-project\nCOPY . .\nRUN uv " +
				"sync --locked\n", "ok"},
		{"deps-before-source",
			"FROM x:1\nCOPY setup.py ./app/requirements.txt README.md ./\nRUN pip install -r requirements.txt\nCOPY " +
				". .\nRUN pip install --no-deps .\n", "ok"},
		{"deps-before-source",
			"FROM x:1\nCOPY . .\nRUN echo pip install is next && uv --version && pip list && apt-get update\n", "ok"},
		{"deps-before-source", "FROM x:1\nONBUILD COPY . .\nRUN pip install x\n", "ok"},
		{"deps-before-source", "FROM x:1 AS a\nCOPY . .\nFROM x:1\nRUN pip install x\n", "ok"},

		// caches
		{"run-cache-clean", "FROM x:1\nRUN pip install x\n",
			"2; RUN pip install x; Make line 2 of Dockerfile `RUN pip install --no-cache-dir x`."},
		{"run-cache-clean", "FROM x:1\nRUN pip install --no-cache-dir uv && uv sync\n",
			"2; RUN pip install --no-cache-dir uv && uv sync; Make line 2 of Dockerfile `RUN pip install " +
				"--no-cache-dir uv && uv sync --no-cache`."},
		{"run-cache-clean", "FROM x:1\nRUN python3 -m pip install x\n",
			"2; RUN python3 -m pip install x; Make line 2 of Dockerfile `RUN python3 -m pip install " +
				"--no-cache-dir x`."},
		{"run-cache-clean",
			"FROM x:1\nRUN pip install --no-cache-dir x\nRUN uv pip install --no-cache x\nRUN uv sync -n\n", "ok"},
		{"run-cache-clean",
			"FROM x:1\nRUN --mount=type=cache,target=/root/.cache/uv uv sync\nRUN --mount=target=/c,type=cache pip " +
				"install x\n", "ok"},
		{"run-cache-clean", "FROM x:1\nENV PIP_NO_CACHE_DIR=1\nRUN pip install x\n", "ok"},
		{"run-cache-clean", "FROM x:1\nENV A=1 \\\n  UV_NO_CACHE=1\nRUN uv sync\n", "ok"},
		{"run-cache-clean", "FROM x:1\nRUN PIP_NO_CACHE_DIR=1 pip install x\n", "ok"},
		{"run-cache-clean",
			"FROM x:1\nRUN pip install x && rm -rf ~/.cache\nRUN uv sync && uv cache clean\nRUN pip install y && pip " +
				"cache purge\n", "ok"},
		{"run-cache-clean", "FROM x:1 AS b\nRUN pip install x\nFROM x:1\nCOPY --from=b /x /x\n", "ok"},
		{"run-cache-clean", "FROM x:1 AS b\nRUN pip install x\nFROM b\n",
			"2; RUN pip install x; Make line 2 of Dockerfile `RUN pip install --no-cache-dir x`."},
		{"run-apt-clean", "FROM x:1\nRUN apt-get install -y curl" + lists,
			"2; RUN apt-get install -y curl && rm -rf /var/lib/apt/lists/*; Make line 2 of Dockerfile `RUN apt-get " +
				"update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*`."},
		{"run-apt-clean", "FROM x:1\nRUN apt-get update && apt-get install -y curl\n",
			"2; RUN apt-get update && apt-get install -y curl; Make line 2 of Dockerfile `RUN apt-get update && " +
				"apt-get install -y curl && rm -rf /var/lib/apt/lists/*`."},
		{"run-apt-clean", "FROM x:1\nRUN apt update && apt install -y curl" + lists, "ok"},
		{"run-apt-clean", "FROM x:1\nRUN apt-get -qq update && apt-get -y install curl" + lists, "ok"},
		{"run-apt-clean",
			"FROM x:1\nRUN --mount=type=cache,target=/var/lib/apt apt-get update && apt-get install -y curl\n", "ok"},
		{"run-apt-clean", "FROM x:1\nRUN apt-get update\n", "ok"},
		{"run-no-cd", "FROM x:1\nRUN cd /app\n", "2; RUN cd /app; Use WORKDIR instead of cd."},
		{"run-no-cd", "FROM x:1\nRUN mkdir /app && cd /app\n",
			"2; RUN mkdir /app && cd /app; Use WORKDIR instead of cd."},
		{"run-no-cd", "FROM x:1\nRUN cd /app && make\n", "ok"},
		{"run-no-sudo", "FROM x:1\nRUN true && sudo apt-get update\n",
			"2; RUN true && sudo apt-get update; Make line 2 of Dockerfile `RUN true && apt-get update`."},
		{"run-no-sudo", "FROM x:1\nRUN echo pseudo sudoku\n", "ok"},

		// what starts
		{"cmd-exec", "FROM x:1\nCMD A=b uvicorn main:app\n",
			"2; CMD A=b uvicorn main:app; In a list nothing reads NAME=value: ENV sets it. " +
				"Make line 2 of Dockerfile `ENV A=b` and below it `CMD [\"uvicorn\", \"main:app\"]`."},
		{"cmd-exec", "FROM x:1\nCMD uvicorn main:app --port $PORT\n",
			"2; CMD uvicorn main:app --port $PORT; A shell is needed for what the line does, and exec gives " +
				"its place to the program. Make line 2 of Dockerfile `CMD [\"sh\", \"-c\", \"exec uvicorn main:app " +
				"--port $PORT\"]`."},
		{"cmd-exec", "FROM x:1\nENTRYPOINT uvicorn\nCMD [\"x\"]\n",
			"2; ENTRYPOINT uvicorn; Write it as a list, each word in double quotes."},
		{"workdir-absolute", "FROM x:1\nWORKDIR /srv\nWORKDIR src\n",
			"3; WORKDIR src; Make line 3 of Dockerfile `WORKDIR /srv/src`."},
		{"cmd-no-reload", "FROM x:1\nCMD [\"uvicorn\", \"a:b\", \"--reload\"]\n",
			`2; CMD ["uvicorn", "a:b", "--reload"]; Make line 2 of Dockerfile ` + "`" + `CMD ["uvicorn", "a:b"]` +
				"`."},
		{"from-pinned", "FROM acme/base\n",
			"1; FROM acme/base; Write the version of acme/base that you use behind it, with a colon between."},
		{"cmd-exec", "FROM x:1\nCMD uvicorn main:app --port 8000\n",
			"2; CMD uvicorn main:app --port 8000; A list starts the program itself, and not a shell that starts it. " +
				"Make line 2 of Dockerfile `CMD [\"uvicorn\", \"main:app\", \"--port\", \"8000\"]`."},
		{"cmd-exec", "FROM x:1\nENTRYPOINT exec uvicorn \"main:app\"\n",
			"2; ENTRYPOINT exec uvicorn \"main:app\"; A list starts the program itself, and not a shell that starts " +
				"it. Make line 2 of Dockerfile `ENTRYPOINT [\"uvicorn\", \"main:app\"]`."},
		{"cmd-exec", "FROM x:1\nCMD ['uvicorn', 'main:app']\n",
			"2; CMD ['uvicorn', 'main:app']; Docker takes a list in double quotes alone for one, and gave this to a " +
				"shell. Make line 2 of Dockerfile `CMD [\"uvicorn\", \"main:app\"]`."},
		{"cmd-exec", "FROM x:1 AS a\nCMD foo\nFROM x:1\nENTRYPOINT [\"x\"]\n", "ok"},
		{"cmd-exec", "FROM x:1 AS a\nCMD foo\nFROM a\nCMD [\"x\"]\n", "ok"},
		{"cmd-exec", "FROM x:1 AS a\nCMD foo\nFROM a\n",
			"2; CMD foo; A list starts the program itself, and not a shell that starts it. Make line 2 of Dockerfile " +
				"`CMD [\"foo\"]`."},
		{"cmd-single", "FROM x:1\nCMD a\nCMD b\n",
			"3; a second CMD b; Only the last CMD counts. Take `CMD a` out of Dockerfile, line 2."},
		{"cmd-single", "FROM x:1 AS a\nCMD a\nFROM x:1\nCMD b\n", "ok"},
		{"cmd-no-reload", "FROM x:1\nCMD [\"fastapi\", \"dev\", \"main.py\"]\n",
			"2; CMD [\"fastapi\", \"dev\", \"main.py\"]; Make line 2 of Dockerfile `CMD [\"fastapi\", \"run\", " +
				"\"main.py\"]`."},
		{"cmd-no-reload", "FROM x:1\nCMD [\"fastapi\", \"run\"]\n", "ok"},
		{"expose-format", "FROM x:1\nEXPOSE 8000/tcp 53/UDP 7000-7010 $PORT\n", "ok"},
		{"expose-format", "FROM x:1\nEXPOSE 127.0.0.1:8000\n",
			"2; EXPOSE 127.0.0.1:8000; Make line 2 of Dockerfile `EXPOSE 8000`."},
		{"user-nonroot", "FROM x:1 AS a\nUSER app\nFROM a\n", "ok"},
		{"user-nonroot", "FROM x:1\nUSER app\nRUN x\nUSER 0:0\n", "4; USER 0:0; Name a user that is not root."},
		{"user-nonroot", "FROM x:1\nUSER $APP\n", "ok"},
		{"healthcheck", "FROM x:1 AS a\nHEALTHCHECK --interval=5s CMD curl -f http://127.0.0.1:8000/\nFROM a\n", "ok"},
		{"healthcheck", "FROM x:1\nHEALTHCHECK none\n",
			"1; no HEALTHCHECK; Add a HEALTHCHECK that asks where the program says that it is well, such as /health."},
		{"no-secret-env", "FROM x:1\nARG TOKEN\nENV KEY=$TOKEN PUBLIC_KEY=abc\n", "ok"},
		{"no-secret-env", "FROM x:1\nENV DEBUG=1 DB_PASSWORD=\"a b\"\n",
			"2; ENV DEBUG=1 DB_PASSWORD=\"a b\"; Pass it when the container starts: docker run -e DB_PASSWORD=…."},
		{"no-secret-env", "FROM x:1\nENV SECRET_KEY abc\n",
			"2; ENV SECRET_KEY abc; Pass it when the container starts: docker run -e SECRET_KEY=…."},
		{"multi-stage", "FROM x:1\n",
			"1; one stage; Install in a first stage, FROM … AS builder, and COPY --from=builder into the last."},
	} {
		assert.Equal(t, c.want, found(t, c.id, c.text), "%s\n%s", c.id, c.text)
	}
}
