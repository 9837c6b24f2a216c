package readings

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// compilers are the words of builds of packages from their source. pip, uv and poetry all show
// them.
var compilers = tool{name: "compilers", entries: []entry{
	on("no-compiler",
		`(?:\[Errno 2\] No such file or directory: '\S*(?:gcc|g\+\+|cc|clang)'|command '\S*(?:gcc|g\+\+|cc|`+
			`clang)' failed: No such file or directory|unable to execute '\S*(?:gcc|g\+\+|cc|clang)'|\b(?:gcc|cc|`+
			`g\+\+|clang|make|cmake): (?:command )?not found|Unknown compiler\(s\))`,
		"", "").with(compiled("the image has no compiler")),
	on("header-missing", `fatal error: (\S+\.h): No such file or directory`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		return compiled("the header "+m[1]+" is missing")(s, m, h)
	}),
	on("no-rust",
		`(?:can't find Rust compiler|Cargo, the Rust package manager, is not installed|cargo: (?:command )?not found|`+
			`rustc: (?:command )?not found)`, "", "").
		with(compiled("the image has no Rust compiler")),
	on("too-old-for-tools",
		`(?:AttributeError: (?:'build_ext' object has no attribute 'cython_sources'|cython_sources)|`+
			`AttributeError: module '(?:pkgutil|collections|inspect|configparser|imp)' has no attribute '\w+'|`+
			`ModuleNotFoundError: No module named '(?:distutils|imp|pkg_resources|setuptools)|use_2to3 is invalid|`+
			`error in \S+ setup command|AttributeError: install_layout)`,
		"", "").with(compiled("its setup is older than today's Python and tools")),
	on("command-failed", `error: command '(\S+)' failed with exit (?:code|status) \d+`, "",
		"").with(compiled("the compiler ended with an error, as code that is older than this Python does")),
	on("build-failed",
		"(?:Failed to build ['`]?|Failed building wheel for |Building wheel for |Could not build wheels for |ERROR: "+
			"Failed to build installable wheels for some pyproject\\.toml based projects "+
			"\\()([A-Za-z][\\w.-]*)", "", "").with(compiled("that failed")),
	on("metadata-failed", `(?:metadata-generation-failed|subprocess-exited-with-error)`, "",
		"").with(compiled("its own setup failed")),
}}

// slimmer returns the line that begins the step's image with -slim in place of -alpine; nil where
// that is not plain.
func (s *Scene) slimmer() *check.Edit {
	if strings.Contains(strings.Join(s.File.Lines, "\n"), "apk ") {
		return nil
	}
	for i, line := range s.File.Lines {
		p := place{s.File.Name, i + 1, line}
		if e := p.replace(regexp.MustCompile(`(?i)^(\s*FROM\s+\S*python:[\d.]*\d)-alpine[\d.]*`),
			"${1}-slim"); e != nil {
			return e
		}
	}
	return nil
}

// isProject reports whether a name is that of the folder's own project.
func (s *Scene) isProject(name string) bool {
	p, ok := s.inProject(regexp.MustCompile(`^\s*name\s*=\s*["']`))
	if !ok {
		p, _ = s.grep(regexp.MustCompile(`\bname\s*=\s*["'][\w.-]+["']`), ".py")
		ok = path.Base(p.file) == "setup.py"
	}
	m := regexp.MustCompile(`name\s*=\s*["']([^"']+)["']`).FindStringSubmatch(p.text)
	return ok && m != nil && canonical(m[1]) == canonical(name)
}

// askedBy returns the line of a list by which pip came to a package that no list names, and what
// that line asks for.
func (s *Scene) askedBy(name string) (by place, asks string, ok bool) {
	for _, m := range regexp.MustCompile(`Collecting ([\w.-]+)[^\n(]*\(from `+
		`([^\n]*)\)`).FindAllStringSubmatch(s.log, -1) {
		if canonical(m[1]) != canonical(name) {
			continue
		}
		chain := strings.Split(m[2], "->")
		for _, link := range chain {
			got := regexp.MustCompile(`^([A-Za-z][\w.-]*)`).FindStringSubmatch(strings.TrimSpace(link))
			if got == nil {
				continue
			}
			if p, found := s.requires(got[1]); found {
				return p, got[1], true
			}
		}
	}
	return place{}, "", false
}

