"""Checks of exercise 12: a job tells how far it is, and can be stopped."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from types import ModuleType
from urllib.parse import urlsplit

import pytest

from checks.asgi import Client
from checks.expect import UnmetError, expect, listed
from checks.fakes import HOLD
from checks.jobs import (
    FINAL,
    State,
    Steps,
    expect_goes_on,
    listening,
    path_of,
    seen,
    show,
    start,
    until,
    until_final,
)
from checks.processor import busy

LONG = 1.0  # seconds: a longer sleep of an answer is held
WINDOW = 0.5  # seconds in which a listener has nothing to do


class Pauses:
    """Holds each long sleep until the end of the check."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.long: list[float] = []
        self.over = threading.Event()
        sleep = asyncio.sleep

        async def held(seconds: float, result: object = None) -> object:
            if seconds > LONG:
                self.long.append(seconds)
                while not self.over.is_set():
                    await sleep(0.01)
            return await sleep(0 if seconds > LONG else seconds, result)

        monkeypatch.setattr(asyncio, "sleep", held)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    """Hold the long sleeps of an answer, before it is imported."""
    return Pauses(monkeypatch)


@pytest.fixture
def steps(answer: ModuleType, client: Client) -> Iterator[Steps]:
    """Put steps that remember in the place of the real ones."""
    steps = Steps(client)
    answer.app.dependency_overrides[answer.get_step] = lambda: steps.step
    yield steps
    steps.let_go()


def expect_state(state: State, when: str, **wanted: object) -> None:
    """Fail unless the job is shown so."""
    found = {key: state[key] for key in wanted}
    expect(
        found == wanted,
        f"{when}, the job is shown with {in_words(wanted)}",
        f"it is shown with {in_words(found)}",
    )


def in_words(values: dict[str, object]) -> str:
    """Write parts of a state."""
    return ", ".join(f"{key} {value}" for key, value in values.items())


def expect_steps(steps: Steps, begun: list[int], when: str) -> None:
    """Fail unless these steps have begun, in this order."""
    expect(
        steps.begun == begun,
        f"{when}, these steps have begun: {listed(begun)}",
        f"these have: {listed(steps.begun)}",
    )


# --- the worker --------------------------------------------------------------


@pytest.mark.points(3)
def test_a_job_goes_on_step_by_step(client: Client, steps: Steps) -> None:
    """A job is queued, then running, step after step, then completed.

    A person who sees that the report goes on does not order another.
    """
    steps.held = {1, 2, 3}
    response = client.post("/jobs/", json={"steps": 3})
    assert response.status_code == 202
    job = seen(response.json())
    when = "in the answer to the POST"
    expect_state(job, when, status="queued", done=0, total=3, percent=0)
    path = path_of(response.json())
    for number in (1, 2, 3):
        steps.wait_for(number)
        state = show(client, path)
        when = f"while step {number} runs"
        expect_steps(steps, [1, 2, 3][:number], when)
        expect_state(state, when, status="running", done=number - 1)
        steps.let_go(number)
    end = until_final(client, path)
    when = "when all three steps are done"
    expect_state(end, when, status="completed", done=3, total=3)
    expect(not end["error"], "error is null", f"error is {end['error']!r}")
    expect_steps(steps, [1, 2, 3], when)
    expect(
        steps.ended == [1, 2, 3],
        "each step is awaited before the next begins",
        f"these steps have ended: {listed(steps.ended)}",
    )


