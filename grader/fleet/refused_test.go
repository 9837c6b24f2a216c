package fleet

import (
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever has a token may do what a worker must, and no more.
func TestWhatAWorkerMayNot(t *testing.T) {
	p := newPlay(t, 1)
	hub := p.open()
	m, err := hub.Begin(t.Context(), p.manifest(), false)
	require.NoError(t, err)
	p.tokenOf("lab-2")
	refusals := make(chan error, 100)
	nc, err := p.tokenOf("lab-1").connect(nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		refusals <- err
	}))
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	require.Eventually(t, nc.IsConnected, 10*time.Second, 10*time.Millisecond)
	key := strings.Repeat("a", 40)
	publish := func(subject, data string) func() error {
		return func() error { return nc.Publish(subject, []byte(data)) }
	}
	subscribe := func(subject string) func() error {
		return func() error { _, err := nc.SubscribeSync(subject); return err }
	}
	for _, c := range []struct {
		name string
		try  func() error
	}{
		{"answer for another", publish(resultSubject(m.Class, "lab-2", key), "{}")},
		{"answer in another class", publish(resultSubject("other", "lab-1", key), "{}")},
		{"queue", publish(workSubject(m.Class, m.need(), key), "{}")},
		{"empty the queue", publish("$JS.API.STREAM.PURGE."+workStream, "")},
		{"delete the queue", publish("$JS.API.STREAM.DELETE."+workStream, "")},
		{"read the verdicts of others", publish("$JS.API.CONSUMER.CREATE."+resultStream, "{}")},
		{"fetch the verdicts of others", publish("$JS.API.CONSUMER.MSG.NEXT."+resultStream+".hub-"+m.Class, "1")},
		{"read the queue", publish("$JS.API.STREAM.MSG.GET."+workStream, `{"seq":1}`)},
		{"have a consumer of its own", publish("$JS.API.CONSUMER.CREATE."+workStream+".own", "{}")},
		{"make an object store", publish("$JS.API.STREAM.CREATE.OBJ_x", "{}")},
		{"be there as another", publish("$KV."+workersBucket+".lab-2", "{}")},
		{"change the class", publish("$KV."+classBucket+"."+m.Class, "{}")},
		{"tell for another", publish(eventSubject(m.Class, "lab-2"), "{}")},
		{"listen to the queue", subscribe("tg.work.>")},
		{"listen to the verdicts", subscribe("tg.result.>")},
		{"listen to every inbox", subscribe("_INBOX.>")},
		{"listen to another's inbox", subscribe(inbox("lab-2") + ".>")},
		{"listen to the system", subscribe("$SYS.>")},
		{"listen to all", subscribe(">")},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.NoError(t, c.try())
			select {
			case err := <-refusals:
				require.ErrorIs(t, err, nats.ErrPermissionViolation)
			case <-time.After(5 * time.Second):
				t.Error("it is allowed")
			}
		})
	}
	t.Run("what a worker must is allowed", func(t *testing.T) {
		_, err := nc.Request("$JS.API.CONSUMER.INFO."+workStream+"."+graders(m.Class, m.need()), nil, 5*time.Second)
		require.NoError(t, err)
		select {
		case err := <-refusals:
			t.Error(err)
		case <-time.After(100 * time.Millisecond):
		}
	})
}

// Whoever has no token is not let in.
func TestWhoIsNotLetIn(t *testing.T) {
	p := newPlay(t, 1)
	hub := p.open()
	good := p.tokenOf("lab-1")
	_, err := hub.Begin(t.Context(), p.manifest(), false)
	require.NoError(t, err)
	p.raw("lab-1").Close()
	stranger, _, err := newUser()
	require.NoError(t, err)
	elsewhere, err := Folder(t.TempDir()).Token("lab-1", hub.Address())
	require.NoError(t, err)
	for _, c := range []struct {
		name   string
		change func(*Token)
		want   string
	}{
		{"with a strange key", func(t *Token) { t.Seed = stranger }, "Authorization Violation"},
		{"with the token of another hub", func(t *Token) { *t = elsewhere },
			"the hub is not the one that made this token"},
		{"to a hub with another certificate", func(t *Token) { t.Pin = strings.Repeat("0", 64) },
			"the hub is not the one that made this token"},
		{"without a key", func(t *Token) { t.Seed = "" }, "Authorization Violation"},
		{"without a pin", func(t *Token) { t.Pin = "" }, "certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			token := good
			c.change(&token)
			nc, err := token.connect(nats.RetryOnFailedConnect(false), nats.MaxReconnects(0))
			if err == nil {
				nc.Close()
			}
			require.ErrorContains(t, err, c.want)
		})
	}
	t.Run("without TLS", func(t *testing.T) {
		conn, err := net.Dial("tcp", hub.Address())
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		_, err = conn.Write([]byte("CONNECT {\"verbose\":true}\r\nPING\r\n"))
		require.NoError(t, err)
		text := make([]byte, 64<<10)
		n := 0
		for err == nil {
			var more int
			more, err = conn.Read(text[n:])
			n += more
		}
		assert.NotContains(t, string(text[:n]), "PONG")
	})
	t.Run("with an old TLS", func(t *testing.T) {
		nc, err := nats.Connect("tls://"+hub.Address(), nats.Secure(&tls.Config{InsecureSkipVerify: true,
			MaxVersion: tls.VersionTLS12}))
		if err == nil {
			nc.Close()
		}
		require.ErrorContains(t, err, "protocol version")
	})
	t.Run("after it was removed", func(t *testing.T) {
		ended := make(chan error, 1)
		go func() { ended <- Work(t.Context(), good, WorkerOptions{Timing: quick, Build: "other"}) }()
		require.Eventually(t, func() bool { return len(hub.Machines()) == 1 }, 10*time.Second, 10*time.Millisecond)
		require.NoError(t, p.folder.Remove("lab-1", Removed))
		select {
		case err := <-ended:
			require.ErrorContains(t, err, "the hub does not let this worker in: ")
		case <-time.After(20 * time.Second):
			t.Error("it stays")
		}
	})
}

// Who joins, or is removed, disturbs nobody else.
func TestTheListOfWorkersChanges(t *testing.T) {
	p := newPlay(t, 1)
	hub := p.open()
	nc := p.raw("lab-1")
	p.tokenOf("lab-2")
	require.NoError(t, p.folder.Remove("lab-2", Removed))
	require.NoError(t, hub.server.reload())
	require.NoError(t, nc.FlushTimeout(5*time.Second))
	assert.Zero(t, nc.Stats().Reconnects)
}
