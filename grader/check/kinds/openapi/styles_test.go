package openapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/openapi"
)

// books is a program as people write them beside FastAPI's first page: books with what may be left
// out, an order by a key, a patch, and files of one of three sorts. Its fields are what it does
// otherwise.
type books struct {
	all    []map[string]any
	files  int
	sort   bool                        // by a key that not all have
	rank   bool                        // a rank above 5 is stored, and breaks what is read
	blank  bool                        // a patch takes a null title, which breaks what is read
	detail string                      // what a refused patch answers with 422
	opens  func(name, data string) int // status for a file; 0 goes on
	kind   func(kind string) int
}

const ofBooks = `{"openapi": "3.1.0", "info": {"title": "b", "version": "1"}, "paths": {
"/books": {"get": {"parameters": [{"name": "sort", "in": "query", "schema": {"type": "string", "enum":
  ["title", "year"]}}], "responses": {"200": {"description": "a"}}},
 "post": {"requestBody": {"required": true, "content": {"application/json": {"schema":
  {"$ref": "#/components/schemas/Book"}}}}, "responses": {"201": {"description": "a"}}}},
"/books/{id}": {"get": {"parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
  "responses": {"200": {"description": "a"}}}},
"/books/{book_id}": {"patch": {"parameters": [{"name": "book_id", "in": "path", "required": true, "schema":
  {"type": "integer"}}], "requestBody": {"required": true, "content": {"application/json": {"schema":
  {"$ref": "#/components/schemas/Patch"}}}}, "responses": {"200": {"description": "a"}, "422": {"description": "v",
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/HTTPValidationError"}}}}}}},
"/files/{kind}": {"post": {"parameters": [{"name": "kind", "in": "path", "required": true, "schema": {"type": "string",
  "enum": ["text", "csv", "other"]}}], "requestBody": {"required": true, "content": {"multipart/form-data": {"schema":
  {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}}}},
  "responses": {"201": {"description": "a"}}}},
"/files": {"get": {"responses": {"200": {"description": "a"}}}}},
"components": {"schemas": {
 "Book": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string", "minLength": 1},
  "year": {"anyOf": [{"type": "integer"}, {"type": "null"}]}, "rank": {"type": "integer", "default": 3}}},
 "Patch": {"type": "object", "properties": {"title": {"anyOf": [{"type": "string"}, {"type": "null"}]},
  "year": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}},
 "HTTPValidationError": {"type": "object", "properties": {"detail": {"type": "array", "items": {"type": "object"}}}}}}}`

// ServeHTTP answers.
func (b *books) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var sent map[string]any
	if !strings.HasPrefix(r.URL.Path, "/files/") {
		_ = json.NewDecoder(r.Body).Decode(&sent) // what is none is refused below
	}
	id := strings.TrimPrefix(r.URL.Path, "/books/")
	switch {
	case r.URL.Path == "/openapi.json":
		_, _ = io.WriteString(w, ofBooks)
	case r.URL.Path == "/files":
		var all []any
		for n := range b.files {
			all = append(all, map[string]any{"id": n + 1})
		}
		reply(w, http.StatusOK, all)
	case strings.HasPrefix(r.URL.Path, "/files/"):
		b.upload(w, r, strings.TrimPrefix(r.URL.Path, "/files/"))
	case r.Method == http.MethodPost && r.URL.Path == "/books":
		title, isText := sent["title"].(string)
		year, isYear := sent["year"].(float64)
		rank, isRank := sent["rank"].(float64)
		if !isText || title == "" || sent["year"] != nil && !isYear || sent["rank"] != nil && !isRank {
			reply(w, http.StatusUnprocessableEntity, nil)
			return
		}
		one := map[string]any{"id": len(b.all) + 1, "title": title, "rank": rank}
		if isYear {
			one["year"] = year
		}
		b.all = append(b.all, one)
		b.show(w, http.StatusCreated, false, one)
	case r.URL.Path == "/books":
		if sort := r.URL.Query().Get("sort"); b.sort && sort == "year" {
			with := 0
			for _, one := range b.all {
				if one["year"] != nil {
					with++
				}
			}
			if with > 0 && with < len(b.all) {
				reply(w, http.StatusInternalServerError, nil)
				return
			}
		}
		b.show(w, http.StatusOK, true, b.all...)
	default:
		for _, one := range b.all {
			if fmt.Sprint(one["id"]) != id {
				continue
			}
			title, named := sent["title"]
			switch _, isText := title.(string); {
			case r.Method == http.MethodPatch && named && !isText && !(b.blank && title == nil):
				reply(w, http.StatusUnprocessableEntity, map[string]any{"detail": b.detail})
				return
			case r.Method == http.MethodPatch && named:
				one["title"] = title
			}
			b.show(w, http.StatusOK, false, one)
			return
		}
		reply(w, http.StatusNotFound, map[string]any{"detail": "none"})
	}
}

