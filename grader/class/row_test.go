package class

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/result"
)

// TestUnread: of what could not be read, the row says why, in the words of the check that failed.
func TestUnread(t *testing.T) {
	blocked := result.Check{Status: result.Blocked, Got: "x"}
	r := result.Report{Status: result.Graded, Score: new(float64), Submission: result.Submission{Digest: EmptyDigest},
		Checks: []result.Check{blocked, {Status: result.Fail, Got: "the archive\nis damaged"}}}
	assert.Equal(t, "the archive is damaged", RowOf(r, &Interner{}).Unread)
	r.Checks = nil
	assert.Equal(t, "there is nothing in it", RowOf(r, &Interner{}).Unread)
	r.Submission.Digest = "sha256:other"
	assert.Empty(t, RowOf(r, &Interner{}).Unread)
}
