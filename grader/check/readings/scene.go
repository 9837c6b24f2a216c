package readings

import (
	"fmt"
	"io/fs"
	"iter"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/dockerignore"
)

// Scene is what a kind knows besides the log, as [NewScene] makes it. Ignore and Step may be missing.
type Scene struct {
	Folder fs.FS
	File   *dockerfile.File        // the Dockerfile; one that says nothing where it cannot be read
	Ignore *dockerignore.Rules     // nil where there are none
	Step   *dockerfile.Instruction // what failed: the RUN of a build, the CMD or ENTRYPOINT that was started
	Alone  bool                    // the program ran without a network, as the rubric's limits have it

	log     string
	started bool
	answers bool              // it came up, and a request failed
	places  map[string]string // where COPY put the files of the folder, once it was looked for
	says    string            // the line that an entry found, where its pattern is not it
}

// NewScene returns the scene of a submission: what failed stands on a line of its Dockerfile.
func NewScene(src check.Source, line int) Scene {
	s := Scene{Folder: src.FS()}
	if file, err := src.Dockerfile(); err == nil {
		s.File, s.Step = file, file.At(line)
	} else { // so that nobody has to ask whether there is one
		s.File, _ = dockerfile.Parse("Dockerfile", []byte("FROM scratch\n"))
	}
	if rules, err := src.Ignore(); err == nil {
		s.Ignore = rules
	}
	return s
}

// place is a line of a file of the student's.
type place struct {
	file string
	line int
	text string
}

// lineOf returns a line of a file of the student's, by the number that a log has of it; ok is false
// where there is none.
func (s *Scene) lineOf(file, number string) (p place, ok bool) {
	n, _ := strconv.Atoi(number)
	lines := s.lines(file)
	if n < 1 || n > len(lines) {
		return place{}, false
	}
	return place{file, n, lines[n-1]}, true
}

// dockerfileLine returns a line of the Dockerfile, by its number.
func (s *Scene) dockerfileLine(n int) place { return place{s.File.Name, n, s.File.Lines[n-1]} }

func (p place) String() string { return fmt.Sprintf("%s, line %d", p.file, p.line) }

func (s *Scene) has(name string) bool {
	if !fs.ValidPath(name) {
		return false
	}
	_, err := fs.Stat(s.Folder, name)
	return err == nil
}

const (
	mostBytes = 256 << 10 // of a file that is looked into
	mostFiles = 500
)

// aside are folders that hold nothing of the student's own.
var aside = []string{"node_modules", "venv", "env", "site-packages", "__pycache__"}

// files returns the student's own, near the top first.
func (s *Scene) files() (names []string) {
	_ = fs.WalkDir(s.Folder, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || name == ".":
		case e.IsDir() && (strings.HasPrefix(e.Name(), ".") || slices.Contains(aside, e.Name())):
			return fs.SkipDir
		case len(names) >= mostFiles:
			return fs.SkipAll
		case e.Type().IsRegular():
			names = append(names, name)
		}
		return nil
	})
	slices.SortStableFunc(names, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	return names
}

// lines returns those of a file, without line ends.
func (s *Scene) lines(name string) []string {
	info, err := fs.Stat(s.Folder, name)
	if err != nil || info.Size() > mostBytes || !info.Mode().IsRegular() {
		return nil
	}
	text, err := fs.ReadFile(s.Folder, name)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), "\n")
}

// program is whether a file is text that a program is made of.
var program = regexp.MustCompile(`\.(py|js|mjs|cjs|ts|go|java|rb|php|rs|sh|ini|toml|ya?ml|json|cfg|env)$`)

// grep returns the first line of the student's programs that the pattern matches, and what it found
// there.
func (s *Scene) grep(pattern *regexp.Regexp, ends string) (place, []string) {
	for _, name := range s.files() {
		if !program.MatchString(name) || ends != "" && !strings.Contains(ends, path.Ext(name)) {
			continue
		}
		for i, line := range s.lines(name) {
			if m := pattern.FindStringSubmatch(line); m != nil && !strings.HasPrefix(strings.TrimSpace(line), "#") {
				return place{name, i + 1, line}, m
			}
		}
	}
	return place{}, nil
}

