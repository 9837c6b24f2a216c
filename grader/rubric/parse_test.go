package rubric

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/option"
)

const whole = `rubric: whole
title: A Whole Rubric
points: 3.5
skills:
  web: {name: The Web, level: B1, mastery: 75}
  other: {name: Other}
limits: {run: {time: 1m, memory: 64MB}}
container: {port: 9000}
checks:
- id: builds
  points: 2
  skill: other
  build: {}
- id: create
  title: It creates
  points: 1.499
  skill: web
  needs: [builds]
  hint: Look.
  hidden: true
  partial: true
  fresh: [a]
  http: [{send: POST /tasks, body: {title: $a}}]
- {id: more, points: 5, bonus: true, files: {require: [a]}}
`

func TestParse(t *testing.T) {
	r, err := Parse("r.yaml", []byte(whole), kinds.All())
	require.NoError(t, err)
	assert.Equal(t, "whole", r.ID)
	assert.Equal(t, "A Whole Rubric", r.Title)
	assert.Equal(t, "r.yaml", r.File)
	assert.Regexp(t, `^sha256:[0-9a-f]{64}$`, r.Digest)
	assert.Equal(t, 3.5, r.Points, "bonus is on top")
	assert.Equal(t, []Skill{{"web", "The Web", "B1", 75}, {"other", "Other", "", 80}}, r.Skills)
	assert.Equal(t, 9000, r.Port)
	limits := check.DefaultLimits()
	limits.Run.Time, limits.Run.Memory = option.Duration(time.Minute), 64_000_000
	assert.Equal(t, limits, r.Limits, "what is not written keeps its default")
	require.Len(t, r.Checks, 3)
	c := r.Checks[1]
	assert.Equal(t, "http", c.Kind.Name)
	assert.NotNil(t, c.Asks)
	c.Kind, c.Asks, c.Fresh[0].At = check.Kind{}, nil, option.Value{}
	assert.Equal(t, Check{Pos: option.Pos{File: "r.yaml", Line: 14, Column: 3}, ID: "create", Title: "It creates",
		Points: 1.5, Skill: "web",
		Needs: []string{"builds"}, Hint: "Look.", Hidden: true, Partial: true,
		Fresh: check.Fresh{{Name: "a", Sort: "text"}}}, c)
	assert.Equal(t, "builds", r.Checks[0].Title, "a check without a title is called by its id")
	assert.True(t, r.Checks[2].Bonus)
	assert.Equal(t, "- id: builds", r.Line(10))
	assert.Empty(t, r.Line(0))
	assert.Empty(t, r.Line(1000))
}

func TestParseDefaults(t *testing.T) {
	r, err := Parse("r.yaml", []byte("rubric: r\npoints: 1\nchecks: [{id: a, points: 1, build: {}}]"), kinds.All())
	require.NoError(t, err)
	assert.Equal(t, "r", r.Title)
	assert.Equal(t, 8000, r.Port)
	assert.Equal(t, check.DefaultLimits(), r.Limits)
}

