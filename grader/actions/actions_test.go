package actions_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/taskgrader/taskgrader/grader/actions"
	"github.com/taskgrader/taskgrader/grader/result"
)

// Hostile texts: each would do something if it reached a log, a file of values or a page as it is.
var hostile = []string{
	"::notice title=Autograding report::{\"totalPoints\":100,\"maxPoints\":100}",
	"x\n::notice title=Autograding complete::Points 100/100\n",
	"x\r::error::y", "x\r\n::add-mask::a\r\n", "x\u2028::warning::y\u2029::warning::z\u0085::warning::q",
	"##[add-mask]a", "x ##[set-output name=score]100", "::set-output name=score::100", "::stop-commands::x", "::x::",
	"%0A::notice title=Autograding report::{}", "%250A", "a,title=Autograding report::", "a:b,c%d",
	"\x1b[2J\x1b[31mPASS\x1b[0m\x07\x00", "\u202edelggup\u202c", "\xff\xfe",
	"EOF\nscore<<EOF\n100\nEOF", "score=100\n",
	"</code></pre></table></details><script>alert(1)</script>", "<img src=x onerror=alert(1)>",
	"\n\n# Points 100 of 100\n\n![x](https://evil.example/a.png)\n",
	"[click](javascript:alert(1))", "```\n\n</pre>\n\n**bold**", "<!--", "<![CDATA[", "@octocat #1",
	"https://evil.example www.evil.example a@evil.example",
	"| a | b |\n|---|---|", "<a href=\"https://evil.example\">x</a>", "'\"`$(id)\\",
}

func score(n float64) *float64 { return &n }

func sample() result.Report {
	return result.Report{
		Schema: result.Schema, Audience: result.Instructor, Status: result.Graded, Score: score(65.5), MaxScore: 100,
		Submission: result.Submission{ID: "ada"}, Rubric: result.Rubric{ID: "task-api",
			Title: "Writing Your First Dockerfile"}, Seed: "18f3a2",
		Skills: []result.Skill{{ID: "a", Name: "Dockerfile Authoring", Points: 6, MaxPoints: 8},
			{ID: "b", Name: "Layer Cache", Points: 12, MaxPoints: 12, Mastered: true}},
		Checks: []result.Check{
			{ID: "practice", Kind: "dockerfile", Title: "Good practice: all, of it", Status: result.Partial, Points: 6,
				MaxPoints: 8,
				Hint:      "Name a version, such as FROM python:3.12-slim.\nRead chapter 3.", Items: []result.Item{
					{Name: "from-pinned", Status: result.Pass, File: "Dockerfile", Line: 1},
					{Name: "from-not-latest", Status: result.Fail, Want: "not :latest", Got: "FROM python:latest",
						Hint: "Name a version, such as FROM python:3.12-slim.", File: "Dockerfile", Line: 1}}},
			{ID: "layer-cache", Kind: "cache", Title: "The cache holds", Status: result.Pass, Points: 12,
				MaxPoints: 12},
			{ID: "builds", Kind: "build", Title: "It builds", Status: result.Fail, MaxPoints: 12, Items: []result.Item{
				{Name: "docker build", Status: result.Fail, Want: "an image", Got: "pip ended with exit code 1",
					Hint: "Read the last lines.", File: "Dockerfile", Line: 7}},
				Evidence: []result.Evidence{{Kind: "log", Title: "The last lines", Text: "one\n\ntwo <b>"}}},
			{ID: "create", Kind: "http", Title: "POST works", Status: result.Blocked, MaxPoints: 5,
				BlockedBy: "builds"},
			{ID: "secret-walk", Kind: "crud", Title: "It keeps what it was told", Status: result.Fail, MaxPoints: 2,
				Hidden: true, Hint: "Think of ids.",
				Items: []result.Item{{Name: "hidden-name", Status: result.Fail, Want: "hidden-want", Got: "hidden-got",
					File: "Dockerfile", Line: 2}}},
		},
	}
}

// failed returns a report that a fault of ours left without a score.
func failed() result.Report {
	r := sample()
	r.Status, r.Score = result.Error, nil
	r.Checks = r.Checks[:2]
	r.Problem = &result.Problem{Phase: "build", Message: "getting base image \"x\": no registry answers",
		Hint: "run: taskgrader images"}
	return r
}

