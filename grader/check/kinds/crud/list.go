package crud

import (
	"cmp"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// List is how all things are asked for.
type List struct {
	Get string // the path that is asked; empty is the collection's
	At  string // where in the answer the array is; empty is the answer itself
}

// listing is a List as it is written as a mapping.
type listing struct {
	Get option.Value `json:"get" jsonschema:"the path that is asked, such as /tasks?limit=1000"`
	At  string       `json:"at,omitempty" option:"any" jsonschema:"where in the answer the array is"`
}

// UnmarshalOption reads a path into the answer, or a mapping.
func (l *List) UnmarshalOption(v option.Value) (ps option.Problems) {
	into := v
	if v.Kind == option.Map {
		var written listing
		ps = option.Decode(v, &written)
		if get := written.Get; len(ps) == 0 && (get.Kind != option.String || len(steps.CheckPath(get)) > 0) {
			ps = get.Problem("want the path that is asked for the list, such as /tasks?limit=1000, not %s",
				get.Describe())
		}
		l.Get, l.At = written.Get.Text, written.At
		into, _ = v.Get("at")
	} else {
		ps = option.Decode(v, &l.At)
	}
	if len(ps) == 0 && !steps.IsPath(l.At) {
		return into.Problem("want a path into the answer, such as items, not %s", into.Describe())
	}
	return ps
}

// IsZero reports whether nothing is written.
func (l List) IsZero() bool { return l == List{} }

// from returns the path that is asked.
func (l List) from(collection string) string { return cmp.Or(l.Get, collection) }

// OptionSchema describes it to editors.
func (List) OptionSchema() *jsonschema.Schema {
	text := []string{"string", "number", "boolean"}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Types: text}, {Type: "object", Required: []string{"get"},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}, Properties: map[string]*jsonschema.Schema{
			"get": {Type: "string", Description: "the path that is asked, such as /tasks?limit=1000"},
			"at":  {Types: text, Description: "where in the answer the array is"}}}}}
}
