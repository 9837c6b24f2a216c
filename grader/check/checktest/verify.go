package checktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

// Verify gives each rule of [check.Kind] and [check.Check] that a kind breaks, in words: none is
// what every kind must come to. The kind is tried with the example of its manual.
func Verify(k check.Kind) []string {
	v := verifier{kind: k}
	if v.manual(); len(v.broken) > 0 {
		return v.broken // the rest begins with the example
	}
	v.described(v.schema(), k.Name)
	v.strict()
	v.right()
	v.wrong()
	v.ours()
	v.repeatable()
	v.topics()
	return v.broken
}

type verifier struct {
	kind    check.Kind
	example rubric.Check
	broken  []string
}

func (v *verifier) say(format string, args ...any) {
	v.broken = append(v.broken, fmt.Sprintf(format, args...))
}

// manual wants all of its parts, and an example that is an entry of a rubric.
func (v *verifier) manual() {
	m := v.kind.Manual
	if m.Summary == "" || strings.ContainsRune(m.Summary, '\n') {
		v.say("the manual's summary is not one line")
	}
	if m.Text == "" {
		v.say("the manual has no text")
	}
	if reflect.TypeOf(v.kind.New()).Kind() != reflect.Pointer {
		v.say("New gives no pointer")
		return
	}
	c, err := v.parse(nil)
	if err != nil {
		v.say("the example is no entry of a rubric: %v", err)
		return
	}
	v.example = c
}

// entry returns the example as plain data.
func (v *verifier) entry() (entry map[string]any, err error) {
	return entry, yaml.Unmarshal([]byte(v.kind.Manual.Example), &entry)
}

// parse reads the example, changed, as the one check of a rubric.
func (v *verifier) parse(change func(entry map[string]any)) (rubric.Check, error) {
	entry, err := v.entry()
	if err != nil {
		return rubric.Check{}, err
	}
	if entry == nil {
		return rubric.Check{}, errors.New("it is empty")
	}
	entry["bonus"] = true // so that it does not count for the sum
	if change != nil {
		change(entry)
	}
	text, err := yaml.Marshal(map[string]any{"rubric": "example", "points": 0, "checks": []any{entry}})
	if err != nil {
		return rubric.Check{}, err
	}
	r, err := rubric.Parse("example.yaml", text, []check.Kind{v.kind})
	if err != nil {
		return rubric.Check{}, err
	}
	return r.Checks[0], nil
}

// schema returns what editors are told of the kind's options.
func (v *verifier) schema() map[string]any {
	text, err := rubric.Schema([]check.Kind{v.kind})
	if err != nil {
		v.say("no schema describes the options: %v", err)
		return nil
	}
	var s struct {
		Properties struct {
			Checks struct {
				Items struct{ Properties map[string]map[string]any }
			}
		}
	}
	if err := json.Unmarshal(text, &s); err != nil {
		v.say("no schema describes the options: %v", err)
	}
	return s.Properties.Checks.Items.Properties[v.kind.Name]
}

// described wants words for every key.
func (v *verifier) described(schema map[string]any, path string) {
	properties, _ := schema["properties"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		property, _ := properties[key].(map[string]any)
		if property["description"] == nil {
			v.say("the schema says nothing of %s.%s", path, key)
		}
		v.described(property, path+"."+key)
	}
	for _, below := range []string{"items", "additionalProperties"} {
		if inner, ok := schema[below].(map[string]any); ok {
			v.described(inner, path)
		}
	}
}

// strict puts a key that no one knows wherever keys are fixed, and values of the wrong sort in
// place of all.
func (v *verifier) strict() {
	for _, wrong := range []any{nil, "zzz", 7, []any{"zzz"}} {
		if _, err := v.parse(func(entry map[string]any) { entry[v.kind.Name] = wrong }); err == nil {
			v.say("%v is taken for the options", wrong)
		}
	}
	entry, _ := v.entry() // which was read before
	v.unknownKeys(v.schema(), entry[v.kind.Name], nil)
}

