package steps

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// What a program's text shows of why an answer is wrong.

// lines returns where the program's files match a pattern, as a sentence has it: "index.js, lines 3 and
// 9"; empty where none does, and where there is no program.
func (j judging) lines(pattern *regexp.Regexp) string {
	return j.linesOf(func(lines []string, n int) bool { return pattern.MatchString(lines[n]) })
}

// linesOf is lines for what one line does not tell: it is given those around it, too.
func (j judging) linesOf(matches func(lines []string, n int) bool) string {
	if j.folder == nil || j.folder() == nil {
		return ""
	}
	var places []string
	check.EachProgram(j.folder(), program, func(name, text string) {
		var at []string
		lines := strings.Split(text, "\n")
		for n := range lines {
			if matches(lines, n) && len(at) < mostPlaces {
				at = append(at, strconv.Itoa(n+1))
			}
		}
		if len(at) > 0 && len(places) < mostRoutes {
			places = append(places, name+", "+onLines(at))
		}
	})
	return check.And(places)
}

// mostPlaces are named of one file.
const mostPlaces = 8

var (
	comparesText = regexp.MustCompile(`[!=]==\s*req(?:uest)?\.params\.\w+\b|\breq(?:uest)?\.params\.\w+\s*[!=]==|` +
		`\.(?:get|has|delete)\(\s*req(?:uest)?\.params\.\w+\s*\)`)
	keepsText = regexp.MustCompile(`\b(?:const|let|var)\s+(?:\{\s*id\s*\}\s*=\s*req(?:uest)?\.params|` +
		`id\s*=\s*req(?:uest)?\.params\.id)\s*;?\s*$`)
	flaskText = regexp.MustCompile(`(?:\.(?:route|get|put|patch|delete)\(|add_resource\(\s*\w+\s*,)\s*["'][^"']*` +
		`<(?:string:)?\w*id>`)
	fastapiText = regexp.MustCompile(`^\s*(?:async )?def \w+\(\s*(?:\w+_)?id\s*(?::\s*str\s*)?[,)]`)
)

// textID returns what to say where the ids that were given out are numbers, and the program takes the one
// in the path as text: neither is ever equal to the other. It is empty where no line of it does.
func (j judging) textID() string {
	if !j.numbered() {
		return ""
	}
	for _, slip := range []struct {
		pattern    *regexp.Regexp
		does, cure string
	}{
		{comparesText, "take the id of the path as it is", "write Number(req.params.id) there"},
		{keepsText, "take the id of the path as it is", "write const id = Number(req.params.id)"},
		{flaskText, "have an id in the path without its type", "write <int:id> there, with the name that it has"},
		{nil, "take an id without the type int", "write : int behind its name"},
	} {
		where := ""
		if slip.pattern != nil {
			where = j.lines(slip.pattern)
		} else {
			where = j.linesOf(func(lines []string, n int) bool { // a path of FastAPI's has braces
				return fastapiText.MatchString(lines[n]) && n > 0 && decorated.MatchString(lines[n-1]) &&
					strings.Contains(lines[n-1], "{")
			})
		}
		if where != "" {
			return fmt.Sprintf("An id in a path is text, which is never equal to a number, and the ids that were "+
				"given out are numbers. These lines %s: %s. In each, %s.", slip.does, where, slip.cure)
		}
	}
	return ""
}

// numbered reports whether the request's path ends in an id that an answer gave as a number, or whether
// one of those that were saved is.
func (j judging) numbered() bool {
	for name := range j.base {
		if id, ok := j.all[name].(json.Number); ok && (path.Base(j.request.Path) == id.String() || j.deleted) {
			return true
		}
	}
	return false
}

// reads are the ways by which a program reads a body that is no JSON.
var reads = regexp.MustCompile(`\brequest\.(?:form|values)\b|` +
	`\brequest\.args\.get\(\s*["'](?:title|name|completed|done)`)

// otherBody returns what to say where a program reads a form, and JSON was sent; or empty.
func (j judging) otherBody() string {
	where := j.lines(reads)
	if where == "" {
		return ""
	}
	return fmt.Sprintf("What is sent is JSON, and the program reads a form or the query: %s. Write request.get_json() "+
		"in place of that there.", where)
}

