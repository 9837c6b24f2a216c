package listen_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/listen"
)

func TestListen(t *testing.T) {
	up := func(port int, loopback bool) *checktest.Target {
		t := checktest.New()
		t.Up.Port, t.Up.Loopback = port, loopback
		return t
	}
	on := func(addresses ...string) *checktest.Target {
		t := checktest.New()
		t.Up.Listeners = nil
		for _, address := range addresses {
			t.Up.Listeners = append(t.Up.Listeners, check.Listener{Address: address, Port: 8000})
		}
		return t
	}
	for _, c := range []struct {
		target *checktest.Target
		want   string
	}{
		{on("172.18.0.2"),
			"ok listens on the port\n0 on all interfaces: want 0.0.0.0; got 172.18.0.2 alone, which is one of the " +
				"container's addresses; hint: Inside a container, localhost is the container alone. Start uvicorn " +
				"with --host 0.0.0.0 --port 8000.; at Dockerfile:8\nok no EXPOSE says otherwise"},
		{on("172.18.0.2", "127.0.0.1"), "ok listens on the port\nok on all interfaces\nok no EXPOSE says otherwise"},
		{on("::"), "ok listens on the port\nok on all interfaces\nok no EXPOSE says otherwise"},
		{checktest.New(), "ok listens on the port\nok on all interfaces\nok no EXPOSE says otherwise"},
		{up(5000, false),
			"0 listens on the port: want port 8000; got port 5000; hint: Start uvicorn with --host 0.0.0.0 --port " +
				"8000.; at Dockerfile:8\nok on all interfaces\nok no EXPOSE says otherwise"},
		{up(8000, true),
			"ok listens on the port\n0 on all interfaces: want 0.0.0.0; got 127.0.0.1, where nothing outside the " +
				"container reaches it; hint: Inside a container, localhost is the container alone. Start uvicorn " +
				"with --host 0.0.0.0 --port 8000.; at Dockerfile:8\nok no EXPOSE says otherwise"},
		{checktest.New().With("Dockerfile", "FROM x:1\nCMD [\"x\"]\n"),
			"ok listens on the port\nok on all interfaces\nok no EXPOSE says otherwise"},
		{checktest.New().With("Dockerfile", "FROM x:1\nEXPOSE 80 8000/udp\n"),
			"ok listens on the port\nok on all interfaces\n0 no EXPOSE says otherwise: want EXPOSE 8000; got EXPOSE " +
				"80 8000/udp; hint: Make EXPOSE say 8000, the port that the program should listen on.; at " +
				"Dockerfile:2"},
	} {
		assert.Equal(t, c.want, checktest.Asked(t, listen.Kind(), "listen: {port: 8000}", c.target))
	}
}

// TestPortOfTheRubric: without a port of its own, it is the one where the rubric expects the
// program.
func TestPortOfTheRubric(t *testing.T) {
	target := checktest.New().With("Dockerfile", "FROM x:1\nEXPOSE 5000\n")
	target.Up = check.Started{Answered: true, Port: 5000, Wanted: 5000}
	assert.Equal(t, "ok listens on the port\nok on all interfaces\nok no EXPOSE says otherwise",
		checktest.Asked(t, listen.Kind(), "listen: {}", target))
}

// TestCommandOfAStage: the CMD that counts may stand in the stage that the last one is built on.
func TestCommandOfAStage(t *testing.T) {
	target := checktest.New().With("Dockerfile", "FROM x:1 AS base\nEXPOSE 8000\nCMD [\"x\"]\nFROM base\n")
	target.Up = check.Started{Answered: true, Port: 80}
	assert.Contains(t, checktest.Asked(t, listen.Kind(), "listen: {}", target), "; at Dockerfile:3\nok")
}

