package steps

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// What a program's text shows of why a request is refused, or finds no route.

// change returns the hint that a line of the program is to be another, where one line alone is matched by a
// pattern; it is zero where none is, or several are.
func (c code) change(cause string, pattern *regexp.Regexp, by string) (h check.Hint) {
	for _, file := range c.names {
		for n, line := range c.lines[file] {
			if !pattern.MatchString(line) {
				continue
			}
			if !h.IsZero() {
				return check.Hint{}
			}
			h.Cause = fmt.Sprintf(cause, fmt.Sprintf("%s, line %d", file, n+1))
			h.Edit = &check.Edit{File: file, Line: n + 1, Old: line, New: pattern.ReplaceAllString(line, by)}
		}
	}
	return h
}

// defaults are what a field that may be left out is then, by its type.
var defaults = map[string]string{"bool": "False", "int": "0", "float": "0", "str": `""`}

// required returns the hint that a field of a model of Pydantic's is to have a default.
func (c code) required(field string) check.Hint {
	declared := `^(\s+` + regexp.QuoteMeta(field) + `\s*:\s*)`
	cause := "`" + field + "` is required (%s), and what was sent has none."
	for kind, value := range defaults {
		if h := c.change(cause, re(declared+`(`+kind+`)\s*$`), "${1}${2} = "+value); !h.IsZero() {
			return h
		}
	}
	return c.change(cause, re(declared+`((?:Optional\[[^=]*\]|[^=]*\|\s*None))\s*$`), "${1}${2} = None")
}

// refusers are how a program asks for a field, within what else it asks for; KEY is the field.
var refusers = []string{
	`\s*\|\|\s*(?:!\s*(?:req(?:uest)?\.body\??\.)?KEY\b|` +
		`(?:typeof\s+)?(?:req(?:uest)?\.body\??\.)?KEY\s*={2,3}\s*(?:undefined|null|["']undefined["']))`,
	`!\s*(?:req(?:uest)?\.body\??\.)?KEY\s*\|\|\s*`,
	`\s+or\s+(?:not\s+(?:\w+\.get\(\s*["']KEY["']\s*\)|KEY\b|\w+\[["']KEY["']\])|["']KEY["']\s+not\s+in\s+\w+)`,
	`(?:not\s+(?:\w+\.get\(\s*["']KEY["']\s*\)|KEY\b)|["']KEY["']\s+not\s+in\s+\w+)\s+or\s+`,
}

// asksFor returns the hint that a program refuses a body for a field which it has not, or which is false
// in it; it is zero where no line of it does.
func (r *runner) asksFor(s Step, q check.Request) check.Hint {
	c, sent := r.code(), fieldsOf(q)
	for _, field := range slices.Compact(slices.Sorted(slices.Values(r.takes(s)))) {
		value, there := sent[field]
		cause := fmt.Sprintf("%%s, refuses a body in which %q is false.", field)
		if there && value != false {
			continue
		} else if !there {
			if h := c.required(field); !h.IsZero() {
				return h
			}
			cause = fmt.Sprintf("%%s, refuses a body that has no %q.", field)
			key := `["']` + regexp.QuoteMeta(field) + `["']`
			for _, pattern := range []string{`(required\s*:\s*\[[^\]]*?),\s*` + key,
				`(required\s*:\s*\[\s*)` + key + `\s*,\s*`,
				`(add_argument\(\s*` + key + `.*?),\s*required\s*=\s*True`} {
				if h := c.change(cause, re(pattern), "${1}"); !h.IsZero() {
					return h
				}
			}
		}
		for _, f := range c.reach(q.Method, q.Path) {
			for n, line := range f.lines {
				for _, refuser := range refusers {
					pattern := re(strings.ReplaceAll(refuser, "KEY", regexp.QuoteMeta(field)))
					if said := pattern.FindString(line); said != "" && re(`^\s*if\b`).MatchString(line) {
						return f.edit(n, 1, fmt.Sprintf(cause, f.at(n)), strings.Replace(line, said, "", 1))
					}
				}
			}
		}
	}
	return check.Hint{}
}

// part is what differs from one request to the next in the path of a route.
var part = regexp.MustCompile(`\{[^}]*\}|<[^>]*>|:\w+`)

// anID is one in a path that is asked for.
var anID = regexp.MustCompile(`/(?:\d+|[0-9a-fA-F-]{24,36})(/|$)`)

