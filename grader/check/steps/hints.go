package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/advice"
	"github.com/taskgrader/taskgrader/grader/option"
)

// unlike is what gives things that must differ values that do.
const unlike = "a counter that only goes up, or uuid4."

// fixed reports whether the step asks for the same whatever was sent before.
func (s Step) fixed() bool {
	fixed := s.request().Method == http.MethodGet
	s.uses(func(string, option.Value, option.Value, bool) { fixed = false })
	return fixed
}

// differenceHint returns what is behind a value that is not as wanted, by the kind of difference.
func (j judging) differenceHint(d difference, value JSON) string {
	key, route := d.path[strings.LastIndex(d.path, ".")+1:], j.route()
	if wanted, ok := j.vars.data(j.step.JSON, true).(Object); ok && d.got == nothing && d.path == "$."+key {
		if where := elsewhere(value, key, wanted[key], j.lines); where != "" {
			return where
		}
	}
	h, isHole := d.wanted.(hole)
	if _, sent := fieldsOf(j.request)[key]; j.request.Method == http.MethodPatch && !sent && !isHole &&
		d.wanted != nil &&
		(d.found == nil || d.got == nothing) && strings.HasSuffix(d.path, "."+key) {
		return fmt.Sprintf("%s was sent without %q, and is to keep what is stored of it.", route, key)
	}
	if d.found == nil && d.got != nothing && d.wanted != nil && !isHole {
		if said := j.otherBody(); said != "" {
			return said
		}
	}
	if d.wanted == false && d.found == true || isHole && h.sort == ofOther && d.found == true {
		if said := j.untrue(key); said != "" {
			return said
		}
	}
	switch {
	case d.sort == ofOrder:
		return "The items are there, in another order: sort them before they are answered."
	case d.sort == ofCount:
		return fmt.Sprintf("Answer %s with %s there, not with %s.", route, counted(d.wanted), counted(d.found))
	case d.path == "$" && typeOf(d.wanted) != typeOf(d.found) && !isHole:
		if d.found == nil {
			return fmt.Sprintf("%s answers with null, and %s is wanted: does its function return it?", route,
				typeOf(d.wanted))
		}
		return fmt.Sprintf("%s answers with %s, and %s is wanted.", route, typeOf(d.found), typeOf(d.wanted))
	case d.path == "$":
		return fmt.Sprintf("Compare what %s answers with what was wanted.", route)
	case d.got == nothing:
		return fmt.Sprintf("Put %q into what %s answers.", key, route)
	case d.want == nothing:
		return fmt.Sprintf("Leave %q out of what %s answers.", key, route)
	case isHole && h.sort == ofOther && !strings.HasSuffix(strings.ToLower(key), "id"):
		return fmt.Sprintf("The %q in the answer to %s is still what it was: store what was sent%s.", key, route,
			j.changer())
	case isHole && h.sort == ofOther:
		return fmt.Sprintf("Answer with a new %s each time, such as ", key) + unlike
	case isHole && h.sort == ofType:
		return fmt.Sprintf("The %q in the answer to %s is of another type: answer with %s.", key, route, d.want)
	case isHole && h.sort == ofForm:
		return fmt.Sprintf("The %q in the answer to %s has another form: write it as %s.", key, route, d.want)
	case isHole && h.sort == ofRange:
		return fmt.Sprintf("The %q in the answer to %s is to be %s.", key, route, d.want)
	case isHole && strings.HasPrefix(h.says, momentText):
		written, _ := d.found.(string)
		if _, zoned, ok := readTime(written); ok && !zoned {
			return fmt.Sprintf("The %q in the answer to %s has no zone: answer with one, as in %s.", key, route,
				strings.TrimPrefix(h.says, momentText))
		}
		return fmt.Sprintf("The %q in the answer to %s is another moment than that which was sent, with its zone.", key,
			route)
	case isHole && strings.HasPrefix(h.says, notWorkedOut):
		return "The answer before gave a value that nothing can be worked out of: " +
			strings.TrimPrefix(h.says, notWorkedOut) + "."
	case isHole:
		return fmt.Sprintf("The %q in the answer to %s is to be %s here: work it out anew for each answer.", key, route,
			d.want)
	case typeOf(d.wanted) != typeOf(d.found) && typeOf(d.wanted) != "null" && typeOf(d.found) != "null" &&
		fieldsOf(j.request)[key] == nil && (typeOf(d.wanted) == "an object" || typeOf(d.wanted) == "an array"):
		return fmt.Sprintf("The %q in the answer to %s is %s, and is to be %s.", key, route, typeOf(d.found),
			typeOf(d.wanted))
	case typeOf(d.wanted) == "true or false" && (Show(d.found) == "0" || Show(d.found) == "1"):
		return fmt.Sprintf("SQLite and others keep true and false as 1 and 0, and so is the %q in the answer to %s: "+
			"make it %s before it is answered.", key, route, j.framework().Truth(key))
	case typeOf(d.wanted) != typeOf(d.found) && typeOf(d.wanted) != "null" && typeOf(d.found) != "null":
		return fmt.Sprintf("The %q in the answer to %s is %s, and %s is wanted: answer with the type that is sent.",
			key, route, typeOf(d.found), typeOf(d.wanted))
	}
	if j.request.Method == http.MethodGet && strings.Contains(d.path, "[") {
		return fmt.Sprintf("Another item is at %s in the answer to %s: look at which are chosen, and in which order.",
			d.path[:strings.LastIndex(d.path, "]")+1], route)
	}
	if source, saved := j.savedID(d.path); saved && d.found == nil && d.got != nothing {
		return fmt.Sprintf("%s answers with a thing whose %s is null: let what the program stores keep the %s that it "+
			"was given, after a PUT too.", route, source, source)
	}
	if source, saved := j.savedID(d.path); saved {
		return fmt.Sprintf("%s answers with the one whose %s is %s, and that with %s is wanted: look at which is "+
			"chosen.",
			route, source, Show(d.found), d.want)
	}
	wanted, isText := d.wanted.(string)
	found, _ := d.found.(string)
	a, isNumber := rational(json.Number(wanted))
	b, isFound := rational(json.Number(found))
	switch {
	case isText && isNumber && isFound && a.Cmp(b) == 0:
		return fmt.Sprintf("The %q in the answer to %s is the same number, written otherwise: write it as %s.", key,
			route,
			d.want)
	case j.repeated():
		return fmt.Sprintf("The same request was sent before, and the %q in its answer is to be %s now.", key, d.want)
	}
	if sent := fieldsOf(j.request)[key]; sent != nil && Show(sent) == d.got && d.path == "$."+key {
		return fmt.Sprintf("The %q in the answer to %s is what was just sent, and is to be %s here.", key, route,
			d.want)
	}
	if _, isFlag := d.wanted.(bool); isFlag && !j.gave[plainText(d.wanted)] && !j.step.fixed() {
		return fmt.Sprintf("The %q in the answer to %s is to be %s here.", key, route, d.want)
	} else if d.wanted != nil && !isFlag && !j.opaque && !j.gave[plainText(d.wanted)] && j.all.nameOf(d.want) == "" &&
		!j.step.fixed() {
		return fmt.Sprintf("The %q in the answer to %s is to be %s here: work it out anew of what is stored.",
			key, route,
			d.want)
	}
	if j.step.fixed() && j.changed() {
		return fmt.Sprintf("The %q in the answer to %s is to be %s after what was sent before.", key, route, d.want)
	} else if j.step.fixed() {
		return fmt.Sprintf("Answer %s with %q: %s%s.", route, key, d.want,
			j.handler(j.request.Method, j.request.Path))
	}
	if said := j.constant(key, d.found); said != "" {
		return said
	}
	return fmt.Sprintf(
		"The %q in the answer to %s is not what was sent or stored: follow the value from the request to the answer.",
		key, route)
}

