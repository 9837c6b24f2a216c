// Package build is the kind `build`: whether the image can be built.
//
// The grader builds once for the whole rubric, with the arguments and the stage that this check
// names ([Build.Configure]); the check says how that ended. Of a failed build it shows the
// instruction with its line and what the tool said, and finds the cause in package readings; what
// is wrong with a COPY it looks up in the folder.
package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/readings"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind returns the kind `build`, which asks whether the image can be built.
func Kind() check.Kind {
	return check.Kind{Name: "build", Phase: check.Image, Gate: true, New: func() check.Check { return new(Build) },
		Manual: check.Manual{
			Summary: "does the Dockerfile build",
			Text: `The folder is built with BuildKit as docker build does it, within the rubric's limits. When it cannot
be built, everything that needs the image is blocked by this check. A registry or a network that does not answer is the
grader's error and costs nothing; a base image that does not exist is the student's. Without options, write build: {}.`,
			Example: `id: builds
points: 12
build: {args: {VERSION: "1.2"}, target: app}`}}
}

// Build is the options.
type Build struct {
	Args   option.Variables `json:"args,omitempty" jsonschema:"what docker build is given as --build-arg"`
	Target string           `json:"target,omitempty" jsonschema:"the stage to build; the last unless given"`
}

var stage = regexp.MustCompile(`(?i)^[a-z0-9][a-z0-9_.-]*$`)

// ValidateOption wants a target that a stage can be called.
func (b *Build) ValidateOption(at option.Value) option.Problems {
	if target, ok := at.Get("target"); ok && !stage.MatchString(b.Target) {
		return target.Problem("want the name of a stage, such as app in FROM … AS app, not %s", target.Describe())
	}
	return nil
}

// Configure passes arguments and target to the main build.
func (b *Build) Configure(s *check.Setup) { s.BuildArgs, s.Target = b.Args, b.Target }

const (
	name  = "docker build"
	shown = 30 // lines of the failing step's log
)

// Ask returns how the build ended.
func (b *Build) Ask(ctx context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return check.Outcome{}, err
	}
	built := t.Built()
	f := built.Failure
	if f == nil {
		return check.Pass(name, fmt.Sprintf("built in %.1fs", built.Took.Seconds())), nil
	}
	fix, got, log := hint(t, f), f.Message, readings.Tail(f.Log, shown)
	if f.Reason == check.CommandError {
		if f.Line > 0 {
			got = fmt.Sprintf("line %d, %s", f.Line, got)
		}
		found, ok := readings.Build(f.Log, readings.NewScene(t, f.Line))
		if found.Line != "" {
			got += ": " + found.Line
		}
		if ok {
			fix, log = found.Hint, readings.From(f.Log, found.Line, shown)
		}
	}
	o := check.Fail(name, "an image", got, fix)
	var bad *dockerfile.Error
	if _, err := t.Dockerfile(); errors.As(err, &bad) { // with the line to write
		o.Hint = check.SyntaxHint(bad)
		o.Items[0].Hint = o.Hint
		for _, e := range bad.Next {
			o.Items = append(o.Items, check.Item{Name: fmt.Sprintf("line %d", e.Line),
				Want: "a line that Docker can read",
				Got:  e.Message, Hint: check.SyntaxHint(e), File: e.File, Line: e.Line})
		}
	}
	if f.Line > 0 {
		o.Items[0].File, o.Items[0].Line = check.DockerfileName(t), f.Line
	}
	if log != "" {
		o.Evidence = append(o.Evidence, check.Evidence{Kind: "log", Title: "What the failing step said", Text: log,
			File: check.DockerfileName(t), Line: f.Line})
	}
	return o, nil
}

// hint returns what to do about a failure.
func hint(t check.Source, f *check.BuildFailure) check.Hint {
	if f.Reason == check.MissingFile && f.Stage != "" {
		return missingInStage(t, f)
	}
	if f.Reason == check.NoSuchImage {
		return noImage(t, f)
	}
	if f.Reason == check.OtherFailure || f.Reason == check.BadSyntax || f.Reason == check.CommandError {
		if h, ok := refused(t, f); ok {
			return h
		}
	}
	h := check.Advise(advise(t, f))
	if f.Reason == check.MissingFile {
		for _, why := range []func(check.Source, *check.BuildFailure) (check.Hint, bool){notHandedIn, neverUsed,
			otherList, unlisted, neverLocked} {
			if h, ok := why(t, f); ok {
				return h
			}
		}
		h.Edit = found(t, f)
	}
	if f.Reason == check.TooLong {
		if served := serving(t, f); served.Cause != "" {
			return served
		}
	}
	return h
}

