"""Repack the Python packages that Debian installed as wheels: wheels.py OUT.

Runs inside the Debian root, with nothing but the standard library. A package is what has a .dist-info or an
.egg-info folder; its files are those that dpkg lists for the Debian package that owns that folder.
"""
import base64
import email.parser
import hashlib
import pathlib
import re
import subprocess
import sys
import zipfile

SITE = pathlib.Path("/usr/lib/python3/dist-packages")
TAG = f"cp{sys.version_info.major}{sys.version_info.minor}"
# Debian's httptools is older than uvicorn's extra "standard" asks for; without it uvicorn uses h11.
LEFT_OUT = {"uvicorn": ["httptools"]}
# Debian packs apart what one wheel holds, or what no wheel of its own is made of.
ALSO = {"setuptools": ["python3-pkg-resources"], "cryptography": ["python3-cffi-backend"]}
# Extras that Debian's metadata has lost.
EXTRAS = {"passlib": {"bcrypt": "bcrypt"}}


def lines_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def requires_txt(text):
    """The Requires-Dist and Provides-Extra lines that an egg's requires.txt stands for."""
    out, extra, marker = [], "", ""
    for line in text.splitlines():
        line = line.strip()
        section = re.fullmatch(r"\[([^:\]]*):?(.*)\]", line)
        if section:
            extra, marker = section.group(1), section.group(2)
            if extra:
                out.append(f"Provides-Extra: {extra}")
        elif line:
            conditions = [f"({marker})"] if marker else []
            if extra:
                conditions.append(f'extra == "{extra}"')
            out.append(f"Requires-Dist: {line}" + ("; " + " and ".join(conditions) if conditions else ""))
    return out


def metadata(info):
    """The METADATA of a package, whatever form Debian left it in, or None where there is none."""
    if info.is_file():
        return info.read_text()
    if (info / "METADATA").exists():
        return (info / "METADATA").read_text()
    if not (info / "PKG-INFO").exists():
        return None
    head, _, body = (info / "PKG-INFO").read_text().partition("\n\n")
    lines = [line for line in head.splitlines() if not line.startswith(("Requires-Dist:", "Provides-Extra:"))]
    if (info / "requires.txt").exists():
        lines += requires_txt((info / "requires.txt").read_text())
    return "\n".join(lines) + "\n\n" + body


def without(text, name):
    for dependency in LEFT_OUT.get(canonical(name), []):
        text = re.sub(rf"(?m)^Requires-Dist: {dependency}\b.*\n", "", text)
    return text


def with_extras(text, name):
    added = "".join(f'Provides-Extra: {extra}\nRequires-Dist: {package}; extra == "{extra}"\n'
                    for extra, package in EXTRAS.get(canonical(name), {}).items())
    return re.sub(r"(?m)^(Version: .*\n)", rf"\1{added}", text, count=1)


def owner_of(info):
    """The Debian package that owns the info folder."""
    return lines_of("dpkg", "-S", str(info))[0].split(": ")[0].split(", ")[0]


def version_of(info, version):
    """The version, from Debian's own where the package did not know it when it was built: 0.0.1, 1.13.2.dev0."""
    if not re.match(r"0\.0\.[01]$", version) and ".dev" not in version:
        return version
    debian = lines_of("dpkg-query", "-W", "-f", "${Version}", owner_of(info))[0]
    return re.match(r"(?:\d+:)?([\d.]*\d)", debian).group(1)


def files_of(info, name):
    """The files below SITE of the Debian package that owns the info folder, and of those beside it."""
    owner = owner_of(info)
    listed = [pathlib.Path(p) for p in lines_of("dpkg", "-L", owner, *ALSO.get(canonical(name), []))]
    for path in listed:
        if path.is_file() and path.is_relative_to(SITE) and "__pycache__" not in path.parts:
            relative = path.relative_to(SITE)
            if not relative.parts[0].endswith((".dist-info", ".egg-info")):
                yield relative


def commands(info):
    """entry_points.txt, which is where a command such as `uvicorn` comes from."""
    points = info / "entry_points.txt"
    return points.read_text() if info.is_dir() and points.exists() else ""


def write_wheel(out, info):
    text = metadata(info)
    if text is None:
        return
    fields = email.parser.HeaderParser().parsestr(text)
    name, version = fields["Name"], version_of(info, fields["Version"])
    text = re.sub(r"(?m)^Version: .*$", f"Version: {version}", text, count=1)
    text = with_extras(without(text, name), name)
    files = list(files_of(info, name))
    native = any(f.suffix == ".so" for f in files)
    tag = f"{TAG}-{TAG}-linux_x86_64" if native else "py3-none-any"
    stem = f"{re.sub(r'[-_.]+', '_', name)}-{version}"
    dist = f"{stem}.dist-info"
    contents = {str(f): (SITE / f).read_bytes() for f in files}
    contents[f"{dist}/METADATA"] = text.encode()
    contents[f"{dist}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: stand-in\nRoot-Is-Purelib: {'false' if native else 'true'}\nTag: {tag}\n".encode())
    if commands(info):
        contents[f"{dist}/entry_points.txt"] = commands(info).encode()
    pack(out / f"{stem}-{tag}.whl", dist, contents)


def pack(path, dist, contents):
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in contents.items():
            wheel.writestr(name, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(data)}")
        wheel.writestr(f"{dist}/RECORD", "\n".join(record + [f"{dist}/RECORD,,"]) + "\n")


def write_uv(out, script):
    """A wheel of the stand-in uv, for `pip install uv`."""
    dist = "uv-0.5.0.dist-info"
    pack(out / "uv-0.5.0-py3-none-any.whl", dist, {
        "uv_standin.py": script.read_bytes(),
        f"{dist}/METADATA": b"Metadata-Version: 2.1\nName: uv\nVersion: 0.5.0\n",
        f"{dist}/WHEEL": b"Wheel-Version: 1.0\nGenerator: stand-in\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{dist}/entry_points.txt": b"[console_scripts]\nuv = uv_standin:main\nuvx = uv_standin:main\n",
    })


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for info in sorted([*SITE.glob("*.dist-info"), *SITE.glob("*.egg-info")]):
        write_wheel(out, info)
    if len(sys.argv) > 2:
        write_uv(out, pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    main()
