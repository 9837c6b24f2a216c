package steps

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Asker is what steps are asked of.
type Asker interface {
	Do(ctx context.Context, r check.Request) (check.Answer, error)
	Started() check.Started
}

// Run sends the steps, one after another, and stops at the first that fails unless the check is
// partial. A step whose variable was to come from an answer that did not have it is not sent, since
// it would ask for something else; and nothing is after a given step that failed, or a person who
// could not sign in.
func Run(ctx context.Context, target Asker, all []Step, in check.Input) (check.Outcome, error) {
	r := newRunner(target, in)
	r.steps = all
	for name, value := range in.Shared {
		r.vars[name] = value
	}
	for name, value := range in.Fresh {
		r.vars[name] = value
	}
	var out check.Outcome
	if by := Scattered(in.Memory); by != "" && keeps(all) {
		return Scatters(by), nil
	}
	failed, apart, setUp := false, false, ""
	for n, s := range all {
		skipped := check.Item{Name: r.shown(s, all), Skipped: true, Free: s.free(), Weight: s.Weight}
		if !s.asks() {
			skipped.Name = s.doing()
		}
		if setUp != "" {
			skipped.Got = "not asked: what it needs was not set up by " + setUp
		}
		if apart {
			skipped.Got = chance
		}
		if setUp != "" || apart || failed && !in.Partial {
			out.Items = append(out.Items, skipped)
			continue
		}
		if name, from := r.without(s); name != "" {
			skipped.Got = fmt.Sprintf("not asked: the %s that it needs was to come from the answer to step %d, %s",
				sourceOf(name, all).name(), from, r.sent[from])
			out.Items = append(out.Items, skipped)
			r.lose(s, from)
			continue
		}
		missing, evidence, by, err := r.signIn(ctx, s)
		if err != nil {
			return check.Outcome{}, err
		}
		if missing != nil { // another's matter: it blocks
			out.Items, out.Evidence = append(out.Items, *missing), append(out.Evidence, evidence...)
			skipped.Got = missing.Got
			out.Items = append(out.Items, skipped)
			out.Given, setUp = by, "a login"
			continue
		}
		r.place = len(out.Items)
		item, evidence, err := r.do(ctx, n+1, s, all)
		if err != nil {
			return check.Outcome{}, err
		}
		given := s.Given.Method != ""
		item.Free, item.Weight = s.free(), s.Weight
		apart = r.apart
		if name := r.again(s, all); name != "" && given && item.Share == 1 {
			item.Share, item.Want = 0, fmt.Sprintf("an answer whose %s no other has", s.Save[name].name())
			item.Got = fmt.Sprintf("%s %s was given out twice", s.Save[name].name(), Show(r.vars[name]))
			item.Hint = check.Advise("Give each a new one: " + unlike)
			if h := r.fault(s, r.asked[len(r.asked)-1], check.Answer{}, miss{twice: true}); !h.IsZero() {
				item.Hint = h
			}
		}
		if item.Share < 1 {
			if failed = !r.detour; failed && given {
				out.Given, setUp = s.Given.String(), item.Name
			} else if failed && !s.asks() {
				item.Free, failed, setUp = false, true, item.Name
			}
			r.lose(s, n+1)
		}
		out.Items = append(out.Items, item)
		out.Evidence = append(out.Evidence, evidence...)
	}
	return out, r.judgeLate(ctx, &out)
}

// signIn lets the people sign in whom a step names: who asks, and whose values it uses. by is the
// request that failed.
func (r *runner) signIn(ctx context.Context,
	s Step) (missing *check.Item, evidence []check.Evidence, by string, err error) {
	people := []*person{}
	if s.who != nil {
		people = append(people, s.who)
	}
	if s.Meanwhile != nil && s.Meanwhile.step.who != nil {
		people = append(people, s.Meanwhile.step.who)
	}
	s.uses(func(name string, _, _ option.Value, _ bool) {
		owner, _, dotted := strings.Cut(name, ".")
		if p := s.cast[owner]; dotted && p != nil && !slices.Contains(people, p) {
			people = append(people, p)
		}
	})
	for _, p := range people {
		if missing, evidence, by, err = r.present(ctx, p); err != nil || missing != nil {
			return missing, evidence, by, err
		}
	}
	return nil, nil, "", nil
}

