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
)

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
	inside  string // the key of an object that the list was found in
	beside  bool   // it is that of what was sent meanwhile, which went wrong
}

func (e exchange) last() check.Answer {
	if len(e.answers) == 0 {
		return check.Answer{}
	}
	return e.answers[len(e.answers)-1]
}

// meanwhileHint is what to look for where the answer to what was sent meanwhile is not as it should.
const meanwhileHint = "Send the two requests at once, each from a terminal of its own, and let the program answer " +
	"the second while the first waits."

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
		var wrong *miss
		if requests[i], wrong = r.request(s, scopes[i]); wrong != nil {
			return exchange{request: requests[i], misses: []miss{*wrong}}, nil
		}
		r.give(requests[i])
	}
	asked := time.Now()
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
	var other *exchange
	var failed error
	if s.Meanwhile != nil {
		meanwhile := s.Meanwhile.step
		q, wrong := r.request(meanwhile, r.vars)
		if wrong != nil {
			return exchange{request: q, misses: []miss{*wrong}, beside: true}, nil
		}
		r.give(q)
		group.Go(func() {
			<-gate
			select {
			case <-time.After(s.Meanwhile.After.Std()):
			case <-ctx.Done():
				return
			}
			a, to, err := r.ask(ctx, meanwhile, q)
			other, failed = &exchange{request: q, answers: []check.Answer{a}, to: to, beside: true}, err
		})
	}
	close(gate)
	group.Wait()
	errs = append(errs, failed)
	for _, err := range errs {
		if err != nil {
			return exchange{}, err
		}
	}
	if ctx.Err() != nil {
		return exchange{}, ctx.Err()
	}
	values, found := make(List, times), make([]vars, times)
	inside := ""
	j := judging{step: s, all: r.vars, origin: r.named, asked: asked, framework: r.framework, inside: &inside,
		gave: r.gave, opaque: r.opaque, before: r.asked, base: r.base, folder: r.folder, code: r.code,
		deleted: slices.ContainsFunc(r.past, func(line string) bool { return strings.HasPrefix(line, "DELETE ") })}
	if other != nil {
		meanwhile := j
		meanwhile.step, meanwhile.vars, meanwhile.request = s.Meanwhile.step, r.vars, other.request
		if _, _, other.misses = meanwhile.judge(other.last()); len(other.misses) == 0 {
			var err error
			if other.misses, err = r.quick(ctx, s.Meanwhile.step, *other); err != nil {
				return exchange{}, err
			}
		}
		if len(other.misses) > 0 {
			m := &other.misses[0]
			m.want = fmt.Sprintf("meanwhile, of %s, %s", cut(meanwhile.route(), 100), m.want)
			m.status, m.alone, m.hint = false, true, cmp.Or(m.hint, meanwhileHint)
			r.past = append(r.past, r.oneLine(s, requests[0], answers[0]))
			return *other, nil
		}
		r.past = append(r.past, "meanwhile "+r.oneLine(s.Meanwhile.step, other.request, other.last()))
	}
	for i := range answers {
		j.vars, j.request = scopes[i], requests[i]
		var misses []miss
		if values[i], found[i], misses = j.judge(answers[i]); len(misses) > 0 {
			if times == 1 { // what it was asked for may be there all the same, and later steps can go on with it
				r.save(s, found[:1])
			}
			return exchange{request: requests[i], answers: answers[:i+1], misses: misses, to: led[i]}, nil
		}
		r.see(values[i])
	}
	done := exchange{request: requests[times-1], answers: answers, to: led[times-1], inside: inside}
	m := distinct(s, values)
	if m == nil {
		m = j.counted(answers)
	}
	if m == nil {
		r.save(s, found)
	} else {
		done.misses = []miss{*m}
	}
	return done, nil
}

// ask sends one request, and follows a redirect for a slash unless the step wants it.
func (r *runner) ask(ctx context.Context, s Step, request check.Request) (a check.Answer, to string, err error) {
	if slices.ContainsFunc([]int{301, 302, 307, 308}, s.wantsCode) {
		a, err = r.target.Do(ctx, request)
	} else {
		a, to, err = Follow(ctx, r.target, request)
	}
	if err == nil {
		r.session(s).hear(request, a)
	}
	return a, to, err
}

// wantsCode reports whether a status is one that the step takes for right.
func (s Step) wantsCode(status int) bool {
	if len(s.Either) == 0 {
		return s.Want.Match(status)
	}
	return slices.ContainsFunc(s.Either, func(a Alternative) bool { return a.Want.Match(status) })
}

// save remembers values of the answers.
func (r *runner) save(s Step, found []vars) {
	for name := range s.Save {
		var list saved
		for _, values := range found {
			if value, ok := values[name]; ok {
				list = append(list, value)
			}
		}
		switch {
		case s.Times > 0 && len(list) > 0:
			r.vars[name] = list
		case len(list) > 0:
			r.vars[name] = list[0]
		}
	}
}

// Decode reads one JSON value, and nothing more. Its numbers keep the digits with which they were
// written.
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
