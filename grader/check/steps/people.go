package steps

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Person is who asks, as a rubric writes it under people.
type Person struct {
	Like    string            `json:"like,omitempty" jsonschema:"another person, whose fresh, steps and headers are meant"`
	Fresh   check.Fresh       `json:"fresh,omitzero" jsonschema:"new values, as in a check: names with their sorts, such as {mail: mail, pw: password}"`
	Steps   []Step            `json:"steps,omitempty" option:"empty" jsonschema:"how they sign in; it is given, so it blocks and never fails"`
	Headers map[string]string `json:"headers,omitempty" jsonschema:"headers of each of their requests"`
}

// person is who asks, ready to.
type person struct {
	name string
	Person
	unread bool // not all of it could be read
	alike  bool // it is like another
}

// cast is all who ask.
type cast struct {
	all   map[string]*person
	names []string // of the variables that a check sees: ann.mail
}

// nobody is the name of who has no login.
const nobody = "nobody"

// readPeople reads the people of a rubric.
func readPeople(scope check.Scope) (c cast, ps option.Problems) {
	c.all = map[string]*person{}
	if scope.People.Line == 0 {
		return c, nil
	}
	if scope.People.Kind != option.Map {
		return c, scope.People.Wrong("a mapping")
	}
	var shared []string
	for _, v := range scope.Shared.Names() {
		shared = append(shared, v.Text)
	}
	for _, f := range scope.People.Fields {
		p := &person{name: f.Key.Text}
		wrong := option.Decode(f.Value, &p.Person)
		ps = append(ps, wrong...)
		p.unread = !wrong.Readable()
		switch {
		case !variable.MatchString(p.name) || p.name == nobody:
			ps = append(ps, f.Key.Problem("a person's name is letters, digits and _, and not nobody: %s",
				f.Key.Describe())...)
		case c.all[p.name] != nil:
			ps = append(ps, f.Key.Problem("%q is there already", p.name)...)
		}
		c.all[p.name] = p
	}
	for _, f := range scope.People.Fields {
		p := c.all[f.Key.Text]
		if like, ok := f.Value.Get("like"); ok && p.Like != "" && !p.unread {
			switch other := c.all[p.Like]; {
			case other == nil:
				ps = append(ps, option.Unknown("person", like, slices.Sorted(maps.Keys(c.all)))...)
			case len(f.Value.Fields) > 1 || other.Like != "" || other == p:
				ps = append(ps, like.Problem("like stands alone, and names a person who is not like another")...)
			default:
				p.Person, p.unread, p.alike = other.Person, other.unread, true
			}
		}
		known := slices.Clone(shared)
		for _, v := range p.Fresh {
			known = append(known, v.Name)
		}
		if p.unread || p.alike || p.Like != "" { // which is said of the other
			for _, v := range p.Fresh {
				c.names = append(c.names, p.name+"."+v.Name)
			}
			for _, s := range p.Steps {
				for name := range s.Save {
					c.names = append(c.names, p.name+"."+name)
				}
			}
			continue
		}
		for _, s := range p.Steps {
			if s.As != "" || s.Given.Method != "" {
				ps = append(ps,
					s.place("as").Problem("signing in is sent by the person, so it has neither as nor given")...)
			}
		}
		_, wrong := validateVars(p.Steps, known, nil)
		ps = append(ps, slices.DeleteFunc(wrong, func(q option.Problem) bool { return q.Warning })...)
		for _, s := range p.Steps {
			for name := range s.Save {
				known = append(known, name)
			}
		}
		if headers, ok := f.Value.Get("headers"); ok {
			uses(headers, func(name string, at option.Value) {
				if !slices.Contains(known, name) {
					at.Text = name
					ps = append(ps, option.Unknown("variable", at, known)...)
				}
			})
		}
		for _, name := range known[len(shared):] {
			c.names = append(c.names, p.name+"."+name)
		}
	}
	return c, ps
}

