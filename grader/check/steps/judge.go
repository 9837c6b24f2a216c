package steps

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/advice"
	"github.com/taskgrader/taskgrader/grader/option"
)

// miss is why an answer is not what was wanted.
type miss struct {
	want, got, hint string
	differences     []difference
	status          bool // it is the status, whose hint is looked for then
	stored          bool // it is about what is stored, or what form an answer has
	twice           bool // it is an id that was given out before
	alone           bool // the hint is all there is to say: the rubric's is about something else
}

// judging is one answer, or several, and what is wanted of them.
type judging struct {
	step      Step
	vars      vars // with what is of this request alone
	all       vars
	origin    func(name string) string
	request   check.Request
	asked     time.Time
	framework func() advice.Framework
	deleted   bool              // a step before sent DELETE
	gave      map[string]bool   // single values that the requests of the check held
	opaque    bool              // a request held what these are not known of
	before    []check.Request   // what the check has sent
	base      map[string]string // the paths of the requests whose answers gave variables
	folder    func() fs.FS      // the submission's; nil where there is none
	code      func() code       // the text of the program in it
	inside    *string           // the key of the object in which the list was found that should be the answer itself
}

// route returns the request as a student reads it.
func (j judging) route() string { return j.request.Method + " " + cut(j.request.Path, 300) }

// judge compares one answer with what the step wants, and gives the answer's JSON, absent where it
// has none, and what the step saves of it.
func (j judging) judge(a check.Answer) (value JSON, found vars, _ []miss) {
	s := j.step
	value = absent{}
	if a.Fault != "" {
		return value, nil, []miss{{want: "an answer with " + s.Want.String(), got: a.Fault, alone: true}}
	}
	decoded, err := Decode(a.Body)
	if err == nil && !a.Truncated {
		value = decoded
	}
	found = s.found(value, a)
	known := j.vars
	j.vars = maps.Clone(known)
	// what is saved may be wanted in the same answer, unless the name means an earlier value
	for name, saved := range found {
		if _, before := known[name]; !before {
			j.vars[name] = saved
		}
	}
	if len(s.Either) > 0 {
		return value, found, j.either(value, a)
	}
	if s.lacksSaved(value, a, j.route()) != nil {
		j.step.Header, j.step.Text = nil, nil // their patterns may hold what is not there, which is what to say
	}
	misses := j.answer(value, a)
	if len(misses) == 0 {
		if m := s.lacksSaved(value, a, j.route()); m != nil {
			misses = []miss{*m}
		}
	}
	return value, found, misses
}

// either judges a step that takes several answers: what is wrong with the nearest is said.
func (j judging) either(value JSON, a check.Answer) []miss {
	var nearest []miss
	var codes []string
	for _, alternative := range j.step.Either {
		one := j
		one.step = alternative.of(j.step)
		misses := one.answer(value, a)
		if len(misses) == 0 {
			return nil
		}
		codes = append(codes, alternative.Want.String())
		if nearest == nil || nearest[0].status && !misses[0].status {
			nearest = misses
		}
	}
	if nearest[0].status {
		nearest[0].want = "an answer with " + strings.Join(codes, ", or with ")
	}
	return nearest
}

// answer compares one answer with what the step wants of it.
func (j judging) answer(value JSON, a check.Answer) []miss {
	s, v := j.step, j.vars
	if !s.Want.Match(a.Status) {
		return []miss{{want: "an answer with " + s.Want.Codes.String(), got: status(a.Status), status: true}}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Header)) {
		for _, pattern := range s.Header[name] {
			if m := j.header(name, pattern.with(v), a.Header.Values(name)); m != nil {
				return []miss{*m}
			}
		}
	}
	for _, pattern := range s.Text {
		if text := pattern.with(v); !text.holds(string(a.Body), len(a.Body) > 0) {
			return []miss{{want: "text " + text.String(), got: quoted(a.Body), hint: j.textHint(text)}}
		}
	}
	ofJSON := slices.ContainsFunc(slices.Collect(maps.Values(s.Save)), Source.ofJSON)
	if s.JSON.Line == 0 && !s.listed() && !ofJSON && s.Distinct == "" {
		return nil
	}
	_, noJSON := value.(absent)
	if a.Truncated {
		return []miss{{want: "an answer of reasonable size", got: fmt.Sprintf("more than %d bytes", len(a.Body)),
			hint: "Answer with what was asked for alone."}}
	}
	if noJSON {
		return []miss{{want: "an answer in JSON", got: quoted(a.Body), hint: j.noJSONHint(a), stored: true}}
	}
	in := scene{answer: value, asked: j.asked}
	if s.JSON.Line > 0 {
		if d := in.match("$", v.data(s.JSON, true), value, s.Exact); len(d) > 0 {
			return []miss{{want: d[0].path + " = " + d[0].want, got: d[0].path + " = " +
				j.annotate(d[0].got, d[0].want),
				hint: j.differenceHint(d[0], value), differences: d}}
		}
	}
	return j.list(value, in)
}

