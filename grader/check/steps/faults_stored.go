package steps

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// The faults for which what a POST makes is not kept.

// empty is a container that has nothing in it yet.
const empty = `(?:\[\]|\{\}|dict\(\)|list\(\)|new Map\(\)|new Map(?:<[^>]*>)\(\)|OrderedDict\(\)|defaultdict\(\w+\))`

var (
	makesEmpty = regexp.MustCompile(`^\s+(?:const\s+|let\s+|var\s+)?(\w+)\s*(?::[^=]+)?=\s*` + empty + `\s*;?\s*$`)
	topEmpty   = `(?m)^(?:export\s+)?(?:const\s+|let\s+|var\s+)?NAME\s*(?::[^=\n]+)?=\s*` + empty
)

// top reports whether a name is given an empty container at the top of a file.
func (c code) top(name string) bool {
	return re(strings.Replace(topEmpty, "NAME", name, 1)).MatchString(c.whole)
}

// remade says that a function makes what is stored anew, each time that it is called.
func remade(v view, f function) check.Hint {
	for n, line := range f.lines {
		if m := makesEmpty.FindStringSubmatch(line); m != nil && n > 0 && v.top(m[1]) {
			return f.edit(n, 1,
				fmt.Sprintf("%s, gives the function an empty `%s` of its own, so nothing comes into the "+
					"one at the top of the file.", f.at(n), m[1]), "")
		}
	}
	return check.Hint{}
}

// perRequest says that what keeps things is made anew for each request.
func perRequest(v view, f function) check.Hint {
	for n, line := range f.lines {
		for _, m := range re(`(?:\bnew\s+)?\b([A-Z]\w+)\((?:[^()]|\([^()]*\))*\)`).FindAllStringSubmatch(line,
			-1) {
			if !slices.ContainsFunc(re(`\b[A-Z]\w+\(`).FindAllString(m[0], -1),
				func(call string) bool { return v.keeps(strings.TrimSuffix(call, "(")) }) {
				continue
			}
			cause := fmt.Sprintf("%s, makes a new %s for each request, and what an earlier one stored is not in it.",
				f.at(n), m[1])
			made := re(`(?m)^(?:export\s+)?(?:const\s+|let\s+)?(\w+)\s*(?::[^=\n]+)?=\s*(?:new\s+)?` + m[1] +
				`\(`).FindStringSubmatch(v.whole)
			if made != nil && !strings.Contains(line, made[1]+" =") {
				return f.edit(n, 1, cause, strings.Replace(line, m[0], made[1], 1))
			}
			return check.Hint{
				Cause: cause,
				Advice: fmt.Sprintf("Make one at the top of a file, outside of all functions, "+
					"and let each of them use that: `store = %s`.", m[0]),
			}
		}
	}
	return check.Hint{}
}

// keeps reports whether an object of a class holds what is stored, itself or in what it is given.
func (c code) keeps(class string) bool {
	for _, file := range c.names {
		for n, line := range c.lines[file] {
			if !re(`^\s*(?:export\s+(?:default\s+)?)?class `+class+`\b`).MatchString(line) ||
				strings.Contains(line, "BaseModel") {
				continue
			}
			end := n + 1
			for end < len(c.lines[file]) && !re(`^\S`).MatchString(c.lines[file][end]) {
				end++
			}
			text := strings.Join(c.lines[file][n:end], "\n")
			return re(`\b(?:self|this)\.\w+\s*(?::[^=\n]+)?=\s*`+empty).MatchString(text) ||
				re(`(?m)^\s+#?(?:private\s+)?\w+\s*(?::[^=\n]+)?=\s*`+empty+`;`).MatchString(text)
		}
	}
	return false
}

var (
	changesRows = regexp.MustCompile(`(\w+(?:\.\w+)*)\.execute\w*\(`)
	sqlChanges  = regexp.MustCompile(`(?i)\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b`)
	ofSession   = regexp.MustCompile(`^\s+((?:self\.)?(?:db\.session|session|db))\.(?:add|delete|merge)\(`)
	commits     = regexp.MustCompile(`\bcommit\(|\bwith\s[^\n]*(?:connect\w*\(|\bconn\b|\bbegin\()|isolation_level|` +
		`autocommit\s*=\s*True|\.begin\(`)
)

