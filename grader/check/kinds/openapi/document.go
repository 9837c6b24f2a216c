package openapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// document is what a program says of itself.
type document struct {
	*openapi3.T
	operations []*operation
}

// operation is one route of a document, with one method.
type operation struct {
	method string
	path   string // as a template, with the prefix that servers have
	params []param
	body   *body // nil where it takes none
	of     *openapi3.Operation
}

// param is one parameter of an operation.
type param struct {
	in, name string
	required bool
	list     string // what stands between the items of a list; empty where each is a parameter of its own
	schema   *openapi3.Schema
}

// key names the parameter in a call.
func (p param) key() string { return p.in + ":" + p.name }

// body is what an operation takes beside its parameters.
type body struct {
	mediaType string
	required  bool
	schema    *openapi3.Schema
}

// name returns the operation as its document writes it.
func (o *operation) name() string { return o.method + " " + o.path }

// safe reports whether the operation only reads.
func (o *operation) safe() bool {
	return o.method == http.MethodGet || o.method == http.MethodHead || o.method == http.MethodOptions
}

// asked are the methods that are asked, those that make things first, and those that end them last.
var asked = []string{http.MethodPost, http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch,
	http.MethodOptions, http.MethodDelete}

// readDocument reads a document of OpenAPI 3. What is wrong with it is the error, as a student
// reads it.
func readDocument(text []byte) (d *document, err error) {
	defer func() {
		if p := recover(); p != nil { // the library's answer to what nobody writes
			err = fmt.Errorf("it cannot be read: %v", p)
		}
	}()
	read, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("it cannot be read: %s", firstLine(err))
	}
	if err := tooMuch(read); err != nil {
		return nil, err
	}
	if read.OpenAPIMajorMinor() == "" {
		return nil, errors.New(`it says no version of OpenAPI that is known: want "openapi": "3.0.3" or "3.1.0"`)
	}
	if err := validate(read); err != nil {
		return nil, fmt.Errorf("it is no valid OpenAPI document: %s", firstLine(err))
	}
	d = &document{T: read}
	relax(read)
	prefix := ""
	if len(read.Servers) > 0 {
		if server, err := url.Parse(read.Servers[0].URL); err == nil && !strings.Contains(server.Path, "{") {
			prefix = strings.TrimSuffix(server.Path, "/")
		}
	}
	for _, path := range read.Paths.Keys() {
		item := read.Paths.Value(path)
		for _, method := range asked {
			if of := item.Operations()[method]; of != nil {
				d.operations = append(d.operations, newOperation(method, prefix+path, item, of))
			}
		}
	}
	if len(d.operations) == 0 {
		return nil, errors.New("it names no route")
	}
	slices.SortStableFunc(d.operations, func(a, b *operation) int { return cmp.Compare(a.path, b.path) })
	return d, nil
}

// validate returns what of a document is not valid. That two paths differ in the names of their
// parameters alone is let pass: a program that makes the document of its routes has /a/{id} for one
// method and /a/{a_id} for another, and answers both.
func validate(d *openapi3.T) error {
	for left := d.Paths.Keys(); len(left) > 0; {
		one, seen := *d, map[string]bool{}
		one.Paths = openapi3.NewPaths()
		one.Paths.Extensions = d.Paths.Extensions
		left = slices.DeleteFunc(left, func(path string) bool {
			first := !seen[normal(path)]
			if seen[normal(path)] = true; first {
				one.Paths.Set(path, d.Paths.Value(path))
			}
			return first
		})
		if err := one.Validate(context.Background(), openapi3.DisableExamplesValidation(),
			openapi3.DisableSchemaDefaultsValidation(), openapi3.DisableSchemaPatternValidation()); err != nil {
			return err
		}
	}
	if d.Paths.Len() == 0 {
		return d.Validate(context.Background())
	}
	return nil
}

// firstLine returns the first line of what is wrong.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return cut(line, 300)
}

// newOperation returns an operation with the parameters of its path and its own.
func newOperation(method, path string, item *openapi3.PathItem, of *openapi3.Operation) *operation {
	o := &operation{method: method, path: path, of: of}
	for _, ref := range slices.Concat(item.Parameters, of.Parameters) {
		written := ref.Value
		if written == nil {
			continue
		}
		p := param{in: written.In, name: written.Name, required: written.Required || written.In == "path"}
		if written.Schema != nil {
			p.schema = written.Schema.Value
		}
		if explode := written.Explode; explode != nil && !*explode || written.In != "query" {
			p.list = ","
		}
		o.params = slices.DeleteFunc(o.params, func(other param) bool { return other.key() == p.key() })
		o.params = append(o.params, p)
	}
	for _, m := range pathParam.FindAllStringSubmatch(path, -1) { // which a document may forget
		if !slices.ContainsFunc(o.params, func(p param) bool { return p.in == "path" && p.name == m[1] }) {
			o.params = append(o.params, param{in: "path", name: m[1], required: true, list: ","})
		}
	}
	if of.RequestBody != nil && of.RequestBody.Value != nil && !o.safe() {
		o.body = newBody(of.RequestBody.Value)
	}
	return o
}

