package engine

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// networks are the isolated networks of this process. One costs up to 100 ms to make, so those that
// are free are used again; no two containers are ever in one at the same time.
type networks struct {
	engine *Engine
	mu     sync.Mutex
	free   []isolated
	all    []isolated
}

// bridgePrefix begins the names of the bridges on this machine, so that a firewall rule can name
// them all.
const bridgePrefix = "tgrade-"

// isolated is an internal network: no way out, and no published ports.
type isolated struct {
	id, name  string
	gateway   string
	reachable bool // its gateway is an address of this machine, so containers can be asked at their own
}

func (n *networks) take(ctx context.Context) (isolated, error) {
	n.mu.Lock()
	if last := len(n.free) - 1; last >= 0 {
		taken := n.free[last]
		n.free = n.free[:last]
		n.mu.Unlock()
		return taken, nil
	}
	n.mu.Unlock()
	name := n.engine.newName()
	creating, cancel := uninterrupted(ctx)
	defer cancel()
	taken, err := n.create(creating, name, nil)
	if usedUp(err) {
		taken, err = n.createSpare(creating, name)
	}
	if err != nil {
		return isolated{}, fmt.Errorf("making a network: %w", err)
	}
	return n.look(ctx, taken)
}

// look keeps a network in mind, and returns it with what it is.
func (n *networks) look(ctx context.Context, taken isolated) (isolated, error) {
	n.mu.Lock()
	n.all = append(n.all, taken)
	n.mu.Unlock()
	info, err := n.engine.api.NetworkInspect(ctx, taken.id, client.NetworkInspectOptions{})
	if err != nil {
		return isolated{}, fmt.Errorf("inspecting a network: %w", err)
	}
	for _, config := range info.Network.IPAM.Config {
		if ours(net.IP(config.Gateway.AsSlice())) {
			taken.reachable, taken.gateway = true, config.Gateway.String()
		}
	}
	return taken, nil
}

// spare are addresses that no network has but in trials of network gear (RFC 2544).
var spare = netip.MustParsePrefix("198.18.0.0/15")

// create makes a network; within gives its addresses, and without the engine does.
func (n *networks) create(ctx context.Context, name string, within *network.IPAM) (isolated, error) {
	made, err := n.engine.api.NetworkCreate(ctx, name, client.NetworkCreateOptions{Driver: "bridge", Internal: true,
		IPAM: within, Options: map[string]string{"com.docker.network.bridge.name": bridgePrefix + rand.Text()[:8]},
		Labels: n.engine.owner.Labels()})
	return isolated{id: made.ID, name: name}, err
}

// createSpare makes a network where the engine has no addresses left to give, as with many at once
// or beside other projects: by default it has them for some thirty networks.
func (n *networks) createSpare(ctx context.Context, name string) (made isolated, err error) {
	const bits, most = 28, 20 // of a subnet; subnets that are tried, since another process may have one
	for range most {
		at := spare.Addr().As4()
		number := mathrand.Uint32N(1 << (bits - spare.Bits()))
		binary.BigEndian.PutUint32(at[:], binary.BigEndian.Uint32(at[:])+number<<(32-bits))
		first := netip.AddrFrom4(at)
		made, err = n.create(ctx, name, &network.IPAM{Config: []network.IPAMConfig{
			{Subnet: netip.PrefixFrom(first, bits), Gateway: first.Next()}}})
		if !usedUp(err) {
			break
		}
	}
	return made, err
}

// usedUp reports whether an engine has no addresses for a network, or these are another's.
func usedUp(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "address pool") || // 20.10 to 28
		strings.Contains(err.Error(), "overlaps"))
}

// uninterrupted runs what makes something: broken off, the engine goes on making it, and nobody
// would know of it.
func uninterrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
}

// prefetch makes a network if none is free, so that the next container need not wait for one.
func (n *networks) prefetch(ctx context.Context) {
	n.mu.Lock()
	free := len(n.free)
	n.mu.Unlock()
	if free > 0 {
		return
	}
	if taken, err := n.take(ctx); err == nil { // if not, who needs it learns why
		n.give(taken)
	}
}

// ours reports whether an address is one of this machine's.
func ours(ip net.IP) bool {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addresses {
		if own, ok := a.(*net.IPNet); ok && own.IP.Equal(ip) {
			return true
		}
	}
	return false
}

// forget leaves a network alone from now on: it is gone, or a container that is kept is in it.
func (n *networks) forget(other isolated) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = slices.DeleteFunc(n.all, func(one isolated) bool { return one.id == other.id })
}

func (n *networks) give(back isolated) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.free = append(n.free, back)
}

func (n *networks) remove(ctx context.Context) error {
	n.mu.Lock()
	all := n.all
	n.all, n.free = nil, nil
	n.mu.Unlock()
	var errs []error
	for _, one := range all {
		if _, err := n.engine.api.NetworkRemove(ctx, one.id, client.NetworkRemoveOptions{}); err != nil &&
			!isNotFound(err) {
			errs = append(errs, fmt.Errorf("removing network %q: %w", one.name, err))
		}
	}
	return errors.Join(errs...)
}
