package fleet

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// question is a submission that waits for its verdict.
type question struct {
	task     batch.Task
	digest   string // of the submission, as a report has it; empty where that is the worker's to find
	packed   func() (body []byte, blob string, err error)
	not      string // the worker that must not answer
	progress func(string)

	answers chan delivered
	again   chan struct{} // it is in the queue no more
	overdue chan struct{} // whoever has it should have answered long ago

	// What follows is the hub's, under its lock.
	keys    []string // the last is the one in the queue
	subject string
	blob    string
	queued  bool
	missing int       // how often it was not found in the queue
	begun   time.Time // when it was last taken
	tries   []try
	deaths  uint64 // workers that ended without a word
	back    int    // how often it was given back
	faults  int    // how often so because of a fault of the machine
}

// try is what became of a submission on one machine.
type try struct{ worker, turn, what string }

// rounds is how often a submission is queued anew that somebody holds and never answers.
const rounds = 3

// mostFaults is how often machines may have a fault of their own with one submission. Each was fit
// before and after: a machine takes nothing until its canary passes. mostBack is how often it may
// be given back at all, which nobody honest comes near to.
const (
	mostFaults = 5
	mostBack   = 200
)

var (
	errNobody = errors.New("there is no other worker")
	errGaveUp = errors.New("the workers that took it do not answer, and hold it")
)

// Grade returns what grades a class on the machines of the fleet. What it returns is on no disk
// yet: see [Hub.Saved]. A grading has its deadline where it happens, so that batch.Options.Deadline
// must leave room for the queue; and it is tried again here, so that Retries are to be off.
func (h *Hub) Grade(r *rubric.Rubric) batch.Grade {
	return func(ctx context.Context, t batch.Task, progress func(string)) result.Report {
		m := h.manifest
		failed := func(err error) result.Report { return batch.Failed(r, t, m.Version, "fleet", err) }
		if err := h.enter(ctx); err != nil {
			return failed(err)
		}
		defer h.leave()
		digest, content, err := digests(t.Entry)
		if err != nil {
			return failed(err)
		}
		ask := func(not string) (delivered, error) {
			return h.ask(ctx, r, &question{task: t, digest: digest, not: not, progress: progress,
				packed: func() ([]byte, string, error) { return h.pack(t.Entry) }},
				func(round string) string { return m.key(t.Entry.ID, content, t.Seed, round) })
		}
		first, err := ask("")
		if err != nil {
			return failed(err)
		}
		rep := first.report
		rep.Machine = first.worker
		if h.sampled(first.key) && h.another(first.worker) {
			progress("graded by " + first.worker + ", and once more elsewhere")
			if second, err := ask(first.worker); err == nil {
				rep.Opinion = h.compared(first, second)
			}
		}
		return rep
	}
}

// sampled reports whether a verdict is asked for once more elsewhere.
func (h *Hub) sampled(key string) bool {
	n, err := strconv.ParseUint(key[:8], 16, 32)
	return err == nil && h.o.Sample > 0 && int(n)%h.o.Sample == 0
}

// digests returns the digest of a folder as its report will have it, and of what is sent.
func digests(e submission.Entry) (digest, content string, err error) {
	if content, err = e.ArchiveDigest(); err != nil || content != "" {
		return "", content, err
	}
	sub, err := e.Open()
	if err != nil {
		return "", "", err
	}
	return sub.Digest, sub.Digest, sub.Close()
}

// pack returns a submission as a message holds it, or the name of the blob that it is.
func (h *Hub) pack(e submission.Entry) (body []byte, blob string, err error) {
	small := &limited{most: inline}
	blob, err = h.AddBlob(func(w io.Writer) error { return submission.Pack(io.MultiWriter(w, small), e.Path) })
	if err != nil || small.over {
		return nil, blob, err
	}
	h.forget(blob)
	return small.Bytes(), "", nil
}

// limited keeps what is written while it is small.
type limited struct {
	bytes.Buffer
	most int
	over bool
}

func (l *limited) Write(b []byte) (int, error) {
	if l.over = l.over || l.Len()+len(b) > l.most; l.over {
		return len(b), nil
	}
	return l.Buffer.Write(b)
}

// perSlot is how many submissions are queued for each that is graded at once.
const perSlot = 20

// enter waits until there is room in the queue.
func (h *Hub) enter(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.room.Broadcast()
	})
	defer stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	for ctx.Err() == nil && h.queued >= h.most() {
		h.room.Wait()
	}
	h.queued++
	return ctx.Err()
}

func (h *Hub) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queued--
	h.room.Broadcast()
}

