package plain_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/plain"
)

func TestText(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"ordinary":        {"Ünï 漢字 🙂\tx\ny", "Ünï 漢字 🙂\tx\ny"},
		"colour":          {"\x1b[31mred\x1b[0m", "␛[31mred␛[0m"},
		"overwriting":     {"failed\rpassed", "failedpassed"},
		"Windows":         {"a\r\nb", "a\nb"},
		"bell and nul":    {"\a\x00", "␇␀"},
		"direction":       {"a\u202eb\u2066c", "a\ufffdb\ufffdc"},
		"line separators": {"a\u2028b\u2029c\u0085d", "a\ufffdb\ufffdc\ufffdd"},
		"tags":            {"a\U000e0041b", "a\ufffdb"},
		"format": {"a\u200bb\u00adc\u2060d\u180ee\ufff9f\U000e0180g",
			"a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg"},
		"not UTF-8": {"a\xffb", "a\ufffdb"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, plain.Text(c.in)) })
	}
}

func TestLine(t *testing.T) {
	assert.Equal(t, "a b c", plain.Line(" a\n\tb \r\n c ", 5))
	assert.Equal(t, "a b …", plain.Line("a b c d", 5))
	assert.Equal(t, "漢字漢字漢", plain.Line("漢字漢字漢", 5))
	assert.Equal(t, "漢字漢字…", plain.Line("漢字漢字漢字", 5))
}

func TestPoints(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 100: "100", 87.5: "87.5", 2.25: "2.25", 1.0 / 3: "0.33"} {
		assert.Equal(t, want, plain.Points(n))
	}
}

func TestPlural(t *testing.T) {
	for n, want := range map[int]string{0: "0 checks", 1: "1 check", 2: "2 checks"} {
		assert.Equal(t, want, plain.Plural(n, "check"))
	}
}

func TestPercent(t *testing.T) {
	for _, c := range []struct{ part, whole, want float64 }{{1, 3, 33.3}, {2, 3, 66.7}, {5, 5, 100}, {0, 5, 0},
		{1, 0, 0}} {
		assert.Equal(t, c.want, plain.Percent(c.part, c.whole))
	}
}

// TestJSON: what is shown of JSON is JSON still, and says the same.
func TestJSON(t *testing.T) {
	const text = "a\u009b2J\u202e\u200b\x1b\x7f\U000e0041\u2028 Ünï 漢字 🙂\n\t<b>"
	var b strings.Builder
	require.NoError(t, plain.JSON(&b, map[string]string{"x": text}, "  "))
	assert.Equal(t,
		"{\n  \"x\": \"a\\u009b2J\\u202e\\u200b\\u001b\\u007f\\udb40\\udc41\\u2028 Ünï 漢字 "+
			"🙂\\n\\t\\u003cb\\u003e\"\n}\n", b.String())
	var back map[string]string
	require.NoError(t, json.Unmarshal([]byte(b.String()), &back))
	assert.Equal(t, text, back["x"])
}
