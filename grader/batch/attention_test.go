package batch

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/report"
	"github.com/taskgrader/taskgrader/grader/result"
)

// TestWhatAnInstructorHasToAskFor: submissions that nobody could read, and those that are nobody's
// in the roster.
func TestWhatAnInstructorHasToAskFor(t *testing.T) {
	w := newWorld(t, map[string]string{"ada": "", "stray": ""})
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "bob_7_8_<work>.zip"), []byte("no zip"), 0o644))
	said := func() string {
		var out strings.Builder
		require.NoError(t, report.Summary(&out, *w.run(), report.SummaryOptions{Page: "reports/index.html",
			Grades: "reports/grades.csv"}))
		return out.String()
	}
	text, page := said(), w.read("index.html")
	assert.Contains(t, text, "\nUnread    bob_7_8_<work>.zip: there is nothing in it\n")
	assert.Contains(t, page,
		"<bdi>bob</bdi></strong> <code>bob_7_8_&lt;work&gt;.zip</code>: there is nothing in it</li>")
	assert.NotContains(t, text+page, "roster", "there is none")

	w.options.Roster = rosterOf(t, "id\nada\nbob\nzoe\n")
	text, page = said(), w.read("index.html")
	assert.Contains(t, text, "\nUnlisted  stray: in no row of the roster\n")
	assert.Contains(t, page, "<bdi>stray</bdi></strong> <code>stray</code></li>")
	assert.Contains(t, page,
		"<bdi>bob</bdi></strong> <code>bob_7_8_&lt;work&gt;.zip</code>: there is nothing in it</li>", "kept")
	assert.NotContains(t, w.read("class.json"), `"unread": ""`)
}

// TestFaultsOfOursAreSaidOnce: with whom each met, and its fix.
func TestFaultsOfOursAreSaidOnce(t *testing.T) {
	students := map[string]string{}
	for _, id := range []string{"ada", "bob", "cyd", "dan", "eve", "fay", "gus"} {
		students[id] = ""
	}
	w := newWorld(t, students)
	w.grader.before = func(_ context.Context, id string) *result.Problem {
		if id == "gus" {
			return &result.Problem{Phase: "start", Message: "no network"}
		}
		return &result.Problem{Phase: "build", Message: "no <image>", Hint: "run: taskgrader images DIR"}
	}
	c := w.run(func(o *Options) { o.Retries = -1 })
	var out strings.Builder
	require.NoError(t, report.Summary(&out, *c, report.SummaryOptions{Page: "reports/index.html",
		Grades: "reports/grades.csv"}))
	assert.Contains(t, out.String(), `
Error     ada, bob, cyd, dan and 2 more: build: no <image>
Fix       run: taskgrader images DIR
Error     gus: start: no network
Time `)
	page := w.read("index.html")
	assert.Equal(t, 1, strings.Count(page, "build: no &lt;image&gt;<br>run: taskgrader images DIR</li>"))
	assert.Contains(t, page, "<bdi>fay</bdi>")
	assert.Contains(t, w.read("class.json"), `"hint": "run: taskgrader images DIR"`)
}
