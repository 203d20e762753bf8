"""Find the application that a command line names: myapp:app."""

import contextlib
import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

NAMES = ("app", "application", "create_app", "make_app", "get_app")


class TargetError(Exception):
    """It is not there or does not import; the text says what to do."""


def load(target: str, folder: Path) -> Any:
    """Import an ASGI application: module:name or path.py:name.

    A function that can be called with nothing is a factory, and called.
    TargetError says what is wrong: what, where, and what next.
    """
    where, _, name = target.partition(":")
    if len(where) == 1 and name[:1] in {"/", "\\"}:  # a Windows drive
        rest, _, name = name.partition(":")
        where = f"{where}:{rest}"
    module = _import(where, folder)
    if not name:
        found = [n for n in NAMES if hasattr(module, n)]
        if not found:
            tried = ", ".join(NAMES)
            raise TargetError(
                f"{where} has none of {tried}: name the application, as in"
                f" {where}:NAME."
            )
        name = found[0]
    found_app = module
    for part in name.split("."):
        if not hasattr(found_app, part):
            apps = [n for n in dir(module) if _is_app(getattr(module, n))]
            hint = f"it has {', '.join(apps)}" if apps else "it has none"
            raise TargetError(
                f"{where} has no application {name!r} ({hint}): correct what"
                " stands after the colon."
            )
        found_app = getattr(found_app, part)
    return _made(found_app, f"{where}:{name}")


def _is_app(thing: object) -> bool:
    return hasattr(thing, "build_middleware_stack") and not inspect.isclass(
        thing
    )


def _made(thing: Any, target: str) -> Any:
    """Call a factory; leave an application as it is."""
    if _is_app(thing):
        return thing
    if not callable(thing):
        raise TargetError(
            f"{target} is a {type(thing).__name__}, not an application: name"
            " one, or a function that makes one."
        )
    if not (inspect.isfunction(thing) or inspect.isclass(thing)):
        with contextlib.suppress(ValueError):  # it has no signature
            try:
                inspect.signature(thing).bind("scope", "receive", "send")
            except TypeError:
                raise TargetError(
                    f"{target} is a {type(thing).__name__}, which is not"
                    " called with scope, receive and send: name an ASGI"
                    " application."
                ) from None
        return thing  # another ASGI application, around one perhaps
    try:
        inspect.signature(thing).bind()
    except TypeError:
        if inspect.isfunction(thing) and inspect.iscoroutinefunction(thing):
            return thing  # async def app(scope, receive, send)
        raise TargetError(
            f"{target} needs arguments: name a function that makes the"
            " application without any."
        ) from None
    if inspect.iscoroutinefunction(thing):
        raise TargetError(
            f"{target} is an `async def`: name a function that makes the"
            " application without `await`."
        )
    try:
        made = thing()
    except Exception as exc:
        raise TargetError(
            f"{target}() failed with {_said(exc)}: correct that first."
        ) from exc
    if not callable(made):
        raise TargetError(
            f"{target}() gave a {type(made).__name__}, not an application:"
            " name a function that makes one."
        )
    return made


def _import(where: str, folder: Path) -> Any:
    path = folder / where
    if where.endswith(".py") or path.is_dir() or "/" in where:
        path = path if path.suffix == ".py" else path / "__init__.py"
        if not path.is_file():
            raise TargetError(
                f"There is no file {path}: give a path from the folder you"
                " are in, or a module's name."
            )
        root, parts = path.parent, [path.stem]
        while (root / "__init__.py").is_file():  # so relative imports work
            parts.insert(0, root.name)
            root = root.parent
        where = ".".join(p for p in parts if p != "__init__")
        folder = root
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(where)
    except ModuleNotFoundError as exc:
        missing = exc.name or ""
        if where == missing or where.startswith(f"{missing}."):
            raise TargetError(
                f"There is no module {missing!r} in {folder}: go to the"
                " folder of your application, or correct the name."
            ) from None
        raise TargetError(
            f"{where} imports {missing!r}, which this environment lacks:"
            f" install it for {sys.executable}."
        ) from exc
    except Exception as exc:
        raise TargetError(
            f"{where} does not import, {_said(exc)}: correct that first."
        ) from exc


def _said(exc: BaseException) -> str:
    text = f"{type(exc).__name__}: {exc}".strip().splitlines()[0]
    trace, place = exc.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if "importlib" not in code.co_filename and not place.startswith("<"):
            place = f"{code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    if isinstance(exc, SyntaxError) and exc.filename:
        place = f"{exc.filename}:{exc.lineno}"
    return f"{text} ({place})" if place else text
