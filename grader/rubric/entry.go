package rubric

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
	"github.com/taskgrader/taskgrader/grader/result"
)

// entry is what every check may say besides its kind.
type entry struct {
	ID      string       `json:"id" jsonschema:"small letters, digits and -"`
	Title   string       `json:"title,omitempty" jsonschema:"what the check asks, as a student reads it"`
	Points  option.Value `json:"points" jsonschema:"what it is worth"`
	Skill   option.Value `json:"skill,omitzero" jsonschema:"the skill that it is evidence of"`
	Needs   []string     `json:"needs,omitempty" option:"empty" jsonschema:"checks that must pass first; else this one is blocked"`
	Hint    string       `json:"hint,omitempty" jsonschema:"what a student should look at first"`
	Hidden  bool         `json:"hidden,omitempty" jsonschema:"students see title, points, status and hint only"`
	Bonus   bool         `json:"bonus,omitempty" jsonschema:"on top of the total"`
	Partial bool         `json:"partial,omitempty" jsonschema:"points are shared equally among the items"`
	Fresh   check.Fresh  `json:"fresh,omitzero" jsonschema:"names of new random values: texts, or each with its sort: {mail: mail}"`
	As      option.Value `json:"as,omitzero" jsonschema:"who asks in all steps that do not say it: one of people, or nobody"`
	Own     bool         `json:"own,omitempty" jsonschema:"a container of its own, in which no other check left anything"`
	// Container is a pointer, since one without variables is another than none.
	Container *ownContainer `json:"container,omitempty" jsonschema:"a container of its own, with these variables"`
}

// ownContainer is what a check says of a container of its own.
type ownContainer struct {
	Env option.Variables `json:"env" jsonschema:"its variables, in place of those of the rubric's container"`
}

// entrySynonyms are words that are near, with what is meant here.
var entrySynonyms = map[string]string{"name": "id", "description": "title", "score": "points", "weight": "points",
	"worth": "points", "depends": "needs", "depends_on": "needs", "requires": "needs", "private": "hidden",
	"secret": "hidden", "optional": "bonus", "extra": "bonus", "variables": "fresh", "vars": "fresh", "user": "as",
	"auth": "as", "steps": "http", "requests": "http", "tests": "http", "docker": "dockerfile", "command": "exec",
	"run": "exec", "health": "start"}

var entryKeys = []string{"id", "title", "points", "skill", "needs", "hint", "hidden", "bonus", "partial", "fresh", "as",
	"own", "container"}

