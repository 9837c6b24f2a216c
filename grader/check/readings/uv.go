package readings

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

var uv = tool{name: "uv", wraps: true, entries: []entry{
	on("requirements-missing", "error: File not found: `?([^`\n]+)`?", "", "").with(requirementsMissing),
	on("fetched-at-start",
		"(?s)(?:error|cause): Failed to (?:download|fetch):? `?(?:https?://\\S+/)?([\\w.-]+(?:==[\\w.]+)?).*", "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if !s.started {
			return false
		}
		return fetchedAtStart(s, m[1], h)
	}),
	on("cache-not-writable", "Failed to initialize cache at `?([^\\s`]+)`?",
		`uv keeps a cache at $1, and the user that the program runs as may not write there.`,
		`Let it do without: start the program by its own name from .venv, or set UV_NO_CACHE.`).with(func(s *Scene,
		_ []string, h *check.Hint) bool {
		h.Edit = s.above(false, "ENV UV_NO_CACHE=1")
		if h.Edit != nil {
			h.Advice = "Let it do without."
		}
		return true
	}),
	on("python-too-wide", "The `requires-python` value \\(([^)]+)\\) includes Python versions that are not "+
		"supported by your "+
		"dependencies \\(e\\.g\\., (\\S+) only supports ([^)]+)\\)", "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		h.Cause = fmt.Sprintf("requires-python says %s, and %s runs on Python %s alone.", m[1], m[2], m[3])
		h.Advice = fmt.Sprintf("Write requires-python = %q.", m[3])
		if p, ok := s.inProject(regexp.MustCompile(`^\s*requires-python\s*=`)); ok {
			h.Cause = fmt.Sprintf("%s, says that the project runs on Python %s, and %s runs on Python %s alone.", p,
				m[1], m[2], m[3])
			h.Advice = "Say no more than that."
			h.Edit = p.replace(regexp.MustCompile(`"[^"]*"`), `"`+m[3]+`"`)
		}
		return true
	}),
	on("version-unknown", `(?i)Because there (?:is|are) no versions? of ([^\s,]+?),? and`, "",
		"").with(uvRequirement("the index has no such version")),
	on("package-unknown",
		`(?:[Bb]ecause|and) (\S+) was not found in the (?:package registry|cache|provided package locations)`, "",
		"").with(uvRequirement("")),
	on("version-too-new", `[Bb]ecause only (?:the following versions of \S+ are available: )?(.+?) (?:(?:is|are) `+
		`available )?and .+? (?:depends? on|requires?) (\S+?),(?: |$)`,
		`No package satisfies $2: only $1 is available.`, `Ask for a version that there is.`).with(func(s *Scene,
		m []string, h *check.Hint) bool {
		var all []string
		for _, v := range regexp.MustCompile(`[<=]=([\d.]+)`).FindAllStringSubmatch(m[1], -1) {
			all = append(all, v[1])
		}
		if parts := specifier.FindStringSubmatch(m[2]); parts != nil && len(all) > 0 {
			if p, ok := s.requires(parts[1]); ok {
				h.Cause = fmt.Sprintf("%s, asks for %s: only %s is available.", p, m[2], m[1])
			}
			h.Edit = s.pin(parts[1], parts[1]+parts[2]+fitting(parts[3], all))
		}
		return true
	}),
	on("python-too-old", `[Bb]ecause the requested Python version \(([^)]*)\) does not satisfy (Python\S+)`,
		`The dependencies want $2, and the project says $1.`,
		`Make requires-python in pyproject.toml fit what the dependencies want, or take older versions of them.`),
	on("python-not-there", `No interpreter found for (Python ?[^\n]*?\d[\w.,<>=]*)`, "", "").with(pythonAsked),
	on("python-incompatible",
		`(?:The (?:requested|Python request|current) [^\n]*?Python ?(?:version|interpreter)[^\n]*?|`+
			`The Python request from [^\n]*?)(?:incompatible with|resolved to[^\n]*?incompatible with|`+
			`does not satisfy)[^\n]*?(?:requires-python|Python requirement)[^\n]*?([<>=~!]=?\s?[\d.]+)`, "",
		"").with(pythonAsked),
	on("unsatisfiable", `(Because [^×]+? unsatisfiable)`, `$1.`,
		`Two of these do not go together: loosen the version of one.`),
	on("lock-missing", "Unable to find lockfile at `?([\\w./-]+)`?", "", "").with(lockMissing("uv.lock", "uv lock")),
	on("lock-stale", "(?:lockfile at `?([\\w./-]+)`? needs to be updated|The lockfile needs to be updated)",
		`uv.lock is older than pyproject.toml.`, `Run uv lock, and hand in the new uv.lock; or let this step bring it `+
			`up to date.`).with(without(`\s--(?:locked|frozen)\b`)),
	on("no-project", "No `?pyproject\\.toml`? found in", "", "").with(func(s *Scene, _ []string, h *check.Hint) bool {
		if found := s.named("pyproject.toml"); len(found) > 0 {
			return s.notCopied(found[0], inside(s.workdir(), "pyproject.toml"), h)
		}
		h.Cause, h.Advice = "uv sync installs what pyproject.toml says, and the folder has none.",
			"Make one with uv init and uv add, and hand it in."
		if s.has("requirements.txt") {
			h.Advice = "Install requirements.txt instead, with uv pip install --system -r requirements.txt."
			if by := "uv pip install --system -r requirements.txt"; true {
				h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`uv sync(?:\s+--[\w-]+)*`), by)
			}
			if h.Edit != nil {
				h.Advice = "Install requirements.txt instead."
			}
		}
		return true
	}),
	on("file-missing", "File not found:? `([\\w./-]+)`", "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		return requirementsMissing(s, m, h)
	}),
	on("no-venv", `No virtual environment found`, `uv pip install wants a virtual environment, and there is none.`,
		`Let it install into the image's own Python.`).
		with(func(s *Scene, _ []string, h *check.Hint) bool {
			h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`uv pip (install|sync)\b`), "uv pip ${1} --system")
			return true
		}),
	on("project-alone", "(?:Unable to determine which files to ship|Expected a Python module at:? `?([^\\s`]+))", "",
		"").with(projectAlone),
	on("readme-missing", `(?:Readme file does not exist|failed to open file `+"`?[^\\s`]*README[^\\s`]*`?"+
		`|README[\w.]*[^\n]*(?:does not exist|No such file))`,
		`pyproject.toml names a readme, which is not in the image at this step: building the project itself needs it.`,
		`COPY it before this step, or leave the project itself out.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\buv sync\b`), "uv sync --no-install-project")
		return h.Edit != nil || s.Step != nil
	}),
	on("lacks-field", "required `project\\.(\\w+)` field is not set", "", "").with(lacksField),
	on("not-toml",
		"(?:Failed to parse|Invalid "+
			"TOML)[^\\n]*?`?(pyproject\\.toml|uv\\.lock|uv\\.toml|[\\w./-]+\\.txt)`?.*?(?:line|:) ?(\\d+)",
		`$1 cannot be read, from line $2 on.`, `Write line $2 of $1 as the format wants it.`).with(func(s *Scene,
		m []string, h *check.Hint) bool {
		words := ""
		if got := regexp.MustCompile(`(?m)^\s*\|\s*\^+\s*\n\s*([^\n]+)`).FindAllStringSubmatch(s.log, -1); got != nil {
			words = got[len(got)-1][1]
		} else if got := regexp.MustCompile(`Invalid TOML file \S+: ([^\n]*?) at ` +
			`line`).FindStringSubmatch(s.log); got != nil {
			words = got[1]
		}
		brokenTOML(s, m[1], m[2], words, h)
		return true
	}),
	on("no-such-extra", "[Ee]xtra `?([\\w-]+)`? is not defined", `pyproject.toml defines no extra $1.`,
		`Take the option for it out, or define it below [project.optional-dependencies].`).with(func(s *Scene,
		m []string,
		h *check.Hint) bool {
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\s--extra[ =]`+regexp.QuoteMeta(m[1])+`\b`), "")
		return true
	}),
	on("path-not-there", `Distribution not found at: (?:file://)?(\S+)`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		h.Cause = fmt.Sprintf("A dependency is to come from the folder %s, and the image has none.", m[1])
		h.Advice = "COPY it in before this step, or name a package of the index."
		if p, ok := s.inProject(regexp.MustCompile(`\bpath\s*=\s*["'][^"']*` +
			regexp.QuoteMeta(path.Base(m[1])) + `/?["']`)); ok {
			h.Cause = fmt.Sprintf("%s, takes a dependency from a path, which is %s in the image, and there is none: "+
				"`%s`.", p, m[1],
				p.code())
			if strings.Contains(p.text, "../") {
				h.Advice = "Docker copies only what is in the folder of the Dockerfile: put it there, COPY it " +
					"before this " +
					"step, and name it without the two dots."
			}
		}
		return true
	}),
	on("unreadable", "(?m)^(?:error: |\\s*(?:cause|Caused by): )Failed to parse:? `?([^`\\n]+)`?", `$1 cannot be read.`,
		`Write $1 as its format wants it.`),
	on("no-such-group", "[Gg]roup `?([\\w-]+)`? is not defined", `pyproject.toml defines no group $1.`,
		`Take the option for that group out, or define it.`),
	on("no-such-option", `error: unexpected argument '([^']+)' found`, `uv has no option $1 here.`,
		`Write it as uv help lists it.`),
	on("spawn", "(?m)Failed to spawn: `?([^`\\n]+?)`?$", "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		return notInPath(s, m[1], h)
	}),
	on("hash", `Hash mismatch for`, `A package that was fetched is not the one whose hash is written down.`,
		`Run uv lock anew, and hand in the new uv.lock.`),
	on("needs-git", `Git executable not found`,
		`A dependency is fetched with git, and the image has no git at this step.`,
		`Install git with apt-get before it, or name the package by a version that the index has.`),
	on("no-solution", `No solution found when resolving dependencies`, `The dependencies do not go together.`,
		`Check names and versions of the dependencies.`),
}}

