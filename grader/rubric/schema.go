package rubric

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// name is what a name may be written as: 404 is one.
var name = []string{"string", "number", "boolean"}

// Schema returns the JSON Schema of rubrics with these kinds, made from the types that the parser
// fills, for editors.
func Schema(kinds []check.Kind) ([]byte, error) {
	root, err := option.Schema(reflect.TypeFor[document]())
	if err != nil {
		return nil, err
	}
	root.Schema, root.Title = "https://json-schema.org/draft/2020-12/schema", "taskgrader rubric"
	root.Properties["rubric"].Types, root.Properties["points"].Type = name, "number"
	one, err := option.Schema(reflect.TypeFor[skill]())
	if err != nil {
		return nil, err
	}
	root.Properties["skills"] = &jsonschema.Schema{Type: "object", AdditionalProperties: one,
		Description: "what the checks are evidence of"}
	item, err := option.Schema(reflect.TypeFor[entry]())
	if err != nil {
		return nil, err
	}
	item.Properties["points"].Type, item.Properties["skill"].Types = "number", name
	for _, k := range kinds {
		s, err := option.Schema(reflect.TypeOf(k.New()).Elem())
		if err != nil {
			return nil, fmt.Errorf("describing kind %q: %w", k.Name, err)
		}
		s.Description = k.Manual.Summary
		item.Properties[k.Name] = s
		item.OneOf = append(item.OneOf, &jsonschema.Schema{Required: []string{k.Name}})
	}
	root.Properties["checks"] = &jsonschema.Schema{Type: "array", Items: item, MinItems: jsonschema.Ptr(1),
		Description: "what is asked, in the order in which reports show it"}
	text, err := json.MarshalIndent(root, "", "  ")
	return append(text, '\n'), err
}
