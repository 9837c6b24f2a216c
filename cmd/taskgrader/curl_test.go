package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/taskgrader/taskgrader/docs/examples"
	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/engine"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
	"github.com/taskgrader/taskgrader/rubrics"
)

// TestCurl runs each command that the reports of the samples print by the real curl, while the
// program still runs, and gets the answer that the report shows.
func TestCurl(t *testing.T) {
	_, err := exec.LookPath("curl")
	require.NoError(t, err, "install curl: scripts/setup")
	e, err := engine.Connect(t.Context())
	require.NoError(t, err)
	defer e.Close()
	var group errgroup.Group
	group.SetLimit(2)
	all := &repeats{t: t}
	files := []string{filepath.Join("..", "..", "submissions", "expected.yaml")}
	for _, name := range examples.Names() {
		files = append(files, filepath.Join("..", "..", "docs", "examples", name, "expected.yaml"))
	}
	for _, file := range files {
		expected, err := rubric.LoadExpected(file)
		require.NoError(t, err)
		rules := expected.Rubric
		if strings.Contains(rules, "/") {
			rules = filepath.Join(filepath.Dir(file), rules)
		}
		for _, sample := range expected.Submissions {
			if len(sample.Fails) == 0 {
				continue
			}
			r, err := rubric.Load(rules, rubrics.FS, kinds.All())
			require.NoError(t, err)
			for i := range r.Checks {
				r.Checks[i].Asks = repeated{r.Checks[i].Asks, all, filepath.Base(filepath.Dir(file)) + "/" + sample.ID,
					r.Checks[i].Kind.Name == "env"}
			}
			group.Go(func() error {
				sub, err := submission.Open(filepath.Join(filepath.Dir(file), sample.ID))
				if err != nil {
					return err
				}
				defer sub.Close()
				rep := grader.Grade(t.Context(), engineOf(e), r, *sub, grader.Options{Seed: "1"})
				assert.Equal(t, result.Graded, rep.Status, "%s: %v", sample.ID, rep.Problem)
				for _, c := range rep.For(result.Student).Checks {
					for _, e := range c.Evidence { // nothing of a hidden check's is in it, so a student gets it whole
						assert.NotContains(t, e.Text, "▒", "%s: %s", sample.ID, c.ID)
					}
				}
				return nil
			})
		}
	}
	require.NoError(t, group.Wait())
	t.Logf("%d commands were run", all.run)
	assert.Greater(t, all.run, 40)
}

// repeats counts the commands that were run.
type repeats struct {
	t   *testing.T
	mu  sync.Mutex
	run int
}

// repeated is a check whose commands are run as soon as it is asked.
type repeated struct {
	check.Check
	all    *repeats
	sample string
	env    bool // it is of the kind env
}

func (r repeated) Configure(s *check.Setup) {
	if inner, ok := r.Check.(check.SetupConfigurer); ok {
		inner.Configure(s)
	}
}

func (r repeated) JudgesStart() bool {
	inner, ok := r.Check.(check.StartJudge)
	return ok && inner.JudgesStart()
}

func (r repeated) Sends() []string {
	if inner, ok := r.Check.(check.Sender); ok {
		return inner.Sends()
	}
	return nil
}

func (r repeated) Givens() []string {
	if inner, ok := r.Check.(check.Sender); ok {
		return inner.Givens()
	}
	return nil
}

func (r repeated) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	asked := &asked{Target: t}
	var target check.Target = asked
	if own, ok := t.(check.Restarter); ok {
		target = askedOwn{asked, own}
	}
	o, err := r.Check.Ask(ctx, target, in)
	if err != nil {
		return o, err
	}
	for _, e := range o.Evidence {
		if e.Kind == "command" && strings.Contains(e.Text, "curl") {
			r.repeat(ctx, t, asked, in.ID, e.Text)
		}
	}
	return o, nil
}

// asked is a submission that remembers what it was asked.
type asked struct {
	check.Target
	mu      sync.Mutex
	answers map[string]check.Answer // by the command
}

func (a *asked) Do(ctx context.Context, r check.Request) (check.Answer, error) {
	answer, err := a.Target.Do(ctx, r)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answers == nil {
		a.answers = map[string]check.Answer{}
	}
	a.answers[steps.Curl(r, a.Started().Port)] = answer
	return answer, err
}

// askedOwn is asked of a container that the check may restart.
type askedOwn struct {
	*asked
	check.Restarter
}

// once are samples of which a request that was sent is answered otherwise the second time, as the
// program means it.
var once = map[string]string{
	"login/tells-password":   "there is the account now",
	"sessions/script-cookie": "a form is taken once",
}

// raced is a sample whose answer hangs on which of several requests comes first: it is not compared.
const raced = "login/twice"

// changing is what differs in each answer: ids, codes, numbers, times and tokens.
var changing = regexp.MustCompile(`"code": "[^"]*"|[0-9a-f]{8}-[0-9a-f-]{27}|eyJ[\w.-]+|[0-9a-f]{16,}|[\w-]{20,}|\d+`)

// repeat runs a command, and compares the answer.
func (r repeated) repeat(ctx context.Context, t check.Target, a *asked, id, command string) {
	name := r.sample + " " + id + ": " + command
	if r.sample == raced {
		return
	}
	want, ok := a.answers[command]
	if !ok && r.env { // it was sent to a container of the check's own, which is gone
		return
	}
	if !assert.True(r.all.t, ok, "%s: no such request was sent", name) || want.Fault != "" {
		return
	}
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		answer, err := t.Do(ctx, check.Request{Method: q.Method, Path: q.RequestURI, Header: q.Header, Body: body})
		if err != nil || answer.Fault != "" {
			panic(http.ErrAbortHandler)
		}
		for name, values := range answer.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Status)
		_, _ = w.Write(answer.Body)
	}))
	defer program.Close()
	here := fmt.Sprintf("http://127.0.0.1:%d", t.Started().Port)
	assert.Contains(r.all.t, command, here, name)
	run := exec.CommandContext(ctx, "bash", "-c", strings.ReplaceAll(command, here, program.URL))
	run.Dir = r.all.t.TempDir()
	out, err := run.Output()
	if !assert.NoError(r.all.t, err, name) {
		return
	}
	method := http.MethodGet
	if strings.Contains(command, "curl -I") {
		method = http.MethodHead
	}
	got, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(out)), &http.Request{Method: method})
	if !assert.NoError(r.all.t, err, name) {
		return
	}
	body, _ := io.ReadAll(got.Body)
	if _, ok := once[r.sample]; ok {
		assert.NotEqual(r.all.t, want.Status, got.StatusCode, name)
		return
	}
	assert.Equal(r.all.t, want.Status, got.StatusCode, name)
	assert.Equal(r.all.t, changing.ReplaceAllString(string(want.Body), "?"),
		changing.ReplaceAllString(string(body), "?"), name)
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	r.all.run++
}
