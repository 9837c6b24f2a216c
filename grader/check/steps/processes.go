package steps

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// A burst of requests is sent at once, each over a connection of its own, and again after a pause,
// for a process that is busy, or not up yet, gets none of the first.
const (
	burst      = 16
	bursts     = 16
	burstPause = 150 * time.Millisecond
)

// scattered is the name in the memory of checks under which the request stands after which a
// process did not have what another one stored.
const scattered = "scattered"

// Scattered returns the request, as the rubric writes it, that was seen to store into the memory of
// one process of several, so that what a later request answers is chance; or empty.
func Scattered(m *check.Memory) string { return m.Noted(scattered) }

// Scatters is the outcome of a check that would ask for what such a request stored.
func Scatters(by string) check.Outcome {
	return check.Outcome{Given: by, Items: []check.Item{{Name: "what was stored", Skipped: true,
		Got: "not asked: each process of the program has a memory of its own, so what it would answer is chance"}}}
}

// keeps reports whether steps ask for what an earlier one stored, or compare what several stored.
func keeps(all []Step) (kept bool) {
	stored := map[string]bool{}
	for _, s := range all {
		s.uses(func(name string, at, _ option.Value) {
			kept = kept || stored[name] && slices.Contains(references(unusedText.ReplaceAllString(at.Text, "")), name)
		})
		kept = kept || s.Distinct != ""
		for name := range s.Save {
			stored[name] = s.request().Method == http.MethodPost
		}
	}
	return kept
}

// crowd is a program whose processes can be told, and the folder that it is of.
type crowd interface {
	Asker
	check.Source
	Processes(ctx context.Context) ([]check.Process, bool, error)
}

// scatter is the item of a POST that stored something which not every process of the program has,
// and the request that showed it; it is nil where all have it, or one process serves, or it was
// looked at before.
func (r *runner) scatter(ctx context.Context, s Step, e exchange) (*check.Item, error) {
	target, ok := r.target.(crowd)
	if !ok || e.request.Method != http.MethodPost || e.last().Status/100 != 2 || Scattered(r.in.Memory) != "" {
		return nil, nil
	}
	port := target.Started().Port
	all, _, err := target.Processes(ctx)
	count := len(serving(all, port))
	if err != nil || count < 2 || !r.in.Memory.First("processes "+Route(s.request().Path)) {
		return nil, err
	}
	seen, err := r.differing(ctx, s, e)
	if err != nil || seen == "" {
		return nil, err
	}
	if all, _, err = target.Processes(ctx); err != nil {
		return nil, err
	}
	count = max(count, len(serving(all, port))) // some may have come up meanwhile
	r.in.Memory.Note(scattered, s.request().String())
	return &check.Item{Name: s.request().String(), Alone: true,
		Want: "what is created in every answer that follows, whichever process gives it",
		Got:  fmt.Sprintf("%d processes serve port %d, and each has a memory of its own", count, port),
		Hint: check.Hint{Cause: seen, Edit: oneProcess(target),
			Advice: "Start one process, or store where all of them look: in a file or a database."}}, nil
}

// serving are the processes that answer on a port: those that wait for connections there, but for a
// parent that only holds the port for its children, or the children to which it hands on what it
// accepts.
func serving(all []check.Process, port int) (found []check.Process) {
	for _, p := range all {
		if slices.Contains(p.Serves, port) {
			found = append(found, p)
		}
	}
	parent := func(of check.Process) func(check.Process) bool {
		return func(p check.Process) bool { return p.Parent == of.ID }
	}
	if len(found) == 1 {
		holder := found[0]
		var children []check.Process
		for _, p := range all {
			if parent(holder)(p) && len(p.Serves) == 0 && runs(p) == runs(holder) {
				children = append(children, p)
			}
		}
		if len(children) > 1 {
			return children
		}
		return found
	}
	holds := func(p check.Process) bool { return slices.ContainsFunc(found, parent(p)) }
	return slices.DeleteFunc(slices.Clone(found), holds)
}

