"""What three versions of FastAPI do with a session that a task borrows."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from course.labs import versions
from fastapi_timeline import Recording, compare

KEPT = Path(__file__).parents[3] / "course" / "labs" / "recordings"


def kept(name: str) -> Recording:
    """Read a stored recording."""
    text = (KEPT / f"borrowed-{name}.json").read_text("utf-8")
    return Recording.from_json(text)


@pytest.mark.parametrize(
    ("name", "version"), [("oldest", "0.105.0"), ("between", "0.117.1")]
)
def test_a_stored_recording_says_what_it_was_made_on(
    name: str, version: str
) -> None:
    """Without that, a picture of another version is a wrong picture."""
    assert kept(name).versions["fastapi"] == version


def test_the_session_is_closed_under_the_task_on_one_of_three() -> None:
    """Left before the response there, after the task on the others."""
    for name in ("oldest", "newest"):
        assert kept(name).order[-2:] == ("track_task ended", "get_db left")
    order = kept("between").order
    assert order.index("get_db left") < order.index("response sent")


def test_nothing_else_differs() -> None:
    """One line says all of it."""
    (line,) = compare(kept("oldest"), kept("between")).splitlines()
    assert line.startswith("≠ get_db left")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_stored_pictures_name_all_three(theme: str) -> None:
    """Stored for the notebook, which runs on one version only."""
    picture = (KEPT / f"borrowed-{theme}.svg").read_text("utf-8")
    ET.fromstring(picture)  # noqa: S314 (our own)
    for name in ("oldest", "between", "newest"):
        assert f"FastAPI {kept(name).versions['fastapi']}" in picture


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the stored recordings instead of making environments."""
    stored = dict(zip(versions.FASTAPI, versions.NAMES, strict=True))
    monkeypatch.setattr(versions, "recorded", lambda v, _: kept(stored[v]))


@pytest.mark.usefixtures("offline")
def test_a_learner_writes_to_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files that the course keeps are written only on request."""
    monkeypatch.setattr(versions, "KEPT", tmp_path / "kept")
    versions.main([])
    written = {each.name for each in KEPT.iterdir()}
    assert {e.name for e in (tmp_path / "data/versions").iterdir()} == written
    assert not (tmp_path / "kept").exists()
    versions.main(["--keep"])
    assert {e.name for e in (tmp_path / "kept").iterdir()} == written


def test_what_it_does_not_take_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In a sentence, before anything is made."""
    with pytest.raises(SystemExit, match="2"):
        versions.main(["0.105"])
    first, *_ = capsys.readouterr().err.splitlines()
    assert first == "Unrecognized arguments: 0.105."