// TestWhereItIsSet: the line to write is the one where the port or the address is set, whoever sets
// it.
func TestWhereItIsSet(t *testing.T) {
	for _, c := range []struct{ start, name, program, edit string }{
		{`CMD ["uvicorn", "main:app", "--port", "5000"]`, "main.py", "",
			"Dockerfile:2 CMD [\"uvicorn\", \"main:app\", \"--port\", \"8000\"]"},
		{`CMD ["gunicorn", "--bind", "0.0.0.0:5000", "main:app"]`, "main.py", "",
			"Dockerfile:2 CMD [\"gunicorn\", \"--bind\", \"0.0.0.0:8000\", \"main:app\"]"},
		{`CMD gunicorn -b :5000 main:app`, "main.py", "", "Dockerfile:2 CMD gunicorn -b :8000 main:app"},
		{`CMD ["python", "manage.py", "runserver", "0.0.0.0:5000"]`, "main.py", "",
			"Dockerfile:2 CMD [\"python\", \"manage.py\", \"runserver\", \"0.0.0.0:8000\"]"},
		{"ENV PORT=5000\nCMD [\"node\", \"index.js\"]", "index.js", "app.listen(process.env.PORT)\n",
			"Dockerfile:2 ENV PORT=8000"},
		{`CMD ["python", "main.py"]`, "main.py", "import app\napp.run(host='0.0.0.0', port=5000)\n",
			"main.py:2 app.run(host='0.0.0.0', port=8000)"},
		{`CMD ["node", "index.js"]`, "index.js", "const PORT = process.env.PORT || 5000;\napp.listen(PORT);\n",
			"index.js:1 const PORT = process.env.PORT || 8000;"},
		{`CMD ["node", "index.js"]`, "index.js", "app.listen(process.env.PORT, up);\n",
			"index.js:1 app.listen(process.env.PORT || 8000, up);"},
		{`CMD ["./app"]`, "main.go", "\thttp.ListenAndServe(\":5000\", nil)\n",
			"main.go:1 \thttp.ListenAndServe(\":8000\", nil)"},
		{`CMD ["python", "main.py"]`, "main.py", "limit = 5000\n", ""},
		{`CMD ["flask", "run", "--host", "0.0.0.0"]`, "main.py", "",
			`Dockerfile:2 CMD ["flask", "run", "--port", "8000", "--host", "0.0.0.0"]`},
		{`CMD flask --app shop run -h 0.0.0.0`, "shop.py", "", ""},
		{`CMD ["sh", "-c", "alembic upgrade head && gunicorn main:app"]`, "main.py", "",
			`Dockerfile:2 CMD ["sh", "-c", "alembic upgrade head && gunicorn --bind 0.0.0.0:8000 main:app"]`},
		{`CMD gunicorn -b 0.0.0.0:${PORT:-5000} main:app`, "main.py", "",
			`Dockerfile:2 CMD gunicorn -b 0.0.0.0:${PORT:-8000} main:app`},
		{`CMD ["python", "main.py"]`, "main.py", "import flask\napp.run(host='0.0.0.0')\n",
			"main.py:2 app.run(port=8000, host='0.0.0.0')"},
		{`CMD ["node", "index.js"]`, "index.js", "app.listen(5000, () => console.log(`port ${5000}`))\n",
			"index.js:1 app.listen(8000, () => console.log(`port ${5000}`))"},
		{`CMD ["node", "index.js"]`, "index.js", "app.listen(5000, () => {\nconsole.log('port: 5000')\n",
			"index.js:1 app.listen(8000, () => {"},
		{`CMD ["java", "Main"]`, "Main.java", "s = create(new InetSocketAddress(5000), 0);\nprint(\"on 5000\");\n",
			"Main.java:1 s = create(new InetSocketAddress(8000), 0);"},
		{`CMD ["npm", "start"]`, "package.json", `{"scripts": {"start": "next start -p 5000"}}`,
			`package.json:1 {"scripts": {"start": "next start -p 8000"}}`},
		{`CMD ["./start.sh"]`, "start.sh", "#!/bin/sh\nexec uvicorn main:app --port 5000\n",
			"start.sh:2 exec uvicorn main:app --port 8000"},
	} {
		target := checktest.New().With("Dockerfile", "FROM x:1\n"+c.start+"\n").With(c.name, c.program)
		target.Up.Port = 5000
		assert.Equal(t, c.edit, edit(t, target, 0), c.start)
	}
	for _, c := range []struct{ start, program, edit string }{
		{`CMD ["uvicorn", "main:app", "--host", "127.0.0.1"]`, "",
			`Dockerfile:2 CMD ["uvicorn", "main:app", "--host", "0.0.0.0"]`},
		{`CMD ["uvicorn", "main:app"]`, "", `Dockerfile:2 CMD ["uvicorn", "main:app", "--host", "0.0.0.0"]`},
		{`CMD ["python", "main.py"]`, "app.run(host=\"localhost\")\n", `main.py:1 app.run(host="0.0.0.0")`},
		{`CMD ["python", "main.py"]`, "app.run()\n", `main.py:1 app.run(host="0.0.0.0")`},
		{`CMD ["python", "main.py"]`, "    app.run(debug=True)\n", `main.py:1     app.run(host="0.0.0.0", debug=True)`},
		{`CMD ["python", "main.py"]`, "uvicorn.run('main:app', reload=True)\n",
			`main.py:1 uvicorn.run('main:app', host="0.0.0.0", reload=True)`},
		{`CMD ["uvicorn", "main:app"]`, "uvicorn.run(app, host='127.0.0.1')\n",
			`Dockerfile:2 CMD ["uvicorn", "main:app", "--host", "0.0.0.0"]`},
		{`CMD uvicorn main:app --port 8000`, "", `Dockerfile:2 CMD uvicorn main:app --host 0.0.0.0 --port 8000`},
		{`CMD ["hypercorn", "main:app"]`, "", `Dockerfile:2 CMD ["hypercorn", "--bind", "0.0.0.0:8000", "main:app"]`},
		{`CMD ["gunicorn", "-w", "2", "main:app"]`, "",
			`Dockerfile:2 CMD ["gunicorn", "--bind", "0.0.0.0:8000", "-w", "2", "main:app"]`},
		{`CMD ["gunicorn", "-c", "conf.py", "main:app"]`, "", ""},
		{`CMD ["node", "main.js"]`, "app.listen({ port: process.env.PORT }, f)\n",
			`main.py:1 app.listen({ host: "0.0.0.0", port: process.env.PORT }, f)`},
		{`CMD ["java", "Main"]`, "new InetSocketAddress(\"localhost\", port)\n",
			`main.py:1 new InetSocketAddress("0.0.0.0", port)`},
	} {
		target := checktest.New().With("Dockerfile", "FROM x:1\n"+c.start+"\n").With("main.py", c.program)
		target.Up.Loopback, target.Up.Port = true, 8000
		assert.Equal(t, c.edit, edit(t, target, 1), c.start)
	}
}

