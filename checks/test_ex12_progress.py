"""Checks of exercise 12: a job tells how far it is, and can be stopped."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from types import ModuleType
from urllib.parse import urlsplit

import pytest

from checks.asgi import Client
from checks.fakes import HOLD
from checks.jobs import (
    FINAL,
    Steps,
    assert_goes_on,
    listening,
    path_of,
    seen,
    show,
    start,
    until,
    until_final,
)
from checks.processor import busy

WINDOW = 0.5  # seconds in which a listener has nothing to do


@pytest.fixture
def steps(answer: ModuleType, client: Client) -> Iterator[Steps]:
    """Put steps that remember in the place of the real ones."""
    steps = Steps(client)
    answer.app.dependency_overrides[answer.get_step] = lambda: steps.step
    yield steps
    steps.let_go()


# --- the worker --------------------------------------------------------------


@pytest.mark.points(3)
def test_a_job_goes_on_step_by_step(client: Client, steps: Steps) -> None:
    """Queued, running with each step that is done, completed."""
    steps.held = {1, 2, 3}
    response = client.post("/jobs/", json={"steps": 3})
    assert response.status_code == 202
    job = seen(response.json())
    assert (job["status"], job["done"], job["total"]) == ("queued", 0, 3)
    assert job["percent"] == 0
    path = path_of(response.json())
    for number in (1, 2, 3):
        steps.wait_for(number)
        state = show(client, path)
        assert steps.begun == [1, 2, 3][:number], "one after the other, from 1"
        assert (state["status"], state["done"]) == ("running", number - 1)
        steps.let_go(number)
    end = until_final(client, path)
    assert (end["status"], end["done"], end["total"]) == ("completed", 3, 3)
    assert not end["error"]
    assert steps.begun == steps.ended == [1, 2, 3]


@pytest.mark.points(2)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_percent_is_100_only_at_the_end(client: Client, steps: Steps) -> None:
    """199 of 200 steps are not 100 percent, nor is the last while it runs."""
    steps.held = {1, 2, 67, 199, 200}
    path = start(client, 200)
    states = []
    for number in sorted(steps.held):
        steps.wait_for(number)
        states.append(show(client, path))
        steps.let_go(number)
    percents = [each["percent"] for each in states]
    assert all(type(each) in {int, float} for each in percents), percents
    assert percents == sorted(percents), "it falls"
    assert percents[-1] < 100, "the last of 200 steps is not done yet"
    expected = pytest.approx([0, 0.5, 33, 99, 99.5], abs=1)
    assert percents == expected, "of 0, 1, 66, 198 and 199 of 200 steps"
    end = until_final(client, path)
    assert end["percent"] == pytest.approx(100)


@pytest.mark.points(2)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_a_failure_keeps_the_progress(client: Client, steps: Steps) -> None:
    """Failed, with the exception's text, and no further step."""
    steps.held, steps.fails = {3}, 3
    path = start(client, 5)
    steps.wait_for(3)
    before = show(client, path)
    steps.let_go()
    end = until_final(client, path)
    assert end["status"] == "failed", "a step raised"
    assert str(steps.failure) in str(end["error"]), "why it failed is not said"
    assert (end["done"], end["total"]) == (2, 5), (
        "two steps were done before the one that failed"
    )
    assert end["percent"] == before["percent"]
    client.finish()
    assert steps.begun == [1, 2, 3], "a step began after the one that failed"


@pytest.mark.points(2)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_two_jobs_do_not_mix(client: Client, steps: Steps) -> None:
    """Each counts its own steps, while the other goes on."""
    steps.held = {1, 2}
    paths = [start(client, 3), start(client, 5)]
    steps.wait_for(1)
    until(lambda: steps.begun == [1, 1], HOLD)
    steps.let_go(1)
    steps.wait_for(2)
    until(lambda: steps.begun == [1, 1, 2, 2], HOLD)
    done = [show(client, path)["done"] for path in paths]
    one_job_at_a_time = [1, 0]  # is right too
    assert done in ([1, 1], one_job_at_a_time), "each has done one step"
    steps.let_go()
    ends = [until_final(client, path) for path in paths]
    assert [each["status"] for each in ends] == ["completed", "completed"]
    assert [each["total"] for each in ends] == [3, 5], "as was asked for"
    assert [each["done"] for each in ends] == [3, 5], (
        "each job counts its own steps"
    )
    assert sorted(steps.begun) == sorted([1, 2, 3, 1, 2, 3, 4, 5])


