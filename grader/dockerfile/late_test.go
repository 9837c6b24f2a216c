package dockerfile

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLate(t *testing.T) {
	const head = "FROM python:3.12-slim\nWORKDIR /app\nCOPY pyproject.toml .\nRUN uv sync\n"
	for name, c := range map[string]struct{ text, want string }{
		"the lesson":             {head + "COPY main.py .\nEXPOSE 8000\nCMD [\"uvicorn\"]\n", "WORKDIR /app|COPY main.py ."},
		"the whole folder":       {head + "COPY . .\n", "WORKDIR /app|COPY . ."},
		"its folder":             {head + "COPY ./app/ /srv/app\nCOPY main.py tests /srv/\n", "WORKDIR /app|COPY main.py tests /srv/"},
		"a pattern":              {head + "COPY *.py ./\n", "WORKDIR /app|COPY *.py ./"},
		"twice":                  {head + "COPY main.py .\nWORKDIR src\nCOPY main.py .\n", "WORKDIR /app|COPY main.py .|WORKDIR src|COPY main.py ."},
		"options that change it": {head + "COPY --chown=1000:1000 --chmod=644 main.py .\n", "WORKDIR /app|COPY --chown=1000:1000 --chmod=644 main.py ."},
		"a stage before":         {"FROM python AS b\nWORKDIR /app\nCOPY pyproject.toml .\nRUN uv sync\nFROM python\nWORKDIR /app\nCOPY --from=b /app/.venv .venv\nCOPY main.py .\n", "WORKDIR /app|COPY main.py ."},
		"mounts of other things": {"FROM python\nRUN --mount=type=cache,target=/root --mount=from=b,target=/b true\nCOPY main.py /app/\n", "COPY main.py /app/"},

		"not copied":              {head, ""},
		"before a step that runs": {"FROM python\nWORKDIR /app\nCOPY . .\nRUN uv sync\n", ""},
		"a step that runs after":  {head + "COPY main.py .\nRUN python -m compileall .\n", ""},
		"a step that sees it":     {"FROM python\nRUN --mount=type=bind,target=/src true\nCOPY main.py /app/\n", ""},
		"a mount without a kind":  {"FROM python\nRUN --mount=target=/src true\nCOPY main.py /app/\n", ""},
		"another stage":           {"FROM python AS b\nCOPY main.py /\nFROM python\nCOPY main.py /app/\n", ""},
		"a stage below":           {"FROM python AS b\nCOPY main.py /app/\nFROM b\nCMD [\"x\"]\n", ""},
		"copied over by more":     {head + "COPY main.py .\nCOPY --from=other /app /app\n", ""},
		"a variable":              {head + "COPY ${SRC} .\n", ""},
		"a variable's folder":     {"FROM python\nWORKDIR $HOME\nCOPY main.py .\n", ""},
		"the base's folder":       {"FROM python\nCOPY main.py .\n", ""},
		"a relative folder":       {"FROM python\nWORKDIR app\nCOPY main.py .\n", ""},
		"an option that decides":  {head + "COPY --exclude=main.py . .\n", ""},
		"a here-document":         {head + "COPY <<X main.py\nhello\nX\n", ""},
		"ADD":                     {head + "ADD main.py .\n", ""},
		"an escape":               {head + "COPY main.py /a\\ b/\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Parse("Dockerfile", []byte(c.text))
			require.NoError(t, err)
			late := strings.TrimSuffix(strings.ReplaceAll(f.Late([]string{"main.py"}), "\n", "|"), "|")
			assert.Equal(t, c.want, strings.TrimPrefix(late, "FROM scratch|"))
		})
	}
}
