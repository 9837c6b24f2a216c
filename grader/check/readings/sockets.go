package readings

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// sockets are the words of programs that may not or cannot listen where they want to.
var sockets = tool{name: "sockets", entries: []entry{
	on("privileged",
		`\('[^']*', (\d+)[^)]*\): (?:\[errno \d+\] )?permission denied|listen EACCES: permission denied `+
			`[\w.:]*?:(\d+)|bind\(\) to [\w.:]*:(\d+) failed \(13`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause, h.Advice = fmt.Sprintf("Only root may listen on port %s, as on all below 1024.", m[1]+m[2]+m[3]),
			"Let the program listen on 8000."
		h.Edit = s.inCommand(word(m[1]+m[2]+m[3]), "${1}8000${2}")
		return true
	}),
	on("port-too-high", `port must be 0-65535|Port should be >= 0 and < 65536[^\n]*`,
		`The program is to listen on a port above 65535, and there is none.`,
		`Let it listen on 8000.`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Edit = s.inCommand(noPort, "8000")
		return true
	}),
	on("no-number", `RangeError \[ERR_SOCKET_BAD_PORT\][^\n]*|listen tcp\d?:? [^\n]*(?:unknown port|invalid port|`+
		`missing port|`+
		`too many colons)[^\n]*`, `The program is to listen on what is no port.`,
		`Give it a number from 1 to 65535.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if strings.Contains(m[0], "NaN") && noneForSetting(s, m, h) {
			return true
		}
		if wrong := s.portGiven(); wrong != nil {
			*h = *wrong
			return true
		}
		got := regexp.MustCompile(`Received (?:type (\w+) )?\(?'?([^)'\n]*)`).FindStringSubmatch(m[0])
		if got != nil && got[2] != "" {
			h.Cause = fmt.Sprintf("The program is to listen on %s%s, and that is no port.", got[2], s.at())
		}
		h.Edit = s.inCommand(noPort, "8000")
		return true
	}),
	on("in-use", `(?i)address (?:is )?already in use|Connection in use: \(|EADDRINUSE: |port \d+ is in use`,
		`The port is taken inside the container: the server is started twice.`,
		`Start it once: CMD, or the script or program that it starts, starts it again.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		if p, ok := s.frame(); ok && strings.Contains(p.text, "listen(") {
			h.Cause = fmt.Sprintf("%s, listens on a port on which the program listens already.", p)
			h.Advice = "Let it listen once."
			if regexp.MustCompile(`^\s*\w+\.listen\([^{]*\)\s*;?\s*$`).MatchString(p.text) {
				h.Edit = p.without()
			}
		}
		return true
	}),
	on("not-ours",
		`(?:[Cc]annot assign requested address|EADDRNOTAVAIL)[^\n]*?(?:\('?([\d.:a-f]+)'?, ?(\d+)|([\d.]+):(\d+)|$)`,
		"", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		address := m[1] + m[3]
		if address == "" {
			if got := regexp.MustCompile(`address \('([^']+)', (\d+)`).FindStringSubmatch(s.log); got != nil {
				address = got[1]
			}
		}
		return address != "" && foreignAddress(s, address, h)
	}),
	on("no-address", `(?m)^[^\n]*(?:\[Errno -\d\] |gaierror|getaddrinfo ENOTFOUND|getaddrinfo EAI_AGAIN|`+
		`EADDRNOTAVAIL|lookup )[^\n]*`, "", "").with(noAddress),
	on("not-expanded", `(?m)'(\$\{?(\w+)[^']*)' is not a valid (?:integer|port number)`, "", "").with(notExpanded),
	on("empty", `(?m)^Error: '' is not a valid port number|Invalid value for '--?[\w-]+'(?: / '[^']*')?: '' is not`,
		"", "").with(
		func(s *Scene, _ []string, h *check.Hint) bool { return s.emptyInCommand(h) }),
	on("blanks-in-env", `['"](=(?: [^'"\n]*)?)['"]`, "", "").with(blanksInEnv),
	on("no-such-path", `Invalid value for '(--?[\w-]+)'[^:\n]*: (?:Path|File|Directory) '([^'\n]+)' does not exist`, "",
		"").with(optionPath),
	on("usage",
		`(?m)^(?:Error: |[\w.-]+: error: |error: )((?:No such option|Invalid value|Missing argument|Got unexpected|`+
			`unrecognized arguments|no such option|unexpected argument|the following arguments are required|`+
			`argument [^:\n]+: |Option '?-[\w-]+'? requires an argument|No such command|Missing option|Missing `+
			`command|ambiguous option)[^\n]*)`,
		"", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		if entry, command := s.both(); command != nil && len(command.Args) > 1 &&
			path.Base(entry.Args[len(entry.Args)-1]) == path.Base(command.Args[0]) {
			h.Cause = fmt.Sprintf("ENTRYPOINT and CMD are one command together, so %s stands in it twice.",
				command.Args[0])
			h.Advice = "Leave ENTRYPOINT out, so that CMD is the whole command."
			h.Edit = s.dockerfileLine(entry.Line).without()
			return true
		}
		if wrong := s.portGiven(); wrong != nil && strings.Contains(m[1], "port") {
			*h = *wrong
			return true
		}
		if s.otherAddress(h) || s.betweenLists(h) || s.started && singleQuotes(s, nil, h) {
			return true
		}
		if got := regexp.MustCompile(`^Option '?(-[\w-]+)'? requires an ` +
			`argument`).FindStringSubmatch(m[1]); got != nil {
			h.Cause = fmt.Sprintf("CMD's %s wants a value, and there is none behind it.", got[1])
			h.Advice = "Write it there."
			if s.emptyInCommand(h) {
				return true
			}
			if by := map[string]string{"--host": "0.0.0.0", "--port": "8000", "-h": "0.0.0.0",
				"-p": "8000"}[got[1]]; by != "" {
				h.Edit = s.inCommand(regexp.MustCompile(`"`+got[1]+`"(\s*\])`), `"`+got[1]+`", "`+by+`"${1}`)
			}
			return true
		}
		if got := ambiguous.FindStringSubmatch(m[1]); got != nil {
			h.Cause = fmt.Sprintf("CMD's %s could be the begin of several options: %s.", got[1], got[2])
			h.Advice = "Write the one that is meant."
			if e := s.inCommand(regexp.MustCompile(`(`+got[1]+`)(["',\s=]+\d)`), "${1}s${2}"); e != nil &&
				strings.Contains(got[2]+",", got[1]+"s,") {
				h.Advice, h.Edit = fmt.Sprintf("With a number behind it, %ss is meant.", got[1]), e
			}
			return true
		}
		h.Cause = fmt.Sprintf("CMD's words are not as its program wants them: %s.", strings.TrimSuffix(m[1], "."))
		h.Advice = "Write them as its --help lists them."
		if got := regexp.MustCompile(
			`No such option:? '?(-[\w-]+)'?\.? ?\(?(?:Did you mean (?:one of: )?'?(-[\w-]+))?|unrecognized ` +
				`arguments: (-[\w-]+)`).FindStringSubmatch(m[1]); got != nil {
			near := got[2]
			if near == "" {
				near = nearest(got[1]+got[3], []string{"--host", "--port", "--workers", "--reload", "--bind",
					"--app-dir", "--log-level", "--worker-class", "--keep-alive", "--timeout", "--threads",
					"--access-logfile"})
			}
			if near != "" {
				h.Cause = fmt.Sprintf("CMD's program has no option %s.", got[1]+got[3])
				h.Advice = fmt.Sprintf("Is %s meant?", near)
				h.Edit = s.inCommand(word(got[1]+got[3]), "${1}"+near+"${2}")
			}
		}
		return true
	}),
}}

