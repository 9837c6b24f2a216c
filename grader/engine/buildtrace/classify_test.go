package buildtrace

import (
	"errors"
	"testing"

	buildkit "github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// The texts are those of engines: 20.10.24 where nothing is said, else of the version named.
func TestWhyABuildFailed(t *testing.T) {
	file, err := dockerfile.Parse("Dockerfile",
		[]byte(
			"FROM python:3.12-slim\nWORKDIR /app\nCOPY pyproject.toml uv.lock ./\nRUN pip install -r "+
				"requirements.txt\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/\n"))
	require.NoError(t, err)
	step := func(name, err, log string, line int) []check.Step {
		s := check.Step{Name: name, Error: err, Log: log, Line: line}
		if m := exitCode.FindStringSubmatch(err); m != nil {
			s.ExitCode = 1
		}
		return []check.Step{{Name: "[1/2] before", Done: true}, s}
	}
	const exit = `process "/bin/sh -c pip install -r requirements.txt" did not complete successfully: exit code: 1`
	const pip = "[stage-0 4/5] RUN pip install -r requirements.txt"
	for _, c := range []struct {
		name    string
		steps   []check.Step
		message string // of the stream
		want    *check.BuildFailure
		ours    string
	}{
		{name: "COPY of what is not there", steps: step("[stage-0 3/5] COPY pyproject.toml uv.lock ./",
			`failed to compute cache key: "/uv.lock" not found: not found`, "", 3),
			want: &check.BuildFailure{Reason: check.MissingFile, Subject: "uv.lock", Line: 3,
				Message: `COPY pyproject.toml uv.lock ./: "uv.lock" is not in the build context`}},
		{name: "the same, 26 and 28", steps: step("[stage-0 3/5] COPY pyproject.toml uv.lock ./",
			`failed to calculate checksum of ref k3k5hs6rr0l0kp8ygtm86x3ba::8z3tkxu2tbjbwn9q5dd1u8egr: `+
				`"/uv.lock": not found`, "", 3),
			want: &check.BuildFailure{Reason: check.MissingFile, Subject: "uv.lock", Line: 3,
				Message: `COPY pyproject.toml uv.lock ./: "uv.lock" is not in the build context`}},
		{name: "COPY of what a stage has not", steps: step(
			"[stage-1 3/3] COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/",
			`failed to calculate checksum of ref a::b: "/uv": not found`, "", 5),
			want: &check.BuildFailure{Reason: check.MissingFile, Subject: "/uv", Stage: "ghcr.io/astral-sh/uv:latest",
				Line: 5,
				Message: `COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/: there is no /uv in ` +
					`"ghcr.io/astral-sh/uv:latest"`}},
		{name: "the same", steps: step("[stage-1 3/3] COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/",
			`failed to compute cache key: failed to walk /var/lib/docker/tmp/buildkit-mount123: lstat `+
				`/var/lib/docker/tmp/buildkit-mount123/uv: no such file or directory`, "", 5),
			want: &check.BuildFailure{Reason: check.MissingFile, Subject: "/uv", Stage: "ghcr.io/astral-sh/uv:latest",
				Line: 5,
				Message: `COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/: there is no /uv in ` +
					`"ghcr.io/astral-sh/uv:latest"`}},
		{name: "a command", steps: step(pip, exit, "ERROR: No matching distribution found for fastpi\n", 4),
			want: &check.BuildFailure{Reason: check.CommandError, Subject: "RUN pip install -r requirements.txt",
				Line: 4, Log: "ERROR: No matching distribution found for fastpi\n",
				Message: "RUN pip install -r requirements.txt ended with exit code 1"}},
		{name: "no network", steps: step(pip, exit,
			"HTTPSConnectionPool(host='pypi.org', port=443): NewConnectionError\n", 4),
			want: &check.BuildFailure{Reason: check.CommandError, Subject: "RUN pip install -r requirements.txt",
				Line: 4, Log: "HTTPSConnectionPool(host='pypi.org', port=443): NewConnectionError\n",
				Message: "RUN pip install -r requirements.txt ended with exit code 1"}},
		{name: "a disk that may be full", steps: step(pip, exit,
			"ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n", 4),
			want: &check.BuildFailure{Reason: check.CommandError, Subject: "RUN pip install -r requirements.txt",
				Line:    4,
				Log:     "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
				Message: "RUN pip install -r requirements.txt ended with exit code 1"}},
		{name: "no shell", steps: step("[2/2] RUN true",
			`failed to create shim task: OCI runtime create failed: exec: "/bin/sh": stat /bin/sh: no such file or `+
				`directory: unknown`, "", 2),
			want: &check.BuildFailure{Reason: check.CommandError, Subject: "RUN true", Line: 2,
				Message: `RUN true: failed to create shim task: OCI runtime create failed: exec: "/bin/sh": stat ` +
					`/bin/sh: no such file or directory: unknown`}},
		{name: "no such image",
			message: `failed to solve with frontend dockerfile.v0: failed to create LLB definition: ` +
				`docker.io/library/python:3.12-slim: not found`,
			want: &check.BuildFailure{Reason: check.NoSuchImage, Subject: "python:3.12-slim", Line: 1,
				Message: `the registry has no image "python:3.12-slim"`}},
		{name: "no such image, 26 and 28",
			message: `python:3.12-slim: failed to resolve source metadata for docker.io/library/python:3.12-slim: ` +
				`docker.io/library/python:3.12-slim: not found`,
			want: &check.BuildFailure{Reason: check.NoSuchImage, Subject: "python:3.12-slim", Line: 1,
				Message: `the registry has no image "python:3.12-slim"`}},
		{name: "denied",
			message: `python:3.12-slim: failed to resolve source metadata for docker.io/library/python:3.12-slim: ` +
				`pull access denied, repository does not exist or may require authorization: server message: ` +
				`insufficient_scope: authorization failed`,
			want: &check.BuildFailure{Reason: check.NoSuchImage, Subject: "python:3.12-slim", Line: 1,
				Message: `the registry has no image "python:3.12-slim"`}},
		{name: "registry out of reach",
			message: `failed to solve with frontend dockerfile.v0: failed to create LLB definition: failed to do ` +
				`request: Head "https://registry-1.docker.io/v2/library/python/manifests/3.12-slim": dial tcp: ` +
				`lookup registry-1.docker.io on 10.0.0.1:53: no such host (python:3.12-slim)`,
			ours: `getting base image "python:3.12-slim": no registry answers, and it is not on this machine`},
		{name: "registry out of reach, 26 and 28",
			message: `ghcr.io/astral-sh/uv:latest: failed to resolve source metadata for ` +
				`ghcr.io/astral-sh/uv:latest: failed to do request: Head ` +
				`"https://ghcr.io/v2/astral-sh/uv/manifests/latest": dial tcp: lookup ghcr.io on 10.0.0.1:53: server ` +
				`misbehaving`,
			ours: `getting base image "ghcr.io/astral-sh/uv:latest": no registry answers, and it is not on ` +
				`this machine`},
		{name: "an instruction that our own parser knows",
			message: "dockerfile parse error on line 3: unknown instruction: COPPY",
			ours: "building: this engine is too old for the Dockerfile: dockerfile parse error on line 3: unknown " +
				"instruction: COPPY"},
		{name: "a folder with the words of a registry", steps: step(
			"[stage-0 2/5] WORKDIR /etc/passwd/python:3.12-slim",
			"lstat /etc/passwd/python:3.12-slim/certificate: not a directory", "", 2),
			want: &check.BuildFailure{Reason: check.OtherFailure, Line: 2,
				Subject: "[stage-0 2/5] WORKDIR /etc/passwd/python:3.12-slim",
				Message: "[stage-0 2/5] WORKDIR /etc/passwd/python:3.12-slim: lstat " +
					"/etc/passwd/python:3.12-slim/certificate: not a directory"}},
		{name: "no such stage",
			message: `failed to solve with frontend dockerfile.v0: failed to create LLB definition: target stage ` +
				`prod could not be found`, want: &check.BuildFailure{Reason: check.BadSyntax,
				Message: "target stage prod could not be found"}},
		{name: "disk full", message: "failed to solve: write /var/lib/docker/x: no space left on device",
			ours: "building: failed to solve: write /var/lib/docker/x: no space left on device"},
		{name: "pruned, 28.5 with containerd's store", message: `failed to prepare extraction snapshot ` +
			`"extract-919856760-w6Sb sha256:01ac": parent snapshot sha256:25df does not exist: not found`,
			ours: "the engine removed a layer while the build was using it"},
		{name: "session lost", message: "no active session for 8qj3: context deadline exceeded",
			ours: "building: no active session for 8qj3: context deadline exceeded"},
		{name: "something else of the student's",
			message: "failed to solve: cannot replace to directory /app with file",
			want: &check.BuildFailure{Reason: check.OtherFailure,
				Message: "cannot replace to directory /app with file"}},
		{name: "a folder of the engine's own, 20.10", message: "mkdir " +
			"/var/lib/docker/fuse-overlayfs/32y5cqsw27w7h4rki0il8kt5y/merged/app: not a directory",
			want: &check.BuildFailure{Reason: check.OtherFailure, Message: "mkdir /app: not a directory"}},
		{name: "the same, of containerd's store", message: "failed to solve: mkdir " +
			"/var/lib/docker/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots/12/fs/app/x: not a " +
			"directory",
			want: &check.BuildFailure{Reason: check.OtherFailure, Message: "mkdir /app/x: not a directory"}},
	} {
		tr := New()
		tr.message = c.message
		for _, s := range c.steps {
			id := digest.FromString(s.Name)
			tr.order = append(tr.order, id)
			tr.steps[id] = &buildkit.Vertex{Digest: id, Name: s.Name, Error: s.Error}
		}
		got, err := tr.Classify(file, c.steps, errors.New("build image: it failed"))
		if c.ours != "" {
			require.ErrorContains(t, err, c.ours, c.name)
			require.Nil(t, got, c.name)
			continue
		}
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, got, c.name)
	}
	called, err := dockerfile.Parse("Dockerfile", []byte("FROM eof:1\n"))
	require.NoError(t, err)
	got, err := New().Classify(called, nil, errors.New("eof:1: failed to resolve source metadata for "+
		"docker.io/library/eof:1: pull access denied, repository does not exist or may require authorization"))
	require.NoError(t, err, "an image that is called as what a broken connection comes to")
	require.Equal(t, check.NoSuchImage, got.Reason)
	_, err = New().Classify(file, nil, errors.New("Cannot connect to the Docker daemon at unix:///var/run/docker.sock"))
	require.ErrorIs(t, err, ErrLost)
	_, err = New().Classify(file, nil, errors.New("the stream ended"))
	require.EqualError(t, err, "building: the stream ended", "what nobody explains is ours")
}