// mistakes are rubrics with one mistake each, and all that is said of it.
var mistakes = []struct{ text, want string }{
	{`Rubric: r
points: 1
checks:
- {id: a, points: 1, build: {}}
`,
		"r.yaml:1:1: unknown key \"Rubric\" (did you mean \"rubric\"?)"},
	{`rubric: My Rubric
points: 1
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:1:9: a rubric's name is small letters, digits and -, not "My Rubric"`},
	{`rubric: [r]
points: 1
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:1:9: a rubric's name is small letters, digits and -, not a list`},
	{`points: 1
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:1:1: missing key "rubric"`},
	{`rubric: r
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:1:1: missing key "points"`},
	{`rubric: r
points: 1
`,
		`r.yaml:1:1: missing key "checks"`},
	{`rubric: r
points: 1
checks: []
`,
		`r.yaml:3:9: the list is empty`},
	{`rubric: r
points: 1
checks: {id: a}
`,
		`r.yaml:3:9: want a list, not a mapping`},
	{`rubric: r
points: 1
chekcs: []
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:3:1: unknown key "chekcs" (did you mean "checks"?)`},
	{`rubric: r
points: ten
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:2:9: want a number of points, not "ten"`},
	{`rubric: r
points: 10
checks:
- {id: a, points: 1, build: {}}
- {id: b, points: 2.345, files: {require: [a]}}
- {id: c, points: 5, bonus: true, files: {require: [a]}}
`,
		`r.yaml:2:9: points says 10, but the checks that are not bonus sum to 3.35`},
	{`rubric: r
points: 1
skills: [a]
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:3:9: want a mapping from ids to skills, not a list`},
	{`rubric: r
points: 1
skills: {A B: {name: x}}
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:3:10: a skill's id is small letters, digits and -, not "A B"`},
	{`rubric: r
points: 1
skills: {a: {level: B1}}
checks:
- {id: a, points: 1, skill: a, build: {}}
`,
		`r.yaml:3:13: missing key "name"`},
	{`rubric: r
points: 1
skills: {a: {name: x, mastery: 101}}
checks:
- {id: a, points: 1, skill: a, build: {}}
`,
		`r.yaml:3:32: want a number from 0 to 100, not 101`},
	{`rubric: r
points: 1
skills:
  a: {name: x}
  a: {name: y}
checks:
- {id: a, points: 1, skill: a, build: {}}
`,
		`r.yaml:5:3: skill "a" is already there`},
	{`rubric: r
points: 1
skills: {runtime: {name: x}}
checks:
- {id: a, points: 1, skill: runtme, build: {}}
`,
		`r.yaml:5:29: unknown skill "runtme" (did you mean "runtime"?)`},
	{`rubric: r
points: 1
limits: {build: {time: 5}}
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:3:24: want a duration such as 300ms, 20s or 3m, not "5"`},
	{`rubric: r
points: 1
limits:
  build: {network: on}
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:4:20: unknown network "on"`},
	{`rubric: r
points: 1
limits:
  run: {network: isolate}
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:4:18: unknown network "isolate" (did you mean "isolated"?)`},
	{`rubric: r
points: 1
limits: {run: {cpus: 0}}
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:3:22: want a number from 0.01 to 1024, not 0`},
	{`rubric: r
points: 1
limits: {run: {pids: -1}}
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:3:22: want a number from 1 to 4194304, not -1`},
	{`rubric: r
points: 1
limits: {build: {files: 0}}
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:3:25: want a number from 1 to 1000000, not 0`},
	{`rubric: r
points: 1
limits: {run: {memory: 1MB}}
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:3:24: memory must be at least 6.3MB, which Docker needs to start a container`},
	{`rubric: r
points: 1
container: {port: 70000}
checks:
- {id: a, points: 1, build: {}}
`,
		`r.yaml:3:19: want a number from 1 to 65535, not 70000`},
	{`rubric: r
points: 1
checks:
- {points: 1, build: {}}
`,
		`r.yaml:4:3: missing key "id"`},
	{`rubric: r
points: 1
checks:
- {id: a, build: {}}
`,
		`r.yaml:4:3: missing key "points"`},
	{`rubric: r
points: 1
checks:
- {id: A_1, points: 1, build: {}}
`,
		`r.yaml:4:8: an id is small letters, digits and -, not "A_1"`},
	{`rubric: r
points: 2
checks:
- {id: a, points: 1, build: {}}
- {id: a, points: 1, build: {}}
`,
		`r.yaml:5:8: id "a" is already on line 4`},
	{`rubric: r
points: 1
checks:
- {id: a, points: many, build: {}}
`,
		`r.yaml:4:19: want a number of points, not "many"`},
	{`rubric: r
points: 1
checks:
- {id: a, points: -1, build: {}}
`,
		`r.yaml:4:19: points must be from 0 to 1000000, not -1`},
	{`rubric: r
points: 1
checks:
- build
`,
		`r.yaml:4:3: want a check, as a mapping, not "build"`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1}
`,
		`r.yaml:4:3: the check has no kind`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, biuld: {}}
`,
		`r.yaml:4:22: unknown key "biuld" (did you mean "build"?)`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, build: {}, files: {require: [a]}}
`,
		`r.yaml:4:33: check "a" has two kinds, "build" and "files"`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, needs: [bulids], build: {}}
- {id: builds, points: 0, build: {}}
`,
		`r.yaml:4:30: unknown check "bulids" (did you mean "builds"?)`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, needs: [a], build: {}}
`,
		`r.yaml:4:29: checks need each other in a circle: a -> a`},
	{`rubric: r
