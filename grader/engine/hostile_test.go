package engine

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	neturl "net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// soon is how long a test waits for what happens by itself.
const soon = 30 * time.Second

func TestForkBomb(t *testing.T) {
	t.Parallel()
	s := running(t, nil, nil)
	forked, err := strconv.Atoi(says(t, s, "/fork"))
	require.NoError(t, err)
	require.Less(t, forked, 64)
}

func TestMemoryHog(t *testing.T) {
	t.Parallel()
	t.Run("as the first process", func(t *testing.T) {
		s := running(t, nil, nil)
		a := get(t, s, "/memory")
		require.Equal(t, "the program was ended because it used more than 128MB of memory", a.Fault)
		require.True(t, a.Exited)
		revived, err := s.Revive(t.Context())
		require.NoError(t, err)
		require.True(t, revived)
		require.Equal(t, "here", says(t, s, "/"))
	})
	t.Run("as a child", func(t *testing.T) {
		s := running(t, nil, nil)
		out, err := s.Exec(t.Context(), []string{"sh", "-c",
			"cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes"})
		require.NoError(t, err)
		require.Equal(t, "128000000\n", out.Stdout)
		require.Equal(t, "-9", says(t, s, "/child"))
		require.Eventually(t, func() bool { return tested.watch.ranOut(s.main.id) }, soon, pollTime,
			"the engine's event says so, the container's state does not")
		require.Equal(t, "here", says(t, s, "/"))
	})
}

func TestProcessorSpin(t *testing.T) {
	t.Parallel()
	spinner := running(t, func(j *check.Job) { j.Limits.Run.CPUs = 0.5 }, nil)
	out, err := spinner.Exec(t.Context(), []string{"sh", "-c",
		"cat /sys/fs/cgroup/cpu.max 2>/dev/null || cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us"})
	require.NoError(t, err)
	require.Equal(t, "50000", strings.Fields(out.Stdout)[0], "microseconds of each tenth of a second")
	require.Equal(t, "spinning", says(t, spinner, "/spin?8"))
	other := running(t, func(j *check.Job) { j.ID += "-other" }, nil)
	for range 5 {
		require.Equal(t, "here", says(t, other, "/"))
	}
}

func TestLogFlood(t *testing.T) {
	t.Parallel()
	s := running(t, nil, nil)
	require.Equal(t, "logged", says(t, s, "/log?20"))
	info, err := tested.api.ContainerInspect(t.Context(), s.main.id, client.ContainerInspectOptions{})
	require.NoError(t, err)
	files, err := filepath.Glob(info.Container.LogPath + "*")
	require.NoError(t, err)
	var bytes int64
	for _, file := range files {
		stat, err := os.Stat(file)
		require.NoError(t, err)
		bytes += stat.Size()
	}
	if len(files) == 0 { // the engine's folder is closed to this user
		require.Equal(t, map[string]string{"max-size": "1000000", "max-file": "2"},
			info.Container.HostConfig.LogConfig.Config)
	}
	require.Less(t, bytes, int64(2_100_000))
	log, err := s.Logs(t.Context())
	require.NoError(t, err)
	require.LessOrEqual(t, len(log), tailBytes)
}