func (b *books) upload(w http.ResponseWriter, r *http.Request, kind string) {
	status := http.StatusUnprocessableEntity
	if strings.Contains(" text csv other ", " "+kind+" ") {
		_, header, err := r.FormFile("file")
		if status = http.StatusCreated; err != nil {
			status = http.StatusUnprocessableEntity
		} else if file, err := header.Open(); err == nil {
			data, _ := io.ReadAll(file)
			if wrong := b.opens(header.Filename, string(data)) + b.kind(kind); wrong > 0 {
				status = http.StatusInternalServerError
			}
		}
	}
	if status == http.StatusCreated {
		b.files++
	}
	reply(w, status, map[string]any{"id": b.files})
}

// show answers with books, of which none may be broken.
func (b *books) show(w http.ResponseWriter, status int, list bool, shown ...map[string]any) {
	for _, one := range shown {
		if rank, _ := one["rank"].(float64); b.rank && rank > 5 || one["title"] == nil {
			reply(w, http.StatusInternalServerError, nil)
			return
		}
	}
	if list {
		reply(w, status, shown)
		return
	}
	reply(w, status, shown[0])
}

// TestStyles: faults that show in one way of asking, or by two things that differ, are found, and
// told by what is needed for them alone. Of what FastAPI writes of itself nothing is said: another
// name of a parameter, and its own form of 422.
func TestStyles(t *testing.T) {
	for _, c := range []struct {
		name  string
		bend  func(*books)
		want  string // of the item; empty where all holds
		story string
	}{
		{"right", func(*books) {}, "", ""},
		{"a 422 of its own", func(b *books) { b.detail = "title" }, "", ""},
		{"an order", func(b *books) { b.sort = true }, "0 GET /books: want no answer with 5xx",
			`^POST /books \{("rank":-?\d+,)?"title":"[^"]+","year":-?\d+\}  -> 201 Created\n` +
				`POST /books \{"title":"[^"]+"\}  -> 201 Created\nGET /books\?sort=year  -> 500`},
		{"a row", func(b *books) { b.rank = true }, "0 GET /books: want no answer with 5xx",
			`^POST /books \{"rank":\d+,"title":"[^"]+"\}  -> 500 [^\n]+\nGET /books  -> 500`},
		{"a null", func(b *books) { b.blank = true }, "0 PATCH /books/{book_id}: want no answer with 5xx",
			`\nPATCH /books/1 \{"title":null\}  -> 500`},
		{"bytes", func(b *books) {
			b.opens = func(_, data string) int { return len(data) - len(strings.ToValidUTF8(data, "")) }
		}, "0 POST /files/{kind}: want no answer with 5xx", `^POST /files/\w+ `},
		{"a name", func(b *books) {
			b.opens = func(name, _ string) int { return 1 - min(strings.Count(name, "."), 1) }
		}, "0 POST /files/{kind}: want no answer with 5xx", `filename="a"`},
		{"a word", func(b *books) { b.kind = func(kind string) int { return strings.Count(kind, "other") } },
			"0 POST /files/{kind}: want no answer with 5xx", `^POST /files/other `},
	} {
		for seed := range uint64(3) {
			target := checktest.New()
			target.Program = func(map[string]string) http.Handler {
				b := &books{opens: func(string, string) int { return 0 }, kind: func(string) int { return 0 }}
				c.bend(b)
				return b
			}
			o, err := checktest.Ask(context.Background(), checktest.Entry(t, openapi.Kind(), "openapi: {}"), target,
				seed)
			target.Close()
			require.NoError(t, err)
			said := checktest.Say(o)
			if c.want == "" {
				assert.True(t, checktest.Holds(o), "%s: %s", c.name, said)
				continue
			}
			assert.Contains(t, said, c.want, "%s, seed %d", c.name, seed)
			route, _, _ := strings.Cut(strings.TrimPrefix(c.want, "0 "), ": ")
			for _, e := range o.Evidence {
				if e.Kind == "exchange" && strings.HasPrefix(e.Title, route+": ") {
					assert.Regexp(t, c.story, e.Text, "%s, seed %d", c.name, seed)
				}
			}
		}
	}
}