// serves is a command that starts a server, and does not come to an end.
var serves = regexp.MustCompile(
	`^(?:exec )?(?:uvicorn|gunicorn|hypercorn|flask\b.*\brun|fastapi (?:run|dev)|node|npm (?:run )?(?:start|dev)|` +
		`python3? (?:-m (?:uvicorn|gunicorn|flask)|\S*manage\.py runserver))\b`)

// serving returns of a build that did not end which RUN starts the server, where one does.
func serving(t check.Source, f *check.BuildFailure) (h check.Hint) {
	file, err := t.Dockerfile()
	if err != nil {
		return h
	}
	for _, in := range file.Final().Instructions {
		command := strings.TrimSpace(strings.TrimPrefix(in.Text, in.Name))
		if in.Name != "RUN" || in.Exec || !serves.MatchString(command) {
			continue
		}
		f.Line = in.Line
		h.Cause = fmt.Sprintf("Line %d, RUN, starts the server while the image is built, and it does not end.", in.Line)
		h.Advice = "Servers belong into CMD, which runs when the container starts."
		if words, ok := dockerfile.ShellWords(command); ok && file.Last("CMD", "ENTRYPOINT") == nil {
			h.Edit = check.EditOf(file.Name, file.Change(in, "CMD "+dockerfile.List(words)))
		}
	}
	return h
}

// found returns the line that lets in a file which is there: out of the ignore file, or by the name
// that it has.
func found(t check.Source, f *check.BuildFailure) *check.Edit {
	subject := strings.TrimPrefix(path.Clean("/"+f.Subject), "/")
	rules, err := t.Ignore()
	file, unread := t.Dockerfile()
	if err != nil || unread != nil {
		return nil
	}
	if _, err := fs.Stat(t.FS(), subject); err == nil {
		changed := rules.Keeping(subject)
		if changed == nil || !rules.Decide(subject).Ignored || check.IsPrivate(subject) {
			return nil
		}
		c := rules.ChangeTo(changed)
		return &check.Edit{File: rules.File, Line: c.Line, Old: c.Old, New: c.New}
	}
	by := elsewhere(t.FS(), path.Base(subject))
	if by == "" {
		by = near(t.FS(), subject)
	}
	in := file.At(f.Line)
	if by == "" || in == nil || rules.Decide(by).Ignored || strings.HasPrefix(f.Subject, "../") {
		return nil
	}
	named := strings.TrimPrefix(f.Subject, "/")
	base := path.Base(subject)
	if to := in.Args[len(in.Args)-1]; path.Base(by) != base && len(in.Sources()) == 1 && !in.Exec &&
		(to == "." || strings.HasSuffix(to, "/")) && usesBelow(file, *in, base) {
		// under the name by which the lines below know it
		words := regexp.MustCompile(`(\s(?:\./|/)?)` + regexp.QuoteMeta(named) + `\s+\S+\s*$`)
		return check.EditOf(file.Name, file.Replace(*in, words,
			"${1}"+strings.ReplaceAll(by+" "+strings.TrimPrefix(to, ".")+base, "$", "$$")))
	}
	return check.EditOf(file.Name, file.Replace(*in, regexp.MustCompile(`(\s["']?(?:\./)?)/?`+regexp.QuoteMeta(named)+
		`(/?["']?[\s,])`), "${1}"+strings.ReplaceAll(by, "$", "$$")+"${2}"))
}

// usesBelow reports whether an instruction below one names a file.
func usesBelow(file *dockerfile.File, in dockerfile.Instruction, base string) bool {
	word := regexp.MustCompile(`(^|[\s/"'=])` + regexp.QuoteMeta(base) + `($|[\s"',;&])`)
	return slices.ContainsFunc(file.Stages, func(s dockerfile.Stage) bool {
		return slices.ContainsFunc(s.Instructions, func(other dockerfile.Instruction) bool {
			return other.Name == "RUN" && other.Line > in.Line && word.MatchString(other.Text)
		})
	})
}

