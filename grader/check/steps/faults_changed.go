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

// The faults for which a PUT or a DELETE changes another thing, or nothing.

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
			!v.ofOne() {
			continue
		}
		cause := fmt.Sprintf("%s: without WHERE the statement is about all rows.", f.at(n))
		id := oneID.FindString(
			f.lines[min(1, len(f.lines)-1)][strings.IndexByte(f.lines[min(1, len(f.lines)-1)], '(')+1:])
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
		`^\s*(\w+)(?:\[:\])?\s*=\s*\[(\w+) for (\w+) in (\w+) if \w+(?:\.id|\[["']id["']\])\s*(==)`)
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
			return f.edit(n, 1,
				fmt.Sprintf("%s: splice without a second number removes all that follow, too.", f.at(n)),
				strings.Replace(line, m[0], ".splice("+m[1]+", 1)", 1))
		}
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
			re(`\b`+m[2]+`\[["']`).MatchString(v.whole) {
			return f.edit(n, 1, cause, m[1]+m[2]+".update("+m[3]+")")
		}
	}
	return check.Hint{}
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
				return f.add(n,
					fmt.Sprintf("The function of PUT stores %q (%s), and %q nowhere.", other, f.at(n), key),
					re(`\b`+other+`\b`).ReplaceAllString(line, key))
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

var removes = regexp.MustCompile(
	`(?i)\bdel\s|\.(?:pop|popitem|remove|discard|clear|splice|filter|unlink|rename|delete\w*|destroy\w*|execute\w*|` +
		`write\w*|save|dump)\(|=\s*[\[{]|\.\w*(?:deleted|active|archived)\w*\s*=|\bdump|\bsave|\bdelete\s`,
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
