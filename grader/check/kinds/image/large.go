package image

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/option"
)

// worth is how many bytes a layer has at least that is worth looking at, and leftover how many a
// cache has.
const (
	worth    = 5_000_000
	tenth    = 10
	leftover = 1_000_000
)

var (
	small = regexp.MustCompile(`slim|alpine|distroless|scratch`)
	slim  = regexp.MustCompile(`(^|/)(python|node|debian|ruby|php|openjdk|golang|perl)(:|$)`) // have a -slim form
)

// large returns what makes an image large: the largest layer of the student's own, and the base
// where that alone is too much for full, or for any image where full is 0, and a smaller one is to
// be had.
func large(ctx context.Context, t check.Target, image *check.ImageInfo, full int64) (check.Hint, error) {
	var h check.Hint
	largest := -1
	for i, l := range image.Layers {
		if !l.Base && l.Size > worth && (largest < 0 || l.Size > image.Layers[largest].Size) {
			largest = i
		}
	}
	base := image.Size - image.Added
	// beside a base that is too large, a small layer is not worth a word
	if largest >= 0 && (full == 0 || base <= full || image.Layers[largest].Size*tenth > image.Size-full) {
		l := image.Layers[largest]
		h.Cause = fmt.Sprintf("Line %d, `%s`, adds %s, the most of your own lines.", l.Line, l.Instruction,
			option.Size(l.Size))
		if err := smaller(ctx, t, image, largest, &h); err != nil {
			return h, err
		}
	}
	if full > 0 && (base > full || largest < 0) && !small.MatchString(image.Base) &&
		slim.MatchString(image.Base) {
		h.Cause = strings.TrimSpace(fmt.Sprintf("%s The base, %s, is %s.", h.Cause, image.Base, option.Size(base)))
		if edit := rebased(t, image.Base); edit != nil {
			whole := both(t, edit, h.Edit)
			if h.Edit != nil && whole == nil {
				h.Advice = strings.TrimSpace(h.Advice + " " + h.Edit.String())
			}
			if h.Edit = edit; whole != nil {
				h.Edit = whole
			}
		} else if lacks := check.Lacking(t); lacks != "" {
			h.Advice = fmt.Sprintf("Its -slim form is smaller, and has no %s, which has to be installed there.", lacks)
		} else {
			h.Advice = strings.TrimSpace("Use the base in its -slim form. " + h.Advice)
		}
	}
	if h.Edit == nil && (full == 0 || base > full) {
		compiled(t, image.Base, option.Size(base).String(), &h)
	}
	if h.IsZero() {
		h = check.Advise("Leave out of the image what the program does not need when it runs.")
	}
	return h, nil
}

var (
	jdk       = regexp.MustCompile(`^(?:eclipse-temurin|openjdk|amazoncorretto):(\d+)(?:$|-jdk|-[a-z]+$)`)
	goBase    = regexp.MustCompile(`^golang(?::|$)`)
	goBuild   = regexp.MustCompile(`\bgo build\b[^&|;]*?\s-o[= ](\S+)`)
	compiling = regexp.MustCompile(`\b(?:javac|mvnw?|gradlew?|go build)\b`)
)

