package submission

import "strings"

// Match says who handed in what: for each entry the index of its student, or -1. What fits two students fits none. Two
// entries may be one student's.
func (r *Roster) Match(entries []Entry) []int {
	keys := []map[string]int{{}, {}, {}, {}}
	add := func(rank int, key string, student int) {
		if key == "" {
			return
		}
		if before, ok := keys[rank][key]; ok && before != student {
			student = -1
		}
		keys[rank][key] = student
	}
	for i, s := range r.Students {
		add(0, strings.ToLower(s.ID), i)
		add(0, strings.ToLower(SafeID(s.ID)), i)
		for _, other := range s.others {
			add(1, strings.ToLower(other), i)
		}
		local, _, _ := strings.Cut(s.Email, "@")
		add(1, strings.ToLower(s.Email), i)
		add(1, strings.ToLower(local), i)
		for _, key := range nameKeys(s.Name) {
			add(2, key, i)
		}
		for _, own := range append([]string{s.ID, s.Email, local}, s.others...) {
			add(3, letters(own), i)
		}
	}
	look := func(rank int, key string) int {
		if student, ok := keys[rank][strings.ToLower(key)]; ok && key != "" {
			return student
		}
		return -1
	}
	out := make([]int, len(entries))
	for i, e := range entries {
		byID, byName := look(0, e.ID), look(2, letters(e.Name))
		if byID < 0 {
			byID = look(1, e.ID)
		}
		if _, known := keys[2][letters(e.Name)]; !known { // where a platform shows a login for a name, or the roster has no names
			byName = look(3, letters(e.Name))
		}
		switch {
		case e.Name != "" && byName >= 0: // a platform's number may be another student's id by chance; a name is not
			out[i] = byName
		case byID >= 0:
			out[i] = byID
		case e.Form == Plain && look(2, letters(trimArchive(e.File))) >= 0:
			out[i] = look(2, letters(trimArchive(e.File)))
		case e.Form == Plain:
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
