package readings

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// pydantic's list of what is missing stands above its last line.
var pydantic = tool{name: "pydantic", entries: []entry{
	on("missing",
		`(\d+) validation errors? for (\w+)\n((?:[^\n]*\n)*?)(?:[^\n]*)(?:Field required|field required)[^\n]*`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		model := m[2]
		at := strings.LastIndex(s.log, "validation error")
		var names []string
		for _, f := range regexp.MustCompile(`(?m)^([\w.]+)\n\s+[Ff]ield required`).FindAllStringSubmatch(
			s.log[max(0, at):], -1) {
			names = append(names, f[1])
		}
		if len(names) == 0 {
			return false
		}
		if at, ok := s.plainModel(model); ok {
			h.Cause = fmt.Sprintf("A %s is made without %s%s, which it must have (%s).", model, check.And(names),
				s.at(), at)
			h.Advice = "Give it there what it must have, or a default in the model."
			return true
		}
		prefix := ""
		if _, p := s.grep(regexp.MustCompile(`env_prefix\s*=\s*["'](\w+)["']`), ".py"); p != nil {
			prefix = p[1]
		}
		return missingFields(s, model, prefix, names, h)
	}),
	on("extra", `(?m)^(\w+)\n\s+(?P<line>Extra inputs are not permitted)`,
		`The settings know no $1, and something sets it.`,
		`Take the variable out, or let the settings ignore what they do not know (extra="ignore").`).with(
		func(s *Scene, m []string, h *check.Hint) bool {
			if got := validated.FindAllStringSubmatch(s.log, -1); got != nil {
				if at, ok := s.plainModel(got[len(got)-1][1]); ok {
					h.Cause = fmt.Sprintf("A %s is made with %s%s, which it does not have (%s).",
						got[len(got)-1][1], m[1], s.at(),
						at)
					h.Advice = "Check its spelling, or give the model such a field."
					return true
				}
			}
			for i, line := range s.lines(".env") {
				if name, _, ok := strings.Cut(strings.TrimSpace(line), "="); ok &&
					strings.EqualFold(strings.TrimSpace(name), m[1]) {
					h.Cause = fmt.Sprintf(".env, line %d, sets %s, and the settings have no such field.", i+1, name)
				}
			}
			if p, _ := s.grep(regexp.MustCompile(`SettingsConfigDict\([^)]*env_file`), ".py"); p.file != "" &&
				!strings.Contains(p.text, "extra") {
				h.Edit = p.replace(regexp.MustCompile(`SettingsConfigDict\(`), `SettingsConfigDict(extra="ignore", `)
				if h.Edit != nil {
					h.Advice = "Give it one, or let the settings ignore what they do not know."
				}
			}
			return true
		}),
	on("wrong", `(?m)^([\w.]+)\n\s+(?P<line>((?:Input should be|String should|URL should|Value error|value is not|`+
		`value could not)[^\n\[(]*)[^\n]*)`,
		"", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The value of %s is not as the program wants it: %s.", m[1], strings.TrimSpace(m[3]))
		h.Advice = "Set it to a value of that kind."
		if in, a := s.givenField(m[1]); in != nil {
			h.Cause = fmt.Sprintf("%s, line %d, sets %s to `%s`, and the program wants another kind of value: %s.",
				s.File.Name, in.Line, a.Name, short(a.Value), strings.TrimSpace(m[3]))
			if secret(a.Name) {
				h.Cause = fmt.Sprintf("The value of %s (%s, line %d) is not as the program wants it: %s.", a.Name,
					s.File.Name,
					in.Line, strings.TrimSpace(m[3]))
			}
			if least := atLeast.FindStringSubmatch(m[3]); least != nil {
				n, _ := strconv.Atoi(least[1])
				h.Advice = "Give it so many."
				h.Edit = s.inInstruction(in, regexp.MustCompile(`\b(`+a.Name+`[= ]["']?)`+regexp.QuoteMeta(a.Value)),
					"${1}"+a.Value+strings.Repeat("-change-me", n/10+1))
			}
			for word, by := range map[string]string{"boolean": "true", "integer": "30", "number": "1.0"} {
				if strings.Contains(m[3], word) {
					h.Edit = s.inInstruction(in, regexp.MustCompile(`\b`+a.Name+`[= ](?:"[^"]*"|'[^']*'|\S+)`),
						a.Name+"="+cmp.Or(leadingNumber(word, a.Value), by))
				}
			}
		}
		return true
	}),
	on("no-json", `error parsing (?:value for|env var) "?(?:field )?"?(\w+)"?(?: from source "(\w+)")?`, "", "").
		with(listAsJSON),
}}

