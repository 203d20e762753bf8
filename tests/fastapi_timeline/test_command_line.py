"""The command line: any application in the folder where it is typed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fastapi_timeline import Recording
from fastapi_timeline.cli import main, uncounted
from tests.fastapi_timeline.examples import BORROWED, LEFT_FIRST

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder that holds an application."""
    shutil.copy(Path(__file__).with_name("an_app.py"), tmp_path / "myapp.py")
    package = tmp_path / "src" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "main.py").write_text("from .made import app\n")
    (package / "made.py").write_text(
        "from fastapi import FastAPI\napp = FastAPI()\n"
    )
    (tmp_path / "typo.py").write_text("import json\ndef (:\n")
    (tmp_path / "lacks.py").write_text("import no_such_package\n")
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """Type a command in that folder."""

    def type_(
        *arguments: str, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "fastapi_timeline", *arguments],
            cwd=folder,
            env={**os.environ, **ENVIRONMENT, **more},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return type_


def test_a_request_is_recorded_shown_drawn_and_saved(
    run: Run, tmp_path: Path
) -> None:
    """JSON and headers arrive; the lifespan ran; files lie where asked."""
    done = run(
        *("myapp:app", "POST", "/orders", "--json", '{"a": 1}'),
        *("--header", "x-key: 5", "--svg", "o.svg", "--save", "o.json"),
        *("--times", "3", "--theme", "dark"),
    )
    assert done.stderr == ""
    assert done.returncode == 0
    assert "client waits" in done.stdout
    assert "order ended → response sent → task began" in done.stdout
    assert "3 requests" in done.stdout
    assert "All happened in the same order." in done.stdout
    saved = Recording.from_json((tmp_path / "o.json").read_text("utf-8"))
    assert saved.order[-1] == "task ended"
    assert saved.client is not None
    assert (tmp_path / "o.svg").read_text("utf-8").startswith("<svg")


def test_a_file_lies_where_it_was_asked_for(run: Run, folder: Path) -> None:
    """Though the application goes to another folder."""
    done = run("myapp:moves", "GET", "/", "--save", "o.json")
    assert done.returncode == 0
    assert (folder / "o.json").is_file()


def test_a_request_that_the_server_refuses_is_not_waited_for(run: Run) -> None:
    """No application sees what is no HTTP."""
    done = run("myapp:app", "GET", "/", "--header", "content-length: x")
    assert done.returncode == 1
    assert "The server itself answered 400" in done.stderr


def test_a_terminal_shows_what_it_can(run: Run) -> None:
    """No sign that it lacks ends the program, no answer changes its colours."""
    path = "/colours?q=\x1b[31m"
    done = run("myapp:app", "GET", path, PYTHONIOENCODING="ascii")
    assert done.stderr == ""
    assert "was answered red" in done.stdout
    assert "colours began" in done.stdout


@pytest.mark.parametrize(
    "app", ["myapp", "myapp:create_app", "myapp.py:app", "myapp:plain"]
)
def test_an_application_may_be_named_in_many_ways(run: Run, app: str) -> None:
    """A module, a factory, a file, or another layer around it."""
    done = run(app, "POST", "/orders", "--form", "user=Ada Lovelace")
    assert done.stderr == ""
    assert "order began" in done.stdout


def test_a_file_of_a_package_may_import_its_neighbours(run: Run) -> None:
    """The package is found from the file's own path."""
    done = run("src/shop/main.py:app", "GET", "/nothing")
    assert done.returncode == 0
    assert 'was answered {"detail":"Not Found"}' in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            "myapp:nope GET /",
            "it has app, broken, moves, stays, unready): correct what",
        ),
        ("myapp:number GET /", "myapp:number is a int, not an application"),
        ("myapp:with_setting GET /", "needs arguments: name a function"),
        ("myapp:failing GET /", "LookupError: no setting"),
        ("myapp:later GET /", "is an `async def`: name a function"),
        ("myapp:nothing GET /", "gave a NoneType, not an application"),
        ("myapp:wsgi GET /", "not called with scope, receive and send"),
        ("mistyped GET /", "There is no module 'mistyped' in"),
        ("gone.py GET /", "There is no file"),
        ("typo GET /", "typo.py:2"),
        ("lacks GET /", "imports 'no_such_package', which this environment"),
        ("myapp GET orders", "A path begins with a slash: /orders"),
        ("myapp 7 /", "'7' is no method"),
        ("myapp GET / --json {", "The JSON cannot be read"),
        ("myapp GET / --header x", "write it as name:value"),
        ("myapp GET / --form x", "write it as name=value"),
        ("myapp GET / --form x=1 --json 1", "JSON or a form, not both"),
        ("myapp GET / --header x:☃", "A header cannot be sent as 'x': '☃'"),
        ("myapp GET / --times 0", "it must be at least 1"),
        ("myapp GET / --wait nan", "it must be above 0, and finite"),
        ("compare one.json", "needs two files or more"),
        ("compare one.json two.json", "one.json cannot be read"),
        ("compare myapp.py typo.py", "myapp.py: This is not a saved"),
    ],
)
def test_wrong_use_is_told_what_to_do(
    folder: Path,
    arguments: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One sentence, no traceback, and exit code 2."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.path", [*sys.path])  # what it adds goes again
    monkeypatch.setattr("sys.modules", {**sys.modules})
    try:
        code: object = main(arguments.split())
    except SystemExit as exit_:  # from argparse
        code = exit_.code
    heard = capsys.readouterr().err
    assert said in heard
    assert "Traceback" not in heard
    assert code == 2


