package steps

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
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
// variable was to come from an answer that did not have it is not sent, since it would ask for something else.
func Run(ctx context.Context, target Asker, all []Step, in check.Input) (check.Outcome, error) {
	r := runner{target: target, vars: vars{}, in: in, lost: map[string]int{}}
	for name, value := range in.Fresh {
		r.vars[name] = value
	}
	var out check.Outcome
	failed := false
	for n, s := range all {
		skipped := check.Item{Name: s.Send.String(), Skipped: true}
		if failed && !in.Partial {
			out.Items = append(out.Items, skipped)
			continue
		}
		if name, from := r.without(s); name != "" {
			skipped.Got = fmt.Sprintf("not asked: $%s was to come from the answer to step %d, %s", name, from, all[from-1].Send)
			out.Items = append(out.Items, skipped)
			r.lose(s, from)
			continue
		}
		item, evidence, err := r.step(ctx, n+1, s)
		if err != nil {
			return check.Outcome{}, err
		}
		if item.Share < 1 {
			failed = true
			r.lose(s, n+1)
		}
		out.Items = append(out.Items, item)
		out.Evidence = append(out.Evidence, evidence...)
	}
	return out, nil
}

type runner struct {
	target Asker
	vars   vars
	in     check.Input
	past   []string       // what was sent before, one line each
	lost   map[string]int // variables that the step of that number did not give
}

// lose notes the variables that a step should have saved and did not.
func (r *runner) lose(s Step, number int) {
	for name := range s.Save {
		if _, saved := r.vars[name]; !saved {
			r.lost[name] = number
		}
	}
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
	for {
		request, answers, misses, err := r.send(ctx, s)
		if err != nil {
			return check.Item{}, nil, err
		}
		if len(misses) > 0 && time.Now().Before(deadline) && ctx.Err() == nil {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		line := oneLine(request, answers[len(answers)-1])
		item := check.Passed(s.Send.String())
		var evidence []check.Evidence
		if len(misses) > 0 {
			m := misses[0]
			item = check.Item{Name: s.Send.String(), Want: m.want, Got: m.got, Hint: check.Advise(m.hint)}
			evidence = r.evidence(number, s, request, answers[len(answers)-1], m)
		}
		r.past = append(r.past, line)
		return item, evidence, nil
	}
}

// send sends the request of a step as often as it says, and judges the answers.
func (r *runner) send(ctx context.Context, s Step) (check.Request, []check.Answer, []miss, error) {
	times := max(s.Times, 1)
	requests, answers, errs := make([]check.Request, times), make([]check.Answer, times), make([]error, times)
	scopes := make([]vars, times)
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
				if answers[i], errs[i] = r.target.Do(ctx, requests[i]); errs[i] != nil || ctx.Err() != nil {
					return
				}
			}
		})
	}
	close(gate)
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return check.Request{}, nil, nil, err
		}
	}
	if ctx.Err() != nil {
		return check.Request{}, nil, nil, ctx.Err()
	}
	values := make([]any, times)
	for i := range answers {
		var misses []miss
		if values[i], misses = judge(s, scopes[i], r.vars, requests[i], answers[i]); len(misses) > 0 {
			if times == 1 { // what it was asked for may be there all the same, and later steps can go on with it
				r.save(s, values)
			}
			return requests[i], answers[:i+1], misses, nil
		}
	}
	if m := distinct(s, values); m != nil {
		return requests[times-1], answers, []miss{*m}, nil
	}
	if m := r.save(s, values); m != nil {
		return requests[times-1], answers, []miss{*m}, nil
	}
	return requests[times-1], answers, nil, nil
}

func request(s Step, v vars) check.Request {
	r := check.Request{Method: s.Send.Method, Path: v.path(s.Send.Path), Header: http.Header{"Accept": {"*/*"}}}
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
			got := at(value, path)
			if _, missing := got.(absent); missing {
				return &miss{want: fmt.Sprintf("an answer with %s", path), got: Show(value), hint: fmt.Sprintf("Put %s into what %s answers.", path, s.Send)}
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
