package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/result"
)

var update = flag.Bool("update", false, "write report.schema.json and the example anew")

// filled returns a report in which everything is there: every text is the one given, every number
// above zero.
func filled(text string) result.Report {
	var r result.Report
	fill(reflect.ValueOf(&r).Elem(), text)
	r.Schema, r.Audience, r.Status = result.Schema, result.Instructor, result.Graded
	r.StartedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if r.Opinion != nil {
		for i := range r.Opinion.Changes {
			r.Opinion.Changes[i].Was, r.Opinion.Changes[i].Now = result.Pass, result.Fail
		}
	}
	for _, e := range r.History {
		for i := range e.Changes {
			e.Changes[i].Was, e.Changes[i].Now = result.Fail, result.Pass
		}
	}
	check := r.Checks[0]
	r.Checks = nil
	for _, s := range []result.Status{result.Pass, result.Partial, result.Fail, result.Blocked, result.Error} {
		c := check
		c.Status, c.Hidden, c.Bonus = s, false, false
		c.Points, c.MaxPoints = 1, 3
		c.Items, c.Evidence = nil, nil
		for _, is := range []result.Status{result.Pass, result.Partial, result.Fail, result.Blocked} {
			item := check.Items[0]
			item.Status = is
			c.Items = append(c.Items, item)
		}
		for _, kind := range []string{"exchange", "diff", "rubric", "command", "log", "text", "table", "ignore",
			"story"} {
			e := check.Evidence[0]
			e.Kind = kind
			if kind != "table" && kind != "ignore" {
				e.Rows = nil
			}
			c.Evidence = append(c.Evidence, e)
		}
		r.Checks = append(r.Checks, c)
	}
	r.Checks[2].Items[2].File = "Dockerfile" // a finding beside the code
	return r
}

func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), text)
		fill(v.Index(1), text)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), text)
		}
	default:
		panic(v.Type().String())
	}
}

func render(t *testing.T, r result.Report, write func(io.Writer, result.Report) error) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, write(&b, r))
	return b.String()
}

func plainText(w io.Writer, r result.Report) error { return Text(w, r, TextOptions{}) }

func TestJSONRoundTrip(t *testing.T) {
	for _, text := range []string{"plain", hostile, "日本 \u2028 <b>&amp;"} {
		r := filled(text)
		got, err := Read(strings.NewReader(render(t, r, JSON)))
		require.NoError(t, err)
		assert.Equal(t, r, got)
	}
	var none result.Report
	none.Schema = result.Schema
	got, err := Read(strings.NewReader(render(t, none, JSON)))
	require.NoError(t, err)
	assert.Equal(t, none, got)
	assert.Nil(t, got.Score, "no score stays no score")
}

