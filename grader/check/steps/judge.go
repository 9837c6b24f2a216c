package steps

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/advice"
	"github.com/taskgrader/taskgrader/grader/option"
)

// miss is why an answer is not what was wanted.
type miss struct {
	want, got, hint string
	differences     []difference
	status          bool // it is the status, whose hint is looked for then
	alone           bool // the hint is all there is to say: the rubric's is about something else
}

// judge compares one answer with what the step wants, and gives the answer's JSON; absent where it has none.
func judge(s Step, v, all vars, a check.Answer, f func() advice.Framework) (value any, _ []miss) {
	value = absent{}
	if a.Fault != "" {
		return value, []miss{{want: "an answer with " + s.Want.String(), got: a.Fault, hint: faultHint(a), alone: true}}
	}
	decoded, err := Decode(a.Body)
	if err == nil && !a.Truncated {
		value = decoded
	}
	if !s.Want.Match(a.Status) {
		return value, []miss{{want: "an answer with " + s.Want.String(), got: status(a.Status), status: true}}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Header)) {
		if got, re := a.Header.Get(name), v.regexp(s.Header[name]); !re.MatchString(got) {
			return value, []miss{{want: fmt.Sprintf("header %s matching /%s/", name, cut(re.String(), showBytes)), got: fmt.Sprintf("%q", cut(got, showBytes)),
				hint: fmt.Sprintf("Set the header %s in the answer to %s.", name, s.request())}}
		}
	}
	if s.Text.Regexp != nil {
		if re := v.regexp(s.Text); !re.Match(a.Body) {
			return value, []miss{{want: fmt.Sprintf("text matching /%s/", cut(re.String(), showBytes)), got: quoted(a.Body),
				hint: fmt.Sprintf("Compare the text that %s answers with the pattern, letter by letter.", s.request())}}
		}
	}
	needs := s.JSON.Line > 0 || len(s.Has)+len(s.Lacks) > 0 || s.Count.Op != "" || len(s.Save) > 0 || s.Distinct != ""
	if !needs {
		return value, nil
	}
	if a.Truncated {
		return value, []miss{{want: "an answer of reasonable size", got: fmt.Sprintf("more than %d bytes", len(a.Body)), hint: "Answer with what was asked for alone."}}
	}
	if err != nil {
		return value, []miss{{want: "an answer in JSON", got: quoted(a.Body), hint: f().JSON()}}
	}
	if s.JSON.Line > 0 {
		if d := match("$", v.data(s.JSON, true), value, s.Exact); len(d) > 0 {
			return value, []miss{{want: d[0].path + " = " + d[0].want, got: d[0].path + " = " + annotate(d[0].got, d[0].want, all),
				hint: differenceHint(s, d[0], value, v), differences: d}}
		}
	}
	return value, judgeList(s, v, value)
}

// fixed says whether the step asks for the same whatever was sent before.
func (s Step) fixed() bool {
	fixed := s.request().Method == http.MethodGet
	s.uses(func(string, option.Value, option.Value) { fixed = false })
	return fixed
}

// differenceHint is what most often is behind a value that is not as wanted.
func differenceHint(s Step, d difference, value any, v vars) string {
	key := d.path[strings.LastIndex(d.path, ".")+1:]
	if wanted, ok := v.data(s.JSON, true).(map[string]any); ok && d.got == nothing && d.path == "$."+key {
		if where := elsewhere(value, key, wanted[key]); where != "" {
			return where
		}
	}
	switch {
	case d.path == "$":
		return fmt.Sprintf("Compare what %s answers, below, with what was wanted.", s.request())
	case d.got == nothing:
		return fmt.Sprintf("Put %q into what %s answers.", key, s.request())
	case strings.HasPrefix(d.want, butText) && !strings.HasSuffix(strings.ToLower(key), "id"):
		return fmt.Sprintf("The %q in the answer to %s is still what it was: store what was sent.", key, s.request())
	case strings.HasPrefix(d.want, butText):
		return fmt.Sprintf("Answer with a new %s each time, such as a counter that only goes up, or uuid4.", key)
	case d.want == nothing:
		return fmt.Sprintf("Leave %q out of what %s answers.", key, s.request())
	}
	if s.fixed() {
		return fmt.Sprintf("Answer %s with %q: %s.", s.request(), key, d.want)
	}
	return fmt.Sprintf("The %q in the answer to %s is not what was sent or stored: follow the value from the request to the answer.", key, s.request())
}

