package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
)

// call is a request that was drawn, before it is one.
type call struct {
	op     *operation
	params steps.Object      // by the parameter's key
	body   any               // nothing where there is none
	links  map[string]*thing // of path parameters and fields of the body that name something that an earlier call made
	odd    []oddity          // what of it is not as one would write it
	naked  bool              // without the login
}

// inBody begins the key of a link that is a field of the body.
const inBody = "body:"

// named returns the name of what a link is of.
func named(link string) string {
	return strings.TrimPrefix(strings.TrimPrefix(link, "path:"), inBody)
}

// sends returns the body with the ids of things that were made anew.
func (c *call) sends(known map[*thing]any) any {
	fields, ok := c.body.(steps.Object)
	if !ok {
		return c.body
	}
	fields = maps.Clone(fields)
	for link, t := range c.links {
		key, ofBody := strings.CutPrefix(link, inBody)
		if _, there := fields[key]; ofBody && there && known[t] != nil {
			fields[key] = known[t]
		}
	}
	return fields
}

// nothing is a body that is not there.
type nothing struct{}

// raw is a body that is sent as it is.
type raw string

// file is one of a form, under another name than usual, or with what is no text.
type file struct{ name, data string }

// thing is something that a call made.
type thing struct {
	id     any
	by     *call   // that made it; nil where it was found in a list
	writes []*call // that changed it since
	gone   bool
}

// clone returns a copy that can be changed.
func (c *call) clone() *call {
	other := *c
	other.params, other.links = maps.Clone(c.params), maps.Clone(c.links)
	other.body = copied(c.body)
	return &other
}

// copied returns a copy of a value as JSON has it.
func copied(v any) any { return steps.Mapped(v, func(leaf any) any { return leaf }) }

// request returns what is sent. known are the ids of things that were made anew.
func (c *call) request(known map[*thing]any) check.Request {
	r := check.Request{Method: c.op.method, Path: c.op.path, Header: http.Header{"Accept": {"*/*"}}}
	var query, cookies []string
	for _, p := range c.op.params {
		value, ok := c.params[p.key()]
		if t := c.links[p.key()]; t != nil && known[t] != nil {
			value = known[t]
		}
		if !ok {
			continue
		}
		switch p.in {
		case "path":
			r.Path = strings.ReplaceAll(r.Path, "{"+p.name+"}", url.PathEscape(p.text(value)))
		case "query":
			items, isList := value.(steps.List)
			if !isList || p.list != "" {
				items = steps.List{value}
			}
			for _, item := range items {
				query = append(query, url.QueryEscape(p.name)+"="+url.QueryEscape(p.text(item)))
			}
		case "header":
			r.Header.Set(p.name, printable(p.text(value)))
		case "cookie":
			cookies = append(cookies, p.name+"="+url.QueryEscape(p.text(value)))
		}
	}
	if len(query) > 0 {
		r.Path += "?" + strings.Join(query, "&")
	}
	if len(cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(cookies, "; "))
	}
	if _, none := c.body.(nothing); !none && c.op.body != nil {
		var mediaType string
		r.Body, mediaType = c.op.body.encode(c.sends(known))
		r.Header.Set("Content-Type", mediaType)
	}
	return r
}

// text returns a value as a parameter has it.
func (p param) text(v any) string {
	list, ok := v.(steps.List)
	if !ok {
		return text(v)
	}
	var parts []string
	for _, item := range list {
		parts = append(parts, text(item))
	}
	return strings.Join(parts, p.list)
}

// text returns a value as it stands where there is no JSON.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case nil:
		return ""
	case raw:
		return string(v)
	case file:
		return v.data
	}
	return string(steps.Encode(v))
}

// printable returns what a header can hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

// boundary stands between the parts of a body, in the form that curl gives it.
var boundary = strings.Repeat("-", 24) + "0f1e2d3c4b5a6978"

// encode returns the bytes of a body, and their media type.
func (b *body) encode(v any) ([]byte, string) {
	if text, ok := v.(raw); ok {
		if b.mediaType == multipartType {
			return []byte(text), b.mediaType + "; boundary=" + boundary
		}
		return []byte(text), b.mediaType
	}
	fields, isMap := v.(steps.Object)
	switch {
	case isJSON(b.mediaType):
		return steps.Encode(v), b.mediaType
	case b.mediaType == formType && isMap:
		form := url.Values{}
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			for _, item := range items(fields[key]) {
				form.Add(key, text(item))
			}
		}
		return []byte(form.Encode()), b.mediaType
	case b.mediaType == multipartType && isMap:
		return b.parts(fields)
	}
	return []byte(text(v)), b.mediaType
}

// items returns those of a list, or the value alone.
func items(v any) steps.List {
	if list, ok := v.(steps.List); ok {
		return list
	}
	return steps.List{v}
}

// parts returns the body of a form with files.
func (b *body) parts(fields steps.Object) ([]byte, string) {
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	_ = w.SetBoundary(boundary) // which is letters, digits and -
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		for _, item := range items(fields[key]) {
			disposition := fmt.Sprintf(`form-data; name=%q`, key)
			header := textproto.MIMEHeader{}
			if b.isFile(key) {
				name := "a.txt"
				if f, ok := item.(file); ok {
					name = f.name
				}
				disposition += fmt.Sprintf(`; filename="%s"`, name)
				header.Set("Content-Type", "text/plain")
			}
			header.Set("Content-Disposition", disposition)
			if part, err := w.CreatePart(header); err == nil {
				_, _ = part.Write([]byte(text(item))) // into memory
			}
		}
	}
	_ = w.Close()
	return out.Bytes(), w.FormDataContentType()
}

// isFile reports whether a field of a form is a file.
func (b *body) isFile(key string) bool {
	s := whole(b.schema)
	if s == nil || s.Properties[key] == nil || s.Properties[key].Value == nil {
		return false
	}
	field := s.Properties[key].Value
	if field.Items != nil && field.Items.Value != nil {
		field = field.Items.Value
	}
	return field.Format == "binary" || field.ContentMediaType != ""
}
