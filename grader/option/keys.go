package option

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// Key is one key of a mapping, as a manual lists it.
type Key struct {
	Name     string // with the key that it is under, if any: build.time
	Means    string
	Required bool
}

// Keys returns what [Decode] takes for a type: the keys of the mapping that it is written as, those
// of mappings within too; of a list, the keys of its items. A type that reads itself has those that
// it describes to editors.
func Keys(t reflect.Type) []Key {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Implements(schemer) {
		return described(reflect.Zero(t).Interface().(Schemer).OptionSchema())
	}
	if t.Kind() != reflect.Struct || t == valueType || reflect.PointerTo(t).Implements(unmarshaler) {
		return nil
	}
	var keys []Key
	fields, _ := fieldsOf(t)
	for _, f := range fields {
		field := t.Field(f.index)
		means := field.Tag.Get("jsonschema")
		if f.bounded {
			means += ", " + f.bounds()
		}
		keys = append(keys, Key{f.name, means, f.required})
		keys = append(keys, Below(f.name, Keys(field.Type))...)
	}
	return keys
}

func described(s *jsonschema.Schema) (keys []Key) {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		keys = append(keys, Key{name, s.Properties[name].Description, slices.Contains(s.Required, name)})
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Description != "" {
		keys = append(keys, Key{"NAME", s.AdditionalProperties.Description, false})
	}
	return keys
}

// Below returns keys as those of a mapping that is under another key.
func Below(name string, keys []Key) (below []Key) {
	for _, k := range keys {
		below = append(below, Key{name + "." + k.Name, k.Means, k.Required})
	}
	return below
}

// Top returns the keys that are under no other.
func Top(keys []Key) (top []Key) {
	for _, k := range keys {
		if !strings.Contains(k.Name, ".") {
			top = append(top, k)
		}
	}
	return top
}

// Names returns the keys that [Decode] takes for a struct.
func Names[T any]() (names []string) {
	fields, _ := fieldsOf(reflect.TypeFor[T]())
	for _, f := range fields {
		names = append(names, f.name)
	}
	return names
}
