package buildtrace

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	buildkit "github.com/moby/buildkit/client"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// stepName is [builder 2/5] RUN …; the stage's name is missing where there is one stage alone, and
// the number is as wide as the total: [builder 2/11].
var (
	stepName = regexp.MustCompile(`^\[(?:(\S+) )? *(\d+)/(\d+)\] (.*)`)
	exitCode = regexp.MustCompile(`exit code: (\d+)`)
)

// step is a vertex that BuildKit numbered as an instruction, with its place in the Dockerfile.
type step struct {
	check.Step
	label         string // of the stage, as BuildKit names it
	stage         int    // its index in the file, or -1
	number, total int
	command       string
	started       bool
}

// Steps returns the instructions among what BuildKit did, in the order of the Dockerfile.
//
// Where another build that goes on at the same time has an equal step, with the same content behind
// it, both become one. BuildKit then tells this build of the other's step, under the other's number
// and from when the other began it, and of its own either nothing or that it never started. The
// other's is left out, but for how it failed.
func (t *Trace) Steps(file *dockerfile.File) []check.Step {
	t.mu.Lock()
	defer t.mu.Unlock()
	begun := t.begun()
	own := make([][]step, len(file.Stages))
	var foreign []step
	for _, digest := range t.order {
		v := t.steps[digest]
		s, ok := newStep(v, file)
		if !ok {
			continue
		}
		s.Log = t.logs[digest].String()
		if s.stage < 0 || s.started && v.Started.Before(begun) {
			foreign = append(foreign, s)
		} else {
			own[s.stage] = append(own[s.stage], s)
		}
	}
	for i, told := range own {
		var misfits []step
		own[i], misfits = complete(&file.Stages[i], told)
		foreign = append(foreign, misfits...)
	}
	slices.SortStableFunc(foreign, byNumber)
	var steps []check.Step
	for _, stage := range own {
		for _, s := range stage {
			if i := slices.IndexFunc(foreign, s.twin); i >= 0 {
				s.adopt(foreign[i])
				foreign = slices.Delete(foreign, i, i+1)
			}
			steps = append(steps, s.Step)
		}
	}
	t.adoptMessage(steps)
	return steps
}

// begun returns when the engine began this build, by the engine's own clock.
func (t *Trace) begun() (first time.Time) {
	for _, v := range t.steps {
		if v.Started != nil && strings.HasPrefix(v.Name, "[internal] load build definition") &&
			(first.IsZero() || v.Started.Before(first)) {
			first = *v.Started
		}
	}
	return first
}

// newStep returns what BuildKit said of an instruction; ok is false of a vertex that is none.
func newStep(v *buildkit.Vertex, file *dockerfile.File) (s step, ok bool) {
	m := stepName.FindStringSubmatch(v.Name)
	if m == nil || m[1] == "internal" {
		return s, false
	}
	s.label, s.command, s.started = m[1], m[4], v.Started != nil
	s.number, _ = strconv.Atoi(m[2])
	s.total, _ = strconv.Atoi(m[3])
	if s.number == 1 && strings.HasPrefix(s.command, "FROM ") {
		return s, false
	}
	s.Step = check.Step{Name: v.Name, Cached: v.Cached, Error: v.Error, ExitCode: codeIn(v.Error),
		Done: v.Cached || v.Completed != nil && v.Error == ""}
	if s.started && v.Completed != nil && !v.Cached {
		s.Took = v.Completed.Sub(*v.Started)
	}
	s.stage = stageOf(file, s.label)
	return s, true
}

// stageOf returns the index of the stage that BuildKit names so, or -1. It names none where there
// is but one.
func stageOf(file *dockerfile.File, label string) int {
	if label == "" && len(file.Stages) > 1 {
		return -1
	}
	for i, s := range file.Stages {
		if label == "" || strings.EqualFold(cmp.Or(s.Name, "stage-"+strconv.Itoa(i)), label) {
			return i
		}
	}
	return -1
}

