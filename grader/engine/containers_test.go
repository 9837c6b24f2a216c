package engine

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

func with(lines ...string) map[string]string {
	return map[string]string{"Dockerfile": hostileFile + strings.Join(lines, "\n") + "\n"}
}

func TestWhereAProgramIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		more map[string]string
		port int
		loop bool
	}{
		{"where it is wanted", nil, 8000, false},
		{"on another port", with("ENV PORT=9000"), 9000, false},
		{"on the loopback alone", with("ENV HOST=127.0.0.1"), 8000, true},
		{"on the loopback alone, with no Python to ask it with",
			with("RUN mv $(readlink -f /usr/bin/python3) /usr/bin/x && "+
				"rm -f /usr/bin/python3* /usr/local/bin/python*", "ENV HOST=127.0.0.1", `CMD ["x", "/main.py"]`), 8000,
			true},
		{"beside a port that takes connections and never answers",
			with(
				`CMD ["sh", "-c", "python3 -c 'import socket,time; s=socket.create_server((\"\",8000)); ` +
					`time.sleep(600)' & PORT=8001 exec python3 /main.py"]`), 8001, false},
		{"a little later than on another port", with("EXPOSE 8001",
			`CMD ["sh", "-c", "PORT=8001 python3 /main.py & sleep 0.2; exec python3 /main.py"]`), 8000, false},
		{"among more ports than there are", with("EXPOSE 1-65535"), 8000, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := running(t, nil, c.more)
			up := s.Started()
			require.Equal(t, c.port, up.Port)
			require.Equal(t, 8000, up.Wanted)
			require.Equal(t, c.loop, up.Loopback)
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					a, err := s.Do(t.Context(), check.Request{Method: "GET", Path: "/"})
					if err != nil || string(a.Body) != "here" {
						t.Errorf("%+v, %v", a, err)
					}
				})
			}
			all.Wait()
			listening := func(t require.TestingT, group string) []check.Listener {
				s.main.group = group
				listeners, known, err := s.Listeners(context.Background())
				require.NoError(t, err)
				require.True(t, known)
				return listeners
			}
			group := s.main.group
			require.EventuallyWithT(t, func(t *assert.CollectT) { // the program may still be opening its other port
				listeners := listening(t, group)
				require.True(t, slices.ContainsFunc(listeners, func(l check.Listener) bool {
					return l.Port == c.port && isLoopback(l.Address) == c.loop
				}), "%v", listeners)
				require.ElementsMatch(t, listeners, listening(t, ""), "as where the engine is elsewhere")
			}, soon, pollTime)
		})
	}
}

