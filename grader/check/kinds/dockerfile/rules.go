package dockerfile

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	df "github.com/taskgrader/taskgrader/grader/dockerfile"
)

// rule is one rule with its manual. find gives the first place where it is broken, or nil.
type rule struct {
	check.Topic
	find func(*df.File) *finding
}

// effects decide, by the id of a rule, in the place of its find where there is an image to look at.
var effects = map[string]func(context.Context, check.Target, *df.File) (*finding, error){
	"user-nonroot": rootByNumber,
}

// about are the instructions without which a rule has nothing to judge.
var about = map[string][]string{
	"workdir-set": {"COPY", "ADD"}, "workdir-absolute": {"WORKDIR"}, "copy-not-add": {"COPY", "ADD"},
	"deps-before-source": {"COPY", "ADD", "RUN"},
	"cmd-exec":           {"CMD", "ENTRYPOINT"}, "cmd-single": {"CMD", "ENTRYPOINT"},
	"cmd-no-reload": {"CMD", "ENTRYPOINT"},
	"expose-format": {"EXPOSE"},
	"run-apt-clean": {"RUN"}, "run-cache-clean": {"RUN"}, "run-no-cd": {"RUN"}, "run-no-sudo": {"RUN"},
}

// lacks returns what a file has not, without which a rule has nothing to judge; or empty.
func (r rule) lacks(file *df.File) string {
	names := about[r.ID]
	if names == nil && !slices.ContainsFunc(file.Stages, func(s df.Stage) bool { return len(s.Instructions) > 0 }) {
		return "instruction but FROM"
	}
	if names == nil || says(file, names) {
		return ""
	}
	return strings.Join(names, " or ")
}

// ruleOf returns the rule of an id.
func ruleOf(id string) rule {
	return rules[slices.IndexFunc(rules, func(r rule) bool { return r.ID == id })]
}

const good = `FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY main.py .
EXPOSE 8000
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
`

// swap returns the good example with one line changed.
func swap(old, new string) string { return strings.Replace(good, old, new, 1) }