// header compares the values of one header with a pattern.
func (j judging) header(name string, wanted Pattern, values []string) *miss {
	if wanted.absent || wanted.not {
		for _, value := range values {
			if !wanted.holds(value, true) {
				m := &miss{want: "header " + name + " " + wanted.String(),
					got: fmt.Sprintf("%q", cut(value, showBytes)),
					hint: fmt.Sprintf("Give the header %s another value in the answer to %s, or leave it out.", name,
						j.route())}
				if wanted.absent {
					m.hint = fmt.Sprintf("Leave the header %s out of the answer to %s.", name, j.route())
				}
				return m
			}
		}
		return nil
	}
	if slices.ContainsFunc(values, func(value string) bool { return wanted.holds(value, true) }) {
		return nil
	}
	m := &miss{want: "header " + name + " " + wanted.String(), got: "no such header",
		hint: fmt.Sprintf("Set the header %s in the answer to %s.", name, j.route())}
	if len(values) > 0 {
		var shown []string
		for _, value := range values {
			shown = append(shown, fmt.Sprintf("%q", cut(value, showBytes)))
		}
		m.got, m.hint = strings.Join(shown, " and "),
			fmt.Sprintf("The answer to %s has the header %s, with another value: change that.", j.route(), name)
	}
	return m
}

// listed reports whether the step looks into an array.
func (s Step) listed() bool {
	return len(s.Has)+len(s.Lacks)+len(s.Sorted) > 0 || s.Count.Op != "" || s.Every.Line > 0 || s.Unique != ""
}

// annotate says when a wrong value is that of another variable.
func (j judging) annotate(got, want string) string {
	if name := j.all.nameOf(got); name != "" && got != want && got != nothing {
		return got + ", which is " + j.origin(name)
	}
	return got
}

// nameOf returns the variable that holds a value, if one does, or empty. That two are both true or
// both false says nothing.
func (v vars) nameOf(shown string) string {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if _, flag := v[name].(bool); !flag && name != counter && Show(v[name]) == shown && len(shown) > 2 {
			return name
		}
	}
	return ""
}

// list compares the array of the answer with what the step wants of it.
func (j judging) list(value JSON, in scene) []miss {
	s, v := j.step, j.vars
	if !s.listed() {
		return nil
	}
	where := "the list"
	if s.List != "" {
		where = "the list at " + s.List
	}
	list, ok := at(value, s.List).(List)
	if !ok {
		if _, key, one := Inside(value); one && s.List == "" && j.inside != nil {
			within := j
			if within.step.List = key; len(within.list(value, in)) == 0 {
				*j.inside = key
				return nil
			}
		}
		hint := "Answer with a JSON array."
		if keyed(at(value, s.List)) {
			hint = fmt.Sprintf("%s answers with an object that has each item under a key of its own: answer with the "+
				"items alone, as an array%s.", j.route(), j.framework().Values())
		}
		if object, _ := value.(Object); object != nil && len(object) == 0 {
			if at := j.lines(re(`\bnew Map\b`)); at != "" {
				hint = fmt.Sprintf("JSON has no form for a Map, and makes {} of it (%s): answer with an array of its "+
					"values, as in [...tasks.values()].", at)
			}
		}
		return []miss{{want: where, got: Show(at(value, s.List)), hint: hint, stored: true}}
	}
	if s.Count.Op != "" && !s.Count.Match(len(list)) {
		return []miss{{want: where + " with " + s.Count.String(), got: Plural(len(list), "item"),
			hint: j.countHint(len(list))}}
	}
	matching := func(item JSON) (found List) {
		for _, got := range list {
			if len(in.match("$", item, got, false)) == 0 {
				found = append(found, got)
			}
		}
		return found
	}
	for _, h := range s.Has {
		for _, scope := range turns(v, h) {
			item := scope.data(h, true)
			n := len(matching(item))
			if n == 1 {
				continue
			}
			hint := cmp.Or(j.filtered(list), "Store each new item, and answer with all that is stored.")
			if j.nested() {
				hint = fmt.Sprintf("Let `%s` in the answer to %s hold it, too.", s.List, j.route())
			}
			if strings.Contains(j.request.Path, "?") {
				hint = "Answer with all that is stored and that the query asks for."
			}
			if j.deleted {
				hint = "It is to stay when another is deleted: remove the one that the path names, and no other."
			}
			hint = cmp.Or(j.limited(len(list)), hint)
			if n > 1 {
				hint = "It is stored, or answered, more than once: replace an item instead of adding another."
			}
			m := miss{want: fmt.Sprintf("%s with %s in it, once", where, Show(plain(item))),
				got: fmt.Sprintf("it is there %s; the list has %s", often(n), Plural(len(list), "item")), hint: hint,
				stored: true}
			if near, by, differs := in.nearest(item, list); n == 0 && by != "" {
				key := strings.TrimPrefix(differs[0].path, "$.")
				m.got = fmt.Sprintf("the item with %s %s has %s = %s", by, Show(at(near, by)), key,
					j.annotate(differs[0].got, differs[0].want))
				m.hint, m.differences = j.differenceHint(differs[0], near), differs
			}
			return []miss{m}
		}
	}
	for _, l := range s.Lacks {
		for _, scope := range turns(v, l) {
			item := scope.data(l, true)
			if found := matching(item); len(found) > 0 {
				hint := "Answer with no item that is so: filter the list before it is answered."
				uses(l, func(string, option.Value) { hint = j.lacksHint() })
				got := "it is there " + often(len(found))
				if Show(plain(item)) != Show(found[0]) {
					got += ": " + Show(found[0])
				}
				return []miss{{want: fmt.Sprintf("%s without %s", where, Show(plain(item))), got: got, hint: hint,
					stored: true}}
			}
		}
	}
	if s.Every.Line > 0 {
		wanted := v.data(s.Every, true)
		for i, got := range list {
			if d := in.match(fmt.Sprintf("$[%d]", i), wanted, got, false); len(d) > 0 {
				key := strings.TrimPrefix(d[0].path, fmt.Sprintf("$[%d].", i))
				want := fmt.Sprintf("with %s = %s", key, d[0].want)
				if d[0].want == nothing {
					want = "without " + key
				}
				return []miss{{want: fmt.Sprintf("each item of %s %s", where, want),
					got:  fmt.Sprintf("item %d: %s", i+1, d[0].got),
					hint: j.everyHint(d[0], value), differences: d}}
			}
		}
	}
	if m := s.sorted(list, where); m != nil {
		return []miss{*m}
	}
	if m := unique(s.Unique, list, where); m != nil {
		return []miss{*m}
	}
	return nil
}

