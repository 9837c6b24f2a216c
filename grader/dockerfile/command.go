package dockerfile

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Command is one simple command of a RUN: the program, without its folder, and its arguments.
type Command struct {
	Program string
	Args    []string
	Env     []string // the assignments before it
}

// Shell returns what an instruction runs, as one text, here-documents too.
func (in Instruction) Shell() string {
	return strings.TrimSpace(strings.Join(append(slices.Clone(in.Args), in.Heredocs...), "\n"))
}

// Commands returns the simple commands of a RUN, near enough to judge what they install: the text
// is split where a shell would begin another command, whatever stands in quotes. What only carries
// another command, such as sudo or `python -m`, and flags of the RUN itself, are left out.
func (in Instruction) Commands() []Command {
	text := in.Shell()
	if in.Exec && len(in.Args) > 0 {
		text = strings.Join(in.Args, " ")
		if n := len(in.Args); n > 2 && (in.Args[n-2] == "-c" || in.Args[n-2] == "-lc") {
			text = in.Args[n-1]
		}
	}
	var out []Command
	for _, part := range between.Split(continued.ReplaceAllString(text, " "), -1) {
		var c Command
		words := strings.Fields(part)
		for len(words) > 0 {
			word := strings.Trim(words[0], `"'(){}`)
			if assigns.MatchString(word) {
				c.Env = append(c.Env, word)
			} else if word != "" && !strings.HasPrefix(word, "--") && !slices.Contains(carriers, path.Base(word)) {
				break
			}
			words = words[1:]
		}
		if len(words) == 0 {
			continue
		}
		c.Program, c.Args = path.Base(strings.Trim(words[0], `"'(){}`)), words[1:]
		if strings.HasPrefix(c.Program, "python") && len(c.Args) > 1 && c.Args[0] == "-m" {
			c.Program, c.Args = c.Args[1], c.Args[2:]
		}
		out = append(out, c)
	}
	return out
}

var (
	between   = regexp.MustCompile(`&&|\|\||[;|&\n]`)
	continued = regexp.MustCompile(`\\\r?\n`)
	assigns   = regexp.MustCompile(`^[A-Za-z_]\w*=`)
	pips      = regexp.MustCompile(`^pip[\d.]*$`)
	carriers  = []string{"sudo", "exec", "time", "env", "command", "set", "then", "do", "if", "nice", "-e", "-x", "-ex",
		"-eux", "-euxo", "pipefail"}
)

// Has reports whether one of the words is among the arguments, alone or before a =.
func (c Command) Has(words ...string) bool {
	return slices.ContainsFunc(c.Args, func(a string) bool {
		name, _, _ := strings.Cut(a, "=")
		return slices.Contains(words, name)
	})
}

// does reports whether the first argument that is no option is one of the words.
func (c Command) does(words ...string) bool {
	for _, a := range c.Args {
		if !strings.HasPrefix(a, "-") {
			return slices.Contains(words, a)
		}
	}
	return false
}

// Pip reports whether the command makes pip, or uv in its place, fetch packages.
func (c Command) Pip() bool {
	switch {
	case pips.MatchString(c.Program):
		return c.does("install", "wheel", "download")
	case c.Program == "uv" && c.does("pip"):
		return c.Has("install", "sync")
	case c.Program == "uv" && c.does("tool"):
		return c.Has("install")
	}
	return c.Program == "uv" && c.does("sync", "add")
}

// Installs reports whether the command fetches and installs packages.
func (c Command) Installs() bool {
	switch c.Program {
	case "poetry", "pdm", "pipenv", "rye":
		return c.does("install", "add", "sync", "update")
	case "apt", "apt-get", "yum", "dnf", "microdnf", "conda", "mamba", "micromamba", "gem", "cargo":
		return c.does("install") || c.does("env") && c.Has("create")
	case "apk":
		return c.does("add")
	case "npm", "pnpm", "bun":
		return c.does("install", "i", "ci", "add")
	case "yarn":
		return len(c.Args) == 0 || c.does("install", "add") || strings.HasPrefix(c.Args[0], "-")
	case "go":
		return c.does("mod") && c.Has("download")
	}
	return c.Pip()
}

// ProjectAlone reports whether the command installs the program itself and none of its
// dependencies: without those of others, and nothing but a folder.
func (c Command) ProjectAlone() bool {
	if !c.Installs() || !c.Has("--no-deps") {
		return false
	}
	return !slices.ContainsFunc(c.Args, func(a string) bool {
		a = strings.Trim(a, `"'`)
		named := !strings.HasPrefix(a, "-") && !strings.HasPrefix(a, ".") && !strings.HasPrefix(a, "/") &&
			!slices.Contains([]string{"pip", "install", "sync"}, a)
		return named || strings.HasPrefix(a, "-r") || strings.HasPrefix(a, "--requirement")
	})
}

