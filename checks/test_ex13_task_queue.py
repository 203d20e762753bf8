"""Checks of exercise 13: the endpoint writes down, a runner gets it done."""

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
from checks.queues import ENDS, a_broker, a_worker
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
    said = response.text or str(client.errors[-1:])
    assert response.status_code == 202, f"not accepted: {said}"
    assert "id" in response.json(), f"no id: {said}"
    return response.json()["id"]


def shown(client: Client, task_id: Any) -> dict[str, Any]:
    """Return what GET shows of a task."""
    response = client.get(f"/task-logs/{task_id}")
    assert response.status_code == 200, f"no task {task_id!r} is shown"
    task = response.json()
    missing = FIELDS - task.keys()
    assert not missing, f"GET does not show {missing}"
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


@pytest.mark.points(2)
def test_the_row_is_committed_before_the_task_is_enqueued(
    answer: ModuleType, client: Client, database: Database
) -> None:
    """Whoever gets the task finds its row; the client gets its id."""
    seen: list[Any] = []
    runner = Runner(0, first=lambda: seen.append(database.rows()))
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    assert runner.enqueued, "nothing was enqueued"
    rows = seen[0]
    assert rows, "enqueued before the row was committed: nobody can see it"
    assert [row.task_name for row in rows] == ["report"]
    assert str(rows[0].id) == str(task_id), "the answer's id is not the row's"
    task = shown(client, task_id)
    assert (str(task["id"]), task["task_name"]) == (str(task_id), "report")
    assert task["status"] not in ENDS, "at its end, and nobody has begun"
    assert task["error"] is None
    never = "999999" if str(task_id).isdigit() else str(uuid4())
    assert client.get(f"/task-logs/{never}").status_code == 404


@pytest.mark.points(1)
@pytest.mark.usefixtures("database")
def test_only_json_is_enqueued(answer: ModuleType, client: Client) -> None:
    """A name and JSON: no row, no session and no function."""
    runner = Runner(0)
    runner.replace_that_of(answer)
    response = client.post("/run-task/report")
    assert runner.enqueued, f"nothing was enqueued: {response.text}"
    for name, kwargs in runner.enqueued:
        assert isinstance(name, str)
        try:
            json.dumps(kwargs)
        except (TypeError, ValueError) as exc:
            kinds = {key: type(kwargs[key]).__name__ for key in kwargs}
            pytest.fail(f"{kinds} can't leave the process as JSON: {exc}")


@pytest.mark.points(1)
@pytest.mark.after("test_the_row_is_committed_before_the_task_is_enqueued")
@pytest.mark.usefixtures("database")
def test_the_task_is_left_to_the_runner(
    answer: ModuleType, client: Client, work: Work
) -> None:
    """A runner that delivers never: nothing runs, now or later."""
    runner = Runner(0)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    client.finish()
    assert work.names == [], "the work runs, and the runner has not asked"
    assert len(runner.enqueued) == 1, "one request is enqueued once"
    assert shown(client, task_id)["status"] not in ENDS


@pytest.mark.points(2)
@pytest.mark.after("test_the_task_is_left_to_the_runner")
def test_a_delivery_completes_the_task(
    answer: ModuleType, client: Client, database: Database, work: Work
) -> None:
    """The work is called once, with the task's name; then it is completed."""
    while_working: list[str] = []
    work.meanwhile = lambda: while_working.extend(
        row.status for row in database.rows()
    )
    runner = Runner(1)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    assert runner.raised == [None], "the delivery raised, the work did not"
    assert work.names == ["report"]
    assert not set(while_working) & set(ENDS), "at its end before the work is"
    client.finish()
    assert work.names == ["report"], "the work runs, the runner did not ask"
    assert shown(client, task_id)["status"] == "completed"


@pytest.mark.points(1)
@pytest.mark.after("test_a_delivery_completes_the_task")
@pytest.mark.usefixtures("database")
def test_delivered_twice_it_is_done_once(
    answer: ModuleType, client: Client, work: Work
) -> None:
    """The second delivery finds it completed and does nothing."""
    runner = Runner(2)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    assert runner.raised == [None, None], "a delivery raised"
    assert work.names == ["report"], "delivered twice, it was done twice"
    assert shown(client, task_id)["status"] == "completed"


@pytest.mark.points(1)
@pytest.mark.after(
    "test_only_json_is_enqueued",
    "test_a_delivery_completes_the_task",
)
@pytest.mark.usefixtures("database")
def test_a_worker_needs_no_application(
    answer: ModuleType, client: Client
) -> None:
    """get_tasks works where no application was started, and no request is."""
    runner = Runner(0)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    work = Work()
    with another_process(answer, work) as process:
        process.deliver(*runner.enqueued[0])
    assert process.raised == [None], "the delivery raised"
    assert work.names == ["report"]
    assert process.taken() == set(), "a worker has none of these to give"
    assert shown(client, task_id)["status"] == "completed"


