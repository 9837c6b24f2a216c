package fleet

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/result"
)

// Here is the name of the worker on the hub's own machine.
const Here = "here"

// HubOptions are what a caller may choose for a hub.
type HubOptions struct {
	Folder Folder // of its keys and workers
	Store  string // the folder for what waits; it may be lost without losing a grade
	URL    string // of a NATS server; empty is one in this process
	Class  string // its name there; empty is [DefaultClass]
	Listen string // host:port of the server in this process; port 0 is any
	Sample int    // one of so many is graded on a second machine, too; 0 is 50, less is none
	Timing Timing
	Say    func(line string) // told what an instructor should know; may be nil
	// Differ is told of a late verdict that differs from the one that counts, which is on disk
	// already. It may be nil.
	Differ func(d result.Opinion, id string, theirs result.Report)
}

// Hub hands out submissions and collects verdicts. It may be used by many at once.
type Hub struct {
	o        HubOptions
	server   *embedded // nil where NATS runs elsewhere
	nc       *nats.Conn
	js       jetstream.JetStream
	secret   []byte
	here     Token
	manifest Manifest
	classes  jetstream.KeyValue
	work     jetstream.Stream
	stop     context.CancelFunc
	running  sync.WaitGroup

	mu      sync.Mutex
	room    *sync.Cond // more may be queued
	queued  int
	asked   map[string]*question   // by key, that wait for an answer
	held    map[string][]delivered // answers that nobody has asked for yet
	done    map[string]*verdict    // by key
	unsaved map[string][]delivered // answers to be acknowledged when the submission's report is on disk
	there   map[string]seen
	tallies map[string]*Tally
	offers  map[string]*offer // by the names of blobs
	kept    map[string]bool   // blobs that are not forgotten
}

// Open starts a hub. The context ends what it does beside its calls.
func Open(ctx context.Context, o HubOptions) (*Hub, error) {
	o.Timing = o.Timing.withDefaults()
	if o.Sample == 0 {
		o.Sample = 50
	}
	if o.Class == "" {
		o.Class = DefaultClass
	}
	if !IsName(o.Class) {
		return nil, fmt.Errorf("a class's name is small letters, digits and hyphens, 40 at most, not %q", o.Class)
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	h := &Hub{o: o, asked: map[string]*question{}, held: map[string][]delivered{}, done: map[string]*verdict{},
		unsaved: map[string][]delivered{}, there: map[string]seen{}, tallies: map[string]*Tally{},
		offers: map[string]*offer{}, kept: map[string]bool{}}
	h.room = sync.NewCond(&h.mu)
	k, err := o.Folder.keys()
	if err != nil {
		return nil, err
	}
	h.secret = k.Secret
	if err := os.MkdirAll(h.blobs(), 0o700); err != nil {
		return nil, fmt.Errorf("making the fleet's folder: %w", err)
	}
	if err := h.connect(k); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	starting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := h.setUp(starting); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing the queue: %w", err), h.Close())
	}
	return h, nil
}

// connect connects to the server that it starts, or to the one that there is.
func (h *Hub) connect(k keys) error {
	token := Token{Name: "hub", Class: h.o.Class, URL: h.o.URL}
	h.here = Token{Name: Here, Class: h.o.Class, URL: h.o.URL}
	if h.o.URL == "" {
		seed, public, err := newUser()
		if err != nil {
			return fmt.Errorf("making a key: %w", err)
		}
		if h.server, err = startServer(h.o.Folder, k, filepath.Join(h.o.Store, "nats"), h.o.Listen, h.o.Class,
			public); err != nil {
			return err
		}
		token.Seed, token.local = k.Hub, h.server
		h.here.Seed, h.here.local = seed, h.server
		if err := h.o.Folder.write("running.json", running{h.server.reached(), h.o.Class}); err != nil {
			return err
		}
	}
	failed := make(chan error, 1)
	var err error
	h.nc, err = token.connect(nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		h.o.Say(fmt.Sprintf("the queue: %v", err))
	}), nats.ClosedHandler(func(nc *nats.Conn) {
		select {
		case failed <- nc.LastError():
		default:
		}
	}))
	if err != nil {
		return err
	}
	for range 100 { // a server elsewhere may be long in coming; a wrong password is known at once
		select {
		case err := <-failed:
			return fmt.Errorf("connecting to %s: %w", token.shown(), err)
		case <-time.After(100 * time.Millisecond):
		}
		if h.nc.IsConnected() {
			h.js, err = jetstream.New(h.nc, jetstream.WithDefaultTimeout(h.o.Timing.Give))
			return err
		}
	}
	if err := h.nc.LastError(); err != nil {
		return fmt.Errorf("connecting to %s: no answer: %w", token.shown(), err)
	}
	return fmt.Errorf("connecting to %s: no answer", token.shown())
}

