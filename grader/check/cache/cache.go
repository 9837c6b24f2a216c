// Package cache is the kind `cache`: whether an edit of the program keeps the installed dependencies.
package cache

import (
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind is the kind.
func Kind() check.Kind {
	return check.Kind{Name: "cache", Phase: check.Image, New: func() check.Check {
		return &Cache{Edit: []option.Glob{"main.py", "app/main.py", "**/*.py"}}
	}, Manual: check.Manual{
		Summary: "does an edit of the program keep the dependency layers",
		Text: `The folder is built as it is; once more, as a control, in which every step must come from the cache, unless the first build did
already; and then a copy in which a comment was added to the program. The RUN steps that install something (pip, uv, poetry,
apt-get, npm and so on) must come from the cache in the last build too. Other steps are shown, and cost nothing; so does one that
installs the program itself after its dependencies, as uv sync does after uv sync --no-install-project. When the control is not
cached, nothing can be said, and that is the grader's error.

The file that is edited is the first that a pattern matches: one that the ignore file leaves, main.py before others, and tests last. When
nothing that the build does comes of it, the next is tried, three in all.`,
		Example: `id: layer-cache
points: 12
cache: {edit: [main.py]}`}}
}

// Cache is the options.
type Cache struct {
	Edit []option.Glob `json:"edit,omitempty" jsonschema:"the file to edit: the first pattern that matches one"`
}

const (
	name = "an edit keeps the dependencies"
	most = 3 // files that are edited, until the build takes notice of one

	// mostControls is how often a build is repeated until it is cached: the cache is shared, and the engine may have thrown
	// something away meanwhile.
	mostControls = 3
)

// Ask builds again as it is, and with edits.
func (c *Cache) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	programs, err := c.programs(t)
	if err != nil {
		return check.Outcome{}, err
	}
	if len(programs) == 0 {
		var patterns []string
		for _, g := range c.Edit {
			patterns = append(patterns, string(g))
		}
		return check.Fail(name, "a program to edit: "+strings.Join(patterns, ", "), "none of them is in the folder", "Hand in the program, too."), nil
	}
	if err := control(ctx, t); err != nil {
		return check.Outcome{}, err
	}
	for _, program := range programs[:min(len(programs), most)] {
		// Not from the seed: what an earlier run with it built is in the cache still.
		edited, err := t.Retrace(ctx, check.Edit{Path: program, Append: true, Data: fmt.Appendf(nil, "\n# %s\n", rand.Text())})
		if err != nil {
			return check.Outcome{}, err
		}
		if slices.ContainsFunc(edited.Steps, uncached) {
			return judge(t, program, edited.Steps), nil
		}
	}
	return check.Pass(name, "no edit of "+strings.Join(programs[:min(len(programs), most)], ", ")+" changes anything in the build"), nil
}

func uncached(s check.Step) bool { return !s.Cached }

// control sees to it that what was built comes from the cache when it is built once more.
func control(ctx context.Context, t check.Target) error {
	built := t.Built()
	for tries := 0; built.Failure != nil || slices.ContainsFunc(built.Steps, uncached); tries++ {
		if tries == mostControls {
			return fmt.Errorf("the cache cannot be judged: an unchanged build did again: %s", what(built))
		}
		var err error
		if built, err = t.Retrace(ctx); err != nil {
			return err
		}
	}
	return nil
}

