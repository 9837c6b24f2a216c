package reports

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/result"
)

func TestWriteAndRead(t *testing.T) {
	r, err := Dir("../../reports/example").Read(result.Instructor, "several-faults")
	require.NoError(t, err)
	r.Submission.ID = "ada"
	r.Checks[1].Hidden, r.Checks[1].Got = true, "SECRET-ANSWER"
	dir := Dir(t.TempDir())
	require.NoError(t, dir.Writable())
	assert.False(t, dir.Whole("ada"))
	require.NoError(t, dir.Write(r))
	assert.True(t, dir.Whole("ada"))
	files, err := filepath.Glob(filepath.Join(string(dir), "*", "*"))
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		rel, _ := filepath.Rel(string(dir), f)
		names = append(names, filepath.ToSlash(rel))
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		assert.Equal(t, strings.HasPrefix(filepath.ToSlash(rel), "instructor/"),
			strings.Contains(string(text), "SECRET-ANSWER"), rel)
		info, err := os.Stat(f)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o644), info.Mode().Perm())
	}
	assert.ElementsMatch(t, []string{"students/ada.html", "students/ada.json", "instructor/ada.html",
		"instructor/ada.json"}, names)
	student, err := dir.Read(result.Student, "ada")
	require.NoError(t, err)
	assert.Equal(t, r.For(result.Student), student)
	stat, err := dir.Stat("ada")
	require.NoError(t, err)
	assert.Positive(t, stat.Bytes)

	ids, err := dir.IDs()
	require.NoError(t, err)
	assert.Equal(t, []string{"ada"}, ids)
	require.NoError(t, os.Remove(dir.Page(result.Student, "ada")))
	assert.False(t, dir.Whole("ada"))
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	dir := Dir(t.TempDir())
	ids, err := dir.IDs()
	require.NoError(t, err)
	assert.Empty(t, ids)
	_, err = dir.Read(result.Student, "ada")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = dir.Class()
	require.ErrorIs(t, err, fs.ErrNotExist)

	file := filepath.Join(string(dir), "class.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"schema":"other"}`), 0o644))
	var wrong *FormatError
	_, err = dir.Class()
	require.ErrorAs(t, err, &wrong)
	assert.EqualError(t, err,
		file+`: reading a class: its schema is "other", and this version reads "taskgrader/class/v1"`)
	_, err = ReadFile(file)
	require.ErrorAs(t, err, &wrong)
	assert.EqualError(t, err,
		file+`: reading a report: its schema is "other", and this version reads "taskgrader/report/v1"`)
}

func TestClass(t *testing.T) {
	dir := Dir(t.TempDir())
	c := class.Class{Schema: class.Schema, Students: []class.Row{{ID: "ada", State: class.Waiting}}}
	require.NoError(t, dir.WriteClass(c))
	assert.NoFileExists(t, dir.Index())
	require.NoError(t, dir.WriteClassPages(c))
	assert.FileExists(t, dir.Index())
	assert.FileExists(t, dir.Grades())
	got, err := dir.Class()
	require.NoError(t, err)
	assert.Equal(t, c.Students, got.Students)

	require.NoError(t, os.Mkdir(dir.Folder(result.Student), 0o755))
	require.NoError(t, dir.WriteLinks(c))
	assert.FileExists(t, filepath.Join(string(dir), "students", "index.html"))
	c.Students[0].ID = "index"
	assert.EqualError(t, dir.WriteLinks(c),
		`a submission is called "index", and its page has the name that the list would get`)
}

func TestLock(t *testing.T) {
	dir := Dir(filepath.Join(t.TempDir(), "reports"))
	unlock, err := dir.Lock()
	require.NoError(t, err)
	_, err = dir.Lock()
	require.ErrorIs(t, err, ErrLocked)
	unlock()

	old, young := filepath.Join(string(dir), half+"1"), filepath.Join(string(dir), half+"2")
	for _, name := range []string{old, young} {
		require.NoError(t, os.WriteFile(name, nil, 0o644))
	}
	require.NoError(t, os.Chtimes(old, time.Now(), time.Now().Add(-time.Minute)))
	unlock, err = dir.Lock()
	require.NoError(t, err)
	defer unlock()
	assert.NoFileExists(t, old)
	assert.FileExists(t, young, "another command may be about to rename it")
}

func TestWriteFileIsWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.json")
	require.NoError(t, WriteFile(file, func(w io.Writer) error { _, err := io.WriteString(w, "old"); return err }))
	err := WriteFile(file, func(w io.Writer) error { _, _ = io.WriteString(w, "ne"); return errors.New("no more") })
	require.EqualError(t, err, fmt.Sprintf("writing %q: no more", file))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "old", string(text))
	require.ErrorIs(t, WriteFile(filepath.Join(dir, "none", "a"), func(io.Writer) error { return nil }), os.ErrNotExist)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "taken"), 0o755))
	require.Error(t, WriteFile(filepath.Join(dir, "taken"), func(io.Writer) error { return nil }))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 2, "nothing half is left")
}