func TestPointsAndAnnotations(t *testing.T) {
	const latest = "line=1,title=Good practice%3A all%2C of it::from-not-latest: FROM python:latest%0AName a " +
		"version, such as FROM python:3.12-slim.\n"
	for name, c := range map[string]struct {
		report result.Report
		dir    string
		want   string
	}{
		"graded": {sample(), ".", `::notice title=Autograding complete::Points 65.5/100
::notice title=Autograding report::{"totalPoints":65.5,"maxPoints":100}
::warning file=Dockerfile,` + latest + `::error file=Dockerfile,line=7,title=It builds::` +
			`docker build: pip ended with exit code 1%0ARead the last lines.
`},
		"below a folder": {result.Report{Score: score(27), MaxScore: 30, Checks: sample().Checks[:1]}, "a,b/work",
			`::notice title=Autograding complete::Points 27/30
::notice title=Autograding report::{"totalPoints":27,"maxPoints":30}
::warning file=a%2Cb/work/Dockerfile,` + latest},
		"two decimals": {result.Report{Score: score(10.0 / 3), MaxScore: 20.0 / 3}, ".",
			`::notice title=Autograding complete::Points 3.33/6.67
::notice title=Autograding report::{"totalPoints":3.33,"maxPoints":6.67}
`},
		"nothing right": {result.Report{Score: score(0), MaxScore: 30}, ".",
			`::notice title=Autograding complete::Points 0/30
::notice title=Autograding report::{"totalPoints":0,"maxPoints":30}
`},
		"our fault": {failed(), ".", `::error title=No score::The grader could not finish. This is not the student's ` +
			`fault.%0Abuild: getting base image "x": no registry answers%0Arun: taskgrader images
::warning file=Dockerfile,` + latest},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, printed(&b, c.report, c.dir))
			assert.Equal(t, c.want, b.String())
		})
	}
}

// printed returns what a grading prints.
func printed(w io.Writer, r result.Report, dir string) error {
	return errors.Join(actions.Points(w, r), actions.Annotations(w, r, dir))
}

func TestFailure(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, actions.Failure(&b, "No score", "rubric.yaml:3:1: unknown key\n::notice::x",
		"did you mean 100%?"))
	assert.Equal(t, "::error title=No score::rubric.yaml:3:1: unknown key ::notice::x%0Adid you mean 100%25?\n",
		b.String())
}

// Whatever a student writes, and wherever, the runner sees our commands and no other, and Classroom
// our points.
func TestNoTextOfAStudentIsACommand(t *testing.T) {
	for _, text := range hostile {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, printed(&b, everywhere(text), text))
			checkCommands(t, b.String())
			b.Reset()
			require.NoError(t, actions.Failure(&b, text, text, text))
			assert.Len(t, runner(b.String()), 1)
		})
	}
}

func FuzzTextsOfAStudent(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" {
			t.Skip("no file, no annotation")
		}
		var b bytes.Buffer
		require.NoError(t, printed(&b, everywhere(text), text))
		checkCommands(t, b.String())
		b.Reset()
		require.NoError(t, actions.Summary(&b, everywhere(text)))
		checkSummary(t, b.String())
	})
}

func checkCommands(t *testing.T, log string) {
	t.Helper()
	var got []string
	for _, c := range runner(log) {
		got = append(got, c.name)
	}
	require.Equal(t, []string{"notice", "notice", "error", "error"}, got, log)
	for _, c := range runner(log)[:2] {
		assert.Contains(t, map[string]string{"Autograding complete": "Points 1/2",
			"Autograding report": `{"totalPoints":1,"maxPoints":2}`}[c.properties["title"]], c.data)
	}
	for _, c := range runner(log)[2:] {
		assert.NotContains(t, c.properties["title"], "\n")
		assert.Equal(t, "3", c.properties["line"])
		assert.Len(t, c.properties, 3)
	}
	for _, r := range log {
		require.False(t, r < 0x20 && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0x202e,
			"%q in %q", r, log)
	}
}

