package readings

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// network are the words of whatever fetches, where the host does not answer: whose fault that is,
// the grader looks at before it is said.
var network = tool{name: "network", entries: []entry{
	unreachable("pip",
		`(?:NameResolutionError|NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ConnectionResetError|ProtocolError|HTTPSConnectionPool)\(?[^\n]*?host='([^']+)'[^\n]*`),
	unreachable("npm",
		`npm (?:error|ERR!)[^\n]*?(?:getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|connect (?:ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH)) ([\w.-]+)[^\n]*`),
	unreachable("yarn",
		`(?:getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|connect (?:ECONNREFUSED|ETIMEDOUT)) ([\w.-]*[A-Za-z][\w.-]*)[^\n]*`),
	unreachable("uv",
		"(?:Failed to fetch|error sending request for url|Request failed after \\d+ "+
			"retries)[^\\n]*?https?://([\\w.-]+)[^\\n]*"),
	unreachable("apt", `(?:Temporary failure resolving|Could not resolve) '([\w.-]+)'[^\n]*`),
	unreachable("apt-connect", `Could not connect to ([\w.-]+):\d+[^\n]*`),
	unreachable("apk",
		`(?:WARNING: fetching|ERROR:|fetch) https?://([\w.-]+)/[^\n]*(?:temporary error|DNS|network error|try again)[^\n]*`),
	unreachable("curl", `curl: \((?:6|7|28|35)\)[^\n]*?(?:host: |connect to |to )([\w-]+\.[\w.-]+)[^\n]*`),
	unreachable("curl-refused", `curl: \((?:6|7|28|35)\) ()[^\n]*`),
	unreachable("wget",
		`wget: (?:unable to resolve host address|bad address|can't connect to remote host)[ '‘]*([\w.-]+)[^\n]*`),
	unreachable("git",
		`(?:Could not resolve host|Failed to connect to|unable to access 'https?://)[: ]*([\w.-]+)[^\n]*`),
	unreachable("python",
		`(?:gaierror: \[Errno -\d\]|urlopen error \[Errno -\d\]|httpx\.ConnectError: \[Errno -\d\])()[^\n]*`),
	unreachable("poetry", `All attempts to connect to ([\w.-]+) failed[^\n]*`),
}}

func unreachable(name, pattern string) entry {
	e := on(name, pattern, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		host := strings.TrimRight(m[1], ".")
		if host == "" {
			h.Cause = "What this step fetches could not be fetched: its host does not answer."
		} else {
			h.Cause = fmt.Sprintf("%s does not answer, so nothing could be fetched from it.", host)
		}
		h.Advice = "Look whether that host is there; the names of packages are not at fault."
		if s.File != nil && s.Step != nil && host != "" && strings.Contains(s.Step.Text, host) {
			h.Cause = fmt.Sprintf("%s, which line %d names, does not answer, so nothing could be fetched from it.",
				host, s.Step.Line)
			if e := s.inInstruction(s.Step, regexp.MustCompile(
				`\s+(?:-i|--index-url|--registry|--extra-index-url)[ =]\S*`+regexp.QuoteMeta(host)+`\S*`),
				""); e != nil {
				h.Advice, h.Edit = "Take the packages from the usual index.", e
			}
		}
		return true
	})
	e.download = true
	return e
}

