// Package env is the kind `env`: whether a variable reaches the program.
//
// In its short form the environment of the processes inside is read, in the container that all
// checks share. With steps, or a PORT of its own, the check has a container to itself, which is
// started with these variables and asked.
package env

import (
	"context"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind returns the kind `env`, which asks whether a variable reaches the program.
func Kind() check.Kind {
	return check.Kind{Name: "env", Phase: check.OwnContainer, New: func() check.Check { return new(Env) },
		Manual: check.Manual{
			Summary: "does a variable that is passed with docker run -e reach the program",
			Text: `The container is started with the variables, and every process in it must have each of them with its
value in its environment: a script or a command that drops or replaces them does not pass. When it does not come up with
them as it should, it is started again without for all other checks, and this one says so; where its log says that it
does not take a value, the value has reached it, and that passes. With set and steps, a container of its own is started
with the variables, and the steps are sent to that one: write it so where a variable changes what the program does.
Where PORT is set, the container is always one of its own, and gets a number that nobody knows beforehand in place of
the rubric's, on which it must listen. Where anything of the student's own may stand between docker run and the
program, such as a shell, a script or a file of the system, another value of the same sort, which nobody knows
beforehand, is passed to a container of its own, and must be there too; a program that comes up with no other level of a
log than the rubric's does not pass. Where neither the grader nor a shell or Python
in the image can read the environment of a process, coming up with the variables is enough, and the outcome says so.

  env: {set: {PORT: "9001", GREETING: hello}, steps: [{send: GET /, json: {text: hello}}]}`,
			Example: `id: env
points: 3
env: {LOG_LEVEL: debug}`,
			Every: []string{`id: env
points: 3
env: {LOG_LEVEL: debug}`, `id: port
points: 3
env: {set: {PORT: "9001"}, steps: [{send: GET /health}]}`}}}
}

// Env is the options: variables, or variables and steps.
type Env struct {
	Set   option.Variables
	Steps []steps.Step
}

type withSteps struct {
	Set   option.Variables `json:"set" jsonschema:"the variables"`
	Steps []steps.Step     `json:"steps" jsonschema:"what is sent to the container"`
}

// UnmarshalOption reads either form.
func (e *Env) UnmarshalOption(v option.Value) option.Problems {
	if _, ok := v.Get("steps"); ok {
		var long withSteps
		ps := option.Decode(v, &long)
		e.Set, e.Steps = long.Set, long.Steps
		if len(ps) == 0 {
			ps = port(v.Get("set", "PORT"))
		}
		return ps
	}
	if set, ok := v.Get("set"); ok && set.Kind == option.Map {
		for _, f := range v.Fields {
			if f.Key.Text != "set" {
				return option.Unknown("key", f.Key, []string{"set", "steps"})
			}
		}
		ps := v.Problem("set needs steps beside it")
		ps[0].Hint = "without steps, write the variables alone: env: {LOG_LEVEL: debug}"
		return ps
	}
	if ps := option.Decode(v, &e.Set); len(ps) > 0 {
		return ps
	}
	if len(e.Set) == 0 {
		return v.Problem("want at least one variable")
	}
	return port(v.Get("PORT"))
}

// port wants a PORT that a program can listen on.
func port(v option.Value, ok bool) option.Problems {
	if n, err := strconv.Atoi(v.Text); !ok || err == nil && n > 0 && n < 1<<16 {
		return nil
	}
	return v.Problem("PORT is where the program is to listen: want a number from 1 to 65535, not %s", v.Describe())
}

// OptionSchema describes both forms.
func (Env) OptionSchema() *jsonschema.Schema {
	text := []string{"string", "number", "boolean"}
	return &jsonschema.Schema{Type: "object",
		AdditionalProperties: &jsonschema.Schema{Types: text,
			Description: "a variable with its value, such as LOG_LEVEL: debug; not beside set and steps"},
		PropertyNames: option.Variables{}.OptionSchema().PropertyNames,
		Properties: map[string]*jsonschema.Schema{ // which may be variables too
			"set": {Types: append(text, "object"), Description: "variables for a container of its own; needs steps"},
			"steps": {Types: append(text, "array"),
				Description: "what is sent to that container: taskgrader explain steps; needs set"},
		}}
}

// ValidateScope checks the variables of the steps.
func (e *Env) ValidateScope(scope check.Scope) ([]string, option.Problems) {
	return steps.ValidateScope(e.Steps, scope)
}

// ValidateLimits bounds the waiting of the steps.
func (e *Env) ValidateLimits(_ option.Value, l check.Limits) option.Problems {
	return steps.ValidateLimits(e.Steps, l)
}

// apart reports whether a container of its own is needed, since the variables may change what the
// program does.
func (e *Env) apart() bool { return len(e.Steps) > 0 || e.Set["PORT"] != "" }

// Phase returns OwnContainer only where the main container cannot be used.
func (e *Env) Phase() check.Phase {
	if e.apart() {
		return check.OwnContainer
	}
	return check.Running
}

// Configure gives the variables to the main container; where two checks want one otherwise, the
// first has it.
func (e *Env) Configure(s *check.Setup) {
	if e.apart() {
		return
	}
	if s.Env == nil {
		s.Env = map[string]string{}
	}
	for name, value := range e.Set {
		if _, taken := s.Env[name]; !taken {
			s.Env[name] = value
		}
	}
}

// container returns the one that has the variables, and the port where it is to listen; 0 is
// anywhere.
func (e *Env) container(ctx context.Context, t check.Target,
	in check.Input) (c check.SecondContainer, port int, err error) {
	if !e.apart() {
		c, err = t.StartedWith(ctx, e.Set)
		return c, 0, err
	}
	set := maps.Clone(e.Set)
	if set["PORT"] != "" {
		port = lowest + in.Rand.IntN(highest-lowest) // one that nobody knows beforehand
		set["PORT"] = strconv.Itoa(port)
	}
	c, err = t.Second(ctx, set, port)
	return c, port, err
}

// The ports of which one is taken for PORT: any user may listen there, and no kernel takes them for
// a connection of its own.
const lowest, highest = 10000, 32000

// Sends returns the requests that the steps judge.
func (e *Env) Sends() []string { return steps.Sends(e.Steps) }

// Givens returns those that they are given.
func (e *Env) Givens() []string { return steps.Givens(e.Steps) }

// Tell says which variables are passed, and what is asked then.
func (e *Env) Tell() (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(e.Set)) {
		lines = append(lines, fmt.Sprintf("docker run -e %s=%s", name, e.Set[name]))
	}
	return append(lines, steps.Tell(e.Steps)...)
}

