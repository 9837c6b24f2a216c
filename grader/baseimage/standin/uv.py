#!/usr/local/bin/python3
"""A stand-in for uv where no registry answers: the part of it that a small Python service needs, done by pip.

sync, run, add, lock, venv, pip install, --version. Options that change nothing here are accepted.
"""
import os
import pathlib
import subprocess
import sys
import tomllib

VERSION = "0.5.0"
VENV = pathlib.Path(os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv"))
WITH_VALUE = {"--python", "-p", "--group", "--only-group", "--no-group", "--extra", "--with", "--project", "--directory",
              "--index-url", "--extra-index-url", "--link-mode", "--cache-dir", "--target", "--prefix", "-r", "--requirement",
              "--no-install-package"}


def fail(message, code=1):
    print(message, file=sys.stderr)
    sys.exit(code)


def split(args, stop_at_word=False):
    """Options as a list of (name, value), and words."""
    options, words, rest = [], [], list(args)
    while rest:
        arg = rest.pop(0)
        if arg == "--" and stop_at_word:
            return options, rest
        if arg.startswith("-") and arg != "-":
            name, eq, value = arg.partition("=")
            if not eq and name in WITH_VALUE and rest:
                value = rest.pop(0)
            options.append((name, value))
        elif stop_at_word:
            return options, [arg, *rest]
        else:
            words.append(arg)
    return options, words


def has(options, name):
    return any(n == name for n, _ in options)


def values(options, *names):
    return [v for n, v in options if n in names]


def project():
    path = pathlib.Path("pyproject.toml")
    if not path.exists():
        fail("error: No `pyproject.toml` found in current directory or any parent directory", 2)
    try:
        return tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        fail(f"error: Failed to parse: `pyproject.toml`\n  Caused by: TOML parse error: {error}", 2)


def specifiers(text):
    from pip._vendor.packaging.specifiers import SpecifierSet
    return SpecifierSet(text)


def wanted(data, options):
    """The requirements that a sync installs."""
    own = data.get("project", {})
    wants = own.get("requires-python")
    version = ".".join(map(str, sys.version_info[:3]))
    if wants and version not in specifiers(wants):
        fail(f"error: The requested interpreter resolved to Python {version}, which is incompatible with the project's Python"
             f" requirement: `{wants}` (from `project.requires-python`)", 2)
    requirements = list(own.get("dependencies", []))
    extras = own.get("optional-dependencies", {})
    for extra in extras if has(options, "--all-extras") else values(options, "--extra"):
        requirements += extras.get(extra, [])
    groups = data.get("dependency-groups", {})
    names = values(options, "--group") + (list(groups) if has(options, "--all-groups") else [])
    if not has(options, "--no-dev"):
        names.append("dev")
        requirements += data.get("tool", {}).get("uv", {}).get("dev-dependencies", [])
    for name in names:
        requirements += [r for r in groups.get(name, []) if isinstance(r, str)]
    return requirements


def pip(python, *args):
    """pip, working on the given interpreter; its messages are read so that they can be told as uv tells them."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *(["--python", str(python)] if python else []), *args]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"})


def install(python, requirements, *more):
    if not requirements and not more:
        return
    done = pip(python, "install", "--quiet", *more, *requirements)
    if done.returncode == 0:
        return
    reasons = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.strip() and not line.startswith("[notice]")]
    print("  × No solution found when resolving dependencies:", file=sys.stderr)
    for n, line in enumerate(reasons):
        print(("  ╰─▶ " if n == 0 else "      ") + line, file=sys.stderr)
    sys.exit(1)


def make_venv(path):
    if not (path / "bin" / "python").exists():
        print(f"Using CPython {'.'.join(map(str, sys.version_info[:3]))}\nCreating virtual environment at: {path}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(path)], check=True)


def count(python):
    done = pip(python, "list", "--format=freeze")
    return len(done.stdout.splitlines())


def sync(args):
    options, _ = split(args)
    data = project()
    if (has(options, "--frozen") or has(options, "--locked")) and not pathlib.Path("uv.lock").exists():
        fail("error: Unable to find lockfile at `uv.lock`. To create a lockfile, run `uv lock` or `uv sync`.", 2)
    requirements = wanted(data, options)
    make_venv(VENV)
    install(VENV / "bin" / "python", requirements)
    lock(data)
    print(f"Resolved and installed {count(VENV / 'bin' / 'python')} packages", file=sys.stderr)


def lock(data):
    path = pathlib.Path("uv.lock")
    if not path.exists():
        requires = data.get("project", {}).get("requires-python", ">=3.12")
        path.write_text(f'version = 1\nrequires-python = "{requires}"\n')


def run(args):
    options, command = split(args, stop_at_word=True)
    if not command:
        fail("error: Provide a command or script to invoke with `uv run <command>`", 2)
    env = dict(os.environ)
    if pathlib.Path("pyproject.toml").exists() and not has(options, "--no-project"):
        if not VENV.exists() and not has(options, "--no-sync"):
            sync([o for o, _ in options if o in ("--no-dev", "--frozen", "--locked")])
    if VENV.exists():
        env["VIRTUAL_ENV"] = str(VENV.absolute())
        env["PATH"] = f"{VENV.absolute()}/bin:{env.get('PATH', os.defpath)}"
    if command[0].endswith(".py"):
        command = ["python", *command]
    sys.stdout.flush()
    try:
        os.execvpe(command[0], command, env)  # becomes the command, so that signals arrive
    except FileNotFoundError:
        fail(f"error: Failed to spawn: `{command[0]}`\n  Caused by: No such file or directory (os error 2)", 2)


def pip_command(args):
    if not args or args[0] not in ("install", "sync"):
        fail("error: the stand-in for uv knows `uv pip install` and `uv pip sync` alone", 2)
    options, words = split(args[1:])
    files = values(options, "-r", "--requirement")
    if args[0] == "sync":
        files, words = words, []
    system = has(options, "--system") or os.environ.get("UV_SYSTEM_PYTHON") in ("1", "true")
    venv = pathlib.Path(os.environ.get("VIRTUAL_ENV", VENV))
    if not system and not venv.exists():
        fail("error: No virtual environment found; run `uv venv` to create an environment, or pass `--system`", 2)
    more = [a for f in files for a in ("-r", f)]
    for name in ("--target", "--prefix"):
        more += [a for v in values(options, name) for a in (name, v)]
    if has(options, "-e") or has(options, "--editable"):
        more.append("-e")
    install(None if system else venv / "bin" / "python", words, *more)


def main():
    args = sys.argv[1:]
    while args and args[0] in ("--quiet", "-q", "--no-cache", "-n", "--verbose", "-v", "--offline", "--no-progress"):
        args.pop(0)
    if not args or args[0] in ("--help", "-h", "help"):
        return print(__doc__)
    command, rest = args[0], args[1:]
    if command in ("--version", "-V", "version"):
        return print(f"uv {VERSION} (stand-in)")
    if command == "sync":
        return sync(rest)
    if command == "run":
        return run(rest)
    if command == "venv":
        _, words = split(rest)
        return make_venv(pathlib.Path(words[0] if words else ".venv"))
    if command == "pip":
        return pip_command(rest)
    if command == "lock":
        wanted(project(), [("--no-dev", "")])
        return lock(project())
    if command == "add":
        _, words = split(rest)
        make_venv(VENV)
        return install(VENV / "bin" / "python", words)
    fail(f"error: unrecognized subcommand '{command}' (the stand-in for uv knows sync, run, add, lock, venv and pip)", 2)


if __name__ == "__main__":
    main()