func TestUnreachedHost(t *testing.T) {
	for log, want := range map[string]string{
		"ERROR: Could not install: HTTPSConnectionPool(host='pypi.org', port=443): " +
			"NewConnectionError": "pypi.org",
		"ERROR: Could not install: HTTPSConnectionPool(host='pypi.orgg', port=443): " +
			"NewConnectionError": "pypi.orgg",
		"Err:1 http://deb.debian.org/debian bookworm InRelease\n  Temporary failure resolving 'deb.debian.org'\nE: " +
			"Failed to fetch": "deb.debian.org",
		"curl: (6) Could not resolve host: " +
			"github.com": "github.com",
		"Get:1 http://deb.debian.org/debian bookworm InRelease [151 kB]\ncurl: (6) Could not resolve host: " +
			"my-server.example": "my-server.example",
		"error: Failed to fetch: `https://pypi.org/simple/fastapi/`\n  Caused by: client error (Connect)\n  Caused " +
			"by: dns error: failed to lookup address": "pypi.org",
		"npm ERR! request to https://registry.npmjs.org/express failed, reason: getaddrinfo EAI_AGAIN " +
			"registry.npmjs.org": "registry.npmjs.org",
		"WARNING: fetching https://dl-cdn.alpinelinux.org/alpine/v3.20/main: temporary error (try " +
			"again later)": "dl-cdn.alpinelinux.org",
		"wget: bad address " +
			"'files.pythonhosted.org'": "files.pythonhosted.org",
		"fatal: unable to access 'https://github.com/x/y/': Could not resolve host: " +
			"github.com": "github.com",
		"fatal: repository 'https://github.com/x/y/' not found": "",
		"ERROR: No matching distribution found for fastpi":      "",
		"socket.gaierror: [Errno -2] Name or service not known": "",
		"": "",
		"curl: (7) Failed to connect to notgithub.com port 443: Connection refused " +
			"https://notgithub.com": "notgithub.com",
	} {
		host, _ := UnreachedHost(log)
		require.Equal(t, want, host, log)
	}
}

