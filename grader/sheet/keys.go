package sheet

import "strings"

// None is the row of a key that nobody has, or several have.
const None = -1

// Keys say to which row a key belongs, whatever its capitals. What belongs to several rows belongs
// to none.
type Keys map[string]int

// Add says that a key is a row's. An empty key is nobody's.
func (k Keys) Add(key string, row int) {
	if key = strings.ToLower(key); key == "" {
		return
	}
	if before, ok := k[key]; ok && before != row {
		row = None
	}
	k[key] = row
}

// Find returns the row of a key, or [None]; known reports whether any row has it.
func (k Keys) Find(key string) (row int, known bool) {
	row, known = k[strings.ToLower(key)]
	if !known {
		row = None
	}
	return row, known
}
