"""Find the stages, as files; run one alone with uvicorn.

python -m course.stage 3 --reload
"""

import ast
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from course import ports

ROOT = Path(__file__).resolve().parents[1]
FILE = re.compile(r"s(?P<number>\d\d)_(?P<name>\w+)\.py")


@dataclass(frozen=True)
class Stage:
    """A stage of the course, known by its file: nothing is imported here."""

    number: int
    module: str  # as uvicorn takes it: stages.s01_background_tasks
    title: str  # its docstring's first line without "Stage 1: "
    path: Path

    @property
    def source(self) -> str:
        """The whole text of the file."""
        return self.path.read_text("utf-8")


def find_stages(folder: Path = ROOT / "stages") -> list[Stage]:
    """Return the stages of a folder in their order."""
    found = []
    for path in sorted(folder.glob("s[0-9][0-9]_*.py")):
        if match := FILE.fullmatch(path.name):
            docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))
            first = (docstring or path.stem).splitlines()[0]
            title = re.sub(r"^Stage \d+: ", "", first).rstrip(".")
            title = title[:1].upper() + title[1:]
            module = f"{folder.name}.{path.stem}"
            found.append(Stage(int(match["number"]), module, title, path))
    return found


def choose(arguments: list[str], stages: list[Stage]) -> Stage:
    """Return the stage that is asked for, or exit with those there are."""
    by_number = {str(stage.number): stage for stage in stages}
    wanted = arguments[0].lstrip("0") if arguments else ""
    if wanted in by_number:
        return by_number[wanted]
    asked = f"There is no stage {arguments[0]!r}." if arguments else "Which?"
    lines = [f"  {stage.number}  {stage.title}" for stage in stages]
    example = "python3 start.py -s stage -- 3"
    sys.exit("\n".join([f"{asked} These are there:", *lines, "", example]))


def choose_port(options: list[str]) -> list[str]:
    """Return uvicorn's options with a port that is free, 8000 if it is."""
    if {"--uds", "--fd"} & {option.split("=")[0] for option in options}:
        return options
    named = re.search(r"(?:^| )--port[ =](\d+)", " ".join(options))
    try:
        found = (
            ports.listen(int(named[1])) if named else ports.listen_near(8000)
        )
    except OSError as error:
        sys.exit(
            f"Port {named and named[1]} cannot be used ({error.strerror}):"
            " name another, or leave --port out and a free one is chosen."
        )
    number = ports.number_of(found)
    found.close()
    return options if named else [*options, "--port", str(number)]


def main() -> None:
    """Run the stage named by the first argument; the rest is uvicorn's."""
    arguments = sys.argv[1:]
    if set(arguments) & {"-h", "--help"} or not arguments:
        print(__doc__)
    stage = choose(arguments, find_stages())
    options = choose_port(arguments[1:])
    import uvicorn  # noqa: PLC0415 (a wrong number is told at once)

    print(f"Stage {stage.number}: {stage.title}.")
    if "smtplib" in stage.source and not os.environ.get("SMTP_SERVER"):
        print("Its e-mail goes to the mailbox; in a second terminal:")
        print("python3 start.py -s mailbox")
    sys.stdout.flush()
    target = f"{stage.module}:app"
    uvicorn.main([target, *options], prog_name="uvicorn")


if __name__ == "__main__":
    main()
