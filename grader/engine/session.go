package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/dockerignore"
	"github.com/taskgrader/taskgrader/grader/engine/buildcontext"
	"github.com/taskgrader/taskgrader/grader/engine/buildtrace"
	"github.com/taskgrader/taskgrader/grader/engine/owner"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Session is one submission under an engine. Its methods may be called at once, but for Build,
// Start, Revive and Close.
type Session struct {
	engine *Engine
	job    check.Job
	file   *dockerfile.File
	name   string // of the student, safe in a tag
	agent  string // as which programs are asked

	built   check.Built
	command []string // instead of the image's own; nil unless the engine itself is tried
	main    *container
	withEnv *container // started with variables with which it did not come up as wanted; or nil

	rebasing     sync.Once // makes the three
	lines, names []string  // see rebased
	bases        []string  // names of this session's own for images from outside

	accounts    sync.Once // the image's account files were looked at
	unstartable error     // what is wrong with them

	probing sync.Mutex
	context *[]string // what the probe found

	mu     sync.Mutex
	tags   []string
	images map[string]*check.ImageInfo // that were built, by id
	extra  map[*container]bool
	// offline is what the program said when it did not come up without a network; from then on it
	// gets one. Empty before.
	offline  string
	prefetch sync.WaitGroup // what the start needs is made and asked while the image builds
	closed   bool
}

// Open makes a session. Nothing is built yet.
func (e *Engine) Open(_ context.Context, job check.Job) (*Session, error) {
	s := &Session{engine: e, job: job, name: tagSafe(job.ID), agent: agents[0], extra: map[*container]bool{},
		images: map[string]*check.ImageInfo{}}
	if r := job.Setup.Rand; r != nil {
		s.agent = agents[r.IntN(len(agents))]
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open[s] = true
	return s, nil
}

// tagSafe returns a submission's id as part of an image's tag.
func tagSafe(id string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, id)
	return strings.Trim(safe[:min(len(safe), 60)], "-")
}

// newTag returns a new name for an image, by which a later process can tell whose it was, and
// whether it was kept.
func (s *Session) newTag() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := "n"
	if s.job.Keep && len(s.tags) == 0 {
		kind = owner.KeepTag
	}
	tag := s.engine.owner.Tag(kind + strconv.Itoa(s.engine.number()) + "-" + s.name)
	s.tags = append(s.tags, tag)
	return tag
}

// Build builds the folder, after it has looked at what Docker would stumble over.
func (s *Session) Build(ctx context.Context) (check.Built, error) {
	failure, err := s.look()
	if failure != nil || err != nil {
		s.built = check.Built{Failure: failure}
		return s.built, err
	}
	s.prepare(ctx)
	built, err := s.build(ctx, whole, nil, false)
	if image := built.Image; image != nil {
		image.Unmeasured = s.engine.measure(ctx, image)
		s.bound(&built)
	}
	s.built = built
	return built, err
}

// bound makes a failure of an image that is larger than the rubric's limit.
func (s *Session) bound(b *check.Built) {
	if most := s.job.Limits.Build.Image; b.Image != nil && most > 0 && b.Image.Size > int64(most) {
		b.Failure = &check.BuildFailure{Reason: check.TooLarge,
			Message: fmt.Sprintf("the image has %s, and no more than %s are allowed", option.Size(b.Image.Size), most)}
		b.Image = nil
	}
}

// prepare makes and asks what the start will need.
func (s *Session) prepare(ctx context.Context) {
	s.prefetch.Go(func() {
		if s.job.Limits.Run.Network != "open" {
			s.engine.networks.prefetch(ctx)
		}
		s.engine.limits()
	})
}

// look parses what Docker would have to.
func (s *Session) look() (*check.BuildFailure, error) {
	file, err := s.job.Source.Dockerfile()
	var bad *dockerfile.Error
	if errors.As(err, &bad) {
		reason := check.BadSyntax
		if bad.Missing {
			reason = check.NoDockerfile
		}
		return &check.BuildFailure{Reason: reason, Message: bad.Message, Subject: bad.Hint, Line: bad.Line}, nil
	}
	if err != nil {
		return nil, err
	}
	s.file = file
	_, err = s.job.Source.Ignore()
	var pattern *dockerignore.Error
	if errors.As(err, &pattern) {
		return &check.BuildFailure{Reason: check.BadSyntax, Message: fmt.Sprintf("%s:%d: %s", pattern.File,
			pattern.Line, pattern.Message), Subject: pattern.Hint}, nil
	}
	return nil, err
}

