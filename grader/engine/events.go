package engine

import (
	"context"
	"sync"
	"time"

	"github.com/moby/moby/client"
)

// watch remembers which containers ran out of memory, and when the engine was last out of reach. A
// container's own state does not say that it ran out of memory when a child process was killed and
// the first one lives on; the engine's event does. And a container that ended while the engine was
// away did not end by itself.
type watch struct {
	mu   sync.Mutex
	oom  map[string]bool
	lost time.Time
	stop context.CancelFunc
}

func watchEvents(api client.APIClient) *watch {
	ctx, stop := context.WithCancel(context.Background())
	w := &watch{oom: map[string]bool{}, stop: stop}
	listen := func() client.EventsResult {
		return api.Events(ctx, client.EventsListOptions{Filters: client.Filters{}.Add("type", "container").Add("event",
			"oom")})
	}
	events := listen()
	go func() {
		for {
			select {
			case e := <-events.Messages:
				w.mu.Lock()
				w.oom[e.Actor.ID] = true
				w.mu.Unlock()
			case <-ctx.Done():
				return
			case <-events.Err:
				w.mu.Lock()
				w.lost = time.Now()
				w.mu.Unlock()
				select {
				case <-ctx.Done():
					return
				case <-time.After(time.Second):
				}
				events = listen()
			}
		}
	}()
	return w
}

// ranOut reports whether a process of the container was ended because the container's memory was
// used up.
func (w *watch) ranOut(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.oom[id]
}

// lostSince reports whether the engine was out of reach after a time.
func (w *watch) lostSince(t time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost.After(t)
}
