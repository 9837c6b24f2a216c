package report

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/result"
)

// Schema returns the JSON Schema of the reports that [JSON] writes, made from the types of package
// result. It is kept as report.schema.json beside this file.
func Schema() ([]byte, error) {
	words := func(all ...any) *jsonschema.Schema { return &jsonschema.Schema{Type: "string", Enum: all} }
	s, err := jsonschema.ForType(reflect.TypeFor[result.Report](),
		&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
			reflect.TypeFor[result.Audience](): words(result.Student, result.Instructor),
			reflect.TypeFor[result.Status](): words(result.Pass, result.Partial, result.Fail, result.Blocked,
				result.Error),
		}})
	if err != nil {
		return nil, err
	}
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", "taskgrader report"
	s.Properties["schema"].Const = jsonschema.Ptr[any](result.Schema)
	s.Properties["status"] = words(result.Graded, result.Error)
	s.Properties["started_at"].Format = "date-time"
	present(s)
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// present takes null away, which Go's pointers and slices allow and no report has: what is not
// there is left out.
func present(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.Types = slices.DeleteFunc(s.Types, func(t string) bool { return t == "null" }); len(s.Types) == 1 {
		s.Type, s.Types = s.Types[0], nil
	}
	for _, p := range s.Properties {
		present(p)
	}
	present(s.Items)
}
