package export

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/person"
	"github.com/taskgrader/taskgrader/grader/result"
)

var update = flag.Bool("update", false, "write the golden files anew")

// check makes a check; its texts say of which.
func check(id string, status result.Status, points, most float64) result.Check {
	c := result.Check{ID: id, Kind: "http", Title: "It does " + id, Skill: "web", Status: status, Points: points,
		MaxPoints: most, DurationMS: 120}
	switch status {
	case result.Fail, result.Partial:
		c.Want, c.Got, c.Hint = "201", "500", "Look at "+id+"."
		c.Items = []result.Item{{Name: "POST /tasks", Status: result.Fail, Want: "201", Got: "500", File: "Dockerfile",
			Line: 3}, {Name: "GET /tasks", Status: result.Pass}}
		c.Evidence = []result.Evidence{{Kind: "exchange", Text: "POST /tasks\n\n500 Internal Server Error"},
			{Kind: "command", Text: "curl -X POST http://x/tasks"}}
	case result.Blocked:
		c.BlockedBy = "builds"
	}
	return c
}

func hidden(c result.Check) result.Check { c.Hidden = true; return c }
func bonus(c result.Check) result.Check  { c.Bonus = true; return c }

// reportOf sums checks up as the grader does.
func reportOf(id string, checks ...result.Check) *result.Report {
	r := &result.Report{Schema: result.Schema, Audience: result.Instructor, Status: result.Graded, Checks: checks,
		Seed: "ab12", DurationMS: 4321,
		StartedAt:  time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Submission: result.Submission{ID: id, Digest: "sha256:" + id},
		Rubric:     result.Rubric{ID: "task-api", Title: "Task API", Digest: "sha256:r"},
		Grader:     result.Grader{Version: "v1"}}
	var got, all []float64
	for _, c := range checks {
		got = append(got, c.Points)
		if !c.Bonus {
			all = append(all, c.MaxPoints)
		}
		if c.Status == result.Error {
			r.Status, r.Problem = result.Error, &result.Problem{Phase: "check", Message: "the daemon is gone"}
		}
	}
	r.MaxScore = result.Sum(all...)
	if score := result.Sum(got...); r.Status == result.Graded {
		r.Score = &score
	}
	return r
}

func student(id, name string, checks ...result.Check) Student {
	s := Student{ID: id, Submission: id, Name: name, Email: id + "@x.edu", State: class.Graded,
		Report: reportOf(id, checks...)}
	if s.Report.Score == nil {
		s.State, s.Note = class.Error, "check: the daemon is gone"
	}
	return s
}

func classOf(students ...Student) Class {
	c := Class{Rubric: result.Rubric{ID: "task-api", Title: "Task API", Digest: "sha256:r"}, Students: students}
	for _, s := range students {
		if s.Report != nil && c.Checks == nil {
			c.MaxScore = s.Report.MaxScore
			for _, k := range s.Report.Checks {
				c.Checks = append(c.Checks, k.ID)
			}
		}
	}
	return c
}

func format(t *testing.T, name string) Format {
	t.Helper()
	i := slices.IndexFunc(All(), func(f Format) bool { return f.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return All()[i]
}

func writeAll(t *testing.T, name string, c Class, o Options) ([]byte, []Note) {
	t.Helper()
	var b bytes.Buffer
	notes, err := format(t, name).All(&b, c, o)
	require.NoError(t, err)
	return b.Bytes(), notes
}

func writeOne(t *testing.T, name string, s Student) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, format(t, name).One(&b, s, Options{Env: func(k string) string { return classroom50Env[k] }}))
	return b.Bytes()
}

