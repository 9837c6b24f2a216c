package class

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

// TestJSONIsOneDocument: written and read one student after another, a class is to the byte what it
// is as a whole.
func TestJSONIsOneDocument(t *testing.T) {
	score := 7.5
	c := Class{Schema: Schema, Rubric: result.Rubric{ID: "tiny", Title: `"students": []`}, Seed: "ab",
		StartedAt: time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC), Skills: []Skill{}, Checks: []Check{{ID: "one"}},
		Students: []Row{}, Machines: []Machine{{Name: "lab-1"}}}
	for _, rows := range [][]Row{{}, {{ID: "ada", State: Graded, Score: &score, Name: "A\x1b[0m \U000e0041<b>",
		Checks: []Verdict{{ID: "one", Status: result.Fail, Hint: "Fix it."}}, Skills: []SkillScore{{ID: "s"}}},
		{Student: "moe", State: Missing}}} {
		c.Students = rows
		var whole, parts bytes.Buffer
		require.NoError(t, plain.JSON(&whole, c, " "))
		require.NoError(t, JSON(&parts, c))
		assert.Equal(t, whole.String(), parts.String())
		back, err := Read(&parts)
		require.NoError(t, err)
		assert.Equal(t, c, *back)
	}
	for text, want := range map[string]string{
		``:   "reading a class: unexpected EOF",
		`[]`: "reading a class: [ where { belongs",
		`{"schema": "x"}`: `reading a class: its schema is "x", and this version reads ` +
			`"taskgrader/class/v1"`,
		`{"students": {}}`:                   "reading a class: { where [ belongs",
		`{"students": [{"id": 1}]}`:          "reading a class: json: cannot unmarshal",
		`{"seed": 1, "students": [], "x": 2`: "reading a class: unexpected EOF",
	} {
		_, err := Read(strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
	}
}

// TestAddMachines: several runs over a class add up.
func TestAddMachines(t *testing.T) {
	was := []Machine{{Name: "lab-1", Verdicts: 3, MS: 10, Agreed: 1, Why: "no Docker"},
		{Name: "lab-2", Verdicts: 1, Differed: 1, Faults: 2}}
	assert.Equal(t, []Machine{{Name: "lab-1", Verdicts: 3, MS: 10, Agreed: 1},
		{Name: "lab-2", Slots: 4, Verdicts: 6, Differed: 1, Faults: 2}},
		AddMachines(was, []Machine{{Name: "lab-2", Slots: 4, Verdicts: 5}}))
}

// TestLocks: a lock is read as it was written, and no other file for one.
func TestLocks(t *testing.T) {
	l := Lock{Schema: LockSchema, Platform: "linux/amd64", Images: map[string]Image{"python:3": {"sha256:1", "2"}}}
	var b bytes.Buffer
	require.NoError(t, WriteLock(&b, l))
	back, err := ReadLock(&b)
	require.NoError(t, err)
	assert.Equal(t, l, *back)
	_, err = ReadLock(strings.NewReader(`{"schema": "x"}`))
	require.EqualError(t, err, `reading a lock: its schema is "x", and this version reads "taskgrader/lock/v1"`)
}
