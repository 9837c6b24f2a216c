package check

import (
	"cmp"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// tags are versions of images that are often built on.
var tags = map[string]string{"python": "3.12", "node": "22", "golang": "1.24", "debian": "12", "alpine": "3.22",
	"ubuntu": "24.04"}

// Tag returns a tag for a base image that is often built on and was named without one: the version
// that the folder asks for, where it does, and the slim form, where there is one and nothing is
// known that it lacks. It is empty for an image that is not known.
func Tag(s Source, image string) string {
	tag := tags[image]
	if image == "python" {
		tag = cmp.Or(pythonOf(s.FS()), tag)
	}
	if tag != "" && slices.Contains(slimmed, image) && Lacking(s) == "" {
		tag += "-slim"
	}
	return tag
}

// slimmed are the images that have a -slim form of each version.
var slimmed = []string{"python", "node", "debian"}

var version = regexp.MustCompile(`^(\d+(?:\.\d+)*)((?:-(?:bookworm|bullseye|trixie|buster))?)$`)

// Slim returns the slim form of a base image, as in python:3.12-slim, or empty where that is not
// known, or would lack what the submission's own lines use. What names no version gets one.
func Slim(s Source, image string) string {
	name, tag, _ := strings.Cut(image, ":")
	if tag == "" || tag == "latest" {
		tag = strings.TrimSuffix(Tag(s, name), "-slim")
	}
	m := version.FindStringSubmatch(tag)
	if m == nil || !slices.Contains(slimmed, name) || Lacking(s) != "" {
		return ""
	}
	return name + ":" + m[1] + "-slim" + m[2]
}

var (
	wants = regexp.MustCompile(
		`(?m)^\s*(?:requires-python|python|python_version)\s*=\s*["'][>=^~ ]*(3\.\d+)(?:\.[\d*]+)?["',<]`)
	compiled = regexp.MustCompile(
		`(?mi)(?:^|["'\s])(psycopg2|mysqlclient|uwsgi|python-ldap|pycairo|pygraphviz|dlib)(?:$|["'\s<>=~!;\[])|\bgit\+`)
	tools = []string{"gcc", "g++", "cc", "make", "git", "curl", "wget", "unzip", "pkg-config", "svn", "hg", "ssh",
		"mysql_config", "pg_config"}
)

// pythonOf returns the Python that a folder asks for, or empty.
func pythonOf(folder fs.FS) string {
	if m := regexp.MustCompile(`^\s*(3\.\d+)`).FindStringSubmatch(Text(folder, ".python-version")); m != nil {
		return m[1]
	}
	for _, name := range []string{"pyproject.toml", "Pipfile"} {
		if m := wants.FindStringSubmatch(Text(folder, name)); m != nil {
			if older := regexp.MustCompile(`^3\.(?:\d|10|11)$`).MatchString(m[1]); older &&
				strings.Contains(m[0], ">=") {
				return "" // any newer will do
			}
			return m[1]
		}
	}
	return ""
}

// Lacking returns what the lines of the Dockerfile use and a slim image has not: a program that
// none of them installs, or a package that is compiled; or empty.
func Lacking(s Source) string {
	for _, name := range []string{"requirements.txt", "pyproject.toml", "Pipfile"} {
		if m := compiled.FindStringSubmatch(Text(s.FS(), name)); m != nil {
			return cmp.Or(m[1], "git")
		}
	}
	file, err := s.Dockerfile()
	if err != nil {
		return ""
	}
	var used []string
	installed := ""
	for _, stage := range file.Stages {
		for _, in := range stage.Instructions {
			if in.Name != "RUN" && in.Name != "HEALTHCHECK" && in.Name != "CMD" && in.Name != "ENTRYPOINT" {
				continue
			}
			if in.Name == "HEALTHCHECK" && strings.Contains(in.Text, "curl ") {
				used = append(used, "curl")
			}
			for _, c := range in.Commands() {
				switch {
				case c.Installs() && !c.Pip():
					installed += strings.Join(c.Args, " ") + " "
				case slices.Contains(tools, c.Program):
					used = append(used, c.Program)
				}
			}
			if m := compiled.FindStringSubmatch(in.Text); m != nil {
				used = append(used, m[1])
			}
		}
	}
	if i := slices.IndexFunc(used, func(program string) bool { return !strings.Contains(installed, program) }); i >= 0 {
		return used[i]
	}
	return ""
}
