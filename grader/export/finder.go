package export

import (
	"fmt"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/person"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/sheet"
)

// sheetRow is what a row of another program's file tells of whose it is. What the file does not say
// is empty.
type sheetRow struct {
	at      int    // of the table
	number  string // in the file's own scope
	ids     []string
	address string
	name    string
	group   string
}

// who returns a row for people.
func (r sheetRow) who() string {
	out := plain.Line(r.name, 60)
	for _, more := range []string{r.number, r.address} {
		if more != "" {
			out += " (" + plain.Line(more, 60) + ")"
			break
		}
	}
	return strings.TrimSpace(out)
}

// finder finds the rows of students in a file whose numbers are of a scope. What is sure comes
// first, what fits two rows fits none, and what a number or an address says must not be gainsaid by
// a name.
type finder struct {
	file  string
	scope person.Scope
	local bool // the part of an address before the @ may be a login
	rows  []sheetRow

	numbers, addresses, ids, names sheet.Keys // to an index into rows
	groups                         map[string][]int
	told                           map[[2]int]bool // that a student's key of one kind was found in a column
}

func newFinder(file string, scope person.Scope, local bool) *finder {
	return &finder{file: file, scope: scope, local: local, numbers: sheet.Keys{}, addresses: sheet.Keys{},
		ids: sheet.Keys{}, names: sheet.Keys{},
		groups: map[string][]int{}, told: map[[2]int]bool{}}
}

func (f *finder) add(r sheetRow) {
	i := len(f.rows)
	f.rows = append(f.rows, r)
	f.numbers.Add(r.number, i)
	f.addresses.Add(r.address, i)
	for _, id := range r.ids {
		f.ids.Add(id, i)
	}
	for _, key := range person.NameKeys(r.name) {
		f.names.Add(key, i)
	}
	for _, group := range append(strings.FieldsFunc(r.group, func(r rune) bool { return r == ',' || r == ';' }),
		r.group) {
		if key := person.Letters(group); key != "" && !slices.Contains(f.groups[key], i) {
			f.groups[key] = append(f.groups[key], i)
		}
	}
}

// place is the rows of a student, several for a team, or why there are none.
type place struct {
	rows []sheetRow
	by   string // what tells
	why  string
}

// claim is that a student may be whose a row is.
type claim struct {
	rows []int
	by   []string
	sure bool // not by the name alone
	why  string
}

// match gives each student rows of their own. A row that two claim is nobody's.
func (f *finder) match(students []Student) []place {
	for _, s := range students {
		f.learn(s)
	}
	claims := make([]claim, len(students))
	sure, named := map[int][]int{}, map[int][]int{} // who claims a row
	for i, s := range students {
		claims[i] = f.claim(s)
		for _, row := range claims[i].rows {
			if claims[i].sure {
				sure[row] = append(sure[row], i)
			} else {
				named[row] = append(named[row], i)
			}
		}
	}
	out := make([]place, len(students))
	for i, c := range claims {
		out[i] = place{by: strings.Join(c.by, ", "), why: c.why}
		for _, row := range c.rows {
			rivals := sure[row]
			if !c.sure {
				rivals = append(slices.Clone(rivals), named[row]...)
			}
			if rivals = slices.DeleteFunc(slices.Clone(rivals),
				func(other int) bool { return other == i }); len(rivals) > 0 {
				out[i].why = fmt.Sprintf("the row of %s is claimed by %s, too", f.rows[row].who(),
					who(students[rivals[0]]))
				continue
			}
			out[i].rows = append(out[i].rows, f.rows[row])
		}
		if len(out[i].rows) == 0 && out[i].why == "" {
			out[i].why = fmt.Sprintf("no row of %s is this student's alone", f.file)
		}
	}
	return out
}

// keys returns what a student goes by outside any platform: the id, the address, and what of it may
// be a login. A number that is nobody's id is not among them.
func (f *finder) keys(s Student) [3]string {
	keys := [3]string{s.ID, s.Email, ""}
	if s.ID == s.Account.Value {
		keys[0] = ""
	}
	if f.local {
		keys[2], _, _ = strings.Cut(s.Email, "@")
	}
	return keys
}

// learn notes in which columns the keys of the roster's students stand.
func (f *finder) learn(s Student) {
	if s.Matched == "" {
		return
	}
	for kind, key := range f.keys(s) {
		if row, _ := f.ids.Find(key); row != sheet.None {
			for column, id := range f.rows[row].ids {
				f.told[[2]int{kind, column}] = f.told[[2]int{kind, column}] || strings.EqualFold(id, key)
			}
		}
	}
}

