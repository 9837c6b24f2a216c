// Package secrets is the kind `secrets`: whether a secret reaches the image.
//
// Files with bytes that are found nowhere else are planted in a copy of the folder, which is built;
// they are then looked for in every layer, deleted ones too. Files that were handed in are looked
// for in the student's own image, and values that stand in the Dockerfile itself are found by the
// package dockerfile.
package secrets

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind returns the kind `secrets`, which asks whether a secret reaches the image.
func Kind() check.Kind {
	return check.Kind{Name: "secrets", Phase: check.Image, New: func() check.Check {
		return &Secrets{Plant: []string{".env", ".env.local", "server.pem", "private.key"}}
	}, Manual: check.Manual{
		Summary: "does a secret reach the image",
		Text: `Files that look like secrets are planted in a copy of the folder, with a text that stands nowhere else.
Those that the ignore file keeps out of the build cannot reach the image. Where others are left, the copy is built, and
every layer of the image is searched for that text, deleted files too: a file that a later layer removes is still there
for everyone who has the image. A file of that name that was handed in gets the text at its end, and is searched for in
the same way. What was handed in counts at any depth: app/.env as .env, certs/local.key as private.key, and a private
key by its content, whatever it is called. What is packed (tar, zip, gzip, bzip2, zstd), behind a script too, or written
in other letters (base64, base32, base85, hexadecimal, rot13, UTF-16, backwards), in pieces or as a list of numbers, is
looked into, and so are names, links, attributes of files and what the image says of itself; eight letters of a text in
a row are enough, so one that is cut into two or three files is found too. What is encrypted, or cut smaller, is not
found. When the copy does not build because of such a file, nothing was seen: the check is blocked, in those words, as
it is where no file of the folder is in the image, and where something else is packed there, or more than is looked
into. Beyond that, names such as API_KEY with a value in ENV, ARG or LABEL are found, also one that is put together of
others, that a RUN writes into a file, that stands in a file of settings that the build made or unpacked, or that a
command of RUN, HEALTHCHECK, CMD and the like is given (API_KEY=… fetch, export, a header, curl -u), and passwords
inside addresses: all stay readable in the image. A length, a flag or a path is no secret (PASSWORD_MIN_LENGTH=8), and
neither is what a build is given in place of one (SECRET_KEY=unused).`,
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

// Configure has the paths planted.
func (s *Secrets) Configure(to *check.Setup) { to.Plant = append(to.Plant, s.Plant...) }

// Ask looks for what reaches the image, and for what is written into it.
func (s *Secrets) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	arrived, err := t.Context(ctx)
	if err != nil {
		return check.Outcome{}, err
	}
	kin := map[string][]string{} // what is looked for, by the path of plant that it stands for
	var sent []string
	for _, name := range s.Plant {
		for _, path := range append([]string{name}, check.Kin(t.FS(), name)...) {
			if check.Arrives(arrived, path) && !slices.Contains(sent, path) {
				kin[name], sent = append(kin[name], path), append(sent, path)
			}
		}
	}
	keys := privateKeys(t.FS(), arrived, sent)
	found, unseen, err := reach(ctx, t, in, append(sent, keys...))
	if err != nil {
		return check.Outcome{}, err
	}
	if unseen == "" && !check.HoldsFiles(t) {
		unseen = "no file of the folder is in the image, so there is nothing to judge"
		for _, name := range s.Plant {
			kin[name] = append(kin[name], name)
		}
	}
	var o check.Outcome
	var all []string
	for _, name := range s.Plant {
		item := check.Passed(name + " stays out")
		if unseen != "" && len(kin[name]) > 0 {
			item.Share, item.Skipped, item.Got = 0, true, unseen
		}
		var reached []string
		for _, path := range kin[name] {
			if _, ok := found[path]; ok {
				reached = append(reached, path)
			}
		}
		if len(reached) > 0 {
			item = leak(t, item.Name, name, reached, found)
		}
		o.Items, all = append(o.Items, item), append(all, reached...)
	}
	for _, path := range keys {
		if _, ok := found[path]; ok {
			o.Items, all = append(o.Items, leak(t, path+" stays out", path, []string{path}, found)), append(all, path)
		}
	}
	if len(all) > 1 {
		o.Hint = advise(t, all)
	}
	items, err := literals(t)
	if err != nil {
		return check.Outcome{}, err
	}
	made, err := s.made(ctx, t, sent)
	if err != nil {
		return check.Outcome{}, err
	}
	for _, one := range made {
		if !slices.ContainsFunc(items, func(i check.Item) bool { return i.Name == one.Name && i.Line == one.Line }) {
			items = append(slices.DeleteFunc(items, func(i check.Item) bool { return i.Share == 1 }), one)
		}
	}
	o.Items = append(o.Items, items...)
	return o, nil
}

// made finds secrets in files of settings that were not handed in as such: a RUN wrote them in words
// that do not tell, an ADD unpacked them, or a COPY gave them that name. Only where a line may do so is
// the image looked at. sent are those that are known to be sent.
func (s *Secrets) made(ctx context.Context, t check.Target, sent []string) (items []check.Item, _ error) {
	file, err := t.Dockerfile()
	if err != nil {
		return nil, fmt.Errorf("reading the Dockerfile again: %w", err)
	}
	image := t.Built().Image
	alike := func(at string) bool {
		return slices.ContainsFunc(s.Plant, func(name string) bool {
			return path.Base(at) == path.Base(name) || check.Alike(name)(at)
		})
	}
	may := func(in dockerfile.Instruction) bool {
		switch in.Name {
		case "COPY":
			return len(in.Args) > 0 && alike(in.Args[len(in.Args)-1])
		case "ADD":
			return unpacks(t.FS(), in)
		case "RUN":
			text := in.Shell()
			return slices.ContainsFunc(s.Plant,
				func(name string) bool { return strings.Contains(text, path.Base(name)) })
		}
		return false
	}
	if !slices.ContainsFunc(file.Stages,
		func(s dockerfile.Stage) bool { return slices.ContainsFunc(s.Instructions, may) }) {
		return nil, nil
	}
	shown := examples(t.FS())
	err = t.WalkImage(ctx, image.ID, func(f check.LayerFile, r io.Reader) error {
		if !alike(f.Path) || f.Dir || f.Delete || f.Layer >= len(image.Layers) || image.Layers[f.Layer].Base ||
			len(items) >= mostMade {
			return nil
		}
		by := hit{path: f.Path, line: image.Layers[f.Layer].Line, instruction: image.Layers[f.Layer].Instruction}
		if in := file.At(by.line); in != nil && slices.ContainsFunc(sent, func(name string) bool {
			return path.Base(name) == path.Base(f.Path) && in.MayTake(name)
		}) {
			return nil // it is told as what was handed in
		}
		text, err := io.ReadAll(io.LimitReader(r, longestKey))
		if err != nil {
			return err
		}
		for _, a := range settings(text) {
			if !a.Secret() || a.Placeholder() || slices.Contains(shown, a) {
				continue
			}
			items = append(items, check.Item{Name: a.Name, Want: "no secret in a layer of the image",
				Got: fmt.Sprintf("%s with its value %s", a.Name, by.where()), File: file.Name, Line: by.line,
				Hint: check.Advise(
					"Pass it when the container starts, with docker run -e, and take it out of the image.")})
		}
		return nil
	})
	return items, err
}

// settings returns what a file of settings sets.
func settings(text []byte) []dockerfile.Assignment {
	return dockerfile.Instruction{Heredocs: []string{string(text)}}.Written()
}

// examples returns what the files of the folder set that show what to write into another: it is for
// everybody to see.
func examples(folder fs.FS) (shown []dockerfile.Assignment) {
	names, _ := fs.Glob(folder, "*")
	below, _ := fs.Glob(folder, "*/.*")
	for _, name := range append(names, below...) {
		info, err := fs.Stat(folder, name)
		if !check.IsExample(path.Base(name)) || err != nil || !info.Mode().IsRegular() || info.Size() > longestKey {
			continue
		}
		if text, err := fs.ReadFile(folder, name); err == nil {
			shown = append(shown, settings(text)...)
		}
	}
	return shown
}

// unpacks reports whether an ADD may take an archive of the folder, which it unpacks, whatever that is
// called.
func unpacks(folder fs.FS, in dockerfile.Instruction) (found bool) {
	left := mostLooked
	_ = fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if left--; found || left < 0 {
			return fs.SkipAll
		}
		if err != nil || !d.Type().IsRegular() || !in.MayTake(name) {
			return nil
		}
		file, err := folder.Open(name)
		if err != nil {
			return nil
		}
		defer file.Close()
		head, _ := io.ReadAll(io.LimitReader(file, tarHead))
		found = packed(head) || len(head) == tarHead && string(head[tarHead-5:]) == "ustar"
		return nil
	})
	return found
}