@pytest.mark.points(2)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_percent_is_100_only_at_the_end(client: Client, steps: Steps) -> None:
    """A job has 100 percent only when its last step is done.

    A bar that is full and still waits looks broken.
    """
    steps.held = {1, 2, 67, 199, 200}
    path = start(client, 200)
    states = []
    for number in sorted(steps.held):
        steps.wait_for(number)
        states.append(show(client, path))
        steps.let_go(number)
    percents = [each["percent"] for each in states]
    expect(
        all(type(each) in {int, float} for each in percents),
        "percent is a number",
        listed(percents),
    )
    expect(
        percents == sorted(percents),
        "percent never falls",
        f"one after the other it was {listed(percents)}",
    )
    expect(
        percents[-1] < 100,
        "199 of 200 steps are done: percent is below 100",
        f"percent is {percents[-1]}",
    )
    expect(
        percents == pytest.approx([0, 0.5, 33, 99, 99.5], abs=1),
        "of 0, 1, 66, 198 and 199 of 200 steps, percent is 0, 0.5, 33, 99 and"
        " 99.5, with or without decimals",
        listed(percents),
    )
    end = until_final(client, path)
    expect(
        end["percent"] == pytest.approx(100),
        "all steps are done: percent is 100",
        f"percent is {end['percent']}",
    )
    steps.held = {500, 1000, 1500, 2000}
    path = start(client, 2000)
    for number in sorted(steps.held):
        steps.wait_for(number)
        percent = show(client, path)["percent"]
        steps.let_go(number)
    expect(
        percent < 100,
        "1999 of 2000 steps are done: percent is below 100",
        f"percent is {percent}",
        "is it rounded? Round down",
    )
    until_final(client, path)


@pytest.mark.points(2)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_a_failure_keeps_the_progress(client: Client, steps: Steps) -> None:
    """A failed job says why, keeps its progress, and begins no step.

    The progress says what has to be done again.
    """
    steps.held, steps.fails = {3}, 3
    path = start(client, 5)
    steps.wait_for(3)
    before = show(client, path)
    steps.let_go()
    end = until_final(client, path)
    when = "when step 3 of 5 has raised"
    expect_state(end, when, status="failed", done=2, total=5)
    expect(
        str(steps.failure) in str(end["error"]),
        f'error holds the text of the exception, "{steps.failure}"',
        f"error is {end['error']!r}",
    )
    expect_state(end, when, percent=before["percent"])
    client.finish()
    expect_steps(steps, [1, 2, 3], when)


