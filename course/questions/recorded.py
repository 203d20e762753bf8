"""Run both ways of a question and print what happened, as JSON.

The page runs it in a process of its own: a question may block its process.
"""

import contextlib
import io
import json
import sys

from rich.console import Console

from course.folders import ROOT
from course.questions import running
from fastapi_timeline import Recording


def seen(way: running.Way) -> dict[str, str]:
    """Return the recording of a way, if it has one, and what was printed."""
    if way.route is not None and not running.is_websocket(way.route):
        happened = way.send()
        text = f"{happened.status} {happened.response.text[: running.SHORT]}"
        return {"recording": happened.recording.to_json(), "text": text}
    printed = io.StringIO()
    running.show(way, Console(file=printed, width=100))
    return {"recording": "", "text": printed.getvalue()}


def main(module: str) -> None:
    """Print what happened in `wrong` and in `right`."""
    sys.path.insert(0, str(ROOT))
    with contextlib.redirect_stdout(sys.stderr):  # what the tasks print
        running.warm_up()
        loaded = running.load(module)
        ways = {
            name: seen(running.Way(loaded, name))
            for name in ("wrong", "right")
        }
    print(json.dumps(ways))


def read(text: str) -> dict[str, tuple[Recording | None, str]]:
    """Return what main printed, by the way's name."""
    return {
        name: (
            Recording.from_json(way["recording"])
            if way["recording"]
            else None,
            way["text"],
        )
        for name, way in json.loads(text).items()
    }


if __name__ == "__main__":
    main(sys.argv[1])
