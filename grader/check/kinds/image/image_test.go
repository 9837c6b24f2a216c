package image_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/image"
)

func sized(size, added int64) *checktest.Target {
	t := checktest.New()
	t.Shape = func(i *check.ImageInfo) { i.Size, i.Added = size, added }
	return t
}

func from(lines string) *checktest.Target {
	return checktest.New().With("Dockerfile", "FROM python:3.12-slim\n"+lines)
}

// alias returns an image that starts as another name of root.
func alias() *checktest.Target {
	t := from("USER boss\n")
	t.UIDs = map[string]int{"boss": 0}
	return t
}

// stranger returns an image that starts as a user whom it does not have.
func stranger() *checktest.Target {
	t := from("USER ghost\n")
	t.UIDs = map[string]int{}
	return t
}

func TestImage(t *testing.T) {
	const slim = "hint: Leave out of the image what the program does not need when it runs."
	for _, c := range []struct {
		options string
		target  *checktest.Target
		want    string
	}{
		{"size: {full: 250MB, zero: 500MB}", sized(250_000_000, 0), "ok size: 250MB"},
		{"size: {full: 250MB, zero: 500MB}", sized(300_000_000, 0), "0.8 size: want at most 250MB; got 300MB; " + slim},
		{"size: {full: 250MB, zero: 500MB}", sized(500_000_000, 0), "0 size: want at most 250MB; got 500MB; " + slim},
		{"size: {full: 250MB, zero: 500MB}", sized(5_000_000_000, 0), "0 size: want at most 250MB; got 5GB; " + slim},
		{"added: {full: 60MB, zero: 150MB}", sized(900_000_000, 105_000_000),
			"0.5 size without the base: want at most 60MB; got 105MB; hint: Leave out of the image what the program " +
				"does not need when it runs."},
		{"user: nonroot", from("USER app:app\n"), "ok user"},
		{"user: nonroot", from("USER app\nUSER root\n"),
			"0 user: want a user that is not root; got root; hint: Make a user with RUN useradd, and switch to it " +
				"with USER before CMD.; at Dockerfile:3"},
		{"user: nonroot", from("USER 0:0\n"),
			"0 user: want a user that is not root; got root; hint: Make a user with RUN useradd, and switch to it " +
				"with USER before CMD.; at Dockerfile:2"},
		{"user: nonroot", from("USER 00\n"),
			"0 user: want a user that is not root; got USER 00, whose number is 0: root; hint: Make a user with RUN " +
				"useradd, and switch to it with USER before CMD.; at Dockerfile:2"},
		{"user: nonroot", alias(), "0 user: want a user that is not root; got USER boss, whose number is 0: root"},
		{"user: nonroot", stranger(), "0 user: want a user that is not root; got USER ghost, whom the image does not " +
			"know; hint: Make the user with RUN useradd before.; at Dockerfile:2"},
		{"size: {full: 250MB, zero: 500MB}", from("RUN true\n"),
			"- size: no file of the folder is in the image, so there is nothing to judge"},
		{"user: nonroot", from(""),
			"0 user: want a user that is not root; got root; hint: Make a user with RUN useradd, and switch to it " +
				"with USER before CMD."},
		{"expose: [8000]", from("EXPOSE 8000/tcp\n"), "ok EXPOSE 8000"},
		{"expose: [8000]", from("\nEXPOSE 80 443/udp\n"),
			"0 EXPOSE 8000: want EXPOSE 8000; got EXPOSE 80 443/udp; hint: Make line 3 of Dockerfile `EXPOSE 8000`.; " +
				"at Dockerfile:3"},
		{"expose: [8000]", from(""),
			"0 EXPOSE 8000: want EXPOSE 8000; got no EXPOSE; hint: Write `EXPOSE 8000` below line 1 of Dockerfile."},
		{"workdir: /app", from("WORKDIR /app\n"), "ok WORKDIR"},
		{"workdir: /app", from("WORKDIR /code\n"),
			"0 WORKDIR: want /app; got /code; hint: Make line 2 of Dockerfile `WORKDIR /app`.; at Dockerfile:2"},
		{"workdir: /app", from(""),
			"0 WORKDIR: want /app; got /, since there is no WORKDIR; hint: Write `WORKDIR /app` below line 1 of " +
				"Dockerfile."},
		{"waste: 5KB", from("RUN fill /a 4000\nRUN fill /b 4000\n"), "ok waste: 0B"},
		{"waste: 5KB", from("RUN fill /a 9000\nRUN rm /a\n"),
			"0 waste: want at most 5KB; got 9KB; hint: Most of it is a: delete a file in the RUN that makes it, " +
				"since a later layer only hides it."},
		{"waste: 5KB", from("RUN fill /a 6000\nRUN fill /a 1000\n"),
			"0 waste: want at most 5KB; got 6KB; hint: Most of it is a: delete a file in the RUN that makes it, " +
				"since a later layer only hides it."},
		{"waste: 5KB", from("RUN fill /d/a 3000\nRUN fill /d/b 3000\nRUN rm -r /d\n"), "got 6KB"},
		{"waste: 5KB", from("RUN rm /usr/local/bin/python3\n"), "ok waste: 0B"}, // the base's own is not the student's
	} {
		assert.Contains(t, checktest.Asked(t, image.Kind(), "image: {"+c.options+"}", c.target), c.want, c.options)
	}
}

