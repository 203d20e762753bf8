"""The page: every stage is there, runs, and can be read."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from course import ports
from course.folders import data_dir, environment
from course.mailbox import authority
from course.page.app import create_app
from course.page.notebook import notebooks
from course.page.operations import operations
from course.stage import Stage, find_stages
from tests.servers import forget_settings

pytestmark = pytest.mark.usefixtures("inside")
NUMBERS = [stage.number for stage in find_stages() if not stage.worker]


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    """Run the page with all stages mounted, without a mailbox."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        authority(data_dir())
        forget_settings()
        app = create_app(find_stages(), None)
        with TestClient(app, base_url="http://127.0.0.1") as client:
            yield client
        forget_settings()


def test_every_stage_is_listed_with_what_it_adds(client: TestClient) -> None:
    """Its title, its code, its documentation, and the diff's size."""
    page = client.get("/").text
    for stage in find_stages():
        assert stage.title in page
        assert f'href="/stage/{stage.number}"' in page
        shown = client.get(f"/stage/{stage.number}").text
        assert f'href="/code/{stage.number}"' in shown
        runs_here = f'href="/stages/{stage.number:02}/docs"' in shown
        assert runs_here == (stage.number in NUMBERS)
    count = page.count('<span class="label">What is new</span>')
    assert count == len(find_stages()) - 1


def test_a_stage_with_a_worker_is_shown_with_its_command(
    tmp_path: Path,
) -> None:
    """It is not imported: its broker may be nowhere. Its code is there."""
    texts = {7: "first = 1", 8: "first = 1\nsecond = 2"}
    stages: list[Stage] = find_stages()[:1]
    for number, text in texts.items():
        folder = tmp_path / f"s0{number}_queue"
        folder.mkdir()
        (folder / "__init__.py").write_text(f'"""Stage {number}: queue."""')
        (folder / "app.py").write_text("raise ValueError")
        (folder / "worker.py").write_text(text)
    stages += find_stages(tmp_path)
    app = create_app(stages, None)  # and not started
    client = TestClient(app, base_url="http://127.0.0.1")
    page = client.get("/stage/7").text
    assert "python3 start.py stage 7" in page
    assert "/stages/07/docs" not in page
    assert "first" in client.get("/code/7").text
    assert "/stages/07/docs" not in client.get("/code/7").text
    shown = client.get("/new/8").text
    assert "Against stage 7: 1 lines added, 0 removed" in shown
    refused = client.get("/stages/07/docs")
    assert refused.status_code == 404
    assert "python3 start.py stage 7" in refused.text


