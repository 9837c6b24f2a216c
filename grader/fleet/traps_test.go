package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/result"
)

// A worker that fetched ahead would hold what others are free for, until its lease ends and all is
// graded twice.
func TestNothingIsFetchedAhead(t *testing.T) {
	p := newPlay(t, 20)
	p.open()
	p.worker("lab-1", 1, p.right(100*time.Millisecond))
	p.worker("lab-2", 1, p.right(100*time.Millisecond))
	p.await(2)
	p.allRight(p.run(t.Context()))
	assert.EqualValues(t, 20, p.graded.Load(), "each is graded once")
	for _, m := range p.hub.Machines() {
		assert.Greater(t, m.Verdicts, 5, "%s has its share", m.Name)
	}
}

// One broken machine among four that gave its faults for verdicts, or gave submissions back at
// once, would eat the class.
func TestABrokenMachineIsNoBlackHole(t *testing.T) {
	p := newPlay(t, 60)
	p.open()
	for _, name := range []string{"lab-1", "lab-2", "lab-3"} {
		p.worker(name, 2, p.right(50*time.Millisecond))
	}
	require.Eventually(t, func() bool { return len(p.hub.Machines()) == 3 }, time.Minute, 10*time.Millisecond)
	var tried atomic.Int64
	p.worker("broken", 2, func(ctx context.Context, task batch.Task, progress func(string)) result.Report {
		tried.Add(1)
		return broken(p)(ctx, task, progress)
	})
	p.allRight(p.run(t.Context()))
	assert.Less(t, tried.Load(), int64(20), "it pauses after each fault")
	p.empty()
}

// A machine that is alone has faults, and its worker ends now and then: none of it counts as a
// death.
func TestWhatIsGivenBackIsNoDeath(t *testing.T) {
	p := newPlay(t, 3)
	p.timing.Pause = 20 * time.Millisecond
	p.open()
	var mu sync.Mutex
	tries := map[string]int{}
	grade := func(ctx context.Context, task batch.Task, progress func(string)) result.Report {
		mu.Lock()
		tries[task.Entry.ID]++
		n := tries[task.Entry.ID]
		mu.Unlock()
		switch {
		case n < mostFaults:
			return broken(p)(ctx, task, progress)
		case n < mostFaults+3: // its worker ends in an orderly way
			<-ctx.Done()
			return batch.Failed(p.rubric, task, "v1", "build", ctx.Err())
		}
		return p.right(0)(ctx, task, progress)
	}
	done := make(chan *class.Class)
	go func() { done <- p.run(context.Background()) }()
	var c *class.Class
	for c == nil {
		kill := p.worker("lab-1", 3, grade)
		select {
		case c = <-done:
		case <-time.After(2 * time.Second):
			kill()
		}
	}
	p.allRight(c)
	p.empty()
}

// A worker that is to end finishes what it has, and does not wait for a hub that is no more.
func TestTheEndOfAWorker(t *testing.T) {
	p := newPlay(t, 1)
	p.timing.Lease = 500 * time.Millisecond
	p.open()
	begun := make(chan struct{})
	kill := p.worker("lab-1", 1, func(ctx context.Context, task batch.Task, progress func(string)) result.Report {
		close(begun)
		return p.right(300*time.Millisecond)(ctx, task, progress)
	}, func(o *WorkerOptions) { o.Hasty = false })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan *class.Class)
	go func() { ended <- p.run(ctx) }()
	<-begun
	cancel()
	<-ended
	require.NoError(t, p.hub.Close())
	kill()
}

// What fits no machine, each of which grades others, is given up, without a score.
func TestFaultsOfASubmission(t *testing.T) {
	p := newPlay(t, 3)
	p.timing.Pause = 20 * time.Millisecond
	p.open()
	p.worker("lab-1", 1, func(ctx context.Context, task batch.Task, progress func(string)) result.Report {
		if task.Entry.ID == "student-0001" {
			return broken(p)(ctx, task, progress)
		}
		return p.right(0)(ctx, task, progress)
	})
	c := p.run(t.Context())
	assert.Nil(t, c.Students[1].Score)
	assert.Equal(t, "5 machines gave it back, which graded others before and after: "+
		strings.TrimSuffix(strings.Repeat("lab-1 failed: build: the engine is gone; ", 5), "; "),
		c.Students[1].Problem.Message)
	assert.Equal(t, class.Graded, c.Students[0].State)
	p.empty()
}