// Sends returns the requests that steps judge.
func Sends(all []Step) (sends []string) {
	for _, s := range all {
		if s.Send.Method != "" {
			sends = append(sends, s.Send.String())
		}
	}
	return sends
}

// Givens returns the requests that steps are given, with those by which their people sign in.
func Givens(all []Step) (givens []string) {
	for _, s := range all {
		if s.Given.Method != "" {
			givens = append(givens, s.Given.String())
		}
		for _, by := range signIns(s) {
			if !slices.Contains(givens, by) {
				givens = append(givens, by)
			}
		}
	}
	return givens
}

// crowded reports whether one of the steps sends requests at once that change something.
func crowded(all []Step) bool {
	return slices.ContainsFunc(all, func(s Step) bool { return s.Parallel > 1 && s.request().Method != http.MethodGet })
}

// lost reports whether a number is less than wanted.
func (m miss) lost() bool {
	if len(m.differences) == 0 {
		return false
	}
	wanted, isNumber := rational(m.differences[0].wanted)
	found, isFound := rational(m.differences[0].found)
	return isNumber && isFound && found.Cmp(wanted) < 0
}

type runner struct {
	target   Asker
	vars     vars
	in       check.Input
	sessions map[string]*session // of the people who are signed in
	self     *session            // who signs in, while they do
	past     []string            // what was sent before, one line each
	asked    []check.Request     // and whole
	sent     map[int]string      // the request of each step, as it was sent
	lost     map[string]int      // variables that the step of that number did not give
	origin   map[string]string   // where a variable's value came from, as a clause
	base     map[string]string   // the path of the request whose answer gave a variable
	seen     map[string]bool     // single values that answers held
	gave     map[string]bool     // single values that requests held
	opaque   bool                // a request held what these are not known of: text, or bytes
	steps    []Step              // of the check
	code     func() code         // the program's text, which is read once
	known    []Send              // the routes that the program has, once they were looked for
	detour   bool                // the last step failed by what was passed over, a redirect or an object around a list
	apart    bool                // what the last step stored is in the memory of one process of several
	meant    check.Hint          // what the log means of a failure, where a reading knows it
	place    int                 // of the step's item among those of the check
	posted   posting             // the last one of the check
	ended    string              // the request that ended the program, which is not running since
	twice    string              // an id that a step of this check was given, and that another thing has
}

func newRunner(target Asker, in check.Input) *runner {
	r := &runner{target: target, vars: vars{}, in: in, sessions: map[string]*session{}, sent: map[int]string{},
		lost:   map[string]int{},
		origin: map[string]string{}, base: map[string]string{}, seen: map[string]bool{}, gave: map[string]bool{}}
	r.code = sync.OnceValue(func() code { return codeOf(r.folder()) })
	return r
}