// check reads one entry: the keys that every check has, and exactly one that names its kind.
func (p *parser) check(v option.Value) {
	if v.Kind != option.Map {
		p.add(v.Problem("want a check, as a mapping, not %s", v.Describe())...)
		p.unsure = true
		return
	}
	common := option.Value{Pos: v.Pos, Kind: option.Map}
	var kinds []option.Field
	names := slices.Clone(entryKeys)
	for _, k := range p.kinds {
		names = append(names, k.Name)
	}
	for _, f := range v.Fields {
		switch i := slices.Index(names, f.Key.Text); {
		case i < 0:
			near := option.Suggest(f.Key.Text, names)
			if meant := entrySynonyms[f.Key.Text]; meant != "" {
				near = meant
				p.add(f.Key.Problem("unknown key %q (did you mean %q?)", f.Key.Text, near)...)
			} else {
				wrong := option.Unknown("key", f.Key, names)
				switch key := f.Key.Text; {
				case (key == "kind" || key == "type") && slices.Contains(names[len(entryKeys):], f.Value.Text):
					wrong[0].Message = fmt.Sprintf("unknown key %q", key)
					wrong[0].Hint = fmt.Sprintf("a kind is a key of its own: write %s: and what it asks", f.Value.Text)
				case slices.Contains([]string{"setup", "before", "background", "precondition"}, key):
					wrong[0].Message = fmt.Sprintf("unknown key %q", key)
					wrong[0].Hint = "what is set up first are steps too: http: [{given: POST /tasks, …}, {send: …}]"
				}
				if under := p.under(f.Key.Text); near == "" && under != "" {
					wrong[0].Hint = under
				}
				p.add(wrong...)
			}
			p.unsure = true // it may have been meant as points, or as bonus
			_, written := v.Get(near)
			_, meant := common.Get(near)
			if !written && !meant && slices.Contains(entryKeys, near) { // it is read as what was meant
				f.Key.Text = near
				common.Fields = append(common.Fields, f)
			}
		case i < len(entryKeys):
			common.Fields = append(common.Fields, f)
		default:
			kinds = append(kinds, f)
		}
	}
	var e entry
	p.add(option.Decode(common, &e)...)
	c := Check{Pos: v.Pos, ID: e.ID, Title: e.Title, Skill: e.Skill.Text, Needs: e.Needs, Hint: e.Hint,
		Hidden: e.Hidden,
		Bonus:  e.Bonus, Partial: e.Partial, Fresh: e.Fresh, Own: e.Own || e.Container != nil, As: e.As}
	if e.Container != nil {
		c.Env = map[string]string{}
		maps.Copy(c.Env, e.Container.Env)
		env, _ := common.Get("container", "env")
		p.variables(env)
	}
	if c.Title == "" {
		c.Title = c.ID
	}
	p.id(common, c)
	p.points(e.Points, &c)
	if bonus, ok := common.Get("bonus"); ok && bonus.Kind != option.Bool {
		p.unsure = true
	}
	if e.Skill.Line > 0 {
		p.skill(e.Skill)
	}
	switch len(kinds) {
	case 0:
		ps := v.Problem("the check has no kind")
		ps[0].Hint = "give it one of: " + strings.Join(names[len(entryKeys):], ", ")
		if !slices.ContainsFunc(p.problems, func(q option.Problem) bool {
			return q.Line >= v.Line && strings.HasPrefix(q.Message, "unknown key")
		}) {
			p.add(ps...)
		}
	case 1:
		p.kind(kinds[0], &c, common)
	default:
		p.add(kinds[1].Key.Problem("check %q has two kinds, %q and %q", c.ID, kinds[0].Key.Text, kinds[1].Key.Text)...)
	}
	needs, _ := common.Get("needs")
	p.rubric.Checks, p.needsAt = append(p.rubric.Checks, c), append(p.needsAt, needs)
}

// under says where a key belongs that is none of a check, but of a kind of check.
func (p *parser) under(key string) string {
	var kinds []string
	for _, k := range p.kinds {
		asks := reflect.TypeOf(k.New())
		if !slices.ContainsFunc(option.Keys(asks), func(known option.Key) bool { return known.Name == key }) {
			continue
		}
		example := k.Name + ": {" + key + ": …}"
		if asks.Elem().Kind() == reflect.Slice {
			example = k.Name + ": [{" + key + ": …}]"
		}
		kinds = append(kinds, example)
	}
	if len(kinds) == 0 {
		return ""
	}
	return key + " stands under a kind: " + strings.Join(kinds, ", ")
}

// skill wants a skill that there is.
func (p *parser) skill(v option.Value) {
	var known []string
	for _, s := range p.rubric.Skills {
		known = append(known, s.ID)
	}
	switch {
	case v.Kind == option.List || v.Kind == option.Map || v.Kind == option.Null:
		p.add(v.Wrong("the id of one skill")...)
	case len(known) == 0 && !p.said(p.skillsAt):
		ps := v.Problem("unknown skill %q", v.Text)
		ps[0].Hint = "describe it at the top of the rubric: skills: {" + v.Text + ": {name: …}}"
		p.add(ps...)
	case len(known) > 0 && !slices.Contains(known, v.Text):
		p.add(option.Unknown("skill", v, known)...)
	}
}