// A base image is made when it is asked for first, and once.
func TestWhatIsMadeWhenItIsAskedFor(t *testing.T) {
	p := newPlay(t, 1)
	hub := p.open()
	content := strings.Repeat("ab", 32)
	var made atomic.Int64
	hub.Offer(ImageBlob(content), func(w io.Writer) error {
		if made.Add(1) == 1 {
			return errors.New("the engine is away")
		}
		_, err := io.WriteString(w, "an image")
		return err
	})
	p.worker("lab-1", 1, p.right(0), func(o *WorkerOptions) {
		prepare := o.Prepare
		o.Prepare = func(ctx context.Context, m Manifest, fetch Fetch) (*Prepared, error) {
			_, _, err := fetch(ctx, ImageBlob(content))
			assert.EqualError(t, err, "fetching from the hub: the engine is away")
			for range 2 {
				file, remove, err := fetch(ctx, ImageBlob(content))
				if assert.NoError(t, err) {
					assert.Equal(t, "an image", read(t, file))
					remove()
					assert.NoDirExists(t, filepath.Dir(file))
				}
			}
			_, _, err = fetch(ctx, strings.Repeat("cd", 32))
			assert.EqualError(t, err, "fetching from the hub: there is no such blob")
			return prepare(ctx, m, fetch)
		}
	})
	p.allRight(p.run(t.Context()))
	assert.EqualValues(t, 2, made.Load())
}

// After a fault nothing is taken before the canary passes, and from the start neither.
func TestCanaryComesFirst(t *testing.T) {
	p := newPlay(t, 10)
	p.open()
	var ill atomic.Bool
	ill.Store(true)
	canary := func(o *WorkerOptions) {
		prepare := o.Prepare
		o.Prepare = func(ctx context.Context, m Manifest, f Fetch) (*Prepared, error) {
			made, err := prepare(ctx, m, f)
			made.Canary = func(context.Context) error {
				if ill.Load() {
					return errors.New("its samples come out otherwise: lesson has 90, not 100")
				}
				return nil
			}
			return made, err
		}
	}
	p.worker("lab-1", 1, p.right(0), canary)
	done := make(chan *class.Class)
	go func() { done <- p.run(context.Background()) }()
	require.Eventually(t, func() bool {
		m := p.hub.Machines()
		return len(m) == 1 && m[0].State == Refused
	}, 10*time.Second, 10*time.Millisecond)
	assert.Equal(t, "its samples come out otherwise: lesson has 90, not 100", p.hub.Machines()[0].Why)
	time.Sleep(3 * quick.Pause)
	assert.Zero(t, p.graded.Load())
	ill.Store(false)
	p.allRight(<-done)
}

// A submission that kills its workers is given up, without a score, and names them; it does not
// stay in the queue, so that it can be queued again.
func TestPoison(t *testing.T) {
	p := newPlay(t, 12)
	p.timing.Lease = 600 * time.Millisecond
	p.open()
	var mu sync.Mutex
	deaths, alive := 0, map[string]func(){}
	var start func(name string)
	poison := func(name string) batch.Grade {
		return func(ctx context.Context, task batch.Task, progress func(string)) result.Report {
			if task.Entry.ID != "student-0007" {
				return p.right(10*time.Millisecond)(ctx, task, progress)
			}
			go func() { // dies, and is started again by its machine
				mu.Lock()
				defer mu.Unlock()
				if deaths++; deaths < 20 && alive[name] != nil {
					alive[name]()
					start(name)
				}
			}()
			<-ctx.Done()
			return batch.Failed(p.rubric, task, "v1", "build", ctx.Err())
		}
	}
	start = func(name string) {
		alive[name] = p.worker(name, 1, poison(name), func(o *WorkerOptions) { o.cut = true })
	}
	mu.Lock()
	start("lab-1")
	start("lab-2")
	mu.Unlock()
	t.Cleanup(func() { mu.Lock(); clear(alive); mu.Unlock() })
	c := p.run(t.Context())
	for _, row := range c.Students {
		if row.ID != "student-0007" {
			assert.Equal(t, class.Graded, row.State, row.Line())
			continue
		}
		assert.Equal(t, class.Error, row.State)
		assert.Nil(t, row.Score)
		assert.Regexp(t, `^it was given to 5 workers, and none could finish it: lab-[12] stopped answering; `+
			`(lab-[12] stopped answering(; )?){4}$`, row.Problem.Message)
	}
	p.empty()
	mu.Lock()
	clear(alive)
	mu.Unlock()
	assert.Equal(t, 5, deaths)

	p.worker("lab-3", 1, p.right(0))
	p.worker("lab-4", 1, p.right(0))
	p.token["lab-1"], p.token["lab-2"] = Token{}, Token{}
	require.NoError(t, p.folder.Remove("lab-1", Removed))
	require.NoError(t, p.folder.Remove("lab-2", Removed))
}