def test_an_application_that_does_not_start_says_why(run: Run) -> None:
    """The reason and its place, and exit code 1."""
    done = run("myapp:broken", "GET", "/")
    assert "did not start: RuntimeError: no database" in done.stderr
    assert "myapp.py" in done.stderr
    assert done.returncode == 1


def test_a_stream_without_end_is_left_and_shown(run: Run) -> None:
    """What came until then is a picture like any other."""
    done = run("myapp", "GET", "/endless", "--wait", "0.5")
    assert "had no end within 0.5 s: the client left" in done.stdout
    assert "endless ended → client went away" in done.stdout
    assert done.returncode == 0


def test_an_application_that_is_never_ready_is_not_waited_for(
    run: Run,
) -> None:
    """The message says which code still runs."""
    done = run("myapp:unready", "GET", "/", "--wait", "0.5")
    assert "has not started after 0.5 s" in done.stderr
    assert done.returncode == 1


def test_a_header_may_be_sent_twice(run: Run) -> None:
    """As clients and proxies send some."""
    twice = ("--header", "X-Key: a", "--header", "X-Key: b")
    assert "/twice  200" in run("myapp", "GET", "/twice", *twice).stdout


def test_work_beside_the_answer_ends_as_on_a_server(run: Run) -> None:
    """Then comes the shutdown code, then what atexit runs."""
    done = run("myapp", "GET", "/aside")
    ends = ("work done", "shut down", "exit code ran")
    assert [line for line in done.stdout.splitlines() if line in ends] == [
        *ends
    ]


def test_work_beside_the_answer_without_end_is_cut_and_named(
    run: Run,
) -> None:
    """The picture is there all the same."""
    done = run("myapp", "GET", "/loops", "--wait", "0.5")
    assert "Still running after 0.5 s and cut here: sleep" in done.stdout
    assert "loops began → sleep was started" in done.stdout
    assert done.returncode == 0


def test_an_application_that_does_not_stop_is_cut(run: Run) -> None:
    """What was asked for has been shown by then."""
    done = run("myapp:stays", "GET", "/")
    assert "GET /  404" in done.stdout
    assert "had not stopped after 5 s" in done.stderr
    assert done.returncode == 0


def test_a_thread_that_does_not_end_is_cut_and_named(run: Run) -> None:
    """The program ends, with the code of what it was asked for."""
    done = run("myapp", "GET", "/stuck")
    assert "stuck one had not ended" in done.stderr
    assert done.returncode == 0


def test_requests_that_no_picture_shows_are_counted() -> None:
    """In words, one or many."""
    assert uncounted(0, 0) == ""
    one = "1 other request arrived meanwhile and is not shown."
    assert uncounted(1, 0) == one
    assert uncounted(2, 3) == (
        "2 other requests arrived meanwhile and are not shown.\n"
        "3 requests could not be recorded: too many ran at the same time."
    )


def test_a_task_without_end_is_not_waited_for_forever(run: Run) -> None:
    """The answer came; the message says what still runs."""
    done = run("myapp", "GET", "/hang", "--wait", "0.5")
    assert "answered (200), but its tasks still run after 0.5 s" in done.stderr
    assert done.returncode == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_ctrl_c_ends_it_at_once(run: Run, tmp_path: Path) -> None:
    """Exit code 130, though a task would run for a minute."""
    with subprocess.Popen(
        [sys.executable, "-m", "fastapi_timeline", "myapp", "GET", "/hang"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "hanging\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.endswith("stopped\n")


def test_saved_recordings_are_compared(run: Run, tmp_path: Path) -> None:
    """Both pictures, the difference between them, and one SVG."""
    (tmp_path / "a.json").write_text(BORROWED.to_json(), "utf-8")
    (tmp_path / "b.json").write_text(LEFT_FIRST.to_json(), "utf-8")
    done = run("compare", "a.json", "b.json", "--svg", "both.svg")
    assert done.returncode == 0
    assert "a → b\n≠ get_db left: after track_task ended" in done.stdout
    assert "≠ held" in (tmp_path / "both.svg").read_text("utf-8")


def test_a_file_that_cannot_be_written_is_named(
    run: Run, tmp_path: Path
) -> None:
    """With the reason."""
    for name in ("a", "b"):
        text = json.loads(BORROWED.to_json())
        (tmp_path / f"{name}.json").write_text(json.dumps(text))
    done = run("compare", "a.json", "b.json", "--svg", "no/such/folder.svg")
    assert "folder.svg cannot be written" in done.stderr
    assert done.returncode == 2


def test_help_shows_examples(run: Run) -> None:
    """Of both commands."""
    assert "examples:" in run("--help").stdout
    assert "one below the other" in run("compare", "--help").stdout
