package roster

import (
	"strings"

	"github.com/taskgrader/taskgrader/grader/person"
	"github.com/taskgrader/taskgrader/grader/sheet"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// Match is whose a submission is.
type Match struct {
	Students []int  // indices into the roster: one, or those of a team; none where nobody is found
	By       string // what tells: "id", "name", …, or [ByTeam]
}

// ByTeam is that a submission is a team's.
const ByTeam = "team"

// Match returns for each entry whose it is. What fits two students fits none. Two entries may be
// one student's.
//
// A platform's number is nobody's id: it counts where the roster has that platform's numbers, and
// the name is no other.
func (r *Roster) Match(entries []submission.Entry) []Match {
	k := r.keys()
	out := make([]Match, len(entries))
	for i, e := range entries {
		out[i] = k.match(e)
	}
	return out
}

// keys are what tells the students of a roster.
type keys struct {
	roster                               *Roster
	ids, logins, names, written, numbers sheet.Keys
	teams                                map[string][]int
}

func (r *Roster) keys() keys {
	k := keys{r, sheet.Keys{}, sheet.Keys{}, sheet.Keys{}, sheet.Keys{}, sheet.Keys{}, map[string][]int{}}
	for i, s := range r.Students {
		k.ids.Add(s.ID, i)
		k.ids.Add(submission.SafeID(s.ID), i)
		local, _, _ := strings.Cut(s.Email, "@")
		for _, login := range append([]string{s.Email, local}, s.others...) {
			k.logins.Add(login, i)
			if login != "" {
				k.logins.Add(submission.SafeID(login), i)
			}
		}
		for _, key := range person.NameKeys(s.Name) {
			k.names.Add(key, i)
		}
		for _, own := range append([]string{s.ID, s.Email, local}, s.others...) {
			k.written.Add(person.Letters(own), i)
		}
		for _, a := range s.accounts {
			k.numbers.Add(string(a.Scope)+" "+a.Value, i)
		}
		if team := person.Letters(s.Team); team != "" {
			k.teams[team] = append(k.teams[team], i)
		}
	}
	return k
}

func (k keys) match(e submission.Entry) Match {
	one := func(i int, by string) Match { return Match{[]int{i}, by} }
	base := submission.TrimArchive(e.File)
	if e.Form == submission.Plain || e.Form == submission.GitHubClassroom {
		for _, id := range []string{e.ID, submission.SafeID(base)} { // of two of one name one has another id
			if i, _ := k.ids.Find(id); i >= 0 {
				return one(i, "id")
			}
			if i, _ := k.logins.Find(id); i >= 0 {
				return one(i, "login or address")
			}
		}
	}
	known := false
	for _, key := range person.NameKeys(e.Name) {
		i, some := k.names.Find(key)
		if i >= 0 {
			return one(i, "name")
		}
		known = known || some
	}
	if e.Account.Value != "" {
		i, _ := k.numbers.Find(string(e.Account.Scope) + " " + e.Account.Value)
		if i >= 0 && person.Compare(e.Name, k.roster.Students[i].Name) != person.Other {
			return one(i, "number")
		}
	}
	if i, _ := k.written.Find(person.Letters(e.Name)); i >= 0 && !known { // where a platform shows a login for a name
		return one(i, "login or address")
	}
	for _, name := range []string{e.Name, base} {
		if members := k.teams[person.Letters(name)]; len(members) > 0 {
			return Match{members, ByTeam}
		}
	}
	if e.Form == submission.Plain {
		for _, key := range person.NameKeys(base) {
			if i, _ := k.names.Find(key); i >= 0 {
				return one(i, "name")
			}
		}
		if i := k.roster.endsWith(e.ID); i >= 0 {
			return one(i, "id")
		}
	}
	return Match{}
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