// TestBothAtOnce: where port and address are set in one line, each hint writes both.
func TestBothAtOnce(t *testing.T) {
	for _, c := range []struct{ start, program, edit string }{
		{`CMD ["flask", "run"]`, "", `Dockerfile:2 CMD ["flask", "run", "--port", "8000", "--host", "0.0.0.0"]`},
		{`CMD ["flask", "run", "--debug"]`, "",
			`Dockerfile:2 CMD ["flask", "run", "--port", "8000", "--host", "0.0.0.0", "--debug"]`},
		{`CMD uvicorn main:app --host 127.0.0.1 --port 5000`, "",
			`Dockerfile:2 CMD uvicorn main:app --host 0.0.0.0 --port 8000`},
		{`CMD ["python", "main.py"]`, "app.run()\n", `main.py:1 app.run(port=8000, host="0.0.0.0")`},
		{`CMD ["python", "main.py"]`, "app.run(debug=True)\n",
			`main.py:1 app.run(port=8000, host="0.0.0.0", debug=True)`},
		{`CMD ["python", "main.py"]`, "app.run(host='localhost', port=5000)\n",
			`main.py:1 app.run(host='0.0.0.0', port=8000)`},
		{`CMD ["node", "main.js"]`, "", ``},
	} {
		for item := range 2 {
			target := checktest.New().With("Dockerfile", "FROM x:1\n"+c.start+"\n").With("main.py", c.program)
			target.Up.Loopback, target.Up.Port = true, 5000
			assert.Equal(t, c.edit, edit(t, target, item), c.start)
		}
	}
}

