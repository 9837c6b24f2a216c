// Package dockerfile is the kind `dockerfile`: whether the Dockerfile's text is sound.
//
// It asks for instructions that must be there, and for rules (rules.go), each with its manual, its
// finding and its line. It judges text because nothing else shows it: what has an effect that can
// be looked at is another kind's. Reading the file is done by the package of the same name outside
// check.
package dockerfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/taskgrader/taskgrader/grader/check"
	df "github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind returns the kind `dockerfile`, which asks whether the Dockerfile's text is sound.
func Kind() check.Kind {
	k := check.Kind{Name: "dockerfile", Phase: check.Folder, New: func() check.Check { return new(Dockerfile) },
		Manual: check.Manual{
			Summary: "is the Dockerfile's text sound",
			Text: `require names instructions that must be there, in any stage (ENTRYPOINT counts as CMD, too); rules
names rules, each explained by taskgrader explain; advise names rules that are told for no points, since what they are
about is judged elsewhere; allow_from are patterns of images of which every FROM, COPY --from and RUN --mount of an
image must match one. Each finding says its line and the fix. What can be judged by its effect is not judged here: see
cache, stop, secrets, image.

A Dockerfile that Docker cannot read is judged line by line: an instruction that a line begins with is there, whatever
is wrong behind it, and the rules are blocked by the build. An instruction without a value, and a rule about an
instruction that is not there, has nothing to judge: it is blocked, and earns nothing.`,
			Example: `id: practice
points: 8
partial: true
dockerfile: {require: [FROM, CMD], rules: [from-pinned, workdir-absolute], advise: [cmd-exec],
  allow_from: ["python:*", "ghcr.io/astral-sh/uv:*"]}`}}
	for _, r := range rules {
		k.Manual.Topics = append(k.Manual.Topics, r.Topic)
	}
	return k
}

// Dockerfile is the options.
type Dockerfile struct {
	Require   []string `json:"require,omitempty" jsonschema:"instructions that must be there"`
	Rules     []string `json:"rules,omitempty" jsonschema:"ids of rules"`
	Advise    []string `json:"advise,omitempty" jsonschema:"ids of rules that are told where they are broken, for no points"`
	AllowFrom []string `json:"allow_from,omitempty" jsonschema:"patterns of base images"`
}

var instructions = []string{"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL",
	"RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}

// ValidateOption finds what is no instruction and no rule.
func (d *Dockerfile) ValidateOption(at option.Value) option.Problems {
	var ps option.Problems
	known := map[string][]string{"require": instructions}
	for _, r := range rules {
		known["rules"] = append(known["rules"], r.ID)
		known["advise"] = append(known["advise"], r.ID)
	}
	for key, what := range map[string]string{"require": "instruction", "rules": "rule", "advise": "rule"} {
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
			ps = append(ps, v.Problem("%s is no pattern of a base image: it has no blank, and every [ its ]",
				v.Describe())...)
		}
	}
	if len(d.Require)+len(d.Rules)+len(d.AllowFrom) == 0 {
		ps = append(ps, at.Problem("want require, rules or allow_from")...)
	}
	option.Sort(ps)
	return ps
}

// Tell says the instructions and the rules.
func (d *Dockerfile) Tell() (lines []string) {
	if len(d.Require) > 0 {
		lines = append(lines, strings.Join(d.Require, ", "))
	}
	for _, id := range d.Rules {
		lines = append(lines, ruleOf(id).Summary)
	}
	if len(d.AllowFrom) > 0 {
		lines = append(lines, "base images: "+strings.Join(d.AllowFrom, ", "))
	}
	return lines
}

// Phase is when the build has ended, where a rule can be judged by what the image does.
func (d *Dockerfile) Phase() check.Phase {
	if slices.ContainsFunc(slices.Concat(d.Rules, d.Advise), func(id string) bool { return effects[id] != nil }) {
		return check.Context
	}
	return check.Folder
}

// found returns how a rule is broken, or nil: by its effect where there is an image.
func (d *Dockerfile) found(ctx context.Context, t check.Target, r rule, file *df.File) (*finding, error) {
	if effect := effects[r.ID]; effect != nil && t.Built().Image != nil {
		return effect(ctx, t, file)
	}
	return r.find(file), nil
}

