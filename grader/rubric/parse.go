package rubric

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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

// OptionSynonyms returns words that are near, with what is meant here.
func (document) OptionSynonyms() map[string]string {
	return map[string]string{"name": "rubric", "id": "rubric", "description": "title", "score": "points",
		"total": "points", "tests": "checks", "steps": "checks", "port": "container", "env": "container",
		"volume": "container", "timeout": "limits", "users": "people", "auth": "people", "variables": "fresh",
		"vars": "fresh"}
}

type container struct {
	Port   int              `json:"port,omitempty" option:"1..65535" jsonschema:"the port that the program should listen on; 8000 unless given"`
	Env    option.Variables `json:"env,omitempty" jsonschema:"variables of every container, for no points; $x is a fresh value of the rubric"`
	Volume string           `json:"volume,omitempty" jsonschema:"a folder, empty at first, that outlives restarts: /data"`
}

type skill struct {
	Name    string  `json:"name" jsonschema:"as reports show it"`
	Level   string  `json:"level,omitempty" jsonschema:"such as B1"`
	Mastery float64 `json:"mastery,omitempty" option:"0..100" jsonschema:"per cent of its points from which it counts as mastered; 80 unless given"`
}

var (
	idText = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// Parse reads a rubric. A rubric with mistakes gives all of them, as [option.Problems].
func Parse(file string, text []byte, kinds []check.Kind) (*Rubric, error) {
	v, problems := read(file, text)
	if problems.Fatal() {
		return nil, problems
	}
	sum := sha256.Sum256(text)
	p := parser{kinds: kinds, rubric: &Rubric{File: file, Digest: "sha256:" + hex.EncodeToString(sum[:]),
		lines: strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")}}
	p.add(problems...)
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
	p.scope = check.Scope{Shared: d.Fresh, People: d.People}
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
			return c.Kind.Name == k.Name && c.Kind.Gate
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
	for _, name := range p.scope.Shared.Names() {
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

// people has them read by the kinds whose steps they send; once also where none of them is asked.
func (p *parser) people() {
	for _, k := range p.kinds {
		if s, ok := k.New().(check.ScopeValidator); ok && p.scope.People.Line > 0 {
			used, problems := s.ValidateScope(check.Scope{Shared: p.scope.Shared, People: p.scope.People})
			p.used = append(p.used, used...)
			p.add(problems...)
			p.unclear = p.unclear || problems.Fatal()
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
	for _, name := range p.scope.Shared.Names() {
		inPeople := false
		p.scope.People.EachText(func(text option.Value) {
			inPeople = inPeople || strings.Contains(text.Text, "$"+name.Text) ||
				strings.Contains(text.Text, "${"+name.Text+"}")
		})
		if !slices.Contains(p.used, name.Text) && !inPeople && !p.problems.Fatal() {
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
