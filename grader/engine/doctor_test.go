package engine

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	dockercontainer "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/engine/owner"
)

// said returns what judge says of one thing, as one line.
func said(findings []Finding, name string) string {
	for _, f := range findings {
		if f.Name == name {
			return strings.TrimSpace(fmt.Sprintf("%s: %s | %s", f.Status, f.Detail, f.Fix))
		}
	}
	return ""
}

func TestWhatTheEngineSaysOfItself(t *testing.T) {
	good := system.Info{ServerVersion: "26.1.5", OperatingSystem: "Debian", OSType: "linux", Architecture: "x86_64",
		NCPU: 2, MemTotal: 8e9, Driver: "overlay2",
		MemoryLimit: true, SwapLimit: true, PidsLimit: true, CPUCfsQuota: true,
		SecurityOptions: []string{"name=apparmor", "name=seccomp,profile=builtin"}}
	change := func(f func(*system.Info)) system.Info { i := good; f(&i); return i }
	for _, c := range []struct {
		name  string
		info  system.Info
		about string
		want  string
	}{
		{"engine", good, "engine", "ok: Docker 26.1.5, Debian, x86_64, 2 processors, 8.0 GB |"},
		{"memory", good, "memory limit", "warn: enforced, says the engine; not tried: no image is here |"},
		{"seccomp", good, "system calls", ""},
		{"windows containers", change(func(i *system.Info) { i.OSType = "windows" }), "engine",
			"bad: Docker 26.1.5, Debian, x86_64, 2 processors, 8.0 GB | switch Docker Desktop to Linux containers"},
		{"no memory group", change(func(i *system.Info) { i.MemoryLimit = false }), "memory limit",
			"bad: not enforced: a program can take all memory | cgroup_enable=memory on the kernel's command line, " +
				"then restart"},
		{"no swap account", change(func(i *system.Info) { i.SwapLimit = false }), "swap limit",
			"warn: not enforced: a program can swap beyond its memory limit | swapaccount=1 on the kernel's command " +
				"line, then restart; or swapoff -a"},
		{"no pids", change(func(i *system.Info) { i.PidsLimit = false }), "process limit",
			"bad: not enforced: a fork bomb takes the machine | a kernel with the pids control group " +
				"(CONFIG_CGROUP_PIDS)"},
		{"no quota", change(func(i *system.Info) { i.CPUCfsQuota = false }), "processor limit",
			"bad: not enforced: a program can take all processors | a kernel with CFS bandwidth control " +
				"(CONFIG_CFS_BANDWIDTH)"},
		{"rootless", change(func(i *system.Info) {
			i.PidsLimit = false
			i.SecurityOptions = append(i.SecurityOptions, "name=rootless")
		}), "process limit",
			"bad: not enforced: a fork bomb takes the machine | rootless Docker needs control groups v2 and systemd: " +
				"create /etc/systemd/system/user@.service.d/delegate.conf with [Service] Delegate=cpu cpuset io " +
				"memory pids, then log in again"},
		{"rootless on v1", change(func(i *system.Info) {
			i.PidsLimit, i.CgroupVersion = false, "1"
			i.SecurityOptions = append(i.SecurityOptions, "name=rootless")
		}), "process limit",
			"bad: not enforced: a fork bomb takes the machine | rootless Docker enforces limits with control groups " +
				"v2 alone: boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line"},
		{"a store of layers", good, "image store", "ok: overlay2 |"},
		{"containerd's store", change(func(i *system.Info) {
			i.Driver, i.DriverStatus = "overlayfs", [][2]string{{"driver-type", "io.containerd.snapshotter.v1"}}
		}), "image store",
			"ok: containerd's, with overlayfs: sizes are counted as overlay2 counts them, not as docker images " +
				"does here |"},
		{"small", change(func(i *system.Info) { i.MemTotal = 1e9 }), "memory",
			"warn: the engine has 1.0 GB | give it 2 GB or more (Docker Desktop: Settings, Resources), or grade with " +
				"--jobs 1"},
		{"no seccomp", change(func(i *system.Info) { i.SecurityOptions = nil }), "system calls",
			"warn: not filtered: the engine has no seccomp profile | start the engine without " +
				"seccomp-profile=unconfined, on a kernel with CONFIG_SECCOMP_FILTER"},
		{"seccomp off",
			change(func(i *system.Info) { i.SecurityOptions = []string{"name=seccomp,profile=unconfined"} }),
			"system calls",
			"warn: not filtered: the engine has no seccomp profile | start the engine without " +
				"seccomp-profile=unconfined, on a kernel with CONFIG_SECCOMP_FILTER"},
	} {
		require.Equal(t, c.want, said(judge(c.info, untried("no image is here")), c.about), c.name)
	}
}

