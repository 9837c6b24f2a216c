package steps_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	kind "github.com/taskgrader/taskgrader/grader/check/kinds/http"
)

// says returns a program that answers every request with the same.
func says(status int, body string, header ...string) *checktest.Target {
	return checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
}

// echo returns a program that answers with what it was sent.
func echo() *checktest.Target {
	return checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			fmt.Fprintf(w, "%q", r.URL.EscapedPath()+"?"+r.URL.RawQuery+" "+r.Header.Get("X-Name"))
			return
		}
		if strings.HasPrefix(r.URL.Path, "/gone/") {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.Copy(w, r.Body)
	}))
}

// named returns a program that answers with what it was sent, and with the header X-Name.
func named() *checktest.Target {
	return checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Name", r.Header.Get("X-Name"))
		_, _ = io.Copy(w, r.Body)
	}))
}

// logs gives a target a log.
func logs(t *checktest.Target, log string) *checktest.Target {
	t.Log = log
	return t
}

// other returns a program whose tasks are called todos, and which says so.
func other() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w,
			`{"paths":{"/health":{"get":{}},"/todos":{"get":{},"post":{}},"/todos/{id}":{"get":{}}}}`)
	})
	return mux
}

// TestMatching: one answer each, what is wanted of it, and what is said.
func TestMatching(t *testing.T) {
	for _, c := range []struct{ step, answer, want string }{
		{`json: {a: 1}`, `{"a":1,"b":2}`, "ok GET /x"},
		{`json: {a: 1}, exact: true`, `{"a":1,"b":2}`,
			`$.b = nothing; got $.b = 2; hint: Leave "b" out of what GET /x answers.`},
		{`json: {a: 1}`, `{"a":1.0}`, "ok GET /x"},
		{`json: {a: 1}`, `{"a":1e0}`, "ok GET /x"},
		{`json: {a: 100}`, `{"a":1e2}`, "ok GET /x"},
		{`json: {a: 1}`, `{"a":"1"}`,
			`$.a = 1; got $.a = "1"; hint: The "a" in the answer to GET /x is a text, and a number is wanted: answer ` +
				`with the type that is sent.`},
		{`json: {a: "1"}`, `{"a":1}`,
			`$.a = "1"; got $.a = 1; hint: The "a" in the answer to GET /x is a number, and a text is wanted: answer ` +
				`with the type that is sent.`},
		{`json: {a: true}`, `{"a":"true"}`, `$.a = true; got $.a = "true"`},
		{`json: {a: null}`, `{"a":null}`, "ok GET /x"},
		{`json: {a: null}`, `{}`, `$.a = null; got $.a = nothing; hint: Put "a" into what GET /x answers.`},
		{`json: {a: {b: [1, 2]}}`, `{"a":{"b":[1,2]}}`, "ok GET /x"},
		{`json: {a: {b: [1, 2]}}`, `{"a":{"b":[1,3]}}`, `$.a.b[1] = 2; got $.a.b[1] = 3`},
		{`json: {a: {b: [1, 2]}}`, `{"a":{"b":[1]}}`, `$.a.b = [1,2]; got $.a.b = [1]`},
		{`json: {a: {b: 1}}`, `{"a":[]}`, `$.a = {"b":1}; got $.a = []`},
		{`json: [1, 2]`, `[1,2]`, "ok GET /x"},
		{`json: hello`, `"hello"`, "ok GET /x"},
		{`json: hello`, `"other"`,
			`$ = "hello"; got $ = "other"; hint: Compare what GET /x answers with what was wanted.`},
		{`json: {a: 1}`, `{"a":2,"a":1}`, "ok GET /x"}, // of keys that are there twice the last counts, as in Python
		{`json: {a: 1e400}`, `{"a":1e999999999}`, `$.a = `},
		{`json: {a: 12345678901234567890}`, `{"a":12345678901234567891}`, `$.a = 1234567890123456789`},

		{`json: {a: <any>}`, `{"a":null}`, "ok GET /x"},
		{`json: {a: <any>}`, `{}`, `$.a = anything; got $.a = nothing`},
		{`json: {a: <string>}`, `{"a":1}`, `$.a = text; got $.a = 1`},
		{`json: {a: <number>}`, `{"a":1.5}`, "ok GET /x"},
		{`json: {a: <number>}`, `{"a":"1"}`, `$.a = a number; got $.a = "1"`},
		{`json: {a: <int>}`, `{"a":1.0}`, "ok GET /x"},
		{`json: {a: <int>}`, `{"a":1.5}`, `$.a = a whole number; got $.a = 1.5`},
		{`json: {a: <int>}`, `{"a":1e999999999}`, `$.a = a whole number; got $.a = 1e999999999`},
		{`json: {a: <bool>}`, `{"a":0}`, `$.a = true or false; got $.a = 0`},
		{`json: {a: <null>}`, `{"a":0}`, `$.a = null; got $.a = 0`},
		{`json: {a: <uuid>}`, `{"a":"6BA7B810-9DAD-11D1-80B4-00C04FD430C8"}`, "ok GET /x"},
		{`json: {a: <uuid>}`, `{"a":"6ba7b810"}`, `$.a = a UUID; got $.a = "6ba7b810"`},
		{`json: {a: <time>}`, `{"a":"2026-11-24T10:00:00.5Z"}`, "ok GET /x"},
		{`json: {a: <time>}`, `{"a":"24.11.2026"}`,
			`$.a = a time (ISO 8601, such as 2026-01-31T12:00:00); got $.a = "24.11.2026"`},
		{`json: {a: <absent>}`, `{}`, "ok GET /x"},
		{`json: {a: <absent>}`, `{"a":1}`, `$.a = nothing; got $.a = 1; hint: Leave "a" out`},
		{`json: {a: "/^b+$/"}`, `{"a":"bbb"}`, "ok GET /x"},
		{`json: {a: "/^b+$/"}`, `{"a":"c"}`, `$.a = text that matches /^b+$/; got $.a = "c"`},
		{`json: {a: "/^4/"}`, `{"a":42}`, "ok GET /x"},
		{`json: {a: "\\<any>"}`, `{"a":"<any>"}`, "ok GET /x"},
		{`json: {a: "\\<any>"}`, `{"a":"x"}`, `$.a = "<any>"; got $.a = "x"`},
		{`json: {a: "\\/x/"}`, `{"a":"/x/"}`, "ok GET /x"},
		{`json: {a: "$$5"}`, `{"a":"$5"}`, "ok GET /x"},

		{`has: [{id: 1}]`, `[{"id":1},{"id":2}]`, "ok GET /x"},
		{`has: [{id: 3}]`, `[{"id":1},{"id":2}]`,
			`the list with {"id":3} in it, once; got it is there not at all; the list has 2 items; hint: Store each ` +
				`new item, and answer with all that is stored.`},
		{`has: [{id: 1}]`, `[{"id":1},{"id":1}]`,
			`got it is there 2 times; the list has 2 items; hint: It is stored, or answered, more than once: replace ` +
				`an item instead of adding another.`},
		{`has: [<string>]`, `[1,"a"]`, "ok GET /x"},
		{`lacks: [{id: 1}]`, `[{"id":2}]`, "ok GET /x"},
		{`lacks: [{id: 1}]`, `[{"id":1}]`,
			`the list without {"id":1}; got it is there once; hint: Answer with no item that is so: filter the list ` +
				`before it is answered.`},
		{`has: [{id: 1}], list: data.items`, `{"data":{"items":[{"id":1}]}}`, "ok GET /x"},
		{`has: [{id: 1}], list: data.items`, `{"data":[]}`,
			`want the list at data.items; got nothing; hint: Answer with a JSON array.`},
		{`has: [{id: 1}]`, `{"tasks":[]}`, `want the list; got {"tasks":[]}; hint: Answer with a JSON array.`},
		{`count: 2`, `[1,2]`, "ok GET /x"},
		{`count: ">=3"`, `[1,2]`,
			`the list with at least 3 items; got 2 items; hint: Answer GET /x with all that is stored.`},
		{`count: "<2"`, `[1]`, "ok GET /x"},
		{`count: "<=0"`, `[1]`, `the list with at most 0 items; got 1 item`},
		{`count: ">1"`, `[1]`, `the list with more than 1 items; got 1 item`},
		{`count: 0`, `[1]`, `the list with exactly 0 items; got 1 item`},

		{`json: {}`, `not JSON`,
			`want an answer in JSON; got "not JSON"; hint: Return a dict, a list or a model: FastAPI makes ` +
				`JSON of it.`},
		{`json: {}`, `{} {}`, `want an answer in JSON; got "{} {}"`},
		{`json: {}`, ``, `want an answer in JSON; got an empty answer`},
		{`json: {}`, "\xff\xfe", `want an answer in JSON; got 2 bytes that are no text`},
		{`json: {}`, strings.Repeat("[", 20_000), `want an answer in JSON`},
		{`json: {}`, `"` + strings.Repeat("x", 1_100_000) + `"`,
			`want an answer of reasonable size; got more than 1000000 bytes; hint: Answer with what was ` +
				`asked for alone.`},
		{`text: /well/`, `all is well`, "ok GET /x"},
		{`text: /^well/`, `all is well`,
			`want text matching /^well/; got "all is well"; hint: Compare the text that GET /x answers with the ` +
				`pattern, letter by letter.`},
	} {
		said := checktest.Asked(t, kind.Kind(), "http: [{send: GET /x, "+c.step+"}]", says(200, c.answer))
		if c.want == "ok GET /x" {
			assert.Equal(t, c.want, said, "%s of %.80s", c.step, c.answer)
		} else {
			assert.Contains(t, said, c.want, "%s of %.80s", c.step, c.answer)
			assert.True(t, strings.HasPrefix(said, "0 GET /x: want "), said)
		}
	}
}

