// Package secrets is the kind `secrets`: whether a secret reaches the image.
package secrets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind is the kind.
func Kind() check.Kind {
	return check.Kind{Name: "secrets", Phase: check.Image, New: func() check.Check {
		return &Secrets{Plant: []string{".env", ".env.local", "server.pem", "private.key"}}
	}, Manual: check.Manual{
		Summary: "does a secret reach the image",
		Text: `Files that look like secrets are planted in a copy of the folder, with a text that stands nowhere else. Those that the ignore file
keeps out of the build cannot reach the image. Where others are left, the copy is built, and every layer of the image is searched
for that text, deleted files too: a file that a later layer removes is still there for everyone who has the image. A file of that name that was handed in gets the text at its end, and is searched for in the same way.
When the copy does not build because of such a file, no image holds it, and that is as good. Beyond that, names such as
API_KEY with a value in ENV or ARG are found: both stay readable in the image.`,
		Example: `id: no-secrets
points: 3
secrets: {plant: [.env, private.key]}`}}
}

// Secrets is the options.
type Secrets struct {
	Plant []string `json:"plant,omitempty" option:"any" jsonschema:"paths that are planted; .env, .env.local, server.pem and private.key unless given"`
}

// ValidateOption wants plain paths.
func (s *Secrets) ValidateOption(at option.Value) option.Problems {
	var ps option.Problems
	list, _ := at.Get("plant")
	for _, v := range list.Items {
		if !fs.ValidPath(v.Text) || v.Text == "." {
			ps = append(ps, v.Problem("want a path inside the folder, such as .env, not %s", v.Describe())...)
		}
	}
	return ps
}

// Shape has the paths planted.
func (s *Secrets) Shape(to *check.Setup) { to.Plant = append(to.Plant, s.Plant...) }

// Ask looks for what reaches the image, and for what is written into it.
func (s *Secrets) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	arrived, err := t.Context(ctx)
	if err != nil {
		return check.Outcome{}, err
	}
	sent := slices.DeleteFunc(slices.Clone(s.Plant), func(name string) bool { return !check.Arrives(arrived, name) })
	found, passed, err := reach(ctx, t, in, sent)
	if err != nil {
		return check.Outcome{}, err
	}
	var o check.Outcome
	for _, name := range s.Plant {
		item := check.Item{Name: name + " stays out", Share: 1, Got: passed}
		if h, ok := found[name]; ok {
			item = check.Item{Name: item.Name, Want: name + " in no layer of the image", Got: h.where(), File: "Dockerfile", Line: h.line,
				Hint: check.Advisef("List %s in .dockerignore: deleting it in a later line does not take it out of the layer before.", name)}
		}
		o.Items = append(o.Items, item)
	}
	items, err := literals(t)
	if err != nil {
		return check.Outcome{}, err
	}
	o.Items = append(o.Items, items...)
	return o, nil
}

// reach builds the folder with secrets planted that are sent to the build, and searches the image for them. Where there is
// none, passed may say why.
func reach(ctx context.Context, t check.Target, in check.Input, sent []string) (found map[string]hit, passed string, err error) {
	if len(sent) == 0 {
		return nil, "", nil
	}
	canaries := map[string][]byte{}
	var edits []check.Patch
	for _, name := range sent {
		canaries[name] = fmt.Appendf(nil, "SECRET_%016x%016x", in.Rand.Uint64(), in.Rand.Uint64())
		_, err := fs.Stat(t.FS(), name)
		edits = append(edits, check.Patch{Path: name, Append: err == nil, Data: slices.Concat([]byte("\nVALUE="), canaries[name], []byte("\n"))})
	}
	built, err := t.Rebuild(ctx, edits...)
	switch {
	case err != nil:
		return nil, "", err
	case built.Image == nil: // a careful Dockerfile looks for such files, and ends the build
		return nil, "with such a file in the folder the build fails, so no image holds it: " + built.Failure.Message, nil
	case built.Image.ID == t.Built().Image.ID: // nothing of what was planted changed anything
		return nil, "", nil
	}
	found, err = search(ctx, t, built.Image, canaries)
	return found, "", err
}

// hit is where a planted text was found.
type hit struct {
	layer       int
	path        string
	instruction string
	line        int
}

func (h hit) where() string {
	at := "it is in the image"
	if h.path != "" {
		at = "it is in the image as /" + h.path
	}
	if h.line > 0 {
		at += fmt.Sprintf(", put there by line %d, %s", h.line, h.instruction)
	}
	return at
}

// search looks for the planted texts in what the student's own layers hold, and in the history.
func search(ctx context.Context, t check.Target, image *check.ImageInfo, canaries map[string][]byte) (map[string]hit, error) {
	found := map[string]hit{}
	err := t.WalkImage(ctx, image.ID, func(f check.LayerFile, r io.Reader) error {
		if f.Dir || f.Layer < len(image.Layers) && image.Layers[f.Layer].Base {
			return nil
		}
		return contains(r, canaries, func(name string) {
			h := hit{layer: f.Layer, path: f.Path}
			if f.Layer < len(image.Layers) {
				h.line, h.instruction = image.Layers[f.Layer].Line, image.Layers[f.Layer].Instruction
			}
			if before, known := found[name]; !known || h.layer < before.layer || h.layer == before.layer && h.path < before.path {
				found[name] = h // the first, in whatever order the layers come
			}
		})
	})
	for name, canary := range canaries {
		for _, text := range append(slices.Clone(image.History), image.Config.Env...) {
			if strings.Contains(text, string(canary)) {
				found[name] = hit{instruction: text}
			}
		}
	}
	return found, err
}

// contains reads to the end and reports each planted text that is there, also across two reads.
func contains(r io.Reader, canaries map[string][]byte, report func(string)) error {
	const longest = 64
	buffer := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := r.Read(buffer[kept:])
		window := buffer[:kept+n]
		for name, canary := range canaries {
			if bytes.Contains(window, canary) {
				report(name)
			}
		}
		kept = min(len(window), longest)
		copy(buffer, window[len(window)-kept:])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// literals finds names of secrets with a value in ENV and ARG.
func literals(t check.Source) (items []check.Item, _ error) {
	file, err := t.Dockerfile()
	if err != nil {
		return nil, fmt.Errorf("reading the Dockerfile again: %w", err)
	}
	for _, stage := range file.Stages {
		for _, in := range stage.Instructions {
			for _, a := range in.Assignments() {
				if a.Secret() {
					items = append(items, check.Item{Name: a.Name, Want: "no secret written into the Dockerfile", Got: in.Name + " " + a.Name + " has a value",
						Hint: check.Advise("Pass it when the container starts, with docker run -e, and take it out of the Dockerfile."), File: file.Name, Line: in.Line})
				}
			}
		}
	}
	if len(items) == 0 {
		items = append(items, check.Passed("no literal secrets in ENV and ARG"))
	}
	return items, nil
}
