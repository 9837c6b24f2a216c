package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"github.com/moby/moby/client"
	"github.com/taskgrader/taskgrader/grader/engine/buildcontext"
	"github.com/taskgrader/taskgrader/grader/engine/buildtrace"
)

// notStarted is what docker run ends with where there is no program to start.
const notStarted = 127

// begin makes and starts the container. refused is why the engine does not, where it starts others.
func (c *container) begin(ctx context.Context) (refused string, err error) {
	for range 2 { // what fails once may be another's, such as an engine that just removed what it would share
		err = c.create(ctx)
		if err == nil {
			err = c.start(ctx)
		}
		if err == nil || ctx.Err() != nil {
			return "", err
		}
		if cannotStart.MatchString(err.Error()) && strings.Contains(err.Error(), answered) {
			return err.Error(), nil // whatever words of the student's it repeats
		}
		if buildtrace.Unconnected(err.Error()) || buildtrace.GaveOut(err.Error()) {
			return "", err
		}
		if noIPv6.MatchString(err.Error()) {
			c.session.engine.noIPv6.Store(true)
		}
		if failed := c.session.engine.removeContainer(context.WithoutCancel(ctx), c.id); failed != nil {
			return "", errors.Join(err, failed)
		}
		c.id = ""
	}
	if c.startsEmpty(ctx) {
		return err.Error(), nil
	}
	return "", err
}

// create makes the container.
func (c *container) create(ctx context.Context) error {
	creating, cancel := uninterrupted(ctx)
	defer cancel()
	request := c.request()
	made, err := c.session.engine.provider.CreateContainer(creating, request)
	if errors.Is(err, errGone) {
		if again, failed := c.session.build(ctx, whole, nil, false); failed == nil && again.Image != nil {
			c.image = again.Image
			request.Image = c.image.ID
			made, err = c.session.engine.provider.CreateContainer(creating, request)
		}
	}
	if err != nil {
		return err
	}
	c.id, c.name, c.begun = made.GetContainerID(), request.Name, time.Now()
	return nil
}

// accounts are the files in which an engine looks users up as it starts a container.
var accounts = []string{"/etc/passwd", "/etc/group"}

// start starts the container, unless an account file of its image is a pipe: the engine would wait
// at it for ever, and remove no image any more.
func (c *container) start(ctx context.Context) error {
	s := c.session
	s.accounts.Do(func() {
		for _, name := range accounts {
			stat, err := s.engine.api.ContainerStatPath(ctx, c.id, client.ContainerStatPathOptions{Path: name})
			if err == nil && stat.Stat.LinkTarget != "" {
				stat, err = s.engine.api.ContainerStatPath(ctx, c.id,
					client.ContainerStatPathOptions{Path: stat.Stat.LinkTarget})
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

// cannotStart are an engine's words for a program that cannot be started, rather than an engine
// that can start none.
var cannotStart = regexp.MustCompile(
	`exec:? |chdir to cwd|unable to find (user|group)|no matching entries in (passwd|group) file|` +
		`(?i:no command specified)|mkdir \S+: (not a directory|file exists)`)

// answered begins what an engine answered, as against what the way to it came to.
const answered = "Error response from daemon: "

// noIPv6 are an engine's words for a kernel without IPv6.
var noIPv6 = regexp.MustCompile(`sys/net/ipv6/\S+: no such file`)

// startsEmpty reports whether the engine starts such a container of an image that holds nothing: it
// comes as far as looking for the program. Then what it says of the student's image is the
// student's.
func (c *container) startsEmpty(ctx context.Context) bool {
	s := c.session
	nothing, err := buildcontext.New("")
	if err != nil {
		return false
	}
	tag := s.newTag()
	if _, err := s.engine.build(ctx, buildOptions{context: nothing, dockerfile: "FROM scratch\nCMD [\"/none\"]\n",
		tag: tag}); err != nil {
		return false
	}
	request := c.request()
	request.Image = tag
	made, err := s.engine.provider.CreateContainer(ctx, request)
	if err != nil {
		return false
	}
	defer func() { _ = s.engine.removeContainer(context.WithoutCancel(ctx), made.GetContainerID()) }()
	_, err = s.engine.api.ContainerStart(ctx, made.GetContainerID(), client.ContainerStartOptions{})
	return err != nil && cannotStart.MatchString(err.Error())
}
