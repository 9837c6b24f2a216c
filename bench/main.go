//go:build linux

// Command bench measures what docs/benchmarks.md says: `make bench`, on a quiet machine.
//
// What is compared is measured in one run, in turns, so that a machine that slows down slows both.
// The figures go to bench/results.json, and as a page to docs/benchmarks.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/moby/moby/client"

	_ "embed"
)

// figure is one thing that was measured.
type figure struct {
	Part   string  `json:"part"`
	Date   string  `json:"date"` // when it was measured
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target float64 `json:"target,omitempty"` // 0 is none
	Least  bool    `json:"least,omitempty"`  // the target is the least, not the most
}

// Held reports whether the target was met.
func (f figure) Held() bool {
	if f.Least {
		return f.Value >= f.Target
	}
	return f.Value <= f.Target
}

func (f figure) Want() string {
	switch {
	case f.Target == 0:
		return ""
	case f.Least:
		return fmt.Sprintf("at least %v %s", f.Target, f.Unit)
	}
	return fmt.Sprintf("at most %v %s", f.Target, f.Unit)
}

// Shown returns the value as a person reads it.
func (f figure) Shown() string {
	if f.Value >= 100 {
		return fmt.Sprintf("%.0f %s", f.Value, f.Unit)
	}
	return fmt.Sprintf("%.2f %s", f.Value, f.Unit)
}

// results are what a run measured.
type results struct {
	Cores   int      `json:"cores"`
	Go      string   `json:"go"`
	Engine  string   `json:"engine"`
	Driver  string   `json:"storage_driver"`
	Figures []figure `json:"figures"`
}

func (r results) Of(part string) []figure {
	return slices.DeleteFunc(slices.Clone(r.Figures), func(f figure) bool { return f.Part != part })
}

//go:embed page.md.tmpl
var page string

// bench is where the benchmarks run.
type bench struct {
	grader   string // the binary
	work     string // a folder that goes when all is done
	api      client.APIClient
	rounds   int
	students int
	rows     int
}

type part struct {
	name string
	run  func(*bench, context.Context) ([]figure, error)
}

var parts = []part{{"grade", (*bench).grade}, {"class", (*bench).class}, {"scale", (*bench).scale},
	{"unchanged", (*bench).unchanged}, {"watch", (*bench).watch}, {"fleet", (*bench).fleet}}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	do := run
	if text, ok := os.LookupEnv(roleVariable); ok {
		do = func(ctx context.Context) error { return play(ctx, text) }
	}
	if err := do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	b := &bench{}
	only := flag.String("only", "", "parts to run, as grade,class; the results of the others stay as they are")
	flag.StringVar(&b.grader, "grader", "bin/taskgrader", "the binary to measure")
	flag.IntVar(&b.rounds, "rounds", 7, "how often what is compared takes turns")
	flag.IntVar(&b.students, "students", 200, "students of the large class")
	flag.IntVar(&b.rows, "rows", 40_000, "students of the class of which the memory is measured")
	flag.Parse()
	if b.grader, err = filepath.Abs(b.grader); err != nil {
		return err
	}
	if b.api, err = client.New(client.FromEnv); err != nil {
		return err
	}
	defer b.api.Close()
	engine, err := b.api.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return fmt.Errorf("reaching docker: %w", err)
	}
	info, err := b.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return fmt.Errorf("asking docker: %w", err)
	}
	if b.work, err = os.MkdirTemp("", "taskgrader-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.work)) }()
	r := results{}
	if text, err := os.ReadFile("bench/results.json"); err == nil && *only != "" {
		if err := json.Unmarshal(text, &r); err != nil {
			return fmt.Errorf("reading the earlier results: %w", err)
		}
	}
	r.Cores, r.Go = runtime.NumCPU(), runtime.Version()
	r.Engine, r.Driver = engine.Version, info.Info.Driver
	for _, p := range parts {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), p.name) {
			continue
		}
		fmt.Printf("%s\n", p.name)
		figures, err := p.run(b, ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		r.Figures = slices.DeleteFunc(r.Figures, func(f figure) bool { return f.Part == p.name })
		for _, f := range figures {
			f.Part, f.Date = p.name, time.Now().Format(time.DateOnly)
			r.Figures = append(r.Figures, f)
			fmt.Printf("  %-52s %14s  %s\n", f.Name, f.Shown(), f.Want())
		}
	}
	return r.write()
}

func (r results) write() error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	var md strings.Builder
	if err := template.Must(template.New("").Parse(page)).Execute(&md, r); err != nil {
		return err
	}
	return errors.Join(os.WriteFile("bench/results.json", append(text, '\n'), 0o644),
		os.WriteFile("docs/benchmarks.md", []byte(md.String()), 0o644))
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
