package build

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/option"
)

// noStage returns which stage may be meant by a name that none above a line has.
func noStage(file *dockerfile.File, name string, line int) check.Hint {
	h := check.Hint{Cause: fmt.Sprintf("No stage above line %d is called %s, and Docker's library has no image of "+
		"that name.", line, name), Advice: "Name the stage that makes it, as its FROM … AS says."}
	in := about(file, line, []string{"COPY", "RUN", "FROM"})
	above := file.Stages[:slices.IndexFunc(append(file.Stages, dockerfile.Stage{Line: line + 1}),
		func(s dockerfile.Stage) bool { return s.Line > line })]
	if in == nil || len(above) == 0 {
		return h
	}
	if in.Name != "FROM" {
		above = above[:len(above)-1] // it is in that one
	}
	var names []string
	for _, s := range above {
		if s.Name != "" {
			names = append(names, s.Name)
		}
	}
	later := slices.IndexFunc(file.Stages, func(s dockerfile.Stage) bool { return strings.EqualFold(s.Name, name) })
	near := option.Suggest(name, names)
	if near == "" && len(names) == 1 && len(above) == 1 {
		near = names[0]
	}
	switch {
	case later >= 0:
		h.Cause = fmt.Sprintf("Line %d names the stage %s, which begins on line %d: a stage is known from there on.",
			line, name, file.Stages[later].Line)
		h.Advice = "Put the stage with its lines above the one that takes from it."
	case near != "":
		h.Cause += fmt.Sprintf(" There is a stage %s.", near)
		h.Advice = "Name that."
		h.Edit = check.EditOf(file.Name, file.Replace(*in, regexp.MustCompile(`(from=|(?i:^\s*FROM\s+))`+
			regexp.QuoteMeta(name)+`\b`), "${1}"+near))
	case len(names) > 0:
		h.Cause += fmt.Sprintf(" Those above are %s.", check.And(names))
	case len(above) == 1:
		first := file.Lines[above[0].Line-1]
		h.Cause += fmt.Sprintf(" The stage above, from line %d on, has no name.", above[0].Line)
		h.Advice = "Give it that name."
		h.Edit = &check.Edit{File: file.Name, Line: above[0].Line, Old: first,
			New: strings.TrimRight(first, " \t") + " AS " + name}
	case len(above) > 1:
		h.Cause += " Those above have no names."
		h.Advice = fmt.Sprintf("Write AS %s behind the FROM of the one that makes it.", name)
	default:
		h.Cause = fmt.Sprintf("Line %d takes from a stage %s, and there is none above.", line, name)
		h.Advice = "Leave out --from to copy what the folder has, or write the stage that makes it above."
	}
	return h
}
