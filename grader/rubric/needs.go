package rubric

import (
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// needs checks that every need is a check, and that none needs itself in a circle, or what has its
// turn later.
func (p *parser) needs() {
	n := needs{checks: p.rubric.Checks, index: map[string]int{}, late: map[lateKey]string{}, seen: map[int]bool{},
		at: map[int]int{}}
	var ids []string
	for i, c := range p.rubric.Checks {
		if _, twice := n.index[c.ID]; !twice { // the second is a mistake of its own
			n.index[c.ID] = i
			ids = append(ids, c.ID) // each once
		}
	}
	for i, c := range p.rubric.Checks {
		for at, id := range c.Needs {
			if _, ok := n.index[id]; !ok && !p.said(p.needsAt[i].Items[at]) {
				p.add(option.Unknown("check", p.needsAt[i].Items[at], ids)...)
			}
		}
		if own := turn(c.Kind); own > 0 {
			if late := n.later(i, own); late != "" {
				p.add(p.needsAt[i].Problem("check %q cannot need %q, which is asked after it", c.ID, late)...)
			}
		}
		n.follow(i)
	}
	for _, circle := range n.circles {
		first := slices.Index(circle, slices.Min(circle))
		circle = slices.Concat(circle[first:], circle[:first+1])
		p.add(p.needsAt[n.index[circle[0]]].Problem("checks need each other in a circle: %s",
			strings.Join(circle, " -> "))...)
	}
}

// needs is what checks need, looked at once each: a rubric may have thousands in one chain.
type needs struct {
	checks []Check
	index  map[string]int

	late map[lateKey]string

	seen    map[int]bool
	way     []string
	at      map[int]int // where on the way a check stands
	circles [][]string
}

// lateKey is a check, and the turn of one that needs it.
type lateKey struct{ check, turn int }

// later returns a check that has its turn of the main container after another: this one, or one of
// what it needs; or empty.
func (n *needs) later(i, than int) string {
	if turn(n.checks[i].Kind) > than {
		return n.checks[i].ID
	}
	key := lateKey{i, than}
	if found, known := n.late[key]; known {
		return found
	}
	n.late[key] = "" // for who comes back in a circle
	for _, id := range n.checks[i].Needs {
		if next, ok := n.index[id]; ok && id != "" {
			if found := n.later(next, than); found != "" {
				n.late[key] = found
				break
			}
		}
	}
	return n.late[key]
}

// follow finds the circles among what a check needs.
func (n *needs) follow(i int) {
	if at, on := n.at[i]; on {
		n.circles = append(n.circles, slices.Clone(n.way[at:]))
		return
	}
	if n.seen[i] {
		return
	}
	n.seen[i], n.at[i], n.way = true, len(n.way), append(n.way, n.checks[i].ID)
	for _, id := range n.checks[i].Needs {
		if next, ok := n.index[id]; ok && id != "" {
			n.follow(next)
		}
	}
	n.way = n.way[:len(n.way)-1]
	delete(n.at, i)
}

// turn returns when a kind has its turn of the main container, which decides what its checks may
// wait for: the gate first, then the others, then what ends it. What takes no turn can wait for all
// of them.
func turn(k check.Kind) int {
	switch {
	case k.Phase == check.Running && k.Gate:
		return 1
	case k.Phase == check.Running:
		return 2
	case k.Phase == check.Last:
		return 3
	}
	return 0
}
