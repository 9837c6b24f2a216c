package openapi_test

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/openapi"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

// ask asks a program that is made anew for each container.
func ask(t *testing.T, options string, bend func(*planner), seed uint64) check.Outcome {
	t.Helper()
	target := checktest.New()
	target.Program = func(map[string]string) http.Handler {
		p := right()
		bend(p)
		return p
	}
	target.Timeout, target.Log = 200*time.Millisecond, "ValueError: planted\n"
	defer target.Close()
	begun := time.Now()
	o, err := checktest.Ask(context.Background(), checktest.Entry(t, openapi.Kind(), "openapi: {"+options+"}"), target,
		seed)
	require.NoError(t, err)
	assert.Less(t, time.Since(begun), 10*time.Second)
	return o
}

// TestPlanted: each fault is found whatever the seed, and shown by the smallest story that repeats
// it in a program that was started anew.
func TestPlanted(t *testing.T) {
	is := func(wrong bool) int {
		if wrong {
			return http.StatusInternalServerError
		}
		return 0
	}
	for _, c := range []struct {
		name string
		bend func(*planner)
		want []string // routes with a fault
		of   string   // one of them
		curl []string // that repeat it, as patterns
	}{
		{"an id that a database does not hold", func(p *planner) {
			p.id = func(id *big.Int) int { return is(!id.IsInt64()) }
		}, []string{"GET /plans/{plan_id}", "PUT /plans/{plan_id}", "DELETE /plans/{plan_id}"},
			"GET /plans/{plan_id}", []string{`curl -i http://127\.0\.0\.1:8000/plans/-?\d{19,31}`}},
		{"a date as text", func(p *planner) {
			p.due = func(text string) int {
				_, err := time.Parse(time.DateOnly, text)
				return is(err != nil)
			}
		}, []string{"POST /plans", "PUT /plans/{plan_id}"}, "POST /plans", []string{
			`-X POST -H 'Content-Type: application/json' --data-binary '\{"due":".{0,24}","title":""\}' .*/plans`}},
		{"a row that breaks the response model", func(p *planner) {
			p.answer = func(plan map[string]any) int { return is(len(plan["title"].(string)) > 1000) }
		}, []string{"POST /plans", "GET /plans", "GET /plans/{plan_id}", "PUT /plans/{plan_id}"}, "GET /plans",
			[]string{`-X (POST|PUT) .*"title":"a{1000}a{1,300}"\}' .*/plans`,
				`curl -i http://127\.0\.0\.1:8000/plans`}},
		{"a delete of a thing twice", func(p *planner) {
			p.again = func() int { return http.StatusInternalServerError }
		}, []string{"DELETE /plans/{plan_id}"}, "DELETE /plans/{plan_id}",
			[]string{`-X DELETE http://127\.0\.0\.1:8000/plans/0`}},
		{"a body in another alphabet", func(p *planner) {
			p.title = func(title string) int {
				return is(strings.ContainsFunc(title, func(r rune) bool { return r > 0xff }))
			}
		}, []string{"POST /plans", "PUT /plans/{plan_id}"}, "POST /plans",
			[]string{`-X POST -H 'Content-Type: application/json' --data-binary '\{"title":"日"\}' .*/plans`}},
	} {
		for seed := range uint64(2) {
			o := ask(t, "", c.bend, seed)
			var wrong []string
			for _, item := range o.Items {
				if item.Share < 1 {
					wrong = append(wrong, item.Name)
					assert.Contains(t, item.Got, "500 Internal Server Error", "%s, seed %d", c.name, seed)
				}
			}
			assert.Equal(t, c.want, wrong, "%s, seed %d: %s", c.name, seed, checktest.Say(o))
			var commands []string
			for _, e := range o.Evidence {
				if e.Kind == "command" && strings.HasPrefix(e.Title, c.of+": ") {
					assert.NotContains(t, e.Text, "\n", "it is copied as one line")
					commands = append(commands, e.Text)
				}
			}
			if !assert.NotEmpty(t, commands, "%s, seed %d", c.name, seed) {
				continue
			}
			made := len(commands) - len(c.curl) // what a PUT is of must be made first
			if assert.True(t, made == 0 || made == 1 && len(c.curl) > 1, "%s, seed %d: %d", c.name, seed,
				len(commands)) {
				for n, pattern := range c.curl {
					assert.Regexp(t, pattern, commands[made+n], "%s, seed %d", c.name, seed)
				}
			}
		}
	}
}

