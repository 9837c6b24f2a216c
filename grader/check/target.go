package check

import (
	"context"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/dockerignore"
)

// Target is a submission as checks see it. Which of its parts can be used depends on the [Phase]; a
// kind's own functions take the small interface that they need. All methods may be called at the
// same time, but for Do, Exec and Stop of the main container, which a check has for itself while it
// has its turn.
type Target interface {
	Source
	Builder
	Container
	Spawner
}

// Source is the folder as handed in.
type Source interface {
	// FS is the folder. Links that lead out of it cannot be opened.
	FS() fs.FS
	// Dockerfile is the parsed Dockerfile. The error is a [dockerfile.Error] when the text is wrong
	// or the file is not there, the student's fault, and an [Unreadable] when it is there and
	// cannot be read.
	Dockerfile() (*dockerfile.File, error)
	// Ignore is the ignore file that Docker would use; its File is empty when there is none. The
	// error is a [dockerignore.Error] when a pattern is malformed, the student's fault, and an
	// [Unreadable] as above.
	Ignore() (*dockerignore.Rules, error)
}

// Builder builds the folder, and copies of it with edits. From phase Image on; Context also before.
type Builder interface {
	// Built is the build of the folder as handed in.
	Built() Built
	// Rebuild builds a copy of the folder with the edits made, in the cache that the student's
	// builds share. The image is removed when the submission is done with. The error is ours; a
	// build that fails is no error.
	Rebuild(ctx context.Context, edits ...Patch) (Built, error)
	// Retrace is Rebuild without an image, for who wants the steps alone: what was done, and what
	// came from the cache.
	Retrace(ctx context.Context, edits ...Patch) (Built, error)
	// Stage builds the folder as it is up to a stage, by its index, so that its layers can be
	// looked at; what was built before comes from the cache.
	Stage(ctx context.Context, index int) (Built, error)
	// Context lists the paths of the files, slash-separated and sorted, that a `COPY . .` would get
	// from a copy of the folder with [Setup.Planted] in it. It is built, not computed, and once for
	// all checks.
	Context(ctx context.Context) ([]string, error)
	// UID is the number of the user that the image starts as: 0 is root, by whatever name. The
	// error is ours; known is false where the image does not say who that is.
	UID(ctx context.Context) (uid int, known bool, err error)
	// WalkImage calls visit for each file of each layer that is not the base's, whiteouts included,
	// layer by layer in no certain order. The reader is valid during the call.
	WalkImage(ctx context.Context, imageID string, visit func(LayerFile, io.Reader) error) error
}

// Patch changes one file of a copy. Where Append is set, Data goes to the end of what is there;
// otherwise it is the whole file, and its folders are made.
type Patch struct {
	Path   string
	Data   []byte
	Append bool
}

// Setup is what checks say about the main build and start, and about the context.
type Setup struct {
	Plant     []string   // paths of which it is asked whether they reach the context
	Rand      *rand.Rand // for what nobody may know beforehand
	BuildArgs map[string]string
	Target    string // stage to build; empty is the last
	// Env is passed to the main container. When it does not come up with them as the rubric wants,
	// it is started again without.
	Env map[string]string
	// Always is passed to every container, for no points.
	Always map[string]string
	// Volume is a folder in every container that outlives a restart; empty where there is none.
	Volume string
	// Ready is the path that a program answers when it is up; empty where the rubric asks for none.
	Ready string
}

// Planted returns the edits that put those of Plant into a folder which are not there.
func (s Setup) Planted(folder fs.FS) []Patch {
	var edits []Patch
	for _, name := range slices.Compact(slices.Sorted(slices.Values(s.Plant))) {
		below := func(other string) bool { return strings.HasPrefix(other, name+"/") }
		if _, err := fs.Stat(folder, name); err != nil && !slices.ContainsFunc(s.Plant, below) {
			edits = append(edits, Patch{Path: name, Data: []byte("planted\n")})
		}
	}
	return edits
}

// Arrives reports whether a path, or anything below it, is among those of a context.
func Arrives(context []string, name string) bool {
	return slices.ContainsFunc(context, func(path string) bool {
		return path == name || strings.HasPrefix(path, name+"/")
	})
}

// Built is how a build ended.
type Built struct {
	Steps   []Step        // in the Dockerfile's order
	Image   *ImageInfo    // nil when the build failed
	Failure *BuildFailure // the student's fault; nil when there is an image
	Took    time.Duration
	Notes   []string // what the reader must know, such as a syntax line that was left out
}

