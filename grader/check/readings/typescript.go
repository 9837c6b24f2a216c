package readings

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// typescript are the words of tsc, of eslint and of Nest's and Prisma's commands.
var typescript = tool{name: "typescript", entries: []entry{
	on("no-types", `(?m)^(\S+\.[cm]?tsx?)(?:\((\d+),\d+\)|:(\d+):\d+) ?[:-] error TS(?:7016|2580|2582|2591|2688): `+
		`[^\n]*?'([\w@/.-]+)'`, "", "").first().with(noTypes),
	on("no-inputs", `error TS18003: No inputs were found in config file[^\n]*?paths were '\[([^\]]*)\]'`, "",
		"").with(noInputs),
	on("no-config", `tsc: The TypeScript Compiler - Version|error TS5(?:057|058|083): [^\n]*`, "", "").with(func(
		s *Scene, _ []string, h *check.Hint) bool {
		if found := s.named("tsconfig.json"); len(found) > 0 &&
			s.notCopied(found[0], inside(s.workdir(), "tsconfig.json"), h) {
			h.Cause = "tsc finds no tsconfig.json. " + h.Cause
			return true
		}
		h.Cause, h.Advice = "tsc finds no tsconfig.json at this step.", "Hand one in, as npx tsc --init makes it."
		return true
	}),
	on("local", `(?m)^(\S+\.[cm]?tsx?)(?:\((\d+),\d+\)|:(\d+):\d+) ?[:-] error TS2307: Cannot find module `+
		`'(\.{1,2}/[^'\n]+)'`, "", "").first().with(noLocal),
	on("bundler", `Could not resolve "(\.{1,2}/[^"\n]+)" from "([^"\n]+)"`, "", "").first().with(func(s *Scene,
		m []string, h *check.Hint) bool {
		p, _ := s.grepIn(s.own(inside(s.workdir(), m[2])), regexp.MustCompile(regexp.QuoteMeta(m[1])))
		return p.file != "" && noLocal(s, []string{m[0], m[2], fmt.Sprint(p.line), "", m[1]}, h)
	}),
	on("type", `(?m)^(\S+\.[cm]?tsx?)(?:\((\d+),\d+\)|:(\d+):\d+) ?[:-] error TS\d+: ([^\n]*)`, "", "").first().with(
		func(s *Scene, m []string, h *check.Hint) bool {
			if strings.HasPrefix(m[4], "Cannot find module") {
				return false // a package
			}
			h.Cause = fmt.Sprintf("TypeScript finds a mistake in %s, line %s: %s.", m[1], m[2]+m[3],
				strings.TrimSuffix(short(m[4]), "."))
			if p, ok := s.lineOf(s.own(inside(s.workdir(), m[1])), m[2]+m[3]); ok {
				h.Cause += fmt.Sprintf(" The line is `%s`.", p.code())
			}
			h.Advice = "Correct that line, so that npm run build ends well at home."
			return true
		}),
	on("eslint", `(?m)^(/\S+)\n(?:\s+\d+:\d+\s+warning[^\n]*\n)*(?P<line>\s+(\d+):\d+\s+error\s+([^\n]+?)`+
		`(?:\s{2,}(\S+))?$)`, "", "").first().with(func(s *Scene, m []string, h *check.Hint) bool {
		name := m[1]
		if own := s.own(name); own != "" {
			name = own
		}
		h.Cause = fmt.Sprintf("ESLint refuses %s, line %s: %s", name, m[3], strings.TrimSuffix(short(m[4]), "."))
		if m[5] != "" {
			h.Cause += " (" + m[5] + ")"
		}
		h.Cause += "."
		h.Advice = "Correct it, or leave the step with eslint out of the build."
		return true
	}),
	on("eslint-of-react", `(?m)^(\S+\.[cm]?[jt]sx?)\n(?P<line>\s+Line (\d+):\d+:\s+([^\n]+?)\s*$)`, "",
		"").first().with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("ESLint refuses %s: %s", strings.TrimSuffix(s.lineSaid(m[1], m[3]), ","),
			strings.Join(strings.Fields(m[4]), " "))
		h.Advice = "Correct it; with CI=true a warning ends the build, too."
		return true
	}),
	on("style", `(?m)^would reformat (?:/app/)?(\S+)$|^\[warn\] (\S+\.\w+)$`, "", "").first().with(func(s *Scene,
		m []string, h *check.Hint) bool {
		file := m[1] + m[2]
		if own := s.own(inside(s.workdir(), file)); own != "" {
			file = own
		}
		h.Cause = fmt.Sprintf("The step asks whether the files are written in one style, and %s is not.", file)
		h.Advice = "Run the same at home without --check, and hand in what it changes; or leave the step out of the " +
			"build."
		return true
	}),
	on("alias", `Cannot find (?:module|package) '((?:@|~)/[^'\n]*)'`,
		`The program imports $1, and Node knows no such name.`, `Import it by its path, from the file on.`).with(func(
		s *Scene, m []string, h *check.Hint) bool {
		if p, _ := s.grepIn("tsconfig.json", regexp.MustCompile(`"paths"`)); p.file != "" {
			h.Cause = fmt.Sprintf("The program imports %s, a name that tsc alone knows, by the paths of %s: Node does "+
				"not.", m[1], p)
			h.Advice = "Import it by its path, or let tsc-alias write the paths after tsc."
		}
		return true
	}),
	on("jest", `(?m)^\s+● (?P<line>[^\n]+)\n\n\s+([^\n]+)`, `The test $1 fails: $2`,
		`Correct the program or the test, or leave the tests out of the build.`).first().with(func(s *Scene, m []string,
		h *check.Hint) bool {
		if place := regexp.MustCompile(`\(([\w./-]+\.[cm]?[jt]sx?):(\d+):\d+\)`).FindStringSubmatch(
			s.log); place != nil {
			h.Cause = fmt.Sprintf("%s: the test %q fails: %s", strings.TrimSuffix(s.lineSaid(place[1], place[2]), ","),
				m[1], short(m[2]))
		}
		return true
	}),
	on("eslint-config", `ESLint couldn't find (?:an eslint\.config|a configuration file)[^\n]*`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Cause = "ESLint finds no eslint.config.js at this step."
		h.Advice = "Hand one in, and COPY it before this step."
		if found := s.named("eslint.config.js"); len(found) > 0 && s.notCopied(found[0],
			inside(s.workdir(), "eslint.config.js"), h) {
			return true
		}
		for _, name := range []string{".eslintrc.json", ".eslintrc.js", ".eslintrc.cjs", ".eslintrc.yml", ".eslintrc"} {
			if s.has(name) {
				h.Cause = fmt.Sprintf("The folder has %s, and ESLint reads eslint.config.js alone since version 9.",
					name)
				h.Advice = "Write it as eslint.config.js, or ask for eslint ^8.57.0 in package.json."
				if p, ok := s.dependency("eslint"); ok && !s.has("package-lock.json") {
					h.Edit = p.replace(regexp.MustCompile(`("eslint"\s*:\s*)"[^"]*"`), `${1}"^8.57.0"`)
				}
			}
		}
		return true
	}),
	on("prisma-schema", `Could not find Prisma Schema[^\n]*|Could not load .--schema. from provided path[^\n]*`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		found := s.named("schema.prisma")
		if len(found) == 0 {
			h.Cause, h.Advice = "Prisma finds no schema.prisma, and the folder has none.", "Hand it in, in prisma/."
			return true
		}
		if !s.notCopied(found[0], inside(s.workdir(), found[0]), h) {
			h.Cause, h.Advice = fmt.Sprintf("Prisma looks in prisma/schema.prisma, and the schema is %s.", found[0]),
				fmt.Sprintf("Add --schema %s.", found[0])
			return true
		}
		h.Cause = "Prisma finds no schema.prisma. " + h.Cause
		if dir := path.Dir(found[0]); h.Edit != nil && dir != "." {
			h.Edit = s.above(false, "COPY "+dir+" ./"+dir)
		}
		return true
	}),
	on("prisma-openssl", `Prisma failed to detect the libssl/openssl version[^\n]*|Prisma engines do not seem to be `+
		`compatible[^\n]*|could not locate the Query Engine for runtime[^\n]*`,
		`Prisma's engine needs OpenSSL, which the image has not, or not the one for which it was generated.`,
		`Install openssl above the line that runs prisma generate or npm install.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		debian, alpine := s.system()
		by := map[bool]string{true: "RUN apt-get update && apt-get install -y --no-install-recommends openssl"}[debian]
		if alpine {
			by = "RUN apk add --no-cache openssl"
		}
		if by != "" && !strings.Contains(strings.Join(s.File.Lines, "\n"), "openssl") {
			h.Advice = "Install it before the client is generated."
			h.Edit = &check.Edit{File: s.File.Name, Line: s.File.Final().Line, New: by}
		}
		return true
	}),
	on("nest-dependency", `Nest can't resolve dependencies of the (\w+) \([^)]*\)[^\n]*?argument "?(\w+)"? at index `+
		`\[\d+\] is available in the (\w+)`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		at := ""
		if p, _ := s.grep(regexp.MustCompile(`\bclass `+m[3]+`\b`), ".ts"); p.file != "" {
			at = " (" + p.file + ")"
		}
		h.Cause = fmt.Sprintf("%s wants %s, and %s%s does not provide it.", m[1], m[2], m[3], at)
		h.Advice = fmt.Sprintf("Name %s in the providers of %s, or import the module that exports it.", m[2], m[3])
		return true
	}),
}}

