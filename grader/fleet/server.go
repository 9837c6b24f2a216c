package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// largestMessage is what the embedded server takes: a submission that travels inline, or a report
// with all its evidence.
const largestMessage = 8 << 20

const (
	workBytes    = 4 << 30 // of what waits
	resultsBytes = 4 << 30
)

// embedded is a NATS server in this process.
type embedded struct {
	*server.Server
	options *server.Options
	folder  Folder
	class   string
	hub     *server.NkeyUser
	here    *server.NkeyUser
	seen    string // what the list of workers was

	reloading sync.Mutex // several may see that there is a new token
}

// startServer starts the server. Only TLS is spoken with it, and only with those in the folder's
// list. What it acknowledges is on disk.
func startServer(f Folder, k keys, store, listen, class string, here string) (*embedded, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("the address to listen at: %w", err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("the address to listen at: the port is not %q", port)
	}
	if number == 0 {
		number = server.RANDOM_PORT
	}
	encrypted, err := k.serverTLS()
	if err != nil {
		return nil, err
	}
	public, err := publicOf(k.Hub)
	if err != nil {
		return nil, err
	}
	e := &embedded{folder: f, class: class, hub: &server.NkeyUser{Nkey: public},
		here: &server.NkeyUser{Nkey: here, Permissions: rights(class, Here)}}
	users, err := e.users()
	if err != nil {
		return nil, err
	}
	e.options = &server.Options{ServerName: "taskgrader", Host: host, Port: number, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: store, SyncAlways: true, JetStreamMaxStore: 2 * (workBytes + resultsBytes),
		JetStreamMaxMemory: 64 << 20, MaxPayload: largestMessage, MaxPending: 4 * largestMessage,
		TLS: true, TLSVerify: false, TLSConfig: encrypted, TLSTimeout: 5, Nkeys: users}
	if e.Server, err = server.NewServer(e.options.Clone()); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	// what it cannot do it says to its log alone, so it is tried first
	var config net.ListenConfig
	probe, err := config.Listen(context.Background(), "tcp", net.JoinHostPort(host, strconv.Itoa(max(number, 0))))
	if err != nil {
		return nil, fmt.Errorf("listening for workers: %w", err)
	}
	probe.Close()
	go e.Start()
	if !e.ReadyForConnections(30 * time.Second) {
		e.stop()
		return nil, errors.New("starting the server: it does not come up")
	}
	return e, nil
}

func publicOf(seed string) (string, error) {
	pair, err := nkeys.FromSeed([]byte(seed))
	if err != nil {
		return "", fmt.Errorf("reading a key: %w", err)
	}
	return pair.PublicKey()
}

// users returns those who may connect.
func (e *embedded) users() ([]*server.NkeyUser, error) {
	e.seen = e.folder.changed()
	all, err := e.folder.members()
	if err != nil {
		return nil, err
	}
	users := []*server.NkeyUser{e.hub, e.here}
	for name, m := range all {
		if m.Out == "" {
			users = append(users, &server.NkeyUser{Nkey: m.Key, Permissions: rights(e.class, name)})
		}
	}
	return users, nil
}

// reload lets in whoever has a token by now, and cuts off who was removed.
func (e *embedded) reload() error {
	e.reloading.Lock()
	defer e.reloading.Unlock()
	if e.folder.changed() == e.seen {
		return nil
	}
	users, err := e.users()
	if err != nil {
		return err
	}
	o := e.options.Clone()
	o.Nkeys = users
	return e.ReloadOptions(o)
}

// reached returns where this machine reaches the server.
func (e *embedded) reached() string {
	at := e.Addr()
	if at == nil {
		return ""
	}
	host, port, err := net.SplitHostPort(at.String())
	if ip := net.ParseIP(host); err == nil && (ip == nil || ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func (e *embedded) stop() {
	e.Shutdown()
	e.WaitForShutdown()
}

// rights are what a worker may do: take from the queue, say that it goes on, answer under its own
// name, and hear what is sent to itself.
func rights(class, name string) *server.Permissions {
	return &server.Permissions{
		Publish: &server.SubjectPermission{Allow: []string{
			"$JS.API.DIRECT.GET.KV_" + classBucket + ".$KV." + classBucket + "." + class,
			"$JS.API.CONSUMER.INFO." + workStream + ".*",
			"$JS.API.CONSUMER.MSG.NEXT." + workStream + ".*",
			"$JS.ACK." + workStream + ".>",
			"$KV." + workersBucket + "." + name,
			resultSubject(class, name, "*"),
			eventSubject(class, name),
			fetchSubject(class, name),
		}},
		Subscribe: &server.SubjectPermission{Allow: []string{inbox(name) + ".>"}},
	}
}
