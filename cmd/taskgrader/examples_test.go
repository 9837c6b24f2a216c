package main

import (
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/docs/examples"
)

// TestExamples grades the samples of each example: every one comes to what is expected of it, and
// every check but that of the start, which all share, is failed by one.
func TestExamples(t *testing.T) {
	for _, name := range examples.Names() {
		if name == "shortener" {
			continue // a script has it, with what it prints
		}
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			root := newRoot()
			root.SetArgs([]string{"rubric", "test", "--quiet", filepath.Join("..", "..", "docs", "examples", name)})
			root.SetOut(&out)
			root.SetErr(&out)
			err := root.ExecuteContext(context.Background())
			require.NoError(t, err, out.String())
			assert.Regexp(t, `(?m)^\d+ as expected$`, out.String())
			untested := regexp.MustCompile(`(?m)^no sample fails: (.*)$`)
			for _, untested := range untested.FindAllStringSubmatch(out.String(), 1) {
				assert.Equal(t, "starts", untested[1])
			}
			assert.NotContains(t, out.String(), "not in ")
		})
	}
}
