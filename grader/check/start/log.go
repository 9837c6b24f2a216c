package start

import "github.com/taskgrader/taskgrader/grader/check/logs"

// readings are the texts by which Python, uvicorn and Docker say why a program did not come up, the most telling first.
var readings = []logs.Reading{
	logs.On(`Could not import module "([^"]+)"`,
		`uvicorn could not import "$1"`, `The image has no "$1" where uvicorn looks for a Python file: check what COPY copies, and where WORKDIR is.`),
	logs.On(`Attribute "([^"]+)" not found in module "([^"]+)"`,
		`there is no "$1" in "$2"`, `$2.py must hold a variable named $1, or CMD must name another.`),
	logs.On(`(?:ModuleNotFoundError|ImportError): No module named '?(\w+)`,
		`no module named "$1"`, `Python finds no module "$1": is it in pyproject.toml or requirements.txt, and did the install step of the Dockerfile run?`),
	logs.On(`(?:/python[\d.]*|python[\d.]*): No module named '?(\w+)`,
		`no module named "$1"`, `Python finds no module "$1": is it in pyproject.toml or requirements.txt, and did the install step of the Dockerfile run?`),
	logs.On(`can't open file '([^']+)'`,
		`$1 is not in the image`, `COPY the file into the image, and let CMD name it as it is called there.`),
	logs.On("exec: \"([^\"]+)\"[^\n]*permission denied",
		`"$1" may not be run`, `Make it executable: RUN chmod +x $1, or start it with its interpreter, as in CMD ["sh", "$1"].`),
	logs.On("(?:exec: \"|Failed to spawn: `)([^\"`]+)",
		`"$1" is not in the image`, "The image has no program \"$1\": install it in a RUN step, or start it with `uv run`."),
	logs.On(`(?m)(?:^|: )([\w./-]+): (?:command )?not found`,
		`"$1" is not in the image`, "The image has no program \"$1\": install it in a RUN step, or start it with `uv run`."),
	logs.On(`exec format error`,
		`what CMD names cannot be run here`, `A script needs #!/bin/sh as its first line, with plain line ends; a program must be built for this kind of machine.`),
	logs.On(`\('[^']*', (\d+)\): permission denied`,
		`it may not listen on port $1`, `Only root may listen below port 1024: start the server with --port 8000.`),
	logs.On(`(?i)address already in use`,
		`its port is taken inside the container`, `Start the server once: CMD, or the script that it starts, starts it twice.`),
	logs.On(`(?m)^KeyError: '([A-Z][A-Z0-9_]+)'`,
		`KeyError: '$1'`, `The program wants a variable $1, which nothing sets: give it a default with os.environ.get, or an ENV line.`),
	logs.On(`(?s)File "([^"]+)", line (\d+)[^"]*?\n((?:Syntax|Indentation|Tab)Error: [^\n]*)`,
		`$3 ($1, line $2)`, `Python cannot read the program: mend line $2 of $1.`),
	logs.On(`(?m)^Error: ((?:No such|Invalid|Missing|Got unexpected) .*)$`,
		`$1`, `The command in CMD is not as the server wants it: try it outside the container.`),
	logs.On(`(?m)^((?:\w+\.)*\w*(?:Error|Exception|Exit)\b.*)$`,
		`$1`, `The program raised an exception while it started: run it outside the container with the same command.`),
	logs.On(`(?i)permission denied`,
		`permission denied`, `The user of the image may not read or run what CMD names: check USER and the files' modes.`),
}