// TestRight: of programs that keep to their documents nothing is said.
func TestRight(t *testing.T) {
	for seed := range uint64(4) {
		o := ask(t, "", func(*planner) {}, seed)
		assert.True(t, checktest.Holds(o), checktest.Say(o))
		o = ask(t, "statuses: documented", func(*planner) {}, seed)
		assert.True(t, checktest.Holds(o), checktest.Say(o))
	}
}

// TestSaid: each kind of fault, in its words.
func TestSaid(t *testing.T) {
	const ok = "ok GET /openapi.json: OpenAPI 3.1.0, 5 routes"
	for _, c := range []struct {
		name, options string
		bend          func(*planner)
		want          string
	}{
		{"another body", "", func(p *planner) {
			p.change = func(plan map[string]any) { plan["id"] = fmt.Sprint(plan["id"]) }
		}, "0 POST /plans: want the body that the document gives for 201; got $.id: value must be an " +
			"integer, and it is " +
			`"1"; hint: Answer with what the document promises, or let the document say what is answered.`},
		{"another status", "statuses: documented", func(p *planner) {
			p.again = func() int { return http.StatusGone }
		}, "0 DELETE /plans/{plan_id}: want a status that the document names for it; got 410 Gone; hint: Let " +
			"the document name the status, or answer with one that it names."},
		{"a status that is asked for alone", "never: 410", func(p *planner) {
			p.again = func() int { return http.StatusGone }
		}, "0 DELETE /plans/{plan_id}: want no answer with 410; got 410 Gone; hint: The program's log ends with " +
			"this exception: ValueError: planted. Check what comes in before it is used, and answer what cannot be " +
			"with 4xx and what is wrong with it."},
		{"another status, which nobody asks for", "", func(p *planner) {
			p.again = func() int { return http.StatusGone }
		}, ok},
		{"no answer", "requests: 60", func(p *planner) {
			p.title = func(title string) int {
				if title == "" {
					time.Sleep(time.Second / 2)
				}
				return 0
			}
		}, "0 POST /plans: want an answer; got no answer within 200ms; hint: The program's log ends with this " +
			"exception: ValueError: planted. Look for a loop, a sleep or a lock that is never released in what the " +
			"request calls."},
		{"a connection that is closed", "requests: 60", func(p *planner) {
			p.title = func(title string) int {
				if title == "" {
					panic(http.ErrAbortHandler)
				}
				return 0
			}
		}, "0 POST /plans: want an answer; got the connection was closed without an answer; hint: The program's log " +
			"ends with this exception: ValueError: planted. Send the same request yourself, as below, and see how " +
			"the program answers."},
		{"a fault that does not repeat", "", func(p *planner) {
			p.every = func(p *planner) int {
				if p.asked%97 == 0 {
					return http.StatusInternalServerError
				}
				return 0
			}
		}, ok},
	} {
		said := checktest.Say(ask(t, c.options, c.bend, 3))
		assert.Contains(t, strings.Split(said, "\n"), c.want, "%s: %s", c.name, said)
		if c.want == ok {
			assert.NotContains(t, "\n"+said, "\n0 ", c.name)
		}
	}
}

