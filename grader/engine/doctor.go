package engine

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"
	"github.com/shirou/gopsutil/v4/disk"

	"github.com/taskgrader/taskgrader/grader/baseimage"

	"github.com/taskgrader/taskgrader/grader/check"
)

// Finding is what doctor says of one thing.
type Finding struct {
	Name   string
	Status string // ok, warn, bad
	Detail string
	Fix    string
}

type limitsHeld struct{ memory, pids, cpu bool }

// limits returns those that the engine can enforce. One that does not say is believed to.
func (e *Engine) limits() limitsHeld {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	about, err := e.about(ctx)
	if err != nil {
		return limitsHeld{true, true, true}
	}
	return limitsHeld{memory: about.MemoryLimit, pids: about.PidsLimit, cpu: about.CPUCfsQuota}
}

// registryTime is how long the engine may take to ask a registry.
const registryTime = 8 * time.Second

// Doctor returns what holds on this engine, and how to get what does not. It is the one thing here
// that has the engine ask a registry without need.
func (e *Engine) Doctor(ctx context.Context) ([]Finding, error) {
	info, err := e.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return nil, fmt.Errorf("asking the engine: %w", err)
	}
	trying := make(chan *trial, 1)
	go func() { trying <- e.try(ctx) }()
	asking, cancel := context.WithTimeout(ctx, registryTime)
	defer cancel()
	_, err = e.api.DistributionInspect(asking, "docker.io/library/python:3.12-slim",
		client.DistributionInspectOptions{})
	tried := <-trying
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	registry := judgeRegistry(err, info.Info.HTTPSProxy, cmp.Or(os.Getenv("HTTPS_PROXY"), os.Getenv("https_proxy")))
	return append(judge(info.Info, tried), buildBounds(e.stepsBounded(ctx, info.Info)), e.building(),
		e.buildNetwork(e.rawInBuilds(ctx)), e.network(ctx, tried), space(info.Info.DockerRootDir), registry), nil
}

// judge returns what the engine's own account of itself means, and what was tried.
func judge(i system.Info, t *trial) []Finding {
	rootless := slices.ContainsFunc(i.SecurityOptions, func(o string) bool { return strings.Contains(o, "rootless") })
	name := "Docker"
	engine := Finding{Name: "engine", Status: "ok"}
	switch {
	case i.OSType != "" && i.OSType != "linux":
		engine.Status, engine.Fix = "bad", "switch Docker Desktop to Linux containers"
	case rootless:
		name = "rootless Docker"
	}
	engine.Detail = fmt.Sprintf("%s %s, %s, %s, %d processors, %.1f GB", name, i.ServerVersion, i.OperatingSystem,
		i.Architecture, i.NCPU, float64(i.MemTotal)/1e9)
	findings := []Finding{engine}

	limit := func(name string, o outcome, says bool, status, missing, fix string) {
		f := Finding{Name: name, Status: status, Detail: missing, Fix: fix}
		switch {
		case o.seen != "" && o.holds:
			f.Status, f.Detail, f.Fix = "ok", "enforced: "+o.seen, ""
		case o.seen == "" && says:
			f.Status, f.Detail, f.Fix = "warn", "enforced, says the engine; not tried: "+t.why(), ""
		case rootless && i.CgroupVersion == "1":
			f.Fix = "rootless Docker enforces limits with control groups v2 alone: boot with " +
				"systemd.unified_cgroup_hierarchy=1 on the kernel's command line"
		case rootless:
			f.Fix = "rootless Docker needs control groups v2 and systemd: create " +
				"/etc/systemd/system/user@.service.d/delegate.conf with [Service] Delegate=cpu cpuset io memory " +
				"pids, then log in again"
		}
		if o.seen != "" && !o.holds {
			f.Detail += ": " + o.seen
		}
		findings = append(findings, f)
	}
	limit("memory limit", t.memory(), i.MemoryLimit, "bad", "not enforced: a program can take all memory",
		"cgroup_enable=memory on the kernel's command line, then restart")
	limit("swap limit", t.swap(), i.SwapLimit, "warn", "not enforced: a program can swap beyond its memory limit",
		"swapaccount=1 on the kernel's command line, then restart; or swapoff -a")
	limit("process limit", t.processes(), i.PidsLimit, "bad", "not enforced: a fork bomb takes the machine",
		"a kernel with the pids control group (CONFIG_CGROUP_PIDS)")
	limit("processor limit", t.processor(), i.CPUCfsQuota, "bad", "not enforced: a program can take all processors",
		"a kernel with CFS bandwidth control (CONFIG_CFS_BANDWIDTH)")
	limit("open files", t.files(), true, "warn", "not enforced: a program can open as many as the engine lets it",
		"start the engine with --default-ulimit nofile=1024:4096")
	if i.MemTotal > 0 && i.MemTotal < 2e9 {
		findings = append(findings, Finding{"memory", "warn", fmt.Sprintf("the engine has %.1f GB",
			float64(i.MemTotal)/1e9),
			"give it 2 GB or more (Docker Desktop: Settings, Resources), or grade with --jobs 1"})
	}
	if !slices.ContainsFunc(i.SecurityOptions, func(o string) bool {
		return strings.HasPrefix(o, "name=seccomp") && !strings.Contains(o, "unconfined")
	}) {
		findings = append(findings, Finding{"system calls", "warn", "not filtered: the engine has no seccomp profile",
			"start the engine without seccomp-profile=unconfined, on a kernel with CONFIG_SECCOMP_FILTER"})
	}
	store := Finding{Name: "image store", Status: "ok", Detail: i.Driver}
	if keepsBlobs(i) {
		store.Detail = "containerd's, with " + i.Driver +
			": sizes are counted as overlay2 counts them, not as docker images does here"
	}
	return append(findings, store,
		t.disk())
}

