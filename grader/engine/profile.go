package engine

import (
	"context"
	"fmt"
	"strings"
)

// Profile is what of an engine and its machine a verdict may depend on, and what people want to
// know of it.
type Profile struct {
	Platform string   // linux/amd64
	Loose    []string // limits of the sandbox that do not hold: memory, processes, processor
	Isolated bool     // programs reach no network

	// What follows changes no verdict: what is built is asked for in the same words, and sizes are
	// counted alike on every store.
	Version, Store string
	Processors     int
	Memory         int64 // bytes
}

// Profile returns what this engine is.
func (e *Engine) Profile(ctx context.Context) (Profile, error) {
	about, err := e.about(ctx)
	if err != nil {
		return Profile{}, err
	}
	p := Profile{Platform: "linux/" + e.arch, Version: about.ServerVersion, Store: about.Driver, Processors: about.NCPU,
		Memory: about.MemTotal}
	if keepsBlobs(about) {
		p.Store = "containerd " + about.Driver
	}
	holds := e.limits()
	for _, l := range []struct {
		name  string
		holds bool
	}{{"memory", holds.memory}, {"processes", holds.pids}, {"processor", holds.cpu}} {
		if !l.holds {
			p.Loose = append(p.Loose, l.name)
		}
	}
	taken, err := e.networks.take(ctx)
	if err != nil {
		return Profile{}, err
	}
	e.networks.give(taken)
	p.Isolated = taken.reachable
	return p, nil
}

// Need returns all that may change a verdict, in words that are equal where it is.
func (p Profile) Need() string {
	need := p.Platform
	if len(p.Loose) > 0 {
		need += ", without limits of " + strings.Join(p.Loose, " and ")
	}
	if !p.Isolated {
		need += ", with a network in the sandbox"
	}
	return need
}

// String returns what changes no verdict.
func (p Profile) String() string {
	return fmt.Sprintf("Docker %s, %s, %d processors, %.1f GB", p.Version, p.Store, p.Processors, float64(p.Memory)/1e9)
}
