package submission

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/person"
)

func put(t *testing.T, parts ...string) {
	t.Helper()
	name := filepath.Join(parts...)
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(filepath.Base(name)), 0o644))
}

func TestRecognise(t *testing.T) {
	for _, test := range []struct {
		base, id, name string
		form           Form
		late           bool
	}{
		{"Jane Doe_12345_assignsubmission_file_", "12345", "Jane Doe", Moodle, false},
		{"Jane Doe_12345_assignsubmission_file_work", "12345", "Jane Doe", Moodle, false},
		{"José de_la Cruz_7_assignsubmission_file_", "7", "José de_la Cruz", Moodle, false},
		{"Jane Doe_12345_assignsubmission_onlinetext_", "12345", "Jane Doe", Moodle, false},
		{"doejane_123_456_my_work", "123", "doejane", Canvas, false},
		{"doejane_LATE_123_456_work-2", "123", "doejane", Canvas, true},
		{"Team Blue_12_assignsubmission_file_", "12", "Team Blue", Moodle, false},
		{"Default group_assignsubmission_file_", "Default-group", "Default group", Moodle, false},
		{"5012-7731 - Jane Doe - Nov 3, 2025 1004 AM", "5012", "Jane Doe", Brightspace, false},
		{"5012-7731 - Jane Doe-Roe - Nov 3, 2025 304 PM - work", "5012", "Jane Doe-Roe", Brightspace, false},
		{"doejane_123_work", "doejane_123_work", "", Plain, false},
		{"jane doe", "jane-doe", "", Plain, false},
		{"../up", "up", "", Plain, false},
		{"no-expose", "no-expose", "", Plain, false},
	} {
		e := recognise(test.base)
		assert.Equal(t, []any{test.id, test.name, test.form, test.late}, []any{e.ID, e.Name, e.Form, e.Late}, test.base)
	}
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"zoe/Dockerfile", "ann.zip", "bob.tar.gz", "cyd.TGZ", "notes.txt", "eve.rar",
		".hidden/Dockerfile", "__MACOSX/x", ".DS_Store",
		"doe_LATE_12_34_work.zip", "Jane Doe_99_assignsubmission_file_/work.zip",
		"Jane Doe_99_assignsubmission_onlinetext_/onlinetext.html",
		"Sue Low_98_assignsubmission_onlinetext_/onlinetext.html", "wrapped/inner/Dockerfile", "unwrapped/app/main.py",
		"two/a.zip", "two/b.zip"} {
		put(t, dir, name)
	}
	entries, ignored, err := List(dir)
	require.NoError(t, err)
	for i := range entries {
		entries[i].Account, entries[i].attempt = person.ID{}, 0
		entries[i].Path, err = filepath.Rel(dir, entries[i].Path)
		require.NoError(t, err)
	}
	assert.Equal(t, []Entry{
		{ID: "12", Name: "doe", Path: "doe_LATE_12_34_work.zip", File: "doe_LATE_12_34_work.zip", Form: Canvas,
			Late: true},
		{ID: "98", Name: "Sue Low", Path: "Sue Low_98_assignsubmission_onlinetext_",
			File: "Sue Low_98_assignsubmission_onlinetext_", Form: Moodle},
		{ID: "99", Name: "Jane Doe", Path: "Jane Doe_99_assignsubmission_file_/work.zip",
			File: "Jane Doe_99_assignsubmission_file_", Form: Moodle},
		{ID: "ann", Path: "ann.zip", File: "ann.zip"},
		{ID: "bob", Path: "bob.tar.gz", File: "bob.tar.gz"},
		{ID: "cyd", Path: "cyd.TGZ", File: "cyd.TGZ"},
		{ID: "two", Path: "two", File: "two"},
		{ID: "unwrapped", Path: "unwrapped", File: "unwrapped"},
		{ID: "wrapped", Path: "wrapped/inner", File: "wrapped"},
		{ID: "zoe", Path: "zoe", File: "zoe"},
	}, entries)
	assert.Equal(t, []string{"Jane Doe_99_assignsubmission_onlinetext_", "eve.rar", "notes.txt"}, ignored)

	_, _, err = List(filepath.Join(dir, "nothing"))
	assert.ErrorContains(t, err, "reading the class folder: ")
}

func TestIDsDiffer(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"ann/x", "ann.zip", "Ann.tgz", "a b/x", "a-b/x", "doe_12_34_a.zip",
		"doe_12_35_b.zip"} {
		put(t, dir, name)
	}
	entries, _, err := List(dir)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, e := range entries {
		assert.False(t, seen[e.ID], e.ID)
		seen[e.ID] = true
	}
	again, _, err := List(dir)
	require.NoError(t, err)
	assert.Equal(t, entries, again)
	assert.Len(t, entries, 7)
}

func TestGitHubClassroom(t *testing.T) {
	for _, test := range []struct {
		folder, child string
		clone         bool
		id            string
		form          Form
	}{
		{"task-api-submissions", "task-api-jane-doe", false, "jane-doe", GitHubClassroom},
		{"task-api-submissions", "other-jane", false, "other-jane", Plain},
		{"task-api", "task-api-jane", true, "jane", GitHubClassroom},
		{"task-api", "task-api-jane", false, "task-api-jane", Plain},
		{"class", "task-api-jane", true, "task-api-jane", Plain},
	} {
		dir := filepath.Join(t.TempDir(), test.folder)
		put(t, dir, test.child, "Dockerfile")
		if test.clone {
			put(t, dir, test.child, ".git", "HEAD")
		}
		entries, _, err := List(dir)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		assert.Equal(t, []any{test.id, test.form}, []any{entries[0].ID, entries[0].Form}, test)
	}
}

func TestOpenAndSweep(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "Jane Doe_99_assignsubmission_file_work.zip"))
	require.NoError(t, err)
	z := zip.NewWriter(f)
	w, err := z.Create("Dockerfile")
	require.NoError(t, err)
	_, err = w.Write([]byte("FROM x"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())

	entries, _, err := List(dir)
	require.NoError(t, err)
	s, err := entries[0].Open()
	require.NoError(t, err)
	assert.Equal(t, []string{"99", "Jane Doe"}, []string{s.ID, s.Name})
	packed, err := entries[0].ArchiveDigest()
	require.NoError(t, err)
	assert.Regexp(t, `^sha256:[0-9a-f]{64}$`, packed)
	Sweep()
	assert.DirExists(t, s.Dir, "its owner lives")

	require.NoError(t, os.WriteFile(filepath.Join(s.temporary, ownerFile), []byte(strconv.Itoa(1<<30)), 0o600))
	Sweep()
	assert.NoDirExists(t, s.temporary, "its owner is dead")

	unowned := filepath.Join(os.TempDir(), "taskgrader-submission-1")
	require.NoError(t, os.Mkdir(unowned, 0o755))
	Sweep()
	assert.DirExists(t, unowned)
	require.NoError(t, os.Chtimes(unowned, time.Now(), time.Now().Add(-2*time.Hour)))
	Sweep()
	assert.NoDirExists(t, unowned)
}