var apt = tool{name: "apt", entries: []entry{
	on("package-unknown",
		`E: (?:Unable to locate package|Package|Version '[^'\n]*' for|Couldn't find any package by (?:glob|regex)) '?([^\s']+)'?(?: has no installation candidate| was not found)?`, "", "").with(aptUnknown),
	on("asks", `(?:Do you want to continue\? \[Y/n\]\s*Abort|^Abort\.$|E: [^\n]*-y)`,
		`apt-get asks whether to go on, and nobody answers in a build.`,
		`Let it not ask.`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\b(apt(?:-get)?) install\b`), "${1} install -y")
		if h.Edit == nil {
			h.Advice = "Write apt-get install -y."
		}
		return true
	}),
	on("not-root",
		`(?:Could not open lock file|List directory [^\n]* is missing|Unable to acquire the dpkg frontend lock|are you root\?)[^\n]*`, `apt-get works as root alone.`, "").with(beforeUser),
	on("old-release",
		`(?m)(?:does not have a Release file|no longer has a Release file|^(?:E|W|Err)[:\d ].*404 +Not Found)`,
		`This release of Debian or Ubuntu is no longer served where the image looks for it.`,
		`Begin with a base image of a present release.`),
	on("unmet", `(?:have unmet dependencies|held broken packages)`,
		`The packages asked for do not go together with those of the image.`,
		`Ask for fewer, or begin with the base image that they are made for.`),
}}

// aptUnknown says why apt-get knows no such package: no list was fetched, or there is none of that
// name.
func aptUnknown(s *Scene, m []string, h *check.Hint) bool {
	name := strings.TrimRight(m[1], ".'")
	updates := s.Step != nil && regexp.MustCompile(`\bapt(?:-get)?\b[^&|;]*\bupdate\b`).MatchString(s.Step.Text)
	if !updates && !regexp.MustCompile(`(?m)^(?:Get|Hit|Ign):\d+ `).MatchString(s.log) {
		h.Cause = fmt.Sprintf(
			"apt-get knows no package %s: this step fetched no list of packages, and the base image brings none.", name)
		h.Advice = "Fetch the list in the same RUN, with apt-get update."
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\b(apt(?:-get)?) ((?:-\S+ )*)install\b`),
			"${1} update && ${1} ${2}install")
		if h.Edit != nil {
			h.Advice = "Fetch the list in the same RUN."
		}
		return true
	}
	h.Cause, h.Advice = fmt.Sprintf("The list that apt-get fetched has no package %s.", name),
		fmt.Sprintf("Check the spelling of %s, or whether pip or npm is what has it.", name)
	if by := map[string]string{"python": "python3", "pip": "python3-pip", "docker": "docker.io",
		"mysql-client": "default-mysql-client", "libmysqlclient-dev": "default-libmysqlclient-dev",
		"node": "nodejs", "postgresql-dev": "libpq-dev", "musl-dev": "libc6-dev", "build-base": "build-essential",
		"libffi": "libffi-dev", "netcat": "netcat-openbsd", "python-dev": "python3-dev", "python-pip": "python3-pip",
		"mysql-server": "default-mysql-server", "openjdk-11-jdk": "default-jdk-headless",
		"openjdk-17-jdk": "default-jdk-headless"}[name]; by != "" {
		h.Advice, h.Edit = "Debian calls it "+by+".", s.inStep(name, by)
	}
	return true
}

var apk = tool{name: "apk", entries: []entry{
	on("package-unknown", `(?m)^\s*([\w.+-]+) \(no such package\):`, `Alpine has no package $1.`,
		`Check its spelling: Alpine's names differ from Debian's (build-base, postgresql-dev, musl-dev).`),
	on("not-root",
		`(?:Unable to lock database|Unable to open log)[^\n]*Permission denied|ERROR: Failed to open apk database: Permission denied`, `apk works as root alone.`, "").with(beforeUser),
}}

// beforeUser puts the step before the USER that takes its rights away.
func beforeUser(s *Scene, _ []string, h *check.Hint) bool {
	name, line := s.user()
	if s.started || line == 0 || s.Step == nil {
		return h.Cause != "" && h.Advice != ""
	}
	h.Cause = strings.TrimSpace(h.Cause + fmt.Sprintf(" The step runs as %s, since USER on line %d.", name, line))
	h.Advice = fmt.Sprintf("Put this step above USER, line %d.", line)
	if in := s.File.At(line); in != nil && s.Step.Line > line && s.Step.EndLine-line < 6 {
		old := s.File.Lines[line-1 : s.Step.EndLine]
		new := append(slices.Clone(s.File.Lines[s.Step.Line-1:s.Step.EndLine]), s.File.Lines[line-1:s.Step.Line-1]...)
		h.Edit = &check.Edit{File: s.File.Name, Line: line, Old: strings.Join(old, "\n"), New: strings.Join(new, "\n")}
		h.Advice = "Put this step above USER."
	}
	return true
}

