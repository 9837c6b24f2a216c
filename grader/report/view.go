package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/result"
)

// view is the report with what the page makes of it.
type view struct {
	result.Report
	First   []first // what to fix first
	Shifts  bool    // lines of one file are to be written in several places
	Groups  []group // the checks, those alike together
	Waiting []wait  // the blocked ones, by what blocked them
	Files   []file  // the student's texts, with findings
	Ignored []ignored
	Bars    []bar
}

// first is a check to fix first.
type first struct {
	result.Check
	Waiting float64 // points of the checks that it blocks
}

// group is the checks of a section.
type group struct {
	ID, Title, Text string
	Checks          []checkView
}

// checkView is a check with what the page makes of it.
type checkView struct {
	result.Check
	Open  bool     // it did not pass, and says why
	Many  bool     // several of its items speak for themselves
	Hints []string // those that no item says
	Again string   // the command that asks it again; empty where its id is not told
	Start string   // the command that starts the container which Evidence's commands talk to
}

// wait is what waits for one check to pass.
type wait struct {
	By     *result.Check // nil when no check judged it
	Text   string        // what happened, then
	Checks []result.Check
	Points float64
}

func viewOf(r result.Report) view {
	v := view{Report: r, Files: files(r), Ignored: ignoredOf(r), Bars: bars(r), Waiting: waits(r)}
	v.First, v.Shifts = firsts(r, v.Waiting), shifting(r)
	put := func(id, title, text string, belongs func(result.Check) bool) {
		g := group{ID: id, Title: title, Text: text}
		for _, c := range r.Checks {
			if belongs(c) {
				g.Checks = append(g.Checks, checkViewOf(r, c))
			}
		}
		if len(g.Checks) > 0 {
			v.Groups = append(v.Groups, g)
		}
	}
	put("fix", "To fix", "", func(c result.Check) bool { return missed(c) && !c.Bonus && !advises(c) })
	put("advice", "Advice", "Nothing is lost here: all points are yours, and it would be better still.",
		func(c result.Check) bool { return advises(c) && !c.Bonus })
	put("errors", "Could not be asked", "The grader failed here, not you: it costs nothing, and will be asked again.",
		func(c result.Check) bool { return c.Status == result.Error })
	put("bonus", "For a bonus", "On top of the total: nothing is lost here.",
		func(c result.Check) bool { return missed(c) && c.Bonus })
	put("passed", "Passed", "", func(c result.Check) bool { return c.Status == result.Pass })
	return v
}

func missed(c result.Check) bool { return c.Status == result.Fail || c.Status == result.Partial }

// advises reports whether all that a check tells costs nothing.
func advises(c result.Check) bool { return c.Status == result.Partial && c.Points >= c.MaxPoints }

// foreseen returns the items of a blocked check of which something is told already.
func foreseen(c result.Check) []result.Item {
	return slices.DeleteFunc(slices.Clone(c.Items),
		func(i result.Item) bool { return c.Status != result.Blocked || i.Hint == "" })
}

// checkWord returns the verdict on a check as a page says it.
func checkWord(c result.Check) string {
	if advises(c) {
		return "advice"
	}
	return c.Status.Word()
}

// itemWord returns the verdict on an item as a page says it.
func itemWord(i result.Item) string {
	switch {
	case i.Advice:
		return "advice"
	case i.Status == result.Blocked:
		return "not asked"
	}
	return i.Status.Word()
}

func lost(c result.Check) string { return points(result.Round(c.MaxPoints - c.Points)) }

// Percent returns the score for the ring.
func (v view) Percent() float64 {
	if v.Score == nil {
		return 0
	}
	return percent(min(*v.Score, v.MaxScore), v.MaxScore)
}

// Again returns the command that asks all checks again.
func (v view) Again() string { return again(v.Report, nil) }

// Blocked returns how many checks wait.
func (v view) Blocked() (n int) {
	for _, w := range v.Waiting {
		n += len(w.Checks)
	}
	return n
}

// Passed reports whether any check passed.
func (v view) Passed() bool {
	return slices.ContainsFunc(v.Checks, func(c result.Check) bool { return c.Status == result.Pass })
}

// Holds reports whether all that is not bonus passed.
func (v view) Holds() bool {
	return v.Score != nil && !slices.ContainsFunc(v.Checks,
		func(c result.Check) bool { return c.Status != result.Pass && !advises(c) && !c.Bonus })
}

// Sentence returns how it stands.
func (v view) Sentence() string {
	if v.Holds() {
		return "Everything that was asked holds. Well done."
	}
	passed, fix, gain, waiting := 0, 0, 0.0, 0
	for _, c := range v.Checks {
		switch {
		case c.Status == result.Pass || advises(c):
			passed++
		case c.Status == result.Blocked:
			waiting++
		case missed(c) && !c.Bonus:
			fix++
			gain = result.Sum(gain, c.MaxPoints, -c.Points)
		}
	}
	s := fmt.Sprintf("%d of %s passed.", passed, plural(len(v.Checks), "check"))
	if fix > 0 {
		s += fmt.Sprintf(" %s to fix, for %s more points.", plural(fix, "thing"), points(gain))
	}
	if waiting > 0 {
		s += fmt.Sprintf(" %d could not be judged yet.", waiting)
	}
	return s
}

