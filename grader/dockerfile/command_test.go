package dockerfile

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// commands are RUN lines, and which of their commands install something.
var commands = []struct{ run, installs string }{
	{"pip install -r requirements.txt", "pip install -r requirements.txt"},
	{"pip3.12 --no-input install x", "pip3.12 --no-input install x"},
	{"python -m pip install x", "pip install x"},
	{"/usr/local/bin/python3 -m pip install x", "pip install x"},
	{".venv/bin/pip install x", "pip install x"},
	{"pip wheel -w /w -r r.txt", "pip wheel -w /w -r r.txt"},
	{"pip list && pip --version", ""},
	{"pip uninstall -y x", ""},
	{"uv sync --no-dev", "uv sync --no-dev"},
	{"uv pip install --system x", "uv pip install --system x"},
	{"uv pip compile r.in", ""},
	{"uv tool install x", "uv tool install x"},
	{"uv venv && uv lock && uv run x", ""},
	{"PIP_NO_CACHE_DIR=1 sudo -e pip install x", "pip install x"},
	{"cd /a && ( poetry install --no-root ) || exit 1", "poetry install --no-root )"},
	{"apt-get update; apt-get -y install curl", "apt-get -y install curl"},
	{"apk add --no-cache curl", "apk add --no-cache curl"},
	{"npm ci", "npm ci"},
	{"npm run install-things", ""},
	{"yarn", "yarn"},
	{"yarn build", ""},
	{"conda env create -f e.yml", "conda env create -f e.yml"},
	{"go mod download", "go mod download"},
	{"curl -LsSf https://x/install.sh | sh", ""},
	{"echo pip install x", ""},
	{"if true; then pip install x; fi", "pip install x"},
	{"<<EOF\nset -e\npip install \\\n  x\nEOF", "pip install x"},
	{`["pip", "install", "x"]`, "pip install x"},
	{`["sh", "-c", "true && pip install x"]`, "pip install x"},
	{"--mount=type=cache,target=/c pip install x", "pip install x"},
}

func TestCommands(t *testing.T) {
	for _, c := range commands {
		f, err := Parse("Dockerfile", []byte("FROM x\nRUN "+c.run+"\n"))
		require.NoError(t, err, c.run)
		var installs []string
		for _, command := range f.Final().Instructions[0].Commands() {
			if command.Installs() {
				installs = append(installs, strings.TrimSpace(command.Program+" "+strings.Join(command.Args, " ")))
			}
		}
		assert.Equal(t, c.installs, strings.Join(installs, "; "), c.run)
	}
}

func TestReferences(t *testing.T) {
	for text, want := range map[string][]string{
		"FROM nginx AS nginx\nFROM nginx\n":                                   {"nginx"},
		"FROM a:1 AS b\nFROM c:1\nCOPY --from=b /x /x\nCOPY --from=0 /x /x\n": {"a:1", "c:1"},
		"FROM a:1\nCOPY --from=b /x /x\nFROM c:1 AS b\n":                      {"a:1", "b", "c:1"},
		"ARG V=2\nFROM a:$V\nRUN --mount=type=bind,from=d:1,target=/d x\n":    {"a:2", "d:1"},
		"FROM scratch\nCOPY --from=scratch /x /x\n":                           nil,
		"FROM a:1\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /uvx /bin/\n":  {"a:1", "ghcr.io/astral-sh/uv:latest"},
	} {
		f, err := Parse("Dockerfile", []byte(text))
		require.NoError(t, err, text)
		assert.Equal(t, want, f.References(), text)
	}
}

func TestRebased(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"FROM a:1\n", "FROM <a:1>"},
		{"from  --platform=$BUILDPLATFORM a:1 as b\nFROM b\n", "from  --platform=$BUILDPLATFORM <a:1> as b\nFROM b"},
		{"FROM \"a:1\" AS a\nFROM a\nCOPY --from=a /x /x\n", "FROM <a:1> AS a\nFROM a\nCOPY --from=a /x /x"},
		{"FROM a:1\nCOPY --chown=1:1 --from=ghcr.io/b/c:latest /a:1 /c/\n",
			"FROM <a:1>\nCOPY --chown=1:1 --from=<ghcr.io/b/c:latest> /a:1 /c/"},
		{"FROM a:1\nRUN --mount=type=bind,from=d:1,target=/d --mount=from=e,target=/e echo from=d:1\n",
			"FROM <a:1>\nRUN --mount=type=bind,from=<d:1>,target=/d --mount=from=<e>,target=/e echo from=d:1"},
		{"ARG V=2\nFROM a:$V\nCOPY --from=b:$V /x /x\n", "ARG V=2\nFROM <a:2>\nCOPY --from=b:$V /x /x"},
		{"FROM a\nFROM a:1\nFROM scratch\nCOPY --from=0 /x /x\n",
			"FROM <a>\nFROM <a:1>\nFROM scratch\nCOPY --from=0 /x /x"},
		{"FROM \\\n  a:1\nCOPY \\\n  --from=b:1 /x /x\n", "FROM \\\n  a:1\nCOPY \\\n  --from=b:1 /x /x"},
		{"FROM --platform=linux/arm64 a:1\n", "FROM --platform=linux/arm64 a:1"},
		{"FROM stays:1\n", "FROM stays:1"},
	} {
		f, err := Parse("Dockerfile", []byte(c.text))
		require.NoError(t, err, c.text)
		got := f.Rebased(func(image, written string) string {
			if image == "stays:1" {
				return ""
			}
			return "<" + image + ">"
		})
		assert.Equal(t, c.want, strings.Join(got, "\n"), c.text)
	}
}

func TestEffective(t *testing.T) {
	f, err := Parse("Dockerfile",
		[]byte("FROM x AS a\nUSER app\nCMD [\"a\"]\nFROM y AS b\nUSER root\nFROM a\nENV K=v L=\"w x\"\nARG M=n O\n"))
	require.NoError(t, err)
	assert.Equal(t, 2, f.Last("USER").Line)
	assert.Equal(t, 3, f.Last("CMD", "ENTRYPOINT").Line)
	assert.Nil(t, f.Last("EXPOSE"))
	assert.Nil(t, f.At(1))
	assert.Equal(t, []Assignment{{"K", "v"}, {"L", "w x"}}, f.At(7).Assignments())
	assert.Equal(t, []Assignment{{"M", "n"}, {"O", ""}}, f.At(8).Assignments())
}
