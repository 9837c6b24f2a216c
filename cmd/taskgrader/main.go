// Command taskgrader grades student containers.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run(os.Args[1:])) }

// run is main with an exit code, so that everything deferred is done before the process ends.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	root := newRoot()
	root.SetArgs(args)
	return exitCode(ctx, root.ExecuteContext(ctx), root.ErrOrStderr())
}
