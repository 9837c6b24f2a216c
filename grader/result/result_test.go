package result

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRound(t *testing.T) {
	for in, want := range map[float64]float64{0: 0, 1: 1, 0.005: 0.01, 0.004: 0, 1.0 / 3: 0.33, 2.0 / 3: 0.67,
		99.999: 100, -0.5: -0.5, 12.345: 12.35, 33.333333: 33.33} {
		assert.Equal(t, want, Round(in), "%v", in)
	}
}

func TestSum(t *testing.T) {
	for _, c := range []struct {
		points []float64
		want   float64
	}{
		{nil, 0}, {[]float64{0.1, 0.2}, 0.3}, {[]float64{0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, 1},
		{[]float64{33.33, 33.33, 33.33}, 99.99},
		{[]float64{1.1, 2.2, 3.3}, 6.6}, {[]float64{0.29, 0.57}, 0.86}, {[]float64{5, -2.5}, 2.5},
	} {
		assert.Equal(t, c.want, Sum(c.points...), "%v", c.points)
	}
	var many []float64
	for range 10_000 {
		many = append(many, 0.01)
	}
	assert.Equal(t, 100.0, Sum(many...), "no error adds up")
}

// plant fills every field below v with secrets, each of its own, and gives them. Numbers become odd
// ones.
func plant(v reflect.Value, name string, secrets *[]string) {
	switch v.Kind() {
	case reflect.String:
		s := "SECRET-" + name
		v.SetString(s)
		*secrets = append(*secrets, s)
	case reflect.Int, reflect.Int64:
		v.SetInt(777_000_000 + int64(len(*secrets)))
		*secrets = append(*secrets, fmt.Sprint(v.Int()))
	case reflect.Float64:
		v.SetFloat(888_000_000 + float64(len(*secrets)))
		*secrets = append(*secrets, fmt.Sprint(int64(v.Float())))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			plant(v.Index(i), fmt.Sprintf("%s-%d", name, i), secrets)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		plant(v.Elem(), name, secrets)
	case reflect.Struct:
		for i := range v.NumField() {
			plant(v.Field(i), name+"-"+v.Type().Field(i).Name, secrets)
		}
	default:
		panic("plant: " + v.Type().String())
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// shown is what a student may see of a hidden check.
var shown = map[string]bool{"Title": true, "Points": true, "MaxPoints": true, "Status": true, "Hint": true,
	"Bonus": true, "Hidden": true}

// TestForStudentHidesHiddenChecks plants a secret in every field of a hidden check, those to come
// as well, and looks for each in what a student gets.
func TestForStudentHidesHiddenChecks(t *testing.T) {
	var hidden Check
	var secrets, open []string
	for i := range reflect.TypeFor[Check]().NumField() {
		name := reflect.TypeFor[Check]().Field(i).Name
		into := &secrets
		if shown[name] {
			into = &open
		}
		plant(reflect.ValueOf(&hidden).Elem().Field(i), name, into)
	}
	require.True(t, hidden.Hidden)
	require.Greater(t, len(secrets), 20)
	score := 5.0
	r := Report{Schema: Schema, Audience: Instructor, Status: Error, Score: &score,
		Checks: []Check{{ID: "open", Title: "Open", Status: Blocked, BlockedBy: hidden.ID}, hidden,
			{ID: "gate", Status: Fail}},
		History: []Earlier{{Why: "SECRET-why", Changes: []Change{{ID: hidden.ID}}}},
		Run:     &Run{Port: 8000, Log: "POST SECRET-log"}, Problem: &Problem{Phase: "check",
			Message: `asking "SECRET-ID": SECRET-message`, Hint: "try again"}}
	secrets = append(secrets, "SECRET-log", "SECRET-message", "SECRET-why")
	before := marshal(t, r)
	got := marshal(t, r.For(Student))
	for _, secret := range secrets {
		assert.Contains(t, before, secret, "the test plants it")
		assert.NotContains(t, got, secret)
	}
	for _, text := range open {
		assert.Contains(t, got, text)
	}
	assert.Equal(t, before, marshal(t, r), "the receiver is not changed")
	s := r.For(Student)
	assert.Equal(t, Check{ID: "hidden-1", Title: hidden.Title, Status: hidden.Status, Points: hidden.Points,
		MaxPoints: hidden.MaxPoints,
		Bonus:     true, Hidden: true, Hint: hidden.Hint}, s.Checks[1])
	assert.Equal(t, "hidden-1", s.Checks[0].BlockedBy, "what a hidden check blocks names its alias")
	assert.Equal(t, &Problem{Phase: "check", Message: "the grader could not finish", Hint: "try again"}, s.Problem)
	assert.Equal(t, &Run{Port: 8000}, s.Run)
}

func TestForStudentShowsTheRest(t *testing.T) {
	var secrets []string
	check := Check{}
	plant(reflect.ValueOf(&check).Elem(), "Check", &secrets)
	check.Hidden = false
	r := Report{Audience: Instructor, Checks: []Check{check}, Problem: &Problem{Phase: "build", Message: "no daemon"},
		Notes: []string{"a note"}}
	s := r.For(Student)
	assert.Equal(t, Student, s.Audience)
	assert.Equal(t, r.Checks, s.Checks)
	assert.Equal(t, r.Problem, s.Problem, "where nothing is hidden, the reason is shown")
	assert.Equal(t, r.Notes, s.Notes)
}

// TestForStudentShowsTheLogOfWhatNeverAnswered: no check sent anything to a program that did not
// come up, and its log is what the student needs.
func TestForStudentShowsTheLogOfWhatNeverAnswered(t *testing.T) {
	r := Report{Run: &Run{Log: "ModuleNotFoundError"}}
	assert.Equal(t, "ModuleNotFoundError", r.For(Student).Run.Log)
}

func TestForInstructorShowsAll(t *testing.T) {
	r := Report{Audience: Student, Checks: []Check{{ID: "walk", Hidden: true, Got: "x"}}, Run: &Run{Log: "log"}}
	i := r.For(Instructor)
	assert.Equal(t, Instructor, i.Audience)
	assert.Equal(t, r.Checks, i.Checks)
	assert.Equal(t, r.Run, i.Run)
}

func TestForIsTheSameTwice(t *testing.T) {
	r := Report{Checks: []Check{{ID: "a", Hidden: true}, {ID: "b", Hidden: true, BlockedBy: "a"},
		{ID: "c", BlockedBy: "b"}}}
	once := r.For(Student)
	assert.Equal(t, []string{"hidden-1", "hidden-2", "c"}, []string{once.Checks[0].ID, once.Checks[1].ID,
		once.Checks[2].ID})
	assert.Equal(t, "hidden-2", once.Checks[2].BlockedBy)
	assert.Equal(t, once, once.For(Student))
	assert.Equal(t, "a", r.Checks[0].ID)
}

// TestForAliasIsNoOtherCheck: the name that a hidden check gets is not that of another.
func TestForAliasIsNoOtherCheck(t *testing.T) {
	r := Report{Checks: []Check{{ID: "secret", Hidden: true}, {ID: "hidden-1"}, {ID: "x", BlockedBy: "hidden-1"}}}
	s := r.For(Student)
	assert.NotEqual(t, s.Checks[0].ID, s.Checks[1].ID)
	assert.Equal(t, "hidden-1", s.Checks[1].ID)
	assert.Equal(t, "hidden-1", s.Checks[2].BlockedBy)
	assert.False(t, strings.Contains(marshal(t, s), "secret"))
}

// TestNames: the names of the format are a promise to those who read it.
func TestNames(t *testing.T) {
	score := 87.5
	r := Report{Schema: Schema, Audience: Student, Status: Graded, Score: &score, MaxScore: 100,
		StartedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Phases:    []Phase{}, Skills: []Skill{}, Checks: []Check{{ID: "a"}}}
	assert.JSONEq(t, `{"schema":"taskgrader/report/v1","audience":"student","status":"graded","score":87.5,
		"max_score":100,"submission":{"id":"","digest":""},"rubric":{"id":"","title":"","digest":""},
		"grader":{"version":""},"seed":"","started_at":"2026-01-02T03:04:05Z","duration_ms":0,"phases":[],"skills":[],
		"checks":[{"id":"a","title":"","status":"","points":0,"max_points":0,"bonus":false,"hidden":false,
		"duration_ms":0}]}`, marshal(t, r))
	r.Score, r.Status, r.Problem = nil, Error, &Problem{Phase: "build", Message: "m"}
	text := marshal(t, r)
	assert.NotContains(t, text, `"score"`, "an error has no score, not 0")
	assert.Contains(t, text, `"error":{"phase":"build","message":"m"}`)
}

// TestForStudentWithholds: what a hidden check asked is not on a student's page because an answer
// to another repeats it, in whatever letters.
func TestForStudentWithholds(t *testing.T) {
	hidden := Words(`/tasks/7 {"title": "HIDDENWORD bold fox 123456"}`)
	assert.Equal(t, []string{"tasks", "title", "hiddenword", "bold", "123456"}, hidden)
	for _, c := range []struct{ got, want string }{
		{"the name is HIDDENWORD bold fox 123456.", "the name is ▒▒▒▒ ▒▒▒▒ fox ▒▒▒▒."},
		{"POST /tasks hiddenword", "POST /▒▒▒▒ ▒▒▒▒"},
		{"cut at HIDDENW…", "cut at ▒▒▒▒"}, {"cut at hid…", "cut at hid…"},
		{`"\u0048IDDENWORD"`, withheldText},
		{"%48IDDENWORD", withheldText},
		{"DROWNEDDIH", withheldText},
		{"SElEREVOV09SRA==", withheldText},
		{"a: 48494444454e574f5244", withheldText},
		{"68 69 64 64 65 6e 77 6f 72 64", withheldText},
		{"nothing of it", "nothing of it"},
	} {
		check := Check{ID: "open", Got: c.got, Items: []Item{{Got: c.got}},
			Evidence: []Evidence{{Text: c.got, Rows: [][]string{{c.got}}}}}
		r := Report{Audience: Instructor, Withheld: hidden, Checks: []Check{check}}
		s := r.For(Student)
		assert.Nil(t, s.Withheld)
		assert.Equal(t, []string{c.want, c.want, c.want, c.want}, []string{s.Checks[0].Got, s.Checks[0].Items[0].Got,
			s.Checks[0].Evidence[0].Text, s.Checks[0].Evidence[0].Rows[0][0]})
		assert.Equal(t, check, r.Checks[0], "the receiver is not changed")
	}
}
