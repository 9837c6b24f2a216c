package listen_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/listen"
)

func TestListen(t *testing.T) {
	up := func(port int, loopback bool) *checktest.Target {
		t := checktest.New()
		t.Up.Port, t.Up.Loopback = port, loopback
		return t
	}
	for _, c := range []struct {
		target *checktest.Target
		want   string
	}{
		{checktest.New(), "ok listens on the port\nok on all interfaces\nok EXPOSE says so"},
		{up(5000, false), "0 listens on the port: want port 8000; got port 5000; hint: Start the server with --port 8000.; at Dockerfile:8\nok on all interfaces\nok EXPOSE says so"},
		{up(8000, true), "ok listens on the port\n0 on all interfaces: want 0.0.0.0; got 127.0.0.1, where nothing outside the container reaches it; hint: Start the server with --host 0.0.0.0: inside a container, localhost is the container alone.; at Dockerfile:8\nok EXPOSE says so"},
		{checktest.New().With("Dockerfile", "FROM x:1\nCMD [\"x\"]\n"), "ok listens on the port\nok on all interfaces\n0 EXPOSE says so: want EXPOSE 8000; got no EXPOSE; hint: Add the line EXPOSE 8000: it tells others which port the program uses."},
		{checktest.New().With("Dockerfile", "FROM x:1\nEXPOSE 80 8000/udp\n"), "ok listens on the port\nok on all interfaces\n0 EXPOSE says so: want EXPOSE 8000; got EXPOSE 80/tcp 8000/udp; hint: Make EXPOSE say 8000, the port that the program should listen on.; at Dockerfile:2"},
	} {
		assert.Equal(t, c.want, checktest.Asked(t, listen.Kind(), "listen: {port: 8000}", c.target))
	}
}

// TestPortOfTheRubric: without a port of its own, it is the one where the rubric expects the program.
func TestPortOfTheRubric(t *testing.T) {
	target := checktest.New().With("Dockerfile", "FROM x:1\nEXPOSE 5000\n")
	target.Up = check.Started{Answered: true, Port: 5000, Wanted: 5000}
	assert.Equal(t, "ok listens on the port\nok on all interfaces\nok EXPOSE says so", checktest.Asked(t, listen.Kind(), "listen: {}", target))
}

// TestCommandOfAStage: the CMD that counts may stand in the stage that the last one is built on.
func TestCommandOfAStage(t *testing.T) {
	target := checktest.New().With("Dockerfile", "FROM x:1 AS base\nEXPOSE 8000\nCMD [\"x\"]\nFROM base\n")
	target.Up = check.Started{Answered: true, Port: 80}
	assert.Contains(t, checktest.Asked(t, listen.Kind(), "listen: {}", target), "; at Dockerfile:3\nok")
}
