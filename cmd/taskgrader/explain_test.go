package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

func explained(t *testing.T) (pages map[string]string) {
	t.Helper()
	pages = map[string]string{}
	for _, e := range manual() {
		var b bytes.Buffer
		require.NoError(t, e.print(&b))
		assert.NotContains(t, pages, e.ID, "two pages of one name")
		assert.NotEmpty(t, e.Summary, e.ID)
		assert.NotEmpty(t, e.Why, e.ID)
		pages[e.ID] = b.String()
	}
	return pages
}

// TestEveryKeyIsExplained: each key that a rubric may have stands on a page, and has a description
// for editors.
func TestEveryKeyIsExplained(t *testing.T) {
	text, err := rubric.Schema(kinds.All())
	require.NoError(t, err)
	var schema jsonschema.Schema
	require.NoError(t, json.Unmarshal(text, &schema))
	pages := explained(t)
	all := ""
	for _, page := range pages {
		all += page
	}
	seen := 0
	var walk func(where string, s *jsonschema.Schema)
	walk = func(where string, s *jsonschema.Schema) {
		if s == nil {
			return
		}
		for name, p := range s.Properties {
			seen++
			assert.NotEmpty(t, p.Description, "%s.%s has no description for editors", where, name)
			page := all
			if strings.HasPrefix(where, "checks.") { // below a kind: on its own page, or that of steps
				kind := strings.Split(where, ".")[1]
				page = pages[kind] + pages["steps"]
			}
			assert.Regexp(t, fmt.Sprintf(`\b%s\b`, name), page, "%s.%s is not explained", where, name)
			walk(strings.TrimPrefix(where+"."+name, "."), p)
		}
		walk(where, s.Items)
		walk(where, s.AdditionalProperties)
		for _, one := range append(s.AnyOf, s.OneOf...) {
			walk(where, one)
		}
	}
	walk("", &schema)
	assert.Greater(t, seen, 60)
}

// TestEveryOptionHasAnExample: on its page, beside the keys.
func TestEveryOptionHasAnExample(t *testing.T) {
	for _, e := range manual() {
		for _, k := range e.Keys {
			name := k.Name[strings.LastIndex(k.Name, ".")+1:]
			// skill is on the page of rubric, steps have their own
			if name != "NAME" && name != "skill" && e.ID != "http" {
				assert.Regexp(t, `\b`+name+`: |\b`+name+`:\n`, e.Why+"\n"+e.Example, "%s: %s", e.ID, k.Name)
			}
		}
	}
}

// TestDefaultsAreSaid: where an option that is not written is something all the same, its page says
// what.
func TestDefaultsAreSaid(t *testing.T) {
	for _, k := range kinds.All() {
		options := reflect.ValueOf(k.New()).Elem()
		if options.Kind() != reflect.Struct {
			continue
		}
		for i := range options.NumField() {
			if field := options.Type().Field(i); !options.Field(i).IsZero() {
				assert.Contains(t, field.Tag.Get("jsonschema"), "unless given", "%s: %s", k.Name, field.Name)
				for _, word := range strings.Fields(strings.Trim(fmt.Sprint(options.Field(i).Interface()), "[]")) {
					assert.Contains(t, field.Tag.Get("jsonschema"), word, "%s: %s", k.Name, field.Name)
				}
			}
		}
	}
}

func TestReflow(t *testing.T) {
	long := strings.Repeat("word ", 20) + "\nmore\n\n  as it  is\nnext"
	assert.Equal(t, strings.TrimSpace(strings.Repeat("word ", 16))+"\n"+strings.Repeat("word ", 4)+
		"more\n\n  as it  is\nnext", reflow(long, pageWidth))
	for id, page := range explained(t) {
		text, _, _ := strings.Cut(page, "\nExample")
		for _, line := range strings.Split(text, "\n") {
			assert.LessOrEqual(t, len([]rune(line)), 110, "%s: %s", id, line) // the summary, or a key
		}
	}
}
