package cache

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
)

// judge looks at the installing steps of a build after something, such as an edit. held are the
// packages that the folder holds.
func judge(ctx context.Context, t check.Target, held map[string][]string, after string,
	steps []check.Step) (check.Outcome, error) {
	commands := make([][]dockerfile.Command, len(steps))
	named := make([]bool, len(steps)) // by a command that installs more than the program itself
	installing := 0
	// what installed the dependencies, without the program, in a step that came from the cache
	prepared := map[string]bool{}
	for i, s := range steps {
		commands[i] = installs(t, s)
		installing += len(commands[i])
		for _, c := range commands[i] {
			if s.Cached {
				prepared[c.Program] = prepared[c.Program] || c.WithoutProject()
			} else if !c.ProjectAlone() && !prepared[c.Program] {
				named[i] = true
			}
		}
	}
	unnamed, err := unnamed(ctx, t, steps, commands, named)
	if err != nil {
		return check.Outcome{}, err
	}
	brought, err := brought(ctx, t, held, steps)
	if err != nil {
		return check.Outcome{}, err
	}
	rows := [][]string{{"line", "step", "after " + after}}
	var again []check.Step
	for i, s := range steps {
		_, command := split(s)
		what := "run again"
		switch {
		case s.Cached:
			what = "cached"
		case brought[i]:
			again = append(again, s)
			what = "brought the dependencies in again"
		case unnamed[i] || named[i]:
			again = append(again, s)
			what = "installed again"
		case len(commands[i]) > 0:
			what = "installed the program alone"
		}
		rows = append(rows, []string{fmt.Sprint(s.Line), command, what})
	}
	evidence := []check.Evidence{{Kind: "table", Title: "The build after " + after, Rows: rows}}
	if len(again) == 0 {
		o := check.Pass(name, "the edit installed no dependency again")
		if in := atStart(t); in != nil {
			o = check.Fail(name, "dependencies that a RUN installs", "they are installed at each start, and so after "+
				"each edit", check.Advise("Install in a RUN, above the COPY of the program."))
			o.Items[0].File, o.Items[0].Line = check.DockerfileName(t), in.Line
			return o, nil
		}
		if installing == 0 {
			o = check.Pass(name, "nothing is installed, so nothing can be installed again")
			o.Until = check.Running // a program that needs nothing runs
		}
		o.Evidence = evidence
		return o, nil
	}
	_, command := split(again[0])
	hint := hint(t, again[0], steps)
	if strings.HasPrefix(command, "COPY ") || strings.HasPrefix(command, "ADD ") {
		hint = check.Advise("Copy the dependencies in a COPY of their own, above that of the program.")
	}
	o := check.Fail(name, "every installing step from the cache after "+after, "run again: "+command, hint)
	o.Items[0].File, o.Items[0].Line = check.DockerfileName(t), again[0].Line
	o.Evidence = evidence
	return o, nil
}

// atStart returns the instruction that starts the program, where that installs something first.
func atStart(t check.Source) *dockerfile.Instruction {
	file, err := t.Dockerfile()
	if err != nil {
		return nil
	}
	for _, in := range file.Lasts("ENTRYPOINT", "CMD") {
		if slices.ContainsFunc(in.Commands(), dockerfile.Command.Installs) {
			return in
		}
	}
	return nil
}

// split returns the stage and the command of a step's name: [builder 2/5] RUN …
func split(s check.Step) (stage, command string) {
	label, command, _ := strings.Cut(s.Name, "] ")
	stage, _, _ = strings.Cut(strings.TrimPrefix(label, "["), " ")
	if strings.Contains(stage, "/") {
		stage = ""
	}
	return stage, command
}

// installs returns the commands of a step that install something.
func installs(t check.Source, s check.Step) []dockerfile.Command {
	_, command := split(s)
	text, run := strings.CutPrefix(strings.TrimPrefix(command, "ONBUILD "), "RUN ")
	in := &dockerfile.Instruction{Name: "RUN", Args: []string{text}}
	if file, err := t.Dockerfile(); err == nil && file.At(s.Line) != nil && file.At(s.Line).Name == "RUN" {
		in = file.At(s.Line) // with its here-documents, which the step's name lacks
	}
	if !run || in.Name != "RUN" {
		return nil
	}
	return slices.DeleteFunc(in.Commands(), func(c dockerfile.Command) bool { return !c.Installs() })
}

// What shows that packages were installed, more than one, since one may be the program itself.
var (
	logged = regexp.MustCompile(
		`(?im)\b(?:installed|added) (?:[2-9]|\d\d+) packages\b|^successfully installed \S+ \S`)
	metadata = regexp.MustCompile(
		`^(?:.*/)?(?:[^/]+\.(?:dist|egg)-info/|[^/]+\.whl$|node_modules/[^/.]+/|var/lib/dpkg/info/[^/]+\.list$|` +
			`pkg/mod/[^@]+@[^/]+/)`)
	// a package of Python's, whose metadata may have been taken away
	importable = regexp.MustCompile(`^(?:.*/)?([A-Za-z]\w*)/__init__\.py$`)
)

// mostPackages is how many packages of an image are told apart.
const mostPackages = 10_000

// tooSmall is how many bytes a layer has at most that holds no packages.
const tooSmall = 100_000

