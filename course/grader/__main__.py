"""python -m course.grader."""

from course.grader.command_line import main, run

if __name__ == "__main__":
    run(main)
