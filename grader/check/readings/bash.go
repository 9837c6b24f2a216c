package readings

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// ofBash is what bash knows, and sh does not.
var ofBash = regexp.MustCompile(`\[\[|\b(?:source|pushd|popd|shopt|declare|typeset|let|mapfile|readarray|` +
	`function)\s+\S|` +
	`\w\+?=\([^)]*\)?|[<>]\(|<<<|\$\{\w+(?:\[|\^|,|//)|\bpipefail\b|\{\d+\.\.\d+\}|&>|\(\(`)

// needsBash reports whether what sh could not read is bash's: in a script that the log names with
// its line, or in the step itself.
func needsBash(s *Scene, name, number string, h *check.Hint) bool {
	if file := s.scriptOf(name); file != "" {
		p, _ := s.lineOf(file, number)
		if !ofBash.MatchString(p.text) {
			return false
		}
		h.Cause = fmt.Sprintf("%s, has what bash knows and sh does not: `%s`.", p, p.code())
		h.Advice = "Write it as sh wants it, or let bash run the script."
		_, alpine := s.system()
		if first := s.lines(file)[0]; !alpine && regexp.MustCompile(
			`^#!\s*\S*/(?:env )?(?:sh|dash)\b`).MatchString(first) {
			h.Edit = &check.Edit{File: file, Line: 1, Old: first, New: "#!/bin/bash"}
		}
		if e := s.bashRuns(path.Base(file)); e != nil && !alpine {
			h.Edit = e
		}
		if h.Edit != nil {
			h.Advice = "Let bash run the script."
		}
		return true
	}
	if s.Step == nil || s.started || s.Step.Exec || !ofBash.MatchString(s.Step.Shell()) {
		return false
	}
	found := ""
	for line := range strings.Lines(s.Step.Shell()) {
		if found == "" && ofBash.MatchString(line) {
			found = short(line)
		}
	}
	h.Cause = fmt.Sprintf("A RUN is read by sh, and this one (line %d) has what bash alone knows: `%s`.", s.Step.Line,
		found)
	h.Advice = "Let bash read it."
	h.Edit = s.above(false, `SHELL ["/bin/bash", "-c"]`)
	if _, alpine := s.system(); alpine {
		h.Advice, h.Edit = "Write it as sh wants it: Alpine has no bash.", nil
	}
	return true
}

// bashRuns returns the edit by which bash runs a script that sh is told to run by name.
func (s *Scene) bashRuns(base string) *check.Edit {
	by := regexp.MustCompile(`(^|[\s"\[;&])sh((?:",)?\s+"?(?:[\w./-]*/)?` + regexp.QuoteMeta(base) + `)`)
	if s.started {
		return s.inCommand(by, "${1}bash${2}")
	}
	return s.inInstruction(s.Step, by, "${1}bash${2}")
}

// scriptOf returns the file of the folder that a shell names before a fault, or empty.
func (s *Scene) scriptOf(name string) string {
	if name == "" {
		return ""
	}
	if file := s.own(inside(s.workdir(), name)); file != "" {
		return file
	}
	if found := s.named(path.Base(name)); len(found) > 0 {
		return found[0]
	}
	return ""
}

// unsetInShell says which variable a script or a step uses that nothing sets.
func unsetInShell(s *Scene, m []string, h *check.Hint) bool {
	name, file := m[3], s.scriptOf(m[1])
	p, found := s.lineOf(file, m[2])
	text := p.text
	if s.Step != nil && !s.started && !found {
		text = s.Step.Shell()
	}
	if !strings.HasSuffix(m[4], "not set") && m[4] != "unbound variable" &&
		!regexp.MustCompile(`\$\{`+name+`:?\?`).MatchString(text) {
		return false
	}
	if name <= "9" {
		h.Cause = fmt.Sprintf("%s, line %s, uses $%s, the word number %s that it is called with, and there is none.",
			m[1], m[2], name, name)
		h.Advice = "Call it with that word, or give it a default: ${" + name + ":-…}."
		return true
	}
	if !s.started {
		if lost := s.unknownArgument(); lost != nil {
			*h = *lost
			return true
		}
	}
	missing(s, []string{name}, h)
	if file == "" {
		if !s.started {
			h.Cause = strings.Replace(h.Cause, "The program wants", "This step wants", 1)
		}
		return true
	}
	h.Cause = strings.Replace(h.Cause, "The program wants", fmt.Sprintf("%s, line %s, wants", file, m[2]), 1)
	h.Cause = strings.TrimSuffix(h.Cause, ".") + fmt.Sprintf(": `%s`.", short(strings.TrimSpace(text)))
	if secret(name) && found {
		h.Advice = "A secret does not belong into the image: give it a default there."
		h.Edit = p.replace(regexp.MustCompile(`\$(?:`+name+`\b|\{`+name+`(?::?\?[^}]*)?\})`),
			"$${"+name+":-change-me}")
	}
	return true
}