func TestStatusAndHeaders(t *testing.T) {
	for _, c := range []struct {
		step   string
		target *checktest.Target
		want   string
	}{
		{`send: GET /x`, says(204, ""), "ok GET /x"},
		{`send: GET /x, want: [200, 404]`, says(404, ""), "ok GET /x"},
		{`send: GET /x, want: 4xx`, says(404, ""), "ok GET /x"},
		{`send: GET /x`, says(404, ""),
			"0 GET /x: want an answer with 2xx; got 404 Not Found; hint: There is no route GET /x. Add a function " +
				"with @app.get(\"/x\")."},
		{`send: GET /x, want: 403`, says(404, ""),
			"0 GET /x: want an answer with 403; got 404 Not Found; hint: There is no route GET /x. Add a function " +
				"with @app.get(\"/x\")."},
		{`send: GET /x, want: 404`, says(200, ""),
			"0 GET /x: want an answer with 404; got 200 OK; hint: The program answers as if it were there: raise " +
				"HTTPException(status_code=404) when nothing is found."},
		{`send: POST /x, body: {}, want: [422, 400]`, says(200, ""),
			"0 POST /x: want an answer with 422 or 400; got 200 OK; hint: The program accepts what it should refuse. " +
				"Let a Pydantic model with the required fields be the parameter of the route: FastAPI then refuses a " +
				"body that lacks one."},
		{`send: POST /x/loans, want: 409`, says(201, ""),
			"0 POST /x/loans: want an answer with 409; got 201 Created; hint: The program does what it should refuse " +
				"here: raise HTTPException(status_code=409) under that condition."},
		{`send: POST /login, form: {pw: x}, want: [400, 401]`, says(200, "{}"),
			"0 POST /login: want an answer with 400 or 401; got 200 OK; hint: The program takes a login or a " +
				"signature that is missing, wrong or over: raise HTTPException(status_code=401) then."},
		{`send: POST /x, body: {n: 1}, want: 409`, says(201, ""),
			"0 POST /x: want an answer with 409; got 201 Created; hint: The program does what it should refuse here: " +
				"raise HTTPException(status_code=409) under that condition."},
		{`send: POST /x, form: {a: b}, want: [400, 403]`, says(303, "", "Location", "/notes"),
			`0 POST /x: want an answer with 400 or 403; got 303 See Other; hint: The program does what it should ` +
				`refuse here, and leads on to "/notes": raise HTTPException(status_code=400) under that condition.`},
		{`send: GET /x, want: [302, 303]`, says(200, ""),
			"0 GET /x: want an answer with 302 or 303; got 200 OK; hint: The program answers GET /x itself, where it " +
				"should lead on: answer with 302 or 303 and a Location."},
		{`send: POST /x, form: {pw: x}, want: 429`, says(401, ""),
			"0 POST /x: want an answer with 429; got 401 Unauthorized; hint: The program refuses this, with another " +
				"status: raise HTTPException(status_code=429) under that condition."},
		{`send: POST /x, json: {data: {id: <any>}}, save: {x: data.id}, header: {Location: /\/$x$/}`,
			says(201, `{"id":1}`, "Location", "/x/1"),
			"0 POST /x: want $.data = {\"id\":\"<anything>\"}; got $.data = nothing; hint: Put \"data\" into what " +
				"POST /x answers."},
		{`send: POST /x, save: {x: data.id}, header: {Location: /\/$x$/}`, says(201, `{"id":1}`, "Location", "/x/1"),
			`0 POST /x: want an answer with data.id; got {"id":1}; hint: Put data.id into what POST /x answers.`},
		{`send: GET /x, headers: {If-None-Match: '"a"'}, want: 200`, says(304, ""),
			"0 GET /x: want an answer with 200; got 304 Not Modified; hint: The program says that nothing " +
				"has changed: make the ETag of /x of what it answers."},
		{`send: GET /x, json: {error: <any>}`, says(200, `"gone"`),
			`0 GET /x: want $ = {"error":"<anything>"}; got $ = "gone"; hint: GET /x answers with a text, and an ` +
				`object is wanted.`},
		{`send: "GET /x?g=a", every: {g: a}`, says(200, `[{"g":"a"},{"g":"b"}]`),
			`0 GET /x?g=a: want each item of the list with g = "a"; got item 2: "b"; hint: An item with another "g" ` +
				`is in the answer to GET /x?g=a: leave out what is not asked for.`},
		{`send: GET /x, json: {n: <int 1..5>}`, says(200, `{"n":7}`),
			`0 GET /x: want $.n = a whole number from 1 to 5; got $.n = 7; hint: The "n" in the answer to GET /x is ` +
				`to be a whole number from 1 to 5.`},
		{`send: GET /x, json: {n: [{id: 1}, {id: 2}]}`, says(200, `{"n":[{"id":1},{"id":3}]}`),
			`0 GET /x: want $.n[1].id = 2; got $.n[1].id = 3; hint: Another item is at $.n[1] in the answer to GET ` +
				`/x: look at which are chosen, and in which order.`},
		{`send: POST /x, multipart: {a: b}, want: [400, 415]`, says(201, ""),
			"0 POST /x: want an answer with 400 or 415; got 201 Created; hint: The program does what it " +
				"should refuse here: raise HTTPException(status_code=400) under that condition."},
		{`send: GET /x, text: [/a/, /b/, <not /c/>]`, says(200, "b a"), "ok GET /x"},
		{`send: GET /x, text: [/a/, <not /c/>]`, says(200, "a c"),
			`0 GET /x: want text that does not match /c/; got "a c"; hint: Find what writes that into the answer to ` +
				`GET /x, and leave it out.`},
		{`send: GET /x/9, want: 404`, says(400, `{"error":"no such task"}`),
			"0 GET /x/9: want an answer with 404; got 400 Bad Request; hint: The program refuses this, with another " +
				"status: raise HTTPException(status_code=404) under that condition."},
		{`send: GET /x, want: 404`, says(500, `{"detail":"gone"}`),
			"0 GET /x: want an answer with 404; got 500 Internal Server Error; hint: The program chose 500 itself, " +
				"since the answer is its own: answer with 404."},
		{`send: PUT /x, body: {}, want: 404`, says(200, ""),
			"0 PUT /x: want an answer with 404; got 200 OK; hint: The program answers as if it were there: raise " +
				"HTTPException(status_code=404) when nothing is found."},
		{`send: POST /x, body: {}, want: 201`, says(200, ""),
			"0 POST /x: want an answer with 201; got 200 OK; hint: Set the status in the route: @app.post(…, " +
				"status_code=201)."},
		{`send: GET /x`, says(307, "", "Location", "/login"),
			`0 GET /x: want an answer with 2xx; got 307 Temporary Redirect; hint: The program wants a login first, ` +
				`at "/login": let GET /x answer without one.`},
		{`send: GET /x`, says(500, ""),
			"0 GET /x: want an answer with 2xx; got 500 Internal Server Error; hint: The program failed with 500, " +
				"and its log names no exception: print what it does there."},
		{`send: DELETE /x/7}, {send: GET /x/7, want: 404`, says(200, `{"id":8}`),
			"ok DELETE /x/7\n0 GET /x/7: want an answer with 404; got 200 OK; hint: After DELETE /x/7, GET /x/7 " +
				"answers " +
				"with the one whose id is 8: look it up by its id, and not by its place in the list."},
		{`send: PUT /x`, says(405, ""),
			"0 PUT /x: want an answer with 2xx; got 405 Method Not Allowed; hint: The path is there, but not for " +
				"PUT. Add a function with @app.put(\"/x\")."},
		{`send: PUT /x`, says(405, "").With("app.py", "@app.route(\"/x\", methods=[\"GET\", \"PATCH\"])\n"+
			"def x():\n    if request.method == 'PATCH':\n"),
			"0 PUT /x: want an answer with 2xx; got 405 Method Not Allowed; hint: The path is there, but not for " +
				"PUT: app.py has PATCH in lines 1 and 3, and is to have PUT there."},
		{`send: POST /x, body: {}`, says(422, ""),
			"0 POST /x: want an answer with 2xx; got 422 Unprocessable Entity; hint: The program refused the body: " +
				"its answer is empty."},
		{`send: GET /x`, says(401, ""),
			"0 GET /x: want an answer with 2xx; got 401 Unauthorized; hint: It asks for a login, which the request " +
				"does not have: let GET /x answer without one."},
		{`send: POST /x, body: {}`,
			says(422, `{"detail":[{"type":"missing","loc":["body","title"],"msg":"Field required"}]}`),
			"0 POST /x: want an answer with 2xx; got 422 Unprocessable Entity; hint: `title` is required, and what " +
				"was sent has none: give it a default."},
		{`send: POST /x, body: {}`,
			says(422, `{"detail":[{"type":"missing","loc":["body","id"],"msg":"Field required"}]}`),
			"0 POST /x: want an answer with 2xx; got 422 Unprocessable Entity; hint: `id` is required, and to give " +
				"one out is the program's own part: let the field be `id: int | None = None`, and let POST set it " +
				"before the thing is stored, each time to another: a counter that only goes up, or uuid4."},
		{`send: POST /x, body: {title: a}`, says(422, `{"detail":[{"type":"missing","loc":["body","name"],`+
			`"msg":"Field required"}]}`).With("main.py", "class Task(BaseModel):\n    name: str\n"),
			"0 POST /x: want an answer with 2xx; got 422 Unprocessable Entity; hint: The program wants `name` " +
				"(main.py, line 2), and no line of it has `title`, which was sent: give its fields those names."},
		{`send: GET /x/7`, says(404, `{"detail":"Not Found"}`).With("main.py",
			"from fastapi import FastAPI\n@app.get(\"/x/{id}\")\n"),
			"0 GET /x/7: want an answer with 2xx; got 404 Not Found; hint: The program refuses GET /x/7: its answer " +
				"says \"{\\\"detail\\\":\\\"Not Found\\\"}\"."},
		{`send: GET /x, want: [302, 307]`, says(301, "", "Location", "https://example.org/"),
			"0 GET /x: want an answer with 302 or 307; got 301 Moved Permanently; hint: The program leads on with " +
				"301: do it with 302 or 307."},
		{`send: GET /x, want: 404, json: {error: not_found}`, says(404, "<h1>Not Found</h1>").With("main.py",
			"import flask\n"), "0 GET /x: want an answer in JSON; got \"<h1>Not Found</h1>\"; hint: Answer with JSON " +
			"where it goes wrong, too: a function with @app.errorhandler(404) makes it."},
		{`send: PATCH /x, body: {title: a}, json: {pages: 3}`, says(200, `{"title":"a","pages":null}`),
			"0 PATCH /x: want $.pages = 3; got $.pages = null; hint: PATCH /x was sent without \"pages\", and is " +
				"to keep what is stored of it."},
		{`send: PATCH /x, body: {title: a}, json: {completed: false}`, says(200, `{"title":"a"}`),
			"0 PATCH /x: want $.completed = false; got $.completed = nothing; hint: PATCH /x was sent without " +
				"\"completed\", and is to keep what is stored of it."},
		{`send: GET /x, json: {error: {code: a}}`, says(200, `{"error":"a"}`),
			"0 GET /x: want $.error = {\"code\":\"a\"}; " +
				"got $.error = \"a\"; hint: The \"error\" in the answer to GET /x is a text, and is to be an object."},
		{`send: GET /health`, says(404, `{"detail":"Not Found"}`).With("main.py",
			"from fastapi import FastAPI\n@app.get(\"/tasks\")\n"),
			"0 GET /health: want an answer with 2xx; got 404 Not Found; hint: There is no route GET /health; your " +
				"program has GET /tasks. Add a function with @app.get(\"/health\")."},
		{`send: POST /x, body: {}`,
			says(422, `{"detail":[{"type":"missing","loc":["query","title"],"msg":"Field required"}]}`),
			"0 POST /x: want an answer with 2xx; got 422 Unprocessable Entity; hint: The program wants `title` in " +
				"the query, and what was sent is in the body."},
		{`send: POST /x, body: {}`,
			says(422, `{"detail":[{"type":"string_type","loc":["body","done"],"msg":"Input should be a `+
				`valid string"}]}`),
			"0 POST /x: want an answer with 2xx; got 422 Unprocessable Entity; hint: The program refused the body: " +
				"`done`: Input should be a valid string."},
		{`send: POST /x, body: {}`, says(400, `{"error":"no name"}`),
			`0 POST /x: want an answer with 2xx; got 400 Bad Request; hint: The program refused the body: its answer ` +
				`says "{\"error\":\"no name\"}".`},
		{`send: PUT /x`, says(501, ""),
			"0 PUT /x: want an answer with 2xx; got 501 Not Implemented; hint: The program says that it does not " +
				"know PUT. Add a function with @app.put(\"/x\")."},
		{`send: GET /x/7, want: 404`, logs(says(500, "Internal Server Error"), "IndexError: list index out of range\n"),
			"0 GET /x/7: want an answer with 404; got 500 Internal Server Error; hint: The program's log ends with " +
				"this exception: IndexError: list index out of range. Look first whether it is there, and raise " +
				"HTTPException(status_code=404) where nothing is found."},
		{`send: DELETE /x/7, want: 404`, logs(says(500, "Internal Server Error"),
			"Traceback (most recent call last):\n  File \"main.py\", line 3\nKeyError: 7\n"),
			"0 DELETE /x/7: want an answer with 404; got 500 Internal Server Error; hint: The program's log ends " +
				"with this exception: KeyError: 7. The exception is raised from main.py, line 3: `app = FastAPI()`. " +
				"Look first whether it is there, and raise HTTPException(status_code=404) where nothing is found."},
		{`send: GET /x`, logs(says(500, "Internal Server Error"),
			"Traceback (most recent call last):\n  File \"main.py\", line 3\nKeyError: 'id'\n"),
			"0 GET /x: want an answer with 2xx; got 500 Internal Server Error; hint: The program's log ends with " +
				"this exception: KeyError: 'id'. The exception is raised from main.py, line 3: `app = FastAPI()`. " +
				"Look at that line with the exception's words."},
		{`send: GET /x`, logs(says(500, "Internal Server Error"), "Traceback (most recent call last):\n"+
			"  File \"main.py\", line 3\nNameError: name 'FastAPI' is not defined. Did you mean: 'fastAPI'?\n"),
			"0 GET /x: want an answer with 2xx; got 500 Internal Server Error; hint: The program's log ends with " +
				"this exception: NameError: name 'FastAPI' is not defined. Did you mean: 'fastAPI'? main.py, line 3, " +
				"uses FastAPI, which nothing above it defines or imports. Import it. Write `from fastapi import " +
				"FastAPI` at the top of main.py."},
		{`send: GET /x`, logs(says(500, "Internal Server Error"), "Traceback (most recent call last):\n"+
			"  File \"main.py\", line 3\nNameError: name 'app' is not defined. Did you mean: 'api'?\n"),
			"0 GET /x: want an answer with 2xx; got 500 Internal Server Error; hint: The program's log ends with " +
				"this exception: NameError: name 'app' is not defined. Did you mean: 'api'? main.py, line 3, uses " +
				"app, which nothing above it defines or imports. Is api meant? Make line 3 of main.py `api = " +
				"FastAPI()`."},
		{`send: GET /x`, logs(says(500, "Internal Server Error"),
			"Traceback (most recent call last):\nsqlite3.OperationalError: no such table: tasks\n"),
			"0 GET /x: want an answer with 2xx; got 500 Internal Server Error; hint: The program's log ends with " +
				"this exception: sqlite3.OperationalError: no such table: tasks. The database has no table tasks: " +
				"nothing has made it. Make the tables before they are used, as with Base.metadata.create_all(engine)."},
		{`send: POST /tasks, body: {}`, checktest.New().Serve(other()),
			"0 POST /tasks: want an answer with 2xx; got 404 Not Found; hint: There is no route POST /tasks; your " +
				"program has POST /todos, GET /todos and GET /todos/{id}."},
		{`send: GET /notes`, says(404, "Cannot GET /notes").With("Dockerfile", "FROM x\n").With("main.py",
			"").With("index.js", "const express = require('express')\napp.get('/notizen', f)\n"),
			"0 GET /notes: want an answer with 2xx; got 404 Not Found; hint: There is no route GET /notes; your " +
				"program has GET /notizen."},
		{`send: POST /x, body: {}, json: {id: <any>}`, says(200, `{"data":{"id":1}}`),
			"0 POST /x: want $.id = anything; got $.id = nothing; hint: What was made is inside `data`: answer with " +
				"it alone."},
		{`send: POST /x, body: {}, json: {completed: true}`, says(200, `{"id":1,"done":true}`),
			"0 POST /x: want $.completed = true; got $.completed = nothing; hint: The answer has `done` in its " +
				"place: call it `completed`."},
		{`send: GET /x, header: {Content-Type: /json/}`, says(200, "", "Content-Type", "application/json"),
			"ok GET /x"},
		{`send: GET /x, header: {X-A: <not /^b$/>}`, says(200, "", "X-A", "b"),
			`0 GET /x: want header X-A that does not match /^b$/; got "b"; hint: Give the header X-A another value ` +
				`in ` +
				`the answer to GET /x, or leave it out.`},
		{`send: GET /x, header: {X-A: <absent>}`, says(200, "", "X-A", "b"),
			`0 GET /x: want header X-A that is not there; got "b"; hint: Leave the header X-A out of the answer to ` +
				`GET /x.`},
		{`send: GET /x/1, want: 401`, says(404, `{"error": "no such x"}`),
			`0 GET /x/1: want an answer with 401; got 404 Not Found; hint: The program refuses this with 404, and ` +
				`its ` +
				`answer says "{\"error\": \"no such x\"}": raise HTTPException(status_code=401) before it looks for ` +
				`what is asked for.`},
		{`send: GET /x/1`, says(404, `{"error": "no such x"}`),
			"0 GET /x/1: want an answer with 2xx; got 404 Not Found; hint: The program says that there is nothing at " +
				"/x/1: let it find there what was stored."},
		{`send: PUT /x, body: {}, want: 201}, {send: PUT /x, body: {}, want: 200`, says(200, ""),
			"0 PUT /x: want an answer with 201; got 200 OK; hint: PUT /x is to answer 201 here, and 200 where the " +
				"check " +
				"sends it besides: set the status by what was done.\n- PUT /x"},
		{`send: POST /x, body: {}, times: 4, parallel: 4, want: {201: 1, 409: 3}`, says(201, ""),
			"0 POST /x: want answers with once 201 and 3 times 409; got 4 times 201; hint: Count what one request " +
				"after another is answered. Where that is right, requests at once look before any of them has " +
				"written: let a lock, or a constraint of the database, decide."},
		{`send: POST /x, raw: "a,b", headers: {Content-Type: text/csv}, save: {x: id}}, {send: GET /x/$x, ` +
			`json: {name: "b\nc"}`, says(200, `{"id": 1, "name": "bc"}`),
			"ok POST /x\n" + `0 GET /x/1: want $.name = "b\nc"; got $.name = "bc"; hint: The ` +
				`"name" in the answer to GET /x/1 is not what was sent or stored: follow the value from the request ` +
				`to the answer.`},
		{`send: GET /x, every: {a: <absent>}`, says(200, `[{"a": 1}]`),
			`0 GET /x: want each item of the list without a; got item 1: 1; hint: Leave "a" out of what ` +
				`GET /x answers.`},
		{`send: GET /x, faster: 1h..2h`, says(200, ""), "0 GET /x: want an answer that takes 1h; got an answer " +
			"after "},
		{`send: GET /x, log: [<not /b/>, <absent>]`, says(200, ""), "ok GET /x"},
		{`send: GET /x, log: [<not /b/>, /a/]`, says(200, ""),
			"0 GET /x: want a log matching /a/; got nothing new in " +
				"the log; hint: Write it when the request comes, to the standard output, and flush it: docker logs " +
				"shows it."},
		{`send: GET /x, header: {X-A: /^b$/}`, says(200, "", "X-A", "c"),
			`0 GET /x: want header X-A matching /^b$/; got "c"; hint: The answer to GET /x has the header X-A, with ` +
				`another value: change that.`},
	} {
		said := checktest.Asked(t, kind.Kind(), "http: [{"+c.step+"}]", c.target)
		if strings.HasSuffix(c.want, "after ") { // so many milliseconds
			assert.Contains(t, said, c.want)
			continue
		}
		assert.Equal(t, c.want, said)
	}
}