func TestJSONIsHarmless(t *testing.T) {
	text := render(t, filled(hostile), JSON)
	for _, bad := range []string{"\x1b", "<script", "\u2028", "\x00"} {
		assert.NotContains(t, text, bad)
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"schema":"taskgrader/report/v2"}`: `reading a report: its schema is "taskgrader/report/v2", and this ` +
			`version reads "taskgrader/report/v1"`,
		`{}`: `reading a report: its schema is "", and this version reads ` +
			`"taskgrader/report/v1"`,
		`[]`: `reading a report: its schema is "", and this version reads ` +
			`"taskgrader/report/v1"`,
		`{"schema":"taskgrader/report/v2","checks":"many"}`: `reading a report: its schema is ` +
			`"taskgrader/report/v2", and this version reads "taskgrader/report/v1"`,
		`{"schema":1}`: `reading a report: its schema is "", and this version reads "taskgrader/report/v1"`,
		`{"schema":"taskgrader/report/v1","checks":"many"}`: `reading a report: "checks" holds a string, which no ` +
			`report has there`,
		``:  `reading a report: it is no whole JSON: EOF`,
		`{`: `reading a report: it is no whole JSON: unexpected EOF`,
	} {
		_, err := Read(strings.NewReader(text))
		assert.EqualError(t, err, want)
	}
}

func TestReadSaysWhatToDo(t *testing.T) {
	for text, want := range map[string]string{
		`{"schema":"taskgrader/report/v2"}`: "read it with the version that wrote it, or grade again",
		`{"schema":"taskgrader/class/v1"}`:  "it is the file of a class: name a report below students or instructor",
		`{"tests":[]}`: "name a JSON file that grade or class wrote, below students or " +
			"instructor",
	} {
		_, err := Read(strings.NewReader(text))
		var schema *SchemaError
		require.ErrorAs(t, err, &schema)
		assert.Equal(t, want, schema.Hint())
	}
}

func TestBadge(t *testing.T) {
	badge := func(score *float64) string {
		return render(t, result.Report{Score: score, MaxScore: 100, Rubric: result.Rubric{Title: hostile}}, Badge)
	}
	number := func(n float64) *float64 { return &n }
	for _, c := range []struct {
		score       *float64
		text, color string
	}{{number(100), "100 of 100", "#19703c"}, {number(80), "80 of 100", "#19703c"},
		{number(73.5), "73.5 of 100", "#8a5300"}, {number(0), "0 of 100", "#b3261e"}, {nil, "no score", "#7a2a94"}} {
		svg := badge(c.score)
		assert.NoError(t, xml.Unmarshal([]byte(svg), new(struct{ XMLName xml.Name })), "it is well-formed")
		assert.Contains(t, svg, `role="img" aria-label="taskgrader: `+c.text+`"><title>taskgrader: `+c.text+`</title>`)
		assert.Contains(t, svg, c.color)
		assert.NotContains(t, svg, "script")
	}
}

// hostile is what a student may put into a name, a file, an answer or a log.
const hostile = "</title></style></pre><script>alert(1)</script><img src=x onerror=alert(1)>\"' onmouseover='x " +
	"{{.Seed}} javascript:alert(1) &lt;" +
	"\x1b[31mred\x1b]8;;http://evil\x07\u009b31m\x00\x08\x7f\r\u202eevil\u2066\u200f\ufeff\u2028\u2029\U000e0041"

// benign has the length of nothing in particular, and means nothing to any reader.
const benign = "a plain word"

var tag = regexp.MustCompile(`<(/?[a-zA-Z!][a-zA-Z0-9]*)([^>]*)>`)
var attribute = regexp.MustCompile(`([a-zA-Z-]+)="[^"]*"`)

// structure returns the tags of a page with the names of their attributes.
func structure(page string) (out []string) {
	for _, m := range tag.FindAllStringSubmatch(page, -1) {
		s := m[1]
		for _, a := range attribute.FindAllStringSubmatch(m[2], -1) {
			s += " " + a[1]
		}
		out = append(out, s)
	}
	return out
}

// control returns the characters that steer terminals or turn the direction of writing.
func control(s string) (out []string) {
	for _, r := range s {
		if r != '\n' && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) || r == 0xfeff ||
			r == 0x2028 || r == 0x2029 || r >= 0xe0000 && r < 0xe0080) {
			out = append(out, fmt.Sprintf("%U", r))
		}
	}
	return out
}

