package option

import (
	"reflect"
	"strings"
)

// Key is one key of a mapping, as a manual lists it.
type Key struct {
	Name     string // with the key that it is under, if any: build.time
	Means    string
	Required bool
}

// Keys are what [Decode] takes for a type: the keys of the mapping that it is written as, those of mappings within too;
// of a list, the keys of its items. A type that reads itself has none.
func Keys(t reflect.Type) []Key {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
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
		for _, below := range Keys(field.Type) {
			keys = append(keys, Key{f.name + "." + below.Name, below.Means, below.Required})
		}
	}
	return keys
}

// Top are the keys that are under no other.
func Top(keys []Key) (top []Key) {
	for _, k := range keys {
		if !strings.Contains(k.Name, ".") {
			top = append(top, k)
		}
	}
	return top
}
