package check_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
)

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