// noTypes says which package's types tsc wants that package.json does not name.
func noTypes(s *Scene, m []string, h *check.Hint) bool {
	line, name := m[2]+m[3], m[4]
	wants := "@types/" + strings.ReplaceAll(strings.TrimPrefix(name, "@"), "/", "__")
	switch {
	case slices.Contains([]string{"process", "require", "module", "__dirname", "Buffer", "console", "node"}, name):
		wants = "@types/node"
	case slices.Contains([]string{"describe", "it", "test", "expect", "jest"}, name):
		wants = "@types/jest"
	}
	h.Cause = fmt.Sprintf("%s, line %s, uses %s, and its types are not installed: package.json does not name %s.",
		m[1], line, name, wants)
	h.Advice = fmt.Sprintf("Run npm install --save-dev %s, and hand in what that changes.", wants)
	if p, ok := s.dependency(wants); ok {
		h.Cause = fmt.Sprintf("%s, line %s, uses %s, and its types are not installed; %s, names %s.", m[1], line, name,
			p, wants)
		h.Advice = "Install the devDependencies, too, in the stage that builds."
	}
	return true
}

// noInputs says that tsc has no file to read, since none was copied before it.
func noInputs(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("tsc finds no file at this step that tsconfig.json names: %s.",
		strings.ReplaceAll(m[1], `"`, ""))
	h.Advice = "COPY them before this step, or name them in tsconfig.json as they lie."
	brought := slices.Collect(maps.Values(s.earlier()))
	for _, file := range s.files() {
		dir, _, below := strings.Cut(file, "/")
		if below && path.Ext(file) == ".ts" && strings.Contains(m[1], dir) && !slices.Contains(brought, file) {
			h.Cause += fmt.Sprintf(" No COPY before it brings %s in.", dir)
			h.Edit = s.above(false, "COPY "+dir+" ./"+dir)
			if h.Edit != nil {
				h.Advice = ""
			}
			return true
		}
	}
	return true
}

