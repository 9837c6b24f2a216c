package rubric

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/option"
)

// TestOfOtherCourses: what instructors of other courses wrote when they first wrote a rubric, with
// what they are told; nothing where it is right as it stands.
func TestOfOtherCourses(t *testing.T) {
	const bracket = "inside { } and [ ], put quotes around a text with ? [ ] { } : or a comma in it, and close " +
		"each bracket"
	for _, c := range []struct{ check, want string }{
		{`http: [{send: GET /, save: {c: "header.Set-Cookie", k: "/name=csrf value=\"(.*?)\"/"}}, {send: ` +
			`"GET /$c/$k"}]`,
			`6:31: want a path into the answer, such as id or items[0].id, not "header.Set-Cookie" ` +
				`(write {header: Set-Cookie})
6:55: want a path into the answer, such as id or items[0].id, not "/name=csrf value=\"(.*?)\"/" ` +
				`(write {text: /…(…)…/} for what a pattern finds in the answer)`},
		{`http: [{send: POST /, save: {u: url}}, {send: GET /$u}]`,
			`6:49: $u is an address, and in /$u it would be escaped as one part of a path (write send: GET $u)`},
		{`http: [{send: POST /, save: {u: url}}, {send: GET $u}]`, ""},
		{`http: [{send: GET /, json: {a: "<one of a, b>", b: <date>, c: <string or null>}}]`, ""},
		{`http: [{send: GET /, json: {a: <optional string>}}]`, `6:34: unknown hole "<optional string>" ` +
			`(did you mean "<string or null>"?) (write \<optional string> for the text itself)`},
		{`http: [{send: GET /, save: {b: n}}, {send: GET /, json: {a: $b+1}}]`,
			`6:63: $b+1 is the text with the value in it, not a sum (write <$b + 1> for the number)`},
		{`http: [{send: GET /, json: {id: [<int>, ...]}}]`,
			`6:43: ... is a text like any other, and stands for no items ` +
				`(want one item with has, or something of each with every)`},
		{`http: [{send: HEAD /, json: {a: 1}}]`, "6:31: an answer to HEAD has no body, so json can never hold"},
		{`http: [{send: DELETE /, want: 204, json: {a: 1}}]`,
			"6:44: an answer with 204 has no body, so json can never hold"},
		{`http: [{send: GET /, times: 2, within: 1s}]`,
			"6:42: within asks again until the answer holds, and times so often in any case: one of them"},
		{`http: [{send: GET /, save: {x: id, t: tags, p: price}}, {send: GET /$x}]`,
			"6:38: saved variable \"t\" is used nowhere\n6:47: saved variable \"p\" is used nowhere"},
		{`http: [{send: GET /, wnat: 200, json: {a: $nope}}]`,
			"6:24: unknown key \"wnat\" (did you mean \"want\"?)\n6:45: unknown variable \"nope\""},
		{`http: [{send: GET /, time: 1s}]`, `6:24: unknown key "time" (did you mean "faster"?)`},
		{`http: [{send: GET /, duration: 1s}]`, `6:24: unknown key "duration" (did you mean "faster"?)`},
		{`http: [{send: GET /, expect: 200}]`, `6:24: unknown key "expect" (did you mean "want"?)`},
		{`http: [{send: GET /, status: 200}]`, `6:24: unknown key "status" (did you mean "want"?)`},
		{`http: [{send: GET /, code: 200}]`, `6:24: unknown key "code" (did you mean "want"?)`},
		{`http: [{send: GET /, response: 200}]`, `6:24: unknown key "response" (did you mean "want"?)`},
		{`http: [{send: POST /, data: {a: b}}]`, `6:25: unknown key "data" (did you mean "form"?)`},
		{`http: [{send: GET /, params: {a: b}}]`, `6:24: unknown key "params" (did you mean "query"?)`},
		{`http: [{send: GET /, cookies: {a: b}}]`, `6:24: unknown key "cookies" (did you mean "headers"?)`},
		{`http: [{send: GET /x}, {send: GET /x, json: {a: 1}, text: /^text[/]html/}]`,
			"6:67: a [ inside a text that has no quotes (" + bracket + ")"},
		{"http:\n  - {send: GET /}\n  - {send: GET /x, json: {a: 1}, text: /^text[/]html/}",
			"8:46: a [ inside a text that has no quotes (" + bracket + ")"},
		{"needs: [zzz]\n  build: {}\n- {id: a, points: 0, build: {}}", "6:11: unknown check \"zzz\" (known: a)\n" +
			`8:8: id "a" is already on line 4`},
		{`http: [{send: GET /, json: {a: <str>}}]`,
			`6:34: unknown hole "<str>" (did you mean "<string>"?) (write \<str> for the text itself)`},
		{`http: [{send: GET /, json: {a: <datetime>}}]`,
			`6:34: unknown hole "<datetime>" (did you mean "<time>"?) (write \<datetime> for the text itself)`},
		{`http: [{send: GET /, json: {a: string}}]`,
			`6:34: "string" is the word itself (write <string> for any value of the sort)`},
		{`http: [{send: GET /, json: {a: integer}}]`,
			`6:34: "integer" is the word itself (write <int> for any value of the sort)`},
		{`http: [{send: GET /, json: {a: now, b: any}}]`, ""},
		{`http: [{send: POST http://localhost:8000/x}]`, `6:17: a path begins with / and has no blanks, not ` +
			`"http://localhost:8000/x" (write the path alone, /x: where the program answers is known)`},
		{`http: [{send: GET localhost:8000}]`, `6:17: a path begins with / and has no blanks, not "localhost:8000" ` +
			`(write the path alone, /: where the program answers is known)`},
		{`http: [{send: "GET /x?q=a b"}]`, `6:17: a path begins with / and has no blanks, not "/x?q=a b" ` +
			`(write %20 for a blank, and what a query holds as query: {q: a b})`},
		{"fresh: [d]\n  http: [{send: POST /, body: {d: $d}, json: {e: <$d + 14 days>}}]",
			`7:50: <$d + 14 days>: want 14d, not "14 days": a span is so many s, m, h or d ` +
				`(write \<$d + 14 days> for the text itself)`},
		{`http: [{method: GET, url: /, status: 200}]`, "6:11: unknown key \"method\" (did you mean \"send\"?)\n" +
			"6:24: unknown key \"url\" (did you mean \"send\"?)\n6:32: unknown key \"status\" (did you mean " +
			"\"want\"?)"},
		{"send: GET /", "6:3: unknown key \"send\" (send stands under a kind: http: [{send: …}])"},
		{"steps: [{send: GET /}]", "6:3: unknown key \"steps\" (did you mean \"http\"?)"},
		{"build: {}\n  name: x", "7:3: unknown key \"name\" (did you mean \"id\"?)"},
		{`http: [{send: POST /, body: {a: 1}, save: {x: id}}, {send: "GET /{{x}}", json: {id: "{{x}}"}}]`,
			`6:46: saved variable "x" is used nowhere
6:62: {{x}} is a text like any other, and no variable (write $x for the variable)
6:87: {{x}} is a text like any other, and no variable (write $x for the variable)`},
		{`http: [{send: "GET /x/{id}"}, {send: GET /x/:id/y}]`,
			`6:17: {id} is no variable, and would be sent as it stands (write $id for the value of a variable)
6:40: :id is no variable, and would be sent as it stands (write $id for the value of a variable)`},
		{`http: [{send: GET /x/y:sort}]`, ""},
		{`http: [{send: GET /, sorted: -created}]`, `6:32: want a path and asc or desc, such as created desc, not ` +
			`"-created" (write created desc)`},
		{`http: [{send: GET /, unique: true}]`, `6:32: want a path into the answer, such as id or items[0].id, not ` +
			`"true"`},
		{`http: [{send: POST /, times: 2, distinct: true}]`, `6:45: want a path into the answer, such as id or ` +
			`items[0].id, not "true"`},
		{`http: [{send: GET /, has: [{a: 1}], lacks: [{b: 1}, {a: 1}]}]`,
			"6:55: has wants what lacks refuses here, so the step can never hold"},
		{"fresh: {w: word, n: int}\n  http: [{send: GET /$w/$n, json: {a: $w-1, b: $n-1}}]",
			"7:48: $n-1 is the text with the value in it, not a sum (write <$n - 1> for the number)"},
		{`http: [{send: POST /, raw: {file: a.bin}}]`,
			`6:31: unknown key "file" (did you mean "from"?) (raw is sent as ` +
				`it stands: a text, {hex: 00ff} or {from: FILE}; use body for JSON)`},
		{`http: [{send: POST /, raw: {a: 1}}]`, `6:31: unknown key "a" (raw is sent as ` +
			`it stands: a text, {hex: 00ff} or {from: FILE}; use body for JSON)`},
		{`http: [{send: POST /, multipart: {f: {filename: a.png, content: x}}}]`,
			"6:41: unknown key \"filename\" (did " +
				"you mean \"name\"?)\n6:58: unknown key \"content\" (did you mean \"text\"?)"},
		{`http: [{send: GET /, save: {x: {regex: /a/}}}, {send: GET /$x}]`,
			`6:35: unknown key "regex" (did you mean "text"?)`},
		{`http: [{send: GET /, json: {a: <length items>, b: <optional int>}}]`, `6:34: unknown hole "<length items>" ` +
			`(did you mean "<length of data>"?) (write \<length items> for the text itself)
6:53: unknown hole "<optional int>" (did you mean "<string or null>"?) (write \<optional int> for the text itself)`},
		{"fresh: {n: number}\n  http: [{send: GET /$n}]", `6:14: unknown sort "number" (did you mean "int"?)`},
		{"start: {status: 200, timeout: 5s}", "6:11: unknown key \"status\" (did you mean \"want\"?)\n" +
			"6:24: unknown key \"timeout\" (did you mean \"within\"?)"},
		{`exec: {command: [ls]}`, `6:10: unknown key "command" (did you mean "run"?)`},
		{`http: [{send: GET /, faster: 2s..1s}]`, "6:32: nothing takes from 2s to 1s"},
		{`http: [{send: GET /, faster: 1..2}]`, `6:32: want a duration such as 300ms, 20s or 3m, not "1"`},
		{`http: [{send: GET /, faster: 900ms..2s, log: [/a/, <not /b/>]}]`, ""},
		{`http: [{send: POST /, raw: a, headers: {S: "sha256=${hmac s3cret}"}}]`, ""},
		{`http: [{send: POST /, raw: "${hmac s3cret}"}]`,
			"6:30: ${hmac …} signs the body that is sent, and stands in headers alone"},
		{`http: [{send: GET /, json: {a: "it's", b: 'it's'}}]`,
			`6:48: an apostrophe ends the text (put a text with an ` +
				`apostrophe between "…")`},
		{`http: [{send: GET /, json: {a: <string?>}}]`, "6:41: a ? inside a text that has no quotes (" + bracket + ")"},
		{`http: [{send: GET /, json: {a: %x}}]`, "6:34: a text cannot begin so (put quotes around a text that begins " +
			"with @, %, |, > or a backquote)"},
		{"http:\n  - send: GET /\n    want: 200\n   json: {a: 1}", "9:4: no key where one must be: the indentation " +
			"is wrong, or a - is missing (YAML wants two blanks for each level, no tabs, and quotes around text " +
			"with : or # in it)"},
		{`http: [{send: GET /, retries: 3}]`, `6:24: unknown key "retries" (did you mean "within"?)`},
		{`crud: {path: /x, new: {t: $word}, edit: {t: x}}`, `6:10: unknown key "path" (did you mean "at"?)`},
		{`crud: {at: /x, create: {t: $word}, edit: {t: x}}`,
			"6:18: unknown key \"create\" (did you mean \"new\"?)"},
		{`crud: {at: /x, new: {t: x}, edit: {t: x}}`,
			`6:23: nothing of new is new in each request, so that things cannot ` +
				`be told apart (write $word for a text, or $slug, $mail, $int, $date or $uuid)`},
		{`openapi: {url: /openapi.json}`, `6:13: unknown key "url" (did you mean "at"?)`},
		{`http: [{send: GET /, sorted: title ignorecase}]`, `6:32: want a path and asc or desc, such as created ` +
			`desc, not "title ignorecase" (write title nocase)`},
		{`http: [{send: GET /, sorted: title DESC}]`, `6:32: want a path and asc or desc, such as created desc, ` +
			`not "title DESC" (write title desc)`},
		{`http: [{send: GET /, sorted: {title: asc}}]`, `6:32: want a path and asc or desc, such as created desc, ` +
			`not a mapping (write title asc)`},
		{`http: [{send: GET /, sorted: "a, b desc"}]`, `6:32: want a path and asc or desc, such as created desc, ` +
			`not "a, b desc" (write several as a list: [title, created desc])`},
		{`http: [{send: GET /, header: {Retry-After: <int>}}]`, `6:46: want a regular expression between slashes, ` +
			`such as /ok/, not "<int>" (write /^[0-9]+$/ for a whole number)`},
		{`http: [{send: GET /, header: {Content-Type: text/csv}}]`, `6:47: want a regular expression between ` +
			`slashes, such as /ok/, not "text/csv" (write /text\/csv/ for a text that holds it, or /^text\/csv$/ for ` +
			`one that is it)`},
		{`http: [{send: GET /, text: not /a/}]`, `6:30: want a regular expression between slashes, such as /ok/, not ` +
			`"not /a/" (write <not /a/>)`},
		{`http: [{send: GET /, json: {"items[0].id": 1}}]`, `6:31: "items[0].id" is a key of that name, and no path ` +
			`(write one mapping in another, as {a: {b: 1}}, and for an item of a list has)`},
		{`http: [{send: GET /, json: {items: {has: [{id: 1}]}}}]`, `6:39: "has" stands for a key of the answer here ` +
			`(write has beside json, and list for where the array is)`},
		{`http: [{send: GET /, list: items.*, has: [{id: 1}]}]`, `6:30: want a path into the answer, such as id or ` +
			`items[0].id, not "items.*"`},
		{`http: [{send: POST /, multipart: {file: ./a.png}}]`, `6:43: "./a.png" is sent as it stands, and no file is ` +
			`read (write {name: a.png, from: a.png} for a file beside the rubric)`},
		{`http: [{send: GET /, json: {a: "<one of [open, done]>", b: "<not empty>"}}]`,
			`6:34: <one of [open, done]>: one of what? write <one of a, b> ` +
				`(write \<one of [open, done]> for the text itself)
6:62: unknown hole "<not empty>" (did you mean "<not $x>"?) (write \<not empty> for the text itself)`},
		{`http: [{send: GET /, json: {a: <list of int>, b: "<date >= 2026-01-01>"}}]`, `6:34: unknown hole ` +
			`"<list of int>" (did you mean "<list>"?) (write \<list of int> for the text itself)
6:52: unknown hole "<date >= 2026-01-01>" (did you mean "<after $t>"?) ` +
			`(write \<date >= 2026-01-01> for the text itself)`},
		{`http: [{send: POST /, headers: {S: "${hmac}", T: "${jwt sub=a}"}}]`,
			"6:38: ${hmac …} wants what it is made of: ${hmac $a}\n" +
				"6:52: ${jwt …} wants the secret first, or none: ${jwt $secret sub=$id exp=1h}"},
		{`http: [{send: POST /, body: {a: "${repeat a 200}"}}]`, `6:35: want how often and what, such as ` +
			`${repeat 200 a}, from 1 to 100000 times, not "a 200"`},
		{`http: [{send: POST /, multipart: {file: a.png, name: a.png}}]`,
			`6:43: "a.png" is sent as it stands, and no ` +
				`file is read (write {name: a.png, from: a.png} for a file beside the rubric)`},
		{`http: [{send: GET /, weight: 2}]`, `6:32: weight is a share of a partial check's points, and this check is ` +
			`all or nothing (write partial: true beside http, or leave weight out)`},
		{`http: [{send: GET /, times: 2, meanwhile: {send: GET /}}]`, `6:45: meanwhile stands in a step that is sent ` +
			`once, without times, within and or`},
		{`http: [{send: GET /, meanwhile: {send: POST /b, after: 31s}}]`, `6:58: a check may wait 30s at most`},
		{`http: [{send: POST /, body: {a: 1}, save: {x: n}}, {send: POST /, body: {a: "$x * 200"}}]`,
			"6:79: $x * 200 is the text with the value in it, not a sum (write ${x * 200} for " +
				"the sum that comes out)"},
		{`http: [{send: POST /, body: {a: 1}, save: {x: n}}, {send: GET /, query: {a: $x + 3}}]`,
			"6:79: $x + 3 is the text with the value in it, not a sum (write ${x + 3} for the " +
				"sum that comes out)"},
		{`http: [{send: POST /, body: {a: 1}, save: {x: n}}, {send: POST /, body: {a: $x-1, b: "see $x"}}]`,
			""},
		{"fresh: {d: date}\n  http: [{send: POST /, body: {a: $d, b: $d + 14d}, json: {c: $d + 1d}}]",
			"7:42: $d + 14d is the text with the value in it, not a time (write ${d + 14d} for " +
				"the time that comes out)\n" +
				"7:63: $d + 1d is the text with the value in it, not a time (write <$d + 1d> for the " +
				"time)"},
		{`http: [{send: POST /, body: {a: 1}, save: {x: n}}, {send: GET /b/$x+1}]`,
			"6:61: $x+1 is the value with +1 after it, not a sum (write ${x + 1} for the sum, or " +
				"${not x} for an id that was never given out)"},
		{`http: [{send: GET /, every: {id: <int>}, count: 0}]`,
			"6:31: with count: 0, every has nothing to judge (leave every out, or ask for more " +
				"items)"},
		{`http: [{send: GET /, sorted: id, unique: id, count: 1}]`,
			"6:32: with count: 1, sorted has nothing to judge (leave sorted out, or ask for more " +
				"items)\n" +
				"6:44: with count: 1, unique has nothing to judge (leave unique out, or ask for more " +
				"items)"},
		{`http: [{send: GET /, has: [{a: 1}], count: "<1"}]`,
			"6:29: with count: <1, has can never hold"},
		{`http: [{send: GET /, lacks: [{a: 1}], count: 0}]`,
			"6:31: with count: 0, lacks says nothing more (leave lacks out)"},
		{`http: [{send: GET /, json: {"$.title": a}}]`,
			"6:31: \"$.title\" is a key of that name, and no path (write title: json begins at the " +
				"answer itself)"},
		{`http: [{send: GET /, want: HTTP 200}, {send: GET /, want: 200-299}, {send: GET /, want: "200, ` +
			`201"}, {send: GET /, want: "<400"}, {send: GET /, want: created}]`,
			"6:30: want a status code such as 200, or a class such as 2xx, not \"HTTP 200\" (write " +
				"200)\n" +
				"6:61: want a status code such as 200, or a class such as 2xx, not \"200-299\" (write " +
				"2xx)\n" +
				"6:91: want a status code such as 200, or a class such as 2xx, not \"200, 201\" (write " +
				"[200, 201])\n" +
				"6:124: want a status code such as 200, or a class such as 2xx, not \"<400\" (name " +
				"those that are right: [2xx, 4xx])\n" +
				"6:153: want a status code such as 200, or a class such as 2xx, not \"created\" (write " +
				"201)"},
		{`http: [{send: POST /, want: {201: {json: {}}}}]`,
			"6:37: want how many answers have the code, not a mapping (write either for what " +
				"each answer holds: [{want: 201, json: …}, …])"},
		{`http: [{get: /tasks}, {send: /tasks}, {send: GET tasks}]`,
			"6:11: unknown key \"get\" (did you mean \"send\"?)\n" +
				"6:32: want a method and a path, such as GET /tasks, not \"/tasks\" (write GET /tasks)\n" +
				"6:48: a path begins with / and has no blanks, not \"tasks\" (write /tasks)"},
		{"fresh: [a]\n  http: [{send: POST /, json: {t: $a}}, {send: GET /, lacks: [{t: $a}], json: {b: <not $a>}}]",
			"7:35: $a is new, and no request has sent it by then, so no answer can hold it (json " +
				"is what the answer must contain: write body for what is sent)"},
		{"fresh: [a]\n  http: [{send: GET /, has: [{t: $a}]}]",
			"7:34: $a is new, and no request has sent it by then, so no answer can hold it (send " +
				"it first, as in a body)"},
		{`http: [{send: POST /, body: {text: Hello, you}}]`,
			"6:45: \"you\" has no value (put quotes around a text with a comma in it, and write " +
				"null for nothing)"},
		{`http: [{send: POST /, body: {text: Hello, dear $$}}]`,
			"6:45: \"dear $$\" has no value (put quotes around a text with a comma in it, and " +
				"write null for nothing)"},
		{`http: [{send: POST /, body: {a: yes, b: "yes"}, json: {a: None, b: "None"}}]`,
			"6:35: \"yes\" is a text here, and not true (write true, or put quotes around the " +
				"text)\n" +
				"6:61: \"None\" is a text like any other, and no null (write null, or put quotes " +
				"around the text)"},
		{`http: [{send: GET /, every: [{id: <int>}]}]`,
			"6:31: every is what one item is, and here each item would be a list (remove the [ ] " +
				"for what each item holds)"},
		{`http: [{send: GET /, headers: {Content-Type: /json/, Location: a}, header: {Cookie: /a/}}]`,
			"6:48: headers are sent, and /json/ would be sent as it stands (write header for " +
				"what the answer must have)\n" +
				"6:56: headers are sent, and Location is one of answers (write header for what the " +
				"answer must have)\n" +
				"6:79: header is what the answer has, and Cookie is one of requests (write headers " +
				"for what is sent)"},
		{`http: [{send: GET /, headers: {X: <any>}}]`,
			"6:37: <any> stands for what an answer may hold, and this is sent (write \\<any> for " +
				"the text itself)"},
		{`http: [{send: GET /, json: {a: "> 3", b: <>= 3>, c: string|null, d: ^a$, e: /a/i, f: not null}}]`,
			"6:34: \"> 3\" is a text like any other, and no bound (write <number > 3> for a number " +
				"within bounds)\n" +
				"6:44: \"<>= 3>\" is a text like any other, and no hole (write <number >= 3> for a " +
				"number within bounds)\n" +
				"6:55: \"string|null\" is a text like any other, and no hole (write <string or null>)\n" +
				"6:71: \"^a$\" is a text like any other, and no pattern (write /^a$/ for one)\n" +
				"6:79: \"/a/i\" is a text like any other, and no pattern (write /(?i)a/ for one)\n" +
				"6:88: \"not null\" is a text like any other, and no hole (write <not null>)"},
		{`http: [{send: GET /, text: /Hello/i}, {send: GET /, text: /(?!a)b/}]`,
			"6:63: a ? inside a text that has no quotes (inside { } and [ ], put quotes around a " +
				"text with ? [ ] { } : or a comma in it, and close each bracket)"},
		{`http: [{send: GET /, save: {x: json.id, y: response.json().id}}, {send: GET /$x/$y}]`,
			"6:31: a path begins in the answer itself, so json is a key of it that holds id " +
				"(write id where the answer has no such key)\n" +
				"6:43: a path begins in the answer itself, so response.json() is a key of it that " +
				"holds id (write id where the answer has no such key)"},
		{`http: [{send: POST /, save: {x: task}}, {send: GET /$x.id}, {send: GET /$x.csv}]`,
			"6:50: $x.id is the value of $x with .id after it (save it as a value of its own: " +
				"save: {id: task.id})"},
		{`http: [{send: DELETE /, want: 204, save: {x: id}}, {send: GET /$x}]`,
			"6:45: an answer with 204 has no body, so nothing of it can be saved"},
		{`http: [{send: DELETE /, want: [200, 204], json: {a: 1}}]`,
			"6:51: an answer with 204 has no body, so json can never hold of it (write either: " +
				"[{want: 200, json: …}, {want: 204}])"},
		{`http: [{send: GET /, text: <absent>, json: {a: 1}}]`,
			"6:46: an answer without text has no body, so json can never hold"},
		{`http: [{send: POST /, body: "{'a': 1}"}, {send: GET /, json: '{"a": 1}'}]`,
			"6:31: body is JSON already, and this would be sent as one text (remove the quotes, " +
				"or write raw for what is sent as it stands)\n" +
				"6:64: json is JSON already, and this would be one text (remove the quotes)"},
		{`http: [{send: GET /, body: {a: 1}}]`,
			"6:30: most programs do not read the body of a GET (write query for what a query " +
				"holds)"},
		{`http: [{send: GET /, within: 5}]`,
			"6:32: want a duration such as 300ms, 20s or 3m, not \"5\" (write 5s for seconds, or " +
				"5ms for thousandths of one)"},
		{"as: ann\n  http: [{send: GET /}]",
			"6:7: unknown person \"ann\" (say who that is, and how they sign in, under people at " +
				"the top of the rubric)"},
		{"kind: http\n  setup: []\n  build: {}",
			"6:3: unknown key \"kind\" (a kind is a key of its own: write http: and what it asks)\n" +
				"7:3: unknown key \"setup\" (what is set up first are steps too: http: [{given: POST " +
				"/tasks, …}, {send: …}])"},
		{`crud: {at: /x, new: {task: {t: $word}}, edit: {task: {t: $word}}, item: data}`,
			"6:24: \"task\" is taken for a key of the thing, with an object in it (where it is an " +
				"envelope, write item: {sent: task, answered: data})\n" +
				"6:50: \"task\" is taken for a key of the thing, with an object in it (where it is an " +
				"envelope, write item: {sent: task, answered: data})"},
		{`crud: {at: /x, new: {task: {t: $word}}, edit: {task: {t: $word}}, item: {in: task, out: data}}`,
			"6:76: unknown key \"in\" (did you mean \"sent\"?)\n" +
				"6:86: unknown key \"out\" (did you mean \"answered\"?)"},
		{`crud: {at: /x, new: {task: {t: $word}}, edit: {t: $word}, item: {sent: task, answered: data}}`,
			"6:49: \"task\" is not there, which item says that things are sent in (write it as it " +
				"is sent: {task: {…}})"},
		{`crud: {at: "/x/{id}", new: {t: $word, u: <string>}, edit: {t: $word}}`,
			"6:14: want the path of a collection, such as /tasks, not \"/x/{id}\" (write /x: one " +
				"thing is asked below it, at its id)\n" +
				"6:44: <string> stands for what an answer may hold, and this is sent (write " +
				"\\<string> for the text itself)"},
		{`openapi: {never: [4xx, 5xx]}`,
			"6:20: what is not valid is sent, too: a right program answers that with 4xx, and the " +
				"rest with 2xx (never is for faults of the program: 5xx, or 500)"},
		{`http: [{send: POST /, body: {a: b}, save: id}]`,
			"6:45: want a mapping, not \"id\" (write it as {key: value}: {id: id})"},
		{`http: [{send: POST /, body: {a: b}, save: {x: ids}}, {send: "GET /$x[0]"}, {send: "GET /${x.key}"}]`,
			"6:63: $x[0] is the value of $x with [0] after it (save it as a value of its own: " +
				"save: {x: ids[0]})\n" +
				"6:85: ${x.key} is the value of $x with .key after it (save it as a value of its " +
				"own: save: {key: ids.key})"},
		{`http: [{send: POST /, body: {a: #fff, b: c}}]`,
			"6:35: a # that begins a comment, here inside { } or [ ] (put quotes around a text " +
				"that begins with #)"},
		{`http: [{send: POST /, body: {zip: 01234, n: 0}}]`,
			"6:37: 01234 is read as the number 668, since it begins with 0 (put quotes around a " +
				"text of digits)"},
		{`http: [{send: GET /, json: {a: sum of items.price, b: length of items, c: one thing, d: not $$5}}]`,
			"6:34: \"sum of items.price\" is a text like any other, and no hole (write <sum of " +
				"items.price>)\n" +
				"6:57: \"length of items\" is a text like any other, and no hole (write <length of " +
				"items>)"},
		{`http: [{send: GET /, json: {a: $now, b: $randomEmail}}]`,
			"6:34: unknown variable \"now\" (write <now> in json, and ${now + 1h} in what is sent)\n" +
				"6:43: unknown variable \"randomEmail\" (write fresh: {randomEmail: mail} beside http " +
				"for a new one)"},
		{`http: [{send: GET /, save: {c: cookie.session, u: header Location}}, {send: GET /$c/$u}]`,
			"6:50: want a path into the answer, such as id or items[0].id, not \"header Location\" " +
				"(write {header: Location})"},
		{`http: [{send: GET /, bearer: a, points: 2}]`,
			"6:24: unknown key \"bearer\" (did you mean \"headers\"?)\n" +
				"6:35: unknown key \"points\" (did you mean \"weight\"?)"},
		{`http: [{send: GET /, json: {a: "<open|done>"}}]`,
			"6:34: unknown hole \"<open|done>\" (did you mean \"<one of open, done>\"?) (write " +
				"\\<open|done> for the text itself)"},
		{`http: [{send: GET /, json: {a: 1}}}]`,
			"6:38: a bracket too many (close each { and [ once)"},
		{`http: [{send: GET /, json: {a: “x”}}]`,
			"6:34: \"“x”\" is a text like any other, and no text between quotes (write \" for " +
				"quotes)"},
		{`crud: {at: /tasks/, new: {t: $word}, edit: {t: $word}}`, ""},
		{`crud: {at: /tasks, id: data.id, new: {t: $word}, edit: {t: $word}}`, ""},
	} {
		text := "rubric: r\npoints: 1\nchecks:\n- id: a\n  points: 1\n  " + c.check + "\n"
		r, err := Parse("r.yaml", []byte(text), kinds.All())
		var ps option.Problems
		if !errors.As(err, &ps) {
			ps = r.Warnings
		}
		var said []string
		for _, p := range ps {
			line := strings.TrimPrefix(p.Error(), "r.yaml:")
			if p.Hint != "" {
				line += " (" + p.Hint + ")"
			}
			said = append(said, line)
		}
		assert.Equal(t, c.want, strings.Join(said, "\n"), c.check)
	}
}
