package main

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/spf13/cobra"
)

// talk is the progress of one grading: one line that changes on a terminal, nothing elsewhere.
type talk struct {
	mu  sync.Mutex
	out io.Writer
}

func newTalk(cmd *cobra.Command, o gradeOptions) *talk {
	t := &talk{}
	if w := cmd.ErrOrStderr(); !o.quiet && isTerminal(w) {
		t.out = w
	}
	return t
}

func (t *talk) say(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.out != nil {
		fmt.Fprintf(t.out, "\r\x1b[K%s …", what)
	}
}

func (t *talk) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.out != nil {
		fmt.Fprint(t.out, "\r\x1b[K")
	}
}

func (o *gradeOptions) color(cmd *cobra.Command) bool {
	return !o.noColor && os.Getenv("NO_COLOR") == "" && isTerminal(cmd.OutOrStdout())
}
