"""The same result as JUnit XML, which most build servers read."""

from xml.etree import ElementTree as ET

from course.grader.result import Check, Exercise, Grade


def junit(grade: Grade) -> str:
    """Write a suite for each exercise and a case for each check."""
    root = ET.Element("testsuites")
    for exercise in grade.exercises:
        suite = ET.SubElement(root, "testsuite", _counts(exercise))
        for check in exercise.checks:
            case = ET.SubElement(
                suite, "testcase", classname=exercise.name, name=check.name
            )
            _add_outcome(case, check)
    ET.indent(root)
    return ET.tostring(root, "unicode", xml_declaration=True) + "\n"


def _counts(exercise: Exercise) -> dict[str, str]:
    states = [check.state for check in exercise.checks]
    return {
        "name": exercise.name,
        "tests": str(len(states)),
        "failures": str(states.count("wrong")),
        "errors": str(states.count("not run")),
        "skipped": str(states.count("waiting")),
        "time": f"{exercise.seconds:.3f}",
    }


def _add_outcome(case: ET.Element, check: Check) -> None:
    tags = {"wrong": "failure", "not run": "error", "waiting": "skipped"}
    if check.state not in tags:
        return
    said = check.message or check.got or check.state
    element = ET.SubElement(case, tags[check.state], message=_legal(said))
    element.text = _legal(check.traceback)
    if check.printed:
        ET.SubElement(case, "system-out").text = _legal(check.printed)


def _legal(text: str) -> str:
    """Leave out what XML 1.0 cannot hold."""
    return "".join(
        each
        for each in text
        if each in "\t\n" or each.isprintable() or each == " "
    )