// Step is one instruction of a build that makes or changes a layer; FROM and what BuildKit does for
// itself are none.
type Step struct {
	Name     string // as BuildKit names it: [stage 2/5] RUN pip install …
	Line     int    // of the Dockerfile; 0 when not known
	Cached   bool
	Done     bool // it ran to its end, or was cached
	Took     time.Duration
	Log      string // its tail, 64 KiB at most
	Error    string
	ExitCode int // of a RUN that failed; 0 when not known
}

// BuildFailure is why a build failed, when the student can fix it.
type BuildFailure struct {
	Reason  string // one of the constants below
	Message string // one line, in our words, naming the thing: COPY pyproject.toml: no such file in the build context
	Subject string // the path, the image, the command that it is about
	Line    int    // of the Dockerfile; 0 when not known
	Log     string // the tail of the failing step's output
	Unsent  bool   // the folder cannot be sent to any build
	Stage   string // what a COPY --from takes from, where Subject is missing there
}

// The reasons for which a build fails by the student's fault.
const (
	NoDockerfile = "no-dockerfile" // none, or not a plain file inside the folder
	BadSyntax    = "bad-syntax"    // Docker cannot read it
	MissingFile  = "missing-file"  // COPY or ADD of what is not in the context
	NoSuchImage  = "no-such-image" // the registry says that the base image does not exist
	CommandError = "command-error" // a RUN ended with another code than 0
	TooLong      = "too-long"      // the build's time was up
	TooLarge     = "too-large"     // the folder is over the context's limits
	TooMuch      = "too-much"      // a RUN was ended for what it took of the machine
	OtherFailure = "other"
)

// ImageInfo is what an image is.
type ImageInfo struct {
	ID      string
	Size    int64  // bytes, with the base
	Added   int64  // bytes, without the base
	Base    string // the final stage's base, as written
	StandIn bool   // a base was made on this machine, not pulled
	Layers  []ImageLayer
	History []string // the commands that made it, oldest first, with empty layers
	Config  ImageConfig
	// Unmeasured is why the sizes are not known: ours. They count as docker images does on
	// overlay2, on every engine, and are known from phase Image on.
	Unmeasured error
}

// ImageLayer is one layer of an image, oldest first.
type ImageLayer struct {
	DiffID      string
	Size        int64  // bytes
	Instruction string // what made it
	Line        int    // of the Dockerfile; 0 when it is the base's or not known
	Base        bool   // it belongs to the base image
}

// ImageConfig is what the image says of how to run it: all that the OCI specification has, the
// base's with it, and more.
type ImageConfig struct {
	ocispec.ImageConfig
	BaseEnv        []string // the base's Env alone
	Exposed        []Port   // ExposedPorts, by number
	Shell, Onbuild []string
	Healthcheck    []string // empty when there is none, or it is NONE
}

// Port is a port of a container.
type Port struct {
	Number   int
	Protocol string // tcp or udp
}

// LayerFile is one entry of a layer's archive.
type LayerFile struct {
	Layer int    // index into ImageInfo.Layers
	Path  string // slash-separated, without a leading slash
	Size  int64
	Dir   bool
	Link  string // where a symbolic or hard link leads
	// its extended attributes, a line each; empty on engines that do not keep them
	Attributes string
	Delete     bool // a whiteout: Path, and all below, is gone from this layer on
	Opaque     bool // a whiteout of all that was below the folder Path before
}

// Container is a running container. From phase Running on, but for Started.
type Container interface {
	// Started says how the container came up.
	Started() Started
	// Do sends one request and reads the answer to its limit. What the program does wrong is in the
	// answer; the error is ours.
	Do(ctx context.Context, r Request) (Answer, error)
	// DoAtOnce sends one request n times, over connections that are all open before the first is
	// used. by are the processes that were seen to take one of them, where that can be seen.
	DoAtOnce(ctx context.Context, r Request, n int) (answers []Answer, by []int, err error)
	// Listeners are the sockets that wait for connections inside. The error is ours; known is false
	// when the image has nothing to find out with.
	Listeners(ctx context.Context) (listeners []Listener, known bool, err error)
	// Environments are those of the processes that live inside, without a command that was sent
	// there to look. The error is ours; known is false when there is nothing to find out with.
	Environments(ctx context.Context) (environments []map[string]string, known bool, err error)
	// Processes are those that live inside, without a command that was sent there to look. The
	// error is ours; known is false when there is nothing to find out with.
	Processes(ctx context.Context) (processes []Process, known bool, err error)
	// Exec runs a command inside.
	Exec(ctx context.Context, command []string) (Output, error)
	// Logs is the tail of what the program wrote, 64 KiB at most.
	Logs(ctx context.Context) (string, error)
	// Stop sends the image's stop signal and waits for the end, at most for the time given, then
	// kills.
	Stop(ctx context.Context, within time.Duration) (Stopped, error)
}

