package report

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/result"
)

// TestExample: the example in the repository is what this version makes of its instructor's JSON.
func TestExample(t *testing.T) {
	const folder, id = "../../reports/example", "several-faults"
	f, err := os.Open(filepath.Join(folder, "instructor", id+".json"))
	require.NoError(t, err)
	defer f.Close()
	r, err := Read(f)
	require.NoError(t, err)
	if *update {
		require.NoError(t, WriteFiles(folder, r))
	}
	for audience, name := range map[result.Audience]string{result.Student: "students", result.Instructor: "instructor"} {
		for ending, write := range map[string]func(io.Writer, result.Report) error{".html": HTML, ".json": JSON} {
			got, err := os.ReadFile(filepath.Join(folder, name, id+ending))
			require.NoError(t, err)
			assert.True(t, render(t, r.For(audience), write) == string(got), "%s/%s%s is out of date: go test ./grader/report -run TestExample -update", name, id, ending)
		}
	}
	var missing []string
	for _, c := range r.Checks {
		if c.Status == result.Fail || c.Status == result.Partial {
			missing = append(missing, c.ID)
		}
	}
	assert.ElementsMatch(t, []string{"practice", "update", "stops", "layer-cache", "ignores-secrets", "no-secrets"}, missing, "it shows faults of many kinds")
}