func TestProgramsThatDoNotComeUp(t *testing.T) {
	t.Parallel()
	python := func(program string) string {
		return "FROM python:3.12-slim\nCMD [\"python3\", \"-c\", \"" + program + "\"]\n"
	}
	for _, c := range []struct {
		name, dockerfile string
		exited           bool
		code             int
		log              string
		listens          []check.Listener
	}{
		{name: "ends at once", dockerfile: python("print('bye'); raise SystemExit(4)"), exited: true, code: 4,
			log: "bye\n"},
		{name: "has no command", dockerfile: "FROM scratch\nCOPY Dockerfile /\n", exited: true, code: 127,
			log: "o command specified"},
		{name: "has a command that is not there", dockerfile: "FROM scratch\nCOPY Dockerfile /\nCMD [\"/main\"]\n",
			exited: true, code: 127, log: "/main"},
		{name: "has a command that is no program", dockerfile: "FROM python:3.12-slim\nCMD [\"/etc\"]\n", exited: true,
			code: 127, log: "/etc"},
		{name: "has a user that is not there",
			dockerfile: "FROM python:3.12-slim\nUSER nobody-knows\nCMD [\"python3\"]\n", exited: true, code: 127,
			log: "nobody-knows"},
		{name: "has a pipe for its users",
			dockerfile: "FROM python:3.12-slim\nRUN rm /etc/passwd && mkfifo /etc/passwd\nCMD [\"python3\"]\n",
			exited:     true, code: 127, log: "/etc/passwd"},
		{name: "has a user beyond all numbers",
			dockerfile: "FROM python:3.12-slim\nUSER 4294967296\nCMD [\"python3\"]\n", exited: true, code: 127,
			log: "uids and gids must be in range"},
		{name: "has a volume in the place of its files",
			dockerfile: "FROM python:3.12-slim\nVOLUME /proc\nCMD [\"python3\"]\n", exited: true, code: 127,
			log: "/proc"},
		{name: "has a working directory that leads to itself",
			dockerfile: "FROM python:3.12-slim\nWORKDIR /w\nRUN cd / && rmdir /w && ln -s /w /w\nCMD [\"python3\"]\n",
			exited:     true, code: 127, log: "too many links"},
		{name: "is called as an engine that is lost speaks",
			dockerfile: "FROM python:3.12-slim\nCMD [\"error during connect: no space left on device\"]\n",
			exited:     true, code: 127, log: "error during connect"},
		{name: "has a user that is called so",
			dockerfile: "FROM python:3.12-slim\nUSER transport is closing\nCMD [\"python3\"]\n",
			exited:     true, code: 127, log: "transport is closing"},
		{name: "never listens", dockerfile: python("import time; time.sleep(600)")},
		{name: "listens for datagrams", dockerfile: python(
			"import socket,time; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('',8000)); " +
				"time.sleep(600)")},
		{name: "wants TLS",
			dockerfile: python(
				"import socket\\ns=socket.create_server(('',8000))\\nwhile True:\\n c,_=s.accept(); c.recv(100); " +
					"c.sendall(bytes([21,3,1,0,2,2,70])); " +
					"c.close()"), listens: []check.Listener{{Address: "0.0.0.0", Port: 8000}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			job := jobOf(t, folder(t, map[string]string{"Dockerfile": c.dockerfile}))
			job.Limits.Run.Start, job.Limits.HTTP.Timeout = option.Duration(6*time.Second),
				option.Duration(2*time.Second)
			s := open(t, job)
			built(t, s)
			up, err := s.Start(t.Context(), func() {})
			require.NoError(t, err)
			require.False(t, up.Answered)
			require.Equal(t, c.exited, up.Exited, "%+v", up)
			require.Equal(t, c.code, up.ExitCode)
			require.Contains(t, up.Log, c.log)
			require.Equal(t, c.listens, up.Listeners)
			require.Equal(t, "isolated", s.Sandbox().Network)
		})
	}
}

// TestImageThatIsGone: it is built again, and never asked of a registry.
func TestImageThatIsGone(t *testing.T) {
	t.Parallel()
	s := open(t, jobOf(t, folder(t, map[string]string{"Dockerfile": hostileFile + "LABEL one=" + unique() + "\n",
		"main.py": hostile})))
	built(t, s)
	_, err := tested.api.ImageRemove(t.Context(), s.built.Image.ID, client.ImageRemoveOptions{Force: true})
	require.NoError(t, err)
	up, err := s.Start(t.Context(), func() {})
	require.NoError(t, err)
	require.True(t, up.Answered)
}

func TestOddDockerfiles(t *testing.T) {
	t.Parallel()
	s := running(t, nil, with("HEALTHCHECK --interval=1s CMD touch /checked", "VOLUME /volume", "ONBUILD RUN false",
		"STOPSIGNAL SIGINT"))
	info, err := tested.api.ContainerInspect(t.Context(), s.main.id, client.ContainerInspectOptions{})
	require.NoError(t, err)
	require.Nil(t, info.Container.State.Health, "the engine runs no command of the image's by itself")
	require.Equal(t, []string{"CMD-SHELL", "touch /checked"}, s.Built().Image.Config.Healthcheck,
		"the report knows of it")
	stopped, err := s.Stop(t.Context(), 20*time.Second)
	require.NoError(t, err)
	require.Equal(t, "SIGINT", stopped.Signal)
	require.True(t, stopped.InTime)
}

