package main

import (
	"bytes"
	"encoding/json"
	"fmt"
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

// TestEveryKeyIsExplained: each key that a rubric may have stands on a page, and has a description for editors.
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

func TestReflow(t *testing.T) {
	long := strings.Repeat("word ", 20) + "\nmore\n\n  as it  is\nnext"
	assert.Equal(t, strings.TrimSpace(strings.Repeat("word ", 16))+"\n"+strings.Repeat("word ", 4)+"more\n\n  as it  is\nnext", reflow(long))
	for id, page := range explained(t) {
		text, _, _ := strings.Cut(page, "\nExample")
		for _, line := range strings.Split(text, "\n") {
			assert.LessOrEqual(t, len([]rune(line)), 110, "%s: %s", id, line) // the summary, or a key
		}
	}
}