// most returns how many may be queued.
func (h *Hub) most() int {
	slots := 1
	for _, s := range h.there {
		if !h.gone(s) && s.State != Refused {
			slots += s.Slots
		}
	}
	return perSlot * slots
}

// another reports whether a worker is there that may answer besides one.
func (h *Hub) another(than string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, s := range h.there {
		if name != than && s.State != Refused && s.Slots > 0 && !h.gone(s) {
			return true
		}
	}
	return false
}

// nonce returns what the answer to a question must repeat: who was not given it cannot know it.
func (h *Hub) nonce(key string) string {
	sum := hmac.New(sha256.New, h.secret)
	sum.Write([]byte(key))
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// ask queues a question, and again where that is needed, and returns the first valid answer.
func (h *Hub) ask(ctx context.Context, r *rubric.Rubric, q *question, key func(round string) string) (delivered,
	error) {
	q.answers, q.again, q.overdue = make(chan delivered, 16), make(chan struct{}, 1), make(chan struct{}, 1)
	suffix := ""
	if q.not != "" {
		suffix = " second"
	}
	h.register(q, key(suffix))
	defer h.retire(q)
	nobody := time.NewTicker(h.o.Timing.Tend)
	defer nobody.Stop()
	if err := h.queue(ctx, q); err != nil {
		return delivered{}, err
	}
	for {
		select {
		case <-ctx.Done():
			return delivered{}, ctx.Err()
		case d := <-q.answers:
			d.blob = q.blob
			if d.Back {
				if err := h.returned(q, d); err != nil {
					return delivered{}, err
				}
				continue
			}
			if d.Poisoned {
				h.settle(q, d)
				return d, q.given(d.Delivery)
			}
			if err := wrong(d.report, r, h.manifest, q); err != nil {
				h.refuse(d, err)
				continue
			}
			d.report.StartedAt = time.Now().UTC().Add(-time.Duration(d.report.DurationMS) * time.Millisecond).
				Truncate(time.Second) // by this clock: the worker's may be off
			h.settle(q, d)
			return d, nil
		case <-q.again:
			if err := h.queue(ctx, q); err != nil {
				return delivered{}, err
			}
		case <-q.overdue:
			if err := h.takeBack(ctx, q); err != nil {
				continue
			}
			if len(q.keys) >= rounds {
				return delivered{}, fmt.Errorf("%w: %s", errGaveUp, told(q.tries))
			}
			h.register(q, key(suffix+strconv.Itoa(len(q.keys))))
			signal(q.again)
		case <-nobody.C:
			if q.not != "" && !h.another(q.not) {
				_ = h.takeBack(ctx, q) // else it is compared with nothing
				return delivered{}, errNobody
			}
		}
	}
}

// returned has a question queued again that a worker gave back. The error is that this was too
// often.
func (h *Hub) returned(q *question, d delivered) error {
	_ = d.msg.Ack()
	h.mu.Lock()
	defer h.mu.Unlock()
	what := "gave it back"
	if q.back++; d.Fault != "" {
		q.faults++
		what = "failed: " + plain.Line(d.Fault, 300)
	}
	q.tried(try{d.worker, d.Turn, what})
	if q.faults >= mostFaults || q.back >= mostBack {
		return fmt.Errorf("%d machines gave it back, which graded others before and after: %s", q.back, told(q.tries))
	}
	if d.Delivery > 0 {
		q.deaths = d.Delivery - 1
	}
	q.queued, q.begun = false, time.Time{}
	time.AfterFunc(h.o.Timing.Give/5, func() { signal(q.again) })
	return nil
}

// tried notes how a worker's turn ended, or that it began: what it tells of that may come later.
func (q *question) tried(t try) {
	switch i := slices.IndexFunc(q.tries, func(o try) bool { return o.worker == t.worker && o.turn == t.turn }); {
	case i < 0:
		q.tries = append(q.tries[:min(len(q.tries), 20)], t)
	case t.what != silent:
		q.tries[i] = t
	}
}

// silent is what is said of a worker of which nothing is heard after it began.
const silent = "stopped answering"

// given returns why a submission is graded no more.
func (q *question) given(deliveries uint64) error {
	return fmt.Errorf("it was given to %d workers, and none could finish it: %s", deliveries-1, told(q.tries))
}

func told(tries []try) string {
	if len(tries) == 0 {
		return "which they were is not known"
	}
	var each []string
	for _, t := range tries {
		each = append(each, t.worker+" "+t.what)
	}
	return strings.Join(each, "; ")
}

// register has the answers to a key go to a question, those that are there already too.
func (h *Hub) register(q *question, key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	q.keys = append(q.keys, key)
	q.subject, q.queued, q.begun = workSubject(h.manifest.Class, h.manifest.need(), key), false, time.Time{}
	h.asked[key] = q
	for _, d := range h.held[key] {
		h.give(q, d)
	}
	delete(h.held, key)
}

// give hands an answer to the question; the lock is held.
func (h *Hub) give(q *question, d delivered) {
	select {
	case q.answers <- d:
	default: // far more than anybody honest gives
		_ = d.msg.Ack()
	}
}

// retire ends a question.
func (h *Hub) retire(q *question) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range q.keys {
		delete(h.asked, key)
	}
	for {
		select {
		case d := <-q.answers:
			h.late(d)
		default:
			return
		}
	}
}

