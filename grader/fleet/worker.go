package fleet

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// Prepared is a machine that is ready for a class.
type Prepared struct {
	Grade batch.Grade // with its deadline
	// grades what is known: why this machine may take nothing, or nil; may be nil
	Canary func(ctx context.Context) error
	Close  func() // may be nil
}

// Profile is what a machine is.
type Profile struct {
	Platform string // what of it may change a verdict; see [Manifest]
	Engine   string // what does not, to be shown
}

// WorkerOptions are what a caller may choose for a worker.
type WorkerOptions struct {
	Slots   int    // how many are graded at once; 0 is one
	Version string // of the grader, to be shown
	Build   string // see [Manifest]
	// Profile returns what this machine is. Its error is why it is not fit now; it is asked again.
	Profile func(ctx context.Context) (Profile, error)
	// Prepare makes the machine ready for a class. Its error is why it does not fit, or is not fit
	// now; it is tried again.
	Prepare func(ctx context.Context, m Manifest, fetch Fetch) (*Prepared, error)
	Hasty   bool // what is in hand is given up when the context ends, not finished
	Say     func(line string)
	Timing  Timing

	cut bool // of tests: the end is that of a power cut
}

// Work grades what the hub gives, for one class after another, until the context ends; then it
// finishes what it has in hand. It may be started before the hub, and outlives it. The error is
// that it is not let in.
func Work(ctx context.Context, t Token, o WorkerOptions) error {
	o.Timing = o.Timing.withDefaults()
	o.Slots = max(1, o.Slots)
	if o.Say == nil {
		o.Say = func(string) {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &worker{token: t, o: o}
	w.state.Store(&status{Trying, ""})
	w.profile.Store(&Profile{})
	var err error
	w.nc, err = t.connect(
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrPermissionViolation) { // it is not answered, so nothing else would tell
				cancel(fmt.Errorf("the hub does not allow what its worker must do: %w", err))
			}
		}),
		nats.DisconnectErrHandler(func(*nats.Conn, error) {
			if ctx.Err() == nil {
				w.say("the hub is away: waiting for it; what is in hand goes on")
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { w.say("the hub is there again") }),
		nats.ClosedHandler(func(nc *nats.Conn) {
			cancel(fmt.Errorf("the hub does not let this worker in: %w", nc.LastError()))
		}))
	if err != nil {
		return err
	}
	defer w.nc.Close()
	if w.js, err = jetstream.New(w.nc, jetstream.WithDefaultTimeout(o.Timing.Give)); err != nil {
		return fmt.Errorf("joining the hub: %w", err)
	}
	ended, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	context.AfterFunc(ctx, func() { w.finish(ended, end) })
	var running sync.WaitGroup
	present, leave := context.WithCancel(ended)
	running.Go(func() { w.tell(present) })
	w.classes(ctx, ended)
	leave()
	running.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// finish ends what is in hand: at once where that is wanted, else when the hub is away for so long
// that others have it already, and nobody would take the verdict.
func (w *worker) finish(ended context.Context, end func()) {
	for away := time.Duration(0); !w.o.Hasty && away < w.o.Timing.Lease && ended.Err() == nil; {
		every := w.o.Timing.Lease / 10
		if w.wait(ended, every); w.nc.IsConnected() {
			away = 0
		} else {
			away += every
		}
	}
	end()
}

type worker struct {
	token Token
	o     WorkerOptions
	nc    *nats.Conn
	js    jetstream.JetStream

	state                atomic.Pointer[status]
	profile              atomic.Pointer[Profile]
	busy, graded, faults atomic.Int64
}

type status struct {
	State
	why string
}

func (w *worker) say(line string) { w.o.Say(line) }

// set changes what the worker is about, and says so.
func (w *worker) set(s State, why string) {
	if old := w.state.Swap(&status{s, why}); *old != (status{s, why}) && (why != "" || s == Ready) {
		w.say(strings.TrimSuffix(string(s)+": "+why, ": "))
	}
	w.present()
}

// tell says again and again that this worker is there.
func (w *worker) tell(ctx context.Context) {
	every := time.NewTicker(w.o.Timing.Alive)
	defer every.Stop()
	for {
		w.present()
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

func (w *worker) present() {
	s, is := w.state.Load(), w.profile.Load()
	text, err := json.Marshal(Presence{Name: w.token.Name, State: s.State, Why: plain.Line(s.why, 500),
		Slots: w.o.Slots, Busy: int(w.busy.Load()), Graded: int(w.graded.Load()), Faults: int(w.faults.Load()),
		Platform: is.Platform, Engine: is.Engine, Version: w.o.Version})
	if err == nil && w.nc.IsConnected() {
		_ = w.nc.Publish("$KV."+workersBucket+"."+w.token.Name, text) // the next will do
	}
}

// classes grades one class after another.
func (w *worker) classes(ctx, ended context.Context) {
	for ctx.Err() == nil {
		m, err := w.manifest(ctx)
		if err != nil {
			w.set(Trying, "")
			w.wait(ctx, w.o.Timing.Give/5)
			continue
		}
		if why := w.misfit(ctx, m); why != "" {
			w.set(Refused, why)
			w.wait(ctx, w.o.Timing.Alive)
			continue
		}
		w.set(Trying, "")
		p, err := w.o.Prepare(ctx, m, w.fetch)
		if err == nil {
			err = w.class(ctx, ended, m, p)
		}
		if err != nil && ctx.Err() == nil {
			w.set(Refused, err.Error())
			w.wait(ctx, w.o.Timing.Pause)
		}
	}
}

// misfit returns why this worker is not one for the class, or empty.
func (w *worker) misfit(ctx context.Context, m Manifest) string {
	if m.Build != w.o.Build {
		return fmt.Sprintf("the hub's taskgrader is another build: %s there, %s here", m.Build, w.o.Build)
	}
	is, err := w.o.Profile(ctx)
	if err != nil {
		return err.Error()
	}
	if w.profile.Store(&is); m.Platform != is.Platform {
		return fmt.Sprintf("the class is for another machine: for %s, and this is %s", m.Platform, is.Platform)
	}
	return ""
}

// class grades what comes of one class until the context ends, or the hub has another. The error is
// that the canary does not pass.
func (w *worker) class(ctx, ended context.Context, m Manifest, p *Prepared) error {
	if p.Close != nil {
		defer p.Close()
	}
	for fault := error(nil); ; {
		w.set(Trying, "")
		if p.Canary != nil {
			if err := p.Canary(ctx); err != nil {
				return err
			}
		}
		if fault = w.shift(ctx, ended, m, p); fault == nil {
			return nil
		}
		w.set(Pausing, fault.Error())
		if w.wait(ctx, w.o.Timing.Pause); ctx.Err() != nil {
			return nil
		}
	}
}

// shift has each slot take what comes. It ends with the context, with another class, or with a
// fault of this machine, which it returns; what is in hand then is finished first.
func (w *worker) shift(ctx, ended context.Context, m Manifest, p *Prepared) error {
	taking, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	consumer, err := w.js.Consumer(taking, workStream, graders(m.Class, m.need()))
	if err != nil {
		w.wait(ctx, w.o.Timing.Give/5)
		return nil // the hub says what it has
	}
	w.set(Ready, "")
	var slots sync.WaitGroup
	for range w.o.Slots {
		slots.Go(func() {
			for taking.Err() == nil {
				if err := w.next(ctx, taking, ended, consumer, m, p); err != nil {
					stop(err)
				}
			}
		})
	}
	slots.Wait()
	if fault := new(machineError); errors.As(context.Cause(taking), &fault) {
		return fault
	}
	return nil
}

// errOther is that the hub has another class, or another question, than this shift is for.
var errOther = errors.New("the class is another")

// machineError is a fault of this machine.
type machineError struct{ what string }

func (e *machineError) Error() string { return e.what }

// next takes one submission, and no more: what is fetched ahead waits here while others are idle. A
// fault of another slot does not end the asking, since what is given just then would be lost for as
// long as its lease.
func (w *worker) next(ctx, taking, ended context.Context, consumer jetstream.Consumer, m Manifest, p *Prepared) error {
	asking, cancel := context.WithTimeout(ctx, max(w.o.Timing.Give, time.Second))
	defer cancel()
	batch, err := consumer.Fetch(1, jetstream.FetchContext(asking))
	if err == nil {
		for msg := range batch.Messages() {
			return w.take(taking, ended, consumer, msg, m, p)
		}
		err = batch.Error()
	}
	if err != nil {
		w.wait(ctx, w.o.Timing.Give/5)
	}
	if now, err := w.manifest(ctx); err == nil && now.id() != m.id() {
		return errOther
	}
	return nil
}

// take does what is to be done with a submission that was given.
func (w *worker) take(ctx, ended context.Context, consumer jetstream.Consumer, msg jetstream.Msg, m Manifest,
	p *Prepared) error {
	meta, err := msg.Metadata()
	if err != nil {
		return nil
	}
	var head work
	body, err := decode(msg.Data(), &head)
	if err != nil || head.Key == "" {
		return nil // the hub will ask again
	}
	a := answer{Nonce: head.Nonce, Delivery: head.Deaths + meta.NumDelivered, Turn: rand.Text()}
	given := handed{msg, head.Key}
	switch {
	case ctx.Err() != nil: // by the end, or by another slot's fault
		w.giveBack(given, a, "")
		return nil
	case head.Manifest != m.id(): // it came with the next class
		w.giveBack(given, a, "")
		return errOther
	case head.Not == w.token.Name:
		_ = msg.NakWithDelay(w.o.Timing.Give / 5)
		w.wait(ctx, w.o.Timing.Give/5)
		return nil
	}
	leased := w.lease(ended, consumer, msg)
	defer leased()
	if a.Delivery >= poisoned && head.Not == "" {
		a.Poisoned = true
		w.answer(ended, given, a, nil)
		return nil
	}
	w.busy.Add(1)
	defer w.busy.Add(-1)
	w.event(event{head.Key, a.Turn, "started", ""})
	rep, err := w.grade(ended, head, a.Turn, body, p)
	if ended.Err() != nil {
		if leased(); !w.o.cut {
			w.giveBack(given, a, "")
		}
		return nil
	}
	packed, packing := packReport(rep)
	if err = errors.Join(err, packing); err == nil && int64(len(packed)) > w.nc.MaxPayload()-1000 {
		err = fmt.Errorf("the report on %s is too large to be sent: %d bytes", head.ID, len(packed))
	}
	if err != nil {
		w.faults.Add(1)
		leased()
		w.giveBack(given, a, plain.Line(err.Error(), 300))
		return &machineError{err.Error()}
	}
	w.answer(ended, given, a, packed)
	w.graded.Add(1)
	return nil
}

// grade lays out a submission and grades it. The error is a fault of this machine.
func (w *worker) grade(ctx context.Context, head work, turn string, body []byte, p *Prepared) (rep result.Report,
	err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("panic: %v\n%s", caught, debug.Stack())
		}
	}()
	var packed io.Reader = bytes.NewReader(body)
	if head.Blob != "" {
		file, remove, err := w.fetch(ctx, head.Blob)
		if err != nil {
			return rep, err
		}
		defer remove()
		f, err := os.Open(file)
		if err != nil {
			return rep, err
		}
		defer f.Close()
		packed = f
	}
	name, remove, err := submission.Unpack(packed)
	if err != nil {
		return rep, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	said := ""
	rep = p.Grade(ctx, batch.Task{Seed: head.Seed,
		Entry: submission.Entry{ID: head.ID, Path: name, File: filepath.Base(name)}}, func(what string) {
		if what != said {
			said = what
			w.event(event{head.Key, turn, "progress", what})
		}
	})
	if rep.Status == result.Error || rep.Score == nil {
		if rep.Problem == nil {
			return rep, errors.New("the grader could not finish")
		}
		return rep, fmt.Errorf("%s: %s", rep.Problem.Phase, rep.Problem.Message)
	}
	return rep, nil
}

// lease keeps a submission this worker's until the returned function is called.
func (w *worker) lease(ctx context.Context, consumer jetstream.Consumer, msg jetstream.Msg) func() {
	ctx, cancel := context.WithCancel(ctx)
	every := consumer.CachedInfo().Config.AckWait / 3
	var renewing sync.WaitGroup
	renewing.Go(func() {
		for w.wait(ctx, every); ctx.Err() == nil; w.wait(ctx, every) {
			_ = msg.InProgress() // one that is lost is made up by the next
		}
	})
	return func() {
		cancel()
		renewing.Wait()
	}
}

// handed is a submission as it was given to this worker.
type handed struct {
	msg jetstream.Msg
	key string
}

// answer gives a verdict until it is stored: the hub may be away. Then the submission is done.
func (w *worker) answer(ctx context.Context, g handed, a answer, report []byte) {
	w.publish(ctx, g, a, report)
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.o.Timing.Give)
	defer cancel()
	_ = g.msg.DoubleAck(asking) // else it is given once more, and the verdicts are compared
}

// giveBack has a submission graded elsewhere. It does not count as one that its worker died of.
func (w *worker) giveBack(g handed, a answer, fault string) {
	asking, cancel := context.WithTimeout(context.Background(), 2*w.o.Timing.Give)
	defer cancel()
	_ = g.msg.DoubleAck(asking) // first, so that there is room for it in the queue; the hub looks for what is lost
	a.Back, a.Fault = true, fault
	w.publish(asking, g, a, nil)
}

func (w *worker) publish(ctx context.Context, g handed, a answer, report []byte) {
	data, err := encode(a, report)
	if err != nil {
		return // of numbers and words
	}
	for ctx.Err() == nil {
		asking, cancel := context.WithTimeout(ctx, w.o.Timing.Give)
		_, err := w.js.Publish(asking, resultSubject(w.token.Class, w.token.Name, g.key), data,
			jetstream.WithMsgID(a.Turn))
		cancel()
		if err == nil {
			return
		}
		w.wait(ctx, w.o.Timing.Give/5)
	}
}

func (w *worker) event(e event) {
	text, err := json.Marshal(e)
	if err == nil && w.nc.IsConnected() {
		_ = w.nc.Publish(eventSubject(w.token.Class, w.token.Name), text) // it is told for show
	}
}

// manifest asks for the class that there is. A hub that is away may have left it.
func (w *worker) manifest(ctx context.Context) (m Manifest, err error) {
	asking, cancel := context.WithTimeout(ctx, w.o.Timing.Give)
	defer cancel()
	reply, err := w.nc.RequestWithContext(asking, "$JS.API.DIRECT.GET.KV_"+classBucket+".$KV."+classBucket+"."+
		w.token.Class, nil)
	if err != nil {
		return m, err
	}
	if reply.Header.Get("Status") != "" {
		return m, errors.New("there is no class")
	}
	return m, json.Unmarshal(reply.Data, &m)
}

func (w *worker) wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
