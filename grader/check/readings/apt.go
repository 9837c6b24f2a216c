package readings

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/option"
)

// aptStale says of a version that the archive has no more which step fetched the list that names it.
func aptStale(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("apt-get asks for a version of %s that the archive has no more, since its list is older "+
		"than that.", m[1])
	h.Advice = "Fetch the list in the same RUN: apt-get update && apt-get install."
	for _, in := range s.before() {
		if in.Name == "RUN" && strings.Contains(in.Text, "apt-get update") {
			h.Cause = fmt.Sprintf("apt-get asks for a version of %s that the archive has no more: its list is of line "+
				"%d, which Docker kept from an earlier build.", m[1], in.Line)
		}
	}
	if s.Step != nil && !strings.Contains(s.Step.Text, "update") {
		if h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\b(apt(?:-get)?)( (?:-\S+ )*install)`),
			"${1} update && ${1}${2}"); h.Edit != nil {
			h.Advice = "Fetch the list in the same RUN."
		}
	}
	return true
}

var apt = tool{name: "apt", entries: []entry{
	on("version-unknown", `E: Version '([^'\n]+)' for '([^'\n]+)' was not found`, "", "").with(func(s *Scene,
		m []string,
		h *check.Hint) bool {
		h.Cause = fmt.Sprintf("This release of the image's system has no version %s of %s.", m[1], m[2])
		h.Advice = "Ask for the version that it has, with the name alone."
		h.Edit = s.inStep(m[2]+"="+m[1], m[2])
		return true
	}),
	on("bad-source", `E: Malformed entry (\d+) in (?:list|sources) file (\S+)[^\n]*`,
		`Entry $1 of $2 is none that apt-get can read.`,
		`Write it as deb [signed-by=KEY] URL RELEASE main.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if s.Step != nil && strings.Contains(s.Step.Text, m[2]) && !strings.Contains(s.Step.Text, "deb ") {
			h.Cause = fmt.Sprintf("What this step writes into %s does not begin with deb, so apt-get cannot read it.",
				m[2])
			h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`(echo\s+["'])(https?://)`), "${1}deb ${2}")
			if h.Edit != nil {
				h.Advice = "A line of sources begins with deb."
			}
		}
		return true
	}),
	on("no-source", `E: Type '([^'\n]+)' is not known on line (\d+) in source list (\S+)`,
		`Line $2 of $3 begins with $1, and a line of sources begins with deb.`,
		`Write it as deb [signed-by=KEY] URL RELEASE main.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if e := s.inInstruction(s.Step, regexp.MustCompile(`(["'])`+regexp.QuoteMeta(m[1])),
			"${1}deb "+strings.ReplaceAll(m[1], "$", "$$")); e != nil {
			h.Advice, h.Edit = "", e
		}
		return true
	}),
	on("package-unknown",
		`E: (?:Unable to locate package|Package|Couldn't find any package by (?:glob|`+
			`regex)) '?([^\s']+)'?(?: has no installation candidate| was not found)?`, "", "").with(aptUnknown),
	on("no-such-option", `E: Command line option (-\S+) is not understood`, `apt-get has no option $1.`,
		`Take it out, or correct it.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if by := option.Suggest(m[1], []string{"--no-install-recommends", "--yes", "--assume-yes", "--quiet",
			"--fix-missing", "--allow-unauthenticated", "--no-install-suggests", "--reinstall"}); by != "" {
			h.Advice, h.Edit = fmt.Sprintf("Is %s meant?", by), s.inStep(m[1], by)
		}
		return true
	}),
	on("no-such-command", `E: Invalid operation (\S+)`, `apt-get has no command $1.`,
		`Write install, update, upgrade, remove or clean.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if by := option.Suggest(m[1], []string{"install", "update", "upgrade", "remove", "clean",
			"autoremove"}); by != "" {
			h.Advice, h.Edit = fmt.Sprintf("Is %s meant?", by), s.inStep(m[1], by)
		}
		return true
	}),
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
		`(?:Could not open lock file|List directory [^\n]* is missing|Unable to acquire the dpkg frontend lock|`+
			`are you root\?)[^\n]*`, `apt-get works as root alone.`, "").with(beforeUser),
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
	if bare := strings.TrimRight(name, ","); bare != name && s.Step != nil {
		h.Cause = fmt.Sprintf("Blanks stand between the names of packages, and no commas: apt-get looks for one "+
			"called %s.",
			name)
		h.Advice = "Take the commas out."
		for n := s.Step.Line; n <= s.Step.EndLine; n++ {
			p := s.dockerfileLine(n)
			if strings.Contains(p.text, name) {
				h.Edit = &check.Edit{File: p.file, Line: n, Old: p.text,
					New: regexp.MustCompile(`([\w.+-]),(\s|$)`).ReplaceAllString(p.text, "${1}${2}")}
				break
			}
		}
		return true
	}
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
		"node": "nodejs", "build-essentials": "build-essential", "postgresql-dev": "libpq-dev",
		"musl-dev": "libc6-dev", "build-base": "build-essential",
		"libffi": "libffi-dev", "netcat": "netcat-openbsd", "libgl1-mesa-glx": "libgl1", "libglib2.0": "libglib2.0-0",
		"libssl1.1": "libssl3", "chromium-browser": "chromium", "libpng12-dev": "libpng-dev",
		"python-dev": "python3-dev", "python-pip": "python3-pip",
		"mysql-server": "default-mysql-server", "openjdk-11-jdk": "default-jdk-headless",
		"openjdk-17-jdk": "default-jdk-headless"}[name]; by != "" {
		h.Advice, h.Edit = "Debian calls it "+by+".", s.inStep(name, by)
	} else if foreign.MatchString(name) {
		h.Cause = fmt.Sprintf("Debian has no package %s: it comes from its maker's own archive.", name)
		h.Advice = "Take the maker's image for it, in a container of its own, or leave it out; what only asks it " +
			"is in a " +
			"package of the program's language."
	}
	return true
}

