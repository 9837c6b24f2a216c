package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newMan returns a command for who packs a release.
func newMan() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "write the manual pages", Hidden: true, Args: takes(1, 1),
		Long: "man writes a manual page for each command.\n\n  $ taskgrader man manpages\n\n" + exitCodes,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("making the folder: %w", err)
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true // no date in it
			blocks(root)
			return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "taskgrader " + version(),
				Manual: "taskgrader"}, args[0])
		},
	}
}

// blocks makes what is indented in the help of a command, and of those below, a block of its own in
// Markdown, from which the pages are made: else its lines run together.
func blocks(cmd *cobra.Command) {
	var text strings.Builder
	inside := false
	for line := range strings.Lines(cmd.Long) {
		was := inside
		if inside = strings.HasPrefix(line, "  "); inside && !was {
			text.WriteString("\n")
		}
		if inside {
			text.WriteString("  ")
		}
		text.WriteString(line)
	}
	cmd.Long = text.String()
	for _, below := range cmd.Commands() {
		blocks(below)
	}
}
