package rubric

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
	"github.com/taskgrader/taskgrader/grader/result"
)

// document is a rubric as it is written.
type document struct {
	Rubric    option.Value   `json:"rubric" jsonschema:"the rubric's name: small letters, digits and -"`
	Title     string         `json:"title,omitempty" jsonschema:"what students read at the top of their report"`
	Points    option.Value   `json:"points" jsonschema:"must equal the sum of the checks that are not bonus"`
	Skills    option.Value   `json:"skills,omitzero" jsonschema:"what the checks are evidence of"`
	Limits    check.Limits   `json:"limits,omitzero" jsonschema:"what a submission may use; each has a default"`
	Container container      `json:"container,omitzero" jsonschema:"where the program is expected, and what each container has"`
	Fresh     check.Fresh    `json:"fresh,omitzero" jsonschema:"new random values, the same for all checks of a run: {secret: word}"`
	People    option.Value   `json:"people,omitzero" jsonschema:"who asks: each with fresh values, steps to sign in, and headers"`
	Checks    []option.Value `json:"checks" jsonschema:"what is asked, in the order in which reports show it"`
}

type container struct {
	Port   int              `json:"port,omitempty" option:"1..65535" jsonschema:"the port that the program should listen on; 8000 unless given"`
	Env    option.Variables `json:"env,omitempty" jsonschema:"variables of every container, for no points; $x is a fresh value of the rubric"`
	Volume string           `json:"volume,omitempty" jsonschema:"a folder, empty at first, that outlives restarts: /data"`
}

// ownContainer is what a check says of a container of its own.
type ownContainer struct {
	Env option.Variables `json:"env" jsonschema:"its variables, in place of those of the rubric's container"`
}

type skill struct {
	Name    string  `json:"name" jsonschema:"as reports show it"`
	Level   string  `json:"level,omitempty" jsonschema:"such as B1"`
	Mastery float64 `json:"mastery,omitempty" option:"0..100" jsonschema:"per cent of its points from which it counts as mastered; 80 unless given"`
}

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

