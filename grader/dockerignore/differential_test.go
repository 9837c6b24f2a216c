package dockerignore

import (
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// seeds are ignore files and paths that differ in what people get wrong.
var seeds = []struct{ text, path string }{
	{".env # c\n!x\n", "a/.env"}, {"[a-\n", "x"}, {"*\n!main.py\n", "main.py"}, {"*\n!app/main.py\n", "app/main.py"},
	{"app\n!app/main.py\n", "app/main.py"}, {"**/*.pyc\n", "a/b/c.pyc"}, {"tests/**\n", "tests"},
	{"**/tests/**\n", "tests/x"},
	{"\ufeff.env\r\n", ".env"}, {"/x/\n", "x"}, {"./x\n", "x"}, {"..\n", "x"}, {"a/../b\n", "b"}, {"!\n", "x"},
	{"! x\n", "x"},
	{"!/\n", "x"}, {"\\#x\n", "#x"}, {"a b\n", "a b"}, {"a?c\n", "abc"}, {"[^a]\n", "b"}, {"**\n", "a/b"},
	{"**/\n", "a"}, {"*/x\n", "a/x"}, {".\n", "a"}, {"!**\n", "a"},
	{"*.{a,b}\n", "x.a"}, {"a\n!a\na/b\n", "a/b"}, {"a/b\n!a\n", "a/b"}, {"é\n", "é"},
}

// FuzzAgainstDocker: what is decided of a path is what Docker's own matcher decides with all
// patterns at once.
func FuzzAgainstDocker(f *testing.F) {
	for _, s := range seeds {
		f.Add(s.text, s.path)
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		if strings.Trim(name, "/.") == "" || strings.HasPrefix(name, "/") || strings.Contains("/"+name+"/", "/../") ||
			strings.Contains("/"+name+"/", "/./") ||
			strings.Contains(name, "//") || strings.HasSuffix(name, "/") || strings.ContainsAny(name, "\x00\\") {
			return // no path of a folder
		}
		patterns, err := ignorefile.ReadAll(strings.NewReader(text))
		if err != nil {
			return
		}
		matcher, docker := patternmatcher.New(patterns)
		want := false
		if docker == nil {
			want, docker = matcher.MatchesOrParentMatches(name)
		}
		rules, err := Parse(".dockerignore", []byte(text))
		if err != nil || docker != nil {
			if err == nil {
				t.Fatalf("%q: Docker refuses it, and we do not: %v", text, docker)
			}
			return // we look at every pattern, and refuse what Docker would meet only with another path
		}
		if got := rules.Decide(name); got.Ignored != want {
			t.Fatalf("%q of %q: Docker %v, we %+v", name, text, want, got)
		}
	})
}