// text returns the Dockerfile without its syntax line, so that no frontend has to be fetched.
func (s *Session) text(lines []string) (string, []string) {
	if s.file.Syntax == "" {
		return strings.Join(lines, "\n") + "\n", nil
	}
	lines = slices.Clone(lines)
	lines[s.file.SyntaxLine-1] = "#"
	return strings.Join(lines, "\n") + "\n", []string{
		fmt.Sprintf(
			"Line %d of the Dockerfile, # syntax=%s, was left out: the engine's own frontend built it, so that "+
				"nothing had to be fetched.", s.file.SyntaxLine, s.file.Syntax)}
}

// ownCaches gives a build cache mounts of its own, so that no student reads or poisons another's:
// by an argument of BuildKit's own or, where the file declares that and so could read it, by the
// names of the mounts. Where those cannot be given, it is a failure.
func (s *Session) ownCaches(text string) (own, space string, failure *check.BuildFailure) {
	sum := sha256.Sum256([]byte(filepath.Dir(s.job.Dir) + "\x00" + s.job.ID))
	space = hex.EncodeToString(sum[:8])
	if !s.file.Declares(cacheSpace) {
		return text, space, nil
	}
	own = cacheMount.ReplaceAllStringFunc(text, func(mount string) string {
		if m := cacheName.FindStringSubmatchIndex(mount); m != nil {
			return mount[:m[2]] + space + "-" + mount[m[2]:]
		}
		at := cacheTarget.FindStringSubmatch(mount)
		return mount + ",id=" + space + "-" + strings.ReplaceAll(slices.Concat(at, []string{"", ""})[1], "/", "-")
	})
	if ids := s.file.CacheIDs(); len(ids) > 0 {
		changed, err := dockerfile.Parse(s.file.Name, []byte(own))
		if err != nil || len(changed.CacheIDs()) != len(ids) || slices.ContainsFunc(changed.CacheIDs(),
			func(id string) bool { return !strings.HasPrefix(id, space+"-") }) {
			return "", "", &check.BuildFailure{Reason: check.BadSyntax,
				Message: "an ARG is or may be " + cacheSpace + ", which is the builder's own, and a cache mount is " +
					"written so that it cannot be kept apart from those of others",
				Subject: "Take that ARG out, or write --mount=type=cache,target=… in one word."}
		}
	}
	return own, "", nil
}

// cacheSpace is the argument with which BuildKit's frontend keeps cache mounts apart.
const cacheSpace = "BUILDKIT_CACHE_MOUNT_NS"

var (
	cacheMount  = regexp.MustCompile(`--mount=\S*type=cache\S*`)
	cacheName   = regexp.MustCompile(`[=,]id=([^,\s]*)`)
	cacheTarget = regexp.MustCompile(`(?:target|dst|destination)=([^,\s]*)`)
)

// sharedKey lets the engine keep what was sent for the next build of the same folder.
func (s *Session) sharedKey() string { return s.engine.owner.String() + s.name + s.job.Dir }

// build builds the folder with edits. When the engine's own frontend is too old for the Dockerfile,
// the one that its syntax line names is tried.
func (s *Session) build(ctx context.Context, stage int, edits []check.Patch, traceOnly bool) (check.Built, error) {
	lines, names := s.rebased(ctx)
	text, notes := s.text(lines)
	o := buildOptions{dockerfile: text, names: names, traceOnly: traceOnly}
	built, err := s.buildText(ctx, o, stage, edits)
	for tries := 1; tries < mostGone && wasGone(built, err); tries++ {
		built, err = s.buildText(ctx, o, stage, edits)
	}
	var doubtful *buildtrace.Doubtful
	if errors.As(err, &doubtful) && s.well(ctx, o, doubtful) {
		return check.Built{Steps: built.Steps, Took: built.Took, Failure: doubtful.Failure, Notes: notes}, nil
	}
	var old *buildtrace.OldFrontend
	if official.MatchString(s.file.Syntax) && errors.As(err, &old) {
		o.dockerfile = strings.Join(lines, "\n") + "\n"
		built, err = s.buildText(ctx, o, stage, edits)
		if f := built.Failure; f != nil && f.Reason == check.OtherFailure && buildtrace.NoNetwork(f.Message) {
			return check.Built{}, old // the other frontend is not to be had
		}
		notes = nil
	}
	built.Notes = notes
	return built, err
}

// mostGone is how often a build is tried whose image the engine loses.
const mostGone = 3