// uncommitted says that a change of a database is not kept.
func uncommitted(v view, f function) check.Hint {
	if !f.python() || slices.ContainsFunc(v.all, func(f function) bool { return commits.MatchString(f.text()) }) ||
		re(`isolation_level|autocommit\s*=\s*True`).MatchString(v.whole) {
		return check.Hint{}
	}
	asked := re(`((?:self\.)?\b(?:db\.session|session|db))\.(?:get|query|scalars?|exec)\(`)
	for n, line := range f.lines {
		end := closes(f.lines, n)
		last := n+1 == len(f.lines) || !sets.MatchString(f.lines[n+1])
		if m := asked.FindStringSubmatch(texts(v.all)); m != nil && sets.MatchString(line) && last &&
			v.method == http.MethodPut && strings.Contains(line, ".") {
			return f.add(end-1,
				fmt.Sprintf("%s, changes what the database has, and nothing keeps that: commit is missing.", f.at(n)),
				indentOf(line)+m[1]+".commit()")
		}
		whole := strings.Join(f.lines[n:end], "\n")
		of := ""
		if m := changesRows.FindStringSubmatch(line); m != nil && sqlChanges.MatchString(whole) {
			of = m[1]
			if by := re(`\b` + of + `\s*=\s*([\w.]+)\.cursor\(`).FindStringSubmatch(f.text()); by != nil {
				of = by[1]
			}
		} else if m := ofSession.FindStringSubmatch(line); m != nil && re(`(?i)session`).MatchString(v.whole) {
			of = m[1]
		}
		if of == "" {
			continue
		}
		return f.add(end-1,
			fmt.Sprintf("%s, changes the database, and nothing keeps that: commit is missing.", f.at(n)),
			indentOf(line)+of+".commit()")
	}
	return check.Hint{}
}

// unawaited says that an async function is called and not waited for.
func unawaited(v view, f function) check.Hint {
	isAsync := re(`\basync\b`).MatchString(strings.Join(f.lines[:min(len(f.lines), 4)], "\n"))
	for n, line := range f.lines {
		if n == 0 && f.name != "" || defines.MatchString(line) || decorated.MatchString(line) ||
			re(`\bawait\b|\.then\(|gather\(|`+
				`create_task\(|Promise\.|add_task\(`).MatchString(line) ||
			!f.python() && re(`^\s*return\b|=>\s*\w`).
				MatchString(line) {
			continue
		}
		for _, m := range calls.FindAllStringSubmatch(line, -1) {
			to, ok := v.called(m[2], m[3], f.file)
			if !ok || m[3] == "" || !re(`\basync\b`).MatchString(to.lines[0]) || to.file == f.file &&
				to.first == f.first || !isAsync {
				continue
			}
			call := m[0]
			if at := strings.Index(line, "."+call); at > 0 { // self.repository.get(
				for at > 0 && re(`[\w.]`).MatchString(line[at-1:at]) {
					at--
				}
				call = line[at : strings.Index(line, "."+call)+1+len(call)]
			}
			return f.edit(n, 1,
				fmt.Sprintf("%s, calls the async function %s and does not wait for it: await is missing.",
					f.at(n), m[3]), strings.Replace(line, call, "await "+call, 1))
		}
	}
	return check.Hint{}
}

// texts returns those of functions.
func texts(all []function) string {
	var text strings.Builder
	for _, f := range all {
		text.WriteString(f.text() + "\n")
	}
	return text.String()
}

var dropsList = regexp.MustCompile(`^(\s*)(\w+)(\.filter\()`)

// unkept says that filter makes another array, which nothing keeps.
func unkept(v view, f function) check.Hint {
	for n, line := range f.lines {
		m := dropsList.FindStringSubmatch(line)
		if m == nil || f.python() {
			continue
		}
		cause := fmt.Sprintf("%s: filter makes another array, and nothing keeps it.", f.at(n))
		if !re(`(?m)^\s*(?:let|var)\s+` + m[2] + `\b`).MatchString(v.whole) {
			return check.Hint{
				Cause: cause,
				Advice: fmt.Sprintf("Write `%s = ` before it, and let in place of const where "+
					"`%s` is made.", m[2], m[2]),
			}
		}
		return f.edit(n, 1, cause, m[1]+m[2]+" = "+strings.TrimPrefix(line, m[1]))
	}
	return check.Hint{}
}