@pytest.mark.points(2)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_two_jobs_do_not_mix(client: Client, steps: Steps) -> None:
    """Two jobs at the same time count their own steps.

    A counter in the module belongs to all jobs at once.
    """
    steps.held = {1, 2}
    paths = [start(client, 3), start(client, 5)]
    steps.wait_for(1)
    until(lambda: steps.begun == [1, 1], HOLD)
    steps.let_go(1)
    steps.wait_for(2)
    until(lambda: steps.begun == [1, 1, 2, 2], HOLD)
    done = [show(client, path)["done"] for path in paths]
    one_job_at_a_time = [1, 0]  # is right too
    expect(
        done in ([1, 1], one_job_at_a_time),
        "two jobs, each in its second step: done is 1 in both",
        f"done is {done[0]} and {done[1]}",
    )
    steps.let_go()
    for path, total in zip(paths, (3, 5), strict=True):
        end = until_final(client, path)
        when = f"when the job with {total} steps is over"
        expect_state(end, when, status="completed", done=total, total=total)
    begun = sorted(steps.begun)
    expect(
        begun == sorted([1, 2, 3, 1, 2, 3, 4, 5]),
        "the steps 1 to 3 begin for one job, 1 to 5 for the other",
        f"these began: {listed(begun)}",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_a_job_has_at_least_one_step(client: Client, steps: Steps) -> None:
    """A job with less than one step is a 422, and no step begins.

    A job without steps would have 0 of 0 done, and no percent.
    """
    for wrong in ({"steps": 0}, {"steps": -1}, {}):
        refused = client.post("/jobs/", json=wrong)
        expect(
            refused.status_code == 422,
            f"a POST of {wrong} is answered with 422",
            f"it was answered with {refused.status_code}",
        )
    response = client.post("/jobs/", json={"steps": 1})
    path = path_of(response.json())
    location = response.headers.get("location", "")
    expect(
        urlsplit(location).path == path,
        f"the header Location says where the job is, {path}",
        f"it says {location!r}",
    )
    when = "when the job with one step is over"
    expect_state(until_final(client, path), when, status="completed")
    client.finish()
    expect_steps(steps, [1], when)


def expect_final(client: Client, path: str) -> None:
    """Fail unless the job comes to an end."""
    status = until_final(client, path)["status"]
    expect(
        status in FINAL,
        "a job comes to its end when its steps are done",
        f'it is "{status}"',
    )


# --- stopping it -------------------------------------------------------------


@pytest.mark.points(3)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_no_step_begins_after_a_delete(client: Client, steps: Steps) -> None:
    """After a DELETE no step begins, and the job is cancelled.

    A button "Stop" that does not stop is worse than none.
    """
    steps.held = {2}
    path = start(client, 5)
    steps.wait_for(2)
    before = show(client, path)
    assert client.delete(path).status_code == 202
    steps.let_go()
    until_final(client, path)
    client.finish()
    for _ in range(20):  # what still runs elsewhere has its turn
        end = show(client, path)
    when = "after a DELETE in step 2 of 5"
    expect_steps(steps, [1, 2], when)
    expect_state(end, when, status="cancelled")
    expect(
        end["done"] in {1, 2} and before["percent"] <= end["percent"] < 100,
        f"{when}, done is 1 or 2, and percent did not fall",
        f"done is {end['done']}, and percent {end['percent']}",
    )


@pytest.mark.points(1)
@pytest.mark.after(
    "test_no_step_begins_after_a_delete", "test_a_job_has_at_least_one_step"
)
def test_a_job_can_be_stopped_before_it_begins(
    client: Client, steps: Steps
) -> None:
    """A job that is stopped before its first step does no step.

    The first step is a step like any other: look before it, too.
    """
    steps.held = {1}
    client.read_slowly()
    with client.stream("POST", "/jobs/", json={"steps": 2}) as response:
        path = urlsplit(response.headers["location"]).path
        assert client.delete(path).status_code == 202
        begun = [*steps.begun]  # none, if the job waits for the response
        response.read()
    steps.let_go()
    end = until_final(client, path)
    client.finish()
    when = "after a DELETE before the first step"
    expect_steps(steps, begun, when)
    expect_state(end, when, status="cancelled")


@pytest.mark.points(1)
@pytest.mark.after("test_no_step_begins_after_a_delete")
def test_a_delete_stops_no_other_job(client: Client, steps: Steps) -> None:
    """When one job is stopped, another is completed.

    One flag for all jobs would stop somebody else's work.
    """
    steps.held = {1}
    stopped, other = start(client, 3), start(client, 4)
    steps.wait_for(1)
    assert client.delete(stopped).status_code == 202
    steps.let_go()
    until_final(client, stopped)
    when = "when another job was stopped"
    expect_state(until_final(client, other), when, status="completed")
    client.finish()
    begun = sorted(steps.begun)
    expect(
        begun == [1, 1, 2, 3, 4],
        "no step of the stopped job begins, and all four of the other job do",
        f"these began: {listed(begun)}",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_a_delete_changes_nothing_that_is_over(
    client: Client, steps: Steps
) -> None:
    """A DELETE leaves a completed or failed job as it is.

    "cancelled" would say that there is no result.
    """
    steps.fails = 2
    for number in (1, 2):
        path = start(client, number)
        before = until_final(client, path)
        client.delete(path)
        client.finish()
        when = f'after a DELETE of a job that was "{before["status"]}"'
        expect_state(show(client, path), when, **before)


# --- listening to it ---------------------------------------------------------


@pytest.mark.points(3)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_a_listener_hears_how_it_is_and_how_it_ends(
    client: Client, steps: Steps
) -> None:
    """The first event is the state now, the last one the final state.

    A page that opens late shows the bar at once, and knows when to stop.
    """
    steps.held = {3}
    path = start(client, 5)
    steps.wait_for(3)
    with listening(client, path) as listener:
        first = listener.next()
        expect_state(first, "in the first event", **show(client, path))
        steps.let_go()
        states = [first, *listener.rest()]
    last = "in the last event"
    expect_state(states[-1], last, status="completed")
    expect_state(states[-1], last, **show(client, path))
    expect_goes_on(states)
    if abs(first["percent"] - 40) > 1:
        return  # it is computed wrong, which is another check
    for state in states:
        expect(
            abs(state["percent"] - 20 * state["done"]) <= 1,
            "in each event, percent is 100 * done / total",
            f"percent is {state['percent']}, done {state['done']}, total 5",
            "is it changed before or after done? Change both in one update",
        )


@pytest.mark.points(1)
@pytest.mark.after("test_a_listener_hears_how_it_is_and_how_it_ends")
def test_a_late_listener_hears_the_end(client: Client, steps: Steps) -> None:
    """When the job is over, a listener gets its state, and the end.

    A listener that waits for news of a finished job waits for ever.
    """
    path = start(client, 2)
    end = until_final(client, path)
    with listening(client, path) as listener:
        states = listener.rest()
    expect(states, "a late listener gets one event", "it got none")
    for state in states:
        expect_state(state, "in an event to a late listener", **end)


@pytest.mark.points(2)
@pytest.mark.after("test_a_listener_hears_how_it_is_and_how_it_ends")
def test_listeners_take_nothing_from_each_other(
    client: Client, steps: Steps
) -> None:
    """Each of five listeners gets the first and the last event.

    A queue that all listeners share gives each event to one of them.
    """
    steps.held = {1}
    path = start(client, 3)
    steps.wait_for(1)
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(listening(client, path)) for _ in range(5)
        ]
        firsts = [each.next() for each in listeners]
        for first in firsts:
            expect_state(first, "in the first event to each of five", done=0)
        steps.let_go()
        lasts = [each.rest()[-1:] for each in listeners]
    end = show(client, path)
    expect(
        lasts == [[end]] * 5,
        f"each of five listeners hears the end, with {in_words(end)}",
        f"their last events: {lasts}",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_listener_hears_how_it_is_and_how_it_ends")
def test_a_listener_hears_of_its_own_job_only(
    client: Client, steps: Steps
) -> None:
    """A listener to one job gets no event of another.

    Another job's progress is of no use.
    """
    steps.held = {1}
    paths = [start(client, 3), start(client, 4)]
    steps.wait_for(1)
    with (
        listening(client, paths[0]) as one,
        listening(client, paths[1]) as other,
    ):
        steps.let_go()
        for listener, total in ((one, 3), (other, 4)):
            for state in listener.rest():
                when = f"in an event of the job with {total} steps"
                expect_state(state, when, total=total)


@pytest.mark.points(2)
@pytest.mark.after("test_a_listener_hears_how_it_is_and_how_it_ends")
def test_a_listener_that_leaves_harms_nothing(
    client: Client, steps: Steps
) -> None:
    """The job goes on to its end, and so does the other listener.

    People close pages all the time.
    """
    steps.held = {2}
    path = start(client, 150)
    steps.wait_for(2)
    with listening(client, path) as stays:
        states = [stays.next()]
        with listening(client, path) as leaves:
            leaves.next()
            running = client.running
        until(lambda: client.running < running, seconds=1)  # it is heard
        steps.let_go()
        states += stays.rest()
    last = "in the last event to the listener that stays"
    expect_state(states[-1], last, status="completed")
    expect_state(states[-1], last, **until_final(client, path))
    expect_goes_on(states)
    expect(
        steps.ended == [*range(1, 151)],
        "all 150 steps are done, although a listener has left",
        f"{len(steps.ended)} are done",
    )


@pytest.mark.points(2)
@pytest.mark.after(
    "test_listeners_take_nothing_from_each_other",
    "test_a_listener_that_leaves_harms_nothing",
)
def test_the_events_end_however_the_job_ends(
    client: Client, steps: Steps
) -> None:
    """Slow and fast listeners get the final event, failed or cancelled.

    Ask the state that was sent whether it was the last: the job may have gone
    on meanwhile.
    """
    client.read_slowly()
    for stop in (False, True):
        steps.held, steps.fails = {*range(2, 8)}, 0 if stop else 7
        path = start(client, 9)
        steps.wait_for(2)
        with (
            listening(client, path) as late,
            listening(client, path) as listener,
            ThreadPoolExecutor() as threads,
        ):
            heard = threads.submit(listener.rest)
            for number in range(2, 7):
                steps.let_go(number)
                steps.wait_for(number + 1)
                news = partial(listener.has_heard, number)
                until(news, 0.3)  # may be left out; the late one waits with it
            if stop:
                assert client.delete(path).status_code == 202
            steps.let_go()
            end = until_final(client, path)["status"]
            lasts = [
                states[-1]["status"]
                for states in (heard.result(), late.rest())
            ]
        expect(
            lasts == [end, end],
            f'both listeners get a last event that says "{end}"',
            f"the last events say {listed(lasts)}",
        )
        steps.begun.clear()


@pytest.mark.points(1)
@pytest.mark.after("test_a_listener_hears_how_it_is_and_how_it_ends")
def test_an_idle_listener_costs_next_to_nothing(
    pauses: Pauses, client: Client, steps: Steps
) -> None:
    """A listener without news uses less than 30 percent of a processor.

    A loop without a pause blocks the event loop; with a long pause, news come
    late.
    """
    steps.held = {1}
    path = start(client, 2)
    steps.wait_for(1)
    with listening(client, path) as listener:
        listener.next()
        # each call is recorded, at that price; once may be chance
        if busy(WINDOW) >= 0.6 and busy(WINDOW) >= 0.6:
            raise UnmetError(
                "a listener waits while nothing changes",
                "it looks again and again, and uses most of a processor",
                "let it wait for an asyncio.Event, or sleep a while",
            )
        steps.let_go()
        with ThreadPoolExecutor() as threads:
            heard = threads.submit(listener.rest)
            in_time = not pauses.long or until(heard.done, HOLD)
            pauses.over.set()
            heard.result()
        expect(
            in_time,
            "a listener looks for news at least once a second",
            f"it sleeps for {max(pauses.long, default=0):g} seconds, and hears"
            " nothing meanwhile",
        )


# --- all of them -------------------------------------------------------------


@pytest.mark.points(1)
@pytest.mark.after("test_a_listener_hears_how_it_is_and_how_it_ends")
def test_an_unknown_job_is_404_everywhere(
    client: Client, steps: Steps
) -> None:
    """GET, DELETE and the events answer 404 for an unknown job.

    In a generator, a 404 comes too late: the 200 is already sent.
    """
    steps.held = {1}
    path = start(client, 1)
    with listening(client, path) as listener:
        steps.let_go()
        expect(listener.rest(), "a known job sends events", "it sent none")
    unknown = path[:-1] + ("1" if path[-1] == "0" else "0")
    assert client.get(unknown).status_code == 404
    assert client.delete(unknown).status_code == 404
    with client.stream("GET", f"{unknown}/events") as response:
        assert response.status_code == 404


@pytest.mark.points(1)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_what_finished_longest_ago_is_forgotten_first(
    answer: ModuleType, client: Client, steps: Steps
) -> None:
    """Two finished jobs are kept: those that finished last.

    A store that forgets nothing grows until the process ends.
    """
    answer.app.dependency_overrides[answer.get_max_finished] = lambda: 2
    steps.held = {2}
    long = start(client, 2)
    steps.wait_for(2)
    steps.fails = 1
    short = start(client, 1)
    first, second = short, long
    if until_final(client, short, HOLD)["status"] not in FINAL:
        first, second = long, short  # one job at a time is right too
    steps.let_go()
    expect_final(client, first)
    expect_final(client, second)
    third = start(client, 1)
    expect_final(client, third)
    steps.held = {1}
    fourth = start(client, 1)
    found = [
        client.get(each).status_code for each in (first, second, third, fourth)
    ]
    expect(
        found == [404, 200, 200, 200],
        "max_finished is 2: of three finished jobs the first is 404, the other"
        " two and a running one are 200",
        f"they are {listed(found)}",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_a_running_job_is_never_forgotten(
    answer: ModuleType, client: Client, steps: Steps
) -> None:
    """While other jobs begin and end, a running job is kept.

    A job that is forgotten can't be stopped.
    """
    answer.app.dependency_overrides[answer.get_max_finished] = lambda: 1
    steps.held = {2}
    running = start(client, 2)
    steps.wait_for(2)
    for _ in range(4):
        path = start(client, 1)
        if until_final(client, path, HOLD)["status"] not in FINAL:
            break  # one job at a time is right too
    else:
        steps.held.add(1)
        start(client, 1)  # it still runs at the end
        expect(
            client.get(path).status_code == 200,
            "max_finished is 1: the job finished last is kept, however many"
            " still run",
            "GET answers 404",
        )
    expect(
        client.get(running).status_code == 200,
        "a running job is kept",
        "GET answers 404",
    )
    steps.let_go(2)
    when = "when its last step is done"
    expect_state(until_final(client, running), when, status="completed")
