package dockerfile

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBrings(t *testing.T) {
	const head = "FROM python:3.12-slim\nWORKDIR /app\nCOPY pyproject.toml .\nRUN uv sync\n"
	for name, c := range map[string]struct {
		text            string
		brings, certain bool
	}{
		"the lesson":          {head + "COPY main.py .\n", true, true},
		"the whole folder":    {head + "COPY . .\n", true, true},
		"one of several":      {head + "COPY main.py tests /srv/\n", true, true},
		"a pattern":           {head + "COPY *.py ./\n", true, true},
		"ADD":                 {head + "ADD main.py .\n", true, true},
		"an owner and a mode": {head + "COPY --chown=1000:1000 --chmod=644 --link main.py .\n", true, true},
		"another stage":       {"FROM python AS b\nCOPY main.py /\nFROM python\n", true, true},
		"not copied":          {head, false, true},
		"from elsewhere":      {head + "COPY --from=other main.py .\n", false, true},
		"mounts of other things": {head + "RUN --mount=type=cache,target=/root --mount=from=b,target=/b true\n", false,
			true},
		"a mount of it":          {head + "RUN --mount=type=bind,target=/src true\n", false, false},
		"a mount without a kind": {head + "RUN --mount=target=/src true\n", false, false},
		"a mount in quotes":      {head + "RUN --mount=\"type=cache\",target=/src true\n", false, true},
		"copied, and mounted":    {head + "RUN --mount=target=/src true\nCOPY main.py .\n", true, true},
		"a variable":             {head + "COPY ${SRC} .\n", false, false},
		"an option that decides": {head + "COPY --exclude=main.py . .\n", false, false},
		"a here-document":        {head + "COPY <<X main.py\nhello\nX\n", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Parse("Dockerfile", []byte(c.text))
			require.NoError(t, err)
			brings, certain := f.Brings("main.py")
			assert.Equal(t, []bool{c.brings, c.certain}, []bool{brings, certain})
		})
	}
}
