package batch

import (
	"fmt"
	"slices"

	"github.com/taskgrader/taskgrader/grader/class"
)

// RefusedError is that the folder holds reports that these would not go with.
type RefusedError struct {
	Text, Fix string
}

func (e *RefusedError) Error() string { return e.Text }

// Hint returns the fix.
func (e *RefusedError) Hint() string { return e.Fix }

const otherwise = "name another folder with --out, or grade all again with --fresh"

// refuses returns why these reports may not go into the folder.
func (r *run) refuses(before *class.Class) error {
	if before == nil || r.options.Fresh {
		return nil
	}
	switch {
	case before.Rubric.ID != r.rubric.ID:
		return r.mixed(before.Rubric.ID)
	case before.Seed != r.seed:
		return &RefusedError{Text: fmt.Sprintf("the reports in %q are of the seed %s", r.options.Out, before.Seed),
			Fix: otherwise}
	case !slices.Equal(before.Only, sorted(r.options.Only)):
		return &RefusedError{Text: fmt.Sprintf("the reports in %q are of %s", r.options.Out, choice(before.Only)),
			Fix: otherwise}
	}
	return nil
}

func (r *run) mixed(other string) error {
	return &RefusedError{Text: fmt.Sprintf("the folder %q holds reports of the rubric %q, and these are of %q",
		r.options.Out, other, r.rubric.ID),
		Fix: otherwise}
}

func choice(only []string) string {
	if len(only) == 0 {
		return "all checks"
	}
	return fmt.Sprintf("the checks %q alone", only)
}
