package check_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
)

// TestWithin: what moves lines keeps what another edit writes in one of them.
func TestWithin(t *testing.T) {
	moves := check.Edit{File: "f", Line: 2, Old: "COPY . .\nCMD a\nWORKDIR /b", New: "WORKDIR /b\nCOPY . .\nCMD a"}
	list := check.Edit{File: "f", Line: 3, Old: "CMD a", New: `CMD ["a"]`}
	require.NotNil(t, moves.Within(list))
	assert.Equal(t, "WORKDIR /b\nCOPY . .\nCMD [\"a\"]", moves.Within(list).New)
	assert.Nil(t, list.Within(moves))
	for _, other := range []check.Edit{{File: "g", Line: 3, Old: "CMD a", New: "x"}, {File: "f", Line: 5, Old: "CMD a",
		New: "x"}, {File: "f", Line: 3, Old: "CMD b", New: "x"}, {File: "f", Line: 3, New: "x"}} {
		assert.Nil(t, moves.Within(other), "%v", other)
	}
}

func TestMerge(t *testing.T) {
	for _, c := range []struct{ old, a, b, want string }{
		{"CMD uvicorn main:app --port 80", `CMD ["uvicorn", "main:app", "--port", "80"]`,
			"CMD uvicorn main:app --host 0.0.0.0 --port 8000",
			`CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]`},
		{`CMD ["uvicorn", "main:app", "--reload", "--port", "80"]`, `CMD ["uvicorn", "main:app", "--port", "80"]`,
			`CMD ["uvicorn", "main:app", "--reload", "--port", "8000"]`,
			`CMD ["uvicorn", "main:app", "--port", "8000"]`},
		{"app.run(True)", `app.run(port=8000, True)`, `app.run(True, host="0.0.0.0")`,
			`app.run(port=8000, True, host="0.0.0.0")`},
		{"COPY . .", "COPY a .", "COPY b .", ""},
		{"CMD python a.py", `CMD ["python", "a.py"]`, `CMD ["python", "a.py"]`, ""},
		{"CMD a && b", `CMD ["sh", "-c", "a && exec b"]`, "CMD a && b --port 8000",
			`CMD ["sh", "-c", "a && exec b --port 8000"]`},
		{"CMD a $X", `CMD ["a"]`, "CMD a $Y", ""},
	} {
		edit := func(text string) *check.Edit { return &check.Edit{File: "f", Line: 3, Old: c.old, New: text} }
		for _, both := range []*check.Edit{check.Merge(edit(c.a), edit(c.b)), check.Merge(edit(c.b), edit(c.a))} {
			if c.want == "" {
				assert.Nil(t, both, c.old)
			} else if assert.NotNil(t, both, c.old) {
				assert.Equal(t, *edit(c.want), *both)
			}
		}
	}
}
