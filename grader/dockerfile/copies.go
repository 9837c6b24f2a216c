package dockerfile

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// Brings reports whether a COPY or ADD of any stage takes a path of the context, and whether that
// is certain: a variable or a mount may decide it.
func (f *File) Brings(name string) (brings, certain bool) {
	certain = true
	for _, s := range f.Stages {
		for _, in := range s.Instructions {
			switch in.Name {
			case "COPY", "ADD":
				takes, known := in.takes(name)
				brings, certain = brings || takes, certain && known
			case "RUN":
				certain = certain && !in.binds()
			}
		}
	}
	return brings, certain || brings
}

// takes reports whether a COPY or ADD takes a path from the context, and whether that is certain.
func (in Instruction) takes(name string) (takes, certain bool) {
	for _, flag := range in.Flags {
		switch option, _, _ := strings.Cut(flag, "="); option {
		case "--from":
			return false, true
		case "--chown", "--chmod", "--link":
		default:
			return false, false
		}
	}
	if len(in.Heredocs) > 0 || len(in.Args) < 2 {
		return false, false
	}
	for _, source := range in.Args[:len(in.Args)-1] {
		if strings.Contains(source, "$") {
			return false, false
		}
		takes = takes || Covers(source, name)
	}
	return takes, true
}

// MayTake reports whether an instruction is a COPY or ADD that takes a path from the context, or may.
func (in Instruction) MayTake(name string) bool {
	if in.Name != "COPY" && in.Name != "ADD" {
		return false
	}
	takes, certain := in.takes(name)
	return takes || !certain
}

// Sources returns what an instruction copies from the context: none where that is another
// instruction, or from elsewhere.
func (in Instruction) Sources() []string {
	if in.Name != "COPY" && in.Name != "ADD" || len(in.Args) < 2 || len(in.Heredocs) > 0 ||
		slices.ContainsFunc(in.Flags, func(flag string) bool { return strings.HasPrefix(flag, "--from=") }) {
		return nil
	}
	return in.Args[:len(in.Args)-1]
}

// Covers reports whether a source of COPY is a path, or a folder above it.
func Covers(source, name string) bool {
	source = strings.TrimPrefix(path.Clean("/"+source), "/")
	if source == "" {
		return true
	}
	for ; name != "."; name = path.Dir(name) {
		if ok, err := path.Match(source, name); ok || err != nil {
			return true
		}
	}
	return false
}

// binds reports whether a RUN sees the context.
func (in Instruction) binds() bool {
	return slices.ContainsFunc(in.mounts(), func(mount map[string]string) bool {
		return mount["from"] == "" && !slices.Contains([]string{"cache", "secret", "ssh", "tmpfs"}, mount["type"])
	})
}

// FromFolder reports whether an instruction may bring something into the image that came from the
// folder, also by another stage.
func (in Instruction) FromFolder(file *File) bool {
	switch in.Name {
	case "RUN":
		return in.binds() || len(in.froms()) > 0
	case "COPY", "ADD":
		for _, from := range in.froms() {
			n, err := strconv.Atoi(from.text)
			return file.stageIndex(from.text) >= 0 || err == nil && n < len(file.Stages)
		}
		return len(in.Heredocs) == 0
	}
	return false
}

// InstallBelow returns the first instruction of the stage that brings something in, and the first
// below it, or itself, that installs dependencies; nil where none does. What installs the program
// alone, where the dependencies are there before, is none.
func (s *Stage) InstallBelow(brings func(Instruction) bool) (source, install *Instruction) {
	prepared := false // the dependencies are there, and only the program itself is missing
	for i, in := range s.Instructions {
		if source == nil && brings(in) {
			source = &s.Instructions[i]
		}
		if in.Name != "RUN" {
			continue
		}
		for _, c := range in.Commands() {
			switch {
			case !c.Installs() || c.ProjectAlone():
			case source != nil && !prepared:
				return source, &s.Instructions[i]
			case c.WithoutProject():
				prepared = true
			}
		}
	}
	return nil, nil
}