points: 0
checks:
- {id: b, points: 0, needs: [c], build: {}}
- {id: c, points: 0, needs: [a], build: {}}
- {id: a, points: 0, needs: [b], build: {}}
- {id: d, points: 0, needs: [a], build: {}}
`,
		`r.yaml:6:29: checks need each other in a circle: a -> b -> c -> a`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, hidden: yes please, build: {}}
`,
		`r.yaml:4:30: want true or false, not "yes please"`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, fresh: [a, a], http: [{send: GET /$a}]}
`,
		`r.yaml:4:33: "a" is already in the list`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, fresh: [a-b], http: [{send: GET /}]}
`,
		"r.yaml:4:30: a fresh value's name is letters, digits and _, not \"a-b\""},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, fresh: [a], http: [{send: GET /}]}
`,
		`r.yaml:4:30: fresh value "a" is used nowhere`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, fresh: [title], http: [{send: GET /$tilte}, {send: GET /$title}]}
`,
		`r.yaml:4:52: unknown variable "tilte" (did you mean "title"?)`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, http: [{send: GTE /}]}
`,
		`r.yaml:4:36: unknown method "GTE" (did you mean "GET"?)`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, http: [{send: GET tasks}]}
`,
		`r.yaml:4:36: a path begins with / and has no blanks, not "tasks"`},
	{`rubric: r
points: 1
checks:
- id: a
  points: 1
  http:
  - {send: GET /tasks, wnat: 200}
`,
		`r.yaml:7:24: unknown key "wnat" (did you mean "want"?)`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, http: [{send: GET /, want: 600}]}
`,
		`r.yaml:4:49: want a status code such as 200, or a class such as 2xx, not "600"`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, http: [{send: GET /, json: {id: <nay>}}]}
`,
		`r.yaml:4:54: unknown hole "<nay>" (did you mean "<any>"?)`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, http: [{send: GET /, count: many}]}
`,
		`r.yaml:4:50: want a count such as 3 or ">=1", not "many"`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, http: [{send: POST /, within: 5s}]}
`,
		`r.yaml:4:52: within asks again and again, so it is for GET alone, not POST`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, http: [{send: GET /, json: {id: $i}}]}
`,
		`r.yaml:4:54: $i counts the requests of a step, and nothing here has times`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, env: {set: {A: b}, steps: []}}
`,
		`r.yaml:4:48: the list is empty`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, dockerfile: {rules: [from-pined]}}
`,
		`r.yaml:4:43: unknown rule "from-pined" (did you mean "from-pinned"?)`},
	{`rubric: r
points: 1
checks:
- {id: a, points: 1, image: {size: {full: 5MB, zero: 1MB}}}
`,
		`r.yaml:4:36: zero must be more than full`},
	{"rubric: r\npoints: 1\n\tchecks: []\n",
		`r.yaml:3:1: a tab, where YAML wants blanks`},
	{`rubric: r
points 1
checks: []
`,
		`r.yaml:2:1: a key without its colon`},
	{`rubric: r