var rules = []rule{
	{check.Topic{ID: "from-pinned", Summary: "every base image names a tag or a digest",
		Why: "Without a tag, the image changes from one day to the next, and so does what you build.",
		Bad: swap("python:3.12-slim", "python"), Good: good}, func(f *df.File) *finding {
		for i, s := range f.Stages {
			if s.From < 0 && s.Base != "scratch" && tagOf(s.Base) == "" && !strings.Contains(s.Base, "$") {
				return version(f, &f.Stages[i])
			}
		}
		return nil
	}},
	{check.Topic{ID: "from-not-latest", Summary: "the final image is not built on :latest",
		Why: "latest is whatever was published last: a build that works today can fail tomorrow.",
		Bad: swap("3.12-slim", "latest"), Good: good}, func(f *df.File) *finding {
		s := f.Final()
		for s.From >= 0 {
			s = &f.Stages[s.From]
		}
		if tagOf(s.Base) == "latest" {
			return version(f, s)
		}
		return nil
	}},
	{check.Topic{ID: "workdir-set", Summary: "WORKDIR is set before files are copied to a relative path",
		Why: "Without it, files land in the root of the image's file system.",
		Bad: swap("WORKDIR /app\n", ""), Good: good}, func(f *df.File) *finding {
		for _, s := range f.Stages {
			set := s.From >= 0 // the stage before may have set it
			for _, in := range s.Instructions {
				set = set || in.Name == "WORKDIR"
				if n := len(in.Args); in.Name == "COPY" && n > 1 && !set && !strings.HasPrefix(in.Args[n-1], "/") &&
					!strings.HasPrefix(in.Args[n-1], "$") {
					return at(in, "%s, with no WORKDIR before it",
						fmt.Sprintf("Write a WORKDIR above line %d, such as WORKDIR /app.", in.Line))
				}
			}
		}
		return nil
	}},
	{check.Topic{ID: "workdir-absolute", Summary: "every WORKDIR begins with /",
		Why: "A relative WORKDIR depends on the one before, and on what the base image set.",
		Bad: swap("/app", "app"), Good: good}, each("WORKDIR", func(f *df.File, in df.Instruction) *finding {
		folder := strings.Trim(strings.Join(in.Args, " "), `"'`)
		if strings.HasPrefix(folder, "$") {
			folder = cmp.Or(f.Value(in, folder), "/") // a variable of the base image
		}
		if !strings.HasPrefix(folder, "/") {
			return write(f, in, f.Absolute(in),
				"Write the whole path, from / on: it is joined with the WORKDIR before it, or with the base image's.")
		}
		return nil
	})},
	{check.Topic{ID: "copy-not-add", Summary: "files of the folder are copied with COPY, not ADD",
		Why: "ADD also unpacks archives and fetches URLs; COPY does what it says.",
		Bad: swap("COPY main.py", "ADD main.py"), Good: good}, each("ADD",
		func(f *df.File, in df.Instruction) *finding {
			if len(in.Args) > 1 && !slices.ContainsFunc(in.Args[:len(in.Args)-1], needsAdd) {
				return write(f, in, f.Replace(in, leadingAdd, "COPY"), "Write COPY instead of ADD.")
			}
			return nil
		})},
	{check.Topic{ID: "deps-before-source", Summary: "dependencies are installed before the program is copied",
		Why: "Each edit of the program would install everything again.",
		Bad: swap("COPY requirements.txt .", "COPY . ."), Good: good}, func(f *df.File) *finding {
		const hint = "Copy only the file that lists the dependencies, install, then copy the program."
		for _, s := range f.Stages {
			source, install := s.InstallBelow(bringsProgram)
			switch {
			case source == nil:
				continue
			case source.Name == "RUN":
				return at(*source, "%s mounts the program", hint)
			}
			found := at(*source, "%s comes before the install", hint)
			found.edit = func(t check.Source) *check.Edit {
				edit, _ := check.InstallFirst(t, source.Line, install.Line)
				return edit
			}
			return found
		}
		return nil
	}},
	{check.Topic{ID: "cmd-exec", Summary: "CMD and ENTRYPOINT are written as a list",
		Why:  "The shell form starts a shell first, which keeps signals from the program.",
		Bad:  swap(`["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]`, "uvicorn main:app --host 0.0.0.0"),
		Good: good}, func(f *df.File) *finding {
		for _, in := range f.Lasts("ENTRYPOINT", "CMD") {
			if !in.Exec && len(in.Args) > 0 {
				change, how := f.ExecForm(*in)
				found := write(f, *in, change, "Write it as a list, each word in double quotes.")
				found.hint.Cause = needs[how]
				return found
			}
		}
		return nil
	}},
	{check.Topic{ID: "cmd-single", Summary: "there is one CMD in a stage",
		Why: "Only the last one counts; the others mislead.",
		Bad: swap("CMD", "CMD [\"python\"]\nCMD"), Good: good}, func(f *df.File) *finding {
		for _, s := range f.Stages {
			var seen *df.Instruction
			for _, in := range s.Instructions {
				if in.Name == "CMD" && seen != nil {
					found := at(in, "a second %s", "Take out the CMD that you do not want.")
					found.hint = check.Hint{Cause: "Only the last CMD counts.", Edit: check.EditOf(f.Name,
						f.Change(*seen))}
					return found
				}
				if in.Name == "CMD" {
					seen = &in
				}
			}
		}
		return nil
	}},
	{check.Topic{ID: "cmd-no-reload", Summary: "the program starts without --reload",
		Why: "Reloading watches files that never change in an image, and costs memory.",
		Bad: swap(`"--port"`, `"--reload", "--port"`), Good: good}, func(f *df.File) *finding {
		for _, in := range f.Lasts("ENTRYPOINT", "CMD") {
			if text := strings.Join(in.Args, " "); strings.Contains(text, "--reload") ||
				strings.Contains(text, "fastapi dev") {
				change := f.Replace(*in, reload, "")
				if strings.Contains(text, "fastapi dev") {
					change = f.Replace(*in, development, "${1}run")
				}
				return write(f, *in, change, "Take --reload out, or write fastapi run instead of fastapi dev.")
			}
		}
		return nil
	}},
	{check.Topic{ID: "expose-format", Summary: "EXPOSE names ports, and nothing else",
		Why: "EXPOSE says what the container listens on; the host's port belongs to docker run -p.",
		Bad: swap("EXPOSE 8000", "EXPOSE 8000:8000"), Good: good}, each("EXPOSE",
		func(f *df.File, in df.Instruction) *finding {
			var ports []string
			wrong := false
			for _, port := range in.Args {
				if strings.HasPrefix(port, "#") {
					wrong = true
					break
				}
				wrong = wrong || !exposable.MatchString(port)
				ports = append(ports, port[strings.LastIndex(port, ":")+1:])
			}
			if !wrong {
				return nil
			}
			var change *df.Change
			if len(ports) > 0 && !slices.ContainsFunc(ports, func(p string) bool { return !exposable.MatchString(p) }) {
				change = f.Change(in, "EXPOSE "+strings.Join(ports, " "))
			}
			return write(f, in, change, "Write only the container's port.")
		})},
	{check.Topic{ID: "run-apt-clean",
		Summary: "apt-get install comes with update before and the lists removed after, in one RUN",
		Why:     "The lists stay in the image, and a cached update is an old one.",
		Bad:     swap("COPY req", "RUN apt-get update && apt-get install -y curl\nCOPY req"),
		Good: swap("COPY req",
			"RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf "+
				"/var/lib/apt/lists/*\nCOPY req")},
		each("RUN", func(f *df.File, in df.Instruction) *finding {
			commands := in.Commands()
			if !slices.ContainsFunc(commands, func(c df.Command) bool { return apt(c, "install") }) {
				return nil
			}
			mounted := slices.ContainsFunc(in.Flags,
				func(flag string) bool { return strings.Contains(flag, "/var/lib/apt") })
			updated := slices.ContainsFunc(commands, func(c df.Command) bool { return apt(c, "update") })
			if !updated || !mounted && !strings.Contains(in.Shell(), "/var/lib/apt/lists") {
				change := f.Replace(in, regexp.MustCompile(`\s*$`), " && rm -rf /var/lib/apt/lists/*")
				if !updated {
					change = f.Replace(in, regexp.MustCompile(`\b(apt-get|apt)\b`), "$1 update && $1")
				}
				return write(f, in, change,
					"Write apt-get update before the install, and rm -rf /var/lib/apt/lists/* after it, in one RUN.")
			}
			return nil
		})},
	{check.Topic{ID: "run-cache-clean", Summary: "pip and uv leave no cache in the image",
		Why: "The cache is as large as what was installed, and no one uses it again.",
		Bad: swap("--no-cache-dir ", ""), Good: good}, func(f *df.File) *finding {
		off := false
		for _, in := range f.Effective() {
			for _, a := range in.Assignments() {
				off = off || slices.Contains(cacheless, a.Name)
			}
			if in.Name != "RUN" || off || slices.ContainsFunc(in.Flags,
				func(f string) bool { return strings.HasPrefix(f, "--mount=") && strings.Contains(f, "type=cache") }) ||
				emptied.MatchString(in.Shell()) {
				continue
			}
			for _, c := range in.Commands() {
				set := slices.ContainsFunc(c.Env, func(e string) bool {
					name, _, _ := strings.Cut(e, "=")
					return slices.Contains(cacheless, name)
				})
				if c.Pip() && !set && !c.Has("--no-cache-dir", "--no-cache", "-n") {
					change := f.Replace(in, pipInstall, "$1 --no-cache-dir")
					if c.Program == "uv" {
						change = f.Replace(in, uvInstall, "$1 --no-cache")
					}
					return write(f, in, change,
						"Add --no-cache-dir to pip, --no-cache to uv, or RUN --mount=type=cache.")
				}
			}
		}
		return nil
	}},
	{check.Topic{ID: "run-no-cd", Summary: "no RUN is only there to change the folder",
		Why: "cd lasts to the end of its own RUN; WORKDIR lasts.",
		Bad: swap("WORKDIR /app", "RUN mkdir /app\nRUN cd /app\nWORKDIR /"), Good: good},
		each("RUN", func(_ *df.File, in df.Instruction) *finding {
			if commands := in.Commands(); len(commands) > 0 && commands[len(commands)-1].Program == "cd" {
				return at(in, "%s", "Use WORKDIR instead of cd.")
			}
			return nil
		})},
	{check.Topic{ID: "run-no-sudo", Summary: "no RUN uses sudo",
		Why: "A build runs as root already, or as the USER that you chose.",
		Bad: swap("RUN pip", "RUN sudo pip"), Good: good}, each("RUN", func(f *df.File, in df.Instruction) *finding {
		if sudo.MatchString(in.Shell()) {
			return write(f, in, f.Replace(in, leadingSudo, ""), "Leave sudo out.")
		}
		return nil
	})},
	{check.Topic{ID: "user-nonroot", Summary: "the program does not run as root",
		Why: "What breaks out of the program is root in the container. Where there is an image, the number of its " +
			"user decides, by whatever name, and where there is none, what USER says.",
		Bad: good, Good: swap("EXPOSE", "RUN useradd app\nUSER app\nEXPOSE")}, rootByText},
	{check.Topic{ID: "healthcheck", Summary: "there is a HEALTHCHECK",
		Why: "Docker can then tell a program that runs from one that works.",
		Bad: good,
		Good: swap("CMD",
			"HEALTHCHECK CMD python -c \"import urllib.request as u; "+
				"u.urlopen('http://127.0.0.1:8000/health')\"\nCMD")}, func(f *df.File) *finding {
		if in := f.Last("HEALTHCHECK"); in == nil || strings.EqualFold(strings.Join(in.Args, ""), "none") {
			return &finding{line: f.Final().Line, got: "no HEALTHCHECK",
				hint: check.Advise(
					"Add a HEALTHCHECK that asks where the program says that it is well, such as /health.")}
		}
		return nil
	}},
	{check.Topic{ID: "no-secret-env", Summary: "no ENV or ARG holds a secret",
		Why: "Whoever has the image can read it.",
		Bad: swap("EXPOSE", "ENV API_KEY=abc123\nEXPOSE"), Good: good}, func(f *df.File) *finding {
		for _, s := range f.Stages {
			for _, in := range s.Instructions {
				for _, a := range in.Assignments() {
					if a.Secret() {
						return at(in, "%s", "Pass it when the container starts: docker run -e "+a.Name+"=….")
					}
				}
			}
		}
		return nil
	}},
	{check.Topic{ID: "no-maintainer", Summary: "MAINTAINER is not used",
		Why: "It is deprecated; a LABEL says the same.",
		Bad: swap("WORKDIR", "MAINTAINER me\nWORKDIR"), Good: good},
		each("MAINTAINER", func(f *df.File, in df.Instruction) *finding {
			return write(f, in, f.Change(in, fmt.Sprintf("LABEL maintainer=%q",
				strings.Trim(strings.Join(in.Args, " "), `"`))), "Write a LABEL instead.")
		})},
	{check.Topic{ID: "multi-stage", Summary: "the build has more than one stage",
		Why: "What is needed to build stays out of what runs.",
		Bad: good, Good: strings.Replace(good, "FROM python:3.12-slim",
			"FROM python:3.12 AS builder\nRUN pip wheel x\nFROM python:3.12-slim\nCOPY --from=builder /x /x", 1)},
		func(f *df.File) *finding {
			if f.TakesFromStage() {
				return nil
			}
			got := "one stage"
			if len(f.Stages) > 1 {
				got = "no COPY --from takes anything out of another stage"
			}
			return &finding{line: f.Stages[0].Line, got: got,
				hint: check.Advise(
					"Install in a first stage, FROM … AS builder, and COPY --from=builder into the last.")}
		}},
}