// worksheet returns what Moodle gives for a class.
func worksheet(c Class, maximum string) *Sheet {
	text := "Identifier,\"Full name\",\"Email address\",Status,Grade,\"Maximum Grade\",\"Grade can be " +
		"changed\",\"Last modified (submission)\",\"Last modified (grade)\",\"Feedback comments\"\n"
	for i, s := range c.Students {
		if !s.Second {
			text += fmt.Sprintf(
				"\"Participant %d\",\"%s\",%s,Submitted,12.00,%s,Yes,-,\"Monday, 5 January 2026, 10:00 AM\",\"well, "+
					"done\"\n", 100+i, strings.ReplaceAll(strings.ToValidUTF8(s.Name, "?"), `"`, `""`), s.Email,
				maximum)
		}
	}
	return &Sheet{Name: "worksheet.csv", Text: []byte(text)}
}

var english = map[string]string{"Identifier": "Identifier", "Grade": "Grade",
	"Last modified (grade)": "Last modified (grade)", "Participant": "Participant "}

// accepted gives every format to its reader, and checks that all have the same points. It is in
// hundredths.
func accepted(t *testing.T, c Class) {
	t.Helper()
	want, before := map[string]int{}, map[string]string{}
	course := canvasCourse{assignments: map[string]string{"12345": "Task API"}}
	highest := c.MaxScore
	for i, s := range c.Students {
		if s.Second {
			continue
		}
		before[strconv.Itoa(100+i)] = "12.00"
		course.students = append(course.students, canvasStudent{id: strconv.Itoa(5000 + i), sis: "sis" + s.ID,
			login: s.ID, name: s.Name, grade: "11.00"})
		if score, ok := s.Score(); ok {
			want[s.ID] = hundredths(score)
			highest = max(highest, score)
		}
	}
	same := func(format string, s Student, points float64) {
		t.Helper()
		if hundredths(points) != want[s.ID] {
			t.Fatalf("%s: %s has %v, not %d hundredths", format, s.ID, points, want[s.ID])
		}
	}
	parse := func(text string) float64 {
		n, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		return n
	}

	text, _ := writeAll(t, "canvas", c, Options{Sheet: &Sheet{Name: "gradebook.csv", Text: course.gradebook()},
		Assignment: "Task API (12345)"})
	require.NoError(t, course.importGrades(text))
	require.Empty(t, course.unmatched)
	require.Empty(t, course.created)
	direct := canvasCourse{assignments: map[string]string{"12345": "Task API"}}
	for _, s := range course.students {
		direct.students = append(direct.students, canvasStudent{login: s.login, grade: "11.00"})
	}
	text, _ = writeAll(t, "canvas", c, Options{Assignment: "Task API (12345)"})
	require.NoError(t, direct.importGrades(text))
	sheet := worksheet(c, fixed(highest))
	text, _ = writeAll(t, "moodle", c, Options{Sheet: sheet, Feedback: true})
	grades, err := moodleImport(text, english, highest, before)
	require.NoError(t, err)
	text, _ = writeAll(t, "nbgrader", c, Options{})
	scores, err := readNbgrader(text)
	require.NoError(t, err)
	require.Len(t, scores, len(want))
	text, _ = writeAll(t, "csv", c, Options{})
	rows, err := readCSV(text)
	require.NoError(t, err)
	text, _ = writeAll(t, "junit", c, Options{})
	suites, err := readJUnit(text)
	require.NoError(t, err)
	require.Len(t, suites, len(c.Students))

	at := -1
	for i, s := range c.Students {
		if s.Second {
			continue
		}
		at++
		if _, ok := want[s.ID]; !ok {
			require.Equal(t, "11.00", course.students[at].grade, "the old grade stays")
			require.Equal(t, "11.00", direct.students[at].grade, "the old grade stays")
			require.Equal(t, "12.00", grades[strconv.Itoa(100+i)], "the old grade stays")
			require.NotContains(t, scores, s.ID)
			require.NotContains(t, suites[s.ID].properties, "score")
			if s.Ours() {
				require.Equal(t, "error", rows[s.ID]["score"])
				require.Positive(t, suites[s.ID].errors)
			} else {
				require.Equal(t, map[class.State]string{class.Missing: "", class.Waiting: "waiting"}[s.State],
					rows[s.ID]["score"])
				require.Positive(t, suites[s.ID].skipps)
			}
			continue
		}
		same("canvas", s, parse(course.students[at].grade))
		same("canvas without a gradebook", s, parse(direct.students[at].grade))
		same("moodle", s, parse(grades[strconv.Itoa(100+i)]))
		same("nbgrader", s, scores[s.ID])
		same("csv", s, parse(rows[s.ID]["score"]))
		points := 0.0
		for _, id := range c.Checks {
			points += parse(rows[s.ID][id])
		}
		same("csv, the checks", s, points)
		same("junit", s, parse(suites[s.ID].properties["score"]))
		points = 0
		for name, value := range suites[s.ID].properties {
			if strings.HasPrefix(name, "points.") {
				points += parse(value)
			}
		}
		same("junit, the checks", s, points)
	}
	for _, s := range c.Students {
		if s.Second {
			continue
		}
		acceptedAlone(t, s, func(format string, points float64) { t.Helper(); same(format, s, points) })
	}
}