// What the server acknowledges is on disk, and the leases are the server's own.
func TestWhatTheServerIsTold(t *testing.T) {
	p := newPlay(t, 1)
	hub := p.open()
	assert.True(t, hub.server.JetStreamConfig().SyncAlways, "else a power cut loses up to two minutes")
	m, err := hub.Begin(t.Context(), p.manifest(), false)
	require.NoError(t, err)
	c, err := hub.work.Consumer(t.Context(), graders(m.Class, m.need()))
	require.NoError(t, err)
	is := c.CachedInfo().Config
	assert.Equal(t, -1, is.MaxDeliver, "what has reached it stays, in no figure")
	assert.Equal(t, mostPending, is.MaxAckPending, "else the slots beyond starve without a word")
	assert.Empty(t, is.BackOff, "it would stand in for AckWait")
	assert.Equal(t, quick.Lease, is.AckWait)
}

// The folder of reports is the one truth: all that the server has may be lost.
func TestTheQueueMayBeLost(t *testing.T) {
	p := newPlay(t, 10)
	p.open()
	kill := p.worker("lab-1", 1, p.right(30*time.Millisecond))
	ctx, cancel := context.WithCancel(t.Context())
	var written atomic.Int64
	c := p.run(ctx, func(o *batch.Options) {
		saved := o.Progress
		o.Progress = func(e batch.Event) {
			saved(e)
			if e.Row != nil && written.Add(1) == 4 {
				cancel()
			}
		}
	})
	assert.False(t, c.Complete)
	kill()
	require.NoError(t, p.hub.Close())
	p.store = t.TempDir()
	p.open()
	p.worker("lab-1", 1, p.right(0))
	before := p.graded.Load()
	p.allRight(p.run(t.Context()))
	assert.LessOrEqual(t, p.graded.Load()-before, int64(6))
	p.empty()
}

// A publish that is not allowed is not answered: it must not look as if the hub were away.
func TestAWorkerHearsThatItMayNot(t *testing.T) {
	p := newPlay(t, 1)
	p.open()
	token := p.tokenOf("lab-1")
	token.Name = "lab-2" // with another's key
	ended := make(chan error, 1)
	go func() {
		ended <- Work(t.Context(), token, WorkerOptions{Timing: quick,
			Prepare: func(context.Context, Manifest, Fetch) (*Prepared, error) { return nil, errors.New("unused") }})
	}()
	select {
	case err := <-ended:
		assert.ErrorContains(t, err, "the hub does not allow what its worker must do: ")
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for ever")
	}
}

// A message id would be remembered for its window, and what is to be graded again within it would
// be taken for a double: without an error, and without being graded.
func TestFreshGradesAgainAtOnce(t *testing.T) {
	p := newPlay(t, 5)
	p.open()
	p.worker("lab-1", 2, p.right(0))
	p.allRight(p.run(t.Context()))
	p.allRight(p.run(t.Context(), func(o *batch.Options) { o.Fresh = true }))
	assert.EqualValues(t, 10, p.graded.Load())

	m := p.hub.manifest // the same question, at once after it is done
	again := workSubject(m.Class, m.need(), strings.Repeat("a", 40))
	for range 2 {
		ack, err := p.hub.js.Publish(t.Context(), again, []byte("{}\n"))
		require.NoError(t, err)
		assert.False(t, ack.Duplicate)
		require.NoError(t, p.hub.work.Purge(t.Context(), jetstream.WithPurgeSubject(again)))
	}
}

// What waits, or is in hand, cannot be queued twice, however late.
func TestNothingIsQueuedTwice(t *testing.T) {
	p := newPlay(t, 1)
	p.open()
	m, err := p.hub.Begin(t.Context(), p.manifest(), false)
	require.NoError(t, err)
	subject := workSubject(m.Class, m.need(), strings.Repeat("a", 40))
	_, err = p.hub.js.Publish(t.Context(), subject, []byte("{}\n"))
	require.NoError(t, err)
	c, err := p.hub.work.Consumer(t.Context(), graders(m.Class, m.need()))
	require.NoError(t, err)
	inHand, err := c.Fetch(1)
	require.NoError(t, err)
	require.NotNil(t, <-inHand.Messages())
	_, err = p.hub.js.Publish(t.Context(), subject, []byte("{}\n"))
	var refused *jetstream.APIError
	require.ErrorAs(t, err, &refused)
	assert.EqualValues(t, alreadyQueued, refused.ErrorCode)
}