// takesMemory is a step of a build that wants more memory than it may have, once there was time to
// say how much that is.
const takesMemory = `sleep 1; python3 -c "x = bytearray(300 << 20)"`

// stepsBounded tries whether a step of a build can be held to limits.
func (e *Engine) stepsBounded(ctx context.Context, about system.Info) outcome {
	if _, err := e.trialImage(ctx); err != nil {
		return outcome{seen: "whether a step can be held to limits was not tried"}
	}
	l := check.DefaultLimits().Build
	l.Memory = 100_000_000
	holding, stop := context.WithCancel(ctx)
	defer stop()
	go func() { // no other step, which may be of a class that is graded meanwhile
		for ; holding.Err() == nil; time.Sleep(stepsTime) {
			for _, groups := range stepGroupsOf(about.DockerRootDir) {
				if pids, _ := processesIn(groups[0]); !strings.Contains(commandOf(pids), takesMemory) {
					continue
				}
				for _, group := range groups {
					limitStep(group, l)
				}
			}
		}
	}()
	if code, ran := e.step(ctx, baseimage.Default[0], takesMemory); ran && code != 0 {
		return outcome{true, fmt.Sprintf("a step that took more than %s was ended", l.Memory)}
	}
	return outcome{seen: "a step took 300 MB where 100 MB were allowed: steps are held to limits only where root " +
		"grades on the engine's machine, with control groups in /docker/buildkit"}
}

// buildBounds returns what of a build is bounded.
func buildBounds(steps outcome) Finding {
	if l := check.DefaultLimits().Build; steps.holds {
		return Finding{Name: "build", Status: "ok", Detail: fmt.Sprintf("bounded in time, context and log; a step, of "+
			"others' builds too while one goes on here, in memory (%s), processes (%d) and disk (%s): %s; not in "+
			"processors: what others take is given back; and a build may use the network", l.Memory,
			l.PIDs, l.Disk, steps.seen)}
	}
	return Finding{Name: "build", Status: "warn",
		Detail: "bounded in time, context and log, not in memory, processes and disk; " + steps.seen +
			"; a build may use the network",
		Fix: "grade as root there, or give the engine itself limits; limits: {build: {network: none}} in the rubric " +
			"cuts builds off, which then install only what the image has"}
}

// building returns the way in which this engine is asked to build.
func (e *Engine) building() Finding {
	f := Finding{Name: "builder", Status: "ok", Detail: e.Builder()}
	if e.builder.client == nil {
		f.Status, f.Fix = "warn", "where a proxy stands before the engine's socket, let POST /grpc through"
	}
	return f
}

// opensRaw ends with 0 where a step of a build may open a raw socket, by which one could pretend to
// be another on its network, and with 9 where it may not.
const opensRaw = `python3 -c "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)" || exit 9`