func acceptedAlone(t *testing.T, s Student, same func(format string, points float64)) {
	t.Helper()
	score, ok := s.Score()
	if !ok {
		for _, name := range []string{"gradescope", "classroom", "classroom50", "prairielearn"} {
			var b bytes.Buffer
			err := format(t, name).One(&b, s, Options{})
			if name == "prairielearn" && s.Ours() {
				require.NoError(t, err)
				share, _, _, err := readPrairielearn(b.Bytes())
				require.NoError(t, err)
				require.Nil(t, share, "not gradable")
				continue
			}
			var none *NoScoreError
			require.ErrorAs(t, err, &none, name)
			require.Empty(t, b.Bytes(), name)
		}
		return
	}
	shown, sum, err := readGradescope(writeOne(t, "gradescope", s))
	require.NoError(t, err)
	same("gradescope", shown)
	same("gradescope, the tests", sum)

	if s.Report.MaxScore > 0 {
		run, err := readClassroom(writeOne(t, "classroom", s))
		require.NoError(t, err)
		if run.notified != score {
			t.Fatalf("classroom: %v is notified, not %v", run.notified, score)
		}
		require.Equal(t, max(score, s.Report.MaxScore), run.most)
		printed, err := strconv.ParseFloat(run.printed, 64)
		require.NoError(t, err)
		if run.tests <= classroomUnits { // always so for whole and half points
			same("classroom, printed", printed)
		}
		require.InDelta(t, score, printed, s.Report.MaxScore/2000, "%d tests", run.tests)
	}

	whole, parts, err := collectClassroom50(writeOne(t, "classroom50", s))
	require.NoError(t, err)
	same("classroom50", float64(whole)/100)
	same("classroom50, the tests", float64(parts)/100)

	share, points, most, err := readPrairielearn(writeOne(t, "prairielearn", s))
	require.NoError(t, err)
	same("prairielearn, the tests", points)
	require.Equal(t, hundredths(s.Report.MaxScore), hundredths(most))
	if most > 0 {
		require.InDelta(t, min(score, most), *share*most, 0.001)
	}
}

