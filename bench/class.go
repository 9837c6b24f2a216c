//go:build linux

package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// mixed are the submissions of a class of 24: right ones, and faults of every sort.
var mixed = strings.Fields(`lesson pip two-stage app-layout own-user copy-all
	missing-file no-solution typo missing-module wrong-port localhost
	no-expose shell-form copy-first no-ignore ignore-comment baked-secret
	hard-coded same-id forgetful-list update-not-stored null-not-404 any-body`)

//go:embed loop.sh
var loop string

// class compares a class with the loop of docker and curl that an instructor would write.
func (b *bench) class(ctx context.Context) ([]figure, error) {
	folder, err := b.layOut("class", 24, false)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, name := range mixed {
			_ = exec.Command("docker", "rmi", "taskgrader-bench:"+name).Run() // those that were built
		}
	}()
	var ratios, hasty, busy, classes, loops, used, work []float64
	for round := range max(2, b.rounds/2) + 1 {
		begun := coreSeconds()
		looped, waited, err := b.loop(ctx, folder)
		if err != nil {
			return nil, err
		}
		between := coreSeconds()
		run, err := b.taskgrader(ctx, "class", folder, "--quiet", "--out",
			filepath.Join(b.work, "class-reports-"+strconv.Itoa(round)))
		if err != nil {
			return nil, err
		}
		if round == 0 {
			continue // it warmed the cache
		}
		ended := coreSeconds()
		used = append(used, 100*(ended-between)/run.took.Seconds()/float64(runtime.NumCPU()))
		work = append(work, (ended-between)/(between-begun))
		classes, loops = append(classes, run.took.Seconds()), append(loops, looped.Seconds())
		ratios = append(ratios, looped.Seconds()/run.took.Seconds())
		hasty = append(hasty, (looped-waited*3/4).Seconds()/run.took.Seconds())
		busy = append(busy, (looped-waited).Seconds()/run.took.Seconds())
	}
	return []figure{
		{Name: "class of 24, all 18 checks", Value: median(classes), Unit: "s"},
		{Name: "shell loop of docker and curl, eight requests at most", Value: median(loops), Unit: "s"},
		{Name: "the class is faster by", Value: median(ratios), Unit: "×", Target: 2, Least: true},
		{Name: "the same, if the loop gave up after 5 s", Value: median(hasty), Unit: "×"},
		{Name: "the same, if it knew at once which programs are dead", Value: median(busy), Unit: "×"},
		{Name: "the machine's processors, busy in the class", Value: median(used), Unit: "%", Target: 90, Least: true},
		{Name: "core-seconds of the class to those of the loop", Value: median(work), Unit: "×", Target: 1.15},
	}, nil
}

// coreSeconds returns how long the processors of this machine were busy since it came up, in seconds;
// NaN where it does not say.
func coreSeconds() float64 {
	text, err := os.ReadFile("/proc/stat")
	var name string
	var user, nice, system, idle, wait, irq, soft float64 // in hundredths
	_, bad := fmt.Sscan(string(text), &name, &user, &nice, &system, &idle, &wait, &irq, &soft)
	if err != nil || bad != nil {
		return math.NaN()
	}
	return (user + nice + system + irq + soft) / 100
}

// loop runs loop.sh, which prints how many seconds it waited for programs that never answered.
func (b *bench) loop(ctx context.Context, folder string) (took, waited time.Duration, err error) {
	cmd := exec.CommandContext(ctx, "bash", "-c", loop, "loop", folder)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	begun := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, 0, fmt.Errorf("the loop: %w\n%s", err, &said)
	}
	took = time.Since(begun)
	seconds, err := strconv.Atoi(strings.TrimSpace(out.String()))
	return took, time.Duration(seconds) * time.Second, err
}

// scale grades a class of 24 and one of many, each student's program with a line of its own.
func (b *bench) scale(ctx context.Context) ([]figure, error) {
	var figures []figure
	var cost, memory []float64
	for _, n := range []int{24, 24, b.students} { // the first warms the cache
		folder, err := b.layOut(fmt.Sprintf("scale-%d-%d", n, len(cost)), n, true)
		if err != nil {
			return nil, err
		}
		run, err := b.taskgrader(ctx, "class", folder, "--quiet", "--out", folder+"-reports")
		if err != nil {
			return nil, err
		}
		cost, memory = append(cost, run.took.Seconds()/float64(n)), append(memory, run.memory)
		if len(cost) > 1 {
			figures = append(figures,
				figure{Name: fmt.Sprintf("cost of a student in a class of %d", n), Value: cost[len(cost)-1], Unit: "s"},
				figure{Name: fmt.Sprintf("memory of the grader with %d", n), Value: run.memory, Unit: "MB"})
		}
	}
	return append(figures,
		figure{Name: "cost of a student, large class to small", Value: cost[2] / cost[1], Unit: "×", Target: 1.15},
		figure{Name: "memory, large class to small", Value: memory[2] / memory[1], Unit: "×", Target: 1.25}), nil
}

// layOut lays out a class of n folders, the mixed ones over and over. Own gives each program a line
// of its own, so that no two students have the same image.
func (b *bench) layOut(name string, n int, own bool) (string, error) {
	class := filepath.Join(b.work, name)
	for i := range n {
		kind := mixed[i%len(mixed)]
		folder := filepath.Join(class, kind)
		if i >= len(mixed) {
			folder += "-" + strconv.Itoa(i/len(mixed))
		}
		if err := os.CopyFS(folder, os.DirFS(filepath.Join("submissions", kind))); err != nil {
			return "", err
		}
		if !own {
			continue
		}
		program := filepath.Join(folder, "main.py")
		if _, err := os.Stat(program); err != nil {
			program = filepath.Join(folder, "app", "main.py")
		}
		f, err := os.OpenFile(program, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return "", err
		}
		_, err = fmt.Fprintf(f, "# %s, student %d, %d\n", name, i, time.Now().UnixNano())
		if err := errors.Join(err, f.Close()); err != nil {
			return "", err
		}
	}
	return class, nil
}
