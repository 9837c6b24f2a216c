package steps

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Asker is what steps are asked of.
type Asker interface {
	Do(ctx context.Context, r check.Request) (check.Answer, error)
	Started() check.Started
}

// Run sends the steps, one after another, and stops at the first that fails unless the check is partial. A step whose
// variable was to come from an answer that did not have it is not sent, since it would ask for something else; and nothing
// is after a given step that failed.
func Run(ctx context.Context, target Asker, all []Step, in check.Input) (check.Outcome, error) {
	r := runner{target: target, vars: vars{}, in: in, lost: map[string]int{}, seen: map[string]bool{}}
	for name, value := range in.Fresh {
		r.vars[name] = value
	}
	var out check.Outcome
	if by := Scattered(in.Memory); by != "" && keeps(all) {
		return Scatters(by), nil
	}
	failed, apart := false, false
	for n, s := range all {
		given := s.Given.Method != ""
		skipped := check.Item{Name: s.request().String(), Skipped: true, Free: given}
		if out.Given != "" {
			skipped.Got = "not asked: what it needs was not set up by " + out.Given
		}
		if apart {
			skipped.Got = "not asked: what it would answer is chance"
		}
		if out.Given != "" || apart || failed && !in.Partial {
			out.Items = append(out.Items, skipped)
			continue
		}
		if name, from := r.without(s); name != "" {
			skipped.Got = fmt.Sprintf("not asked: $%s was to come from the answer to step %d, %s", name, from, all[from-1].request())
			out.Items = append(out.Items, skipped)
			r.lose(s, from)
			continue
		}
		item, evidence, err := r.step(ctx, n+1, s)
		if err != nil {
			return check.Outcome{}, err
		}
		item.Free = given
		apart = r.apart
		if name := r.again(s, all); name != "" && given && item.Share == 1 {
			item.Share, item.Want = 0, fmt.Sprintf("an answer whose %s no other has", s.Save[name])
			item.Got = fmt.Sprintf("%s %s was given out twice", s.Save[name], Show(r.vars[name]))
			item.Hint = check.Advise("Give each a new one: a counter that only goes up, or uuid4.")
		}
		if item.Share < 1 {
			if failed = !r.detour; failed && given {
				out.Given = s.Given.String()
			}
			r.lose(s, n+1)
		}
		out.Items = append(out.Items, item)
		out.Evidence = append(out.Evidence, evidence...)
	}
	return out, nil
}

// Sends are the requests that steps judge.
func Sends(all []Step) (sends []string) {
	for _, s := range all {
		if s.Send.Method != "" {
			sends = append(sends, s.Send.String())
		}
	}
	return sends
}

// Givens are the requests that steps are given.
func Givens(all []Step) (givens []string) {
	for _, s := range all {
		if s.Given.Method != "" {
			givens = append(givens, s.Given.String())
		}
	}
	return givens
}

type runner struct {
	target Asker
	vars   vars
	in     check.Input
	past   []string        // what was sent before, one line each
	lost   map[string]int  // variables that the step of that number did not give
	seen   map[string]bool // single values that answers held
	detour bool            // the last step failed by a redirect that was followed, and by that alone
	apart  bool            // what the last step stored is in the memory of one process of several
	twice  string          // an id that a step of this check was given, and that another thing has
}

// lose notes the variables that a step should have saved and did not.
func (r *runner) lose(s Step, number int) {
	for name := range s.Save {
		if _, saved := r.vars[name]; !saved {
			r.lost[name] = number
		}
	}
}

// again is a variable that a step saved and that addresses something, where an earlier step has the same from the same
// request; or empty.
func (r *runner) again(s Step, all []Step) string {
	for _, name := range slices.Sorted(maps.Keys(s.Save)) {
		addresses := slices.ContainsFunc(all, func(other Step) bool { return slices.Contains(references(other.request().Path), name) })
		for _, before := range all {
			if before.Line >= s.Line {
				break
			}
			for other, path := range before.Save {
				if addresses && path == s.Save[name] && before.request() == s.request() && Show(r.vars[other]) == Show(r.vars[name]) {
					return name
				}
			}
		}
	}
	return ""
}

// without is a lost variable that the step uses, and the step that did not give it; or empty.
func (r *runner) without(s Step) (name string, from int) {
	s.uses(func(used string, _, _ option.Value) {
		if n, ok := r.lost[used]; ok && name == "" {
			name, from = used, n
		}
	})
	return name, from
}

