package readings_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/readings"
)

var update = flag.Bool("update", false, "write what is said into testdata")

// sample is a folder with one fault, the log of a real run of it, and what is said. In its archive
// the files come first, then the log, whose name says what failed; the comment above is what is
// true.
type sample struct {
	folder     fstest.MapFS
	log        string
	build      bool
	said       string
	archive    *txtar.Archive
	file, name string
}

func samples(t *testing.T) (all []sample) {
	t.Helper()
	files, err := filepath.Glob("testdata/*/*.txtar")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		s := sample{folder: fstest.MapFS{}, archive: txtar.Parse(text), file: file,
			name: strings.TrimSuffix(strings.TrimPrefix(file, "testdata/"), ".txtar")}
		for _, f := range s.archive.Files {
			switch f.Name {
			case "log: build", "log: start":
				s.log, s.build = string(f.Data), f.Name == "log: build"
			case "said":
				s.said = string(f.Data)
			default:
				s.folder[f.Name] = &fstest.MapFile{Data: f.Data}
			}
		}
		require.NotEmpty(t, s.log, file)
		all = append(all, s)
	}
	require.Greater(t, len(all), 80)
	return all
}

// scene returns the last RUN of the sample's Dockerfile, or its CMD.
func (s sample) scene(t *testing.T) readings.Scene {
	t.Helper()
	src := check.NewSource(s.folder)
	file, err := src.Dockerfile()
	require.NoError(t, err, s.name)
	in := file.Last("RUN")
	for i := len(file.Stages) - 1; i >= 0 && in == nil; i-- { // the program is built in another stage
		for j := range file.Stages[i].Instructions {
			if file.Stages[i].Instructions[j].Name == "RUN" {
				in = &file.Stages[i].Instructions[j]
			}
		}
	}
	if !s.build {
		in = file.Last("CMD", "ENTRYPOINT")
	}
	line := 0
	if in != nil {
		line = in.Line
	}
	return readings.NewScene(src, line)
}

func (s sample) read(t *testing.T) (readings.Finding, bool) {
	if s.build {
		return readings.Build(s.log, s.scene(t))
	}
	return readings.Start(s.log, s.scene(t))
}

// TestSamples: each log is read by an entry of the table, what is said of it is exactly this, and
// an edit can be made in the folder that it is of.
func TestSamples(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			f, ok := s.read(t)
			assert.True(t, ok, "no entry of the table reads it: %s", f.Line)
			said := fmt.Sprintf("%s: %s\n%s\n%s\n", f.Tool, f.Name, f.Line, f.Hint)
			if *update {
				files := s.archive.Files
				if files[len(files)-1].Name != "said" {
					files = append(files, txtar.File{Name: "said"})
				}
				files[len(files)-1].Data = []byte(said)
				s.archive.Files = files
				require.NoError(t, os.WriteFile(s.file, txtar.Format(s.archive), 0o644))
				return
			}
			assert.Equal(t, s.said, said)
			if f.Hint.Edit == nil {
				return
			}
			text, err := fs.ReadFile(s.folder, f.Hint.Edit.File)
			require.NoError(t, err)
			after, err := f.Hint.Edit.Apply(string(text))
			require.NoError(t, err)
			assert.NotEqual(t, string(text), after)
		})
	}
}

// TestNoDockerfile: what is said of a log needs no Dockerfile, and none of the folder's other files.
func TestNoDockerfile(t *testing.T) {
	for _, s := range samples(t) {
		scene := readings.NewScene(check.NewSource(fstest.MapFS{}), 0)
		if s.build {
			readings.Build(s.log, scene)
		} else {
			readings.Start(s.log, scene)
		}
	}
}