// WithoutProject reports whether the command installs the dependencies, and leaves the program
// itself for later.
func (c Command) WithoutProject() bool {
	return c.Installs() && c.Has("--no-install-project", "--no-install-workspace", "--no-root", "--no-self")
}

// Assignment is a name and a value of an ENV or an ARG.
type Assignment struct{ Name, Value string }

// Assignments returns those of an ENV or an ARG; the value of an ARG without a default is empty.
func (in Instruction) Assignments() (out []Assignment) {
	switch in.Name {
	case "ENV":
		for i := 0; i+1 < len(in.Args); i += 3 { // the parser gives name, value, separator
			out = append(out, Assignment{quotes.Replace(in.Args[i]), strings.Trim(in.Args[i+1], `"'`)})
		}
	case "ARG":
		for _, arg := range in.Args {
			name, value, _ := strings.Cut(arg, "=")
			out = append(out, Assignment{quotes.Replace(name), strings.Trim(value, `"'`)})
		}
	}
	return out
}

// Labels returns the names and values of a LABEL.
func (in Instruction) Labels() (out []Assignment) {
	for i := 0; in.Name == "LABEL" && i+1 < len(in.Args); i += 3 {
		out = append(out, Assignment{strings.Trim(in.Args[i], `"'`), strings.Trim(in.Args[i+1], `"'`)})
	}
	return out
}

// Written returns the names and literal values that an instruction writes into a file: of a RUN
// that sends its output to one, and of a here-document.
func (in Instruction) Written() (out []Assignment) {
	text := strings.Join(in.Heredocs, "\n")
	if shell := in.Shell(); in.Name == "RUN" && (strings.Contains(shell, ">") || strings.Contains(shell, "tee ")) {
		text = shell
	}
	add := func(name, value string) {
		value = strings.Trim(value, `"'`)
		known := slices.ContainsFunc(out, func(a Assignment) bool { return a.Name == name })
		if !known && !strings.ContainsAny(value, "$`") {
			out = append(out, Assignment{name, value})
		}
	}
	for _, m := range writes.FindAllStringSubmatch(text, -1) {
		add(m[1], m[2])
	}
	for _, m := range settings.FindAllStringSubmatch(text, -1) {
		if !slices.Contains([]string{"key", "auth"}, strings.ToLower(m[1])) { // which programs write, too
			add(m[1], m[2])
		}
	}
	return out
}

// Given returns the names and literal values that an instruction gives a command as options:
// --api-key=abc.
func (in Instruction) Given() (out []Assignment) {
	for _, m := range options.FindAllStringSubmatch(" "+strings.Join(in.Args, " "), -1) {
		if value := strings.Trim(m[2], `"'`); !strings.ContainsAny(value, "$`") {
			out = append(out, Assignment{m[1], value})
		}
	}
	return out
}

// Set returns the names and literal values that an instruction sets for a command, such as with
// export, or sends in a header: all of it stays readable in the image's history. What says of itself
// that it is no value, such as `unused`, is left out.
func (in Instruction) Set() (out []Assignment) {
	text := in.Shell()
	for _, m := range slices.Concat(writes.FindAllStringSubmatch(text, -1), headers.FindAllStringSubmatch(text, -1)) {
		a := Assignment{m[1], strings.Trim(m[2], `"'`)}
		if !strings.ContainsAny(a.Value, "$`") && !a.Placeholder() {
			out = append(out, a)
		}
	}
	for _, m := range logins.FindAllStringSubmatch(text, -1) {
		out = append(out, Assignment{"password", m[1]})
	}
	return out
}

// Filled returns an instruction with what ARG and ENV above say, and what its own text sets, in the
// place of their names, as far as that is known and short.
func (f *File) Filled(in Instruction) Instruction {
	own := map[string]string{}
	fill := func(text string) string {
		if len(text) > mostFilled {
			return text
		}
		for _, m := range writes.FindAllStringSubmatch(text, -1) {
			own[m[1]] = strings.Trim(m[2], `"'`)
		}
		return variable.ReplaceAllStringFunc(text, func(word string) string {
			if word[0] == '\'' {
				return word
			}
			name := strings.Trim(word, "${}")
			value, known := own[name]
			if !known {
				value = f.Value(in, "$"+name)
				own[name] = value
			}
			if value == "" || len(value) > mostValue {
				return word
			}
			return value
		})
	}
	filled := in
	filled.Args, filled.Heredocs = slices.Clone(in.Args), slices.Clone(in.Heredocs)
	for _, texts := range [][]string{filled.Args, filled.Heredocs} {
		for i := range texts {
			texts[i] = fill(texts[i])
		}
	}
	return filled
}

const (
	mostFilled = 64 << 10 // letters of a text in which names are replaced
	mostValue  = 200      // of a value that replaces one
)

// variable is the name of one where a shell puts its value, or what stands in quotes that keep it
// from that.
var variable = regexp.MustCompile(`'[^']*'|\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})`)

