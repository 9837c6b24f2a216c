package rubric

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/option"
)

// absurd are values that few keys can have, as they are written.
var absurd = []string{"null", "true", "0", "-1", "0x10", "3.5", "404", "70000", "99999999999999999999", "1e400", ".nan",
	".inf",
	`""`, `" "`, `"a b"`, `"a=b"`, `"a\nb"`, `"a\0"`, "é", "x", "/", "/a", "../a", "/a/../b", "a//b", "a/", ".", "$x",
	`"${"`, "<nay>", "/(/", "//",
	"0s", "-5s", "300h", "0MB", "9e9GB", "2026-01-31", "[]", "[null]", "[[]]", `[""]`, "[a, a]", "{}", "{a: null}",
	"{a: b}", `{"": b}`,
	`{"a b": c}`, `{"a=b": c}`, "{a: []}"}

// free are keys whose values may be any, for the most part.
var free = []string{"json", "body", "new", "refuse", "has", "lacks", "crud.edit"}

// places are all values of a rubric, those of each key once, but for what is within a free one.
func places(path string, v *option.Value, found func(path string, v *option.Value)) {
	found(path, v)
	if slices.ContainsFunc(free, func(key string) bool { return strings.HasSuffix(path, "."+key) }) {
		return
	}
	for i := range v.Items {
		places(path+"[]", &v.Items[i], found)
	}
	for i := range v.Fields {
		places(strings.TrimPrefix(path+"."+v.Fields[i].Key.Text, "."), &v.Fields[i].Value, found)
	}
}

// entries returns what a kind brings to everything: entries of checks.
func entries(k check.Kind) (texts []string) {
	every := k.Manual.Every
	if len(every) == 0 {
		every = []string{k.Manual.Example}
	}
	for _, entry := range every { // a bonus does not count for the sum
		texts = append(texts, "- "+strings.ReplaceAll(entry, "\n", "\n  ")+"\n  bonus: true\n")
	}
	return texts
}

// around is what the entries of kinds name. It is short, since it is read again with each value.
const around = `rubric: around
points: 1
people: {ann: {steps: [{send: POST /login, save: {token: token}}], headers: {Authorization: "Bearer $token"}}}
checks:
- {id: second, points: 1, build: {}}
`

// everything returns rubrics that have, together, every key that there is:
// testdata/everything.yaml, and one for each entry of a kind.
func everything(t *testing.T) (texts []string) {
	t.Helper()
	text, err := os.ReadFile("testdata/everything.yaml")
	require.NoError(t, err)
	texts = append(texts, string(text))
	for _, k := range kinds.All() {
		for _, entry := range entries(k) {
			texts = append(texts, around+entry)
		}
	}
	return texts
}

func forEditors(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	text, err := Schema(kinds.All())
	require.NoError(t, err)
	var schema jsonschema.Schema
	require.NoError(t, json.Unmarshal(text, &schema))
	resolved, err := schema.Resolve(nil)
	require.NoError(t, err)
	return resolved
}

