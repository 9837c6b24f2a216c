package submission

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Form is a way in which a learning platform names what students handed in.
type Form string

// The forms that are recognised. Anything else goes by its own name.
const (
	Plain           Form = ""
	Moodle          Form = "moodle"       // Name_12345_assignsubmission_file_
	Canvas          Form = "canvas"       // lastfirst_LATE_123_456_file.zip
	GitHubClassroom Form = "gh-classroom" // assignment-username, in a folder assignment-submissions
)

var (
	moodleForm = regexp.MustCompile(`^(.+)_(\d+)_assignsubmission_(?:file|onlinetext)_`)
	canvasForm = regexp.MustCompile(`^([^_]+)(_LATE)?_(\d+)_(\d+)_.+$`)
)

// Recognise tells from the name of a file or folder in which form it was handed in, and the id that this form has in it.
func Recognise(file string) (id string, form Form) {
	id, _, form, _ = recognise(TrimArchive(file))
	return id, form
}

// recognise tells id and name from the name of a hand-in, without the archive's ending.
func recognise(base string) (id, name string, form Form, late bool) {
	if m := moodleForm.FindStringSubmatch(base); m != nil {
		return m[2], strings.TrimSpace(m[1]), Moodle, false
	}
	if m := canvasForm.FindStringSubmatch(base); m != nil {
		return m[3], m[1], Canvas, m[2] != ""
	}
	return SafeID(base), "", Plain, false
}

// typed says whether a child of Moodle's form is what a student typed rather than uploaded.
func typed(file string) bool { return strings.Contains(file, "_assignsubmission_onlinetext_") }

// trimAssignment takes the name of the assignment from "assignment-username". An entry's id must not depend on which
// others there are, so only two things tell the assignment: that the class folder is called after it, as `gh classroom
// clone` does, or is itself called so and its children are clones.
func trimAssignment(dir string, entries []Entry) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return
	}
	assignment, cloned := strings.CutSuffix(filepath.Base(full), "-submissions")
	for i := range entries {
		e := &entries[i]
		user, ok := strings.CutPrefix(TrimArchive(e.File), assignment+"-")
		if !ok || e.Form != Plain || user == "" {
			continue
		}
		if _, err := os.Lstat(filepath.Join(dir, e.File, ".git")); cloned || err == nil {
			e.ID, e.Form = SafeID(user), GitHubClassroom
		}
	}
}