// near returns the file of a folder whose name is nearest to one that is not there, or empty.
func near(folder fs.FS, subject string) string {
	entries, _ := fs.ReadDir(folder, cleanDir(path.Dir(subject)))
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if name := option.Suggest(path.Base(subject), names); name != "" && name != path.Base(subject) {
		return path.Join(path.Dir(subject), name)
	}
	return ""
}

// written is where a command of a stage says that it writes to.
var written = regexp.MustCompile(
	`--(?:target|prefix|root)[= ](/\S+)|\bpip3? install .*\s-t (/\S+)|-m venv (/\S+)|\s-o (/\S+)`)

// installsTo is by which words pip installs to a place that is often copied from another stage.
var installsTo = map[string]string{"/install": " --prefix=/install", "/root/.local": " --user",
	"/deps": " --target=/deps", "/packages": " --target=/packages", "/python": " --target=/python"}

var number = regexp.MustCompile(`^\d+$`)

// missingInStage returns of a COPY --from what the lines of the stage write, and takes the only
// place that they name.
func missingInStage(t check.Source, f *check.BuildFailure) check.Hint {
	h := check.Hint{Cause: fmt.Sprintf("The stage %s has no %s when it is copied from.", f.Stage, f.Subject),
		Advice: "Name a path that the lines of that stage make."}
	file, err := t.Dockerfile()
	if err != nil {
		return h
	}
	found, script, dir := false, "", "/"
	word := regexp.MustCompile(`(?:^|[\s/=])` + regexp.QuoteMeta(path.Base(f.Subject)) + `(?:$|[\s/;&])`)
	made := false // by a name that counts from the stage's WORKDIR
	whole := ""   // where the stage has the whole folder
	var places []string
	for i, stage := range file.Stages {
		if !strings.EqualFold(stage.Name, f.Stage) && fmt.Sprint(i) != f.Stage {
			continue
		}
		found = true
		for _, in := range stage.Instructions {
			if in.Name == "WORKDIR" && len(in.Args) > 0 {
				if dir = path.Join(dir, in.Args[0]); path.IsAbs(in.Args[0]) {
					dir = path.Clean(in.Args[0])
				}
			}
			if len(in.Args) == 2 && slices.Contains(in.Sources(), ".") && path.Clean(in.Args[1]) == "." {
				whole = dir
			}
			made = made || in.Name == "RUN" && dir != "/" && word.MatchString(in.Text)
			for _, m := range written.FindAllStringSubmatch(in.Text, -1) {
				if place := m[1] + m[2] + m[3] + m[4]; !slices.Contains(places, place) {
					places = append(places, place)
				}
			}
			if place, text := scriptOutput(t, in, f.Subject); text != "" {
				script = text
				if place != "" && !slices.Contains(places, place) {
					places = append(places, place)
				}
			}
		}
	}
	in := file.At(f.Line)
	if strings.Contains(f.Subject, ".next/standalone") && standalone(t, &h) {
		return h
	}
	switch {
	case !found && number.MatchString(f.Stage):
		h.Cause = fmt.Sprintf("There is no stage %s: they are counted from 0, and this file has %d.", f.Stage,
			len(file.Stages))
		h.Advice = "Name the stage that makes it."
	case !found:
		h.Cause = fmt.Sprintf("The image %s, which is no stage of this file, has no %s.", f.Stage, f.Subject)
		h.Advice = "Look at which paths that image has."
	case made && in != nil && in.Line == in.EndLine && slices.Contains(in.Args, f.Subject) && !path.IsAbs(f.Subject):
		h.Cause = fmt.Sprintf("A COPY --from counts from /, and not from the WORKDIR of the stage %s, which is %s.",
			f.Stage, dir)
		h.Advice = "Name it from / on."
		h.Edit = check.EditOf(file.Name, file.Replace(*in,
			regexp.MustCompile(`(\s)`+regexp.QuoteMeta(f.Subject)+`(\s)`), "${1}"+path.Join(dir, f.Subject)+"${2}"))
	case len(places) == 1 && in != nil && in.Line == in.EndLine && strings.Count(file.Lines[in.Line-1], f.Subject) == 1:
		old := file.Lines[in.Line-1]
		h.Cause = fmt.Sprintf("The stage %s has no %s; its own lines write to %s.", f.Stage, f.Subject, places[0])
		h.Advice = "Copy that."
		h.Edit = &check.Edit{File: file.Name, Line: in.Line, Old: old,
			New: strings.Replace(old, f.Subject, places[0], 1)}
	case len(places) == 0 && installsTo[f.Subject] != "" && in != nil:
		h.Cause = fmt.Sprintf("The stage %s has no %s: no line of it installs there.", f.Stage, f.Subject)
		h.Advice = fmt.Sprintf("Let its pip install do: %s.", strings.TrimSpace(installsTo[f.Subject]))
		for _, stage := range file.Stages[:max(0, len(file.Stages)-1)] {
			for _, step := range stage.Instructions {
				if h.Edit == nil && step.Name == "RUN" && (strings.EqualFold(stage.Name, f.Stage)) {
					h.Edit = check.EditOf(file.Name, file.Replace(step, regexp.MustCompile(`(\bpip3? install)\b`),
						"${1}"+installsTo[f.Subject]))
				}
			}
		}
		if h.Edit != nil {
			h.Advice = "Let its pip install do that."
		}
	case len(places) > 0:
		h.Cause = fmt.Sprintf("The stage %s has no %s; its own lines write to %s.", f.Stage, f.Subject,
			strings.Join(places, ", "))
		h.Advice = "Copy from where they write to."
	case script != "":
		h.Cause = fmt.Sprintf("The stage %s has no %s. What it runs there is %s.", f.Stage, f.Subject, script)
		h.Advice = "Copy from where that writes to."
	case whole != "" && in != nil && in.Line == in.EndLine && strings.Count(file.Lines[in.Line-1], f.Subject) == 1:
		started := check.StartedFile(t)
		cmd := file.Last("CMD", "ENTRYPOINT")
		if started == "" || cmd == nil || !strings.Contains(cmd.Text, path.Base(f.Subject)+"/"+path.Base(started)) {
			break
		}
		old, place := file.Lines[in.Line-1], path.Join(whole, path.Dir(started))
		h.Cause = fmt.Sprintf("No line of the stage %s makes %s; %s is in %s there.", f.Stage, f.Subject,
			path.Base(started), place)
		h.Advice = "Copy that."
		h.Edit = &check.Edit{File: file.Name, Line: in.Line, Old: old,
			New: strings.Replace(old, f.Subject, place, 1)}
	}
	return h
}