const (
	mostLooked = 5000 // files that may be archives
	tarHead    = 262  // bytes of a tar archive that tell
)

// mostMade is how many secrets in files that a build made are told apart.
const mostMade = 50

// Foresee returns what was written into the Dockerfile.
func (s *Secrets) Foresee(t check.Source, _ int) []check.Item {
	items, err := literals(t)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(items, func(i check.Item) bool { return i.Share == 1 })
}

// leak returns the item of a path that was to stay out, of which, or of whose sort, some are in the
// image.
func leak(t check.Source, title, name string, paths []string, found map[string]hit) check.Item {
	h := found[paths[0]]
	item := check.Item{Name: title, Want: name + " in no layer of the image",
		Got: check.HandedIn(t, paths[0]) + " " + h.where(), Hint: advise(t, paths)}
	if item.Line = h.line; h.line > 0 {
		item.File = check.DockerfileName(t)
	}
	return item
}

// advise returns how to keep paths out of the image.
func advise(t check.Source, paths []string) check.Hint {
	edit, instead := check.IgnoreEdit(t, paths...)
	if edit == nil && !instead.IsZero() {
		return instead
	}
	hint := check.Hint{Edit: edit}
	if deletes(t, paths) {
		hint.Cause = "Deleting it in a later line does not take it out of the layer before."
	}
	if rules, err := t.Ignore(); err == nil && rules.File == "" && edit != nil {
		hint.Advice = "Create a file .dockerignore beside the Dockerfile."
	}
	if edit == nil {
		hint.Advice = fmt.Sprintf("List %s in .dockerignore.", strings.Join(paths, ", "))
	}
	return hint
}