// More in hand at once than a consumer allows by itself, which is a thousand.
func TestMoreThanAThousandSlots(t *testing.T) {
	const slots = 1050
	p := newPlay(t, 1)
	p.timing.Lease = time.Minute
	hub := p.open()
	m, err := hub.Begin(t.Context(), p.manifest(), false)
	require.NoError(t, err)
	for n := range slots {
		_, err := hub.js.Publish(t.Context(), workSubject(m.Class, m.need(), fmt.Sprintf("%040x", n)), []byte("{}\n"))
		require.NoError(t, err)
	}
	c, err := hub.work.Consumer(t.Context(), graders(m.Class, m.need()))
	require.NoError(t, err)
	inHand, err := c.Fetch(slots, jetstream.FetchMaxWait(30*time.Second))
	require.NoError(t, err)
	got := 0
	for range inHand.Messages() { // none is acknowledged
		got++
	}
	assert.Equal(t, slots, got)
}

// A worker that is stopped loses what it has after its lease; one that goes on for longer than that
// does not.
func TestLeases(t *testing.T) {
	p := newPlay(t, 2)
	p.timing.Lease = 600 * time.Millisecond
	p.open()
	stopped := make(chan struct{})
	var once sync.Once
	p.worker("slow", 1, p.right(4*p.timing.Lease))
	kill := p.worker("dies", 1, func(ctx context.Context, _ batch.Task, _ func(string)) result.Report {
		once.Do(func() { close(stopped) })
		<-ctx.Done()
		return result.Report{}
	})
	go func() {
		<-stopped
		kill()
	}()
	p.allRight(p.run(t.Context()))
	assert.EqualValues(t, 3, p.graded.Load(), "what the dead had, once more; what is slow, once")
	p.empty()
}

// A worker that renews its lease for ever is given up, and the submission queued anew.
func TestAWorkerThatHoldsForEver(t *testing.T) {
	p := newPlay(t, 1)
	p.open()
	holds := make(chan struct{})
	p.worker("holds", 1, func(ctx context.Context, _ batch.Task, _ func(string)) result.Report {
		close(holds)
		<-ctx.Done()
		return result.Report{}
	})
	go func() {
		<-holds
		p.worker("lab-1", 1, p.right(0))
	}()
	_, err := p.hub.Begin(t.Context(), p.manifest(), false)
	require.NoError(t, err)
	p.hub.o.Timing.Beyond = 0
	m := p.manifest()
	m.Deadline = 500 * time.Millisecond
	_, err = p.hub.Begin(t.Context(), m, false)
	require.NoError(t, err)
	rep := p.hub.Grade(p.rubric)(t.Context(), batch.Task{Entry: p.entries[0], Seed: "aa"}, func(string) {})
	assert.Equal(t, result.Graded, rep.Status, "%+v", rep.Problem)
	assert.Equal(t, "lab-1", rep.Machine)
}

// Two classes at one server, and two sorts of machines: consumers of one queue may not overlap.
func TestNeedsAreApart(t *testing.T) {
	p := newPlay(t, 6)
	hub := p.open()
	arm, amd := p.manifest(), p.manifest()
	arm.Platform, amd.Platform = "linux/arm64", "linux/amd64"
	a, err := hub.Begin(t.Context(), arm, false)
	require.NoError(t, err)
	b, err := hub.Begin(t.Context(), amd, false)
	require.NoError(t, err)
	assert.NotEqual(t, a.need(), b.need())
	_, err = hub.work.Consumer(t.Context(), graders(a.Class, a.need()))
	require.ErrorIs(t, err, jetstream.ErrConsumerNotFound, "one for each class")
	_, err = hub.work.CreateConsumer(t.Context(), jetstream.ConsumerConfig{Durable: "other-x",
		FilterSubject: workSubject("other", b.need(), "*"), AckPolicy: jetstream.AckExplicitPolicy})
	require.NoError(t, err)

	p.worker("arm", 1, p.right(0), func(o *WorkerOptions) { o.Profile = platform("linux/arm64") })
	p.worker("amd", 1, p.right(0), func(o *WorkerOptions) { o.Profile = platform("linux") })
	p.allRight(p.run(t.Context()))
	for _, m := range hub.Machines() {
		if m.Name == "arm" {
			assert.Zero(t, m.Verdicts)
			assert.Equal(t, Refused, m.State)
			assert.Equal(t, "the class is for another machine: for linux, and this is linux/arm64", m.Why)
		}
	}
}