// atLeast is how long pydantic wants a text.
var atLeast = regexp.MustCompile(`at least (\d{1,2}) characters`)

// validated is the model that pydantic speaks of.
var validated = regexp.MustCompile(`validation errors? for (\w+)`)

// plainModel returns the line of a class that is made from BaseModel, whose fields no variable of
// the environment gives.
func (s *Scene) plainModel(name string) (place, bool) {
	p, _ := s.grep(regexp.MustCompile(`^class `+regexp.QuoteMeta(name)+`\((?:\w+\.)?BaseModel\b`), ".py")
	return place{file: p.file, line: p.line}, p.file != ""
}

var settings = tool{name: "settings", entries: []entry{
	on("environ", `KeyError: ['"](\w+)['"]`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		p, ok := s.frame()
		read := ok && (strings.Contains(p.text, "environ") || strings.Contains(p.text, "getenv"))
		if !read && m[1] != strings.ToUpper(m[1]) || s.sets(m[1]) {
			return false
		}
		if named := readsVariable.FindAllStringSubmatch(p.text, -1); ok && named != nil && !slices.ContainsFunc(named,
			func(n []string) bool { return n[1] == m[1] }) {
			return false // the key of something else, by the value of a variable
		}
		return missing(s, []string{m[1]}, h)
	}),
	on("starlette", `Config '(\w+)' is missing, and has no default`, "", "").with(oneMissing),
	on("decouple", `(\w+) not found\. Declare it as envvar or define a default value`, "", "").with(oneMissing),
	refuses("settings-file", `The environment variable '(\w+)' is not set and as such configuration could not be `+
		`loaded`,
		`{at} reads its settings from the file that the variable $1 names, and nothing sets it.`,
		`Let it go on where nothing names one: silent=True.`, `(from_envvar\(\s*["']\w+["'])\s*\)`,
		`${1}, silent=True)`),
	on("environs", `[Ee]nvironment variable "?'?([A-Z][A-Z0-9_]*)"?'? (?:is )?(?:not set|not found|missing|required)`,
		"", "").with(oneMissing),
	on("prisma", `Environment variable not found: (\w+)`, "", "").with(oneMissing),
	on("own-words",
		`(?m)^(?:[\w.]*(?:Error|Exception)\w*: |Error: |throw new Error\(|ERROR:? |`+
			`.*\braise \w+\().*?\b([A-Z][A-Z0-9]*_[A-Z0-9_]+|SECRET|TOKEN)\b[^\n]*(?:not set|not defined|missing|`+
			`required|must be set|is empty|undefined|not provided|not configured|not found)[^\n]*`, "",
		"").with(oneMissing),
	on("own-words-alone",
		`(?m)^[^\n]*?\b([A-Z][A-Z0-9]*_[A-Z0-9_]+|PORT|SECRET|TOKEN)\b["'\x60]? (?:(?:environment )?variable `+
			`)?(?:is |was |has `+
			`|must )?(?:not set|not been set|not defined|missing|required|be set|empty|needed|not `+
			`provided)\b[^\n]*`, "", "").
		with(func(s *Scene, m []string, h *check.Hint) bool {
			return s.started && tidy(m[0]) == telling(s.log) && missing(s, []string{m[1]}, h)
		}),
	on("own-words-before",
		`(?m)^(?:[\w.]*(?:Error|Exception)\w*: |Error: ).*?(?:[Mm]issing|[Rr]equired|[Nn]ot set|[Pp]lease set|`+
			`[Mm]ust set|[Uu]nset|[Uu]ndefined)[^\n]*?\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b[^\n]*`, "", "").with(oneMissing),
	on("own-words-behind",
		`(?m)^[\w.]*(?:Error|Exception)\w*: [^\n]*?\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b['"\x60]? environment variable`, "",
		"").with(oneMissing),
	on("jwt", `secretOrPrivateKey must have a value`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		names := s.read1(nil)
		if len(names) == 0 {
			return false
		}
		return missing(s, names, h)
	}),
	on("mongoose", "The `uri` parameter to `openUri\\(\\)` must be a string, got \"undefined\"", "",
		"").with(nodeSetting),
	on("password-unset", `client password must be a string`, "", "").with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		p, m := s.grep(regexp.MustCompile(`password\s*:\s*process\.env\.(\w+)`), ".js.mjs.cjs.ts")
		if m == nil || s.sets(m[1]) {
			return false
		}
		missing(s, []string{m[1]}, h)
		h.Cause = fmt.Sprintf("%s, gives the database the variable %s for a password, which nothing sets.", p, m[1])
		return true
	}),
	on("aws-region", `NoRegionError: You must specify a region`, "", "").with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		return missing(s, []string{"AWS_DEFAULT_REGION"}, h)
	}),
	on("aws-credentials", `NoCredentialsError: Unable to locate credentials|`+
		`Could not load credentials from any providers`, "", "").with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The program asks for something of Amazon's while it starts%s, and has no key for it.",
			s.at())
		h.Advice = "A key does not belong into the image: let the start go on without it, and ask at the first request."
		return true
	}),
	on("invalid-url", `TypeError(?: \[ERR_INVALID_URL\])?: Invalid URL`, "", "").with(nodeSetting),
	on("node-undefined", `TypeError[^\n]*(?:undefined|Received undefined)[^\n]*`, "", "").with(nodeSetting),
}}

