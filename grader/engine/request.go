package engine

import (
	"strconv"

	dockercontainer "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/taskgrader/taskgrader/grader/engine/owner"
	"github.com/testcontainers/testcontainers-go"
)

// capabilities are what entrypoints of ordinary web images need: to change owner and user, to bind
// a low port, to end their children. All others are dropped.
var capabilities = []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "NET_BIND_SERVICE", "KILL"}

// How many files a process may have open: Docker 29's own number, and one that ends a program's
// look at each possible descriptor soon. Without it a program would pass or fail by how the engine
// was packaged.
const (
	openFiles     = 1024
	mostOpenFiles = 4096 // to which a program may raise it
)

// ipv6Off is the kernel's switch that keeps a container from its own ::1. Engines before 26 turn
// it, later ones do not.
const ipv6Off = "net.ipv6.conf.lo.disable_ipv6"

// request returns the container: its limits, and what it is denied.
func (c *container) request() testcontainers.ContainerRequest {
	run := c.limits.Run
	labels := c.session.engine.owner.Labels()
	labels[owner.LabelKeep] = "" // which the image may say otherwise
	if c.session.job.Keep {
		labels[owner.LabelKeep] = "true"
	}
	request := testcontainers.ContainerRequest{Image: c.image.ID, Name: c.session.engine.newName(), Env: c.env,
		Labels: labels,
		Cmd:    c.session.command}
	if c.net == nil {
		for _, p := range c.candidates() {
			request.ExposedPorts = append(request.ExposedPorts, strconv.Itoa(p)+"/tcp")
		}
	}
	request.ConfigModifier = func(config *dockercontainer.Config) {
		// the engine would run it as often as the image says
		config.Healthcheck = &dockercontainer.HealthConfig{Test: []string{"NONE"}}
	}
	request.HostConfigModifier = func(h *dockercontainer.HostConfig) {
		pids := int64(run.PIDs)
		h.Memory, h.MemorySwap, h.NanoCPUs, h.PidsLimit = int64(run.Memory), int64(run.Memory), int64(run.CPUs*1e9),
			&pids
		h.SecurityOpt = []string{"no-new-privileges"}
		h.CapDrop, h.CapAdd = []string{"ALL"}, capabilities
		h.Ulimits = []*dockercontainer.Ulimit{{Name: "core"}, {Name: "fsize", Soft: int64(run.Disk),
			Hard: int64(run.Disk)},
			{Name: "nofile", Soft: openFiles, Hard: mostOpenFiles}}
		if !c.session.engine.noIPv6.Load() {
			h.Sysctls = map[string]string{ipv6Off: "0"}
		}
		h.LogConfig = dockercontainer.LogConfig{Type: "json-file",
			Config: map[string]string{"max-size": strconv.FormatInt(int64(run.Log), 10), "max-file": "2"}}
		if c.volume != "" {
			h.Mounts = []mount.Mount{{Type: mount.TypeVolume, Source: c.volume, Target: c.session.job.Setup.Volume}}
		}
		if c.net != nil {
			h.NetworkMode = dockercontainer.NetworkMode(c.net.name)
			return
		}
		h.PortBindings = network.PortMap{}
		for _, p := range c.candidates() {
			h.PortBindings[network.MustParsePort(strconv.Itoa(p)+"/tcp")] = []network.PortBinding{{HostIP: loopback}}
		}
	}
	return request
}
