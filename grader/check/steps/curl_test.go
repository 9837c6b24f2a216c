package steps_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	kind "github.com/taskgrader/taskgrader/grader/check/kinds/http"
)

// recorder answers every request with 418, and keeps the bytes that came.
type recorder struct {
	listener net.Listener
	came     chan message
}

// message is a request as it came: its first line, its headers, sorted, and its body.
type message struct {
	first   string
	headers []string
	body    string
}

func record(t *testing.T) *recorder {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &recorder{l, make(chan message, 1)}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.serve(c)
		}
	}()
	return r
}

func (r *recorder) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	var m message
	length := 0
	for n := 0; ; n++ {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n ") // a header without a value ends with a blank, or with none
		name, value, _ := strings.Cut(line, ":")
		switch {
		case n == 0:
			m.first = line
		case line == "":
			body := make([]byte, length)
			if _, err := io.ReadFull(in, body); err != nil {
				return
			}
			m.body = string(body)
			fmt.Fprint(c, "HTTP/1.1 418 I'm a teapot\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			slices.Sort(m.headers)
			r.came <- m
			return
		case name == "Content-Length":
			length, _ = strconv.Atoi(strings.TrimSpace(value))
			fallthrough
		default:
			m.headers = append(m.headers, line)
		}
	}
}

// sender sends requests as the engine does, but for what the transport adds.
type sender struct {
	*checktest.Target
	recorder *recorder
	sent     message
}

func (s *sender) Started() check.Started {
	return check.Started{Answered: true, Port: s.recorder.listener.Addr().(*net.TCPAddr).Port}
}

func (s *sender) Do(ctx context.Context, r check.Request) (check.Answer, error) {
	q, err := http.NewRequestWithContext(ctx, r.Method, "http://"+s.recorder.listener.Addr().String()+r.Path,
		bytes.NewReader(r.Body))
	if err != nil {
		return check.Answer{}, err
	}
	for name, values := range r.Header {
		q.Header[name] = values
	}
	if q.Header.Get("User-Agent") == "" {
		q.Header.Set("User-Agent", "curl/8.5.0")
	}
	a, err := (&http.Transport{DisableCompression: true}).RoundTrip(q)
	if err != nil {
		return check.Answer{}, err
	}
	defer a.Body.Close()
	s.sent = <-s.recorder.came
	return check.Answer{Status: a.StatusCode, Header: a.Header}, nil
}

// agent is what differs in any case: curl tells its own version.
func agent(headers []string) []string {
	return slices.DeleteFunc(slices.Clone(headers),
		func(h string) bool { return strings.HasPrefix(h, "User-Agent: curl/") })
}