// changed reports whether the check has sent what may change something.
func (j judging) changed() bool {
	return slices.ContainsFunc(j.before, func(q check.Request) bool {
		return q.Method != http.MethodGet && q.Method != http.MethodHead && q.Method != http.MethodOptions
	})
}

// savedID returns the key at a path of the answer, where what is wanted there is an id that an answer
// before gave, alone.
func (j judging) savedID(path string) (key string, ok bool) {
	key = strings.TrimPrefix(path, "$.")
	written, _ := j.step.JSON.Get(key)
	name := strings.Trim(written.Text, "${}")
	_, saved := j.base[name]
	return key, saved && strings.HasSuffix(strings.ToLower(key), "id") && oneVariable.MatchString(written.Text) &&
		!j.repeated()
}

// repeated reports whether the check has sent the same request before, which is to do something.
func (j judging) repeated() bool {
	return j.request.Method != http.MethodGet && slices.ContainsFunc(j.before, func(q check.Request) bool {
		return q.Method == j.request.Method && q.Path == j.request.Path && string(q.Body) == string(j.request.Body)
	})
}

// fieldsOf returns the fields of a body that is a JSON object.
func fieldsOf(q check.Request) Object {
	value, _ := Decode(q.Body)
	object, _ := value.(Object)
	return object
}

