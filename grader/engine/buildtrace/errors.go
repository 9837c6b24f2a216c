package buildtrace

import (
	"errors"
	"fmt"

	"github.com/taskgrader/taskgrader/grader/check"
)

// ImageUnavailable reports that a base image is neither here nor to be had: ours.
type ImageUnavailable struct{ Ref string }

func (e *ImageUnavailable) Error() string {
	return fmt.Sprintf("getting base image %q: no registry answers, and it is not on this machine", e.Ref)
}

// Hint returns how to fix it.
func (e *ImageUnavailable) Hint() string { return "run: taskgrader images DIR" }

// Doubtful reports that an engine said what it says when it is lost or can do no more, or a command that
// a host was not reached: ours, unless a look at the engine, or at the host, finds it well. A student's
// names and commands may have the same words.
type Doubtful struct {
	Words   string
	Host    string              // that was not reached; empty where it is about the engine
	Failure *check.BuildFailure // what it is then
	Err     error
}

func (e *Doubtful) Error() string { return e.Err.Error() }
func (e *Doubtful) Unwrap() error { return e.Err }

// OldFrontend reports that BuildKit's present parser reads the Dockerfile and this engine's own
// does not, such as one with a here-document on Docker 20.10: ours.
type OldFrontend struct{ Message, Syntax string }

func (e *OldFrontend) Error() string {
	return fmt.Sprintf("building: this engine is too old for the Dockerfile: %s", e.Message)
}

// Hint returns how to fix it.
func (e *OldFrontend) Hint() string { return "install Docker Engine 23 or later" }

// NetworkTrouble reports that a command of the build found no network: ours.
type NetworkTrouble struct{ Command, Log string }

func (e *NetworkTrouble) Error() string {
	return fmt.Sprintf("running %q in the build: this machine has no network: %s", e.Command, e.Log)
}

// Hint returns how to fix it.
func (e *NetworkTrouble) Hint() string {
	return "connect this machine to the internet, then grade again"
}

// lost says the same of each submission, so that a class shows it once.
type lost struct{}

func (lost) Error() string { return "the connection to the engine was lost" }

// Hint returns how to fix it.
func (lost) Hint() string { return "see that Docker runs, then give the same command again" }

// ErrLost reports that the connection to the engine ended in the middle of a build, or was gone
// before it: ours.
var ErrLost error = lost{}

// ErrPruned reports that the engine removed a layer that it kept while a build was using it
// (containerd's image store, where an image that holds it is removed just then): ours, and gone
// with the next build.
var ErrPruned = errors.New("the engine removed a layer while the build was using it")

// Unconnected reports whether an error says that there is no connection to the engine.
func Unconnected(text string) bool { return unconnected.MatchString(text) }

// GaveOut reports whether an error says that the engine could not go on: its disk is full, or a
// connection broke.
func GaveOut(text string) bool { return daemonLost.MatchString(text) }

// NoNetwork reports whether an error says that a registry was not reached.
func NoNetwork(text string) bool { return noNetwork.MatchString(text) }

// NoImage reports whether an error says that a registry has no such image.
func NoImage(text string) bool { return noImage.MatchString(text) }
