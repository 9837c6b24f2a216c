package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"syscall"
	"time"

	"github.com/moby/moby/client"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/engine/dockerhost"
)

const (
	pollTime  = 15 * time.Millisecond  // between two tries of a port
	relayTime = 200 * time.Millisecond // the same by a relay, which costs a process each time
	lookTime  = 400 * time.Millisecond // between two looks at whether the container runs
	// so many of them go to one at what listens inside: the kernel takes 20 ms to say
	looks      = 3
	settleTime = time.Second            // what answers elsewhere than where it is wanted may be beaten for so long
	againTime  = 100 * time.Millisecond // the same where it did so before
	mostTried  = 32                     // ways in all: a program may listen on every port there is
	mostRelays = 4                      // of them by a relay
	mostPorts  = 16                     // of EXPOSE; the rest is found when it listens
)

// candidates returns the ports on which the program is looked for before anything is known of it,
// the wanted one first.
func (c *container) candidates() []int {
	ports := []int{c.port}
	for _, p := range c.image.Config.Exposed {
		if p.Protocol == "tcp" && !slices.Contains(ports, p.Number) && len(ports) < mostPorts {
			ports = append(ports, p.Number)
		}
	}
	return ports
}

// await waits until something speaks HTTP, the container has ended, or the limit is up. All ports
// are tried at once, so that one which takes connections and never answers holds up no other.
func (c *container) await(ctx context.Context) (check.Started, error) {
	if c.started.Exited {
		return c.started, nil
	}
	waiting, cancel := c.ownTime(ctx, c.limits.Run.Start.Std())
	defer cancel()
	s, meter := check.Started{Wanted: c.port, Offline: c.offline, Limits: c.limits.Run}, c.meter()
	each, before := looks, route{c.before.Port, c.before.Relayed}
	if c.before.Answered && !c.before.AsWanted() {
		each = 1
	}
	var best *route
	answers, tried, relays := make(chan route), map[route]bool{}, 0
	try := func(w route) {
		if tried[w] || len(tried) >= mostTried || w.relay && relays >= mostRelays {
			return
		}
		if tried[w] = true; w.relay {
			relays++
		}
		go c.try(waiting, w, answers)
	}
	for _, port := range c.candidates() {
		try(route{port: port})
	}
	look, looked := time.NewTicker(lookTime), 0
	defer look.Stop()
	var settled <-chan time.Time
	for {
		select {
		case w := <-answers:
			if best == nil {
				s.After = time.Since(c.begun) - meter.starved()
				settled = time.After(settleTime)
			}
			if best == nil || c.rank(w) < c.rank(*best) {
				best = &w
			}
			if w == before && w == *best {
				settled = time.After(againTime)
			}
			if c.rank(w) > 0 {
				continue
			}
		case <-settled:
		case <-look.C:
			switch ended, err := c.hasEnded(waiting, &s); {
			case err != nil:
				return s, err
			case ended:
				c.started = s
				return s, nil
			}
			if looked++; looked%each == 0 {
				c.lookInside(waiting, &s, try)
			}
			continue
		case <-waiting.Done():
		}
		break
	}
	var busy *errStarved
	switch {
	case ctx.Err() != nil:
		return s, ctx.Err()
	case best != nil:
		s.Answered, s.Port, s.Relayed = true, best.port, best.relay
		s.Loopback = best.relay && !slices.ContainsFunc(s.Listeners,
			func(l check.Listener) bool { return l.Port == best.port && !isLoopback(l.Address) })
		if best.relay {
			c.relay = c.transport(*best)
		}
	case errors.As(context.Cause(waiting), &busy):
		return s, busy
	default:
		s.Listeners, _, _ = c.Listeners(ctx)
		if c.elsewhere(s.Listeners) {
			return s, errElsewhere
		}
		s.Log, _ = c.Logs(ctx)
		s.OOM = c.session.engine.watch.ranOut(c.id)
	}
	c.started = s
	return s, nil
}

// errElsewhere reports that what the engine publishes on its 127.0.0.1 is not on ours: the engine
// is another machine's, or the grader is in a container.
var errElsewhere = &dockerhost.Unavailable{Reason: "elsewhere",
	Err: errors.New("the program listens, but the port that Docker published for it is not on this machine"),
	Fix: "run taskgrader where Docker runs; in a container, give it --network host"}