// TestEveryValue puts absurd values in the place of each value of a rubric. Which are accepted
// stands in a file for each kind, to be read over; the schema accepts them too. Of the others it is
// said once, at their place.
func TestEveryValue(t *testing.T) {
	t.Parallel()
	schema := forEditors(t)
	var others []option.Value
	for _, value := range absurd {
		other, problems := read("rubric.yaml", []byte("x: "+value))
		require.Empty(t, problems, value)
		others = append(others, other.Fields[0].Value)
	}
	all, of := kinds.All(), map[string]bool{}
	for _, k := range all {
		of[k.Name] = true
	}
	accepted := map[string]string{} // of a file
	seen := map[string]bool{"": true}
	for _, text := range everything(t) {
		whole, problems := read("rubric.yaml", []byte(text))
		require.Empty(t, problems)
		judge := func() (option.Problems, error) {
			p := parser{kinds: all, rubric: &Rubric{}}
			p.document(whole)
			wrong := func(q option.Problem) bool { return !q.Warning }
			if slices.ContainsFunc(p.problems, wrong) {
				return p.problems, nil
			}
			return nil, schema.Validate(whole.Interface())
		}
		problems, err := judge()
		require.Empty(t, problems,
			"testdata/everything.yaml, and what a kind's Manual.Every or Example adds to it, is no rubric:\n%s", text)
		require.NoError(t, err)
		places("", &whole, func(path string, v *option.Value) {
			if seen[path] {
				return
			}
			seen[path] = true
			before := *v
			defer func() { *v = before }()
			var taken []string
			for i, value := range absurd {
				*v = others[i]
				v.Pos = before.Pos
				ps, err := judge()
				if len(ps) == 0 {
					taken = append(taken, value)
					assert.NoError(t, err, "the schema refuses what is read: %s: %s", path, value)
				}
				// else more than one thing may be wrong with it
				if others[i].Kind < option.List && path != "checks[].fresh[]" {
					assert.LessOrEqual(t, len(ps), 1, "%s: %s: %v", path, value, ps)
				}
				for _, p := range ps {
					assert.NotRegexp(t, `goroutine|panic|%!|!!|map\[`, p.Message+p.Hint)
				}
			}
			file := "rubric"
			key := strings.FieldsFunc(strings.TrimPrefix(path, "checks[]."),
				func(r rune) bool { return r == '.' || r == '[' })
			if strings.HasPrefix(path, "checks[].") && of[key[0]] {
				file = key[0]
			}
			accepted[file] += path + ": " + strings.Join(taken, "  ") + "\n"
		})
	}
	for _, name := range slices.Sorted(maps.Keys(accepted)) {
		file := "testdata/accepted/" + name + ".txt"
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(accepted[name]), 0o644))
		}
		want, _ := os.ReadFile(file)
		assert.Equal(t, string(want), accepted[name],
			"grader/rubric/%s: go test ./grader/rubric -update writes it; then read it over", file)
	}
	files, err := os.ReadDir("testdata/accepted")
	require.NoError(t, err)
	for _, file := range files {
		assert.Contains(t, accepted, strings.TrimSuffix(file.Name(), ".txt"),
			"testdata/accepted/%s is of a kind that is not there", file.Name())
	}
}

// TestEverythingHasEveryKey: a new key is tried with every value too.
func TestEverythingHasEveryKey(t *testing.T) {
	text, err := os.ReadFile("testdata/everything.yaml")
	require.NoError(t, err)
	of := map[string]check.Kind{}
	for _, k := range kinds.All() {
		of[k.Name] = k
	}
	var has func(s *jsonschema.Schema, text, file string)
	has = func(s *jsonschema.Schema, text, file string) {
		if s == nil {
			return
		}
		for key, below := range s.Properties {
			text, file := text, file
			if k, ok := of[key]; ok && below.Description == k.Manual.Summary {
				text, file = strings.Join(entries(k), ""), fmt.Sprintf("the Manual.Every of grader/check/kinds/%s", key)
			}
			assert.True(t, strings.Contains(text, key+": ") || strings.Contains(text, key+":\n"), "%s lacks the key %s",
				file, key)
			has(below, text, file)
		}
		has(s.Items, text, file)
		has(s.AdditionalProperties, text, file)
	}
	has(forEditors(t).Schema(), string(text), "grader/rubric/testdata/everything.yaml")
}

// TestSchemaAcceptsWhatIsRead: no editor underlines what the parser takes, in all rubrics that
// there are.
func TestSchemaAcceptsWhatIsRead(t *testing.T) {
	schema := forEditors(t)
	texts := []string{whole, string(Starter("notes"))}
	for _, c := range mistakes {
		texts = append(texts, c.text)
	}
	for _, pattern := range []string{"testdata/*.yaml", "testdata/mistakes/*.yaml", "../../rubrics/*.yaml",
		"../../docs/examples/*/*.yaml", "../../cmd/taskgrader/testdata/*/*.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			texts = append(texts, string(text))
		}
	}
	accepted := 0
	for _, text := range texts {
		if _, err := Parse("r.yaml", []byte(text), kinds.All()); err != nil {
			continue
		}
		v, _ := read("r.yaml", []byte(text))
		assert.NoError(t, schema.Validate(v.Interface()), text)
		accepted++
	}
	assert.Greater(t, accepted, 6)
}