// assign gives a step who asks.
func (c cast) assign(s *Step, as option.Value) option.Problems {
	s.who, s.cast = nil, c.all
	written := as
	if s.As != "" {
		written = s.place("as")
	}
	if written.Line == 0 || written.Text == nobody || s.written.Line > 0 && !s.asks() {
		return nil
	}
	if s.who = c.all[written.Text]; s.who == nil {
		ps := option.Unknown("person", written, append(slices.Sorted(maps.Keys(c.all)), nobody))
		if len(c.all) == 0 {
			ps[0].Hint = "say who that is, and how they sign in, under people at the top of the rubric"
		}
		return ps
	}
	return nil
}

// session is a person in one check: with values of their own, and signed in.
type session struct {
	person *person
	vars   vars
	jar    *cookiejar.Jar
	ready  bool // signed in: from then on the person's headers are sent
}

// session returns who asks in a step: its person, or who signs in; nil is nobody.
func (r *runner) session(s Step) *session {
	if s.who != nil {
		return r.sessions[s.who.name]
	}
	return r.self
}

// site returns what a jar knows of where requests go. A program is asked without TLS on this
// machine alone, where browsers send cookies that are for TLS too.
func site(path string) *url.URL {
	u, err := url.Parse("https://127.0.0.1" + path)
	if err != nil {
		u = &url.URL{Scheme: "https", Host: "127.0.0.1", Path: "/"}
	}
	return u
}

// dress puts the person's headers and cookies into a request.
func (s *session) dress(r *check.Request, own map[string]string) {
	if s == nil {
		return
	}
	names := map[string]bool{}
	for name := range own {
		names[http.CanonicalHeaderKey(name)] = true
	}
	if s.ready {
		for name, value := range s.person.Headers {
			if !names[http.CanonicalHeaderKey(name)] {
				r.Header.Set(name, s.vars.fill(value, asIs))
			}
		}
	}
	var cookies []string
	for _, c := range s.jar.Cookies(site(r.Path)) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	if len(cookies) > 0 && !names["Cookie"] {
		r.Header.Set("Cookie", strings.Join(cookies, "; "))
	}
}

// hear keeps the cookies of an answer.
func (s *session) hear(r check.Request, a check.Answer) {
	if s != nil {
		s.jar.SetCookies(site(r.Path), (&http.Response{Header: a.Header}).Cookies())
	}
}

// present lets a person sign in, once a check. missing is the item of a login that did not work,
// which is not judged here, and by is the request that failed.
func (r *runner) present(ctx context.Context,
	p *person) (missing *check.Item, evidence []check.Evidence, by string, err error) {
	if r.sessions[p.name] != nil {
		return nil, nil, "", nil
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, nil, "", err
	}
	s := &session{person: p, vars: vars{}, jar: jar}
	maps.Copy(s.vars, r.in.Shared)
	for _, f := range p.Fresh {
		s.vars[f.Name] = f.Make(r.in.Rand)
	}
	in := r.in
	in.Memory, in.Partial = nil, false
	own := newRunner(r.target, in)
	own.vars, own.sessions, own.self = s.vars, r.sessions, s
	for n, step := range p.Steps {
		item, evidence, err := own.do(ctx, n+1, step, p.Steps)
		if err != nil {
			return nil, nil, "", err
		}
		if item.Share < 1 && !own.detour {
			return &check.Item{Name: p.name + " signs in", Skipped: true, Free: true, Want: item.Want,
				Hint: item.Hint,
				Got: fmt.Sprintf("not asked: %s could not sign in, since %s was answered with %s", p.name, item.Name,
					item.Got)}, evidence, step.request().String(), nil
		}
	}
	s.ready = true
	r.past = append(r.past, own.past...)
	r.sessions[p.name] = s
	for name, value := range s.vars {
		r.vars[p.name+"."+name] = value
	}
	maps.Copy(r.origin, own.origin)
	return nil, nil, "", nil
}

// signIns returns the requests by which the people of steps sign in.
func signIns(s Step) (givens []string) {
	if s.who != nil {
		for _, step := range s.who.Steps {
			givens = append(givens, step.request().String())
		}
	}
	return givens
}
