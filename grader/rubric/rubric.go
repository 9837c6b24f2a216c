// Package rubric is the rubric language: what an instructor writes, read strictly, with every
// mistake found at once.
//
// [Parse] needs the kinds of check there are; it knows what none of them means. A mistake has its
// file, line and column, and where a word is close to one that is known it says so. [Schema]
// describes the same language to editors.
package rubric

import (
	"regexp"
	"slices"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
	"github.com/taskgrader/taskgrader/grader/result"
)

// Rubric is a rubric without mistakes. It is not changed after it was parsed, so many may read it
// at once.
type Rubric struct {
	ID      string
	Title   string
	File    string  // as shown in positions
	BuiltIn bool    // it ships with the program, and is called by its name
	Digest  string  // sha256:… of the text
	Points  float64 // the sum of the checks that are not bonus
	Skills  []Skill // in the order written
	Limits  check.Limits
	Port    int               // where the program is expected
	Fresh   check.Fresh       // new values, the same for all checks of a run
	Env     map[string]string // of every container; with $x for fresh values, which [Fill] puts in
	Volume  string            // a folder of every container that outlives restarts; empty where there is none
	Checks  []Check
	// Gates are the checks of build and start that the rubric has not, as they are without options:
	// they cost nothing, and say why nothing was built or nothing came up.
	Gates    []Check
	Warnings option.Problems // what can be read, and was probably meant otherwise
	lines    []string
}

// Skill is something that the checks' points add up to evidence of.
type Skill struct {
	ID      string
	Name    string
	Level   string
	Mastery float64 // per cent of its points; 80 unless given
}

// Check is one entry of `checks`.
type Check struct {
	option.Pos
	ID      string
	Title   string
	Points  float64
	Skill   string
	Needs   []string
	Hint    string
	Hidden  bool
	Bonus   bool
	Partial bool
	Fresh   check.Fresh
	As      option.Value      // who asks; zero where it says nothing
	Own     bool              // it has a container of its own
	Env     map[string]string // of that container, in place of the rubric's; nil where it says nothing
	Kind    check.Kind
	Asks    check.Check
}

// Source returns in a report by what it was graded.
func (r *Rubric) Source() result.Rubric {
	source := result.Rubric{ID: r.ID, Title: r.Title, Digest: r.Digest, File: r.File}
	if r.BuiltIn {
		source.File = ""
	}
	return source
}

// Line returns the rubric's text on a line, counted from 1, or empty.
func (r *Rubric) Line(n int) string {
	if n < 1 || n > len(r.lines) {
		return ""
	}
	return r.lines[n-1]
}

// Select returns the indices of the checks to ask, in an order in which needs come first and the
// rubric's order is kept otherwise: all, or those of the ids in only, with what they need and what
// judges the requests that they are given.
func (r *Rubric) Select(only []string) []int {
	index := map[string]int{}
	for i, c := range r.Checks {
		index[c.ID] = i
	}
	var order []int
	var add func(i int)
	add = func(i int) {
		if slices.Contains(order, i) {
			return
		}
		for _, id := range r.Checks[i].Needs {
			add(index[id])
		}
		if sender, ok := r.Checks[i].Asks.(check.Sender); ok && len(only) > 0 {
			for n, c := range r.Checks[:i] {
				if slices.ContainsFunc(sender.Givens(), c.Judges) {
					add(n)
				}
			}
		}
		order = append(order, i)
	}
	for i, c := range r.Checks {
		if len(only) == 0 || slices.Contains(only, c.ID) {
			add(i)
		}
	}
	return order
}

// Judges reports whether the check sends a request that others may be given, whatever its variables
// are called.
func (c Check) Judges(request string) bool {
	sender, ok := c.Asks.(check.Sender)
	return ok && c.Kind.Phase == check.Running && slices.ContainsFunc(sender.Sends(),
		func(sent string) bool { return unnamed(sent) == unnamed(request) })
}

var (
	neverGiven = regexp.MustCompile(`\$\{not [^}]*\}`) // is another request: for what is not there
	withValue  = regexp.MustCompile(`([/=])[^/?&= ]*(?:\$\{[^}]*\}|\$)[^/?&= ]*`)
)

// unnamed returns a request with one mark for each part of its path that holds a variable.
func unnamed(request string) string {
	return withValue.ReplaceAllString(neverGiven.ReplaceAllLiteralString(request, "!"), "${1}*")
}
