package crud

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// One is what is sent for one thing, as far as it is not as usual: a method, a path, or both.
type One struct {
	Create, Get, Update, Delete steps.Send
}

// UnmarshalOption reads the path of all, or a mapping from what is done to what is sent.
func (o *One) UnmarshalOption(v option.Value) option.Problems {
	*o = One{}
	if v.Kind != option.Map {
		path := steps.Send{Path: v.Text}
		*o = One{Get: path, Update: path, Delete: path}
		return nil
	}
	var written struct {
		Create string `json:"create,omitempty"`
		Get    string `json:"get,omitempty"`
		Update string `json:"update,omitempty"`
		Delete string `json:"delete,omitempty"`
	}
	ps := option.Decode(v, &written)
	for _, f := range v.Fields {
		method, _, sent := strings.Cut(f.Value.Text, " ")
		if !sent || len(ps) > 0 {
			continue
		}
		ps = (&steps.Send{}).UnmarshalOption(f.Value)
		if len(ps) == 0 && f.Key.Text == "create" && !chosen.MatchString(f.Value.Text) {
			ps = f.Value.Problem("a create whose path chooses the id has one of $slug, $uuid and $int in it, not %s",
				f.Value.Describe())
			ps[0].Hint = "leave it out for a POST to the collection"
		}
		if len(ps) == 0 && f.Key.Text == "get" && method != http.MethodGet {
			ps = f.Value.Problem("a thing is read by GET, not %s", method)
		}
	}
	read := func(text string) steps.Send {
		method, path, ok := strings.Cut(text, " ")
		if !ok {
			return steps.Send{Path: text}
		}
		return steps.Send{Method: method, Path: path}
	}
	*o = One{read(written.Create), read(written.Get), read(written.Update), read(written.Delete)}
	if create, _ := v.Get("create"); len(ps) == 0 && create.Line > 0 && o.Create.Method == "" {
		ps = create.Problem("want a method and a path, such as PUT /tasks/$slug, not %s", create.Describe())
	}
	return ps
}

// chosen is the part of a create's path that makes the id.
var chosen = regexp.MustCompile(`\$(slug|uuid|int)\b`)

// check finds paths that do not lead to one thing; an update may say in its body which it is.
func (o One) check(v option.Value, inBody bool) (ps option.Problems) {
	for key, sent := range map[string]steps.Send{"get": o.Get, "update": o.Update, "delete": o.Delete} {
		at, apart := v.Get(key)
		if !apart {
			at = v
		}
		path := at
		path.Text = sent.Path
		if n := strings.Count(sent.Path, idText); (v.Kind != option.Map || apart) && (len(steps.CheckPath(path)) > 0 ||
			n != 1 && (key != "update" || n > 1 || !inBody)) {
			wrong := at.Problem("want the path of one thing, such as /task/$id, not %s", at.Describe())
			if !apart {
				return wrong
			}
			ps = append(ps, wrong...)
		}
	}
	return ps
}

// with returns it with something done to each path.
func (o One) with(change func(path string) string) One {
	for _, s := range []*steps.Send{&o.Create, &o.Get, &o.Update, &o.Delete} {
		s.Path = change(s.Path)
	}
	return o
}

// IsZero reports whether nothing is written.
func (o One) IsZero() bool { return o == One{} }

// route returns what is sent to create, get, update or delete the thing of an id, which is escaped.
func (c *CRUD) route(what, id string) (method, path string) {
	sent, usual := c.One.Get, http.MethodGet
	switch what {
	case "create":
		if c.One.Create.Path == "" {
			return http.MethodPost, c.At
		}
		return c.One.Create.Method, chosen.ReplaceAllLiteralString(c.One.Create.Path, id)
	case "update":
		sent, usual = c.One.Update, c.Update
	case "delete":
		sent, usual = c.One.Delete, http.MethodDelete
	}
	path = cmp.Or(sent.Path, strings.TrimSuffix(c.At, "/")+"/"+idText)
	return cmp.Or(sent.Method, usual), strings.Replace(path, idText, id, 1)
}

// OptionSchema describes it to editors.
func (One) OptionSchema() *jsonschema.Schema {
	one := func(says string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Pattern: `^((GET|POST|PUT|PATCH|DELETE) )?/\S*$`, Description: says}
	}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string", Pattern: `^/\S*\$id`}, {Type: "object",
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}, Properties: map[string]*jsonschema.Schema{
			"create": one("what makes one whose id the path chooses: PUT /tasks/$slug"),
			"get":    one("the path of one thing: /task/$id"),
			"update": one("what changes it: POST /task/$id/update"),
			"delete": one("what deletes it: POST /task/$id/delete")}}}}
}
