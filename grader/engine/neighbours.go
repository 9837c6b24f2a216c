package engine

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
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

// neighbours keeps the builds of this machine apart, while there are any.
type neighbours struct {
	mu      sync.Mutex
	builds  int
	stop    context.CancelFunc
	watched sync.WaitGroup
}

// begin keeps builds apart until done is called.
func (n *neighbours) begin() (done func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.builds++; n.builds == 1 && n.can() {
		ctx, stop := context.WithCancel(context.Background())
		n.stop = stop
		n.watched.Go(func() {
			for ctx.Err() == nil {
				n.part()
				time.Sleep(portsTime)
			}
		})
	}
	return sync.OnceFunc(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.builds--; n.builds == 0 && n.stop != nil {
			n.stop()
			n.watched.Wait()
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
