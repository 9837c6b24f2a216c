// Package openapi is the kind `openapi`: a program is held to the document that it serves of
// itself.
//
// The document is read and judged (document.go). Requests are drawn from its schemas (draw.go),
// with something odd in one place of each (odd.go), and sent in sequences (explore.go) that use the
// ids of earlier answers (things.go). What an answer must be is in judge.go. A request that is
// answered wrongly is made as small as it can be (shrink.go), and repeated in a program that was
// started anew (confirm.go): what does not repeat is not said.
package openapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// documented is the word that asks for the statuses of the document alone.
const documented = "documented"

// Kind returns the kind `openapi`, which holds a program to its own document.
func Kind() check.Kind {
	return check.Kind{Name: "openapi", Phase: check.Running, New: func() check.Check {
		return &OpenAPI{At: "/openapi.json", Never: steps.Codes{"5xx"}, Requests: 500,
			Within: option.Duration(10 * time.Second)}
	}, Manual: check.Manual{
		Summary: "does the program keep to its own OpenAPI document, whatever is sent",
		Text: `The document is fetched, and is valid OpenAPI 3.0 or 3.1. Each route that it names is asked: as the
schemas say, in each order and filter that a query has words for, and with something odd in each place, one at a time,
what shows most first: numbers that 64 bits do not hold, other alphabets, dates that there are not, other types, null,
nothing, much, files that are no text. What is made is read, listed, made again in the same words, changed, deleted,
and deleted again, by the ids that the answers gave. The requests come from the seed, so that the same seed asks the
same.

An answer of 5xx is a fault, whatever was sent, and so is none within limits.http.timeout. A body in JSON is as the
schema of its status says; formats are not looked at, since times come with a zone and without. statuses: documented
wants no status that the document does not name, which FastAPI's own documents do not keep to: they name no 404. Nor
is what they say of 422 held against a program that answers so itself, with HTTPException.

Each fault is said once of a route, as the smallest request that shows it, or the shortest sequence. It was repeated,
the last time in a container that was started anew. What did not repeat is not said. as: ann asks as one of people, who
signs in first.`,
		Example: `id: document
points: 5
openapi:
  at: /openapi.json
  never: 5xx
  requests: 500
  within: 10s`,
		Every: []string{`id: document
points: 5
openapi:
  at: /openapi.json
  never: 5xx
  requests: 500
  within: 10s
  statuses: documented
  as: nobody`}}}
}

// OpenAPI is the options.
type OpenAPI struct {
	At       string          `json:"at,omitempty" jsonschema:"the path of the document; /openapi.json unless given"`
	Never    steps.Codes     `json:"never,omitzero" jsonschema:"statuses that no answer may have; 5xx unless given"`
	Requests int             `json:"requests,omitempty" option:"1..10000" jsonschema:"how many requests are drawn at most; 500 unless given"`
	Within   option.Duration `json:"within,omitzero" jsonschema:"how long they are drawn at most; 10s unless given"`
	Statuses string          `json:"statuses,omitempty" option:"documented" jsonschema:"documented wants no other status than those of the document"`
	As       option.Value    `json:"as,omitzero" jsonschema:"who asks: one of people, or nobody"`

	caller steps.Caller
}

// OptionSynonyms returns words that are near, with what is meant here.
func (OpenAPI) OptionSynonyms() map[string]string {
	return map[string]string{"url": "at", "path": "at", "document": "at", "schema": "at", "spec": "at",
		"examples": "requests",
		"max":      "requests", "count": "requests", "timeout": "within", "time": "within", "auth": "as", "user": "as"}
}

// ValidateOption wants a path.
func (o *OpenAPI) ValidateOption(at option.Value) option.Problems {
	path, _ := at.Get("at")
	ps := steps.CheckPath(path)
	below := func(code string) bool { return code[0] < '5' }
	if never, ok := at.Get("never"); ok && slices.ContainsFunc(o.Never, below) {
		wrong := never.Problem("what is not valid is sent, too: a right program answers that with 4xx, and the rest " +
			"with 2xx")
		wrong[0].Hint, wrong[0].Warning = "never is for faults of the program: 5xx, or 500", true
		ps = append(ps, wrong...)
	}
	return ps
}

