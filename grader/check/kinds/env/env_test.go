package env_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/env"
)

// with returns a program whose processes have these environments, with what was passed where they
// are as the rubric of TestEnv has them.
func with(environments ...map[string]string) *checktest.Target {
	t := checktest.New()
	t.Env = func(passed map[string]string) (all []map[string]string) {
		for _, written := range environments {
			environment := maps.Clone(written)
			for name, value := range map[string]string{"A": "1", "LOG_LEVEL": "debug"} {
				if written[name] == value {
					environment[name] = passed[name]
				}
			}
			all = append(all, environment)
		}
		return all
	}
	return t
}

func TestEnv(t *testing.T) {
	const hint = "; hint: Something between docker run and the program drops or replaces the variable: look at CMD, " +
		"ENTRYPOINT and the scripts that they start."
	for _, c := range []struct {
		target *checktest.Target
		want   string
	}{
		{checktest.New(), "ok A=1\nok LOG_LEVEL=debug"},
		{with(map[string]string{"A": "1"}),
			"ok A=1\n0 LOG_LEVEL=debug: want LOG_LEVEL=debug in the program's environment; got the variable " +
				"is not there" + hint},
		{with(map[string]string{"A": "1", "LOG_LEVEL": "info"}).With("Dockerfile",
			"FROM x:1\nCMD LOG_LEVEL=info uvicorn main:app\n"),
			"ok A=1\n0 LOG_LEVEL=debug: want LOG_LEVEL=debug in the program's environment; got LOG_LEVEL=info; " +
				"hint: Line " +
				"2 gives LOG_LEVEL a value whenever the container starts, whatever was passed. Set it with ENV, " +
				"which " +
				"docker run -e goes before. Make line 2 of Dockerfile `ENV LOG_LEVEL=info` and below it `CMD " +
				"[\"uvicorn\", \"main:app\"]`."},
		{with(map[string]string{"A": "1", "LOG_LEVEL": "info"}),
			"ok A=1\n0 LOG_LEVEL=debug: want LOG_LEVEL=debug in the program's environment; got LOG_LEVEL=info" + hint},
		{with(map[string]string{"A": "1", "LOG_LEVEL": "debug"}, map[string]string{"LOG_LEVEL": "debug"}),
			"0 A=1: want A=1 in the program's environment; got the variable is not there" + hint +
				"\nok LOG_LEVEL=debug"},
	} {
		assert.Equal(t, c.want, checktest.Asked(t, env.Kind(), "env: {LOG_LEVEL: debug, A: 1}", c.target))
	}
}

// TestWhereItIsAsked: of the main container, but for what may change what the program does.
func TestWhereItIsAsked(t *testing.T) {
	for _, c := range []struct {
		text  string
		phase check.Phase
		env   map[string]string
	}{
		{"env: {LOG_LEVEL: debug, A: 1}", check.Running, map[string]string{"LOG_LEVEL": "debug", "A": "1"}},
		{`env: {PORT: "9001"}`, check.OwnContainer, nil},
		{"env: {set: {A: 1}, steps: [{send: GET /}]}", check.OwnContainer, nil},
	} {
		entry := checktest.Entry(t, env.Kind(), c.text)
		var s check.Setup
		entry.Asks.(check.SetupConfigurer).Configure(&s)
		assert.Equal(t, c.phase, entry.Kind.Phase, c.text)
		assert.Equal(t, c.env, s.Env, c.text)
	}
	s := check.Setup{Env: map[string]string{"A": "2"}}
	checktest.Entry(t, env.Kind(), "env: {A: 1, B: 1}").Asks.(check.SetupConfigurer).Configure(&s)
	assert.Equal(t, map[string]string{"A": "2", "B": "1"}, s.Env, "the first that wants one has it")
}

func TestDoesNotComeUp(t *testing.T) {
	target := checktest.New()
	target.Beside = &check.Started{Exited: true, ExitCode: 1, Log: "bad level"}
	assert.Equal(t,
		"0 comes up with LOG_LEVEL: want a program that answers; got it does not come up with these variables, "+
			"though it does without; hint: Run it yourself: docker run -e LOG_LEVEL=debug <image>",
		checktest.Asked(t, env.Kind(), "env: {LOG_LEVEL: debug}", target))
}

// TestRefused: a value that the program read and did not take has reached it.
func TestRefused(t *testing.T) {
	for log, passes := range map[string]bool{
		"  File \"main.py\", line 4\nValueError: Unknown level: 'debug'\n":                     true,
		"ValueError: Level 'debug' does not exist\n":                                           true,
		"Input should be 'DEBUG' or 'INFO' [type=enum, input_value='debug', input_type=str]\n": true,
		"unknown level: debug\n":  true,
		"KeyError: 'LOG_LEVEL'\n": false,
		"debug mode is on\nModuleNotFoundError: No module named 'debugger'\n": false,
	} {
		target := checktest.New()
		target.Beside = &check.Started{Exited: true, ExitCode: 1, Log: log}
		said := checktest.Asked(t, env.Kind(), "env: {LOG_LEVEL: debug}", target)
		assert.Equal(t, passes, strings.HasPrefix(said,
			"ok LOG_LEVEL=debug: it reached the program, which does not take this value: "), "%s: %s", log, said)
	}
}

