package option

import (
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var globs = []struct {
	pattern, name string
	want          bool
}{
	{"main.py", "main.py", true}, {"main.py", "app/main.py", false}, {"*.py", "main.py", true},
	{"*.py", "app/main.py", false},
	{"**/*.py", "main.py", true}, {"**/*.py", "a/b/main.py", true}, {"app/**", "app/x", true}, {"app/**", "app", true},
	{"app/**/x", "app/x", true},
	{"app/**/x", "app/a/b/x", true}, {"**", "a/b", true}, {"?.py", "é.py", true}, {"[ab].py", "b.py", true},
	{"a**b", "aXb", true}, {"**/**/x", "x", true},
}

func TestGlob(t *testing.T) {
	for _, c := range globs {
		assert.Equal(t, c.want, Glob(c.pattern).Match(c.name), "%s of %s", c.pattern, c.name)
	}
}

// FuzzGlob: without ** it is path.Match, and ** before a pattern takes nothing away.
func FuzzGlob(f *testing.F) {
	for _, c := range globs {
		f.Add(c.pattern, c.name)
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		var g Glob
		if ps := g.UnmarshalOption(Value{Kind: String, Text: pattern}); len(ps) > 0 {
			return
		}
		got := g.Match(name)
		if want, err := path.Match(pattern, name); !strings.Contains(pattern, "**") && err == nil && got != want {
			t.Fatalf("%q of %q: %v, path.Match %v", pattern, name, got, want)
		}
		if got && !Glob("**/"+pattern).Match(name) {
			t.Fatalf("%q of %q matches, and with **/ before it does not", pattern, name)
		}
	})
}
