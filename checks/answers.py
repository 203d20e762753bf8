"""Find an answer by its check's name, and import it afresh."""

import contextlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TextIO

import pytest

ROOT = Path(__file__).resolve().parents[1]
SKIPS = (
    "Your answer ends its check by pytest.skip or pytest.xfail: a check that"
    " is skipped is not passed."
)


def answer_for(check: Path, target: str) -> Path:
    """Return the file that test_ex01_x.py checks: <target>/ex01_x.py."""
    folder = Path(target)
    if not folder.is_absolute() and not folder.is_dir():
        folder = ROOT / target  # started from another folder
    return folder / check.name.removeprefix("test_")


@contextlib.contextmanager
def imported(path: Path) -> Iterator[ModuleType]:
    """Import it under its file's name, and forget it afterwards."""
    name = path.stem
    must_exist(path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        try:
            # Its loader would take compiled code for that of this text, if
            # both are of the same second and length.
            text, file = path.read_bytes(), str(spec.origin)
            code = compile(text, file, "exec", dont_inherit=True)
            with _lasting_streams():
                exec(code, vars(module))  # noqa: S102 (as an import does)
        except KeyboardInterrupt:
            raise
        except BaseException as exc:  # noqa: BLE001 (a skip as well)
            pytest.fail(why_not(path, exc), pytrace=False)
        yield module
    finally:
        sys.modules.pop(name, None)
        if before is not None:
            sys.modules[name] = before


def must_exist(path: Path) -> None:
    """Fail, and say so, if there is no answer."""
    if not path.is_file():
        pytest.fail(
            f"There is no {_shown(path)}: it is your answer. `python3"
            f" start.py reset {path.stem}` brings the stub back;"
            " --target=FOLDER names another folder.",
            pytrace=False,
        )


@contextlib.contextmanager
def _lasting_streams() -> Iterator[None]:
    """Make a log handler from the import able to write until its end.

    It keeps the stream it finds, and pytest closes its own after the set-up.
    These write to wherever standard output and standard error lead just then.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(_to(1)))
        stack.enter_context(contextlib.redirect_stderr(_to(2)))
        yield


def _to(descriptor: int) -> TextIO:
    return open(descriptor, "w", 1, "utf-8", "backslashreplace", closefd=False)


def why_not(path: Path, exc: BaseException) -> str:
    """Say in which line of the answer its import ended, and why."""
    shown = _shown(path)
    if isinstance(exc, SyntaxError) and exc.filename == str(path):
        line = exc.lineno or 1
    else:
        frames = traceback.extract_tb(exc.__traceback__)
        own = [each for each in frames if each.filename == str(path)]
        line = (own[-1].lineno if own else None) or 1
    text = exc.msg if isinstance(exc, SyntaxError) else str(exc)
    return (
        f"Your answer {shown} can't be imported: {type(exc).__name__} in"
        f" line {line}: {text}\n{shown}:{line}"
    )


def passes_through(path: Path, exc: BaseException) -> bool:
    """See whether an exception comes from this file."""
    frames = traceback.extract_tb(exc.__traceback__)
    return any(each.filename == str(path) for each in frames)


def _shown(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return path.resolve().relative_to(ROOT).as_posix()
    return str(path)