// ambiguous is an option of which argparse cannot tell what it is short for.
var ambiguous = regexp.MustCompile(`^ambiguous option: (--[\w-]+)\S* could match (.*)$`)

// betweenLists says of a CMD in the shell form that its ENTRYPOINT, a list, is given the shell that
// Docker puts before CMD, and reports whether that is so.
func (s *Scene) betweenLists(h *check.Hint) bool {
	entry, command := s.File.Last("ENTRYPOINT"), s.File.Last("CMD")
	if entry == nil || command == nil || !entry.Exec || command.Exec {
		return false
	}
	h.Cause = fmt.Sprintf("CMD (line %d) is no list, so Docker gives its words to ENTRYPOINT behind /bin/sh -c, which "+
		"%s takes for its own.", command.Line, path.Base(entry.Args[0]))
	h.Advice = "Write CMD as a list too."
	change, _ := s.File.ExecForm(*command)
	if h.Edit = check.EditOf(s.File.Name, change); h.Edit != nil {
		h.Advice = ""
	}
	return true
}

var blanksAround = regexp.MustCompile(`^(?i:ENV)\s+(\w+)\s+=\s*(\S+)$`)

// emptyInCommand says which variable of CMD is empty, since nothing sets it, and gives it a value;
// and reports whether there is one.
func (s *Scene) emptyInCommand(h *check.Hint) bool {
	in := s.commandInstruction()
	if in == nil {
		return false
	}
	for _, m := range variable.FindAllStringSubmatch(strings.Join(in.Args, " "), -1) {
		if s.sets(m[1]) {
			continue
		}
		h.Cause = fmt.Sprintf("$%s in %s, line %d, is empty: nothing sets it.", m[1], in.Name, in.Line)
		by := "${" + m[1] + ":-" + s.value(m[1], "") + "}"
		h.Advice = fmt.Sprintf("Write %s, which has a value where nothing sets it.", by)
		written := regexp.MustCompile(`\$(?:` + m[1] + `\b|\{` + m[1] + `\})`)
		if h.Edit = s.inInstruction(in, written, strings.ReplaceAll(by, "$", "$$")); h.Edit != nil {
			h.Advice = "Give it a value where nothing sets it."
		}
		return true
	}
	return false
}