// unnamed returns the RUN steps, by index, that were run again and installed packages, though they
// name nothing that does: a script may, or a command that says it installs the program alone. Their
// logs say so, or else what their layers hold.
func unnamed(ctx context.Context, t check.Target, steps []check.Step, commands [][]dockerfile.Command,
	named []bool) (map[int]bool, error) {
	found := map[int]bool{}
	quiet := map[int]int{} // by line
	for i, s := range steps {
		_, command := split(s)
		switch {
		case s.Cached || !strings.HasPrefix(strings.TrimPrefix(command, "ONBUILD "), "RUN ") || named[i]:
		case logged.MatchString(s.Log) && len(commands[i]) == 0:
			found[i] = true
		default:
			quiet[s.Line] = i
		}
	}
	image := t.Built().Image
	if image == nil {
		return found, nil
	}
	if image.Unmeasured != nil {
		return found, image.Unmeasured
	}
	seen, err := packagesOf(ctx, t, image, quiet, found)
	if err != nil {
		return found, err
	}
	file, err := t.Dockerfile()
	if err != nil {
		return found, err
	}
	for index, stage := range file.Stages[:len(file.Stages)-1] { // what the image does not hold itself
		unseen := slices.ContainsFunc(stage.Instructions, func(in dockerfile.Instruction) bool {
			_, ok := quiet[in.Line]
			return ok && !seen[in.Line]
		})
		if !unseen {
			continue
		}
		built, err := t.Stage(ctx, index)
		if err != nil {
			return found, err
		}
		if built.Image == nil {
			continue
		}
		if _, err := packagesOf(ctx, t, built.Image, quiet, found); err != nil {
			return found, err
		}
	}
	return found, nil
}

// packagesOf finds the steps, by their lines, whose layers in an image hold more than one package,
// and says which lines made a layer of it.
func packagesOf(ctx context.Context, t check.Target, image *check.ImageInfo, quiet map[int]int,
	found map[int]bool) (seen map[int]bool, _ error) {
	seen = map[int]bool{}
	worth := false
	for _, l := range image.Layers {
		if _, ok := quiet[l.Line]; ok && !l.Base {
			seen[l.Line], worth = true, worth || l.Size > tooSmall
		}
	}
	if !worth {
		return seen, nil
	}
	lowest := map[string]int{} // the layer that brought a package; one above may have changed its owner
	bare := map[string]int{}   // the same of those of Python, by their names alone
	take := func(at string, of int) {
		into, name := lowest, metadata.FindString(at)
		if m := importable.FindStringSubmatch(at); name == "" && m != nil && !topOf(t, m[1]) {
			into, name = bare, path.Dir(at)
		}
		layer, there := into[name]
		if name != "" && len(into) < mostPackages && (!there || of < layer) {
			into[name] = of
		}
	}
	err := t.WalkImage(ctx, image.ID, func(f check.LayerFile, r io.Reader) error {
		if f.Delete {
			return nil
		}
		take(f.Path, f.Layer)
		if f.Layer >= len(image.Layers) || f.Size < tooSmall {
			return nil
		}
		if _, ok := quiet[image.Layers[f.Layer].Line]; !ok {
			return nil
		}
		return archived(r, func(inside string) { take(path.Join(f.Path, inside), f.Layer) })
	})
	packages, named := map[int]int{}, map[int]int{}
	for _, layer := range lowest {
		if layer < len(image.Layers) {
			packages[image.Layers[layer].Line]++
		}
	}
	for name, layer := range bare {
		if _, below := bare[path.Dir(name)]; !below && layer < len(image.Layers) { // of a package is none
			named[image.Layers[layer].Line]++
		}
	}
	own := max(1, projects(t))
	for line, i := range quiet {
		if packages[line] > own || packages[line] == 0 && named[line] > own+1 {
			found[i] = true
		}
	}
	return seen, err
}

const listsFirst = "Copy the file that lists the dependencies first, install, and copy the program after that."

// topOf reports whether the folder has a package of Python's of a name.
func topOf(t check.Source, name string) bool {
	for _, at := range []string{name, "src/" + name, "app/" + name} {
		if info, err := fs.Stat(t.FS(), at); err == nil && info.IsDir() {
			return true
		}
	}
	return false
}

// projects returns how many projects the folder holds, each of which may be installed as a package:
// a few at most, since a folder may say of itself what it likes.
func projects(t check.Source) (n int) {
	for _, at := range []string{"", "*/", "*/*/"} {
		found, _ := fs.Glob(t.FS(), at+"pyproject.toml")
		n += len(found)
	}
	return min(n, 5)
}

// hint names the line that brought the program in: of the same stage, the first that did not come
// from the cache.
func hint(t check.Source, again check.Step, steps []check.Step) check.Hint {
	stage, command := split(again)
	i := slices.IndexFunc(steps, func(s check.Step) bool { of, _ := split(s); return of == stage && !s.Cached })
	if i >= 0 && steps[i].Name != again.Name {
		first := steps[i]
		_, culprit := split(first)
		if fetches(first) {
			return check.Hint{Cause: fmt.Sprintf("Line %d, `%s`, may fetch something else each time.", first.Line,
				culprit), Advice: fmt.Sprintf("Write it below line %d.", again.Line)}
		}
		h := check.Hint{Cause: fmt.Sprintf("Line %d, `%s`, brings the program in before line %d installs.", first.Line,
			culprit, again.Line)}
		edit, lists := check.InstallFirst(t, first.Line, again.Line)
		switch h.Edit = edit; {
		case edit != nil:
		case lists:
			h.Advice = listsFirst
		default:
			h.Advice = fmt.Sprintf("Write line %d above line %d.", again.Line, first.Line)
		}
		return h
	}
	if strings.Contains(command, "--mount") {
		return check.Advise("The step mounts the program: mount the file that lists the dependencies alone.")
	}
	return check.Advise(listsFirst)
}
