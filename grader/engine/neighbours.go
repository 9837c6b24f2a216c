package engine

import (
	"context"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
)

// The steps of all builds get their network from the engine's default bridge: its BuildKit takes no
// other. There one could lie to another about who is who (ARP), or ask what it serves. Each port of
// a bridge can be told to speak with the machine alone, and with no other such port; who is root on
// the engine's machine can tell them so, and nothing of a firewall is needed.

// bridge is where the engine's builds get their network.
const bridge = "/sys/class/net/docker0/brif"

// portsTime is the pause between two looks for new ports: a step of a build needs longer to start a
// program.
const portsTime = 10 * time.Millisecond

// stepsTime is the pause between two looks for new steps.
const stepsTime = 40 * time.Millisecond

// neighbours keeps the builds of this machine apart, while there are any.
type neighbours struct {
	mu     sync.Mutex
	builds map[*ownBuild]bool
	limits check.BuildLimits // the widest of these builds
	steps  stepBounds
	stop   context.CancelFunc
}

// ownBuild is a build of this process.
type ownBuild struct{ commands func() []string }

// runs reports whether a command is that of a step of this process's builds.
func (n *neighbours) runs(command string) bool {
	n.mu.Lock()
	builds := slices.Collect(maps.Keys(n.builds))
	n.mu.Unlock()
	return slices.ContainsFunc(builds, func(b *ownBuild) bool { return runsOne(command, b.commands()) })
}

// begin keeps builds apart, and their steps within limits, until done is called. root is the
// engine's folder, and commands gives those of the build's steps.
func (n *neighbours) begin(root string, l check.BuildLimits, commands func() []string) (done func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.limits.Memory, n.limits.Disk = max(n.limits.Memory, l.Memory), max(n.limits.Disk, l.Disk)
	n.limits.PIDs = max(n.limits.PIDs, l.PIDs)
	if n.builds == nil {
		n.builds = map[*ownBuild]bool{}
	}
	one := &ownBuild{commands}
	n.builds[one] = true
	if len(n.builds) == 1 && os.Geteuid() == 0 {
		ctx, stop := context.WithCancel(context.Background())
		n.stop = stop
		go func() {
			for n.can() && ctx.Err() == nil {
				n.part()
				time.Sleep(portsTime)
			}
		}()
		go func() {
			for ctx.Err() == nil {
				n.mu.Lock()
				l := n.limits
				n.mu.Unlock()
				if ctx.Err() == nil { // else the limits are no build's
					n.steps.keep(root, l, n.runs)
				}
				time.Sleep(stepsTime)
			}
		}()
	}
	return sync.OnceFunc(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if delete(n.builds, one); len(n.builds) > 0 {
			return
		}
		if n.limits = (check.BuildLimits{}); n.stop != nil {
			n.stop()
			n.stop = nil
		}
	})
}

// can reports whether this process may tell the ports of the bridge anything.
func (n *neighbours) can() bool {
	own, err := net.InterfaceByName(filepath.Base(filepath.Dir(bridge)))
	if err != nil || os.Geteuid() != 0 {
		return false
	}
	shown, err := os.ReadFile(filepath.Join(bridge, "..", "ifindex")) // what is mounted there may be another network's
	return err == nil && strings.TrimSpace(string(shown)) == strconv.Itoa(own.Index)
}

// part tells each port of the bridge to speak with the machine alone. One may be gone by then.
func (n *neighbours) part() {
	ports, _ := os.ReadDir(bridge)
	for _, port := range ports {
		name := filepath.Join(bridge, port.Name(), "isolated")
		if now, err := os.ReadFile(name); err == nil && len(now) > 0 && now[0] == '0' {
			_ = os.WriteFile(name, []byte("1"), 0o644)
		}
	}
}
