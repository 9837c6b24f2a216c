package steps_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	kind "github.com/taskgrader/taskgrader/grader/check/kinds/http"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

// express returns a target whose folder is an Express program's, and flask one whose is Flask's.
func express(t *checktest.Target) *checktest.Target {
	return t.Without("main.py").Without("pyproject.toml").With("package.json", `{"dependencies":{"express":"^4"}}`).
		With("index.js", "const app = require('express')()\n").With("Dockerfile",
		"FROM node:22\nCOPY . .\nCMD [\"node\", \"index.js\"]\n")
}

// lost gives out an id, and answers with null in its place.
func lost() *checktest.Target {
	return checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			fmt.Fprint(w, `{"id":7}`)
			return
		}
		fmt.Fprint(w, `{"id":null}`)
	}))
}

func flask(t *checktest.Target) *checktest.Target {
	return t.With("main.py", "from flask import Flask\napp = Flask(__name__)\n").
		With("pyproject.toml", "[project]\nname = \"x\"\ndependencies = [\"flask\"]\n")
}

// TestWordsOfOtherCourses: what reports said untruly of programs of other courses, one row for each
// time, with what they say.
func TestWordsOfOtherCourses(t *testing.T) {
	two := func() *checktest.Target {
		return checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("Set-Cookie", "k=v; HttpOnly; Path=/")
			w.Header().Add("Set-Cookie", "l=w")
		}))
	}
	for _, c := range []struct {
		step   string
		target *checktest.Target
		want   string
		never  string
	}{
		// every value of a header
		{`{send: GET /, header: {Set-Cookie: /l=w/}}`, two(), "ok GET /", ""},
		{`{send: GET /, header: {Set-Cookie: /m=/}}`, two(),
			`got "k=v; HttpOnly; Path=/" and "l=w"; hint: The answer to ` +
				"GET / has the header Set-Cookie, with another value: change that.", ""},
		// a header that is set, to another value
		{`{send: GET /, header: {Content-Type: /json/}}`, says(200, "", "Content-Type", "text/html"),
			`hint: The answer to GET / has the header Content-Type, with another value: change that.`,
			"Set the header"},
		{`{send: GET /, header: {X-A: /b/}}`, says(200, ""), "hint: Set the header X-A in the answer to GET /.", ""},
		// words of one framework
		{`{send: GET /a/1, want: 404}`, express(says(200, "{}")), "res.status(404)", "HTTPException"},
		{`{send: GET /a/1, want: 404}`, flask(says(200, "{}")), "404 when nothing is found.", "HTTPException"},
		{`{send: GET /a/1, want: 404}`, says(200, "{}"), "HTTPException", "abort"},
		{`{send: POST /a, body: {}, want: 201}`, express(says(200, "{}")), "201", "FastAPI"},
		{`{send: GET /a, json: {a: 1}}`, flask(says(200, "<p>")), "jsonify", "FastAPI"},
		{`{send: POST /a, body: {t: 5}, want: 422}`, express(says(200, "{}")), "accepts what it should refuse",
			"model"},
		// a 500 that the program chose
		{`{send: POST /a, body: {t: 5}}`, express(says(500, `{"message":"no"}`)),
			"hint: The program chose 500 itself, since the answer is its own", "raceback"},
		{`{send: POST /a, body: {t: 5}}`, says(500, `Internal Server Error`), "its log names no exception", "raceback"},
		{`{send: POST /a, body: {t: 5}}`, logs(says(500, `Internal Server Error`), "Traceback:\nKeyError: 'x'\n"),
			"The program's log ends with this exception: KeyError: 'x'", ""},
		// a login
		{`{send: GET /, want: 200}`, says(303, "", "Location", "/login"),
			`hint: The program wants a login first, at "/login": let GET / answer without one.`, "slash"},
		{`{send: GET /, json: {a: 1}, want: [200, 303]}`, says(303, "", "Location", "/login"), "leads to a login",
			"JSON of it"},
		// a form, an order, a count, a type: each its own
		{`{send: GET /, json: {created_at: <time>}}`, says(200, `{"created_at":"yesterday"}`),
			`hint: The "created_at" in the answer to GET / has another form`, "sent or stored"},
		{`{send: GET /, json: [{t: a}, {t: b}]}`, says(200, `[{"t":"b"},{"t":"a"}]`),
			"hint: The items are there, in another order", "sent or stored"},
		{`{send: GET /, json: {l: [1, 2]}}`, says(200, `{"l":[1]}`), "with 2 items there, not with 1 item",
			"sent or stored"},
		{`{send: GET /, count: 2}`, says(200, `[1]`), "hint: Answer GET / with all that is stored", "sent or stored"},
		// lacks, for each item is so, and for one that is known
		{`{send: GET /, lacks: [{done: false}]}`, says(200, `[{"done":false}]`),
			"hint: Answer with no item that is so: filter the list before it is answered.", "deleted or refused"},
		{`{send: GET /, save: {x: "[0].id"}}, {send: GET /, lacks: [{id: $x}]}`, says(200, `[{"id":7}]`),
			"hint: The list holds what is not to be in it: filter it, or remove what is gone from what it is made of.",
			""},
		// what was refused is named
		{`{send: POST /a, body: {mail: "a b"}}`,
			says(422, `{"detail":[{"type":"value_error","loc":["body","mail"],"msg":"not a valid address"}]}`),
			"hint: The program refused the body: `mail`: not a valid address.", "other fields"},
		// values, where no field is missing
		{`{send: POST /a, body: {n: 1}}, {send: POST /a, body: {n: -1}, want: 422}`, says(200, "{}"),
			"hint: The program accepts a body that has all fields, and values that it should refuse: look at what " +
				"they are, and " +
				"raise HTTPException(status_code=422) where one cannot be.", "lacks one"},
		{`{send: POST /a, body: {n: 1}}, {send: POST /a, body: {}, want: 422}`, says(200, "{}"), "lacks one",
			"has all fields"},
		// what is not a matter of who asks
		{`{send: POST /a, want: [403, 409]}`, says(200, "{}"), "raise HTTPException(status_code=403) under that " +
			"condition", "login"},
		{`{send: GET /a, headers: {If-None-Match: x}, want: 304}`, says(200, "{}"),
			"hint: The request has the ETag of before in If-None-Match", "lead on"},
		// what is worked out, what was sent, and what is of somebody
		{`{send: POST /a, body: {qty: 3}, json: {total: 3.3}}`, says(200, `{"total":1}`),
			`hint: The "total" in the answer to POST /a is to be 3.3 here: work it out anew of what is stored.`,
			"sent or stored:"},
		{`{send: POST /a, body: {score: 50}, json: {score: 50}}, {send: PUT /a, body: {score: 20}, json: {score: ` +
			`50}}`, echo(),
			`hint: The "score" in the answer to PUT /a is what was just sent, and is to be 50 here.`,
			"sent or stored:"},
		{`{send: POST /a, body: {code: TEN}}, {send: POST /a, body: {code: TEN}, want: [400, 409]}`, says(200, "{}"),
			"does what it should refuse here", "lacks one"},
		{`{send: PUT /a/1, raw: x, want: [400, 404]}`, says(201, "{}"), "does what it should refuse here",
			"as if it were there"},
		// an item that is there, and differs
		{`{send: GET /a, has: [{id: 7, n: 2}]}`, says(200, `[{"id":7,"n":3},{"id":8,"n":2}]`), "it is there not " +
			"at all", "n = 3"},
		{`{send: GET /a, has: [{id: 7, n: 2}]}`, says(200, `[{"id":7,"n":3},{"id":8,"n":5}]`),
			"got the item with id 7 has n = 3; hint: ", "Store each"},
		{`{send: GET /a, has: [{id: 7, done: true}]}`, says(200, `[{"id":7,"done":false}]`),
			`got the item with id 7 has done = false; hint: `, "Store each"},
		{`{send: GET /a, has: [{id: 7}]}`, says(200, `[{"id":8}]`), "it is there not at all", "item with"},
		// an answer of what the path names gives out no id
		{`{send: POST /polls, body: {id: abc}, save: {x: id}}, {send: POST /polls/$x/votes, body: {id: abc}, ` +
			`times: 1}, ` +
			`{send: POST /polls/$x/votes, body: {id: abc}, want: 409}`, echo(), "want an answer with 409",
			"given out twice"},
		// nothing is known to be missing
		{`{send: POST /a, body: {n: -1}, want: 422}`, says(200, "{}"),
			"The program accepts what it should refuse: look at the body that was sent, below, and raise", "fields"},
		// a list in one thing
		{`{send: POST /a, body: {n: 1}, list: l, count: 2}`, says(200, `{"l":[]}`),
			"Let `l` in the answer to POST /a hold exactly 2 items, not 0 items.", "no more"},
		{`{send: POST /a, body: {n: 1}, list: l, has: [{n: 1}]}`, says(200, `{"l":[]}`),
			"Let `l` in the answer to POST /a hold it, too.", "Store each"},
		// what follows from what was sent is no constant
		{`{send: POST /a, body: {n: 1}}, {send: GET /b, json: {sum: 10}}`, says(200, `{"sum":9}`),
			`The "sum" in the answer to GET /b is to be 10 after what was sent before.`, "Answer GET"},
		{`{send: GET /b, json: {sum: 10}}`, says(200, `{"sum":9}`), `Answer GET /b with "sum": 10.`, "after"},
		{`{send: POST /a, body: {n: 1}, times: 9, parallel: 9}, {send: GET /b, json: {sum: 9}}`,
			says(200, `{"sum":2}`), "Where that is right, requests at once overwrite each other", "Answer GET"},
		{`{send: GET /b, json: {sum: "1.50"}}`, says(200, `{"sum":"1.5"}`),
			`is the same number, written otherwise: write it as "1.50".`, ""},
		// what is not there is none of what was not there before
		{`{send: POST /a, body: {n: 1}, save: {x: id, d: "done?"}}, {send: GET /a/$x, json: {n: 2}}`,
			says(200, `{"id":7}`), "want $.n = 2; got $.n = nothing; hint",
			"which is"},
		// an id that a PUT has lost
		{`{send: POST /a, body: {n: 1}, save: {x: id}}, {send: GET /a/$x, json: {id: $x}}`, lost(),
			"GET /a/7 answers with a thing whose id is null: let what the program stores keep the id that it was " +
				"given, after a PUT too.", "look at which is chosen"},
		// a database's truth
		{`{send: GET /a/1, json: {id: 1, done: false}}`, flask(says(200, `{"id":1,"done":0}`)),
			`make it a bool, as in {**dict(row), "done": bool(row["done"])} before it is answered.`,
			"type that is sent"},
		// an id that nobody has is none of those that were given out
		{`{send: POST /a, body: {n: 1}, save: {x: id}}, {send: POST /a, body: {n: 2}, save: {y: id}}, ` +
			`{send: "GET /a/${not y}", want: 404}`, says(200, `{"id":7,"n":1}`),
			"when nothing is found.", "given out twice"},
		// a request that says it is sent again
		{`{send: POST /a, body: {n: 1}, headers: {Idempotency-Key: k}, save: {x: id}}, {send: POST /a, body: {n: 1}, ` +
			`headers: {Idempotency-Key: k}, json: {id: $x}}, {send: GET /a/$x, json: {n: 2}}`,
			says(200, `{"id":7,"n":1}`), "want $.n = 2", "given out twice"},
		{`{send: POST /a, body: {n: 1}, save: {x: id}}, {send: POST /a, body: {n: 1}, json: {id: $x}}`, counts(),
			`The same request was sent before, and the "id" in its answer is to be 1 now.`, "anew"},
		// another one than that whose id was given before
		{`{send: POST /a, body: {n: 1}, save: {x: id}}, {send: POST /next, json: {id: $x}}`, counts(),
			"POST /next answers with the one whose id is 2, and that with 1 is wanted: look at which is chosen.",
			"anew"},
		// more of them than should be
		{`{send: POST /a, body: {n: 1}, times: 4, want: {2xx: 3, 4xx: 1}}`, says(201, "{}"),
			"The program takes 4 of them, and is to take 3: let it look at what is there before it takes one more.",
			""},
		// a moment, in whatever zone
		{`{send: GET /b, json: {t: "<2031-05-01T08:00:00Z>"}}`, says(200, `{"t":"2031-05-01T10:00:00+02:00"}`),
			"ok GET /b", ""},
		{`{send: GET /b, json: {t: "<2031-05-01T08:00:00Z>"}}`, says(200, `{"t":"2031-05-01T10:00:00"}`),
			"has no zone: answer with one, as in 2031-05-01T08:00:00Z.", ""},
		{`{send: GET /b, json: {t: "<2031-05-01T08:00:00Z>"}}`, says(200, `{"t":"2031-05-01T10:00:00Z"}`),
			"is another moment than that which was sent, with its zone.", ""},
		{`{send: DELETE /b/1}, {send: GET /b/1}`, gone(), "It is gone since DELETE /b/1 was done.", "nothing at"},
		// a path as it was sent
		{`{send: POST /a, body: {}, save: {top: id}}, {send: GET /a/$top, json: {id: 8}}`, says(200, `{"id":777}`),
			"0 GET /a/777: want $.id = 8; got $.id = 777, which is the id that POST /a answered; hint: ", "$top"},
	} {
		said := checktest.Asked(t, kind.Kind(), "http: ["+c.step+"]", c.target)
		assert.Contains(t, said, c.want, c.step)
		if c.never != "" {
			assert.NotContains(t, said, c.never, c.step)
		}
	}
}

