package steps

import (
	"reflect"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Topics are the manual of steps.
func Topics() []check.Topic {
	return []check.Topic{
		{ID: "steps", Summary: "one request each, and what its answer must hold",
			Keys: option.Keys(reflect.TypeFor[Step]()),
			Why: `A step sends one request and looks at the answer. It passes when all that it wants holds. want is a status code, a class
such as 2xx, or a list of them; without it, 2xx is wanted.

json is what the answer contains at least: keys that it does not name may be there, but an array must have as many items as
written, in that order. exact: true allows nothing more. has and lacks look into an array: each item of has matches exactly one
item of it, whatever the order, and no item matches one of lacks. count is how long it is. list says where the array is, by a
path; without it, the answer itself is the array. A path is written id, task.id or items[0].id.

times sends the request often, one after another or parallel so many together; then each answer must hold what is wanted, $i
counts from 1, distinct names a path whose value must differ each time, and save keeps the list of values. within asks a GET
again and again until it holds, for what a service does in its own time.

given, in place of send, is a step that sets up what another check judges, and earns nothing. When it fails, the rest is not
asked, and the check is blocked by the one that sends the same and did not pass; where there is none, it fails. It also fails
where an id that later paths use was answered before. or is a request that is sent where the program has no such route, so
that a missing route costs the check alone that is about it.

text and header take regular expressions; text: /^done$/ wants nothing but done. Between { and }, put quotes around a text with
? [ ] { } : or a comma in it, as around "GET /notes?tag=$tag".`,
			Example: `- id: notes
  points: 1
  fresh: [text]
  http:
  - {send: POST /notes, body: {text: $text}, want: [200, 201], json: {id: <any>, text: $text}, save: {note: id}}
  - {send: GET /notes/$note, json: {id: $note, text: $text}, header: {Content-Type: /json/}}
  - {send: GET /notes, list: items, has: [{id: $note}], lacks: [{text: "never sent"}], count: ">=1"}
  - {send: POST /notes, raw: "{not json", headers: {Content-Type: application/json}, want: [400, 422]}
  - {send: "GET /notes?like=$note", want: 200}
  - {send: GET /notes/$note, within: 5s, text: /done|ready/}
- id: change
  points: 1
  fresh: [text, new]
  http:
  - {given: POST /notes, body: {text: $text}, save: {note: id, made: "created?"}}
  - {send: PUT /notes/$note, body: {text: $new}}
  - {send: GET /notes/$note, json: {text: $new, created: $made}, or: {send: GET /notes, list: items, has: [{id: $note, text: $new}]}}
- id: many
  points: 1
  fresh: [text]
  http:
  - {send: POST /notes, body: {text: $text-$i}, times: 50, parallel: 8, distinct: id, save: {notes: id}}
  - {send: GET /notes, list: items, has: [{id: $notes, text: $text-$i}]}`},
		{ID: "holes", Summary: "what stands for any value of a sort in json, has and lacks",
			Why: `A hole is a text that matches more than itself:

  <any>      anything that is there, null too
  <string>   text
  <number>   a number
  <int>      a whole number; 3.0 is one
  <bool>     true or false
  <null>     null
  <uuid>     a UUID, as text
  <time>     a time, as text, in the form of RFC 3339: 2026-01-31T12:00:00Z
  <absent>   the key is not there
  <not $x>   anything but the value of the variable
  /regex/    text, or a number, that the regular expression finds a match in

A backslash makes it plain: \<any> and \/home/ are the texts themselves. Numbers are compared by value, so 1 is 1.0; the text
"1" is not the number 1.`,
			Example: `- id: holes
  points: 1
  http:
  - {send: GET /notes/1, json: {id: <int>, text: <string>, made: <time>, tags: <any>, path: /^\/notes\//, password: <absent>, form: \<any>}}`},
		{ID: "variables", Summary: "values that are new each time, or that an answer gave",
			Why: `fresh names new random values, made from the run's seed for each check: texts such as "Buy oat milk 482135", so that no program can know the answer beforehand. save makes a variable of a path in the answer, so that ids go from
answer to answer. A path that ends with ? need not be there; where it is not, nothing is wanted of what holds its variable.

$x or ${x} puts it in: in a path, a header, a body, and in json, has and lacks. A value that is only $x keeps its type, so a
number that was saved is sent as a number; within a text it is written out, in a path it is escaped, and in a regular expression,
as in text: /^$x$/, it stands for itself. $$ is a dollar. $i counts
the requests of a step that has times. ${not x} is a value of the sort of $x that no answer has held, such as an id that was
never given out: a larger number, another UUID, or a text of the same shape. What such a step saves is a list: $x in has then means each of them in turn.

A variable that nothing makes, or that nothing uses, is a mistake in the rubric. Each check has variables of its own; in crud,
$word is new in every request.`,
			Example: `- id: variables
  points: 1
  fresh: [a, b]
  http:
  - {send: POST /notes, body: {text: "$a costs $$5", by: "${b}"}, json: {text: "$a costs $$5"}, save: {x: id}}
  - {send: GET /notes/$x, json: {id: $x, by: $b}}
  - {send: "GET /notes/${not x}", want: 404}
  - {send: POST /notes, body: {text: $a}, json: {id: <not $x>}}`},
	}
}