// TestDocuments: a document that is not there, or is wrong, is the finding.
func TestDocuments(t *testing.T) {
	const invalid = "0 GET /openapi.json: want a valid OpenAPI document; got %s; hint: Correct what the " +
		"document says: a program that makes it of its routes makes it of how they are declared."
	const head = `{"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": `
	for text, want := range map[string]string{
		"":       "it says no version of OpenAPI that is known",
		"<html>": "it cannot be read",
		"[]":     "it cannot be read",
		"{}":     "it says no version of OpenAPI that is known",
		`{"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {}}`: "it says no version of OpenAPI",
		head + `{}}`: "it names no route",
		head + `{"/a/{id}": {"get": {"responses": {"200": {"description": "a"}}}}}}`: "it is no valid " +
			"OpenAPI document: ",
		head + `{"/a": {"get": {"responses": {"200": {"description": "a", "content": {"application/json": {"schema":
			{"$ref": "#/components/schemas/Gone"}}}}}}}}}`: "it cannot be read",
	} {
		target := checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, text)
		}))
		said := checktest.Asked(t, openapi.Kind(), "openapi: {}", target)
		_, got, _ := strings.Cut(said, "; got ")
		got, _, _ = strings.Cut(got, "; hint: ")
		assert.Equal(t, fmt.Sprintf(invalid, got), said, text)
		assert.Contains(t, got, want, text)
	}
	target := checktest.New().Serve(http.NotFoundHandler())
	assert.Equal(t, "0 GET /docs.json: want the OpenAPI document, with 200; got 404 Not Found; hint: Let the "+
		"program answer GET /docs.json with its OpenAPI document.",
		checktest.Asked(t, openapi.Kind(), "openapi: {at: /docs.json}",
			target))
}

// TestBombs: a document that stands for more than anybody writes is no document, and what it has
// drawn is bounded.
func TestBombs(t *testing.T) {
	ref := func(n int) string { return fmt.Sprintf(`{"$ref":"#/components/schemas/A%d"}`, n) }
	chain := func(length int, format, last string) string {
		var all []string
		for n := range length {
			all = append(all, fmt.Sprintf(`"A%d":%s`, n, strings.ReplaceAll(format, "NEXT", ref(n+1))))
		}
		return strings.Join(append(all, fmt.Sprintf(`"A%d":%s`, length, last)), ",")
	}
	const made = "it cannot be read: a schema is made of itself, or of more than 1000 others"
	for name, c := range map[string]struct{ schemas, want string }{
		"all of itself":     {`"A0":{"allOf":[{"$ref":"#/components/schemas/A0"}]}`, made},
		"not itself":        {`"A0":{"not":{"$ref":"#/components/schemas/A0"}}`, made},
		"all of two of two": {chain(30, `{"allOf":[NEXT,NEXT]}`, `{"type":"object"}`), made},
		"has itself":        {`"A0":{"type":"object","required":["a"],"properties":{"a":` + ref(0) + `}}`, ""},
		"has two of two": {chain(30, `{"type":"object","required":["a","b"],"properties":{"a":NEXT,"b":NEXT}}`,
			`{"type":"string"}`), ""},
		"lists of lists": {chain(6, `{"type":"array","minItems":50,"items":NEXT}`,
			`{"type":"string","minLength":2000}`), ""},
	} {
		target := checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.Method == http.MethodGet {
				_, _ = fmt.Fprintf(w, `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{"/a":{"post":
					{"requestBody":{"required":true,"content":{"application/json":{"schema":%s}}},"responses":
					{"200":{"description":"a","content":{"application/json":{"schema":%s}}}}}}},
					"components":{"schemas":{%s}}}`, ref(0), ref(0), c.schemas)
				return
			}
			_, _ = io.WriteString(w, "{}")
		}))
		said := checktest.Asked(t, openapi.Kind(), "openapi: {requests: 20}", target)
		if c.want == "" {
			assert.Contains(t, said, "ok GET /openapi.json: OpenAPI 3.0.3, 1 route", name)
		} else {
			assert.Contains(t, said, c.want, name)
		}
	}
}

// asAnn returns a check whose requests are sent by somebody who signs in.
func asAnn(t *testing.T) rubric.Check {
	r, err := rubric.Parse("r.yaml", []byte(`rubric: r
points: 1
people:
  ann:
    steps: [{send: POST /login, save: {token: access_token}}]
    headers: {Authorization: "Bearer $token"}
checks:
- id: it
  points: 1
  openapi: {as: ann}`), []check.Kind{openapi.Kind()})
	require.NoError(t, err)
	return r.Checks[0]
}