// users are the words of the programs that make accounts and give files away.
var users = tool{name: "users", entries: []entry{
	on("adduser-missing", `(?:^|[\s:])(?:\S*/)?(addgroup|adduser|delgroup|deluser): (?:command )?not found`,
		`The base image has no $1, which is Alpine's and older Debian's.`, "").with(debianUsers),
	on("adduser-options",
		`(?:(?:addgroup|adduser)[^\n]*)?(?:[Uu]nknown option|unrecognized option|invalid option)[:s ]*'?(-{0,2}[\w-]+)[^\n]*`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		if s.Step == nil || !regexp.MustCompile(`\badd(user|group)\b`).MatchString(s.Step.Text) {
			return false
		}
		h.Cause = fmt.Sprintf("%s is an option of Alpine's adduser and addgroup; this image has Debian's.", m[1])
		return debianUsers(s, m, h)
	}),
	on("useradd-missing", `(useradd|groupadd): (?:command )?not found`,
		`The base image has no $1, which is Debian's; Alpine has adduser and addgroup.`,
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Advice = "Write adduser -D NAME."
		if e := s.inInstruction(s.Step, regexp.MustCompile(
			`\buseradd(?:\s+(?:-\w+|--[\w-]+)(?:\s+/\S+)?)*\s+([a-z_][\w-]*)`), "adduser -D ${1}"); e != nil {
			h.Advice, h.Edit = "Use Alpine's own.", e
		}
		return true
	}),
	on("no-such-user", `(?:invalid (user|group)|unknown (?:user|group)(?:/group)?)[: ]+[‘'"]?([\w.:-]+)`,
		`The image has no user or group $2 at this step.`, `Make it on a line before.`).with(func(s *Scene, m []string,
		h *check.Hint) bool {
		name, _, _ := strings.Cut(m[2], ":")
		if name != "" && s.File != nil && s.Step != nil {
			h.Edit = s.above(false, "RUN useradd --create-home "+name)
		}
		return true
	}),
	on("user-exists", `(?:user|group) '([\w-]+)' already exists`, `The base image has $1 already.`,
		`Take the line that makes it out.`),
	on("id-taken", `(?:UID|GID) '?(\d+)'? (?:is not unique|already exists)`,
		`The base image has a user with the number $1 already.`, `Take another number, or none.`).with(func(s *Scene,
		m []string, h *check.Hint) bool {
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\s+(?:-u|-g|--uid|--gid)[ =]`+m[1]+`\b`), "")
		return true
	}),
}}

var (
	addgroup = regexp.MustCompile(`\baddgroup\s+(?:-\w+\s+|--[\w-]+\s+)*([a-z_][\w-]*)`)
	adduser  = regexp.MustCompile(
		`\badduser\s+(?:(?:-[a-zA-Z]+|--[\w-]+)(?:[ =][^-\s&;|]\S*)?\s+)*?([a-z_][\w-]*)(?:\s+-G\s+([a-z_][\w-]*))?\s*($|&&|;)`)
)

// debianUsers writes addgroup and adduser as Debian's own groupadd and useradd.
func debianUsers(s *Scene, _ []string, h *check.Hint) bool {
	h.Advice = "Write groupadd and useradd instead, which every Debian image has."
	if s.Step == nil || s.File == nil || s.Step.Line != s.Step.EndLine {
		return true
	}
	line := s.File.Lines[s.Step.Line-1]
	text := addgroup.ReplaceAllString(line, "groupadd --system $1")
	text = adduser.ReplaceAllStringFunc(text, func(call string) string {
		m := adduser.FindStringSubmatch(call)
		group := ""
		if m[2] != "" {
			group = " --gid " + m[2]
		} else if g := regexp.MustCompile(`(?:-G|--ingroup)[ =]([a-z_][\w-]*)`).FindStringSubmatch(call); g != nil {
			group = " --gid " + g[1]
		}
		end := m[3]
		if end != "" {
			end = " " + end
		}
		name := m[1]
		return "useradd --system --create-home" + group + " " + name + end
	})
	if text != line && !regexp.MustCompile(`\badd(user|group)\b`).MatchString(text) {
		h.Advice, h.Edit = "Write it with groupadd and useradd, which every Debian image has.",
			&check.Edit{File: s.File.Name, Line: s.Step.Line, Old: line, New: text}
	}
	return true
}

// provides are the packages by which Debian has a program, where its name differs.
var provides = map[string]string{"curl": "curl", "wget": "wget", "git": "git", "make": "make", "gcc": "gcc libc6-dev",
	"g++": "g++", "cc": "gcc libc6-dev", "unzip": "unzip", "zip": "zip", "ps": "procps",
	"nc": "netcat-openbsd", "netcat": "netcat-openbsd", "ping": "iputils-ping", "psql": "postgresql-client",
	"pg_isready": "postgresql-client", "mysql": "default-mysql-client", "mysqladmin": "default-mysql-client",
	"redis-cli": "redis-tools", "gpg": "gnupg", "xz": "xz-utils", "dos2unix": "dos2unix", "jq": "jq",
	"sqlite3": "sqlite3", "nano": "nano", "vim": "vim", "lsb_release": "lsb-release", "cmake": "cmake",
	"pkg-config": "pkg-config", "bzip2": "bzip2", "tini": "tini", "gosu": "gosu", "ssh": "openssh-client",
	"file": "file", "envsubst": "gettext-base", "node": "nodejs npm", "npm": "nodejs npm",
	"java": "default-jre-headless", "mvn": "maven", "python3": "python3", "pip3": "python3-pip", "ffmpeg": "ffmpeg"}

// brings are the Python packages by which a program is had, where its name differs.
var brings = map[string]string{"uvicorn": "uvicorn", "gunicorn": "gunicorn", "flask": "flask",
	"fastapi": "fastapi[standard]", "hypercorn": "hypercorn", "alembic": "alembic", "celery": "celery",
	"django-admin":   "django",
	"waitress-serve": "waitress", "poetry": "poetry", "pipenv": "pipenv", "uv": "uv", "pdm": "pdm", "pytest": "pytest",
	"black": "black", "aerich": "aerich", "daphne": "daphne", "granian": "granian", "litestar": "litestar",
	"streamlit": "streamlit", "supervisord": "supervisor", "prisma": "prisma", "debugpy": "debugpy"}

// debian says whether the image of the step is Debian's, as its base image's name has it, and
// alpine whether it is that.
func (s *Scene) system() (debian, alpine bool) {
	base := ""
	if s.File != nil {
		for _, stage := range s.File.Stages {
			if s.Step == nil || s.started || stage.Line <= s.Step.Line {
				if stage.From < 0 {
					base = strings.ToLower(stage.Base)
				}
			}
		}
	}
	alpine = strings.Contains(base, "alpine")
	known := regexp.MustCompile(
		`(?:^|/)(?:python|node|debian|ubuntu|golang|ruby|openjdk|eclipse-temurin|nginx|php|buildpack-deps|maven|gradle)(?::|$)|slim|bookworm|bullseye|trixie|buster`).MatchString(base)
	return known && !alpine, alpine
}

var shell = tool{name: "shell", entries: []entry{
	on("quotes", `(?:^|[\s:])\[?\[?(?:\[|“|'|‘|\[“)([\w./-]+)["”'’]?,?: (?:command )?not found`, "",
		"").with(singleQuotes),
	on("crlf",
		`(?:\$'\\r': command not found|\^M: bad interpreter|\\r['’]?: No such file or directory|bash\r|Illegal option -\r?$|illegal option -\r|: not found\r$|set: Illegal option -\s*$|invalid option name: \S*\r)`,
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
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\bsudo\s+`), "")
		return true
	}),
	on("source", `(?:^|[\s:])source: (?:command )?not found`, `sh has no source, which is bash's.`,
		`Write a dot in its place; and it lasts to the end of this RUN alone.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\bsource\s+`), ". ")
		return true
	}),
	on("program-not-found", `(?m)(?:^|[\s:])(?:exec: )?([\w.+/-]*[\w+]): (?:command )?not found`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if strings.Contains(m[1], "/") || strings.HasSuffix(m[1], ".sh") {
			return script(s, m[1], h)
		}
		return notInPath(s, m[1], h)
	}),
	on("script-not-found",
		`(?:cannot open|can't open|cannot access|cannot stat)[ '‘"]*([\w./-]+)['’"]?: ?(?:No such file|not found)?`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		return notThere(s, m[1], h)
	}),
	on("no-folder", `cd: can't cd to ([\w./-]+)|cd: ([\w./-]+): No such file or directory`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		at := inside(s.workdir(), m[1]+m[2])
		h.Cause, h.Advice = fmt.Sprintf("There is no folder %s in the image at this step.", at),
			"Name the folder that the COPY above makes, or take the cd out."
		if own := s.ownPath(strings.TrimPrefix(at, s.workdir()+"/")); own != "" && s.isFolder(own) {
			h.Advice = fmt.Sprintf("COPY %s ./%s makes it; COPY %s . brings in what is in it, without the folder.", own,
				own, own)
		}
		return true
	}),
	on("bad-file", `(?m)(?:^|[\s:])([\w./-]+): No such file or directory`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		return strings.ContainsAny(m[1], "./") && notThere(s, m[1], h)
	}),
	on("not-executable", `(?m)(?:^|[\s:])((?:\.{0,2}/)?[\w./-]+): Permission denied`, "", "").with(notExecutable),
	on("mkdir", `cannot create (?:directory|regular file)? ?[‘'"]?([^’'"\n:]+)[’'"]?: Permission denied`,
		`$1 may not be made.`, "").with(beforeUser),
	on("permission", `(?i)permission denied[^\n]*`, ``, ``).with(beforeUser),
	on("script-syntax",
		`(?m)^(?:\S*/)?([\w.-]+): (?:line )?(\d+): ((?:[Ss]yntax error|unexpected EOF|Unterminated quoted string)[^\n]*)`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		if len(s.named(m[1])) == 0 {
			return false
		}
		h.Cause, h.Advice = fmt.Sprintf("The shell cannot read %s, line %s: %s.", m[1], m[2], m[3]),
			"Look at what that line, or one above it, has begun and not ended: if, a quote, a bracket."
		return true
	}),
	on("syntax", `(?:[Ss]yntax error:? ?[^\n]*|unexpected EOF while looking[^\n]*|Unterminated quoted string[^\n]*)`,
		`The shell cannot read the command of this step.`, `Look at its quotes, and at what stands around && and \.`),
	on("bad-substitution", `[Bb]ad substitution`, `sh does not know this form of $${…}, which is bash's.`,
		`Write it as sh wants it, or let bash run it.`),
}}