// deletes reports whether a RUN deletes one of some files.
func deletes(t check.Source, paths []string) bool {
	file, err := t.Dockerfile()
	return err == nil && slices.ContainsFunc(file.Effective(), func(in dockerfile.Instruction) bool {
		return in.Name == "RUN" && slices.ContainsFunc(in.Commands(), func(c dockerfile.Command) bool {
			return c.Program == "rm" && slices.ContainsFunc(c.Args, func(arg string) bool {
				return slices.ContainsFunc(paths, func(name string) bool {
					matches, _ := path.Match(path.Base(arg), path.Base(name))
					return matches
				})
			})
		})
	})
}

// privateKeys returns the files of the folder, sent to a build and not looked for yet, that hold a
// private key.
func privateKeys(folder fs.FS, sent, known []string) (keys []string) {
	for _, name := range sent {
		info, err := fs.Stat(folder, name)
		if err != nil || !info.Mode().IsRegular() || info.Size() > longestKey || slices.Contains(known, name) {
			continue
		}
		if text, err := fs.ReadFile(folder, name); err == nil && privateKey.Match(text) {
			keys = append(keys, name)
		}
	}
	return keys
}

// longestKey is how many bytes a file with a key has at most.
const longestKey = 32 << 10

var privateKey = regexp.MustCompile(`(?m)^-----BEGIN [A-Z ]*PRIVATE KEY-----\s*$`)

