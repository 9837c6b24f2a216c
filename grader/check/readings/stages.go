package readings

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// packed is where a RUN of a stage that the image is not built on puts Python's packages.
type packed struct {
	stage int // of the file's
	line  int
	root  string // the folder that holds all of it
	lib   string // where below it, or below which, the modules are
	bin   string // where the programs are
	into  string // the folder of an image in which Python looks for what root holds
}

// packs returns where the last RUN that installs Python's packages in a stage before the image's own
// puts them; ok is false where the image installs itself, or where that cannot be told.
func (s *Scene) packs() (p packed, ok bool) {
	if len(s.File.Stages) < 2 || !s.built() {
		return p, false
	}
	for i := range s.File.Stages[:len(s.File.Stages)-1] {
		venv := ""
		for dir, in := range placed(s.File.Stages[i].Instructions) {
			for _, c := range in.Commands() {
				if in.Name != "RUN" {
					continue
				}
				if (c.Program == "venv" || c.Program == "virtualenv") && len(c.Args) > 0 {
					venv = inside(dir, c.Args[len(c.Args)-1])
				}
				if c.Pip() && !c.Has("wheel") && !c.Has("download") {
					p, ok = packed{stage: i, line: in.Line}.at(dir, venv, c), true
				}
			}
		}
	}
	return p, ok
}

var installsInto = regexp.MustCompile(`\s(--prefix|--target|-t)[ =](\S+)`)

// at returns p with the folders into which a command installs.
func (p packed) at(dir, venv string, c dockerfile.Command) packed {
	into := installsInto.FindStringSubmatch(" " + strings.Join(c.Args, " "))
	switch {
	case into != nil && into[1] == "--prefix":
		p.root, p.into = inside(dir, into[2]), "/usr/local"
	case into != nil:
		p.root = inside(dir, into[2])
		p.lib, p.bin, p.into = p.root, path.Join(p.root, "bin"), p.root
		return p
	case c.Has("--user"):
		p.root, p.into = "/root/.local", "/root/.local"
	case c.Program == "uv" && !c.Has("pip"):
		p.root = path.Join(dir, ".venv")
		p.into = p.root
	case venv != "":
		p.root, p.into = venv, venv
	default:
		p.root, p.into = "/usr/local", "/usr/local"
	}
	p.lib, p.bin = path.Join(p.root, "lib"), path.Join(p.root, "bin")
	return p
}

// brought returns the COPY --from of the image that brings what is at a path of a stage, or
// something below it, and where it puts that.
func (s *Scene) brought(stage int, name string) (in *dockerfile.Instruction, at string) {
	for dir, in := range placed(s.File.Effective()) {
		if from, other := s.from(in, len(s.File.Stages)-1); len(in.Args) < 2 || !other || from != stage {
			continue
		}
		to := inside(dir, in.Args[len(in.Args)-1])
		for _, source := range in.Args[:len(in.Args)-1] {
			source = path.Clean("/" + source)
			if rest, ok := strings.CutPrefix(name+"/", strings.TrimSuffix(source, "/")+"/"); ok {
				return &in, path.Join(to, rest)
			}
			if strings.HasPrefix(source, strings.TrimSuffix(name, "/")+"/") {
				return &in, to
			}
		}
	}
	return nil, ""
}

// leftBehind says of Python's packages that another stage installs them and no COPY --from brings
// them to the image, and reports whether that is so.
func (s *Scene) leftBehind(h *check.Hint) bool {
	p, ok := s.packs()
	if !ok || !s.started {
		return false
	}
	if in, _ := s.brought(p.stage, p.lib); in != nil {
		return false
	}
	stage := s.File.Stages[p.stage]
	name, which := stage.Name, stage.Name
	if name == "" {
		name, which = strconv.Itoa(p.stage), fmt.Sprintf("that of line %d", stage.Line)
	}
	h.Cause = fmt.Sprintf("Line %d installs the packages in another stage, %s, and no COPY --from brings them to the "+
		"image.", p.line, which)
	h.Advice = "Bring them, or install them in the image that is started."
	if p.root == "/usr/local" && stage.Base != s.File.Final().Base {
		return true // another Python, which may look elsewhere
	}
	lines := append([]string{fmt.Sprintf("COPY --from=%s %s %s", name, p.root, p.into)}, p.look(p.into)...)
	if h.Edit = s.above(true, lines...); h.Edit != nil {
		h.Advice = "Bring them."
	}
	return true
}

// broughtAside says of Python's packages that a COPY --from puts them where nothing looks for them,
// and reports whether that is so.
func (s *Scene) broughtAside(h *check.Hint) bool {
	p, ok := s.packs()
	if !ok || !s.started || s.sets("PATH") {
		return false
	}
	in, to := s.brought(p.stage, p.bin)
	if in == nil || path.Base(to) != "bin" || len(p.look(path.Dir(to))) == 0 {
		return false
	}
	h.Cause = fmt.Sprintf("Line %d brings the packages to %s, where nothing looks for them.", in.Line, path.Dir(to))
	h.Advice = "Name that folder."
	if p.into == "/usr/local" {
		h.Advice = fmt.Sprintf("Bring them to %s.", p.into)
		h.Edit = s.inInstruction(in, regexp.MustCompile(`(\s)\S+(\s*)$`), "${1}"+p.into+"${2}")
		return true
	}
	h.Edit = s.above(false, p.look(path.Dir(to))...)
	return true
}

// look returns the lines that let programs and Python look into what lies at a folder of the image.
func (p packed) look(at string) []string {
	switch {
	case at == "/usr/local":
		return nil
	case p.lib == p.root:
		return []string{"ENV PYTHONPATH=" + at, "ENV PATH=" + path.Join(at, "bin") + ":$PATH"}
	}
	return []string{"ENV PATH=" + path.Join(at, "bin") + ":$PATH"}
}
