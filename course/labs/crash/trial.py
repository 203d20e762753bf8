"""One run: accept, kill half-way, start again, wait, count."""

import asyncio
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from course.labs.crash.lab import Lab, Posts, Told, laboratory
from course.labs.crash.results import Row, completed_at, count, tally
from course.labs.crash.setups import Kill, Setup

PATIENCE = 600.0  # seconds until half of the tasks must be done
CLIENTS = 10  # that go on posting when their web process is killed


def run(  # noqa: PLR0913, PLR0917 (what a run is)
    setup: Setup,
    kill: Kill,
    seed: int,
    tasks: int,
    stopped: threading.Event,
    told: Told,
) -> Row:
    """Return what became of so many tasks; the seed moves the kill."""
    chance = random.Random(f"{setup.name} {kill} {seed}")  # noqa: S311
    half = tasks // 2 + chance.randint(-tasks // 20, tasks // 20)
    told("starting")
    with laboratory(
        setup,
        stopped,
        append_only=kill != "broker without file",
        postgresql=kill == "database",
        settings={"CRASH_AT": str(half)} if kill == "gap" else {},
    ) as lab:
        if kill in {"web", "gap"}:
            posts, killed, before = kill_web(lab, kill, tasks, half, told)
        else:
            told(f"accepting {tasks} tasks")
            posts = lab.accept(tasks)
            told(f"waiting for {half} of {tasks}")
            lab.wait_for_lines(half, PATIENCE)
            time.sleep(chance.uniform(0, min(setup.task, 0.1)))
            killed = time.time()
            restart(lab, kill)
            before = len(until(lab.lines(), killed))
        left = lab.wait_until_idle(told)
        accepted = posts.accepted
        if kill == "gap":  # its client got no answer, and it has a row
            accepted = sorted({*lab.committed()} - {"probe"}, key=int)
        lines = lab.lines()
        rows = lab.rows() if setup.stage else []
    done = count(accepted, lines)
    times = tally(done)
    ended = None if times["lost"] else completed_at(accepted, lines)
    return Row(
        engine=setup.engine,
        setup=setup.setup,
        kill=kill,
        seed=seed,
        accepted=len(accepted),
        cut=len(posts.cut),
        refused=len(posts.refused),
        **times,
        held=bool(left and times["lost"]),
        seconds=None if ended is None else round(max(ended - killed, 0), 1),
        waited=setup.wait,
        before=before,
        task=setup.task,
        done=done,
        in_database=count(accepted, rows) if setup.stage else "",
    )


def until(lines: list[str], moment: float) -> list[str]:
    """Return the lines that were there at that moment."""
    return [line for line in lines if float(line.split()[1]) < moment]


def restart(lab: Lab, kill: Kill) -> None:
    """Kill what is to be killed, and start it again."""
    match kill:
        case "worker":
            lab.restart_worker()
        case "database":
            lab.restart_database()
        case _:
            lab.restart_broker()


def kill_web(
    lab: Lab, kill: Kill, tasks: int, half: int, told: Told
) -> tuple[Posts, float, int]:
    """Kill the web process while clients post, or let it kill itself."""
    told(f"accepting {tasks} tasks, with a kill after {half}")
    posts = Posts()
    (app,) = lab.apps.values()
    with ThreadPoolExecutor(1) as thread:
        posting = thread.submit(post_all, lab, tasks, posts)
        for _ in lab.polls(PATIENCE, "the web process was not killed"):
            if posting.done():
                posting.result()
            if not app.running or (
                kill == "web" and len(posts.accepted) >= half
            ):
                break
        killed = time.time()
        before = len(until(lab.lines(), killed))
        lab.restart_app()
        posting.result()
    return posts, killed, before


def post_all(lab: Lab, tasks: int, posts: Posts) -> None:
    """Post all tasks, in a thread of its own."""
    asyncio.run(lab.post_all(tasks, CLIENTS, posts))
