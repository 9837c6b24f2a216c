package crud_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/crud"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

// public is a service as people write them who were taught nothing of this one. Its fields are what
// they do otherwise.
type public struct {
	sync.Mutex
	at, one  string // the collection, and what stands before an id and after it: /task/ and /
	after    string
	id       string // the key of an id
	make     func(n int, sent map[string]any) any
	item     string // around one thing
	list     string // around all
	page     int    // the most of a page; 0 is no pages
	number   bool   // pages are asked by number
	from     int    // of the first page
	created  int
	silent   bool // a create answers with a message
	updated  int  // 204 answers nothing
	method   string
	form     string // form or query
	hides    string // a key that no answer has
	needs    string // a key without which nothing is taken
	gone     int
	wrap     func(map[string]any) // what an answer has besides
	project  bool                 // things are below a project, which is made first
	loses    bool                 // the last of a page is left out
	deaf     bool                 // a change changes nothing
	wraps    string               // around what is sent
	next     string               // how a page leads to the next: address, mark or header
	verbs    bool                 // each request has a path of its own, and there is no PUT nor DELETE
	named    bool                 // a change says in its body what it changes
	chosen   bool                 // the path of a PUT says the id of what is made
	nameless bool                 // and no answer holds it but that of the list
	unique   string               // a key whose value no two things may have
	things   []map[string]any
	made     int
	projects int
}

func (p *public) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.Lock()
	defer p.Unlock()
	at := p.at
	if p.project {
		if r.URL.Path == "/projects" {
			p.projects++
			reply(w, http.StatusCreated, map[string]any{"id": p.projects})
			return
		}
		at = fmt.Sprintf("/projects/%d%s", p.projects, p.at)
	}
	one := p.one
	if one == "" {
		one = strings.TrimSuffix(at, "/") + "/"
	}
	id, below := strings.CutPrefix(r.URL.Path, one)
	id = strings.TrimSuffix(id, p.after)
	if p.verbs {
		var verb string
		if id, verb, _ = strings.Cut(id, "/"); r.URL.Path == at+"/new" {
			p.create(w, r)
			return
		} else if r.Method == http.MethodPost {
			r.Method = map[string]string{"edit": p.method, "delete": http.MethodDelete}[verb]
		}
	}
	switch {
	case r.URL.Path == at && r.Method == http.MethodPost:
		p.create(w, r)
	case r.URL.Path == at && r.Method == http.MethodGet:
		p.all(w, r)
	case below && id != "":
		p.single(w, r, id)
	default:
		reply(w, http.StatusNotFound, map[string]any{"message": "no such route"})
	}
}

func (p *public) sent(r *http.Request) map[string]any {
	var sent map[string]any
	var fields url.Values
	switch p.form {
	case "form":
		_ = r.ParseForm()
		fields = r.PostForm
	case "query":
		fields = r.URL.Query()
	default:
		_ = json.NewDecoder(r.Body).Decode(&sent)
		if p.wraps != "" {
			sent, _ = sent[p.wraps].(map[string]any)
		}
		return sent
	}
	sent = map[string]any{}
	for name := range fields {
		sent[name] = fields.Get(name)
	}
	return sent
}

func (p *public) shown(thing map[string]any) map[string]any {
	shown := maps.Clone(thing)
	delete(shown, p.hides)
	if p.wrap != nil {
		p.wrap(shown)
	}
	return shown
}

func around(key string, v any) any {
	if key == "" {
		return v
	}
	return map[string]any{key: v, "message": "ok"}
}

func (p *public) create(w http.ResponseWriter, r *http.Request) {
	sent := p.sent(r)
	if p.needs != "" && (sent[p.needs] == nil || sent[p.needs] == "") {
		reply(w, http.StatusBadRequest, map[string]any{"message": p.needs + " is required"})
		return
	}
	if p.unique != "" && slices.ContainsFunc(p.things,
		func(other map[string]any) bool { return other[p.unique] == sent[p.unique] }) {
		reply(w, http.StatusConflict, map[string]any{"message": p.unique + " is taken"})
		return
	}
	p.made++
	sent[p.id] = p.make(p.made, sent)
	p.things = append(p.things, sent)
	if p.silent {
		reply(w, p.created, map[string]any{"message": "created"})
		return
	}
	reply(w, p.created, around(p.item, p.shown(sent)))
}

