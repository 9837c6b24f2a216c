package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/result"
)

// figures are what a class adds up to. A second submission of a student does not count.
type figures struct {
	Students, Graded, Errors, Stale, Waiting, Missing int

	Mean, Median, Lowest, Highest float64 // of those with a score
	Bins                          [10]int // by per cent of the score
	Skills                        []skillFigure
	Missed                        []missedFigure // the check that most missed first
	Cached, Steps                 int
	MS                            int64 // of all gradings together
}

// skillFigure is how far the class came in one skill.
type skillFigure struct {
	class.Skill
	Mastered, Of int
	Percent      float64 // of the points, on average
}

// missedFigure is how many did not pass a check.
type missedFigure struct {
	class.Check
	Missed, Blocked int
	Lost            float64 // points, on average over all with a score
	Reason          string  // the most common hint of those who missed it
	Count           int     // how many had it
}

// Scored reports whether anybody has a score.
func (f figures) Scored() bool { return f.Graded+f.Stale > 0 }

func figuresOf(c class.Class) figures {
	var f figures
	graded := map[string]bool{}
	var scores []float64
	for _, row := range c.Students {
		if row.Second {
			continue
		}
		f.Students++
		if row.ID == "" || !graded[row.ID] { // a team has a row for each member
			f.MS += row.DurationMS
			f.Cached, f.Steps = f.Cached+row.Cached, f.Steps+row.Steps
		}
		graded[row.ID] = true
		switch row.State {
		case class.Graded:
			f.Graded++
		case class.Stale:
			f.Stale++
		case class.Error:
			f.Errors++
		case class.Waiting:
			f.Waiting++
		case class.Missing:
			f.Missing++
		}
		if row.Score != nil {
			scores = append(scores, *row.Score)
			f.Bins[min(max(int(percent(*row.Score, c.MaxScore)/10), 0), 9)]++
		}
	}
	if len(scores) > 0 {
		slices.Sort(scores)
		f.Lowest, f.Highest = scores[0], scores[len(scores)-1]
		f.Mean = result.Round(result.Sum(scores...) / float64(len(scores)))
		f.Median = result.Round((scores[(len(scores)-1)/2] + scores[len(scores)/2]) / 2)
	}
	for _, s := range c.Skills {
		f.Skills = append(f.Skills, skillOf(c, s))
	}
	for _, k := range c.Checks {
		if m := missedOf(c, k, len(scores)); m.Missed+m.Blocked > 0 {
			f.Missed = append(f.Missed, m)
		}
	}
	slices.SortStableFunc(f.Missed, func(a, b missedFigure) int {
		return cmp.Or(cmp.Compare(b.Missed, a.Missed), cmp.Compare(b.Lost, a.Lost))
	})
	return f
}

// scored calls do with every row that counts.
func scored(c class.Class, do func(class.Row)) {
	for _, row := range c.Students {
		if row.Score != nil && !row.Second {
			do(row)
		}
	}
}

func skillOf(c class.Class, s class.Skill) skillFigure {
	f := skillFigure{Skill: s}
	got, most := 0.0, 0.0
	scored(c, func(row class.Row) {
		for _, m := range row.Skills {
			if m.ID == s.ID {
				f.Of++
				got, most = got+m.Points, most+m.MaxPoints
				if m.Mastered {
					f.Mastered++
				}
			}
		}
	})
	f.Percent = percent(got, most)
	return f
}

func missedOf(c class.Class, k class.Check, students int) missedFigure {
	f := missedFigure{Check: k}
	hints, blocked, lost := map[string]int{}, map[string]int{}, 0.0
	scored(c, func(row class.Row) {
		for _, v := range row.Checks {
			if v.ID != k.ID {
				continue
			}
			lost += k.MaxPoints - v.Points
			switch v.Status {
			case result.Blocked:
				if f.Blocked++; v.BlockedBy != "" {
					why := "Blocked, because " + v.BlockedBy + " did not pass."
					if v.Hint != "" { // no check of its own says it
						why += " " + v.Hint
					}
					blocked[why]++
				}
			case result.Fail, result.Partial:
				f.Missed++
				if v.Hint != "" {
					hints[v.Hint]++
				}
			}
		}
	})
	if f.Reason, f.Count = mostCommon(hints); f.Count == 0 {
		f.Reason, f.Count = mostCommon(blocked)
	}
	if students > 0 {
		f.Lost = result.Round(lost / float64(students))
	}
	return f
}

// mostCommon returns the text with the highest number, of several the first by the alphabet.
func mostCommon(texts map[string]int) (text string, count int) {
	for t, n := range texts {
		if n > count || n == count && t < text {
			text, count = t, n
		}
	}
	return text, count
}

// sentence returns how many of what, with what there is none of left out.
func (f figures) sentence() string {
	parts := []string{fmt.Sprintf("%d graded", f.Graded)}
	for _, p := range []struct {
		n    int
		what string
	}{{f.Errors, "without a score, for a reason of ours"}, {f.Stale, "with an earlier score"},
		{f.Waiting, "still waiting"}, {f.Missing, "handed in nothing"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return plural(f.Students, "student") + ": " + strings.Join(parts, ", ")
}
