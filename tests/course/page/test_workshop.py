"""The page at work, on a real server: send, fail, ten at once, kill."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from course.page.experiments import unwritable
from course.stage import find_stages

FRAGMENT = {"X-Fragment": "yes"}
pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[httpx2.Client]:
    """Give a client of the page."""
    with httpx2.Client(base_url=address, timeout=100) as client:
        yield client


def happened(
    page: httpx2.Client, number: int, words: str
) -> dict[str, object]:
    """Read the page's events until the words are in its order."""
    with page.stream("GET", f"/stage/{number}/events") as events:
        for line in events.iter_lines():
            if line.startswith("data:"):
                news: dict[str, object] = json.loads(line[5:])
                order = [step["text"] for step in news["steps"]]  # type: ignore[attr-defined]
                if words in order:
                    return news
    raise AssertionError(words)


def steps(page: httpx2.Client, number: int) -> list[dict[str, object]]:
    """Return the steps of the picture that a stage's page shows."""
    found = re.search(
        r'id="steps">(.*?)</script>', page.get(f"/stage/{number}").text
    )
    assert found
    shown: list[dict[str, object]] = json.loads(found[1])
    return shown


def test_send_shows_the_response_and_draws_the_task(
    page: httpx2.Client,
) -> None:
    """The response leaves before the task begins, and the page says so."""
    form = {
        "operation": "POST /send-notification/{email}",
        "email": "eve@example.com",
    }
    answer = page.post("/stage/1/send", data=form, headers=FRAGMENT)
    assert "200 OK" in answer.text
    assert "Notification sent in the background" in answer.text
    news = happened(page, 1, "write_notification ended")
    order = [step["text"] for step in news["steps"]]  # type: ignore[attr-defined]
    assert order.index("response sent") < order.index(
        "write_notification began"
    )
    assert "the client waits" in str(news["picture"])
    assert "Notification for eve@example.com" in str(news["left"])


def test_each_step_has_its_lines(page: httpx2.Client) -> None:
    """The function that runs can be lit in the code."""
    page.post("/stages/01/send-notification/ada@example.com")
    news = happened(page, 1, "write_notification ended")
    source = find_stages()[0].source.splitlines()
    for step in news["steps"]:  # type: ignore[attr-defined]
        if step["lines"]:
            first, last = step["lines"]
            name = step["text"].partition(" ")[0]
            assert f"def {name}" in "\n".join(source[first - 1 : last])


def test_invalid_input_is_explained(page: httpx2.Client) -> None:
    """A 422 says that no task ran, and is drawn in place of what was."""
    page.post("/stages/02/send-notification/ada@example.com")
    happened(page, 2, "write_notification ended")
    form = {"operation": "POST /send-notification/{email}", "email": "nobody"}
    answer = page.post("/stage/2/send", data=form, headers=FRAGMENT)
    assert "422" in answer.text
    assert "no task ran" in answer.text
    shown = page.get("/stage/2").text
    assert "response 422 sent" in shown
    assert ">POST /send-notification/nobody<" in shown
    assert "write_notification began" not in shown


def test_without_javascript_the_page_is_shown_again(
    page: httpx2.Client,
) -> None:
    """The answer stands on it."""
    form = {
        "operation": "POST /send-notification/{email}",
        "email": "zoe@example.com",
    }
    answer = page.post("/stage/3/send", data=form, follow_redirects=True)
    assert "Notification sent in the background" in answer.text
    assert "zoe@example.com" in answer.text


@pytest.mark.parametrize("number", [1, 3, 5, 6])
def test_a_failed_task_does_not_change_the_answer(
    page: httpx2.Client, number: int
) -> None:
    """The client has its 200 already; the picture shows the exception."""
    answer = page.post(f"/stage/{number}/experiment/fail", headers=FRAGMENT)
    assert "200 OK" in answer.text
    shown = page.get(f"/stage/{number}").text
    assert "raised" in shown or "always crashes" in shown


def test_how_the_task_was_made_to_fail_is_said(page: httpx2.Client) -> None:
    """In stage 1 nothing fails by itself; what stood there is gone again."""
    answer = page.post("/stage/1/experiment/fail", headers=FRAGMENT)
    assert "the page put a folder in the place of data/" in answer.text
    assert not Path("data/notifications.txt").is_dir()


def test_a_row_is_short(page: httpx2.Client) -> None:
    """A moment is its time of day: the columns beside it are in view."""
    page.post("/stages/05/run-task/crash")
    news = happened(page, 5, "track_task ended")
    cells = re.findall(r"<td>(.*?)</td>", str(news["left"]))
    assert any(re.fullmatch(r"\d\d:\d\d:\d\d", cell) for cell in cells)
    assert not any(re.search(r"\dT\d", cell) for cell in cells)


def test_another_stage_s_lines_are_not_shown(page: httpx2.Client) -> None:
    """All stages write to the same files: a new page begins empty."""
    page.post("/stages/01/send-notification/old@example.com")
    happened(page, 1, "write_notification ended")
    assert "Nothing yet." in page.get("/stage/8").text
    assert "old@example.com" not in page.get("/stage/8").text


