package rubric

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestSelect: needs come first, and along with what is named; else the order is the rubric's.
func TestSelect(t *testing.T) {
	r := &Rubric{Checks: []Check{{ID: "create", Needs: []string{"builds"}}, {ID: "builds"}, {ID: "walk"}}}
	assert.Equal(t, []int{1, 0, 2}, r.Select(nil))
	assert.Equal(t, []int{1, 0}, r.Select([]string{"create"}))
	assert.Equal(t, []int{2}, r.Select([]string{"walk"}))
}
