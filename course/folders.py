"""Where the course lies, and the one folder that it writes to."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def data_dir() -> Path:
    """Return the folder that the stages write to too; DATA_DIR moves it."""
    folder = Path(os.environ.get("DATA_DIR") or ROOT / "data")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