// own returns the student's file that a path inside the container is, or empty: the one that COPY
// put there, else the longest end of the path that the folder has.
func (s *Scene) own(inside string) string {
	if regexp.MustCompile(
		`(^|/)(site-packages|dist-packages|node_modules|\.venv|venv)/|^/usr/(local/)?lib/|^node:|` +
			`^<|^internal/`).MatchString(inside) {
		return ""
	}
	if s.places == nil {
		s.places = s.landed()
	}
	if file := s.places[path.Clean(inside)]; file != "" {
		return file
	}
	for rest := strings.TrimPrefix(path.Clean(inside), "/"); rest != "" && rest != "."; {
		if info, err := fs.Stat(s.Folder, rest); fs.ValidPath(rest) && err == nil && !info.IsDir() {
			return rest
		}
		_, after, ok := strings.Cut(rest, "/")
		if !ok {
			break
		}
		rest = after
	}
	return ""
}

var traced = regexp.MustCompile(
	`File "([^"\n]+)", line (\d+)|^(?:│\s+)?([\w./-]+\.py):(\d+):? in |(?:\(|at |` +
		`^)((?:file://)?/[^\s:()]+\.(?:[cm]?js|` +
		`ts)):(\d+)`)

// frame returns the last line of the student's own program that the log's traceback names; of Node,
// whose innermost call stands first, the first.
func (s *Scene) frame() (found place, ok bool) {
	for _, line := range strings.Split(s.log, "\n") {
		for _, m := range traced.FindAllStringSubmatch(line, -1) {
			js := m[5] != ""
			name, number := m[1]+m[3]+strings.TrimPrefix(m[5], "file://"), m[2]+m[4]+m[6]
			if name = s.own(name); name == "" || js && ok {
				continue
			}
			if p, there := s.lineOf(name, number); there {
				found, ok = p, true
			}
		}
	}
	return found, ok
}

// at returns " (main.py, line 3)" where the log points at the student's own line, and empty
// elsewhere.
func (s *Scene) at() string {
	if p, ok := s.frame(); ok {
		return " (" + p.String() + ")"
	}
	return ""
}

// user returns who runs the step or the program, as USER says, with the line; empty where it is
// root.
func (s *Scene) user() (name string, line int) {
	for _, in := range s.before() {
		if in.Name == "USER" && len(in.Args) > 0 {
			name, line = in.Args[0], in.Line
		}
	}
	if name, _, _ := strings.Cut(name, ":"); name == "root" || name == "0" {
		return "", 0
	}
	return name, line
}

// before returns the instructions that the step comes after: those of its stage, and of the stages
// that it is built on. A program comes after all.
func (s *Scene) before() []dockerfile.Instruction {
	if s.started || s.Step == nil {
		return s.File.Effective()
	}
	for i := range s.File.Stages {
		until := dockerfile.File{Stages: s.File.Stages[:i+1]}
		all := until.Effective()
		if at := slices.IndexFunc(all,
			func(in dockerfile.Instruction) bool { return in.Line == s.Step.Line }); at >= 0 {
			return all[:at]
		}
	}
	return nil
}

// workdir returns the folder in which the step or the program runs, and whether the Dockerfile says
// so.
func (s *Scene) workdir() string {
	return workdir(s.before())
}

func workdir(all []dockerfile.Instruction) (last string) {
	last = "/"
	for dir := range placed(all) {
		last = dir
	}
	return last
}

// placed returns instructions with the folder of the image that each of them is in, as WORKDIR says, from
// / on.
func placed(all []dockerfile.Instruction) iter.Seq2[string, dockerfile.Instruction] {
	return func(yield func(string, dockerfile.Instruction) bool) {
		dir := "/"
		for _, in := range all {
			if in.Name == "WORKDIR" && len(in.Args) > 0 {
				dir = inside(dir, in.Args[0])
			}
			if !yield(dir, in) {
				return
			}
		}
	}
}