// nested reports whether the list is that of one thing, and not all that is stored: it is in the
// answer to a request that is no GET, or that is about what an earlier answer gave.
func (j judging) nested() bool {
	path, _, _ := strings.Cut(j.step.request().Path, "?")
	return j.step.List != "" && (j.request.Method != http.MethodGet || reference.MatchString(path))
}

// countHint returns what to do about a list that has not as many items as wanted.
func (j judging) countHint(n int) string {
	c := j.step.Count
	fewer := n < c.N || n == c.N && c.Op == ">"
	switch {
	case j.nested():
		return fmt.Sprintf("Let `%s` in the answer to %s hold %s, not %s.", j.step.List, j.route(), c, Plural(n,
			"item"))
	case j.step.who != nil && !fewer:
		return j.lacksHint()
	case strings.Contains(j.request.Path, "?") && fewer:
		return fmt.Sprintf("Answer %s with all that the query asks for.", j.route())
	case strings.Contains(j.request.Path, "?"):
		return fmt.Sprintf("Answer %s with what the query asks for, and no more.", j.route())
	case fewer:
		return fmt.Sprintf("Answer %s with all that is stored.", j.route())
	}
	return fmt.Sprintf("Answer %s with what is stored, and no more.", j.route())
}

// Inside returns the one list that an object has, and its key.
func Inside(value JSON) (list List, key string, ok bool) {
	object, _ := value.(Object)
	for name, inner := range object {
		if found, isList := inner.(List); isList {
			if ok {
				return nil, "", false
			}
			list, key, ok = found, name, true
		}
	}
	return list, key, ok
}

// Wrapped returns the item of a route that answers with a list inside an object.
func Wrapped(name, key string) check.Item {
	return check.Item{Name: name, Alone: true, Want: "the list",
		Got:  fmt.Sprintf("an object with the list in `%s`; the rest was asked of that", cut(key, 60)),
		Hint: check.Advisef("Answer with the array itself, without `%s` around it.", cut(key, 60))}
}