// random returns a class with all that a report can have.
func random(r *rand.Rand) Class {
	grain := []float64{1, 0.5, 0.25, 0.01}[r.IntN(4)]
	points := func(most int) float64 { return result.Round(float64(r.IntN(int(float64(most)/grain)+1)) * grain) }
	var checks []result.Check
	for i := range 1 + r.IntN(12) {
		c := check(fmt.Sprintf("c%d", i), result.Pass, 0, points(15)+grain)
		c.MaxPoints = result.Round(c.MaxPoints)
		c.Hidden, c.Bonus = r.IntN(4) == 0, i > 0 && r.IntN(5) == 0
		checks = append(checks, c)
	}
	var students []Student
	for i := range 1 + r.IntN(6) {
		var own []result.Check
		broken := r.IntN(6) == 0
		for _, c := range checks {
			status := []result.Status{result.Pass, result.Pass, result.Partial, result.Fail, result.Blocked}[r.IntN(5)]
			if broken && r.IntN(3) == 0 {
				status = result.Error
			}
			one := check(c.ID, status, 0, c.MaxPoints)
			one.Hidden, one.Bonus = c.Hidden, c.Bonus
			switch status {
			case result.Pass:
				one.Points = c.MaxPoints
			case result.Partial:
				one.Points = min(points(15), c.MaxPoints)
			}
			own = append(own, one)
		}
		s := student(fmt.Sprintf("s%d", i), nasty[r.IntN(len(nasty))]+strconv.Itoa(i), own...)
		switch r.IntN(8) {
		case 0:
			s = Student{ID: s.ID, Name: s.Name, Email: s.Email, State: class.Missing}
		case 1:
			s.State, s.Report, s.Note = class.Waiting, nil, "the submission changed"
		case 2:
			if s.State == class.Graded {
				s.State, s.Note = class.Stale, "the grader changed"
			}
		case 3: // its report could not be written
			s.State, s.Report, s.Note = class.Error, nil, "report: no space left"
		}
		students = append(students, s)
	}
	c := classOf(students...)
	c.Checks, c.MaxScore = nil, 0
	for _, k := range checks {
		c.Checks = append(c.Checks, k.ID)
		c.MaxScore = result.Sum(c.MaxScore, most(k))
	}
	return c
}

// nasty are names as they are.
var nasty = []string{"Jane Doe", "Doe, Jane", `O"Neil, "Al"`, "山田 太郎", "Ünal Çelik", "محمد", "=HYPERLINK(\"http://x\")",
	"+1", "-2", "@sum", "two\nlines", "two\r\n=lines",
	"bell\a\x1b[31m", "\u202eevil", "\xff\xfe", "<b>&amp;</b>", "::notice::x", "##[error]x", "\t=tab", "\u200b=zero",
	"a;b\tc"}