func (p *parser) id(v option.Value, c Check) {
	id, ok := v.Get("id")
	if !ok || p.said(id) {
		return
	}
	if !idText.MatchString(c.ID) {
		p.add(id.Problem("an id is small letters, digits and -, not %s", id.Describe())...)
	}
	for _, other := range p.rubric.Checks {
		if other.ID == c.ID {
			p.add(id.Problem("id %q is already on line %d", c.ID, other.Line)...)
			return
		}
	}
}

func (p *parser) points(v option.Value, c *Check) {
	n, err := strconv.ParseFloat(v.Text, 64)
	switch {
	case v.Line == 0: // which is said already
	case v.Kind != option.Int && v.Kind != option.Float || err != nil:
		p.add(v.Wrong("a number of points")...)
	case n < 0 || n > 1e6 || n != n:
		p.add(v.Problem("points must be from 0 to 1000000, not %s", v.Text)...)
	default:
		c.Points = result.Round(n)
		return
	}
	p.unsure = true
}

// kind decodes the options of the check's kind and asks it about the variables that it uses.
func (p *parser) kind(f option.Field, c *Check, at option.Value) {
	i := slices.IndexFunc(p.kinds, func(k check.Kind) bool { return k.Name == f.Key.Text })
	c.Kind = p.kinds[i]
	c.Asks = c.Kind.New()
	ps := option.Decode(f.Value, c.Asks)
	p.add(ps...)
	if a, ok := c.Asks.(check.Phased); ok {
		c.Kind.Phase = a.Phase()
		c.Kind.Gate = c.Kind.Gate && c.Kind.Phase == p.kinds[i].Phase
	}
	if owner, ok := c.Asks.(check.Owner); ok && owner.Owns() {
		c.Own = true
	}
	if !ps.Fatal() { // else it may be asked of another container than it seems
		p.own(c, at)
	}
	if judge, ok := c.Asks.(check.StartJudge); ok && judge.JudgesStart() && c.Env == nil {
		ps := f.Value.Problem("%s fails of a container of its own: say with which variables", c.Kind.Name)
		ps[0].Hint = "write container: {env: {}} beside it for none"
		p.add(ps...)
	}
	if fresh, _ := at.Get("fresh"); p.unclear || p.within(fresh) || !ps.Readable() {
		return
	}
	if l, ok := c.Asks.(check.LimitsValidator); ok && !ps.Fatal() {
		p.add(l.ValidateLimits(f.Value, p.rubric.Limits)...)
	}
	scope := p.scope
	scope.Fresh, scope.As, scope.Partial = c.Fresh, c.As, c.Partial
	var used []string
	s, ok := c.Asks.(check.ScopeValidator)
	if ok {
		var problems option.Problems
		used, problems = s.ValidateScope(scope)
		p.used = append(p.used, used...)
		fatal := false
		for _, q := range problems {
			if fatal = fatal || !q.Warning; !p.said(option.Value{Pos: q.Pos}) && (ps.Readable() || !q.Warning) {
				p.add(q)
			}
		}
		if fatal {
			return // what is used nowhere was probably meant there
		}
	} else if c.As.Line > 0 {
		p.add(c.As.Problem("%s sends no requests, so nobody asks", c.Kind.Name)...)
	}
	for _, v := range c.Fresh {
		if !slices.Contains(used, v.Name) && ps.Readable() {
			p.add(v.At.Problem("fresh value %q is used nowhere", v.Name)...)
		}
	}
}

// own lets a check with a container of its own take no turn of the main one.
func (p *parser) own(c *Check, at option.Value) {
	if !c.Own {
		return
	}
	written, ok := at.Get("container")
	if !ok {
		written, _ = at.Get("own")
	}
	if c.Kind.Phase != check.Running && c.Kind.Phase != check.OwnContainer || c.Kind.Gate {
		p.add(written.Problem("%s asks no container that could be its own", c.Kind.Name)...)
		return
	}
	c.Kind.Phase = check.OwnContainer
}