@pytest.mark.points(1)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_a_job_has_at_least_one_step(client: Client, steps: Steps) -> None:
    """Anything else is a 422, and no step begins."""
    for wrong in ({"steps": 0}, {"steps": -1}, {}):
        refused = client.post("/jobs/", json=wrong)
        assert refused.status_code == 422, f"{wrong} was accepted"
    response = client.post("/jobs/", json={"steps": 1})
    path = path_of(response.json())
    location = response.headers.get("location", "")
    assert urlsplit(location).path == path, "Location is not where the job is"
    assert until_final(client, path)["status"] == "completed"
    client.finish()
    assert steps.begun == [1]


# --- stopping it -------------------------------------------------------------


@pytest.mark.points(3)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_no_step_begins_after_a_delete(client: Client, steps: Steps) -> None:
    """The one under way may end; then the job is cancelled, and stays so."""
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
    assert steps.begun == [1, 2], "a step began after the DELETE"
    assert end["status"] == "cancelled", "it was asked to stop"
    assert end["done"] in {1, 2}
    assert before["percent"] <= end["percent"] < 100


@pytest.mark.points(1)
@pytest.mark.after(
    "test_no_step_begins_after_a_delete", "test_a_job_has_at_least_one_step"
)
def test_a_job_can_be_stopped_before_it_begins(
    client: Client, steps: Steps
) -> None:
    """The DELETE comes while the answer to the POST is on its way."""
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
    assert steps.begun == begun, "a step began after the DELETE"
    assert end["status"] == "cancelled", "it was asked to stop"


@pytest.mark.points(1)
@pytest.mark.after("test_no_step_begins_after_a_delete")
def test_a_delete_stops_no_other_job(client: Client, steps: Steps) -> None:
    """The other one goes on, and is completed."""
    steps.held = {1}
    stopped, other = start(client, 3), start(client, 4)
    steps.wait_for(1)
    assert client.delete(stopped).status_code == 202
    steps.let_go()
    until_final(client, stopped)
    end = until_final(client, other)
    assert end["status"] == "completed", "it was not asked to stop"
    client.finish()
    assert sorted(steps.begun) == [1, 1, 2, 3, 4], (
        "of the one that was stopped no step begins, of the other all do"
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_a_delete_changes_nothing_that_is_over(
    client: Client, steps: Steps
) -> None:
    """What is completed or failed stays so."""
    steps.fails = 2
    for number in (1, 2):
        path = start(client, number)
        before = until_final(client, path)
        client.delete(path)
        client.finish()
        assert show(client, path) == before, "it was over before the DELETE"


# --- listening to it ---------------------------------------------------------


@pytest.mark.points(3)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_a_listener_hears_how_it_is_and_how_it_ends(
    client: Client, steps: Steps
) -> None:
    """The state at once, as GET shows it; the final one last; no step back."""
    steps.held = {3}
    path = start(client, 5)
    steps.wait_for(3)
    with listening(client, path) as listener:
        first = listener.next()
        now = show(client, path)
        assert first == now, "the first event is how it is now"
        steps.let_go()
        states = [first, *listener.rest()]
    assert states[-1]["status"] == "completed", "the last event is the end"
    assert states[-1] == show(client, path), "the last is how it ended"
    assert_goes_on(states)


@pytest.mark.points(1)
@pytest.mark.after("test_a_listener_hears_how_it_is_and_how_it_ends")
def test_a_late_listener_hears_the_end(client: Client, steps: Steps) -> None:
    """The job is long over: the state as it is, and the response ends."""
    path = start(client, 2)
    end = until_final(client, path)
    with listening(client, path) as listener:
        states = listener.rest()
    assert states, "it heard nothing"
    assert [each for each in states if each != end] == [], "how it was before"


@pytest.mark.points(2)
@pytest.mark.after("test_a_listener_hears_how_it_is_and_how_it_ends")
def test_listeners_take_nothing_from_each_other(
    client: Client, steps: Steps
) -> None:
    """Each of five hears the beginning and the end."""
    steps.held = {1}
    path = start(client, 3)
    steps.wait_for(1)
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(listening(client, path)) for _ in range(5)
        ]
        firsts = [each.next() for each in listeners]
        assert [each["done"] for each in firsts] == [0] * 5
        steps.let_go()
        lasts = [each.rest()[-1:] for each in listeners]
    assert lasts == [[show(client, path)]] * 5


