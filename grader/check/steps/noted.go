package steps

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

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

// once is a header of a request that does what it asks for once, however often it is sent.
var once = regexp.MustCompile(`(?i)idempoten`)

// repeats reports whether a step may be answered with what was made before: it says so in a header,
// or wants an id that was given out.
func (s Step) repeats(e exchange) bool {
	for name := range e.request.Header {
		if once.MatchString(name) {
			return true
		}
	}
	id, _ := s.JSON.Get("id")
	return oneVariable.MatchString(id.Text) && s.Save[strings.Trim(id.Text, "${}")] == Source{}
}

// noteID notes the id that a POST was answered with, and that what a DELETE took has none any more.
func (r *runner) noteID(s Step, e exchange) {
	route, _, _ := strings.Cut(cmp.Or(e.to, e.request.Path), "?")
	route = strings.TrimSuffix(route, "/")
	if e.last().Status/100 != 2 || len(e.answers) > 1 || s.repeats(e) {
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
	} else if kind := q.Header.Get("Content-Type"); len(q.Body) > 0 && kind != formType {
		r.opaque = true
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
	if sent == nil || e.last().Status/100 != 2 || !s.wantsSuccess() {
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

// wantsSuccess reports whether the step sends what is to be done.
func (s Step) wantsSuccess() bool { return s.wantsCode(200) || s.wantsCode(201) || s.wantsCode(204) }

// lacksField reports whether a body has not all the fields that its route is known to take; known is
// false where that cannot be said.
func (r *runner) lacksField(s Step, q check.Request) (lacks, known bool) {
	takes, sent := r.takes(s), fields(q)
	if len(sent) == 0 || len(takes) == 0 {
		return true, len(takes) > 0 || sent != nil && len(sent) == 0
	}
	return slices.ContainsFunc(takes, func(field string) bool { return !sent[field] }), true
}

// takes returns the fields that the step's route is known to take.
func (r *runner) takes(s Step) []string {
	takes := strings.Fields(r.in.Memory.Noted(s.fieldsName()))
	for _, other := range r.steps { // of which nothing need be asked yet
		if other.fieldsName() == s.fieldsName() && other.request().Method == s.request().Method &&
			other.wantsSuccess() {
			for _, f := range other.Body.Fields {
				takes = append(takes, f.Key.Text)
			}
		}
	}
	return takes
}

// fields returns the keys of a body that is a JSON object, without those that a list of words
// cannot hold; nil where it is none.
func fields(q check.Request) map[string]bool {
	object := fieldsOf(q)
	if object == nil {
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
