package rubric

import (
	"regexp"
	"slices"
	"strings"
)

// Changed returns the ids of the checks that are not written as in an earlier text of the rubric:
// all of them where something changed that several depend on, such as people, limits or the
// container. A title, a sum of points or a comment is nothing that a check depends on.
func (r *Rubric) Changed(before *Rubric) (ids []string) {
	own, around := r.texts()
	theirs, aroundBefore := before.texts()
	for _, c := range r.Checks {
		if text, ok := theirs[c.ID]; !ok || text != own[c.ID] || around != aroundBefore {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

var (
	topKey    = regexp.MustCompile(`^[a-z]`)
	said      = regexp.MustCompile(`^(rubric|title|points|checks):`)
	noContent = regexp.MustCompile(`^\s*(#.*)?$`)
)

// texts returns what is written of each check, by id, and what is written around them.
func (r *Rubric) texts() (checks map[string]string, around string) {
	checks = map[string]string{}
	var begins []int
	for _, c := range r.Checks {
		begins = append(begins, c.Line)
	}
	slices.Sort(begins)
	inside := map[int]bool{}
	for _, c := range r.Checks {
		var own []string
		for n := c.Line; n <= len(r.lines); n++ {
			line := r.lines[n-1]
			if n > c.Line && (slices.Contains(begins, n) || topKey.MatchString(line)) {
				break
			}
			if inside[n] = true; !noContent.MatchString(line) {
				own = append(own, line)
			}
		}
		checks[c.ID] = strings.Join(own, "\n")
	}
	var rest []string
	for i, line := range r.lines {
		if !inside[i+1] && !noContent.MatchString(line) && !said.MatchString(line) {
			rest = append(rest, line)
		}
	}
	return checks, strings.Join(rest, "\n")
}
