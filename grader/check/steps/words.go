package steps

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/advice"
	"github.com/taskgrader/taskgrader/grader/check/readings"
	"github.com/taskgrader/taskgrader/grader/option"
)

// framework returns what the program is written with, where its folder is known.
func (r *runner) framework() advice.Framework {
	if folder := r.folder(); folder != nil {
		return advice.Of(folder)
	}
	return advice.Framework{}
}

// folder returns the submission's, or nil where the target is a container alone.
func (r *runner) folder() fs.FS {
	if source, ok := r.target.(interface{ FS() fs.FS }); ok {
		return source.FS()
	}
	return nil
}

// statusHint returns what is behind a status, as far as it can be seen; alone says that nothing
// else needs to be said.
func (r *runner) statusHint(ctx context.Context, s Step, q check.Request, a check.Answer) (hint string, alone bool) {
	f, textID := r.framework(), sync.OnceValue(r.slip(q).textID)
	where, _, _ := strings.Cut(q.Path, "?")
	template := reference.ReplaceAllString(s.request().Path, "{id}")
	returned := ""
	if a.Status < 300 && bytes.Contains(a.Body, []byte(`"status_code"`)) {
		returned = r.slip(q).lines(returns)
	}
	switch {
	case returned != "":
		return fmt.Sprintf("An HTTPException that is returned is an answer like any other, with %d: %s. Write raise "+
			"in place of return there.", a.Status, returned), true
	case s.wantsSuccess() && a.Status < 300 && r.elsewhere(s, a.Status) == "" && !r.coded(q, a, s).IsZero(),
		s.wantsOnly('4') && (a.Status/100 == 4 || a.Status >= 500 && own(a.Body)) && !r.coded(q, a, s).IsZero():
		return r.keep(r.coded(q, a, s)), true
	case a.Status < 300 && s.wantsSuccess():
		if other := r.elsewhere(s, a.Status); other != "" {
			return fmt.Sprintf("%s %s is to answer %s here, and %s where the check sends it besides: set the status "+
				"by what was done.", q.Method, where, s.Want.Codes, other), false
		}
		return f.Status(q.Method, where, s.Want.Codes.String()), false
	case a.Status < 300 && s.wantsOnly('3') && s.wantsCode(http.StatusNotModified):
		return fmt.Sprintf("The request has the ETag of before in If-None-Match: where nothing has changed, "+
			"answer %s %s with "+
			"304, and no body.", q.Method, where), false
	case a.Status < 300 && s.wantsOnly('3'):
		return fmt.Sprintf("The program answers %s %s itself, where it should lead on: answer with %s and a Location.",
			q.Method, where, s.Want), false
	case a.Status < 300 && (s.wantsCode(http.StatusUnauthorized) || s.wantsCode(http.StatusForbidden)) &&
		s.wantsLogin():
		return acceptedLogin(s, f), false
	case a.Status < 300 && s.Body.Line > 0 && !s.wantsCode(http.StatusConflict) &&
		(s.wantsCode(http.StatusBadRequest) ||
			s.wantsCode(http.StatusUnprocessableEntity)):
		lacks, known := r.lacksField(s, q)
		if !known {
			return fmt.Sprintf("The program accepts what it should refuse: look at the body that was sent, below, "+
				"and %s "+
				"where it cannot be.", f.Refuse(s.code())), false
		}
		if !lacks {
			return fmt.Sprintf("The program accepts a body that has all fields, and values that it should refuse: "+
				"look at what "+
				"they are, and %s where one cannot be.", f.Refuse(s.code())), false
		}
		for _, field := range r.takes(s) {
			if h := r.slip(q).defaulted(field); fieldsOf(q)[field] == nil && !h.IsZero() {
				return r.keep(h), false
			}
		}
		return "The program accepts what it should refuse. " + f.Validate(), false
	case a.Status < 300 && (!s.wantsCode(http.StatusNotFound) || a.Status == http.StatusCreated):
		return fmt.Sprintf("The program does what it should refuse here: %s under that condition.", f.Refuse(s.code())),
			false
	case a.Status < 300 && q.Method == http.MethodGet && r.removed(where):
		if other := otherID(a.Body, path.Base(where)); other != "" {
			return fmt.Sprintf("After DELETE %s, GET %s answers with the one whose id is %s: look it up by its id, "+
				"and not by its place in the list.", where, where, other), true
		}
		if holds(a.Body, path.Base(where)) {
			return fmt.Sprintf("It is still there after DELETE %s: let DELETE%s take it out of where GET looks.", where,
				r.slip(q).handler(http.MethodDelete, where)), false
		}
		return fmt.Sprintf("After DELETE %s, GET %s still answers with %d, and %s: %s when nothing is found%s.",
			where, where, a.Status, says(a.Body), f.Refuse("404"), r.slip(q).handler(q.Method, q.Path)), true
	case a.Status < 300:
		if c := r.code(); len(c.names) > 0 {
			if h := shown(view{code: c, method: q.Method, path: where, all: c.reach(q.Method, where)}, falsy,
				everything); !h.IsZero() {
				return r.keep(h), false
			}
		}
		return fmt.Sprintf("The program answers as if it were there%s: %s when nothing is found.",
			r.slip(q).handler(q.Method, q.Path), f.Refuse("404")), false
	case a.Status == http.StatusNotModified:
		return fmt.Sprintf("The program says that nothing has changed: make the ETag of %s of what it answers.", where),
			true
	case a.Status < 400 && s.wantsOnly('4'):
		return fmt.Sprintf("The program does what it should refuse here, and leads on to %q: %s under that condition.",
			cut(a.Header.Get("Location"), 100), f.Refuse(s.code())), true
	case a.Status < 400 && s.wantsOnly('3'):
		return fmt.Sprintf("The program leads on with %d: do it with %s.", a.Status, s.Want), false
	case a.Status < 400:
		return redirectHint(s, q, a, where), true
	case a.Status == http.StatusNotImplemented:
		return fmt.Sprintf("The program says that it does not know %s. %s", q.Method, f.Route(q.Method, template)), true
	case a.Status >= 500:
		return r.serverError(ctx, s, a), true
	case (a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden ||
		a.Status == http.StatusBadRequest && len(q.Body) == 0) && s.wantsOnly('4'):
		return fmt.Sprintf("The program refuses this, with another status: %s under that condition.",
			f.Refuse(s.code())), true
	case a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden:
		return refusedLogin(s, q, a, where), true
	case a.Status == http.StatusMethodNotAllowed:
		if h := r.renamed(ctx, q.Method, where); !h.IsZero() {
			return r.keep(h), true
		}
		if h := r.ofMethod(q.Method, where); !h.IsZero() {
			return r.keep(h), true
		}
		if other := r.other(q.Method); other != "" {
			return fmt.Sprintf("The path is there, but not for %s: %s, and is to have %s there.", q.Method, other,
				q.Method), true
		}
		return fmt.Sprintf("The path is there, but not for %s. %s", q.Method, f.Route(q.Method, template)), true
	case a.Status == http.StatusNotFound && !routeMissing(a.Body) && own(a.Body) && s.wantsOnly('4'):
		return fmt.Sprintf("The program refuses this with 404, and %s: %s before it looks for what is asked for.",
			says(a.Body), f.Refuse(s.code())), true
	case a.Status == http.StatusNotFound && (routeMissing(a.Body) || where == s.request().Path && q.Body == nil &&
		!own(a.Body)) && !r.routed(ctx, q.Method, where):
		if h := r.renamed(ctx, q.Method, where); !h.IsZero() {
			return r.keep(h), true
		}
		if h := r.unregistered(where); !h.IsZero() {
			return r.keep(h), true
		}
		if routes := r.routes(ctx, s.request()); routes != "" {
			add := r.unmounted(ctx, where)
			if other := r.other(q.Method); add == "" && other != "" {
				add = fmt.Sprintf(" %s, and is to have %s there.", other, q.Method)
			}
			if path.Base(where) == "health" { // no other does in its place
				add = " " + f.Route(q.Method, template) + answered(s.JSON)
			}
			return fmt.Sprintf("There is no route %s %s; your program has %s.%s", q.Method, where, routes, add), true
		}
		return fmt.Sprintf("There is no route %s %s. %s%s", q.Method, where, f.Route(q.Method, template),
			answered(s.JSON)), true
	case a.Status == http.StatusNotFound && !routeMissing(a.Body) && r.hidden(q.Method, where) != (check.Hint{}):
		return r.keep(r.hidden(q.Method, where)), true
	case a.Status == http.StatusNotFound && where != s.request().Path && slices.Contains(r.past, newContainer):
		return "The new container finds nothing of what the old one stored: keep it in a file on the volume.", true
	case a.Status == http.StatusNotFound && where != s.request().Path && slices.Contains(r.past, restarted):
		return "What was stored is gone with the restart: keep it in a file, and write it there at once.", true
	case a.Status == http.StatusNotFound && where != s.request().Path && textID() != "":
		return textID(), true
	case a.Status == http.StatusNotFound && where != s.request().Path && r.finds(ctx, q.Method, where):
		return fmt.Sprintf("GET %s finds it, and %s does not: let both look it up in the same way. An id that is text "+
			"is never equal to a number or a UUID.", where, q.Method), true
	case a.Status == http.StatusNotFound && r.removed(where):
		return fmt.Sprintf("It is gone since DELETE %s was done.", where), true
	case a.Status == http.StatusNotFound && (where != s.request().Path || q.Body == nil && !routeMissing(a.Body)):
		return fmt.Sprintf("The program says that there is nothing at %s: let it find there what was stored.", where),
			false
	case a.Status == http.StatusBadRequest || a.Status == http.StatusUnprocessableEntity:
		if h := r.asksFor(s, q); len(q.Body) > 0 && !h.IsZero() {
			return r.keep(h), true
		}
		return r.refusal(q, a), true
	}
	return fmt.Sprintf("The program refuses %s %s: %s.", q.Method, where, says(a.Body)), true
}

