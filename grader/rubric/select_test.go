package rubric

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check/kinds"
)

// TestSelect: needs come first, and along with what is named; else the order is the rubric's.
func TestSelect(t *testing.T) {
	r := &Rubric{Checks: []Check{{ID: "create", Needs: []string{"builds"}}, {ID: "builds"}, {ID: "walk"}}}
	assert.Equal(t, []int{1, 0, 2}, r.Select(nil))
	assert.Equal(t, []int{1, 0}, r.Select([]string{"create"}))
	assert.Equal(t, []int{2}, r.Select([]string{"walk"}))
}

// TestJudges: a request is the same whatever its variables are called, but for one that asks for
// what is not there.
func TestJudges(t *testing.T) {
	r, err := Parse("r.yaml", []byte(`rubric: r
points: 1
checks:
- id: a
  points: 1
  http:
  - {send: POST /a, body: {t: a}, save: {x: id, at: url}}
  - {send: PUT /a/$x.txt, body: {t: b}}
  - {send: "GET /b?of=${x}&n=1"}
  - {send: "DELETE /a/${not x}", want: 404}
  - {send: GET $at}
`), kinds.All())
	require.NoError(t, err)
	for request, want := range map[string]bool{"POST /a": true, "PUT /a/$name": true, "PUT /a/${n}-1": true,
		"PUT /a/1": false, "PUT /b/$x": false, "PUT /a/$x/b": false, "GET /b?of=$y&n=1": true, "GET /b?of=$y": false,
		"DELETE /a/$x": false, "DELETE /a/${not y}": true, "GET $at": true, "GET $u": false, "PATCH /a/$x": false} {
		assert.Equal(t, want, r.Checks[0].Judges(request), request)
	}
}