@pytest.mark.points(2)
@pytest.mark.after(
    "test_delivered_twice_it_is_done_once",
    "test_a_worker_needs_no_application",
)
@pytest.mark.usefixtures("database")
def test_what_another_process_has_done_is_not_done_again(
    answer: ModuleType, client: Client, work: Work
) -> None:
    """That it is completed stands in the database, not in a variable."""
    runner = Runner(1)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    before = shown(client, task_id)
    assert (work.names, before["status"]) == (["report"], "completed")
    again = Work()
    with another_process(answer, again) as process:
        process.deliver(*runner.enqueued[0])
    assert process.raised == [None], "the second delivery raised"
    assert again.names == [], "another process did it once more"
    assert shown(client, task_id) == before, "nothing to do, and yet changed"


@pytest.mark.points(2)
@pytest.mark.after("test_a_delivery_completes_the_task")
@pytest.mark.usefixtures("database")
def test_a_failed_delivery_raises_and_can_be_repeated(
    answer: ModuleType,
    client: Client,
    work: Work,
    environment: pytest.MonkeyPatch,
) -> None:
    """A queue hears of a failure; the next delivery works again."""
    environment.setenv("QUEUE_MAX_ATTEMPTS", "2")
    work.raises = [ConnectionError("no printer here")]
    runner = Runner(2)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    assert len(runner.raised) == 2, "one request is enqueued once"
    first, second = runner.raised
    assert first, "the work failed, and the delivery did not raise"
    assert second is None, "the second delivery raised"
    assert work.names == ["report"] * 2, "each delivery is one try"
    assert shown(client, task_id)["status"] == "completed"
    work.raises = [ValueError("no paper")] * 3
    accepted(client, "letters")
    assert all(runner.raised[2:]), "the last delivery failed and did not raise"
    runner.deliveries = 1
    task_id = accepted(client, "stamps")
    status = shown(client, task_id)["status"]
    assert status not in ENDS, "at its end, and one try of two is left"


@pytest.mark.points(2)
@pytest.mark.after("test_a_worker_needs_no_application")
def test_a_killed_delivery_can_be_repeated(
    answer: ModuleType,
    client: Client,
    database: Database,
    work: Work,
    environment: pytest.MonkeyPatch,
) -> None:
    """What is on disk while the work runs is what a kill would leave."""
    left = Database(database.path.with_name("left.db"), answer)
    work.meanwhile = lambda: database.copy_to(left)
    runner = Runner(1)
    runner.replace_that_of(answer)
    task_id = accepted(client, "report")
    assert work.names == ["report"]
    environment.setenv("QUEUE_DATABASE_URL", left.url)
    again = Work()
    with another_process(answer, again) as process:
        process.deliver(*runner.enqueued[0])
    assert process.raised == [None], "the delivery after the kill raised"
    assert again.names == ["report"], "killed half-way, it is never done"
    found = [(str(row.id), row.status) for row in left.rows()]
    assert found == [(str(task_id), "completed")]


@pytest.mark.points(1)
@pytest.mark.usefixtures("database")
def test_in_this_process_it_runs_after_the_response(
    client: Client, work: Work
) -> None:
    """Without a queue: the response, the work once, completed."""
    sent, in_time = threading.Event(), []
    client.when_sent(sent.set)
    work.meanwhile = lambda: in_time.append(sent.wait(2))
    task_id = accepted(client, "report")
    task = ended(client, task_id)
    assert work.names == ["report"], "the work is called once"
    assert in_time == [True], "the response waits for the work"
    assert task["status"] == "completed"
    assert task["attempts"] == 1


@pytest.mark.points(1)
@pytest.mark.after("test_in_this_process_it_runs_after_the_response")
@pytest.mark.usefixtures("database")
def test_in_this_process_it_is_tried_again(
    client: Client, work: Work, environment: pytest.MonkeyPatch
) -> None:
    """Two failures, and the third try completes it, after each a pause."""
    environment.setenv("QUEUE_RETRY_DELAY", "0.1")
    times: list[float] = []
    work.meanwhile = lambda: times.append(time.monotonic())
    work.raises = [OSError("no printer here"), ValueError("no paper")]
    task = ended(client, accepted(client, "report"))
    assert work.names == ["report"] * 3, "three tries in all, if need be"
    assert task["status"] == "completed"
    assert task["attempts"] == 3
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert min(pauses) > 0.09, "retry_delay is the pause before the next try"


@pytest.mark.points(2)
@pytest.mark.after("test_in_this_process_it_runs_after_the_response")
@pytest.mark.usefixtures("database")
def test_after_the_last_try_it_is_dead(client: Client, work: Work) -> None:
    """It is not tried for ever, and the row says why it failed."""
    work.raises = [ValueError("no paper in the printer")] * 12
    task = ended(client, accepted(client, "report"))
    assert work.names == ["report"] * 3, "three tries in all"
    assert task["status"] == "dead"
    assert task["attempts"] == 3
    assert "no paper in the printer" in (task["error"] or "no reason")


