package export

import (
	"slices"
	"strings"
	"unicode"

	"github.com/taskgrader/taskgrader/grader/sheet"
)

// finder finds the row of each student. Keys have ranks: what is sure comes first, and what fits two rows fits none.
type finder struct{ ranks []sheet.Keys }

func newFinder(ranks int) *finder {
	f := &finder{}
	for range ranks {
		f.ranks = append(f.ranks, sheet.Keys{})
	}
	return f
}

func (f *finder) add(rank int, key string, row int) { f.ranks[rank].Add(key, row) }

// match gives each student a row of their own, or -1: first all that the first rank tells, then the second. keys are a
// student's keys of a rank.
func (f *finder) match(students []Student, keys func(s Student, rank int) []string) []int {
	rows, taken := make([]int, len(students)), map[int]bool{}
	for i := range rows {
		rows[i] = -1
	}
	for rank, known := range f.ranks {
		claims := map[int][]int{} // the students who fit a row by this rank
		for i, s := range students {
			if rows[i] >= 0 {
				continue
			}
			for _, key := range keys(s, rank) {
				if row, _ := known.Find(key); row != sheet.None && !taken[row] {
					claims[row] = append(claims[row], i)
					break
				}
			}
		}
		for row, who := range claims {
			if len(who) == 1 {
				rows[who[0]], taken[row] = row, true
			}
		}
	}
	return rows
}

// foundNobody is that of several students none has a row: it is another class's file, or nothing tells who is who.
func foundNobody(t *sheet.Table, rows []int, fix string) error {
	if len(rows) == 0 || slices.ContainsFunc(rows, func(row int) bool { return row >= 0 }) {
		return nil
	}
	return t.Mistake(1, fix, "none of the students with a score (%d) has a row of their own in it", len(rows))
}

// nameKey is a name whatever the order of its words, case and punctuation.
func nameKey(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	slices.Sort(words)
	return strings.Join(words, " ")
}