// everyHint returns what is behind an item of a list that is not as each must be.
func (j judging) everyHint(d difference, value JSON) string {
	if _, isHole := d.wanted.(hole); isHole || d.got == nothing || typeOf(d.wanted) != typeOf(d.found) {
		return j.differenceHint(d, value)
	}
	return fmt.Sprintf("An item with another %q is in the answer to %s: leave out what is not asked for.",
		d.path[strings.LastIndex(d.path, ".")+1:], j.route())
}

// nearest returns what is wrong with the one item of a list that is the wanted one by a key, and
// differs in others; by is that key, and nil where there is none such, or several.
func (in scene) nearest(wanted JSON, list List) (item JSON, by string, differs []difference) {
	object, ok := wanted.(Object)
	if !ok || len(object) < 2 {
		return nil, "", nil
	}
	for _, got := range list {
		there, ok := got.(Object)
		d := in.match("$", wanted, got, false)
		if !ok || len(d) == 0 || len(d) == len(object) {
			continue
		}
		for _, key := range sortedKeys(object) {
			_, isHole := object[key].(hole)
			_, isFlag := object[key].(bool)
			if isHole || isFlag || !equal(object[key], there[key]) {
				continue
			}
			if by != "" {
				return nil, "", nil
			}
			item, by, differs = got, key, d
			break
		}
	}
	return item, by, differs
}

// counted returns how many items an array has.
func counted(v JSON) string {
	list, _ := v.(List)
	return Plural(len(list), "item")
}

// typeOf returns the type of a value as a student reads it.
func typeOf(v JSON) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a text"
	case bool:
		return "true or false"
	case List, saved:
		return "an array"
	case Object:
		return "an object"
	}
	return "a number"
}

// textHint returns what to do about a text that does not match.
func (j judging) textHint(wanted Pattern) string {
	if wanted.not || wanted.absent {
		return fmt.Sprintf("Find what writes that into the answer to %s, and leave it out.", j.route())
	}
	return fmt.Sprintf("Compare the text that %s answers with the pattern, letter by letter.", j.route())
}

// lacksHint returns what is behind an item that a list must not have, one that this check knows of.
func (j judging) lacksHint() string {
	if j.step.who != nil {
		return fmt.Sprintf("The list that %s gets holds what is not to be in it: answer with %s own items alone.",
			j.step.who.name, j.step.who.name+"'s")
	}
	if said := j.textID(); said != "" {
		return said
	}
	return listHolds
}

const listHolds = "The list holds what is not to be in it: filter it, or remove what is gone from what it is made of."

// noJSONHint returns what to do about an answer that is no JSON.
func (j judging) noJSONHint(a check.Answer) string {
	if login.MatchString(a.Header.Get("Location")) {
		return fmt.Sprintf("The answer to %s leads to a login: let it answer itself.", j.route())
	}
	if a.Status >= http.StatusBadRequest {
		return j.framework().Failure(strconv.Itoa(a.Status))
	}
	return j.framework().JSON()
}

// faultHint returns what to do where there was no answer. What a log says is told where it was seen
// there.
func (r *runner) faultHint(ctx context.Context, q check.Request, s Step, a check.Answer) string {
	exception := r.exception(ctx)
	switch {
	case a.Exited && exception != "":
		return r.explain(ctx, s, exception)
	case a.Exited:
		return "Send the same request yourself, as below, and see what ends the program."
	case strings.Contains(a.Fault, "within"):
		if where := r.slip(check.Request{}).lines(uncalled); where != "" {
			return fmt.Sprintf("express.json makes what reads the body, and is not that itself: write express.json() "+
				"in %s.", where)
		}
		if h := r.silent(q); !h.IsZero() {
			return r.keep(h)
		}
		if at := r.slip(check.Request{}).handler(q.Method, q.Path); ofNode.MatchString(at) {
			return fmt.Sprintf("Look for a way through the function of %s%s that sends no answer, as res.end() does, "+
				"or for a loop that does not end.", q.Method, at)
		}
		return "Look for a loop, a sleep or a lock that is never released in what the request calls."
	case exception != "":
		return r.explain(ctx, s, exception)
	}
	return "Send the same request yourself, as below, and see how the program answers."
}

