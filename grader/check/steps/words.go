package steps

import (
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

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/advice"
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
	wantsSuccess := s.wantsCode(200) || s.wantsCode(201) || s.wantsCode(204)
	f := r.framework()
	where, _, _ := strings.Cut(q.Path, "?")
	template := reference.ReplaceAllString(s.request().Path, "{id}")
	switch {
	case a.Status < 300 && wantsSuccess && r.elsewhere(s, a.Status) != "":
		return fmt.Sprintf("%s %s is to answer %s here, and %s where the check sends it besides: set the status by "+
			"what was done.", q.Method, where, s.Want.Codes, r.elsewhere(s, a.Status)), false
	case a.Status < 300 && wantsSuccess:
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
		if !r.lacksField(s, q) {
			return fmt.Sprintf("The program accepts a body that has all fields, and values that it should refuse: "+
				"look at what "+
				"they are, and %s where one cannot be.", f.Refuse(s.code())), false
		}
		return "The program accepts what it should refuse. " + f.Validate(), false
	case a.Status < 300 && (!s.wantsCode(http.StatusNotFound) || a.Status == http.StatusCreated):
		return fmt.Sprintf("The program does what it should refuse here: %s under that condition.", f.Refuse(s.code())),
			false
	case a.Status < 300 && q.Method == http.MethodGet && r.removed(where):
		if other := otherID(a.Body, path.Base(where)); other != "" {
			return fmt.Sprintf("After DELETE %s, GET %s answers with the one whose id is %s: look it up by its id, "+
				"and "+
				"not by its place in the list.", where, where, other), true
		}
		if holds(a.Body, path.Base(where)) {
			return fmt.Sprintf("It is still there after DELETE %s: let DELETE take it out of where GET looks.", where),
				false
		}
		return fmt.Sprintf("After DELETE %s, GET %s still answers with %d, and %s: %s when nothing is found.",
			where, where, a.Status, says(a.Body), f.Refuse("404")), true
	case a.Status < 300:
		return fmt.Sprintf("The program answers as if it were there: %s when nothing is found.", f.Refuse("404")), false
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
	case (a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden) && s.wantsOnly('4'):
		return fmt.Sprintf("The program refuses this, with another status: %s under that condition.",
			f.Refuse(s.code())), true
	case a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden:
		return refusedLogin(s, q, a, where), true
	case a.Status == http.StatusMethodNotAllowed && r.other(q.Method) != "":
		return fmt.Sprintf("The path is there, but not for %s: %s, and is to have %s there.", q.Method,
			r.other(q.Method), q.Method), true
	case a.Status == http.StatusMethodNotAllowed:
		return fmt.Sprintf("The path is there, but not for %s. %s", q.Method, f.Route(q.Method, template)), true
	case a.Status == http.StatusNotFound && !routeMissing(a.Body) && own(a.Body) && s.wantsOnly('4'):
		return fmt.Sprintf("The program refuses this with 404, and %s: %s before it looks for what is asked for.",
			says(a.Body), f.Refuse(s.code())), true
	case a.Status == http.StatusNotFound && (routeMissing(a.Body) || where == s.request().Path && q.Body == nil &&
		!own(a.Body)) && !r.routed(ctx, q.Method, where):
		if routes := r.routes(ctx, s.request()); routes != "" {
			add := ""
			if path.Base(where) == "health" { // no other does in its place
				add = " " + f.Route(q.Method, template)
			}
			return fmt.Sprintf("There is no route %s %s; your program has %s.%s", q.Method, where, routes, add), true
		}
		return fmt.Sprintf("There is no route %s %s. %s", q.Method, where, f.Route(q.Method, template)), true
	case a.Status == http.StatusNotFound && where != s.request().Path && slices.Contains(r.past, newContainer):
		return "The new container finds nothing of what the old one stored: keep it in a file on the volume.", true
	case a.Status == http.StatusNotFound && where != s.request().Path && slices.Contains(r.past, restarted):
		return "What was stored is gone with the restart: keep it in a file, and write it there at once.", true
	case a.Status == http.StatusNotFound && where != s.request().Path && r.finds(ctx, q.Method, where):
		return fmt.Sprintf("GET %s finds it, and %s does not: let both look it up in the same way. An id that is text "+
			"is never equal to a number or a UUID.", where, q.Method), true
	case a.Status == http.StatusNotFound && (where != s.request().Path || q.Body == nil && !routeMissing(a.Body)):
		return fmt.Sprintf("The program says that there is nothing at %s: let it find there what was stored.", where),
			false
	case a.Status == http.StatusBadRequest || a.Status == http.StatusUnprocessableEntity:
		return r.refusal(q, a), true
	}
	return fmt.Sprintf("The program refuses %s %s: %s.", q.Method, where, says(a.Body)), true
}