// setUp makes the streams, and reads what lies in them.
func (h *Hub) setUp(ctx context.Context) (err error) {
	if h.classes, err = h.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: classBucket,
		Storage: jetstream.FileStorage}); err != nil {
		return err
	}
	// What waits or is in hand cannot be queued twice, however late. A message id would be
	// forgotten after its window, and until then would stand in the way of what is to be graded
	// again.
	if h.work, err = h.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: workStream,
		Subjects: []string{workSubject("*", "*", "*")}, Retention: jetstream.WorkQueuePolicy,
		Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew, MaxMsgsPerSubject: 1,
		DiscardNewPerSubject: true, MaxBytes: workBytes, Duplicates: time.Second}); err != nil {
		return err
	}
	results, err := h.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: resultStream,
		Subjects: []string{resultSubject("*", "*", "*")}, Retention: jetstream.WorkQueuePolicy,
		Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew, MaxBytes: resultsBytes})
	if err != nil {
		return err
	}
	// A new reader is given all that no hub has put on disk yet.
	reader := resultsReader + "-" + h.o.Class
	if err := results.DeleteConsumer(ctx, reader); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return err
	}
	consumer, err := results.CreateConsumer(ctx, jetstream.ConsumerConfig{Durable: reader,
		FilterSubject: resultSubject(h.o.Class, "*", "*"), AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: 24 * time.Hour, MaxDeliver: -1, MaxAckPending: mostPending})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.Background())
	h.stop = stop
	if err := h.follow(running); err != nil {
		return err
	}
	for subject, handle := range map[string]nats.MsgHandler{eventSubject(h.o.Class, "*"): h.heard,
		fetchSubject(h.o.Class, "*"): h.fetched} {
		if _, err := h.nc.Subscribe(subject, handle); err != nil {
			return err
		}
	}
	consuming, err := consumer.Consume(h.answered, jetstream.PullMaxMessages(100))
	if err != nil {
		return err
	}
	context.AfterFunc(running, consuming.Stop)
	h.running.Go(func() { h.tend(running) })
	return nil
}

// mostPending is how many may be in hand at once. Beyond the server's own 1,000 slots would starve
// without a word.
const mostPending = 100_000

// Begin says what is to be graded, and returns it as workers see it. A class that is begun again
// with the same manifest goes on; fresh grades all again.
func (h *Hub) Begin(ctx context.Context, m Manifest, fresh bool) (Manifest, error) {
	m.Class = h.o.Class
	var before Manifest
	e, err := h.classes.Get(ctx, m.Class)
	if err == nil {
		_ = json.Unmarshal(e.Value(), &before) // of an older program it is none
	}
	if m.Generation = before.Generation; fresh || m.Generation == "" {
		random := make([]byte, 8)
		if _, err := rand.Read(random); err != nil {
			return m, fmt.Errorf("beginning the class: %w", err)
		}
		m.Generation = hex.EncodeToString(random)
	}
	if m.id() != before.id() { // what waits is no question of this class any more
		if err := h.work.Purge(ctx, jetstream.WithPurgeSubject(workSubject(m.Class, "*", "*"))); err != nil {
			return m, fmt.Errorf("beginning the class: %w", err)
		}
	}
	for c := range h.work.ListConsumers(ctx).Info() {
		if c.Name != graders(m.Class, m.need()) && c.Config.Metadata["class"] == m.Class {
			if err := h.work.DeleteConsumer(ctx, c.Name); err != nil {
				return m, fmt.Errorf("beginning the class: %w", err)
			}
		}
	}
	// No BackOff: it would stand in for AckWait. No MaxDeliver: what has reached it stays in the
	// stream, in no figure, and cannot be queued again; so the worker counts.
	if _, err := h.work.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{Durable: graders(m.Class, m.need()),
		FilterSubject: workSubject(m.Class, m.need(), "*"), AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: h.o.Timing.Lease, MaxDeliver: -1, MaxAckPending: mostPending, MaxWaiting: mostPending,
		Metadata: map[string]string{"class": m.Class}}); err != nil {
		return m, fmt.Errorf("beginning the class: %w", err)
	}
	text, err := json.Marshal(m)
	if err == nil {
		_, err = h.classes.Put(ctx, m.Class, text)
	}
	if err != nil {
		return m, fmt.Errorf("beginning the class: %w", err)
	}
	h.manifest = m
	return m, nil
}

// Here returns the token of the worker on this machine.
func (h *Hub) Here() Token { return h.here }