// renamed returns the hint that a route of the program's is to have another path, which has the name of
// what is asked for in it; it is zero where none has, or several have.
func (r *runner) renamed(ctx context.Context, method, where string) check.Hint {
	wanted := anID.ReplaceAllString(where, "/{id}${1}")
	if r.folder() == nil {
		return check.Hint{}
	}
	c := r.code()
	stem := strings.TrimSuffix(strings.Split(strings.Trim(where, "/"), "/")[0], "s")
	var found []Send
	for _, route := range r.served(ctx) {
		if route.Method == method && len(part.FindAllString(route.Path, -1)) == strings.Count(wanted, "{id}") &&
			strings.Contains(route.Path, stem) &&
			(!leads(route.Path, where) || strings.HasSuffix(route.Path, "/") && len(route.Path) > 1) {
			found = append(found, route)
		}
	}
	if len(found) != 1 {
		return check.Hint{}
	}
	var h check.Hint
	for _, file := range c.names {
		for n, line := range c.lines[file] {
			verb, literal, more := "", "", ""
			if m := decorated.FindStringSubmatch(line); m != nil && path.Ext(file) == ".py" {
				verb, literal, more = m[1], m[2], m[3]
			} else if m := ofNodes.FindStringSubmatch(line); m != nil && path.Ext(file) != ".py" &&
				!apart.MatchString(line) {
				verb, literal = m[1], m[2]
			}
			if verb == "" && strings.Contains(strings.ToUpper(more), method) {
				verb = method
			}
			shaped := part.ReplaceAllString(found[0].Path, "{id}")
			prefix, ok := strings.CutSuffix(shaped, part.ReplaceAllString(literal, "{id}"))
			if !strings.EqualFold(verb, method) || literal == "" || !ok || !strings.HasPrefix(wanted, prefix) {
				continue
			}
			if !h.IsZero() {
				return check.Hint{}
			}
			name := part.FindString(literal)
			as := strings.TrimPrefix(strings.ReplaceAll(wanted, "{id}", name), prefix)
			if as == "" && path.Ext(file) != ".py" {
				as = "/"
			}
			h = check.Hint{
				Cause: fmt.Sprintf("There is no route %s %s; your program has %s (%s, line %d).", method, where,
					found[0], file, n+1),
				Edit: &check.Edit{File: file, Line: n + 1, Old: line,
					New: strings.Replace(line, literal, as, 1)},
			}
		}
	}
	return h
}

var ofNodes = regexp.MustCompile("\\b\\w+\\.(get|post|put|patch|delete)\\(\\s*[\"'`]([^\"'`]*)[\"'`]")

// catchAll is what answers all requests that no line above it took.
var catchAll = regexp.MustCompile(
	`^\s*\w+\.(?:use|all)\(\s*(?:["'/*]+\s*,\s*)?(?:async\s*)?(?:function\s*)?\(\s*_?\w+\s*,\s*\w+\s*\)`,
)

// hidden returns the hint that a program of Node answers with 404 before it comes to a route.
func (r *runner) hidden(method, where string) check.Hint {
	c := r.code()
	for _, f := range c.routes(method, where) {
		for n, line := range c.lines[f.file][:f.first-1] {
			if all := c.from(f.file, n, ""); catchAll.MatchString(line) && strings.Contains(all.text(), "404") {
				return check.Hint{
					Cause: fmt.Sprintf("%s, line %d, answers all that stands below it with 404, and the route "+
						"%s %s is in line %d.", f.file, n+1, method, part.ReplaceAllString(where, "{id}"), f.first),
					Advice: fmt.Sprintf("Put lines %d to %d below all routes.", n+1, n+len(all.lines)),
				}
			}
		}
	}
	return check.Hint{}
}

var (
	unsentStatus = regexp.MustCompile(`^(\s*(?:return\s+)?res(?:ponse)?\.status\(\s*\d+\s*\))(;?)\s*$`)
	takesNext    = regexp.MustCompile(`\(\s*_?\w+\s*,\s*_?\w+\s*,\s*next\s*\)\s*(?:=>\s*)?\{`)
)