// What a machine does not have it gets from the hub, whole: thirty that pull behind one address
// meet a registry's limit.
func TestBlobs(t *testing.T) {
	p := newPlay(t, 1)
	hub := p.open()
	text := strings.Repeat("0123456789", 100_000)
	blob, err := hub.AddBlob(func(w io.Writer) error { _, err := w.Write([]byte(text)); return err })
	require.NoError(t, err)
	got := ""
	p.worker("lab-1", 1, p.right(0), func(o *WorkerOptions) {
		prepare := o.Prepare
		o.Prepare = func(ctx context.Context, m Manifest, fetch Fetch) (*Prepared, error) {
			file, remove, err := fetch(ctx, blob)
			if err != nil {
				return nil, err
			}
			defer remove()
			got = read(t, file)
			_, _, err = fetch(ctx, "../hub.json")
			assert.Error(t, err)
			return prepare(ctx, m, fetch)
		}
		o.Timing.Give = 300 * time.Millisecond
	})
	p.allRight(p.run(t.Context()))
	assert.Equal(t, text, got)
	assert.FileExists(t, filepath.Join(p.store, "blobs", blob))
}

// The times of two machines are never compared.
func TestAClockThatIsOff(t *testing.T) {
	p := newPlay(t, 1)
	p.open()
	p.worker("lab-1", 1, func(ctx context.Context, task batch.Task, progress func(string)) result.Report {
		r := p.right(0)(ctx, task, progress)
		r.StartedAt, r.DurationMS = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), 1500
		return r
	})
	begun := time.Now()
	p.allRight(p.run(t.Context()))
	rep, err := p.out.Read(result.Instructor, "student-0000")
	require.NoError(t, err)
	assert.WithinDuration(t, begun, rep.StartedAt, 10*time.Second)
	assert.EqualValues(t, 1500, rep.DurationMS)
}

// A worker may be there before its hub, and stays when that goes.
func TestAWorkerBeforeItsHub(t *testing.T) {
	p := newPlay(t, 8)
	hub := p.open()
	p.tokenOf("lab-1")
	require.NoError(t, hub.Close())
	p.worker("lab-1", 1, p.right(50*time.Millisecond))
	time.Sleep(300 * time.Millisecond)
	p.open()
	p.allRight(p.run(t.Context()))
}

// The hub, server included, dies in the middle: what is in hand goes on, and counts.
func TestTheHubDies(t *testing.T) {
	p := newPlay(t, 30)
	p.open()
	p.worker("lab-1", 2, p.right(60*time.Millisecond))
	p.worker("lab-2", 2, p.right(60*time.Millisecond))
	ctx, cancel := context.WithCancel(t.Context())
	var written atomic.Int64
	p.run(ctx, func(o *batch.Options) {
		saved := o.Progress
		o.Progress = func(e batch.Event) {
			saved(e)
			if e.Row != nil && written.Add(1) == 10 {
				cancel()
			}
		}
	})
	require.NoError(t, p.hub.Close())
	time.Sleep(200 * time.Millisecond) // what is in hand is finished meanwhile
	p.open()
	p.allRight(p.run(t.Context()))
	assert.LessOrEqual(t, p.graded.Load(), int64(34), "no more twice than was in hand")
	p.empty()
}

// A verdict waits until its report is on disk: a hub that dies before that loses none.
func TestAVerdictWaitsUntilItIsOnDisk(t *testing.T) {
	p := newPlay(t, 1)
	p.open()
	kill := p.worker("lab-1", 1, p.right(0))
	_, err := p.hub.Begin(t.Context(), p.manifest(), false)
	require.NoError(t, err)
	task := batch.Task{Entry: p.entries[0], Seed: "aa"}
	rep := p.hub.Grade(p.rubric)(t.Context(), task, func(string) {})
	require.Equal(t, result.Graded, rep.Status)
	kill()
	require.NoError(t, p.hub.Close())
	p.open()
	_, err = p.hub.Begin(t.Context(), p.manifest(), false)
	require.NoError(t, err)
	again := p.hub.Grade(p.rubric)(t.Context(), task, func(string) {})
	assert.Equal(t, result.Graded, again.Status, "without a worker")
	assert.EqualValues(t, 1, p.graded.Load())
	p.hub.Saved(func(batch.Event) {})(batch.Event{Row: &class.Row{ID: "student-0000", Report: &class.FileStat{}}})
	p.empty()
}

