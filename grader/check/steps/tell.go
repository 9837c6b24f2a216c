package steps

import (
	"fmt"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/option"
)

// Tell returns what the steps ask, a line each, as a student reads it who has asked nothing yet:
// POST /tasks with title answers 201 with id, title. What is only set up is left out.
func Tell(all []Step) (lines []string) {
	names := map[string]string{} // of variables: the id, the Location
	for _, s := range all {
		line := s.tell(names)
		for name, source := range s.Save {
			said := source.name()
			if source.path == "" {
				said = source.header + source.cookie
			}
			if at := strings.LastIndexAny(said, ".]"); at >= 0 {
				said = said[at+1:]
			}
			if said != "" {
				names[name] = said
			}
		}
		if line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

func (s Step) tell(names map[string]string) string {
	switch {
	case s.Restart != "":
		return s.doing()
	case len(s.Exec) > 0:
		return "runs: " + s.doing()
	case s.Send.Method == "":
		return ""
	}
	path := reference.ReplaceAllStringFunc(s.Send.Path, func(ref string) string {
		name := strings.Trim(ref, "${}")
		if said, ok := names[name]; ok {
			name = said
		} else if of, ok := strings.CutPrefix(name, "not "); ok {
			name = "another " + names[of]
		}
		return "{" + name + "}"
	})
	line := s.Send.Method + " " + path
	if s.Times > 1 {
		line += ", " + often(s.Times)
		if s.Parallel > 1 {
			line += " at once"
		}
	}
	if sent := append(keys(s.Body), append(s.Query.names(), s.Form.names()...)...); len(sent) > 0 {
		line += " with " + strings.Join(sent, ", ")
	}
	if s.bytes != nil {
		line += " with " + Plural(len(s.bytes), "byte")
	} else if s.Raw.Line > 0 {
		line += fmt.Sprintf(" with the text %q", cut(s.Raw.Text, 40))
	}
	if len(s.Multipart) > 0 {
		line += " with a form that has files"
	}
	line += headersOf(s.place("headers"))
	if as, ok := s.written.Get("as"); ok {
		line += " as " + as.Text
	}
	if len(s.Either) > 0 {
		var answers []string
		for _, a := range s.Either {
			answers = append(answers, a.Want.String()+holding(a.JSON))
		}
		return line + " answers " + strings.Join(answers, ", or ")
	}
	line += fmt.Sprintf(" answers %s%s", s.Want, holding(s.JSON))
	switch {
	case len(s.Sorted) > 0:
		line += " with a list sorted by " + s.Sorted.String()
	case s.listed():
		line += " with a list"
	}
	line += headersOf(s.place("header"))
	switch {
	case s.Faster.Least > 0:
		line += fmt.Sprintf(" after %s to %s", s.Faster.Least, s.Faster.Most)
	case s.Faster.Most > 0:
		line += " within " + s.Faster.Most.String()
	}
	if s.Meanwhile != nil {
		line += ", while " + s.Meanwhile.step.tell(names)
	}
	if len(s.Log) > 0 {
		line += ", and the log is looked at"
	}
	return line
}

// holding returns the keys that an answer has, as a clause.
func holding(v option.Value) string {
	if names := keys(v); len(names) > 0 {
		return " with " + strings.Join(names, ", ")
	}
	return ""
}

// headersOf returns the headers that are named, as a clause.
func headersOf(v option.Value) string {
	switch names := keys(v); len(names) {
	case 0:
		return ""
	case 1:
		return " with the header " + names[0]
	default:
		return " with the headers " + strings.Join(names, " and ")
	}
}

// keys returns those of a mapping that are to be there.
func keys(v option.Value) (names []string) {
	for _, f := range v.Fields {
		if f.Value.Text != "<absent>" {
			names = append(names, f.Key.Text)
		}
	}
	return names
}

func (f Fields) names() (names []string) {
	for _, field := range f {
		names = append(names, field.Key.Text)
	}
	return names
}
