package engine

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	neturl "net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/engine/buildtrace"
	"github.com/taskgrader/taskgrader/grader/engine/dockerhost"
)

// withoutGRPC returns the engine of these tests as it is where BuildKit's own protocol is refused.
func withoutGRPC(t *testing.T) *Engine {
	t.Helper()
	provider, err := testcontainers.NewDockerProvider()
	require.NoError(t, err)
	e := &Engine{api: tested.api, provider: provider, builder: &builder{refused: "by this test"}, owner: tested.owner,
		watch: tested.watch, networks: tested.networks, open: map[*Session]bool{}}
	provider.SetClient(docker{tested.api, e.builder})
	e.next = 1e6 // names are those of one process
	return e
}

// both runs a test by either way of building.
func both(t *testing.T, test func(t *testing.T, e *Engine)) {
	t.Parallel()
	require.NotNil(t, tested.builder.client, tested.Builder())
	t.Run("grpc", func(t *testing.T) { t.Parallel(); test(t, tested) })
	t.Run("POST", func(t *testing.T) { t.Parallel(); test(t, withoutGRPC(t)) })
}

func openOn(t *testing.T, e *Engine, job check.Job) *Session {
	t.Helper()
	s, err := e.Open(t.Context(), job)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// TestWhichWayToBuild: an engine, or what stands before it, that refuses is told from one that does
// not.
func TestWhichWayToBuild(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		want   string
	}{
		"unknown, as to Podman":           {http.StatusNotFound, "unable to upgrade to h2c, received 404"},
		"forbidden, as by a socket proxy": {http.StatusForbidden, "unable to upgrade to h2c, received 403"},
		"answered, but not upgraded":      {http.StatusOK, "unable to upgrade to h2c, received 200"},
		"not implemented":                 {http.StatusNotImplemented, "unable to upgrade to h2c, received 501"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "/grpc", r.URL.Path)
				w.WriteHeader(c.status)
			}))
			defer server.Close()
			api, err := client.New(client.WithHost("tcp://" + server.Listener.Addr().String()))
			require.NoError(t, err)
			b, err := newBuilder(t.Context(), api)
			require.NoError(t, err)
			require.Nil(t, b.client)
			way := "POST /build, since BuildKit's own protocol is refused: " + c.want
			require.Equal(t, way, (&Engine{builder: b}).Builder())
			require.Equal(t, Finding{"builder", "warn", way,
				"where a proxy stands before the engine's socket, let POST /grpc through"},
				(&Engine{builder: b}).building())
		})
	}
	require.Equal(t, "BuildKit's own protocol, /grpc", tested.Builder())
	require.Equal(t, Finding{Name: "builder", Status: "ok", Detail: tested.Builder()}, tested.building())
}

// relayed returns this engine behind an address that treats its first connections as it likes.
func relayed(t *testing.T, first int32, treat func(net.Conn)) *client.Client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	engine, err := neturl.Parse(tested.api.DaemonHost())
	require.NoError(t, err)
	var taken atomic.Int32
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			if taken.Add(1) <= first {
				go treat(c)
				continue
			}
			to, err := net.Dial(engine.Scheme, cmp.Or(engine.Path, engine.Host))
			if err != nil {
				_ = c.Close()
				continue
			}
			go func() { _, _ = io.Copy(to, c); _ = to.Close() }()
			go func() { _, _ = io.Copy(c, to); _ = c.Close() }()
		}
	}()
	api, err := client.New(client.WithHost("tcp://" + listener.Addr().String()))
	require.NoError(t, err)
	return api
}

