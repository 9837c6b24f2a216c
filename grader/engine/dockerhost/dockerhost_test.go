package dockerhost

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhyThereIsNoDocker(t *testing.T) {
	const (
		gone = "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct " +
			"and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory"
		refused = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
		denied  = "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock"
		pipe    = "open //./pipe/docker_engine: The system cannot find the file specified."
	)
	linux := Place{os: "linux", installed: true}
	for _, c := range []struct {
		name, text       string
		at               Place
		reason, fix, say string
	}{
		{"missing", gone, Place{os: "linux"}, "missing",
			"install Docker Engine: https://docs.docker.com/engine/install/ (on Debian and Ubuntu: sudo apt-get " +
				"install docker.io)", "docker is not installed"},
		{"missing on a Mac", gone, Place{os: "darwin"}, "missing",
			"install Docker Desktop: https://docs.docker.com/get-started/get-docker/", "docker is not installed"},
		{"stopped", refused, linux, "stopped", "sudo systemctl start docker, or start Docker Desktop",
			"docker is not running: "},
		{"socket gone", gone, linux, "stopped", "sudo systemctl start docker, or start Docker Desktop",
			"docker is not running: "},
		{"Desktop closed", refused, Place{os: "darwin", installed: true}, "stopped",
			"start Docker Desktop: open -a Docker, and wait until it says that it runs", "docker is not running: "},
		{"Desktop closed on Windows", pipe, Place{os: "windows", installed: true}, "stopped",
			"start Docker Desktop, and wait until it says that it runs", "docker is not running: "},
		{"forbidden", denied, linux, "forbidden",
			"sudo usermod -aG docker $USER, then log in again; until then, use sudo", "no permission to use Docker: "},
		{"rootless beside", gone, Place{os: "linux", installed: true,
			others: []string{"unix:///run/user/1000/docker.sock"}}, "elsewhere",
			"export DOCKER_HOST=unix:///run/user/1000/docker.sock",
			"docker is not running where it is looked for, but there is a socket at unix:///run/user/1000/docker.sock"},
		{"a host that is off", "dial tcp 10.0.0.1:2375: connect: connection refused",
			Place{os: "linux", Host: "tcp://10.0.0.1:2375", From: "DOCKER_HOST"}, "elsewhere",
			"start the engine there, or use the one of this machine: unset DOCKER_HOST DOCKER_CONTEXT; docker " +
				"context use " +
				"default", "docker is not running: DOCKER_HOST names tcp://10.0.0.1:2375, and nothing answers there"},
		{"ssh", "unsupported protocol scheme \"ssh\"", Place{os: "linux", Host: "ssh://me@lab",
			From: `the docker context "lab"`}, "elsewhere", "",
			`reaching docker by ssh (ssh://me@lab, from the docker context "lab") is not supported`},
		{"no address", "unable to parse docker host `foo`", Place{os: "linux", Host: "foo", From: "DOCKER_HOST"},
			"elsewhere",
			"write it as unix:///var/run/docker.sock or tcp://HOST:2375, or use the engine of this machine: unset " +
				"DOCKER_HOST; docker context use default", `DOCKER_HOST names "foo", which is no address of an engine`},
		{"no such context", "no such context", Place{os: "linux", From: `the docker context "nope"`}, "elsewhere",
			"set DOCKER_CONTEXT to one that `docker context ls` lists, or use the engine of this machine: unset " +
				"DOCKER_CONTEXT; docker context use default", `the docker context "nope" is not there`},
		{"hangs", "context deadline exceeded", linux, "silent",
			"restart Docker; `docker version` hangs as well until it is well again", "docker does not answer: "},
		{"proxy", "proxyconnect tcp: dial tcp 10.1.1.1:3128: i/o timeout", linux, "proxy",
			"list the engine's host in NO_PROXY", "a proxy stands between this machine and docker: "},
		{"certificate", "tls: failed to verify certificate: x509: certificate signed by unknown authority", linux,
			"certificate", "DOCKER_TLS_VERIFY and DOCKER_CERT_PATH must fit the engine",
			"docker's certificate does not fit: "},
		{"something else", "invalid character '<' looking for beginning of value", linux, "unknown",
			"does `docker version` work in this terminal?", "reaching docker: "},
	} {
		got := c.at.Unavailable(errors.New(c.text))
		require.Equal(t, c.reason, got.Reason, c.name)
		require.Contains(t, got.Error(), c.say, c.name)
		if c.fix != "" {
			require.Equal(t, c.fix, got.Hint(), c.name)
		}
	}
}

func TestTheEngineIsFoundAsTheDockerCommandFindsIt(t *testing.T) {
	home := t.TempDir()
	sum := sha256.Sum256([]byte("desktop-linux"))
	meta := filepath.Join(home, ".docker", "contexts", "meta", hex.EncodeToString(sum[:]))
	require.NoError(t, os.MkdirAll(meta, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(meta, "meta.json"),
		[]byte(
			`{"Name":"desktop-linux","Endpoints":{"docker":{"Host":"unix:///home/me/.docker/desktop/docker.sock"}}}`),
		0o644))
	config := filepath.Join(home, ".docker", "config.json")
	for _, c := range []struct {
		config     string
		env        map[string]string
		host, from string
	}{
		{`{}`, nil, "", ""},
		{`{"currentContext":"default"}`, nil, "", ""},
		{`{"currentContext":"desktop-linux"}`, nil, "unix:///home/me/.docker/desktop/docker.sock",
			`the docker context "desktop-linux"`},
		{`{}`, map[string]string{"DOCKER_CONTEXT": "desktop-linux"}, "unix:///home/me/.docker/desktop/docker.sock",
			`the docker context "desktop-linux" (DOCKER_CONTEXT)`},
		{`{"currentContext":"desktop-linux"}`, map[string]string{"DOCKER_CONTEXT": "default"}, "", ""},
		{`{"currentContext":"desktop-linux"}`, map[string]string{"DOCKER_HOST": "tcp://x:1"}, "tcp://x:1",
			"DOCKER_HOST"},
		{`{"currentContext":"gone"}`, nil, "", `the docker context "gone"`},
		{`{}`, map[string]string{"DOCKER_CONTEXT": "nope"}, "", `the docker context "nope" (DOCKER_CONTEXT)`},
		{`not JSON`, nil, "", ""},
	} {
		require.NoError(t, os.WriteFile(config, []byte(c.config), 0o644))
		host, from := endpoint(func(name string) string { return c.env[name] }, home)
		require.Equal(t, c.host, host, "%+v", c)
		require.Equal(t, c.from, from, "%+v", c)
	}
}