func oneMissing(s *Scene, m []string, h *check.Hint) bool {
	return !strings.Contains(m[0], "settings."+m[1]) && missing(s, []string{m[1]}, h)
}

// sets reports whether the Dockerfile gives a variable a value.
func (s *Scene) sets(name string) bool {
	for _, in := range s.File.Effective() {
		for _, a := range in.Assignments() {
			if in.Name == "ENV" && a.Name == name && a.Value != "" {
				return true
			}
		}
	}
	return false
}

func secret(name string) bool { return dockerfile.Assignment{Name: name, Value: "x"}.Secret() }

// serves is the name of the port that a program itself listens on.
var serves = regexp.MustCompile(`^(?:app_|api_|server_|http_|web_|uvicorn_|flask_run_|node_)?port$`)

// value returns what a variable can be set to so that the program starts, by its name, and by what
// the program has for a database.
func (s *Scene) value(name, kind string) string {
	lower := strings.ToLower(name)
	has := func(part ...string) bool {
		return slices.ContainsFunc(part, func(p string) bool { return strings.Contains(lower, p) })
	}
	asks := func(packages ...string) bool {
		return slices.ContainsFunc(packages, func(p string) bool {
			_, ok := s.requires(p)
			if !ok {
				_, ok = s.dependency(p)
			}
			return ok
		})
	}
	if own := s.ofDotenv(name); own != "" && !secret(name) {
		return own
	}
	switch {
	case serves.MatchString(lower):
		return "8000"
	case has("file"):
		return "/tmp/" + strings.ReplaceAll(lower, "_", "-")
	case strings.HasPrefix(kind, "int"):
		if has("port") {
			return "5432"
		}
		if has("worker", "thread", "proc") {
			return "2"
		}
		return "30"
	case strings.HasPrefix(kind, "bool"):
		return "false"
	case strings.HasPrefix(kind, "float"):
		return "1.0"
	case has("mongo"):
		return "mongodb://localhost/tasks"
	case has("redis"):
		return "redis://localhost:6379/0"
	case has("database", "db_url", "postgres_url", "sqlalchemy", "dsn", "db_uri") &&
		!has("name", "user", "host", "port", "test"):
		switch {
		case s.anyDatabase():
			return inAFile
		case asks("asyncpg"):
			return "postgresql+asyncpg://localhost/tasks"
		case asks("aiosqlite"):
			return "sqlite+aiosqlite:///tasks.db"
		case asks("pymysql"):
			return "mysql+pymysql://localhost/tasks"
		case asks("psycopg2", "psycopg2-binary") && asks("sqlalchemy", "sqlmodel", "flask-sqlalchemy"):
			return "postgresql+psycopg2://localhost/tasks"
		case asks("psycopg2", "psycopg2-binary", "psycopg", "pg", "django", "sequelize"):
			return "postgresql://localhost/tasks"
		case asks("sqlalchemy", "sqlmodel", "flask-sqlalchemy"):
			return "sqlite:///tasks.db"
		}
		return "postgresql://localhost/tasks"
	case has("minutes", "seconds", "hours", "days", "expire", "timeout", "size", "limit", "count"):
		return "30"
	case has("port"):
		return "5432"
	case has("algorithm"):
		return "HS256"
	case has("url", "uri", "origin"):
		return "http://localhost"
	case has("host", "server"):
		return "localhost"
	case has("mail"):
		return "me@example.org"
	case has("debug"):
		return "false"
	case has("level"):
		return "INFO"
	case has("region"):
		return "us-east-1"
	case lower == "tz", has("timezone"):
		return "UTC"
	case ofPath.MatchString(lower):
		return s.pathFor(ofPath.ReplaceAllString(lower, ""), has("file"))
	}
	return strings.ReplaceAll(lower, "_", "-")
}

