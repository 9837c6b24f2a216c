package fleet

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// Token is what a worker joins with: one line to paste.
type Token struct {
	Name  string `json:"n"` // of the worker
	Class string `json:"c"`
	URL   string `json:"u"`
	// sha256 of the certificate authority; empty is that of the system, and a NATS of one's own
	Pin  string `json:"p,omitempty"`
	Seed string `json:"k,omitempty"` // of the worker's key

	local nats.InProcessConnProvider // instead of a URL, for a worker beside the hub
}

const tokenStart = "tg1_"

// String returns the token as one line.
func (t Token) String() string {
	text, _ := json.Marshal(t) // of strings
	return tokenStart + base64.RawURLEncoding.EncodeToString(text)
}

// ParseToken reads what [Token.String] wrote, or the URL of a NATS server of one's own:
// tls://user:password@host:4222#class; the name is then the worker's, unless empty.
func ParseToken(text, name string) (t Token, err error) {
	text = strings.TrimSpace(text)
	if at, err := url.Parse(text); err == nil && at.Host != "" {
		t = Token{Name: name, Class: cmp.Or(at.Fragment, DefaultClass)}
		at.Fragment = ""
		t.URL = at.String()
		return t, t.check()
	}
	packed, ok := strings.CutPrefix(text, tokenStart)
	bytes, err := base64.RawURLEncoding.DecodeString(packed)
	if !ok || err != nil || json.Unmarshal(bytes, &t) != nil || t.Seed == "" || t.URL == "" {
		return Token{}, errors.New("this is no token of a fleet: it is not whole, or of another program")
	}
	return t, t.check()
}

func (t Token) check() error {
	if !IsName(t.Name) {
		return fmt.Errorf("a worker's name is small letters, digits and hyphens, 40 at most, not %q", t.Name)
	}
	if !IsName(t.Class) {
		return fmt.Errorf("a class's name is small letters, digits and hyphens, 40 at most, not %q", t.Class)
	}
	return nil
}

// connect connects with the token. It goes on trying for ever, unless it is refused.
func (t Token) connect(o ...nats.Option) (*nats.Conn, error) {
	o = append([]nats.Option{nats.Name(t.Name), nats.CustomInboxPrefix(inbox(t.Name)), nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1)}, o...)
	if t.local != nil {
		o = append(o, nats.InProcessServer(t.local))
	}
	if t.Seed != "" {
		key, err := nkeys.FromSeed([]byte(t.Seed))
		if err != nil {
			return nil, fmt.Errorf("reading the token's key: %w", err)
		}
		public, err := key.PublicKey()
		if err != nil {
			return nil, fmt.Errorf("reading the token's key: %w", err)
		}
		o = append(o, nats.Nkey(public, key.Sign))
	} else if file := os.Getenv("NATS_CREDS"); file != "" {
		o = append(o, nats.UserCredentials(file))
	}
	if t.Pin != "" {
		o = append(o, nats.Secure(pinned(t.Pin)))
	}
	nc, err := nats.Connect(t.URL, o...)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", t.shown(), err)
	}
	return nc, nil
}

// shown returns the address without what is secret in it.
func (t Token) shown() string {
	if at, err := url.Parse(t.URL); err == nil {
		return at.Redacted()
	}
	return "the hub"
}

// pinned returns what takes the certificates of one authority alone, by its digest; the name of the
// machine does not matter, since it has one in each network.
func pinned(pin string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection: func(s tls.ConnectionState) error {
			roots := x509.NewCertPool()
			for _, c := range s.PeerCertificates[1:] {
				if sum := sha256.Sum256(c.Raw); hex.EncodeToString(sum[:]) == pin {
					roots.AddCert(c)
				}
			}
			_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots})
			if err != nil {
				return fmt.Errorf("the hub is not the one that made this token: %w", err)
			}
			return nil
		}}
}
