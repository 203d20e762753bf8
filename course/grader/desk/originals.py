"""The stubs as they were.

`exercises/` is the learner's to edit, and neither git nor a network need be
there; so a copy of each stub lies in course/grader/stubs. The job `prove`
compares them with exercises/, and

    python -m course.grader.desk.originals

copies them anew, for whoever changes a stub.
"""

from course.grader.desk.place import Desk


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