// blanksInEnv reports whether an ENV has blanks around its =, which Docker takes into the value.
func blanksInEnv(s *Scene, m []string, h *check.Hint) bool {
	for _, in := range s.File.Effective() {
		got := blanksAround.FindStringSubmatch(in.Text)
		if got == nil || !strings.HasPrefix("= "+got[2], m[1]) {
			continue
		}
		h.Cause = fmt.Sprintf("Line %d sets %s to \"= %s\": with blanks before it, the = is a part of the value.",
			in.Line, got[1], got[2])
		h.Advice = "Write it without blanks."
		h.Edit = &check.Edit{File: s.File.Name, Line: in.Line, Old: s.File.Lines[in.Line-1],
			New: "ENV " + got[1] + "=" + got[2]}
		return in.Line == in.EndLine
	}
	return false
}

// optionPath says why what an option of CMD names is not in the image.
func optionPath(s *Scene, m []string, h *check.Hint) bool {
	option, name := m[1], m[2]
	at := inside(s.workdir(), name)
	h.Cause = fmt.Sprintf("CMD's %s names %s, and the image has no such file.", option, at)
	h.Advice = "Hand it in and COPY it, or leave the option out."
	file := s.own(name)
	if line := s.hidden(strings.TrimPrefix(path.Clean(name), "./")); line != "" {
		h.Cause = fmt.Sprintf("CMD's %s names %s, and %s, keeps it out of the image.", option, name, line)
	} else if file != "" && !strings.HasPrefix(path.Base(name), ".env") {
		return s.notCopied(file, at, h)
	} else if found := s.named(path.Base(name)); len(found) > 0 {
		there := s.where(found[0])
		if there == "" {
			return s.notCopied(found[0], at, h)
		}
		h.Cause = fmt.Sprintf("CMD's %s names %s, and it is at %s.", option, at, there)
		h.Advice = "Name it as it lies there."
		beside := strings.TrimPrefix(there, strings.TrimSuffix(s.workdir(), "/")+"/")
		h.Edit = s.inCommand(word(name), "${1}"+beside+"${2}")
		return true
	}
	if strings.HasPrefix(path.Base(name), ".env") {
		h.Advice = "Secrets do not belong into the image: start without it, and pass variables with docker run -e."
		quoted := regexp.QuoteMeta(`"`+option+`"`) + `,\s*` + regexp.QuoteMeta(`"`+name+`"`)
		bare := regexp.QuoteMeta(option) + `[= ]` + regexp.QuoteMeta(name)
		h.Edit = s.inCommand(regexp.MustCompile(`,\s*(?:`+quoted+`|"`+bare+`")|\s+`+bare), "")
	}
	return true
}

// noPort is a number above those of ports.
var noPort = regexp.MustCompile(`\b(?:6553[6-9]|655[4-9]\d|65[6-9]\d\d|6[6-9]\d{3}|[7-9]\d{4}|\d{6,})\b`)

// notExpanded reports whether nothing puts a variable into the words of a list.
func notExpanded(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf(
		"CMD is a list, and in a list nothing puts the value of %s in: its program gets the letters %s.", m[2], m[1])
	h.Advice = "Let sh start the program, with exec before it."
	in := s.commandInstruction()
	if in == nil || !in.Exec || !strings.Contains(strings.Join(in.Args, " "), m[1]) ||
		strings.ContainsAny(strings.Join(in.Args, ""), " \"'\\&|;<>()*") {
		return true
	}
	command := "exec " + strings.Join(in.Args, " ")
	if !s.sets(m[2]) {
		command = regexp.MustCompile(`\$(?:`+m[2]+`\b|\{`+m[2]+`\})`).ReplaceAllLiteralString(command,
			"${"+m[2]+":-"+s.value(m[2], "")+"}")
	}
	if h.Edit = check.EditOf(s.File.Name, s.File.Change(*in, in.Name+" "+
		dockerfile.List([]string{"sh", "-c", command}))); h.Edit != nil {
		h.Advice = "Let sh start it."
	}
	return true
}