func TestVariables(t *testing.T) {
	for _, c := range []struct {
		name, entry string
		target      *checktest.Target
		want        string
	}{
		{"a value that is only a variable keeps its type", `http:
- {send: POST /a, body: {id: 7, name: "n 1"}, save: {x: id, n: name}}
- {send: POST /b, body: {id: $x, text: "id ${x}", name: $n}, json: {id: 7, text: "id 7", name: "n 1"}}
- {send: "GET /c/$x/$n?q=$$", json: "/c/7/n%201?q=$ "}`, echo(), "ok POST /a\nok POST /b\nok GET /c/7/n%201?q=$"},
		{"headers and keys", `http:
- {send: POST /a, body: {k: b}, save: {x: k}}
- {send: GET /h, headers: {X-Name: "is $x"}, json: "/h? is b"}
- {send: POST /k, body: {$x: 1}, json: {b: 1}}`, echo(), "ok POST /a\nok GET /h\nok POST /k"},
		{"a raw body", `http:
- {send: POST /a, body: {k: b}, save: {x: k}}
- {send: POST /b, raw: '{"v": "$x"', text: '/^{"v": "b"$/'}`, echo(), "ok POST /a\nok POST /b"},
		{"a signature of the body", `http:
- {send: POST /a, body: {k: s3cret}, save: {x: k}}
- {send: POST /named, raw: '{"a":1}', headers: {X-Name: "sha256=${hmac $x}"}, ` +
			`json: {a: 1}, header: {X-Name: /^sha256=5910e62016ef5034272c926c27071992a465c2335cecf41851bda07157` +
			`7f4f6d$/}}`,
			named(), "ok POST /a\nok POST /named"},
		{"a query that is not known", `http:
- {send: POST /a, body: {a: b}, want: 201, save: {c: k}}
- {send: GET /b, query: {cursor: $c, q: "a b $$"}}`, echo(),
			"0 POST /a: want an answer with 201; got 200 OK; hint: Set " +
				"the status in the route: @app.post(…, status_code=201).\n- GET /b?cursor={k}&q=a+b+$"},
		{"not", `http:
- {send: POST /a, body: {id: 7}, save: {x: id}}
- {send: POST /b, body: {id: 8}, json: {id: <not $x>}}
- {send: POST /c, body: {id: 7}, json: {id: <not $x>}}`, echo(), "ok POST /a\nok POST /b\n" +
			`0 POST /c: want $.id = anything but 7; got $.id = 7; hint: Answer with a new id each time, such as a ` +
			`counter that only goes up, or uuid4.`},
		{"not of what is no scalar", `http:
- {send: POST /a, body: {id: {a: [1]}}, save: {x: id}}
- {send: POST /c, body: {id: {a: [1]}}, json: {id: <not $x>}}`, echo(), "ok POST /a\n" +
			`0 POST /c: want $.id = anything but {"a":[1]}; got $.id = {"a":[1]}, which is the id that POST /a ` +
			`answered; hint: Answer with a new id each time, such as a counter that only goes up, or uuid4.`},
		{"a value that is another variable's is named", `http:
- {send: POST /a, body: {t: first}, save: {x: t}}
- {send: POST /b, body: {t: first}, json: {t: second}}
- {send: GET /$x}`, echo(), "ok POST /a\n" +
			`0 POST /b: want $.t = "second"; got $.t = "first", which is the t that POST /a answered; hint: The "t" ` +
			`in the answer to POST /b is what was just sent, and is to be "second" here.` + "\n- GET /first"},
		{"what a DELETE leaves", `http:
- {send: DELETE /a/1}
- {send: GET /a/1, want: 404}`, says(200, `{"data": [{"id": 1}]}`),
			"ok DELETE /a/1\n0 GET /a/1: want an answer with 404; " +
				"got 200 OK; hint: It is still there after DELETE /a/1: let DELETE take it out of where GET looks."},
		{"what is gone, and answered with 200", `http:
- {send: DELETE /a/1}
- {send: GET /a/1, want: 404}`, says(200, "null"), "ok DELETE /a/1\n0 GET /a/1: want an answer with 404; got 200 OK; " +
			"hint: After DELETE /a/1, GET /a/1 still answers with 200, and its answer says \"null\": raise " +
			"HTTPException(status_code=404) when nothing is found."},
		{"what is gone with another", `http:
- {send: DELETE /a/1, body: {}}
- {send: POST /b, body: [], has: [{id: 2}]}`, echo(), "ok DELETE /a/1\n" +
			`0 POST /b: want the list with {"id":2} in it, once; got it is there not at all; the list has 0 items; ` +
			`hint: It is to stay when another is deleted: remove the one that the path names, and no other.`},
		{"what is gone with a restart", `http:
- {send: POST /a, body: {id: 5}, save: {x: id}}
- {restart: container}
- {send: POST /gone/$x, body: {id: 5}}`, echo(), "ok POST /a\nok docker restart\n0 POST /gone/5: want an answer with " +
			"2xx; got 404 Not Found; hint: What was stored is gone with the restart: keep it in a file, and write it " +
			"there at once."},
		{"what comes back with a restart", `http:
- {send: POST /a, body: {id: 5}, save: {x: id}}
- {send: DELETE /a/$x, body: {}}
- {restart: container}
- {send: POST /b, body: [{id: 5}], lacks: [{id: $x}]}`, echo(), "ok POST /a\nok DELETE /a/5\nok docker restart\n" +
			`0 POST /b: want the list without {"id":5}; got it is there once; hint: What was deleted is there again ` +
			"after " +
			"the restart: write that to the file at once, too, as with commit()."},
		{"what is gone with its container", `http:
- {send: POST /a, body: {id: 5}, save: {x: id}}
- {restart: new}
- {send: POST /gone/$x, body: {id: 5}}`, echo(), "ok POST /a\nok a new container with the same volume\n0 POST " +
			"/gone/5: want an answer with 2xx; got 404 Not Found; hint: The new container finds nothing of " +
			"what the old one stored: keep it in a file on the volume."},
		{"the first that fails ends it", `http:
- {send: POST /a, want: 404}
- {send: GET /b}`, echo(), "0 POST /a: want an answer with 404; got 200 OK; hint: The program answers as if it were " +
			"there: raise HTTPException(status_code=404) when nothing is found.\n- GET /b"},
		{"what a failed step did not save is not sent", `partial: true
http:
- {send: POST /a, body: {}, save: {x: id}}
- {send: POST /b/$x, save: {y: id}}
- {send: GET /c}
- {send: GET /$y}
- {send: POST /d, body: {v: 1}, json: {v: <not $x>}}`, echo(),
			"0 POST /a: want an answer with id; got {}; hint: Put id into what POST /a answers.\n" +
				"- POST /b/{id}: not asked: the id that it needs was to come from the answer to step 1, POST /a\n" +
				"ok GET /c\n- GET /{id}: not asked: the id that it needs was to come from the answer to step " +
				"1, POST /a\n- POST /d: not asked: the id that it needs was to come from the answer to " +
				"step 1, POST /a"},
		{"what a failed step has all the same is saved", `partial: true
http:
- {send: POST /a, body: {id: 5}, json: {id: 6}, save: {x: id}}
- {send: POST /b, body: {v: $x}, json: {v: 5}}`, echo(),
			"0 POST /a: want $.id = 6; got $.id = 5; hint: The \"id\" in the answer to POST /a is what was just " +
				"sent, " +
				"and is to be 6 here.\nok POST /b"},
		{"a variable in a regular expression is itself", `http:
- {send: POST /a, body: {t: "a.b (c)"}, save: {x: t}}
- {send: POST /b, body: {t: "a.b (c)"}, json: {t: "/^$x$/"}, text: '/"${x}"}$/', header: {Content-Type: /^text/}}
- {send: POST /c, body: {t: "axb (c)"}, text: "/$x/"}`, echo(), "ok POST /a\nok POST /b\n" +
			`0 POST /c: want text matching /a\.b \(c\)/; got "{\"t\":\"axb (c)\"}"; hint: Compare the text that POST ` +
			`/c answers with the pattern, letter by letter.`},
		{"a dollar and a brace of their own", `http:
- {send: POST /a, body: {t: "$${x"}, json: {t: "$${x"}}`, echo(), "ok POST /a"},
		{"times counts, and saves a list", `http:
- {send: POST /a, body: {v: $i}, times: 3, save: {all: v}}
- {send: POST /b, body: [{n: 1}, {n: 2}, {n: 3}], has: [{n: $all}]}
- {send: POST /c, body: [{n: 1, t: x1}, {n: 2, t: x2}, {n: 3, t: x2}], has: [{n: $all, t: x$i}]}`, echo(),
			"ok POST /a\nok POST /b\n" +
				`0 POST /c: want the list with {"n":3,"t":"x3"} in it, once; got the item with n 3 ` +
				`has t = "x2"; hint: The "t" in the answer to POST /c is to be "x3" here: work it out anew of ` +
				`what is ` +
				`stored.`},
		{"given fails the check where nothing judges it", `partial: true
http:
- {given: POST /a, body: {}, save: {x: id}}
- {send: GET /b/$x}`, echo(), "0 POST /a: want an answer with id; got {}; hint: Put id into what POST /a answers.\n- " +
			"GET /b/{id}: not asked: what it needs was not set up by POST /a"},
		{"an id that is given twice", `http:
- {given: POST /a, body: {id: 5}, save: {x: id}}
- {given: POST /a, body: {id: 5}, save: {y: id}}
- {send: GET /b/$x/$y}`, echo(), "ok POST /a\n0 POST /a: want an answer whose id no other has; got id 5 was given " +
			"out twice; hint: Give each a new one: a counter that only goes up, or uuid4.\n- GET /b/5/5: not " +
			"asked: what it needs was not set up by POST /a"},
		{"a saved value that need not be there", `http:
- {send: POST /a, body: {id: 5}, save: {x: "name?", y: "id?"}}
- {send: POST /b, body: {name: z, id: 5}, json: {name: $x, id: $y}}
- {send: POST /c, body: {name: z, id: 6}, json: {name: <not $x>, id: <not $y>}}`, echo(), "ok POST /a\nok POST " +
			"/b\nok POST /c"},
		{"what no answer held", `http:
- {send: POST /a, body: {id: 5}, save: {x: id}}
- {send: "GET /b/${not x}", text: '/b.[0-9]{6}[?]/'}
- {send: POST /c, body: {id: "${not x}"}, json: {id: <int>}}`, echo(), "ok POST /a\nok GET /b/557410\nok POST /c"},
		{"another UUID", `http:
- {send: POST /a, body: {id: 6ba7b810-9dad-41d1-80b4-00c04fd430c8}, save: {x: id}}
- {send: POST /c, body: {id: "${not x}"}, json: {id: <uuid>}}
- {send: POST /c, body: {id: "${not x}"}, json: {id: <not $x>}}`, echo(), "ok POST /a\nok POST /c\nok POST /c"},
		{"found by GET alone", `http:
- {send: POST /a, body: {id: 5}, save: {x: id}}
- {send: DELETE /b/$x}`, checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				w.WriteHeader(http.StatusNotFound)
			}
			fmt.Fprint(w, `{"id": 5}`)
		})), "ok POST /a\n0 DELETE /b/5: want an answer with 2xx; got 404 Not Found; hint: GET /b/5 finds it, and " +
			"DELETE does not: let both look it up in the same way. An id that is text is never equal to a number " +
			"or a UUID."},
		{"elsewhere where there is no such route", `http:
- {send: GET /a, or: {send: POST /b, json: {}}}
- {send: POST /a, body: {}, json: {x: 1}, or: {send: GET /b}}`,
			checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					w.WriteHeader(http.StatusMethodNotAllowed)
				}
				fmt.Fprint(w, "{}")
			})), `ok GET /a
0 POST /a: want $.x = 1; got $.x = nothing; hint: Put "x" into what POST /a answers.`},
		{"distinct", `http:
- {send: POST /a, body: {v: 1}, times: 3, distinct: v}`, echo(), "0 POST /a: want v different in each of 3 answers; " +
			"got answers 1 and 2 both have 1; hint: Take a new value for each, such as a counter that only goes " +
			"up, or uuid4."},
		{"distinct at once", `http:
- {send: POST /a, body: {v: 1}, times: 2, parallel: 2, distinct: v}`, echo(), "0 POST /a: want v different in each " +
			"of 2 answers; got answers 1 and 2 both have 1; hint: Where one request after another gets " +
			"another, two at once read the same before either has written: let a lock, or the database, give each " +
			"its " +
			"own; a new id can be uuid4."},
	} {
		said := checktest.Asked(t, kind.Kind(), c.entry, c.target)
		assert.Equal(t, c.want, said, c.name)
	}
}

