// Package dockerignore is the kind `dockerignore`: what the ignore file really keeps out.
//
// Paths of the rubric that a student does not have are planted in a copy of the folder; what then
// would be sent, or would be copied by the Dockerfile's own COPY lines, is what the check judges.
// What was handed in counts at any depth. The line of the ignore file that decides a path comes
// from the package of the same name outside check.
package dockerignore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerignore"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind returns the kind `dockerignore`, which asks what the ignore file really keeps out.
func Kind() check.Kind {
	return check.Kind{Name: "dockerignore", Phase: check.Context, New: func() check.Check { return new(Dockerignore) },
		Manual: check.Manual{
			Summary: "what does the ignore file really keep out of the build",
			Text: `Each path of excludes that is not there is planted in a copy of the folder, and a Dockerfile that
copies everything is built with the student's ignore file, as Docker would: what arrives was not ignored. What was
handed in counts at any depth: app/.env as .env, certs/local.key as private.key, app/__pycache__ as __pycache__. What is
planted is planted where excludes says; beside a folder that a COPY brings in it would cost nothing, and is noted. Every
sentence says what was put there to try. keeps are paths that must arrive. With .env.local, server.pem,
tests/test_main.py and the like others of their sort are planted, by names that are new each time, such as
.env.staging-7f: a line for each of the rubric's names keeps out nothing else. The text of the ignore file is not
judged, but each path shows the line that decided, and why a line that looks right misses.

A line to write is not told where it would keep out a file that a COPY names or the program reads.

Docker's patterns are not git's: they begin at the top of the folder (write **/.env to match below it), # begins a
comment only at the start of a line, and the last line that matches decides.`,
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

// Configure has the paths of excludes planted, and others of their sorts: who names the paths of
// the rubric alone keeps out nothing else.
func (d *Dockerignore) Configure(s *check.Setup) {
	s.Plant = append(s.Plant, d.Excludes...)
	for _, name := range d.Excludes {
		if sibling := check.Sibling(name, s.Rand); sibling != "" {
			s.Plant = append(s.Plant, sibling)
		}
	}
}

// Tell says what must be kept out, and what must not be.
func (d *Dockerignore) Tell() (lines []string) {
	for said, paths := range map[string][]string{"kept out: ": d.Excludes, "not kept out: ": d.Keeps} {
		if len(paths) > 0 {
			lines = append(lines, said+strings.Join(paths, ", "))
		}
	}
	slices.Sort(lines)
	return lines
}

// Ask looks at the context.
func (d *Dockerignore) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	rules, err := t.Ignore()
	var bad *dockerignore.Error
	if errors.As(err, &bad) {
		return check.Outcome{Items: []check.Item{{Name: bad.File, Want: "an ignore file that Docker can read",
			Got: bad.Message, Hint: check.Advise(bad.Hint), File: bad.File, Line: bad.Line}}}, nil
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
	var sent []string // that should be kept out
	misses := false   // a line was meant to keep one out
	for _, name := range d.Excludes {
		item := check.Passed(name)
		var leaks []string
		for _, path := range append([]string{name}, check.Kin(t.FS(), name)...) {
			if check.Arrives(arrived, path) {
				leaks = append(leaks, path)
			}
		}
		if len(leaks) == 0 { // what else was planted of this sort
			alike := check.Alike(name)
			for _, other := range arrived {
				if alike(other) && !has(t.FS(), other) && !slices.Contains(d.Excludes, other) {
					leaks = append(leaks, other)
				}
			}
		}
		if len(leaks) > 0 {
			item = leak(t, name, leaks, rules)
			misses = misses || rules.Decide(leaks[0]).Why != ""
			sent = append(sent, leaks...)
		} else if below := unguarded(t, name, rules); below != "" {
			item.Got = fmt.Sprintf(
				"kept out at the top; one in %s would be sent, since only `**/%s` matches below the top, too",
				path.Dir(below), path.Base(below))
		}
		o.Items = append(o.Items, item)
		rows = append(rows, row(name, rules, check.Arrives(arrived, name)))
		for _, path := range leaks {
			if path != name {
				rows = append(rows, row(path, rules, true))
			}
		}
	}
	for _, name := range d.Keeps {
		item := check.Passed("keeps " + name)
		decision := rules.Decide(name)
		if !check.Arrives(arrived, name) {
			item = check.Item{Name: item.Name, Want: name + " in the build", Got: "it is kept out", File: rules.File,
				Line: decision.Line,
				Hint: keep(rules, name)}
		}
		o.Items = append(o.Items, item)
		rows = append(rows, row(name, rules, item.Share == 1))
	}
	if len(sent) > 1 && !misses { // else the first such line is what to look at
		o.Hint = advise(t, rules, sent...)
	}
	o.Evidence = []check.Evidence{{Kind: "ignore", Title: "What the ignore file decides", Rows: rows}}
	return o, nil
}

// has reports whether a file was handed in.
func has(folder fs.FS, name string) bool {
	_, err := fs.Stat(folder, name)
	return err == nil
}

// leak returns the item of a path that should have been kept out, with those of its sort, and of
// which some are sent.
func leak(t check.Source, name string, leaks []string, rules *dockerignore.Rules) check.Item {
	decision := rules.Decide(leaks[0])
	item := check.Item{Name: name, Want: "kept out of the build",
		Got: check.HandedIn(t, leaks[0]) + " " + check.Sent(t, leaks[0]), File: ".dockerignore", Line: decision.Line}
	switch {
	case rules.File == "":
		item.Got += ", because there is no .dockerignore"
	case decision.Why != "":
		item.File, item.Line = rules.File, decision.WhyLine
		item.Got += ": " + decision.Why
	case !decision.Ignored && rules.Decide(name).Ignored && !has(t.FS(), leaks[0]):
		by := rules.Decide(name)
		item.File, item.Line = rules.File, by.Line
		item.Got += fmt.Sprintf(": line %d, %s, keeps out no other of its sort", by.Line, by.Pattern)
	default:
		item.File = rules.File
	}
	if more := leaks[1:]; len(more) > 0 {
		item.Got += fmt.Sprintf("; and so is %s", strings.Join(more[:min(len(more), 3)], ", "))
	}
	item.Hint = advise(t, rules, leaks...)
	return item
}

// advise returns which lines keep paths out.
func advise(t check.Source, rules *dockerignore.Rules, paths ...string) check.Hint {
	edit, instead := check.IgnoreEdit(t, paths...)
	switch {
	case edit == nil && !instead.IsZero():
		return instead
	case edit == nil:
		return check.Advisef("List %s in .dockerignore, one a line, below all lines that begin with !.",
			strings.Join(paths, ", "))
	case rules.File == "":
		return check.Hint{Advice: "Create a file .dockerignore beside the Dockerfile.", Edit: edit}
	}
	return check.Hint{Edit: edit}
}

// keep returns which line lets a path into the build.
func keep(rules *dockerignore.Rules, name string) check.Hint {
	decision := rules.Decide(name)
	h := check.Hint{Cause: fmt.Sprintf("Line %d of %s, %s, keeps it out.", decision.Line, rules.File, decision.Pattern),
		Advice: "Take that line out, or take the path back below it with !."}
	if changed := rules.Keeping(name); changed != nil {
		c := rules.ChangeTo(changed)
		h.Advice, h.Edit = "", &check.Edit{File: rules.File, Line: c.Line, Old: c.Old, New: c.New}
	}
	return h
}

// unguarded returns a path of the same name in a folder that a COPY brings in, where the ignore
// file would let it through; or empty.
func unguarded(t check.Source, name string, rules *dockerignore.Rules) string {
	file, err := t.Dockerfile()
	entries, _ := fs.ReadDir(t.FS(), ".")
	if err != nil || strings.Contains(name, "/") {
		return ""
	}
	for _, e := range entries {
		below := path.Join(e.Name(), name)
		if brings, _ := file.Brings(below); e.IsDir() && brings && !rules.Decide(e.Name()).Ignored &&
			!rules.Decide(below).Ignored {
			return below
		}
	}
	return ""
}

func row(name string, rules *dockerignore.Rules, arrived bool) []string {
	d := rules.Decide(name)
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
