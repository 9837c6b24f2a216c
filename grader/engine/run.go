package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"regexp"
	"strconv"
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
	port    int           // where it is looked for first
	before  check.Started // how an earlier container of the image came up
	limits  check.Limits

	id, name  string
	begun     time.Time
	net       *isolated
	address   string // where it is asked, without a port; empty when its ports are published
	published map[int]string
	pid       int    // of its first process, where group is known
	group     string // the folder of its control group, where its processes are this machine's
	relay     *http.Transport
	started   check.Started
	unwatch   context.CancelFunc

	left    sync.Once // see leave
	leaving sync.WaitGroup

	mu   sync.Mutex
	full bool // it was ended because it wrote too much
	gone bool
}

// newInstance makes and starts a container, without waiting for it. It is removed when there is an error.
func (s *Session) newInstance(ctx context.Context, env map[string]string, port int) (_ *instance, err error) {
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
	defer func() {
		if err != nil {
			c.net = nil // whatever is wrong may be wrong with the network, so nobody gets it again
			err = errors.Join(err, c.remove(context.WithoutCancel(ctx)))
		}
	}()
	creating, cancel := uninterrupted(ctx)
	defer cancel()
	made, err := s.engine.provider.CreateContainer(creating, c.request())
	if errors.Is(err, errGone) {
		if again, failed := s.build(ctx, nil, false); failed == nil && again.Image != nil {
			c.image = again.Image
			made, err = s.engine.provider.CreateContainer(creating, c.request())
		}
	}
	if message, theirs := startFault(err); theirs {
		c.started = check.Started{Exited: true, ExitCode: 127, Log: message}
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("making a container: %w", err)
	}
	c.id = made.GetContainerID()
	c.begun = time.Now()
	err = c.start(ctx)
	if message, theirs := startFault(err); theirs {
		c.started = check.Started{Exited: true, ExitCode: 127, Log: message}
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("starting the container: %w", err)
	}
	return c, c.locate(ctx)
}

// accounts are the files in which an engine looks users up as it starts a container.
var accounts = []string{"/etc/passwd", "/etc/group"}

// start starts the container, unless an account file of its image is a pipe: the engine would wait at it for ever, and
// remove no image any more.
func (c *instance) start(ctx context.Context) error {
	s := c.session
	s.accounts.Do(func() {
		for _, name := range accounts {
			stat, err := s.engine.api.ContainerStatPath(ctx, c.id, client.ContainerStatPathOptions{Path: name})
			if err == nil && stat.Stat.LinkTarget != "" {
				stat, err = s.engine.api.ContainerStatPath(ctx, c.id, client.ContainerStatPathOptions{Path: stat.Stat.LinkTarget})
			}
			if err == nil && stat.Stat.Mode&(fs.ModeNamedPipe|fs.ModeDevice|fs.ModeSocket) != 0 {
				s.unstartable = fmt.Errorf("exec: %s is no plain file", name)
			}
		}
	})
	if s.unstartable != nil {
		return s.unstartable
	}
	_, err := s.engine.api.ContainerStart(ctx, c.id, client.ContainerStartOptions{})
	return err
}

// request is the container: its limits, and what it is denied.
func (c *instance) request() testcontainers.ContainerRequest {
	run := c.limits.Run
	labels := c.session.engine.owner.labels()
	if c.session.job.Keep {
		labels[labelKeep] = "true"
	}
	request := testcontainers.ContainerRequest{Image: c.image.ID, Name: c.name, Env: c.env, Labels: labels}
	if c.net == nil {
		for _, p := range c.candidates() {
			request.ExposedPorts = append(request.ExposedPorts, strconv.Itoa(p)+"/tcp")
		}
	}
	request.ConfigModifier = func(config *container.Config) {
		config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}} // the engine would run it as often as the image says
	}
	request.HostConfigModifier = func(h *container.HostConfig) {
		pids := int64(run.PIDs)
		h.Memory, h.MemorySwap, h.NanoCPUs, h.PidsLimit = int64(run.Memory), int64(run.Memory), int64(run.CPUs*1e9), &pids
		h.SecurityOpt = []string{"no-new-privileges"}
		h.CapDrop, h.CapAdd = []string{"ALL"}, capabilities
		h.Ulimits = []*container.Ulimit{{Name: "core"}, {Name: "fsize", Soft: int64(run.Disk), Hard: int64(run.Disk)}}
		h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": strconv.FormatInt(int64(run.Log), 10), "max-file": "2"}}
		if c.net != nil {
			h.NetworkMode = container.NetworkMode(c.net.name)
			return
		}
		h.PortBindings = network.PortMap{}
		for _, p := range c.candidates() {
			h.PortBindings[network.MustParsePort(strconv.Itoa(p)+"/tcp")] = []network.PortBinding{{HostIP: loopback}}
		}
	}
	return request
}

