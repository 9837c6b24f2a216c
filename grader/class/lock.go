package class

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/taskgrader/taskgrader/grader/plain"
)

// LockSchema names the format of class.lock.
const LockSchema = "taskgrader/lock/v1"

// Lock is on which ground a class was graded, for another to be graded on the same.
type Lock struct {
	Schema   string           `json:"schema"`
	Platform string           `json:"platform"` // what of a machine a verdict may depend on
	Images   map[string]Image `json:"images"`   // by the names in Dockerfiles
}

// Image is what the name of a base image stood for.
type Image struct {
	Digest  string `json:"digest"`  // of a registry's, or the id in the engine that had it
	Content string `json:"content"` // of its layers and configuration: equal in every engine
}

// ReadLock reads what [WriteLock] wrote.
func ReadLock(in io.Reader) (*Lock, error) {
	var l Lock
	if err := json.NewDecoder(in).Decode(&l); err != nil {
		return nil, fmt.Errorf("reading a lock: %w", err)
	}
	if l.Schema != LockSchema {
		return nil, fmt.Errorf("reading a lock: its schema is %q, and this version reads %q", l.Schema, LockSchema)
	}
	return &l, nil
}

// WriteLock writes a lock as JSON.
func WriteLock(w io.Writer, l Lock) error {
	l.Schema = LockSchema
	return plain.JSON(w, l, " ")
}
