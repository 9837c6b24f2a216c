// Package docs holds the papers; its tests hold them to what is there.
package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// Every promise names tests, and each of them exists.
func TestPromises(t *testing.T) {
	named := regexp.MustCompile("`([a-z/]+)\\.(Test\\w+)`")
	promises := regexp.MustCompile(`(?m)^## \d\. .*`).Split(read(t, "promises.md"), -1)[1:]
	require.Len(t, promises, 9)
	for i, promise := range promises {
		tests := named.FindAllStringSubmatch(promise, -1)
		assert.NotEmpty(t, tests, "promise %d names no test", i+1)
		for _, test := range tests {
			files, err := filepath.Glob(filepath.Join("..", test[1], "*_test.go"))
			require.NoError(t, err)
			found := false
			for _, file := range files {
				found = found || strings.Contains(read(t, file), "\nfunc "+test[2]+"(")
			}
			assert.True(t, found, "promise %d: there is no %s.%s", i+1, test[1], test[2])
		}
	}
}

// What links in the papers point at is there.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`(?:\]\(|src(?:set)?=")([^)"#]+)`)
	papers, err := filepath.Glob("*.md")
	require.NoError(t, err)
	for _, paper := range append(papers, "../README.md", "../CONTRIBUTING.md", "../SECURITY.md", "../CHANGELOG.md") {
		for _, to := range link.FindAllStringSubmatch(read(t, paper), -1) {
			if strings.Contains(to[1], "://") {
				continue
			}
			_, err := os.Stat(filepath.Join(filepath.Dir(paper), to[1]))
			assert.NoError(t, err, "%s links to what is not there", paper)
		}
	}
}

// Every package has a row in CONTRIBUTING's table, every row its package, and imports point down
// the table.
func TestTableOfPackages(t *testing.T) {
	const module = "github.com/taskgrader/taskgrader/"
	row := map[string]int{} // of a package
	table := regexp.MustCompile("(?m)^\\| (`.*?) \\|").FindAllStringSubmatch(read(t, "../CONTRIBUTING.md"), -1)
	require.NotEmpty(t, table)
	for i, line := range table {
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(line[1], -1) {
			row[name[1]] = i
		}
	}
	for _, k := range kinds.All() {
		row["grader/check/kinds/"+k.Name] = row["grader/check/kinds/<kind>"]
	}
	delete(row, "grader/check/kinds/<kind>")
	row["grader/check/kinds/gen"] = row["grader/check/kinds"]
	list := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	list.Dir = ".."
	out, err := list.Output()
	require.NoError(t, err)
	packages := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		name := strings.TrimPrefix(words[0], module)
		packages[name] = true
		at, ok := row[name]
		assert.True(t, ok, "CONTRIBUTING.md, under \"Layout\", lacks a row for %s", name)
		for _, path := range words[1:] {
			if i, own := strings.CutPrefix(path, module); own {
				assert.GreaterOrEqual(t, row[i], at,
					"CONTRIBUTING.md, under \"Layout\": %s imports %s, which is a row above it", name, i)
			}
		}
	}
	for name := range row {
		assert.True(t, packages[name], "CONTRIBUTING.md, under \"Layout\", has a row for %s, which is no package", name)
	}
}

// What CONTRIBUTING and README tell people to type is there: make's targets and scripts.
func TestCommands(t *testing.T) {
	makefile := read(t, "../Makefile")
	for _, paper := range []string{"../CONTRIBUTING.md", "../README.md", "design.md", "../SECURITY.md"} {
		text := read(t, paper)
		for _, target := range regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)").FindAllStringSubmatch(text, -1) {
			assert.Contains(t, makefile, "\n"+target[1]+":", "%s: make %s", paper, target[1])
		}
		for _, script := range regexp.MustCompile(`\bscripts/[a-z-]+`).FindAllString(text, -1) {
			assert.FileExists(t, "../"+script, paper)
		}
		for _, path := range regexp.MustCompile(`go (?:test|doc) \./([a-z/]+)`).FindAllStringSubmatch(text, -1) {
			if path[1] != "grader/check/kinds/labels" { // the one to be made
				assert.DirExists(t, "../"+path[1], paper)
			}
		}
	}
}

// The files that the guided tour names are there.
func TestTour(t *testing.T) {
	named := regexp.MustCompile(`\b\w+\.go\b|\bgrader/[a-z/]*[a-z]`).FindAllString(read(t, "../grader/doc.go"), -1)
	require.NotEmpty(t, named)
	for _, name := range named {
		if strings.HasSuffix(name, ".go") {
			name = "grader/" + name
		}
		_, err := os.Stat("../" + name)
		assert.NoError(t, err, "grader/doc.go")
	}
}

// The rubric in the README has no mistakes, and every kind has its row there.
func TestReadme(t *testing.T) {
	text := read(t, "../README.md")
	blocks := regexp.MustCompile("(?s)```yaml\n(rubric:.*?)```").FindAllStringSubmatch(text, -1)
	require.Len(t, blocks, 1)
	_, err := rubric.Parse("README.md", []byte(blocks[0][1]), kinds.All())
	assert.NoError(t, err)
	for _, k := range kinds.All() {
		assert.True(t, strings.Contains(text, "\n| `"+k.Name+"` | "),
			"README.md, under \"What is asked\", lacks a row for the kind %s: | `%s` | what it asks | how it judges |",
			k.Name, k.Name)
	}
}
