"""Follow tasks of each engine into its worker, and check the picture."""

import argparse
import json
import subprocess
import sys
from typing import Any

from course.folders import ROOT
from course.labs.sections import put
from course.labs.timeline_truth import TABLE

ENGINES = ["celery", "rq", "taskiq", "procrastinate", "dbos"]
LAB = "tests.fastapi_timeline.across.lab"
HEADING = "One picture across two processes"
HEAD = """\
Made by the job `across`, on a real broker and a real PostgreSQL. Each case is
one request whose tasks run in a worker: held up on both sides so that the
order is certain, not held up, failing once, failing for good, delayed, two of
one request, one that publishes another, published while no worker runs, and a
worker killed in the middle of it. Application and worker append to a log of
their own. A case is right when the picture has each step that was logged, each
between the moments that the log allows, and in the very order of the log where
nothing happens at once. "As logged" counts the cases whose whole order is that
of the log, those included in which two processes ran at once.

| engine | right | as logged |
|---|---|---|
"""


def measure(engine: str, count: int) -> dict[str, Any]:
    """Run the cases of one engine."""
    done = subprocess.run(
        [sys.executable, "-m", LAB, engine, str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{engine}: the cases did not run")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(result, indent=1), flush=True)
    return result


def main() -> None:
    """Measure all engines, or those that are named."""
    parser = argparse.ArgumentParser("timeline_across", description=__doc__)
    parser.add_argument("engines", nargs="*", default=ENGINES)
    parser.add_argument("--cases", type=int, default=50)
    chosen = parser.parse_args()
    rows, wrong = HEAD, False
    for engine in chosen.engines:
        found = measure(engine, chosen.cases)
        wrong = wrong or bool(found["wrong"])
        total, name = found["cases"], f"{engine} {found['version']}"
        right = total - len(found["wrong"])
        same = f"{found['same']} of {total}"
        rows += f"| {name} | {right} of {total} | {same} |\n"
    if chosen.engines == ENGINES:
        put(TABLE, HEADING, rows)
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