// TestWhatWasTried: what a program came to is believed before what the engine says of itself.
func TestWhatWasTried(t *testing.T) {
	held := func() *trial {
		return &trial{Processes: 15, Processor: 0.51, Held: 8, Files: 1021, Size: 8e6, Written: 1 << 20,
			Reached: []string{}, ended: true, killed: true,
			isolated: true, gateway: "172.18.0.1:1", other: "10.0.0.5:2", program: "172.17.0.2:8000"}
	}
	for _, c := range []struct {
		about, want string
		change      func(*trial)
		lacks       bool // and the engine says so
	}{
		{"memory limit", "ok: enforced: a program that took more than 64MB was ended |", func(*trial) {}, false},
		{"swap limit", "ok: enforced: it was ended, and had no swap to go on with |", func(*trial) {}, true},
		{"memory limit",
			"bad: not enforced: a program can take all memory: a program took 256 MB where 64MB are allowed | " +
				"cgroup_enable=memory on the kernel's command line, then restart",
			func(tr *trial) { tr.killed = false }, false},
		{"process limit",
			"ok: enforced: a program that starts others without end had 16 processes where 16 are allowed |",
			func(*trial) {}, false},
		{"process limit",
			"bad: not enforced: a fork bomb takes the machine: a program that starts others without end had 65 " +
				"processes where 16 are allowed | a kernel with the pids control group (CONFIG_CGROUP_PIDS)",
			func(tr *trial) { tr.Processes = 64 }, false},
		{"processor limit",
			"ok: enforced: a program that computes without end had 0.51 of a processor where 0.50 are allowed |",
			func(*trial) {}, false},
		{"processor limit", "warn: enforced, says the engine; not tried: the machine is too busy to tell |",
			func(tr *trial) { tr.Processor, tr.Held = 0.2, 0 }, false},
		{"processor limit",
			"bad: not enforced: a program can take all processors: a program that computes without end had 0.98 of a " +
				"processor where 0.50 are allowed | a kernel with CFS bandwidth control (CONFIG_CFS_BANDWIDTH)",
			func(tr *trial) { tr.Processor, tr.Held = 0.98, -1 }, true},
		{"open files", "ok: enforced: a program that opens files without end had 1021 where 1024 are allowed |",
			func(*trial) {}, false},
		{"open files",
			"warn: not enforced: a program can open as many as the engine lets it: a program that opens files " +
				"without end had 5000 where 1024 are allowed | start the engine with --default-ulimit nofile=1024:4096",
			func(tr *trial) { tr.Files = 5000 }, false},
		{"disk limit",
			"ok: watched: a program that wrote more than 8MB was ended, looked at every 1s; no file grew beyond them |",
			func(*trial) {}, false},
		{"disk limit",
			"warn: watched: a program that wrote more than 8MB was ended, looked at every 1s; one file had grown to " +
				"33554432 bytes |",
			func(tr *trial) { tr.Size = 32 << 20 }, false},
		{"disk limit",
			"bad: not enforced: a program wrote 50331648 bytes where 8MB are allowed | give the engine a " +
				"disk of its own",
			func(tr *trial) { tr.ended, tr.Written = false, 48<<20 }, false},
	} {
		tr := held()
		c.change(tr)
		require.Equal(t, c.want, said(judge(system.Info{OSType: "linux", MemoryLimit: !c.lacks, SwapLimit: !c.lacks,
			PidsLimit: !c.lacks, CPUCfsQuota: !c.lacks}, tr), c.about))
	}
	const rule = "sudo iptables -I INPUT -i tgrade-+ -m conntrack --ctstate NEW -j DROP closes those, too"
	for _, c := range []struct {
		reached []string
		want    string
	}{
		{nil, "warn: programs have a network of their own; not tried: the machine is too busy to tell |"},
		{[]string{}, "ok: programs reach no other host and no other program, and no service of this machine |"},
		{[]string{"172.18.0.1:1"},
			"warn: programs reach no other host and no other program; services of this machine they reach at their " +
				"own network's gateway, and not at its other addresses | " + rule},
		{[]string{"172.18.0.1:1", "10.0.0.5:2"},
			"warn: programs reach no other host and no other program; services that listen on this machine's own " +
				"addresses they do reach | " + rule},
		{[]string{"172.17.0.2:8000"},
			`bad: not enforced: a program reached another container | see that the engine may write firewall rules: ` +
				`"iptables" in /etc/docker/daemon.json must not be false`},
	} {
		tr := held()
		tr.Reached = c.reached
		require.Equal(t, c.want, said([]Finding{tr.network()}, "network isolation"))
	}
}

