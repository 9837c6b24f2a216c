// Command taskgrader grades student containers.
//
// Each command is one file: it parses its flags, calls one library function, and prints. Results go
// to stdout, talk and progress to stderr. Exit codes are in root.go, the words of errors in
// errors.go.
//
//	grade.go, class.go, watch.go   submissions in, reports out
//	guard.go                       the process that keeps a class going
//	fleet.go, worker.go, workers.go  a class on several machines
//	rubric.go, explain.go          the language and its manual
//	export.go                      a finished folder of reports in another program's format
//	images.go, doctor.go, clean.go the machine
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run(os.Args[1:])) }

// run does what main does and returns the exit code, so that everything deferred is done before the
// process ends.
func run(args []string) int {
	log.SetOutput(io.Discard) // where net/http repeats what a program sends unasked, for each request
	ctx := context.WithValue(context.Background(), mayGuard{}, true)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	root := newRoot()
	root.SetArgs(args)
	return exitCode(ctx, root.ExecuteContext(ctx), root.ErrOrStderr())
}
