package engine

import (
	"github.com/taskgrader/taskgrader/grader/check"
)

// Sandbox returns which limits hold for this submission.
func (s *Session) Sandbox() check.Sandbox {
	box := check.Sandbox{Memory: "enforced", PIDs: "enforced", CPU: "enforced", Disk: "watched", Log: "enforced",
		Network: "isolated"}
	limits := s.engine.limits()
	for _, l := range []struct {
		holds bool
		what  *string
	}{{limits.memory, &box.Memory}, {limits.pids, &box.PIDs}, {limits.cpu, &box.CPU}} {
		if !l.holds {
			*l.what = "unenforced: this engine has no control group for it"
		}
	}
	switch c := s.current(); {
	case s.job.Limits.Run.Network == "open":
		box.Network = "open"
	case c != nil && c.offline != "":
		box.Network = "open: the program did not come up without a network, so it was started once more with one"
	case c != nil && len(c.published) > 0:
		box.Network = "published: the container's own address cannot be reached from here, so it was asked at a port " +
			"on 127.0.0.1 and is not cut off"
	}
	return box
}