var (
	cacheless = []string{"PIP_NO_CACHE_DIR", "UV_NO_CACHE"}
	emptied   = regexp.MustCompile(`rm -rf? \S*\.cache|(cache|pip cache) (clean|purge|prune)`)
	sudo      = regexp.MustCompile(`(^|[;&|\n]\s*)sudo\b`)
	exposable = regexp.MustCompile(`(?i)^(\d+(-\d+)?(/(tcp|udp|sctp))?|\$.*)$`)
	archive   = regexp.MustCompile(`\.(tar|tgz|tar\.\w+)$`)

	leadingAdd  = regexp.MustCompile(`^(?i:add)\b`)
	leadingSudo = regexp.MustCompile(`\bsudo\s+`)
	reload      = regexp.MustCompile(`,?\s*"--reload"|\s+--reload\b`)
	development = regexp.MustCompile(`(fastapi"?,?\s*"?)dev\b`)
	pipInstall  = regexp.MustCompile(`(\bpip[\d.]*\s+(?:install|wheel|download))\b`)
	uvInstall   = regexp.MustCompile(`(\buv\s+(?:sync|add|pip\s+(?:install|sync)|tool\s+install))\b`)
)

// rootByText finds that USER says root, or nothing.
func rootByText(f *df.File) *finding {
	last := f.Last("USER")
	if last == nil {
		return &finding{line: f.Final().Line, got: "no USER",
			hint: check.Advise("Add RUN useradd app and USER app before CMD.")}
	}
	user, _, _ := strings.Cut(f.Value(*last, strings.Join(last.Args, "")), ":")
	if n, err := strconv.Atoi(user); user == "root" || err == nil && n == 0 {
		return at(*last, "%s", "Name a user that is not root.")
	}
	return nil
}