var disk = tool{name: "disk", entries: []entry{
	on("full", `(?i)no space left on device`, `The disk is full: what the step writes does not fit.`, `Install less.`),
}}

// singleQuotes reports whether a list stands in other quotes than JSON's.
func singleQuotes(s *Scene, _ []string, h *check.Hint) bool {
	in := s.Step
	if s.started && s.File != nil {
		in = s.commandInstruction()
	}
	if in == nil || in.Exec || len(in.Args) == 0 || !strings.HasPrefix(strings.TrimSpace(in.Args[0]), "[") {
		return false
	}
	h.Cause = fmt.Sprintf("%s is a list only in double quotes: as it stands, the shell takes %s for a program.",
		in.Name, strings.Fields(in.Args[0])[0])
	h.Advice = "Write the list in double quotes."
	text := strings.NewReplacer("'", `"`, "“", `"`, "”", `"`, "‘", `"`, "’", `"`, "„", `"`, "«", `"`, "»",
		`"`).Replace(in.Args[0])
	if in.Line == in.EndLine {
		line := in.Name + " " + strings.TrimSpace(text)
		if f, err := dockerfile.Parse("Dockerfile", []byte("FROM x\n"+line+"\n")); err == nil &&
			f.Stages[0].Instructions[0].Exec {
			h.Advice = ""
			h.Edit = &check.Edit{File: s.File.Name, Line: in.Line, Old: s.File.Lines[in.Line-1], New: line}
		}
	}
	return true
}

