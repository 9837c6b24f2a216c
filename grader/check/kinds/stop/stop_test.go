package stop_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/stop"
)

func TestStop(t *testing.T) {
	const killed = "0 ends on SIGTERM: want an end within 5s; got it was still running and had to be killed; hint: "
	for _, c := range []struct {
		dockerfile string
		end        check.Stopped
		want       string
	}{
		{checktest.Dockerfile, check.Stopped{InTime: true, Took: 234 * time.Millisecond, ExitCode: 143,
			Signal: "SIGTERM"}, "ok ends on SIGTERM: it ended after 0.2s with exit code 143"},
		{checktest.Dockerfile, check.Stopped{Signal: "SIGTERM"}, killed +
			"Let what CMD starts end on SIGTERM: docker stop sends it to process 1 alone.; at Dockerfile:8"},
		{"FROM x:1\nCMD uvicorn main:app\n", check.Stopped{Signal: "SIGTERM"},
			killed + "Let what CMD starts end on SIGTERM: docker stop sends it to process 1 alone.; at Dockerfile:2"},
		{"FROM x:1\nENTRYPOINT uvicorn main:app\nCMD [\"--port\"]\n", check.Stopped{Signal: "SIGTERM"},
			killed + "Let what CMD starts end on SIGTERM: docker stop sends it to process 1 alone.; at Dockerfile:2"},
		{"FROM x:1\nCMD uvicorn\nCMD [\"uvicorn\"]\n", check.Stopped{Signal: "SIGTERM"},
			killed + "Let what CMD starts end on SIGTERM: docker stop sends it to process 1 alone.; at Dockerfile:3"},
		{"FROM x:1\nCMD [\"uvicorn\"]\nSTOPSIGNAL SIGKILL\n", check.Stopped{InTime: true, Signal: "SIGKILL",
			ExitCode: 137},
			"0 ends on SIGKILL: want a signal on which the program can end by itself; got SIGKILL ends it at once, " +
				"whatever it is doing; hint: Without this line docker stop sends SIGTERM. Take `STOPSIGNAL SIGKILL` " +
				"out of Dockerfile, line 3.; at Dockerfile:3"},
		{"FROM x:1\nCMD [\"uvicorn\"]\nSTOPSIGNAL sigkill\n", check.Stopped{InTime: true, Signal: "sigkill"},
			"0 ends on sigkill: want a signal on which the program can end by itself; got sigkill ends it at once, " +
				"whatever it is doing; hint: Without this line docker stop sends SIGTERM. Take `STOPSIGNAL sigkill` " +
				"out of Dockerfile, line 3.; at Dockerfile:3"},
		{"FROM x:1\nSTOPSIGNAL 99\nCMD [\"uvicorn\"]\n", check.Stopped{Signal: "99"},
			"0 ends on 99: want an end within 5s; got it was still running and had to be killed; hint: Without this " +
				"line docker stop sends SIGTERM. Take `STOPSIGNAL 99` out of Dockerfile, line 2.; at Dockerfile:2"},
		{"FROM x:1\nSTOPSIGNAL SIGINT\nCMD [\"uvicorn\"]\n", check.Stopped{InTime: true, Signal: "SIGINT"},
			"ok ends on SIGINT: it ended after 0.0s with exit code 0"},
	} {
		target := checktest.New().With("Dockerfile", c.dockerfile)
		target.End = c.end
		assert.Equal(t, c.want, checktest.Asked(t, stop.Kind(), "stop: {within: 5s}", target), c.dockerfile)
	}
}

