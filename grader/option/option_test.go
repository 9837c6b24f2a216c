package option

import (
	"encoding/json"
	"regexp"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

var (
	_ Unmarshaler = (*Duration)(nil)
	_ Unmarshaler = (*Size)(nil)
	_ Unmarshaler = (*Regexp)(nil)
	_ Unmarshaler = (*Glob)(nil)
	_ Schemer     = Duration(0)
	_ Schemer     = Size(0)
	_ Schemer     = Regexp{}
	_ Schemer     = Glob("")
	_ error       = Problem{}
	_ error       = Problems{}
)

// value makes a value of a YAML text, as package rubric does.
func value(t *testing.T, text string) Value {
	t.Helper()
	var n yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &n), text)
	return valueOf(n.Content[0])
}

func valueOf(n *yaml.Node) Value {
	v := Value{Pos: Pos{"r.yaml", n.Line, n.Column}, Text: n.Value}
	switch n.Kind {
	case yaml.SequenceNode:
		v.Kind = List
		for _, item := range n.Content {
			v.Items = append(v.Items, valueOf(item))
		}
	case yaml.MappingNode:
		v.Kind = Map
		for i := 0; i < len(n.Content); i += 2 {
			v.Fields = append(v.Fields, Field{valueOf(n.Content[i]), valueOf(n.Content[i+1])})
		}
	default:
		v.Kind = map[string]Kind{"!!null": Null, "!!bool": Bool, "!!int": Int, "!!float": Float,
			"!!str": String}[n.ShortTag()]
	}
	return v
}

type inner struct {
	Path string `json:"path"`
}

type name string

// everything has a field of every type that Decode knows.
type everything struct {
	Pos      `json:"-"`
	Text     string           `json:"text,omitempty"`
	Bool     bool             `json:"bool,omitempty"`
	Int      int              `json:"int,omitempty"`
	Int64    int64            `json:"int64,omitempty"`
	Float    float64          `json:"float,omitempty"`
	Pointer  *int             `json:"pointer,omitempty"`
	List     []string         `json:"list,omitempty"`
	Map      map[name]float64 `json:"map,omitempty"`
	Struct   inner            `json:"struct,omitzero"`
	Structs  []inner          `json:"structs,omitempty"`
	Raw      Value            `json:"raw,omitzero"`
	Duration Duration         `json:"duration,omitzero"`
	Size     Size             `json:"size,omitzero"`
	Regexp   Regexp           `json:"regexp,omitzero"`
	Glob     Glob             `json:"glob,omitzero"`
	Even     even             `json:"even,omitempty"`
	unseen   int
}

type even int

func (e *even) ValidateOption(at Value) Problems {
	if *e%2 != 0 {
		return at.Problem("%d is odd", int(*e))
	}
	return nil
}

func TestDecode(t *testing.T) {
	var e everything
	require.Empty(t, Decode(value(t, `text: a
bool: true
int: 0x10
int64: -3
float: 1.5
pointer: 7
list: [a, 1, true]
map: {a: 1, b: 2.5}
struct: {path: p}
structs: [{path: q}, {path: r}]
raw: [1]
duration: 1m30s
size: 1.5 MB
regexp: /^a/b$/
glob: "**/*.py"
even: 4
`), &e))
	seven := 7
	assert.Equal(t, Pos{"r.yaml", 1, 1}, e.Pos, "an untagged Pos is where the mapping begins")
	assert.Equal(t, "a", e.Text)
	assert.True(t, e.Bool)
	assert.Equal(t, 16, e.Int)
	assert.Equal(t, int64(-3), e.Int64)
	assert.Equal(t, 1.5, e.Float)
	assert.Equal(t, &seven, e.Pointer)
	assert.Equal(t, []string{"a", "1", "true"}, e.List, "a scalar is text as it was written")
	assert.Equal(t, map[name]float64{"a": 1, "b": 2.5}, e.Map)
	assert.Equal(t, inner{"p"}, e.Struct)
	assert.Equal(t, []inner{{"q"}, {"r"}}, e.Structs)
	assert.Equal(t, List, e.Raw.Kind)
	assert.Equal(t, Pos{"r.yaml", 11, 6}, e.Raw.Pos)
	assert.Equal(t, 90*time.Second, e.Duration.Std())
	assert.Equal(t, Size(1_500_000), e.Size)
	assert.Equal(t, "^a/b$", e.Regexp.String())
	assert.Equal(t, Glob("**/*.py"), e.Glob)
	assert.Equal(t, even(4), e.Even)
	assert.Zero(t, e.unseen)
}

