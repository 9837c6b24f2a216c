package check

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHint(t *testing.T) {
	for want, h := range map[string]Hint{
		"Do so.":         Advise("Do so."),
		"It is 3. Do 4.": {Cause: "It is 3.", Advice: "Do 4."},
		"Sh is process 1. Make line 9 of Dockerfile `CMD [\"a\"]`.": {Cause: "Sh is process 1.",
			Edit: &Edit{File: "Dockerfile", Line: 9, Old: "CMD a", New: `CMD ["a"]`}},
		"Make lines 2 to 4 of Dockerfile `COPY a .`, `RUN b`, `COPY . .`, one a line.": {Edit: &Edit{File: "Dockerfile",
			Line: 2, Old: "COPY . .\n\nRUN b", New: "COPY a .\nRUN b\nCOPY . .\n"}},
		"Write `.env` at the top of .dockerignore.": {Edit: &Edit{File: ".dockerignore", New: ".env"}},
		"Write `EXPOSE 8000` below line 2 of Dockerfile.": {Edit: &Edit{File: "Dockerfile", Line: 2,
			New: "EXPOSE 8000"}},
		"Take `USER x` out of Dockerfile, line 2.": {Edit: &Edit{File: "Dockerfile", Line: 2,
			Old: "USER x"}},
		"Take lines 2 to 3 out of Dockerfile.": {Edit: &Edit{File: "Dockerfile", Line: 2,
			Old: "a\nb"}},
		"Take line 1 and lines 3 to 4 out of Dockerfile.": {Edit: &Edit{File: "Dockerfile", Line: 1,
			Old: "a\nb\nc\nd", New: "b"}},
		"Make lines 1 to 2 of Dockerfile `b` and below it `a`.": {Edit: &Edit{File: "Dockerfile", Line: 1,
			Old: "a\nb", New: "b\na"}},
	} {
		assert.Equal(t, want, h.String())
	}
	assert.True(t, Hint{}.IsZero())
}

func TestApply(t *testing.T) {
	for _, c := range []struct {
		text, want, err string
		edit            Edit
	}{
		{text: "a\nb\nc\n", edit: Edit{File: "f", Line: 2, Old: "b", New: "x\ny"}, want: "a\nx\ny\nc\n"},
		{text: "a\nb\n", edit: Edit{File: "f", Line: 2, New: "c"}, want: "a\nb\nc\n"},
		{text: "a\nb\n", edit: Edit{File: "f", New: "c"}, want: "c\na\nb\n"},
		{text: "", edit: Edit{File: "f", New: "c"}, want: "c\n"},
		{text: "a\nb", edit: Edit{File: "f", Line: 1, Old: "a"}, want: "b\n"},
		{text: "a\r\nb", edit: Edit{File: "f", Line: 1, Old: "a", New: "c"}, want: "c\nb\n"},
		{text: "a\n", edit: Edit{File: "f", Line: 1, Old: "b", New: "c"},
			err: `line 1 of f is "a", and "b" was expected`},
		{text: "a\n", edit: Edit{File: "f", Line: 3, Old: "b"}, err: "f has no line 3"},
	} {
		got, err := c.edit.Apply(c.text)
		if c.err != "" {
			assert.EqualError(t, err, c.err)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, c.want, got)
	}
}