// own reports whether an answer is a program's own words, which are JSON.
func own(body []byte) bool {
	value, err := Decode(body)
	object, ok := value.(Object)
	return err == nil && ok && len(object) > 0
}

// elsewhere returns what another step of the check, with the same method and path, takes, where
// that is a status that this one does not; empty where there is none.
func (r *runner) elsewhere(s Step, status int) string {
	for _, other := range r.steps {
		if other.request() == s.request() && len(other.Want.Codes) > 0 && other.wantsCode(status) {
			return other.Want.Codes.String()
		}
	}
	return ""
}

// login is where programs send who is not signed in.
var login = regexp.MustCompile(`(?i)\b(log-?in|sign-?in|auth|session)`)

// wantsOnly reports whether all that the step takes are statuses of one class: '4' is a refusal.
func (s Step) wantsOnly(class byte) bool {
	if len(s.Either) > 0 || len(s.Want.Codes) == 0 {
		return false
	}
	return !slices.ContainsFunc(s.Want.Codes, func(code string) bool { return code[0] != class })
}

// wantsLogin reports whether all that the step takes are what somebody is answered who may not.
func (s Step) wantsLogin() bool {
	return !slices.ContainsFunc(s.Want.Codes, func(code string) bool {
		return !slices.Contains([]string{"401", "403", "404", "4xx"}, code) &&
			(code != "400" || !s.wantsCode(http.StatusUnauthorized))
	})
}

