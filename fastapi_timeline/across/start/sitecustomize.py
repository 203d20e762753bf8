"""Python imports this when it starts, with this folder on PYTHONPATH.

It follows the tasks of the process, and then lets the environment's own
`sitecustomize` have its turn, if there is one.
"""

import importlib.util
import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path

HERE = Path(__file__).parent


def start() -> None:
    """Follow, with the package in which this file lies."""
    home = str(HERE.parents[2])
    sys.path.append(home)  # the process may not find the package itself
    try:
        from fastapi_timeline.across.following import (  # noqa: PLC0415
            FOLDER,
            follow,
        )

        if FOLDER in os.environ:
            follow(Path(os.environ[FOLDER]))
    except Exception as exc:  # noqa: BLE001 (a picture, not a process)
        text = f"no task of this process is followed ({exc!r})"
        print(f"timeline: {text}", file=sys.stderr)
    finally:
        sys.path.remove(home)


def pass_on() -> None:
    """Run the `sitecustomize` that this one hides."""
    others = [path for path in sys.path if Path(path) != HERE]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


start()
pass_on()
