package rubric_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

var worth = regexp.MustCompile(`(?:^|[ {])points: ([0-9.]+)`)

// whole makes a rubric of an example: it is one, or the top of one, or entries of its checks.
func whole(example string) string {
	switch {
	case strings.HasPrefix(example, "rubric:"):
		return example
	case strings.HasPrefix(example, "- "):
		sum := 0.0
		for _, entry := range strings.Split("\n"+example, "\n- ")[1:] {
			if m := worth.FindStringSubmatch(entry); m != nil && !strings.Contains(entry, "bonus: true") {
				n, _ := strconv.ParseFloat(m[1], 64)
				sum += n
			}
		}
		return fmt.Sprintf("rubric: example\npoints: %v\nchecks:\n%s\n", sum, example)
	}
	return "rubric: example\npoints: 1\nchecks: [{id: a, points: 1, build: {}}]\n" + example + "\n"
}

// TestExamplesParse: every example of the manual is a rubric without mistakes, or expectations
// without any.
func TestExamplesParse(t *testing.T) {
	topics := rubric.Topics()
	for _, k := range kinds.All() {
		topics = append(topics, k.Manual.Topics...)
		r, err := rubric.Parse(k.Name, []byte(whole("- "+strings.ReplaceAll(k.Manual.Example, "\n", "\n  "))),
			kinds.All())
		require.NoError(t, err, "kind %s", k.Name)
		assert.NotContains(t, r.Warnings.Error(), "new in each run", k.Name)
	}
	for _, topic := range topics {
		switch {
		case topic.Example == "":
			assert.True(t, topic.Good != "" || strings.Contains(topic.Why, "  $ taskgrader "), "%s has no example",
				topic.ID)
		case topic.ID == "expected":
			file := filepath.Join(t.TempDir(), "expected.yaml")
			require.NoError(t, os.WriteFile(file, []byte(topic.Example), 0o644))
			_, err := rubric.LoadExpected(file)
			assert.NoError(t, err)
		default:
			r, err := rubric.Parse(topic.ID, []byte(whole(topic.Example)), kinds.All())
			require.NoError(t, err, topic.ID)
			assert.NotContains(t, r.Warnings.Error(), "new in each run", topic.ID)
		}
	}
}

// TestDefaultLimitsAreShown: the example of limits names every one, with its default.
func TestDefaultLimitsAreShown(t *testing.T) {
	for _, topic := range rubric.Topics() {
		if topic.ID != "limits" {
			continue
		}
		r, err := rubric.Parse("limits", []byte(whole(topic.Example)), kinds.All())
		require.NoError(t, err)
		assert.Equal(t, check.DefaultLimits(), r.Limits)
		for _, key := range topic.Keys {
			_, name, below := strings.Cut(key.Name, ".")
			assert.True(t, !below || strings.Contains(topic.Example, name+": "), "%s is not shown", key.Name)
		}
		return
	}
	t.Fatal("no topic limits")
}

func TestStarter(t *testing.T) {
	r, err := rubric.Parse("starter.yaml", rubric.Starter("notes"), kinds.All())
	require.NoError(t, err)
	assert.Equal(t, "notes", r.ID)
}
