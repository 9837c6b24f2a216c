package grader

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

// shownBytes is how much of a student's file or log a report holds.
const shownBytes = 64 << 10

// report puts together what is known, however far the work came.
func (g *grading) report() result.Report {
	g.facts.mu.Lock()
	defer g.facts.mu.Unlock()
	r := result.Report{
		Schema: result.Schema, Audience: result.Instructor, Status: result.Graded,
		Submission: result.Submission{ID: g.sub.ID, Name: g.sub.Name, Digest: g.sub.Digest,
			ProgramDigest: g.sub.ProgramDigest},
		Rubric: g.rubric.Source(),
		Grader: result.Grader{Version: g.options.Version},
		Seed:   g.options.Seed, StartedAt: g.started.UTC().Truncate(time.Second),
		DurationMS: time.Since(g.started).Milliseconds(), Phases: g.phases,
		Skills: []result.Skill{}, Checks: []result.Check{},
	}
	if r.Phases == nil {
		r.Phases = []result.Phase{}
	}
	all := slices.Clone(g.all)
	slices.Sort(all) // the rubric's order
	g.mergeEdits(all)
	for _, i := range all {
		r.Checks = append(r.Checks, g.check(i))
	}
	g.addImage(&r)
	g.addRun(&r)
	if g.source != nil {
		texts := g.texts
		r.Source = &texts
	}
	for _, kept := range g.kept {
		r.Notes = append(r.Notes, "kept: "+kept)
	}
	if g.left != nil { // every check was asked, so it costs no verdict
		r.Notes = append(r.Notes,
			"The grader could not remove all that it made; its next run does, or taskgrader clean: "+g.left.Error())
	}
	g.addPoints(&r)
	if slices.ContainsFunc(r.Checks, func(c result.Check) bool { return c.Hidden }) {
		r.Withheld = g.withhold()
	}
	if len(g.faults) > 0 {
		first := g.faults[0]
		r.Status, r.Score = result.Error, nil
		r.Problem = &result.Problem{Phase: first.Phase, Message: first.Error(), Hint: HintOf(first)}
	}
	return r
}

// mergeEdits makes one edit of those that write the same lines, so that none takes back what another
// wrote. What a hidden check would write stays its own.
func (g *grading) mergeEdits(all []int) {
	type place struct {
		file, old string
		line      int
	}
	edits := map[place][]*check.Edit{}
	var told []*check.Edit
	for _, i := range all {
		if g.rubric.Checks[i].Hidden {
			continue
		}
		o := g.verdicts[i].outcome
		for _, item := range append(slices.Clone(o.Items), check.Item{Hint: o.Hint}) {
			if e := item.Hint.Edit; e != nil && item.Share < 1 {
				at := place{e.File, e.Old, e.Line}
				edits[at], told = append(edits[at], e), append(told, e)
			}
		}
	}
	for _, same := range edits {
		whole, merged := same[0], []string{same[0].New}
		for _, e := range same[1:] {
			if both := check.Merge(whole, e); both != nil && !slices.Contains(merged, e.New) {
				whole, merged = both, append(merged, e.New)
			}
		}
		for _, e := range same {
			if slices.Contains(merged, e.New) {
				e.New = whole.New
			}
		}
	}
	for _, moved := range told {
		for _, one := range told {
			if both := moved.Within(*one); both != nil {
				moved.New = both.New
			}
		}
	}
}

// check returns the verdict on one check as a report shows it.
func (g *grading) check(i int) result.Check {
	c, v := g.rubric.Checks[i], g.verdicts[i]
	rc := result.Check{ID: c.ID, Kind: c.Kind.Name, Title: c.Title, Skill: c.Skill, Status: v.status,
		MaxPoints: result.Round(c.Points), Bonus: c.Bonus, Hidden: c.Hidden, BlockedBy: v.blockedBy,
		Points: result.Round(c.Points * v.share), DurationMS: v.took.Milliseconds(),
		Want: v.outcome.Want, Got: v.outcome.Got, Hint: v.outcome.Hint.String(),
		Edit: (*result.Edit)(v.outcome.Hint.Edit)}
	for _, item := range v.outcome.Items {
		rc.Items = append(rc.Items, reportItem(item))
	}
	spoken := slices.IndexFunc(v.outcome.Items, func(i check.Item) bool { return i.Share < 1 && !i.Skipped })
	if spoken < 0 { // what was not asked speaks where nothing failed
		spoken = slices.IndexFunc(v.outcome.Items, func(i check.Item) bool { return i.Share < 1 })
	}
	if spoken >= 0 {
		item := v.outcome.Items[spoken]
		if rc.Want, rc.Got = cmp.Or(rc.Want, item.Want), cmp.Or(rc.Got, item.Got); rc.Hint == "" {
			rc.Hint, rc.Edit = item.Hint.String(), (*result.Edit)(item.Hint.Edit)
		}
	}
	for _, e := range v.outcome.Evidence {
		rc.Evidence = append(rc.Evidence, result.Evidence(e))
	}
	if v.after != "" {
		rc.Got += "; only after " + v.after
		rc.Evidence = append(rc.Evidence, result.Evidence{Kind: "text", Title: "Asked again",
			Text: "Asked of a container that was started anew, more of it holds; behind " + v.after +
				", it fails again."})
	}
	if rc.Unsteady = v.unsteady; v.unsteady {
		rc.Evidence = append(rc.Evidence, result.Evidence{Kind: "text", Title: "Asked again",
			Text: "At first: " + rc.Got +
				"\nAsked in the same way of a container that was started anew: more of it holds.\nAnd once more, " +
				"behind all that was asked before it: more of it holds." +
				"\nThe first verdict stands."})
	}
	switch v.status {
	case result.Pass:
		rc.Hint, rc.Edit = "", nil
	case result.Blocked, result.Error:
	default:
		if c.Hidden || rc.Hint == "" { // what a hidden check says of itself may give it away; its author's hint may not
			rc.Hint, rc.Edit = c.Hint, nil
		} else if c.Hint != "" && c.Hint != rc.Hint && !alone(v.outcome) {
			rc.Hint += "\n" + c.Hint
		}
		if v.unsteady && !c.Hidden {
			rc.Hint = strings.TrimSpace(rc.Hint + "\n" +
				"The same requests were answered otherwise when they were sent again: look for what depends on time, " +
				"on chance, or on two requests at once.")
		}
	}
	return bounded(rc)
}