// standalone reports whether Next is not told to make the folder standalone, and where it is told so.
func standalone(t check.Source, h *check.Hint) bool {
	for _, name := range []string{"next.config.js", "next.config.mjs", "next.config.ts"} {
		text, err := fs.ReadFile(t.FS(), name)
		if err != nil || strings.Contains(string(text), "standalone") {
			continue
		}
		h.Cause = fmt.Sprintf("next build makes .next/standalone where %s has output: 'standalone', and it has "+
			"not.", name)
		h.Advice = "Let it say so."
		for i, line := range strings.Split(string(text), "\n") {
			if m := beginsConfig.FindStringSubmatch(line); m != nil {
				h.Edit = &check.Edit{File: name, Line: i + 1, Old: line, New: m[1] + "\n  output: 'standalone',"}
				if m[2] != "" {
					h.Edit.New = m[1] + " output: 'standalone'," + m[2]
				}
				break
			}
		}
		return true
	}
	return false
}

// beginsConfig is a line with which the configuration of Next begins.
var beginsConfig = regexp.MustCompile(`^(.*(?:\w*[cC]onfig\b[^={]*=|module\.exports\s*=|export default)\s*\{)(.*)$`)

var (
	runsScript = regexp.MustCompile(`\b(?:npm run|yarn(?: run)?|pnpm(?: run)?) ([\w:-]+)`)
	// outputs is where the usual tools of a script write to.
	outputs = []struct{ pattern, to string }{
		{`(?:--outDir|--out-dir|--outdir|--output-path|--dist-dir)[= ]["']?(?:\./)?([\w./-]+)`, "$1"},
		{`\bmkdir (?:-p )?["']?(?:\./)?([\w.-]+)`, "$1"}, {`\breact-scripts build\b`, "build"},
		{`\bvite build\b`, "dist"}, {`\bnext build\b`, ".next"}, {`\bnest build\b`, "dist"}, {`\bwebpack\b`, "dist"},
	}
)