// ofPath is how the name of a variable ends that holds a path.
var ofPath = regexp.MustCompile(`_?(?:path|file|filename|dir|directory|folder)$`)

// pathFor returns a path for a variable, by the rest of its name: of a file of the folder that is
// called so, or one where anybody may write.
func (s *Scene) pathFor(name string, file bool) string {
	words := strings.Split(name, "_")
	for _, other := range s.files() {
		base := path.Base(other)
		stem := strings.ToLower(strings.TrimSuffix(base, path.Ext(base)))
		if slices.Contains(words, stem) && path.Ext(base) != ".py" && !scripted(base) && s.where(other) != "" {
			return s.where(other)
		}
	}
	if file || name != "" && slices.Contains([]string{"db", "database", "sqlite", "log"}, words[0]) {
		return "/tmp/" + strings.ReplaceAll(name, "_", "-")
	}
	return "/tmp"
}

// missing names the variables that nothing sets, and gives them a value: an ENV line, or, where one
// is a secret, a default in the program.
func missing(s *Scene, names []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("The program wants %s%s, which nothing sets.", variables(names), s.at())
	given := map[string]string{}
	if by := s.dotenv(names); by != "" {
		h.Cause = fmt.Sprintf("The program wants %s%s: %s.", variables(names), s.at(), by)
	} else {
		for _, name := range names {
			if by, value := s.unheard(name); by != "" {
				h.Cause = fmt.Sprintf("The program wants %s%s: %s.", variables(names), s.at(), by)
				given[name] = value
				break
			}
		}
	}
	if !slices.ContainsFunc(names, secret) {
		h.Advice = "Set it in the image."
		if len(names) > 1 {
			h.Advice = "Set them in the image."
		}
		kind := ""
		if p, ok := s.frame(); ok {
			if got := regexp.MustCompile(`\b(int|float)\(`).FindStringSubmatch(p.text); got != nil {
				kind = got[1]
			}
		}
		var pairs []string
		for _, name := range names {
			value := given[name]
			if value == "" || strings.ContainsAny(value, "$ \"'") || serverAddress.MatchString(value) {
				value = s.value(name, kind)
			}
			pairs = append(pairs, name+"="+value)
		}
		h.Edit = s.above(false, "ENV "+strings.Join(pairs, " "))
		return true
	}
	h.Advice = "A secret does not belong into the image: give the program a default for it."
	for _, name := range names {
		if e := s.defaultFor(name); e != nil && (h.Edit == nil || secret(name)) {
			h.Edit = e
		}
	}
	return true
}