var pathParam = regexp.MustCompile(`\{([^{}]+)\}`)

// newBody returns the form of a body that can be drawn best; nil where none is named.
func newBody(written *openapi3.RequestBody) *body {
	types := make([]string, 0, len(written.Content))
	for mediaType := range written.Content {
		types = append(types, mediaType)
	}
	slices.Sort(types)
	slices.SortStableFunc(types, func(a, b string) int { return rank(a) - rank(b) })
	if len(types) == 0 {
		return nil
	}
	b := &body{mediaType: types[0], required: written.Required}
	if ref := written.Content[types[0]].Schema; ref != nil {
		b.schema = ref.Value
	}
	return b
}

const (
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data"
)

// rank orders media types by how well they can be drawn.
func rank(mediaType string) int {
	switch {
	case isJSON(mediaType):
		return 0
	case mediaType == formType:
		return 1
	case mediaType == multipartType:
		return 2
	}
	return 3
}

var jsonType = regexp.MustCompile(`^application/([\w.-]+\+)?json\b`)

func isJSON(mediaType string) bool { return jsonType.MatchString(mediaType) }

// mostParts is how many schemas one may be made of, in the same place: each is asked of each value.
const mostParts = 1000

// tooMuch returns that a schema is made of itself, or of more others than anybody writes: a few
// lines that name each other twice stand for millions.
func tooMuch(d *openapi3.T) error {
	made := map[*openapi3.Schema]int{} // of how many; less than 0 while it is counted
	var count func(*openapi3.Schema) int
	count = func(s *openapi3.Schema) int {
		if n, known := made[s]; known {
			return n
		}
		made[s] = -1
		n := 1
		for _, ref := range inPlace(s) {
			if below := valueOf(ref); below != nil {
				c := count(below)
				if c < 0 { // of itself
					c = mostParts
				}
				n = min(n+c, mostParts+1)
			}
		}
		made[s] = n
		return n
	}
	for s := range schemasOf(d) {
		if count(s) > mostParts {
			return fmt.Errorf("it cannot be read: a schema is made of itself, or of more than %d others", mostParts)
		}
	}
	return nil
}

// inPlace returns the schemas that a value must keep, or not, to keep one.
func inPlace(s *openapi3.Schema) openapi3.SchemaRefs {
	all := slices.Concat(s.OneOf, s.AnyOf, s.AllOf, openapi3.SchemaRefs{s.Not, s.If, s.Then, s.Else})
	return slices.AppendSeq(all, maps.Values(s.DependentSchemas))
}

// schemasOf returns all schemas of a document.
func schemasOf(d *openapi3.T) map[*openapi3.Schema]bool {
	seen := map[*openapi3.Schema]bool{}
	var each func(*openapi3.SchemaRef)
	each = func(ref *openapi3.SchemaRef) {
		s := valueOf(ref)
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		for _, below := range slices.Concat(inPlace(s), s.PrefixItems, openapi3.SchemaRefs{s.Items,
			s.AdditionalProperties.Schema, s.Contains}) {
			each(below)
		}
		for _, group := range []openapi3.Schemas{s.Properties, s.PatternProperties, s.Defs} {
			for _, below := range group {
				each(below)
			}
		}
	}
	content := func(c openapi3.Content) {
		for _, media := range c {
			each(media.Schema)
		}
	}
	if d.Components != nil {
		for _, ref := range d.Components.Schemas {
			each(ref)
		}
	}
	for _, item := range d.Paths.Map() {
		for _, of := range item.Operations() {
			for _, p := range slices.Concat(item.Parameters, of.Parameters) {
				if p.Value != nil {
					each(p.Value.Schema)
				}
			}
			for _, response := range of.Responses.Map() {
				if response.Value != nil {
					content(response.Value.Content)
				}
			}
			if of.RequestBody != nil && of.RequestBody.Value != nil {
				content(of.RequestBody.Value.Content)
			}
		}
	}
	return seen
}

// relax takes from the schemas what cannot be judged, which is patterns in another dialect than
// Go's; and lets what wants nothing be null, too, which the library takes for a want of something.
func relax(d *openapi3.T) {
	for s := range schemasOf(d) {
		if _, err := regexp.Compile(s.Pattern); err != nil {
			s.Pattern = ""
		}
		if s.Always == nil && s.IsEmpty() {
			anything := true
			s.Always = &anything
		}
	}
}
