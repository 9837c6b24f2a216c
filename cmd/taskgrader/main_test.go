package main

import (
	"io"
	"log"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLibrariesAreSilent: net/http writes to the standard log what a program sends unasked, in whatever
// length and for each request; no reader of a terminal asked for that.
func TestLibrariesAreSilent(t *testing.T) {
	before := log.Writer()
	t.Cleanup(func() { log.SetOutput(before) })
	require.Zero(t, run([]string{"rubric", "list"}))
	require.Equal(t, io.Discard, log.Writer())
}