// uvRequirement returns of a requirement that nothing satisfies where it stands.
func uvRequirement(why string) func(*Scene, []string, *check.Hint) bool {
	return func(s *Scene, m []string, h *check.Hint) bool {
		parts := specifier.FindStringSubmatch(strings.TrimRight(m[1], ".,"))
		if parts == nil {
			return false
		}
		if why == "" {
			return notFound(s, []string{m[0], parts[0], ""}, h)
		}
		at := ""
		p, ok := s.requires(parts[1])
		if ok {
			at = " (" + p.String() + ")"
		}
		h.Cause, h.Advice = fmt.Sprintf("No package satisfies %s%s: %s.", parts[0], at, why),
			"Ask for a version that there is, or for none in particular."
		if ok && parts[3] != "" {
			if h.Edit = s.pin(parts[1], parts[1]+parts[2]); h.Edit != nil {
				h.Advice = "Let the newest be taken."
			}
		}
		return true
	}
}

var (
	versionOf    = regexp.MustCompile(`\d+\.\d+`)
	wholeVersion = regexp.MustCompile(`\d+\.\d+(\.\d+)?`)
)

// pythonAsked says who asks for a Python that the image has not.
func pythonAsked(s *Scene, m []string, h *check.Hint) bool {
	asked := strings.TrimSpace(m[1])
	h.Cause = fmt.Sprintf("The project asks for %s, which the image does not have.", pythonName(asked))
	h.Advice = "Ask for the Python that the base image has."
	version := versionOf.FindString(asked)
	if version == "" {
		return true
	}
	written := regexp.MustCompile(regexp.QuoteMeta(version) + `(\.\d+)?`)
	if p, ok := s.asksPython("python", written); ok {
		h.Cause = fmt.Sprintf("%s, asks for %s, which the image does not have.", p, pythonName(asked))
		if have := s.python(); have != "" && have != version {
			h.Edit = p.replace(written, have)
		}
	}
	return true
}

