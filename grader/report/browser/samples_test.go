package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/report"
	"github.com/taskgrader/taskgrader/grader/result"
)

const exampleFolder = "../../../reports/example"

// example returns the report with faults that is kept in the repository.
func example(t *testing.T) result.Report {
	t.Helper()
	f, err := os.Open(filepath.Join(exampleFolder, "instructor", "several-faults.json"))
	require.NoError(t, err)
	defer f.Close()
	r, err := report.Read(f)
	require.NoError(t, err)
	return r
}

func passing(t *testing.T) result.Report {
	r := example(t)
	for i := range r.Checks {
		c := &r.Checks[i]
		c.Status, c.Points, c.BlockedBy, c.Hint = result.Pass, c.MaxPoints, "", ""
		for j := range c.Items {
			c.Items[j] = result.Item{Name: c.Items[j].Name, Status: result.Pass}
		}
	}
	for i := range r.Skills {
		r.Skills[i].Points, r.Skills[i].Mastered = r.Skills[i].MaxPoints, true
	}
	score := r.MaxScore
	r.Score = &score
	return r
}

func blocked(t *testing.T) result.Report {
	r := example(t)
	for i := range r.Checks {
		switch c := &r.Checks[i]; c.ID {
		case "instructions", "practice":
		case "builds":
			c.Status, c.Points, c.Got, c.Hint = result.Fail, 0, "COPY main.py: no such file", "Name the file as it is."
		default:
			c.Status, c.Points, c.BlockedBy, c.Items, c.Evidence = result.Blocked, 0, "builds", nil, nil
		}
	}
	score := 18.0
	r.Score, r.Image, r.Run = &score, nil, nil
	r.Build.Steps[len(r.Build.Steps)-1].Error = "not found"
	return r
}

func failing(t *testing.T) result.Report {
	r := passing(t)
	r.Status, r.Score = result.Error, nil
	r.Problem = &result.Problem{Phase: "build", Message: "the daemon is gone", Hint: "Start it."}
	r.Checks[3].Status, r.Checks[3].Points = result.Error, 0
	return r
}

// secret is what nobody may read of a hidden check.
const secret = "SECRET-QUESTION"

func hidden(t *testing.T) result.Report {
	r := example(t)
	for i := range r.Checks {
		if c := &r.Checks[i]; i%3 == 0 {
			c.ID, c.Want, c.Got, c.Hidden, c.BlockedBy = c.ID+secret, secret, secret, true, secret
			c.Evidence = []result.Evidence{{Kind: "exchange", Text: secret},
				{Kind: "ignore", Rows: [][]string{{"path", "in the build", "decided by"}, {secret, "yes", secret}}}}
			c.Items = append(c.Items, result.Item{Name: secret, Status: result.Fail, File: "Dockerfile", Line: 1,
				Got: secret})
		}
	}
	r.Run.Log = secret
	return r.For(result.Student)
}

// long has thousands of lines wherever a student can write as many.
func long(t *testing.T) result.Report {
	lines := strings.Repeat("line\n", 5000)
	r := example(t)
	r.Source.Dockerfile, r.Source.Ignore, r.Run.Log = lines, lines, lines
	r.Build.Steps[0].Error = lines
	for _, c := range r.Checks {
		if len(c.Evidence) > 0 {
			c.Evidence[0].Text = lines
		}
	}
	return r
}

// regraded returns what an instructor sees after two more submissions.
func regraded(t *testing.T) result.Report {
	r := example(t)
	score := 61.5
	r.History = []result.Earlier{{StartedAt: r.StartedAt.Add(-48 * time.Hour), Score: &score,
		Why: "the submission changed",
		Changes: []result.Change{{ID: "starts", Was: result.Fail, Now: result.Pass, After: 6},
			{ID: "env", Was: result.Blocked, Now: result.Pass, After: 3}}},
		{StartedAt: r.StartedAt.Add(-24 * time.Hour), Why: "the grader failed last time"}}
	return r
}

