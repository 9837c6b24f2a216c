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
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Asker is what steps are asked of.
type Asker interface {
	Do(ctx context.Context, r check.Request) (check.Answer, error)
	Started() check.Started
}

// Run sends the steps, one after another, and stops at the first that fails unless the check is
// partial. A step whose variable was to come from an answer that did not have it is not sent, since
// it would ask for something else; and nothing is after a given step that failed, or a person who
// could not sign in.
func Run(ctx context.Context, target Asker, all []Step, in check.Input) (check.Outcome, error) {
	r := newRunner(target, in)
	for name, value := range in.Shared {
		r.vars[name] = value
	}
	for name, value := range in.Fresh {
		r.vars[name] = value
	}
	var out check.Outcome
	if by := Scattered(in.Memory); by != "" && keeps(all) {
		return Scatters(by), nil
	}
	failed, apart, setUp := false, false, ""
	for n, s := range all {
		skipped := check.Item{Name: r.shown(s, all), Skipped: true, Free: s.free(), Weight: s.Weight}
		if !s.asks() {
			skipped.Name = s.doing()
		}
		if setUp != "" {
			skipped.Got = "not asked: what it needs was not set up by " + setUp
		}
		if apart {
			skipped.Got = "not asked: what it would answer is chance"
		}
		if setUp != "" || apart || failed && !in.Partial {
			out.Items = append(out.Items, skipped)
			continue
		}
		if name, from := r.without(s); name != "" {
			skipped.Got = fmt.Sprintf("not asked: the %s that it needs was to come from the answer to step %d, %s",
				sourceOf(name, all).name(), from, r.sent[from])
			out.Items = append(out.Items, skipped)
			r.lose(s, from)
			continue
		}
		missing, evidence, by, err := r.signIn(ctx, s)
		if err != nil {
			return check.Outcome{}, err
		}
		if missing != nil { // another's matter: it blocks
			out.Items, out.Evidence = append(out.Items, *missing), append(out.Evidence, evidence...)
			skipped.Got = missing.Got
			out.Items = append(out.Items, skipped)
			out.Given, setUp = by, "a login"
			continue
		}
		item, evidence, err := r.do(ctx, n+1, s, all)
		if err != nil {
			return check.Outcome{}, err
		}
		given := s.Given.Method != ""
		item.Free, item.Weight = s.free(), s.Weight
		apart = r.apart
		if name := r.again(s, all); name != "" && given && item.Share == 1 {
			item.Share, item.Want = 0, fmt.Sprintf("an answer whose %s no other has", s.Save[name].name())
			item.Got = fmt.Sprintf("%s %s was given out twice", s.Save[name].name(), Show(r.vars[name]))
			item.Hint = check.Advise("Give each a new one: " + unlike)
		}
		if item.Share < 1 {
			if failed = !r.detour; failed && given {
				out.Given, setUp = s.Given.String(), item.Name
			} else if failed && !s.asks() {
				item.Free, failed, setUp = false, true, item.Name
			}
			r.lose(s, n+1)
		}
		out.Items = append(out.Items, item)
		out.Evidence = append(out.Evidence, evidence...)
	}
	return out, nil
}

// signIn lets the people sign in whom a step names: who asks, and whose values it uses. by is the
// request that failed.
func (r *runner) signIn(ctx context.Context,
	s Step) (missing *check.Item, evidence []check.Evidence, by string, err error) {
	people := []*person{}
	if s.who != nil {
		people = append(people, s.who)
	}
	s.uses(func(name string, _, _ option.Value, _ bool) {
		owner, _, dotted := strings.Cut(name, ".")
		if p := s.cast[owner]; dotted && p != nil && !slices.Contains(people, p) {
			people = append(people, p)
		}
	})
	for _, p := range people {
		if missing, evidence, by, err = r.present(ctx, p); err != nil || missing != nil {
			return missing, evidence, by, err
		}
	}
	return nil, nil, "", nil
}

// Sends returns the requests that steps judge.
func Sends(all []Step) (sends []string) {
	for _, s := range all {
		if s.Send.Method != "" {
			sends = append(sends, s.Send.String())
		}
	}
	return sends
}

// Givens returns the requests that steps are given, with those by which their people sign in.
func Givens(all []Step) (givens []string) {
	for _, s := range all {
		if s.Given.Method != "" {
			givens = append(givens, s.Given.String())
		}
		for _, by := range signIns(s) {
			if !slices.Contains(givens, by) {
				givens = append(givens, by)
			}
		}
	}
	return givens
}

