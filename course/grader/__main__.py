"""python -m course.grader."""

from course.grader.cli import run

if __name__ == "__main__":
    run()
