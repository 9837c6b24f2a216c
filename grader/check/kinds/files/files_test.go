package files_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/files"
)

func TestFiles(t *testing.T) {
	for _, c := range []struct {
		options string
		target  *checktest.Target
		want    string
	}{
		{"require: [Dockerfile, \"**/*.py\"], forbid: [.env]", checktest.New(),
			"ok Dockerfile\nok **/*.py\nok no .env"},
		{"require: [app/main.py, \"*.toml\"]", checktest.New(),
			"0 app/main.py: want a file app/main.py; got none; hint: Add the file, spelt exactly so.\nok *.toml"},
		{"require: [dockerfile]", checktest.New(),
			"0 dockerfile: want a file dockerfile; got none; hint: Add the file, spelt exactly so."},
		{"forbid: [\"**/*.key\"]", checktest.New().With("a/b/server.key", ""),
			"0 no **/*.key: want no file **/*.key; got a/b/server.key; hint: Leave it out of what you hand in.; at " +
				"a/b/server.key:0"},
		{"forbid: [\"*.key\"]", checktest.New().With("a/b/server.key", ""), "ok no *.key"},
	} {
		assert.Equal(t, c.want, checktest.Asked(t, files.Kind(), "files: {"+c.options+"}", c.target))
	}
}