// annotate says when a wrong value is that of another variable.
func annotate(got, want string, all vars) string {
	if name := all.nameOf(got); name != "" && got != want {
		return got + ", which is $" + name
	}
	return got
}

func judgeList(s Step, v vars, value any) []miss {
	if len(s.Has)+len(s.Lacks) == 0 && s.Count.Op == "" {
		return nil
	}
	where := "the list"
	if s.List != "" {
		where = "the list at " + s.List
	}
	list, ok := at(value, s.List).([]any)
	if !ok {
		return []miss{{want: where, got: Show(at(value, s.List)), hint: "Answer with a JSON array."}}
	}
	if s.Count.Op != "" && !s.Count.Match(len(list)) {
		what := "all that is stored"
		if strings.Contains(s.request().Path, "?") {
			what = "all that the query asks for"
		}
		return []miss{{want: where + " with " + s.Count.String(), got: plural(len(list)), hint: fmt.Sprintf("Answer %s with %s, and no more.", s.request(), what)}}
	}
	count := func(item any) (n int) {
		for _, got := range list {
			if len(match("$", item, got, false)) == 0 {
				n++
			}
		}
		return n
	}
	for _, h := range s.Has {
		for _, scope := range turns(v, h) {
			item := scope.data(h, true)
			n := count(item)
			if n == 1 {
				continue
			}
			hint := "Store each new item, and answer with all that is stored."
			if n > 1 {
				hint = "It is stored, or answered, more than once: replace an item instead of adding another."
			}
			return []miss{{want: fmt.Sprintf("%s with %s in it, once", where, Show(plain(item))), got: fmt.Sprintf("it is there %s; the list has %s", often(n), plural(len(list))), hint: hint}}
		}
	}
	for _, l := range s.Lacks {
		for _, scope := range turns(v, l) {
			item := scope.data(l, true)
			if n := count(item); n > 0 {
				return []miss{{want: fmt.Sprintf("%s without %s", where, Show(plain(item))), got: "it is there " + often(n),
					hint: "What was deleted or refused must not be in what the list is made of."}}
			}
		}
	}
	return nil
}

// turns are the scopes in which an item of has or lacks is looked for: one, or one for each value of a saved list.
func turns(v vars, written option.Value) []vars {
	longest := 0
	uses(written, func(name string, _ option.Value) {
		if list, ok := v[name].(saved); ok {
			longest = max(longest, len(list))
		}
	})
	if longest == 0 {
		return []vars{v}
	}
	out := make([]vars, longest)
	for i := range out {
		out[i] = maps.Clone(v)
		out[i][counter] = int64(i + 1)
	}
	return out
}

func often(n int) string {
	switch n {
	case 0:
		return "not at all"
	case 1:
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func plural(n int) string {
	if n == 1 {
		return "1 item"
	}
	return fmt.Sprintf("%d items", n)
}

func distinct(s Step, values []any) *miss {
	if s.Distinct == "" {
		return nil
	}
	seen := map[string]int{}
	for i, value := range values {
		key := Show(at(value, s.Distinct))
		if before, ok := seen[key]; ok {
			hint := "Take a new value for each, such as a counter that only goes up, or uuid4."
			if s.Parallel > 1 {
				hint = "Two requests at once read the same counter: guard it with a lock, or use uuid4."
			}
			return &miss{want: fmt.Sprintf("%s different in each of %d answers", s.Distinct, len(values)), got: fmt.Sprintf("answers %d and %d both have %s", before+1, i+1, key), hint: hint}
		}
		seen[key] = i
	}
	return nil
}

func faultHint(a check.Answer) string {
	switch {
	case a.Exited:
		return "Look at the end of the program's log for the exception that ended it."
	case strings.Contains(a.Fault, "within"):
		return "Look for a loop, a sleep or a lock that is never released in what the request calls."
	}
	return "The program's log may say why: run it yourself and send the same request."
}