// unheard returns what sets a variable where the program does not hear of it, as the rest of a
// sentence, and the value: an ARG, another stage, compose, or a name that is nearly the same.
func (s *Scene) unheard(name string) (by, value string) {
	var names []string
	for _, in := range s.File.Effective() {
		for _, a := range in.Assignments() {
			if in.Name == "ARG" && a.Name == name {
				return fmt.Sprintf("ARG, line %d, sets it while the image is built, and not when the program runs",
					in.Line), a.Value
			}
			if in.Name == "ENV" {
				names = append(names, a.Name)
			}
		}
	}
	if in := s.elsewhere(name); in != nil {
		for _, a := range in.Assignments() {
			if a.Name == name {
				return fmt.Sprintf("%s, line %d, sets it in another stage, and not in the image that is started",
					in.Name, in.Line), a.Value
			}
		}
	}
	for _, file := range composeFiles {
		for i, line := range s.lines(file) {
			m := regexp.MustCompile(`^\s*(?:-\s*)?["']?` + name +
				`["']?\s*[:=]\s*["']?(.*?)["']?\s*$`).FindStringSubmatch(
				line)
			if m != nil {
				return fmt.Sprintf("%s, line %d, sets it for compose, and here the container runs alone", file,
					i+1), m[1]
			}
		}
	}
	if near := nearest(name, names); near != "" {
		return fmt.Sprintf("the Dockerfile sets %s, which is another name", near), ""
	}
	return "", ""
}

func variables(names []string) string {
	if len(names) == 1 {
		return "the variable " + names[0]
	}
	return "the variables " + check.And(names)
}

// unread says why what the .env sets is not there: the program loads none, it is not in the image, or
// it was not read in time.
func (s *Scene) unread() string {
	if p, _ := s.grep(regexp.MustCompile(`dotenv|env_file`), ".py.js.mjs.cjs.ts"); p.file == "" {
		return "nothing in the container reads that file"
	}
	if at := s.where(".env"); at != "" {
		return "the program has not read " + at + " by then"
	}
	return "that file is not in the image"
}

// inDotenv returns the lines of a .env of the folder that set a variable.
func (s *Scene) inDotenv(name string) (all []place) {
	for _, file := range []string{".env", "app/.env"} {
		for i, line := range s.lines(file) {
			if strings.HasPrefix(strings.TrimSpace(line), name+"=") {
				all = append(all, place{file, i + 1, line})
			}
		}
	}
	return all
}

// dotenv returns which of the variables a .env of the folder sets that the program does not hear of,
// and why, as the rest of a sentence; empty where it sets none.
func (s *Scene) dotenv(names []string) string {
	var set, unset []string
	var first place
	for _, name := range names {
		all := s.inDotenv(name)
		if len(all) == 0 {
			unset = append(unset, name)
			continue
		}
		if set = append(set, name); first.file == "" {
			first = all[0]
		}
	}
	switch {
	case len(set) == 0:
		return ""
	case len(names) == 1:
		return fmt.Sprintf("%s, sets it, and %s", first, s.unread())
	case len(unset) == 0:
		return fmt.Sprintf("%s sets them, and %s", first.file, s.unread())
	}
	return fmt.Sprintf("%s sets %s, and %s; nothing sets %s", first.file, check.And(set), s.unread(), check.And(unset))
}

