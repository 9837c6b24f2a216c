package class

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Duplicate is a group of submissions that are the same.
type Duplicate struct {
	Same string   `json:"same"` // content, or program: apart from white space and comments, and from other files
	IDs  []string `json:"ids"`
}

// EmptyDigest is the digest of nothing: of what could not be unpacked, and of a program where there
// is none.
var EmptyDigest = func() string {
	sum := sha256.Sum256(nil)
	return "sha256:" + hex.EncodeToString(sum[:])
}()

// Duplicates returns the groups, those of the same content first. A group with the same program
// that is no larger than one with the same content is left out.
func Duplicates(rows []Row) []Duplicate {
	content, program := map[string][]string{}, map[string][]string{}
	first, several := map[string]string{}, map[string]bool{} // of a program: a content, and whether there are others
	person := map[string]string{}
	for _, row := range rows {
		// a team has a row for each member
		if _, again := person[row.ID]; row.Digest == "" || row.Digest == EmptyDigest || again {
			continue
		}
		person[row.ID] = row.Student
		content[row.Digest] = append(content[row.Digest], row.ID)
		if p := row.ProgramDigest; p != "" && p != EmptyDigest {
			if was, ok := first[p]; !ok {
				first[p] = row.Digest
			} else if was != row.Digest {
				several[p] = true
			}
			program[p] = append(program[p], row.ID)
		}
	}
	var out []Duplicate
	add := func(same string, ids []string) {
		slices.Sort(ids)
		one := person[ids[0]] != "" && !slices.ContainsFunc(ids,
			func(id string) bool { return person[id] != person[ids[0]] })
		if len(ids) > 1 && !one { // the same twice from one student is no news
			out = append(out, Duplicate{Same: same, IDs: ids})
		}
	}
	for _, ids := range content {
		add("content", ids)
	}
	for p, ids := range program {
		if several[p] {
			add("program", ids)
		}
	}
	slices.SortFunc(out, func(a, b Duplicate) int {
		if a.Same != b.Same {
			return strings.Compare(a.Same, b.Same)
		}
		return strings.Compare(a.IDs[0], b.IDs[0])
	})
	return out
}
