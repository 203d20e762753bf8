"""What happened when, for one real request: record it, say it, draw it.

with record(app) as timeline:
    ...  # send requests, however you like
assert timeline.order[-1] == "get_db left"
Path("picture.svg").write_text(svg(timeline.last))
"""

from .attach import record
from .compare import compare, differences
from .model import Event, Lane, Recording
from .recording import Recorder
from .serving import serve
from .stacked import stacked
from .svg import svg
from .terminal import show, terminal
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
