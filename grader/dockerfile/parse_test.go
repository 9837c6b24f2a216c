package dockerfile

import (
	"errors"
	"fmt"
	"runtime"

	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const lesson = "\ufeff# syntax=docker/dockerfile:1\r\nARG V=3.12\r\nFROM python:${V}-slim as base\r\nCOPY " +
	"--from=ghcr.io/astral-sh/uv:latest /uv /uvx /bin/\r\nWORKDIR /app\r\nRUN pip install \\\r\n  # why\r\n  " +
	"fastapi\r\nFROM base\r\nCOPY --from=base /x /y\r\nCOPY --from=0 /x /y\r\nCMD [\"uv\", \"run\"]\r\n"

func TestParse(t *testing.T) {
	f, err := Parse("Dockerfile", []byte(lesson))
	require.NoError(t, err)
	assert.Equal(t, "docker/dockerfile:1", f.Syntax)
	assert.Equal(t, 1, f.SyntaxLine)
	require.Len(t, f.Stages, 2)
	assert.Equal(t, "python:3.12-slim", f.Stages[0].Base)
	assert.Equal(t, -1, f.Stages[0].From)
	assert.Equal(t, 0, f.Stages[1].From)
	assert.Equal(t, []string{"python:3.12-slim", "ghcr.io/astral-sh/uv:latest"}, f.References())
	run := f.Stages[0].Layers()[2]
	assert.Equal(t, 6, run.Line)
	assert.Equal(t, 8, run.EndLine)
	assert.Contains(t, run.Args[0], "fastapi")
	cmd := f.Final().Instructions[2]
	assert.True(t, cmd.Exec)
	assert.Equal(t, []string{"uv", "run"}, cmd.Args)
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		text, message, hint string
		line                int
	}{
		{"FROM x\nCOPPY a b\n", "unknown instruction: COPPY (did you mean COPY?)", "Write COPY instead of COPPY.", 2},
		{"", "the file is empty", "Begin with FROM python:3.12-slim.", 0},
		{"\xff\xfeF\x00R\x00", "the file is UTF-16, as PowerShell writes it, and Docker reads UTF-8",
			"Save it as UTF-8, in PowerShell with Set-Content -Encoding utf8.", 1},
		{"RUN x\n", "no build stage in current context", "", 1},
	} {
		_, err := Parse("Dockerfile", []byte(c.text))
		var e *Error
		require.ErrorAs(t, err, &e, c.text)
		assert.Equal(t, c.message, e.Message)
		assert.Equal(t, c.line, e.Line)
		if c.hint != "" {
			assert.Equal(t, c.hint, e.Hint)
		}
	}
}

// TestTooLongToBuild: what BuildKit has begun with thousands of variables, no deadline ends.
func TestTooLongToBuild(t *testing.T) {
	for _, text := range []string{"FROM scratch\n" + strings.Repeat("ARG a=b\n", 300),
		"FROM scratch\nENV" + strings.Repeat(" a=b", 300) + "\n",
		"FROM scratch\nARG" + strings.Repeat(" a", 300) + "\n", "FROM scratch\nLABEL" + strings.Repeat(" a=b", 300) +
			"\n", strings.Repeat("FROM scratch\n", 301)} {
		_, err := Parse("Dockerfile", []byte(text))
		assert.EqualError(t, err,
			"Dockerfile has 301 instructions, variables, "+
				"labels, mounts and files to copy, and no more than 300 are read", text[:20])
	}
	_, err := Parse("Dockerfile", []byte("FROM scratch\nRUN echo"+strings.Repeat(" a", 300)+"\n"+
		strings.Repeat("RUN true\n", 298)))
	assert.NoError(t, err, "words are no parts")
}