// pythonFetched says who asks for a Python that uv would have fetched.
func pythonFetched(s *Scene, m []string, h *check.Hint) bool {
	tried := fmt.Sprintf("uv tried to fetch Python %s, and could not.", m[1])
	h.Cause = "The image lacks the Python that is asked for; " + tried
	h.Advice = "Ask for the Python that the base image has."
	if p, ok := s.asksPython("requires-python", wholeVersion); ok {
		h.Cause = fmt.Sprintf("%s, asks for a Python that the image lacks; %s", p, tried)
		if have := s.python(); have != "" {
			h.Edit = p.replace(wholeVersion, have)
		}
	}
	return true
}

// asksPython returns the line by which the project asks for a Python of such a version: of
// .python-version, or of pyproject.toml, where it has the key.
func (s *Scene) asksPython(key string, version *regexp.Regexp) (place, bool) {
	for _, name := range []string{".python-version", "pyproject.toml"} {
		for i, line := range s.lines(name) {
			if version.MatchString(line) && (name == ".python-version" || strings.Contains(line, key)) {
				return place{name, i + 1, line}, true
			}
		}
	}
	return place{}, false
}

func pythonName(asked string) string {
	if strings.HasPrefix(asked, "Python") {
		return asked
	}
	return "Python " + asked
}