// silent returns the hint that a function of Node's sets a status and sends nothing, or does not go on.
func (r *runner) silent(q check.Request) check.Hint {
	c := r.code()
	for _, f := range c.reach(q.Method, q.Path) {
		for n, line := range f.lines {
			if m := unsentStatus.FindStringSubmatch(line); m != nil && !f.python() {
				return f.edit(n, 1, fmt.Sprintf("%s, sets the status and sends no answer.", f.at(n)),
					m[1]+".end()"+m[2])
			}
		}
	}
	for _, file := range c.names {
		for n, line := range c.lines[file] {
			if f := c.from(file, n, ""); takesNext.MatchString(line) && len(f.lines) > 1 &&
				!re(`\bnext\s*\(`).MatchString(strings.Join(f.lines[1:], "\n")) && path.Ext(file) != ".py" {
				return check.Hint{
					Cause: fmt.Sprintf("%s takes next and never calls it, so no request comes to what stands "+
						"behind it.", f.at(0)),
					Advice: "Call next() at its end.",
				}
			}
		}
	}
	return check.Hint{}
}

// keep keeps a hint that the program's text gave, and returns its sentences.
func (r *runner) keep(h check.Hint) string {
	r.meant = h
	return h.String()
}

// answersWith is a line that may say with which status is answered.
var answersWith = regexp.MustCompile(`(?i)status|HTTPException|abort|return|code|send|json`)

// coded returns the hint that a line of what answered has another status than is wanted; it is zero where none
// has it, or several have.
func (r *runner) coded(q check.Request, a check.Answer, s Step) (h check.Hint) {
	code := re(fmt.Sprintf(`\b%d\b`, a.Status))
	for _, f := range r.code().reach(q.Method, q.Path) {
		for n, line := range f.lines {
			if !code.MatchString(line) || !answersWith.MatchString(line) {
				continue
			}
			if !h.IsZero() {
				return check.Hint{}
			}
			as := s.code()
			if q.Method == http.MethodPost && s.wantsCode(201) {
				as = "201"
			}
			if as == "2xx" || as == "204" || strings.HasSuffix(as, "xx") {
				return check.Hint{}
			}
			h = f.edit(n, 1, fmt.Sprintf("%s, answers with %d, and %s is wanted.", f.at(n), a.Status, as),
				code.ReplaceAllString(line, as))
		}
	}
	return h
}

// ofMethod returns the hint that a route answers POST in the place of what is asked for, or that a function
// has no route.
func (r *runner) ofMethod(method, where string) check.Hint {
	c := r.code()
	found := c.routes(http.MethodPost, where)
	if len(found) == 1 && method != http.MethodGet && strings.Count(where, "/") > 1 {
		f := found[0]
		old := re(`(\.)post\(`)
		if old.MatchString(f.lines[0]) {
			return f.edit(0, 1, fmt.Sprintf("%s, has POST there, and is to have %s.", f.at(0), method),
				old.ReplaceAllString(f.lines[0], "${1}"+strings.ToLower(method)+"("))
		}
	}
	if found := c.routes(http.MethodGet, where); len(found) == 1 && found[0].python() {
		route := decorated.FindStringSubmatch(found[0].lines[0])
		named := map[string]string{
			"PUT":           "update|edit|replace|put",
			"DELETE":        "delete|remove|destroy",
			http.MethodPost: "create|add|new",
		}
		var h check.Hint
		for n, line := range c.lines[found[0].file] {
			m := defines.FindStringSubmatch(line)
			if m == nil || m[1] != "" || route == nil || route[1] == "" || named[method] == "" ||
				!re(
					`(?i)^(?:`+named[method]+`)_`).MatchString(m[2]) ||
				n > 0 && strings.HasPrefix(c.lines[found[0].file][n-1], "@") {
				continue
			}
			if !h.IsZero() {
				return check.Hint{}
			}
			h.Cause = fmt.Sprintf("The function %s (%s, line %d) has no route.", m[2], found[0].file, n+1)
			on, _, _ := strings.Cut(strings.TrimSpace(found[0].lines[0]), "(")
			h.Edit = &check.Edit{
				File: found[0].file,
				Line: n,
				New: fmt.Sprintf("%s.%s(%q)", on[:strings.LastIndex(on, ".")],
					strings.ToLower(method), route[2]),
			}
		}
		return h
	}
	return check.Hint{}
}

// routers are how one is made, and how it is brought into the program.
var (
	makesRouter = regexp.MustCompile(
		`^(?:export\s+)?(?:const\s+|let\s+)?(\w+)\s*=\s*(?:APIRouter|Blueprint|(?:new\s+)?(?:express\.)?Router)\(`)
	bringsIn = regexp.MustCompile(
		`include_router\(|register_blueprint\(|\.use\(\s*["'/\w]*,?\s*\w*(?i:rout|task|require)`)
)

