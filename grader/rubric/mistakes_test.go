package rubric

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/option"
)

var update = flag.Bool("update", false, "write what is said of each mistake into its file")

// internals are words that no instructor should meet.
var internals = regexp.MustCompile(`yaml\.|option\.|rubric\.|struct|reflect|goroutine|!!|map\[|interface|panic|%!`)

// TestMistakes: rubrics with one mistake each. What is said of it stands at the end of the file,
// where it moves no line.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 50)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			rubric, want, _ := strings.Cut(string(text), "# want: ")
			_, err = Parse("rubric.yaml", []byte(rubric), kinds.All())
			var problems option.Problems
			require.ErrorAs(t, err, &problems)
			var said []string
			for _, p := range problems {
				said = append(said, "# want: "+p.Error())
				if p.Hint != "" {
					said = append(said, "# hint: "+p.Hint)
				}
				assert.NotRegexp(t, internals, p.Message+p.Hint)
				assert.LessOrEqual(t, p.Line, max(strings.Count(rubric, "\n"), 1))
			}
			got := strings.ReplaceAll(strings.Join(said, "\n")+"\n", names(), "(all kinds)")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(rubric+got), 0o644))
				return
			}
			assert.Equal(t, "# want: "+strings.ReplaceAll(want, "\r", ""), got)
			assert.Len(t, problems, 1, "one mistake, one problem")
		})
	}
}
