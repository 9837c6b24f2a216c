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
		{"excludes: [.env, .git/config], keeps: [main.py]", checktest.New(),
			"ok .env\nok .git/config\nok keeps main.py"},
		{"excludes: [.env]", checktest.New().Without(".dockerignore"),
			"0 .env: want kept out of the build; got the .env that was put there to try would be sent to the build " +
				"by a `COPY . .`, because there is no .dockerignore; hint: Create a file .dockerignore beside the " +
				"Dockerfile. Write `.env` at the top of .dockerignore.; at .dockerignore:0"},
		{"excludes: [.env]", ignore("*.log\n"),
			"0 .env: want kept out of the build; got the .env that was put there to try would be sent to the build " +
				"by a `COPY . .`; hint: Write `.env` below line 1 of .dockerignore.; at .dockerignore:0"},
		{"excludes: [.env.local]", ignore(".env\n"), "hint: Write `.env.*` below line 1 of .dockerignore."},
		{"excludes: [server.pem]", ignore(".env\n"), "hint: Write `*.pem` below line 1 of .dockerignore."},
		{"excludes: [.venv/pyvenv.cfg]", ignore(".env\n"), "hint: Write `.venv/` below line 1 of .dockerignore."},
		{"excludes: [.env]", ignore(".env # secret\n"),
			": line 1 reads as the one pattern \".env # secret\": a # begins a comment only at the start of a line; " +
				"hint: Make line 1 of .dockerignore `# secret` and below it `.env`.; at .dockerignore:1"},
		{"excludes: [.env]", ignore(".env\n!.env\n"),
			": line 1, .env, ignores it, but line 2, !.env, comes later and takes it back: the last line that " +
				"matches decides; hint: Write `.env` below line 2 of .dockerignore.; at .dockerignore:2"},
		{"excludes: [app/.env]", ignore(".env\n"),
			": line 1, .env, matches only at the top of the folder: write **/.env to match below it too; hint: Make " +
				"line 1 of .dockerignore `**/.env`."},
		{"keeps: [main.py]", ignore("x\n*.py\n"),
			"0 keeps main.py: want main.py in the build; got it is kept out; hint: Line 2 of .dockerignore, *.py, " +
				"keeps it out. Write `!main.py` below line 2 of .dockerignore.; at .dockerignore:2"},
		{"excludes: [.env]", ignore("ok\n!\n"),
			`0 .dockerignore: want an ignore file that Docker can read; got Docker cannot read the pattern "!": ` +
				`illegal exclusion pattern: "!"; hint: Fix or remove the line: with it, the build does not begin.; ` +
				`at .dockerignore:2`},
		{"excludes: [.env]", checktest.New().With(".env", "A=b"), "ok .env"},

		// what was handed in counts at any depth, and what would be sent from a folder that is
		// copied is noted
		{"excludes: [.env]", ignore(".env\n").With("app/.env", "A=b").With("app/x.py", "x").With("Dockerfile",
			"FROM x\nCOPY app/ .\n"), "0 .env: want kept out of the build; got app/.env is sent to the build: " +
			"line 1, .env, matches only at the top of the folder: write **/.env to match below it too; hint: Make " +
			"line 1 of .dockerignore `**/.env`.; at .dockerignore:1"},
		{"excludes: [private.key]", ignore("private.key\n").With("certs/local.key", "x"),
			"got certs/local.key would be sent to the build by a `COPY . .`; hint: Write `**/*.key` below line 1 of " +
				".dockerignore.; at .dockerignore:0"},
		{"excludes: [__pycache__/main.pyc]", ignore("__pycache__\n").With("app/__pycache__/x.pyc", "x"),
			"hint: Make line 1 of .dockerignore `**/__pycache__`."},
		{"excludes: [.env.local]", ignore(".env.*\n").With("app/.env.example", "A="), "ok .env.local"},

		// others of a sort, by names that nobody knows
		{"excludes: [.env.local]", ignore("a\n.env.local\n"), "0 .env.local: want kept out of the build; got the " +
			".env.review-56 that was put there to try would be sent to the build by a `COPY . .`: line 2, " +
			".env.local, keeps out no other of its sort; hint: Write `.env.*` below line 2 of .dockerignore.; at " +
			".dockerignore:2"},
		{"excludes: [server.pem]", ignore("server.pem\n"),
			"line 1, server.pem, keeps out no other of its sort; hint: Write " +
				"`*.pem` below line 1"},
		{"excludes: [.venv/pyvenv.cfg]", ignore(".venv/pyvenv.cfg\n"), "hint: Write `.venv/` below line 1"},
		{"excludes: [tests/test_main.py]", ignore("tests/test_*.py\n"), "ok tests/test_main.py"},
		{"excludes: [__pycache__/main.cpython-312.pyc]", ignore("**/*.py[co]\n"),
			"ok __pycache__/main.cpython-312.pyc"},
		{"excludes: [data/seed.json]", ignore("data/seed.json\n"), "ok data/seed.json"},
		{"excludes: [config/secrets.json]", ignore("config/secrets.json\n").With("config/app.json", "{}"),
			"ok config/secrets.json"},
		{"excludes: [config/secrets.json]", ignore("config/secrets.json\n").With("b/secrets.json", "{}"),
			"got b/secrets.json would be sent"},
		{"excludes: [.env]", ignore(".env\n").With("app/x.py", "x").With("Dockerfile", "FROM x\nCOPY app .\n"),
			"ok .env: kept out at the top; one in app would be sent, since only `**/.env` matches below the top, too"},
		{"excludes: [.env]", ignore("a\n").With("Dockerfile", "FROM x\nCOPY . .\n"),
			"got the .env that was put there to try is sent to the build; hint:"},

		// no line to write that breaks what a COPY names or the program reads
		{"excludes: [private.key]", ignore("a\n").With("tls.key", "x").With("Dockerfile", "FROM x\nCOPY tls.key /\n"),
			"got the private.key that was put there to try would be sent to the build by a `COPY . .`; and so is " +
				"tls.key; hint: A COPY needs tls.key: " +
				"give it to the container when it starts, with docker run -v, and then list it in .dockerignore."},
		{"excludes: [.env]", ignore("a\n").With(".env", "MODE=b").With("main.py", "load_dotenv()\nos.environ['MODE']"),
			"hint: The program reads .env. What of it is no secret may stand in the Dockerfile. Write `ENV MODE=b` " +
				"below line 7 of Dockerfile."},
		{"excludes: [.env]", ignore("a\n").With(".env", "KEY=b").With("main.py", "load_dotenv()\nos.environ['KEY']").
			With("Dockerfile", "FROM x\nENV KEY=b\n"), "hint: Write `.env` below line 1 of .dockerignore."},
		{"excludes: [.env]", ignore("a\n").With(".env", "API_KEY=sk-1f5a").With("main.py",
			"load_dotenv()\nos.environ['API_KEY']"), "hint: The program reads API_KEY from .env. Let it start " +
			"without, or give it when the container starts, with docker run -e, and list .env in .dockerignore."},
		{"excludes: [.env]", ignore("a\n").With(".env", "KEY=b").With("main.py", "load_dotenv()\nos.environ['KEY']").
			With("Dockerfile", "FROM x\nCOPY .env /\n"), "hint: A COPY needs .env:"},
		{"excludes: [.env]", ignore("a\n").With(".env", "KEY=b").With("main.py",
			"load_dotenv()\nkey = os.getenv('KEY', 'x')"),
			"hint: Write `.env` below line 1 of .dockerignore."},
		{"excludes: [.env]", ignore("a\n").With(".env", "KEY=b").With("main.js",
			"require('dotenv').config()\nconst key = process.env.KEY || 'x'"),
			"hint: Write `.env` below line 1 of .dockerignore."},
		{"excludes: [.env]", ignore("a\n").With(".env", "MODE=b").With("main.js",
			"require('dotenv').config()\nconst key = process.env.MODE"),
			"Write `ENV MODE=b` below line 7 of Dockerfile."},
		{"excludes: [.env]", ignore("a\n").With(".env", "A=b").With("main.py", "import os\nPORT = os.environ['PORT']"),
			"hint: Write `.env` below line 1 of .dockerignore."},
		{"excludes: [.env]", ignore("a\n").With(".env", "A=b").With("main.js", "const port = process.env.PORT;"),
			"hint: Write `.env` below line 1 of .dockerignore."},
		{"excludes: [.env]", ignore("a\n").With(".env", "A=b").With("main.py", "open('./.env')"),
			"hint: The program needs .env:"},
		{"excludes: [tests/test_main.py]", ignore("a\n").With("tests/a.py", "x").With("Dockerfile",
			"FROM x\nCOPY tests/ /t/\n"), "hint: A COPY needs tests/a.py"},
	} {
		assert.Contains(t, checktest.Asked(t, dockerignore.Kind(), "dockerignore: {"+c.options+"}", c.target), c.want,
			c.options)
	}
}

