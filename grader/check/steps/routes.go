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
)

// What a program's own description, and its text, say of its routes and fields.

// mostRoutes are named.
const mostRoutes = 4

// routes returns those of the program that are nearest to one that it does not have.
func (r *runner) routes(ctx context.Context, wanted Send) string {
	asked := path.Base(wanted.Path) == "health"
	found := slices.DeleteFunc(slices.Clone(r.served(ctx)),
		func(route Send) bool { return path.Base(route.Path) == "health" && !asked })
	slices.SortStableFunc(found, func(a, b Send) int { return far(a, wanted) - far(b, wanted) })
	var named []string
	for _, route := range found[:min(len(found), mostRoutes)] {
		named = append(named, route.String())
	}
	return check.And(named)
}

// served returns the routes that the program has, by its own description or else by its text. They
// are looked for once.
func (r *runner) served(ctx context.Context) []Send {
	if r.known == nil {
		if r.known = r.described(ctx); len(r.known) == 0 {
			r.known = written(r.folder())
		}
	}
	return r.known
}

// far returns how little a route is like another.
func far(route, wanted Send) (n int) {
	if path.Base(route.Path) != path.Base(wanted.Path) {
		n++
	}
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
		Paths map[string]Object
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

// mounts are the lines that put the routes of a router or blueprint below a path.
var (
	mounts = regexp.MustCompile(`\.use\(\s*["'](/[\w./-]*)["']\s*,\s*\w|\b(?:url_)?prefix\s*=\s*["'](/[\w./-]*)["']`)
	router = regexp.MustCompile(`\bRouter\(|\bBlueprint\(`)
)

// mount is one of these lines.
type mount struct {
	file, path string
	line       int
}

// mounted returns the lines of a program that put routes below a path.
func mounted(folder fs.FS) (all []mount) {
	check.EachProgram(folder, program, func(name, text string) {
		for n, line := range strings.Split(text, "\n") {
			if m := mounts.FindStringSubmatch(line); m != nil && len(all) < mostPlaces {
				all = append(all, mount{name, strings.TrimSuffix(m[1]+m[2], "/"), n + 1})
			}
		}
	})
	return all
}

// unmounted returns the line that puts what is asked for below another path, and what to write there, as
// a sentence; or empty.
func (r *runner) unmounted(ctx context.Context, asked string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(asked, "/"), "/")
	folder, wanted := r.folder(), "/"+first
	if folder == nil || first == "" {
		return ""
	}
	for _, m := range mounted(folder) {
		switch {
		case m.path != wanted && strings.HasSuffix(m.path, wanted):
			return fmt.Sprintf(" In %s, line %d, write %q in place of %q.", m.file, m.line, wanted, m.path)
		case m.path != "" && slices.ContainsFunc(r.served(ctx), func(route Send) bool {
			return strings.TrimSuffix(route.Path, "/") == m.path+wanted
		}):
			return fmt.Sprintf(" In %s, line %d, take the prefix %q out.", m.file, m.line, m.path)
		}
	}
	return ""
}

// written returns the routes that the program's text has, in Python and Node. Those of a router are
// below the path where it is put; where there are several such, which is whose is not known.
func written(folder fs.FS) (routes []Send) {
	below := mounted(folder)
	check.EachProgram(folder, program, func(_, text string) {
		if len(routes) > 100 {
			return
		}
		before := len(routes)
		defer func() {
			switch ofRouter := router.MatchString(text); {
			case ofRouter && len(below) > 1:
				routes = routes[:before]
			case ofRouter && len(below) == 1:
				for i := range routes[before:] {
					routes[before+i].Path = strings.TrimSuffix(below[0].path+routes[before+i].Path, "/")
				}
			}
		}()
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

// routed reports whether one of the program's routes takes a path: what it answers with 404 is then
// its own word, whatever a framework would say of a path that it has not.
func (r *runner) routed(ctx context.Context, method, path string) bool {
	asked := strings.Split(strings.Trim(path, "/"), "/")
	return slices.ContainsFunc(r.served(ctx), func(route Send) bool {
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
	check.EachProgram(r.folder(), program, func(_, text string) { prefixed = prefixed || behind.MatchString(text) })
	check.EachProgram(r.folder(), program, func(name, text string) {
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
		where = fmt.Sprintf("In %s, %s, write %q.", name, onLines(lines), as)
	})
	return where
}

// changes are the methods that change a thing, each with the other that programs have in its place.
var changes = map[string]string{http.MethodPut: http.MethodPatch, http.MethodPatch: http.MethodPut}

// other returns where the program has PATCH while PUT is asked for, or the other way round, as
// "main.py has PATCH in line 7"; or empty.
func (r *runner) other(method string) string {
	instead := changes[method]
	if instead == "" {
		return ""
	}
	has := regexp.MustCompile(`(?i)\.` + instead + `\(|["']` + instead + `["']`)
	var files, lines []string
	check.EachProgram(r.folder(), program, func(name, text string) {
		for n, line := range strings.Split(text, "\n") {
			if has.MatchString(line) {
				files, lines = append(files, name), append(lines, strconv.Itoa(n+1))
			}
		}
	})
	files = slices.Compact(files)
	if len(files) != 1 || len(lines) > mostRoutes {
		return ""
	}
	return fmt.Sprintf("%s has %s in %s", files[0], instead, onLines(lines))
}

// onLines returns the numbers of lines as a sentence has them: line 7, lines 7 and 9.
func onLines(numbers []string) string {
	if len(numbers) == 1 {
		return "line " + numbers[0]
	}
	return "lines " + strings.Join(numbers, " and ")
}

// unknown returns the fields of a body that no line of the program names, in quotes; none where it does
// not name those, quoted, that it wants: then its text is not here.
func (r *runner) unknown(q check.Request, wants []string) (names []string) {
	var text strings.Builder
	check.EachProgram(r.folder(), program, func(_, part string) { text.WriteString(part) })
	named := func(name string) bool {
		said := regexp.MustCompile(`\b(?:FastAPI|APIRouter)\([^)]*\)`).ReplaceAllString(text.String(), "")
		return regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(said)
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