func (p *public) all(w http.ResponseWriter, r *http.Request) {
	shown, next := []map[string]any{}, any(nil)
	for _, thing := range p.things {
		shown = append(shown, p.shown(thing))
	}
	if p.page > 0 {
		limit, err := strconv.Atoi(r.FormValue("limit"))
		if err != nil || limit > p.page {
			limit = p.page
		}
		offset, _ := strconv.Atoi(r.FormValue("offset"))
		if n, err := strconv.Atoi(r.FormValue("page")); err == nil && p.number {
			offset = (n - p.from) * limit
		}
		if to := offset + limit; to < len(shown) {
			address := fmt.Sprintf("%s?offset=%d", r.URL.Path, to)
			switch p.next {
			case "address":
				next = "http://" + r.Host + address
			case "mark":
				next = to
			case "header":
				w.Header().Set("Link", "<"+address+`>; rel="next"`)
			}
		}
		shown = shown[min(offset, len(shown)):min(offset+limit, len(shown))]
		if p.loses && len(shown) == limit {
			shown = shown[:limit-1]
		}
	}
	answer := around(p.list, shown)
	if object, ok := answer.(map[string]any); ok && p.next != "" {
		object["next"] = next
	}
	reply(w, http.StatusOK, answer)
}

func (p *public) single(w http.ResponseWriter, r *http.Request, id string) {
	i := slices.IndexFunc(p.things, func(t map[string]any) bool { return fmt.Sprint(t[p.id]) == id })
	switch {
	case i < 0 && p.chosen && r.Method == http.MethodPut:
		sent := p.sent(r)
		sent[p.id] = id
		p.things = append(p.things, sent)
		if p.nameless {
			w.WriteHeader(http.StatusCreated)
			return
		}
		reply(w, http.StatusCreated, p.shown(sent))
	case i < 0:
		reply(w, p.gone, map[string]any{"message": "no such thing"})
	case r.Method == http.MethodGet:
		shown := p.shown(p.things[i])
		if p.nameless {
			delete(shown, p.id)
		}
		reply(w, http.StatusOK, around(p.item, shown))
	case r.Method == p.method:
		sent := p.sent(r)
		if p.named && fmt.Sprint(sent[p.id]) != id {
			reply(w, http.StatusBadRequest, map[string]any{"message": "another id than in the path"})
			return
		}
		if !p.deaf {
			maps.Copy(p.things[i], sent)
		}
		if p.updated == http.StatusNoContent {
			w.WriteHeader(p.updated)
			return
		}
		reply(w, p.updated, around(p.item, p.shown(p.things[i])))
	case r.Method == http.MethodDelete:
		p.things = slices.Delete(p.things, i, i+1)
		reply(w, http.StatusOK, map[string]any{"message": "deleted"})
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// TestPublic: services in the styles that are met in public are walked through by what a rubric
// says of them, and one that forgets is found in each.
func TestPublic(t *testing.T) {
	counter := func(n int, _ map[string]any) any { return n }
	styled := func(bend func(*public)) func() *public {
		return func() *public {
			p := &public{at: "/todos", id: "id", make: counter, created: 201, updated: 200, method: http.MethodPut,
				gone: 404, from: 1}
			bend(p)
			return p
		}
	}
	const bodies = `new: {title: $word, done: false}, edit: {title: $word, done: true}`
	for name, c := range map[string]struct {
		bend func(*public)
		crud string
	}{
		"PUT with 204": {func(p *public) { p.updated = 204 }, `{at: /todos, ` + bodies + `}`},
		"POST with 200, gone with 410": {func(p *public) { p.created, p.gone = 200, 410 },
			`{at: /todos, ` + bodies + `, status: {gone: [404, 410]}}`},
		"PATCH alone": {func(p *public) { p.method = http.MethodPatch }, `{at: /todos, update: PATCH, ` + bodies + `}`},
		"Mongo":       {func(p *public) { p.id = "_id" }, `{at: /todos, id: _id, ` + bodies + `}`},
		"slugs": {func(p *public) {
			p.id, p.make = "slug", func(n int, sent map[string]any) any {
				return strings.ReplaceAll(strings.ToLower(fmt.Sprint(sent["title"])), " ", "-") + fmt.Sprint(n)
			}
		}, `{at: /todos, id: slug, ` + bodies + `}`},
		"data around all": {func(p *public) { p.item, p.list = "data", "data" },
			`{at: /todos, item: data, list: data, ` + bodies + `}`},
		"results": {func(p *public) { p.list = "results" }, `{at: /todos, list: results, ` +
			bodies + `}`},
		"a path with api and version": {func(p *public) { p.at = "/api/v1/todos" }, `{at: /api/v1/todos, ` + bodies +
			`}`},
		"Django": {func(p *public) { p.at, p.one, p.after = "/todos/", "/todos/", "/" },
			`{at: /todos/, one: /todos/$id/, ` + bodies + `}`},
		"singular": {func(p *public) { p.one = "/todo/" }, `{at: /todos, one: /todo/$id, ` + bodies + `}`},
		"pages by offset": {func(p *public) { p.page, p.list = 7, "items" },
			`{at: /todos, list: {get: "/todos?limit=7&offset=$offset", at: items}, ` + bodies + `}`},
		"pages by number": {func(p *public) { p.page, p.number = 5, true },
			`{at: /todos, list: {get: "/todos?page=$page", at: ""}, ` + bodies + `}`},
		"pages by number from 0": {func(p *public) { p.page, p.number, p.from = 5, true, 0 },
			`{at: /todos, list: {get: "/todos?page=${page - 1}"}, ` + bodies + `}`},
		"pages by address": {func(p *public) { p.page, p.list, p.next = 4, "results", "address" },
			`{at: /todos, list: {get: /todos, at: results, next: next}, ` + bodies + `}`},
		"pages by a mark": {func(p *public) { p.page, p.list, p.next = 4, "items", "mark" },
			`{at: /todos, list: {get: "/todos?limit=4&offset=$next", at: items, next: next}, ` + bodies + `}`},
		"pages by Link": {func(p *public) { p.page, p.next = 4, "header" },
			`{at: /todos, list: {get: /todos, next: {header: Link, text: '/<([^>]*)>; rel="next"/'}}, ` + bodies + `}`},
		"verbs": {func(p *public) { p.verbs = true }, `{at: /todos/new, list: {get: /todos}, one: {get: /todos/$id, ` +
			`update: POST /todos/$id/edit, delete: POST /todos/$id/delete}, ` + bodies + `}`},
		"an id in the body": {func(p *public) { p.named = true }, `{at: /todos, new: {title: $word, done: false}, ` +
			`edit: {id: $id, title: $word, done: true}}`},
		"an id in the body of a part": {func(p *public) { p.named, p.method = true, http.MethodPatch },
			`{at: /todos, update: PATCH, new: {title: $word, done: false}, edit: {id: $id, title: "$word of $id", ` +
				`done: true}}`},
		"an envelope around what is sent": {func(p *public) {
			p.item, p.wraps, p.method = "todo", "todo",
				http.MethodPatch
		}, `{at: /todos, item: todo, update: PATCH, new: {todo: {title: $word, done: false}}, ` +
			`edit: {todo: {title: $word, done: true}}}`},
		"another envelope around what is sent": {func(p *public) { p.item, p.wraps = "data", "todo" },
			`{at: /todos, item: {sent: todo, answered: data}, new: {todo: {title: $word, done: false}}, ` +
				`edit: {todo: {title: $word, done: true}}}`},
		"an envelope around what is sent alone": {func(p *public) { p.wraps, p.method = "todo", http.MethodPatch },
			`{at: /todos, item: {sent: todo}, update: PATCH, new: {todo: {title: $word, done: false}}, ` +
				`edit: {todo: {title: $word, done: true}}}`},
		"addresses of one alone": {func(p *public) { p.at, p.unique = "/users", "email" },
			`{at: /users, new: {email: $mail, name: $word, tags: ["$word", a]}, edit: {email: $mail, name: $word}}`},
		"a path that chooses the id": {func(p *public) { p.chosen, p.id = true, "slug" },
			`{at: /todos, id: slug, one: {create: PUT /todos/$slug}, ` + bodies + `, refuse: {done: 1}}`},
		"a path that chooses the id, which no answer holds": {func(p *public) { p.chosen, p.nameless = true, true },
			`{at: /todos, one: {create: PUT /todos/$uuid}, ` + bodies + `}`},
		"a message alone": {func(p *public) { p.silent = true }, `{at: /todos, echo: false, ` + bodies + `}`},
		"a message, and pages": {func(p *public) { p.silent, p.page = true, 9 },
			`{at: /todos, echo: false, list: {get: "/todos?limit=9&offset=$offset"}, ` + bodies + `}`},
		"forms": {func(p *public) { p.form = "form" },
			`{at: /todos, body: form, new: {title: $word}, edit: {title: $word}}`},
		"queries": {func(p *public) { p.form = "query" },
			`{at: /todos, body: query, new: {title: $word}, edit: {title: $word}}`},
		"users": {func(p *public) { p.at, p.hides, p.needs = "/users", "password", "email" },
			`{at: /users, unseen: [password], new: {email: $mail, name: $slug, password: $password, age: $int}, ` +
				`edit: {email: $mail, name: $slug, password: $password, age: 7}, refuse: {name: $slug}}`},
		"dates and ids": {func(p *public) { p.at = "/bookings" },
			`{at: /bookings, new: {room: "r $int", day: $date, by: $uuid}, edit: {room: "r $int", day: $date, ` +
				`by: $uuid}}`},
		"below a project": {func(p *public) { p.at, p.project = "/tasks", true },
			`{at: /projects/$project/tasks, as: ann, new: {title: $word, project_id: $project}, edit: {title: $word}}`},
	} {
		r, err := rubric.Parse("r.yaml", []byte(`rubric: r
points: 1
people:
  ann: {steps: [{send: POST /projects, save: {project: id}}]}
checks:
- id: it
  points: 1
  crud: `+c.crud+"\n"), []check.Kind{crud.Kind()})
		require.NoError(t, err, name)
		ask := func(p *public) string {
			target := checktest.New().Serve(p)
			defer target.Close()
			o, err := checktest.Ask(context.Background(), r.Checks[0], target, 1)
			require.NoError(t, err, name)
			if checktest.Holds(o) {
				return ""
			}
			return checktest.Say(o)
		}
		assert.Equal(t, "", ask(styled(c.bend)()), name)
		forgets := styled(c.bend)()
		forgets.wrap = func(shown map[string]any) {
			if len(forgets.things) > 3 {
				shown["title"], shown["name"], shown["room"] = "", "", ""
			}
		}
		said := ask(forgets)
		assert.Contains(t, said, "; hint: ", name)
		deaf := styled(c.bend)()
		deaf.deaf = true
		assert.Regexp(t, `^0 walk 1 of 8: want [\w.]+ (true|7|"[^"]+"); got `, ask(deaf), name)
		if forgets.number {
			loses := styled(c.bend)()
			loses.loses = true
			assert.NotEqual(t, "", ask(loses), name)
		}
	}
}

// TestPublicMistakes: what cannot be walked.
func TestPublicMistakes(t *testing.T) {
	for options, want := range map[string]string{
		`{at: /a, one: /a/, new: {t: $word}, edit: {t: $word}}`: `r.yaml:6:23: want the path of one thing, such as ` +
			`/task/$id, not "/a/"`,
		`{at: /a, one: a/$id, new: {t: $word}, edit: {t: $word}}`: `r.yaml:6:23: want the path of one thing, such as ` +
			`/task/$id, not "a/$id"`,
		`{at: /a/$b, new: {t: $word}, edit: {t: $word}}`: `r.yaml:6:14: unknown variable "b"`,
		`{at: /a, new: {t: $words}, edit: {t: $mial}}`: "r.yaml:6:27: unknown variable \"words\" (did you mean " +
			"\"word\"?)\nr.yaml:6:46: unknown variable \"mial\" (did you mean \"mail\"?)",
		`{at: /a, unseen: [pw], new: {t: $word, pwd: x}, edit: {t: $word}}`: `r.yaml:6:27: unknown key "pw" (did you ` +
			`mean "pwd"?)`,
		`{at: /a, one: {get: /b, delete: POST /c/$id/$id}, new: {t: $word}, edit: {t: $word}}`: `r.yaml:6:29: want ` +
			"the path of one thing, such as /task/$id, not \"/b\"\nr.yaml:6:41: want the path of one thing, such as " +
			`/task/$id, not "POST /c/$id/$id"`,
		`{at: /a, one: {get: POST /b/$id}, new: {t: $word}, edit: {t: $word}}`: "r.yaml:6:29: a thing is read by " +
			"GET, not POST",
		`{at: /a, one: {create: POST /a/$id}, new: {t: $word}, edit: {t: $word}}`: "r.yaml:6:32: a create whose path " +
			"chooses the id has one of $slug, $uuid and $int in it, not \"POST /a/$id\"",
		`{at: /a, one: {create: /a/$slug}, new: {t: $word}, edit: {t: $word}}`: "r.yaml:6:32: want a method and a " +
			"path, such as PUT /tasks/$slug, not \"/a/$slug\"",
		`{at: /a, one: {update: PUT /a}, new: {t: $word}, edit: {t: $word}}`: "r.yaml:6:32: want the path of one " +
			`thing, such as /task/$id, not "PUT /a"`,
		`{at: /a/$id, new: {t: $word}, edit: {t: $word}}`: `r.yaml:6:14: unknown variable "id"`,
		`{at: /a, list: {get: "/a?c=$next"}, new: {t: $word}, edit: {t: $word}}`: `r.yaml:6:30: unknown variable ` +
			"\"next\"",
		`{at: /a, list: {url: /a, next: header.Link}, new: {t: $word}, edit: {t: $word}}`: `r.yaml:6:25: unknown ` +
			"key \"url\" (did you mean \"get\"?)\nr.yaml:6:40: want a path into the answer, such as id or " +
			"items[0].id, " +
			`not "header.Link"`,
		`{at: /a, list: {get: /a, next: header.Link}, new: {t: $word}, edit: {t: $word}}`: `r.yaml:6:40: want a ` +
			`path into the answer, such as id or items[0].id, not "header.Link"`,
		`{at: /a, body: xml, new: {t: $word}, edit: {t: $word}}`: `r.yaml:6:24: unknown body "xml"`,
	} {
		_, err := rubric.Parse("r.yaml", []byte("rubric: r\npoints: 1\nchecks:\n- id: it\n  points: 1\n  crud: "+
			options+
			"\n"), []check.Kind{crud.Kind()})
		assert.EqualError(t, err, want, options)
	}
}

// TestTell: what a student reads before the program was asked.
func TestTell(t *testing.T) {
	one := steps.Send{Path: "/user/$id"}
	c := &crud.CRUD{At: "/users", One: crud.One{Get: one, Update: one, Delete: one}, Update: http.MethodPatch}
	assert.Equal(t, []string{"POST and GET at /users, and GET, PATCH, DELETE at /user/{id}, in many orders: what is " +
		"stored stays, what is gone is gone"}, c.Tell())
	c.One = crud.One{Delete: steps.Send{Method: http.MethodPost, Path: "/user/$id/delete"}}
	assert.Equal(t, []string{"POST and GET at /users, GET /users/{id}, PATCH /users/{id}, POST /user/{id}/delete, in " +
		"many orders: what is stored stays, what is gone is gone"}, c.Tell())
}
