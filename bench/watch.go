//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

var perOp = regexp.MustCompile(`(?m)^BenchmarkWatch\S*\s+\d+\s+([\d.]+) ns/op`)

// watch asks the package's own benchmark, which saves main.py and waits until the student is told.
func (b *bench) watch(ctx context.Context) ([]figure, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkWatch$", "-benchtime", strconv.Itoa(b.rounds)+"x", "./grader/watch")
	text, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", cmd.Args, err, text)
	}
	found := perOp.FindSubmatch(text)
	if found == nil {
		return nil, fmt.Errorf("%v says no time:\n%s", cmd.Args, text)
	}
	ns, err := strconv.ParseFloat(string(found[1]), 64)
	return []figure{{Name: "edit of main.py, to the verdict", Value: ns / 1e9, Unit: "s", Target: 2}}, err
}