func TestDecodeKeepsDefaults(t *testing.T) {
	e := everything{Text: "kept", Struct: inner{"kept"}, Size: 5}
	require.Empty(t, Decode(value(t, "int: 1"), &e))
	assert.Equal(t, "kept", e.Text)
	assert.Equal(t, inner{"kept"}, e.Struct)
	assert.Equal(t, Size(5), e.Size)
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"text: [a]", `r.yaml:1:7: want text, not a list`},
		{"text: {a: 1}", `r.yaml:1:7: want text, not a mapping`},
		{"text:", `r.yaml:1:6: want text, not nothing`},
		{"bool: yes please", `r.yaml:1:7: want true or false, not "yes please"`},
		{"bool: 'true'", `r.yaml:1:7: want true or false, not "true"`},
		{"bool: 1", `r.yaml:1:7: want true or false, not "1"`},
		{"int: 1.5", `r.yaml:1:6: want a whole number, not "1.5"`},
		{"int: '1'", `r.yaml:1:6: want a whole number, not "1"`},
		{"int: 99999999999999999999", `r.yaml:1:6: want a whole number, not "99999999999999999999"`},
		{"int64: [1]", `r.yaml:1:8: want a whole number, not a list`},
		{"float: x", `r.yaml:1:8: want a number, not "x"`},
		{"float: .nan", `r.yaml:1:8: want a number, not ".nan"`},
		{"float: .inf", `r.yaml:1:8: want a number, not ".inf"`},
		{"float: '1.5'", `r.yaml:1:8: want a number, not "1.5"`},
		{"pointer: x", `r.yaml:1:10: want a whole number, not "x"`},
		{"list: a", `r.yaml:1:7: want a list, not "a"`},
		{"list: [a, [b]]", `r.yaml:1:11: want text, not a list`},
		{"map: a", `r.yaml:1:6: want a mapping, not "a"`},
		{"map: {a: x}", `r.yaml:1:10: want a number, not "x"`},
		{"map: {a: 1, a: 2}", `r.yaml:1:13: key "a" is already on line 1`},
		{"struct: a", `r.yaml:1:9: want a mapping, not "a"`},
		{"struct: {}", `r.yaml:1:9: missing key "path"`},
		{"struct: {path: a, paht: b}", `r.yaml:1:19: unknown key "paht" (did you mean "path"?)`},
		{"structs: [{path: a}, {}]", `r.yaml:1:22: missing key "path"`},
		{"tetx: a", `r.yaml:1:1: unknown key "tetx" (did you mean "text"?)`},
		{"unseen: 1", `r.yaml:1:1: unknown key "unseen"`},
		{"Pos: 1", `r.yaml:1:1: unknown key "Pos"`},
		{"text: a\n\ntext: b", `r.yaml:3:1: key "text" is already on line 1`},
		{"- a", `r.yaml:1:1: want a mapping, not a list`},
		{"duration: 5", `r.yaml:1:11: want a duration such as 300ms, 20s or 3m, not "5"`},
		{"duration: 0", `r.yaml:1:11: want a duration such as 300ms, 20s or 3m, not "0"`},
		{"duration: 5 s", `r.yaml:1:11: want a duration such as 300ms, 20s or 3m, not "5 s"`},
		{"duration:", `r.yaml:1:10: want a duration such as 300ms, 20s or 3m, not nothing`},
		{"duration: [5s]", `r.yaml:1:11: want a duration such as 300ms, 20s or 3m, not a list`},
		{"duration: 0s", `r.yaml:1:11: a duration must be more than zero, not 0s`},
		{"duration: -3s", `r.yaml:1:11: a duration must be more than zero, not -3s`},
		{"size: 100", `r.yaml:1:7: want a size such as 64KB, 100MB or 1.5GB, not "100"`},
		{"size: 100MiB", `r.yaml:1:7: want a size such as 64KB, 100MB or 1.5GB, not "100MiB"`},
		{"size: -1MB", `r.yaml:1:7: want a size such as 64KB, 100MB or 1.5GB, not "-1MB"`},
		{"size: {MB: 1}", `r.yaml:1:7: want a size such as 64KB, 100MB or 1.5GB, not a mapping`},
		{"size: 0MB", `r.yaml:1:7: a size must be more than zero and less than a million GB, not 0MB`},
		{"size: 1000001GB", `r.yaml:1:7: a size must be more than zero and less than a million GB, not 1000001GB`},
		{"regexp: ok", `r.yaml:1:9: want a regular expression between slashes, such as /ok/, not "ok"`},
		{"regexp: /", `r.yaml:1:9: want a regular expression between slashes, such as /ok/, not "/"`},
		{"regexp: 1", `r.yaml:1:9: want a regular expression between slashes, such as /ok/, not "1"`},
		{"regexp: /a(/", "r.yaml:1:9: /a(/ is no regular expression: missing closing ): `a(`"},
		{"glob: ''", `r.yaml:1:7: want a path or a pattern inside the folder, such as **/*.py, not ""`},
		{"glob:", `r.yaml:1:6: want a path or a pattern inside the folder, such as **/*.py, not nothing`},
		{"glob: [a]", `r.yaml:1:7: want a path or a pattern inside the folder, such as **/*.py, not a list`},
		{"glob: 'a['", `r.yaml:1:7: "a[" is no pattern: a [ has no ]`},
		{"even: 3", `r.yaml:1:7: 3 is odd`},
		{"even: x", `r.yaml:1:7: want a whole number, not "x"`}, // a value that was not read is not validated
		{"text: [a]\nint: x\nnone: 1\nstruct: {}",
			"r.yaml:1:7: want text, not a list\nr.yaml:2:6: want a whole number, not \"x\"\n" +
				"r.yaml:3:1: unknown key \"none\"\nr.yaml:4:9: missing key \"path\""},
		{"text: " + "[[[[a]]]]", `r.yaml:1:7: want text, not a list`},
		{"int: aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeee",
			`r.yaml:1:6: want a whole number, not "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd…"`},
		{"int: aaaaaaaaaabbbbbbbbbbccccccccccdddddddddéeeeee",
			`r.yaml:1:6: want a whole number, not "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddé…"`},
	} {
		var e everything
		assert.EqualError(t, Decode(value(t, c.text), &e), c.want, c.text)
	}
}