type runner struct {
	target   Asker
	vars     vars
	in       check.Input
	sessions map[string]*session // of the people who are signed in
	self     *session            // who signs in, while they do
	past     []string            // what was sent before, one line each
	sent     map[int]string      // the request of each step, as it was sent
	lost     map[string]int      // variables that the step of that number did not give
	origin   map[string]string   // where a variable's value came from, as a clause
	base     map[string]string   // the path of the request whose answer gave a variable
	seen     map[string]bool     // single values that answers held
	gave     map[string]bool     // single values that requests held
	detour   bool                // the last step failed by what was passed over, a redirect or an object around a list
	apart    bool                // what the last step stored is in the memory of one process of several
	twice    string              // an id that a step of this check was given, and that another thing has
}

func newRunner(target Asker, in check.Input) *runner {
	return &runner{target: target, vars: vars{}, in: in, sessions: map[string]*session{}, sent: map[int]string{},
		lost:   map[string]int{},
		origin: map[string]string{}, base: map[string]string{}, seen: map[string]bool{}, gave: map[string]bool{}}
}

// lose notes the variables that a step should have saved and did not.
func (r *runner) lose(s Step, number int) {
	for name := range s.Save {
		if _, saved := r.vars[name]; !saved {
			r.lost[name] = number
		}
	}
}

// again returns a variable that a step saved and that addresses something, where an earlier step
// has the same from the same request; or empty.
func (r *runner) again(s Step, all []Step) string {
	for _, name := range slices.Sorted(maps.Keys(s.Save)) {
		addresses := slices.ContainsFunc(all, func(other Step) bool {
			return slices.Contains(references(other.request().Path), name)
		})
		for _, before := range all {
			if !before.precedes(s) {
				break
			}
			for other, source := range before.Save {
				if addresses && source.path == s.Save[name].path && source.path != "" &&
					before.request() == s.request() && before.who == s.who &&
					Show(r.vars[other]) == Show(r.vars[name]) {
					return name
				}
			}
		}
	}
	return ""
}

// sourceOf returns where a variable was to come from.
func sourceOf(name string, all []Step) Source {
	for _, s := range all {
		if source, ok := s.Save[name]; ok {
			return source
		}
	}
	return Source{}
}

// without returns a lost variable that the step uses, and the step that did not give it; or empty.
func (r *runner) without(s Step) (name string, from int) {
	s.uses(func(used string, _, _ option.Value, _ bool) {
		if n, ok := r.lost[used]; ok && name == "" {
			name, from = used, n
		}
	})
	return name, from
}

// do sends one step and judges it, or does what it says beside sending.
func (r *runner) do(ctx context.Context, number int, s Step, all []Step) (check.Item, []check.Evidence, error) {
	r.detour = false
	if !s.asks() {
		return r.pause(ctx, number, s)
	}
	deadline := time.Now().Add(s.Within.Std())
	r.addUnused(s)
	for {
		log, err := r.logBefore(ctx, s)
		if err != nil {
			return check.Item{}, nil, err
		}
		e, err := r.send(ctx, s)
		asked := s
		if err == nil && s.Or != nil && len(e.misses) > 0 && noRoute(e.last().Status) {
			var other exchange
			if other, err = r.send(ctx, s.Or.of(s)); err == nil && len(other.misses) == 0 ||
				!noRoute(other.last().Status) {
				e, asked = other, s.Or.of(s)
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
		if len(e.misses) == 0 {
			if e.misses, err = r.logged(ctx, s, log); err != nil {
				return check.Item{}, nil, err
			}
		}
		if len(e.misses) == 0 {
			if e.misses, err = r.quick(ctx, s, e); err != nil {
				return check.Item{}, nil, err
			}
		}
		name := s.request().Method + " " + cut(e.request.Path, exchangeBytes)
		if asked.request() != s.request() {
			name = r.shown(s, all)
		}
		r.sent[number] = name
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
			} else if e.last().Fault != "" {
				m.hint = r.faultHint(ctx, e.last())
			}
			if r.twice != "" && !m.alone {
				m.hint, m.alone = fmt.Sprintf(
					"The id %s was given out twice, and two things have it: give each a new one, by ", r.twice)+unlike,
					true
			}
			item = check.Item{Name: name, Want: m.want, Got: m.got, Hint: check.Advise(m.hint), Alone: m.alone ||
				s.Given.Method != ""}
			evidence = r.evidence(number, s, e.request, e.last(), m)
		case e.to != "" && s.Given.Method == "" && r.in.Memory.First("slash "+Route(s.Send.Path)):
			item, r.detour = Redirected(name, e.request.Method, e.request.Path, e.to), true
		case e.inside != "" && s.Given.Method == "" && r.in.Memory.First("list "+Route(s.Send.Path)):
			item, r.detour = Wrapped(name, e.inside), true
			evidence = r.evidence(number, s, e.request, e.last(), miss{})
		}
		r.noteID(e)
		r.noteFields(s, e)
		r.past = append(r.past, r.oneLine(s, e.request, e.last()))
		r.remember(number, s, e)
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
			if slices.Contains(strings.Split(route, "/"), url.PathEscape(plainText(id))) {
				return // the answer is of what the path names, and nothing was made
			}
			if r.in.Memory.Give(vars{"id": id}.path(route + "/$id")) {
				r.twice = Show(id)
			}
		}
	}
}

