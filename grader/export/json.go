package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// writeFitting writes the first of what make gives for less and less text that has at most so many
// bytes.
func writeFitting(w io.Writer, limit int, make func(text int) any) error {
	for text := 4000; ; text /= 2 {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetIndent("", "  ")
		if err := e.Encode(make(text)); err != nil {
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