// complete returns one step for each instruction of a stage, and what cannot be one of them. Of two
// that BuildKit told of one, the one that never started is this build's: the other was shared. One
// that nothing was told of is not done.
//
// Where no step is of as many as the stage has, the base image's ONBUILD or a build argument in
// FROM changed how BuildKit counts, and all are this build's.
func complete(stage *dockerfile.Stage, told []step) (all, misfits []step) {
	layers, first := stage.Layers(), 1
	if stage.From < 0 && stage.Base != "scratch" {
		first = 2 // after FROM, which brings in an image
	}
	total := first - 1 + len(layers)
	slices.SortStableFunc(told, byNumber)
	numbered := map[int]step{}
	for _, s := range told {
		if _, twice := numbered[s.number]; twice || s.total != total {
			misfits = append(misfits, s)
		} else {
			numbered[s.number] = s
		}
	}
	if len(numbered) == 0 {
		for i, s := range told {
			if k := s.number - 1 - (s.total - len(layers)); k >= 0 && k < len(layers) {
				told[i].Line = layers[k].Line
			}
		}
		return told, nil
	}
	all = make([]step, len(layers))
	for i, in := range layers {
		s, found := numbered[first+i]
		if !found {
			s = step{number: first + i, command: in.Text}
			s.Name = fmt.Sprintf("[%s] %s", strings.TrimSpace(fmt.Sprintf("%s %d/%d", told[0].label, s.number, total)),
				in.Text)
		}
		s.Line = in.Line
		all[i] = s
	}
	return all, misfits
}

// byNumber orders steps of one stage; of one number, what never started comes first.
func byNumber(a, b step) int {
	if a.number == b.number && a.started != b.started {
		if a.started {
			return 1
		}
		return -1
	}
	return cmp.Compare(a.number, b.number)
}

// twin reports whether a step of another build is the same command, and so may be what this step
// was shared with.
func (s *step) twin(foreign step) bool {
	return !s.started && slices.Equal(strings.Fields(foreign.command), strings.Fields(s.command))
}

// adopt takes over how the step of another build ended that this one was shared with.
func (s *step) adopt(f step) {
	switch {
	case f.Done:
		s.Done, s.Cached = true, true
	case f.Error != "" && !canceled(f.Error):
		s.Error, s.Log, s.ExitCode = f.Error, f.Log, f.ExitCode
	}
}

// adoptMessage finds the command that failed by the text that ended the build, where no step tells:
// Docker 20.10 tells a shared step's failure to the other build alone.
func (t *Trace) adoptMessage(steps []check.Step) {
	if !t.Unheard() {
		return
	}
	for i := range steps {
		s := &steps[i]
		_, command, _ := strings.Cut(s.Name, "] ")
		if text, runs := strings.CutPrefix(command, "RUN "); runs && !s.Done && strings.Contains(t.message, text) {
			s.Error, s.ExitCode = t.message, codeIn(t.message)
			return
		}
	}
}

// Unheard reports whether a command failed and BuildKit told only another build of it, which had
// the same step.
func (t *Trace) Unheard() bool {
	if codeIn(t.message) == 0 {
		return false
	}
	for _, v := range t.steps {
		if v.Error != "" {
			return false
		}
	}
	return true
}

// codeIn returns the exit code that an error names, or 0.
func codeIn(text string) (code int) {
	if all := exitCode.FindAllStringSubmatch(text, -1); all != nil { // the command comes before, and may name another
		code, _ = strconv.Atoi(all[len(all)-1][1])
	}
	return code
}

// canceled reports whether a step ended because something else did. A command or a path that has the
// words stands before the end.
func canceled(text string) bool {
	return strings.HasSuffix(strings.TrimSpace(text), "context canceled")
}

// MarkShared marks the steps of a build that succeeded which BuildKit told of as another build's,
// or did not tell of: this build had nothing to do, as if they came from the cache.
func MarkShared(steps []check.Step) {
	for i := range steps {
		if s := &steps[i]; !s.Done && s.Error == "" {
			s.Cached, s.Done = true, true
		}
	}
}

// Failed returns the step that ended the build, or nil.
func Failed(steps []check.Step) *check.Step {
	for i := range steps {
		if steps[i].Error != "" && !canceled(steps[i].Error) {
			return &steps[i]
		}
	}
	return nil
}

// errorText returns all that was said of why a build failed.
func (t *Trace) errorText(err error) string {
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
	return t.names.Replace(strings.Join(texts, "\n"))
}