// Whoever acknowledges what another has in hand empties the queue, and no more.
func TestTheQueueIsNotBelieved(t *testing.T) {
	p := newPlay(t, 10)
	p.open()
	m, err := p.hub.Begin(t.Context(), p.manifest(), false)
	require.NoError(t, err)
	thief := p.raw("thief")
	stop := make(chan struct{})
	var thieving sync.WaitGroup
	thieving.Go(func() {
		for taken := 0; taken < 5; {
			select {
			case <-stop:
				return
			default:
			}
			reply, err := thief.Request("$JS.API.CONSUMER.MSG.NEXT."+workStream+"."+graders(m.Class, m.need()),
				[]byte(`{"batch":1,"expires":200000000}`), time.Second)
			if err == nil && reply.Reply != "" {
				assert.NoError(t, thief.Publish(reply.Reply, []byte("+ACK")))
				taken++
			}
		}
	})
	done := make(chan *class.Class)
	go func() { done <- p.run(context.Background()) }()
	thieving.Wait()
	p.worker("lab-1", 1, p.right(0))
	p.allRight(<-done)
	close(stop)
	p.empty()
}

// raw connects as a worker would that does as it likes.
func (p *play) raw(name string) *nats.Conn {
	p.Helper()
	nc, err := p.tokenOf(name).connect(nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	require.NoError(p, err)
	p.Cleanup(nc.Close)
	require.Eventually(p, nc.IsConnected, 10*time.Second, 10*time.Millisecond)
	return nc
}

// Of two verdicts on one question the first counts; the others are compared.
func TestLateVerdictsAreCompared(t *testing.T) {
	p := newPlay(t, 3)
	var mu sync.Mutex
	differs := map[string]result.Opinion{}
	p.options.Differ = func(o result.Opinion, id string, theirs result.Report) {
		mu.Lock()
		defer mu.Unlock()
		assert.Equal(t, id, theirs.Submission.ID)
		differs[id] = o
	}
	p.open()
	liar := p.raw("liar")
	send := func(worker *nats.Conn, name string, q *question, change func(*result.Report)) {
		rep := p.right(0)(context.Background(), q.task, func(string) {})
		change(&rep)
		packed, err := packReport(rep)
		assert.NoError(t, err)
		data, err := encode(answer{Nonce: p.hub.nonce(q.keys[0]), Delivery: 9}, packed)
		assert.NoError(t, err)
		assert.NoError(t, worker.Publish(resultSubject(DefaultClass, name, q.keys[0]), data))
	}
	lower := func(r *result.Report) {
		none := 0.0
		r.Checks[0].Status, r.Checks[0].Points, r.Score = result.Fail, 0, &none
	}
	same := func(*result.Report) {}
	p.worker("lab-1", 1, func(ctx context.Context, task batch.Task, progress func(string)) result.Report {
		p.hub.mu.Lock()
		var q *question
		for _, asked := range p.hub.asked {
			if asked.task.Entry.ID == task.Entry.ID {
				q = asked
			}
		}
		p.hub.mu.Unlock()
		go func() {
			time.Sleep(500 * time.Millisecond)
			if task.Entry.ID == "student-0001" {
				send(liar, "liar", q, lower)
			} else {
				send(liar, "liar", q, same)
			}
		}()
		return p.right(0)(ctx, task, progress)
	})
	p.allRight(p.run(t.Context()))
	require.Eventually(t, func() bool {
		for _, m := range p.hub.Machines() {
			if m.Name == "liar" {
				return m.Agreed == 2 && m.Differed == 1
			}
		}
		return false
	}, 10*time.Second, 20*time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	zero := 0.0
	assert.Equal(t, map[string]result.Opinion{"student-0001": {Machine: "liar", Score: &zero,
		Changes: []result.Change{{ID: "one", Was: result.Pass, Now: result.Fail, Before: 1}}}}, differs)
	p.empty()
}

// Two of a hundred are graded on a second machine, and a disagreement is in the instructor's
// report.
func TestSecondOpinions(t *testing.T) {
	p := newPlay(t, 1)
	p.options.Sample = 0
	hub := p.open()
	_, err := hub.Begin(t.Context(), p.manifest(), false)
	require.NoError(t, err)
	p.worker("lab-1", 4, p.right(0))
	p.worker("lab-2", 4, func(ctx context.Context, task batch.Task, progress func(string)) result.Report {
		r := p.right(0)(ctx, task, progress)
		none := 0.0
		r.Checks[0].Status, r.Checks[0].Points, r.Score = result.Fail, 0, &none
		return r
	})
	p.await(2)
	const questions = 250
	var found atomic.Int64
	var grading sync.WaitGroup
	for n := range questions {
		grading.Go(func() {
			rep := hub.Grade(p.rubric)(t.Context(), batch.Task{Entry: p.entries[0], Seed: fmt.Sprintf("%04x", n)},
				func(string) {})
			if rep.Opinion != nil {
				found.Add(1)
				assert.NotEqual(t, rep.Machine, rep.Opinion.Machine)
				assert.Len(t, rep.Opinion.Changes, 1)
				assert.Nil(t, rep.For(result.Student).Opinion)
			}
		})
	}
	grading.Wait()
	second := p.graded.Load() - questions
	assert.Positive(t, found.Load())
	assert.LessOrEqual(t, found.Load(), second)
	assert.Less(t, second, int64(25))
}

// Who answers what it was not asked is refused, and cut off when it goes on.
func TestAnswersThatAreRefused(t *testing.T) {
	p := newPlay(t, 1)
	lines := make(chan string, 100)
	p.options.Say = func(line string) { lines <- line }
	hub := p.open()
	_, err := hub.Begin(t.Context(), p.manifest(), false)
	require.NoError(t, err)
	liar := p.raw("liar")
	done := make(chan result.Report, 1)
	task := batch.Task{Entry: p.entries[0], Seed: "aa"}
	go func() { done <- hub.Grade(p.rubric)(t.Context(), task, func(string) {}) }()
	key := ""
	require.Eventually(t, func() bool {
		hub.mu.Lock()
		defer hub.mu.Unlock()
		for key = range hub.asked {
			return true
		}
		return false
	}, 5*time.Second, 5*time.Millisecond)
	send := func(key, nonce string, change func(*result.Report)) {
		rep := p.right(0)(context.Background(), task, func(string) {})
		change(&rep)
		packed, err := packReport(rep)
		require.NoError(t, err)
		data, err := encode(answer{Nonce: nonce}, packed)
		require.NoError(t, err)
		require.NoError(t, liar.Publish(resultSubject(DefaultClass, "liar", key), data))
	}
	said := func(want string) {
		t.Helper()
		select {
		case line := <-lines:
			assert.Equal(t, want, line)
		case <-time.After(5 * time.Second):
			t.Error("nothing is said")
		}
	}
	const refused = "an answer of the worker liar is refused: "
	nonce := hub.nonce(key)
	send(key, "guessed", func(*result.Report) {})
	said(refused + "it was not given this submission")
	send(key, nonce, func(r *result.Report) { r.Submission.ID = "student-9999" })
	said(refused + "it is of another submission")
	hub.mu.Lock()
	hub.tally("liar").Invalid = -100
	hub.mu.Unlock()
	full := 3.0
	for _, c := range []struct {
		why    string
		change func(*result.Report)
	}{
		{"it is no verdict", func(r *result.Report) { r.Score = nil }},
		{"it is no verdict", func(r *result.Report) { r.Status = result.Error }},
		{"it is of another rubric", func(r *result.Report) { r.Rubric.Digest = "sha256:00" }},
		{"it is of another grader", func(r *result.Report) { r.Grader.Version = "v0" }},
		{"it is of another seed", func(r *result.Report) { r.Seed = "bb" }},
		{"it is of another submission", func(r *result.Report) { r.Submission.Digest = "sha256:00" }},
		{"it is of other checks", func(r *result.Report) { r.Checks = r.Checks[:1] }},
		{`it has a check "one" with 9 points`, func(r *result.Report) { r.Checks[0].Points = 9 }},
		{`it has a check "bonus" with 1 points`, func(r *result.Report) { r.Checks[0].ID = "bonus" }},
		{"its points do not make its score", func(r *result.Report) { r.Score = &full }},
	} {
		send(key, nonce, c.change)
		said(refused + c.why)
	}
	hub.mu.Lock()
	hub.tally("liar").Invalid = strikes - 1
	hub.mu.Unlock()
	send(key, "guessed", func(*result.Report) {})
	said(refused + "it was not given this submission")
	said("the worker liar is cut off")
	require.Eventually(t, func() bool { return !liar.IsConnected() }, 10*time.Second, 20*time.Millisecond)
	p.worker("lab-1", 1, p.right(0))
	assert.Equal(t, "lab-1", (<-done).Machine)
}

func TestListOfWorkers(t *testing.T) {
	p := newPlay(t, 4)
	hub := p.open()
	p.worker("lab-1", 2, p.right(0))
	p.allRight(p.run(t.Context()))
	token, err := p.folder.Running()
	require.NoError(t, err)
	assert.Equal(t, "tls://"+hub.Address(), token.URL)
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		all, err := List(context.Background(), token)
		if assert.NoError(t, err) && assert.Len(t, all, 1) {
			assert.Equal(t, "lab-1", all[0].Name)
			assert.Equal(t, 4, all[0].Verdicts)
			assert.Equal(t, 2, all[0].Slots)
			assert.Equal(t, Ready, all[0].State)
		}
	}, 10*time.Second, 50*time.Millisecond)
}