// ValidateLimits wants an end before that of the running program.
func (o *OpenAPI) ValidateLimits(at option.Value, l check.Limits) option.Problems {
	within, _ := at.Get("within")
	return check.Outlasts(within, l.Run.Time, "limits.run.time")
}

// ValidateScope finds out who asks.
func (o *OpenAPI) ValidateScope(scope check.Scope) (used []string, ps option.Problems) {
	o.caller, ps = steps.ReadCaller(scope, o.As)
	return nil, ps
}

// Sends returns nothing: no other check is given what is drawn.
func (o *OpenAPI) Sends() []string { return nil }

// Givens returns the requests by which who asks signs in.
func (o *OpenAPI) Givens() []string { return o.caller.Givens() }

// Tell says what is asked of each route.
func (o *OpenAPI) Tell() []string {
	lines := []string{fmt.Sprintf("whatever is sent to a route that GET %s names, no answer is %s or missing",
		o.At, o.Never),
		"each body keeps the schema that the document gives its status"}
	if o.Statuses != "" {
		lines = append(lines, "no status is answered that the document does not name")
	}
	return lines
}

// Ask reads the document, and holds the program to it.
func (o *OpenAPI) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	if by := steps.Scattered(in.Memory); by != "" {
		return steps.Scatters(by), nil
	}
	name := http.MethodGet + " " + o.At
	a, _, err := steps.Follow(ctx, t, check.Request{Method: http.MethodGet, Path: o.At,
		Header: http.Header{"Accept": {"*/*"}}})
	if err != nil {
		return check.Outcome{}, err
	}
	if item := o.missing(name, a); item != nil {
		return check.Outcome{Items: []check.Item{*item}}, nil
	}
	doc, err := readDocument(a.Body)
	if err != nil {
		return check.Fail(name, "a valid OpenAPI document", err.Error(),
			check.Advise("Correct what the document says: a "+
				"program that makes it of its routes makes it of how they are declared.")), nil
	}
	login, missing, err := o.caller.SignIn(ctx, t, in)
	if err != nil {
		return check.Outcome{}, err
	}
	if missing != nil {
		return *missing, nil
	}
	e := newExplorer(o, doc, t, login, in.Rand)
	if o.caller.Name() != "" {
		e.signIn = func(ctx context.Context) (*steps.Login, error) {
			again, _, err := o.caller.SignIn(ctx, t, in)
			return again, err
		}
	}
	if err := e.explore(ctx); err != nil {
		return check.Outcome{}, err
	}
	found, err := e.confirm(ctx, t, in)
	if err != nil {
		return check.Outcome{}, err
	}
	out := check.Outcome{Items: []check.Item{{Name: name, Share: 1, Got: fmt.Sprintf("OpenAPI %s, %s", doc.OpenAPI,
		steps.Plural(len(doc.operations), "route"))}}}
	for _, op := range doc.operations {
		n := len(out.Items)
		for _, f := range found {
			if f.op == op {
				out.Items = append(out.Items, f.item())
				out.Evidence = append(out.Evidence, o.evidence(f, t.Started().Port)...)
			}
		}
		if len(out.Items) == n {
			out.Items = append(out.Items, check.Item{Name: op.name(), Share: 1, Got: e.summary(op)})
		}
	}
	return out, nil
}

// missing returns the item of a document that is not there.
func (o *OpenAPI) missing(name string, a check.Answer) *check.Item {
	item := check.Item{Name: name, Want: "the OpenAPI document, with 200", Hint: check.Advisef(
		"Let the program answer %s with its OpenAPI document.", name)}
	switch {
	case a.Fault != "":
		item.Got = a.Fault
	case a.Status != http.StatusOK:
		item.Got = strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)))
	case a.Truncated:
		item.Got = fmt.Sprintf("more than %d bytes, which is the limit", len(a.Body))
	default:
		return nil
	}
	return &item
}