// wasGone reports whether a build may have failed since an equal image was removed at that moment, as
// that of an equal submission: the engine says so in many ways, and of no step of the Dockerfile.
func wasGone(b check.Built, err error) bool {
	if errors.Is(err, errGone) || errors.Is(err, buildtrace.ErrPruned) {
		return true
	}
	if doubtful := (*buildtrace.Doubtful)(nil); errors.As(err, &doubtful) {
		return true
	}
	f := b.Failure
	return err == nil && f != nil && f.Reason == check.OtherFailure && f.Line == 0 && f.Subject == ""
}

// official are the frontends that are fetched where a syntax line names them: one of a student's own
// would be a program that builds.
var official = regexp.MustCompile(`^(docker\.io/)?docker/dockerfile(-upstream)?([:@].*)?$`)

// mostUnheard is how often a build is tried that fails in another's step, to hear what that says:
// by then the other has ended, and this one runs the step itself, but where a third begins at the
// same moment.
const mostUnheard = 3

// buildText builds a text of the Dockerfile.
func (s *Session) buildText(ctx context.Context, o buildOptions, stage int, edits []check.Patch) (check.Built, error) {
	begun := time.Now()
	folder, err := buildcontext.New(s.job.Dir, edits...)
	if err != nil {
		return check.Built{}, err
	}
	limit := s.job.Limits.Build.Time.Std()
	var told atomic.Pointer[buildtrace.Trace]
	about, err := s.engine.about(ctx)
	if err != nil {
		return check.Built{}, err
	}
	defer s.engine.apart.begin(about.DockerRootDir, s.job.Limits.Build,
		func() []string { return stepsUnder(told.Load(), s.file) })()
	building, cancel := s.engine.buildTime(ctx, limit, s.file, &told)
	defer cancel()
	sent := buildcontext.Limit(folder, s.job.Limits.Build, cancel)
	o.context, o.ignore, o.target, o.network = sent, s.ownIgnore(), s.job.Setup.Target, s.job.Limits.Build.Network
	o.sharedKey, o.tag = s.sharedKey(), s.engine.owner.Tag("trace")
	if !o.traceOnly {
		o.tag = s.newTag()
	}
	if stage != whole { // by its lines: old frontends take no number for a target
		lines := strings.Split(o.dockerfile, "\n")
		if next := stage + 1; next < len(s.file.Stages) {
			lines = lines[:min(len(lines), s.file.Stages[next].Line-1)]
		}
		o.dockerfile, o.target = strings.Join(lines, "\n")+"\n", ""
	}
	o.args = map[string]string{}
	maps.Copy(o.args, s.job.Setup.BuildArgs)
	o.told, o.checked = &told, s.file.Declares(lintSwitch)
	var mixed *check.BuildFailure
	if o.dockerfile, o.cacheSpace, mixed = s.ownCaches(o.dockerfile); mixed != nil {
		return check.Built{Failure: mixed}, nil
	}
	t, err := s.engine.build(building, o)
	for tries := 1; tries < mostUnheard && t.Unheard() && building.Err() == nil; tries++ {
		t, err = s.engine.build(building, o)
	}
	steps := t.Steps(s.file)
	if err == nil {
		buildtrace.MarkShared(steps)
	}
	built := check.Built{Steps: steps, Took: time.Since(begun)}
	switch {
	case folder.Err() != nil:
		return built, folder.Err()
	case err == nil && o.traceOnly:
		return built, nil
	case err == nil:
		if built.Image, err = s.inspect(ctx, o.tag, stage); isNotFound(err) {
			err = fmt.Errorf("image %q %w", o.tag, errGone)
		}
		if err == nil {
			s.bound(&built)
		}
		return built, err
	case ctx.Err() != nil:
		return built, ctx.Err()
	case errors.Is(err, buildtrace.ErrLost), s.engine.watch.lostSince(begun):
		return built, buildtrace.ErrLost
	case sent.Failure() != nil:
		built.Failure = sent.Failure()
		return built, nil
	case building.Err() != nil:
		built.Failure = &check.BuildFailure{Reason: check.TooLong,
			Message: fmt.Sprintf("the build did not end within %s", s.job.Limits.Build.Time)}
		for _, step := range steps {
			if !step.Done {
				built.Failure.Line, built.Failure.Log, built.Failure.Subject = step.Line, step.Log, step.Name
				break
			}
		}
		return built, nil
	}
	built.Failure, err = t.Classify(s.file, steps, err)
	if err != nil {
		built.Failure, err = s.agreed(ctx, err)
	}
	switch {
	case err != nil:
	case s.engine.watch.lostSince(begun): // which the events may say a moment later
		err = buildtrace.ErrLost
	default:
		err = s.ours(ctx, built.Failure)
	}
	if err != nil {
		built.Failure = nil
	}
	if f := built.Failure; f != nil && f.Reason == check.CommandError {
		failed := commandsOf(steps, func(step check.Step) bool { return step.Error != "" })
		if why := s.engine.apart.steps.since(begun, failed); why != "" {
			command, _, _ := strings.Cut(f.Message, " ended with exit code ")
			f.Reason, f.Message = check.TooMuch, command+" was ended because "+why
		}
	}
	return built, err
}