// what is what a build did, or why it failed.
func what(built check.Built) string {
	if built.Failure != nil {
		return built.Failure.Message
	}
	var names []string
	for _, s := range built.Steps {
		if uncached(s) {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, "; ")
}

// programs are the files that may be edited, the best first.
func (c *Cache) programs(t check.Source) ([]string, error) {
	rules, err := t.Ignore()
	if err != nil {
		return nil, err
	}
	var names []string
	err = fs.WalkDir(t.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			return nil // a folder below that cannot be read has no program for us
		case d.IsDir() && slices.Contains([]string{".venv", "venv", ".git", "node_modules", "__pycache__"}, d.Name()):
			return fs.SkipDir
		case d.Type().IsRegular():
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for the program: %w", err)
	}
	rank := func(name string) (n int) {
		if strings.Contains("/"+name, "/test") {
			n += 2
		}
		if path.Base(name) != "main.py" {
			n++
		}
		return n
	}
	var sent, ignored []string
	for _, g := range c.Edit {
		matching := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !g.Match(name) })
		slices.SortStableFunc(matching, func(a, b string) int { return rank(a) - rank(b) })
		for _, name := range matching {
			switch {
			case slices.Contains(sent, name) || slices.Contains(ignored, name):
			case rules.Decide(name).Ignored:
				ignored = append(ignored, name)
			default:
				sent = append(sent, name)
			}
		}
	}
	return append(sent, ignored...), nil
}

// judge looks at the installing steps of the edited build.
func judge(t check.Source, program string, steps []check.Step) check.Outcome {
	rows := [][]string{{"line", "step", "after the edit"}}
	var again []check.Step
	installing := 0
	prepared := map[string]bool{} // what installed the dependencies, without the program, in a step that came from the cache
	for _, s := range steps {
		_, command := split(s)
		commands := installs(t, s, command)
		installing += len(commands)
		what := "run again"
		switch {
		case s.Cached:
			what = "cached"
			for _, c := range commands {
				prepared[c.Program] = prepared[c.Program] || c.WithoutProject()
			}
		case slices.ContainsFunc(commands, func(c dockerfile.Command) bool { return !c.ProjectAlone() && !prepared[c.Program] }):
			again = append(again, s)
			what = "installed again"
		case len(commands) > 0:
			what = "installed the program alone"
		}
		rows = append(rows, []string{fmt.Sprint(s.Line), command, what})
	}
	evidence := []check.Evidence{{Kind: "table", Title: "The build after " + program + " was edited", Rows: rows}}
	if len(again) == 0 {
		got := "the edit installed no dependency again"
		if installing == 0 {
			got = "the build installs nothing"
		}
		o := check.Pass(name, got)
		o.Evidence = evidence
		return o
	}
	_, command := split(again[0])
	o := check.Fail(name, "every installing step from the cache after an edit of "+program, "run again: "+command, hint(again[0], steps))
	o.Items[0].File, o.Items[0].Line = "Dockerfile", again[0].Line
	o.Evidence = evidence
	return o
}

// split is the stage and the command of a step's name: [builder 2/5] RUN …
func split(s check.Step) (stage, command string) {
	label, command, _ := strings.Cut(s.Name, "] ")
	stage, _, _ = strings.Cut(strings.TrimPrefix(label, "["), " ")
	if strings.Contains(stage, "/") {
		stage = ""
	}
	return stage, command
}

// installs are the commands of a step that install something.
func installs(t check.Source, s check.Step, command string) []dockerfile.Command {
	text, run := strings.CutPrefix(command, "RUN ")
	in := &dockerfile.Instruction{Name: "RUN", Args: []string{text}}
	if file, err := t.Dockerfile(); err == nil && file.At(s.Line) != nil {
		in = file.At(s.Line) // with its here-documents, which the step's name lacks
	}
	if !run || in.Name != "RUN" {
		return nil
	}
	return slices.DeleteFunc(in.Commands(), func(c dockerfile.Command) bool { return !c.Installs() })
}

// hint names the line that brought the program in: of the same stage, the first that did not come from the cache.
func hint(again check.Step, steps []check.Step) string {
	const advice = "Copy the file that lists the dependencies first, install, and copy the program after that."
	stage, command := split(again)
	for _, s := range steps {
		if of, culprit := split(s); of == stage && !s.Cached {
			if s.Name == again.Name {
				break
			}
			return fmt.Sprintf("Line %d, %s, brings the program in before line %d installs. %s", s.Line, culprit, again.Line, advice)
		}
	}
	if strings.Contains(command, "--mount") {
		return "The step mounts the program: mount the file that lists the dependencies alone."
	}
	return advice
}