// code returns a status that the step wants.
func (s Step) code() string {
	for _, a := range s.Either {
		if len(a.Want) > 0 {
			return a.Want[0]
		}
	}
	return s.Want.Codes[0]
}

// answered returns what a route that is missing is to answer, where the rubric wants a thing of plain
// values, as a sentence; or empty.
func answered(want option.Value) string {
	plain := want.Kind == option.Map && !slices.ContainsFunc(want.Fields,
		func(f option.Field) bool { return strings.ContainsAny(f.Key.Text, "$.[") })
	want.EachText(func(v option.Value) { plain = plain && !strings.ContainsAny(v.Text, "$<>/") })
	text, err := json.Marshal(want.Interface())
	if !plain || err != nil || len(text) > 80 {
		return ""
	}
	return fmt.Sprintf(" It answers `%s`.", text)
}

// removed reports whether the check has sent a DELETE to a path, and was not refused.
func (r *runner) removed(path string) bool {
	sent := regexp.MustCompile(`^DELETE ` + regexp.QuoteMeta(path) + `(?:[ ,].*)? -> 2\d\d`)
	return slices.ContainsFunc(r.past, sent.MatchString)
}

// otherID returns the id that an answer gives to what it holds, where that is another number than was
// asked for; or empty.
func otherID(body []byte, asked string) string {
	value, _ := Decode(body)
	object, _ := value.(Object)
	id := plainText(object["id"])
	if _, err := strconv.Atoi(id); err != nil || id == asked {
		return ""
	}
	return id
}

// holds reports whether an answer has a thing with this id in it, at any depth.
func holds(body []byte, id string) (found bool) {
	value, err := Decode(body)
	if err != nil {
		return false
	}
	Mapped(value, func(leaf any) any {
		found = found || plainText(leaf) == id
		return leaf
	})
	return found
}

