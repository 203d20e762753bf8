"""Record FastAPI's own documentation examples, which nobody wrote for this.

They come from its source distribution and are not kept:
    pip download --no-deps --no-binary :all: fastapi
    python -m course.labs.documentation fastapi-*.tar.gz
"""

import http.client
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from course.folders import ROOT
from fastapi_timeline import Recorder, serve, svg, terminal
from fastapi_timeline.target import TargetError, load

USES = re.compile(
    r"Depends|Security\(|BackgroundTask|include_router|middleware|\.mount\("
)
APP = re.compile(r"^app = FastAPI\(", re.MULTILINE)


class Seen(NamedTuple):
    """What became of one example."""

    example: str
    requests: int = 0
    problem: str = ""


def examples(folder: Path) -> Iterator[Path]:
    """Find those with an application that has something to draw."""
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text("utf-8")
        if APP.search(text) and USES.search(text):
            yield path


class Call(NamedTuple):
    """One request that an application's own schema describes."""

    method: str
    path: str
    body: str | None
    headers: dict[str, str]


def sample(schema: dict[str, Any], known: dict[str, Any]) -> Any:
    """Make a value that fits a JSON schema, more or less."""
    if "$ref" in schema:
        return sample(known.get(schema["$ref"].split("/")[-1], {}), known)
    for key in ("default", "example", "const"):
        if key in schema:
            return schema[key]
    for key in ("anyOf", "allOf", "oneOf", "enum"):
        if key in schema:
            first = schema[key][0]
            return sample(first, known) if key != "enum" else first
    fields = schema.get("properties", {}).items()
    plain = {"integer": 1, "number": 1.5, "boolean": True}
    match schema.get("type"):
        case "object":
            return {name: sample(field, known) for name, field in fields}
        case "array":
            return [sample(schema.get("items", {}), known)]
        case kind:
            return plain.get(kind or "", "1")


def calls(app: Any) -> Iterator[Call]:
    """Make one request for each operation."""
    schema = app.openapi()
    known = schema.get("components", {}).get("schemas", {})
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            filled, query, headers = path, [], {}
            for asked in operation.get("parameters", []):
                name = asked["name"]
                value = str(sample(asked.get("schema", {}), known))
                if asked["in"] == "path":
                    filled = filled.replace(f"{{{name}}}", value)
                elif asked["in"] == "query" and asked.get("required"):
                    query.append(f"{name}=1")
                elif asked["in"] == "header" and asked.get("required"):
                    headers[name] = f"fake-super-secret-{name[2:].lower()}"
            if operation.get("security"):
                headers["authorization"] = "Bearer johndoe"
            content = operation.get("requestBody", {}).get("content", {})
            body = None
            for kind, about in content.items():
                value = sample(about.get("schema", {}), known)
                headers["content-type"] = kind
                body = json.dumps(value)
                if "form" in kind:
                    body = "username=johndoe&password=secret"
            text = "?" + "&".join(query) if query else ""
            yield Call(method.upper(), filled + text, body, headers)


def answers(url: str, asked: list[Call]) -> list[int]:
    """Send all of them; give the statuses."""
    found = []
    for method, path, body, headers in asked:
        connection = http.client.HTTPConnection(url[7:], timeout=20)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.read()
        found.append(response.status)
        connection.close()
    return found


def look(file: Path) -> Seen:
    """Record an example; its answers must be those of a second, unwatched."""
    app = load(str(file), Path.cwd())
    asked = list(calls(app))
    with Recorder(app) as recorder:
        recorder.on = False
        with serve(recorder) as url:
            alone = answers(url, asked)
            recorder.on = True
            watched = answers(url, asked)
            recorder.wait(len(asked))
    made = recorder.recordings
    for recording in made:
        svg(recording)
        terminal(recording)
        if recording.lost:
            return Seen(str(file), problem=recording.lost)
    unseen = [r.path for r in made if "unseen" in {e.what for e in r.events}]
    # A middleware may answer by itself, and not every path has an endpoint.
    blank = [r.path for r in made if not r.lanes and r.status == "200"]
    if alone != watched:
        return Seen(str(file), problem=f"answers {alone} became {watched}")
    if unseen or blank:
        return Seen(str(file), problem=f"not seen {unseen}, empty {blank}")
    return Seen(str(file), len(made))


def one(file: Path) -> Seen:
    """Look at an example in a process of its own."""
    for needed in ("static", "dist"):  # some examples serve these
        (file.parent / needed).mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name if __spec__ else "", "--", file],
        cwd=file.parent,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    last = (done.stdout.strip().splitlines() or ["[]"])[-1]
    try:
        return Seen(*json.loads(last))
    except (ValueError, TypeError):
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return Seen(str(file), problem=f"did not run: {said}")


def main() -> None:
    """Count what could be drawn, and name what could not."""
    if sys.argv[1:2] == ["--"]:
        try:
            seen = look(Path(sys.argv[2]))
        except TargetError as exc:
            seen = Seen(sys.argv[2], problem=f"does not import: {exc}")
        print(json.dumps(seen), flush=True)
        os._exit(0)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(sys.argv[1]) as archive:
            archive.extractall(folder, filter="data")
        found = list(examples(next(Path(folder).glob("*/docs_src"))))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(one, found))
    drawn = [r for r in results if not r.problem]
    count = sum(r.requests for r in drawn)
    print(f"{len(drawn)} of {len(results)} examples drawn, {count} requests")
    for result in results:
        if result.problem:
            name = result.example.rpartition("docs_src/")[2]
            print(f"  {name}: {result.problem}")


if __name__ == "__main__":
    main()