// firsts returns the checks that lost most points by their own fault, with those that wait for
// them.
func firsts(r result.Report, waiting []wait) []first {
	var out []first
	for _, c := range r.Checks {
		if !missed(c) || c.Bonus {
			continue
		}
		f := first{Check: c}
		for _, w := range waiting {
			if w.By != nil && w.By.ID == c.ID {
				f.Waiting = w.Points
			}
		}
		out = append(out, f)
	}
	weight := func(f first) float64 { return result.Round(f.MaxPoints - f.Points + f.Waiting) }
	out = slices.DeleteFunc(out, func(f first) bool { return weight(f) <= 0 }) // advice costs nothing
	slices.SortStableFunc(out, func(a, b first) int { return cmp.Compare(weight(b), weight(a)) })
	return out[:min(len(out), 3)]
}

// shifting reports whether lines of one file are to be written in several places, so that one shifts
// the numbers of those below it.
func shifting(r result.Report) bool {
	places := map[string]map[int]bool{}
	for _, c := range r.Checks {
		edits := []*result.Edit{c.Edit}
		for _, item := range c.Items {
			edits = append(edits, item.Edit)
		}
		for _, e := range edits {
			if e == nil || e.Line == 0 {
				continue
			}
			if places[e.File] == nil {
				places[e.File] = map[int]bool{}
			}
			places[e.File][e.Line] = true
			if len(places[e.File]) > 1 {
				return true
			}
		}
	}
	return false
}

// waits groups the blocked checks by the one that has to pass first.
func waits(r result.Report) []wait {
	byID := map[string]*result.Check{}
	for i, c := range r.Checks {
		byID[c.ID] = &r.Checks[i]
	}
	cause := func(id string) string { // what blocked that which blocked
		for range r.Checks {
			c, ok := byID[id]
			if !ok || c.Status != result.Blocked || c.BlockedBy == "" {
				break
			}
			id = c.BlockedBy
		}
		return id
	}
	reasons := map[string]string{} // of what no check judges
	for _, c := range r.Checks {
		if c.Status == result.Blocked && c.Got != "" && byID[c.BlockedBy] == nil && c.BlockedBy != "" {
			reasons[c.BlockedBy] = strings.TrimSpace(": " + c.Got + ". " + c.Hint)
		}
	}
	var out []wait
	at := map[string]int{}
	for _, c := range r.Checks {
		if c.Status != result.Blocked {
			continue
		}
		id := cause(c.BlockedBy)
		why := phaseText(id) + reasons[id]
		if id == "" && c.Got != "" {
			why = c.Got // there was nothing to judge
		}
		i, ok := at[why]
		if !ok {
			i = len(out)
			at[why] = i
			out = append(out, wait{By: byID[id], Text: why})
		}
		out[i].Checks = append(out[i].Checks, c)
		if !c.Bonus {
			out[i].Points = result.Sum(out[i].Points, c.MaxPoints)
		}
	}
	return out
}

// phaseText returns why nothing came of a phase that no check judges.
func phaseText(phase string) string {
	switch phase {
	case "build":
		return "no image was built"
	case "start":
		return "the program never answered"
	case "": // of a hidden check it is not told
		return "something before them did not pass"
	}
	return phase + " did not pass"
}

// sumsUp reports whether the lines to write that a check's own hint has are those of all its items:
// ten lines of an ignore file are one edit, and are said once.
func sumsUp(c result.Check) bool {
	said := func(e *result.Edit) bool {
		return e != nil && e.File == c.Edit.File && e.Line == c.Edit.Line &&
			strings.Contains("\n"+c.Edit.New+"\n", "\n"+e.New+"\n")
	}
	return c.Edit != nil && !slices.ContainsFunc(c.Items, func(i result.Item) bool {
		return (i.Status == result.Fail || i.Status == result.Partial) && !said(i.Edit)
	})
}

func checkViewOf(r result.Report, c result.Check) checkView {
	v := checkView{Check: c, Open: missed(c)}
	said := map[string]bool{}
	failed := 0
	for _, item := range c.Items {
		if item.Status == result.Fail || item.Status == result.Partial {
			failed++
			said[item.Hint] = true
		}
	}
	v.Many = failed > 1
	if v.Many && sumsUp(c) {
		v.Items = slices.Clone(c.Items)
		for i, item := range v.Items {
			if item.Status == result.Fail || item.Status == result.Partial {
				v.Items[i].Hint, v.Items[i].Edit = "", nil
			}
		}
		clear(said)
	}
	for _, hint := range strings.Split(c.Hint, "\n") {
		if hint != "" && !(v.Many && said[hint]) {
			v.Hints = append(v.Hints, hint)
		}
	}
	if v.Open && (!c.Hidden || r.Audience == result.Instructor) {
		v.Again = again(r, nil, c.ID)
	}
	if r.Run != nil && r.Run.Port > 0 {
		v.Start = fmt.Sprintf("docker run --rm -p %d:%d $(docker build -q .)", r.Run.Port, r.Run.Port)
	}
	return v
}

// again returns the command that asks the same again, of all checks or of some.
func again(r result.Report, args []string, only ...string) string {
	words := []string{"taskgrader", "grade", "--rubric", cmp.Or(r.Rubric.File, r.Rubric.ID)}
	if len(only) > 0 {
		words = append(words, "--only", strings.Join(only, ","))
	}
	words = append(append(words, "--seed", r.Seed), args...)
	for i, w := range words {
		words[i] = shellWord(w)
	}
	return cut(strings.ReplaceAll(clean(strings.Join(words, " ")), "\n", "\u2424"), briefRunes)
}

var plainWord = regexp.MustCompile(`^[\w%+,./:=@-]+$`)

// shellWord returns a word as a shell takes it, whatever is in it.
func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
