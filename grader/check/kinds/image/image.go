// Package image is the kind `image`: whether the image is good.
//
// Sizes are those of unpacked files, as docker images prints them on overlay2, so that they are the
// same on every engine. Of an image that is too large the biggest layer of the student's own is
// named, with what could be left out of it (large.go).
package image

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind returns the kind `image`, which asks whether the image is good.
func Kind() check.Kind {
	return check.Kind{Name: "image", Phase: check.Image, New: func() check.Check { return new(Image) },
		Manual: check.Manual{
			Summary: "is the image small, and does it say how to run it",
			Text: `size bounds the whole image, added what the Dockerfile put on top of its base: full points up to
full, none from zero on, and a linear share between. Sizes are those that docker images shows with the storage driver
overlay2, whatever this engine has: the containerd image store of new installations counts packed layers, too. Of an
image that no file of the folder is in, no size is judged. user: nonroot wants a USER whose number is not that of root;
expose and workdir compare with the image's configuration; The hint names the largest layer of the student's own with
its line, and the base only where it is no slim one already. waste bounds the bytes of files that a later layer replaces
or deletes, which stay in the image all the same.

  image: {user: nonroot}`,
			Example: `id: image
points: 6
partial: true
image:
  size: {full: 250MB, zero: 500MB}
  added: {full: 100MB, zero: 300MB}
  expose: [8000]
  workdir: /app
  waste: 5MB`,
			Every: []string{`id: image
points: 6
image: {size: {full: 5MB, zero: 6MB}, added: {full: 5MB, zero: 6MB}, user: nonroot,
  expose: [8000], workdir: /app, waste: 5MB}`}}}
}

// Image is the options.
type Image struct {
	Size    *Range      `json:"size,omitempty" jsonschema:"of the whole image"`
	Added   *Range      `json:"added,omitempty" jsonschema:"without the base image"`
	User    string      `json:"user,omitempty" option:"nonroot" jsonschema:"nonroot: USER names another than root, by its number"`
	Expose  []int       `json:"expose,omitempty" option:"1..65535" jsonschema:"ports that EXPOSE must name"`
	Workdir string      `json:"workdir,omitempty" jsonschema:"what WORKDIR must be"`
	Waste   option.Size `json:"waste,omitzero" jsonschema:"bytes that later layers replace or delete, at most"`
}

// Range is a size that is worth all, and one that is worth nothing.
type Range struct {
	Full option.Size `json:"full" jsonschema:"up to this, all points"`
	Zero option.Size `json:"zero" jsonschema:"from this on, no points"`
}

// ValidateOption wants room between the two.
func (r *Range) ValidateOption(at option.Value) option.Problems {
	if r.Zero <= r.Full {
		return at.Problem("zero must be more than full")
	}
	return nil
}

// ValidateOption wants something to ask.
func (i *Image) ValidateOption(at option.Value) option.Problems {
	if len(at.Fields) == 0 {
		return at.Problem("want at least one of size, added, user, expose, workdir, waste")
	}
	if dir, ok := at.Get("workdir"); ok && (!path.IsAbs(i.Workdir) || path.Clean(i.Workdir) != i.Workdir) {
		ps := dir.Problem("want an absolute path such as /app, not %s", dir.Describe())
		ps[0].Hint = "Docker makes whatever WORKDIR says absolute, and takes a / from its end"
		return ps
	}
	return nil
}

// Ask compares.
func (i *Image) Ask(ctx context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return check.Outcome{}, err
	}
	image := t.Built().Image
	if image.Unmeasured != nil && (i.Size != nil || i.Added != nil) {
		return check.Outcome{}, image.Unmeasured
	}
	var o check.Outcome
	if (i.Size != nil || i.Added != nil) && !check.HoldsFiles(t) {
		o.Items = append(o.Items, check.Item{Name: "size", Skipped: true,
			Got: "no file of the folder is in the image, so there is nothing to judge"})
		i = &Image{User: i.User, Expose: i.Expose, Workdir: i.Workdir, Waste: i.Waste}
	}
	for _, asked := range []struct {
		name string
		*Range
		size, full int64
	}{{"size", i.Size, image.Size, i.full()}, {"size without the base", i.Added, image.Added, 0}} {
		if asked.Range == nil {
			continue
		}
		item := asked.judge(asked.name, asked.size)
		if item.Share < 1 {
			hint, err := large(ctx, t, image, asked.full)
			if err != nil {
				return check.Outcome{}, err
			}
			item.Hint = hint
		}
		o.Items = append(o.Items, item)
	}
	if i.User != "" {
		item := check.Passed("user")
		uid, known, err := t.UID(ctx)
		if err != nil {
			return check.Outcome{}, err
		}
		if known && uid == 0 {
			got := "root"
			if user, _, _ := strings.Cut(image.Config.User, ":"); user != "" && user != "root" && user != "0" {
				got = fmt.Sprintf("USER %s, whose number is 0: root", image.Config.User)
			}
			item = check.Item{Name: "user", Want: "a user that is not root", Got: got,
				Hint: check.Advise("Make a user with RUN useradd, and switch to it with USER before CMD.")}
			item.File, item.Line = check.LastLine(t, "USER")
		}
		if !known {
			item = check.Item{Name: "user", Want: "a user that is not root",
				Got:  fmt.Sprintf("USER %s, whom the image does not know", image.Config.User),
				Hint: check.Advise("Make the user with RUN useradd before.")}
			item.File, item.Line = check.LastLine(t, "USER")
		}
		o.Items = append(o.Items, item)
	}
	for _, port := range i.Expose {
		item := check.Passed("EXPOSE " + strconv.Itoa(port))
		if !slices.ContainsFunc(image.Config.Exposed, func(p check.Port) bool { return p.Number == port }) {
			item = check.Item{Name: item.Name, Want: item.Name, Got: exposed(image),
				Hint: says(t, "EXPOSE", strconv.Itoa(port))}
			item.File, item.Line = check.LastLine(t, "EXPOSE")
		}
		o.Items = append(o.Items, item)
	}
	if i.Workdir != "" {
		item := check.Passed("WORKDIR")
		if image.Config.WorkingDir != i.Workdir {
			item = check.Item{Name: item.Name, Want: i.Workdir, Got: image.Config.WorkingDir,
				Hint: says(t, "WORKDIR", i.Workdir)}
			if item.Got == "" {
				item.Got = "/, since there is no WORKDIR"
			}
			item.File, item.Line = check.LastLine(t, "WORKDIR")
		}
		o.Items = append(o.Items, item)
	}
	if i.Waste > 0 {
		item, err := i.waste(ctx, t, image)
		if err != nil {
			return check.Outcome{}, err
		}
		o.Items = append(o.Items, item)
	}
	if i.Size != nil || i.Added != nil {
		o.Evidence = append(o.Evidence, layers(image))
	}
	return o, nil
}

