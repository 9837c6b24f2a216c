package class

import "github.com/taskgrader/taskgrader/grader/result"

// Compare returns what was, and what is different now.
func Compare(was, now Row, why string) *Before {
	b := &Before{Why: why, Score: was.Score}
	find := func(in []Verdict, id string) *Verdict {
		for i := range in {
			if in[i].ID == id {
				return &in[i]
			}
		}
		return nil
	}
	for _, n := range now.Checks {
		switch w := find(was.Checks, n.ID); {
		case w == nil:
			b.Changes = append(b.Changes, result.Change{ID: n.ID, Now: n.Status, After: n.Points})
		case w.Status != n.Status || w.Points != n.Points:
			b.Changes = append(b.Changes, result.Change{ID: n.ID, Was: w.Status, Now: n.Status, Before: w.Points,
				After: n.Points})
		}
	}
	for _, w := range was.Checks {
		if find(now.Checks, w.ID) == nil {
			b.Changes = append(b.Changes, result.Change{ID: w.ID, Was: w.Status, Before: w.Points})
		}
	}
	return b
}