// ofDotenv returns the value that a .env of the folder gives to a variable, where it may stand in an
// image and a line as it is; or empty.
func (s *Scene) ofDotenv(name string) string {
	for _, p := range s.inDotenv(name) {
		value := strings.Trim(strings.TrimPrefix(strings.TrimSpace(p.text), name+"="), `"'`)
		if !strings.ContainsAny(value, "$ \"'@#") {
			return value
		}
	}
	return ""
}

// defaultFor returns the edit that gives a variable a default where the program reads it.
func (s *Scene) defaultFor(name string) *check.Edit {
	quoted := regexp.QuoteMeta(name)
	places := []place{}
	if p, ok := s.frame(); ok && strings.Contains(p.text, name) {
		places = append(places, p)
	}
	if p, _ := s.grep(regexp.MustCompile(`(?:environ|getenv|config|env|process\.env)\b.*\b`+quoted+`\b`),
		".py.js.mjs.cjs.ts"); p.file != "" {
		places = append(places, p)
	}
	value := s.value(name, "")
	if secret(name) {
		value = "change-me"
	}
	for _, p := range places {
		for _, r := range []struct{ pattern, by string }{
			{`os\.environ\[\s*(["'])` + quoted + `["']\s*\]`, `os.environ.get(${1}` + name + `${1}, ${1}` + value +
				`${1})`},
			{`\benviron\[\s*(["'])` + quoted + `["']\s*\]`, `environ.get(${1}` + name + `${1}, ${1}` + value + `${1})`},
			{`(os\.getenv|os\.environ\.get|\bgetenv|environ\.get)\(\s*(["'])` + quoted + `["']\s*\)`,
				`${1}(${2}` + name + `${2}, ${2}` + value + `${2})`},
			{`(\w[\w.]*)\(\s*(["'])` + quoted + `["']\s*([,)])`, `${1}(${2}` + name + `${2}, default=${2}` + value +
				`${2}${3}`},
			{`\b` + quoted + `\s*:\s*z(?:\.\w+\([^()]*\))+`, `${0}.default("` + value +
				strings.Repeat("-"+value, 4) + `")`},
			{`process\.env\.` + quoted + `\b(\s*[^|?\s]|\s*$)`, `(process.env.` + name + ` || "` + value + `")${1}`},
			{`process\.env\[\s*["']` + quoted + `["']\s*\]`, `(process.env.` + name + ` || "` + value + `")`},
		} {
			if strings.Contains(p.text, "default") {
				break
			}
			if e := p.replace(regexp.MustCompile(r.pattern), r.by); e != nil {
				return e
			}
		}
	}
	return nil
}

// parts returns the variables of what a field of the settings is made of, where that is a model of its
// own and the settings say what stands between its name and theirs; nothing elsewhere.
func (s *Scene) parts(env []string, declared []place) (parts []string) {
	_, delimiter := s.grep(regexp.MustCompile(`env_nested_delimiter\s*=\s*["']([^"']+)["']`), ".py")
	if delimiter == nil || len(declared) != len(env) {
		return nil
	}
	for i, d := range declared {
		kind := regexp.MustCompile(`:\s*(\w+)\s*$`).FindStringSubmatch(d.text)
		if kind == nil {
			return nil
		}
		class, _ := s.grep(regexp.MustCompile(`^class `+kind[1]+`\(`), ".py")
		if class.file == "" {
			return nil
		}
		for _, line := range s.lines(class.file)[class.line:] {
			if m := regexp.MustCompile(`^\s+(\w+)\s*:\s*[^=]+$`).FindStringSubmatch(line); m != nil {
				parts = append(parts, env[i]+delimiter[1]+strings.ToUpper(m[1]))
			} else if line != "" && line[0] != ' ' {
				break
			}
		}
	}
	return parts
}