// Address returns where workers find the server of this process.
func (h *Hub) Address() string {
	if h.server == nil {
		return Token{URL: h.o.URL}.shown()
	}
	return h.server.Addr().String()
}

// Machines returns the workers that were there at any time, by their names.
func (h *Hub) Machines() []Machine {
	h.mu.Lock()
	defer h.mu.Unlock()
	names := slices.Collect(maps.Keys(h.there))
	for name := range h.tallies {
		if _, ok := h.there[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []Machine
	for _, name := range names {
		m := Machine{Presence: h.there[name].Presence, Gone: h.gone(h.there[name])}
		m.Name = name
		if t := h.tallies[name]; t != nil {
			m.Tally = *t
		}
		out = append(out, m)
	}
	return out
}

func (h *Hub) tally(worker string) *Tally {
	t := h.tallies[worker]
	if t == nil {
		t = &Tally{}
		h.tallies[worker] = t
	}
	return t
}

// Saved returns a batch.Options.Progress that acknowledges a verdict when its report is on disk,
// and then tells next. Until then it is kept, so that a hub that dies loses none.
func (h *Hub) Saved(next func(batch.Event)) func(batch.Event) {
	return func(e batch.Event) {
		if e.Row != nil && e.Row.Report != nil {
			h.mu.Lock()
			all := h.unsaved[e.Row.ID]
			delete(h.unsaved, e.Row.ID)
			h.mu.Unlock()
			for _, d := range all {
				_ = d.msg.Ack() // one that is lost is compared once more
				h.forget(d.blob)
			}
		}
		next(e)
	}
}

// Finish takes back what waits in the queue, and drops what nobody asked for: the class is over.
func (h *Hub) Finish(ctx context.Context) error {
	h.mu.Lock()
	for key, all := range h.held {
		for _, d := range all {
			_ = d.msg.Ack()
		}
		delete(h.held, key)
	}
	h.mu.Unlock()
	return h.work.Purge(ctx, jetstream.WithPurgeSubject(workSubject(h.o.Class, "*", "*")))
}

// Close ends the hub, and the server of this process. What waits is kept for the next one.
func (h *Hub) Close() error {
	if h.stop != nil {
		h.stop()
	}
	h.running.Wait()
	if h.nc != nil {
		_ = h.nc.FlushTimeout(h.o.Timing.Give)
		h.nc.Close()
	}
	if h.server == nil {
		return nil
	}
	address := h.server.reached()
	h.server.stop()
	var at running
	if h.o.Folder.read("running.json", &at) == nil && at.Address == address { // not that of a later hub
		_ = os.Remove(h.o.Folder.file("running.json")) // nobody answers there any more
	}
	return nil
}

// tend looks after the queue, the list of workers, and what is overdue.
func (h *Hub) tend(ctx context.Context) {
	every := time.NewTicker(h.o.Timing.Tend)
	defer every.Stop()
	reload := time.NewTicker(min(time.Second, h.o.Timing.Tend))
	defer reload.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-reload.C:
			if h.server != nil {
				if err := h.server.reload(); err != nil {
					h.o.Say(fmt.Sprintf("the list of workers: %v", err))
				}
			}
		case <-every.C:
			h.inspect(ctx)
			h.publishTallies(ctx)
			h.mu.Lock()
			h.room.Broadcast() // who is gone is gone
			h.mu.Unlock()
		}
	}
}

func (h *Hub) publishTallies(ctx context.Context) {
	h.mu.Lock()
	text, err := json.Marshal(h.tallies)
	h.mu.Unlock()
	if err == nil {
		_, _ = h.classes.Put(ctx, tallyKey(h.o.Class), text) // the next will do
	}
}

// inspect asks again what is in the queue no more and has no answer, and gives up on what is
// overdue. The queue is not believed: one worker may acknowledge what another has in hand.
func (h *Hub) inspect(ctx context.Context) {
	h.mu.Lock()
	waiting := len(h.asked)
	h.mu.Unlock()
	if waiting == 0 {
		return
	}
	info, err := h.work.Info(ctx, jetstream.WithSubjectFilter(workSubject(h.o.Class, "*", "*")))
	if err != nil {
		return // the next time
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, q := range h.asked {
		if !q.queued {
			continue
		}
		if info.State.Subjects[q.subject] > 0 {
			q.missing = 0
		} else if q.missing++; q.missing == 2 { // an answer comes just after it has left the queue
			q.missing = 0
			signal(q.again)
		}
		if !q.begun.IsZero() && time.Since(q.begun) > h.manifest.Deadline+h.o.Timing.Beyond {
			signal(q.overdue)
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
