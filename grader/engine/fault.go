package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/engine/buildcontext"
	"github.com/taskgrader/taskgrader/grader/engine/buildtrace"
	"github.com/taskgrader/taskgrader/grader/option"
)

// A command of a student's can print what it likes, and a Dockerfile can name what is nowhere. What
// is said there makes a fault ours only where the grader's own look at the machine agrees.

// agreed gives a fault of ours that the engine's words suggest, or the failure that it is where the
// machine shows no fault.
func (s *Session) agreed(ctx context.Context, ours error) (*check.BuildFailure, error) {
	var image *buildtrace.ImageUnavailable
	var old *buildtrace.OldFrontend
	var doubtful *buildtrace.Doubtful
	switch {
	case errors.As(ours, &doubtful):
		if repeats(s.file, doubtful.Words) && s.engine.well(ctx) {
			return doubtful.Failure, nil
		}
	case errors.As(ours, &image):
		if host := registryOf(image.Ref); reserved(host) || !reaches(ctx, host) && reaches(ctx, defaultRegistry) {
			f := &check.BuildFailure{Reason: check.NoSuchImage, Subject: image.Ref,
				Message: fmt.Sprintf("there is no registry at %q", host)}
			for _, ref := range s.file.Outside() {
				if ref.Image == image.Ref {
					f.Line = ref.Line
				}
			}
			return f, nil
		}
	case errors.As(ours, &old):
		if m := unknownFlag.FindStringSubmatch(old.Message); m != nil && !laterFlags[m[1]] ||
			s.engine.major(ctx) >= firstWithHeredocs {
			f := &check.BuildFailure{Reason: check.BadSyntax, Message: old.Message}
			if m := lineNamed.FindStringSubmatch(old.Message); m != nil {
				f.Line, _ = strconv.Atoi(m[1])
			}
			return f, nil
		}
	}
	return nil, ours
}

// repeats reports whether words stand in a Dockerfile, also with its variables put in.
func repeats(file *dockerfile.File, words string) bool {
	holds := func(text string) bool {
		return strings.Contains(strings.ToLower(strings.Join(strings.Fields(text), " ")), strings.ToLower(words))
	}
	for _, stage := range file.Stages {
		for _, in := range stage.Instructions {
			put := func(word string) bool { return holds(file.Value(in, word)) }
			if holds(in.Text) || slices.ContainsFunc(in.Args, put) {
				return true
			}
		}
	}
	return false
}

// well reports whether what an engine or a command says is not there is well at that moment: the host
// answers; or the engine builds the Dockerfile up to the step that failed, and a step of ours after that.
func (s *Session) well(ctx context.Context, o buildOptions, d *buildtrace.Doubtful) bool {
	if d.Host != "" {
		return answers(ctx, d.Host)
	}
	// of a step that is no line's, such as one of ONBUILD, all is built that stands above its stage
	line := cmp.Or(d.Failure.Line, s.file.Stages[len(s.file.Stages)-1].Line)
	at := -1
	for i, stage := range s.file.Stages {
		if stage.Line < line {
			at = i
		}
	}
	if d.Failure.Subject == "" || at < 0 || s.engine.full(ctx, s.file.Stages[0].Base, s.job.Limits.Build.Disk) {
		return false // no step said it, or it may be true
	}
	lines := strings.Split(o.dockerfile, "\n")
	o.dockerfile = fmt.Sprintf("%s\nWORKDIR /%d\n", strings.Join(lines[:line-1], "\n"), time.Now().UnixNano())
	o.traceOnly = true
	built, err := s.buildText(ctx, o, at, nil)
	return err == nil && built.Failure == nil
}

// answers reports whether a host that serves packages does so at that moment.
func answers(ctx context.Context, host string) bool {
	for _, scheme := range []string{"https://", "http://"} {
		asking, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(asking, http.MethodHead, scheme+host+"/", nil)
		if err != nil {
			return false
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			return answer.StatusCode < http.StatusInternalServerError
		}
	}
	return false
}

// well reports whether the engine answers.
func (e *Engine) well(ctx context.Context) bool {
	asking, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := e.api.Ping(asking, client.PingOptions{})
	return err == nil
}

var (
	unknownFlag = regexp.MustCompile(`(?i)unknown flag: -*([a-z-]+)`)
	lineNamed   = regexp.MustCompile(`(?i)\bline (\d+)`)
	// laterFlags are those that later frontends know in every Dockerfile, without a syntax line.
	laterFlags = map[string]bool{"network": true, "mount": true, "link": true, "chmod": true, "checksum": true,
		"keep-git-dir": true, "parents": true,
		"exclude": true, "start-interval": true, "unpack": true}
)

// firstWithHeredocs is the version of Docker whose own frontend reads here-documents and later
// flags.
const firstWithHeredocs = 23

// major returns the first number of the engine's version, or 0.
func (e *Engine) major(ctx context.Context) int {
	about, err := e.about(ctx)
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(about.ServerVersion, ".")
	n, _ := strconv.Atoi(first)
	return n
}

const defaultRegistry = "registry-1.docker.io"

// registryOf returns the host that an image is fetched from.
func registryOf(ref string) string {
	host, _, named := strings.Cut(ref, "/")
	if !named || !strings.ContainsAny(host, ".:") && host != "localhost" {
		return defaultRegistry
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// reaches reports whether this machine knows a host by its name.
func reaches(ctx context.Context, host string) bool {
	asking, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	found, err := net.DefaultResolver.LookupHost(asking, host)
	return err == nil && len(found) > 0
}

// leastFree is how many bytes an attempt writes to a disk that is not full.
const leastFree = 64 << 20

// full reports whether the engine's disk has no room for what a step may write: by its own figures where
// they can be seen here, else by an attempt to write there.
func (e *Engine) full(ctx context.Context, base string, step option.Size) bool {
	about, err := e.about(ctx)
	if err != nil {
		return true
	}
	if _, err := os.Stat(about.DockerRootDir); err == nil && about.DockerRootDir != "" {
		if free, known := freeBytes(about.DockerRootDir); known {
			return free < max(leastFree, uint64(step))
		}
	}
	return !e.attempt(ctx, base, fmt.Sprintf("head -c %d /dev/zero >/taskgrader-attempt", leastFree))
}

// attempt reports whether a command ends well in a step of a build of ours.
func (e *Engine) attempt(ctx context.Context, base, command string) bool {
	nothing, err := buildcontext.New("")
	if err != nil {
		return false
	}
	asking, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	text := fmt.Sprintf("FROM %s\nRUN : %d; %s\n", base, time.Now().UnixNano(), command)
	_, err = e.build(asking, buildOptions{context: nothing, dockerfile: text, network: "open", traceOnly: true,
		tag: e.owner.Tag("trace")})
	return err == nil
}
