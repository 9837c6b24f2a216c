package readings

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// brings are the Python packages by which a program is had, where its name differs.
var brings = map[string]string{"uvicorn": "uvicorn", "gunicorn": "gunicorn", "flask": "flask",
	"fastapi": "fastapi[standard]", "hypercorn": "hypercorn", "alembic": "alembic", "celery": "celery",
	"django-admin":   "django",
	"waitress-serve": "waitress", "poetry": "poetry", "pipenv": "pipenv", "uv": "uv", "pdm": "pdm", "pytest": "pytest",
	"black": "black", "aerich": "aerich", "daphne": "daphne", "granian": "granian", "litestar": "litestar",
	"streamlit": "streamlit", "supervisord": "supervisor", "prisma": "prisma", "debugpy": "debugpy"}

var shell = tool{name: "shell", entries: []entry{
	on("quotes", `(?:^|[\s:])\[?\[?(?:\[|“|'|‘|\[“)([\w./-]+)["”'’]?,?: (?:command )?not found`, "",
		"").with(singleQuotes),
	on("bash-alone",
		`(?m)(?:^|[\s/])(?:([\w.-]+): (?:line )?(\d+): )?(?:[Ss]yntax error: (?:"\(" unexpected|redirection `+
			`unexpected|`+
			`Bad for loop variable)|Bad substitution|set: Illegal option -o pipefail|(?:\[\[|pushd|popd|shopt|`+
			`declare|typeset|`+
			`let|mapfile|readarray|source|function): not found)[^\n]*`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		return needsBash(s, m[1], m[2], h)
	}),
	on("not-set", `(?m)(?:^|[\s/])([\w.-]+): (?:line )?(\d+): ([A-Za-z_]\w*|\d+): (parameter (?:null or )?not set|`+
		`unbound variable|[^\n]+)$`, "", "").with(unsetInShell),
	on("env-one-name", `env: [‘'"]?(\w+) (-[^\n:’'"]*)[’'"]?: No such file or directory`, "",
		"").with(func(s *Scene,
		m []string, h *check.Hint) bool {
		first := regexp.MustCompile(`^(#!\s*\S*/env)\s+` + m[1] + `\s+` + regexp.QuoteMeta(m[2]))
		for _, file := range s.files() {
			if lines := s.lines(file); len(lines) > 0 && first.MatchString(lines[0]) {
				h.Cause = fmt.Sprintf("The first line of %s has env look for a program called %q: Linux hands it all "+
					"that follows as one word.", file, m[1]+" "+m[2])
				h.Advice = "env -S takes it apart."
				h.Edit = place{file, 1, lines[0]}.replace(regexp.MustCompile(`^(#!\s*\S*/env)\s+`), "${1} -S ")
				return true
			}
		}
		return false
	}),
	on("no-service", `([\w.-]+): unrecognized service`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The image has no service %s: no line installs it.", m[1])
		h.Advice = fmt.Sprintf("Take it out: a container is for one program, and %s runs in one of its own, beside "+
			"this.",
			m[1])
		if !s.started {
			h.Cause += " Nor would it run on when the step has ended."
		}
		return true
	}),
	on("crlf",
		`(?:\$'\\r': command not found|\^M: bad interpreter|\\r['’]?: No such file or directory|bash\r|`+
			`Illegal option -\r?$|illegal option -\r|: not found\r$|set: Illegal option -\s*$|`+
			`invalid option name: \S*\r)`,
		`A script has the line ends of Windows.`, `Save it with plain line ends (LF).`).with(func(s *Scene, m []string,
		h *check.Hint) bool {
		return crlf(s, "", h)
	}),
	on("apk-on-debian", `(?:^|[\s:])apk: (?:command )?not found`, `apk is Alpine's tool, and this image is Debian.`,
		`Write apt-get update && apt-get install -y in its place.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		if s.Step == nil {
			return true
		}
		text := s.Step.Text
		packages := regexp.MustCompile(`\bapk (?:update|upgrade)\s*&&\s*`).ReplaceAllString(text, "")
		m := regexp.MustCompile(`\bapk (?:-\S+ )*add((?:\s+[\w.+@=/-]+)+)`).FindStringSubmatch(packages)
		if m == nil || s.Step.Line != s.Step.EndLine {
			return true
		}
		var names []string
		for _, name := range strings.Fields(m[1]) {
			if strings.HasPrefix(name, "-") {
				continue
			}
			if by := map[string]string{"build-base": "build-essential", "postgresql-dev": "libpq-dev",
				"musl-dev": "libc6-dev", "mariadb-dev": "default-libmysqlclient-dev",
				"mysql-client": "default-mysql-client", "mariadb-connector-c-dev": "default-libmysqlclient-dev",
				"linux-headers": "linux-libc-dev", "jpeg-dev": "libjpeg-dev", "zlib-dev": "zlib1g-dev",
				"openssl-dev": "libssl-dev", "py3-pip": "python3-pip", "python3-dev": "python3-dev", "shadow": "passwd",
				"netcat-openbsd": "netcat-openbsd"}[name]; by != "" {
				name = by
			} else if lib, ok := strings.CutSuffix(name, "-dev"); ok && !strings.HasPrefix(name, "lib") {
				name = "lib" + lib + "-dev"
			}
			names = append(names, name)
		}
		line := s.File.Lines[s.Step.Line-1]
		whole := regexp.MustCompile(`(?:\bapk (?:update|upgrade)\s*&&\s*)*\bapk (?:-\S+ )*add(?:\s+[\w.+@=/-]+)+`)
		h.Edit = place{s.File.Name, s.Step.Line, line}.replace(whole,
			"apt-get update && apt-get install -y "+strings.Join(names, " "))
		if h.Edit != nil {
			h.Advice = "Use Debian's."
		}
		return true
	}),
	on("yum-on-debian", `(?:^|[\s:])(yum|dnf|zypper|pacman|brew): (?:command )?not found`, "", "").with(func(s *Scene,
		m []string, h *check.Hint) bool {
		debian, alpine := s.system()
		if !debian && !alpine || s.started {
			return false
		}
		by, install := "Debian", "apt-get update && apt-get install -y"
		if alpine {
			by, install = "Alpine", "apk add --no-cache"
		}
		h.Cause = fmt.Sprintf("%s is the tool of another system, and this image is %s.", m[1], by)
		h.Advice = fmt.Sprintf("Write %s in its place; some packages have other names there.", install)
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(
			`\b`+m[1]+` (?:-\S+ )*(?:update(?: -\S+)*\s*&&\s*`+m[1]+` (?:-\S+ )*)?install(?: -\S+)*`), install)
		if h.Edit != nil {
			h.Advice = fmt.Sprintf("Use %s's; some packages have other names there.", by)
		}
		return true
	}),
	on("apt-on-alpine", `(?:^|[\s:])(apt-get|apt): (?:command )?not found`,
		`$1 is Debian's tool, and this image has none.`, "").with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Advice = "On Alpine, write apk add --no-cache in its place."
		if _, alpine := s.system(); !alpine {
			h.Advice = "Begin with a Debian image, or use the package manager of this one."
		} else if e := s.inInstruction(s.Step, regexp.MustCompile(
			`apt(?:-get)? (?:-\S+ )*update\s*&&\s*apt(?:-get)? (?:-\S+ )*install(?: -\S+)*`),
			"apk add --no-cache"); e != nil {
			h.Advice, h.Edit = "Use Alpine's.", e
		}
		return true
	}),
	on("sudo", `(?:^|[\s:])sudo: (?:command )?not found`, `The image has no sudo; a build is root already.`,
		`Take the word sudo out.`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		if s.started {
			h.Cause = "The image has no sudo; what CMD starts is root already where no USER says otherwise."
		}
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\bsudo\s+`), "")
		return true
	}),
	on("source", `(?:^|[\s:])source: (?:command )?not found`, `sh has no source, which is bash's.`,
		`Write a dot in its place; and it lasts to the end of this RUN alone.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\bsource\s+`), ". ")
		return true
	}),
	on("whole-command",
		`(?m)(?:^|[\s/])([\w.-]+): (?:line )?(\d+): (?:exec: )?([\w./-]+ [^:\n]+): (?:command )?not found`, "",
		"").with(quotedCommand),
	on("program-not-found", `(?m)(?:^|[\s:])(?:exec: )?([\w.+/-]*[\w+]): (?:command )?not found`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if strings.Contains(m[1], "/") || strings.HasSuffix(m[1], ".sh") {
			return script(s, m[1], h)
		}
		return documentOfPython(s, h) || notInPath(s, m[1], h)
	}),
	on("redirected", `cannot (?:open|create) ([\w.,=]+): (?:No such file|Permission denied|Directory nonexistent)`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if s.Step == nil {
			return false
		}
		bare := regexp.MustCompile(`(\s)([\w.-]+(?:\[[\w,]+\])?[<>]` + regexp.QuoteMeta(m[1]) + `)`)
		if !bare.MatchString(s.Step.Text) {
			return false
		}
		h.Cause = fmt.Sprintf("Without quotes < and > are signs of the shell, which takes %s for a file.", m[1])
		h.Advice = "Write quotes around it."
		h.Edit = s.inInstruction(s.Step, bare, `${1}"${2}"`)
		return true
	}),
	on("no-venv", `([\w./-]+/bin/)activate['’"]?: ?(?:No such file|not found|cannot open)`, "", "").with(noVenv),
	on("script-not-found",
		`(?:cannot open|can't open|cannot access|cannot stat)[ '‘"]*([\w./-]+)['’"]?: ?(?:No such file|not `+
			`found)?`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		return notThere(s, m[1], h)
	}),
	on("no-folder", `cd: can't cd to ([\w./-]+)|cd: ([\w./-]+): No such file or directory`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		at := inside(s.workdir(), m[1]+m[2])
		h.Cause, h.Advice = fmt.Sprintf("There is no folder %s in the image at this step.", at),
			"Name the folder that the COPY above makes, or take the cd out."
		if s.started {
			h.Cause = fmt.Sprintf("There is no folder %s in the image.", at)
			h.Advice = "Name the folder that COPY makes, or take the cd out."
		}
		if own := s.ownPath(strings.TrimPrefix(at, s.workdir()+"/")); own != "" && s.isFolder(own) {
			h.Advice = fmt.Sprintf("COPY %s ./%s makes it; COPY %s . brings in what is in it, without the folder.", own,
				own, own)
		}
		return true
	}),
	on("tool-path", `(?m)^(?:[\w./-]+: )?(?:\d+: )?\w[\w.-]*: (?:cannot (?:stat |touch |access |open |create `+
		`(?:regular |`+
		`symbolic link )?(?:file )?)|can't (?:read|open|stat) )?[‘'"]([^’'"\n]+)[’'"](?: for \w+)?: (?:No such `+
		`file or `+
		`directory|Not a directory)|cannot create ([\w./-]+): Directory nonexistent|`+
		`^(?:\S+: (?:line )?\d+: )?(?:cat|sed|head|tail|grep|sort|cut|awk|tee|source|wc|diff|jq|touch|cp|mv|ls): `+
		`(?:can't `+
		`read )?([\w./-]+): No such file or directory`, "", "").with(toolPath),
	on("tool-denied", `(?m)^\w[\w.-]*: cannot (?:touch |create (?:regular |directory )?(?:file )?|open |remove `+
		`)?[‘'"]?([^’'"\n:]+)`+
		`[’'"]?: Permission denied|cannot create ([\w./-]+): Permission denied`, "", "").with(toolDenied),
	on("bad-file", `(?m)(?:^|[\s:])([\w./-]+): No such file or directory`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		return strings.ContainsAny(m[1], "./") && notThere(s, m[1], h)
	}),
	on("not-executable", `(?m)(?:^|[\s:])((?:\.{0,2}/)?[\w./-]+): Permission denied`, "", "").with(notExecutable),
	on("mkdir", `cannot create (?:directory|regular file)? ?[‘'"]?([^’'"\n:]+)[’'"]?: Permission denied`,
		`$1 may not be made.`, "").with(beforeUser),
	on("no-parent", `mkdir: (?:cannot create directory|can't create directory) [‘'"]?([^’'"\n:]+)[’'"]?: No `+
		`such `+
		`file or `+
		`directory`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The image has no folder %s to make %s in at this step.", path.Dir(m[1]), path.Base(m[1]))
		h.Advice = "Write mkdir -p, which makes that, too."
		if h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\bmkdir\s+`), "mkdir -p "); h.Edit != nil {
			h.Advice = "mkdir -p makes that, too."
		}
		return true
	}),
	on("not-removed", `rm: (?:cannot remove|can't remove) [‘'"]?([^’'"\n]+?)[’'"]?: No such file or `+
		`directory`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("There is no %s at this step, which rm is to remove.", inside(s.workdir(), m[1]))
		h.Advice = "Take the rm out, or write rm -f, which is content without it."
		if h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\brm\s+(-r\s+)?`), "rm -f ${1}"); h.Edit != nil {
			h.Advice = "rm -f is content without it."
		}
		return true
	}),
	on("link-exists", `ln: (?:failed to create (?:symbolic|hard) link )?[‘'"]?([^’'"\n]+?)[’'"]?: File `+
		`exists`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("There is a %s already at this step.", inside(s.workdir(), m[1]))
		h.Advice = "Take the ln out; or write ln -sf, which puts the link in its place."
		return true
	}),
	on("no-archive", `gzip: (stdin|\S+): not in gzip format|tar: This does not look like a tar archive|`+
		`End-of-central-directory signature not found|(?:xz|bzip2): \S*: (?:File format not recognized|[^\n]*not a `+
		`bzip2 file)`,
		"", "").with(noArchive),
	on("archive-missing", `tar(?: \(child\))?: ([\w./-]+): Cannot open: No such file or directory|`+
		`unzip: +cannot find or open ([\w./-]+?),`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		return notThere(s, m[1]+m[2], h)
	}),
	on("git-signs-in", `(?:cannot run ssh: No such file|Host key verification failed|Permission denied \(publickey\)|`+
		`could not read Username for)[^\n]*`, `git is to sign in at the host, and nobody has a key or a password `+
		`in a build.`,
		`Fetch what everybody may read, over https; or hand it in, and COPY it.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		if e := s.inInstruction(s.Step, regexp.MustCompile(`(?:ssh://)?git@([\w.-]+)[:/]`), "https://${1}/"); e != nil {
			h.Cause = fmt.Sprintf("git@ on line %d is for who has a key, and nobody has one in a build.", e.Line)
			h.Advice, h.Edit = "Fetch it over https, where everybody may read it.", e
		}
		return true
	}),
	on("no-repository", `fatal: not a git repository[^\n]*`,
		`This step asks git for the history, and .git is not in the image.`,
		`Do without it: hand the value in with ARG, or leave it out.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		if line := s.hidden(".git"); line != "" {
			h.Cause = fmt.Sprintf("This step asks git for the history: %s, keeps .git out of the image, as it "+
				"should.", line)
		}
		return true
	}),
	on("no-rule", `make: \*\*\* No rule to make target [‘'"]?([^’'"\n,]+?)[’'"]?(?:, needed by `+
		`[‘'"]?([^’'"\n]+?)[’'"]?)?\.`, "",
		"").with(noRule),
	on("no-makefile", `make: \*\*\* No (?:targets specified and no )?makefile found`, "", "").with(func(s *Scene,
		_ []string,
		h *check.Hint) bool {
		h.Cause, h.Advice = "There is no Makefile at this step, and none in the folder.", "Hand it in and COPY it."
		if found := s.named("Makefile"); len(found) > 0 {
			return s.notCopied(found[0], inside(s.workdir(), "Makefile"), h)
		}
		return true
	}),
	on("no-tab", `([\w./-]*[Mm]akefile):(\d+): \*\*\* missing separator`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		file := s.scriptOf(m[1])
		h.Cause = fmt.Sprintf("%s, line %s, begins with blanks; what make is to run begins with a tab.", m[1], m[2])
		h.Advice = "Write a tab there, and on each line like it."
		if p, _ := s.lineOf(file, m[2]); !strings.HasPrefix(p.text, " ") {
			h.Cause = fmt.Sprintf("make cannot read %s, line %s.", m[1], m[2])
			h.Advice = "What make is to run begins with a tab; what it makes ends with a colon."
		}
		return true
	}),
	on("there-already", `(?m)^mkdir: (?:cannot create directory|can't create directory) `+
		`[‘'"]?([^’'"\n:]+)[’'"]?: `+
		`File exists`,
		`There is a folder $1 already at this step.`,
		`Take the mkdir out, or write mkdir -p, which is content with it.`).
		with(func(s *Scene, m []string, h *check.Hint) bool {
			if h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\bmkdir\s+(`+regexp.QuoteMeta(m[1])+`\b)`),
				"mkdir -p ${1}"); h.Edit != nil {
				h.Advice = "mkdir -p is content with it."
			}
			return true
		}),
	on("permission", `(?i)(?:permission denied|operation not permitted)[^\n]*`, ``, ``).with(beforeUser),
	on("script-syntax",
		`(?m)^(?:\S*/)?([\w.-]+): (?:line )?(\d+): ((?:[Ss]yntax error|unexpected EOF|Unterminated quoted `+
			`string)[^\n]*)`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		if len(s.named(m[1])) == 0 {
			return false
		}
		h.Cause, h.Advice = fmt.Sprintf("The shell cannot read %s, line %s: %s.", m[1], m[2], m[3]),
			"Look at what that line, or one above it, has begun and not ended: if, a quote, a bracket."
		return true
	}),
	on("nothing-behind", `[Ss]yntax error: (?:end of file unexpected|unexpected end of file)[^\n]*`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if s.Step == nil {
			return false
		}
		got := regexp.MustCompile(`\s*(&&|\|\||\|)\s*$`).FindStringSubmatch(s.Step.Text)
		if got == nil {
			return false
		}
		h.Cause = fmt.Sprintf("Line %d ends with %s, and nothing stands behind it.", s.Step.EndLine, got[1])
		h.Advice = "Take it out; or write a backslash behind it, and the next command below."
		h.Edit = s.dockerfileLine(s.Step.EndLine).replace(
			regexp.MustCompile(`\s*`+regexp.QuoteMeta(got[1])+`\s*$`), "")
		return true
	}),
	on("syntax", `(?:[Ss]yntax error:? ?[^\n]*|unexpected EOF while looking[^\n]*|Unterminated quoted string[^\n]*)`,
		`The shell cannot read the command of this step.`, `Look at its quotes, and at what stands around && and \.`).
		with(func(s *Scene, m []string, h *check.Hint) bool {
			called := regexp.MustCompile(`(\s)([\w.]+:\w+\([^()\s"']*\))`)
			if strings.Contains(m[0], "(") && s.Step != nil && called.MatchString(s.Step.Text) {
				h.Cause = fmt.Sprintf("The shell takes the brackets of %s for its own.",
					called.FindStringSubmatch(s.Step.Text)[2])
				h.Advice, h.Edit = "Put it in quotes.", s.inInstruction(s.Step, called, `${1}"${2}"`)
				return true
			}
			if got := regexp.MustCompile(`expecting "(\w+)"`).FindStringSubmatch(m[0]); got != nil {
				h.Cause = fmt.Sprintf("The shell comes to the end of the command, and %s is still missing.", got[1])
				h.Advice = fmt.Sprintf("Write it where it belongs, behind a semicolon: `; %s`.", got[1])
			} else if strings.Contains(m[0], "nterminated quoted") || strings.Contains(m[0], "looking for matching") {
				h.Cause = "A quote is opened in the command, and not closed."
				h.Advice = "Close it; an apostrophe inside of double quotes is none, outside of them it opens one."
			}
			return true
		}),
	on("bad-substitution", `[Bb]ad substitution`, `sh does not know this form of $${…}, which is bash's.`,
		`Write it as sh wants it, or let bash run it.`),
}}

// singleQuotes reports whether a list stands in other quotes than JSON's.
func singleQuotes(s *Scene, _ []string, h *check.Hint) bool {
	in := s.Step
	if s.started {
		in = s.commandInstruction()
	}
	if in == nil || in.Exec || len(in.Args) == 0 || !strings.HasPrefix(strings.TrimSpace(in.Args[0]), "[") {
		return false
	}
	if _, comment, ok := dockerfile.CutComment(in.Args[0]); ok {
		h.Cause = fmt.Sprintf("%s is no list as it stands, since %q stands behind it: # begins a comment at the start "+
			"of a line alone.", in.Name, comment)
		h.Advice = "Write the comment on a line of its own."
		change, _ := s.File.ExecForm(*in)
		if h.Edit = check.EditOf(s.File.Name, change); h.Edit != nil {
			h.Advice = ""
		}
		return true
	}
	if line, wrong := brokenList(in); wrong != "" {
		h.Cause = fmt.Sprintf("%s is no list as it stands, since %s: the shell takes %s for a program.", in.Name, wrong,
			strings.Fields(in.Args[0])[0])
		h.Advice = "Write it as a list."
		if in.Line == in.EndLine {
			h.Advice = ""
			h.Edit = &check.Edit{File: s.File.Name, Line: in.Line, Old: s.File.Lines[in.Line-1], New: line}
		}
		return true
	}
	h.Cause = fmt.Sprintf("%s is a list only in double quotes: as it stands, the shell takes %s for a program.",
		in.Name, strings.Fields(in.Args[0])[0])
	if strings.Contains(in.Args[0], "`") {
		h.Cause = fmt.Sprintf("%s is a list only in double quotes: as it stands, a shell runs each word between "+
			"slanted quotes as a command.", in.Name)
	}
	h.Advice = "Write the list in double quotes."
	if words, ok := dockerfile.MeantAsList(guillemets.Replace(in.Args[0])); ok && in.Line == in.EndLine {
		h.Advice = ""
		h.Edit = &check.Edit{File: s.File.Name, Line: in.Line, Old: s.File.Lines[in.Line-1],
			New: in.Name + " " + dockerfile.List(words)}
	}
	return true
}

var guillemets = strings.NewReplacer("«", `"`, "»", `"`)

var inQuotes = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// brokenList returns the line that a list in double quotes was to be, and what is wrong with it;
// nothing where its quotes are others.
func brokenList(in *dockerfile.Instruction) (line, wrong string) {
	text := strings.TrimSpace(in.Args[0])
	words, ok := dockerfile.MeantAsList(strings.TrimSuffix(text, "]") + "]")
	rest := inQuotes.ReplaceAllString(text, "\x00")
	if !ok || strings.ContainsAny(rest, `'"“”‘’„«»`) {
		return "", ""
	}
	switch {
	case regexp.MustCompile(`,\s*\]?\s*$`).MatchString(rest):
		wrong = "a comma stands behind its last word"
	case !strings.HasSuffix(rest, "]"):
		wrong = "its closing bracket is missing"
	case regexp.MustCompile(`\x00\s*\x00`).MatchString(rest):
		wrong = "a comma is missing between two of its words"
	case regexp.MustCompile(`,\s*,`).MatchString(rest):
		wrong = "two commas stand side by side"
	default:
		return "", ""
	}
	return in.Name + " " + dockerfile.List(words), wrong
}

// notThere says of a path that is not in the image whether the folder has it, and what brings it
// in.
func notThere(s *Scene, name string, h *check.Hint) bool {
	at := inside(s.workdir(), name)
	base := path.Base(at)
	if own := s.named(base); len(own) > 0 {
		landed := s.earlier()
		if landed[at] == "" {
			where := ""
			for inner, file := range landed {
				if path.Base(inner) == base && (where == "" || inner < where) && file != "" {
					where = inner
				}
			}
			if where != "" {
				if s.lateWorkdir(own[0], where, h) {
					return true
				}
				h.Cause = fmt.Sprintf("%s is at %s in the image, and was looked for at %s.", own[0], where, at)
				h.Advice = "Name it as it is called there."
				by := where
				if rest, ok := strings.CutPrefix(where, strings.TrimSuffix(s.workdir(), "/")+"/"); ok &&
					!path.IsAbs(name) {
					by = rest
				}
				if s.started {
					// Python says the whole path of a name that CMD has from WORKDIR on
					below := strings.TrimSuffix(s.workdir(), "/") + "/"
					if h.Edit = s.inCommand(word(name), "${1}"+by+"${2}"); h.Edit == nil {
						h.Edit = s.inCommand(word(strings.TrimPrefix(at, below)),
							"${1}"+strings.TrimPrefix(by, below)+"${2}")
					}
				} else {
					h.Edit = s.inStep(name, by)
				}
				return true
			}
			return s.notCopied(own[0], at, h)
		}
		return false
	}
	if entry, command := s.both(); command != nil && len(command.Args) > 0 &&
		inside(s.workdir(), command.Args[0]) == at {
		h.Cause = fmt.Sprintf("ENTRYPOINT and CMD are one command together, %s: %s takes %s for its file.",
			strings.Join(append(slices.Clone(entry.Args), command.Args...), " "), entry.Args[0], command.Args[0])
		h.Advice = "Keep the ENTRYPOINT out, so that CMD is the whole command."
		h.Edit = s.dockerfileLine(entry.Line).without()
		return true
	}
	if s.Step != nil && !s.started && path.Ext(base) == "" && !strings.HasPrefix(base, ".") &&
		ofFolders.MatchString(s.Step.Text) {
		h.Cause = fmt.Sprintf("There is no folder %s in the image at this step.", at)
		h.Advice = "Make it before, with mkdir -p."
		if h.Edit = s.inInstruction(s.Step, ofFolders, "mkdir -p "+name+" && ${1}"); h.Edit != nil {
			h.Advice = "Make it before."
		}
		return true
	}
	h.Cause = fmt.Sprintf("There is no %s in the image, and no %s in the folder.", at, base)
	h.Advice = "Hand it in and COPY it, or name another."
	if near := nearest(base, bases(s.files())); near != "" {
		h.Cause = fmt.Sprintf("There is no %s in the image; the folder has %s.", at, near)
		h.Advice = "Is that the one meant?"
	}
	return true
}

// ofFolders are commands that give a folder away.
var ofFolders = regexp.MustCompile(`\b(chown|chmod|chgrp)\b`)

// both returns ENTRYPOINT and CMD where the image has both as lists of one line.
func (s *Scene) both() (entry, command *dockerfile.Instruction) {
	if !s.started {
		return nil, nil
	}
	entry, command = s.File.Last("ENTRYPOINT"), s.File.Last("CMD")
	if entry == nil || command == nil || !entry.Exec || !command.Exec || entry.Line != entry.EndLine ||
		len(entry.Args) == 0 {
		return nil, nil
	}
	return entry, command
}

func bases(files []string) (out []string) {
	for _, f := range files {
		out = append(out, path.Base(f))
	}
	return out
}

// noArchive says which file of the step is no archive of its kind.
func noArchive(s *Scene, m []string, h *check.Hint) bool {
	h.Cause, h.Advice = "What this step unpacks is no archive of that kind.",
		"Look at what the file holds: a download that failed may have left a page in it."
	if s.Step == nil {
		return true
	}
	name := regexp.MustCompile(`[\w./-]+\.(?:tar\.\w+|tgz|tar|zip|gz|xz|bz2)\b`).FindString(s.Step.Text)
	if name == "" {
		return true
	}
	h.Cause = fmt.Sprintf("%s is no archive of the kind that its name says.", name)
	if file := s.own(inside(s.workdir(), name)); file != "" {
		h.Cause = fmt.Sprintf("%s, as it is in the folder, is no archive of the kind that its name says.", file)
		h.Advice = "Pack it anew, and hand it in; or hand in what is in it, which COPY takes as it is."
	}
	return true
}

// noRule says what the Makefile has where it lacks a target.
func noRule(s *Scene, m []string, h *check.Hint) bool {
	var targets []string
	for _, file := range s.named("Makefile") {
		for _, line := range s.lines(file) {
			if got := regexp.MustCompile(`^([\w.-]+)\s*:(?:[^=]|$)`).FindStringSubmatch(line); got != nil &&
				got[1] != ".PHONY" {
				targets = append(targets, got[1])
			}
		}
	}
	if m[2] != "" {
		h.Cause = fmt.Sprintf("The Makefile makes %s from %s, which is not there at this step.", m[2], m[1])
		h.Advice = fmt.Sprintf("COPY %s before this step.", m[1])
		return true
	}
	h.Cause = fmt.Sprintf("The Makefile has no target %s.", m[1])
	h.Advice = "Name one that it has."
	if len(targets) > 0 {
		h.Cause = fmt.Sprintf("The Makefile has no target %s; it has %s.", m[1], strings.Join(targets, ", "))
	} else if found := s.named("Makefile"); len(found) == 0 {
		h.Cause, h.Advice = "There is no Makefile at this step, and none in the folder.", "Hand it in and COPY it."
	} else if s.earlier()[inside(s.workdir(), "Makefile")] == "" {
		return s.notCopied(found[0], inside(s.workdir(), "Makefile"), h)
	}
	if near := nearest(m[1], targets); near != "" {
		h.Advice, h.Edit = fmt.Sprintf("Is %s meant?", near), s.inStep(m[1], near)
	}
	return true
}