// alienBinary says of a program in the folder that is for another kind of machine, or whose loader
// the image lacks; false where it is none.
func (s *Scene) alienBinary(name string, h *check.Hint) bool {
	var file string
	for _, word := range append([]string{name}, s.commandWords()...) {
		if file = s.landed()[inside(s.workdir(), word)]; file != "" {
			break
		}
	}
	if file == "" {
		return false
	}
	data, err := fs.ReadFile(s.Folder, file)
	if err != nil {
		return false
	}
	switch {
	case strings.HasPrefix(string(data), "MZ"):
		h.Cause = fmt.Sprintf("%s is a program for Windows, and a container runs those of Linux.", file)
		h.Advice = "Build it for Linux, best in a stage of the Dockerfile."
		return true
	case strings.HasPrefix(string(data), "\xcf\xfa\xed\xfe"):
		h.Cause = fmt.Sprintf("%s is a program for macOS, and a container runs those of Linux.", file)
		h.Advice = "Build it for Linux (GOOS=linux), best in a stage of the Dockerfile."
		return true
	}
	program, err := elf.NewFile(strings.NewReader(string(data)))
	if err != nil {
		return false
	}
	if program.Machine != elf.EM_X86_64 {
		machine := strings.ToLower(strings.TrimPrefix(program.Machine.String(), "EM_"))
		h.Cause = fmt.Sprintf("%s is a program for another kind of machine (%s) than this one (x86-64).", file, machine)
		h.Advice = "Build it for this kind (GOARCH=amd64, --platform=linux/amd64), best in a stage of the Dockerfile."
		return true
	}
	for _, part := range program.Progs {
		if part.Type != elf.PT_INTERP {
			continue
		}
		loader := make([]byte, part.Filesz)
		if _, err := part.ReadAt(loader, 0); err != nil {
			return false
		}
		at := strings.TrimRight(string(loader), "\x00")
		h.Cause = fmt.Sprintf("%s is in the image; the loader that it is linked with, %s, is not.", file, at)
		h.Advice = "Build it without one (Go: CGO_ENABLED=0), or on the base image that it runs on."
		if strings.Contains(at, "musl") {
			h.Cause = fmt.Sprintf("%s was built on Alpine: the loader that it is linked with, %s, is not in this "+
				"image.",
				file, at)
		}
		return true
	}
	return false
}

// commandWords returns the words of ENTRYPOINT and CMD where they are lists.
func (s *Scene) commandWords() (words []string) {
	for _, in := range s.File.Lasts("ENTRYPOINT", "CMD") {
		if in.Exec {
			words = append(words, in.Args...)
		}
	}
	return words
}

// dosCommands are commands of Windows that scripts of package.json have.
var dosCommands = map[string]string{"copy": "cp", "xcopy": "cp -r", "del": "rm -f", "move": "mv", "rd": "rm -r",
	"ren": "mv", "cls": "", "type": "cat", "SET": "", "dir": "ls"}

