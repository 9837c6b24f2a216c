package steps

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/taskgrader/taskgrader/grader/check"
)

// function is a part of the program's text: what answers a request, or what that calls.
type function struct {
	file  string
	name  string // empty where it has none
	first int    // the number of its first line
	lines []string
}

// at returns the place of one of the function's lines: main.py, line 7.
func (f function) at(n int) string { return fmt.Sprintf("%s, line %d", f.file, f.first+n) }

// python reports whether it is written in Python.
func (f function) python() bool { return path.Ext(f.file) == ".py" }

func (f function) text() string { return strings.Join(f.lines, "\n") }

// made are the patterns that were asked for, by their text.
var made sync.Map

// re returns a pattern, which is made once.
func re(pattern string) *regexp.Regexp {
	known, ok := made.Load(pattern)
	if !ok {
		known, _ = made.LoadOrStore(pattern, regexp.MustCompile(pattern))
	}
	return known.(*regexp.Regexp)
}

// code is a program's text, by files.
type code struct {
	names []string
	lines map[string][]string
	whole string // all of them, one below the other
}

// codeOf reads a program.
func codeOf(folder fs.FS) code {
	c, all := code{lines: map[string][]string{}}, strings.Builder{}
	check.EachProgram(folder, program, func(name, text string) {
		c.names = append(c.names, name)
		c.lines[name] = strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
		all.WriteString(strings.ReplaceAll(text, "\r", "") + "\n")
	})
	c.whole = all.String()
	return c
}

var (
	decorated = regexp.MustCompile(`^\s*@\w+\.(?i:(get|post|put|patch|delete)|(?:api_)?route)\(\s*(?:path\s*=\s*)?` +
		`["']([^"']*)["'](.*)`)
	routed = regexp.MustCompile("\\b\\w+\\.(get|post|put|patch|delete)\\(\\s*[\"'`]([^\"'`]*)[\"'`]\\s*,")
	chain  = regexp.MustCompile(`\.route\(\s*["'\x60]([^"'\x60]*)["'\x60]\s*\)`)
	linked = regexp.MustCompile(`^\s*\.(get|post|put|patch|delete)\(`)
	// resource is a class of Flask-RESTful's or a view of Flask's that is put under a path.
	resource = regexp.MustCompile(`add_resource\(\s*(\w+)\s*,\s*["']([^"']*)["']|` +
		`add_url_rule\(\s*["']([^"']*)["'].*?(\w+)\.as_view\(`)
	defines = regexp.MustCompile(`^(\s*)(?:async\s+)?def\s+(\w+)\s*\(|` +
		`^\s*(?:export\s+(?:default\s+)?)?(?:async\s+)?function\s*(\w+)\s*\(|` +
		`^\s*(?:module\.)?(?:exports\.|export\s+const\s+|const\s+|let\s+|var\s+)(\w+)\s*=\s*(?:async\s*)?` +
		`(?:function\b|\([^()]*\)\s*=>|\w+\s*=>)|` +
		`^\s+(?:async\s+)?(\w+)\s*\([^()]*\)\s*\{\s*$|` +
		`^\s+(\w+)\s*:\s*(?:async\s*)?(?:function\b|\([^()]*\)\s*=>|\w+\s*=>)`)
	statement = regexp.MustCompile(`^(?:if|for|while|switch|catch|with|return|else)$`)
	handedOn  = regexp.MustCompile(`,\s*(?:(\w+)\.)?(\w+)\s*\)\s*;?\s*$`)
	calls     = regexp.MustCompile(`Depends\(\s*(\w+)|(?:(\w+)\.)?\b(\w+)\(`)
	quotes    = regexp.MustCompile("\"[^\"]*\"|'[^']*'|`[^`]*`")
)

// ends returns the line behind what begins with a line: by its indent in Python, by brackets elsewhere.
func ends(lines []string, n int, python bool) int {
	if python {
		for n < len(lines) && !re(`^\s*(?:async\s+)?def\s`).MatchString(lines[n]) {
			n++
		}
		if n == len(lines) {
			return n
		}
		indent := indentOf(lines[n])
		end := closes(lines, n)
		for at := end; at < len(lines); at++ {
			if strings.TrimSpace(lines[at]) == "" {
				continue
			}
			if len(indentOf(lines[at])) <= len(indent) {
				break
			}
			end = at + 1
		}
		return end
	}
	return closes(lines, n)
}

// closes returns the line behind that in which the brackets are closed that a line opens.
func closes(lines []string, n int) int {
	open := 0
	for at := n; at < len(lines); at++ {
		text := quotes.ReplaceAllString(lines[at], "")
		for _, c := range text {
			switch c {
			case '(', '[', '{':
				open++
			case ')', ']', '}':
				open--
			}
		}
		if open <= 0 {
			return at + 1
		}
	}
	return len(lines)
}

func indentOf(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " \t"))] }

// from returns the function that begins with a line of a file.
func (c code) from(file string, n int, name string) function {
	lines := c.lines[file]
	return function{file, name, n + 1, lines[n:ends(lines, n, path.Ext(file) == ".py")]}
}