// inside returns a path of the container as seen from a folder of it.
func inside(dir, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

// landed returns where the student's files are in the image as COPY and ADD put them there before
// the step: the path inside, and the folder's. Variables are not followed.
func (s *Scene) landed() map[string]string {
	return s.stage(len(s.File.Stages)-1, s.files())
}

func (s *Scene) stage(index int, files []string) map[string]string {
	at := map[string]string{}
	stage, dir := s.File.Stages[index], "/"
	if stage.From >= 0 && stage.From < index {
		at = s.stage(stage.From, files)
		until := dockerfile.File{Stages: s.File.Stages[:stage.From+1]}
		dir = workdir(until.Effective())
	}
	for _, in := range stage.Instructions {
		switch {
		case in.Name == "WORKDIR" && len(in.Args) > 0:
			dir = inside(dir, in.Args[0])
		case (in.Name == "COPY" || in.Name == "ADD") && len(in.Args) > 1:
			to := in.Args[len(in.Args)-1]
			sources := in.Args[:len(in.Args)-1]
			from, other := s.from(in, index)
			for _, source := range sources {
				if other {
					if from >= 0 {
						source = path.Clean("/" + source)
						for inner, name := range s.stage(from, files) {
							if inner == source {
								at[target(dir, to, path.Base(source), len(sources))] = name
							} else if rest, ok := strings.CutPrefix(inner, strings.TrimSuffix(source, "/")+"/"); ok {
								at[path.Join(inside(dir, to), rest)] = name
							}
						}
					}
					continue
				}
				s.copied(at, files, strings.TrimPrefix(path.Clean("/"+source), "/"), dir, to, len(sources))
			}
		}
	}
	return at
}

// copied puts what one source of a COPY brings in to its place.
func (s *Scene) copied(at map[string]string, files []string, source, dir, to string, sources int) {
	for _, name := range files {
		if s.Ignore != nil && s.Ignore.Decide(name).Ignored {
			continue
		}
		if source == "" {
			at[path.Join(inside(dir, to), name)] = name
			continue
		}
		for head := name; head != "."; head = path.Dir(head) {
			if ok, _ := path.Match(source, head); !ok {
				continue
			}
			if head == name {
				at[target(dir, to, path.Base(name), sources)] = name
			} else {
				at[path.Join(inside(dir, to), strings.TrimPrefix(name, head+"/"))] = name
			}
			break
		}
	}
}

// target returns where COPY puts a single file.
func target(dir, to, base string, sources int) string {
	if sources > 1 || strings.HasSuffix(to, "/") || to == "." || to == ".." || strings.HasSuffix(to, "/.") ||
		inside(dir, to) == dir {
		return path.Join(inside(dir, to), base)
	}
	return inside(dir, to)
}

// from returns the stage that a COPY takes from, -1 where that is an image from outside, and other
// whether it takes from any.
func (s *Scene) from(in dockerfile.Instruction, index int) (from int, other bool) {
	for _, flag := range in.Flags {
		if name, ok := strings.CutPrefix(flag, "--from="); ok {
			for i, stage := range s.File.Stages[:index] {
				if strings.EqualFold(stage.Name, name) || fmt.Sprint(i) == name {
					return i, true
				}
			}
			return -1, true
		}
	}
	return 0, false
}

// where returns where in the image a file of the folder is, the shortest of its places, or empty.
func (s *Scene) where(name string) string {
	best := ""
	for inner, file := range s.landed() {
		if file == name && (best == "" || len(inner) < len(best) || len(inner) == len(best) && inner < best) {
			best = inner
		}
	}
	return best
}

// fromWorkdir returns a file of the folder as a command in WORKDIR names it, and as the folder does
// where it is not in the image.
func (s *Scene) fromWorkdir(file string) string {
	at := s.where(file)
	if at == "" {
		return file
	}
	return strings.TrimPrefix(at, strings.TrimSuffix(s.workdir(), "/")+"/")
}

// hidden returns which line of the ignore file keeps a file of the folder out, or nothing.
func (s *Scene) hidden(name string) string {
	if s.Ignore != nil {
		if d := s.Ignore.Decide(name); d.Ignored {
			return fmt.Sprintf("%s, line %d", s.Ignore.File, d.Line)
		}
	}
	return ""
}

// shown returns the edit that lets a file of the folder into the image which the ignore file keeps out,
// or nil where it is private, or the ignore file is not the folder's.
func (s *Scene) shown(name string) *check.Edit {
	if s.Ignore == nil || check.IsPrivate(name) || !s.has(s.Ignore.File) {
		return nil
	}
	return &check.Edit{File: s.Ignore.File, Line: len(s.Ignore.Lines), New: "!" + name}
}

// named returns the files of the folder that have this base name.
func (s *Scene) named(base string) (found []string) {
	for _, name := range s.files() {
		if path.Base(name) == base {
			found = append(found, name)
		}
	}
	return found
}

// commandInstruction returns the instruction by which the program is started: ENTRYPOINT where it
// is no carrier, else CMD.
func (s *Scene) commandInstruction() *dockerfile.Instruction {
	if in := s.File.Last("CMD"); in != nil {
		return in
	}
	return s.File.Last("ENTRYPOINT")
}