// alone reports whether the first item that does not hold says all there is to say.
func alone(o check.Outcome) bool {
	first := slices.IndexFunc(o.Items, func(i check.Item) bool { return i.Share < 1 && !i.Skipped })
	return first >= 0 && o.Items[first].Alone
}

func reportItem(item check.Item) result.Item {
	ri := result.Item{Name: item.Name, Want: item.Want, Got: item.Got, Hint: item.Hint.String(),
		Edit: (*result.Edit)(item.Hint.Edit), File: item.File, Line: item.Line,
		Advice: item.Free && item.Share < 1 && !item.Skipped}
	switch {
	case item.Share >= 1:
		ri.Status = result.Pass
	case item.Skipped:
		ri.Status = result.Blocked
	case item.Share > 0:
		ri.Status = result.Partial
	default:
		ri.Status = result.Fail
	}
	return ri
}

func (g *grading) addImage(r *result.Report) {
	if g.built == nil {
		return
	}
	r.Notes = append(r.Notes, g.built.Notes...)
	r.Build = &result.Build{Steps: []result.Step{}}
	for _, s := range g.built.Steps {
		step := result.Step{Name: plain.Cut(s.Name, mostText), Line: s.Line, Cached: s.Cached,
			MS: s.Took.Milliseconds(), Error: plain.Cut(s.Error, mostText)}
		if s.Error != "" {
			step.Log = s.Log
		}
		r.Build.Steps = append(r.Build.Steps, step)
	}
	info := g.built.Image
	if info == nil {
		return
	}
	if info.StandIn {
		r.Notes = append(r.Notes,
			"The base image is a stand-in that was made on this machine, because no registry answered; sizes and "+
				"versions differ a little from the real one.")
	}
	if info.Unmeasured != nil {
		return
	}
	r.Image = &result.Image{ID: info.ID, SizeBytes: info.Size, AddedBytes: info.Added, Base: info.Base,
		StandIn: info.StandIn, Layers: []result.Layer{}}
	for _, l := range info.Layers {
		r.Image.Layers = append(r.Image.Layers, result.Layer{Bytes: l.Size, Instruction: l.Instruction, Line: l.Line,
			Base: l.Base})
	}
}

func (g *grading) addRun(r *result.Report) {
	if s := g.sandbox; s != nil {
		r.Sandbox = &result.Sandbox{Memory: s.Memory, PIDs: s.PIDs, CPU: s.CPU, Disk: s.Disk, Network: s.Network,
			Log: s.Log}
	}
	if s := g.start; s != nil {
		if s.Offline != "" && s.Answered {
			r.Notes = append(r.Notes,
				"The program did not come up without a network, so it was started once more with one. All later "+
					"checks were asked of that container.")
		}
		r.Run = &result.Run{Port: s.Port, ReadyMS: s.After.Milliseconds(), Log: cmp.Or(s.Log, g.log)}
	}
}

// addPoints sums the checks: per skill without bonus, and the score with it.
func (g *grading) addPoints(r *result.Report) {
	var score, most []float64
	for _, c := range r.Checks {
		score = append(score, c.Points)
		if !c.Bonus {
			most = append(most, c.MaxPoints)
		}
		if c.Status == result.Error {
			r.Status = result.Error
		}
	}
	r.MaxScore = result.Sum(most...)
	if total := result.Sum(score...); r.Status == result.Graded {
		r.Score = &total
	}
	for _, s := range g.rubric.Skills {
		skill := result.Skill{ID: s.ID, Name: s.Name, Level: s.Level, Mastery: s.Mastery}
		for _, c := range r.Checks {
			if c.Skill == s.ID && !c.Bonus {
				skill.Points = result.Sum(skill.Points, c.Points)
				skill.MaxPoints = result.Sum(skill.MaxPoints, c.MaxPoints)
			}
		}
		skill.Mastered = skill.MaxPoints > 0 && result.Round(skill.Points*100) >= result.Round(
			s.Mastery*skill.MaxPoints)
		if skill.MaxPoints > 0 {
			r.Skills = append(r.Skills, skill)
		}
	}
}

// HintOf returns the fix that an error in the chain carries, or empty.
func HintOf(err error) string {
	var hinted interface {
		error
		Hint() string
	}
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}