// TestLarge: the largest layer of the student's own is named, and a -slim base only to who has
// another.
func TestLarge(t *testing.T) {
	fill := func(base, run string) string {
		target := checktest.New().With("Dockerfile", "FROM "+base+"\nRUN "+run+"\nCOPY main.py .\n")
		target.Shape = func(
			i *check.ImageInfo) {
			i.Layers[1].Size = 150_000_000
			i.Size += 150_000_000
			i.Added = 150_000_000
		}
		o, err := checktest.Ask(t.Context(), checktest.Entry(t, image.Kind(),
			"image: {size: {full: 100MB, zero: 900MB}}"), target, 1)
		require.NoError(t, err)
		return o.Items[0].Hint.String()
	}
	unused := func(what string) string {
		return "Nothing uses " + what + ": no package of the image was compiled in it, and no other line and no file " +
			"names that. "
	}
	line := func(run string) string { return "Line 2, `RUN " + run + "`, adds 150MB, the most of your own lines. " }
	for _, c := range []struct{ base, run, want string }{
		{"python:3.12-slim", "train", line("train") + "Leave out what the program does not need when it runs."},
		{"python:3.12", "train", line("train") +
			"The base, python:3.12, is 120MB. Leave out what the program does not need when it runs. Make line 1 of " +
			"Dockerfile `FROM python:3.12-slim`."},
		{"python", "train", line("train") +
			"The base, python, is 120MB. Leave out what the program does not need when it runs. Make line 1 of " +
			"Dockerfile `FROM python:3.12-slim`."},
		{"python:3.12-slim", "apt-get update && apt-get install -y gcc build-essential",
			line("apt-get update && apt-get install -y gcc build-essential") + unused("gcc and build-essential") +
				"Take `RUN apt-get update && apt-get install -y gcc build-essential` out of Dockerfile, line 2."},
		{"python:3.12-slim", "apt-get update && apt-get install -y gcc vim libpq5",
			line("apt-get update && apt-get install -y gcc vim libpq5") + unused("gcc and vim") +
				"Make line 2 of Dockerfile `RUN apt-get update && apt-get install -y libpq5`."},
		{"python:3.12-slim", "apt-get install -y gcc && fill /var/lib/apt/lists/x 2000000",
			line("apt-get install -y gcc && fill /var/lib/apt/lists/x 2000000") + unused("gcc") + "Leave that out."},
		{"python:3.12-slim", "apt-get update\nRUN apt-get install -y curl libpq5\nRUN curl x",
			line("apt-get update") + "Its lists of packages are of no use behind the install of line 3. Make lines " +
				"2 to " +
				"3 of Dockerfile `RUN apt-get update && apt-get install -y curl libpq5 && rm -rf " +
				"/var/lib/apt/lists/*`."},
		{"python:3.12-slim", "apt-get update\nRUN apt-get install -y gcc vim git", line("apt-get update") +
			"It is there for line 3, and nothing uses gcc, vim and git. Take lines 2 to 3 out of Dockerfile."},
		{"python:3.12-slim", "apt-get update", line("apt-get update") +
			"Nothing is installed by these lists of packages. Take `RUN apt-get update` out of Dockerfile, line 2."},
		{"python:3.12", "apt-get update && apt-get install -y gcc",
			line("apt-get update && apt-get install -y gcc") + "Nothing uses gcc: no package of the image was " +
				"compiled " +
				"in it, and no other line and no file names that. The base, python:3.12, is 120MB. Make lines 1 to " +
				"2 of " +
				"Dockerfile `FROM python:3.12-slim`."},
		{"python:3.12-slim", "apt-get install -y gcc && gcc x.c", line("apt-get install -y gcc && gcc x.c") +
			"Leave out what the program does not need when it runs."},
		{"node:22-slim", "npm install", line("npm install") + "Leave out what the program does not need when it runs."},
		{"python:3.12-slim", "apt-get update && apt-get upgrade -y",
			line("apt-get update && apt-get upgrade -y") +
				"What apt-get upgrade brings, a newer base image has already. Make line 2 of Dockerfile `RUN apt-get " +
				"update`."},
		{"acme/base", "pip install torch", line("pip install torch") +
			"Leave out what the program does not need when it runs."},
		{"python:3.12-slim", "uv sync", line("uv sync") + "Leave out what the program does not need when it runs."},
		{"python:3.12-slim", "pip install torch && fill /root/.cache/pip/http/a 2000000",
			strings.TrimSuffix(line("pip install torch && fill /root/.cache/pip/http/a 2000000"), ". ") +
				"; 2MB of it is pip's cache. Make line 2 of Dockerfile `RUN pip install --no-cache-dir torch && fill " +
				"/root/.cache/pip/http/a 2000000`."},
	} {
		assert.Equal(t, c.want, fill(c.base, c.run), c.base)
	}
}