func TestAllFormatsHaveTheSamePoints(t *testing.T) {
	for seed := range uint64(100) {
		c := random(rand.New(rand.NewPCG(seed, 1)))
		accepted(t, c)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// TestClassOfThirty is a class of thirty, one in error, with hidden checks and a bonus.
func TestClassOfThirty(t *testing.T) {
	var students []Student
	for i := range 30 {
		create := check("create", result.Pass, 60, 60)
		if i%3 == 0 {
			create = check("create", result.Partial, float64(i)*2, 60)
		}
		walk := hidden(check("walk", result.Pass, 39.5, 39.5))
		switch {
		case i == 7:
			walk.Status, walk.Points = result.Error, 0
		case i%4 == 0:
			walk = hidden(check("walk", result.Fail, 0, 39.5))
		}
		students = append(students, student(fmt.Sprintf("s%02d", i), fmt.Sprintf("%s %d", nasty[i%len(nasty)], i),
			check("builds", result.Pass, 0.5, 0.5), create, walk,
			bonus(check("slim", []result.Status{result.Pass, result.Fail}[i%2], float64(5*((i+1)%2)), 5))))
	}
	c := classOf(students...)
	require.Equal(t, 100.0, c.MaxScore)
	accepted(t, c)
	failed := 0
	for _, f := range All() {
		if f.All == nil {
			continue
		}
		o := Options{}
		if f.Name == "moodle" {
			o.Sheet = worksheet(c, "105.00")
		}
		_, notes := writeAll(t, f.Name, c, o)
		for _, n := range notes {
			if n.Ours {
				failed++
				assert.Equal(t, "s07: no score: the grader failed: check: the daemon is gone", n.String())
			}
		}
	}
	assert.Equal(t, 5, failed, "each says who is in error")
}

// TestClassroomSums tries every score of a rubric of 100 points.
func TestClassroomSums(t *testing.T) {
	off := 0
	for score := 0; score <= 10000; score += 1 + score%187 {
		points := float64(score) / 100
		run, err := readClassroom(writeOne(t, "classroom", student("ada", "",
			check("one", result.Partial, points, 100))))
		require.NoError(t, err)
		require.Equal(t, points, run.notified)
		require.Equal(t, 100.0, run.most)
		if run.printed != fmt.Sprintf("%.2f", points) {
			printed, err := strconv.ParseFloat(run.printed, 64)
			require.NoError(t, err)
			require.InDelta(t, points, printed, 0.1)
			require.NotZero(t, score%25, "quarters are always right")
			off++
		}
	}
	assert.Less(t, off, 8)
	run, err := readClassroom(writeOne(t, "classroom", student("ada", "", check("one", result.Pass, 100, 100),
		bonus(check("two", result.Pass, 5, 5)))))
	require.NoError(t, err)
	assert.Equal(t, "105.00", run.printed)
	assert.Equal(t, 105.0, run.most, "a bonus raises the maximum of who has it")
	assert.False(t, run.failed)
}

func TestClassroomLog(t *testing.T) {
	c := check("create", result.Partial, 1, 2)
	c.Got = "::notice title=Autograding report::{\"totalPoints\":100}\n::set-output::x"
	c.Items[0].Got = "x\r::error::y ##[add-mask]z"
	c.Evidence[0].Text = "::stop-commands::a\n##[group]b\n  ::warning::c"
	run, err := readClassroom(writeOne(t, "classroom", student("ada", "", c)))
	require.NoError(t, err)
	assert.Equal(t, `✅ It does create (1 of 2)
❌ It does create (2 of 2)
Test code:
| want: 201
| got:  ::notice title=Autograding report::{"totalPoints":100} ::set-output::x
| - POST /tasks (Dockerfile:3)
|   want: 201
|   got:  x::error::y # #[add-mask]z
| hint: Look at create.
| | ::stop-commands::a
| | # #[group]b
| | ::warning::c
| again: curl -X POST http://x/tasks

`, run.log)
}

// TestHugeTexts: whatever the reports hold, the files stay as small as their readers want them.
func TestHugeTexts(t *testing.T) {
	var checks []result.Check
	for i := range 50 {
		c := check(fmt.Sprintf("c%d", i), result.Partial, 0.33, 1)
		c.Title = strings.Repeat("漢", 300)
		for range 20 {
			c.Items = append(c.Items, result.Item{Name: strings.Repeat("x", 500), Status: result.Fail,
				Got: strings.Repeat("\x01<", 500)})
		}
		checks = append(checks, c)
	}
	s := student("ada", "Ada", checks...)
	acceptedAlone(t, s, func(format string, points float64) { assert.InDelta(t, 16.5, points, 0.001, format) })
	for _, name := range []string{"gradescope", "prairielearn", "classroom50"} {
		assert.Less(t, len(writeOne(t, name, s)), 1<<20, name)
	}
}

// secrets fills every text below a hidden check but those that a student may see.
func secrets(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("SECRET" + name)
	case reflect.Int, reflect.Int64:
		v.SetInt(777)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		secrets(v.Index(0), name)
	case reflect.Struct:
		for i := range v.NumField() {
			secrets(v.Field(i), name+v.Type().Field(i).Name)
		}
	}
}

func TestHiddenChecksStayHidden(t *testing.T) {
	for i, status := range []result.Status{result.Pass, result.Partial, result.Fail, result.Blocked, result.Error,
		result.Fail} {
		var h result.Check
		secrets(reflect.ValueOf(&h).Elem(), "")
		h.Title, h.Hint, h.Status, h.Points, h.MaxPoints, h.Hidden, h.Bonus = "It walks", "Walk on.", status, 1, 3,
			true, false
		h.Evidence[0].Kind = "exchange"
		if i == 5 { // what is called by its id has no title
			h.Title = ""
		}
		s := student("ada", "Ada", check("builds", result.Pass, 2, 2), h)
		s.Report.Checks[0].BlockedBy = h.ID
		s.Report.Run = &result.Run{Port: 8000, Log: "SECRETlog"}
		s.Report.Problem = &result.Problem{Phase: "check", Message: "SECRETmessage"}
		s.Note = "check: SECRETmessage"
		c := classOf(s)
		outputs := map[string][]byte{}
		for _, f := range All() {
			switch {
			case f.Name == "junit":
				outputs[f.Name], _ = writeAll(t, f.Name, c, Options{})
			case f.Name == "moodle":
				outputs[f.Name], _ = writeAll(t, f.Name, c, Options{Sheet: worksheet(c, "100"), Feedback: true})
			case f.One != nil:
				var b bytes.Buffer
				err := f.One(&b, s, Options{Env: func(k string) string { return classroom50Env[k] }})
				if status != result.Error {
					require.NoError(t, err)
				}
				outputs[f.Name] = b.Bytes()
				if f.Name == "classroom" {
					outputs[f.Name], err = base64.StdEncoding.DecodeString(strings.TrimSpace(b.String()))
					require.NoError(t, err)
				}
			}
		}
		require.Len(t, outputs, 6)
		for name, text := range outputs {
			assert.NotContains(t, string(text), "SECRET", "%s, %s", name, status)
			assert.NotContains(t, string(text), "777", "%s, %s", name, status)
			if name != "moodle" && status != result.Error {
				assert.Contains(t, string(text), map[bool]string{true: "hidden-1", false: "It walks"}[i == 5], "%s, %s",
					name, status)
			}
		}
	}
}

// TestNames: whoever reads a file finds every name again, and no spreadsheet runs one.
func TestNames(t *testing.T) {
	for _, name := range nasty {
		c := classOf(student("ada", name, check("builds", result.Pass, 1, 1)))
		folded := strings.Join(strings.Fields(strings.Map(func(r rune) rune {
			if r < 0x20 && r != '\n' && r != '\t' || unicode.Is(unicode.Cf, r) {
				return -1
			}
			return r
		}, strings.ToValidUTF8(name, ""))), " ")
		found := func(got string) {
			t.Helper()
			got = strings.NewReplacer("\ufffd", "", "␇", "", "␛", "").Replace(got)
			assert.Equal(t, folded, strings.TrimPrefix(got, "'"), "%q", name)
			assert.False(t, formula(got), "%q", got)
		}
		text, _ := writeAll(t, "csv", c, Options{})
		rows, err := readCSV(text)
		require.NoError(t, err)
		found(rows["ada"]["name"])
		text, _ = writeAll(t, "canvas", c, Options{})
		all, err := records(text, 0)
		require.NoError(t, err)
		found(all[2][0])
		text, _ = writeAll(t, "nbgrader", c, Options{})
		all, err = records(text, 0)
		require.NoError(t, err)
		for _, part := range all[1][4:6] {
			assert.False(t, formula(part), "%q", part)
		}
		first, last := names(name)
		assert.Equal(t, nameKey(strings.ToValidUTF8(strings.ReplaceAll(name, "\r", ""), "")), nameKey(first+" "+last),
			"%q", name)
	}
}

// nameKey returns a name whatever the order of its words.
func nameKey(name string) string {
	words := strings.Fields(person.Words(name))
	slices.Sort(words)
	return strings.Join(words, " ")
}

func TestCell(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\t=x": "'=x", "\r\n=x": "'=x", "\u200b=x": "'\ufffd=x",
		"＝x": "'＝x", "|calc": "'|calc", "%x": "'%x",
		"José": "José", "a=b": "a=b", "": "", "Zoë \x1b[31m": "Zoë ␛[31m", "a\nb": "a b", "名前": "名前",
		"O'Neil, \"Al\"": "O'Neil, \"Al\"",
	} {
		assert.Equal(t, want, cell(in), "%q", in)
	}
}

