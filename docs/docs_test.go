// Package docs holds the papers; its tests hold them to what is there.
package docs

import (
	"os"
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
	require.Len(t, promises, 7)
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
	for _, paper := range append(papers, "../README.md", "../CONTRIBUTING.md", "../CHANGELOG.md") {
		for _, to := range link.FindAllStringSubmatch(read(t, paper), -1) {
			if strings.Contains(to[1], "://") {
				continue
			}
			_, err := os.Stat(filepath.Join(filepath.Dir(paper), to[1]))
			assert.NoError(t, err, "%s links to what is not there", paper)
		}
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
		assert.Contains(t, text, "\n| `"+k.Name+"` | ")
	}
}