// Ask looks at a container that was started with the variables.
func (e *Env) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	c, port, err := e.container(ctx, t, in)
	if err != nil {
		return check.Outcome{}, err
	}
	defer func() { _ = c.Close() }() // the run removes what is left
	names := slices.Sorted(maps.Keys(e.Set))
	if started := c.Started(); !started.Answered {
		if o, refused := e.refused(names, started.Log); refused && len(e.Steps) == 0 {
			return o, nil
		}
		o := check.Fail("comes up with "+strings.Join(names, ", "), "a program that answers",
			"it does not come up with these variables, though it does without",
			check.Advise("Run it yourself: docker run"+check.Flags(e.Set)+" <image>"))
		o.Down = true
		if started.Log != "" {
			o.Evidence = []check.Evidence{{Kind: "log", Title: "Its log",
				Text: started.Log[max(0, len(started.Log)-2000):]}}
		}
		return o, nil
	}
	if got := c.Started().Port; port > 0 && got != port {
		return check.Fail(fmt.Sprintf("listens on port %d", port),
			fmt.Sprintf("with PORT=%d, a program that listens on port %d", port, port),
			fmt.Sprintf("it listens on port %d", got),
			check.Advise("Read the variable PORT when the program starts, and listen there.")), nil
	}
	if len(e.Steps) > 0 {
		return steps.Run(ctx, c, e.Steps, in)
	}
	environments, known, err := c.Environments(ctx)
	if err != nil {
		return check.Outcome{}, err
	}
	var o check.Outcome
	var there []string
	for _, name := range names {
		item := judge(name, e.Set[name], environments)
		if item.Share < 1 {
			item.Hint = setByStart(t, name, item.Hint)
		}
		switch {
		case !known:
			item.Got = "the container was started with it, and the program answers; what the program makes of it was " +
				"not seen, since the image has nothing to look with"
		case len(environments) == 0:
			item.Got = "the container was started with it, and the program answers; it wrote something else where " +
				"its variables stood, so they were not seen"
		case item.Share == 1:
			there = append(there, name)
		}
		o.Items = append(o.Items, item)
	}
	if len(there) > 0 && !plain(t) {
		err = e.otherwise(ctx, t, in, there, o.Items)
	}
	return o, err
}

// otherwise asks once more with values that nobody knows beforehand, of what is there: something
// between docker run and the program may set a variable itself, to the very value that the rubric
// passes. What does not hold then is put in the place of its item. A program need not take every
// value, but where there are several of one sort it takes another than the rubric's.
func (e *Env) otherwise(ctx context.Context, t check.Target, in check.Input, there []string, items []check.Item) error {
	others, tries := map[string][]string{}, math.MaxInt
	for _, name := range there {
		others[name] = another(e.Set[name], in)
		tries = min(tries, len(others[name]))
	}
	for n := range tries {
		set := maps.Clone(e.Set)
		for name, values := range others {
			set[name] = values[n%len(values)]
		}
		environments, answered, err := e.environments(ctx, t, set)
		if err != nil || answered && environments == nil {
			return err
		}
		if !answered && n+1 < max(tries, 2) {
			continue
		}
		for i := range items {
			name, _, _ := strings.Cut(items[i].Name, "=")
			if !slices.Contains(there, name) {
				continue
			}
			item := judge(name, set[name], environments)
			if !answered {
				item = check.Item{Want: "a program that takes another value, too", Got: fmt.Sprintf(
					"with any other %s, such as %s, it does not come up", name, strings.Join(others[name], ", ")),
					Hint: check.Advisef("Run it yourself: docker run -e %s=%s <image>", name, set[name])}
			}
			if item.Share < 1 {
				item.Name = items[i].Name
				items[i] = item
			}
		}
		return nil
	}
	return nil
}