// scriptOutput returns the folder that a script of package.json which an instruction runs writes
// to, as the image has it, and the script as it is to be told; the folder is empty where it is not
// known or is the one that was looked for.
func scriptOutput(t check.Source, in dockerfile.Instruction, subject string) (place, text string) {
	m := runsScript.FindStringSubmatch(in.Text)
	data, err := fs.ReadFile(t.FS(), "package.json")
	var manifest struct{ Scripts map[string]string }
	if in.Name != "RUN" || m == nil || err != nil || json.Unmarshal(data, &manifest) != nil ||
		manifest.Scripts[m[1]] == "" {
		return "", ""
	}
	script := manifest.Scripts[m[1]]
	text = fmt.Sprintf("the script %s of package.json, `%s`", m[1], script)
	for _, o := range outputs {
		pattern := regexp.MustCompile(o.pattern)
		at := pattern.FindStringSubmatchIndex(script)
		if at == nil {
			continue
		}
		if to := string(pattern.ExpandString(nil, o.to, script, at)); to != path.Base(subject) {
			return path.Join(path.Dir(path.Clean("/"+subject)), to), text
		}
	}
	return "", text
}

// advise returns what to do about a failure.
func advise(t check.Source, f *check.BuildFailure) string {
	switch f.Reason {
	case check.NoDockerfile, check.BadSyntax:
		if f.Subject != "" {
			return f.Subject
		}
		return "Fix the line that the message names."
	case check.MissingFile:
		if leaves(t, f) {
			return "Docker copies only what is in the folder of the Dockerfile or below it."
		}
		return missing(t, f.Subject)
	case check.TooLong:
		return "Does a RUN step wait for input, or start the server? Servers belong into CMD, which runs when the " +
			"container starts."
	case check.TooLarge:
		if f.Subject == "" { // the image, and not a file of the folder
			return "Look at what each RUN and COPY leaves in the image, and leave out what the program does not need."
		}
		return fmt.Sprintf(
			"Copy only what the program needs: list %q and whatever else it does without in .dockerignore.", f.Subject)
	case check.TooMuch:
		return "Does the step start something that never ends? What a step may take is bounded."
	case check.CommandError:
		if strings.TrimSpace(f.Log) == "" {
			return "It wrote nothing: run its commands one by one, each in a RUN of its own, to see which of them " +
				"fails."
		}
		return "Look at this line of its log, and at those above it."
	}
	if f.Subject != "" && f.Unsent {
		return f.Subject
	}
	return "Run docker build . in the folder and read the error."
}