func TestDecodePanicsOnATypeThatItCannotFill(t *testing.T) {
	var into struct {
		C chan int `json:"c"`
	}
	assert.PanicsWithValue(t, "option: cannot decode into chan int", func() { Decode(value(t, "c: 1"), &into) })
}

func TestUnknown(t *testing.T) {
	word := value(t, "wnat")
	for _, c := range []struct {
		known         []string
		message, hint string
	}{
		{[]string{"send", "want"}, `unknown key "wnat" (did you mean "want"?)`, ""},
		{[]string{"send", "json"}, `unknown key "wnat"`, "known: send, json"},
		{nil, `unknown key "wnat"`, ""},
	} {
		assert.Equal(t, Problems{{Pos: Pos{"r.yaml", 1, 1}, Message: c.message, Hint: c.hint}},
			Unknown("key", word, c.known))
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"want", "send", "headers", "header", "dockerignore", "dockerfile"}
	for word, want := range map[string]string{
		"wnat": "want", "wan": "want", "wants": "want", "WANT": "want", "want": "want",
		"snd": "send", "heder": "header", "headrs": "headers", "dockerignroe": "dockerignore",
		"docker-file": "dockerfile",
		"wxyz":        "", "": "", "s": "", "completely-else": "", "wägt": "",
	} {
		assert.Equal(t, want, Suggest(word, known), "%q", word)
	}
	assert.Empty(t, Suggest("want", nil))
	assert.Equal(t, "header", Suggest("headr", known), "the nearest wins")
}

func TestSort(t *testing.T) {
	at := func(line, column int, m string) Problem { return Problem{Pos: Pos{"f", line, column}, Message: m} }
	ps := Problems{at(2, 1, "c"), at(1, 9, "b"), at(1, 2, "a"), at(2, 1, "d")}
	Sort(ps)
	assert.EqualError(t, ps, "f:1:2: a\nf:1:9: b\nf:2:1: c\nf:2:1: d")
}