// Ask reads the file.
func (d *Dockerfile) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return check.Outcome{}, err
	}
	file, err := t.Dockerfile()
	var bad *df.Error
	switch {
	case errors.As(err, &bad) && !bad.Missing:
		return d.unread(bad), nil
	case bad != nil:
		o := check.Fail("Dockerfile", "a Dockerfile that Docker can read", bad.Message, check.SyntaxHint(bad))
		o.Items[0].File, o.Items[0].Line = bad.File, bad.Line
		return o, nil
	case err != nil:
		return check.Outcome{}, err
	}
	var o check.Outcome
	for _, name := range d.Require {
		o.Items = append(o.Items, required(t, file, name, in.Port))
	}
	for _, id := range d.Rules {
		r := ruleOf(id)
		item := check.Passed(id)
		f, err := d.found(ctx, t, r, file)
		if err != nil {
			return check.Outcome{}, err
		}
		if f != nil {
			item = check.Item{Name: id, Want: r.Summary, Got: f.got, Hint: f.hinted(t), File: file.Name, Line: f.line}
		} else if lacks := r.lacks(file); lacks != "" {
			item = check.Item{Name: id, Skipped: true, Got: "there is no " + lacks + ", so there is nothing to judge"}
		}
		o.Items = append(o.Items, item)
	}
	for _, id := range d.Advise {
		r := ruleOf(id)
		f, err := d.found(ctx, t, r, file)
		if err != nil {
			return check.Outcome{}, err
		}
		if f != nil {
			o.Items = append(o.Items, check.Item{Name: id, Free: true, Want: r.Summary, Got: f.got, Hint: f.hinted(t),
				File: file.Name, Line: f.line})
		}
	}
	if len(d.AllowFrom) > 0 {
		o.Items = append(o.Items, d.allowed(file))
	}
	return o, nil
}

// says reports whether one of these instructions is there, with a value.
func says(file *df.File, names []string) bool {
	return slices.ContainsFunc(file.Stages, func(s df.Stage) bool {
		return slices.ContainsFunc(s.Instructions,
			func(in df.Instruction) bool { return slices.Contains(names, in.Name) && len(in.Args) > 0 })
	})
}

// unread judges a file that Docker cannot read: what is there counts, line by line, and the slip is
// what the build fails of. What the rules are about cannot be known.
func (d *Dockerfile) unread(bad *df.Error) check.Outcome {
	o := check.Outcome{Lacks: check.Image}
	for _, name := range d.Require {
		item := check.Passed(name)
		if !slices.ContainsFunc(counts(name), func(n string) bool { return slices.Contains(bad.Names, n) }) {
			item = lacking(name, bad.File)
			for _, slip := range append([]*df.Error{bad}, bad.Next...) { // a misspelt one
				if slip.Fix != nil &&
					slices.Contains(counts(name), strings.ToUpper(strings.Fields(slip.Fix.New + " -")[0])) {
					item.Got, item.Line, item.Hint = slip.Message, slip.Line, check.SyntaxHint(slip)
					break
				}
			}
		}
		o.Items = append(o.Items, item)
	}
	unreadable := "Docker cannot read the Dockerfile"
	if bad.Line > 0 {
		unreadable = fmt.Sprintf("Docker cannot read line %d", bad.Line)
	}
	names := d.Rules
	if len(d.AllowFrom) > 0 {
		names = append(slices.Clone(names), "allow_from")
	}
	for _, name := range names {
		o.Items = append(o.Items, check.Item{Name: name, Skipped: true, Got: unreadable, File: bad.File,
			Line: bad.Line})
	}
	return o
}

// counts returns the instructions that count as one that is required.
func counts(name string) []string {
	if name == "CMD" {
		return []string{"CMD", "ENTRYPOINT"}
	}
	return []string{name}
}

func required(t check.Source, file *df.File, name string, port int) check.Item {
	if name == "FROM" {
		return check.Passed(name) // a file without one is not read at all
	}
	var empty *df.Instruction
	for _, s := range file.Stages {
		for _, in := range s.Instructions {
			switch {
			case !slices.Contains(counts(name), in.Name):
			case len(in.Args)+len(in.Heredocs) > 0:
				return check.Passed(name)
			case empty == nil:
				empty = &in
			}
		}
	}
	item := lacking(name, file.Name)
	if change, cause := missingLine(file, t.FS(), name, port); change != nil {
		item.Hint = check.Hint{Cause: cause, Edit: check.EditOf(file.Name, change)}
	}
	if empty != nil {
		item.Skipped, item.Line = true, empty.Line
		item.Got = fmt.Sprintf("`%s` has no value, so there is nothing to judge", empty.Text)
		item.Hint = check.Advise(fmt.Sprintf("Write the value behind %s in line %d. ", empty.Name, empty.Line) +
			purpose[name])
	}
	return item
}