def test_progress_is_told_as_it_is_made(
    page: httpx2.Client, folder: Path
) -> None:
    """The marks on an open page change with the file."""
    entry = {"points": 5, "max_points": 5, "passed": "2026-11-25"}
    with page.stream("GET", "/progress") as events:
        lines = (
            json.loads(line[5:])
            for line in events.iter_lines()
            if line.startswith("data:")
        )
        assert next(lines) == []
        done = {"format": 1, "exercises": {"ex01_background_task": entry}}
        (folder / "progress.json").write_text(json.dumps(done))
        assert next(lines) == ["ex01_background_task"]


def test_an_override_replaces_the_task(page: httpx2.Client) -> None:
    """The fake remembers, no line is written, and the task is back again."""
    answer = page.post("/stage/2/experiment/replace", headers=FRAGMENT)
    calls = "[('ada@example.com', 'Hello World!')]"
    assert f"calls == {calls}" in html.unescape(answer.text)
    assert "Lines added to data/notifications.txt: 0." in answer.text
    order = [step["text"] for step in steps(page, 2)]
    assert "remember ended" in order
    page.post("/stages/02/send-notification/real@example.com")
    happened(page, 2, "write_notification ended")
    assert "real@example.com" in Path("data/notifications.txt").read_text()


def test_where_no_dependency_gives_the_task_it_is_not_replaced(
    page: httpx2.Client,
) -> None:
    """Stage 1 calls its task by name: that is what stage 2 changes."""
    assert "Replace the task" not in page.get("/stage/1").text
    assert page.post("/stage/1/experiment/replace").status_code == 404


def test_ten_at_once_are_all_answered(page: httpx2.Client) -> None:
    """Pictures may be dropped, requests never are."""
    answer = page.post("/stage/2/experiment/ten", headers=FRAGMENT)
    assert "Ten responses" in answer.text
    lines = Path("data/notifications.txt").read_text("utf-8")
    assert len(set(re.findall(r"user\d@example.com", lines))) == 10
    assert "Nothing goes wrong" in answer.text


def test_ten_at_once_run_side_by_side(page: httpx2.Client) -> None:
    """The rows say when the last of them ended, the answer what that means."""
    answer = page.post("/stage/5/experiment/ten", headers=FRAGMENT)
    found = re.search(r"The last one ended ([\d.]+) s after", answer.text)
    assert found
    quick = float(found[1]) < 1
    assert ("They ran side by side" in answer.text) == quick


def test_the_picture_follows_a_task_into_its_worker(
    page: httpx2.Client,
) -> None:
    """Also into the one that goes on after a kill."""
    page.post("/stage/8/processes/start")
    form = {"operation": "POST /run-task/{task_name}", "task_name": "report"}
    answer = page.post("/stage/8/send", data=form, headers=FRAGMENT)
    assert "200 OK" in answer.text
    news = happened(page, 8, "run ended")
    assert "the client waits" in str(news["picture"])
    assert "stages.s08_rq.worker, pid" in str(news["picture"])
    page.post("/stage/8/processes/stop")
    assert "<svg" not in page.get("/stage/8").text


def test_a_stage_shows_no_file_that_another_one_writes(
    page: httpx2.Client,
) -> None:
    """Stage 1 has no log, even while stage 3 writes to one."""
    for number in (1, 3):
        page.get(f"/stage/{number}")
    with Path("data/background_tasks.log").open("a") as log:
        log.write("of stage 3\n")
    assert "of stage 3" in page.get("/stage/3").text
    assert "of stage 3" not in page.get("/stage/1").text


def test_a_killed_process_loses_its_tasks(page: httpx2.Client) -> None:
    """Stage 5 has them in its memory only."""
    answer = page.post("/stage/5/experiment/kill", headers=FRAGMENT)
    found = re.search(r"20 tasks were accepted. (\d+) ended", answer.text)
    assert found
    assert int(found[1]) < 20
    assert "will never run" in answer.text


def test_a_queue_in_the_database_resumes(page: httpx2.Client) -> None:
    """Stage 11 ends them after the restart."""
    answer = page.post("/stage/11/processes/start", follow_redirects=True)
    assert "Stop it" in answer.text
    answer = page.post("/stage/11/experiment/kill", headers=FRAGMENT)
    assert "20 tasks were accepted. 20 ended." in answer.text
    log = Path("data/page_stage_11.log").read_text()
    assert "Uvicorn running" in log
    assert "from=page" not in log  # the page's own requests
    answer = page.post("/stage/11/processes/stop", follow_redirects=True)
    assert "Start it" in answer.text


def test_a_question_is_found_and_run(page: httpx2.Client) -> None:
    """By its words; both ways are drawn."""
    listed = page.get("/questions", params={"q": "own Response drops task"})
    first = re.search(r'href="(/question/\d+)"', listed.text)
    assert first
    assert first[1] == "/question/2"
    shown = page.post("/question/2/run").text
    assert shown.count("<svg") == 4
    assert "never ran" in shown


def test_a_question_of_another_subject_is_not_answered(
    page: httpx2.Client,
) -> None:
    """The nearest are listed, and the page says what they are."""
    listed = page.get("/questions", params={"q": "how to upload to s3"})
    assert "No question fits these words." in listed.text
    assert "/question/23" in listed.text


def test_a_file_is_given_back(tmp_path: Path) -> None:
    """What it held is there again, also when the test of it failed."""
    file = tmp_path / "notes.txt"
    file.write_text("kept")
    with pytest.raises(IsADirectoryError), unwritable(file):
        file.open("a")
    assert file.read_text() == "kept"