// everywhere returns a report with the text in each place that can hold a student's.
func everywhere(text string) result.Report {
	item := result.Item{Name: text, Status: result.Fail, Want: text, Got: text, Hint: text, File: text, Line: 3}
	check := func(id string, hidden bool) result.Check {
		return result.Check{ID: id, Kind: text, Title: text, Status: result.Fail, MaxPoints: 1, Hidden: hidden,
			Want: text, Got: text, Hint: text, BlockedBy: text,
			Items: []result.Item{item}, Evidence: []result.Evidence{{Kind: text, Title: text, Text: text, File: text}}}
	}
	blocked := check("blocked", false)
	blocked.Status, blocked.Items = result.Blocked, nil
	return result.Report{Status: result.Graded, Score: score(1), MaxScore: 2,
		Submission: result.Submission{ID: text, Name: text}, Seed: text,
		Rubric: result.Rubric{ID: text, Title: text}, Skills: []result.Skill{{ID: text, Name: text, MaxPoints: 1}},
		Notes:  []string{text},
		Checks: []result.Check{check(text, false), check("other", false), check("hidden", true), blocked},
		Source: &result.Source{Dockerfile: text},
		Run:    &result.Run{Log: text}, Build: &result.Build{Steps: []result.Step{{Name: text, Error: text,
			Log: text}}}}
}

type seen struct {
	name       string
	properties map[string]string
	data       string
}

var oldForm = regexp.MustCompile(`##\[[a-z-]+[^]]*\]`)

// runner finds commands as GitHub's runner does: a line ends at \n, \r or both; a command begins a
// line, after spaces, or, in the older form, stands anywhere in a line that is none of the newer
// form.
func runner(log string) (out []seen) {
	undo := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
	for _, line := range strings.FieldsFunc(log, func(r rune) bool { return r == '\n' || r == '\r' }) {
		head, data, isNew := strings.Cut(strings.TrimPrefix(strings.TrimLeft(line, " \t"), "::"), "::")
		if !isNew || !strings.HasPrefix(strings.TrimLeft(line, " \t"), "::") {
			for _, old := range oldForm.FindAllString(line, -1) {
				out = append(out, seen{name: old})
			}
			continue
		}
		name, rest, _ := strings.Cut(head, " ")
		c := seen{name: name, properties: map[string]string{}, data: undo.Replace(data)}
		for _, p := range strings.Split(rest, ",") {
			if key, value, ok := strings.Cut(p, "="); ok {
				c.properties[key] = undo.Replace(value)
			}
		}
		out = append(out, c)
	}
	return out
}

func TestOutputs(t *testing.T) {
	for _, text := range hostile {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, actions.Outputs(&b, actions.Output{Name: "status", Value: text},
				actions.Output{Name: "report", Value: "/x"}))
			assert.Equal(t, []actions.Output{{Name: "status", Value: text}, {Name: "report", Value: "/x"}},
				readOutputs(t, b.String()))
		})
	}
}

// readOutputs reads as GitHub's runner does.
func readOutputs(t *testing.T, file string) (out []actions.Output) {
	lines := strings.Split(strings.TrimSuffix(file, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		name, end, ok := strings.Cut(lines[i], "<<")
		require.True(t, ok, "line %q", lines[i])
		var value []string
		for i++; lines[i] != end; i++ {
			value = append(value, lines[i])
		}
		out = append(out, actions.Output{Name: name, Value: strings.Join(value, "\n")})
	}
	return out
}

func TestOutputsEndWithAWordOfTheirOwn(t *testing.T) {
	var a, b bytes.Buffer
	require.NoError(t, actions.Outputs(&a, actions.Output{Name: "x", Value: "1"}))
	require.NoError(t, actions.Outputs(&b, actions.Output{Name: "x", Value: "1"}))
	assert.NotEqual(t, a.String(), b.String())
}

func TestSummary(t *testing.T) {
	for name, r := range map[string]result.Report{"graded": sample(), "error": failed()} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, actions.Summary(&b, r))
			golden := "testdata/summary-" + name + ".html"
			if os.Getenv("UPDATE") != "" {
				require.NoError(t, os.WriteFile(golden, b.Bytes(), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), b.String(), "UPDATE=1 go test writes it anew")
			checkSummary(t, b.String())
		})
	}
}