// commandInstruction returns the instruction by which the program is started: ENTRYPOINT where it
// is no carrier, else CMD.
func (s *Scene) commandInstruction() *dockerfile.Instruction {
	if s.File == nil {
		return nil
	}
	if in := s.File.Last("CMD"); in != nil {
		return in
	}
	return s.File.Last("ENTRYPOINT")
}

// crlf reports whether a script has the line ends of Windows. The name is where the log has it, or
// empty.
func crlf(s *Scene, name string, h *check.Hint) bool {
	var found string
	if name != "" {
		if file := s.own(inside(s.workdir(), name)); file != "" && s.carriage(file) {
			found = file
		}
	} else {
		for _, file := range s.files() {
			if strings.HasSuffix(file, ".sh") && s.carriage(file) {
				found = file
				break
			}
		}
	}
	if found == "" {
		return false
	}
	h.Cause = fmt.Sprintf(
		"%s has the line ends of Windows (CRLF), so its first line names a program with a carriage return, which no "+
			"image has.", found)
	h.Advice = "Save it with plain line ends (LF)."
	at := s.where(found)
	if !s.started {
		for inner, file := range s.earlier() {
			if file == found {
				at = inner
			}
		}
	}
	if at != "" {
		h.Edit = s.above(true, `RUN sed -i 's/\r$//' `+at)
		if h.Edit != nil {
			h.Advice = "Save it with plain line ends (LF), or let the build take them out."
		}
	}
	return true
}

func (s *Scene) carriage(file string) bool {
	text, err := fs.ReadFile(s.Folder, file)
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return err == nil && bytes.HasPrefix(text, []byte("#!")) && bytes.HasSuffix(line, []byte("\r"))
}