// TestATroubleIsNoRefusal: an engine that is lost or silent for a moment is asked again, and what
// stays so is an error.
func TestATroubleIsNoRefusal(t *testing.T) {
	t.Parallel()
	status := func(code int) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(c))
			fmt.Fprintf(c, "HTTP/1.1 %d it is so\r\nContent-Length: 0\r\n\r\n", code)
			_ = c.Close()
		}
	}
	for name, treat := range map[string]func(net.Conn){
		"closed at once": func(c net.Conn) { _ = c.Close() },
		"closed when upgraded": func(c net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(c))
			fmt.Fprint(c, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
			_ = c.Close()
		},
		"a proxy without its engine": status(http.StatusBadGateway),
		"a proxy in trouble":         status(http.StatusServiceUnavailable),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := newBuilder(t.Context(), relayed(t, 2, treat))
			require.NoError(t, err)
			require.NotNil(t, b.client, b.refused)
			require.NoError(t, b.close())

			ctx, stop := context.WithTimeout(t.Context(), time.Second)
			defer stop()
			_, err = newBuilder(ctx, relayed(t, math.MaxInt32, treat))
			require.ErrorContains(t, err, "asking BuildKit: ")
		})
	}
	t.Run("silent", func(t *testing.T) {
		t.Parallel()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		_, err := newBuilder(ctx, relayed(t, math.MaxInt32, func(net.Conn) {}))
		require.ErrorContains(t, err, "asking BuildKit: ")
		unavailable := dockerhost.Place{}.Unavailable(err)
		require.Equal(t, "silent", unavailable.Reason)
	})
}

// ref is what a build calls its context, another each time.
var ref = regexp.MustCompile(`of ref \S+`)

// TestBothWaysSayTheSame: what the engine is asked by is not to be seen in any report.
func TestBothWaysSayTheSame(t *testing.T) {
	t.Parallel()
	other := withoutGRPC(t)
	id := unique()
	for name, c := range map[string]struct {
		lines string
		setup check.Setup
		fails string
	}{
		"it builds": {"FROM scratch AS base\nCOPY a /a\nFROM base\nARG WHO\nLABEL who=$WHO\nCOPY b /b\n",
			check.Setup{BuildArgs: map[string]string{"WHO": "me"}}, ""},
		"a stage of it": {"FROM scratch AS base\nCOPY a /a\nFROM base\nCOPY b /b\n", check.Setup{Target: "base"},
			""},
		"checked by itself": {"# check=error=true\nFROM scratch\nMAINTAINER me\ncopy a /a\n", check.Setup{}, ""},
		"a command that fails": {python + "RUN true\n\nRUN echo why; exit 4\n", check.Setup{},
			"RUN echo why; exit 4 ended with exit code 4, line 4"},
		// Alone: of two COPY lines, either may be done when the other fails.
		"a file that is not": {"FROM scratch\n\nCOPY nothing /\n", check.Setup{},
			`COPY nothing /: "nothing" is not in the build context, line 3`},
		"an ignored file": {"FROM scratch\nCOPY ignored /\n", check.Setup{},
			`COPY ignored /: "ignored" is not in the build context, line 2`},
		"no such stage": {"FROM scratch\nCOPY a /a\n", check.Setup{Target: "nowhere"},
			"target stage nowhere could not be found, line 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, map[string]string{"a": id, "b": "b", "ignored": "", ".dockerignore": "ignored\n",
				"Dockerfile": c.lines})
			for _, file := range []string{"a", "b"} {
				require.NoError(t, os.Chtimes(filepath.Join(dir, file), time.Unix(1e9, 0), time.Unix(1e9, 0)))
			}
			job := jobOf(t, dir)
			job.Setup = c.setup
			var all []check.Built
			for _, e := range []*Engine{other, tested} {
				s := openOn(t, e, job)
				b, err := s.Build(t.Context())
				require.NoError(t, err)
				b.Took = 0
				for i := range b.Steps {
					b.Steps[i].Took, b.Steps[i].Cached = 0, false
					b.Steps[i].Error = ref.ReplaceAllString(b.Steps[i].Error, "")
				}
				all = append(all, b)
			}
			require.Equal(t, all[0], all[1])
			if f := all[0].Failure; f != nil {
				f.Message = strings.NewReplacer(`"`, "", `\`, "").Replace(f.Message)
				c.fails = strings.NewReplacer(`"`, "").Replace(c.fails)
				require.Equal(t, c.fails, fmt.Sprintf("%s, line %d", f.Message, f.Line))
			} else {
				require.Empty(t, c.fails)
			}
		})
	}
}