// python returns the version of Python that the log or the base image speaks of, or empty.
func (s *Scene) python() string {
	if m := regexp.MustCompile(
		`(?:Using C?Python |Current Python version \(|but you are using |interpreter at \S*python|` +
			`current Python version is )(\d+\.\d+)`).FindStringSubmatch(s.log); m != nil {
		return m[1]
	}
	for _, stage := range slices.Backward(s.File.Stages) {
		if m := regexp.MustCompile(`(?:^|/)python:(\d+\.\d+)|python(\d+\.\d+)`).FindStringSubmatch(
			stage.Base); m != nil {
			return m[1] + m[2]
		}
	}
	return ""
}

// lockMissing returns why there is no lock at the step.
func lockMissing(name, command string) func(*Scene, []string, *check.Hint) bool {
	return func(s *Scene, _ []string, h *check.Hint) bool {
		if found := s.named(name); len(found) > 0 {
			return s.notCopied(found[0], inside(s.workdir(), name), h)
		}
		h.Cause = fmt.Sprintf("This step wants %s, and the folder has none.", name)
		h.Advice = fmt.Sprintf("Run %s, and hand in %s; or leave out the option that asks for it.", command, name)
		if e := s.inInstruction(s.Step, regexp.MustCompile(`\s--(?:locked|frozen)\b`), ""); e != nil {
			h.Advice, h.Edit = fmt.Sprintf("Run %s, and hand in %s with a COPY of it; or do without.", command, name), e
		}
		return true
	}
}

// projectAlone reports whether a build-system is asked to make a package of a lone file.
func projectAlone(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = "pyproject.toml has a [build-system], so the project itself is built as a package, and no folder of " +
		"its name holds one."
	for i, line := range s.lines("pyproject.toml") {
		if strings.TrimSpace(line) == "[build-system]" {
			h.Cause = fmt.Sprintf(
				"pyproject.toml has a [build-system] (line %d), so the project itself is built as a package, and no "+
					"folder of its name holds one.", i+1)
		}
	}
	if s.Step != nil && !strings.Contains(s.Step.Text, "uv sync") {
		h.Advice = "Take [build-system] out of pyproject.toml, with what stands below it there."
		return true
	}
	h.Advice = "Take [build-system] out of pyproject.toml, or install the dependencies alone with --no-install-project."
	if e := s.inInstruction(s.Step, regexp.MustCompile(`\buv sync\b`), "uv sync --no-install-project"); e != nil {
		h.Advice, h.Edit = "Take [build-system] out of pyproject.toml, or install the dependencies alone.", e
	}
	return true
}

// fetchedAtStart says why uv run wants an index when the program starts.
func fetchedAtStart(s *Scene, what string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("uv run fetches %s each time that the program starts, and here there is no network.", what)
	h.Advice = "Let the build install all that it runs with: uv run --no-sync starts what is there."
	synced := false
	for _, in := range s.File.Effective() {
		for _, c := range in.Commands() {
			synced = synced || in.Name == "RUN" && c.Program == "uv" && c.Has("sync")
		}
	}
	if !synced {
		h.Cause += " No line of the Dockerfile runs uv sync."
		h.Advice = "Install in the build."
		h.Edit = s.asRoot("RUN uv sync --no-dev")
		// there an edit of the program does not repeat it
		if below := s.below("pyproject.toml", "RUN uv sync --no-dev"); below != nil {
			h.Edit = below
		}
		return true
	}
	in := s.File.Last("ENTRYPOINT")
	if cmd := s.File.Last("CMD"); in == nil || cmd != nil && strings.Contains(cmd.Text, "uv") {
		in = cmd
	}
	if e := s.inInstruction(in, regexp.MustCompile(`"uv",\s*"run",`), `"uv", "run", "--no-sync",`); e != nil {
		h.Advice, h.Edit = "The build has installed what the program needs.", e
	} else if e := s.inInstruction(in, regexp.MustCompile(`\buv run\b`), `uv run --no-sync`); e != nil {
		h.Advice, h.Edit = "The build has installed what the program needs.", e
	}
	return true
}

