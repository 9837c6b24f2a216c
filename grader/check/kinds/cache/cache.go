// Package cache is the kind `cache`: whether an edit of the program keeps the installed
// dependencies.
//
// It builds twice more: once unchanged, to see what the builder keeps here at all, and once with a
// comment added to a file that the program uses. The steps that install something must come from
// the cache the second time too. What installs is told by the command, and where no command tells,
// by what its layer holds (judge.go).
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

// Kind returns the kind `cache`, which asks whether an edit of the program keeps the installed
// dependencies.
func Kind() check.Kind {
	return check.Kind{Name: "cache", Phase: check.Image, New: func() check.Check {
		return &Cache{Edit: []option.Glob{"main.py", "app/main.py", "**/*.py"}}
	}, Manual: check.Manual{
		Summary: "does an edit of the program keep the dependency layers",
		Text: `The folder is built as it is; once more, as a control, in which every step must come from the cache,
unless the first build did already; and then a copy in which a comment was added to the program. The RUN steps that
install something (pip, uv, poetry, apt-get, npm and so on, or a script whose log or layer shows that it installed
packages) must come from the cache in the last build too. Other steps are shown, and cost nothing; so does one that
installs the program itself after its dependencies, as uv sync does after uv sync --no-install-project. When the control
is not cached, nothing can be said, and that is the grader's error; but what an ADD of a URL brings in anew each time,
and all that is installed after it, is not cached, and fails.

The file that is edited is one that the image holds: that which CMD starts, where a pattern matches it; else the first
that a pattern matches, main.py before others, and tests last; else that which CMD starts, in any language, and any
other of a program. When nothing that the build does comes of it, the next is tried, three in all. What CMD starts and
the files that it imports are edited too, so that a file which nothing uses decides nothing; and where a stage works on
the program before another copies it, more than a comment is added. Packages count wherever they lie: installed, or in
an archive (zip, wheel, zipapp, tar, gzip, bzip2, zstd); and a COPY that brings packages of the folder along with the
program brings them in again, unless a layer from the cache has most of them. What is packed otherwise, and a package
without its metadata among the program's own files, is not seen. Where no COPY brings a file of the program into the
image, there is nothing to judge, and the check is blocked. Where nothing is installed, nothing can be installed again:
a pass that says so, once the program runs without; where it does not come up, there is nothing to judge.`,
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

	// mostControls is how often a build is repeated until it is cached: the cache is shared, and
	// the engine may have thrown something away meanwhile.
	mostControls = 3
)

// Ask builds again as it is, and with edits.
func (c *Cache) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	programs, err := c.programs(t)
	if err != nil {
		return check.Outcome{}, err
	}
	if len(programs) == 0 {
		return nothing(t), nil
	}
	fetched, again, err := control(ctx, t)
	if err != nil {
		return check.Outcome{}, err
	}
	held, err := vendored(t)
	if err != nil {
		return check.Outcome{}, err
	}
	if fetched != nil {
		if o, err := judge(ctx, t, held, "no edit at all", fetched); err != nil || o.Items[0].Share < 1 {
			return o, err
		}
	}
	for _, program := range programs[:min(len(programs), most)] {
		edited, err := t.Retrace(ctx, edit(program))
		for tries := 0; err == nil && tries < mostControls && lost(t, edited.Steps, program); tries++ {
			edited, err = t.Retrace(ctx, edit(program))
		}
		if err != nil {
			return check.Outcome{}, err
		}
		if !noticed(edited.Steps, again) {
			continue
		}
		o, err := judge(ctx, t, held, "an edit of "+program, edited.Steps)
		if err == nil && o.Items[0].Share == 1 && rewritten(t, edited.Steps) && statement(program) != nil {
			told, err := t.Retrace(ctx, check.Patch{Path: program, Append: true, Data: statement(program)})
			if err != nil {
				return check.Outcome{}, err
			}
			if told.Failure == nil { // else a test of the build's own does not like it
				more, err := judge(ctx, t, held, "an edit of "+program, told.Steps)
				if err != nil || more.Items[0].Share < 1 {
					return more, err
				}
			}
		}
		if used := used(t, programs, program); err == nil && o.Items[0].Share == 1 && len(used) > 0 {
			edits := []check.Patch{}
			for _, name := range used {
				edits = append(edits, edit(name))
			}
			if edited, err = t.Retrace(ctx, edits...); err != nil {
				return check.Outcome{}, err
			}
			if more, err := judge(ctx, t, held, "an edit of "+strings.Join(used, ", "), edited.Steps); err != nil ||
				more.Items[0].Share < 1 {
				return more, err
			}
		}
		return o, err
	}
	return unjudged("no edit of "+strings.Join(programs[:min(len(programs), most)], ", ")+
		" changes anything in the build, so there is nothing to judge", check.Hint{}), nil
}

// Foresee returns an install that stands below what brings the program in.
func (c *Cache) Foresee(t check.Source, _ int) []check.Item {
	file, err := t.Dockerfile()
	if err != nil {
		return nil
	}
	programs, err := c.programs(t)
	if err != nil || len(programs) == 0 {
		return nil
	}
	brings := func(in dockerfile.Instruction) bool {
		return slices.ContainsFunc(in.Sources(),
			func(source string) bool { return dockerfile.Covers(source, programs[0]) })
	}
	for _, stage := range file.Stages {
		source, install := stage.InstallBelow(brings)
		if source == nil {
			continue
		}
		edit, _ := check.InstallFirst(t, source.Line, install.Line)
		item := check.Item{Name: name, Got: fmt.Sprintf("line %d brings the program in before line %d installs",
			source.Line, install.Line), Hint: check.Hint{Edit: edit}, File: file.Name, Line: source.Line}
		if edit == nil {
			item.Hint.Advice = listsFirst
		}
		return []check.Item{item}
	}
	return nil
}

// nothing returns the outcome where no file of the program is in the image.
func nothing(t check.Source) check.Outcome {
	started := check.StartedFile(t)
	if started == "" {
		return unjudged("no file of a program is copied into the image, so there is nothing to judge",
			check.Advise("COPY the program into the image."))
	}
	rules, err := t.Ignore()
	if err == nil && rules.Decide(started).Ignored {
		return unjudged(fmt.Sprintf("line %d of %s keeps %s out of the image, so there is nothing to judge",
			rules.Decide(started).Line, rules.File, started),
			check.Advise("Let the program into the image."))
	}
	return unjudged("no COPY brings "+started+" into the image, so there is nothing to judge",
		check.Advisef("COPY %s into the image, below the line that installs.", started))
}

func unjudged(why string, hint check.Hint) check.Outcome {
	return check.Outcome{Items: []check.Item{{Name: name, Skipped: true,
		Want: "an edit of the program that the build takes notice of", Got: why, Hint: hint}}}
}

// comment returns what an edit adds to a file, in its language.
func comment(file string) []byte {
	sign := "//"
	if slices.Contains([]string{".py", ".rb", ".sh", ".txt", ".toml", ".yaml", ".yml", ""}, path.Ext(file)) {
		sign = "#"
	}
	return fmt.Appendf(nil, "\n%s %s\n", sign, rand.Text())
}

// rewritten reports whether a stage that is not the last ran a step again: what it made of an edit,
// which others copy, need not have the comment in it.
func rewritten(t check.Source, steps []check.Step) bool {
	file, err := t.Dockerfile()
	return err == nil &&
		slices.ContainsFunc(steps, func(s check.Step) bool { return redone(s) && s.Line < file.Final().Line })
}

// statement returns a line of a program that changes nothing of what it does, and that is more than a
// comment; nil in languages where it is not known.
func statement(file string) []byte {
	word := "edit_" + strings.ToLower(rand.Text())
	switch path.Ext(file) {
	case ".py":
		return fmt.Appendf(nil, "\n\n%s = %q\n", word, word)
	case ".js", ".mjs", ".cjs", ".ts":
		return fmt.Appendf(nil, "\n;globalThis.%s = %q;\n", word, word)
	}
	return nil
}

// edit adds a comment to a file. It is not from the seed: what an earlier run with it built is in
// the cache still.
func edit(file string) check.Patch {
	return check.Patch{Path: file, Append: true, Data: comment(file)}
}

func uncached(s check.Step) bool { return !s.Cached }

// redone reports whether a step ran once more: what runs nothing, such as a WORKDIR on scratch,
// costs nothing, and some engines keep it in no cache.
func redone(s check.Step) bool {
	_, command := split(s)
	return !s.Cached && strings.HasPrefix(strings.ToUpper(command), "RUN ")
}

// noticed reports whether a build did something that one of the same folder did not.
func noticed(steps []check.Step, again map[string]bool) bool {
	return slices.ContainsFunc(steps, func(s check.Step) bool { return !s.Cached && !again[s.Name] })
}

// lost reports whether the engine has thrown away what it kept before the edit: the first step that it
// did again is one to which the edited file is nothing.
func lost(t check.Source, steps []check.Step, edited string) bool {
	file, err := t.Dockerfile()
	if err != nil {
		return false
	}
	for _, s := range steps {
		in := file.At(s.Line)
		switch {
		case s.Cached:
		case in == nil || fetches(s):
			return false
		case len(in.Sources()) > 0:
			return !slices.ContainsFunc(in.Sources(), func(source string) bool {
				return strings.Contains(source, "$") || dockerfile.Covers(source, edited)
			})
		case in.Name == "RUN":
			return !strings.Contains(in.Text, "--mount")
		}
	}
	return false
}

// control sees to it that what was built comes from the cache when it is built once more; again are
// the steps that never do, and run nothing. Where others never do, because an ADD fetches something
// else each time, it gives the steps of such a build.
func control(ctx context.Context, t check.Target) (fetched []check.Step, again map[string]bool, err error) {
	built := t.Built()
	for tries := 0; built.Failure != nil || slices.ContainsFunc(built.Steps, uncached); tries++ {
		switch first := slices.IndexFunc(built.Steps, uncached); {
		case tries > 0 && built.Failure == nil && !slices.ContainsFunc(built.Steps, redone) &&
			!slices.ContainsFunc(built.Steps, fetches):
			again = map[string]bool{}
			for _, s := range built.Steps {
				again[s.Name] = !s.Cached
			}
			return nil, again, nil
		case tries < mostControls:
		case built.Failure == nil && fetches(built.Steps[first]):
			return built.Steps, nil, nil
		default:
			return nil, nil, fmt.Errorf("the cache cannot be judged: an unchanged build did again: %s", what(built))
		}
		if built, err = t.Retrace(ctx); err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, nil
}

// fetches reports whether a step brings in what lies elsewhere.
func fetches(s check.Step) bool {
	_, command := split(s)
	return strings.HasPrefix(command, "ADD ") && (strings.Contains(command, "://") || strings.Contains(command, "git@"))
}

// what returns what a build did, or why it failed.
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

// programs returns the files that may be edited, the best first.
func (c *Cache) programs(t check.Source) ([]string, error) {
	rules, err := t.Ignore()
	if err != nil {
		return nil, err
	}
	file, err := t.Dockerfile()
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{} // what is told of each is told once
	held := func(name string) bool {
		if is, told := seen[name]; told {
			return is
		}
		brings, certain := file.Brings(name)
		seen[name] = (brings || !certain) && !rules.Ignores(name)
		return seen[name]
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
	started := check.StartedFile(t)
	var ranked []string
	add := func(match func(string) bool) {
		matching := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			return !match(name) || !held(name)
		})
		slices.SortStableFunc(matching, func(a, b string) int { return rank(a) - rank(b) })
		ranked = append(ranked, matching...)
	}
	add(func(name string) bool {
		return name == started && slices.ContainsFunc(c.Edit, func(g option.Glob) bool { return g.Match(name) })
	})
	for _, g := range c.Edit {
		add(g.Match)
	}
	add(func(name string) bool { return name == started })
	add(check.IsProgram)
	listed := map[string]bool{}
	twice := func(name string) bool { was := listed[name]; listed[name] = true; return was }
	return slices.DeleteFunc(ranked, twice), nil
}