// script says why a script that CMD or a step names cannot be run.
func script(s *Scene, name string, h *check.Hint) bool {
	if crlf(s, name, h) {
		return true
	}
	at := inside(s.workdir(), name)
	if file := s.own(at); file != "" && s.earlier()[at] == file {
		if first := strings.TrimSpace(strings.Join(s.lines(file)[:min(1, len(s.lines(file)))],
			"")); strings.HasPrefix(first, "#!") {
			program := strings.Fields(strings.TrimPrefix(first, "#!") + " ")
			if len(program) > 0 {
				h.Cause = fmt.Sprintf("%s is in the image; what its first line names, %s, is not.", file,
					program[len(program)-1])
				h.Advice = "Let its first line be #!/bin/sh."
				h.Edit = place{file, 1, s.lines(file)[0]}.replace(regexp.MustCompile(`^.*$`), "#!/bin/sh")
				if regexp.MustCompile(`\[\[|\bsource\b|function |\$\{\w+\^|<<<|pipefail`).MatchString(
					strings.Join(s.lines(file), "\n")) {
					h.Advice, h.Edit = "Install that program on a line before.", nil
				}
				return true
			}
		}
	}
	return notThere(s, name, h)
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
				h.Cause = fmt.Sprintf("%s is at %s in the image, and was looked for at %s.", own[0], where, at)
				h.Advice = "Name it as it is called there."
				by := where
				if rest, ok := strings.CutPrefix(where, strings.TrimSuffix(s.workdir(), "/")+"/"); ok &&
					!path.IsAbs(name) {
					by = rest
				}
				if s.started {
					h.Edit = s.inCommand(word(name), "${1}"+by+"${2}")
				} else {
					h.Edit = s.inStep(name, by)
				}
				return true
			}
			return s.notCopied(own[0], at, h)
		}
		return false
	}
	h.Cause = fmt.Sprintf("There is no %s in the image, and no %s in the folder.", at, base)
	h.Advice = "Hand it in and COPY it, or name another."
	if near := nearest(base, bases(s.files())); near != "" {
		h.Cause = fmt.Sprintf("There is no %s in the image; the folder has %s.", at, near)
		h.Advice = "Is that the one meant?"
	}
	return true
}

func bases(files []string) (out []string) {
	for _, f := range files {
		out = append(out, path.Base(f))
	}
	return out
}

// notExecutable says of a script that may not be run how it comes to that.
func notExecutable(s *Scene, m []string, h *check.Hint) bool {
	name := m[1]
	file := s.own(inside(s.workdir(), name))
	if file == "" || !strings.HasPrefix(string(s.head(file)), "#!") && !strings.HasSuffix(file, ".sh") {
		return false
	}
	h.Cause = fmt.Sprintf("%s is in the image, and may not be run: the file has no x bit.", file)
	h.Advice = "Give it one with chmod +x."
	if s.started {
		at := s.where(file)
		if at == "" {
			at = inside(s.workdir(), name)
		}
		h.Edit = s.above(true, "RUN chmod +x "+at)
	} else if h.Edit = s.inStep(name, "chmod +x "+name+" && "+name); h.Edit == nil {
		h.Advice = "Give it one with chmod +x, or start it with sh."
	}
	if h.Edit != nil {
		h.Advice = "Give it one."
	}
	return true
}

func (s *Scene) head(file string) []byte {
	text, _ := fs.ReadFile(s.Folder, file)
	return text[:min(len(text), 2)]
}

// inCommand returns the edit of the line that starts the program.
func (s *Scene) inCommand(pattern *regexp.Regexp, by string) *check.Edit {
	if s.File == nil {
		return nil
	}
	for _, name := range []string{"CMD", "ENTRYPOINT"} {
		if e := s.inInstruction(s.File.Last(name), pattern, by); e != nil {
			return e
		}
	}
	return nil
}

// command returns the edit that makes CMD start a program with these words, where CMD is one line
// and there is no ENTRYPOINT.
func (s *Scene) command(words ...string) *check.Edit {
	if s.File == nil || s.File.Last("ENTRYPOINT") != nil {
		return nil
	}
	in := s.File.Last("CMD")
	if in == nil || in.Line != in.EndLine {
		return nil
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	return &check.Edit{File: s.File.Name, Line: in.Line, Old: s.File.Lines[in.Line-1],
		New: "CMD [" + strings.Join(quoted, ", ") + "]"}
}