// cannotStart are an engine's words for a program that cannot be started, rather than an engine that can start none.
var cannotStart = regexp.MustCompile(`exec:? |chdir to cwd|unable to find (user|group)|no matching entries in (passwd|group) file|(?i:no command specified)|mkdir \S+: (not a directory|file exists)`)

// startFault is why the image's program cannot be started, where that is the student's.
func startFault(err error) (message string, theirs bool) {
	if err == nil || !cannotStart.MatchString(err.Error()) {
		return "", false
	}
	return err.Error(), true
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
	if state := info.Container.State; state != nil {
		if group, here := groupOf(state.Pid, c.id); here {
			c.pid, c.group = state.Pid, group
		}
	}
	watching, unwatch := context.WithCancel(context.Background())
	c.unwatch = unwatch
	go c.watchDisk(watching, info.Container)
	return nil
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
	if c.unwatch != nil {
		c.unwatch()
	}
	c.leaving.Wait()
	if c.relay != nil {
		c.relay.CloseIdleConnections()
	}
	if c.id != "" {
		_, err := c.session.engine.api.ContainerRemove(ctx, c.id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil && !isNotFound(err) && !errdefs.IsConflict(err) { // a conflict: it is being removed already
			return fmt.Errorf("removing container %q: %w", c.name, err)
		}
	}
	c.release()
	return nil
}

// keep leaves the container as it is.
func (c *instance) keep() {
	if c.unwatch != nil {
		c.unwatch()
	}
	if c.net != nil {
		c.session.engine.networks.forget(*c.net)
	}
}

// leave takes the container out of its network while it ends: nobody asks it any more, and the engine would do it after
// the end, when everybody waits for it.
func (c *instance) leave() {
	if c.session.job.Keep {
		return
	}
	c.left.Do(func() {
		c.leaving.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), cleanupTime)
			defer cancel()
			if c.net != nil && c.session.engine.networks.leave(ctx, *c.net, c.id) == nil { // else it goes with the container
				c.net = nil
			}
		})
	})
}

func (c *instance) release() {
	if c.net != nil {
		c.session.engine.networks.give(*c.net)
		c.net = nil
	}
}

// Start starts the main container; running is called when it runs.
func (s *Session) Start(ctx context.Context, running func()) (check.Started, error) {
	started, err := s.startMain(ctx, s.job.Setup.Env, check.Started{}, running)
	if err != nil || len(s.job.Setup.Env) == 0 || started.AsWanted() {
		return started, err
	}
	// The variables may have done it, so the image is judged without them, and what they did by who asked for them.
	s.mu.Lock()
	s.aside = s.main
	s.others[s.aside] = true
	s.mu.Unlock()
	return s.startMain(ctx, nil, started, func() {})
}

func (s *Session) startMain(ctx context.Context, env map[string]string, before check.Started, running func()) (check.Started, error) {
	c, err := s.newInstance(ctx, env, s.job.Port)
	if err != nil {
		return check.Started{}, err
	}
	c.before = before
	s.mu.Lock()
	s.main = c
	s.mu.Unlock()
	running()
	return c.await(ctx)
}

// Revive starts the main container again if it has ended.
func (s *Session) Revive(ctx context.Context) (bool, error) {
	if s.main == nil || !s.main.started.Answered {
		return false, nil
	}
	if _, lives := groupOf(s.main.pid, s.main.id); lives { // the kernel knows sooner than the engine, and at no cost
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
	c, err := s.newInstance(ctx, s.main.env, s.job.Port)
	if err != nil {
		return true, err
	}
	c.before = first
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

// StartedWith gives the main container if it has the variables, else the one that was put aside because of them, else a
// new one.
func (s *Session) StartedWith(ctx context.Context, env map[string]string) (check.SecondContainer, error) {
	for _, c := range []*instance{s.main, s.aside} {
		if c != nil && c.has(env) {
			return borrowed{c}, nil
		}
	}
	return s.Second(ctx, env, 0)
}

// has says whether the container was started with these variables.
func (c *instance) has(env map[string]string) bool {
	for name, value := range env {
		if got, there := c.env[name]; !there || got != value {
			return false
		}
	}
	return true
}

// borrowed is a container that goes when the session does.
type borrowed struct{ *instance }

// Close does nothing.
func (borrowed) Close() error { return nil }

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