// TestStoryTellsWho: two requests of two people are told apart, with the headers that were set; and
// the rubric's step is shown whole.
func TestStoryTellsWho(t *testing.T) {
	r, err := rubric.Parse("r.yaml", []byte(`rubric: r
points: 1
people: {ann: {headers: {X-User: ann}}, bob: {headers: {X-User: bob}}}
checks:
- id: a
  points: 1
  http:
  - {send: GET /tasks, as: ann}
  - {send: GET /tasks, as: bob, headers: {Authorization: Bearer x}}
  - send: POST /uploadfiles/
    as: ann
    raw: text
    want: 201
`), []check.Kind{kind.Kind()})
	require.NoError(t, err)
	target := says(200, "{}")
	defer target.Close()
	o, err := checktest.Ask(context.Background(), r.Checks[0], target, 1)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(o.Evidence[0].Text, "GET /tasks as ann, X-User: ann  -> 200 OK\n"+
		"GET /tasks as bob, Authorization: Bearer x, X-User: bob  -> 200 OK\n"+
		"POST /uploadfiles/ as ann, X-User: ann text  -> 200 OK"), o.Evidence[0].Text)
	assert.Equal(t, "the rubric's line 10\nthe rubric's line 11\nthe rubric's line 12\nthe rubric's line 13",
		o.Evidence[1].Text)
}

// TestManualOfFresh: what is said of fresh values is so.
func TestManualOfFresh(t *testing.T) {
	for _, topic := range kind.Kind().Manual.Topics {
		assert.NotContains(t, topic.Why, "other alphabets", topic.ID)
	}
}

// counts answers each request with a number that goes up.
func counts() *checktest.Target {
	var n atomic.Int64
	return checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"id":%d}`, n.Add(1))
	}))
}

// gone finds nothing after a DELETE.
func gone() *checktest.Target {
	return checktest.New().Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodDelete {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"error":"none"}`)
		}
	}))
}