// TestWhatEveryEngineGivesAlike: how many files may be open, and a loopback of IPv6, hang on no
// engine's own settings.
func TestWhatEveryEngineGivesAlike(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"isolated", "open"} {
		t.Run(network, func(t *testing.T) {
			s := running(t, func(j *check.Job) { j.Limits.Run.Network = network }, with("ENV HOST=::1"))
			require.True(t, s.Started().Loopback)
			require.Equal(t, "::1", s.Started().Listeners[0].Address)
			require.Regexp(t, `Max open files +1024 +4096 `, says(t, s, "/limits"))
		})
	}
	for _, text := range []string{ // of 20.10 and of 28
		"error during container init: open /proc/sys/net/ipv6/conf/lo/disable_ipv6: no such file or directory: unknown",
		"open sysctl net.ipv6.conf.lo.disable_ipv6 file: unsafe procfs detected: openat2 " +
			"fsmount:fscontext:proc/./sys/net/ipv6/conf/lo/disable_ipv6: no such file or directory",
	} {
		require.Regexp(t, noIPv6, text)
		require.NotRegexp(t, cannotStart, text)
	}
}

// TestNetworkAtStart: what does not come up without a network, and says so, is started once more
// with one.
func TestNetworkAtStart(t *testing.T) {
	t.Parallel()
	bridge, err := tested.api.NetworkInspect(t.Context(), "bridge", client.NetworkInspectOptions{})
	require.NoError(t, err)
	// Tests have no host outside that answers everywhere, so the program looks at which network it
	// is in.
	program := func(says string) string {
		return "import ipaddress,os,socket,sys\n" +
			"if ipaddress.ip_address(socket.gethostbyname(socket.gethostname())) not in ipaddress.ip_network('" +
			bridge.Network.IPAM.Config[0].Subnet.String() + "'): sys.exit(\"" + says + "\")\n" + hostile
	}
	const noName = "socket.gaierror: [Errno -3] Temporary failure in name resolution"
	start := func(t *testing.T, network, says string) (*Session, check.Started) {
		job := jobOf(t, folder(t, map[string]string{"Dockerfile": hostileFile, "main.py": program(says)}))
		job.Limits.Run.Network = network
		s := open(t, job)
		built(t, s)
		up, err := s.Start(t.Context(), func() {})
		require.NoError(t, err)
		return s, up
	}
	t.Run("auto", func(t *testing.T) {
		t.Parallel()
		s, up := start(t, "auto", noName)
		require.True(t, up.AsWanted())
		require.Equal(t, noName+"\n", up.Offline)
		require.Equal(t, "open: the program did not come up without a network, so it was started once more with one",
			s.Sandbox().Network)
		other, err := s.Second(t.Context(), map[string]string{"PORT": "9001"}, 9001)
		require.NoError(t, err)
		require.True(t, other.Started().Answered, "what one container needs, each does")
		require.NoError(t, other.Close())
		require.True(t, get(t, s, "/exit?3").Exited)
		revived, err := s.Revive(t.Context())
		require.NoError(t, err)
		require.True(t, revived)
		require.Equal(t, "here", says(t, s, "/"))
	})
	for _, c := range []struct{ name, network, says string }{
		{"isolated", "isolated", noName},
		{"another reason", "auto", "KeyError: 'DATABASE_URL'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, up := start(t, c.network, c.says)
			require.False(t, up.Answered)
			require.Equal(t, c.says+"\n", up.Log)
			require.Empty(t, up.Offline)
			require.Equal(t, "isolated", s.Sandbox().Network)
		})
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	t.Run("a signal that cannot be sent", func(t *testing.T) {
		stopped, err := running(t, nil, with("STOPSIGNAL 99")).Stop(t.Context(), time.Second)
		require.NoError(t, err)
		require.Equal(t, check.Stopped{Signal: "99"}, stopped)
	})
	t.Run("a program that does not listen to it", func(t *testing.T) {
		s := running(t, nil, nil) // the first process ignores what it does not handle
		stopped, err := s.Stop(t.Context(), time.Second)
		require.NoError(t, err)
		require.False(t, stopped.InTime)
		require.Equal(t, "SIGTERM", stopped.Signal)
		require.GreaterOrEqual(t, stopped.Took, time.Second)
		info, err := tested.api.ContainerInspect(t.Context(), s.main.id, client.ContainerInspectOptions{})
		require.NoError(t, err)
		require.NotEmpty(t, info.Container.NetworkSettings.Networks,
			"what a program sees of the end is the signal alone")
	})
	t.Run("a program that has ended", func(t *testing.T) {
		s := running(t, nil, nil)
		require.True(t, get(t, s, "/exit?3").Exited)
		stopped, err := s.Stop(t.Context(), time.Second)
		require.NoError(t, err)
		require.True(t, stopped.InTime)
		require.Equal(t, 3, stopped.ExitCode)
		out, err := s.Exec(t.Context(), []string{"true"})
		require.NoError(t, err)
		require.NotZero(t, out.ExitCode, "a command in what has ended does not pass")
		revived, err := s.Revive(t.Context())
		require.NoError(t, err)
		require.True(t, revived)
		revived, err = s.Revive(t.Context())
		require.NoError(t, err)
		require.False(t, revived)
	})
}

