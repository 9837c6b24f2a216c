package steps

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// view is what the functions behind a request are looked at with.
type view struct {
	code
	method string
	path   string
	all    []function // the first has the route
	sent   Object
	asks   bool // it is the request whose answer is wrong
	miss   miss
	answer Object // what was answered
}

// edit returns a hint whose cure is one line, or several that follow each other, written anew.
func (f function) edit(n, lines int, cause, text string) check.Hint {
	return check.Hint{Cause: cause, Edit: &check.Edit{File: f.file, Line: f.first + n,
		Old: strings.Join(f.lines[n:n+lines], "\n"), New: text}}
}

// add returns a hint whose cure is a line below another.
func (f function) add(n int, cause, text string) check.Hint {
	return check.Hint{Cause: cause, Edit: &check.Edit{File: f.file, Line: f.first + n, New: text}}
}

// ofOne reports whether a request is about one thing, by how its route begins: with a variable, or with a
// function that takes an id.
func (v view) ofOne() bool {
	if len(v.all) == 0 {
		return false
	}
	begins := v.all[0].lines[:min(2, len(v.all[0].lines))]
	return re(`["'/](?:[{<:])|\b\w*[iI][dD]\b`).MatchString(strings.Join(begins, "\n"))
}

// shows are the faults that the text of a function shows, whatever the answer was: the surer first.
var (
	shows = []func(view, function) check.Hint{
		remade,
		perRequest,
		uncommitted,
		unawaited,
		unkept,
		unreturned,
		everything,
		inverted,
		spliced,
		falsy,
		early,
		firstAlone,
		replaced,
		byPlace,
		keyedOther,
		otherType,
		converted,
		returnsNothing,
		unfetched,
		unnamed,
		unstored,
		uncounted,
		unremoved,
	}
	// showsMade are those of them that tell why a POST is answered with something else.
	showsMade = []func(view, function) check.Hint{unawaited, returnsNothing, narrowed, answersOther}
	// showsFailed are those that an exception may come of.
	showsFailed = []func(view, function) check.Hint{unawaited, returnsNothing, unfetched}
)

// fault returns what the program's text shows of why an answer is not as wanted, where that is about
// what is stored: in what answered, or in what changed it before. It is zero where nothing is seen.
func (r *runner) fault(s Step, q check.Request, a check.Answer, m miss) check.Hint {
	if r.folder() == nil || a.Fault != "" ||
		!(m.stored || m.twice || len(m.differences) > 0 || m.status && r.ofStored(s, q, a)) {
		return check.Hint{}
	}
	c := r.code()
	if m.twice {
		return shown(view{c, q.Method, q.Path, c.reach(q.Method, q.Path), nil, true, m, nil}, uncounted, uncommitted,
			perRequest)
	}
	first := func(path string) string { return strings.Split(strings.TrimPrefix(path, "/")+"/", "/")[0] }
	var looked []string
	for i, sent := range slices.Backward(append(slices.Clone(r.asked), q)) {
		where, _, _ := strings.Cut(sent.Path, "?")
		id := fmt.Sprint(sent.Method, strings.Count(where, "/"))
		if sent.Method == http.MethodGet && i < len(r.asked) || first(where) != first(q.Path) ||
			slices.Contains(looked, id) {
			continue
		}
		looked = append(looked, id)
		v := view{c, sent.Method, where, c.reach(sent.Method, where), fieldsOf(sent), i == len(r.asked), m, nil}
		if value, err := Decode(a.Body); err == nil {
			v.answer, _ = value.(Object)
		}
		of := shows
		switch d := m.differences; {
		case m.status && a.Status >= http.StatusInternalServerError:
			if of = showsFailed; !v.asks {
				continue
			}
		case v.asks && v.method == http.MethodPost && len(d) > 0 && strings.HasSuffix(d[0].path, "id") &&
			d[0].got != nothing:
			of = []func(view, function) check.Hint{uncounted, uncommitted, perRequest, remade}
		case v.asks && v.method == http.MethodPost:
			of = showsMade
		}
		if h := shown(v, of...); !h.IsZero() {
			return h
		}
	}
	return check.Hint{}
}

// shown returns the first fault that one of the functions behind a request shows.
func shown(v view, faults ...func(view, function) check.Hint) check.Hint {
	for _, fault := range faults {
		for _, f := range v.all {
			if h := fault(v, f); !h.IsZero() {
				return h
			}
		}
	}
	return check.Hint{}
}

// ofStored reports whether a status that is not wanted tells that something stored is not there, or
// something removed is.
func (r *runner) ofStored(s Step, q check.Request, a check.Answer) bool {
	where, _, _ := strings.Cut(q.Path, "?")
	switch {
	case a.Status == http.StatusNotFound:
		return s.wantsSuccess() && where != s.request().Path && !routeMissing(a.Body)
	case a.Status >= http.StatusInternalServerError:
		return s.wantsSuccess()
	}
	return a.Status < 300 && q.Method == http.MethodGet && s.wantsCode(http.StatusNotFound) && r.removed(where)
}