// claim returns which row is a student's, for all that the student alone tells.
func (f *finder) claim(s Student) claim {
	var c claim
	var first string // what tells the first of several rows
	add := func(keys sheet.Keys, key, by string) {
		row, _ := keys.Find(key)
		if row == sheet.None {
			return
		}
		if !slices.Contains(c.rows, row) {
			c.rows = append(c.rows, row)
		}
		if len(c.rows) == 1 {
			first = strings.TrimPrefix(first+" and "+by, " and ")
		} else if c.why == "" {
			c.why = by
		}
		if !slices.Contains(c.by, by) {
			c.by = append(c.by, by)
		}
	}
	members := f.groups[person.Letters(s.Name)]
	if s.Matched == "" && len(members) > 0 { // a team's folder has the group's name, and its number
		return claim{rows: members, by: []string{"team"}, sure: true}
	}
	if s.Team == "" {
		add(f.numbers, s.Account.In(f.scope), "number")
	}
	add(f.addresses, s.Email, "address")
	for kind, key := range f.keys(s) {
		add(f.ids, key, [3]string{"id", "address", "login"}[kind])
	}
	c.sure = len(c.rows) > 0
	if !c.sure {
		for _, key := range person.NameKeys(s.Name) {
			add(f.names, key, "name")
		}
	}
	if len(c.rows) > 1 {
		return claim{why: fmt.Sprintf(
			"by the %s it is the row of %s in %s, by the %s that of %s: is it the file of another assignment or "+
				"section?",
			first, f.rows[c.rows[0]].who(), f.file, c.why, f.rows[c.rows[1]].who())}
	}
	if len(c.rows) == 1 {
		row := f.rows[c.rows[0]]
		if why := f.gainsaid(s, row); why != "" {
			return claim{why: fmt.Sprintf(
				"by the %s it is the row of %s in %s, and %s: is it the file of another assignment or section?",
				strings.Join(c.by, " and "), row.who(), f.file, why)}
		}
		if c.sure && person.Compare(s.Name, row.name) == person.Same {
			c.by = append(c.by, "name")
		}
	}
	return c
}

// gainsaid returns what speaks against a row being a student's; empty is nothing.
func (f *finder) gainsaid(s Student, r sheetRow) string {
	address := s.Email != "" && r.address != ""
	same := address && person.SameAddress(s.Email, r.address)
	number := s.Account.In(f.scope)
	likeness := person.Compare(s.Name, r.name)
	switch {
	case address && !same:
		return fmt.Sprintf("the addresses %s and %s differ", plain.Line(s.Email, 60), plain.Line(r.address, 60))
	case likeness == person.Other, likeness == person.Akin && !same:
		return fmt.Sprintf("the names %s and %s differ", plain.Line(s.Name, 60), plain.Line(r.name, 60))
	case number != "" && r.number != "" && s.Team == "" && number != r.number:
		return fmt.Sprintf("the numbers %s and %s differ", number, r.number)
	}
	if s.Matched == "" {
		return ""
	}
	other := ""
	for kind, key := range f.keys(s) {
		for column, id := range r.ids {
			switch {
			case key == "" || id == "":
			case strings.EqualFold(key, id):
				return ""
			case f.told[[2]int{kind, column}]:
				other = fmt.Sprintf("the ids %s and %s differ", plain.Line(key, 60), plain.Line(id, 60))
			}
		}
	}
	return other
}

// fill calls do with each row that is a student's, and says of the others why they have none.
func (f *finder) fill(t *sheet.Table, students []Student, fix string, o Options,
	do func(Student, sheetRow)) ([]Note, error) {
	var notes []Note
	places := f.match(students)
	nobody := fmt.Sprintf("no row of %s is this student's alone", f.file)
	if len(students) > 0 && !slices.ContainsFunc(places, func(p place) bool {
		return len(p.rows) > 0 || p.why != nobody
	}) {
		return nil, t.Mistake(1, fix, "none of the students with a score (%d) has a row of their own in it",
			len(students))
	}
	for i, p := range places {
		for _, row := range p.rows {
			do(students[i], row)
			o.fill(row.who(), students[i], p.by)
		}
		if p.why != "" {
			notes = append(notes, Note{Who: who(students[i]), What: "left out: " + p.why, Left: true})
		}
	}
	return notes, nil
}

// who returns a student for people.
func who(s Student) string {
	if s.Name == "" || s.Name == s.ID {
		return s.ID
	}
	return s.Name + " (" + s.ID + ")"
}