// noRoutes are what frameworks answer where they have no route, rather than a program that finds
// nothing.
var noRoutes = regexp.MustCompile(
	`^\s*\{"detail":\s*"Not Found"\}\s*$|The requested URL was not found on the server|Cannot (GET|POST|PUT|PATCH|` +
		`DELETE) /|^404 page not found|^Not Found$|Route (GET|POST|PUT|PATCH|DELETE):\S+ not found|` +
		`"error":"Not Found","path"`)

// finds reports whether GET finds what another method does not.
func (r *runner) finds(ctx context.Context, method, path string) bool {
	if method == http.MethodGet {
		return false
	}
	a, err := r.target.Do(ctx, check.Request{Method: http.MethodGet, Path: path})
	return err == nil && a.Status == http.StatusOK
}

func routeMissing(body []byte) bool { return noRoutes.Match(body) }

// exception is a line that names one, or what a traceback of Python's ends with, whatever its name.
var exception = regexp.MustCompile(`(?m)^Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)+([A-Za-z].*)$|` +
	`^\s*((?:[\w.]+\.)?(?:[A-Z]\w*(?:Error|Exception)\b:?|Error:).*)$`)

// serverError returns why a program answers that it failed: by itself, or by an exception that its
// log names.
func (r *runner) serverError(ctx context.Context, s Step, a check.Answer) string {
	if trimmed := strings.TrimSpace(string(a.Body)); json.Valid(a.Body) && strings.HasPrefix(trimmed, "{") {
		return fmt.Sprintf("The program chose %d itself, since the answer is its own: answer with %s.", a.Status,
			s.Want)
	}
	if exception := r.exception(ctx); exception != "" {
		return r.explain(ctx, s, exception)
	}
	return fmt.Sprintf("The program failed with %d, and its log names no exception: print what it does there.",
		a.Status)
}

// explain returns what to say of the exception that the log ends with after a step, and keeps what a
// reading of the log knows of it.
func (r *runner) explain(ctx context.Context, s Step, exception string) string {
	said := OfException(exception)
	if found, read, err := Meaning(ctx, r.target); err == nil && read {
		r.meant = found.Hint
		r.meant.Cause = sentence(said) + " " + r.meant.Cause
	}
	refuse := ""
	switch {
	case !s.wantsOnly('4'):
	case s.wantsCode(http.StatusNotFound):
		refuse = fmt.Sprintf("Look first whether it is there, and %s where nothing is found.",
			r.framework().Refuse("404"))
	case s.wantsCode(http.StatusBadRequest) || s.wantsCode(http.StatusUnprocessableEntity):
		refuse = fmt.Sprintf("Look at the body before that, and %s where it is not as it must be.",
			r.framework().Refuse(s.code()))
	}
	if refuse == "" {
		return said
	}
	if r.meant != (check.Hint{}) {
		r.meant.Advice, r.meant.Edit = refuse, nil
	}
	return sentence(said) + " " + refuse
}

// Meaning returns what the log of a program means that answered with a fault of its own; read is
// false where no reading knows it, or there is no log to read.
func Meaning(ctx context.Context, target Asker) (found readings.Finding, read bool, err error) {
	source, isSource := target.(check.Source)
	container, isLogger := target.(Logger)
	if !isSource || !isLogger {
		return found, false, nil
	}
	log, err := container.Logs(ctx)
	if err != nil {
		return found, false, err
	}
	_, line := check.LastLine(source, "CMD", "ENTRYPOINT")
	found, read = readings.Answer(log, readings.NewScene(source, line))
	return found, read, nil
}

// sentence returns a text that ends as a sentence does.
func sentence(text string) string {
	if strings.HasSuffix(text, "?") || strings.HasSuffix(text, "!") {
		return text
	}
	return strings.TrimSuffix(text, ".") + "."
}

