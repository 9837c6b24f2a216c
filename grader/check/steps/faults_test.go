package steps_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	kind "github.com/taskgrader/taskgrader/grader/check/kinds/http"
)

var update = flag.Bool("update", false, "write what is said into testdata")

// stubborn is a program that stores nothing under /lost, and changes nothing under /kept.
func stubborn(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/openapi.json":
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodPost && r.URL.Path == "/other":
		fmt.Fprint(w, `{"message":"created"}`)
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":7,"title":"x"}`)
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPut || r.URL.Path == "/kept/7":
		fmt.Fprint(w, `{"id":7,"title":"x","done":false}`)
	case r.URL.Path == "/lost":
		fmt.Fprint(w, `[]`)
	case r.URL.Path == "/kept":
		fmt.Fprint(w, `[{"id":7,"title":"x"}]`)
	case r.URL.Path == "/first":
		fmt.Fprint(w, `{"id":7,"title":"x"}`)
	case r.URL.Path == "/promise":
		fmt.Fprint(w, `{}`)
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":"none"}`)
	}
}

// TestFaults: the line at fault in what answers, or in what that calls, and the line to write. What is
// right is not told as the fault of what is asked for.
func TestFaults(t *testing.T) {
	const golden = "testdata/faults.txtar"
	archive, err := txtar.ParseFile(golden)
	require.NoError(t, err)
	target, asked := checktest.New().Without("main.py").Serve(http.HandlerFunc(stubborn)), ""
	for i, f := range archive.Files {
		name, file, _ := strings.Cut(f.Name, "/")
		text := strings.TrimSpace(string(f.Data))
		switch file {
		case "steps":
			asked = text
		case "answer":
			var status int
			_, err := fmt.Sscan(text, &status)
			require.NoError(t, err)
			target = target.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				fmt.Fprint(w, text[4:])
			}))
		case "said":
			said := checktest.Asked(t, kind.Kind(), "http: ["+asked+"]", target)
			said = regexp.MustCompile(`(?s)^.*?; hint: `).ReplaceAllString(said, "")
			said, _, _ = strings.Cut(said, "\n")
			if archive.Files[i].Data = []byte(said + "\n"); !*update {
				assert.Equal(t, text, said, name)
			}
			target = checktest.New().Without("main.py").Serve(http.HandlerFunc(stubborn))
		default:
			target = target.With(file, string(f.Data))
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(golden, bytes.TrimSpace(txtar.Format(archive)), 0o644))
	}
}

// TestSilent: a function that sets a status and sends nothing, or never goes on.
func TestSilent(t *testing.T) {
	for text, want := range map[string]string{
		"app.delete('/a/:id', (req, res) => {\n  res.status(204);\n});\n": "sets the status and sends no answer. " +
			"Make line 2 of app.js `  res.status(204).end();`.",
		"app.use((req, res, next) => {\n  log(req);\n});\n": "app.js, line 1 takes next and never calls it",
	} {
		target := checktest.New().Without("main.py").With("app.js", text).Serve(http.HandlerFunc(
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		target.Timeout = time.Millisecond
		assert.Contains(t, checktest.Asked(t, kind.Kind(), "http: [{send: DELETE /a/7}]", target), want)
	}
}
