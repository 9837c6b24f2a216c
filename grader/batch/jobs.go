package batch

import (
	"runtime"

	"github.com/shirou/gopsutil/v4/mem"
)

const mostJobs = 16 // the daemon is the bottleneck then

// DefaultJobs returns how many submissions this machine grades at once: two for each processor,
// since much of the work is waiting, as long as a container, and one beside it, may use up its
// memory for each.
func DefaultJobs(memory int64) int {
	available := uint64(4 << 30)
	if m, err := mem.VirtualMemory(); err == nil {
		available = m.Available
	}
	return jobsFor(runtime.GOMAXPROCS(0), available, memory)
}

func jobsFor(processors int, available uint64, memory int64) int {
	jobs := min(2*processors, mostJobs)
	if memory > 0 {
		jobs = min(jobs, int(available/uint64(2*memory)))
	}
	return max(jobs, 1)
}
