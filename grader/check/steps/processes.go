package steps

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Requests are sent in bursts, each over connections of its own, until each process that serves was
// seen to take one. What still takes none after patient bursts is a helper of one that does.
// busyTime is how long a process may take to come to it.
const (
	burst      = 16
	burstPause = 100 * time.Millisecond
	patient    = 10
	busyTime   = 45 * time.Second
)

// scattered is the name in the memory of checks under which the request stands after which a
// process did not have what another one stored.
const scattered = "scattered"

// chance says why steps after such a request are not judged.
const chance = "not judged: what it answers is chance"

// Scattered returns the request, as the rubric writes it, that was seen to store into the memory of
// one process of several, so that what a later request answers is chance; or empty.
func Scattered(m *check.Memory) string { return m.Noted(scattered) }

// Scatters returns the outcome of a check that would ask for what such a request stored.
func Scatters(by string) check.Outcome {
	return check.Outcome{Given: by, Items: []check.Item{{Name: "what was stored", Skipped: true,
		Got: "not asked: each process of the program has a memory of its own, so what it would answer is chance"}}}
}

// keeps reports whether steps ask for what an earlier one stored, or compare what several stored.
func keeps(all []Step) (kept bool) {
	stored := map[string]bool{}
	for _, s := range all {
		s.uses(func(name string, at, _ option.Value, _ bool) {
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
	DoAtOnce(ctx context.Context, r check.Request, n int) ([]check.Answer, []int, error)
}

// scatter returns the item of a POST that stored something which not every process of the program
// has; nil where all have it, or one process serves, or it was looked at before.
func (r *runner) scatter(ctx context.Context, s Step, e exchange) (*check.Item, error) {
	target, ok := r.target.(crowd)
	if !ok || e.request.Method != http.MethodPost || e.last().Status/100 != 2 {
		return nil, nil
	}
	p := Posted{Name: s.request().String(), Request: e.request, To: e.to, Answer: e.last()}
	p.IDs = append([]string{"id"}, s.savedPaths()...)
	for _, name := range slices.Sorted(maps.Keys(r.in.Fresh)) {
		p.Words = append(p.Words, plainText(r.in.Fresh[name]))
	}
	r.posted = posting{s, r.place, func(ctx context.Context) (*check.Item, error) {
		if crowded, err := Crowded(ctx, target, r.in.Memory, s.request().Path); err != nil || !crowded {
			return nil, err
		}
		return Scatter(ctx, target, r.in.Memory, p)
	}}
	return r.posted.look(ctx)
}

// posting is a step that stored something.
type posting struct {
	Step
	place int                                        // of its item among those of the check
	look  func(context.Context) (*check.Item, error) // for what not every process has
}

// judgeLate looks again, once all steps are done, at what the last POST stored: servers like
// gunicorn start their processes one after another, and the first may have served all steps alone.
func (r *runner) judgeLate(ctx context.Context, o *check.Outcome) error {
	if r.posted.look == nil {
		return nil
	}
	scattered, err := r.posted.look(ctx)
	if err != nil || scattered == nil {
		return err
	}
	if r.posted.Given.Method != "" {
		o.Given = r.posted.Given.String()
	}
	for i := r.posted.place; i < len(o.Items); i++ {
		done := &o.Items[i]
		item := check.Item{Name: done.Name, Skipped: true, Got: chance}
		if i == r.posted.place {
			item = *scattered
		}
		item.Free, item.Weight = done.Free, done.Weight
		*done = item
	}
	return nil
}

// Posted is a POST that stored something.
type Posted struct {
	Name    string // as the rubric writes it
	Request check.Request
	To      string // where a redirect led that was followed
	Answer  check.Answer
	IDs     []string // paths to what may be its id in the answer
	Words   []string // that nothing else which is stored holds
}

// Crowded reports whether several processes serve, and nobody asked whether they share what is
// stored on a route.
func Crowded(ctx context.Context, target crowd, m *check.Memory, route string) (bool, error) {
	if Scattered(m) != "" {
		return false, nil
	}
	all, _, err := target.Processes(ctx)
	return err == nil && len(serving(all, target.Started().Port)) > 1 && m.First("processes "+Route(route)), err
}

// Scatter returns the item of a POST to a program that is [Crowded], where not every process has
// what it stored; nil where all have it. The error says that it could not be found out.
func Scatter(ctx context.Context, target crowd, m *check.Memory, p Posted) (*check.Item, error) {
	seen, count, err := p.differing(ctx, target)
	if err != nil || seen == "" {
		return nil, err
	}
	m.Note(scattered, p.Name)
	return &check.Item{Name: p.Name, Alone: true,
		Want: "what is created in every answer that follows, whichever process gives it",
		Got:  fmt.Sprintf("%d processes serve port %d, and each has a memory of its own", count, target.Started().Port),
		Hint: check.Hint{Cause: seen, Edit: oneProcess(target),
			Advice: "Start one process, or store where all of them look: in a file or a database."}}, nil
}

// serving returns the processes that answer on a port: those that wait for connections there, but
// for a parent that only holds the port for its children, or the children to which it hands on what
// it accepts.
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

// runs returns the name of the program that a process runs.
func runs(p check.Process) string {
	if len(p.Command) == 0 {
		return ""
	}
	return path.Base(p.Command[0])
}

// servers returns the processes that answer on a port. One that took no connection in patient
// bursts, where an ancestor took some, is a helper of that one. all reports whether each server was
// seen to take one.
func servers(processes []check.Process, port int, taking map[int]bool, bursts int) (ids []int, all bool) {
	parents := map[int]int{}
	for _, p := range processes {
		parents[p.ID] = p.Parent
	}
	all = true
	for _, p := range serving(processes, port) {
		id := p.ID
		for id != 0 && !taking[id] {
			id = parents[id]
		}
		if id != p.ID && bursts < patient {
			id = 0
		}
		if id == 0 {
			id, all = p.ID, false
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, all
}

// differing returns what differs in answers to the same request for what a POST stored, and how
// many processes serve; it is empty where all that serve were seen to answer alike. A process that
// came or went meanwhile may have taken along what was stored, and so may one where none has it:
// the POST is then sent again.
func (p Posted) differing(ctx context.Context, target crowd) (string, int, error) {
	port, deadline := target.Started().Port, time.Now().Add(busyTime)
	for again := false; ; again = true {
		before, _, err := target.Processes(ctx)
		if err != nil {
			return "", 0, err
		}
		if again {
			if p.Answer, p.To, err = Follow(ctx, target, p.Request); err != nil {
				return "", 0, err
			}
		}
		asked := p.lookups()
		everywhere, err := look(ctx, target, asked, before, deadline)
		if err != nil {
			return "", 0, err
		}
		after, _, err := target.Processes(ctx)
		if err != nil {
			return "", 0, err
		}
		taking, found := map[int]bool{}, true
		for _, l := range asked {
			maps.Copy(taking, l.taking)
			found = found && (l.found || !l.missed)
		}
		ids, _ := servers(after, port, taking, patient)
		if i := slices.IndexFunc(asked, lookup.differs); i >= 0 {
			return fmt.Sprintf(asked[i].differ, asked[i].path, p.Name), len(ids), nil
		}
		same := slices.EqualFunc(serving(before, port), serving(after, port),
			func(a, b check.Process) bool { return a.ID == b.ID })
		if everywhere && same && (found || again && p.Answer.Status/100 == 2) {
			return "", len(ids), nil
		}
		if time.Now().After(deadline) {
			return "", 0, fmt.Errorf("finding out whether the %d processes that serve port %d share a memory: "+
				"within %s, not each of them could be asked", len(ids), port, busyTime)
		}
	}
}

// look asks until each process that serves has answered each lookup, or two answers to one differ,
// the first of them where that differs at all, or the time is up.
func look(ctx context.Context, target crowd, asked []lookup, processes []check.Process,
	deadline time.Time) (everywhere bool, err error) {
	for n := 0; ; n++ {
		everywhere = true
		for i := range asked {
			l := &asked[i]
			if err := l.burst(ctx, target); err != nil {
				return false, err
			}
			_, all := servers(processes, target.Started().Port, l.taking, n)
			everywhere = everywhere && all
		}
		differs := slices.IndexFunc(asked, lookup.differs)
		if everywhere || differs == 0 || differs > 0 && n >= patient || time.Now().After(deadline) {
			return everywhere, nil
		}
		select {
		case <-time.After(burstPause):
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// lookups returns the requests that tell whether a process has what was stored: for the thing
// itself, and for the list.
func (p Posted) lookups() (asked []lookup) {
	route, _, _ := strings.Cut(cmp.Or(p.To, p.Request.Path), "?")
	value, _ := Decode(p.Answer.Body)
	for _, key := range p.IDs {
		id := at(value, strings.TrimSuffix(key, maybe))
		switch id.(type) {
		case json.Number, string:
		default:
			continue
		}
		asked = append(asked, lookup{taking: map[int]bool{}, path: strings.TrimSuffix(route, "/") + "/" +
			vars{"id": id}.path("$id"),
			has:    func(a check.Answer) bool { return a.Status/100 == 2 },
			lacks:  func(a check.Answer) bool { return a.Status == http.StatusNotFound || a.Status == http.StatusGone },
			differ: "GET %s answers after %s in one process, and does not know it in another."})
		break
	}
	for _, word := range p.Words {
		if text := []byte(word); bytes.Contains(p.Request.Body, text) {
			ok := func(a check.Answer) bool { return a.Status/100 == 2 && a.Fault == "" && !a.Truncated }
			asked = append(asked, lookup{taking: map[int]bool{}, path: route,
				has:    func(a check.Answer) bool { return ok(a) && bytes.Contains(a.Body, text) },
				lacks:  func(a check.Answer) bool { return ok(a) && !bytes.Contains(a.Body, text) },
				differ: "GET %s has what %s stored in one process, and not in another."})
			break
		}
	}
	return asked
}

// lookup is a request for something that was stored, and what its answers were so far.
type lookup struct {
	path          string
	has, lacks    func(check.Answer) bool
	differ        string
	found, missed bool
	taking        map[int]bool // the processes that were seen to take it
}

func (l lookup) differs() bool { return l.found && l.missed }

// burst sends the request many times at once.
func (l *lookup) burst(ctx context.Context, target crowd) error {
	get := check.Request{Method: http.MethodGet, Path: l.path, Header: http.Header{"Accept": {"*/*"}}}
	_, to, err := Follow(ctx, target, get)
	if err != nil {
		return err
	}
	get.Path = cmp.Or(to, get.Path)
	answers, by, err := target.DoAtOnce(ctx, get, burst)
	if err != nil {
		return err
	}
	for _, a := range answers {
		l.found, l.missed = l.found || l.has(a), l.missed || l.lacks(a)
	}
	for _, id := range by {
		l.taking[id] = true
	}
	return nil
}

var (
	workers = []*regexp.Regexp{
		regexp.MustCompile(`,\s*"(?:--workers|-w)"\s*,\s*"\d+"|,\s*"(?:--workers=|-w=?)\d+"`),
		regexp.MustCompile(`"(?:--workers|-w)"\s*,\s*"\d+"\s*,\s*`), // as the first words of a list
		regexp.MustCompile(`\s+(?:--workers|-w)[ =]?\d+\b`),
	}
	named   = regexp.MustCompile(`(?:--workers|-w)[ =]?\$\{?(\w+)`)
	setting = regexp.MustCompile(
		`^(\s*workers\s*=\s*|.*\buvicorn\.run\(.*\bworkers\s*=\s*)(?:[2-9]|[1-9]\d+|.*cpu_count.*)\b(.*)$`)
)

// concurrency is the variable from which uvicorn and gunicorn take the number of their workers.
const concurrency = "WEB_CONCURRENCY"

// oneProcess returns the edit that lets one process serve, where the number is set: in the command
// that starts the program, in a variable, in gunicorn's own file, or in the program.
func oneProcess(s check.Source) *check.Edit {
	file, err := s.Dockerfile()
	if err != nil {
		return nil
	}
	variable := concurrency
	for _, in := range file.Lasts("CMD", "ENTRYPOINT") {
		for _, pattern := range workers {
			if edit := check.EditOf(file.Name, file.Replace(*in, pattern, "")); edit != nil {
				return edit
			}
		}
		if m := named.FindStringSubmatch(strings.Join(in.Args, " ")); m != nil {
			variable = m[1]
		}
	}
	set := regexp.MustCompile(`\b` + regexp.QuoteMeta(variable) + `([ =]"?)\d+`)
	for _, in := range slices.Backward(file.Final().Instructions) {
		if in.Name != "ENV" && in.Name != "ARG" {
			continue
		}
		if edit := check.EditOf(file.Name, file.Replace(in, set, variable+"${1}1")); edit != nil {
			return edit
		}
	}
	for _, name := range []string{"gunicorn.conf.py", check.StartedFile(s)} {
		if edit := check.Rewrite(s.FS(), name, 1, math.MaxInt, setting, "${1}1$2"); edit != nil {
			return edit
		}
	}
	return nil
}