def test_a_stage_that_does_not_start_is_told(tmp_path: Path) -> None:
    """The page itself is there, and says why the stage is not."""
    file = tmp_path / "s01_not_importable.py"
    file.write_text('"""Stage 1: it cannot be imported."""')
    app = create_app(find_stages(tmp_path), None)
    client = TestClient(app, base_url="http://127.0.0.1")
    assert client.get("/").status_code == 200
    for path in ("/stage/1", "/stages/01/anything"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "Stage 1 did not start: No module named" in answer.text


@pytest.mark.parametrize("number", NUMBERS)
def test_a_stage_answers_below_its_prefix(
    client: TestClient, number: int
) -> None:
    """Mounted, it does what it does alone."""
    path = f"/stages/{number:02}/send-notification/ada@example.com"
    assert client.post(path).json() == {
        "message": "Notification sent in the background"
    }


def test_a_mounted_stage_has_its_lifespan(client: TestClient) -> None:
    """Stage 5's table was made: a plain mount would have run nothing."""
    client.post("/stages/05/run-task/report")
    rows = client.get("/stages/05/task-logs/").json()
    assert [row["status"] for row in rows] == ["completed"]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_documentation_needs_no_network(
    client: TestClient, number: int
) -> None:
    """Whatever it loads comes from this machine, and is there."""
    for name in ("docs", "redoc"):
        page = client.get(f"/stages/{number:02}/{name}")
        assert page.status_code == 200
        assert "http" not in page.text.replace("http://www.w3.org", "")
    files = ("swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js")
    for name in files:
        assert client.get(f"/docs-files/{name}").status_code == 200
    api = client.get(f"/stages/{number:02}/openapi.json").json()
    assert api["servers"] == [{"url": f"/stages/{number:02}"}]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_code_can_be_read(client: TestClient, number: int) -> None:
    """Each line has its number; no line is lost in the highlighting."""
    page = client.get(f"/code/{number}").text
    source = find_stages()[number - 1].source
    assert page.count('<td class="no">') == len(source.splitlines())
    assert 'class="kn">from</span>' in page


def test_the_diff_shows_both_sides(client: TestClient) -> None:
    """Added and removed lines bear their signs, not only a colour."""
    page = client.get("/new/2").text
    assert '<td class="sign">+</td>' in page
    assert '<td class="sign">−</td>' in page
    assert "18 lines added, 5 removed" in page


@pytest.mark.parametrize("path", ["/code/99", "/new/1", "/stages/99/docs"])
def test_what_is_not_there_is_a_404(client: TestClient, path: str) -> None:
    """A wrong number is no server error."""
    assert client.get(path).status_code == 404


def test_every_command_to_try_is_complete(client: TestClient) -> None:
    """No placeholder is left for the learner to fill in."""
    found = operations(client.get("/stages/05/openapi.json").json())
    assert [(one.method, one.path) for one in found] == [
        ("POST", "/run-task/{task_name}"),
        ("POST", "/send-email/"),
        ("POST", "/send-notification/{email}"),
        ("GET", "/task-logs/"),
    ]
    commands = [one.curl("http://127.0.0.1:8000") for one in found]
    assert not any("{email}" in command for command in commands)
    assert '"recipients": ["ada@example.com"]' in commands[1]


def serve(during: Callable[[str], object]) -> str:
    """Serve the course, do something, press Ctrl-C; return what it said."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "course.page", "--port", "0"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    guard = threading.Timer(60, process.kill)
    guard.start()
    assert process.stdout
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if "startup complete" in line:
            (address,) = re.findall(r"http://[\d.:]+", "".join(said))
            during(address)
            process.send_signal(signal.SIGINT)
    process.stdout.close()
    assert process.wait() == 0, "".join(said)
    guard.cancel()
    return "".join(said)


unix = pytest.mark.skipif(sys.platform == "win32", reason="a Unix signal")


@unix
def test_ctrl_c_ends_the_course() -> None:
    """It says where it is, serves, and ends with no traceback."""
    said = serve(
        lambda address: httpx2.get(address, timeout=60).raise_for_status()
    )
    assert "The course: http://127.0.0.1:" in said
    assert "Application shutdown complete" in said
    assert "Traceback" not in said


@unix
def test_ctrl_c_waits_for_no_stuck_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mail server that never answers holds a task for ten seconds."""
    with ports.listen(0) as silent:
        monkeypatch.setenv("SMTP_SERVER", ports.HOST)
        monkeypatch.setenv("SMTP_PORT", str(ports.number_of(silent)))
        body = {"subject": "Hi", "body": "", "recipients": ["a@example.com"]}

        def send(address: str) -> None:
            url = f"{address}/stages/04/send-email/"
            httpx2.post(url, json=body).raise_for_status()
            silent.accept()[0].detach()  # the task is connected, and waits

        said = serve(send)
    assert "A task was still at work and has been cut off." in said


def test_the_picture_is_that_of_the_task(client: TestClient) -> None:
    """What else was requested after it does not take its place."""
    client.post("/stages/05/run-task/report")
    client.get("/stages/05/task-logs/")
    client.get("/stages/05/openapi.json")
    page = client.get("/stage/5").text
    assert "POST /run-task/report" in page
    assert "track_task" in page
    assert page.count("<svg") == 2  # light and dark
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/mailbox", {"Host": "evil.example:8000"}),
        ("POST", "/stages/05/run-task/x", {"Origin": "http://evil.example"}),
        ("POST", "/stages/05/run-task/x", {"Origin": "null"}),
        ("POST", "/stage/5/experiment/fail", {"Sec-Fetch-Site": "cross-site"}),
        ("GET", "/stages/05/task-logs/", {"Origin": "http://evil.example"}),
    ],
)
def test_nobody_else_drives_the_course(
    client: TestClient, method: str, path: str, headers: dict[str, str]
) -> None:
    """Another site's page is refused, before any task runs."""
    rows = client.get("/stages/05/task-logs/").json()
    refused = client.request(method, path, headers=headers)
    assert refused.status_code in {400, 403}
    assert client.get("/stages/05/task-logs/").json() == rows


@pytest.mark.parametrize("path", ["/", "/stage/1", "/stages/05/docs"])
def test_no_page_can_be_framed(client: TestClient, path: str) -> None:
    """Not the interactive documentation either."""
    headers = client.get(path).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    """Whichever stage it is for."""
    body = b'"' + b"a" * 1_100_000
    headers = {"Content-Type": "application/json"}
    for number in (4, 5):
        path = f"/stages/{number:02}/send-email/"
        answer = client.post(path, content=body, headers=headers)
        assert answer.status_code == 413


def test_the_way_leads_from_stage_to_notebook_to_exercise(
    client: TestClient,
) -> None:
    """Every link of it can be followed."""
    links = set(re.findall(r'href="(/[a-z][^"#]*)"', client.get("/").text))
    assert {
        "/stage/1",
        "/exercise/1",
        "/notebook/01_background_tasks",
    } <= links
    for link in links:
        assert client.get(link).status_code == 200, link


def test_notebooks_are_shown_whole(client: TestClient) -> None:
    """Text, code and pictures; what is for the speaker alone is not."""
    page = client.get("/notebook/01_background_tasks").text
    assert "<svg" in page
    assert 'class="kn">from</span>' in page
    assert "In class." not in page
    assert 'href="/file/stages/s01_background_tasks.py"' in page


def test_the_links_of_the_notebooks_can_be_followed(
    client: TestClient,
) -> None:
    """To stages, exercises, questions, tests and other notebooks."""
    found = [client.get(f"/notebook/{name}") for name in notebooks()]
    pages = "".join(each.text for each in found)
    links = set(re.findall(r'href="(/[a-z][^"#]*)"', pages))
    assert {"/exercise/1", "/question/3"} <= links
    wrong = [path for path in links if client.get(path).status_code != 200]
    assert not wrong


@pytest.mark.parametrize("path", ["../secret.py", "start.py", "data/x.txt"])
def test_no_other_file_is_shown(client: TestClient, path: str) -> None:
    """The page shows rooms of the course, and no more."""
    assert client.get(f"/file/{path}").status_code == 404
