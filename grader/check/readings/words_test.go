package readings_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/readings"
)

// words are what tools print, of several versions, and what is said of it in the lesson's own
// folder, which has none of the faults.
var words = []struct{ log, want string }{
	{"  × No solution found when resolving dependencies:\n  ╰─▶ Because there is no version of fastapi==99.0.0 and " +
		"your project depends\n      on fastapi==99.0.0, we can conclude that your project's requirements\n      are " +
		"unsatisfiable.\n", "uv version-unknown: Because there is no version of fastapi==99.0.0 and your project " +
		"depends | No package satisfies fastapi==99.0.0: the index has no such version. Ask for a version that there " +
		"is, or for none in particular."},
	{"  × No solution found when resolving dependencies:\n  ╰─▶ Because there are no versions of fastapi and you " +
		"require fastapi, we can conclude that your requirements are " +
		"unsatisfiable.\n", "uv version-unknown: Because there are no versions of fastapi and you require fastapi, " +
		"we can conclude that your requirements are unsatisfiable. | No package satisfies fastapi: the index has no " +
		"such version. Ask for a version that there is, or for none in particular."},
	{"\x1b[31m×\x1b[0m No solution found when resolving dependencies:\n  ╰─▶ Because fastapii was not found in the " +
		"package registry and your project\n      depends on fastapii>=0.115.0, we can conclude that your " +
		"project's\n      requirements are " +
		"unsatisfiable.\n", "uv package-unknown: Because fastapii was not found in the package registry and your " +
		"project | No package satisfies fastapii: the index has none of that name, or none for this Python. Is " +
		"fastapi meant?"},
	{"  × No solution found when resolving dependencies for split\n  │ (python_full_version >= '3.13'):\n  ╰─▶ " +
		"Because only fastapi<=0.115.6 is available and your project depends on\n      fastapi>=1.0, we can conclude " +
		"that your project's requirements are\n      " +
		"unsatisfiable.\n", "uv version-too-new: Because only fastapi<=0.115.6 is available and your project depends " +
		"on fastapi>=1.0, | No package satisfies fastapi>=1.0: only fastapi<=0.115.6 is available. Ask for a version " +
		"that there is."},
	{"  ╰─▶ Because fastapi==0.115.0 depends on starlette>=0.37.2,<0.39.0 and your\n      project depends on " +
		"fastapi==0.115.0, we can conclude that your project\n      depends on starlette>=0.37.2,<0.39.0.\n      And " +
		"because your project depends on starlette==0.20, we can conclude\n      that your project's requirements " +
		"are unsatisfiable.\n", "uv unsatisfiable: Because fastapi==0.115.0 depends on starlette>=0.37.2,<0.39.0 and " +
		"your | Because fastapi==0.115.0 depends on starlette>=0.37.2,<0.39.0 and your project depends on " +
		"fastapi==0.115.0, we can conclude that your project depends on starlette>=0.37.2,<0.39.0. And because your " +
		"project depends on starlette==0.20, we can conclude that your project's requirements are unsatisfiable. Two " +
		"of these do not go together: loosen the version of one."},
	{"error: Failed to resolve dependencies\n  Caused by: No solution found when resolving dependencies\n",
		"uv no-solution: Caused by: No solution found when resolving dependencies | The dependencies do not go " +
			"together. Check names and versions of the dependencies."},
	{"error: No interpreter found for Python >=3.14 in managed installations or search path\n",
		"uv python-not-there: error: No interpreter found for Python >=3.14 in managed installations or search path " +
			"| The project asks for Python >=3.14, which the image does not have. Ask for the Python that the base " +
			"image has."},
	{"error: Failed to parse: `pyproject.toml`\n  Caused by: TOML parse error at line 6, column 5\n",
		"uv not-toml: Failed to parse: `pyproject.toml` Caused by: TOML parse error at line 6 | pyproject.toml " +
			"cannot be read, from line 6 on. Write line 6 of pyproject.toml as the format wants it."},
	{"error: No `pyproject.toml` found in current directory or any parent directory\n",
		" : error: No `pyproject.toml` found in current directory or any parent directory | "},
	{"error: Unable to find lockfile at `uv.lock`. To create a lockfile, run `uv lock` or `uv sync`.\n",
		"uv lock-missing: error: Unable to find lockfile at `uv.lock`. To create a lockfile, run `uv lock` or `uv " +
			"sync`. | This step wants uv.lock, and the folder has none. Run uv lock, and hand in uv.lock; or leave " +
			"out the option that asks for it."},
	{"error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.\n",
		"uv lock-stale: error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided. | uv.lock " +
			"is older than pyproject.toml. Run uv lock, and hand in the new uv.lock; or let this step bring it " +
			"up to date."},
	{"error: Failed to build `pydantic-core==2.27.2`\n  Caused by: Failed to build wheel\n",
		"compilers build-failed: Caused by: Failed to build wheel | pydantic-core 2.27.2 has no wheel for this " +
			"Python and is compiled here; that failed. Take a newer version of pydantic-core, which has a wheel for " +
			"this Python."},
	{"OSError: Readme file does not exist: README.md\n",
		"uv readme-missing: OSError: Readme file does not exist: README.md | pyproject.toml names a readme, which is " +
			"not in the image at this step: building the project itself needs it. COPY it before this step, or leave " +
			"the project itself out. Make line 5 of Dockerfile `RUN uv sync --no-install-project --no-dev`."},
	{"ERROR: Could not find a version that satisfies the requirement fastapi==99.0.0 (from versions: 0.1.0, " +
		"0.115.6)\nERROR: No matching distribution found for " +
		"fastapi==99.0.0\n", "pip requirement-unknown: ERROR: Could not find a version that satisfies the " +
		"requirement fastapi==99.0.0 (from versions: 0.1.0, 0.115.6) | fastapi==99.0.0: the index has no such " +
		"version for this Python; its newest is 0.115.6. Ask for a version that there is."},
	{"ERROR: Could not find a version that satisfies the requirement fastapii (from versions: none)\nERROR: No " +
		"matching distribution found for " +
		"fastapii\n", "pip requirement-unknown: ERROR: Could not find a version that satisfies the requirement " +
		"fastapii (from versions: none) | No package satisfies fastapii: the index has none of that name, or none " +
		"for this Python. Is fastapi meant?"},
	{"ERROR: Cannot install -r requirements.txt (line 1) and starlette==0.20 because these package versions have " +
		"conflicting dependencies.\n\nThe conflict is caused by:\n", "pip versions-conflict: ERROR: Cannot install " +
		"-r requirements.txt (line 1) and starlette==0.20 because these package versions have conflicting " +
		"dependencies. | -r requirements.txt (line 1) and starlette==0.20 do not go together. Loosen the version of " +
		"one of them, or take the versions out."},
	{"ERROR: Could not open requirements file: [Errno 2] No such file or directory: 'requirements.txt'\n",
		"pip requirements-missing: ERROR: Could not open requirements file: [Errno 2] No such file or directory: " +
			"'requirements.txt' | There is no requirements.txt at this step, and none in the folder: it has " +
			"pyproject.toml. Hand it in, and COPY it before this step."},
	{"ERROR: Invalid requirement: 'fastapi=0.1': Expected end or semicolon\n",
		"pip no-requirement: ERROR: Invalid requirement: 'fastapi=0.1': Expected end or semicolon | \"fastapi=0.1\" " +
			"is no requirement. Write it as NAME==VERSION or NAME>=VERSION."},
	{"ERROR: Package 'x' requires a different Python: 3.12.4 not in '>=3.13'\n",
		"pip python-too-old: ERROR: Package 'x' requires a different Python: 3.12.4 not in '>=3.13' | A package " +
			"wants Python >=3.13, and the image has 3.12.4. Begin with a base image of such a Python, or take " +
			"another version of the package."},
	{"  error: command 'gcc' failed\nERROR: Failed building wheel for psycopg2\n",
		"compilers build-failed: ERROR: Failed building wheel for psycopg2 | psycopg2 has no wheels for Linux and " +
			"is compiled here; that failed. Take psycopg2-binary in its place, which is the same with a " +
			"wheel."},
	{"  error: command 'gcc' failed\nERROR: Failed building wheel for mysqlclient\n",
		"compilers build-failed: ERROR: Failed building wheel for mysqlclient | mysqlclient has no wheels for Linux " +
			"and is compiled here; that failed. Take PyMySQL in its place, with mysql+pymysql:// before its " +
			"address."},
	{"error: externally-managed-environment\n",
		"pip managed: error: externally-managed-environment | pip may not change this system's own Python. Begin " +
			"with a python base image, such as python:3.12-slim, or make a virtual environment first."},
	{"Because task-api depends on fastapi (99) which doesn't match any versions, version solving failed.\n",
		"poetry version-unknown: Because task-api depends on fastapi (99) which doesn't match any versions, version " +
			"solving failed. | No package satisfies fastapi (99). Check the spelling and the version of it in " +
			"pyproject.toml."},
	{"E: Unable to locate package crul\n",
		"apt package-unknown: E: Unable to locate package crul | apt-get knows no package crul: this step fetched no " +
			"list of packages, and the base image brings none. Fetch the list in the same RUN, with apt-get update."},
	{"/bin/sh: 1: uv: not found\n",
		"shell program-not-found: /bin/sh: 1: uv: not found | The image has no program uv at this step. No line " +
			"installs uv. Install uv on a line before. Write `RUN pip install --no-cache-dir uv` below line 4 of " +
			"Dockerfile."},
	{"/bin/sh: uv: not found\n",
		"shell program-not-found: /bin/sh: uv: not found | The image has no program uv at this step. No line " +
			"installs uv. Install uv on a line before. Write `RUN pip install --no-cache-dir uv` below line 4 of " +
			"Dockerfile."},
	{"/bin/bash: line 1: poetry: command not found\n",
		"shell program-not-found: /bin/bash: line 1: poetry: command not found | The image has no program poetry at " +
			"this step. No line installs poetry. Install poetry on a line before. Write `RUN pip install " +
			"--no-cache-dir poetry` below line 4 of Dockerfile."},
	{"python: can't open file '/app/setup.py': [Errno 2] No such file or directory\n",
		"python no-such-file: python: can't open file '/app/setup.py': [Errno 2] No such file or directory | There " +
			"is no /app/setup.py in the image, and no setup.py in the folder. Hand it in and COPY it, or name " +
			"another."},
	{"mkdir: cannot create directory '/data': Permission denied\n",
		" : mkdir: cannot create directory '/data': Permission denied | "},
	{"something\nwent wrong\n", " : went wrong | "},
	{"start Traceback (most recent call last):\n  File \"/app/main.py\", line 1, in <module>\n    from fastapi " +
		"import FastAPI\nModuleNotFoundError: No module named " +
		"'fastapi'\n", "python no-module: ModuleNotFoundError: No module named 'fastapi' | main.py, line 1, wants " +
		"fastapi, and pyproject.toml does not name fastapi. Add it with uv add fastapi, and hand in what that " +
		"changes."},
	{"start /usr/local/bin/python: No module named uvicorn\n",
		"python no-main-module: /usr/local/bin/python: No module named uvicorn | The program wants uvicorn, and " +
			"pyproject.toml does not name uvicorn. Add it with uv add uvicorn, and hand in what that changes."},
	{"start ERROR:    Error loading ASGI app. Could not import module \"main\".\n",
		"uvicorn no-module: ERROR: Error loading ASGI app. Could not import module \"main\". | main.py is where it " +
			"should be, and what it imports in turn could not be imported. Look at its imports."},
	{"start ERROR:    Error loading ASGI app. Attribute \"app\" not found in module \"main\".\n",
		"uvicorn no-attribute: ERROR: Error loading ASGI app. Attribute \"app\" not found in module \"main\". | CMD " +
			"names app in main.py, which has no variable app. Let CMD name the variable that holds the app."},
	{"start python: can't open file '/main.py': [Errno 2] No such file or directory\n",
		"python no-such-file: python: can't open file '/main.py': [Errno 2] No such file or directory | main.py is " +
			"at /app/main.py in the image, and was looked for at /main.py. Name it as it is called there."},
	{"start OCI runtime create failed: exec: \"uvicorn\": executable file not found in $PATH: unknown\n",
		"docker not-found: OCI runtime create failed: exec: \"uvicorn\": executable file not found in $PATH: unknown " +
			"| The image has no program uvicorn. No line installs uvicorn. Install uvicorn on a line before: pip " +
			"install uvicorn."},
	{"start error: Failed to spawn: `uvicorn`\n  Caused by: No such file or directory (os error 2)\n",
		"uv spawn: error: Failed to spawn: `uvicorn` | The image has no program uvicorn. No line installs uvicorn. " +
			"Install uvicorn on a line before: pip install uvicorn."},
	{"start /bin/sh: 1: uvicorn: not found\n",
		"shell program-not-found: /bin/sh: 1: uvicorn: not found | The image has no program uvicorn. No line " +
			"installs uvicorn. Install uvicorn on a line before: pip install uvicorn."},
	{"start OCI runtime create failed: exec: \"./start.sh\": permission denied\n",
		"docker not-executable: OCI runtime create failed: exec: \"./start.sh\": permission denied | ./start.sh may " +
			"not be run in the image. Give it the right with RUN chmod +x ./start.sh."},
	{"start exec /app/start.sh: exec format error\n",
		"docker format: exec /app/start.sh: exec format error | What CMD names is no program of this kind of " +
			"machine, nor a script with #!/bin/sh as its first line. Give a script that first line, or build the " +
			"program for this kind of machine."},
	{"start [Errno 13] error while attempting to bind on address ('0.0.0.0', 80): permission denied\n",
		"sockets privileged: [Errno 13] error while attempting to bind on address ('0.0.0.0', 80): permission denied " +
			"| Only root may listen on port 80, as on all below 1024. Let the program listen on 8000."},
	{"start [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use\n",
		"sockets in-use: [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in " +
			"use | The port is taken inside the container: the server is started twice. Start it once: CMD, or the " +
			"script or program that it starts, starts it again."},
	{"start   File \"/app/main.py\", line 3, in <module>\nKeyError: 'DATABASE_URL'\n",
		"settings environ: KeyError: 'DATABASE_URL' | The program wants the variable DATABASE_URL (main.py, line 3), " +
			"which nothing sets. Set it in the image. Write `ENV DATABASE_URL=postgresql://localhost/tasks` below " +
			"line 7 of Dockerfile."},
	{"start Error response from daemon: unable to find user app: no matching entries in passwd file",
		"docker no-user: unable to find user app | The image has no user app, which USER names. Make it before USER " +
			"names it. Write `RUN useradd --create-home app` below line 7 of Dockerfile."},
	{"start Error response from daemon: uids and gids must be in range 0-2147483647",
		"docker refused: Error response from daemon: uids and gids must be in range 0-2147483647 | Docker does not " +
			"start the image: uids and gids must be in range 0-2147483647. Look at USER, WORKDIR and VOLUME."},
	{"start   File \"/app/main.py\", line 7\n    def f(\n         ^\nSyntaxError: '(' was never closed\n",
		"python syntax: SyntaxError: '(' was never closed | Python cannot read main.py, line 7: SyntaxError: '(' was " +
			"never closed. Correct line 7; the mistake may begin on the line above it."},
	{"start pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\n",
		" : pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings | "},
	{"start Usage: uvicorn [OPTIONS] APP\n\nError: No such option: --prot\n",
		"sockets usage: Error: No such option: --prot | CMD's program has no option --prot. Is --port meant?"},
	{"start just this\n", " : just this | "},
	{"ERROR: file:///app does not appear to be a Python project: neither 'setup.py' nor 'pyproject.toml' found.",
		"pip standing-alone: neither 'setup.py' nor 'pyproject.toml' found | pip is asked to install a folder that " +
			"is no Python project: it holds neither setup.py nor pyproject.toml at this step. Install the " +
			"requirements with -r requirements.txt, or put the COPY of pyproject.toml before this step."},
	{"ERROR: Error [Errno 2] No such file or directory: 'git' while executing command git version\nERROR: Cannot " +
		"find command 'git' - do you have 'git' installed and in your PATH?", "pip git-missing: ERROR: Cannot find " +
		"command 'git' - do you have 'git' installed and in your PATH? | A requirement is fetched with git, and the " +
		"image has no git at this step. Install git with apt-get before it, or name the package by a version that " +
		"the index has. Write `RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates` " +
		"below line 4 of Dockerfile."},
	{"ERROR: Invalid requirement: 'f\\x00a\\x00s\\x00t\\x00': Expected package name at the start of dependency " +
		"specifier", "pip not-utf-8: Invalid requirement: 'f\\x00a\\x00s\\x00t\\x00 | The list of requirements is " +
		"not text in UTF-8. Save it as UTF-8 (PowerShell's > writes UTF-16): pip freeze | Out-File -Encoding utf8 " +
		"requirements.txt."},
	{"ERROR: Ignored the following versions that require a different python version: 2.0.0 Requires-Python " +
		">=3.14\nERROR: Could not find a version that satisfies the requirement numpy==2.9.9 (from versions: 1.3.0, " +
		"2.2.1)\nERROR: No matching distribution found for " +
		"numpy==2.9.9", "pip requirement-unknown: ERROR: Could not find a version that satisfies the requirement " +
		"numpy==2.9.9 (from versions: 1.3.0, 2.2.1) | numpy==2.9.9: the index has no such version for this Python; " +
		"its newest is 2.2.1. Ask for a version that there is."},
	{"ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
		"pip hash: THESE PACKAGES DO NOT MATCH THE HASHES | A package that was fetched is not the one whose hash the " +
			"requirements name. Make the list anew, with the hashes of today's files, as pip-compile " +
			"--generate-hashes does."},
	{"      ./psutil/arch/linux/disk.c:1:10: fatal error: Python.h: No such file or directory\n      error: command " +
		"'/usr/bin/gcc' failed with exit code 1\n  ERROR: Failed building wheel for psutil",
		"compilers header-missing: ./psutil/arch/linux/disk.c:1:10: fatal error: Python.h: No such file or directory " +
			"| psutil has no wheel for this Python and is compiled here; the header Python.h is missing. Take a " +
			"newer version of psutil, which has a wheel for this Python."},
	{"      error: can't find Rust compiler\n  ERROR: Failed building wheel for cryptography",
		"compilers no-rust: error: can't find Rust compiler | cryptography has no wheel for this Python and is " +
			"compiled here; the image has no Rust compiler. Take a newer version of cryptography, which has a wheel " +
			"for this Python."},
	{"  error: subprocess-exited-with-error\n      ModuleNotFoundError: No module named 'distutils'\nERROR: Failed " +
		"to build 'numpy' when getting requirements to build wheel", "compilers too-old-for-tools: " +
		"ModuleNotFoundError: No module named 'distutils' | numpy has no wheel for this Python and is compiled here; " +
		"its setup is older than today's Python and tools. Take a newer version of numpy, which has a wheel for this " +
		"Python."},
	{"error: Failed to download `iniconfig==2.3.0`\n  cause: Request failed after 3 retries\n  cause: failed to " +
		"lookup address information: Temporary failure in name " +
		"resolution", " : cause: failed to lookup address information: Temporary failure in name resolution | "},
	{"Poetry could not find a pyproject.toml file in /app or its parents",
		" : Poetry could not find a pyproject.toml file in /app or its parents | "},
	{"The option \"--no-dev\" does not exist",
		"poetry option-gone: The option \"--no-dev\" does not exist | This Poetry has no option --no-dev. Take it " +
			"out; --no-dev is --without dev today."},
	{"Group(s) not found: dev (via --without)",
		"poetry no-such-group: Group(s) not found: dev | pyproject.toml has no group dev. Take the option for that " +
			"group out."},
	{"The current project's supported Python range (>=3.8) is not compatible with some of the required packages " +
		"Python requirement:\n\nBecause no versions of fastapi match >99 and work depends on fastapi (>99), version " +
		"solving failed.", "poetry no-versions: Because no versions of fastapi match >99 and work depends on fastapi " +
		"(>99), version solving failed. | Poetry found no versions that go together. Loosen the versions in " +
		"pyproject.toml."},
	{"Warning: Your Pipfile.lock (a3f1c2) is out of date. Expected: (9d01b7).\nERROR:: Aborting deploy",
		"pipenv lock-stale: Warning: Your Pipfile.lock (a3f1c2) is out of date. Expected: (9d01b7). | Pipfile.lock " +
			"is older than Pipfile. Run pipenv lock, and hand in the new Pipfile.lock; or let this step " +
			"make it anew."},
	{"npm ERR! `npm ci` can only install packages when your package.json and package-lock.json or " +
		"npm-shrinkwrap.json are in sync. Please update your lock file with `npm install` before " +
		"continuing.", "npm lock-stale: npm ci` can only install packages when your package.json and " +
		"package-lock.json or npm-shrinkwrap.json are in sync | package-lock.json does not fit package.json. Run npm " +
		"install, and hand in the new package-lock.json; or let this step do without it."},
	{"npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree",
		"npm peers: npm error ERESOLVE unable to resolve dependency tree | Two packages want different versions of a " +
			"third. Change one of their versions in package.json, so that npm install runs at home."},
	{"npm ERR! code EACCES\nnpm ERR! syscall mkdir\nnpm ERR! path /app/node_modules\nnpm ERR! Error: EACCES: " +
		"permission denied, mkdir " +
		"'/app/node_modules'", " : npm ERR! Error: EACCES: permission denied, mkdir '/app/node_modules' | "},
	{"npm error gyp ERR! find Python Python is not set from command line or npm configuration",
		"npm gyp-no-python: gyp ERR! find Python | A package is compiled here, which needs Python, make and a " +
			"compiler, and the image has none. Install python3, make and g++ before it, or take a package that need " +
			"not be compiled."},
	{"sh: 1: tsc: not found",
		"shell program-not-found: tsc: not found | The image has no program tsc at this step. Install what has tsc " +
			"on a line before, or copy it in."},
	{"error Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`.",
		"yarn lock-stale: Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`. | The lock " +
			"file does not fit package.json. Run the install at home, and hand in the new lock file; or take the " +
			"option out that freezes it."},
	{"error Couldn't find any versions for \"express\" that matches \"^99.0.0\"",
		"yarn version-unknown: Couldn't find any versions for \"express\" that matches \"^99.0.0\" | The index has " +
			"no express of version ^99.0.0. Ask for a version that there is, in package.json."},
	{" ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with \"frozen-lockfile\" because pnpm-lock.yaml is not up to date " +
		"with package.json", "yarn lock-stale: ERR_PNPM_OUTDATED_LOCKFILE Cannot install with \"frozen-lockfile\" " +
		"because pnpm-lock.yaml is not up to date with package.json | The lock file does not fit package.json. Run " +
		"the install at home, and hand in the new lock file; or take the option out that freezes it."},
	{"Hit:1 http://deb.debian.org/debian trixie InRelease\nE: Package 'mysql-client' has no installation candidate",
		"apt package-unknown: E: Package 'mysql-client' has no installation candidate | The list that apt-get " +
			"fetched has no package mysql-client. Debian calls it default-mysql-client."},
	{"E: Could not open lock file /var/lib/apt/lists/lock - open (13: Permission denied)",
		" : E: Could not open lock file /var/lib/apt/lists/lock - open (13: Permission denied) | "},
	{"E: Version '1.2' for 'nginx' was not found",
		"apt version-unknown: E: Version '1.2' for 'nginx' was not found | This release of the image's system has no " +
			"version 1.2 of nginx. Ask for the version that it has, with the name alone."},
	{"  Temporary failure resolving 'deb.debian.org'\nE: Unable to locate package curl",
		"network apt: Temporary failure resolving 'deb.debian.org' | deb.debian.org does not answer, so nothing " +
			"could be fetched from it. Look whether that host is there; the names of packages are not at fault."},
	{"ERROR: unable to select packages:\n  postgres-dev (no such package):\n    required by: world[postgres-dev]",
		"apk package-unknown: postgres-dev (no such package): | Alpine has no package postgres-dev. Check its " +
			"spelling: Alpine's names differ from Debian's (build-base, postgresql-dev, musl-dev)."},
	{"/bin/sh: apt-get: not found",
		"shell apt-on-alpine: apt-get: not found | apt-get is Debian's tool, and this image has none. Begin with a " +
			"Debian image, or use the package manager of this one."},
	{"/bin/sh: 1: sudo: not found",
		"shell sudo: sudo: not found | The image has no sudo; a build is root already. Take the word sudo out."},
	{"/bin/sh: 1: source: not found",
		"shell source: source: not found | sh has no source, which is bash's. Write a dot in its place; and it lasts " +
			"to the end of this RUN alone."},
	{"/bin/sh: 1: git: not found",
		"shell program-not-found: git: not found | The image has no program git at this step. Install git on a line " +
			"before. Write `RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates` " +
			"below line 4 of Dockerfile."},
	{"chown: invalid user: 'app:app'",
		"users no-such-user: invalid user: 'app:app | The image has no user app at this step. Make it " +
			"on a line before. Write `RUN useradd --create-home app` below line 4 of Dockerfile."},
	{"useradd: user 'node' already exists",
		"users user-exists: user 'node' already exists | The base image has node already. Take out what makes it."},
	{"useradd: UID 1000 is not unique",
		"users id-taken: UID 1000 is not unique | The base image has a user with the number 1000 already. Take " +
			"another number, or none."},
	{"chmod: cannot access 'start.sh': No such file or directory",
		"shell script-not-found: cannot access 'start.sh': No such file | There is no /app/start.sh in the image, " +
			"and no start.sh in the folder. Hand it in and COPY it, or name another."},
	{"/bin/sh: 1: Syntax error: \"&&\" unexpected",
		"shell syntax: Syntax error: \"&&\" unexpected | The shell cannot read the command of this step. Look at its " +
			"quotes, and at what stands around && and \\."},
	{"env: 'bash\\r': No such file or directory", " : env: 'bash\\r': No such file or directory | "},
	{"curl: (6) Could not resolve host: install.python-poetry.org",
		"network curl: curl: (6) Could not resolve host: install.python-poetry.org | install.python-poetry.org does " +
			"not answer, so nothing could be fetched from it. Look whether that host is there; the names of packages " +
			"are not at fault."},
	{"fatal: unable to access 'https://github.com/x/y.git/': Could not resolve host: github.com",
		"network git: unable to access 'https://github.com/x/y.git/': Could not resolve host: github.com | " +
			"github.com does not answer, so nothing could be fetched from it. Look whether that host is there; the " +
			"names of packages are not at fault."},
	{"KeyError: 'SECRET_KEY'",
		"settings environ: KeyError: 'SECRET_KEY' | The program wants the variable SECRET_KEY, which nothing sets. A " +
			"secret does not belong into the image: give the program a default for it."},
	{"start ERROR:    Error loading ASGI app. Import string \"main\" must be in format \"<module>:<attribute>\".",
		"uvicorn no-colon: Import string \"main\" must be in format | uvicorn is to load \"main\", which names a " +
			"module without the app in it. Write MODULE:APP, such as main:app."},
	{"start ERROR:    [Errno 99] error while attempting to bind on address ('192.168.1.20', 8000): cannot assign " +
		"requested address\nINFO:     Application shutdown " +
		"complete.", "uvicorn cannot-bind: ERROR: [Errno 99] error while attempting to bind on address " +
		"('192.168.1.20', 8000): cannot assign requested address | The program is to listen on 192.168.1.20, which " +
		"is no address of the container. Let it listen on all of its addresses, 0.0.0.0."},
	{"start ERROR:    could not bind on any address out of [('192.168.1.20', 8000)]\nINFO:     Waiting for " +
		"application shutdown.\nINFO:     Application shutdown " +
		"complete.", "uvicorn cannot-bind: ERROR: could not bind on any address out of [('192.168.1.20', 8000)] | " +
		"The program is to listen on 192.168.1.20, which is no address of the container. Let it listen on all of its " +
		"addresses, 0.0.0.0."},
	{"start Error: Could not import 'wsgi'.",
		"flask not-found: Could not import 'wsgi' | flask looks for app.py or wsgi.py; the app is app in main.py, " +
			"line 3. Name it. Write `ENV FLASK_APP=main:app` below line 7 of Dockerfile."},
	{"start Usage: flask run [OPTIONS]\n\nError: Failed to find Flask application or factory in module 'main'. Use " +
		"'main:name' to specify one.", "flask no-factory: Error: Failed to find Flask application or factory in " +
		"module 'main'. Use 'main:name' to specify one. | main.py, line 3, calls its Flask app app. Name it. Write " +
		"`ENV FLASK_APP=main:app` below line 7 of Dockerfile."},
	{"start Error: No application module specified.",
		"gunicorn no-application: No application module specified | gunicorn is not told what to serve. Write " +
			"MODULE:APP, such as main:app, at the end of its command."},
	{"start Path does not exist app/main.py",
		"fastapi no-path: Path does not exist app/main.py | fastapi finds no file to run where it looks; the app is " +
			"in main.py, line 3. Let CMD name it: fastapi run /app/main.py."},
	{"start FAILED: No config file 'alembic.ini' found, or file has no '[alembic]' section",
		"alembic no-config: No config file 'alembic.ini' found | alembic reads alembic.ini, and the folder has none. " +
			"Hand in alembic.ini with its folder of migrations, or take alembic out of the command."},
	{"start FAILED: Path doesn't exist: /app/migrations.  Please use the 'init' command to create a new scripts " +
		"folder.", "alembic no-scripts: Path doesn't exist: /app/migrations. Please use the 'init' command | The " +
		"program opens /app/migrations, and neither the image nor the folder has it. Hand it in and COPY it, or let " +
		"the program go on without it."},
	{"start django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.",
		"django secret-key: The SECRET_KEY setting must not be empty | The program wants the variable SECRET_KEY, " +
			"which nothing sets. A secret does not belong into the image: give the program a default for it."},
	{"start django.core.exceptions.ImproperlyConfigured: Set the DATABASE_URL environment variable",
		"django not-configured: ImproperlyConfigured: Set the DATABASE_URL environment variable | The program wants " +
			"the variable DATABASE_URL, which nothing sets. Set it in the image. Write `ENV " +
			"DATABASE_URL=postgresql://localhost/tasks` below line 7 of Dockerfile."},
	{"start environs.exceptions.EnvError: Environment variable \"API_KEY\" not set",
		"settings environs: Environment variable \"API_KEY\" not set | The program wants the variable API_KEY, which " +
			"nothing sets. A secret does not belong into the image: give the program a default for it."},
	{"start KeyError: \"Config 'DEBUG_LEVEL' is missing, and has no default.\"",
		"settings starlette: Config 'DEBUG_LEVEL' is missing, and has no default | The program wants the variable " +
			"DEBUG_LEVEL, which nothing sets. Set it in the image. Write `ENV DEBUG_LEVEL=false` below line 7 of " +
			"Dockerfile."},
	{"start ValueError: DATABASE_URL environment variable is not set",
		"settings own-words: ValueError: DATABASE_URL environment variable is not set | The program wants the " +
			"variable DATABASE_URL, which nothing sets. Set it in the image. Write `ENV " +
			"DATABASE_URL=postgresql://localhost/tasks` below line 7 of Dockerfile."},
	{"start RuntimeError: Missing required environment variable: SMTP_HOST",
		"settings own-words-before: RuntimeError: Missing required environment variable: SMTP_HOST | The program " +
			"wants the variable SMTP_HOST, which nothing sets. Set it in the image. Write `ENV SMTP_HOST=localhost` " +
			"below line 7 of Dockerfile."},
	{"start pydantic.error_wrappers.ValidationError: 1 validation error for Settings\ndatabase_url\n  field required " +
		"(type=value_error.missing)", "pydantic missing: pydantic.error_wrappers.ValidationError: 1 validation error " +
		"for Settings | Settings wants the variable DATABASE_URL, which nothing sets. Set it in the image. Write " +
		"`ENV DATABASE_URL=postgresql://localhost/tasks` below line 7 of Dockerfile."},
	{"start pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\nport\n  Input should be a " +
		"valid integer, unable to parse string as an integer [type=int_parsing, input_value='x', " +
		"input_type=str]", "pydantic wrong: Input should be a valid integer, unable to parse string as an " +
		"integer [type=int_parsing, input_value='x', input_type=str] | The value of port is not as the program " +
		"wants it: Input should be " +
		"a valid integer, unable to parse string as an integer. Set it to a value of that kind."},
	{"start   File \"/app/main.py\", line 1, in <module>\nTypeError: int() argument must be a string, a bytes-like " +
		"object or a real number, not " +
		"'NoneType'", "exceptions exception: TypeError: int() argument must be a string, a bytes-like object or a " +
		"real number, not 'NoneType' | The program ended with an exception, raised from main.py, line 1: `from " +
		"fastapi import FastAPI, HTTPException`. Look at that line with the exception's words: the log below has " +
		"the whole of it."},
	{"start psycopg.OperationalError: connection failed: connection to server at \"127.0.0.1\", port 5432 failed: " +
		"Connection " +
		"refused", "databases postgres-refused: connection to server at \"127.0.0.1\", port 5432 failed: Connection " +
		"refused | The program asks for a database (PostgreSQL) at localhost:5432: that is the container's own " +
		"localhost, and no such server runs in it. Let the start go on without it (try … except), or connect at the " +
		"first request."},
	{"start psycopg.OperationalError: failed to resolve host 'db': [Errno -3] Temporary failure in name resolution",
		"databases psycopg-name: failed to resolve host 'db' | The program asks for a database (PostgreSQL) at " +
			"db:5432, a name that compose would give to a service: here the container runs alone, and db is nobody's " +
			"name. Let the start go on without it (try … except), or connect at the first request."},
	{"start   File \"/app/main.py\", line 3, in <module>\nsocket.gaierror: [Errno -3] Temporary failure in name " +
		"resolution", "databases any-name: socket.gaierror: [Errno -3] Temporary failure in name resolution | The " +
		"program asks for another server while it starts (main.py, line 3), and nothing answers there: it runs " +
		"alone. Let the start go on without it (try … except), or connect at the first request."},
	{"start mysql.connector.errors.DatabaseError: 2003 (HY000): Can't connect to MySQL server on " +
		"'localhost:3306' (111)", "databases mysql: Can't connect to MySQL server on 'localhost:3306 | The program " +
		"asks for a database (MySQL) at localhost:3306: that is the container's own localhost, and no such server " +
		"runs in it. Let the start go on without it (try … except), or connect at the first request."},
	{"start mysql.connector.errors.DatabaseError: 2005 (HY000): Unknown MySQL server host 'db' (-3)",
		"databases mysql-name: Unknown MySQL server host 'db' | The program asks for a database (MySQL) at db:3306, " +
			"a name that compose would give to a service: here the container runs alone, and db is nobody's name. " +
			"Let the start go on without it (try … except), or connect at the first request."},
	{"start MySQLdb.OperationalError: (2002, \"Can't connect to local MySQL server through socket " +
		"'/run/mysqld/mysqld.sock' (2)\")", "databases mysql: Can't connect to local MySQL server through socket " +
		"'/run/mysqld/mysqld.sock | The program asks for a database (MySQL) at /run/mysqld/mysqld.sock: that is the " +
		"container's own localhost, and no such server runs in it. Let the start go on without it (try … except), or " +
		"connect at the first request."},
	{"start pymongo.errors.ServerSelectionTimeoutError: localhost:27017: [Errno 111] Connection refused (configured " +
		"timeouts: x)", "databases mongo: ServerSelectionTimeoutError: localhost:27017: [Errno 111] Connection " +
		"refused (configured timeouts: x) | The program asks for a database (MongoDB) at localhost:27017: that is " +
		"the container's own localhost, and no such server runs in it. Let the start go on without it (try … " +
		"except), or connect at the first request."},
	{"start MongooseServerSelectionError: connect ECONNREFUSED ::1:27017",
		"databases mongo: MongooseServerSelectionError: connect ECONNREFUSED ::1:27017 | The program asks for a " +
			"database (MongoDB) at localhost:27017: that is the container's own localhost, and no such server runs " +
			"in it. Let the start go on without it (try … except), or connect at the first request."},
	{"start MongoServerSelectionError: getaddrinfo EAI_AGAIN mongo",
		"databases mongo: MongoServerSelectionError: getaddrinfo EAI_AGAIN mongo | The program asks for a database " +
			"(MongoDB) at mongo:27017, a name that compose would give to a service: here the container runs alone, " +
			"and mongo is nobody's name. Let the start go on without it (try … except), or connect at the first " +
			"request."},
	{"start redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.",
		"databases redis: Error 111 connecting to localhost:6379. Connection refused. | The program asks for Redis " +
			"at localhost:6379: that is the container's own localhost, and no such server runs in it. Let the start " +
			"go on without it (try … except), or connect at the first request."},
	{"start Error: getaddrinfo ENOTFOUND postgres",
		"databases node-name: getaddrinfo ENOTFOUND postgres | The program asks for a server at postgres, a name " +
			"that compose would give to a service: here the container runs alone, and postgres is nobody's name. Let " +
			"the start go on without it (try … except), or connect at the first request."},
	{"start Error: P1001: Can't reach database server at `db:5432`",
		"databases prisma: Can't reach database server at `db:5432` | The program asks for a database (PostgreSQL) " +
			"at db:5432, a name that compose would give to a service: here the container runs alone, and db is " +
			"nobody's name. Let the start go on without it (try … except), or connect at the first request."},
	{"start error: Environment variable not found: DATABASE_URL.",
		"settings prisma: Environment variable not found: DATABASE_URL | The program wants the variable " +
			"DATABASE_URL, which nothing sets. Set it in the image. Write `ENV " +
			"DATABASE_URL=postgresql://localhost/tasks` below line 7 of Dockerfile."},
	{"start dial tcp 127.0.0.1:5432: connect: connection refused",
		"databases go-dial: dial tcp 127.0.0.1:5432: connect: connection refused | The program asks for a database " +
			"(PostgreSQL) at localhost:5432: that is the container's own localhost, and no such server runs in it. " +
			"Let the start go on without it (try … except), or connect at the first request."},
	{"start TypeError [ERR_INVALID_ARG_TYPE]: The \"url\" argument must be of type string. Received undefined",
		" : TypeError [ERR_INVALID_ARG_TYPE]: The \"url\" argument must be of type string. Received undefined | "},
	{"start Error: secretOrPrivateKey must have a value", " : Error: secretOrPrivateKey must have a value | "},
	{"start RuntimeError: Directory 'static' does not exist",
		"python directory-missing: RuntimeError: Directory 'static' does not exist | The program opens static, and " +
			"the image has no folder /app/static. Make it. Write `RUN mkdir -p /app/static` below line 7 of " +
			"Dockerfile."},
	{"start FileNotFoundError: [Errno 2] No such file or directory: 'data/tasks.json'",
		"python file-missing: FileNotFoundError: [Errno 2] No such file or directory: 'data/tasks.json' | The " +
			"program opens data/tasks.json, and the image has no folder /app/data. Make it. Write `RUN mkdir -p " +
			"/app/data` below line 7 of Dockerfile."},
	{"start Error: ENOENT: no such file or directory, open './data/tasks.json'",
		"node not-there: ENOENT: no such file or directory, open './data/tasks.json' | The program opens " +
			"./data/tasks.json, and the image has no folder /app/data. Make it. Write `RUN mkdir -p /app/data` below " +
			"line 7 of Dockerfile."},
	{"start Error: EACCES: permission denied, open '/app/tasks.json'",
		"node not-permitted: EACCES: permission denied, open '/app/tasks.json' | The program may not write " +
			"/app/tasks.json. Let it write elsewhere, such as in /tmp."},
	{"start SqliteError: attempt to write a readonly database",
		"databases sqlite-read-only: attempt to write a readonly database | The program cannot open or write the " +
			"file of its SQLite database. Its folder must be in the image, and belong to the user that the program " +
			"runs as: mkdir and chown make it so."},
	{"start ImportError: libpq.so.5: cannot open shared object file: No such file or directory",
		"python shared-library: libpq.so.5: cannot open shared object file | A package wants the library libpq.so.5, " +
			"and the image has none. Install libpq5. Write `RUN apt-get update && apt-get install -y " +
			"--no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*` below line 7 of Dockerfile."},
	{"start ModuleNotFoundError: No module named 'dotenv'",
		"python no-module: ModuleNotFoundError: No module named 'dotenv' | The program wants dotenv, and " +
			"pyproject.toml does not name python-dotenv. Add it with uv add python-dotenv, and hand in what that " +
			"changes."},
	{"start ModuleNotFoundError: No module named 'jose'",
		"python no-module: ModuleNotFoundError: No module named 'jose' | The program wants jose, and pyproject.toml " +
			"does not name python-jose. Add it with uv add python-jose[cryptography], and hand in what that changes."},
	{"start ImportError: attempted relative import with no known parent package",
		" : ImportError: attempted relative import with no known parent package | "},
	{"start IndentationError: unexpected indent", " : IndentationError: unexpected indent | "},
	{"start sqlalchemy.exc.InvalidRequestError: The asyncio extension requires an async driver to be used. The " +
		"loaded 'psycopg2' is not async.", "python async-driver: The asyncio extension requires an async driver to " +
		"be used. The loaded 'psycopg2' is not async | create_async_engine got an address of psycopg2, which is not " +
		"async. Name an async driver in the address, such as postgresql+asyncpg:// or sqlite+aiosqlite://, and " +
		"install it."},
	{"start sqlalchemy.exc.NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres",
		"databases no-dialect: Can't load plugin: sqlalchemy.dialects:postgres | SQLAlchemy knows no database called " +
			"postgres. Write the address as it wants it, such as postgresql://."},
	{"start ValueError: the greenlet library is required to use this function. No module named 'greenlet'",
		"python greenlet: the greenlet library is required to use this function | SQLAlchemy's asyncio wants " +
			"greenlet, and nothing installs it. Install greenlet."},
	{"start Error: listen EACCES: permission denied 0.0.0.0:80",
		"sockets privileged: listen EACCES: permission denied 0.0.0.0:80 | Only root may listen on port 80, as on " +
			"all below 1024. Let the program listen on 8000."},
	{"start Error: listen EADDRINUSE: address already in use :::8000",
		"sockets in-use: address already in use | The port is taken inside the container: the server is started " +
			"twice. Start it once: CMD, or the script or program that it starts, starts it again."},
	{"start SyntaxError: Cannot use import statement outside a module",
		"node import-outside-module: Cannot use import statement outside a module | The program uses import, and " +
			"package.json does not say that its files are modules. Put \"type\": \"module\" into package.json."},
	{"start ReferenceError: require is not defined in ES module scope, you can use import instead",
		"node require-in-module: require is not defined in ES module scope, you can use import instead | The program " +
			"uses require, and package.json has \"type\": \"module\". Write import in its place, or take \"type\": " +
			"\"module\" out of package.json."},
	{"start Error: Cannot find module './routes/tasks'\nRequire stack:\n- /app/server.js",
		"node no-own-file: Error: Cannot find module './routes/tasks' | The program imports ./routes/tasks, and the " +
			"image has no /app/routes/tasks. Check its name, capital letters too, and that COPY brings it in."},
	{"start Error: Unable to access jarfile app.jar",
		"java no-jar: Unable to access jarfile app.jar | There is no /app/app.jar in the image. COPY it from where " +
			"the build puts it, under that name."},
	{"start panic: runtime error: invalid memory address or nil pointer dereference",
		"java panic: panic: runtime error: invalid memory address or nil pointer dereference | The program ended " +
			"itself: runtime error: invalid memory address or nil pointer dereference. Look at the first line " +
			"below it that names a file of the program."},
	{"start exec: \"/app\": is a directory",
		"docker a-folder: exec: \"/app\": is a directory | /app is a folder, and no program. Let CMD name a program."},
	{"start exec /app/server: exec format error",
		"docker format: exec /app/server: exec format error | What CMD names is no program of this kind of machine, " +
			"nor a script with #!/bin/sh as its first line. Give a script that first line, or build the program for " +
			"this kind of machine."},
	{"start chdir to cwd (\"/root/app\") set in config.json failed: permission denied",
		" : chdir to cwd (\"/root/app\") set in config.json failed: permission denied | "},
	{"start /bin/sh: 1: [“uvicorn”,: not found", " : /bin/sh: 1: [“uvicorn”,: not found | "},
	{"start wait-for-it.sh: timeout occurred after waiting 15 seconds for db:5432",
		"waiting timed-out: timeout occurred after waiting 15 seconds for db:5432 | The program asks for a database " +
			"(PostgreSQL) at db:5432, a name that compose would give to a service: here the container runs alone, " +
			"and db is nobody's name. Let the start go on without it (try … except), or connect at the first request."},
	{"start Waiting for postgres...",
		"waiting for-a-server: Waiting for postgres... | The program is still waiting for its database, and none is " +
			"there: here it runs alone, without compose. CMD itself is right. Let the waiting come to an end, and " +
			"the start go on without it."},
	{"start db:5432 - no response",
		"waiting for-a-server: db:5432 - no response | The program is still waiting for its database, and none is " +
			"there: here it runs alone, without compose. CMD itself is right. Let the waiting come to an end, and " +
			"the start go on without it."},
	{"start Error response from daemon: failed to create task for container: exec: \"uvicorn main:app\": executable " +
		"file not found in $PATH: " +
		"unknown", "docker not-found: exec: \"uvicorn main:app\": executable file not found in $PATH | CMD's list " +
		"has the whole command as one word, \"uvicorn main:app\": Docker looks for a program of that name. Write " +
		"each word as an element of its own."},
	{"start Error response from daemon: OCI runtime create failed: container_linux.go:380: starting container " +
		"process caused: exec: \"main.py\": executable file not found in $PATH: " +
		"unknown", "docker not-found: exec: \"main.py\": executable file not found in $PATH | CMD names main.py as a " +
		"program, and Docker finds none of that name. Let Python start it."},
	{"start Error: Invalid value for '--port': 'abc' is not a valid integer.",
		"sockets usage: Error: Invalid value for '--port': 'abc' is not a valid integer. | CMD's words are not as " +
			"its program wants them: Invalid value for '--port': 'abc' is not a valid integer. Write them as its " +
			"--help lists them."},
	{"start gunicorn: error: unrecognized arguments: --reloader",
		"sockets usage: gunicorn: error: unrecognized arguments: --reloader | CMD's program has no option " +
			"--reloader. Is --reload meant?"},
	{"start Error: Invalid value for '--port': '$PORT' is not a valid integer.",
		"sockets not-expanded: '$PORT' is not a valid integer | CMD is a list, and in a list nothing puts the value " +
			"of PORT in: its program gets the letters $PORT. Let sh start the program, with exec before it."},
	{"start Error: '$PORT' is not a valid port number.",
		"sockets not-expanded: '$PORT' is not a valid port number | CMD is a list, and in a list nothing puts the " +
			"value of PORT in: its program gets the letters $PORT. Let sh start the program, with exec before it."},
	{"start   File \"/app/main.py\", line 3, in <module>\nNameError: name 'Optional' is not defined",
		"python name: NameError: name 'Optional' is not defined | main.py, line 3, uses Optional, which nothing " +
			"above it defines or imports. Import it. Write `from typing import Optional` at the top of main.py."},
	{"start   File \"/app/main.py\", line 3, in <module>\nNameError: name 'taskz' is not defined",
		"python name: NameError: name 'taskz' is not defined | main.py, line 3, uses taskz, which nothing above it " +
			"defines or imports. Define or import taskz, or correct its spelling."},
	{"start   File \"/app/main.py\", line 1, in <module>\nModuleNotFoundError: No module named 'imp'",
		"python no-module: ModuleNotFoundError: No module named 'imp' | main.py, line 1, imports imp, which Python " +
			"has no more since 3.12. Do without it, or begin with an older Python."},
	{"start   File \"/usr/local/lib/python3.13/site-packages/old/x.py\", line 1, in <module>\nModuleNotFoundError: " +
		"No module named 'cgi'", "python no-module: ModuleNotFoundError: No module named 'cgi' | The installed old " +
		"imports cgi, which Python has no more since 3.13. Take a newer version of old."},
	{"start   File \"/app/main.py\", line 1, in <module>\nModuleNotFoundError: No module named 'taskstore'",
		"python no-module: ModuleNotFoundError: No module named 'taskstore' | main.py, line 1, wants taskstore, " +
			"which is no file of the folder, and nothing installs a package of that name. If it is your own, hand in " +
			"taskstore.py and COPY it; if it is a package, name that where the others are named."},
	{"start   File \"/app/main.py\", line 1, in <module>\nModuleNotFoundError: No module named 'tkinter'",
		"python no-module: ModuleNotFoundError: No module named 'tkinter' | main.py, line 1, imports tkinter, which " +
			"draws windows: the image has no part of Python for that, and no screen. Take the import out: a server " +
			"needs none."},
	{"start   File \"/app/main.py\", line 3, in <module>\nAttributeError: module 'jwt' has no attribute 'encode'",
		"python attribute: AttributeError: module 'jwt' has no attribute 'encode' | The installed jwt has no encode " +
			"(main.py, line 3). The package that has it is called PyJWT."},
	{"start   File \"/app/main.py\", line 3, in <module>\npika.exceptions.AMQPConnectionError",
		"databases amqp: pika.exceptions.AMQPConnectionError | The program asks for RabbitMQ while it starts " +
			"(main.py, line 3), and nothing answers: here it runs alone. Let the start go on without it (try … " +
			"except), or connect at the first request."},
	{"start kafka.errors.NoBrokersAvailable: NoBrokersAvailable",
		"databases kafka: NoBrokersAvailable: NoBrokersAvailable | The program asks for Kafka while it starts, and " +
			"nothing answers: here it runs alone. Let the start go on without it (try … except), or connect at the " +
			"first request."},
	{"start [2026-11-28: ERROR/MainProcess] consumer: Cannot connect to amqp://guest:**@rabbitmq:5672//: [Errno -3] x.",
		"databases broker: Cannot connect to amqp://guest:**@rabbitmq:5672//: [Errno -3] x. | The program asks for " +
			"RabbitMQ at rabbitmq:5672, a name that compose would give to a service: here the container runs alone, " +
			"and rabbitmq is nobody's name. Let the start go on without it (try … except), or connect at the first " +
			"request."},
	{"start openai.OpenAIError: pass api_key to the client or set the OPENAI_API_KEY environment variable",
		"settings own-words-behind: openai.OpenAIError: pass api_key to the client or set the OPENAI_API_KEY " +
			"environment variable | The program wants the variable OPENAI_API_KEY, which nothing sets. A secret does " +
			"not belong into the image: give the program a default for it."},
	{"start /usr/local/bin/python: Error. Try using 'main' instead of 'main.py' as the module name.",
		"python file-as-module: Try using 'main' instead of 'main.py' as the module name | python -m wants the name " +
			"of a module, main, and CMD names the file. Write it without .py."},
	{"start jinja2.exceptions.TemplateNotFound: index.html",
		"python template: jinja2.exceptions.TemplateNotFound: index.html | The program wants the template " +
			"index.html, which is not where it looks in the image. Look at the folder that the program names, and at " +
			"which COPY brings it in."},
	{"start exec: \"/app/venv/bin/uvicorn\": stat /app/venv/bin/uvicorn: no such file or directory",
		"docker not-found: exec: \"/app/venv/bin/uvicorn\": stat /app/venv/bin/uvicorn: no such file or directory | " +
			"CMD names a program of a virtual environment, /app/venv/bin/uvicorn, and no line of the Dockerfile " +
			"makes one. Name the program alone, as the build installs it."},
	{"start exec: \"unicorn\": executable file not found in $PATH: unknown",
		"docker not-found: exec: \"unicorn\": executable file not found in $PATH | The image has no program unicorn. " +
			"Let CMD name a program that is there, or install it in a RUN."},
	{"start ERROR:    [Errno 13] error while attempting to bind on address ('0.0.0.0', 80): [errno 13] " +
		"permission denied", "sockets privileged: ('0.0.0.0', 80): [errno 13] permission denied | Only root may " +
		"listen on port 80, as on all below 1024. Let the program listen on 8000."},
	{"start Error: Please install mysql2 package manually",
		"node driver: Please install mysql2 package manually | The program wants the package mysql2, and " +
			"package.json does not name it. Run npm install mysql2, and hand in package.json and package-lock.json."},
	{"start node: .env: not found",
		"node env-file: node: .env: not found | CMD lets Node read .env, which is not in the image: secrets do not " +
			"belong there. Start without it, and pass the variables with docker run -e."},
	{"start Error: @prisma/client did not initialize yet. Please run \"prisma generate\" and try to import it again.",
		"node prisma-generate: @prisma/client did not initialize yet | Prisma's client was not generated in the " +
			"image. Let the build run npx prisma generate, below the npm install."},
	{"start Error: Could not find a production build in the '.next' directory. Try building your app with 'next " +
		"build'.", "node no-build: Could not find a production build in the '.next' directory. Try building your app " +
		"with 'next build'. | next start serves what next build makes, and no line of the Dockerfile builds it. Let " +
		"the build run it."},
	{"Error: error:0308010C:digital envelope routines::unsupported",
		"node old-webpack: digital envelope routines::unsupported | A tool of the build is older than this Node, " +
			"whose OpenSSL no longer has what it uses. Take a newer version of it, or let Node take the old way. " +
			"Write `ENV NODE_OPTIONS=--openssl-legacy-provider` below line 4 of Dockerfile."},
	{"src/index.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.",
		"typescript type: src/index.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'. | " +
			"TypeScript " +
			"finds a mistake in src/index.ts, line 3: Type 'string' is not assignable to type 'number'. Correct that " +
			"line, so that npm run build ends well at home."},
	{"ERROR: unknown command \"instal\" - maybe you meant \"install\"",
		"pip unknown-command: ERROR: unknown command \"instal\" - maybe you meant \"install\" | pip has no command " +
			"instal; is install meant?"},
	{"-r option requires 1 argument",
		"pip no-list: -r option requires 1 argument | pip is to read a list of requirements, and -r names none. " +
			"Write its name behind -r."},
	{"ERROR: Directory '.' is not installable. Neither 'setup.py' nor 'pyproject.toml' found.",
		"pip standing-alone: Neither 'setup.py' nor 'pyproject.toml' found | pip is asked to install a folder that " +
			"is no Python project: it holds neither setup.py nor pyproject.toml at this step. Install the " +
			"requirements with -r requirements.txt, or put the COPY of pyproject.toml before this step."},
	{"The command \"export\" does not exist.",
		"poetry no-export: The command \"export\" does not exist | Poetry has export no more by itself: a plugin " +
			"brings it. Install poetry-plugin-export beside Poetry."},
	{"/bin/sh: 1: pip3.10: not found",
		"shell program-not-found: pip3.10: not found | The image has no program pip3.10 at this step. It is made for " +
			"another Python than the image has. Write pip."},
	{"/bin/sh: 1: cd: can't cd to backend",
		"shell no-folder: cd: can't cd to backend | There is no folder /app/backend in the image at this step. Name " +
			"the folder that the COPY above makes, or take the cd out."},
	{"(psycopg2.OperationalError) could not translate host name \"db\" to address: Name or service not known",
		"databases postgres-name: could not translate host name \"db\" to address | This step asks for a database " +
			"(PostgreSQL) at db:5432, a name that compose would give to a service, and while an image is built there " +
			"is none. Do it when the program runs, and take it out of the build."},
	{"npm error ERESOLVE unable to resolve dependency tree\nnpm error Found: react@19.0.0\nnpm error peer " +
		"react@\"^17.0.0\" from " +
		"react-dep@1.0.0", "npm peers: npm error ERESOLVE unable to resolve dependency tree | react-dep@1.0.0 wants " +
		"react@^17.0.0, and package.json brings react@19.0.0. Ask for versions in package.json that go together, so " +
		"that npm install runs at home."},
	{"npm error notsup Required: {\"node\":\">=22\"}\nnpm error notsup Actual:   " +
		"{\"npm\":\"10.8.2\",\"node\":\"v20.19.2\"}\nnpm error engine Unsupported engine", "npm engine: npm error " +
		"engine Unsupported engine | A package wants Node >=22, and the image has v20.19.2. Begin with the base " +
		"image of that Node, or take another version of the package."},
}

// TestWords: the first lines are those of a step of a build, after `start` those of a program.
func TestWords(t *testing.T) {
	src := check.NewSource(checktest.Folder())
	for _, c := range words {
		log, starting := strings.CutPrefix(c.log, "start ")
		read, line := readings.Build, 5
		if starting {
			read, line = readings.Start, 8
		}
		f, _ := read(log, readings.NewScene(src, line))
		assert.Equal(t, c.want, fmt.Sprintf("%s %s: %s | %s", f.Tool, f.Name, f.Line, f.Hint), c.log)
	}
}
