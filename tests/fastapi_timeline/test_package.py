"""What the package offers by its own name."""

import subprocess
import sys
from pathlib import Path

import pytest

import fastapi_timeline

ROOT = Path(__file__).parents[2]


def test_each_name_is_there_and_no_module_takes_its_place() -> None:
    """A module of the same name would, as soon as it is imported."""
    assert sorted(fastapi_timeline.MODULES) == fastapi_timeline.__all__
    for name in fastapi_timeline.__all__:
        assert getattr(fastapi_timeline, name).__name__ == name
        assert not (ROOT / "fastapi_timeline" / f"{name}.py").exists()


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As in every other module: `from … import` makes it an ImportError."""
    with pytest.raises(AttributeError, match=r"'fastapi_timeline'.*'nothing'"):
        getattr(fastapi_timeline, "nothing")  # noqa: B009 (mypy sees through)


def test_the_command_and_the_module_are_one_program(tmp_path: Path) -> None:
    """`python -m fastapi_timeline` records an application."""
    (tmp_path / "small.py").write_text(
        "from fastapi import FastAPI\napp = FastAPI()\n"
        "@app.get('/')\ndef ep(): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "fastapi_timeline", "small:app", "GET", "/"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "ep began → ep ended → response sent" in done.stdout