// runs is the name of the program that a process runs.
func runs(p check.Process) string {
	if len(p.Command) == 0 {
		return ""
	}
	return path.Base(p.Command[0])
}

// differing says what differs in answers to the same request for what a POST stored, or is empty
// where none does. Asked for is the thing itself or, where that never answers, the list.
func (r *runner) differing(ctx context.Context, s Step, e exchange) (string, error) {
	route, _, _ := strings.Cut(e.request.Path, "?")
	if e.to != "" {
		route, _, _ = strings.Cut(e.to, "?")
	}
	value, _ := Decode(e.last().Body)
	var asked []lookup
	for _, key := range append([]string{"id"}, slices.Sorted(maps.Values(s.Save))...) {
		id := at(value, strings.TrimSuffix(key, maybe))
		switch id.(type) {
		case json.Number, string:
		default:
			continue
		}
		asked = append(asked, lookup{path: strings.TrimSuffix(route, "/") + "/" + vars{"id": id}.path("$id"),
			has:    func(a check.Answer) bool { return a.Status/100 == 2 },
			lacks:  func(a check.Answer) bool { return a.Status == http.StatusNotFound || a.Status == http.StatusGone },
			differ: "GET %s answers after %s in one process, and does not know it in another."})
		break
	}
	for _, name := range slices.Sorted(maps.Keys(r.in.Fresh)) {
		if text := []byte(plainText(r.in.Fresh[name])); bytes.Contains(e.request.Body, text) {
			ok := func(a check.Answer) bool { return a.Status/100 == 2 && a.Fault == "" && !a.Truncated }
			asked = append(asked, lookup{path: route,
				has:    func(a check.Answer) bool { return ok(a) && bytes.Contains(a.Body, text) },
				lacks:  func(a check.Answer) bool { return ok(a) && !bytes.Contains(a.Body, text) },
				differ: "GET %s has what %s stored in one process, and not in another."})
			break
		}
	}
	for n := range bursts {
		for i := range asked {
			if err := asked[i].burst(ctx, r.target); err != nil {
				return "", err
			}
			if asked[i].found && asked[i].missed {
				return fmt.Sprintf(asked[i].differ, asked[i].path, s.request()), nil
			}
		}
		if n == bursts-1 {
			break
		}
		select {
		case <-time.After(burstPause):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	return "", nil
}

// lookup is a request for something that was stored, and what its answers were so far.
type lookup struct {
	path          string
	has, lacks    func(check.Answer) bool
	differ        string
	found, missed bool
}

// burst sends the request many times at once.
func (l *lookup) burst(ctx context.Context, target Asker) error {
	answers, errs := make([]check.Answer, burst), make([]error, burst)
	get := check.Request{Method: http.MethodGet, Path: l.path, Header: http.Header{"Accept": {"*/*"}}}
	gate := make(chan struct{})
	var group sync.WaitGroup
	for i := range burst {
		group.Go(func() {
			<-gate // all leave together
			answers[i], _, errs[i] = Follow(ctx, target, get)
		})
	}
	close(gate)
	group.Wait()
	for i, a := range answers {
		if errs[i] != nil {
			return errs[i]
		}
		l.found, l.missed = l.found || l.has(a), l.missed || l.lacks(a)
	}
	return nil
}

var workers = []*regexp.Regexp{
	regexp.MustCompile(`,\s*"(?:--workers|-w)"\s*,\s*"\d+"|,\s*"(?:--workers=|-w=?)\d+"`),
	regexp.MustCompile(`\s+(?:--workers|-w)[ =]?\d+\b`),
}

// oneProcess is the edit that takes the number of workers out of the command that starts the
// program.
func oneProcess(s check.Source) *check.Edit {
	file, err := s.Dockerfile()
	if err != nil {
		return nil
	}
	for _, name := range []string{"CMD", "ENTRYPOINT"} {
		in := file.Last(name)
		for _, pattern := range workers {
			if in == nil {
				break
			}
			if edit := check.EditOf(file.Name, file.Replace(*in, pattern, "")); edit != nil {
				return edit
			}
		}
	}
	return nil
}
