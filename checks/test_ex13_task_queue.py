"""Checks of exercise 13: the endpoint writes a row, a runner does the work."""

import json
import os
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest

from checks.asgi import Client
from checks.expect import UnmetError, called, expect, listed, times
from checks.queues import ENDS, a_broker, a_worker, import_clients
from checks.runners import Database, Runner, Work, another_process
from course.ports import listen, number_of

FIELDS = {"id", "task_name", "status", "attempts", "error"}


@pytest.fixture(autouse=True)
def environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> pytest.MonkeyPatch:
    """Set where the database is; try again at once."""
    for name in [each for each in os.environ if each.startswith("QUEUE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("QUEUE_DATABASE_URL", f"sqlite:///{tmp_path}/a.db")
    monkeypatch.setenv("QUEUE_RETRY_DELAY", "0")
    return monkeypatch


@pytest.fixture
def database(answer: ModuleType, tmp_path: Path) -> Database:
    """Give the database, with its table."""
    database = Database(tmp_path / "a.db", answer)
    database.make_table()
    return database


@pytest.fixture
def work(answer: ModuleType) -> Work:
    """Put work that succeeds in the place of the real one."""
    work = Work()
    answer.app.dependency_overrides[answer.get_work] = lambda: work
    return work


def accepted(client: Client, task_name: str) -> Any:
    """Ask for a task; return the id that the answer has."""
    response = client.post(f"/run-task/{task_name}")
    assert response.status_code == 202
    expect("id" in response.json(), 'the response is {"id": …}', response.text)
    return response.json()["id"]


def shown(client: Client, task_id: Any) -> dict[str, Any]:
    """Return what GET shows of a task."""
    response = client.get(f"/task-logs/{task_id}")
    expect(
        response.status_code == 200,
        f"GET shows the task with the id {task_id}",
        f"it is answered with {response.status_code}",
    )
    task = response.json()
    missing = FIELDS - task.keys()
    expect(
        not missing,
        f"GET shows {listed(sorted(FIELDS))}",
        f"{listed(sorted(missing))} is missing",
    )
    return {name: task[name] for name in sorted(FIELDS)}


def ended(client: Client, task_id: Any) -> dict[str, Any]:
    """Return what GET shows when the task has come to an end."""
    client.finish()
    give_up = time.monotonic() + 2
    task = shown(client, task_id)
    while task["status"] not in ENDS and time.monotonic() < give_up:
        time.sleep(0.01)  # a runner may use threads of its own
        task = shown(client, task_id)
    return task


def expect_work(work: Work, *names: str, when: str = "") -> None:
    """Fail unless the work was called with these, one after the other."""
    expect(
        work.names == [*names],
        f"{when or 'in all'}, the work that get_work gives is {called(names)}",
        f"it was {called(work.names)}",
    )


def expect_shown(task: dict[str, Any], when: str, **wanted: object) -> None:
    """Fail unless GET shows the task so."""
    found = {key: task[key] for key in wanted}
    expect(
        found == wanted,
        f"{when}, GET shows {in_words(wanted)}",
        f"it shows {in_words(found)}; error is {task['error']!r}",
    )


def in_words(values: dict[str, object]) -> str:
    """Write parts of what GET shows."""
    return ", ".join(f"{key} {value}" for key, value in values.items())


def expect_open(status: str, when: str) -> None:
    """Fail if this status is an end."""
    expect(
        status not in ENDS,
        f'{when}, the status is neither "completed" nor "dead"',
        f'it is "{status}"',
    )


def expect_no_failure(raised: BaseException | None, which: str) -> None:
    """Fail if a delivery has raised something."""
    expect(
        raised is None,
        f"{which} raises nothing",
        f"it raised {raised!r}",
    )


@pytest.mark.points(2)
def test_the_row_is_committed_before_the_task_is_enqueued(
    answer: ModuleType, client: Client, database: Database
) -> None:
    """The row is committed before the task is enqueued.

    A fast worker may begin before the next line of the endpoint runs.
    """
    seen: list[Any] = []
    runner = Runner(0, first=lambda: seen.append(database.rows()))
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    expect(
        runner.enqueued,
        "the endpoint calls runner.enqueue(…)",
        "it did not",
    )
    rows = [(str(row.id), row.task_name) for row in seen[0]]
    expect(
        rows == [(str(task_id), "report")],
        f'when enqueue is called, the row with the id {task_id} for "report"'
        " is committed",
        f"the committed rows: {listed(rows)}",
    )
    task = shown(client, task_id)
    when = "before any delivery"
    task["id"] = str(task["id"])
    expect_shown(task, when, id=str(task_id), task_name="report", error=None)
    expect_open(task["status"], when)
    never = "999999" if str(task_id).isdigit() else str(uuid4())
    assert client.get(f"/task-logs/{never}").status_code == 404


@pytest.mark.points(1)
@pytest.mark.usefixtures("database")
def test_only_json_is_enqueued(answer: ModuleType, client: Client) -> None:
    """What is enqueued is a name and JSON: no row, session or function.

    Nothing else can leave the process.
    """
    runner = Runner(0)
    runner.replace_that_of(answer)
    response = client.post("/run-task/report")
    expect(
        runner.enqueued,
        "the endpoint calls runner.enqueue(…)",
        f"it did not, and answered {response.text}",
    )
    for name, kwargs in runner.enqueued:
        expect(
            isinstance(name, str),
            "the name that is enqueued is a str",
            f"it is a {type(name).__name__}",
        )
        try:
            json.dumps(kwargs)
        except (TypeError, ValueError) as exc:
            kinds = {key: type(kwargs[key]).__name__ for key in kwargs}
            raise UnmetError(
                "the kwargs that are enqueued can be written as JSON",
                f"{in_words(dict(kinds))}: {exc}",
            ) from None


@pytest.mark.points(1)
@pytest.mark.after("test_the_row_is_committed_before_the_task_is_enqueued")
@pytest.mark.usefixtures("database")
def test_the_task_is_left_to_the_runner(
    answer: ModuleType, client: Client, work: Work
) -> None:
    """If the runner delivers nothing, no work is done.

    The runner decides where and when the work is done.
    """
    runner = Runner(0)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    client.finish()
    when = "the runner delivers nothing: so"
    expect_work(work, when=when)
    expect_enqueued(runner, 1)
    expect_open(shown(client, task_id)["status"], "before any delivery")


def expect_enqueued(runner: Runner, requests: int) -> None:
    """Fail unless each request has called enqueue once."""
    found = len(runner.enqueued)
    expect(
        found == requests,
        "enqueue is called once for each request",
        f"it was called {times(found)}",
    )


@pytest.mark.points(2)
@pytest.mark.after("test_the_task_is_left_to_the_runner")
def test_a_delivery_completes_the_task(
    answer: ModuleType, client: Client, database: Database, work: Work
) -> None:
    """A delivery calls the work once, then the row is completed.

    If the process dies during the work, a row that says "completed" is wrong.
    """
    while_working: list[str] = []
    work.meanwhile = lambda: while_working.extend(
        row.status for row in database.rows()
    )
    runner = Runner(1)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    expect_no_failure(runner.raised[0], "a delivery whose work succeeds")
    for status in while_working:
        expect_open(status, "while the work runs")
    client.finish()
    expect_work(work, "report", when="after one delivery")
    task = shown(client, task_id)
    expect_shown(task, "after one delivery", status="completed")


@pytest.mark.points(1)
@pytest.mark.after("test_a_delivery_completes_the_task")
@pytest.mark.usefixtures("database")
def test_delivered_twice_it_is_done_once(
    answer: ModuleType, client: Client, work: Work
) -> None:
    """A second delivery finds the row completed, and does nothing.

    Every queue delivers a task twice now and then.
    """
    runner = Runner(2)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    for raised in runner.raised:
        expect_no_failure(raised, "each of two deliveries")
    expect_work(work, "report", when="after two deliveries of one task")
    task = shown(client, task_id)
    expect_shown(task, "after two deliveries", status="completed")


@pytest.mark.points(1)
@pytest.mark.after(
    "test_only_json_is_enqueued",
    "test_a_delivery_completes_the_task",
)
@pytest.mark.usefixtures("database")
def test_a_worker_needs_no_application(
    answer: ModuleType, client: Client
) -> None:
    """get_tasks works without a request and without the application.

    A worker never imports the web application.
    """
    runner = Runner(0)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    work = Work()
    with another_process(answer, work) as process:
        process.deliver(*runner.enqueued[0])
    expect_no_failure(process.raised[0], "a delivery in another process")
    expect_work(work, "report", when="after a delivery in another process")
    taken = process.taken()
    expect(
        not taken,
        "get_tasks, and all that it depends on, needs no request",
        f"it takes {listed(taken)}",
    )
    when = "after a delivery in another process"
    expect_shown(shown(client, task_id), when, status="completed")


@pytest.mark.points(2)
@pytest.mark.after(
    "test_delivered_twice_it_is_done_once",
    "test_a_worker_needs_no_application",
)
@pytest.mark.usefixtures("database")
def test_what_another_process_has_done_is_not_done_again(
    answer: ModuleType, client: Client, work: Work
) -> None:
    """A task that another process has completed is not done again.

    The second delivery often goes to another worker.
    """
    runner = Runner(1)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    before = shown(client, task_id)
    expect_work(work, "report", when="after one delivery")
    expect_shown(before, "after one delivery", status="completed")
    again = Work()
    with another_process(answer, again) as process:
        process.deliver(*runner.enqueued[0])
    which = "a second delivery, in another process,"
    expect_no_failure(process.raised[0], which)
    expect_work(again, when="in the other process")
    when = "after a second delivery, in another process"
    expect_shown(shown(client, task_id), when, **before)


@pytest.mark.points(2)
@pytest.mark.after("test_a_delivery_completes_the_task")
@pytest.mark.usefixtures("database")
def test_a_failed_delivery_raises_and_can_be_repeated(
    answer: ModuleType,
    client: Client,
    work: Work,
    environment: pytest.MonkeyPatch,
) -> None:
    """A delivery whose work raises also raises; the next one works again.

    A queue tries a task again after an exception. Without one, the task is
    done, for the queue.
    """
    environment.setenv("QUEUE_MAX_ATTEMPTS", "2")
    work.raises = [ConnectionError("no printer here")]
    runner = Runner(2)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    expect_enqueued(runner, 1)
    first, second = runner.raised
    expect_failure(first)
    expect_no_failure(second, "the second delivery, whose work succeeds,")
    expect_work(work, "report", "report", when="after two deliveries")
    when = "after a delivery that failed and one that did not"
    expect_shown(shown(client, task_id), when, status="completed")
    work.raises = [ValueError("no paper")] * 3
    accepted(client, "letters")
    for raised in runner.raised[2:]:
        expect_failure(raised)
    runner.deliveries = 1
    task_id = accepted(client, "stamps")
    status = shown(client, task_id)["status"]
    expect_open(status, "after one failure of two tries")


def expect_failure(raised: BaseException | None) -> None:
    """Fail unless a delivery has raised something."""
    expect(
        raised,
        "a delivery whose work raises, raises too",
        "it raised nothing",
    )


@pytest.mark.points(2)
@pytest.mark.after("test_a_worker_needs_no_application")
def test_a_killed_delivery_can_be_repeated(
    answer: ModuleType,
    client: Client,
    database: Database,
    work: Work,
    environment: pytest.MonkeyPatch,
) -> None:
    """After a kill during the work, the next delivery works again.

    A worker that is killed can't record it: there is only the row.
    """
    left = Database(database.path.with_name("left.db"), answer)
    work.meanwhile = lambda: database.copy_to(left)
    runner = Runner(1)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    expect_work(work, "report", when="in the first delivery")
    environment.setenv("QUEUE_DATABASE_URL", left.url)
    again = Work()
    with another_process(answer, again) as process:
        process.deliver(*runner.enqueued[0])
    expect_no_failure(process.raised[0], "the delivery after a kill")
    expect_work(again, "report", when="in the delivery after a kill")
    found = [(str(row.id), row.status) for row in left.rows()]
    expect(
        found == [(str(task_id), "completed")],
        f'after that, the row {task_id} is "completed"',
        f"the rows are {listed(found)}",
    )


@pytest.mark.points(1)
@pytest.mark.usefixtures("database")
def test_in_this_process_it_runs_after_the_response(
    client: Client, work: Work
) -> None:
    """Without a queue, the work is done once, after the response.

    During development, no broker has to run.
    """
    sent, in_time = threading.Event(), []
    client.when_sent(sent.set)
    work.meanwhile = lambda: in_time.append(sent.wait(2))
    task_id = accepted(client, "report")
    task = ended(client, task_id)
    expect_work(work, "report")
    expect(
        in_time == [True],
        "the response is sent before the work ends",
        "the response waited for the work",
    )
    expect_shown(task, "when it is over", status="completed", attempts=1)


@pytest.mark.points(1)
@pytest.mark.after("test_in_this_process_it_runs_after_the_response")
@pytest.mark.usefixtures("database")
def test_in_this_process_it_is_tried_again(
    client: Client, work: Work, environment: pytest.MonkeyPatch
) -> None:
    """After two failures and two pauses, the third try completes it.

    A task that fails now may work in a second.
    """
    environment.setenv("QUEUE_RETRY_DELAY", "0.25")
    moments: list[float] = []
    work.meanwhile = lambda: moments.append(time.monotonic())
    work.raises = [OSError("no printer here"), ValueError("no paper")]
    task = ended(client, accepted(client, "report"))
    expect_work(work, *["report"] * 3, when="two tries fail: so in all")
    when = "after two failures and a success"
    expect_shown(task, when, status="completed", attempts=3)
    pauses = [later - sooner for sooner, later in pairwise(moments)]
    expect(
        min(pauses) > 0.24,
        "retry_delay is 0.25: the next try begins 0.25 s later or more",
        "it began earlier",
    )


@pytest.mark.points(2)
@pytest.mark.after("test_in_this_process_it_runs_after_the_response")
@pytest.mark.usefixtures("database")
def test_after_the_last_try_it_is_dead(client: Client, work: Work) -> None:
    """After the last try the row is dead, and says why.

    A task that can never work would be tried for ever.
    """
    work.raises = [ValueError("no paper in the printer")] * 12
    task = ended(client, accepted(client, "report"))
    expect_work(work, *["report"] * 3, when="each try fails: so in all")
    expect_shown(task, "after three failures", status="dead", attempts=3)
    expect(
        "no paper in the printer" in str(task["error"]),
        'error holds what the exception said, "no paper in the printer"',
        f"error is {task['error']!r}",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_after_the_last_try_it_is_dead")
def test_settings_are_read_when_they_are_needed(
    answer: ModuleType,
    database: Database,
    client: Client,
    work: Work,
    environment: pytest.MonkeyPatch,
) -> None:
    """Settings that are made after the import count.

    A test, or a tool, imports the module before anything is configured.
    """
    environment.setenv("QUEUE_MAX_ATTEMPTS", "2")
    other = Database(database.path.with_name("b.db"), answer)
    other.make_table()
    environment.setenv("QUEUE_DATABASE_URL", other.url)
    work.raises = [ValueError("no paper in the printer")] * 12
    task = ended(client, accepted(client, "report"))
    when = "max_attempts was set to 2 after the import: so"
    expect_work(work, "report", "report", when=when)
    expect_shown(task, "after two failures", status="dead", attempts=2)
    rows = [row.task_name for row in other.rows()]
    expect(
        rows == ["report"],
        "the row is in the database that was set after the import",
        f"there, the rows are for {listed(rows)}",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_in_this_process_it_runs_after_the_response")
@pytest.mark.usefixtures("database")
def test_requests_do_not_mix(client: Client, work: Work) -> None:
    """Each of three requests has its own row, and is done once.

    If one request keeps something in a variable of the module, another one
    overwrites it.
    """
    names = ["letters", "report"]
    paths = [f"/run-task/{name}" for name in names]
    responses = client.post_together(*paths)
    assert [each.status_code for each in responses] == [202, 202]
    tasks = [ended(client, each.json()["id"]) for each in responses]
    for task, name in zip(tasks, names, strict=True):
        when = f'when the task "{name}" is over'
        expect_shown(task, when, task_name=name, status="completed")
    work.names.sort()
    expect_work(work, *names)
    later = ended(client, accepted(client, "report"))  # the same once more
    expect_work(work, *names, "report", when="after a later request")
    when = "after a later request"
    expect_shown(later, when, task_name="report", status="completed")


# --- and now a queue: it begins when the first part is done -----------------


@pytest.fixture
def clients(answer: ModuleType) -> None:
    """Import the clients of queues before the first request needs them."""
    import_clients(answer)


@pytest.fixture
def queue(
    environment: pytest.MonkeyPatch,
    database: Database,
    clients: None,
    tmp_path: Path,
) -> Iterator[Path]:
    """Set the backend to a queue at a real broker; give a folder."""
    with a_broker(tmp_path / "broker") as url:
        environment.setenv("QUEUE_BACKEND", "queue")
        environment.setenv("QUEUE_URL", url)
        yield tmp_path


@pytest.mark.slow(20)
@pytest.mark.points(2)
@pytest.mark.after(
    "test_what_another_process_has_done_is_not_done_again",
    "test_a_failed_delivery_raises_and_can_be_repeated",
    "test_a_killed_delivery_can_be_repeated",
    "test_in_this_process_it_is_tried_again",
    "test_settings_are_read_when_they_are_needed",
    "test_requests_do_not_mix",
)
def test_on_a_queue_a_worker_does_it(
    answer: ModuleType, client: Client, work: Work, queue: Path
) -> None:
    """Nothing runs in the web process; a worker completes it.

    The web process may be restarted at any time.
    """
    task_id = accepted(client, "report")
    client.finish()
    status = shown(client, task_id)["status"]
    expect_open(status, "before any worker has begun")
    with a_worker(answer, queue) as worker:
        task = worker.wait_for_end(client, task_id)
        when = "when a worker has run"
        expect_shown(task, when, status="completed", attempts=1)
        worker.program.ended.wait(1)  # not so that it ends by itself
        task = worker.wait_for_end(client, accepted(client, "letters"))
        when = "when the worker goes on to the next task"
        expect_shown(task, when, status="completed")
    expect_work(work, when="in the web process")


@pytest.mark.slow(20)
@pytest.mark.points(2)
@pytest.mark.after("test_on_a_queue_a_worker_does_it")
def test_on_a_queue_it_is_dead_after_the_last_try(
    answer: ModuleType,
    client: Client,
    queue: Path,
    environment: pytest.MonkeyPatch,
) -> None:
    """A worker tries it twice, as set, and goes on to the next task.

    One task that can never work must not stop all others.
    """
    environment.setenv("QUEUE_MAX_ATTEMPTS", "2")
    crash, report = accepted(client, "crash"), accepted(client, "report")
    with a_worker(answer, queue) as worker:
        task = worker.wait_for_end(client, crash)
        when = "max_attempts is 2 and each try fails: in the end"
        expect_shown(task, when, status="dead", attempts=2)
        expect(task["error"], "error says why it is dead", "it is empty")
        other = worker.wait_for_end(client, report)
        when = "when the worker goes on to the next task"
        expect_shown(other, when, status="completed")


def refused(client: Client, work: Work) -> None:
    """Ask for a task that no broker takes."""
    response = client.post("/run-task/report")
    client.finish()
    expect(
        response.status_code == 503,
        "the broker can't be reached: the request is answered with 503",
        f"it was answered with {response.status_code}",
    )
    later = response.headers.get("retry-after", "")
    expect(
        later.isdigit(),
        "the header Retry-After says how many seconds to wait",
        f"it is {later!r}",
    )
    expect_work(work, when="in the web process")


@pytest.mark.points(1)
@pytest.mark.after(
    "test_what_another_process_has_done_is_not_done_again",
    "test_a_failed_delivery_raises_and_can_be_repeated",
    "test_a_killed_delivery_can_be_repeated",
    "test_in_this_process_it_is_tried_again",
    "test_settings_are_read_when_they_are_needed",
    "test_requests_do_not_mix",
)
@pytest.mark.usefixtures("database", "clients")
def test_a_broker_that_is_gone_is_a_503(
    client: Client, work: Work, environment: pytest.MonkeyPatch
) -> None:
    """If the broker cannot be reached, the answer is 503 with Retry-After.

    A 202 would promise work that nobody has taken.
    """
    with listen(0) as closed:
        port = number_of(closed)
    environment.setenv("QUEUE_BACKEND", "queue")
    environment.setenv("QUEUE_URL", f"redis://127.0.0.1:{port}")
    refused(client, work)


@pytest.mark.points(1)
@pytest.mark.after("test_a_broker_that_is_gone_is_a_503")
@pytest.mark.usefixtures("database", "clients")
def test_a_broker_that_never_answers_is_a_503_too(
    client: Client, work: Work, environment: pytest.MonkeyPatch
) -> None:
    """If the broker does not answer, the answer is 503 within 5 seconds.

    Without a time-out, each request keeps a thread, until none is free.
    """
    with listen(0) as silent:
        environment.setenv("QUEUE_BACKEND", "queue")
        url = f"redis://127.0.0.1:{number_of(silent)}"
        environment.setenv("QUEUE_URL", url)
        refused(client, work)