// OfException returns what to say of the exception that a log ends with.
func OfException(exception string) string {
	return "The program's log ends with this exception: " + exception
}

// exception returns the last one that the program's log names, or empty.
func (r *runner) exception(ctx context.Context) string {
	container, ok := r.target.(Logger)
	if !ok {
		return ""
	}
	for range logTries { // a server answers with 500 first, and writes why after that
		last, err := LastException(ctx, container)
		if err != nil || last != "" {
			return last
		}
		select {
		case <-ctx.Done():
			return ""
		case <-time.After(logPause):
		}
	}
	return ""
}

// How often, and how long apart, the log is read until it names an exception.
const (
	logTries = 4
	logPause = 150 * time.Millisecond
)

// Logger is what has a log.
type Logger interface {
	Logs(ctx context.Context) (string, error)
}

// LastException returns the last exception that a log names, or empty.
func LastException(ctx context.Context, l Logger) (string, error) {
	log, err := l.Logs(ctx)
	if err != nil {
		return "", err
	}
	all := exception.FindAllStringSubmatch(log, -1)
	if all == nil {
		return "", nil
	}
	last := all[len(all)-1]
	return cut(strings.TrimSpace(last[1]+last[2]), 200), nil
}

// refusedLogin returns what to say of 401 and 403.
func refusedLogin(s Step, q check.Request, a check.Answer, where string) string {
	sent := q.Header.Get("Authorization") != "" || q.Header.Get("Cookie") != ""
	switch {
	case !sent && s.who == nil:
		return fmt.Sprintf("It asks for a login, which the request does not have: let %s %s answer without one.",
			q.Method, where)
	case s.who != nil:
		return fmt.Sprintf("The program does not take the login of %s here: %s.", s.who.name, says(a.Body))
	}
	return fmt.Sprintf("The program does not take the login that was sent: %s.", says(a.Body))
}

// acceptedLogin returns what to say of an answer to somebody who is to be refused.
func acceptedLogin(s Step, f advice.Framework) string {
	switch {
	case s.who != nil && !s.wantsCode(http.StatusForbidden) && !s.wantsCode(http.StatusNotFound):
		return fmt.Sprintf("The program takes the login of %s, which is not to count here: %s then.", s.who.name,
			f.Refuse(s.code()))
	case s.who != nil:
		return fmt.Sprintf("The program lets %s do what only others may: %s there.", s.who.name, f.Refuse(s.code()))
	}
	code := "401"
	if !s.wantsCode(http.StatusUnauthorized) {
		code = "403"
	}
	return fmt.Sprintf("The program takes a login or a signature that is missing, wrong or over: %s then.",
		f.Refuse(code))
}

// redirectHint returns what to say of a redirect that was not wanted.
func redirectHint(s Step, q check.Request, a check.Answer, where string) string {
	to := cut(a.Header.Get("Location"), 100)
	switch {
	case login.MatchString(to) && s.who != nil:
		return fmt.Sprintf("The program sends %s to the login %q again: let it know who is signed in.", s.who.name, to)
	case login.MatchString(to):
		return fmt.Sprintf("The program wants a login first, at %q: let %s %s answer without one.", to, q.Method, where)
	}
	return fmt.Sprintf("The program redirects to %q: let it answer %s %s itself.", to, q.Method, where)
}

// sameItems reports whether two arrays hold the same, in another order.
func sameItems(a, b List) bool {
	if len(a) != len(b) {
		return false
	}
	sorted := func(list List) (shown []string) {
		for _, v := range list {
			text, _ := json.Marshal(plain(v))
			shown = append(shown, string(text))
		}
		slices.Sort(shown)
		return shown
	}
	return slices.Equal(sorted(a), sorted(b))
}