func TestEvidence(t *testing.T) {
	o, err := checktest.Ask(context.Background(), checktest.Entry(t, image.Kind(),
		"image: {size: {full: 1GB, zero: 2GB}}"), from("RUN fill /a 1500\nCOPY main.py .\n"), 1)
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"size", "line", "made by"}, {"120MB", "base", "base"},
		{"1.5KB", "2", "RUN fill /a 1500"}}, o.Evidence[0].Rows[:3])
}

// TestCompiled: a base that compiles stays behind in a stage of its own.
func TestCompiled(t *testing.T) {
	for lines, want := range map[string]string{
		"FROM eclipse-temurin:17-jdk\nWORKDIR /app\nCOPY Main.java .\nRUN javac Main.java\n": "Make lines 1 to 4 " +
			"of Dockerfile `FROM eclipse-temurin:17-jdk AS build`, `WORKDIR /app`, `COPY Main.java .`, `RUN javac " +
			"Main.java`, `FROM eclipse-temurin:17-jre`, `WORKDIR /app`, `COPY --from=build /app /app`, one a line.",
		"FROM golang:1.24\nWORKDIR /src\nCOPY . .\nRUN go build -o /server .\n": "Make lines 1 to 4 of Dockerfile " +
			"`FROM golang:1.24 AS build`, `WORKDIR /src`, `COPY . .`, `RUN go build -o /server .`, `FROM " +
			"debian:stable-slim`, `WORKDIR /src`, `COPY --from=build /server /server`, one a line.",
		"FROM golang:1.24\nWORKDIR /src\nCOPY . .\nRUN go build\nUSER 1\n": "into which a COPY --from brings it.",
	} {
		target := checktest.New().With("Dockerfile", lines).With("Main.java", "class Main {}\n")
		target.Shape = func(i *check.ImageInfo) { i.Size += 400_000_000 }
		o, err := checktest.Ask(t.Context(), checktest.Entry(t, image.Kind(),
			"image: {size: {full: 100MB, zero: 900MB}}"), target, 1)
		require.NoError(t, err)
		assert.Contains(t, o.Items[0].Hint.String(), want, "%s: %s", lines, o.Items[0].Got)
	}
}
