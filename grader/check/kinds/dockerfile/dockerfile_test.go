package dockerfile_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/dockerfile"
)

func TestDockerfile(t *testing.T) {
	for _, c := range []struct{ options, text, want string }{
		{"require: [FROM, WORKDIR, CMD]", "from x\nworkdir /a\nentrypoint [\"x\"]\n", "ok FROM\nok WORKDIR\nok CMD"},
		{"require: [EXPOSE, CMD]", "FROM x\n", "0 EXPOSE: want a line with EXPOSE; got none; hint: Add a line with EXPOSE. EXPOSE 8000 says which port the program uses.; at Dockerfile:0\n" +
			"0 CMD: want a line with CMD; got none; hint: Add a line with CMD. CMD says what starts when the container does.; at Dockerfile:0"},
		{"require: [RUN]", "FROM x AS a\nRUN y\nFROM z\n", "ok RUN"},
		{"rules: [from-pinned, cmd-exec]", "FROM x\nCMD [\"y\"]\n", "0 from-pinned: want every base image names a tag or a digest; got FROM x; hint: Name a version, such as FROM python:3.12-slim.; at Dockerfile:1\nok cmd-exec"},
		{"allow_from: [\"python:*\", \"*/python:*\"]", "FROM python:3.12 AS a\nFROM a\nFROM ghcr.io/python:3\nFROM scratch\n", "ok allow_from"},
		{"allow_from: [\"python:*\"]", "FROM node:20\n", "0 allow_from: want a base image among python:*; got node:20; hint: Use one of the base images that the course allows.; at Dockerfile:1"},
		{"rules: [cmd-exec]", "FROM x\nWROKDIR y\nCMD z\n", "0 cmd-exec: want CMD and ENTRYPOINT are written as a list; got CMD z; hint: Write it as a list: CMD [\"z\"].; at Dockerfile:3"},
		{"rules: [cmd-exec]", "FRM x\n", "0 Dockerfile: want a Dockerfile that Docker can read; got unknown instruction: FRM (did you mean FROM?); hint: Write FROM instead of FRM.; at Dockerfile:1"},
	} {
		assert.Equal(t, c.want, checktest.Asked(t, dockerfile.Kind(), "dockerfile: {"+c.options+"}", checktest.New().With("Dockerfile", c.text)), c.text)
	}
}