// TestLogin: who asks is signed in, in the container that is started anew too.
func TestLogin(t *testing.T) {
	asked := asAnn(t)
	started := 0
	target := checktest.New()
	target.Program = func(map[string]string) http.Handler {
		p := right()
		started++
		p.login = fmt.Sprintf("token%d", started)
		p.title = func(title string) int {
			if strings.Contains(title, "日") {
				return http.StatusInternalServerError
			}
			return 0
		}
		return p
	}
	defer target.Close()
	o, err := checktest.Ask(context.Background(), asked, target, 1)
	require.NoError(t, err)
	assert.Contains(t, checktest.Say(o), "0 POST /plans: want no answer with 5xx; got 500")
	assert.Regexp(t, `^POST /plans as ann \{"title":"日"\}  -> 500 Internal Server Error\n`, o.Evidence[0].Text)
	assert.Contains(t, o.Evidence[1].Text, "-H 'Authorization: Bearer token")
}

// TestSignedOut: a route that ends the login of who asks hides no fault, and makes none.
func TestSignedOut(t *testing.T) {
	asked := asAnn(t)
	for _, broken := range []bool{false, true} {
		target := checktest.New()
		target.Program = func(map[string]string) http.Handler {
			p, out := right(), 0
			p.login = "token0"
			if broken {
				p.title = func(title string) int {
					if strings.Contains(title, "日") {
						return http.StatusInternalServerError
					}
					return 0
				}
			}
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/openapi.json":
					const logout = `"/logout": {"post": {"responses": {"204": {"description": "out"}}}}, "/plans": {`
					_, _ = io.WriteString(w, strings.Replace(described, `"/plans": {`, logout, 1))
				case r.URL.Path == "/logout" && r.Header.Get("Authorization") == "Bearer "+p.login:
					out++
					p.login = fmt.Sprintf("token%d", out)
					w.WriteHeader(http.StatusNoContent)
				default:
					p.ServeHTTP(w, r)
				}
			})
		}
		o, err := checktest.Ask(context.Background(), asked, target, 1)
		target.Close()
		require.NoError(t, err)
		said := checktest.Say(o)
		assert.Equal(t, !broken, checktest.Holds(o), said)
		assert.NotContains(t, said, "wants a login")
		if broken {
			assert.Contains(t, said, "0 PUT /plans/{plan_id}: want no answer with 5xx; got 500")
		}
	}
}

// TestTell: what a student reads before the program was asked.
func TestTell(t *testing.T) {
	o := &openapi.OpenAPI{At: "/openapi.json", Never: steps.Codes{"5xx"}}
	assert.Equal(t, []string{"whatever is sent to a route that GET /openapi.json names, no answer is 5xx or missing",
		"each body keeps the schema that the document gives its status"}, o.Tell())
	o.Statuses = "documented"
	assert.Equal(t, "no status is answered that the document does not name", o.Tell()[2])
}

// TestAnything: a schema that wants nothing holds null, too, as FastAPI's own 422 has it in
// `input`.
func TestAnything(t *testing.T) {
	const said = `{"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": {"/a": {"post":
{"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}, "responses":
{"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}}}}},
"components": {"schemas": {"Error": {"type": "object", "properties": {"input": {"title": "Input"}, "loc":
{"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}}, "required": ["input"]}}}}`
	for answer, want := range map[string]string{`{"input": null}`: "", `{"input": [null, {"a": null}]}`: "",
		`{}`: "$: missing property 'input', and it is {}", `{"input": 1, "loc": 5}`: "$.loc: "} {
		target := checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.Method == http.MethodGet {
				_, _ = io.WriteString(w, said)
				return
			}
			_, _ = io.WriteString(w, answer)
		}))
		got := checktest.Asked(t, openapi.Kind(), "openapi: {at: /openapi.json, requests: 30}", target)
		if want == "" {
			assert.NotContains(t, got, "want", answer)
			continue
		}
		assert.Contains(t, got, want, answer)
	}
}
