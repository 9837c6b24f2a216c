package engine

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/baseimage"
	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/engine/buildcontext"
	"github.com/taskgrader/taskgrader/grader/engine/buildtrace"
	"github.com/taskgrader/taskgrader/grader/option"
)

// ours looks at a failed command once more: whether it failed for want of a network that this
// machine has not, or of something that the stand-in for its base image lacks.
func (s *Session) ours(ctx context.Context, f *check.BuildFailure) error {
	if f == nil || s.file == nil {
		return nil
	}
	base := baseOf(s.file, f)
	standIn := false
	if found, err := s.engine.api.ImageInspect(ctx, s.engine.pinned(ctx, base)); err == nil && found.Config != nil {
		standIn = baseimage.IsStandIn(found.Config.Labels)
	}
	if f.Reason == check.CommandError && diskWords.MatchString(buildtrace.LastLines(f.Log, 10)) &&
		s.engine.full(ctx, base, s.job.Limits.Build.Disk) {
		return fmt.Errorf("running %q in the build: the engine's disk is full", f.Subject)
	}
	if lacks := lacking(f, base); standIn && lacks != "" && s.engine.hasNot(ctx, base, f, lacks) {
		return &StandInGap{Ref: base, Lacks: lacks}
	}
	host, ok := buildtrace.UnreachedHost(f.Log)
	if f.Reason != check.CommandError || !ok || s.job.Limits.Build.Network == "none" || reserved(host) {
		return nil
	}
	connected, looked := s.engine.connected(ctx, base)
	if !looked { // with what the base has; so by this machine's own look, whatever host was named
		connected = reaches(ctx, host) || reaches(ctx, defaultRegistry)
	}
	trouble := &buildtrace.NetworkTrouble{Command: f.Subject, Log: buildtrace.LastLines(f.Log, 3)}
	switch {
	case !connected:
		return trouble
	case slices.Contains(registries, host):
		return &buildtrace.Doubtful{Host: host, Failure: f, Err: trouble}
	}
	return nil
}

var (
	diskWords   = regexp.MustCompile(`(?i)no space left on device`)
	requirement = regexp.MustCompile(`^[\w.\[\],<>=!~ -]+$`)
)

// hasNot reports whether an attempt of ours finds the stand-in to lack what the log of a command
// says that it lacks.
func (e *Engine) hasNot(ctx context.Context, base string, f *check.BuildFailure, lacks string) bool {
	switch {
	case f.Reason != check.CommandError || !requirement.MatchString(lacks):
		return true // the engine's own word
	case tools.MatchString(f.Log) && !wanted.MatchString(f.Log):
		return !e.attempt(ctx, base, "command -v "+lacks)
	case wanted.MatchString(f.Log):
		return !e.attempt(ctx, base, "pip download --no-deps -d /taskgrader-attempt '"+lacks+"' || uv pip download '"+
			lacks+"'")
	}
	return true
}

// registries are the hosts that tools ask by themselves: a submission does not choose them.
var registries = []string{"pypi.org", "files.pythonhosted.org", "registry.npmjs.org", "registry.yarnpkg.com",
	"deb.debian.org", "security.debian.org", "archive.ubuntu.com", "dl-cdn.alpinelinux.org", "proxy.golang.org",
	"rubygems.org", "static.crates.io", "index.crates.io", "repo.maven.apache.org"}