// queue puts a question into the queue, where it may be already. It ends when it is there, when
// there is an answer, or with the context; the error is that the submission cannot be sent.
func (h *Hub) queue(ctx context.Context, q *question) error {
	for ctx.Err() == nil && len(q.answers) == 0 {
		body, blob, err := q.packed()
		if err != nil {
			return err
		}
		err = h.publish(ctx, q, body, blob)
		if refused := new(jetstream.APIError); errors.As(err, &refused) && refused.ErrorCode == alreadyQueued {
			err = nil
		}
		if err == nil {
			h.mu.Lock()
			q.queued = true
			h.mu.Unlock()
			return nil
		}
		q.progress(Waiting)
		select {
		case <-ctx.Done():
		case <-time.After(h.o.Timing.Give / 5):
		}
	}
	return nil
}

// Waiting is the progress of a submission that no machine has.
const Waiting = "waiting for the queue"

// alreadyQueued is the server's code for a subject that has its one message.
const alreadyQueued = 10077

func (h *Hub) publish(ctx context.Context, q *question, body []byte, blob string) error {
	key := q.keys[len(q.keys)-1]
	h.mu.Lock()
	q.blob = blob
	h.mu.Unlock()
	data, err := encode(work{Manifest: h.manifest.id(), Key: key, Nonce: h.nonce(key), ID: q.task.Entry.ID,
		Seed: q.task.Seed, Blob: blob, Not: q.not, Deaths: q.deaths}, body)
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, h.o.Timing.Give)
	defer cancel()
	_, err = h.js.Publish(asking, q.subject, data)
	return err
}

// takeBack takes a question out of the queue, whoever holds it.
func (h *Hub) takeBack(ctx context.Context, q *question) error {
	return h.work.Purge(ctx, jetstream.WithPurgeSubject(q.subject))
}

// heardOf notes what a worker tells of a submission that it has.
func (h *Hub) heardOf(worker string, e event) {
	h.mu.Lock()
	q := h.asked[e.Key]
	if q == nil {
		h.mu.Unlock()
		return
	}
	what := e.What
	if e.Kind == "started" {
		q.begun, what = time.Now(), "started"
		q.tried(try{worker, e.Turn, silent})
	}
	h.mu.Unlock()
	q.progress(worker + ": " + what)
}

// wrong returns why a report is no answer to a question.
func wrong(rep result.Report, r *rubric.Rubric, m Manifest, q *question) error {
	var asked []string
	for _, i := range r.Select(m.Only) {
		asked = append(asked, r.Checks[i].ID)
	}
	var ids []string
	var points []float64
	for _, c := range rep.Checks {
		i := slices.IndexFunc(r.Checks, func(k rubric.Check) bool { return k.ID == c.ID })
		if i < 0 || c.Points < 0 || c.Points > result.Round(r.Checks[i].Points) {
			return fmt.Errorf("it has a check %q with %v points", c.ID, c.Points)
		}
		ids, points = append(ids, c.ID), append(points, c.Points)
	}
	slices.Sort(ids)
	slices.Sort(asked)
	switch {
	case rep.Status != result.Graded || rep.Score == nil:
		return errors.New("it is no verdict")
	case rep.Rubric.Digest != m.RubricDigest:
		return errors.New("it is of another rubric")
	case rep.Grader.Version != m.Version:
		return errors.New("it is of another grader")
	case rep.Seed != q.task.Seed:
		return errors.New("it is of another seed")
	case rep.Submission.ID != q.task.Entry.ID, q.digest != "" && rep.Submission.Digest != q.digest:
		return errors.New("it is of another submission")
	case !slices.Equal(ids, asked):
		return errors.New("it is of other checks")
	case *rep.Score != result.Sum(points...):
		return errors.New("its points do not make its score")
	}
	return nil
}
