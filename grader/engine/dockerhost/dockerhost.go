// Package dockerhost is where Docker is.
//
// [Here] finds the engine as the docker command does, without asking it anything.
// [Place.Unavailable] says why there is none, and how to get one, from the error of whoever asked.
package dockerhost

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// Unavailable reports that there is no Docker engine to work with. It is never a student's fault.
type Unavailable struct {
	Reason string // missing, stopped, forbidden, elsewhere, silent, proxy, certificate, old, unknown
	Fix    string
	Err    error
}

func (e *Unavailable) Error() string { return e.Err.Error() }
func (e *Unavailable) Unwrap() error { return e.Err }

// Hint returns how to fix it.
func (e *Unavailable) Hint() string { return e.Fix }

// Place is what this machine says of where Docker is.
type Place struct {
	os        string // as in runtime.GOOS
	Host      string // where the engine is asked; empty is the default
	From      string // what named the host: DOCKER_HOST, or the docker command's context
	installed bool   // there is a docker command
	others    []string
}

// Here finds the engine as the docker command does: DOCKER_HOST, then the context in use, which is
// how Docker Desktop and rootless Docker are found, then the default. Where no socket is in the
// default place, those that are elsewhere are named.
func Here() Place {
	home, _ := os.UserHomeDir()
	p := Place{os: runtime.GOOS}
	_, err := exec.LookPath("docker")
	p.installed = err == nil
	p.Host, p.From = endpoint(os.Getenv, home)
	for _, socket := range []string{filepath.Join(home, ".docker/desktop/docker.sock"),
		filepath.Join(home, ".docker/run/docker.sock"),
		filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "docker.sock")} {
		if info, err := os.Stat(socket); err == nil && info.Mode()&os.ModeSocket != 0 {
			p.others = append(p.others, "unix://"+socket)
		}
	}
	return p
}

// endpoint reads the docker command's own settings. Both are empty for the default; host alone is,
// where there is no such context as from names.
func endpoint(env func(string) string, home string) (host, from string) {
	if host := env("DOCKER_HOST"); host != "" {
		return host, "DOCKER_HOST"
	}
	folder := env("DOCKER_CONFIG")
	if folder == "" {
		folder = filepath.Join(home, ".docker")
	}
	name, source := env("DOCKER_CONTEXT"), " (DOCKER_CONTEXT)"
	if name == "" {
		source = ""
		var settings struct{ CurrentContext string }
		text, _ := os.ReadFile(filepath.Join(folder, "config.json"))
		_ = json.Unmarshal(text, &settings)
		name = settings.CurrentContext
	}
	if name == "" || name == "default" {
		return "", ""
	}
	sum := sha256.Sum256([]byte(name))
	text, err := os.ReadFile(filepath.Join(folder, "contexts", "meta", hex.EncodeToString(sum[:]), "meta.json"))
	var context struct {
		Endpoints map[string]struct{ Host string }
	}
	from = fmt.Sprintf("the docker context %q%s", name, source)
	if err != nil || json.Unmarshal(text, &context) != nil {
		return "", from
	}
	if host = context.Endpoints["docker"].Host; host == "" {
		return "", ""
	}
	return host, from
}

// address is how an engine is named.
var address = regexp.MustCompile(`^(unix|npipe|tcp|http|https|ssh)://.`)

// Unavailable returns why there is no engine, in words a student with a laptop understands.
func (at Place) Unavailable(err error) *Unavailable {
	text := strings.ToLower(err.Error())
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	start := map[string]string{"linux": "sudo systemctl start docker, or start Docker Desktop",
		"darwin":  "start Docker Desktop: open -a Docker, and wait until it says that it runs",
		"windows": "start Docker Desktop, and wait until it says that it runs"}[at.os]
	switch {
	case at.From != "" && at.Host == "":
		return &Unavailable{"elsewhere",
			"set DOCKER_CONTEXT to one that `docker context ls` lists, or use the engine of this machine: unset " +
				"DOCKER_CONTEXT; docker context use default",
			fmt.Errorf("%s is not there", at.From)}
	case at.From != "" && !address.MatchString(at.Host):
		return &Unavailable{"elsewhere",
			"write it as unix:///var/run/docker.sock or tcp://HOST:2375, or use the engine of this machine: unset " +
				"DOCKER_HOST; docker context use default",
			fmt.Errorf("%s names %q, which is no address of an engine", at.From, at.Host)}
	case strings.HasPrefix(at.Host, "ssh:"):
		return &Unavailable{"elsewhere",
			"grade on the machine where the engine is, or forward its socket: ssh -L " +
				"/tmp/docker.sock:/var/run/docker.sock HOST, with DOCKER_HOST=unix:///tmp/docker.sock",
			fmt.Errorf("reaching docker by ssh (%s, from %s) is not supported", at.Host, at.From)}
	case has("permission denied"):
		return &Unavailable{"forbidden", "sudo usermod -aG docker $USER, then log in again; until then, use sudo",
			fmt.Errorf("no permission to use Docker: %w", err)}
	case has("proxyconnect", "proxy authentication required", "407 ", "403 forbidden", "502 bad gateway"):
		return &Unavailable{"proxy", "list the engine's host in NO_PROXY",
			fmt.Errorf("a proxy stands between this machine and docker: %w", err)}
	case has("x509", "certificate", "http response to https", "https server"):
		return &Unavailable{"certificate", "DOCKER_TLS_VERIFY and DOCKER_CERT_PATH must fit the engine",
			fmt.Errorf("docker's certificate does not fit: %w", err)}
	case has("deadline exceeded", "timeout"):
		return &Unavailable{"silent", "restart Docker; `docker version` hangs as well until it is well again",
			fmt.Errorf("docker does not answer: %w", err)}
	case !has("no such file", "connection refused", "is the docker daemon running", "cannot find the file",
		"no such host"):
		return &Unavailable{"unknown", "does `docker version` work in this terminal?",
			fmt.Errorf("reaching docker: %w", err)}
	case at.From != "":
		return &Unavailable{"elsewhere",
			"start the engine there, or use the one of this machine: unset DOCKER_HOST DOCKER_CONTEXT; docker " +
				"context use default",
			fmt.Errorf("docker is not running: %s names %s, and nothing answers there", at.From, at.Host)}
	case len(at.others) > 0:
		return &Unavailable{"elsewhere", "export DOCKER_HOST=" + at.others[0],
			fmt.Errorf("docker is not running where it is looked for, but there is a socket at %s", at.others[0])}
	case !at.installed:
		fix := "install Docker Desktop: https://docs.docker.com/get-started/get-docker/"
		if at.os == "linux" {
			fix = "install Docker Engine: https://docs.docker.com/engine/install/ (on Debian and Ubuntu: sudo " +
				"apt-get install docker.io)"
		}
		return &Unavailable{"missing", fix, fmt.Errorf("docker is not installed")}
	}
	return &Unavailable{"stopped", start, fmt.Errorf("docker is not running: %w", err)}
}