// says returns the line that makes an instruction say a value: in place of the one that counts, or
// else below FROM.
func says(t check.Source, name, value string) check.Hint {
	line := name + " " + value
	file, err := t.Dockerfile()
	if err != nil {
		return check.Advise("Add the line " + line + ".")
	}
	change := &dockerfile.Change{Line: file.Final().Line, New: line}
	if last := file.Last(name); last != nil {
		change = file.Change(*last, line)
	}
	if change == nil || file.Changed(*change) == nil {
		return check.Advise("Add the line " + line + ".")
	}
	return check.Hint{Edit: check.EditOf(file.Name, change)}
}

// exposed returns what the image says of its ports.
func exposed(image *check.ImageInfo) string {
	if len(image.Config.Exposed) == 0 {
		return "no EXPOSE"
	}
	words := []string{"EXPOSE"}
	for _, p := range image.Config.Exposed {
		word := strconv.Itoa(p.Number)
		if p.Protocol != "tcp" {
			word += "/" + p.Protocol
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// full returns the size of the whole image that is worth all, 0 where it is not asked.
func (i *Image) full() int64 {
	if i.Size == nil {
		return 0
	}
	return int64(i.Size.Full)
}

// judge gives the share that a size is worth.
func (r *Range) judge(name string, size int64) check.Item {
	share := min(1, max(0, float64(int64(r.Zero)-size)/float64(r.Zero-r.Full)))
	item := check.Item{Name: name, Share: share, Got: option.Size(size).String()}
	if share < 1 {
		item.Want = "at most " + r.Full.String()
	}
	return item
}

func layers(image *check.ImageInfo) check.Evidence {
	rows := [][]string{{"size", "line", "made by"}}
	for _, l := range image.Layers {
		line := "base"
		if !l.Base {
			line = strconv.Itoa(l.Line)
		}
		rows = append(rows, []string{option.Size(l.Size).String(), line, l.Instruction})
	}
	return check.Evidence{Kind: "table", Title: "Layers, oldest first", Rows: rows}
}

// waste sums what is in a layer and hidden by a later one; the base's own is not the student's.
func (i *Image) waste(ctx context.Context, t check.Target, image *check.ImageInfo) (check.Item, error) {
	type copyOf struct {
		layer int
		size  int64
	}
	copies := map[string][]copyOf{}
	var gone []check.LayerFile
	err := t.WalkImage(ctx, image.ID, func(f check.LayerFile, _ io.Reader) error {
		switch {
		case f.Delete || f.Opaque:
			gone = append(gone, f)
		case !f.Dir && f.Size > 0:
			copies[f.Path] = append(copies[f.Path], copyOf{f.Layer, f.Size})
		}
		return nil
	})
	if err != nil {
		return check.Item{}, err
	}
	own := func(layer int) bool { return layer < len(image.Layers) && !image.Layers[layer].Base }
	var wasted, largest int64
	example := ""
	add := func(path string, size int64) {
		if wasted += size; size > largest {
			largest, example = size, path
		}
	}
	for path, all := range copies {
		last := slices.MaxFunc(all, func(a, b copyOf) int { return a.layer - b.layer })
		hidden := slices.ContainsFunc(gone, func(g check.LayerFile) bool {
			below := strings.HasPrefix(path, g.Path+"/")
			return g.Layer > last.layer && (g.Delete && (path == g.Path || below) || g.Opaque && below)
		})
		for _, c := range all {
			if own(c.layer) && (c != last || hidden) {
				add(path, c.size)
			}
		}
	}
	item := check.Item{Name: "waste", Share: 1, Got: option.Size(wasted).String()}
	if wasted > int64(i.Waste) {
		item.Share, item.Want = 0, "at most "+i.Waste.String()
		item.Hint = check.Advisef(
			"Most of it is %s: delete a file in the RUN that makes it, since a later layer only hides it.", example)
	}
	return item, nil
}