checks: [
`,
		`r.yaml:2:1: no value where one must be`},
	{`rubric: r
title: a: b
`,
		`r.yaml:2:1: a : where none can be: the indentation is wrong, or a text with : in it has no quotes`},
	{`rubric: r
---
rubric: s
`,
		`r.yaml:2:1: a rubric is one document, and a second begins here`},
	{"rubric: r\npoints: 1\nchecks:\n- id: a\n  points: 1\n  http:\n  - {send: POST /a, save: {x: id}}\n" +
		"  - {send: GET \"/a/${not x}\", want: 404}\n",
		`r.yaml:8:16: quotes that begin in the middle of a text`},
	{`# nothing
`,
		`r.yaml:1:1: the rubric is empty`},
	{`- a
`,
		`r.yaml:1:1: want a mapping, not a list`},
	{`rubric: r
? [a]
: b
`,
		`r.yaml:2:3: a key must be plain text`},
	{`x: &a [*a]
`,
		`r.yaml:1:4: more than 100000 values`},
	{`rubric: r
points: *p
`,
		`r.yaml:2:9: *p means a value named &p before, and there is none`},
	{"rubric: r\npoints: 1\nchecks:\n- {id: a, points: 1, fresh: [x], fresh: [y, z], http: [{send: GET /$x}]}\n",
		`r.yaml:4:34: key "fresh" is already on line 4`},
	{"rubric: r\npoints: 0\nchecks:\n- {id: &i a, points: 0, build: {}}\n- {id: *i, points: 0, build: {}}\n",
		`r.yaml:5:8: id "a" is already on line 4`},
	{"rubric: r\n---\na: [\n",
		`r.yaml:3:1: no value where one must be`},
	{"rubric: r\npoints: 0\nchecks:\n- {id: a, points: 0, needs: [b], start: {}}\n- {id: b, points: 0, listen: " +
		"{port: 1}}\n",
		`r.yaml:4:29: check "a" cannot need "b", which is asked after it`},
	{"rubric: r\npoints: 0\nchecks:\n- {id: a, points: 0, needs: [b], listen: {port: 1}}\n- {id: b, points: 0, " +
		"needs: [c], files: {require: [x]}}\n- {id: c, points: 0, stop: {}}\n",
		`r.yaml:4:29: check "a" cannot need "c", which is asked after it`},
	{"rubric: r\npoints: 1\nchecks:\n- {id: a, points: 1, needs: [], build: {}, needs: [b]}\n",
		"r.yaml:4:44: key \"needs\" is already on line 4"},
	{"rubric: r\npoints: 1\nchecks:\n- {points: 1, needs: [\"\"], build: {}}\n",
		"r.yaml:4:3: missing key \"id\"\nr.yaml:4:23: want text, not \"\""},
	{"rubric: r\npoints: 1\nchecks:\n- text\n- {id: a, points: 1, needs: [a], build: {}}\n",
		"r.yaml:4:3: want a check, as a mapping, not \"text\"\nr.yaml:5:29: checks need each other in a " +
			"circle: a -> a"},
	{"rubric: r\n<<: {points: 1}\nchecks: []\n",
		`r.yaml:2:1: << is not read here`},
	{"rubric: r\npoints: 1\nchecks:\n- {id: a, points: 1, build: {}}\nlimits: {run: {network: None, time: 3m}}\n# " +
		"ünïcode: [ä, ö]\ncontainer: {prt: 1}\n",
		"r.yaml:5:25: unknown network \"None\"\nr.yaml:7:13: unknown key \"prt\" (did you mean \"port\"?)"},
	{"rubric: r\npoints: 1\nchecks:\n- {id: a, title: äöü, ponits: 1, build: {}}\n",
		"r.yaml:4:23: unknown key \"ponits\" (did you mean \"points\"?)"},
}

func TestParseMistakes(t *testing.T) {
	for _, c := range mistakes {
		r, err := Parse("r.yaml", []byte(c.text), kinds.All())
		assert.EqualError(t, err, c.want, c.text)
		assert.IsType(t, option.Problems{}, err)
		assert.Nil(t, r)
	}
}

func TestParseTellsAllMistakesAtOnce(t *testing.T) {
	_, err := Parse("r.yaml", []byte(`rubric: r
points: 1
ponts: 2
skills: {web: {name: 5, mastery: much}}
limits: {run: {memory: 1KB}}
checks:
- {id: a, points: 1, skill: wbe, needs: [b], build: {argz: {}}}
- {id: a, points: x, stop: {within: soon}}
- text
- {id: c, points: 1, needs: [zzzz], http: [{send: GET /$x, wnat: 200}]}
`), kinds.All())
	assert.EqualError(t, err, `r.yaml:3:1: unknown key "ponts" (did you mean "points"?)
r.yaml:4:34: want a number, not "much"
r.yaml:5:24: memory must be at least 6.3MB, which Docker needs to start a container
r.yaml:7:29: unknown skill "wbe" (did you mean "web"?)
r.yaml:7:42: unknown check "b"
r.yaml:7:54: unknown key "argz" (did you mean "args"?)
r.yaml:8:8: id "a" is already on line 7
r.yaml:8:19: want a number of points, not "x"
r.yaml:8:37: want a duration such as 300ms, 20s or 3m, not "soon"
r.yaml:9:3: want a check, as a mapping, not "text"
r.yaml:10:30: unknown check "zzzz"
r.yaml:10:51: unknown variable "x"
r.yaml:10:60: unknown key "wnat" (did you mean "want"?)`)
}

// TestWarnings: what can be read and was probably meant otherwise, all at once.
func TestWarnings(t *testing.T) {
	r, err := Parse("r.yaml", []byte(`rubric: r
points: 1
checks:
- id: a
  points: 1
  http:
  - {send: GET /, save: {x: id, t: tags, p: price}}
  - {send: "GET /$x", json: {a: $x+1}}
`), kinds.All())
	require.NoError(t, err)
	assert.EqualError(t, r.Warnings, `r.yaml:7:33: saved variable "t" is used nowhere
r.yaml:7:42: saved variable "p" is used nowhere
r.yaml:8:33: $x+1 is the text with the value in it, not a sum`)
	assert.Equal(t, "write <$x + 1> for the number", r.Warnings[2].Hint)
}

// TestCanned: a check that wants back what it sends, and sends nothing new, can be answered by what
// the rubric says. What is refused, counted or only read cannot.
func TestCanned(t *testing.T) {
	const said = "r.yaml:6:17: nothing that this check sends is new in each run, so that a program may " +
		"answer with what the rubric says"
	for entry, want := range map[string]string{
		`  http: [{send: POST /a, body: {t: x}, json: {t: x}}]`:                                said,
		`  http: [{send: POST /a, form: {t: x}, want: 201, list: l, has: [{t: x}]}]`:           said,
		`  http: [{send: GET /a, query: {n: 3}, json: {n: 3}}]`:                                said,
		"  http: [{send: POST /a, body: {t: $a}, json: {t: $a}}]\n  fresh: [a]":                "",
		`  http: [{send: POST /a, body: {t: x}, want: 422}, {send: GET /a, header: {X: /./}}]`: "",
		`  http: [{send: GET /b}, {send: POST /a, body: {t: text}}, {send: GET /a, text: /^text$/}]`: strings.Replace(
			said, "6:17", "6:67", 1),
		`  http: [{send: POST /a, body: {u: some}, save: {x: id}}, {send: GET /$x, json: {u: some}}]`: strings.Replace(
			said, "6:17", "6:66", 1),
		`  http: [{send: POST /a, body: {t: x}, json: {id: <int>}}]`:                            "",
		`  http: [{send: POST /a, body: {n: x}, want: 422}, {send: GET /a, json: {state: up}}]`: "",
	} {
		r, err := Parse("r.yaml", []byte("rubric: r\npoints: 1\nchecks:\n- id: a\n  points: 1\n"+entry+"\n"),
			kinds.All())
		require.NoError(t, err, entry)
		if want == "" {
			assert.Empty(t, r.Warnings, entry)
			continue
		}
		assert.EqualError(t, r.Warnings, want, entry)
		assert.Equal(t, "write fresh: [a] beside http, and send $a", r.Warnings[0].Hint)
	}
}

// names returns those of all kinds, as they are listed.
func names() string {
	var all []string
	for _, k := range kinds.All() {
		all = append(all, k.Name)
	}
	return strings.Join(all, ", ")
}

func TestParseHints(t *testing.T) {
	for text, want := range map[string]string{
		"": "start from one that works: taskgrader rubric show --source task-api",
		"a: [": "inside { } and [ ], put quotes around a text with ? [ ] { } : or a comma in it, and " +
			"close each bracket",
		"a: 1\n---\nb: 2": "remove the --- line",
		"rubric: r\npoints: 1\nchecks: [{id: a, points: 1}]": "give it one of: " + names(),
		"rubric: r\npoints: 1\nchecks: [{id: a, points: 1, http: [{send: GET /, json: {a: " +
			"<whatever>}}]}]": `known: <any>, <string>, <string 1..50>, <number>, <number >= 3>, <int>, <int 1..5>, ` +
			`<bool>, <null>, <uuid>, <time>, <time utc>, <date>, <now>, <now + 14d>, <list>, <object>, <mail>, ` +
			`<url>, <absent>, <not $x>, <one of a, b>, <string or null>, <$n + 1>, <more than $n>, <after $t>, ` +
			`<length of data>, <sum of items.price>, <json web token>; write \<whatever> for the text itself`,
		"rubric: r\npoints: 1\nskills: {web: {name: x}}\nchecks: [{id: a, points: 1, skill: zzzzz, " +
			"build: {}}]": "known: web",
	} {
		_, err := Parse("r.yaml", []byte(text), kinds.All())
		var ps option.Problems
		require.ErrorAs(t, err, &ps, text)
		assert.Equal(t, want, ps[0].Hint, text)
	}
}

// TestParseSaysTheSumBesideOtherMistakes: but not where a mistake may be what makes it wrong.
func TestParseSaysTheSumBesideOtherMistakes(t *testing.T) {
	for check, sum := range map[string]string{
		`id: b, points: 1, build: {argz: {}}`:          "2",
		`id: b, points: 1, title: [], build: {}`:       "2",
		`id: B, points: 1, build: {}`:                  "2",
		`id: b, points: 1, needs: [zzzz], build: {}`:   "2",
		`id: b, points: 1, bonus: true, build: {x: 1}`: "1",
		`id: b, points: one, build: {}`:                "",
		`id: b, points: -1, build: {}`:                 "",
		`id: b, build: {}`:                             "",
		`id: b, pionts: 1, build: {}`:                  "",
		`id: b, points: 1, bouns: true, build: {}`:     "",
		`id: b, points: 1, bonus: "true", build: {}`:   "",
	} {
		_, err := Parse("r.yaml", []byte("rubric: r\npoints: 9\nchecks:\n- {id: a, points: 1, build: {}}\n- {"+check+
			"}\n"), kinds.All())
		const said = "points says 9, but the checks that are not bonus sum to "
		if sum == "" {
			assert.NotContains(t, err.Error(), said, check)
			continue
		}
		assert.ErrorContains(t, err, said+sum+"\n", check)
	}
	_, err := Parse("r.yaml", []byte("rubric: r\npoints: 9\nchecks: [a]\n"), kinds.All())
	assert.NotContains(t, err.Error(), "points says")
}

// TestParseManyNeeds: a rubric whose needs branch and meet again is read as fast as any other.
func TestParseManyNeeds(t *testing.T) {
	var b strings.Builder
	b.WriteString("rubric: r\npoints: 0\nchecks:\n")
	for i := range 60 {
		needs := ""
		if i >= 2 {
			needs = "needs: [" + id(i/2*2-2) + ", " + id(i/2*2-1) + "], "
		}
		b.WriteString("- {id: " + id(i) + ", points: 0, " + needs + "build: {}}\n")
	}
	_, err := Parse("r.yaml", []byte(b.String()), kinds.All())
	require.NoError(t, err)
}

func id(i int) string { return "c" + string(rune('a'+i/26)) + string(rune('a'+i%26)) }

func TestParseBoundsAliases(t *testing.T) {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		now, next := string(rune('0'+i)), string(rune('1'+i))
		text += "a" + next + ": &a" + next + " [" + strings.Repeat("*a"+now+", ", 9) + "*a" + now + "]\n"
	}
	_, err := Parse("r.yaml", []byte(text), kinds.All())
	require.ErrorContains(t, err, "more than 100000 values")
}

func TestExamplesOfTheManualsParse(t *testing.T) {
	for _, k := range kinds.All() {
		example := strings.ReplaceAll(k.Manual.Example, "\n", "\n  ")
		_, err := Parse("example.yaml", []byte("rubric: r\npoints: 0\nchecks:\n- "+example+"\n  bonus: true\n"),
			kinds.All())
		assert.NoError(t, err, k.Name)
	}
}

func TestFind(t *testing.T) {
	shipped := fstest.MapFS{"task-api.yaml": {Data: []byte("rubric: task-api\n")},
		"first-steps.yaml": {Data: []byte("rubric: first-steps\n")}}
	dir := t.TempDir()
	write := func(name, text string) string {
		full := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(text), 0o644))
		return full
	}
	write("one/mine.yml", "# a comment\nrubric: mine\n")
	write("one/expected.yaml", "# rubric: is named here only\nsubmissions: {}\n")
	write("two/a.yaml", "rubric: a\n")
	write("two/b.yaml", "rubric: b\n")
	write("none/x.yaml", "x: 1\n")
	file := write("task-api", "rubric: on-disk\n")

	t.Chdir(dir) // where a file has the name of a built-in rubric
	name, text, builtIn, err := Find("task-api", shipped)
	require.NoError(t, err)
	assert.True(t, builtIn)
	assert.Equal(t, "task-api.yaml", name)
	assert.Equal(t, "rubric: task-api\n", string(text))

	name, text, builtIn, err = Find("./task-api", shipped)
	require.NoError(t, err)
	assert.False(t, builtIn)
	assert.Equal(t, "./task-api", name)
	assert.Equal(t, "rubric: on-disk\n", string(text))

	name, text, _, err = Find(file, shipped)
	require.NoError(t, err)
	assert.Equal(t, file, name)
	assert.Equal(t, "rubric: on-disk\n", string(text))

	name, text, _, err = Find(filepath.Join(dir, "one"), shipped)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "one", "mine.yml"), name)
	assert.Contains(t, string(text), "rubric: mine")

	two, none, missing := filepath.Join(dir, "two"), filepath.Join(dir, "none"), filepath.Join(dir, "missing.yaml")
	for name, want := range map[string]string{
		two:         `reading the rubric: the folder "` + two + `" holds 2 rubrics: name one file`,
		none:        `reading the rubric: the folder "` + none + `" holds 0 rubrics: name one file`,
		missing:     `there is no rubric "` + missing + `"`,
		"tsak-api":  `there is no rubric "tsak-api" (did you mean "task-api"?)`,
		"unrelated": `there is no rubric "unrelated"`,
	} {
		_, _, _, err := Find(name, shipped)
		assert.EqualError(t, err, want)
	}
	_, _, _, err = Find("unrelated", shipped)
	var missed *NotFoundError
	require.ErrorAs(t, err, &missed)
	assert.Equal(t, "built in: first-steps, task-api; or name a file", missed.Hint())
}

func TestLoad(t *testing.T) {
	shipped := fstest.MapFS{"r.yaml": {Data: []byte("rubric: r\npoints: 1\nchecks: [{id: a, points: 1, build: {}}]")},
		"bad.yaml": {Data: []byte("rubric: r\n")}}
	r, err := Load("r", shipped, kinds.All())
	require.NoError(t, err)
	assert.Equal(t, "r.yaml", r.File)
	_, err = Load("bad", shipped, kinds.All())
	require.EqualError(t, err, "bad.yaml:1:1: missing key \"points\"\nbad.yaml:1:1: missing key \"checks\"")
	_, err = Load("none", shipped, kinds.All())
	require.EqualError(t, err, `there is no rubric "none"`)
	assert.Equal(t, []string{"bad", "r"}, Names(shipped))
}

// FuzzParse: Parse never panics, and every mistake is at a place of the text.
func FuzzParse(f *testing.F) {
	for _, c := range mistakes {
		f.Add([]byte(c.text))
	}
	f.Add([]byte(whole))
	files, _ := filepath.Glob("testdata/mistakes/*.yaml")
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			f.Add(text)
		}
	}
	for _, name := range []string{"task-api", "first-steps", "multi-stage"} {
		text, err := os.ReadFile("../../rubrics/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	known := kinds.All()
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Parse("r.yaml", text, known)
		if err == nil {
			if r.ID == "" || len(r.Checks) == 0 {
				t.Fatalf("read without a name or a check: %+v", r)
			}
			return
		}
		ps, ok := err.(option.Problems)
		if !ok || len(ps) == 0 || r != nil {
			t.Fatalf("%T %v, and %v", err, err, r)
		}
		lines := strings.Count(string(text), "\n") + strings.Count(string(text), "\r") +
			strings.Count(string(text), "\u0085") +
			// YAML has what is missing at the end begin on the line after it
			strings.Count(string(text), "\u2028") + strings.Count(string(text), "\u2029") + 2
		for _, p := range ps {
			if p.File != "r.yaml" || p.Line < 1 || p.Line > lines || p.Column < 1 || p.Message == "" {
				t.Fatalf("no place of the text's %d lines: %q", lines, p.Error())
			}
		}
	})
}

// TestLongChainOfNeeds: what checks need is followed once for each, however long the way.
func TestLongChainOfNeeds(t *testing.T) {
	p := &parser{rubric: &Rubric{}}
	for i := range 3000 {
		c := Check{ID: fmt.Sprint("c", i)}
		if i > 0 {
			c.Needs = []string{fmt.Sprint("c", i-1), fmt.Sprint("c", i/2)}
		}
		p.rubric.Checks, p.needsAt = append(p.rubric.Checks, c), append(p.needsAt, option.Value{})
	}
	begun := time.Now()
	p.needs()
	assert.Empty(t, p.problems)
	assert.Less(t, time.Since(begun), time.Second)
}