// ownIgnore returns the text of Dockerfile.dockerignore, which the builder looks for beside the
// Dockerfile. What is no UTF-8 of an ignore file, and matches nothing, is sent as a letter that
// does neither: the matcher would complain of it to stderr.
func (s *Session) ownIgnore() string {
	rules, err := s.job.Source.Ignore()
	if err != nil {
		return ""
	}
	text := strings.Join(rules.Lines, "\n") + "\n"
	if rules.File != "Dockerfile.dockerignore" && utf8.ValidString(text) {
		return ""
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

// Built returns how Build ended.
func (s *Session) Built() check.Built { return s.built }

var errNeverBuilt = errors.New("rebuilding what was never built")

// Rebuild builds the folder with edits laid over it.
func (s *Session) Rebuild(ctx context.Context, edits ...check.Patch) (check.Built, error) {
	if s.file == nil {
		return check.Built{}, errNeverBuilt
	}
	return s.build(ctx, whole, edits, false)
}

// whole stands for no stage: the image.
const whole = -1

// Stage builds up to a stage.
func (s *Session) Stage(ctx context.Context, index int) (check.Built, error) {
	if s.file == nil {
		return check.Built{}, errNeverBuilt
	}
	return s.build(ctx, index, nil, false)
}

// Retrace returns Rebuild without an image: with some storage drivers, writing one costs more than
// all the rest.
func (s *Session) Retrace(ctx context.Context, edits ...check.Patch) (check.Built, error) {
	if s.file == nil {
		return check.Built{}, errNeverBuilt
	}
	return s.build(ctx, whole, edits, true)
}

// Kept names what Job.Keep left.
func (s *Session) Kept() []string {
	if !s.job.Keep || s.built.Image == nil {
		return nil
	}
	kept := []string{"image " + s.tags[0]}
	if s.main != nil && s.main.id != "" {
		kept = append(kept, "container "+s.main.name)
	}
	return kept
}

// Close removes everything of the submission but what is kept, and does not wait for images. It may
// be called again.
func (s *Session) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.prefetch.Wait()
	s.mu.Lock()
	tags, extra := s.tags, s.extra
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTime)
	defer cancel()
	doomed := slices.Collect(maps.Keys(extra))
	switch {
	case s.main == nil:
	case s.job.Keep:
		s.main.keep()
	default:
		doomed = append(doomed, s.main)
	}
	errs := make([]error, len(doomed))
	var removing sync.WaitGroup
	for i, c := range doomed {
		removing.Go(func() { errs[i] = c.remove(ctx) })
	}
	removing.Wait()
	if s.built.Image != nil && s.job.Keep {
		tags = tags[1:]
	}
	s.engine.untagBeside(slices.Concat(tags, s.bases))
	s.engine.mu.Lock()
	delete(s.engine.open, s)
	s.engine.mu.Unlock()
	return errors.Join(errs...)
}

// untagBeside takes names off images while others go on: containerd's store looks through all that it
// has before an image is gone. Close of the engine waits for it, and tries again what did not go.
func (e *Engine) untagBeside(names []string) {
	e.removing.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTime)
		defer cancel()
		for _, name := range names {
			_ = e.untag(ctx, name)
		}
	})
}

// untag takes a name off an image, which goes with its last name. That it is gone already is as
// good.
func (e *Engine) untag(ctx context.Context, tag string) error {
	var err error
	for range 10 {
		// A container of an equal image, of another submission, may be on its way out.
		// "unrecognized image ID" is Docker 20.10's word where an equal image is being removed by
		// somebody else.
		_, err = e.api.ImageRemove(ctx, tag, client.ImageRemoveOptions{PruneChildren: true})
		if !errdefs.IsConflict(err) && (err == nil || !strings.Contains(err.Error(), "unrecognized image ID")) {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	if err != nil && !isNotFound(err) {
		return fmt.Errorf("removing image %q: %w", tag, err)
	}
	return nil
}

func isNotFound(err error) bool { return errdefs.IsNotFound(err) }