// poetry and pipenv.
var poetry = tool{name: "poetry", wraps: true, entries: []entry{
	on("package-not-there", `No file/folder found for package ([\w.-]+)`,
		`Poetry installs the project itself as well, and the folder holds no package $1.`,
		`Install the dependencies alone.`).with(noRoot),
	on("package-empty", `(\S+) does not contain any element`,
		`Poetry installs the project itself as well, and its package, $1, is not there at this step.`,
		`Install the dependencies alone.`).with(noRoot),
	on("readme-missing", "(?i)Readme path `?([^\\s`]+)`? does not exist",
		`Poetry installs the project itself as well, and its readme, $1, is not there at this step.`,
		`Install the dependencies alone.`).with(noRoot),
	on("python-not-allowed",
		`Current Python version \(([\d.]+)\) is not (?:allowed|supported) by the project \(([^)]+)\)`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		return poetryPython(s, m[1], m[2], h)
	}),
	on("python-unsupported",
		`(?:The currently activated Python version|Current Python version) ([\d.]+) is not (?:supported|allowed) by `+
			`the project \(([^)]+)\)`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		return poetryPython(s, m[1], m[2], h)
	}),
	on("lock-stale", `pyproject\.toml changed significantly since poetry\.lock was last generated`,
		`poetry.lock is older than pyproject.toml.`, `Run poetry lock, and hand in the new poetry.lock; or let this `+
			`step do so.`).with(poetryLocks),
	on("lock-incompatible",
		`poetry\.lock is not up to date with pyproject\.toml|The lock file is not compatible with the current `+
			`version of Poetry`, `poetry.lock does not fit pyproject.toml, or this Poetry.`,
		`Run poetry lock, and hand in the new poetry.lock; or let this step do so.`).with(poetryLocks),
	on("no-project", `Poetry could not find a pyproject\.toml file in (\S+) or its parents`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if found := s.named("pyproject.toml"); len(found) > 0 {
			return s.notCopied(found[0], inside(m[1], "pyproject.toml"), h)
		}
		h.Cause, h.Advice = "The folder has no pyproject.toml, which Poetry installs from.",
			"Hand it in, and COPY it before this step."
		return true
	}),
	on("no-export", `The command "export" does not exist`, `Poetry has export no more by itself: a plugin brings it.`,
		`Install poetry-plugin-export beside Poetry.`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		for _, stage := range s.File.Stages {
			for i, in := range stage.Instructions {
				if e := s.inInstruction(&stage.Instructions[i],
					regexp.MustCompile(`(\bpip[\d.]* install\b.*?\spoetry(?:[=<>~!]\S*)?)(\s|$)`),
					"${1} poetry-plugin-export${2}"); e != nil && in.Name == "RUN" {
					h.Advice, h.Edit = "Install that, too.", e
				}
			}
		}
		return true
	}),
	on("option-gone", `The option "(--[\w-]+)" does not exist`, `This Poetry has no option $1.`,
		`Take it out; --no-dev is --without dev today.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		by := ""
		if _, ok := s.inProject(devGroup); ok && m[1] == "--no-dev" {
			by = " --without dev"
		}
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`(poetry install.*?)\s`+regexp.QuoteMeta(m[1])+`\b`),
			"${1}"+by)
		if by != "" && h.Edit != nil {
			h.Advice = "It is called otherwise today."
		} else if h.Edit != nil {
			h.Advice = "Take it out."
		}
		return true
	}),
	on("no-such-group", `Group\(s\) not found: ([^\n(]*[^\n( ])`, `pyproject.toml has no group $1.`,
		`Take the option for that group out.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		named := regexp.MustCompile(`\s--(?:with|only|without)[ =]` + regexp.QuoteMeta(m[1]) + `\b`)
		h.Edit = s.inInstruction(s.Step, named, "")
		return true
	}),
	on("no-export", `The requested command export does not exist`,
		`poetry export is a plugin of its own since Poetry 2.`,
		`Install it beside Poetry: pip install poetry-plugin-export.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		if s.Step == nil {
			return true
		}
		for _, in := range s.before() {
			if in.Name == "RUN" && h.Edit == nil {
				h.Edit = s.inInstruction(&in, regexp.MustCompile(`(\bpip3? install\b[^&|;]*\bpoetry\b[\w.=<>~!]*)`),
					"${1} poetry-plugin-export")
			}
		}
		if h.Edit != nil {
			h.Advice = "Install it beside Poetry."
		}
		return true
	}),
	on("no-package-name", `\[tool\.poetry\.name\] is required in package mode`,
		`pyproject.toml names no package, and Poetry takes the project for one.`,
		`Say that it is none, with package-mode = false below [tool.poetry].`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		lines := s.lines("pyproject.toml")
		if at := slices.Index(lines, "[tool.poetry]"); at >= 0 {
			h.Edit = &check.Edit{File: "pyproject.toml", Line: at + 1, New: "package-mode = false"}
		} else if len(lines) > 0 {
			h.Edit = &check.Edit{File: "pyproject.toml", New: "[tool.poetry]\npackage-mode = false"}
		}
		h.Advice = "Say that it is none."
		return true
	}),
	on("no-script", `Command not found: (\S+)`, `poetry run finds no program $1.`,
		`Write the program itself behind poetry run, and install what brings it.`).with(func(s *Scene, m []string,
		h *check.Hint) bool {
		if _, named := s.requires(m[1]); named || !s.started {
			return true
		}
		h.Cause = fmt.Sprintf("poetry run finds no program %s, and pyproject.toml has no script of that name.", m[1])
		if command, in := s.Command(), s.commandInstruction(); command != "" && in != nil {
			h.Advice, h.Edit = "Start the server.", check.EditOf(s.File.Name, s.File.Change(*in, command))
		}
		return true
	}),
	on("key-twice", `Invalid TOML file (\S+): Key "([^"\n]+)" already exists`, `$1 has $2 twice.`,
		`Keep one of the two.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		var all []place
		for i, line := range s.lines("pyproject.toml") {
			if regexp.MustCompile(`^\s*["']?` + regexp.QuoteMeta(m[2]) + `["']?\s*=`).MatchString(line) {
				all = append(all, place{"pyproject.toml", i + 1, line})
			}
		}
		if len(all) == 2 {
			h.Cause = fmt.Sprintf("%s, has %s, and so has line %d.", all[1], m[2], all[0].line)
			h.Advice, h.Edit = "Keep one of the two.", all[1].without()
		}
		return true
	}),
	on("no-such-setting", `(?:Setting (\S+) does not exist|There is no (\S+) setting)`, `Poetry has no setting $1$2.`,
		`Write it as poetry config --list has it.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if near := nearest(m[1]+m[2], []string{"virtualenvs.create", "virtualenvs.in-project", "virtualenvs.path",
			"installer.parallel", "installer.max-workers", "cache-dir", "virtualenvs.options.no-pip",
			"virtualenvs.options.always-copy"}); near != "" {
			h.Advice = fmt.Sprintf("Is %s meant?", near)
			h.Edit = s.inStep(m[1]+m[2], near)
		}
		return true
	}),
	on("not-toml", `Invalid TOML file (\S+): ([^\n]*?) at line (\d+)`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		return brokenTOML(s, m[1], m[3], m[2], h)
	}),
	on("invalid", `The Poetry configuration is invalid:?\s*([^\n]*)`, `pyproject.toml is not as Poetry wants it: $1`,
		`Run poetry check, and change what it names.`),
	on("version-unknown", `[Bb]ecause \S+ depends on (\S+(?: \([^)]*\))?) which doesn't match any versions`,
		`No package satisfies $1.`, `Check the spelling and the version of it in pyproject.toml.`).with(func(s *Scene,
		m []string, h *check.Hint) bool {
		name, version, _ := strings.Cut(m[1], " (")
		if p, ok := s.requires(name); ok {
			h.Cause = fmt.Sprintf("%s, asks for %s %s, and the index has no such version, or no such package.", p, name,
				strings.TrimSuffix(version, ")"))
			h.Advice = fmt.Sprintf("Check the spelling of %s, or take any version of it.", name)
			h.Edit = p.replace(regexp.MustCompile(`^(\s*[\w.-]+\s*=\s*)"[^"]*"`), `${1}"*"`)
		}
		return true
	}),
	on("no-versions", `version solving failed`, `Poetry found no versions that go together.`,
		`Loosen the versions in pyproject.toml.`),
}}