// step sends one step and judges it.
func (r *runner) step(ctx context.Context, number int, s Step) (check.Item, []check.Evidence, error) {
	deadline := time.Now().Add(s.Within.Std())
	name := s.request().String()
	r.detour = false
	r.addUnused(s)
	for {
		e, err := r.send(ctx, s)
		if err == nil && s.Or != nil && len(e.misses) > 0 && noRoute(e.last().Status) {
			var other exchange
			if other, err = r.send(ctx, s.Or.step()); err == nil && len(other.misses) == 0 || !noRoute(other.last().Status) {
				e = other
			}
		}
		if err != nil {
			return check.Item{}, nil, err
		}
		if len(e.misses) > 0 && time.Now().Before(deadline) && ctx.Err() == nil {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		item := check.Passed(name)
		var evidence []check.Evidence
		scattered, err := r.scatter(ctx, s, e)
		if err != nil {
			return check.Item{}, nil, err
		}
		switch {
		case scattered != nil:
			item, r.apart = *scattered, true
		case len(e.misses) > 0:
			m := e.misses[0]
			if m.status {
				m.hint, m.alone = r.statusHint(ctx, s, e.request, e.last())
			}
			if r.twice != "" && !m.alone {
				m.hint, m.alone = fmt.Sprintf("The id %s was given out twice, and two things have it: give each a new one, by a counter that only goes up, or uuid4.", r.twice), true
			}
			item = check.Item{Name: name, Want: m.want, Got: m.got, Hint: check.Advise(m.hint), Alone: m.alone || s.Given.Method != ""}
			evidence = r.evidence(number, s, e.request, e.last(), m)
		case e.to != "" && s.Given.Method == "" && r.in.Memory.First("slash "+Route(s.Send.Path)):
			item, r.detour = Redirected(name, e.request.Method, e.request.Path, e.to), true
		}
		r.noteID(e)
		r.past = append(r.past, oneLine(e.request, e.last()))
		return item, evidence, nil
	}
}

// noteID notes the id that a POST was answered with, and that what a DELETE took has none any more.
func (r *runner) noteID(e exchange) {
	route, _, _ := strings.Cut(cmp.Or(e.to, e.request.Path), "?")
	route = strings.TrimSuffix(route, "/")
	if e.last().Status/100 != 2 || len(e.answers) > 1 {
		return
	}
	switch e.request.Method {
	case http.MethodDelete:
		r.in.Memory.Take(route)
	case http.MethodPost:
		value, _ := Decode(e.last().Body)
		switch id := at(value, "id").(type) {
		case json.Number, string:
			if r.in.Memory.Give(vars{"id": id}.path(route + "/$id")) {
				r.twice = Show(id)
			}
		}
	}
}

// noRoute reports whether a status is what a program answers of a route that it does not have.
func noRoute(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented
}

// exchange is what a step sent last, what came back, and what is wrong with it.
type exchange struct {
	request check.Request
	answers []check.Answer
	misses  []miss
	to      string // where a redirect led that was followed
}

func (e exchange) last() check.Answer { return e.answers[len(e.answers)-1] }

// send sends the request of a step as often as it says, and judges the answers.
func (r *runner) send(ctx context.Context, s Step) (exchange, error) {
	times := max(s.Times, 1)
	requests, answers, errs := make([]check.Request, times), make([]check.Answer, times), make([]error, times)
	scopes, led := make([]vars, times), make([]string, times)
	for i := range times {
		scopes[i] = maps.Clone(r.vars)
		if s.Times > 0 {
			scopes[i][counter] = int64(i + 1)
		}
		requests[i] = request(s, scopes[i])
	}
	together := max(s.Parallel, 1)
	gate := make(chan struct{})
	var group sync.WaitGroup
	for worker := range together {
		group.Go(func() {
			<-gate // all leave together
			for i := worker; i < times; i += together {
				if answers[i], led[i], errs[i] = r.ask(ctx, s, requests[i]); errs[i] != nil || ctx.Err() != nil {
					return
				}
			}
		})
	}
	close(gate)
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return exchange{}, err
		}
	}
	if ctx.Err() != nil {
		return exchange{}, ctx.Err()
	}
	values := make([]any, times)
	for i := range answers {
		var misses []miss
		if values[i], misses = judge(s, scopes[i], r.vars, answers[i], r.framework); len(misses) > 0 {
			if times == 1 { // what it was asked for may be there all the same, and later steps can go on with it
				r.save(s, values)
			}
			return exchange{requests[i], answers[:i+1], misses, led[i]}, nil
		}
		r.see(values[i])
	}
	done := exchange{requests[times-1], answers, nil, led[times-1]}
	m := distinct(s, values)
	if m == nil {
		m = r.save(s, values)
	}
	if m != nil {
		done.misses = []miss{*m}
	}
	return done, nil
}

// ask sends one request, and follows a redirect for a slash unless the step wants it.
func (r *runner) ask(ctx context.Context, s Step, request check.Request) (check.Answer, string, error) {
	if slices.ContainsFunc([]int{301, 302, 307, 308}, func(status int) bool { return s.Want.Match(status) }) {
		a, err := r.target.Do(ctx, request)
		return a, "", err
	}
	return Follow(ctx, r.target, request)
}

func request(s Step, v vars) check.Request {
	r := check.Request{Method: s.request().Method, Path: v.path(s.request().Path), Header: http.Header{"Accept": {"*/*"}}}
	if s.Body.Line > 0 {
		r.Body = Encode(v.data(s.Body, false))
		r.Header.Set("Content-Type", "application/json")
	}
	if s.Raw.Line > 0 {
		r.Body = []byte(v.fill(s.Raw.Text, asIs))
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range s.Headers {
		r.Header.Set(name, v.fill(value, asIs))
	}
	return r
}

// Encode is a value as JSON.
func Encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // what came from JSON or YAML goes to JSON
	return bytes.TrimSpace(b.Bytes())
}

// save remembers values of the answers.
func (r *runner) save(s Step, values []any) *miss {
	for _, name := range slices.Sorted(maps.Keys(s.Save)) {
		path := s.Save[name]
		var list saved
		for _, value := range values {
			path, optional := strings.CutSuffix(path, maybe)
			got := at(value, path)
			if _, missing := got.(absent); missing && !optional {
				hint := elsewhere(value, path, nil)
				if hint == "" {
					hint = fmt.Sprintf("Put %s into what %s answers.", path, s.request())
				}
				return &miss{want: fmt.Sprintf("an answer with %s", path), got: Show(value), hint: hint}
			}
			list = append(list, got)
		}
		if s.Times > 0 {
			r.vars[name] = list
		} else {
			r.vars[name] = list[0]
		}
	}
	return nil
}

// Decode reads one JSON value, and nothing more. Its numbers keep the digits with which they were written.
func Decode(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one value")
	}
	return value, nil
}
