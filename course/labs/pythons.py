"""Find the Pythons of this machine; none is downloaded."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import start


def candidates(version: str) -> Iterator[Path]:
    """Return where a Python may be: here, on PATH, among pyenv's, uv's."""
    yield Path(getattr(sys, "_base_executable", sys.executable))
    for folder in os.get_exec_path():
        for name in (f"python{version}", "python3", "python.exe"):
            if (path := Path(folder, name)).is_file():
                yield path
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    uv = "uv.exe" if os.name == "nt" else "uv"
    answer = ask(start.BIN / uv, "python", "find", "--managed-python", version)
    if answer:
        yield Path(answer)


def ask(*command: str | Path) -> str:
    """Return what a command prints, nothing if it fails."""
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
    except OSError:
        return ""
    return "" if done.returncode else done.stdout.strip()


def find_python(version: str) -> Path | None:
    """Return a Python of this version that really starts.

    One that is found need not: pyenv leaves a `python3.12` on PATH that only
    says which of its versions to choose.
    """
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    for path in candidates(version):
        if ask(path, "-c", program) == version:
            return path
    return None