var builds = regexp.MustCompile(
	"(?:Failed to build [`']?|Failed building wheel for |Building wheel for |Could not build wheels for |Unable to " +
		"install |Note: This error originates from the build backend, and is likely not a problem with poetry but " +
		"(?:with|one of the following issues with) )([A-Za-z][\\w.-]*)(?:(?:==| \\()([\\w.]+)\\)?)?")

// sourceOnly are packages of which the index has no wheels for Linux, in whatever version, and what to take.
var sourceOnly = map[string]string{
	"psycopg2":    "Take psycopg2-binary in its place, which is the same with a wheel.",
	"mysqlclient": "Take PyMySQL in its place, with mysql+pymysql:// before its address.",
	"uwsgi":       "Take gunicorn in its place, and in CMD.",
}

// compiled returns which package has no wheel for this Python, and why it could not be built.
func compiled(why string) func(*Scene, []string, *check.Hint) bool {
	return func(s *Scene, _ []string, h *check.Hint) bool {
		name, version := "", ""
		for _, m := range builds.FindAllStringSubmatch(s.log, -1) {
			if !slices.Contains([]string{"file", "installable", "some", "wheel", "wheels"}, m[1]) {
				name, version = m[1], m[2]
			}
		}
		if name == "" {
			if m := regexp.MustCompile(`(?m)^\s*(?:╰─>|╰─▶)\s*([A-Za-z][\w.-]*)\s*$`).FindStringSubmatch(
				s.log); m != nil {
				name = m[1]
			}
		}
		if name == "" || s.isProject(name) {
			return false
		}
		what := name
		p, ok := s.requires(name)
		if !ok {
			if by, asks, found := s.askedBy(name); found {
				h.Cause = fmt.Sprintf("%s, asks for %s, which needs %s; that has no wheel for this Python and is "+
					"compiled here; %s.", by, asks, strings.TrimSpace(name+" "+version), why)
				h.Advice = fmt.Sprintf("Take a newer version of %s.", asks)
				if h.Edit = s.pin(asks, asks); h.Edit != nil {
					h.Advice = "Let a version be taken that fits this Python."
				}
				return true
			}
		}
		if ok {
			if m := regexp.MustCompile(`==\s*([\w.]+)`).FindStringSubmatch(p.text); m != nil && version == "" {
				version = m[1]
			}
		}
		if version != "" {
			what += " " + version
		}
		if ok {
			what += " (" + p.String() + ")"
		}
		h.Cause = fmt.Sprintf("%s has no wheel for this Python and is compiled here; %s.", what, why)
		if by, never := sourceOnly[strings.ToLower(name)]; never {
			h.Cause = fmt.Sprintf("%s has no wheels for Linux and is compiled here; %s.", what, why)
			if h.Advice = by; strings.EqualFold(name, "psycopg2") {
				h.Edit = s.pin(name, "psycopg2-binary")
			}
			return true
		}
		h.Advice = fmt.Sprintf("Take a newer version of %s, which has a wheel for this Python.", name)
		if debian, alpine := s.system(); ok && !strings.ContainsAny(p.text, "<=>~") &&
			(alpine || debian && strings.Contains(why, "no compiler")) {
			// the newest was taken already
			h.Advice = "Install a compiler and the headers before it."
			if debian {
				h.Edit = s.above(true, "RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev")
			}
			if from := s.slimmer(); alpine {
				h.Advice = "Begin with a -slim image, for which more wheels are made, or install a compiler and the " +
					"headers with apk before it."
				h.Edit = from
			}
			return true
		}
		if ok && version != "" && strings.Contains(p.text, "==") {
			h.Edit = s.pin(name, name+">="+version)
			if h.Edit != nil {
				h.Advice = fmt.Sprintf("Let a newer version of %s, which has a wheel for this Python, be taken.", name)
			}
		}
		return true
	}
}