var (
	idText = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// Parse reads a rubric. A rubric with mistakes gives all of them, as [option.Problems].
func Parse(file string, text []byte, kinds []check.Kind) (*Rubric, error) {
	v, problems := read(file, text)
	if len(problems) > 0 {
		return nil, problems
	}
	sum := sha256.Sum256(text)
	p := parser{kinds: kinds, rubric: &Rubric{File: file, Digest: "sha256:" + hex.EncodeToString(sum[:]),
		lines: strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")}}
	p.document(v)
	p.sort()
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	return p.rubric, nil
}

type parser struct {
	kinds    []check.Kind
	rubric   *Rubric
	needsAt  []option.Value // where each check of the rubric says what it needs
	unsure   bool           // what a check is worth could not be read
	skillsAt option.Value   // where the skills are written
	scope    check.Scope    // what the rubric says around each check
	unclear  bool           // what it says there could not be read, so that names in checks may be of it
	used     []string       // names of the rubric's own fresh values that are used
	problems option.Problems
}

func (p *parser) add(ps ...option.Problem) { p.problems = append(p.problems, ps...) }

// sort puts the problems in order, each once, and those that are warnings aside.
func (p *parser) sort() {
	option.Sort(p.problems)
	var once option.Problems
	for _, q := range p.problems {
		if !slices.Contains(once, q) {
			once = append(once, q)
		}
	}
	p.problems = nil
	for _, q := range once {
		if q.Warning {
			p.rubric.Warnings = append(p.rubric.Warnings, q)
		} else {
			p.problems = append(p.problems, q)
		}
	}
}

// said reports whether there is a problem at that place already, of which another would come.
func (p *parser) said(v option.Value) bool {
	return slices.ContainsFunc(p.problems, func(q option.Problem) bool { return q.Pos == v.Pos })
}

func (p *parser) document(v option.Value) {
	d := document{Limits: check.DefaultLimits(), Container: container{Port: 8000}}
	p.add(option.Decode(v, &d)...)
	r := p.rubric
	if d.Rubric.Line > 0 && (d.Rubric.Kind == option.Null || !idText.MatchString(d.Rubric.Text)) {
		p.add(d.Rubric.Problem("a rubric's name is small letters, digits and -, not %s", d.Rubric.Describe())...)
	}
	r.ID, r.Title, r.Limits, r.Port = d.Rubric.Text, d.Title, d.Limits, d.Container.Port
	r.Fresh, r.Env, r.Volume = d.Fresh, d.Container.Env, d.Container.Volume
	p.scope = check.Scope{Shared: d.Fresh.Names(), People: d.People}
	fresh, _ := v.Get("fresh")
	p.unclear = p.within(fresh)
	p.people()
	p.container(v, d.Container)
	if r.Title == "" {
		r.Title = r.ID
	}
	p.limits(v, d.Limits)
	p.skills(d.Skills)
	for _, c := range d.Checks {
		p.check(c)
	}
	p.unused()
	p.needs()
	p.total(d.Points)
	for _, k := range p.kinds {
		if k.Gate && !slices.ContainsFunc(r.Checks, func(c Check) bool {
			return c.Kind.Name == k.Name &&
				c.Kind.Gate
		}) {
			r.Gates = append(r.Gates, Check{ID: k.Name, Title: k.Manual.Summary, Kind: k, Asks: k.New()})
		}
	}
}

// container refuses variables that nothing makes, and a volume that is no folder.
func (p *parser) container(v option.Value, c container) {
	if env, _ := v.Get("container", "env"); env.Kind == option.Map {
		p.variables(env)
	}
	if volume, ok := v.Get("container", "volume"); ok && !p.said(volume) &&
		(!path.IsAbs(c.Volume) || path.Clean(c.Volume) != c.Volume || c.Volume == "/") {
		p.add(volume.Problem("want a folder inside the container, such as /data, not %s", volume.Describe())...)
	}
}

var freshUse = regexp.MustCompile(`\$\$|\$\{?([a-zA-Z_]\w*)\}?`)

// variables wants the fresh values that the texts of a mapping name.
func (p *parser) variables(env option.Value) {
	if p.unclear || p.within(env) {
		return
	}
	var known []string
	for _, name := range p.scope.Shared {
		known = append(known, name.Text)
	}
	env.EachText(func(text option.Value) {
		for _, m := range freshUse.FindAllStringSubmatch(text.Text, -1) {
			switch {
			case m[1] == "":
			case slices.Contains(known, m[1]):
				p.used = append(p.used, m[1])
			default:
				text.Text = m[1]
				wrong := option.Unknown("variable", text, known)
				wrong[0].Hint = strings.TrimPrefix(wrong[0].Hint+"; make it at the top of the rubric: fresh: {"+m[1]+
					": word}; $$ is a dollar", "; ")
				p.add(wrong...)
			}
		}
	})
}

// Fill puts the rubric's fresh values into a text of a container's variables.
func Fill(text string, fresh map[string]any) string {
	return freshUse.ReplaceAllStringFunc(text, func(ref string) string {
		if ref == "$$" {
			return "$"
		}
		return fmt.Sprint(fresh[strings.Trim(ref, "${}")])
	})
}

// people are read by the kinds whose steps they send; once also where none of them is asked.
func (p *parser) people() {
	for _, k := range p.kinds {
		if s, ok := k.New().(check.ScopeValidator); ok && p.scope.People.Line > 0 {
			used, problems := s.ValidateScope(check.Scope{Shared: p.scope.Shared, People: p.scope.People})
			p.used = append(p.used, used...)
			p.add(problems...)
			p.unclear = p.unclear || len(problems) > 0
			break
		}
	}
}

// within reports whether there is a problem with a value, or with what it holds.
func (p *parser) within(v option.Value) bool {
	return v.Line > 0 && (p.said(v) || slices.ContainsFunc(v.Items, p.within) ||
		slices.ContainsFunc(v.Fields, func(f option.Field) bool { return p.said(f.Key) || p.within(f.Value) }))
}

// unused finds fresh values of the rubric that nothing uses, where nothing else is wrong: else it
// was probably meant there.
func (p *parser) unused() {
	for _, name := range p.scope.Shared {
		inPeople := false
		p.scope.People.EachText(func(text option.Value) {
			inPeople = inPeople || strings.Contains(text.Text, "$"+name.Text) ||
				strings.Contains(text.Text, "${"+name.Text+"}")
		})
		if !slices.Contains(p.used, name.Text) && !inPeople && !slices.ContainsFunc(p.problems,
			func(q option.Problem) bool { return !q.Warning }) {
			p.add(name.Problem("fresh value %q is used nowhere", name.Text)...)
		}
	}
}

// limits refuses what no engine could keep.
func (p *parser) limits(v option.Value, l check.Limits) {
	const leastMemory = 6 << 20 // Docker's own
	if l.Run.Memory < leastMemory {
		memory, _ := v.Get("limits", "run", "memory")
		p.add(memory.Problem("memory must be at least 6.3MB, which Docker needs to start a container")...)
	}
	timeout, _ := v.Get("limits", "http", "timeout")
	p.add(check.Outlasts(timeout, l.Run.Time, "limits.run.time")...)
}

func (p *parser) skills(v option.Value) {
	if v.Line > 0 && v.Kind != option.Map {
		p.add(v.Problem("want a mapping from ids to skills, not %s", v.Describe())...)
	}
	p.skillsAt = v
	seen := map[string]bool{}
	for _, f := range v.Fields {
		s := skill{Mastery: 80}
		p.add(option.Decode(f.Value, &s)...)
		if !idText.MatchString(f.Key.Text) {
			p.add(f.Key.Problem("a skill's id is small letters, digits and -, not %s", f.Key.Describe())...)
		}
		if seen[f.Key.Text] {
			p.add(f.Key.Problem("skill %q is already there", f.Key.Text)...)
		}
		seen[f.Key.Text] = true
		p.rubric.Skills = append(p.rubric.Skills, Skill{ID: f.Key.Text, Name: s.Name, Level: s.Level,
			Mastery: s.Mastery})
	}
}

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
			p.add(option.Unknown("key", f.Key, names)...)
			p.unsure = true // it may have been meant as points, or as bonus
			near := option.Suggest(f.Key.Text, names)
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
			return q.Line >= v.Line &&
				strings.HasPrefix(q.Message, "unknown key")
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
	p.own(c, at)
	if fresh, _ := at.Get("fresh"); p.unclear || p.within(fresh) || !ps.Readable() {
		return
	}
	if l, ok := c.Asks.(check.LimitsValidator); ok && len(ps) == 0 {
		p.add(l.ValidateLimits(f.Value, p.rubric.Limits)...)
	}
	scope := p.scope
	scope.Fresh, scope.As = c.Fresh.Names(), c.As
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
	if c.Kind.Phase != check.Running && c.Kind.Phase != check.Beside || c.Kind.Gate {
		p.add(written.Problem("%s asks no container that could be its own", c.Kind.Name)...)
		return
	}
	c.Kind.Phase = check.Beside
}

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

func (p *parser) total(v option.Value) {
	if v.Line == 0 {
		return
	}
	var each []float64
	for _, c := range p.rubric.Checks {
		if !c.Bonus {
			each = append(each, c.Points)
		}
	}
	sum := result.Sum(each...)
	p.rubric.Points = sum
	want, err := strconv.ParseFloat(v.Text, 64)
	if v.Kind != option.Int && v.Kind != option.Float || err != nil {
		p.add(v.Wrong("a number of points")...)
		return
	}
	if result.Round(want) != sum && len(p.rubric.Checks) > 0 && !p.unsure {
		p.add(v.Problem("points says %s, but the checks that are not bonus sum to %s", number(want), number(sum))...)
	}
}

func number(n float64) string { return fmt.Sprint(result.Round(n)) }
