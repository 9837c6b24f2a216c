package baseimage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/baseimage"
	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/engine"
)

// TestStandIns builds on the real stand-ins, or on the real images where they are: what students
// rely on works, and what should fail fails as it does with the real ones.
func TestStandIns(t *testing.T) {
	e, err := engine.Connect(t.Context())
	require.NoError(t, err, "this test needs Docker: start it, then run the test again")
	t.Cleanup(func() { assert.NoError(t, e.Close()) })
	uvPython := "ghcr.io/astral-sh/uv:python3.12-bookworm-slim"
	results, err := baseimage.Prepare(t.Context(), e.Store(), append([]string{uvPython}, baseimage.Default...),
		baseimage.Options{Offline: true, Progress: func(line string) { t.Log(line) }})
	require.NoError(t, err)
	for _, r := range results {
		require.NotEqual(t, baseimage.Missing, r.Action, r.Ref)
	}
	const withUV = "FROM python:3.12-slim\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /uvx /bin/\nWORKDIR " +
		"/app\nCOPY . .\n"
	project := func(dependencies string) map[string]string {
		return map[string]string{"pyproject.toml": "[project]\nname = \"x\"\nversion = \"1\"\nrequires-python = " +
			"\">=3.12\"\ndependencies = [" + dependencies + "]\n"}
	}
	backend := func(requires, name string) map[string]string {
		return map[string]string{"x/__init__.py": "", "pyproject.toml": "[build-system]\nrequires = [\"" + requires +
			"\"]\nbuild-backend = \"" + name + "\"\n[project]\nname = \"x\"\nversion = \"1\"\n"}
	}
	for _, c := range []struct {
		name       string
		dockerfile string
		files      map[string]string
		fails      string // what the log of the failing step says; empty is a build that works
	}{
		{"pip by name",
			"FROM python:3.12-slim\nRUN pip install --no-cache-dir fastapi 'uvicorn[standard]' && python -c 'import " +
				"fastapi, uvicorn, pydantic'", nil, ""},
		{"what learners install", "FROM python:3.12-slim\nRUN pip install python-multipart 'pyjwt[crypto]' " +
			"'passlib[bcrypt]' alembic 'flask-cors>=4' flask-migrate sqlmodel redis pymysql aiohttp loguru " +
			"structlog typer orjson python-decouple peewee tinydb bottle waitress pytest-asyncio pytest-cov && " +
			"pip check && python -c 'import python_multipart, jwt, cryptography.fernet, bcrypt, " +
			"alembic.config, flask_cors, flask_migrate, sqlmodel, redis, pymysql, aiohttp, loguru, structlog, typer, " +
			"orjson, decouple, peewee, tinydb, bottle, waitress'", nil, ""},
		{"a project built by setuptools",
			"FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install . && cd / && python -c " +
				"'import x'", backend("setuptools", "setuptools.build_meta"), ""},
		{"a project built by hatchling",
			"FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install . && cd / && python -c " +
				"'import x'", backend("hatchling", "hatchling.build"), ""},
		{"pip upgraded", "FROM python:3.12-slim\nRUN pip install --upgrade pip", nil, ""},
		{"pip in a venv",
			"FROM python:3.12-slim\nRUN python -m venv /venv && /venv/bin/pip install flask gunicorn && " +
				"/venv/bin/gunicorn --version", nil, ""},
		{"FastAPI is not there before it is installed", "FROM python:3.12-slim\nRUN python -c 'import fastapi'", nil,
			"ModuleNotFoundError: No module named 'fastapi'"},
		{"pip finds no such name", "FROM python:3.12-slim\nRUN pip install fastapii", nil,
			"Could not find a version that satisfies the requirement fastapii"},
		{"what it lacks is no fault of the student's", "FROM python:3.12-slim\nRUN pip install aiofiles", nil,
			"the stand-in for python:3.12-slim has no aiofiles"},
		{"pip finds no such version", "FROM python:3.12-slim\nRUN pip install 'fastapi>=99'", nil,
			"the stand-in for python:3.12-slim has no fastapi>=99"},
		{"uv sync and run", withUV + "RUN uv sync --no-dev && uv run python -c 'import fastapi'",
			project(`"fastapi>=0.115.0", "uvicorn[standard]>=0.32.0"`), ""},
		{"uv finds no solution", withUV + "RUN uv sync", project(`"fastapii"`),
			"No solution found when resolving dependencies"},
		{"uv without a project", withUV + "RUN rm -f Dockerfile && uv sync", nil, "No `pyproject.toml` found"},
		{"uv from an impossible Python", withUV + "RUN sed -i 's/3.12/3.99/' pyproject.toml && uv sync", project(``),
			"incompatible with the project's Python requirement"},
		{"uv locked without a lock", withUV + "RUN uv sync --locked", project(``), "Unable to find lockfile"},
		{"uv pip into the system", withUV + "RUN uv pip install --system fastapi && python -c 'import fastapi'", nil,
			""},
		{"uv from pip", "FROM python:3.12-slim\nRUN pip install uv && uv --version", nil, ""},
		{"uv's own image with Python", "FROM " + uvPython +
			"\nRUN uv venv && uv pip install fastapi && uv run --no-project python -c 'import fastapi'", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range c.files {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(c.dockerfile+"\n"), 0o644))
			s, err := e.Open(t.Context(), check.Job{ID: "stand-in", Dir: dir, Source: check.NewSource(os.DirFS(dir)),
				Limits: check.DefaultLimits()})
			require.NoError(t, err)
			defer func() { assert.NoError(t, s.Close()) }()
			built, err := s.Build(t.Context())
			if strings.HasPrefix(c.fails, "the stand-in") { // what the real image may have is no fault of the student's
				require.EqualError(t, err, c.fails)
				return
			}
			require.NoError(t, err)
			if c.fails == "" {
				require.Nil(t, built.Failure)
				return
			}
			require.NotNil(t, built.Failure, "it builds, and should not")
			assert.Contains(t, strings.Join(strings.Fields(built.Failure.Log), " "), c.fails)
		})
	}
}
