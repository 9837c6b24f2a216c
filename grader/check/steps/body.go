package steps

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/option"
)

// Fields are names and their values, in the order written, for a form or a query. A list is a name
// that comes several times.
type Fields []option.Field

// UnmarshalOption reads them.
func (f *Fields) UnmarshalOption(v option.Value) (ps option.Problems) {
	if v.Kind != option.Map {
		return v.Wrong("a mapping")
	}
	*f = v.Fields
	for _, field := range v.Fields {
		for _, value := range append([]option.Value{field.Value}, field.Value.Items...) {
			if value.Kind == option.Map || value.Kind == option.Null || value.Kind == option.List &&
				value.Pos != field.Value.Pos {
				ps = append(ps, value.Wrong("text")...)
			}
			ps = append(ps, CheckSent(value)...)
		}
	}
	return ps
}

// IsZero reports whether there are none.
func (f Fields) IsZero() bool { return f == nil }

// encode returns them with variables put in, each escaped.
func (f Fields) encode(v vars) string {
	var parts []string
	for _, field := range f {
		for _, value := range field.Value.OneOrMore() {
			parts = append(parts, url.QueryEscape(v.fill(field.Key.Text, asIs))+"="+
				url.QueryEscape(v.fill(value.Text, asIs)))
		}
	}
	return strings.Join(parts, "&")
}

// OptionSchema describes them to editors.
func (Fields) OptionSchema() *jsonschema.Schema {
	text := &jsonschema.Schema{Types: []string{"string", "number", "boolean"}}
	return &jsonschema.Schema{Type: "object",
		AdditionalProperties: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{text, {Type: "array", Items: text}}}}
}

// Parts are the parts of a multipart body: texts, and files.
type Parts []Part

// Part is one of them.
type Part struct {
	Field string
	Text  string // with variables; of a file that is given as text too
	File  *File  // nil where it is no file
}

// File is what a file of a form is, as it is written.
type File struct {
	Name string       `json:"name" jsonschema:"the file's name"`
	Type string       `json:"type,omitempty" jsonschema:"its media type, such as image/png; application/octet-stream unless given"`
	Text option.Value `json:"text,omitzero" jsonschema:"what it holds, as text"`
	Hex  string       `json:"hex,omitempty" jsonschema:"what it holds, as hexadecimal digits"`
	From string       `json:"from,omitempty" jsonschema:"a file beside the rubric that it is read from"`

	data []byte
}

// OptionSynonyms returns words that are near, with what is meant here.
func (File) OptionSynonyms() map[string]string {
	return map[string]string{"filename": "name", "content": "text", "contents": "text", "data": "text", "body": "text",
		"value": "text", "bytes": "hex", "file": "from", "path": "from", "mime": "type", "content-type": "type",
		"content_type": "type", "media_type": "type"}
}

// Raw is a body as it stands, as it is written.
type Raw struct{ option.Value }

// raw is one that is no text.
type raw struct {
	Hex  string `json:"hex,omitempty"`
	From string `json:"from,omitempty"`
}

// OptionSynonyms returns words that are near, with what is meant here.
func (raw) OptionSynonyms() map[string]string {
	return map[string]string{"file": "from", "path": "from", "filename": "from", "name": "from", "bytes": "hex"}
}

// UnmarshalOption takes what is written; the step reads it.
func (r *Raw) UnmarshalOption(v option.Value) option.Problems {
	r.Value = v
	return nil
}

// IsZero reports whether there is none.
func (r Raw) IsZero() bool { return r.Line == 0 }

// OptionSchema describes it to editors.
func (Raw) OptionSchema() *jsonschema.Schema {
	text := []string{"string", "number", "boolean"}
	one := func(name, says string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "object", Required: []string{name},
			AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
			Properties:           map[string]*jsonschema.Schema{name: {Types: text, Pattern: `\S`, Description: says}}}
	}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
		{Types: text, Description: "a text that is sent as it stands"},
		one("hex", "bytes, as hexadecimal digits: 00ff"),
		one("from", "a file beside the rubric that is sent")}}
}

// mostFile is how large a file of a rubric may be.
const mostFile = 4 << 20