// environments returns those of a container of its own with variables; none where it cannot be known,
// or it does not come up.
func (e *Env) environments(ctx context.Context, t check.Target,
	set map[string]string) (found []map[string]string, answered bool, err error) {
	c, err := t.Second(ctx, set, 0)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = c.Close() }() // the run removes what is left
	if !c.Started().Answered {
		return nil, false, nil
	}
	found, known, err := c.Environments(ctx)
	if !known {
		found = nil
	}
	return found, true, err
}

// another returns values of the same sort as one, in some order: the other levels of a log, another
// number, the other of yes and no, another word.
func another(value string, in check.Input) (values []string) {
	for _, sort := range [][]string{{"debug", "info", "warning", "error", "critical"}, {"true", "false"}, {"yes", "no"},
		{"on", "off"}, {"1", "0"}} {
		if !slices.Contains(sort, strings.ToLower(value)) {
			continue
		}
		for _, other := range sort {
			if value == strings.ToUpper(value) {
				other = strings.ToUpper(other)
			}
			if !strings.EqualFold(value, other) {
				values = append(values, other)
			}
		}
		in.Rand.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		return values
	}
	if n, err := strconv.Atoi(value); err == nil {
		return []string{strconv.Itoa(n + 1 + in.Rand.IntN(1000))}
	}
	return []string{check.Word(in.Rand)}
}

// refused returns the outcome where the program read a value and did not take it, as its log says:
// then the variable reached it.
func (e *Env) refused(names []string, log string) (o check.Outcome, refused bool) {
	for _, name := range names {
		item := check.Passed(name + "=" + e.Set[name])
		if line := refusal(e.Set[name], log); line != "" {
			refused = true
			item.Got = "it reached the program, which does not take this value: " + line
		}
		o.Items = append(o.Items, item)
	}
	return o, refused
}

// setByStart returns what to do where the command that starts the program gives it the variable, and so
// takes what was passed away; else the hint as it is.
func setByStart(t check.Source, name string, h check.Hint) check.Hint {
	file, err := t.Dockerfile()
	if err != nil {
		return h
	}
	sets := regexp.MustCompile(`(^|[\s"'])` + regexp.QuoteMeta(name) + `=[^\s"']`)
	for _, in := range file.Lasts("CMD", "ENTRYPOINT") {
		if !sets.MatchString(in.Text) {
			continue
		}
		h = check.Hint{Cause: fmt.Sprintf(
			"Line %d gives %s a value whenever the container starts, whatever was passed.",
			in.Line, name), Advice: "Set it with ENV, which docker run -e goes before."}
		if change, how := file.ExecForm(*in); how == dockerfile.AsEnv {
			h.Edit = check.EditOf(file.Name, change)
		}
		return h
	}
	return h
}

// refuses are words of a line that does not take a value.
var refuses = regexp.MustCompile(
	`(?i)error|exception|invalid|unknown|unsupported|not a valid|must be|should be|not in|choose from|no such|` +
		`does not exist`)

// refusal returns the line of a log that says so, and names the value; or empty.
func refusal(value, log string) string {
	named := regexp.MustCompile(`["'\(=:]\s?` + regexp.QuoteMeta(value) + `(["',.;:\)\]]|\s*$)`)
	for _, line := range slices.Backward(strings.Split(log, "\n")) {
		if refuses.MatchString(line) && named.MatchString(line) {
			line = strings.TrimSpace(line)
			return strings.ToValidUTF8(line[:min(len(line), 300)], "")
		}
	}
	return ""
}

// judge wants every process to have the variable: one that lost it is the program, or started it.
func judge(name, want string, environments []map[string]string) check.Item {
	item := check.Passed(name + "=" + want)
	for _, environment := range environments {
		got, there := environment[name]
		if there && got == want {
			continue
		}
		item.Share, item.Want = 0, fmt.Sprintf("%s=%s in the program's environment", name, want)
		item.Got = "the variable is not there"
		if there {
			item.Got = fmt.Sprintf("%s=%s", name, got)
		}
		item.Hint = check.Advise(
			"Something between docker run and the program drops or replaces the variable: look at CMD, ENTRYPOINT " +
				"and the scripts that they start.")
		return item
	}
	return item
}