// Onbuild returns what an ONBUILD does in the images that are built on this one, or nil.
func (in Instruction) Onbuild() *Instruction { return in.then }

// writes is NAME=value, in capitals as settings are.
var writes = regexp.MustCompile(`(?:^|[\s"'({;]|\\n)([A-Z][A-Z0-9_]*)=("[^"\n]*"|'[^'\n]*'|[^\s"';|&)>\\]+)`)

// settings is a name and a value as files of settings have them: name: value, "name": "value" or
// name=value; options are those of a command.
var (
	settings = regexp.MustCompile(`(?:^|[\s"'{;,]|\\n)["']?([A-Za-z][\w.-]*)["']?(?:: *|=)` +
		`("[^"\n]{4,}"|'[^'\n]{4,}'|[^\s"'$(){}\[\],;|&<>\\]{6,})`)
	options = regexp.MustCompile(`\s--([a-z][\w-]*)[= ]("[^"\n]+"|'[^'\n]+'|[^\s"'$(){};|&<>-][^\s"'$(){};|&<>]*)`)
)

// headers are those of a request, logins the password that curl and wget are given with a name, and
// placeholder is what builds are given where a value must be there and nothing reads it.
var (
	headers = regexp.MustCompile(`["']([A-Za-z][\w-]*): *((?:(?i:bearer|basic|token) +)?[^\s"']{6,})["']`)
	logins  = regexp.MustCompile(`\b(?:curl|wget)\b[^;&|]*?\s(?:-u|--user)[\s=]*["']?[\w.@-]+:([^\s"'$:]{4,})`)

	placeholder = regexp.MustCompile(`(?i)dummy|fake|unused|ignored|placeholder|example|build|` +
		`not?[-_]?(?:used|needed|set|a[-_])|change[-_]?me|^(?:x+|\*+|test|temp|tmp|none|secret|key)$`)
)

// Secret reports whether a name and a literal value look like a secret that was written into the
// file: by the name, unless it or the value says that it is a length, a flag, a path or the like;
// or by a password inside an address.
func (a Assignment) Secret() bool {
	name := camel.ReplaceAllString(separators.Replace(a.Name), "${1}_$2")
	return a.Password() || a.Token() || a.Value != "" && !strings.HasPrefix(a.Value, "$") &&
		secretName.MatchString(name) && !publicName.MatchString(name) && !flagValue.MatchString(a.Value)
}

// Placeholder reports whether the value says of itself that it is none, such as `unused`.
func (a Assignment) Placeholder() bool { return placeholder.MatchString(a.Value) }

// Token reports whether the value has the form that a service gives its secrets.
func (a Assignment) Token() bool { return tokenValue.MatchString(a.Value) }

// Password reports whether the value is an address with a password in it.
func (a Assignment) Password() bool { return passwordURL.MatchString(a.Value) }

// secretName is BuildKit's own idea of a secret's name, publicName what takes it back.
var (
	secretName = regexp.MustCompile(
		`(?i)(_|^)(apikey|auth|authorization|creds|credentials?|key|pass|pw|pwd|pword|secrets?|token|passphrase|` +
			`\w*(?:passwords?|passwd)|(?:secret|access|private)key|(?:auth|access)token)(_|$)`)
	camel      = regexp.MustCompile(`([a-z])([A-Z])`)
	separators = strings.NewReplacer(".", "_", "-", "_")
	tokenValue = regexp.MustCompile(
		`\b(?:[spr]k_(?:live|test)_\w{16,}|gh[pousr]_\w{36,}|github_pat_\w{20,}|glpat-[\w-]{20,}|` +
			`xox[abprs]-[\w-]{10,}|A[KS]IA[0-9A-Z]{16}|AIza[\w-]{35}|sk-[\w-]{32,}|npm_\w{36}|hf_\w{30,}|` +
			`dckr_pat_[\w-]{20,}|pypi-\w{30,}|whsec_\w{24,}|SG\.[\w-]{16,}\.[\w-]{16,}|GOCSPX-[\w-]{20,}|` +
			`eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.)`)
	publicName = regexp.MustCompile(
		`(?i)(_|^)(public|file|version|dir|path|name|sock|url|uri|algorithm|alg|expire|expires|expiry|expiration|ttl|` +
			`age|lifetime|timeout|days|hours|minutes|seconds|id|min|max|length|len|size|bits|count|limit|rounds|cost|` +
			`stdin|prompt|` +
			`use|enable|enabled|disable|require|required|allow|has|is|type|scheme|header|prefix|issuer|policy|` +
			`provider|backend|method|mode|field|param|class|hasher)(_|$)`)
	flagValue   = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|none|null|0|1|\.?/.*)$`) // or a path
	passwordURL = regexp.MustCompile(`\w://[^\s/:@]*:[^\s/@$]+@`)
)
