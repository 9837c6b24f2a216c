package openapi

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
)

// learn remembers what a call made, changed and took away.
func (e *explorer) learn(c *call, a check.Answer) {
	if a.Status/100 != 2 {
		return
	}
	params := c.op.pathParams()
	if len(params) > 0 && strings.HasSuffix(normal(c.op.path), "{}") {
		if t := c.links[params[len(params)-1].key()]; t != nil {
			switch {
			case c.op.method == "DELETE":
				t.gone = true
			case !c.op.safe():
				t.writes = append(t.writes, c)
			}
		}
		return
	}
	value, err := steps.Decode(a.Body)
	if err != nil {
		return
	}
	where := normal(c.op.path)
	item := slices.IndexFunc(e.doc.operations, func(op *operation) bool {
		return strings.HasSuffix(normal(op.path), "{}") && collection(op.path) == where
	})
	if item < 0 {
		return
	}
	of := e.doc.operations[item].pathParams()
	name := of[len(of)-1].name
	switch c.op.method {
	case "POST":
		if id := idOf(value, name, 0); id != nil {
			e.things[where] = append(e.things[where], &thing{id: id, by: c})
		}
	case "GET":
		if len(e.things[where]) > 0 {
			return
		}
		for _, one := range listOf(value) {
			if id := idOf(one, name, 0); id != nil && len(e.things[where]) < 3 {
				e.things[where] = append(e.things[where], &thing{id: id})
			}
		}
	}
}

// idOf returns the id that an answer about one thing holds; nil where none is seen.
func idOf(v any, name string, depth int) any {
	object, ok := v.(steps.Object)
	if !ok || depth > 2 {
		return nil
	}
	for _, key := range []string{name, "id", "_id", "uuid", "code", "slug"} {
		switch id := object[key].(type) {
		case string, json.Number:
			if text(id) != "" {
				return id
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if id := idOf(object[key], name, depth+1); id != nil {
			return id
		}
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		switch id := object[key].(type) {
		case string, json.Number:
			if strings.HasSuffix(strings.ToLower(key), "id") {
				return id
			}
		}
	}
	return nil
}

// listOf returns the list that an answer is or holds.
func listOf(v any) steps.List {
	switch v := v.(type) {
	case steps.List:
		return v
	case steps.Object:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if list, ok := v[key].(steps.List); ok {
				return list
			}
		}
	}
	return nil
}

// living returns one of the things of a collection that are still there; nil is none.
func (e *explorer) living(collection string) *thing {
	var there []*thing
	for _, t := range e.things[collection] {
		if !t.gone {
			there = append(there, t)
		}
	}
	if len(there) == 0 {
		return nil
	}
	return there[e.rand.IntN(len(there))]
}

var names = regexp.MustCompile(`^(\w*?)_?(?:id|ID|Id|uuid)$`)

// known returns the id of something that a key such as category_id may name; a number may be under
// category alone.
func (e *explorer) known(key string, number bool) any {
	name := ""
	if m := names.FindStringSubmatch(key); m != nil {
		name = strings.ToLower(m[1])
	} else if number {
		name = strings.ToLower(key)
	}
	if name == "" {
		return nil
	}
	for _, where := range slices.Sorted(maps.Keys(e.things)) {
		if calls(where, name) {
			if t := e.living(where); t != nil {
				return t.id
			}
		}
	}
	return nil
}

// names reports whether a key may name a thing.
func (e *explorer) names(key string, t *thing) bool {
	name := strings.ToLower(key)
	if m := names.FindStringSubmatch(key); m != nil {
		name = strings.ToLower(m[1])
	}
	return calls(normal(t.by.op.path), name)
}

// calls reports whether things of a collection are called so.
func calls(collection, name string) bool {
	last := strings.ToLower(collection[strings.LastIndex(collection, "/")+1:])
	return last == name || last == name+"s" || last == name+"es" || last == strings.TrimSuffix(name, "y")+"ies"
}