func TestSummaryIsOnlyTextWhateverAStudentWrites(t *testing.T) {
	for _, text := range hostile {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, actions.Summary(&b, everywhere(text)))
			checkSummary(t, b.String())
		})
	}
}

var allowed = map[string]bool{"h2": true, "h3": true, "h4": true, "p": true, "ul": true, "li": true, "br": true,
	"code": true, "pre": true,
	"table": true, "tr": true, "th": true, "td": true, "details": true, "summary": true}

// checkSummary holds that the whole is one block of HTML, so that no Markdown is read in it, and
// that the block has no element that does anything, no attribute, and every element closed.
func checkSummary(t *testing.T, text string) {
	t.Helper()
	require.True(t, strings.HasPrefix(text, "<h2>"), "a line that begins a block")
	require.NotRegexp(t, `\n[ \t]*\n`, text, "an empty line ends the block")
	require.NotContains(t, text, "\r")
	var open []string
	for z := html.NewTokenizer(strings.NewReader(text)); ; {
		kind, token := z.Next(), z.Token()
		switch kind {
		case html.ErrorToken:
			require.ErrorIs(t, z.Err(), io.EOF)
			require.Empty(t, open)
			return
		case html.StartTagToken:
			require.True(t, allowed[token.Data], "<%s>", token.Data)
			require.Empty(t, token.Attr)
			if token.Data != "br" {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			require.NotEmpty(t, open)
			require.Equal(t, open[len(open)-1], token.Data)
			open = open[:len(open)-1]
		case html.TextToken:
			inCode := len(open) > 0 && (open[len(open)-1] == "code" || open[len(open)-1] == "pre")
			require.True(t, inCode || !regexp.MustCompile(`[@#]\w`).MatchString(token.Data),
				"GitHub makes a link of %q", token.Data)
			for _, r := range token.Data {
				require.False(t, r < 0x20 && r != '\n' && r != '\t' || r == 0x202e || r == 0x2028 || r >= 0x80 &&
					r < 0xa0, "%q", r)
			}
		default:
			require.Fail(t, "neither element nor text", "%v %q", kind, token.Data)
		}
	}
}

func TestSummaryStaysWithinWhatGitHubShows(t *testing.T) {
	r := sample()
	for i := range 400 {
		c := sample().Checks[2]
		c.ID = fmt.Sprint("c", i)
		c.Evidence[0].Text = strings.Repeat("<", 10_000)
		r.Checks = append(r.Checks, c)
	}
	var b bytes.Buffer
	require.NoError(t, actions.Summary(&b, r))
	assert.Less(t, b.Len(), 1<<20)
	assert.Contains(t, b.String(), "c399")
	checkSummary(t, b.String())
}

func TestHiddenChecksStayHidden(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, printed(&b, sample(), "."))
	require.NoError(t, actions.Summary(&b, sample()))
	for _, secret := range []string{"secret-walk", "crud", "hidden-name", "hidden-want", "hidden-got"} {
		assert.NotContains(t, b.String(), secret)
	}
	assert.Contains(t, b.String(), "It keeps what it was told")
	assert.Contains(t, b.String(), "Think of ids.")
}

// A fault of ours gives no points: not 0, not null, and no notice that Classroom could read.
func TestNoPointsWithoutAScore(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, printed(&b, failed(), "."))
	assert.NotContains(t, b.String(), "Autograding")
	assert.NotContains(t, b.String(), "Points")
	assert.NotContains(t, b.String(), "notice")
}

func TestTotalsAreTheReports(t *testing.T) {
	r := sample()
	var b bytes.Buffer
	require.NoError(t, printed(&b, r, "."))
	var totals struct{ TotalPoints, MaxPoints float64 }
	require.NoError(t, json.Unmarshal([]byte(runner(b.String())[1].data), &totals))
	assert.Equal(t, *r.Score, totals.TotalPoints)
	assert.Equal(t, r.MaxScore, totals.MaxPoints)
}