func TestSteps(t *testing.T) {
	target := checktest.New()
	target.Program = func(env map[string]string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "%q", env["NAME"]) })
	}
	assert.Equal(t, "ok GET /name", checktest.Asked(t, env.Kind(),
		`env: {set: {NAME: Zoe, PORT: "9001"}, steps: [{send: GET /name, json: Zoe}]}`, target))
}

// TestFreshPort: the port is one that nobody knows beforehand.
func TestFreshPort(t *testing.T) {
	var got []string
	target := checktest.New()
	target.Program = func(env map[string]string) http.Handler {
		got = append(got, env["PORT"])
		return http.NotFoundHandler()
	}
	entry := checktest.Entry(t, env.Kind(), `env: {set: {PORT: "9001"}, steps: [{send: GET /}]}`)
	for seed := range uint64(3) {
		_, err := checktest.Ask(t.Context(), entry, target, seed)
		require.NoError(t, err)
	}
	assert.Len(t, got, 3)
	assert.NotContains(t, got, "9001")
	assert.NotEqual(t, got[0], got[1])
}

// TestFreshValue: another value than the rubric's must come through as well, however the program
// came to have that one.
func TestFreshValue(t *testing.T) {
	const fails = "Something between docker run and the program drops or replaces the variable"
	fixed := func(map[string]string) []map[string]string { return []map[string]string{{"LOG_LEVEL": "debug"}} }
	for name, c := range map[string]struct {
		target *checktest.Target
		passes bool
	}{
		"written into CMD": {checktest.New().With("Dockerfile",
			"FROM x:1\nCMD [\"env\", \"LOG_LEVEL=debug\", \"python\"]\n"), false},
		"written where nobody looks": {checktest.New().With("Dockerfile",
			"FROM x:1\nCMD [\"sh\", \"-c\", \"exec env LOG_'LEVEL'=debug python main.py\"]\n"), false},
		"written by the program": {checktest.New().With("main.py",
			"import os\nos.execve('python', ['python'], {**os.environ, 'LOG_' + 'LEVEL': 'debug'})\n"), false},
		"by another name of it": {checktest.New().With("main.py",
			"from os import execve as again\nagain('python', ['python'], {'LOG_' + 'LEVEL': 'debug'})\n"), false},
		"in a package that pip installs": {checktest.New().With("lib/tool-1.whl", "PK"), false},
		"in the place of a program": {checktest.New().With("Dockerfile",
			"FROM x:1\nCOPY tool /usr/local/bin/python\nCMD [\"python\", \"main.py\"]\n").With("tool", ""), false},
		"made by a RUN": {checktest.New().With("Dockerfile",
			"FROM x:1\nRUN echo x | base64 -d >/usr/bin/python\nCMD [\"python\", \"main.py\"]\n"), false},
		"nothing stands between": {checktest.New(), true},
		"written in a script": {checktest.New().With("run.sh",
			"export LOG_LEVEL=debug\nexec python main.py\n"), false},
	} {
		c.target.Env = fixed
		text := checktest.Asked(t, env.Kind(), "env: {LOG_LEVEL: debug}", c.target)
		assert.Equal(t, c.passes, !strings.Contains(text, fails), name+text)
	}
	honest := checktest.New().With("run.sh", "LOG_LEVEL=${LOG_LEVEL:-info}\nexec python main.py\n")
	assert.Equal(t, "ok LOG_LEVEL=debug", checktest.Asked(t, env.Kind(), "env: {LOG_LEVEL: debug}", honest))
}

// TestOnlyOneValue: a program that comes up with the rubric's level of a log, and with no other, may
// set that itself; one that takes another passes.
func TestOnlyOneValue(t *testing.T) {
	for takes, passes := range map[string]bool{"debug": false, "debug error": true, "debug info warning": true} {
		target := checktest.New().With("run.sh", "exec python main.py\n")
		target.Accepts = func(env map[string]string) bool { return strings.Contains(takes, env["LOG_LEVEL"]) }
		text := checktest.Asked(t, env.Kind(), "env: {LOG_LEVEL: debug}", target)
		assert.Equal(t, passes, text == "ok LOG_LEVEL=debug", takes+": "+text)
		assert.Equal(t, !passes, strings.Contains(text, "it does not come up"), text)
	}
}
