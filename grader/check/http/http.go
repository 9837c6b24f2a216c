// Package http is the kind `http`: steps that are sent to the running program.
package http

import (
	"context"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind is the kind.
func Kind() check.Kind {
	return check.Kind{Name: "http", Phase: check.Running, New: func() check.Check { return new(Steps) }, Manual: check.Manual{
		Summary: "does the program answer as it should, step by step",
		Text: `A list of steps, one request each. A step passes when all that it wants holds; the check stops at the first that
fails, unless it is partial. send is the method and the path; body (JSON) or raw, and headers, go with it. want is a status code, a
class such as 2xx, or a list; 2xx unless given. json is what the answer contains at least (exact: true for nothing more); has and
lacks look for items of an array, list says where the array is, count how long it is; text and header take regular expressions.

Values may be holes: <any> <string> <number> <int> <bool> <null> <uuid> <time> <absent> <not $x>, or /a regular expression/;
a backslash before < is the text itself. save makes variables of paths in the answer, $x or ${x} uses them; a value that is only $x
keeps its JSON type; $$ is a dollar. times sends a step often, parallel so many together, $i counts; distinct wants a
path to differ each time. within asks a GET again until it holds.

Redirects are not followed, and a redirect is no answer. Every failure shows request, answer, the path that differs, the rubric's
line, and a curl command that repeats it.`,
		Example: `id: create
points: 5
fresh: [a]
http:
- {send: POST /tasks, body: {title: $a}, want: [200, 201], json: {id: <any>, title: $a}, save: {x: id}}
- {send: GET /tasks/$x, json: {id: $x, title: $a}}`}}
}

// Steps are the options.
type Steps []steps.Step

// ValidateOption wants at least one step.
func (s *Steps) ValidateOption(at option.Value) option.Problems {
	if len(*s) == 0 {
		return at.Problem("want at least one step")
	}
	return nil
}

// ValidateScope checks the variables.
func (s *Steps) ValidateScope(fresh []string) ([]string, option.Problems) {
	return steps.ValidateScope(*s, fresh)
}

// Ask sends the steps.
func (s *Steps) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	return steps.Run(ctx, t, *s, in)
}
