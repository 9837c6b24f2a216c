package exec_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/exec"
)

func TestExec(t *testing.T) {
	const entry = "exec: {run: [tool, --version], stdout: /^tool 3/}"
	for _, c := range []struct {
		entry string
		out   check.Output
		want  string
	}{
		{entry, check.Output{Stdout: "tool 3.1\n"}, "ok tool --version: exit code 0"},
		{entry, check.Output{Stdout: "tool 2.9\n"},
			`0 tool --version: want output matching /^tool 3/; got "tool 2.9"; hint: Run it yourself: docker exec ` +
				`<container> tool --version`},
		{entry, check.Output{ExitCode: 2},
			"0 tool --version: want exit code 0; got exit code 2; hint: Run it yourself: docker exec <container> " +
				"tool --version"},
		{entry, check.Output{ExitCode: 127, NotFound: true},
			`0 tool --version: want exit code 0; got there is no program "tool" in the image; hint: Install it in ` +
				`the Dockerfile.`},
		{entry, check.Output{TimedOut: true},
			"0 tool --version: want exit code 0; got it did not end in time; hint: Let the command end by itself."},
		{"exec: {run: [tool, --version], want: 127}", check.Output{ExitCode: 127, NotFound: true},
			"ok tool --version: exit code 127"},
	} {
		target := checktest.New()
		target.Run["tool --version"] = c.out
		assert.Equal(t, c.want, checktest.Asked(t, exec.Kind(), c.entry, target))
	}
}
