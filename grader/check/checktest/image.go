package checktest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing/fstest"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// images are images in memory, and the cache that their builds share.
type images struct {
	mu     sync.Mutex
	cached map[string]bool
	layers map[string][]layer // of an image id
}

// layer is what one instruction put into an image.
type layer struct {
	check.ImageLayer
	files []file
}

type file struct {
	check.LayerFile
	data []byte
}

// stage is a stage while it is built.
type stage struct {
	name    string
	files   map[string][]byte // what is there now
	layers  []layer
	history []string
	config  check.ImageConfig
	key     string // of the cache
}

// baseSize is how large every base image is.
const baseSize = 120_000_000

// basePath is the one variable that every base image sets.
const basePath = "PATH=/usr/local/bin:/usr/bin"

// build does what a Dockerfile says. COPY takes what the ignore file leaves, from the folder or
// another stage. Of RUN it understands `test ! -f FILE`, `rm FILE`, `fill FILE BYTES`,
// `uncomment FILE` and `exit CODE`, joined by &&; every other command ends well and changes nothing.
func (m *images) build(folder fstest.MapFS, setup check.Setup) (check.Built, error) {
	source := check.NewSource(folder)
	f, err := source.Dockerfile()
	var bad *dockerfile.Error
	if errors.As(err, &bad) {
		reason := check.BadSyntax
		if bad.Missing {
			reason = check.NoDockerfile
		}
		return check.Built{Failure: &check.BuildFailure{Reason: reason, Message: bad.Message, Subject: bad.Hint,
			Line: bad.Line, Unsent: bad.Missing}}, nil
	}
	context, err := contextOf(source)
	if err != nil {
		return check.Built{}, err
	}
	var built check.Built
	var stages []*stage
	for i := range f.Stages {
		s, failure := m.stage(f, i, stages, context, &built)
		if failure != nil {
			built.Failure = failure
			return built, nil
		}
		stages = append(stages, s)
		if setup.Target != "" && (f.Stages[i].Name == setup.Target || strconv.Itoa(i) == setup.Target) {
			break
		}
	}
	last := stages[len(stages)-1]
	id := sha256.Sum256([]byte(last.key + fmt.Sprint(last.config)))
	image := &check.ImageInfo{ID: "sha256:" + hex.EncodeToString(id[:]), Base: f.Final().Base, Config: last.config,
		History: last.history}
	for _, l := range last.layers {
		image.Size += l.Size
		if !l.Base {
			image.Added += l.Size
		}
		image.Layers = append(image.Layers, l.ImageLayer)
	}
	built.Image = image
	m.mu.Lock()
	defer m.mu.Unlock()
	m.layers[image.ID] = last.layers
	return built, nil
}

func (m *images) stage(f *dockerfile.File, n int, before []*stage, context map[string][]byte,
	built *check.Built) (*stage, *check.BuildFailure) {
	from := f.Stages[n]
	s := &stage{files: map[string][]byte{"usr/local/bin/python3": nil}, key: from.Base,
		history: []string{"base " + from.Base},
		config: check.ImageConfig{ImageConfig: ocispec.ImageConfig{Env: []string{basePath}},
			BaseEnv: []string{basePath}},
		layers: []layer{{ImageLayer: check.ImageLayer{DiffID: from.Base, Size: baseSize, Instruction: "base",
			Base: true}}}}
	if from.From >= 0 {
		b := *before[from.From]
		b.files, b.layers, b.history = maps.Clone(b.files), slices.Clone(b.layers), slices.Clone(b.history)
		s = &b
	}
	s.name = from.Name
	total, number := len(from.Layers())+1, 1
	for _, in := range from.Instructions {
		s.history = append(s.history, in.Text)
		s.key = hash(s.key, in.Text)
		s.configure(in)
		if in.Name != "COPY" && in.Name != "ADD" && in.Name != "RUN" && in.Name != "WORKDIR" {
			continue
		}
		number++
		text := in.Name + in.Text[len(in.Name):] // as BuildKit shows it
		name := fmt.Sprintf("[%d/%d] %s", number, total, text)
		if len(f.Stages) > 1 {
			label := from.Name
			if label == "" {
				label = "stage-" + strconv.Itoa(n)
			}
			name = fmt.Sprintf("[%s %d/%d] %s", label, number, total, text)
		}
		files, failure := s.run(in, before, context)
		for _, file := range files {
			s.key = hash(s.key, file.Path, string(file.data))
		}
		step := check.Step{Name: name, Line: in.Line, Done: failure == nil, Cached: failure == nil && m.known(s.key)}
		if failure != nil {
			step.Error, step.Log = failure.Message, failure.Log
			built.Steps = append(built.Steps, step)
			return nil, failure
		}
		built.Steps = append(built.Steps, step)
		l := layer{ImageLayer: check.ImageLayer{DiffID: s.key, Instruction: in.Text, Line: in.Line}, files: files}
		for _, file := range files {
			l.Size += file.Size
			if file.Delete {
				delete(s.files, file.Path)
			} else {
				s.files[file.Path] = file.data
			}
		}
		s.layers = append(s.layers, l)
	}
	return s, nil
}

