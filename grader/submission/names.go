package submission

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/person"
)

// Form is a way in which a learning platform names what students handed in.
type Form string

// The forms that are recognised. Anything else goes by its own name.
const (
	Plain           Form = ""
	Moodle          Form = "moodle"       // Name_12345_assignsubmission_file_, of a team its name and number
	Canvas          Form = "canvas"       // lastfirst_LATE_123_456_file.zip
	Brightspace     Form = "brightspace"  // 123-456 - First Last - Nov 3, 2025 1004 AM
	GitHubClassroom Form = "gh-classroom" // assignment-username, in a folder assignment-submissions
)

var (
	moodleForm      = regexp.MustCompile(`^(.+?)(?:_(\d+))?_assignsubmission_(?:file|onlinetext)_`)
	canvasForm      = regexp.MustCompile(`^([^_]+)(_LATE)?_(\d+)_(\d+)_.+$`)
	brightspaceForm = regexp.MustCompile(`^(\d+)-\d+ ?- (.+) - (\p{L}+ \d{1,2}, \d{4} \d{3,4} [AP]M)(?: - .+)?$`)
	withColon       = regexp.MustCompile(`(\d{1,2})(\d\d [AP]M)$`) // Brightspace writes 10:04 without one
)

// Recognise returns from the name of a file or folder whose it is: the name of a student or team,
// and the id, in the form's own scope. Where there is none of it, it is empty.
func Recognise(file string) (name string, account person.ID) {
	e := recognise(TrimArchive(file))
	return e.Name, e.Account
}

// recognise returns what the name of a submission says, without the archive's ending.
func recognise(base string) (e Entry) {
	if m := moodleForm.FindStringSubmatch(base); m != nil {
		e = Entry{ID: m[2], Name: strings.TrimSpace(m[1]), Form: Moodle}
		if m[2] != "" {
			e.Account = person.ID{Scope: person.Participant, Value: m[2]}
		} else { // of the team of those who are in none
			e.ID = SafeID(m[1])
		}
		return e
	}
	if m := canvasForm.FindStringSubmatch(base); m != nil {
		e = Entry{ID: m[3], Name: m[1], Form: Canvas, Account: person.ID{Scope: person.CanvasUser, Value: m[3]},
			Late: m[2] != ""}
		e.attempt, _ = strconv.Atoi(m[4])
		return e
	}
	if m := brightspaceForm.FindStringSubmatch(base); m != nil {
		e = Entry{ID: m[1], Name: m[2], Form: Brightspace, Account: person.ID{Scope: person.Brightspace, Value: m[1]}}
		e.sent, _ = time.Parse("Jan 2, 2006 3:04 PM", withColon.ReplaceAllString(m[3], "$1:$2"))
		return e
	}
	return Entry{ID: SafeID(base)}
}

// typed reports whether a child of Moodle's form is what a student typed rather than uploaded.
func typed(file string) bool { return strings.Contains(file, "_assignsubmission_onlinetext_") }

// trimAssignment takes the name of the assignment from "assignment-username". An entry's id must
// not depend on which others there are, so only two things tell the assignment: that the class
// folder is called after it, as `gh classroom clone` does, or is itself called so and its children
// are clones.
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
