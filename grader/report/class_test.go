package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/result"
)

// TestMostMissed: what a class adds up to.
func TestMostMissed(t *testing.T) {
	c := class.Class{MaxScore: 100, Checks: []class.Check{{ID: "builds", MaxPoints: 40},
		{ID: "create", MaxPoints: 35.5}, {ID: "walk", MaxPoints: 24.5}}}
	for _, fails := range []string{"", "create", "create walk", "create walk"} {
		row, sum := class.Row{State: class.Graded}, 0.0
		for _, k := range c.Checks {
			v := class.Verdict{ID: k.ID, Status: result.Pass, Points: k.MaxPoints}
			if strings.Contains(fails, k.ID) {
				v = class.Verdict{ID: k.ID, Status: result.Fail, Hint: "Fix " + k.ID + "."}
			}
			row.Checks, sum = append(row.Checks, v), result.Sum(sum, v.Points)
		}
		row.Score = &sum
		c.Students = append(c.Students, row)
	}
	f := figuresOf(c)
	require.Len(t, f.Missed, 2)
	assert.Equal(t, "create", f.Missed[0].ID)
	assert.Equal(t, 3, f.Missed[0].Missed)
	assert.Equal(t, "Fix create.", f.Missed[0].Reason)
	assert.Equal(t, 3, f.Missed[0].Count)
	assert.Equal(t, 26.63, f.Missed[0].Lost)
	assert.Equal(t, [10]int{4: 2, 6: 1, 9: 1}, f.Bins)
	assert.Equal(t, []float64{61.13, 52.25, 40, 100}, []float64{f.Mean, f.Median, f.Lowest, f.Highest})
}

// TestLinksTellNoGrade: names and pages, in the order of the names, and nothing that another
// student may not know.
func TestLinksTellNoGrade(t *testing.T) {
	score := 64.5
	c := class.Class{Rubric: result.Rubric{Title: "Task API"}, Students: []class.Row{
		{ID: "zed", Name: "zed", State: class.Graded, Score: &score, Report: &class.FileStat{},
			Email: "zed@example.org"},
		{ID: "ada", Name: "Ada <b>", State: class.Error, Problem: &result.Problem{Phase: "build", Message: "no daemon"},
			Report: &class.FileStat{}},
		{ID: "ada-2", Name: "Ada <b>", State: class.Graded, Second: true, Score: &score, Report: &class.FileStat{}},
		{Student: "moe", Name: "Moe", State: class.Missing},
	}}
	var b strings.Builder
	require.NoError(t, Links(&b, c))
	page := b.String()
	assert.Contains(t, page, `<ul class="links"><li><a href="ada.html"><bdi>Ada &lt;b&gt;</bdi></a></li>
<li><a href="ada-2.html"><bdi>Ada &lt;b&gt;</bdi></a> <small>ada-2</small></li>
<li><a href="zed.html"><bdi>zed</bdi></a></li>
</ul>`)
	for _, no := range []string{"64.5", "Moe", "example.org", "daemon", ">graded", "<script"} {
		assert.NotContains(t, page, no)
	}
}

// TestMachines: who graded, and where two came to different verdicts; of a very large class the
// first students.
func TestMachines(t *testing.T) {
	score, other := 9.0, 7.0
	c := class.Class{MaxScore: 10, Checks: []class.Check{{ID: "create", MaxPoints: 2}},
		Machines: []class.Machine{{Name: "lab-1", Platform: "linux/amd64", Engine: "Docker <28>", Verdicts: 4, MS: 6000,
			Agreed: 3, Differed: 1}, {Name: "lab-2", Why: "no Docker", Invalid: 1}},
		Students: []class.Row{{ID: "ada", Name: "Ada <b>", State: class.Graded, Score: &score, Machine: "lab-1",
			Opinion: &result.Opinion{Machine: "lab-2", Score: &other,
				Changes: []result.Change{{ID: "create", Was: result.Pass, Before: 2,
					Now: result.Fail}}}}}}
	for len(c.Students) < mostRows {
		c.Students = append(c.Students, class.Row{ID: "other", State: class.Graded, Score: &score, Machine: "lab-1"})
	}
	var page, text strings.Builder
	require.NoError(t, Index(&page, c))
	for _, want := range []string{`<h2 id="disputed">Two machines disagree</h2>`,
		`<bdi>Ada &lt;b&gt;</bdi></th><td>lab-1, lab-2</td>` +
			`<td class="num">9, 7</td><td><div><code>create</code> passed 2, failed 0</div></td>`,
		`<th scope="row">lab-1</th><td class="num">4</td><td class="num">1.5</td><td class="num">3</td><td ` +
			`class="num">1</td><td class="num">0</td><td>linux/amd64<br><small>Docker &lt;28&gt;</small></td>`,
		`<small>takes nothing: no Docker</small>`,
		`<small>1 answer to what it was not asked</small>`} {
		assert.Contains(t, page.String(), want)
	}
	assert.NotContains(t, page.String(), "are shown")
	require.NoError(t, Summary(&text, c, SummaryOptions{}))
	assert.Contains(t, text.String(), "Disagree  Ada <b>: lab-1 and lab-2\n")

	page.Reset()
	c.Students = append(c.Students, class.Row{ID: "last", Name: "Last", State: class.Graded, Score: &score})
	require.NoError(t, Index(&page, c))
	assert.Contains(t, page.String(), "The first 1000 of 1001 are shown")
	assert.NotContains(t, page.String(), "<bdi>Last</bdi>")
}

// TestUnsteady: who answered otherwise when asked again is named before grades are handed out.
func TestUnsteady(t *testing.T) {
	score := 9.0
	c := class.Class{MaxScore: 10, Students: []class.Row{
		{ID: "ada", Name: "Ada <b>", State: class.Graded, Score: &score, Checks: []class.Verdict{
			{ID: "create", Status: result.Fail, Unsteady: true}, {ID: "read", Status: result.Fail},
			{ID: "walk", Status: result.Fail, Unsteady: true}}},
		{ID: "bob", Name: "Bob", State: class.Graded, Score: &score,
			Checks: []class.Verdict{{ID: "create", Status: result.Fail}}},
	}}
	var page, text strings.Builder
	require.NoError(t, Index(&page, c))
	assert.Contains(t, page.String(), `<h2 id="unsteady">Not the same twice</h2>`)
	assert.Contains(t, page.String(),
		`<ul class="plain"><li><strong><bdi>Ada &lt;b&gt;</bdi></strong> <code>create</code>, `+
			`<code>walk</code></li></ul>`)
	require.NoError(t, Summary(&text, c, SummaryOptions{}))
	assert.Regexp(t, `(?m)^Unsteady +Ada <b>: create, walk$`, text.String())

	c.Students = c.Students[1:]
	page.Reset()
	require.NoError(t, Index(&page, c))
	assert.NotContains(t, page.String(), "unsteady")
}