// waiting are scripts and programs that wait for another server, and still do.
var waiting = tool{name: "waiting", entries: []entry{
	on("for-a-server",
		`(?i)(?:(?:waiting|wait) for (?:the )?(?:database|postgres\w*|mysql\w*|mariadb|db|mongo\w*|redis|rabbitmq|`+
			`\S+:\d+)|(?:database|postgres\w*|mysql|db|redis) (?:is )?(?:unavailable|not ready|not available|`+
			`is starting up)|[\w.-]+:\d+ - no (?:response|attempt)|still waiting)[^\n]*`, "", "").
		with(func(s *Scene, m []string, h *check.Hint) bool {
			if asleep := s.sleeps(); asleep != nil {
				*h = *asleep
				return true
			}
			h.Cause = "The program is still waiting for its database, and none is there: here it runs alone, without " +
				"compose. CMD itself is right."
			h.Advice = "Let the waiting come to an end, and the start go on without it."
			if h.Edit = s.withoutWaiting(); h.Edit != nil {
				h.Cause = strings.TrimSuffix(h.Cause, " CMD itself is right.")
				h.Advice = "Start without waiting."
			}
			if addressed(s, m, &check.Hint{}) {
				var more check.Hint
				if _, ok := s.frame(); !ok && addressed(s, m, &more) && strings.Contains(more.Cause, " at ") {
					h.Cause = "It is still waiting for its database. " + more.Cause
				}
			}
			return true
		}),
	on("timed-out", `timeout occurred after waiting \d+ seconds for ([\w.-]+):(\d+)`, "", "").with(server("", "")),
}}

var (
	waits = regexp.MustCompile(`^\s*(?:until|while)\b.*(?:\bnc\b|pg_isready|create_connection|/dev/tcp/|psql\b|` +
		`mysqladmin|redis-cli|\bcurl\b|\bwget\b|wait)`)
	waited = regexp.MustCompile(`(?:until|while) [^;&|]*(?:\bnc\b|pg_isready|/dev/tcp/|mysqladmin|redis-cli)[^;]*;` +
		`\s*do [^"']*?;?\s*done\s*(?:;|&&)\s*`)
	forIt = regexp.MustCompile(`(?:"?(?:\./|/)?(?:[\w-]+/)*wait[-_]for(?:[-_]it)?(?:\.sh)?"?[,\s]+)` +
		`(?:"?[^"\s]+"?[,\s]+)*?"?--"?[,\s]+`)
)

var (
	sleepFirst  = regexp.MustCompile(`\bsleep\s+(\d+)s?\s*(?:&&|;)\s*`)
	sleepAlone  = regexp.MustCompile(`^sleep\s+(\d+)s?\s*$`)
	sleepPython = regexp.MustCompile(`^(?:time\.)?sleep\((\d+)\)`)
)

// shortSleep is how many seconds of sleep are nothing to speak of.
const shortSleep = 5

// sleeps returns that CMD, its script or the program waits for a fixed time before it starts the
// server; nil where none does.
func (s *Scene) sleeps() *check.Hint {
	long := func(m []string) bool {
		n := 0
		if m != nil {
			_, _ = fmt.Sscan(m[1], &n)
		}
		return n >= shortSleep
	}
	tell := func(p place, m []string, e *check.Edit) *check.Hint {
		return &check.Hint{Cause: fmt.Sprintf("%s, waits for %s seconds before the server is started.", p, m[1]),
			Advice: "Start it at once.", Edit: e}
	}
	for _, in := range s.File.Lasts("CMD", "ENTRYPOINT") {
		if m := sleepFirst.FindStringSubmatch(in.Text); long(m) {
			return tell(place{s.File.Name, in.Line, in.Text}, m, s.inInstruction(in, sleepFirst, ""))
		}
		file := s.scriptNamed(in)
		for i, line := range s.lines(file) {
			p := place{file, i + 1, line}
			if m := sleepAlone.FindStringSubmatch(line); long(m) {
				return tell(p, m, p.without())
			}
		}
	}
	if p, m := s.grep(sleepPython, ".py"); long(m) {
		return tell(p, m, p.without())
	}
	return nil
}

// withoutWaiting returns the edit that takes a loop out of a script or a command which waits for
// another server; nil where there is none.
func (s *Scene) withoutWaiting() *check.Edit {
	for _, pattern := range []*regexp.Regexp{waited, forIt} {
		if e := s.inCommand(pattern, ""); e != nil {
			return e
		}
	}
	for _, file := range s.files() {
		lines := s.lines(file)
		for i, line := range lines {
			if !strings.HasSuffix(file, ".sh") || !waits.MatchString(line) {
				continue
			}
			for j := i + 1; j < len(lines) && j < i+12; j++ {
				if strings.TrimSpace(lines[j]) == "done" {
					return &check.Edit{File: file, Line: i + 1, Old: strings.Join(lines[i:j+1], "\n")}
				}
			}
		}
	}
	return nil
}
