package buildtrace

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	buildkiterrors "github.com/moby/buildkit/solver/errdefs"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// The texts of both builders, of engines 20.10 to 28.
var (
	missingFile = regexp.MustCompile(
		`(?s)(?:failed to compute cache key|failed to calculate checksum of ref [^:]+(?:::[^:]+)?|` +
			`failed to walk [^:]*|lstat).*?"?(/[^":\n]+)"?:? (?:not found|no such file)`)
	pruned  = regexp.MustCompile(`failed to prepare extraction snapshot .*parent snapshot \S+ does not exist`)
	noImage = regexp.MustCompile(
		`(?i)(repository does not exist|pull access denied|manifest unknown|manifest for \S+ not found|` +
			`docker\.io/\S+: not found|: not found$|name unknown)`)
	noNetwork = regexp.MustCompile(
		`(?i)(no such host|dial tcp|i/o timeout|connection refused|TLS handshake timeout|network is unreachable|` +
			`server misbehaving|failed to do request|Temporary failure in name resolution|certificate|EOF)`)
	unconnected = regexp.MustCompile(
		`(?i)(Cannot connect to the Docker daemon|error during connect|error while dialing|error reading from server|` +
			`connection error: desc|transport is closing)`)
	daemonLost = regexp.MustCompile(
		`(?i)(no space left on device|no active sessions?|session .* not found|use of closed network connection|` +
			`unexpected EOF|broken pipe)`)
	oldFrontend  = regexp.MustCompile(`(?i)(unknown instruction|unknown flag|dockerfile parse error)`)
	parseFailure = regexp.MustCompile(
		`(?i)(dockerfile parse error|failed to parse|unknown instruction|failed to create LLB definition|` +
			`syntax error|invalid reference format|circular dependency|invalid from flag value|` +
			`target stage .* could not be found)`)
)

// Classify returns why a build failed, when the student can fix it; otherwise the error is ours. Of
// a command that failed, nothing that it wrote makes it ours.
func (t *Trace) Classify(file *dockerfile.File, steps []check.Step, err error) (*check.BuildFailure, error) {
	failure, ours := t.classifyText(file, steps, err)
	if line := lineOf(err); failure != nil && line > 0 {
		failure.Line = line
	}
	return failure, ours
}

// lineOf returns the line of the Dockerfile that BuildKit itself gives an error, or 0; Docker 20.10
// gives none.
func lineOf(err error) int {
	for _, source := range buildkiterrors.Sources(err) {
		for _, lines := range source.Ranges {
			return int(lines.Start.Line)
		}
	}
	return 0
}

// classifyText goes by the steps and by what was said.
func (t *Trace) classifyText(file *dockerfile.File, steps []check.Step, err error) (*check.BuildFailure, error) {
	text := t.errorText(err)
	s := Failed(steps)
	if pruned.MatchString(text) && !strings.Contains(text, "exit code") {
		return nil, &Doubtful{Words: pruned.FindString(text), Failure: other(steps, text), Err: ErrPruned}
	}
	if s != nil {
		f := &check.BuildFailure{Line: s.Line, Log: s.Log}
		_, command, _ := strings.Cut(s.Name, "] ")
		f.Subject = command
		if m := missingFile.FindStringSubmatch(s.Error + "\n" + text); m != nil && !strings.HasPrefix(command, "RUN") {
			return missing(f, file, m[1]), nil
		}
		if s.ExitCode != 0 || strings.Contains(s.Error, "exit code") {
			f.Reason = check.CommandError
			f.Message = fmt.Sprintf("%s ended with exit code %d", command, s.ExitCode)
			return f, nil
		}
		if strings.Contains(s.Error, "executable file not found") ||
			strings.Contains(s.Error, "no such file or directory") {
			f.Reason, f.Message = check.CommandError, command+": "+clean(firstLine(s.Error))
			return f, nil
		}
	}
	if m := missingFile.FindStringSubmatch(text); m != nil {
		return missing(&check.BuildFailure{}, file, m[1]), nil
	}
	// where a step failed, the Dockerfile had been read, and its images had been found
	if ref, line := imageIn(text, file); s == nil && ref != "" {
		at, no := file.NoStage(ref)
		switch {
		case no && (noNetwork.MatchString(text) || noImage.MatchString(text)):
			return &check.BuildFailure{Reason: check.NoSuchImage, Subject: ref, Line: at,
				Message: fmt.Sprintf("%q is no stage above line %d, and no image that is to be had", ref, at)}, nil
		case noImage.MatchString(text): // which no reference can say, while one may be called "eof"
			return &check.BuildFailure{Reason: check.NoSuchImage, Subject: ref, Line: line,
				Message: fmt.Sprintf("the registry has no image %q", ref)}, nil
		case noNetwork.MatchString(text):
			return nil, &ImageUnavailable{Ref: ref}
		}
	}
	switch {
	case unconnected.MatchString(text):
		return nil, &Doubtful{Words: unconnected.FindString(text), Failure: other(steps, text), Err: ErrLost}
	case daemonLost.MatchString(text):
		return nil, &Doubtful{Words: daemonLost.FindString(text), Failure: other(steps, text),
			Err: fmt.Errorf("building: %s", firstLine(text))}
	case s == nil && file != nil && oldFrontend.MatchString(text):
		return nil, &OldFrontend{Message: clean(firstLine(text)), Syntax: file.Syntax}
	case s == nil && parseFailure.MatchString(text):
		return &check.BuildFailure{Reason: check.BadSyntax, Message: clean(firstLine(text))}, nil
	case t.message != "" || Failed(steps) != nil:
		return other(steps, text), nil
	}
	return nil, fmt.Errorf("building: %w", err)
}

