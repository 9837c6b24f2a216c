package start_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/start"
)

// TestFails: a program that must not come up, and each way in which it does otherwise.
func TestFails(t *testing.T) {
	const fails = "0 a start that fails: want an end by itself, with a code that is not 0, and /(?i)secret_key/ in " +
		"the log; got "
	const advice = "; hint: Look at what the program needs before anything else, and where it is missing say " +
		"so, and end with a code that is not 0: its log must match /(?i)secret_key/.; at Dockerfile:8"
	exited := func(code int, log string) check.Started {
		return check.Started{Wanted: 8000, Exited: true, ExitCode: code, Lasted: 20 * time.Millisecond, Log: log}
	}
	for _, c := range []struct {
		up   check.Started
		want string
	}{
		{exited(1, "Traceback (most recent call last):\nKeyError: 'SECRET_KEY'\n"),
			"ok a start that fails: it ended at once with exit code 1: KeyError: 'SECRET_KEY'"},
		{exited(0, "SECRET_KEY is missing\n"), fails + "it ended at once with exit code 0" + advice},
		{exited(1, "KeyError: 'DATABASE'\n"), fails + "it ended at once with exit code 1: KeyError: 'DATABASE'" +
			advice},
		{exited(1, ""), fails + "it ended at once with exit code 1, and says nothing" + advice},
		{check.Started{Answered: true, Port: 8000}, fails + "it comes up, and answers on port 8000" + advice},
		{check.Started{Log: "SECRET_KEY is missing\n"}, fails + "it goes on, and does not answer" + advice},
		{check.Started{Exited: true, ExitCode: 137, OOM: true, Log: "SECRET_KEY"},
			fails + "it used more memory or disk than it may, and was ended" + advice},
		{check.Started{Refused: true, Log: "SECRET_KEY: no such file"},
			fails + "Docker could not start it; hint: Look at " +
				"USER, WORKDIR and CMD: one of them asks for what the image has not.; at Dockerfile:8"},
	} {
		target := checktest.New()
		target.Beside = &c.up
		assert.Equal(t, c.want, checktest.Asked(t, start.Kind(),
			"container: {env: {}}\nstart: {fails: \"/(?i)secret_key/\"}", target))
	}
}
