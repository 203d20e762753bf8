"""Experiments with a stage: replace its task, let it fail, kill it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2

from course.page.workshop import (
    LOGS,
    TASK,
    Answer,
    Workshop,
    logs,
    new_client,
)

AT_ONCE, KILLED = 10, 20  # requests
TASK_TAKES = 0.1  # seconds
UNCHANGED = 5.0  # seconds after which rows count as final,
SLOW = 30.0  # and where a worker has to start first
NOTIFY, REPORT = "/send-notification/{}@example.com", "/run-task/report"
NOTIFICATIONS = "notifications.txt"
PROVIDER = "get_notification_task"  # the dependency that gives a task
ENDED = {"completed", "failed", "dead"}
FAILS = (
    "The client has its success already: the response was sent before the task"
    " failed. Who learns of the failure? "
)
LOGGED = "Only the server's log, in your terminal."
RECORDED = "Its row says so below, and so does the log."
BLOCKED = (
    "During this request the page put a folder in the place of"
    f" data/{NOTIFICATIONS}, so the task could not open the file. "
)
OVERRIDE = f"""calls = []

def remember(email, message):
    calls.append((email, message))

def get_remember():
    return remember

app.dependency_overrides[{PROVIDER}] = get_remember
# … one request, then: calls == {{}}"""
REPLACED = (
    "The endpoint got `remember` in the place of its task, and its code did"
    " not change. Lines added to data/{}: {}. The page has removed the"
    " override again: press Send, and the real task writes a line."
)
KILLS = (
    "Twenty tasks are accepted. Then all processes are killed, and started"
    " again. How many tasks end?"
)
NOTHING_WRONG = (
    "Nothing goes wrong: each request has a task of its own, and each task"
    " wrote its line. Look at the lines below: the tasks need not run in the"
    " order of the requests. The picture shows one of the requests."
)


@dataclass(frozen=True)
class Experiment:
    """A button, and why one would press it."""

    name: str
    label: str
    why: str
    run: Callable[[Workshop], Awaitable[Answer]]


def experiments(workshop: Workshop) -> dict[str, Experiment]:
    """Return a stage's experiments by name."""
    return {one.name: one for one in offered(workshop)}


def offered(workshop: Workshop) -> Iterator[Experiment]:
    """Yield those that the stage's paths allow."""
    paths = workshop.paths
    if workshop.mounted and hasattr(workshop.mounted.module, PROVIDER):
        yield Experiment(
            "replace",
            "Replace the task",
            "As a test does: one request gets a fake that only remembers.",
            replace_task,
        )
    if TASK in paths:
        yield Experiment(
            "fail",
            "Fail the task",
            "The task raises an exception. What does the client get?",
            fail,
        )
    elif paths:
        yield Experiment(
            "fail",
            "Fail the task",
            "The file cannot be written. What does the client get?",
            fail_to_write,
        )
    if "/send-email/" in paths:
        yield Experiment(
            "refuse",
            "Refuse the mail",
            "The mail server refuses one of two recipients.",
            refuse,
        )
    if {TASK, LOGS} <= paths:
        yield Experiment(
            "ten",
            "Ten at once",
            "Ten clients ask for a task of 0.1 s at once. When do they end?",
            ten_reports,
        )
        yield Experiment(
            "kill",
            "Kill the process",
            KILLS,
            kill,
        )
    elif paths:
        yield Experiment(
            "ten",
            "Ten at once",
            "Ten clients send a request at once. Does each task run?",
            ten_notifications,
        )


async def replace_task(workshop: Workshop) -> Answer:
    """Let a fake take the task's place for one request."""
    calls: list[tuple[str, str]] = []

    def remember(email: str, message: str) -> None:
        calls.append((email, message))

    def get_remember() -> Callable[[str, str], None]:
        return remember

    assert workshop.mounted
    provider = getattr(workshop.mounted.module, PROVIDER)
    overrides = workshop.mounted.app.dependency_overrides
    file = workshop.folder / NOTIFICATIONS
    async with workshop.busy:
        before = lines(file)
        overrides[provider] = get_remember
        try:
            answer = await workshop.send("POST", NOTIFY.format("ada"))
            await workshop.until_idle()
        finally:
            del overrides[provider]
        added = lines(file) - before
    comment = REPLACED.format(NOTIFICATIONS, added)
    code = OVERRIDE.format(calls)
    return replace(answer, code=code, comment=answer.comment or comment)


def lines(file: Path) -> int:
    """Count the lines of a file, which may be missing."""
    return len(file.read_bytes().splitlines()) if file.exists() else 0


async def fail(workshop: Workshop) -> Answer:
    """Ask for the task that always fails."""
    answer = await workshop.send("POST", "/run-task/crash")
    return commented(answer, FAILS + RECORDED)


async def fail_to_write(workshop: Workshop) -> Answer:
    """Notify somebody while the file cannot be written."""
    async with workshop.busy:
        with unwritable(workshop.folder / NOTIFICATIONS):
            answer = await workshop.send("POST", NOTIFY.format("ada"))
            await workshop.until_idle()
    return commented(answer, BLOCKED + FAILS + LOGGED)


def commented(answer: Answer, comment: str) -> Answer:
    """Say what the client learns of a task that fails: nothing."""
    return replace(answer, comment=comment) if answer.good else answer


