package engine

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/moby/client"
)

// UID returns the number of the user that the image starts as, found as the engine finds it: an
// entry of /etc/passwd by its name or its number, else the number itself.
func (s *Session) UID(ctx context.Context) (uid int, known bool, err error) {
	user, _, _ := strings.Cut(s.built.Image.Config.User, ":")
	if user == "" {
		return 0, true, nil
	}
	c := &container{session: s, image: s.built.Image, limits: s.job.Limits}
	if err := c.create(ctx); err != nil {
		return 0, false, fmt.Errorf("making a container to read its users: %w", err)
	}
	defer func() { err = errors.Join(err, s.engine.removeContainer(context.WithoutCancel(ctx), c.id)) }()
	number, isNumber := 0, false
	if n, err := strconv.Atoi(user); err == nil {
		number, isNumber = n, true
	}
	list := accounts[0]
	stat, err := s.engine.api.ContainerStatPath(ctx, c.id, client.ContainerStatPathOptions{Path: list})
	if err == nil && stat.Stat.LinkTarget != "" { // where it leads in the image, in the end
		list = stat.Stat.LinkTarget
	}
	copied, err := s.engine.api.CopyFromContainer(ctx, c.id, client.CopyFromContainerOptions{SourcePath: list})
	if err != nil { // there is none
		return number, isNumber, nil
	}
	defer copied.Content.Close()
	archive := tar.NewReader(copied.Content)
	if _, err := archive.Next(); err != nil {
		return number, isNumber, nil
	}
	lines := bufio.NewScanner(archive)
	for lines.Buffer(nil, longestEntry); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		fields := append(strings.Split(line, ":"), "", "")
		n, _ := strconv.Atoi(fields[2]) // what is no number, or not there, is 0 to the engine
		if line != "" && (fields[0] == user || isNumber && n == number) {
			return n, true, nil
		}
	}
	return number, isNumber, nil
}

// longestEntry is how many bytes a line of the list has at most; with a longer one the engine reads
// no further either.
const longestEntry = bufio.MaxScanTokenSize