func TestHTMLIsOnlyWhatThePageSays(t *testing.T) {
	good, bad := filled(benign), filled(hostile)
	for _, audience := range []result.Audience{result.Student, result.Instructor} {
		page := render(t, bad.For(audience), HTML)
		want := structure(render(t, good.For(audience), HTML))
		require.Greater(t, len(want), 200)
		assert.Equal(t, want, structure(page), "no text changes the structure of the page")
		for _, no := range []string{"<script", "<img", "</title></style>", `onerror="`, `href="javascript`} {
			assert.NotContains(t, page, no)
		}
		assert.Empty(t, control(page))
		assert.Contains(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;", "it is shown, and does nothing")
		assert.Contains(t, page, "{{.Seed}}", "it is no template")
		assert.Contains(t, page, "␛[31mred")
	}
}

func TestHTMLLoadsNothing(t *testing.T) {
	page := render(t, filled(benign), HTML)
	assert.Contains(t, page, `content="default-src 'none'; style-src 'unsafe-inline'"`)
	for _, no := range []string{"<script", "<link", "<iframe", "src=", "http://", "https://", "@import", "url("} {
		assert.NotContains(t, page, no)
	}
}

func TestHTMLSays(t *testing.T) {
	score := 4.0
	pass := result.Check{ID: "a", Title: "A", Status: result.Pass, Points: 4, MaxPoints: 4}
	small := result.Check{ID: "s", Title: "Small", Status: result.Fail, MaxPoints: 1}
	large := result.Check{ID: "l", Title: "Large", Status: result.Partial, Points: 1, MaxPoints: 9, Want: "w", Got: "g"}
	bonus := result.Check{ID: "b", Title: "Bonus", Status: result.Fail, MaxPoints: 20, Bonus: true}
	blocked := result.Check{ID: "x", Title: "Blocked", Status: result.Blocked, MaxPoints: 5, BlockedBy: "build"}
	base := result.Report{Score: &score, MaxScore: 4, Submission: result.Submission{ID: "ada"},
		Audience: result.Student}
	with := func(checks ...result.Check) result.Report { r := base; r.Checks = checks; return r }
	assert.Contains(t, render(t, with(pass), HTML), "Well done.")
	assert.Contains(t, render(t, with(pass, bonus), HTML), "Well done.", "bonus is nothing to fix")
	assert.NotContains(t, render(t, with(pass, blocked), HTML), "Well done.", "what could not be judged does not hold")
	page := render(t, with(pass, small, large, bonus), HTML)
	assert.NotContains(t, page, "Well done.")
	assert.Contains(t, page, "1 of 4 checks passed. 2 things to fix, for 9 more points.")
	assert.Less(t, strings.Index(page, `<a href="#check-l">Large</a> <span class="gain">&#43;8</span>`),
		strings.Index(page, `<a href="#check-s">Small</a>`), "most points first")
	assert.Contains(t, page, `aria-label="Score 4 of 4"`)
	assert.Contains(t, page, "<h1><bdi>ada</bdi></h1>")
	named := base
	named.Submission.Name = "Ada Lovelace"
	assert.Contains(t, render(t, named, HTML), "<h1><bdi>Ada Lovelace</bdi></h1>")
	failed := base
	failed.Score, failed.Problem = nil, &result.Problem{Phase: "build", Message: "no daemon", Hint: "start it"}
	page = render(t, failed, HTML)
	assert.Contains(t, page, `aria-label="No score"`)
	assert.Contains(t, page, "This is not your fault, and costs nothing. no daemon <em>start it</em>")
	assert.NotContains(t, page, "Well done.")
	failed.Skills = []result.Skill{{Name: "Web", MaxPoints: 5, Mastered: true}}
	failed.Checks = []result.Check{{ID: "e", Title: "E", Status: result.Error, MaxPoints: 7}}
	page = render(t, failed, HTML)
	assert.Contains(t, page, `<span>Web</span><span>– / 5</span>`, "an error has no points, and never 0")
	assert.Contains(t, page, `<span class="points">– / 7</span>`)
	text := render(t, failed, plainText)
	assert.Regexp(t, `(?m)^    Web +– / 5$`, text)
	assert.Regexp(t, `(?m)^ERROR +–/7 `, text)
	more := base
	high := 6.0
	more.Score = &high
	assert.Contains(t, render(t, more, HTML), `stroke-dasharray="100 100"`, "bonus does not burst the ring")
}

func TestHTMLShowsFindingsBesideTheDockerfile(t *testing.T) {
	r := result.Report{Source: &result.Source{Dockerfile: "FROM x\r\nADD . .\r\n"},
		Checks: []result.Check{{ID: "practice", Status: result.Fail,
			Items: []result.Item{{Status: result.Fail, File: "Dockerfile", Line: 2, Got: "ADD", Hint: "write COPY"},
				{Status: result.Pass, File: "Dockerfile", Line: 1, Got: "fine"},
				{Status: result.Fail, File: ".dockerignore", Line: 1, Got: "other"}}}}}
	assert.Equal(t, []file{{Name: "Dockerfile", Found: 1, Lines: []codeLine{{Number: 1, Text: "FROM x"},
		{Number: 2, Text: "ADD . .", Findings: []finding{{[]string{"practice"}, "ADD", "write COPY"}}}}}}, files(r))
	page := render(t, r, HTML)
	assert.Contains(t, page,
		`<td><code>ADD . .</code><div class="finding">↳ practice: ADD — <b>write COPY</b></div></td>`)
	assert.Nil(t, files(result.Report{}))
}

// TestBlockedIsShownApart: what waits is no failure, and names what it waits for, through others
// that wait too.
func TestBlockedIsShownApart(t *testing.T) {
	r := result.Report{Checks: []result.Check{
		{ID: "small", Title: "Small", Status: result.Fail, MaxPoints: 2},
		{ID: "builds", Title: "Builds", Status: result.Fail, MaxPoints: 1},
		{ID: "a", Title: "A", Status: result.Blocked, MaxPoints: 4, BlockedBy: "builds"},
		{ID: "b", Title: "B", Status: result.Blocked, MaxPoints: 5, BlockedBy: "a"},
		{ID: "c", Title: "C", Status: result.Blocked, MaxPoints: 1, BlockedBy: "start"},
		{ID: "hidden-1", Title: "D", Status: result.Blocked, MaxPoints: 1, Hidden: true},
		{ID: "loop", Title: "E", Status: result.Blocked, MaxPoints: 1, BlockedBy: "loop"},
	}}
	var got []string
	for _, w := range waits(r) {
		line := w.Text
		if w.By != nil {
			line = w.By.ID
		}
		for _, c := range w.Checks {
			line += " " + c.ID
		}
		got = append(got, line)
	}
	assert.Equal(t, []string{"builds a b", "the program never answered c",
		"something before them did not pass hidden-1", "loop loop"}, got)
	page := render(t, r, HTML)
	assert.Contains(t, page, `<h2 id="waiting">Not judged yet <small>5</small></h2>`)
	assert.Contains(t, page, `<h3>Because <a href="#check-builds">Builds</a> did not pass</h3>`)
	assert.Contains(t, page, `0 of 7 checks passed. 2 things to fix, for 3 more points. 5 could not be judged yet.`)
	assert.Less(t,
		strings.Index(page,
			`<a href="#check-builds">Builds</a> <span class="gain">&#43;1</span> <small>and 9 more that wait `+
				`for it</small>`), strings.Index(page, `<a href="#check-small">`),
		"what lets most be judged comes first")
	assert.NotContains(t, page[strings.Index(page, `id="fix"`):strings.Index(page, `id="waiting"`)], ">A<")
}

func TestIgnoreTableIsOne(t *testing.T) {
	header := []string{"path", "in the build", "decided by"}
	table := func(rows ...[]string) []result.Evidence {
		return []result.Evidence{{Kind: "ignore", Rows: append([][]string{header}, rows...)}}
	}
	r := result.Report{Checks: []result.Check{
		{ID: "a", Items: []result.Item{{Name: ".env", Status: result.Fail}, {Name: "a.pem"}},
			Evidence: table([]string{".env", "yes", "no line: line 3 is: odd"},
				[]string{"a.pem", "no", ".dockerignore:2  *.pem"})},
		{ID: "b", Items: []result.Item{{Name: "a.pem"}, {Name: "keeps main.py"}},
			Evidence: table([]string{"a.pem", "no", ".dockerignore:2  *.pem"},
				[]string{"main.py", "no", ".dockerignore:1  *"}, []string{"cut"})},
		{ID: "c", Evidence: table([]string{"x", "yes", "no line"})},
	}}
	assert.Equal(t, []ignored{
		{Path: ".env", Wanted: "kept out", Real: "in", Decided: "no line", Why: "line 3 is: odd", Judged: true},
		{Path: "a.pem", Wanted: "kept out", Real: "kept out", Decided: ".dockerignore:2  *.pem", Right: true,
			Judged: true},
		{Path: "main.py", Wanted: "in", Real: "kept out", Decided: ".dockerignore:1  *", Judged: true},
		{Path: "x", Real: "in", Decided: "no line"},
	}, ignoredOf(r))
	page := render(t, r, HTML)
	assert.Equal(t, 1, strings.Count(page, ".dockerignore:2  *.pem"), "the checks only point to it")
	assert.Contains(t, page,
		`<td class="nowrap fail"><span aria-hidden="true">✗</span> in</td><td><code>no line</code><br>line 3 `+
			`is: odd</td>`)
}

func TestFindingsThatAgreeAreOne(t *testing.T) {
	item := []result.Item{{Status: result.Fail, File: "Dockerfile", Line: 1, Got: "WROKDIR", Hint: "Write WORKDIR."}}
	r := result.Report{Source: &result.Source{Dockerfile: "WROKDIR", IgnoreFile: ".dockerignore", Ignore: "*\n"},
		Checks: []result.Check{{ID: "a", Items: append(item, item...)}, {ID: "b", Items: item}}}
	got := files(r)
	require.Len(t, got, 2)
	assert.Equal(t, []finding{{[]string{"a", "b"}, "WROKDIR", "Write WORKDIR."}}, got[0].Lines[0].Findings)
	assert.Equal(t, file{Name: ".dockerignore", Lines: []codeLine{{Number: 1, Text: "*"}}}, got[1])
}

// TestHugeTextsAreCut: a page stays one that a browser opens, and says what it leaves out.
func TestHugeTextsAreCut(t *testing.T) {
	wide, long := strings.Repeat("w", 64<<10), strings.Repeat("line\n", 5000)
	for name, r := range map[string]result.Report{
		"wide": filled(wide), "long": filled(long),
		"a wide Dockerfile": {Source: &result.Source{Dockerfile: wide}},
		"a long Dockerfile": {Source: &result.Source{Dockerfile: long}},
	} {
		assert.Less(t, len(render(t, r, HTML)), 1<<20, name)
	}
	assert.Contains(t, render(t, result.Report{Source: &result.Source{Dockerfile: long}}, HTML),
		"… and 4500 more lines.")
	assert.Equal(t, "line\n… and 4800 more lines", whole(long)[len("line\n")*(blockLines-1):])
	assert.Equal(t, "4800 lines before this …\nline\nline", tail(long)[:len("4800 lines before this …\nline\nline")])
	assert.Equal(t, strings.Repeat("w", briefRunes)+" … (64336 more characters)", brief(wide))
}

func TestAgain(t *testing.T) {
	r := result.Report{Seed: "ab", Rubric: result.Rubric{ID: "task-api"}}
	assert.Equal(t, "taskgrader grade --rubric task-api --seed ab", again(r, nil))
	assert.Equal(t, "taskgrader grade --rubric task-api --only a,b --seed ab", again(r, nil, "a", "b"))
	assert.Equal(t, `taskgrader grade --rubric task-api --seed ab --out reports/a 'Ada'\''s  work' '$(rm -rf x)'`,
		again(r, []string{"--out", "reports/a", "Ada's  work", "$(rm -rf x)"}))
	r.Rubric.File = "task-api.yaml" // of one's own, beside
	assert.Equal(t, "taskgrader grade --rubric task-api.yaml --seed ab", again(r, nil))
	r.Rubric.File = "my course/first.yaml"
	assert.Equal(t, "taskgrader grade --rubric 'my course/first.yaml' --seed ab", again(r, nil))
	hidden := result.Check{ID: "hidden-1", Status: result.Fail, Hidden: true}
	r.Audience = result.Student
	assert.Empty(t, checkViewOf(r, hidden).Again, "no command knows a hidden check by that name")
	r.Audience = result.Instructor
	assert.NotEmpty(t, checkViewOf(r, hidden).Again)
}

func TestHistoryIsForTheInstructor(t *testing.T) {
	score := 40.0
	r := result.Report{History: []result.Earlier{
		{StartedAt: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Score: &score, Why: "the submission changed",
			Changes: []result.Change{{ID: "create", Was: result.Fail, Now: result.Pass, After: 5}}},
		{Why: "the grader failed last time"}}}
	page := render(t, r.For(result.Instructor), HTML)
	assert.Contains(t, page,
		`<th scope="row">2026-01-02 03:04</th><td class="num">40</td><td>the submission `+
			`changed</td><td><div><code>create</code> failed 0 → passed 5</div></td>`)
	assert.Contains(t, page, `<td class="num">no score</td><td>the grader failed last time</td><td>nothing</td>`)
	assert.NotContains(t, render(t, r.For(result.Student), HTML), "Graded before")
}

func TestBars(t *testing.T) {
	r := result.Report{Image: &result.Image{SizeBytes: 100,
		Layers: []result.Layer{{Bytes: 60_000_000, Base: true, Instruction: "base"}, {Bytes: 0},
			{Bytes: 20_000_000, Instruction: "COPY . ."}}}}
	assert.Equal(t, []bar{{0, 750, "base", "60.0 MB  base"}, {750, 0, "own1", "0 B  "},
		{750, 250, "own2", "20.0 MB  COPY . ."}}, bars(r))
	assert.Nil(t, bars(result.Report{}))
	assert.Nil(t, bars(result.Report{Image: &result.Image{SizeBytes: 1, Layers: []result.Layer{{}}}}))
}

func TestTextIsHarmless(t *testing.T) {
	for _, audience := range []result.Audience{result.Student, result.Instructor} {
		bad := render(t, filled(hostile+"\nPASS forged\n").For(audience), plainText)
		assert.Empty(t, control(bad))
		good := render(t, filled(benign).For(audience), plainText)
		assert.NotContains(t, bad, "\nPASS forged", "no text makes a line of its own")
		for _, line := range strings.Split(good, "\n") {
			assert.LessOrEqual(t, len([]rune(line)), 2*textWidth) // commands stay whole
		}
	}
	var b bytes.Buffer
	require.NoError(t, Text(&b, filled(hostile), TextOptions{Color: true}))
	ours := regexp.MustCompile("\x1b\\[(0|1|3[1-6]|1;35)m")
	assert.Empty(t, control(ours.ReplaceAllString(b.String(), "")), "colour is ours alone")
}

func TestText(t *testing.T) {
	score := 7.5
	r := result.Report{Score: &score, MaxScore: 10, Seed: "ab12", Submission: result.Submission{ID: "ada"},
		Rubric: result.Rubric{ID: "task-api", Title: "Task API"},
		Skills: []result.Skill{{Name: "Web", Points: 7.5, MaxPoints: 10, Mastered: false},
			{Name: "Build", Points: 1, MaxPoints: 1, Mastered: true}}, Notes: []string{"a note"},
		Checks: []result.Check{
			{ID: "builds", Title: "It builds", Status: result.Pass, Points: 2, MaxPoints: 2},
			{ID: "create", Title: "It creates", Status: result.Fail, MaxPoints: 2.5, Want: "201", Got: "500",
				Hint: "look",
				Items: []result.Item{{Name: "POST /tasks", Status: result.Fail, Want: "201", Got: "500",
					Hint: "look", File: "r.yaml", Line: 3}, {Name: "fine", Status: result.Pass}},
				Evidence: []result.Evidence{{Kind: "rubric", File: "r.yaml", Line: 3, Text: "- {send: POST /tasks}"},
					{Kind: "exchange", Text: "POST /tasks\n500"}, {Kind: "command", Text: "curl x"},
					{Kind: "log", Text: "unseen"}}},
			{ID: "read", Title: "It reads", Status: result.Blocked, MaxPoints: 5, BlockedBy: "create"},
			{ID: "odd", Title: "It could not be asked", Status: result.Error, MaxPoints: 0.5},
		}}
	assert.Equal(t, `ada — Task API

PASS         2/2  builds           It builds
FAIL       0/2.5  create           It creates
    r.yaml:3 | - {send: POST /tasks}
    POST /tasks
    500
    want  201
    got   500
    hint  look
    curl  curl x
ERROR      –/0.5  odd              It could not be asked
BLOCKED      –/5  not judged, because create did not pass
                  read

    Web                                   7.5 / 10
  ✓ Build                                   1 / 1
  note: a note

Score 7.5 of 10
Again taskgrader grade --rubric task-api --seed ab12
      taskgrader grade --rubric task-api --only create --seed ab12
`, render(t, r, plainText))
	var only bytes.Buffer
	r.Checks = append(r.Checks, result.Check{ID: "also", Status: result.Fail})
	require.NoError(t, Text(&only, r, TextOptions{Only: []string{"also", "create"}}))
	assert.Equal(t, 1, strings.Count(only.String(), "taskgrader grade"), "what was asked alone is not offered again")
	r.Score, r.Problem, r.Checks, r.Skills, r.Notes = nil, &result.Problem{Phase: "build", Message: "no daemon",
		Hint: "start it"}, nil, nil, nil
	var b bytes.Buffer
	require.NoError(t, Text(&b, r, TextOptions{Page: "reports/ada.html", Only: []string{"create"},
		Args: []string{"my work"}}))
	assert.Equal(t, `ada — Task API



No score: the grader could not finish. This is not the student's fault.
  build: no daemon
  hint: start it
Page  reports/ada.html
Again taskgrader grade --rubric task-api --only create --seed ab12 'my work'
`, b.String())
}

func TestTextOfManyItems(t *testing.T) {
	c := result.Check{ID: "a", Status: result.Fail}
	for i := range 9 {
		c.Items = append(c.Items, result.Item{Name: fmt.Sprint("item", i), Status: result.Fail, Hint: "fix"})
	}
	text := render(t, result.Report{Checks: []result.Check{c}}, plainText)
	assert.Contains(t, text, "item5")
	assert.NotContains(t, text, "item6")
	assert.Contains(t, text, "… and 3 more, on the page")
}

// TestLinesAreSaidOnce: where a check's own hint has the lines of all its items, no item repeats one.
func TestLinesAreSaidOnce(t *testing.T) {
	edit := func(lines string) *result.Edit { return &result.Edit{File: ".dockerignore", New: lines} }
	item := func(line string) result.Item {
		return result.Item{Name: line, Status: result.Fail, Hint: "Write " + line, Edit: edit(line)}
	}
	c := result.Check{ID: "a", Status: result.Fail, Hint: "Write both.", Edit: edit(".env\n*.pem"),
		Items: []result.Item{item(".env"), item("*.pem"), {Status: result.Pass, Hint: "An advice."}}}
	r := result.Report{Checks: []result.Check{c}}
	for _, shown := range []func(io.Writer, result.Report) error{plainText, HTML} {
		text := render(t, r, shown)
		assert.Contains(t, text, "Write both.")
		assert.NotContains(t, text, "Write *.pem")
	}
	r.Checks[0].Edit = edit(".env")
	assert.Contains(t, render(t, r, plainText), "Write *.pem", "which the check's own hint does not say")
}

// TestTextFitsATerminal: what is not to be copied keeps within its columns: 80, unless the terminal
// has others.
func TestTextFitsATerminal(t *testing.T) {
	for _, text := range []string{strings.Repeat("many words ", 60), strings.Repeat("日本 ", 100)} {
		r := filled(text)
		r.Checks[2].Evidence[1].Rows = [][]string{{"where", "want", "got"}, {text, text, text}}
		for terminal, want := range map[int]int{0: 80, 10: 40, 40: 40, 60: 60, 100: 100, 300: 120} {
			longest := 0
			for _, line := range strings.Split(render(t, r, func(w io.Writer,
				r result.Report) error {
				return Text(w, r, TextOptions{Width: terminal})
			}), "\n") {
				if !strings.Contains(line, "curl  ") && !strings.Contains(line, "taskgrader grade ") {
					assert.LessOrEqual(t, len([]rune(line)), want, line)
					longest = max(longest, len([]rune(line)))
				}
			}
			assert.Greater(t, longest, want-10, "it uses what there is")
		}
	}
}

// TestTextTellsTheStory: of a walk that failed the hint says to follow its story, so it is there.
func TestTextTellsTheStory(t *testing.T) {
	var b strings.Builder
	require.NoError(t, plainText(&b, result.Report{Checks: []result.Check{{ID: "walk", Status: result.Fail,
		Want: "a list", Evidence: []result.Evidence{{Kind: "story",
			Text: "POST /notes {}  -> 201\nGET /notes  -> 200\n   want a list"}}}}}))
	assert.Contains(t, b.String(), "    POST /notes {} -> 201\n    GET /notes -> 200\n    want  a list\n")
}

func TestTextShowsWhatDiffers(t *testing.T) {
	c := result.Check{ID: "update", Status: result.Fail, Want: "$.title = a", Got: "$.title = b", Hint: "Replace it.",
		Items: []result.Item{{Name: "GET /tasks/$x", Status: result.Fail}},
		Evidence: []result.Evidence{{Kind: "diff", Rows: [][]string{{"where", "want", "got"},
			{"$.title", "\"a\"", "\"b\", which is $a"}}}, {Kind: "command", Text: "curl -d '{\"a\":  1}'\nrm"}}}
	r := result.Report{Checks: []result.Check{c}}
	text := render(t, r, plainText)
	assert.Contains(t, text, "\n      $.title  want \"a\"  got \"b\", which is $a\n")
	assert.NotContains(t, text, "$.title = a", "the difference says it")
	assert.Contains(t, text, "\n    curl  curl -d '{\"a\":  1}'␤rm\n", "blanks stay, and it is one line")
	var narrow bytes.Buffer
	require.NoError(t, Text(&narrow, r, TextOptions{Width: 40}))
	assert.Contains(t, narrow.String(), "\n    $.title\n      want  \"a\"\n      got   \"b\", which is $a\n",
		"one below the other, where a line is too short")
}

func TestChange(t *testing.T) {
	was := result.Check{ID: "create", Title: "It creates", Status: result.Fail, MaxPoints: 2, Hint: "look", Got: "500"}
	for _, change := range []struct {
		name string
		to   result.Check
		want string
	}{
		{"as before", was, ""},
		{"other answer, same fault", result.Check{ID: "create", Status: result.Fail, MaxPoints: 2, Hint: "look",
			Got: "502"}, ""},
		{"the same advice for another reason", result.Check{ID: "create", Title: "It creates", Status: result.Fail,
			MaxPoints: 2, Hint: "look", Got: "NameError"},
			"FAIL         0/2  create           It creates\n    got   NameError\n    hint  look\n"},
		{"fixed", result.Check{ID: "create", Title: "It creates", Status: result.Pass, Points: 2, MaxPoints: 2},
			"PASS         2/2  create           It creates\n"},
		{"another fault", result.Check{ID: "create", Title: "It creates", Status: result.Fail, MaxPoints: 2, Want: "a",
			Got: "b", Hint: "read"},
			"FAIL         0/2  create           It creates\n    want  a\n    got   b\n    hint  read\n"},
		{"blocked", result.Check{ID: "create", Status: result.Blocked, BlockedBy: "builds"}, ""},
		{"ours", result.Check{ID: "create", Status: result.Error}, ""},
	} {
		var b bytes.Buffer
		said, err := Change(&b, was, change.to, TextOptions{})
		require.NoError(t, err)
		assert.Equal(t, change.want, b.String(), change.name)
		assert.Equal(t, change.want != "", said, change.name)
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain\tand\nlines": "plain\tand\nlines", "a\r\nb": "a\nb", "\x1b[31m": "␛[31m", "a\x00b": "a␀b",
		"\x7f": "\ufffd", "\u009b31m": "\ufffd31m", "\u202eevil": "\ufffdevil",
		"\xff": "\ufffd", "日本 é 🎉": "日本 é 🎉", "a\u2028b": "a\ufffdb",
	} {
		assert.Equal(t, want, clean(in), "%q", in)
	}
	assert.Equal(t, "a b c", oneLine(" a\n\tb  c ", 10))
	assert.Equal(t, "日本日…", oneLine("日本日本日", 4))
}

func FuzzClean(f *testing.F) {
	f.Add(hostile)
	f.Fuzz(func(t *testing.T, s string) {
		if bad := control(strings.ReplaceAll(clean(s), "\t", "")); bad != nil {
			t.Fatalf("%q has %q", clean(s), bad)
		}
		if strings.ContainsAny(oneLine(s, 80), "\n\t") || len([]rune(oneLine(s, 80))) > 80 {
			t.Fatalf("%q is no one line", oneLine(s, 80))
		}
	})
}

func TestPoints(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 1: "1", 10: "10", 100: "100", 0.5: "0.5", 3.33: "3.33", 2.5: "2.5",
		0.1 + 0.2: "0.3"} {
		assert.Equal(t, want, points(n))
	}
}

const schemaFile = "report.schema.json"

func TestSchemaIsFresh(t *testing.T) {
	want, err := Schema()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(schemaFile, want, 0o644))
	}
	got, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	if !bytes.Equal(want, got) {
		t.Fatalf("%s is out of date: go test ./grader/report -run TestSchemaIsFresh -update", schemaFile)
	}
}

