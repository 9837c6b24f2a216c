package steps

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// The faults for which what is right is not what is answered.

var eachOf = regexp.MustCompile(`^(\s+)for (\w+(?:, \w+)*) in (.+):$`)

// firstAlone says that a list ends with its first item.
func firstAlone(v view, f function) check.Hint {
	for n := 1; n+1 < len(f.lines) && v.method == http.MethodGet && v.asks && f.python() && !v.ofOne(); n++ {
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

var (
	answers = regexp.MustCompile(`^(\s*)return\s+(.*?)(,\s*\d{3})?\s*$`)
	sends   = regexp.MustCompile(
		`^(.*\bre(?:s|ply|sponse)\b(?:\.\w+\(\s*\w*\s*\))*\.)(?:json|send|end)\((.*)\)(;?)\s*$`)
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
		if kept == "" || objectCall.MatchString(v.whole) || closes(f.lines, n) != n+1 ||
			!re(`\b`+kept+`\s*(?::[^=\n]+)?=[^=]`).MatchString(f.text()) {
			return check.Hint{Cause: cause, Advice: "Answer with the one that was stored, its id included."}
		}
		if f.python() {
			as := kept
			if strings.Contains(v.whole, "jsonify") {
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
		for _, class := range re(`(?m)^class (\w+)\(`).FindAllStringSubmatch(v.whole, -1) {
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
