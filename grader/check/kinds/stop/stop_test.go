package stop_test

import (
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
		{checktest.Dockerfile, check.Stopped{InTime: true, Took: 1234 * time.Millisecond, ExitCode: 143, Signal: "SIGTERM"}, "ok ends on SIGTERM: it ended after 1.2s with exit code 143"},
		{checktest.Dockerfile, check.Stopped{Signal: "SIGTERM"}, killed + "The program catches or ignores the signal: let it end when it arrives.; at Dockerfile:8"},
		{"FROM x:1\nCMD uvicorn main:app\n", check.Stopped{Signal: "SIGTERM"}, killed + `The shell form of CMD starts a shell first, and the signal stops there: write it as a list, CMD ["uvicorn", …].; at Dockerfile:2`},
		{"FROM x:1\nENTRYPOINT uvicorn main:app\nCMD [\"--port\"]\n", check.Stopped{Signal: "SIGTERM"}, killed + `The shell form of ENTRYPOINT starts a shell first, and the signal stops there: write it as a list, ENTRYPOINT ["uvicorn", …].; at Dockerfile:2`},
		{"FROM x:1\nCMD uvicorn\nCMD [\"uvicorn\"]\n", check.Stopped{Signal: "SIGTERM"}, killed + "The program catches or ignores the signal: let it end when it arrives.; at Dockerfile:3"},
		{"FROM x:1\nCMD [\"uvicorn\"]\nSTOPSIGNAL SIGKILL\n", check.Stopped{InTime: true, Signal: "SIGKILL", ExitCode: 137},
			"0 ends on SIGKILL: want a signal on which the program can end by itself; got SIGKILL ends it at once, whatever it is doing; hint: Take STOPSIGNAL SIGKILL out: docker stop then sends SIGTERM.; at Dockerfile:3"},
		{"FROM x:1\nSTOPSIGNAL 99\nCMD [\"uvicorn\"]\n", check.Stopped{Signal: "99"},
			"0 ends on 99: want an end within 5s; got it was still running and had to be killed; hint: Take STOPSIGNAL 99 out: docker stop then sends SIGTERM.; at Dockerfile:2"},
		{"FROM x:1\nSTOPSIGNAL SIGINT\nCMD [\"uvicorn\"]\n", check.Stopped{InTime: true, Signal: "SIGINT"}, "ok ends on SIGINT: it ended after 0.0s with exit code 0"},
	} {
		target := checktest.New().With("Dockerfile", c.dockerfile)
		target.End = c.end
		assert.Equal(t, c.want, checktest.Asked(t, stop.Kind(), "stop: {within: 5s}", target), c.dockerfile)
	}
}