@pytest.mark.points(1)
@pytest.mark.after("test_after_the_last_try_it_is_dead")
def test_settings_are_read_when_they_are_needed(
    answer: ModuleType,
    database: Database,
    client: Client,
    work: Work,
    environment: pytest.MonkeyPatch,
) -> None:
    """What is set after the import counts: two tries, another database."""
    environment.setenv("QUEUE_MAX_ATTEMPTS", "2")
    other = Database(database.path.with_name("b.db"), answer)
    other.make_table()
    environment.setenv("QUEUE_DATABASE_URL", other.url)
    work.raises = [ValueError("no paper in the printer")] * 12
    task = ended(client, accepted(client, "report"))
    assert work.names == ["report"] * 2, "two is what was set after the import"
    assert (task["status"], task["attempts"]) == ("dead", 2)
    rows = [row.task_name for row in other.rows()]
    assert rows == ["report"], "in the database that was set at the import"


@pytest.mark.points(1)
@pytest.mark.after("test_in_this_process_it_runs_after_the_response")
@pytest.mark.usefixtures("database")
def test_requests_do_not_mix(client: Client, work: Work) -> None:
    """Two at a time and one later: a row for each, each done once."""
    names = ["letters", "report"]
    paths = [f"/run-task/{name}" for name in names]
    responses = client.post_together(*paths)
    assert [each.status_code for each in responses] == [202, 202]
    tasks = [ended(client, each.json()["id"]) for each in responses]
    assert [task["task_name"] for task in tasks] == names
    assert [task["status"] for task in tasks] == ["completed"] * 2
    assert sorted(work.names) == names
    later = ended(client, accepted(client, "report"))  # the same once more
    assert work.names[2:] == ["report"], "a later request is not served"
    assert (later["task_name"], later["status"]) == ("report", "completed")


# --- and now a queue: it begins when the first part is done -----------------


@pytest.fixture
def queue(
    environment: pytest.MonkeyPatch, database: Database, tmp_path: Path
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
    """Nothing runs in the web process; a worker completes it."""
    task_id = accepted(client, "report")
    client.finish()
    status = shown(client, task_id)["status"]
    assert status not in ENDS, "at its end, and no worker has begun"
    with a_worker(answer, queue) as worker:
        task = worker.wait_for_end(client, task_id)
        assert task["status"] == "completed", "the worker does not do it"
        assert task["attempts"] == 1
        worker.program.ended.wait(1)  # not so that it ends by itself
        task = worker.wait_for_end(client, accepted(client, "letters"))
        assert task["status"] == "completed", "the worker does not go on"
    assert work.names == [], "the work runs in the web process"


@pytest.mark.slow(20)
@pytest.mark.points(2)
@pytest.mark.after("test_on_a_queue_a_worker_does_it")
def test_on_a_queue_it_is_dead_after_the_last_try(
    answer: ModuleType,
    client: Client,
    queue: Path,
    environment: pytest.MonkeyPatch,
) -> None:
    """A worker tries it twice, as was set, and goes on to the next."""
    environment.setenv("QUEUE_MAX_ATTEMPTS", "2")
    crash, report = accepted(client, "crash"), accepted(client, "report")
    with a_worker(answer, queue) as worker:
        task = worker.wait_for_end(client, crash)
        assert task["status"] == "dead", "after the last try it is dead"
        assert task["attempts"] == 2
        assert task["error"], "dead without a reason"
        other = worker.wait_for_end(client, report)
        assert other["status"] == "completed", "the next task is not done"


def refused(client: Client, work: Work) -> None:
    """Ask for a task that no broker takes."""
    response = client.post("/run-task/report")
    client.finish()
    status = response.status_code
    assert status == 503, f"the broker can't be reached: {status} is no 503"
    later = response.headers.get("retry-after", "")
    assert later.isdigit(), f"Retry-After is {later!r}"
    assert work.names == [], "the work runs in the web process"


@pytest.mark.points(1)
@pytest.mark.after(
    "test_what_another_process_has_done_is_not_done_again",
    "test_a_failed_delivery_raises_and_can_be_repeated",
    "test_a_killed_delivery_can_be_repeated",
    "test_in_this_process_it_is_tried_again",
    "test_settings_are_read_when_they_are_needed",
    "test_requests_do_not_mix",
)
@pytest.mark.usefixtures("database")
def test_a_broker_that_is_gone_is_a_503(
    client: Client, work: Work, environment: pytest.MonkeyPatch
) -> None:
    """Nobody listens there: the client is told to come back."""
    with listen(0) as closed:
        port = number_of(closed)
    environment.setenv("QUEUE_BACKEND", "queue")
    environment.setenv("QUEUE_URL", f"redis://127.0.0.1:{port}")
    refused(client, work)


@pytest.mark.points(1)
@pytest.mark.after("test_a_broker_that_is_gone_is_a_503")
@pytest.mark.usefixtures("database")
def test_a_broker_that_never_answers_is_a_503_too(
    client: Client, work: Work, environment: pytest.MonkeyPatch
) -> None:
    """It takes the connection and says nothing: nobody waits for it."""
    with listen(0) as silent:
        environment.setenv("QUEUE_BACKEND", "queue")
        url = f"redis://127.0.0.1:{number_of(silent)}"
        environment.setenv("QUEUE_URL", url)
        refused(client, work)