// TestALogThatNeverEnds: what the engine gave counts, though its answer does not end.
func TestALogThatNeverEnds(t *testing.T) {
	t.Parallel()
	s := running(t, nil, nil)
	require.Equal(t, "logged", says(t, s, "/log?1"))
	engine, err := neturl.Parse(tested.api.DaemonHost())
	require.NoError(t, err)
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite:       func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "docker" },
		Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return net.Dial(engine.Scheme, cmp.Or(engine.Path, engine.Host))
		}},
		ModifyResponse: func(r *http.Response) error {
			if strings.HasSuffix(r.Request.URL.Path, "/logs") {
				silence, _ := io.Pipe()
				context.AfterFunc(r.Request.Context(), func() { _ = silence.Close() })
				r.Body = io.NopCloser(io.MultiReader(r.Body, silence))
			}
			return nil
		},
	})
	t.Cleanup(proxy.Close)
	api, err := client.New(client.WithHost("tcp://" + proxy.Listener.Addr().String()))
	require.NoError(t, err)
	behind := &container{id: s.main.id, session: &Session{engine: &Engine{api: api}}}
	want := ""
	require.Eventually(t, func() bool { // the program may have more to say of a connection that was given up
		before := want
		want, err = s.Logs(t.Context())
		return err == nil && want == before && want != ""
	}, soon, time.Second)
	got, err := behind.Logs(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestDiskFill(t *testing.T) {
	t.Parallel()
	ends := func(path string, more map[string]string) func(*testing.T) {
		return func(t *testing.T) {
			s := running(t, nil, more)
			a := get(t, s, path)
			require.Eventually(t, func() bool { a = get(t, s, "/"); return a.Exited }, soon, pollTime)
			require.Equal(t, "the program was ended because it wrote more than 60MB to the disk", a.Fault)
		}
	}
	t.Run("many files", ends("/many?100", nil))
	t.Run("deleted files", ends("/deleted?100", nil))
	t.Run("a volume", ends("/volume?100", map[string]string{"Dockerfile": hostileFile + "VOLUME /volume\n"}))
	t.Run("one file", func(t *testing.T) {
		s := running(t, nil, nil)
		s.main.unwatch() // this bound is the kernel's
		require.Equal(t, "File too large", says(t, s, "/disk?100"))
		out, err := s.Exec(t.Context(), []string{"stat", "-c", "%s", "/filled"})
		require.NoError(t, err)
		require.Equal(t, "60000000\n", out.Stdout)
		require.Equal(t, "here", says(t, s, "/"))
	})
	t.Run("by the engine's own count", func(t *testing.T) {
		s := running(t, func(j *check.Job) { j.Limits.Run.Disk = 1_000_000_000 }, nil)
		require.Equal(t, "filled", says(t, s, "/many?20"))
		on, alive := s.main.writtenThere(t.Context())
		require.True(t, alive)
		require.GreaterOrEqual(t, on.bytes, int64(20_000_000))
	})
}

func TestUpperFolder(t *testing.T) {
	for mounts, want := range map[string]string{
		"21 1 0:5 / /proc rw - proc proc rw\n170 64 0:39 / / rw,relatime - overlay overlay " +
			"rw,lowerdir=/s/79/fs:/s/2/fs,upperdir=/s/80/fs,workdir=/s/80/work\n": "/s/80/fs",
		"170 64 0:39 / /data rw - overlay overlay " +
			"rw,upperdir=/s/80/fs\n": "",
		"170 64 0:39 / / rw - overlay overlay " +
			"rw,upperdir=l/80/fs\n": "",
		"170 64 0:39 / / rw shared:1 - fuse.fuse-overlayfs fuse-overlayfs " +
			"rw,user_id=0,upperdir=/x\n": "",
		"170 64\n": "",
	} {
		require.Equal(t, want, upperFolder(mounts, "/"), mounts)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	s := running(t, func(j *check.Job) {
		j.Limits.HTTP = check.HTTPLimits{Body: 100_000, Timeout: option.Duration(3 * time.Second)}
	}, nil)
	for _, c := range []struct {
		path, fault string
		bytes       int
		truncated   bool
	}{
		{path: "/endless", bytes: 100_000, truncated: true},
		{path: "/huge", bytes: 100_000, truncated: true},
		{path: "/drip", fault: "the answer did not end within 3s"},
		{path: "/upgrade"},
		{path: "/silent", fault: "no answer within 3s"},
		{path: "/header", fault: "the headers of the answer are too long"},
		{path: "/garbage", fault: "the answer is not HTTP"},
		{path: "/short", fault: "the connection was closed in the middle of the answer", bytes: 1},
	} {
		a := get(t, s, c.path)
		require.Equal(t, c.fault, a.Fault, c.path)
		require.Equal(t, c.truncated, a.Truncated, c.path)
		if c.path != "/drip" {
			require.Len(t, a.Body, c.bytes, c.path)
		}
	}
	a := get(t, s, "/gzip")
	require.Equal(t, "gzip", a.Header.Get("Content-Encoding"), "nothing is unpacked")
	require.LessOrEqual(t, len(a.Body), 100_000)
	require.Equal(t, "here", says(t, s, "/"))
	a = get(t, s, "/exit?3")
	require.Equal(t, "the program ended with exit code 3 during the request", a.Fault)
	require.True(t, a.Exited)
}

func TestRequestsAreThoseOfCurl(t *testing.T) {
	t.Parallel()
	s := running(t, nil, nil)
	require.NotEqual(t, says(t, s, "/peer"), says(t, s, "/peer"), "each has a connection of its own")
	require.Equal(t, []string{"Host: 127.0.0.1:8000", "User-Agent: " + s.agent, "Accept: */*"},
		lines(says(t, s, "/headers")))
	seen := map[string]bool{}
	for seed := range uint64(50) {
		job := check.Job{Setup: check.Setup{Rand: rand.New(rand.NewPCG(seed, 1))}}
		other, err := tested.Open(t.Context(), job)
		require.NoError(t, err)
		seen[other.agent] = true
		require.NoError(t, other.Close())
	}
	require.Len(t, seen, len(agents), "the seed says which")
}

// TestHeadersAreInTheOrderOfCurl: whoever looks at the order sees the tool that they know.
func TestHeadersAreInTheOrderOfCurl(t *testing.T) {
	here, there := net.Pipe()
	c, err := likeCurl(here, nil)
	require.NoError(t, err)
	go func() {
		for _, part := range []string{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nUser-Agent: curl/8.5.0\r\n",
			"Content-Type: text/plain\r\nX-A: 1\r\nAccept: */*\r\n\r\n", "x"} {
			_, _ = c.Write([]byte(part))
		}
		_ = c.Close()
	}()
	came, err := io.ReadAll(there)
	require.NoError(t, err)
	require.Equal(t, "POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n"+
		"Content-Type: text/plain\r\nX-A: 1\r\nContent-Length: 1\r\n\r\nx", string(came))
}

func lines(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var seen atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	defer elsewhere.Close()
	s := running(t, nil, nil)
	a := get(t, s, "/redirect?"+elsewhere.URL)
	require.Equal(t, 302, a.Status)
	require.Equal(t, elsewhere.URL, a.Header.Get("Location"))
	require.Zero(t, seen.Load())
}

func TestNoStudentReachesAnother(t *testing.T) {
	t.Parallel()
	mine := running(t, nil, nil)
	theirs := running(t, func(j *check.Job) { j.ID += "-other" }, nil)
	require.NotEmpty(t, mine.main.address)
	require.Equal(t, "here", says(t, theirs, "/"))
	require.NotEqual(t, "reached", says(t, mine, "/reach?"+theirs.main.address+":8000"))
	require.Equal(t, "reached", says(t, mine, "/reach?"+mine.main.address+":8000"),
		"the question can be answered with yes")
}

// TestNothingOutsideIsReached needs another host: a network namespace stands for one, and the
// network limit is taken away once to see that it could be reached.
func TestNothingOutsideIsReached(t *testing.T) {
	ns := "tg" + strconv.Itoa(os.Getpid())
	ip := func(args ...string) {
		t.Helper()
		out, err := exec.Command("ip", args...).CombinedOutput()
		require.NoError(t, err, "ip %s: %s (this test runs as root, with iproute2)", strings.Join(args, " "), out)
	}
	subnet := fmt.Sprintf("10.213.%d.", os.Getpid()%250)
	ip("netns", "add", ns)
	t.Cleanup(func() { ip("netns", "del", ns) })
	ip("link", "add", ns+"a", "type", "veth", "peer", "name", ns+"b")
	t.Cleanup(func() { _ = exec.Command("ip", "link", "del", ns+"a").Run() })
	ip("link", "set", ns+"b", "netns", ns)
	ip("addr", "add", subnet+"1/24", "dev", ns+"a")
	ip("link", "set", ns+"a", "up")
	ip("netns", "exec", ns, "ip", "addr", "add", subnet+"2/24", "dev", ns+"b")
	ip("netns", "exec", ns, "ip", "link", "set", ns+"b", "up")
	ip("netns", "exec", ns, "ip", "route", "add", "default", "via", subnet+"1")
	listener := exec.Command("ip", "netns", "exec", ns, os.Args[0])
	listener.Env = append(os.Environ(), victimVariable+"=listen")
	require.NoError(t, listener.Start())
	t.Cleanup(func() { _ = listener.Process.Kill(); _ = listener.Wait() })
	require.Eventually(t, func() bool {
		c, err := net.DialTimeout("tcp", subnet+"2:8000", time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, soon, pollTime)

	open := running(t, func(j *check.Job) { j.Limits.Run.Network = "open" }, nil)
	require.Equal(t, "reached", says(t, open, "/reach?"+subnet+"2:8000"))
	require.Equal(t, "open", open.Sandbox().Network)
	isolated := running(t, nil, nil)
	require.NotEqual(t, "reached", says(t, isolated, "/reach?"+subnet+"2:8000"))
	require.Equal(t, "isolated", isolated.Sandbox().Network)
}

// TestThisMachinesServices: they are in reach, which doctor says, with the rule that changes it;
// the rule is tried on the bridge of this test alone.
func TestThisMachinesServices(t *testing.T) {
	t.Parallel()
	s := running(t, nil, nil)
	info, err := tested.api.NetworkInspect(t.Context(), s.main.net.id, client.NetworkInspectOptions{})
	require.NoError(t, err)
	bridge := info.Network.Options["com.docker.network.bridge.name"]
	require.True(t, strings.HasPrefix(bridge, bridgePrefix), bridge)
	service, err := net.Listen("tcp", net.JoinHostPort(info.Network.IPAM.Config[0].Gateway.String(), "0"))
	require.NoError(t, err)
	defer service.Close()
	require.Equal(t, "reached", says(t, s, "/reach?"+service.Addr().String()))

	var rule string
	require.EventuallyWithT(t, func(t *assert.CollectT) { // where the machine is busy, a trial may run out of time
		findings, err := tested.Doctor(context.Background())
		require.NoError(t, err)
		says := said(findings, "network isolation")
		_, from, _ := strings.Cut(says, "sudo iptables -I ")
		to, _, found := strings.Cut(from, " closes those")
		require.True(t, found, says)
		rule = to
	}, 2*time.Minute, pollTime)
	words := strings.Fields(strings.Replace(rule, bridgePrefix+"+", bridge, 1))
	out, err := exec.Command("iptables", append([]string{"-I"}, words...)...).CombinedOutput()
	require.NoError(t, err, "%s (this test runs as root, with iptables)", out)
	defer func() {
		out, err := exec.Command("iptables", append([]string{"-D"}, words...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}()
	require.NotEqual(t, "reached", says(t, s, "/reach?"+service.Addr().String()))
	require.Equal(t, "here", says(t, s, "/"), "the grader still gets answers")
}

// TestAddressesUsedUp: where the engine has no addresses left for a network, programs are graded
// and kept apart all the same.
func TestAddressesUsedUp(t *testing.T) { // not beside others, which could not test networks meanwhile
	var made []string
	t.Cleanup(func() {
		for _, id := range made {
			_, err := tested.api.NetworkRemove(context.Background(), id, client.NetworkRemoveOptions{})
			require.NoError(t, err)
		}
	})
	for {
		n, err := tested.api.NetworkCreate(t.Context(), tested.newName(), client.NetworkCreateOptions{Driver: "bridge",
			Labels: tested.owner.Labels()})
		if err != nil {
			require.True(t, usedUp(err), err)
			break
		}
		made = append(made, n.ID)
	}
	taken, err := tested.networks.createSpare(t.Context(), tested.newName())
	require.NoError(t, err)
	taken, err = tested.networks.look(t.Context(), taken)
	require.NoError(t, err)
	require.True(t, spare.Contains(netip.MustParseAddr(taken.gateway)), taken.gateway)
	tested.networks.give(taken) // the next has it
	s := running(t, nil, nil)
	require.Equal(t, taken, *s.main.net)
	require.Equal(t, "here", says(t, s, "/"))
	more, err := tested.networks.take(t.Context())
	require.NoError(t, err)
	tested.networks.give(more)
}

func TestPublishedPortsAreOfThisMachineAlone(t *testing.T) {
	t.Parallel()
	s := running(t, func(j *check.Job) { j.Limits.Run.Network = "open" }, nil)
	info, err := tested.api.ContainerInspect(t.Context(), s.main.id, client.ContainerInspectOptions{})
	require.NoError(t, err)
	ports := 0
	for _, bindings := range info.Container.NetworkSettings.Ports {
		for _, b := range bindings {
			ports++
			require.Equal(t, "127.0.0.1", b.HostIP.String())
			for _, address := range addresses(t) {
				_, err := net.DialTimeout("tcp", net.JoinHostPort(address, b.HostPort), time.Second)
				require.Error(t, err, "reached at %s", address)
			}
		}
	}
	require.Equal(t, 1, ports)
}

// addresses returns those of this machine at which others can reach it.
func addresses(t *testing.T) (out []string) {
	all, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range all {
		if ip := a.(*net.IPNet).IP; ip.To4() != nil && !ip.IsLoopback() {
			out = append(out, ip.String())
		}
	}
	return out
}

func TestNoPrivilegeIsGained(t *testing.T) {
	t.Parallel()
	s := running(t, nil,
		map[string]string{"Dockerfile": "FROM python:3.12-slim\nRUN cp $(readlink -f $(command -v python3)) /rise && " +
			"chmod 4755 /rise\nCOPY main.py /main.py\nUSER 1000\nCMD [\"python3\", \"/main.py\"]\n"})
	require.Equal(t, "1000", says(t, s, "/setuid"))
	require.Equal(t, "EPERM", says(t, s, "/mount"))
	status := says(t, s, "/status")
	for _, line := range []string{"NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000",
		"CapBnd:\t00000000000004eb"} {
		require.Contains(t, status, line)
	}
	root := running(t, nil, nil)
	require.Equal(t, "EPERM", says(t, root, "/mount"))
	require.Contains(t, says(t, root, "/status"), "CapEff:\t00000000000004eb",
		"what the list of capabilities says and no more")
	require.Regexp(t, `Max core file size +0 +0`, says(t, root, "/limits"))
	require.Regexp(t, `Max file size +60000000 +60000000`, says(t, root, "/limits"))
}

func TestSandboxSaysWhatHolds(t *testing.T) {
	t.Parallel()
	s := running(t, nil, nil)
	require.Equal(t, check.Sandbox{Memory: "enforced", PIDs: "enforced", CPU: "enforced", Disk: "watched",
		Network: "isolated", Log: "enforced"}, s.Sandbox())
}

// TestMeter: a program that others keep from the processor gets its time back, and one that keeps
// itself does not.
func TestMeter(t *testing.T) {
	t.Parallel()
	s := running(t, func(j *check.Job) { j.Limits.Run.CPUs = 0.2 }, nil)
	require.NotEmpty(t, s.main.group, "the processes of a container are this machine's")
	require.Equal(t, "spinning", says(t, s, "/spin?6"))
	m := s.main.meter()
	require.Eventually(t, func() bool {
		m.starved()
		return m.sums[0] > time.Second/4 && m.sums[1] > 0
	}, soon, pollTime)
	bound := time.Duration(float64(time.Since(m.begun)) - float64(m.sums[0])/0.2)
	require.LessOrEqual(t, m.starved(), max(0, bound)+time.Second,
		"threads that wait for each other gain no more than the share that was not had")
	_, err := fs.Stat(os.DirFS(s.main.group), "cgroup.procs")
	require.NoError(t, err)
}