// notHandedIn returns what to say of a COPY that has the backslashes of Windows in its paths, or
// that names a file of secrets, which is rightly not there.
func notHandedIn(t check.Source, f *check.BuildFailure) (h check.Hint, ok bool) {
	file, err := t.Dockerfile()
	if err != nil {
		return h, false
	}
	in := about(file, f.Line, []string{"COPY", "ADD"})
	if in == nil || in.Line != in.EndLine || in.Exec {
		return h, false
	}
	line := file.Lines[in.Line-1]
	subject := path.Clean("/" + f.Subject)[1:]
	flat := strings.NewReplacer(`\`, "", "/", "").Replace
	if backslashed.MatchString(line) && slices.ContainsFunc(strings.Fields(line), func(word string) bool {
		return flat(word) == flat(subject) || strings.Contains(flat(word), flat(subject))
	}) {
		f.Line = in.Line
		h.Cause = fmt.Sprintf("Line %d has paths with a backslash, as Windows has them; in a Dockerfile folders "+
			"have / between "+
			"them.", in.Line)
		h.Advice = "Write them with /."
		h.Edit = check.EditOf(file.Name, file.Change(*in, backslashed.ReplaceAllString(line, "${1}/${2}")))
		return h, true
	}
	if by := strings.ReplaceAll(f.Subject, ",", " "); by != f.Subject && slices.ContainsFunc(strings.Fields(by),
		func(name string) bool { _, err := fs.Stat(t.FS(), path.Clean(name)); return err == nil }) {
		f.Line = in.Line
		h.Cause = fmt.Sprintf("Blanks stand between the files of a COPY, and no commas: line %d names one called %s.",
			in.Line,
			f.Subject)
		h.Advice = "Take the comma out."
		h.Edit = check.EditOf(file.Name, file.Change(*in, strings.Join(strings.Fields(strings.ReplaceAll(line, ",",
			" ")), " ")))
		return h, true
	}
	if _, err := fs.Stat(t.FS(), subject); err == nil || !check.IsPrivate(subject) {
		return h, false
	}
	h.Cause = fmt.Sprintf("The folder has no %s, and need not: secrets do not belong into an image.", f.Subject)
	h.Advice = "Leave it out of the COPY; ENV sets what is no secret, and docker run -e the rest."
	h.Edit = check.EditOf(file.Name, file.WithoutSource(*in, f.Subject))
	return h, true
}

var backslashed = regexp.MustCompile(`([\w.-])\\([\w.*-])`)

// missing returns why a path is not in the context: an ignore line, another spelling, or not there
// at all.
func missing(t check.Source, subject string) string {
	subject = strings.TrimPrefix(path.Clean("/"+subject), "/")
	if rules, err := t.Ignore(); err == nil {
		if _, err := fs.Stat(t.FS(), subject); err == nil {
			if d := rules.Decide(subject); d.Ignored {
				return fmt.Sprintf("The file is there, but line %d of %s, %s, keeps it out of the build.", d.Line,
					rules.File, d.Pattern)
			}
		}
	}
	dir := cleanDir(path.Dir(subject))
	entries, _ := fs.ReadDir(t.FS(), dir)
	var there []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && len(there) < 12 {
			there = append(there, e.Name())
		}
	}
	if at := elsewhere(t.FS(), path.Base(subject)); at != "" && at != subject {
		return fmt.Sprintf("It is at %q in the folder.", at)
	}
	if name := near(t.FS(), subject); name != "" {
		return fmt.Sprintf("There is a file %q: is that the one you mean?", name)
	}
	switch {
	case len(entries) == 0 && dir != ".":
		return fmt.Sprintf("There is no folder %q: add the file, or change the COPY line.", dir)
	case len(there) == 0:
		return "The folder holds no file that COPY could take: add the file, or change the COPY line."
	}
	where := "The folder"
	if dir != "." {
		where = fmt.Sprintf("The folder %q", dir)
	}
	return fmt.Sprintf("Add the file, or change the COPY line. %s holds: %s.", where, strings.Join(there, ", "))
}

// leaves reports whether a COPY names what is above the folder; Docker takes the dots away.
func leaves(t check.Source, f *check.BuildFailure) bool {
	file, err := t.Dockerfile()
	if err != nil {
		return false
	}
	for _, s := range file.Stages {
		for _, in := range s.Instructions {
			if (f.Line == 0 || in.Line == f.Line) && slices.ContainsFunc(in.Args, func(a string) bool {
				return strings.HasPrefix(strings.TrimPrefix(a, "./"), "../") &&
					path.Clean("/"+a) == path.Clean("/"+f.Subject)
			}) {
				return true
			}
		}
	}
	return false
}

// elsewhere returns where a file of that name is, near the top, or empty.
func elsewhere(folder fs.FS, name string) string {
	for _, pattern := range []string{name, "*/" + name, "*/*/" + name} {
		if strings.ContainsAny(name, "*?[\\") {
			break
		}
		if found, _ := fs.Glob(folder, pattern); len(found) > 0 {
			return found[0]
		}
	}
	return ""
}

func cleanDir(dir string) string {
	if dir = path.Clean("/" + dir)[1:]; dir == "" {
		return "."
	}
	return dir
}
