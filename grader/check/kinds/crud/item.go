package crud

import (
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Item is where one thing is: in a body that is sent, and in an answer about it. Empty is the whole.
type Item struct{ Sent, Answered string }

// envelopes is an Item as it is written as a mapping.
type envelopes struct {
	Sent     string `json:"sent,omitempty"`
	Answered string `json:"answered,omitempty"`
}

// OptionSynonyms returns words that are near, with what is meant here.
func (envelopes) OptionSynonyms() map[string]string {
	return map[string]string{"in": "sent", "new": "sent", "edit": "sent", "request": "sent", "send": "sent",
		"body": "sent", "input": "sent", "out": "answered", "answer": "answered", "response": "answered",
		"output": "answered", "get": "answered", "at": "answered", "received": "answered"}
}

// UnmarshalOption reads one path for both, or each of them.
func (i *Item) UnmarshalOption(v option.Value) (ps option.Problems) {
	*i = Item{}
	if v.Kind == option.Map {
		var written envelopes
		if ps = option.Decode(v, &written); len(ps) > 0 {
			return ps
		}
		*i = Item(written)
	} else if ps = option.Decode(v, &i.Sent); len(ps) > 0 {
		return ps
	} else {
		i.Answered = i.Sent
	}
	for _, path := range []string{i.Sent, i.Answered} {
		if !steps.IsPath(path) {
			return v.Problem("want a path into the answer, such as data, not %q", path)
		}
	}
	return nil
}

// check finds a body whose one key may be the envelope that it is sent in, and is taken for a key of
// the thing; or one that lacks the envelope.
func (i Item) check(body, at option.Value) option.Problems {
	item, _ := at.Get("item")
	switch {
	case item.Kind == option.Map && i.Sent != "" && body.Kind == option.Map && !has(body, i.Sent):
		ps := body.Problem("%q is not there, which item says that things are sent in", i.Sent)
		ps[0].Hint = fmt.Sprintf("write it as it is sent: {%s: {…}}", i.Sent)
		return ps
	case item.Kind == option.Map || len(body.Fields) != 1 || body.Fields[0].Value.Kind != option.Map ||
		has(body, i.Sent) && i.Sent != "":
		return nil
	}
	key := body.Fields[0].Key
	ps := key.Problem("%q is taken for a key of the thing, with an object in it", key.Text)
	ps[0].Warning = true
	ps[0].Hint = fmt.Sprintf("where it is an envelope, write item: {sent: %s}, and answered: … for that of the answers",
		key.Text)
	if i.Answered != "" {
		ps[0].Hint = fmt.Sprintf("where it is an envelope, write item: {sent: %s, answered: %s}", key.Text, i.Answered)
	}
	return ps
}

// has reports whether a body is written with a thing at a path.
func has(body option.Value, path string) bool {
	found, ok := at(body.Interface(), path).(steps.Object)
	return ok && found != nil
}

// OptionSchema describes it to editors.
func (Item) OptionSchema() *jsonschema.Schema {
	path := func(says string) *jsonschema.Schema {
		return &jsonschema.Schema{Types: []string{"string", "number", "boolean"}, Description: says}
	}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{path("such as data"), {Type: "object",
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}, Properties: map[string]*jsonschema.Schema{
			"sent":     path("where in new and edit it is, such as task"),
			"answered": path("where in an answer about one thing it is, such as data")}}}}
}