// compiled says of a base that compiles the program that it need not be where that runs, and how the
// Dockerfile reads with a second stage for that.
func compiled(t check.Source, base, size string, h *check.Hint) {
	runs := "debian:stable-slim"
	if m := jdk.FindStringSubmatch(base); m != nil {
		runs = "eclipse-temurin:" + m[1] + "-jre"
	} else if !goBase.MatchString(base) {
		return
	}
	if strings.HasSuffix(base, "-jre") {
		return
	}
	h.Cause = strings.TrimSpace(fmt.Sprintf("%s The base, %s, is %s: it holds what compiles the program.", h.Cause,
		base, size))
	h.Advice = fmt.Sprintf("Compile in a stage of its own, and start the program in a second one, FROM %s, into which "+
		"a COPY --from brings it.", runs)
	file, err := t.Dockerfile()
	if err != nil || len(file.Stages) > 1 || file.Stages[0].Name != "" {
		return
	}
	stage, dir, last := file.Stages[0], "/", -1
	for i, in := range stage.Instructions {
		switch {
		case in.Name == "WORKDIR" && len(in.Args) > 0 && path.IsAbs(in.Args[0]):
			dir = in.Args[0]
		case in.Name == "RUN" && compiling.MatchString(in.Text):
			last = i
		case in.Name == "USER" || in.Name == "ARG" || in.Name == "ENV" || last >= 0 && in.FromFolder(file):
			return
		}
	}
	if last < 0 || dir == "/" || strings.Contains(dir, "$") {
		return
	}
	from := file.Lines[stage.Line-1]
	lines := append([]string{from + " AS build"}, file.Lines[stage.Line:stage.Instructions[last].EndLine]...)
	lines = append(lines, "FROM "+runs, "WORKDIR "+dir)
	if m := goBuild.FindStringSubmatch(stage.Instructions[last].Text); m != nil && path.IsAbs(m[1]) {
		lines = append(lines, "COPY --from=build "+m[1]+" "+m[1])
	} else {
		lines = append(lines, fmt.Sprintf("COPY --from=build %s %s", dir, dir))
	}
	if strings.ContainsAny(from, "#\\") || len(lines) > mostLines {
		return
	}
	change := dockerfile.Change{Line: stage.Line, New: strings.Join(lines, "\n"),
		Old: strings.Join(file.Lines[stage.Line-1:stage.Instructions[last].EndLine], "\n")}
	if file.Changed(change) != nil {
		h.Advice, h.Edit = "Compile in a stage of its own.", check.EditOf(file.Name, &change)
	}
}

// mostLines is how many lines at most are written anew to change two of them.
const mostLines = 12

// both returns one edit in the place of two of the Dockerfile, the upper first, each of which takes
// lines away; nil where there are not two, or they are far apart.
func both(t check.Source, upper, lower *check.Edit) *check.Edit {
	file, err := t.Dockerfile()
	if err != nil || upper == nil || lower == nil || upper.Old == "" || lower.Old == "" {
		return nil
	}
	of := func(text string) []string {
		if text == "" {
			return nil
		}
		return strings.Split(text, "\n")
	}
	between, end := upper.Line-1+len(of(upper.Old)), lower.Line-1+len(of(lower.Old))
	if between > lower.Line-1 || end > len(file.Lines) || end-upper.Line > mostLines {
		return nil
	}
	return &check.Edit{File: file.Name, Line: upper.Line, Old: strings.Join(file.Lines[upper.Line-1:end], "\n"),
		New: strings.Join(slices.Concat(of(upper.New), file.Lines[between:lower.Line-1], of(lower.New)), "\n")}
}

// rebased returns the line that builds the image on the slim form of its base.
func rebased(t check.Source, base string) *check.Edit {
	file, err := t.Dockerfile()
	slimmer := check.Slim(t, base)
	if err != nil || slimmer == "" {
		return nil
	}
	s := file.Final()
	for s.From >= 0 {
		s = &file.Stages[s.From]
	}
	return check.EditOf(file.Name, file.Rebase(s, slimmer))
}

// cache is what a tool leaves in a layer, and the words that keep it out.
type cache struct {
	of     string
	holds  *regexp.Regexp
	change *regexp.Regexp
	with   string
}

var (
	end    = regexp.MustCompile(`\s*$`)
	caches = []cache{
		{"pip's cache", regexp.MustCompile(`(^|/)\.cache/pip/`), regexp.MustCompile(`(\bpip[\d.]*\s+install)\b`),
			"$1 --no-cache-dir"},
		{"uv's cache", regexp.MustCompile(`(^|/)\.cache/uv/`),
			regexp.MustCompile(`(\buv\s+(?:sync|add|pip\s+(?:install|sync)))\b`), "$1 --no-cache"},
		{"npm's cache", regexp.MustCompile(`(^|/)\.npm/_cacache/`), end, " && npm cache clean --force"},
		{"apt's lists of packages", regexp.MustCompile(`^var/lib/apt/lists/`), end, " && rm -rf /var/lib/apt/lists/*"},
	}
)

