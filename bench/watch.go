//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

var perOp = regexp.MustCompile(`(?m)^BenchmarkWatch.*\s([\d.]+) s/score`)

// watch asks the package's own benchmark, which saves main.py and waits for the score.
func (b *bench) watch(ctx context.Context) ([]figure, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkWatch$", "-benchtime",
		strconv.Itoa(b.rounds)+"x", "./cmd/taskgrader")
	text, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", cmd.Args, err, text)
	}
	found := perOp.FindSubmatch(text)
	if found == nil {
		return nil, fmt.Errorf("%v says no time:\n%s", cmd.Args, text)
	}
	score, err := strconv.ParseFloat(string(found[1]), 64)
	return []figure{{Name: "edit of main.py, to the new score", Value: score, Unit: "s"}}, err
}
