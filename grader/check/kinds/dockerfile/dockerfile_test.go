package dockerfile_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/dockerfile"
)

func TestDockerfile(t *testing.T) {
	for _, c := range []struct{ options, text, want string }{
		{"require: [FROM, WORKDIR, CMD]", "from x\nworkdir /a\nentrypoint [\"x\"]\n", "ok FROM\nok WORKDIR\nok CMD"},
		{"require: [EXPOSE, CMD]", "FROM x\n",
			"0 EXPOSE: want a line with EXPOSE; got none; hint: Add a line with EXPOSE. EXPOSE 8000 says which port " +
				"the program uses.; at Dockerfile:0\n" +
				"0 CMD: want a line with CMD; got none; hint: Add a line with CMD. CMD says what starts when the " +
				"container does.; at Dockerfile:0"},
		{"require: [RUN]", "FROM x AS a\nRUN y\nFROM z\n", "ok RUN"},
		{"rules: [from-pinned, cmd-exec]", "FROM x\nCMD [\"y\"]\n",
			"0 from-pinned: want every base image names a tag or a digest; got FROM x; hint: Write the version of x " +
				"that you use behind it, with a colon between.; at Dockerfile:1\nok cmd-exec"},
		{"allow_from: [\"python:*\", \"*/python:*\"]",
			"FROM python:3.12 AS a\nFROM a\nFROM ghcr.io/python:3\nFROM scratch\n", "ok allow_from"},
		{"allow_from: [\"python:*\"]", "FROM node:20\n",
			"0 allow_from: want a base image among python:*; got node:20; hint: Use one of the base images that the " +
				"course allows.; at Dockerfile:1"},
		{"allow_from: [\"python:*\"]", "FROM python:3.12\nCOPY --from=node:20 /a /a\n",
			"0 allow_from: want a base image among python:*; got node:20; hint: Use one of the base images that the " +
				"course allows.; at Dockerfile:2"},
		{"allow_from: [\"python:*\"]", "FROM python:3.12\nRUN --mount=type=bind,from=node:20,target=/a x\n",
			"0 allow_from: want a base image among python:*; got node:20; hint: Use one of the base images that the " +
				"course allows.; at Dockerfile:2"},
		{"allow_from: [\"python:*\"], rules: [from-pinned, run-no-sudo, no-maintainer]", "FROM scratch\n",
			"- from-pinned: there is no instruction but FROM, so there is nothing to judge\n" +
				"- run-no-sudo: there is no RUN, so there is nothing to judge\n- no-maintainer: there is no " +
				"instruction but FROM, so there is nothing to judge\n- allow_from: nothing is built on an image, so " +
				"there is nothing to judge"},
		{"rules: [user-nonroot]", "ARG A=root\nFROM x:1\nARG A\nUSER $A\n",
			"0 user-nonroot: want the program does not run as root; got USER $A; hint: Name a user that is not " +
				"root.; at Dockerfile:4"},
		{"rules: [user-nonroot]", "FROM x:1\nUSER 00\n",
			"0 user-nonroot: want the program does not run as root; got USER 00; hint: Name a user that is not " +
				"root.; at Dockerfile:2"},
		{"rules: [workdir-absolute]", "FROM x:1\nENV A=app\nWORKDIR $A\n",
			"0 workdir-absolute: want every WORKDIR begins with /; got WORKDIR $A; hint: Write the whole path, from " +
				"/ on: it is joined with the WORKDIR before it, or with the base image's.; at Dockerfile:3"},
		{"rules: [multi-stage]", "FROM x:1\nFROM x:1\nCMD [\"y\"]\n",
			"0 multi-stage: want the build has more than one stage; got no COPY --from takes anything out of " +
				"another stage; hint: Install in a first stage, FROM … AS builder, and COPY --from=builder into " +
				"the last.; at Dockerfile:1"},
		{"rules: [cmd-exec]", "FROM x\nWROKDIR y\nCMD z\n", "- cmd-exec: Docker cannot read line 2"},
		{"rules: [cmd-exec]", "FRM x\n", "- cmd-exec: Docker cannot read line 1"},
		{"require: [FROM, WORKDIR, COPY, CMD]", "FROM python 3.12\nWROKDIR /app\nCOPY ..\n",
			"ok FROM\n0 WORKDIR: want a line with WORKDIR; got unknown instruction: WROKDIR (did you mean WORKDIR?); " +
				"hint: Write WORKDIR instead of WROKDIR. Make line 2 of Dockerfile `WORKDIR /app`.; at " +
				"Dockerfile:2\nok COPY\n0 CMD: want a line with CMD; got none; hint: Add a line with CMD. CMD says " +
				"what starts when the container does.; at Dockerfile:0"},
		{"require: [WORKDIR, COPY]", "FROM x\nWROKDIR /app\nCOPY . .\n",
			"0 WORKDIR: want a line with WORKDIR; got unknown instruction: WROKDIR (did you mean WORKDIR?); " +
				"hint: Write WORKDIR instead of WROKDIR. Make line 2 of Dockerfile `WORKDIR /app`.; at " +
				"Dockerfile:2\nok COPY"},
		{"require: [CMD], rules: [cmd-exec, workdir-absolute, cmd-single]", "FROM x\nCMD\n",
			"- CMD: `CMD` has no value, so there is nothing to judge\n" +
				"- cmd-exec: there is no CMD or ENTRYPOINT, so there is nothing to judge\n- workdir-absolute: there " +
				"is no WORKDIR, so there is nothing to judge\n- cmd-single: there is no CMD or ENTRYPOINT, so there " +
				"is nothing to judge"},
		{"require: [EXPOSE]", "FROM x\nWORKDIR /a\nENTRYPOINT [\"u\", \"--port\", \"80\"]\n",
			"0 EXPOSE: want a line with EXPOSE; got none; " +
				"hint: EXPOSE says which port the program uses. Write `EXPOSE 8000` below line 2 of Dockerfile.; at " +
				"Dockerfile:0"},
		{"require: [COPY]", "\xff\xfeF\x00R\x00O\x00M\x00 \x00x\x00\n\x00C\x00O\x00P\x00Y\x00 \x00a\x00 \x00b\x00",
			"ok COPY"},
	} {
		assert.Equal(t, c.want, checktest.Asked(t, dockerfile.Kind(), "dockerfile: {"+c.options+"}",
			checktest.New().With("Dockerfile", c.text)), c.text)
	}
}