func TestReportsFitTheSchema(t *testing.T) {
	text, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	var s jsonschema.Schema
	require.NoError(t, json.Unmarshal(text, &s))
	resolved, err := s.Resolve(nil)
	require.NoError(t, err)
	validate := func(r result.Report, change func(map[string]any)) error {
		var v map[string]any
		require.NoError(t, json.Unmarshal([]byte(render(t, r, JSON)), &v))
		change(v)
		return resolved.Validate(v)
	}
	asIs := func(map[string]any) {}
	least := result.Report{Schema: result.Schema, Audience: result.Student, Status: result.Error,
		Phases: []result.Phase{}, Skills: []result.Skill{}, Checks: []result.Check{}}
	assert.NoError(t, validate(least, asIs))
	assert.NoError(t, validate(least.For(result.Student), asIs), "no checks are an empty list, for students too")
	assert.NoError(t, validate(filled(hostile), asIs))
	hidden := filled(benign)
	hidden.Checks[1].Hidden = true
	assert.NoError(t, validate(hidden.For(result.Student), asIs))
	for name, change := range map[string]func(map[string]any){
		"another schema":       func(v map[string]any) { v["schema"] = "taskgrader/report/v2" },
		"an unknown status":    func(v map[string]any) { v["status"] = "fine" },
		"a check's status":     func(v map[string]any) { v["checks"].([]any)[0].(map[string]any)["status"] = "graded" },
		"an unknown key":       func(v map[string]any) { v["extra"] = 1 },
		"no submission":        func(v map[string]any) { delete(v, "submission") },
		"a score that is null": func(v map[string]any) { v["score"] = nil },
		"checks that are null": func(v map[string]any) { v["checks"] = nil },
		"points that are text": func(v map[string]any) { v["checks"].([]any)[0].(map[string]any)["points"] = "1" },
	} {
		assert.Error(t, validate(filled(benign), change), name)
	}
}