// reserved reports whether a host is one that no network has.
func reserved(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// baseOf returns the image from outside that the stage of a failure is built on. A COPY that takes
// from a stage fails for what that stage has not.
func baseOf(file *dockerfile.File, f *check.BuildFailure) string {
	at := len(file.Stages) - 1
	for i, stage := range file.Stages {
		if f.Stage != "" && (strings.EqualFold(stage.Name, f.Stage) || fmt.Sprint(i) == f.Stage) {
			at = i
			break
		}
		if f.Stage == "" && f.Line >= stage.Line {
			at = i
		}
	}
	for file.Stages[at].From >= 0 {
		at = file.Stages[at].From
	}
	return file.Stages[at].Base
}

// StandInGap reports that a stand-in for a base image lacks what the real one, or its index, has:
// ours.
type StandInGap struct{ Ref, Lacks string }

func (e *StandInGap) Error() string {
	return fmt.Sprintf("the stand-in for %s has no %s", e.Ref, e.Lacks)
}

// Hint returns how to go on.
func (e *StandInGap) Hint() string {
	return "grade where a registry answers, or add it: taskgrader images --offline --wheels DIR"
}

// The packages of PyPI that are fetched most, a name a line: what a stand-in lacks of these is no
// misspelt name.
//
//go:embed packages.txt
var packages string

var (
	wanted = regexp.MustCompile(
		`(?:Could not find a version that satisfies the requirement|No matching distribution found for) ` +
			`([A-Za-z0-9][\w.-]*)(\[[^\]]*\])?([^\n]*)`)
	separated = regexp.MustCompile(`[-_.]+`)
	tools     = regexp.MustCompile(
		`(?:sh|bash): (?:line )?(?:\d+: )?(curl|wget|git|gcc|g\+\+|cc|make|unzip|pkg-config|pg_config|mysql_config|` +
			`xz|patch): (?:command )?not found`)
	onlyOther = regexp.MustCompile(
		`(?:resolved to|interpreter [^\n]*?) ?Python (\d+\.\d+)[^\n]*incompatible|` +
			`requires a different Python: (\d+\.\d+)|No interpreter found for Python`)
	aside     = regexp.MustCompile(`\s*\((?:from|unavailable)[^)]*\)`)
	laterThan = regexp.MustCompile(`(?:>=|==|~=)\s*3\.(\d+)`)
	libraries = regexp.MustCompile(`^/?usr/(?:local/)?lib/python3[\d.]*/`)
	tagged    = regexp.MustCompile(`python:?(\d+\.\d+)`)
)

// lacking returns what a stand-in has not and the real image would have, or empty.
func lacking(f *check.BuildFailure, base string) string {
	if f.Reason == check.MissingFile && f.Stage != "" && libraries.MatchString(strings.TrimPrefix(f.Subject, "/")) {
		return f.Subject
	}
	if f.Reason != check.CommandError {
		return ""
	}
	if all := wanted.FindAllStringSubmatch(f.Log, -1); all != nil {
		m := all[0]
		name := strings.ToLower(separated.ReplaceAllString(m[1], "-"))
		known := strings.Fields(packages)
		_, real := slices.BinarySearch(known, name)
		if held := strings.Contains(m[3], "(from versions: ") && !strings.Contains(m[3],
			"(from versions: none)"); held {
			return strings.TrimSpace(aside.ReplaceAllString(m[1]+m[2]+m[3], ""))
		}
		if near := option.Suggest(name, known); real || near == name {
			return m[1]
		}
	}
	if m := tools.FindStringSubmatch(f.Log); m != nil && !strings.Contains(base, "slim") &&
		!strings.Contains(base, "alpine") {
		return m[1]
	}
	if onlyOther.MatchString(f.Log) {
		if m := tagged.FindStringSubmatch(base); m != nil && !strings.HasPrefix(standInPython, m[1]) &&
			!newer(f.Log, m[1]) {
			return "Python " + m[1]
		}
	}
	return ""
}

// newer reports whether a log asks for a later Python 3 than a version, which the real image has
// not either.
func newer(log, version string) bool {
	asked := laterThan.FindStringSubmatch(log)
	if asked == nil {
		return false
	}
	wants, _ := strconv.Atoi(asked[1])
	_, minor, _ := strings.Cut(version, ".")
	has, _ := strconv.Atoi(minor)
	return wants > has
}

// standInPython is the version of Python that every stand-in has.
const standInPython = "3.13"

// asksNames looks a few names up that surely exist, in a step of a build: it ends with 0 where one
// is found, and with 2 where none is.
const asksNames = "getent hosts pypi.org || getent hosts registry.npmjs.org || getent hosts deb.debian.org"

// connected reports whether the steps of a build have a network here, as one finds out that looks;
// looked is false where the base image has nothing to find out with.
func (e *Engine) connected(ctx context.Context, base string) (connected, looked bool) {
	code, ran := e.step(ctx, base, asksNames)
	return ran && code == 0, ran && (code == 0 || code == 2)
}

// step runs a command in a step of a build of its own, which is in no cache, and returns the exit
// code; ran is false where it did not get so far.
func (e *Engine) step(ctx context.Context, base, command string) (code int, ran bool) {
	nothing, err := buildcontext.New("")
	if err != nil {
		return 0, false
	}
	asking, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	text := fmt.Sprintf("FROM %s\nRUN : %d; %s\n", e.pinned(ctx, base), time.Now().UnixNano(), command)
	t, err := e.build(asking, buildOptions{context: nothing, dockerfile: text, network: "open", traceOnly: true,
		tag: e.owner.Tag("trace")})
	if err == nil {
		return 0, true
	}
	file, parsed := dockerfile.Parse("Dockerfile", []byte(text))
	if parsed != nil {
		return 0, false
	}
	failed := buildtrace.Failed(t.Steps(file))
	if failed == nil || failed.ExitCode == 0 {
		return 0, false
	}
	return failed.ExitCode, true
}
