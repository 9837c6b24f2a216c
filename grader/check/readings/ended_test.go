package readings_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/readings"
)

// sceneOf returns the scene of a folder whose CMD or ENTRYPOINT was started.
func sceneOf(t *testing.T, files map[string]string) readings.Scene {
	t.Helper()
	folder := fstest.MapFS{}
	for name, text := range files {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	src := check.NewSource(folder)
	file, err := src.Dockerfile()
	require.NoError(t, err)
	return readings.NewScene(src, file.Last("CMD", "ENTRYPOINT").Line)
}

// TestEnded: what came to its end without a fault is told by what is in the folder.
func TestEnded(t *testing.T) {
	const node = "FROM node:20-slim\nWORKDIR /app\nCOPY . .\n"
	for _, c := range []struct {
		files map[string]string
		want  string
	}{
		{map[string]string{
			"Dockerfile":    node + "ENTRYPOINT [\"./entrypoint.sh\"]\nCMD [\"node\", \"server.js\"]\n",
			"entrypoint.sh": "#!/bin/sh\necho migrating\n"},
			"ENTRYPOINT starts entrypoint.sh, which comes to its end and never starts what CMD names (line 5). Let " +
				"its last line start it. Write `exec \"$@\"` below line 2 of entrypoint.sh."},
		{map[string]string{
			"Dockerfile":    node + "ENTRYPOINT [\"./entrypoint.sh\"]\nCMD [\"node\", \"server.js\"]\n",
			"entrypoint.sh": "#!/bin/sh\nexec \"$@\"\n", "server.js": "require('http').createServer().listen(8000)\n"},
			"What CMD starts came to its end. Let CMD start the web server, which keeps running."},
		{map[string]string{"Dockerfile": node + "ENTRYPOINT [\"sh\", \"entrypoint.sh\"]\n",
			"entrypoint.sh": "#!/bin/sh\nexec \"$@\"\n", "server.js": "require('http').createServer().listen(8000)\n"},
			"ENTRYPOINT starts entrypoint.sh, which goes on with what CMD names, and the Dockerfile has no CMD. " +
				"Start " +
				"the program. Write `CMD [\"node\", \"server.js\"]` below line 4 of Dockerfile."},
		{map[string]string{"Dockerfile": node + "ENTRYPOINT node\nCMD [\"server.js\"]\n"},
			"ENTRYPOINT, line 4, is no list, so a shell starts node alone, and what CMD names (line 5) is not heard. " +
				"Make it a list. Make line 4 of Dockerfile `ENTRYPOINT [\"node\"]`."},
		{map[string]string{"Dockerfile": node + "CMD [\"sh\", \"start.sh\"]\n",
			"start.sh": "#!/bin/sh\nnode server.js &\necho up\n"},
			"start.sh, line 2, starts a program in the background, with & at its end: the script comes to its end, " +
				"and " +
				"the container with it. Start it without &. Make line 2 of start.sh `node server.js`."},
		{map[string]string{"Dockerfile": node + "CMD [\"sh\", \"start.sh\"]\n",
			"start.sh": "#!/bin/sh\nnode worker.js &\nnode server.js &\n"},
			"start.sh, line 3, starts a program in the background, with & at its end: the script comes to its end, " +
				"and " +
				"the container with it. Let the script wait for it at its end. Write `wait` below line 3 of start.sh."},
		{map[string]string{"Dockerfile": node + "CMD [\"node\", \"server.js\"]\n",
			"server.js": "const app = require('x');\nmodule.exports = app;\n"},
			"CMD starts server.js, and no line of the program listens on a port, so it came to its end. Let it " +
				"listen."},
		{map[string]string{"Dockerfile": node + "CMD [\"node\", \"app.js\"]\n",
			"app.js":    "const app = require('express')();\nmodule.exports = app;\n",
			"server.js": "const app = require('./app');\napp.listen(8000);\n"},
			"CMD starts app.js, which listens on no port and so came to its end; server.js, line 2, listens. Start " +
				"that. Make line 4 of Dockerfile `CMD [\"node\", \"server.js\"]`."},
		{map[string]string{"Dockerfile": node + "CMD [\"npm\", \"start\"]\n",
			"package.json": `{"scripts": {"start": "node server.js"}}`,
			"server.js":    "const express = require('express');\nconst app = express();\n"},
			"CMD starts server.js, and no line of the program listens on a port, so it came to its end. Let it " +
				"listen. Write `app.listen(8000, \"0.0.0.0\");` below line 2 of server.js."},
		{map[string]string{"Dockerfile": node + "CMD node server.js &\n"},
			"Line 4 starts the program in the background, with & at its end: the shell ends, and the container with " +
				"it. Start it without &. Make line 4 of Dockerfile `CMD node server.js`."},
		{map[string]string{"Dockerfile": node + "ENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"node\", \"server.js\"]\n"},
			"ENTRYPOINT and CMD are one command together, sh -c node server.js: sh -c takes the word behind it for " +
				"the whole " +
				"command, so only node is run. Keep the ENTRYPOINT out, so that CMD is the whole command. Take " +
				"`ENTRYPOINT " +
				"[\"sh\", \"-c\"]` out of Dockerfile, line 4."},
		{map[string]string{"Dockerfile": node + "CMD [\"node\", \"server.js\"]\n",
			"server.js": "require('http').createServer().listen(8000)\nprocess.exit()\n"},
			"server.js, line 2, ends the program when it has just begun to listen: `process.exit()`. Take " +
				"`process.exit()` out " +
				"of server.js, line 2."},
		{map[string]string{"Dockerfile": node + "CMD [\"npm\", \"run\", \"build\"]\n",
			"package.json": `{"scripts": {"build": "tsc", "start": "node server.js"}}`},
			"Line 4 runs the script build of package.json, which comes to its end when that is done, and no " +
				"server. That " +
				"belongs into a RUN; let CMD start the program. Make line 4 of Dockerfile `CMD [\"npm\", \"start\"]`."},
		{map[string]string{"Dockerfile": node + "CMD [\"node\", \"server.js\"]\n",
			"server.js": "rl.question('Port? ', port => server.listen(port))\n"},
			"server.js, line 1, asks at a keyboard, which no container has, and so it ends: `rl.question('Port? ', " +
				"port => " +
				"server.listen(port))`. Take the value from a variable."},
		{map[string]string{"Dockerfile": node + "CMD [\"node\"]\n", "server.js": "x\n"},
			"Line 4 starts node without a program, which waits for a keyboard that no container has, and ends. Start " +
				"the program. Make line 4 of Dockerfile `CMD [\"node\", \"server.js\"]`."},
	} {
		assert.Equal(t, c.want, readings.Ended(sceneOf(t, c.files)).String())
	}
}

// TestSilent: what goes on and listens on no port is told by what CMD and the program say.
func TestSilent(t *testing.T) {
	const python = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n"
	for _, c := range []struct{ cmd, program, want string }{
		{`CMD ["gunicorn", "--bind", "unix:/tmp/app.sock", "main:app"]`, "",
			"Line 4 lets the program listen on a file, unix:/tmp/app.sock, and on no port. Let it listen on a port. " +
				"Make line 4 of Dockerfile `CMD [\"gunicorn\", \"--bind\", \"0.0.0.0:8000\", \"main:app\"]`."},
		{`CMD ["uvicorn", "main:app"]`, "import time\nwhile True:\n    time.sleep(1)\n",
			"main.py, line 2, goes round without end before a server could listen: `while True:`. Do that in a " +
				"thread or a task of the program, or take it out."},
		{`CMD ["npx", "--yes", "http-server", "-p", "3000"]`, "", "CMD, line 4, lets npx fetch http-server from " +
			"the network " +
			"each time that the container starts, and here is none: package.json does not name it. Install it when " +
			"the image " +
			"is built. Write `RUN npm install -g http-server` below line 3 of Dockerfile."},
		{`CMD ["tail", "-f", "/dev/null"]`, "", "Line 4 starts tail, which goes on and serves nothing: no line " +
			"starts the " +
			"program. Let CMD start the program."},
		{"ENV PORT = 3000\n" + `CMD ["node", "server.js"]`, "", "Line 4 sets PORT to \"= 3000\": with blanks " +
			"before it, the = " +
			"is a part of the value, and that is no port. Write it without blanks. Make line 4 of Dockerfile `ENV " +
			"PORT=3000`."},
		{"ENV PORT=3000;\n" + `CMD ["node", "server.js"]`, "", "Line 4 sets PORT to `3000;`, which is no number, " +
			"and so no " +
			"port. Write the number alone. Make line 4 of Dockerfile `ENV PORT=3000`."},
		{`CMD ["uvicorn", "main:app"]`, "import time\n", ""},
	} {
		h, ok := readings.Silent(sceneOf(t, map[string]string{"Dockerfile": python + c.cmd + "\n",
			"main.py": c.program}), 8000)
		assert.Equal(t, c.want, h.String())
		assert.Equal(t, c.want != "", ok)
	}
}

// TestMute: what listens where it should and gives no answer speaks HTTPS, or never comes to answer.
func TestMute(t *testing.T) {
	const python = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n"
	const serve = "Serve HTTP: who puts the service before the world adds HTTPS."
	for _, c := range []struct{ cmd, program, want string }{
		{`CMD ["uvicorn", "main:app", "--ssl-keyfile", "k.pem", "--ssl-certfile=c.pem", "--port", "8000"]`, "",
			"Line 4 lets the program speak HTTPS, and it is asked by HTTP. " + serve + " Make line 4 of Dockerfile " +
				"`CMD [\"uvicorn\", \"main:app\", \"--port\", \"8000\"]`."},
		{`CMD gunicorn --certfile c.pem --keyfile k.pem main:app`, "", "Line 4 lets the program speak HTTPS, and it " +
			"is asked by HTTP. " + serve + " Make line 4 of Dockerfile `CMD gunicorn main:app`."},
		{`CMD ["python", "main.py"]`, "app.run(host='0.0.0.0', ssl_context='adhoc')\n", "main.py, line 1, lets the " +
			"program speak HTTPS, and it is asked by HTTP: `app.run(host='0.0.0.0', ssl_context='adhoc')`. " + serve},
		{`CMD ["python", "main.py"]`, "app.run()\n", "It listens where it should, and gives no answer in HTTP. Look " +
			"at what each request waits for, such as a lock, a sleep, or another server that is not there."},
	} {
		assert.Equal(t, c.want, readings.Mute(sceneOf(t, map[string]string{"Dockerfile": python + c.cmd + "\n",
			"main.py": c.program})).String())
	}
}

// TestNotText: a program in another encoding is named, whatever Python calls that.
func TestNotText(t *testing.T) {
	for log, program := range map[string]string{
		"SyntaxError: source code string cannot contain null bytes\n":                             "i\x00m\x00",
		"SyntaxError: (unicode error) 'utf-8' codec can't decode byte 0xfc in position 6: …\n":    "# f\xfcr\n",
		"SyntaxError: Non-UTF-8 code starting with '\\xfc' in file /app/main.py on line 1, but\n": "# f\xfcr\n",
	} {
		f, ok := readings.Start(log, sceneOf(t, map[string]string{"main.py": program,
			"Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"main.py\"]\n"}))
		assert.True(t, ok)
		assert.Equal(t, "main.py is not text in UTF-8, so Python cannot read it. Save it as UTF-8: editors have that "+
			"under Save with Encoding (PowerShell's > writes UTF-16).", f.Hint.String())
	}
}

// TestAnswer: of a program that runs, the log of the last fault is read, and no word is of its end.
func TestAnswer(t *testing.T) {
	scene := func() readings.Scene {
		return sceneOf(t, map[string]string{"main.py": "import x\n\nx.connect()\n",
			"Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"main.py\"]\n"})
	}
	const traceback = "Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in health\n"
	f, ok := readings.Answer("KeyError: 'DATABASE_URL'\n"+traceback+
		"psycopg2.OperationalError: could not translate host name \"db\" to address: unknown\n", scene())
	assert.True(t, ok)
	assert.Equal(t, "The program asks for a database (PostgreSQL) at db:5432 (main.py, line 3), a name that compose "+
		"would give to a service: here the container runs alone, and db is nobody's name. Answer without it where it "+
		"is not there (try … except).", f.Hint.String())
	for end, want := range map[string]string{
		"ValueError: x": "The exception is raised from main.py, line 3: `x.connect()`. Look at " +
			"that line with the exception's words.",
		"KeyError: 'done'": "The exception is raised from main.py, line 3: `x.connect()`. Look at that line with the " +
			"exception's words.",
		"fastapi.exceptions.ResponseValidationError: 1 validation error:\n  {'type': 'missing', 'loc': ('response', " +
			"'owner'), 'msg': 'Field required', 'input': {}}": "main.py, line 3, answers with what its own " +
			"response_model does not take: owner: Field required. Put owner into what the function returns as the " +
			"model " +
			"wants it, or give it a default in the model.",
		"TypeError: Object of type T is not JSON serializable": "JSON is made of a T, which it has no form for " +
			"(main.py, line 3). Give it a dict of its values.",
		"TypeError: Object of type datetime is not JSON serializable": "JSON is made of a datetime, which it has no " +
			"form for (main.py, line 3). Make it text: .isoformat().",
		"TypeError: The view function for 'health' did not return a valid response.": "The function health comes to " +
			"its end without a return. Let it return the answer, in each of its branches.",
	} {
		f, ok := readings.Answer(traceback+end+"\n", scene())
		assert.True(t, ok)
		assert.Equal(t, want, f.Hint.String())
	}
	f, ok = readings.Answer("TypeError: Cannot destructure property 'title' of 'req.body' as it is undefined.\n"+
		"    at /app/server.js:4:11\n    at Layer.handle (/app/node_modules/express/lib/router/layer.js:95:5)\n",
		sceneOf(t, map[string]string{"Dockerfile": "FROM node:20\nWORKDIR /app\nCOPY . .\nCMD [\"node\", " +
			"\"server.js\"]\n",
			"server.js": "const express = require('express');\nconst app = express();\napp.post('/t', (req, res) " +
				"=> {\n" +
				"  const { title } = req.body;\n});\n"}))
	assert.True(t, ok)
	assert.Equal(t, "server.js, line 4, takes title of req.body, and no line of the program reads the body of a "+
		"request. Let "+
		"Express read it, above the routes. Write `app.use(express.json());` below line 2 of server.js.",
		f.Hint.String())
	f, _ = readings.Answer("TypeError: Cannot destructure property 'title' of 'req.body' as it is undefined.\n"+
		"    at /app/server.js:3:11\n", sceneOf(t, map[string]string{
		"Dockerfile": "FROM node:20\nWORKDIR /app\nCOPY . .\nCMD [\"node\", \"server.js\"]\n",
		"server.js": "const app = express();\napp.post('/t', (req, res) => {\n  const { title } = req.body;\n});\n" +
			"app.use(express.json());\n"}))
	assert.Contains(t, f.Hint.String(), "line 5 lets Express read the body below that route, which is too late for it.")
	_, ok = readings.Answer("KeyError: 'DATABASE_URL'\n", scene())
	assert.False(t, ok, "no traceback")
}

// TestNeverRuns: a program of Python that ends before it comes to its server.
func TestNeverRuns(t *testing.T) {
	const head = "import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
	for program, want := range map[string]string{
		head + "if __name__ == 'main':\n    uvicorn.run(app)\n": "main.py, line 7, asks for the name \"main\", " +
			"which a " +
			"program never has, so what stands below is not run. It is __main__. Make line 7 of main.py `if " +
			"__name__ == " +
			"'__main__':`.",
		head + "def main():\n    uvicorn.run(app)\n": "main.py, line 7, has the function main, which nothing calls, " +
			"so the " +
			"program ends without it. Call it at the end of the file. Write `if __name__ == \"__main__\":` and " +
			"below it " +
			"`    main()` below line 8 of main.py.",
		head + "async def main():\n    await serve()\n\n\nif __name__ == \"__main__\":\n    main()\n": "main.py, " +
			"line 12, " +
			"calls main, which is async: without await or asyncio.run it never runs. Let asyncio run it, and import " +
			"asyncio. Make line 12 of main.py `    asyncio.run(main())`.",
		head + "exit()\nuvicorn.run(app)\n": "main.py, line 7, ends the program: `exit()`. Take that out, and let " +
			"the " +
			"server run.",
	} {
		hint := readings.Ended(sceneOf(t, map[string]string{"main.py": program,
			"Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"main.py\"]\n"}))
		assert.Equal(t, want, hint.String())
	}
}

// TestExits: the line that ends a program with its code is named where nothing else is said.
func TestExits(t *testing.T) {
	scene := sceneOf(t, map[string]string{"start.sh": "#!/bin/sh\n[ -f ready ] || exit 3\n",
		"Dockerfile": "FROM node:20\nWORKDIR /app\nCOPY . .\nCMD [\"sh\", \"start.sh\"]\n"})
	h, ok := readings.Exits(scene, 3)
	assert.True(t, ok)
	assert.Equal(t, "It wrote nothing; start.sh, line 2, ends it with this code: `[ -f ready ] || exit 3`. Look at "+
		"what "+
		"leads to that line, and let the program say there why it ends.", h.String())
	_, ok = readings.Exits(scene, 1)
	assert.False(t, ok)
}

// TestTested: a step that tests for a file and says nothing is told by what it tests.
func TestTested(t *testing.T) {
	for _, c := range []struct{ step, want string }{
		{"test -f dist/server.js", "Line 4 tests whether there is a file dist/server.js, and says nothing where " +
			"there is " +
			"none. Let a line above make it, or COPY it; or take the test out."},
		{"[ -d /data ]", "Line 4 tests whether there is a folder /data, and says nothing where there is none. Let " +
			"a line " +
			"above make it, or COPY it; or take the test out."},
		{"true && grep -q x a.txt", "The step wrote nothing; it ends with `grep -q x a.txt`. Run its commands one " +
			"by one, " +
			"each in a RUN of its own, to see which of them fails."},
	} {
		src := check.NewSource(fstest.MapFS{"Dockerfile": &fstest.MapFile{
			Data: []byte("FROM node:20\nWORKDIR /app\nCOPY . .\nRUN " + c.step + "\n")}})
		f, ok := readings.Build("", readings.NewScene(src, 4))
		assert.True(t, ok)
		assert.Equal(t, c.want, f.Hint.String())
	}
}

// TestHandsNothingOver: a script that does nothing which goes on, and does not start what CMD names, is
// told as that; any other is not.
func TestHandsNothingOver(t *testing.T) {
	for script, want := range map[string]string{
		"#!/bin/sh\nset -e\necho ready\n": "ENTRYPOINT starts start.sh, which comes to its end, and no line of it " +
			"starts what CMD names (line 5). Let it end with that. Write `exec \"$@\"` below line 3 of start.sh.",
		"#!/bin/sh\necho ready\nexec \"$@\"\n":    "",
		"#!/bin/sh\necho ready\npython main.py\n": "",
	} {
		h, ok := readings.HandsNothingOver(sceneOf(t, map[string]string{"start.sh": script, "Dockerfile": "FROM " +
			"python:3.12-slim\nWORKDIR /app\nCOPY . .\nENTRYPOINT [\"./start.sh\"]\nCMD [\"python\", \"main.py\"]\n"}))
		assert.Equal(t, want != "", ok)
		assert.Equal(t, want, h.String())
	}
}

// TestCommandOfAnotherStage: a CMD that is not of the image's own stage is named.
func TestCommandOfAnotherStage(t *testing.T) {
	scene := readings.NewScene(check.NewSource(fstest.MapFS{"Dockerfile": {Data: []byte("FROM python:3.12-slim AS " +
		"build\nCOPY . .\nCMD [\"python\", \"main.py\"]\nFROM python:3.12-slim\nCOPY --from=build main.py .\n")}}), 0)
	assert.Equal(t, "CMD, line 3, is of another stage: the image is the last stage, which begins on line 4 and has "+
		"none. Write it there. Write `CMD [\"python\", \"main.py\"]` below line 5 of Dockerfile.",
		readings.Ended(scene).String())
	scene = readings.NewScene(check.NewSource(fstest.MapFS{"Dockerfile": {Data: []byte("FROM python:3.12-slim\n" +
		"COPY --from=build main.py .\nCMD [\"python\", \"main.py\"]\nFROM python:3.12-slim AS build\nCOPY . .\n")}}), 0)
	assert.Equal(t, "The stages stand in the wrong order: that of line 1, with CMD, takes files from build, "+
		"which begins on line 4, "+
		"and the last stage is the image. Move lines 4 to 5 above line 1.", readings.Ended(scene).String())
}
