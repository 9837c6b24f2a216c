package fleet

import (
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/taskgrader/taskgrader/grader/result"
)

// delivered is a verdict as it came.
type delivered struct {
	answer
	worker, key string // of the subject: the server vouches for them
	report      result.Report
	msg         jetstream.Msg
	blob        string // to be forgotten with it
}

// verdict is what later ones on the same question are compared with.
type verdict struct {
	worker, id string
	score      float64
	marks      []result.Change // Now and After are the verdict; in the order of the report
}

func (h *Hub) heard(m *nats.Msg) {
	var e event
	words := strings.Split(m.Subject, ".")
	if len(words) == 4 && json.Unmarshal(m.Data, &e) == nil {
		h.heardOf(words[3], e)
	}
}

// answered takes a verdict out of the stream: to who asked for it; to be compared, where there is
// one; or to be kept until somebody asks. It is acknowledged when it is on disk, or good for
// nothing.
func (h *Hub) answered(m jetstream.Msg) {
	words := strings.Split(m.Subject(), ".")
	d := delivered{worker: words[3], key: words[4], msg: m}
	body, err := decode(m.Data(), &d.answer)
	if err == nil && !hmac.Equal([]byte(d.Nonce), []byte(h.nonce(d.key))) {
		err = fmt.Errorf("it was not given this submission")
	}
	if err == nil && !d.Poisoned && !d.Back {
		d.report, err = unpackReport(body)
	}
	if err != nil {
		h.refuse(d, err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if q := h.asked[d.key]; q != nil {
		h.give(q, d)
		return
	}
	h.late(d)
}

// late takes a verdict that nobody waits for; the lock is held.
func (h *Hub) late(d delivered) {
	v := h.done[d.key]
	if v == nil {
		h.held[d.key] = append(h.held[d.key], d)
		return
	}
	if slices.ContainsFunc(h.unsaved[v.id], func(u delivered) bool { return u.same(d) }) {
		return // the very message
	}
	_ = d.msg.Ack()
	if d.Poisoned || d.Back {
		return
	}
	if opinion := h.against(v, d); opinion != nil && h.o.Differ != nil {
		go h.o.Differ(*opinion, v.id, d.report)
	}
}

func (d delivered) same(other delivered) bool {
	a, errA := d.msg.Metadata()
	b, errB := other.msg.Metadata()
	return errA == nil && errB == nil && a.Sequence.Stream == b.Sequence.Stream
}

// settle makes an answer the verdict.
func (h *Hub) settle(q *question, d delivered) {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := q.task.Entry.ID
	h.unsaved[id] = append(h.unsaved[id], d)
	if d.Poisoned {
		return
	}
	v := verdictOf(id, d)
	for _, key := range q.keys {
		h.done[key] = v
	}
	t := h.tally(d.worker)
	t.Verdicts++
	t.MS += d.report.DurationMS
}

// verdictOf returns what later verdicts are compared with.
func verdictOf(id string, d delivered) *verdict {
	v := &verdict{worker: d.worker, id: id, score: *d.report.Score}
	for _, c := range d.report.Checks {
		v.marks = append(v.marks, result.Change{ID: c.ID, Now: c.Status, After: c.Points})
	}
	return v
}

// compared returns how a second opinion differs, or nil.
func (h *Hub) compared(first, second delivered) *result.Opinion {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.against(verdictOf(first.report.Submission.ID, first), second)
}

// against compares a verdict with the one that counts, and returns how it differs, or nil; the lock
// is held.
func (h *Hub) against(v *verdict, d delivered) *result.Opinion {
	var changes []result.Change
	other := map[string]result.Change{}
	for _, c := range d.report.Checks {
		other[c.ID] = result.Change{Now: c.Status, After: c.Points}
	}
	for _, is := range v.marks {
		if o := other[is.ID]; o.Now != is.Now || o.After != is.After {
			changes = append(changes, result.Change{ID: is.ID, Was: is.Now, Before: is.After, Now: o.Now,
				After: o.After})
		}
	}
	switch {
	case len(changes) > 0:
		h.tally(v.worker).Differed++
		h.tally(d.worker).Differed++
	case v.worker != d.worker:
		h.tally(v.worker).Agreed++
		h.tally(d.worker).Agreed++
		return nil
	default:
		return nil
	}
	return &result.Opinion{Machine: d.worker, Score: d.report.Score, Changes: changes}
}

// strikes is how many answers to what it was not asked a worker has before it is cut off.
const strikes = 3

// refuse drops an answer that is none, and cuts off who gives several.
func (h *Hub) refuse(d delivered, err error) {
	_ = d.msg.Ack()
	h.o.Say(fmt.Sprintf("an answer of the worker %s is refused: %v", d.worker, err))
	h.mu.Lock()
	t := h.tally(d.worker)
	t.Invalid++
	cut := t.Invalid == strikes
	h.mu.Unlock()
	if cut && d.worker != Here && h.server != nil {
		if err := h.o.Folder.Remove(d.worker, "gave answers that were refused: "+err.Error()); err == nil {
			h.o.Say(fmt.Sprintf("the worker %s is cut off", d.worker))
		}
	}
}
