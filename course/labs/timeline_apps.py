"""Record applications that others wrote, and compare their answers."""

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from course.folders import ROOT
from course.labs.environments import FOLDER, environment, version
from course.labs.sections import put
from course.labs.timeline_truth import TABLE

PYTHON = "3.12"
LIMIT = 600  # seconds for one application
# Its packages, the package whose version is told, and what makes its `app`.
APPS = {
    "TiTiler": (
        ["titiler-application"],
        "from titiler.application.main import app",
    ),
    "curies": (
        ["curies[fastapi]"],
        """\
from curies import Converter
from curies.resolver_service import get_fastapi_app
pairs = {"CHEBI": "http://purl.obolibrary.org/obo/CHEBI_"}
app = get_fastapi_app(Converter.from_prefix_map(pairs))
""",
    ),
    "Glances": (
        ["glances[web]"],
        """\
import sys
sys.argv = ["glances", "-w"]
from glances.main import GlancesMain
from glances.outputs.glances_restful_api import GlancesRestfulApi
from glances.stats import GlancesStats
core = GlancesMain()
args = core.get_args()
web = GlancesRestfulApi(config=core.get_config(), args=args)
web.stats = GlancesStats(config=core.get_config(), args=args)
web.stats.update()
app = web._app
""",
    ),
    "NiceGUI": (
        ["nicegui"],
        """\
from fastapi import FastAPI
from nicegui import ui
app = FastAPI()
@app.get("/api/hello")
def hello():
    return {"hello": "world"}
@ui.page("/")
def page():
    ui.label("Hello")
ui.run_with(app, storage_secret="x")
""",
    ),
    "Gradio": (
        ["gradio"],
        """\
import gradio as gr
from fastapi import FastAPI
app = gr.mount_gradio_app(
    FastAPI(), gr.Interface(lambda x: x, "text", "text"), path="/gradio"
)
""",
    ),
    "SQLAdmin": (
        ["sqladmin", "greenlet"],
        """\
from fastapi import FastAPI
from sqladmin import Admin, ModelView
from sqlalchemy import Column, Integer, String, create_engine
from sqlalchemy.orm import declarative_base
from sqlalchemy.pool import StaticPool
Base = declarative_base()
engine = create_engine(
    "sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool
)
class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    name = Column(String)
Base.metadata.create_all(engine)
app = FastAPI()
class UserAdmin(ModelView, model=User):
    column_list = [User.id, User.name]
Admin(app, engine).add_view(UserAdmin)
""",
    ),
    "Xpublish": (
        ["xpublish"],
        """\
import numpy, xarray, xpublish
data = xarray.Dataset({"t": ("x", numpy.arange(3.0))})
app = xpublish.Rest({"x": data}).app
""",
    ),
    "OPTIMADE": (
        ["optimade[server]"],
        "from optimade.server.main import app",
    ),
    "Piccolo Admin": (
        ["piccolo-admin", "piccolo[sqlite]"],
        """\
from piccolo.columns import Varchar
from piccolo.engine.sqlite import SQLiteEngine
from piccolo.table import Table
from piccolo_admin.endpoints import create_admin
DB = SQLiteEngine()
class Director(Table, db=DB):
    name = Varchar()
Director.create_table(if_not_exists=True).run_sync()
app = create_admin([Director])
""",
    ),
    "Tiled": (
        ["tiled[server]"],
        """\
import numpy
from tiled.adapters.array import ArrayAdapter
from tiled.adapters.mapping import MapAdapter
from tiled.server.app import build_app
app = build_app(MapAdapter({"x": ArrayAdapter.from_array(numpy.arange(6))}))
""",
    ),
}
HEADING = "Applications that others wrote"
HEAD = """\
Made by the job `apps`, on Python {python}. Each path that
answers a GET is asked for twice without the recorder, once with it, once more
after it. "Same": status, body and headers are those without it. "Changing"
answers differ each time without it, too (a time, a random number); of these
the status is compared. "Order" compares which dependencies and endpoints
began, one after the other, with a log kept by `sys.setprofile`.

| application | version | FastAPI | paths | same | changing | different | order |
|---|---|---|---|---|---|---|---|
"""


def measure(name: str) -> dict[str, Any]:
    """Ask one application for everything, in an environment of its own."""
    packages, code = APPS[name]
    folder = f"app-{name.lower().replace(' ', '-')}"
    python = environment("newest", PYTHON, *packages, name=folder)
    file = FOLDER / folder / "app.py"
    file.write_text(code, "utf-8")
    try:
        done = subprocess.run(
            [python, "-m", "course.labs.one_app", str(file)],
            cwd=FOLDER / folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT,
        )
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, ValueError) as error:
        said = getattr(error, "stderr", None) or done.stderr
        return {"name": name, "failed": str(said)[-400:]}
    package = packages[0].partition("[")[0]
    about = {"version": version(python, package)}
    return {
        "name": name,
        **about,
        "fastapi": version(python, "fastapi"),
        **result,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Write what was measured, for the documentation."""
    lines = HEAD.format(python=PYTHON)
    for row in rows:
        cells = [
            *(row["name"], row["version"], row["fastapi"], row["paths"]),
            *(row["same"], f"{row['changing']} ({row['alike']} same status)"),
            *(len(row["different"]), f"{row['ordered']} of {row['orders']}"),
        ]
        lines += f"| {' | '.join(map(str, cells))} |\n"
    return lines


def main() -> None:
    """Measure all, or those that are named."""
    parser = argparse.ArgumentParser("timeline_apps", description=__doc__)
    parser.add_argument("names", nargs="*", default=[*APPS])
    names, rows = parser.parse_args().names, []
    for name in names:
        rows.append(measure(name))
        print(json.dumps(rows[-1], indent=1), flush=True)
    if names == [*APPS] and all("failed" not in row for row in rows):
        put(TABLE, HEADING, table(rows))
    if any(map(bad, rows)):
        sys.exit(1)


def bad(row: dict[str, Any]) -> bool:
    """Tell whether an application answered otherwise, or did not start."""
    return bool("failed" in row or row["different"] or row["wrong"])


if __name__ == "__main__":
    main()
