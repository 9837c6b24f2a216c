package steps

import (
	"reflect"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Topics returns the manual of steps.
func Topics() []check.Topic {
	return []check.Topic{
		{ID: "steps", Summary: "one request each, and what its answer must hold",
			Keys: option.Keys(reflect.TypeFor[Step]()),
			Why: `A step sends one request and looks at the answer. It passes when all that it wants holds. want is a
status code, a class such as 2xx, or a list of them; without it, 2xx is wanted.

json is what the answer contains at least: keys that it does not name may be there, but an array must have as many items
as written, in that order. exact: true allows nothing more. has and lacks look into an array: each item of has matches
exactly one item of it, whatever the order, and no item matches one of lacks. count is how long it is. list says where
the array is, by a path; without it, the answer itself is the array. A path is written id, task.id or items[0].id.

times sends the request often, one after another or parallel so many together; then each answer must hold what is
wanted, $i counts from 1, distinct names a path whose value must differ each time, and save keeps the list of values.
within asks a GET again and again until it holds, for what a service does in its own time.

as: ann sends it as one of the people of the rubric, with her headers and cookies. given, in place of send, is a step
that sets up what another check judges, and earns nothing. When it fails, the rest is not asked, and the check is
blocked by the one that sends the same and did not pass; where there is none, it fails. It also fails where an id that
later paths use was answered before. or is a request that is sent where the program has no such route, so that a missing
route costs the check alone that is about it.

every is what each item of the array holds at least, sorted how it is ordered (title nocase: whatever the case), unique
a path whose value no two items share; all three hold of an empty array, too, so count: ">=1" or has wants something in
it. either lists answers that are right; the nearest is shown where none is. want:
{201: 1, 409: 9} or {2xx: 1, 4xx: 9} counts the answers of times.

query, form and multipart are written as names and values, and escaped; a file of multipart is text, hex, or read from a
file beside the rubric; raw is a body as it stands: a text, {hex: 00ff} or {from: FILE}. send: GET $u asks the address
that an answer gave, as a browser follows a link; where it leads to another host or port than the program's, the step
fails.

text and header take regular expressions; text: /^done$/ wants nothing but done. <not /regex/> must not match, <absent>
is not there. A header matches when one of its values does; each of a list of patterns wants one. faster bounds the time
of an answer, as 1s..2s from below too, and log looks at what the program wrote within a second after it. Between { and
}, put quotes around a text with ? [ ] { } : or a comma in it, as around "GET /notes?tag=$tag".

meanwhile is a request that leaves while the answer to the step's own is waited for, after 500ms unless after says
otherwise: what a long poll waits for, or what a long answer must not hold up. It is wanted as a step's is, by want,
json and faster.

A step may do something else than send, for no points: wait lets time pass, exec runs a command inside, and restart
starts the container again, as docker restart does, or as a new one with the same volume; a check that restarts has a
container of its own. weight is a step's share of the points of a partial check.`,
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
  - {send: GET /notes/$note, json: {text: $new, created: $made},
      or: {send: GET /notes, list: items, has: [{id: $note, text: $new}]}}
- id: many
  points: 1
  fresh: [text]
  http:
  - {send: POST /notes, body: {text: $text-$i}, times: 50, parallel: 8, distinct: id, save: {notes: id}}
  - {send: GET /notes, list: items, has: [{id: $notes, text: $text-$i}]}
- id: forms
  points: 1
  partial: true
  fresh: [text]
  http:
  - {send: POST /notes, form: {text: $text, tag: "a & b"},
      save: {at: {header: Location}, csrf: {text: '/name="csrf" value="(.*?)"/'}}}
  - {send: GET $at, header: {X-Powered-By: <absent>}, text: <not /Traceback/>, faster: 500ms}
  - {send: POST /files, multipart: {file: {name: a.png, type: image/png, hex: 89504e47}, csrf: $csrf},
      want: 201, weight: 2}
  - {send: GET /notes, query: {q: $text, limit: 3}, list: items, count: ">=1", every: {id: <int>, text: <string>},
      sorted: created desc, unique: id}
  - {send: POST /notes, body: {text: same}, times: 10, parallel: 10, want: {201: 1, 409: 9}, log: /POST/}
  - {send: POST /notes, body: {id: 7}, either: [{want: 201, json: {id: <not 7>}}, {want: [400, 422]}]}
  - {send: GET /notes/next, faster: 1s..5s, meanwhile: {send: POST /notes, body: {text: $text}, after: 1s},
      json: {text: $text}}
- id: keeps
  points: 1
  fresh: [text]
  http:
  - {given: POST /notes, body: {text: $text}, save: {note: id}}
  - {restart: container}
  - {wait: 1s}
  - {exec: [ls, /app], stdout: /main/}
  - {send: GET /notes/$note, json: {text: $text}}`},
		{ID: "holes", Summary: "what stands for any value of a sort in json, has and lacks",
			Why: `A hole is a text that matches more than itself:

  <any>      anything that is there, null too
  <string>   text
  <number>   a number
  <int>      a whole number; 3.0 is one
  <bool>     true or false
  <null>     null
  <int 1..5> <number >= 3> <string 1..50>   within bounds; of a text, its letters are counted
  <uuid>     a UUID, as text
  <time>     a time, as text, as in 2026-01-31T12:00:00, with or without a zone; <time utc> wants one
  <date>     a date, as text: 2026-01-31
  <now>      the time of the request, a minute either way: as text, or in seconds or milliseconds since
             1970; of a date, its day in UTC. <now + 14d> is so long after it
  <mail>     an e-mail address, <url> an address that begins with http:// or https://
  <json web token>   three parts in base64, the first with a key alg
  <list> <object>    an array, or an object, whatever is in it
  <absent>   the key is not there
  <one of a, b>      one of these
  <string or null>   either hole
  <not $x>   anything but the value of the variable; also <not /regex/> and <not HOLE>
  <$n + 1>   the number that comes out: variables and numbers with + - * / ( )
  <2031-05-01T08:00:00Z> <$t>   that moment, in whatever zone it is written: as 10:00:00+02:00, too
  <$day + 14d>       so long after a date or a time, or before it with -: s, m, h or d; a date by its day
  <more than $n> <less than $n> <after $t> <before $t>   compared with a number, or with a time, as in
             <after now + 1h>
  <length of data>   how many items the array at a path of the same answer has
  <sum of items.price>   what the numbers at a path of the same answer come to, in each item of the array
  /regex/    text, or a number, that the regular expression finds a match in

A backslash makes it plain: \<any> and \/home/ are the texts themselves. Numbers are compared by value, so 1 is 1.0; the
text "1" is not the number 1.`,
			Example: `- id: holes
  points: 1
  http:
  - {send: GET /notes/1, json: {id: <int>, text: <string 1..50>, made: <time>, tags: <any>,
      path: /^\/notes\//, password: <absent>, form: \<any>}}
  - {send: GET /notes, json: {total: <int >= 1>, count: <length of items>}, save: {n: total, t: "items[0].made"}}
  - {send: POST /notes, body: {text: a}, json: {made: <now>, due: <date or null>,
      state: "<one of open, done>", owner: <mail>, self: <url>}}
  - {send: GET /notes, json: {total: <$n + 1>, last: <after $t>, hits: <more than $n>}}
  - {send: GET /cart, json: {items: <list>, total: <sum of items.price>, until: <now + 14d>}}`},
		{ID: "variables", Summary: "values that are new each time, or that an answer gave",
			Why: `fresh names new random values, made from the run's seed for each check: texts such as "Buy oat milk
482135", so that no program can know the answer beforehand. save makes a variable of a path in the answer, so that ids
go from answer to answer. A path that ends with ? need not be there; where it is not, nothing is wanted of what holds
its variable.

Fresh values have sorts, where they are written as a mapping: {mail: mail, pw: password}. text is what the list form
makes; word has no blanks, mail is an address at example.org, password has letters, digits and a mark; int, date and
uuid are what they say. fresh at the top of the rubric makes values that are the same in all checks, for container.env
too.

Besides a path, save takes {header: NAME}, {cookie: NAME} and {text: /regex with a group/}; {header: NAME, text:
/…(…)…/} is a part of a header. What a step saves may be wanted in the same answer. In a text or a pattern, ${n + 3} is
a sum, ${day + 14d} and ${now + 1d} a time; ${repeat 201 a} says a text so often; ${base64 $a:$b} encodes, and ${jwt
$secret sub=$id exp=-1h} is a token that is signed with a secret, or with none. In a header, ${hmac $secret} is the
signature of the body that is sent: HMAC-SHA256, in hexadecimal digits.

$x or ${x} puts it in: in a path, a header, a body, and in json, has and lacks. A value that is only $x or ${x + 1}
keeps its type, so a number that was saved is sent as a number; within a text it is written out, in a path it is
escaped, and in a regular expression, as in text: /^$x$/, it stands for itself. $$ is a dollar. $i counts the requests
of a step that has times. ${not x} is a value of the sort of $x that no answer has held, such as an id that was never
given out: a larger number, another UUID, or a text of the same shape. What a step with times saves is a list: $x in has
then means each of them, in another step with times the one of its turn, and elsewhere the first.

A variable that nothing makes is a mistake in the rubric, and one that nothing uses is warned of. Each check has
variables of its own; in crud,
$word is new in every request.`,
			Example: `- id: variables
  points: 1
  fresh: [a, b]
  http:
  - {send: POST /notes, body: {text: "$a costs $$5", by: "${b}"}, json: {text: "$a costs $$5"}, save: {x: id}}
  - {send: GET /notes/$x, json: {id: $x, by: $b}}
  - {send: "GET /notes/${not x}", want: 404}
  - {send: POST /notes, body: {text: $a}, json: {id: <not $x>}}
- id: values
  points: 1
  fresh: {who: word, mail: mail, pw: password}
  http:
  - {send: POST /users, body: {name: $who, email: $mail, password: $pw}, json: {id: <any>, url: /\/users\/$id$/},
      save: {id: id, at: {header: Location}}}
  - {send: GET $at, headers: {Authorization: "Basic ${base64 $who:$pw}"}, json: {id: $id}}
  - {send: "GET /users?offset=${id + 3}", headers: {Authorization: "Bearer ${jwt none sub=$id exp=-1h}"}, want: 401}`},
		{ID: "people", Summary: "who asks: users who sign in, each with cookies of their own",
			Keys: option.Top(option.Keys(reflect.TypeFor[Person]())),
			Why: `people at the top of a rubric names who asks. as: ann on a check, or on a step, lets ann send it:
she has fresh values of her own, signs in by her steps before her first request, sends her headers with each, and
keeps the cookies that answers set. A step's own as wins, as: nobody is without all that, and like makes another who
does the same with other values. $ann.mail and what her steps saved, as $ann.token, can be used in any step: who is
named so signs in first.

She is new in each check. Signing in is given: when it fails, the check is blocked by the one that judges the same
request and did not pass, and costs nothing where there is none. A person without steps is a browser: a jar for
cookies.`,
			Example: `rubric: people
points: 2
people:
  ann:
    fresh: {mail: mail, pw: password}
    steps:
    - {send: POST /register, body: {email: $mail, password: $pw}, want: 201}
    - {send: POST /login, form: {username: $mail, password: $pw}, save: {token: access_token}}
    headers: {Authorization: "Bearer $token"}
  bob: {like: ann}
  visitor: {}
checks:
- id: own-tasks
  points: 1
  as: ann
  http:
  - {given: POST /tasks, body: {title: a}, save: {x: id}}
  - {send: GET /tasks/$x, json: {owner: $ann.mail}}
  - {send: GET /tasks/$x, as: bob, want: [403, 404]}
  - {send: GET /tasks/$x, as: nobody, want: 401}
- {id: cookies, points: 1, as: visitor, http: [{send: GET /visits, json: {n: 1}}, {send: GET /visits, json: {n: 2}}]}`},
	}
}