// TestRedirect: a slash more or less costs the first check that meets it on a route, and nothing
// else does.
func TestRedirect(t *testing.T) {
	slashed := http.NewServeMux()
	slashed.HandleFunc("POST /notes/", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	slashed.HandleFunc("POST /notes", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:8000/notes/", http.StatusTemporaryRedirect)
	})
	target := checktest.New().Serve(slashed)
	defer target.Close()
	ask := func(entry string) string {
		o, err := checktest.Ask(context.Background(), checktest.Entry(t, kind.Kind(), entry), target, 1)
		require.NoError(t, err)
		return checktest.Say(o)
	}
	const step = "{send: POST /notes, body: {a: 1}, json: {a: 1}}"
	assert.Equal(t, "ok POST /notes\nok POST /notes",
		ask("http: [{given: POST /notes, body: {a: 1}}, {send: POST /notes, want: 307}]"))
	assert.Equal(t,
		"0 POST /notes: want an answer to POST /notes itself; got a redirect to /notes/, which answers; the rest was "+
			"asked there; "+
			"hint: The program's route is /notes/: define it as /notes, without the slash at its end, and so for "+
			"each method of it.\nok POST /notes", ask("http: ["+step+", "+step+"]"))
	assert.Equal(t, "ok POST /notes", ask("http: ["+step+"]"))
}