// hostile is what a student may put wherever their text goes.
const hostile = `</title></style></pre></script><script>alert(1)</script><img src=x onerror=alert(1)><a ` +
	`href="javascript:alert(1)">x</a>" onclick="alert(1)" ' {{.Seed}} ` +
	"\x1b[31m\u202eevil\u2066\u2028\x00"

// texts puts a text into every place of a value where a student's may be.
func texts[T any](v T, text string) T {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			if v.Type() == reflect.TypeFor[string]() {
				v.SetString(v.String() + text)
			}
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if name := v.Type().Field(i).Name; v.Type().Field(i).IsExported() && name != "Kind" &&
					name != "Schema" {
					walk(v.Field(i))
				}
			}
		}
	}
	walk(reflect.ValueOf(&v).Elem())
	return v
}

// classOf returns a class of n, with names of many kinds and every state.
func classOf(n int) class.Class {
	names := []string{"Ada Lovelace", "Grace Hopper", "Edsger Dijkstra", "مريم الأنصاري", "Barbara Liskov", "עדי לוי",
		"Wolfeschlegelsteinhausenbergerdorff-Hohenzollern, Maximilian", "林小梅", "Margaret Hamilton", "Åsa Ørsted"}
	score := func(s float64) *float64 { return &s }
	c := class.Class{Schema: class.Schema, Rubric: result.Rubric{ID: "task-api",
		Title: "Writing Your First Dockerfile"}, Grader: result.Grader{Version: "v1.0.0"}, Seed: "18f3a2",
		StartedAt: time.Date(2026, 3, 4, 18, 30, 0, 0, time.UTC), DurationMS: int64(n) * 4000, Jobs: 4, Complete: true,
		Graded: n,
		Skills: []class.Skill{{ID: "dockerfile-authoring", Name: "Dockerfile Authoring", Level: "B1", Mastery: 80},
			{ID: "image-building", Name: "Container Image Building", Level: "B1", Mastery: 80},
			{ID: "container-runtime", Name: "Container Runtime Configuration", Level: "B1", Mastery: 80},
			{ID: "layer-cache", Name: "Layer Cache Optimization", Level: "B1", Mastery: 80},
			{ID: "build-context", Name: "Build Context Management", Level: "B1", Mastery: 80}}}
	for _, k := range []struct {
		id, title, skill string
		points           float64
		hint             string
	}{
		{"instructions", "The Dockerfile uses FROM, WORKDIR, COPY, RUN, EXPOSE and CMD", "dockerfile-authoring", 12,
			""}, {"practice", "The Dockerfile follows good practice", "dockerfile-authoring", 8, ""},
		{"builds", "docker build makes an image", "image-building", 12, ""},
		{"image-size", "The image is small", "image-building", 6, ""},
		{"starts", "The container comes up and GET /health says healthy", "container-runtime", 6, ""},
		{"listens", "The program listens on port 8000", "container-runtime", 3, ""},
		{"create", "POST /tasks answers with the task", "container-runtime", 10, ""},
		{"read", "GET /tasks shows what was stored", "container-runtime", 8, ""},
		{"update", "PUT /tasks changes that task and no other", "container-runtime", 8, ""},
		{"walk", "The API keeps what it was told", "container-runtime", 2, ""},
		{"layer-cache", "An edit does not install the dependencies again", "layer-cache", 12, ""},
		{"ignores-secrets", ".dockerignore keeps secrets out", "build-context", 10, ""},
		{"no-secrets", "No secret reaches the image", "build-context", 3, ""},
	} {
		c.Checks = append(c.Checks, class.Check{ID: k.id, Title: k.title, Skill: k.skill, MaxPoints: k.points,
			Hidden: k.id == "walk"})
		c.MaxScore = result.Sum(c.MaxScore, k.points)
	}
	for i := range n {
		row := class.Row{ID: fmt.Sprintf("student-%03d", i+1), Student: fmt.Sprintf("s%03d", i+1),
			Name: names[i%len(names)], Email: fmt.Sprintf("s%03d@example.org", i+1),
			File:  fmt.Sprintf("student-%03d.zip", i+1),
			State: class.Graded, MaxScore: c.MaxScore, DurationMS: 9000, Steps: 5, Cached: 3,
			Report: &class.FileStat{Bytes: 1}}
		if i >= len(names) {
			row.Name += fmt.Sprintf(" %d", i/len(names)+1)
		}
		switch {
		case i%29 == 20:
			row.State, row.Problem, row.Report = class.Error, &result.Problem{Phase: "build",
				Message: "the registry does not answer"}, nil
			c.Students = append(c.Students, row)
			continue
		case i%29 == 25:
			c.Students = append(c.Students, class.Row{Student: row.Student, Name: row.Name, Email: row.Email,
				State: class.Missing})
			continue
		}
		total := 0.0
		for j, k := range c.Checks {
			v := class.Verdict{ID: k.ID, Status: result.Pass, Points: k.MaxPoints}
			switch dice := (i*7 + j*j*3 + i*j) % 17; {
			case i%13 == 5 && k.Skill == "container-runtime" && k.ID != "starts":
				v = class.Verdict{ID: k.ID, Status: result.Blocked, BlockedBy: "starts"}
			case i%13 == 5 && k.ID == "starts":
				v = class.Verdict{ID: k.ID, Status: result.Fail,
					Hint: "Bind to 0.0.0.0: 127.0.0.1 is reached from inside the container alone."}
			case dice < 2 || k.ID == "layer-cache" && i%3 == 1:
				v = class.Verdict{ID: k.ID, Status: result.Fail,
					Hint: map[bool]string{true: "Copy the file that lists the dependencies first, install, and copy " +
						"the program after that.", false: "Look at what was wanted for " + k.ID +
						"."}[k.ID == "layer-cache"]}
			case dice == 4:
				v = class.Verdict{ID: k.ID, Status: result.Partial, Points: result.Round(k.MaxPoints / 3),
					Hint: "Fix the rest of " + k.ID + "."}
			}
			row.Checks = append(row.Checks, v)
			total = result.Sum(total, v.Points)
		}
		for _, s := range c.Skills {
			m := class.SkillScore{ID: s.ID}
			for j, k := range c.Checks {
				if k.Skill == s.ID {
					m.Points, m.MaxPoints = result.Sum(m.Points, row.Checks[j].Points),
						result.Sum(m.MaxPoints, k.MaxPoints)
				}
			}
			m.Mastered = m.Points*100 >= s.Mastery*m.MaxPoints
			row.Skills = append(row.Skills, m)
		}
		row.Score = score(total)
		if i%41 == 7 {
			row.Late = true
			row.Before = &class.Before{Why: "the submission changed", Score: score(40),
				Changes: []result.Change{{ID: "starts", Was: result.Fail, Now: result.Pass, After: 6}}}
		}
		c.Students = append(c.Students, row)
	}
	if n > 20 {
		c.Duplicates = []class.Duplicate{{Same: "program", IDs: []string{"student-003", "student-014"}}}
		c.Ignored = []string{"notes.rar"}
	}
	return c
}

func htmlOf(t *testing.T, r result.Report) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, report.HTML(&b, r))
	return b.String()
}

func classHTML(t *testing.T, c class.Class) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, report.Index(&b, c))
	return b.String()
}

func linksHTML(t *testing.T, c class.Class) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, report.Links(&b, c))
	return b.String()
}

// sample is a page that is looked at.
type sample struct {
	name, html string
}

func samples(t *testing.T) []sample {
	student := func(r result.Report) string { return htmlOf(t, r.For(result.Student)) }
	return []sample{
		{"faults", student(example(t))},
		{"passing", student(passing(t))},
		{"blocked", student(blocked(t))},
		{"error", student(failing(t))},
		{"hidden", htmlOf(t, hidden(t))},
		{"hostile", student(texts(example(t), hostile))},
		{"wide", student(texts(example(t), strings.Repeat("w", 64<<10)))},
		{"long", student(long(t))},
		{"instructor", htmlOf(t, regraded(t))},
		{"class of 3", classHTML(t, classOf(3))},
		{"class of 200", classHTML(t, classOf(200))},
		{"links", linksHTML(t, classOf(200))},
		{"hostile class", classHTML(t, texts(classOf(30), hostile))},
	}
}