// Spawner starts containers beside the main one. From phase Image on, but for StartedWith.
type Spawner interface {
	// StartedWith gives a container that was started with these variables: the main one where
	// [Setup] had them and it came up, else another. Closing the main one does nothing. From phase
	// Running on.
	StartedWith(ctx context.Context, env map[string]string) (SecondContainer, error)
	// Second starts another container of the same image with these variables added, isolated as the
	// first, and waits until it answers or fails to; port is where it is looked for first, or 0 for
	// where the rubric expects the main one. The caller closes it.
	Second(ctx context.Context, env map[string]string, port int) (SecondContainer, error)
	// Own is Second with these variables alone, without those of [Setup.Always].
	Own(ctx context.Context, env map[string]string, port int) (SecondContainer, error)
}

// Restarter is a container of a check's own that can be started again.
type Restarter interface {
	// Restart stops the container as docker restart does, and starts it again or, where anew,
	// another with the same volume, and waits until it answers or fails to: Started says how it
	// came up.
	Restart(ctx context.Context, anew bool) error
}

// SecondContainer is a container of a check's own.
type SecondContainer interface {
	Container
	Close() error
}

// Started is how a container came up.
type Started struct {
	Answered  bool          // something spoke HTTP on a port within the limit
	After     time.Duration // from start to the first answer
	Port      int           // where it answers
	Wanted    int           // where the rubric expects it
	Loopback  bool          // it listens on 127.0.0.1 only
	Relayed   bool          // it is asked by a relay inside the container
	Refused   bool          // the engine did not start it; Log is why
	Exited    bool
	ExitCode  int
	Lasted    time.Duration // from start to end; 0 when not known
	OOM       bool          // the memory limit killed it, or a child of it
	Full      bool          // it was ended because it wrote more than the disk limit
	Limits    RunLimits     // that it was started with
	Listeners []Listener
	// Offline is the log of an earlier start in a network of its own, in which it did not come up;
	// it was then started once more, as the rest says, with a way out. Empty where there was none.
	Offline string
	Log     string // its tail, when it did not answer
}

// AsWanted reports whether it came up where the rubric expects it.
func (s Started) AsWanted() bool { return s.Answered && s.Port == s.Wanted && !s.Loopback }

// Listener is a socket that waits for connections.
type Listener struct {
	Address string // 0.0.0.0, ::, 127.0.0.1, …
	Port    int
}

// Process is one process of a container.
type Process struct {
	ID      int // as the container counts: 1 is the one that was started, and that gets the stop signal
	Parent  int // 0 where it is none of the container's
	Command []string
	Catches uint64 // the signals that it has a handler for: bit 0 is signal 1
	Ignores uint64
	Blocks  uint64         // what it waits for in another way than by a handler
	Serves  []int          // the ports on which it waits for connections, where that can be seen
	Talks   map[string]int // its connections: the port here of each, by a name that no other connection has
}

// Answers reports whether the process does something of its own on a signal.
func (p Process) Answers(signal int) bool { return (p.Catches|p.Ignores|p.Blocks)>>(signal-1)&1 == 1 }

// String returns its command, as a person types it.
func (p Process) String() string { return strings.Join(p.Command, " ") }

// Request is one HTTP request.
type Request struct {
	Method  string
	Path    string // with the query
	Header  http.Header
	Body    []byte
	Timeout time.Duration // 0 is the rubric's limit
	Fair    bool          // Took leaves out what the program waited for processors that others had
}

// Answer is what came back.
type Answer struct {
	Status    int // 0 when there was no answer
	Header    http.Header
	Body      []byte
	Truncated bool // there was more than the limit
	Took      time.Duration
	Others    time.Duration // that Took leaves out, where Fair asked for it
	Fault     string        // why there was no answer, or not a whole one: connection refused, no answer within 2s, …
	Exited    bool          // the container had ended when the request failed
}

// Output is what a command inside gave.
type Output struct {
	ExitCode       int
	Stdout, Stderr string // 64 KiB each at most
	TimedOut       bool
	NotFound       bool // there is no such program in the image
}

// Stopped is how a container ended.
type Stopped struct {
	InTime   bool // before it was killed
	Before   bool // before the signal was sent
	Took     time.Duration
	ExitCode int
	Signal   string // that was sent
}
