"""Finding the stages, and running one."""

import os
from pathlib import Path

import pytest

from course import ports, stage


def test_stages_are_found_in_order_without_an_import(tmp_path: Path) -> None:
    """A file's name and docstring are enough; broken code is no matter."""
    (tmp_path / "s02_second.py").write_text('"""Stage 2: more."""\n1 / 0')
    (tmp_path / "s01_first.py").write_text('"""Stage 1: begin."""')
    (tmp_path / "notes.py").write_text("")
    found = stage.find_stages(tmp_path)
    assert [(one.number, one.title) for one in found] == [
        (1, "Begin"),
        (2, "More"),
    ]
    assert found[0].module == f"{tmp_path.name}.s01_first"


def test_a_folder_with_an_app_is_a_stage_too(tmp_path: Path) -> None:
    """Its docstring is in __init__.py; a worker.py is its worker."""
    for name in ("s06_parts", "s07_queue", "s08_no_stage"):
        (tmp_path / name).mkdir()
    for folder in ("s06_parts", "s07_queue"):
        (tmp_path / folder / "app.py").write_text("# an app")
        (tmp_path / folder / "__init__.py").write_text('"""Stage 0: new."""')
    (tmp_path / "s06_parts" / "tasks.py").write_text("# tasks")
    (tmp_path / "s06_parts" / "more.py").write_text("# more")
    with (tmp_path / "s07_queue" / "__init__.py").open("a") as package:
        package.write('\nBESIDE = ["valkey", "worker"]\n')
    (tmp_path / "s07_queue" / "worker.py").write_text("# a worker")
    parts, queue = stage.find_stages(tmp_path)
    assert (parts.title, parts.module) == (
        "New",
        f"{tmp_path.name}.s06_parts.app",
    )
    names = [path.name for path in parts.files]
    assert names == ["tasks.py", "app.py", "more.py"]
    assert parts.source.index("# tasks") < parts.source.index("# an app")
    assert (parts.worker, parts.beside) == (None, [])
    assert queue.beside == ["valkey", "worker"]
    assert queue.worker == f"{tmp_path.name}.s07_queue.worker"


def test_the_stages_count_from_one_without_a_gap() -> None:
    """There are the five that fit one file, and maybe more."""
    numbers = [one.number for one in stage.find_stages()]
    assert numbers == [*range(1, len(numbers) + 1)]
    assert len(numbers) >= 5


@pytest.mark.parametrize("arguments", [["77"], ["three"], ["0"], [""]])
def test_a_wrong_number_names_those_there_are(arguments: list[str]) -> None:
    """The error says what was asked for and what can be."""
    with pytest.raises(SystemExit) as told:
        stage.choose(arguments, stage.find_stages())
    text = str(told.value)
    assert f"There is no stage {arguments[0]!r}." in text
    assert "   3  The objects that a task needs are dependencies too" in text


@pytest.mark.parametrize("asked", ["3", "03"])
def test_a_number_is_enough(asked: str) -> None:
    """With or without its zero."""
    found = stage.choose([asked, "--reload"], stage.find_stages())
    assert found.module == "stages.s03_chained_dependencies"


def test_a_free_port_is_chosen() -> None:
    """If 8000 is taken, the next is used."""
    _, port = stage.choose_port([])
    assert int(port) >= 8000


def test_a_port_that_is_named_and_taken_is_an_error() -> None:
    """If a port is named, no other one is used."""
    with ports.listen(0) as taken:
        number = ports.number_of(taken)
        with pytest.raises(SystemExit, match=f"Port {number} cannot be used"):
            stage.choose_port(["--port", str(number)])


def test_a_port_that_is_named_and_free_is_left_alone() -> None:
    """The options reach uvicorn as they were typed."""
    free = ports.listen(0)
    number = ports.number_of(free)
    free.close()
    options = ["--reload", f"--port={number}"]
    assert stage.choose_port(options) == options


def test_a_taken_port_leads_to_another() -> None:
    """The page never fails for want of a port."""
    with ports.listen(0) as taken:
        number = ports.number_of(taken)
        with ports.listen_near(number) as found:
            assert ports.number_of(found) != number


def test_a_stage_sends_to_the_mailbox_of_its_copy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If another copy holds the usual port, it says what to do."""
    monkeypatch.setenv("SMTP_PORT", "1")
    with ports.listen(0) as taken:
        port = ports.number_of(taken)
        stage.name_mailbox(None, port)
    said = capsys.readouterr().out
    assert f"port {port} belongs to another program" in said
    assert "Start this copy's mailbox first" in said
    stage.name_mailbox(None, port)
    assert "in a second terminal" in capsys.readouterr().out
    stage.name_mailbox(1234, port)
    assert os.environ["SMTP_PORT"] == "1234"