// TestTraceAloneMakesNoImage: none stays, whatever the engine has to make.
func TestTraceAloneMakesNoImage(t *testing.T) {
	both(t, func(t *testing.T, e *Engine) {
		id := unique()
		s := openOn(t, e, jobOf(t, folder(t, map[string]string{"a": id, "b": id,
			"Dockerfile": "FROM scratch\nLABEL id=" + id + "\nCOPY a /a\nCOPY b /b\n"})))
		built(t, s)
		for range 2 {
			same, err := s.Retrace(t.Context())
			require.NoError(t, err)
			edited, err := s.Retrace(t.Context(), check.Patch{Path: "b", Data: []byte(unique())})
			require.NoError(t, err)
			require.Nil(t, edited.Image)
			require.Equal(t, []bool{true, true, true, false},
				[]bool{same.Steps[0].Cached, same.Steps[1].Cached, edited.Steps[0].Cached, edited.Steps[1].Cached})
		}
		images, err := tested.listImages(t.Context(), client.ImageListOptions{All: true,
			Filters: client.Filters{}.Add("label", "id="+id)})
		require.NoError(t, err)
		require.Len(t, images, 1, "%+v", images)
		require.Equal(t, []string{s.tags[0]}, images[0].RepoTags)
	})
}

// TestNoRegistryIsAsked: for an image that is here. This engine's loopback may be another
// machine's, so its own words are what shows that the registry would have been found.
func TestNoRegistryIsAsked(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var asked atomic.Int32
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			_ = c.Close()
		}
	}()
	defer listener.Close()
	base := listener.Addr().String() + "/base"
	_, err = tested.api.ImageTag(t.Context(), client.ImageTagOptions{Source: "python:3.12-slim", Target: base + ":1"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tested.untag(context.Background(), base+":1")) })

	s := open(t, jobOf(t, folder(t, map[string]string{"a": unique(),
		"Dockerfile": "FROM " + base + ":1\nCOPY a /a\nCOPY --from=" + base + ":1 /etc/passwd /b\n"})))
	built(t, s)
	_, err = s.Retrace(t.Context(), check.Patch{Path: "a", Data: []byte(unique())})
	require.NoError(t, err)
	_, err = s.Context(t.Context())
	require.NoError(t, err)
	require.Zero(t, asked.Load())

	b, err := open(t, jobOf(t, folder(t, map[string]string{"Dockerfile": "FROM " + base + ":2\n"}))).Build(t.Context())
	require.NoError(t, err)
	require.Equal(t, check.NoSuchImage, b.Failure.Reason, "this machine's own address is no registry of anybody's")
	require.Positive(t, asked.Load(), "an image that is not here is asked for")
}

// TestNoNetworkInABuild: neither by default nor where the Dockerfile asks for one.
func TestNoNetworkInABuild(t *testing.T) {
	both(t, func(t *testing.T, e *Engine) {
		for _, flag := range []string{"", "--network=default "} {
			job := jobOf(t, folder(t, map[string]string{"Dockerfile": python + "RUN " + flag +
				"! grep -v -e lo: -e '|' /proc/net/dev # " + unique() + "\n"}))
			job.Limits.Build.Network = "none"
			b, err := openOn(t, e, job).Build(t.Context())
			var old *buildtrace.OldFrontend
			if flag != "" && errors.As(err, &old) {
				continue // it knows no such flag
			}
			require.NoError(t, err)
			require.Nil(t, b.Failure)
		}
	})
}

// TestBuildIsGivenUp: at once, in the caller's own words.
func TestBuildIsGivenUp(t *testing.T) {
	both(t, func(t *testing.T, e *Engine) {
		s := openOn(t, e, jobOf(t, folder(t, map[string]string{"Dockerfile": python + "RUN sleep 300 # " + unique() +
			"\n"})))
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
		defer stop()
		_, err := s.Build(ctx)
		require.Equal(t, context.DeadlineExceeded, err)
	})
}
