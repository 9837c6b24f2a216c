package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// State is what a worker is about.
type State string

// The states.
const (
	Ready   State = "ready"   // takes submissions
	Trying  State = "trying"  // makes ready, or grades its canary
	Pausing State = "pausing" // had a fault of its own
	Refused State = "refused" // does not fit the class
)

// Presence is what a worker says of itself, again and again.
type Presence struct {
	Name     string `json:"name"`
	State    State  `json:"state"`
	Why      string `json:"why,omitempty"` // of Pausing and Refused
	Slots    int    `json:"slots"`
	Busy     int    `json:"busy"`
	Graded   int    `json:"graded"`
	Faults   int    `json:"faults"`
	Platform string `json:"platform,omitempty"` // empty while its engine is not there
	Engine   string `json:"engine,omitempty"`
	Version  string `json:"version"`
}

// Tally is what the hub knows of a worker.
type Tally struct {
	Verdicts int   `json:"verdicts"`
	MS       int64 `json:"ms"`       // that its gradings took
	Agreed   int   `json:"agreed"`   // with another on the same submission
	Differed int   `json:"differed"` // from another
	Invalid  int   `json:"invalid"`  // answers to what it was not asked
}

// Machine is a worker as the hub sees it.
type Machine struct {
	Presence
	Tally
	Gone bool `json:"-"` // it has said nothing for some time
}

// presences makes the key-value store in which workers say that they are there.
func presences(ctx context.Context, js jetstream.JetStream, t Timing) (jetstream.KeyValue, error) {
	return js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: workersBucket, TTL: gone * t.Alive,
		Storage: jetstream.MemoryStorage})
}

// List returns the workers that are there, and what the hub of the class knows of them, of a hub
// that runs. The error is that there is none.
func List(ctx context.Context, t Token) ([]Machine, error) {
	nc, err := t.connect(nats.RetryOnFailedConnect(false), nats.MaxReconnects(0))
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("asking the hub: %w", err)
	}
	there, err := js.KeyValue(ctx, workersBucket)
	if err != nil {
		return nil, fmt.Errorf("asking the hub: %w", err)
	}
	tallies := map[string]Tally{}
	if kept, err := js.KeyValue(ctx, classBucket); err == nil {
		if e, err := kept.Get(ctx, tallyKey(t.Class)); err == nil {
			_ = json.Unmarshal(e.Value(), &tallies) // of an older program it tells nothing
		}
	}
	keys, err := there.Keys(ctx)
	if err != nil && !errors.Is(err, jetstream.ErrNoKeysFound) {
		return nil, fmt.Errorf("asking the hub: %w", err)
	}
	var out []Machine
	for _, name := range keys {
		m := Machine{Tally: tallies[name]}
		if e, err := there.Get(ctx, name); err == nil && json.Unmarshal(e.Value(), &m.Presence) == nil {
			m.Name = name // the server vouches for it
			out = append(out, m)
		}
	}
	return out, nil
}

func tallyKey(class string) string { return class + ".state" }

// follow keeps what the workers say of themselves. Their clocks may be off, so that only the time
// of arrival counts.
func (h *Hub) follow(ctx context.Context) error {
	there, err := presences(ctx, h.js, h.o.Timing)
	if err != nil {
		return err
	}
	w, err := there.WatchAll(ctx)
	if err != nil {
		return err
	}
	go func() {
		for e := range w.Updates() {
			var p Presence
			if e == nil || json.Unmarshal(e.Value(), &p) != nil {
				continue
			}
			p.Name = e.Key()
			h.mu.Lock()
			h.there[p.Name] = seen{p, time.Now()}
			h.room.Broadcast()
			h.mu.Unlock()
		}
	}()
	return nil
}

// seen is what a worker said, and when it was heard.
type seen struct {
	Presence
	at time.Time
}

func (h *Hub) gone(s seen) bool { return time.Since(s.at) > gone*h.o.Timing.Alive }