// known reports whether a step was built before, and remembers it.
func (m *images) known(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.cached[key]
	m.cached[key] = true
	return was
}

func (s *stage) configure(in dockerfile.Instruction) {
	c := &s.config
	switch in.Name {
	case "WORKDIR":
		c.WorkingDir = path.Join("/", c.WorkingDir, in.Args[0])
		if path.IsAbs(in.Args[0]) {
			c.WorkingDir = path.Clean(in.Args[0])
		}
	case "USER":
		c.User = in.Args[0]
	case "ENV":
		c.Env = slices.Clone(c.Env)
		for i := 0; i+1 < len(in.Args); i += 3 { // the parser gives name, value, separator
			c.Env = append(c.Env, in.Args[i]+"="+strings.Trim(in.Args[i+1], `"`))
		}
	case "EXPOSE":
		for _, word := range in.Args {
			number, protocol, ok := strings.Cut(word, "/")
			if !ok {
				protocol = "tcp"
			}
			if port, err := strconv.Atoi(number); err == nil {
				c.Exposed = append(slices.Clone(c.Exposed), check.Port{Number: port, Protocol: protocol})
			}
		}
	case "LABEL":
		c.Labels = maps.Clone(c.Labels)
		if c.Labels == nil {
			c.Labels = map[string]string{}
		}
		for i := 0; i+1 < len(in.Args); i += 3 { // as of ENV
			c.Labels[strings.Trim(in.Args[i], `"`)] = strings.Trim(in.Args[i+1], `"`)
		}
	case "VOLUME":
		c.Volumes = maps.Clone(c.Volumes)
		if c.Volumes == nil {
			c.Volumes = map[string]struct{}{}
		}
		for _, path := range in.Args {
			c.Volumes[path] = struct{}{}
		}
	case "CMD":
		c.Cmd = in.Args
	case "ENTRYPOINT":
		c.Entrypoint = in.Args
	case "STOPSIGNAL":
		c.StopSignal = in.Args[0]
	}
}

// run gives what an instruction puts into its layer.
func (s *stage) run(in dockerfile.Instruction, before []*stage,
	context map[string][]byte) ([]file, *check.BuildFailure) {
	switch in.Name {
	case "WORKDIR":
		return nil, nil
	case "RUN":
		return s.command(in)
	}
	sources, to := in.Args[:len(in.Args)-1], in.Args[len(in.Args)-1]
	from := context
	if in.Name == "ADD" && strings.Contains(sources[0], "://") { // any URL has something
		from = map[string][]byte{path.Clean(sources[0]): []byte(sources[0])}
	}
	for _, flag := range in.Flags {
		if name, ok := strings.CutPrefix(flag, "--from="); ok {
			from = map[string][]byte{}
			for _, source := range sources { // an image from outside has what is asked of it
				from[strings.TrimPrefix(source, "/")] = []byte(source)
			}
			if n, err := strconv.Atoi(name); err == nil && n < len(before) {
				from = before[n].files
			}
			for _, b := range before {
				if b.name != "" && strings.EqualFold(b.name, name) {
					from = b.files
				}
			}
		}
	}
	var out []file
	for _, source := range sources {
		found := pick(from, source)
		if len(found) == 0 {
			return nil, &check.BuildFailure{Reason: check.MissingFile, Subject: strings.TrimPrefix(source, "./"),
				Line:    in.Line,
				Message: fmt.Sprintf("%s: %q is not in the build context", in.Text, strings.TrimPrefix(source, "./"))}
		}
		for _, name := range slices.Sorted(maps.Keys(found)) {
			at := to
			if strings.HasSuffix(to, "/") || to == "." || len(found) > 1 || len(sources) > 1 {
				at = path.Join(to, found[name])
			}
			if !path.IsAbs(at) {
				at = path.Join("/", s.config.WorkingDir, at)
			}
			out = append(out, file{check.LayerFile{Layer: len(s.layers), Path: at[1:], Size: int64(len(from[name]))},
				from[name]})
		}
	}
	return out, nil
}

