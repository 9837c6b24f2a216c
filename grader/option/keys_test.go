package option

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestKeys(t *testing.T) {
	type inner struct {
		Full Size `json:"full" jsonschema:"all"`
	}
	type outer struct {
		Pos  `json:"-"`
		Name string   `json:"name" jsonschema:"as shown"`
		Size *inner   `json:"size,omitzero" jsonschema:"how large"`
		Raw  Value    `json:"raw,omitzero"`
		Wait Duration `json:"wait,omitzero" jsonschema:"how long"`
		List []inner  `json:"list,omitempty"`
	}
	keys := Keys(reflect.TypeFor[*[]outer]())
	assert.Equal(t, []Key{{"name", "as shown", true}, {"size", "how large", false}, {"size.full", "all", true},
		{"raw", "", false}, {"wait", "how long", false},
		{"list", "", false}, {"list.full", "all", true}}, keys)
	assert.Equal(t, []Key{keys[0], keys[1], keys[3], keys[4], keys[5]}, Top(keys))
	assert.Nil(t, Keys(reflect.TypeFor[Size]()))
	assert.Nil(t, Keys(reflect.TypeFor[map[string]inner]()))
	assert.Nil(t, Keys(reflect.TypeFor[Value]()))
}
