package readings_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/readings"
)

// TestPlaces: a line to write stands where what it needs is there, and who may do it.
func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		name, dockerfile, log string
		line                  int
		build                 bool
		want                  string
	}{
		{"moved below the last install",
			"FROM python:3.12-slim\nUSER web\nRUN apt-get update\nCOPY requirements.txt .\n" +
				"RUN pip install -r requirements.txt\nRUN pip install --user x\nCMD [\"python\"]\n",
			"E: Could not open lock file /var/lib/apt/lists/lock - open (13: Permission denied)\n", 3, true,
			"RUN apt-get update\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nUSER web"},
		{"given its bit where it was brought in",
			"FROM python:3.12-slim\nUSER web\nCOPY start.sh /\nCMD [\"/start.sh\"]\n",
			"exec: \"/start.sh\": permission denied\n", 4, false, "USER root\nRUN chmod +x /start.sh\nUSER web"},
		{"given its bit above USER",
			"FROM python:3.12-slim\nCOPY start.sh /\nUSER web\nCMD [\"/start.sh\"]\n",
			"exec: \"/start.sh\": permission denied\n", 4, false, "RUN chmod +x /start.sh"},
		{"given the folder of a database that a variable names",
			"FROM python:3.12-slim\nUSER web\nCMD [\"uvicorn\", \"main:app\"]\n",
			"  File \"/main.py\", line 2, in <module>\nsqlite3.OperationalError: unable to open database file\n", 3,
			false,
			"RUN mkdir -p /data && chown web /data"},
		{"PATH of an environment that was made",
			"FROM python:3.12-slim\nRUN python -m venv /opt/v\nCOPY requirements.txt .\nRUN /opt/v/bin/pip install " +
				"-r " +
				"requirements.txt\nCMD [\"fastapi\", \"run\"]\n",
			"exec: \"fastapi\": executable file not found in $PATH\n", 5, false, `ENV PATH="/opt/v/bin:$PATH"`},
		{"a program that ENTRYPOINT and CMD both name",
			"FROM python:3.12-slim\nENTRYPOINT [\"uvicorn\"]\nCMD [\"uvicorn\", \"main:app\"]\n",
			"Error: Got unexpected extra argument (main:app)\n", 3, false, ""},
		{"WORKDIR above what is copied",
			"FROM python:3.12-slim\nCOPY main.py .\nCMD [\"uvicorn\", \"main:app\"]\nWORKDIR /app\n",
			"ERROR:    Error loading ASGI app. Could not import module \"main\".\n", 3, false,
			"WORKDIR /app\nCOPY main.py .\nCMD [\"uvicorn\", \"main:app\"]"},
	} {
		src := check.NewSource(fstest.MapFS{"Dockerfile": {Data: []byte(c.dockerfile)},
			"start.sh": {Data: []byte("#!/bin/sh\n")}, "requirements.txt": {Data: []byte("fastapi\n")},
			"main.py": {Data: []byte("DB = \"/data/tasks.db\"\nc = sqlite3.connect(DB)\napp = FastAPI()\n")}})
		read := readings.Start
		if c.build {
			read = readings.Build
		}
		f, ok := read(c.log, readings.NewScene(src, c.line))
		if assert.True(t, ok, c.name) && assert.NotNil(t, f.Hint.Edit, "%s: %s", c.name, f.Hint) {
			assert.Equal(t, c.want, f.Hint.Edit.New, c.name)
		}
	}
}

// TestDevelopment: what the program runs with is moved by the heading of its list, where that is the
// only one.
func TestDevelopment(t *testing.T) {
	const log = "Error: Cannot find module 'express'\nRequire stack:\n- /app/a.js\n"
	for list, want := range map[string]string{
		"{\n\"devDependencies\": {\n\"express\": \"4\"}}\n":                        `"dependencies": {`,
		"{\n\"devDependencies\": {\n\"express\": \"4\"},\n\"dependencies\": {}}\n": "",
	} {
		src := check.NewSource(fstest.MapFS{"package.json": {Data: []byte(list)},
			"a.js":       {Data: []byte("require('express')\n")},
			"Dockerfile": {Data: []byte("FROM node:22-slim\nRUN npm install --omit=dev\nCMD [\"node\", \"a.js\"]\n")}})
		f, _ := readings.Start(log, readings.NewScene(src, 3))
		if want == "" {
			assert.Nil(t, f.Hint.Edit, "%s", f.Hint)
		} else if assert.NotNil(t, f.Hint.Edit, "%s", f.Hint) {
			assert.Equal(t, want, f.Hint.Edit.New)
		}
	}
}

// TestWithoutServer: what a program of SQLAlchemy takes by default, or has in a line of its own, can be
// a file, where nothing else about the address would have to change.
func TestWithoutServer(t *testing.T) {
	const url, file = "postgresql+psycopg2://u:p@db:5432/d", "sqlite:////tmp/tasks.db"
	for program, want := range map[string]string{
		"URL = os.getenv('DATABASE_URL', '" + url + "')\nengine = create_engine(URL)\n": "URL = os.getenv(" +
			"'DATABASE_URL', 'sqlite:////tmp/tasks.db')",
		"class S(BaseSettings):\n    url: str = \"" + url + "\"\nengine = create_engine(S().url)\n": "    url: str = " +
			"\"sqlite:////tmp/tasks.db\"",
		"engine = create_engine('" + url + "')\n": "engine = create_engine('" + file +
			"')",
		"URL = os.getenv('U', '" + url + "')\nengine = create_async_engine(URL)\n": "",
	} {
		src := check.NewSource(fstest.MapFS{"a.py": {Data: []byte(program)},
			"Dockerfile": {Data: []byte("FROM python:3.12-slim\nCMD [\"python\", \"a.py\"]\n")}})
		f, _ := readings.Start("sqlalchemy.exc.OperationalError: could not translate host name \"db\" to address: "+
			"Name or service not known\n", readings.NewScene(src, 2))
		if want == "" {
			assert.Nil(t, f.Hint.Edit, program)
		} else if assert.NotNil(t, f.Hint.Edit, "%s: %s", program, f.Hint) {
			assert.Equal(t, want, f.Hint.Edit.New)
		}
	}
}
