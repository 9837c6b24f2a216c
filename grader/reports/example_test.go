package reports

import (
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/report"
	"github.com/taskgrader/taskgrader/grader/result"
)

var update = flag.Bool("update", false, "write the example anew")

// TestExample: the example in the repository is what this version makes of its instructor's JSON.
func TestExample(t *testing.T) {
	const id = "several-faults"
	dir := Dir("../../reports/example")
	r, err := dir.Read(result.Instructor, id)
	require.NoError(t, err)
	if *update {
		require.NoError(t, dir.Write(r))
	}
	for _, a := range []result.Audience{result.Student, result.Instructor} {
		for name, write := range map[string]func(io.Writer, result.Report) error{dir.Page(a, id): report.HTML,
			dir.Report(a, id): report.JSON} {
			got, err := os.ReadFile(name)
			require.NoError(t, err)
			var want strings.Builder
			require.NoError(t, write(&want, r.For(a)))
			assert.True(t, want.String() == string(got),
				"%s is out of date: go test ./grader/reports -run TestExample -update", name)
		}
	}
	var missing []string
	for _, c := range r.Checks {
		if c.Status == result.Fail || c.Status == result.Partial {
			missing = append(missing, c.ID)
		}
	}
	assert.ElementsMatch(t, []string{"practice", "update", "stops", "layer-cache", "ignores-secrets", "no-secrets"},
		missing, "it shows faults of many kinds")
}