// TestUID: the user is found as the engine finds it, wherever and however long the list of users is.
func TestUID(t *testing.T) {
	t.Parallel()
	for run, want := range map[string]int{
		"true": 1234,
		"cp /etc/passwd /etc/p && echo 'app:x:0:0::/:/bin/sh' >>/etc/p && ln -sf p /etc/passwd": 0,
		"python3 -c \"open('/etc/passwd','a').write('x:x:2000:1::/:/bin/sh\\n'*60000" +
			"+'app:x:0:0::/:/bin/sh\\n')\"": 0,
		"printf 'app\\napp:x:1234:1::/:/bin/sh\\n' >>/etc/passwd": 0, // a number that is not there is 0 to the engine
	} {
		user := "app"
		if want > 0 {
			user = "1234"
		}
		s := open(t, jobOf(t, folder(t, map[string]string{
			"Dockerfile": python + "RUN " + run + "\nUSER " + user + "\n"})))
		built(t, s)
		uid, known, err := s.UID(t.Context())
		require.NoError(t, err)
		require.True(t, known, run)
		require.Equal(t, want, uid, run)
	}
}

func TestExec(t *testing.T) {
	t.Parallel()
	s := running(t, func(j *check.Job) { j.Limits.HTTP.Timeout = option.Duration(time.Second) }, nil)
	out, err := s.Exec(t.Context(), []string{"sh", "-c", "echo out; echo err >&2; exit 7"})
	require.NoError(t, err)
	require.Equal(t, check.Output{ExitCode: 7, Stdout: "out\n", Stderr: "err\n"}, out)
	out, err = s.Exec(t.Context(), []string{"no-such-program"})
	require.NoError(t, err)
	require.True(t, out.NotFound)
	out, err = s.Exec(t.Context(), []string{"sleep", "600"})
	require.NoError(t, err)
	require.True(t, out.TimedOut)
	out, err = s.Exec(t.Context(), []string{"head", "-c", "1000000", "/dev/zero"})
	require.NoError(t, err)
	require.Len(t, out.Stdout, tailBytes)
}

