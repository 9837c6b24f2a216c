package main

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"golang.org/x/tools/txtar"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/engine"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
	"github.com/taskgrader/taskgrader/rubrics"
)

var (
	editsOf = flag.String("edits", "",
		"a folder of submissions whose edits are tried, in the place of testdata/edits")
	editsRubric = flag.String("edits-rubric", defaultRubric, "the rubric that -edits is graded by")
)

// TestEdits makes every edit of every report, each in a copy of its own, and grades again with the
// same seed: what the edit is said of holds then, and nothing is worse. Every fixture has an edit,
// or it would show nothing.
func TestEdits(t *testing.T) {
	folder, rules := *editsOf, *editsRubric
	if folder == "" {
		folder, rules = fixtures(t, "testdata/edits/folders.txtar"), "testdata/edits/rubric.yaml"
	}
	r, err := rubric.Load(rules, rubrics.FS, kinds.All())
	require.NoError(t, err)
	e, err := engine.Connect(t.Context())
	require.NoError(t, err)
	defer e.Close()
	trial := trial{t.Context(), engineOf(e), r}
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(2)
	tried := 0
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		group.Go(func() error {
			edits, faults := trial.of(t.TempDir(), filepath.Join(folder, entry.Name()))
			mu.Lock()
			defer mu.Unlock()
			tried += edits
			if *editsOf == "" && edits == 0 {
				faults = append(faults, "no edit is said")
			}
			assert.Empty(t, faults, entry.Name())
			return nil
		})
	}
	require.NoError(t, group.Wait())
	t.Logf("%d edits were tried", tried)
}

// fixtures makes the folders of an archive. A file of none of them is one of each that has not its
// own.
func fixtures(t *testing.T, file string) (folder string) {
	folder = t.TempDir()
	archive, err := txtar.ParseFile(file)
	require.NoError(t, err)
	write := func(name string, data []byte) {
		full := filepath.Join(folder, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		data = bytes.ReplaceAll(data, []byte("<CR>"), []byte("\r"))
		require.NoError(t, os.WriteFile(full, data, 0o644))
	}
	shared, named := map[string][]byte{}, map[string]bool{}
	for _, f := range archive.Files {
		if name, _, below := strings.Cut(f.Name, "/"); below {
			named[name] = true
			write(f.Name, f.Data)
		} else {
			shared[f.Name] = f.Data
		}
	}
	for name := range named {
		for file, data := range shared {
			if _, err := os.Stat(filepath.Join(folder, name, file)); err != nil {
				write(name+"/"+file, data)
			}
		}
	}
	return folder
}

// trial grades folders as they are, and with an edit.
type trial struct {
	ctx    context.Context
	engine grader.Engine
	rubric *rubric.Rubric
}

// of tries the edits of a folder's report, and returns how many there are, and what each of them
// does not hold.
func (tr trial) of(work, folder string) (edits int, faults []string) {
	before := tr.grade(folder)
	if before.Status != result.Graded {
		return 0, []string{"not graded: " + fmt.Sprint(before.Problem)}
	}
	said := saidEdits(before)
	for i, edit := range slices.SortedFunc(maps.Keys(said), func(a, b result.Edit) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, strings.Compare(a.New, b.New))
	}) {
		copied := filepath.Join(work, fmt.Sprint(i), filepath.Base(folder))
		err := makeEdit(folder, copied, check.Edit(edit))
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		after := tr.grade(copied)
		wrong := compare(before, after, said[edit])
		if len(wrong) > 0 { // a program that answers by luck does not do so twice
			wrong = compare(before, tr.grade(copied), said[edit])
		}
		for _, w := range wrong {
			faults = append(faults, check.Edit(edit).String()+" "+w)
		}
	}
	return len(said), faults
}

func (tr trial) grade(folder string) result.Report {
	sub, err := submission.Open(folder)
	if err != nil {
		return result.Report{Status: result.Error, Problem: &result.Problem{Message: err.Error()}}
	}
	defer sub.Close()
	return grader.Grade(tr.ctx, tr.engine, tr.rubric, *sub, grader.Options{Seed: "5eed", Version: version()})
}

// spoken is a check or an item of one, by its place.
type spoken struct {
	check, item int // item is -1 where it is the check itself
}

// saidEdits returns the edits of a report, with what each is said of. What a check says for its
// items is said of these.
func saidEdits(r result.Report) map[result.Edit][]spoken {
	said := map[result.Edit][]spoken{}
	for i, c := range r.Checks {
		for j, item := range c.Items {
			if item.Edit != nil && c.Status != result.Blocked { // what is foreseen is judged by none yet
				said[*item.Edit] = append(said[*item.Edit], spoken{i, j})
			}
		}
		if c.Edit != nil && c.Status != result.Blocked && len(said[*c.Edit]) == 0 {
			said[*c.Edit] = []spoken{{i, -1}}
		}
	}
	return said
}

// makeEdit copies a folder with an edit made.
func makeEdit(folder, to string, edit check.Edit) error {
	if err := os.CopyFS(to, os.DirFS(folder)); err != nil {
		return err
	}
	full := filepath.Join(to, filepath.FromSlash(edit.File))
	text, err := os.ReadFile(full)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	edited, err := edit.Apply(string(text))
	if err != nil {
		return err
	}
	return os.WriteFile(full, []byte(edited), 0o644)
}

// compare returns what an edit did not better, and what it made worse. A build or a start that
// comes further, to a fault of another kind, is better.
func compare(before, after result.Report, said []spoken) (wrong []string) {
	if after.Status != result.Graded {
		return []string{"leaves it ungraded: " + fmt.Sprint(after.Problem)}
	}
	for _, s := range said {
		was, now := before.Checks[s.check], after.Checks[s.check]
		name, status, got, wasGot := now.ID, now.Status, now.Got, was.Got
		if s.item >= 0 {
			if s.item >= len(now.Items) {
				continue
			}
			name += ": " + now.Items[s.item].Name
			status, got, wasGot = now.Items[s.item].Status, now.Items[s.item].Got, was.Items[s.item].Got
		}
		further := (now.Kind == "build" || now.Kind == "start") && got != wasGot
		if status != result.Pass && !further {
			wrong = append(wrong, fmt.Sprintf("leaves %s %s: %s", name, status, got))
		}
	}
	for i, was := range before.Checks {
		if now := after.Checks[i]; now.Points < was.Points || was.Status == result.Pass && now.Status != result.Pass {
			wrong = append(wrong, fmt.Sprintf("makes %s %s of %s: %s", now.ID, now.Status, was.Status, now.Got))
		}
	}
	return wrong
}
