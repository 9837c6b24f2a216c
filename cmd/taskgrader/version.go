package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version",
		Long: "version prints the version, of Go, and of the system.\n\n  $ taskgrader version\n\n" + exitCodes,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "taskgrader %s %s %s/%s\n", version(), runtime.Version(),
				runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// release is the version of a build that is made without version control at hand: -ldflags "-X
// main.release=v1.2.3".
var release string

// version returns release, or what the module system and version control know of this build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	switch {
	case release != "":
		return release
	case !ok || info.Main.Version == "":
		return "(devel)"
	}
	return info.Main.Version
}