func TestDurationString(t *testing.T) {
	for d, want := range map[time.Duration]string{
		20 * time.Second: "20s", 5 * time.Minute: "5m", 90 * time.Second: "1m30s", 300 * time.Millisecond: "300ms",
		time.Hour: "1h", 61 * time.Minute: "1h1m", time.Hour + time.Second: "1h0m1s", 10 * time.Hour: "10h",
	} {
		assert.Equal(t, want, Duration(d).String())
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{"1B": 1, "64KB": 64_000, "64kB": 64_000, "100MB": 100_000_000,
		"1.5GB": 1_500_000_000, "1 GB": 1_000_000_000} {
		var s Size
		require.Empty(t, s.UnmarshalOption(value(t, text)), text)
		assert.Equal(t, want, s, text)
	}
	for s, want := range map[Size]string{1: "1B", 999: "999B", 64_000: "64KB", 250_000_000: "250MB",
		1_500_000_000: "1.5GB", 123_456_789: "123.5MB"} {
		assert.Equal(t, want, s.String())
	}
}

func TestGlobMatch(t *testing.T) {
	for _, c := range []struct {
		glob, path string
		want       bool
	}{
		{"main.py", "main.py", true}, {"main.py", "app/main.py", false}, {"*.py", "main.py", true},
		{"*.py", "app/main.py", false},
		{"**/*.py", "main.py", true}, {"**/*.py", "a/b/main.py", true}, {"**", "a/b", true}, {"a/**", "a/b/c", true},
		{"a/**/c", "a/c", true}, {"a/**/c", "a/b/b/c", true}, {"a/**/c", "a/b/d", false}, {"?.py", "a.py", true},
		{"[ab].py", "c.py", false},
		{"a", "a/b", false}, {"a/b", "a", false},
	} {
		assert.Equal(t, c.want, Glob(c.glob).Match(c.path), "%s %s", c.glob, c.path)
	}
}

func TestInterface(t *testing.T) {
	assert.Equal(t, map[string]any{"n": nil, "b": true, "i": int64(16), "f": 1.5, "s": "1", "l": []any{"a", int64(1)},
		"m": map[string]any{}},
		value(t, "{n: null, b: true, i: 0x10, f: 1.5, s: '1', l: [a, 1], m: {}}").Interface())
}

// TestSchemasAgreeWithTheDecoder: what an editor accepts, the decoder reads, and the other way
// round.
func TestSchemasAgreeWithTheDecoder(t *testing.T) {
	for _, c := range []struct {
		schema  Schemer
		into    func() Unmarshaler
		ok, bad []string
	}{
		{Duration(0), func() Unmarshaler { return new(Duration) }, []string{"20s", "1m30s", "300ms", "1.5h"},
			[]string{"5", "x", "-3s", "5 s"}},
		{Size(0), func() Unmarshaler { return new(Size) }, []string{"250MB", "1.5GB", "1 KB"},
			[]string{"100", "1MiB", "-1MB"}},
		{Regexp{}, func() Unmarshaler { return new(Regexp) }, []string{"/ok/"}, []string{"ok", "/ok", "//"}},
		{Glob(""), func() Unmarshaler { return new(Glob) }, []string{"**/*.py", "a", ".env", "..a/b", ".a/...b"},
			[]string{"/a", "a/", "a//b", "", ".", "..", "../a", "a/./b"}},
	} {
		s := c.schema.OptionSchema()
		pattern := regexp.MustCompile(s.Pattern)
		for _, text := range c.ok {
			assert.Empty(t, c.into().UnmarshalOption(Value{Kind: String, Text: text}), text)
			assert.True(t, pattern.MatchString(text), "%T %q", c.schema, text)
		}
		for _, text := range c.bad {
			assert.NotEmpty(t, c.into().UnmarshalOption(Value{Kind: String, Text: text}), text)
			assert.False(t, pattern.MatchString(text), "%T %q", c.schema, text)
		}
		resolved, err := s.Resolve(&jsonschema.ResolveOptions{})
		require.NoError(t, err)
		for _, example := range s.Examples {
			assert.NoError(t, resolved.Validate(example))
		}
		_, err = json.Marshal(s)
		require.NoError(t, err)
	}
}

func FuzzDescribeAndSuggest(f *testing.F) {
	f.Add("wnat", "want")
	f.Add("é", "e\xff")
	f.Fuzz(func(t *testing.T, word, known string) {
		if s := Suggest(word, []string{known}); s != "" && s != known {
			t.Fatalf("suggested %q, which is not known", s)
		}
		got := Value{Kind: String, Text: word}.Describe()
		if back, err := strconv.Unquote(got); err != nil || utf8.RuneCountInString(back) > 41 {
			t.Fatalf("described %q as %s", word, got)
		}
		Glob(word).Match(known)
	})
}
