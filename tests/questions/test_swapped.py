"""Each test of a right way fails when it is given the wrong one."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(Path(__file__).parent.glob("test_q[0-9][0-9].py"))


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Run all tests of right ways with the wrong ones, in one process."""
    report = tmp_path_factory.mktemp("swapped") / "report.xml"
    command = [
        *("-m", "pytest", "--swapped", "-k", "right"),
        *("-W", "ignore"),  # what fails shall fail for one reason only
        *("-o", "junit_family=xunit1", f"--junitxml={report}"),
    ]
    done = subprocess.run(
        [sys.executable, *command, f"--confcutdir={FILES[0].parent}", *FILES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, set[str]] = defaultdict(set)
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 (our own)
        name = str(case.get("classname")).rpartition(".")[2]
        found[name] |= {each.tag for each in case} or {"passed"}
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_wrong_way_is_not_taken_for_the_right_one(
    path: Path, outcomes: dict[str, set[str]]
) -> None:
    """At least one test of the file fails; all else would prove nothing."""
    outcome = outcomes[path.stem]
    if outcome == {"skipped"}:
        pytest.skip("not available in this environment")
    if getattr(import_module(f"tests.questions.{path.stem}"), "MENDED", False):
        pytest.skip("on this version the wrong way does what the right does")
    assert "failure" in outcome
