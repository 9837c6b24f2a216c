package check

import (
	"time"

	"github.com/taskgrader/taskgrader/grader/option"
)

// Limits bound what a submission may use. Every one has a default: [DefaultLimits].
type Limits struct {
	Build BuildLimits `json:"build,omitzero" jsonschema:"limits of the build"`
	Run   RunLimits   `json:"run,omitzero" jsonschema:"limits of each running container"`
	HTTP  HTTPLimits  `json:"http,omitzero" jsonschema:"limits of each request"`
}

// BuildLimits bound a build.
type BuildLimits struct {
	Time    option.Duration `json:"time,omitzero" jsonschema:"how long the build may take"`
	Context option.Size     `json:"context,omitzero" jsonschema:"how much of the folder the Dockerfile may copy"`
	Files   int             `json:"files,omitempty" option:"1..1000000" jsonschema:"how many files it may copy"`
	Image   option.Size     `json:"image,omitzero" jsonschema:"how large the image may be"`
	Memory  option.Size     `json:"memory,omitzero" jsonschema:"memory of a step, swap included, where root grades on the engine's machine"`
	PIDs    int             `json:"pids,omitempty" option:"1..4194304" jsonschema:"processes and threads of a step, there as well"`
	Disk    option.Size     `json:"disk,omitzero" jsonschema:"how much a step may write, there as well"`
	Log     option.Size     `json:"log,omitzero" jsonschema:"how much of a step's output is kept"`
	Network string          `json:"network,omitempty" option:"open|none" jsonschema:"open or none"`
}

// RunLimits bound a running container.
type RunLimits struct {
	Start   option.Duration `json:"start,omitzero" jsonschema:"how long it may take to answer"`
	Time    option.Duration `json:"time,omitzero" jsonschema:"how long all checks of it may take"`
	Memory  option.Size     `json:"memory,omitzero" jsonschema:"memory, swap included"`
	CPUs    float64         `json:"cpus,omitempty" option:"0.01..1024" jsonschema:"processors"`
	PIDs    int             `json:"pids,omitempty" option:"1..4194304" jsonschema:"processes and threads"`
	Disk    option.Size     `json:"disk,omitzero" jsonschema:"how much it may write into itself and its volumes"`
	Files   int             `json:"files,omitempty" option:"1..10000000" jsonschema:"how many files it may write there"`
	Log     option.Size     `json:"log,omitzero" jsonschema:"how much of its output is kept on disk"`
	Network string          `json:"network,omitempty" option:"auto|isolated|open" jsonschema:"auto, isolated or open"`
}

// HTTPLimits bound a request.
type HTTPLimits struct {
	Timeout option.Duration `json:"timeout,omitzero" jsonschema:"how long one request may take"`
	Body    option.Size     `json:"body,omitzero" jsonschema:"how much of an answer is read"`
}

// DefaultLimits returns the limits of a rubric that names none.
func DefaultLimits() Limits {
	return Limits{
		Build: BuildLimits{Time: option.Duration(5 * time.Minute), Context: 100_000_000, Files: 5000,
			Image: 2_000_000_000, Memory: 4_000_000_000, PIDs: 2000, Disk: 5_000_000_000, Log: 64_000, Network: "open"},
		Run: RunLimits{Start: option.Duration(20 * time.Second), Time: option.Duration(3 * time.Minute),
			Memory: 512_000_000,
			CPUs:   1, PIDs: 128, Disk: 1_000_000_000, Files: 100_000, Log: 1_000_000, Network: "auto"},
		HTTP: HTTPLimits{Timeout: option.Duration(2 * time.Second), Body: 1_000_000},
	}
}

// Outlasts finds a time that is longer than the limit of that name; where none is written there is
// nothing to find.
func Outlasts(at option.Value, limit option.Duration, name string) option.Problems {
	var d option.Duration
	if at.Line == 0 || len(d.UnmarshalOption(at)) > 0 || d <= limit {
		return nil
	}
	ps := at.Problem("%s is longer than %s, which is %s", at.Text, name, limit)
	ps[0].Hint = "make it shorter, or the limit longer"
	return ps
}

// Job is one submission as an engine is given it.
type Job struct {
	ID     string // of the submission; names containers and images, made safe
	Dir    string // the folder on this machine
	Source Source // the same folder, parsed
	Setup  Setup
	Limits Limits
	Port   int  // where the rubric expects the program
	Keep   bool // leave image and container
}

// Sandbox says of each limit whether it holds here: "enforced", "watched" where it is looked at
// from time to time, or "unenforced: why"; of the network "isolated", "published: why", "open" or
// "open: why".
type Sandbox struct {
	Memory, PIDs, CPU, Disk, Network, Log string
}
