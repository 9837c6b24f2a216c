package steps

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
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
	folder := r.folder()
	if folder == nil || a.Fault != "" ||
		!(m.stored || m.twice || len(m.differences) > 0 || m.status && r.ofStored(s, q, a)) {
		return check.Hint{}
	}
	c := codeOf(folder)
	if m.twice {
		return shown(
			view{c, q.Method, q.Path, c.reach(q.Method, q.Path), nil, true, m, nil},
			uncounted,
			uncommitted,
			perRequest,
		)
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

// empty is a container that has nothing in it yet.
const empty = `(?:\[\]|\{\}|dict\(\)|list\(\)|new Map\(\)|new Map(?:<[^>]*>)\(\)|OrderedDict\(\)|defaultdict\(\w+\))`

var (
	makesEmpty = regexp.MustCompile(`^\s+(?:const\s+|let\s+|var\s+)?(\w+)\s*(?::[^=]+)?=\s*` + empty + `\s*;?\s*$`)
	topEmpty   = `(?m)^(?:export\s+)?(?:const\s+|let\s+|var\s+)?NAME\s*(?::[^=\n]+)?=\s*` + empty
)

// top reports whether a name is given an empty container at the top of a file.
func (c code) top(name string) bool {
	return re(strings.Replace(topEmpty, "NAME", name, 1)).MatchString(c.text())
}

// remade says that a function makes what is stored anew, each time that it is called.
func remade(v view, f function) check.Hint {
	for n, line := range f.lines {
		if m := makesEmpty.FindStringSubmatch(line); m != nil && n > 0 && v.top(m[1]) {
			return f.edit(
				n,
				1,
				fmt.Sprintf("%s, gives the function an empty `%s` of its own, so nothing comes into the "+
					"one at the top of the file.", f.at(n), m[1]),
				"",
			)
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
			cause := fmt.Sprintf(
				"%s, makes a new %s for each request, and what an earlier one stored is not in it.",
				f.at(n),
				m[1],
			)
			made := re(`(?m)^(?:export\s+)?(?:const\s+|let\s+)?(\w+)\s*(?::[^=\n]+)?=\s*(?:new\s+)?` + m[1] +
				`\(`).FindStringSubmatch(v.text())
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
	commits     = regexp.MustCompile(
		`\bcommit\(|\bwith\s[^\n]*(?:connect\w*\(|\bconn\b|\bbegin\()|isolation_level|` +
			`autocommit\s*=\s*True|\.begin\(`,
	)
)

// uncommitted says that a change of a database is not kept.
func uncommitted(v view, f function) check.Hint {
	if !f.python() || slices.ContainsFunc(v.all, func(f function) bool { return commits.MatchString(f.text()) }) ||
		re(`isolation_level|autocommit\s*=\s*True`).MatchString(v.text()) {
		return check.Hint{}
	}
	asked := re(`((?:self\.)?\b(?:db\.session|session|db))\.(?:get|query|scalars?|exec)\(`)
	for n, line := range f.lines {
		end := closes(f.lines, n)
		last := n+1 == len(f.lines) || !sets.MatchString(f.lines[n+1])
		if m := asked.FindStringSubmatch(texts(v.all)); m != nil && sets.MatchString(line) && last &&
			v.method == http.MethodPut && strings.Contains(line, ".") {
			return f.add(
				end-1,
				fmt.Sprintf("%s, changes what the database has, and nothing keeps that: commit is missing.",
					f.at(n)),
				indentOf(line)+m[1]+".commit()",
			)
		}
		whole := strings.Join(f.lines[n:end], "\n")
		of := ""
		if m := changesRows.FindStringSubmatch(line); m != nil && sqlChanges.MatchString(whole) {
			of = m[1]
			if by := re(`\b` + of + `\s*=\s*([\w.]+)\.cursor\(`).FindStringSubmatch(f.text()); by != nil {
				of = by[1]
			}
		} else if m := ofSession.FindStringSubmatch(line); m != nil && re(`(?i)session`).MatchString(v.text()) {
			of = m[1]
		}
		if of == "" {
			continue
		}
		return f.add(
			end-1,
			fmt.Sprintf("%s, changes the database, and nothing keeps that: commit is missing.", f.at(n)),
			indentOf(line)+of+".commit()",
		)
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
			return f.edit(
				n,
				1,
				fmt.Sprintf("%s, calls the async function %s and does not wait for it: await is missing.",
					f.at(n), m[3]),
				strings.Replace(line, call, "await "+call, 1),
			)
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
		if !re(`(?m)^\s*(?:let|var)\s+` + m[2] + `\b`).MatchString(v.text()) {
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

var braced = regexp.MustCompile(
	`(\.(?:find|findIndex|findLast|filter|some|every|map)\(\s*(?:\(\s*\w+\s*\)|\w+)\s*=>\s*)` +
		`\{\s*([^{};]+?);?\s*\}`,
)

// unreturned says that an arrow function with braces gives nothing back.
func unreturned(_ view, f function) check.Hint {
	for n, line := range f.lines {
		if m := braced.FindStringSubmatch(line); m != nil && !f.python() && !strings.HasPrefix(m[2], "return") {
			return f.edit(
				n,
				1,
				fmt.Sprintf("%s: an arrow function with braces returns nothing without return, so none is "+
					"ever found.", f.at(n)),
				strings.Replace(line, m[0], m[1]+m[2], 1),
			)
		}
	}
	return check.Hint{}
}

var (
	oneID     = regexp.MustCompile(`\b\w*id\b`)
	deleteAll = regexp.MustCompile(`(?i)(execute\(\s*["']DELETE FROM \w+)(["'])\s*\)`)
	updateAll = regexp.MustCompile(`(?i)(UPDATE \w+ SET [^"']*?)(["']\s*,\s*\()(.*?),?\s*\)\)`)
	unlimited = regexp.MustCompile(`(?i)["'\x60](?:DELETE FROM \w+|UPDATE \w+ SET [^"'\x60]*)["'\x60]`)
)

// everything says that a statement about one thing is about all.
func everything(v view, f function) check.Hint {
	for n, line := range f.lines {
		said := unlimited.FindString(line)
		if said == "" || re(`(?i)\bWHERE\b`).MatchString(strings.Join(f.lines[n:closes(f.lines, n)], "\n")) ||
			strings.Count(v.path, "/") < 2 {
			continue
		}
		cause := fmt.Sprintf("%s: without WHERE the statement is about all rows.", f.at(n))
		id := oneID.FindString(
			f.lines[min(1, len(f.lines)-1)][strings.IndexByte(f.lines[min(1, len(f.lines)-1)], '(')+1:],
		)
		if m := deleteAll.FindStringSubmatch(line); m != nil && f.python() && id != "" {
			return f.edit(n, 1, cause, strings.Replace(line, m[0], m[1]+" WHERE id = ?"+m[2]+", ("+id+",))", 1))
		} else if m := updateAll.FindStringSubmatch(line); m != nil && f.python() && id != "" &&
			strings.Contains(m[0], "?") {
			return f.edit(n, 1, cause, strings.Replace(line, m[0], m[1]+" WHERE id = ?"+m[2]+m[3]+", "+id+"))", 1))
		}
		return check.Hint{Cause: cause, Advice: "Write `WHERE id = ?` at its end, and give it the id of the path."}
	}
	return check.Hint{}
}

var (
	keepsOne = regexp.MustCompile(
		`^\s*(\w+)(?:\[:\])?\s*=\s*\[(\w+) for (\w+) in (\w+) if \w+(?:\.id|\[["']id["']\])\s*(==)`,
	)
	keepsThe = regexp.MustCompile(`^\s*(\w+)\s*=\s*(\w+)\.filter\(\s*\(?\w+\)?\s*=>\s*\w+\.id\s*(={2,3})[^=]`)
)

// inverted says that a function keeps the one that it is to remove.
func inverted(v view, f function) check.Hint {
	for n, line := range f.lines {
		if v.method != http.MethodDelete {
			break
		}
		cause := fmt.Sprintf("%s, keeps the one that is to go, and removes all others.", f.at(n))
		if m := keepsOne.FindStringSubmatch(line); m != nil && m[1] == m[4] {
			return f.edit(n, 1, cause, strings.Replace(line, "==", "!=", 1))
		} else if m := keepsThe.FindStringSubmatch(line); m != nil && m[1] == m[2] {
			return f.edit(n, 1, cause, strings.Replace(line, m[3], "!"+m[3][1:], 1))
		}
	}
	return check.Hint{}
}

var toTheEnd = regexp.MustCompile(`\.splice\(\s*(\w+)\s*\)`)

// spliced says that splice removes all that follow, too.
func spliced(v view, f function) check.Hint {
	for n, line := range f.lines {
		if m := toTheEnd.FindStringSubmatch(line); m != nil && v.method == http.MethodDelete {
			return f.edit(
				n,
				1,
				fmt.Sprintf("%s: splice without a second number removes all that follow, too.", f.at(n)),
				strings.Replace(line, m[0], ".splice("+m[1]+", 1)", 1),
			)
		}
	}
	return check.Hint{}
}

var (
	placed     = regexp.MustCompile(`(\w+)\s*=\s*[\w.]+\.(?:findIndex|indexOf)\(`)
	asksPlaced = `if\s*\(\s*(!?)\s*NAME\s*\)`
)

// falsy says that the place of the first item, 0, is taken for none.
func falsy(_ view, f function) check.Hint {
	name := placed.FindStringSubmatch(f.text())
	if name == nil {
		return check.Hint{}
	}
	for n, line := range f.lines {
		m := re(strings.Replace(asksPlaced, "NAME", name[1], 1)).FindStringSubmatch(line)
		if m == nil {
			continue
		}
		as := map[string]string{"!": " === -1", "": " !== -1"}[m[1]]
		return f.edit(
			n,
			1,
			fmt.Sprintf("%s: the place of the first is 0, which counts as false, and that of none is -1, "+
				"which does not.", f.at(n)),
			strings.Replace(line, m[0], "if ("+name[1]+as+")", 1),
		)
	}
	return check.Hint{}
}

var refusesThere = regexp.MustCompile(`^\s*(?:raise HTTPException\(|abort\(404|return .*404|return None\b|return$)`)

// early says that a loop refuses at the first item which is another.
func early(_ view, f function) check.Hint {
	for n := 1; n+1 < len(f.lines) && f.python(); n++ {
		line := f.lines[n]
		if strings.TrimSpace(line) != "else:" || !refusesThere.MatchString(f.lines[n+1]) {
			continue
		}
		loop := ""
		for above := n - 1; above > 0; above-- {
			indent := indentOf(f.lines[above])
			if strings.HasPrefix(strings.TrimSpace(f.lines[above]), "for ") && len(indent) < len(indentOf(line)) {
				loop = indent
				break
			}
		}
		next := n + 2
		for next < len(f.lines) && strings.TrimSpace(f.lines[next]) == "" {
			next++
		}
		if loop == "" || next < len(f.lines) && len(indentOf(f.lines[next])) > len(loop) {
			continue
		}
		return f.edit(
			n,
			2,
			fmt.Sprintf("%s, refuses within the loop, at the first item that is another.", f.at(n+1)),
			loop+strings.TrimSpace(f.lines[n+1]),
		)
	}
	return check.Hint{}
}

var eachOf = regexp.MustCompile(`^(\s+)for (\w+) in (.+):$`)

// firstAlone says that a list ends with its first item.
func firstAlone(v view, f function) check.Hint {
	for n := 1; n+1 < len(f.lines) && v.method == http.MethodGet && v.asks && f.python(); n++ {
		m := eachOf.FindStringSubmatch(f.lines[n])
		if m == nil || strings.TrimSpace(f.lines[n+1]) != "return "+m[2] {
			continue
		}
		all := m[3]
		if strings.Contains(all, "(") {
			all = "list(" + all + ")"
		}
		return f.edit(n, 2, fmt.Sprintf("%s, returns within the loop, so the first item is all that is answered.",
			f.at(n+1)), m[1]+"return "+all)
	}
	return check.Hint{}
}

var (
	spread    = regexp.MustCompile(`^(\s*)(\w+)\s*=\s*\{\s*\.\.\.(\w+)\s*,\s*(.*)\}\s*;?\s*$`)
	newObject = regexp.MustCompile(`^(\s+)(\w+)\s*=\s*(\{.*\})\s*$`)
)

// replaced says that a change is made to a variable, and not to what is stored.
func replaced(v view, f function) check.Hint {
	if v.method != http.MethodPut && v.method != http.MethodPatch {
		return check.Hint{}
	}
	put := func(name string, n int) bool {
		return re(`(?:\]\s*=\s*|[,(]\s*|push\(|\bset\(.*)` + name + `\b`).
			MatchString(strings.Join(slices.DeleteFunc(slices.Clone(f.lines[n+1:]), func(line string) bool {
				return re(`jsonify|\.json\(|\.send\(|return`).MatchString(line)
			}), "\n"))
	}
	for n, line := range f.lines {
		cause := fmt.Sprintf("%s, gives the variable another object, and what is stored stays as it was.", f.at(n))
		if m := spread.FindStringSubmatch(line); m != nil && m[2] == m[3] && !put(m[2], n) && !f.python() {
			return f.edit(n, 1, cause, m[1]+"Object.assign("+m[2]+", { "+strings.TrimSpace(m[4])+" });")
		}
		if m := newObject.FindStringSubmatch(line); m != nil && f.python() && !put(m[2], n) &&
			re(`\bfor `+m[2]+` in `).MatchString(f.text()) &&
			re(`\b`+m[2]+`\[["']`).MatchString(v.text()) {
			return f.edit(n, 1, cause, m[1]+m[2]+".update("+m[3]+")")
		}
	}
	return check.Hint{}
}

var atPlace = regexp.MustCompile(
	`\b(\w+)(?:\.pop\(\s*(\w*[iI][dD])\s*(?:- 1\s*)?\)|\[\s*(\w*[iI][dD])\s*(?:- 1\s*)?\]|` +
		`\.splice\(\s*(\w*[iI][dD])\s*(?:- 1\s*)?,)`,
)

// byPlace says that an id is taken for a place in a list.
func byPlace(v view, f function) check.Hint {
	for n, line := range f.lines {
		m := atPlace.FindStringSubmatch(line)
		if m == nil || !re(`(?m)^(?:const\s+|let\s+|var\s+)?`+m[1]+`\s*(?::[^=\n]+)?=\s*\[`).MatchString(v.text()) {
			continue
		}
		cause := fmt.Sprintf("%s, takes the id for a place in `%s`, which is a list.", f.at(n), m[1])
		if loop := re(`\bfor (\w+) in ` + m[1] + `:`).FindStringSubmatch(f.text()); loop != nil && m[2] != "" {
			return f.edit(
				n,
				1,
				cause,
				strings.Replace(line, strings.TrimSuffix(m[0], ","), m[1]+".remove("+loop[1]+")", 1),
			)
		}
		look := fmt.Sprintf("`next((t for t in %s if t[\"id\"] == %s), None)`", m[1], m[2]+m[3])
		if !f.python() {
			look = fmt.Sprintf(
				"`%s.find((t) => t.id === Number(%s))`, or its place with findIndex",
				m[1],
				m[2]+m[3]+m[4],
			)
		}
		return check.Hint{Cause: cause, Advice: "Look for the one that has the id: " + look + "."}
	}
	return check.Hint{}
}

var (
	gives     = regexp.MustCompile(`\breturn\b[ \t]*[^;\s]|\byield\b`)
	none      = regexp.MustCompile(`\breturn (?:None|null)\b`)
	closing   = regexp.MustCompile(`^\s*[})\]]*[;,]?\s*$`)
	bareCall  = regexp.MustCompile(`^\s+(?:await\s+)?[\w.]+(?:\(.*\)|\[.*\]);?$`)
	sets      = regexp.MustCompile(`^\s+(\w+)(?:\.\w+|\[[^\]]+\])\s*=[^=]`)
	keepsName = regexp.MustCompile(`\.(?:append|push|add|insert)\(\s*(\w+)\s*\)|\]\s*=\s*(\w+)\s*;?$|` +
		`\.set\([^,()]+,\s*(\w+)\)`)
)

// returnsNothing says that a function gives nothing back, and that what it gives is used.
func returnsNothing(v view, f function) check.Hint {
	last := len(f.lines) - 1
	for last > 0 && closing.MatchString(f.lines[last]) {
		last--
	}
	if last == 0 || defines.MatchString(f.lines[last]) || gives.MatchString(none.ReplaceAllString(f.text(), "")) ||
		!f.python() && !strings.HasSuffix(strings.TrimSpace(f.lines[0]), "{") {
		return check.Hint{}
	}
	called := "function of " + v.method
	switch used := re(`(?:\breturn|[=(,]|\bif|\bnot)\s*(?:await\s+)?(?:[\w.]*\.)?` + f.name + `\(`); {
	case f.first == v.all[0].first && f.file == v.all[0].file: // what a framework calls
		if !f.python() || !v.asks || v.miss.status {
			return check.Hint{}
		}
	case !slices.ContainsFunc(v.all, func(by function) bool {
		return (by.file != f.file || by.first != f.first) && used.MatchString(by.text())
	}):
		return check.Hint{}
	default:
		called = "function " + f.name
	}
	cause := fmt.Sprintf("The %s (%s) gives nothing back: return is missing.", called, f.at(0))
	line := f.lines[last]
	indent := indentOf(line)
	keeping := keepsName.FindStringSubmatch(line)
	switch m := sets.FindStringSubmatch(line); {
	case m != nil && !v.top(m[1]):
		return f.add(last, cause, indent+"return "+m[1]+ending(f))
	case keeping != nil:
		return f.add(last, cause, indent+"return "+keeping[1]+keeping[2]+keeping[3]+ending(f))
	case bareCall.MatchString(line):
		return f.edit(last, 1, cause, indent+"return "+strings.TrimSpace(line))
	}
	return check.Hint{Cause: cause, Advice: "Write it before what the function is to give."}
}

// ending returns what ends a statement in a function's language, as it is written there.
func ending(f function) string {
	if !f.python() && strings.Contains(f.text(), ";") {
		return ";"
	}
	return ""
}

// unnamed says that a PUT stores another field, and not that which is as it was.
func unnamed(v view, f function) check.Hint {
	if v.method != http.MethodPut || len(v.miss.differences) == 0 {
		return check.Hint{}
	}
	key := path.Ext("." + v.miss.differences[0].path)[1:]
	if _, sent := v.sent[key]; !sent {
		return check.Hint{}
	}
	stores := func(key string) *regexp.Regexp {
		return re(`^\s+\w+(?:\.` + key + `|\[["']` + key + `["']\])\s*=[^=].*\b` + key + `\b`)
	}
	named := re(`\b` + key + `\b`)
	for n, line := range f.lines {
		if m := re(`^\s+\w+(?:\.|\[["'])(\w+)(?:["']\])?\s*=[^=].*?(?:\.|\[["']|\(["'])` + key +
			`\b`).FindStringSubmatch(line); m != nil && m[1] != key && v.sent[m[1]] == nil {
			return f.edit(n, 1, fmt.Sprintf("%s, stores %q under the name %s.", f.at(n), key, m[1]),
				strings.Replace(line, m[1], key, 1))
		}
	}
	if slices.ContainsFunc(v.all, func(f function) bool {
		return re(`\b`+key+`\b[^\n]*=[^=]|[.\["']`+key+`\b["'\]]*\s*=[^=]|\*\*|\.\.\.|assign\(|`+
			`setattr|update\(|SET\b`).MatchString(f.text()) && !onlyTakes(f, key)
	}) {
		return check.Hint{}
	}
	for n, line := range f.lines {
		for _, other := range sortedKeys(v.sent) {
			if other != key && stores(other).MatchString(line) && !named.MatchString(line) {
				return f.add(
					n,
					fmt.Sprintf("The function of PUT stores %q (%s), and %q nowhere.", other, f.at(n), key),
					re(`\b`+other+`\b`).ReplaceAllString(line, key),
				)
			}
		}
	}
	return check.Hint{}
}

// onlyTakes reports whether a function names a field where it says what it takes, and nowhere else.
func onlyTakes(f function, key string) bool {
	n := 0
	for _, line := range f.lines {
		if re(`\b`+key+`\b`).MatchString(line) && !defines.MatchString(line) &&
			!re(`\{[^}]*\b`+key+`\b[^}]*\}\s*=\s*req`).MatchString(line) {
			n++
		}
		if re(`\*\*|\.\.\.|assign\(|setattr|update\(|SET\b`).MatchString(line) {
			return false
		}
	}
	return n == 0
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
	into := re(`(?m)^(?:const\s+|let\s+|var\s+)?(\w+)\s*(?::[^=\n]+)?=\s*\[\]`).FindAllStringSubmatch(v.text(),
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
		v.text(), -1) {
		name := m[1]
		if re(`\b` + name + `\s*(?:\+=|\+\+|=\s*` + name + `\s*\+)|\+\+\s*` + name + `\b`).MatchString(v.text()) {
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
					Advice: fmt.Sprintf(
						"Begin the function with `global %s`, and write `%s += 1` in it.",
						name,
						name,
					),
				}
			}
			return f.add(
				closes(f.lines, max(begin, 1))-1,
				fmt.Sprintf("%s, makes the id of `%s`, which nothing counts up.",
					f.at(n), name),
				indentOf(f.lines[max(begin, 1)])+name+" += 1"+ending(f),
			)
		}
	}
	return check.Hint{}
}

var (
	answers = regexp.MustCompile(`^(\s*)return\s+(.*?)(,\s*\d{3})?\s*$`)
	sends   = regexp.MustCompile(
		`^(.*\bre(?:s|ply|sponse)\b(?:\.\w+\(\s*\w*\s*\))*\.)(?:json|send|end)\((.*)\)(;?)\s*$`,
	)
	objectCall = regexp.MustCompile(`\.(?:to_dict|to_json|as_dict|serialize|toJSON)\(`)
)

// answersOther says which line answers a POST with something else than what it stored.
func answersOther(v view, f function) check.Hint {
	d := v.miss.differences
	for _, key := range sortedKeys(v.sent) {
		if v.sent[key] != nil && equal(v.answer[key], v.sent[key]) {
			return check.Hint{}
		}
	}
	if v.miss.status || f.file != v.all[0].file || f.first != v.all[0].first ||
		len(d) > 0 && d[0].got != nothing && d[0].path != "$" {
		return check.Hint{}
	}
	kept := ""
	for _, m := range keepsName.FindAllStringSubmatch(f.text(), -1) {
		kept = m[1] + m[2] + m[3]
	}
	for n, line := range slices.Backward(f.lines) {
		m, node := answers.FindStringSubmatch(line), sends.FindStringSubmatch(line)
		switch {
		case f.python() && m == nil, !f.python() && node == nil:
			continue
		}
		if kept != "" && re(`\b`+kept+`\)*[;,\s\d]*$`).MatchString(line) && !strings.Contains(line, "{") {
			continue
		}
		cause := fmt.Sprintf("%s, answers POST with something else than what was stored: `%s`.", f.at(n),
			cut(strings.TrimSpace(line), 100))
		if kept == "" || objectCall.MatchString(v.text()) || closes(f.lines, n) != n+1 ||
			!re(`\b`+kept+`\s*(?::[^=\n]+)?=[^=]`).MatchString(f.text()) {
			return check.Hint{Cause: cause, Advice: "Answer with the one that was stored, its id included."}
		}
		if f.python() {
			as := kept
			if strings.Contains(v.text(), "jsonify") {
				as = "jsonify(" + kept + ")"
			}
			return f.edit(n, 1, cause, m[1]+"return "+as+m[3])
		}
		return f.edit(n, 1, cause, node[1]+"json("+kept+")"+node[3])
	}
	return check.Hint{}
}

// narrowed says that the model of an answer has no id.
func narrowed(v view, f function) check.Hint {
	if len(v.miss.differences) == 0 || v.miss.differences[0].path != "$.id" ||
		v.miss.differences[0].got != nothing {
		return check.Hint{}
	}
	for n, line := range f.lines {
		m := re(`(response_model\s*=\s*(?:\w+\.)?|->\s*)([A-Z]\w*)`).FindStringSubmatch(line)
		if m == nil || slices.Contains(v.fields(m[2], 0), "id") || len(v.fields(m[2], 0)) == 0 {
			continue
		}
		cause := fmt.Sprintf("%s: the answer is made of %s, which has no id.", f.at(n), m[2])
		var with []string
		for _, class := range re(`(?m)^class (\w+)\(`).FindAllStringSubmatch(v.text(), -1) {
			all := v.fields(class[1], 0)
			if slices.Contains(all, "id") && !slices.ContainsFunc(v.fields(m[2], 0),
				func(field string) bool { return !slices.Contains(all, field) }) {
				with = append(with, class[1])
			}
		}
		if len(with) != 1 {
			return check.Hint{Cause: cause, Advice: "Name a model there that has one."}
		}
		return f.edit(n, 1, cause, strings.Replace(line, m[0], m[1]+with[0], 1))
	}
	return check.Hint{}
}

// fields returns those of a model of Pydantic's, with those of what it is made from.
func (c code) fields(class string, depth int) (names []string) {
	for _, file := range c.names {
		for n, line := range c.lines[file] {
			m := re(`^class ` + class + `\(([^)]*)\)`).FindStringSubmatch(line)
			if m == nil || depth > mostCalls {
				continue
			}
			for _, below := range c.lines[file][n+1:] {
				if below != "" && indentOf(below) == "" {
					break
				}
				if field := re(`^    (\w+)\s*:`).FindStringSubmatch(below); field != nil {
					names = append(names, field[1])
				}
			}
			for _, base := range re(`\w+`).FindAllString(m[1], -1) {
				names = append(names, c.fields(base, depth+1)...)
			}
		}
	}
	return names
}

var unended = regexp.MustCompile(`^(\s*(?:return|\w+\s*=)\s+.*\.(?:filter|filter_by)\((?:[^()]|\([^()]*\))*\))\s*$`)

// unfetched says that a query is made, and what it finds not taken.
func unfetched(v view, f function) check.Hint {
	for n, line := range f.lines {
		if !f.python() || strings.Count(v.path, "/") < 2 {
			break
		}
		if m := unended.FindStringSubmatch(line); m != nil && strings.Contains(line, "query") &&
			!re(`\.(?:first|one|one_or_none|all|delete|update|count)\(`).MatchString(f.text()) {
			return f.edit(
				n,
				1,
				fmt.Sprintf("%s, makes a query, and takes nothing of what it finds.", f.at(n)),
				m[1]+".first()",
			)
		}
		m := re(`^(\s*(\w+)\s*=\s*[\w.]+\.execute\(\s*["'](?i:SELECT).*\))\s*$`).FindStringSubmatch(line)
		if m != nil &&
			!re(`\b`+m[2]+`\.fetch|\bfor \w+ in `+m[2]+`\b|\b`+m[2]+`\.(?:scalar|first|one|mappings)`).MatchString(
				f.text()) &&
			!re(`\bcur(?:sor)?\.fetch`).MatchString(f.text()) {
			return f.edit(
				n,
				1,
				fmt.Sprintf("%s, makes a query, and takes nothing of what it finds.", f.at(n)),
				m[1]+".fetchone()",
			)
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
		return f.edit(
			n,
			1,
			fmt.Sprintf("%s, stores it under its %s, and it is looked for by its id.", f.at(n), m[3]+m[4]),
			strings.Replace(line, m[0], strings.Replace(m[0], m[3]+m[4], "id", 1), 1),
		)
	}
	return check.Hint{}
}

var typedID = regexp.MustCompile(`\b(\w*id)\s*:\s*(int|str|UUID)\b`)

// otherType says that a function takes the id of the path for another type than the others do.
func otherType(v view, f function) check.Hint {
	if !f.python() || !v.asks || len(v.all) == 0 || f.first != v.all[0].first || f.file != v.all[0].file {
		return check.Hint{}
	}
	for n, line := range f.lines {
		m := typedID.FindStringSubmatch(line)
		if m == nil || !defines.MatchString(line) {
			continue
		}
		as := map[string]int{}
		for _, other := range typedID.FindAllStringSubmatch(strings.Join(v.lines[f.file], "\n"), -1) {
			if other[1] == m[1] {
				as[other[2]]++
			}
		}
		for kind, times := range as {
			if kind != m[2] && as[m[2]] == 1 && times > 1 {
				return f.edit(
					n,
					1,
					fmt.Sprintf("%s, takes the id as %s, and the other functions as %s: these are never equal.",
						f.at(n), m[2], kind),
					strings.Replace(line, m[0], strings.TrimSuffix(m[0], m[2])+kind, 1),
				)
			}
		}
	}
	return check.Hint{}
}

var (
	toNumber = regexp.MustCompile(`(?:Number|parseInt)\(\s*(req(?:uest)?\.params\.\w+)(?:\s*,\s*10)?\s*\)`)
	asItIs   = regexp.MustCompile(`([(,]\s*)(req(?:uest)?\.params\.\w+)(\s*[,)])`)
)

// converted says that the id of a path is made a number where ids are texts, or is left a text where the
// others make it one.
func converted(v view, f function) check.Hint {
	id := path.Base(v.path)
	for n, line := range f.lines {
		m := toNumber.FindStringSubmatch(line)
		if m != nil && !digits.MatchString(id) {
			return f.edit(n, 1, fmt.Sprintf("%s, makes a number of the id, and ids are text here.", f.at(n)),
				strings.Replace(line, m[0], m[1], 1))
		}
		if as := asItIs.FindStringSubmatch(
			line,
		); m == nil && as != nil && digits.MatchString(id) && v.asks &&
			v.miss.status &&
			toNumber.MatchString(v.text()) {
			return f.edit(n, 1, fmt.Sprintf("%s, takes the id as text, which is never equal to a number.", f.at(n)),
				strings.Replace(line, as[0], as[1]+"Number("+as[2]+")"+as[3], 1))
		}
	}
	return check.Hint{}
}

var removes = regexp.MustCompile(
	`(?i)\bdel\s|\.(?:pop|popitem|remove|discard|clear|splice|filter|unlink|rename|delete\w*|destroy\w*|execute\w*|` +
		`write\w*|save|dump)\(|=\s*\[|\bdump|\bsave|\bdelete\s`,
)

// unremoved says that nothing in the function of DELETE takes something away.
func unremoved(v view, f function) check.Hint {
	text := ""
	for _, one := range v.all {
		for n, line := range one.lines {
			if !decorated.MatchString(line) && (n > 0 || one.name == "") {
				text += routed.ReplaceAllString(linked.ReplaceAllString(line, ""), "") + "\n"
			}
		}
	}
	for _, one := range v.all {
		if one.name != "" {
			text = re(`\b`+one.name+`\(`).ReplaceAllString(text, "")
		}
	}
	if v.method != http.MethodDelete || len(v.all) == 0 || removes.MatchString(text) {
		return check.Hint{}
	}
	last := v.all[len(v.all)-1]
	h := check.Hint{
		Cause: fmt.Sprintf("No line of the function of DELETE (%s) takes anything away.", v.all[0].at(0)),
		Advice: fmt.Sprintf("Remove it there from what GET looks into, as with `del tasks[task_id]` or "+
			"`tasks.remove(task)` (%s).", last.at(0))}
	if !f.python() {
		h.Advice = "Remove it there from what GET looks into, as with `tasks = tasks.filter((t) => t.id !== id)`."
	}
	return h
}
