package steps

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Asker is what steps are asked of.
type Asker interface {
	Do(ctx context.Context, r check.Request) (check.Answer, error)
	Started() check.Started
}

// Run sends the steps, one after another, and stops at the first that fails unless the check is partial. A step whose
// variable was to come from an answer that did not have it is not sent, since it would ask for something else.
func Run(ctx context.Context, target Asker, all []Step, in check.Input) (check.Outcome, error) {
	r := runner{target: target, vars: vars{}, in: in, lost: map[string]int{}}
	for name, value := range in.Fresh {
		r.vars[name] = value
	}
	var out check.Outcome
	failed := false
	for n, s := range all {
		skipped := check.Item{Name: s.Send.String(), Skipped: true}
		if failed && !in.Partial {
			out.Items = append(out.Items, skipped)
			continue
		}
		if name, from := r.without(s); name != "" {
			skipped.Got = fmt.Sprintf("not asked: $%s was to come from the answer to step %d, %s", name, from, all[from-1].Send)
			out.Items = append(out.Items, skipped)
			r.lose(s, from)
			continue
		}
		item, evidence, err := r.step(ctx, n+1, s)
		if err != nil {
			return check.Outcome{}, err
		}
		if item.Share < 1 {
			failed = true
			r.lose(s, n+1)
		}
		out.Items = append(out.Items, item)
		out.Evidence = append(out.Evidence, evidence...)
	}
	return out, nil
}

type runner struct {
	target Asker
	vars   vars
	in     check.Input
	past   []string       // what was sent before, one line each
	lost   map[string]int // variables that the step of that number did not give
}

// lose notes the variables that a step should have saved and did not.
func (r *runner) lose(s Step, number int) {
	for name := range s.Save {
		if _, saved := r.vars[name]; !saved {
			r.lost[name] = number
		}
	}
}

// without is a lost variable that the step uses, and the step that did not give it; or empty.
func (r *runner) without(s Step) (name string, from int) {
	s.uses(func(used string, _, _ option.Value) {
		if n, ok := r.lost[used]; ok && name == "" {
			name, from = used, n
		}
	})
	return name, from
}

// miss is why an answer is not what was wanted.
type miss struct {
	want, got, hint string
	differences     []difference
}

// step sends one step and judges it.
func (r *runner) step(ctx context.Context, number int, s Step) (check.Item, []check.Evidence, error) {
	deadline := time.Now().Add(s.Within.Std())
	for {
		request, answers, misses, err := r.send(ctx, s)
		if err != nil {
			return check.Item{}, nil, err
		}
		if len(misses) > 0 && time.Now().Before(deadline) && ctx.Err() == nil {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		line := oneLine(request, answers[len(answers)-1])
		item := check.Passed(s.Send.String())
		var evidence []check.Evidence
		if len(misses) > 0 {
			m := misses[0]
			item = check.Item{Name: s.Send.String(), Want: m.want, Got: m.got, Hint: m.hint}
			evidence = r.evidence(number, s, request, answers[len(answers)-1], m)
		}
		r.past = append(r.past, line)
		return item, evidence, nil
	}
}

// send sends the request of a step as often as it says, and judges the answers.
func (r *runner) send(ctx context.Context, s Step) (check.Request, []check.Answer, []miss, error) {
	times := max(s.Times, 1)
	requests, answers, errs := make([]check.Request, times), make([]check.Answer, times), make([]error, times)
	scopes := make([]vars, times)
	for i := range times {
		scopes[i] = maps.Clone(r.vars)
		if s.Times > 0 {
			scopes[i][counter] = int64(i + 1)
		}
		requests[i] = request(s, scopes[i])
	}
	together := max(s.Parallel, 1)
	gate := make(chan struct{})
	var group sync.WaitGroup
	for worker := range together {
		group.Go(func() {
			<-gate // all leave together
			for i := worker; i < times; i += together {
				if answers[i], errs[i] = r.target.Do(ctx, requests[i]); errs[i] != nil || ctx.Err() != nil {
					return
				}
			}
		})
	}
	close(gate)
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return check.Request{}, nil, nil, err
		}
	}
	if ctx.Err() != nil {
		return check.Request{}, nil, nil, ctx.Err()
	}
	values := make([]any, times)
	for i := range answers {
		var misses []miss
		if values[i], misses = judge(s, scopes[i], r.vars, requests[i], answers[i]); len(misses) > 0 {
			if times == 1 { // what it was asked for may be there all the same, and later steps can go on with it
				r.save(s, values)
			}
			return requests[i], answers[:i+1], misses, nil
		}
	}
	if m := distinct(s, values); m != nil {
		return requests[times-1], answers, []miss{*m}, nil
	}
	if m := r.save(s, values); m != nil {
		return requests[times-1], answers, []miss{*m}, nil
	}
	return requests[times-1], answers, nil, nil
}