// give notes the single values of a request.
func (r *runner) give(q check.Request) {
	note := func(leaf any) any {
		r.gave[plainText(leaf)] = true
		return leaf
	}
	if value, err := Decode(q.Body); err == nil {
		Mapped(value, note)
	}
	_, query, _ := strings.Cut(q.Path, "?")
	for _, text := range []string{query, string(q.Body)} {
		if fields, err := url.ParseQuery(text); err == nil && len(text) < mostInline {
			for _, values := range fields {
				for _, value := range values {
					note(value)
				}
			}
		}
	}
}

// noteFields notes which fields a route takes.
func (r *runner) noteFields(s Step, e exchange) {
	sent := fields(e.request)
	if sent == nil || e.last().Status/100 != 2 || len(e.misses) > 0 {
		return
	}
	name := s.fieldsName()
	for _, field := range strings.Fields(r.in.Memory.Noted(name)) {
		sent[field] = true
	}
	r.in.Memory.Note(name, strings.Join(slices.Sorted(maps.Keys(sent)), " "))
}

// fieldsName returns the name under which is noted what fields the step's route takes.
func (s Step) fieldsName() string {
	path, _, _ := strings.Cut(s.request().Path, "?")
	return "fields " + reference.ReplaceAllString(path, "{}")
}

// lacksField reports whether a body has not all the fields that its route is known to take, or
// whether none is known.
func (r *runner) lacksField(s Step, q check.Request) bool {
	known := strings.Fields(r.in.Memory.Noted(s.fieldsName()))
	sent := fields(q)
	return len(known) == 0 || sent == nil || slices.ContainsFunc(known, func(field string) bool { return !sent[field] })
}

// fields returns the keys of a body that is a JSON object, without those that a list of words
// cannot hold; nil where it is none.
func fields(q check.Request) map[string]bool {
	value, _ := Decode(q.Body)
	object, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	names := map[string]bool{}
	for name := range object {
		if !strings.ContainsFunc(name, unicode.IsSpace) {
			names[name] = true
		}
	}
	return names
}

// remember notes where values that a step used or saved came from.
func (r *runner) remember(number int, s Step, e exchange) {
	name := r.sent[number]
	s.uses(func(used string, _, _ option.Value, ofAnswer bool) {
		if _, known := r.origin[used]; !known && !ofAnswer && (r.in.Fresh[used] != nil || r.in.Shared[used] != nil) {
			r.origin[used] = fmt.Sprintf("what %s sent", name)
		}
	})
	for saved, source := range s.Save {
		r.origin[saved] = fmt.Sprintf("the %s that %s answered", source.name(), name)
		r.base[saved] = e.request.Path
	}
}

// named returns what a student reads for a variable.
func (r *runner) named(name string) string {
	if from, ok := r.origin[name]; ok {
		return from
	}
	if owner, field, ok := strings.Cut(name, "."); ok {
		return "the " + field + " of " + owner
	}
	return "what was made for this run"
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
	inside  string // the key of an object that the list was found in
}

func (e exchange) last() check.Answer {
	if len(e.answers) == 0 {
		return check.Answer{}
	}
	return e.answers[len(e.answers)-1]
}

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
	values, found := make([]any, times), make([]vars, times)
	inside := ""
	j := judging{step: s, all: r.vars, origin: r.named, asked: asked, framework: r.framework, inside: &inside,
		gave:    r.gave,
		deleted: slices.ContainsFunc(r.past, func(line string) bool { return strings.HasPrefix(line, "DELETE ") })}
	for i := range answers {
		j.vars, j.request = scopes[i], requests[i]
		var misses []miss
		if values[i], found[i], misses = j.judge(answers[i]); len(misses) > 0 {
			if times == 1 { // what it was asked for may be there all the same, and later steps can go on with it
				r.save(s, found[:1])
			}
			return exchange{requests[i], answers[:i+1], misses, led[i], ""}, nil
		}
		r.see(values[i])
	}
	done := exchange{requests[times-1], answers, nil, led[times-1], inside}
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