// uncalled is a middleware of Express that is named, and not made.
var uncalled = regexp.MustCompile(`\.use\(\s*(?:express|bodyParser)\.(?:json|urlencoded)\s*\)`)

var ofNode = regexp.MustCompile(`\.[cm]?[jt]s, line`)

// untrue returns what to say where a program takes a field only when it is true, so that false is never
// stored; or empty.
func (j judging) untrue(key string) string {
	field := strings.ReplaceAll(`(?:\.KEY\b|\[["']KEY["']\]|\.get\(["']KEY["']\))`, "KEY", regexp.QuoteMeta(key))
	for _, slip := range []struct{ pattern, cure string }{
		{`^\s*if\s+[\w.]+` + field + `\s*:`, "write `is not None` before the colon"},
		{`[\w.]` + field + `\s+or\s+\w`, "ask `is not None` there"},
		{`^\s*if\s*\(\s*[\w.]+` + field + `\s*\)`, "write `!== undefined` behind it"},
		{`[\w.]` + field + `\s*\|\|\s*\w`, "write ?? in place of ||"},
		{`\b` + regexp.QuoteMeta(key) + `\s*\|\|\s*true\b`, "write ?? false in place of || true"},
	} {
		if where := j.lines(regexp.MustCompile(slip.pattern)); where != "" {
			return fmt.Sprintf("The program takes %q only where it is true, so false is never stored: %s. There, %s.",
				key, where, slip.cure)
		}
	}
	return ""
}

var (
	seeded   = regexp.MustCompile(`\bid["']?\s*[:=]\s*["']?\d`)
	declares = regexp.MustCompile(`\b(?:def|class|interface|type|filter\w*|where)\b`)
)

// constant returns what to say where the program gives a field one value, whatever was sent; or empty.
// What is written out with its id is there to begin with.
func (j judging) constant(key string, value JSON) string {
	flag, ok := value.(bool)
	if !ok {
		return ""
	}
	gives := regexp.MustCompile(strings.NewReplacer("KEY", regexp.QuoteMeta(key), "FLAG", strconv.FormatBool(flag)).
		Replace(`\.KEY\s*=\s*(?i:FLAG)\b|["']KEY["']\s*:\s*(?i:FLAG)\b|\bKEY\s*:\s*FLAG\b|` +
			`\(.*\bKEY\s*=\s*(?i:FLAG)\b`))
	where := j.linesOf(func(lines []string, n int) bool {
		return gives.MatchString(lines[n]) && !declares.MatchString(lines[n]) &&
			!slices.ContainsFunc(lines[max(0, n-3):n+1], seeded.MatchString)
	})
	if where == "" {
		return ""
	}
	return fmt.Sprintf("The program writes %t for %q, whatever was sent: %s. Take there what was sent.", flag, key,
		where)
}

// defaulted returns the hint that a field which was left out has a default in a model of Pydantic's; it is
// zero where it has none, or where several models have it.
func (j judging) defaulted(field string) check.Hint {
	if j.folder == nil {
		return check.Hint{}
	}
	c := j.code()
	declared := regexp.MustCompile(`^(\s+` + regexp.QuoteMeta(field) + `\s*:\s*[\w\[\]., |]+?)\s*=\s*` +
		`(?:None|"[^"]*"|'[^']*'|Field\(\s*(?:default\s*=\s*)?(?:None|"[^"]*"|'[^']*')[^)]*\))\s*$`)
	cause := fmt.Sprintf("The program accepts a body without %q, since that has a default: %%s.", field)
	if h := c.change(cause, declared, "${1}"); !h.IsZero() {
		return h
	}
	if where := j.lines(declared); where != "" {
		return check.Hint{Cause: fmt.Sprintf(cause, where),
			Advice: fmt.Sprintf("In the model that %s takes, write it without one.", j.route())}
	}
	return check.Hint{}
}

// returns is a line that gives an exception of FastAPI's back, and does not raise it.
var returns = regexp.MustCompile(`^\s+return\s+HTTPException\(`)

