package engine

import (
	"context"
	"sync"

	"github.com/moby/moby/client"
)

// oomWatch remembers which containers ran out of memory. The container's own state does not say so when a child process
// was killed and the first one lives on; the engine's event does.
type oomWatch struct {
	mu   sync.Mutex
	seen map[string]bool
	stop context.CancelFunc
}

func watchOOM(api client.APIClient) *oomWatch {
	ctx, stop := context.WithCancel(context.Background())
	w := &oomWatch{seen: map[string]bool{}, stop: stop}
	events := api.Events(ctx, client.EventsListOptions{Filters: client.Filters{}.Add("type", "container").Add("event", "oom")})
	go func() {
		for {
			select {
			case e := <-events.Messages:
				w.mu.Lock()
				w.seen[e.Actor.ID] = true
				w.mu.Unlock()
			case <-events.Err: // the connection ended; the container's state must do
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	return w
}

func (w *oomWatch) saw(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[id]
}
