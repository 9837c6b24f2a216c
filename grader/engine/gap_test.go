package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
)

// TestLacking: what a stand-in has not is ours where the real image or its index has it, and a
// misspelt name is not.
func TestLacking(t *testing.T) {
	for _, c := range []struct{ log, base, want string }{
		{"ERROR: Could not find a version that satisfies the requirement aiofiles (from versions: none)\nERROR: No " +
			"matching distribution found for aiofiles\n", "python:3.12-slim", "aiofiles"},
		{"ERROR: Could not find a version that satisfies the requirement Flask_SQLAlchemy==3.1.1 (from versions: " +
			"none)\n", "python:3.12-slim", "Flask_SQLAlchemy"},
		{"ERROR: Could not find a version that satisfies the requirement fastapi==0.99.1 (from versions: 0.115.11)\n",
			"python:3.12-slim", "fastapi==0.99.1"},
		{"ERROR: Could not find a version that satisfies the requirement fastpi (from versions: none)\n",
			"python:3.12-slim", ""},
		{"ERROR: Could not find a version that satisfies the requirement no-such-name-41==9.9 (from versions: none)\n",
			"python:3.12-slim", ""},
		{"/bin/sh: 1: curl: not found\n", "python:3.12-slim", ""},
		{"/bin/sh: 1: curl: not found\n", "python:3.12", "curl"},
		{"error: The requested interpreter resolved to Python 3.13.5, which is incompatible with the project's " +
			"Python requirement: `<3.13`\n", "python:3.12-slim", "Python 3.12"},
		{"error: The requested interpreter resolved to Python 3.13.5, which is incompatible with the project's " +
			"Python requirement: `<3.13`\n", "python:3.13-slim", ""},
	} {
		require.Equal(t, c.want, lacking(&check.BuildFailure{Reason: check.CommandError, Log: c.log}, c.base), c.log)
	}
	require.Equal(t, "/usr/local/lib/python3.12/site-packages",
		lacking(&check.BuildFailure{Reason: check.MissingFile, Stage: "build",
			Subject: "/usr/local/lib/python3.12/site-packages"}, "python:3.12-slim"))
}
