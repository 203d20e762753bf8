"""What happened when, for one real request: record it, say it, draw it.

with record(app) as timeline:
    ...  # send requests, however you like
assert timeline.order[-1] == "get_db left"
Path("picture.svg").write_text(svg(timeline.last))

A name's module is imported when the name is first asked for: pytest imports
this package in every run, and most runs record nothing.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .attach import record
    from .comparison import compare, differences
    from .model import Event, Lane, Recording
    from .picture import svg
    from .recording import Recorder
    from .serving import serve
    from .stack import stacked
    from .text import show, terminal
    from .words import sentence

__all__ = [
    "Event",
    "Lane",
    "Recorder",
    "Recording",
    "compare",
    "differences",
    "record",
    "sentence",
    "serve",
    "show",
    "stacked",
    "svg",
    "terminal",
]

MODULES = {
    "Event": "model",
    "Lane": "model",
    "Recorder": "recording",
    "Recording": "model",
    "compare": "comparison",
    "differences": "comparison",
    "record": "attach",
    "sentence": "words",
    "serve": "serving",
    "show": "text",
    "stacked": "stack",
    "svg": "picture",
    "terminal": "text",
}


def __getattr__(name: str) -> object:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f".{MODULES[name]}", __name__)
    return getattr(module, name)