// poetryLocks lets the step make the lock anew.
func poetryLocks(s *Scene, _ []string, h *check.Hint) bool {
	h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\bpoetry install\b`), "poetry lock && poetry install")
	return true
}

// noRoot leaves the project itself out of poetry install.
func noRoot(s *Scene, m []string, h *check.Hint) bool {
	if s.Step != nil && !strings.Contains(s.Step.Text, "poetry") && strings.HasPrefix(m[0], "No file/folder") {
		h.Cause = fmt.Sprintf("The step builds the folder itself as a package, and it holds no package %s.", m[1])
		h.Advice = "Name what is to be in it: packages = [{ include = \"FILE.py\" }] below [tool.poetry]."
		lines := s.lines("pyproject.toml")
		for _, file := range s.files() {
			if strings.HasSuffix(file, ".py") && !strings.Contains(file, "/") && len(lines) > 0 &&
				!strings.Contains(strings.Join(lines, "\n"), "[tool.poetry]") {
				h.Edit = &check.Edit{File: "pyproject.toml", Line: len(lines),
					New: "[tool.poetry]\npackages = [{ include = \"" + file + "\" }]"}
				h.Advice = "Name what is to be in it."
				break
			}
		}
		return true
	}
	h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\bpoetry install\b`), "poetry install --no-root")
	if h.Edit == nil {
		h.Advice = "Install the dependencies alone: poetry install --no-root."
	}
	return true
}

