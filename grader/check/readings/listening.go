package readings

import (
	"fmt"
	"net"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

var (
	hostOption = regexp.MustCompile(`--host(?:["',\s=]+)([^\s"',\]]+)`)
	hostGiven  = regexp.MustCompile(`\brun\([^)\n]*\bhost\s*=\s*["']([^"']+)["']`)
	hostListen = regexp.MustCompile(`\.listen\((?:\s*[\w.|\s]+,\s*|[^'"\n]*\bhost:\s*)["']([^"']+)["']`)
	schemed    = regexp.MustCompile(`^\w+://`)
)

// noAddress says of a host to listen on that it is no address: it has a port or http:// with it, or
// is a name.
func noAddress(s *Scene, _ []string, h *check.Hint) bool {
	for _, in := range s.File.Lasts("CMD", "ENTRYPOINT") {
		if m := hostOption.FindStringSubmatch(in.Text); m != nil && !strings.Contains(m[1], "$") {
			address, port, wrong := bareAddress(m[1])
			if !wrong {
				return false
			}
			h.Cause = fmt.Sprintf("--host in %s, line %d, is to be an address alone, and %s is none.", in.Name, in.Line,
				m[1])
			if port != "" && !strings.Contains(in.Text, "--port") {
				address += map[bool]string{true: `", "--port", "` + port, false: " --port " + port}[in.Exec]
			}
			h.Advice = "Let it listen on all addresses."
			h.Edit = s.inInstruction(in, regexp.MustCompile(`(--host(?:["',\s=]+))`+regexp.QuoteMeta(m[1])),
				"${1}"+address)
			return true
		}
	}
	for _, by := range []struct {
		ends    string
		pattern *regexp.Regexp
	}{{".py", hostGiven}, {".js.mjs.cjs.ts", hostListen}} {
		p, m := s.grep(by.pattern, by.ends)
		if m == nil {
			continue
		}
		host := m[1]
		address, port, wrong := bareAddress(host)
		if f, ok := s.frame(); !wrong || ok && f.file != p.file {
			continue
		}
		h.Cause = fmt.Sprintf("%s, has `%s` for the address to listen on, which is none.", p, host)
		h.Advice = "Let it listen on all addresses."
		with := "${1}" + address + "${1}"
		if port != "" && by.ends == ".py" && !strings.Contains(p.text, "port") {
			with += ", port=" + port
		}
		h.Edit = p.replace(regexp.MustCompile(`(["'])`+regexp.QuoteMeta(host)+`["']`), with)
		return true
	}
	return false
}

// bareAddress returns the address to listen on in place of a host, the port that stands with it, and
// whether the host is no address.
func bareAddress(host string) (address, port string, wrong bool) {
	if net.ParseIP(strings.Trim(host, "[]")) != nil || host == "localhost" || host == "" {
		return host, "", false
	}
	if _, after, ok := strings.Cut(strings.TrimRight(schemed.ReplaceAllString(host, ""), "/"), ":"); ok {
		port = after
	}
	return "0.0.0.0", port, true
}

// binds are the programs that take address and port in one word, with the option for it.
var binds = map[string]string{"gunicorn": "--bind", "hypercorn": "--bind"}

// otherAddress says of options for the address that the program which CMD starts has them not, but
// others for the same; and reports whether that is so.
func (s *Scene) otherAddress(h *check.Hint) bool {
	in := s.commandInstruction()
	if in == nil {
		return false
	}
	given := in.Args
	if !in.Exec {
		given = strings.Fields(strings.Join(given, " "))
	}
	at := slices.IndexFunc(given, func(word string) bool {
		return slices.Contains([]string{"gunicorn", "hypercorn", "uvicorn", "flask", "fastapi"}, path.Base(word))
	})
	if at < 0 {
		return false
	}
	who, host, port := path.Base(given[at]), "0.0.0.0", "8000"
	known := []string{"--host", "--port", "-p", "-h"}
	foreign := []string{"--bind", "-b"}
	if binds[who] != "" {
		known, foreign = foreign, []string{"--host", "--port"}
	}
	words, removed := slices.Clone(given[:at+1]), []string{}
	for i := at + 1; i < len(given); i++ {
		option, value, joined := strings.Cut(given[i], "=")
		switch {
		case slices.Contains(known, option):
			return false // it has its own besides
		case !slices.Contains(foreign, option):
			words = append(words, given[i])
			continue
		case !joined && i+1 < len(given):
			i++
			value = given[i]
		}
		removed = append(removed, option)
		switch option {
		case "--host":
			host = value
		case "--port":
			port = value
		default:
			if before, after, ok := strings.Cut(value, ":"); ok {
				port = after
				if before != "" {
					host = before
				}
			}
		}
	}
	if len(removed) == 0 {
		return false
	}
	with := []string{"--host", host, "--port", port}
	if binds[who] != "" {
		with = []string{binds[who], host + ":" + port}
	}
	h.Cause = fmt.Sprintf("%s has no %s: it takes the address as %s.", who, strings.Join(removed, " and no "),
		strings.Join(with, " "))
	h.Advice = "Write it so."
	words = append(words, with...)
	switch line := strings.Join(words, " "); {
	case in.Exec:
		h.Edit = check.EditOf(s.File.Name, s.File.Change(*in, in.Name+" "+dockerfile.List(words)))
	case !strings.ContainsAny(in.Text, "\"'\\"):
		h.Edit = check.EditOf(s.File.Name, s.File.Change(*in, in.Name+" "+line))
	}
	return true
}

// otherServer says of a server that it speaks another language than the program which it is to serve.
func otherServer(s *Scene, m []string, h *check.Hint) bool {
	in := s.commandInstruction()
	if m[2] == "send" {
		h.Cause = fmt.Sprintf("gunicorn speaks WSGI by itself, and %s is an ASGI program.", m[1])
		h.Advice = "Start it with -k uvicorn.workers.UvicornWorker, or with uvicorn."
		if _, ok := s.requires("uvicorn"); ok && in != nil {
			with := "gunicorn -k uvicorn.workers.UvicornWorker"
			if in.Exec {
				with = strings.ReplaceAll(with, " ", `", "`)
			}
			h.Edit = s.inCommand(regexp.MustCompile(`\bgunicorn\b`), with)
		}
		return true
	}
	h.Cause = fmt.Sprintf("uvicorn speaks ASGI, and %s is a WSGI program.", m[1])
	h.Advice = "Start it with gunicorn, or with flask run."
	if command := s.Command(); command != "" && in != nil && s.File.Last("ENTRYPOINT") == nil {
		h.Edit = check.EditOf(s.File.Name, s.File.Change(*in, command))
	}
	return true
}
