package check_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
)

func TestPlanted(t *testing.T) {
	folder := fstest.MapFS{".env": {}, "tests/test_main.py": {}}
	setup := check.Setup{Plant: []string{"b.pem", ".env", "tests", ".venv", "a/.env", ".venv/pyvenv.cfg", ".venv-old",
		"b.pem"}}
	var planted []string
	for _, e := range setup.Planted(folder) {
		assert.False(t, e.Append)
		planted = append(planted, e.Path)
	}
	assert.Equal(t, []string{".venv-old", ".venv/pyvenv.cfg", "a/.env", "b.pem"}, planted,
		"once each, and what is there already, or comes to be with another, not at all")
}

func TestArrives(t *testing.T) {
	context := []string{".venv/pyvenv.cfg", "main.py", "main.pyc"}
	for name, want := range map[string]bool{"main.py": true, ".venv": true, ".venv/pyvenv.cfg": true, "main": false,
		".ven": false, "pyvenv.cfg": false} {
		assert.Equal(t, want, check.Arrives(context, name), name)
	}
}