// sorted compares the order of an array with the one that is wanted.
func (s Step) sorted(list List, where string) *miss {
	for i := 1; i < len(list); i++ {
		for _, key := range s.Sorted {
			before, after := at(list[i-1], key.Path), at(list[i], key.Path)
			order, ok := compare(key.seen(before), key.seen(after))
			if !ok {
				return &miss{want: fmt.Sprintf("%s with %s to sort by in each item", where, key.Path),
					got:  fmt.Sprintf("%s and %s", Show(before), Show(after)),
					hint: fmt.Sprintf("Give each item a %s, of one type.", key.Path)}
			}
			if key.Desc {
				order = -order
			}
			if order > 0 {
				return &miss{want: fmt.Sprintf("%s sorted by %s", where, s.Sorted),
					got:  fmt.Sprintf("item %d has %s, and item %d after it %s", i, Show(before), i+1, Show(after)),
					hint: "The items are there, in another order: sort them before they are answered."}
			}
			if order < 0 {
				break
			}
		}
	}
	return nil
}

// seen returns a value as it counts for the order.
func (k SortKey) seen(v JSON) JSON {
	if text, ok := v.(string); ok && k.NoCase {
		return strings.ToLower(text)
	}
	return v
}

// compare orders two values: numbers, times, texts, and false before true.
func compare(a, b JSON) (order int, ok bool) {
	if x, okX := rational(a); okX {
		if y, okY := rational(b); okY {
			return x.Cmp(y), true
		}
		return 0, false
	}
	if x, okX := readMoment(a); okX {
		if y, okY := readMoment(b); okY {
			return x.Compare(y), true
		}
	}
	if x, okX := a.(string); okX {
		y, okY := b.(string)
		return strings.Compare(x, y), okY
	}
	x, okX := a.(bool)
	y, okY := b.(bool)
	switch {
	case !okX || !okY:
		return 0, false
	case x == y:
		return 0, true
	case y:
		return -1, true
	}
	return 1, true
}

// unique finds a value that two items of an array have.
func unique(path string, list List, where string) *miss {
	if path == "" {
		return nil
	}
	seen := map[string]int{}
	for i, item := range list {
		value := at(item, path)
		if _, missing := value.(absent); missing {
			return &miss{want: fmt.Sprintf("%s with a %s in each item", where, path),
				got: fmt.Sprintf("item %d has none", i+1), hint: fmt.Sprintf("Give each item a %s.", path)}
		}
		if before, ok := seen[Show(value)]; ok {
			return &miss{want: fmt.Sprintf("%s with another %s in each item", where, path),
				got:  fmt.Sprintf("items %d and %d both have %s", before+1, i+1, Show(value)),
				hint: "Take a new value for each, such as " + unlike}
		}
		seen[Show(value)] = i
	}
	return nil
}

// counted compares how many answers have each code with what is wanted.
func (j judging) counted(answers []check.Answer) *miss {
	s := j.step
	for _, c := range s.Want.Counts {
		n := 0
		for _, a := range answers {
			if (Codes{c.Code}).Match(a.Status) {
				n++
			}
		}
		if n == c.Times {
			continue
		}
		got := map[string]int{}
		for _, a := range answers {
			got[fmt.Sprint(a.Status)]++
		}
		var parts []string
		for _, code := range slices.Sorted(maps.Keys(got)) {
			parts = append(parts, often(got[code])+" "+code)
		}
		taken, wanted := 0, 0
		for _, a := range answers {
			if a.Status/100 == 2 {
				taken++
			}
		}
		for _, c := range s.Want.Counts {
			if c.Code[0] == '2' {
				wanted += c.Times
			}
		}
		hint := "Look at what the requests have in common, and in what they differ."
		if taken > wanted {
			hint = fmt.Sprintf("The program takes %d of them, and is to take %d: let it look at what is there "+
				"before it "+
				"takes one more.", taken, wanted)
		}
		if s.Parallel > 1 {
			hint = "Count what one request after another is answered. Where that is right, requests at once look " +
				"before any of them has written: let a lock, or a constraint of the database, decide."
		}
		return &miss{want: "answers with " + s.Want.String(), got: strings.Join(parts, " and "), hint: hint}
	}
	return nil
}

// turns returns the scopes in which an item of has or lacks is looked for: one, or one for each
// value of a saved list.
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

// Plural returns a number with its noun: 1 item, 2 items.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func distinct(s Step, values List) *miss {
	if s.Distinct == "" {
		return nil
	}
	seen := map[string]int{}
	for i, value := range values {
		key := Show(at(value, s.Distinct))
		if before, ok := seen[key]; ok {
			hint := "Take a new value for each, such as " + unlike
			if s.Parallel > 1 {
				hint = "Where one request after another gets another, two at once read the same before either has " +
					"written: let a lock, or the database, give each its own; a new id can be uuid4."
			}
			return &miss{want: fmt.Sprintf("%s different in each of %d answers", s.Distinct, len(values)),
				got: fmt.Sprintf("answers %d and %d both have %s", before+1, i+1, key), hint: hint}
		}
		seen[key] = i
	}
	return nil
}