// ofAnother says of a program that no package would bring what is to be written in its place.
func (s *Scene) ofAnother(base string, h *check.Hint) bool {
	at := "this step"
	if s.started {
		at = "CMD"
	}
	if by, ok := dosCommands[base]; ok {
		h.Cause = fmt.Sprintf("%s is a command of Windows, and the image is Linux.", base)
		h.Advice = "Write what Linux has for it."
		if by != "" {
			h.Advice = fmt.Sprintf("Linux has %s for it.", by)
		}
		if file, scripts := s.scripts(); len(scripts) > 0 {
			for i, line := range s.lines(file) {
				if !regexp.MustCompile(`"[^"]*"\s*:\s*"(?:[^"]*\s)?` + base + `\s`).MatchString(line) {
					continue
				}
				h.Cause = fmt.Sprintf("%s, line %d, has %s, a command of Windows, and the image is Linux.", file, i+1,
					base)
				if base == "SET" {
					p := place{file, i + 1, line}
					h.Advice = "A variable stands before the command, with a blank between them."
					h.Edit = p.replace(regexp.MustCompile(`\bSET\s+(\w+=[^\s&]+)\s*&&\s*`), "${1} ")
				}
			}
		}
		return true
	}
	switch base {
	case "systemctl", "journalctl", "initctl":
		h.Cause = fmt.Sprintf("%s talks to systemd, which does not run in a container.", base)
		h.Advice = "Take it out: CMD starts the one program that the container is for."
	case "sysctl", "modprobe", "iptables", "swapoff", "swapon":
		h.Cause = fmt.Sprintf("%s changes settings of the machine, which a build and a container may not.", base)
		h.Advice = "Take it out: whoever runs the machine sets that."
	case "apt-key":
		h.Cause = "This Debian has no apt-key any more."
		h.Advice = "Put the key into /etc/apt/keyrings, and name it in the line of the source: " +
			"it begins with deb [signed-by=/etc/apt/keyrings/NAME.asc]."
	case "add-apt-repository":
		h.Cause = "add-apt-repository is Ubuntu's, as are the archives (ppa:…) that it adds; the image is Debian."
		h.Advice = "Take Debian's own package, or begin with an image that has the program."
	case "su-exec":
		h.Cause = "su-exec is Alpine's, and the image has none."
		h.Advice = "Let USER say who runs the program; Debian has gosu in its place."
	case "nvm", "rvm", "pyenv":
		h.Cause = fmt.Sprintf("%s is a function of one's own shell, and no program; the image has none.", base)
		h.Advice = "Begin with the base image of the version that is wanted."
	case "docker", "docker-compose":
		h.Cause = fmt.Sprintf("The image has no %s, and a container starts no other.", base)
		h.Advice = fmt.Sprintf("Take it out of %s: it belongs into the terminal of the machine.", at)
	default:
		return false
	}
	return true
}

// images are the base images by which a program is had.
var images = map[string]string{"go": "golang", "cargo": "rust", "rustc": "rust", "ruby": "ruby", "bundle": "ruby",
	"gem": "ruby", "php": "php", "composer": "composer", "java": "eclipse-temurin", "javac": "eclipse-temurin",
	"mvn": "maven", "gradle": "gradle", "dotnet": "mcr.microsoft.com/dotnet/sdk", "bun": "oven/bun",
	"deno": "denoland/deno", "mix": "elixir", "swift": "swift", "sbt": "sbtscala/scala-sbt", "python": "python",
	"python3": "python", "pip": "python", "pip3": "python", "node": "node", "npm": "node", "npx": "node"}

// inOtherStage reports whether a stage that the image is not built on has the base image which
// brings the program, and says so.
func (s *Scene) inOtherStage(base string, h *check.Hint) bool {
	image := images[base]
	if image == "" || len(s.File.Stages) < 2 {
		return false
	}
	of := func(stage dockerfile.Stage) bool {
		name, _, _ := strings.Cut(path.Base(stage.Base), ":")
		return stage.From < 0 && name == path.Base(image)
	}
	for _, stage := range s.File.Stages {
		if !of(stage) || stage.Line == s.stageOf().Line || !s.started && (s.Step == nil || stage.Line > s.Step.Line) {
			continue
		}
		in := s.stageOf()
		h.Cause = fmt.Sprintf("%s is in the stage of line %d, FROM %s, and the stage that begins on line %d, FROM %s, "+
			"has none.", base, stage.Line, stage.Base, in.Line, in.Base)
		h.Advice = fmt.Sprintf("Let that begin with %s, too.", stage.Base)
		h.Edit = s.dockerfileLine(in.Line).replace(regexp.MustCompile(regexp.QuoteMeta(in.Base)), stage.Base)
		return true
	}
	return false
}

// stageOf returns the stage of the step, or the last.
func (s *Scene) stageOf() dockerfile.Stage {
	stage := s.File.Stages[len(s.File.Stages)-1]
	if s.started || s.Step == nil {
		return stage
	}
	for _, other := range s.File.Stages {
		if other.Line <= s.Step.Line {
			stage = other
		}
	}
	return stage
}
