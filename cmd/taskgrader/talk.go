package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// talk is the progress of one grading: on a terminal one line that changes, with the seconds that
// its step takes; elsewhere a plain line for each part of the work. It may be used by many at once.
type talk struct {
	out  io.Writer // nil is silence
	live bool      // a terminal

	mu    sync.Mutex
	what  string // goes on; empty when nothing does
	since time.Time
	tick  *time.Ticker
}

// stopping is what is said after Ctrl-C while something is still to be removed.
const stopping = "stopping; Ctrl-C again ends it at once"

func newTalk(ctx context.Context, out io.Writer, quiet bool) *talk {
	t := &talk{}
	if !quiet {
		t.out, t.live = out, isTerminal(out)
	}
	context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.what != "" {
			t.show(stopping)
		}
	})
	return t
}

func (t *talk) say(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.show(what)
}

func (t *talk) show(what string) {
	if t.out == nil || t.what == stopping {
		return
	}
	part, _, _ := strings.Cut(what, " ")
	changed := !strings.HasPrefix(t.what, part)
	t.what = what
	if !t.live {
		if changed {
			fmt.Fprintln(t.out, part+" …")
		}
		return
	}
	if t.since = time.Now(); t.tick == nil {
		t.tick = time.NewTicker(time.Second)
		go t.redraw(t.tick)
	}
	t.draw()
}

// redraw shows that the work goes on.
func (t *talk) redraw(tick *time.Ticker) {
	for range tick.C {
		t.mu.Lock()
		if t.tick != tick {
			t.mu.Unlock()
			return
		}
		t.draw()
		t.mu.Unlock()
	}
}

// clearLine goes to the start of the terminal's line and empties it.
const clearLine = "\r\x1b[K"

func (t *talk) draw() {
	line := t.what + " …"
	if took := time.Since(t.since); took >= 2*time.Second {
		line += fmt.Sprintf(" %d s", int(took.Seconds()))
	}
	if letters, width := []rune(line), columns(t.out); width > 0 && len(letters) >= width {
		line = string(letters[:width-1]) // a line that wraps could not be taken back
	}
	fmt.Fprint(t.out, clearLine+line)
}

// aside takes the line away while something else is written.
func (t *talk) aside(write func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tick == nil {
		write()
		return
	}
	fmt.Fprint(t.out, clearLine)
	write()
	t.draw()
}

// done takes the line away, until say comes again.
func (t *talk) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tick != nil {
		t.tick.Stop()
		t.tick = nil
		fmt.Fprint(t.out, clearLine)
	}
	t.what = ""
}

// columns returns how wide a terminal is; 0 is that it is none.
func columns(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}

// width returns how wide a text may be: what COLUMNS says, or the terminal's columns; 0 where
// neither says it.
func width(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	return columns(w)
}

func (o *gradeOptions) color(cmd *cobra.Command) bool {
	return !o.noColor && os.Getenv("NO_COLOR") == "" && isTerminal(cmd.OutOrStdout())
}