// TestListInside: a list inside an object costs the first check that looks into it, and nothing
// else does; where it does not hold what is wanted, that it is no list is what is said.
func TestListInside(t *testing.T) {
	target := says(200, `{"tasks":[{"id":1}],"total":1}`)
	defer target.Close()
	ask := func(entry string) string {
		o, err := checktest.Ask(context.Background(), checktest.Entry(t, kind.Kind(), entry), target, 1)
		require.NoError(t, err)
		return checktest.Say(o)
	}
	assert.Equal(t, `0 GET /tasks: want the list; got {"tasks":[{"id":1}],"total":1}; hint: Answer with a JSON array.`,
		ask("http: [{send: GET /tasks, has: [{id: 2}]}]"))
	assert.Equal(t, "ok GET /tasks\n0 GET /tasks: want the list; got an object with the list in `tasks`; the rest was "+
		"asked of that; hint: Answer with the array itself, without `tasks` around it.\nok GET /tasks/1",
		ask("http: [{given: GET /tasks, has: [{id: 1}]}, {send: GET /tasks, has: [{id: 1}]}, {send: GET /tasks/1}]"))
	assert.Equal(t, "ok GET /tasks", ask("http: [{send: GET /tasks, lacks: [{id: 2}], count: 1}]"))
	assert.Equal(t, "ok GET /tasks", ask("http: [{send: GET /tasks, list: tasks, has: [{id: 1}]}]"))
	assert.Contains(t, ask(`http: [{send: GET /tasks, json: [{id: 1}]}]`), "want $ = [{\"id\":1}]")
}