func TestRestIsWhatCanBeRead(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // the instructions of the rest; nil is that there is none
	}{
		{"FROM x\nWROKDIR /app\nCOPY a b\nCMD [\"x\"]\n", []string{"COPY", "CMD"}},
		{"FROM x\nRUNN a \\\n  && b\nEXPOSE 8000\nCOPY a\n", []string{"EXPOSE"}},
		{"FROM x\r\nWROKDIR /app\r\nUSER a\r\n", []string{"USER"}},
		{"FRM x\nWORKDIR /app\n", nil},
		{"", nil},
	} {
		_, err := Parse("Dockerfile", []byte(c.text))
		var e *Error
		require.ErrorAs(t, err, &e, c.text)
		if c.want == nil {
			assert.Nil(t, e.Rest, c.text)
			continue
		}
		require.NotNil(t, e.Rest, c.text)
		var got []string
		for _, in := range e.Rest.Final().Instructions {
			got = append(got, in.Name)
		}
		assert.Equal(t, c.want, got, c.text)
		assert.Equal(t, linesOf([]byte(c.text)), e.Rest.Lines)
	}
}

func TestLoadNamesLookalikes(t *testing.T) {
	_, err := Load(fstest.MapFS{"Dockerfile.txt": {}})
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.Missing)
	assert.Equal(t, `Rename "Dockerfile.txt" to "Dockerfile": Docker looks for exactly that name.`, e.Hint)
	_, err = Load(fstest.MapFS{"api/Dockerfile": {}})
	require.ErrorAs(t, err, &e)
	assert.Contains(t, e.Hint, `There is one in "api"`)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(lesson))
	f.Add([]byte("FROM x\nRUN <<E\nfoo\nE\nCOPY <<A /b\nx\nA\n"))
	f.Add([]byte("FROM\n"))
	for _, c := range commands {
		f.Add([]byte("FROM x\nRUN " + c.run + "\n"))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse("Dockerfile", text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Message == "" || e.Line < 0 {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		file.References()
		file.Final().Layers()
		file.Last("CMD")
		file.Brings("main.py")
		for _, in := range file.Effective() {
			if in.Line < 1 || in.EndLine < in.Line || in.Name != strings.ToUpper(in.Name) {
				t.Fatalf("no place: %+v", in)
			}
			if in.Name == "RUN" {
				for _, c := range in.Commands() {
					_, _ = c.Installs(), c.WithoutProject()
				}
			}
			in.Assignments()
		}
	})
}