// rootByNumber finds that the image starts as root, whatever that user is called in it.
func rootByNumber(ctx context.Context, t check.Target, f *df.File) (*finding, error) {
	said, last := rootByText(f), f.Last("USER")
	if said != nil && last != nil {
		return said, nil
	}
	uid, known, err := t.UID(ctx)
	switch {
	case err != nil || known && uid != 0:
		return nil, err
	case last == nil:
		return said, nil
	case !known:
		return at(*last, "%s, whom the image does not know", "Make the user with RUN useradd before."), nil
	}
	return at(*last, "%s, whose number is 0 in the image: root", "Name a user that is not root."), nil
}

// each returns a rule about every instruction of a name.
func each(name string, find func(*df.File, df.Instruction) *finding) func(*df.File) *finding {
	return func(f *df.File) *finding {
		for _, s := range f.Stages {
			for _, in := range s.Instructions {
				if in.Name == name {
					if found := find(f, in); found != nil {
						return found
					}
				}
			}
		}
		return nil
	}
}

// tagOf returns the tag of an image reference, its digest where it has one, or empty.
func tagOf(ref string) string {
	if _, digest, ok := strings.Cut(ref, "@"); ok {
		return digest
	}
	last := ref[strings.LastIndex(ref, "/")+1:]
	_, tag, _ := strings.Cut(last, ":")
	return tag
}

