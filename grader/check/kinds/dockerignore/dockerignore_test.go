package dockerignore_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/dockerignore"
)

func TestDockerignore(t *testing.T) {
	ignore := func(text string) *checktest.Target { return checktest.New().With(".dockerignore", text) }
	for _, c := range []struct {
		options string
		target  *checktest.Target
		want    string
	}{
		{"excludes: [.env, .git/config], keeps: [main.py]", checktest.New(), "ok .env\nok .git/config\nok keeps main.py"},
		{"excludes: [.env]", checktest.New().Without(".dockerignore"), "0 .env: want kept out of the build; got it is sent to the build, because there is no .dockerignore; hint: Create a file .dockerignore beside the Dockerfile, with .env on a line of its own.; at .dockerignore:0"},
		{"excludes: [.env]", ignore("*.log\n"), "0 .env: want kept out of the build; got it is sent to the build; hint: Add the line .env to .dockerignore.; at .dockerignore:0"},
		{"excludes: [.env.local]", ignore(".env\n"), "hint: Add the line .env.* to .dockerignore."},
		{"excludes: [server.pem]", ignore(".env\n"), "hint: Add the line *.pem to .dockerignore."},
		{"excludes: [.venv/pyvenv.cfg]", ignore(".env\n"), "hint: Add the line .venv/ to .dockerignore."},
		{"excludes: [.env]", ignore(".env # secret\n"), `0 .env: want kept out of the build; got it is sent to the build: line 1 reads as the one pattern ".env # secret": a # begins a comment only at the start of a line; hint: Write .env on a line of its own, after all lines that begin with !.; at .dockerignore:1`},
		{"excludes: [.env]", ignore(".env\n!.env\n"), "got it is sent to the build: line 1, .env, ignores it, but line 2, !.env, comes later and takes it back: the last line that matches decides; hint: Write .env on a line of its own, after all lines that begin with !.; at .dockerignore:2"},
		{"excludes: [app/.env]", ignore(".env\n"), "got it is sent to the build: line 1, .env, matches only at the top of the folder: write **/.env to match below it too; hint:"},
		{"keeps: [main.py]", ignore("x\n*.py\n"), "0 keeps main.py: want main.py in the build; got it is kept out; hint: Add the line !main.py at the end of .dockerignore, or remove the line that ignores it.; at .dockerignore:2"},
		{"excludes: [.env]", ignore("ok\n!\n"), `0 .dockerignore: want an ignore file that Docker can read; got Docker cannot read the pattern "!": illegal exclusion pattern: "!"; hint: Mend or remove the line: with it, the build does not begin.; at .dockerignore:2`},
		{"excludes: [.env]", checktest.New().With(".env", "A=b"), "ok .env"},
	} {
		assert.Contains(t, checktest.Asked(t, dockerignore.Kind(), "dockerignore: {"+c.options+"}", c.target), c.want, c.options)
	}
}

// TestAllAtOnce: what to write is said once, for all that no line speaks of.
func TestAllAtOnce(t *testing.T) {
	for text, want := range map[string]string{
		"":                "Create a file .dockerignore beside the Dockerfile, with a line for each of .env  .env.*  *.pem",
		"*.log\n":         "Add to .dockerignore a line for each of .env  .env.*  *.pem",
		".env\n*.pem\n":   "",
		".env # secret\n": "",
	} {
		target := checktest.New().Without(".dockerignore")
		if text != "" {
			target.With(".dockerignore", text)
		}
		o, err := checktest.Ask(t.Context(), checktest.Entry(t, dockerignore.Kind(), "dockerignore: {excludes: [.env, .env.local, .env.prod, server.pem]}"), target, 1)
		require.NoError(t, err)
		assert.Equal(t, want, o.Hint.String(), text)
	}
}

func TestEvidence(t *testing.T) {
	o, err := checktest.Ask(context.Background(), checktest.Entry(t, dockerignore.Kind(), "dockerignore: {excludes: [.env, x], keeps: [main.py]}"), checktest.New(), 1)
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"path", "in the build", "decided by"}, {".env", "no", ".dockerignore:1  .env"}, {"x", "yes", "no line"}, {"main.py", "yes", "no line"}}, o.Evidence[0].Rows)
}
