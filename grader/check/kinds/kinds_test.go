package kinds_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
)

// TestEveryKindKeepsTheRules is the conformance suite: a new kind is in it as soon as it is in the list.
func TestEveryKindKeepsTheRules(t *testing.T) {
	for _, k := range kinds.All() {
		t.Run(k.Name, func(t *testing.T) {
			for _, rule := range checktest.Verify(k) {
				assert.Fail(t, rule)
			}
		})
	}
}
