package batch

import (
	"strings"

	"github.com/taskgrader/taskgrader/grader/submission"
)

// counting is which entry counts of those that one student handed in.
type counting struct {
	students map[int]int    // by index into the roster
	accounts map[string]int // of those in no roster, by what their submission's name tells
}

// counting chooses: the later, or the first where that is wanted.
func (r *run) counting() counting {
	c := counting{map[int]int{}, map[string]int{}}
	better := func(i, than int) bool { return r.entries[i].Later(r.entries[than]) != r.options.KeepFirst }
	for i := range r.entries {
		for _, n := range r.matches[i].Students {
			if was, ok := c.students[n]; !ok || better(i, was) {
				c.students[n] = i
			}
		}
		if len(r.matches[i].Students) == 0 {
			key := account(r.entries[i])
			if was, ok := c.accounts[key]; !ok || better(i, was) {
				c.accounts[key] = i
			}
		}
	}
	return c
}

// instead returns the entry that counts instead of one, or -1.
func (c counting) instead(r *run, i int) int {
	other, ok := c.accounts[account(r.entries[i])]
	if m := r.matches[i]; len(m.Students) > 0 {
		other, ok = c.students[m.Students[0]]
	}
	if !ok || other == i {
		return -1
	}
	return other
}

// account returns whose an entry is when no roster tells: a platform's number, or the name of the
// file.
func account(e submission.Entry) string {
	if e.Account.Value != "" {
		return string(e.Account.Scope) + " " + e.Account.Value
	}
	return strings.ToLower(submission.TrimArchive(e.File))
}
