package grader_test

import (
	"fmt"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/taskgrader/taskgrader/"

// arrow is what packages may import. Patterns are those of path.Match, with the module's own path
// left out; a trailing /... is a package and all below it.
type arrow struct {
	of       string   // packages that the arrow is about
	except   []string // of those, whom it is not about
	what     string   // what it is about: imports that match
	only     []string // of those, what they may import; nothing where empty
	directly bool     // imports alone, not what these import in turn
	because  string
}

var arrows = []arrow{
	{of: "grader/result", what: "...",
		because: "the report is plain data: whatever shows or stores it must not pull in how it came about"},
	{of: "grader/report/...", what: "...", only: []string{"grader/result", "grader/class", "grader/plain",
		"grader/report/..."},
		because: "pages are made of a report or a class alone, so that an old one can be shown again"},
	{of: "grader/class", what: "...", only: []string{"grader/result", "grader/plain"},
		because: "a graded class is plain data: whatever shows or stores it must not pull in how it came about"},
	{of: "grader/export/...", what: "...", only: []string{"grader/result", "grader/class", "grader/plain",
		"grader/sheet", "grader/person", "grader/export/..."},
		because: "an export is made of reports and their class alone"},
	{of: "grader/dockerfile", what: "...", because: "a Dockerfile can be read without a grader"},
	{of: "grader/dockerignore", what: "...", because: "an ignore file can be read without a grader"},
	{of: "grader/sheet", what: "...", because: "a table can be read without knowing what for"},
	{of: "grader/option", what: "...", because: "options know no kind, no YAML and no rubric"},
	{of: "grader/check", what: "...", only: []string{"grader/option", "grader/dockerfile", "grader/dockerignore"},
		because: "the contract between a check and a submission knows neither scores nor engines"},
	{of: "grader/check/kinds/*", what: "grader/...", directly: true,
		only: []string{"grader/check", "grader/check/steps", "grader/check/readings", "grader/check/advice",
			"grader/option", "grader/dockerfile", "grader/dockerignore"},
		because: "a kind knows its question alone: no sibling, no score, no report"},
	{of: "grader/check/readings", what: "grader/...", only: []string{"grader/check", "grader/option",
		"grader/dockerfile", "grader/dockerignore"}, because: "what a log means hangs on the log and the folder alone"},
	{of: "grader/check/advice", what: "grader/...",
		because: "what is said to a student of a framework hangs on the folder alone"},
	{of: "grader/rubric", what: "...", only: []string{"grader/check", "grader/option", "grader/result",
		"grader/dockerfile", "grader/dockerignore"},
		because: "the rubric language knows what no kind means: kinds are given to it"},
	{of: "grader/person", what: "...", because: "names and ids are compared alike, whatever file they stand in"},
	{of: "grader/submission", what: "...", only: []string{"grader/plain", "grader/person"},
		because: "folders and archives are opened without Docker, rubrics and rosters"},
	{of: "grader/roster", what: "...", only: []string{"grader/submission", "grader/option", "grader/plain",
		"grader/sheet", "grader/person"}, because: "who is who does not depend on how anything is graded"},
	{of: "grader/engine", what: "...", only: []string{"grader/engine/*", "grader/check", "grader/option",
		"grader/dockerfile", "grader/dockerignore", "grader/baseimage", "grader/plain"},
		because: "Docker knows no rubric, no points and no kinds"},
	{of: "grader/engine/buildcontext", what: "...", only: []string{"grader/check", "grader/option", "grader/dockerfile",
		"grader/dockerignore"},
		because: "the folder that a build sees is a folder and edits, of no session: tested without Docker"},
	{of: "grader/engine/buildtrace", what: "...", only: []string{"grader/check", "grader/option", "grader/dockerfile",
		"grader/dockerignore"}, because: "what BuildKit says is read without a session: tested without Docker"},
	{of: "grader/engine/dockerhost", what: "...", because: "where Docker is hangs on this machine alone"},
	{of: "grader/engine/owner", what: "...", because: "whose leftovers something is hangs on its name alone"},
	{of: "grader", what: "grader/engine",
		because: "the flow of one submission is given an engine, so that it can be tested without Docker"},
	{of: "grader", what: "grader/check/...", only: []string{"grader/check"},
		because: "the flow knows no kind by its name"},
	{of: "grader", what: "grader/report/...", because: "how a report is shown is not for the one who makes it"},
	{of: "grader/reports", what: "...", only: []string{"grader/report", "grader/export", "grader/class",
		"grader/result", "grader/plain", "grader/sheet", "grader/person"},
		because: "the folder of reports knows where they lie, and not how they come about"},
	{of: "grader/batch", what: "grader/engine/...",
		because: "what hands out work meets what grades in submissions and results alone, so that a class can be " +
			"spread over machines"},
	{of: "grader/batch", what: "grader/check/...", directly: true, because: "a class knows no kind"},
	{of: "grader/fleet", what: "grader/engine/...",
		because: "machines meet in submissions and results alone: how one is graded is given to a worker"},
	{of: "grader/fleet", what: "grader/...", directly: true, only: []string{"grader/batch", "grader/submission",
		"grader/rubric", "grader/result", "grader/plain"},
		because: "the queue knows neither kinds nor pages nor where reports lie"},
	{of: "...", except: []string{"grader/batch", "cmd/taskgrader", "bench"}, what: "grader",
		because: "a grading is started by a command or by the run of a class"},
	{of: "...", what: "cmd/...", because: "commands are at the top: nothing builds on flags and exit codes"},
	{of: "...", what: "grader/check/checktest", because: "only tests test"},
}

// outside are modules that may be reached from certain packages alone.
var outside = []struct {
	what    string
	from    []string
	because string
}{
	{"github.com/testcontainers/testcontainers-go", []string{"grader/engine"},
		"its root package links the testing package and much else: it is kept in one place"},
	{"github.com/moby/moby/client", []string{"grader/engine", "grader/baseimage", "cmd/taskgrader", "bench"},
		"whoever talks to Docker is named"},
	{"github.com/moby/buildkit", []string{"grader/engine", "grader/engine/buildtrace", "grader/dockerfile"},
		"only the engine builds, one package reads what BuildKit says, and one reads Dockerfiles"},
	{"github.com/moby/buildkit/session", []string{"grader/engine"}, "only the engine builds"},
	{"github.com/moby/buildkit/client", []string{"grader/engine", "grader/engine/buildtrace"},
		"only the engine builds, and one package reads what BuildKit says"},
	{"github.com/tonistiigi/fsutil", []string{"grader/engine", "grader/engine/buildcontext"},
		"only builds are served a folder"},
	{"google.golang.org/grpc", []string{"grader/engine"}, "only the engine builds"},
	{"github.com/nats-io", []string{"grader/fleet"}, "one package knows the queue"},
	{"gopkg.in/yaml.v3", []string{"grader/rubric", "grader/check/checktest"},
		"one package turns YAML into values with places; all others read those"},
	{"github.com/getkin/kin-openapi", []string{"grader/check/kinds/openapi"},
		"one kind reads OpenAPI documents; their schemas are no one else's matter"},
	{"github.com/spf13/cobra", []string{"cmd/taskgrader"}, "libraries read no flags"},
	{"flag", []string{"bench"}, "libraries read no flags"},
}

// packages returns all of this module with what they import, and what that imports in turn.
func packages(t *testing.T) (imports, deps map[string][]string) {
	t.Helper()
	list := exec.Command("go", "list", "-f", `{{.ImportPath}}|{{join .Imports " "}}|{{join .Deps " "}}`, "./...")
	list.Dir = ".."
	out, err := list.Output()
	require.NoError(t, err)
	imports, deps = map[string][]string{}, map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSpace(line), "|")
		name := strings.TrimPrefix(fields[0], module)
		imports[name], deps[name] = strings.Fields(fields[1]), strings.Fields(fields[2])
	}
	require.Greater(t, len(imports), 25)
	return imports, deps
}

