package readings_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/readings"
)

// TestUser: what needs root and what was brought in finds both, whatever stands between.
func TestUser(t *testing.T) {
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
	} {
		src := check.NewSource(fstest.MapFS{"Dockerfile": {Data: []byte(c.dockerfile)},
			"start.sh": {Data: []byte("#!/bin/sh\n")}, "requirements.txt": {Data: []byte("fastapi\n")}})
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
