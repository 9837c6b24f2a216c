package buildtrace

import (
	"regexp"
	"strings"
)

var (
	unreached = regexp.MustCompile(
		`(?i)(name resolution|temporary failure resolving|could not resolve|unable to resolve|` +
			`name or service not known|name does not resolve|dns (error|lookup|:)|dns: |bad address|EAI_AGAIN|` +
			`ENOTFOUND|network is unreachable|no route to host|failed to establish a new connection|` +
			`NewConnectionError|could not connect|unable to connect|timed? ?out|connection refused|connection reset|` +
			`certificate verify failed|SSLError|tls handshake|temporary error|bad gateway|service unavailable)`)
	hostIn = regexp.MustCompile(
		`(?i)(?:://(?:[^/@\s]+@)?|host=['"]|resolving '|resolve host:? |host address ['‘]|EAI_AGAIN |ENOTFOUND |` +
			`bad address ['‘]|connect to )([a-z0-9][a-z0-9.-]*[a-z0-9])`)
)

// linesBack is how far above the line that says that something was not reached the host may be
// named.
const linesBack = 8

// UnreachedHost returns the host that the log of a failed command ends with not having reached.
func UnreachedHost(log string) (host string, ok bool) {
	lines := strings.Split(log, "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if !unreached.MatchString(lines[i]) {
			continue
		}
		for j := i; j >= max(0, i-linesBack); j-- {
			if hosts := hostIn.FindAllStringSubmatch(lines[j], -1); hosts != nil {
				return hosts[len(hosts)-1][1], true
			}
		}
		return "", false
	}
	return "", false
}
