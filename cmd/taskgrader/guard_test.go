//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/batch"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// dies is a process below another that grades what its arguments name, all at once: it is killed over
// kill, and waits for its end over wait.
func dies() {
	g, err := guardedHere()
	if err != nil || g == nil {
		fmt.Println("not guarded:", err)
		os.Exit(exitUsage)
	}
	grade := g.grade(func(_ context.Context, t batch.Task, _ func(string)) result.Report {
		switch t.Entry.ID {
		case "kill":
			time.Sleep(100 * time.Millisecond) // the others are begun
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		case "wait":
			fmt.Println("waits")
			time.Sleep(time.Hour)
		case "slow":
			time.Sleep(300 * time.Millisecond)
		}
		return result.Report{Status: result.Graded}
	}, &rubric.Rubric{}, "")
	var all sync.WaitGroup
	for _, id := range os.Args[1:] {
		all.Go(func() {
			r := grade(context.Background(), batch.Task{Entry: submission.Entry{ID: id}}, nil)
			text := fmt.Sprintln(id, r.Status)
			if r.Problem != nil {
				text = fmt.Sprintln(id, r.Problem.Message)
			}
			fmt.Print(text)
		})
	}
	all.Wait()
	g.say(note{Ends: true})
	os.Exit(exitBelow)
}

// TestNoSubmissionEndsAClass: where the grader itself ends over one, another process goes on with the
// others, and only that one has no score.
func TestNoSubmissionEndsAClass(t *testing.T) {
	var out, said bytes.Buffer
	err := keep(t.Context(), &said, func() *exec.Cmd {
		c := exec.Command("dies", "a", "kill", "slow")
		c.Stdout = &out
		return c
	})
	assert.Equal(t, exited(exitBelow), err)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	last := lines[len(lines)-3:]
	assert.ElementsMatch(t, []string{"a graded", "slow graded",
		"kill the grader itself ended over this submission, twice"}, last)
	assert.Equal(t, "taskgrader: the process that grades ended (signal: killed) over kill, slow; another goes on\n"+
		"taskgrader: the process that grades ended (signal: killed) over kill; another goes on\n", said.String())

	err = keep(t.Context(), &said, func() *exec.Cmd { return exec.Command("false") })
	assert.EqualError(t, err, "the process that grades ended (exit status 1) before it graded anything")
}

// TestGuardHandsOnSignals: the process below hears of an interruption once, and ends with the one
// above.
func TestGuardHandsOnSignals(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	heard, out, err := os.Pipe()
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		done <- keep(ctx, &bytes.Buffer{}, func() *exec.Cmd {
			c := exec.Command("dies", "wait")
			c.Stdout = out
			return c
		})
	}()
	line := make([]byte, 16)
	n, err := heard.Read(line)
	require.NoError(t, err)
	require.Equal(t, "waits\n", string(line[:n]))
	cancel()
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGTERM))
	assert.Equal(t, exited(exitInterrupted), <-done)
}
