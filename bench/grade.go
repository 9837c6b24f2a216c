//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/moby/moby/api/types/build"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

const (
	lesson   = "submissions/lesson"
	floorTag = "taskgrader-bench:floor"
)

// requests is about how many requests the lesson's checks send, one after another.
const requests = 175

// grade compares a whole grading with the least that any grader has to wait for, and with the least
// for one that asks as much.
func (b *bench) grade(ctx context.Context) ([]figure, error) {
	defer func() {
		_, _ = b.api.ImageRemove(context.WithoutCancel(ctx), floorTag, client.ImageRemoveOptions{})
	}()
	var ratios, grades, floors, memory, asking, askingRatios []float64
	for round := range b.rounds + 1 {
		floor, err := b.floor(ctx, 0)
		if err != nil {
			return nil, fmt.Errorf("the floor: %w", err)
		}
		asked, err := b.floor(ctx, requests)
		if err != nil {
			return nil, fmt.Errorf("the floor with requests: %w", err)
		}
		run, err := b.taskgrader(ctx, "grade", lesson, "--fail-under", "100", "--quiet", "--out",
			filepath.Join(b.work, "grade"))
		if err != nil {
			return nil, err
		}
		if round == 0 {
			continue // it warmed the cache
		}
		ratios = append(ratios, run.took.Seconds()/floor.Seconds())
		asking = append(asking, asked.Seconds())
		askingRatios = append(askingRatios, run.took.Seconds()/asked.Seconds())
		floors, grades, memory = append(floors, floor.Seconds()), append(grades, run.took.Seconds()),
			append(memory, run.memory)
	}
	return []figure{
		{Name: "grade of the lesson's folder", Value: median(grades), Unit: "s"},
		{Name: "floor: build, run, wait for health, remove", Value: median(floors), Unit: "s"},
		{Name: "ratio", Value: median(ratios), Unit: "×", Target: 1.5},
		{Name: fmt.Sprintf("floor with %d requests and a graceful stop", requests), Value: median(asking), Unit: "s"},
		{Name: "ratio to that", Value: median(askingRatios), Unit: "×", Target: 1.35},
		{Name: "memory of the grader", Value: median(memory), Unit: "MB", Target: 100},
	}, nil
}

// ran is how the grader's process did.
type ran struct {
	took   time.Duration
	memory float64 // the most that it held, in MB
}

// taskgrader runs the binary. Exit code 0 alone is right.
func (b *bench) taskgrader(ctx context.Context, args ...string) (ran, error) {
	cmd := exec.CommandContext(ctx, b.grader, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it removes what it made
	var said bytes.Buffer
	cmd.Stderr, cmd.Stdout = &said, &said
	begun := time.Now()
	if err := cmd.Run(); err != nil {
		return ran{}, fmt.Errorf("taskgrader %v: %w\n%s", args, err, &said)
	}
	took := time.Since(begun)
	return ran{took, float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) * 1024 / 1e6}, nil
}

// floor builds the lesson's folder, runs it without any limit, waits for /health, and removes it, by
// the engine's API. With requests it asks for the tasks so often, and lets the program end by itself.
func (b *bench) floor(ctx context.Context, requests int) (took time.Duration, err error) {
	begun := time.Now()
	var folder bytes.Buffer
	w := tar.NewWriter(&folder)
	if err := errors.Join(w.AddFS(os.DirFS(lesson)), w.Close()); err != nil {
		return 0, err
	}
	built, err := b.api.ImageBuild(ctx, &folder, client.ImageBuildOptions{Version: build.BuilderBuildKit,
		Dockerfile: "Dockerfile", Tags: []string{floorTag}, Remove: true})
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, built.Body)
	if err = errors.Join(err, built.Body.Close()); err != nil {
		return 0, err
	}
	port := network.MustParsePort("8000/tcp")
	made, err := b.api.ContainerCreate(ctx, client.ContainerCreateOptions{
		Config: &container.Config{Image: floorTag, ExposedPorts: network.PortSet{port: {}}},
		HostConfig: &container.HostConfig{PortBindings: network.PortMap{port: {{HostIP: netip.AddrFrom4([4]byte{127, 0,
			0, 1})}}}}})
	if err != nil {
		return 0, err
	}
	defer func() {
		_, removed := b.api.ContainerRemove(context.WithoutCancel(ctx), made.ID,
			client.ContainerRemoveOptions{Force: true})
		took = time.Since(begun)
		err = errors.Join(err, removed)
	}()
	if _, err := b.api.ContainerStart(ctx, made.ID, client.ContainerStartOptions{}); err != nil {
		return 0, err
	}
	info, err := b.api.ContainerInspect(ctx, made.ID, client.ContainerInspectOptions{})
	if err != nil {
		return 0, err
	}
	at := net.JoinHostPort("127.0.0.1", info.Container.NetworkSettings.Ports[port][0].HostPort)
	if err := healthy(ctx, "http://"+at+"/health"); err != nil || requests == 0 {
		return 0, err
	}
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute} // as the grader's
	for range requests {
		answer, err := fresh.Get("http://" + at + "/tasks")
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			return 0, err
		}
	}
	_, err = b.api.ContainerStop(ctx, made.ID, client.ContainerStopOptions{})
	return 0, err
}

func healthy(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", url, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