func poetryPython(s *Scene, have, asked string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("The project asks for Python %s, and the image has %s.", asked, have)
	h.Advice = "Let pyproject.toml allow the Python of the base image, or begin with another."
	for i, line := range s.lines("pyproject.toml") {
		if regexp.MustCompile(`^(requires-python|python)\s*=`).MatchString(strings.TrimSpace(line)) {
			p := place{"pyproject.toml", i + 1, line}
			h.Cause = fmt.Sprintf("%s, asks for Python %s, and the image has %s.", p, asked, have)
			h.Edit = p.replace(regexp.MustCompile(`"[^"]*"`), `">=`+versionOf.FindString(have)+`"`)
		}
	}
	if h.Edit != nil && s.has("poetry.lock") {
		h.Advice, h.Edit = "Let pyproject.toml allow the Python of the base image, run poetry lock, and hand in "+
			"both; or begin with a base image of that Python.", nil
	} else if h.Edit != nil {
		h.Advice = "Let it allow the Python of the base image."
	}
	return true
}

// withLock returns Pipfile, and Pipfile.lock where the folder has both and neither is kept out.
func (s *Scene) withLock() string {
	if s.has("Pipfile.lock") && s.hidden("Pipfile.lock") == "" && s.hidden("Pipfile") == "" && s.has("Pipfile") {
		return "Pipfile Pipfile.lock"
	}
	return "Pipfile"
}

// pipenvEarly says that pipenv installs before a COPY brings Pipfile in, which it then makes
// itself, empty; and reports whether that is so.
func (s *Scene) pipenvEarly(h *check.Hint) bool {
	if !s.has("Pipfile") {
		return false
	}
	for dir, in := range placed(s.File.Effective()) {
		step := *s
		step.Step, step.started = &in, false
		if in.Name != "RUN" || !strings.Contains(in.Text, "pipenv install") &&
			!strings.Contains(in.Text, "pipenv sync") ||
			step.earlier()[inside(dir, "Pipfile")] != "" || s.landed()[inside(dir, "Pipfile")] == "" {
			continue
		}
		h.Cause = fmt.Sprintf("Line %d runs pipenv before a COPY brings Pipfile in, so it installs nothing that "+
			"Pipfile asks for.", in.Line)
		h.Advice, h.Edit = "Bring it in above.", step.above(false, "COPY "+s.withLock()+" ./")
		return true
	}
	return false
}

