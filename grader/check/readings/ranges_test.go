package readings_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/readings"
)

// TestRanges: what a range becomes that no version fits is of the range's own form.
func TestRanges(t *testing.T) {
	all := "1.0.4, 2.0.0, 2.0.3, 2.1.0, 2.2.5, 3.0.0, 3.1.2, 4.0.0rc1"
	for asked, want := range map[string]string{
		"==2.0.9":     "==2.0.3",
		"==2.9":       "==2.2.5",
		"==99.1":      "==3.1.2",
		"==9.*":       "==3.*",
		"==2.9.*":     "==2.2.*",
		">=99":        ">=3.1.2",
		">3.1.2":      ">=3.1.2",
		">=99,<100":   ">=3.1.2,<100",
		"<100,>=99":   ">=3.1.2,<100",
		">=2.1,<2":    ">=2.1",
		"~=9.0":       "~=3.1",
		"~=2.0.9":     "~=2.0.3",
		"<0.5":        "",
		"==4.0.0b2":   "",
		"!=2.0,==2.9": "!=2.0,==2.2.5",
	} {
		src := checktest.New().With("requirements.txt", "uvicorn\nfastapi"+asked+"\n")
		f, ok := readings.Build("ERROR: Could not find a version that satisfies the requirement fastapi"+asked+
			" (from versions: "+all+")\nERROR: No matching distribution found for fastapi"+asked+"\n",
			readings.NewScene(src, 0))
		assert.True(t, ok)
		if assert.NotNil(t, f.Hint.Edit, asked) {
			assert.Equal(t, "fastapi"+want, f.Hint.Edit.New, asked)
		}
		assert.Equal(t, !strings.Contains(asked, ","), strings.Contains(f.Hint.Cause, "no such version"))
	}
}
