package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/engine"
)

func TestFindingsArePrinted(t *testing.T) {
	ok := engine.Finding{Name: "memory limit", Status: "ok", Detail: "enforced"}
	warn := engine.Finding{Name: "build", Status: "warn", Detail: "bounded in time, context and log",
		Fix: "give the engine limits"}
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
	require.Equal(t,
		"warn  build               \n      bounded in time, context and log\n      fix: give the engine limits\n\n0 "+
			"ok, 1 to know, 0 bad\n", narrow.String())
}

// podmanSays is what Podman 5.8.6 answers to GET /version, but for what is of its machine.
const podmanSays = `{"Platform":{"Name":"linux/amd64/debian-unknown"},"Components":[
{"Name":"Podman Engine","Version":"5.8.6","Details":{"APIVersion":"5.8.6","MinAPIVersion":"4.0.0","Os":"linux"}},
{"Name":"Conmon","Version":"conmon version 2.1.13, commit: unknown","Details":{"Package":"conmon_2.1.13+ds1-2_amd64"}}],
"Version":"5.8.6","ApiVersion":"1.44","MinAPIVersion":"1.24","Os":"linux","Arch":"amd64"}`

// podman: for the rest of the script, Docker is what answers as Podman does.
func podman(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: podman")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.44")
		switch {
		case strings.HasSuffix(r.URL.Path, "/_ping"):
		case strings.HasSuffix(r.URL.Path, "/version"):
			fmt.Fprint(w, podmanSays)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	ts.Defer(server.Close)
	ts.Setenv("DOCKER_HOST", "tcp://"+server.Listener.Addr().String())
}
