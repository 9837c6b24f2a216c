package grader

import (
	"context"
	"slices"
	"sync"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

// maxConcurrent is how many checks that need no turn of the main container may be asked at once.
// More gain nothing: they wait for the same daemon.
const maxConcurrent = 2

// schedule says who may be asked when: it holds the verdicts, and what waits for them.
type schedule struct {
	rubric *rubric.Rubric
	all    []int          // indices into rubric.Checks, in an order in which needs come first
	asked  []int          // of these, those that have no verdict from before
	slots  chan struct{}  // one for each check that is asked side by side
	beside sync.WaitGroup // of those checks

	once     sync.Once
	up       chan struct{} // closed when it is known whether the main container answers
	answered bool          // whether it does; read after up is closed

	mu       sync.Mutex
	verdicts []verdict
	done     []chan struct{} // closed when the check of that index has its verdict
	told     func(i int)     // of each verdict, in the order in which they come
}

func newSchedule(r *rubric.Rubric, only []string, told func(i int)) *schedule {
	all := hiddenLast(r, r.Select(only))
	s := &schedule{rubric: r, all: all, asked: all, slots: make(chan struct{}, maxConcurrent), up: make(chan struct{}),
		verdicts: make([]verdict, len(r.Checks)), done: make([]chan struct{}, len(r.Checks)), told: told}
	for i := range s.done {
		s.done[i] = make(chan struct{})
	}
	return s
}

// hiddenLast returns checks in an order in which those that are hidden, and what needs them, come
// last: a program that was asked by them first could repeat it in an answer that a student reads, in
// whatever form.
func hiddenLast(r *rubric.Rubric, order []int) []int {
	late := map[string]bool{}
	var first, last []int
	for _, i := range order { // needs come first
		c := r.Checks[i]
		if late[c.ID] = c.Hidden || slices.ContainsFunc(c.Needs, func(id string) bool { return late[id] }); late[c.ID] {
			last = append(last, i)
		} else {
			first = append(first, i)
		}
	}
	return append(first, last...)
}

// decide gives a check its verdict, once; later ones are dropped.
func (s *schedule) decide(i int, v verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done[i]:
	default:
		s.verdicts[i] = v
		close(s.done[i])
		s.told(i)
	}
}

func (s *schedule) index(id string) int {
	for i, c := range s.rubric.Checks {
		if c.ID == id {
			return i
		}
	}
	panic("rubric: unknown need " + id) // rubric.Parse refuses it
}

// decided waits for a verdict, and reports whether it came before the context ended.
func (s *schedule) decided(ctx context.Context, n int) bool {
	select {
	case <-s.done[n]: // also when the context has ended
		return true
	default:
	}
	select {
	case <-s.done[n]:
		return true
	case <-ctx.Done():
		return false
	}
}

// known reports whether the main container answers; the first word counts.
func (s *schedule) known(answered bool) {
	s.once.Do(func() {
		s.answered = answered
		close(s.up)
	})
}

// answers waits until it is known whether the main container answers.
func (s *schedule) answers() bool {
	<-s.up
	return s.answered
}

// judging returns the check, of those that took their turn before, that judges a request which
// another was given, and that did not pass; or empty.
func (s *schedule) judging(i int, given string) string {
	if given == "" {
		return ""
	}
	for _, n := range s.all[:slices.Index(s.all, i)] {
		if !s.rubric.Checks[n].Judges(given) {
			continue
		}
		<-s.done[n] // which waits for none that comes later
		if s.verdicts[n].status != result.Pass {
			return s.rubric.Checks[n].ID
		}
	}
	return ""
}

// gate returns the check that judges whether a phase was reached or, where the rubric has none, the
// phase's name.
func (s *schedule) gate(phase check.Phase) string {
	for _, c := range s.rubric.Checks {
		if c.Kind.Gate && c.Kind.Phase == phase {
			return c.ID
		}
	}
	return map[check.Phase]string{check.Image: "build", check.Running: "start"}[phase]
}

// judges reports whether a check judges if a phase was reached.
func (s *schedule) judges(phase check.Phase) bool {
	return slices.ContainsFunc(s.rubric.Checks, func(c rubric.Check) bool {
		return c.Kind.Gate && c.Kind.Phase == phase
	})
}

// abandon gives what was never asked, of this phase and later ones, its verdict: error.
func (s *schedule) abandon(from check.Phase) {
	for _, i := range s.asked {
		if s.rubric.Checks[i].Kind.Phase >= from {
			s.decide(i, verdict{status: result.Error})
		}
	}
}