// TestTogether: the requests of a step with parallel are under way at the same time.
func TestTogether(t *testing.T) {
	const n = 8
	arrived := make(chan struct{}, n)
	all := make(chan struct{})
	var count atomic.Int64
	target := checktest.New().Serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if arrived <- struct{}{}; count.Add(1) == n {
			close(all)
		}
		<-all
	}))
	assert.Equal(t, "ok GET /x", checktest.Asked(t, kind.Kind(),
		fmt.Sprintf("http: [{send: GET /x, times: %d, parallel: %d}]", n, n), target))
}

// TestWithin: a GET is asked again until it holds.
func TestWithin(t *testing.T) {
	var count atomic.Int64
	target := checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if count.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	assert.Equal(t, "ok GET /x", checktest.Asked(t, kind.Kind(), "http: [{send: GET /x, within: 1m}]", target))
	assert.EqualValues(t, 3, count.Load())
}

func TestEvidence(t *testing.T) {
	c := checktest.Entry(t, kind.Kind(), `http:
- {send: GET /before}
- {send: POST /a, body: {t: "it's"}, json: {t: its, u: 1}}`)
	target := echo()
	defer target.Close()
	o, err := checktest.Ask(context.Background(), c, target, 1)
	require.NoError(t, err)
	require.Len(t, o.Evidence, 4)
	assert.Equal(t,
		"GET /before  -> 200 OK\nPOST /a {\"t\":\"it's\"}  -> 200 OK   (step 2, 0 ms)\ntext/plain; "+
			"charset=utf-8\n{\"t\":\"it's\"}", o.Evidence[0].Text)
	assert.Equal(t, [][]string{{"where", "want", "got"}, {"$.t", `"its"`, `"it's"`}, {"$.u", "1", "nothing"}},
		o.Evidence[1].Rows)
	assert.Equal(t, "the rubric's line 8", o.Evidence[2].Text)
	assert.Equal(t, 8, o.Evidence[2].Line)
	assert.Equal(t,
		`curl -i -X POST -H 'Content-Type: application/json' --data-binary '{"t":"it'\''s"}' http://127.0.0.1:8000/a`,
		o.Evidence[3].Text)
}

