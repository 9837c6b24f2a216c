package steps

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Caller is who sends the requests of a kind that makes them itself. The zero value is nobody.
type Caller struct{ person *person }

// ReadCaller returns who asks: whom the kind's own as names, or else the check's.
func ReadCaller(scope check.Scope, as option.Value) (Caller, option.Problems) {
	people, ps := readPeople(scope)
	if as.Line == 0 {
		as = scope.As
	}
	var s Step
	ps = append(ps, people.assign(&s, as)...)
	option.Sort(ps)
	return Caller{s.who}, ps
}

// Name returns the person's name; empty is nobody.
func (c Caller) Name() string {
	if c.person == nil {
		return ""
	}
	return c.person.name
}

// Variables returns the names of the person's values.
func (c Caller) Variables() (names []string) {
	if c.person == nil {
		return nil
	}
	for _, f := range c.person.Fresh {
		names = append(names, f.Name)
	}
	for _, s := range c.person.Steps {
		names = append(names, slices.Sorted(maps.Keys(s.Save))...)
	}
	return names
}

// Givens returns the requests by which the person signs in.
func (c Caller) Givens() []string { return signIns(Step{who: c.person}) }

// SignIn lets the person sign in. missing is the outcome where that did not work, which is another
// check's matter.
func (c Caller) SignIn(ctx context.Context, t Asker, in check.Input) (l *Login, missing *check.Outcome, err error) {
	if c.person == nil {
		return &Login{}, nil, nil
	}
	r := newRunner(t, in)
	item, evidence, by, err := r.present(ctx, c.person)
	if err != nil {
		return nil, nil, err
	}
	if item != nil {
		return nil, &check.Outcome{Items: []check.Item{*item}, Evidence: evidence, Given: by}, nil
	}
	return &Login{r.sessions[c.person.name]}, nil, nil
}

// Login is a person who is signed in. The zero value is nobody.
type Login struct{ session *session }

// Dress returns a request with the person's headers and cookies in it.
func (l *Login) Dress(r check.Request) check.Request {
	if r.Header = r.Header.Clone(); r.Header == nil {
		r.Header = http.Header{}
	}
	l.session.dress(&r, nil)
	return r
}

// Value returns one of the person's values; nil where there is none of that name.
func (l *Login) Value(name string) any {
	if l.session == nil {
		return nil
	}
	return l.session.vars.value(name)
}

// Path returns a path with the person's values put in, each escaped. What is no value of theirs
// stays.
func (l *Login) Path(text string) string {
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		if value := l.Value(strings.Trim(ref, "${}")); value != nil {
			return url.PathEscape(plainText(value))
		}
		return ref
	})
}

// Hear keeps the cookies of an answer.
func (l *Login) Hear(r check.Request, a check.Answer) { l.session.hear(r, a) }

// Of returns a submission whose requests are all the person's.
func (l *Login) Of(t check.Target) check.Target {
	if l.session == nil {
		return t
	}
	return caller{t, l}
}

// caller is a submission of which one person asks.
type caller struct {
	check.Target
	login *Login
}

// Do sends one request.
func (c caller) Do(ctx context.Context, r check.Request) (check.Answer, error) {
	r = c.login.Dress(r)
	a, err := c.Target.Do(ctx, r)
	if err == nil {
		c.login.Hear(r, a)
	}
	return a, err
}

// DoAtOnce sends one request several times.
func (c caller) DoAtOnce(ctx context.Context, r check.Request, n int) ([]check.Answer, []int, error) {
	return c.Target.DoAtOnce(ctx, c.login.Dress(r), n)
}