func (v *verifier) unknownKeys(schema map[string]any, value any, path []any) {
	switch value := value.(type) {
	case map[string]any:
		if schema["additionalProperties"] == false {
			_, err := v.parse(func(entry map[string]any) { at(entry[v.kind.Name], path).(map[string]any)["zzz"] = 1 })
			if err == nil || !strings.Contains(err.Error(), `unknown key "zzz"`) {
				v.say("a key that no one knows is taken in %s%v: %v", v.kind.Name, path, err)
			}
		}
		properties, _ := schema["properties"].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(value)) {
			inner, _ := properties[key].(map[string]any)
			v.unknownKeys(inner, value[key], append(slices.Clone(path), key))
		}
	case []any:
		inner, _ := schema["items"].(map[string]any)
		for i := range value {
			v.unknownKeys(inner, value[i], append(slices.Clone(path), i))
		}
	}
}

// at returns the part of plain data at a path.
func at(value any, path []any) any {
	for _, part := range path {
		switch key := part.(type) {
		case string:
			value = value.(map[string]any)[key]
		case int:
			value = value.([]any)[key]
		}
	}
	return value
}

// right wants the example to hold for the right submission.
func (v *verifier) right() {
	t := New()
	defer t.Close()
	o, err := Ask(context.Background(), v.example, t, 1)
	switch {
	case err != nil:
		v.say("the right submission: %v", err)
	case len(o.Items) == 0:
		v.say("the right submission: the outcome has no items")
	case !Holds(o):
		v.say("the right submission does not pass: %+v", o.Items)
	}
}

// wrong wants every item that does not hold to say what was wanted, what there was, and what to do,
// and wants one of the wrong submissions to fail: a check that cannot fail says nothing.
func (v *verifier) wrong() {
	failed := false
	for _, name := range slices.Sorted(maps.Keys(wrong)) {
		for _, partial := range []bool{false, true} {
			t := wrong[name]()
			if !askable(v.kind, t) {
				continue
			}
			c := v.example
			c.Partial = partial
			o, err := Ask(context.Background(), c, t, 1)
			_ = t.Close()
			switch {
			case err != nil:
				v.say("%s: an error takes the place of a verdict: %v", name, err)
			case len(o.Items) == 0:
				v.say("%s: the outcome has no items", name)
			}
			failed = failed || !Holds(o)
			for _, i := range o.Items {
				if i.Share < 0 || i.Share > 1 {
					v.say("%s: the share of %q is %v", name, i.Name, i.Share)
				}
				if i.Name == "" || i.Share < 1 && !i.Skipped && (i.Want == "" || i.Got == "" || i.Hint.IsZero()) {
					v.say("%s: an item lacks its name, want, got or hint: %+v", name, i)
				}
				if i.Skipped && (i.Share > 0 || partial && i.Got == "") {
					v.say("%s: a skipped item has points, or does not say why: %+v", name, i)
				}
			}
		}
	}
	if !failed {
		v.say("no wrong submission fails it")
	}
}

// askable reports whether a run would ask: not of what was never built or never came up, unless
// that is the question.
func askable(k check.Kind, t *Target) bool {
	if built := t.Built().Image != nil; !built && (k.Phase > check.Image || k.Phase == check.Image && !k.Gate) {
		return false
	}
	return t.Up.Answered || k.Phase < check.Running || k.Phase == check.Running && k.Gate
}

// wrong are submissions with faults of many sorts, so that each kind has something to fail.
var wrong = map[string]func() *Target{
	"an empty folder": func() *Target {
		t := New()
		clear(t.Folder)
		return t
	},
	"a file that is missing":   func() *Target { return New().Without("pyproject.toml") },
	"an ignore file with a [a": func() *Target { return New().With(".dockerignore", "[a\n") },
	"a large image with secrets": func() *Target {
		t := New().Without(".dockerignore").With("Dockerfile",
			"FROM python\nENV API_KEY=abc\nCOPY . .\nRUN pip install x\nRUN rm .env\nCMD python main.py\n")
		t.Shape = func(i *check.ImageInfo) { i.Size, i.Added = 1_000_000_000, 900_000_000 }
		return t
	},
	"a program with only exceptions": func() *Target {
		return late(New().Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		})))
	},
	"a program that answers always the same": func() *Target {
		return New().Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 200, Task{"id": 1, "title": "x", "completed": false})
		}))
	},
	"a program that hangs up": func() *Target {
		return New().Serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	},
	"a program that never comes up": func() *Target {
		t := New()
		t.Up = check.Started{Wanted: 8000, Exited: true, ExitCode: 1,
			Log: "ModuleNotFoundError: No module named 'fastapi'\n"}
		return t
	},
	"a program on localhost:5000": func() *Target {
		t := New()
		t.Up.Port, t.Up.Loopback, t.Up.Listeners = 5000, true, []check.Listener{{Address: "127.0.0.1", Port: 5000}}
		return t
	},
	"a program without its variables": func() *Target {
		t := New()
		t.Env = func(map[string]string) []map[string]string { return []map[string]string{{"PATH": "/bin"}} }
		return t
	},
	"a container that does not end, with nothing in it": func() *Target {
		t := New()
		t.End, t.Run = check.Stopped{Signal: "SIGTERM"}, nil
		return t
	},
}

