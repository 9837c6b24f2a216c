package rubrics_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/rubrics"
)

const schemaFile = "rubric.schema.json"

// TestSchemaIsFresh: what editors are given is made of the types that the parser fills.
func TestSchemaIsFresh(t *testing.T) {
	want, err := rubric.Schema(kinds.All())
	require.NoError(t, err)
	got, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	if !bytes.Equal(want, got) {
		t.Fatalf("%s is out of date: go generate ./...", schemaFile)
	}
}

func schema(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	var s jsonschema.Schema
	require.NoError(t, json.Unmarshal(text, &s))
	resolved, err := s.Resolve(nil)
	require.NoError(t, err)
	return resolved
}

func validate(t *testing.T, s *jsonschema.Resolved, text []byte) error {
	t.Helper()
	var v any
	require.NoError(t, yaml.Unmarshal(text, &v))
	text, err := json.Marshal(v)
	require.NoError(t, err)
	var plain any
	require.NoError(t, json.Unmarshal(text, &plain))
	return s.Validate(plain)
}

func TestRubricsThatShip(t *testing.T) {
	s := schema(t)
	names := rubric.Names(rubrics.FS)
	assert.Equal(t, []string{"first-steps", "multi-stage", "task-api"}, names)
	for _, name := range names {
		r, err := rubric.Load(name, rubrics.FS, kinds.All())
		require.NoError(t, err, name)
		assert.Equal(t, name, r.ID)
		text, err := rubrics.FS.ReadFile(name + ".yaml")
		require.NoError(t, err)
		assert.NoError(t, validate(t, s, text), name)
		assert.True(t, bytes.HasPrefix(text, []byte("# yaml-language-server: $schema=./rubric.schema.json\n")),
			"%s tells editors its schema", name)
		for _, c := range r.Checks {
			assert.NotEmpty(t, c.Skill, "%s: %s is evidence of nothing", name, c.ID)
			assert.NotEqual(t, c.ID, c.Title, "%s: %s has no title", name, c.ID)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	s := schema(t)
	const right = `{rubric: r, points: 1, checks: [{id: a, points: 1, build: {}}]}`
	require.NoError(t, validate(t, s, []byte(right)))
	for _, wrong := range []string{
		`{rubric: r, points: 1}`,
		`{rubric: r, points: 1, checks: []}`,
		`{rubric: r, points: one, checks: [{id: a, points: 1, build: {}}]}`,
		`{rubric: r, points: 1, chekcs: 1, checks: [{id: a, points: 1, build: {}}]}`,
		`{rubric: r, points: 1, skills: {a: {}}, checks: [{id: a, points: 1, build: {}}]}`,
		`{rubric: r, points: 1, limits: {build: {time: 5}}, checks: [{id: a, points: 1, build: {}}]}`,
		`{rubric: r, points: 1, checks: [{id: a, points: 1}]}`,
		`{rubric: r, points: 1, checks: [{points: 1, build: {}}]}`,
		`{rubric: r, points: 1, checks: [{id: a, points: 1, biuld: {}}]}`,
		`{rubric: r, points: 1, checks: [{id: a, points: 1, build: {argz: {}}}]}`,
		`{rubric: r, points: 1, checks: [{id: a, points: 1, build: {}, stop: {}}]}`,
		`{rubric: r, points: 1, checks: [{id: a, points: 1, http: [{send: GTE /}]}]}`,
		`{rubric: r, points: 1, checks: [{id: a, points: 1, http: [{send: GET /, wnat: 2xx}]}]}`,
	} {
		assert.Error(t, validate(t, s, []byte(wrong)), wrong)
		_, err := rubric.Parse("r.yaml", []byte(wrong), kinds.All())
		assert.Error(t, err, "the parser accepts what the schema refuses: %s", wrong)
	}
}

func TestExamplesOfTheManualsFitTheSchema(t *testing.T) {
	s := schema(t)
	for _, k := range kinds.All() {
		var example any
		require.NoError(t, yaml.Unmarshal([]byte(k.Manual.Example), &example), k.Name)
		text, err := yaml.Marshal(map[string]any{"rubric": "r", "points": 0, "checks": []any{example}})
		require.NoError(t, err)
		assert.NoError(t, validate(t, s, text), k.Name)
	}
}

// TestPointsOfTaskAPI: ids and points are fixed, since grades of years are compared by them.
func TestPointsOfTaskAPI(t *testing.T) {
	r, err := rubric.Load("task-api", rubrics.FS, kinds.All())
	require.NoError(t, err)
	got := map[string]float64{}
	skills := map[string]float64{}
	for _, c := range r.Checks {
		got[c.ID] = c.Points
		skills[c.Skill] = result.Sum(skills[c.Skill], c.Points)
		assert.False(t, c.Bonus)
		assert.Equal(t, c.ID == "walk", c.Hidden, c.ID)
	}
	assert.Equal(t, map[string]float64{"instructions": 12, "practice": 6, "builds": 12, "image-size": 6, "starts": 6,
		"listens": 3, "env": 3,
		"stops": 4, "create": 5, "read": 4, "update": 4, "delete": 4, "errors": 4, "walk": 2, "layer-cache": 12,
		"ignores-secrets": 6,
		"ignores-clutter": 4, "no-secrets": 3}, got)
	assert.Equal(t, map[string]float64{"dockerfile-authoring": 18, "image-building": 18, "container-runtime": 39,
		"layer-cache": 12, "build-context": 13}, skills)
	assert.Equal(t, 100.0, r.Points)
}
