package fleet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nkeys"
)

// DefaultClass is what a class is called where nobody says otherwise.
const DefaultClass = "class"

// Folder is where the hub's keys and the list of its workers lie, from one class to the next. What
// is in it is secret.
type Folder string

// keys are the hub's own.
type keys struct {
	Authority []byte `json:"authority"` // certificate, DER
	Leaf      []byte `json:"certificate"`
	LeafKey   []byte `json:"certificate_key"` // PKCS 8
	Hub       string `json:"hub"`             // seed of the hub's key
	Secret    []byte `json:"secret"`          // that nonces are made of
}

// member is a worker that may join.
type member struct {
	Key string `json:"key"`           // public
	Out string `json:"out,omitempty"` // why it may not any more
}

// Removed is why a worker that was removed may not join.
const Removed = "removed"

func (f Folder) file(name string) string { return filepath.Join(string(f), name) }

// keys returns the hub's keys, made when they are asked for first.
func (f Folder) keys() (k keys, err error) {
	unlock, err := f.lock()
	if err != nil {
		return k, err
	}
	defer unlock()
	err = f.read("hub.json", &k)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if k, err = newKeys(); err != nil {
		return k, fmt.Errorf("making keys: %w", err)
	}
	return k, f.write("hub.json", k)
}

func newKeys() (k keys, err error) {
	k.Secret = make([]byte, 32)
	if _, err := rand.Read(k.Secret); err != nil {
		return k, err
	}
	if k.Hub, _, err = newUser(); err != nil {
		return k, err
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return k, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return k, err
	}
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "taskgrader fleet"},
		// clocks may be off
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(20, 0, 0), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	if k.Authority, err = x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(),
		authorityKey); err != nil {
		return k, err
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "taskgrader hub"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter, DNSNames: []string{"taskgrader"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if k.Leaf, err = x509.CreateCertificate(rand.Reader, leaf, authority, leafKey.Public(), authorityKey); err != nil {
		return k, err
	}
	k.LeafKey, err = x509.MarshalPKCS8PrivateKey(leafKey)
	return k, err // the authority's own key is kept nowhere: nothing else is ever signed
}

func newUser() (seed, public string, err error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return "", "", err
	}
	secret, err := pair.Seed()
	if err != nil {
		return "", "", err
	}
	public, err = pair.PublicKey()
	return string(secret), public, err
}

func (k keys) pin() string {
	sum := sha256.Sum256(k.Authority)
	return hex.EncodeToString(sum[:])
}

func (k keys) serverTLS() (*tls.Config, error) {
	key, err := x509.ParsePKCS8PrivateKey(k.LeafKey)
	if err != nil {
		return nil, fmt.Errorf("reading the hub's key: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13,
		Certificates: []tls.Certificate{{Certificate: [][]byte{k.Leaf, k.Authority}, PrivateKey: key}}}, nil
}

// Token makes a worker's token, for a hub at an address of host and port. One that the worker had
// before is void.
func (f Folder) Token(name, address string) (Token, error) {
	k, err := f.keys()
	if err != nil {
		return Token{}, err
	}
	seed, public, err := newUser()
	if err != nil {
		return Token{}, fmt.Errorf("making a key: %w", err)
	}
	t := Token{Name: name, Class: DefaultClass, URL: "tls://" + address, Pin: k.pin(), Seed: seed}
	if err := t.check(); err != nil {
		return Token{}, err
	}
	if name == Here {
		return Token{}, fmt.Errorf("%q is what the hub's own machine is called", name)
	}
	return t, f.change(func(all map[string]member) error {
		all[name] = member{Key: public}
		return nil
	})
}

// running is where a hub of the folder's listens.
type running struct {
	Address string `json:"address"`
	Class   string `json:"class"`
}

// Running returns the token of the hub itself, to ask it with [List]. The error wraps
// [fs.ErrNotExist] where no hub runs.
func (f Folder) Running() (Token, error) {
	var at running
	if err := f.read("running.json", &at); err != nil {
		return Token{}, err
	}
	k, err := f.keys()
	if err != nil {
		return Token{}, err
	}
	return Token{Name: "hub", Class: at.Class, URL: "tls://" + at.Address, Pin: k.pin(), Seed: k.Hub}, nil
}

// Remove has a worker cut off, and not let in again before it has a new token.
func (f Folder) Remove(name, why string) error {
	return f.change(func(all map[string]member) error {
		m, ok := all[name]
		if !ok {
			return fmt.Errorf("there is no worker %q", name)
		}
		m.Out = why
		all[name] = m
		return nil
	})
}

// Names returns the workers that have a token, and why those who may not join any more do not.
func (f Folder) Names() (names []string, out map[string]string, err error) {
	all, err := f.members()
	if err != nil {
		return nil, nil, err
	}
	out = map[string]string{}
	for name, m := range all {
		if m.Out != "" {
			out[name] = m.Out
		}
	}
	return slices.Sorted(maps.Keys(all)), out, nil
}

func (f Folder) members() (map[string]member, error) {
	all := map[string]member{}
	if err := f.read("workers.json", &all); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return all, nil
}

// changed returns what is another when the list of workers is.
func (f Folder) changed() string {
	info, err := os.Stat(f.file("workers.json"))
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}

func (f Folder) change(how func(map[string]member) error) error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	all, err := f.members()
	if err == nil {
		err = how(all)
	}
	if err != nil {
		return err
	}
	return f.write("workers.json", all)
}

func (f Folder) lock() (unlock func(), err error) {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return nil, fmt.Errorf("making the fleet's folder: %w", err)
	}
	l := flock.New(f.file(".lock"))
	if err := l.Lock(); err != nil {
		return nil, fmt.Errorf("locking the fleet's folder: %w", err)
	}
	return func() { _ = l.Unlock() }, nil
}

func (f Folder) read(name string, into any) error {
	text, err := os.ReadFile(f.file(name))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("reading the fleet's folder: %w", err)
	}
	return nil
}

// write writes a file whole or not at all.
func (f Folder) write(name string, what any) error {
	text, err := json.MarshalIndent(what, "", " ")
	if err != nil {
		return fmt.Errorf("writing to the fleet's folder: %w", err)
	}
	half := f.file("." + name)
	if err = os.WriteFile(half, text, 0o600); err == nil {
		err = os.Rename(half, f.file(name))
	}
	if err != nil {
		return fmt.Errorf("writing to the fleet's folder: %w", err)
	}
	return nil
}
