"""The crash lab: what it counts, what it shows, and a short run of it."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import psutil
import pytest

from course.labs.crash import __main__ as command
from course.labs.crash import chaos, picture
from course.labs.crash.results import Report, Row, completed_at, count
from course.labs.crash.setups import ALL, INSTALLED, Kill, Setup
from course.labs.crash.trial import run
from tests.servers import ROOT

pytestmark = pytest.mark.timeout(600)  # real engines, started and killed
LINES = ["0 10.0 7", "2 11.5 7", "0 12.0 8", "1 11.0 8"]
STAGES = {setup.engine: setup for setup in ALL if setup.stage}


def row(**values: object) -> Row:
    """Return a run with made-up numbers."""
    given: dict[str, object] = {
        "engine": "Celery",
        "setup": "installed",
        "kill": "worker",
        "seed": 1,
        "accepted": 4,
        "once": 2,
        "twice": 1,
        "lost": 1,
        "held": False,
        "seconds": None,
        "waited": 60.0,
        "done": "2110",
    }
    return Row(**given | values)  # type: ignore[arg-type]


def short(setup: Setup, tasks: int, wait: float, kill: Kill = "worker") -> Row:
    """Make one short run."""
    stopped = threading.Event()
    return run(setup.within(wait), kill, 1, tasks, stopped, lambda _: None)


def test_each_task_is_counted_from_its_lines() -> None:
    """A line for each time; no line, and it is lost."""
    assert count(["0", "1", "2", "3"], LINES) == "2110"


def test_all_is_done_when_the_last_has_its_first_line() -> None:
    """A second time comes too late to matter."""
    assert completed_at(["0", "1", "2"], LINES) == 11.5


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The notebooks quote a stored one; each run stands on a line."""
    report = Report(4, [row(), row(seed=2)])
    path = tmp_path / "report.json"
    path.write_text(report.to_json(), "utf-8")
    assert Report.load(path) == report
    told = json.loads(path.read_text("utf-8"))
    assert told["versions"]["celery"]
    assert (
        len(re.findall(r'^  \{"engine"', path.read_text(), re.MULTILINE)) == 2
    )


def test_several_seeds_are_one_row() -> None:
    """From the least to the most."""
    report = Report(4, [row(), row(seed=2, lost=3), row(setup="course")])
    first, second = picture.cells(report)
    assert first[:2] == ["Celery, as installed", "worker"]
    assert first[5:] == ["1–3", "never"]
    assert second[0] == "Celery, stage 7"
    page = picture.markdown(report)
    assert (
        "| Celery, as installed | worker | 4 | 2 | 1 | 1–3 | never |" in page
    )
    assert "Runs of each: 1–2. A task is lost if" in page


def test_what_is_killed_is_a_row_of_its_own() -> None:
    """A lost task says nothing without it."""
    report = Report(4, [row(), row(kill="web")])
    assert [cells[1] for cells in picture.cells(report)] == ["worker", "web"]


def test_what_an_engine_still_holds_is_not_lost_for_ever() -> None:
    """It was waited for so long."""
    report = Report(4, [row(held=True)])
    assert picture.cells(report)[0][6] == "not in 60 s"


def test_how_long_was_waited_and_what_is_shortened_is_said() -> None:
    """A figure is worth nothing without its conditions."""
    runs = [row(), row(engine="RQ", waited=10.0)]
    caption = picture.caption(Report(4, runs, {"TASK_TIME_LIMIT": "7"}))
    assert "only a new test task for 10–60 s" in caption
    assert caption.endswith("Shortened for the stages: TASK_TIME_LIMIT 7 s.")


def test_a_time_is_that_of_the_runs_that_were_completed() -> None:
    """And how many that are, if not all."""
    runs = [row(), row(seed=2, seconds=4.25, lost=0)]
    assert picture.cells(Report(4, runs))[0][6] == "4.2 s in 1 of 2"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_has_a_cell_for_each_task(theme: str) -> None:
    """Form and words say what colour says; it is sound XML."""
    drawn = picture.svg([row(), row(setup="course", done="1111")], theme)
    root = ET.fromstring(drawn)  # noqa: S314 (our own)
    said = root.attrib["aria-label"]
    assert "Celery, as installed: 2 done once, 1 done twice, 1 lost" in said
    counts = [
        one.attrib["d"].count("M") for one in root.iter() if "d" in one.attrib
    ]
    assert counts == [1 + 1, 2 + 4 + 1, 1 + 1]  # lost, once, twice; a legend
    assert "<style" not in drawn


def test_the_picture_in_a_terminal_needs_no_colour() -> None:
    """Three signs."""
    assert picture.drawn(row()).plain == "2■■×"


