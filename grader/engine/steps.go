package engine

import (
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// stepName is [builder 2/5] RUN …; the stage's name is missing where there is one stage alone.
var (
	stepName = regexp.MustCompile(`^\[(?:(.+) )?(\d+)/(\d+)\] (.*)`)
	exitCode = regexp.MustCompile(`exit code: (\d+)`)
)

// stepsOf are the instructions among what BuildKit did, in the order of the Dockerfile.
func (t *trace) stepsOf(file *dockerfile.File) []check.Step {
	t.mu.Lock()
	defer t.mu.Unlock()
	type placed struct {
		check.Step
		stage, number int
	}
	var all []placed
	for _, digest := range t.order {
		v := t.steps[digest]
		m := stepName.FindStringSubmatch(v.Name)
		if m == nil || m[1] == "internal" {
			continue
		}
		number, _ := strconv.Atoi(m[2])
		if number == 1 && strings.HasPrefix(m[4], "FROM ") {
			continue
		}
		s := placed{Step: check.Step{Name: v.Name, Cached: v.Cached, Error: v.Error, Log: t.logs[digest].String(),
			Done: v.Cached || v.Completed != nil && v.Error == ""}, number: number}
		if v.Started != nil && v.Completed != nil && !v.Cached {
			s.Took = v.Completed.Sub(*v.Started)
		}
		if code := exitCode.FindStringSubmatch(v.Error); code != nil {
			s.ExitCode, _ = strconv.Atoi(code[1])
		}
		total, _ := strconv.Atoi(m[3])
		s.stage, s.Line = locate(file, m[1], number, total)
		all = append(all, s)
	}
	sort.SliceStable(all, func(i, j int) bool {
		if all[i].stage != all[j].stage {
			return all[i].stage < all[j].stage
		}
		return all[i].number < all[j].number
	})
	steps := make([]check.Step, len(all))
	for i, s := range all {
		steps[i] = s.Step
	}
	return steps
}

// markShared marks the steps of a build that succeeded of which BuildKit told nothing. Where another build that goes on at the
// same time has an equal step, with the same content behind it, both become one, and BuildKit tells only the other of it: this
// build had nothing to do, as if it came from the cache.
func markShared(steps []check.Step) {
	for i := range steps {
		if s := &steps[i]; !s.Done && s.Error == "" {
			s.Cached, s.Done = true, true
		}
	}
}

// locate finds the stage and the line of a step: BuildKit counts what makes layers, after FROM as 1 where that brings an
// image in, which it does not where it names scratch or a stage.
func locate(file *dockerfile.File, name string, number, total int) (stage, line int) {
	if file == nil {
		return 0, 0
	}
	stage = len(file.Stages) - 1
	for i, s := range file.Stages {
		if name != "" && (strings.EqualFold(s.Name, name) || s.Name == "" && name == "stage-"+strconv.Itoa(i)) {
			stage = i
		}
	}
	layers := file.Stages[stage].Layers()
	if i := number - 1 - (total - len(layers)); i >= 0 && i < len(layers) {
		line = layers[i].Line
	}
	return stage, line
}

// failed is the step that ended the build, or nil.
func failed(steps []check.Step) *check.Step {
	for i := range steps {
		if steps[i].Error != "" && !strings.Contains(steps[i].Error, "context canceled") {
			return &steps[i]
		}
	}
	return nil
}

// errorText is all that was said of why a build failed.
func (t *trace) errorText(err error) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var texts []string
	if t.message != "" {
		texts = append(texts, t.message)
	}
	for _, digest := range t.order {
		if e := t.steps[digest].Error; e != "" {
			texts = append(texts, t.steps[digest].Name+": "+e)
		}
	}
	if err != nil {
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "\n")
}