// missingFields names the fields of a settings model that no variable gives.
func missingFields(s *Scene, model, prefix string, names []string, h *check.Hint) bool {
	var env []string
	for _, name := range names {
		env = append(env, strings.ToUpper(prefix+name))
	}
	declared := s.fields(model, names)
	where := s.at()
	if len(declared) > 0 {
		where = fmt.Sprintf(" (%s, from line %d on)", declared[0].file, declared[0].line)
		if len(declared) == 1 {
			where = fmt.Sprintf(" (%s)", declared[0])
		}
	}
	h.Cause = fmt.Sprintf("%s wants %s%s, which nothing sets.", model, variables(env), where)
	if parts := s.parts(env, declared); len(parts) > 0 {
		var pairs []string
		for _, name := range parts {
			pairs = append(pairs, name+"="+s.value(name, ""))
		}
		h.Cause = fmt.Sprintf("%s wants %s%s, which nothing sets: each part of it has a variable of its own.", model,
			variables(parts), where)
		h.Advice = "A secret does not belong into the image: give the fields a default."
		if !slices.ContainsFunc(parts, secret) {
			h.Advice, h.Edit = "Set what has no default.", s.above(false, "ENV "+strings.Join(pairs, " "))
		}
		return true
	}
	if by := s.dotenv(env); by != "" {
		h.Cause = fmt.Sprintf("%s wants %s%s: %s.", model, variables(env), where, by)
	}
	if !slices.ContainsFunc(env, secret) {
		h.Advice = "Set them in the image."
		if len(env) == 1 {
			h.Advice = "Set it in the image."
		}
		var pairs []string
		for i, name := range env {
			kind := ""
			if i < len(declared) {
				kind = kindOf(declared[i].text)
			}
			pairs = append(pairs, name+"="+s.value(name, kind))
		}
		h.Edit = s.above(false, "ENV "+strings.Join(pairs, " "))
		return true
	}
	h.Advice = "A secret does not belong into the image: give the fields a default."
	if len(declared) == len(names) && declared[len(declared)-1].line-declared[0].line < 12 {
		lines := s.lines(declared[0].file)
		old := slices.Clone(lines[declared[0].line-1 : declared[len(declared)-1].line])
		new := slices.Clone(old)
		for i, d := range declared {
			kind := kindOf(d.text)
			value := s.value(env[i], kind)
			if secret(env[i]) && kind == "str" {
				value = "change-me"
			}
			if kind != "int" && kind != "float" && kind != "bool" {
				value = `"` + value + `"`
			}
			if kind == "bool" {
				value = "False"
			}
			new[d.line-declared[0].line] = strings.TrimRight(d.text, " ") + " = " + value
		}
		h.Edit = &check.Edit{File: declared[0].file, Line: declared[0].line, Old: strings.Join(old, "\n"),
			New: strings.Join(new, "\n")}
	}
	return true
}

func kindOf(line string) string {
	_, kind, _ := strings.Cut(line, ":")
	return strings.TrimSpace(kind)
}

// fields returns the lines that declare the fields of a model, in the order of the file; nil where
// one has no plain line.
func (s *Scene) fields(model string, names []string) (out []place) {
	p, _ := s.grep(regexp.MustCompile(`^class `+regexp.QuoteMeta(model)+`\(`), ".py")
	if p.file == "" {
		return nil
	}
	for i, line := range s.lines(p.file) {
		if i+1 <= p.line {
			continue
		}
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			break
		}
		for _, name := range names {
			if regexp.MustCompile(`(?i)^\s+` + regexp.QuoteMeta(name) + `\s*:\s*\w+\s*$`).MatchString(line) {
				out = append(out, place{p.file, i + 1, line})
			}
		}
	}
	if len(out) != len(names) {
		return nil
	}
	return out
}