// TestAStageIsMeant: a name that can only be a stage's is the file's fault, whatever the registry says.
func TestAStageIsMeant(t *testing.T) {
	silent := ": failed to do request: Head " + `"https://registry-1.docker.io/v2/library/x/manifests/latest": dial ` +
		`tcp: lookup registry-1.docker.io: no such host`
	unknown := ": failed to resolve source metadata for docker.io/library/x:latest: pull access denied, repository " +
		"does not exist or may require authorization"
	for _, c := range []struct{ text, message, want string }{
		{"FROM a AS build\nFROM a\nCOPY --from=builder /x /x\n", "builder" + unknown,
			`"builder" is no stage above line 3, and no image that is to be had`},
		{"FROM a\nFROM a\nCOPY --from=builder /x /x\n", "builder" + silent,
			`"builder" is no stage above line 3, and no image that is to be had`},
		{"FROM a AS nginy\nFROM a\nCOPY --from=nginx /x /x\n", "nginx" + unknown, `the registry has no image "nginx"`},
		{"FROM a AS nginy\nFROM a\nCOPY --from=nginx /x /x\n", "nginx" + silent, ""},
		{"FROM a AS build\nFROM a\nCOPY --from=builder:1 /x /x\n", "builder:1" + silent, ""},
	} {
		file, err := dockerfile.Parse("Dockerfile", []byte(c.text))
		require.NoError(t, err)
		f, err := New().Classify(file, nil, errors.New(c.message))
		if c.want == "" {
			require.ErrorContains(t, err, "no registry answers")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, check.NoSuchImage, f.Reason)
		require.Equal(t, c.want, f.Message)
	}
}
