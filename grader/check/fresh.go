package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/option"
)

// Fresh are names of new random values, with the sort of each.
type Fresh []FreshValue

// FreshValue is one of them.
type FreshValue struct {
	Name string
	Sort string       // one of the sorts; text unless given
	At   option.Value // where the name is written
}

var sorts = []string{"text", "word", "mail", "password", "int", "date", "uuid"}

// meantSorts are words of other tools for the sorts.
var meantSorts = map[string]string{"number": "int", "integer": "int", "string": "text", "str": "text", "name": "word",
	"username": "word", "slug": "word", "id": "uuid", "guid": "uuid", "time": "date", "datetime": "date",
	"secret": "password"}

var freshName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// UnmarshalOption reads a list of names, whose values are texts, or a mapping from names to sorts.
func (f *Fresh) UnmarshalOption(v option.Value) (ps option.Problems) {
	*f = nil
	switch v.Kind {
	case option.List:
		var names []string
		if ps = option.Decode(v, &names); len(ps) > 0 {
			return ps
		}
		for _, item := range v.Items {
			*f = append(*f, FreshValue{item.Text, "text", item})
		}
	case option.Map:
		for _, field := range v.Fields {
			sort := field.Value
			if meant := meantSorts[sort.Text]; meant != "" {
				ps = append(ps, sort.Problem("unknown sort %q (did you mean %q?)", sort.Text, meant)...)
			} else if sort.Kind != option.String || !slices.Contains(sorts, sort.Text) {
				ps = append(ps, option.Unknown("sort", sort, sorts)...)
			}
			*f = append(*f, FreshValue{field.Key.Text, sort.Text, field.Key})
		}
	default:
		return v.Wrong("a list")
	}
	for i, value := range *f {
		switch {
		case !freshName.MatchString(value.Name):
			ps = append(ps, value.At.Problem("a fresh value's name is letters, digits and _, not %q", value.Name)...)
		case slices.ContainsFunc((*f)[:i], func(other FreshValue) bool { return other.Name == value.Name }):
			ps = append(ps, value.At.Problem("%s is already in the list", value.At.Describe())...)
		}
	}
	return ps
}

// Names returns the names, each at its place.
func (f Fresh) Names() (names []option.Value) {
	for _, value := range f {
		names = append(names, value.At)
	}
	return names
}

// IsZero reports whether there are none.
func (f Fresh) IsZero() bool { return f == nil }

// OptionSchema describes them to editors.
func (Fresh) OptionSchema() *jsonschema.Schema {
	words := make([]any, len(sorts))
	for i, sort := range sorts {
		words[i] = sort
	}
	name := &jsonschema.Schema{Types: []string{"string", "number", "boolean"}}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "array", Items: name},
		{Type: "object", PropertyNames: &jsonschema.Schema{Pattern: freshName.String()},
			AdditionalProperties: &jsonschema.Schema{Enum: words}}}}
}

var (
	firstNames = []string{"ann", "bob", "carla", "dev", "eva", "finn", "gus", "hana", "ivo", "jana", "kim", "lea"}
	nouns      = []string{"river", "garden", "window", "paper", "candle", "stone", "feather", "orange", "ticket",
		"violin", "harbour", "ladder"}
)

// Flags returns the words of docker run that pass variables, each after a blank.
func Flags(env map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&b, " -e %s=%s", name, env[name])
	}
	return b.String()
}

// Make returns a new value: text as [Word]; word without blanks, small letters and digits; mail at
// example.org; a password with letters of both sizes, a digit and a mark; a whole number from 1000
// on; a date of the last ten years; a UUID.
func (f FreshValue) Make(r *rand.Rand) any {
	switch f.Sort {
	case "word":
		return fmt.Sprintf("%s%d", nouns[r.IntN(len(nouns))], 100_000+r.IntN(900_000))
	case "mail":
		return fmt.Sprintf("%s.%s%d@example.org", firstNames[r.IntN(len(firstNames))], nouns[r.IntN(len(nouns))],
			10_000+r.IntN(90_000))
	case "password":
		noun := nouns[r.IntN(len(nouns))]
		return fmt.Sprintf("%s%s-%d!", strings.ToUpper(noun[:1]), noun[1:], 100_000+r.IntN(900_000))
	case "int":
		return json.Number(fmt.Sprint(1000 + r.IntN(999_000)))
	case "date":
		return time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, r.IntN(3650)).Format(time.DateOnly)
	case "uuid":
		return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), 0x8000|r.IntN(1<<14),
			r.Int64N(1<<48))
	}
	return Word(r)
}
