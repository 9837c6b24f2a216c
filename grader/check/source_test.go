package check_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
)

// locked is a folder whose files are there, and cannot be opened.
type locked struct{ fstest.MapFS }

func (locked) ReadFile(name string) ([]byte, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

// TestUnreadable: a file that is there and that the grader may not read is no fault of the
// student's.
func TestUnreadable(t *testing.T) {
	source := check.NewSource(locked{fstest.MapFS{"Dockerfile": {Data: []byte("FROM x\n")},
		".dockerignore": {Data: []byte("*\n")}}})
	_, file := source.Dockerfile()
	_, rules := source.Ignore()
	for name, err := range map[string]error{"Dockerfile": file, ".dockerignore": rules} {
		var unreadable *check.Unreadable
		require.ErrorAs(t, err, &unreadable)
		assert.EqualError(t, err, "reading the submission: open "+name+": permission denied")
		assert.Contains(t, unreadable.Hint(), "chmod -R u+rX")
	}
}
