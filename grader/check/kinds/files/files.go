// Package files is the kind `files`: whether files are there.
//
// It looks at the folder that was handed in, before anything is built: patterns that must match
// something, and patterns that must match nothing.
package files

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind returns the kind `files`, which asks whether files are there.
func Kind() check.Kind {
	return check.Kind{Name: "files", Phase: check.Folder, New: func() check.Check { return new(Files) },
		Manual: check.Manual{
			Summary: "are files there, and others not",
			Text: `Each pattern of require must match at least one file of the folder, and no file may match a
pattern of forbid. * and ? stay within one name, ** stands for any folders.`,
			Example: `id: submission
points: 2
files: {require: [Dockerfile, "**/*.py"], forbid: [.env]}`}}
}

// Files is the options.
type Files struct {
	Require []option.Glob `json:"require,omitempty" jsonschema:"patterns that must match"`
	Forbid  []option.Glob `json:"forbid,omitempty" jsonschema:"patterns that must not"`
}

// ValidateOption wants something to look for.
func (f *Files) ValidateOption(at option.Value) option.Problems {
	if len(f.Require)+len(f.Forbid) == 0 {
		return at.Problem("want require, forbid or both")
	}
	return nil
}

const mostFiles = 50_000

// Ask looks for the files.
func (f *Files) Ask(ctx context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return check.Outcome{}, err
	}
	var names []string
	err := fs.WalkDir(t.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err == nil && !d.IsDir(): // a folder below that cannot be read has no files for us
			names = append(names, name)
		}
		if len(names) > mostFiles {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		return check.Outcome{}, fmt.Errorf("reading the folder: %w", err)
	}
	find := func(g option.Glob) string {
		for _, name := range names {
			if g.Match(name) {
				return name
			}
		}
		return ""
	}
	var o check.Outcome
	for _, g := range f.Require {
		item := check.Item{Name: string(g), Share: 1}
		if find(g) == "" {
			item = check.Item{Name: string(g), Want: "a file " + string(g), Got: "none",
				Hint: check.Advise("Add the file, spelt exactly so.")}
		}
		o.Items = append(o.Items, item)
	}
	for _, g := range f.Forbid {
		item := check.Item{Name: "no " + string(g), Share: 1}
		if found := find(g); found != "" {
			item = check.Item{Name: item.Name, Want: "no file " + string(g), Got: found,
				Hint: check.Advise("Leave it out of what you hand in."), File: found}
		}
		o.Items = append(o.Items, item)
	}
	return o, nil
}
