package check

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// The words that random titles are made of. A program that looks for a grader's marks finds none.
// They are plain ASCII, so that a program which spoils other alphabets loses the points of the step
// that asks for that, whatever the seed.
var (
	verbs = []string{"Buy", "Call", "Read", "Write", "Clean", "Plan", "Mend", "Book", "Water", "Learn", "Pack",
		"Review"}
	things = []string{"oat milk", "the plumber", "chapter two", "the garden", "tickets", "the bike", "notes", "dinner",
		"the slides", "taxes", "a cake", "the plants"}
)

// CommonWords returns the words of which the values of all checks are made, and what a client says of
// any body or token: they tell nothing of one. What makes a value new stands beside them, or in one
// word with them.
func CommonWords() string {
	others := []string{"example", "true", "false", "null", "application/json", "application/x-www-form-urlencoded",
		"multipart/form-data; boundary", "text/plain; charset=utf-8", "Bearer", "Basic"}
	return strings.Join(slices.Concat(verbs, things, firstNames, nouns, others), " ")
}

// Word returns a new title that reads as a person's would, such as "Buy oat milk 48213". Two are
// never the same in practice: the number alone has a million values.
func Word(r *rand.Rand) string {
	return fmt.Sprintf("%s %s %d", verbs[r.IntN(len(verbs))], things[r.IntN(len(things))], 100_000+r.IntN(900_000))
}
