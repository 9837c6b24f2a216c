package rubric

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/option"
	"github.com/taskgrader/taskgrader/grader/result"
)

// Expected is what the sample submissions of a rubric should come to.
type Expected struct {
	Rubric      string
	Submissions []ExpectedSubmission // in the order written

	written option.Value // of submissions
}

// ExpectedSubmission is what one of them should come to.
type ExpectedSubmission struct {
	ID    string   `json:"-"`
	Score *float64 `json:"score,omitempty" option:"0..1000000" jsonschema:"its points; any unless given"`
	Fails []string `json:"fails,omitempty" option:"any" jsonschema:"ids of the checks that must lose points; none unless given"`
	Why   string   `json:"why,omitempty" jsonschema:"what is wrong with it, shown when its verdict is another"`
}

// expectations are the file as it is written.
type expectations struct {
	Rubric      string       `json:"rubric" jsonschema:"a built-in rubric's name, or a path from this file"`
	Submissions option.Value `json:"submissions" jsonschema:"each by the name of its folder or archive beside this file"`
}

// LoadExpected reads the file. Mistakes are [option.Problems].
func LoadExpected(file string) (*Expected, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading what is expected: %w", err)
	}
	return parseExpected(file, text)
}

func parseExpected(file string, text []byte) (*Expected, error) {
	v, problems := read(file, text)
	if problems.Fatal() {
		return nil, problems
	}
	var written expectations
	problems = option.Decode(v, &written)
	if written.Submissions.Line > 0 {
		var each map[string]option.Value // for its mistakes alone: a map has lost the order
		problems = append(problems, option.Decode(written.Submissions, &each)...)
	}
	e := &Expected{Rubric: written.Rubric, written: written.Submissions}
	for _, f := range written.Submissions.Fields {
		s := ExpectedSubmission{ID: f.Key.Text}
		problems = append(problems, option.Decode(f.Value, &s)...)
		e.Submissions = append(e.Submissions, s)
	}
	if len(problems) > 0 {
		option.Sort(problems)
		return nil, problems
	}
	return e, nil
}

// RubricIn returns what to load the rubric by, where the file lies in a folder.
func (e *Expected) RubricIn(folder string) string {
	if strings.ContainsAny(e.Rubric, `/\.`) {
		return filepath.Join(folder, e.Rubric)
	}
	return e.Rubric
}

// Check finds what the rubric or the file's own folder does not have: checks that are named, and
// submissions.
func (e *Expected) Check(r *Rubric, folder fs.FS) (ps option.Problems) {
	var ids, beside []string
	var each []float64
	for _, c := range r.Checks {
		ids, each = append(ids, c.ID), append(each, c.Points)
	}
	children, _ := fs.ReadDir(folder, ".")
	for _, c := range children {
		beside = append(beside, c.Name())
	}
	most := result.Sum(each...)
	for i, f := range e.written.Fields {
		if score := e.Submissions[i].Score; score != nil && *score > most {
			at, _ := f.Value.Get("score")
			ps = append(ps, at.Problem("no submission can get %s: all checks sum to %s", at.Text, number(most))...)
		}
		if !slices.Contains(beside, f.Key.Text) {
			ps = append(ps, option.Unknown("submission", f.Key, beside)...)
			ps[len(ps)-1].Hint = "each is a folder or an archive beside this file"
		}
		fails, _ := f.Value.Get("fails")
		for _, v := range fails.Items {
			if !slices.Contains(ids, v.Text) {
				ps = append(ps, option.Unknown("check", v, ids)...)
			}
		}
	}
	return ps
}

// Unnamed returns the folders with a Dockerfile beside the file, of which it says nothing.
func (e *Expected) Unnamed(folder fs.FS) (names []string) {
	found, _ := fs.Glob(folder, "*/Dockerfile")
	for _, f := range found {
		name := path.Dir(f)
		if _, named := e.written.Get(name); !named {
			names = append(names, name)
		}
	}
	return names
}

// Diff returns where a report is not as expected, a line each; what belongs to the line before
// begins with blanks.
func (s ExpectedSubmission) Diff(r result.Report) (out []string) {
	if r.Score == nil {
		message := "the grader could not finish"
		if r.Problem != nil {
			message += ": " + r.Problem.Message
		}
		return []string{message}
	}
	if s.Score != nil && *s.Score != *r.Score {
		out = append(out, fmt.Sprintf("score: expected %v, got %v", *s.Score, *r.Score))
	}
	known := map[string]bool{}
	for _, c := range r.Checks {
		known[c.ID] = true
		wanted := slices.Contains(s.Fails, c.ID)
		switch c.Status {
		case result.Pass:
			if wanted {
				out = append(out, c.ID+": expected a loss of points, got a pass")
			}
		case result.Blocked:
			if len(s.Fails) == 0 {
				out = append(out, c.ID+": expected a pass, got blocked by "+c.BlockedBy)
			}
		default:
			if !wanted {
				out = append(out, fmt.Sprintf("%s: expected a pass, got %s", c.ID, c.Status), "  want "+c.Want,
					"  got "+c.Got)
			}
		}
	}
	for _, id := range s.Fails {
		if !known[id] {
			out = append(out, id+": the rubric has no such check")
		}
	}
	return out
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// Instead returns the line of the file that would expect just this report.
func (s ExpectedSubmission) Instead(r result.Report) string {
	var fails, keys []string
	for _, c := range r.Checks {
		if c.Status == result.Fail || c.Status == result.Partial {
			fails = append(fails, c.ID)
		}
	}
	if r.Score != nil && (s.Score != nil || len(fails) == 0) {
		keys = append(keys, "score: "+number(*r.Score))
	}
	if len(fails) > 0 {
		keys = append(keys, "fails: ["+strings.Join(fails, ", ")+"]")
	}
	if s.Why != "" {
		keys = append(keys, "why: "+strconv.Quote(s.Why))
	}
	name := s.ID
	if !plainKey.MatchString(name) {
		name = strconv.Quote(name)
	}
	return name + ": {" + strings.Join(keys, ", ") + "}"
}
