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
)

var (
	compilers = []string{"build-essential", "gcc", "g++", "make", "cmake", "clang", "pkg-config", "libc6-dev",
		"python3-dev", "python-dev-is-python3"}
	atHand = []string{"git", "vim", "nano", "less", "htop", "wget", "curl", "unzip", "zip", "tree", "procps"}

	// local is what a package says of itself that was compiled where it is installed: indexes take none
	// of that kind.
	local  = regexp.MustCompile(`(?m)^Tag: \S+-linux_\w+\s*$`)
	binary = regexp.MustCompile(`/node_modules/.*/build/Release/[^/]+\.node$`)
	wheel  = regexp.MustCompile(`\.dist-info/WHEEL$`)
	calls  = regexp.MustCompile(`\b(gcc|cc|make|cmake|clang|pkg-config)\b|g\+\+`)
)

// mostWheel is how long what a package says of its files may be, in bytes.
const mostWheel = 64 << 10

// unused returns the packages of Debian that a RUN installs and nothing uses: a compiler where the
// image holds nothing that was compiled, a tool that no other line and no file of the folder names.
func unused(ctx context.Context, t check.Target, file *dockerfile.File, run dockerfile.Instruction,
	image string) ([]string, error) {
	others := slices.Delete(slices.Clone(file.Lines), run.Line-1, run.EndLine)
	var asked []string
	for _, c := range run.Commands() {
		if debian(c) {
			asked = append(asked, packagesOf(c)...)
		} else {
			others = append(others, c.Program+" "+strings.Join(c.Args, " "))
		}
	}
	rest := strings.Join(others, "\n")
	spare := slices.DeleteFunc(asked, func(name string) bool {
		return !slices.Contains(compilers, name) && !slices.Contains(atHand, name) || names(t.FS(), rest, name)
	})
	if !slices.ContainsFunc(spare, isCompiler) {
		return spare, nil
	}
	compiled := calls.MatchString(rest)
	err := t.WalkImage(ctx, image, func(f check.LayerFile, content io.Reader) error {
		switch {
		case f.Delete || f.Dir || compiled:
		case binary.MatchString("/" + f.Path):
			compiled = true
		case wheel.MatchString(f.Path) && content != nil:
			text, err := io.ReadAll(io.LimitReader(content, mostWheel))
			compiled = local.Match(text)
			return err
		}
		return nil
	})
	if err != nil || !compiled {
		return spare, err
	}
	return slices.DeleteFunc(spare, isCompiler), nil
}

func isCompiler(name string) bool { return slices.Contains(compilers, name) }

func debian(c dockerfile.Command) bool {
	return (c.Program == "apt" || c.Program == "apt-get") && c.Installs()
}

// packagesOf returns the packages that a command names.
func packagesOf(c dockerfile.Command) []string {
	return slices.DeleteFunc(slices.Clone(c.Args),
		func(word string) bool { return word == "install" || word == "\\" || strings.HasPrefix(word, "-") })
}

// names reports whether another line of the Dockerfile or a file of the folder has a word.
func names(folder fs.FS, others, name string) (found bool) {
	word := regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`)
	if found = word.MatchString(others); found {
		return true
	}
	check.EachFile(folder, func(file string) {
		hidden := strings.HasPrefix(file, ".") || strings.Contains(file, "/.")
		if !found && !hidden && !strings.HasPrefix(path.Base(file), "Dockerfile") && path.Ext(file) != ".md" {
			found = word.MatchString(check.Text(folder, file))
		}
	})
	return found
}

// without returns the change that installs none of some packages, the whole RUN out where it does
// nothing else; nil where that cannot be told.
func without(file *dockerfile.File, run dockerfile.Instruction, packages []string) *dockerfile.Change {
	rest := false
	for _, c := range run.Commands() {
		switch {
		case debian(c):
			rest = rest || slices.ContainsFunc(packagesOf(c),
				func(name string) bool { return !slices.Contains(packages, name) })
		case strings.HasPrefix(c.Program, "apt"), c.Program == "rm" && strings.Contains(run.Text, "/var/lib/apt/lists"):
		default:
			rest = true
		}
	}
	if !rest {
		return file.Change(run)
	}
	var quoted []string
	for _, name := range packages {
		quoted = append(quoted, regexp.QuoteMeta(name))
	}
	change := &dockerfile.Change{Line: run.Line, Old: strings.Join(file.Lines[run.Line-1:run.EndLine], "\n")}
	word := regexp.MustCompile(`(?:\s*\\\n)?[ \t]+(?:` + strings.Join(quoted, "|") + `)(\s|$)`)
	change.New = change.Old
	for word.MatchString(change.New) { // neighbours share the blank between them
		change.New = word.ReplaceAllString(change.New, "$1")
	}
	after := file.Changed(*change)
	if after == nil || slices.ContainsFunc(after.At(run.Line).Commands(),
		func(c dockerfile.Command) bool { return debian(c) && len(packagesOf(c)) == 0 }) {
		return nil
	}
	return change
}

// updates reports whether a RUN fetches apt's lists of packages, and installs nothing by them.
func updates(run dockerfile.Instruction) bool {
	commands := run.Commands()
	return len(commands) == 1 && strings.HasPrefix(commands[0].Program, "apt") && commands[0].Has("update")
}

// updated returns what to do about such a RUN: one with the install that needs it, or none where
// nothing does.
func updated(ctx context.Context, t check.Target, image *check.ImageInfo, file *dockerfile.File,
	run dockerfile.Instruction, h *check.Hint) error {
	var install *dockerfile.Instruction
	for _, in := range file.Final().Instructions {
		if in.Line > run.Line && in.Name == "RUN" && slices.ContainsFunc(in.Commands(), debian) {
			install = &in
			break
		}
	}
	if install == nil {
		h.Cause += " Nothing is installed by these lists of packages."
		h.Edit = check.EditOf(file.Name, file.Change(run))
		return nil
	}
	spare, err := unused(ctx, t, file, *install, image.ID)
	if err != nil {
		return err
	}
	both := dockerfile.Instruction{Line: run.Line, EndLine: install.EndLine}
	h.Advice = fmt.Sprintf("Write it in one RUN with line %d, and rm -rf /var/lib/apt/lists/* at its end.",
		install.Line)
	switch gone := without(file, *install, spare); {
	case len(spare) > 0 && gone != nil && gone.New == "":
		h.Cause += fmt.Sprintf(" It is there for line %d, and nothing uses %s.", install.Line, check.And(spare))
		h.Advice = fmt.Sprintf("Take out both lines, %d and %d.", run.Line, install.Line)
		if install.Line == run.EndLine+1 {
			h.Advice, h.Edit = "", check.EditOf(file.Name, file.Change(both))
		}
	case install.Line == run.EndLine+1 &&
		len(run.Flags)+len(install.Flags)+len(run.Heredocs)+len(install.Heredocs) == 0 &&
		!run.Exec && !install.Exec:
		h.Cause += fmt.Sprintf(" Its lists of packages are of no use behind the install of line %d.", install.Line)
		h.Advice, h.Edit = "", check.EditOf(file.Name, file.Change(both, "RUN "+run.Shell()+" && "+install.Shell()+
			" && rm -rf /var/lib/apt/lists/*"))
	}
	return nil
}
