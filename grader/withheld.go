package grader

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/result"
)

// mostWithheld is how many words of hidden checks are kept from a student's page.
const mostWithheld = 5000

// withheld are the words of hidden checks: a program can repeat what it was sent in its answer to a
// check that is shown.
type withheld struct {
	mu    sync.Mutex
	words map[string]bool
}

// hear takes note of what a hidden check sends.
func (w *withheld) hear(texts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, text := range texts {
		for _, word := range result.Words(text) {
			if len(w.words) < mostWithheld {
				if w.words == nil {
					w.words = map[string]bool{}
				}
				w.words[word] = true
			}
		}
	}
}

// withhold returns the words that only hidden checks have: those that they sent, and their ids, but
// for what stands in the rubric for all to see, and what every check sends, which hints are made
// of, too.
func (g *grading) withhold() []string {
	open := map[string]bool{}
	for _, word := range result.Words(check.CommonWords()) {
		open[word] = true
	}
	for i, c := range g.rubric.Checks {
		texts := []string{c.Title, c.Hint}
		if !c.Hidden {
			end := c.Pos.Line + 1
			if i+1 < len(g.rubric.Checks) {
				end = g.rubric.Checks[i+1].Pos.Line
			}
			for line := c.Pos.Line; line < end; line++ {
				texts = append(texts, g.rubric.Line(line))
			}
			texts = append(texts, c.ID)
		}
		for _, word := range result.Words(strings.Join(texts, " ")) {
			open[word] = true
		}
	}
	for _, c := range g.rubric.Checks {
		if c.Hidden {
			g.withheld.hear(c.ID)
		}
	}
	g.withheld.mu.Lock()
	defer g.withheld.mu.Unlock()
	words := slices.Sorted(maps.Keys(g.withheld.words))
	return slices.DeleteFunc(words, func(word string) bool { return open[word] })
}

// overheard is a target whose container tells what it is sent.
type overheard struct {
	check.Target
	*withheld
}

func (o overheard) Do(ctx context.Context, r check.Request) (check.Answer, error) {
	o.request(r)
	return o.Target.Do(ctx, r)
}

func (w *withheld) request(r check.Request) {
	texts := []string{r.Path, string(r.Body)}
	for _, values := range r.Header {
		texts = append(texts, values...)
	}
	w.hear(texts...)
}

func (o overheard) Exec(ctx context.Context, command []string) (check.Output, error) {
	o.hear(command...)
	return o.Target.Exec(ctx, command)
}

func (o overheard) StartedWith(ctx context.Context, env map[string]string) (check.SecondContainer, error) {
	o.hear(slices.Collect(maps.Values(env))...)
	c, err := o.Target.StartedWith(ctx, env)
	return o.second(c, err)
}

func (o overheard) Second(ctx context.Context, env map[string]string, port int) (check.SecondContainer, error) {
	o.hear(slices.Collect(maps.Values(env))...)
	c, err := o.Target.Second(ctx, env, port)
	return o.second(c, err)
}

func (o overheard) Own(ctx context.Context, env map[string]string, port int) (check.SecondContainer, error) {
	o.hear(slices.Collect(maps.Values(env))...)
	c, err := o.Target.Own(ctx, env, port)
	return o.second(c, err)
}

func (o overheard) second(c check.SecondContainer, err error) (check.SecondContainer, error) {
	if err != nil {
		return c, err
	}
	return overheardSecond{c, o.withheld}, nil
}

// overheardSecond is another container that tells what it is sent.
type overheardSecond struct {
	check.SecondContainer
	*withheld
}

func (o overheardSecond) Do(ctx context.Context, r check.Request) (check.Answer, error) {
	o.request(r)
	return o.SecondContainer.Do(ctx, r)
}

func (o overheardSecond) Exec(ctx context.Context, command []string) (check.Output, error) {
	o.hear(command...)
	return o.SecondContainer.Exec(ctx, command)
}

func (o overheardSecond) Restart(ctx context.Context, anew bool) error {
	return o.SecondContainer.(check.Restarter).Restart(ctx, anew)
}
