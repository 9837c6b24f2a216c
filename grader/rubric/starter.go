package rubric

import (
	"bytes"
	_ "embed"
)

//go:embed starter.yaml
var starter []byte

// Starter returns a small rubric of that name to begin with, every line explained. The name is not
// looked at: [Parse] says what is wrong with it.
func Starter(name string) []byte {
	return bytes.Replace(starter, []byte("rubric: my-rubric"), []byte("rubric: "+name), 1)
}