var keepsIt = regexp.MustCompile(
	`(?i)\.(?:append|push|unshift|set|add|insert\w*|save|write\w*|create\w*|put|put_nowait|` +
		`concat|setdefault|update|execute\w*|\w*push|h?m?set)\(|\w\]\s*=[^=]|INSERT\s|\bdump|\.\.\.\w+,|\w+\s*\+=\s*\[`,
)

// unstored says that nothing in the function of POST keeps what it makes.
func unstored(v view, f function) check.Hint {
	if v.method != http.MethodPost || v.asks || slices.ContainsFunc(v.all,
		func(f function) bool { return keepsIt.MatchString(f.text()) }) {
		return check.Hint{}
	}
	made := re(`(?m)^\s+(?:const\s+|let\s+|var\s+)?(\w+)\s*(?::[^=\n]+)?=\s*(?:\{|[A-Z]\w*\()`).
		FindAllStringSubmatch(f.text(), -1)
	into := re(`(?m)^(?:const\s+|let\s+|var\s+)?(\w+)\s*(?::[^=\n]+)?=\s*\[\]`).FindAllStringSubmatch(v.whole,
		-1)
	if len(made) != 1 || len(into) != 1 {
		return check.Hint{}
	}
	cause := fmt.Sprintf("No line of the function of POST (%s) stores what it makes.", v.all[0].at(0))
	call := map[bool]string{true: ".append(", false: ".push("}[f.python()]
	for n, line := range f.lines {
		if re(`^\s+(?:const\s+|let\s+|var\s+)?` + made[0][1] + `\s*(?::[^=]+)?=`).MatchString(line) {
			return f.add(closes(f.lines, n)-1, cause, indentOf(line)+into[0][1]+call+made[0][1]+")"+ending(f))
		}
	}
	return check.Hint{}
}

// uncounted says that the number which ids are made of stays as it is.
func uncounted(v view, f function) check.Hint {
	if v.method != http.MethodPost {
		return check.Hint{}
	}
	for _, m := range re(`(?m)^(?:let\s+|var\s+)?(\w+)\s*(?::\s*int\s*)?=\s*[01]\s*;?\s*$`).FindAllStringSubmatch(
		v.whole, -1) {
		name := m[1]
		if re(`\b` + name + `\s*(?:\+=|\+\+|=\s*` + name + `\s*\+)|\+\+\s*` + name + `\b`).MatchString(v.whole) {
			continue
		}
		for n, line := range f.lines {
			if !re(`\bid["']?\s*[:=]\s*` + name + `\b`).MatchString(line) {
				continue
			}
			begin := n
			for begin > 0 && closes(f.lines, begin-1) > n {
				begin--
			}
			if f.python() && !re(`\bglobal\b[^\n]*\b`+name+`\b`).MatchString(f.text()) {
				return check.Hint{
					Cause: fmt.Sprintf("%s makes the id of `%s`, which nothing counts up.", f.at(n), name),
					Advice: fmt.Sprintf("Begin the function with `global %s`, and write `%s += 1` in it.", name,
						name),
				}
			}
			return f.add(closes(f.lines, max(begin, 1))-1,
				fmt.Sprintf("%s, makes the id of `%s`, which nothing counts up.", f.at(n), name),
				indentOf(f.lines[max(begin, 1)])+name+" += 1"+ending(f))
		}
	}
	return check.Hint{}
}

var keyedBy = regexp.MustCompile(`\b(\w+)\[(\w+)(?:\.(\w+)|\[["'](\w+)["']\])\]\s*=\s*(\w+)\b`)

// keyedOther says that a thing is stored under another of its fields than its id.
func keyedOther(v view, f function) check.Hint {
	for n, line := range f.lines {
		m := keyedBy.FindStringSubmatch(line)
		if m == nil || m[2] != m[5] || strings.HasSuffix(strings.ToLower(m[3]+m[4]), "id") ||
			v.method != http.MethodPost {
			continue
		}
		return f.edit(n, 1,
			fmt.Sprintf("%s, stores it under its %s, and it is looked for by its id.", f.at(n), m[3]+m[4]),
			strings.Replace(line, m[0], strings.Replace(m[0], m[3]+m[4], "id", 1), 1))
	}
	return check.Hint{}
}
