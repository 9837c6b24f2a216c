// Package http is the kind `http`: steps that are sent to the running program.
//
// The steps themselves, how they are read, sent and compared, are package steps; this kind makes a
// check of a list of them, and says which routes it sends to, so that other checks may be given
// what it judges.
package http

import (
	"context"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind returns the kind `http`, which sends steps to the running program.
func Kind() check.Kind {
	return check.Kind{Name: "http", Phase: check.Running, New: func() check.Check { return new(Steps) },
		Manual: check.Manual{
			Summary: "does the program answer as it should, step by step",
			Text: `A list of steps, one request each: taskgrader explain steps, holes and variables say all that a step
can hold. A step passes when all that it wants holds; the check stops at the first that fails, unless it is partial.

A redirect to the same address with a slash more or less, which no step wants, is followed, and costs once: the first
check that meets it on a route fails with that alone; so it is where the answer is an object with one array in it, and
the array itself is wanted. No other redirect is followed, nor is it an answer. No proxy is used, and a body is read to
its limit and no further. Every failure shows request, answer, the path that differs, the rubric's line, and a curl
command that repeats it.

Where several processes answer on the program's port (workers, a cluster), the first POST that stores something is
looked up over many connections at once, until each of them was seen to take one. Where some of them do not have it, the
check that sent the POST fails with that; checks that ask for what was stored are blocked by it, and the rest is asked.
Processes that share a file or a database have it all. Where a process cannot be reached in 45 seconds, the check is an
error, and costs nothing.`,
			Topics: steps.Topics(),
			Example: `id: create
points: 5
fresh: [a]
http:
- {send: POST /tasks, body: {title: $a}, want: [200, 201], json: {id: <any>, title: $a}, save: {x: id}}
- {send: GET /tasks/$x, json: {id: $x, title: $a}}`,
			Every: []string{`id: http
points: 5
partial: true
fresh: [a]
http:
- {send: POST /notes, body: {text: $a}, headers: {Accept: text/html}, want: 2xx, json: {id: <any>}, exact: true,
    text: /./, header: {Content-Type: /json/}, save: {x: id}}
- {send: POST /notes, raw: $a$i, times: 4, parallel: 2, distinct: id}
- {given: GET /notes}
- {send: GET /notes/$x, or: {send: GET /notes, want: 200, json: {}, has: [{id: $x}], lacks: [{id: none}], list: items}}
- {send: GET /notes, list: items, has: [{id: $x}], lacks: [{id: none}], count: ">=1", within: 2s}
- {send: GET /notes, as: nobody, query: {limit: 3}, list: items, count: ">=1", every: {id: <any>},
    sorted: created desc, unique: id, faster: 300ms, log: /GET/, weight: 2}
- {send: POST /notes, form: {text: $a}}
- {send: POST /notes, multipart: {file: {name: a.png, type: image/png, hex: "8950"}, note: {name: a.txt, text: $a}}}
- {send: POST /notes, either: [{want: 201, json: {}, exact: true, text: /./, header: {Location: /./}, has: [{id: 1}],
    lacks: [{id: 2}], list: items}, {want: 4xx}]}
- {send: GET /notes, meanwhile: {send: POST /notes, as: nobody, after: 1s, body: {text: a}, headers: {X-A: b},
    want: 201, json: {}, faster: 300ms}}
- {restart: container}
- {wait: 1s}
- {exec: [ls, /], stdout: /app/}`}}}
}

// Steps are the options.
type Steps []steps.Step

// ValidateOption wants at least one step.
func (s *Steps) ValidateOption(at option.Value) option.Problems {
	if len(*s) == 0 {
		return at.Problem("want at least one step")
	}
	return steps.ValidateGiven(*s, at)
}

// ValidateScope checks the variables.
func (s *Steps) ValidateScope(scope check.Scope) ([]string, option.Problems) {
	return steps.ValidateScope(*s, scope)
}

// ValidateLimits bounds the waiting of steps.
func (s *Steps) ValidateLimits(_ option.Value, l check.Limits) option.Problems {
	return steps.ValidateLimits(*s, l)
}

// Owns reports whether the steps restart the container.
func (s *Steps) Owns() bool { return steps.Owns(*s) }

// Sends returns the requests that the steps judge.
func (s *Steps) Sends() []string { return steps.Sends(*s) }

// Givens returns those that they are given.
func (s *Steps) Givens() []string { return steps.Givens(*s) }

// Tell says what the steps ask.
func (s *Steps) Tell() []string { return steps.Tell(*s) }

// Ask sends the steps.
func (s *Steps) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	return steps.Run(ctx, t, *s, in)
}