// smaller returns what can be done about a layer: what of it is a cache, as its files show, and
// else by its words.
func smaller(ctx context.Context, t check.Target, image *check.ImageInfo, layer int, h *check.Hint) error {
	l := image.Layers[layer]
	file, err := t.Dockerfile()
	if err != nil {
		return err
	}
	in := file.At(l.Line)
	if in == nil || in.Name != "RUN" {
		h.Advice = "Copy only what the program needs, or list the rest in .dockerignore."
		return nil
	}
	if updates(*in) {
		return updated(ctx, t, image, file, *in, h)
	}
	if spare, err := unused(ctx, t, file, *in, image.ID); err != nil {
		return err
	} else if len(spare) > 0 {
		h.Cause += fmt.Sprintf(" Nothing uses %s: no package of the image was compiled in it, and no other line and "+
			"no file names that.", check.And(spare))
		h.Edit = check.EditOf(file.Name, without(file, *in, spare))
		if h.Edit == nil {
			h.Advice = "Leave that out."
		}
		return nil
	}
	held := make([]int64, len(caches))
	err = t.WalkImage(ctx, image.ID, func(f check.LayerFile, _ io.Reader) error {
		for i, c := range caches {
			if f.Layer == layer && !f.Delete && c.holds.MatchString(f.Path) {
				held[i] += f.Size
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	most := 0
	for i := range held {
		if held[i] > held[most] {
			most = i
		}
	}
	if c := caches[most]; held[most] > leftover {
		h.Cause = strings.TrimSuffix(h.Cause, ".") + fmt.Sprintf("; %s of it is %s.", option.Size(held[most]), c.of)
		if h.Edit = check.EditOf(file.Name, file.Replace(*in, c.change, c.with)); h.Edit == nil {
			h.Advice = "Let that line leave none."
		}
		return nil
	}
	h.Advice = "Leave out what the program does not need when it runs."
	for _, c := range in.Commands() {
		switch {
		case (c.Program == "apt" || c.Program == "apt-get") && c.Has("upgrade", "dist-upgrade", "full-upgrade"):
			h.Advice = "What " + c.Program + " upgrade brings, a newer base image has already."
			h.Edit = check.EditOf(file.Name, file.Replace(*in, upgrade, ""))
		case c.Program == "npm" && c.Installs() && !c.Has("--omit", "--production") &&
			text(t, "package.json", `"devDependencies"\s*:\s*\{\s*"`):
			h.Advice = "package.json has devDependencies, and they are installed, too: npm " + c.Args[0] +
				" --omit=dev leaves them out, where the build does without."
		case c.Program == "uv" && c.Has("sync") && !c.Has("--no-dev") &&
			text(t, "pyproject.toml", `\[dependency-groups\]|dev-dependencies`):
			h.Advice = "pyproject.toml has dependencies for development, and they are installed, too."
			h.Edit = check.EditOf(file.Name, file.Replace(*in, regexp.MustCompile(`(\buv\s+sync)\b`), "$1 --no-dev"))
		}
	}
	return nil
}

// upgrade is a command that renews all packages of Debian, with what joins it to the one before or
// behind it.
var upgrade = regexp.MustCompile(
	`(?:\s*&&\s*(?:\\\n\s*)?apt(?:-get)?\s+(?:-\S+\s+)*(?:dist-|full-)?upgrade(?:\s+-\S+)*|` +
		`apt(?:-get)?\s+(?:-\S+\s+)*(?:dist-|full-)?upgrade(?:\s+-\S+)*\s*&&\s*)`)

// text reports whether a file of the folder has what a pattern matches.
func text(t check.Source, name, pattern string) bool {
	data, err := fs.ReadFile(t.FS(), name)
	return err == nil && regexp.MustCompile(pattern).Match(data)
}
