// Package dockerignore is the kind `dockerignore`: what the ignore file really keeps out.
package dockerignore

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerignore"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind is the kind.
func Kind() check.Kind {
	return check.Kind{Name: "dockerignore", Phase: check.Context, New: func() check.Check { return new(Dockerignore) }, Manual: check.Manual{
		Summary: "what does the ignore file really keep out of the build",
		Text: `Each path of excludes that is not there is planted in a copy of the folder, and a Dockerfile that copies everything is built
with the student's ignore file, as Docker would: what arrives was not ignored. keeps are paths that must arrive. The text of the
ignore file is not judged, but each path shows the line that decided, and why a line that looks right misses.

Docker's patterns are not git's: they begin at the top of the folder (write **/.env to match below it), # begins a comment only at
the start of a line, and the last line that matches decides.`,
		Example: `id: ignores-secrets
points: 6
partial: true
dockerignore: {excludes: [.env, server.pem], keeps: [main.py]}`}}
}

// Dockerignore is the options.
type Dockerignore struct {
	Excludes []string `json:"excludes,omitempty" jsonschema:"paths that must be kept out"`
	Keeps    []string `json:"keeps,omitempty" jsonschema:"paths that must not be"`
}

// ValidateOption wants plain paths inside the folder.
func (d *Dockerignore) ValidateOption(at option.Value) option.Problems {
	var ps option.Problems
	for _, key := range []string{"excludes", "keeps"} {
		list, _ := at.Get(key)
		for _, v := range list.Items {
			if !fs.ValidPath(v.Text) || v.Text == "." {
				ps = append(ps, v.Problem("want a path inside the folder, such as .env, not %s", v.Describe())...)
			}
		}
	}
	if len(d.Excludes)+len(d.Keeps) == 0 {
		ps = append(ps, at.Problem("want excludes, keeps or both")...)
	}
	return ps
}

// Shape has the paths of excludes planted.
func (d *Dockerignore) Shape(s *check.Setup) { s.Plant = append(s.Plant, d.Excludes...) }

// Ask looks at the context.
func (d *Dockerignore) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	rules, err := t.Ignore()
	var bad *dockerignore.Error
	if errors.As(err, &bad) {
		return check.Outcome{Items: []check.Item{{Name: bad.File, Want: "an ignore file that Docker can read", Got: bad.Message, Hint: check.Advise(bad.Hint), File: bad.File, Line: bad.Line}}}, nil
	}
	if err != nil {
		return check.Outcome{}, err
	}
	arrived, err := t.Context(ctx)
	if err != nil {
		return check.Outcome{}, err
	}
	var o check.Outcome
	rows := [][]string{{"path", "in the build", "decided by"}}
	var missing []string // lines that would keep out what is sent
	misses := false      // a line was meant to keep it out
	for _, name := range d.Excludes {
		item := check.Passed(name)
		decision := rules.Decide(name)
		if check.Arrives(arrived, name) {
			item = d.leak(name, rules, decision)
			misses = misses || decision.Why != ""
			if line := suggestion(name); !slices.Contains(missing, line) {
				missing = append(missing, line)
			}
		}
		o.Items = append(o.Items, item)
		rows = append(rows, row(name, rules, decision, item.Share < 1))
	}
	for _, name := range d.Keeps {
		item := check.Passed("keeps " + name)
		decision := rules.Decide(name)
		if !check.Arrives(arrived, name) {
			item = check.Item{Name: item.Name, Want: name + " in the build", Got: "it is kept out", File: rules.File, Line: decision.Line,
				Hint: check.Advisef("Add the line !%s at the end of %s, or remove the line that ignores it.", name, rules.File)}
		}
		o.Items = append(o.Items, item)
		rows = append(rows, row(name, rules, decision, item.Share == 1))
	}
	if len(missing) > 1 && !misses { // else the first such line is what to look at
		o.Hint = check.Advise("Add to " + rules.File + " a line for each of " + strings.Join(missing, "  "))
		if rules.File == "" {
			o.Hint = check.Advise("Create a file .dockerignore beside the Dockerfile, with a line for each of " + strings.Join(missing, "  "))
		}
	}
	o.Evidence = []check.Evidence{{Kind: "ignore", Title: "What the ignore file decides", Rows: rows}}
	return o, nil
}

// leak is a path that should have been kept out.
func (d *Dockerignore) leak(name string, rules *dockerignore.Rules, decision dockerignore.Decision) check.Item {
	item := check.Item{Name: name, Want: "kept out of the build", Got: "it is sent to the build", File: ".dockerignore", Line: decision.Line}
	pattern := suggestion(name)
	switch {
	case rules.File == "":
		item.Got += ", because there is no .dockerignore"
		item.Hint = check.Advisef("Create a file .dockerignore beside the Dockerfile, with %s on a line of its own.", pattern)
	case decision.Why != "":
		item.File, item.Line = rules.File, decision.WhyLine
		item.Got += ": " + decision.Why
		item.Hint = check.Advisef("Write %s on a line of its own, after all lines that begin with !.", pattern)
	default:
		item.File = rules.File
		item.Hint = check.Advisef("Add the line %s to %s.", pattern, rules.File)
	}
	return item
}

// suggestion is the line that the lesson would write for a path.
func suggestion(name string) string {
	first, _, below := strings.Cut(name, "/")
	switch ext := path.Ext(name); {
	case below:
		return first + "/"
	case strings.HasPrefix(name, ".env") && name != ".env":
		return ".env.*"
	case ext == ".pem" || ext == ".key" || ext == ".log":
		return "*" + ext
	}
	return name
}

func row(name string, rules *dockerignore.Rules, d dockerignore.Decision, arrived bool) []string {
	decided, in := "no line", "no"
	if d.Line > 0 {
		decided = rules.File + ":" + strconv.Itoa(d.Line) + "  " + d.Pattern
	} else if d.Why != "" {
		decided = "no line: " + d.Why
	}
	if arrived {
		in = "yes"
	}
	return []string{name, in, decided}
}
