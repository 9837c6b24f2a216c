package rubric

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Schema is the JSON Schema of rubrics with these kinds, made from the types that the parser fills, for editors.
func Schema(kinds []check.Kind) ([]byte, error) {
	root, err := schemaOf(reflect.TypeFor[document]())
	if err != nil {
		return nil, err
	}
	root.Schema, root.Title = "https://json-schema.org/draft/2020-12/schema", "taskgrader rubric"
	root.Properties["rubric"].Type, root.Properties["points"].Type = "string", "number"
	one, err := schemaOf(reflect.TypeFor[skill]())
	if err != nil {
		return nil, err
	}
	root.Properties["skills"] = &jsonschema.Schema{Type: "object", AdditionalProperties: one, Description: "what the checks are evidence of"}
	item, err := schemaOf(reflect.TypeFor[entry]())
	if err != nil {
		return nil, err
	}
	item.Properties["points"].Type, item.Properties["skill"].Type = "number", "string"
	for _, k := range kinds {
		s, err := schemaOf(reflect.TypeOf(k.New()).Elem())
		if err != nil {
			return nil, fmt.Errorf("describing kind %q: %w", k.Name, err)
		}
		s.Description = k.Manual.Summary
		item.Properties[k.Name] = s
		item.OneOf = append(item.OneOf, &jsonschema.Schema{Required: []string{k.Name}})
	}
	root.Properties["checks"] = &jsonschema.Schema{Type: "array", Items: item, MinItems: jsonschema.Ptr(1), Description: "what is asked, in the order in which reports show it"}
	text, err := json.MarshalIndent(root, "", "  ")
	return append(text, '\n'), err
}

var schemer = reflect.TypeFor[option.Schemer]()

// schemaOf describes a type; types that describe themselves are asked.
func schemaOf(t reflect.Type) (*jsonschema.Schema, error) {
	own := map[reflect.Type]*jsonschema.Schema{reflect.TypeFor[option.Value](): {}, reflect.TypeFor[option.Pos](): {Type: "object"}}
	collect(t, own, map[reflect.Type]bool{})
	if s, ok := own[t]; ok {
		return s.CloneSchemas(), nil
	}
	return jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: own})
}

func collect(t reflect.Type, own map[reflect.Type]*jsonschema.Schema, seen map[reflect.Type]bool) {
	if seen[t] || own[t] != nil {
		return
	}
	seen[t] = true
	if t.Implements(schemer) {
		own[t] = reflect.Zero(t).Interface().(option.Schemer).OptionSchema()
		return
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		collect(t.Elem(), own, seen)
	case reflect.Struct:
		for i := range t.NumField() {
			collect(t.Field(i).Type, own, seen)
		}
	}
}