// do sends one step and judges it, or does what it says beside sending.
func (r *runner) do(ctx context.Context, number int, s Step, all []Step) (check.Item, []check.Evidence, error) {
	r.detour = false
	if !s.asks() {
		return r.pause(ctx, number, s)
	}
	deadline := time.Now().Add(s.Within.Std())
	r.addUnused(s)
	for {
		log, err := r.logBefore(ctx, s)
		if err != nil {
			return check.Item{}, nil, err
		}
		e, err := r.send(ctx, s)
		asked := s
		if err == nil && s.Or != nil && len(e.misses) > 0 && noRoute(e.last().Status) {
			var other exchange
			if other, err = r.send(ctx, s.Or.of(s)); err == nil && len(other.misses) == 0 ||
				!noRoute(other.last().Status) {
				e, asked = other, s.Or.of(s)
			}
		}
		if err != nil {
			return check.Item{}, nil, err
		}
		if len(e.misses) > 0 && time.Now().Before(deadline) && ctx.Err() == nil {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		if len(e.misses) == 0 {
			if e.misses, err = r.logged(ctx, s, log); err != nil {
				return check.Item{}, nil, err
			}
		}
		if len(e.misses) == 0 {
			if e.misses, err = r.quick(ctx, s, e); err != nil {
				return check.Item{}, nil, err
			}
		}
		name := s.request().Method + " " + cut(e.request.Path, exchangeBytes)
		if asked.request() != s.request() || e.beside {
			name = r.shown(s, all)
		}
		r.sent[number] = name
		item := check.Passed(name)
		told := s
		if e.beside {
			told = s.Meanwhile.step
		}
		var evidence []check.Evidence
		if !e.last().Exited {
			r.ended = ""
		}
		scattered, err := r.scatter(ctx, s, e)
		if err != nil {
			return check.Item{}, nil, err
		}
		switch {
		case scattered != nil:
			item, r.apart = *scattered, true
		case len(e.misses) > 0:
			m := e.misses[0]
			r.meant = check.Hint{}
			if m.status {
				m.hint, m.alone = r.statusHint(ctx, s, e.request, e.last())
			} else if e.last().Fault != "" {
				m.hint = r.faultHint(ctx, e.request, s, e.last())
			}
			if m.hint == listHolds && slices.Contains(r.past, restarted) && slices.ContainsFunc(r.past,
				func(sent string) bool { return strings.HasPrefix(sent, http.MethodDelete) }) {
				m.hint = "What was deleted is there again after the restart: write that to the file at once, too, " +
					"as with commit()."
			}
			if crowded(all[:max(0, min(number-1, len(all)))]) && m.lost() {
				m.hint = "Send the requests of before one after another, and look again. Where that is right, " +
					"requests at " +
					"once overwrite each other: let a lock, or one statement of the database, add them up."
			}
			unknown := strings.Contains(s.request().Path, "${not ") // that nobody has, whatever was given out
			if r.twice != "" && !unknown && !m.alone && !s.wantsCode(http.StatusBadRequest) &&
				!s.wantsCode(http.StatusUnprocessableEntity) {
				m.hint, m.alone = fmt.Sprintf(
					"The id %s was given out twice, and two things have it: give each a new one, by ", r.twice)+unlike,
					true
			}
			if ended := r.ended; e.last().Exited && ended != "" {
				m.got, m.hint = "no answer: the program had ended", ended+", above, ended it."
				r.meant = check.Hint{}
			} else if e.last().Exited && strings.Contains(e.last().Fault, "during") {
				r.ended = name
			}
			if h := r.fault(s, e.request, e.last(), m); !h.IsZero() && r.meant.Edit == nil {
				r.meant, m.alone = h, true
			}
			item = check.Item{Name: name, Want: m.want, Got: m.got, Hint: check.Advise(m.hint), Alone: m.alone ||
				s.Given.Method != ""}
			if m.hint != "" && r.meant != (check.Hint{}) {
				item.Hint = r.meant
			}
			evidence = r.evidence(number, told, e.request, e.last(), m)
		case e.to != "" && s.Given.Method == "" && r.in.Memory.First("slash "+Route(s.Send.Path)):
			item, r.detour = Redirected(name, e.request.Method, e.request.Path, e.to), true
			item.Hint.Advice = strings.TrimSpace(item.Hint.Advice + " " + r.slashed(e.request.Path, e.to))
		case e.inside != "" && s.Given.Method == "" && r.in.Memory.First("list "+Route(s.Send.Path)):
			item, r.detour = Wrapped(name, e.inside), true
			evidence = r.evidence(number, s, e.request, e.last(), miss{})
		}
		r.noteID(s, e)
		r.noteFields(s, e)
		r.past = append(r.past, r.oneLine(told, e.request, e.last()))
		r.asked = append(r.asked, e.request)
		r.remember(number, s, e)
		return item, evidence, nil
	}
}
