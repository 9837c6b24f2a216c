package readings

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// network are the words of whatever fetches, where the host does not answer: whose fault that is,
// the grader looks at before it is said.
var network = tool{name: "network", entries: []entry{
	fetched(on("certificate", `[^\n]*(?i:certificate[ _]verify[ _]failed|certificate verification failed|`+
		`server certificate verification failed|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY|`+
		`invalid peer certificate)[^\n]*`,
		`What answered this step shows a certificate that the image does not trust, so nothing was fetched from it. `+
			`A proxy or a scanner of the network does that, or an image without ca-certificates.`,
		`The names of packages are not at fault: try it in another network, or install ca-certificates first.`)),
	unreachable("pip",
		`(?:NameResolutionError|NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ConnectionResetError|`+
			`ProtocolError|HTTPSConnectionPool)\(?[^\n]*?host='([^']+)'[^\n]*`),
	unreachable("npm",
		`npm (?:error|ERR!)[^\n]*?(?:getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|connect (?:ECONNREFUSED|ETIMEDOUT|`+
			`EHOSTUNREACH)) ([\w.-]+)[^\n]*`),
	unreachable("yarn",
		`(?:getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|connect (?:ECONNREFUSED|ETIMEDOUT)) ([\w.-]*[A-Za-z][\w.-]*)[^\n]*`),
	fetched(on("uv-python", `Failed to download \S*python-build-standalone\S*cpython-(\d+\.\d+)[^\n]*`, "",
		"").with(pythonFetched)),
	on("apt-stale", `E: Failed to fetch \S+/([\w.+-]+?)_\S+\.deb\s+404\s+Not Found[^\n]*`, "", "").with(aptStale),
	unreachable("uv",
		"(?:Failed to fetch|error sending request for url|Request failed after \\d+ "+
			"retries)[^\\n]*?https?://([\\w.-]+)[^\\n]*"),
	unreachable("apt", `(?:Temporary failure resolving|Could not resolve) '([\w.-]+)'[^\n]*`),
	unreachable("apt-connect", `Could not connect to ([\w.-]+):\d+[^\n]*`),
	unreachable("apk",
		`(?:WARNING: fetching|ERROR:|fetch) https?://([\w.-]+)/[^\n]*(?:temporary error|DNS|network error|`+
			`try again)[^\n]*`),
	on("http-error", `curl: \(22\)[^\n]*?(?:error: )?(\d{3})|ERROR (\d{3}): [^\n]*|HTTP/1\.\d (\d{3})[^\n]*`, "",
		"").with(answered),
	unreachable("curl", `curl: \((?:6|7|28|35)\)[^\n]*?(?:host: |connect to |to )([\w-]+\.[\w.-]+)[^\n]*`),
	unreachable("curl-refused", `curl: \((?:6|7|28|35)\) ()[^\n]*`),
	unreachable("wget",
		`wget: (?:unable to resolve host address|bad address|can't connect to remote host)[ '‘]*([\w.-]+)[^\n]*`),
	unreachable("git",
		`(?:Could not resolve host|Failed to connect to|unable to access 'https?://)[: ]*([\w.-]+)[^\n]*`),
	unreachable("python",
		`(?:gaierror: \[Errno -\d\]|urlopen error \[Errno -\d\]|httpx\.ConnectError: \[Errno -\d\])()[^\n]*`),
	unreachable("poetry", `All attempts to connect to ([\w.-]+) failed[^\n]*`),
}}

func unreachable(name, pattern string) entry {
	e := on(name, pattern, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		host := strings.TrimRight(m[1], ".")
		if host == "" {
			h.Cause = "What this step fetches could not be fetched: its host does not answer."
		} else {
			h.Cause = fmt.Sprintf("%s does not answer, so nothing could be fetched from it.", host)
		}
		h.Advice = "Look whether that host is there; the names of packages are not at fault."
		if s.Step != nil && host != "" && strings.Contains(s.Step.Text, host) {
			h.Cause = fmt.Sprintf("%s, which line %d names, does not answer, so nothing could be fetched from it.",
				host, s.Step.Line)
			if e := s.inInstruction(s.Step, regexp.MustCompile(
				`\s+(?:-i|--index-url|--registry|--extra-index-url)[ =]\S*`+regexp.QuoteMeta(host)+`\S*`),
				""); e != nil {
				h.Advice, h.Edit = "Take the packages from the usual index.", e
			}
		}
		return true
	})
	return fetched(e)
}

// answered says of a host that answered, and has not what the step fetches.
func answered(s *Scene, m []string, h *check.Hint) bool {
	code := m[1] + m[2] + m[3]
	if s.Step == nil || code < "400" || !regexp.MustCompile(`\b(?:curl|wget)\b`).MatchString(s.Step.Text) {
		return false
	}
	at := ""
	if all := addresses.FindAllString(s.Step.Text, -1); len(all) == 1 {
		at = strings.TrimRight(all[0], `"');`)
	}
	h.Cause = fmt.Sprintf("The host answered with %s: what this step fetches is not there.", code)
	if at != "" {
		h.Cause = fmt.Sprintf("%s answered with %s.", at, code)
	}
	h.Advice = "Open the address in a browser, and correct it; or hand the file in, and COPY it."
	if code == "401" || code == "403" {
		h.Advice = "It wants somebody who has signed in: take the file from where everybody may, or hand it in."
	} else if code >= "500" {
		h.Advice = "That is a fault of the host: try it again later, or hand the file in."
	}
	return true
}

var addresses = regexp.MustCompile(`https?://[^\s"';|&<>]+`)

// fetched returns an entry of a host that did not answer.
func fetched(e entry) entry {
	e.download = true
	return e
}

// disk are the words of whatever writes, where there is no room.
var disk = tool{name: "disk", entries: []entry{
	on("full", `(?i)no space left on device`, `The disk is full: what the step writes does not fit.`, `Install less.`),
}}