// refusal returns what a program wants of a body that it refused, as its answer tells.
func (r *runner) refusal(q check.Request, a check.Answer) string {
	var fastapi struct {
		Detail []struct {
			Type string
			Loc  List
			Msg  string
		}
	}
	if json.Unmarshal(a.Body, &fastapi) == nil && len(fastapi.Detail) > 0 {
		var missing []string
		for _, d := range fastapi.Detail {
			if len(d.Loc) > 1 && d.Loc[0] == "path" {
				return r.ofPath(q, fmt.Sprint(d.Loc[1]), d.Msg)
			}
			if len(d.Loc) < 2 || !strings.Contains(d.Type, "missing") {
				continue
			}
			name := fmt.Sprint(d.Loc[len(d.Loc)-1])
			if d.Loc[0] != "body" {
				if len(q.Body) == 0 {
					return r.slip(q).unsent(name, fmt.Sprint(d.Loc[0]))
				}
				if d.Loc[0] != "query" || fieldsOf(q)[name] == nil {
					return fmt.Sprintf("The program wants `%s` in the %v, and what was sent is in the body.", name,
						d.Loc[0])
				}
				return fmt.Sprintf("The program wants `%s` in the query, and it was sent in the body: give "+
					"the function one parameter of a Pydantic model, `class Body(BaseModel)` with these "+
					"fields, and not each field.", name)
			}
			missing = append(missing, "`"+cut(name, 60)+"`")
		}
		if unknown := r.unknown(q, missing); len(missing) > 0 && len(unknown) > 0 {
			at := ""
			if len(missing) == 1 {
				field := re(`^\s+` + regexp.QuoteMeta(strings.Trim(missing[0], "`")) + `\s*:`)
				if where := r.slip(q).lines(field); where != "" {
					at = " (" + where + ")"
				}
			}
			return fmt.Sprintf(
				"The program wants %s%s, and no line of it has %s, which was sent: give its fields those names.",
				strings.Join(missing, " and "), at, strings.Join(unknown, " and "))
		}
		if len(missing) == 1 && missing[0] == "`id`" {
			return "`id` is required, and to give one out is the program's own part: let the field be `id: int | " +
				"None = None`, and let POST set it before the thing is stored, each time to another: " + unlike
		}
		if len(missing) == 1 {
			return fmt.Sprintf("%s is required, and what was sent has none: give it a default.", missing[0])
		} else if len(missing) > 1 {
			return fmt.Sprintf("%s are required, and what was sent has none of them: give them defaults.",
				strings.Join(missing, " and "))
		}
		where := ""
		if loc := fastapi.Detail[0].Loc; len(loc) > 1 {
			where = fmt.Sprintf("`%s`: ", cut(fmt.Sprint(loc[len(loc)-1]), 60))
		}
		return "The program refused the body: " + where + cut(fastapi.Detail[0].Msg, 200) + "."
	}
	if said := r.slip(q).otherBody(); said != "" && len(fieldsOf(q)) > 0 {
		return said
	}
	if len(q.Body) == 0 {
		return fmt.Sprintf("The program refuses %s %s: %s.", q.Method, q.Path, says(a.Body))
	}
	if unknown := r.unknown(q, nil); len(unknown) == 1 {
		for _, word := range regexp.MustCompile(`\w{2,}`).FindAllString(string(a.Body), -1) {
			reads := regexp.MustCompile(`(?:\bbody\??\.|\bget\(\s*["']|\[["']|\{[^}]*\b)` + word + `\b[^}\n]*`)
			if _, sent := fieldsOf(q)[word]; !sent && r.slip(q).lines(reads) != "" {
				return fmt.Sprintf("The program wants `%s`, and no line of it has %s, which was sent: give it that "+
					"name (%s).",
					word, unknown[0], r.slip(q).lines(regexp.MustCompile(`\b`+word+`\b`)))
			}
		}
	}
	return fmt.Sprintf("The program refused the body: %s.", says(a.Body))
}

// says returns what an answer says, as a clause.
func says(body []byte) string {
	if len(body) == 0 {
		return "its answer is empty"
	}
	return "its answer says " + quoted(body)
}

// elsewhere returns where in an answer a key is that is not where it was wanted: inside another, or
// under another name.
func elsewhere(value any, key string, want any, lines func(*regexp.Regexp) string) string {
	object, ok := value.(Object)
	if !ok {
		return ""
	}
	for _, name := range sortedKeys(object) {
		if inner, ok := object[name].(Object); ok {
			if _, there := inner[key]; there {
				return fmt.Sprintf("What was made is inside `%s`: answer with it alone.", cut(name, 60))
			}
		}
	}
	var same []string
	for _, name := range sortedKeys(object) {
		_, isBool := object[name].(bool)
		if _, wantsBool := want.(bool); isBool && wantsBool {
			same = append(same, name)
		}
	}
	if len(same) == 1 {
		at := lines(regexp.MustCompile(`\b` + regexp.QuoteMeta(same[0]) + `\b`))
		if at != "" {
			at = " (" + at + ")"
		}
		return fmt.Sprintf("The answer has `%s` in its place: call it `%s`%s.", cut(same[0], 60), key, at)
	}
	return ""
}