var pipenv = tool{name: "pipenv", wraps: true, entries: []entry{
	on("lock-stale", `Your Pipfile\.lock \(\w+\) is out of date`, `Pipfile.lock is older than Pipfile.`,
		`Run pipenv lock, and hand in the new Pipfile.lock; or let this step make it anew.`).
		with(without(`\s--deploy\b`)),
	on("no-pipfile", `(?:No Pipfile present at project home|Pipfile not found)`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		if found := s.named("Pipfile"); len(found) > 0 {
			if lock := s.withLock(); lock != "Pipfile" && s.Step != nil {
				h.Cause, h.Edit = "No COPY before this step brings Pipfile in.", s.above(false, "COPY "+lock+" ./")
				return true
			}
			return s.notCopied(found[0], inside(s.workdir(), "Pipfile"), h)
		}
		h.Cause, h.Advice = "The folder has no Pipfile, which pipenv installs from.",
			"Hand it in, and COPY it before this step."
		return true
	}),
	on("lock-missing",
		`(?:Pipfile\.lock (?:not found|does not exist|isn't found)|No Pipfile\.lock|lock ?file (?:does not exist|`+
			`not found))`, "", "").with(pipenvLock),
	on("deploy", `Aborting deploy|--system is intended to be used for Pipfile installation`, "", "").with(pipenvLock),
	on("python", `Your Pipfile requires "?python_(?:full_)?version"? ([\d.]+),? but you are using ([\d.]+)`,
		`Pipfile asks for Python $1, and the image has $2.`, `Let Pipfile ask for the Python of the base image.`),
}}

// devGroup is how pyproject.toml defines the group that is called dev.
var devGroup = regexp.MustCompile(`^\s*(?:\[tool\.poetry\.(?:group\.dev\b|dev-dependencies\])|dev\s*=\s*\[)`)

// pipenvLock says what --deploy refuses: another Python, and a lock that is not there or not up to
// date.
func pipenvLock(s *Scene, _ []string, h *check.Hint) bool {
	var causes []string
	one := strings.Join(strings.Fields(s.log), " ")
	if m := regexp.MustCompile(
		`requires "?python_(?:full_)?version"? ([\d.]+),? but you are using ([\d.]+\d)`).FindStringSubmatch(
		one); m != nil {
		where := "Pipfile"
		for i, line := range s.lines("Pipfile") {
			if strings.Contains(line, m[1]) && strings.HasPrefix(strings.TrimSpace(line), "python_") {
				p := place{"Pipfile", i + 1, line}
				where = p.String() + ","
				h.Edit = p.replace(regexp.MustCompile(`"[^"]*"`), `"`+versionOf.FindString(m[2])+`"`)
			}
		}
		causes = append(causes, fmt.Sprintf("%s asks for Python %s, and the image has %s: --deploy refuses that.",
			where, m[1], m[2]))
	}
	if !s.has("Pipfile.lock") {
		by, option := "this step", regexp.MustCompile(`(\s--system)\b`)
		if s.Step != nil && strings.Contains(s.Step.Text, "--deploy") {
			by, option = "--deploy", regexp.MustCompile(`\s--deploy\b`)
		}
		causes = append(causes, fmt.Sprintf("The folder has no Pipfile.lock, which %s wants.", by))
		h.Advice = "Run pipenv lock with the Python of the base image, and hand in Pipfile.lock."
		without := "${1} --skip-lock"
		if s.Step != nil && strings.Contains(s.Step.Text, "--skip-lock") {
			without = "${1}"
		}
		if h.Edit = s.inInstruction(s.Step, option, without); h.Edit != nil {
			h.Advice = "Run pipenv lock with the Python of the base image and hand in Pipfile.lock, or let this " +
				"step do without."
		}
	} else if at := inside(s.workdir(), "Pipfile.lock"); s.earlier()[at] == "" {
		return s.notCopied("Pipfile.lock", at, h)
	} else if len(causes) == 0 {
		causes, h.Advice = []string{"Pipfile.lock does not fit Pipfile."},
			"Run pipenv lock, and hand in the new Pipfile.lock."
	} else {
		h.Advice = "Then run pipenv lock, and hand in Pipfile.lock."
		h.Edit = nil
	}
	h.Cause = strings.Join(causes, " ")
	return true
}

// nearest returns the name of the list that one letter or two make of another, or empty.
func nearest(name string, list []string) string {
	if near := option.Suggest(name, list); near != name {
		return near
	}
	return ""
}
