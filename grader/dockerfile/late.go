package dockerfile

import (
	"path"
	"slices"
	"strings"
)

// Late is the part of the Dockerfile that copies these paths of the context, on top of nothing: with it, what the image
// holds of them can be had without the image. It is empty where that is not certain, or not all that they do: a step that
// runs, or another stage, has them too; a variable, or an option of COPY, decides what is copied or where to.
func (f *File) Late(paths []string) string {
	lines, found, placed := []string{"FROM scratch"}, false, false
	for i, s := range f.Stages {
		final := i == len(f.Stages)-1
		for _, in := range s.Instructions {
			switch in.Name {
			case "WORKDIR":
				if final {
					placed = placed || strings.HasPrefix(in.Args[0], "/")
					lines = append(lines, in.Text)
				}
			case "RUN":
				if found || in.binds() {
					return ""
				}
			case "COPY", "ADD":
				takes, certain := in.takes(paths)
				switch {
				case !certain, takes && (!final || in.Name == "ADD"), found && !takes:
					return ""
				case takes:
					if to := in.Args[len(in.Args)-1]; !placed && !strings.HasPrefix(to, "/") {
						return "" // beside the base image's own folder
					}
					found = true
					lines = append(lines, in.Text)
				}
			}
		}
	}
	if !found || strings.ContainsAny(strings.Join(lines, ""), "$\\`") {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// takes says whether a COPY or ADD takes any of the paths from the context, and whether that is certain.
func (in Instruction) takes(paths []string) (takes, certain bool) {
	for _, flag := range in.Flags {
		switch name, _, _ := strings.Cut(flag, "="); name {
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
		if slices.ContainsFunc(paths, func(name string) bool { return covers(source, name) }) {
			takes = true
		}
	}
	return takes, true
}

// Brings reports whether a COPY or ADD of any stage takes a path of the context, and whether that is certain: a variable or a
// mount may decide it.
func (f *File) Brings(name string) (brings, certain bool) {
	certain = true
	for _, s := range f.Stages {
		for _, in := range s.Instructions {
			switch in.Name {
			case "COPY", "ADD":
				takes, known := in.takes([]string{name})
				brings, certain = brings || takes, certain && known
			case "RUN":
				certain = certain && !in.binds()
			}
		}
	}
	return brings, certain || brings
}

// Sources are what an instruction copies from the context: none where that is another instruction, or from elsewhere.
func (in Instruction) Sources() []string {
	if in.Name != "COPY" && in.Name != "ADD" || len(in.Args) < 2 || len(in.Heredocs) > 0 ||
		slices.ContainsFunc(in.Flags, func(flag string) bool { return strings.HasPrefix(flag, "--from=") }) {
		return nil
	}
	return in.Args[:len(in.Args)-1]
}

// Covers reports whether a source of COPY is a path, or a folder above it.
func Covers(source, name string) bool { return covers(source, name) }

// covers says whether a source of COPY is the path, or a folder above it.
func covers(source, name string) bool {
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

// binds says whether a RUN sees the context.
func (in Instruction) binds() bool {
	return slices.ContainsFunc(in.Flags, func(flag string) bool {
		return strings.HasPrefix(flag, "--mount=") && !strings.Contains(flag, "from=") &&
			!slices.ContainsFunc([]string{"cache", "secret", "ssh", "tmpfs"}, func(kind string) bool { return strings.Contains(flag, "type="+kind) })
	})
}