// TestAdvise: what is told for no points.
func TestAdvise(t *testing.T) {
	entry := checktest.Entry(t, dockerfile.Kind(), "dockerfile: {rules: [from-pinned], advise: [cmd-exec]}")
	o, err := checktest.Ask(t.Context(), entry, checktest.New().With("Dockerfile", "FROM x:1\nCMD y z\n"), 1)
	require.NoError(t, err)
	require.Len(t, o.Items, 2)
	assert.True(t, o.Items[1].Free)
	assert.Contains(t, o.Items[1].Hint.String(), "Make line 2 of Dockerfile `CMD [\"y\", \"z\"]`.")
	assert.Equal(t, "ok from-pinned", checktest.Asked(t, dockerfile.Kind(),
		"dockerfile: {rules: [from-pinned], advise: [cmd-exec]}", checktest.New()))
}

// TestPlainAdd: where ADD does what COPY does, a COPY that is required is made of it.
func TestPlainAdd(t *testing.T) {
	for text, want := range map[string]string{
		"FROM x\nADD . /app\n":                   "Make line 2 of Dockerfile `COPY . /app`.",
		"FROM x\nADD https://e.example/x /app\n": "hint: Add a line with COPY.",
		"FROM x\nADD app.tar.gz /app\n":          "hint: Add a line with COPY.",
	} {
		assert.Contains(t, checktest.Asked(t, dockerfile.Kind(), "dockerfile: {require: [COPY]}",
			checktest.New().With("Dockerfile", text)), want, text)
	}
}

// TestWorkdir: a WORKDIR is told with its line where it moves nothing that the file names.
func TestWorkdir(t *testing.T) {
	for text, want := range map[string]string{
		"FROM x\nCOPY main.py .\nCMD [\"python\", \"main.py\"]\n": "hint: WORKDIR is where all that follows happens. " +
			"Write `WORKDIR /app` below line 1 of Dockerfile.;",
		"FROM x\nCOPY . /srv/\nCOPY main.py /srv/main.py\nCMD [\"python\", \"main.py\"]\n": "Write `WORKDIR /srv` " +
			"below line 1 of Dockerfile.;",
		"FROM x\nCOPY . .\nCMD [\"python\", \"/main.py\"]\n": "hint: Add a line with WORKDIR.",
		"FROM x\nCOPY . /a\nCOPY main.py .\n":                "hint: Add a line with WORKDIR.",
		"FROM x AS y\nFROM y\nCOPY . /a\n":                   "hint: Add a line with WORKDIR.",
	} {
		assert.Contains(t, checktest.Asked(t, dockerfile.Kind(), "dockerfile: {require: [WORKDIR]}",
			checktest.New().With("Dockerfile", text)), want, text)
	}
}

// TestRootByNumber: where there is an image, its user's number decides, by whatever name it goes.
func TestRootByNumber(t *testing.T) {
	for _, c := range []struct{ user, want string }{
		{"app", "ok user-nonroot"},
		{"1000:0", "ok user-nonroot"},
		{"boss", "0 user-nonroot: want the program does not run as root; got USER boss, whose number is 0 in the " +
			"image: root; hint: Name a user that is not root.; at Dockerfile:2"},
		{"0:0", "0 user-nonroot: want the program does not run as root; got USER 0:0; hint: Name a user that is not " +
			"root.; at Dockerfile:2"},
		{"ghost", "0 user-nonroot: want the program does not run as root; got USER ghost, whom the image does not " +
			"know; hint: Make the user with RUN useradd before.; at Dockerfile:2"},
	} {
		target := checktest.New().With("Dockerfile", "FROM python:3.12-slim\nUSER "+c.user+"\n")
		target.UIDs = map[string]int{"boss": 0, "app": 1000}
		assert.Equal(t, c.want, checktest.Asked(t, dockerfile.Kind(), "dockerfile: {rules: [user-nonroot]}", target),
			c.user)
	}
}
