"""Where the course lies, and where what runs writes its files."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def data_dir() -> Path:
    """Return `data` of the folder one starts in, as the stages use it."""
    folder = Path("data").absolute()
    folder.mkdir(exist_ok=True)
    return folder


def environment() -> dict[str, str]:
    """Return ours, so that a Python in any folder finds the course."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
