package engine

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
)

// Connections of one burst are opened one after another, for a process that has the processor takes
// all that wait at once; takenTime is how long is waited until all are taken: who serves one at a
// time takes one.
const (
	openPause = 3 * time.Millisecond
	takenTime = 250 * time.Millisecond
)

// DoAtOnce sends one request n times, over connections that are all open before the first is used.
func (c *container) DoAtOnce(ctx context.Context, r check.Request, n int) ([]check.Answer, []int, error) {
	before, _, err := c.Processes(ctx)
	if err != nil {
		return nil, nil, err
	}
	connections, refused := make([]net.Conn, n), make([]error, n)
	defer func() {
		for _, connection := range connections {
			if connection != nil {
				connection.Close()
			}
		}
	}()
	for i := range n {
		connections[i], refused[i] = c.dial(ctx, route{c.started.Port, c.started.Relayed})
		time.Sleep(openPause)
	}
	by, err := c.takers(ctx, before, n)
	if err != nil {
		return nil, nil, err
	}
	answers, errs := make([]check.Answer, n), make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			transport := c.transport(route{})
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return likeCurl(connections[i], refused[i])
			}
			defer transport.CloseIdleConnections()
			answers[i], errs[i] = c.do(ctx, r, func(r *http.Request, answered func(*http.Response) error) error {
				return c.requested(transport, r, answered)
			})
		})
	}
	group.Wait()
	return answers, by, errors.Join(errs...)
}

// takers waits a little until as many connections to the program are taken, and returns the
// processes that hold them. Those that were there before do not count.
func (c *container) takers(ctx context.Context, before []check.Process, connections int) ([]int, error) {
	old := map[string]bool{}
	for _, p := range before {
		for name := range p.Talks {
			old[name] = true
		}
	}
	for deadline := time.Now().Add(takenTime); ; time.Sleep(pollTime) {
		all, _, err := c.Processes(ctx)
		if err != nil {
			return nil, err
		}
		taken, by := map[string]bool{}, map[int]bool{}
		for _, p := range all {
			for name, port := range p.Talks {
				if port == c.started.Port && !old[name] {
					taken[name], by[p.ID] = true, true
				}
			}
		}
		if len(taken) >= connections || time.Now().After(deadline) || ctx.Err() != nil {
			return slices.Sorted(maps.Keys(by)), ctx.Err()
		}
	}
}
