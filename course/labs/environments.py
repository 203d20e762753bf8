"""Small environments, one for each version of FastAPI, made by uv."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from course.folders import ROOT
from course.labs.pythons import find_python

FOLDER = ROOT / ".nox" / "timeline"
RECORDER = ["uvicorn", "rich", "python-multipart"]
TESTS = ["pytest", "pytest-timeout", "httpx<0.28", "httpx2", "websockets"]


def environment(
    fastapi: str,
    python: str,
    *packages: str,
    folder: Path = FOLDER,
    name: str = "",
    upgrade: bool = False,
) -> Path:
    """Make an environment, or find it made; give its Python.

    `fastapi` is a version or "newest": with `upgrade` today's newest, also
    where the environment was made before. What stops it ends the program with
    what uv says.
    """
    folder = folder / (name or f"{python}-{fastapi}")
    program = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    wanted = "fastapi" if fastapi == "newest" else f"fastapi=={fastapi}"
    everything = [wanted, *RECORDER, *packages]
    stamp = folder / "made.txt"
    made = stamp.is_file() and stamp.read_text("utf-8") == f"{everything}"
    upgrade = upgrade and fastapi == "newest"
    if made and not upgrade:
        return program
    uv = find_uv()
    base = find_python(python) or sys.exit(f"There is no Python {python}.")
    if not made:
        _run(uv, "venv", "-q", "--clear", "--python", str(base), str(folder))
    install = [uv, "pip", "install", "-q", *(["--upgrade"] if upgrade else [])]
    _run(*install, "--python", str(program), *everything)
    stamp.write_text(f"{everything}", "utf-8")
    return program


def version(python: Path, package: str) -> str:
    """Tell which version of a package an environment has."""
    code = (
        f"from importlib.metadata import version as v; print(v({package!r}))"
    )
    done = subprocess.run(
        [python, "-c", code], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def find_uv() -> str:
    """Find uv beside this Python or on the path, or end with what to do."""
    beside = str(Path(sys.executable).parent)
    uv = shutil.which("uv", path=beside) or shutil.which("uv")
    if uv is None:
        sys.exit("uv makes the environments: install it (pip install uv).")
    return uv


def _run(*command: str) -> None:
    settings = {"UV_SYSTEM_CERTS": "1", **os.environ}
    settings.pop("VIRTUAL_ENV", None)
    if subprocess.run(command, env=settings, check=False).returncode:
        sys.exit(f"This failed: {' '.join(command)}")