// foreign are packages that Debian has not, and their makers do.
var foreign = regexp.MustCompile(`^(?:mongodb(?:-\w+)*|mongosh|docker-(?:ce|compose-plugin)\S*|google-chrome\S*|` +
	`elasticsearch|` +
	`kibana|yarn|terraform|kubectl|gh|code|dotnet-\S+|mssql-\S+|influxdb2?|grafana|rabbitmq)$`)

// alpineNames are the names by which Alpine has Debian's packages, where they differ.
var alpineNames = map[string]string{"build-essential": "build-base", "libpq-dev": "postgresql-dev",
	"libc6-dev": "musl-dev", "libssl-dev": "openssl-dev", "zlib1g-dev": "zlib-dev", "libjpeg-dev": "jpeg-dev",
	"default-libmysqlclient-dev": "mariadb-dev", "libmysqlclient-dev": "mariadb-dev", "python3-pip": "py3-pip",
	"pkg-config": "pkgconf", "libmagic1": "libmagic", "postgresql-client": "postgresql-client",
	"default-mysql-client": "mysql-client", "netcat": "netcat-openbsd", "dnsutils": "bind-tools",
	"libgl1": "mesa-gl", "libglib2.0-0": "glib", "gnupg2": "gnupg", "libxml2": "libxml2",
	"libsqlite3-dev": "sqlite-dev",
	"sqlite3":        "sqlite", "iputils-ping": "iputils", "python-dev": "python3-dev"}

var apk = tool{name: "apk", entries: []entry{
	on("package-unknown", `(?m)^\s*([\w.+-]+) \(no such package\):`, `Alpine has no package $1.`,
		`Check its spelling: Alpine's names differ from Debian's (build-base, postgresql-dev, `+
			`musl-dev).`).with(func(s *Scene,
		m []string, h *check.Hint) bool {
		if by := alpineNames[m[1]]; by != "" && s.Step != nil {
			h.Cause = fmt.Sprintf("%s is Debian's name: Alpine calls it %s.", m[1], by)
			h.Advice = "Write it so."
			for n := s.Step.Line; n <= s.Step.EndLine; n++ {
				line := s.File.Lines[n-1]
				new := regexp.MustCompile(`[\w.+-]+`).ReplaceAllStringFunc(line, func(word string) string {
					return cmp.Or(alpineNames[word], word)
				})
				if new != line {
					h.Edit = &check.Edit{File: s.File.Name, Line: n, Old: line, New: new}
					break
				}
			}
		}
		return true
	}),
	on("not-root",
		`(?:Unable to lock database|Unable to open log)[^\n]*Permission denied|ERROR: Failed to open apk database: `+
			`Permission denied`, `apk works as root alone.`, "").with(beforeUser),
}}

// beforeUser puts the USER that takes the step's rights away below it, and below what else is
// installed there: what stands between them may be needed.
func beforeUser(s *Scene, _ []string, h *check.Hint) bool {
	name, line := s.user()
	if line == 0 && !s.started && s.asAnother(h) {
		return true
	}
	if s.started || line == 0 || s.Step == nil {
		return h.Cause != "" && h.Advice != ""
	}
	h.Cause = strings.TrimSpace(h.Cause + fmt.Sprintf(" The step runs as %s, since USER on line %d.", name, line))
	h.Advice = fmt.Sprintf("Put USER, line %d, below this step.", line)
	stage := slices.IndexFunc(s.File.Stages, func(stage dockerfile.Stage) bool {
		return slices.ContainsFunc(stage.Instructions,
			func(in dockerfile.Instruction) bool { return in.Line == s.Step.Line }) && stage.Line < line
	})
	user, end := s.File.At(line), s.Step.EndLine
	if stage < 0 || user == nil {
		return true // USER is of a stage that this one is built on
	}
	for _, in := range s.File.Stages[stage].Instructions {
		if in.Line > end && in.Name == "RUN" && slices.ContainsFunc(in.Commands(),
			func(c dockerfile.Command) bool { return c.Installs() && !c.Has("--user") }) {
			end = in.EndLine
		}
	}
	if end-line < mostMoved {
		lines := s.File.Lines[line-1 : end]
		h.Edit = &check.Edit{File: s.File.Name, Line: line, Old: strings.Join(lines, "\n"),
			New: strings.Join(slices.Concat(lines[user.EndLine-line+1:], lines[:user.EndLine-line+1]), "\n")}
		h.Advice = "Put USER below what needs root."
	}
	return true
}

