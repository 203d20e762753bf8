"""A stub can be had again after it was edited: the copies are its copies."""

from course.grader.desk.place import Desk


def test_the_copies_of_the_stubs_are_the_stubs() -> None:
    """`python -m course.grader.desk.originals` writes them anew."""
    desk = Desk()
    suites = desk.suites()
    for suite in suites:
        assert desk.original(suite) == suite.answer.read_bytes(), suite.name
    copies = {file.stem for file in desk.originals.glob("*.txt")}
    assert copies == {suite.name for suite in suites}
