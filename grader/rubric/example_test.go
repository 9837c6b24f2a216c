package rubric_test

import (
	"fmt"

	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

// Every mistake is told at once, each with its place.
func ExampleParse() {
	_, err := rubric.Parse("notes.yaml", []byte(`rubric: notes
points: 5
checks:
- id: create
  points: 3
  http:
  - {send: POST /notes, body: {text: hello}, wnat: 201}
- {id: starts, points: 1, start: {get: health}}
`), kinds.All())
	fmt.Println(err)
	// Output:
	// notes.yaml:2:9: points says 5, but the checks that are not bonus sum to 4
	// notes.yaml:7:46: unknown key "wnat" (did you mean "want"?)
	// notes.yaml:8:40: a path begins with / and has no blanks, not "health"
}
