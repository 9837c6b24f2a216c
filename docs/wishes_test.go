package docs

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

var update = flag.Bool("update", false, "write the table of rubrics.md")

// wish is what an instructor wants to say, and how it is said.
type wish struct {
	Wish      string
	Fresh     map[string]string
	As        string
	Before    string // steps that set up
	Line      string // the steps that say it
	Check     string // a whole check, where it is no step
	No        string // why it cannot be said
	Elsewhere string
}

// entry returns a rubric whose one check says the wish.
func (w wish) entry() string {
	const head = `rubric: wishes
points: 1
people:
  ann:
    fresh: {mail: mail, pw: password}
    steps:
    - {send: POST /register, body: {email: $mail, password: $pw}, want: 201}
    - {send: POST /login, form: {username: $mail, password: $pw}, save: {token: access_token}}
    headers: {Authorization: "Bearer $token"}
  bob: {like: ann}
  visitor: {}
checks:
- id: wish
  points: 1
`
	text := w.Check
	if w.Line != "" {
		text = "http:\n" + w.Before + w.Line
	}
	if w.As != "" {
		text = "as: " + w.As + "\n" + text
	}
	if len(w.Fresh) > 0 {
		var sorts []string
		for name, sort := range w.Fresh {
			sorts = append(sorts, name+": "+sort)
		}
		text = "fresh: {" + strings.Join(sorts, ", ") + "}\n" + text
	}
	return head + "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") + "\n"
}

func wishes(t *testing.T) (all []wish) {
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "testdata/wishes.yaml")), &all))
	require.GreaterOrEqual(t, len(all), 59)
	return all
}

// TestWishes: each line is read without a warning, holds of a program that is right, does not hold
// of one with the fault that it is about, and stands in the table of rubrics.md.
func TestWishes(t *testing.T) {
	all := wishes(t)
	said := 0
	for i, w := range all {
		switch {
		case w.No != "":
			continue
		case strings.Contains(w.Check, "submissions:"):
			file := filepath.Join(t.TempDir(), "expected.yaml")
			require.NoError(t, os.WriteFile(file, []byte("rubric: shortener\n"+w.Check), 0o600))
			_, err := rubric.LoadExpected(file)
			require.NoError(t, err, w.Wish)
			said++
			continue
		}
		said++
		r, err := rubric.Parse("wishes.yaml", []byte(w.entry()), kinds.All())
		require.NoError(t, err, "%s\n%s", w.Wish, w.entry())
		assert.Empty(t, r.Warnings, w.Wish)
		assert.Equal(t, "", failing(t, r.Checks[0], i+1, 0), w.Wish)
		assert.NotEqual(t, "", failing(t, r.Checks[0], i+1, i+1), "%s: no fault is found", w.Wish)
	}
	assert.GreaterOrEqual(t, said, len(all)-2)
	const begin, end = "<!-- wishes: go test ./docs -run TestWishes -update -->\n", "<!-- wishes end -->\n"
	paper := read(t, "rubrics.md")
	before, rest, ok := strings.Cut(paper, begin)
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	written := before + begin + table(all, said) + end + after
	if *update {
		require.NoError(t, os.WriteFile("rubrics.md", []byte(written), 0o644))
		return
	}
	assert.True(t, written == paper, "the table is another: go test ./docs -run TestWishes -update")
}

// failing returns what the check says of the program with a fault, where not all holds.
func failing(t *testing.T, c rubric.Check, wish, fault int) string {
	t.Helper()
	target := shopFor(wish, fault)
	defer target.Close()
	o, err := checktest.Ask(context.Background(), c, target, 1)
	require.NoError(t, err)
	if checktest.Holds(o) {
		return ""
	}
	return checktest.Say(o)
}

// table returns the table of rubrics.md.
func table(all []wish, said int) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "\n%d of %d wishes of instructors of other courses are said by a step or a check:\n\n", said,
		len(all))
	b.WriteString("| # | to say | here | the nearest elsewhere |\n|---|---|---|---|\n")
	cell := func(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
	for i, w := range all {
		here := "no: " + w.No
		if w.No == "" {
			var lines []string
			for _, line := range strings.Split(strings.TrimSpace(w.Line+w.Check), "\n") {
				if line = strings.TrimPrefix(strings.TrimSpace(line), "- "); !strings.HasPrefix(line, "#") {
					lines = append(lines, "`"+cell(line)+"`")
				}
			}
			here = strings.Join(lines, "<br>")
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", i+1, cell(w.Wish), here, cell(w.Elsewhere))
	}
	return b.String()
}