// TestGivenTwice: an id that another thing has, also one of a check before, is what is told of what
// then differs.
func TestGivenTwice(t *testing.T) {
	api := checktest.NewAPI()
	api.ID = func(int, string) any { return len(api.Tasks) + 1 }
	target := checktest.New().Serve(api.Handler())
	defer target.Close()
	ask := func(entry string) string {
		o, err := checktest.Ask(context.Background(), checktest.Entry(t, kind.Kind(), entry), target, 1)
		require.NoError(t, err)
		return checktest.Say(o)
	}
	const read = "http: [{send: POST /tasks, body: {title: %s}, save: {x: id}}, {send: GET /tasks/$x, json: " +
		"{title: %s}}]"
	assert.Equal(t, "ok POST /tasks\nok GET /tasks/1", ask(fmt.Sprintf(read, "a", "a")))
	assert.Equal(t, "ok POST /tasks\nok DELETE /tasks/1",
		ask("http: [{send: POST /tasks, body: {title: b}}, {send: DELETE /tasks/1}]"))
	assert.Equal(t,
		"ok POST /tasks\n0 GET /tasks/2: want $.title = \"c\"; got $.title = \"b\"; hint: The id 2 was given out "+
			"twice, and two things have it: "+
			"give each a new one, by a counter that only goes up, or uuid4.", ask(fmt.Sprintf(read, "c", "c")))

	// what was taken back may be given out again, and so may all when the program is started anew
	api.Tasks = nil
	target.Memory.Restart()
	assert.Contains(t, ask(fmt.Sprintf(read, "d", "other")),
		`got $.title = "d"; hint: The "title" in the answer to GET /tasks/1 is to be "other" here`)
	assert.Equal(t, "ok DELETE /tasks/1", ask("http: [{send: DELETE /tasks/1}]"))
	assert.NotContains(t, ask(fmt.Sprintf(read, "d", "other")), "twice")
}

// TestSpans: a date and a time may be so long after another, in what is wanted and what is sent.
func TestSpans(t *testing.T) {
	for _, c := range []struct{ steps, want string }{
		{`{send: POST /a, body: {d: "2031-02-20"}, save: {d: d}}, {send: POST /b, body: {due: "2031-03-06"}, ` +
			`json: {due: <$d + 14d>}}`,
			"ok POST /a\nok POST /b"},
		{`{send: POST /a, body: {d: "2031-02-20"}, save: {d: d}}, {send: POST /b, body: {due: "2031-03-07"}, ` +
			`json: {due: <$d + 14d>}}`,
			"ok POST /a\n0 POST /b: want $.due = \"2031-03-06\"; got $.due = \"2031-03-07\"; hint: The \"due\" in " +
				"the answer to " +
				"POST /b is to be \"2031-03-06\" here: work it out anew for each answer."},
		{`{send: POST /a, body: {d: "2031-02-20T10:00:00Z"}, save: {d: d}}, ` +
			`{send: POST /b, body: {due: "2031-02-20T10:30:00+01:00"}, json: {due: <$d - 30m>}}`, "ok POST /a\nok " +
			"POST /b"},
		{`{send: POST /a, body: {d: "2031-02-20"}, save: {d: d}}, {send: POST /b, body: {due: "${d + 2d}"}, ` +
			`json: {due: "2031-02-22"}}`, "ok POST /a\nok POST /b"},
		{`{send: POST /a, body: {d: 100}, save: {d: d}}, {send: POST /b, body: {due: 160}, json: {due: <$d + 1m>}}`,
			"ok POST /a\nok POST /b"},
		{`{send: POST /a, body: {d: soon}, save: {d: d}}, {send: POST /b, body: {due: later}, json: {due: <$d + 1m>}}`,
			"ok POST /a\n0 POST /b: want $.due = a value that is worked out of another: \"soon\" is no time; got " +
				"$.due = \"later\"; " +
				"hint: The answer before gave a value that nothing can be worked out of: \"soon\" is no time."},
	} {
		assert.Equal(t, c.want, checktest.Asked(t, kind.Kind(), "http: ["+c.steps+"]", echo()), c.steps)
	}
}

