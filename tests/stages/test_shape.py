"""What stages 7 to 11 are made of."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT

FOLDERS = sorted(
    path for path in (ROOT / "stages").glob("s*_*/") if int(path.name[1:3]) > 6
)
each_engine = pytest.mark.parametrize(
    "folder", FOLDERS, ids=lambda path: path.name
)


@each_engine
def test_an_engine_holds_no_endpoint(folder: Path) -> None:
    """Endpoints are stage 6's: no router, no decorator of a route."""
    code = "\n".join(path.read_text() for path in folder.glob("*.py"))
    methods = "get|post|put|patch|delete|route|api_route|websocket"
    assert not re.findall(rf"@\w+\.(?:{methods})\b", code)
    assert "APIRouter" not in code
    assert "add_api_route" not in code


LIMITS = {
    # An application of two connectors (for a worker, for a transaction),
    # and its own back-off, recovery and loop over a lost database.
    "s10_procrastinate": 118,
    "s11_dbos": 147,  # three steps of its own; SQLite here, PostgreSQL there
}


@each_engine
def test_an_engine_is_short(folder: Path) -> None:
    """Its worker and its application have 100 lines together, or a few more."""
    lines = [
        line
        for name in ("worker.py", "app.py")
        for line in (folder / name).read_text().splitlines()
    ]
    assert len(lines) <= LIMITS.get(folder.name, 100)


@each_engine
def test_a_worker_imports_no_web_application(folder: Path) -> None:
    """Its process has no FastAPI application of ours."""
    code = (
        f"import sys, stages.{folder.name}.worker;"
        "print([name for name in sys.modules"
        " if name.startswith('stages.') and name.endswith('.app')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


@each_engine
def test_a_wrong_setting_stops_a_worker_with_one_line(folder: Path) -> None:
    """It names the setting; a traceback would hide it."""
    done = subprocess.run(
        [sys.executable, "-m", f"stages.{folder.name}.worker"],
        cwd=ROOT,
        env={**os.environ, "TASK_TIME_LIMIT": "soon"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    (line,) = done.stderr.splitlines()
    assert "Correct this setting: TASK_TIME_LIMIT: " in line