async def refuse(workshop: Workshop) -> Answer:
    """Send a mail to two, of whom the mail server knows one."""
    body = (
        '{"subject": "Hello", "body": "Hi!", "recipients":'
        ' ["nobody@example.com", "ada@example.com"]}'
    )
    return await workshop.send("POST", "/send-email/", body)


async def at_once(workshop: Workshop, path: str) -> Answer:
    """Send ten requests at the same moment, a number in each path."""
    done = await asyncio.gather(
        *(
            asyncio.to_thread(workshop.request, "POST", path.format(number))
            for number in range(AT_ONCE)
        )
    )
    times = [took for _, took in done]
    codes = sorted({str(response.status_code) for response, _ in done})
    return Answer(
        f"{AT_ONCE} × POST {path.format('…')}",
        " ".join(codes),
        comment=f"Ten responses: the first after {min(times):.0f} ms, the"
        f" last after {max(times):.0f} ms. ",
    )


async def ten_notifications(workshop: Workshop) -> Answer:
    """Notify ten at the same moment."""
    answer = await at_once(workshop, NOTIFY.format("user{}"))
    return replace(answer, comment=answer.comment + NOTHING_WRONG)


async def ten_reports(workshop: Workshop) -> Answer:
    """Ask for ten tasks at the same moment; see when the last one ends."""
    known = {row["id"] for row in await workshop.rows()}
    answer = await at_once(workshop, REPORT)
    end = time.monotonic() + SLOW
    ended: list[dict[str, Any]] = []
    while len(ended) < AT_ONCE and time.monotonic() < end:
        await asyncio.sleep(0.1)
        rows = [r for r in await workshop.rows() if r["id"] not in known]
        ended = [row for row in rows if row["status"] in ENDED]
    if len(ended) < AT_ONCE:
        comment = f"After {SLOW:.0f} s, {len(ended)} of the tasks have ended."
    else:
        comment = side_by_side(workshop, duration(ended))
    return replace(answer, comment=answer.comment + comment)


def duration(rows: list[dict[str, Any]]) -> float:
    """Return the seconds from the first row to the end of the last task."""
    began = min(datetime.fromisoformat(row["created_at"]) for row in rows)
    ended = max(datetime.fromisoformat(row["completed_at"]) for row in rows)
    return (ended - began).total_seconds()


def side_by_side(workshop: Workshop, seconds: float) -> str:
    """Say whether ten tasks of 0.1 s ran at the same time, and where."""
    text = (
        "One after the other, the ten tasks would take 1 s. The last one ended"
        f" {seconds:.2f} s after the first request. "
    )
    if workshop.mounted:
        where = "each in a thread of the server"
        slow = "This machine was busy: the tasks had to wait."
    else:
        where = "in the worker"
        slow = "The worker ran them one after the other, or a few at a time."
    if seconds < AT_ONCE * TASK_TAKES:
        return f"{text}They ran side by side, {where}."
    return text + slow


async def kill(workshop: Workshop) -> Answer:
    """Accept tasks, kill what runs them, start again, and count."""
    await workshop.start()
    async with workshop.busy:
        ended = await asyncio.to_thread(ended_after_a_kill, workshop)
    if workshop.mounted:
        await workshop.stop()
    return Answer(
        f"{KILLED} × POST {REPORT}, then killed and started again",
        comment=f"{KILLED} tasks were accepted. {ended} ended."
        f" {verdict(workshop, KILLED - ended)}",
    )


def verdict(workshop: Workshop, open_: int) -> str:
    """Say what happens to the tasks that have not ended."""
    if not open_ and workshop.stage.worker:
        return "None was lost: they were stored, and taken up again."
    if not open_:
        return "All of them ended before the kill: press it again."
    if workshop.stage.worker:
        return (
            f"Not ended yet: {open_}. None is lost, because they are stored."
            " After a time-out, the engine runs once more what a killed worker"
            " held."
        )
    return (
        f"The other {open_} will never run: this process had them in its"
        " memory only."
    )


def ended_after_a_kill(workshop: Workshop) -> int:
    """Return how many of the tasks ended in spite of it."""
    apart = workshop.apart
    with new_client() as client:
        known = {row["id"] for row in logs(client, apart.base)}
        url = f"{apart.base}{REPORT}"
        with ThreadPoolExecutor(KILLED) as pool:
            for _ in pool.map(client.post, [url] * KILLED):
                pass
        if workshop.stage.worker:
            apart.recording()  # of the last one: its picture shows the kill
        apart.kill()
        apart.start()
        patience = SLOW if workshop.stage.worker else UNCHANGED
        return final(client, apart.base, known, patience)


def final(
    client: httpx2.Client, base: str, known: set[int], patience: float
) -> int:
    """Wait until no row changes any more; return how many new ones ended."""
    since, before = time.monotonic(), -1
    while True:
        rows = [row for row in logs(client, base) if row["id"] not in known]
        ended = sum(row["status"] in ENDED for row in rows)
        if ended != before:
            since, before = time.monotonic(), ended
        if ended == KILLED or time.monotonic() - since > patience:
            return ended
        time.sleep(0.1)


@contextmanager
def unwritable(file: Path) -> Iterator[None]:
    """Let a folder stand where a file is to be written."""
    aside = file.with_name(f"{file.name}.aside")
    if file.exists():
        file.rename(aside)
    file.mkdir()
    try:
        yield
    finally:
        file.rmdir()
        if aside.exists():
            aside.rename(file)
