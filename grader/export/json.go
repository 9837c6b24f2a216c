package export

import (
	"bytes"
	"fmt"
	"io"

	"github.com/taskgrader/taskgrader/grader/plain"
)

// writeFitting writes the first of what make gives for less and less text that has at most so many
// bytes.
func writeFitting(w io.Writer, limit int, make func(text int) any) error {
	for text := 4000; ; text /= 2 {
		var b bytes.Buffer
		if err := plain.JSON(&b, make(text), "  "); err != nil {
			return err
		}
		if b.Len() <= limit {
			_, err := b.WriteTo(w)
			return err
		}
		if text == 0 {
			return fmt.Errorf("the report has %d bytes without any text, and at most %d are taken", b.Len(), limit)
		}
	}
}