func request(s Step, v vars) check.Request {
	r := check.Request{Method: s.Send.Method, Path: v.path(s.Send.Path), Header: http.Header{"Accept": {"*/*"}}}
	if s.Body.Line > 0 {
		r.Body = Encode(v.data(s.Body, false))
		r.Header.Set("Content-Type", "application/json")
	}
	if s.Raw.Line > 0 {
		r.Body = []byte(v.fill(s.Raw.Text, asIs))
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range s.Headers {
		r.Header.Set(name, v.fill(value, asIs))
	}
	return r
}

// Encode is a value as JSON.
func Encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // what came from JSON or YAML goes to JSON
	return bytes.TrimSpace(b.Bytes())
}

// judge compares one answer with what the step wants, and gives the answer's JSON; absent where it has none.
func judge(s Step, v, all vars, request check.Request, a check.Answer) (value any, _ []miss) {
	value = absent{}
	if a.Fault != "" {
		return value, []miss{{want: "an answer with " + s.Want.String(), got: a.Fault, hint: faultHint(a)}}
	}
	decoded, err := Decode(a.Body)
	if err == nil && !a.Truncated {
		value = decoded
	}
	if !s.Want.Match(a.Status) {
		return value, []miss{{want: "an answer with " + s.Want.String(), got: status(a.Status), hint: statusHint(s, request, a)}}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Header)) {
		if got := a.Header.Get(name); !s.Header[name].MatchString(got) {
			return value, []miss{{want: fmt.Sprintf("header %s matching /%s/", name, s.Header[name]), got: fmt.Sprintf("%q", cut(got, showBytes)),
				hint: fmt.Sprintf("Set the header %s in the answer to %s.", name, s.Send)}}
		}
	}
	if s.Text.Regexp != nil && !s.Text.Match(a.Body) {
		return value, []miss{{want: fmt.Sprintf("text matching /%s/", s.Text), got: quoted(a.Body),
			hint: fmt.Sprintf("Compare the text that %s answers with the pattern, letter by letter.", s.Send)}}
	}
	needs := s.JSON.Line > 0 || len(s.Has)+len(s.Lacks) > 0 || s.Count.Op != "" || len(s.Save) > 0 || s.Distinct != ""
	if !needs {
		return value, nil
	}
	if a.Truncated {
		return value, []miss{{want: "an answer of reasonable size", got: fmt.Sprintf("more than %d bytes", len(a.Body)), hint: "Answer with what was asked for alone."}}
	}
	if err != nil {
		return value, []miss{{want: "an answer in JSON", got: quoted(a.Body), hint: "Return a dict, a list or a model: FastAPI makes JSON of it."}}
	}
	if s.JSON.Line > 0 {
		if d := match("$", v.data(s.JSON, true), value, s.Exact); len(d) > 0 {
			return value, []miss{{want: d[0].path + " = " + d[0].want, got: d[0].path + " = " + annotate(d[0].got, d[0].want, all),
				hint: differenceHint(s, d[0]), differences: d}}
		}
	}
	return value, judgeList(s, v, value)
}

// differenceHint is what most often is behind a value that is not as wanted.
func differenceHint(s Step, d difference) string {
	key := d.path[strings.LastIndex(d.path, ".")+1:]
	switch {
	case d.path == "$":
		return fmt.Sprintf("Compare what %s answers, below, with what was wanted.", s.Send)
	case d.got == nothing:
		return fmt.Sprintf("Put %q into what %s answers.", key, s.Send)
	case strings.HasPrefix(d.want, butText):
		return fmt.Sprintf("Answer with a new %s each time, such as a counter that only goes up, or uuid4.", key)
	case d.want == nothing:
		return fmt.Sprintf("Leave %q out of what %s answers.", key, s.Send)
	}
	return fmt.Sprintf("The %s that %s answers with is another than was sent or stored: follow the value from the request to the answer.", key, s.Send)
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
		return []miss{{want: where + " with " + s.Count.String(), got: plural(len(list)), hint: fmt.Sprintf("Answer %s with all that is stored, and no more.", s.Send)}}
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

// save remembers values of the answers.
func (r *runner) save(s Step, values []any) *miss {
	for _, name := range slices.Sorted(maps.Keys(s.Save)) {
		path := s.Save[name]
		var list saved
		for _, value := range values {
			got := at(value, path)
			if _, missing := got.(absent); missing {
				return &miss{want: fmt.Sprintf("an answer with %s", path), got: Show(value), hint: fmt.Sprintf("Answer with the whole task, its %s too.", path)}
			}
			list = append(list, got)
		}
		if s.Times > 0 {
			r.vars[name] = list
		} else {
			r.vars[name] = list[0]
		}
	}
	return nil
}

// Decode reads one JSON value, and nothing more. Its numbers keep the digits with which they were written.
func Decode(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one value")
	}
	return value, nil
}