func TestEnvironments(t *testing.T) {
	t.Parallel()
	names := func(t *testing.T, c check.Container) (found []string) {
		t.Helper()
		all, known, err := c.Environments(t.Context())
		require.NoError(t, err)
		require.True(t, known)
		for _, environment := range all {
			found = append(found, environment["WHO"])
		}
		slices.Sort(found)
		return found
	}
	t.Run("of two users", func(t *testing.T) {
		s := running(t, nil, with("ENV WHO=root",
			`CMD ["python3", "-c", "import os,subprocess; subprocess.run(['python3','/main.py'],user=1000,group=1000,`+
				`env=dict(os.environ,WHO='user'+chr(10)+'of two lines'))"]`))
		want := []string{"root", "user\nof two lines"}
		require.Equal(t, want, names(t, s))
		s.main.group = "" // as where the engine is elsewhere
		require.Equal(t, want, names(t, s))
	})
	t.Run("without a shell", func(t *testing.T) {
		s := running(t, nil, with("ENV WHO=me", `RUN ["rm", "/bin/sh"]`))
		s.main.group = ""
		require.Equal(t, []string{"me"}, names(t, s))
	})
	t.Run("with nothing but the program", func(t *testing.T) {
		dir := folder(t,
			map[string]string{"Dockerfile": "FROM scratch\nCOPY main /main\nENV WHO=me\nCMD [\"/main\"]\n"})
		build := exec.Command("go", "build", "-o", filepath.Join(dir, "main"), "./testdata/static")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=-buildvcs=false")
		out, err := build.CombinedOutput()
		require.NoError(t, err, "%s", out)
		s := open(t, jobOf(t, dir))
		started(t, s)
		require.Equal(t, "here", says(t, s, "/"))
		require.Equal(t, []string{"me"}, names(t, s))
		s.main.group = ""
		_, known, err := s.Environments(t.Context())
		require.NoError(t, err)
		require.False(t, known)
		_, known, err = s.Listeners(t.Context())
		require.NoError(t, err)
		require.False(t, known)
	})
}

func TestSecondContainer(t *testing.T) {
	t.Parallel()
	s := running(t, nil, nil)
	second, err := s.Second(t.Context(), map[string]string{"PORT": "9001", "WHO": "second"}, 9001)
	require.NoError(t, err)
	require.Equal(t, 9001, second.Started().Port)
	require.Equal(t, "here", string(get(t, second, "/").Body))
	all, known, err := second.Environments(t.Context())
	require.NoError(t, err)
	require.True(t, known)
	require.Equal(t, "second", all[0]["WHO"])
	require.NoError(t, second.Close())
	require.NoError(t, second.Close(), "it may be closed again")
	require.Equal(t, "here", says(t, s, "/"))
}

// TestPortThatIsNotPublished: where containers are asked at published ports, a program on another
// port is asked by a relay, and nothing says that it listens on its loopback alone.
func TestPortThatIsNotPublished(t *testing.T) {
	t.Parallel()
	s := running(t, func(j *check.Job) {
		j.Limits.Run.Network = "open"
		j.Setup.Always = map[string]string{"PORT": "9000"}
	}, nil)
	up := s.Started()
	require.True(t, up.Answered && up.Relayed && !up.Loopback, "%+v", up)
	require.Equal(t, 9000, up.Port)
	require.Equal(t, "here", says(t, s, "/"))
}

