package rubric

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// NotFoundError reports that there is no rubric of a name.
type NotFoundError struct {
	Name  string
	Known []string
}

func (e *NotFoundError) Error() string {
	if near := option.Suggest(e.Name, e.Known); near != "" {
		return fmt.Sprintf("there is no rubric %q (did you mean %q?)", e.Name, near)
	}
	return fmt.Sprintf("there is no rubric %q", e.Name)
}

// Hint lists what there is.
func (e *NotFoundError) Hint() string {
	return "built in: " + strings.Join(e.Known, ", ") + "; or name a file"
}

var (
	namesRubric  = regexp.MustCompile(`(?m)^rubric:`)
	namesSamples = regexp.MustCompile(`(?m)^submissions:`) // what tests a rubric, and lies beside it
)

// Find reads a rubric's text: of a built-in one by its name, of a file, or of the one rubric in a
// folder. The file is the name to show in positions. A built-in name comes first, since a folder
// beside may well be called task-api; ./task-api is the folder.
func Find(name string, shipped fs.FS) (file string, text []byte, builtIn bool, err error) {
	if text, err := fs.ReadFile(shipped, name+".yaml"); err == nil {
		return name + ".yaml", text, true, nil
	}
	file, text, err = findFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		err = &NotFoundError{Name: name, Known: Names(shipped)}
	}
	return file, text, false, err
}

func findFile(name string) (file string, text []byte, err error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		var found []string
		files, _ := filepath.Glob(filepath.Join(name, "*.y*ml"))
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err == nil && namesRubric.Match(text) && !namesSamples.Match(text) {
				found = append(found, f)
			}
		}
		if len(found) != 1 {
			return "", nil, fmt.Errorf("reading the rubric: the folder %q holds %s: name one file", name,
				plural(len(found), "rubric"))
		}
		name = found[0]
	case err != nil:
		return "", nil, fmt.Errorf("reading the rubric: %w", err)
	}
	text, err = readUpTo(name, mostBytes)
	if err != nil {
		return "", nil, fmt.Errorf("reading the rubric: %w", err)
	}
	return name, text, nil
}

// mostBytes is how large a rubric may be.
const mostBytes = 1 << 20

func readUpTo(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%q is larger than %d bytes, so it is no rubric", name, most)
	}
	return text, err
}

// Load finds and parses a rubric.
func Load(name string, shipped fs.FS, kinds []check.Kind) (*Rubric, error) {
	file, text, builtIn, err := Find(name, shipped)
	if err != nil {
		return nil, err
	}
	r, err := Parse(file, text, kinds)
	if err == nil {
		r.BuiltIn = builtIn
	}
	return r, err
}

// Names returns the built-in rubrics.
func Names(shipped fs.FS) (names []string) {
	files, _ := fs.Glob(shipped, "*.yaml")
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f, ".yaml"))
	}
	return names
}