// unregistered returns the hint that the router which has a route is not brought into the program.
func (r *runner) unregistered(where string) check.Hint {
	c := r.code()
	for _, line := range strings.Split(c.whole, "\n") {
		if bringsIn.MatchString(line) {
			return check.Hint{}
		}
	}
	for _, file := range c.names {
		for n, line := range c.lines[file] {
			m := makesRouter.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			cause := fmt.Sprintf("The router of %s, line %d, is not brought into the program.", file, n+1)
			first := "/" + strings.Split(strings.Trim(where, "/"), "/")[0]
			module := strings.TrimSuffix(path.Base(file), path.Ext(file))
			prefixed := strings.Contains(strings.Join(c.lines[file], "\n"), `"`+first+`"`) ||
				strings.Contains(strings.Join(c.lines[file], "\n"), "'"+first+"'")
			if path.Ext(file) == ".py" && strings.Contains(line, "APIRouter") {
				return c.below(cause, `^(\s*)(\w+)\s*=\s*FastAPI\(`, func(m []string) string {
					add := ""
					if !prefixed {
						add = fmt.Sprintf(", prefix=%q", first)
					}
					return fmt.Sprintf("%s%s.include_router(%s.router%s)", m[1], m[2], module, add)
				}, `import .*\b`+module+`\b`)
			} else if path.Ext(file) == ".py" {
				return c.below(
					cause,
					`^(\s*)from \S*\b`+module+` import `+m[1]+`\s*$`,
					func(found []string) string {
						add := ""
						if !prefixed {
							add = fmt.Sprintf(", url_prefix=%q", first)
						}
						return fmt.Sprintf("%sapp.register_blueprint(%s%s)", found[1], m[1], add)
					},
					`\bapp\s*=\s*Flask\(`,
				)
			}
			at := first
			if prefixed {
				at = "/"
			}
			required := re(
				`(?:const\s+|import\s+)(\w+)\s*(?:=\s*require\(|from\s+)["'][^"']*` + module + `(?:\.\w+)?["']`)
			for _, by := range c.names {
				got := required.FindStringSubmatch(strings.Join(c.lines[by], "\n"))
				if got != nil && strings.Contains(strings.Join(c.lines[by], "\n"), "express()") {
					return c.below(cause, `^(\s*)(\w+)\.use\(\s*express\.json\(`, func(m []string) string {
						return fmt.Sprintf("%s%s.use('%s', %s);", m[1], m[2], at, got[1])
					}, `express\(`)
				}
			}
			return check.Hint{Cause: cause, Advice: "Name it where the app is made."}
		}
	}
	return check.Hint{}
}

// below returns the hint that a line is missing below the one that a pattern matches, in a file that has
// another as well; where none is, it names no line.
func (c code) below(cause, pattern string, line func(m []string) string, has string) check.Hint {
	for _, file := range c.names {
		if !re(has).MatchString(strings.Join(c.lines[file], "\n")) {
			continue
		}
		for n, text := range c.lines[file] {
			if m := re(pattern).FindStringSubmatch(text); m != nil {
				return check.Hint{
					Cause: cause,
					Edit:  &check.Edit{File: file, Line: closes(c.lines[file], n), New: line(m)},
				}
			}
		}
	}
	return check.Hint{Cause: cause, Advice: "Import it where the app is made, and bring it in there."}
}

// ofPath returns what to say where FastAPI does not take the id of a path for what its parameter is.
func (r *runner) ofPath(q check.Request, name, says string) string {
	c := r.code()
	cause := fmt.Sprintf("The program does not take the id that it gave out itself: `%s`: %s.", cut(name, 60),
		cut(says, 200))
	for _, f := range c.routes(q.Method, q.Path) {
		for n, line := range f.lines {
			m := re(`\b` + name + `\s*:\s*(\w+)`).FindStringSubmatch(line)
			if m == nil {
				continue
			}
			kind := "str"
			all := strings.Join(c.lines[f.file], "\n")
			for _, other := range re(`\b`+name+`\s*:\s*(\w+)`).FindAllStringSubmatch(all, -1) {
				if other[1] != m[1] {
					kind = other[1]
				}
			}
			return r.keep(f.edit(n, 1, cause, strings.Replace(line, m[0], name+": "+kind, 1)))
		}
	}
	return cause
}
