package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
)

// The kinds of fault, each of which is said of a route once.
const (
	serverError = "5xx"
	noAnswer    = "no answer"
	otherBody   = "body"
	otherStatus = "status"
)

// fault is what is wrong with an answer. The zero value is nothing.
type fault struct {
	kind, want, got string
	status          int // of the answer; 0 where there is none
	field           string
	exited          bool // the program ended
}

// same reports whether another fault shows the same.
func (f fault) same(other fault) bool {
	return f.kind == other.kind && f.status == other.status && f.field == other.field
}

// judge returns what is wrong with an answer to an operation.
func (o *OpenAPI) judge(doc *document, op *operation, a check.Answer) fault {
	switch {
	case a.Fault != "":
		return fault{kind: noAnswer, want: "an answer", got: a.Fault, exited: a.Exited}
	case o.Never.Match(a.Status):
		return fault{kind: serverError, status: a.Status, want: "no answer with " + o.Never.String(),
			got: strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)))}
	}
	declared := op.of.Responses.Status(a.Status)
	if declared == nil {
		declared = op.of.Responses.Default()
		if o.Statuses == documented && declared == nil {
			return fault{kind: otherStatus, status: a.Status, want: "a status that the document names for it",
				got: strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)))}
		}
	}
	if declared == nil || declared.Value == nil || op.method == http.MethodHead || a.Truncated {
		return fault{}
	}
	return doc.body(declared.Value, a)
}

// validation names the schema that FastAPI gives the 422 of each route, of itself: what a program
// answers with 422 on its own, as HTTPException does, is in no document, as its 404 is.
const validation = "/HTTPValidationError"

// body returns what of an answer is not as its document says.
func (d *document) body(declared *openapi3.Response, a check.Answer) fault {
	var schema *openapi3.Schema
	only, own := true, false
	for mediaType, media := range declared.Content {
		if !isJSON(mediaType) {
			only = false
		} else if media.Schema != nil {
			schema = media.Schema.Value
			own = a.Status == http.StatusUnprocessableEntity && strings.HasSuffix(media.Schema.Ref, validation)
		}
	}
	if schema == nil || schema.IsEmpty() {
		return fault{}
	}
	sent, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if !isJSON(sent) && !only {
		return fault{}
	}
	wrong := fault{kind: otherBody, status: a.Status,
		want: fmt.Sprintf("the body that the document gives for %d", a.Status)}
	value, err := steps.Decode(a.Body)
	if err != nil {
		wrong.got = fmt.Sprintf("no JSON: %q", cut(strings.ToValidUTF8(string(a.Body), "\ufffd"), 120))
		return wrong
	}
	if refused, _ := value.(steps.Object); own && refused["detail"] != nil {
		return fault{}
	}
	options := []openapi3.SchemaValidationOption{openapi3.VisitAsResponse(),
		openapi3.WithStringFormatValidators(lenient)}
	if d.IsOpenAPI31OrLater() {
		options = append(options, openapi3.EnableJSONSchema2020())
	}
	if err = d.ValidateSchemaJSON(schema, floats(value), options...); err == nil {
		return fault{}
	}
	var of *openapi3.SchemaError
	if !errors.As(err, &of) {
		return fault{} // the schema could not be asked: that is not the answer's fault
	}
	// what of all that it must be it is not
	for deeper := of; deeper.Origin != nil && errors.As(deeper.Origin, &deeper); {
		of = deeper
	}
	wrong.field = strings.Join(append([]string{"$"}, of.JSONPointer()...), ".")
	wrong.got = fmt.Sprintf("%s: %s, and it is %s", wrong.field,
		cut(strings.TrimSpace(whereAt.ReplaceAllString(of.Reason, "")), 200), cut(steps.Show(of.Value), 120))
	wrong.field = digits.ReplaceAllString(wrong.field, "0")
	return wrong
}

// lenient are the forms of text that the library looks at, and of which programs write others that
// are as good: times without a zone.
var lenient = map[string]openapi3.StringFormatValidator{"date": anyText{}, "date-time": anyText{}, "byte": anyText{}}

type anyText struct{}

// Validate takes any text.
func (anyText) Validate(string) error { return nil }

// whereAt is how one of the library's validators begins a reason, with a place that is said
// already.
var whereAt = regexp.MustCompile(`^(error at "[^"]*": )?(at '[^']*': )?`)

// digits are the indices of a list, any of which shows the same.
var digits = regexp.MustCompile(`\d+`)

// floats returns a value with its numbers as the library reads them.
func floats(v any) any {
	return steps.Mapped(v, func(leaf any) any {
		if n, ok := leaf.(json.Number); ok {
			f, _ := n.Float64() // of what is larger than that, infinity
			return f
		}
		return leaf
	})
}