// ValidateOption reads what the file holds.
func (f *File) ValidateOption(at option.Value) option.Problems {
	var ways []string
	for _, key := range []string{"text", "hex", "from"} {
		if _, ok := at.Get(key); ok {
			ways = append(ways, key)
		}
	}
	if len(ways) != 1 {
		return at.Problem("a file has one of text, hex and from")
	}
	written, _ := at.Get(ways[0])
	var err error
	switch {
	case f.Text.Kind == option.List || f.Text.Kind == option.Map || f.Text.Line > 0 && f.Text.Kind == option.Null:
		return f.Text.Wrong("text")
	case f.Hex != "":
		if f.data, err = hex.DecodeString(strings.ReplaceAll(f.Hex, " ", "")); err != nil {
			return written.Problem("want hexadecimal digits, two a byte, not %s", written.Describe())
		}
	case f.From != "":
		if !filepath.IsLocal(f.From) {
			return written.Problem("want a file beside the rubric, not %s", written.Describe())
		}
		info, err := os.Stat(filepath.Join(filepath.Dir(at.File), f.From))
		if err != nil || !info.Mode().IsRegular() {
			return written.Problem("there is no file %s beside the rubric", written.Describe())
		}
		if info.Size() > mostFile {
			return written.Problem("%s is larger than %d bytes", written.Describe(), mostFile)
		}
		if f.data, err = os.ReadFile(filepath.Join(filepath.Dir(at.File), f.From)); err != nil {
			return written.Problem("reading %s: %v", written.Describe(), err)
		}
	}
	return nil
}

// fileKey and fileName are what a file is called in a form, and on a disk.
var (
	fileKey  = regexp.MustCompile(`(?i)^(file|upload|image|photo|picture|avatar|attachment|document)s?$`)
	fileName = regexp.MustCompile(`^[\w-]+\.[a-zA-Z]\w{1,4}$`)
)

// UnmarshalOption reads them.
func (p *Parts) UnmarshalOption(v option.Value) (ps option.Problems) {
	if v.Kind != option.Map {
		return v.Wrong("a mapping")
	}
	*p = Parts{}
	for _, f := range v.Fields {
		part := Part{Field: f.Key.Text, Text: f.Value.Text}
		switch f.Value.Kind {
		case option.Map:
			part.File = &File{}
			ps = append(ps, option.Decode(f.Value, part.File)...)
			part.Text = part.File.Text.Text
		case option.List, option.Null:
			ps = append(ps, f.Value.Wrong("text")...)
		case option.String:
			if name := strings.TrimPrefix(part.Text, "@"); name != part.Text || strings.HasPrefix(name, "./") ||
				fileKey.MatchString(part.Field) && fileName.MatchString(name) {
				wrong := f.Value.Problem("%q is sent as it stands, and no file is read", part.Text)
				wrong[0].Hint, wrong[0].Warning = fmt.Sprintf("write {name: %s, from: %s} for a file beside the rubric",
					path.Base(name), strings.TrimPrefix(name, "./")), true
				ps = append(ps, wrong...)
			}
		}
		*p = append(*p, part)
	}
	return ps
}

// IsZero reports whether there are none.
func (p Parts) IsZero() bool { return p == nil }

// encode returns the body with variables put in, and its media type.
func (p Parts) encode(v vars, boundary string) (body []byte, mediaType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.SetBoundary(boundary) // which is letters and digits
	for _, part := range p {
		data, header := []byte(v.fill(part.Text, asIs)), textproto.MIMEHeader{}
		if f := part.File; f != nil {
			if f.data != nil {
				data = f.data
			}
			header.Set("Content-Disposition", fmt.Sprintf(`form-data; name=%q; filename=%q`, part.Field,
				v.fill(f.Name, asIs)))
			header.Set("Content-Type", cmp.Or(f.Type, "application/octet-stream"))
		} else {
			header.Set("Content-Disposition", fmt.Sprintf(`form-data; name=%q`, part.Field))
		}
		to, err := w.CreatePart(header)
		if err == nil {
			_, _ = to.Write(data) // into memory
		}
	}
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

// OptionSchema describes them to editors.
func (Parts) OptionSchema() *jsonschema.Schema {
	text := []string{"string", "number", "boolean"}
	file := &jsonschema.Schema{Type: "object", Required: []string{"name"},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}, Properties: map[string]*jsonschema.Schema{
			"name": {Types: text, Description: "the file's name"},
			"type": {Types: text,
				Description: "its media type, such as image/png; application/octet-stream unless given"},
			"text": {Types: text, Description: "what it holds, as text"},
			"hex":  {Types: text, Description: "what it holds, as hexadecimal digits"},
			"from": {Types: text, Description: "a file beside the rubric that it is read from"}}}
	return &jsonschema.Schema{Type: "object",
		AdditionalProperties: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Types: text}, file}}}
}