// A worker of another build would judge otherwise, whatever its version says.
func TestAnotherBuildIsRefused(t *testing.T) {
	p := newPlay(t, 2)
	hub := p.open()
	p.worker("old", 1, p.right(0), func(o *WorkerOptions) { o.Build = "sha256:other" })
	p.worker("lab-1", 1, p.right(0))
	p.allRight(p.run(t.Context()))
	require.Eventually(t, func() bool {
		for _, m := range hub.Machines() {
			if m.Name == "old" {
				return m.State == Refused &&
					m.Why == "the hub's taskgrader is another build: build there, sha256:other here"
			}
		}
		return false
	}, 5*time.Second, 20*time.Millisecond)
}

func TestTokens(t *testing.T) {
	f := Folder(t.TempDir())
	token, err := f.Token("lab-1", "192.0.2.7:4246")
	require.NoError(t, err)
	line := token.String()
	assert.NotContains(t, line, "\n")
	back, err := ParseToken(" "+line+"\n", "")
	require.NoError(t, err)
	assert.Equal(t, token, back)
	again, err := f.Token("lab-2", "192.0.2.7:4246")
	require.NoError(t, err)
	assert.Equal(t, token.Pin, again.Pin)
	assert.NotEqual(t, token.Seed, again.Seed)
	require.EqualError(t, f.Remove("lab-9", Removed), `there is no worker "lab-9"`)
	require.NoError(t, f.Remove("lab-1", Removed))
	names, out, err := f.Names()
	require.NoError(t, err)
	assert.Equal(t, []string{"lab-1", "lab-2"}, names)
	assert.Equal(t, map[string]string{"lab-1": Removed}, out)

	url, err := ParseToken("tls://ann:secret@nats.example.com:4222#spring", "lab-1")
	require.NoError(t, err)
	assert.Equal(t, Token{Name: "lab-1", Class: "spring", URL: "tls://ann:secret@nats.example.com:4222"}, url)
	assert.NotContains(t, url.shown(), "secret")
	for _, c := range []struct{ text, want string }{
		{"", "this is no token of a fleet: it is not whole, or of another program"},
		{line[:len(line)-9], "this is no token of a fleet: it is not whole, or of another program"},
		{"tls://host:4222#Spring 1", `a class's name is small letters, digits and hyphens, 40 at most, not "Spring 1"`},
	} {
		_, err := ParseToken(c.text, "lab-1")
		require.EqualError(t, err, c.want)
	}
	for _, name := range []string{"", "Lab", "a.b", "a b", "*", ">", strings.Repeat("x", 41)} {
		_, err := f.Token(name, "192.0.2.7:4246")
		require.ErrorContains(t, err, "a worker's name is small letters", name)
	}
	_, err = f.Token(Here, "192.0.2.7:4246")
	require.EqualError(t, err, `"here" is what the hub's own machine is called`)
}

