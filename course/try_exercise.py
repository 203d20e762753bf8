"""Run your exercise, to try it in the browser.

Open /docs at the address that uvicorn prints. The application starts again
when you save the file. What follows the number is passed to uvicorn. An
exercise without an application (7) is run by pytest instead.
"""

import re
import subprocess
import sys

import uvicorn

from course.grader.exercises import Course, UsageError
from course.stage import choose_port
from course.typed import command

APP = re.compile(rb"^app\b", re.MULTILINE)


def main() -> None:
    """Run the exercise that the first argument names."""
    words = sys.argv[1:]
    if not words or words[0] in {"-h", "--help"}:
        print(f"usage: {command('try', 'NUMBER')}\n\n{__doc__}")
        return
    course = Course()
    try:
        suite = course.suite(words[0])
        text = suite.answer.read_bytes()
    except (UsageError, OSError) as error:
        sys.exit(str(error))
    if not APP.search(text):
        pytest = [
            sys.executable,
            "-m",
            "pytest",
            str(suite.answer),
            *words[1:],
        ]
        sys.exit(subprocess.call(pytest, cwd=course.root))
    folder = str(course.exercises)
    options = ["--reload", "--reload-dir", folder, *choose_port(words[1:])]
    uvicorn.main([f"exercises.{suite.name}:app", *options], "uvicorn")


if __name__ == "__main__":
    main()