def test_background_tasks_are_lost_with_their_process() -> None:
    """What a killed process has not done, nobody will do."""
    made = short(INSTALLED[0], 60, 1)
    assert (made.accepted, made.twice) == (60, 0)
    assert made.lost > 0
    assert made.once >= made.before > 0
    assert made.once + made.lost == 60
    assert made.seconds is None


@pytest.mark.parametrize("engine", ["Celery", "Procrastinate"])
def test_an_engine_as_installed_is_killed_and_counted(engine: str) -> None:
    """Whatever was lost: each accepted task is counted once."""
    (setup,) = [one for one in INSTALLED if one.engine == engine]
    made = short(setup, 12, 2)
    assert made.accepted == made.once + made.twice + made.lost == 12
    assert len(made.done) == 12
    assert made.before > 0


@pytest.mark.parametrize(
    ("engine", "kill"),
    [("Celery", "worker"), ("DBOS", "worker"), ("RQ", "gap")],
)
def test_nothing_is_lost_as_the_stages_set_it_up(
    engine: str, kill: Kill
) -> None:
    """At least once in the file; in the database exactly once."""
    made = short(STAGES[engine], 20, STAGES[engine].wait, kill)
    assert made.accepted > 0
    assert made.lost == 0
    assert made.seconds is not None
    assert made.in_database == "1" * made.accepted


def test_stage_6_loses_what_its_process_had() -> None:
    """Its tasks run in the web process, and nothing publishes them again."""
    setup = STAGES["BackgroundTasks"]
    assert short(setup, 20, setup.wait).lost > 0


def test_a_killed_database_loses_nothing() -> None:
    """Workers and web process come back to it."""
    setup = STAGES["Taskiq"]
    made = short(setup, 20, setup.wait, "database")
    assert (made.accepted, made.lost) == (20, 0)
    assert made.in_database == "1" * 20


def test_a_queue_is_lost_with_a_broker_that_keeps_no_file() -> None:
    """As installed; a stage publishes its rows again."""
    setups = [one for one in ALL if one.engine == "RQ"]
    lost = {
        one.setup: short(one, 12, 60, "broker without file").lost
        for one in setups
    }
    assert lost["installed"] > 0
    assert lost["course"] == 0


def test_nothing_is_lost_when_everything_is_killed_in_turn() -> None:
    """A small form: each process, the broker, the database."""
    plan = chaos.Plan(tasks=100, clients=10, workers=2)
    setup, stopped = chaos.STAGES["procrastinate"], threading.Event()
    outcome = chaos.run(setup, plan, stopped, lambda _: None)
    assert outcome.accepted + outcome.cut + outcome.refused == 100
    assert outcome.accepted > 0
    assert (outcome.lost, outcome.lost_in_database) == (0, 0)
    assert outcome.twice_in_database == 0


def test_a_name_that_is_none_is_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The message has those there are."""
    with pytest.raises(SystemExit):
        command.parse(["kafka"])
    assert (
        "There is no kafka: backgroundtasks, celery" in capsys.readouterr().err
    )


def test_each_setup_is_run_with_what_can_be_killed_there() -> None:
    """A worker if nothing is named, one engine, or everything."""
    asked = command.parse([])
    assert asked.trials == [(setup, "worker", 1) for setup in ALL]
    asked = command.parse(["Celery", "--setup", "installed", "--wait", "1"])
    assert [one.name for one, _, _ in asked.trials] == ["Celery · installed"]
    assert asked.trials[0][0].wait == 1
    every = ["Celery", "--setup", "installed", "--kill", "all"]
    asked = command.parse([*every, "--seeds", "2"])
    assert [(kill, seed) for _, kill, seed in asked.trials] == [
        *(("worker", 1), ("web", 1), ("broker", 1)),
        *(("broker without file", 1), ("worker", 2)),
    ]
    here = STAGES["BackgroundTasks"].kills()
    assert "gap" not in here  # nothing is published after the commit


def test_ctrl_c_leaves_nothing_running() -> None:
    """Neither server nor broker nor worker."""
    process = subprocess.Popen(
        [sys.executable, "-m", "course.labs.crash", "celery"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lab = psutil.Process(process.pid)
    until = time.monotonic() + 30
    while not any("celery" in " ".join(one.cmdline()) for one in started(lab)):
        assert time.monotonic() < until
        time.sleep(0.1)
    left = started(lab)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert "Stopped." in said
    assert [one for one in left if one.is_running()] == []


def started(lab: psutil.Process) -> list[psutil.Process]:
    """Return the programs that it has started and that still run."""
    return [
        one
        for one in lab.children(recursive=True)
        if one.status() != psutil.STATUS_ZOMBIE
    ]
