"""The stubs as they were, and the hints in them.

`exercises/` is the learner's to edit, and neither git nor a network need be
there; so a copy of each stub lies in course/grader/stubs. The job `prove`
compares them with exercises/, and

    python -m course.grader.desk.originals

copies them anew, for whoever changes a stub.
"""

import ast
import re
import textwrap

from course.grader.desk.place import Desk

SECTION = re.compile(r"^Hints\n((?: +.*\n|\n)+)", re.MULTILINE)


def hints(stub: bytes) -> list[str]:
    """Return the numbered texts under "Hints" in a stub's docstring."""
    text = ast.get_docstring(ast.parse(stub)) or ""
    section = SECTION.search(text + "\n")
    if section is None:
        return []
    lines = textwrap.dedent(section[1])
    found = re.split(r"^\d\. ", lines, flags=re.MULTILINE)[1:]
    margin = re.compile("^ {1,3}", re.MULTILINE)  # below the text's beginning
    return [margin.sub("", each.rstrip()) for each in found]


def copy(desk: Desk) -> list[str]:
    """Copy what is in exercises/; return which differ by that."""
    changed = []
    desk.originals.mkdir(exist_ok=True)
    wanted = {}
    for suite in desk.suites():
        wanted[desk.originals / f"{suite.name}.txt"] = suite.answer
    for old in desk.originals.glob("*.txt"):
        if old not in wanted:
            old.unlink()
            changed.append(old.stem)
    for file, answer in wanted.items():
        stub = answer.read_bytes()
        if b"TODO" not in stub:
            raise SystemExit(f"{answer} has no TODO: is it a stub?")
        if not file.exists() or file.read_bytes() != stub:
            file.write_bytes(stub)
            changed.append(file.stem)
    return changed


if __name__ == "__main__":
    print("\n".join(copy(Desk())) or "All copies were as they should be.")