var apart = regexp.MustCompile(`\b(?:client|axios|requests|session|http)\.`)

// handler returns where the program has the route of a request, as in " (main.py, line 39)"; empty where
// it has several that could be, or none.
func (j judging) handler(method, asked string) string {
	if j.folder == nil || j.folder() == nil {
		return ""
	}
	if found := j.code().routes(method, asked); len(found) > 0 {
		if len(found) > 1 {
			return ""
		}
		return " (" + found[0].at(0) + ")"
	}
	route := regexp.MustCompile(`(?i)\.(?:` + method + `\(\s*|route\([^\n]*["']` + method + `["'])`)
	var all []string
	check.EachProgram(j.folder(), program, func(name, text string) {
		for n, line := range strings.Split(text, "\n") {
			if route.MatchString(line) && !apart.MatchString(line) {
				all = append(all, fmt.Sprintf(" (%s, line %d)", name, n+1))
			}
		}
	})
	if len(all) == 1 {
		return all[0]
	}
	return ""
}

// unsent returns what to say of a value that FastAPI wants in the query or in a header, and that was
// not sent: the parameter has another name than the path gives it, or no default.
func (j judging) unsent(name, where string) string {
	if path := j.lines(regexp.MustCompile(`(?i)\.` + j.request.Method + `\(\s*["'][^"']*\{\w+\}`)); where == "query" &&
		path != "" && strings.Count(j.request.Path, "/") > 1 && strings.HasSuffix(name, "id") {
		return fmt.Sprintf("The function has the parameter `%s`, and the path of its route calls it otherwise, so it "+
			"is looked for in the query: let both have one name (%s).", name, path)
	}
	return fmt.Sprintf("The program wants `%s` in the %s, which is not sent: give that parameter a default.", name,
		where)
}

// changer returns the method and the place of the route that was last asked to change what is looked at;
// empty where that is not known.
func (j judging) changer() string {
	for _, q := range slices.Backward(j.before) {
		if q.Method == http.MethodPut || q.Method == http.MethodPatch {
			if at := j.handler(q.Method, q.Path); at != "" {
				return ", in the function of " + q.Method + at
			}
			break
		}
	}
	return ""
}

// limited returns what to say of a list that has as many items as a line of the program gives out where
// nobody says how many; or empty.
func (j judging) limited(n int) string {
	if n == 0 || strings.Contains(j.request.Path, "?") {
		return ""
	}
	where := j.lines(regexp.MustCompile(fmt.Sprintf(`(?i)\b(?:limit|size|per_?page|page_?size)\b`+
		`[^=\n]{0,40}=\s*(?:Query\(\s*(?:default\s*=\s*)?)?%d\b`, n)))
	if where == "" {
		return ""
	}
	return fmt.Sprintf("The list ends after %s, as many as is given out where the request does not say: %s. Answer "+
		"with all of them then.", Plural(n, "item"), where)
}

// filtered returns what to say of a list whose items all have one value of a field, where another was
// sent, and the request asks for none; or empty.
func (j judging) filtered(list List) string {
	if len(list) == 0 || strings.Contains(j.request.Path, "?") {
		return ""
	}
	first, _ := list[0].(Object)
	for _, key := range sortedKeys(first) {
		value, isFlag := first[key].(bool)
		all := isFlag && !slices.ContainsFunc(list, func(item JSON) bool {
			object, _ := item.(Object)
			return object[key] != value
		})
		if all && slices.ContainsFunc(j.before, func(q check.Request) bool { return fieldsOf(q)[key] == !value }) {
			return fmt.Sprintf("All items of the list have %q: %t, and others were sent: answer with all where the "+
				"request asks for none in particular.", key, value)
		}
	}
	return ""
}

// keyed reports whether a value is an object of objects, each under a key of its own.
func keyed(value JSON) bool {
	object, ok := value.(Object)
	for _, item := range object {
		if _, whole := item.(Object); !whole {
			return false
		}
	}
	return ok && len(object) > 0
}

// slip returns what is known of a request, for its text to be looked at.
func (r *runner) slip(q check.Request) judging {
	return judging{all: r.vars, base: r.base, folder: r.folder, code: r.code, request: q}
}