// elsewhere reports whether a program that listens where it should has a published port that nobody
// listens on. Where the engine is this machine's, its own proxy does, whatever the program does.
func (c *container) elsewhere(listeners []check.Listener) bool {
	return slices.ContainsFunc(listeners, func(l check.Listener) bool {
		at := c.published[l.Port]
		if at == "" || c.address != "" || isLoopback(l.Address) {
			return false
		}
		tried, err := net.DialTimeout("tcp", at, c.limits.HTTP.Timeout.Std())
		if err == nil {
			_ = tried.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
}

// rank returns how good a route is: 0 is where the rubric wants the program.
func (c *container) rank(w route) int {
	rank := slices.Index(c.candidates(), w.port)
	if rank < 0 {
		rank = mostPorts
	}
	if w.relay {
		rank += 2 * mostPorts
	}
	return rank
}

// try asks on a port until something speaks.
func (c *container) try(ctx context.Context, w route, answers chan<- route) {
	pause := pollTime
	if w.relay {
		pause = relayTime
	}
	for !c.speaks(ctx, w) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
	select {
	case answers <- w:
	case <-ctx.Done():
	}
}

// speaks reports whether something answers a request with HTTP, whatever the answer. A program that
// drops the connection at a path which it does not have is asked for the one that it must have.
func (c *container) speaks(ctx context.Context, w route) bool {
	for _, path := range slices.Compact([]string{"/", cmp.Or(c.session.job.Setup.Ready, "/health")}) {
		err := c.answers(ctx, w, path)
		if err == nil {
			return true
		}
		if errors.Is(err, syscall.ECONNREFUSED) {
			return false
		}
	}
	return false
}

// answers asks for a path, and gives no error where HTTP comes back.
func (c *container) answers(ctx context.Context, w route, path string) error {
	ctx, cancel := context.WithTimeout(ctx, c.limits.HTTP.Timeout.Std())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url(w.port, path), nil)
	if err != nil {
		return err
	}
	return c.send(r, w, func(*http.Response) error { return nil })
}

// hasEnded asks whether the container still runs.
func (c *container) hasEnded(ctx context.Context, s *check.Started) (ended bool, err error) {
	info, err := c.session.engine.api.ContainerInspect(ctx, c.id, client.ContainerInspectOptions{})
	if ctx.Err() != nil {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("inspecting the container: %w", err)
	}
	if state := info.Container.State; state != nil && !state.Running {
		if c.session.engine.watch.lostSince(c.begun) {
			return false, errors.New("the engine went away while the container started")
		}
		s.Lasted = lasted(state.StartedAt, state.FinishedAt)
		s.Exited, s.ExitCode, s.Full = true, state.ExitCode, c.wroteTooMuch() != ""
		s.OOM = state.OOMKilled || c.session.engine.watch.ranOut(c.id)
		s.Log, _ = c.Logs(context.WithoutCancel(ctx))
		return true, nil
	}
	return false, nil
}

// lasted returns the time between two of the engine's own, or 0 where they are none.
func lasted(from, to string) time.Duration {
	began, err := time.Parse(time.RFC3339Nano, from)
	ended, failed := time.Parse(time.RFC3339Nano, to)
	if err != nil || failed != nil {
		return 0
	}
	return max(0, ended.Sub(began))
}

// lookInside looks for what listens where nobody tried yet.
func (c *container) lookInside(ctx context.Context, s *check.Started, try func(route)) {
	listeners, known, err := c.Listeners(ctx)
	if err != nil || !known {
		return
	}
	s.Listeners = listeners
	wanted := func(l check.Listener) int {
		if l.Port == c.port {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(listeners, func(a, b check.Listener) int { return wanted(a) - wanted(b) })
	for _, l := range listeners {
		try(route{l.Port, isLoopback(l.Address) || c.address == "" && c.published[l.Port] == ""})
	}
}

func isLoopback(address string) bool {
	ip := net.ParseIP(address)
	return ip != nil && ip.IsLoopback()
}

// dnsAddress is the engine's own name server in every container of a network.
const dnsAddress = "127.0.0.11"