// other returns a failure of which no more is known than what was said.
func other(steps []check.Step, text string) *check.BuildFailure {
	f := &check.BuildFailure{Reason: check.OtherFailure, Message: clean(firstLine(text))}
	if s := Failed(steps); s != nil {
		f.Line, f.Log, f.Subject = s.Line, s.Log, s.Name
	}
	return f
}

// missing completes the failure of a COPY of a path that the build context does not hold.
func missing(f *check.BuildFailure, file *dockerfile.File, path string) *check.BuildFailure {
	f.Reason, f.Subject = check.MissingFile, strings.TrimPrefix(mounted.ReplaceAllString(path, "/"), "/")
	if in := copiesFrom(file, f); in != nil {
		f.Line = in.Line
		f.Message = fmt.Sprintf("%s: there is no %s in %q", in.Text, f.Subject, f.Stage)
		return f
	}
	f.Message = fmt.Sprintf("%q is not in the build context", f.Subject)
	if file == nil {
		return f
	}
	for _, s := range file.Stages {
		for _, in := range s.Instructions {
			copies := (in.Name == "COPY" || in.Name == "ADD") && len(in.Args) > 1
			if copies && slices.ContainsFunc(in.Args[:len(in.Args)-1],
				func(a string) bool { return strings.Trim(strings.TrimPrefix(a, "./"), "/") == f.Subject }) {
				f.Line = in.Line
				f.Message = fmt.Sprintf("%s: %q is not in the build context", in.Text, f.Subject)
				return f
			}
		}
	}
	return f
}

// mounted is where an engine has a stage's files while it works in them: those of the store's own folders,
// and 20.10 while it copies.
var mounted = regexp.MustCompile(`/[^\s:"]*/(?:buildkit-mount\d+|(?:overlay2|fuse-overlayfs)/\w+/(?:merged|diff)|` +
	`vfs/dir/\w+|snapshots/\d+/fs)/?`)

// copiesFrom returns the COPY --from that a missing path is of, with what it takes from put into
// the failure; nil where the path is one of the context.
func copiesFrom(file *dockerfile.File, f *check.BuildFailure) *dockerfile.Instruction {
	if file == nil {
		return nil
	}
	for _, s := range file.Stages {
		for i, in := range s.Instructions {
			if in.Name != "COPY" || f.Line > 0 && in.Line != f.Line || len(in.Args) < 2 {
				continue
			}
			from := slices.IndexFunc(in.Flags, func(flag string) bool { return strings.HasPrefix(flag, "--from=") })
			sources := in.Args[:len(in.Args)-1]
			at := slices.IndexFunc(sources, func(a string) bool {
				return strings.HasSuffix("/"+f.Subject,
					"/"+strings.Trim(a, "/"))
			})
			if from < 0 || f.Line == 0 && at < 0 {
				continue
			}
			f.Subject = sources[max(0, at)]
			f.Stage = strings.TrimPrefix(in.Flags[from], "--from=")
			return &s.Instructions[i]
		}
	}
	return nil
}

// imageIn returns the reference of the file that an error text names.
func imageIn(text string, file *dockerfile.File) (ref string, line int) {
	if file == nil {
		return "", 0
	}
	for _, r := range file.References() {
		if strings.Contains(text, r) {
			ref = r
		}
	}
	for _, s := range file.Stages {
		if s.Base == ref {
			line = s.Line
		}
	}
	return ref, line
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// LastLines returns the last lines of a text.
func LastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

var rpcNoise = regexp.MustCompile(
	`(?:build image: )?(?:failed to solve(?: with frontend \S+)?: )?(?:rpc error: code = \w+ desc = )?(?:failed to ` +
		`create LLB definition: )?(?:process "[^\n]*" did not complete successfully: )?`)

// clean takes the layers of the engine's own plumbing off an error, and its own folders.
func clean(s string) string { return mounted.ReplaceAllString(rpcNoise.ReplaceAllString(s, ""), "/") }
