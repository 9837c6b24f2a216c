package buildtrace

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	buildkit "github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// traceOf returns a trace of vertices, one a line: when it started, in seconds after this build did
// or - for never; how it ended: ran, cached, going, or an error in quotes; and its name.
func traceOf(t *testing.T, lines string) *Trace {
	t.Helper()
	begun := time.Unix(1e9, 0)
	at := func(seconds float64) *time.Time { a := begun.Add(time.Duration(seconds * 1e9)); return &a }
	tr := New()
	tr.Merge(&buildkit.SolveStatus{Vertexes: []*buildkit.Vertex{{Digest: "definition", Started: at(0),
		Completed: at(0.1),
		Name:      "[internal] load build definition from Dockerfile"}}})
	for i, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		when, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		how, name, _ := strings.Cut(rest, " ")
		v := &buildkit.Vertex{Digest: digest.Digest(fmt.Sprint(i)), Name: name}
		status := &buildkit.SolveStatus{Vertexes: []*buildkit.Vertex{v}}
		var started float64
		if _, err := fmt.Sscan(when, &started); err == nil {
			v.Started = at(started)
			if how != "going" {
				v.Completed = at(started + 1)
			}
		}
		v.Cached = how == "cached"
		if text, failed := strings.CutPrefix(how, "failed:"); failed {
			v.Error = strings.ReplaceAll(text, "_", " ")
			status.Logs = []*buildkit.VertexLog{{Vertex: v.Digest, Data: []byte("why")}}
		}
		tr.Merge(status)
	}
	return tr
}

