package steps

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

const formType = "application/x-www-form-urlencoded"

// request returns what a step sends, with these variables, or why it cannot be sent.
func (r *runner) request(s Step, v vars) (check.Request, *miss) {
	q := check.Request{Method: s.request().Method, Header: http.Header{"Accept": {"*/*"}}, Fair: !s.Faster.IsZero()}
	var wrong *miss
	if s.request().follows() {
		q.Path, wrong = r.address(strings.Trim(s.request().Path, "${}"), v)
	} else {
		q.Path = v.path(s.request().Path)
	}
	if query := s.Query.encode(v); query != "" {
		separator := "?"
		if strings.Contains(q.Path, "?") {
			separator = "&"
		}
		q.Path += separator + query
	}
	kind := "application/json"
	switch {
	case s.Body.Line > 0:
		q.Body = Encode(v.data(s.Body, false))
	case s.bytes != nil:
		q.Body = s.bytes
	case s.Raw.Line > 0:
		q.Body = []byte(v.fill(s.Raw.Text, asIs))
	case s.Form != nil:
		q.Body, kind = []byte(s.Form.encode(v)), formType
	case s.Multipart != nil:
		q.Body, kind = s.Multipart.encode(v, r.boundary())
	default:
		kind = ""
	}
	if kind != "" {
		q.Header.Set("Content-Type", kind)
	}
	v = maps.Clone(v)
	v[sentBody] = string(q.Body)
	r.session(s).dress(&q, s.Headers)
	for name, value := range s.Headers {
		q.Header.Set(name, strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(v.fill(value, asIs)))
	}
	return q, wrong
}

// boundary returns what stands between the parts of a body, in the form that curl gives it.
func (r *runner) boundary() string {
	var b [8]byte
	for i := range b {
		b[i] = byte(r.in.Rand.IntN(256))
	}
	return strings.Repeat("-", 24) + hex.EncodeToString(b[:])
}

// address returns the path that the address leads to which a variable holds, seen from the request
// whose answer gave it. It must be the program's own.
func (r *runner) address(name string, v vars) (string, *miss) {
	text, ok := v.value(name).(string)
	named := r.named(name)
	wrong := func(want, hint string) (string, *miss) {
		return "/", &miss{want: want, got: Show(v.value(name)), hint: hint, alone: true}
	}
	if !ok {
		return wrong(fmt.Sprintf("an address as %s", named), "Answer with the whole address, as text.")
	}
	to, err := url.Parse(text)
	if err != nil {
		return wrong(fmt.Sprintf("an address as %s", named),
			"Answer with a whole address, such as http://localhost:8000/tasks/1.")
	}
	if base, err := url.Parse(r.base[name]); err == nil {
		to = base.ResolveReference(to)
	}
	if to.Scheme != "" && to.Scheme != "http" || to.Host != "" && !r.own(to) {
		return wrong("an address of the program itself",
			fmt.Sprintf("%s leads to %s, which is not this program: make it of the Host that the request was sent to.",
				text, to.Host))
	}
	return to.RequestURI(), nil
}

// own reports whether an address is the program's: on this machine or in the container, and on the
// port where it answers.
func (r *runner) own(u *url.URL) bool {
	started := r.target.Started()
	port, err := strconv.Atoi(u.Port())
	if u.Port() == "" {
		port, err = 80, nil
	}
	return err == nil && local(u.Hostname()) && (port == started.Port || port == started.Wanted)
}

// local reports whether a host is the one that requests are sent to.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified() || ip.IsPrivate())
}

// shown returns the request of a step as far as it is known before it is sent: what a variable has
// no value for is {id}.
func (r *runner) shown(s Step, all []Step) string {
	known := func(ref string, escape func(string) string) string {
		value, rest := r.vars.referred(ref)
		if ref == "$$" {
			return "$"
		}
		if value != nil {
			return escape(plainText(value)) + rest
		}
		for _, name := range references(ref) {
			for _, before := range all {
				if source, ok := before.Save[name]; ok {
					return "{" + source.name() + "}" + rest
				}
			}
		}
		return "{…}" + rest
	}
	inQuery := func(text string) (filled string) {
		for at := reference.FindStringIndex(text); at != nil; at = reference.FindStringIndex(text) {
			filled += url.QueryEscape(text[:at[0]]) + known(text[at[0]:at[1]], url.QueryEscape)
			text = text[at[1]:]
		}
		return filled + url.QueryEscape(text)
	}
	escape := url.PathEscape
	if s.request().follows() {
		escape = asIs
	}
	path, separator := reference.ReplaceAllStringFunc(s.request().Path,
		func(ref string) string { return known(ref, escape) }), "?"
	for _, field := range s.Query {
		for _, value := range field.Value.OneOrMore() {
			path += separator + inQuery(field.Key.Text) + "=" + inQuery(value.Text)
			separator = "&"
		}
	}
	return s.request().Method + " " + path
}

// Encode returns a value as JSON.
func Encode(v JSON) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // what came from JSON or YAML goes to JSON
	return bytes.TrimSpace(b.Bytes())
}
