// Package env is the kind `env`: whether a variable reaches the program.
package env

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind is the kind.
func Kind() check.Kind {
	return check.Kind{Name: "env", Phase: check.Beside, New: func() check.Check { return new(Env) }, Manual: check.Manual{
		Summary: "does a variable that is passed with docker run -e reach the program",
		Text: `A second container is started with the variables. It must come up, and one of its processes that serves must have every
variable with its value in its environment: a script or a command that drops or replaces them does not pass. With set and steps, the
steps are sent to that container instead; where PORT is set, it is looked for on that port first.`,
		Example: `id: env
points: 3
env: {LOG_LEVEL: debug}`}}
}

// Env is the options: variables, or variables and steps.
type Env struct {
	Set   map[string]string
	Steps []steps.Step
}

type withSteps struct {
	Set   map[string]string `json:"set" jsonschema:"the variables"`
	Steps []steps.Step      `json:"steps" jsonschema:"what is sent to the container"`
}

// UnmarshalOption reads either form.
func (e *Env) UnmarshalOption(v option.Value) option.Problems {
	if written, ok := v.Get("steps"); ok {
		var long withSteps
		ps := option.Decode(v, &long)
		e.Set, e.Steps = long.Set, long.Steps
		if len(ps) == 0 && len(e.Steps) == 0 {
			return written.Problem("want at least one step")
		}
		return ps
	}
	if set, ok := v.Get("set"); ok && set.Kind == option.Map {
		return v.Problem("set needs steps beside it")
	}
	if ps := option.Decode(v, &e.Set); len(ps) > 0 {
		return ps
	}
	if len(e.Set) == 0 {
		return v.Problem("want at least one variable")
	}
	return nil
}

// OptionSchema describes both forms.
func (Env) OptionSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", Description: "variables, such as LOG_LEVEL: debug; or set and steps"}
}

// ValidateScope checks the variables of the steps.
func (e *Env) ValidateScope(fresh []string) ([]string, option.Problems) {
	return steps.ValidateScope(e.Steps, fresh)
}

// Ask starts a container with the variables.
func (e *Env) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	port, _ := strconv.Atoi(e.Set["PORT"])
	c, err := t.Second(ctx, e.Set, port)
	if err != nil {
		return check.Outcome{}, err
	}
	defer c.Close()
	names := slices.Sorted(maps.Keys(e.Set))
	if started := c.Started(); !started.Answered {
		o := check.Fail("comes up with "+strings.Join(names, ", "), "a program that answers", "it does not come up with these variables, though it does without",
			"Run it yourself: docker run"+flags(e.Set)+" <image>")
		if started.Log != "" {
			o.Evidence = []check.Evidence{{Kind: "log", Title: "Its log", Text: started.Log[max(0, len(started.Log)-2000):]}}
		}
		return o, nil
	}
	if len(e.Steps) > 0 {
		return steps.Run(ctx, c, e.Steps, in)
	}
	environments, err := readEnvironments(ctx, c)
	if err != nil {
		return check.Outcome{}, err
	}
	var o check.Outcome
	for _, name := range names {
		o.Items = append(o.Items, judge(name, e.Set[name], environments))
	}
	return o, nil
}

// readEnvironments gives the environment of each process that lives in the container, but the one that asks.
const script = `for f in /proc/[0-9]*/environ; do p=${f%/environ}; p=${p#/proc/}; [ "$p" = "$$" ] && continue; [ -s "/proc/$p/cmdline" ] || continue; printf '\nprocess %s\n' "$p"; tr '\0' '\n' <"$f"; done 2>/dev/null`

const pythonScript = `import glob,os
for f in glob.glob("/proc/[0-9]*/environ"):
    p=f.split("/")[2]
    if p==str(os.getpid()): continue
    try: print("\nprocess "+p+"\n"+open(f,"rb").read().replace(b"\0",b"\n").decode("utf-8","replace"))
    except OSError: pass`

func readEnvironments(ctx context.Context, c check.Container) ([]map[string]string, error) {
	for _, command := range [][]string{{"sh", "-c", script}, {"python3", "-c", pythonScript}} {
		out, err := c.Exec(ctx, command)
		if err != nil {
			return nil, err
		}
		if found := parse(out.Stdout); len(found) > 0 {
			return found, nil
		}
	}
	return nil, fmt.Errorf("reading the environment of the program: the image has neither a shell nor Python to look with")
}

func parse(text string) (all []map[string]string) {
	for _, block := range strings.Split(text, "\nprocess ") {
		_, lines, ok := strings.Cut(block, "\n")
		if !ok || strings.TrimSpace(lines) == "" {
			continue
		}
		found := map[string]string{}
		for _, line := range strings.Split(lines, "\n") {
			if name, value, ok := strings.Cut(line, "="); ok {
				found[name] = value
			}
		}
		all = append(all, found)
	}
	return all
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
		item.Hint = "Something between docker run and the program drops or replaces the variable: look at CMD, ENTRYPOINT and the scripts that they start."
		return item
	}
	return item
}

func flags(set map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(set)) {
		fmt.Fprintf(&b, " -e %s=%s", name, set[name])
	}
	return b.String()
}