// TestProcess1: what kept the program from ending is told by what process 1 was.
func TestProcess1(t *testing.T) {
	const sigint, sigterm = 1 << 1, 1 << 14
	for _, c := range []struct {
		name   string
		inside []check.Process
		end    check.Stopped
		want   string
	}{
		{"sh", []check.Process{{ID: 1, Command: []string{"sh", "-c", "uvicorn main:app"}},
			{ID: 7, Parent: 1, Command: []string{"uvicorn", "main:app"}, Catches: sigterm}}, check.Stopped{},
			"sh is process 1, and it hands no signal on to `uvicorn main:app`. Make line 2 of Dockerfile `CMD " +
				"[\"sh\", \"-c\", \"exec uvicorn main:app\"]`."},
		{"no handler", []check.Process{{ID: 1, Command: []string{"python", "main.py"}, Catches: sigint}},
			check.Stopped{},
			"`python main.py` is process 1 and has no handler for SIGTERM, and process 1 gets no signal without one. " +
				"Write `STOPSIGNAL SIGINT` below line 1 of Dockerfile."},
		{"node", []check.Process{{ID: 1, Command: []string{"node", "/app/index.js"}}}, check.Stopped{},
			"`node /app/index.js` is process 1 and has no handler for SIGTERM, and process 1 gets no signal without " +
				"one. Write `process.on(\"SIGTERM\", () => process.exit(0));` below line 2 of index.js."},
		{"node, whose own handler is none", []check.Process{{ID: 1, Command: []string{"node", "/app/index.js"},
			Catches: sigterm | sigint}}, check.Stopped{},
			"`node /app/index.js` is process 1 and has no handler for SIGTERM, and process 1 gets no signal without " +
				"one. Write `process.on(\"SIGTERM\", () => process.exit(0));` below line 2 of index.js."},
		{"node, of a folder", []check.Process{{ID: 1, Command: []string{"node", "lib.js"}, Catches: sigint}},
			check.Stopped{}, "Write `process.on(\"SIGTERM\", () => process.exit(0));` below line 1 of src/lib.js."},
		{"node, of no file", []check.Process{{ID: 1, Command: []string{"node", "-e", "x()"}, Catches: sigint}},
			check.Stopped{}, "gets no signal without one. "},
		{"ignores", []check.Process{{ID: 1, Command: []string{"python", "main.py"}, Ignores: sigterm}}, check.Stopped{},
			"`python main.py` is process 1 and ignores SIGTERM. Let it end when the signal comes."},
		{"goes on", []check.Process{{ID: 1, Command: []string{"uv", "run", "x"}, Catches: sigterm},
			{ID: 9, Parent: 1, Command: []string{"x"}}}, check.Stopped{},
			"`uv run x` is process 1 and has a handler for SIGTERM; it went on, with `x`, which it started. Let the " +
				"handler end the program, and what it waits for."},
		{"killed", []check.Process{{ID: 1, Command: []string{"x"}, Catches: sigterm}},
			check.Stopped{InTime: true, ExitCode: 137, Took: time.Second}, "it was killed after 1.0s (exit code 137)"},
		{"before", nil, check.Stopped{InTime: true, Before: true}, "it had ended before the signal was sent"},
		{"by itself", []check.Process{{ID: 1, Command: []string{"x"}}}, check.Stopped{InTime: true, Took: time.Second},
			"it ended after 1.0s with exit code 0, but not because of the signal"},
		{"ignores, and ends by itself", []check.Process{{ID: 1, Command: []string{"x"}, Ignores: sigterm}},
			check.Stopped{InTime: true, Took: time.Second}, "but not because of the signal"},
		{"waits for it", []check.Process{{ID: 1, Command: []string{"tini"}, Blocks: sigterm}},
			check.Stopped{InTime: true, Took: time.Second}, "ok ends on SIGTERM"},
	} {
		start := `["x"]`
		if c.name == "sh" {
			start = `["sh", "-c", "uvicorn main:app"]`
		}
		if c.name == "node, of a folder" {
			start = `["node", "lib.js"]`
		}
		target := checktest.New().With("Dockerfile", "FROM x:1\nCMD "+start+"\n").With("index.js", "a()\nb()\n").
			With("src/lib.js", "a()\n")
		target.Inside, target.End = c.inside, c.end
		target.End.Signal = "SIGTERM"
		said := checktest.Asked(t, stop.Kind(), "stop: {within: 5s}", target)
		assert.Contains(t, said, c.want, c.name)
		if strings.HasPrefix(c.name, "node") {
			assert.NotContains(t, said, "STOPSIGNAL", c.name)
		}
	}
}

// TestExec: the shell hands its place to the program, in the student's own words and where they
// stand.
// TestEndsByItself: a slow end is not the signal's where a program ends without it, or another does
// not end on it.
func TestEndsByItself(t *testing.T) {
	for gone, want := range map[string]string{
		"": "ok ends on SIGTERM: it ended after 1.1s with exit code 0",
		"ended": "got it ended after 1.1s with exit code 0, but another that nobody asked for so long ended without " +
			"the signal",
		"stays": "got it ended after 1.1s with exit code 0, but another that was started anew did not end on the " +
			"signal",
	} {
		target := checktest.New()
		target.End = check.Stopped{InTime: true, Took: 1100 * time.Millisecond, Signal: "SIGTERM"}
		other := target.End
		other.InTime = gone != "stays"
		target.EndBeside, target.GoneBeside = &other, gone == "ended"
		assert.Contains(t, checktest.Asked(t, stop.Kind(), "stop: {within: 5s}", target), want)
	}
}

func TestExec(t *testing.T) {
	for _, c := range []struct {
		start string
		shell []string
		want  string
	}{
		{"CMD uvicorn main:app --port ${PORT}", []string{"/bin/sh", "-c", "uvicorn main:app --port ${PORT}"},
			"Make line 2 of Dockerfile `CMD [\"sh\", \"-c\", \"exec uvicorn main:app --port ${PORT}\"]`."},
		{`CMD ["bash", "-c", "alembic upgrade head && uvicorn main:app"]`, []string{"bash", "-c", "x"},
			"`CMD [\"bash\", \"-c\", \"alembic upgrade head && exec uvicorn main:app\"]`."},
		{`CMD ["./start.sh"]`, []string{"/bin/sh", "./start.sh"}, "Make line 3 of start.sh `exec uvicorn main:app`."},
		{`CMD ["sh", "-c", "a | b"]`, []string{"sh", "-c", "a | b"},
			"Write exec before that command, so that it takes the place of the shell."},
	} {
		target := checktest.New().With("Dockerfile", "FROM x:1\n"+c.start+"\n").With("start.sh",
			"#!/bin/sh\nalembic upgrade head\nuvicorn main:app\n")
		target.Inside = []check.Process{{ID: 1, Command: c.shell}, {ID: 7, Parent: 1, Command: []string{"uvicorn"}}}
		target.End = check.Stopped{Signal: "SIGTERM"}
		assert.Contains(t, checktest.Asked(t, stop.Kind(), "stop: {within: 5s}", target),
			"hands no signal on to `uvicorn`. ", c.start)
		assert.Contains(t, checktest.Asked(t, stop.Kind(), "stop: {within: 5s}", target), c.want, c.start)
	}
}
