package fleet

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAServerOfYourOwn: the configuration that docs/fleet.md hands out gives each worker the rights
// that the embedded server would, and a class is graded over it.
func TestAServerOfYourOwn(t *testing.T) {
	t.Setenv("HUB_PASSWORD", "secret-of-the-hub")
	t.Setenv("WORKER_PASSWORD", "secret-of-workers")
	text, err := os.ReadFile("../../packaging/fleet/nats.conf")
	require.NoError(t, err)
	const certificates = `(?s)tls \{.*?\n\}\n` // which are the user's own
	require.Regexp(t, certificates, string(text))
	conf := regexp.MustCompile(certificates).ReplaceAllString(string(text), "")
	conf = regexp.MustCompile(`(?m)^http: .*$`).ReplaceAllString(conf, "")
	conf = strings.Replace(conf, "port: 4222", "host: 127.0.0.1\nport: -1", 1)
	conf = strings.Replace(conf, "/var/lib/nats", t.TempDir(), 1)
	file := filepath.Join(t.TempDir(), "nats.conf")
	require.NoError(t, os.WriteFile(file, []byte(conf), 0o600))
	o, err := server.ProcessConfigFile(file)
	require.NoError(t, err)
	o.NoSigs, o.NoLog = true, true
	s, err := server.NewServer(o)
	require.NoError(t, err)
	go s.Start()
	require.True(t, s.ReadyForConnections(10*time.Second))
	t.Cleanup(s.Shutdown)
	workers := 0
	for _, u := range o.Users {
		if u.Username == "hub" {
			assert.Nil(t, u.Permissions)
			continue
		}
		workers++
		assert.Equal(t, rights("spring", u.Username).Publish.Allow, u.Permissions.Publish.Allow)
		assert.Equal(t, rights("spring", u.Username).Subscribe.Allow, u.Permissions.Subscribe.Allow)
	}
	require.Equal(t, 2, workers)

	p := newPlay(t, 6)
	p.options.URL, p.options.Class = "nats://hub:secret-of-the-hub@"+s.Addr().String(), "spring"
	p.open()
	for _, name := range []string{"grader-0", "grader-1"} {
		p.token[name], err = ParseToken("nats://"+name+":secret-of-workers@"+s.Addr().String()+"#spring", name)
		require.NoError(t, err)
		p.worker(name, 1, p.right(20*time.Millisecond))
	}
	p.await(2)
	p.allRight(p.run(t.Context()))
	for _, m := range p.hub.Machines() {
		assert.Positive(t, m.Verdicts, m.Name)
	}

	refused := make(chan error, 1)
	nc, err := p.token["grader-1"].connect(nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		refused <- err
	}))
	require.NoError(t, err)
	defer nc.Close()
	require.NoError(t, nc.Publish(resultSubject("spring", "grader-0", "x"), nil))
	require.NoError(t, nc.Flush())
	require.ErrorIs(t, <-refused, nats.ErrPermissionViolation)
	_, err = Open(t.Context(), HubOptions{Folder: p.folder, Store: t.TempDir(), Timing: quick,
		URL: strings.Replace(p.options.URL, "secret", "x", 1)})
	require.ErrorContains(t, err, "Authorization Violation")
	assert.NotContains(t, err.Error(), "x-of-the-hub")
}

// TestTheConsumerThatScales: what docs/fleet.md has KEDA look at is what a class makes.
func TestTheConsumerThatScales(t *testing.T) {
	text, err := os.ReadFile("../../packaging/fleet/kubernetes.yaml")
	require.NoError(t, err)
	assert.Contains(t, string(text), "consumer: "+graders("spring", Manifest{Platform: "linux/amd64"}.need())+" ")
	assert.Contains(t, string(text), "stream: "+workStream+"\n")
}
