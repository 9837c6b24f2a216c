package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/taskgrader/taskgrader/grader/check"
)

// capabilities are what entrypoints of ordinary web images need: to change owner and user, to bind a low port, to end
// their children. All others are dropped.
var capabilities = []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "NET_BIND_SERVICE", "KILL"}

// instance is one running container.
type instance struct {
	session *Session
	image   *check.ImageInfo
	env     map[string]string
	port    int // where it is looked for first
	limits  check.Limits

	container testcontainers.Container
	id, name  string
	net       *isolated
	address   string // where it is asked, without a port; empty when its ports are published
	published map[int]string
	http      *http.Client
	started   check.Started

	mu    sync.Mutex
	relay bool
	gone  bool
}

// pollTime is the pause between two looks at a container that comes up.
const pollTime = 15 * time.Millisecond

// newInstance makes and starts a container, without waiting for it.
func (s *Session) newInstance(ctx context.Context, env map[string]string, port int) (*instance, error) {
	c := &instance{session: s, image: s.built.Image, env: env, port: port, limits: s.job.Limits, published: map[int]string{}}
	c.name = "taskgrader-" + s.engine.owner.String() + "-" + strconv.Itoa(s.engine.number())
	if s.job.Limits.Run.Network == "isolated" {
		taken, err := s.engine.networks.take(ctx)
		if err != nil {
			return nil, err
		}
		if taken.reachable {
			c.net = &taken
		} else {
			s.engine.networks.give(taken)
		}
	}
	labels := s.engine.owner.labels()
	if s.job.Keep {
		labels[labelKeep] = "true"
	}
	run := s.job.Limits.Run
	request := testcontainers.GenericContainerRequest{ContainerRequest: testcontainers.ContainerRequest{
		Image: c.image.ID, Name: c.name, Env: env, Labels: labels,
		HostConfigModifier: func(h *container.HostConfig) {
			pids := int64(run.PIDs)
			h.Memory, h.MemorySwap, h.NanoCPUs, h.PidsLimit = int64(run.Memory), int64(run.Memory), int64(run.CPUs*1e9), &pids
			h.SecurityOpt = []string{"no-new-privileges"}
			h.CapDrop, h.CapAdd = []string{"ALL"}, capabilities
			h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": strconv.FormatInt(int64(run.Log), 10), "max-file": "2"}}
			if c.net != nil {
				h.NetworkMode = container.NetworkMode(c.net.name)
			} else {
				h.PortBindings = network.PortMap{}
				for _, p := range c.candidates() {
					h.PortBindings[network.MustParsePort(strconv.Itoa(p)+"/tcp")] = []network.PortBinding{{HostIP: loopback}}
				}
			}
		},
	}}
	if c.net == nil {
		for _, p := range c.candidates() {
			request.ExposedPorts = append(request.ExposedPorts, strconv.Itoa(p)+"/tcp")
		}
	}
	made, err := s.engine.provider.CreateContainer(ctx, request.ContainerRequest)
	if err != nil {
		c.release()
		return nil, fmt.Errorf("making a container: %w", err)
	}
	c.container, c.id = made, made.GetContainerID()
	if _, err := s.engine.api.ContainerStart(ctx, c.id, client.ContainerStartOptions{}); err != nil {
		if message, theirs := startFault(err); theirs {
			c.started = check.Started{Exited: true, ExitCode: 127, Log: message}
			return c, nil
		}
		_ = c.remove(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("starting the container: %w", err)
	}
	return c, c.locate(ctx)
}

// startFault tells a command that the image does not have from an engine that cannot start anything.
func startFault(err error) (string, bool) {
	text := err.Error()
	for _, theirs := range []string{"executable file not found", "no such file or directory", "permission denied", "exec format error", "no command specified", "No command specified"} {
		if strings.Contains(text, theirs) && !strings.Contains(text, "docker.sock") {
			return text, true
		}
	}
	return "", false
}

// locate finds where the container can be asked.
func (c *instance) locate(ctx context.Context) error {
	info, err := c.session.engine.api.ContainerInspect(ctx, c.id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("inspecting the container: %w", err)
	}
	settings := info.Container.NetworkSettings
	if settings == nil {
		return errors.New("inspecting the container: it has no network")
	}
	if c.net != nil {
		if own := settings.Networks[c.net.name]; own != nil && own.IPAddress.IsValid() {
			c.address = own.IPAddress.String()
		}
	}
	for port, bindings := range settings.Ports {
		for _, b := range bindings {
			c.published[int(port.Num())] = net.JoinHostPort(loopbackText, b.HostPort)
		}
	}
	c.http = c.client()
	return nil
}

// candidates are the ports on which the program is looked for before anything is known of it.
func (c *instance) candidates() []int {
	ports := []int{}
	add := func(p int) {
		for _, known := range ports {
			if known == p {
				return
			}
		}
		if p > 0 {
			ports = append(ports, p)
		}
	}
	add(c.port)
	for _, p := range c.image.Config.Exposed {
		if p.Protocol == "tcp" {
			add(p.Number)
		}
	}
	return ports
}

// dial connects to a port of the container.
func (c *instance) dial(ctx context.Context, port int) (net.Conn, error) {
	c.mu.Lock()
	relay := c.relay
	c.mu.Unlock()
	if relay {
		return c.dialInside(ctx, port)
	}
	to := c.published[port]
	if c.address != "" {
		to = net.JoinHostPort(c.address, strconv.Itoa(port))
	}
	if to == "" {
		return nil, errors.New("connection refused")
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", to)
}

// await waits until something speaks HTTP, the container has ended, or the limit is up.
func (c *instance) await(ctx context.Context) (check.Started, error) {
	begun := time.Now()
	if c.started.Exited {
		return c.started, nil
	}
	limit := c.limits.Run.Start.Std()
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	s := check.Started{Wanted: c.port}
	nextLook := begun.Add(400 * time.Millisecond)
	for waiting.Err() == nil {
		for _, port := range c.candidates() {
			if c.speaks(waiting, port) {
				s.Answered, s.Port, s.After = true, port, time.Since(begun)
				c.started = s
				return s, nil
			}
		}
		if time.Now().After(nextLook) {
			nextLook = time.Now().Add(400 * time.Millisecond)
			if done, err := c.lookInside(waiting, &s, begun); err != nil || done {
				c.started = s
				return s, err
			}
		}
		select {
		case <-waiting.Done():
		case <-time.After(pollTime):
		}
	}
	if ctx.Err() != nil {
		return s, ctx.Err()
	}
	s.Listeners, _, _ = c.Listeners(ctx)
	s.Log, _ = c.Logs(ctx)
	s.OOM = c.session.engine.oom.saw(c.id)
	c.started = s
	return s, nil
}

// lookInside asks whether the container still runs, and what listens where nobody looked.
func (c *instance) lookInside(ctx context.Context, s *check.Started, begun time.Time) (done bool, err error) {
	info, err := c.session.engine.api.ContainerInspect(ctx, c.id, client.ContainerInspectOptions{})
	if err != nil {
		if ctx.Err() != nil {
			return false, nil
		}
		return false, fmt.Errorf("inspecting the container: %w", err)
	}
	if state := info.Container.State; state != nil && !state.Running {
		s.Exited, s.ExitCode = true, state.ExitCode
		s.OOM = state.OOMKilled || c.session.engine.oom.saw(c.id)
		s.Log, _ = c.Logs(context.WithoutCancel(ctx))
		return true, nil
	}
	listeners, known, err := c.Listeners(ctx)
	if err != nil || !known {
		return false, nil
	}
	var inside []int
	for _, l := range listeners {
		if isLoopback(l.Address) {
			inside = append(inside, l.Port)
			continue
		}
		if c.address != "" && c.speaks(ctx, l.Port) {
			s.Answered, s.Port, s.After, s.Listeners = true, l.Port, time.Since(begun), listeners
			return true, nil
		}
	}
	for _, port := range inside {
		if c.speaksInside(ctx, port) {
			s.Answered, s.Port, s.After, s.Listeners, s.Loopback = true, port, time.Since(begun), listeners, true
			return true, nil
		}
	}
	return false, nil
}

func isLoopback(address string) bool {
	ip := net.ParseIP(address)
	return ip != nil && ip.IsLoopback() && address != dnsAddress
}

// dnsAddress is the engine's own name server in every container of a network.
const dnsAddress = "127.0.0.11"

// speaksInside tries the relay, and keeps to it where it works.
func (c *instance) speaksInside(ctx context.Context, port int) bool {
	c.mu.Lock()
	c.relay = true
	c.mu.Unlock()
	if c.speaks(ctx, port) {
		return true
	}
	c.mu.Lock()
	c.relay = false
	c.mu.Unlock()
	return false
}

// speaks says whether something on the port answers a request with HTTP, whatever the answer.
func (c *instance) speaks(ctx context.Context, port int) bool {
	ctx, cancel := context.WithTimeout(ctx, c.limits.HTTP.Timeout.Std())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(loopbackText, strconv.Itoa(port))+"/", nil)
	if err != nil {
		return false
	}
	r.Header.Set("User-Agent", userAgent)
	answer, err := c.http.Do(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return true
}

// remove ends the container at once. That it is gone already is as good.
func (c *instance) remove(ctx context.Context) error {
	c.mu.Lock()
	gone := c.gone
	c.gone = true
	c.mu.Unlock()
	if gone {
		return nil
	}
	if c.http != nil {
		c.http.CloseIdleConnections()
	}
	var err error
	if c.container != nil {
		err = c.container.Terminate(ctx, testcontainers.StopTimeout(0))
		if errdefs.IsNotFound(err) || isNotFound(err) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("removing container %q: %w", c.name, err)
	}
	c.release()
	return nil
}

func (c *instance) release() {
	if c.net != nil {
		c.session.engine.networks.give(*c.net)
		c.net = nil
	}
}

// Start starts the main container.
func (s *Session) Start(ctx context.Context) (check.Started, error) {
	c, err := s.newInstance(ctx, nil, s.job.Port)
	if err != nil {
		return check.Started{}, err
	}
	s.mu.Lock()
	s.main = c
	s.mu.Unlock()
	return c.await(ctx)
}

// Revive starts the main container again if it has ended.
func (s *Session) Revive(ctx context.Context) (bool, error) {
	if s.main == nil || !s.main.started.Answered {
		return false, nil
	}
	info, err := s.engine.api.ContainerInspect(ctx, s.main.id, client.ContainerInspectOptions{})
	if err != nil {
		return false, fmt.Errorf("inspecting the container: %w", err)
	}
	if info.Container.State != nil && info.Container.State.Running {
		return false, nil
	}
	first := s.main.started
	if err := s.main.remove(ctx); err != nil {
		return true, err
	}
	c, err := s.newInstance(ctx, nil, s.job.Port)
	if err != nil {
		return true, err
	}
	again, err := c.await(ctx)
	s.mu.Lock()
	s.main = c
	s.mu.Unlock()
	if again.Answered {
		first.Port, first.Loopback = again.Port, again.Loopback
	}
	c.started = first // how it came up at first is what is judged
	return true, err
}

// Second starts another container of the image.
func (s *Session) Second(ctx context.Context, env map[string]string, port int) (check.SecondContainer, error) {
	if port == 0 {
		port = s.job.Port
	}
	c, err := s.newInstance(ctx, env, port)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.others[c] = true
	s.mu.Unlock()
	if _, err := c.await(ctx); err != nil {
		return nil, errors.Join(err, second{c}.Close())
	}
	return second{c}, nil
}

type second struct{ *instance }

// Close removes the container.
func (c second) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTime)
	defer cancel()
	return c.remove(ctx)
}
