package readings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// users are the words of the programs that make accounts and give files away.
var users = tool{name: "users", entries: []entry{
	on("adduser-missing", `(?:^|[\s:])(?:\S*/)?(addgroup|adduser|delgroup|deluser): (?:command )?not found`,
		`The base image has no $1, which is Alpine's and older Debian's.`, "").with(debianUsers),
	on("adduser-options",
		`(?:(?:addgroup|adduser)[^\n]*)?(?:[Uu]nknown option|unrecognized option|invalid option)[:s ]*'?(-{0,`+
			`2}[\w-]+)[^\n]*`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		if s.Step == nil || !regexp.MustCompile(`\badd(user|group)\b`).MatchString(s.Step.Text) {
			return false
		}
		if _, alpine := s.system(); alpine {
			h.Cause = fmt.Sprintf("%s is an option of Debian's adduser and addgroup; this image has Alpine's.", m[1])
			return alpineUsers(s, m, h)
		}
		h.Cause = fmt.Sprintf("%s is an option of Alpine's adduser and addgroup; this image has Debian's.", m[1])
		return debianUsers(s, m, h)
	}),
	on("useradd-missing", `(useradd|groupadd): (?:command )?not found`,
		`The base image has no $1, which is Debian's; Alpine has adduser and addgroup.`,
		"").with(alpineUsers),
	on("no-such-group", `(?:useradd|usermod|adduser): (?:group|The group) [‘'"\x60]?([\w.-]+)[’'"]? does not exist`,
		`The image has no group $1 at this step.`, `Make it before.`).with(func(s *Scene, m []string,
		h *check.Hint) bool {
		by := "groupadd " + m[1]
		if h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\b(useradd|usermod|adduser)\b`),
			by+" && ${1}"); h.Edit == nil {
			h.Edit = s.above(false, "RUN "+by)
		}
		return true
	}),
	on("no-such-user", `(?:invalid (user|group)|unknown (?:user|group)(?:/group)?)[: ]+[‘'"]?([\w.:-]+)`,
		`The image has no user or group $2 at this step.`, `Make it on a line before.`).with(func(s *Scene, m []string,
		h *check.Hint) bool {
		name, _, _ := strings.Cut(m[2], ":")
		if name == "" {
			name = strings.TrimPrefix(m[2], ":")
		}
		h.Cause = fmt.Sprintf("The image has no user %s at this step.", name)
		if m[1] == "group" || strings.HasPrefix(m[2], ":") {
			h.Cause = fmt.Sprintf("The image has no group %s at this step.", name)
			h.Edit = s.above(false, "RUN groupadd "+name)
			return true
		}
		if name != "" && s.Step != nil {
			h.Edit = s.above(false, "RUN useradd --create-home "+name)
			if _, alpine := s.system(); alpine {
				h.Edit = s.above(false, "RUN adduser -D "+name)
			}
		}
		return true
	}),
	on("user-exists", `(?:[Uu]ser|[Gg]roup) [‘'"\x60]?([\w-]+)[’'"]? (?:already exists|in use)`,
		`The base image has $1 already.`, `Take out what makes it.`).with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		if s.Step != nil && len(s.Step.Commands()) == 1 && makesUser.MatchString(s.Step.Text) {
			h.Advice, h.Edit = "", check.EditOf(s.File.Name, s.File.Change(*s.Step))
		}
		return true
	}),
	on("id-taken", `(?:UID|GID) '?(\d+)'? (?:is not unique|already exists)`,
		`The base image has a user with the number $1 already.`, `Take another number, or none.`).with(func(s *Scene,
		m []string, h *check.Hint) bool {
		h.Edit = s.inInstruction(s.Step, regexp.MustCompile(`\s+(?:-u|-g|--uid|--gid)[ =]`+m[1]+`\b`), "")
		return true
	}),
}}

var (
	makesUser = regexp.MustCompile(`\b(?:user|group)add\b|\badd(?:user|group)\b`)
	addgroup  = regexp.MustCompile(`\baddgroup\s+(?:-\w+\s+|--[\w-]+\s+)*([a-z_][\w-]*)`)
	adduser   = regexp.MustCompile(
		`\badduser\s+(?:(?:-[a-zA-Z]+|--[\w-]+)(?:[ =][^-\s&;|` +
			`]\S*)?\s+)*?([a-z_][\w-]*)(?:\s+-G\s+([a-z_][\w-]*))?\s*($|&&|;)`)
)