func apt(c df.Command, what string) bool {
	return (c.Program == "apt" || c.Program == "apt-get") && c.Has(what)
}

// needs says why the line to write is as it is.
var needs = map[string]string{
	df.AsList:   "A list starts the program itself, and not a shell that starts it.",
	df.AsQuoted: "Docker takes a list in double quotes alone for one, and gave this to a shell.",
	df.AsEnv:    "In a list nothing reads NAME=value: ENV sets it.",
	df.AsAlone:  "What stands behind the server never runs while it serves.",
	df.AsShell:  "A shell is needed for what the line does, and exec gives its place to the program.",
}

// version finds a base image that lacks one.
func version(f *df.File, s *df.Stage) *finding {
	name := strings.TrimSuffix(s.Base, ":"+tagOf(s.Base))
	found := &finding{line: s.Line, got: "FROM " + s.Base,
		hint: check.Advisef("Write the version of %s that you use behind it, with a colon between.", name)}
	if tagOf(s.Base) != "" {
		found.hint = check.Advisef("Write the version of %s that you use in the place of %s.", name, tagOf(s.Base))
	}
	found.edit = func(t check.Source) *check.Edit {
		if tag := check.Tag(t, name); tag != "" {
			return check.EditOf(f.Name, f.Rebase(s, name+":"+tag))
		}
		return nil
	}
	return found
}

// bringsProgram reports whether an instruction brings the program of the folder into the build, for
// good or for a RUN.
func bringsProgram(in df.Instruction) bool {
	switch in.Name {
	case "COPY", "ADD":
		return len(in.Args) > 1 && !slices.ContainsFunc(in.Flags,
			func(f string) bool { return strings.HasPrefix(f, "--from") }) &&
			slices.ContainsFunc(in.Args[:len(in.Args)-1], isProgram)
	case "RUN":
		return slices.ContainsFunc(in.Flags, func(f string) bool {
			mount, ok := strings.CutPrefix(f, "--mount=")
			options := map[string]string{"type": "bind"}
			for _, option := range strings.Split(mount, ",") {
				name, value, _ := strings.Cut(option, "=")
				if name == "src" {
					name = "source"
				}
				options[name] = value
			}
			return ok && options["type"] == "bind" && options["from"] == "" && isProgram(options["source"])
		})
	}
	return false
}

// isProgram reports whether a source of COPY is the program: everything, a folder of code, or
// Python files.
func isProgram(source string) bool {
	source = strings.TrimSuffix(strings.TrimPrefix(source, "./"), "/")
	first, _, _ := strings.Cut(source, "/")
	folder := (first == "app" || first == "src") && path.Ext(source) == ""
	return source == "" || source == "." || source == "*" || folder || strings.HasSuffix(source, ".py") &&
		path.Base(source) != "setup.py"
}

// needsAdd reports whether a source is one for which ADD is there.
func needsAdd(source string) bool {
	return strings.Contains(source, "://") || strings.HasPrefix(source, "git@") || archive.MatchString(source)
}