// noLocal says which file an import means that tsc does not find.
func noLocal(s *Scene, m []string, h *check.Hint) bool {
	file := s.own(inside(s.workdir(), m[1]))
	p, ok := s.lineOf(file, m[2]+m[3])
	if !ok {
		return false
	}
	h.Cause = fmt.Sprintf("%s, imports %s, and there is no such file beside it.", p, m[4])
	h.Advice = "Check its name, capital letters too, and that COPY brings it in."
	dir := path.Join(path.Dir(file), path.Dir(m[4]))
	brought := slices.Collect(maps.Values(s.earlier()))
	var names []string
	for _, other := range s.files() {
		end := strings.TrimSuffix(path.Base(other), path.Ext(other))
		if path.Dir(other) != dir || !slices.Contains([]string{".ts", ".tsx", ".js", ".jsx", ".vue", ".json"},
			path.Ext(other)) {
			continue
		}
		if path.Ext(m[4]) != "" {
			end = path.Base(other)
		}
		if end == path.Base(m[4]) && !slices.Contains(brought, other) {
			return s.notCopied(other, inside(s.workdir(), other), h)
		}
		names = append(names, end)
	}
	if near := option.Suggest(path.Base(m[4]), names); near != "" {
		h.Cause = fmt.Sprintf("%s, imports %s; the file is called %s.", p, m[4], near)
		h.Advice = "Import it by its own name."
		h.Edit = p.replace(regexp.MustCompile(`(["'])`+regexp.QuoteMeta(m[4])+`["']`),
			"${1}"+strings.TrimSuffix(m[4], path.Base(m[4]))+near+"${1}")
	}
	return true
}
