package engine

import (
	"context"
	"fmt"

	"time"

	"github.com/moby/moby/client"
)

// Finding is what doctor says of one thing.
type Finding struct {
	Name   string
	Status string // ok, warn, bad
	Detail string
	Fix    string
}

type limitsHeld struct{ memory, pids, cpu bool }

// limits asks the engine once which limits it can enforce. An engine that does not say is believed to.
func (e *Engine) limits() limitsHeld {
	e.limitsOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		e.held = limitsHeld{true, true, true}
		if info, err := e.api.Info(ctx, client.InfoOptions{}); err == nil {
			e.held = limitsHeld{memory: info.Info.MemoryLimit, pids: info.Info.PidsLimit, cpu: info.Info.CPUCfsQuota}
		}
	})
	return e.held
}

// Doctor says what holds on this engine, and how to get what does not.
func (e *Engine) Doctor(ctx context.Context) ([]Finding, error) {
	info, err := e.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return nil, fmt.Errorf("asking the engine: %w", err)
	}
	i := info.Info
	findings := []Finding{{Name: "engine", Status: "ok", Detail: fmt.Sprintf("Docker %s, %s, %d processors, %.1f GB", i.ServerVersion, i.OperatingSystem, i.NCPU, float64(i.MemTotal)/1e9)}}
	limit := func(name string, holds bool, fix string) {
		f := Finding{Name: name, Status: "ok", Detail: "enforced"}
		if !holds {
			f = Finding{Name: name, Status: "bad", Detail: "not enforced on this engine", Fix: fix}
		}
		findings = append(findings, f)
	}
	limit("memory limit", i.MemoryLimit, "enable the memory control group: cgroup_enable=memory on the kernel's command line, or for rootless Docker delegate it (systemd Delegate=memory)")
	limit("swap limit", i.SwapLimit, "add swapaccount=1 to the kernel's command line")
	limit("process limit", i.PidsLimit, "enable the pids control group; rootless Docker needs control groups v2 and systemd")
	limit("processor limit", i.CPUCfsQuota, "enable CFS bandwidth control; rootless Docker needs systemd Delegate=cpu")
	findings = append(findings, e.network(ctx),
		Finding{Name: "host services", Status: "warn", Detail: "a program can reach services that listen on this machine's own addresses in its network",
			Fix: "sudo iptables -I INPUT -i br-+ -j DROP, if nothing else needs those bridges"},
		Finding{Name: "build memory", Status: "warn", Detail: "BuildKit does not bound a build's memory; its time is bounded", Fix: "give the engine itself a memory limit"})
	return findings, nil
}

// network makes an isolated network to see whether its containers could be asked.
func (e *Engine) network(ctx context.Context) Finding {
	taken, err := e.networks.take(ctx)
	if err != nil {
		return Finding{Name: "network isolation", Status: "bad", Detail: err.Error(), Fix: "docker network prune frees address pools"}
	}
	e.networks.give(taken)
	if !taken.reachable {
		return Finding{Name: "network isolation", Status: "warn", Detail: "containers cannot be asked at their own address from here (Docker Desktop, or an engine elsewhere), so ports are published on 127.0.0.1",
			Fix: "grade on Linux with the engine on the same machine"}
	}
	return Finding{Name: "network isolation", Status: "ok", Detail: "programs reach no other address"}
}