// pick returns what a source of COPY means: the files, and the name that each has below the
// destination.
func pick(from map[string][]byte, source string) map[string]string {
	source = path.Clean(strings.TrimPrefix(source, "/"))
	found := map[string]string{}
	for name := range from {
		below, inside := strings.CutPrefix(name, source+"/")
		matched, _ := path.Match(source, name)
		switch {
		case source == ".":
			found[name] = name
		case matched:
			found[name] = path.Base(name)
		case inside:
			found[name] = below
		}
	}
	return found
}

func (s *stage) command(in dockerfile.Instruction) (out []file, _ *check.BuildFailure) {
	fail := func(code string) *check.BuildFailure {
		return &check.BuildFailure{Reason: check.CommandError, Line: in.Line, Subject: in.Text,
			Message: in.Text + " ended with exit code " + code}
	}
	at := func(name string) string { return strings.TrimPrefix(path.Join("/", s.config.WorkingDir, name), "/") }
	for _, command := range strings.Split(strings.Join(in.Args, " "), "&&") {
		words := strings.Fields(command)
		switch {
		case len(words) == 4 && strings.HasPrefix(command, "test ! -f "):
			if _, there := s.files[at(words[3])]; there {
				return nil, fail("1")
			}
		case len(words) > 1 && words[0] == "rm":
			out = append(out, file{LayerFile: check.LayerFile{Layer: len(s.layers), Path: at(words[len(words)-1]),
				Delete: true}})
		case len(words) == 3 && words[0] == "fill":
			n, _ := strconv.Atoi(words[2])
			out = append(out, file{check.LayerFile{Layer: len(s.layers), Path: at(words[1]), Size: int64(n)},
				make([]byte, n)})
		case len(words) == 2 && words[0] == "uncomment": // as `sed -i /^#/d FILE` does
			var text []byte
			for line := range bytes.Lines(s.files[at(words[1])]) {
				if !bytes.HasPrefix(line, []byte("#")) && len(bytes.TrimSpace(line)) > 0 {
					text = append(text, line...)
				}
			}
			out = append(out, file{check.LayerFile{Layer: len(s.layers), Path: at(words[1]), Size: int64(len(text))},
				text})
		case len(words) == 2 && words[0] == "exit":
			return nil, fail(words[1])
		}
	}
	return out, nil
}

// walk visits the files of an image.
func (m *images) walk(id string, visit func(check.LayerFile, io.Reader) error) error {
	m.mu.Lock()
	layers, ok := m.layers[id]
	m.mu.Unlock()
	if !ok {
		return fmt.Errorf("walking image %q: there is none", id)
	}
	for _, l := range layers {
		for _, f := range l.files {
			if err := visit(f.LayerFile, bytes.NewReader(f.data)); err != nil {
				return err
			}
		}
	}
	return nil
}

// contextOf returns what the ignore file leaves of a folder.
func contextOf(source check.Source) (map[string][]byte, error) {
	rules, err := source.Ignore()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	err = fs.WalkDir(source.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || rules.Decide(name).Ignored {
			return err
		}
		files[name], err = fs.ReadFile(source.FS(), name)
		return err
	})
	return files, err
}

// edited returns a folder with edits made.
func edited(folder fstest.MapFS, edits []check.Patch) fstest.MapFS {
	out := maps.Clone(folder)
	for _, e := range edits {
		data := e.Data
		if before, ok := folder[e.Path]; ok && e.Append {
			data = slices.Concat(before.Data, e.Data)
		}
		out[e.Path] = &fstest.MapFile{Data: data}
	}
	return out
}

func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}