// TestInScript: where a script starts the server, its line is the one to write.
func TestInScript(t *testing.T) {
	target := checktest.New().With("Dockerfile", "FROM x:1\nENTRYPOINT [\"./start.sh\"]\n").
		With("start.sh", "#!/bin/sh\n# uvicorn main:app\nexec uvicorn main:app --port 8000\n")
	target.Up.Loopback = true
	assert.Equal(t, "start.sh:3 exec uvicorn main:app --host 0.0.0.0 --port 8000", edit(t, target, 1))
}

// edit returns what the hint of an item would write.
func edit(t *testing.T, target *checktest.Target, item int) string {
	t.Helper()
	defer target.Close()
	o, err := checktest.Ask(t.Context(), checktest.Entry(t, listen.Kind(), "listen: {port: 8000}"), target, 1)
	require.NoError(t, err)
	require.Zero(t, o.Items[item].Share)
	if e := o.Items[item].Hint.Edit; e != nil {
		return fmt.Sprintf("%s:%d %s", e.File, e.Line, e.New)
	}
	return ""
}

// TestForesee: what the Dockerfile alone says of port, address and EXPOSE is told while nothing is
// built, and nothing where it says what is wanted.
func TestForesee(t *testing.T) {
	for _, c := range []struct{ lines, want string }{
		{`CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]`, ""},
		{`CMD ["python", "main.py"]`, ""},
		{`CMD ["fastapi", "run", "main.py"]`, ""},
		{"ENTRYPOINT [\"gunicorn\"]\n" + `CMD ["--bind", ":8000", "app:app"]`, ""},
		{"EXPOSE 3000-9000\n" + `CMD ["python", "main.py"]`, ""},
		{"ENV UVICORN_HOST=0.0.0.0\n" + `CMD ["uvicorn", "main:app"]`, ""},
		{`CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "80"]`,
			"the Dockerfile says port 80, and 8000 is wanted; Make line 2 of Dockerfile `CMD [\"uvicorn\", " +
				"\"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]`.\n"},
		{`CMD uvicorn main:app --port 8000`, "CMD names no address, and without one the server listens on 127.0.0.1, " +
			"where nothing outside the container reaches it; Make line 2 of Dockerfile `CMD uvicorn main:app " +
			"--host 0.0.0.0 --port 8000`.\n"},
		{`CMD ["gunicorn", "-b", "127.0.0.1:8000", "app:app"]`,
			"inside a container, localhost is the container alone; " +
				"Make line 2 of Dockerfile `CMD [\"gunicorn\", \"-b\", \"0.0.0.0:8000\", \"app:app\"]`.\n"},
		{"EXPOSE 3000\n" + `CMD ["node", "a.js"]`, "`EXPOSE 3000`, and 8000 is wanted; Make line 2 of Dockerfile " +
			"`EXPOSE 8000`.\n"},
		{"EXPOSE 3000\n" + `CMD ["node", "a.js"]` + "\nUSER node", "`EXPOSE 3000`, and 8000 is wanted; Make line 2 " +
			"of Dockerfile `EXPOSE 8000`.\n"},
		{"COPPY . .\nEXPOSE 3000", "`EXPOSE 3000`, and 8000 is wanted; Make line 3 of Dockerfile `EXPOSE 8000`.\n"},
	} {
		target := checktest.New().With("Dockerfile", "FROM python:3.12-slim\n"+c.lines+"\n")
		said := ""
		for _, item := range new(listen.Listen).Foresee(check.Legible(target), 8000) {
			said += item.Got + "; " + item.Hint.String() + "\n"
		}
		file, err := check.Legible(target).Dockerfile()
		require.NoError(t, err)
		for _, in := range file.Final().Instructions {
			assert.NotEmpty(t, in.Text, "the file is as it was")
		}
		target.Close()
		assert.Equal(t, c.want, said, c.lines)
	}
}
