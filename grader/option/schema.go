package option

import (
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"
)

var (
	schemer = reflect.TypeFor[Schemer]()
	scalars = []string{"string", "number", "boolean"} // what is read where a text is wanted
)

// Schema describes to editors what [Decode] takes for a type; types that describe themselves are
// asked.
func Schema(t reflect.Type) (*jsonschema.Schema, error) {
	own := map[reflect.Type]*jsonschema.Schema{valueType: {}, posType: {Type: "object"}}
	collect(t, own, map[reflect.Type]bool{})
	if s, ok := own[t]; ok {
		return s.CloneSchemas(), nil
	}
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: own})
	if err == nil {
		refine(s, t, field{}, own)
	}
	return s, err
}

func collect(t reflect.Type, own map[reflect.Type]*jsonschema.Schema, seen map[reflect.Type]bool) {
	if seen[t] || own[t] != nil {
		return
	}
	seen[t] = true
	if t.Implements(schemer) {
		own[t] = reflect.Zero(t).Interface().(Schemer).OptionSchema()
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

// refine says of a type what reflection does not know: what [Decode] takes for a text, and what the
// tags say.
func refine(s *jsonschema.Schema, t reflect.Type, f field, own map[reflect.Type]*jsonschema.Schema) {
	if own[t] != nil {
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		refine(s, t.Elem(), f, own)
	case reflect.Struct:
		fields, _ := fieldsOf(t)
		for _, below := range fields {
			refine(s.Properties[below.name], t.Field(below.index).Type, below, own)
		}
	case reflect.Map:
		refine(s.AdditionalProperties, t.Elem(), field{any: true}, own)
	case reflect.Slice:
		s.Type, s.Types = "array", nil
		if !f.any && !f.empty {
			s.MinItems = jsonschema.Ptr(1)
		}
		refine(s.Items, t.Elem(), f, own)
	case reflect.String:
		s.Type, s.Types = "", scalars
		for _, word := range f.words {
			s.Enum = append(s.Enum, word)
		}
		if s.Enum == nil && !f.any {
			s.Pattern = `\S`
		}
	case reflect.Int, reflect.Int64, reflect.Float64:
		if f.bounded {
			s.Minimum, s.Maximum = &f.least, &f.most
		}
	}
}
