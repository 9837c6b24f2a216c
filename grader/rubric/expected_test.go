package rubric

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/option"
	"github.com/taskgrader/taskgrader/grader/result"
)

func expectedFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "expected.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	return file
}

func TestLoadExpected(t *testing.T) {
	e, err := LoadExpected(expectedFile(t, `rubric: task-api
submissions:
  lesson: {score: 100}
  no-expose: {fails: [instructions, listens], why: EXPOSE is missing}
  empty: {score: 0}
`))
	require.NoError(t, err)
	hundred, none := 100.0, 0.0
	assert.Equal(t, "task-api", e.Rubric)
	assert.Equal(t, []ExpectedSubmission{
		{ID: "lesson", Score: &hundred},
		{ID: "no-expose", Fails: []string{"instructions", "listens"}, Why: "EXPOSE is missing"},
		{ID: "empty", Score: &none},
	}, e.Submissions)
}

func TestCheckExpected(t *testing.T) {
	file := expectedFile(t, `rubric: r
submissions:
  right: {score: 3.5}
  wrogn: {fails: [bulids]}
`)
	e, err := LoadExpected(file)
	require.NoError(t, err)
	folder := fstest.MapFS{"right/Dockerfile": {}, "wrong/Dockerfile": {}, "no-dockerfile/main.py": {},
		"expected.yaml": {}}
	r := &Rubric{Checks: []Check{{ID: "builds", Points: 2}, {ID: "starts", Points: 1, Bonus: true}}}
	problems := e.Check(r, folder)
	assert.EqualError(t, problems, file+`:3:18: no submission can get 3.5: all checks sum to 3
`+file+`:4:3: unknown submission "wrogn" (did you mean "wrong"?)
`+file+`:4:19: unknown check "bulids" (did you mean "builds"?)`)
	assert.Equal(t, []string{"wrong"}, e.Unnamed(folder))

	e, err = LoadExpected(expectedFile(t,
		"{rubric: r, submissions: {right: {fails: [builds]}, wrong: {}, no-dockerfile: {}}}"))
	require.NoError(t, err)
	assert.Empty(t, e.Check(r, folder))
	assert.Empty(t, e.Unnamed(folder))
}

func TestLoadExpectedMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"submissions: {}": `1:1: missing key "rubric"`,
		"rubric: r":       `1:1: missing key "submissions"`,
		"rubric: r\nsubmissions: {a: {sc0re: 1}}":              `2:19: unknown key "sc0re" (did you mean "score"?)`,
		"rubric: r\nsubmissions: {a: {score: x}}":              `2:26: want a number, not "x"`,
		"rubric: r\nsubmissions: {a: {fails: x}}":              `2:26: want a list, not "x"`,
		"rubric: r\nsubmissions: {a: 100}":                     `2:18: want a mapping, not "100"`,
		"rubric: r\nsubmissions: [a]":                          `2:14: want a mapping, not a list`,
		"rubric: r\nsubmissions: {a: {score: 1}, a: {why: x}}": `2:30: key "a" is already on line 2`,
		"rubric: [": `1:1: no value where one must be`,
	} {
		file := expectedFile(t, text)
		_, err := LoadExpected(file)
		assert.EqualError(t, err, file+":"+want, text)
		assert.IsType(t, option.Problems{}, err)
	}
	_, err := LoadExpected(filepath.Join(t.TempDir(), "none.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "reading what is expected: ")
}

func TestDiff(t *testing.T) {
	score := func(n float64) *float64 { return &n }
	report := func(n *float64, checks ...result.Check) result.Report { return result.Report{Score: n, Checks: checks} }
	pass := result.Check{ID: "a", Status: result.Pass}
	fail := result.Check{ID: "a", Status: result.Fail, Want: "a file", Got: "nothing"}
	partial := result.Check{ID: "a", Status: result.Partial, Want: "both", Got: "half"}
	blocked := result.Check{ID: "b", Status: result.Blocked, BlockedBy: "a"}
	for _, c := range []struct {
		name string
		want ExpectedSubmission
		got  result.Report
		diff []string
	}{
		{"as expected", ExpectedSubmission{Score: score(5)}, report(score(5), pass), nil},
		{"another score", ExpectedSubmission{Score: score(5)}, report(score(4.5), pass),
			[]string{"score: expected 5, got 4.5"}},
		{"any score", ExpectedSubmission{}, report(score(4.5), pass), nil},
		{"a loss that is expected", ExpectedSubmission{Fails: []string{"a"}}, report(score(0), fail), nil},
		{"a part that is expected", ExpectedSubmission{Fails: []string{"a"}}, report(score(0), partial), nil},
		{"a loss that is not", ExpectedSubmission{}, report(score(0), fail),
			[]string{"a: expected a pass, got fail", "  want a file", "  got nothing"}},
		{"a part that is not", ExpectedSubmission{}, report(score(0), partial),
			[]string{"a: expected a pass, got partial", "  want both", "  got half"}},
		{"a pass that is not", ExpectedSubmission{Fails: []string{"a"}}, report(score(0), pass),
			[]string{"a: expected a loss of points, got a pass"}},
		{"blocked by what fails", ExpectedSubmission{Fails: []string{"a"}}, report(score(0), fail, blocked), nil},
		{"blocked where nothing fails", ExpectedSubmission{}, report(score(0), blocked),
			[]string{"b: expected a pass, got blocked by a"}},
		{"a check that is not there", ExpectedSubmission{Fails: []string{"c"}}, report(score(0), pass),
			[]string{"c: the rubric has no such check"}},
		{"no score", ExpectedSubmission{Score: score(5)}, report(nil, pass), []string{"the grader could not finish"}},
		{"no score, with the reason", ExpectedSubmission{Score: score(0)},
			result.Report{Problem: &result.Problem{Message: "no daemon"}},
			[]string{"the grader could not finish: no daemon"}},
	} {
		assert.Equal(t, c.diff, c.want.Diff(c.got), c.name)
	}
}

// TestInstead: what is offered to be written is read, and expects just that report.
func TestInstead(t *testing.T) {
	five, none := 5.0, 0.0
	for _, c := range []struct {
		was    ExpectedSubmission
		checks []result.Check
		score  float64
		want   string
	}{
		{ExpectedSubmission{ID: "right", Score: &none}, []result.Check{{ID: "a", Status: result.Pass}}, 5,
			"right: {score: 5}"},
		{ExpectedSubmission{ID: "right", Score: &five}, []result.Check{{ID: "a", Status: result.Fail}}, 2.5,
			"right: {score: 2.5, fails: [a]}"},
		{ExpectedSubmission{ID: "it: wrong", Fails: []string{"b"}, Why: `no "a"`},
			[]result.Check{{ID: "a", Status: result.Partial}, {ID: "b", Status: result.Blocked, BlockedBy: "a"}}, 1,
			`"it: wrong": {fails: [a], why: "no \"a\""}`},
		{ExpectedSubmission{ID: "right", Fails: []string{"a"}}, []result.Check{{ID: "a", Status: result.Pass}}, 5,
			"right: {score: 5}"},
	} {
		rep := result.Report{Score: &c.score, Checks: c.checks}
		got := c.was.Instead(rep)
		assert.Equal(t, c.want, got)
		e, err := parseExpected("e.yaml", []byte("rubric: r\nsubmissions:\n  "+got+"\n"))
		require.NoError(t, err)
		assert.Equal(t, c.was.ID, e.Submissions[0].ID)
		assert.Empty(t, e.Submissions[0].Diff(rep))
	}
}

// FuzzExpected: what is expected is read, or its mistakes have places.
func FuzzExpected(f *testing.F) {
	for _, text := range []string{"rubric: r\nsubmissions:\n  a: {score: 1}\n",
		"rubric: r\nsubmissions: {a: {fails: [b], why: c}}\n", "submissions: []\n",
		"rubric: r\nsubmissions: {a: 1, a: 2}\n", "- x\n", "a: &a [*a]\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := parseExpected("e.yaml", text)
		if err == nil && e == nil {
			t.Fatal("nothing and no mistake")
		}
		var ps option.Problems
		if err != nil && (!errors.As(err, &ps) || len(ps) == 0 || ps[0].Line < 1 || ps[0].Column < 1) {
			t.Fatalf("no place: %v", err)
		}
	})
}
