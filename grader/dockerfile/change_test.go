package dockerfile

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func mustParse(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse(Name, []byte(text))
	require.NoError(t, err, text)
	return f
}

func TestExecForm(t *testing.T) {
	for _, c := range []struct{ line, want, how string }{
		{"CMD uvicorn main:app --port 80", `CMD ["uvicorn", "main:app", "--port", "80"]`, AsList},
		{"cmd exec node app.js", `cmd ["node", "app.js"]`, AsList},
		{`CMD gunicorn "app:create()"`, `CMD ["gunicorn", "app:create()"]`, AsList},
		{"CMD ['python', 'server.py']", `CMD ["python", "server.py"]`, AsQuoted},
		{"CMD [“python”, “server.py”]", `CMD ["python", "server.py"]`, AsQuoted},
		{`CMD ["python", "server.py"] # it`, "# it\n" + `CMD ["python", "server.py"]`, AsQuoted},
		{"CMD uvicorn \\\n  main:app", `CMD ["uvicorn", "main:app"]`, AsList},
		{"CMD python -m uvicorn main:app --port ${PORT:-8000}",
			`CMD ["sh", "-c", "exec python -m uvicorn main:app --port ${PORT:-8000}"]`, AsShell},
		{"CMD alembic upgrade head && uvicorn main:app",
			`CMD ["sh", "-c", "alembic upgrade head && exec uvicorn main:app"]`, AsShell},
		{"CMD cd src; python main.py", `CMD ["sh", "-c", "cd src; exec python main.py"]`, AsShell},
		{`CMD gunicorn -b "0.0.0.0:$PORT" main:app`, `CMD ["sh", "-c", "exec gunicorn -b \"0.0.0.0:$PORT\" main:app"]`,
			AsShell},
		{"CMD sh run.sh && exec node x.js", `CMD ["sh", "-c", "sh run.sh && exec node x.js"]`, AsShell},
		{"ENTRYPOINT MODE=a LEVEL='b c' uvicorn main:app", "ENV MODE=a LEVEL='b c'\n" +
			`ENTRYPOINT ["uvicorn", "main:app"]`, AsEnv},
		{"CMD SECRET_KEY=abc uvicorn main:app", `CMD ["sh", "-c", "SECRET_KEY=abc exec uvicorn main:app"]`, AsShell},
		{"CMD MODE=$M uvicorn main:app", `CMD ["sh", "-c", "MODE=$M exec uvicorn main:app"]`, AsShell},
		{"CMD uvicorn main:app --port 80 && echo done", `CMD ["uvicorn", "main:app", "--port", "80"]`, AsAlone},
		{"CMD alembic upgrade head && gunicorn main:app; sh clean.sh",
			`CMD ["sh", "-c", "alembic upgrade head && exec gunicorn main:app"]`, AsAlone},
		{"CMD a | b", "", ""}, {"CMD a & b", "", ""}, {"CMD cd /app", "", ""}, {"CMD (a; b)", "", ""},
		{"CMD a || b", "", ""},
		{`CMD ["a", "b`, "", ""}, {"CMD a > b", "", ""}, {"CMD wait", "", ""},
		{"ENTRYPOINT uvicorn main:app\nCMD [\"--port\"]", `ENTRYPOINT ["uvicorn", "main:app"]`, AsList},
		{"ENTRYPOINT uvicorn main:app\nCMD [\"python\"]", "", ""},
		{"ENTRYPOINT [\"uvicorn\"]\nCMD main:app --port 80", `CMD ["main:app", "--port", "80"]`, AsList},
		{"ENTRYPOINT [\"./run.sh\"]\nCMD a $B", "", ""},
		{"ENTRYPOINT [\"sh\", \"-c\"]\nCMD a", "", ""},
		{"CMD [`python`, `server.py`]", `CMD ["python", "server.py"]`, AsQuoted},
		{"SHELL [\"bash\", \"-lc\"]\nCMD a $B", `CMD ["bash", "-lc", "exec a $B"]`, AsShell},
	} {
		f := mustParse(t, "FROM x\n"+c.line+"\n")
		in := f.Last("CMD")
		if e := f.Last("ENTRYPOINT"); e != nil && !e.Exec {
			in = e
		}
		change, how := f.ExecForm(*in)
		assert.Equal(t, c.how, how, c.line)
		if c.want == "" {
			assert.Nil(t, change, c.line)
			continue
		}
		if !assert.NotNil(t, change, c.line) {
			continue
		}
		assert.Equal(t, c.want, change.New)
		last := f.Changed(*change).Last(in.Name)
		assert.True(t, last.Exec, c.line)
	}
}

func TestAbsolute(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"FROM python:3\nWORKDIR app\n", "WORKDIR /app"},
		{"FROM python:3\nWORKDIR /srv\nWORKDIR ./src\n", "WORKDIR /srv/src"},
		{"FROM golang\nWORKDIR app\n", ""},
		{"FROM golang AS a\nWORKDIR /x\nFROM a\nworkdir y\n", "workdir /x/y"},
		{"FROM python:3\nWORKDIR $A\nWORKDIR b\n", ""},
	} {
		f := mustParse(t, c.text)
		change := f.Absolute(*f.Last("WORKDIR"))
		if c.want == "" {
			assert.Nil(t, change, c.text)
		} else if assert.NotNil(t, change, c.text) {
			assert.Equal(t, c.want, change.New)
		}
	}
}

func TestPort(t *testing.T) {
	for text, want := range map[string]string{
		`CMD ["uvicorn", "m:a", "--port", "8000"]`: "8000", "CMD gunicorn -b 0.0.0.0:5000 m:a": "5000",
		"CMD gunicorn --bind=:81 m:a":          "81",
		"CMD uvicorn m:a --port ${PORT:-9000}": "9000", "ENV PORT=3000\nCMD node x": "3000",
		"CMD flask run -p 80": "80", "CMD node x": "",
	} {
		assert.Equal(t, want, mustParse(t, "FROM x\n"+text+"\n").Port(), text)
	}
}

func TestMove(t *testing.T) {
	f := mustParse(t, "FROM x\nCOPY . .\n# why\nRUN pip install \\\n  a\nCMD b\n")
	change := f.Move(*f.At(4), *f.At(2))
	require.NotNil(t, change)
	assert.Equal(t, "FROM x\nRUN pip install \\\n  a\nCOPY . .\n# why\nCMD b",
		strings.Join(f.Changed(*change).Lines, "\n"))
	assert.Nil(t, f.Move(*f.At(2), *f.At(4)))
	assert.Equal(t, "FROM x\nEXPOSE 1\nCOPY . .", strings.Join(f.Changed(*f.Above(*f.At(2), "EXPOSE 1")).Lines[:3],
		"\n"))
}