var otherUser = regexp.MustCompile(`\b(?:su|runuser|gosu|sudo)\s+(?:-u\s+|-\s+|-l\s+)?([a-z_][\w-]*)\b`)

// asAnother reports whether the step itself hands a command to a user who may not write where it
// is,
// and says so.
func (s *Scene) asAnother(h *check.Hint) bool {
	if s.Step == nil {
		return false
	}
	m := otherUser.FindStringSubmatch(s.Step.Text)
	if m == nil || m[1] == "root" || s.workdir() == "/" {
		return false
	}
	h.Cause = strings.TrimSpace(fmt.Sprintf("%s Line %d lets %s run this, who may not write in %s.", h.Cause,
		s.Step.Line,
		m[1], s.workdir()))
	h.Advice = "Give the folder to that user before."
	h.Edit = s.above(false, "RUN chown -R "+m[1]+" "+s.workdir())
	return true
}

// mostMoved is how many lines at most are written anew to move one of them.
const mostMoved = 12

// provides are the packages by which Debian has a program, where its name differs.
var provides = map[string]string{"curl": "curl", "wget": "wget", "git": "git", "make": "make", "gcc": "gcc libc6-dev",
	"g++": "g++", "cc": "gcc libc6-dev", "unzip": "unzip", "zip": "zip", "ps": "procps",
	"nc": "netcat-openbsd", "netcat": "netcat-openbsd", "ping": "iputils-ping", "psql": "postgresql-client",
	"pg_isready": "postgresql-client", "mysql": "default-mysql-client", "mysqladmin": "default-mysql-client",
	"redis-cli": "redis-tools", "gpg": "gnupg", "xz": "xz-utils", "dos2unix": "dos2unix", "jq": "jq",
	"sqlite3": "sqlite3", "nano": "nano", "vim": "vim", "lsb_release": "lsb-release", "cmake": "cmake",
	"pkg-config": "pkg-config", "bzip2": "bzip2", "tini": "tini", "gosu": "gosu", "ssh": "openssh-client",
	"file": "file", "envsubst": "gettext-base", "node": "nodejs npm", "npm": "nodejs npm",
	"java": "default-jre-headless", "mvn": "maven", "python3": "python3", "pip3": "python3-pip", "ffmpeg": "ffmpeg",
	"dumb-init": "dumb-init", "nginx": "nginx", "cron": "cron", "crontab": "cron", "rsync": "rsync", "socat": "socat",
	"netstat": "net-tools", "ifconfig": "net-tools", "ip": "iproute2", "ss": "iproute2", "dig": "dnsutils",
	"nslookup": "dnsutils", "host": "dnsutils", "telnet": "telnet", "lsof": "lsof", "top": "procps", "pgrep": "procps",
	"pkill": "procps", "free": "procps", "killall": "psmisc", "locale-gen": "locales", "sudo": "sudo", "less": "less",
	"tree": "tree", "bc": "bc", "patch": "patch", "perl": "perl", "msgfmt": "gettext", "protoc": "protobuf-compiler",
	"clang": "clang", "ninja": "ninja-build", "autoconf": "autoconf", "automake": "automake", "swig": "swig",
	"convert": "imagemagick", "pandoc": "pandoc", "redis-server": "redis-server", "pg_dump": "postgresql-client",
	"mysqldump": "default-mysql-client", "svn": "subversion", "hg": "mercurial", "openssl": "openssl",
	"update-ca-certificates": "ca-certificates", "apache2": "apache2", "chromium": "chromium", "7z": "p7zip-full",
	"htop": "htop", "watch": "procps", "man": "man-db", "xxd": "xxd", "gettext": "gettext", "strace": "strace",
	"ffprobe": "ffmpeg", "pdftotext": "poppler-utils", "tesseract": "tesseract-ocr", "dot": "graphviz",
	"wkhtmltopdf": "wkhtmltopdf", "libreoffice": "libreoffice"}

// system returns whether the image of the step is Debian's, as its base image's name has it, and
// alpine whether it is that.
func (s *Scene) system() (debian, alpine bool) {
	base := ""
	for _, stage := range s.File.Stages {
		if s.Step == nil || s.started || stage.Line <= s.Step.Line {
			if stage.From < 0 {
				base = strings.ToLower(stage.Base)
			}
		}
	}
	alpine = strings.Contains(base, "alpine")
	known := regexp.MustCompile(
		`(?:^|/)(?:python|node|debian|ubuntu|golang|ruby|openjdk|eclipse-temurin|nginx|php|buildpack-deps|maven|` +
			`gradle)(?::|$)|slim|bookworm|bullseye|trixie|buster`).MatchString(base)
	return known && !alpine, alpine
}