// goldenClass has one of each.
func goldenClass() Class {
	checks := func(create, walk, slim result.Check) []result.Check {
		return []result.Check{check("builds", result.Pass, 12, 12), create, hidden(walk), bonus(slim)}
	}
	pass := checks(check("create", result.Pass, 5, 5), check("walk", result.Pass, 3, 3),
		check("slim", result.Pass, 2, 2))
	part := checks(check("create", result.Partial, 2.5, 5), check("walk", result.Fail, 0, 3),
		check("slim", result.Fail, 0, 2))
	odd := checks(check("create", result.Blocked, 0, 5), check("walk", result.Error, 0, 3),
		check("slim", result.Blocked, 0, 2))
	stale, waiting, second := student("fay", "山田 太郎", pass...), student("gus", "Gus Low", part...),
		student("ada", "Ada Lovelace", part...)
	stale.State, stale.Note, stale.Late = class.Stale, "the grader changed", true
	waiting.State, waiting.Report, waiting.Note = class.Waiting, nil, "the submission changed"
	second.Submission, second.Second = "ada-second", true
	return classOf(student("ada", "Ada Lovelace", pass...), student("bob", "O\"Neil, Bob\nthe 2nd", part...),
		student("cyd", "Cyd Nil", odd...),
		Student{ID: "dee", Name: "Dee Dee", Email: "dee@x.edu", State: class.Missing},
		student("eve", "=HYPERLINK(\"http://x\",\"Eve\")", part...), stale, waiting, second)
}