// debianUsers writes addgroup and adduser as Debian's own groupadd and useradd.
func debianUsers(s *Scene, _ []string, h *check.Hint) bool {
	h.Advice = "Write groupadd and useradd instead, which every Debian image has."
	if s.Step == nil || s.Step.Line != s.Step.EndLine {
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

// withValue are options of useradd and groupadd, and of Debian's adduser, that a value follows.
var withValue = strings.Fields(`-g --gid -G --groups --ingroup -u --uid -d --home --home-dir -s --shell -c --comment
	--gecos -k --skel`)

// alpineUsers writes what makes users and groups as Alpine's own adduser and addgroup.
func alpineUsers(s *Scene, _ []string, h *check.Hint) bool {
	h.Advice = "Write addgroup -S GROUP and adduser -D NAME."
	if s.Step == nil || s.Step.Line != s.Step.EndLine {
		return true
	}
	line := s.File.Lines[s.Step.Line-1]
	call := regexp.MustCompile(`\b(useradd|groupadd|adduser|addgroup)((?:\s+(?:"[^"]*"|'[^']*'|[^\s&|;"']+))+)`)
	text := call.ReplaceAllStringFunc(line, func(call string) string {
		words, ok := dockerfile.ShellWords(call)
		if !ok {
			return call
		}
		by, options := "adduser -D", map[string]string{"--gid": " -G ", "-g": " -G ", "--ingroup": " -G ", "-G": " -G ",
			"-u": " -u ", "--uid": " -u "}
		if strings.Contains(words[0], "group") {
			by, options = "addgroup -S", map[string]string{"-g": " -g ", "--gid": " -g "}
		}
		rest := ""
		for i := 1; i < len(words); i++ {
			name, value, given := strings.Cut(words[i], "=")
			switch {
			case !strings.HasPrefix(name, "-"):
				rest += " " + name
				continue
			case !given && slices.Contains(withValue, name) && i+1 < len(words):
				i++
				value = words[i]
			}
			if options[name] != "" && value != "" {
				by += options[name] + value
			}
		}
		return by + rest
	})
	if text != line {
		h.Advice, h.Edit = "Use Alpine's own.", &check.Edit{File: s.File.Name, Line: s.Step.Line, Old: line, New: text}
	}
	return true
}

// pipInstalls is a pip that installs where it may, so for who is not root into that user's home.
var pipInstalls = regexp.MustCompile(`\bpip[\d.]* install\b`)

// intoHome says of a program that it was installed by a user who is not root, and so into that user's
// home, where a plain name is not looked for.
func (s *Scene) intoHome(base string, h *check.Hint) bool {
	user := ""
	for _, in := range s.File.Effective() {
		switch {
		case in.Name == "USER" && len(in.Args) > 0:
			user, _, _ = strings.Cut(in.Args[0], ":")
		case in.Name == "ENV" && strings.Contains(in.Text, ".local/bin"):
			return false
		case in.Name == "RUN" && user != "" && user != "root" && user != "0" && pipInstalls.MatchString(in.Text) &&
			!regexp.MustCompile(`\s(--target|--prefix|-t)\b`).MatchString(in.Text):
			h.Cause = fmt.Sprintf("Line %d installs as the user %s, and so into that user's home (~/.local/bin), "+
				"where a plain %s is not looked for.", in.Line, user, base)
			h.Advice = fmt.Sprintf("Install above the line with USER, or start it with python -m %s.", base)
			if e := s.byPython(base); e != nil {
				h.Advice, h.Edit = "Python finds it as a module.", e
			}
			return true
		}
	}
	return false
}

// byPython returns the edit that starts a program as a module of Python's.
func (s *Scene) byPython(base string) *check.Edit {
	name := regexp.QuoteMeta(base)
	if e := s.inCommand(regexp.MustCompile(`\[\s*"`+name+`"`), `["python", "-m", "`+base+`"`); e != nil {
		return e
	}
	return s.inCommand(regexp.MustCompile(`^((?:CMD|ENTRYPOINT)\s+(?:exec\s+)?)`+name+`\b`), "${1}python -m "+base)
}