// slashed returns where the program writes a route with the slash that was not asked for: "" is what
// is meant behind a prefix.
func (r *runner) slashed(asked, to string) (where string) {
	asked, _, _ = strings.Cut(asked, "?")
	if !strings.HasSuffix(to, "/") || asked+"/" != to {
		return ""
	}
	behind := regexp.MustCompile(`prefix\s*=\s*["']` + regexp.QuoteMeta(asked) + `["']`)
	route := regexp.MustCompile(`@\w+\.(?:get|post|put|patch|delete)\(\s*["'](?:/|` + regexp.QuoteMeta(to) + `)["']`)
	prefixed := false
	eachProgram(r.folder(), func(_, text string) { prefixed = prefixed || behind.MatchString(text) })
	eachProgram(r.folder(), func(name, text string) {
		var lines []string
		for n, line := range strings.Split(text, "\n") {
			if found := route.FindString(line); found != "" && (prefixed || strings.Contains(found, to)) {
				lines = append(lines, strconv.Itoa(n+1))
			}
		}
		if len(lines) == 0 || where != "" {
			return
		}
		as := asked
		if prefixed {
			as = ""
		}
		where = fmt.Sprintf("In %s, line %s, write %q.", name, strings.Join(lines, " and "), as)
		if len(lines) > 1 {
			where = strings.Replace(where, ", line ", ", lines ", 1)
		}
	})
	return where
}

// changes are the methods that change a thing, each with the other that programs have in its place.
var changes = map[string]string{http.MethodPut: http.MethodPatch, http.MethodPatch: http.MethodPut}

// other returns where the program has PATCH while PUT is asked for, or the other way round, as
// "main.py has PATCH in line 7"; or empty.
func (r *runner) other(method string) string {
	has := func(method, line string) bool {
		return regexp.MustCompile(`(?i)\.` + method + `\(|["']` + method + `["']`).MatchString(line)
	}
	instead := changes[method]
	if instead == "" {
		return ""
	}
	var files, lines []string
	eachProgram(r.folder(), func(name, text string) {
		for n, line := range strings.Split(text, "\n") {
			if has(instead, line) {
				files, lines = append(files, name), append(lines, strconv.Itoa(n+1))
			}
		}
	})
	files = slices.Compact(files)
	switch {
	case len(files) != 1 || len(lines) > mostRoutes:
		return ""
	case len(lines) > 1:
		return fmt.Sprintf("%s has %s in lines %s", files[0], instead, strings.Join(lines, " and "))
	}
	return fmt.Sprintf("%s has %s in line %s", files[0], instead, lines[0])
}

