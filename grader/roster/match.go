package roster

import (
	"strings"

	"github.com/taskgrader/taskgrader/grader/sheet"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// Match returns for each entry the index of its student, or -1. What fits two students fits none. Two
// entries may be one student's.
func (r *Roster) Match(entries []submission.Entry) []int {
	ids, logins, names, written := sheet.Keys{}, sheet.Keys{}, sheet.Keys{}, sheet.Keys{}
	for i, s := range r.Students {
		ids.Add(s.ID, i)
		ids.Add(submission.SafeID(s.ID), i)
		for _, other := range s.others {
			logins.Add(other, i)
		}
		local, _, _ := strings.Cut(s.Email, "@")
		logins.Add(s.Email, i)
		logins.Add(local, i)
		for _, key := range nameKeys(s.Name) {
			names.Add(key, i)
		}
		for _, own := range append([]string{s.ID, s.Email, local}, s.others...) {
			written.Add(letters(own), i)
		}
	}
	out := make([]int, len(entries))
	for i, e := range entries {
		byID, _ := ids.Find(e.ID)
		if byID < 0 {
			byID, _ = logins.Find(e.ID)
		}
		byName, known := names.Find(letters(e.Name))
		if !known { // where a platform shows a login for a name, or the roster has no names
			byName, _ = written.Find(letters(e.Name))
		}
		byFile, _ := names.Find(letters(submission.TrimArchive(e.File)))
		switch {
		case e.Name != "" && byName >= 0: // a platform's number may be another student's id by chance; a name is not
			out[i] = byName
		case byID >= 0:
			out[i] = byID
		case e.Form == submission.Plain && byFile >= 0:
			out[i] = byFile
		case e.Form == submission.Plain:
			out[i] = r.endsWith(e.ID)
		default:
			out[i] = -1
		}
	}
	return out
}

// endsWith finds the student whose id ends an entry's, as in assignment-username.
func (r *Roster) endsWith(id string) int {
	found := -1
	for i, s := range r.Students {
		for _, own := range append([]string{s.ID}, s.others...) {
			if len(own) > 2 && strings.HasSuffix(strings.ToLower(id), "-"+strings.ToLower(own)) {
				if found >= 0 && found != i {
					return -1
				}
				found = i
			}
		}
	}
	return found
}

// nameKeys are the ways in which a name may be written without spaces: as it is, and with the last word, or what stands
// after a comma, first.
func nameKeys(name string) []string {
	keys := []string{letters(name)}
	if last, first, ok := strings.Cut(name, ","); ok {
		return append(keys, letters(first)+letters(last))
	}
	if w := strings.Fields(words(name)); len(w) > 1 {
		keys = append(keys, w[len(w)-1]+strings.Join(w[:len(w)-1], ""))
		keys = append(keys, strings.Join(w[1:], "")+w[0])
	}
	return keys
}