func TestManifestsThatDiffer(t *testing.T) {
	base := Manifest{Generation: "1", RubricFile: "a", RubricDigest: "b", Version: "v", Build: "c", Platform: "d",
		Bases: map[string]Base{"x": {"1", "2"}}, Deadline: time.Second}
	text, err := json.Marshal(base)
	require.NoError(t, err)
	for name, change := range map[string]func(*Manifest){
		"generation": func(m *Manifest) { m.Generation = "2" },
		"rubric":     func(m *Manifest) { m.RubricDigest = "z" },
		"only":       func(m *Manifest) { m.Only = []string{"one"} },
		"build":      func(m *Manifest) { m.Build = "z" },
		"platform":   func(m *Manifest) { m.Platform = "z" },
		"bases":      func(m *Manifest) { m.Bases = map[string]Base{"x": {"1", "3"}} },
		"samples":    func(m *Manifest) { m.Samples = []Sample{{ID: "z"}} },
	} {
		var m Manifest
		require.NoError(t, json.Unmarshal(text, &m))
		assert.Equal(t, base.id(), m.id())
		change(&m)
		assert.NotEqual(t, base.id(), m.id(), name)
		assert.NotEqual(t, base.key("ann", "sha256:1", "aa", ""), m.key("ann", "sha256:1", "aa", ""), name)
	}
	key := base.key("ann", "sha256:1", "aa", "")
	for _, other := range []string{base.key("bob", "sha256:1", "aa", ""), base.key("ann", "sha256:2", "aa", ""),
		base.key("ann", "sha256:1", "bb", ""), base.key("ann", "sha256:1", "aa", "1")} {
		assert.NotEqual(t, key, other)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}
