// Package dockerfile is the kind `dockerfile`: whether the Dockerfile's text is sound.
package dockerfile

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/taskgrader/taskgrader/grader/check"
	df "github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind is the kind.
func Kind() check.Kind {
	k := check.Kind{Name: "dockerfile", Phase: check.Folder, New: func() check.Check { return new(Dockerfile) }, Manual: check.Manual{
		Summary: "is the Dockerfile's text sound",
		Text: `require names instructions that must be there, in any stage (ENTRYPOINT counts as CMD, too); rules names rules, each explained by
taskgrader explain; allow_from are patterns of base images of which every FROM must match one. Each finding says its line and
the fix. What can be judged by its effect is not judged here: see cache, stop, secrets, image.`,
		Example: `id: practice
points: 8
partial: true
dockerfile: {require: [FROM, CMD], rules: [from-pinned, workdir-absolute, cmd-exec], allow_from: ["python:*"]}`}}
	for _, r := range rules {
		k.Manual.Topics = append(k.Manual.Topics, r.Topic)
	}
	return k
}

// Dockerfile is the options.
type Dockerfile struct {
	Require   []string `json:"require,omitempty" jsonschema:"instructions that must be there"`
	Rules     []string `json:"rules,omitempty" jsonschema:"ids of rules"`
	AllowFrom []string `json:"allow_from,omitempty" jsonschema:"patterns of base images"`
}

var instructions = []string{"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}

// ValidateOption finds what is no instruction and no rule.
func (d *Dockerfile) ValidateOption(at option.Value) option.Problems {
	var ps option.Problems
	known := map[string][]string{"require": instructions}
	for _, r := range rules {
		known["rules"] = append(known["rules"], r.ID)
	}
	for key, what := range map[string]string{"require": "instruction", "rules": "rule"} {
		list, _ := at.Get(key)
		for _, v := range list.Items {
			if !slices.Contains(known[key], v.Text) {
				ps = append(ps, option.Unknown(what, v, known[key])...)
			}
		}
	}
	list, _ := at.Get("allow_from")
	for _, v := range list.Items {
		if _, err := path.Match(v.Text, "x"); err != nil || strings.ContainsFunc(v.Text, unicode.IsSpace) {
			ps = append(ps, v.Problem("%s is no pattern of a base image: it has no blank, and every [ its ]", v.Describe())...)
		}
	}
	if len(d.Require)+len(d.Rules)+len(d.AllowFrom) == 0 {
		ps = append(ps, at.Problem("want require, rules or allow_from")...)
	}
	option.Sort(ps)
	return ps
}

// Ask reads the file.
func (d *Dockerfile) Ask(ctx context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return check.Outcome{}, err
	}
	file, err := t.Dockerfile()
	var bad *df.Error
	switch {
	case errors.As(err, &bad) && bad.Rest != nil:
		file = bad.Rest // one misspelt word is what the build fails of: here it costs its own line alone
	case bad != nil:
		o := check.Fail("Dockerfile", "a Dockerfile that Docker can read", bad.Message, check.Advise(bad.Hint))
		o.Items[0].File, o.Items[0].Line = bad.File, bad.Line
		return o, nil
	case err != nil:
		return check.Outcome{}, err
	}
	var o check.Outcome
	for _, name := range d.Require {
		o.Items = append(o.Items, required(file, name))
	}
	for _, id := range d.Rules {
		r := rules[slices.IndexFunc(rules, func(r rule) bool { return r.ID == id })]
		item := check.Passed(id)
		if f := r.find(file); f != nil {
			item = check.Item{Name: id, Want: r.Summary, Got: f.got, Hint: check.Advise(f.hint), File: file.Name, Line: f.line}
		}
		o.Items = append(o.Items, item)
	}
	if len(d.AllowFrom) > 0 {
		o.Items = append(o.Items, d.allowed(file))
	}
	return o, nil
}

func required(file *df.File, name string) check.Item {
	item := check.Passed(name)
	if name == "FROM" {
		return item // a file without one is not read at all
	}
	for _, s := range file.Stages {
		for _, in := range s.Instructions {
			if in.Name == name || name == "CMD" && in.Name == "ENTRYPOINT" {
				return item
			}
		}
	}
	return check.Item{Name: name, Want: "a line with " + name, Got: "none", Hint: check.Advise(strings.TrimSpace("Add a line with " + name + ". " + purpose[name])), File: file.Name}
}

// purpose is what a student reads of an instruction that is missing.
var purpose = map[string]string{
	"WORKDIR": "WORKDIR /app is where all that follows happens.", "COPY": "COPY brings your files into the image.",
	"RUN": "RUN installs the dependencies while the image is built.", "EXPOSE": "EXPOSE 8000 says which port the program uses.",
	"CMD": "CMD says what starts when the container does.", "USER": "USER says who the program runs as.",
	"HEALTHCHECK": "HEALTHCHECK lets Docker ask whether the program is well.",
}

func (d *Dockerfile) allowed(file *df.File) check.Item {
	for _, s := range file.Stages {
		matches := func(pattern string) bool { ok, _ := path.Match(pattern, s.Base); return ok }
		if s.From < 0 && s.Base != "scratch" && !slices.ContainsFunc(d.AllowFrom, matches) {
			return check.Item{Name: "allow_from", Want: "a base image among " + strings.Join(d.AllowFrom, ", "), Got: s.Base,
				Hint: check.Advise("Use one of the base images that the course allows."), File: file.Name, Line: s.Line}
		}
	}
	return check.Passed("allow_from")
}

// finding is where and how a rule is broken.
type finding struct {
	line      int
	got, hint string
}

func at(in df.Instruction, got, hint string) *finding {
	return &finding{in.Line, fmt.Sprintf(got, in.Text), hint}
}
