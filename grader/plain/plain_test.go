package plain_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

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
		"not UTF-8":       {"a\xffb", "a\ufffdb"},
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