// TestCurlRepeats: what the printed command sends, run by a shell and by the real curl, are the
// bytes that were sent, but for the order of headers and curl's version.
func TestCurlRepeats(t *testing.T) {
	_, err := exec.LookPath("curl")
	require.NoError(t, err, "install curl: scripts/setup")
	for _, step := range []string{
		`{send: GET /}`, `{send: HEAD /a}`, `{send: OPTIONS /a}`, `{send: DELETE /a/1}`, `{send: POST /a}`,
		`{send: PUT /a}`, `{send: PATCH /a}`,
		`{send: POST /a, body: {a: 1, b: [true, null], c: "it's \"so\""}}`,
		`{send: POST /a, body: {a: "line\nline\ttab\\ $$HOME $${not} %s ! # & ; ` + "`id`" + `"}}`,
		`{send: POST /a, body: {a: "Zürich 東京 🎉 \u202e\u200b\u00a0\u00ad\ufeff"}}`,
		`{send: PUT /a, body: "text"}`, `{send: POST /a, body: [1e2, 1.50, 12345678901234567890]}`,
		`{send: DELETE /a, body: {ids: [1]}}`, `{send: GET /a, body: {q: 1}}`, `{send: OPTIONS /a, body: {}}`,
		`{send: POST /a, raw: "{not json"}`, `{send: POST /a, raw: "@file"}`, `{send: POST /a, raw: ""}`,
		`{send: POST /a, raw: "a\r\nb\n\n"}`, `{send: POST /a, raw: "nul \0 and \x7f \x01"}`,
		`{send: POST /a, raw: "-d"}`, `{send: POST /a, raw: "<a>", headers: {Content-Type: application/xml}}`,
		`{send: POST /a, raw: "", headers: {Content-Type: application/json}}`,
		`{send: POST /a, raw: x, headers: {Content-Type: ""}}`,
		`{send: POST /a, form: {username: "a b+c&d=e", "p w": "ü%'\"$$x", n: 5, l: [1, 2]}}`,
		`{send: GET /a, query: {q: "a b&c=d+e/ü", n: 1, l: [1, 2]}}`, `{send: "GET /a?x=1", query: {y: 2}}`,
		`{send: "GET /a?q=[1]&r={2}&s='x'"}`, `{send: GET /a/é/東}`, `{send: "GET /a?q=é"}`, `{send: "GET /a?"}`,
		`{send: GET /a/../b}`, `{send: GET /a/./b}`, `{send: GET /a//b}`, `{send: GET //a/b}`,
		`{send: "GET /a%2Fb%20c?d=%zz"}`, `{send: "GET /a#b"}`, `{send: "GET /a*;:@!$$(b)[c]{d}^|"}`,
		`{send: "GET /a\"b<c"}`, `{send: "GET /a\\b"}`,
		`{send: GET /a, headers: {X-A: "it's", x-lower: "b  c", X-Empty: "", X-Space: " a ", Accept: ` +
			`text/html}}`, `{send: GET /a, headers: {Accept: "", User-Agent: me, X-At: "@a", X-Long: ` +
			strings.Repeat("x", 5000) + `}}`,
		`{send: GET /a, headers: {Authorization: "Basic ${base64 a:b}", Cookie: "a=b; c=d", Referer: "http://x/"}}`,
		`{send: GET /a, headers: {X-Unicode: "Zürich", Connection: close, If-None-Match: "\"x\"", Range: bytes=0-1}}`,
		`{send: POST /a, headers: {Expect: ""}, body: {}}`,
		`{send: POST /a, headers: {Accept-Encoding: gzip}, body: {}}`,
		`{send: POST /a, multipart: {title: "a \"b\"", file: {name: "a\"b.png", type: image/png, hex: ` +
			`89504e470d0a1a0a00ff}}}`,
		`{send: POST /a, multipart: {title: ü, file: {name: a.txt, text: "a\r\nb"}}}`,
		`{send: POST /a, multipart: {file: {name: a.bin, hex: fffe80c3}}}`,
		`{send: POST /a, body: {long: "` + strings.Repeat("long 'text' ", 1000) + `"}}`,
		`{send: POST /a, raw: "` + strings.Repeat("many ", 400_000) + `"}`,
	} {
		name := step[:min(len(step), 80)]
		recorder := record(t)
		target := &sender{Target: checktest.New(), recorder: recorder}
		entry := checktest.Entry(t, kind.Kind(), "http:\n- "+step)
		o, err := checktest.Ask(context.Background(), entry, target, 1)
		require.NoError(t, err, name)
		require.NotEmpty(t, o.Evidence, name)
		command := o.Evidence[len(o.Evidence)-1].Text
		require.NotContains(t, command, "\n", name)
		run := exec.Command("bash", "-c", command)
		run.Dir = t.TempDir()
		said, err := run.CombinedOutput()
		require.NoError(t, err, "%s\n%s\n%s", name, command[:min(len(command), 500)], said)
		assert.Contains(t, string(said), "418", name)
		got := <-recorder.came
		assert.Equal(t, target.sent.first, got.first, name)
		assert.Equal(t, agent(target.sent.headers), agent(got.headers), name)
		assert.Equal(t, target.sent.body == got.body, true, "%s: %d bytes, and %d", name, len(target.sent.body),
			len(got.body))
	}
}