// summary returns what was asked of an operation that keeps to the document.
func (e *explorer) summary(op *operation) string {
	n, taken, closed := e.counts[op], e.taken[op], e.closed[op]
	switch {
	case n == 0:
		return "not asked: the requests or the time were used up before"
	case closed == n:
		return steps.Plural(n, "request") + ", each of which wants a login"
	}
	return fmt.Sprintf("%s, %d of them taken", steps.Plural(n, "request"), taken)
}

// item returns what is said of a finding.
func (f finding) item() check.Item {
	i := check.Item{Name: f.op.name(), Want: f.fault.want, Got: f.fault.got, Alone: true}
	if f.exception != "" {
		i.Hint.Cause = steps.OfException(f.exception)
		if !strings.HasSuffix(i.Hint.Cause, ".") {
			i.Hint.Cause += "."
		}
	}
	switch {
	case f.fault.kind == serverError:
		i.Hint.Advice = "Check what comes in before it is used, and answer what cannot be with 4xx and what is " +
			"wrong with it."
	case f.fault.kind == noAnswer && strings.Contains(f.fault.got, "within"):
		i.Hint.Advice = "Look for a loop, a sleep or a lock that is never released in what the request calls."
	case f.fault.kind == noAnswer && !f.fault.exited:
		i.Hint.Advice = "Send the same request yourself, as below, and see how the program answers."
	case f.fault.kind == noAnswer:
		i.Hint.Advice = "Send the same request yourself, as below, and see what ends the program."
	case f.fault.kind == otherBody:
		i.Hint.Advice = "Answer with what the document promises, or let the document say what is answered."
	default:
		i.Hint.Advice = "Let the document name the status, or answer with one that it names."
	}
	if n := len(f.story); n > 1 {
		i.Got += fmt.Sprintf(", after %s before it", steps.Plural(n-1, "request"))
	}
	return i
}

// evidence returns the requests that show a finding, and the commands that repeat them.
func (o *OpenAPI) evidence(f finding, port int) []check.Evidence {
	var story, commands []string
	for _, line := range f.story {
		story = append(story, o.line(line))
		commands = append(commands, steps.Curl(line.request, port))
	}
	last := f.story[len(f.story)-1].answer
	if len(last.Body) > 0 {
		story = append(story, cut(strings.ToValidUTF8(string(last.Body), "\ufffd"), 1000))
	}
	title := f.op.name() + ": "
	shown := []check.Evidence{{Kind: "exchange", Title: title + "request and answer", Text: strings.Join(story, "\n")}}
	for i, command := range commands { // each is copied as one line
		said := title + "try it yourself"
		if i > 0 {
			said = title + "and then"
		}
		shown = append(shown, check.Evidence{Kind: "command", Title: said, Text: command})
	}
	return shown
}

// line returns one request and what became of it.
func (o *OpenAPI) line(t told) string {
	line := t.request.Method + " " + cut(t.request.Path, 300)
	if name := o.caller.Name(); name != "" && !t.call.naked {
		line += " as " + name
	}
	for _, p := range t.call.op.params {
		if value := t.request.Header.Get(p.name); p.in == "header" && value != "" {
			line += ", " + p.name + ": " + cut(value, 80)
		}
	}
	if len(t.request.Body) > 0 {
		line += " " + cut(strings.ToValidUTF8(string(t.request.Body), "\ufffd"), 300)
	}
	if t.answer.Fault != "" {
		return line + "  -> " + t.answer.Fault
	}
	return line + "  -> " + strings.TrimSpace(fmt.Sprintf("%d %s", t.answer.Status, http.StatusText(t.answer.Status)))
}

var (
	_ check.Sender          = (*OpenAPI)(nil)
	_ check.ScopeValidator  = (*OpenAPI)(nil)
	_ check.LimitsValidator = (*OpenAPI)(nil)
)