// TestAllAtOnce: what to write is said once, for all that no line speaks of.
func TestAllAtOnce(t *testing.T) {
	for text, want := range map[string]string{
		"": "Create a file .dockerignore beside the Dockerfile. Write `.env`, `.env.*`, `*.pem`, one " +
			"a line, at the top of .dockerignore.",
		"*.log\n":         "Write `.env`, `.env.*`, `*.pem`, one a line, below line 1 of .dockerignore.",
		".env\n*.pem\n":   "Write `.env.*` below line 2 of .dockerignore.",
		".env # secret\n": "",
	} {
		target := checktest.New().Without(".dockerignore")
		if text != "" {
			target.With(".dockerignore", text)
		}
		o, err := checktest.Ask(t.Context(), checktest.Entry(t, dockerignore.Kind(),
			"dockerignore: {excludes: [.env, .env.local, .env.prod, server.pem]}"), target, 1)
		require.NoError(t, err)
		assert.Equal(t, want, o.Hint.String(), text)
	}
}

func TestEvidence(t *testing.T) {
	o, err := checktest.Ask(context.Background(), checktest.Entry(t, dockerignore.Kind(),
		"dockerignore: {excludes: [.env, x], keeps: [main.py]}"), checktest.New(), 1)
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"path", "in the build", "decided by"}, {".env", "no", ".dockerignore:1  .env"},
		{"x", "yes", "no line"}, {"main.py", "yes", "no line"}}, o.Evidence[0].Rows)
}