// TestRawBytes: a body of bytes that are no text.
func TestRawBytes(t *testing.T) {
	assert.Equal(t, "ok PUT /a", checktest.Asked(t, kind.Kind(), `http: [{send: PUT /a, raw: {hex: 00 ff}, text: `+
		`'/^\x00.$/'}]`,
		echo()))
}

// TestNow: times and dates from that of the request.
func TestNow(t *testing.T) {
	now := time.Now().UTC()
	for _, c := range []struct{ hole, value, want string }{
		{"<now>", now.Format(time.DateOnly), ""},
		{"<now>", now.AddDate(0, 0, -2).Format(time.DateOnly), "the time of the request, to the minute"},
		{"<now + 14d>", now.AddDate(0, 0, 14).Format(time.DateOnly), ""},
		{"<now + 14d>", now.AddDate(0, 0, 14).Format(time.RFC3339), ""},
		{"<now + 14d>", now.Format(time.RFC3339), "a time 14 days after that of the request, to the minute, or " +
			"that day"},
		{"<now - 1h>", now.Format(time.RFC3339), "a time 1h before that of the request, to the minute"},
		{"<after now>", now.Add(time.Hour).Format(time.RFC3339), ""},
		{"<after now + 2h>", now.Add(time.Hour).Format(time.RFC3339), "a time after that of the request + 2h"},
		{"<before now>", now.Add(time.Hour).Format(time.RFC3339), "a time before that of the request"},
		{"<after 2026-01-01>", "2026-01-02", ""},
		{"<before 2026-01-01>", "2026-01-02", `a time before "2026-01-01"`},
		{"<after now - 1m>", now.Add(-time.Hour).Format(time.RFC3339), "a time after that of the request - 1m"},
	} {
		said := checktest.Asked(t, kind.Kind(), fmt.Sprintf(`http: [{send: POST /a, body: {t: %q}, json: {t: "%s"}}]`,
			c.value, c.hole), echo())
		if c.want == "" {
			assert.Equal(t, "ok POST /a", said, c.hole)
			continue
		}
		assert.Contains(t, said, fmt.Sprintf("want $.t = %s; got $.t = %q;", c.want, c.value), c.hole)
	}
	assert.Equal(t, "ok POST /a\nok POST /a\nok POST /a", checktest.Asked(t, kind.Kind(), `http: [{send: POST /a,
		body: {n: 4}, save: {n: n}}, {send: POST /a, body: {n: "${n + 1}", m: "${n / 8}"}, json: {n: 5, m: 0.5}},
		{send: POST /a, body: {t: 7 of 14}, json: {t: "/^${5 + (n - 2)} of ${(n - 2) * 7}$/"}}]`, echo()))
	said := checktest.Asked(t, kind.Kind(), `http: [{send: POST /a, body: {t: "${now + 1d}"}, json: {t: <now + 1d>}},
		{send: POST /a, body: {d: "2031-02-20T23:00:00+02:00"}, save: {d: d}},
		{send: POST /a, body: {t: "2031-03-06"}, json: {t: <$d + 14d>}}]`, echo())
	assert.Equal(t, "ok POST /a\nok POST /a\nok POST /a", said)
}

// TestSumsAndSorts: what is worked out of the whole of an answer.
func TestSumsAndSorts(t *testing.T) {
	for _, c := range []struct{ body, wants, want string }{
		{`{i: [{p: 0.1}, {p: 0.2}], n: 0.30000000000000004}`, `json: {n: <sum of i.p>}`, "ok POST /a"},
		{`{i: [1, 2], n: 3}`, `json: {n: <sum of i>}`, "ok POST /a"},
		{`{i: [], n: 0}`, `json: {n: <sum of i.p>}`, "ok POST /a"},
		{`{i: [{p: 1}, {p: 2}], n: 4}`, `json: {n: <sum of i.p>}`, "want $.n = the sum of i.p; got $.n = 4;"},
		{`{i: [{p: 1}, {q: 2}], n: 1}`, `json: {n: <sum of i.p>}`, "want $.n = the sum of i.p; got $.n = 1;"},
		{`{i: [1], o: {}}`, `json: {i: <list>, o: <object>}`, "ok POST /a"},
		{`{i: {}}`, `json: {i: <list>}`, "want $.i = an array; got $.i = {};"},
		{`[{t: apple}, {t: Mango}, {t: zebra}]`, `sorted: t nocase`, "ok POST /a"},
		{`[{t: zebra}, {t: Mango}]`, `sorted: t desc nocase`, "ok POST /a"},
		{`[{t: apple}, {t: zebra}, {t: Mango}]`, `sorted: t nocase`,
			`want the list sorted by t rising, whatever the case; got item 2 has "zebra", and item 3 after it ` +
				`"Mango";`},
		{`[{t: apple}, {t: Mango}]`, `sorted: t`, `want the list sorted by t rising;`},
		{`{t: "${repeat 3 ab}"}`, `json: {t: ababab}`, "ok POST /a"},
	} {
		said := checktest.Asked(t, kind.Kind(), "http: [{send: POST /a, body: "+c.body+", "+c.wants+"}]", echo())
		if !strings.HasPrefix(c.want, "ok") {
			assert.Contains(t, said, c.want, c.body)
			continue
		}
		assert.Equal(t, c.want, said, c.body)
	}
}

// TestMeanwhile: what another sends while an answer is waited for.
func TestMeanwhile(t *testing.T) {
	for _, c := range []struct{ second, want string }{
		{"{send: POST /say, body: {t: hi}, after: 100ms}", "ok GET /wait"},
		{"{send: POST /say, body: {t: other}, after: 100ms}", `0 GET /wait: want $.t = "hi"; got $.t = "other";`},
		{"{send: POST /say, body: {t: hi}, after: 100ms, want: 409}", "0 GET /wait: want meanwhile, of POST /say, an " +
			"answer with 409; got 200 OK; hint: Send the two requests at once, each from a terminal of its own, and " +
			"let the program answer the second while the first waits."},
		{"{send: POST /say, body: {t: hi}, after: 100ms, json: {ok: false}}", "0 GET /wait: want meanwhile, of POST " +
			"/say, $.ok = false; got $.ok = true;"},
		{"{send: POST /say, body: {t: hi}, after: 100ms, faster: 50ms}", "ok GET /wait"},
		{"{send: GET /slow, after: 100ms, faster: 50ms}", "0 GET /wait: want meanwhile, of GET /slow, an answer " +
			"within 50ms; got an answer after "},
	} {
		said := make(chan string, 1)
		target := checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			switch r.URL.Path {
			case "/wait":
				select {
				case text := <-said:
					_, _ = io.WriteString(w, text)
				case <-time.After(time.Second):
					_, _ = io.WriteString(w, `{"t":"nothing"}`)
				}
			case "/slow":
				time.Sleep(200 * time.Millisecond)
				fallthrough
			default:
				body, _ := io.ReadAll(r.Body)
				select {
				case said <- string(body):
				default: // nobody waits
				}
				_, _ = io.WriteString(w, `{"ok":true}`)
			}
		}))
		got := checktest.Asked(t, kind.Kind(), "http: [{send: GET /wait, json: {t: hi}, meanwhile: "+c.second+"}]",
			target)
		target.Close()
		assert.True(t, strings.HasPrefix(got, c.want), "%s: %s", c.second, got)
	}
}
