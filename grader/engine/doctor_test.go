package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/system"
	"github.com/stretchr/testify/require"
)

// said is what judge says of one thing, as one line.
func said(findings []Finding, name string) string {
	for _, f := range findings {
		if f.Name == name {
			return strings.TrimSpace(fmt.Sprintf("%s: %s | %s", f.Status, f.Detail, f.Fix))
		}
	}
	return ""
}

func TestWhatTheEngineSaysOfItself(t *testing.T) {
	good := system.Info{ServerVersion: "26.1.5", OperatingSystem: "Debian", OSType: "linux", Architecture: "x86_64", NCPU: 2, MemTotal: 8e9, Driver: "overlay2",
		MemoryLimit: true, SwapLimit: true, PidsLimit: true, CPUCfsQuota: true, SecurityOptions: []string{"name=apparmor", "name=seccomp,profile=builtin"}}
	change := func(f func(*system.Info)) system.Info { i := good; f(&i); return i }
	for _, c := range []struct {
		name  string
		info  system.Info
		about string
		want  string
	}{
		{"engine", good, "engine", "ok: Docker 26.1.5, Debian, x86_64, 2 processors, 8.0 GB |"},
		{"memory", good, "memory limit", "ok: enforced |"},
		{"seccomp", good, "system calls", ""},
		{"windows containers", change(func(i *system.Info) { i.OSType = "windows" }), "engine", "bad: Docker 26.1.5, Debian, x86_64, 2 processors, 8.0 GB | switch Docker Desktop to Linux containers"},
		{"no memory group", change(func(i *system.Info) { i.MemoryLimit = false }), "memory limit", "bad: not enforced: a program can take all memory | cgroup_enable=memory on the kernel's command line, then restart"},
		{"no swap account", change(func(i *system.Info) { i.SwapLimit = false }), "swap limit", "warn: not enforced: a program can swap beyond its memory limit | swapaccount=1 on the kernel's command line, then restart; or swapoff -a"},
		{"no pids", change(func(i *system.Info) { i.PidsLimit = false }), "process limit", "bad: not enforced: a fork bomb takes the machine | a kernel with the pids control group (CONFIG_CGROUP_PIDS)"},
		{"no quota", change(func(i *system.Info) { i.CPUCfsQuota = false }), "processor limit", "bad: not enforced: a program can take all processors | a kernel with CFS bandwidth control (CONFIG_CFS_BANDWIDTH)"},
		{"rootless", change(func(i *system.Info) {
			i.PidsLimit = false
			i.SecurityOptions = append(i.SecurityOptions, "name=rootless")
		}), "process limit", "bad: not enforced: a fork bomb takes the machine | rootless Docker needs control groups v2 and systemd: create /etc/systemd/system/user@.service.d/delegate.conf with [Service] Delegate=cpu cpuset io memory pids, then log in again"},
		{"rootless on v1", change(func(i *system.Info) {
			i.PidsLimit, i.CgroupVersion = false, "1"
			i.SecurityOptions = append(i.SecurityOptions, "name=rootless")
		}), "process limit", "bad: not enforced: a fork bomb takes the machine | rootless Docker enforces limits with control groups v2 alone: boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line"},
		{"a store of layers", good, "image store", "ok: overlay2 |"},
		{"containerd's store", change(func(i *system.Info) {
			i.Driver, i.DriverStatus = "overlayfs", [][2]string{{"driver-type", "io.containerd.snapshotter.v1"}}
		}), "image store", "ok: containerd's, with overlayfs: sizes are counted as overlay2 counts them, not as docker images does here |"},
		{"small", change(func(i *system.Info) { i.MemTotal = 1e9 }), "memory", "warn: the engine has 1.0 GB | give it 2 GB or more (Docker Desktop: Settings, Resources), or grade with --jobs 1"},
		{"no seccomp", change(func(i *system.Info) { i.SecurityOptions = nil }), "system calls", "warn: not filtered: the engine has no seccomp profile | start the engine without seccomp-profile=unconfined, on a kernel with CONFIG_SECCOMP_FILTER"},
		{"seccomp off", change(func(i *system.Info) { i.SecurityOptions = []string{"name=seccomp,profile=unconfined"} }), "system calls", "warn: not filtered: the engine has no seccomp profile | start the engine without seccomp-profile=unconfined, on a kernel with CONFIG_SECCOMP_FILTER"},
	} {
		require.Equal(t, c.want, said(judge(c.info), c.about), c.name)
	}
}

func TestWhatBecameOfTheRegistry(t *testing.T) {
	for _, c := range []struct {
		text, engines, shells string
		status, detail        string
	}{
		{"", "", "", "ok", "answers"},
		{"toomanyrequests: You have reached your pull rate limit", "", "", "warn", "answers, and allows no more pulls for now"},
		{"Get \"https://registry-1.docker.io/v2/\": x509: certificate signed by unknown authority", "", "", "warn", "does not answer: something between here and there has a certificate of its own"},
		{"Get \"https://registry-1.docker.io/v2/\": proxyconnect tcp: dial tcp: lookup proxy: no such host", "", "", "warn", "does not answer through the engine's proxy"},
		{"Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host", "", "http://proxy:3128", "warn", "does not answer: this shell has a proxy, and the engine has none"},
		{"Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host", "", "", "warn", "does not answer: base images that are not here cannot be pulled"},
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

func TestDoctorOnThisEngine(t *testing.T) {
	findings, err := tested.Doctor(t.Context())
	require.NoError(t, err)
	for _, name := range []string{"engine", "memory limit", "swap limit", "process limit", "processor limit", "disk limit", "build", "builder", "network isolation", "disk space", "registry"} {
		require.NotEmpty(t, said(findings, name), name)
	}
}

func TestOlder(t *testing.T) {
	for version, want := range map[string]bool{"1.40": true, "1.41": false, "1.9": true, "1.100": false, "2.0": false, "odd": false} {
		require.Equal(t, want, older(version, 1, 41), version)
	}
}