func TestGolden(t *testing.T) {
	c := goldenClass()
	for _, f := range All() {
		t.Run(f.Name, func(t *testing.T) {
			if f.All != nil {
				o := Options{}
				if f.Name == "moodle" {
					o.Sheet, o.Feedback = worksheet(c, "22"), true
				}
				text, notes := writeAll(t, f.Name, c, o)
				golden(t, f.Name+f.Ending, text)
				var said strings.Builder
				for _, n := range notes {
					fmt.Fprintln(&said, n)
				}
				golden(t, f.Name+".notes.txt", []byte(said.String()))
				return
			}
			for _, s := range c.Students[:3] {
				var b bytes.Buffer
				err := f.One(&b, s, Options{Env: func(k string) string { return classroom50Env[k] }})
				var none *NoScoreError
				if errors.As(err, &none) {
					fmt.Fprintln(&b, "nothing:", err)
				} else {
					require.NoError(t, err)
				}
				// for people
				if decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(b.String())); err == nil {
					b.Reset()
					require.NoError(t, json.Indent(&b, decoded, "", "  "))
				}
				golden(t, filepath.Join(f.Name, s.ID+".txt"), b.Bytes())
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "go test ./grader/export -run TestGolden -update, if this is better")
}

// TestFormats: every format says what a user needs.
func TestFormats(t *testing.T) {
	var names []string
	for _, f := range All() {
		names = append(names, f.Name)
		assert.NotEmpty(t, f.Summary, f.Name)
		assert.NotEmpty(t, f.Manual, f.Name)
		assert.True(t, strings.HasPrefix(f.Example, f.Name+" reports"), f.Name)
		assert.True(t, strings.HasPrefix(f.Ending, "."), f.Name)
		assert.True(t, (f.One == nil) != (f.All == nil), f.Name)
		for _, line := range strings.Split(f.Manual, "\n") {
			assert.LessOrEqual(t, len([]rune(line)), 125, line)
		}
	}
	assert.Equal(t, []string{"canvas", "moodle", "nbgrader", "csv", "junit", "gradescope", "classroom", "classroom50",
		"prairielearn"}, names)
}

// TestWriteErrors: a full disk is an error of every format.
func TestWriteErrors(t *testing.T) {
	c := goldenClass()
	for _, f := range All() {
		var err error
		if f.All != nil {
			_, err = f.All(full{}, c, Options{Sheet: map[bool]*Sheet{true: worksheet(c, "22")}[f.Name == "moodle"]})
		} else {
			err = f.One(full{}, c.Students[0], Options{Env: func(k string) string { return classroom50Env[k] }})
		}
		assert.ErrorIs(t, err, io.ErrShortWrite, f.Name)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
