"""Show a class a wrong answer, and the report that its author would read.

python -m tests.checks.show ex05/requests_session
python -m tests.checks.show ex05/requests_session --code   the answer, whole
"""

import argparse
import sys
import tempfile
from pathlib import Path

from course.grader import command_line
from tests.checks.bank import Answer, answers


def wanted(name: str) -> Answer:
    """Find a wrong answer by exercise and name."""
    found = {
        f"{answer.suite.name[:4]}/{answer.path.stem}": answer
        for answer in answers("wrong")
    }
    if name not in found:
        exercise = name.partition("/")[0]
        near = [each for each in found if each.startswith(f"{exercise}/")]
        sys.exit(f"No wrong answer {name}: {', '.join(near or found)}")
    return found[name]


def main() -> int:
    """Show one; the exit code is the grader's."""
    parser = argparse.ArgumentParser("python -m tests.checks.show")
    parser.add_argument("answer", help="ex05/requests_session")
    parser.add_argument("--code", action="store_true", help="show its code")
    given = parser.parse_args()
    answer = wanted(given.answer)
    if given.code:
        print(answer.text)
        return 0
    print(f"{answer.mistake}\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, answer.suite.answer.name).write_text(answer.text, "utf-8")
        return command_line.main([answer.suite.number, f"--target={folder}"])


if __name__ == "__main__":
    sys.exit(main())