// TestMarked: what stands between backticks is code, whatever a student wrote there, and a lone
// backtick is none.
func TestMarked(t *testing.T) {
	for text, want := range map[string]string{
		"Make line 1 of Dockerfile `FROM <x>`.": "Make line 1 of Dockerfile <code>FROM &lt;x&gt;</code>.",
		"a ` b <i>":                             "a ` b &lt;i&gt;",
		"plain & simple":                        "plain &amp; simple",
	} {
		assert.Equal(t, want, string(marked(text)))
	}
}

// TestShifts: where one line to write moves another, the order to write them in is said.
func TestShifts(t *testing.T) {
	page := func(edits ...*result.Edit) string {
		r := result.Report{Audience: result.Student}
		for i, e := range edits {
			r.Checks = append(r.Checks, result.Check{ID: fmt.Sprint(i), Status: result.Fail, MaxPoints: 1, Edit: e})
		}
		var b bytes.Buffer
		require.NoError(t, HTML(&b, r))
		return b.String()
	}
	const said = "begin with the lowest"
	assert.Contains(t, page(&result.Edit{File: "Dockerfile", Line: 2}, &result.Edit{File: "Dockerfile", Line: 5}), said)
	assert.NotContains(t, page(&result.Edit{File: "Dockerfile", Line: 2},
		&result.Edit{File: ".dockerignore", Line: 5}), said)
	assert.NotContains(t, page(&result.Edit{File: "Dockerfile", Line: 2}), said)
}