func matches(name string, patterns ...string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if above, ok := strings.CutSuffix(p, "..."); ok {
			return above == "" || name == strings.TrimSuffix(above, "/") || strings.HasPrefix(name, above)
		}
		ok, _ := path.Match(p, name)
		return ok
	})
}

// wrongWay gives the imports that go against the arrows.
func wrongWay(imports, deps map[string][]string) (out []string) {
	for name := range imports {
		for _, a := range arrows {
			if !matches(name, a.of) || matches(name, a.except...) {
				continue
			}
			from := deps[name]
			if a.directly || a.of == "..." {
				from = imports[name]
			}
			for _, i := range from {
				own, ok := strings.CutPrefix(i, module)
				if ok && own != name && matches(own, a.what) && !matches(own, a.only...) {
					out = append(out, fmt.Sprintf("%s must not import %s: %s", name, own, a.because))
				}
			}
		}
		for _, o := range outside {
			for _, i := range imports[name] {
				if (i == o.what || strings.HasPrefix(i, o.what+"/")) && !matches(name, o.from...) {
					out = append(out, fmt.Sprintf("%s must not import %s: %s", name, i, o.because))
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestArrows(t *testing.T) {
	imports, deps := packages(t)
	assert.Empty(t, wrongWay(imports, deps))
	for _, a := range arrows { // an arrow of nothing holds nothing
		found := false
		for name := range imports {
			found = found || matches(name, a.of)
		}
		assert.True(t, found, "there is no package %s", a.of)
	}
}

func TestArrowsCanBreak(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"grader/result", module + "grader/option",
			"grader/result must not import grader/option: the report is plain data"},
		{"grader/check/kinds/cache", module + "grader/check/kinds/build",
			"grader/check/kinds/cache must not import grader/check/kinds/build: a kind knows its question alone"},
		{"grader/rubric", module + "grader/check/kinds",
			"grader/rubric must not import grader/check/kinds: the rubric language"},
		{"grader", module + "grader/engine", "grader must not import grader/engine: the flow"},
		{"grader/engine/owner", module + "grader/engine",
			"grader/engine/owner must not import grader/engine: whose leftovers"},
		{"grader/engine/buildtrace", module + "grader/rubric",
			"grader/engine/buildtrace must not import grader/rubric: what BuildKit says"},
		{"grader/engine/dockerhost", "github.com/moby/moby/client",
			"grader/engine/dockerhost must not import github.com/moby/moby/client: whoever talks to Docker is named"},
		{"grader/watch", module + "grader", "grader/watch must not import grader: a grading is started"},
		{"grader/class", module + "grader/report",
			"grader/class must not import grader/report: a graded class is plain data"},
		{"grader/reports", module + "grader/submission",
			"grader/reports must not import grader/submission: the folder of reports"},
		{"grader/batch", module + "grader/check/kinds",
			"grader/batch must not import grader/check/kinds: a class knows no kind"},
		{"grader/batch", module + "cmd/taskgrader",
			"grader/batch must not import cmd/taskgrader: commands are at the top"},
		{"grader/fleet", module + "grader/reports",
			"grader/fleet must not import grader/reports: the queue knows neither kinds nor pages"},
		{"grader/batch", "github.com/nats-io/nats.go",
			"grader/batch must not import github.com/nats-io/nats.go: one package knows the queue"},
		{"grader/report", "github.com/moby/moby/client",
			"grader/report must not import github.com/moby/moby/client: whoever talks to Docker is named"},
		{"grader/check/kinds/env", "gopkg.in/yaml.v3",
			"grader/check/kinds/env must not import gopkg.in/yaml.v3: one package"},
	} {
		found := wrongWay(map[string][]string{c.from: {c.to}}, map[string][]string{c.from: {c.to}})
		if assert.Len(t, found, 1, c.from) {
			assert.Contains(t, found[0], c.want)
		}
	}
}