@pytest.mark.points(1)
@pytest.mark.after("test_a_listener_hears_how_it_is_and_how_it_ends")
def test_a_listener_hears_of_its_own_job_only(
    client: Client, steps: Steps
) -> None:
    """Two jobs, a listener to each."""
    steps.held = {1}
    paths = [start(client, 3), start(client, 4)]
    steps.wait_for(1)
    with (
        listening(client, paths[0]) as one,
        listening(client, paths[1]) as other,
    ):
        steps.let_go()
        assert {each["total"] for each in one.rest()} == {3}
        assert {each["total"] for each in other.rest()} == {4}


@pytest.mark.points(2)
@pytest.mark.after("test_a_listener_hears_how_it_is_and_how_it_ends")
def test_a_listener_that_leaves_harms_nothing(
    client: Client, steps: Steps
) -> None:
    """The job goes on to its end, and so does the other listener."""
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
    last = states[-1]["status"]
    assert last == "completed", "the one that stays has to hear the end"
    assert states[-1] == until_final(client, path)
    assert_goes_on(states)
    assert steps.ended == [*range(1, 151)]


@pytest.mark.points(2)
@pytest.mark.after(
    "test_listeners_take_nothing_from_each_other",
    "test_a_listener_that_leaves_harms_nothing",
)
def test_the_events_end_however_the_job_ends(
    client: Client, steps: Steps
) -> None:
    """One that reads all too late hears it too, beside one that does not."""
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
        assert set(lasts) <= {*FINAL}, "the last event is the end"
        assert lasts == [end, end], "the last event is how it ended"
        steps.begun.clear()


@pytest.mark.points(1)
@pytest.mark.after("test_a_listener_hears_how_it_is_and_how_it_ends")
def test_an_idle_listener_costs_next_to_nothing(
    client: Client, steps: Steps
) -> None:
    """Less than 30 percent of a processor, for half a second."""
    steps.held = {1}
    path = start(client, 2)
    steps.wait_for(1)
    with listening(client, path) as listener:
        listener.next()
        # each call is recorded, at that price; once may be chance
        if busy(WINDOW) >= 0.6 and busy(WINDOW) >= 0.6:
            pytest.fail(
                "A listener that hears nothing new looks again and again:"
                " let it wait, or sleep."
            )
        steps.let_go()
        listener.rest()


# --- all of them -------------------------------------------------------------


@pytest.mark.points(1)
@pytest.mark.after("test_a_listener_hears_how_it_is_and_how_it_ends")
def test_an_unknown_job_is_404_everywhere(
    client: Client, steps: Steps
) -> None:
    """GET, DELETE and the events, which a known job has."""
    steps.held = {1}
    path = start(client, 1)
    with listening(client, path) as listener:
        steps.let_go()
        assert listener.rest()
    unknown = path[:-1] + ("1" if path[-1] == "0" else "0")
    assert client.get(unknown).status_code == 404
    assert client.delete(unknown).status_code == 404
    with client.stream("GET", f"{unknown}/events") as response:
        assert response.status_code == 404, (
            "in a generator, a 404 comes too late"
        )


@pytest.mark.points(1)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_what_finished_longest_ago_is_forgotten_first(
    answer: ModuleType, client: Client, steps: Steps
) -> None:
    """Two are kept, completed or failed, however long ago they began."""
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
    assert until_final(client, first)["status"] in FINAL
    assert until_final(client, second)["status"] in FINAL
    third = start(client, 1)
    assert until_final(client, third)["status"] in FINAL
    steps.held = {1}
    fourth = start(client, 1)
    found = [
        client.get(each).status_code for each in (first, second, third, fourth)
    ]
    assert found == [404, 200, 200, 200], "of three that are over, two stay"


@pytest.mark.points(1)
@pytest.mark.after("test_a_job_goes_on_step_by_step")
def test_a_running_job_is_never_forgotten(
    answer: ModuleType, client: Client, steps: Steps
) -> None:
    """Others begin and end, one is kept, and the first still runs."""
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
        kept = client.get(path).status_code == 200
        assert kept, "one that is over is kept, however many still run"
    assert client.get(running).status_code == 200, "it was forgotten"
    steps.let_go(2)
    assert until_final(client, running)["status"] == "completed"