// reach builds the folder with secrets planted that are sent to the build, and searches the image
// for them. Where there is none, unseen may say why it could not be searched.
func reach(ctx context.Context, t check.Target, in check.Input,
	sent []string) (found map[string]hit, unseen string, err error) {
	if len(sent) == 0 {
		return nil, "", nil
	}
	planted := plant(in.Rand, sent)
	var edits []check.Patch
	for _, name := range sent {
		_, err := fs.Stat(t.FS(), name)
		edits = append(edits, check.Patch{Path: name, Append: err == nil, Data: planted.text(name, in.Rand)})
	}
	built, err := t.Rebuild(ctx, edits...)
	switch {
	case err != nil:
		return nil, "", err
	case built.Image == nil:
		return nil,
			"with such a file in the folder the build fails, though it does not without, so what reaches the image " +
				"was not seen: " + built.Failure.Message, nil
	case built.Image.ID == t.Built().Image.ID: // nothing of what was planted changed anything
		return nil, "", nil
	}
	found, err = search(ctx, t, built.Image, planted)
	if planted.unseen {
		unseen = "what is packed in the image is more, or deeper, than is looked into, so what reaches it was not " +
			"all seen"
	}
	return found, unseen, err
}

// hit is where a planted text was found.
type hit struct {
	layer       int
	path        string
	instruction string
	line        int
}

func (h hit) where() string {
	at := "is in the image"
	if h.path != "" {
		at += " as /" + h.path
	}
	if h.line > 0 {
		at += fmt.Sprintf(", brought by line %d, `%s`", h.line, h.instruction)
	}
	return at
}

// search looks for the planted texts in what the student's own layers hold, in the names there, and
// in what the image says of itself.
func search(ctx context.Context, t check.Target, image *check.ImageInfo, planted *planted) (map[string]hit, error) {
	found := map[string]hit{}
	err := t.WalkImage(ctx, image.ID, func(f check.LayerFile, r io.Reader) error {
		if f.Layer < len(image.Layers) && image.Layers[f.Layer].Base {
			return nil
		}
		report := func(name string) {
			h := hit{layer: f.Layer, path: f.Path}
			if f.Layer < len(image.Layers) {
				h.line, h.instruction = image.Layers[f.Layer].Line, image.Layers[f.Layer].Instruction
			}
			if before, known := found[name]; !known || h.layer < before.layer || h.layer == before.layer &&
				h.path < before.path {
				found[name] = h // the first, in whatever order the layers come
			}
		}
		for _, name := range planted.in(f.Path + "\n" + f.Link + "\n" + f.Attributes) {
			report(name)
		}
		if f.Dir {
			return nil
		}
		return planted.search(r, report)
	})
	for _, text := range said(image) {
		for _, name := range planted.in(text) {
			found[name] = hit{instruction: text}
		}
	}
	return found, err
}

// said returns what an image says of itself and of how it was made.
func said(image *check.ImageInfo) []string {
	c := image.Config
	all := slices.Concat(image.History, c.Env, c.Cmd, c.Entrypoint, c.Healthcheck, c.Shell, c.Onbuild,
		[]string{c.WorkingDir, c.User, c.StopSignal})
	for name, value := range c.Labels {
		all = append(all, name+"="+value)
	}
	return append(all, slices.Collect(maps.Keys(c.Volumes))...)
}

// runs reports whether an instruction says what a shell or a program does.
func runs(in dockerfile.Instruction) bool {
	return slices.Contains([]string{"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK", "SHELL"}, in.Name)
}

// takenOut returns how to take a name and its value out of the Dockerfile. No edit has it, for the
// edit's old text would repeat the secret.
func takenOut(t check.Source, file *dockerfile.File, in dockerfile.Instruction, name string) check.Hint {
	advice := fmt.Sprintf("Take line %d out.", in.Line)
	set := len(in.Assignments()) + len(in.Labels())
	if set > 1 {
		advice = fmt.Sprintf("Take %s out of line %d.", name, in.Line)
	}
	switch {
	case in.Name == "LABEL":
		return check.Hint{Cause: "Whoever has the image can read its labels.", Advice: advice}
	case set > 0 && !readElsewhere(t, file, in, name):
		return check.Hint{Cause: "No other line and no file of the folder reads " + name + ".", Advice: advice}
	}
	return check.Advise("Pass it when the container starts, with docker run -e, and take it out of the Dockerfile.")
}