// rawInBuilds tries whether a step of a build may open a raw socket. BuildKit's own word is nowhere,
// and it takes no capability from a build that is asked for.
func (e *Engine) rawInBuilds(ctx context.Context) outcome {
	if _, err := e.trialImage(ctx); err != nil {
		return outcome{}
	}
	switch code, ran := e.step(ctx, baseimage.Default[0], opensRaw); {
	case ran && code == 0:
		return outcome{false, "a step of a build may open raw sockets (NET_RAW), which BuildKit does not take away"}
	case code == 9:
		return outcome{true, "a step of a build may open no raw sockets"}
	}
	return outcome{}
}

// buildNetwork returns whether builds that go on at once reach each other.
func (e *Engine) buildNetwork(raw outcome) Finding {
	f := Finding{Name: "build isolation", Status: "ok",
		Detail: "builds reach the network and no other build: each port of the engine's bridge speaks with this " +
			"machine alone"}
	if !e.apart.can() {
		f = Finding{Name: "build isolation", Status: "warn",
			Detail: "builds that go on at once share the engine's default bridge, where one could pretend to be " +
				"another: its ports cannot be parted from here",
			Fix: "grade as root on the engine's machine, or with --jobs 1, or with limits: {build: {network: none}} " +
				"in the rubric"}
	}
	if f.Detail += "; "; raw.seen == "" {
		raw.seen = "whether a step may open raw sockets was not tried"
	}
	f.Detail += raw.seen
	return f
}

// network returns what a container of a network of its own reaches.
func (e *Engine) network(ctx context.Context, t *trial) Finding {
	taken, err := e.networks.take(ctx)
	if err != nil {
		return Finding{Name: "network isolation", Status: "bad", Detail: err.Error(),
			Fix: "docker network prune gives address pools back"}
	}
	e.networks.give(taken)
	if !taken.reachable {
		return Finding{Name: "network isolation", Status: "warn",
			Detail: "not isolated: containers cannot be asked at their own address from here (Docker Desktop, " +
				"rootless, or an engine elsewhere), " +
				"so ports are published on 127.0.0.1 and programs reach the network",
			Fix: "where that matters, grade on Linux with the engine on the same machine"}
	}
	return t.network()
}

// space returns how much disk the engine has left, where its folder is on this machine.
func space(root string) Finding {
	f := Finding{Name: "disk space", Status: "ok"}
	usage, err := disk.Usage(root)
	if err != nil || runtime.GOOS != "linux" {
		f.Detail = "not known: the engine's disk is not this machine's (docker system df says what it holds)"
		return f
	}
	return judgeSpace(f, root, usage.Free)
}

func judgeSpace(f Finding, root string, free uint64) Finding {
	f.Detail = fmt.Sprintf("%.1f GB free at %s", float64(free)/1e9, root)
	switch {
	case free < 2e9:
		f.Status = "bad"
	case free < 10e9:
		f.Status = "warn"
	default:
		return f
	}
	f.Fix = "docker builder prune gives back what builds left; docker image prune what has no name"
	return f
}

var (
	proxyTrouble = regexp.MustCompile(`(?i)(proxyconnect|proxy authentication|407 )`)
	certTrouble  = regexp.MustCompile(`(?i)(x509|certificate)`)
	tooMany      = regexp.MustCompile(`(?i)(toomanyrequests|rate limit)`)
)

// judgeRegistry reports whether the engine gets images, by what became of asking for one.
func judgeRegistry(err error, engines, shells string) Finding {
	f := Finding{Name: "registry", Status: "warn"}
	switch {
	case err == nil:
		f.Status, f.Detail = "ok", "answers"
		return f
	case tooMany.MatchString(err.Error()):
		f.Detail, f.Fix = "answers, and allows no more pulls for now", "docker login raises the limit"
	case certTrouble.MatchString(err.Error()):
		f.Detail, f.Fix = "does not answer: something between here and there has a certificate of its own",
			"give the engine the certificate of your proxy: /etc/docker/certs.d, or the system's trust store, then "+
				"restart it"
	case proxyTrouble.MatchString(err.Error()), engines != "":
		f.Detail, f.Fix = "does not answer through the engine's proxy",
			"correct the proxy in /etc/docker/daemon.json (Docker Desktop: Settings, Resources, Proxies); taskgrader "+
				"images --offline does without a registry"
	case shells != "":
		f.Detail, f.Fix = "does not answer: this shell has a proxy, and the engine has none",
			`set "proxies" in /etc/docker/daemon.json (Docker Desktop: Settings, Resources, Proxies), then `+
				`restart the engine`
	default:
		f.Detail, f.Fix = "does not answer: base images that are not here cannot be pulled",
			"connect to the internet, or taskgrader images --offline makes stand-ins"
	}
	return f
}