func TestWhatBecameOfTheRegistry(t *testing.T) {
	for _, c := range []struct {
		text, engines, shells string
		status, detail        string
	}{
		{"", "", "", "ok", "answers"},
		{"toomanyrequests: You have reached your pull rate limit", "", "", "warn",
			"answers, and allows no more pulls for now"},
		{"Get \"https://registry-1.docker.io/v2/\": x509: certificate signed by unknown authority", "", "", "warn",
			"does not answer: something between here and there has a certificate of its own"},
		{"Get \"https://registry-1.docker.io/v2/\": proxyconnect tcp: dial tcp: lookup proxy: no such host", "", "",
			"warn", "does not answer through the engine's proxy"},
		{"Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host", "",
			"http://proxy:3128", "warn", "does not answer: this shell has a proxy, and the engine has none"},
		{"Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host", "", "",
			"warn", "does not answer: base images that are not here cannot be pulled"},
	} {
		var err error
		if c.text != "" {
			err = errors.New(c.text)
		}
		f := judgeRegistry(err, c.engines, c.shells)
		require.Equal(t, c.status, f.Status, c.text)
		require.Equal(t, c.detail, f.Detail, c.text)
		require.Equal(t, c.status != "ok", f.Fix != "", c.text)
	}
}

func TestDiskSpace(t *testing.T) {
	for free, status := range map[uint64]string{1e9: "bad", 5e9: "warn", 50e9: "ok"} {
		f := judgeSpace(Finding{Status: "ok"}, "/var/lib/docker", free)
		require.Equal(t, status, f.Status)
		require.Equal(t, status != "ok", f.Fix != "")
	}
}

// TestDoctorOnThisEngine: each limit is hit, and nothing of it stays.
func TestDoctorOnThisEngine(t *testing.T) {
	findings, err := tested.Doctor(t.Context())
	require.NoError(t, err)
	for _, name := range []string{"engine", "build", "builder", "disk space", "registry", "image store"} {
		require.NotEmpty(t, said(findings, name), name)
	}
	for name, want := range map[string]string{
		"memory limit": "ok: enforced: a program that took more than 64MB was ended |",
		"swap limit":   "ok: enforced: it was ended, and had no swap to go on with |",
		"process limit": "ok: enforced: a program that starts others without end had 16 processes where 16 are " +
			"allowed |",
		"open files": "ok: enforced: a program that opens files without end had 1021 where 1024 are allowed |",
		"disk limit": "ok: watched: a program that wrote more than 8MB was ended, looked at every 1s; no file " +
			"grew beyond them |",
		"processor limit":   "enforced",
		"network isolation": "warn: programs reach no other host and no other program; services ",
		"build isolation":   "; a step of a build may open ",
	} {
		require.Contains(t, said(findings, name), want)
	}
	left, err := tested.api.ContainerList(t.Context(), client.ContainerListOptions{All: true, Filters: client.Filters{}.
		Add("label", fmt.Sprintf("%s=%d", owner.LabelPID, os.Getpid()))})
	require.NoError(t, err)
	require.Empty(t, slices.DeleteFunc(left.Items,
		func(c dockercontainer.Summary) bool { return !strings.Contains(c.Command, "python3 -c") }))
}

func TestOlder(t *testing.T) {
	for version, want := range map[string]bool{"1.40": true, "1.41": false, "1.9": true, "1.100": false, "2.0": false,
		"odd": false} {
		require.Equal(t, want, older(version, 1, 41), version)
	}
}
