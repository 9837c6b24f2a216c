package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// processScript gives, for each process of the container but its own, its status, its command with
// a line for each word, and the sockets that it holds.
const processScript = `for d in /proc/[0-9]*; do
[ "$d" = "/proc/$$" ] && continue
printf 'process\0'; cat "$d/status" 2>/dev/null; printf '\0'
tr '\0' '\n' 2>/dev/null <"$d/cmdline"; printf '\0'; ls -l "$d/fd" 2>/dev/null; printf '\0'
done`

// Processes returns those of the container: read from the kernel where they are processes of this
// machine, else by a shell inside.
func (c *container) Processes(ctx context.Context) ([]check.Process, bool, error) {
	if c.group != "" {
		if found := c.processesHere(); len(found) > 0 {
			return found, true, nil
		}
	}
	out, err := c.Exec(ctx, []string{"sh", "-c", processScript})
	if err != nil || out.ExitCode != 0 {
		return nil, false, err
	}
	tables, err := c.Exec(ctx, []string{"cat", "/proc/net/tcp", "/proc/net/tcp6"})
	if err != nil {
		return nil, false, err
	}
	sockets := readSockets(tables.Stdout)
	var found []check.Process
	for _, text := range strings.Split(out.Stdout, "process\x00")[1:] {
		parts := strings.Split(text, "\x00")
		if len(parts) < 3 {
			continue
		}
		if p, pid, _ := readProcess(parts[0], strings.Split(strings.TrimSpace(parts[1]), "\n"), parts[2],
			sockets); pid > 0 {
			found = append(found, p)
		}
	}
	return found, len(found) > 0, nil
}

func (c *container) processesHere() (found []check.Process) {
	processes, err := processesIn(c.group)
	if err != nil {
		return nil
	}
	v4, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", c.pid))
	v6, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp6", c.pid))
	known := readSockets(string(v4) + string(v6))
	inside, parents := map[int]int{}, []int{}
	for _, pid := range processes {
		status, err := os.ReadFile("/proc/" + pid + "/status")
		if err != nil {
			continue // it has ended meanwhile
		}
		sockets := ""
		entries, _ := os.ReadDir("/proc/" + pid + "/fd")
		for _, e := range entries {
			to, _ := os.Readlink("/proc/" + pid + "/fd/" + e.Name())
			sockets += to + "\n"
		}
		p, outer, parent := readProcess(string(status), commandLine(pid), sockets, known)
		inside[outer] = p.ID
		found, parents = append(found, p), append(parents, parent)
	}
	for i := range found {
		found[i].Parent = inside[parents[i]]
	}
	slices.SortFunc(found, func(a, b check.Process) int { return a.ID - b.ID })
	return found
}

// processesIn returns the numbers of the processes in a control group, as this machine has them.
func processesIn(group string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
	return strings.Fields(string(text)), err
}

// commandLine returns the words with which a process of this machine was started.
func commandLine(pid string) []string {
	text, _ := readUpTo("/proc/"+pid+"/cmdline", tailBytes)
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}

var socketText = regexp.MustCompile(`socket:\[(\d+)\]`)

// readProcess reads what the kernel says of a process. Its numbers, and that of its parent, are
// also those of who reads.
func readProcess(status string, command []string, held string,
	sockets map[string]socket) (p check.Process, pid, parent int) {
	for _, line := range strings.Split(status, "\n") {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		last := fields[len(fields)-1]
		switch name {
		case "Pid":
			pid, _ = strconv.Atoi(last)
			p.ID = pid
		case "NSpid":
			p.ID, _ = strconv.Atoi(last)
		case "PPid":
			parent, _ = strconv.Atoi(last)
			p.Parent = parent
		case "SigCgt":
			p.Catches, _ = strconv.ParseUint(last, 16, 64)
		case "SigBlk":
			p.Blocks, _ = strconv.ParseUint(last, 16, 64)
		case "SigIgn":
			p.Ignores, _ = strconv.ParseUint(last, 16, 64)
		}
	}
	p.Command = command
	for _, m := range socketText.FindAllStringSubmatch(held, -1) {
		switch known, ok := sockets[m[1]]; {
		case ok && known.waits && !slices.Contains(p.Serves, known.port):
			p.Serves = append(p.Serves, known.port)
		case ok && !known.waits && known.port > 0:
			if p.Talks == nil {
				p.Talks = map[string]int{}
			}
			p.Talks[m[1]] = known.port
		}
	}
	return p, pid, parent
}

// socket is one that waits for connections on a port, or that is the end here of a connection.
type socket struct {
	port  int
	waits bool
}

// readSockets returns the sockets in the kernel's tables that wait for connections or are
// connected, by their inodes.
func readSockets(table string) map[string]socket {
	found := map[string]socket{}
	for _, line := range strings.Split(table, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 10 || fields[3] != "0A" && fields[3] != "01" {
			continue
		}
		_, port, _ := strings.Cut(fields[1], ":")
		if n, err := strconv.ParseUint(port, 16, 16); err == nil {
			found[fields[9]] = socket{int(n), fields[3] == "0A"}
		}
	}
	return found
}
