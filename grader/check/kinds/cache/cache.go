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
apt-get, npm and so on, or a script whose log or layer shows that it installed packages) must come from the cache in the last
build too. Other steps are shown, and cost nothing; so does one that installs the program itself after its dependencies, as
uv sync does after uv sync --no-install-project. When the control is not cached, nothing can be said, and that is the grader's
error; but what an ADD of a URL brings in anew each time, and all that is installed after it, is not cached, and fails.

The file that is edited is the first that a pattern matches: one that the ignore file leaves, main.py before others, and tests last. When
nothing that the build does comes of it, the next is tried, three in all.`,
		Example: `id: layer-cache
points: 12
cache: {edit: [main.py]}`}}
}

// Cache is the options.
type Cache struct {
	Edit []option.Glob `json:"edit,omitempty" jsonschema:"the file to edit, by the first pattern that matches one; main.py, app/main.py, **/*.py unless given"`
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
		return check.Fail(name, "a program to edit: "+strings.Join(patterns, ", "), "none of them is in the folder", check.Advise("Hand in the program, too.")), nil
	}
	fetched, err := control(ctx, t)
	if err != nil {
		return check.Outcome{}, err
	}
	if fetched != nil {
		if o, err := judge(ctx, t, "no edit at all", fetched); err != nil || o.Items[0].Share < 1 {
			return o, err
		}
	}
	for _, program := range programs[:min(len(programs), most)] {
		// Not from the seed: what an earlier run with it built is in the cache still.
		edited, err := t.Retrace(ctx, check.Patch{Path: program, Append: true, Data: fmt.Appendf(nil, "\n# %s\n", rand.Text())})
		if err != nil {
			return check.Outcome{}, err
		}
		if slices.ContainsFunc(edited.Steps, uncached) {
			return judge(ctx, t, "an edit of "+program, edited.Steps)
		}
	}
	return check.Pass(name, "no edit of "+strings.Join(programs[:min(len(programs), most)], ", ")+" changes anything in the build"), nil
}

func uncached(s check.Step) bool { return !s.Cached }

// control sees to it that what was built comes from the cache when it is built once more. Where it never does, because an
// ADD fetches something else each time, it gives the steps of such a build.
func control(ctx context.Context, t check.Target) (fetched []check.Step, err error) {
	built := t.Built()
	for tries := 0; built.Failure != nil || slices.ContainsFunc(built.Steps, uncached); tries++ {
		switch first := slices.IndexFunc(built.Steps, uncached); {
		case tries < mostControls:
		case built.Failure == nil && fetches(built.Steps[first]):
			return built.Steps, nil
		default:
			return nil, fmt.Errorf("the cache cannot be judged: an unchanged build did again: %s", what(built))
		}
		if built, err = t.Retrace(ctx); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// fetches says whether a step brings in what lies elsewhere.
func fetches(s check.Step) bool {
	_, command := split(s)
	return strings.HasPrefix(command, "ADD ") && (strings.Contains(command, "://") || strings.Contains(command, "git@"))
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
