// Package cache is the kind `cache`: whether an edit of the program keeps the installed dependencies.
package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind is the kind.
func Kind() check.Kind {
	return check.Kind{Name: "cache", Phase: check.Image, New: func() check.Check {
		return &Cache{Edit: []option.Glob{"main.py", "app/main.py", "**/*.py"}}
	}, Manual: check.Manual{
		Summary: "does an edit of the program keep the dependency layers",
		Text: `The folder is built as it is; once more, as a control, in which every step must come from the cache; and then a copy in which
a comment was added to the program. The RUN steps that install something (pip, uv, poetry, apt-get, npm and so on) must come from
the cache in the last build too. Other steps are shown, and cost nothing. When the control is not cached, nothing can be said, and
that is the grader's error.`,
		Example: `id: layer-cache
points: 12
cache: {edit: [main.py]}`}}
}

// Cache is the options.
type Cache struct {
	Edit []option.Glob `json:"edit,omitempty" jsonschema:"the file to edit: the first pattern that matches one"`
}

// Ask builds twice more.
func (c *Cache) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	program, err := c.program(t.FS())
	if err != nil {
		return check.Outcome{}, err
	}
	const name = "an edit keeps the dependencies"
	if program == "" {
		var patterns []string
		for _, g := range c.Edit {
			patterns = append(patterns, string(g))
		}
		return check.Fail(name, "a program to edit: "+strings.Join(patterns, ", "), "none of them is in the folder", "Hand in the program, too."), nil
	}
	control, err := t.Rebuild(ctx)
	if err != nil {
		return check.Outcome{}, err
	}
	if step := slices.IndexFunc(control.Steps, func(s check.Step) bool { return !s.Cached }); control.Image == nil || step >= 0 {
		// the cache is shared, and the engine may have thrown something away meanwhile: once more, from a warm one
		if control, err = t.Rebuild(ctx); err != nil {
			return check.Outcome{}, err
		}
		if step := slices.IndexFunc(control.Steps, func(s check.Step) bool { return !s.Cached }); control.Image == nil || step >= 0 {
			return check.Outcome{}, errors.New("the cache cannot be judged: an unchanged build was not cached")
		}
	}
	edited, err := t.Rebuild(ctx, check.Edit{Path: program, Append: true, Data: fmt.Appendf(nil, "\n# %016x\n", in.Rand.Uint64())})
	if err != nil {
		return check.Outcome{}, err
	}
	return judge(t, program, name, edited.Steps), nil
}

// program is the file that is edited.
func (c *Cache) program(folder fs.FS) (string, error) {
	var names []string
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if d.IsDir() && (d.Name() == ".venv" || d.Name() == "venv" || d.Name() == ".git" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if d.Type().IsRegular() {
			names = append(names, name)
		}
		return nil
	})
	for _, g := range c.Edit {
		for _, name := range names {
			if g.Match(name) {
				return name, err
			}
		}
	}
	return "", err
}

var installs = regexp.MustCompile(`(?i)(\bpip3?\b[^&|;]*\binstall\b|\buv\b[^&|;]*\b(sync|add|install)\b|\b(poetry|pipenv|pdm|conda|mamba|apt-get|apt|yum|dnf|npm|yarn|pnpm)\b[^&|;]*\b(install|ci|sync|add)\b|\bapk\b[^&|;]*\badd\b|\bnpm ci\b)`)

// judge looks at the installing steps of the edited build.
func judge(t check.Source, program, name string, steps []check.Step) check.Outcome {
	rows := [][]string{{"line", "step", "after the edit"}}
	var again []check.Step
	installing := 0
	for _, s := range steps {
		_, command, _ := strings.Cut(s.Name, "] ")
		what := "run again"
		if s.Cached {
			what = "cached"
		}
		if strings.HasPrefix(command, "RUN") && installs.MatchString(command) {
			installing++
			if !s.Cached {
				again = append(again, s)
				what = "installed again"
			}
		}
		rows = append(rows, []string{fmt.Sprint(s.Line), command, what})
	}
	evidence := []check.Evidence{{Kind: "table", Title: "The build after " + program + " was edited", Rows: rows}}
	if len(again) == 0 {
		got := "the edit installed nothing again"
		if installing == 0 {
			got = "the build installs nothing"
		}
		o := check.Pass(name, got)
		o.Evidence = evidence
		return o
	}
	_, command, _ := strings.Cut(again[0].Name, "] ")
	o := check.Fail(name, "every installing step from the cache after an edit of "+program, "run again: "+command, hint(t, again[0]))
	o.Items[0].File, o.Items[0].Line = "Dockerfile", again[0].Line
	o.Evidence = evidence
	return o
}

// hint names the line that brought the program in before the install.
func hint(t check.Source, step check.Step) string {
	advice := "Copy the file that lists the dependencies first, install, and copy the program after that."
	file, err := t.Dockerfile()
	if err != nil {
		return advice
	}
	for _, stage := range file.Stages {
		culprit := ""
		for _, in := range stage.Instructions {
			if in.Name == "COPY" && in.Line < step.Line && !slices.ContainsFunc(in.Flags, func(f string) bool { return strings.HasPrefix(f, "--from") }) {
				culprit = fmt.Sprintf("Line %d, %s, brings the program in before line %d installs. ", in.Line, in.Text, step.Line)
			}
			if in.Line == step.Line && culprit != "" {
				return culprit + advice
			}
		}
	}
	return advice
}
