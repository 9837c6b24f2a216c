// Package build is the kind `build`: whether the image can be built.
package build

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind is the kind.
func Kind() check.Kind {
	return check.Kind{Name: "build", Phase: check.Image, Gate: true, New: func() check.Check { return new(Build) }, Manual: check.Manual{
		Summary: "does the Dockerfile build",
		Text: `The folder is built with BuildKit as docker build does it, within the rubric's limits. When it cannot be built, everything
that needs the image is blocked by this check. A registry or a network that does not answer is the grader's error and costs nothing;
a base image that does not exist is the student's.`,
		Example: `id: builds
points: 12
build: {}`}}
}

// Build is the options.
type Build struct {
	Args   map[string]string `json:"args,omitempty" jsonschema:"build arguments"`
	Target string            `json:"target,omitempty" jsonschema:"the stage to build; the last unless given"`
}

// Shape passes arguments and target to the main build.
func (b *Build) Shape(s *check.Setup) { s.BuildArgs, s.Target = b.Args, b.Target }

const name = "docker build"

// Ask says how the build ended.
func (b *Build) Ask(_ context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
	built := t.Built()
	f := built.Failure
	if f == nil {
		return check.Pass(name, fmt.Sprintf("built in %.1fs", built.Took.Seconds())), nil
	}
	hint, got := advise(t, f), f.Message
	if requirement := unsolvable(f.Log); f.Reason == check.CommandError && requirement != "" {
		got = fmt.Sprintf("the dependencies cannot be installed: %s", requirement)
	}
	o := check.Fail(name, "an image", got, hint)
	if f.Line > 0 {
		o.Items[0].File, o.Items[0].Line = "Dockerfile", f.Line
	}
	if log := tail(f.Log, 30); log != "" {
		o.Evidence = append(o.Evidence, check.Evidence{Kind: "log", Title: "The last lines of the failing step", Text: log, File: "Dockerfile", Line: f.Line})
	}
	return o, nil
}

var (
	pipCannot = regexp.MustCompile(`(?:Could not find a version that satisfies the requirement|No matching distribution found for) ([^\s(]+(?: ?[<>=!~][^\s(]+)?)`)
	uvCannot  = regexp.MustCompile(`(?:Because|no versions? of|was not found in the package registry)[^\n]*`)
	noProgram = regexp.MustCompile(`(?:sh: \d+: )(\S+): not found`)
	invalid   = regexp.MustCompile(`(?:Invalid requirement|Failed to parse)[^\n]*`)
)

// unsolvable is the requirement that no package satisfies.
func unsolvable(log string) string {
	if m := pipCannot.FindStringSubmatch(log); m != nil {
		return fmt.Sprintf("no package satisfies %q", m[1])
	}
	if m := uvCannot.FindString(log); m != "" && strings.Contains(log, "No solution") {
		return m
	}
	return invalid.FindString(log)
}

// advise says what to do about a failure.
func advise(t check.Source, f *check.BuildFailure) string {
	switch f.Reason {
	case check.NoDockerfile, check.BadSyntax:
		if f.Subject != "" {
			return f.Subject
		}
		return "Mend the line that the message names."
	case check.MissingFile:
		return missing(t, f.Subject)
	case check.NoSuchImage:
		return fmt.Sprintf("Check the spelling of %q; the lesson uses python:3.12-slim.", f.Subject)
	case check.TooLong:
		return "Does a RUN step wait for input, or start the server? Servers belong into CMD, which runs when the container starts."
	case check.TooLarge:
		return fmt.Sprintf("Copy only what the program needs: list %q and whatever else it does without in .dockerignore.", f.Subject)
	case check.CommandError:
		if m := pipCannot.FindStringSubmatch(f.Log); m != nil {
			return fmt.Sprintf("Check the spelling and the version of %q in pyproject.toml or requirements.txt.", m[1])
		}
		if unsolvable(f.Log) != "" {
			return "Check names and versions of the dependencies in pyproject.toml."
		}
		if m := noProgram.FindStringSubmatch(f.Log); m != nil {
			return fmt.Sprintf("The image has no program %q at this step: install it, or copy it in, on a line before.", m[1])
		}
		return "The last lines of the step's output say why the command failed."
	}
	if f.Subject != "" && f.Unsent {
		return f.Subject
	}
	return "Run docker build . in the folder and read the error."
}

// missing says why a path is not in the context: an ignore line, another spelling, or not there at all.
func missing(t check.Source, subject string) string {
	if rules, err := t.Ignore(); err == nil {
		if _, err := fs.Stat(t.FS(), path.Clean(subject)); err == nil {
			if d := rules.Decide(subject); d.Ignored {
				return fmt.Sprintf("The file is there, but line %d of %s, %q, keeps it out of the build: remove the line, or add !%s below it.", d.Line, rules.File, d.Pattern, subject)
			}
		}
	}
	entries, err := fs.ReadDir(t.FS(), cleanDir(path.Dir(subject)))
	var names, there []string
	if err == nil {
		for _, e := range entries {
			names = append(names, e.Name())
			if !strings.HasPrefix(e.Name(), ".") && len(there) < 12 {
				there = append(there, e.Name())
			}
		}
	}
	if near := option.Suggest(path.Base(subject), names); near != "" {
		return fmt.Sprintf("There is a file %q: is that the one you mean?", path.Join(path.Dir(subject), near))
	}
	return fmt.Sprintf("Hand in the file too, or change the COPY line. The folder holds: %s.", strings.Join(there, ", "))
}

func cleanDir(dir string) string {
	if dir = path.Clean("/" + dir)[1:]; dir == "" {
		return "."
	}
	return dir
}

func tail(s string, lines int) string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