// TestGrown: what a file stands for is bounded as its text is, whichever way it grows, and before
// anything is put in.
func TestGrown(t *testing.T) {
	bomb := func(first, line string) string {
		text := first + "\n"
		for n := 2; n <= 10; n++ {
			text += strings.NewReplacer("NEW", fmt.Sprint("A", n), "OLD", fmt.Sprint("A", n-1)).Replace(line) + "\n"
		}
		return text
	}
	ten := strings.Repeat("$OLD", 10)
	for name, c := range map[string]struct {
		text string
		line int
	}{
		"ARG above FROM":  {bomb("ARG A1=aaaaaaaaaa", "ARG NEW="+ten) + "FROM scratch\n", 6},
		"ARG":             {"FROM scratch\n" + bomb("ARG A1=aaaaaaaaaa", "ARG NEW="+ten), 7},
		"ENV":             {"FROM scratch\n" + bomb("ENV A1=aaaaaaaaaa", "ENV NEW="+ten), 7},
		"ENV of the base": {"FROM python:3.12-slim\n" + bomb("ENV A1=$PATH", "ENV NEW="+ten), 6},
		"through stages": {"FROM scratch AS a\nENV A1=aaaaaaaaaa\n" + strings.Repeat("ENV A1=$A1$A1$A1$A1\n", 5) +
			"FROM a AS b\n" + strings.Repeat("ENV A1=$A1$A1$A1$A1\n", 5), 11},
		"ARG of the globals": {"ARG A=" + strings.Repeat("a", 1000) + "\nFROM scratch\nARG A\nENV B=" +
			strings.Repeat("$A", 2000) + "\n", 4},
		"substitution": {"FROM scratch\nARG A=" + strings.Repeat("a", 2000) + "\nENV B=${A//a/$A}\n", 3},
		"LABEL": {"FROM scratch\nENV A=" + strings.Repeat("a", 5000) + "\nLABEL x=" +
			strings.Repeat("$A", 300) + "\n", 3},
		"many RUN": {"FROM scratch\nENV A=" + strings.Repeat("a", 20000) + strings.Repeat("\nRUN x", 100),
			54},
		"quoted names":        {"FROM scratch\n" + bomb("ENV A1=aaaaaaaaaa", `ENV "NEW"=`+ten), 7},
		"quoted names of ARG": {"FROM scratch\n" + bomb("ARG A1=aaaaaaaaaa", `ARG 'NEW'=`+ten), 7},
		"names that are made": {"FROM scratch\nARG N=A\nENV A1=aaaaaaaaaa\n" +
			strings.Repeat("ENV ${N}1="+strings.Repeat("$A1", 10)+"\n", 9), 8},
		"an ARG behind its ENV": {"FROM scratch\n" + bomb("ENV A1=aaaaaaaaaa\nARG A1=x",
			"ENV NEW="+ten+"\nARG NEW=x"), 12},
		"ONBUILD": {"FROM scratch AS s\nENV A=aaaaaaaaaa\nONBUILD ENV A=" + strings.Repeat("$A", 400) +
			" B=$A\nFROM s AS t\nENV B=" + strings.Repeat("$A", 400) + "\n", 5},
		"substitution in itself": {"FROM scratch\nARG A=" + strings.Repeat("a", 100) +
			"\nENV B=${A//a/${A//a/${A//a/x}}}\n", 3},
		"a long pattern": {"FROM scratch\nARG A=" + strings.Repeat("a", 5000) + "\nENV B=${A##*" +
			strings.Repeat("?", 50) + "}\n", 3},
		"defaults in defaults": {"FROM scratch\nENV B=" + strings.Repeat("${X:-", 30) +
			strings.Repeat("}", 30) + "\n", 2},
		"two at once": {"FROM scratch\nENV A=" + strings.Repeat("a", 60000) + "\nENV A=1 B=" +
			strings.Repeat("$A", 20) + "\n", 3},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Parse("Dockerfile", []byte(c.text))
			runtime.ReadMemStats(&after)
			var bad *Error
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, "with the variables put in, Dockerfile is longer than 1048576 bytes here", bad.Message)
			assert.Equal(t, c.line, bad.Line)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(100<<20))
		})
	}
	_, err := Parse("Dockerfile",
		[]byte("FROM python:3.12-slim\nENV PATH=/a:$PATH\nENV PATH=/b:$PATH A=${PATH//:/;}\nRUN x\n"+
			strings.Repeat("LABEL v=${VERSION%.*} w=${TARGETARCH#v}\n", 50)))
	assert.NoError(t, err)
}

// TestParts: what a builder takes apart is bounded, in whatever instruction it stands.
func TestParts(t *testing.T) {
	many := " " + strings.Repeat("a ", 400)
	parts := func(n int) string {
		return fmt.Sprintf("Dockerfile has %d instructions, variables, labels, mounts and files to copy, and no more "+
			"than 300 are read", n)
	}
	const ports = "EXPOSE names more than 70000 ports up to this line"
	for text, want := range map[string]string{
		"COPY" + many + "/":                   parts(402),
		"VOLUME" + many:                       parts(401),
		"EXPOSE 1-65535 1-65535":              ports,
		"EXPOSE 1-40000\nEXPOSE 1-40000":      ports,
		"ARG P=1-65535\nEXPOSE $P/tcp $P/udp": ports,
		"RUN" + strings.Repeat(" --mount=type=tmpfs,target=/a", 400) + " x": parts(402),
	} {
		_, err := Parse("Dockerfile", []byte("FROM scratch\n"+text+"\n"))
		require.EqualError(t, err, want)
	}
	_, err := Parse("Dockerfile", []byte("FROM scratch\nEXPOSE 8000 8443/udp 1-65535 $PORT\n"))
	assert.NoError(t, err)
}

// TestOnbuild: what ONBUILD does in a later stage is one of that stage's instructions.
func TestOnbuild(t *testing.T) {
	f, err := Parse("Dockerfile",
		[]byte("FROM a:1 AS b\nONBUILD COPY --from=evil:1 /x /x\nONBUILD USER root\nFROM b\nRUN x\n"))
	require.NoError(t, err)
	assert.Equal(t, []Reference{{"a:1", 1}, {"evil:1", 2}}, f.Outside())
	assert.Equal(t, 3, f.Last("USER").Line)
}
