package reports

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/class"
)

// TestJournal: what a killed run finished is in the class, and what it was writing is not.
func TestJournal(t *testing.T) {
	d := Dir(t.TempDir())
	score := 9.0
	require.NoError(t, d.WriteClass(class.Class{Schema: class.Schema, Students: []class.Row{
		{ID: "ada", Student: "a1", Name: "Ada", Team: "T", State: class.Waiting},
		{ID: "ada", Student: "a2", Name: "Bo", State: class.Waiting},
		{ID: "eve", State: class.Waiting}, {Student: "moe", State: class.Missing}}}))
	j, err := d.Journal()
	require.NoError(t, err)
	require.NoError(t, j.Add(class.Row{ID: "ada", State: class.Error}))
	require.NoError(t, j.Add(class.Row{ID: "ada", Name: "T", State: class.Graded, Score: &score}))
	file := filepath.Join(string(d), journalFile)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"id": "eve", "state": "gra`)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	c, err := d.Class()
	require.NoError(t, err)
	assert.Equal(t, []class.Row{{ID: "ada", Student: "a1", Name: "Ada", Team: "T", State: class.Graded, Score: &score},
		{ID: "ada", Student: "a2", Name: "Bo", State: class.Graded, Score: &score}, {ID: "eve", State: class.Waiting},
		{Student: "moe", State: class.Missing}}, c.Students)
	assert.False(t, c.Complete)
	require.NoError(t, j.Remove())
	assert.NoFileExists(t, file)
	c, err = d.Class()
	require.NoError(t, err)
	assert.Equal(t, class.Waiting, c.Students[0].State)
}