// TestVariables: the main container has them, unless it does not come up with them as wanted.
func TestVariables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		env   map[string]string
		aside check.Started // of the container that has the variables, where it is another
	}{
		{"do no harm", map[string]string{"WHO": "main"}, check.Started{}},
		{"end the program", map[string]string{"PORT": "none"}, check.Started{Wanted: 8000, Exited: true, ExitCode: 1}},
		{"change its port", map[string]string{"PORT": "9000"}, check.Started{Answered: true, Wanted: 8000, Port: 9000}},
		{"hide it", map[string]string{"HOST": "127.0.0.1"}, check.Started{Answered: true, Wanted: 8000, Port: 8000,
			Loopback: true, Relayed: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := running(t, func(j *check.Job) { j.Setup.Env = c.env }, nil)
			up := s.Started()
			require.Equal(t, 8000, up.Port)
			require.False(t, up.Loopback)
			with, err := s.StartedWith(t.Context(), c.env)
			require.NoError(t, err)
			defer func() {
				require.NoError(t, with.Close())
				require.Equal(t, "here", says(t, s, "/"), "closing what is borrowed ends nothing")
			}()
			if c.aside.Wanted == 0 {
				require.Same(t, s.main, with.(borrowed).container)
				main, _, err := s.Environments(t.Context())
				require.NoError(t, err)
				require.Equal(t, "main", main[0]["WHO"])
				return
			}
			got := with.Started()
			got.After, got.Lasted, got.Listeners, got.Log, got.Limits = 0, 0, nil, "", check.RunLimits{}
			require.Equal(t, c.aside, got)
			main, _, err := s.Environments(t.Context())
			require.NoError(t, err)
			for name := range c.env {
				require.NotContains(t, main[0], name)
			}
			again, err := s.StartedWith(t.Context(), c.env)
			require.NoError(t, err)
			require.Equal(t, with, again, "it is there for the next check too")
			require.Same(t, s.withEnv, with.(borrowed).container)
		})
	}
	t.Run("of a second start", func(t *testing.T) {
		t.Parallel()
		s := running(t, func(j *check.Job) { j.Setup.Env = map[string]string{"WHO": "main"} }, nil)
		get(t, s, "/exit?3")
		revived, err := s.Revive(t.Context())
		require.NoError(t, err)
		require.True(t, revived)
		main, _, err := s.Environments(t.Context())
		require.NoError(t, err)
		require.Equal(t, "main", main[0]["WHO"])
		other, err := s.StartedWith(t.Context(), map[string]string{"WHO": "other"})
		require.NoError(t, err)
		defer func() { require.NoError(t, other.Close()) }()
		all, _, err := other.Environments(t.Context())
		require.NoError(t, err)
		require.Equal(t, "other", all[0]["WHO"])
	})
}

// TestKeep sweeps, so it must have the engine for itself.
func TestKeep(t *testing.T) {
	files := map[string]string{"Dockerfile": hostileFile, "main.py": hostile}
	job := jobOf(t, folder(t, maps.Clone(files)))
	job.Keep = true
	s, err := tested.Open(t.Context(), job)
	require.NoError(t, err)
	started(t, s)
	kept := s.Kept()
	require.Len(t, kept, 2)
	require.NoError(t, s.Close())
	network := s.main.net.id
	s.main.net = nil // it is kept, and no other container's any more
	t.Cleanup(func() {
		ctx := context.Background() // the test's own is over by now
		require.NoError(t, s.main.remove(ctx))
		require.NoError(t, tested.untag(ctx, s.tags[0]))
		_, err := tested.api.NetworkRemove(ctx, network, client.NetworkRemoveOptions{})
		require.NoError(t, err)
	})
	require.NoError(t, tested.networks.remove(t.Context()))
	require.NoError(t, tested.sweepOwn(t.Context()))
	info, err := tested.api.ContainerInspect(t.Context(), s.main.id, client.ContainerInspectOptions{})
	require.NoError(t, err)
	require.True(t, info.Container.State.Running)
	require.Equal(t, "container "+strings.TrimPrefix(info.Container.Name, "/"), kept[1])
	_, err = tested.api.ImageInspect(t.Context(), strings.TrimPrefix(kept[0], "image "))
	require.NoError(t, err)
}

// TestAProgramThatDropsWhatItHasNot: what is asked for is found, though the program drops the
// connection at /.
func TestAProgramThatDropsWhatItHasNot(t *testing.T) {
	t.Parallel()
	job := jobOf(t, folder(t, map[string]string{"Dockerfile": hostileFile, "main.py": `import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        {"/ready": self.ready}[self.path]()

    def ready(self):
        self.send_response(200)
        self.end_headers()

http.server.HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
`}))
	job.Setup.Ready = "/ready"
	s := open(t, job)
	started(t, s)
}