// readElsewhere reports whether another instruction or a file of the folder may read a variable: by its
// name, or as one of those with a prefix.
func readElsewhere(t check.Source, file *dockerfile.File, in dockerfile.Instruction, name string) (read bool) {
	named := regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(name) + `\b|env_prefix|prefixed_env`)
	for _, stage := range file.Stages {
		for _, other := range stage.Instructions {
			read = read || other.Line != in.Line && named.MatchString(other.Text)
		}
	}
	check.EachFile(t.FS(), func(at string) {
		base := path.Base(at)
		aside := at == file.Name || path.Ext(base) == ".md" || strings.HasPrefix(base, ".env") ||
			strings.Contains(base, "compose")
		read = read || !aside && named.MatchString(check.Text(t.FS(), at))
	})
	return read
}

// literals finds what was written into the Dockerfile and stays readable in the image: names of
// secrets with a value, passwords in addresses, keys.
func literals(t check.Source) (items []check.Item, _ error) {
	file, err := t.Dockerfile()
	if err != nil {
		return nil, fmt.Errorf("reading the Dockerfile again: %w", err)
	}
	seen := map[string]bool{}
	add := func(in dockerfile.Instruction, name, got string) {
		if key := fmt.Sprint(in.Line, name); !seen[key] {
			seen[key] = true
			items = append(items, check.Item{Name: name, Want: "no secret written into the Dockerfile", Got: got,
				Hint: takenOut(t, file, in, name), File: file.Name, Line: in.Line})
		}
	}
	global := dockerfile.Stage{Instructions: file.Global}
	for _, stage := range append([]dockerfile.Stage{global}, file.Stages...) {
		for _, in := range stage.Instructions {
			if then := in.Onbuild(); then != nil {
				in = *then
			}
			for _, a := range slices.Concat(in.Assignments(), in.Labels()) {
				for _, word := range []*string{&a.Name, &a.Value} {
					if strings.Contains(*word, "$") { // a default, or several joined
						*word = file.Value(in, *word)
					}
				}
				switch {
				case a.Password():
					add(in, a.Name, in.Name+" "+a.Name+" has a password in its address")
				case a.Secret():
					add(in, a.Name, in.Name+" "+a.Name+" has a value")
				}
			}
			filled := file.Filled(in)
			for _, a := range filled.Written() {
				if a.Secret() && !a.Password() {
					add(in, a.Name, in.Name+" writes "+a.Name+" with its value into a file")
				}
			}
			for _, a := range filled.Given() {
				if in.Name != "COPY" && in.Name != "ADD" && a.Secret() && !a.Password() {
					add(in, a.Name, in.Name+" gives a command --"+a.Name+" with its value")
				}
			}
			for _, a := range filled.Set() {
				if runs(in) && a.Secret() && !a.Password() {
					add(in, a.Name, in.Name+" has "+a.Name+" with its value in it")
				}
			}
			if text := in.Shell(); in.Name != "ENV" && in.Name != "ARG" && in.Name != "LABEL" {
				switch {
				case (dockerfile.Assignment{Value: text}).Password():
					add(in, in.Name, "an address in "+in.Name+" has a password in it")
				case privateKey.MatchString(text):
					add(in, in.Name, in.Name+" writes a private key")
				case (dockerfile.Assignment{Value: text}).Token():
					add(in, in.Name, in.Name+" has what a service gives as a secret in it")
				}
			}
		}
	}
	if len(items) == 0 {
		items = append(items, check.Passed("no literal secrets in ENV and ARG"))
	}
	return items, nil
}
