package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/engine"
)

func TestFindingsArePrinted(t *testing.T) {
	ok := engine.Finding{Name: "memory limit", Status: "ok", Detail: "enforced"}
	warn := engine.Finding{Name: "build", Status: "warn", Detail: "bounded in time, context and log", Fix: "give the engine limits"}
	bad := engine.Finding{Name: "process limit", Status: "bad", Detail: "not enforced", Fix: "a newer kernel"}

	var plain strings.Builder
	require.ErrorIs(t, printFindings(&plain, []engine.Finding{ok, warn, bad}, false, 0), errGrader)
	require.Equal(t, `ok    memory limit        enforced
warn  build               bounded in time, context and log
                          fix: give the engine limits
bad   process limit       not enforced
                          fix: a newer kernel

1 ok, 1 to know, 1 bad
`, plain.String())

	var narrow strings.Builder
	require.NoError(t, printFindings(&narrow, []engine.Finding{ok, warn}, true, 50))
	require.Equal(t, "\x1b[32mok  \x1b[0m  memory limit        enforced\n"+
		"\x1b[33mwarn\x1b[0m  build               bounded in time,\n"+
		"                          context and log\n"+
		"                          fix: give the engine\n"+
		"                          limits\n\n1 ok, 1 to know, 0 bad\n", narrow.String())

	narrow.Reset()
	require.NoError(t, printFindings(&narrow, []engine.Finding{warn}, false, 40))
	require.Equal(t, "warn  build               \n      bounded in time, context and log\n      fix: give the engine limits\n\n0 ok, 1 to know, 0 bad\n", narrow.String())
}
