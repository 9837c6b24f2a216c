package dockerfile

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	df "github.com/taskgrader/taskgrader/grader/dockerfile"
)

func TestRulesFindTheirBadExampleAndNotTheirGood(t *testing.T) {
	assert.Len(t, rules, 19)
	for _, r := range rules {
		bad, err := df.Parse("Dockerfile", []byte(r.Bad))
		require.NoError(t, err, r.ID)
		found := r.find(bad)
		if assert.NotNil(t, found, "%s does not find its bad example", r.ID) {
			assert.NotZero(t, found.line, r.ID)
			assert.NotEmpty(t, found.hint, r.ID)
		}
		fine, err := df.Parse("Dockerfile", []byte(r.Good))
		require.NoError(t, err, r.ID)
		assert.Nil(t, r.find(fine), "%s finds its good example", r.ID)
		assert.NotEmpty(t, r.Why, r.ID)
	}
}

func TestRulesAreFair(t *testing.T) {
	for id, text := range map[string]string{
		"from-not-latest":    "FROM python:3.12-slim\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/\n",
		"from-pinned":        "ARG V=3.12\nFROM python:${V} as base\nFROM base\nFROM scratch\n",
		"run-cache-clean":    "FROM x:1\nRUN --mount=type=cache,target=/root/.cache/uv uv sync\n",
		"deps-before-source": "FROM x:1\nCOPY pyproject.toml uv.lock ./\nRUN uv sync\nCOPY . .\n",
		"user-nonroot":       "FROM x:1 AS a\nUSER app\nFROM a\n",
		"cmd-exec":           "FROM x:1 AS a\nCMD foo\nFROM x:1\nENTRYPOINT [\"x\"]\n",
		"workdir-set":        "FROM x:1\nCOPY a /app/\n",
		"no-secret-env":      "FROM x:1\nARG TOKEN\nENV KEY=$TOKEN PUBLIC_KEY=abc\n",
	} {
		file, err := df.Parse("Dockerfile", []byte(text))
		require.NoError(t, err)
		for _, r := range rules {
			if r.ID == id {
				assert.Nil(t, r.find(file), id)
			}
		}
	}
}