func TestWhoseStepsTheseAre(t *testing.T) {
	const (
		one    = "FROM python\nWORKDIR /app\nCOPY a /a\nRUN  make\nRUN make\n"
		stages = "FROM python AS build\nCOPY a /a\nRUN make\nFROM scratch\nCOPY --from=build /a /b\n"
	)
	for _, c := range []struct{ name, file, told, message, want string }{
		{"a build alone", one, `
			1 cached [1/5] FROM python
			1 cached [2/5] WORKDIR /app
			2 ran [3/5] COPY a /a
			3 ran [4/5] RUN  make
			4 ran [5/5] RUN make`, "", `
			2 cached [2/5] WORKDIR /app
			3 ran [3/5] COPY a /a
			4 ran [4/5] RUN  make
			5 ran [5/5] RUN make`},
		{"told in reverse, as 26 does, by stages", stages, `
			4 ran [stage-1 1/1] COPY --from=build /a /b
			3 ran [build 3/3] RUN make
			2 ran [build 2/3] COPY a /a
			1 ran [build 1/3] FROM python`, "", `
			2 ran [build 2/3] COPY a /a
			3 ran [build 3/3] RUN make
			5 ran [stage-1 1/1] COPY --from=build /a /b`},
		{"both are told: this build's that never started, the other's from before it", one, `
			-9 cached [1/7] FROM python
			- no [3/5] COPY a /a
			- no [4/5] RUN  make
			5 ran [5/5] RUN make
			-8 ran [2/7] WORKDIR /app
			-7 ran [3/7] COPY a /a
			-6 ran [4/7] RUN  make`, "", `
			2 cached [2/5] WORKDIR /app
			3 cached [3/5] COPY a /a
			4 cached [4/5] RUN  make
			5 ran [5/5] RUN make`},
		{"nothing is told of what is shared, as 20.10 does", one, `
			5 ran [5/5] RUN make`, "", `
			2 shared [2/5] WORKDIR /app
			3 shared [3/5] COPY a /a
			4 shared [4/5] RUN  make
			5 ran [5/5] RUN make`},
		{"the other's has the same number, and goes on", one, `
			-8 ran [2/5] WORKDIR /app
			- no [3/5] COPY a /a
			- no [4/5] RUN  make
			- no [5/5] RUN make
			-7 ran [3/5] COPY a /a
			-6 going [4/5] RUN  make`, "", `
			2 cached [2/5] WORKDIR /app
			3 cached [3/5] COPY a /a
			4 shared [4/5] RUN  make
			5 shared [5/5] RUN make`},
		{"both began at once, and the other's is of more steps", one, `
			1 ran [2/7] WORKDIR /app
			2 ran [3/5] COPY a /a
			3 ran [4/5] RUN  make
			4 ran [5/5] RUN make`, "", `
			2 cached [2/5] WORKDIR /app
			3 ran [3/5] COPY a /a
			4 ran [4/5] RUN  make
			5 ran [5/5] RUN make`},
		{"both began at once, with the same numbers", one, `
			1 ran [2/5] WORKDIR /app
			2 ran [3/5] COPY a /a
			- no [3/5] COPY a /a
			3 ran [4/5] RUN  make
			4 ran [5/5] RUN make`, "", `
			2 ran [2/5] WORKDIR /app
			3 cached [3/5] COPY a /a
			4 ran [4/5] RUN  make
			5 ran [5/5] RUN make`},
		{"the other's is of a stage that this file has not", one, `
			- no [3/5] COPY a /a
			3 ran [4/5] RUN  make
			4 ran [5/5] RUN make
			1 ran [builder 2/5] WORKDIR /app
			2 ran [stage-1 3/5] COPY a /a`, "", `
			2 cached [2/5] WORKDIR /app
			3 cached [3/5] COPY a /a
			4 ran [4/5] RUN  make
			5 ran [5/5] RUN make`},
		{"the other's is of a file with one stage", "FROM scratch AS base\nCOPY a /a\nFROM base\nCOPY b /b\n", `
			1 ran [base 1/1] COPY a /a
			1 ran [1/2] COPY a /a`, "", `
			2 ran [base 1/1] COPY a /a`},
		{"the shared step fails", one, `
			- no [4/5] RUN  make
			- no [3/5] COPY a /a
			- no [5/5] RUN make
			-8 ran [2/6] WORKDIR /app
			-7 ran [3/6] COPY a /a
			-6 failed:exit_code:_2 [4/6] RUN  make`, "exit code: 2", `
			2 cached [2/5] WORKDIR /app
			3 cached [3/5] COPY a /a
			4 failed 2 why [4/5] RUN  make
			5 shared [5/5] RUN make`},
		{"the second of two equal commands fails", one, `
			- no [3/5] COPY a /a
			- no [4/5] RUN  make
			- no [5/5] RUN make
			-5 failed:exit_code:_2 [5/6] RUN make
			-6 ran [4/6] RUN  make
			-7 ran [3/6] COPY a /a
			-8 ran [2/6] WORKDIR /app`, "exit code: 2", `
			2 cached [2/5] WORKDIR /app
			3 cached [3/5] COPY a /a
			4 cached [4/5] RUN  make
			5 failed 2 why [5/5] RUN make`},
		{"the other was given up", one, `
			- no [3/5] COPY a /a
			2 ran [4/5] RUN  make
			3 ran [5/5] RUN make
			-8 ran [2/6] WORKDIR /app
			-7 failed:context_canceled [3/6] COPY a /a`, "", `
			2 cached [2/5] WORKDIR /app
			3 shared [3/5] COPY a /a
			4 ran [4/5] RUN  make
			5 ran [5/5] RUN make`},
		{"only the message tells of the failure, as on 20.10", "FROM python\nCOPY a /a\nRUN echo x;  make\nRUN late\n",
			`
			- no [2/4] COPY a /a
			- no [3/4] RUN echo x;  make
			- no [4/4] RUN late`, "executor failed running [/bin/sh -c echo x;  make]: exit code: 7", `
			2 shared [2/4] COPY a /a
			3 failed 7 [3/4] RUN echo x;  make
			4 shared [4/4] RUN late`},
		{"ONBUILD of the base image counts too", one, `
			1 ran [2/7] COPY . /
			1 ran [3/7] RUN it
			2 ran [4/7] WORKDIR /app
			3 ran [5/7] COPY a /a
			4 ran [6/7] RUN  make
			5 ran [7/7] RUN make`, "", `
			0 ran [2/7] COPY . /
			0 ran [3/7] RUN it
			2 ran [4/7] WORKDIR /app
			3 ran [5/7] COPY a /a
			4 ran [6/7] RUN  make
			5 ran [7/7] RUN make`},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, err := dockerfile.Parse("Dockerfile", []byte(c.file))
			require.NoError(t, err)
			tr := traceOf(t, c.told)
			tr.message = c.message
			var got []string
			for _, s := range tr.Steps(file) {
				how := "ran"
				switch {
				case s.Error != "":
					how = strings.TrimSpace(fmt.Sprintf("failed %d %s", s.ExitCode, s.Log))
				case s.Cached:
					how = "cached"
				case !s.Done:
					how = "shared"
				}
				got = append(got, fmt.Sprintf("%d %s %s", s.Line, how, s.Name))
			}
			var want []string
			for line := range strings.Lines(strings.TrimSpace(c.want)) {
				want = append(want, strings.TrimSpace(line))
			}
			require.Equal(t, want, got)
		})
	}
}

// TestManySteps: BuildKit makes the numbers as wide as their total.
func TestManySteps(t *testing.T) {
	for _, total := range []int{9, 10, 12, 25, 99, 100, 110} {
		for _, label := range []string{"", "api", "stage-0"} {
			text, names, as := "", []string{}, ""
			if label == "api" {
				as = " AS api"
			}
			for n := 2; n <= total; n++ {
				text += fmt.Sprintf("ENV X=%d\nRUN make %d\n", n, n)
				names = append(names, strings.TrimSpace(fmt.Sprintf("%d ran [%s %*d/%d] RUN make %d", n, label,
					len(fmt.Sprint(total)), n, total, n)))
			}
			for i, name := range names {
				names[i] = strings.Replace(name, "[ ", "[", 1) // a stage without a name has no blank after it
			}
			file, err := dockerfile.Parse("Dockerfile", []byte("FROM python"+as+"\n"+text))
			require.NoError(t, err)
			slices.Reverse(names)
			steps := traceOf(t, strings.Join(names, "\n")).Steps(file)
			require.Len(t, steps, total-1)
			for i, s := range steps {
				require.Equal(t, 3+2*i, s.Line, s.Name)
				require.Contains(t, s.Name, fmt.Sprintf("] RUN make %d", i+2))
				require.True(t, s.Done, s.Name)
			}
		}
	}
}