// late leaves a program that is asked again and again until the rubric's time is up almost none of
// it.
func late(t *Target) *Target {
	t.Up.After = 19_900 * time.Millisecond
	return t
}

// ours wants a fault of the grader's machine, and an end of the run, to be errors: neither may cost
// a point.
func (v *verifier) ours() {
	t := New()
	t.Err = errors.New("the daemon has gone")
	defer t.Close()
	o, err := Ask(context.Background(), v.example, t, 1)
	switch {
	case err == nil && !Holds(o):
		v.say("a fault of ours costs points: %+v", o.Items)
	case err != nil && !errors.Is(err, t.Err):
		v.say("a fault of ours is not in the error: %v", err)
	}
	ended, end := context.WithCancel(context.Background())
	end()
	t = New()
	defer t.Close()
	if _, err := Ask(ended, v.example, t, 1); !errors.Is(err, context.Canceled) {
		v.say("an ended context is no error: %v", err)
	}
}

// repeatable wants the same outcome for the same seed, from many askings at once, which leave the
// check as it was.
func (v *verifier) repeatable() {
	before, err := v.parse(nil)
	if err != nil {
		v.say("the example cannot be read twice: %v", err)
		return
	}
	for _, make := range []func() *Target{New, wrong["a large image with secrets"],
		wrong["a program that answers always the same"]} {
		outcomes := [4]check.Outcome{}
		errs := [4]error{}
		var group sync.WaitGroup
		for n := range outcomes {
			group.Go(func() {
				t := make()
				defer t.Close()
				outcomes[n], errs[n] = Ask(context.Background(), v.example, t, 7)
			})
		}
		group.Wait()
		for n := range outcomes {
			if !reflect.DeepEqual(outcomes[n], outcomes[0]) || (errs[n] == nil) != (errs[0] == nil) {
				v.say("the same seed gives two outcomes: %+v, %v and %+v, %v", outcomes[0], errs[0], outcomes[n],
					errs[n])
				break
			}
		}
	}
	if !reflect.DeepEqual(before.Asks, v.example.Asks) {
		v.say("asking changes the check: %+v was %+v", v.example.Asks, before.Asks)
	}
}

// topics wants each named part of the manual to be whole. One that is a rule which a rubric can ask
// for by its name has two examples, which must be what they say.
func (v *verifier) topics() {
	for _, topic := range v.kind.Manual.Topics {
		c, err := v.parse(func(entry map[string]any) { entry[v.kind.Name] = map[string]any{"rules": []any{topic.ID}} })
		examples := topic.Bad != "" && topic.Good != ""
		if topic.ID == "" || topic.Summary == "" || topic.Why == "" || err == nil && !examples {
			v.say("the manual of %q lacks a part", topic.ID)
			continue
		}
		if !examples {
			continue
		}
		if err != nil {
			v.say("%q cannot be asked for: %v", topic.ID, err)
			continue
		}
		for text, want := range map[string]bool{topic.Bad: false, topic.Good: true} {
			o, err := Ask(context.Background(), c, New().With("Dockerfile", text), 1)
			if err != nil || len(o.Items) == 0 || Holds(o) != want {
				v.say("the example of %q passes %v, want %v: %+v, %v\n%s", topic.ID, Holds(o), want, o.Items, err, text)
			}
		}
	}
}