// read1 returns the variables that a line of the student's reads, or the line of the log's
// traceback.
func (s *Scene) read1(p *place) (names []string) {
	text := ""
	if p != nil {
		text = p.text
	} else if f, ok := s.frame(); ok {
		text = f.text
	}
	for _, m := range regexp.MustCompile(
		`(?:environ(?:\.get)?[\[(]|getenv\(|config\(|process\.env(?:\.|`+
			`\[))\s*["']?([A-Za-z_]\w*)`).FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

// noneForSetting reports whether a None was a variable that is not set, where the line that failed
// reads one, or uses what was read from one.
func noneForSetting(s *Scene, m []string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok {
		return false
	}
	names := s.read1(&p)
	if len(names) == 0 {
		for _, w := range regexp.MustCompile(`[A-Za-z_]\w*`).FindAllString(p.text, -1) {
			for _, ends := range []string{".py", ".js.mjs.cjs.ts"} {
				from, got := s.grep(regexp.MustCompile(`\b`+w+
					`\s*(?::\s*\w+)?\s*=\s*.*(?:environ\.get\(|getenv\(|`+
					`process\.env\.)\s*["']?([A-Za-z_]\w*)["']?\)?\s*;?$`), ends)
				if got != nil && from.line != p.line {
					names = append(names, got[1])
				}
			}
		}
	}
	names = slices.DeleteFunc(names, s.sets)
	if len(names) == 0 {
		return false
	}
	slices.Sort(names)
	return missing(s, slices.Compact(names), h)
}

// givenField returns the ENV line that gives a field of the settings its value, whatever the prefix.
func (s *Scene) givenField(field string) (*dockerfile.Instruction, *dockerfile.Assignment) {
	names := []string{field}
	if _, p := s.grep(regexp.MustCompile(`env_prefix\s*=\s*["'](\w+)["']`), ".py"); p != nil {
		names = append(names, p[1]+field)
	}
	return s.assignment(names, "")
}

// leadingNumber returns the number that a value begins with, where one is wanted, or empty.
func leadingNumber(wanted, value string) string {
	if wanted == "boolean" {
		return ""
	}
	return regexp.MustCompile(`^\d+`).FindString(value)
}

// listAsJSON says of a field whose variable is to be JSON that it is none, and writes a list so.
func listAsJSON(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("The field %s is a list or another whole, so its variable is read as JSON, and it is "+
		"none.", m[1])
	h.Advice = fmt.Sprintf(`Write it as JSON: %s=["one", "two"].`, strings.ToUpper(m[1]))
	for i, line := range s.lines(".env") {
		if name, _, ok := strings.Cut(strings.TrimSpace(line), "="); ok && strings.EqualFold(name, m[1]) &&
			strings.Contains(m[2], "DotEnv") {
			h.Cause = fmt.Sprintf(".env, line %d, sets %s, a list or another whole, which is read as JSON, and it "+
				"is none: `%s`.",
				i+1, name, short(strings.TrimSpace(line)))
			return true
		}
	}
	in, a := s.givenField(m[1])
	if in == nil {
		return true
	}
	h.Cause = fmt.Sprintf("%s, line %d, sets %s, a list or another whole, which is read as JSON, and it is none: `%s`.",
		s.File.Name, in.Line, a.Name, short(a.Value))
	if !strings.ContainsAny(a.Value, "[{\"'$") {
		words := strings.FieldsFunc(a.Value, func(r rune) bool { return r == ',' || r == ' ' })
		h.Edit = s.inInstruction(in, regexp.MustCompile(`\b`+a.Name+`[= ](?:"[^"]*"|'[^']*'|\S+)`),
			a.Name+`='["`+strings.Join(words, `", "`)+`"]'`)
		if h.Edit != nil {
			h.Advice = "Write it as JSON."
		}
	}
	return true
}

// nodeSetting does the same for Node.
func nodeSetting(s *Scene, m []string, h *check.Hint) bool {
	return strings.Contains(s.log, "undefined") && noneForSetting(s, m, h)
}