// own reports whether an answer is a program's own words, which are JSON.
func own(body []byte) bool {
	value, err := Decode(body)
	object, ok := value.(map[string]any)
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

// removed reports whether the check has sent a DELETE to a path, and was not refused.
func (r *runner) removed(path string) bool {
	sent := regexp.MustCompile(`^DELETE ` + regexp.QuoteMeta(path) + `(?:[ ,].*)? -> 2\d\d`)
	return slices.ContainsFunc(r.past, sent.MatchString)
}

// otherID returns the id that an answer gives to what it holds, where that is another number than was
// asked for; or empty.
func otherID(body []byte, asked string) string {
	value, _ := Decode(body)
	object, _ := value.(map[string]any)
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

// routed reports whether one of the program's routes takes a path: what it answers with 404 is then
// its own word, whatever a framework would say of a path that it has not.
func (r *runner) routed(ctx context.Context, method, path string) bool {
	found := r.described(ctx)
	if len(found) == 0 {
		found = written(r.folder())
	}
	asked := strings.Split(strings.Trim(path, "/"), "/")
	return slices.ContainsFunc(found, func(route Send) bool {
		parts := strings.Split(strings.Trim(route.Path, "/"), "/")
		if route.Method != method || len(parts) != len(asked) || !strings.ContainsAny(route.Path, "{<:") {
			return false
		}
		for i, part := range parts {
			if !strings.ContainsAny(part, "{<:") && part != asked[i] {
				return false
			}
		}
		return true
	})
}

func routeMissing(body []byte) bool { return noRoutes.Match(body) }

var exception = regexp.MustCompile(`(?m)^\s*((?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception)\b:?.*)$`)

// serverError returns why a program answers that it failed: by itself, or by an exception that its
// log names.
func (r *runner) serverError(ctx context.Context, s Step, a check.Answer) string {
	if trimmed := strings.TrimSpace(string(a.Body)); json.Valid(a.Body) && strings.HasPrefix(trimmed, "{") {
		return fmt.Sprintf("The program chose %d itself, since the answer is its own: answer with %s.", a.Status,
			s.Want)
	}
	if exception := r.exception(ctx); exception != "" {
		if s.wantsCode(http.StatusNotFound) && s.wantsOnly('4') {
			return fmt.Sprintf("%s. Look first whether it is there, and %s where nothing is found.",
				strings.TrimSuffix(OfException(exception), "."), r.framework().Refuse("404"))
		}
		return OfException(exception)
	}
	return fmt.Sprintf("The program failed with %d, and its log names no exception: print what it does there.",
		a.Status)
}

// unknown returns the fields of a body that no line of the program names, in quotes; none where it does
// not name those, quoted, that it wants: then its text is not here.
func (r *runner) unknown(q check.Request, wants []string) (names []string) {
	var text strings.Builder
	eachProgram(r.folder(), func(_, part string) { text.WriteString(part) })
	named := func(name string) bool {
		return regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(text.String())
	}
	if slices.ContainsFunc(wants, func(name string) bool { return !named(strings.Trim(name, "`")) }) {
		return nil
	}
	for _, name := range sortedKeys(fieldsOf(q)) {
		if !named(name) {
			names = append(names, "`"+cut(name, 60)+"`")
		}
	}
	return names
}

// refusal returns what a program wants of a body that it refused, as its answer tells.
func (r *runner) refusal(q check.Request, a check.Answer) string {
	var fastapi struct {
		Detail []struct {
			Type string
			Loc  []any
			Msg  string
		}
	}
	if json.Unmarshal(a.Body, &fastapi) == nil && len(fastapi.Detail) > 0 {
		var missing []string
		for _, d := range fastapi.Detail {
			if len(d.Loc) < 2 || !strings.Contains(d.Type, "missing") {
				continue
			}
			name := fmt.Sprint(d.Loc[len(d.Loc)-1])
			if d.Loc[0] != "body" {
				return fmt.Sprintf("The program wants `%s` in the %v, and it was sent in the body.", name, d.Loc[0])
			}
			missing = append(missing, "`"+cut(name, 60)+"`")
		}
		if unknown := r.unknown(q, missing); len(missing) > 0 && len(unknown) > 0 {
			return fmt.Sprintf(
				"The program wants %s, and no line of it has %s, which was sent: give its fields those names.",
				strings.Join(missing, " and "), strings.Join(unknown, " and "))
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
	if len(q.Body) == 0 {
		return fmt.Sprintf("The program refuses %s %s: %s.", q.Method, q.Path, says(a.Body))
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

// mostRoutes are named.
const mostRoutes = 4

// routes returns those of the program that are nearest to one that it does not have: of its own
// description, or of its text.
func (r *runner) routes(ctx context.Context, wanted Send) string {
	found := r.described(ctx)
	if len(found) == 0 {
		found = written(r.folder())
	}
	found = slices.DeleteFunc(found, func(route Send) bool { return path.Base(route.Path) == "health" })
	slices.SortStableFunc(found, func(a, b Send) int { return far(a, wanted) - far(b, wanted) })
	var named []string
	for _, route := range found[:min(len(found), mostRoutes)] {
		named = append(named, route.String())
	}
	if len(named) > 1 {
		return strings.Join(named[:len(named)-1], ", ") + " and " + named[len(named)-1]
	}
	return strings.Join(named, "")
}

// far returns how little a route is like another.
func far(route, wanted Send) (n int) {
	if route.Method != wanted.Method {
		n++
	}
	if strings.ContainsAny(route.Path, "{<:") != strings.Contains(wanted.Path, "$") {
		n += 2
	}
	return n
}

// described returns the routes of /openapi.json.
func (r *runner) described(ctx context.Context) (routes []Send) {
	a, err := r.target.Do(ctx, check.Request{Method: http.MethodGet, Path: "/openapi.json"})
	if err != nil || a.Status != http.StatusOK {
		return nil
	}
	var document struct {
		Paths map[string]map[string]any
	}
	if json.Unmarshal(a.Body, &document) != nil {
		return nil
	}
	for name, operations := range document.Paths {
		for method := range operations {
			if method = strings.ToUpper(method); slices.Contains(methods, method) && len(name) < 100 {
				routes = append(routes, Send{method, name})
			}
		}
	}
	slices.SortFunc(routes, func(a, b Send) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
	return routes
}

var (
	routeText  = regexp.MustCompile(`\b\w+\.(get|post|put|patch|delete)\(\s*["'\x60](/[^"'\x60\s]{0,100})["'\x60]`)
	flaskRoute = regexp.MustCompile(`\.route\(\s*["'](/[^"'\s]{0,100})["'](?:[^)\n]*methods\s*=\s*[\[(]([^\])]*))?`)
	program    = regexp.MustCompile(`\.(py|js|mjs|cjs|ts)$`)
)

// written returns the routes that the program's text has, in Python and Node.
func written(folder fs.FS) (routes []Send) {
	eachProgram(folder, func(_, text string) {
		if len(routes) > 100 {
			return
		}
		for _, m := range routeText.FindAllStringSubmatch(text, -1) {
			routes = append(routes, Send{strings.ToUpper(m[1]), m[2]})
		}
		for _, m := range flaskRoute.FindAllStringSubmatch(text, -1) {
			methods := strings.FieldsFunc(m[2], func(r rune) bool { return strings.ContainsRune(`"', `, r) })
			if len(methods) == 0 {
				methods = []string{http.MethodGet}
			}
			for _, method := range methods {
				routes = append(routes, Send{strings.ToUpper(method), m[1]})
			}
		}
	})
	return routes
}

// eachProgram visits the files of a program in Python or Node, in the order of their names; none
// where there is no folder.
func eachProgram(folder fs.FS, visit func(name, text string)) {
	if folder == nil {
		return
	}
	_ = fs.WalkDir(folder, ".", func(name string, e fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil:
			return nil
		case e.IsDir() && name != "." && (base[0] == '.' || base == "node_modules" || base == "venv" ||
			strings.HasPrefix(base, "test")):
			return fs.SkipDir
		case !e.Type().IsRegular() || !program.MatchString(base) || strings.HasPrefix(base, "test"):
			return nil
		}
		if text, err := fs.ReadFile(folder, name); err == nil && len(text) <= 256<<10 {
			visit(name, string(text))
		}
		return nil
	})
}

// elsewhere returns where in an answer a key is that is not where it was wanted: inside another, or
// under another name.
func elsewhere(value any, key string, want any) string {
	object, ok := value.(map[string]any)
	if !ok {
		return ""
	}
	for _, name := range sortedKeys(object) {
		if inner, ok := object[name].(map[string]any); ok {
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
		return fmt.Sprintf("The answer has `%s` in its place: call it `%s`.", cut(same[0], 60), key)
	}
	return ""
}