func status(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}

func quoted(body []byte) string {
	if !utf8.Valid(body) {
		return fmt.Sprintf("%d bytes that are no text", len(body))
	}
	if len(body) == 0 {
		return "an empty answer"
	}
	return fmt.Sprintf("%q", cut(string(body), showBytes))
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

// statusHint is what most often is behind a status.
func statusHint(s Step, r check.Request, a check.Answer) string {
	wantsSuccess := s.Want.Match(200) || s.Want.Match(201) || s.Want.Match(204)
	switch {
	case a.Status < 300 && wantsSuccess:
		return fmt.Sprintf("Set the status in the route: @app.%s(…, status_code=%s).", strings.ToLower(r.Method), strings.Join(s.Want, ""))
	case a.Status < 300 && r.Method != http.MethodGet && r.Body != nil && !s.Want.Match(http.StatusNotFound):
		return "The program accepts what it should refuse: let a model with the required fields check the body."
	case a.Status < 300:
		return "The program answers as if it were there: raise HTTPException(status_code=404) when nothing is found."
	case a.Status < 400:
		return fmt.Sprintf("The route answers only after a redirect to %q: define it exactly as %s, without another slash.", cut(a.Header.Get("Location"), 100), r.Path)
	case a.Status >= 500:
		return "The program raised an exception: its traceback is in the log."
	case a.Status == http.StatusNotFound && !wantsSuccess:
		return fmt.Sprintf("Nothing answers %s %s: check the route's method and path.", r.Method, r.Path)
	case a.Status == http.StatusNotFound:
		return fmt.Sprintf("Nothing answers %s %s: check the route's path and that it finds what was stored.", r.Method, r.Path)
	case a.Status == http.StatusMethodNotAllowed:
		return fmt.Sprintf("The path is there, but not for %s: add a function with @app.%s.", r.Method, strings.ToLower(r.Method))
	case a.Status == http.StatusUnprocessableEntity:
		return "The program refused the body: its model wants other fields than were sent."
	}
	return fmt.Sprintf("The program refuses %s %s: its answer, below, may say why.", r.Method, r.Path)
}

func oneLine(r check.Request, a check.Answer) string {
	got := status(a.Status)
	if a.Fault != "" {
		got = a.Fault
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.Path, cut(string(r.Body), 160))) + "  -> " + got
}

const exchangeBytes = 2000

// evidence is what a student needs to see the failure, and to see it again.
func (r *runner) evidence(number int, s Step, request check.Request, a check.Answer, m miss) []check.Evidence {
	var exchange strings.Builder
	for _, line := range r.past[max(0, len(r.past)-5):] {
		exchange.WriteString(line + "\n")
	}
	fmt.Fprintf(&exchange, "%s   (step %d, %d ms)\n", oneLine(request, a), number, a.Took.Milliseconds())
	if t := a.Header.Get("Content-Type"); t != "" {
		exchange.WriteString(cut(t, 100) + "\n")
	}
	if len(a.Body) > 0 {
		exchange.WriteString(cut(strings.ToValidUTF8(string(a.Body), "\ufffd"), exchangeBytes) + "\n")
	}
	out := []check.Evidence{{Kind: "exchange", Title: "Request and answer", Text: strings.TrimSuffix(exchange.String(), "\n")}}
	if len(m.differences) > 0 {
		rows := [][]string{{"where", "want", "got"}}
		for _, d := range m.differences[:min(len(m.differences), 20)] {
			rows = append(rows, []string{d.path, d.want, annotate(d.got, d.want, r.vars)})
		}
		out = append(out, check.Evidence{Kind: "diff", Title: "What differs", Rows: rows})
	}
	if line := strings.TrimSpace(r.in.Line(s.Line)); line != "" {
		out = append(out, check.Evidence{Kind: "rubric", Title: "The rubric's line", Text: line, File: s.File, Line: s.Line})
	}
	return append(out, check.Evidence{Kind: "command", Title: "Try it yourself", Text: curl(request, r.target.Started().Port)})
}

var safeArgument = regexp.MustCompile(`^[a-zA-Z0-9@%+=:,./_-]+$`)

// curl is the command that repeats a request against a container published on its own port.
func curl(r check.Request, port int) string {
	words := []string{"curl", "-i"}
	if r.Method != http.MethodGet {
		words = append(words, "-X", r.Method)
	}
	if t := r.Header.Get("Content-Type"); t != "" {
		words = append(words, "-H", "Content-Type: "+t)
	}
	if len(r.Body) > 0 {
		words = append(words, "-d", cut(string(r.Body), exchangeBytes))
	}
	words = append(words, fmt.Sprintf("http://127.0.0.1:%d%s", port, r.Path))
	for i, w := range words {
		if !safeArgument.MatchString(w) {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