// missingLine returns the change that writes an instruction that is not there, and what it is for;
// or nil. The port is that on which the rubric looks for the program: one that the file says else is
// to be changed, too.
func missingLine(file *df.File, folder fs.FS, name string, port int) (change *df.Change, cause string) {
	switch name {
	case "EXPOSE":
		if file.Last("CMD", "ENTRYPOINT") != nil {
			change = file.Above(firstStart(file), fmt.Sprintf("EXPOSE %d", port))
		}
		return change, "EXPOSE says which port the program uses."
	case "COPY":
		return plainAdd(file), "ADD unpacks archives and fetches addresses: COPY only copies."
	case "WORKDIR":
		return workdir(file, folder), "WORKDIR is where all that follows happens."
	}
	return nil, ""
}

// plainAdd returns the change that makes a COPY of the first ADD that does no more than one, or
// nil.
func plainAdd(file *df.File) *df.Change {
	for _, in := range file.Final().Instructions {
		if in.Name == "ADD" && len(in.Sources()) > 0 && !slices.ContainsFunc(in.Sources(), needsAdd) {
			return file.Replace(in, leadingAdd, "COPY")
		}
	}
	return nil
}

// firstStart returns the first of the lines that say what starts, above which the rest belongs.
func firstStart(file *df.File) df.Instruction {
	all := file.Final().Instructions
	i := slices.IndexFunc(all, func(in df.Instruction) bool { return in.Name == "CMD" || in.Name == "ENTRYPOINT" })
	if i < 0 {
		return *file.Last("CMD", "ENTRYPOINT")
	}
	return all[i]
}

// lacking returns an instruction that is not there.
func lacking(name, file string) check.Item {
	return check.Item{Name: name, Want: "a line with " + name, Got: "none", File: file,
		Hint: check.Advise(strings.TrimSpace("Add a line with " + name + ". " + purpose[name]))}
}

// purpose is what a student reads of an instruction that is missing.
var purpose = map[string]string{
	"WORKDIR": "WORKDIR /app is where all that follows happens.", "COPY": "COPY brings your files into the image.",
	"RUN":    "RUN installs the dependencies while the image is built.",
	"EXPOSE": "EXPOSE 8000 says which port the program uses.",
	"CMD":    "CMD says what starts when the container does.", "USER": "USER says who the program runs as.",
	"HEALTHCHECK": "HEALTHCHECK lets Docker ask whether the program is well.",
}

func (d *Dockerfile) allowed(file *df.File) check.Item {
	refs := file.Outside()
	for _, ref := range refs {
		matches := func(pattern string) bool { ok, _ := path.Match(pattern, ref.Image); return ok }
		if !slices.ContainsFunc(d.AllowFrom, matches) {
			return check.Item{Name: "allow_from", Want: "a base image among " + strings.Join(d.AllowFrom, ", "),
				Got:  ref.Image,
				Hint: check.Advise("Use one of the base images that the course allows."), File: file.Name,
				Line: ref.Line}
		}
	}
	if len(refs) == 0 {
		return check.Item{Name: "allow_from", Skipped: true,
			Got: "nothing is built on an image, so there is nothing to judge"}
	}
	return check.Passed("allow_from")
}

// finding is where and how a rule is broken.
type finding struct {
	line int
	got  string
	hint check.Hint
	edit func(check.Source) *check.Edit // the line to write, where the folder is needed to tell it; may be nil
}

// hinted returns the hint, with the line to write in the place of advice where there is one.
func (f *finding) hinted(t check.Source) check.Hint {
	if f.edit != nil {
		if edit := f.edit(t); edit != nil {
			return check.Hint{Cause: f.hint.Cause, Edit: edit}
		}
	}
	return f.hint
}

func at(in df.Instruction, got, hint string) *finding {
	return &finding{line: in.Line, got: fmt.Sprintf(got, in.Text), hint: check.Advise(hint)}
}

// write returns a finding with the line to write, or else with advice.
func write(f *df.File, in df.Instruction, change *df.Change, advice string) *finding {
	found := at(in, "%s", advice)
	if change != nil {
		found.hint = check.Hint{Edit: check.EditOf(f.Name, change)}
	}
	return found
}
