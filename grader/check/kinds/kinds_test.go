package kinds_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
)

// TestEveryKindKeepsTheRules is the conformance suite: a new kind is in it as soon as it is in the
// list.
func TestEveryKindKeepsTheRules(t *testing.T) {
	for _, k := range kinds.All() {
		t.Run(k.Name, func(t *testing.T) {
			for _, rule := range checktest.Verify(k) {
				assert.Fail(t, rule)
			}
		})
	}
}

// TestTheListIsFresh: a folder with a kind in it is in the list.
func TestTheListIsFresh(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kinds.go")
	out, err := exec.Command("go", "run", "./gen", file).CombinedOutput()
	require.NoError(t, err, string(out))
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	got, err := os.ReadFile("kinds.go")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "kinds.go is out of date: go generate ./...")
}
