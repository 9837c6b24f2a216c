package steps

import (
	"math/rand/v2"
	"testing"
)

// FuzzMatch: whatever a program answers, it is matched, shown and remembered without a panic, and
// matches itself.
func FuzzMatch(f *testing.F) {
	for _, text := range []string{`{"a":1,"b":[null,true,"x"]}`, `[{"id":1e400}]`, `1e999999999`, `-0.0`, `"\ud800"`,
		`{"a":{"a":{"a":{}}}}`, `[[[[1]]]]`, `{"":0}`, `null`, `{"a":1,"a":2}`} {
		for _, want := range []string{"<any>", "<int>", "<uuid>", "<time>", "<not $x>", "<$x + 1>", "<int 1..5>",
			"<one of a, $x>", "<after $x or null>", "<length of a>", "/a/", "$x", `\<any>`, "$$"} {
			f.Add(text, want, "a.b[0]")
		}
	}
	f.Fuzz(func(t *testing.T, text, want, path string) {
		value, err := Decode([]byte(text))
		if err != nil {
			return
		}
		if d := (scene{}).match("$", value, value, true); len(d) > 0 {
			t.Fatalf("%s is not itself: %v", text, d)
		}
		v := vars{"x": value, "list": saved{value, value}}
		wanted := v.text(want, true)
		for _, d := range (scene{}).match("$", wanted, value, false) {
			if len(d.want) > 2*showBytes || len(d.got) > 2*showBytes {
				t.Fatalf("%d and %d bytes are shown", len(d.want), len(d.got))
			}
		}
		(scene{}).match("$", map[string]any{"a": wanted}, value, true)
		(scene{}).match("$", []any{wanted, plainHoles["absent"]}, value, true)
		if other := unused(value, rand.New(rand.NewPCG(1, 2))); len(plainText(other)) > len(text)+8 {
			t.Fatalf("%s is not of the shape of %s", plainText(other), text)
		}
		at(value, path)
		v.path("/" + want)
		Show(plain(wanted))
		Encode(value)
	})
}