// leads reports whether a route, which may be below a prefix, takes a path.
func leads(route, asked string) bool {
	split := func(text string) []string {
		return strings.FieldsFunc(text, func(r rune) bool { return r == '/' })
	}
	wanted, parts := split(asked), split(route)
	below := len(wanted) - len(parts)
	if below < 0 || len(wanted) == 0 || below > 0 && len(parts) == 0 && len(wanted) > 1 {
		return false
	}
	for i, part := range parts {
		if variable := strings.ContainsAny(part, "{<:"); variable && below+i == 0 ||
			!variable && part != wanted[below+i] {
			return false
		}
	}
	return true
}

// routes returns the functions that answer a request.
func (c code) routes(method, asked string) (found []function) {
	asked, _, _ = strings.Cut(asked, "?")
	under := map[string]string{} // classes, and the path of each
	for _, file := range c.names {
		for _, line := range c.lines[file] {
			if m := resource.FindStringSubmatch(line); m != nil {
				under[m[1]+m[4]] = m[2] + m[3]
			}
		}
	}
	for _, file := range c.names {
		lines, at, class := c.lines[file], "", ""
		for n, line := range lines {
			if m := re(`^class (\w+)`).FindStringSubmatch(line); m != nil {
				class = m[1]
			}
			verb, route := "", ""
			if m := chain.FindStringSubmatch(line); m != nil {
				at = m[1]
			}
			if m := decorated.FindStringSubmatch(line); m != nil && path.Ext(file) == ".py" {
				verb, route = m[1], m[2]
				if all := re(`methods\s*=\s*[\[(]([^\])]*)`).FindStringSubmatch(m[3]); verb == "" {
					verb = "get"
					if all != nil && strings.Contains(strings.ToUpper(all[1]), `"`+method+`"`) || all != nil &&
						strings.Contains(strings.ToUpper(all[1]), `'`+method+`'`) {
						verb = method
					} else if all != nil {
						verb = ""
					}
				}
			} else if m := defines.FindStringSubmatch(line); m != nil && under[class] != "" && m[1] != "" {
				verb, route = m[2], under[class]
			} else if path.Ext(file) != ".py" && !apart.MatchString(line) {
				if m := routed.FindStringSubmatch(line); m != nil {
					verb, route = m[1], m[2]
				} else if m := linked.FindStringSubmatch(line); m != nil && at != "" {
					verb, route = m[1], at
				}
			}
			if !strings.EqualFold(verb, method) || !leads(route, asked) {
				continue
			}
			f := c.from(file, n, "")
			if m := handedOn.FindStringSubmatch(line); m != nil && !f.python() && len(f.lines) == 1 {
				if to, ok := c.called(m[1], m[2], file); ok {
					f = to
				}
			}
			found = append(found, f)
		}
	}
	return found
}

// called returns the function of a name, which a line of a file calls of what has that name; ok is false
// where there is none, or where it could be several.
func (c code) called(of, name, file string) (f function, ok bool) {
	var all []function
	for _, other := range c.names {
		for n, line := range c.lines[other] {
			m := defines.FindStringSubmatch(line)
			if m == nil || m[2]+m[3]+m[4]+m[5]+m[6] != name || statement.MatchString(name) {
				continue
			}
			all = append(all, c.from(other, n, name))
		}
	}
	holds := re(`(?m)\b` + regexp.QuoteMeta(of) + `\s*(?::[^=\n]+)?=\s*` + empty)
	if of != "" && len(all) > 0 && holds.MatchString(c.whole) {
		return f, false // a method of what is stored in
	}
	of = strings.TrimSuffix(strings.Trim(strings.ToLower(of), "_"), "s")
	if len(all) < 2 {
		known := len(all) == 1 && (of == "" || of == "self" || of == "thi" ||
			strings.Contains(strings.ToLower(all[0].file+strings.Join(c.lines[all[0].file], "\n")), of))
		return append(all, f)[0], known
	}
	near := slices.DeleteFunc(slices.Clone(all), func(f function) bool {
		if of == "" || of == "self" || of == "thi" {
			return f.file != file
		}
		return !strings.Contains(strings.ToLower(f.file), of)
	})
	if len(near) == 1 {
		return near[0], true
	}
	return f, false
}

// mostCalls is how many calls away from a route is looked.
const mostCalls = 4

// reach returns the functions that answer a request, and those that they call; none where it cannot be
// told which do.
func (c code) reach(method, asked string) (all []function) {
	all = c.routes(method, asked)
	if len(all) != 1 {
		return nil
	}
	for done, depth := 0, 0; done < len(all) && depth < mostCalls; depth++ {
		level := len(all)
		for ; done < level; done++ {
			f := all[done]
			for _, line := range f.lines {
				line = routed.ReplaceAllString(linked.ReplaceAllString(line, ""), "")
				if decorated.MatchString(line) {
					continue
				}
				for _, m := range calls.FindAllStringSubmatch(line, -1) {
					to, ok := c.called(m[2], m[1]+m[3], f.file)
					if ok && !slices.ContainsFunc(all, func(f function) bool {
						return f.file == to.file && f.first <= to.first && to.first < f.first+len(f.lines)
					}) {
						all = append(all, to)
					}
				}
			}
		}
	}
	return all
}