// TestAdvice: what costs nothing is under a heading of its own, and is none of the things to fix.
func TestAdvice(t *testing.T) {
	r := result.Report{Status: result.Graded, Score: new(float64), Checks: []result.Check{{ID: "a", Title: "A",
		Status: result.Partial, Points: 6, MaxPoints: 6, Items: []result.Item{{Name: "one", Status: result.Pass},
			{Name: "two", Status: result.Fail, Got: "CMD a", Advice: true}}}}}
	var html, text strings.Builder
	require.NoError(t, HTML(&html, r))
	require.NoError(t, Text(&text, r, TextOptions{}))
	page := strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html.String(), " ")), " ")
	assert.Contains(t, page, "Everything that was asked holds.")
	assert.Contains(t, page, "Advice 1 Nothing is lost here: all points are yours, and it would be better still. "+
		"◐ advice A 6 / 6")
	assert.NotContains(t, page, "partly")
	assert.NotContains(t, page, "failed")
	assert.Contains(t, text.String(), "ADVICE       6/6  a")
}

// TestForeseen: what can be seen of a blocked check already stands beside it.
func TestForeseen(t *testing.T) {
	r := result.Report{Status: result.Graded, Score: new(float64), Checks: []result.Check{{ID: "builds", Title: "B",
		Status: result.Fail, MaxPoints: 6, Got: "g"}, {ID: "listens", Title: "L", Status: result.Blocked,
		BlockedBy: "builds", MaxPoints: 3, Items: []result.Item{{Name: "port", Status: result.Blocked,
			Got: "CMD says 80", Hint: "Write 8000."}, {Name: "quiet", Status: result.Blocked}}}}}
	var html, text strings.Builder
	require.NoError(t, HTML(&html, r))
	require.NoError(t, Text(&text, r, TextOptions{}))
	assert.Contains(t, html.String(),
		"<br><small>Seen already: CMD says 80. <strong>Write 8000.</strong></small></span>")
	assert.Equal(t, 1, strings.Count(html.String(), "Seen already"))
	assert.Contains(t, text.String(), "seen already: CMD says 80. Write 8000.\n")
}
